//! What is cut, what is said of it, and what it costs at the most.

use super::*;
use crate::{
    cloud::{aws::mocked::mocked, meter::price},
    model::{Tier, environment::Resources},
    poll, triage,
};
use aws_sdk_cloudwatch::{Client, operation as op};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use jiff::ToSpan as _;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a moment")
}

fn prefixed() -> Resources {
    Resources {
        cluster: Some("app".to_owned()),
        alarm_prefix: Some("prod-".to_owned()),
        ..Resources::default()
    }
}

fn named(name: &str) -> types::MetricAlarm {
    types::MetricAlarm::builder().alarm_name(name).build()
}

fn listed(names: &'static [&'static str]) -> Rule {
    mock!(Client::describe_alarms).then_output(|| {
        op::describe_alarms::DescribeAlarmsOutput::builder()
            .set_metric_alarms(Some(names.iter().map(|name| named(name)).collect()))
            .build()
    })
}

/// Pages without end, each with an alarm of the environment.
fn listed_endlessly() -> Rule {
    mock!(Client::describe_alarms).then_compute_output(|request| {
        op::describe_alarms::DescribeAlarmsOutput::builder()
            .metric_alarms(named("prod-db"))
            .next_token(format!("{}+", request.next_token().unwrap_or_default()))
            .build()
    })
}

/// Pages without end, each an hour older than the one before: its newest change is the environment's, its oldest another's.
fn changed_hourly() -> Rule {
    mock!(Client::describe_alarm_history).then_compute_output(|request| {
        let token = format!("{}+", request.next_token().unwrap_or_default());
        let hours = i64::try_from(token.len()).expect("few pages");
        let change = |name: &str, minute: i64| {
            let at = now() - hours.hours() + minute.minutes();
            types::AlarmHistoryItem::builder()
                .alarm_name(name)
                .timestamp(DateTime::from_secs(at.as_second()))
                .build()
        };
        op::describe_alarm_history::DescribeAlarmHistoryOutput::builder()
            .alarm_history_items(change("prod-db", 30))
            .alarm_history_items(change("another", 0))
            .next_token(token)
            .build()
    })
}

/// One page that reaches back more than a day, and more behind it.
fn changed_yesterday() -> Rule {
    mock!(Client::describe_alarm_history).then_output(|| {
        let at = now() - 25.hours();
        let change = types::AlarmHistoryItem::builder()
            .alarm_name("prod-db")
            .timestamp(DateTime::from_secs(at.as_second()));
        op::describe_alarm_history::DescribeAlarmHistoryOutput::builder()
            .alarm_history_items(change.build())
            .next_token("more")
            .build()
    })
}

fn dashboards() -> Rule {
    mock!(Client::list_dashboards).then_output(|| {
        op::list_dashboards::ListDashboardsOutput::builder()
            .next_token("more")
            .build()
    })
}

/// Reads the alarms of two regions that answer by the same rules.
async fn read(rules: [&Rule; 3]) -> Alarms {
    let (home, edge) = (
        mocked!(aws_sdk_cloudwatch, rules),
        mocked!(aws_sdk_cloudwatch, rules),
    );
    let region = |name, client| Region { name, client };
    let regions = Regions {
        home: region("eu-central-1", &home),
        edge: Some(region("us-east-1", &edge)),
    };
    let resources = prefixed();
    let ownership = Ownership {
        resources: &resources,
        web_acl: None,
    };
    load(&regions, &ownership, now()).await.expect("answered")
}

#[tokio::test]
async fn history_is_read_until_it_reaches_back_a_day() {
    let history = changed_yesterday();
    let alarms = read([&listed(&["prod-db"]), &history, &dashboards()]).await;
    assert_eq!(history.num_calls(), 2, "one page a region");
    assert_eq!(
        alarms.history.len(),
        2,
        "what is older is shown where it came"
    );
    assert_eq!(alarms.gaps, Vec::<String>::new());
}

#[tokio::test]
async fn history_that_does_not_reach_back_a_day_says_how_far_it_goes() {
    let history = changed_hourly();
    let alarms = read([&listed(&["prod-db"]), &history, &dashboards()]).await;
    assert_eq!(history.num_calls(), 2 * (1 + FURTHER_PAGES));
    assert_eq!(alarms.history.len(), history.num_calls());
    assert!(alarms.history.is_sorted_by_key(|change| Reverse(change.at)));
    let said = alarms.gaps.join("\n");
    for region in ["eu-central-1", "us-east-1"] {
        let gap = format!(
            "cloudwatch:DescribeAlarmHistory on {region}: read back to 2026-11-22 09:00:00 UTC only"
        );
        assert!(said.contains(&gap), "{gap} in {said}");
    }
}

#[tokio::test]
async fn alarms_that_were_not_read_are_told_of_with_a_way_to_find_ones_own() {
    let alarms = read([&listed_endlessly(), &changed_yesterday(), &dashboards()]).await;
    let said = alarms.gaps.join("\n");
    assert!(said.contains("more than the 3 alarms"), "{said}");
    assert!(said.contains("alarm_prefix"), "{said}");
}

#[tokio::test]
async fn a_region_without_alarms_is_not_asked_for_their_history() {
    let history = changed_hourly();
    let alarms = read([&listed(&["another"]), &history, &dashboards()]).await;
    assert_eq!(history.num_calls(), 0);
    assert!(alarms.alarms.is_empty() && alarms.gaps.is_empty());
}

#[tokio::test]
async fn no_account_is_so_large_that_a_read_makes_more_requests_than_are_paid_for() {
    let rules = [listed_endlessly(), changed_hourly(), dashboards()];
    read(rules.each_ref()).await;
    let made: usize = rules.iter().map(Rule::num_calls).sum();
    assert_eq!(made, REQUESTS);
}

#[test]
fn watching_the_largest_environment_costs_at_most_three_cents_an_hour() {
    let hourly = |operation, units: usize, seconds: i64| {
        let units = u64::try_from(units).expect("few");
        let each = price("cloudwatch", operation, units);
        each * 3_600.0 / f64::from(i32::try_from(seconds).expect("few"))
    };
    let requests = u32::try_from(REQUESTS).expect("few");
    let alarms = f64::from(requests) * hourly("DescribeAlarms", 1, poll::interval(Tier::Alarms));
    let metrics = hourly("GetMetricData", triage::BUDGET, poll::METRICS);
    let usd = alarms + metrics;
    assert!(usd < 0.03 + 1e-9, "{usd} USD an hour");
    assert!(usd > 0.025, "{usd} USD an hour leave room for more metrics");
}
