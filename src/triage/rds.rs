//! RDS: whether the database answers, and what it is running out of.

pub(super) mod upkeep;

use super::{
    Part, Raised, Rule, Scene,
    scene::{counted, fact},
};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        database::{Database, MaxConnectionsSource},
        finding::Figure,
        metric::{Metric, Unit},
        state::{DatabaseStatus, SnapshotStatus},
    },
};

pub(super) const PART: Part = Part {
    tier: Tier::Rds,
    rules: &[
        Rule {
            name: "rds-status",
            check: status,
        },
        Rule {
            name: "rds-connections",
            check: connections,
        },
        Rule {
            name: "rds-storage",
            check: storage,
        },
        Rule {
            name: "rds-cpu",
            check: cpu,
        },
        Rule {
            name: "rds-restore-lag",
            check: upkeep::restore_lag,
        },
        Rule {
            name: "rds-backups-off",
            check: upkeep::backups_off,
        },
        Rule {
            name: "rds-credits",
            check: credits,
        },
        Rule {
            name: "rds-maintenance",
            check: upkeep::maintenance,
        },
        Rule {
            name: "rds-pending-reboot",
            check: upkeep::pending_reboot,
        },
    ],
    figures,
    judged_by: &[
        Metric::RdsCpu,
        Metric::RdsConnections,
        Metric::RdsFreeStorage,
        Metric::RdsCpuCredits,
    ],
    calm,
};

/// Percent of CPU: AWS recommends > 90, 5 of 5.
pub(super) const CPU: f64 = 90.0;
/// Percent of `max_connections`: AWS recommends 90 to 95 of it; attention comes one scale-out earlier.
const WARN_CONNECTIONS: f64 = 80.0;
/// The upper end of what AWS recommends: superusers keep the last slots.
const CRITICAL_CONNECTIONS: f64 = 95.0;
/// Percent of allocated storage: AWS recommends < 10, 5 of 5, which is also where storage autoscaling begins.
pub(super) const WARN_STORAGE: f64 = 10.0;
/// Percent at which the database is about to stop. Ours.
const CRITICAL_STORAGE: f64 = 5.0;
/// CPU credits below which a burstable class lives on surplus credits.
const NO_CREDITS: f64 = 1.0;
const GIB: f64 = 1_073_741_824.0;

/// How a status reads: RDS's `accessing-monitoring` page lists which of them leave the database available.
pub(super) fn of_status(status: &DatabaseStatus) -> Health {
    type S = DatabaseStatus;
    match status {
        S::Available
        | S::BackingUp
        | S::Modifying
        | S::StorageOptimization
        | S::StorageConfigUpgrade
        | S::ConfiguringEnhancedMonitoring
        | S::ConfiguringIamAuth
        | S::ConfiguringLogExports
        | S::ConfiguringAssociatedRoles => Health::Ok,
        S::Creating | S::Rebooting | S::Other(_) => Health::Warning,
        _ => Health::Critical,
    }
}

/// How a snapshot is by its status.
pub(super) const fn of_snapshot(status: &SnapshotStatus) -> Health {
    match status {
        SnapshotStatus::Available | SnapshotStatus::Creating => Health::Ok,
        SnapshotStatus::Failed => Health::Warning,
        SnapshotStatus::Other(_) => Health::Unknown,
    }
}

fn status(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(db) = scene.seen.database() else {
        return Vec::new();
    };
    let severity = of_status(&db.status);
    if severity == Health::Ok {
        return Vec::new();
    }
    let advice = match &db.status {
        DatabaseStatus::StorageFull => {
            "grow the storage (the next change must wait 6 hours), or drop an abandoned replication slot"
        }
        DatabaseStatus::Stopped => "start the database",
        DatabaseStatus::InaccessibleEncryption
        | DatabaseStatus::InaccessibleEncryptionRecoverable => {
            "enable its KMS key and let RDS use it"
        }
        DatabaseStatus::IncompatibleNetwork
        | DatabaseStatus::IncompatibleOptionGroup
        | DatabaseStatus::IncompatibleParameters
        | DatabaseStatus::IncompatibleRestore => {
            "undo the newest change of network, parameters or options"
        }
        _ => "wait for the operation to end; the events tell its steps",
    };
    let newest = db.events.first().map(|e| e.message.clone());
    vec![
        Raised::new(
            severity,
            &db.id,
            db.status.word(),
            format!("the database {} is {}", db.id, db.status),
        )
        .because(newest)
        .advise(advice),
    ]
}

fn connections(scene: &Scene<'_>) -> Vec<Raised> {
    let Some((db, max)) = scene
        .seen
        .database()
        .and_then(|db| Some((db, db.max_connections?)))
    else {
        return Vec::new();
    };
    let limit = f64::from(max.value.max(1));
    let recent = scene.recent(Metric::RdsConnections);
    let above = |percent: f64| recent.most(move |v| v / limit * 100.0 >= percent);
    let severity = if above(CRITICAL_CONNECTIONS) {
        Health::Critical
    } else if above(WARN_CONNECTIONS) {
        Health::Warning
    } else {
        return Vec::new();
    };
    let used = format::compact(recent.latest());
    let derived = (max.source == MaxConnectionsSource::Derived).then(|| {
        format!(
            "{} is derived from {}'s memory: the real limit is a little lower",
            max.value, db.class
        )
    });
    vec![
        Raised::new(
            severity,
            &db.id,
            format!("conn {used}/{}", max.value),
            format!("{} uses {used} of {} connections", db.id, max.value),
        )
        .because(derived)
        .advise("make pools smaller (pool size × the most tasks must fit), end idle transactions, or put a pooler in front; scaling out makes it worse"),
    ]
}

/// Percent of the allocated storage that is free, for engines whose storage does not grow by itself.
fn free_share(db: &Database, free: f64) -> Option<f64> {
    let allocated = f64::from(db.storage.allocated_gib) * GIB;
    (allocated > 0.0 && !db.engine.starts_with("aurora")).then(|| free / allocated * 100.0)
}

fn storage(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(db) = scene.seen.database() else {
        return Vec::new();
    };
    let recent = scene.recent(Metric::RdsFreeStorage);
    let below = |percent: f64| {
        recent.all(move |free| free_share(db, free).is_some_and(|share| share < percent))
    };
    let severity = if below(CRITICAL_STORAGE) {
        Health::Critical
    } else if below(WARN_STORAGE) {
        Health::Warning
    } else {
        return Vec::new();
    };
    let free = recent.latest();
    let share = format::value(free.and_then(|f| free_share(db, f)), Unit::Percent);
    let growth = db.storage.max_gib.map_or_else(
        || "storage autoscaling is off".to_owned(),
        |max| format!("storage autoscaling goes up to {max} GiB"),
    );
    vec![
        Raised::new(
            severity,
            &db.id,
            format!("storage {share} free"),
            format!("{} has {share} of its storage free", db.id),
        )
        .because([
            format!(
                "{} of {} GiB",
                format::value(free, Unit::Bytes),
                db.storage.allocated_gib
            ),
            growth,
        ])
        .advise("grow the storage before it is full; look for an abandoned replication slot or a table that grows"),
    ]
}

fn cpu(scene: &Scene<'_>) -> Vec<Raised> {
    let recent = scene.recent(Metric::RdsCpu);
    if !recent.all(|v| v > CPU) {
        return Vec::new();
    }
    let share = format::value(recent.mean(), Unit::Percent);
    let db = scene.seen.database();
    let load = scene
        .recent(Metric::RdsDbLoad)
        .latest()
        .map(|load| format!("{} sessions are active on average", format::compact(load)));
    vec![
        Raised::new(
            Health::Warning,
            db.map_or("database", |db| &db.id),
            format!("cpu {share}"),
            format!("the database's CPU stays at {share}"),
        )
        .because(db.map(|db| db.class.clone()))
        .because(load)
        .advise("find the costliest statements (Database Insights, pg_stat_statements); an index is cheaper than a larger class"),
    ]
}

/// A burstable class without credits. T3 and T4g run in Unlimited mode: they are not slowed, they spend surplus credits, which cost
/// money once they exceed what the class earns in 24 hours (Concepts.DBInstanceClass.Types).
fn credits(scene: &Scene<'_>) -> Vec<Raised> {
    let recent = scene.recent(Metric::RdsCpuCredits);
    let Some(db) = scene
        .seen
        .database()
        .filter(|db| is_burstable(&db.class) && recent.all(|v| v < NO_CREDITS))
    else {
        return Vec::new();
    };
    vec![
        Raised::new(
            Health::Warning,
            &db.id,
            "spends surplus credits",
            format!(
                "{} has used up its CPU credits and spends surplus ones",
                db.id
            ),
        )
        .because([format!(
            "{} runs unlimited: it keeps its speed, but the surplus may be billed",
            db.class
        )])
        .advise("if that is its usual load, a class without bursts costs less"),
    ]
}

/// Whether a class earns and spends CPU credits.
pub(super) fn is_burstable(class: &str) -> bool {
    class
        .strip_prefix("db.t")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let db = scene.seen.database();
    let max = db.and_then(|d| d.max_connections);
    let limit = max.map(|m| f64::from(m.value));
    let used = scene
        .recent(Metric::RdsConnections)
        .latest()
        .zip(limit.filter(|l| *l > 0.0))
        .map(|(used, limit)| used / limit * 100.0);
    let free = db
        .zip(scene.recent(Metric::RdsFreeStorage).latest())
        .and_then(|(d, free)| free_share(d, free));
    let absent = |metric, applies: Option<bool>, why: &str| {
        let mut figure = scene.figure(metric);
        if applies == Some(false) && figure.value.is_none() {
            figure.missing = Some(why.to_owned());
        }
        figure
    };
    #[allow(clippy::cast_precision_loss, reason = "seconds since a backup")]
    let lag = db
        .and_then(|d| d.latest_restorable)
        .map(|at| scene.since(at) as f64);
    vec![
        scene.figure(Metric::RdsCpu),
        scene.figure(Metric::RdsConnections),
        fact("max_connections", "max", Unit::Gauge, limit),
        fact("connections_used", "connections", Unit::Percent, used),
        scene.figure(Metric::RdsFreeStorage),
        fact("storage_free_share", "storage free", Unit::Percent, free),
        scene.figure(Metric::RdsFreeableMemory),
        scene.figure(Metric::RdsReadIops),
        scene.figure(Metric::RdsWriteIops),
        scene.figure(Metric::RdsReadLatency),
        scene.figure(Metric::RdsWriteLatency),
        absent(
            Metric::RdsCpuCredits,
            db.map(|d| is_burstable(&d.class)),
            "not burstable",
        ),
        absent(
            Metric::RdsDbLoad,
            db.map(|d| d.performance_insights),
            "not enabled",
        ),
        fact("restore_lag", "restore lag", Unit::Seconds, lag),
        counted("snapshots", "snapshots", db.map(|d| d.snapshots.len())),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let db = scene.seen.database()?;
    let text = match scene.recent(Metric::RdsCpu).latest() {
        Some(cpu) if db.status == DatabaseStatus::Available => {
            format!("cpu {}", format::value(cpu, Unit::Percent))
        }
        _ => db.status.word().to_owned(),
    };
    Some(Verdict::new(Health::Ok, text))
}
