//! The span of time that charts look at.

use crate::model::metric::Window;
use jiff::{SignedDuration, Timestamp};

/// Spans to choose from, in seconds and as people say them.
const SPANS: [(i64, &str); 8] = [
    (900, "15 m"),
    (3_600, "1 h"),
    (10_800, "3 h"),
    (21_600, "6 h"),
    (43_200, "12 h"),
    (86_400, "24 h"),
    (259_200, "3 d"),
    (604_800, "7 d"),
];

/// The live span: one hour.
const LIVE: usize = 1;

/// A span that ends now or at a chosen moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartWindow {
    span: usize,
    end: Option<Timestamp>,
}

impl Default for ChartWindow {
    fn default() -> Self {
        Self {
            span: LIVE,
            end: None,
        }
    }
}

impl ChartWindow {
    /// Whether it is what the live metrics cover.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.span == LIVE && self.end.is_none()
    }

    /// Whether it ends now.
    #[must_use]
    pub const fn ends_now(&self) -> bool {
        self.end.is_none()
    }

    /// The span as people say it, `6 h`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        SPANS[self.span].1
    }

    /// The window to query.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Window {
        Window::ending(self.end.unwrap_or(now), SPANS[self.span].0, now)
    }

    /// The next shorter (`-1`) or longer (`1`) span; `None` at both ends.
    #[must_use]
    pub fn zoomed(self, by: isize) -> Option<Self> {
        let span = self
            .span
            .checked_add_signed(by)
            .filter(|s| *s < SPANS.len())?;
        Some(Self { span, ..self })
    }

    /// Moved by half a span back (`-1`) or forward (`1`); forward past now is now.
    #[must_use]
    pub fn shifted(self, by: i64, now: Timestamp) -> Self {
        let half = SignedDuration::from_secs(SPANS[self.span].0 / 2 * by);
        let end = self.end.unwrap_or(now).checked_add(half).unwrap_or(now);
        Self {
            end: (end < now).then_some(end),
            ..self
        }
    }

    /// The same span with `at` in its middle; it ends now where the middle is too late for that.
    #[must_use]
    pub fn around(self, at: Timestamp, now: Timestamp) -> Self {
        let half = SignedDuration::from_secs(SPANS[self.span].0 / 2);
        let end = at.checked_add(half).unwrap_or(now);
        Self {
            end: (end < now).then_some(end),
            ..self
        }
    }

    /// The same span, ending now.
    #[must_use]
    pub const fn to_now(self) -> Self {
        Self { end: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_and_forth_ends_at_now_again() {
        let now = Timestamp::from_second(1_800_000_000).expect("a valid time");
        let back = ChartWindow::default().shifted(-1, now);
        assert_eq!(back.window(now).to, now - SignedDuration::from_mins(30));
        assert!(back.shifted(1, now).ends_now());
    }

    #[test]
    fn a_window_far_back_asks_for_data_that_is_still_kept() {
        let now = Timestamp::from_second(1_800_000_000).expect("a valid time");
        let mut window = ChartWindow::default();
        for _ in 0..2 * 24 * 20 {
            window = window.shifted(-1, now);
        }
        assert_eq!(
            window.window(now).period,
            300,
            "minutes are forgotten after 15 days"
        );
    }

    #[test]
    fn zooming_stops_at_fifteen_minutes_and_seven_days() {
        let mut window = ChartWindow::default();
        while let Some(next) = window.zoomed(-1) {
            window = next;
        }
        assert_eq!(window.label(), "15 m");
        while let Some(next) = window.zoomed(1) {
            window = next;
        }
        assert_eq!(window.label(), "7 d");
    }
}
