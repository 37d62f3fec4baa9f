//! What is done in front of the application, against the simulation.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::{
    cloud::{
        Call, Cloud as _, Order,
        call::{EdgeCall, RuleMode, Switch},
        sim::environment,
    },
    error::ErrorKind,
    op::{
        CheckState, Desk, InvalidatePaths, List, ListAddress, Outcome, Plan, Request, Risk,
        SetRule, SwitchAlarm, Undo, UnlistAddress, Until,
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

fn block(address: &str) -> ListAddress {
    ListAddress {
        address: Some(address.to_owned()),
        list: List::Block,
        set: None,
        until: None,
    }
}

fn unblock(address: &str) -> UnlistAddress {
    UnlistAddress {
        address: Some(address.to_owned()),
        set: None,
    }
}

/// Requests that the web ACL blocked in the ten minutes after now, and those that it would have blocked had nobody changed it.
async fn blocked(changed: &crate::cloud::sim::SimCloud) -> (f64, f64) {
    use crate::model::metric::{Metric, MetricId, Window};
    let left_alone = cloud();
    let behind = changed.now().duration_since(left_alone.now());
    left_alone.rest(behind.try_into().unwrap()).await;
    let mut sums = [0.0, 0.0];
    for (cloud, sum) in [changed, &left_alone].into_iter().zip(&mut sums) {
        cloud.rest(Duration::from_mins(11)).await;
        let id = MetricId::of(Metric::WafBlocked);
        let window = Window::last(cloud.now(), 600);
        let metrics = cloud.metrics(std::slice::from_ref(&id), window).await;
        let values = &metrics.unwrap().series[&id].values;
        *sum = values.iter().filter(|v| v.is_finite()).sum();
    }
    (sums[0], sums[1])
}

#[tokio::test]
async fn a_rule_that_counts_lets_pass_what_it_blocked() {
    let cloud = cloud();
    let count = SetRule {
        rule: "AWSManagedRulesCommonRuleSet".to_owned(),
        to: RuleMode::Count,
    };
    let plan = plan(&cloud, count).await;
    let Undo::By(undo, _) = plan.undo.clone() else {
        panic!("it can be undone");
    };
    let watch = run_plan(&cloud, plan).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    let (counting, blocking) = blocked(&cloud).await;
    assert!(counting < blocking * 0.8, "{counting} {blocking}");
    let watch = run(&cloud, *undo).await;
    assert!(says(&watch).contains("is set to block"), "{watch:?}");
}

#[tokio::test]
async fn a_rule_that_neither_blocks_nor_counts_keeps_its_action() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let request = Request::from(SetRule {
        rule: "hydren-ip-allow".to_owned(),
        to: RuleMode::Count,
    });
    let error = request.plan(&desk).await.unwrap_err();
    assert!(
        error.message.contains("neither blocks nor counts"),
        "{error}"
    );
}

#[tokio::test]
async fn a_blocked_network_is_turned_away_and_taken_off_again() {
    let cloud = cloud();
    let plan = plan(&cloud, block("198.51.100.0/24")).await;
    let Undo::By(undo, _) = plan.undo.clone() else {
        panic!("it can be undone");
    };
    let watch = run_plan(&cloud, plan).await;
    assert!(says(&watch).starts_with("198.51.100.0/24 is on hydren-blocked"));
    let (more, before) = blocked(&cloud).await;
    assert!(more > before, "{before} {more}");
    let watch = run(&cloud, *undo).await;
    assert!(says(&watch).starts_with("198.51.100.0/24 is off hydren-blocked"));
}

#[tokio::test]
async fn an_expiry_is_a_note_that_becomes_overdue_and_goes_with_the_address() {
    let cloud = cloud();
    let noted = ListAddress {
        until: Some(Until::After(jiff::SignedDuration::from_hours(1))),
        ..block("198.51.100.7")
    };
    let plan_noted = plan(&cloud, noted).await;
    let warned = plan_noted.checks.iter().find(|c| c.what == "expiry");
    assert!(
        warned
            .unwrap()
            .found
            .contains("nothing takes the address off")
    );
    run_plan(&cloud, plan_noted).await;
    cloud.rest(Duration::from_hours(2)).await;
    let other = plan(&cloud, block("198.51.100.8")).await;
    let overdue = other
        .checks
        .iter()
        .find(|c| c.found.contains("198.51.100.7/32 since"));
    assert!(overdue.is_some(), "{:?}", other.checks);
    let off = plan(&cloud, unblock("198.51.100.7")).await;
    let description = off.changes.iter().find(|c| c.field == "description");
    assert_eq!(description.unwrap().after.as_deref(), Some(""));
}

#[tokio::test]
async fn what_is_listed_already_changes_nothing_and_what_is_not_cannot_be_taken_off() {
    let cloud = cloud();
    assert!(plan(&cloud, block("203.0.113.7")).await.is_empty());
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let requests: [Request; 4] = [
        unblock("198.51.100.77").into(),
        block("198.51.100.77/24").into(),
        block("2001:db8::1").into(),
        ListAddress {
            set: Some("nobody".to_owned()),
            ..block("198.51.100.77")
        }
        .into(),
    ];
    for request in requests {
        let error = request.plan(&desk).await.unwrap_err();
        assert!(error.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn an_allowed_network_passes_whatever_the_rules_behind_say() {
    let cloud = cloud();
    let allow = ListAddress {
        list: List::Allow,
        ..block("192.0.2.0/24")
    };
    let watch = run(&cloud, allow).await;
    assert!(says(&watch).contains("is on hydren-allowed"));
    let (fewer, before) = blocked(&cloud).await;
    assert!(fewer < before, "{before} {fewer}");
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
