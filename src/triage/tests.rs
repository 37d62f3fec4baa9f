//! What holds for the whole: blanks, laws, and the size of an environment.

mod around;
mod balancer;
mod compute;
mod database;
mod edge;
mod events;
mod judge;
mod metrics;
mod queries;

use super::{
    PARTS,
    fixture::{Fixture, ago, alarm, service, stopped, task},
};
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, SimOptions, environment},
    },
    error::{Error, ErrorKind},
    model::{
        Health, Tier,
        alarm::AlarmState,
        environment::Resources,
        metric::{Metric, Metrics, Window},
    },
    observe::Observations,
};
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

impl Fixture {
    /// Makes the read of `tier` fail.
    fn fail(&mut self, tier: Tier, kind: ErrorKind) {
        let error = Error::new(kind, "it failed");
        self.blank.insert(tier, Some(error));
    }
}

fn denied() -> ErrorKind {
    ErrorKind::Denied {
        action: "ecs:DescribeServices".into(),
    }
}

#[test]
fn a_healthy_environment_has_no_findings() {
    let assessment = Fixture::healthy().assess();
    assert_eq!(assessment.findings, []);
    assert_eq!(assessment.health, Health::Ok);
    let said: Vec<&str> = assessment
        .tiers
        .iter()
        .map(|t| t.verdict.text.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "1 q/min",
            "97.8 % hit",
            "0.40 % blocked",
            "p95 120 ms",
            "5/5 running",
            "cpu 31.0 %",
            "1 repository",
            "2 ok",
            "1 subnet, no flow log"
        ]
    );
}

#[test]
fn nothing_seen_is_unknown_and_says_that_it_loads() {
    let fixture = Fixture::healthy();
    let seen = Observations::default();
    let assessment = super::assess(&fixture.environment, &seen, ago(0).expect("a time"));
    assert_eq!(assessment.health, Health::Unknown);
    for report in assessment.tiers {
        assert_eq!(
            (report.verdict.health, report.verdict.text.as_str()),
            (Health::Unknown, "loading")
        );
    }
}

#[test]
fn a_tier_that_is_not_configured_does_not_drag_the_environment() {
    let mut fixture = Fixture::healthy();
    fixture.environment.resources.web_acl = None;
    fixture.fail(Tier::Waf, ErrorKind::NotFound);
    fixture.metrics.series.clear();
    assert_eq!(
        fixture.verdict(Tier::Waf),
        (Health::Unknown, "not configured".to_owned())
    );
    assert_eq!(fixture.assess().health, Health::Ok);
    let figure = fixture
        .figure(Tier::Waf, "blocked_per_minute")
        .expect("a figure");
    assert_eq!(figure.missing.as_deref(), Some("not configured"));
}

#[test]
fn a_named_resource_that_does_not_exist_is_not_found() {
    let mut fixture = Fixture::healthy();
    fixture.fail(Tier::Waf, ErrorKind::NotFound);
    assert_eq!(
        fixture.verdict(Tier::Waf),
        (Health::Unknown, "not found".to_owned())
    );
    assert_eq!(fixture.assess().health, Health::Unknown);
}

#[test]
fn a_denied_hop_of_the_path_is_never_read_as_healthy() {
    let mut fixture = Fixture::healthy();
    fixture.fail(Tier::Ecs, denied());
    assert_eq!(
        fixture.verdict(Tier::Ecs),
        (Health::Unknown, "denied".to_owned())
    );
    assert_eq!(fixture.assess().health, Health::Unknown);
}

#[test]
fn a_denied_tool_and_an_unsupported_tier_leave_the_rest_to_speak() {
    let mut fixture = Fixture::healthy();
    fixture.fail(Tier::Images, denied());
    fixture.fail(Tier::CloudFront, ErrorKind::Unsupported);
    assert_eq!(fixture.assess().health, Health::Ok);
}

#[test]
fn an_unreachable_tier_gives_figures_without_an_answer() {
    let mut fixture = Fixture::healthy();
    fixture.fail(Tier::Rds, ErrorKind::Unreachable);
    assert_eq!(fixture.verdict(Tier::Rds).1, "unreachable");
    let figure = fixture
        .figure(Tier::Rds, "max_connections")
        .expect("a figure");
    assert_eq!(
        (figure.value, figure.missing.as_deref()),
        (None, Some("no answer"))
    );
}

#[test]
fn stale_data_keeps_its_verdict() {
    let mut fixture = Fixture::healthy();
    fixture
        .stale
        .insert(Tier::Ecs, Error::new(ErrorKind::Throttled, "slow down"));
    assert_eq!(
        fixture.verdict(Tier::Ecs),
        (Health::Ok, "5/5 running".to_owned())
    );
}

#[test]
fn a_figure_without_a_value_always_says_why() {
    let mut fixture = Fixture::healthy();
    fixture.metrics.series.clear();
    for report in fixture.assess().tiers {
        for figure in report.figures {
            assert_eq!(
                figure.value.is_none(),
                figure.missing.is_some(),
                "{} of {}: {:?}",
                figure.name,
                report.tier.id(),
                figure
            );
        }
    }
}

#[test]
fn names_are_unique_and_verdicts_short() {
    let rules: Vec<&str> = PARTS.iter().flat_map(|p| p.rules).map(|r| r.name).collect();
    assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len());
    let mut broken = Fixture::healthy();
    for fault in 0..FAULTS {
        break_it(&mut broken, fault);
        for report in broken.assess().tiers {
            let text = &report.verdict.text;
            assert!(!text.is_empty() && text.chars().count() <= 24, "{text}");
            let names: BTreeSet<&str> = report.figures.iter().map(|f| f.name).collect();
            assert_eq!(names.len(), report.figures.len());
        }
    }
}

#[test]
fn parts_stand_in_the_order_of_the_tiers() {
    assert_eq!(PARTS.map(|p| p.tier), Tier::ALL);
}

const FAULTS: usize = 12;

/// Breaks one thing.
fn break_it(fixture: &mut Fixture, fault: usize) {
    match fault {
        0 => fixture.backend().running = 1,
        1 => fixture.backend().status = "INACTIVE".into(),
        2 => fixture.cdn.enabled = false,
        3 => fixture.database.status = "storage-full".into(),
        4 => fixture.database.backup_retention_days = 0,
        5 => fixture.balancer.target_groups[0].targets.clear(),
        6 => fixture.network.nat_gateways[0].state = "failed".into(),
        7 => fixture
            .alarms
            .alarms
            .push(alarm("other", AlarmState::Alarm)),
        8 => {
            fixture.metric(Metric::AlbElb5xx, &[90.0; 5]);
        }
        9 => {
            let task = stopped(
                60,
                "EssentialContainerExited",
                "Essential container in task exited",
                Some(1),
            );
            fixture.backend().stopped = vec![task; 3];
        }
        10 => fixture.dns.records.clear(),
        _ => {
            fixture.metric_of(Metric::EcsMemory, "frontend", &[97.0; 5]);
        }
    }
}

proptest! {
    #[test]
    fn an_alarm_more_never_improves_the_health(faults in proptest::collection::vec(0..FAULTS, 0..5), blank in 0_usize..18) {
        let mut fixture = Fixture::healthy();
        for &fault in &faults {
            break_it(&mut fixture, fault);
        }
        if let Some(&tier) = Tier::ALL.get(blank) {
            fixture.fail(tier, denied());
        }
        let before = fixture.assess();
        fixture.alarms.alarms.insert(0, alarm("another", AlarmState::Alarm));
        let after = fixture.assess();
        prop_assert!(after.health >= before.health);
        for (a, b) in after.tiers.iter().zip(&before.tiers) {
            prop_assert!(a.verdict.health >= b.verdict.health, "{}", a.tier.id());
        }
    }

    #[test]
    fn what_is_unknown_never_counts_as_ok(blank in proptest::collection::vec(0_usize..9, 1..9), kind in 0_usize..5) {
        let kinds = [denied(), ErrorKind::Unreachable, ErrorKind::Expired, ErrorKind::NotFound, ErrorKind::Throttled];
        let mut fixture = Fixture::healthy();
        for tier in &blank {
            fixture.fail(Tier::ALL[*tier], kinds[kind].clone());
        }
        let assessment = fixture.assess();
        for tier in &blank {
            prop_assert_eq!(assessment.tiers[*tier].verdict.health, Health::Unknown);
        }
        // The six tiers of the path come first.
        if blank.iter().any(|&tier| tier < 6) {
            prop_assert_ne!(assessment.health, Health::Ok);
        }
    }

    #[test]
    fn the_order_of_services_and_alarms_does_not_matter(faults in proptest::collection::vec(0..FAULTS, 0..6), turn in 0_usize..7) {
        let mut fixture = Fixture::healthy();
        for &fault in &faults {
            break_it(&mut fixture, fault);
        }
        fixture.compute.services.extend([service("worker", 2), service("mailer", 3)]);
        for name in ["c", "a", "b"] {
            fixture.alarms.alarms.push(alarm(name, AlarmState::Alarm));
        }
        let mut turned = fixture.clone();
        let services = turned.compute.services.len();
        turned.compute.services.rotate_left(turn % services);
        turned.alarms.alarms.reverse();
        prop_assert_eq!(fixture.assess(), turned.assess());
        prop_assert_eq!(fixture.timeline(), turned.timeline());
    }
}

/// The costliest environment the console promises to show.
fn large() -> Fixture {
    let mut fixture = Fixture::healthy();
    fixture.compute.services = (0..200)
        .map(|n| {
            let mut service = service(&format!("service-{n:03}"), 0);
            service.desired = 25;
            service.running = 24;
            service.tasks = vec![task("backend", "RUNNING"); 25];
            service.stopped = vec![
                stopped(
                    60,
                    "TaskFailedToStart",
                    "CannotPullContainerError: not found",
                    None
                );
                5
            ];
            service
        })
        .collect();
    fixture
}

#[test]
fn two_hundred_services_are_each_told_about() {
    let fixture = large();
    assert_eq!(fixture.findings("ecs-below-desired").len(), 200);
    assert_eq!(fixture.findings("ecs-tasks-failing").len(), 200);
    assert_eq!(fixture.timeline().len(), 500, "the timeline is bounded");
}

#[test]
fn an_environment_that_names_nothing_is_unknown() {
    let mut fixture = Fixture::healthy();
    fixture.environment.resources = Resources::default();
    for tier in Tier::ALL {
        fixture.fail(tier, ErrorKind::NotFound);
    }
    fixture.metrics = Metrics {
        window: fixture.metrics.window,
        series: std::collections::BTreeMap::new(),
        messages: Vec::new(),
    };
    assert_eq!(fixture.assess().health, Health::Unknown);
    assert_eq!(fixture.base(), []);
}

#[test]
fn a_region_that_did_not_answer_is_no_missing_data() {
    let mut fixture = Fixture::healthy();
    fixture.metrics.series.clear();
    fixture.metrics.messages = vec!["us-east-1: timed out".into()];
    let figure = fixture.figure(Tier::CloudFront, "requests_per_minute");
    assert_eq!(figure.and_then(|f| f.missing).as_deref(), Some("no answer"));
}

/// What the simulated environment shows `elapsed` seconds after its epoch.
async fn demo(elapsed: u64) -> super::Assessment {
    let cloud = SimCloud::new(SimOptions {
        seed: 7,
        elapsed: Some(Duration::from_secs(elapsed)),
        ..SimOptions::default()
    });
    let (environment, now) = (environment(), cloud.now());
    let mut seen = Observations::default();
    for tier in Tier::ALL {
        seen.tier_mut(tier).settle(cloud.read(tier).await, now);
    }
    let mut ids = super::base_metrics(&environment, &seen);
    for tier in Tier::ALL {
        ids.extend(super::screen_metrics(tier, &environment, &seen));
    }
    let metrics = cloud.metrics(&ids, Window::last(now, 10_800)).await;
    seen.metrics.settle(metrics.map(Arc::new), now);
    super::assess(&environment, &seen, now)
}

#[tokio::test]
async fn an_ordinary_hour_of_the_demo_raises_nothing_and_leaves_no_figure_open() {
    for elapsed in [0, 1_800] {
        let assessment = demo(elapsed).await;
        assert_eq!(assessment.findings, [], "after {elapsed} s");
        assert_eq!(assessment.health, Health::Ok);
        for report in assessment.tiers {
            assert_eq!(report.verdict.health, Health::Ok, "{}", report.tier.id());
            for figure in report.figures {
                assert_eq!(
                    figure.missing,
                    None,
                    "{} of {}",
                    figure.name,
                    report.tier.id()
                );
            }
        }
    }
}
