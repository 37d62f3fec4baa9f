//! What is done in front of the application, against the simulation.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::{
    cloud::{
        Call, Cloud as _, Order,
        call::{EdgeCall, Switch},
        sim::environment,
    },
    error::ErrorKind,
    op::{
        CheckState, Desk, InvalidatePaths, Outcome, Plan, Request, Risk, SwitchAlarm, Undo,
        tests::{cloud, run, run_plan},
    },
};
use std::time::Duration;

async fn plan(cloud: &crate::cloud::sim::SimCloud, request: impl Into<Request>) -> Plan {
    let environment = environment();
    let desk = Desk::new(cloud, &environment);
    request.into().plan(&desk).await.unwrap()
}

fn says(watch: &crate::op::Watch) -> String {
    watch.outcome.as_ref().unwrap().says().join(" ")
}

#[tokio::test]
async fn an_invalidation_is_watched_until_it_has_reached_every_edge() {
    let cloud = cloud();
    let watch = run(&cloud, InvalidatePaths::typed("/index.html /static/*")).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert!(says(&watch).contains("has reached every edge"));
    let took = watch.ended_at.unwrap().duration_since(watch.started_at);
    assert!(took.as_secs() >= 30, "edges take time: {took}");
}

#[tokio::test]
async fn a_plan_that_is_carried_out_twice_makes_one_invalidation() {
    let cloud = cloud();
    let plan = plan(&cloud, InvalidatePaths::typed("/index.html")).await;
    let count = async || {
        let environment = environment();
        let cdn = Desk::new(&cloud, &environment).cdn().await.unwrap();
        cdn.invalidations.len()
    };
    let before = count().await;
    run_plan(&cloud, plan.clone()).await;
    let again = run_plan(&cloud, plan).await;
    assert!(matches!(again.outcome, Some(Outcome::Done(_))), "{again:?}");
    assert_eq!(count().await, before + 1);
}

#[tokio::test]
async fn an_empty_cache_sends_viewers_to_the_origin_until_it_is_filled() {
    let cloud = cloud();
    let hits = async || {
        use crate::model::metric::{Metric, MetricId, Window};
        let id = MetricId::of(Metric::CdnCacheHitRate);
        let window = Window::last(cloud.now(), 300);
        let metrics = cloud
            .metrics(std::slice::from_ref(&id), window)
            .await
            .unwrap();
        *metrics.series[&id].values.last().unwrap()
    };
    let before = hits().await;
    let emptied = plan(&cloud, InvalidatePaths::typed("/*")).await;
    assert_eq!(emptied.risk, Risk::Disruptive);
    run_plan(&cloud, emptied).await;
    cloud.rest(Duration::from_mins(1)).await;
    let emptied = hits().await;
    cloud.rest(Duration::from_mins(20)).await;
    let after = hits().await;
    assert!(emptied < before - 20.0, "{before} {emptied}");
    assert!(after > emptied + 20.0, "{emptied} {after}");
}

#[tokio::test]
async fn no_more_paths_are_sent_than_cloudfront_takes_at_once() {
    let cloud = cloud();
    let many: Vec<String> = (0..15).map(|n| format!("/{n}*")).collect();
    let first = plan(&cloud, InvalidatePaths::typed(&many.join(" "))).await;
    assert!(first.forbidden().is_none());
    for call in &first.calls {
        cloud.execute(&call.clone().into()).await.unwrap();
    }
    cloud.rest(Duration::from_secs(10)).await;
    let another = plan(&cloud, InvalidatePaths::typed("/more*")).await;
    let check = another.forbidden().unwrap();
    assert!(check.found.contains("15 in progress"), "{}", check.found);
    let plain = plan(&cloud, InvalidatePaths::typed("/index.html")).await;
    assert!(plain.forbidden().is_none());
}

#[tokio::test]
async fn an_alarms_actions_are_switched_off_and_on_again_by_the_undo() {
    let cloud = cloud();
    let off = SwitchAlarm {
        alarm: "hydren-alb-5xx".to_owned(),
        to: Switch::Disabled,
    };
    let plan = plan(&cloud, off).await;
    let Undo::By(undo, _) = plan.undo.clone() else {
        panic!("it can be undone");
    };
    let watch = run_plan(&cloud, plan).await;
    assert_eq!(says(&watch), "the actions of hydren-alb-5xx are disabled");
    let watch = run(&cloud, *undo).await;
    assert_eq!(says(&watch), "the actions of hydren-alb-5xx are enabled");
}

#[tokio::test]
async fn the_alarms_that_autoscaling_lives_by_are_left_alone() {
    let cloud = cloud();
    let environment = environment();
    let alarms = Desk::new(&cloud, &environment).alarms().await.unwrap();
    let owned = alarms.alarms.iter().find(|a| a.owned_by_autoscaling);
    let off = SwitchAlarm {
        alarm: owned.unwrap().name.clone(),
        to: Switch::Disabled,
    };
    let plan = plan(&cloud, off).await;
    assert_eq!(plan.forbidden().unwrap().state, CheckState::Failed);
}

#[tokio::test]
async fn an_alarm_that_somebody_switches_back_is_told_as_rolled_back() {
    let cloud = cloud();
    let off = SwitchAlarm {
        alarm: "hydren-alb-5xx".to_owned(),
        to: Switch::Disabled,
    };
    let plan = plan(&cloud, off).await;
    let goal = plan.goal.clone();
    run_plan(&cloud, plan).await;
    let back = EdgeCall::SwitchAlarm {
        alarm: "hydren-alb-5xx".to_owned(),
        region: "us-east-1".to_owned(),
        to: Switch::Enabled,
    };
    cloud.execute(&Order::from(Call::from(back))).await.unwrap();
    let mut watch = crate::op::Watch::found("", goal, cloud.now());
    cloud.rest(Duration::from_mins(1)).await;
    let mut seen = crate::observe::Observations::default();
    for tier in watch.goal.tiers() {
        let read = cloud.read(*tier).await;
        seen.tier_mut(*tier).settle(read, cloud.now());
    }
    watch.observe(&seen, cloud.now());
    assert!(matches!(watch.outcome, Some(Outcome::RolledBack(_))));
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_a_way_out() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let requests: [(Request, ErrorKind); 3] = [
        (
            InvalidatePaths::typed("index.html").into(),
            ErrorKind::Usage,
        ),
        (InvalidatePaths::typed("").into(), ErrorKind::Usage),
        (
            SwitchAlarm {
                alarm: "nobody".to_owned(),
                to: Switch::Enabled,
            }
            .into(),
            ErrorKind::NotFound,
        ),
    ];
    for (request, kind) in requests {
        let error = request.plan(&desk).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
}
