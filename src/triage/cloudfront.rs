//! CloudFront: whether the distribution answers viewers, its errors and its certificate.

use super::{
    Part, Raised, Rule, Scene, certificate,
    scene::{counted, fact},
};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        edge::{AdditionalMetrics, Cdn},
        finding::Figure,
        metric::{Metric, Unit},
        state::{DistributionStatus, InvalidationStatus},
    },
};

pub(super) const PART: Part = Part {
    tier: Tier::CloudFront,
    rules: &[
        Rule {
            name: "cdn-disabled",
            check: disabled,
        },
        Rule {
            name: "cdn-5xx",
            check: errors,
        },
        Rule {
            name: "cdn-certificate",
            check: expiry,
        },
        Rule {
            name: "cdn-not-deployed",
            check: not_deployed,
        },
    ],
    figures,
    judged_by: &[Metric::Cdn5xxRate],
    calm,
};

/// Percent of viewer requests answered with 5xx that need attention. AWS leaves the number to the owner ("depends on your
/// situation"); one in a hundred is ours.
const WARN_5XX: f64 = 1.0;
/// Percent at which users are affected: the share at which AWS suggests to start alarms on target errors (ECS Service Connect, 5 %).
const CRITICAL_5XX: f64 = 5.0;
/// Seconds that a change of the distribution may take to reach all edges; usually it takes a few minutes. Ours.
const DEPLOYS_IN: i64 = 30 * 60;

/// How a distribution is: off, or stuck in a change.
pub(super) fn standing(scene: &Scene<'_>, cdn: &Cdn) -> Health {
    let deployed = cdn.status == DistributionStatus::Deployed;
    let late = |at| scene.since(at) > DEPLOYS_IN;
    match cdn.enabled {
        false => Health::Critical,
        true if !deployed && cdn.last_modified.is_some_and(late) => Health::Warning,
        true => Health::Ok,
    }
}

fn disabled(scene: &Scene<'_>) -> Vec<Raised> {
    let off = scene
        .seen
        .cdn()
        .filter(|cdn| standing(scene, cdn) == Health::Critical);
    off.map(|cdn| {
        Raised::new(
            Health::Critical,
            &cdn.id,
            "disabled",
            format!("the distribution {} is disabled", cdn.id),
        )
        .because([format!("{} answers no viewer", cdn.domain_name)])
        .advise("enable the distribution; it takes some minutes to reach all edges")
    })
    .into_iter()
    .collect()
}

fn not_deployed(scene: &Scene<'_>) -> Vec<Raised> {
    let stuck = scene
        .seen
        .cdn()
        .filter(|cdn| standing(scene, cdn) == Health::Warning);
    stuck
        .map(|cdn| {
            Raised::new(
                Health::Warning,
                &cdn.id,
                "not deployed",
                format!("the distribution {} is still {}", cdn.id, cdn.status),
            )
            .because([format!(
                "last changed {} UTC",
                format::date_time(cdn.last_modified)
            )])
            .advise("edges may still serve the former configuration; wait, then compare with the AWS console")
        })
        .into_iter()
        .collect()
}

fn errors(scene: &Scene<'_>) -> Vec<Raised> {
    let rate = scene.recent(Metric::Cdn5xxRate);
    let severity = if rate.most(|v| v >= CRITICAL_5XX) {
        Health::Critical
    } else if rate.most(|v| v >= WARN_5XX) {
        Health::Warning
    } else {
        return Vec::new();
    };
    let share = format::value(rate.mean(), Unit::Percent);
    let subject = scene.seen.cdn().map_or("distribution", |cdn| &cdn.id);
    // The order in which to read a 5xx, from the edge inwards.
    let balancer = match (scene.per_minute(Metric::AlbRequests), scene.seen.balancer()) {
        (Some(requests), _) => Some(format!(
            "the balancer sees {} requests a minute",
            format::compact(requests)
        )),
        (None, Some(_)) => Some("the balancer reports no requests".to_owned()),
        (None, None) => None,
    };
    vec![
        Raised::new(
            severity,
            subject,
            format!("5xx {share}"),
            format!("CloudFront answers {share} of requests with 5xx"),
        )
        .because([format!(
            "{} requests a minute",
            format::compact(scene.per_minute(Metric::CdnRequests))
        )])
        .because(balancer)
        .advise("when the balancer sees no requests, the edge cannot reach it (security group, certificate, DNS of the origin); else look at the balancer's 5xx"),
    ]
}

fn expiry(scene: &Scene<'_>) -> Vec<Raised> {
    let served = scene.seen.cdn().and_then(|cdn| cdn.certificate.as_ref());
    served
        .and_then(|found| certificate::check(scene, found))
        .into_iter()
        .collect()
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let cdn = scene.seen.cdn();
    let off = cdn.is_some_and(|c| c.additional_metrics == AdditionalMetrics::Disabled);
    let additional = |metric| {
        let mut figure = scene.figure(metric);
        if off && figure.value.is_none() {
            figure.missing = Some("not enabled".to_owned());
        }
        figure
    };
    #[allow(clippy::cast_precision_loss, reason = "days of a certificate")]
    let days = cdn
        .and_then(|c| certificate::days_left(scene, c.certificate.as_ref()?))
        .map(|d| d as f64);
    vec![
        scene.rate("requests_per_minute", "req/min", Metric::CdnRequests),
        additional(Metric::CdnCacheHitRate),
        scene.figure(Metric::Cdn5xxRate),
        scene.figure(Metric::Cdn4xxRate),
        scene.rate(
            "bytes_downloaded_per_minute",
            "bytes/min",
            Metric::CdnBytesDownloaded,
        ),
        additional(Metric::CdnOriginLatencyP90),
        fact("certificate_days", "certificate", Unit::Days, days),
        counted("origins", "origins", cdn.map(|c| c.origins.len())),
        counted("behaviours", "behaviours", cdn.map(|c| c.behaviours.len())),
        counted(
            "invalidations_in_progress",
            "invalidating",
            cdn.map(|c| {
                c.invalidations
                    .iter()
                    .filter(|i| i.status != InvalidationStatus::Completed)
                    .count()
            }),
        ),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let cdn = scene.seen.cdn()?;
    let text = if cdn.status != DistributionStatus::Deployed {
        "deploying".to_owned()
    } else if let Some(hit) = scene.recent(Metric::CdnCacheHitRate).latest() {
        format!("{} hit", format::value(hit, Unit::Percent))
    } else if let Some(rate) = scene.per_minute(Metric::CdnRequests) {
        format!("{} req/min", format::compact(rate))
    } else {
        "deployed".to_owned()
    };
    Some(Verdict::new(Health::Ok, text))
}
