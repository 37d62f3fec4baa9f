//! Configuration: flags > variables > project file > user file > defaults.
//!
//! Everything is resolved once, into typed [`Environment`]s; the console and the headless twins read nothing else. A file with an
//! unknown key or a wrong type is refused with its file, line and key, never half obeyed. `docs/configuration.md` lists the keys.

mod components;
mod file;
mod logs;
mod resolve;
mod surroundings;

pub use logs::LogSettings;
pub use surroundings::Surroundings;

use crate::{
    audit::AuditLogs,
    cli::Options,
    cloud::sim,
    error::{Error, ErrorKind, Result},
    keymap::Keymap,
    model::{
        component::{self, Component},
        environment::{Access, Environment},
    },
    text::nearest,
    theme::Theme,
};
use file::File;
use indexmap::IndexMap;
use resolve::{Layers, locked};
use std::{fmt, path::PathBuf};

/// Name of the project file.
pub const PROJECT_FILE: &str = "hydren.toml";

/// Everything that was configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Environments by name, in alphabetical order.
    pub environments: IndexMap<String, Environment>,
    /// The environment to use; `None` when none is named and there is not exactly one.
    pub active: Option<String>,
    /// Name of the theme; the theme table knows which exist.
    pub theme: Option<Setting<String>>,
    /// The `[keys]` tables as they stand; the keymap validates them.
    pub keys: toml::Table,
    /// How logs are kept and followed.
    pub logs: LogSettings,
    /// What is built into images, by name, in alphabetical order.
    pub components: IndexMap<String, Component>,
    /// Where files are read and written.
    pub paths: Paths,
    /// Every setting that applies, in the order of docs/configuration.md.
    pub settings: Vec<(String, Setting<String>)>,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// Value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a setting comes from, the strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, `--region`.
    Flag(&'static str),
    /// An environment variable, `AWS_REGION`.
    Variable(&'static str),
    /// A line of a file.
    File(PathBuf, usize),
    /// Nobody said otherwise.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Which environment is used.
#[derive(Debug, Clone, Copy)]
enum Active {
    /// The one that is asked for.
    Asked,
    /// None of those in files.
    None,
}

/// Where files are read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of everything the console keeps.
    pub state_dir: PathBuf,
    /// Every change tried, one JSON line each.
    pub audit_logs: AuditLogs,
    /// The folder of prices read from the AWS Price List, one file for each region, whether or not it exists.
    pub prices: PathBuf,
    /// The folder of the user's own themes.
    pub themes: PathBuf,
    /// The user's file, whether or not it exists.
    pub user_config: PathBuf,
    /// The project file that was read.
    pub project_config: Option<PathBuf>,
}

impl Config {
    /// Adds the simulated environment and chooses it. Only the read-only setting of flags and variables applies to it.
    ///
    /// # Errors
    /// A variable that is neither yes nor no.
    pub fn simulate(&mut self, options: &Options, around: &Surroundings) -> Result<()> {
        let mut environment = sim::environment();
        if let Some(origin) = locked(options, around)? {
            environment.access = Access::ReadOnly;
            environment.access_reason = Some(format!("{origin} is set"));
        }
        self.settings
            .retain(|(key, _)| key == "theme" || key.starts_with("logs."));
        let name = environment.name.clone();
        self.active = Some(name.clone());
        self.environments.insert(name, environment);
        Ok(())
    }

    /// Resolves what the demo takes from the configuration: theme, keys, logs, and the environments that can be switched to. It depends on
    /// none of them, so that a file that is wrong is left out and told of. What chooses an environment does not matter here.
    ///
    /// # Errors
    /// A variable that is neither yes nor no.
    pub fn demo(options: &Options, around: &Surroundings) -> Result<(Self, Vec<Error>)> {
        let mut faults = Vec::new();
        let resolve = |project: Option<&File>, user: Option<&File>| {
            Self::resolve(options, around, (project, user), Active::None)
        };
        // A file is right if it is right alone.
        let mut kept = |file: Result<Option<File>>| {
            let checked = file.and_then(|file| resolve(file.as_ref(), None).map(|_| file));
            checked.unwrap_or_else(|fault| {
                faults.push(fault);
                None
            })
        };
        let project = kept(project_file(options, around));
        let user = kept(user_file(around));
        let mut config = resolve(project.as_ref(), user.as_ref())?;
        let theme = config.theme.as_ref();
        if let Some(theme) = theme.filter(|theme| !matches!(theme.origin, Origin::Flag(_)))
            && let Err(fault) = Theme::load(&theme.value, Some(&config.paths.themes))
        {
            faults.push(fault);
            config.theme = None;
        }
        if let Err(fault) = Keymap::new(&config.keys) {
            faults.push(fault);
            config.keys.clear();
        }
        config.simulate(options, around)?;
        Ok((config, faults))
    }

    /// Resolves everything that was configured.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, an environment that does not exist, a value that is no region or colour.
    pub fn load(options: &Options, around: &Surroundings) -> Result<Self> {
        let (project, user) = (project_file(options, around)?, user_file(around)?);
        let layers = (project.as_ref(), user.as_ref());
        Self::resolve(options, around, layers, Active::Asked)
    }

    /// Resolves what the project file and the user's file say together.
    fn resolve(
        options: &Options,
        around: &Surroundings,
        (project, user): (Option<&File>, Option<&File>),
        choice: Active,
    ) -> Result<Self> {
        let files: Vec<&File> = project.into_iter().chain(user).collect();
        let mut of_logs = Vec::new();
        let logs = logs::gather(&files, &mut of_logs)?;

        let state_dir = around
            .variable("HYDREN_STATE_DIR")
            .map_or_else(|| around.state_dir.clone(), PathBuf::from);
        let mut config = Self {
            environments: IndexMap::new(),
            active: None,
            theme: flag("--theme", options.theme.as_ref())
                .or_else(|| variable(around, "HYDREN_THEME"))
                .or_else(|| {
                    files
                        .iter()
                        .find_map(|f| f.setting(f.content.theme.as_ref()))
                }),
            keys: merged_keys(&files),
            logs,
            components: components::gather(&files, around)?,
            paths: Paths {
                audit_logs: AuditLogs::in_folder(&state_dir),
                prices: state_dir.join("prices"),
                state_dir,
                themes: around.config_dir.join("themes"),
                user_config: user_path(around),
                project_config: project.map(|f| f.path.clone()),
            },
            settings: Vec::new(),
        };

        let mut names: Vec<&str> = files
            .iter()
            .flat_map(|f| {
                f.content
                    .environments
                    .keys()
                    .map(|name| name.get_ref().as_str())
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        let active = match choice {
            Active::Asked => active(options, around, &files, &names)?,
            Active::None => None,
        };

        let layers = Layers {
            files,
            locked: locked(options, around)?,
        };
        for name in names {
            let chosen = active.as_ref().is_some_and(|a| a.value == name);
            let given = layers.gather(name, chosen.then_some((options, around)));
            if chosen {
                config.settings = given.settings();
            }
            config
                .environments
                .insert(name.to_owned(), given.environment(name)?);
        }
        config.settings.extend(of_logs);
        if let Some(theme) = &config.theme {
            config
                .settings
                .insert(0, ("theme".to_owned(), theme.clone()));
        }
        if let Some(active) = active {
            config.active = Some(active.value.clone());
            config
                .settings
                .insert(0, ("environment".to_owned(), active));
        }
        Ok(config)
    }

    /// The component `name`.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn component(&self, name: &str) -> Result<&Component> {
        component::find(&self.components, name)
    }

    /// The environment to use.
    ///
    /// # Errors
    /// None is configured, or several are and none is named.
    pub fn environment(&self) -> Result<&Environment> {
        if let Some(environment) = self
            .active
            .as_ref()
            .and_then(|name| self.environments.get(name))
        {
            return Ok(environment);
        }
        Err(if self.environments.is_empty() {
            Error::new(ErrorKind::Config, "no environment is configured").hint(
                "find yours with `hydren init --cluster NAME`, or look around in a simulated one with `hydren demo` or --demo",
            )
        } else {
            let names: Vec<&str> = self.environments.keys().map(String::as_str).collect();
            Error::new(
                ErrorKind::Config,
                "several environments are configured and none is chosen",
            )
            .hint(format!(
                "choose one of {} with --env, HYDREN_ENV, or `default` in {PROJECT_FILE}",
                names.join(", ")
            ))
        })
    }
}

/// Makes an environment without resources from flags and variables alone: what discovery starts from.
///
/// # Errors
/// A value that is no region, no URL, or neither yes nor no.
pub fn unnamed(name: &str, options: &Options, around: &Surroundings) -> Result<Environment> {
    let layers = Layers {
        files: Vec::new(),
        locked: locked(options, around)?,
    };
    layers
        .gather(name, Some((options, around)))
        .environment(name)
}

/// Refuses what is no name for an environment, as the files do: `origin` says who gave it.
///
/// # Errors
/// Another character than ASCII letters, digits, dots, dashes and underscores, or none at all.
pub fn check_name(name: &str, origin: &Origin) -> Result<()> {
    file::check_name(name, "environment", origin)
}

/// The project file that a flag or a variable names.
#[must_use]
pub fn project_path(options: &Options, around: &Surroundings) -> Option<PathBuf> {
    let variable = || around.variable("HYDREN_CONFIG").map(PathBuf::from);
    options.config.clone().or_else(variable)
}

/// The file that is named, or the nearest one upwards of the working directory.
fn project_file(options: &Options, around: &Surroundings) -> Result<Option<File>> {
    if let Some(path) = project_path(options, around) {
        let missing = || {
            let what = format!("{} does not exist", path.display());
            Error::new(ErrorKind::Config, what)
                .hint("check --config and HYDREN_CONFIG, or write the file with `hydren init`")
        };
        return File::read(&path)?.ok_or_else(missing).map(Some);
    }
    around
        .working_directory
        .ancestors()
        .map(|folder| folder.join(PROJECT_FILE))
        .find(|path| path.is_file())
        .map_or(Ok(None), |path| File::read(&path))
}

/// The user's own file, if there is one.
fn user_file(around: &Surroundings) -> Result<Option<File>> {
    File::read(&user_path(around))
}

fn user_path(around: &Surroundings) -> PathBuf {
    around.config_dir.join("config.toml")
}

fn merged_keys(files: &[&File]) -> toml::Table {
    let mut keys = toml::Table::new();
    for file in files.iter().rev() {
        merge(&mut keys, &file.content.keys);
    }
    keys
}

fn merge(into: &mut toml::Table, from: &toml::Table) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Decides which environment is used.
fn active(
    options: &Options,
    around: &Surroundings,
    files: &[&File],
    names: &[&str],
) -> Result<Option<Setting<String>>> {
    let asked = flag("--env", options.env.as_ref())
        .or_else(|| variable(around, "HYDREN_ENV"))
        .or_else(|| {
            files
                .iter()
                .find_map(|f| f.setting(f.content.default.as_ref()))
        });
    match (asked, names) {
        (Some(asked), _) if names.contains(&asked.value.as_str()) => Ok(Some(asked)),
        (Some(asked), _) => {
            let hint = if names.is_empty() {
                format!(
                    "none is configured; find yours with `hydren init --cluster NAME`, which writes {PROJECT_FILE}"
                )
            } else {
                let likely = nearest(&asked.value, names.iter().copied())
                    .map(|name| format!("did you mean `{name}`? "))
                    .unwrap_or_default();
                format!("{likely}configured are {}", names.join(", "))
            };
            let what = format!("there is no environment `{}`", asked.value);
            Err(wrong(&asked.origin, "default: ", &what).hint(hint))
        }
        (None, [only]) => Ok(Some(Setting {
            value: (*only).to_owned(),
            origin: Origin::Default,
        })),
        (None, _) => Ok(None),
    }
}

/// An error about the value that came from `origin`.
fn wrong(origin: &Origin, key: &str, what: &str) -> Error {
    match origin {
        Origin::Flag(name) => Error::new(ErrorKind::Usage, format!("{name}: {what}")),
        Origin::Variable(name) => Error::new(ErrorKind::Config, format!("{name}: {what}")),
        Origin::File(..) => Error::new(ErrorKind::Config, format!("{origin}: {key}{what}")),
        Origin::Default => Error::new(ErrorKind::Config, what.to_owned()),
    }
}

fn flag(name: &'static str, value: Option<&String>) -> Option<Setting<String>> {
    value.map(|value| Setting {
        value: value.clone(),
        origin: Origin::Flag(name),
    })
}

fn variable(around: &Surroundings, name: &'static str) -> Option<Setting<String>> {
    around.variable(name).map(|value| Setting {
        value: value.to_owned(),
        origin: Origin::Variable(name),
    })
}
