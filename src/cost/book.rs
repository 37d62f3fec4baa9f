//! The price book: a figure by key and region, with its unit, its date and where it comes from.
//!
//! The embedded book and the one that is read from the Price List into the cache have the same shape; of two books the newer one's
//! entries stand over the other's. A price has one figure for all regions or one a region; where it falls with the quantity it has
//! tiers, and `free` units of it a month are an account's for nothing. AWS counts tiers and free units over the whole account.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Prices as embedded.
const EMBEDDED: &str = include_str!("prices.toml");

/// A price that the book does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Of what.
    pub what: String,
    /// Where.
    pub region: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no price of {} in {}", self.what, self.region)
    }
}

/// A price file as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) meta: Meta,
    #[serde(default)]
    pub(super) sources: BTreeMap<String, Source>,
    #[serde(rename = "price")]
    pub(super) prices: Vec<Entry>,
    /// What was looked for and not found: for readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<toml::Table>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    pub(super) currency: String,
    /// When the figures were collected.
    pub(super) collected: toml::value::Datetime,
    #[serde(default)]
    pub(super) regions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hours_per_month: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) confidence_levels: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    /// As the source carries it: a day, a month or a year.
    pub(super) date: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
}

/// A price: one for all regions, or one for each that it was verified for; or tiers of such.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) unit: String,
    /// `region`, `edge` or `global`.
    pub(super) scope: String,
    pub(super) sources: Vec<String>,
    pub(super) confidence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cross_check: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// Units a month that an account has for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) free: Option<f64>,
    #[serde(default, rename = "usd", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) by_region: BTreeMap<String, f64>,
    #[serde(
        default,
        rename = "usd_global",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) everywhere: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tiers: Vec<Tier>,
}

impl Entry {
    /// End and price of each tier in `region`; `None` where not even the first has one.
    fn tiers_in(&self, region: &str) -> Option<Vec<(Option<f64>, Option<f64>)>> {
        if self.tiers.is_empty() {
            let flat = self.by_region.get(region).copied().or(self.everywhere)?;
            return Some(vec![(None, Some(flat))]);
        }
        let price = |tier: &Tier| tier.by_region.get(region).copied().or(tier.everywhere);
        self.tiers.first().and_then(price)?;
        let tiers = self.tiers.iter().map(|tier| (tier.up_to, price(tier)));
        Some(tiers.collect())
    }
}

/// A part of a price whose figure depends on the quantity of the month.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tier {
    /// Where it ends; `None` for the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) up_to: Option<f64>,
    #[serde(default, rename = "usd", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) by_region: BTreeMap<String, f64>,
    #[serde(
        default,
        rename = "usd_global",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) everywhere: Option<f64>,
}

/// Why a price file cannot be used: what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A price of the book with what its file says of it.
#[derive(Debug)]
struct Price {
    entry: Entry,
    /// Title and date of each of its sources.
    source: String,
    as_of: Date,
}

/// Prices by key and region. The empty book has none.
#[derive(Debug, Default)]
pub struct Book {
    /// Of each key the newest first.
    prices: HashMap<String, Vec<Price>>,
    /// When the oldest of its files was collected.
    as_of: Option<Date>,
}

impl Book {
    /// The book that the program carries.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static BOOK: LazyLock<Book> = LazyLock::new(|| Book::parse(EMBEDDED).unwrap_or_default());
        &BOOK
    }

    /// Reads a book.
    ///
    /// # Errors
    /// What is wrong with the text, and where: not TOML, an unknown field, a price that is none, tiers that do not rise.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let file: File =
            toml::from_str(text).map_err(|e| Unreadable(e.to_string().trim().to_owned()))?;
        Self::of(file)
    }

    pub(super) fn of(file: File) -> Result<Self, Unreadable> {
        let day = file.meta.collected.date;
        let as_of = day
            .and_then(|d| {
                let year = i16::try_from(d.year).ok()?;
                let (month, day) = (i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?);
                Date::new(year, month, day).ok()
            })
            .ok_or_else(|| Unreadable("meta.collected is no date".to_owned()))?;
        if file.meta.currency != "USD" {
            let currency = &file.meta.currency;
            return Err(Unreadable(format!(
                "meta.currency is {currency}; prices are in USD"
            )));
        }
        let mut prices = HashMap::with_capacity(file.prices.len());
        for entry in file.prices {
            check(&entry)?;
            if entry.sources.is_empty() {
                return Err(Unreadable(format!("{} has no source", entry.key)));
            }
            let told = entry.sources.iter().map(|id| match file.sources.get(id) {
                Some(source) => format!("{} ({})", source.title, source.date),
                None => id.clone(),
            });
            let source = told.collect::<Vec<_>>().join("; ");
            let key = entry.key.clone();
            let price = Price {
                entry,
                source,
                as_of,
            };
            if prices.insert(key.clone(), vec![price]).is_some() {
                return Err(Unreadable(format!("{key} stands there twice")));
            }
        }
        Ok(Self {
            prices,
            as_of: Some(as_of),
        })
    }

    /// The embedded book alone.
    #[must_use]
    pub fn plain() -> Self {
        Self::parse(EMBEDDED).unwrap_or_default()
    }

    /// The embedded book beneath the prices kept in a folder, one file for each region; and why those that are there are not used.
    #[must_use]
    pub fn kept(folder: &Path) -> (Self, Option<String>) {
        let (mut book, mut faults) = (Self::plain(), Vec::new());
        let unread = |path: &Path, why: &str| {
            let why = why.lines().collect::<Vec<_>>().join(" ");
            format!(
                "{} is not used: {why}; delete it, or `hydren cost --refresh` writes it anew",
                path.display()
            )
        };
        let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => {
                faults.push(unread(folder, &e.to_string()));
                Vec::new()
            }
        };
        paths.retain(|path| path.extension().is_some_and(|kind| kind == "toml"));
        paths.sort_unstable();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|e| e.to_string());
            match text.and_then(|text| Self::parse(&text).map_err(|e| e.to_string())) {
                Ok(newer) => book = book.with(newer),
                Err(why) => faults.push(unread(&path, &why)),
            }
        }
        let fault = (!faults.is_empty()).then(|| faults.join("; "));
        (book, fault)
    }

    /// It beneath what `newer` has: of a key that both have, the regions that the newer one lacks are its own.
    #[must_use]
    pub fn with(mut self, newer: Self) -> Self {
        for (key, mut prices) in newer.prices {
            let beneath = self.prices.entry(key).or_default();
            prices.append(beneath);
            *beneath = prices;
        }
        self
    }

    /// When its figures were collected; of several files the oldest.
    #[must_use]
    pub const fn as_of(&self) -> Option<Date> {
        self.as_of
    }

    /// The regions for which it has at least one price of their own.
    #[must_use]
    pub fn knows(&self, region: &str) -> bool {
        self.prices
            .values()
            .flatten()
            .any(|price| price.entry.by_region.contains_key(region))
    }

    /// The regions that it has a price of a task in, by name.
    #[must_use]
    pub fn regions(&self) -> Vec<&str> {
        let prices = self.prices.get("fargate.linux_x86.vcpu_hour");
        let prices = prices.into_iter().flatten();
        let mut regions: Vec<&str> = prices
            .flat_map(|price| price.entry.by_region.keys())
            .map(String::as_str)
            .collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }

    /// The classes of database instances that it has a price of in `region`, by name.
    #[must_use]
    pub fn classes(&self, region: &str) -> Vec<&str> {
        let mut classes: Vec<&str> = self
            .prices
            .iter()
            .filter(|(_, prices)| {
                let mut entries = prices.iter().map(|price| &price.entry);
                entries.any(|entry| entry.by_region.contains_key(region))
            })
            .filter_map(|(key, _)| {
                key.strip_prefix("rds.postgres.")?
                    .strip_suffix(".single_az_hour")
            })
            .collect();
        classes.sort_unstable();
        classes
    }

    /// The price of `key` in `region`, with its tiers.
    ///
    /// # Errors
    /// The book does not have it.
    pub fn rate(&self, key: &str, region: &str) -> Result<Rate<'_>, Missing> {
        let missing = || Missing {
            what: key.to_owned(),
            region: region.to_owned(),
        };
        let prices = self.prices.get(key).ok_or_else(missing)?;
        let (price, tiers) = prices
            .iter()
            .find_map(|price| Some((price, price.entry.tiers_in(region)?)))
            .ok_or_else(missing)?;
        Ok(Rate {
            tiers,
            unit: &price.entry.unit,
            // Price lists do not tell what is free: the embedded book does.
            free: prices.iter().find_map(|p| p.entry.free).unwrap_or(0.0),
            source: &price.source,
            as_of: price.as_of,
        })
    }

    /// USD a unit of `key` in `region`: of a price with tiers, the first one's.
    ///
    /// # Errors
    /// The book does not have it.
    pub fn price(&self, key: &str, region: &str) -> Result<f64, Missing> {
        let rate = self.rate(key, region)?;
        let first = rate.tiers.first().and_then(|(_, usd)| *usd);
        first.ok_or_else(|| Missing {
            what: key.to_owned(),
            region: region.to_owned(),
        })
    }
}

/// Whether a price can be used.
fn check(entry: &Entry) -> Result<(), Unreadable> {
    let key = &entry.key;
    let figures = entry.by_region.values().copied().chain(entry.everywhere);
    let tiered = entry
        .tiers
        .iter()
        .flat_map(|tier| tier.by_region.values().copied().chain(tier.everywhere));
    if let Some(wrong) = figures
        .chain(tiered)
        .chain(entry.free)
        .find(|usd| !usd.is_finite() || *usd < 0.0)
    {
        return Err(Unreadable(format!("{key}: {wrong} is no price")));
    }
    if let Some((last, tiers)) = entry.tiers.split_last() {
        let ends: Vec<f64> = tiers.iter().filter_map(|tier| tier.up_to).collect();
        let rising = ends.len() == tiers.len() && ends.is_sorted() && last.up_to.is_none();
        if !rising {
            return Err(Unreadable(format!(
                "{key}: tiers must rise, and only the last one has no end"
            )));
        }
    } else if entry.by_region.is_empty() && entry.everywhere.is_none() {
        return Err(Unreadable(format!("{key} has no price")));
    }
    Ok(())
}

/// A price in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate<'b> {
    /// End and price of each tier; a price that was not found is `None`.
    tiers: Vec<(Option<f64>, Option<f64>)>,
    /// What it is of: `vCPU-hour`, `GB`.
    pub unit: &'b str,
    /// Units a month that an account has for nothing.
    pub free: f64,
    /// Titles and dates of where it comes from.
    pub source: &'b str,
    /// When the file that it stands in was collected.
    pub as_of: Date,
}

/// A part of a quantity, and what a unit of it costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// Units.
    pub quantity: f64,
    /// USD a unit; `None` where the book lacks the price of this tier.
    pub usd: Option<f64>,
    /// Whether it is what an account has for nothing.
    pub kind: PieceKind,
}

/// Why a piece costs what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PieceKind {
    /// Free of charge: so many units a month are.
    Free(f64),
    /// The only tier.
    Flat,
    /// The tier between two quantities of the month; the last one has no end.
    Tier(f64, Option<f64>),
}

impl Rate<'_> {
    /// Whether a unit costs the same, however many there are.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.tiers.len() == 1
    }

    /// Cuts `quantity` into what is free and what each tier takes, where `used` units of the month were used before it and `free` of
    /// them are for nothing. Nothing is one piece, so that a quantity of 0 is told as well.
    #[must_use]
    pub fn pieces(&self, used: f64, quantity: f64, free: f64) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(1);
        let given = (free - used).clamp(0.0, quantity);
        if given > 0.0 {
            pieces.push(Piece {
                quantity: given,
                usd: Some(0.0),
                kind: PieceKind::Free(free),
            });
        }
        let mut left = quantity - given;
        // Tiers begin behind what is free.
        let mut at = (used - free).max(0.0);
        let mut start = 0.0;
        for (end, usd) in &self.tiers {
            let room = end.map_or(f64::INFINITY, |end| (end - at).max(0.0));
            let part = left.min(room);
            if part > 0.0 || (quantity <= 0.0 && pieces.is_empty()) {
                pieces.push(Piece {
                    quantity: part.max(0.0),
                    usd: *usd,
                    kind: if self.tiers.len() == 1 {
                        PieceKind::Flat
                    } else {
                        PieceKind::Tier(start, *end)
                    },
                });
            }
            left -= part;
            at += part;
            start = end.unwrap_or(start);
            if left <= 0.0 {
                break;
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_book_is_whole() {
        let book = Book::parse(EMBEDDED).expect("it parses");
        assert!(book.prices.len() > 80, "{}", book.prices.len());
        let vcpu = book.price("fargate.linux_x86.vcpu_hour", "eu-central-1");
        assert_eq!(vcpu, Ok(0.04656));
        let class = book.price("rds.postgres.db.t4g.micro.single_az_hour", "us-east-1");
        assert_eq!(class, Ok(0.016));
        assert_eq!(
            book.as_of().map(|d| d.to_string()).as_deref(),
            Some("2026-11-22")
        );
        assert!(book.knows("ap-south-1") && !book.knows("sa-east-1"));
        assert_eq!(
            book.classes("ap-south-1").first().copied(),
            Some("db.m6g.large")
        );
    }

    #[test]
    fn every_source_is_told_with_its_date() {
        let file: File = toml::from_str(EMBEDDED).expect("it parses");
        for entry in &file.prices {
            for id in &entry.sources {
                assert!(file.sources.contains_key(id), "{}: {id}", entry.key);
            }
        }
    }

    /// Quantity and price of each piece.
    fn pieces(key: &str, used: f64, quantity: f64, free: f64) -> Vec<(f64, Option<f64>)> {
        let rate = Book::embedded().rate(key, "us-east-1").expect("a price");
        let pieces = rate.pieces(used, quantity, free);
        pieces.into_iter().map(|p| (p.quantity, p.usd)).collect()
    }

    #[test]
    fn a_quantity_is_cut_at_what_is_free_and_at_each_tier() {
        let key = "cloudfront.dto_internet_gb.us_mx_ca";
        assert_eq!(pieces(key, 0.0, 100.0, 0.0), [(100.0, Some(0.085))]);
        assert_eq!(pieces(key, 0.0, 100.0, 1024.0), [(100.0, Some(0.0))]);
        assert_eq!(
            pieces(key, 0.0, 12_288.0, 1024.0),
            [
                (1024.0, Some(0.0)),
                (10_240.0, Some(0.085)),
                (1024.0, Some(0.08))
            ]
        );
        // Part of the free ones was used before, and what is left of the first tier.
        assert_eq!(
            pieces(key, 1000.0, 30.0, 1024.0),
            [(24.0, Some(0.0)), (6.0, Some(0.085))]
        );
        assert_eq!(
            pieces(key, 11_263.0, 2.0, 1024.0),
            [(1.0, Some(0.085)), (1.0, Some(0.08))]
        );
        assert_eq!(pieces(key, 0.0, 0.0, 0.0), [(0.0, Some(0.085))]);
    }

    #[test]
    fn a_tier_without_a_price_is_not_borrowed() {
        let parts = pieces("data_transfer_out.internet_gb", 0.0, 153_601.0, 0.0);
        assert_eq!(parts.last(), Some(&(1.0, None)));
    }

    #[test]
    fn what_is_wrong_with_a_price_file_is_named() {
        let file = |prices: &str| {
            let text = format!("[meta]\ncurrency = \"USD\"\ncollected = 2026-11-22\n{prices}");
            Book::parse(&text).err().map(|e| e.to_string())
        };
        let price = |rest: &str| {
            file(&format!(
                "[[price]]\nkey = \"a.b\"\nunit = \"GB\"\nscope = \"global\"\nsources = [\"page\"]\n\
                 confidence = \"official\"\n{rest}"
            ))
        };
        assert_eq!(price("usd_global = 0.1"), None);
        assert_eq!(
            price("usd_global = -0.1").as_deref(),
            Some("a.b: -0.1 is no price")
        );
        assert_eq!(price("").as_deref(), Some("a.b has no price"));
        let fallen = "tiers = [{ up_to = 5.0, usd_global = 1.0 }, { up_to = 2.0, usd_global = 1.0 }, { usd_global = 1.0 }]";
        assert_eq!(
            price(fallen).as_deref(),
            Some("a.b: tiers must rise, and only the last one has no end")
        );
        let unknown = price("prize = 1").unwrap_or_default();
        assert!(unknown.contains("unknown field `prize`"), "{unknown}");
        assert!(Book::parse("").is_err() && Book::parse("{").is_err());
    }

    #[test]
    fn a_newer_book_stands_over_the_embedded_one() {
        let newer = Book::parse(
            "[meta]\ncurrency = \"USD\"\ncollected = 2026-12-01\n\
             [[price]]\nkey = \"alb.lcu_hour\"\nunit = \"LCU-hour\"\nscope = \"region\"\nsources = [\"list\"]\n\
             confidence = \"official\"\nusd = { \"eu-west-1\" = 0.008 }\n",
        );
        let book = Book::plain().with(newer.expect("it parses"));
        assert_eq!(book.price("alb.lcu_hour", "eu-west-1"), Ok(0.008));
        assert_eq!(book.price("alb.lcu_hour", "us-east-1"), Ok(0.008));
        assert_eq!(book.price("alb.hour", "us-east-1"), Ok(0.0225));
        assert!(book.price("alb.lcu_hour", "us-west-2").is_err());
    }

    #[test]
    fn kept_prices_stand_before_the_embedded_ones_and_broken_files_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (book, fault) = Book::kept(&folder.path().join("nowhere"));
        assert_eq!(fault, None);
        assert_eq!(book.price("alb.hour", "us-east-1"), Ok(0.0225));
        let kept = r#"
            [meta]
            currency = "USD"
            collected = 2026-11-30
            regions = ["us-east-1"]
            [sources.list]
            title = "AWS Price List API"
            date = "2026-11-30"
            [[price]]
            key = "alb.hour"
            unit = "hour"
            scope = "region"
            sources = ["list"]
            confidence = "official"
            usd = { "us-east-1" = 0.03 }
        "#;
        std::fs::write(folder.path().join("us-east-1.toml"), kept).expect("it is written");
        std::fs::write(folder.path().join("eu-west-1.toml"), "[[price]\n").expect("it is written");
        std::fs::write(folder.path().join("notes.txt"), "not ours").expect("it is written");
        let (book, fault) = Book::kept(folder.path());
        let rate = book.rate("alb.hour", "us-east-1").expect("a price");
        assert_eq!(rate.as_of, Date::constant(2026, 11, 30));
        assert_eq!(book.price("alb.hour", "us-east-1"), Ok(0.03));
        assert_eq!(
            book.price("alb.hour", "eu-west-1"),
            Book::embedded().price("alb.hour", "eu-west-1")
        );
        let fault = fault.expect("one file is broken");
        assert!(fault.contains("eu-west-1.toml is not used"), "{fault}");
        assert!(fault.contains("hydren cost --refresh"), "{fault}");
        assert!(!fault.contains("us-east-1.toml"), "{fault}");
    }
}
