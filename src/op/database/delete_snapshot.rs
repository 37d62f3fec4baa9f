//! Deletes a manual snapshot.

use super::{NOTHING, instance, kept};
use crate::{
    cloud::call::DatabaseCall,
    error::{Error, ErrorKind, Result},
    format,
    model::{
        database::{Database, DbSnapshot},
        state::SnapshotStatus,
    },
    op::{CheckState, Cost, DatabaseGoal, Desk, Operation, Plan, Risk, Undo},
};
use async_trait::async_trait;
use serde::Serialize;

/// Deletes a snapshot that somebody took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeleteSnapshot {
    /// Snapshot identifier.
    pub snapshot: String,
}

/// Finds a snapshot of the database.
///
/// # Errors
/// `NotFound` names the newest ones.
pub(super) fn find<'d>(database: &'d Database, name: &str) -> Result<&'d DbSnapshot> {
    let found = database.snapshots.iter().find(|s| s.id == name);
    found.ok_or_else(|| {
        let newest = database.snapshots.iter().take(3).map(|s| s.id.as_str());
        let newest: Vec<&str> = newest.collect();
        let error = Error::new(
            ErrorKind::NotFound,
            format!("{} has no snapshot `{name}`", database.id),
        );
        if newest.is_empty() {
            return error.hint("it has none at all; `hydren db snapshot` takes one");
        }
        error.hint(format!(
            "the newest are {}; `hydren db snapshots` lists all",
            newest.join(", ")
        ))
    })
}

#[async_trait]
impl Operation for DeleteSnapshot {
    fn name(&self) -> &'static str {
        "db-delete-snapshot"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["rds:DeleteDBSnapshot"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let database = desk.database().await?;
        let snapshot = find(&database, &self.snapshot)?;
        let taken = snapshot
            .created_at
            .map_or_else(|| "not begun".to_owned(), format::date_time);
        let goal = DatabaseGoal::SnapshotDeleted {
            snapshot: snapshot.id.clone(),
        };
        let plan = Plan::new(
            self.clone(),
            format!("Delete snapshot {}", snapshot.id),
            &snapshot.id,
            goal.into(),
            desk.now(),
        )
        .removes(
            "snapshot",
            format!("{} of {taken} UTC, {} GiB", snapshot.id, snapshot.allocated_gib),
        )
        .stays(format!(
            "{}, its data, and its other {}",
            database.id,
            format::count(database.snapshots.len() - 1, "snapshot")
        ))
        .rests_on("status", &snapshot.status)
        .cost(match kept(desk, snapshot.allocated_gib) {
            Ok(before) => Cost::Between {
                before,
                after: NOTHING,
                basis: "what it holds alone is no longer billed; snapshots share what did not change between them".to_owned(),
            },
            Err(why) => Cost::Unknown { why },
        })
        .risk(
            Risk::Destructive,
            format!("what was in {} on {taken} UTC is gone with it", database.id),
        )
        .undo(Undo::Impossible(
            "nothing: a deleted snapshot cannot be brought back".to_owned(),
        ))
        .takes(5, 120, 900)
        .call(
            DatabaseCall::DeleteSnapshot {
                snapshot: snapshot.id.clone(),
            }
            .into(),
        );
        let plan = match snapshot.kind.as_str() {
            "manual" => plan.check("taken by hand", CheckState::Passed, "manual"),
            "awsbackup" => plan.check(
                "taken by hand",
                CheckState::Failed,
                "AWS Backup made it; it is deleted there",
            ),
            kind => plan.check(
                "taken by hand",
                CheckState::Failed,
                format!("it is {kind}: RDS deletes it itself at the end of its retention"),
            ),
        };
        // RDS API, DeleteDBSnapshot: the snapshot must be in the available state.
        let plan = if snapshot.status == SnapshotStatus::Available {
            plan.check("snapshot is available", CheckState::Passed, "available")
        } else {
            plan.check(
                "snapshot is available",
                CheckState::Failed,
                format!("it is {}; RDS deletes available ones", snapshot.status),
            )
        };
        Ok(instance(plan, &database))
    }
}
