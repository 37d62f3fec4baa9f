//! What has been observed of an environment so far: per tier the last good data, its age, and the newest failure beside it.

use crate::{
    engine::workshop::{Bench, Held},
    error::{Error, ErrorKind},
    format,
    model::{
        Snapshot, Tier,
        alarm::Alarms,
        balancer::Balancer,
        compute::Compute,
        database::Database,
        edge::{Cdn, Dns, Waf},
        identity::Identity,
        image::Images,
        ledger::Ledger,
        metric::Metrics,
        network::Network,
    },
    poll,
};
use jiff::Timestamp;
use std::sync::Arc;

/// Seconds after the end of their last period until which metrics tell the present: what an idle console waits between two reads, and
/// a minute each for the alignment of the window and for a slow answer.
const METRICS_LAST: i64 = poll::METRICS * poll::IDLE_FACTOR + 120;

/// A value that is read again and again. A failed read keeps the last good value and says so; nothing is silently stale.
#[derive(Debug, Clone)]
pub struct Observed<T> {
    /// The last good value.
    pub value: Option<T>,
    /// When it was read.
    pub fetched_at: Option<Timestamp>,
    /// The newest failure, if it is newer than the value.
    pub error: Option<Error>,
    /// Whether a read is under way.
    pub in_flight: bool,
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self {
            value: None,
            fetched_at: None,
            error: None,
            in_flight: false,
        }
    }
}

impl<T> Observed<T> {
    /// Takes the result of a read that ended at `now`.
    pub fn settle(&mut self, result: Result<T, Error>, now: Timestamp) {
        self.in_flight = false;
        match result {
            Ok(value) => {
                self.value = Some(value);
                self.fetched_at = Some(now);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Seconds since the value was read.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<i64> {
        self.fetched_at
            .map(|at| (now.as_second() - at.as_second()).max(0))
    }
}

/// Why metrics say nothing of the present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// No answer was awaited long enough yet.
    Loading,
    /// They could not be read.
    Failed(ErrorKind),
    /// The newest ended so many seconds ago.
    Old(i64),
    /// CloudWatch answered, but not for all that was asked.
    Incomplete,
}

impl Unread {
    /// In one or two words, for a badge: `denied`, `12m old`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Loading => "loading".to_owned(),
            Self::Failed(kind) => kind.label().to_owned(),
            Self::Old(age) => format!("{} old", format::age(*age)),
            Self::Incomplete => "incomplete".to_owned(),
        }
    }
}

/// Everything observed of one environment.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// By [`Tier::index`].
    pub tiers: [Observed<Snapshot>; Tier::ALL.len()],
    /// Series over the console's window.
    pub metrics: Observed<Arc<Metrics>>,
    /// Hourly series of what is billed by use, since the month began and over the last week at least.
    pub usage: Observed<Arc<Metrics>>,
    /// What is billed and shown by no tier.
    pub ledger: Observed<Arc<Ledger>>,
    /// Who the caller is.
    pub identity: Observed<Identity>,
    /// What is in the workshop of this machine.
    pub bench: Observed<Arc<Bench>>,
}

/// Writes the typed accessor of a tier.
macro_rules! typed {
    ($name:ident, $variant:ident, $type:ty, $tier:ident) => {
        /// The tier's last good data.
        #[must_use]
        pub fn $name(&self) -> Option<&$type> {
            match self.tier(Tier::$tier).value.as_ref()? {
                Snapshot::$variant(value) => Some(value),
                _ => None,
            }
        }
    };
}

impl Observations {
    /// What the container engine of this machine is and holds, where there is one.
    #[must_use]
    pub fn engine(&self) -> Option<&Held> {
        self.bench.value.as_ref()?.engine.as_ref().ok()
    }

    /// What was observed of `tier`.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> &Observed<Snapshot> {
        &self.tiers[tier.index()]
    }

    /// The same, to be changed.
    pub fn tier_mut(&mut self, tier: Tier) -> &mut Observed<Snapshot> {
        &mut self.tiers[tier.index()]
    }

    /// The metrics, as far as they tell the present.
    ///
    /// # Errors
    /// Why they do not: not read yet, not readable, or too old.
    pub fn current_metrics(&self, now: Timestamp) -> Result<&Metrics, Unread> {
        let Some(known) = &self.metrics.value else {
            let failed = self.metrics.error.as_ref();
            return Err(failed.map_or(Unread::Loading, |e| Unread::Failed(e.kind.clone())));
        };
        match now.as_second() - known.window.to.as_second() {
            age if age > METRICS_LAST => Err(Unread::Old(age)),
            _ => Ok(known),
        }
    }

    /// What is to be told of the metrics: that they could not be read, that they are old, or what CloudWatch said beside an answer
    /// (throttled, a part only, a region that is silent).
    #[must_use]
    pub fn metrics_error(&self, now: Timestamp) -> Option<Error> {
        if let Some(error) = &self.metrics.error {
            return Some(error.clone());
        }
        match self.current_metrics(now) {
            Err(Unread::Old(age)) => Some(Error::new(
                ErrorKind::Unreachable,
                format!("the newest metrics are {} old", format::age(age)),
            )),
            Ok(known) => known.complaint(),
            Err(_) => None,
        }
    }

    typed!(dns, Dns, Dns, Route53);
    typed!(cdn, Cdn, Cdn, CloudFront);
    typed!(waf, Waf, Waf, Waf);
    typed!(balancer, Balancer, Balancer, Alb);
    typed!(compute, Compute, Compute, Ecs);
    typed!(database, Database, Database, Rds);
    typed!(images, Images, Images, Images);
    typed!(alarms, Alarms, Alarms, Alarms);
    typed!(network, Network, Network, Network);
}
