//! Time series as lines, drawn in braille: a value axis with round ticks, a clock, thresholds, gaps, a legend with figures.
//!
//! ```text
//! Latency                                  ━ p50 85 ms  ━ p95 1.9 s
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
/// Rows below which there is no room for the clock either.
const LEAST: u16 = 5;

/// One line of a chart. Lines take the roles of [`Role::SERIES`] in order; those beyond the sixth are not drawn.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Name in the legend.
    pub label: &'a str,
    /// Values over the chart's window.
    pub series: &'a Series,
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
    /// Title.
    pub title: &'a str,
    /// Unit of all values.
    pub unit: Unit,
    /// Span and resolution of all lines.
    pub window: Window,
    /// Lines, the most telling last: it is drawn over the others.
    pub lines: &'a [Line<'a>],
    /// Limits. One that lies far above all values does not flatten them: it is named in the title row instead.
    pub thresholds: &'a [Threshold<'a>],
    /// The datapoint whose values the legend tells; without one it tells the newest.
    pub cursor: Option<usize>,
}

impl Chart<'_> {
    fn lines(&self) -> impl DoubleEndedIterator<Item = (&Line<'_>, Role)> {
        self.lines.iter().zip(Role::SERIES)
    }

    /// Title, then the legend on the right, or in a row of its own where `rows` allow. Returns the rows taken.
    fn header(&self, area: Rect, hidden: &[String], buf: &mut Buffer) -> u16 {
        let muted = style(self.theme, Role::Muted);
        let title = cut(self.title, usize::from(area.width));
        let mut left = vec![Span::styled(title, style(self.theme, Role::Title))];
        if let Some(index) = self.cursor {
            left.push(Span::styled(
                format!(" {}", format::date_time(self.window.at(index))),
                style(self.theme, Role::Accent),
            ));
        }
        left.extend(
            hidden
                .iter()
                .map(|text| Span::styled(format!(" {text}"), style(self.theme, Role::Threshold))),
        );
        let mut legend = Vec::new();
        for (line, role) in self.lines() {
            let value = self.cursor.map_or_else(
                || line.series.latest(),
                |index| line.series.values.get(index).copied(),
            );
            let gap = if legend.is_empty() { "━ " } else { "  ━ " };
            legend.push(Span::styled(gap, style(self.theme, role)));
            let label = cut(line.label, 24);
            legend.push(Span::styled(format!("{label} "), muted));
            legend.push(Span::styled(
                format::value(value, self.unit),
                style(self.theme, Role::Text),
            ));
        }
        let room = usize::from(area.width);
        if legend.iter().map(Span::width).sum::<usize>() > room {
            // One blank between entries is enough where two would push the last figure out of sight.
            for mark in legend.iter_mut().filter(|s| s.content == "  ━ ") {
                mark.content = " ━ ".into();
            }
        }
        let (left, legend) = (Text::from(left), Text::from(legend));
        let row = Rect { height: 1, ..area };
        if left.width() + 2 + legend.width() <= room || area.height < COMPACT {
            // The figures are worth more than the end of a long title.
            let taken = legend.width().min(room);
            let start = u16::try_from(room - taken).unwrap_or(0);
            (&left).render(
                Rect {
                    width: start.saturating_sub(1),
                    ..row
                },
                buf,
            );
            (&legend).render(
                Rect {
                    x: row.x + start,
                    width: row.width - start,
                    ..row
                },
                buf,
            );
            return 1;
        }
        (&left).render(row, buf);
        (&legend).render(
            Rect {
                y: row.y + 1,
                ..row
            },
            buf,
        );
        2
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
        format!(
            "{} {}",
            threshold.label,
            format::value(threshold.value, self.unit)
        )
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
        let header = self.header(area, &hidden, buf);
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
        if let Some(column) = self.cursor.and_then(|index| plot.column(index)) {
            for y in inner.top()..inner.bottom() {
                buf.set_string(inner.x + column, y, "│", style(self.theme, Role::Accent));
            }
        }
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
