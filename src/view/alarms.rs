//! The alarms screen.

use super::{Field, Scope, gaps, link, words};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health,
        alarm::{Alarm, AlarmState, AlarmTransition, Dashboard},
        metric::Unit,
    },
    theme::Role,
};

/// The state of an alarm. One that drives autoscaling is no incident when it fires.
fn state(alarm: &Alarm) -> Cell {
    match alarm.state {
        AlarmState::Ok => Cell::health(Health::Ok, "ok"),
        AlarmState::InsufficientData => Cell::health(Health::Unknown, "no data"),
        AlarmState::Alarm if alarm.owned_by_autoscaling => Cell::health(Health::Unknown, "scaling"),
        AlarmState::Alarm => Cell::health(Health::Critical, "alarm"),
    }
}

pub(super) fn alarms(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("state", Width::Fixed(9)),
        Column::new("since", Width::Fixed(5)).right(),
        Column::new("alarm", Width::Fit(10, 40)),
        Column::new("condition", Width::Fit(10, 40)).drop(1),
        Column::new("actions", Width::Fixed(7)).right().drop(3),
        Column::new("reason", Width::Share(16)).drop(2),
    ];
    let Some(known) = scope.seen.alarms() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |alarm: &Alarm| Row {
        id: alarm.name.clone(),
        cells: vec![
            state(alarm),
            Cell::age(alarm.since),
            Cell::text(&alarm.name),
            Cell::text(&alarm.condition).role(Role::Muted),
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
    Grid {
        columns: COLUMNS,
        rows: known.alarms.iter().map(row).collect(),
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
    let row = |(index, change): (usize, &AlarmTransition)| Row {
        id: format!("{} {index}", change.alarm),
        cells: vec![
            Cell::age(change.at),
            change.to.map_or_else(Cell::missing, |to| {
                let owned = known
                    .alarms
                    .iter()
                    .any(|a| a.name == change.alarm && a.owned_by_autoscaling);
                match to {
                    AlarmState::Ok => Cell::health(Health::Ok, "ok"),
                    AlarmState::InsufficientData => Cell::health(Health::Unknown, "no data"),
                    AlarmState::Alarm if owned => Cell::health(Health::Unknown, "scaling"),
                    AlarmState::Alarm => Cell::health(Health::Critical, "alarm"),
                }
            }),
            Cell::text(&change.alarm),
            Cell::text(&change.summary).role(Role::Muted),
        ],
        describe: serde_json::json!(change),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: known.history.iter().enumerate().map(row).collect(),
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
    let health = if firing > 0 {
        Health::Critical
    } else {
        Health::Ok
    };
    let states = format!(
        "{firing} firing · {} {} · {} {}",
        count(AlarmState::Ok),
        words(AlarmState::Ok.word()),
        count(AlarmState::InsufficientData),
        words(AlarmState::InsufficientData.word()),
    );
    let silent = known
        .alarms
        .iter()
        .filter(|a| !a.actions_enabled || a.actions == 0)
        .count();
    let mut fields = vec![
        Field::new("alarms", Cell::health(health, states)),
        Field::new(
            "tell nobody",
            Cell::text(silent.to_string()).role(Role::Muted),
        ),
    ];
    fields.extend(gaps(known.history_error.iter().chain(&known.gaps)));
    fields
}
