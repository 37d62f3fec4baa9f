//! The API meter: every AWS request this process makes and its list price.
//!
//! It counts at the wire (an SDK interceptor), not at the [`super::Cloud`] seam: pages and retries are requests too, and AWS bills
//! them. Almost every control-plane read is free; the exceptions are in [`price`].

use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Counts requests. Shared by all clients of a cloud; a lock is held for an increment only.
#[derive(Debug, Default)]
pub struct Meter {
    calls: Mutex<BTreeMap<(&'static str, &'static str), Tally>>,
}

/// Requests of one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Requests, retries included.
    pub requests: u64,
    /// Billable units: metrics requested, for GetMetricData.
    pub units: u64,
    /// US dollars at list price.
    pub usd: f64,
}

/// US dollars at list price for one request of an operation with its billable units.
///
/// - `GetMetricData`: 0.01 per 1,000 metrics requested, outside the free tier (aws.amazon.com/cloudwatch/pricing).
/// - other CloudWatch requests: 0.01 per 1,000 requests (same page; the free tier's first million is not deducted).
/// - everything else the console reads is free of charge.
#[must_use]
pub fn price(service: &str, operation: &str, units: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    match (service, operation) {
        ("cloudwatch", "GetMetricData") => units as f64 * 0.01 / 1_000.0,
        ("cloudwatch", _) => 0.01 / 1_000.0,
        _ => 0.0,
    }
}

impl Meter {
    /// Counts one request. `units` are the billable units of the operation, 1 where it has none.
    pub fn record(&self, service: &'static str, operation: &'static str, units: u64) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = calls.entry((service, operation)).or_default();
        tally.requests += 1;
        tally.units += units;
        tally.usd += price(service, operation, units);
    }

    /// Copies the counts by service and operation.
    #[must_use]
    pub fn by_operation(&self) -> BTreeMap<(&'static str, &'static str), Tally> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sums up all requests.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.by_operation()
            .values()
            .fold(Tally::default(), |sum, t| Tally {
                requests: sum.requests + t.requests,
                units: sum.units + t.units,
                usd: sum.usd + t.usd,
            })
    }
}
