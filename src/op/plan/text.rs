//! A plan as people read it: the same lines in the console and on the command line.

use super::{Bounds, Check, CheckState, Cost, Goal, Plan, Risk};
use serde::Serialize;

/// What a line of a plan is, for its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A heading.
    Heading,
    /// Ordinary text.
    Text,
    /// Something that comes to be.
    Added,
    /// Something that goes away.
    Removed,
    /// Something that changes.
    Changed,
    /// Something that is as it should be.
    Good,
    /// Something to be known.
    Warning,
    /// Something that forbids it, or that cannot be undone.
    Bad,
    /// A command to copy.
    Command,
}

/// USD a month, as on a bill.
#[must_use]
pub fn usd(amount: f64) -> String {
    // What rounds to nothing has no sign.
    let sign = if amount <= -0.005 { "-" } else { "" };
    format!("{sign}${:.2}", amount.abs())
}

impl Cost {
    /// In a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Unchanged => "nothing changes".to_owned(),
            Self::Delta {
                before,
                after,
                basis,
            } => {
                let delta = after - before;
                let sign = if delta < 0.0 { "" } else { "+" };
                format!(
                    "{} a month → {} a month ({sign}{}): {basis}",
                    usd(*before),
                    usd(*after),
                    usd(delta)
                )
            }
            Self::Between {
                before,
                after,
                basis,
            } => {
                let span = |bounds: &Bounds| {
                    let (floor, ceiling) = (usd(bounds.floor), usd(bounds.ceiling));
                    if floor == ceiling {
                        floor
                    } else {
                        format!("{floor} to {ceiling}")
                    }
                };
                let (before, after) = (span(before), span(after));
                if before == after {
                    format!("{before} a month, as before: {basis}")
                } else {
                    format!("{before} a month → {after} a month: {basis}")
                }
            }
            Self::Once {
                usd: Some(amount),
                basis,
            } => format!("{}: {basis}", usd(*amount)),
            Self::Once { usd: None, basis } => basis.clone(),
            Self::Unknown { why } => format!("not known: {why}"),
        }
    }
}

impl Plan {
    /// The plan in lines, with a heading above each part.
    #[must_use]
    pub fn lines(&self) -> Vec<(Mark, String)> {
        let mut lines = Vec::new();
        lines.extend(part("Changes", self.changed()));
        lines.extend(part(
            "Stays",
            self.stays.iter().map(|s| (Mark::Text, s.clone())).collect(),
        ));
        lines.extend(part("Checks", self.checks.iter().map(checked).collect()));
        if self.is_empty() {
            return lines;
        }
        let stages = self.stages.iter().enumerate().map(|(place, stage)| {
            let number = place + 1;
            (
                Mark::Text,
                format!("{number} {:5}  {}", stage.word(), stage.says()),
            )
        });
        lines.extend(part("On this machine", stages.collect()));
        if let Some(first) = &self.first {
            lines.extend(part("Before it", vec![(Mark::Text, offered(first))]));
        }
        lines.extend(part("Cost", vec![(Mark::Text, self.cost.words())]));
        lines.extend(part("Risk", vec![self.risked()]));
        if !self.undo.text().is_empty() {
            let mark = match self.undo {
                super::Undo::Impossible(_) => Mark::Bad,
                super::Undo::By(..) | super::Undo::Needless(_) => Mark::Text,
            };
            lines.extend(part("Undo", vec![(mark, self.undo.text().to_owned())]));
        }
        let deadline = crate::format::duration(self.deadline.as_secs());
        let takes = match self.goal {
            Goal::Session { .. } => {
                format!("until it is left; AWS ends it after {deadline} without a word")
            }
            Goal::Here { .. } => self.usual(),
            _ => format!("{}; given up after {deadline}", self.usual()),
        };
        lines.extend(part("Takes", vec![(Mark::Text, takes)]));
        let commands = self.commands().into_iter().map(|c| (Mark::Command, c));
        let copies = |stage: &super::Stage| matches!(stage, super::Stage::Copy { .. });
        let with = match (self.stages.is_empty(), self.calls.is_empty()) {
            (false, _) if self.stages.iter().any(copies) => match self.stages.len() {
                1 => "The same with skopeo",
                _ => "The same with the AWS CLI and skopeo",
            },
            (true, _) => "The same with the AWS CLI",
            (false, true) => "The same with docker",
            (false, false) => "The same with docker and the AWS CLI",
        };
        lines.extend(part(with, commands.collect()));
        lines
    }

    /// The equivalent `docker` and `aws` commands, quoted for a shell.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let stages = self.stages.iter().filter_map(super::Stage::command);
        let calls = self.calls.iter().map(crate::cloud::Call::shell);
        stages.chain(calls).collect()
    }

    fn changed(&self) -> Vec<(Mark, String)> {
        if self.changes.is_empty() {
            return vec![(Mark::Text, "nothing: it is so already".to_owned())];
        }
        let field = self.changes.iter().map(|c| c.field.chars().count()).max();
        let field = field.unwrap_or(0);
        self.changes
            .iter()
            .map(|change| {
                let name = &change.field;
                match (&change.before, &change.after) {
                    (Some(before), Some(after)) => (
                        Mark::Changed,
                        format!("~ {name:field$}  {before} → {after}"),
                    ),
                    (Some(before), None) => (Mark::Removed, format!("- {name:field$}  {before}")),
                    (None, after) => {
                        let after = after.as_deref().unwrap_or_default();
                        (Mark::Added, format!("+ {name:field$}  {after}"))
                    }
                }
            })
            .collect()
    }

    fn risked(&self) -> (Mark, String) {
        let mark = match self.risk {
            Risk::Safe => Mark::Good,
            Risk::Disruptive => Mark::Warning,
            Risk::Destructive => Mark::Bad,
        };
        let word = self.risk.word();
        if self.risk_reason.is_empty() {
            return (mark, word.to_owned());
        }
        (mark, format!("{word}: {}", self.risk_reason))
    }
}

/// How what is offered in front of a plan is begun.
fn offered(first: &super::Request) -> String {
    match first {
        super::Request::Snapshot(_) => {
            "a snapshot of the database can be taken: `hydren db snapshot`, in the console ctrl-s"
                .to_owned()
        }
        other => format!("{} can be done", other.name()),
    }
}

fn part(title: &str, lines: Vec<(Mark, String)>) -> Vec<(Mark, String)> {
    if lines.is_empty() {
        return Vec::new();
    }
    let heading = (Mark::Heading, title.to_owned());
    std::iter::once(heading).chain(lines).collect()
}

fn checked(check: &Check) -> (Mark, String) {
    let (mark, glyph) = match check.state {
        CheckState::Passed => (Mark::Good, "✓"),
        CheckState::Warned => (Mark::Warning, "▲"),
        CheckState::Failed => (Mark::Bad, "✗"),
    };
    (mark, format!("{glyph} {}: {}", check.what, check.found))
}

/// A plan as data: `hydren … --dry-run --output json`.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    title: &'a str,
    target: &'a str,
    request: &'a super::Request,
    made_at: jiff::Timestamp,
    changes: &'a [super::Change],
    stays: &'a [String],
    checks: &'a [Check],
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<&'a super::Request>,
    cost: &'a Cost,
    risk: Risk,
    risk_reason: &'a str,
    undo: &'a super::Undo,
    usually_seconds: (i64, i64),
    deadline_seconds: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stages: &'a [super::Stage],
    calls: Vec<Called<'a>>,
    goal: &'a super::Goal,
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    action: &'a str,
    resource: &'a str,
    #[serde(flatten)]
    call: &'a crate::cloud::Call,
    aws_command: String,
}

impl<'a> From<&'a Plan> for Document<'a> {
    fn from(plan: &'a Plan) -> Self {
        let (from, to) = plan.takes;
        Self {
            title: &plan.title,
            target: &plan.target,
            request: &plan.request,
            made_at: plan.made_at,
            changes: &plan.changes,
            stays: &plan.stays,
            checks: &plan.checks,
            first: plan.first.as_deref(),
            cost: &plan.cost,
            risk: plan.risk,
            risk_reason: &plan.risk_reason,
            undo: &plan.undo,
            usually_seconds: (from.as_secs(), to.as_secs()),
            deadline_seconds: plan.deadline.as_secs(),
            stages: &plan.stages,
            calls: plan
                .calls
                .iter()
                .map(|call| Called {
                    action: call.action(),
                    resource: call.resource(),
                    call,
                    aws_command: call.shell(),
                })
                .collect(),
            goal: &plan.goal,
        }
    }
}
