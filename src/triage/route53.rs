//! Route 53: health checks, and records that lead nowhere.

use super::{Part, Raised, Rule, Scene, scene::counted};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        edge::{Health3, HealthCheck, RecordTarget},
        finding::Figure,
        metric::{Metric, Unit},
    },
};

pub(super) const PART: Part = Part {
    tier: Tier::Route53,
    rules: &[
        Rule {
            name: "dns-health-check",
            check: health_check,
        },
        Rule {
            name: "dns-no-record",
            check: no_record,
        },
    ],
    figures,
    judged_by: &[],
    calm,
};

/// A health check that fails.
fn health_check(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(dns) = scene.seen.dns() else {
        return Vec::new();
    };
    dns.health_checks
        .iter()
        .filter(|check| standing(scene, check) == Health::Critical)
        .map(|check| {
            Raised::new(
                Health::Critical,
                &check.name,
                "health check down",
                format!("the health check {} fails", check.name),
            )
            .because([format!(
                "{} of {} checkers reach {}",
                check.healthy_checkers, check.checkers, check.target
            )])
            .because(check.last_failure.clone())
            .advise("open the target as a browser would; if only the checkers fail, look at the WAF and the security groups")
        })
        .collect()
}

/// How a health check is. Route 53 itself decides it by the share of checkers; where that could not be read, the metric does, as AWS
/// recommends (`HealthCheckStatus` < 1, 3 of 3).
pub(super) fn standing(scene: &Scene<'_>, check: &HealthCheck) -> Health {
    let metric = || scene.recent_of(Metric::HealthCheckStatus, &check.id);
    match check.state {
        Health3::Healthy => Health::Ok,
        Health3::Unhealthy => Health::Critical,
        Health3::Unknown if metric().all(|v| v < 1.0) => Health::Critical,
        Health3::Unknown if metric().latest().is_some_and(|v| v >= 1.0) => Health::Ok,
        Health3::Unknown => Health::Unknown,
    }
}

/// A zone without any record that leads into the environment.
fn no_record(scene: &Scene<'_>) -> Vec<Raised> {
    let Some((dns, zone)) = scene.seen.dns().and_then(|d| Some((d, d.zone.as_ref()?))) else {
        return Vec::new();
    };
    if dns
        .records
        .iter()
        .any(|r| r.leads_to != RecordTarget::Elsewhere)
    {
        return Vec::new();
    }
    let domain = scene.environment.resources.domain.as_deref();
    let found = dns
        .records
        .iter()
        .map(|r| format!("{} {} leads to {}", r.name, r.kind, r.target));
    vec![
        Raised::new(
            Health::Warning,
            domain.unwrap_or(&zone.name),
            "no record leads here",
            format!("no record of {} leads to the distribution or the balancer", zone.name),
        )
        .because(found)
        .advise("create an alias record to the distribution, which must list the name among its alternate domain names"),
    ]
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let dns = scene.seen.dns();
    let checks = dns.map(|d| d.health_checks.as_slice());
    let unhealthy = checks.map(|checks| {
        let failing = |c: &&HealthCheck| standing(scene, c) == Health::Critical;
        checks.iter().filter(failing).count()
    });
    vec![
        scene.rate("queries_per_minute", "q/min", Metric::DnsQueries),
        counted(
            "alias_records",
            "records",
            dns.map(|d| {
                d.records
                    .iter()
                    .filter(|r| r.leads_to != RecordTarget::Elsewhere)
                    .count()
            }),
        ),
        counted("health_checks", "checks", checks.map(<[_]>::len)),
        counted("health_checks_unhealthy", "failing", unhealthy),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let dns = scene.seen.dns()?;
    let unknown = |c: &HealthCheck| standing(scene, c) == Health::Unknown;
    Some(if dns.zone.is_none() {
        Verdict::new(Health::Unknown, "no hosted zone")
    } else if dns.health_checks.iter().any(unknown) {
        Verdict::new(Health::Unknown, "health check unknown")
    } else {
        let text = scene.per_minute(Metric::DnsQueries).map_or_else(
            || format::count(dns.records.len(), "record"),
            |rate| format!("{} q/min", format::value(rate, Unit::Count)),
        );
        Verdict::new(Health::Ok, text)
    })
}
