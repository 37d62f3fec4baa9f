//! What rollouts say of a service: whether one is young, and how the newest ended.

use super::{Raised, Scene, stops::Failure};
use crate::{
    format,
    model::{
        Health,
        compute::{Rollout, Service, Task},
        state::{RolloutState, RolloutStatus, TaskStatus},
    },
    op::left,
};

/// Seconds in which a deployment may be short of tasks: a Fargate task takes one or two minutes to start, and a rolling deployment
/// replaces tasks batch by batch. Ours.
const YOUNG: i64 = 10 * 60;
/// Seconds that a task may take from its creation to running. Ours: image pull, start and first health checks.
const STARTING: i64 = 5 * 60;
/// Seconds from a scaling activity until the tasks that it asked for run: a Fargate task takes one or two minutes to start. Ours.
const ASKED: i64 = 3 * 60;
/// Seconds that a failed rollout stays a finding: ECS forgets the stopped tasks that explain it after about an hour.
const LATELY: i64 = 60 * 60;

/// Whether the service is short of tasks because it was just made or deployed, or because the missing tasks are on their way, as
/// after scaling out. Tasks that failed in the meantime end the patience.
pub(super) fn is_young(scene: &Scene<'_>, service: &Service) -> bool {
    let deployed = service.deployments.iter().any(|d| {
        d.rollout_state != Some(RolloutState::Failed) && scene.within(d.created_at, YOUNG)
    });
    let starting = || {
        let new = |t: &&Task| {
            t.last_status != TaskStatus::Running && scene.within(t.created_at, STARTING)
        };
        service.tasks.iter().filter(new).count()
    };
    let missing = usize::try_from(service.desired - service.running).unwrap_or(0);
    let mut scaled = service.autoscaling.iter().flat_map(|a| &a.activities);
    !failing(scene, service)
        && (deployed
            || scene.within(service.created_at, YOUNG)
            || scaled.any(|a| a.not_scaled_reasons.is_empty() && scene.within(a.at, ASKED))
            || starting() >= missing)
}

/// Whether the service was just made, so that nobody has lost anything yet. Tasks that failed end that.
pub(super) fn is_first(scene: &Scene<'_>, service: &Service) -> bool {
    let oldest = service.deployments.iter().filter_map(|d| d.created_at);
    let made = service.created_at.or_else(|| oldest.min());
    !failing(scene, service) && scene.within(made, YOUNG)
}

fn failing(scene: &Scene<'_>, service: &Service) -> bool {
    let mut stopped = service.stopped.iter();
    stopped.any(|t| scene.within(t.stopped_at, YOUNG) && Failure::of(t).is_some())
}

/// A rollout that failed, stopped or was rolled back lately, unless a newer one followed.
pub(super) fn failed(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(compute) = scene.seen.compute() else {
        return Vec::new();
    };
    compute
        .services
        .iter()
        .filter_map(|service| {
            service.rollouts.first().map_or_else(
                || failed_deployment(scene, service),
                |rollout| failed_rollout(scene, service, rollout),
            )
        })
        .collect()
}

/// A rollout that waits at a pause hook until somebody decides, or its time is over.
pub(super) fn paused(scene: &Scene<'_>) -> Vec<Raised> {
    let services = scene.seen.compute().map_or(&[][..], |c| &c.services);
    let waiting = services.iter().filter_map(|service| {
        let (rollout, hook) = service
            .rollouts
            .iter()
            .find_map(|r| Some((r, r.paused()?)))?;
        let target = rollout.target.as_deref().unwrap_or(&service.name);
        Some(
            Raised::new(
                Health::Warning,
                &service.name,
                "rollout paused",
                format!("the rollout of {target} waits for a decision"),
            )
            .because(
                rollout
                    .stage
                    .as_ref()
                    .map(|stage| format!("it is paused at {stage}")),
            )
            .because([left(hook, scene.now)])
            .advise(format!(
                "look at the new tasks, then `hydren continue {0}`, or `hydren rollback {0}`",
                service.name
            )),
        )
    });
    waiting.collect()
}

/// How bad a rollout's outcome is.
pub(super) const fn severity(status: &RolloutStatus) -> Health {
    match status {
        RolloutStatus::Successful => Health::Ok,
        RolloutStatus::Stopped
        | RolloutStatus::RollbackRequested
        | RolloutStatus::RollbackInProgress
        | RolloutStatus::RollbackSuccessful => Health::Warning,
        RolloutStatus::RollbackFailed => Health::Critical,
        RolloutStatus::Pending
        | RolloutStatus::InProgress
        | RolloutStatus::StopRequested
        | RolloutStatus::Other(_) => Health::Unknown,
    }
}

fn failed_rollout(scene: &Scene<'_>, service: &Service, rollout: &Rollout) -> Option<Raised> {
    let at = rollout
        .finished_at
        .or(rollout.started_at)
        .or(rollout.created_at);
    let (reason, ended) = match &rollout.status {
        RolloutStatus::RollbackSuccessful => ("rolled back", "was rolled back"),
        RolloutStatus::RollbackRequested | RolloutStatus::RollbackInProgress => {
            ("rolling back", "is being rolled back")
        }
        RolloutStatus::Stopped => ("rollout stopped", "was stopped"),
        RolloutStatus::RollbackFailed => ("rollback failed", "failed, and so did its rollback"),
        _ => return None,
    };
    if !rollout.in_progress() && !scene.within(at, LATELY) {
        return None;
    }
    let target = rollout.target.as_deref().unwrap_or(&service.name);
    let breaker = rollout.circuit_breaker.as_ref().map(|b| {
        format!(
            "circuit breaker {}: {} of {} failures",
            b.status, b.failures, b.threshold
        )
    });
    Some(
        Raised::new(
            severity(&rollout.status),
            &service.name,
            reason,
            format!("the rollout of {target} {ended}"),
        )
        .because(rollout.rollback_reason.clone())
        .because(rollout.reason.clone().filter(|r| rollout.rollback_reason.as_ref() != Some(r)))
        .because(breaker)
        .because((!rollout.sources.is_empty()).then(|| format!("it came from {}", rollout.sources.join(", "))))
        .because(at.map(|at| format!("{} ago", format::age(scene.since(at)))))
        .advise("find the cause in the first task that the new revision lost, mend it, then deploy again: forcing a new deployment repeats it"),
    )
}

/// The same from the service's own deployments, where service deployments cannot be read.
fn failed_deployment(scene: &Scene<'_>, service: &Service) -> Option<Raised> {
    let failed = service.deployments.iter().find(|d| {
        d.rollout_state == Some(RolloutState::Failed)
            && scene.within(d.updated_at.or(d.created_at), LATELY)
    })?;
    Some(
        Raised::new(
            Health::Warning,
            &service.name,
            "rollout failed",
            format!("the rollout of {} failed", failed.revision),
        )
        .because(failed.rollout_reason.clone())
        .because([format!("{} failed", format::count(failed.failed, "task"))])
        .advise("find the cause in the first stopped task of the deployment, mend it, then deploy again"),
    )
}
