//! What an operation on the database is to bring about.

use super::{Goal, Standing, Step, StepState, Verdict, Watch};
use crate::{
    cloud::call::Apply,
    model::{
        Tier,
        database::{Database, Sibling},
        state::DatabaseStatus,
    },
    observe::Observations,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How long after a reboot was asked for the status may still be that of before, where no event tells.
const UNSEEN: SignedDuration = SignedDuration::from_mins(3);

/// What is to come of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "goal", rename_all = "kebab-case")]
pub enum DatabaseGoal {
    /// A snapshot is gone.
    SnapshotDeleted {
        /// Snapshot identifier.
        snapshot: String,
    },
    /// A restored instance is available.
    Restored {
        /// Its identifier.
        database: String,
    },
    /// The instance has another class or storage, or will have it in its maintenance window.
    Modified {
        /// Instance identifier.
        database: String,
        /// Class, where it changes.
        class: Option<String>,
        /// GiB, where it changes.
        storage_gib: Option<i32>,
        /// When.
        apply: Apply,
    },
    /// The instance is available after a restart.
    Rebooted {
        /// Instance identifier.
        database: String,
    },
    /// The instance is available again: something that was begun elsewhere has ended.
    Settled {
        /// Instance identifier.
        database: String,
    },
}

impl From<DatabaseGoal> for Goal {
    fn from(goal: DatabaseGoal) -> Self {
        Self::Database(goal)
    }
}

impl DatabaseGoal {
    /// What it is about.
    pub(super) fn subject(&self) -> (&'static str, &str) {
        match self {
            Self::SnapshotDeleted { snapshot } => ("snapshot", snapshot),
            Self::Restored { database }
            | Self::Modified { database, .. }
            | Self::Rebooted { database }
            | Self::Settled { database } => ("instance", database),
        }
    }

    /// Judges it by the database as it was read after `since`.
    pub(super) fn judge(&self, database: &Database, since: Timestamp, now: Timestamp) -> Standing {
        match self {
            Self::SnapshotDeleted { snapshot } => {
                let left = database.snapshots.iter().find(|s| s.id == *snapshot);
                // Snapshots that could not be listed are not gone.
                let unread = database
                    .gaps
                    .iter()
                    .any(|g| g.contains("DescribeDBSnapshots"));
                let detail = match left {
                    Some(snapshot) => snapshot.status.word(),
                    None if unread => "not known: snapshots cannot be listed",
                    None => "gone",
                };
                let step = Step::new("snapshot deleted", left.is_none() && !unread, detail);
                Standing::of_one(step, || format!("snapshot {snapshot} is deleted"))
            }
            Self::Restored { database: id } => restored(database, id),
            Self::Modified {
                class,
                storage_gib,
                apply,
                ..
            } => modified(database, class.as_deref(), *storage_gib, *apply),
            Self::Rebooted { .. } => rebooted(database, since, now),
            Self::Settled { database: id } => {
                let siblings = database.siblings.iter();
                let of_sibling = siblings.clone().find(|s| s.id == *id).map(|s| &s.status);
                let own = (database.id == *id).then_some(&database.status);
                let Some(status) = of_sibling.or(own) else {
                    let step = Step::new("available", StepState::Failed, "not listed");
                    return Standing::failing(vec![step], format!("{id} is no longer listed"));
                };
                ended(vec![up(status)], status, || format!("{id} is available"))
            }
        }
    }
}

/// Whether an instance answers: while its storage is optimised it does (RDS user guide, working with storage).
const fn answers(status: &DatabaseStatus) -> bool {
    matches!(
        status,
        DatabaseStatus::Available | DatabaseStatus::StorageOptimization
    )
}

/// Whether an instance has come to an end that waiting does not mend.
const fn stuck(status: &DatabaseStatus) -> bool {
    matches!(
        status,
        DatabaseStatus::Failed
            | DatabaseStatus::RestoreError
            | DatabaseStatus::InsufficientCapacity
            | DatabaseStatus::IncompatibleNetwork
            | DatabaseStatus::IncompatibleOptionGroup
            | DatabaseStatus::IncompatibleParameters
            | DatabaseStatus::IncompatibleRestore
            | DatabaseStatus::InaccessibleEncryption
            | DatabaseStatus::StorageFull
    )
}

fn up(status: &DatabaseStatus) -> Step {
    let state = if answers(status) {
        StepState::Done
    } else if stuck(status) {
        StepState::Failed
    } else {
        StepState::Active
    };
    Step::new("available", state, status.word())
}

/// Reached once every step is done; failing where the instance is stuck.
fn ended(steps: Vec<Step>, status: &DatabaseStatus, reached: impl FnOnce() -> String) -> Standing {
    if stuck(status) {
        return Standing::failing(steps, format!("it is {status}; its events say why"));
    }
    let verdict = if steps.iter().all(|step| step.state == StepState::Done) {
        Verdict::Reached(reached())
    } else {
        Verdict::Watching
    };
    Standing { steps, verdict }
}

fn restored(database: &Database, id: &str) -> Standing {
    let found: Option<&Sibling> = database.siblings.iter().find(|s| s.id == id);
    let Some(made) = found else {
        let step = Step::new("instance created", StepState::Waiting, "not listed yet");
        return Standing::of_one(step, String::new);
    };
    let created = Step::new(
        "instance created",
        made.endpoint.is_some(),
        made.endpoint.as_deref().unwrap_or("no endpoint yet"),
    );
    ended(vec![created, up(&made.status)], &made.status, || {
        let at = made.endpoint.as_deref().unwrap_or("no endpoint");
        format!("{id} is available at {at}")
    })
}

fn modified(
    database: &Database,
    class: Option<&str>,
    storage_gib: Option<i32>,
    apply: Apply,
) -> Standing {
    let mut steps = Vec::new();
    let mut waiting = true;
    if let Some(class) = class {
        let waits = format!("class -> {class}");
        let done = database.class == class;
        waiting &= done || database.pending_changes.contains(&waits);
        steps.push(Step::new(format!("class {class}"), done, &database.class));
    }
    if let Some(gib) = storage_gib {
        let waits = format!("storage -> {gib} GiB");
        let now = database.storage.allocated_gib;
        waiting &= now == gib || database.pending_changes.contains(&waits);
        steps.push(Step::new(
            format!("{gib} GiB"),
            now == gib,
            format!("{now} GiB"),
        ));
    }
    let window = database.maintenance_window.as_deref();
    if apply == Apply::Window && waiting {
        for step in &mut steps {
            step.state = StepState::Done;
            "waits for the window".clone_into(&mut step.detail);
        }
        let verdict = Verdict::Reached(format!(
            "{} changes in its maintenance window, {} UTC",
            database.id,
            window.unwrap_or("unknown")
        ));
        return Standing { steps, verdict };
    }
    steps.push(up(&database.status));
    ended(steps, &database.status, || {
        format!(
            "{} is {} with {} GiB, {}",
            database.id, database.class, database.storage.allocated_gib, database.status
        )
    })
}

fn rebooted(database: &Database, since: Timestamp, now: Timestamp) -> Standing {
    // RDS user guide, event categories: RDS-EVENT-0006 "DB instance restarted", RDS-EVENT-0049 "Multi-AZ instance failover completed".
    let told = database.events.iter().find(|event| {
        event.source == database.id
            && event.at.is_some_and(|at| at >= since)
            && (event.message.contains("restarted") || event.message.contains("failover completed"))
    });
    let gone = !answers(&database.status);
    let restarted = Step::new(
        "engine restarted",
        told.is_some() || (!gone && now.duration_since(since) >= UNSEEN),
        told.map_or("no event yet", |event| event.message.as_str()),
    );
    ended(
        vec![restarted, up(&database.status)],
        &database.status,
        || {
            let zone = database.zone.as_deref().unwrap_or("an unknown zone");
            format!("{} is available in {zone}", database.id)
        },
    )
}

/// Instances that are being made, changed or restarted.
pub(super) fn under_way(seen: &Observations) -> Vec<Watch> {
    let Some(database) = seen.database() else {
        return Vec::new();
    };
    let own = std::iter::once((&database.id, &database.status));
    let others = database.siblings.iter().map(|s| (&s.id, &s.status));
    let changing = own.chain(others).filter(|(_, status)| {
        matches!(
            status,
            DatabaseStatus::Creating | DatabaseStatus::Modifying | DatabaseStatus::Rebooting
        )
    });
    let Some(begun) = seen.tier(Tier::Rds).fetched_at else {
        return Vec::new();
    };
    changing
        .map(|(id, status)| {
            let goal = DatabaseGoal::Settled {
                database: id.clone(),
            };
            Watch::found(format!("{id} is {status}"), goal.into(), begun)
        })
        .collect()
}
