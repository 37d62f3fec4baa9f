//! What is known of each metric ahead of its values: one row a metric.

use super::{super::tier::Tier, Metric, Unit};
use serde::Serialize;

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
            Self::CdnBytesUploaded => (
                Tier::CloudFront,
                "bytes_uploaded",
                "uploaded",
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
            Self::AlbProcessedBytes => (
                Tier::Alb,
                "processed_bytes",
                "processed",
                Bytes,
                Sum,
                Lull,
                60,
            ),
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
            // Of the busiest task: the statistics of a service are taken over its tasks.
            Self::EcsCpuPeak => (
                Tier::Ecs,
                "cpu_peak",
                "cpu, busiest task",
                Percent,
                Maximum,
                Gap,
                60,
            ),
            Self::EcsMemoryPeak => (
                Tier::Ecs,
                "memory_peak",
                "memory, fullest task",
                Percent,
                Maximum,
                Gap,
                60,
            ),
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
            Self::NatBytesIn => (Tier::Network, "nat_bytes_in", "NAT in", Bytes, Sum, Gap, 60),
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
