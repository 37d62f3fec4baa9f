//! Visitors: how many requests of which kind arrive at the edge.
//!
//! The rate follows a daily curve (quiet at 03:30, busy at 15:30 UTC), the weekday and slow noise. On top come bulk uploads, for some
//! minutes at a time and mostly in office hours, and bots, which neither sleep nor keep office hours.

use super::{
    dice::{Dice, Drift},
    scenario::Conditions,
};

/// Requests a second at the height of an ordinary Wednesday.
const PEAK: f64 = 52.0;
/// Factor by day of the week, Monday first.
const WEEK: [f64; 7] = [1.0, 1.03, 1.0, 0.99, 0.93, 0.56, 0.5];
/// Bulk uploads begun in an hour at the height of the day.
const UPLOADS_AN_HOUR: f64 = 0.55;

/// Requests that arrived at the edge in a step, whole numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Arrivals {
    /// Static files of the application.
    pub pages: f64,
    /// API reads, which the edge may keep for some seconds.
    pub reads: f64,
    /// API writes and personal reads, never cached.
    pub writes: f64,
    /// Parts of bulk uploads.
    pub uploads: f64,
    /// Scanners and scrapers.
    pub bots: f64,
}

impl Arrivals {
    /// All requests.
    pub fn total(&self) -> f64 {
        self.pages + self.reads + self.writes + self.uploads + self.bots
    }
}

/// A bulk upload under way.
#[derive(Debug, Clone)]
struct Upload {
    starts: i64,
    ends: i64,
    /// Requests a second.
    rate: f64,
}

impl Upload {
    /// The rate at `at`: it takes three minutes to get going.
    fn rate(&self, at: i64) -> f64 {
        self.rate * ((at - self.starts) as f64 / 180.0).clamp(0.0, 1.0)
    }
}

/// The source of all requests.
#[derive(Debug, Clone)]
pub struct Traffic {
    dice: Dice,
    crowd: Drift,
    mix: Drift,
    scan: Drift,
    upload: Option<Upload>,
}

impl Traffic {
    /// Opens the doors.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::of(seed, "traffic"),
            crowd: Drift::new(0.05, 420.0),
            mix: Drift::new(0.026, 900.0),
            scan: Drift::new(0.9, 240.0),
            upload: None,
        }
    }

    /// Draws the arrivals of the `seconds` that end at `at`.
    pub fn step(&mut self, at: i64, seconds: f64, conditions: &Conditions) -> Arrivals {
        let dice = &mut self.dice;
        let crowd = self.crowd.step(seconds, dice).exp();
        let mix = self.mix.step(seconds, dice);
        let scan = self.scan.step(seconds, dice).exp();
        let level = daily(at);
        if self.upload.as_ref().is_none_or(|upload| upload.ends <= at) {
            let begins = dice.unit() < UPLOADS_AN_HOUR * level * seconds / 3_600.0;
            self.upload = begins.then(|| Upload {
                starts: at,
                ends: at + dice.seconds(420, 960),
                rate: dice.between(0.8, 1.6) * (0.05 + 0.95 * level * level),
            });
        }
        let uploads = self.upload.as_ref().map_or(0.0, |upload| upload.rate(at));
        let rate = PEAK * level * weekly(at) * crowd * conditions.visitors * seconds;
        Arrivals {
            pages: dice.arrivals(rate * (0.54 - mix)),
            reads: dice.arrivals(rate * 0.21),
            writes: dice.arrivals(rate * (0.25 + mix)),
            uploads: dice.arrivals(uploads * conditions.visitors * seconds),
            bots: dice.arrivals(0.17 * scan * seconds),
        }
    }
}

/// The daily curve, 0.14 at its lowest and 1 at its height.
pub fn daily(at: i64) -> f64 {
    let hour = at.rem_euclid(86_400) as f64 / 3_600.0;
    let swing = 0.5 - 0.5 * ((hour - 3.5) / 24.0 * std::f64::consts::TAU).cos();
    0.14 + 0.86 * swing.powf(1.3)
}

/// The weekday's factor. 1970-01-01 was a Thursday.
fn weekly(at: i64) -> f64 {
    WEEK[(at.div_euclid(86_400) + 3).rem_euclid(7) as usize]
}
