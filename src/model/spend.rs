//! What AWS has billed, and what it lists: answers of Cost Explorer and of the Price List.

use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the account has spent over some days, as Cost Explorer tells it: late by up to a day, and corrected until the bill is final.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Spend {
    /// By day, service and kind.
    pub lines: Vec<SpendLine>,
    /// Requests that the answer took, each billed: a page is a request.
    pub requests: u32,
}

/// What one service was billed on one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpendLine {
    /// The day, UTC.
    pub day: Date,
    /// The service as bills name it: `Amazon Elastic Container Service`.
    pub service: String,
    /// `Usage`, `Tax`, `Credit`, `Refund`, `SavingsPlanCoveredUsage`, ... (Cost Explorer, dimension `RECORD_TYPE`).
    pub kind: String,
    /// Unblended cost. Credits and refunds are negative.
    pub amount: f64,
    /// `USD`.
    pub currency: String,
    /// Whether the day is still being added up.
    pub estimated: bool,
}

/// What is asked of the Price List: products of a service that have these attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriceQuery {
    /// `AmazonECS`.
    pub service: &'static str,
    /// Attribute and value; all of them must match.
    pub filters: Vec<(&'static str, String)>,
}

/// A product with its on-demand price.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Product {
    /// SKU.
    pub sku: String,
    /// `usagetype`, `regionCode`, `instanceType`, ...
    pub attributes: BTreeMap<String, String>,
    /// What a price is of: `Hrs`, `GB-Mo`, `Quantity`, ...
    pub unit: String,
    /// By rising quantity.
    pub tiers: Vec<PriceTier>,
    /// When the price came into effect.
    pub effective: Option<Date>,
}

/// The price of a part of what is used in a month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriceTier {
    /// From this quantity on.
    pub from: f64,
    /// Up to this one; `None` is without end.
    pub to: Option<f64>,
    /// USD a unit.
    pub usd: f64,
}
