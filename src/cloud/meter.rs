//! The API meter: every AWS request this process makes and its list price.
//!
//! It counts at the wire (an SDK interceptor), not at the [`super::Cloud`] seam: pages and retries are requests too, and AWS bills
//! them. Almost every control-plane read is free; the exceptions are in [`price`] and [`scan_price`]. What is billed while it goes on
//! or when it is done, and not by the request, comes by [`Meter::spend`].

use crate::cost::Book;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Requests by service and operation.
pub type Calls = BTreeMap<(&'static str, &'static str), Tally>;

/// Counts requests. Shared by all clients of a cloud; a lock is held for an increment only.
#[derive(Debug, Default)]
pub struct Meter {
    calls: Mutex<Calls>,
}

/// Requests of one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Requests, retries included.
    pub requests: u64,
    /// Billable units: metrics requested, for GetMetricData; minutes begun, for StartLiveTail; bytes scanned, for StartQuery.
    pub units: u64,
    /// US dollars at list price.
    pub usd: f64,
}

/// US dollars at list price for one request of an operation with its billable units.
///
/// - `GetMetricData`: 0.01 per 1,000 metrics requested, outside the free tier (aws.amazon.com/cloudwatch/pricing).
/// - other CloudWatch requests: 0.01 per 1,000 requests (same page; the free tier's first million is not deducted).
/// - `StartLiveTail`: 0.01 a minute of a session, in every region (same page; the 1,800 minutes a month that are free are not deducted).
/// - Secrets Manager: 0.05 per 10,000 requests (aws.amazon.com/secrets-manager/pricing).
/// - Cost Explorer: 0.01 a request, a page being one (aws.amazon.com/aws-cost-management/aws-cost-explorer/faqs).
/// - everything else the console reads is free of charge by the request; what a query scans costs [`scan_price`].
#[must_use]
pub fn price(service: &str, operation: &str, units: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    match (service, operation) {
        ("cloudwatch", "GetMetricData") => units as f64 * 0.01 / 1_000.0,
        ("cloudwatch", _) => 0.01 / 1_000.0,
        ("ce", _) => 0.01,
        ("secretsmanager", _) => 0.05 / 10_000.0,
        ("logs", "StartLiveTail") => units as f64 * LIVE_TAIL_MINUTE,
        _ => 0.0,
    }
}

/// US dollars at list price for a minute of Live Tail (aws.amazon.com/cloudwatch/pricing).
pub const LIVE_TAIL_MINUTE: f64 = 0.01;

/// US dollars at list price for a gigabyte that Logs Insights scans in `region`, of the price book. For a region that it does not list, the
/// dearest of those that it does: a bill is not to be higher than what was said.
#[must_use]
pub fn scan_price(region: &str) -> f64 {
    let book = Book::embedded();
    let of = |region: &str| {
        book.price("cloudwatch.logs.insights_gb_scanned", region)
            .ok()
    };
    of(region).unwrap_or_else(|| {
        let all = book.regions().into_iter().filter_map(of);
        all.fold(0.0, f64::max)
    })
}

/// US dollars at list price for so many bytes that Logs Insights scans in `region`. The price list does not say whether its gigabyte
/// has 10⁹ bytes or 2³⁰; the smaller one is taken, so that no bill is higher.
#[must_use]
pub fn scan_cost(region: &str, bytes: f64) -> f64 {
    bytes / 1e9 * scan_price(region)
}

/// Writes what so many bytes that Logs Insights scans in `region` cost: `$0.0042`.
#[must_use]
pub fn scan_bill(region: &str, bytes: f64) -> String {
    match scan_cost(region, bytes) {
        usd if usd > 0.0 && usd < 0.0001 => "less than $0.0001".to_owned(),
        usd => format!("${usd:.4}"),
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

    /// Counts units of an operation that are billed after its request, and what they cost in US dollars.
    pub fn spend(&self, service: &'static str, operation: &'static str, units: u64, usd: f64) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = calls.entry((service, operation)).or_default();
        tally.units += units;
        tally.usd += usd;
    }

    /// Copies the counts by service and operation.
    #[must_use]
    pub fn by_operation(&self) -> Calls {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_bytes_are_billed_beside_the_requests() {
        let meter = Meter::default();
        meter.record("logs", "StartLiveTail", 0);
        meter.spend(
            "logs",
            "StartLiveTail",
            3,
            price("logs", "StartLiveTail", 3),
        );
        meter.record("logs", "StartQuery", 0);
        meter.spend(
            "logs",
            "StartQuery",
            2_000_000_000,
            scan_cost("us-east-1", 2e9),
        );
        let total = meter.total();
        assert_eq!(total.requests, 2);
        assert!((total.usd - 0.04).abs() < 1e-12, "{total:?}");
    }

    #[test]
    fn a_region_without_a_known_price_is_not_taken_for_a_cheap_one() {
        assert!(scan_price("sa-east-1") >= scan_price("ap-northeast-1"));
    }
}
