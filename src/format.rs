//! How figures are written, in one place: the same value looks the same on every screen and in every report.
//!
//! Every function keeps to a few columns whatever the value, so that a column or a badge never makes the layout jump. What is not
//! known is [`UNKNOWN`], never 0. Times are UTC.

use crate::model::metric::Unit;
use jiff::Timestamp;

/// Stands where a value is not known.
pub const UNKNOWN: &str = "–";

/// Writes a number in at most 5 columns below 10^18: `0`, `0.4`, `14`, `999`, `1.2k`, `12k`, `1.2M`.
#[must_use]
pub fn compact(value: impl Into<Option<f64>>) -> String {
    const SCALES: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    finite(value).map_or_else(
        || UNKNOWN.to_owned(),
        |value| {
            let (scaled, suffix) = scale(value, 1000.0, &SCALES);
            if suffix.is_empty() && scaled != 0.0 && scaled.abs() < 0.05 {
                return "<0.1".to_owned();
            }
            if suffix.is_empty() && tenths(scaled) % 10 == 0 {
                return whole(scaled);
            }
            format!("{}{suffix}", short(scaled))
        },
    )
}

/// Writes a value in its unit in at most 9 columns: `97.8 %`, `85 ms`, `1.9 s`, `1.2 GiB`, `120/s`, `$4.82`, `up`.
#[must_use]
pub fn value(value: impl Into<Option<f64>>, unit: Unit) -> String {
    let Some(value) = finite(value) else {
        return UNKNOWN.to_owned();
    };
    match unit {
        Unit::Count | Unit::Gauge => compact(value),
        Unit::Percent => percent(value),
        Unit::Seconds => latency(value),
        Unit::Bytes => bytes(value),
        Unit::PerSecond => format!("{}/s", compact(value)),
        Unit::Flag => if value >= 0.5 { "up" } else { "down" }.to_owned(),
        Unit::Usd => usd(value),
        Unit::Days => format!("{} d", compact(value)),
    }
}

/// Writes how long ago something was in at most 4 columns below 1000 days: `3s`, `12m`, `4h`, `3d`. The future is `0s`.
#[must_use]
pub fn age(seconds: impl Into<Option<i64>>) -> String {
    match seconds.into() {
        None => UNKNOWN.to_owned(),
        Some(s @ ..60) => format!("{}s", s.max(0)),
        Some(s @ 60..3_600) => format!("{}m", s / 60),
        Some(s @ 3_600..86_400) => format!("{}h", s / 3_600),
        Some(s) => format!("{}d", s / 86_400),
    }
}

/// Writes how long something took or takes, with its two greatest units: `42 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn duration(seconds: impl Into<Option<i64>>) -> String {
    let Some(seconds) = seconds.into() else {
        return UNKNOWN.to_owned();
    };
    let s = seconds.max(0);
    match s {
        ..60 => format!("{s} s"),
        60..3_600 => two(s / 60, "min", s % 60, "s"),
        3_600..86_400 => two(s / 3_600, "h", s % 3_600 / 60, "min"),
        _ => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

/// Writes the time of day in UTC: `14:03:27`.
#[must_use]
pub fn clock(at: impl Into<Option<Timestamp>>) -> String {
    at.into().map_or_else(
        || UNKNOWN.to_owned(),
        |at| at.strftime("%H:%M:%S").to_string(),
    )
}

/// Writes day and time in UTC: `2026-11-22 14:03:27`.
#[must_use]
pub fn date_time(at: impl Into<Option<Timestamp>>) -> String {
    at.into().map_or_else(
        || UNKNOWN.to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// Writes tasks running of tasks wanted: `4/6 tasks`, `1/1 task`.
#[must_use]
pub fn tasks(running: i32, desired: i32) -> String {
    format!("{running}/{desired} task{}", plural(i64::from(desired)))
}

/// Writes a number of things by a noun that takes an `s`: `1 target`, `4 targets`.
#[must_use]
pub fn count(number: impl TryInto<i64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(i64::MAX);
    format!("{number} {noun}{}", plural(number))
}

const fn plural(number: i64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn two(great: i64, unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{great} {unit}")
    } else {
        format!("{great} {unit} {small} {small_unit}")
    }
}

fn finite(value: impl Into<Option<f64>>) -> Option<f64> {
    value.into().filter(|v| v.is_finite())
}

/// Divides `value` by `base` until what is written of it stays below `base`.
fn scale(value: f64, base: f64, suffixes: &'static [&'static str]) -> (f64, &'static str) {
    let mut scaled = value;
    let mut rest = suffixes;
    while let [_, _, ..] = rest {
        if scaled.abs().round() < base {
            break;
        }
        scaled /= base;
        rest = &rest[1..];
    }
    (scaled, rest.first().copied().unwrap_or_default())
}

/// One decimal below 10, none above.
fn short(value: f64) -> String {
    if tenths(value).unsigned_abs() < 100 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

/// No decimal.
fn whole(value: f64) -> String {
    // Adding 0 turns -0 into 0.
    format!("{:.0}", value.round() + 0.0)
}

/// Tenths, rounded: what one decimal would show.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, and only values below 10 are told apart by it"
)]
fn tenths(value: f64) -> i64 {
    (value * 10.0).round() as i64
}

fn percent(value: f64) -> String {
    match value.abs() {
        0.0 => "0.0 %".to_owned(),
        v if v < 0.005 => "<0.01 %".to_owned(),
        v if v < 0.995 => format!("{value:.2} %"),
        v if v < 99.95 => format!("{value:.1} %"),
        _ => format!("{value:.0} %"),
    }
}

fn latency(seconds: f64) -> String {
    let ms = seconds * 1000.0;
    if ms.abs().round() < 1000.0 {
        match ms {
            0.0 => "0 ms".to_owned(),
            _ => format!("{} ms", short(ms)),
        }
    } else {
        format!("{} s", short(seconds))
    }
}

fn bytes(value: f64) -> String {
    const SCALES: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (scaled, suffix) = scale(value, 1024.0, &SCALES);
    match suffix {
        "B" => format!("{} B", whole(scaled)),
        _ => format!("{} {suffix}", short(scaled)),
    }
}

fn usd(value: f64) -> String {
    match value.abs() {
        0.0 => "$0.00".to_owned(),
        v if v < 0.000_05 => "<$0.0001".to_owned(),
        v if v < 0.009_95 => format!("${value:.4}"),
        v if v < 9_999.5 => format!("${value:.2}"),
        _ => format!("${}", compact(value)),
    }
}

/// Writes a number of bytes as [`value`] does: `1.2 GiB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "three digits are written")]
pub fn size(count: u64) -> String {
    value(count as f64, Unit::Bytes)
}

/// A count with its thousands set apart: `1,204`.
#[must_use]
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_short() {
        let written: Vec<String> = [
            0.0, 0.01, 0.44, 3.0, 14.0, 999.4, 999.6, 1_234.0, 3_400.0, 12_345.0, 999_600.0, 1.2e6,
        ]
        .into_iter()
        .map(compact)
        .collect();
        assert_eq!(
            written,
            [
                "0", "<0.1", "0.4", "3", "14", "999", "1.0k", "1.2k", "3.4k", "12k", "1.0M", "1.2M"
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        assert_eq!(compact(f64::NAN), "–");
        assert_eq!(compact(f64::INFINITY), "–");
        assert_eq!(value(None, Unit::Percent), "–");
        assert_eq!(age(None), "–");
        assert_eq!(duration(None), "–");
        assert_eq!(clock(None), "–");
        assert_eq!(date_time(None), "–");
    }

    #[test]
    fn each_unit_has_its_form() {
        assert_eq!(value(1_234.0, Unit::Count), "1.2k");
        assert_eq!(value(97.8, Unit::Percent), "97.8 %");
        assert_eq!(value(99.97, Unit::Percent), "100 %");
        assert_eq!(value(0.04, Unit::Percent), "0.04 %");
        assert_eq!(value(0.085, Unit::Seconds), "85 ms");
        assert_eq!(value(0.000_84, Unit::Seconds), "0.8 ms");
        assert_eq!(value(0.999_9, Unit::Seconds), "1.0 s");
        assert_eq!(value(1.94, Unit::Seconds), "1.9 s");
        assert_eq!(value(1_288_490_189.0, Unit::Bytes), "1.2 GiB");
        assert_eq!(value(512.0, Unit::Bytes), "512 B");
        assert_eq!(value(120.0, Unit::PerSecond), "120/s");
        assert_eq!(value(4.82, Unit::Usd), "$4.82");
        assert_eq!(value(0.0042, Unit::Usd), "$0.0042");
        assert_eq!(value(1.0, Unit::Flag), "up");
        assert_eq!(value(0.0, Unit::Flag), "down");
        assert_eq!(value(12.0, Unit::Days), "12 d");
    }

    #[test]
    fn ages_and_durations_name_the_greatest_units() {
        assert_eq!(
            [-5_i64, 3, 59, 60, 725, 4 * 3_600, 3 * 86_400].map(age),
            ["0s", "3s", "59s", "1m", "12m", "4h", "3d"]
        );
        assert_eq!(
            [42_i64, 60, 192, 7_500, 273_600].map(duration),
            ["42 s", "1 min", "3 min 12 s", "2 h 5 min", "3 d 4 h"]
        );
    }

    #[test]
    fn times_are_utc() {
        let at = Timestamp::from_second(1_795_356_207).expect("a valid time");
        assert_eq!(clock(at), "14:03:27");
        assert_eq!(date_time(at), "2026-11-22 14:03:27");
    }

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(tasks(4, 6), "4/6 tasks");
        assert_eq!(tasks(1, 1), "1/1 task");
        assert_eq!(count(1, "target"), "1 target");
        assert_eq!(count(0_usize, "target"), "0 targets");
    }

    proptest! {
        #[test]
        fn a_number_never_takes_more_than_five_columns(value in -9.9e14..9.9e17) {
            prop_assert!(compact(value).chars().count() <= 5, "{}", compact(value));
        }

        #[test]
        fn a_value_never_takes_more_than_nine_columns(magnitude in -6.0..14.0_f64, which in 0_usize..6) {
            let unit = [Unit::Count, Unit::PerSecond, Unit::Bytes, Unit::Usd, Unit::Days, Unit::Gauge][which];
            let text = value(10_f64.powf(magnitude), unit);
            prop_assert!(text.chars().count() <= 9, "{text}");
        }

        #[test]
        fn a_nonzero_value_is_never_written_as_plain_zero(magnitude in -6.0..2.0_f64) {
            let number = 10_f64.powf(magnitude);
            prop_assert_ne!(compact(number), "0");
            prop_assert_ne!(value(number, Unit::Percent), "0.0 %");
            prop_assert_ne!(value(number, Unit::Usd), "$0.00");
        }

        #[test]
        fn a_greater_age_is_never_written_in_a_smaller_unit(a in 0_i64..10_000_000, b in 0_i64..10_000_000) {
            let rank = |s: i64| age(s).chars().last().and_then(|c| "smhd".find(c));
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(rank(low) <= rank(high));
        }
    }
}
