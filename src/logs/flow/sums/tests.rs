#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::sim::{SimCloud, SimOptions, environment},
    logs::flow::standard,
    report,
};

/// The places of the demo: `BACKEND` is the address of a backend task.
async fn demo() -> (Places, String) {
    let seen = report::observe(&SimCloud::new(SimOptions::default()), &environment()).await;
    let services = &seen.compute().unwrap().services;
    let backend = services.iter().find(|s| s.name == "backend").unwrap();
    let address = backend.tasks[0].private_ip.clone().unwrap();
    (Places::of(&seen), address)
}

const NODE: &str = "eni-0a7e3c91d5f2b8640";
const DATABASE: &str = "eni-0da16fc40825eb973";

/// A record of the default format: interface, ends, packets, action.
fn record(interface: &str, from: (&str, u16), to: (&str, u16), bytes: u64, action: &str) -> String {
    format!(
        "2 123456789012 {interface} {} {} {} {} 6 1 {bytes} 1795317195 1795317255 {action} OK",
        from.0, to.0, from.1, to.1
    )
}

fn sums(lines: &[String], places: &Places) -> FlowSums {
    let mut summing = Summing::default();
    for line in lines {
        summing.add(standard(), line);
    }
    summing.finish(places)
}

#[tokio::test]
async fn refused_flows_are_told_by_source_port_and_security_group() {
    let (places, _) = demo().await;
    let probe = |from: &str, port| record(NODE, (from, 40_000), ("10.0.0.41", port), 40, "REJECT");
    let sums = sums(
        &[
            probe("203.0.113.7", 22),
            probe("203.0.113.7", 3389),
            probe("198.51.100.9", 22),
            record(
                "eni-unknown",
                ("203.0.113.7", 40_000),
                ("10.0.0.99", 22),
                40,
                "REJECT",
            ),
        ],
        &places,
    );
    assert_eq!((sums.records, sums.refused, sums.accepted), (4, 4, 0));
    let first = &sums.sources[0];
    assert_eq!(
        (first.address.to_string().as_str(), first.sum.flows),
        ("203.0.113.7", 3)
    );
    assert_eq!(first.place, Place::Outside);
    let ports: Vec<_> = sums
        .ports
        .iter()
        .map(|p| (p.port.named(), p.sum.flows, p.sources))
        .collect();
    assert_eq!(
        ports,
        [
            ("tcp/22 ssh".to_owned(), 3, 2),
            ("tcp/3389 rdp".to_owned(), 1, 1)
        ]
    );
    let groups: Vec<_> = sums
        .groups
        .iter()
        .map(|g| (g.id.is_some(), g.name.as_str(), g.sum.flows))
        .collect();
    assert_eq!(groups, [(true, "hydren-alb", 3), (false, "eni-unknown", 1)]);
    assert!(
        sums.blocked.is_empty(),
        "the internet is no part of the environment"
    );
}

#[tokio::test]
async fn a_flow_that_both_ends_recorded_is_counted_once() {
    let (places, _) = demo().await;
    // An interface that came after the last reading: its records tell whose it is.
    let task = "10.0.20.251";
    let ends = (task, 41_234);
    let database = ("10.0.40.37", 5432);
    let sums = sums(
        &[
            record("eni-task", ends, database, 1_000, "ACCEPT"),
            record("eni-task", database, ends, 9_000, "ACCEPT"),
            record(DATABASE, ends, database, 1_000, "ACCEPT"),
            record(DATABASE, database, ends, 9_000, "ACCEPT"),
        ],
        &places,
    );
    let unknown = || "subnet hydren-private-a".to_owned();
    let told: Vec<_> = sums
        .traffic
        .iter()
        .map(|t| {
            (
                t.from.to_string(),
                t.to.to_string(),
                t.accepted.bytes,
                t.accepted.flows,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("database".to_owned(), unknown(), 9_000, 1),
            (unknown(), "database".to_owned(), 1_000, 1)
        ]
    );
}

#[tokio::test]
async fn what_only_its_beginning_recorded_counts_too() {
    let (places, _) = demo().await;
    let sums = sums(
        &[record(
            NODE,
            ("10.0.0.41", 443),
            ("198.51.100.3", 2_000),
            700,
            "ACCEPT",
        )],
        &places,
    );
    let traffic = &sums.traffic[0];
    assert_eq!(
        (&traffic.from, &traffic.to),
        (&Place::Balancer, &Place::Outside)
    );
    assert_eq!(traffic.accepted.bytes, 700);
}

#[tokio::test]
async fn a_blocked_database_stands_out_and_late_answers_do_not() {
    let (places, backend) = demo().await;
    let ends = (backend.as_str(), 41_234);
    let database = ("10.0.40.37", 5432);
    let mut lines = vec![record(DATABASE, ends, database, 60, "REJECT"); 5];
    lines.push(record(
        NODE,
        (&backend, 8_000),
        ("10.0.0.41", 45_000),
        40,
        "REJECT",
    ));
    let node = record(
        NODE,
        (&backend, 8_000),
        ("10.0.0.41", 45_001),
        900,
        "ACCEPT",
    );
    lines.extend(vec![node; 20]);
    let sums = sums(&lines, &places);
    let told: Vec<_> = sums
        .blocked
        .iter()
        .map(|b| {
            (
                b.from.to_string(),
                b.port.to_string(),
                b.way,
                b.sum.flows,
                b.is_trickle(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "backend".to_owned(),
                "tcp/5432".to_owned(),
                Way::Request,
                5,
                false
            ),
            (
                "backend".to_owned(),
                "tcp/8000".to_owned(),
                Way::Answer,
                1,
                true
            ),
        ]
    );
}

#[test]
fn intervals_without_records_and_lines_of_no_format_are_counted_apart() {
    let silent =
        |status| format!("2 123456789012 eni-01f - - - - - - - 1795317195 1795317255 - {status}");
    let lines = [
        silent("NODATA"),
        silent("SKIPDATA"),
        "what is this".to_owned(),
    ];
    let sums = sums(&lines, &Places::default());
    assert_eq!(
        (sums.records, sums.no_data, sums.skipped, sums.undecoded),
        (2, 1, 1, 1)
    );
    assert_eq!(sums.begins, Timestamp::from_second(1_795_317_195).ok());
    assert_eq!(sums.ends, Timestamp::from_second(1_795_317_255).ok());
}

#[test]
fn directions_and_true_ends_are_taken_from_formats_that_have_them() {
    let formats = [FlowFormat::parse(
        "${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${bytes} ${action} ${flow-direction}",
    )];
    let mut summing = Summing::default();
    for line in [
        "10.0.0.87 10.0.1.9 203.0.113.7 10.0.1.9 500 ACCEPT ingress",
        "10.0.1.9 10.0.0.87 10.0.1.9 203.0.113.7 70 ACCEPT egress",
    ] {
        summing.add(&formats, line);
    }
    let sums = summing.finish(&Places::default());
    assert_eq!((sums.records, sums.accepted), (2, 2));
    assert_eq!(sums.traffic[0].accepted.bytes, 570);
    assert!(
        sums.traffic[0]
            .addresses
            .0
            .contains(&"203.0.113.7".parse().unwrap())
    );
}
