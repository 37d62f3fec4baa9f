//! The alarms screen.

use super::{Field, Scope, gaps, link, moment};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health, Tier,
        alarm::{Alarm, AlarmState, AlarmTransition, Dashboard},
        metric::Unit,
    },
    theme::Role,
    triage::Judge,
};

/// The word for an alarm's state.
const fn word(alarm: AlarmState, health: Health) -> &'static str {
    match (alarm, health) {
        (AlarmState::Ok, _) => "ok",
        (AlarmState::InsufficientData, _) => "no data",
        (AlarmState::Alarm, Health::Unknown) => "scaling",
        (AlarmState::Alarm, _) => "alarm",
    }
}

/// An alarm as it was in `then`.
fn standing(judge: &Judge<'_>, alarm: Option<&Alarm>, then: AlarmState) -> Cell {
    let health = judge.alarm(alarm, then);
    Cell::health(health, word(then, health))
}

/// An alarm's name. Those of target tracking are `TargetTracking-service/CLUSTER/SERVICE-AlarmHigh-UUID`: what tells them apart is
/// the service and the end of its name.
fn name(name: &str) -> std::borrow::Cow<'_, str> {
    let parts = name
        .strip_prefix("TargetTracking-service/")
        .and_then(|rest| rest.split_once('/'))
        .and_then(|(_, rest)| rest.split_once("-Alarm"));
    match parts {
        Some((service, end)) if end.starts_with("High") => format!("{service} scales out").into(),
        Some((service, end)) if end.starts_with("Low") => format!("{service} scales in").into(),
        _ => name.into(),
    }
}

/// `Minimum < 5368709120 for 5 of 5 × 60 s` as `Minimum < 5.0 GiB, 5/5 × 60 s`; a composite alarm's rule as it is.
fn condition(alarm: &Alarm) -> std::borrow::Cow<'_, str> {
    let parts = alarm
        .condition
        .split_once(" for ")
        .filter(|_| !alarm.metric.is_empty());
    let Some((compared, periods)) = parts else {
        return alarm.condition.as_str().into();
    };
    let (compared, limit) = compared.rsplit_once(' ').unwrap_or(("", compared));
    // CloudWatch keeps thresholds without their unit; only sizes of memory and storage get this large.
    let limit = match limit.parse::<f64>() {
        Ok(bytes) if bytes >= 1_048_576.0 => format::value(bytes, Unit::Bytes),
        _ => limit.to_owned(),
    };
    format!("{compared} {limit}, {}", periods.replacen(" of ", "/", 1)).into()
}

pub(super) fn alarms(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("state", Width::Fixed(9)),
        Column::new("since", Width::Fixed(5)).right(),
        Column::new("alarm", Width::Fit(10, 40)),
        Column::new("condition", Width::Fit(9, 40)).drop(1),
        Column::new("metric", Width::Fit(6, 44)).drop(4),
        Column::new("actions", Width::Fixed(7)).right().drop(3),
        Column::new("reason", Width::Share(16)).drop(2),
    ];
    let Some(known) = scope.seen.alarms() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |alarm: &Alarm| Row {
        id: alarm.name.clone(),
        cells: vec![
            standing(&judge, Some(alarm), alarm.state),
            Cell::age(alarm.since),
            Cell::text(name(&alarm.name)),
            Cell::text(condition(alarm)).role(Role::Muted),
            Cell::text(&alarm.metric).role(Role::Muted),
            if alarm.actions_enabled {
                Cell::count(u32::try_from(alarm.actions).unwrap_or(u32::MAX))
            } else {
                Cell::text("off").role(Role::Warning)
            },
            Cell::text(&alarm.reason),
        ],
        describe: serde_json::json!(alarm),
        link: Some(link::alarm(&alarm.region, &alarm.name)),
    };
    // Alarms that only steer autoscaling go last: they come and go all day and nobody has to act on them.
    let (steering, alarms): (Vec<_>, Vec<_>) =
        known.alarms.iter().partition(|a| a.owned_by_autoscaling);
    Grid {
        columns: COLUMNS,
        rows: alarms.into_iter().chain(steering).map(row).collect(),
    }
}

pub(super) fn history(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("to", Width::Fixed(9)),
        Column::new("alarm", Width::Fit(10, 44)),
        Column::new("summary", Width::Share(16)).drop(1),
    ];
    let Some(known) = scope.seen.alarms() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |change: &AlarmTransition| Row {
        id: format!("{} {}", change.alarm, moment(change.at)),
        cells: vec![
            Cell::age(change.at),
            change.to.map_or_else(Cell::missing, |to| {
                let alarm = known.alarms.iter().find(|a| a.name == change.alarm);
                standing(&judge, alarm, to)
            }),
            Cell::text(name(&change.alarm)),
            Cell::text(&change.summary).role(Role::Muted),
        ],
        describe: serde_json::json!(change),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: known.history.iter().map(row).collect(),
    }
}

pub(super) fn dashboards(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("dashboard", Width::Share(12)),
        Column::new("changed", Width::Fixed(7)).right(),
        Column::new("size", Width::Fixed(10)).right().drop(1),
    ];
    let Some(known) = scope.seen.alarms() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |dashboard: &Dashboard| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a dashboard's body has at most 2 MB"
        )]
        let bytes = dashboard.size_bytes as f64;
        Row {
            id: dashboard.name.clone(),
            cells: vec![
                Cell::text(&dashboard.name),
                Cell::age(dashboard.modified_at),
                Cell::number(bytes, format::value(bytes, Unit::Bytes)),
            ],
            describe: serde_json::json!(dashboard),
            link: Some(link::dashboard(&scope.environment.region, &dashboard.name)),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: known.dashboards.iter().map(row).collect(),
    }
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(known) = scope.seen.alarms() else {
        return Vec::new();
    };
    let count = |wanted: AlarmState| {
        known
            .alarms
            .iter()
            .filter(|a| a.state == wanted && !a.owned_by_autoscaling)
            .count()
    };
    let firing = count(AlarmState::Alarm);
    let health = scope.assessment.tiers[Tier::Alarms.index()].verdict.health;
    let states = format!(
        "{firing} firing · {} ok · {} without data",
        count(AlarmState::Ok),
        count(AlarmState::InsufficientData),
    );
    let silent = known
        .alarms
        .iter()
        .filter(|a| !a.actions_enabled || a.actions == 0)
        .count();
    let mut fields = vec![Field::new("alarms", Cell::health(health, states))];
    if silent > 0 {
        let text = format!("{silent}: without an action, or with actions disabled");
        fields.push(Field::new(
            "notify nobody",
            Cell::text(text).role(Role::Muted),
        ));
    }
    fields.extend(gaps(known.history_error.iter().chain(&known.gaps)));
    fields
}
