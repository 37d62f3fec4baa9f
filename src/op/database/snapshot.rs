//! Takes a snapshot of the database.

use super::{NOTHING, identifier, kept, operational};
use crate::{
    cloud::Call,
    error::Result,
    model::database::Database,
    op::{
        CheckState, Cost, Desk, Goal, Operation, Plan, Request, Risk, Undo,
        form::{Form, Kind},
    },
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

/// Takes a manual snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotDatabase {
    /// Snapshot identifier; `None` asks, proposing one.
    pub snapshot: Option<String>,
}

/// A name for a snapshot taken at `now`: `hydren-db-20261122-140327`.
#[must_use]
pub fn proposed(database: &str, now: Timestamp) -> String {
    format!("{database}-{}", now.strftime("%Y%m%d-%H%M%S"))
}

/// Characters that a snapshot's name may have (RDS API, `CreateDBSnapshot`).
const LONGEST: usize = 255;

/// What it will cost to keep.
fn cost(desk: &Desk<'_>, database: &Database) -> Cost {
    match kept(desk, database.storage.allocated_gib) {
        Ok(after) => Cost::Between {
            before: NOTHING,
            after,
            basis: format!(
                "snapshot storage by what it holds alone, beyond {} GiB that backups have free",
                database.storage.allocated_gib
            ),
        },
        Err(why) => Cost::Unknown { why },
    }
}

fn check_name(name: &str) -> Result<String> {
    identifier("a snapshot", name, LONGEST)
}

#[async_trait]
impl Operation for SnapshotDatabase {
    fn name(&self) -> &'static str {
        "db-snapshot"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["rds:CreateDBSnapshot"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.snapshot.is_some() {
            return Ok(None);
        }
        let database = desk.database().await?;
        let name = proposed(&database.id, desk.now());
        Ok(Some(
            Form::new(format!("Snapshot of {}", database.id)).field(
                "snapshot",
                "Name",
                Kind::Text,
                &name,
                "letters, numbers and single hyphens, a letter first",
            ),
        ))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let name = check_name(form.text("snapshot"))?;
        Ok(Self {
            snapshot: Some(name),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let database = desk.database().await?;
        let name = match &self.snapshot {
            Some(name) => name.clone(),
            None => proposed(&database.id, desk.now()),
        };
        let name = check_name(&name)?;
        let request = Self {
            snapshot: Some(name.clone()),
        };
        let plan = Plan::new(
            request,
            format!("Snapshot of {}", database.id),
            &database.id,
            Goal::Snapshot {
                snapshot: name.clone(),
            },
            desk.now(),
        )
        .adds("snapshot", &name)
        .stays("the database, its data and its automated backups")
        .rests_on("status", &database.status)
        .cost(cost(desk, &database))
        .undo(Undo::Needless(
            "it changes nothing; the snapshot can be deleted".to_owned(),
        ))
        .takes(120, 1_800, 7_200)
        .call(Call::SnapshotDatabase {
            database: database.id.clone(),
            snapshot: name.clone(),
        });
        Ok(checked(plan, &database, &name))
    }
}

fn checked(plan: Plan, database: &Database, name: &str) -> Plan {
    let mut plan = operational(plan, database);
    plan = if database.snapshots.iter().any(|s| s.id == name) {
        plan.check(
            "name is free",
            CheckState::Failed,
            format!("there is a snapshot {name} already"),
        )
    } else {
        plan.check("name is free", CheckState::Passed, name)
    };
    if database.multi_az {
        plan.risk(Risk::Safe, "it is taken from the standby")
    } else {
        // RDS user guide, creating a DB snapshot: a brief I/O suspension in a Single-AZ deployment.
        plan.risk(
            Risk::Disruptive,
            "without a standby I/O pauses for seconds to minutes when it begins",
        )
    }
}
