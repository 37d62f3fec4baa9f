//! RDS for PostgreSQL: connections, CPU, I/O and latency follow the backend's queries; backups, snapshots and events follow the clock.

mod change;

use super::{
    compute::queue::Duration,
    dice::{Dice, Drift},
    names,
    scenario::Conditions,
    world::{EPOCH, World, moment},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        database::{
            Database as DatabaseModel, DatabaseKind, DbEvent, DbSnapshot, MaxConnections,
            MaxConnectionsSource, Storage,
        },
        state::{DatabaseStatus, ParameterStatus, SnapshotStatus},
    },
};
use change::Changes;
use std::collections::VecDeque;

pub const GIB: f64 = 1_073_741_824.0;
/// GiB of storage at the beginning.
const ALLOCATED: i32 = 50;
/// Percent of both vCPUs that one query a second needs.
const CPU_PER_QUERY: f64 = 0.46;
/// Credits earned an hour and the most that are kept: db.t4g.medium as t4g.medium, 12 an hour a vCPU, 24 hours' worth.
const CREDITS_AN_HOUR: f64 = 24.0;
const MOST_CREDITS: f64 = 576.0;
/// Days that automated snapshots are kept.
const RETENTION: i64 = 7;
/// Second of the day at which the backup begins, in the window 03:00-03:30.
const BACKUP_AT: i64 = 3 * 3_600 + 11 * 60;
const ENGINE: &str = "16.9";
/// Class at the beginning.
const CLASS: &str = "db.t4g.medium";
/// Bytes of memory a connection: `max_connections` is `LEAST(memory / 9531392, 5000)` (RDS quotas page).
const A_CONNECTION: f64 = 9_531_392.0;
/// Seconds that a query waits while the engine is down, until it fails.
const WAITS: f64 = 2.0;

/// What a step did to the database.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Percent.
    pub cpu: f64,
    pub connections: f64,
    /// Bytes.
    pub freeable_memory: f64,
    /// Bytes.
    pub free_storage: f64,
    /// A second.
    pub read_iops: f64,
    /// A second.
    pub write_iops: f64,
    /// Seconds.
    pub read_latency: f64,
    /// Seconds.
    pub write_latency: f64,
    pub credits: f64,
    /// Mean active sessions.
    pub load: f64,
}

/// A snapshot as it is being made.
#[derive(Debug, Clone)]
struct Snapshot {
    id: String,
    kind: &'static str,
    allocated: i32,
    begun: i64,
    ready: i64,
}

impl Snapshot {
    fn describe(&self, now: i64) -> DbSnapshot {
        let done = now >= self.ready;
        DbSnapshot {
            id: self.id.clone(),
            kind: self.kind.to_owned(),
            status: if done {
                SnapshotStatus::Available
            } else {
                SnapshotStatus::Creating
            },
            progress: Some(if done {
                100
            } else {
                (100 * (now - self.begun) / (self.ready - self.begun)) as i32
            }),
            created_at: Some(moment(self.begun)),
            allocated_gib: self.allocated,
            version: ENGINE.to_owned(),
            encrypted: true,
        }
    }
}

/// The instance.
#[derive(Debug, Clone)]
pub struct Database {
    /// Time of one query, which the backend waits for.
    pub query: Duration,
    class: String,
    allocated: i32,
    changes: Changes,
    used_storage: f64,
    credits: f64,
    chatter: Drift,
    snapshots: VecDeque<Snapshot>,
    events: VecDeque<DbEvent>,
    dice: Dice,
}

impl Database {
    /// Starts the instance at `now`, with the automated snapshots of the nights before.
    pub fn new(seed: u64, now: i64) -> Self {
        let midnight = now.div_euclid(86_400) * 86_400;
        let mut snapshots: VecDeque<Snapshot> = (0..RETENTION)
            .map(|nights| midnight - nights * 86_400 + BACKUP_AT)
            .filter(|&begun| begun < now)
            .map(|begun| automated(begun, begun + 140, ALLOCATED))
            .collect();
        let begun = now - 11 * 86_400 - 5_520;
        snapshots.push_back(Snapshot {
            id: "hydren-db-before-1-19".to_owned(),
            kind: "manual",
            allocated: ALLOCATED,
            begun,
            ready: begun + 210,
        });
        Self {
            query: Duration {
                mean: 0.003,
                variance: 1.0e-5,
            },
            class: CLASS.to_owned(),
            allocated: ALLOCATED,
            changes: Changes::default(),
            used_storage: 17.2 * GIB,
            credits: 520.0,
            chatter: Drift::new(0.05, 300.0),
            snapshots,
            events: VecDeque::new(),
            dice: Dice::of(seed, "database"),
        }
    }

    /// GiB of memory and vCPUs.
    fn capacity(&self) -> (f64, f64) {
        change::capacity(&self.class).unwrap_or((4.0, 2.0))
    }

    /// Whether a snapshot is being taken: RDS reads the volume meanwhile.
    fn backing_up(&self, now: i64) -> bool {
        self.snapshots
            .iter()
            .any(|snapshot| (snapshot.begun..snapshot.ready).contains(&now))
    }

    /// Answers `queries`, of which the share `writes` changes rows, for `tasks` backend tasks whose pools hold the connections.
    pub fn step(
        &mut self,
        queries: f64,
        writes: f64,
        tasks: usize,
        conditions: &Conditions,
        now: i64,
        seconds: f64,
    ) -> Work {
        self.keep_backups(now, seconds);
        self.change(now);
        let down = self.changes.down(now);
        let (memory, vcpus) = self.capacity();
        let backing_up = self.backing_up(now);
        let dice = &mut self.dice;
        let rate = queries / seconds;
        let chatter = self.chatter.step(seconds, dice).exp();
        let backup = if backing_up { 6.0 } else { 0.0 };
        let per_query = CPU_PER_QUERY * 2.0 / vcpus;
        let cpu = (3.4 + rate * per_query * conditions.query_time * chatter + backup).min(99.5);
        let crowding = 1.0 / (1.0 - (cpu / 100.0).min(0.97));
        let mean = if down {
            WAITS
        } else {
            0.002_4 * conditions.query_time * crowding
        };
        self.query = Duration {
            mean,
            variance: 1.2 * mean * mean,
        };
        let load = rate * mean;
        let pool = (8.0 + 2.2 * load / tasks.max(1) as f64).min(20.0);
        let connections = if down {
            0.0
        } else {
            dice.round(2.0 + pool * tasks as f64)
        };
        self.used_storage += rate * writes * seconds * 130.0;
        // An hour's credit is one vCPU at full use for a minute, sixty times; two vCPUs share the load.
        let spent = 2.0 * cpu / 100.0 * seconds / 60.0;
        let earned = CREDITS_AN_HOUR * seconds / 3_600.0;
        self.credits = (self.credits + earned - spent).clamp(0.0, MOST_CREDITS);
        let read_iops = 2.0 + rate * 0.32 * chatter + if backing_up { 380.0 } else { 0.0 };
        let write_iops = 5.0 + rate * writes * 1.9 * chatter;
        Work {
            cpu: (cpu + 0.5 * dice.normal()).clamp(1.0, 100.0),
            connections,
            // What PostgreSQL and its buffers take of 4 GiB.
            freeable_memory: (memory * 0.405 * GIB - connections * 9.5e6 + 1.2e7 * dice.normal())
                .max(4.0e7),
            free_storage: f64::from(self.allocated) * GIB - self.used_storage,
            read_iops: read_iops * (1.0 + 0.05 * dice.normal()),
            write_iops: write_iops * (1.0 + 0.05 * dice.normal()),
            read_latency: 0.000_45 * crowding * if backing_up { 1.8 } else { 1.0 },
            write_latency: 0.001_1 * crowding,
            credits: self.credits,
            load: (load + 0.02).max(0.0),
        }
    }

    /// Takes the nightly snapshot, forgets those past their retention, and says what ended.
    fn keep_backups(&mut self, now: i64, seconds: f64) {
        let since = now - seconds as i64;
        let passed = |moment: i64| since < moment && moment <= now;
        let tonight = now.div_euclid(86_400) * 86_400 + BACKUP_AT;
        if passed(tonight) {
            let ready = tonight + self.dice.seconds(110, 190);
            self.snapshots
                .push_front(automated(tonight, ready, self.allocated));
            self.event(tonight, names::DATABASE, "backup", "Backing up DB instance");
            let oldest = now - RETENTION * 86_400;
            self.snapshots
                .retain(|snapshot| snapshot.kind == "manual" || snapshot.begun > oldest);
        }
        let ended: Vec<Snapshot> = self
            .snapshots
            .iter()
            .filter(|snapshot| passed(snapshot.ready))
            .cloned()
            .collect();
        for snapshot in ended {
            if snapshot.kind == "manual" {
                self.event(
                    snapshot.ready,
                    &snapshot.id,
                    "creation",
                    "Manual snapshot created",
                );
            } else {
                self.event(
                    snapshot.ready,
                    names::DATABASE,
                    "backup",
                    "Finished DB Instance backup",
                );
            }
        }
    }

    /// Takes a manual snapshot.
    ///
    /// # Errors
    /// `NotFound` for another instance; `Service` when the name is taken, not allowed, or a snapshot is already under way.
    pub fn snapshot(&mut self, database: &str, id: &str, now: i64) -> Result<String> {
        if database != names::DATABASE {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("DBInstanceNotFound: DBInstance {database} not found."),
            )
            .hint(format!("the demo's instance is `{}`", names::DATABASE)));
        }
        let letters = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let begins = id.starts_with(|c: char| c.is_ascii_alphabetic());
        if !letters || !begins || id.ends_with('-') || id.contains("--") || id.len() > 255 {
            return Err(Error::new(
                ErrorKind::Service,
                format!("InvalidParameterValue: The parameter DBSnapshotIdentifier is not a valid identifier: {id}"),
            )
            .hint("use letters, digits and single hyphens, beginning with a letter"));
        }
        if self.snapshots.iter().any(|snapshot| snapshot.id == id) {
            return Err(Error::new(
                ErrorKind::Service,
                format!("DBSnapshotAlreadyExists: Cannot create the snapshot because a snapshot with the identifier {id} already exists."),
            )
            .hint("choose another name"));
        }
        if self.changes.busy() || self.backing_up(now) {
            return Err(Error::new(
                ErrorKind::Service,
                format!("InvalidDBInstanceState: Instance {database} is currently backing-up; cannot take another snapshot."),
            )
            .hint("wait until the snapshot under way is available"));
        }
        let ready = now + self.dice.seconds(120, 200);
        self.snapshots.push_front(Snapshot {
            id: id.to_owned(),
            kind: "manual",
            allocated: self.allocated,
            begun: now,
            ready,
        });
        self.event(now, id, "creation", "Creating manual snapshot");
        Ok(format!(
            "arn:aws:rds:{}:{}:snapshot:{id}",
            names::REGION,
            names::ACCOUNT
        ))
    }

    fn event(&mut self, at: i64, source: &str, category: &str, message: &str) {
        self.events.push_front(DbEvent {
            at: Some(moment(at)),
            source: source.to_owned(),
            categories: vec![category.to_owned()],
            message: message.to_owned(),
        });
        // RDS answers with events of the last fourteen days.
        let oldest = moment(at - 14 * 86_400);
        self.events.retain(|event| event.at > Some(oldest));
    }
}

fn automated(begun: i64, ready: i64, allocated: i32) -> Snapshot {
    let stamp = moment(begun).strftime("%Y-%m-%d-%H-%M").to_string();
    Snapshot {
        id: format!("rds:{}-{stamp}", names::DATABASE),
        kind: "automated",
        allocated,
        begun,
        ready,
    }
}

/// Until when the database can be restored: logs are shipped every five minutes.
const fn latest_restorable(now: i64) -> i64 {
    (now - 120).div_euclid(300) * 300
}

/// Reads the tier.
pub fn snapshot(world: &World) -> DatabaseModel {
    let database = &world.database;
    let now = world.at;
    let (memory, _) = database.capacity();
    let mut snapshots: Vec<_> = database
        .snapshots
        .iter()
        .map(|snapshot| snapshot.describe(now))
        .collect();
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.created_at));
    DatabaseModel {
        id: names::DATABASE.to_owned(),
        arn: names::DATABASE_ARN.to_owned(),
        kind: DatabaseKind::Instance,
        engine: "postgres".to_owned(),
        version: ENGINE.to_owned(),
        class: database.class.clone(),
        status: if database.backing_up(now) {
            DatabaseStatus::BackingUp
        } else {
            let changing = database.changes.status(now);
            changing.unwrap_or(DatabaseStatus::Available)
        },
        multi_az: false,
        zone: Some(names::ZONES[0].to_owned()),
        secondary_zone: None,
        storage: Storage {
            allocated_gib: database.allocated,
            max_gib: Some(100),
            kind: "gp3".to_owned(),
            iops: Some(3_000),
            throughput: Some(125),
            encrypted: true,
        },
        endpoint: Some(names::DATABASE_ENDPOINT.to_owned()),
        port: Some(5432),
        created_at: Some(moment(EPOCH - 211 * 86_400 - 11_460)),
        backup_retention_days: RETENTION as i32,
        backup_window: Some("03:00-03:30".to_owned()),
        latest_restorable: Some(moment(latest_restorable(now))),
        maintenance_window: Some("sun:04:30-sun:05:00".to_owned()),
        pending_maintenance: Vec::new(),
        pending_changes: database.changes.pending(),
        parameter_groups: vec![("hydren-postgres16".to_owned(), ParameterStatus::InSync)],
        max_connections: Some(MaxConnections {
            value: (memory * GIB / A_CONNECTION).min(5_000.0) as u32,
            source: MaxConnectionsSource::Derived,
        }),
        performance_insights: true,
        deletion_protection: true,
        publicly_accessible: false,
        ca_certificate: Some("rds-ca-rsa2048-g1".to_owned()),
        certificate_expires: Some(moment((EPOCH / 86_400 + 227) * 86_400 + 61_200)),
        master_secret: Some(names::DATABASE_SECRET.to_owned()),
        subnet_group: Some("hydren-db".to_owned()),
        vpc_id: Some(names::VPC.to_owned()),
        security_groups: vec![names::SG_DATABASE.to_owned()],
        members: Vec::new(),
        log_exports: vec!["postgresql".to_owned()],
        siblings: database.changes.siblings(now),
        tags: vec![("app".to_owned(), "hydren".to_owned())],
        snapshots,
        events: database.events.iter().cloned().collect(),
        gaps: Vec::new(),
    }
}
