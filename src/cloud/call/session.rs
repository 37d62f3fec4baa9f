//! Sessions into containers: a shell by ECS Exec, a forwarded port by Systems Manager.

use crate::logs::secrets::mask_words;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::fmt;

/// What ECS Exec's agent in a task's containers is called.
pub const EXEC: &str = "ExecuteCommandAgent";

/// A session that is to be opened. It changes nothing by itself, but whoever is inside can: it counts as a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum SessionCall {
    /// Runs a command in a container, with a terminal (`ecs:ExecuteCommand`).
    Shell {
        /// Cluster name.
        cluster: String,
        /// Task id.
        task: String,
        /// Container name.
        container: String,
        /// Command.
        command: Shown,
        /// What Systems Manager calls the container.
        target: String,
    },
    /// Forwards a local port into a task, or through it (`ssm:StartSession`).
    Forward {
        /// Task id.
        task: String,
        /// Container name.
        container: String,
        /// What Systems Manager calls the container.
        target: String,
        /// Where to.
        to: Destination,
        /// Local port.
        local: u16,
    },
}

/// Where a forwarded port leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Destination {
    /// To a port of the task.
    Task(u16),
    /// Through the task to a port of another host.
    Host(String, u16),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(port) => write!(f, "port {port} of the task"),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// A command that is shown and recorded with what looks like a secret covered.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// Takes a command as ECS does: one text.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self(command.into())
    }

    /// The command itself, for the call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The command with secrets covered.
    #[must_use]
    pub fn masked(&self) -> String {
        let Some(words) = shlex::split(&self.0) else {
            return crate::logs::secrets::mask(&self.0).into_owned();
        };
        let masked = mask_words(&words);
        if masked == words {
            return self.0.clone();
        }
        masked.join(" ")
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl SessionCall {
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "ecs:ExecuteCommand",
            Self::Forward { .. } => "ssm:StartSession",
        }
    }

    pub(super) fn resource(&self) -> &str {
        let (Self::Shell { task, .. } | Self::Forward { task, .. }) = self;
        task
    }

    /// How it is left.
    #[must_use]
    pub const fn way_out(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "`exit` leaves it, ctrl-c goes to what runs there",
            Self::Forward { .. } => "ctrl-c ends it",
        }
    }

    /// What `ssm:StartSession` takes: for a shell only what the plugin needs to ask for a lost session again.
    #[must_use]
    pub fn request(&self) -> Value {
        match self {
            Self::Shell { target, .. } => json!({ "Target": target }),
            Self::Forward { target, .. } => {
                json!({ "Target": target, "DocumentName": self.document(), "Parameters": self.parameters() })
            }
        }
    }

    /// The document of AWS's that forwards (Systems Manager user guide, starting a port forwarding session).
    const fn document(&self) -> &'static str {
        match self {
            Self::Forward {
                to: Destination::Host(..),
                ..
            } => "AWS-StartPortForwardingSessionToRemoteHost",
            Self::Forward { .. } | Self::Shell { .. } => "AWS-StartPortForwardingSession",
        }
    }

    fn parameters(&self) -> Value {
        match self {
            Self::Forward {
                to: Destination::Host(host, port),
                local,
                ..
            } => {
                json!({ "host": [host], "portNumber": [port.to_string()], "localPortNumber": [local.to_string()] })
            }
            Self::Forward {
                to: Destination::Task(port),
                local,
                ..
            } => {
                json!({ "portNumber": [port.to_string()], "localPortNumber": [local.to_string()] })
            }
            Self::Shell { .. } => json!({}),
        }
    }

    pub(super) fn aws_command(&self) -> Vec<String> {
        let words: Vec<String> = match self {
            Self::Shell {
                cluster,
                task,
                container,
                command,
                ..
            } => {
                let command = command.masked();
                let words = [
                    "aws",
                    "ecs",
                    "execute-command",
                    "--cluster",
                    cluster,
                    "--task",
                    task,
                    "--container",
                    container,
                    "--interactive",
                    "--command",
                    &command,
                ];
                return words.map(str::to_owned).into();
            }
            Self::Forward { target, .. } => {
                let parameters = self.parameters().to_string();
                [
                    "aws",
                    "ssm",
                    "start-session",
                    "--target",
                    target,
                    "--document-name",
                    self.document(),
                    "--parameters",
                    &parameters,
                ]
                .map(str::to_owned)
                .into()
            }
        };
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(to: Destination) -> SessionCall {
        SessionCall::Forward {
            task: "9f2c".to_owned(),
            container: "backend".to_owned(),
            target: "ecs:shop_9f2c_9f2c-1".to_owned(),
            to,
            local: 15_432,
        }
    }

    #[test]
    fn a_port_of_the_task_and_one_of_another_host_are_forwarded_by_documents_of_their_own() {
        assert_eq!(
            forward(Destination::Task(8_000)).aws_command()[5..],
            [
                "--document-name",
                "AWS-StartPortForwardingSession",
                "--parameters",
                r#"{"portNumber":["8000"],"localPortNumber":["15432"]}"#
            ]
        );
        let host = Destination::Host("db.internal".to_owned(), 5_432);
        assert_eq!(
            forward(host).request(),
            json!({
                "Target": "ecs:shop_9f2c_9f2c-1",
                "DocumentName": "AWS-StartPortForwardingSessionToRemoteHost",
                "Parameters": {"host": ["db.internal"], "portNumber": ["5432"], "localPortNumber": ["15432"]},
            })
        );
    }

    #[test]
    fn a_command_is_shown_without_its_secrets_and_otherwise_as_it_is() {
        let shown = |command: &str| format!("{:?}", Shown::new(command));
        assert_eq!(shown("sh -c 'ls  -l'"), "sh -c 'ls  -l'");
        let masked = shown("flask login --password hunter2");
        assert!(masked.starts_with("flask login --password "), "{masked}");
        for command in ["flask login --password hunter2", "login 'password=hunter2"] {
            assert!(!shown(command).contains("hunter2"), "{}", shown(command));
        }
    }
}
