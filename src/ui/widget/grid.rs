//! Draws a grid: header, the rows in sight, the selection.

use super::paint::style;
use crate::{
    format,
    grid::{Align, Cell, Column, Direction, Grid, GridState, Row, Value, Width},
    model::Health,
    text::{cut, neutral},
    theme::{Role, Theme},
    ui::widget::pane::Focus,
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr as _;

/// Blank cells between columns.
const GAP: u16 = 2;

/// Rows that decide how wide a column is that fits its content: looking at all of thousands would cost more than it shows.
const SAMPLE: usize = 200;

/// A grid to be drawn.
#[derive(Clone, Copy)]
pub struct Sheet<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// The present, for ages.
    pub now: Timestamp,
    /// Rows.
    pub grid: &'a Grid,
    /// Selection, sort, filter.
    pub state: &'a GridState,
    /// Whether it has the keys.
    pub focus: Focus,
}

impl Widget for &Sheet<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.height < 2 || area.width < 4 {
            return;
        }
        let height = usize::from(area.height - 1);
        // The cursor decides what is in sight: no scroll position to keep, none to go wrong.
        let first = self
            .state
            .cursor
            .saturating_sub(height.saturating_sub(1))
            .min(self.state.order.len());
        let first = if self.state.cursor < height { 0 } else { first };
        let columns = self.columns(area.width);
        self.header(area, &columns, buf);
        for (line, &index) in self.state.order.iter().skip(first).take(height).enumerate() {
            let y = area.y + 1 + u16::try_from(line).unwrap_or(0);
            let keys = if first + line == self.state.cursor {
                self.focus
            } else {
                Focus::Elsewhere
            };
            self.row(
                &self.grid.rows[index],
                Rect {
                    y,
                    height: 1,
                    ..area
                },
                &columns,
                keys,
                buf,
            );
        }
    }
}

/// A column that is shown: its index, where it starts, how wide it is.
struct Place {
    index: usize,
    x: u16,
    width: u16,
}

impl Sheet<'_> {
    /// Chooses the columns that fit, dropping the least telling ones, and shares out the width.
    fn columns(&self, width: u16) -> Vec<Place> {
        let columns = self.grid.columns;
        let wants: Vec<u16> = columns
            .iter()
            .enumerate()
            .map(|(i, c)| self.wanted(i, c))
            .collect();
        let mut kept: Vec<usize> = (0..columns.len()).collect();
        let needed = |kept: &[usize]| {
            kept.iter()
                .map(|&i| wants[i] + GAP)
                .sum::<u16>()
                .saturating_sub(GAP)
        };
        while needed(&kept) > width {
            let Some(worst) = kept
                .iter()
                .copied()
                .filter(|&i| columns[i].drop > 0)
                .max_by_key(|&i| columns[i].drop)
            else {
                break;
            };
            kept.retain(|&i| i != worst);
        }
        let spare = width.saturating_sub(needed(&kept));
        let shares = kept
            .iter()
            .filter(|&&i| matches!(columns[i].width, Width::Share(_)))
            .count();
        let growth = u16::try_from(shares)
            .ok()
            .filter(|s| *s > 0)
            .map_or(0, |s| spare / s);
        let mut x = 0;
        let mut places = Vec::with_capacity(kept.len());
        for index in kept {
            let grown = if matches!(columns[index].width, Width::Share(_)) {
                wants[index] + growth
            } else {
                wants[index]
            };
            let place = Place {
                index,
                x,
                width: grown.min(width.saturating_sub(x)),
            };
            x = x.saturating_add(grown + GAP);
            if place.width > 0 {
                places.push(place);
            }
        }
        places
    }

    /// The least a column needs; one that fits its content looks at it.
    fn wanted(&self, index: usize, column: &Column) -> u16 {
        match column.width {
            Width::Fixed(width) | Width::Share(width) => width,
            Width::Fit(least, most) => {
                let cells = self
                    .grid
                    .rows
                    .iter()
                    .take(SAMPLE)
                    .filter_map(|row| row.cells.get(index));
                let widest = cells
                    .map(|cell| written(cell, self.now).0.width())
                    .max()
                    .unwrap_or(0);
                u16::try_from(widest.max(column.title.width()))
                    .unwrap_or(most)
                    .clamp(least, most)
            }
        }
    }

    fn header(&self, area: Rect, places: &[Place], buf: &mut Buffer) {
        let look = style(self.theme, Role::Header);
        for place in places {
            let column = &self.grid.columns[place.index];
            let mut title = Cow::Borrowed(column.title);
            if let Some((sorted, direction)) = self.state.sort
                && sorted == place.index
            {
                let arrow = if direction == Direction::Up {
                    '↑'
                } else {
                    '↓'
                };
                title = format!("{}{arrow}", column.title).into();
            }
            put(&title, column.align, place, area, look, buf);
        }
    }

    /// Draws a row; `keys` says whether keys act on it.
    fn row(&self, row: &Row, line: Rect, places: &[Place], keys: Focus, buf: &mut Buffer) {
        for place in places {
            let Some(cell) = row.cells.get(place.index) else {
                continue;
            };
            let (text, role) = written(cell, self.now);
            // Quiet greys can vanish on the selection's background (Dracula: 1.9:1).
            let role = match role {
                Role::Muted | Role::Faint if keys == Focus::Here => Role::Text,
                role => role,
            };
            put(
                &text,
                self.grid.columns[place.index].align,
                place,
                line,
                style(self.theme, role),
                buf,
            );
        }
        if keys == Focus::Here {
            buf.set_style(line, style(self.theme, Role::Selection));
        }
    }
}

/// What a cell shows, and its role.
fn written(cell: &Cell, now: Timestamp) -> (Cow<'_, str>, Role) {
    match &cell.value {
        Value::Text(text) if text.is_empty() => ("–".into(), Role::Faint),
        Value::Text(text) | Value::Number(_, text) => (neutral(text), cell.role),
        Value::Age(at) => (
            format::age(now.as_second() - at.as_second()).into(),
            cell.role,
        ),
        Value::At(at) => (format::date_time(*at).into(), cell.role),
        Value::Health(health, word) if word.is_empty() => (health.glyph().into(), role(*health)),
        Value::Health(health, word) => (
            format!("{} {}", health.glyph(), neutral(word)).into(),
            role(*health),
        ),
        Value::Missing => ("–".into(), Role::Faint),
    }
}

/// The role of a state.
#[must_use]
pub const fn role(health: Health) -> Role {
    match health {
        Health::Ok => Role::Ok,
        Health::Unknown => Role::Unknown,
        Health::Warning => Role::Warning,
        Health::Critical => Role::Critical,
    }
}

fn put(text: &str, align: Align, place: &Place, line: Rect, look: Style, buf: &mut Buffer) {
    let width = usize::from(place.width);
    let text = cut(text, width);
    let pad = match align {
        Align::Left => 0,
        Align::Right => u16::try_from(width.saturating_sub(text.width())).unwrap_or(0),
    };
    // Drawn grapheme by grapheme a text can be wider than as a whole.
    let room = width.saturating_sub(usize::from(pad));
    buf.set_stringn(line.x + place.x + pad, line.y, &text, room, look);
}

#[cfg(test)]
mod tests;
