//! The database screen.

use super::{Chart, Field, Scope, days, gaps, link, moment, role, words};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health,
        database::{Database, DbEvent, DbSnapshot, MaxConnectionsSource},
        metric::{Metric, Series},
        state::SnapshotStatus,
    },
    theme::Role,
    triage::{DATABASE_CPU, DATABASE_FREE_STORAGE, Judge},
};

/// Bytes of a GiB.
const GIB: f64 = 1_073_741_824.0;

pub(super) fn snapshots(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("kind", Width::Fit(6, 10)),
        Column::new("state", Width::Fit(9, 16)),
        Column::new("size", Width::Fit(4, 8)).right().drop(1),
        Column::new("version", Width::Fit(4, 10)).drop(2),
        Column::new("encrypted", Width::Fixed(9)).drop(3),
        Column::new("snapshot", Width::Share(30)),
    ];
    let Some(database) = scope.seen.database() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |snapshot: &DbSnapshot| {
        let state = match (&snapshot.status, snapshot.progress) {
            (SnapshotStatus::Available | SnapshotStatus::Failed, _) | (_, None) => {
                snapshot.status.to_string()
            }
            (status, Some(progress)) => format!("{status} {progress} %"),
        };
        Row {
            id: snapshot.id.clone(),
            cells: vec![
                Cell::age(snapshot.created_at),
                Cell::text(&snapshot.kind),
                Cell::health(judge.snapshot(snapshot), state),
                Cell::number(
                    snapshot.allocated_gib,
                    format!("{} GiB", snapshot.allocated_gib),
                ),
                Cell::text(&snapshot.version).role(Role::Muted),
                Cell::text(if snapshot.encrypted { "yes" } else { "no" }).role(Role::Muted),
                Cell::text(&snapshot.id),
            ],
            describe: serde_json::json!(snapshot),
            link: Some(link::snapshot(&scope.environment.region, &snapshot.id)),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: database.snapshots.iter().map(row).collect(),
    }
}

pub(super) fn events(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("about", Width::Fit(6, 20)).drop(2),
        Column::new("category", Width::Fit(8, 20)).drop(1),
        Column::new("message", Width::Share(20)),
    ];
    let Some(database) = scope.seen.database() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |event: &DbEvent| Row {
        id: format!("{} {}", event.message, moment(event.at)),
        cells: vec![
            Cell::age(event.at),
            Cell::text(&event.source).role(Role::Muted),
            Cell::text(event.categories.join(", ")).role(Role::Muted),
            Cell::text(&event.message),
        ],
        describe: serde_json::json!(event),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: database.events.iter().map(row).collect(),
    }
}

/// Free storage below which its rule speaks, in bytes.
fn storage_floor(database: &Database) -> f64 {
    f64::from(database.storage.allocated_gib) * GIB * DATABASE_FREE_STORAGE / 100.0
}

#[expect(
    clippy::too_many_lines,
    reason = "a list of facts, one after the other"
)]
pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(database) = scope.seen.database() else {
        return Vec::new();
    };
    let latest = |metric| scope.metrics()?.get(metric).and_then(Series::latest);
    let judge = scope.judge();
    let storage = &database.storage;
    let used = latest(Metric::RdsFreeStorage).map_or_else(
        || format!("{} GiB {}", storage.allocated_gib, storage.kind),
        |free| {
            let used = f64::from(storage.allocated_gib) - free / GIB;
            format!(
                "{used:.1} of {} GiB used · {}",
                storage.allocated_gib, storage.kind
            )
        },
    );
    let grows = storage
        .max_gib
        .map_or_else(String::new, |max| format!(" · grows to {max}"));
    let limit = database.max_connections.map(|max| match max.source {
        MaxConnectionsSource::Parameter => format!("{}", max.value),
        MaxConnectionsSource::Derived => format!("about {}", max.value),
    });
    let connections = latest(Metric::RdsConnections).map(|c| match &limit {
        Some(limit) => format!("{c:.0} of {limit}"),
        None => format!("{c:.0}"),
    });
    let zones = [database.zone.as_deref(), database.secondary_zone.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    let standby = if database.multi_az {
        "Multi-AZ"
    } else {
        "single zone"
    };
    let mut fields = vec![
        Field::new(
            "database",
            Cell::health(
                judge.database(database),
                format!("{} · {}", words(database.status.word()), database.id),
            ),
        ),
        Field::new(
            "engine",
            Cell::text(format!(
                "{} {} · {}",
                engine(&database.engine),
                database.version,
                database.class
            )),
        ),
        Field::new("storage", Cell::text(format!("{used}{grows}"))),
        Field::new("connections", Cell::maybe(connections.or(limit))),
        Field::new(
            "zones",
            Cell::text(format!("{standby} · {}", zones.join(", "))).role(Role::Muted),
        ),
        Field::new("backups", backups(&judge, database)),
        Field::new(
            "restorable to",
            Cell {
                role: Role::Text,
                ..Cell::at(database.latest_restorable)
            },
        ),
        Field::new(
            "maintenance",
            Cell::maybe(database.maintenance_window.as_deref().map(window)).role(Role::Muted),
        ),
        Field::new("parameters", parameters(&judge, database)),
        Field::new(
            "certificate",
            database
                .certificate_expires
                .map_or_else(Cell::missing, |at| {
                    days(
                        scope,
                        Some(at),
                        database.ca_certificate.as_deref().unwrap_or("server"),
                        judge.expiry(at),
                    )
                }),
        ),
    ];
    fields.extend(database.pending_maintenance.iter().map(|pending| {
        let when = pending
            .apply_at
            .map_or_else(|| "no date".to_owned(), format::date_time);
        Field::new(
            "pending",
            Cell::text(format!("{} · {when}", pending.description))
                .role(role(judge.maintenance(pending))),
        )
    }));
    if !database.pending_changes.is_empty() {
        fields.push(Field::new(
            "waits for the window",
            Cell::text(database.pending_changes.join(", ")).role(Role::Info),
        ));
    }
    fields.extend(gaps(&database.gaps));
    fields
}

/// An engine by the name people use.
fn engine(engine: &str) -> &str {
    match engine {
        "postgres" => "PostgreSQL",
        "aurora-postgresql" => "Aurora PostgreSQL",
        other => other,
    }
}

/// A daily (`03:00-03:30`) or weekly (`sun:04:30-sun:05:00`) window, as a person would write it; RDS keeps both in UTC.
fn window(text: &str) -> String {
    let Some((from, to)) = text.split_once('-') else {
        return text.to_owned();
    };
    let split = |moment: &str| match moment.split_once(':') {
        Some((day, time)) if time.contains(':') => (capital(day), time.to_owned()),
        _ => (String::new(), moment.to_owned()),
    };
    let ((first, from), (last, to)) = (split(from), split(to));
    let last = if first == last { String::new() } else { last };
    format!("{first} {from}–{last} {to} UTC")
        .replace("– ", "–")
        .trim_start()
        .to_owned()
}

fn capital(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(rest).collect()
    })
}

fn backups(judge: &Judge<'_>, database: &Database) -> Cell {
    match database.backup_retention_days {
        0 => Cell::health(judge.backups(database), "off"),
        days => Cell::text(format!(
            "{} · {}",
            format::count(days, "day"),
            database
                .backup_window
                .as_deref()
                .map_or_else(String::new, window)
        )),
    }
}

fn parameters(judge: &Judge<'_>, database: &Database) -> Cell {
    let all = database
        .parameter_groups
        .iter()
        .map(|(name, status)| format!("{name} {status}"))
        .collect::<Vec<_>>()
        .join(", ");
    match judge.parameters(database) {
        Health::Ok => Cell::text(all).role(Role::Muted),
        unwell => Cell::health(unwell, all),
    }
}

pub(super) fn charts(scope: &Scope<'_>) -> Vec<Chart> {
    let Some(database) = scope.seen.database() else {
        return Vec::new();
    };
    let one = |metric| [metric];
    let connections = Chart::new("Connections", one(Metric::RdsConnections));
    let mut charts = vec![
        Chart::new("CPU", one(Metric::RdsCpu)).threshold(DATABASE_CPU, "alarm at"),
        match database.max_connections {
            Some(max) => connections.threshold(f64::from(max.value), "max"),
            None => connections,
        },
        Chart::new("Free storage", one(Metric::RdsFreeStorage))
            .threshold(storage_floor(database), "alarm at"),
        Chart::new("Latency", [Metric::RdsReadLatency, Metric::RdsWriteLatency]),
        Chart::new("IOPS", [Metric::RdsReadIops, Metric::RdsWriteIops]),
    ];
    if database.performance_insights {
        charts.insert(2, Chart::new("DB load", one(Metric::RdsDbLoad)));
    }
    if database.class.starts_with("db.t") {
        // T classes run in Unlimited mode: without credits they cost more, they are not slowed down.
        charts.push(Chart::new("CPU credits", one(Metric::RdsCpuCredits)));
    }
    charts.push(Chart::new("Free memory", one(Metric::RdsFreeableMemory)));
    charts
}
