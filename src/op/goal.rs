//! What an operation is to bring about, tested against each new observation.
//!
//! A goal is plain data and judging it is pure: after a restart of the console the goals of what is still going on are found again from
//! what AWS tells ([`found`]).

mod autoscale;
mod database;
mod edge;
mod rollout;

pub use database::DatabaseGoal;
pub use rollout::{Rollout, left};

use super::{Autoscaled, LastWords, Request, Watch};
use crate::{
    cloud::{
        CallOutcome,
        call::{Listing, RuleMode, Switch},
    },
    format,
    model::{
        Tier,
        metric::{Metric, MetricId},
        state::{InvalidationStatus, SnapshotStatus, TaskStatus},
    },
    observe::Observations,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How long after a call an observation may still be older than it: reads that were under way, and ECS is eventually consistent.
const SETTLED: SignedDuration = SignedDuration::from_secs(20);

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Under way.
    Active,
    /// Done.
    Done,
    /// Gone wrong.
    Failed,
}

/// A part of the way to the goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What: `new tasks running`.
    pub label: String,
    /// Where it stands.
    pub state: StepState,
    /// How far, in figures: `2 of 3`.
    pub detail: String,
}

impl Step {
    /// Makes a step: done, or else under way.
    #[must_use]
    pub fn new(label: impl Into<String>, done: impl Into<Done>, detail: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            state: done.into().0,
            detail: detail.into(),
        }
    }
}

/// The state of a step that is done or under way.
#[derive(Debug, Clone, Copy)]
pub struct Done(StepState);

impl From<bool> for Done {
    fn from(done: bool) -> Self {
        Self(if done {
            StepState::Done
        } else {
            StepState::Active
        })
    }
}

impl From<StepState> for Done {
    fn from(state: StepState) -> Self {
        Self(state)
    }
}

/// What is to be said of a goal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is still to come.
    Watching,
    /// It is reached.
    Reached(String),
    /// It will not come, or hurts: waiting longer makes no sense.
    Failing {
        /// Why, the strongest reason first.
        why: Vec<String>,
        /// What helps.
        remedy: Option<Box<Request>>,
    },
    /// It waits for somebody to decide.
    Paused {
        /// At what, and what comes without a decision.
        why: String,
        /// What lets it go on.
        next: Box<Request>,
        /// What takes it back.
        back: Box<Request>,
    },
    /// What was done has been undone, by AWS or by somebody.
    RolledBack(Vec<String>),
}

/// Where a goal stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The way to it.
    pub steps: Vec<Step>,
    /// What is to be said.
    pub verdict: Verdict,
}

impl Standing {
    fn of_one(step: Step, reached: impl FnOnce() -> String) -> Self {
        let verdict = if step.state == StepState::Done {
            Verdict::Reached(reached())
        } else {
            Verdict::Watching
        };
        Self {
            steps: vec![step],
            verdict,
        }
    }

    fn failing(steps: Vec<Step>, why: impl Into<String>) -> Self {
        Self {
            steps,
            verdict: Verdict::Failing {
                why: vec![why.into()],
                remedy: None,
            },
        }
    }
}

/// What is to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "goal", rename_all = "kebab-case")]
pub enum Goal {
    /// A deployment of a service completes.
    Rollout(Rollout),
    /// A deployment that was under way is rolled back.
    RolledBack {
        /// Service.
        service: String,
        /// The service deployment's ARN.
        deployment: String,
    },
    /// A service runs so many tasks.
    Running {
        /// Service.
        service: String,
        /// Tasks.
        desired: i32,
    },
    /// A task is gone and its service complete again.
    Replaced {
        /// Service.
        service: String,
        /// Task id.
        task: String,
    },
    /// An invalidation has reached every edge.
    Invalidation {
        /// Its id; `None` until CloudFront has given it.
        id: Option<String>,
    },
    /// A rule of the web ACL does what it was set to.
    RuleMode {
        /// Rule.
        rule: String,
        /// What.
        to: RuleMode,
    },
    /// A range is on an IP set, or off it.
    Listed {
        /// IP set.
        set: String,
        /// Range.
        address: String,
        /// On or off.
        listing: Listing,
    },
    /// An alarm's actions are switched.
    AlarmActions {
        /// Alarm.
        alarm: String,
        /// On or off.
        to: Switch,
    },
    /// A session is open as long as somebody attends it; nothing of it can be observed.
    Session {
        /// Task id.
        task: String,
    },
    /// A snapshot of the database is available.
    Snapshot {
        /// Snapshot identifier.
        snapshot: String,
    },
    /// A service is autoscaled as asked, and its desired count lies within the limits.
    Autoscaled {
        /// Service.
        service: String,
        /// How; `None`: not at all.
        to: Option<Autoscaled>,
    },
    /// AWS has answered, and nothing is to come later: a repository is as it was asked for.
    Answered {
        /// Its name.
        repository: String,
    },
    /// Nothing is to come later: what was done on this machine is all.
    Here {
        /// Component.
        component: String,
    },
    /// Something comes of the database.
    #[serde(untagged)]
    Database(DatabaseGoal),
}

impl Goal {
    /// What it is about, so that one operation is not watched twice.
    #[must_use]
    pub fn subject(&self) -> (&'static str, &str) {
        match self {
            Self::Rollout(rollout) => ("deployment", &rollout.service),
            Self::RolledBack { service, .. } => ("deployment", service),
            Self::Running { service, .. } => ("count", service),
            Self::Autoscaled { service, .. } => ("autoscaling", service),
            Self::Replaced { task, .. } => ("task", task),
            Self::Session { task } => ("session", task),
            Self::Snapshot { snapshot } => ("snapshot", snapshot),
            Self::Invalidation { id } => ("invalidation", id.as_deref().unwrap_or_default()),
            Self::RuleMode { rule, .. } => ("rule", rule),
            Self::Listed { address, .. } => ("address", address),
            Self::AlarmActions { alarm, .. } => ("alarm actions", alarm),
            Self::Answered { repository } => ("repository", repository),
            Self::Here { component } => ("component", component),
            Self::Database(goal) => goal.subject(),
        }
    }

    /// What has to be read to judge it.
    #[must_use]
    pub const fn tiers(&self) -> &'static [Tier] {
        match self {
            Self::Rollout(_) | Self::RolledBack { .. } => &[Tier::Ecs, Tier::Alb],
            Self::Running { .. } | Self::Replaced { .. } | Self::Autoscaled { .. } => &[Tier::Ecs],
            Self::Session { .. } | Self::Answered { .. } | Self::Here { .. } => &[],
            Self::Invalidation { .. } => &[Tier::CloudFront],
            Self::RuleMode { .. } | Self::Listed { .. } => &[Tier::Waf],
            Self::AlarmActions { .. } => &[Tier::Alarms],
            Self::Snapshot { .. } | Self::Database(_) => &[Tier::Rds],
        }
    }

    /// The metrics that tell what users feel of it.
    #[must_use]
    pub fn metrics(&self) -> Vec<MetricId> {
        let metrics: &[Metric] = match self {
            Self::Rollout(_) => &rollout::traffic::METRICS,
            _ => &[],
        };
        metrics.iter().map(|metric| MetricId::of(*metric)).collect()
    }

    /// Seconds between two observations while somebody waits.
    #[must_use]
    pub const fn pace(&self) -> i64 {
        match self {
            Self::Snapshot { .. } | Self::Database(_) | Self::Invalidation { .. } => 15,
            Self::AlarmActions { .. } | Self::RuleMode { .. } | Self::Listed { .. } => 10,
            Self::Rollout(_)
            | Self::RolledBack { .. }
            | Self::Running { .. }
            | Self::Autoscaled { .. }
            | Self::Session { .. }
            | Self::Answered { .. }
            | Self::Here { .. }
            | Self::Replaced { .. } => 5,
        }
    }

    /// Judges it by what was observed since the calls were made; `None` where nothing of that was read yet.
    #[must_use]
    pub fn judge(&self, seen: &Observations, since: Timestamp, now: Timestamp) -> Option<Standing> {
        // The first is what the goal is about; the others help to see why.
        let read_at = seen.tier(*self.tiers().first()?).fetched_at?;
        if read_at < since {
            return None;
        }
        // What is old by now tells no more than when it was read.
        let now = read_at.min(now);
        match self {
            Self::Rollout(rollout) => rollout.judge(seen, since, now),
            Self::RolledBack {
                service,
                deployment,
            } => rollout::rolled_back(seen, service, deployment),
            Self::Running { service, desired } => {
                running(seen, service, *desired, now.duration_since(since))
            }
            Self::Replaced { service, task } => replaced(seen, service, task),
            Self::Autoscaled { service, to } => {
                autoscale::autoscaled(seen, service, to.as_ref(), now.duration_since(since))
            }
            Self::Session { .. } | Self::Answered { .. } | Self::Here { .. } => None,
            Self::Snapshot { snapshot } => snapshot_made(seen, snapshot),
            Self::Invalidation { id } => edge::invalidated(seen, id.as_deref()),
            Self::RuleMode { rule, to } => edge::ruled(seen, rule, *to, now.duration_since(since)),
            Self::Listed {
                set,
                address,
                listing,
            } => edge::listed(seen, set, address, *listing, now.duration_since(since)),
            Self::AlarmActions { alarm, to } => {
                edge::switched(seen, alarm, *to, now.duration_since(since))
            }
            Self::Database(goal) => Some(goal.judge(seen.database()?, since, now)),
        }
    }

    /// Takes what only an accepted call could tell: which revision, which invalidation.
    pub(super) fn learn(&mut self, outcome: &CallOutcome) {
        match self {
            Self::Rollout(rollout) if rollout.revision.is_none() => {
                rollout.revision = outcome.revision();
            }
            Self::Invalidation { id } if id.is_none() => id.clone_from(&outcome.resource),
            _ => {}
        }
    }
}

impl Goal {
    /// Whose last lines tell why the goal is missed, once a task of it has stopped by itself.
    #[must_use]
    pub fn last_words(&self, seen: &Observations, since: Timestamp) -> Option<LastWords> {
        let Self::Rollout(goal) = self else {
            return None;
        };
        let service = seen.compute()?.service(&goal.service)?;
        rollout::fallen(service, goal.before.as_ref(), since)
    }
}

fn running(seen: &Observations, name: &str, desired: i32, age: SignedDuration) -> Option<Standing> {
    let service = seen.compute()?.service(name)?;
    let step = Step::new(
        format!("{name} runs {}", format::count(desired, "task")),
        service.running == desired && service.pending == 0 && service.desired == desired,
        format!("{} running, {} pending", service.running, service.pending),
    );
    if service.desired != desired && age < SETTLED {
        return Some(Standing::of_one(step, String::new));
    }
    if service.desired != desired {
        let why = format!(
            "{name} is to run {} now: autoscaling or somebody else changed it",
            format::count(service.desired, "task")
        );
        return Some(Standing {
            steps: vec![step],
            verdict: Verdict::RolledBack(vec![why]),
        });
    }
    Some(Standing::of_one(step, || {
        format!("{name} runs {}", format::count(desired, "task"))
    }))
}

fn replaced(seen: &Observations, name: &str, task: &str) -> Option<Standing> {
    let service = seen.compute()?.service(name)?;
    let left = service.tasks.iter().find(|t| t.id == task);
    // Tasks that could not be read are not gone.
    let unread = service.gaps.iter().any(|gap| gap.contains("Tasks"));
    let gone = Step::new(
        "task stopped",
        left.map_or(!unread, |t| t.last_status == TaskStatus::Stopped),
        match left {
            Some(task) => task.last_status.word(),
            None if unread => "not known: tasks cannot be read",
            None => "gone",
        },
    );
    let whole = Step::new(
        "replaced",
        gone.state == StepState::Done && service.running >= service.desired,
        format!("{} of {} running", service.running, service.desired),
    );
    let verdict = if whole.state == StepState::Done {
        Verdict::Reached(format!(
            "{name} runs {} of {} tasks again",
            service.running, service.desired
        ))
    } else {
        Verdict::Watching
    };
    Some(Standing {
        steps: vec![gone, whole],
        verdict,
    })
}

fn snapshot_made(seen: &Observations, name: &str) -> Option<Standing> {
    let database = seen.database()?;
    let Some(snapshot) = database.snapshots.iter().find(|s| s.id == name) else {
        let step = Step::new("snapshot available", StepState::Waiting, "not listed yet");
        return Some(Standing::of_one(step, String::new));
    };
    let detail = match snapshot.progress {
        Some(percent) => format!("{}, {percent} %", snapshot.status),
        None => snapshot.status.to_string(),
    };
    let step = Step::new(
        "snapshot available",
        snapshot.status == SnapshotStatus::Available,
        detail,
    );
    if snapshot.status == SnapshotStatus::Failed {
        return Some(Standing::failing(
            vec![Step {
                state: StepState::Failed,
                ..step
            }],
            format!("RDS could not make snapshot {name}; its events say why"),
        ));
    }
    Some(Standing::of_one(step, || {
        format!("snapshot {name} is available")
    }))
}

/// What is under way as AWS tells it, whoever began it: after a restart of the console it is watched again.
#[must_use]
pub fn under_way(seen: &Observations) -> Vec<Watch> {
    let services = seen.compute().map_or(&[][..], |c| &c.services);
    let rollouts = services.iter().filter_map(|service| {
        let rollout = service.rollouts.iter().find(|r| r.in_progress())?;
        let revision = rollout.target.clone();
        let to = revision.as_deref().unwrap_or("another revision");
        let title = format!("Deployment of {} to {to}", service.name);
        let goal = Goal::Rollout(Rollout {
            service: service.name.clone(),
            revision,
            before: None,
            deployment: Some(rollout.arn.clone()),
        });
        Some(Watch::found(title, goal, rollout.created_at?))
    });
    let snapshots = seen.database().map_or(&[][..], |d| &d.snapshots);
    let snapshots = snapshots.iter().filter_map(|snapshot| {
        let begun = snapshot.created_at.or(seen.tier(Tier::Rds).fetched_at)?;
        let goal = Goal::Snapshot {
            snapshot: snapshot.id.clone(),
        };
        (snapshot.status == SnapshotStatus::Creating)
            .then(|| Watch::found(format!("Snapshot {}", snapshot.id), goal, begun))
    });
    let invalidations = seen.cdn().map_or(&[][..], |c| &c.invalidations);
    let invalidations = invalidations.iter().filter_map(|invalidation| {
        let goal = Goal::Invalidation {
            id: Some(invalidation.id.clone()),
        };
        let title = format!("Invalidation {}", invalidation.id);
        (invalidation.status == InvalidationStatus::InProgress)
            .then_some(invalidation.created_at)
            .flatten()
            .map(|begun| Watch::found(title, goal, begun))
    });
    let databases = database::under_way(seen);
    rollouts
        .chain(snapshots)
        .chain(invalidations)
        .chain(databases)
        .collect()
}
