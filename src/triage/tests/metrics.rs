//! What is said when metrics are not read, not whole, or of another time.

use super::super::{
    assess,
    fixture::{Fixture, NOW, ago},
};
use crate::{
    error::{Error, ErrorKind},
    model::{
        Health, Tier,
        metric::{Metric, Window},
    },
    observe::{Observations, Observed, Unread},
};
use jiff::Timestamp;

/// State and text of each of the path's tiers, and of the environment.
fn said(fixture: &Fixture, seen: &Observations, now: i64) -> (Health, Vec<(Health, String)>) {
    let now = Timestamp::from_second(now).expect("a time");
    let assessment = assess(&fixture.environment, seen, now);
    let verdicts = assessment.tiers.into_iter().take(6);
    let said = verdicts.map(|t| (t.verdict.health, t.verdict.text));
    (assessment.health, said.collect())
}

/// What was seen of `fixture` when metrics failed with `kind` from the start.
fn unread(fixture: &Fixture, kind: ErrorKind) -> Observations {
    let mut seen = fixture.seen();
    seen.metrics = Observed::default();
    let now = ago(0).expect("a time");
    seen.metrics.settle(Err(Error::new(kind, "no")), now);
    seen
}

#[test]
fn without_metrics_no_tier_is_well_that_is_judged_by_them() {
    let fixture = Fixture::healthy();
    let seen = unread(&fixture, ErrorKind::Throttled);
    let (health, tiers) = said(&fixture, &seen, NOW);
    assert_eq!(health, Health::Unknown);
    let unknown = (Health::Unknown, "metrics throttled".to_owned());
    assert_eq!(tiers[0], (Health::Ok, "1 record".to_owned()));
    assert_eq!(tiers[1..], vec![unknown; 5]);
}

#[test]
fn what_a_tier_says_of_itself_outweighs_that_its_metrics_are_unread() {
    let mut fixture = Fixture::healthy();
    fixture.database.status = "storage-full".into();
    fixture.backend().running = 3;
    let seen = unread(&fixture, ErrorKind::Unreachable);
    let (health, tiers) = said(&fixture, &seen, NOW);
    assert_eq!(health, Health::Critical);
    assert_eq!(tiers[4], (Health::Warning, "3/4 running".to_owned()));
    assert_eq!(tiers[5], (Health::Critical, "storage-full".to_owned()));
}

#[test]
fn errors_of_a_while_ago_are_not_told_as_of_now() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::AlbElb5xx, &[90.0; 5]);
    let mut seen = fixture.seen();
    assert_eq!(said(&fixture, &seen, NOW + 300).0, Health::Critical);
    for failure in [None, Some(Error::new(ErrorKind::Expired, "no"))] {
        seen.metrics.error = failure;
        let (health, tiers) = said(&fixture, &seen, NOW + 1_200);
        assert_eq!(health, Health::Unknown);
        assert_eq!(tiers[3], (Health::Unknown, "metrics 20m old".to_owned()));
        let told = seen.metrics_error(Timestamp::from_second(NOW + 1_200).expect("a time"));
        assert!(told.is_some(), "nothing is silently stale");
    }
}

#[test]
fn an_idle_console_is_current_between_two_reads() {
    let fixture = Fixture::healthy();
    let idle = crate::poll::Pace::Idle.stretch(crate::poll::METRICS);
    assert_eq!(
        said(&fixture, &fixture.seen(), NOW + idle + 90).0,
        Health::Ok
    );
}

#[test]
fn figures_of_old_metrics_have_no_value_and_say_their_age() {
    let fixture = Fixture::healthy();
    let mut seen = fixture.seen();
    let mut old = fixture.metrics.clone();
    old.window = Window::last(ago(720).expect("a time"), 3_600);
    seen.metrics.value = Some(old.into());
    let assessment = assess(&fixture.environment, &seen, ago(0).expect("a time"));
    let figure = &assessment.tiers[Tier::Alb.index()].figures[0];
    assert_eq!(
        (figure.value, figure.missing.as_deref()),
        (None, Some("12m old"))
    );
}

#[test]
fn a_region_that_was_left_out_leaves_only_its_tiers_unknown() {
    let mut fixture = Fixture::healthy();
    let edge = [Tier::CloudFront, Tier::Waf];
    let lost = |id: &crate::model::metric::MetricId| edge.contains(&id.metric.spec().tier);
    fixture.metrics.series.retain(|id, _| !lost(id));
    assert_eq!(
        fixture.verdict(Tier::CloudFront).0,
        Health::Ok,
        "what AWS does not have is not missed"
    );
    fixture.metrics.messages = vec!["us-east-1: Rate exceeded".into()];
    assert_eq!(
        fixture.verdict(Tier::CloudFront),
        (Health::Unknown, "metrics incomplete".to_owned())
    );
    assert_eq!(fixture.verdict(Tier::Rds).0, Health::Ok);
    let report = &fixture.assess().tiers[Tier::Waf.index()];
    assert_eq!(report.unread, Some(Unread::Incomplete));
    let told = fixture.seen().metrics_error(ago(0).expect("a time"));
    assert!(
        told.is_some_and(|e| e.message.contains("us-east-1: Rate exceeded")),
        "what CloudWatch said reaches the user"
    );
}
