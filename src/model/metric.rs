//! Metrics: the closed list of what the console charts, and series of values.
//!
//! A [`Metric`] is named by what it means; [`Metric::spec`] gives its label, unit, statistic and how to read an absent datapoint.
//! Namespaces and dimensions are AWS's business and live in the adapter. The list is closed because GetMetricData is billed per
//! metric requested (0.01 USD per 1,000, CloudWatch pricing): nothing is asked for that no screen or rule uses.

use super::tier::Tier;
use crate::error::{Error, ErrorKind};
use jiff::Timestamp;
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
    AlbHealthyHosts,
    AlbUnhealthyHosts,
    EcsCpu,
    EcsMemory,
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

/// How values of a period come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Sum of the period.
    Sum,
    /// Mean of the period.
    Average,
    /// Lowest of the period.
    Minimum,
    /// Highest of the period.
    Maximum,
    /// Percentile.
    P50,
    /// Percentile.
    P90,
    /// Percentile.
    P95,
    /// Percentile.
    P99,
}

impl Statistic {
    /// The statistic as CloudWatch writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Average => "Average",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }
}

/// How to read a period without a datapoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// It counts what should not happen, and AWS publishes nothing when it did not: 0, also in a window without any datapoint.
    Zero,
    /// It counts what always goes on, and AWS publishes nothing in a quiet period: 0 beside other datapoints. A window without any
    /// is a gap: that nobody asked for an hour is less likely than that nothing is published, and either is to be seen.
    Lull,
    /// Not known: draw a gap.
    Gap,
}

/// What is known of a metric ahead of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricSpec {
    /// Tier.
    pub tier: Tier,
    /// Stable name, also the JSON key.
    pub name: &'static str,
    /// Short label for charts.
    pub label: &'static str,
    /// Unit.
    pub unit: Unit,
    /// Statistic.
    pub statistic: Statistic,
    /// How absent datapoints are read.
    pub absent: Absent,
    /// Shortest period in seconds at which AWS publishes it.
    pub period: u32,
}

impl Metric {
    /// Gives the metric's row. Statistics, units and absence follow the metric pages of each service (CloudFront
    /// `programming-cloudwatch-metrics`, WAF `waf-metrics`, ALB `load-balancer-cloudwatch-metrics`, ECS `available-metrics`, RDS
    /// `rds-metrics`, NAT `metrics-dimensions-nat-gateway`, Route 53 `monitoring-cloudwatch`). A NAT gateway that works publishes its
    /// bytes every minute, so that their absence is a gap: it is a sign of a broken way out.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table, one row a metric")]
    pub const fn spec(self) -> MetricSpec {
        use Absent::{Gap, Lull, Zero};
        use Statistic::{Average, Maximum, Minimum, P50, P90, P95, P99, Sum};
        use Unit::{Bytes, Count, Flag, Gauge, PerSecond, Percent, Seconds};
        let (tier, name, label, unit, statistic, absent, period) = match self {
            Self::DnsQueries => (
                Tier::Route53,
                "dns_queries",
                "queries",
                Count,
                Sum,
                Lull,
                60,
            ),
            Self::HealthCheckStatus => (
                Tier::Route53,
                "health_check_status",
                "health check",
                Flag,
                Minimum,
                Gap,
                60,
            ),
            Self::CdnRequests => (
                Tier::CloudFront,
                "requests",
                "requests",
                Count,
                Sum,
                Lull,
                60,
            ),
            Self::Cdn4xxRate => (
                Tier::CloudFront,
                "error_rate_4xx",
                "4xx",
                Percent,
                Average,
                Gap,
                60,
            ),
            Self::Cdn5xxRate => (
                Tier::CloudFront,
                "error_rate_5xx",
                "5xx",
                Percent,
                Average,
                Gap,
                60,
            ),
            Self::CdnCacheHitRate => (
                Tier::CloudFront,
                "cache_hit_rate",
                "cache hits",
                Percent,
                Average,
                Gap,
                60,
            ),
            Self::CdnBytesDownloaded => (
                Tier::CloudFront,
                "bytes_downloaded",
                "downloaded",
                Bytes,
                Sum,
                Lull,
                60,
            ),
            Self::CdnOriginLatencyP90 => (
                Tier::CloudFront,
                "origin_latency_p90",
                "origin p90",
                Seconds,
                P90,
                Gap,
                60,
            ),
            Self::WafAllowed => (Tier::Waf, "allowed", "allowed", Count, Sum, Lull, 60),
            Self::WafBlocked => (Tier::Waf, "blocked", "blocked", Count, Sum, Zero, 60),
            Self::WafCounted => (Tier::Waf, "counted", "counted", Count, Sum, Zero, 60),
            Self::AlbRequests => (Tier::Alb, "requests", "requests", Count, Sum, Lull, 60),
            Self::AlbP50 => (Tier::Alb, "latency_p50", "p50", Seconds, P50, Gap, 60),
            Self::AlbP95 => (Tier::Alb, "latency_p95", "p95", Seconds, P95, Gap, 60),
            Self::AlbP99 => (Tier::Alb, "latency_p99", "p99", Seconds, P99, Gap, 60),
            Self::AlbTarget4xx => (Tier::Alb, "target_4xx", "target 4xx", Count, Sum, Zero, 60),
            Self::AlbTarget5xx => (Tier::Alb, "target_5xx", "target 5xx", Count, Sum, Zero, 60),
            Self::AlbElb4xx => (
                Tier::Alb,
                "balancer_4xx",
                "balancer 4xx",
                Count,
                Sum,
                Zero,
                60,
            ),
            Self::AlbElb5xx => (
                Tier::Alb,
                "balancer_5xx",
                "balancer 5xx",
                Count,
                Sum,
                Zero,
                60,
            ),
            Self::AlbRejectedConnections => (
                Tier::Alb,
                "rejected_connections",
                "rejected",
                Count,
                Sum,
                Zero,
                60,
            ),
            Self::AlbConsumedLcus => (Tier::Alb, "consumed_lcus", "LCU", Gauge, Average, Lull, 60),
            Self::AlbHealthyHosts => (
                Tier::Alb,
                "healthy_hosts",
                "healthy",
                Gauge,
                Minimum,
                Gap,
                60,
            ),
            Self::AlbUnhealthyHosts => (
                Tier::Alb,
                "unhealthy_hosts",
                "unhealthy",
                Gauge,
                Maximum,
                Gap,
                60,
            ),
            Self::EcsCpu => (Tier::Ecs, "cpu", "cpu", Percent, Average, Gap, 60),
            Self::EcsMemory => (Tier::Ecs, "memory", "memory", Percent, Average, Gap, 60),
            Self::EcsLiveTasks => (Tier::Ecs, "live_tasks", "tasks", Gauge, Average, Gap, 60),
            Self::RdsCpu => (Tier::Rds, "cpu", "cpu", Percent, Average, Gap, 60),
            Self::RdsConnections => (
                Tier::Rds,
                "connections",
                "connections",
                Gauge,
                Maximum,
                Gap,
                60,
            ),
            Self::RdsFreeableMemory => (
                Tier::Rds,
                "freeable_memory",
                "free memory",
                Bytes,
                Average,
                Gap,
                60,
            ),
            Self::RdsFreeStorage => (
                Tier::Rds,
                "free_storage",
                "free storage",
                Bytes,
                Minimum,
                Gap,
                60,
            ),
            Self::RdsReadIops => (
                Tier::Rds,
                "read_iops",
                "read IOPS",
                PerSecond,
                Average,
                Gap,
                60,
            ),
            Self::RdsWriteIops => (
                Tier::Rds,
                "write_iops",
                "write IOPS",
                PerSecond,
                Average,
                Gap,
                60,
            ),
            Self::RdsReadLatency => (
                Tier::Rds,
                "read_latency",
                "read latency",
                Seconds,
                Average,
                Gap,
                60,
            ),
            Self::RdsWriteLatency => (
                Tier::Rds,
                "write_latency",
                "write latency",
                Seconds,
                Average,
                Gap,
                60,
            ),
            Self::RdsCpuCredits => (
                Tier::Rds,
                "cpu_credits",
                "CPU credits",
                Gauge,
                Average,
                Gap,
                300,
            ),
            Self::RdsDbLoad => (Tier::Rds, "db_load", "DB load", Gauge, Average, Gap, 60),
            Self::NatBytesOut => (
                Tier::Network,
                "nat_bytes_out",
                "NAT out",
                Bytes,
                Sum,
                Gap,
                60,
            ),
            Self::NatActiveConnections => (
                Tier::Network,
                "nat_active_connections",
                "NAT connections",
                Gauge,
                Maximum,
                Gap,
                60,
            ),
            Self::NatErrorPortAllocation => (
                Tier::Network,
                "nat_port_errors",
                "NAT port errors",
                Count,
                Sum,
                Zero,
                60,
            ),
            Self::NatPacketsDropped => (
                Tier::Network,
                "nat_packets_dropped",
                "NAT drops",
                Count,
                Sum,
                Zero,
                60,
            ),
            Self::LogBytes => (
                Tier::Network,
                "log_bytes",
                "log bytes",
                Bytes,
                Sum,
                Lull,
                60,
            ),
        };
        MetricSpec {
            tier,
            name,
            label,
            unit,
            statistic,
            absent,
            period,
        }
    }
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

/// A span of time and its resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Inclusive, aligned to the period.
    pub from: Timestamp,
    /// Exclusive, aligned to the period.
    pub to: Timestamp,
    /// Seconds of a datapoint.
    pub period: u32,
}

impl Window {
    /// The last `seconds` before `now`.
    #[must_use]
    pub fn last(now: Timestamp, seconds: i64) -> Self {
        Self::ending(now, seconds, now)
    }

    /// The `seconds` before `end`, with a period that keeps a chart at 360 points or fewer and that is still kept at `now`: 60 s data
    /// for 15 days, 300 s for 63 days, 3600 s for 455 days (CloudWatch concepts, metrics retention). Aligned to whole periods, so that
    /// repeated queries agree.
    #[must_use]
    pub fn ending(end: Timestamp, seconds: i64, now: Timestamp) -> Self {
        const DAY: i64 = 86_400;
        let readable = match seconds {
            ..=21_600 => 60,
            21_601..=108_000 => 300,
            108_001..=345_600 => 900,
            _ => 3_600,
        };
        let age = now.as_second() - end.as_second() + seconds;
        let kept = if age > 63 * DAY {
            3_600
        } else if age > 15 * DAY {
            300
        } else {
            60
        };
        let period: i64 = readable.max(kept);
        let to = end.as_second().div_euclid(period) * period;
        let from = to - seconds.div_euclid(period).max(1) * period;
        Self {
            from: Timestamp::from_second(from).unwrap_or(Timestamp::MIN),
            to: Timestamp::from_second(to).unwrap_or(Timestamp::MAX),
            period: u32::try_from(period).unwrap_or(60),
        }
    }

    /// Number of datapoints.
    #[must_use]
    pub fn len(&self) -> usize {
        let span = self.to.as_second() - self.from.as_second();
        usize::try_from(span / i64::from(self.period.max(1))).unwrap_or(0)
    }

    /// Whether it holds no datapoint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time of datapoint `index`.
    #[must_use]
    pub fn at(&self, index: usize) -> Timestamp {
        let offset = i64::try_from(index).unwrap_or(0) * i64::from(self.period);
        Timestamp::from_second(self.from.as_second() + offset).unwrap_or(self.to)
    }

    /// The datapoint that `at` falls into.
    #[must_use]
    pub fn index(&self, at: Timestamp) -> Option<usize> {
        let offset = at.as_second() - self.from.as_second();
        let index = usize::try_from(offset.div_euclid(i64::from(self.period.max(1)))).ok()?;
        (index < self.len()).then_some(index)
    }
}

/// Values of one metric over a window: one place a period, `NaN` where nothing is known.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// One value a period of the window; absent datapoints are already 0 or `NaN` by the metric's [`Absent`].
    pub values: Vec<f64>,
}

impl Series {
    /// Makes the series of `metric` over `window` from datapoints in any order. Datapoints outside are dropped. A metric whose
    /// [`Absent`] says so is filled with 0, but not in the last period, which AWS may not have published yet.
    #[must_use]
    pub fn fill(
        metric: Metric,
        window: &Window,
        points: impl IntoIterator<Item = (Timestamp, f64)>,
    ) -> Self {
        let mut values = vec![f64::NAN; window.len()];
        for (at, value) in points {
            if let Some(place) = window.index(at).and_then(|i| values.get_mut(i)) {
                *place = value;
            }
        }
        let zero = match metric.spec().absent {
            Absent::Zero => true,
            Absent::Lull => values.iter().any(|value| !value.is_nan()),
            Absent::Gap => false,
        };
        if zero {
            let settled = values.len().saturating_sub(1);
            for value in &mut values[..settled] {
                if value.is_nan() {
                    *value = 0.0;
                }
            }
        }
        Self { values }
    }

    /// The newest known value, looked for in the last three periods: older ones are not "now".
    #[must_use]
    pub fn latest(&self) -> Option<f64> {
        self.values
            .iter()
            .rev()
            .take(3)
            .copied()
            .find(|v| !v.is_nan())
    }

    /// Mean of the known values among the last `count`.
    #[must_use]
    pub fn mean(&self, count: usize) -> Option<f64> {
        let known: Vec<f64> = self
            .values
            .iter()
            .rev()
            .take(count)
            .copied()
            .filter(|v| !v.is_nan())
            .collect();
        #[allow(clippy::cast_precision_loss, reason = "at most some thousand values")]
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }

    /// Greatest known value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.values
            .iter()
            .copied()
            .filter(|v| !v.is_nan())
            .reduce(f64::max)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The series of `metric` over four minutes, with these values in the first ones.
    fn filled(metric: Metric, known: &[f64]) -> Vec<f64> {
        let window = Window::last(Timestamp::UNIX_EPOCH, 240);
        let points = known.iter().enumerate();
        Series::fill(metric, &window, points.map(|(i, v)| (window.at(i), *v))).values
    }

    #[test]
    fn a_quiet_minute_has_no_requests_but_a_silent_hour_is_unknown() {
        assert_eq!(filled(Metric::AlbRequests, &[7.0])[..3], [7.0, 0.0, 0.0]);
        assert!(filled(Metric::AlbRequests, &[7.0])[3].is_nan(), "not yet");
        assert!(filled(Metric::AlbRequests, &[]).iter().all(|v| v.is_nan()));
    }

    #[test]
    fn what_should_not_happen_did_not_unless_it_is_published() {
        for metric in [
            Metric::WafBlocked,
            Metric::AlbElb5xx,
            Metric::NatErrorPortAllocation,
        ] {
            assert_eq!(filled(metric, &[])[..3], [0.0; 3], "{metric:?}");
        }
    }

    #[test]
    fn a_gateway_that_publishes_nothing_did_not_send_nothing() {
        let bytes = filled(Metric::NatBytesOut, &[5.0]);
        assert!(bytes[1..].iter().all(|v| v.is_nan()), "{bytes:?}");
    }
}
