//! The load balancer.

use super::super::fixture::{Fixture, certificate, group, target};
use crate::model::{Health, Tier, balancer::TargetState, metric::Metric};

#[test]
fn a_balancer_that_is_not_active_is_told() {
    let mut fixture = Fixture::healthy();
    fixture.balancer.state = "active_impaired".into();
    assert_eq!(fixture.severity("alb-state"), Some(Health::Warning));
    assert_eq!(fixture.verdict(Tier::Alb).1, "active impaired");
    fixture.balancer.state = "failed".into();
    assert_eq!(fixture.severity("alb-state"), Some(Health::Critical));
}

#[test]
fn unhealthy_targets_are_told_with_their_reason() {
    let mut fixture = Fixture::healthy();
    let mut failing = target(TargetState::Unhealthy);
    failing.reason = Some("Target.ResponseCodeMismatch".into());
    failing.description = Some("Health checks failed with these codes: [502]".into());
    let targets = &mut fixture.balancer.target_groups[0].targets;
    targets[0] = failing.clone();
    targets[1] = failing;
    let found = fixture.findings("alb-unhealthy-targets");
    assert_eq!(found[0].severity, Health::Warning);
    assert_eq!(
        found[0].evidence[0],
        "2 targets: Target.ResponseCodeMismatch: Health checks failed with these codes: [502]"
    );
    assert_eq!(fixture.verdict(Tier::Alb).1, "2/4 healthy");
}

#[test]
fn targets_that_register_or_leave_are_no_failures() {
    let mut fixture = Fixture::healthy();
    let targets = &mut fixture.balancer.target_groups[0].targets;
    targets[0] = target(TargetState::Initial);
    targets[1] = target(TargetState::Draining);
    assert_eq!(fixture.assess().findings, []);
}

#[test]
fn a_group_without_a_healthy_target_is_critical() {
    let mut fixture = Fixture::healthy();
    fixture.balancer.target_groups[1].targets = vec![target(TargetState::Unhealthy)];
    let found = fixture.findings("alb-no-healthy-target");
    assert_eq!(
        (found[0].severity, found[0].subject.as_str()),
        (Health::Critical, "frontend")
    );
    fixture.balancer.target_groups[1].targets.clear();
    assert_eq!(
        fixture.findings("alb-no-healthy-target")[0].title,
        "the target group frontend has no target"
    );
}

#[test]
fn a_group_that_gets_no_requests_may_be_empty() {
    let mut fixture = Fixture::healthy();
    let idle = group("green", 0);
    let rule = &mut fixture.balancer.listeners[0].rules[0];
    rule.forwards_to.push((idle.arn.clone(), 0));
    fixture.balancer.target_groups.push(idle);
    assert_eq!(fixture.severity("alb-no-healthy-target"), None);
}

#[test]
fn targets_that_cannot_be_read_are_not_healthy_ones() {
    let mut fixture = Fixture::healthy();
    fixture.balancer.target_groups[0].targets.clear();
    fixture.balancer.target_groups[0].targets_error = Some("denied".into());
    assert_eq!(
        fixture.verdict(Tier::Alb),
        (Health::Unknown, "targets not readable".to_owned())
    );
}

#[test]
fn errors_of_the_application_and_of_the_balancer_are_told_apart() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::AlbTarget5xx, &[30.0; 5]);
    assert_eq!(fixture.severity("alb-target-5xx"), Some(Health::Warning));
    assert_eq!(fixture.severity("alb-balancer-5xx"), None);
    fixture.metric(Metric::AlbElb5xx, &[200.0; 5]);
    assert_eq!(fixture.severity("alb-balancer-5xx"), Some(Health::Critical));
    assert_eq!(fixture.verdict(Tier::Alb).1, "5xx 16.7 %");
}

#[test]
fn a_503_without_any_request_counts_too() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::AlbRequests, &[0.0; 8]);
    fixture.metric(Metric::AlbElb5xx, &[40.0; 5]);
    assert_eq!(fixture.severity("alb-balancer-5xx"), Some(Health::Critical));
    fixture.metric(Metric::AlbRequests, &[f64::NAN; 60]);
    assert_eq!(
        fixture.severity("alb-balancer-5xx"),
        Some(Health::Critical),
        "also when no request was counted in the whole window"
    );
}

#[test]
fn a_few_errors_or_one_bad_minute_are_no_finding() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::AlbRequests, &[3.0; 60]);
    fixture.metric(Metric::AlbTarget5xx, &[0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(fixture.severity("alb-target-5xx"), None);
    fixture.metric(Metric::AlbTarget5xx, &[0.0, 0.0, 0.0, 0.0, 90.0]);
    assert_eq!(fixture.severity("alb-target-5xx"), None);
}

#[test]
fn a_slow_p95_is_a_warning() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::AlbP95, &[0.9, 0.9, 1.9, 1.9, 1.9]);
    assert_eq!(fixture.severity("alb-slow"), Some(Health::Warning));
    fixture.metric(Metric::AlbP95, &[0.9, 0.9, 0.9, 1.9, 1.9]);
    assert_eq!(fixture.severity("alb-slow"), None);
}

#[test]
fn a_certificate_of_two_listeners_is_told_once() {
    let mut fixture = Fixture::healthy();
    fixture.balancer.listeners[0].certificates = vec![certificate(3)];
    let twin = fixture.balancer.listeners[0].clone();
    fixture.balancer.listeners.push(twin);
    assert_eq!(fixture.findings("alb-certificate").len(), 1);
    assert_eq!(fixture.verdict(Tier::Alb).1, "certificate 3 d left");
}

#[test]
fn counts_are_rates_a_minute_whatever_the_period() {
    let mut fixture = Fixture::healthy();
    fixture.metrics.window.period = 300;
    let figure = fixture.figure(Tier::Alb, "requests_per_minute");
    assert_eq!(figure.and_then(|f| f.value), Some(200.0));
}

#[test]
fn a_metric_nobody_asked_for_is_told_from_one_without_data() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::AlbP95, &[f64::NAN; 60]);
    let missing = |f: &Fixture, name| f.figure(Tier::Alb, name).and_then(|f| f.missing);
    assert_eq!(missing(&fixture, "latency_p95").as_deref(), Some("no data"));
    fixture.metrics.series.clear();
    assert_eq!(
        missing(&fixture, "latency_p95").as_deref(),
        Some("not queried")
    );
}
