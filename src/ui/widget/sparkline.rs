//! A series in one line of text: `▁▂▃▄▅▆▇█`, gaps as blanks.

use super::paint::style;
use crate::theme::{Role, Theme};
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How several values become one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The greatest: peaks stay visible.
    Max,
    /// The mean.
    Mean,
}

/// What a full bar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// The greatest value shown.
    Own,
    /// This value; greater ones are full, too.
    Fixed(f64),
}

/// A sparkline as wide as its area; values are spread over the width, the newest at the right.
#[derive(Debug, Clone, Copy)]
pub struct Sparkline<'a> {
    /// Theme.
    pub theme: &'a Theme,
    /// Values, the oldest first; what is not finite is a gap.
    pub values: &'a [f64],
    /// How values come together.
    pub merge: Merge,
    /// Scale.
    pub scale: Scale,
    /// Role.
    pub role: Role,
}

impl Widget for &Sparkline<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let text = bars(self.values, usize::from(area.width), self.merge, self.scale);
        buf.set_string(area.x, area.y, text, style(self.theme, self.role));
    }
}

/// Writes `values` in `width` bars from 0 upwards. Always `width` characters long.
#[must_use]
pub fn bars(values: &[f64], width: usize, merge: Merge, scale: Scale) -> String {
    let places: Vec<Option<f64>> = (0..width)
        .map(|place| {
            let from = place * values.len() / width;
            let to = ((place + 1) * values.len() / width).max(from + 1);
            merged(values.get(from..to.min(values.len())).unwrap_or(&[]), merge)
        })
        .collect();
    let top = match scale {
        Scale::Fixed(top) => top,
        Scale::Own => places.iter().flatten().copied().fold(0.0, f64::max),
    };
    places
        .into_iter()
        .map(|place| place.map_or(' ', |value| bar(value, top)))
        .collect()
}

fn merged(values: &[f64], merge: Merge) -> Option<f64> {
    let known = || values.iter().copied().filter(|v| v.is_finite());
    match merge {
        Merge::Max => known().reduce(f64::max),
        #[expect(clippy::cast_precision_loss, reason = "at most some thousand values")]
        Merge::Mean => {
            let count = known().count();
            (count > 0).then(|| known().sum::<f64>() / count as f64)
        }
    }
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
        assert_eq!(bars(&ramp, 8, Merge::Max, Scale::Own), "▁▂▃▄▅▆▇█");
        let gaps = [1.0, f64::NAN, 0.0, f64::INFINITY];
        assert_eq!(bars(&gaps, 4, Merge::Mean, Scale::Own), "█ ▁ ");
    }

    #[test]
    fn a_fixed_scale_keeps_small_values_small() {
        assert_eq!(
            bars(&[4.0, 50.0, 140.0], 3, Merge::Max, Scale::Fixed(100.0)),
            "▁▅█"
        );
    }

    #[test]
    fn max_keeps_a_peak_that_the_mean_flattens() {
        let values = [0.0, 8.0, 0.0, 0.0, 4.0, 4.0];
        assert_eq!(bars(&values, 3, Merge::Max, Scale::Fixed(8.0)), "█▁▅");
        assert_eq!(bars(&values, 3, Merge::Mean, Scale::Fixed(8.0)), "▅▁▅");
    }

    proptest! {
        #[test]
        fn the_length_is_the_width(values in prop::collection::vec(prop::num::f64::ANY, 0..400), width in 0usize..200) {
            for merge in [Merge::Max, Merge::Mean] {
                prop_assert_eq!(bars(&values, width, merge, Scale::Own).chars().count(), width);
            }
        }

        #[test]
        fn the_greatest_value_is_a_full_bar(values in prop::collection::vec(0.001f64..1e12, 1..400), width in 1usize..200) {
            prop_assert!(bars(&values, width, Merge::Max, Scale::Own).contains('█'));
        }
    }
}
