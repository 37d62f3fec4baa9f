//! What AWS has billed (Cost Explorer) and what it lists (Price List), asked by the ECS client like the other services of which one or
//! two requests are needed. Both answer in us-east-1 only.

use super::{
    client::Clients,
    elsewhere::{Elsewhere, Request},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::spend::{PriceQuery, PriceTier, Product, Spend, SpendLine},
};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Pages of an answer at the most: a month by day, service and kind of charge has one or two.
const PAGES: u32 = 20;

/// A page of Cost Explorer's answer (its API reference, `GetCostAndUsage`).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    results_by_time: Vec<Period>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Period {
    #[serde(rename = "TimePeriod")]
    days: Days,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    estimated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Days {
    start: Date,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    keys: Vec<String>,
    metrics: BTreeMap<String, Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Amount {
    amount: String,
    #[serde(default)]
    unit: String,
}

/// The metric that is asked for: what each line of the bill says.
const METRIC: &str = "UnblendedCost";

/// Asks Cost Explorer for each day from `from` to the one before `to`, by service and kind of charge.
///
/// # Errors
/// `Usage` for days that are none; what Cost Explorer answered; an answer that is not as its reference says.
pub(super) async fn spend(clients: &Clients, from: Date, to: Date) -> Result<Spend> {
    if from >= to {
        let what = format!("there is no day from {from} to {to}");
        return Err(Error::new(ErrorKind::Usage, what));
    }
    let mut spend = Spend::default();
    let mut token: Option<String> = None;
    loop {
        let mut body = json!({
            "TimePeriod": { "Start": from.to_string(), "End": to.to_string() },
            "Granularity": "DAILY",
            "Metrics": [METRIC],
            "GroupBy": [
                { "Type": "DIMENSION", "Key": "SERVICE" },
                { "Type": "DIMENSION", "Key": "RECORD_TYPE" },
            ],
        });
        if let Some(token) = token.take() {
            body["NextPageToken"] = token.into();
        }
        let answer = clients.cost_explorer.ask(
            &clients.ecs,
            Request {
                operation: "GetCostAndUsage",
                action: "ce:GetCostAndUsage",
                resource: "the account's costs",
                body: body.to_string(),
            },
        );
        let answer = answer.await.map_err(hinted)?;
        let page: Page = serde_json::from_slice(&answer).map_err(|e| {
            Error::new(
                ErrorKind::Service,
                format!("ce:GetCostAndUsage answered otherwise than it should: {e}"),
            )
        })?;
        spend.requests += 1;
        for period in page.results_by_time {
            lines(&mut spend.lines, period)?;
        }
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(spend);
        }
        if spend.requests >= PAGES {
            let what = format!("ce:GetCostAndUsage has more than {PAGES} pages of costs");
            return Err(Error::new(ErrorKind::Service, what)
                .hint("AWS bills each page: look at so many services in the billing console"));
        }
    }
}

fn lines(all: &mut Vec<SpendLine>, period: Period) -> Result<()> {
    for group in period.groups {
        let mut keys = group.keys.into_iter();
        let (service, kind) = (
            keys.next().unwrap_or_default(),
            keys.next().unwrap_or_default(),
        );
        let Some(told) = group.metrics.get(METRIC) else {
            continue;
        };
        let amount: f64 = told.amount.parse().map_err(|_| {
            let what = format!(
                "ce:GetCostAndUsage: `{}` of {service} is no amount",
                told.amount
            );
            Error::new(ErrorKind::Service, what)
        })?;
        all.push(SpendLine {
            day: period.days.start,
            service,
            kind: if kind.is_empty() {
                "Usage".to_owned()
            } else {
                kind
            },
            amount,
            currency: told.unit.clone(),
            estimated: period.estimated,
        });
    }
    Ok(())
}

/// What helps where Cost Explorer does not answer.
fn hinted(error: Error) -> Error {
    if error.message.contains("DataUnavailable") {
        return error
            .hint("Cost Explorer has no data of these days yet: it takes a day to begin with");
    }
    match error.kind {
        ErrorKind::Denied { .. } => error.hint(
            "it takes the permission ce:GetCostAndUsage, and Cost Explorer switched on once in the billing console",
        ),
        _ => error,
    }
}

/// A page of the Price List's answer (its API reference, `GetProducts`): each product is JSON in a string.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    #[serde(default)]
    price_list: Vec<String>,
    next_token: Option<String>,
}

/// Asks the Price List for the products that match a query.
///
/// # Errors
/// What the Price List answered; an answer that is not as its reference says.
pub(super) async fn products(clients: &Clients, query: &PriceQuery) -> Result<Vec<Product>> {
    let filters: Vec<Value> = query
        .filters
        .iter()
        .map(|(field, value)| json!({ "Type": "TERM_MATCH", "Field": field, "Value": value }))
        .collect();
    let mut products = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut body = json!({
            "ServiceCode": query.service,
            "Filters": filters,
            "FormatVersion": "aws_v1",
            "MaxResults": 100,
        });
        if let Some(token) = token.take() {
            body["NextToken"] = token.into();
        }
        let answer = clients.price_list.ask(
            &clients.ecs,
            Request {
                operation: "GetProducts",
                action: "pricing:GetProducts",
                resource: query.service,
                body: body.to_string(),
            },
        );
        let listing: Listing =
            serde_json::from_slice(&answer.await?).map_err(|e| unlike(query, &e.to_string()))?;
        for text in listing.price_list {
            let value: Value =
                serde_json::from_str(&text).map_err(|e| unlike(query, &e.to_string()))?;
            products.extend(product(query, &value)?);
        }
        token = listing.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(products);
        }
    }
}

fn unlike(query: &PriceQuery, why: &str) -> Error {
    let what = format!(
        "pricing:GetProducts of {} answered otherwise than it should: {why}",
        query.service
    );
    Error::new(ErrorKind::Service, what)
}

/// A product with its on-demand price; `None` for one that is sold on other terms only.
fn product(query: &PriceQuery, value: &Value) -> Result<Option<Product>> {
    let sku = value["product"]["sku"].as_str().unwrap_or_default();
    let texts = value["product"]["attributes"].as_object();
    let texts = texts.into_iter().flatten();
    let attributes = texts
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let terms = value["terms"]["OnDemand"].as_object();
    let Some(term) = terms.and_then(|terms| terms.values().next()) else {
        return Ok(None);
    };
    let dimensions = term["priceDimensions"].as_object();
    let mut unit = String::new();
    let mut tiers = Vec::new();
    for dimension in dimensions.into_iter().flatten().map(|(_, value)| value) {
        let figure = |field: &Value, name: &str| -> Result<f64> {
            let text = field.as_str().unwrap_or_default();
            text.parse().map_err(|_| {
                unlike(
                    query,
                    &format!("`{text}` is no {name}, in the product {sku}"),
                )
            })
        };
        if let Some(of) = dimension["unit"].as_str() {
            of.clone_into(&mut unit);
        }
        let end = &dimension["endRange"];
        tiers.push(PriceTier {
            from: figure(&dimension["beginRange"], "begin of a range")?,
            to: if end.as_str() == Some("Inf") {
                None
            } else {
                Some(figure(end, "end of a range")?)
            },
            usd: figure(&dimension["pricePerUnit"]["USD"], "price in USD")?,
        });
    }
    tiers.sort_by(|a, b| a.from.total_cmp(&b.from));
    let effective = term["effectiveDate"].as_str().unwrap_or_default();
    Ok(Some(Product {
        sku: sku.to_owned(),
        attributes,
        unit,
        tiers,
        effective: effective.get(..10).and_then(|day| day.parse().ok()),
    }))
}

impl Elsewhere {
    /// Cost Explorer, unless another endpoint is set for it (`AWS_ENDPOINT_URL_COST_EXPLORER`) or for all. It answers in us-east-1 only.
    pub(super) fn cost_explorer(set: Option<&str>) -> Self {
        let variable = "AWS_ENDPOINT_URL_COST_EXPLORER";
        Self::new(
            ("ce", "AWSInsightsIndexService"),
            variable,
            super::EDGE_REGION,
            set,
        )
    }

    /// The Price List, unless another endpoint is set for it (`AWS_ENDPOINT_URL_PRICING`) or for all.
    pub(super) fn price_list(set: Option<&str>) -> Self {
        let variable = "AWS_ENDPOINT_URL_PRICING";
        let mut list = Self::new(
            ("pricing", "AWSPriceListService"),
            variable,
            super::EDGE_REGION,
            set,
        );
        // The only service whose host begins with `api`.
        list.url = list.url.replace("https://pricing.", "https://api.pricing.");
        list
    }
}

#[cfg(test)]
mod tests;
