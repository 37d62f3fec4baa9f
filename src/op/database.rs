//! Operations on the database: what they have in common.

mod delete_snapshot;
mod modify;
mod reboot;
mod restore;
mod snapshot;

pub use delete_snapshot::DeleteSnapshot;
pub use modify::ModifyDatabase;
pub use reboot::RebootDatabase;
pub use restore::{Origin, RestoreDatabase};
pub use snapshot::SnapshotDatabase;

use super::{Bounds, CheckState, Desk, Plan};
use crate::{
    cost::{DbSize, Instance, Inventory, Power},
    error::{Error, ErrorKind, Result},
    format,
    model::{
        Tier,
        database::{Database, DatabaseKind},
        state::DatabaseStatus,
    },
};

/// Reads an identifier as RDS takes it (RDS API, `CreateDBSnapshot` and `RestoreDBInstanceToPointInTime`): letters, numbers or hyphens,
/// at most so many; a letter first; no hyphen at the end, nor two in a row. RDS keeps it in lower case, and so does this.
///
/// # Errors
/// `Usage` says what is wrong.
fn identifier(of: &str, name: &str, most: usize) -> Result<String> {
    let fault = if name.is_empty() || name.len() > most {
        &format!("1 to {most} characters")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        "a letter first"
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        "letters, numbers and hyphens only"
    } else if name.ends_with('-') || name.contains("--") {
        "no hyphen at the end, and no two in a row"
    } else {
        return Ok(name.to_ascii_lowercase());
    };
    Err(Error::new(
        ErrorKind::Usage,
        format!("`{name}` cannot be the name of {of}: {fault}"),
    )
    .hint("RDS takes letters, numbers and single hyphens, a letter first"))
}

/// Adds the checks that an instance has to pass before anything is done to it.
fn available(plan: Plan, database: &Database) -> Plan {
    let what = "database is available";
    let status = &database.status;
    let plan = if *status == DatabaseStatus::Available {
        plan.check(what, CheckState::Passed, "available")
    } else {
        plan.check(
            what,
            CheckState::Failed,
            format!("it is {status}; RDS wants it available for this"),
        )
    };
    instance(plan, database)
}

/// The same for what RDS also does while storage is optimised (RDS API, `CreateDBSnapshot`; RDS user guide, DB instance status: the
/// instance is operational then).
fn operational(plan: Plan, database: &Database) -> Plan {
    if database.status == DatabaseStatus::StorageOptimization {
        let plan = plan.check(
            "database is available",
            CheckState::Passed,
            "it is, while its storage is optimised",
        );
        return instance(plan, database);
    }
    available(plan, database)
}

/// Adds the check that it is an instance, which all operations are for.
fn instance(plan: Plan, database: &Database) -> Plan {
    match database.kind {
        DatabaseKind::Instance => plan,
        DatabaseKind::Cluster => plan.check(
            "an instance",
            CheckState::Failed,
            format!(
                "{} is a cluster; what is done here is for instances",
                database.id
            ),
        ),
    }
}

/// Offers a snapshot in front of new code, which may change the schema: going back to the old code does not bring the old data back.
pub(super) async fn before_code(plan: Plan, desk: &Desk<'_>) -> Plan {
    if !desk.environment.resources.names(Tier::Rds) {
        return plan;
    }
    match desk.database().await {
        Ok(database) => backed_up(plan, &database),
        Err(error) => plan.check(
            "database backed up",
            CheckState::Warned,
            format!("not known: {}", error.message),
        ),
    }
}

/// Adds the check that what is there now can be brought back, and offers a snapshot.
fn backed_up(plan: Plan, database: &Database) -> Plan {
    let what = "database backed up";
    let plan = plan.first(SnapshotDatabase { snapshot: None });
    match database.latest_restorable {
        Some(at) if database.backup_retention_days > 0 => plan.check(
            what,
            CheckState::Passed,
            format!(
                "every moment up to {} UTC can be restored into a new instance",
                format::date_time(at)
            ),
        ),
        _ => plan.check(
            what,
            CheckState::Warned,
            "automated backups are off: take a snapshot first",
        ),
    }
}

/// The inventory of database instances, for their cost.
fn inventory<'s>(desk: &Desk<'_>, sizes: impl IntoIterator<Item = &'s DbSize>) -> Inventory {
    let instance = |size: &DbSize| Instance {
        id: "database".to_owned(),
        size: size.clone(),
        power: Power::On,
    };
    Inventory {
        databases: sizes.into_iter().map(instance).collect(),
        ..Inventory::empty(&desk.environment.region)
    }
}

/// What a snapshot of so many GiB costs a month: all of its size at the most, since RDS stores what no other backup holds; nothing
/// where that fits into what backups have free.
///
/// # Errors
/// The price that the book does not have.
fn kept(desk: &Desk<'_>, gib: i32) -> Result<Bounds, String> {
    let region = &desk.environment.region;
    let price = desk.book().price("rds.backup_gb_month_over_free", region);
    price
        .map_err(|missing| missing.to_string())
        .map(|usd| Bounds {
            floor: 0.0,
            ceiling: usd * f64::from(gib),
        })
}

/// Nothing.
const NOTHING: Bounds = Bounds {
    floor: 0.0,
    ceiling: 0.0,
};

#[cfg(test)]
mod tests;
