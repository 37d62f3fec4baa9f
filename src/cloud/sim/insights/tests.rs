//! What queries answer, over a few lines and over the demo's day.

use super::{parse, run::Run};
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, SimOptions, names},
    },
    logs::saved::SAVED,
    model::log::{InsightsAnswer, InsightsQuery, LogEvent, LogOrigin, QueryState},
};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The rows of `query` over lines a second apart, written `name=value name=value`.
fn rows(query: &str, lines: &[&str]) -> Vec<String> {
    let commands = parse(query).expect("a sound query");
    let mut run = Run::new(&commands, 100);
    for (second, line) in (0..).zip(lines) {
        run.add(LogEvent {
            at: Timestamp::from_second(1_795_008_600 + second).unwrap(),
            ingested: None,
            group: "/ecs/hydren/backend".to_owned(),
            stream: "backend/backend/1".to_owned(),
            id: None,
            message: (*line).to_owned(),
        });
    }
    let written = |row: Vec<(String, String)>| {
        let fields: Vec<String> = row.iter().map(|(n, v)| format!("{n}={v}")).collect();
        fields.join(" ")
    };
    run.finish().into_iter().map(written).collect()
}

fn fault(query: &str) -> String {
    parse(query).expect_err("it must be refused").message
}

const JSON: [&str; 4] = [
    r#"{"status":200,"path":"/a","took":10,"user":{"id":7,"tags":["x","y"]}}"#,
    r#"{"status":500,"path":"/a","took":30}"#,
    r#"{"status":500,"path":"/b","took":"20"}"#,
    "started",
];

#[test]
fn lines_come_newest_first_with_their_time() {
    assert_eq!(
        rows(
            "fields @timestamp, status | filter ispresent(status) | limit 2",
            &JSON
        ),
        [
            "@timestamp=2026-11-18 13:30:02.000 status=500",
            "@timestamp=2026-11-18 13:30:01.000 status=500"
        ]
    );
    assert_eq!(
        rows("filter @message = 'started'", &JSON),
        ["@timestamp=2026-11-18 13:30:03.000 @message=started"]
    );
    assert_eq!(
        rows("fields @log, @logStream | limit 1", &JSON),
        ["@log=123456789012:/ecs/hydren/backend @logStream=backend/backend/1"]
    );
}

#[test]
fn fields_of_json_are_found_at_any_depth() {
    assert_eq!(
        rows(
            "fields user.id, user.tags.1 as second | filter user.id = 7",
            &JSON
        ),
        ["user.id=7 second=y"]
    );
}

#[test]
fn filters_compare_numbers_and_text_and_combine() {
    let paths = |filter: &str| rows(&format!("fields took | filter {filter} | sort took"), &JSON);
    assert_eq!(paths("status >= 500 and path = '/b'"), ["took=20"]);
    assert_eq!(paths("took in [10, 20]"), ["took=10", "took=20"]);
    assert_eq!(paths("path not in ['/a'] and ispresent(path)"), ["took=20"]);
    assert_eq!(
        paths("path like /^.b/ or took < 15"),
        ["took=10", "took=20"]
    );
    assert_eq!(paths("@message =~ /\"took\":30/"), ["took=30"]);
    assert_eq!(
        paths("not (status = 500) and took > 1 # a remark"),
        ["took=10"]
    );
    assert_eq!(paths("path like 'a' and took * 2 - 1 != 19"), ["took=30"]);
}

#[test]
fn stats_sum_up_by_field_and_by_time() {
    assert_eq!(
        rows(
            "filter ispresent(took) | stats count(*), avg(took) as mean, pct(took, 50), max(took) - min(took) as spread by path | sort path",
            &JSON
        ),
        [
            "path=/a count(*)=2 mean=20 pct(took, 50)=30 spread=20",
            "path=/b count(*)=1 mean=20 pct(took, 50)=20 spread=0"
        ]
    );
    assert_eq!(
        rows(
            "stats count(*) as n, count(status) as s, latest(took) as last by bin(2s)",
            &JSON
        ),
        [
            "bin(2s)=2026-11-18 13:30:00.000 n=2 s=2 last=30",
            "bin(2s)=2026-11-18 13:30:02.000 n=2 s=1 last=20"
        ]
    );
    assert_eq!(
        rows(
            "stats count_distinct(path) as paths, sum(took) as all",
            &JSON
        ),
        ["paths=2 all=60"]
    );
    assert_eq!(
        rows("stats count(*) as n by path | stats max(n) as most", &JSON),
        ["most=2"]
    );
}

#[test]
fn parse_takes_parts_out_by_stars_and_by_names() {
    let line = ["GET /items took 12 ms", "nothing of it"];
    assert_eq!(
        rows(
            "parse @message '* * took * ms' as method, path, took | filter took > 2 | display path, took",
            &line
        ),
        ["path=/items took=12"]
    );
    assert_eq!(
        rows(
            r"parse /took (?<took>\d+) (?<unit>\w+)/ | fields took, unit | filter ispresent(took)",
            &line
        ),
        ["took=12 unit=ms"]
    );
}

#[test]
fn of_rows_that_are_alike_the_newest_stays() {
    assert_eq!(
        rows(
            "fields path, took | filter ispresent(path) | dedup path",
            &JSON
        ),
        ["path=/b took=20", "path=/a took=30"]
    );
}

#[test]
fn what_cannot_be_understood_is_named_with_its_place() {
    for (query, said) in [
        (
            "fitler a = 1",
            "unexpected `fitler`: did you mean `filter`? at line 1 and position 1",
        ),
        (
            "fields a\n| filter = 1",
            "unexpected `=`: the name of a field is missing at line 2 and position 10",
        ),
        (
            "stats count( by x",
            "unexpected `x`: `)` is missing at line 1 and position 17",
        ),
        ("filter a like /(/", "at line 1 and position 15"),
        (
            "parse @message '* *' as one",
            "unexpected `'*`: it has 2 * for 1 names at line 1 and position 16",
        ),
        (
            "stats count(*) by bin(5x)",
            "unexpected `x)`: a unit is missing: ms, s, m, h, d or w at line 1 and position 24",
        ),
        (
            "filter a = 'open",
            "unexpected `'open`: its closing ' is missing at line 1 and position 12",
        ),
        (
            "limit",
            "unexpected the end of the query: a number is missing at line 1 and position 6",
        ),
        (
            "filter count(a) > 1",
            "this function belongs into stats at line 1 and position 8",
        ),
        (
            "fields a b",
            "unexpected `b`: a command ends with | or the end of the query at line 1 and position 10",
        ),
        ("", "unexpected the end of the query"),
    ] {
        let message = fault(query);
        assert!(
            message.starts_with("MalformedQueryException: "),
            "{message}"
        );
        assert!(message.contains(said), "{query}: {message}");
    }
}

/// The afternoon of the demo, with its clock held.
fn cloud() -> SimCloud {
    SimCloud::new(SimOptions {
        elapsed: Some(Duration::from_mins(30)),
        ..SimOptions::default()
    })
}

fn query(cloud: &SimCloud, origin: LogOrigin, text: &str) -> InsightsQuery {
    let groups: &[&str] = match origin {
        LogOrigin::Database => &[names::LOGS_DATABASE],
        LogOrigin::FlowLogs => &[names::LOGS_FLOW],
        _ => &[names::LOGS_FRONTEND, names::LOGS_BACKEND],
    };
    InsightsQuery {
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        from: cloud.now() - SignedDuration::from_hours(1),
        to: cloud.now(),
        text: text.to_owned(),
        limit: 1_000,
    }
}

async fn answered(cloud: &SimCloud, query: &InsightsQuery) -> InsightsAnswer {
    let id = cloud.start_query(query).await.expect("a sound query");
    loop {
        let answer = cloud.query_answer(&id).await.expect("a known query");
        if answer.state.is_final() {
            return answer;
        }
    }
}

#[tokio::test]
async fn every_saved_query_finds_something_in_an_hour_of_the_demo() {
    let cloud = cloud();
    let mut told = Vec::new();
    for saved in SAVED {
        let answer = answered(&cloud, &query(&cloud, saved.origin, saved.text)).await;
        assert_eq!(answer.state, QueryState::Complete, "{}", saved.name);
        assert!(!answer.rows.is_empty(), "{}", saved.name);
        assert!(answer.matched <= answer.scanned && answer.scanned_bytes > 0.0);
        told.push(format!("{}: {} rows", saved.name, answer.rows.len()));
        for row in answer.rows.iter().take(2) {
            let fields: Vec<String> = row.iter().map(|(n, v)| format!("{n}={v}")).collect();
            told.push(format!("  {}", fields.join("  ")));
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_query_waits_reads_and_is_billed_for_its_lines_once() {
    let cloud = cloud();
    let query = query(&cloud, LogOrigin::FlowLogs, "stats count(*)");
    let id = cloud.start_query(&query).await.unwrap();
    let mut states = Vec::new();
    let mut bytes = Vec::new();
    for _ in 0..4 {
        let answer = cloud.query_answer(&id).await.unwrap();
        states.push(answer.state);
        bytes.push(answer.scanned_bytes);
    }
    assert_eq!(
        states,
        [
            QueryState::Scheduled,
            QueryState::Running,
            QueryState::Complete,
            QueryState::Complete
        ]
    );
    assert!(
        bytes[0] == 0.0 && bytes[1] > 0.0 && bytes[1] < bytes[2],
        "{bytes:?}"
    );
    let tally = cloud.meter().by_operation()[&("logs", "StartQuery")];
    assert_eq!((tally.requests, tally.units as f64), (1, bytes[2]));
    assert!(tally.usd > 0.0);
}

#[tokio::test]
async fn a_query_that_is_stopped_is_billed_for_what_it_read() {
    let cloud = cloud();
    let query = query(&cloud, LogOrigin::Service, "stats count(*)");
    let id = cloud.start_query(&query).await.unwrap();
    for _ in 0..2 {
        cloud.query_answer(&id).await.unwrap();
    }
    cloud.stop_query(&id).await.unwrap();
    let answer = cloud.query_answer(&id).await.unwrap();
    assert_eq!(
        (answer.state, answer.rows.len()),
        (QueryState::Cancelled, 0)
    );
    let all = answered(&cloud, &query).await;
    assert!(answer.scanned_bytes > 0.0 && answer.scanned_bytes < all.scanned_bytes);
    assert!(cloud.query_answer("another").await.is_err());
}

#[tokio::test]
async fn a_group_that_the_demo_does_not_have_is_refused_at_the_start() {
    let cloud = cloud();
    let mut query = query(&cloud, LogOrigin::Service, "stats count(*)");
    query.groups.push("/ecs/hydren/nothing".to_owned());
    let error = cloud
        .start_query(&query)
        .await
        .expect_err("it does not exist");
    assert!(error.message.contains("/ecs/hydren/nothing"), "{error}");
}
