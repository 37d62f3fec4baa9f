//! The metrics that are asked for, and their price.

use super::super::{
    fixture::{Fixture, service},
    queries::BUDGET,
};
use crate::model::{
    Tier,
    edge::AdditionalMetrics,
    environment::{ServiceName, ServiceRole},
    metric::{Metric, MetricId},
};
use std::collections::BTreeSet;

/// US dollars an hour of asking for `metrics` every minute: 0.01 USD per 1,000 metrics requested (CloudWatch pricing).
fn hourly_usd(metrics: usize) -> f64 {
    f64::from(u32::try_from(metrics).expect("few")) * 60.0 * 0.01 / 1_000.0
}

fn asks(ids: &[MetricId], metric: Metric) -> bool {
    ids.iter().any(|id| id.metric == metric)
}

#[test]
fn an_environment_with_two_services_costs_less_than_three_cents_an_hour() {
    let mut fixture = Fixture::healthy();
    let gateway = fixture.network.nat_gateways[0].clone();
    fixture.network.nat_gateways.push(gateway);
    fixture.network.nat_gateways[1].id = "nat-2".into();
    let base = fixture.base();
    assert!(
        base.len() < BUDGET,
        "nothing had to be left out: {}",
        base.len()
    );
    assert!(hourly_usd(base.len()) <= 0.03);
}

#[test]
fn an_environment_of_any_size_stays_within_the_budget() {
    let mut fixture = Fixture::healthy();
    let many = (0..200).map(|n| service(&format!("worker-{n:03}"), 1));
    fixture.compute.services.splice(0..0, many);
    let base = fixture.base();
    assert_eq!(base.len(), BUDGET);
    assert!(hourly_usd(BUDGET) <= 0.03);
    assert!(
        base.contains(&MetricId::with(Metric::EcsCpu, "backend")),
        "what serves the API is kept"
    );
    assert!(asks(&base, Metric::RdsCpu), "and so is what rules need");
}

#[test]
fn nothing_is_asked_for_twice() {
    let fixture = Fixture::healthy();
    let base = fixture.base();
    assert_eq!(base.iter().collect::<BTreeSet<_>>().len(), base.len());
    for tier in Tier::ALL {
        let screen = fixture.screen(tier);
        assert_eq!(screen.iter().collect::<BTreeSet<_>>().len(), screen.len());
        assert!(screen.iter().all(|id| !base.contains(id)));
    }
}

#[test]
fn what_is_not_published_is_not_asked_for() {
    let mut fixture = Fixture::healthy();
    assert!(asks(&fixture.base(), Metric::CdnCacheHitRate));
    assert!(asks(&fixture.base(), Metric::RdsCpuCredits));
    assert!(asks(&fixture.base(), Metric::RdsDbLoad));
    fixture.cdn.additional_metrics = AdditionalMetrics::Disabled;
    fixture.database.class = "db.m7g.large".into();
    fixture.database.performance_insights = false;
    let base = fixture.base();
    for metric in [
        Metric::CdnCacheHitRate,
        Metric::CdnOriginLatencyP90,
        Metric::RdsCpuCredits,
        Metric::RdsDbLoad,
    ] {
        assert!(!asks(&base, metric), "{metric:?}");
    }
}

#[test]
fn a_screen_asks_for_what_only_it_charts() {
    let fixture = Fixture::healthy();
    assert_eq!(
        fixture.screen(Tier::Waf),
        [
            MetricId::with(Metric::WafBlocked, "common"),
            MetricId::with(Metric::WafCounted, "common"),
        ]
    );
    assert!(asks(&fixture.screen(Tier::Alb), Metric::AlbHealthyHosts));
    assert!(asks(&fixture.screen(Tier::Ecs), Metric::EcsLiveTasks));
    assert!(asks(&fixture.screen(Tier::Network), Metric::NatBytesOut));
    assert!(asks(&fixture.screen(Tier::Network), Metric::LogBytes));
}

#[test]
fn before_anything_was_read_the_named_services_are_asked_for() {
    let mut fixture = Fixture::healthy();
    fixture.blank.insert(Tier::Ecs, None);
    fixture.environment.resources.services = vec![ServiceName {
        name: "api".into(),
        role: ServiceRole::Backend,
    }];
    assert!(
        fixture
            .base()
            .contains(&MetricId::with(Metric::EcsCpu, "api"))
    );
}

#[test]
fn a_screen_of_any_size_stays_within_its_budget() {
    let mut fixture = Fixture::healthy();
    fixture.compute.services = (0..200)
        .map(|n| service(&format!("worker-{n:03}"), 1))
        .collect();
    let screen = fixture.screen(Tier::Ecs);
    assert!(hourly_usd(screen.len()) <= 0.06, "{}", screen.len());
    assert!(asks(&screen, Metric::EcsLiveTasks));
}
