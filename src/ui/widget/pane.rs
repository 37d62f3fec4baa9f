//! A rounded border with a title on the left and a state or age on the right.

use super::paint::style;
use crate::{
    text::cut,
    theme::{Role, Theme},
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, BorderType, Widget},
};
use unicode_width::UnicodeWidthStr;

/// Whether a part of the screen has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// It has them.
    Here,
    /// Another part has them.
    #[default]
    Elsewhere,
}

/// A pane's frame; what stands in it is drawn into [`Pane::inner`].
#[derive(Debug, Clone, Copy)]
pub struct Pane<'a> {
    theme: &'a Theme,
    title: &'a str,
    state: Option<(&'a str, Role)>,
    focus: Focus,
}

impl<'a> Pane<'a> {
    /// Makes a pane without a state and without the focus.
    #[must_use]
    pub const fn new(theme: &'a Theme, title: &'a str) -> Self {
        Self {
            theme,
            title,
            state: None,
            focus: Focus::Elsewhere,
        }
    }

    /// Adds what stands on the right: a state with its glyph and word, an age.
    #[must_use]
    pub const fn state(mut self, text: &'a str, role: Role) -> Self {
        self.state = Some((text, role));
        self
    }

    /// Sets who has the keys.
    #[must_use]
    pub const fn focus(mut self, focus: Focus) -> Self {
        self.focus = focus;
        self
    }

    /// The part of `area` inside of the border.
    #[must_use]
    pub const fn inner(area: Rect) -> Rect {
        Rect {
            x: area.x.saturating_add(1),
            y: area.y.saturating_add(1),
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(2),
        }
    }
}

impl Widget for &Pane<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let border = match self.focus {
            Focus::Here => Role::BorderFocus,
            Focus::Elsewhere => Role::Border,
        };
        let room = usize::from(area.width).saturating_sub(6);
        let state = self.state.map(|(text, role)| (cut(text, room), role));
        // The state is worth more than the end of a long title.
        let taken = state.as_ref().map_or(0, |(text, _)| text.width() + 3);
        let title = cut(self.title, room.saturating_sub(taken));
        let mut block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(style(self.theme, border));
        if !title.is_empty() {
            let text = format!(" {title} ");
            block = block.title_top(Span::styled(text, style(self.theme, Role::Title)));
        }
        if let Some((text, role)) = state.filter(|(text, _)| !text.is_empty()) {
            let span = Span::styled(format!(" {text} "), style(self.theme, role));
            block = block.title_top(Line::from(span).right_aligned());
        }
        block.render(area, buf);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sheet, *};

    #[test]
    fn a_title_gives_way_to_the_state() {
        let theme = Theme::default();
        let pane = Pane::new(&theme, "Target groups\x1b[2J").state("● live 3s", Role::Ok);
        let drawn = [50, 24, 10, 3].map(|width| sheet::lines(&sheet::draw(&pane, width, 2)));
        insta::assert_snapshot!(drawn.join("\n"));
    }

    #[test]
    fn the_pane_with_the_keys_has_another_border() {
        let theme = Theme::default();
        let colour =
            |focus| sheet::draw(&Pane::new(&theme, "Tasks").focus(focus), 20, 3)[(0, 0)].fg;
        assert_ne!(colour(Focus::Here), colour(Focus::Elsewhere));
    }
}
