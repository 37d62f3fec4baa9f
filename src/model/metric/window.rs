//! A span of time in equal periods.

use jiff::Timestamp;
use serde::Serialize;

/// A span of time and its resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Inclusive, aligned to the period.
    pub from: Timestamp,
    /// Exclusive, aligned to the period.
    pub to: Timestamp,
    /// Seconds of a datapoint.
    pub period: u32,
}

impl Window {
    /// The last `seconds` before `now`.
    #[must_use]
    pub fn last(now: Timestamp, seconds: i64) -> Self {
        Self::ending(now, seconds, now)
    }

    /// The `seconds` before `end`, with a period that keeps a chart at 360 points or fewer and that is still kept at `now`: 60 s data
    /// for 15 days, 300 s for 63 days, 3600 s for 455 days (CloudWatch concepts, metrics retention). Aligned to whole periods, so that
    /// repeated queries agree.
    #[must_use]
    pub fn ending(end: Timestamp, seconds: i64, now: Timestamp) -> Self {
        const DAY: i64 = 86_400;
        let readable = match seconds {
            ..=21_600 => 60,
            21_601..=108_000 => 300,
            108_001..=345_600 => 900,
            _ => 3_600,
        };
        let age = now.as_second() - end.as_second() + seconds;
        let kept = if age > 63 * DAY {
            3_600
        } else if age > 15 * DAY {
            300
        } else {
            60
        };
        let period = u32::try_from(readable.max(kept)).unwrap_or(60);
        Self::of_period(end, seconds, period)
    }

    /// The `seconds` before `end` in datapoints of `period` seconds, aligned to whole periods.
    #[must_use]
    pub fn of_period(end: Timestamp, seconds: i64, period: u32) -> Self {
        let step = i64::from(period.max(1));
        let to = end.as_second().div_euclid(step) * step;
        let from = to - seconds.div_euclid(step).max(1) * step;
        Self {
            from: Timestamp::from_second(from).unwrap_or(Timestamp::MIN),
            to: Timestamp::from_second(to).unwrap_or(Timestamp::MAX),
            period,
        }
    }

    /// Number of datapoints.
    #[must_use]
    pub fn len(&self) -> usize {
        let span = self.to.as_second() - self.from.as_second();
        usize::try_from(span / i64::from(self.period.max(1))).unwrap_or(0)
    }

    /// Whether it holds no datapoint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time of datapoint `index`.
    #[must_use]
    pub fn at(&self, index: usize) -> Timestamp {
        let offset = i64::try_from(index).unwrap_or(0) * i64::from(self.period);
        Timestamp::from_second(self.from.as_second() + offset).unwrap_or(self.to)
    }

    /// The datapoint that `at` falls into.
    #[must_use]
    pub fn index(&self, at: Timestamp) -> Option<usize> {
        let offset = at.as_second() - self.from.as_second();
        let index = usize::try_from(offset.div_euclid(i64::from(self.period.max(1)))).ok()?;
        (index < self.len()).then_some(index)
    }
}
