//! What happened, of every tier in one order.
//!
//! Sources are gathered as references with their time, ordered, and only the newest are put into words: an environment with
//! thousands of stopped tasks costs a sort, not thousands of sentences.

mod source;

use super::stops::has;
use crate::{
    model::{
        alarm::{AlarmState, Alarms},
        compute::{Compute, Service, ServiceEvent},
        event::Event,
        state::RolloutState,
    },
    observe::Observations,
};
use jiff::Timestamp;
use source::{Source, trouble};
use std::{cmp::Reverse, collections::BTreeSet};

/// Events kept: many screens of them, and more than ECS gives of one service.
const KEPT: usize = 500;

/// Puts everything that happened into one order, newest first, without repeats, the newest 500.
#[must_use]
pub fn timeline(seen: &Observations) -> Vec<Event> {
    let mut sources: Vec<(Timestamp, Source<'_>)> = Vec::new();
    let mut add = |at: Option<Timestamp>, source| sources.extend(at.map(|at| (at, source)));
    seen.compute().inspect(|c| compute(c, &mut add));
    seen.alarms().inspect(|a| alarms(a, &mut add));
    if let Some(db) = seen.database() {
        for event in &db.events {
            add(event.at, Source::Database(db, event));
        }
        for snapshot in &db.snapshots {
            add(snapshot.created_at, Source::Snapshot(db, snapshot));
        }
    }
    if let Some(cdn) = seen.cdn() {
        add(cdn.last_modified, Source::Changed(cdn));
        for invalidation in &cdn.invalidations {
            add(
                invalidation.created_at,
                Source::Invalidation(cdn, invalidation),
            );
        }
    }
    for repository in seen.images().iter().flat_map(|i| &i.repositories) {
        for image in &repository.images {
            add(image.pushed_at, Source::Push(repository, image));
        }
    }
    sources.sort_by_key(|(at, _)| Reverse(*at));
    newest(&sources)
}

/// Words the newest sources. Events of one moment are ordered by what they say, so that the order of services or alarms in an answer
/// does not show.
fn newest(sources: &[(Timestamp, Source<'_>)]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for moment in sources.chunk_by(|(a, _), (b, _)| a == b) {
        if events.len() >= KEPT {
            break;
        }
        let mut told: Vec<Event> = moment.iter().map(|(at, source)| source.tell(*at)).collect();
        let mut seen = BTreeSet::new();
        told.retain(|e| seen.insert((e.tier, e.kind, e.subject.clone(), e.text.clone())));
        told.sort_by(|a, b| {
            (Reverse(a.severity), a.tier, a.kind, &a.subject, &a.text).cmp(&(
                Reverse(b.severity),
                b.tier,
                b.kind,
                &b.subject,
                &b.text,
            ))
        });
        events.append(&mut told);
    }
    events.truncate(KEPT);
    events
}

fn compute<'a>(compute: &'a Compute, add: &mut impl FnMut(Option<Timestamp>, Source<'a>)) {
    for service in &compute.services {
        for rollout in &service.rollouts {
            add(
                rollout.started_at.or(rollout.created_at),
                Source::RolloutStart(service, rollout),
            );
            if !rollout.in_progress() {
                add(rollout.finished_at, Source::RolloutEnd(service, rollout));
            }
        }
        // Only where service deployments are not told: the same rollouts, in fewer words.
        if service.rollouts.is_empty() {
            for deployment in &service.deployments {
                add(
                    deployment.created_at,
                    Source::DeploymentStart(service, deployment),
                );
                if matches!(
                    deployment.rollout_state,
                    Some(RolloutState::Completed | RolloutState::Failed)
                ) {
                    add(
                        deployment.updated_at,
                        Source::DeploymentEnd(service, deployment),
                    );
                }
            }
        }
        for event in service.events.iter().filter(|e| is_noteworthy(service, e)) {
            add(event.at, Source::Message(service, event));
        }
        for task in &service.stopped {
            add(task.stopped_at, Source::Stop(service, task));
        }
        for activity in service.autoscaling.iter().flat_map(|a| &a.activities) {
            add(activity.at, Source::Scaling(service, activity));
        }
    }
}

fn alarms<'a>(alarms: &'a Alarms, add: &mut impl FnMut(Option<Timestamp>, Source<'a>)) {
    // Those of autoscaling only steer it, and its activities are told.
    let steering: BTreeSet<&str> = alarms
        .alarms
        .iter()
        .filter(|a| a.owned_by_autoscaling)
        .map(|a| a.name.as_str())
        .collect();
    for transition in &alarms.history {
        if !steering.contains(transition.alarm.as_str()) {
            add(transition.at, Source::Transition(transition));
        }
    }
    // Without a history, the present state still tells when it began.
    if alarms.history.is_empty() {
        let own = alarms.alarms.iter().filter(|a| !a.owned_by_autoscaling);
        for alarm in own.filter(|a| a.state == AlarmState::Alarm) {
            add(alarm.since, Source::Since(alarm));
        }
    }
}

/// Whether a service's message says more than the tasks, rollouts and scaling activities beside it: not the routine of starting,
/// registering and draining (service-event-messages-list).
fn is_noteworthy(service: &Service, event: &ServiceEvent) -> bool {
    const ROUTINE: [&str; 6] = [
        " has started ",
        " has stopped ",
        " registered ",
        " deregistered ",
        "has begun draining",
        "deployment completed",
    ];
    let message = event.message.as_str();
    let scaling = has(message, "set desired count to")
        && service.autoscaling.iter().any(|a| !a.activities.is_empty());
    trouble(message).is_some() || !(scaling || ROUTINE.iter().any(|words| has(message, words)))
}
