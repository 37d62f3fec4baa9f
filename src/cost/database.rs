//! What a database instance costs.

use super::{Book, HOURS, Missing};
use crate::model::database::Database;

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
}

impl From<&Database> for DbSize {
    fn from(database: &Database) -> Self {
        Self {
            engine: database.engine.clone(),
            class: database.class.clone(),
            multi_az: database.multi_az,
            storage_gib: database.storage.allocated_gib,
            storage_type: database.storage.kind.clone(),
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

    /// USD a month.
    ///
    /// # Errors
    /// The price that the book does not have.
    pub fn monthly(&self, book: &Book, region: &str) -> Result<f64, Missing> {
        if self.engine != "postgres" {
            return Err(Missing {
                what: format!("RDS for {}", self.engine),
                region: region.to_owned(),
            });
        }
        let hour = self.priced(
            book,
            region,
            &format!("rds.postgres.{}", self.class),
            "hour",
        )?;
        let storage = match self.storage_type.as_str() {
            "gp2" => "rds.gp2".to_owned(),
            other => format!("rds.postgres.{other}"),
        };
        let gib = self.priced(book, region, &storage, "gb_month")?;
        Ok(hour * HOURS + gib * f64::from(self.storage_gib))
    }

    /// A price of one zone or of two; two cost twice one where they have no price of their own (`rds.postgres.multi_az_factor`).
    fn priced(&self, book: &Book, region: &str, of: &str, unit: &str) -> Result<f64, Missing> {
        let one = || book.price(&format!("{of}.single_az_{unit}"), region);
        if !self.multi_az {
            return one();
        }
        book.price(&format!("{of}.multi_az_{unit}"), region)
            .or_else(|_| Ok(one()? * book.price("rds.postgres.multi_az_factor", region)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(class: &str, multi_az: bool) -> DbSize {
        DbSize {
            engine: "postgres".to_owned(),
            class: class.to_owned(),
            multi_az,
            storage_gib: 100,
            storage_type: "gp3".to_owned(),
        }
    }

    #[test]
    fn instance_and_storage_are_added_and_a_standby_doubles_both() {
        let book = Book::embedded();
        // us-east-1: 0.016 USD an hour of db.t4g.micro, 0.115 USD a GB-month of gp3.
        let one = size("db.t4g.micro", false).monthly(book, "us-east-1");
        assert!(matches!(one, Ok(usd) if (usd - (0.016 * 730.0 + 11.5)).abs() < 1e-9));
        let two = size("db.t3.micro", true).monthly(book, "us-east-1");
        let single = size("db.t3.micro", false).monthly(book, "us-east-1");
        assert_eq!(two.ok(), single.ok().map(|usd| usd * 2.0));
    }

    #[test]
    fn a_class_or_an_engine_without_a_price_is_named() {
        let book = Book::embedded();
        let said = |size: DbSize| size.monthly(book, "us-east-1").err().map(|m| m.to_string());
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
