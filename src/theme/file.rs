//! Reads theme files: layers of a theme and those that it inherits from, the nearest first.

use super::{Colour, DEFAULT, Modifiers, Paint, Role, Theme};
use crate::{
    error::{Error, ErrorKind, Result},
    text::nearest,
};
use indexmap::IndexMap;
use std::{fs, io, path::Path};
use toml::{Table, Value};

/// Declares the embedded themes from their files' names.
macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../themes/", $name, ".toml")))),+]
    };
}

/// Name and text of every embedded theme, in the order in which they are offered.
pub(super) const EMBEDDED: [(&str, &str); 10] = embedded![
    "hydren-dark",
    "hydren-light",
    "ansi",
    "high-contrast",
    "colour-blind",
    "catppuccin",
    "gruvbox",
    "nord",
    "tokyo-night",
    "dracula",
];

/// The colours of the terminal's palette by name, at their numbers (ECMA-48 order; 8 to 15 are the bright ones).
const ANSI: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// Layers above which inheritance is taken for a circle.
const DEEPEST: usize = 8;

/// One theme file, taken apart but not yet resolved.
struct Layer {
    name: String,
    inherits: Option<String>,
    palette: IndexMap<String, Colour>,
    roles: Table,
}

pub(super) fn load(name: &str, folder: Option<&Path>) -> Result<(Theme, Vec<String>)> {
    let mut warnings = Vec::new();
    let mut layers = vec![Layer::read(name, folder, &mut warnings)?];
    while let Some(layer) = layers.last()
        && let Some(parent) = layer.inherits.clone()
    {
        if layers.len() == DEEPEST {
            let chain: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
            let message = format!("theme {name} inherits in a circle: {}", chain.join(", "));
            return Err(Error::new(ErrorKind::Config, message)
                .hint("remove the `inherits` of one of the themes"));
        }
        // A user's file that inherits its own name means the embedded theme that it stands in front of.
        let folder = folder.filter(|_| layer.name != parent);
        layers.push(Layer::read(&parent, folder, &mut warnings)?);
    }
    if layers.iter().all(|layer| layer.name != DEFAULT) {
        layers.push(Layer::read(DEFAULT, None, &mut warnings)?);
    }
    let paints = Role::ALL.map(|role| resolve(role, &layers, &mut warnings));
    let name = name.to_owned();
    Ok((Theme { name, paints }, warnings))
}

impl Layer {
    fn read(name: &str, folder: Option<&Path>, warnings: &mut Vec<String>) -> Result<Self> {
        let text = source(name, folder)?;
        let table: Table = text.parse().map_err(|e: toml::de::Error| {
            Error::new(
                ErrorKind::Config,
                format!("theme {name} is not TOML: {}", e.message()),
            )
            .source(e)
        })?;
        let mut layer = Self {
            name: name.to_owned(),
            inherits: None,
            palette: IndexMap::new(),
            roles: Table::new(),
        };
        for (key, value) in table {
            match (key.as_str(), value) {
                ("name", Value::String(_)) => {}
                ("inherits", Value::String(parent)) => layer.inherits = Some(parent),
                ("palette", Value::Table(entries)) => {
                    for (key, value) in entries {
                        match value.as_str().and_then(colour) {
                            Some(colour) => drop(layer.palette.insert(key, colour)),
                            None => warnings.push(format!(
                                "theme {name}: palette.{key} = {value} is not a colour"
                            )),
                        }
                    }
                }
                ("roles", Value::Table(entries)) => layer.roles = entries,
                (key, _) => warnings.push(format!(
                    "theme {name}: `{key}` is none of name, inherits, palette, roles, or of another type"
                )),
            }
        }
        for key in layer.roles.keys() {
            if Role::ALL.iter().all(|role| role.name() != key) {
                let meant = nearest(key, Role::ALL.map(Role::name))
                    .map_or_else(String::new, |role| format!(", did you mean `{role}`?"));
                warnings.push(format!("theme {name}: there is no role `{key}`{meant}"));
            }
        }
        Ok(layer)
    }
}

/// Finds the text of a theme: the user's file first, so that an embedded theme can be replaced.
fn source(name: &str, folder: Option<&Path>) -> Result<String> {
    let is_plain = !name.is_empty() && !name.contains(['/', '\\', '.']);
    if let Some(folder) = folder.filter(|_| is_plain) {
        let path = folder.join(format!("{name}.toml"));
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => {
                let message = format!("cannot read the theme file {}", path.display());
                return Err(Error::new(ErrorKind::Io, message).source(e));
            }
        }
    }
    if let Some((_, text)) = EMBEDDED.iter().find(|(embedded, _)| *embedded == name) {
        return Ok((*text).to_owned());
    }
    let names = names(folder);
    let list = names.join(", ");
    let hint = nearest(name, names.iter().map(String::as_str)).map_or_else(
        || format!("one of: {list}"),
        |near| format!("did you mean `{near}`? One of: {list}"),
    );
    Err(Error::new(ErrorKind::Config, format!("there is no theme `{name}`")).hint(hint))
}

pub(super) fn names(folder: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = Theme::embedded().map(str::to_owned).collect();
    let mut own: Vec<String> = folder
        .and_then(|folder| fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some(
                entry
                    .ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".toml")?
                    .to_owned(),
            )
        })
        .filter(|name| !names.contains(name))
        .collect();
    own.sort();
    names.append(&mut own);
    names
}

/// Resolves one role: the nearest layer that says something usable about it.
fn resolve(role: Role, layers: &[Layer], warnings: &mut Vec<String>) -> Paint {
    for layer in layers {
        let Some(value) = layer.roles.get(role.name()) else {
            continue;
        };
        match paint(value, layers) {
            Ok(paint) => return paint,
            Err(why) => warnings.push(format!(
                "theme {}: roles.{}: {why}",
                layer.name,
                role.name()
            )),
        }
    }
    Paint::default()
}

/// Reads `"colour"` or `{ fg, bg, modifiers }`. Palette names are looked up from the nearest layer, so that a theme that changes a
/// colour of the palette changes every inherited role that uses it.
fn paint(value: &Value, layers: &[Layer]) -> std::result::Result<Paint, String> {
    let named = |value: &Value| {
        value
            .as_str()
            .and_then(|name| {
                layers
                    .iter()
                    .find_map(|l| l.palette.get(name).copied())
                    .or_else(|| colour(name))
            })
            .ok_or_else(|| format!("{value} is neither in the palette nor a colour"))
    };
    let Value::Table(table) = value else {
        let fg = Some(named(value)?);
        return Ok(Paint {
            fg,
            ..Paint::default()
        });
    };
    let mut paint = Paint::default();
    for (key, value) in table {
        match (key.as_str(), value) {
            ("fg", value) => paint.fg = Some(named(value)?),
            ("bg", value) => paint.bg = Some(named(value)?),
            ("modifiers", Value::Array(list)) => {
                for value in list {
                    let found = Modifiers::NAMED
                        .iter()
                        .find(|(name, _)| value.as_str() == Some(name));
                    let (_, modifier) = found.ok_or_else(|| {
                        format!(
                            "{value} is none of {}",
                            Modifiers::NAMED.map(|(name, _)| name).join(", ")
                        )
                    })?;
                    paint.modifiers |= *modifier;
                }
            }
            (key, _) => return Err(format!("`{key}` is none of fg, bg, or modifiers as a list")),
        }
    }
    Ok(paint)
}

/// Reads `#rrggbb`, `ansi:NAME` or `default`.
fn colour(text: &str) -> Option<Colour> {
    if text == "default" {
        return Some(Colour::Default);
    }
    if let Some(name) = text.strip_prefix("ansi:") {
        let index = ANSI.iter().position(|known| *known == name)?;
        return u8::try_from(index).ok().map(Colour::Ansi);
    }
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some(Colour::Rgb(red, green, blue))
}
