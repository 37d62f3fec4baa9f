//! Themes: what each meaning on the screen looks like. A theme is a TOML file (`docs/themes.md`), ten of them are embedded.
//!
//! Code that draws names a [`Role`], never a colour, so that one table decides everything and a state is never told by colour
//! alone. No terminal types here: [`crate::ui::widget::paint`] turns a [`Paint`] into what the terminal library wants.

mod file;

use crate::error::Result;
use std::{
    fmt,
    ops::{BitOr, BitOrAssign},
    path::Path,
};

/// The name of the theme that is used when none is asked for.
pub const DEFAULT: &str = "hydren-dark";

/// Declares the roles once: variant, name in a theme file, and for the monochrome theme the modifiers that stand for its colour.
macro_rules! roles {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $plain:expr;)+) => {
        /// A meaning that something on the screen can have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($(#[$doc])+ $variant,)+ }

        impl Role {
            /// Every role, in the order of declaration.
            pub const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            /// Gives the name by which theme files call the role.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Gives the modifiers that stand for the role where there is no colour.
            const fn plain(self) -> Modifiers {
                match self { $(Self::$variant => $plain,)+ }
            }
        }
    };
}

roles! {
    /// The empty screen beneath everything: the theme's background and its usual foreground.
    Screen = "screen", Modifiers::NONE;
    /// Ordinary text.
    Text = "text", Modifiers::NONE;
    /// Text that matters less: units, labels, ages.
    Muted = "muted", Modifiers::NONE;
    /// Decoration that may be overlooked: axis lines, empty parts of gauges.
    Faint = "faint", Modifiers::DIM;
    /// Titles of panes.
    Title = "title", Modifiers::BOLD;
    /// The one colour of the theme that says "here": the active screen, the cursor.
    Accent = "accent", Modifiers::BOLD;
    /// Borders of panes.
    Border = "border", Modifiers::DIM;
    /// Border of the pane that has the keys.
    BorderFocus = "border-focus", Modifiers::BOLD;
    /// The selected row; it lies over the roles of the row's cells.
    Selection = "selection", Modifiers::REVERSE;
    /// Headers of table columns.
    Header = "header", Modifiers::UNDERLINE;
    /// Healthy.
    Ok = "ok", Modifiers::NONE;
    /// Needs attention.
    Warning = "warning", Modifiers::BOLD;
    /// Broken.
    Critical = "critical", Modifiers::BOLD_REVERSE;
    /// Not known, or not part of the environment.
    Unknown = "unknown", Modifiers::DIM;
    /// Worth knowing and neither good nor bad: a rollout, a scaling activity.
    Info = "info", Modifiers::NONE;
    /// Text that a search or filter matched.
    Match = "match", Modifiers::BOLD_UNDERLINE;
    /// Keys in hints.
    Key = "key", Modifiers::BOLD;
    /// The bars at the top and the bottom.
    Bar = "bar", Modifiers::REVERSE;
    /// The badge of a production environment: unmistakable.
    Production = "production", Modifiers::BOLD_REVERSE;
    /// First line of a chart.
    Series1 = "series-1", Modifiers::NONE;
    /// Second line of a chart.
    Series2 = "series-2", Modifiers::BOLD;
    /// Third line of a chart.
    Series3 = "series-3", Modifiers::DIM;
    /// Fourth line of a chart.
    Series4 = "series-4", Modifiers::NONE;
    /// Fifth line of a chart.
    Series5 = "series-5", Modifiers::BOLD;
    /// Sixth line of a chart.
    Series6 = "series-6", Modifiers::DIM;
    /// Limits in charts: alarm thresholds, targets, capacities.
    Threshold = "threshold", Modifiers::DIM;
}

impl Role {
    /// The roles of a chart's lines, in the order in which they are given out.
    pub const SERIES: [Self; 6] = [
        Self::Series1,
        Self::Series2,
        Self::Series3,
        Self::Series4,
        Self::Series5,
        Self::Series6,
    ];
}

/// A colour that a theme can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Red, green and blue.
    Rgb(u8, u8, u8),
    /// One of the 16 colours of the terminal's own palette, 0 to 15.
    Ansi(u8),
    /// The terminal's own foreground or background.
    Default,
}

/// A set of text modifiers.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Modifiers(u8);

impl Modifiers {
    /// No modifier.
    pub const NONE: Self = Self(0);
    /// Bold.
    pub const BOLD: Self = Self(1);
    /// Dim.
    pub const DIM: Self = Self(2);
    /// Underlined.
    pub const UNDERLINE: Self = Self(4);
    /// Foreground and background exchanged.
    pub const REVERSE: Self = Self(8);
    /// Italic.
    pub const ITALIC: Self = Self(16);

    const BOLD_REVERSE: Self = Self(Self::BOLD.0 | Self::REVERSE.0);
    const BOLD_UNDERLINE: Self = Self(Self::BOLD.0 | Self::UNDERLINE.0);

    /// The single modifiers by their names in theme files.
    pub const NAMED: [(&str, Self); 5] = [
        ("bold", Self::BOLD),
        ("dim", Self::DIM),
        ("underline", Self::UNDERLINE),
        ("reverse", Self::REVERSE),
        ("italic", Self::ITALIC),
    ];

    /// Whether every modifier of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Modifiers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Modifiers {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Modifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMED.iter().filter(|(_, m)| self.contains(*m));
        f.debug_set().entries(names.map(|(name, _)| name)).finish()
    }
}

/// How a role looks. What is `None` keeps what lies beneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paint {
    /// Foreground.
    pub fg: Option<Colour>,
    /// Background.
    pub bg: Option<Colour>,
    /// Modifiers that are added.
    pub modifiers: Modifiers,
}

/// A look for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    paints: [Paint; Role::ALL.len()],
}

impl Theme {
    /// Loads the theme called `name`: the file `NAME.toml` in `folder` (the user's own themes) if there is one, else the embedded
    /// one. Entries that cannot be used fall back to the inherited theme's, at last to `hydren-dark`'s, and are named in the
    /// warnings beside the theme.
    ///
    /// # Errors
    ///
    /// `Config` when no theme has the name, when it or one that it inherits from is not TOML, or when they inherit in a circle;
    /// `Io` when a file cannot be read.
    pub fn load(name: &str, folder: Option<&Path>) -> Result<(Self, Vec<String>)> {
        file::load(name, folder)
    }

    /// Gives the theme of `NO_COLOR` (<https://no-color.org>): no colours at all, only modifiers.
    #[must_use]
    pub fn monochrome() -> Self {
        Self {
            name: "monochrome".to_owned(),
            paints: Role::ALL.map(|role| Paint {
                modifiers: role.plain(),
                ..Paint::default()
            }),
        }
    }

    /// Lists the names of all themes there are: the embedded ones, then those of `folder` (the user's own).
    #[must_use]
    pub fn names(folder: Option<&Path>) -> Vec<String> {
        file::names(folder)
    }

    /// Lists the names of the embedded themes.
    pub fn embedded() -> impl Iterator<Item = &'static str> {
        file::EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The theme's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the one without colours.
    #[must_use]
    pub fn is_monochrome(&self) -> bool {
        self.paints
            .iter()
            .all(|paint| paint.fg.is_none() && paint.bg.is_none())
    }

    /// Gives the look of `role`.
    #[must_use]
    pub const fn paint(&self, role: Role) -> Paint {
        self.paints[role as usize]
    }
}

impl Default for Theme {
    /// The embedded `hydren-dark`.
    fn default() -> Self {
        Self::load(DEFAULT, None).map_or_else(|_| Self::monochrome(), |(theme, _)| theme)
    }
}

#[cfg(test)]
mod tests;
