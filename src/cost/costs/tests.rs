//! Costs of the demo's environment, whole and with parts missing: what is incomplete is named beside the sum.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, SimOptions, environment},
    },
    cost::{Change, window},
    model::metric::{Metric, MetricId, Metrics},
    report, triage,
};
use std::{sync::Arc, time::Duration};

/// The demo's environment, everything that costs are computed from, and the present.
async fn observed() -> (Environment, Observations, Timestamp) {
    let cloud = SimCloud::new(SimOptions {
        elapsed: Some(Duration::from_hours(1)),
        ..SimOptions::default()
    });
    let environment = environment();
    let mut seen = report::observe(&cloud, &environment).await;
    report::observe_usage(&cloud, &environment, &mut seen).await;
    (environment, seen, cloud.now())
}

fn usage(seen: &mut Observations) -> &mut Metrics {
    Arc::make_mut(seen.usage.value.as_mut().unwrap())
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[tokio::test]
async fn items_add_up_and_the_least_and_the_most_lie_around_them() {
    let (environment, seen, now) = observed().await;
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    let sum: f64 = costs.now.items.iter().map(|item| item.per_month).sum();
    assert!(near(sum, costs.now.per_month));
    let areas: f64 = costs.now.by_area().into_iter().map(|(_, usd)| usd).sum();
    assert!(near(areas, costs.now.per_month));
    assert!(costs.floor < costs.now.per_month && costs.now.per_month < costs.ceiling);
    for item in &costs.now.items {
        assert!(
            near(item.quantity * item.unit_price, item.per_month),
            "{item:?}"
        );
        assert!(near(item.per_month / HOURS, item.per_hour), "{item:?}");
        assert!(
            !item.basis.is_empty() && !item.source.is_empty(),
            "{item:?}"
        );
    }
    let month = costs.month.unwrap();
    assert!(
        month.so_far.is_sorted(),
        "nobody is paid back: {:?}",
        month.so_far
    );
    assert!(month.now() < month.projection(), "half of it is to come");
}

#[tokio::test]
async fn a_region_without_prices_is_said_and_nothing_is_borrowed() {
    let (mut environment, seen, now) = observed().await;
    environment.region = "mx-central-1".to_owned();
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    assert!(
        costs.notes[0].starts_with("the price book has no prices of mx-central-1"),
        "{:?}",
        costs.notes
    );
    let reasons: Vec<&str> = costs
        .now
        .unknown
        .iter()
        .map(|u| u.reason.as_str())
        .collect();
    assert!(
        reasons.contains(&"no price of alb.hour in mx-central-1"),
        "{reasons:#?}"
    );
    let here = |tier: &str| costs.now.items.iter().any(|item| item.tier.id() == tier);
    assert!(
        here("cloudfront") && here("waf"),
        "they cost the same everywhere"
    );
    assert!(!here("rds"));
    environment.region.clear();
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    assert!(costs.notes[0].starts_with("the region is not known"));
}

#[tokio::test]
async fn a_class_or_a_size_that_the_book_does_not_know_is_named() {
    let (environment, seen, now) = observed().await;
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    let ask = |change: &str| {
        let change: Change = change.parse()?;
        suppose(Book::embedded(), &costs.inventory, &[change])
    };
    let supposed = ask("database.class=db.z9.huge").unwrap();
    let lack = supposed
        .unknown
        .iter()
        .find(|u| u.item.contains("instance"));
    assert!(
        lack.unwrap().reason.contains("rds.postgres.db.z9.huge"),
        "{supposed:?}"
    );
    let error = ask("backend.size=1024/1000").unwrap_err();
    assert!(error.message.contains("1000"), "{error}");
    let mut inventory = costs.inventory.clone();
    inventory.tasks[0].size.operating_system = "WINDOWS_SERVER_2022_CORE".to_owned();
    let told = estimate(Book::embedded(), &inventory);
    let name = format!("{} · tasks", inventory.tasks[0].service);
    assert!(
        told.unknown.iter().any(|u| u.item == name),
        "{:#?}",
        told.unknown
    );
    assert!(told.per_month < costs.now.per_month, "it is part of no sum");
}

#[tokio::test]
async fn without_visitors_an_environment_costs_the_least() {
    let (environment, seen, now) = observed().await;
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    let nobody = ["traffic=0x".parse().unwrap()];
    let supposed = suppose(Book::embedded(), &costs.inventory, &nobody).unwrap();
    assert!(
        near(supposed.per_month, costs.floor),
        "{} and {}",
        supposed.per_month,
        costs.floor
    );
}

#[tokio::test]
async fn no_traffic_at_all_is_nothing_and_not_unknown() {
    let (environment, mut seen, now) = observed().await;
    for (id, series) in &mut usage(&mut seen).series {
        if id.metric != Metric::EcsLiveTasks {
            series.values.fill(0.0);
        }
    }
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    let requests = costs.now.items.iter().find(|i| i.item == "HTTPS requests");
    let requests = requests.unwrap();
    assert!(requests.per_month.abs() < 1e-12);
    assert!(
        requests.basis.starts_with("nothing in the last hour"),
        "{requests:?}"
    );
    let month = costs.month.unwrap();
    assert!(month.projection() > 0.0 && month.projection().is_finite());
}

#[tokio::test]
async fn hours_without_data_are_told_and_taken_at_the_mean_of_the_others() {
    let (environment, mut seen, _) = observed().await;
    let requests = MetricId::of(Metric::CdnRequests);
    let series = &mut usage(&mut seen).series.get_mut(&requests).unwrap().values;
    series.fill(600.0);
    let length = series.len();
    series[length - 24..length - 21].fill(f64::NAN);
    let look = Look::Hours(length - 24..length, "the last day");
    let taken = crate::cost::inventory(&environment, &seen, &look);
    let used = taken.uses.iter().find(|u| u.item == "HTTPS requests");
    assert!(near(used.unwrap().amount, 0.06), "{used:?}");
    let lack = taken.unknown.iter().find(|u| u.item == "HTTPS requests");
    assert_eq!(
        lack.unwrap().reason,
        "3 hours of the last day without data, taken at the mean of the others"
    );
    usage(&mut seen)
        .series
        .get_mut(&requests)
        .unwrap()
        .values
        .fill(f64::NAN);
    let taken = crate::cost::inventory(&environment, &seen, &Look::Now);
    assert!(taken.uses.iter().all(|u| u.item != "HTTPS requests"));
    let lack = taken.unknown.iter().find(|u| u.item == "HTTPS requests");
    assert_eq!(lack.unwrap().reason, "no data of requests in the last hour");
}

#[tokio::test]
async fn a_month_of_28_days_has_672_hours_and_whole_prices_by_the_month() {
    let (environment, mut seen, _) = observed().await;
    // The end of a February: what stands there has stood there all month.
    let now = at("2027-02-28T23:00:00Z");
    let window = window(now);
    assert_eq!(window.len(), 27 * 24 + 23);
    let metrics = usage(&mut seen);
    metrics.window = window;
    for series in metrics.series.values_mut() {
        series.values = vec![0.0; window.len()];
    }
    let costs = Costs::of(&environment, &seen, Book::embedded(), now);
    let month = costs.month.unwrap();
    assert!(near(month.hours, 672.0) && near(month.passed, 671.0));
    assert_eq!((month.days(), month.so_far.len()), (28, 28));
    let whole = Span {
        hours: 672.0,
        month: 672.0,
    };
    let mut idle = costs.inventory.clone();
    idle.scale_traffic(0.0);
    for tasks in &mut idle.tasks {
        tasks.count = 0.0;
    }
    let standing = total(Book::embedded(), &idle, whole);
    assert!(
        near(month.projection(), standing),
        "{} and {standing}",
        month.projection()
    );
    let thirty_days = total(Book::embedded(), &idle, Span::MONTH);
    assert!(standing < thirty_days, "what is billed by the hour is less");
}

#[tokio::test]
async fn a_month_begins_at_midnight_in_utc_and_looks_a_week_back() {
    let (environment, mut seen, _) = observed().await;
    let now = at("2026-12-01T00:30:00Z");
    let window = window(now);
    assert_eq!(window.len(), 168);
    usage(&mut seen).window = window;
    let month = Costs::of(&environment, &seen, Book::embedded(), now).month;
    let month = month.unwrap();
    assert_eq!(month.first.to_string(), "2026-12-01");
    assert!(near(month.hours, 744.0) && near(month.passed, 0.5));
    assert!(month.now() >= 0.0 && month.now() < 1.0, "{}", month.now());
}

#[tokio::test]
async fn prices_are_called_old_after_180_days() {
    let (environment, seen, _) = observed().await;
    let as_of = Book::embedded().as_of().unwrap();
    let notes = |days: i64| {
        let now = as_of.to_zoned(TimeZone::UTC).unwrap().timestamp()
            + jiff::SignedDuration::from_hours(24 * days);
        Costs::of(&environment, &seen, Book::embedded(), now).notes
    };
    let old = |notes: Vec<String>| notes.iter().any(|note| note.contains("days old"));
    let used = Costs::of(
        &environment,
        &seen,
        Book::embedded(),
        at("2026-12-01T00:00:00Z"),
    );
    let oldest = used.now.prices_as_of.unwrap();
    let younger = i64::from((as_of - oldest).get_days());
    assert!(!old(notes(OLD_PRICES - younger)));
    assert!(old(notes(OLD_PRICES - younger + 1)));
}

#[tokio::test]
async fn what_has_not_changed_is_not_priced_again() {
    let (environment, seen, now) = observed().await;
    let book = Book::embedded();
    let mut before = Costs::of(&environment, &seen, book, now);
    // A mark that pricing would wipe out.
    before.now.per_month = 1.0;
    before.waste.clear();
    let again = Costs::again(Some(&before), &environment, &seen, book, now);
    assert!(near(again.now.per_month, 1.0) && again.waste.is_empty());
    let minute = now + jiff::SignedDuration::from_mins(1);
    let again = Costs::again(Some(&before), &environment, &seen, book, minute);
    assert!(
        near(again.now.per_month, 1.0) && !again.waste.is_empty(),
        "the month goes on, prices do not"
    );
    before.inventory.tasks[0].count += 1.0;
    let again = Costs::again(Some(&before), &environment, &seen, book, now);
    assert!(again.now.per_month > 1.0);
}

#[tokio::test]
async fn a_projection_above_the_budget_is_a_finding_and_no_matter_of_health() {
    let (mut environment, seen, now) = observed().await;
    let found = |environment: &Environment| {
        let costs = Costs::of(environment, &seen, Book::embedded(), now);
        let assessment =
            triage::assess(environment, &seen, now).with_costs(environment, Some(&costs));
        let finding = assessment
            .findings
            .iter()
            .find(|f| f.rule == "cost-over-budget");
        (finding.cloned(), assessment.health)
    };
    environment.cost.budget = Some(10_000);
    let (none, health) = found(&environment);
    assert_eq!(none, None);
    environment.cost.budget = Some(100);
    let (finding, same) = found(&environment);
    let finding = finding.unwrap();
    assert_eq!((finding.tier, finding.place()), (None, "Cost"));
    assert!(!finding.evidence.is_empty());
    assert_eq!(same, health);
}

#[tokio::test]
async fn what_the_ledger_lacks_is_named_beside_the_sum() {
    let (environment, mut seen, _) = observed().await;
    let ledger = Arc::make_mut(seen.ledger.value.as_mut().unwrap());
    ledger.addresses.clear();
    ledger.gaps = vec![
        "IAM refuses ec2:DescribeAddresses on the region".to_owned(),
        "IAM refuses logs:DescribeLogGroups on /vpc/hydren/flow-logs".to_owned(),
    ];
    ledger
        .log_groups
        .retain(|group| !group.name.contains("flow"));
    let taken = crate::cost::inventory(&environment, &seen, &Look::Now);
    let reason = |item: &str| {
        let lack = taken.unknown.iter().find(|lack| lack.item == item);
        lack.map(|lack| lack.reason.as_str())
    };
    assert_eq!(
        reason("unused public IPv4"),
        Some("addresses could not be read: IAM refuses ec2:DescribeAddresses on the region")
    );
    assert_eq!(
        reason("/vpc/hydren/flow-logs · storage"),
        Some(
            "what is stored could not be read: IAM refuses logs:DescribeLogGroups on /vpc/hydren/flow-logs"
        )
    );
}
