//! Restores a snapshot, or what the database was at a time, into a new instance; never over the database itself.

use super::{delete_snapshot::find, identifier, instance, inventory};
use crate::{
    cloud::call::{DatabaseCall, NewInstance, TAGGING},
    cost::DbSize,
    error::{Error, ErrorKind, Result},
    format,
    model::{
        database::Database,
        state::{DatabaseStatus, SnapshotStatus},
    },
    op::{
        CheckState, Cost, DatabaseGoal, Desk, Operation, Plan, Request, Risk, Undo,
        form::{Form, Kind},
    },
};
use async_trait::async_trait;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Serialize;

/// Characters that an instance's name may have (RDS API, `RestoreDBInstanceToPointInTime`).
const LONGEST: usize = 63;

/// What is restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A snapshot.
    Snapshot(String),
    /// The database as it was then.
    Time(Timestamp),
    /// The database as it was at the latest time that can be restored.
    Latest,
}

impl Origin {
    /// Reads `latest`, `2026-11-22 03:15` (UTC) or a full timestamp.
    ///
    /// # Errors
    /// `Usage` says what is taken.
    pub fn time(text: &str) -> Result<Self> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let in_utc = || {
            let time: civil::DateTime = text.parse().ok()?;
            Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
        };
        let at = text.parse().ok().or_else(in_utc);
        at.map(Self::Time).ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("`{text}` is not a time"))
                .hint("give `latest`, `2026-11-22 03:15` (UTC) or 2026-11-22T03:15:00Z")
        })
    }
}

/// Restores into a new instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreDatabase {
    /// What; `None` asks for a time.
    pub origin: Option<Origin>,
    /// Identifier of the new instance; `None` asks, proposing one.
    pub name: Option<String>,
}

/// A name for a copy of `database` made at `now`: `hydren-db-restored-20261122-1403`.
fn proposed(database: &str, now: Timestamp) -> String {
    let tail = now.strftime("-restored-%Y%m%d-%H%M").to_string();
    let room = LONGEST - tail.len();
    let head: String = database.chars().take(room).collect();
    format!("{}{tail}", head.trim_end_matches('-'))
}

/// The times that can be restored, in words.
fn window(database: &Database) -> String {
    match (database.earliest_restorable(), database.latest_restorable) {
        (Some(from), Some(to)) => format!(
            "{} to {} UTC",
            format::date_time(from),
            format::date_time(to)
        ),
        (None, Some(to)) => format!("up to {} UTC", format::date_time(to)),
        (_, None) => "none: automated backups are off".to_owned(),
    }
}

/// The new instance: the source's in everything but its name.
fn copy(database: &Database, id: &str) -> NewInstance {
    NewInstance {
        id: id.to_owned(),
        class: database.class.clone(),
        storage_type: database.storage.kind.clone(),
        subnet_group: database.subnet_group.clone(),
        security_groups: database.security_groups.clone(),
        parameter_group: database.parameter_groups.first().map(|(g, _)| g.clone()),
        port: database.port,
        multi_az: database.multi_az,
        publicly_accessible: database.publicly_accessible,
        deletion_protection: database.deletion_protection,
        log_exports: database.log_exports.clone(),
        // AWS keeps keys that begin so for itself and refuses them.
        tags: database
            .tags
            .iter()
            .filter(|(key, _)| !key.starts_with("aws:"))
            .cloned()
            .collect(),
    }
}

#[async_trait]
impl Operation for RestoreDatabase {
    fn name(&self) -> &'static str {
        "db-restore"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "rds:RestoreDBInstanceFromDBSnapshot",
            "rds:RestoreDBInstanceToPointInTime",
            TAGGING,
        ]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.origin.is_some() && self.name.is_some() {
            return Ok(None);
        }
        let database = desk.database().await?;
        let mut form = Form::new(match &self.origin {
            Some(Origin::Snapshot(snapshot)) => format!("Restore {snapshot} into a new instance"),
            _ => format!("Restore {} into a new instance", database.id),
        })
        .note(format!("{} itself is not touched.", database.id));
        if self.origin.is_none() {
            form = form.field(
                "time",
                "As it was at",
                Kind::Text,
                "latest",
                format!(
                    "latest, or a time like 2026-11-22 03:15 (UTC); {}",
                    window(&database)
                ),
            );
        }
        if self.name.is_none() {
            form = form.field(
                "name",
                "New instance",
                Kind::Text,
                &proposed(&database.id, desk.now()),
                "letters, numbers and single hyphens, a letter first",
            );
        }
        Ok(Some(form))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let origin = match &self.origin {
            Some(origin) => origin.clone(),
            None => Origin::time(form.text("time"))?,
        };
        let name = match &self.name {
            Some(name) => name.clone(),
            None => form.text("name").to_owned(),
        };
        Ok(Self {
            origin: Some(origin),
            name: Some(identifier("an instance", &name, LONGEST)?),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let database = desk.database().await?;
        let origin = self.origin.clone().unwrap_or(Origin::Latest);
        let name = match &self.name {
            Some(name) => name.clone(),
            None => proposed(&database.id, desk.now()),
        };
        let name = identifier("an instance", &name, LONGEST)?;
        let made = copy(&database, &name);
        let source = DbSize::from(&*database);
        let mut size = source.clone();
        let (title, data) = match &origin {
            Origin::Snapshot(id) => {
                let snapshot = find(&database, id)?;
                size.storage_gib = snapshot.allocated_gib;
                (
                    format!("Restore {id} into {name}"),
                    format!("snapshot {id}"),
                )
            }
            Origin::Time(at) => (
                format!("Restore {} into {name}", database.id),
                format!("{} at {} UTC", database.id, format::date_time(*at)),
            ),
            Origin::Latest => (
                format!("Restore {} into {name}", database.id),
                format!("{} at the latest time that can be restored", database.id),
            ),
        };
        let request = Self {
            origin: Some(origin.clone()),
            name: Some(name.clone()),
        };
        let goal = DatabaseGoal::Restored {
            database: name.clone(),
        };
        let basis = format!("the new one: {}; {} stays", size.words(), database.id);
        let cost = Cost::between(
            desk.book(),
            &inventory(desk, [&source]),
            &inventory(desk, [&source, &size]),
            basis,
        );
        let plan = Plan::new(request, title, &name, goal.into(), desk.now())
            .adds("instance", &name)
            .adds("data", data)
            .stays(format!(
                "{}: its data, its endpoint, and the services that use it",
                database.id
            ))
            .rests_on("status of the source", &database.status)
            .cost(cost)
            .risk(
                Risk::Disruptive,
                "the new instance is billed until somebody deletes it",
            )
            .undo(Undo::Needless(format!(
                "{} is not touched; delete {name} when it is no longer needed{}",
                database.id,
                if made.deletion_protection {
                    " (its protection from deletion is taken off first)"
                } else {
                    ""
                }
            )))
            .takes(300, 3_600, 14_400);
        let plan = like_the_source(plan, &made);
        let plan = checked(plan, &database, &origin, &made)?;
        let instance = Box::new(made);
        let call = match origin {
            Origin::Snapshot(snapshot) => DatabaseCall::RestoreSnapshot { snapshot, instance },
            Origin::Time(at) => DatabaseCall::RestoreToTime {
                source: database.id.clone(),
                time: Some(at),
                instance,
            },
            Origin::Latest => DatabaseCall::RestoreToTime {
                source: database.id.clone(),
                time: None,
                instance,
            },
        };
        Ok(plan.call(call.into()))
    }
}

/// Says what the new instance takes over.
fn like_the_source(plan: Plan, made: &NewInstance) -> Plan {
    let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let none = || "none".to_owned();
    let tags: Vec<String> = made.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let or_none = |words: String| if words.is_empty() { none() } else { words };
    [
        ("class", made.class.clone()),
        ("storage type", made.storage_type.clone()),
        (
            "subnet group",
            made.subnet_group.clone().unwrap_or_else(none),
        ),
        ("security groups", or_none(made.security_groups.join(", "))),
        (
            "parameter group",
            made.parameter_group.clone().unwrap_or_else(none),
        ),
        ("port", made.port.map_or_else(none, |port| port.to_string())),
        ("standby", yes(made.multi_az)),
        ("public access", yes(made.publicly_accessible)),
        ("deletion protection", yes(made.deletion_protection)),
        ("exported logs", or_none(made.log_exports.join(", "))),
        ("tags", or_none(tags.join(", "))),
    ]
    .into_iter()
    .fold(plan, |plan, (field, value)| plan.adds(field, value))
}

fn checked(plan: Plan, database: &Database, origin: &Origin, made: &NewInstance) -> Result<Plan> {
    let taken = made.id == database.id || database.siblings.iter().any(|s| s.id == made.id);
    let mut plan = if taken {
        plan.check(
            "name is free",
            CheckState::Failed,
            format!(
                "there is an instance {} already; nothing is ever restored over it",
                made.id
            ),
        )
    } else {
        plan.check("name is free", CheckState::Passed, &made.id)
    };
    plan = match origin {
        Origin::Snapshot(id) => {
            let snapshot = find(database, id)?;
            let state = if snapshot.status == SnapshotStatus::Available {
                CheckState::Passed
            } else {
                CheckState::Failed
            };
            let taken = snapshot.created_at.map(format::date_time);
            plan.check(
                "snapshot is available",
                state,
                format!(
                    "{}, taken {} UTC",
                    snapshot.status,
                    taken.as_deref().unwrap_or("at an unknown time")
                ),
            )
        }
        Origin::Time(at) => {
            let early = database
                .earliest_restorable()
                .is_some_and(|from| *at < from);
            let late = database.latest_restorable.is_none_or(|to| *at > to);
            let state = if early || late {
                CheckState::Failed
            } else {
                CheckState::Passed
            };
            plan.check("within the backups", state, window(database))
        }
        Origin::Latest => {
            let state = match database.latest_restorable {
                Some(_) => CheckState::Passed,
                None => CheckState::Failed,
            };
            plan.check("within the backups", state, window(database))
        }
    };
    if database.master_secret.is_some() {
        plan = plan.check(
            "password",
            CheckState::Warned,
            format!(
                "the managed secret stays with {}; the new instance has the master password of that moment",
                database.id
            ),
        );
    }
    if made.publicly_accessible {
        plan = plan.check(
            "not reachable from the internet",
            CheckState::Warned,
            "the source is publicly accessible, and so will the new one be",
        );
    }
    if database.status != DatabaseStatus::Available {
        plan = plan.check(
            "source is available",
            CheckState::Warned,
            format!("it is {}", database.status),
        );
    }
    Ok(instance(plan, database))
}
