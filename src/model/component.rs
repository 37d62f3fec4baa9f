//! A component: code of the application that is built into an image, and the service that runs it.

use crate::{
    config::PROJECT_FILE,
    engine::SecretSource,
    error::{Error, ErrorKind, Result},
    text::nearest,
};
use indexmap::IndexMap;
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

/// Finds a component by its name.
///
/// # Errors
/// `Config`: there is none of that name; names those that there are.
pub fn find<'c>(components: &'c IndexMap<String, Component>, name: &str) -> Result<&'c Component> {
    components.get(name).ok_or_else(|| {
        let names: Vec<&str> = components.keys().map(String::as_str).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!(
                "write [components.{name}] with the folder of its code as `context` into {PROJECT_FILE}"
            ),
            None => format!("configured are {}", names.join(", ")),
        };
        let what = format!("there is no component `{name}`");
        Error::new(ErrorKind::Config, what).hint(hint)
    })
}
