//! Dialogs over the screen. They are a stack; the top one gets keys first.

use super::{Filling, Review};
use crate::{
    command::{COMMANDS, Command},
    logs::filter::FilterError,
};
use std::cell::Cell;
use tui_input::Input;

/// A dialog.
#[derive(Debug, Clone)]
pub enum Layer {
    /// All keys, by group.
    Help(Lines),
    /// The errors so far.
    Errors(Lines),
    /// Everything known of one row.
    Describe {
        /// What it is of.
        title: String,
        /// One `name  value` pair a line, indented.
        text: Vec<(String, String)>,
        /// Scroll position.
        lines: Lines,
    },
    /// Find a command by name.
    Palette(Listing),
    /// What can be done with the selection.
    Actions(Listing),
    /// Choose one of several things.
    Pick(Picker, Listing),
    /// What an operation asks.
    Fill(Box<Filling>),
    /// A plan.
    Review(Box<Review>),
    /// An operation: its place among all.
    Watch(usize, Lines),
    /// Type a filter for the pane that has the keys.
    Filter(Input),
    /// A question to Logs Insights, and its answer.
    Insights,
    /// Type something for the log screen; what of it cannot be understood.
    Prompt(Prompt, Input, Option<FilterError>),
}

/// A scrolled text.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    top: usize,
    last: Cell<usize>,
}

impl Lines {
    /// Gives the first line in sight of a text of `all` lines of which `room` can be seen. How many lines a text has depends on
    /// the width it is drawn at, so drawing leaves the end of scrolling here.
    #[must_use]
    pub fn top(&self, all: usize, room: usize) -> usize {
        self.last.set(all.saturating_sub(room));
        self.top.min(self.last.get())
    }

    /// Scrolls, stopping at both ends.
    pub fn step(&mut self, by: isize) {
        let last = self.last.get();
        self.top = self.top.min(last).saturating_add_signed(by).min(last);
    }
}

/// A list with a line to type into.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// What is typed.
    pub input: Input,
    /// Name and explanation of each entry.
    pub entries: Vec<(String, String)>,
    /// Entries that match what is typed, the best first.
    pub found: Vec<usize>,
    /// Position in `found`.
    pub cursor: usize,
}

/// What is typed on the log screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Which lines are shown.
    Filter,
    /// What is looked for among them.
    Search,
    /// The time to go to.
    Time,
}

/// What is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picker {
    /// An environment of the configuration.
    Environment,
    /// An AWS profile of this machine.
    Profile,
    /// A region.
    Region,
    /// A theme.
    Theme,
    /// A source of log lines.
    Source,
    /// Log lines that are alike.
    Pattern,
    /// A question to Logs Insights.
    Query,
    /// What to do about a time whose lines were not read.
    Past,
    /// Whether Cost Explorer is asked, which costs money.
    Spend,
}

impl Picker {
    /// What the dialog says at the top.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Environment => "Environment",
            Self::Profile => "AWS profile",
            Self::Region => "Region",
            Self::Theme => "Theme",
            Self::Source => "Sources",
            Self::Pattern => "Patterns",
            Self::Query => "Logs Insights",
            Self::Past => "Lines of this time were not read",
            Self::Spend => "What was billed",
        }
    }
}

impl Layer {
    /// The help.
    #[must_use]
    pub fn help() -> Self {
        Self::Help(Lines::default())
    }

    /// The error list.
    #[must_use]
    pub fn errors() -> Self {
        Self::Errors(Lines::default())
    }

    /// The command palette.
    #[must_use]
    pub fn palette() -> Self {
        Self::Palette(Listing::commands(|_| true))
    }

    /// What can be done with the selection: operations first, with what hinders them, then everything else.
    #[must_use]
    pub fn actions(operations: Vec<(&'static str, Option<String>)>) -> Self {
        let operations = operations.into_iter().filter_map(|(name, hindrance)| {
            let doc = crate::command::find(name)?.doc;
            let about = hindrance.map_or_else(|| doc.to_owned(), |why| format!("✗ {why}"));
            Some((name.to_owned(), about))
        });
        let others = Listing::commands(|c| {
            c.group == crate::command::Group::Selection
                && !matches!(c.name, "actions" | "next-match" | "previous-match")
        });
        Self::Actions(Listing::new(operations.chain(others.entries).collect()))
    }

    /// The list inside, if it has one.
    pub const fn listing_mut(&mut self) -> Option<&mut Listing> {
        match self {
            Self::Palette(listing) | Self::Actions(listing) | Self::Pick(_, listing) => {
                Some(listing)
            }
            _ => None,
        }
    }

    /// The scroll position inside, if it has one.
    pub const fn lines_mut(&mut self) -> Option<&mut Lines> {
        match self {
            Self::Help(lines)
            | Self::Errors(lines)
            | Self::Watch(_, lines)
            | Self::Describe { lines, .. } => Some(lines),
            _ => None,
        }
    }
}

impl Listing {
    /// Makes a list of entries.
    #[must_use]
    pub fn new(entries: Vec<(String, String)>) -> Self {
        let found = (0..entries.len()).collect();
        Self {
            entries,
            found,
            ..Self::default()
        }
    }

    fn commands(wanted: impl Fn(&Command) -> bool) -> Self {
        let entry = |c: &Command| (c.name.to_owned(), c.doc.to_owned());
        Self::new(COMMANDS.iter().filter(|c| wanted(c)).map(entry).collect())
    }

    /// Matches the entries against what is typed, fuzzily, the best first.
    pub fn search(&mut self) {
        use nucleo_matcher::{
            Config, Matcher, Utf32Str,
            pattern::{CaseMatching, Normalization, Pattern},
        };
        let pattern = Pattern::parse(
            self.input.value(),
            CaseMatching::Ignore,
            Normalization::Smart,
        );
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(i, (name, _))| {
                Some((
                    pattern.score(Utf32Str::new(name, &mut buffer), &mut matcher)?,
                    i,
                ))
            })
            .collect();
        scored.sort_by_key(|&(score, i)| (std::cmp::Reverse(score), i));
        self.found = scored.into_iter().map(|(_, i)| i).collect();
        self.cursor = 0;
    }

    /// Moves the cursor, stopping at both ends.
    pub fn step(&mut self, by: isize) {
        self.cursor = self
            .cursor
            .saturating_add_signed(by)
            .min(self.found.len().saturating_sub(1));
    }

    /// The name under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&str> {
        self.found
            .get(self.cursor)
            .map(|&i| self.entries[i].0.as_str())
    }
}
