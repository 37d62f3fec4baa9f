//! Configuration: flags > variables > project file > user file > defaults.
//!
//! Everything is resolved once, into typed [`Environment`]s; the console and the headless twins read nothing else. A file with an
//! unknown key or a wrong type is refused with its file, line and key, never half obeyed. `docs/configuration.md` lists the keys.

mod file;
mod surroundings;

pub use surroundings::Surroundings;

use crate::{
    cli::Options,
    error::{Error, ErrorKind, Result},
    model::environment::{Access, Environment, Stage},
};
use file::{Entry, File, meant};
use indexmap::IndexMap;
use std::{
    fmt,
    path::{Path, PathBuf},
};

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

/// Where files are read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of everything the console keeps.
    pub state_dir: PathBuf,
    /// Every change tried, one JSON line each.
    pub audit_log: PathBuf,
    /// What the console did, for finding faults in it.
    pub log_file: PathBuf,
    /// The user's file, whether or not it exists.
    pub user_config: PathBuf,
    /// The project file that was read.
    pub project_config: Option<PathBuf>,
}

impl Config {
    /// Resolves everything that was configured.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, an environment that does not exist, a value that is no region or colour.
    pub fn load(options: &Options, around: &Surroundings) -> Result<Self> {
        let project = project_file(options, around)?;
        let user_config = around.config_dir.join("config.toml");
        let user = File::read(&user_config)?;
        let files: Vec<&File> = project.iter().chain(user.as_ref()).collect();

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
            paths: Paths {
                audit_log: state_dir.join("audit.jsonl"),
                log_file: state_dir.join("hydren.log"),
                state_dir,
                user_config,
                project_config: project.as_ref().map(|f| f.path.clone()),
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
        let active = active(options, around, &files, &names)?;

        let forced = read_only_everywhere(options, around)?;
        for name in names {
            let chosen = active
                .as_ref()
                .filter(|a| a.value == name)
                .map(|_| (options, around));
            let (environment, settings) = resolve(name, &files, chosen, forced.as_ref())?;
            if chosen.is_some() {
                config.settings = settings;
            }
            config.environments.insert(name.to_owned(), environment);
        }
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
/// No region, or a value that is none.
pub fn unnamed(name: &str, options: &Options, around: &Surroundings) -> Result<Environment> {
    let forced = read_only_everywhere(options, around)?;
    resolve(name, &[], Some((options, around)), forced.as_ref()).map(|(environment, _)| environment)
}

/// The file named by flag or variable, or the nearest one upwards of the working directory.
fn project_file(options: &Options, around: &Surroundings) -> Result<Option<File>> {
    let named = options
        .config
        .clone()
        .or_else(|| around.variable("HYDREN_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        return match File::read(&path)? {
            Some(file) => Ok(Some(file)),
            None => Err(Error::new(
                ErrorKind::Config,
                format!("{} does not exist", path.display()),
            )
            .hint("check --config and HYDREN_CONFIG, or write the file with `hydren init`")),
        };
    }
    around
        .working_directory
        .ancestors()
        .map(|folder| folder.join(PROJECT_FILE))
        .find(|path| path.is_file())
        .map_or(Ok(None), |path| File::read(&path))
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
    let named = flag("--env", options.env.as_ref())
        .or_else(|| variable(around, "HYDREN_ENV"))
        .or_else(|| {
            files
                .iter()
                .find_map(|f| f.setting(f.content.default.as_ref()))
        });
    match (named, names) {
        (Some(named), names) if !names.contains(&named.value.as_str()) => {
            let hint = if names.is_empty() {
                "none is configured; find yours with `hydren init --cluster NAME`".to_owned()
            } else {
                format!(
                    "{}; configured: {}",
                    meant(Some(&named.value), names.iter().copied()),
                    names.join(", ")
                )
            };
            Err(wrong(
                &named.origin,
                "",
                &format!("there is no environment `{}`", named.value),
            )
            .hint(hint))
        }
        (Some(named), _) => Ok(Some(named)),
        (None, [only]) => Ok(Some(Setting {
            value: (*only).to_owned(),
            origin: Origin::Default,
        })),
        (None, _) => Ok(None),
    }
}

/// What makes every environment read-only: a flag or a variable.
fn read_only_everywhere(options: &Options, around: &Surroundings) -> Result<Option<Origin>> {
    const NAME: &str = "HYDREN_READ_ONLY";
    if options.read_only {
        return Ok(Some(Origin::Flag("--read-only")));
    }
    match around.variable(NAME) {
        None | Some("0" | "false" | "no") => Ok(None),
        Some("1" | "true" | "yes") => Ok(Some(Origin::Variable(NAME))),
        Some(other) => Err(wrong(
            &Origin::Variable(NAME),
            "",
            &format!("`{other}` is neither yes nor no"),
        )
        .hint("set it to 1 or 0, or unset it")),
    }
}

/// Resolves one environment. Flags and AWS_* variables apply to the `chosen` one only: another environment reached from inside the
/// console is what the files say it is.
fn resolve(
    name: &str,
    files: &[&File],
    chosen: Option<(&Options, &Surroundings)>,
    forced_read_only: Option<&Origin>,
) -> Result<(Environment, Vec<(String, Setting<String>)>)> {
    let entries: Vec<(&File, &Entry)> = files
        .iter()
        .filter_map(|f| Some((*f, f.content.environments.get(name)?)))
        .collect();
    let mut settings = Vec::new();
    let mut text = |key: &str,
                    over: Option<Setting<String>>,
                    place: fn(&Entry) -> Option<&toml::Spanned<String>>| {
        let setting = over.or_else(|| {
            entries
                .iter()
                .find_map(|(file, entry)| file.setting(place(entry)))
        });
        settings.extend(setting.clone().map(|s| (key.to_owned(), s)));
        setting
    };
    let over = |name: &'static str,
                value: fn(&Options) -> Option<&String>,
                variables: &[&'static str]| {
        let (options, around) = chosen?;
        flag(name, value(options)).or_else(|| variables.iter().find_map(|v| variable(around, v)))
    };

    let profile = text(
        "profile",
        over("--profile", |o| o.profile.as_ref(), &["AWS_PROFILE"]),
        |e| e.profile.as_ref(),
    );
    let region = text(
        "region",
        over(
            "--region",
            |o| o.region.as_ref(),
            &["AWS_REGION", "AWS_DEFAULT_REGION"],
        ),
        |e| e.region.as_ref(),
    );
    let endpoint = text(
        "endpoint_url",
        over(
            "--endpoint-url",
            |o| o.endpoint_url.as_ref(),
            &["AWS_ENDPOINT_URL"],
        ),
        |e| e.endpoint_url.as_ref(),
    );
    let colour = text("colour", None, |e| e.colour.as_ref());
    let stage = entries
        .iter()
        .find_map(|(file, entry)| file.setting(entry.stage.as_ref()));
    // The strictest setting wins: a weaker layer can add the lock, none can take it off.
    let read_only = forced_read_only.cloned().or_else(|| {
        entries.iter().find_map(|(file, entry)| {
            let locked = entry
                .read_only
                .as_ref()
                .filter(|locked| *locked.get_ref())?;
            Some(file.origin(locked.span()))
        })
    });
    let resources = entries
        .iter()
        .find_map(|(file, entry)| file.setting(entry.resources.as_ref()));

    settings.extend(stage.as_ref().map(|s| {
        let word = match s.value {
            Stage::Production => "production",
            Stage::Development => "development",
        };
        ("stage".to_owned(), s.with(word))
    }));
    settings.extend(read_only.clone().map(|origin| {
        let value = "true".to_owned();
        ("read_only".to_owned(), Setting { value, origin })
    }));
    settings.extend(
        resources
            .as_ref()
            .map(|s| ("resources".to_owned(), s.with("given"))),
    );

    let environment = Environment {
        name: name.to_owned(),
        stage: stage.map(|s| s.value).unwrap_or_default(),
        access: if read_only.is_some() {
            Access::ReadOnly
        } else {
            Access::ReadWrite
        },
        access_reason: read_only.map(|origin| match origin {
            Origin::File(..) => format!("read_only is set in {origin}"),
            _ => format!("{origin} is set"),
        }),
        colour: colour.map(check_colour).transpose()?,
        profile: profile.map(|s| s.value),
        region: check_region(name, region)?,
        // The SDK reads AWS_ENDPOINT_URL by itself, and then honours AWS_ENDPOINT_URL_<SERVICE> too.
        endpoint_url: endpoint
            .map(check_endpoint)
            .transpose()?
            .filter(|e| !matches!(e.origin, Origin::Variable(_)))
            .map(|e| e.value),
        simulated: false,
        resources: resources.map(|s| s.value).unwrap_or_default(),
    };
    Ok((environment, settings))
}

fn check_region(environment: &str, region: Option<Setting<String>>) -> Result<String> {
    let Some(region) = region else {
        return Err(Error::new(
            ErrorKind::Config,
            format!("environment {environment} has no region"),
        )
        .hint("give it with --region, AWS_REGION, or `region` in its table of hydren.toml"));
    };
    let parts: Vec<&str> = region.value.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number]
            if words.len() >= 2
                && words.iter().all(word)
                && number.parse::<u8>().is_ok_and(|n| n > 0) =>
        {
            Ok(region.value)
        }
        _ => Err(wrong(
            &region.origin,
            "region: ",
            &format!("`{}` is no AWS region", region.value),
        )
        .hint("regions are written like eu-west-1 or us-east-2")),
    }
}

fn check_endpoint(endpoint: Setting<String>) -> Result<Setting<String>> {
    let rest = endpoint
        .value
        .strip_prefix("http://")
        .or_else(|| endpoint.value.strip_prefix("https://"));
    if rest.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) {
        return Ok(endpoint);
    }
    Err(wrong(
        &endpoint.origin,
        "endpoint_url: ",
        &format!("`{}` is no URL", endpoint.value),
    )
    .hint("endpoints are written like http://127.0.0.1:4566"))
}

fn check_colour(colour: Setting<String>) -> Result<String> {
    let hex = colour.value.strip_prefix('#');
    let valid = match hex {
        Some(digits) => digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => {
            colour.value.starts_with(|c: char| c.is_ascii_lowercase())
                && colour
                    .value
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.')
        }
    };
    if valid {
        return Ok(colour.value);
    }
    Err(wrong(
        &colour.origin,
        "colour: ",
        &format!(
            "`{}` is neither a role of the theme nor #rrggbb",
            colour.value
        ),
    )
    .hint("write a colour like \"#d20f39\", or a role of the theme such as \"critical\""))
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

impl<T> Setting<T> {
    /// The same origin with a value in words.
    fn with(&self, value: &str) -> Setting<String> {
        Setting {
            value: value.to_owned(),
            origin: self.origin.clone(),
        }
    }
}
