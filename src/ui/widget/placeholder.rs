//! What stands where there is nothing to show: loading, empty, denied, failed.

use super::paint::style;
use crate::{
    text::wrap,
    theme::{Role, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect, text::Line, widgets::Widget};

/// A message in the middle of its area, with what to do next beneath it.
#[derive(Debug, Clone, Copy)]
pub struct Placeholder<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// What is the matter, with a glyph where it is a state.
    pub message: &'a str,
    /// What to do next.
    pub hint: Option<&'a str>,
    /// Role of the message.
    pub role: Role,
}

impl Widget for &Placeholder<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let width = usize::from(area.width).saturating_sub(2).max(1);
        let message = wrap(self.message, width)
            .into_iter()
            .map(|l| (l, self.role));
        let hint = self.hint.map(|hint| wrap(hint, width)).unwrap_or_default();
        let lines: Vec<_> = message
            .chain(hint.into_iter().map(|l| (l, Role::Muted)))
            .take(usize::from(area.height))
            .collect();
        let above = usize::from(area.height).saturating_sub(lines.len()) / 2;
        for (row, (text, role)) in area.rows().skip(above).zip(lines) {
            Line::styled(text, style(self.theme, role))
                .centered()
                .render(row, buf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sheet, *};

    #[test]
    fn the_message_stands_in_the_middle_with_its_way_out() {
        let theme = Theme::default();
        let placeholder = Placeholder {
            theme: &theme,
            message: "⊘ not allowed: rds:DescribeDBInstances\x1b[2J",
            hint: Some("add the action to the role's policy"),
            role: Role::Warning,
        };
        let drawn = [50, 20].map(|width| sheet::lines(&sheet::draw(&placeholder, width, 6)));
        insta::assert_snapshot!(drawn.join("――\n"));
    }
}
