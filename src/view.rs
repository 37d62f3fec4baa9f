//! What screens show, derived from what was observed: rows of each pane, fields and charts of each screen. Pure, no terminal types.
//!
//! One file per screen. A pane's function returns a [`Grid`]; a screen's `fields` are the facts above its panes, its `charts` say
//! which series stand in one frame.

mod alarms;
mod balancer;
pub mod cost;
mod database;
mod describe;
mod edge;
pub mod flows;
pub mod images;
mod link;
mod network;
pub mod overview;
mod services;

pub use describe::describe;

use crate::{
    app::{ChartWindow, Flows, Pane, Screen},
    cloud::meter::Calls,
    cost::{Billed, Book, Costs, Turned},
    error::Error,
    format,
    grid::{Cell, Grid},
    model::{
        Health,
        environment::Environment,
        event::Event,
        log::LogSource,
        metric::{Metric, MetricId, Metrics},
    },
    observe::Observations,
    theme::Role,
    triage::{Assessment, Judge},
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

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
    /// What flow records add up to.
    pub flows: &'a Flows,
    /// Log groups that are read.
    pub log_sources: &'a [LogSource],
    /// Log groups that cannot be read now, and why.
    pub log_failures: &'a BTreeMap<String, Error>,
    /// The span that charts and sums look at.
    pub window: ChartWindow,
    /// What the environment costs; `None` before anything of it is known.
    pub costs: Option<&'a Costs>,
    /// What Cost Explorer said, where it was asked.
    pub spend: Option<&'a Billed>,
    /// What figures are taken from.
    pub book: &'a Book,
    /// Where the knobs of the cost screen were turned to.
    pub turned: &'a Turned,
    /// Requests made so far, by service and operation.
    pub calls: &'a Calls,
    /// Selected service.
    pub service: Option<&'a str>,
    /// Selected target group's ARN.
    pub target_group: Option<&'a str>,
    /// Selected repository.
    pub repository: Option<&'a str>,
    /// The present.
    pub now: Timestamp,
}

impl<'a> Scope<'a> {
    /// Who says how a resource is.
    #[must_use]
    pub fn judge(&self) -> Judge<'a> {
        Judge::new(self.environment, self.seen, self.now)
    }

    /// The metrics, while they tell the present.
    #[must_use]
    pub fn metrics(&self) -> Option<&'a Metrics> {
        self.seen.current_metrics(self.now).ok()
    }
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
    /// A chart of metrics of which the environment has one each, called by their own labels.
    pub fn new(title: impl Into<String>, metrics: impl IntoIterator<Item = Metric>) -> Self {
        let series = metrics.into_iter();
        Self {
            title: title.into(),
            series: series
                .map(|metric| (metric.spec().label.to_owned(), MetricId::of(metric)))
                .collect(),
            threshold: None,
        }
    }

    /// A chart of one metric of several subjects, each called by its name alone: the title says what is measured.
    pub fn by_subject<'a>(
        title: impl Into<String>,
        metric: Metric,
        subjects: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let subjects = subjects.into_iter().take(Role::SERIES.len());
        Self {
            title: title.into(),
            series: subjects
                .map(|(name, subject)| (name.to_owned(), MetricId::with(metric, subject)))
                .collect(),
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

/// An image without the registry's host, which is the same for all of an account and would push the tag out of sight.
fn short_image(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, rest)) if host.contains('.') => rest,
        _ => reference,
    }
}

/// An event of a service without ECS's `(service backend)` in front: what is left reads as a sentence of its own.
fn service_event(message: &str) -> &str {
    message
        .strip_prefix("(service ")
        .and_then(|rest| rest.split_once(") "))
        .map_or(message, |(_, text)| text)
}

/// The role of a state's text.
fn role(health: Health) -> Role {
    match health {
        Health::Ok => Role::Text,
        Health::Unknown => Role::Muted,
        Health::Warning => Role::Warning,
        Health::Critical => Role::Critical,
    }
}

/// A certificate, how it is, and the days until it ends.
fn days(scope: &Scope<'_>, not_after: Option<Timestamp>, name: &str, health: Health) -> Cell {
    let Some(end) = not_after else {
        return Cell::text(name).role(Role::Muted);
    };
    let left = (end.as_second() - scope.now.as_second()).div_euclid(86_400);
    let text = match left {
        ..0 => format!("{name} · expired {} ago", format::count(-left, "day")),
        _ => format!("{name} · {}", format::count(left, "day")),
    };
    match health {
        Health::Ok => Cell::text(text).role(Role::Muted),
        unwell => Cell::health(unwell, text),
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

/// A moment as part of a row's identity.
fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| at.to_string())
}

/// Tells rows apart that say the same: the selection is kept by the id. Lists grow at their beginning, so that counting from the end
/// keeps every id as it was.
fn distinct(mut grid: Grid) -> Grid {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(grid.rows.len());
    for row in grid.rows.iter_mut().rev() {
        let times = seen.entry(row.id.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            row.id = format!("{} ({times})", row.id);
        }
    }
    grid
}

/// Builds the rows of `pane`; empty where nothing is known. Every row has an id of its own.
#[must_use]
pub fn grid(pane: Pane, scope: &Scope<'_>) -> Grid {
    distinct(rows(pane, scope))
}

fn rows(pane: Pane, scope: &Scope<'_>) -> Grid {
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
        Pane::Components => images::components(scope),
        Pane::Local => images::local(scope),
        Pane::Alarms => alarms::alarms(scope),
        Pane::AlarmHistory => alarms::history(scope),
        Pane::Dashboards => alarms::dashboards(scope),
        Pane::Subnets => network::subnets(scope),
        Pane::SecurityRules => network::security_rules(scope),
        Pane::Routes => network::routes(scope),
        Pane::Gateways => network::gateways(scope),
        Pane::FlowLogs => network::flow_logs(scope),
        Pane::Traffic => flows::traffic(scope),
        Pane::RefusedSources => flows::sources(scope),
        Pane::RefusedPorts => flows::ports(scope),
        Pane::RefusedGroups => flows::groups(scope),
        Pane::CostTiers => cost::by_tier(scope),
        Pane::CostItems => cost::items(scope),
        Pane::Waste => cost::waste(scope),
        Pane::WhatIf => cost::what_if(scope),
        Pane::Requests => cost::api(scope),
        // Log lines are drawn from where they are kept.
        Pane::Lines | Pane::Answer => Grid::default(),
    }
}

/// What an empty pane says whose data was read.
#[must_use]
pub const fn nothing(pane: Pane) -> &'static str {
    match pane {
        Pane::HealthChecks => "no health check watches this domain",
        Pane::Invalidations => "nothing was invalidated",
        Pane::Samples => "no request was sampled in the last hours",
        Pane::Targets => "no target is registered",
        Pane::Tasks => "no task runs, and none stopped within the last hour",
        Pane::Rollouts => "no deployment is on record",
        Pane::Scaling => {
            "no scaling activity: the service has a fixed number of tasks, or it never changed"
        }
        Pane::Snapshots => "no snapshot: nothing to restore from but the continuous backup",
        Pane::Alarms => "no alarm watches this environment",
        Pane::AlarmHistory => "no alarm changed its state",
        Pane::Traffic => "nothing went from tier to tier",
        Pane::RefusedSources | Pane::RefusedPorts | Pane::RefusedGroups => "nothing was refused",
        Pane::Waste => "nothing is paid for that is not needed, as far as is known",
        Pane::FlowLogs => "no flow log: rejected packets leave no trace",
        _ => "none",
    }
}

/// The facts above a screen's panes, the most telling first.
#[must_use]
pub fn fields(screen: Screen, scope: &Scope<'_>) -> Vec<Field> {
    match screen {
        Screen::Overview | Screen::Logs => Vec::new(),
        Screen::Edge => edge::fields(scope),
        Screen::Balancer => balancer::fields(scope),
        Screen::Services => services::fields(scope),
        Screen::Database => database::fields(scope),
        Screen::Images => images::fields(scope),
        Screen::Alarms => alarms::fields(scope),
        Screen::Network => network::fields(scope),
        Screen::Flows => flows::fields(scope),
        Screen::Cost => cost::fields(scope),
    }
}

/// A screen's charts, the most telling first: as many are drawn as there is room for.
#[must_use]
pub fn charts(screen: Screen, scope: &Scope<'_>) -> Vec<Chart> {
    match screen {
        Screen::Overview
        | Screen::Images
        | Screen::Logs
        | Screen::Alarms
        | Screen::Flows
        | Screen::Cost => Vec::new(),
        Screen::Edge => edge::charts(scope),
        Screen::Balancer => balancer::charts(scope),
        Screen::Services => services::charts(scope),
        Screen::Database => database::charts(scope),
        Screen::Network => network::charts(scope),
    }
}

#[cfg(test)]
mod tests;
