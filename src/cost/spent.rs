//! What was billed beside what was estimated for the same days, and what explains the difference.
//!
//! Cost Explorer tells an account's costs by service and kind of charge. What the environment's estimate has for a service is set beside
//! its usage there. Taxes, credits and refunds are no usage; a service that the estimate does not have is somebody else's, or something
//! of the environment that the estimate leaves out, which it names as unknown.

use super::{Book, Look, Span, estimate::by_service, inventory};
use crate::{
    format,
    model::{environment::Environment, spend::Spend},
    observe::Observations,
    op::usd,
};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeMap;

/// Kinds of charge that are usage (Cost Explorer, dimension `RECORD_TYPE`).
const USAGE: [&str; 3] = ["Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"];

/// Part of the greater of both sums up to which a difference needs no explanation.
const CLOSE: f64 = 0.05;

/// What was billed over some days, beside the estimate for them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Billed {
    /// First day.
    pub from: Date,
    /// The day after the last one.
    pub to: Date,
    /// When Cost Explorer was asked.
    pub asked_at: Timestamp,
    /// Requests that it took, each billed with $0.01.
    pub requests: u32,
    /// USD of each day.
    pub by_day: Vec<(Date, f64)>,
    /// By service, the dearest first.
    pub services: Vec<ServiceBill>,
    /// Charges that are no usage: kind and USD.
    pub others: Vec<(String, f64)>,
    /// USD in all.
    pub total: f64,
    /// USD that the environment was estimated to come to in these days.
    pub estimated: f64,
    /// What explains the difference, one sentence each.
    pub explained: Vec<String>,
}

/// What a service was billed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceBill {
    /// As bills name it.
    pub service: String,
    /// USD of usage.
    pub billed: f64,
    /// USD that was estimated; `None` for a service that the environment's estimate does not have.
    pub estimated: Option<f64>,
}

/// The days that are asked for: whole ones, since the month began, and the last week at least.
#[must_use]
pub fn days(now: Timestamp) -> (Date, Date) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let week = today.checked_sub(7.days()).unwrap_or(today);
    (today.first_of_month().min(week), today)
}

/// Sets what was billed beside what was estimated.
#[must_use]
pub fn billed(
    environment: &Environment,
    seen: &Observations,
    book: &Book,
    spend: &Spend,
    now: Timestamp,
) -> Billed {
    let (from, to) = days(now);
    let estimate = estimated(environment, seen, book, (from, to));
    let mut services: BTreeMap<&str, f64> = BTreeMap::new();
    let mut others: BTreeMap<&str, f64> = BTreeMap::new();
    let mut by_day: BTreeMap<Date, f64> = BTreeMap::new();
    for line in &spend.lines {
        *by_day.entry(line.day).or_default() += line.amount;
        let sum = if USAGE.contains(&line.kind.as_str()) {
            services.entry(&line.service).or_default()
        } else {
            others.entry(&line.kind).or_default()
        };
        *sum += line.amount;
    }
    for service in estimate.keys() {
        services.entry(service).or_default();
    }
    let mut bills: Vec<ServiceBill> = services
        .into_iter()
        .map(|(service, billed)| ServiceBill {
            service: service.to_owned(),
            billed,
            estimated: estimate.get(service).copied(),
        })
        .collect();
    bills.sort_by(|a, b| b.billed.total_cmp(&a.billed));
    let others: Vec<(String, f64)> = others
        .into_iter()
        .map(|(kind, usd)| (kind.to_owned(), usd))
        .collect();
    let total = spend.lines.iter().map(|line| line.amount).sum();
    Billed {
        from,
        to,
        asked_at: now,
        requests: spend.requests,
        by_day: by_day.into_iter().collect(),
        explained: explained(&bills, &others),
        services: bills,
        others,
        total,
        estimated: estimate.values().sum(),
    }
}

/// What the environment is estimated to have come to, by service as bills name it.
fn estimated(
    environment: &Environment,
    seen: &Observations,
    book: &Book,
    (from, to): (Date, Date),
) -> BTreeMap<&'static str, f64> {
    let window = seen.usage.value.as_ref().map(|usage| usage.window);
    let at = |day: Date| day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    let range = window.and_then(|window| {
        let start = window.index(at(from).ok()?).unwrap_or(0);
        let end = window.index(at(to).ok()?).unwrap_or(window.len());
        (start < end).then_some(start..end)
    });
    let look = range.map_or(Look::Now, |range| Look::Hours(range, "these days"));
    let days = f64::from((to - from).get_days());
    let span = Span {
        hours: days * 24.0,
        month: f64::from(from.days_in_month()) * 24.0,
    };
    by_service(book, &inventory(environment, seen, &look), span)
}

/// What explains the difference.
fn explained(services: &[ServiceBill], others: &[(String, f64)]) -> Vec<String> {
    let mut why = Vec::new();
    for (kind, amount) in others {
        let word = match kind.as_str() {
            "Tax" => "tax, which no estimate has",
            "Credit" => "credits, which no estimate has",
            "Refund" => "refunds",
            _ => "charges of this kind are no usage",
        };
        why.push(format!("{kind}: {} of {word}", usd(*amount)));
    }
    let outside: Vec<&ServiceBill> = services
        .iter()
        .filter(|bill| bill.estimated.is_none() && bill.billed.abs() >= 0.005)
        .collect();
    if !outside.is_empty() {
        let sum: f64 = outside.iter().map(|bill| bill.billed).sum();
        let names: Vec<&str> = outside.iter().map(|bill| bill.service.as_str()).collect();
        why.push(format!(
            "{} of services outside the environment: {}",
            usd(sum),
            names.join(", ")
        ));
    }
    for bill in services {
        let Some(estimate) = bill.estimated else {
            continue;
        };
        let difference = bill.billed - estimate;
        let most = bill.billed.abs().max(estimate);
        if difference.abs() < 0.01 || difference.abs() <= most * CLOSE {
            continue;
        }
        let word = if difference > 0.0 {
            "more than estimated: free units used up elsewhere, other resources of the account, or what the estimate does not know"
        } else {
            "less than estimated: free units, discounts, or something that was made later"
        };
        why.push(format!(
            "{}: {} {word}",
            bill.service,
            usd(difference.abs())
        ));
    }
    why
}

impl Billed {
    /// In a few words: `$91.20 for 17 days, estimated $88.10`.
    #[must_use]
    pub fn words(&self) -> String {
        let days = (self.to - self.from).get_days();
        format!(
            "{} for {} to {}, estimated {}",
            usd(self.total),
            format::count(days, "day"),
            self.to.yesterday().unwrap_or(self.to),
            usd(self.estimated)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(service: &str, billed: f64, estimated: Option<f64>) -> ServiceBill {
        ServiceBill {
            service: service.to_owned(),
            billed,
            estimated,
        }
    }

    #[test]
    fn differences_are_explained_where_they_can_be_and_closeness_needs_no_word() {
        let services = [
            bill("Amazon Elastic Container Service", 51.0, Some(50.0)),
            bill("Amazon Relational Database Service", 20.0, Some(30.0)),
            bill("AWS Lambda", 4.0, None),
        ];
        let others = [("Tax".to_owned(), 9.5), ("Credit".to_owned(), -20.0)];
        assert_eq!(
            explained(&services, &others),
            [
                "Tax: $9.50 of tax, which no estimate has",
                "Credit: -$20.00 of credits, which no estimate has",
                "$4.00 of services outside the environment: AWS Lambda",
                "Amazon Relational Database Service: $10.00 less than estimated: free units, discounts, or something that was made later",
            ]
        );
    }

    #[test]
    fn whole_days_are_asked_for_and_a_week_at_least() {
        let days = |at: &str| {
            let at: Timestamp = at.parse().expect("a time");
            let (from, to) = super::days(at);
            format!("{from} {to}")
        };
        assert_eq!(days("2026-11-18T13:30:00Z"), "2026-11-01 2026-11-18");
        assert_eq!(days("2026-12-01T00:10:00Z"), "2026-11-24 2026-12-01");
        assert_eq!(days("2026-03-05T10:00:00Z"), "2026-02-26 2026-03-05");
    }
}
