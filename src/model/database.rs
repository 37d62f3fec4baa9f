//! RDS for PostgreSQL.

use super::state::{DatabaseStatus, ParameterStatus, SnapshotStatus};
use jiff::Timestamp;
use serde::Serialize;

/// A database instance or cluster.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own, as RDS reports it"
)]
#[derive(Debug, Clone, Serialize)]
pub struct Database {
    /// `DBInstanceIdentifier` or `DBClusterIdentifier`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Instance or cluster.
    pub kind: DatabaseKind,
    /// `postgres`, `aurora-postgresql`.
    pub engine: String,
    /// `16.4`.
    pub version: String,
    /// `db.t4g.medium`.
    pub class: String,
    /// Status.
    pub status: DatabaseStatus,
    /// Whether a standby exists.
    pub multi_az: bool,
    /// Zone of the primary.
    pub zone: Option<String>,
    /// Zone of the standby.
    pub secondary_zone: Option<String>,
    /// Storage.
    pub storage: Storage,
    /// Host name.
    pub endpoint: Option<String>,
    /// Port.
    pub port: Option<i32>,
    /// Creation.
    pub created_at: Option<Timestamp>,
    /// Days automated backups are kept; 0 is off.
    pub backup_retention_days: i32,
    /// `03:00-04:00` UTC.
    pub backup_window: Option<String>,
    /// Point-in-time restore reaches up to here.
    pub latest_restorable: Option<Timestamp>,
    /// `sun:05:00-sun:06:00` UTC.
    pub maintenance_window: Option<String>,
    /// Maintenance that waits.
    pub pending_maintenance: Vec<PendingMaintenance>,
    /// Changes that wait for the window or a reboot, `class -> db.t4g.large`.
    pub pending_changes: Vec<String>,
    /// Parameter groups, and whether the database runs with their values.
    pub parameter_groups: Vec<(String, ParameterStatus)>,
    /// `max_connections`, and how it is known.
    pub max_connections: Option<MaxConnections>,
    /// Whether Performance or Database Insights publishes `DBLoad`.
    pub performance_insights: bool,
    /// Whether it is protected from deletion.
    pub deletion_protection: bool,
    /// Whether it has a public address.
    pub publicly_accessible: bool,
    /// CA certificate.
    pub ca_certificate: Option<String>,
    /// End of the server certificate.
    pub certificate_expires: Option<Timestamp>,
    /// Secret of a managed master password.
    pub master_secret: Option<String>,
    /// Subnet group.
    pub subnet_group: Option<String>,
    /// VPC.
    pub vpc_id: Option<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Cluster members: instance id and whether it writes.
    pub members: Vec<(String, bool)>,
    /// Log types exported to CloudWatch Logs.
    pub log_exports: Vec<String>,
    /// Other instances of its subnet group: copies restored from it stand there.
    pub siblings: Vec<Sibling>,
    /// Tags, key and value.
    pub tags: Vec<(String, String)>,
    /// Newest first.
    pub snapshots: Vec<DbSnapshot>,
    /// Newest first.
    pub events: Vec<DbEvent>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

impl Database {
    /// Point-in-time restore reaches back to the oldest automated backup that is kept; `None` where there is none
    /// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html).
    #[must_use]
    pub fn earliest_restorable(&self) -> Option<Timestamp> {
        self.snapshots
            .iter()
            .filter(|snapshot| snapshot.kind == "automated")
            .filter(|snapshot| snapshot.status == SnapshotStatus::Available)
            .filter_map(|snapshot| snapshot.created_at)
            .min()
    }
}

/// Another instance beside the environment's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sibling {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// `db.t4g.medium`.
    pub class: String,
    /// Status.
    pub status: DatabaseStatus,
    /// Host name, once it has one.
    pub endpoint: Option<String>,
    /// Creation, once it is done.
    pub created_at: Option<Timestamp>,
}

/// Instance or cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// A DB instance, with or without a standby.
    Instance,
    /// A Multi-AZ DB cluster or Aurora.
    Cluster,
}

impl DatabaseKind {
    /// Names the log group that RDS exports the logs of type `export` of database `id` to
    /// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html).
    #[must_use]
    pub fn log_group(self, id: &str, export: &str) -> String {
        let kind = match self {
            Self::Instance => "instance",
            Self::Cluster => "cluster",
        };
        format!("/aws/rds/{kind}/{id}/{export}")
    }
}

/// Storage of a database.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Storage {
    /// GiB.
    pub allocated_gib: i32,
    /// GiB up to which storage autoscaling goes; `None` is off.
    pub max_gib: Option<i32>,
    /// `gp3`, `gp2`, `io1`, ...
    pub kind: String,
    /// Provisioned IOPS.
    pub iops: Option<i32>,
    /// MiB/s.
    pub throughput: Option<i32>,
    /// Encrypted at rest.
    pub encrypted: bool,
}

/// `max_connections` and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MaxConnections {
    /// Connections.
    pub value: u32,
    /// How it is known.
    pub source: MaxConnectionsSource,
}

/// How `max_connections` is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MaxConnectionsSource {
    /// The parameter group sets a number.
    Parameter,
    /// Derived from the class by RDS's default formula `LEAST({DBInstanceClassMemory/9531392}, 5000)`: an upper bound.
    Derived,
}

/// Maintenance that waits.
#[derive(Debug, Clone, Serialize)]
pub struct PendingMaintenance {
    /// `system-update`, `db-upgrade`, ...
    pub action: String,
    /// Text.
    pub description: String,
    /// When it is applied on its own.
    pub apply_at: Option<Timestamp>,
}

/// A database snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct DbSnapshot {
    /// Identifier.
    pub id: String,
    /// `automated`, `manual`, `awsbackup`.
    pub kind: String,
    /// Status.
    pub status: SnapshotStatus,
    /// 0 to 100.
    pub progress: Option<i32>,
    /// Creation.
    pub created_at: Option<Timestamp>,
    /// GiB of the source's storage.
    pub allocated_gib: i32,
    /// Engine version.
    pub version: String,
    /// Encrypted at rest.
    pub encrypted: bool,
}

/// A message of RDS.
#[derive(Debug, Clone, Serialize)]
pub struct DbEvent {
    /// When.
    pub at: Option<Timestamp>,
    /// Identifier of the instance or snapshot it is about.
    pub source: String,
    /// `availability`, `backup`, ...
    pub categories: Vec<String>,
    /// In RDS's words.
    pub message: String,
}
