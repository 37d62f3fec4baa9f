//! Which metrics are asked for: GetMetricData is billed per metric, so that nothing is queried that no screen or rule uses.

use super::rds;
use crate::{
    model::{
        Tier,
        edge::AdditionalMetrics,
        environment::{Environment, ServiceRole},
        metric::{Metric, MetricId},
    },
    observe::Observations,
};
use std::sync::Arc;

/// Metrics queried every minute at the most, whatever the size of the environment: 40 × 60 × 0.01 USD / 1,000 = 0.024 USD an hour
/// (CloudWatch pricing, GetMetricData), which leaves 0.006 of the promised 0.03 to alarms. Services beyond it are judged by their
/// counts and tasks; their metrics come with the services' screen.
pub(crate) const BUDGET: usize = 40;

/// Metrics that one screen adds to them while it is open: 0.06 USD an hour at the most.
const SCREEN_BUDGET: usize = 100;

/// Lists the metrics that the overview and the rules need: what is queried every minute. What rules decide on comes first, so that
/// a large environment loses charts before it loses findings.
#[must_use]
pub fn base_metrics(environment: &Environment, seen: &Observations) -> Vec<MetricId> {
    let mut ids = Vec::with_capacity(BUDGET);
    let has = |tier: Tier| belongs(tier, environment, seen);
    if has(Tier::Route53) {
        // Query volume is a zone's: without one there is none to ask for.
        let zone = seen
            .dns()
            .map_or(environment.resources.hosted_zone.is_some(), |d| {
                d.zone.is_some()
            });
        all(&mut ids, zone.then_some(Metric::DnsQueries));
        let checks = seen.dns().into_iter().flat_map(|d| &d.health_checks);
        ids.extend(checks.map(|c| MetricId::with(Metric::HealthCheckStatus, c.id.as_str())));
    }
    if has(Tier::CloudFront) {
        all(
            &mut ids,
            [Metric::CdnRequests, Metric::Cdn5xxRate, Metric::Cdn4xxRate],
        );
        all(
            &mut ids,
            additional(seen).then_some(Metric::CdnCacheHitRate),
        );
    }
    if has(Tier::Waf) {
        all(&mut ids, [Metric::WafAllowed, Metric::WafBlocked]);
    }
    if has(Tier::Alb) {
        all(
            &mut ids,
            [
                Metric::AlbRequests,
                Metric::AlbP95,
                Metric::AlbTarget5xx,
                Metric::AlbElb5xx,
            ],
        );
    }
    if has(Tier::Rds) {
        all(
            &mut ids,
            [
                Metric::RdsCpu,
                Metric::RdsConnections,
                Metric::RdsFreeStorage,
                Metric::RdsFreeableMemory,
            ],
        );
        let db = seen.database();
        let load = db.is_some_and(|d| d.performance_insights);
        let credits = db.is_some_and(|d| rds::is_burstable(&d.class));
        all(&mut ids, load.then_some(Metric::RdsDbLoad));
        all(&mut ids, credits.then_some(Metric::RdsCpuCredits));
    }
    if has(Tier::Network) {
        let gateways = seen.network().into_iter().flat_map(|n| &n.nat_gateways);
        ids.extend(gateways.map(|n| MetricId::with(Metric::NatErrorPortAllocation, n.id.as_str())));
    }
    for service in services(environment, seen) {
        ids.push(MetricId::with(Metric::EcsCpu, Arc::clone(&service)));
        ids.push(MetricId::with(Metric::EcsMemory, service));
    }
    charted(&mut ids, environment, seen);
    ids.truncate(BUDGET);
    ids
}

/// What no rule decides on, but status and the overview show.
fn charted(ids: &mut Vec<MetricId>, environment: &Environment, seen: &Observations) {
    let has = |tier: Tier| belongs(tier, environment, seen);
    if has(Tier::Alb) {
        all(
            ids,
            [
                Metric::AlbP50,
                Metric::AlbP99,
                Metric::AlbTarget4xx,
                Metric::AlbElb4xx,
                Metric::AlbConsumedLcus,
                Metric::AlbRejectedConnections,
            ],
        );
    }
    if has(Tier::CloudFront) {
        all(ids, [Metric::CdnBytesDownloaded]);
        all(ids, additional(seen).then_some(Metric::CdnOriginLatencyP90));
    }
    if has(Tier::Waf) {
        all(ids, [Metric::WafCounted]);
    }
    if has(Tier::Rds) {
        all(
            ids,
            [
                Metric::RdsReadIops,
                Metric::RdsWriteIops,
                Metric::RdsReadLatency,
                Metric::RdsWriteLatency,
            ],
        );
    }
}

/// Lists the further metrics that the screen of `tier` charts: queried only while that screen is open, 100 at the most.
#[must_use]
pub fn screen_metrics(tier: Tier, environment: &Environment, seen: &Observations) -> Vec<MetricId> {
    let mut ids = Vec::new();
    match tier {
        Tier::Waf => {
            for rule in seen.waf().into_iter().flat_map(|w| &w.rules) {
                let subject: Arc<str> = rule.metric_name.as_str().into();
                ids.push(MetricId::with(Metric::WafBlocked, Arc::clone(&subject)));
                ids.push(MetricId::with(Metric::WafCounted, subject));
            }
        }
        Tier::Alb => {
            for group in seen.balancer().into_iter().flat_map(|b| &b.target_groups) {
                let subject: Arc<str> = group.dimension().into();
                ids.push(MetricId::with(
                    Metric::AlbHealthyHosts,
                    Arc::clone(&subject),
                ));
                ids.push(MetricId::with(Metric::AlbUnhealthyHosts, subject));
            }
        }
        Tier::Ecs => {
            for service in services(environment, seen) {
                ids.push(MetricId::with(Metric::EcsCpu, Arc::clone(&service)));
                ids.push(MetricId::with(Metric::EcsMemory, Arc::clone(&service)));
                ids.push(MetricId::with(Metric::EcsLiveTasks, service));
            }
        }
        Tier::Network => {
            for nat in seen.network().into_iter().flat_map(|n| &n.nat_gateways) {
                let subject: Arc<str> = nat.id.as_str().into();
                ids.extend(
                    [
                        Metric::NatBytesOut,
                        Metric::NatActiveConnections,
                        Metric::NatPacketsDropped,
                    ]
                    .map(|metric| MetricId::with(metric, Arc::clone(&subject))),
                );
            }
            let groups = &environment.resources.log_groups;
            ids.extend(
                groups
                    .iter()
                    .map(|g| MetricId::with(Metric::LogBytes, g.as_str())),
            );
        }
        Tier::Route53 | Tier::CloudFront | Tier::Rds | Tier::Images | Tier::Alarms => {}
    }
    charted(&mut ids, environment, seen);
    let base = base_metrics(environment, seen);
    ids.retain(|id| id.metric.spec().tier == tier && !base.contains(id));
    ids.truncate(SCREEN_BUDGET);
    ids
}

fn all(ids: &mut Vec<MetricId>, metrics: impl IntoIterator<Item = Metric>) {
    ids.extend(metrics.into_iter().map(MetricId::of));
}

/// Whether a tier is part of the environment as far as is known: it was read, or it is named.
fn belongs(tier: Tier, environment: &Environment, seen: &Observations) -> bool {
    seen.tier(tier).value.is_some() || environment.resources.names(tier)
}

/// Whether the distribution may publish the additional metrics: those that it does not publish are not asked for.
fn additional(seen: &Observations) -> bool {
    seen.cdn()
        .is_some_and(|c| c.additional_metrics != AdditionalMetrics::Disabled)
}

/// The services, those that serve the API first, then by name: the order in which a budget keeps them.
fn services(environment: &Environment, seen: &Observations) -> Vec<Arc<str>> {
    let named = &environment.resources.services;
    let rank = |name: &str| match named.iter().find(|s| s.name == name).map(|s| s.role) {
        Some(ServiceRole::Backend) => 0,
        Some(ServiceRole::Frontend) => 1,
        Some(ServiceRole::Other) => 2,
        None => 3,
    };
    let mut all: Vec<&str> = seen.compute().map_or_else(
        || named.iter().map(|s| s.name.as_str()).collect(),
        |c| c.services.iter().map(|s| s.name.as_str()).collect(),
    );
    all.sort_by_cached_key(|name| (rank(name), *name));
    all.into_iter().map(Arc::from).collect()
}
