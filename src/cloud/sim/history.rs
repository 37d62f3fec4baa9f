//! What CloudWatch would remember: one row of values a minute, for a little longer than the longest window.

use super::{compute::Load, names, waf, world::Moment};
use crate::model::metric::{Absent, Metric, MetricId, Series, Statistic, Window};
use std::collections::{BTreeMap, VecDeque};

/// Series that the demo publishes.
pub const COLUMNS: usize = 74;
/// Minutes kept: eight days.
const KEPT: usize = 8 * 1_440;

/// A metric, its subject, and its value over one step.
type Reading = (Metric, Option<&'static str>, f64);

/// Lists every series with its value for one step: the only place that says which series there are.
#[allow(clippy::too_many_lines, reason = "a table with a row a series")]
pub fn readings(m: &Moment) -> [Reading; COLUMNS] {
    use Metric as M;
    let Moment {
        seconds,
        routed,
        waf: acl,
        front,
        back,
        database: db,
        ..
    } = *m;
    let share = |part: f64, whole: f64| {
        if whole > 0.0 {
            100.0 * part / whole
        } else {
            f64::NAN
        }
    };
    let quantile = |load: &Load, z: f64| {
        if load.answered > 0.0 {
            load.response.quantile(z)
        } else {
            f64::NAN
        }
    };
    let own_errors = super::balancer::own_errors([&front, &back]);
    let forwarded = front.requests + back.requests;
    let (p50, p90, p95, p99) = (0.0, 1.282, 1.645, 2.326);
    let nat = Some(names::NAT);
    let (f, b) = (Some(names::FRONTEND), Some(names::BACKEND));
    let (fg, bg) = (Some(names::FRONTEND_GROUP), Some(names::BACKEND_GROUP));
    [
        (M::DnsQueries, None, routed.dns_queries),
        (
            M::HealthCheckStatus,
            Some(names::HEALTH_CHECK),
            if m.serving.1 > 0 { 1.0 } else { 0.0 },
        ),
        (M::CdnRequests, None, routed.requests),
        (
            M::Cdn4xxRate,
            None,
            share(
                acl.blocked() + front.refused + back.refused,
                routed.requests,
            ),
        ),
        (
            M::Cdn5xxRate,
            None,
            share(own_errors + back.failed, routed.requests),
        ),
        (
            M::CdnCacheHitRate,
            None,
            share(routed.hits, routed.cacheable),
        ),
        (
            M::CdnBytesDownloaded,
            None,
            routed.hits * 31_000.0 + front.answered * 12_000.0 + back.answered * 3_400.0,
        ),
        // A write carries a form or, in a bulk upload, a file.
        (M::CdnBytesUploaded, None, routed.writes * 18_000.0),
        // The edge's way to the origin and back adds some milliseconds.
        (M::CdnOriginLatencyP90, None, quantile(&back, p90) + 0.012),
        (M::WafAllowed, None, acl.allowed),
        (M::WafBlocked, None, acl.blocked()),
        (M::WafBlocked, Some(waf::metric(0)), acl.blocked[0]),
        (M::WafBlocked, Some(waf::metric(1)), acl.blocked[1]),
        (M::WafBlocked, Some(waf::metric(2)), acl.blocked[2]),
        (M::WafBlocked, Some(waf::metric(3)), acl.blocked[3]),
        (M::WafBlocked, Some(waf::metric(4)), acl.blocked[4]),
        (M::WafCounted, None, acl.counted),
        (M::WafCounted, Some(waf::COUNTING), acl.counted),
        (M::AlbRequests, None, forwarded),
        (M::AlbRequests, fg, front.requests),
        (M::AlbRequests, bg, back.requests),
        // Nearly all of the balancer's requests are the backend's; the frontend's share is neglected in its percentiles.
        (M::AlbP50, None, quantile(&back, p50)),
        (M::AlbP95, None, quantile(&back, p95)),
        (M::AlbP99, None, quantile(&back, p99)),
        (M::AlbP50, fg, quantile(&front, p50)),
        (M::AlbP95, fg, quantile(&front, p95)),
        (M::AlbP99, fg, quantile(&front, p99)),
        (M::AlbP50, bg, quantile(&back, p50)),
        (M::AlbP95, bg, quantile(&back, p95)),
        (M::AlbP99, bg, quantile(&back, p99)),
        (M::AlbTarget4xx, None, front.refused + back.refused),
        (M::AlbTarget4xx, fg, front.refused),
        (M::AlbTarget4xx, bg, back.refused),
        (M::AlbTarget5xx, None, back.failed),
        (M::AlbTarget5xx, fg, front.failed),
        (M::AlbTarget5xx, bg, back.failed),
        (M::AlbElb4xx, None, 0.0),
        (M::AlbElb5xx, None, own_errors),
        (M::AlbRejectedConnections, None, 0.0),
        (
            M::AlbConsumedLcus,
            None,
            super::balancer::capacity_units(forwarded, seconds),
        ),
        (
            M::AlbProcessedBytes,
            None,
            routed.writes * 18_000.0 + front.answered * 12_000.0 + back.answered * 3_400.0,
        ),
        (M::AlbHealthyHosts, fg, m.serving.0 as f64),
        (M::AlbHealthyHosts, bg, m.serving.1 as f64),
        (M::AlbUnhealthyHosts, fg, 0.0),
        (M::AlbUnhealthyHosts, bg, 0.0),
        (M::EcsCpu, f, front.cpu),
        (M::EcsCpu, b, back.cpu),
        (M::EcsMemory, f, front.memory),
        (M::EcsMemory, b, back.memory),
        // The busiest task is a little ahead of the mean of all.
        (M::EcsCpuPeak, f, (front.cpu * 1.15).min(100.0)),
        (M::EcsCpuPeak, b, (back.cpu * 1.15).min(100.0)),
        (M::EcsMemoryPeak, f, (front.memory * 1.03).min(100.0)),
        (M::EcsMemoryPeak, b, (back.memory * 1.03).min(100.0)),
        (M::EcsLiveTasks, f, m.live.0 as f64),
        (M::EcsLiveTasks, b, m.live.1 as f64),
        (M::RdsCpu, None, db.cpu),
        (M::RdsConnections, None, db.connections),
        (M::RdsFreeableMemory, None, db.freeable_memory),
        (M::RdsFreeStorage, None, db.free_storage),
        (M::RdsReadIops, None, db.read_iops),
        (M::RdsWriteIops, None, db.write_iops),
        (M::RdsReadLatency, None, db.read_latency),
        (M::RdsWriteLatency, None, db.write_latency),
        (M::RdsCpuCredits, None, db.credits),
        (M::RdsDbLoad, None, db.load),
        // Only calls to the world outside take the NAT gateway; ECR, logs and S3 have endpoints.
        (M::NatBytesOut, nat, 900.0 * seconds + routed.writes * 640.0),
        (M::NatBytesIn, nat, 700.0 * seconds + routed.writes * 210.0),
        (
            M::NatActiveConnections,
            nat,
            (4.0 + routed.writes / seconds * 0.8).round(),
        ),
        (M::NatErrorPortAllocation, nat, 0.0),
        (M::NatPacketsDropped, nat, 0.0),
        (
            M::LogBytes,
            Some(names::LOGS_FRONTEND),
            front.answered * 236.0,
        ),
        (
            M::LogBytes,
            Some(names::LOGS_BACKEND),
            back.answered * 312.0,
        ),
        (M::LogBytes, Some(names::LOGS_DATABASE), seconds * 14.0),
        (
            M::LogBytes,
            Some(names::LOGS_FLOW),
            seconds * 60.0 + forwarded * 22.0,
        ),
    ]
}

/// How values of several steps become one.
#[derive(Debug, Clone, Copy)]
enum Fold {
    Sum,
    Least,
    Greatest,
    /// Weighted by time; also for percentiles, whose exact merging would need every request.
    Mean,
}

impl Fold {
    const fn of(metric: Metric) -> Self {
        match metric.spec().statistic {
            Statistic::Sum => Self::Sum,
            Statistic::Minimum => Self::Least,
            Statistic::Maximum => Self::Greatest,
            _ => Self::Mean,
        }
    }
}

/// Values that come together.
#[derive(Debug, Clone, Copy)]
struct Pool {
    value: f64,
    weight: f64,
}

impl Pool {
    const EMPTY: Self = Self {
        value: 0.0,
        weight: 0.0,
    };

    fn add(&mut self, fold: Fold, value: f64, weight: f64) {
        if value.is_nan() {
            return;
        }
        self.value = match fold {
            Fold::Sum => self.value + value,
            Fold::Mean => self.value + value * weight,
            _ if self.weight == 0.0 => value,
            Fold::Least => self.value.min(value),
            Fold::Greatest => self.value.max(value),
        };
        self.weight += weight;
    }

    fn close(self, fold: Fold) -> f64 {
        match fold {
            _ if self.weight == 0.0 => f64::NAN,
            Fold::Mean => self.value / self.weight,
            _ => self.value,
        }
    }
}

/// Minutes of a week.
const WEEK: usize = 7 * 24 * 60;

/// The rows and the minute under way.
pub struct History {
    columns: BTreeMap<MetricId, usize>,
    folds: [Fold; COLUMNS],
    /// Second at which the oldest row's minute begins.
    first: i64,
    rows: VecDeque<[f32; COLUMNS]>,
    minute: [Pool; COLUMNS],
}

impl History {
    /// Begins empty at `now`.
    pub fn new(now: i64) -> Self {
        let schema = readings(&Moment::default());
        Self {
            columns: schema
                .iter()
                .enumerate()
                .map(|(index, &(metric, subject, _))| {
                    let id = match subject {
                        Some(subject) => MetricId::with(metric, subject),
                        None => MetricId::of(metric),
                    };
                    (id, index)
                })
                .collect(),
            folds: schema.map(|(metric, ..)| Fold::of(metric)),
            first: now,
            rows: VecDeque::with_capacity(KEPT),
            minute: [Pool::EMPTY; COLUMNS],
        }
    }

    /// Takes the values of a step.
    pub fn record(&mut self, moment: &Moment) {
        let readings = readings(moment);
        for (index, (_, _, value)) in readings.iter().enumerate() {
            self.minute[index].add(self.folds[index], *value, moment.seconds);
        }
    }

    /// Ends the minute under way.
    pub fn close_minute(&mut self) {
        let mut row = [f32::NAN; COLUMNS];
        for (index, place) in row.iter_mut().enumerate() {
            *place = self.minute[index].close(self.folds[index]) as f32;
        }
        self.minute = [Pool::EMPTY; COLUMNS];
        if self.rows.len() == KEPT {
            self.rows.pop_front();
            self.first += 60;
        }
        self.rows.push_back(row);
    }

    /// The column of a series.
    pub fn column(&self, metric: Metric, subject: Option<&str>) -> Option<usize> {
        let id = match subject {
            Some(subject) => MetricId::with(metric, subject),
            None => MetricId::of(metric),
        };
        self.columns.get(&id).copied()
    }

    /// The value of `column` in the minute that ended last.
    pub fn newest(&self, column: usize) -> f64 {
        self.rows
            .back()
            .map_or(f64::NAN, |row| f64::from(row[column]))
    }

    /// The last `count` values of `column`, oldest first.
    pub fn last(&self, column: usize, count: usize) -> Vec<f64> {
        let skip = self.rows.len().saturating_sub(count);
        self.rows
            .range(skip..)
            .map(|row| f64::from(row[column]))
            .collect()
    }

    /// The series of `id` over `window`. A series that the demo does not publish has no datapoint. Where AWS publishes nothing when
    /// nothing happened, neither does the demo. Before the week that was simulated lie others like it: traffic comes back every week.
    pub fn series(&self, id: &MetricId, window: &Window) -> Series {
        let Some(&column) = self.columns.get(id) else {
            return Series::fill(id.metric, window, []);
        };
        let fold = self.folds[column];
        let silent = id.metric.spec().absent != Absent::Gap;
        let period = i64::from(window.period.max(60));
        let points = (0..window.len()).filter_map(|index| {
            let at = window.at(index);
            let begin = (at.as_second() - self.first).div_euclid(60);
            let begin = if begin < 0 && self.rows.len() >= WEEK {
                begin.rem_euclid(WEEK as i64)
            } else {
                begin
            };
            let mut pool = Pool::EMPTY;
            for row in begin..begin + period / 60 {
                if let Some(row) = usize::try_from(row).ok().and_then(|row| self.rows.get(row)) {
                    pool.add(fold, f64::from(row[column]), 1.0);
                }
            }
            let value = pool.close(fold);
            let quiet = silent && value == 0.0;
            let published = !quiet && !value.is_nan();
            published.then_some((at, value))
        });
        Series::fill(id.metric, window, points)
    }
}
