//! Lines taken as they are shown, to be worked through away from the event loop: saved, or grouped.

use super::{
    patterns::Patterns,
    secrets::{mask, mask_field, mask_head},
    store::{Kind, Line, LineId, Snapshot},
    view::Secrets,
};
use crate::text::neutral;
use jiff::Timestamp;
use std::{
    borrow::Cow,
    io::{self, Write},
};

impl Secrets {
    /// A text of a log without what looks like a secret, unless secrets are shown. It wants the whole text, before that is taken apart:
    /// what tells a secret can stand lines before it.
    #[must_use]
    pub fn cover(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Masked => mask(text),
            Self::Shown => Cow::Borrowed(text),
        }
    }

    /// The same for the value of a field that stands apart from its name.
    #[must_use]
    pub fn cover_field<'a>(self, name: &str, value: &'a str) -> Cow<'a, str> {
        match self {
            Self::Masked => mask_field(name, value),
            Self::Shown => Cow::Borrowed(value),
        }
    }

    /// The same for the first `limit` bytes of a text.
    #[must_use]
    pub fn cover_head(self, text: &str, limit: usize) -> Cow<'_, str> {
        match self {
            Self::Masked => mask_head(text, limit),
            Self::Shown => Cow::Borrowed(&text[..text.floor_char_boundary(limit)]),
        }
    }
}

/// A line with its time and source, for a file or the clipboard: masked, then neutralised.
#[must_use]
pub fn written(line: &Line<'_>, secrets: Secrets) -> String {
    let at = Timestamp::from_millisecond(line.at).unwrap_or(Timestamp::UNIX_EPOCH);
    let masked = secrets.cover(line.text);
    let text: Vec<Cow<'_, str>> = masked.lines().map(neutral).collect();
    format!(
        "{} {} {} {}",
        at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        neutral(&line.stream.label),
        neutral(&line.stream.name),
        text.join("\n    ")
    )
}

/// Lines of a moment, oldest first. What the store drops meanwhile is still here.
#[derive(Debug, Clone)]
pub struct Extract {
    /// What holds the lines.
    pub snapshot: Snapshot,
    /// Which lines.
    pub ids: Vec<LineId>,
    /// Whether secrets are shown.
    pub secrets: Secrets,
}

impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        self.ids == other.ids && self.secrets == other.secrets
    }
}

impl Extract {
    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.ids.iter().filter_map(|id| self.snapshot.find(*id))
    }

    /// Writes every line on one of its own, a traceback's further lines indented.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.lines()
            .try_for_each(|line| writeln!(out, "{}", written(&line, self.secrets)))
    }

    /// Groups lines that are alike; remarks of the console are none.
    #[must_use]
    pub fn patterns(&self) -> Patterns {
        let mut patterns = Patterns::default();
        for line in self.lines().filter(|line| line.kind == Kind::Text) {
            patterns.add(line.at, line.level, &self.secrets.cover(line.text));
        }
        patterns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::store::{Store, tests::put};

    #[test]
    fn all_lines_are_taken_also_those_that_the_store_lets_go_meanwhile() {
        let mut store = Store::new(4 << 20);
        for at in 0..30_000 {
            put(&mut store, at, &format!("request {at} took {at} ms"));
        }
        let lines = Extract {
            snapshot: store.snapshot(),
            ids: store.order().iter().copied().collect(),
            secrets: Secrets::Masked,
        };
        let taken = lines.ids.len();
        for at in 30_000..90_000 {
            put(&mut store, at, &"x".repeat(500));
        }
        assert!(
            store.is_dropped(lines.ids[0]),
            "the test needs a full store"
        );
        let mut text = Vec::new();
        lines.write(&mut text).expect("memory takes everything");
        let text = String::from_utf8(text).expect("lines are text");
        assert_eq!(text.lines().count(), taken);
        let patterns = lines.patterns();
        let [all] = patterns.by_count()[..] else {
            panic!("they are all alike");
        };
        assert_eq!(all.count, taken as u64);
        assert_eq!(all.template, "request <*> took <*> ms");
    }
}
