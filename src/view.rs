//! What screens show, derived from what was observed: rows of each pane, fields and charts of each screen. Pure, no terminal types.
//!
//! One file per screen. A pane's function returns a [`Grid`]; a screen's `fields` are the facts above its panes, its `charts` say
//! which series stand in one frame.

mod alarms;
mod balancer;
mod database;
mod describe;
mod edge;
mod images;
mod link;
mod network;
pub mod overview;
mod services;

pub use describe::{describe, longest_dialog};

use crate::{
    app::{Pane, Screen},
    grid::{Cell, Grid},
    model::{Health, environment::Environment, event::Event, metric::MetricId},
    observe::Observations,
    theme::Role,
    triage::Assessment,
};
use jiff::Timestamp;

/// What views are derived from: everything observed, what is said of it, and what is selected in panes that others depend on.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Environment.
    pub environment: &'a Environment,
    /// Everything observed.
    pub seen: &'a Observations,
    /// Verdicts, figures, findings.
    pub assessment: &'a Assessment,
    /// What happened.
    pub timeline: &'a [Event],
    /// Selected service.
    pub service: Option<&'a str>,
    /// Selected target group's ARN.
    pub target_group: Option<&'a str>,
    /// Selected repository.
    pub repository: Option<&'a str>,
    /// The present.
    pub now: Timestamp,
}

/// A fact above a screen's panes.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Label, one or two words.
    pub label: &'static str,
    /// Value.
    pub value: Cell,
}

impl Field {
    /// A fact.
    #[must_use]
    pub const fn new(label: &'static str, value: Cell) -> Self {
        Self { label, value }
    }
}

/// A chart: series in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Title.
    pub title: String,
    /// Label and series; the first decides the unit.
    pub series: Vec<(String, MetricId)>,
    /// A line to compare with: value and label.
    pub threshold: Option<(f64, String)>,
}

impl Chart {
    /// A chart of one metric of several things, labelled by the thing, or of several metrics, labelled by the metric.
    pub fn new(title: impl Into<String>, series: impl IntoIterator<Item = MetricId>) -> Self {
        let ids: Vec<MetricId> = series.into_iter().collect();
        let same = ids.windows(2).all(|pair| pair[0].metric == pair[1].metric);
        let label = |id: &MetricId| match &id.subject {
            Some(subject) if same => subject.to_string(),
            Some(subject) => format!("{subject} {}", id.metric.spec().label),
            None => id.metric.spec().label.to_owned(),
        };
        Self {
            title: title.into(),
            series: ids.into_iter().map(|id| (label(&id), id)).collect(),
            threshold: None,
        }
    }

    /// The same with a line to compare with.
    #[must_use]
    pub fn threshold(mut self, value: f64, label: impl Into<String>) -> Self {
        self.threshold = Some((value, label.into()));
        self
    }
}

/// A state or word of AWS in plain words: `ROLLBACK_IN_PROGRESS` and `InProgress` as `rollback in progress` and `in progress`.
fn words(text: &str) -> String {
    let shouted = !text.chars().any(char::is_lowercase);
    let mut plain = String::with_capacity(text.len() + 4);
    for (index, c) in text.char_indices() {
        if c.is_uppercase() && !shouted && index > 0 && !plain.ends_with(' ') {
            plain.push(' ');
        }
        plain.extend(if matches!(c, '_' | '-') { ' ' } else { c }.to_lowercase());
    }
    plain
}

/// A certificate and the days until it ends.
fn days(scope: &Scope<'_>, not_after: Option<Timestamp>, name: &str) -> Cell {
    // ACM warns from 45 days before an imported certificate ends (ACM, supported events); a week is an emergency.
    let Some(end) = not_after else {
        return Cell::text(name).role(Role::Muted);
    };
    let left = (end.as_second() - scope.now.as_second()).div_euclid(86_400);
    let text = format!("{name} · {left} days");
    match left {
        ..=7 => Cell::health(Health::Critical, text),
        8..=30 => Cell::health(Health::Warning, text),
        _ => Cell::text(text).role(Role::Muted),
    }
}

/// What a tier could not read, as one fact; nothing when all was read.
fn gaps<'a>(unread: impl IntoIterator<Item = &'a String>) -> Option<Field> {
    let all: Vec<&str> = unread.into_iter().map(String::as_str).collect();
    (!all.is_empty()).then(|| {
        Field::new(
            "not readable",
            Cell::text(all.join("; ")).role(Role::Warning),
        )
    })
}

/// Builds the rows of `pane`; empty where nothing is known.
#[must_use]
pub fn grid(pane: Pane, scope: &Scope<'_>) -> Grid {
    match pane {
        Pane::Findings => overview::findings(scope),
        Pane::Timeline => overview::timeline(scope),
        Pane::Records => edge::records(scope),
        Pane::HealthChecks => edge::health_checks(scope),
        Pane::Origins => edge::origins(scope),
        Pane::Behaviours => edge::behaviours(scope),
        Pane::Invalidations => edge::invalidations(scope),
        Pane::Rules => edge::rules(scope),
        Pane::Samples => edge::samples(scope),
        Pane::TargetGroups => balancer::target_groups(scope),
        Pane::Targets => balancer::targets(scope),
        Pane::ListenerRules => balancer::listener_rules(scope),
        Pane::Services => services::services(scope),
        Pane::Tasks => services::tasks(scope),
        Pane::Rollouts => services::rollouts(scope),
        Pane::ServiceEvents => services::events(scope),
        Pane::Scaling => services::scaling(scope),
        Pane::Containers => services::containers(scope),
        Pane::Snapshots => database::snapshots(scope),
        Pane::DatabaseEvents => database::events(scope),
        Pane::Running => images::running(scope),
        Pane::Repositories => images::repositories(scope),
        Pane::ImageList => images::images(scope),
        Pane::Alarms => alarms::alarms(scope),
        Pane::AlarmHistory => alarms::history(scope),
        Pane::Dashboards => alarms::dashboards(scope),
        Pane::Subnets => network::subnets(scope),
        Pane::SecurityRules => network::security_rules(scope),
        Pane::Routes => network::routes(scope),
        Pane::Gateways => network::gateways(scope),
        Pane::FlowLogs => network::flow_logs(scope),
    }
}

/// The facts above a screen's panes, the most telling first.
#[must_use]
pub fn fields(screen: Screen, scope: &Scope<'_>) -> Vec<Field> {
    match screen {
        Screen::Overview => Vec::new(),
        Screen::Edge => edge::fields(scope),
        Screen::Balancer => balancer::fields(scope),
        Screen::Services => services::fields(scope),
        Screen::Database => database::fields(scope),
        Screen::Images => images::fields(scope),
        Screen::Alarms => alarms::fields(scope),
        Screen::Network => network::fields(scope),
    }
}

/// A screen's charts, the most telling first: as many are drawn as there is room for.
#[must_use]
pub fn charts(screen: Screen, scope: &Scope<'_>) -> Vec<Chart> {
    match screen {
        Screen::Overview | Screen::Images | Screen::Alarms => Vec::new(),
        Screen::Edge => edge::charts(scope),
        Screen::Balancer => balancer::charts(scope),
        Screen::Services => services::charts(scope),
        Screen::Database => database::charts(scope),
        Screen::Network => network::charts(scope),
    }
}
