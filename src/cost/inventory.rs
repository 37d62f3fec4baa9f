//! What of an environment is billed, as plain data: what stands there, what runs, and how much of it is used.
//!
//! **Design.** An [`Inventory`] is made from what was observed ([`super::observed`]), can be changed as a question ([`super::Change`]), and
//! is priced by one function ([`super::estimate()`]). The floor, the ceiling, another region, twice the traffic and what a plan would
//! leave behind are inventories too, so that whatever is compared was computed alike. Tasks and the database are kept by what decides
//! their price, since they are what people change; everything else is a [`Use`] of a price.

use super::{DbSize, TaskSize};
use crate::{
    format,
    model::{Tier, compute::Service},
};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// What a cost belongs to: a tier, or the logs of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// A tier.
    Tier(Tier),
    /// CloudWatch Logs.
    Logs,
}

impl Area {
    /// Every one, in path order.
    pub const ALL: [Self; 10] = [
        Self::Tier(Tier::Route53),
        Self::Tier(Tier::CloudFront),
        Self::Tier(Tier::Waf),
        Self::Tier(Tier::Alb),
        Self::Tier(Tier::Ecs),
        Self::Tier(Tier::Rds),
        Self::Tier(Tier::Images),
        Self::Logs,
        Self::Tier(Tier::Alarms),
        Self::Tier(Tier::Network),
    ];

    /// The stable name used in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Tier(tier) => tier.id(),
            Self::Logs => "logs",
        }
    }

    /// The name that people read.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tier(Tier::Alarms) => "CloudWatch",
            Self::Tier(Tier::Rds) => "RDS",
            Self::Tier(tier) => tier.title(),
            Self::Logs => "Logs",
        }
    }
}

impl Serialize for Area {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// How the amount of a use is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Units an hour.
    Hour,
    /// Units held, of a price by the month: a part of a month costs that part of the price.
    Month,
}

/// What makes a use more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// It stands there, whatever happens.
    Standing,
    /// Visitors.
    Traffic,
}

/// A use of a price.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// Whose.
    pub area: Area,
    /// What, as people call it: `load balancer hours`.
    pub item: String,
    /// Key in the price book.
    pub key: Cow<'static, str>,
    /// Units of the price: a month or an hour.
    pub amount: f64,
    /// Which of both.
    pub per: Per,
    /// What makes it more.
    pub driver: Driver,
    /// Region whose price it has, where that is not the environment's.
    pub region: Option<&'static str>,
    /// How the amount is known: `2 gateways`, `mean of the last day`.
    pub basis: String,
}

/// Tasks of one service and one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Tasks {
    /// Service.
    pub service: String,
    /// Size.
    pub size: TaskSize,
    /// How many; a mean need not be whole.
    pub count: f64,
    /// The fewest that are wanted.
    pub floor: f64,
    /// The most that autoscaling makes of them.
    pub ceiling: f64,
    /// Public IPv4 addresses of each.
    pub addresses: u8,
    /// How the count is known.
    pub basis: String,
}

impl Tasks {
    /// The tasks of a service, as many as are wanted of it and within the limits of its autoscaling.
    #[must_use]
    pub fn of(service: &Service, size: TaskSize) -> Self {
        let wanted = f64::from(service.desired);
        let limits = service.autoscaling.as_ref().map(|a| (a.min, a.max));
        let (floor, ceiling) = limits.map_or((wanted, wanted), |(least, most)| {
            (least.into(), most.into())
        });
        Self {
            service: service.name.clone(),
            size,
            count: wanted,
            floor,
            ceiling,
            // A task has one network interface of its own (ECS developer guide, task networking for Fargate).
            addresses: u8::from(service.assign_public_ip),
            basis: format::count(service.desired, "task"),
        }
    }

    /// Whether autoscaling sets how many there are.
    #[must_use]
    pub fn scales(&self) -> bool {
        self.ceiling > self.floor
    }
}

/// A database instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Identifier.
    pub id: String,
    /// Size.
    pub size: DbSize,
    /// Whether it is stopped: then its storage is billed, and its hours are not.
    pub power: Power,
}

/// Whether a database runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It runs.
    On,
    /// It was stopped; RDS starts it again after seven days.
    Off,
}

/// Something that is billed and whose cost is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unknown {
    /// Whose.
    pub tier: Area,
    /// What.
    pub item: String,
    /// Why its cost is not known.
    pub reason: String,
}

impl Unknown {
    /// What of whom is unknown, and why.
    pub fn new(tier: Area, item: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            tier,
            item: item.into(),
            reason: reason.into(),
        }
    }
}

/// Whether what an account has for nothing each month is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FreeTier {
    /// It is: the environment is the only one of its account that uses it.
    #[default]
    Applied,
    /// It is left to others of the account.
    Ignored,
}

/// What of an environment is billed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    /// Region whose prices apply.
    pub region: String,
    /// What is free of charge.
    pub free_tier: FreeTier,
    /// Tasks.
    pub tasks: Vec<Tasks>,
    /// Database instances.
    pub databases: Vec<Instance>,
    /// Everything else.
    pub uses: Vec<Use>,
    /// What could not be found out.
    pub unknown: Vec<Unknown>,
}

impl Inventory {
    /// Nothing, in a region.
    #[must_use]
    pub fn empty(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..Self::default()
        }
    }

    /// The least that it comes to: the fewest tasks, and nobody visits.
    #[must_use]
    pub fn floor(&self) -> Self {
        let mut least = self.clone();
        for tasks in &mut least.tasks {
            tasks.count = tasks.floor;
        }
        least.scale_traffic(0.0);
        least
    }

    /// The most that autoscaling lets it come to: the most tasks, each as busy as those are that run now.
    #[must_use]
    pub fn ceiling(&self) -> Self {
        let mut most = self.clone();
        let factor = most.headroom();
        for tasks in &mut most.tasks {
            tasks.count = tasks.ceiling.max(tasks.count);
        }
        most.scale_traffic(factor);
        most
    }

    /// How many times the tasks that run now autoscaling would start, over all services that it scales.
    #[must_use]
    pub fn headroom(&self) -> f64 {
        let scaled = self.tasks.iter().filter(|tasks| tasks.scales());
        let (now, most) = scaled.fold((0.0, 0.0), |(now, most), tasks| {
            (now + tasks.count, most + tasks.ceiling)
        });
        if now > 0.0 && most > now {
            most / now
        } else {
            1.0
        }
    }

    /// Multiplies what visitors cause.
    pub fn scale_traffic(&mut self, factor: f64) {
        for used in &mut self.uses {
            if used.driver == Driver::Traffic {
                used.amount *= factor;
            }
        }
    }
}
