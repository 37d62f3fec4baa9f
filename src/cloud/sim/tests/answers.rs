//! What a caller of the seam gets.

use super::{
    super::{
        SimCloud, environment, names,
        world::{EPOCH, moment},
    },
    cloud,
};
use crate::{
    cloud::{Call, Cloud as _},
    error::ErrorKind,
    model::{
        Snapshot, Tier,
        discovery::{Outcome, Start},
        log::LogQuery,
        metric::{Metric, MetricId, Window},
        state::{DatabaseStatus, SnapshotStatus},
    },
};

async fn everything(cloud: &SimCloud) -> Vec<String> {
    let mut all = Vec::new();
    for tier in Tier::ALL {
        all.push(serde_json::to_string(&cloud.read(tier).await.unwrap()).unwrap());
    }
    let query = LogQuery {
        stream: None,
        groups: vec![
            "/ecs/hydren/backend".to_owned(),
            "/vpc/hydren/flow-logs".to_owned(),
        ],
        from: moment(cloud.now().as_second() - 600),
        to: cloud.now(),
        pattern: String::new(),
        limit: 400,
    };
    all.push(format!("{:?}", cloud.logs(&query).await.unwrap()));
    all
}

#[tokio::test]
async fn two_clouds_of_one_seed_and_time_answer_alike() {
    let (one, other) = (cloud(7, 1_800), cloud(7, 1_800));
    // The order of reads does not matter either.
    other.read(Tier::Rds).await.unwrap();
    assert_eq!(everything(&one).await, everything(&other).await);
    assert_eq!(one.now().to_string(), "2026-11-18T14:00:00Z");
}

#[tokio::test]
async fn every_tier_answers_with_its_own_snapshot() {
    let cloud = cloud(4, 60);
    for tier in Tier::ALL {
        assert_eq!(cloud.read(tier).await.unwrap().tier(), tier);
    }
}

#[tokio::test]
async fn every_window_from_fifteen_minutes_to_a_week_is_filled() {
    let cloud = cloud(4, 900);
    let ids = [
        MetricId::of(Metric::CdnRequests),
        MetricId::with(Metric::EcsCpu, "backend"),
    ];
    for seconds in [900, 3_600, 21_600, 86_400, 604_800] {
        let window = Window::last(cloud.now(), seconds);
        let metrics = cloud.metrics(&ids, window).await.unwrap();
        for series in metrics.series.values() {
            assert_eq!(series.values.len(), window.len());
            assert!(
                series.values.iter().all(|value| *value > 0.0),
                "{seconds} s"
            );
        }
    }
    // The same requests, whatever the resolution: an hour's sum is that of its minutes.
    let hour = Window {
        from: moment(EPOCH - 5_400),
        to: moment(EPOCH - 1_800),
        period: 3_600,
    };
    let fine = Window { period: 60, ..hour };
    let sum = async |window| {
        let metrics = cloud.metrics(&ids, window).await.unwrap();
        metrics
            .get(Metric::CdnRequests)
            .unwrap()
            .values
            .iter()
            .sum::<f64>()
    };
    assert_eq!(sum(hour).await, sum(fine).await);
}

#[tokio::test]
async fn a_metric_that_the_demo_does_not_publish_is_a_gap_or_zero() {
    let cloud = cloud(4, 60);
    let window = Window::last(cloud.now(), 900);
    let unknown = MetricId::with(Metric::EcsCpu, "nobody");
    let quiet = MetricId::of(Metric::AlbRejectedConnections);
    let metrics = cloud
        .metrics(&[unknown.clone(), quiet.clone()], window)
        .await
        .unwrap();
    assert!(metrics.series[&unknown].values.iter().all(|v| v.is_nan()));
    assert_eq!(metrics.series[&quiet].values[0], 0.0);
}

#[tokio::test]
async fn the_meter_counts_what_aws_would_be_asked() {
    let cloud = cloud(4, 60);
    let ids = vec![MetricId::of(Metric::RdsCpu); 60];
    let window = Window::last(cloud.now(), 900);
    cloud.metrics(&ids, window).await.unwrap();
    cloud.read(Tier::Alb).await.unwrap();
    let counted = cloud.meter().by_operation();
    assert_eq!(counted[&("cloudwatch", "GetMetricData")].units, 60);
    assert_eq!(
        counted[&("elasticloadbalancing", "DescribeTargetHealth")].requests,
        2
    );
}

#[tokio::test]
async fn log_lines_tell_the_requests_that_the_metrics_count() {
    let cloud = cloud(4, 1_200);
    let (from, to) = (EPOCH + 600, EPOCH + 660);
    let query = LogQuery {
        stream: None,
        groups: vec!["/ecs/hydren/backend".to_owned()],
        from: moment(from),
        to: moment(to),
        pattern: "request_id".to_owned(),
        limit: 10_000,
    };
    let lines = cloud.logs(&query).await.unwrap();
    let window = Window {
        from: moment(from),
        to: moment(to),
        period: 60,
    };
    let id = MetricId::with(Metric::AlbRequests, names::BACKEND_GROUP);
    let metrics = cloud
        .metrics(std::slice::from_ref(&id), window)
        .await
        .unwrap();
    // A request may still wait in line when its minute ends.
    assert!((lines.len() as f64 - metrics.series[&id].values[0]).abs() < 5.0);
    assert!(lines.is_sorted_by_key(|line| line.at));
    assert!(
        lines
            .iter()
            .all(|line| line.at >= query.from && line.at < query.to)
    );
    let newest = cloud.logs(&LogQuery { limit: 10, ..query }).await.unwrap();
    assert_eq!(newest, lines[lines.len() - 10..]);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let cloud = cloud(4, 60);
    let scale = |cluster: &str, service: &str| Call::ScaleService {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
        desired: 2,
    };
    let stop = Call::StopTask {
        cluster: "hydren".to_owned(),
        task: "0123456789abcdef0123456789abcdef".to_owned(),
        reason: String::new(),
    };
    let snapshot = Call::SnapshotDatabase {
        database: "other-db".to_owned(),
        snapshot: "now".to_owned(),
    };
    for call in [
        scale("prod", "backend"),
        scale("hydren", "worker"),
        stop,
        snapshot,
    ] {
        let error = cloud.execute(&call.clone().into()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{call:?}");
        assert!(error.hint.is_some());
    }
    let query = LogQuery {
        stream: None,
        groups: vec!["/ecs/other".to_owned()],
        from: moment(EPOCH),
        to: moment(EPOCH + 60),
        pattern: String::new(),
        limit: 10,
    };
    assert_eq!(
        cloud.logs(&query).await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn a_snapshot_is_created_once() {
    let cloud = cloud(4, 60);
    let call = Call::SnapshotDatabase {
        database: "hydren-db".to_owned(),
        snapshot: "before-migration".to_owned(),
    };
    let outcome = cloud.execute(&call.clone().into()).await.unwrap();
    assert!(
        outcome
            .resource
            .unwrap()
            .ends_with(":snapshot:before-migration")
    );
    let Snapshot::Database(database) = cloud.read(Tier::Rds).await.unwrap() else {
        panic!("the RDS tier is a database");
    };
    assert_eq!(database.status, DatabaseStatus::BackingUp);
    assert_eq!(database.snapshots[0].id, "before-migration");
    assert_eq!(database.snapshots[0].status, SnapshotStatus::Creating);
    let again = cloud.execute(&call.clone().into()).await.unwrap_err();
    assert!(again.message.starts_with("DBSnapshotAlreadyExists"));
}

#[tokio::test]
async fn the_discovery_finds_what_the_environment_names() {
    let cloud = cloud(4, 0);
    let found = cloud.discover(&Start::Nothing).await.unwrap();
    assert_eq!(found.resources, environment().resources);
    assert!(
        found
            .steps
            .iter()
            .all(|step| matches!(step.outcome, Outcome::Found(_)))
    );
    let other = cloud.discover(&Start::Cluster("prod".to_owned())).await;
    assert_eq!(other.unwrap_err().kind, ErrorKind::NotFound);
}
