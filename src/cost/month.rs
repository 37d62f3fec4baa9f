//! The calendar month: what it has come to so far, and what it will come to if it goes on as the last day or week did.
//!
//! AWS's months are calendar months in UTC: 672 to 744 hours. What has passed is priced by what was used since the month began, so that
//! tiers and free units fill as they do on the bill; the rest by the mean of the last day or the last week. Something that was made in
//! mid-month is taken to have stood there since its first: nothing tells when most things were made.

use super::{Book, Inventory, Look, Span, inventory, total};
use crate::{
    model::{environment::Environment, metric::Window},
    observe::Observations,
};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// Hours of the last day and week.
const DAY: usize = 24;
const WEEK: usize = 168;

/// Seconds of an hour: the period of the metrics.
const HOUR: i64 = 3_600;

/// A calendar month, as far as it has gone and as it will end.
#[derive(Debug, Clone, PartialEq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// Its hours: 672 to 744.
    pub hours: f64,
    /// Hours that have passed.
    pub passed: f64,
    /// USD that it has come to at the end of each day until today, and now.
    pub so_far: Vec<f64>,
    /// USD at its end if the rest goes on as the last day did.
    pub by_day: f64,
    /// USD at its end if the rest goes on as the last week did.
    pub by_week: f64,
}

impl Month {
    /// Whole hours that have passed.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "hours of a month"
    )]
    pub fn whole_hours_passed(&self) -> u64 {
        self.passed.max(0.0) as u64
    }

    /// Days that it has.
    #[must_use]
    pub fn days(&self) -> usize {
        usize::try_from(self.first.days_in_month()).unwrap_or(30)
    }

    /// What it will come to: as the last week did, which has a weekend in it.
    #[must_use]
    pub const fn projection(&self) -> f64 {
        self.by_week
    }

    /// What it has come to.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.so_far.last().copied().unwrap_or(0.0)
    }
}

/// The window of hourly metrics that an estimate at `now` needs: since the month began, the last week at least. CloudWatch keeps them for 455
/// days (CloudWatch concepts, metrics retention).
#[must_use]
pub fn window(now: Timestamp) -> Window {
    let since = now.as_second() - begin(now).1.as_second();
    let week = i64::try_from(WEEK).unwrap_or(168) * HOUR;
    let whole = (since + HOUR - 1).div_euclid(HOUR) * HOUR;
    Window::of_period(now, whole.max(week), 3_600)
}

/// The first day of the month of `now`, and when it began.
fn begin(now: Timestamp) -> (Date, Timestamp) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let first = today.first_of_month();
    let at = first.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    (first, at.unwrap_or(now))
}

/// Makes the month of `now` from the hourly metrics; `None` before they are read.
#[must_use]
pub fn month(
    environment: &Environment,
    seen: &Observations,
    book: &Book,
    now: Timestamp,
) -> Option<Month> {
    let window = seen.usage.value.as_ref()?.window;
    let (first, start) = begin(now);
    let hours = f64::from(first.days_in_month()) * 24.0;
    let length = window.len();
    let from = window.index(start).unwrap_or(0);
    let of = |range| inventory(environment, seen, &Look::Hours(range, "this month"));
    let mut so_far = Vec::with_capacity(31);
    let mut day = first;
    loop {
        let next = day.checked_add(1.day()).ok()?;
        let end = next.to_zoned(TimeZone::UTC).ok()?.timestamp().min(now);
        let passed = hours_between(start, end);
        let until = window.index(end).unwrap_or(length).max(from + 1);
        let span = Span {
            hours: passed,
            month: hours,
        };
        so_far.push(total(book, &of(from..until.min(length)), span));
        if end >= now {
            break;
        }
        day = next;
    }
    let passed = hours_between(start, now);
    let until_now = of(from..length);
    let whole = Span {
        hours,
        month: hours,
    };
    let ending = |last: usize, words| {
        let look = Look::Hours(length.saturating_sub(last)..length, words);
        let goes_on = inventory(environment, seen, &look);
        total(book, &until_now.blended(&goes_on, passed / hours), whole)
    };
    Some(Month {
        first,
        hours,
        passed,
        so_far,
        by_day: ending(DAY, "the last day"),
        by_week: ending(WEEK, "the last week"),
    })
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a month")]
fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_second() - from.as_second()) as f64 / 3_600.0
}

impl Inventory {
    /// The mean of this inventory, for `share` of a span, and of another for the rest of it. What stands there is the other's, which is
    /// newer; what only one of them knows is taken from that.
    #[must_use]
    fn blended(&self, other: &Self, share: f64) -> Self {
        let mut mixed = other.clone();
        let mean = |before: f64, after: f64| before * share + after * (1.0 - share);
        for used in &mut mixed.uses {
            let before = self
                .uses
                .iter()
                .find(|u| u.key == used.key && u.item == used.item);
            if let Some(before) = before {
                used.amount = mean(before.amount, used.amount);
            }
        }
        let only_before = self.uses.iter().filter(|before| {
            let same = |u: &&super::Use| u.key == before.key && u.item == before.item;
            !other.uses.iter().any(|u| same(&u))
        });
        mixed.uses.extend(only_before.cloned());
        for tasks in &mut mixed.tasks {
            let before = self.tasks.iter().find(|t| t.service == tasks.service);
            if let Some(before) = before {
                tasks.count = mean(before.count, tasks.count);
            }
        }
        mixed
    }
}
