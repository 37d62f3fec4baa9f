//! A configuration file: its shape, and errors that say file, line, key and what was probably meant.

use super::{Origin, Setting, components, logs, wrong};
use crate::{
    error::{Error, ErrorKind, Result},
    model::environment::{CostSettings, Resources, Stage},
    text::nearest,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A parsed file. `hydren.toml` and the user's `config.toml` have the same shape.
#[derive(Debug)]
pub(super) struct File {
    pub path: PathBuf,
    text: String,
    pub content: Content,
}

/// The top level.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Content {
    pub default: Option<Spanned<String>>,
    pub theme: Option<Spanned<String>>,
    pub keys: toml::Table,
    pub logs: logs::Table,
    pub environments: BTreeMap<Spanned<String>, Entry>,
    pub components: BTreeMap<Spanned<String>, components::Table>,
}

/// `[environments.NAME]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entry {
    pub profile: Option<Spanned<String>>,
    pub region: Option<Spanned<String>>,
    pub stage: Option<Spanned<Stage>>,
    pub colour: Option<Spanned<String>>,
    pub read_only: Option<Spanned<bool>>,
    pub endpoint_url: Option<Spanned<String>>,
    pub cost: Option<Spanned<CostSettings>>,
    pub resources: Option<Spanned<Resources>>,
}

impl File {
    /// Reads `path`; `None` when there is no such file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, text).map(Some),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::new(
                ErrorKind::Config,
                format!("{} cannot be read: {e}", path.display()),
            )
            .hint("make it a readable UTF-8 file, or name another one with --config")
            .source(e)),
        }
    }

    /// Parses `text`, which was read from `path`.
    pub(super) fn parse(path: &Path, text: String) -> Result<Self> {
        match toml::from_str(&text) {
            Ok(content) => Self {
                path: path.to_owned(),
                text,
                content,
            }
            .checked(),
            Err(e) => Err(explain(path, &text, &e)),
        }
    }

    /// Refuses names that are none.
    fn checked(self) -> Result<Self> {
        let names = self.content.environments.keys();
        for name in names {
            check_name(name.get_ref(), "environment", &self.origin(name.span()))?;
        }
        Ok(self)
    }

    /// The value with its place in this file.
    pub(super) fn setting<T: Clone>(&self, value: Option<&Spanned<T>>) -> Option<Setting<T>> {
        value.map(|v| Setting {
            value: v.get_ref().clone(),
            origin: self.origin(v.span()),
        })
    }

    /// The place of a span.
    pub(super) fn origin(&self, span: Range<usize>) -> Origin {
        Origin::File(self.path.clone(), line(&self.text, span.start))
    }
}

/// Refuses names of a `kind` of things that could not be typed on the command line or would not look the same everywhere.
pub(super) fn check_name(name: &str, kind: &str, origin: &Origin) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(());
    }
    let article = if kind.starts_with('e') { "an" } else { "a" };
    let what = format!("`{name}` is no name for {article} {kind}");
    Err(wrong(origin, &format!("{kind}s: "), &what)
        .hint("use ASCII letters, digits, dots, dashes and underscores"))
}

fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Says where and what is wrong, in the file's own terms.
fn explain(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or_default();
    let key = DeTable::parse(text)
        .ok()
        .and_then(|table| key_at(table.get_ref(), &span))
        .map(|key| format!("{key}: "))
        .unwrap_or_default();
    // serde's own wording, "unknown field `a`, expected one of `b`, `c`", is the only place where the valid names are told.
    let mut names = error.message().split('`').skip(1).step_by(2);
    let (what, hint) = match names.next() {
        Some(_) if error.message().starts_with("unknown field") => (
            "this key is not known".to_owned(),
            meant(text.get(span.clone()), names),
        ),
        Some(given) if error.message().starts_with("unknown variant") => (
            format!("`{given}` is not a value of it"),
            meant(Some(given), names),
        ),
        _ => (
            error.message().replace('\n', ", "),
            "docs/configuration.md lists every key with its type".to_owned(),
        ),
    };
    let place = format!("{}:{}", path.display(), line(text, span.start));
    Error::new(ErrorKind::Config, format!("{place}: {key}{what}")).hint(hint)
}

/// The dotted name of the key or value that holds `span`.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let within = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    table.iter().find_map(|(key, value)| {
        let below = match value.get_ref() {
            DeValue::Table(table) => key_at(table, span),
            DeValue::Array(values) => values
                .iter()
                .find_map(|v| key_at(v.get_ref().as_table()?, span)),
            _ => None,
        };
        let name = key.get_ref();
        match below {
            Some(rest) => Some(format!("{name}.{rest}")),
            None => (within(key.span()) || within(value.span())).then(|| name.to_string()),
        }
    })
}

/// Names the nearest of `valid`, or all of them when none is near.
fn meant<'a>(given: Option<&str>, valid: impl Iterator<Item = &'a str>) -> String {
    let valid: Vec<&str> = valid.collect();
    let given = given.unwrap_or_default().trim_matches(['"', '\'']);
    match nearest(given, valid.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("valid are {}", valid.join(", ")),
    }
}
