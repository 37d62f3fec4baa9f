//! The timeline.

use super::super::fixture::{Fixture, ago, rollout, stopped};
use crate::model::{
    Health, Tier,
    alarm::{AlarmState, AlarmTransition},
    compute::{ScalingActivity, ServiceEvent},
    database::{DbEvent, DbSnapshot},
    edge::Invalidation,
    event::EventKind,
};

/// What the newest `count` events say, with their state.
fn newest(fixture: &Fixture, count: usize) -> Vec<(Health, String)> {
    let events = fixture.timeline().into_iter().take(count);
    events.map(|e| (e.severity, e.text)).collect()
}

fn message(at: i64, text: &str) -> ServiceEvent {
    ServiceEvent {
        id: text.into(),
        at: ago(at),
        message: text.into(),
    }
}

#[test]
fn an_incident_reads_from_its_newest_event_down_to_its_rollout() {
    let mut fixture = Fixture::healthy();
    fixture.alarms.history = vec![AlarmTransition {
        alarm: "alb-5xx".into(),
        at: ago(10),
        from: Some(AlarmState::Ok),
        to: Some(AlarmState::Alarm),
        summary: String::new(),
    }];
    let mut failed = rollout("backend", "ROLLBACK_SUCCESSFUL", 300);
    failed.finished_at = ago(60);
    failed.rollback_reason = Some("the circuit breaker tripped".into());
    let service = fixture.backend();
    service.rollouts.insert(0, failed);
    service.stopped = vec![stopped(
        100,
        "EssentialContainerExited",
        "Essential container in task exited",
        Some(1),
    )];
    let scaling = service.autoscaling.as_mut().expect("autoscaling");
    scaling.activities = vec![ScalingActivity {
        id: "1".into(),
        at: ago(200),
        ended_at: ago(190),
        status: "Successful".into(),
        description: "Setting desired count to 6.".into(),
        cause: String::new(),
        not_scaled_reasons: Vec::new(),
    }];
    assert_eq!(
        newest(&fixture, 5),
        [
            (Health::Warning, "OK -> ALARM".to_owned()),
            (
                Health::Warning,
                "rollout of backend:42 was rolled back: the circuit breaker tripped".to_owned()
            ),
            (
                Health::Warning,
                "task 9f2c41d0 of backend:41 stopped, exit 1: Essential container in task exited"
                    .to_owned()
            ),
            (Health::Ok, "Setting desired count to 6.".to_owned()),
            (
                Health::Ok,
                "rollout backend:41 -> backend:42 began".to_owned()
            ),
        ]
    );
}

#[test]
fn routine_messages_of_a_service_are_left_out_and_a_steady_state_is_fine() {
    let mut fixture = Fixture::healthy();
    fixture.backend().events = vec![
        message(10, "(service backend) has reached a steady state."),
        message(
            20,
            "(service backend) registered 1 targets in (target-group x)",
        ),
        message(30, "(service backend) has started 1 tasks: (task 1)."),
        message(40, "(service backend) was unable to place a task."),
    ];
    let told: Vec<(Health, String)> = newest(&fixture, 2);
    assert_eq!(told[0].0, Health::Ok);
    assert!(told[0].1.contains("steady state"));
    assert_eq!(told[1].0, Health::Warning);
    assert!(told[1].1.contains("unable to place"));
}

#[test]
fn the_database_the_edge_and_the_images_are_part_of_it() {
    let mut fixture = Fixture::healthy();
    fixture.database.events = vec![DbEvent {
        at: ago(10),
        source: "app-db".into(),
        categories: vec!["failover".into()],
        message: "Multi-AZ instance failover started.".into(),
    }];
    fixture.database.snapshots = vec![DbSnapshot {
        id: "before-release".into(),
        kind: "manual".into(),
        status: "available".into(),
        progress: None,
        created_at: ago(20),
        allocated_gib: 100,
        version: "16.4".into(),
        encrypted: true,
    }];
    fixture.cdn.invalidations = vec![Invalidation {
        id: "I1".into(),
        status: "Completed".into(),
        created_at: ago(30),
        paths: vec!["/*".into()],
    }];
    fixture.images.repositories[0].images[0].pushed_at = ago(40);
    assert_eq!(
        newest(&fixture, 4),
        [
            (
                Health::Warning,
                "Multi-AZ instance failover started.".to_owned()
            ),
            (
                Health::Ok,
                "manual snapshot before-release available".to_owned()
            ),
            (Health::Ok, "invalidation of /* Completed".to_owned()),
            (Health::Ok, "pushed 41".to_owned()),
        ]
    );
}

#[test]
fn a_repeated_event_is_told_once() {
    let mut fixture = Fixture::healthy();
    let task = stopped(5, "UserInitiated", "Task stopped by user", None);
    fixture.backend().stopped = vec![task.clone(), task];
    let stops = fixture.timeline();
    assert_eq!(
        stops.iter().filter(|e| e.kind == EventKind::Task).count(),
        1
    );
}

#[test]
fn without_a_history_a_firing_alarm_tells_since_when() {
    let mut fixture = Fixture::healthy();
    fixture.alarms.alarms[0].state = AlarmState::Alarm;
    let event = fixture.timeline().remove(0);
    assert_eq!(
        (event.tier, event.at),
        (Tier::Alarms, ago(300).expect("a time"))
    );
    assert_eq!(event.text, "-> ALARM");
}

#[test]
fn without_service_deployments_the_deployments_tell_of_rollouts() {
    let mut fixture = Fixture::healthy();
    for service in &mut fixture.compute.services {
        service.rollouts.clear();
    }
    let texts: Vec<String> = fixture.timeline().into_iter().map(|e| e.text).collect();
    assert!(texts.contains(&"rollout of backend:41 finished".to_owned()));
    assert!(texts.contains(&"rollout of backend:41 began".to_owned()));
}

#[test]
fn the_newest_come_first_and_no_more_than_five_hundred() {
    let mut fixture = Fixture::healthy();
    fixture.backend().stopped = (0..900)
        .map(|n| stopped(n, "UserInitiated", "Task stopped by user", None))
        .collect();
    let events = fixture.timeline();
    assert_eq!(events.len(), 500);
    assert!(events.is_sorted_by(|a, b| a.at >= b.at));
    assert_eq!(events[0].at, ago(0).expect("a time"));
}

#[test]
fn what_only_steers_autoscaling_is_told_by_its_activities() {
    let mut fixture = Fixture::healthy();
    fixture.alarms.alarms[0].owned_by_autoscaling = true;
    fixture.alarms.history = vec![AlarmTransition {
        alarm: fixture.alarms.alarms[0].name.clone(),
        at: ago(10),
        from: Some(AlarmState::Ok),
        to: Some(AlarmState::Alarm),
        summary: String::new(),
    }];
    fixture.backend().events = vec![message(
        20,
        "Message: Successfully set desired count to 6. Change successfully fulfilled by ecs.",
    )];
    let before = fixture.timeline();
    assert!(
        before.iter().any(|e| e.kind == EventKind::Service),
        "nothing else tells it"
    );
    assert!(before.iter().all(|e| e.kind != EventKind::Alarm));
    let scaling = fixture.backend().autoscaling.as_mut().expect("autoscaling");
    scaling.activities = vec![ScalingActivity {
        id: "1".into(),
        at: ago(25),
        ended_at: ago(20),
        status: "Successful".into(),
        description: "Setting desired count to 6.".into(),
        cause: String::new(),
        not_scaled_reasons: Vec::new(),
    }];
    let after = fixture.timeline();
    assert!(after.iter().all(|e| e.kind != EventKind::Service));
    assert_eq!(after[0].kind, EventKind::Scaling);
}

#[test]
fn messages_by_which_ecs_complains_are_warnings() {
    for words in [
        "is unable to consistently start tasks successfully.",
        "(deployment ecs-svc/1) deployment failed: tasks failed to start.",
        "(port 8000) is unhealthy in (target-group x) due to (reason Request timed out)",
        "task set 1 is not healthy in target-group x due to TARGET GROUP IS NOT FOUND",
        "operations are being throttled. Will try again later.",
        "could not launch 2 tasks for deployment ecs-svc/1",
        "IAM permissions policies have been misconfigured or changed",
        "rolling back to deployment ecs-svc/1.",
    ] {
        let mut fixture = Fixture::healthy();
        fixture.backend().events = vec![message(10, words)];
        assert_eq!(newest(&fixture, 1), [(Health::Warning, words.to_owned())]);
    }
}
