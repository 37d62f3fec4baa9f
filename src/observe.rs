//! What has been observed of an environment so far: per tier the last good data, its age, and the newest failure beside it.

use crate::{
    error::Error,
    model::{
        Snapshot, Tier,
        alarm::Alarms,
        balancer::Balancer,
        compute::Compute,
        database::Database,
        edge::{Cdn, Dns, Waf},
        identity::Identity,
        image::Images,
        metric::Metrics,
        network::Network,
    },
};
use jiff::Timestamp;
use std::sync::Arc;

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

/// Everything observed of one environment.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// By [`Tier::index`].
    pub tiers: [Observed<Snapshot>; Tier::ALL.len()],
    /// Series over the console's window.
    pub metrics: Observed<Arc<Metrics>>,
    /// Who the caller is.
    pub identity: Observed<Identity>,
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
    /// What was observed of `tier`.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> &Observed<Snapshot> {
        &self.tiers[tier.index()]
    }

    /// The same, to be changed.
    pub fn tier_mut(&mut self, tier: Tier) -> &mut Observed<Snapshot> {
        &mut self.tiers[tier.index()]
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
