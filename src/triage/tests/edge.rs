//! Route 53, CloudFront and WAF.

use super::super::fixture::{Fixture, ago, certificate};
use crate::model::{
    Health, Tier,
    edge::{AdditionalMetrics, Health3, RecordTarget, SampledRequest},
    metric::Metric,
};

#[test]
fn a_failing_health_check_is_critical() {
    let mut fixture = Fixture::healthy();
    fixture.dns.health_checks[0].state = Health3::Unhealthy;
    fixture.dns.health_checks[0].last_failure = Some("Failure: HTTP Status Code 502".into());
    let found = fixture.findings("dns-health-check");
    assert_eq!(found[0].severity, Health::Critical);
    assert_eq!(found[0].evidence[1], "Failure: HTTP Status Code 502");
    assert_eq!(fixture.verdict(Tier::Route53).1, "health check down");
}

#[test]
fn a_health_check_without_a_status_is_read_from_its_metric() {
    let mut fixture = Fixture::healthy();
    fixture.dns.health_checks[0].state = Health3::Unknown;
    assert_eq!(fixture.verdict(Tier::Route53).0, Health::Ok);
    fixture.metric_of(Metric::HealthCheckStatus, "hc-1", &[0.0; 5]);
    assert_eq!(fixture.severity("dns-health-check"), Some(Health::Critical));
    fixture.metric_of(Metric::HealthCheckStatus, "hc-1", &[f64::NAN; 60]);
    assert_eq!(
        fixture.verdict(Tier::Route53),
        (Health::Unknown, "health check unknown".to_owned())
    );
}

#[test]
fn a_zone_without_a_record_into_the_environment_is_a_warning() {
    let mut fixture = Fixture::healthy();
    fixture.dns.records[0].leads_to = RecordTarget::Elsewhere;
    assert_eq!(fixture.severity("dns-no-record"), Some(Health::Warning));
    fixture.dns.records[0].leads_to = RecordTarget::Balancer;
    assert_eq!(fixture.severity("dns-no-record"), None);
}

#[test]
fn a_disabled_distribution_is_critical() {
    let mut fixture = Fixture::healthy();
    fixture.cdn.enabled = false;
    assert_eq!(fixture.severity("cdn-disabled"), Some(Health::Critical));
}

#[test]
fn a_distribution_may_take_its_time_to_deploy_but_not_for_ever() {
    let mut fixture = Fixture::healthy();
    fixture.cdn.status = "InProgress".into();
    fixture.cdn.last_modified = ago(300);
    assert_eq!(
        fixture.verdict(Tier::CloudFront),
        (Health::Ok, "deploying".to_owned())
    );
    fixture.cdn.last_modified = ago(3_600);
    assert_eq!(fixture.severity("cdn-not-deployed"), Some(Health::Warning));
}

#[test]
fn edge_errors_count_when_they_last() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::Cdn5xxRate, &[0.0, 0.0, 0.0, 0.0, 40.0]);
    assert_eq!(fixture.severity("cdn-5xx"), None, "one bad minute is none");
    fixture.metric(Metric::Cdn5xxRate, &[0.0, 0.0, 2.0, 2.0, 2.0]);
    assert_eq!(fixture.severity("cdn-5xx"), Some(Health::Warning));
    fixture.metric(Metric::Cdn5xxRate, &[6.0; 5]);
    assert_eq!(fixture.severity("cdn-5xx"), Some(Health::Critical));
    assert_eq!(fixture.verdict(Tier::CloudFront).1, "5xx 6.0 %");
}

#[test]
fn a_certificate_warns_a_month_and_alarms_a_week_ahead() {
    let mut fixture = Fixture::healthy();
    let mut at = |days| {
        fixture.cdn.certificate = Some(certificate(days));
        fixture.severity("cdn-certificate")
    };
    assert_eq!(at(31), None);
    assert_eq!(at(30), Some(Health::Warning));
    assert_eq!(at(7), Some(Health::Critical));
    assert_eq!(at(-1), Some(Health::Critical));
    assert_eq!(fixture.verdict(Tier::CloudFront).1, "certificate expired");
}

#[test]
fn the_hit_ratio_is_not_enabled_rather_than_without_data() {
    let mut fixture = Fixture::healthy();
    fixture.cdn.additional_metrics = AdditionalMetrics::Disabled;
    fixture.metric(Metric::CdnCacheHitRate, &[f64::NAN; 60]);
    let figure = fixture.figure(Tier::CloudFront, "cache_hit_rate");
    assert_eq!(
        figure.and_then(|f| f.missing).as_deref(),
        Some("not enabled")
    );
    assert_eq!(fixture.verdict(Tier::CloudFront).1, "1.0k req/min");
}

#[test]
fn a_surge_of_blocked_requests_names_the_rule_behind_it() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::WafBlocked, &[400.0; 5]);
    fixture.waf.samples = vec![SampledRequest {
        at: ago(60),
        client_ip: "192.0.2.7".into(),
        country: "CH".into(),
        method: "POST".into(),
        uri: "/upload".into(),
        action: "BLOCK".into(),
        rule: "SizeRestrictions_BODY".into(),
        weight: 12,
    }];
    let found = fixture.findings("waf-blocked-surge");
    assert_eq!(found[0].title, "WAF blocks 28.6 % of requests");
    assert!(
        found[0].evidence[2].contains("SizeRestrictions_BODY (12 of 12)"),
        "{:?}",
        found[0].evidence
    );
}

#[test]
fn a_share_that_is_usual_for_the_site_is_no_surge() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::WafBlocked, &[200.0; 60]);
    assert_eq!(fixture.severity("waf-blocked-surge"), None);
}
