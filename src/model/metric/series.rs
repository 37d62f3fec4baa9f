//! Values over a window, and how gaps in them are read.

use super::{Absent, Metric, Window};
use jiff::Timestamp;
use serde::Serialize;

/// Values of one metric over a window: one place a period, `NaN` where nothing is known.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// One value a period of the window; absent datapoints are already 0 or `NaN` by the metric's [`Absent`].
    pub values: Vec<f64>,
}

impl Series {
    /// Makes the series of `metric` over `window` from datapoints in any order. Datapoints outside are dropped. A metric whose
    /// [`Absent`] says so is filled with 0, but not in the last period, which AWS may not have published yet.
    #[must_use]
    pub fn fill(
        metric: Metric,
        window: &Window,
        points: impl IntoIterator<Item = (Timestamp, f64)>,
    ) -> Self {
        let mut values = vec![f64::NAN; window.len()];
        for (at, value) in points {
            if let Some(place) = window.index(at).and_then(|i| values.get_mut(i)) {
                *place = value;
            }
        }
        let zero = match metric.spec().absent {
            Absent::Zero => true,
            Absent::Lull => values.iter().any(|value| !value.is_nan()),
            Absent::Gap => false,
        };
        if zero {
            let settled = values.len().saturating_sub(1);
            for value in &mut values[..settled] {
                if value.is_nan() {
                    *value = 0.0;
                }
            }
        }
        Self { values }
    }

    /// The newest known value, looked for in the last three periods: older ones are not "now".
    #[must_use]
    pub fn latest(&self) -> Option<f64> {
        self.values
            .iter()
            .rev()
            .take(3)
            .copied()
            .find(|v| !v.is_nan())
    }

    /// Mean of the known values among the last `count`.
    #[must_use]
    pub fn mean(&self, count: usize) -> Option<f64> {
        let known: Vec<f64> = self
            .values
            .iter()
            .rev()
            .take(count)
            .copied()
            .filter(|v| !v.is_nan())
            .collect();
        #[allow(clippy::cast_precision_loss, reason = "at most some thousand values")]
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }

    /// Greatest known value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.values
            .iter()
            .copied()
            .filter(|v| !v.is_nan())
            .reduce(f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The series of `metric` over four minutes, with these values in the first ones.
    fn filled(metric: Metric, known: &[f64]) -> Vec<f64> {
        let window = Window::last(Timestamp::UNIX_EPOCH, 240);
        let points = known.iter().enumerate();
        Series::fill(metric, &window, points.map(|(i, v)| (window.at(i), *v))).values
    }

    #[test]
    fn a_quiet_minute_has_no_requests_but_a_silent_hour_is_unknown() {
        assert_eq!(filled(Metric::AlbRequests, &[7.0])[..3], [7.0, 0.0, 0.0]);
        assert!(filled(Metric::AlbRequests, &[7.0])[3].is_nan(), "not yet");
        assert!(filled(Metric::AlbRequests, &[]).iter().all(|v| v.is_nan()));
    }

    #[test]
    fn what_should_not_happen_did_not_unless_it_is_published() {
        for metric in [
            Metric::WafBlocked,
            Metric::AlbElb5xx,
            Metric::NatErrorPortAllocation,
        ] {
            assert_eq!(filled(metric, &[])[..3], [0.0; 3], "{metric:?}");
        }
    }

    #[test]
    fn a_gateway_that_publishes_nothing_did_not_send_nothing() {
        let bytes = filled(Metric::NatBytesOut, &[5.0]);
        assert!(bytes[1..].iter().all(|v| v.is_nan()), "{bytes:?}");
    }
}
