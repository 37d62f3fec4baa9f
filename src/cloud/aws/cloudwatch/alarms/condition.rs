//! What an alarm watches and when it fires, in one line.

use crate::model::alarm::AlarmBilling;
use aws_sdk_cloudwatch::types::{self, ComparisonOperator};

/// `AWS/ApplicationELB HTTPCode_ELB_5XX_Count`, or `expression` for metric math.
pub(super) fn metric(alarm: &types::MetricAlarm) -> String {
    match (alarm.namespace(), alarm.metric_name()) {
        (Some(namespace), Some(name)) => format!("{namespace} {name}"),
        _ => "expression".to_owned(),
    }
}

/// `Sum > 10 for 3 of 5 × 60 s`.
pub(super) fn sentence(alarm: &types::MetricAlarm) -> String {
    let statistic = alarm
        .statistic()
        .map(types::Statistic::as_str)
        .or(alarm.extended_statistic())
        .unwrap_or("expression");
    let threshold = alarm
        .threshold()
        .map_or_else(String::new, |threshold| format!(" {threshold}"));
    let periods = alarm.evaluation_periods().unwrap_or(1);
    let needed = alarm.datapoints_to_alarm().unwrap_or(periods);
    let period = period(alarm).map_or_else(|| " periods".to_owned(), |p| format!(" × {p} s"));
    let comparison = comparison(alarm.comparison_operator());
    format!("{statistic} {comparison}{threshold} for {needed} of {periods}{period}")
}

/// The alarm's period; of metric math that of its first metric.
fn period(alarm: &types::MetricAlarm) -> Option<i32> {
    let math = || {
        alarm
            .metrics()
            .iter()
            .find_map(|query| query.period().or(query.metric_stat()?.period()))
    };
    alarm.period().or_else(math)
}

/// What is billed of an alarm: the metrics that it reads, and two more for a band of expected values.
pub(super) fn billing(alarm: &types::MetricAlarm) -> AlarmBilling {
    let queries = alarm.metrics();
    let read = queries.iter().filter(|q| q.metric_stat().is_some()).count();
    let of_band = |q: &&types::MetricDataQuery| {
        q.expression()
            .is_some_and(|e| e.contains("ANOMALY_DETECTION_BAND"))
    };
    let metrics = match (alarm.metric_name(), read) {
        (Some(_), _) => 1,
        (None, 0) => return AlarmBilling::Unknown,
        (None, read) => read + 2 * queries.iter().filter(of_band).count(),
    };
    if period(alarm).is_some_and(|seconds| seconds < 60) {
        AlarmBilling::HighResolution { metrics }
    } else {
        AlarmBilling::Standard { metrics }
    }
}

fn comparison(operator: Option<&ComparisonOperator>) -> &str {
    match operator {
        Some(ComparisonOperator::GreaterThanThreshold) => ">",
        Some(ComparisonOperator::GreaterThanOrEqualToThreshold) => "≥",
        Some(ComparisonOperator::LessThanThreshold) => "<",
        Some(ComparisonOperator::LessThanOrEqualToThreshold) => "≤",
        Some(ComparisonOperator::GreaterThanUpperThreshold) => "above the expected band",
        Some(ComparisonOperator::LessThanLowerThreshold) => "below the expected band",
        Some(ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold) => {
            "outside the expected band"
        }
        Some(other) => other.as_str(),
        None => "?",
    }
}
