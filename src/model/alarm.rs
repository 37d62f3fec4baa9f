//! CloudWatch alarms and dashboards.

use jiff::Timestamp;
use serde::Serialize;

/// Alarms, their recent transitions, and dashboards.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Alarms {
    /// Firing first, then by name.
    pub alarms: Vec<Alarm>,
    /// Newest first.
    pub history: Vec<AlarmTransition>,
    /// Why the history is missing, when it could not be read.
    pub history_error: Option<String>,
    /// By name.
    pub dashboards: Vec<Dashboard>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// An alarm.
#[derive(Debug, Clone, Serialize)]
pub struct Alarm {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// State.
    pub state: AlarmState,
    /// In CloudWatch's words.
    pub reason: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Region it lives in: edge alarms live in us-east-1.
    pub region: String,
    /// `AWS/ApplicationELB HTTPCode_ELB_5XX_Count`; `expression` for metric math; empty for composite alarms.
    pub metric: String,
    /// `LoadBalancer=app/…` pairs.
    pub dimensions: Vec<(String, String)>,
    /// `Sum > 10 for 3 of 5 × 60 s`, or the composite rule.
    pub condition: String,
    /// Whether actions are enabled.
    pub actions_enabled: bool,
    /// Number of alarm actions.
    pub actions: usize,
    /// Whether Application Auto Scaling made it (`TargetTracking-…`): it must not be edited, and its ALARM is not an incident.
    pub owned_by_autoscaling: bool,
    /// What is billed of it.
    pub billing: AlarmBilling,
}

/// What is billed of an alarm: a metric alarm by the metrics that it reads (aws.amazon.com/cloudwatch/pricing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmBilling {
    /// Each metric, at periods of a minute or more.
    Standard {
        /// Metrics; of a band of expected values three, the metric and both its edges.
        metrics: usize,
    },
    /// Each metric, at periods of less than a minute.
    HighResolution {
        /// Metrics.
        metrics: usize,
    },
    /// The alarm.
    Composite,
    /// It is not told how many metrics it reads: a query of Metrics Insights.
    #[default]
    Unknown,
}

/// State of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Fine.
    Ok,
    /// Not enough data to say.
    InsufficientData,
    /// Firing.
    Alarm,
}

impl AlarmState {
    /// The state as CloudWatch writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Alarm => "ALARM",
        }
    }
}

/// A change of an alarm's state.
#[derive(Debug, Clone, Serialize)]
pub struct AlarmTransition {
    /// Alarm.
    pub alarm: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Before.
    pub from: Option<AlarmState>,
    /// After.
    pub to: Option<AlarmState>,
    /// `Alarm updated from OK to ALARM`.
    pub summary: String,
}

/// A dashboard.
#[derive(Debug, Clone, Serialize)]
pub struct Dashboard {
    /// Name.
    pub name: String,
    /// Last change.
    pub modified_at: Option<Timestamp>,
    /// Bytes of its body.
    pub size_bytes: i64,
}
