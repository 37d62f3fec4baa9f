//! What a database instance costs.

use super::{Book, Missing};
use crate::model::database::Database;

/// GiB from which RDS stripes a gp3 volume over four, and the IOPS that come with one below and above (RDS User Guide, Amazon RDS DB
/// instance storage: for PostgreSQL 3,000 below 400 GiB, 12,000 from there on).
const STRIPED: i32 = 400;
const BASELINE_IOPS: i32 = 3_000;
const STRIPED_IOPS: i32 = 12_000;

/// What of an instance decides its price. Backups beyond the free ones, I/O and burst credits are billed besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbSize {
    /// `postgres`.
    pub engine: String,
    /// `db.t4g.medium`.
    pub class: String,
    /// Whether there is a standby.
    pub multi_az: bool,
    /// GiB.
    pub storage_gib: i32,
    /// `gp3`.
    pub storage_type: String,
    /// Provisioned IOPS, where they are told.
    pub iops: Option<i32>,
}

impl From<&Database> for DbSize {
    fn from(database: &Database) -> Self {
        Self {
            engine: database.engine.clone(),
            class: database.class.clone(),
            multi_az: database.multi_az,
            storage_gib: database.storage.allocated_gib,
            storage_type: database.storage.kind.clone(),
            iops: database.storage.iops,
        }
    }
}

impl DbSize {
    /// In words: `db.t4g.medium, 50 GiB gp3, single zone`.
    #[must_use]
    pub fn words(&self) -> String {
        let zones = if self.multi_az {
            "Multi-AZ"
        } else {
            "single zone"
        };
        format!(
            "{}, {} GiB {}, {zones}",
            self.class, self.storage_gib, self.storage_type
        )
    }

    /// What is billed of it: what it is, its key in the price book, and units an hour or held.
    ///
    /// # Errors
    /// An engine whose prices the book does not have.
    pub fn parts(&self, book: &Book, region: &str) -> Result<Vec<DbPart>, Missing> {
        if self.engine != "postgres" {
            return Err(Missing {
                what: format!("RDS for {}", self.engine),
                region: region.to_owned(),
            });
        }
        let part = |component, of: &str, unit: &str, amount: f64| {
            let (key, zones) = self.zones(book, region, of, unit);
            DbPart {
                component,
                key,
                amount: amount * zones,
            }
        };
        let storage = match self.storage_type.as_str() {
            "gp2" => "rds.gp2".to_owned(),
            other => format!("rds.postgres.{other}"),
        };
        let class = format!("rds.postgres.{}", self.class);
        let gib = f64::from(self.storage_gib);
        let mut parts = vec![
            part(Component::Instance, &class, "hour", 1.0),
            part(Component::Storage, &storage, "gb_month", gib),
        ];
        let included = if self.storage_gib < STRIPED {
            BASELINE_IOPS
        } else {
            STRIPED_IOPS
        };
        let extra = self.iops.map_or(0, |iops| (iops - included).max(0));
        if self.storage_type == "gp3" && extra > 0 {
            // A standby has IOPS of its own.
            let zones = if self.multi_az { 2.0 } else { 1.0 };
            parts.push(DbPart {
                component: Component::Iops,
                key: "rds.gp3.extra_iops_month".to_owned(),
                amount: f64::from(extra) * zones,
            });
        }
        Ok(parts)
    }

    /// The key of a price for one zone or for two, and how many times it is paid: two zones cost twice one where they have no price of
    /// their own (`rds.postgres.multi_az_factor`).
    fn zones(&self, book: &Book, region: &str, of: &str, unit: &str) -> (String, f64) {
        let one = format!("{of}.single_az_{unit}");
        if !self.multi_az {
            return (one, 1.0);
        }
        let two = format!("{of}.multi_az_{unit}");
        if book.price(&two, region).is_ok() {
            return (two, 1.0);
        }
        let factor = book.price("rds.postgres.multi_az_factor", region);
        (one, factor.unwrap_or(2.0))
    }
}

/// What is billed of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct DbPart {
    /// What it is.
    pub component: Component,
    /// Its key in the price book.
    pub key: String,
    /// Instances, GiB or IOPS.
    pub amount: f64,
}

/// A component of an instance's price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// Its hours.
    Instance,
    /// Its storage.
    Storage,
    /// IOPS beyond those that come with the storage.
    Iops,
}

impl Component {
    /// What a line of an estimate calls it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Storage => "storage",
            Self::Iops => "extra IOPS",
        }
    }

    /// How its quantity is made up.
    pub(super) fn basis(self, size: &DbSize) -> String {
        let zones = if size.multi_az {
            "Multi-AZ"
        } else {
            "single zone"
        };
        match self {
            Self::Instance => format!("{}, {zones}", size.class),
            Self::Storage => format!("{} GiB {}, {zones}", size.storage_gib, size.storage_type),
            Self::Iops => format!(
                "{} IOPS, more than come with {} GiB {}",
                size.iops.unwrap_or(0),
                size.storage_gib,
                size.storage_type
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Instance, Inventory, Power, monthly as monthly_of};

    fn size(class: &str, multi_az: bool) -> DbSize {
        DbSize {
            engine: "postgres".to_owned(),
            class: class.to_owned(),
            multi_az,
            storage_gib: 100,
            storage_type: "gp3".to_owned(),
            iops: None,
        }
    }

    fn monthly(size: DbSize, region: &str) -> Result<f64, String> {
        let inventory = Inventory {
            databases: vec![Instance {
                id: "db".to_owned(),
                size,
                power: Power::On,
            }],
            ..Inventory::empty(region)
        };
        monthly_of(Book::embedded(), &inventory)
    }

    #[test]
    fn instance_and_storage_are_added_and_a_standby_doubles_both() {
        // us-east-1: 0.016 USD an hour of db.t4g.micro, 0.115 USD a GB-month of gp3.
        let one = monthly(size("db.t4g.micro", false), "us-east-1");
        assert!(matches!(one, Ok(usd) if (usd - (0.016 * 730.0 + 11.5)).abs() < 1e-9));
        let two = monthly(size("db.t3.micro", true), "us-east-1");
        let single = monthly(size("db.t3.micro", false), "us-east-1");
        assert_eq!(two.ok(), single.ok().map(|usd| usd * 2.0));
    }

    #[test]
    fn iops_beyond_those_of_the_volume_are_billed() {
        let with = |iops| DbSize {
            iops: Some(iops),
            ..size("db.t4g.micro", false)
        };
        let base = monthly(with(3_000), "us-east-1");
        assert_eq!(base, monthly(size("db.t4g.micro", false), "us-east-1"));
        let more = monthly(with(4_000), "us-east-1").unwrap_or_default();
        assert!((more - base.unwrap_or_default() - 20.0).abs() < 1e-9);
    }

    #[test]
    fn a_class_or_an_engine_without_a_price_is_named() {
        let said = |size: DbSize| monthly(size, "us-east-1").err();
        assert_eq!(
            said(size("db.x9.huge", false)).as_deref(),
            Some("no price of rds.postgres.db.x9.huge.single_az_hour in us-east-1")
        );
        let other = DbSize {
            engine: "mysql".to_owned(),
            ..size("db.t4g.micro", false)
        };
        assert_eq!(
            said(other).as_deref(),
            Some("no price of RDS for mysql in us-east-1")
        );
    }
}
