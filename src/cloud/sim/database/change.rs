//! What is done to the instance: snapshots deleted, copies restored, class and storage changed, the engine restarted. Each takes its
//! time, and what RDS refuses is refused in its words.

use super::{Database, Snapshot};
use crate::{
    cloud::{
        call::{Apply, DatabaseCall, NewInstance, Reboot},
        sim::{names, world::moment},
    },
    error::{Error, ErrorKind, Result},
    model::{database::Sibling, state::DatabaseStatus},
};

/// Second of the week, from Monday, at which the maintenance window `sun:04:30-sun:05:00` begins.
const WINDOW: i64 = 6 * 86_400 + 4 * 3_600 + 1_800;
/// Seconds that storage is optimised after it has grown.
const OPTIMISED: i64 = 2_400;
/// Seconds that the engine is down when it restarts.
const DOWN: i64 = 60;

/// What is to change.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub class: Option<String>,
    pub storage_gib: Option<i32>,
}

/// Something that takes the instance a while.
#[derive(Debug, Clone)]
struct Work {
    status: DatabaseStatus,
    until: i64,
    /// From when to when the engine is down.
    down: (i64, i64),
    change: Change,
    /// What its end is called.
    event: &'static str,
}

/// An instance restored from another.
#[derive(Debug, Clone)]
struct Copy {
    made: NewInstance,
    begun: i64,
    ready: i64,
}

/// All that was done to the instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    work: Option<Work>,
    waiting: Option<(i64, Change)>,
    optimised_until: i64,
    copies: Vec<Copy>,
}

impl Changes {
    /// The status that they give the instance, if any.
    pub fn status(&self, now: i64) -> Option<DatabaseStatus> {
        let work = self.work.as_ref().map(|work| work.status.clone());
        let optimised = (now < self.optimised_until).then_some(DatabaseStatus::StorageOptimization);
        work.or(optimised)
    }

    /// Whether the instance is being changed or restarted.
    pub const fn busy(&self) -> bool {
        self.work.is_some()
    }

    /// Whether the engine is down.
    pub fn down(&self, now: i64) -> bool {
        let work = self.work.as_ref();
        work.is_some_and(|work| (work.down.0..work.down.1).contains(&now))
    }

    /// What waits for the maintenance window, as RDS lists it.
    pub fn pending(&self) -> Vec<String> {
        let Some((_, change)) = &self.waiting else {
            return Vec::new();
        };
        let class = change.class.iter().map(|class| format!("class -> {class}"));
        let storage = change
            .storage_gib
            .map(|gib| format!("storage -> {gib} GiB"));
        class.chain(storage).collect()
    }

    /// The restored instances.
    pub fn siblings(&self, now: i64) -> Vec<Sibling> {
        let sibling = |copy: &Copy| Sibling {
            id: copy.made.id.clone(),
            class: copy.made.class.clone(),
            status: if now < copy.ready - 60 {
                DatabaseStatus::Creating
            } else if now < copy.ready {
                DatabaseStatus::BackingUp
            } else {
                DatabaseStatus::Available
            },
            endpoint: (now >= copy.begun.midpoint(copy.ready))
                .then(|| names::DATABASE_ENDPOINT.replacen(names::DATABASE, &copy.made.id, 1)),
            created_at: (now >= copy.ready).then(|| moment(copy.ready)),
        };
        self.copies.iter().map(sibling).collect()
    }
}

/// GiB of memory and vCPUs of the classes that the demo knows
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html).
pub(super) fn capacity(class: &str) -> Option<(f64, f64)> {
    Some(match class {
        "db.t4g.micro" => (1.0, 2.0),
        "db.t4g.small" => (2.0, 2.0),
        "db.t4g.medium" => (4.0, 2.0),
        "db.t4g.large" | "db.m7g.large" => (8.0, 2.0),
        "db.t4g.xlarge" | "db.m7g.xlarge" => (16.0, 4.0),
        "db.t4g.2xlarge" => (32.0, 8.0),
        _ => return None,
    })
}

fn refused(message: impl Into<String>, hint: &str) -> Error {
    Error::new(ErrorKind::Service, message).hint(hint)
}

fn own(database: &str) -> Result<()> {
    if database == names::DATABASE {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotFound,
        format!("DBInstanceNotFound: DBInstance {database} not found."),
    )
    .hint(format!("the demo's instance is `{}`", names::DATABASE)))
}

impl Database {
    /// Does what a call asks for; gives the ARN of what it is about.
    ///
    /// # Errors
    /// What RDS would answer.
    pub fn call(&mut self, call: &DatabaseCall, now: i64) -> Result<String> {
        match call {
            DatabaseCall::DeleteSnapshot { snapshot } => return self.delete(snapshot, now),
            DatabaseCall::RestoreSnapshot { snapshot, instance } => {
                self.ready_snapshot(snapshot, now)?;
                self.restore(instance, now)?;
            }
            DatabaseCall::RestoreToTime {
                source,
                time,
                instance,
            } => {
                own(source)?;
                let latest = super::latest_restorable(now);
                if time.is_some_and(|at| at.as_second() > latest) {
                    return Err(refused(
                        "InvalidRestoreFault: the time is after the latest restorable one",
                        "ask for an earlier time, or for the latest",
                    ));
                }
                self.restore(instance, now)?;
            }
            DatabaseCall::ModifyDatabase {
                database,
                class,
                storage_gib,
                apply,
            } => {
                own(database)?;
                let change = Change {
                    class: class.clone(),
                    storage_gib: *storage_gib,
                };
                self.modify(change, *apply, now)?;
            }
            DatabaseCall::RebootDatabase { database, reboot } => {
                own(database)?;
                self.idle(now)?;
                if *reboot == Reboot::Failover {
                    return Err(refused(
                        "InvalidParameterCombination: Can't reboot the DB instance with failover: it isn't Multi-AZ.",
                        "reboot it in place",
                    ));
                }
                self.changes.work = Some(Work {
                    status: DatabaseStatus::Rebooting,
                    until: now + DOWN + 20,
                    down: (now, now + DOWN),
                    change: Change::default(),
                    event: "DB instance restarted",
                });
                self.event(now, names::DATABASE, "availability", "DB instance shutdown");
            }
        }
        Ok(format!(
            "arn:aws:rds:{}:{}:db:{}",
            names::REGION,
            names::ACCOUNT,
            call.resource()
        ))
    }

    fn idle(&self, now: i64) -> Result<()> {
        let busy = self.changes.work.as_ref().map(|work| work.status.word());
        let busy = busy.or(self.backing_up(now).then_some("backing-up"));
        busy.map_or(Ok(()), |status| {
            Err(refused(
                format!("InvalidDBInstanceState: Database instance is not in available state, it is {status}."),
                "wait until it is available",
            ))
        })
    }

    fn ready_snapshot(&self, id: &str, now: i64) -> Result<&Snapshot> {
        let found = self.snapshots.iter().find(|snapshot| snapshot.id == id);
        let Some(snapshot) = found else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("DBSnapshotNotFound: DBSnapshot {id} not found."),
            )
            .hint("`hydren db snapshots` lists those there are"));
        };
        if now < snapshot.ready {
            return Err(refused(
                format!("InvalidDBSnapshotState: Snapshot {id} is not available."),
                "wait until it is available",
            ));
        }
        Ok(snapshot)
    }

    fn delete(&mut self, id: &str, now: i64) -> Result<String> {
        if self.ready_snapshot(id, now)?.kind != "manual" {
            return Err(refused(
                format!(
                    "InvalidDBSnapshotState: Snapshot {id} is automated and cannot be deleted."
                ),
                "it goes with its retention",
            ));
        }
        self.snapshots.retain(|snapshot| snapshot.id != id);
        self.event(now, id, "deletion", "Deleted manual snapshot");
        Ok(format!(
            "arn:aws:rds:{}:{}:snapshot:{id}",
            names::REGION,
            names::ACCOUNT
        ))
    }

    fn restore(&mut self, made: &NewInstance, now: i64) -> Result<()> {
        let mut known = self.changes.copies.iter().map(|copy| copy.made.id.as_str());
        if made.id == names::DATABASE || known.any(|id| id == made.id) {
            return Err(refused(
                "DBInstanceAlreadyExists: DB instance already exists",
                "choose another name",
            ));
        }
        let ready = now + self.dice.seconds(300, 480);
        self.changes.copies.push(Copy {
            made: made.clone(),
            begun: now,
            ready,
        });
        Ok(())
    }

    fn modify(&mut self, change: Change, apply: Apply, now: i64) -> Result<()> {
        self.idle(now)?;
        if let Some(class) = &change.class
            && capacity(class).is_none()
        {
            return Err(refused(
                format!(
                    "InvalidParameterCombination: RDS does not support DBInstanceClass={class}, Engine=postgres here."
                ),
                "choose a class such as db.t4g.large",
            ));
        }
        if change.storage_gib.is_some_and(|gib| gib < self.allocated) {
            return Err(refused(
                "InvalidParameterCombination: Requested storage size cannot be less than the current one.",
                "storage only grows",
            ));
        }
        if change.storage_gib.is_some() && now < self.changes.optimised_until {
            return Err(refused(
                "InvalidParameterCombination: You can't currently modify the storage of this DB instance because the previous storage change is being optimized.",
                "wait until it is available",
            ));
        }
        match apply {
            Apply::Now => self.begin(change, now),
            Apply::Window => {
                // Day 0 of the epoch was a Thursday, three days after a Monday.
                let week = (now + 3 * 86_400).rem_euclid(7 * 86_400);
                let begins = now + (WINDOW - week).rem_euclid(7 * 86_400);
                self.changes.waiting = Some((begins, change));
            }
        }
        Ok(())
    }

    fn begin(&mut self, change: Change, now: i64) {
        let middle = now + 180;
        let (until, down) = if change.class.is_some() {
            (now + self.dice.seconds(330, 420), (middle, middle + DOWN))
        } else {
            (now + self.dice.seconds(60, 120), (now, now))
        };
        self.changes.waiting = None;
        self.changes.work = Some(Work {
            status: DatabaseStatus::Modifying,
            until,
            down,
            change,
            event: "Finished applying modification to DB instance",
        });
    }

    /// Goes on with what was begun, and begins what its window has come for.
    pub(super) fn change(&mut self, now: i64) {
        if let Some((_, change)) = self.changes.waiting.take_if(|(begins, _)| now >= *begins) {
            self.begin(change, now);
        }
        let Some(work) = self.changes.work.take_if(|work| now >= work.until) else {
            return;
        };
        if let Some(class) = work.change.class {
            self.class = class;
        }
        if let Some(gib) = work.change.storage_gib {
            self.allocated = gib;
            self.changes.optimised_until = now + OPTIMISED;
        }
        self.event(now, names::DATABASE, "availability", work.event);
    }
}
