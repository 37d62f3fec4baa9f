//! The environment as plain data. No I/O, no SDK types, no terminal types.
//!
//! A tier's types live in the file of its name; [`Snapshot`] is one whole tier as it was read at one moment. Text fields hold what
//! AWS said, unneutralised: [`crate::text`] makes them safe where they are drawn or printed.

pub mod alarm;
pub mod balancer;
pub mod component;
pub mod compute;
pub mod database;
pub mod discovery;
pub mod edge;
pub mod environment;
pub mod event;
pub mod fargate;
pub mod finding;
pub mod hidden;
pub mod identity;
pub mod image;
pub mod ip_set;
pub mod ledger;
pub mod log;
pub mod metric;
pub mod network;
pub mod permission;
pub mod spend;
pub mod state;
pub mod task_document;
pub mod tier;

pub use tier::{Health, Tier, Verdict};

use serde::Serialize;
use std::sync::Arc;

/// One whole tier as read at one moment.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Snapshot {
    /// Route 53.
    Dns(Arc<edge::Dns>),
    /// CloudFront.
    Cdn(Arc<edge::Cdn>),
    /// WAF.
    Waf(Arc<edge::Waf>),
    /// The application load balancer.
    Balancer(Arc<balancer::Balancer>),
    /// ECS.
    Compute(Arc<compute::Compute>),
    /// RDS.
    Database(Arc<database::Database>),
    /// Container images.
    Images(Arc<image::Images>),
    /// CloudWatch alarms and dashboards.
    Alarms(Arc<alarm::Alarms>),
    /// The VPC.
    Network(Arc<network::Network>),
}

impl Snapshot {
    /// Says which tier this is a snapshot of.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        match self {
            Self::Dns(_) => Tier::Route53,
            Self::Cdn(_) => Tier::CloudFront,
            Self::Waf(_) => Tier::Waf,
            Self::Balancer(_) => Tier::Alb,
            Self::Compute(_) => Tier::Ecs,
            Self::Database(_) => Tier::Rds,
            Self::Images(_) => Tier::Images,
            Self::Alarms(_) => Tier::Alarms,
            Self::Network(_) => Tier::Network,
        }
    }
}
