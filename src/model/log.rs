//! Log lines, where they come from, and how they are followed and queried.

mod place;

pub use place::Place;

use crate::error::Error;
use jiff::Timestamp;
use serde::Serialize;

/// A log line as its source wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEvent {
    /// The line's own time.
    pub at: Timestamp,
    /// When CloudWatch took it in, where that is told.
    pub ingested: Option<Timestamp>,
    /// Log group.
    pub group: String,
    /// Log stream.
    pub stream: String,
    /// CloudWatch's id of the line, where it is told.
    pub id: Option<String>,
    /// The text, unneutralised.
    pub message: String,
}

/// Which lines to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Log groups.
    pub groups: Vec<String>,
    /// Of one log stream only.
    pub stream: Option<String>,
    /// From, inclusive.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// CloudWatch Logs filter pattern; empty matches all.
    pub pattern: String,
    /// Newest lines kept.
    pub limit: usize,
}

/// What writes into a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogOrigin {
    /// Containers of an ECS service.
    Service,
    /// RDS PostgreSQL.
    Database,
    /// VPC flow logs.
    FlowLogs,
    /// AWS WAF.
    Waf,
    /// The load balancer's access logs.
    Balancer,
    /// What ECS says of its services: no log group, but read like one.
    EcsEvents,
    /// Something else that the configuration names.
    Other,
}

/// A log group of the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LogSource {
    /// What writes into it.
    pub origin: LogOrigin,
    /// Short name for filters and the margin: the service's name, `postgresql`, `flow`.
    pub label: String,
    /// Log group, or what [`Place`] knows besides.
    pub group: String,
}

/// What to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Log groups.
    pub groups: Vec<String>,
    /// Lines from here on are given first.
    pub since: Timestamp,
    /// How lines should arrive, where it can be: Live Tail costs money, polling does not.
    pub prefer: Delivery,
}

/// How lines arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// CloudWatch Live Tail.
    #[default]
    LiveTail,
    /// FilterLogEvents, every few seconds.
    Polling,
}

/// What a followed log tells, in order.
#[derive(Debug, Clone)]
pub enum Followed {
    /// New lines, in time order; none was told before.
    Lines(Vec<LogEvent>),
    /// The way of delivery, at the start and whenever it changes, and why it is not Live Tail, or not for all.
    Delivery(Delivery, Option<String>),
    /// Everything up to this moment has been told, as far as CloudWatch has it.
    UpTo(Timestamp),
    /// Live Tail left lines out because there were too many (more than 500 a second). They are asked for, and come later.
    Sampled,
    /// Lines of this span may be missing.
    Gap {
        /// Log groups that are concerned.
        groups: Vec<String>,
        /// From.
        from: Timestamp,
        /// To.
        to: Timestamp,
        /// Why.
        why: String,
    },
    /// A group cannot be read now. Unless it does not exist or is forbidden, reading goes on.
    Failed {
        /// Log group.
        group: String,
        /// Why.
        error: Error,
    },
}

/// A question to CloudWatch Logs Insights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsightsQuery {
    /// Log groups; 50 at most (CloudWatch Logs quotas).
    pub groups: Vec<String>,
    /// From, inclusive.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// The query, in the Logs Insights language.
    pub text: String,
    /// Rows at most: 10,000 by default, up to 100,000 (same page).
    pub limit: u32,
}

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryState {
    /// Waits for its turn.
    Scheduled,
    /// Reads.
    Running,
    /// Has answered.
    Complete,
    /// Was stopped.
    Cancelled,
    /// Could not be answered.
    Failed,
    /// Took longer than an hour.
    TimedOut,
}

impl QueryState {
    /// Whether nothing more will come.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Running)
    }
}

/// What a query has found so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InsightsAnswer {
    /// How far it is.
    pub state: QueryState,
    /// Rows of field names and values, without `@ptr`.
    pub rows: Vec<Vec<(String, String)>>,
    /// Lines that matched.
    pub matched: f64,
    /// Lines that were looked at.
    pub scanned: f64,
    /// Bytes that were looked at; what is billed.
    pub scanned_bytes: f64,
}
