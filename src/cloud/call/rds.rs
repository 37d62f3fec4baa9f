//! Writes to RDS.

use jiff::Timestamp;
use serde::Serialize;

/// Needed besides by calls that give tags to what they make (RDS user guide, tagging resources).
pub const TAGGING: &str = "rds:AddTagsToResource";

/// A write to RDS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum DatabaseCall {
    /// Deletes a manual snapshot (`rds:DeleteDBSnapshot`).
    DeleteSnapshot {
        /// Snapshot identifier.
        snapshot: String,
    },
    /// Makes a new instance of a snapshot (`rds:RestoreDBInstanceFromDBSnapshot`).
    RestoreSnapshot {
        /// Snapshot identifier.
        snapshot: String,
        /// What is made.
        instance: Box<NewInstance>,
    },
    /// Makes a new instance of what another was at a time (`rds:RestoreDBInstanceToPointInTime`).
    RestoreToTime {
        /// Identifier of the other.
        source: String,
        /// When; `None` is the latest time that can be restored.
        time: Option<Timestamp>,
        /// What is made.
        instance: Box<NewInstance>,
    },
    /// Changes class or storage (`rds:ModifyDBInstance`).
    ModifyDatabase {
        /// Instance identifier.
        database: String,
        /// Class; `None` stays.
        class: Option<String>,
        /// GiB; `None` stays.
        storage_gib: Option<i32>,
        /// When.
        apply: Apply,
    },
    /// Restarts the engine (`rds:RebootDBInstance`).
    RebootDatabase {
        /// Instance identifier.
        database: String,
        /// In which zone.
        reboot: Reboot,
    },
}

/// When a change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Apply {
    /// At once
    Now,
    /// In the next maintenance window
    Window,
}

/// Where the engine comes up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reboot {
    /// Where it runs.
    InPlace,
    /// On the standby, in another zone.
    Failover,
}

/// An instance that is made, as RDS is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewInstance {
    /// Identifier.
    pub id: String,
    /// `db.t4g.medium`.
    pub class: String,
    /// Storage type: `gp3`.
    pub storage_type: String,
    /// Subnet group.
    pub subnet_group: Option<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Parameter group.
    pub parameter_group: Option<String>,
    /// Port.
    pub port: Option<i32>,
    /// Whether a standby is made.
    pub multi_az: bool,
    /// Whether it has a public address.
    pub publicly_accessible: bool,
    /// Whether it is protected from deletion.
    pub deletion_protection: bool,
    /// Log types exported to CloudWatch Logs.
    pub log_exports: Vec<String>,
    /// Tags, key and value.
    pub tags: Vec<(String, String)>,
}

impl DatabaseCall {
    /// The IAM action it needs.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::DeleteSnapshot { .. } => "rds:DeleteDBSnapshot",
            Self::RestoreSnapshot { .. } => "rds:RestoreDBInstanceFromDBSnapshot",
            Self::RestoreToTime { .. } => "rds:RestoreDBInstanceToPointInTime",
            Self::ModifyDatabase { .. } => "rds:ModifyDBInstance",
            Self::RebootDatabase { .. } => "rds:RebootDBInstance",
        }
    }

    /// The name of the resource that it makes, changes or deletes.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self {
            Self::DeleteSnapshot { snapshot } => snapshot,
            Self::RestoreSnapshot { instance, .. } | Self::RestoreToTime { instance, .. } => {
                &instance.id
            }
            Self::ModifyDatabase { database, .. } | Self::RebootDatabase { database, .. } => {
                database
            }
        }
    }

    /// The equivalent `aws` command, as words.
    #[must_use]
    pub fn aws_command(&self) -> Vec<String> {
        let mut words = Words::rds();
        match self {
            Self::DeleteSnapshot { snapshot } => {
                words.flag("delete-db-snapshot");
                words.pair("--db-snapshot-identifier", snapshot);
            }
            Self::RestoreSnapshot { snapshot, instance } => {
                words.flag("restore-db-instance-from-db-snapshot");
                words.pair("--db-snapshot-identifier", snapshot);
                words.pair("--db-instance-identifier", &instance.id);
                words.instance(instance);
            }
            Self::RestoreToTime {
                source,
                time,
                instance,
            } => {
                words.flag("restore-db-instance-to-point-in-time");
                words.pair("--source-db-instance-identifier", source);
                words.pair("--target-db-instance-identifier", &instance.id);
                match time {
                    Some(time) => words.pair("--restore-time", &time.to_string()),
                    None => words.flag("--use-latest-restorable-time"),
                }
                words.instance(instance);
            }
            Self::ModifyDatabase {
                database,
                class,
                storage_gib,
                apply,
            } => {
                words.flag("modify-db-instance");
                words.pair("--db-instance-identifier", database);
                if let Some(class) = class {
                    words.pair("--db-instance-class", class);
                }
                if let Some(gib) = storage_gib {
                    words.pair("--allocated-storage", &gib.to_string());
                }
                words.flag(match apply {
                    Apply::Now => "--apply-immediately",
                    Apply::Window => "--no-apply-immediately",
                });
            }
            Self::RebootDatabase { database, reboot } => {
                words.flag("reboot-db-instance");
                words.pair("--db-instance-identifier", database);
                words.flag(match reboot {
                    Reboot::InPlace => "--no-force-failover",
                    Reboot::Failover => "--force-failover",
                });
            }
        }
        words.0
    }
}

/// The words of a command.
struct Words(Vec<String>);

impl Words {
    fn rds() -> Self {
        Self(vec!["aws".to_owned(), "rds".to_owned()])
    }

    fn flag(&mut self, flag: &str) {
        self.0.push(flag.to_owned());
    }

    fn pair(&mut self, name: &str, value: &str) {
        self.0.extend([name.to_owned(), value.to_owned()]);
    }

    fn list(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_some() {
            self.flag(name);
            self.0.extend(values);
        }
    }

    fn instance(&mut self, new: &NewInstance) {
        self.pair("--db-instance-class", &new.class);
        self.pair("--storage-type", &new.storage_type);
        let port = new.port.map(|port| port.to_string());
        for (name, value) in [
            ("--db-subnet-group-name", &new.subnet_group),
            ("--db-parameter-group-name", &new.parameter_group),
            ("--port", &port),
        ] {
            if let Some(value) = value {
                self.pair(name, value);
            }
        }
        self.list("--vpc-security-group-ids", new.security_groups.clone());
        for (on, yes, no) in [
            (new.multi_az, "--multi-az", "--no-multi-az"),
            (
                new.publicly_accessible,
                "--publicly-accessible",
                "--no-publicly-accessible",
            ),
            (
                new.deletion_protection,
                "--deletion-protection",
                "--no-deletion-protection",
            ),
        ] {
            self.flag(if on { yes } else { no });
        }
        self.list("--enable-cloudwatch-logs-exports", new.log_exports.clone());
        let tags = new.tags.iter();
        self.list(
            "--tags",
            tags.map(|(key, value)| format!("Key={key},Value={value}")),
        );
    }
}
