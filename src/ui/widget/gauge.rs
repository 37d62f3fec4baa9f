//! A thin bar of one line: `▰▰▰▱▱ 41/112`.

use super::paint::style;
use crate::theme::{Role, Theme};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget,
};
use unicode_width::UnicodeWidthStr;

/// How much of something is used.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// Used share, 0 to 1; `NaN` when not known, drawn as an empty bar.
    pub share: f64,
    /// What stands behind the bar; it stays when there is no room for both.
    pub text: &'a str,
    /// Role of the full part.
    pub role: Role,
}

impl Widget for &Gauge<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let room = usize::from(area.width);
        let text = crate::text::cut(self.text, room);
        let bar = room.saturating_sub(text.width() + usize::from(!text.is_empty()));
        let full = filled(self.share, bar);
        let mut spans = vec![
            Span::styled("▰".repeat(full), style(self.theme, self.role)),
            Span::styled("▱".repeat(bar - full), style(self.theme, Role::Faint)),
        ];
        if bar > 0 {
            spans.push(Span::raw(" "));
        }
        spans.push(Span::styled(text, style(self.theme, Role::Text)));
        Line::from(spans).render(area, buf);
    }
}

/// Full places of `bar`: none only for nothing, all only for all.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1 of a terminal's width"
)]
fn filled(share: f64, bar: usize) -> usize {
    if share.is_nan() || share <= 0.0 || bar == 0 {
        return 0;
    }
    let most = if share >= 1.0 { bar } else { (bar - 1).max(1) };
    ((share * bar as f64).round() as usize).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::{super::sheet, *};

    fn drawn(share: f64, text: &str, width: u16) -> String {
        let theme = Theme::default();
        let gauge = Gauge {
            theme: &theme,
            share,
            text,
            role: Role::Ok,
        };
        sheet::lines(&sheet::draw(&gauge, width, 1))
    }

    #[test]
    fn the_bar_is_full_only_when_all_is_used_and_empty_only_when_nothing_is() {
        assert_eq!(drawn(41.0 / 112.0, "41/112", 17), "▰▰▰▰▱▱▱▱▱▱ 41/112\n");
        assert_eq!(drawn(0.999, "111/112", 13), "▰▰▰▰▱ 111/112\n");
        assert_eq!(drawn(0.001, "1/999", 11), "▰▱▱▱▱ 1/999\n");
        assert_eq!(drawn(0.0, "0/9", 9), "▱▱▱▱▱ 0/9\n");
        assert_eq!(drawn(1.7, "17/10", 8), "▰▰ 17/10\n");
    }

    #[test]
    fn what_is_not_known_is_an_empty_bar_and_the_text_outlives_the_bar() {
        assert_eq!(drawn(f64::NAN, "–", 5), "▱▱▱ –\n");
        assert_eq!(drawn(0.5, "41/112", 6), "41/112\n");
        assert_eq!(drawn(0.5, "41/112", 4), "41/…\n");
    }
}
