//! `hydren init`: walks an existing environment and writes what it found into hydren.toml.

use crate::{
    cli::{Init, Options},
    cloud::sim::{self, SimOptions},
    config::{self, Config, Origin, PROJECT_FILE, Surroundings},
    error::{Error, ErrorKind, Result},
    model::{
        discovery::{Discovery, Outcome, Start},
        environment::{Environment, Resources},
    },
    text::neutral,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Says where the walk starts.
#[must_use]
pub fn start(options: &Init) -> Start {
    match (&options.cluster, &options.stack) {
        (Some(cluster), _) => Start::Cluster(cluster.clone()),
        (None, Some(stack)) => Start::Stack(stack.clone()),
        (None, None) => Start::Nothing,
    }
}

/// Prints the steps of a walk.
#[must_use]
pub fn steps(discovery: &Discovery) -> String {
    let lines = discovery.steps.iter().map(|step| {
        let (mark, text) = match &step.outcome {
            Outcome::Found(names) => ("●", names.clone()),
            Outcome::Missing(why) => ("○", why.clone()),
            Outcome::Failed(error) => match &error.hint {
                Some(hint) => ("■", format!("{} ({hint})", error.message)),
                None => ("■", error.message.clone()),
            },
        };
        format!("{mark} {:<18} {}\n", step.what, neutral(&text))
    });
    lines.collect()
}

/// The table of one environment, as it is written.
#[derive(Serialize)]
struct Table<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_url: Option<&'a str>,
}

/// Optional keys, shown where they are looked for.
const CHOICES: &str = "\
# stage = \"production\"   # users depend on it: unmistakable on screen, changes are confirmed by its name
# read_only = true        # refuse every change
# colour = \"#d20f39\"      # tells environments apart
";

/// Chooses the name of the environment in the file: the one asked for, else that of the cluster that was found, else `other`.
///
/// # Errors
/// What is no name for an environment.
pub fn name(options: &Init, found: &Discovery, other: &str) -> Result<String> {
    if let Some(asked) = &options.name {
        return config::check_name(asked, &Origin::Flag("--name")).map(|()| asked.clone());
    }
    let name = found.resources.cluster.as_deref().unwrap_or(other);
    config::check_name(name, &Origin::Default)
        .map(|()| name.to_owned())
        .map_err(|e| e.hint("choose one with --name"))
}

/// Makes a table safe to print: names come from AWS. The file gets it as it is.
#[must_use]
pub fn shown(table: &str) -> String {
    let lines: Vec<_> = table.lines().map(neutral).collect();
    format!("\n{}\n", lines.join("\n"))
}

/// Writes `environment` as TOML under the name `name`, with the `resources` that were found.
///
/// # Errors
/// None that could be provoked: names are plain text.
pub fn table(name: &str, environment: &Environment, resources: &Resources) -> Result<String> {
    let under = |value: toml::Value, part: Option<&str>| {
        let value = part.map_or(value.clone(), |part| {
            toml::Table::from_iter([(part.to_owned(), value)]).into()
        });
        let named = BTreeMap::from([(name, value)]);
        toml::to_string(&BTreeMap::from([("environments", named)]))
    };
    let head = Table {
        profile: environment.profile.as_deref(),
        region: &environment.region,
        endpoint_url: environment.endpoint_url.as_deref(),
    };
    let write = || -> Result<String, toml::ser::Error> {
        let head = under(toml::Value::try_from(head)?, None)?;
        let body = under(toml::Value::try_from(resources)?, Some("resources"))?;
        Ok(format!("{head}{CHOICES}\n{body}"))
    };
    write().map_err(|e| {
        Error::new(
            ErrorKind::Config,
            format!("{name} cannot be written as TOML"),
        )
        .source(e)
    })
}

/// What becomes of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: PathBuf,
    /// Its whole text after the edit.
    pub text: String,
}

impl Edit {
    /// Adds `table` of the environment `name` to what `path` holds, if it exists. Everything else in the file stays as it is,
    /// comments included. An environment of that name is replaced where `force` asks for it.
    ///
    /// # Errors
    /// The environment is there and may not be replaced; the file cannot be read; it is written in a way that cannot be edited
    /// without touching other parts.
    pub fn plan(path: &Path, name: &str, table: &str, force: Replace) -> Result<Self> {
        let old = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let text = format!(
                    "# Written by `hydren init`. docs/configuration.md lists every key.\ndefault = \"{name}\"\n\n{table}"
                );
                return Ok(Self {
                    path: path.to_owned(),
                    text,
                });
            }
            Err(e) => return Err(io(path, "read", e)),
        };
        let before = others(&old, name);
        let taken = toml::from_str::<toml::Table>(&old)
            .ok()
            .and_then(|file| file.get("environments")?.get(name).cloned())
            .is_some();
        if taken && force == Replace::Never {
            let what = format!("{} has an environment `{name}` already", path.display());
            return Err(Error::new(ErrorKind::Config, what)
                .hint("replace it with --force, or choose another name with --name"));
        }
        let kept = without(&old, name);
        let text = format!("{}\n\n{table}", kept.trim_end());
        if before.is_none() || others(&text, name) != before {
            let what = format!(
                "{} cannot be edited without touching other parts of it",
                path.display()
            );
            return Err(Error::new(ErrorKind::Config, what)
                .hint("print the table with --dry-run and put it in by hand"));
        }
        Ok(Self {
            path: path.to_owned(),
            text: text.trim_start().to_owned(),
        })
    }

    /// Writes the file beside its place and moves it there, so that a full disk leaves the old one whole.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn write(&self) -> Result<()> {
        let draft = self.path.with_extension("toml.new");
        fs::write(&draft, &self.text)
            .and_then(|()| fs::rename(&draft, &self.path))
            .map_err(|e| io(&self.path, "written", e))
    }
}

/// Whether an environment that is in the file may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Never.
    Never,
    /// The one of the same name.
    SameName,
}

/// Everything in a file but the environment `name`; `None` when it does not parse.
fn others(text: &str, name: &str) -> Option<toml::Table> {
    let mut file: toml::Table = toml::from_str(text).ok()?;
    let environments = file
        .entry("environments")
        .or_insert_with(|| toml::Table::new().into());
    environments.as_table_mut()?.remove(name);
    Some(file)
}

/// The text without the tables of the environment `name`: from each of its headers to the next header of another.
fn without(text: &str, name: &str) -> String {
    let forms = [
        format!("environments.{name}"),
        format!("environments.\"{name}\""),
    ];
    let mut inside = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let header = line.trim_start();
        if header.starts_with('[') {
            let path = header.trim_start_matches('[');
            inside = forms.iter().any(|form| {
                path.strip_prefix(form.as_str())
                    .is_some_and(|rest| rest.starts_with(['.', ']']))
            });
        }
        if !inside {
            kept.push_str(line);
        }
    }
    kept
}

fn io(path: &Path, done: &str, source: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Io,
        format!("{} cannot be {done}: {source}", path.display()),
    )
    .hint("check the permissions, or name another file with --config")
    .source(source)
}

/// The configuration as it is before the walk, and the file that will hold its result.
#[derive(Debug)]
pub struct Project {
    /// What is configured already.
    pub config: Config,
    /// The file that was named or found, or a new one in the working directory.
    pub target: PathBuf,
    flags: Options,
    around: Surroundings,
}

impl Project {
    /// Reads what is configured. A file that is named and does not exist is the one to write. A walk through the demo writes nothing:
    /// files that are wrong are given beside it.
    ///
    /// # Errors
    /// A configuration that is wrong.
    pub fn find(
        flags: &Options,
        around: Surroundings,
        simulation: Option<&SimOptions>,
    ) -> Result<(Self, Vec<Error>)> {
        // The environment that a walk is for may not exist yet: --name says it, not --env.
        let (mut flags, mut around) = (flags.clone(), around);
        flags.env = None;
        around.variables.remove("HYDREN_ENV");
        let named = config::project_path(&flags, &around);
        if named.as_ref().is_some_and(|path| !path.exists()) {
            flags.config = None;
            around.variables.remove("HYDREN_CONFIG");
        }
        let (config, faults) = match simulation {
            Some(_) => Config::demo(&flags, &around)?,
            None => (Config::load(&flags, &around)?, Vec::new()),
        };
        let target = named
            .or_else(|| config.paths.project_config.clone())
            .unwrap_or_else(|| around.working_directory.join(PROJECT_FILE));
        let project = Self {
            config,
            target,
            flags,
            around,
        };
        Ok((project, faults))
    }

    /// The environment to walk in: the simulated one, the configured one called `name`, or a new one from flags and variables.
    ///
    /// # Errors
    /// A value that is no name, no region, no URL, or neither yes nor no.
    pub fn environment(
        &self,
        name: Option<&str>,
        simulation: Option<&SimOptions>,
    ) -> Result<Environment> {
        let name = name.unwrap_or("prod");
        config::check_name(name, &Origin::Flag("--name"))?;
        if simulation.is_some() {
            return Ok(sim::environment());
        }
        if !self.config.environments.contains_key(name) {
            return config::unnamed(name, &self.flags, &self.around);
        }
        let flags = Options {
            env: Some(name.to_owned()),
            ..self.flags.clone()
        };
        Config::load(&flags, &self.around)?.environment().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::is_hostile;

    fn environment() -> Environment {
        sim::environment()
    }

    fn written() -> String {
        let environment = environment();
        table("prod", &environment, &environment.resources).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let text = written();
        let file: toml::Table = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let resources = file["environments"]["prod"]["resources"].clone();
        let back: Result<Resources, _> = resources.try_into();
        assert_eq!(back.as_ref(), Ok(&environment().resources), "{text}");
    }

    fn found(cluster: &str) -> Discovery {
        let resources = Resources {
            cluster: Some(cluster.to_owned()),
            ..Resources::default()
        };
        Discovery {
            resources,
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_name_that_no_file_could_hold_is_refused_whoever_gave_it() {
        let asked = |name: &str| Init {
            name: Some(name.to_owned()),
            ..Init::default()
        };
        let named = |options: &Init, cluster| {
            let name = name(options, &found(cluster), "prod");
            name.map_err(|e| (e.message, e.hint.unwrap_or_default()))
        };
        assert_eq!(
            named(&asked("prod.eu-1"), "shop"),
            Ok("prod.eu-1".to_owned())
        );
        assert_eq!(named(&Init::default(), "shop"), Ok("shop".to_owned()));
        for wrong in ["", "pro d", "a]\n[keys", "\u{202e}dorp"] {
            let (message, hint) = named(&asked(wrong), "shop").expect_err(wrong);
            assert!(message.starts_with("--name: "), "{message}");
            assert!(hint.contains("ASCII letters"), "{hint}");
        }
        let (_, hint) = named(&Init::default(), "sh op").expect_err("no name");
        assert!(hint.contains("--name"), "{hint}");
    }

    #[test]
    fn what_aws_named_cannot_drive_the_terminal_when_the_table_is_shown() {
        let resources = found("a\u{9b}31mb\u{202e}c\u{1b}]0;x").resources;
        let table = table("prod", &environment(), &resources).unwrap_or_else(|e| panic!("{e}"));
        let shown = shown(&table);
        assert!(shown.lines().count() > 5, "lines stay lines: {shown}");
        let hostile = |c: &char| *c != '\n' && is_hostile(*c);
        assert_eq!(shown.chars().find(hostile), None, "{shown:?}");
        let file: toml::Table = toml::from_str(&table).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            file["environments"]["prod"]["resources"]["cluster"].as_str(),
            resources.cluster.as_deref(),
            "the file says what AWS says"
        );
    }

    fn edit(old: &str, force: Replace) -> Result<String> {
        let folder = tempfile::tempdir().map_err(|e| io(Path::new("tempdir"), "made", e))?;
        let path = folder.path().join("hydren.toml");
        fs::write(&path, old).map_err(|e| io(&path, "written", e))?;
        let edit = Edit::plan(
            &path,
            "prod",
            "[environments.prod]\nregion = \"eu-west-1\"\n",
            force,
        )?;
        edit.write()?;
        fs::read_to_string(&path).map_err(|e| io(&path, "read", e))
    }

    #[test]
    fn other_environments_and_comments_stay() {
        let old = "# ours\ntheme = 'nord'\n\n[environments.dev]\nregion = 'eu-west-1' # near\n";
        let text = edit(old, Replace::Never).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            text,
            format!("{old}\n[environments.prod]\nregion = \"eu-west-1\"\n")
        );
    }

    #[test]
    fn an_environment_that_is_there_is_kept_unless_it_is_to_be_replaced() {
        let old = "[environments.prod]\nregion = 'us-east-1'\n[environments.prod.resources]\ncluster = 'a'\n[environments.prod-eu]\n";
        let refused = edit(old, Replace::Never).map_err(|e| e.hint);
        assert!(
            matches!(&refused, Err(Some(hint)) if hint.contains("--force")),
            "{refused:?}"
        );
        let text = edit(old, Replace::SameName).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            text,
            "[environments.prod-eu]\n\n[environments.prod]\nregion = \"eu-west-1\"\n"
        );
    }

    #[test]
    fn a_file_that_cannot_be_edited_safely_is_left_alone() {
        let refused = edit(
            "environments = { dev = { region = 'eu-west-1' } }\n",
            Replace::Never,
        )
        .map_err(|e| e.message);
        assert!(
            matches!(&refused, Err(message) if message.contains("cannot be edited")),
            "{refused:?}"
        );
    }
}
