//! The price book: a figure by key and region, with its unit and where it comes from.

use serde::Deserialize;
use std::{collections::HashMap, fmt, sync::LazyLock};

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

#[derive(Deserialize)]
struct File {
    #[serde(rename = "price")]
    prices: Vec<Entry>,
}

/// A price: one for all regions, or one for each that it was verified for. Tiers and plans are neither.
#[derive(Debug, Deserialize)]
struct Entry {
    key: String,
    #[serde(rename = "usd", default)]
    by_region: HashMap<String, f64>,
    #[serde(rename = "usd_global")]
    everywhere: Option<f64>,
}

/// Prices by key and region. The empty book has none.
#[derive(Debug, Default)]
pub struct Book {
    entries: HashMap<String, Entry>,
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
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        Ok(Self {
            entries: file
                .prices
                .into_iter()
                .map(|entry| (entry.key.clone(), entry))
                .collect(),
        })
    }

    /// USD a unit of `key` in `region`.
    ///
    /// # Errors
    /// The book does not have it.
    pub fn price(&self, key: &str, region: &str) -> Result<f64, Missing> {
        let found = self
            .entries
            .get(key)
            .and_then(|entry| entry.by_region.get(region).copied().or(entry.everywhere));
        found.ok_or_else(|| Missing {
            what: key.to_owned(),
            region: region.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_book_is_whole() {
        let book = Book::parse(EMBEDDED).expect("it parses");
        assert!(book.entries.len() > 80, "{}", book.entries.len());
        let vcpu = book.price("fargate.linux_x86.vcpu_hour", "eu-central-1");
        assert_eq!(vcpu, Ok(0.04656));
        let class = book.price("rds.postgres.db.t4g.micro.single_az_hour", "us-east-1");
        assert_eq!(class, Ok(0.016));
    }
}
