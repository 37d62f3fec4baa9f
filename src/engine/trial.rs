//! Trying an image on this machine before it is pushed: started as its task would start it, asked for its health path, and removed again.
//!
//! A plan is made without an engine, from what the task definition says and what the component says differently. Values that a task gets
//! from secrets are not fetched: they have to be given for this machine, and those that are missing are named.

use super::{Engine, Trial, TrialOrder, TrialState};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    format,
    logs::secrets::mask,
    model::{component::Component, hidden::Hidden, task_document::Run},
};
use serde::Serialize;
use std::{collections::VecDeque, time::Duration};
use tokio_util::sync::CancellationToken;

/// Lines of a container that are read at once.
const LINES: usize = 200;

/// Lines that say why a container failed.
pub const LAST_LINES: usize = 8;

/// Between two questions.
const PACE: Duration = Duration::from_secs(1);

/// How long a container without a health path has to run to be taken for one that does: most faults of a start show at once.
const STEADY: i64 = 10;

/// How long an image is given to become healthy, unless somebody says otherwise.
pub const TIMEOUT: Duration = Duration::from_mins(1);

/// How long a container that was tried may take to stop: Docker's own default; ECS would wait up to two minutes, which nobody wants here.
const STOP: u64 = 10;

/// What becomes of a container that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Afterwards {
    /// It is stopped and removed.
    #[default]
    Removed,
    /// It goes on, where it is healthy; the next trial of its component removes it.
    Kept,
}

/// A trial as it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialPlan {
    /// What is started.
    pub order: TrialOrder,
    /// Path that answers 200 to 399 when it is healthy; without one it has to go on running.
    pub health: Option<String>,
    /// How long it is given.
    pub timeout: Duration,
    /// What becomes of it.
    pub afterwards: Afterwards,
    /// Variables that its task gets from secrets and nobody has given for this machine.
    pub missing: Vec<String>,
}

impl TrialPlan {
    /// Plans to try `image` as the task would run it. `run` is what the task definition says, `checked` the path that its target group asks
    /// for; the component's own word counts more.
    #[must_use]
    pub fn new(
        component: &Component,
        image: &str,
        run: Option<Run>,
        checked: Option<&str>,
    ) -> Self {
        let run = run.unwrap_or_default();
        let given = &component.environment;
        let missing = run.secrets.iter().filter(|name| !given.contains_key(*name));
        let missing = missing.cloned().collect();
        let mut environment = run.environment;
        let own = given
            .iter()
            .map(|(name, value)| (name.clone(), Hidden::new(value)));
        environment.extend(own);
        let port = component.port.or(run.port);
        let health = component.health.as_deref().or(checked);
        Self {
            order: TrialOrder {
                image: image.to_owned(),
                name: format!("hydren-try-{}", component.name),
                command: some(run.command),
                entry_point: some(run.entry_point),
                environment,
                memory: run.memory_mib.map(|mib| u64::from(mib) << 20),
                cpus: run.cpus,
                port,
                stop_timeout: Duration::from_secs(run.stop_timeout.unwrap_or(STOP).min(STOP)),
            },
            health: health.filter(|_| port.is_some()).map(str::to_owned),
            timeout: TIMEOUT,
            afterwards: Afterwards::default(),
            missing,
        }
    }

    /// What is waited for, in words.
    #[must_use]
    pub fn awaits(&self) -> String {
        match (&self.health, self.order.port) {
            (Some(path), Some(port)) => format!("{path} on port {port} to answer 200 to 399"),
            _ => format!("it to run for {STEADY} s: no health path and port of it are known"),
        }
    }
}

fn some(words: Vec<String>) -> Option<Vec<String>> {
    (!words.is_empty()).then_some(words)
}

/// What happens while an image is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialEvent {
    /// The container was started.
    Started(Trial),
    /// It is not healthy yet, and this was the last answer.
    Waiting(String),
    /// It said a line; secrets in it are covered.
    Line(String),
}

/// What is shown of a trial: its events, reduced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrialView {
    /// The container.
    pub started: Option<Trial>,
    /// The last answer that was not the one that is waited for.
    pub waiting: Option<String>,
    /// What the container said at last, the newest last.
    pub lines: VecDeque<String>,
}

impl TrialView {
    /// Takes what happened.
    pub fn apply(&mut self, event: TrialEvent) {
        match event {
            TrialEvent::Started(trial) => self.started = Some(trial),
            TrialEvent::Waiting(answer) => self.waiting = Some(answer),
            TrialEvent::Line(line) => {
                if self.lines.len() == LINES {
                    self.lines.pop_front();
                }
                self.lines.push_back(line);
            }
        }
    }
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It answered.
    Healthy {
        /// Seconds after its start.
        after: i64,
        /// Status of the answer; `None` where there was nothing to ask.
        status: Option<u16>,
    },
    /// The engine could not begin it: its command is not in the image, or cannot be executed.
    NeverStarted {
        /// What the engine says about it.
        why: String,
    },
    /// It ended by itself.
    Exited {
        /// Exit code.
        code: i64,
        /// What the engine says about it.
        error: Option<String>,
        /// What it said at last.
        lines: Vec<String>,
    },
    /// It was killed, as it needs more memory than its task has.
    OutOfMemory {
        /// Bytes that it may have.
        limit: Option<u64>,
        /// What it said at last.
        lines: Vec<String>,
    },
    /// It runs, and is not healthy.
    Unhealthy {
        /// Seconds after its start.
        after: i64,
        /// The last answer.
        answer: String,
        /// What it said at last.
        lines: Vec<String>,
    },
}

impl Verdict {
    /// Whether the image can be rolled out, as far as a trial tells.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Healthy { .. })
    }

    /// What is to be said, the most important first.
    #[must_use]
    pub fn says(&self) -> Vec<String> {
        let (first, lines) = match self {
            Self::Healthy { after, status } => {
                let how = match status {
                    Some(status) => format!("healthy after {after} s: it answered {status}"),
                    None => format!("still runs after {after} s; it has no health path to ask"),
                };
                return vec![how];
            }
            Self::NeverStarted { why } => {
                return vec![
                    format!("it cannot start: {why}"),
                    "the image has not what the command or entry point of its task names"
                        .to_owned(),
                ];
            }
            Self::Exited { code, error, lines } => {
                let first = format!("it exited with code {code}");
                let error = error.as_ref().filter(|error| !error.is_empty());
                (
                    error.map_or(first.clone(), |e| format!("{first}: {e}")),
                    lines,
                )
            }
            Self::OutOfMemory { limit, lines } => {
                let of = limit.map_or_else(String::new, |b| format!(" of {}", format::size(b)));
                (
                    format!("it was killed: the memory{of} that its task has is too little"),
                    lines,
                )
            }
            Self::Unhealthy {
                after,
                answer,
                lines,
            } => (format!("not healthy after {after} s: {answer}"), lines),
        };
        std::iter::once(first)
            .chain(lines.iter().cloned())
            .collect()
    }
}

/// Tries an image: starts it, waits for it by the environment's clock, and removes it whatever happens. One that an earlier trial left is
/// removed first.
///
/// # Errors
/// What the engine answered; `Interrupted` where `stop` was given.
pub async fn run(
    engine: &dyn Engine,
    cloud: &dyn Cloud,
    plan: &TrialPlan,
    stop: &CancellationToken,
    mut tell: impl FnMut(Vec<TrialEvent>) + Send,
) -> Result<Verdict> {
    engine.stop(&plan.order.name).await?;
    let started = match engine.start(&plan.order).await {
        Ok(started) => started,
        Err(error) => {
            // It may be there and not run. Why it does not is what is to be told.
            let _ = engine.stop(&plan.order.name).await;
            return match never_started(&error.message) {
                Some(why) => Ok(Verdict::NeverStarted { why }),
                None => Err(error),
            };
        }
    };
    tell(vec![TrialEvent::Started(started.clone())]);
    let verdict = tokio::select! {
        biased;
        () = stop.cancelled() => Err(cancelled("the trial")),
        verdict = watched(engine, cloud, plan, &started, &mut tell) => verdict,
    };
    let good = verdict.as_ref().is_ok_and(Verdict::is_good);
    if !good || plan.afterwards == Afterwards::Removed {
        let stopped = engine.stop(&started.container).await;
        verdict.as_ref().map_err(Clone::clone)?;
        stopped?;
    }
    verdict
}

/// Why a container could not begin, where that is the image's fault: runtimes say so with their name for themselves in front (runc and crun, as
/// Docker and Podman pass it on).
fn never_started(said: &str) -> Option<String> {
    let lower = said.to_lowercase();
    let why = said.rsplit("unable to start container process: ").next();
    lower
        .contains("oci runtime")
        .then(|| why.unwrap_or(said).trim_end_matches(": unknown").to_owned())
}

/// The error of work that somebody cancelled.
#[must_use]
pub fn cancelled(what: &str) -> Error {
    Error::new(ErrorKind::Interrupted, format!("{what} was cancelled"))
        .hint("nothing was rolled out")
}

async fn watched(
    engine: &dyn Engine,
    cloud: &dyn Cloud,
    plan: &TrialPlan,
    started: &Trial,
    tell: &mut (impl FnMut(Vec<TrialEvent>) + Send),
) -> Result<Verdict> {
    let since = cloud.now();
    let timeout = i64::try_from(plan.timeout.as_secs()).unwrap_or(i64::MAX);
    let mut known = Vec::new();
    loop {
        let state = engine.look(&started.container).await?;
        // After its state: what one that has ended said is then whole.
        let said = engine.lines(&started.container, LINES).await?;
        let lines = fresh(&known, &said).iter();
        let mut news: Vec<TrialEvent> = lines
            .map(|line| TrialEvent::Line(mask(line).into_owned()))
            .collect();
        known = said;
        let last = || {
            let from = known.len().saturating_sub(LAST_LINES);
            let lines = known[from..].iter();
            lines.map(|line| mask(line).into_owned()).collect()
        };
        let after = cloud.now().as_second() - since.as_second();
        let verdict = match state {
            TrialState::Exited {
                out_of_memory: true,
                ..
            } => Some(Verdict::OutOfMemory {
                limit: plan.order.memory,
                lines: last(),
            }),
            TrialState::Exited { code, error, .. } => Some(Verdict::Exited {
                code,
                error,
                lines: last(),
            }),
            TrialState::Running => match asked(engine, plan, started, after).await {
                Ok(status) => Some(Verdict::Healthy { after, status }),
                Err(answer) => {
                    news.push(TrialEvent::Waiting(answer.clone()));
                    (plan.health.is_some() && after >= timeout).then(|| Verdict::Unhealthy {
                        after,
                        answer,
                        lines: last(),
                    })
                }
            },
        };
        tell(news);
        if let Some(verdict) = verdict {
            return Ok(verdict);
        }
        cloud.rest(PACE).await;
    }
}

/// Asks a container that runs since `after` seconds whether it is healthy: the status of its answer, or why it is not yet.
async fn asked(
    engine: &dyn Engine,
    plan: &TrialPlan,
    started: &Trial,
    after: i64,
) -> std::result::Result<Option<u16>, String> {
    match &plan.health {
        None if after >= STEADY => Ok(None),
        None => Err(format!("it runs for {after} s")),
        Some(path) => match engine.ask(started, path).await {
            Ok(status @ 200..=399) => Ok(Some(status)),
            Ok(status) => Err(format!("{path} answered {status}")),
            Err(error) => Err(error.message),
        },
    }
}

/// Those of the lines `now` that were not among those `before`: both are the end of the same text.
fn fresh<'l>(before: &[String], now: &'l [String]) -> &'l [String] {
    let most = before.len().min(now.len());
    let overlap = (0..=most)
        .rev()
        .find(|n| before[before.len() - n..] == now[..*n]);
    &now[overlap.unwrap_or(0)..]
}

#[cfg(test)]
mod tests;
