//! Every write that the console can make.

mod deployment;

pub use deployment::{REGISTERING, Registration, Revision};
mod edge;
mod rds;
pub mod registry;
mod scaling;
mod session;

pub use edge::{EdgeCall, Listing, RuleMode, Switch};
pub use rds::{Apply, DatabaseCall, NewInstance, Reboot, TAGGING};
pub use registry::RegistryCall;
pub use scaling::{
    COOLDOWN, Percent, SCALING, ScalableTarget, ScaledService, Scaling, ScalingCall, TrackedMetric,
    TrackingPolicy,
};
pub use session::{Destination, EXEC, SessionCall, Shown};

use super::session::Session;
use crate::op::Change;
use serde::Serialize;

/// A write. The enum is closed: a new operation that needs a new kind of write adds it here, and the guards see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum Call {
    /// Sets a service's desired count (`ecs:UpdateService`).
    ScaleService {
        /// Cluster name.
        cluster: String,
        /// Service name.
        service: String,
        /// Tasks wanted.
        desired: u32,
    },
    /// Starts a new deployment of the same revision (`ecs:UpdateService` with `forceNewDeployment`).
    RestartService {
        /// Cluster name.
        cluster: String,
        /// Service name.
        service: String,
    },
    /// Stops one task (`ecs:StopTask`); its service starts another.
    StopTask {
        /// Cluster name.
        cluster: String,
        /// Task ARN or id.
        task: String,
        /// Recorded by ECS.
        reason: String,
    },
    /// Takes a manual snapshot of a DB instance (`rds:CreateDBSnapshot`).
    SnapshotDatabase {
        /// Instance identifier.
        database: String,
        /// Snapshot identifier.
        snapshot: String,
    },
    /// Registers a revision of a task definition (`ecs:RegisterTaskDefinition`).
    RegisterRevision(Registration),
    /// Starts a deployment of another revision (`ecs:UpdateService` with `taskDefinition`).
    DeployRevision {
        /// Cluster name.
        cluster: String,
        /// Service name.
        service: String,
        /// Which.
        revision: Revision,
    },
    /// Stops a deployment and rolls it back (`ecs:StopServiceDeployment`).
    StopDeployment {
        /// Service name.
        service: String,
        /// The service deployment's ARN.
        deployment: String,
    },
    /// Lets a deployment go on that pauses at a lifecycle hook (`ecs:ContinueServiceDeployment`).
    ContinueDeployment {
        /// Service name.
        service: String,
        /// The service deployment's ARN.
        deployment: String,
        /// The hook's id.
        hook: String,
    },
    /// Switches ECS Exec and replaces the tasks, which have it or not from their start on (`ecs:UpdateService` with
    /// `enableExecuteCommand` and `forceNewDeployment`).
    SwitchExec {
        /// Cluster name.
        cluster: String,
        /// Service name.
        service: String,
        /// On or off.
        to: Switch,
    },
    /// Writes to ECR.
    #[serde(untagged)]
    Registry(RegistryCall),
    /// Sessions into containers.
    #[serde(untagged)]
    Session(SessionCall),
    /// Writes in front of the application, and to the alarms.
    #[serde(untagged)]
    Edge(EdgeCall),
    /// Writes to RDS.
    #[serde(untagged)]
    Database(DatabaseCall),
    /// Writes to Application Auto Scaling.
    #[serde(untagged)]
    Scaling(ScalingCall),
}

impl From<EdgeCall> for Call {
    fn from(call: EdgeCall) -> Self {
        Self::Edge(call)
    }
}

impl From<DatabaseCall> for Call {
    fn from(call: DatabaseCall) -> Self {
        Self::Database(call)
    }
}

impl From<ScalingCall> for Call {
    fn from(call: ScalingCall) -> Self {
        Self::Scaling(call)
    }
}

impl From<RegistryCall> for Call {
    fn from(call: RegistryCall) -> Self {
        Self::Registry(call)
    }
}

impl From<SessionCall> for Call {
    fn from(call: SessionCall) -> Self {
        Self::Session(call)
    }
}

impl Call {
    /// Fills in what only the calls before it could tell.
    #[must_use]
    pub fn completed(self, before: &[CallOutcome]) -> Self {
        match self {
            Self::DeployRevision {
                cluster,
                service,
                revision: Revision::Newest(family),
            } => Self::DeployRevision {
                cluster,
                service,
                revision: match before.iter().rev().find_map(CallOutcome::revision) {
                    Some(registered) => Revision::Named(registered),
                    None => Revision::Newest(family),
                },
            },
            other => other,
        }
    }

    /// The IAM action it needs.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::ScaleService { .. }
            | Self::RestartService { .. }
            | Self::SwitchExec { .. }
            | Self::DeployRevision { .. } => "ecs:UpdateService",
            Self::Session(call) => call.action(),
            Self::Registry(call) => call.action(),
            Self::RegisterRevision(_) => REGISTERING[0],
            Self::StopDeployment { .. } => "ecs:StopServiceDeployment",
            Self::ContinueDeployment { .. } => "ecs:ContinueServiceDeployment",
            Self::StopTask { .. } => "ecs:StopTask",
            Self::SnapshotDatabase { .. } => "rds:CreateDBSnapshot",
            Self::Edge(call) => call.action(),
            Self::Database(call) => call.action(),
            Self::Scaling(call) => call.action(),
        }
    }

    /// The name of the resource that it changes.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self {
            Self::ScaleService { service, .. }
            | Self::RestartService { service, .. }
            | Self::SwitchExec { service, .. }
            | Self::DeployRevision { service, .. }
            | Self::StopDeployment { service, .. }
            | Self::ContinueDeployment { service, .. } => service,
            Self::RegisterRevision(registration) => &registration.family,
            Self::StopTask { task, .. } => task,
            Self::SnapshotDatabase { database, .. } => database,
            Self::Session(call) => call.resource(),
            Self::Registry(call) => call.repository(),
            Self::Edge(call) => call.resource(),
            Self::Database(call) => call.resource(),
            Self::Scaling(call) => &call.scaled().service,
        }
    }

    /// The equivalent `aws` command, quoted for a shell.
    #[must_use]
    pub fn shell(&self) -> String {
        match self {
            Self::RegisterRevision(registration) => {
                registration.pipe().map(|words| quoted(&words)).join(" | ")
            }
            Self::Edge(call) => {
                let commands: Vec<String> = call.pipe().iter().map(|words| quoted(words)).collect();
                commands.join(" | ")
            }
            _ => quoted(&self.aws_command()),
        }
    }

    /// The equivalent `aws` command, as words: quoting is the printer's business. Of a pipe its end.
    #[must_use]
    pub fn aws_command(&self) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::ScaleService {
                cluster,
                service,
                desired,
            } => {
                return [
                    "aws",
                    "ecs",
                    "update-service",
                    "--cluster",
                    cluster,
                    "--service",
                    service,
                    "--desired-count",
                ]
                .into_iter()
                .map(str::to_owned)
                .chain([desired.to_string()])
                .collect();
            }
            Self::RestartService { cluster, service } => {
                vec![
                    "aws",
                    "ecs",
                    "update-service",
                    "--cluster",
                    cluster,
                    "--service",
                    service,
                    "--force-new-deployment",
                ]
            }
            Self::StopTask {
                cluster,
                task,
                reason,
            } => {
                vec![
                    "aws",
                    "ecs",
                    "stop-task",
                    "--cluster",
                    cluster,
                    "--task",
                    task,
                    "--reason",
                    reason,
                ]
            }
            Self::SwitchExec {
                cluster,
                service,
                to,
            } => {
                let switch = match to {
                    Switch::Enabled => "--enable-execute-command",
                    Switch::Disabled => "--disable-execute-command",
                };
                vec![
                    "aws",
                    "ecs",
                    "update-service",
                    "--cluster",
                    cluster,
                    "--service",
                    service,
                    switch,
                    "--force-new-deployment",
                ]
            }
            Self::Session(call) => return call.aws_command(),
            Self::Registry(call) => return call.aws_command(),
            Self::Edge(call) => return call.pipe().pop().unwrap_or_default(),
            Self::Database(call) => return call.aws_command(),
            Self::Scaling(call) => return call.aws_command(),
            Self::SnapshotDatabase { database, snapshot } => vec![
                "aws",
                "rds",
                "create-db-snapshot",
                "--db-instance-identifier",
                database,
                "--db-snapshot-identifier",
                snapshot,
            ],
            Self::RegisterRevision(_)
            | Self::DeployRevision { .. }
            | Self::StopDeployment { .. }
            | Self::ContinueDeployment { .. } => return deployment::command(self),
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

/// Words as a shell takes them.
fn quoted(words: &[String]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| match shlex::try_quote(word) {
            Ok(quoted) => quoted.into_owned(),
            // A word with a NUL, which no shell takes.
            Err(_) => word.replace('\0', ""),
        })
        .collect();
    quoted.join(" ")
}

/// A call on its way, with what is written into the audit log beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Name of the operation that it belongs to.
    pub operation: &'static str,
    /// The call.
    pub call: Call,
    /// What the operation changes, before and after; no secrets.
    pub changes: Vec<Change>,
}

#[cfg(test)]
impl From<Call> for Order {
    fn from(call: Call) -> Self {
        Self {
            operation: "test",
            call,
            changes: vec![Change {
                field: "size".to_owned(),
                before: Some("1".to_owned()),
                after: Some("2".to_owned()),
            }],
        }
    }
}

/// What a call led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallOutcome {
    /// One line: what AWS accepted.
    pub summary: String,
    /// ARN or id of what was made or changed.
    pub resource: Option<String>,
    /// The session that was opened, where one was.
    #[serde(skip)]
    pub session: Option<Session>,
}

impl CallOutcome {
    /// `family:revision`, where a task definition was registered or deployed.
    #[must_use]
    pub fn revision(&self) -> Option<String> {
        let (_, name) = self.resource.as_ref()?.split_once(":task-definition/")?;
        Some(name.to_owned())
    }
}
