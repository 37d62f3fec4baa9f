//! What things cost: the embedded price book, and what is computed from it.
//!
//! Prices are AWS's on-demand list prices by region, each with its source; one that the book does not have is named as missing, never
//! borrowed from another region or guessed. A month has 730 hours, as in AWS's own calculator.

mod book;
mod change;
mod costs;
mod database;
mod estimate;
#[cfg(test)]
mod examples;
mod inventory;
mod knob;
mod list;
mod month;
mod observed;
mod spent;
#[cfg(test)]
mod terraform;
mod waste;

pub use book::{Book, Missing, Unreadable};
pub use change::{Architecture, Change, Standby};
pub use costs::{Costs, OLD_PRICES, Supposed, age, suppose};
pub use database::DbSize;
pub use estimate::{Estimate, Item, Span, estimate, monthly, total};
pub use inventory::{Area, Driver, FreeTier, Instance, Inventory, Per, Power, Tasks, Unknown, Use};
pub use knob::{Knob, Turned, changes, knobs};
pub use list::{Listed, Refreshed, refreshed, wanted};
pub use month::{Month, month, window};
pub use observed::{Look, inventory, log_groups, metrics};
pub use spent::{Billed, ServiceBill, billed, days};
pub use waste::{Waste, waste};

use crate::model::compute::TaskDefinition;

/// Hours of a month (AWS Pricing Calculator).
pub const HOURS: f64 = 730.0;

/// GiB of ephemeral storage that a Fargate task has for nothing (Fargate pricing page).
const FREE_STORAGE: f64 = 20.0;

/// What of a task decides its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSize {
    /// CPU units, 1024 = 1 vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// GiB; `None` is the free 20.
    pub ephemeral_storage: Option<i32>,
    /// `X86_64` or `ARM64`.
    pub architecture: String,
    /// `LINUX`, ...
    pub operating_system: String,
}

impl From<&TaskDefinition> for TaskSize {
    fn from(definition: &TaskDefinition) -> Self {
        Self {
            cpu: definition.cpu,
            memory: definition.memory,
            ephemeral_storage: definition.ephemeral_storage,
            architecture: definition.architecture.clone(),
            operating_system: definition.operating_system.clone(),
        }
    }
}

impl TaskSize {
    /// In words: `0.5 vCPU, 1 GB, Linux x86`.
    #[must_use]
    pub fn words(&self) -> String {
        let arch = if self.architecture == "ARM64" {
            "ARM"
        } else {
            "x86"
        };
        format!(
            "{} vCPU, {} GB, Linux {arch}",
            f64::from(self.cpu) / 1024.0,
            f64::from(self.memory) / 1024.0
        )
    }

    /// What is billed of one task: what it is, its key in the price book, and units an hour.
    ///
    /// # Errors
    /// An operating system that is priced otherwise than Linux is.
    pub fn parts(
        &self,
        region: &str,
    ) -> Result<impl Iterator<Item = (&'static str, &'static str, f64)> + use<>, Missing> {
        let (vcpu, memory) = match (self.operating_system.as_str(), self.architecture.as_str()) {
            ("LINUX" | "", "ARM64") => ("fargate.linux_arm.vcpu_hour", "fargate.linux_arm.gb_hour"),
            ("LINUX" | "", _) => ("fargate.linux_x86.vcpu_hour", "fargate.linux_x86.gb_hour"),
            (other, _) => {
                return Err(Missing {
                    what: format!("Fargate on {other}"),
                    region: region.to_owned(),
                });
            }
        };
        let extra = f64::from(self.ephemeral_storage.unwrap_or(0)) - FREE_STORAGE;
        let parts = [
            ("vCPU", vcpu, f64::from(self.cpu) / 1024.0),
            ("memory", memory, f64::from(self.memory) / 1024.0),
            (
                "ephemeral storage",
                "fargate.ephemeral_storage.gb_hour_over_20gb",
                extra.max(0.0),
            ),
        ];
        Ok(parts.into_iter().filter(|(.., amount)| *amount > 0.0))
    }

    /// USD an hour of one task.
    ///
    /// # Errors
    /// The price that the book does not have.
    pub fn hourly(&self, book: &Book, region: &str) -> Result<f64, Missing> {
        self.parts(region)?
            .map(|(_, key, amount)| Ok(amount * book.price(key, region)?))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_costs_what_the_pricing_page_computes() {
        // aws.amazon.com/fargate/pricing, pricing example 1: 5 tasks, 1 vCPU and 2 GB each, us-east-1, 10 minutes a day for 30 days:
        // vCPU 5 x 1 x 0.04048 x 5 h = 1.012; memory 5 x 2 x 0.004445 x 5 h = 0.22225.
        let size = TaskSize {
            cpu: 1024,
            memory: 2048,
            ephemeral_storage: None,
            architecture: "X86_64".to_owned(),
            operating_system: "LINUX".to_owned(),
        };
        let hour = size.hourly(Book::embedded(), "us-east-1");
        let five_tasks = hour.map(|hour| hour * 5.0 * 5.0);
        assert!(matches!(five_tasks, Ok(usd) if (usd - 1.234_25).abs() < 1e-9));
    }

    #[test]
    fn a_region_without_a_price_is_named() {
        let size = TaskSize {
            cpu: 256,
            memory: 512,
            ephemeral_storage: None,
            architecture: "ARM64".to_owned(),
            operating_system: "LINUX".to_owned(),
        };
        let missing = size.hourly(Book::embedded(), "eu-south-2").err();
        let said = missing.map(|m| m.to_string());
        assert_eq!(
            said.as_deref(),
            Some("no price of fargate.linux_arm.vcpu_hour in eu-south-2")
        );
    }
}
