//! `hydren cost`: what the environment costs, line by line, with what is known of the month, of waste, and of what would be.

use super::{
    SCHEMA, json,
    table::{safe, table},
};
use crate::{
    cli::{CostOutput, Output},
    cloud::meter::Tally,
    cost::{Billed, Costs, FreeTier, Item, Supposed, Unknown, Waste},
    error::{Error, ErrorKind, Result},
    format,
    model::environment::Environment,
    op::{self, usd},
    text::neutral,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use std::fmt::Write as _;

/// What is printed.
pub struct Report<'a> {
    /// Environment.
    pub environment: &'a Environment,
    /// Its costs.
    pub costs: &'a Costs,
    /// What was asked of what would be.
    pub supposed: Option<&'a Supposed>,
    /// What Cost Explorer said, where it was asked.
    pub billed: Option<&'a Billed>,
    /// The present.
    pub now: Timestamp,
    /// What asking AWS has cost.
    pub api: Tally,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    environment: &'a str,
    region: &'a str,
    generated_at: Timestamp,
    currency: &'static str,
    per_hour: f64,
    per_month: f64,
    floor_per_month: f64,
    ceiling_per_month: f64,
    free_tier: crate::cost::FreeTier,
    items: Vec<Item>,
    unknown: &'a [Unknown],
    prices_as_of: Option<Date>,
    month: Option<MonthDocument>,
    waste: &'a [Waste],
    what_if: Option<&'a Supposed>,
    actual: Option<&'a Billed>,
    notes: &'a [String],
    api: Tally,
}

#[derive(Serialize)]
struct MonthDocument {
    first: Date,
    hours: f64,
    passed_hours: f64,
    so_far: f64,
    by_day: Vec<f64>,
    projection: f64,
    projection_from_last_day: f64,
    budget: Option<u32>,
}

/// USD to a millionth: more is noise of the arithmetic, and would differ where it is added up in another order.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

impl Report<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// A document that cannot be written.
    pub fn print(&self, output: CostOutput) -> Result<String> {
        match output {
            CostOutput::Json => self.json(),
            CostOutput::Csv => self.csv(),
            CostOutput::Table | CostOutput::Markdown => Ok(self.text(output)),
        }
    }

    /// The items with their sums rounded: what is added up of them is the total.
    fn items(&self) -> Vec<Item> {
        let items = self.costs.now.items.iter().cloned();
        items
            .map(|item| Item {
                quantity: rounded(item.quantity),
                per_hour: rounded(item.per_hour),
                per_month: rounded(item.per_month),
                ..item
            })
            .collect()
    }

    fn json(&self) -> Result<String> {
        let costs = self.costs;
        let items = self.items();
        let sum = |of: fn(&Item) -> f64| rounded(items.iter().map(of).sum());
        json(&Document {
            schema: SCHEMA,
            environment: &self.environment.name,
            region: &self.environment.region,
            generated_at: self.now,
            currency: "USD",
            per_hour: sum(|item| item.per_hour),
            per_month: sum(|item| item.per_month),
            floor_per_month: rounded(costs.floor),
            ceiling_per_month: rounded(costs.ceiling),
            free_tier: costs.inventory.free_tier,
            unknown: &costs.now.unknown,
            prices_as_of: costs.now.prices_as_of,
            month: costs.month.as_ref().map(|month| MonthDocument {
                first: month.first,
                hours: month.hours,
                passed_hours: rounded(month.passed),
                so_far: rounded(month.now()),
                by_day: month.so_far.iter().copied().map(rounded).collect(),
                projection: rounded(month.projection()),
                projection_from_last_day: rounded(month.by_day),
                budget: self.environment.cost.budget,
            }),
            waste: &costs.waste,
            what_if: self.supposed,
            actual: self.billed,
            notes: &costs.notes,
            api: self.api,
            items,
        })
    }

    /// Items, one a record, for spreadsheets.
    fn csv(&self) -> Result<String> {
        let broken = |e: csv::Error| {
            Error::new(ErrorKind::Io, "the costs cannot be written as CSV").source(e)
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = [
            "tier",
            "item",
            "quantity",
            "unit",
            "unit_price",
            "per_hour",
            "per_month",
            "basis",
            "source",
        ];
        writer.write_record(header).map_err(broken)?;
        for item in self.items() {
            writer
                .write_record([
                    item.tier.id(),
                    &plain(&item.item),
                    &item.quantity.to_string(),
                    &item.unit,
                    &item.unit_price.to_string(),
                    &item.per_hour.to_string(),
                    &item.per_month.to_string(),
                    &plain(&item.basis),
                    &plain(&item.source),
                ])
                .map_err(broken)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|e| broken(e.into_error().into()))?;
        String::from_utf8(bytes)
            .map_err(|e| Error::new(ErrorKind::Io, "the costs cannot be written as CSV").source(e))
    }

    fn text(&self, output: CostOutput) -> String {
        let output = output.plain();
        let costs = self.costs;
        let mut text = String::new();
        let place = &self.environment.region;
        let _ = writeln!(
            text,
            "{} in {}: {} a day, {} a month of 730 hours as it runs now\n",
            safe(&self.environment.name, output),
            if place.is_empty() {
                "an unknown region"
            } else {
                place
            },
            usd(costs.per_day()),
            usd(costs.now.per_month)
        );
        self.summary(&mut text);
        let rows: Vec<[String; 6]> = costs
            .now
            .items
            .iter()
            .map(|item| {
                [
                    item.tier.title().to_owned(),
                    item.item.clone(),
                    format!("{:>9}", quantity(item.quantity)),
                    item.unit.clone(),
                    format!("{:>10}", price(item.unit_price)),
                    format!("{:>9}", usd(item.per_month)),
                ]
            })
            .collect();
        let header = [
            "TIER",
            "ITEM",
            " QUANTITY",
            "UNIT",
            "     PRICE",
            "  A MONTH",
        ];
        text.push_str(&table(header, &rows, output));
        if let Some(supposed) = self.supposed {
            let _ = writeln!(
                text,
                "\nWhat if {}: {} a month, {} than now",
                safe(&supposed.changes.join(", "), output),
                usd(supposed.per_month),
                more(supposed.delta)
            );
            for lack in &supposed.unknown {
                if !costs.now.unknown.contains(lack) {
                    let _ = writeln!(text, "  then not known: {}", safe(&words(lack), output));
                }
            }
        }
        if let Some(billed) = self.billed {
            actual(&mut text, billed, output);
        }
        if !costs.waste.is_empty() {
            text.push_str("\nWhat could be saved\n");
            let rows: Vec<[String; 3]> = costs
                .waste
                .iter()
                .map(|w| {
                    let saving = w.saving.map_or_else(|| "?".to_owned(), usd);
                    let saving = format!("{saving:>7}");
                    [saving, w.what.clone(), w.how.clone()]
                })
                .collect();
            text.push_str(&table(["A MONTH", "WHAT", "HOW"], &rows, output));
        }
        if !costs.now.unknown.is_empty() {
            text.push_str("\nNot known, and part of no sum\n");
            for lack in &costs.now.unknown {
                let _ = writeln!(text, "- {}", safe(&words(lack), output));
            }
        }
        text.push('\n');
        if let Some(as_of) = costs.now.prices_as_of {
            let age = crate::cost::age(as_of, self.now);
            let _ = writeln!(
                text,
                "List prices as of {as_of}, {} old.",
                format::count(age, "day")
            );
        }
        for note in &costs.notes {
            let _ = writeln!(text, "Note: {}", safe(note, output));
        }
        if costs.inventory.free_tier == FreeTier::Applied {
            let _ = writeln!(
                text,
                "Note: what an account has for nothing each month is taken off: cost.free_tier = false if other environments of the account use it"
            );
        }
        text
    }

    /// Floor, ceiling, the month, the budget.
    fn summary(&self, text: &mut String) {
        let costs = self.costs;
        let _ = writeln!(
            text,
            "Least      {}, with the fewest tasks and nobody there",
            usd(costs.floor)
        );
        let _ = writeln!(
            text,
            "Most       {}, with all tasks that autoscaling may start",
            usd(costs.ceiling)
        );
        if let Some(month) = &costs.month {
            let _ = writeln!(
                text,
                "So far     {} since {}",
                usd(month.now()),
                month.first
            );
            let _ = writeln!(
                text,
                "Projected  {} for the {} hours of the month as the last week went, {} as the last day",
                usd(month.projection()),
                month.hours,
                usd(month.by_day)
            );
            if let Some(budget) = self.environment.cost.budget {
                let left = f64::from(budget) - month.projection();
                let said = if left < 0.0 { "over" } else { "left" };
                let _ = writeln!(
                    text,
                    "Budget     {} a month, {} {said}",
                    usd(budget.into()),
                    usd(left.abs())
                );
            }
        }
        text.push('\n');
    }
}

/// What was billed, service by service beside the estimate, and day by day.
fn actual(text: &mut String, billed: &Billed, output: Output) {
    let _ = writeln!(
        text,
        "\nBilled by Cost Explorer: {}; {} at $0.01 each\n",
        billed.words(),
        format::count(billed.requests, "request")
    );
    let cell = |usd: f64| format!("{:>10}", op::usd(usd));
    let services = billed.services.iter().map(|bill| {
        let estimated = bill.estimated.map_or_else(String::new, cell);
        let difference = bill.estimated.map(|usd| bill.billed - usd);
        [
            bill.service.clone(),
            cell(bill.billed),
            estimated,
            difference.map_or_else(|| format!("{:>10}", "outside"), cell),
        ]
    });
    let others = billed.others.iter().map(|(kind, usd)| {
        let kind = format!("({kind})");
        [kind, cell(*usd), String::new(), String::new()]
    });
    let rows: Vec<[String; 4]> = services.chain(others).collect();
    let header = ["SERVICE", "    BILLED", " ESTIMATED", "DIFFERENCE"];
    text.push_str(&table(header, &rows, output));
    text.push('\n');
    let days: Vec<[String; 2]> = billed
        .by_day
        .iter()
        .map(|(day, usd)| [day.to_string(), cell(*usd)])
        .collect();
    text.push_str(&table(["DAY", "    BILLED"], &days, output));
    if !billed.explained.is_empty() {
        text.push_str("\nWhat explains the difference\n");
        for line in &billed.explained {
            let _ = writeln!(text, "- {}", safe(line, output));
        }
    }
}

/// What is not known of whom, and why.
fn words(lack: &Unknown) -> String {
    format!("{}, {}: {}", lack.tier.title(), lack.item, lack.reason)
}

/// How much more or less.
fn more(delta: f64) -> String {
    let word = if delta < 0.0 { "less" } else { "more" };
    format!("{} {word}", usd(delta.abs()))
}

/// A quantity with as many places as say something.
#[must_use]
pub fn quantity(value: f64) -> String {
    if value >= 100.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// A price of a unit with its significant places: `$0.04048`, `$5`.
#[must_use]
pub fn price(value: f64) -> String {
    let text = format!("{value:.7}");
    format!("${}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Text from outside for a spreadsheet: nothing drives a terminal, and nothing is taken for a formula.
fn plain(text: &str) -> String {
    let text = neutral(text);
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}
