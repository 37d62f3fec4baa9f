//! A series in one line of text: `▁▂▃▄▅▆▇█`, gaps as blanks.

use super::paint::style;
use crate::theme::{Role, Theme};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A sparkline as wide as its area; values are spread over the width, the newest at the right.
#[derive(Debug, Clone, Copy)]
pub struct Sparkline<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// Values, the oldest first; what is not finite is a gap.
    pub values: &'a [f64],
    /// Role.
    pub role: Role,
}

impl Widget for &Sparkline<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let text = bars(self.values, usize::from(area.width));
        buf.set_string(area.x, area.y, text, style(self.theme, self.role));
    }
}

/// Writes `values` in `width` bars from 0 upwards, the greatest one full. Always `width` characters long; of values that share a place
/// the greatest is shown, so that peaks stay visible.
#[must_use]
pub fn bars(values: &[f64], width: usize) -> String {
    let known = |values: &[f64]| {
        let finite = values.iter().copied().filter(|v| v.is_finite());
        finite.reduce(f64::max)
    };
    let places: Vec<Option<f64>> = (0..width)
        .map(|place| {
            let from = place * values.len() / width;
            let to = ((place + 1) * values.len() / width).max(from + 1);
            known(values.get(from..to.min(values.len())).unwrap_or(&[]))
        })
        .collect();
    let top = places.iter().flatten().copied().fold(0.0, f64::max);
    places
        .into_iter()
        .map(|place| place.map_or(' ', |value| bar(value, top)))
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 7 after the clamp"
)]
fn bar(value: f64, top: f64) -> char {
    if top <= 0.0 {
        return BARS[0];
    }
    BARS[(value / top * 7.0).round().clamp(0.0, 7.0) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ramp_uses_every_height_and_gaps_are_blank() {
        let ramp: Vec<f64> = (0..8).map(f64::from).collect();
        assert_eq!(bars(&ramp, 8), "▁▂▃▄▅▆▇█");
        let gaps = [1.0, f64::NAN, 0.0, f64::INFINITY];
        assert_eq!(bars(&gaps, 4), "█ ▁ ");
    }

    #[test]
    fn a_peak_stays_visible_among_small_values() {
        let values = [0.0, 8.0, 0.0, 0.0, 4.0, 4.0];
        assert_eq!(bars(&values, 3), "█▁▅");
    }

    proptest! {
        #[test]
        fn the_length_is_the_width(values in prop::collection::vec(prop::num::f64::ANY, 0..400), width in 0usize..200) {
            prop_assert_eq!(bars(&values, width).chars().count(), width);
        }

        #[test]
        fn the_greatest_value_is_a_full_bar(values in prop::collection::vec(0.001f64..1e12, 1..400), width in 1usize..200) {
            prop_assert!(bars(&values, width).contains('█'));
        }
    }
}
