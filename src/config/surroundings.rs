//! What surrounds the process: variables, the working directory, the user's folders. Read once, so that everything after is pure.

use crate::error::{Error, ErrorKind, Result};
use etcetera::BaseStrategy as _;
use std::{collections::BTreeMap, path::PathBuf};

/// The part of the process's surroundings that settings come from.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where the search for a project file starts.
    pub working_directory: PathBuf,
    /// `$XDG_CONFIG_HOME/hydren`.
    pub config_dir: PathBuf,
    /// `$XDG_STATE_HOME/hydren`.
    pub state_dir: PathBuf,
}

impl Surroundings {
    /// Reads those of this process.
    ///
    /// # Errors
    /// No home directory or no working directory.
    pub fn of_process() -> Result<Self> {
        let folders = etcetera::choose_base_strategy().map_err(|e| {
            Error::new(ErrorKind::Config, "the home directory is not known")
                .hint("set HOME")
                .source(e)
        })?;
        let working_directory = std::env::current_dir().map_err(|e| {
            Error::new(ErrorKind::Io, "the working directory cannot be read")
                .hint("change into a folder that exists")
                .source(e)
        })?;
        Ok(Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            working_directory,
            config_dir: folders.config_dir().join("hydren"),
            state_dir: folders
                .state_dir()
                .unwrap_or_else(|| folders.data_dir())
                .join("hydren"),
        })
    }

    /// A variable's value; an empty one counts as not set.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }
}
