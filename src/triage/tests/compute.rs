//! ECS.

use super::super::fixture::{Fixture, ago, rollout, stopped, task};
use super::super::stops::Failure;
use crate::model::{
    Health, Tier,
    compute::{CircuitBreaker, Deployment, Hook, ScalingActivity, ServiceEvent, Task},
    metric::Metric,
};

#[test]
fn a_service_short_of_tasks_is_told() {
    let mut fixture = Fixture::healthy();
    fixture.backend().running = 3;
    let found = fixture.findings("ecs-below-desired");
    assert_eq!(found[0].severity, Health::Warning);
    assert_eq!(found[0].title, "backend runs 3/4 tasks, 0 pending");
    assert_eq!(fixture.verdict(Tier::Ecs).1, "3/4 running");
    fixture.backend().running = 1;
    assert_eq!(
        fixture.severity("ecs-below-desired"),
        Some(Health::Critical)
    );
}

#[test]
fn the_services_own_words_are_the_first_evidence() {
    let mut fixture = Fixture::healthy();
    fixture.backend().running = 3;
    fixture.backend().events = vec![ServiceEvent {
        id: "1".into(),
        at: ago(60),
        message: "(service backend) was unable to place a task. Reason: Capacity is unavailable at this time.".into(),
    }];
    let found = fixture.findings("ecs-below-desired");
    assert!(found[0].evidence[0].contains("Capacity is unavailable"));
}

#[test]
fn a_young_rollout_may_be_short_of_tasks() {
    let mut fixture = Fixture::healthy();
    fixture.backend().running = 3;
    fixture.backend().deployments[0].created_at = ago(120);
    assert_eq!(fixture.severity("ecs-below-desired"), None);
    fixture.backend().deployments[0].created_at = ago(1_200);
    assert_eq!(fixture.severity("ecs-below-desired"), Some(Health::Warning));
}

#[test]
fn tasks_on_their_way_are_waited_for_until_one_fails() {
    let mut fixture = Fixture::healthy();
    let mut starting = task("backend", "PENDING");
    starting.created_at = ago(40);
    fixture.backend().desired = 6;
    fixture.backend().tasks.extend([starting.clone(), starting]);
    assert_eq!(fixture.severity("ecs-below-desired"), None);
    fixture.backend().stopped = vec![stopped(30, "EssentialContainerExited", "", Some(1))];
    assert_eq!(fixture.severity("ecs-below-desired"), Some(Health::Warning));
}

#[test]
fn a_service_that_is_gone_is_critical() {
    let mut fixture = Fixture::healthy();
    fixture.backend().status = "INACTIVE".into();
    assert_eq!(
        fixture.severity("ecs-service-inactive"),
        Some(Health::Critical)
    );
}

#[test]
fn a_rollback_is_told_for_an_hour() {
    let mut fixture = Fixture::healthy();
    let mut failed = rollout("backend", "ROLLBACK_SUCCESSFUL", 600);
    failed.rollback_reason = Some(
        "Service deployment rolled back because the circuit breaker threshold was exceeded.".into(),
    );
    failed.circuit_breaker = Some(CircuitBreaker {
        status: "TRIGGERED".into(),
        failures: 3,
        threshold: 3,
    });
    fixture.backend().rollouts.insert(0, failed);
    let found = fixture.findings("ecs-rollout-failed");
    assert_eq!(found[0].title, "the rollout of backend:42 was rolled back");
    assert_eq!(
        found[0].evidence[1],
        "circuit breaker TRIGGERED: 3 of 3 failures"
    );
    fixture.backend().rollouts[0].finished_at = ago(4_000);
    assert_eq!(fixture.severity("ecs-rollout-failed"), None);
}

#[test]
fn a_rollout_that_waits_for_a_decision_says_what_comes_without_one() {
    let mut fixture = Fixture::healthy();
    let mut paused = rollout("backend", "IN_PROGRESS", 600);
    paused.stage = Some("POST_TEST_TRAFFIC_SHIFT".into());
    paused.hooks = vec![Hook {
        id: "hook-1".into(),
        kind: "PAUSE".into(),
        status: "AWAITING_ACTION".into(),
        expires_at: ago(-1_800),
        on_timeout: Some("ROLLBACK".into()),
    }];
    fixture.backend().rollouts.insert(0, paused);
    let found = fixture.findings("ecs-rollout-paused");
    assert_eq!(
        found[0].title,
        "the rollout of backend:42 waits for a decision"
    );
    assert_eq!(found[0].evidence[1], "rolls back by itself in 30 min");
}

#[test]
fn a_newer_success_ends_the_finding_of_a_failed_rollout() {
    let mut fixture = Fixture::healthy();
    fixture.backend().rollouts = vec![
        rollout("backend", "SUCCESSFUL", 300),
        rollout("backend", "ROLLBACK_FAILED", 900),
    ];
    assert_eq!(fixture.severity("ecs-rollout-failed"), None);
    fixture.backend().rollouts.remove(0);
    assert_eq!(
        fixture.severity("ecs-rollout-failed"),
        Some(Health::Critical)
    );
}

#[test]
fn without_service_deployments_the_deployment_itself_tells_of_failure() {
    let mut fixture = Fixture::healthy();
    fixture.backend().rollouts.clear();
    assert_eq!(fixture.severity("ecs-rollout-failed"), None);
    let failed = Deployment {
        rollout_state: Some("FAILED".into()),
        rollout_reason: Some("ECS deployment circuit breaker: task failed to start.".into()),
        updated_at: ago(300),
        ..fixture.backend().deployments[0].clone()
    };
    fixture.backend().deployments.push(failed);
    assert_eq!(
        fixture.severity("ecs-rollout-failed"),
        Some(Health::Warning)
    );
}

#[test]
fn failed_tasks_are_told_once_a_cause() {
    let mut fixture = Fixture::healthy();
    let crash = stopped(
        60,
        "EssentialContainerExited",
        "Essential container in task exited",
        Some(1),
    );
    let pull = stopped(
        90,
        "TaskFailedToStart",
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref",
        None,
    );
    fixture.backend().stopped = vec![crash.clone(), crash, pull];
    let titles: Vec<String> = fixture
        .findings("ecs-tasks-failing")
        .into_iter()
        .map(|f| f.title)
        .collect();
    assert_eq!(
        titles,
        [
            "1 task of backend failed in the last 2 min: image cannot be pulled",
            "2 tasks of backend failed in the last 2 min: tasks exit 1"
        ]
    );
}

#[test]
fn a_crash_loop_that_costs_capacity_is_critical() {
    let mut fixture = Fixture::healthy();
    let crash = stopped(
        60,
        "EssentialContainerExited",
        "Essential container in task exited",
        Some(1),
    );
    fixture.backend().stopped = vec![crash; 3];
    assert_eq!(fixture.severity("ecs-tasks-failing"), Some(Health::Warning));
    fixture.backend().running = 3;
    assert_eq!(
        fixture.severity("ecs-tasks-failing"),
        Some(Health::Critical)
    );
}

#[test]
fn tasks_that_were_asked_to_stop_or_stopped_long_ago_are_no_failures() {
    let mut fixture = Fixture::healthy();
    fixture.backend().stopped = vec![
        stopped(
            60,
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by (deployment ecs-svc/1)",
            Some(143),
        ),
        stopped(60, "UserInitiated", "Task stopped by user", Some(137)),
        stopped(
            60,
            "EssentialContainerExited",
            "Essential container in task exited",
            Some(0),
        ),
        stopped(
            1_900,
            "EssentialContainerExited",
            "Essential container in task exited",
            Some(1),
        ),
    ];
    assert_eq!(fixture.severity("ecs-tasks-failing"), None);
}

/// A task that failed to start for `reason`.
fn not_started(reason: &str) -> Option<Failure> {
    Failure::of(&stopped(60, "TaskFailedToStart", reason, None))
}

#[test]
fn causes_are_read_from_the_words_of_ecs() {
    for (reason, failure) in [
        (
            "CannotPullContainerError: pull access denied",
            Failure::CannotPull,
        ),
        (
            "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
            Failure::CannotPull,
        ),
        (
            "CannotPullContainerError: ERROR: toomanyrequests: Too Many Requests or You have reached your pull rate limit.",
            Failure::PullLimit,
        ),
        (
            "The task cannot pull 'x' from the Amazon ECR repository 'y'. There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
            Failure::NoRoute,
        ),
        (
            "CannotPullContainerError: net/http: request canceled while waiting for connection",
            Failure::NoRoute,
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException",
            Failure::Secret,
        ),
        (
            "ResourceInitializationError: retrieved secret from Secrets Manager did not contain json key password",
            Failure::Secret,
        ),
        (
            "ResourceInitializationError: failed to initialize logging driver",
            Failure::LogDriver,
        ),
        ("something new", Failure::NotStarted),
    ] {
        assert_eq!(not_started(reason), Some(failure), "{reason}");
    }
    let health = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:x)";
    let task = stopped(60, "ServiceSchedulerInitiated", health, Some(143));
    assert_eq!(Failure::of(&task), Some(Failure::HealthCheck));
}

#[test]
fn a_kill_for_memory_is_told_from_another_kill() {
    let mut task: Task = stopped(
        60,
        "EssentialContainerExited",
        "Essential container in task exited",
        Some(137),
    );
    assert_eq!(Failure::of(&task), Some(Failure::Exit(137)));
    task.containers[0].reason =
        Some("OutOfMemoryError: Container killed due to memory usage".into());
    assert_eq!(Failure::of(&task), Some(Failure::OutOfMemory));
}

#[test]
fn autoscaling_at_its_maximum_counts_while_its_metric_stays_above_the_target() {
    let mut fixture = Fixture::healthy();
    let service = fixture.backend();
    service.desired = 6;
    service.running = 6;
    assert_eq!(fixture.severity("ecs-at-maximum"), None, "cpu is low");
    fixture.metric_of(Metric::EcsCpu, "backend", &[92.0; 5]);
    let scaling = fixture.backend().autoscaling.as_mut().expect("autoscaling");
    scaling.activities = vec![ScalingActivity {
        id: "1".into(),
        at: ago(120),
        ended_at: None,
        status: "NotScaled".into(),
        description: String::new(),
        cause: String::new(),
        not_scaled_reasons: vec!["AlreadyAtMaxCapacity".into()],
    }];
    let found = fixture.findings("ecs-at-maximum");
    assert_eq!(
        found[0].evidence[1],
        "not scaled 2m ago: AlreadyAtMaxCapacity"
    );
    assert_eq!(fixture.verdict(Tier::Ecs).1, "at max 6, cpu 92 %");
    fixture.backend().desired = 5;
    assert_eq!(fixture.severity("ecs-at-maximum"), None, "there is room");
}

#[test]
fn memory_near_the_limit_is_a_warning() {
    let mut fixture = Fixture::healthy();
    fixture.metric_of(Metric::EcsMemory, "backend", &[95.0; 5]);
    assert_eq!(fixture.severity("ecs-memory"), Some(Health::Warning));
    fixture.metric_of(
        Metric::EcsMemory,
        "backend",
        &[95.0, 95.0, 95.0, 95.0, 85.0],
    );
    assert_eq!(fixture.severity("ecs-memory"), None);
}

#[test]
fn a_cluster_without_services_is_unknown() {
    let mut fixture = Fixture::healthy();
    fixture.compute.services.clear();
    assert_eq!(
        fixture.verdict(Tier::Ecs),
        (Health::Unknown, "no services".to_owned())
    );
}

#[test]
fn a_service_that_autoscaling_just_enlarged_is_given_time() {
    let mut fixture = Fixture::healthy();
    fixture.backend().desired = 6;
    let scaling = fixture.backend().autoscaling.as_mut().expect("autoscaling");
    scaling.activities = vec![ScalingActivity {
        id: "1".into(),
        at: ago(5),
        ended_at: None,
        status: "InProgress".into(),
        description: "Setting desired count to 6.".into(),
        cause: String::new(),
        not_scaled_reasons: Vec::new(),
    }];
    assert_eq!(fixture.severity("ecs-below-desired"), None);
    let scaling = fixture.backend().autoscaling.as_mut().expect("autoscaling");
    scaling.activities[0].at = ago(170);
    assert_eq!(fixture.severity("ecs-below-desired"), None);
    let scaling = fixture.backend().autoscaling.as_mut().expect("autoscaling");
    scaling.activities[0].at = ago(200);
    assert_eq!(fixture.severity("ecs-below-desired"), Some(Health::Warning));
}

#[test]
fn a_new_service_without_a_running_task_is_a_warning() {
    let mut fixture = Fixture::healthy();
    let backend = fixture.backend();
    (backend.running, backend.pending) = (0, 4);
    backend.created_at = ago(40);
    backend.deployments[0].created_at = ago(40);
    for task in &mut backend.tasks {
        task.last_status = "PENDING".into();
        task.created_at = ago(30);
    }
    assert_eq!(fixture.severity("ecs-below-desired"), Some(Health::Warning));
    assert_eq!(
        fixture.verdict(Tier::Ecs),
        (Health::Warning, "0/4 running".to_owned())
    );
    fixture.backend().created_at = None;
    assert_eq!(
        fixture.severity("ecs-below-desired"),
        Some(Health::Warning),
        "its only deployment tells its age"
    );
    fixture.backend().stopped = vec![stopped(10, "EssentialContainerExited", "", Some(1))];
    assert_eq!(
        fixture.severity("ecs-below-desired"),
        Some(Health::Critical)
    );
}

#[test]
fn a_service_that_lost_its_last_task_is_critical_even_while_it_is_deployed() {
    let mut fixture = Fixture::healthy();
    let backend = fixture.backend();
    (backend.running, backend.pending) = (0, 4);
    backend.deployments[0].created_at = ago(40);
    assert_eq!(
        fixture.severity("ecs-below-desired"),
        Some(Health::Critical)
    );
    fixture.backend().desired = 0;
    assert_eq!(fixture.severity("ecs-below-desired"), None);
}
