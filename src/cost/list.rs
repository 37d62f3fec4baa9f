//! Prices read from the AWS Price List: what is asked for each key of the book, and the file that comes of the answers.
//!
//! The Price List knows products by service and attributes; which one a key means stands in [`wanted`], by usage types as AWS's
//! calculators and Infracost use them (infracost/infracost, `internal/resources/aws`). A key without a product, or with several that
//! contradict each other, is left to the book beneath. Prices that are the same in all regions are not asked for: they hardly ever change,
//! and the Price List has them by region all the same.

use super::book::{Entry, File, Meta, Source, Tier};
use crate::model::spend::{PriceQuery, Product};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Name of the source that a refreshed price has.
const SOURCE: &str = "price-list-api";

/// A key of the book, and how the Price List knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Key.
    pub key: String,
    /// Unit, as the book says it.
    pub unit: &'static str,
    /// What is asked.
    pub query: PriceQuery,
    /// How the usage type ends: regions stand in front of it, and not in all.
    ending: &'static str,
    /// Units of the Price List in one of the book's.
    scale: f64,
}

/// The classes of database instances that are asked for, besides the environment's own.
const CLASSES: [&str; 10] = [
    "db.t4g.micro",
    "db.t4g.small",
    "db.t4g.medium",
    "db.t4g.large",
    "db.m6g.large",
    "db.m7g.large",
    "db.m7g.xlarge",
    "db.r6g.large",
    "db.r7g.large",
    "db.r7g.xlarge",
];

/// Keys that a service and the end of a usage type tell: key, unit, service, ending.
const PLAIN: [(&str, &str, &str, &str); 17] = [
    (
        "fargate.linux_x86.vcpu_hour",
        "vCPU-hour",
        "AmazonECS",
        "Fargate-vCPU-Hours:perCPU",
    ),
    (
        "fargate.linux_x86.gb_hour",
        "GB-hour",
        "AmazonECS",
        "Fargate-GB-Hours",
    ),
    (
        "fargate.linux_arm.vcpu_hour",
        "vCPU-hour",
        "AmazonECS",
        "Fargate-ARM-vCPU-Hours:perCPU",
    ),
    (
        "fargate.linux_arm.gb_hour",
        "GB-hour",
        "AmazonECS",
        "Fargate-ARM-GB-Hours",
    ),
    (
        "fargate.ephemeral_storage.gb_hour_over_20gb",
        "GB-hour",
        "AmazonECS",
        "Fargate-EphemeralStorage-GB-Hours",
    ),
    ("nat_gateway.hour", "hour", "AmazonEC2", "NatGateway-Hours"),
    (
        "nat_gateway.gb_processed",
        "GB",
        "AmazonEC2",
        "NatGateway-Bytes",
    ),
    (
        "public_ipv4.in_use_hour",
        "address-hour",
        "AmazonVPC",
        "PublicIPv4:InUseAddress",
    ),
    (
        "vpc_endpoint.interface_hour",
        "endpoint-AZ-hour",
        "AmazonVPC",
        "VpcEndpoint-Hours",
    ),
    (
        "ecr.storage_gb_month",
        "GB-month",
        "AmazonECR",
        "TimedStorage-ByteHrs",
    ),
    (
        "secrets_manager.secret_month",
        "secret-month",
        "AWSSecretsManager",
        "AWSSecretsManager-Secrets",
    ),
    (
        "cloudwatch.logs.ingest_standard_gb",
        "GB",
        "AmazonCloudWatch",
        "DataProcessing-Bytes",
    ),
    (
        "cloudwatch.logs.storage_gb_month",
        "GB-month",
        "AmazonCloudWatch",
        "TimedStorage-ByteHrs",
    ),
    (
        "cloudwatch.logs.insights_gb_scanned",
        "GB scanned",
        "AmazonCloudWatch",
        "DataScanned-Bytes",
    ),
    (
        "cloudwatch.vended_logs_to_cwl_gb",
        "GB",
        "AmazonCloudWatch",
        "VendedLog-Bytes",
    ),
    (
        "cloudwatch.alarm_standard_month",
        "metric-month",
        "AmazonCloudWatch",
        "CW:AlarmMonitorUsage",
    ),
    (
        "rds.backup_gb_month_over_free",
        "GB-month",
        "AmazonRDS",
        "RDS:ChargedBackupUsage",
    ),
];

/// Lists what is asked of the Price List for `region`; `class` is a database class to be among them.
#[must_use]
pub fn wanted(region: &str, class: Option<&str>) -> Vec<Listed> {
    let mut all: Vec<Listed> = PLAIN
        .into_iter()
        .map(|(key, unit, service, ending)| Listed {
            key: key.to_owned(),
            unit,
            query: query(service, region, &[]),
            ending,
            scale: 1.0,
        })
        .collect();
    let balancer = [("operation", "LoadBalancing:Application")];
    for (key, unit, ending) in [
        ("alb.hour", "hour", "LoadBalancerUsage"),
        ("alb.lcu_hour", "LCU-hour", "LCUUsage"),
    ] {
        all.push(Listed {
            key: key.to_owned(),
            unit,
            query: query("AWSELB", region, &balancer),
            ending,
            scale: 1.0,
        });
    }
    all.extend(databases(region, class));
    all
}

/// What is asked of RDS: instances of each class, and storage, for one zone and for two.
fn databases(region: &str, class: Option<&str>) -> Vec<Listed> {
    let zones = [
        ("Single-AZ", "single_az", "RDS:GP3-Storage"),
        ("Multi-AZ", "multi_az", "RDS:Multi-AZ-GP3-Storage"),
    ];
    let mut all = Vec::new();
    for (option, zone, stored) in zones {
        let engine = [
            ("databaseEngine", "PostgreSQL"),
            ("deploymentOption", option),
        ];
        let own = class.filter(|class| !CLASSES.contains(class));
        for class in CLASSES.into_iter().chain(own) {
            let filters = [engine.as_slice(), &[("instanceType", class)]].concat();
            all.push(Listed {
                key: format!("rds.postgres.{class}.{zone}_hour"),
                unit: "instance-hour",
                query: query("AmazonRDS", region, &filters),
                ending: "",
                scale: 1.0,
            });
        }
        let storage = [
            ("volumeType", "General Purpose-GP3"),
            ("deploymentOption", option),
        ];
        all.push(Listed {
            key: format!("rds.postgres.gp3.{zone}_gb_month"),
            unit: "GB-month",
            query: query("AmazonRDS", region, &storage),
            ending: stored,
            scale: 1.0,
        });
    }
    all
}

fn query(service: &'static str, region: &str, filters: &[(&'static str, &str)]) -> PriceQuery {
    let region = std::iter::once(("regionCode", region.to_owned()));
    let others = filters
        .iter()
        .map(|(field, value)| (*field, (*value).to_owned()));
    PriceQuery {
        service,
        filters: region.chain(others).collect(),
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub struct Refreshed {
    /// The price file.
    pub text: String,
    /// Keys that have a price now.
    pub known: usize,
    /// Keys that the Price List has no clear price of, and why.
    pub missing: Vec<(String, &'static str)>,
}

/// Makes a price file of the answers for `region`, read on `today`: each key with the products that its query found.
///
/// # Errors
/// A file that cannot be written as TOML.
pub fn refreshed(
    region: &str,
    today: Date,
    answers: &[(Listed, Vec<Product>)],
) -> Result<Refreshed, toml::ser::Error> {
    let mut prices = Vec::new();
    let mut missing = Vec::new();
    for (listed, products) in answers {
        match entry(listed, products, region) {
            Ok(entry) => prices.push(entry),
            Err(why) => missing.push((listed.key.clone(), why)),
        }
    }
    let known = prices.len();
    let source = Source {
        title: format!("AWS Price List API, {region}"),
        url: Some("https://api.pricing.us-east-1.amazonaws.com".to_owned()),
        date: today.to_string(),
        kind: Some("official".to_owned()),
    };
    let file = File {
        meta: Meta {
            currency: "USD".to_owned(),
            collected: toml::value::Datetime {
                date: Some(toml::value::Date {
                    year: u16::try_from(today.year()).unwrap_or_default(),
                    month: u8::try_from(today.month()).unwrap_or_default(),
                    day: u8::try_from(today.day()).unwrap_or_default(),
                }),
                time: None,
                offset: None,
            },
            regions: vec![region.to_owned()],
            hours_per_month: None,
            confidence_levels: None,
        },
        sources: BTreeMap::from([(SOURCE.to_owned(), source)]),
        prices,
        missing: None,
    };
    Ok(Refreshed {
        text: toml::to_string_pretty(&file)?,
        known,
        missing,
    })
}

/// The price of the only product that a key means.
fn entry(listed: &Listed, products: &[Product], region: &str) -> Result<Entry, &'static str> {
    let usage = |product: &Product| product.attributes.get("usagetype").cloned();
    let meant: Vec<&Product> = products
        .iter()
        .filter(|product| {
            let name = usage(product).unwrap_or_default();
            // A region stands in front of the ending, or nothing: `USE1-`, `EU-`, and neither `Reserved` nor `EU-TS-`.
            name.strip_suffix(listed.ending).is_some_and(|front| {
                let region = front.strip_suffix('-').unwrap_or(front);
                let bare = front.is_empty() || (region != front && !region.contains('-'));
                listed.ending.is_empty() || bare
            })
        })
        .filter(|product| !product.tiers.is_empty())
        .collect();
    let (first, others) = meant.split_first().ok_or("no such product")?;
    if others.iter().any(|other| other.tiers != first.tiers) {
        return Err("several products with other prices");
    }
    let usd = |usd: f64| BTreeMap::from([(region.to_owned(), usd * listed.scale)]);
    let (by_region, tiers) = match first.tiers.as_slice() {
        [only] => (usd(only.usd), Vec::new()),
        several => (
            BTreeMap::new(),
            several
                .iter()
                .map(|tier| Tier {
                    up_to: tier.to.map(|to| to / listed.scale),
                    by_region: usd(tier.usd),
                    everywhere: None,
                })
                .collect(),
        ),
    };
    Ok(Entry {
        key: listed.key.clone(),
        unit: listed.unit.to_owned(),
        scope: "region".to_owned(),
        sources: vec![SOURCE.to_owned()],
        confidence: "official".to_owned(),
        cross_check: None,
        note: Some(format!("SKU {}", first.sku)),
        free: None,
        by_region,
        everywhere: None,
        tiers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cost::Book, model::spend::PriceTier};

    fn product(usage: &str, tiers: &[(f64, Option<f64>, f64)]) -> Product {
        Product {
            sku: format!("SKU-{usage}"),
            attributes: BTreeMap::from([("usagetype".to_owned(), usage.to_owned())]),
            unit: "Hrs".to_owned(),
            tiers: tiers
                .iter()
                .map(|(from, to, usd)| PriceTier {
                    from: *from,
                    to: *to,
                    usd: *usd,
                })
                .collect(),
            effective: None,
        }
    }

    fn asked(key: &str) -> Listed {
        let all = wanted("eu-west-1", None);
        all.into_iter()
            .find(|l| l.key == key)
            .expect("it is asked for")
    }

    fn today() -> Date {
        Date::constant(2026, 12, 1)
    }

    #[test]
    fn what_is_refreshed_is_a_book_of_the_same_shape() {
        let answers = [
            (
                asked("alb.lcu_hour"),
                vec![
                    product("EU-LCUUsage", &[(0.0, None, 0.008)]),
                    product("EU-ReservedLCUUsage", &[(0.0, None, 0.02)]),
                ],
            ),
            (
                asked("cloudwatch.vended_logs_to_cwl_gb"),
                vec![product(
                    "EU-VendedLog-Bytes",
                    &[(0.0, Some(10_240.0), 0.57), (10_240.0, None, 0.285)],
                )],
            ),
            (asked("nat_gateway.hour"), Vec::new()),
            (
                asked("nat_gateway.gb_processed"),
                vec![
                    product("EU-NatGateway-Bytes", &[(0.0, None, 0.048)]),
                    product("EUW1-NatGateway-Bytes", &[(0.0, None, 0.05)]),
                ],
            ),
        ];
        let refreshed = refreshed("eu-west-1", today(), &answers).expect("it can be written");
        assert_eq!(refreshed.known, 2);
        assert_eq!(
            refreshed.missing,
            [
                ("nat_gateway.hour".to_owned(), "no such product"),
                (
                    "nat_gateway.gb_processed".to_owned(),
                    "several products with other prices"
                ),
            ]
        );
        let book =
            Book::plain().with(Book::parse(&refreshed.text).expect("it reads what it writes"));
        let lcu = book.rate("alb.lcu_hour", "eu-west-1").expect("a price");
        assert_eq!((lcu.as_of, lcu.unit), (today(), "LCU-hour"));
        assert_eq!(book.price("nat_gateway.hour", "eu-west-1"), Ok(0.048));
        let vended = book.rate("cloudwatch.vended_logs_to_cwl_gb", "eu-west-1");
        let pieces = vended.map(|rate| rate.pieces(0.0, 10_241.0, 0.0).len());
        assert_eq!(pieces, Ok(2));
    }

    #[test]
    fn every_key_that_is_asked_for_is_one_of_the_books_or_a_class() {
        for listed in wanted("us-east-1", Some("db.x2g.large")) {
            let known = Book::embedded().rate(&listed.key, "us-east-1");
            match known {
                Ok(rate) => assert_eq!(rate.unit, listed.unit, "{}", listed.key),
                Err(_) => assert!(listed.key.starts_with("rds.postgres.db."), "{}", listed.key),
            }
        }
    }
}
