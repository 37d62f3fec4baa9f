//! The overview: the request path, findings and the timeline.

use super::{Scope, role};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health, Tier,
        compute::Service,
        environment::ServiceRole,
        metric::{Metric, MetricId},
    },
    theme::Role,
};

/// What is wrong.
pub(super) fn findings(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("state", Width::Fixed(10)).drop(1),
        Column::new("tier", Width::Fit(4, 14)),
        Column::new("finding", Width::Share(20)),
    ];
    let row = |finding: &crate::model::finding::Finding| Row {
        id: format!("{} {}", finding.rule, finding.subject),
        cells: vec![
            Cell::health(finding.severity, finding.severity.word()),
            Cell::text(finding.place()).role(Role::Muted),
            Cell::text(&finding.title),
        ],
        describe: serde_json::json!(finding),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: scope.assessment.findings.iter().map(row).collect(),
    }
}

/// What happened.
pub(super) fn timeline(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("time", Width::Fixed(8)),
        Column::new("", Width::Fixed(1)),
        Column::new("tier", Width::Fit(3, 10)).drop(1),
        Column::new("event", Width::Share(20)),
    ];
    let row = |event: &crate::model::event::Event| {
        let text = super::service_event(&event.text);
        // The text of an alarm's or a task's event does not always name it.
        let text = if text.contains(&event.subject) {
            text.to_owned()
        } else {
            format!("{} {text}", event.subject)
        };
        Row {
            id: format!("{} {} {}", event.at, event.subject, event.text),
            cells: vec![
                Cell::text(format::clock(event.at)).role(Role::Muted),
                Cell::health(event.severity, ""),
                Cell::text(event.tier.id()).role(Role::Muted),
                Cell::text(text).role(role(event.severity)),
            ],
            describe: serde_json::json!(event),
            link: None,
        }
    };
    Grid {
        columns: COLUMNS,
        rows: scope.timeline.iter().map(row).collect(),
    }
}

/// A hop of the request path.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Tier, or service for hops after the load balancer.
    pub title: String,
    /// Verdict's state.
    pub health: Health,
    /// Verdict in few words.
    pub verdict: String,
    /// Key figures, as they are written.
    pub figures: Vec<String>,
    /// The series that stands for it.
    pub spark: Option<MetricId>,
}

/// The place in [`path`] of the hop that services branch off: the load balancer.
pub const FORK: usize = 3;

/// The request path in order: every tier before the services, the main service, the database.
#[must_use]
pub fn path(scope: &Scope<'_>) -> Vec<Hop> {
    let main = main_service(scope);
    [
        Tier::Route53,
        Tier::CloudFront,
        Tier::Waf,
        Tier::Alb,
        Tier::Ecs,
        Tier::Rds,
    ]
    .into_iter()
    .map(|tier| match (tier, main) {
        (Tier::Ecs, Some(service)) => Hop {
            title: format!("ECS {}", service.name),
            ..service_hop(scope, service)
        },
        _ => tier_hop(scope, tier),
    })
    .collect()
}

/// The services beside the main one.
#[must_use]
pub fn branches(scope: &Scope<'_>) -> Vec<Hop> {
    let main = main_service(scope).map(|s| s.name.as_str());
    let services = scope.seen.compute().map_or(&[][..], |c| &c.services);
    services
        .iter()
        .filter(|s| Some(s.name.as_str()) != main)
        .map(|s| service_hop(scope, s))
        .collect()
}

/// The backend; without one, the service of most tasks.
fn main_service<'a>(scope: &Scope<'a>) -> Option<&'a Service> {
    let services = &scope.seen.compute()?.services;
    let backend = scope
        .environment
        .resources
        .services
        .iter()
        .find(|s| s.role == ServiceRole::Backend);
    backend
        .and_then(|named| services.iter().find(|s| s.name == named.name))
        .or_else(|| services.iter().max_by_key(|s| s.desired))
}

fn tier_hop(scope: &Scope<'_>, tier: Tier) -> Hop {
    let report = &scope.assessment.tiers[tier.index()];
    // What the verdict says already is not said again.
    let written = |figure: &crate::model::finding::Figure| {
        let value = format::value(figure.value?, figure.unit);
        (!report.verdict.text.contains(&value)).then(|| format!("{value} {}", figure.label))
    };
    let spark = match tier {
        Tier::Route53 => Some(Metric::DnsQueries),
        Tier::CloudFront => Some(Metric::CdnRequests),
        Tier::Waf => Some(Metric::WafBlocked),
        Tier::Alb => Some(Metric::AlbRequests),
        Tier::Rds => Some(Metric::RdsCpu),
        _ => None,
    };
    Hop {
        title: tier.title().to_owned(),
        health: report.verdict.health,
        verdict: report.verdict.text.clone(),
        figures: report.figures.iter().filter_map(written).collect(),
        spark: spark.and_then(|metric| series_id(scope, metric)),
    }
}

/// The series of `metric` that was read: the environment's only one, or the first of several.
fn series_id(scope: &Scope<'_>, metric: Metric) -> Option<MetricId> {
    let series = &scope.metrics()?.series;
    series.keys().find(|id| id.metric == metric).cloned()
}

fn service_hop(scope: &Scope<'_>, service: &Service) -> Hop {
    let latest = |metric| scope.metrics()?.of(metric, &service.name)?.latest();
    let percent = |label: &str, metric| latest(metric).map(|v| format!("{v:.0} % {label}"));
    // What is wrong with this service is said by the rules; without a finding it is as it should be, if the rules could look.
    let report = &scope.assessment.tiers[Tier::Ecs.index()];
    let quiet = match (&report.unread, report.verdict.health) {
        (Some(_), _) | (None, Health::Unknown) => Health::Unknown,
        _ => Health::Ok,
    };
    let finding = scope
        .assessment
        .findings
        .iter()
        .find(|f| f.tier == Some(Tier::Ecs) && f.subject == service.name);
    Hop {
        title: service.name.clone(),
        health: finding.map_or(quiet, |f| f.severity),
        verdict: format::tasks(service.running, service.desired),
        figures: [
            percent("cpu", Metric::EcsCpu),
            percent("memory", Metric::EcsMemory),
            (report.unread.as_ref()).map(|unread| format!("metrics {}", unread.words())),
        ]
        .into_iter()
        .flatten()
        .collect(),
        spark: Some(MetricId::with(Metric::EcsCpu, service.name.as_str())),
    }
}
