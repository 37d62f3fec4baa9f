//! When each part of the environment is read again.
//!
//! The intervals keep a watched environment of two services under 0.03 USD an hour: of the reads only CloudWatch's cost money
//! (GetMetricData 0.01 USD per 1,000 metrics, its other requests 0.01 USD per 1,000), so those come once a minute. ECS and target
//! health are free and change fastest; their token buckets refill 20 times a second (ECS request throttling page).

use crate::model::Tier;
use jiff::{SignedDuration, Timestamp};

/// Seconds without a key after which polling slows down.
pub const IDLE_AFTER: i64 = 300;

/// By how much polling slows down when idle.
pub const IDLE_FACTOR: i64 = 4;

/// Seconds between two metric queries; CloudWatch publishes once a minute.
pub const METRICS: i64 = 60;

/// Seconds between two reads of what costs are computed from: hourly metrics, and what is stored.
pub const USAGE: i64 = 3_600;

/// Seconds between two looks at the caller's identity.
pub const IDENTITY: i64 = 300;

/// Seconds between two looks at the container engine of this machine, while its images are on screen.
pub const BENCH: i64 = 10;

/// Seconds between two reads of `tier` while somebody looks.
#[must_use]
pub const fn interval(tier: Tier) -> i64 {
    match tier {
        Tier::Ecs | Tier::Alb => 10,
        Tier::Rds | Tier::Alarms | Tier::CloudFront | Tier::Waf | Tier::Route53 => 60,
        Tier::Network => 120,
        Tier::Images => 300,
    }
}

/// How fast polling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Somebody is at the keys.
    #[default]
    Watched,
    /// Nobody pressed a key for [`IDLE_AFTER`] seconds.
    Idle,
}

impl Pace {
    /// The pace after so many seconds without a key.
    #[must_use]
    pub const fn after(quiet: i64) -> Self {
        if quiet >= IDLE_AFTER {
            Self::Idle
        } else {
            Self::Watched
        }
    }

    /// Stretches an interval of seconds.
    #[must_use]
    pub const fn stretch(self, seconds: i64) -> i64 {
        match self {
            Self::Watched => seconds,
            Self::Idle => seconds * IDLE_FACTOR,
        }
    }
}

/// When something was last asked for and how often it wants to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Due {
    last: Option<Timestamp>,
}

impl Due {
    /// Whether `seconds` have passed since the last time; if so, `now` becomes the last time.
    pub fn take(&mut self, now: Timestamp, seconds: i64) -> bool {
        let due = self.last.is_none_or(|last| {
            // A clock that was set back, as when switching to the demo, must not stop the reading.
            now < last || now.duration_since(last) >= SignedDuration::from_secs(seconds)
        });
        if due {
            self.last = Some(now);
        }
        due
    }

    /// Makes the next [`Due::take`] succeed.
    pub const fn at_once(&mut self) {
        self.last = None;
    }
}
