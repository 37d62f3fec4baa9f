//! What can have happened, and the words for it.

use super::super::{
    alarms, rds, rollouts,
    stops::{Failure, has},
};
use crate::model::{
    Health, Tier,
    alarm::{Alarm, AlarmTransition},
    compute::{Deployment, Rollout, ScalingActivity, Service, ServiceEvent, Task},
    database::{Database, DbEvent, DbSnapshot},
    edge::{Cdn, Invalidation},
    event::{Event, EventKind},
    image::{Image, Repository},
    state::{RolloutState, RolloutStatus, ScalingStatus, StopCode},
};
use jiff::Timestamp;

/// One thing that happened, not yet in words.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    RolloutStart(&'a Service, &'a Rollout),
    RolloutEnd(&'a Service, &'a Rollout),
    DeploymentStart(&'a Service, &'a Deployment),
    DeploymentEnd(&'a Service, &'a Deployment),
    Message(&'a Service, &'a ServiceEvent),
    Stop(&'a Service, &'a Task),
    Scaling(&'a Service, &'a ScalingActivity),
    Transition(&'a AlarmTransition),
    Since(&'a Alarm),
    Database(&'a Database, &'a DbEvent),
    Snapshot(&'a Database, &'a DbSnapshot),
    Invalidation(&'a Cdn, &'a Invalidation),
    Changed(&'a Cdn),
    Push(&'a Repository, &'a Image),
}

impl Source<'_> {
    /// Puts it into words.
    pub(super) fn tell(&self, at: Timestamp) -> Event {
        let (tier, kind, severity, subject, text) = match self {
            Self::RolloutStart(service, rollout) => rollout_began(service, rollout),
            Self::RolloutEnd(service, rollout) => rollout_ended(service, rollout),
            Self::DeploymentStart(service, deployment) => {
                let text = format!("rollout of {} began", deployment.revision);
                of_service(service, EventKind::Rollout, Health::Ok, text)
            }
            Self::DeploymentEnd(service, deployment) => deployment_ended(service, deployment),
            Self::Message(service, event) => {
                let severity = match trouble(&event.message) {
                    Some(_) => Health::Warning,
                    None => Health::Ok,
                };
                of_service(service, EventKind::Service, severity, event.message.clone())
            }
            Self::Stop(service, task) => stop(service, task),
            Self::Scaling(service, activity) => scaling(service, activity),
            Self::Transition(transition) => transition_of(transition),
            Self::Since(alarm) => firing(alarm),
            Self::Database(db, event) => database(db, event),
            Self::Snapshot(db, snapshot) => snapshot_of(db, snapshot),
            Self::Invalidation(cdn, invalidation) => invalidated(cdn, invalidation),
            Self::Changed(cdn) => (
                Tier::CloudFront,
                EventKind::Edge,
                Health::Ok,
                cdn.id.as_str(),
                "the distribution's configuration changed".to_owned(),
            ),
            Self::Push(repository, image) => pushed(repository, image),
        };
        Event {
            at,
            tier,
            severity,
            kind,
            subject: subject.to_owned(),
            text,
        }
    }
}

/// The parts of an event that a source decides.
type Telling<'a> = (Tier, EventKind, Health, &'a str, String);

fn of_service(service: &Service, kind: EventKind, severity: Health, text: String) -> Telling<'_> {
    (Tier::Ecs, kind, severity, &service.name, text)
}

fn rollout_began<'a>(service: &'a Service, rollout: &Rollout) -> Telling<'a> {
    let text = match (rollout.sources.first(), &rollout.target) {
        (Some(from), Some(to)) if from == to => format!("rollout of {to} again began"),
        (Some(from), Some(to)) => format!("rollout {from} -> {to} began"),
        (None, Some(to)) => format!("rollout of {to} began"),
        (_, None) => "rollout began".to_owned(),
    };
    of_service(service, EventKind::Rollout, Health::Ok, text)
}

fn rollout_ended<'a>(service: &'a Service, rollout: &Rollout) -> Telling<'a> {
    let severity = rollouts::severity(&rollout.status);
    let ended = match &rollout.status {
        RolloutStatus::Successful => "finished",
        RolloutStatus::RollbackSuccessful => "was rolled back",
        RolloutStatus::RollbackFailed => "failed, and so did its rollback",
        RolloutStatus::Stopped => "was stopped",
        other => other.word(),
    };
    let target = rollout.target.as_deref().unwrap_or("the new revision");
    let mut text = format!("rollout of {target} {ended}");
    if severity != Health::Ok
        && let Some(why) = rollout.rollback_reason.as_ref().or(rollout.reason.as_ref())
    {
        text = format!("{text}: {why}");
    }
    of_service(service, EventKind::Rollout, severity, text)
}

fn deployment_ended<'a>(service: &'a Service, deployment: &Deployment) -> Telling<'a> {
    let (severity, ended) = if deployment.rollout_state == Some(RolloutState::Failed) {
        (Health::Warning, "failed")
    } else {
        (Health::Ok, "finished")
    };
    let text = format!("rollout of {} {ended}", deployment.revision);
    of_service(service, EventKind::Rollout, severity, text)
}

fn firing(alarm: &Alarm) -> Telling<'_> {
    (
        Tier::Alarms,
        EventKind::Alarm,
        alarms::of_state(alarm.state),
        &alarm.name,
        format!("-> {}", alarm.state.word()),
    )
}

fn database<'a>(db: &'a Database, event: &'a DbEvent) -> Telling<'a> {
    let subject = if event.source.is_empty() {
        &db.id
    } else {
        &event.source
    };
    (
        Tier::Rds,
        EventKind::Database,
        db_severity(event),
        subject,
        event.message.clone(),
    )
}

fn snapshot_of<'a>(db: &'a Database, snapshot: &DbSnapshot) -> Telling<'a> {
    (
        Tier::Rds,
        EventKind::Snapshot,
        rds::of_snapshot(&snapshot.status),
        &db.id,
        format!(
            "{} snapshot {} {}",
            snapshot.kind, snapshot.id, snapshot.status
        ),
    )
}

fn invalidated<'a>(cdn: &'a Cdn, invalidation: &Invalidation) -> Telling<'a> {
    let what = if invalidation.paths.is_empty() {
        invalidation.id.clone()
    } else {
        format!("of {}", invalidation.paths.join(" "))
    };
    (
        Tier::CloudFront,
        EventKind::Edge,
        Health::Ok,
        &cdn.id,
        format!("invalidation {what} {}", invalidation.status),
    )
}

fn pushed<'a>(repository: &'a Repository, image: &Image) -> Telling<'a> {
    let what = if image.tags.is_empty() {
        image.digest.clone()
    } else {
        image.tags.join(", ")
    };
    (
        Tier::Images,
        EventKind::Image,
        Health::Ok,
        &repository.name,
        format!("pushed {what}"),
    )
}

fn stop<'a>(service: &'a Service, task: &Task) -> Telling<'a> {
    let severity = Failure::of(task).map_or(Health::Ok, |_| Health::Warning);
    let exit = task
        .containers
        .iter()
        .find_map(|c| c.exit_code.filter(|&code| code != 0))
        .map(|code| format!(", exit {code}"))
        .unwrap_or_default();
    let short: String = task.id.chars().take(8).collect();
    let why = task
        .stopped_reason
        .as_deref()
        .or(task.stop_code.as_ref().map(StopCode::word))
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let text = format!("task {short} of {} stopped{exit}{why}", task.revision);
    of_service(service, EventKind::Task, severity, text)
}

fn scaling<'a>(service: &'a Service, activity: &ScalingActivity) -> Telling<'a> {
    let refused = &activity.not_scaled_reasons;
    let severity = match activity.status {
        ScalingStatus::Failed => Health::Warning,
        _ if refused.iter().any(|r| r == "AlreadyAtMaxCapacity") => Health::Warning,
        _ => Health::Ok,
    };
    let mut text = match &activity.status {
        ScalingStatus::Successful => activity.description.clone(),
        ScalingStatus::NotScaled => format!("not scaled: {}", refused.join(", ")),
        status => format!("{} ({status})", activity.description),
    };
    if text.is_empty() {
        text.clone_from(&activity.cause);
    }
    of_service(service, EventKind::Scaling, severity, text)
}

fn transition_of(transition: &AlarmTransition) -> Telling<'_> {
    let severity = transition.to.map_or(Health::Unknown, alarms::of_state);
    let text = match (transition.from, transition.to) {
        (Some(from), Some(to)) => format!("{} -> {}", from.word(), to.word()),
        (None, Some(to)) => format!("-> {}", to.word()),
        _ => transition.summary.clone(),
    };
    (
        Tier::Alarms,
        EventKind::Alarm,
        severity,
        &transition.alarm,
        text,
    )
}

/// Reads RDS's event categories (USER_Events.Messages).
fn db_severity(event: &DbEvent) -> Health {
    let is = |names: &[&str]| event.categories.iter().any(|c| names.contains(&c.as_str()));
    if has(&event.message, "storage-full") || has(&event.message, "has been exhausted") {
        Health::Critical
    } else if is(&["failure", "failover", "low storage", "availability"]) {
        Health::Warning
    } else {
        Health::Ok
    }
}

/// The words by which a service's message says that something is wrong.
pub(super) fn trouble(message: &str) -> Option<&'static str> {
    const TROUBLE: [&str; 8] = [
        "unable to",
        "failed",
        "unhealthy",
        "not healthy",
        "throttled",
        "could not",
        "misconfigured",
        "rolling back",
    ];
    TROUBLE.into_iter().find(|words| has(message, words))
}
