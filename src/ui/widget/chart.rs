//! Time series as lines, drawn in braille: a value axis with round ticks, a clock, thresholds, gaps, a legend with figures.
//!
//! ```text
//! ↑ max 5.0 s                              ━ p50 85 ms  ━ p95 1.9 s
//! 2.0 s ┤ alarm 2.0 s╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⣀⠤⠒⠉
//! 1.0 s ┤                                            ⣀⡠⠤⠒⠊⠉
//!  0 ms ┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡠⠤⠤⠒⠒⠊⠉⠉
//!       └┬──────────────┬──────────────┬──────────────┬────────────
//!      13:00          13:15          13:30          13:45
//! ```
//!
//! Below 8 rows the axis line goes and only the lowest and highest tick stay.

mod axis;
mod plot;

use super::{paint::style, placeholder::Placeholder};
use crate::{
    format,
    model::metric::{Series, Unit, Window},
    text::cut,
    theme::{Role, Theme},
};
use axis::Values;
use plot::Plot;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line as Text, Span},
    widgets::Widget,
};
use unicode_width::UnicodeWidthStr;

/// Rows below which the chart is drawn without its axis line.
const COMPACT: u16 = 8;
/// Most cells of a line's name in the legend.
const NAME: usize = 24;
/// Cells of a name that still tell one line from another.
const SHORT_NAME: usize = 4;
/// Rows below which there is no room for the clock either.
const LEAST: u16 = 5;

/// One line of a chart. Lines take the roles of [`Role::SERIES`] in order; those beyond the sixth are not drawn.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Name in the legend.
    pub label: &'a str,
    /// Values over the chart's window.
    pub series: &'a Series,
    /// What the legend says of it, where that is not its newest value.
    pub figure: Option<f64>,
}

/// A limit across the chart.
#[derive(Debug, Clone, Copy)]
pub struct Threshold<'a> {
    /// What it is: `alarm`, `target`, `max`.
    pub label: &'a str,
    /// Where it lies, in the chart's unit.
    pub value: f64,
}

/// A chart.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// Unit of all values.
    pub unit: Unit,
    /// Span and resolution of all lines.
    pub window: Window,
    /// Lines, the most telling last: it is drawn over the others.
    pub lines: &'a [Line<'a>],
    /// Limits. One that lies far above all values does not flatten them: it is named above them instead.
    pub thresholds: &'a [Threshold<'a>],
}

impl Chart<'_> {
    fn lines(&self) -> impl DoubleEndedIterator<Item = (&Line<'_>, Role)> {
        self.lines.iter().zip(Role::SERIES)
    }

    /// The limits that are too far to be drawn, and the legend at the right: in one row, or in two where there are enough. Figures are
    /// never cut: names give way first, then the limits. Returns the rows taken.
    fn header(&self, area: Rect, limits: &str, buf: &mut Buffer) -> u16 {
        let room = usize::from(area.width);
        let beside = room.saturating_sub(limits.width() + 2);
        let row = Rect { height: 1, ..area };
        let limit = |buf: &mut Buffer| {
            let role = style(self.theme, Role::Threshold);
            buf.set_string(row.x, row.y, cut(limits, room), role);
        };
        let shortest = if area.height < COMPACT {
            SHORT_NAME
        } else {
            NAME
        };
        if let Some(legend) = self.legend(shortest, beside).filter(|_| !limits.is_empty()) {
            limit(buf);
            legend.right_aligned().render(row, buf);
            return 1;
        }
        let Some(legend) = self.legend(0, room) else {
            return 0;
        };
        if limits.is_empty() || area.height < COMPACT {
            legend.right_aligned().render(row, buf);
            return 1;
        }
        limit(buf);
        let below = Rect {
            y: row.y + 1,
            ..row
        };
        legend.right_aligned().render(below, buf);
        2
    }

    /// Names and newest values, as long as `room` allows; `None` when names would have to be shorter than `shortest`.
    fn legend(&self, shortest: usize, room: usize) -> Option<Text<'_>> {
        let lengths =
            std::iter::once((NAME, "  ")).chain((shortest..=NAME).rev().map(|n| (n, " ")));
        let made = lengths.map(|(longest, gap)| {
            let mut spans = Vec::new();
            for (line, role) in self.lines() {
                let gap = if spans.is_empty() { "" } else { gap };
                let name = cut(line.label, longest);
                let value = format::value(line.figure.or_else(|| line.series.latest()), self.unit);
                spans.push(Span::styled(format!("{gap}━ "), style(self.theme, role)));
                if !name.is_empty() {
                    let muted = style(self.theme, Role::Muted);
                    spans.push(Span::styled(format!("{name} "), muted));
                }
                spans.push(Span::styled(value, style(self.theme, Role::Text)));
            }
            Text::from(spans)
        });
        made.into_iter().find(|legend| legend.width() <= room)
    }

    fn thresholds(&self, values: &Values, inner: Rect, buf: &mut Buffer) {
        let role = style(self.theme, Role::Threshold);
        for threshold in self.thresholds.iter().filter(|t| t.value <= values.top) {
            let Some(row) = values.row(threshold.value, inner.height) else {
                continue;
            };
            let y = inner.y + row;
            buf.set_string(inner.x, y, "╌".repeat(usize::from(inner.width)), role);
        }
    }

    /// The thresholds' names, over the oldest values: the newest are what is looked at.
    fn labels(&self, values: &Values, inner: Rect, buf: &mut Buffer) {
        for threshold in self.thresholds.iter().filter(|t| t.value <= values.top) {
            let Some(row) = values.row(threshold.value, inner.height) else {
                continue;
            };
            let label = self.threshold_label(threshold);
            let label = cut(&label, usize::from(inner.width));
            buf.set_string(
                inner.x,
                inner.y + row,
                label,
                style(self.theme, Role::Threshold),
            );
        }
    }

    fn threshold_label(&self, threshold: &Threshold) -> String {
        let value = match self.unit {
            Unit::Percent if threshold.value.fract() == 0.0 => format!("{:.0} %", threshold.value),
            unit => format::value(threshold.value, unit),
        };
        format!("{} {value}", threshold.label)
    }

    fn value_axis(&self, ticks: &[(u16, String)], gutter: Rect, buf: &mut Buffer) {
        let (muted, faint) = (
            style(self.theme, Role::Muted),
            style(self.theme, Role::Faint),
        );
        let Some(edge) = gutter.right().checked_sub(1) else {
            return;
        };
        for y in gutter.top()..gutter.bottom() {
            buf.set_string(edge, y, "│", faint);
        }
        for (row, label) in ticks {
            let width = u16::try_from(label.width()).unwrap_or(0);
            let (x, y) = (
                (edge - 1).saturating_sub(width).max(gutter.x),
                gutter.y + row,
            );
            buf.set_stringn(x, y, label, usize::from(edge - x), muted);
            buf.set_string(edge, y, "┤", faint);
        }
    }

    fn time_axis(&self, inner: Rect, footer: Rect, buf: &mut Buffer) {
        let (muted, faint) = (
            style(self.theme, Role::Muted),
            style(self.theme, Role::Faint),
        );
        let labels = footer.bottom() - 1;
        if footer.height > 1 {
            let line = format!("└{}", "─".repeat(usize::from(inner.width)));
            buf.set_string(inner.x.saturating_sub(1), footer.y, line, faint);
        }
        let mut free = footer.x;
        for (column, label) in axis::moments(&self.window, inner.width) {
            let width = u16::try_from(label.width()).unwrap_or(0);
            let at = inner.x + column;
            let x = at.saturating_sub(width / 2).max(footer.x);
            if x < free || x + width > footer.right() {
                continue;
            }
            free = x + width + 1;
            if footer.height > 1 {
                buf.set_string(at, footer.y, "┬", faint);
            }
            buf.set_string(x, labels, label, muted);
        }
    }
}

impl Widget for &Chart<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.width < 4 || area.height < 2 {
            return;
        }
        let greatest = self
            .lines()
            .filter_map(|(line, _)| line.series.max())
            .reduce(f64::max);
        let reach = greatest.unwrap_or(0.0).max(0.0) * 2.5;
        let is_near = |value: f64| self.unit == Unit::Percent || value <= reach;
        let (near, far): (Vec<_>, Vec<_>) = self.thresholds.iter().partition(|t| is_near(t.value));
        let hidden: Vec<String> = far
            .iter()
            .map(|t| format!("↑ {}", self.threshold_label(t)))
            .collect();
        let header = self.header(area, &hidden.join(" "), buf);
        let Some(greatest) = greatest else {
            let body = Rect {
                y: area.y + header,
                height: area.height - header,
                ..area
            };
            let nothing = Placeholder {
                theme: self.theme,
                message: "no data in this window",
                hint: None,
                role: Role::Muted,
            };
            nothing.render(body, buf);
            return;
        };
        let footer = match area.height {
            ..LEAST => 0,
            LEAST..COMPACT => 1,
            COMPACT.. => 2,
        };
        let rows = area.height.saturating_sub(header + footer).max(1);
        let highest = near.iter().map(|t| t.value).fold(greatest, f64::max);
        let values = Values::round(highest, self.unit, rows);
        let ticks = values.ticks(self.unit, rows);
        let widest = ticks
            .iter()
            .map(|(_, label)| label.width())
            .max()
            .unwrap_or(0);
        let gutter = u16::try_from(widest + 2).unwrap_or(0).min(area.width / 3);
        let inner = Rect {
            x: area.x + gutter,
            y: area.y + header,
            width: area.width - gutter,
            height: rows.min(area.height - header),
        };
        self.thresholds(&values, inner, buf);
        let width = self.window.len().max(
            self.lines
                .iter()
                .map(|l| l.series.values.len())
                .max()
                .unwrap_or(0),
        );
        let mut plot = Plot::new(inner.width, inner.height, width);
        for (index, (line, _)) in self.lines().enumerate() {
            plot.line(index, line.series.values.iter().map(|v| v / values.top));
        }
        for (column, row, symbol, line) in plot.cells() {
            let role = style(self.theme, Role::SERIES[line]);
            if let Some(cell) = buf.cell_mut((inner.x + column, inner.y + row)) {
                cell.set_char(symbol).set_style(role);
            }
        }
        self.labels(&values, inner, buf);
        self.value_axis(
            &ticks,
            Rect {
                x: area.x,
                width: gutter,
                ..inner
            },
            buf,
        );
        if footer > 0 {
            let footer = Rect {
                y: inner.bottom(),
                height: footer,
                ..area
            };
            self.time_axis(inner, footer, buf);
        }
    }
}

#[cfg(test)]
mod tests;
