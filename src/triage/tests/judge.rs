//! What is said of single resources, and that it is what the rules say.

use super::super::{
    Judge,
    fixture::{Fixture, ago, certificate, group, rollout, stopped, subnet, task},
};
use crate::{
    model::{
        Health,
        balancer::{TargetGroup, TargetState},
        compute::Service,
        network::SubnetReach,
        state::{DatabaseStatus, GatewayState, ServiceStatus},
    },
    observe::Observations,
};

fn judged<T>(fixture: &Fixture, ask: impl FnOnce(&Judge<'_>) -> T) -> T {
    let (seen, now) = (fixture.seen(), ago(0).expect("a time"));
    ask(&Judge::new(&fixture.environment, &seen, now))
}

/// What is said of a service, and the worst that any rule says of it.
fn both(change: impl FnOnce(&mut Service)) -> (Health, Health) {
    let mut fixture = Fixture::healthy();
    change(fixture.backend());
    let judged = judged(&fixture, |judge| {
        judge.service(&fixture.compute.services[0])
    });
    let found = fixture.assess().findings;
    let worst = found.iter().map(|f| f.severity).max();
    (judged, worst.unwrap_or(Health::Ok))
}

#[test]
fn a_service_is_marked_as_its_findings_are() {
    assert_eq!(both(|_| ()), (Health::Ok, Health::Ok));
    let missing = both(|s| {
        s.status = ServiceStatus::Missing;
        s.desired = 0;
        s.running = 0;
    });
    assert_eq!(missing, (Health::Critical, Health::Critical));
    let draining = both(|s| s.status = ServiceStatus::Draining);
    assert_eq!(draining, (Health::Warning, Health::Warning));
    assert_eq!(both(|s| s.running = 3), (Health::Warning, Health::Warning));
    assert_eq!(
        both(|s| s.running = 1),
        (Health::Critical, Health::Critical)
    );
    let young = both(|s| {
        s.running = 3;
        s.deployments[0].created_at = ago(60);
    });
    assert_eq!(young, (Health::Ok, Health::Ok), "its rollout explains it");
}

#[test]
fn a_task_that_was_told_to_stop_did_not_fail_whatever_its_exit_code() {
    let fixture = Fixture::healthy();
    let scaled_in = "Scaling activity initiated by deployment ecs-svc/1";
    let scaled_in = stopped(60, "ServiceSchedulerInitiated", scaled_in, Some(143));
    let ended = "Essential container in task exited";
    let crashed = stopped(60, "EssentialContainerExited", ended, Some(1));
    judged(&fixture, |judge| {
        assert_eq!(judge.task(&scaled_in), Health::Unknown);
        assert_eq!(judge.task(&crashed), Health::Warning);
        assert_eq!(judge.task(&task("backend", "RUNNING")), Health::Ok);
        assert_eq!(judge.task(&task("backend", "PENDING")), Health::Unknown);
    });
}

#[test]
fn a_group_is_judged_by_its_targets_and_only_where_requests_go() {
    let mut fixture = Fixture::healthy();
    let said = |fixture: &Fixture, group: &TargetGroup| {
        judged(fixture, |judge| {
            judge.target_group(&fixture.balancer, group)
        })
    };
    let first = |fixture: &Fixture| said(fixture, &fixture.balancer.target_groups[0]);
    assert_eq!(first(&fixture), Health::Ok);
    fixture.balancer.target_groups[0].targets[0].state = TargetState::Unhealthy;
    assert_eq!(first(&fixture), Health::Warning);
    fixture.balancer.target_groups[0].targets.clear();
    assert_eq!(first(&fixture), Health::Critical);
    fixture.balancer.target_groups[0].targets_error = Some("denied".into());
    assert_eq!(first(&fixture), Health::Unknown, "it was not read");
    let waiting = said(&fixture, &group("green", 0));
    assert_eq!(waiting, Health::Unknown, "no listener sends it anything");
}

#[test]
fn a_certificate_is_marked_when_its_rule_speaks() {
    let fixture = Fixture::healthy();
    judged(&fixture, |judge| {
        for (days, health) in [
            (200, Health::Ok),
            (31, Health::Ok),
            (30, Health::Warning),
            (8, Health::Warning),
            (7, Health::Critical),
            (-1, Health::Critical),
        ] {
            assert_eq!(judge.certificate(&certificate(days)), health, "{days} days");
        }
        let mut revoked = certificate(200);
        revoked.status = "REVOKED".into();
        assert_eq!(judge.certificate(&revoked), Health::Critical);
    });
}

#[test]
fn a_database_that_works_while_something_goes_on_is_well() {
    let mut fixture = Fixture::healthy();
    for status in [DatabaseStatus::BackingUp, DatabaseStatus::Modifying] {
        fixture.database.status = status;
        let said = judged(&fixture, |judge| judge.database(&fixture.database));
        assert_eq!((said, fixture.severity("rds-status")), (Health::Ok, None));
    }
}

#[test]
fn outcomes_of_rollouts_differ_and_those_that_go_on_have_none() {
    let fixture = Fixture::healthy();
    judged(&fixture, |judge| {
        let said = |status| judge.rollout(&rollout("backend", status, 600));
        assert_eq!(said("SUCCESSFUL"), Health::Ok);
        assert_eq!(said("ROLLBACK_SUCCESSFUL"), Health::Warning);
        assert_eq!(said("ROLLBACK_FAILED"), Health::Critical);
        assert_eq!(said("IN_PROGRESS"), Health::Unknown);
    });
}

#[test]
fn a_subnet_without_addresses_matters_where_they_are_needed() {
    let mut fixture = Fixture::healthy();
    let (needed, other) = (subnet("subnet-1", 3), subnet("subnet-of-others", 3));
    fixture.network.subnets = vec![needed.clone(), other.clone()];
    judged(&fixture, |judge| {
        assert_eq!(judge.addresses(&needed), Health::Warning);
        assert_eq!(judge.addresses(&other), Health::Ok);
        assert_eq!(judge.reach(SubnetReach::Blackhole), Health::Critical);
    });
}

#[test]
fn an_endpoint_that_was_rejected_is_found_and_marked_alike() {
    let mut fixture = Fixture::healthy();
    fixture.network.endpoints = vec![crate::model::network::VpcEndpoint {
        id: "vpce-1".into(),
        service: "com.amazonaws.eu-west-1.ecr.api".into(),
        kind: "Interface".into(),
        zones: 2,
        state: GatewayState::Rejected,
    }];
    let marked = judged(&fixture, |judge| judge.gateway(&GatewayState::Rejected));
    assert_eq!(fixture.severity("net-endpoint-state"), Some(marked));
    fixture.network.endpoints[0].state = GatewayState::Available;
    assert_eq!(fixture.severity("net-endpoint-state"), None);
}

#[test]
fn nothing_is_judged_by_what_was_not_observed() {
    let (fixture, seen) = (Fixture::healthy(), Observations::default());
    let judge = Judge::new(&fixture.environment, &seen, ago(0).expect("a time"));
    let mut check = fixture.dns.health_checks[0].clone();
    check.state = crate::model::edge::Health3::Unknown;
    assert_eq!(judge.health_check(&check), Health::Unknown);
}
