//! Row filters: words that must all match.
//!
//! `web` looks in every column, `state:unhealthy` in the column whose title begins with `state`, `!web` and `!state:ok` exclude. Case
//! does not matter. A prefix that is no column is looked for as it stands, so that `sha256:ab` and `10.0.1.5:8000` find what they say.

use super::{Column, Row};

/// A parsed filter; empty matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    wanted: Wanted,
    column: Option<String>,
    needle: String,
    whole: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Present,
    Absent,
}

impl Filter {
    /// Parses what was typed; everything typed is a filter.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let term = |word: &str| {
            let (wanted, word) = word
                .strip_prefix('!')
                .map_or((Wanted::Present, word), |rest| (Wanted::Absent, rest));
            let whole = word.to_lowercase();
            let (column, needle) = match whole.split_once(':') {
                Some((column, needle)) if !column.is_empty() => {
                    (Some(column.to_owned()), needle.to_owned())
                }
                _ => (None, whole.clone()),
            };
            Term {
                wanted,
                column,
                needle,
                whole,
            }
        };
        Self {
            text: text.to_owned(),
            terms: text
                .split_whitespace()
                .filter(|w| *w != "!")
                .map(term)
                .collect(),
        }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `row` passes.
    #[must_use]
    pub fn matches(&self, columns: &[Column], row: &Row) -> bool {
        self.terms
            .iter()
            .all(|term| term.found(columns, row) == (term.wanted == Wanted::Present))
    }
}

impl Term {
    fn found(&self, columns: &[Column], row: &Row) -> bool {
        let contains = |text: &str, needle: &str| text.to_lowercase().contains(needle);
        let column = self.column.as_ref().and_then(|name| {
            columns
                .iter()
                .position(|c| c.title.to_lowercase().starts_with(name))
        });
        match column {
            Some(index) => row
                .cells
                .get(index)
                .is_some_and(|cell| contains(&cell.value.text(), &self.needle)),
            None => {
                row.cells
                    .iter()
                    .any(|cell| contains(&cell.value.text(), &self.whole))
                    || contains(&row.id, &self.whole)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, Filter};

    const COLUMNS: &[Column] = &[
        Column::new("target", Width::Share(8)),
        Column::new("state", Width::Fixed(9)),
    ];

    fn row(target: &str, state: &str) -> Row {
        Row {
            id: target.to_owned(),
            cells: vec![Cell::text(target), Cell::text(state)],
            describe: serde_json::Value::Null,
            link: None,
        }
    }

    fn passes(filter: &str) -> bool {
        Filter::parse(filter).matches(COLUMNS, &row("10.0.1.5:8000", "Unhealthy"))
    }

    #[test]
    fn words_look_everywhere_and_all_must_match() {
        assert!(passes("") && passes("unh") && passes("UNH 10.0"));
        assert!(!passes("unh 10.9"));
    }

    #[test]
    fn a_column_narrows_and_an_unknown_column_is_text() {
        assert!(passes("state:unhealthy") && passes("st:unh"));
        assert!(!passes("target:unhealthy"));
        assert!(passes("1.5:8000"));
    }

    #[test]
    fn an_exclamation_mark_excludes() {
        assert!(!passes("!state:unhealthy") && !passes("!unh"));
        assert!(passes("!state:ok 10.0") && passes("!"));
    }
}
