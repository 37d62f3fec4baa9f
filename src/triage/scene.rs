//! What rules look at: the observations at one moment, and the newest values of their metrics.

use crate::{
    error::ErrorKind,
    model::{
        Tier,
        environment::Environment,
        finding::Figure,
        metric::{Metric, MetricId, Metrics, Series, Statistic, Unit},
    },
    observe::{Observations, Unread},
};
use jiff::Timestamp;
use std::cell::OnceCell;

/// Everything observed at `now`.
pub(super) struct Scene<'a> {
    pub environment: &'a Environment,
    pub seen: &'a Observations,
    pub now: Timestamp,
    metrics: Result<&'a Metrics, Unread>,
    /// The metrics that rules and the overview ask for, once somebody wants to know.
    asked: OnceCell<Vec<MetricId>>,
}

/// Datapoints that a rule decides on. AWS's recommended alarms judge 3 to 5 of 60 s (CloudWatch,
/// Best_Practice_Recommended_Alarms_AWS_Services); fewer would take one outlier for a state.
const JUDGED: usize = 5;
/// Fewest datapoints that let a rule decide at all.
const ENOUGH: usize = 3;
/// Datapoints looked through for them: CloudWatch publishes some metrics two or three minutes late.
const LOOKBACK: usize = 8;

/// The newest known values of a series, the newest first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recent {
    values: [f64; JUDGED],
    len: usize,
}

impl Recent {
    fn push(&mut self, value: f64) {
        if let Some(place) = self.values.get_mut(self.len) {
            *place = value;
            self.len += 1;
        }
    }

    fn known(&self) -> &[f64] {
        &self.values[..self.len]
    }

    /// The newest known value.
    pub fn latest(&self) -> Option<f64> {
        self.known().first().copied()
    }

    /// Mean of the known values.
    pub fn mean(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "five at most")]
        (self.len > 0).then(|| self.known().iter().sum::<f64>() / self.len as f64)
    }

    /// Whether all of the newest values fulfil `is`.
    pub fn all(&self, is: impl Fn(f64) -> bool) -> bool {
        self.len >= ENOUGH && self.known().iter().all(|&v| is(v))
    }

    /// Whether three or more of the newest five values fulfil `is`.
    pub fn most(&self, is: impl Fn(f64) -> bool) -> bool {
        self.known().iter().filter(|&&v| is(v)).count() >= ENOUGH
    }
}

/// A part of a whole over the newest periods that had any traffic.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    /// Percent, period by period.
    pub recent: Recent,
    /// Count of the part.
    pub part: f64,
    /// Count of the whole.
    pub whole: f64,
}

impl Share {
    /// Percent over all these periods.
    pub fn percent(&self) -> Option<f64> {
        (self.whole > 0.0).then(|| self.part / self.whole * 100.0)
    }
}

/// Why a tier has no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// Not read yet.
    Loading,
    /// Not part of the environment.
    NotConfigured,
    /// The endpoint does not implement it.
    Unsupported,
    /// No answer arrived.
    Unreachable,
    /// It failed otherwise.
    Failed(&'static str),
}

impl Blank {
    /// In a verdict's words.
    pub const fn verdict(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::NotConfigured => "not configured",
            Self::Unsupported => ErrorKind::Unsupported.label(),
            Self::Unreachable => ErrorKind::Unreachable.label(),
            Self::Failed(label) => label,
        }
    }

    /// In the words of a figure that has no value.
    pub const fn missing(self) -> &'static str {
        match self {
            Self::Unreachable => "no answer",
            blank => blank.verdict(),
        }
    }
}

impl<'a> Scene<'a> {
    /// Makes the scene of `seen`.
    pub fn new(environment: &'a Environment, seen: &'a Observations, now: Timestamp) -> Self {
        Self {
            environment,
            seen,
            now,
            metrics: seen.current_metrics(now),
            asked: OnceCell::new(),
        }
    }

    /// Says why `tier` has no data; `None` when it has.
    pub fn blank(&self, tier: Tier) -> Option<Blank> {
        let observed = self.seen.tier(tier);
        if observed.value.is_some() {
            return None;
        }
        // Without a name it is not part of the environment; with one, "not found" means that AWS does not know it.
        let named = self.environment.resources.names(tier);
        Some(match observed.error.as_ref().map(|e| &e.kind) {
            None => Blank::Loading,
            Some(ErrorKind::NotFound) if !named => Blank::NotConfigured,
            Some(ErrorKind::Unsupported) => Blank::Unsupported,
            Some(ErrorKind::Unreachable) => Blank::Unreachable,
            Some(kind) => Blank::Failed(kind.label()),
        })
    }

    fn metrics(&self) -> Option<&'a Metrics> {
        self.metrics.as_ref().ok().copied()
    }

    /// Says why a tier cannot be judged by `metrics`; `None` when it can, or has none of them.
    pub fn unread(&self, metrics: &[Metric]) -> Option<Unread> {
        let asked = self
            .asked
            .get_or_init(|| super::base_metrics(self.environment, self.seen));
        let mut asked = asked.iter().filter(|id| metrics.contains(&id.metric));
        match &self.metrics {
            Err(unread) => asked.next().map(|_| unread.clone()),
            Ok(known) => {
                let silent = asked.any(|id| !known.series.contains_key(id));
                // Without a word about it, AWS does not have the metric.
                (silent && !known.messages.is_empty()).then_some(Unread::Incomplete)
            }
        }
    }

    /// Seconds from `at` until now; negative when `at` is ahead.
    pub fn since(&self, at: Timestamp) -> i64 {
        self.now.as_second() - at.as_second()
    }

    /// Whether `at` lies within the last `seconds`.
    pub fn within(&self, at: Option<Timestamp>, seconds: i64) -> bool {
        at.is_some_and(|at| self.since(at) <= seconds)
    }

    /// The newest values of the environment's only `metric`.
    pub fn recent(&self, metric: Metric) -> Recent {
        self.read(metric, self.metrics().and_then(|m| m.get(metric)))
    }

    /// The newest values of `metric` of `subject`.
    pub fn recent_of(&self, metric: Metric, subject: &str) -> Recent {
        self.read(metric, self.metrics().and_then(|m| m.of(metric, subject)))
    }

    fn read(&self, metric: Metric, series: Option<&Series>) -> Recent {
        let mut recent = Recent::default();
        let (Some(metrics), Some(series)) = (self.metrics(), series) else {
            return recent;
        };
        // A metric published every 300 s has one datapoint for five places of a window of 60 s, in one of them or in all.
        let places = metric.spec().period.div_ceil(metrics.window.period.max(1));
        let places = usize::try_from(places.max(1)).unwrap_or(1);
        for datapoint in series.values.rchunks(places).take(LOOKBACK) {
            if let Some(&value) = datapoint.iter().rfind(|v| !v.is_nan()) {
                recent.push(value);
            }
        }
        recent
    }

    /// The values of counts, without those that have none in the window: none of theirs happened while others were counted. Requests
    /// are not counted that a balancer without targets refuses. `None` when one was not asked for.
    fn counts(&self, metrics: &[Metric]) -> Option<Vec<&'a [f64]>> {
        let series = |&metric| Some(self.metrics()?.get(metric)?.values.as_slice());
        let mut counts: Vec<&[f64]> = metrics.iter().map(series).collect::<Option<_>>()?;
        counts.retain(|values| values.iter().any(|v| !v.is_nan()));
        Some(counts)
    }

    /// The share of `part` in the sum of `whole`, both counts.
    pub fn share(&self, part: Metric, whole: &[Metric]) -> Share {
        let mut share = Share::default();
        let (Some(parts), Some(wholes)) = (self.counts(&[part]), self.counts(whole)) else {
            return share;
        };
        let value = |values: &[f64], back: usize| {
            let place = values.len().checked_sub(back + 1)?;
            values.get(place).copied().filter(|v| !v.is_nan())
        };
        let sum = |of: &[&[f64]], back| of.iter().map(|values| value(values, back)).sum();
        for back in 0..LOOKBACK {
            let (part, total): (Option<f64>, Option<f64>) = (sum(&parts, back), sum(&wholes, back));
            let (Some(part), Some(total)) = (part, total) else {
                continue;
            };
            if total > 0.0 && share.recent.len < JUDGED {
                share.recent.push(part / total * 100.0);
                share.part += part;
                share.whole += total;
            }
        }
        share
    }

    /// The usual share of `part` in `whole`: its median over the window before the newest periods.
    pub fn usual_share(&self, part: Metric, whole: &[Metric]) -> Option<f64> {
        let parts = &self.metrics()?.get(part)?.values;
        let wholes = self.counts(whole)?;
        let mut shares: Vec<f64> = (0..parts.len().saturating_sub(LOOKBACK))
            .filter_map(|i| {
                let total: f64 = wholes.iter().filter_map(|w| w.get(i)).sum();
                (total > 0.0).then(|| parts[i] / total * 100.0)
            })
            .filter(|v| !v.is_nan())
            .collect();
        let middle = shares.len() / 2;
        (!shares.is_empty()).then(|| *shares.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// A count's newest value as a rate a minute, whatever the window's period.
    pub fn per_minute(&self, metric: Metric) -> Option<f64> {
        self.recent(metric).latest().map(|v| self.a_minute(v))
    }

    fn a_minute(&self, sum: f64) -> f64 {
        let period = self.metrics().map_or(60, |m| m.window.period.max(1));
        sum * 60.0 / f64::from(period)
    }

    /// The figure of a metric's newest value, under the metric's own name.
    pub fn figure(&self, metric: Metric) -> Figure {
        let spec = metric.spec();
        let value = self.recent(metric).latest();
        Figure {
            name: spec.name,
            label: spec.label,
            value,
            unit: spec.unit,
            missing: self.missing(&[MetricId::of(metric)], value),
        }
    }

    /// The figure of a count as a rate a minute.
    pub fn rate(&self, name: &'static str, label: &'static str, metric: Metric) -> Figure {
        let value = self.per_minute(metric);
        let missing = self.missing(&[MetricId::of(metric)], value);
        Figure {
            name,
            label,
            value,
            unit: metric.spec().unit,
            missing,
        }
    }

    /// The figure of a metric over `subjects`: the newest values brought together by `pick`, sums as a rate a minute.
    pub fn over<'s>(
        &self,
        name: &'static str,
        metric: Metric,
        subjects: impl Iterator<Item = &'s str> + Clone,
        pick: fn(f64, f64) -> f64,
    ) -> Figure {
        let value = subjects
            .clone()
            .filter_map(|s| self.recent_of(metric, s).latest())
            .reduce(pick);
        let spec = metric.spec();
        let value = match spec.statistic {
            Statistic::Sum => value.map(|v| self.a_minute(v)),
            _ => value,
        };
        let missing = if value.is_some() {
            None
        } else {
            let ids: Vec<MetricId> = subjects.map(|s| MetricId::with(metric, s)).collect();
            self.missing(&ids, value)
        };
        Figure {
            name,
            label: spec.label,
            value,
            unit: spec.unit,
            missing,
        }
    }

    /// Says why the metrics `ids` gave no value.
    fn missing(&self, ids: &[MetricId], value: Option<f64>) -> Option<String> {
        if value.is_some() {
            return None;
        }
        let why = match &self.metrics {
            Err(Unread::Failed(ErrorKind::Unreachable)) => "no answer",
            Err(unread) => return Some(unread.words()),
            Ok(m) if ids.iter().any(|id| m.series.contains_key(id)) => "no data",
            // A region that did not answer left a message instead of series.
            Ok(m) if !m.messages.is_empty() => "no answer",
            Ok(_) => "not queried",
        };
        Some(why.to_owned())
    }
}

/// A figure that does not come from a metric.
pub(super) fn fact(
    name: &'static str,
    label: &'static str,
    unit: Unit,
    value: Option<f64>,
) -> Figure {
    let value = value.filter(|v| v.is_finite());
    Figure {
        name,
        label,
        value,
        unit,
        missing: value.is_none().then(|| "no data".to_owned()),
    }
}

/// A figure that counts things.
pub(super) fn counted(name: &'static str, label: &'static str, value: Option<usize>) -> Figure {
    #[allow(clippy::cast_precision_loss, reason = "counts of resources are small")]
    fact(name, label, Unit::Gauge, value.map(|v| v as f64))
}
