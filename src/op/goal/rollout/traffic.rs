//! What users feel of a deployment: errors and latency behind the load balancer, before it and since.

use super::super::{Step, StepState};
use crate::{
    format,
    model::metric::{Metric, Metrics, Unit},
    observe::Observations,
};
use jiff::{SignedDuration, Timestamp};

/// What traffic is told by, of the whole load balancer: its services share the response codes.
pub const METRICS: [Metric; 4] = [
    Metric::AlbRequests,
    Metric::AlbP95,
    Metric::AlbTarget5xx,
    Metric::AlbElb5xx,
];

/// Minutes before the deployment that it is compared with.
const BEFORE: SignedDuration = SignedDuration::from_mins(15);
/// Requests that have to be seen since, for a rate to mean anything. Ours.
const REQUESTS: f64 = 50.0;
/// Failed requests since that are a rise and no accident. Ours.
const ERRORS: f64 = 10.0;
/// Percent of requests that have to fail, and by how much more often than before. Ours: one in a hundred is felt, three times is clear.
const RATE: f64 = 1.0;
const TIMES: f64 = 3.0;

/// Traffic over a span.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Span {
    requests: f64,
    errors: f64,
    /// Seconds, the highest of its minutes' 95th percentiles.
    p95: Option<f64>,
}

impl Span {
    fn of(metrics: &Metrics, from: Timestamp, to: Timestamp) -> Self {
        let minutes = || {
            let period = i64::from(metrics.window.period);
            (0..metrics.window.len()).filter(move |&index| {
                let at = metrics.window.at(index);
                at >= from && at + SignedDuration::from_secs(period) <= to
            })
        };
        let values = |metric: Metric| {
            let series = metrics.get(metric);
            minutes()
                .filter_map(move |index| series?.values.get(index).copied())
                .filter(|value| !value.is_nan())
        };
        Self {
            requests: values(Metric::AlbRequests).sum(),
            errors: [Metric::AlbTarget5xx, Metric::AlbElb5xx]
                .into_iter()
                .flat_map(values)
                .sum(),
            p95: values(Metric::AlbP95).reduce(f64::max),
        }
    }

    /// Percent of the requests that failed.
    fn rate(&self) -> f64 {
        if self.requests > 0.0 {
            100.0 * self.errors / self.requests
        } else {
            0.0
        }
    }

    fn says(&self) -> String {
        let p95 = self.p95.map_or_else(String::new, |p95| {
            format!(", p95 {}", format::value(p95, Unit::Seconds))
        });
        format!("{:.1} % 5xx{p95}", self.rate())
    }
}

/// Errors and latency before `since` and from then on, as a step; and what is to be said where errors have clearly risen. `None`
/// where no whole minute since then is known.
pub(super) fn felt(seen: &Observations, since: Timestamp) -> Option<(Step, Option<String>)> {
    let metrics = seen.metrics.value.as_deref()?;
    let before = Span::of(metrics, since - BEFORE, since);
    let after = Span::of(metrics, since, metrics.window.to);
    if after.requests <= 0.0 {
        return None;
    }
    let risen = after.requests >= REQUESTS
        && after.errors >= ERRORS
        && after.rate() >= RATE
        && after.rate() >= TIMES * before.rate();
    let state = if risen {
        StepState::Failed
    } else {
        StepState::Active
    };
    let detail = format!("{} → {}", before.says(), after.says());
    let why = risen.then(|| {
        format!(
            "5xx answers rose from {:.1} % to {:.1} % of requests since it began ({} of {})",
            before.rate(),
            after.rate(),
            format::compact(after.errors),
            format::compact(after.requests)
        )
    });
    Some((
        Step::new("errors and latency, 15 min before → since", state, detail),
        why,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::{MetricId, Series, Window};
    use std::sync::Arc;

    /// Twenty minutes of traffic, with so many failed requests a minute of 100 in the first fifteen, and in the last five.
    fn observed(before: f64, after: f64) -> (Observations, Timestamp) {
        let end = Timestamp::from_second(1_795_008_600).expect("a time");
        let window = Window::last(end, 1_200);
        let series = |value: &dyn Fn(usize) -> f64| Series {
            values: (0..window.len()).map(value).collect(),
        };
        let failed = |minute: usize| if minute < 15 { before } else { after };
        let metrics = Metrics {
            window,
            series: [
                (MetricId::of(Metric::AlbRequests), series(&|_| 100.0)),
                (MetricId::of(Metric::AlbTarget5xx), series(&failed)),
                (
                    MetricId::of(Metric::AlbP95),
                    series(&|minute| if minute < 15 { 0.12 } else { 0.48 }),
                ),
            ]
            .into(),
            messages: Vec::new(),
        };
        let mut seen = Observations::default();
        seen.metrics.settle(Ok(Arc::new(metrics)), end);
        (seen, end - SignedDuration::from_mins(5))
    }

    fn told(before: f64, after: f64) -> (String, Option<String>) {
        let (seen, since) = observed(before, after);
        let (step, why) = felt(&seen, since).expect("traffic");
        (step.detail, why)
    }

    #[test]
    fn errors_that_clearly_rise_are_a_reason_to_stop_waiting() {
        let (detail, why) = told(0.0, 6.0);
        assert_eq!(detail, "0.0 % 5xx, p95 120 ms → 6.0 % 5xx, p95 480 ms");
        let why = why.expect("a reason");
        assert!(why.contains("from 0.0 % to 6.0 %"), "{why}");
    }

    #[test]
    fn errors_that_were_there_before_or_are_few_are_none() {
        assert_eq!(told(4.0, 6.0).1, None, "as often as before");
        assert_eq!(told(0.0, 0.5).1, None, "one in two hundred");
    }

    #[test]
    fn before_a_whole_minute_has_passed_nothing_is_said() {
        let (seen, _) = observed(0.0, 50.0);
        let end = seen.metrics.value.as_ref().expect("metrics").window.to;
        assert!(felt(&seen, end - SignedDuration::from_secs(30)).is_none());
    }
}
