//! What would be done, said before it is done.

mod text;

pub use text::{Document, Mark, usd};

use super::{Desk, Goal, Request, Stage};
use crate::{
    cloud::Call,
    cost::{Book, Inventory, TaskSize, Tasks, monthly},
    model::{compute::Service, environment},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// A field that changes. Values are shown to people and written into the audit log, so that none is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What: `desired count`, `backend · image`.
    pub field: String,
    /// Value now; `None` where there is none yet.
    pub before: Option<String>,
    /// Value then; `None` where it goes away.
    pub after: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// As it should be.
    Passed,
    /// Could not be found out, or is to be known: the plan can be carried out.
    Warned,
    /// The plan cannot be carried out.
    Failed,
}

/// Something that was looked at before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: `no deployment in progress`.
    pub what: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found, and what to do about it.
    pub found: String,
}

/// What a plan does to the bill, in USD a month of 730 hours at list price.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Nothing that is billed changes.
    Unchanged,
    /// What is affected costs this much.
    Delta {
        /// Now.
        before: f64,
        /// Then.
        after: f64,
        /// What it is made of: `3 × 0.5 vCPU, 1 GB, Linux x86 in us-east-1`.
        basis: String,
    },
    /// Lies between a floor and a ceiling, and autoscaling decides where.
    Between {
        /// Now.
        before: Bounds,
        /// Then.
        after: Bounds,
        /// What it is made of.
        basis: String,
    },
    /// Is billed once, or by use.
    Once {
        /// USD, where it can be said.
        usd: Option<f64>,
        /// What it is made of.
        basis: String,
    },
    /// Cannot be said.
    Unknown {
        /// Why: no price of this region, ...
        why: String,
    },
}

/// The least and the most that something costs, in USD a month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// Least.
    pub floor: f64,
    /// Most.
    pub ceiling: f64,
}

impl Cost {
    /// Of what is affected becoming something else: both are priced as every estimate is.
    #[must_use]
    pub fn between(book: &Book, before: &Inventory, after: &Inventory, basis: String) -> Self {
        match (monthly(book, before), monthly(book, after)) {
            (Ok(before), Ok(after)) if (before - after).abs() < f64::EPSILON => Self::Unchanged,
            (Ok(before), Ok(after)) => Self::Delta {
                before,
                after,
                basis,
            },
            (Err(why), _) | (_, Err(why)) => Self::Unknown { why },
        }
    }

    /// Of running `after` tasks of a service instead of `before`.
    #[must_use]
    pub fn of_tasks(desk: &Desk<'_>, service: &Service, before: i32, after: i32) -> Self {
        match Running::of(desk, service) {
            Ok(running) => {
                let (now, then) = (running.many(before), running.many(after));
                Self::between(desk.book(), &now, &then, running.words())
            }
            Err(why) => Self::Unknown { why },
        }
    }

    /// Of letting a service run between two numbers of tasks instead of two others.
    #[must_use]
    pub fn of_limits(
        desk: &Desk<'_>,
        service: &Service,
        before: (i32, i32),
        after: (i32, i32),
    ) -> Self {
        let book = desk.book();
        let all = Running::of(desk, service).and_then(|running| {
            let bounds = |(least, most)| {
                Ok::<_, String>(Bounds {
                    floor: monthly(book, &running.many(least))?,
                    ceiling: monthly(book, &running.many(most))?,
                })
            };
            Ok((bounds(before)?, bounds(after)?, running.words()))
        });
        match all {
            Ok((before, after, basis)) => Self::Between {
                before,
                after,
                basis,
            },
            Err(why) => Self::Unknown { why },
        }
    }

    /// Of giving all tasks of a service another size.
    #[must_use]
    pub fn of_sizes(desk: &Desk<'_>, service: &Service, after: &TaskSize) -> Self {
        let mut running = match Running::of(desk, service) {
            Ok(running) => running,
            Err(why) => return Self::Unknown { why },
        };
        let now = running.many(service.desired);
        let basis = format!(
            "{} of {} instead of {} in {}",
            crate::format::count(service.desired, "task"),
            after.words(),
            running.one.size.words(),
            running.region
        );
        running.one.size = after.clone();
        let then = running.many(service.desired);
        Self::between(desk.book(), &now, &then, basis)
    }
}

/// A service's tasks alone, of which plans run other numbers and sizes.
struct Running {
    one: Tasks,
    region: String,
}

impl Running {
    /// Those of `service`, or why they are not known.
    fn of(desk: &Desk<'_>, service: &Service) -> Result<Self, String> {
        let Some(definition) = &service.task_definition else {
            return Err(format!(
                "the size of {}'s tasks could not be read",
                service.name
            ));
        };
        Ok(Self {
            one: Tasks::of(service, TaskSize::from(definition)),
            region: desk.environment.region.clone(),
        })
    }

    /// So many of them.
    fn many(&self, count: i32) -> Inventory {
        Inventory {
            tasks: vec![Tasks {
                count: f64::from(count),
                ..self.one.clone()
            }],
            ..Inventory::empty(&self.region)
        }
    }

    /// What a price of them is about.
    fn words(&self) -> String {
        format!("tasks of {} in {}", self.one.size.words(), self.region)
    }
}

/// How bad it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nobody notices.
    Safe,
    /// Requests can fail or slow down for a while, or it costs noticeably more.
    Disruptive,
    /// Something is gone that cannot be brought back, or the service is down for certain.
    Destructive,
}

impl Risk {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Disruptive => "disruptive",
            Self::Destructive => "destructive",
        }
    }
}

/// What brings the state before back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Another operation.
    By(Box<Request>, String),
    /// It comes back by itself, or there is nothing to bring back.
    Needless(String),
    /// Nothing does.
    Impossible(String),
}

impl Undo {
    /// Says it in a sentence.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::By(_, text) | Self::Needless(text) | Self::Impossible(text) => text,
        }
    }
}

/// What would be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What was asked for.
    pub request: Request,
    /// One line: `Scale backend to 4 tasks`.
    pub title: String,
    /// The resource that is changed, by the name that has to be typed where the risk asks for it.
    pub target: String,
    /// The stage of the environment that is changed, where that is another one than the plan's.
    pub elsewhere: Option<environment::Stage>,
    /// When it was made.
    pub made_at: Timestamp,
    /// What changes.
    pub changes: Vec<Change>,
    /// What could be expected to change and does not.
    pub stays: Vec<String>,
    /// What the plan rests on: facts of the target as they were read. A plan made again must have the same.
    pub premises: Vec<(String, String)>,
    /// What was looked at before.
    pub checks: Vec<Check>,
    /// What may be wanted before it, and is not part of it: a snapshot.
    pub first: Option<Box<Request>>,
    /// What it does to the bill.
    pub cost: Cost,
    /// How bad it can be.
    pub risk: Risk,
    /// Why that bad.
    pub risk_reason: String,
    /// What brings the state before back.
    pub undo: Undo,
    /// How long it usually takes, from and to.
    pub takes: (SignedDuration, SignedDuration),
    /// When it is given up, counted from the last call.
    pub deadline: SignedDuration,
    /// What is done on this machine before anything is called.
    pub stages: Vec<Stage>,
    /// What is called, in this order; each needs the one before.
    pub calls: Vec<Call>,
    /// What is to come of it.
    pub goal: Goal,
}

impl Plan {
    /// Begins a plan that changes nothing yet: safe, with nothing to undo.
    #[must_use]
    pub fn new(
        request: impl Into<Request>,
        title: impl Into<String>,
        target: impl Into<String>,
        goal: Goal,
        made_at: Timestamp,
    ) -> Self {
        Self {
            request: request.into(),
            title: title.into(),
            target: target.into(),
            elsewhere: None,
            made_at,
            changes: Vec::new(),
            stays: Vec::new(),
            premises: Vec::new(),
            checks: Vec::new(),
            first: None,
            cost: Cost::Unchanged,
            risk: Risk::Safe,
            risk_reason: String::new(),
            undo: Undo::Needless(String::new()),
            takes: (SignedDuration::ZERO, SignedDuration::from_secs(5)),
            deadline: SignedDuration::from_mins(2),
            stages: Vec::new(),
            calls: Vec::new(),
            goal,
        }
    }

    /// Adds a field that changes; one that stays the same is left out.
    #[must_use]
    pub fn change(
        mut self,
        field: impl Into<String>,
        before: impl Display + Copy,
        after: impl Display + Copy,
    ) -> Self {
        let (before, after) = (before.to_string(), after.to_string());
        if before != after {
            self.changes.push(Change {
                field: field.into(),
                before: Some(before),
                after: Some(after),
            });
        }
        self
    }

    /// Adds something that comes to be.
    #[must_use]
    pub fn adds(mut self, field: impl Into<String>, after: impl Into<String>) -> Self {
        self.changes.push(Change {
            field: field.into(),
            before: None,
            after: Some(after.into()),
        });
        self
    }

    /// Adds something that goes away.
    #[must_use]
    pub fn removes(mut self, field: impl Into<String>, before: impl Into<String>) -> Self {
        self.changes.push(Change {
            field: field.into(),
            before: Some(before.into()),
            after: None,
        });
        self
    }

    /// Says what stays.
    #[must_use]
    pub fn stays(mut self, what: impl Into<String>) -> Self {
        self.stays.push(what.into());
        self
    }

    /// Adds a fact that the plan rests on.
    #[must_use]
    pub fn rests_on(mut self, fact: impl Into<String>, value: impl Display + Copy) -> Self {
        self.premises.push((fact.into(), value.to_string()));
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn check(
        mut self,
        what: impl Into<String>,
        state: CheckState,
        found: impl Into<String>,
    ) -> Self {
        self.checks.push(Check {
            what: what.into(),
            state,
            found: found.into(),
        });
        self
    }

    /// Offers an operation in front of it.
    #[must_use]
    pub fn first(mut self, request: impl Into<Request>) -> Self {
        self.first = Some(Box::new(request.into()));
        self
    }

    /// Says what it does to the bill.
    #[must_use]
    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// Says how bad it can be, and why. Of several the worst counts.
    #[must_use]
    pub fn risk(mut self, risk: Risk, reason: impl Into<String>) -> Self {
        if risk >= self.risk {
            self.risk = risk;
            self.risk_reason = reason.into();
        }
        self
    }

    /// Says what brings the state before back.
    #[must_use]
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = undo;
        self
    }

    /// Says how many seconds it usually takes, and when it is given up.
    #[must_use]
    pub const fn takes(mut self, from: i64, to: i64, deadline: i64) -> Self {
        self.takes = (
            SignedDuration::from_secs(from),
            SignedDuration::from_secs(to),
        );
        self.deadline = SignedDuration::from_secs(deadline);
        self
    }

    /// Adds a stage.
    #[must_use]
    pub fn stage(mut self, stage: Stage) -> Self {
        self.stages.push(stage);
        self
    }

    /// Adds a call.
    #[must_use]
    pub fn call(mut self, call: Call) -> Self {
        self.calls.push(call);
        self
    }

    /// The first check that forbids it.
    #[must_use]
    pub fn forbidden(&self) -> Option<&Check> {
        self.checks
            .iter()
            .find(|check| check.state == CheckState::Failed)
    }

    /// Whether there is anything to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.stages.is_empty()
    }

    /// What is said before a session has the terminal: what it is, and how it is left.
    #[must_use]
    pub fn way_out(&self) -> String {
        let how = self.calls.iter().find_map(|call| match call {
            Call::Session(session) => Some(session.way_out()),
            _ => None,
        });
        format!("{}: {}", self.title, how.unwrap_or_default())
    }

    /// What of `fresh`, the same plan made again, is no longer as it was: one sentence each.
    #[must_use]
    pub fn differences(&self, fresh: &Self) -> Vec<String> {
        let mut found = self.overtaken(fresh);
        for (fact, was) in &self.premises {
            if !fresh.premises.iter().any(|(known, _)| known == fact) {
                found.push(format!("{fact} was {was}, is not there any more"));
            }
        }
        if fresh.risk > self.risk {
            let (word, why) = (fresh.risk.word(), &fresh.risk_reason);
            found.push(format!("it is {word} now: {why}"));
        }
        found.extend(fresh.checks.iter().filter_map(|check| {
            let known = self.checks.iter().find(|known| known.what == check.what);
            let was = known.map_or(CheckState::Passed, |known| known.state);
            (check.state > was).then(|| format!("{}: {}", check.what, check.found))
        }));
        if found.is_empty() && (self.changes != fresh.changes || self.calls != fresh.calls) {
            found.push(format!(
                "{} is no longer what the plan was made for",
                self.target
            ));
        }
        found
    }

    /// Which facts that both rest on are no longer as they were.
    #[must_use]
    pub fn overtaken(&self, fresh: &Self) -> Vec<String> {
        let known = |fact: &String| self.premises.iter().find(|(known, _)| known == fact);
        let changed = fresh.premises.iter().filter_map(|(fact, is)| {
            let (_, was) = known(fact)?;
            (was != is).then(|| format!("{fact} was {was}, is {is}"))
        });
        changed.collect()
    }

    /// How long it usually takes, in words.
    #[must_use]
    pub fn usual(&self) -> String {
        let (from, to) = self.takes;
        let words = |span: SignedDuration| crate::format::duration(span.as_secs());
        if from.is_zero() {
            format!("up to {}", words(to))
        } else {
            format!("{} to {}", words(from), words(to))
        }
    }
}
