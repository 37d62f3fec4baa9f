//! Upkeep of the database: backups, maintenance, and what waits for a reboot.

use super::super::{Raised, Scene};
use crate::{
    format,
    model::{
        Health,
        database::{Database, PendingMaintenance},
        state::ParameterStatus,
    },
};

/// Seconds that point-in-time restore may lag: RDS uploads transaction logs every 5 minutes, so that 30 are six missed ones.
const RESTORE_LAG: i64 = 30 * 60;
/// Seconds ahead of which maintenance is said to be near. Ours: one maintenance window.
const MAINTENANCE_NEAR: i64 = 7 * 86_400;

/// Backups that are on, but have not reached S3 for a while.
pub(super) fn restore_lag(scene: &Scene<'_>) -> Vec<Raised> {
    let late = scene.seen.database().and_then(|db| {
        let lag = scene.since(db.latest_restorable?);
        (db.backup_retention_days > 0 && lag > RESTORE_LAG).then_some((db, lag))
    });
    late.map(|(db, lag)| {
        Raised::new(
            Health::Warning,
            &db.id,
            format!("restorable to {} ago", format::age(lag)),
            format!(
                "{} can be restored only to {} ago",
                db.id,
                format::duration(lag / 60 * 60)
            ),
        )
        .because([format!(
            "latest restorable time {} UTC",
            format::date_time(db.latest_restorable)
        )])
        .advise("RDS uploads transaction logs every five minutes: look at its events, its storage and its KMS key")
    })
    .into_iter()
    .collect()
}

/// Whether automated backups are on.
pub(in super::super) const fn backups(database: &Database) -> Health {
    match database.backup_retention_days {
        0 => Health::Warning,
        _ => Health::Ok,
    }
}

/// Whether a parameter group waits for a reboot.
pub(in super::super) fn parameters(database: &Database) -> Health {
    if waiting(database).next().is_some() {
        Health::Warning
    } else {
        Health::Ok
    }
}

fn waiting(database: &Database) -> impl Iterator<Item = &str> {
    let groups = database.parameter_groups.iter();
    groups
        .filter(|(_, state)| *state == ParameterStatus::PendingReboot)
        .map(|(group, _)| group.as_str())
}

/// Whether maintenance is near.
pub(in super::super) fn nearness(scene: &Scene<'_>, pending: &PendingMaintenance) -> Health {
    let near = |at| -scene.since(at) <= MAINTENANCE_NEAR;
    if pending.apply_at.is_some_and(near) {
        Health::Warning
    } else {
        Health::Ok
    }
}

/// No automated backups at all.
pub(super) fn backups_off(scene: &Scene<'_>) -> Vec<Raised> {
    let off = scene.seen.database().filter(|db| backups(db) != Health::Ok);
    off.map(|db| {
        Raised::new(
            Health::Warning,
            &db.id,
            "backups are off",
            format!("{} has no automated backups", db.id),
        )
        .because([format!("{} exist", format::count(db.snapshots.len(), "snapshot"))])
        .advise("set a retention of some days: turning backups on from 0 takes a short outage, so do it in a quiet hour")
    })
    .into_iter()
    .collect()
}

/// Maintenance that RDS will apply on its own before long.
pub(super) fn maintenance(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(db) = scene.seen.database() else {
        return Vec::new();
    };
    db.pending_maintenance
        .iter()
        .filter(|pending| nearness(scene, pending) != Health::Ok)
        .filter_map(|pending| {
            pending.apply_at.map(|at| {
                let ahead = -scene.since(at);
                Raised::new(
                    Health::Warning,
                    &db.id,
                    format!("maintenance in {}", format::age(ahead)),
                    format!("{} of {} is applied on its own soon", pending.action, db.id),
                )
                .because([
                    format!("at {} UTC", format::date_time(pending.apply_at)),
                    pending.description.clone(),
                ])
                .advise(
                    "apply it yourself at a time of your choice, or move the maintenance window",
                )
            })
        })
        .collect()
}

/// Parameters that only a reboot applies.
pub(super) fn pending_reboot(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(db) = scene.seen.database() else {
        return Vec::new();
    };
    waiting(db)
        .map(|group| {
            Raised::new(
                Health::Warning,
                &db.id,
                "reboot pending",
                format!("parameters of {group} wait for a reboot of {}", db.id),
            )
            .because(db.pending_changes.iter().cloned())
            .advise("reboot in a quiet hour; with a standby, a reboot with failover takes about a minute")
        })
        .collect()
}
