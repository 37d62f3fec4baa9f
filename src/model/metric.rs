//! Metrics: the closed list of what the console charts, and series of values.
//!
//! A [`Metric`] is named by what it means; [`Metric::spec`] gives its label, unit, statistic and how to read an absent datapoint.
//! Namespaces and dimensions are AWS's business and live in the adapter. The list is closed because GetMetricData is billed per
//! metric requested (0.01 USD per 1,000, CloudWatch pricing): nothing is asked for that no screen or rule uses.

mod series;
mod spec;
mod window;

pub use series::Series;
pub use spec::{Absent, MetricSpec, Statistic};
pub use window::Window;

use crate::error::{Error, ErrorKind};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};

/// A metric of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "each variant's meaning, unit and statistic stand in its row of `spec`"
)]
pub enum Metric {
    DnsQueries,
    HealthCheckStatus,
    CdnRequests,
    Cdn4xxRate,
    Cdn5xxRate,
    CdnCacheHitRate,
    CdnBytesDownloaded,
    CdnBytesUploaded,
    CdnOriginLatencyP90,
    WafAllowed,
    WafBlocked,
    WafCounted,
    AlbRequests,
    AlbP50,
    AlbP95,
    AlbP99,
    AlbTarget4xx,
    AlbTarget5xx,
    AlbElb4xx,
    AlbElb5xx,
    AlbRejectedConnections,
    AlbConsumedLcus,
    AlbProcessedBytes,
    AlbHealthyHosts,
    AlbUnhealthyHosts,
    EcsCpu,
    EcsMemory,
    EcsCpuPeak,
    EcsMemoryPeak,
    EcsLiveTasks,
    RdsCpu,
    RdsConnections,
    RdsFreeableMemory,
    RdsFreeStorage,
    RdsReadIops,
    RdsWriteIops,
    RdsReadLatency,
    RdsWriteLatency,
    RdsCpuCredits,
    RdsDbLoad,
    NatBytesOut,
    NatBytesIn,
    NatActiveConnections,
    NatErrorPortAllocation,
    NatPacketsDropped,
    LogBytes,
}

/// The unit of a metric as the console shows it; adapters convert on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A count in the period.
    Count,
    /// A level.
    Gauge,
    /// 0 to 100.
    Percent,
    /// Seconds.
    Seconds,
    /// Bytes in the period or a level of bytes.
    Bytes,
    /// Per second.
    PerSecond,
    /// 1 or 0.
    Flag,
    /// US dollars.
    Usd,
    /// Days.
    Days,
}

/// A metric of one thing. `subject` names it where the environment can have several: a service (`EcsCpu`), a target group's
/// dimension value (`AlbHealthyHosts`), a rule's metric name (`WafBlocked`; `None` is the whole web ACL), a NAT gateway id, a
/// health-check id, a log group. `None` where the environment has one of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MetricId {
    /// Metric.
    pub metric: Metric,
    /// Subject.
    pub subject: Option<Arc<str>>,
}

impl MetricId {
    /// The environment's only one.
    #[must_use]
    pub const fn of(metric: Metric) -> Self {
        Self {
            metric,
            subject: None,
        }
    }

    /// The one of `subject`.
    pub fn with(metric: Metric, subject: impl Into<Arc<str>>) -> Self {
        Self {
            metric,
            subject: Some(subject.into()),
        }
    }
}

/// The answer to one batched query.
#[derive(Debug, Clone, Serialize)]
pub struct Metrics {
    /// The window asked for.
    pub window: Window,
    /// Series by metric; a metric that was asked for and has no datapoint at all has a series of absent values.
    #[serde(skip)]
    pub series: BTreeMap<MetricId, Series>,
    /// What CloudWatch said beside the values: partial data, a region that could not be reached.
    pub messages: Vec<String>,
}

impl Metrics {
    /// The series of a metric of which the environment has one.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<&Series> {
        self.series.get(&MetricId::of(metric))
    }

    /// What CloudWatch said beside the values, as one error to be shown; `None` when it said nothing.
    #[must_use]
    pub fn complaint(&self) -> Option<Error> {
        (!self.messages.is_empty()).then(|| {
            Error::new(ErrorKind::Service, self.messages.join("; "))
                .hint("what is missing is not judged; it is asked for again every minute")
        })
    }

    /// The series of a metric of `subject`.
    #[must_use]
    pub fn of(&self, metric: Metric, subject: &str) -> Option<&Series> {
        self.series.get(&MetricId::with(metric, subject))
    }
}
