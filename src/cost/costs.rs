//! Everything that is said of an environment's costs at one moment: what the screen, the report and the budget's finding share.

use super::{
    Book, Estimate, HOURS, Inventory, Look, Month, Span, Waste, estimate, inventory, month, total,
    waste,
};
use crate::{
    model::{
        Snapshot, Tier, database::Database, environment::Environment, ledger::Ledger,
        metric::Metrics,
    },
    observe::Observations,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use std::sync::Arc;

/// Days after which prices are called old.
pub const OLD_PRICES: i64 = 180;

/// The costs of an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// What is billed now.
    pub inventory: Inventory,
    /// What it costs.
    pub now: Estimate,
    /// USD a month with the fewest tasks and without a visitor.
    pub floor: f64,
    /// USD a month with as many tasks as autoscaling may start, each as busy as now.
    pub ceiling: f64,
    /// The calendar month; `None` before its metrics are read.
    pub month: Option<Month>,
    /// What is paid for and not needed.
    pub waste: Vec<Waste>,
    /// What is to be known of the figures: old prices, a region without any.
    pub notes: Vec<String>,
    inputs: Inputs,
}

/// What the month and the waste come from, besides the inventory.
#[derive(Debug, Clone)]
struct Inputs {
    usage: Option<Arc<Metrics>>,
    ledger: Option<Arc<Ledger>>,
    database: Option<Arc<Database>>,
    /// The month goes on by the minute.
    minute: i64,
}

impl Inputs {
    fn of(seen: &Observations, now: Timestamp) -> Self {
        Self {
            usage: seen.usage.value.clone(),
            ledger: seen.ledger.value.clone(),
            database: match &seen.tier(Tier::Rds).value {
                Some(Snapshot::Database(database)) => Some(Arc::clone(database)),
                _ => None,
            },
            minute: now.as_second().div_euclid(60),
        }
    }
}

impl PartialEq for Inputs {
    /// Whether they are the very same answers: what was read anew may differ.
    fn eq(&self, other: &Self) -> bool {
        fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        }
        self.minute == other.minute
            && same(self.usage.as_ref(), other.usage.as_ref())
            && same(self.ledger.as_ref(), other.ledger.as_ref())
            && same(self.database.as_ref(), other.database.as_ref())
    }
}

impl Costs {
    /// Computes all of it.
    #[must_use]
    pub fn of(environment: &Environment, seen: &Observations, book: &Book, now: Timestamp) -> Self {
        Self::again(None, environment, seen, book, now)
    }

    /// The same, taking from what was computed before what cannot have changed: an equal inventory costs as much as before.
    #[must_use]
    pub fn again(
        before: Option<&Self>,
        environment: &Environment,
        seen: &Observations,
        book: &Book,
        now: Timestamp,
    ) -> Self {
        let inventory = inventory(environment, seen, &Look::Now);
        let inputs = Inputs::of(seen, now);
        if let Some(before) = before
            && before.inventory == inventory
            && before.inputs == inputs
        {
            return Self {
                notes: notes(environment, book, &before.now, now),
                ..before.clone()
            };
        }
        let (estimate, floor, ceiling) = match before {
            Some(before) if before.inventory == inventory => {
                (before.now.clone(), before.floor, before.ceiling)
            }
            _ => (
                estimate(book, &inventory),
                total(book, &inventory.floor(), Span::MONTH),
                total(book, &inventory.ceiling(), Span::MONTH),
            ),
        };
        Self {
            month: month(environment, seen, book, now),
            waste: waste(environment, seen, &inventory, book, now),
            notes: notes(environment, book, &estimate, now),
            inventory,
            now: estimate,
            floor,
            ceiling,
            inputs,
        }
    }

    /// USD a day.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        self.now.per_month / HOURS * 24.0
    }
}

/// What is to be known of the prices.
fn notes(
    environment: &Environment,
    book: &Book,
    estimate: &Estimate,
    now: Timestamp,
) -> Vec<String> {
    let mut notes = Vec::new();
    let region = &environment.region;
    if region.is_empty() {
        notes.push("the region is not known: what has a price by region is left out".to_owned());
    } else if !book.knows(region) {
        notes.push(format!(
            "the price book has no prices of {region}: only what costs the same everywhere is part of the sums"
        ));
    }
    if let Some(as_of) = estimate.prices_as_of.or(book.as_of()) {
        let age = age(as_of, now);
        if age > OLD_PRICES {
            notes.push(format!(
                "prices are of {as_of}, {age} days old: `hydren cost --refresh` asks the AWS Price List"
            ));
        }
    }
    notes
}

/// Days since a date; 0 for one to come.
#[must_use]
pub fn age(as_of: Date, now: Timestamp) -> i64 {
    let today = now.to_zoned(TimeZone::UTC).date();
    i64::from((today - as_of).get_days()).max(0)
}

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Supposed {
    /// The changes, as they are written.
    pub changes: Vec<String>,
    /// USD a month then.
    pub per_month: f64,
    /// USD a month more than now.
    pub delta: f64,
    /// What no sum holds then.
    pub unknown: Vec<super::Unknown>,
}

/// What `inventory` would come to after changes, one after the other.
///
/// # Errors
/// A change that cannot be: no such service, no database.
pub fn suppose(
    book: &Book,
    inventory: &Inventory,
    changes: &[super::Change],
) -> crate::error::Result<Supposed> {
    let mut then = inventory.clone();
    for change in changes {
        then = then.changed(change)?;
    }
    let after = estimate(book, &then);
    Ok(Supposed {
        changes: changes.iter().map(ToString::to_string).collect(),
        delta: after.per_month - total(book, inventory, Span::MONTH),
        per_month: after.per_month,
        unknown: after.unknown,
    })
}

#[cfg(test)]
mod tests;
