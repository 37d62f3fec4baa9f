//! The arguments of `hydren autoscale`.

use super::Carry;
use crate::{
    cloud::call::Scaling,
    op::{self, Adjustment, Aim, Hold, Request},
};
use clap::{ArgGroup, Args, ValueEnum};
use std::collections::BTreeSet;

/// How a service is to be autoscaled.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub struct Autoscale {
    /// Service
    pub service: String,
    /// Fewest tasks; needed where the service is not autoscaled yet
    #[arg(long, value_name = "N", group = "change")]
    pub min: Option<i32>,
    /// Most tasks; needed where the service is not autoscaled yet
    #[arg(long, value_name = "N", group = "change")]
    pub max: Option<i32>,
    /// Percent of CPU that a policy holds the tasks at, or off to delete the policy
    #[arg(long, value_name = "PERCENT", group = "change")]
    pub cpu: Option<Hold>,
    /// Percent of memory that a policy holds the tasks at, or off to delete the policy
    #[arg(long, value_name = "PERCENT", group = "change")]
    pub memory: Option<Hold>,
    /// Seconds after one scaling in before the next, of both policies
    #[arg(long, value_name = "SECONDS", group = "change")]
    pub in_cooldown: Option<i32>,
    /// Seconds after one scaling out before the next, of both policies
    #[arg(long, value_name = "SECONDS", group = "change")]
    pub out_cooldown: Option<i32>,
    /// Suspend scaling until it is resumed
    #[arg(long, value_enum, value_name = "WHAT", group = "change")]
    pub suspend: Vec<What>,
    /// Resume scaling that is suspended
    #[arg(long, value_enum, value_name = "WHAT", group = "change")]
    pub resume: Vec<What>,
    /// End autoscaling: the service stays at the tasks that it has
    #[arg(long, group = "change", conflicts_with_all = ["min", "max", "cpu", "memory", "in_cooldown", "out_cooldown", "suspend", "resume"])]
    pub deregister: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

/// What is suspended or resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Scaling in by policies
    In,
    /// Scaling out by policies
    Out,
    /// Scheduled scaling
    Scheduled,
    /// All of it
    All,
}

fn all(of: &[What]) -> BTreeSet<Scaling> {
    let each = of.iter().flat_map(|what| match what {
        What::In => &[Scaling::In][..],
        What::Out => &[Scaling::Out],
        What::Scheduled => &[Scaling::Scheduled],
        What::All => &Scaling::ALL,
    });
    each.copied().collect()
}

impl From<&Autoscale> for Request {
    fn from(asked: &Autoscale) -> Self {
        let to = if asked.deregister {
            Aim::Exactly(None)
        } else {
            Aim::Adjusted(Adjustment {
                min: asked.min,
                max: asked.max,
                cpu: asked.cpu,
                memory: asked.memory,
                in_cooldown: asked.in_cooldown,
                out_cooldown: asked.out_cooldown,
                suspend: all(&asked.suspend),
                resume: all(&asked.resume),
            })
        };
        let service = asked.service.clone();
        op::Autoscale { service, to }.into()
    }
}
