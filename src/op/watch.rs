//! An operation under way: which calls were made, where its goal stands, and how it ended.

use super::{
    Goal, LastWords, Plan, Request, Staged, Standing, Step, StepState, Told, Undo, Verdict,
    stage::Failure,
};
use crate::{
    cloud::{Call, session::Session},
    error::{Error, ErrorKind, Result},
    format,
    model::log::LogEvent,
    observe::Observations,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::sync::Arc;

/// How long something that was found under way is watched.
const FOUND: SignedDuration = SignedDuration::from_hours(6);

/// Where a call stands.
#[derive(Debug, Clone)]
pub enum CallState {
    /// Not made yet.
    Waiting,
    /// On its way since.
    Made(Timestamp),
    /// Accepted, when and in what words.
    Accepted(Timestamp, String),
    /// Not accepted.
    Refused(Timestamp, Error),
}

/// How an operation ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The goal was reached.
    Done(String),
    /// What was done has been undone.
    RolledBack(Vec<String>),
    /// The goal was not reached in time, or will not be.
    NotReached(Vec<String>),
    /// A call was not accepted: what was done before stands.
    Failed(Error),
}

impl Outcome {
    /// The exit code that tells it.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Done(_) => 0,
            Self::RolledBack(_) | Self::NotReached(_) => 4,
            Self::Failed(error) => error.kind.exit_code(),
        }
    }

    /// In a word or two.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::RolledBack(_) => "rolled back",
            Self::NotReached(_) => "not reached",
            Self::Failed(_) => "failed",
        }
    }

    /// What is to be said, the most important first.
    #[must_use]
    pub fn says(&self) -> Vec<String> {
        match self {
            Self::Done(what) => vec![what.clone()],
            Self::RolledBack(why) | Self::NotReached(why) => why.clone(),
            Self::Failed(error) => {
                let hint = error.hint.iter().map(|hint| format!("→ {hint}"));
                std::iter::once(error.message.clone()).chain(hint).collect()
            }
        }
    }
}

/// A step and when it came to where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timed {
    /// The step.
    #[serde(flatten)]
    pub step: Step,
    /// Since when it stands there.
    pub since: Timestamp,
}

/// An operation under way.
#[derive(Debug, Clone)]
pub struct Watch {
    /// One line.
    pub title: String,
    /// What is done; `None` for an operation that was found under way.
    pub plan: Option<Arc<Plan>>,
    /// What is to come of it.
    pub goal: Goal,
    /// Stages in their order.
    pub stages: Vec<Staged>,
    /// Calls in their order.
    pub calls: Vec<CallState>,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last call was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it is given up.
    pub deadline: Option<Timestamp>,
    /// Steps to the goal.
    pub steps: Vec<Timed>,
    /// What speaks for giving up, as long as it does.
    pub failing: Vec<String>,
    /// What helps then.
    pub remedy: Option<Request>,
    /// That it waits for somebody, and what lets it go on.
    pub paused: Option<(String, Request)>,
    /// The task whose last lines were asked for.
    heard_of: Option<String>,
    /// What it said at last.
    last_words: Vec<String>,
    /// The session that was opened, until somebody attends it.
    pub session: Option<Session>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Watch {
    /// Begins to watch a plan that is carried out from `now` on.
    #[must_use]
    pub fn new(plan: Arc<Plan>, now: Timestamp) -> Self {
        let watch = Self::found(plan.title.clone(), plan.goal.clone(), now);
        Self {
            accepted_at: None,
            stages: plan.stages.iter().map(Staged::new).collect(),
            calls: vec![CallState::Waiting; plan.calls.len()],
            plan: Some(plan),
            ..watch
        }
    }

    /// Goes on watching something that is under way since `started_at`: begun before the console was, or by somebody else.
    #[must_use]
    pub fn found(title: impl Into<String>, goal: Goal, started_at: Timestamp) -> Self {
        Self {
            title: title.into(),
            plan: None,
            goal,
            stages: Vec::new(),
            calls: Vec::new(),
            started_at,
            accepted_at: Some(started_at),
            deadline: None,
            steps: Vec::new(),
            failing: Vec::new(),
            remedy: None,
            paused: None,
            heard_of: None,
            last_words: Vec::new(),
            session: None,
            outcome: None,
            ended_at: None,
        }
    }

    /// What leads out of it: what helps while it is failing, else what undoes it. What was rolled back needs neither, and what was not
    /// called changed nothing.
    #[must_use]
    pub fn way_back(&self) -> Option<&Request> {
        let accepted = |call: &CallState| matches!(call, CallState::Accepted(..));
        let stands = self.calls.iter().any(accepted)
            && !matches!(self.outcome, Some(Outcome::RolledBack(_)));
        let undo = || match &self.plan.as_ref()?.undo {
            Undo::By(request, _) if stands => Some(&**request),
            _ => None,
        };
        self.remedy.as_ref().or_else(undo)
    }

    /// Whether calls are still being made: the console must not leave now.
    #[must_use]
    pub const fn is_calling(&self) -> bool {
        self.accepted_at.is_none() && self.outcome.is_none()
    }

    /// The stage that is under way: it can be cancelled.
    #[must_use]
    pub fn stage(&self) -> Option<&Staged> {
        let active = |staged: &&Staged| staged.state == StepState::Active;
        self.stages.iter().find(active)
    }

    /// A stage has failed: what was done before it stays.
    fn fallen(&mut self, index: usize, failure: Failure, now: Timestamp) {
        let (outcome, says) = match failure {
            Failure::Error(error) => {
                let says = error.message.lines().next().unwrap_or_default().to_owned();
                (Outcome::Failed(error), says)
            }
            Failure::Unfit(says) => {
                let first = says.first().cloned().unwrap_or_default();
                let request = self.plan.as_ref().map(|plan| &plan.request);
                self.remedy = request.and_then(Request::insisted);
                (Outcome::NotReached(says), first)
            }
        };
        if let Some(staged) = self.stages.get_mut(index) {
            staged.end(StepState::Failed, says.into(), now);
        }
        self.end(outcome, now);
    }

    /// Takes what carrying out the plan tells.
    pub fn told(&mut self, told: Told, now: Timestamp) {
        match told {
            Told::Begun(index) => {
                if let Some(staged) = self.stages.get_mut(index) {
                    staged.begin(now);
                }
            }
            Told::Going(index, event) => {
                if let Some(staged) = self.stages.get_mut(index) {
                    staged.apply(event);
                }
            }
            Told::Ended(index, finished) => {
                if let Some(staged) = self.stages.get_mut(index) {
                    staged.end(StepState::Done, finished, now);
                }
            }
            Told::Fallen(index, failure) => self.fallen(index, failure, now),
            Told::Made(index) => self.set(index, CallState::Made(now)),
            Told::Accepted(index, outcome) => {
                self.goal.learn(&outcome);
                self.session = outcome.session;
                self.set(index, CallState::Accepted(now, outcome.summary));
            }
            Told::Refused(index, error) => {
                self.set(index, CallState::Refused(now, error.clone()));
                self.end(Outcome::Failed(self.halfway(index, error)), now);
            }
            Told::Stopped(error) => self.end(Outcome::Failed(error), now),
            Told::AllAccepted => {
                self.accepted_at = Some(now);
                let span = self.plan.as_ref().map(|plan| plan.deadline);
                self.deadline = span.map(|span| now + span);
                if matches!(self.goal, Goal::Answered { .. } | Goal::Here { .. }) {
                    self.end(Outcome::Done(self.accepted().join(", ")), now);
                }
            }
        }
    }

    fn set(&mut self, index: usize, state: CallState) {
        if let Some(call) = self.calls.get_mut(index) {
            *call = state;
        }
    }

    /// Says beside `error` what was done before the call that was refused, and what was not done.
    fn halfway(&self, index: usize, error: Error) -> Error {
        let done = self.accepted();
        let Some(plan) = self.plan.as_ref().filter(|_| !done.is_empty()) else {
            return error;
        };
        let left: Vec<&str> = plan.calls[index..].iter().map(Call::action).collect();
        let hint = error
            .hint
            .clone()
            .map_or_else(String::new, |h| format!("{h}; "));
        Error::new(
            error.kind.clone(),
            format!(
                "{} · done before: {} · not done: {}",
                error.message,
                done.join(", "),
                left.join(", ")
            ),
        )
        .hint(format!(
            "{hint}plan it again: it begins from what is there now"
        ))
        .source(error)
    }

    fn end(&mut self, mut outcome: Outcome, now: Timestamp) {
        if let Outcome::RolledBack(why) | Outcome::NotReached(why) = &mut outcome {
            let unsaid = !why.iter().any(|line| self.last_words.contains(line));
            why.extend(self.last_words.iter().filter(|_| unsaid).cloned());
        }
        self.outcome = Some(outcome);
        self.paused = None;
        self.ended_at = Some(now);
    }

    /// Tests the goal against what was observed. What failed once can still be reached; what ended has ended.
    pub fn observe(&mut self, seen: &Observations, now: Timestamp) {
        let (Some(since), None) = (self.accepted_at, &self.outcome) else {
            return;
        };
        if self.goal.tiers().is_empty() {
            // It ends when whoever attends it says so.
            return;
        }
        if let Some(Standing { steps, verdict }) = self.goal.judge(seen, since, now) {
            self.take_steps(steps, now);
            self.failing.clear();
            self.paused = None;
            self.remedy = None;
            match verdict {
                Verdict::Watching => {}
                Verdict::Paused { why, next, back } => {
                    self.paused = Some((why, *next));
                    self.remedy = Some(*back);
                }
                Verdict::Reached(what) => return self.end(Outcome::Done(what), now),
                Verdict::RolledBack(why) => return self.end(Outcome::RolledBack(why), now),
                Verdict::Failing { why, remedy } => {
                    self.failing = why;
                    self.failing.extend(self.last_words.iter().cloned());
                    self.remedy = remedy.map(|request| *request);
                }
            }
        }
        // What was found under way tells no deadline of its own, and may never end.
        let deadline = *self.deadline.get_or_insert(now + FOUND);
        if now >= deadline {
            let span = format::duration(now.as_second() - since.as_second());
            let mut why = std::mem::take(&mut self.failing);
            let open = self.steps.iter().find(|t| t.step.state != StepState::Done);
            why.push(match open {
                Some(open) => format!("after {span} still not: {}", open.step.label),
                None => format!("after {span} nothing could be read"),
            });
            why.extend(self.unseen(seen).map(|error| error.message.clone()));
            self.end(Outcome::NotReached(why), now);
        }
    }

    /// Why what the goal is about cannot be read now.
    fn unseen<'s>(&self, seen: &'s Observations) -> Option<&'s Error> {
        seen.tier(*self.goal.tiers().first()?).error.as_ref()
    }

    /// Ends it where it cannot be seen any more: waiting does not bring credentials or permissions back.
    pub fn lose_sight(&mut self, seen: &Observations, now: Timestamp) {
        let lost = self.unseen(seen).filter(|error| {
            matches!(
                error.kind,
                ErrorKind::Denied { .. } | ErrorKind::Expired | ErrorKind::NoCredentials
            )
        });
        if let (Some(error), None) = (lost, &self.outcome) {
            let error = Error::new(
                error.kind.clone(),
                format!("it goes on, but cannot be watched: {}", error.message),
            )
            .hint("`hydren status` says how it is, once that is mended");
            self.end(Outcome::Failed(error), now);
        }
    }

    /// Whose last lines have to be read: of one task, the first that stopped by itself, and once.
    pub fn wants(&mut self, seen: &Observations) -> Option<LastWords> {
        if self.heard_of.is_some() {
            return None;
        }
        let words = self.goal.last_words(seen, self.accepted_at?)?;
        self.heard_of = Some(words.task.clone());
        Some(words)
    }

    /// Takes the lines that were wanted, if it was here: reasons are shown with them from now on.
    pub fn heard(&mut self, words: &LastWords, read: &Result<Vec<LogEvent>>) {
        if self.heard_of.as_ref() != Some(&words.task) {
            return;
        }
        self.last_words = words.told(read);
        if !self.failing.is_empty() {
            self.failing.extend(self.last_words.iter().cloned());
        }
        if let Some(Outcome::RolledBack(why) | Outcome::NotReached(why)) = &mut self.outcome {
            why.extend(self.last_words.iter().cloned());
        }
    }

    /// Ends it here: the calls were accepted, and nobody waits for the goal.
    pub fn accept(&mut self, now: Timestamp) {
        if self.outcome.is_none() && self.accepted_at.is_some() {
            let said = self.accepted().join(", ");
            self.end(
                Outcome::Done(format!("accepted, not waited for: {said}")),
                now,
            );
        }
    }

    /// What came of the stages, and what AWS answered to the calls that it accepted.
    fn accepted(&self) -> Vec<&str> {
        let stages = self.stages.iter().map(|staged| staged.says.as_str());
        let said = self.calls.iter().filter_map(|call| match call {
            CallState::Accepted(_, what) => Some(what.as_str()),
            _ => None,
        });
        stages.chain(said).collect()
    }

    /// What is said before its session has the terminal: what it is, and how it is left.
    #[must_use]
    pub fn way_out(&self) -> String {
        let way_out = self.plan.as_ref().map(|plan| plan.way_out());
        format!("{}\n", crate::text::neutral(&way_out.unwrap_or_default()))
    }

    /// Takes how a session ended.
    pub fn left(&mut self, ended: Result<String>, now: Timestamp) {
        let outcome = ended.map_or_else(Outcome::Failed, Outcome::Done);
        self.end(outcome, now);
    }

    /// Stops waiting for a goal that is failing.
    pub fn give_up(&mut self, now: Timestamp) {
        if self.outcome.is_none() && !self.failing.is_empty() {
            let why = std::mem::take(&mut self.failing);
            self.end(Outcome::NotReached(why), now);
        }
    }

    fn take_steps(&mut self, steps: Vec<Step>, now: Timestamp) {
        let old = std::mem::take(&mut self.steps);
        self.steps = steps
            .into_iter()
            .enumerate()
            .map(|(i, step)| {
                let same = old.get(i).filter(|t| t.step.state == step.state);
                Timed {
                    since: same.map_or(now, |t| t.since),
                    step,
                }
            })
            .collect();
    }
}

/// The error of a plan that is no longer what would be done.
#[must_use]
pub fn outdated(plan: &Plan, differences: &[String]) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "{} was changed since the plan was made: {}",
            plan.target,
            differences.join("; ")
        ),
    )
}
