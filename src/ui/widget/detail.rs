//! Labels and values in aligned columns; long values wrap.

use super::paint::style;
use crate::{
    text::{cut, wrap},
    theme::{Role, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use unicode_width::UnicodeWidthStr;

/// Narrowest column of pairs beside another one; narrower values wrap too often to be read.
const NARROWEST: u16 = 44;
/// Blank cells between label and value and between columns.
const GAP: u16 = 2;

/// A value with its label.
#[derive(Debug, Clone)]
pub struct Pair {
    /// What it is.
    pub label: &'static str,
    /// Value; from outside or ours.
    pub value: String,
    /// Role of the value.
    pub role: Role,
}

/// Pairs, filling one column after the other.
#[derive(Debug, Clone, Copy)]
pub struct Detail<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// Pairs in the order of reading.
    pub pairs: &'a [Pair],
}

/// Where pairs stand: label width, column width, and the lines of each pair by column.
struct Layout<'a> {
    label: u16,
    width: u16,
    columns: Vec<Vec<(&'a Pair, Vec<String>)>>,
}

impl<'a> Detail<'a> {
    /// The lines that it takes in an area of `width`.
    #[must_use]
    pub fn height(&self, width: u16) -> u16 {
        let tallest = self.layout(width).columns.iter().map(|c| lines(c)).max();
        u16::try_from(tallest.unwrap_or(0)).unwrap_or(u16::MAX)
    }

    fn layout(&self, width: u16) -> Layout<'a> {
        let labels = self.pairs.iter().map(|pair| pair.label.width()).max();
        let label = u16::try_from(labels.unwrap_or(0))
            .unwrap_or(u16::MAX)
            .min(width / 2);
        let count = ((width + GAP) / (NARROWEST + GAP)).max(1);
        let width = ((width + GAP) / count).saturating_sub(GAP);
        let room = usize::from(width.saturating_sub(label + GAP)).max(1);
        let wrapped: Vec<_> = self
            .pairs
            .iter()
            .map(|pair| (pair, wrap(&pair.value, room)))
            .collect();
        let share = lines(&wrapped).div_ceil(usize::from(count)).max(1);
        let mut columns = vec![Vec::new()];
        for entry in wrapped {
            if columns.last().is_some_and(|column| lines(column) >= share) {
                columns.push(Vec::new());
            }
            if let Some(column) = columns.last_mut() {
                column.push(entry);
            }
        }
        Layout {
            label,
            width,
            columns,
        }
    }
}

fn lines(column: &[(&Pair, Vec<String>)]) -> usize {
    column.iter().map(|(_, lines)| lines.len()).sum()
}

impl Widget for &Detail<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let layout = self.layout(area.width);
        let mut x = area.x;
        for column in &layout.columns {
            let mut y = area.y;
            for (pair, lines) in column {
                if y < area.bottom() {
                    let label = cut(pair.label, usize::from(layout.label));
                    buf.set_string(x, y, label, style(self.theme, Role::Muted));
                }
                for line in lines {
                    if y < area.bottom() {
                        let at = x + layout.label + GAP;
                        let room = usize::from(area.right().saturating_sub(at));
                        buf.set_stringn(at, y, line, room, style(self.theme, pair.role));
                    }
                    y = y.saturating_add(1);
                }
            }
            x += layout.width + GAP;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sheet, *};

    fn pairs() -> Vec<Pair> {
        [
            ("Revision", "backend:42"),
            ("Status", "ACTIVE"),
            (
                "Image",
                "123456789012.dkr.ecr.eu-central-1.amazonaws.com/backend@sha256:4f5e",
            ),
            (
                "Reason",
                "service backend has reached\ta steady state\x1b[2J",
            ),
            ("Size", "1 vCPU, 2 GB"),
        ]
        .map(|(label, value)| Pair {
            label,
            value: value.to_owned(),
            role: Role::Text,
        })
        .into()
    }

    #[test]
    fn values_are_aligned_wrap_and_use_a_second_column_when_there_is_room() {
        let theme = Theme::default();
        let detail = Detail {
            theme: &theme,
            pairs: &pairs(),
        };
        let drawn = [40, 100].map(|w| sheet::lines(&sheet::draw(&detail, w, detail.height(w))));
        insta::assert_snapshot!(drawn.join("――\n"));
    }

    #[test]
    fn nothing_is_drawn_outside_of_a_tiny_area() {
        let theme = Theme::default();
        let detail = Detail {
            theme: &theme,
            pairs: &pairs(),
        };
        for (width, height) in [(0, 0), (1, 1), (3, 2), (12, 1)] {
            sheet::draw(&detail, width, height);
        }
    }
}
