//! Tables as data: columns, rows of typed cells, and the state of looking at them (selection, sort, filter).
//!
//! A grid is built once when its data changes, in `update`; drawing formats only the rows in sight. Everything that works on a list
//! (moving, filtering, sorting, copying, describing, opening) works on any grid, so a screen only says what its rows are.

mod filter;

pub use filter::Filter;

use crate::{model::Health, theme::Role};
use jiff::Timestamp;
use std::cmp::Ordering;

/// How wide a column wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Exactly so many cells.
    Fixed(u16),
    /// As wide as its content, between the two.
    Fit(u16, u16),
    /// A share of what is left, at least so many cells.
    Share(u16),
}

/// On which side text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Left.
    Left,
    /// Right, for numbers.
    Right,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Header, also the name used by `column:value` filters.
    pub title: &'static str,
    /// Width.
    pub width: Width,
    /// Alignment.
    pub align: Align,
    /// Columns of the greatest number are dropped first when space is short; 0 always stays.
    pub drop: u8,
}

impl Column {
    /// A column on the left that is never dropped.
    #[must_use]
    pub const fn new(title: &'static str, width: Width) -> Self {
        Self {
            title,
            width,
            align: Align::Left,
            drop: 0,
        }
    }

    /// The same, aligned right.
    #[must_use]
    pub const fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    /// The same, dropped on narrow screens.
    #[must_use]
    pub const fn drop(mut self, order: u8) -> Self {
        self.drop = order;
        self
    }
}

/// A cell's value: what is shown and what it is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text from outside or ours; neutralised when drawn.
    Text(String),
    /// A number and how it is written.
    Number(f64, String),
    /// A moment, drawn as its age.
    Age(Timestamp),
    /// A moment, drawn as date and time.
    At(Timestamp),
    /// A state: glyph, word, colour.
    Health(Health, String),
    /// Nothing is known: drawn as `–`.
    Missing,
}

impl Value {
    /// The text that filters and copies see. Ages are written as the moment itself.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Text(text) | Self::Number(_, text) | Self::Health(_, text) => {
                text.as_str().into()
            }
            Self::Age(at) | Self::At(at) => at.to_string().into(),
            Self::Missing => "".into(),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a, _), Self::Number(b, _)) => a.total_cmp(b),
            (Self::Age(a) | Self::At(a), Self::Age(b) | Self::At(b)) => a.cmp(b),
            (Self::Health(a, x), Self::Health(b, y)) => a.cmp(b).then_with(|| x.cmp(y)),
            (Self::Missing, Self::Missing) => Ordering::Equal,
            // What is not known goes last, whichever way is sorted by.
            (Self::Missing, _) => Ordering::Greater,
            (_, Self::Missing) => Ordering::Less,
            (a, b) => a.text().cmp(&b.text()),
        }
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Value.
    pub value: Value,
    /// Role of its text; a state's own colour wins.
    pub role: Role,
}

impl Cell {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            value: Value::Text(text.into()),
            role: Role::Text,
        }
    }

    /// Text, where there is any.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(Self::missing, Self::text)
    }

    /// A number with how it is written.
    pub fn number(value: impl Into<f64>, shown: impl Into<String>) -> Self {
        Self {
            value: Value::Number(value.into(), shown.into()),
            role: Role::Text,
        }
    }

    /// A whole number.
    pub fn count(value: impl Into<f64>) -> Self {
        let value = value.into();
        Self::number(value, format!("{value}"))
    }

    /// An age.
    #[must_use]
    pub fn age(at: Option<Timestamp>) -> Self {
        Self {
            value: at.map_or(Value::Missing, Value::Age),
            role: Role::Muted,
        }
    }

    /// A date and time.
    #[must_use]
    pub fn at(at: Option<Timestamp>) -> Self {
        Self {
            value: at.map_or(Value::Missing, Value::At),
            role: Role::Muted,
        }
    }

    /// A state with its word.
    pub fn health(health: Health, word: impl Into<String>) -> Self {
        Self {
            value: Value::Health(health, word.into()),
            role: Role::Text,
        }
    }

    /// Nothing known.
    #[must_use]
    pub const fn missing() -> Self {
        Self {
            value: Value::Missing,
            role: Role::Faint,
        }
    }

    /// The same in another role.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }
}

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Identity: the selection stays on it when rows come and go. Also what `y` copies.
    pub id: String,
    /// One a column.
    pub cells: Vec<Cell>,
    /// Everything known of the thing, for `d`.
    pub describe: serde_json::Value,
    /// Its page in the AWS console, for `o`.
    pub link: Option<String>,
}

/// A table's columns and rows.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// Columns.
    pub columns: &'static [Column],
    /// Rows in their natural order.
    pub rows: Vec<Row>,
}

/// Direction of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Up,
    /// Greatest first.
    Down,
}

/// How a person looks at a grid.
#[derive(Debug, Clone, Default)]
pub struct GridState {
    /// Position of the selection in `order`.
    pub cursor: usize,
    /// First row in sight; kept by the drawing's height.
    selected: Option<String>,
    /// Column and direction; `None` is the natural order.
    pub sort: Option<(usize, Direction)>,
    /// Filter.
    pub filter: Filter,
    /// Indices of the rows that pass the filter, in order.
    pub order: Vec<usize>,
}

impl GridState {
    /// Applies filter and sort to `grid` anew and finds the selected row again. To be called whenever either changed.
    pub fn refresh(&mut self, grid: &Grid) {
        self.order.clear();
        self.order.extend(
            (0..grid.rows.len()).filter(|&i| self.filter.matches(grid.columns, &grid.rows[i])),
        );
        if let Some((column, direction)) = self.sort {
            let cell = |i: usize| grid.rows[i].cells.get(column);
            self.order.sort_by(|&a, &b| {
                let (Some(a), Some(b)) = (cell(a), cell(b)) else {
                    return Ordering::Equal;
                };
                let ordering = a.value.order(&b.value);
                let missing = a.value == Value::Missing || b.value == Value::Missing;
                if direction == Direction::Down && !missing {
                    ordering.reverse()
                } else {
                    ordering
                }
            });
        }
        let found = self
            .selected
            .as_ref()
            .and_then(|id| self.order.iter().position(|&i| grid.rows[i].id == *id));
        match found {
            Some(position) => self.cursor = position,
            // A sorted list is read for its first row, which has to stay; an unsorted one grows at its top, and whoever has not
            // moved yet wants to see what is new there.
            None if self.selected.is_some() || self.sort.is_some() => {
                self.select(grid, self.cursor);
            }
            None => self.cursor = self.cursor.min(self.order.len().saturating_sub(1)),
        }
    }

    /// Selects the row at `position` of the order, or the last one before it.
    pub fn select(&mut self, grid: &Grid, position: usize) {
        self.cursor = position.min(self.order.len().saturating_sub(1));
        self.selected = self
            .row(grid)
            .map(|row| row.id.clone())
            .or(self.selected.take());
    }

    /// Moves the selection by `step`, stopping at both ends.
    pub fn step(&mut self, grid: &Grid, step: isize) {
        self.select(grid, self.cursor.saturating_add_signed(step));
    }

    /// Sorts by the next column, then the other way, then not at all.
    pub fn next_sort(&mut self, grid: &Grid) {
        self.sort = match self.sort {
            None if grid.columns.is_empty() => None,
            None => Some((0, Direction::Up)),
            Some((column, Direction::Up)) => Some((column, Direction::Down)),
            Some((column, Direction::Down)) if column + 1 < grid.columns.len() => {
                Some((column + 1, Direction::Up))
            }
            Some(_) => None,
        };
        self.refresh(grid);
    }

    /// The selected row.
    #[must_use]
    pub fn row<'a>(&self, grid: &'a Grid) -> Option<&'a Row> {
        grid.rows.get(*self.order.get(self.cursor)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("service", Width::Share(8)),
        Column::new("cpu", Width::Fixed(5)).right(),
    ];

    fn grid(rows: &[(&str, Option<f64>)]) -> Grid {
        let row = |&(name, cpu): &(&str, Option<f64>)| Row {
            id: name.to_owned(),
            cells: vec![
                Cell::text(name),
                cpu.map_or_else(Cell::missing, |v| Cell::number(v, format!("{v}"))),
            ],
            describe: serde_json::Value::Null,
            link: None,
        };
        Grid {
            columns: COLUMNS,
            rows: rows.iter().map(row).collect(),
        }
    }

    fn shown<'a>(state: &GridState, grid: &'a Grid) -> Vec<&'a str> {
        state
            .order
            .iter()
            .map(|&i| grid.rows[i].id.as_str())
            .collect()
    }

    #[test]
    fn the_selection_stays_on_its_row_when_others_arrive_before_it() {
        let before = grid(&[("backend", Some(60.0)), ("frontend", Some(4.0))]);
        let mut state = GridState::default();
        state.refresh(&before);
        state.step(&before, 1);
        let after = grid(&[
            ("admin", None),
            ("backend", Some(60.0)),
            ("frontend", Some(4.0)),
        ]);
        state.refresh(&after);
        assert_eq!(state.row(&after).map(|r| r.id.as_str()), Some("frontend"));
    }

    #[test]
    fn whoever_has_not_moved_sees_the_newest_row_first() {
        let mut state = GridState::default();
        state.refresh(&grid(&[("began", None)]));
        let grown = grid(&[("finished", None), ("began", None)]);
        state.refresh(&grown);
        assert_eq!(state.row(&grown).map(|r| r.id.as_str()), Some("finished"));
    }

    #[test]
    fn sorting_goes_up_then_down_and_keeps_unknown_values_last() {
        let grid = grid(&[("a", Some(2.0)), ("b", None), ("c", Some(10.0))]);
        let mut state = GridState {
            sort: Some((1, Direction::Up)),
            ..GridState::default()
        };
        state.refresh(&grid);
        assert_eq!(shown(&state, &grid), ["a", "c", "b"]);
        state.next_sort(&grid);
        assert_eq!(shown(&state, &grid), ["c", "a", "b"]);
    }

    #[test]
    fn moving_stops_at_both_ends_and_on_nothing() {
        let rows = grid(&[("a", None), ("b", None)]);
        let mut state = GridState::default();
        state.refresh(&rows);
        state.step(&rows, 9);
        assert_eq!(state.cursor, 1);
        state.step(&rows, -9);
        assert_eq!(state.cursor, 0);
        let none = grid(&[]);
        state.refresh(&none);
        state.step(&none, 1);
        assert!(state.row(&none).is_none());
    }
}
