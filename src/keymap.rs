//! Which key runs which command. The defaults are data (`keymap.toml`); the user's `[keys]` table replaces single commands.

use crate::{
    command::{self, Command},
    error::{Error, ErrorKind, Result},
};
use crokey::{KeyCombination, KeyCombinationFormat};
use indexmap::IndexMap;
use std::collections::HashMap;

const DEFAULTS: &str = include_str!("keymap.toml");

/// Keys by command and command by key.
#[derive(Debug, Clone)]
pub struct Keymap {
    by_key: HashMap<KeyCombination, &'static Command>,
    by_command: IndexMap<&'static str, Vec<String>>,
}

impl Keymap {
    /// Makes the keymap: the defaults, then the user's changes (command name to keys).
    ///
    /// # Errors
    /// A command that does not exist, a key that cannot be read, two commands on one key: each named, with a way out.
    pub fn new(user: &toml::Table) -> Result<Self> {
        let defaults: IndexMap<String, Vec<String>> = toml::from_str(DEFAULTS)
            .map_err(|e| fault("the default keys cannot be read".to_owned()).source(e))?;
        let mut keys = defaults;
        for (name, wanted) in user {
            match keys.get_mut(name) {
                Some(place) => *place = listed(name, wanted)?,
                None => {
                    let near = command::nearest(name)
                        .map_or_else(String::new, |c| format!("; did you mean `{}`?", c.name));
                    return Err(
                        fault(format!("[keys] names `{name}`, which is no command")).hint(format!(
                            "`:` in the console and docs/keys.md list the commands{near}"
                        )),
                    );
                }
            }
        }
        let mut map = Self {
            by_key: HashMap::new(),
            by_command: IndexMap::new(),
        };
        for (name, wanted) in keys {
            let Some(command) = command::find(&name) else {
                return Err(fault(format!(
                    "the default keys name `{name}`, which is no command"
                )));
            };
            map.bind(command, &wanted)?;
        }
        Ok(map)
    }

    fn bind(&mut self, command: &'static Command, keys: &[String]) -> Result<()> {
        let format = KeyCombinationFormat::default()
            .with_lowercase_modifiers()
            .with_control("ctrl-")
            .with_implicit_shift();
        let mut shown = Vec::new();
        for text in keys {
            let key = parse(text).ok_or_else(|| {
                fault(format!(
                    "[keys] {} = \"{text}\": this is no key",
                    command.name
                ))
                .hint("keys are written as `q`, `ctrl-p`, `shift-g`, `f5`, `pagedown`, `?`")
            })?;
            if let Some(other) = self.by_key.insert(key, command)
                && other.name != command.name
            {
                return Err(fault(format!(
                    "[keys] {text} is bound to both `{}` and `{}`",
                    other.name, command.name
                ))
                .hint("give one of them another key, or an empty list"));
            }
            shown.push(show(&format, key));
        }
        self.by_command.insert(command.name, shown);
        Ok(())
    }

    /// The command on `key`.
    #[must_use]
    pub fn command(&self, key: KeyCombination) -> Option<&'static Command> {
        self.by_key.get(&key.normalized()).copied()
    }

    /// The keys of the command `name` as people write them, the main one first.
    #[must_use]
    pub fn keys(&self, name: &str) -> &[String] {
        self.by_command.get(name).map_or(&[], Vec::as_slice)
    }

    /// The main key of the command `name`; empty when it has none.
    #[must_use]
    pub fn main_key(&self, name: &str) -> &str {
        self.keys(name).first().map_or("", String::as_str)
    }
}

/// The keys that a user's entry lists: one text, or several.
fn listed(name: &str, wanted: &toml::Value) -> Result<Vec<String>> {
    wanted
        .clone()
        .try_into::<Vec<String>>()
        .or_else(|_| wanted.clone().try_into().map(|key| vec![key]))
        .map_err(|e| {
            fault(format!("[keys] {name} = {wanted}: this is no list of keys"))
                .source(e)
                .hint("write it as `quit = [\"q\", \"f10\"]`")
        })
}

/// Reads a key. A single character is itself, so that `-`, `+` and `?` need no names.
fn parse(text: &str) -> Option<KeyCombination> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(KeyCombination::from(crossterm::event::KeyCode::Char(c)).normalized());
    }
    crokey::parse(text).ok().map(KeyCombination::normalized)
}

fn show(format: &KeyCombinationFormat, key: KeyCombination) -> String {
    match format.to_string(key).as_str() {
        "Down" => "↓".to_owned(),
        "Up" => "↑".to_owned(),
        "Left" => "←".to_owned(),
        "Right" => "→".to_owned(),
        "BackTab" => "shift-tab".to_owned(),
        text if text.chars().count() > 1 => text.to_lowercase(),
        text => text.to_owned(),
    }
}

fn fault(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn user(name: &str, keys: &[&str]) -> toml::Table {
        toml::Table::from_iter([(name.to_owned(), toml::Value::from(keys.to_vec()))])
    }

    fn press(map: &Keymap, code: KeyCode, modifiers: KeyModifiers) -> Option<&'static str> {
        map.command(KeyEvent::new(code, modifiers).into())
            .map(|c| c.name)
    }

    #[test]
    fn every_command_has_a_row_of_keys_and_no_key_has_two_commands() {
        let map = Keymap::new(&toml::Table::new()).expect("the defaults are sound");
        for command in command::COMMANDS {
            assert!(
                map.by_command.contains_key(command.name),
                "{} has no row in keymap.toml",
                command.name
            );
        }
    }

    #[test]
    fn keys_arrive_as_terminals_send_them() {
        let map = Keymap::new(&toml::Table::new()).expect("the defaults are sound");
        assert_eq!(
            press(&map, KeyCode::Char('G'), KeyModifiers::SHIFT),
            Some("bottom")
        );
        assert_eq!(
            press(&map, KeyCode::Char('?'), KeyModifiers::NONE),
            Some("help")
        );
        assert_eq!(
            press(&map, KeyCode::Char('p'), KeyModifiers::CONTROL),
            Some("profile")
        );
        assert_eq!(
            press(&map, KeyCode::BackTab, KeyModifiers::SHIFT),
            Some("previous-pane")
        );
    }

    #[test]
    fn a_user_key_replaces_the_default_one() {
        let map = Keymap::new(&user("quit", &["f10"])).expect("sound");
        assert_eq!(
            press(&map, KeyCode::F(10), KeyModifiers::NONE),
            Some("quit")
        );
        assert_eq!(press(&map, KeyCode::Char('q'), KeyModifiers::NONE), None);
    }

    #[test]
    fn mistakes_in_user_keys_are_named() {
        let message = |r: Result<Keymap>| r.expect_err("must be refused").to_string();
        assert!(message(Keymap::new(&user("qiut", &["q"]))).contains("`qiut`"));
        assert!(message(Keymap::new(&user("quit", &["hyper-q"]))).contains("no key"));
        assert!(message(Keymap::new(&user("quit", &["r"]))).contains("both"));
    }
}
