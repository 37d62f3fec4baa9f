//! A deployment of a service completes: old and new side by side, and why it does not go on.

mod pause;
pub mod traffic;

pub use pause::left;

use super::{
    super::{LastWords, rollback::remedy},
    SETTLED, Standing, Step, StepState, Verdict,
};
use crate::{
    model::{
        balancer::TargetState,
        compute::{Rollout as ServiceDeployment, Service, Task},
        state::{RolloutState, RolloutStatus, StopCode},
    },
    observe::Observations,
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Tasks that stop for the same reason until the deployment is called failing.
const SAME_REASON: usize = 2;

/// What is to come of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// Service.
    pub service: String,
    /// `family:revision` that is to run; `None` for one that the calls register.
    pub revision: Option<String>,
    /// `ecs-svc/…` of the deployment before; the new one is another.
    pub before: Option<String>,
    /// The service deployment's ARN, where it was under way already.
    pub deployment: Option<String>,
}

impl Rollout {
    pub(super) fn judge(
        &self,
        seen: &Observations,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<Standing> {
        let service = seen.compute()?.service(&self.service)?;
        let Some(primary) = service.deployments.first() else {
            return Some(waiting("ECS lists no deployment yet"));
        };
        let fresh = self.before.as_ref() != Some(&primary.id);
        let right = self
            .revision
            .as_ref()
            .is_none_or(|r| *r == primary.revision);
        let rollout = service.rollouts.iter().find(|r| match &self.deployment {
            Some(arn) => r.arn == *arn,
            None => r.created_at.is_some_and(|at| at >= since - SETTLED),
        });
        if let Some(rollout) = rollout.filter(|r| is_rolling_back(r)) {
            let (label, why) = ("ECS rolls it back", said("rollback", rollout));
            return Some(Standing {
                steps: vec![Step::new(label, StepState::Failed, why)],
                verdict: Verdict::Watching,
            });
        }
        if let Some(why) = rollout.and_then(undone) {
            return Some(Standing {
                steps: Self::steps(seen, service, StepState::Failed),
                verdict: Verdict::RolledBack(reasons(why, service, since)),
            });
        }
        if !fresh || !right {
            if now.duration_since(since) < SETTLED {
                return Some(waiting("accepted, not listed yet"));
            }
            let why = format!(
                "{} is on {} again, not on {}",
                self.service,
                primary.revision,
                self.revision.as_deref().unwrap_or("the new deployment")
            );
            return Some(Standing {
                steps: Self::steps(seen, service, StepState::Failed),
                verdict: Verdict::RolledBack(reasons(why, service, since)),
            });
        }
        let complete = match (rollout.map(|r| &r.status), &primary.rollout_state) {
            (Some(status), _) => *status == RolloutStatus::Successful,
            (None, Some(state)) => *state == RolloutState::Completed,
            (None, None) => service.deployments.len() == 1 && primary.running == primary.desired,
        };
        let mut steps = Self::steps(seen, service, complete.into_state());
        let paused = rollout.and_then(|r| pause::paused(&self.service, r, now));
        let (felt, risen) = traffic::felt(seen, since).unzip();
        let place = steps.len().saturating_sub(1);
        let (waits, paused) = paused.unzip();
        steps.splice(place..place, felt.into_iter().chain(waits));
        let failing = risen
            .flatten()
            .or_else(|| failing(service, &primary.id, since));
        let verdict = if let (true, None) = (complete, &failing) {
            Verdict::Reached(format!(
                "{} runs {} on {} tasks",
                self.service, primary.revision, primary.running
            ))
        } else if primary.rollout_state == Some(RolloutState::Failed) {
            let why = primary.rollout_reason.clone();
            Verdict::Failing {
                why: reasons(
                    why.unwrap_or_else(|| "ECS calls the deployment failed".to_owned()),
                    service,
                    since,
                ),
                remedy: Some(Box::new(remedy(&self.service))),
            }
        } else if let Some(why) = failing {
            Verdict::Failing {
                why: vec![why],
                remedy: Some(Box::new(remedy(&self.service))),
            }
        } else {
            paused.unwrap_or(Verdict::Watching)
        };
        Some(Standing { steps, verdict })
    }

    /// The way of a deployment, whose end is as `last` says.
    fn steps(seen: &Observations, service: &Service, last: StepState) -> Vec<Step> {
        let Some(primary) = service.deployments.first() else {
            return Vec::new();
        };
        let desired = primary.desired.max(1);
        let started: Vec<String> = [(primary.pending, "pending"), (primary.failed, "failed")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!(", {count} {word}"))
            .collect();
        let started = format!(
            "{} of {}{}",
            primary.running,
            primary.desired,
            started.concat()
        );
        let mut steps = vec![Step::new(
            format!("new tasks running, {}", primary.revision),
            primary.running >= desired,
            started,
        )];
        if let Some((healthy, known)) = targets(seen, service, &primary.id) {
            let detail = format!("{healthy} of {}", primary.desired);
            let all = healthy >= usize::try_from(desired).unwrap_or(usize::MAX);
            let state = match (all, known) {
                (true, _) => StepState::Done,
                (false, 0) => StepState::Waiting,
                (false, _) => StepState::Active,
            };
            steps.push(Step::new("new targets healthy", state, detail));
        }
        let old: i32 = service.deployments[1..].iter().map(|d| d.running).sum();
        let names: Vec<&str> = service.deployments[1..]
            .iter()
            .map(|d| d.revision.as_str())
            .collect();
        let label = match names.first() {
            Some(name) if *name != primary.revision => format!("old tasks stopped, {name}"),
            _ => "old tasks stopped".to_owned(),
        };
        steps.push(Step::new(
            label,
            if old == 0 && (names.is_empty() || primary.running >= desired) {
                StepState::Done
            } else if primary.running >= desired {
                StepState::Active
            } else {
                StepState::Waiting
            },
            if old == 0 {
                "none left".to_owned()
            } else {
                format!("{old} still running")
            },
        ));
        let newest = service.rollouts.first().filter(|r| r.in_progress());
        let stage = newest.and_then(|r| r.stage.as_deref()).map(pause::stage);
        let breaker = newest
            .and_then(|r| r.circuit_breaker.as_ref())
            .map(|b| format!("circuit breaker {} of {}", b.failures, b.threshold));
        let detail: Vec<String> = stage.into_iter().chain(breaker).collect();
        steps.push(Step::new("deployment completed", last, detail.join(", ")));
        steps
    }
}

trait IntoState {
    fn into_state(self) -> StepState;
}

impl IntoState for bool {
    fn into_state(self) -> StepState {
        if self {
            StepState::Done
        } else {
            StepState::Active
        }
    }
}

fn waiting(detail: &str) -> Standing {
    Standing {
        steps: vec![Step::new(
            "deployment started",
            StepState::Active,
            detail.to_owned(),
        )],
        verdict: Verdict::Watching,
    }
}

/// Why a service deployment did not last, if it did not.
fn undone(rollout: &ServiceDeployment) -> Option<String> {
    let word = match rollout.status {
        RolloutStatus::RollbackSuccessful => "it was rolled back",
        RolloutStatus::RollbackFailed => "it failed, and so did its rollback",
        RolloutStatus::Stopped => "it was stopped",
        _ => return None,
    };
    Some(said(word, rollout))
}

/// `word` with ECS's reason.
fn said(word: &str, rollout: &ServiceDeployment) -> String {
    let reason = rollout.rollback_reason.as_ref().or(rollout.reason.as_ref());
    match reason {
        Some(reason) => format!("{word}: {reason}"),
        None => word.to_owned(),
    }
}

fn is_rolling_back(rollout: &ServiceDeployment) -> bool {
    matches!(
        rollout.status,
        RolloutStatus::RollbackRequested | RolloutStatus::RollbackInProgress
    )
}

/// Judges whether a deployment that was under way is rolled back.
pub(super) fn rolled_back(seen: &Observations, name: &str, deployment: &str) -> Option<Standing> {
    let service = seen.compute()?.service(name)?;
    let rollout = service.rollouts.iter().find(|r| r.arn == deployment)?;
    let primary = service.deployments.first();
    let runs = primary.map_or("nothing", |d| d.revision.as_str());
    let stopped = matches!(
        rollout.status,
        RolloutStatus::RollbackSuccessful | RolloutStatus::Stopped
    );
    let words = rollout.status.to_string().to_lowercase().replace('_', " ");
    let rolled = Step::new("deployment rolled back", stopped, words);
    let whole = primary.is_some_and(|d| d.running >= d.desired);
    let detail = primary.map_or_else(String::new, |d| {
        format!(
            "{} of {} running, {} pending",
            d.running, d.desired, d.pending
        )
    });
    let back = Step::new(format!("tasks of {runs} running"), whole, detail);
    let verdict = match rollout.status {
        RolloutStatus::RollbackFailed => Verdict::Failing {
            why: vec![said("the rollback failed", rollout)],
            remedy: None,
        },
        RolloutStatus::Successful => Verdict::Failing {
            why: vec![format!(
                "it completed before it could be stopped: {name} runs {runs}"
            )],
            remedy: Some(Box::new(remedy(name))),
        },
        _ if stopped && whole => Verdict::Reached(format!("{name} runs {runs} again")),
        _ => Verdict::Watching,
    };
    Some(Standing {
        steps: vec![rolled, back],
        verdict,
    })
}

/// `first`, then what the tasks that stopped meanwhile say.
fn reasons(first: String, service: &Service, since: Timestamp) -> Vec<String> {
    let mut all = vec![first];
    all.extend(
        grouped(service, None, since)
            .into_iter()
            .map(|(why, count)| {
                if count == 1 {
                    why
                } else {
                    format!("{count} tasks: {why}")
                }
            }),
    );
    all
}

/// Why a deployment is failing: tasks of it that stopped for the same reason.
fn failing(service: &Service, deployment: &str, since: Timestamp) -> Option<String> {
    let groups = grouped(service, Some(deployment), since);
    let (why, count) = groups.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= SAME_REASON).then(|| format!("{count} tasks stopped: {why}"))
}

/// Reasons for which tasks stopped since, other than that they were to; those of one deployment where it is named.
fn grouped(service: &Service, deployment: Option<&str>, since: Timestamp) -> Vec<(String, usize)> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for task in service.stopped.iter().filter(|task| {
        deployment.is_none_or(|id| task.started_by.as_deref() == Some(id))
            && failed_since(task, since)
    }) {
        *groups.entry(reason(task)).or_default() += 1;
    }
    let mut groups: Vec<(String, usize)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    groups
}

/// Whether a task stopped since, other than that it was to.
fn failed_since(task: &Task, since: Timestamp) -> bool {
    task.stopped_at.is_some_and(|at| at >= since)
        && !matches!(
            task.stop_code,
            Some(StopCode::UserInitiated | StopCode::ServiceSchedulerInitiated)
        )
}

/// Why a task stopped: ECS's reason and, of the container that brought it down, the exit code.
fn reason(task: &Task) -> String {
    let ecs = task.stopped_reason.as_deref().unwrap_or("no reason given");
    let exited = task.containers.iter().find_map(|container| {
        let code = container.exit_code.filter(|code| *code != 0)?;
        Some(format!("{} exited with {code}", container.name))
    });
    let said = task.containers.iter().find_map(|c| c.reason.clone());
    let more: Vec<String> = exited.into_iter().chain(said).collect();
    if more.is_empty() {
        ecs.to_owned()
    } else {
        format!("{ecs} ({})", more.join(", "))
    }
}

/// The task of the new deployment that stopped last without being told to, and where its last lines are.
pub(super) fn fallen(
    service: &Service,
    before: Option<&String>,
    since: Timestamp,
) -> Option<LastWords> {
    let task = service.stopped.iter().find(|task| {
        task.started_by.as_ref() != before
            && task.started_at.is_some()
            && failed_since(task, since)
            && task.created_at.is_none_or(|at| at >= since - SETTLED)
    })?;
    let definition = service.task_definition.as_ref()?;
    let exited = task
        .containers
        .iter()
        .find(|c| c.exit_code.is_some_and(|code| code != 0));
    let name = &exited.or(task.containers.first())?.name;
    let container = definition.containers.iter().find(|c| c.name == *name)?;
    let (group, prefix) = (
        container.log_group.as_ref()?,
        container.log_stream_prefix.as_ref()?,
    );
    Some(LastWords::new(
        &task.id,
        group,
        format!("{prefix}/{name}/{}", task.id),
        task.started_at?,
        task.stopped_at?,
    ))
}

/// Healthy targets of a deployment's tasks, and targets of them that are known at all; `None` where no balancer is in front.
fn targets(seen: &Observations, service: &Service, deployment: &str) -> Option<(usize, usize)> {
    let balancer = seen.balancer()?;
    let groups: Vec<_> = balancer
        .target_groups
        .iter()
        .filter(|group| {
            let behind =
                |lb: &crate::model::compute::ServiceLoadBalancer| lb.target_group_arn == group.arn;
            service.load_balancers.iter().any(behind)
        })
        .collect();
    if groups.is_empty() {
        return None;
    }
    let addresses: Vec<&str> = service
        .tasks
        .iter()
        .filter(|task| task.started_by.as_deref() == Some(deployment))
        .filter_map(|task| task.private_ip.as_deref())
        .collect();
    let known = groups
        .iter()
        .flat_map(|group| &group.targets)
        .filter(|target| addresses.contains(&target.id.as_str()));
    let states: Vec<TargetState> = known.map(|target| target.state).collect();
    let healthy = states
        .iter()
        .filter(|s| **s == TargetState::Healthy)
        .count();
    Some((healthy, states.len()))
}
