//! From an inventory to line items: the only place where quantities meet prices.
//!
//! [`walk`] goes through an inventory and hands out one [`Line`] for each price that applies, with nothing written yet; totals are
//! summed from the same lines that items are made of, so that both cannot differ. What has no price becomes an [`Unknown`] and is
//! part of no sum.

use super::{
    Area, Book, HOURS, Inventory, Missing, Per, Unknown,
    book::{PieceKind, Rate},
    database::Component,
    inventory::{FreeTier, Instance, Power, Tasks},
};
use crate::model::Tier;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A span that is priced, and the month that it is part of: what is billed by the month costs that part of its price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Hours.
    pub hours: f64,
    /// Hours of the month.
    pub month: f64,
}

impl Span {
    /// The month of 730 hours that AWS's calculator knows.
    pub const MONTH: Self = Self {
        hours: HOURS,
        month: HOURS,
    };

    /// What part of the month it is.
    #[must_use]
    pub fn share(self) -> f64 {
        self.hours / self.month
    }
}

/// A line of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Whose.
    pub tier: Area,
    /// What.
    pub item: String,
    /// Units a month.
    pub quantity: f64,
    /// Of what: `vCPU-hour`.
    pub unit: String,
    /// USD a unit.
    pub unit_price: f64,
    /// USD an hour: `per_month` by 730.
    pub per_hour: f64,
    /// USD a month.
    pub per_month: f64,
    /// How the quantity is made up.
    pub basis: String,
    /// Where the price comes from.
    pub source: String,
}

/// What an inventory costs in a month.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estimate {
    /// In path order.
    pub items: Vec<Item>,
    /// What no sum holds.
    pub unknown: Vec<Unknown>,
    /// USD a month: the sum of the items.
    pub per_month: f64,
    /// Since when the oldest price among them has stood.
    pub prices_as_of: Option<Date>,
}

impl Estimate {
    /// USD an hour.
    #[must_use]
    pub fn per_hour(&self) -> f64 {
        self.per_month / HOURS
    }

    /// USD a month of each area that has an item, in path order.
    #[must_use]
    pub fn by_area(&self) -> Vec<(Area, f64)> {
        let areas = Area::ALL.into_iter();
        areas
            .filter(|area| self.items.iter().any(|item| item.tier == *area))
            .map(|area| {
                let of_it = self.items.iter().filter(|item| item.tier == area);
                (area, of_it.map(|item| item.per_month).sum())
            })
            .collect()
    }
}

/// What an inventory costs in a month of 730 hours, line by line.
#[must_use]
pub fn estimate(book: &Book, inventory: &Inventory) -> Estimate {
    let mut estimate = Estimate {
        unknown: inventory.unknown.clone(),
        ..Estimate::default()
    };
    let mut unknown = Vec::new();
    let mut items = Vec::new();
    let mut dates = BTreeSet::new();
    walk(book, inventory, Span::MONTH, &mut |found| match found {
        Found::Line(line) => {
            dates.insert(line.as_of);
            items.push(line.item());
        }
        Found::Unknown(lack) => unknown.push(lack),
    });
    estimate.unknown.append(&mut unknown);
    estimate.unknown.sort();
    estimate.unknown.dedup();
    items.sort_by_key(|item| Area::ALL.iter().position(|area| *area == item.tier));
    estimate.per_month = items.iter().map(|item| item.per_month).sum();
    estimate.items = items;
    estimate.prices_as_of = dates.first().copied();
    estimate
}

/// The lines of an inventory in a span, in the order in which they are priced, and what has no price.
#[cfg(test)]
pub(super) fn lines(book: &Book, inventory: &Inventory, span: Span) -> (Vec<Item>, Vec<Unknown>) {
    let (mut items, mut unknown) = (Vec::new(), Vec::new());
    walk(book, inventory, span, &mut |found| match found {
        Found::Line(line) => items.push(line.item()),
        Found::Unknown(lack) => unknown.push(lack),
    });
    (items, unknown)
}

/// USD that an inventory costs in a span, as far as its prices are known.
#[must_use]
pub fn total(book: &Book, inventory: &Inventory, span: Span) -> f64 {
    let mut sum = 0.0;
    walk(book, inventory, span, &mut |found| {
        if let Found::Line(line) = found {
            sum += line.quantity * line.usd;
        }
    });
    sum
}

/// USD that an inventory costs in a span, by the names that bills have for services.
pub(super) fn by_service(
    book: &Book,
    inventory: &Inventory,
    span: Span,
) -> BTreeMap<&'static str, f64> {
    let mut sums = BTreeMap::new();
    walk(book, inventory, span, &mut |found| {
        if let Found::Line(line) = found {
            *sums.entry(line.billed_as).or_default() += line.quantity * line.usd;
        }
    });
    sums
}

/// What bills call the service of a price (Cost Explorer, dimension `SERVICE`). NAT and data transfer are `EC2 - Other` there.
fn billed_as(key: &str) -> &'static str {
    match key.split('.').next().unwrap_or_default() {
        "fargate" => "Amazon Elastic Container Service",
        "alb" => "Amazon Elastic Load Balancing",
        "rds" => "Amazon Relational Database Service",
        "cloudfront" => "Amazon CloudFront",
        "wafv2" => "AWS WAF",
        "route53" => "Amazon Route 53",
        "public_ipv4" | "vpc_endpoint" => "Amazon Virtual Private Cloud",
        "cloudwatch" | "container_insights" => "AmazonCloudWatch",
        "ecr" => "Amazon EC2 Container Registry (ECR)",
        "secrets_manager" => "AWS Secrets Manager",
        "kms" => "AWS Key Management Service",
        "cost_explorer" => "AWS Cost Explorer",
        _ => "EC2 - Other",
    }
}

/// USD that an inventory costs in a month, if every price of it is known.
///
/// # Errors
/// The first price that is not.
pub fn monthly(book: &Book, inventory: &Inventory) -> Result<f64, String> {
    if let Some(lack) = inventory.unknown.first() {
        return Err(lack.reason.clone());
    }
    let mut sum = Ok(0.0);
    walk(book, inventory, Span::MONTH, &mut |found| match found {
        Found::Line(line) => {
            if let Ok(sum) = &mut sum {
                *sum += line.quantity * line.usd;
            }
        }
        Found::Unknown(lack) => {
            if sum.is_ok() {
                sum = Err(lack.reason);
            }
        }
    });
    sum
}

/// What pricing an inventory comes upon.
enum Found<'a> {
    Line(Line<'a>),
    Unknown(Unknown),
}

/// A price applied to a quantity; texts are written only when they are wanted.
struct Line<'a> {
    area: Area,
    name: Name<'a>,
    quantity: f64,
    usd: f64,
    unit: &'a str,
    kind: PieceKind,
    basis: Basis<'a>,
    source: &'a str,
    as_of: Date,
    billed_as: &'static str,
}

/// How a line is called.
#[derive(Clone, Copy)]
enum Name<'a> {
    Plain(&'a str),
    /// A thing and what of it is billed: `backend`, `vCPU`.
    Of(&'a str, &'a str),
}

impl Name<'_> {
    fn text(self) -> String {
        match self {
            Self::Plain(name) => name.to_owned(),
            Self::Of(subject, what) => format!("{subject} · {what}"),
        }
    }
}

/// How a quantity is made up.
#[derive(Clone, Copy)]
enum Basis<'a> {
    Use(&'a str),
    Tasks(&'a Tasks),
    Addresses(&'a Tasks),
    Database(&'a Instance, Component),
}

impl Basis<'_> {
    fn text(self) -> String {
        match self {
            Self::Use(basis) => basis.to_owned(),
            Self::Tasks(tasks) => format!("{} of {}", tasks.basis, tasks.size.words()),
            Self::Addresses(tasks) => format!("one of each task, {}", tasks.basis),
            Self::Database(instance, component) => component.basis(&instance.size),
        }
    }
}

impl Line<'_> {
    fn item(&self) -> Item {
        let per_month = self.quantity * self.usd;
        let (name, basis) = (self.name.text(), self.basis.text());
        let (item, basis) = match self.kind {
            PieceKind::Flat => (name, basis),
            PieceKind::Free(free) => (
                format!("{name} · free"),
                format!(
                    "{basis}; {} {} a month of an account are free",
                    figure(free),
                    self.unit
                ),
            ),
            PieceKind::Tier(from, Some(to)) => (
                name,
                format!(
                    "{basis}; tier from {} to {} {}",
                    figure(from),
                    figure(to),
                    self.unit
                ),
            ),
            PieceKind::Tier(from, None) => (
                name,
                format!("{basis}; tier above {} {}", figure(from), self.unit),
            ),
        };
        Item {
            tier: self.area,
            item,
            quantity: self.quantity,
            unit: self.unit.to_owned(),
            unit_price: self.usd,
            per_hour: per_month / HOURS,
            per_month,
            basis,
            source: self.source.to_owned(),
        }
    }
}

/// A figure with as many places as it needs, two at the most.
fn figure(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A quantity that is to be priced.
struct Wanted<'a> {
    area: Area,
    name: Name<'a>,
    region: &'a str,
    quantity: f64,
    basis: Basis<'a>,
}

/// Prices one quantity after another, and remembers how much of each price's tiers and free units was used.
struct Till<'a, 'f> {
    book: &'a Book,
    free_tier: FreeTier,
    used: HashMap<String, f64>,
    sink: &'f mut dyn FnMut(Found<'a>),
}

impl<'a> Till<'a, '_> {
    fn ring(&mut self, wanted: &Wanted<'a>, key: &str) {
        let rate = match self.book.rate(key, wanted.region) {
            Ok(rate) => rate,
            Err(missing) => {
                // Nothing of what has no price costs nothing.
                if wanted.quantity > 0.0 {
                    self.lack(wanted, &missing);
                }
                return;
            }
        };
        let free = match self.free_tier {
            FreeTier::Applied => rate.free,
            FreeTier::Ignored => 0.0,
        };
        let flat = free <= 0.0 && rate.is_flat();
        let used = if flat {
            0.0
        } else {
            let used = self.used.get(key).copied().unwrap_or_default();
            self.used.insert(key.to_owned(), used + wanted.quantity);
            used
        };
        let Rate {
            unit,
            source,
            as_of,
            ..
        } = rate;
        for piece in rate.pieces(used, wanted.quantity, free) {
            if let Some(usd) = piece.usd {
                (self.sink)(Found::Line(Line {
                    area: wanted.area,
                    name: wanted.name,
                    quantity: piece.quantity,
                    usd,
                    unit,
                    kind: piece.kind,
                    basis: wanted.basis,
                    source,
                    as_of,
                    billed_as: billed_as(key),
                }));
            } else {
                let missing = Missing {
                    what: format!("{key} for the last {} {unit}", figure(piece.quantity)),
                    region: wanted.region.to_owned(),
                };
                self.lack(wanted, &missing);
            }
        }
    }

    fn lack(&mut self, wanted: &Wanted<'a>, missing: &Missing) {
        (self.sink)(Found::Unknown(Unknown::new(
            wanted.area,
            wanted.name.text(),
            missing.to_string(),
        )));
    }
}

fn walk<'a>(book: &'a Book, inventory: &'a Inventory, span: Span, sink: &mut dyn FnMut(Found<'a>)) {
    let mut till = Till {
        book,
        free_tier: inventory.free_tier,
        used: HashMap::new(),
        sink,
    };
    let region = inventory.region.as_str();
    for tasks in &inventory.tasks {
        walk_tasks(&mut till, tasks, region, span);
    }
    for instance in &inventory.databases {
        walk_database(&mut till, instance, region, span);
    }
    for used in &inventory.uses {
        let quantity = match used.per {
            Per::Hour => used.amount * span.hours,
            Per::Month => used.amount * span.share(),
        };
        till.ring(
            &Wanted {
                area: used.area,
                name: Name::Plain(&used.item),
                region: used.region.unwrap_or(region),
                quantity,
                basis: Basis::Use(&used.basis),
            },
            &used.key,
        );
    }
}

fn walk_tasks<'a>(till: &mut Till<'a, '_>, tasks: &'a Tasks, region: &'a str, span: Span) {
    const ECS: Area = Area::Tier(Tier::Ecs);
    let parts = match tasks.size.parts(region) {
        Ok(parts) => parts,
        Err(missing) => {
            let what = Name::Of(&tasks.service, "tasks").text();
            (till.sink)(Found::Unknown(Unknown::new(ECS, what, missing.to_string())));
            return;
        }
    };
    for (what, key, amount) in parts {
        let wanted = Wanted {
            area: ECS,
            name: Name::Of(&tasks.service, what),
            region,
            quantity: amount * tasks.count * span.hours,
            basis: Basis::Tasks(tasks),
        };
        till.ring(&wanted, key);
    }
    if tasks.addresses > 0 {
        let wanted = Wanted {
            area: ECS,
            name: Name::Of(&tasks.service, "public IPv4"),
            region,
            quantity: f64::from(tasks.addresses) * tasks.count * span.hours,
            basis: Basis::Addresses(tasks),
        };
        till.ring(&wanted, "public_ipv4.in_use_hour");
    }
}

fn walk_database<'a>(till: &mut Till<'a, '_>, instance: &'a Instance, region: &'a str, span: Span) {
    const RDS: Area = Area::Tier(Tier::Rds);
    let parts = match instance.size.parts(till.book, region) {
        Ok(parts) => parts,
        Err(missing) => {
            let what = Name::Of(&instance.id, "instance and storage").text();
            (till.sink)(Found::Unknown(Unknown::new(RDS, what, missing.to_string())));
            return;
        }
    };
    for part in parts {
        let quantity = match part.component {
            Component::Instance if instance.power == Power::Off => continue,
            Component::Instance => part.amount * span.hours,
            Component::Storage | Component::Iops => part.amount * span.share(),
        };
        let wanted = Wanted {
            area: RDS,
            name: Name::Of(&instance.id, part.component.word()),
            region,
            quantity,
            basis: Basis::Database(instance, part.component),
        };
        till.ring(&wanted, &part.key);
    }
}
