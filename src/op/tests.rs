//! Every operation against the simulation: its plan, its way, its end.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Cloud,
        call::{Apply, Scaling},
        sim::{SimCloud, SimOptions, environment},
    },
    error::ErrorKind,
    model::hidden::Hidden,
    observe::Observations,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

pub(super) fn cloud() -> SimCloud {
    SimCloud::new(SimOptions {
        elapsed: Some(Duration::from_hours(1)),
        ..SimOptions::default()
    })
}

/// Plans and carries out a request, and watches it to its end.
pub(super) async fn run(cloud: &SimCloud, request: impl Into<Request>) -> Watch {
    let environment = environment();
    let desk = Desk::new(cloud, &environment);
    let plan = request.into().plan(&desk).await.unwrap();
    run_plan(cloud, plan).await
}

pub(super) async fn run_plan(cloud: &SimCloud, plan: Plan) -> Watch {
    let environment = environment();
    let desk = Desk::new(cloud, &environment);
    let plan = Arc::new(plan);
    let mut watch = Watch::new(Arc::clone(&plan), desk.now());
    carry_out(&desk, &plan, &CancellationToken::new(), |told| {
        watch.told(told, cloud.now());
    })
    .await;
    watched(cloud, &mut watch).await;
    watch
}

/// Watches an operation to its end.
pub(super) async fn watched(cloud: &SimCloud, watch: &mut Watch) {
    let mut seen = Observations::default();
    while watch.outcome.is_none() {
        for tier in watch.goal.tiers() {
            let read = cloud.read(*tier).await;
            seen.tier_mut(*tier).settle(read, cloud.now());
        }
        watch.observe(&seen, cloud.now());
        if let Some(words) = watch.wants(&seen) {
            let read = words.read(cloud).await;
            watch.heard(&words, &read);
        }
        cloud.rest(Duration::from_secs(5)).await;
    }
}

fn says(watch: &Watch) -> Vec<String> {
    watch.outcome.as_ref().unwrap().says()
}

#[tokio::test]
async fn a_service_is_scaled_and_watched_until_its_tasks_run() {
    let cloud = cloud();
    let request = Scale {
        service: "frontend".to_owned(),
        desired: Some(3),
    };
    let watch = run(&cloud, request).await;
    assert_eq!(says(&watch), ["frontend runs 3 tasks"]);
    let took = watch.ended_at.unwrap().duration_since(watch.started_at);
    assert!(took.as_secs() >= 15, "tasks take time to start: {took}");
}

#[tokio::test]
async fn the_undo_of_a_plan_brings_the_state_before_back() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let request: Request = Scale {
        service: "frontend".to_owned(),
        desired: Some(2),
    }
    .into();
    let plan = request.plan(&desk).await.unwrap();
    let Undo::By(undo, _) = plan.undo.clone() else {
        panic!("scaling can be undone");
    };
    run_plan(&cloud, plan.clone()).await;
    let back = undo.plan(&desk).await.unwrap();
    assert_eq!(back.changes[0].before, plan.changes[0].after);
    assert_eq!(back.changes[0].after, plan.changes[0].before);
    assert_eq!(
        says(&run_plan(&cloud, back).await),
        ["frontend runs 1 task"]
    );
}

/// Changes that can be undone, and whether they move the costs.
fn undone_changes() -> [(Request, Moves); 8] {
    let scale = |service: &str, desired| Scale {
        service: service.to_owned(),
        desired: Some(desired),
    };
    let resize = |service: &str, size| Resize {
        service: service.to_owned(),
        size: Some(size),
    };
    let adjust = |adjustment| Autoscale {
        service: "backend".to_owned(),
        to: Aim::Adjusted(adjustment),
    };
    let limits = Adjustment {
        min: Some(3),
        max: Some(12),
        ..Adjustment::default()
    };
    let suspended = Adjustment {
        suspend: Scaling::ALL.into(),
        ..Adjustment::default()
    };
    let class = ModifyDatabase {
        class: Some("db.t4g.large".to_owned()),
        storage_gib: None,
        apply: Some(Apply::Now),
    };
    let variable = RollOut {
        service: "backend".to_owned(),
        set: vec![("LOG_LEVEL".to_owned(), Hidden::new("debug"))],
        ..RollOut::default()
    };
    [
        (scale("frontend", 3).into(), Moves::Costs),
        (scale("backend", 6).into(), Moves::Costs),
        (resize("backend", (1_024, 2_048)).into(), Moves::Costs),
        (resize("frontend", (512, 1_024)).into(), Moves::Costs),
        (adjust(limits).into(), Moves::Costs),
        (adjust(suspended).into(), Moves::Nothing),
        (class.into(), Moves::Costs),
        (variable.into(), Moves::Nothing),
    ]
}

/// USD a month, at the least and at the most, that a plan adds.
fn delta(plan: &Plan) -> (f64, f64) {
    match &plan.cost {
        Cost::Unchanged => (0.0, 0.0),
        Cost::Delta { before, after, .. } => (after - before, after - before),
        Cost::Between { before, after, .. } => {
            (after.floor - before.floor, after.ceiling - before.ceiling)
        }
        other => panic!("{}: {other:?}", plan.title),
    }
}

#[tokio::test]
async fn what_a_change_adds_to_the_costs_its_undo_takes_off_again() {
    for (request, moves) in undone_changes() {
        let cloud = cloud();
        let environment = environment();
        let desk = Desk::new(&cloud, &environment);
        let plan = request.plan(&desk).await.unwrap();
        let there = delta(&plan);
        let moved = there.0.abs() + there.1.abs() > 0.01;
        assert_eq!(
            moved,
            moves == Moves::Costs,
            "{}: {:?}",
            plan.title,
            plan.cost
        );
        let Undo::By(undo, _) = plan.undo.clone() else {
            panic!("{} can be undone", plan.title);
        };
        run_plan(&cloud, plan.clone()).await;
        let back = undo.plan(&desk).await.unwrap();
        let here = delta(&back);
        assert!(
            (there.0 + here.0).abs() < 1e-9 && (there.1 + here.1).abs() < 1e-9,
            "{}: {there:?}, and {here:?} by {}",
            plan.title,
            back.title
        );
    }
}

/// Whether a change moves the costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moves {
    Costs,
    Nothing,
}

#[tokio::test]
async fn a_restart_replaces_every_task_and_says_how_far_it_is() {
    let watch = run(
        &cloud(),
        Restart {
            service: "backend".to_owned(),
        },
    )
    .await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    let labels: Vec<&str> = watch.steps.iter().map(|t| t.step.label.as_str()).collect();
    assert_eq!(labels.len(), 4, "{labels:?}");
    assert!(watch.steps.iter().all(|t| t.step.state == StepState::Done));
}

#[tokio::test]
async fn a_snapshot_is_watched_until_it_is_available() {
    let cloud = cloud();
    let request = SnapshotDatabase {
        snapshot: Some("before-migration".to_owned()),
    };
    let watch = run(&cloud, request.clone()).await;
    assert_eq!(says(&watch), ["snapshot before-migration is available"]);
    let environment = environment();
    let again = Request::from(request)
        .plan(&Desk::new(&cloud, &environment))
        .await
        .unwrap();
    let check = again.forbidden().unwrap();
    assert_eq!(check.what, "name is free");
}

#[tokio::test]
async fn a_plan_whose_target_changed_is_refused_and_made_again() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let scale = |desired| {
        Request::from(Scale {
            service: "frontend".to_owned(),
            desired: Some(desired),
        })
    };
    let plan = scale(5).plan(&desk).await.unwrap();
    run(
        &cloud,
        Scale {
            service: "frontend".to_owned(),
            desired: Some(2),
        },
    )
    .await;
    let mut told = Vec::new();
    let fresh = carry_out(&desk, &plan, &CancellationToken::new(), |t| told.push(t))
        .await
        .unwrap();
    let [Told::Stopped(error)] = &told[..] else {
        panic!("no call is made: {told:?}");
    };
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(
        error.message.contains("desired count was 1, is 2"),
        "{error}"
    );
    assert_eq!(fresh.changes[0].before.as_deref(), Some("2"));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_way_out() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let requests: [Request; 5] = [
        Scale {
            service: "worker".to_owned(),
            desired: Some(1),
        }
        .into(),
        Scale {
            service: "backend".to_owned(),
            desired: Some(-1),
        }
        .into(),
        Restart {
            service: String::new(),
        }
        .into(),
        StopTask {
            task: "ffffffff".to_owned(),
        }
        .into(),
        SnapshotDatabase {
            snapshot: Some("-x--y".to_owned()),
        }
        .into(),
    ];
    for request in requests {
        let error = request.plan(&desk).await.unwrap_err();
        assert!(error.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_plan_that_has_become_riskier_is_shown_again_before_anything_is_done() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    run(
        &cloud,
        Scale {
            service: "frontend".to_owned(),
            desired: Some(2),
        },
    )
    .await;
    let compute = desk.compute().await.unwrap();
    let task = compute.service("frontend").unwrap().tasks[0].id.clone();
    let plan = Request::from(StopTask { task: task.clone() })
        .plan(&desk)
        .await
        .unwrap();
    assert_eq!(plan.risk, Risk::Disruptive);
    // Somebody stops the other one.
    let other = &compute.service("frontend").unwrap().tasks[1].id;
    let stop = Request::from(StopTask {
        task: other.clone(),
    })
    .plan(&desk)
    .await
    .unwrap();
    let order: crate::cloud::Order = stop.calls[0].clone().into();
    cloud.execute(&order).await.unwrap();
    let mut left = 2;
    for _ in 0..60 {
        cloud.rest(Duration::from_secs(1)).await;
        left = desk
            .compute()
            .await
            .unwrap()
            .service("frontend")
            .unwrap()
            .running;
        if left == 1 {
            break;
        }
    }
    assert_eq!(left, 1, "the other one has stopped");
    let mut told = Vec::new();
    let fresh = carry_out(&desk, &plan, &CancellationToken::new(), |t| told.push(t))
        .await
        .unwrap();
    let [Told::Stopped(error)] = &told[..] else {
        panic!("no call is made: {told:?}");
    };
    assert!(error.message.contains("destructive"), "{error}");
    assert_eq!(fresh.risk, Risk::Destructive);
}

#[test]
fn what_was_read_before_it_could_have_changed_does_not_say_that_somebody_changed_it() {
    let goal = Goal::Running {
        service: "frontend".to_owned(),
        desired: 5,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let cloud = cloud();
    let since = cloud.now();
    let mut seen = Observations::default();
    let read = runtime.block_on(cloud.read(crate::model::Tier::Ecs));
    seen.tier_mut(crate::model::Tier::Ecs).settle(read, since);
    // Later reads fail; what is known is as old as before.
    let failed = Err(crate::error::Error::new(ErrorKind::Throttled, "slow down"));
    let later = since + jiff::SignedDuration::from_mins(5);
    seen.tier_mut(crate::model::Tier::Ecs).settle(failed, later);
    let standing = goal.judge(&seen, since, later).unwrap();
    assert_eq!(standing.verdict, Verdict::Watching);
}

#[test]
fn a_watch_that_cannot_see_any_more_says_so_with_the_code_of_the_reason() {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let goal = Goal::Running {
        service: "frontend".to_owned(),
        desired: 5,
    };
    let mut watch = Watch::found("Scale frontend", goal, now);
    let mut seen = Observations::default();
    let expired = crate::error::Error::new(ErrorKind::Expired, "the session has ended");
    seen.tier_mut(crate::model::Tier::Ecs)
        .settle(Err(expired), now);
    watch.lose_sight(&seen, now);
    let outcome = watch.outcome.unwrap();
    assert_eq!(outcome.exit_code(), 5);
    assert!(outcome.says()[0].contains("the session has ended"));
}

fn gated() -> SimCloud {
    SimCloud::new(SimOptions {
        elapsed: Some(Duration::from_mins(10)),
        scenario: crate::cloud::sim::Scenario::Gated,
        ..SimOptions::default()
    })
}

#[tokio::test]
async fn a_deployment_that_waits_at_its_pause_hook_is_let_go_on_and_completes() {
    let cloud = gated();
    let service = "frontend".to_owned();
    let watch = run(
        &cloud,
        ContinueDeployment {
            service: service.clone(),
        },
    )
    .await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    let took = watch.ended_at.unwrap().duration_since(watch.started_at);
    assert!(took.as_secs() >= 300, "both stay up while it bakes: {took}");
    // Nothing waits any more.
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let again: Request = ContinueDeployment { service }.into();
    let error = again.plan(&desk).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.message, "no deployment of frontend is under way");
}

#[tokio::test]
async fn a_rollout_that_pauses_says_so_and_is_rolled_back_when_nobody_decides() {
    let cloud = gated();
    let environment = environment();
    let back = RollBack {
        service: "frontend".to_owned(),
        to: None,
    };
    run(&cloud, back).await;
    let restart: Request = Restart {
        service: "frontend".to_owned(),
    }
    .into();
    let plan = Arc::new(
        restart
            .plan(&Desk::new(&cloud, &environment))
            .await
            .unwrap(),
    );
    let mut watch = Watch::new(Arc::clone(&plan), cloud.now());
    carry_out(
        &Desk::new(&cloud, &environment),
        &plan,
        &CancellationToken::new(),
        |told| {
            watch.told(told, cloud.now());
        },
    )
    .await;
    // Ours is patient.
    watch.deadline = Some(cloud.now() + jiff::SignedDuration::from_hours(3));
    let mut seen = Observations::default();
    let mut pauses = Vec::new();
    while watch.outcome.is_none() {
        for tier in watch.goal.tiers() {
            seen.tier_mut(*tier)
                .settle(cloud.read(*tier).await, cloud.now());
        }
        watch.observe(&seen, cloud.now());
        pauses.extend(watch.paused.iter().map(|(why, _)| why.clone()));
        cloud.rest(Duration::from_secs(30)).await;
    }
    let first = pauses.first().unwrap();
    assert!(first.starts_with("It is paused at post test traffic shift, stage 6 of 11, and rolls back by itself in 1 h"), "{first}");
    assert!(
        matches!(watch.outcome, Some(Outcome::RolledBack(_))),
        "{watch:?}"
    );
    assert_eq!(
        says(&watch)[0],
        "it was rolled back: Lifecycle hook timed out."
    );
}

#[tokio::test]
async fn a_service_that_fails_users_after_a_rollout_is_called_failing_though_its_tasks_run() {
    use crate::model::metric::{Metric, MetricId, Metrics, Series, Window};
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let restart: Request = Restart {
        service: "frontend".to_owned(),
    }
    .into();
    let plan = Arc::new(restart.plan(&desk).await.unwrap());
    let mut watch = Watch::new(Arc::clone(&plan), cloud.now());
    carry_out(&desk, &plan, &CancellationToken::new(), |told| {
        watch.told(told, cloud.now());
    })
    .await;
    let mut seen = Observations::default();
    cloud.rest(Duration::from_mins(5)).await;
    for tier in watch.goal.tiers() {
        seen.tier_mut(*tier)
            .settle(cloud.read(*tier).await, cloud.now());
    }
    let window = Window::last(cloud.now(), 1_200);
    let flat = |value: f64| Series {
        values: vec![value; window.len()],
    };
    let failing = (0..window.len()).map(|minute| {
        if window.at(minute) >= watch.started_at {
            40.0
        } else {
            0.0
        }
    });
    let metrics = Metrics {
        window,
        series: [
            (MetricId::of(Metric::AlbRequests), flat(100.0)),
            (
                MetricId::of(Metric::AlbTarget5xx),
                Series {
                    values: failing.collect(),
                },
            ),
        ]
        .into(),
        messages: Vec::new(),
    };
    seen.metrics.settle(Ok(Arc::new(metrics)), cloud.now());
    watch.observe(&seen, cloud.now());
    assert!(watch.outcome.is_none(), "{watch:?}");
    assert!(
        watch.failing[0].starts_with("5xx answers rose from 0.0 % to 40.0 %"),
        "{:?}",
        watch.failing
    );
    assert_eq!(watch.remedy.as_ref().map(Request::name), Some("rollback"));
}
