//! Operations on the database against the simulation.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Cloud as _,
        call::{Apply, Reboot},
        sim::{SimCloud, environment},
    },
    error::ErrorKind,
    model::database::Database,
    op::{
        Cost, Outcome, Request, Risk, Undo, Watch,
        tests::{cloud, run},
    },
};
use jiff::SignedDuration;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

async fn plan(cloud: &SimCloud, request: impl Into<Request>) -> Result<Plan> {
    let environment = environment();
    request.into().plan(&Desk::new(cloud, &environment)).await
}

async fn database(cloud: &SimCloud) -> Arc<Database> {
    let environment = environment();
    Desk::new(cloud, &environment).database().await.unwrap()
}

fn says(watch: &Watch) -> Vec<String> {
    watch.outcome.as_ref().unwrap().says()
}

fn failed(plan: &Plan) -> &str {
    plan.forbidden()
        .map_or("nothing", |check| check.what.as_str())
}

fn restore(origin: Origin, name: &str) -> RestoreDatabase {
    RestoreDatabase {
        origin: Some(origin),
        name: Some(name.to_owned()),
    }
}

const MANUAL: &str = "hydren-db-before-1-19";

#[tokio::test]
async fn a_snapshot_is_restored_into_a_new_instance_that_is_like_the_source() {
    let cloud = cloud();
    let before = database(&cloud).await;
    let request = restore(Origin::Snapshot(MANUAL.to_owned()), "Hydren-Copy");
    let plan = plan(&cloud, request.clone()).await.unwrap();
    let after = |field: &str| {
        let change = plan.changes.iter().find(|c| c.field == field);
        change.and_then(|c| c.after.clone()).unwrap_or_default()
    };
    assert_eq!(plan.target, "hydren-copy", "RDS keeps names in lower case");
    assert_eq!(after("class"), before.class);
    assert_eq!(after("subnet group"), "hydren-db");
    assert_eq!(after("parameter group"), "hydren-postgres16");
    assert_eq!(after("security groups"), before.security_groups.join(", "));
    assert_eq!(after("deletion protection"), "yes");
    let Cost::Delta {
        before: one,
        after: two,
        ..
    } = &plan.cost
    else {
        panic!("{:?}", plan.cost);
    };
    assert!(
        (two - 2.0 * one).abs() < 1e-9,
        "the copy costs what the source does"
    );
    let watch = run(&cloud, request.clone()).await;
    let said = says(&watch);
    assert!(
        said[0].starts_with("hydren-copy is available at hydren-copy."),
        "{said:?}"
    );
    let took = watch.ended_at.unwrap().duration_since(watch.started_at);
    assert!(
        took >= SignedDuration::from_mins(5),
        "restores take minutes: {took}"
    );
    let now = database(&cloud).await;
    assert_eq!(
        (&now.endpoint, &now.status),
        (&before.endpoint, &before.status)
    );
    let again = super::tests::plan(&cloud, request).await.unwrap();
    assert_eq!(failed(&again), "name is free");
}

#[tokio::test]
async fn a_point_in_time_lies_within_the_backups() {
    let cloud = cloud();
    let day = SignedDuration::from_hours(24);
    let plan_at = |origin| plan(&cloud, restore(origin, "copy"));
    let yesterday = plan_at(Origin::Time(cloud.now() - day)).await.unwrap();
    assert_eq!(failed(&yesterday), "nothing");
    let long_ago = plan_at(Origin::Time(cloud.now() - 30 * day)).await.unwrap();
    assert_eq!(failed(&long_ago), "within the backups");
    let right_now = plan_at(Origin::Time(cloud.now())).await.unwrap();
    assert_eq!(failed(&right_now), "within the backups");
    let latest = plan_at(Origin::Latest).await.unwrap();
    assert!(latest.commands()[0].contains("--use-latest-restorable-time"));
    let watch = run(&cloud, restore(Origin::Latest, "copy")).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
}

#[tokio::test]
async fn nothing_is_restored_over_the_database() {
    let cloud = cloud();
    let request = restore(Origin::Latest, "hydren-db");
    let plan = plan(&cloud, request).await.unwrap();
    assert_eq!(failed(&plan), "name is free");
}

#[tokio::test]
async fn a_proposed_name_is_one_that_rds_takes() {
    let request = RestoreDatabase {
        origin: Some(Origin::Latest),
        name: None,
    };
    let plan = plan(&cloud(), request).await.unwrap();
    assert_eq!(plan.target, "hydren-db-restored-20261118-1430");
    assert_eq!(failed(&plan), "nothing");
}

#[tokio::test]
async fn a_manual_snapshot_is_deleted_for_good_and_an_automated_one_is_not() {
    let cloud = cloud();
    let delete = |snapshot: &str| DeleteSnapshot {
        snapshot: snapshot.to_owned(),
    };
    let own = plan(&cloud, delete(MANUAL)).await.unwrap();
    assert_eq!(own.risk, Risk::Destructive);
    assert_eq!(
        own.target, MANUAL,
        "its own name is typed, not the database's"
    );
    assert!(matches!(own.undo, Undo::Impossible(_)));
    let automated = database(&cloud).await.snapshots[0].id.clone();
    let other = plan(&cloud, delete(&automated)).await.unwrap();
    assert_eq!(failed(&other), "taken by hand");
    let watch = run(&cloud, delete(MANUAL)).await;
    assert_eq!(says(&watch), [format!("snapshot {MANUAL} is deleted")]);
    let gone = plan(&cloud, delete(MANUAL)).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
    assert!(gone.hint.unwrap().contains("rds:hydren-db-"));
}

fn modify(class: Option<&str>, storage_gib: Option<i32>, apply: Apply) -> ModifyDatabase {
    ModifyDatabase {
        class: class.map(str::to_owned),
        storage_gib,
        apply: Some(apply),
    }
}

#[tokio::test]
async fn another_class_takes_the_database_down_for_a_while_and_can_be_undone() {
    let cloud = cloud();
    let request = modify(Some("db.t4g.large"), None, Apply::Now);
    let plan = plan(&cloud, request.clone()).await.unwrap();
    assert_eq!(plan.risk, Risk::Destructive, "there is no standby");
    assert!(matches!(plan.undo, Undo::By(..)));
    assert!(matches!(plan.cost, Cost::Delta { before, after, .. } if after > before));
    let limit = database(&cloud).await.max_connections.unwrap().value;
    let watch = run(&cloud, request).await;
    assert_eq!(
        says(&watch),
        ["hydren-db is db.t4g.large with 50 GiB, available"]
    );
    let now = database(&cloud).await;
    assert!(now.max_connections.unwrap().value > limit, "more memory");
}

#[tokio::test]
async fn a_change_for_the_window_waits_until_sunday() {
    let cloud = cloud();
    let watch = run(&cloud, modify(Some("db.t4g.large"), None, Apply::Window)).await;
    let said = says(&watch);
    assert!(
        said[0].contains("in its maintenance window, sun:04:30"),
        "{said:?}"
    );
    let waits = database(&cloud).await;
    assert_eq!(waits.class, "db.t4g.medium");
    assert_eq!(waits.pending_changes, ["class -> db.t4g.large"]);
    cloud.rest(Duration::from_hours(4 * 24)).await;
    let then = database(&cloud).await;
    assert_eq!(
        (then.class.as_str(), then.pending_changes.len()),
        ("db.t4g.large", 0)
    );
}

#[tokio::test]
async fn storage_grows_by_ten_percent_at_least_and_never_shrinks() {
    let cloud = cloud();
    for gib in [40, 54, 70_000] {
        let error = plan(&cloud, modify(None, Some(gib), Apply::Now))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage, "{gib}");
        assert_eq!(error.hint.as_deref(), Some("give 55 to 65536 GiB"));
    }
    let grown = plan(&cloud, modify(None, Some(55), Apply::Now))
        .await
        .unwrap();
    assert!(matches!(grown.undo, Undo::Impossible(_)));
    let watch = run(&cloud, modify(None, Some(55), Apply::Now)).await;
    assert!(
        says(&watch)[0].contains("with 55 GiB, storage-optimization"),
        "{:?}",
        says(&watch)
    );
    let again = plan(&cloud, modify(None, Some(70), Apply::Now))
        .await
        .unwrap();
    assert_eq!(failed(&again), "storage can be changed");
    let request = SnapshotDatabase {
        snapshot: Some("grown".to_owned()),
    };
    let watch = run(&cloud, request).await;
    assert_eq!(
        says(&watch),
        ["snapshot grown is available"],
        "RDS takes it meanwhile"
    );
    let beyond = plan(&super::tests::cloud(), modify(None, Some(120), Apply::Now))
        .await
        .unwrap();
    assert_eq!(failed(&beyond), "within the limit of storage autoscaling");
}

#[tokio::test]
async fn what_is_no_class_is_refused_and_what_changes_nothing_calls_nothing() {
    let cloud = cloud();
    for class in ["t4g.large", "db.t4g", "db.T4g.large", "db.t4g.large.x y"] {
        let error = plan(&cloud, modify(Some(class), None, Apply::Now))
            .await
            .unwrap_err();
        assert!(error.message.contains("is not a class"), "{class}");
    }
    let same = modify(Some("db.t4g.medium"), Some(50), Apply::Now);
    assert!(plan(&cloud, same).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reboot_cuts_connections_and_is_seen_through_to_its_end() {
    let cloud = cloud();
    let reboot = |reboot| RebootDatabase {
        reboot: Some(reboot),
    };
    let in_place = plan(&cloud, reboot(Reboot::InPlace)).await.unwrap();
    assert_eq!(in_place.risk, Risk::Destructive);
    let failover = plan(&cloud, reboot(Reboot::Failover)).await.unwrap();
    assert_eq!(failed(&failover), "has a standby");
    let watch = run(&cloud, reboot(Reboot::InPlace)).await;
    assert_eq!(says(&watch), ["hydren-db is available in us-east-1a"]);
    assert_eq!(watch.steps[0].step.detail, "DB instance restarted");
    let took = watch.ended_at.unwrap().duration_since(watch.started_at);
    assert!(took >= SignedDuration::from_secs(60), "{took}");
}

#[tokio::test]
async fn identifiers_that_rds_refuses_are_refused_before() {
    let longest = "a".repeat(64);
    for name in ["", "1a", "a--b", "a-", "a_b", "ä", &longest] {
        let request = restore(Origin::Latest, name);
        let error = plan(&cloud(), request).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage, "{name}");
        assert!(error.hint.is_some());
    }
}

#[tokio::test]
async fn a_restore_under_way_is_found_again_by_a_new_console() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let plan = plan(&cloud, restore(Origin::Latest, "copy")).await.unwrap();
    crate::op::carry_out(&desk, &plan, &CancellationToken::new(), |_| {}).await;
    cloud.rest(Duration::from_secs(30)).await;
    let mut seen = crate::observe::Observations::default();
    let tier = crate::model::Tier::Rds;
    seen.tier_mut(tier)
        .settle(cloud.read(tier).await, cloud.now());
    let titles: Vec<String> = crate::op::under_way(&seen)
        .into_iter()
        .map(|w| w.title)
        .collect();
    assert_eq!(titles, ["copy is creating"]);
}
