//! One environment from the layers that speak of it.

use super::{
    Origin, Setting, Surroundings,
    file::{Entry, File},
    flag, variable, wrong,
};
use crate::{
    cli::Options,
    error::Result,
    model::environment::{Access, CostSettings, Environment, Resources, Stage, is_region},
    text::nearest,
    theme::Role,
};
use toml::Spanned;

/// The layers below flags and variables, and what is common to all environments.
pub(super) struct Layers<'a> {
    /// Project file, then user file.
    pub files: Vec<&'a File>,
    /// What makes every environment read-only.
    pub locked: Option<Origin>,
}

/// What is said of one environment, each setting from the strongest layer that says it.
pub(super) struct Given {
    profile: Option<Setting<String>>,
    region: Option<Setting<String>>,
    endpoint_url: Option<Setting<String>>,
    colour: Option<Setting<String>>,
    stage: Option<Setting<Stage>>,
    /// What makes it read-only.
    locked: Option<Origin>,
    cost: Option<Setting<CostSettings>>,
    resources: Option<Setting<Resources>>,
}

/// What makes every environment read-only: a flag or a variable.
pub(super) fn locked(options: &Options, around: &Surroundings) -> Result<Option<Origin>> {
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

impl Layers<'_> {
    /// Gathers what is said of the environment `name`. Flags and AWS_* variables apply to the `chosen` one only: another environment,
    /// reached from inside the console, is what the files say it is.
    pub(super) fn gather(&self, name: &str, chosen: Option<(&Options, &Surroundings)>) -> Given {
        let entries: Vec<(&File, &Entry)> = self
            .files
            .iter()
            .filter_map(|file| Some((*file, file.content.environments.get(name)?)))
            .collect();
        let text = |over: Option<Setting<String>>,
                    place: fn(&Entry) -> Option<&Spanned<String>>| {
            over.or_else(|| {
                entries
                    .iter()
                    .find_map(|(file, entry)| file.setting(place(entry)))
            })
        };
        let over = |name, value: fn(&Options) -> Option<&String>, variables: &[&'static str]| {
            let (options, around) = chosen?;
            flag(name, value(options))
                .or_else(|| variables.iter().find_map(|v| variable(around, v)))
        };
        let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        let profile = over("--profile", |o| o.profile.as_ref(), &["AWS_PROFILE"]);
        let region = over("--region", |o| o.region.as_ref(), &regions);
        let endpoint = over(
            "--endpoint-url",
            |o| o.endpoint_url.as_ref(),
            &["AWS_ENDPOINT_URL"],
        );
        Given {
            profile: text(profile, |e| e.profile.as_ref()),
            region: text(region, |e| e.region.as_ref()),
            endpoint_url: text(endpoint, |e| e.endpoint_url.as_ref()),
            colour: text(None, |e| e.colour.as_ref()),
            stage: entries
                .iter()
                .find_map(|(file, entry)| file.setting(entry.stage.as_ref())),
            // The strictest setting wins: a stronger layer can add the lock, none can take it off.
            locked: self.locked.clone().or_else(|| {
                entries.iter().find_map(|(file, entry)| {
                    let lock = entry.read_only.as_ref().filter(|lock| *lock.get_ref())?;
                    Some(file.origin(lock.span()))
                })
            }),
            cost: entries
                .iter()
                .find_map(|(file, entry)| file.setting(entry.cost.as_ref())),
            resources: entries
                .iter()
                .find_map(|(file, entry)| file.setting(entry.resources.as_ref())),
        }
    }
}

impl Given {
    /// Lists the settings by their keys, for people.
    pub(super) fn settings(&self) -> Vec<(String, Setting<String>)> {
        let texts = [
            ("profile", &self.profile),
            ("region", &self.region),
            ("endpoint_url", &self.endpoint_url),
            ("colour", &self.colour),
        ];
        let line = |key: &str, value: &str, origin: &Origin| {
            let (value, origin) = (value.to_owned(), origin.clone());
            (key.to_owned(), Setting { value, origin })
        };
        let texts = texts
            .into_iter()
            .filter_map(|(key, setting)| setting.as_ref().map(|s| line(key, &s.value, &s.origin)));
        let stage = self
            .stage
            .as_ref()
            .map(|s| line("stage", s.value.word(), &s.origin));
        let locked = self
            .locked
            .as_ref()
            .map(|origin| line("read_only", "true", origin));
        let resources = self
            .resources
            .as_ref()
            .map(|s| line("resources", "named", &s.origin));
        let cost = self.cost.as_ref().map(|s| {
            let budget = s.value.budget.map(|usd| format!("budget ${usd} a month"));
            line("cost", budget.as_deref().unwrap_or("set"), &s.origin)
        });
        let rest = stage.into_iter().chain(locked).chain(cost);
        texts.chain(rest).chain(resources).collect()
    }

    /// Makes the environment.
    ///
    /// # Errors
    /// A value that is no region, URL or colour.
    pub(super) fn environment(self, name: &str) -> Result<Environment> {
        Ok(Environment {
            name: name.to_owned(),
            stage: self.stage.map(|s| s.value).unwrap_or_default(),
            access: if self.locked.is_some() {
                Access::ReadOnly
            } else {
                Access::ReadWrite
            },
            access_reason: self.locked.map(|origin| match origin {
                Origin::File(..) => format!("read_only is set in {origin}"),
                _ => format!("{origin} is set"),
            }),
            colour: self.colour.map(check_colour).transpose()?,
            profile: self.profile.map(|s| s.value),
            region: self
                .region
                .map(check_region)
                .transpose()?
                .unwrap_or_default(),
            // The SDK reads AWS_ENDPOINT_URL by itself, and then honours AWS_ENDPOINT_URL_<SERVICE> too.
            endpoint_url: self
                .endpoint_url
                .map(check_endpoint)
                .transpose()?
                .filter(|e| !matches!(e.origin, Origin::Variable(_)))
                .map(|e| e.value),
            simulated: false,
            cost: self.cost.map(|s| s.value).unwrap_or_default(),
            resources: self.resources.map(|s| s.value).unwrap_or_default(),
        })
    }
}

/// Accepts what is written as a region is; whether it exists, its endpoint's name tells.
fn check_region(region: Setting<String>) -> Result<String> {
    if is_region(&region.value) {
        return Ok(region.value);
    }
    Err(wrong(
        &region.origin,
        "region: ",
        &format!("`{}` is no AWS region", region.value),
    )
    .hint("regions are written like eu-west-1 or us-east-2"))
}

fn check_endpoint(endpoint: Setting<String>) -> Result<Setting<String>> {
    let (value, schemes) = (&endpoint.value, ["http://", "https://"]);
    let host = schemes.iter().find_map(|scheme| value.strip_prefix(scheme));
    if host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) {
        return Ok(endpoint);
    }
    Err(wrong(
        &endpoint.origin,
        "endpoint_url: ",
        &format!("`{value}` is no URL"),
    )
    .hint("endpoints are written like http://127.0.0.1:4566"))
}

fn check_colour(colour: Setting<String>) -> Result<String> {
    let value = &colour.value;
    let hex = value.strip_prefix('#');
    let valid = match hex {
        Some(digits) => digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => Role::ALL.iter().any(|role| role.name() == value),
    };
    if valid {
        return Ok(colour.value);
    }
    let hint = match nearest(value, Role::ALL.iter().map(|role| role.name())) {
        Some(role) if hex.is_none() => format!("did you mean `{role}`?"),
        _ => "write six hexadecimal digits such as \"#d20f39\", or a role of the theme such as \"critical\"".to_owned(),
    };
    Err(wrong(
        &colour.origin,
        "colour: ",
        &format!("`{value}` is neither #rrggbb nor a role of the theme"),
    )
    .hint(hint))
}
