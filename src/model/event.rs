//! The timeline: what happened, in one order, across tiers.

use super::tier::{Health, Tier};
use jiff::Timestamp;
use serde::Serialize;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub tier: Tier,
    /// How bad it is.
    pub severity: Health,
    /// What kind.
    pub kind: EventKind,
    /// The service, alarm, database, ... it is about.
    pub subject: String,
    /// One line.
    pub text: String,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A rollout began, ended or was rolled back.
    Rollout,
    /// A message of an ECS service.
    Service,
    /// A task stopped.
    Task,
    /// Autoscaling did or did not scale.
    Scaling,
    /// An alarm changed its state.
    Alarm,
    /// A message of RDS.
    Database,
    /// A snapshot of the database.
    Snapshot,
    /// A CloudFront invalidation or a changed configuration.
    Edge,
    /// An image was pushed.
    Image,
}
