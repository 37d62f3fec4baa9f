use super::{
    Region, Regions,
    alarms::{Ownership, load},
    metrics::query,
    places::{Names, Side},
};
use crate::{
    cloud::aws::mocked::mocked,
    error::ErrorKind,
    model::{
        alarm::AlarmState,
        database::DatabaseKind,
        edge::WafScope,
        environment::{DatabaseName, Resources, ServiceName, ServiceRole, WebAclName},
        metric::{Metric, MetricId, Metrics, Series, Window},
    },
};
use aws_sdk_cloudwatch::{Client, operation as op, types};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// 2026-11-22 12:00 UTC.
const NOON: i64 = 1_795_348_800;

fn noon() -> Timestamp {
    Timestamp::from_second(NOON).expect("a moment")
}

fn resources() -> Resources {
    Resources {
        distribution: Some("EDIST".to_owned()),
        load_balancer: Some("app-alb".to_owned()),
        cluster: Some("app".to_owned()),
        web_acl: Some(WebAclName {
            name: "app-acl".to_owned(),
            id: "1".to_owned(),
            scope: WafScope::CloudFront,
        }),
        database: Some(DatabaseName {
            id: "app-db".to_owned(),
            kind: DatabaseKind::Instance,
        }),
        services: vec![ServiceName {
            name: "backend".to_owned(),
            role: ServiceRole::Backend,
        }],
        ..Resources::default()
    }
}

fn names(resources: &Resources) -> Names<'_> {
    Names {
        resources,
        region: "eu-central-1",
        balancer: Some("app/app-alb/50dc6c49".to_owned()),
        web_acl: Some("appAcl".to_owned()),
    }
}

fn regions<'a>(home: &'a Client, edge: Option<&'a Client>) -> Regions<'a> {
    Regions {
        home: Region {
            name: "eu-central-1",
            client: home,
        },
        edge: edge.map(|client| Region {
            name: "us-east-1",
            client,
        }),
    }
}

/// The last five minutes before noon.
fn window() -> Window {
    Window::last(Timestamp::from_second(NOON).expect("a time"), 300)
}

/// Values at minutes after the window's start.
fn result(id: &str, points: &[(i64, f64)]) -> types::MetricDataResult {
    let at = |minute: &i64| DateTime::from_secs(NOON - 300 + 60 * minute);
    types::MetricDataResult::builder()
        .id(id)
        .status_code(types::StatusCode::Complete)
        .set_timestamps(Some(points.iter().map(|(minute, _)| at(minute)).collect()))
        .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
        .build()
}

fn page(
    results: Vec<types::MetricDataResult>,
    next: Option<&str>,
) -> op::get_metric_data::GetMetricDataOutput {
    op::get_metric_data::GetMetricDataOutput::builder()
        .set_metric_data_results(Some(results))
        .set_next_token(next.map(str::to_owned))
        .build()
}

/// Answers every query; each as the only page.
fn answers(results: Vec<types::MetricDataResult>) -> Rule {
    mock!(Client::get_metric_data).then_output(move || page(results.clone(), None))
}

fn refuses() -> Rule {
    mock!(Client::get_metric_data).then_error(|| {
        op::get_metric_data::GetMetricDataError::generic(
            aws_smithy_types::error::ErrorMetadata::builder()
                .code("AccessDenied")
                .build(),
        )
    })
}

async fn ask(regions: &Regions<'_>, ids: &[MetricId]) -> crate::error::Result<Metrics> {
    let resources = resources();
    query(regions, &names(&resources), ids, window(), Vec::new()).await
}

#[tokio::test]
async fn a_percentile_is_asked_for_as_cloudwatch_writes_it() {
    let rule = mock!(Client::get_metric_data)
        .match_requests(|request| {
            let stat = request.metric_data_queries()[0].metric_stat();
            let dimensions = stat.and_then(|s| s.metric()).map(types::Metric::dimensions);
            stat.and_then(|s| s.stat()) == Some("p95")
                && dimensions.is_some_and(|d| d[0].value() == Some("app/app-alb/50dc6c49"))
        })
        .then_output(|| page(vec![result("m0", &[(4, 1.9)])], None));
    let home = mocked!(aws_sdk_cloudwatch, [&rule]);
    let metrics = ask(&regions(&home, None), &[MetricId::of(Metric::AlbP95)])
        .await
        .expect("answered");
    assert_eq!(
        metrics.get(Metric::AlbP95).and_then(Series::latest),
        Some(1.9)
    );
}

#[tokio::test]
async fn origin_latency_comes_in_milliseconds_and_is_shown_in_seconds() {
    let edge = mocked!(
        aws_sdk_cloudwatch,
        [&answers(vec![result("m0", &[(4, 250.0)])])]
    );
    let home = mocked!(aws_sdk_cloudwatch, [&refuses()]);
    let metrics = ask(
        &regions(&home, Some(&edge)),
        &[MetricId::of(Metric::CdnOriginLatencyP90)],
    )
    .await
    .expect("answered");
    let series = metrics.get(Metric::CdnOriginLatencyP90).expect("a series");
    assert_eq!(series.latest(), Some(0.25));
}

#[tokio::test]
async fn pages_are_put_together_and_absent_requests_are_zero() {
    let first = mock!(Client::get_metric_data)
        .match_requests(|request| request.next_token().is_none())
        .then_output(|| {
            let cpu = result("m1", &[(0, 40.0)]);
            page(vec![cpu, result("m0", &[(0, 10.0)])], Some("more"))
        });
    let second = mock!(Client::get_metric_data)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(|| page(vec![result("m0", &[(3, 20.0)])], None));
    let home = mocked!(aws_sdk_cloudwatch, [&first, &second]);
    let ids = [
        MetricId::of(Metric::AlbRequests),
        MetricId::with(Metric::EcsCpu, "backend"),
    ];
    let metrics = ask(&regions(&home, None), &ids).await.expect("answered");
    let requests = &metrics.get(Metric::AlbRequests).expect("a series").values;
    assert_eq!(requests[..4], [10.0, 0.0, 0.0, 20.0]);
    let cpu = metrics.of(Metric::EcsCpu, "backend").expect("a series");
    assert_eq!(cpu.values[0].to_bits(), 40.0_f64.to_bits());
    assert!(cpu.values[1..].iter().all(|value| value.is_nan()));
}

#[tokio::test]
async fn what_the_environment_does_not_have_is_neither_asked_for_nor_shown() {
    let rule = mock!(Client::get_metric_data)
        .match_requests(|request| request.metric_data_queries().len() == 1)
        .then_output(|| page(vec![result("m0", &[(4, 31.0)])], None));
    let home = mocked!(aws_sdk_cloudwatch, [&rule]);
    let ids = [
        MetricId::of(Metric::DnsQueries),
        MetricId::of(Metric::RdsCpu),
        MetricId::of(Metric::NatBytesOut),
    ];
    let metrics = ask(&regions(&home, None), &ids).await.expect("answered");
    assert_eq!(metrics.series.len(), 1);
    assert!(metrics.get(Metric::RdsCpu).is_some());
}

#[tokio::test]
async fn more_queries_than_a_call_takes_are_asked_in_two() {
    let rule = mock!(Client::get_metric_data)
        .match_requests(|request| request.metric_data_queries().len() <= 500)
        .then_output(|| page(Vec::new(), None));
    let home = mocked!(aws_sdk_cloudwatch, [&rule]);
    let ids: Vec<MetricId> = (0..600)
        .map(|n| MetricId::with(Metric::EcsCpu, format!("service-{n}")))
        .collect();
    let metrics = ask(&regions(&home, None), &ids).await.expect("answered");
    assert_eq!((rule.num_calls(), metrics.series.len()), (2, 600));
}

#[tokio::test]
async fn a_region_that_fails_while_another_answers_is_a_message() {
    let home = mocked!(
        aws_sdk_cloudwatch,
        [&answers(vec![result("m0", &[(4, 5.0)])])]
    );
    let edge = mocked!(aws_sdk_cloudwatch, [&refuses()]);
    let ids = [
        MetricId::of(Metric::AlbElb5xx),
        MetricId::of(Metric::CdnRequests),
    ];
    let metrics = ask(&regions(&home, Some(&edge)), &ids)
        .await
        .expect("home answered");
    assert_eq!(
        metrics.get(Metric::AlbElb5xx).and_then(Series::latest),
        Some(5.0)
    );
    assert!(
        metrics.get(Metric::CdnRequests).is_none(),
        "a refused metric is not zero"
    );
    assert_eq!(
        metrics.messages,
        ["us-east-1: cloudwatch:GetMetricData on us-east-1 was denied"]
    );
}

#[tokio::test]
async fn no_region_that_answers_is_an_error() {
    let home = mocked!(aws_sdk_cloudwatch, [&refuses()]);
    let error = ask(&regions(&home, None), &[MetricId::of(Metric::RdsCpu)])
        .await
        .expect_err("refused");
    assert!(matches!(error.kind, ErrorKind::Denied { .. }));
}

#[tokio::test]
async fn partial_data_is_said_and_not_used() {
    let rule = mock!(Client::get_metric_data).then_output(|| {
        let mut partial = result("m0", &[(4, 5.0)]);
        partial.status_code = Some(types::StatusCode::PartialData);
        page(vec![partial], None)
    });
    let home = mocked!(aws_sdk_cloudwatch, [&rule]);
    let metrics = ask(&regions(&home, None), &[MetricId::of(Metric::RdsCpu)])
        .await
        .expect("answered");
    assert_eq!(
        metrics.messages,
        ["eu-central-1: CloudWatch gave only a part of AWS/RDS CPUUtilization"]
    );
    assert!(
        metrics.get(Metric::RdsCpu).is_none(),
        "a part is not taken for the whole"
    );
}

#[tokio::test]
async fn a_five_minute_level_fills_the_minutes_until_the_next_one() {
    let home = mocked!(
        aws_sdk_cloudwatch,
        [&answers(vec![result("m0", &[(-5, 70.0), (0, 80.0)])])]
    );
    let metrics = ask(
        &regions(&home, None),
        &[MetricId::of(Metric::RdsCpuCredits)],
    )
    .await
    .expect("answered");
    let credits = metrics.get(Metric::RdsCpuCredits).expect("a series");
    assert_eq!(credits.values, [80.0; 5]);
}

fn alarm(name: &str, state: types::StateValue, dimension: (&str, &str)) -> types::MetricAlarm {
    types::MetricAlarm::builder()
        .alarm_name(name)
        .alarm_arn(format!("arn:aws:cloudwatch:eu-central-1:1:alarm:{name}"))
        .state_value(state)
        .namespace("AWS/X")
        .metric_name("M")
        .dimensions(
            types::Dimension::builder()
                .name(dimension.0)
                .value(dimension.1)
                .build(),
        )
        .statistic(types::Statistic::Sum)
        .comparison_operator(types::ComparisonOperator::GreaterThanThreshold)
        .threshold(10.0)
        .evaluation_periods(5)
        .datapoints_to_alarm(3)
        .period(60)
        .build()
}

/// Own, foreign, autoscaling's and composite alarms.
fn described() -> Rule {
    mock!(Client::describe_alarms).then_output(|| {
        use types::StateValue::{Alarm, Ok};
        op::describe_alarms::DescribeAlarmsOutput::builder()
            .metric_alarms(alarm("a-db", Ok, ("DBInstanceIdentifier", "app-db")))
            .metric_alarms(alarm(
                "z-5xx",
                Alarm,
                ("LoadBalancer", "app/app-alb/50dc6c49"),
            ))
            .metric_alarms(alarm("foreign", Alarm, ("LoadBalancer", "app/app-alb-2/1")))
            .metric_alarms(alarm(
                "TargetTracking-service/app/backend-AlarmHigh-1",
                Alarm,
                ("ClusterName", "app"),
            ))
            .metric_alarms(alarm(
                "TargetTracking-service/app/stranger-AlarmHigh-2",
                Alarm,
                ("ClusterName", "app"),
            ))
            .composite_alarms(
                types::CompositeAlarm::builder()
                    .alarm_name("outage")
                    .state_value(Ok)
                    .alarm_rule("ALARM(\"z-5xx\") AND ALARM(\"a-db\")")
                    .build(),
            )
            .build()
    })
}

fn changes() -> Rule {
    mock!(Client::describe_alarm_history).then_output(|| {
        let change = |name: &str, at| {
            types::AlarmHistoryItem::builder()
                .alarm_name(name)
                .timestamp(DateTime::from_secs(at))
                .history_summary("Alarm updated from OK to ALARM")
                .history_data(
                    r#"{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM"}}"#,
                )
                .build()
        };
        op::describe_alarm_history::DescribeAlarmHistoryOutput::builder()
            .alarm_history_items(change("foreign", NOON))
            .alarm_history_items(change("z-5xx", NOON - 60))
            .build()
    })
}

fn no_changes() -> Rule {
    mock!(Client::describe_alarm_history).then_error(|| {
        op::describe_alarm_history::DescribeAlarmHistoryError::generic(
            aws_smithy_types::error::ErrorMetadata::builder()
                .code("AccessDenied")
                .build(),
        )
    })
}

fn dashboards() -> Rule {
    mock!(Client::list_dashboards)
        .then_output(|| op::list_dashboards::ListDashboardsOutput::builder().build())
}

#[tokio::test]
async fn alarms_of_the_environment_are_listed_firing_first_and_foreign_ones_are_not() {
    let home = mocked!(
        aws_sdk_cloudwatch,
        [&described(), &changes(), &dashboards()]
    );
    let resources = resources();
    let ownership = Ownership {
        resources: &resources,
        web_acl: None,
    };
    let alarms = load(&regions(&home, None), &ownership, noon())
        .await
        .expect("answered");
    let shown: Vec<(&str, AlarmState)> = alarms
        .alarms
        .iter()
        .map(|a| (a.name.as_str(), a.state))
        .collect();
    assert_eq!(
        shown,
        [
            (
                "TargetTracking-service/app/backend-AlarmHigh-1",
                AlarmState::Alarm
            ),
            ("z-5xx", AlarmState::Alarm),
            ("a-db", AlarmState::Ok),
            ("outage", AlarmState::Ok),
        ]
    );
    assert!(alarms.alarms[0].owned_by_autoscaling && !alarms.alarms[1].owned_by_autoscaling);
    assert_eq!(alarms.alarms[1].condition, "Sum > 10 for 3 of 5 × 60 s");
}

#[tokio::test]
async fn the_history_tells_from_what_to_what_and_only_of_own_alarms() {
    let home = mocked!(
        aws_sdk_cloudwatch,
        [&described(), &changes(), &dashboards()]
    );
    let resources = resources();
    let ownership = Ownership {
        resources: &resources,
        web_acl: None,
    };
    let alarms = load(&regions(&home, None), &ownership, noon())
        .await
        .expect("answered");
    assert_eq!(alarms.history.len(), 1);
    let change = &alarms.history[0];
    assert_eq!(change.alarm, "z-5xx");
    assert_eq!(
        (change.from, change.to),
        (Some(AlarmState::Ok), Some(AlarmState::Alarm))
    );
    assert_eq!(alarms.history_error, None);
}

#[tokio::test]
async fn a_refused_history_is_said_beside_the_alarms() {
    let home = mocked!(
        aws_sdk_cloudwatch,
        [&described(), &no_changes(), &dashboards()]
    );
    let resources = resources();
    let ownership = Ownership {
        resources: &resources,
        web_acl: None,
    };
    let alarms = load(&regions(&home, None), &ownership, noon())
        .await
        .expect("answered");
    assert_eq!(alarms.alarms.len(), 4);
    assert_eq!(
        alarms.history_error.as_deref(),
        Some("cloudwatch:DescribeAlarmHistory on eu-central-1 was denied")
    );
}

#[tokio::test]
async fn a_prefix_is_asked_for_together_with_the_alarms_of_autoscaling() {
    let prefixed = |prefix: &'static str, name: &'static str| {
        mock!(Client::describe_alarms)
            .match_requests(move |request| request.alarm_name_prefix() == Some(prefix))
            .then_output(move || {
                let found = alarm(name, types::StateValue::Ok, ("Any", "thing"));
                op::describe_alarms::DescribeAlarmsOutput::builder()
                    .metric_alarms(found)
                    .build()
            })
    };
    let own = prefixed("prod-", "prod-latency");
    let scaling = prefixed(
        "TargetTracking-service/app/",
        "TargetTracking-service/app/backend-AlarmLow-1",
    );
    let home = mocked!(
        aws_sdk_cloudwatch,
        [&own, &scaling, &changes(), &dashboards()]
    );
    let resources = Resources {
        alarm_prefix: Some("prod-".to_owned()),
        ..resources()
    };
    let ownership = Ownership {
        resources: &resources,
        web_acl: None,
    };
    let alarms = load(&regions(&home, None), &ownership, noon())
        .await
        .expect("answered");
    let shown: Vec<&str> = alarms.alarms.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(
        shown,
        [
            "TargetTracking-service/app/backend-AlarmLow-1",
            "prod-latency"
        ]
    );
}

#[test]
fn the_bytes_of_a_log_group_are_asked_where_it_lies() {
    let resources = Resources::default();
    let asked = |group: &str| {
        let id = MetricId::with(Metric::LogBytes, group);
        let place = names(&resources).place(&id)?;
        Some((place.side, place.dimensions))
    };
    let group = |name: &str| vec![("LogGroupName", name.to_owned())];
    assert_eq!(asked("/ecs/web"), Some((Side::Home, group("/ecs/web"))));
    let arn = |region| format!("arn:aws:logs:{region}:123456789012:log-group:aws-waf-logs-shop:*");
    let waf = group("aws-waf-logs-shop");
    assert_eq!(asked(&arn("us-east-1")), Some((Side::Edge, waf.clone())));
    assert_eq!(asked(&arn("eu-central-1")), Some((Side::Home, waf)));
    assert_eq!(asked(&arn("eu-west-3")), None);
    assert_eq!(asked("rds:shop-db:error/postgresql.log"), None);
}
