//! A component: code of the application that is built into an image, and the service that runs it.

use crate::engine::SecretSource;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// A component, `[components.NAME]` in hydren.toml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    /// Name: `backend`.
    pub name: String,
    /// Service that runs it; by default the one of its name.
    pub service: String,
    /// Folder that is sent to the engine; absolute.
    pub context: PathBuf,
    /// Dockerfile, relative to the context; `Dockerfile` by default.
    pub dockerfile: PathBuf,
    /// Repository it is pushed to, `registry/name`; by default that of the image which the service runs.
    pub repository: Option<String>,
    /// Stage of the Dockerfile; the last by default.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// Secrets of the build, by id.
    pub secrets: BTreeMap<String, SecretSource>,
    /// `linux/amd64` or `linux/arm64`; by default what the service's task runs on.
    pub platform: Option<String>,
    /// Labels besides those that are always there.
    pub labels: BTreeMap<String, String>,
    /// Port that it listens on, for trying it; by default that of its task definition.
    pub port: Option<u16>,
    /// Path that answers 200 to 399 when it is healthy, for trying it; by default that of its target group.
    pub health: Option<String>,
    /// Variables for trying it that its task gets from secrets, or that differ on this machine.
    pub environment: BTreeMap<String, String>,
}
