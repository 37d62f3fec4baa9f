//! The axes' arithmetic: round values upwards from 0, and moments at round times of day.

use crate::{
    format,
    model::metric::{Unit, Window},
};
use jiff::Timestamp;

/// Seconds between two labels of the clock, as people count.
const STEPS: [i64; 15] = [
    60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600,
    604_800,
];
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Cells that a label of the clock needs with the blank around it.
const LABEL: u16 = 10;

/// Values above which an axis no longer grows; sums of ticks stay finite.
const GREATEST: f64 = 1e300;

/// The value axis: from 0 to `top` in ticks of `step`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Values {
    pub top: f64,
    step: f64,
}

impl Values {
    /// Chooses the axis whose ticks are round in `unit`, at most one every two of `rows`, and whose top is the first tick that is not below
    /// `highest`.
    pub fn round(highest: f64, unit: Unit, rows: u16) -> Self {
        let wanted = f64::from((rows / 2).clamp(1, 5));
        let least = match unit {
            Unit::Count | Unit::Days | Unit::Flag | Unit::Bytes => 1.0,
            Unit::Gauge | Unit::PerSecond => 0.1,
            Unit::Percent => 0.01,
            Unit::Seconds | Unit::Usd => 0.000_1,
        };
        let highest = if highest.is_finite() {
            highest.clamp(least, GREATEST)
        } else {
            least
        };
        let step = if unit == Unit::Bytes {
            let base = 1024_f64.powf(highest.log(1024.0).floor());
            // A step below one unit of the scale is written in the next smaller one, where it is round again.
            let rough = highest / wanted;
            let base = if rough < base && base > 1.0 {
                base / 1024.0
            } else {
                base
            };
            base * binary_step(rough / base)
        } else {
            decimal_step((highest / wanted).max(least))
        };
        // A hair below, so that 0.3 / 0.1 = 2.9999… does not add a tick.
        let top = (highest / step - 1e-9).ceil().max(1.0) * step;
        if unit == Unit::Percent && highest <= 100.0 && top > 100.0 {
            return Self { top: 100.0, step };
        }
        Self { top, step }
    }

    /// Rows of the ticks, counted from the top, and how they are written.
    pub fn ticks(&self, unit: Unit, rows: u16) -> Vec<(u16, String)> {
        let mut ticks: Vec<(u16, String)> = Vec::new();
        // `round` never makes more; the bound keeps a degenerate scale from going on for ever.
        for index in 0..=16 {
            let value = f64::from(index) * self.step;
            if value > self.top * (1.0 + 1e-9) {
                break;
            }
            if let Some(row) = self.row(value, rows)
                && ticks.last().is_none_or(|(last, _)| *last != row)
            {
                // A round axis needs no decimals.
                let label = match unit {
                    Unit::Percent if index == 0 || self.step.fract() == 0.0 => {
                        format!("{value:.0} %")
                    }
                    _ => format::value(value, unit),
                };
                ticks.push((row, label));
            }
        }
        ticks
    }

    /// The row, counted from the top of `rows`, in which `value` lies.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the rows of a terminal"
    )]
    pub fn row(&self, value: f64, rows: u16) -> Option<u16> {
        let dots = f64::from(rows.checked_mul(4)?.checked_sub(1)?);
        let up = (value / self.top * dots).round().clamp(0.0, dots);
        Some(((dots - up) / 4.0) as u16)
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
fn decimal_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps
        .into_iter()
        .find(|step| step * power >= rough * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// The smallest power of two that is not below `rough`, up to 512; beyond, 1024.
fn binary_step(rough: f64) -> f64 {
    2_f64.powf(rough.max(1.0).log2().ceil())
}

/// Labels of the time axis: the cell of each round moment of `window` across `width` cells, and its clock, or its day at midnight.
pub(super) fn moments(window: &Window, width: u16) -> Vec<(u16, String)> {
    let (from, to) = (window.from.as_second(), window.to.as_second());
    let span = to - from - i64::from(window.period);
    if span <= 0 || width < LABEL {
        return Vec::new();
    }
    let most = i64::from(width / LABEL).max(1);
    let Some(step) = STEPS.into_iter().find(|step| span / step <= most) else {
        return Vec::new();
    };
    let first = (from + step - 1).div_euclid(step) * step;
    (0..=most)
        .map(|index| first + index * step)
        .take_while(|at| *at <= from + span)
        .filter_map(|at| {
            let column = u16::try_from((at - from) * i64::from(width - 1) / span).ok()?;
            let shape = if at.rem_euclid(DAY) == 0 {
                "%-d %b"
            } else {
                "%H:%M"
            };
            let moment = Timestamp::from_second(at).ok()?;
            Some((column, moment.strftime(shape).to_string()))
        })
        .collect()
}
