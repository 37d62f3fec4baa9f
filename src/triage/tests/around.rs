//! Images, alarms and the network.

use super::super::fixture::{Fixture, alarm, subnet};
use crate::model::{
    Health, Tier,
    alarm::AlarmState,
    metric::Metric,
    network::{FlowLog, SubnetReach},
};

#[test]
fn a_critical_vulnerability_counts_where_it_runs() {
    let mut fixture = Fixture::healthy();
    let image = &mut fixture.images.repositories[0].images[0];
    image.scan.as_mut().expect("a scan").critical = 2;
    let found = fixture.findings("image-critical-findings");
    assert_eq!(
        found[0].title,
        "backend:41 runs with 2 critical vulnerability findings"
    );
    assert_eq!(found[0].evidence[0], "runs in backend, frontend");
    let image = &mut fixture.images.repositories[0].images[0];
    image.digest = "sha256:bb".into();
    image.tags = vec!["40".into()];
    assert_eq!(fixture.severity("image-critical-findings"), None);
    let figure = fixture.figure(Tier::Images, "running_critical");
    assert_eq!(
        figure.and_then(|f| f.missing).as_deref(),
        Some("not scanned")
    );
}

#[test]
fn an_image_without_a_digest_is_known_by_its_tag() {
    let mut fixture = Fixture::healthy();
    for task in &mut fixture.backend().tasks {
        task.containers[0].digest = None;
    }
    let image = &mut fixture.images.repositories[0].images[0];
    image.digest = "sha256:index".into();
    image.scan.as_mut().expect("a scan").critical = 1;
    let found = fixture.findings("image-critical-findings");
    assert_eq!(found[0].evidence[0], "runs in backend");
}

#[test]
fn a_firing_alarm_is_a_finding_unless_it_only_steers_autoscaling() {
    let mut fixture = Fixture::healthy();
    let mut steering = alarm(
        "TargetTracking-service/app/backend-AlarmHigh-1",
        AlarmState::Alarm,
    );
    steering.owned_by_autoscaling = true;
    fixture.alarms.alarms.push(steering);
    assert_eq!(fixture.severity("alarm-firing"), None);
    fixture.alarms.alarms[0].state = AlarmState::Alarm;
    fixture.alarms.alarms[0].actions_enabled = false;
    let found = fixture.findings("alarm-firing");
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].evidence.last().map(String::as_str),
        Some("it notifies nobody")
    );
    assert_eq!(
        fixture.verdict(Tier::Alarms),
        (Health::Warning, "1 in ALARM".to_owned())
    );
}

#[test]
fn alarms_without_data_are_not_fine() {
    let mut fixture = Fixture::healthy();
    for alarm in &mut fixture.alarms.alarms {
        alarm.state = AlarmState::InsufficientData;
    }
    assert_eq!(
        fixture.verdict(Tier::Alarms),
        (Health::Unknown, "2 without data".to_owned())
    );
}

#[test]
fn a_used_subnet_without_free_addresses_is_a_warning() {
    let mut fixture = Fixture::healthy();
    fixture.network.subnets[0].free_addresses = 24;
    assert_eq!(fixture.severity("net-few-addresses"), Some(Health::Warning));
    fixture.network.subnets[0].free_addresses = 26;
    assert_eq!(fixture.severity("net-few-addresses"), None);
    fixture.network.subnets.push(subnet("subnet-of-others", 0));
    assert_eq!(fixture.severity("net-few-addresses"), None);
    fixture.network.subnets[1].reach = SubnetReach::Public;
    assert_eq!(fixture.severity("net-few-addresses"), Some(Health::Warning));
}

#[test]
fn a_default_route_into_nothing_is_critical() {
    let mut fixture = Fixture::healthy();
    fixture.network.route_tables[0].routes[0].state = "blackhole".into();
    assert_eq!(
        fixture.severity("net-blackhole-route"),
        Some(Health::Critical)
    );
    fixture.network.route_tables[0].routes[0].destination = "10.9.0.0/16".into();
    assert_eq!(
        fixture.severity("net-blackhole-route"),
        Some(Health::Warning)
    );
}

#[test]
fn a_nat_gateway_that_is_not_available_is_told() {
    let mut fixture = Fixture::healthy();
    fixture.network.nat_gateways[0].state = "failed".into();
    fixture.network.nat_gateways[0].failure = Some("Gateway.NotAttached".into());
    let found = fixture.findings("net-nat-state");
    assert_eq!(found[0].severity, Health::Critical);
    assert_eq!(found[0].evidence, ["Gateway.NotAttached"]);
}

#[test]
fn nat_ports_count_when_they_stay_exhausted() {
    let mut fixture = Fixture::healthy();
    fixture.metric_of(Metric::NatErrorPortAllocation, "nat-1", &[3.0; 5]);
    assert_eq!(fixture.severity("net-nat-ports"), Some(Health::Warning));
    fixture.metric_of(Metric::NatErrorPortAllocation, "nat-1", &[0.0]);
    assert_eq!(fixture.severity("net-nat-ports"), None);
}

#[test]
fn a_flow_log_that_does_not_arrive_is_a_warning() {
    let mut fixture = Fixture::healthy();
    fixture.network.flow_logs = vec![FlowLog {
        id: "fl-1".into(),
        resource: "vpc-1".into(),
        traffic: "ALL".into(),
        status: "ACTIVE".into(),
        delivery: Some("SUCCESS".into()),
        delivery_error: None,
        destination: "/vpc/flow".into(),
        destination_type: "cloud-watch-logs".into(),
        format: String::new(),
        aggregation: 60,
        created_at: None,
    }];
    assert_eq!(
        fixture.verdict(Tier::Network),
        (Health::Ok, "1 subnet, 1 NAT".to_owned())
    );
    fixture.network.flow_logs[0].delivery = Some("FAILED".into());
    fixture.network.flow_logs[0].delivery_error = Some("Access error".into());
    let found = fixture.findings("net-flow-log-delivery");
    assert_eq!(found[0].evidence, ["Access error"]);
}
