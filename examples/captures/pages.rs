//! What is generated for docs/: the table of keys and the pictures of the screens.

use super::{SIZE, demo::Demo, svg};
use hydren::{
    app::Screen,
    command::{COMMANDS, Group},
    error::{Error, ErrorKind, Result},
    keymap::Keymap,
    theme::{self, Role, Theme},
};
use ratatui::buffer::Buffer;
use std::fmt::Write as _;

/// A generated file: its path in the repository and its text.
pub struct Page {
    /// Path from the repository's root.
    pub path: String,
    /// Text.
    pub text: String,
}

impl Page {
    fn new(path: impl Into<String>, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}

/// Makes docs/keys.md.
///
/// # Errors
/// The default keys are broken.
pub fn keys() -> Result<Page> {
    let keymap = Keymap::new(&toml::Table::new())?;
    let mut text = String::from(
        "# Keys\n\n\
         Every command of the console with its default keys. `?` shows the same list in the console, `:` finds a command by\n\
         name, and the bottom line tells the keys that matter most on the open screen.\n\n\
         A `[keys]` table in hydren.toml or in the user's config.toml replaces the keys of single commands; an empty list\n\
         unbinds one ([configuration](configuration.md)):\n\n\
         ```toml\n[keys]\nquit = [\"q\", \"f10\"]\n```\n\n\
         What changes something in AWS is an operation: it shows its plan first and asks ([operations](operations.md)).\n",
    );
    for group in Group::ALL {
        let _ = write!(
            text,
            "\n## {}\n\n| keys | command | what it does |\n|---|---|---|\n",
            group.title()
        );
        for command in COMMANDS.iter().filter(|c| c.group == group) {
            let keys: Vec<_> = keymap
                .keys(command.name)
                .iter()
                .map(|key| format!("`{key}`"))
                .collect();
            let (keys, name, doc) = (keys.join(" "), command.name, command.doc);
            let _ = writeln!(text, "| {keys} | `{name}` | {doc} |");
        }
    }
    text.push_str("\nGenerated from the command table by `cargo run --example captures`.\n");
    Ok(Page::new("docs/keys.md", text))
}

/// Makes a picture and a text of every screen.
///
/// # Errors
/// The default theme or keys are broken.
pub fn screens() -> Result<Vec<Page>> {
    let (theme, _) = Theme::load(theme::DEFAULT, None)?;
    let mut demo = Demo::new()?;
    demo.settle();
    let mut pages = Vec::new();
    for screen in Screen::ALL {
        demo.open(screen)?;
        let buffer = demo.draw(SIZE.0, SIZE.1);
        let name = format!("docs/screens/{}", screen.command());
        let title = format!("hydren: {}", screen.title());
        pages.push(Page::new(format!("{name}.txt"), plain(&buffer)));
        pages.push(Page::new(
            format!("{name}.svg"),
            svg::picture(&buffer, &title, theme.paint(Role::Screen)),
        ));
    }
    Ok(pages)
}

/// Puts the sample that README.md shows of `hydren status` into the text of README.md.
///
/// # Errors
/// The simulation cannot be read, or README.md has no place for the sample.
pub fn readme(text: &str) -> Result<Page> {
    let sample = Demo::new()?.status()?;
    let start = "<!-- sample: status -->\n```text\n";
    let place = text.split_once(start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once("```\n")?;
        Some((before, after))
    });
    let (before, after) = place.ok_or_else(|| {
        Error::new(
            ErrorKind::Io,
            "README.md has no place for the sample of `hydren status`",
        )
        .hint("it is a block of text below a line `<!-- sample: status -->`")
    })?;
    Ok(Page::new(
        "README.md",
        format!("{before}{start}{sample}```\n{after}"),
    ))
}

/// The text of a buffer, without trailing blanks.
fn plain(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut text = String::new();
    for line in buffer.content.chunks(width) {
        let line: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
