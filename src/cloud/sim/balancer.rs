//! The application load balancer: where its listeners forward to, what it answered itself, and the tier's snapshot.

use super::{
    compute::{
        Load,
        scheduler::Service,
        task::{CHECK_INTERVAL, DEREGISTRATION_DELAY, HEALTHY_AFTER},
    },
    edge::certificate,
    names,
    world::World,
};
use crate::model::{
    balancer::{Balancer as BalancerModel, Listener, ListenerRule, TargetGroup, TargetHealthCheck},
    state::BalancerState,
};

/// Load-balancer capacity units a step used: the greatest of new connections (25 a second a unit) and rule evaluations (1,000 a
/// second); CloudFront keeps its connections, so that one serves about eight requests.
pub fn capacity_units(requests: f64, seconds: f64) -> f64 {
    let rate = requests / seconds;
    (rate / 8.0 / 25.0).max(rate / 1_000.0)
}

/// Requests that the balancer answered with a 5xx of its own.
pub fn own_errors(loads: [&Load; 2]) -> f64 {
    loads
        .into_iter()
        .map(|load| load.rejected + load.timed_out)
        .sum()
}

/// Reads the tier.
pub fn snapshot(world: &World) -> BalancerModel {
    let rule = |priority: &str, conditions: &[&str], action: &str, to: Option<&str>| ListenerRule {
        priority: priority.to_owned(),
        conditions: conditions.iter().map(|&c| c.to_owned()).collect(),
        actions: vec![action.to_owned()],
        forwards_to: to.map(|arn| (arn.to_owned(), 1)).into_iter().collect(),
    };
    BalancerModel {
        name: names::BALANCER.to_owned(),
        arn: names::BALANCER_ARN.to_owned(),
        dns_name: names::BALANCER_DOMAIN.to_owned(),
        scheme: "internet-facing".to_owned(),
        state: BalancerState::Active,
        vpc_id: names::VPC.to_owned(),
        zones: names::ZONES.map(str::to_owned).into(),
        security_groups: vec![names::SG_BALANCER.to_owned()],
        idle_timeout: Some(60),
        deletion_protection: true,
        listeners: vec![
            Listener {
                arn: names::LISTENER_HTTP.to_owned(),
                protocol: "HTTP".to_owned(),
                port: 80,
                ssl_policy: None,
                certificates: Vec::new(),
                rules: vec![rule("default", &[], "redirect HTTPS:443", None)],
            },
            Listener {
                arn: names::LISTENER_HTTPS.to_owned(),
                protocol: "HTTPS".to_owned(),
                port: 443,
                ssl_policy: Some("ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned()),
                certificates: vec![certificate(
                    names::BALANCER_CERTIFICATE,
                    "origin.hydren.example",
                    138,
                )],
                rules: vec![
                    rule(
                        "10",
                        &["path /api/*"],
                        "forward backend",
                        Some(names::BACKEND_GROUP_ARN),
                    ),
                    rule(
                        "default",
                        &[],
                        "forward frontend",
                        Some(names::FRONTEND_GROUP_ARN),
                    ),
                ],
            },
        ],
        target_groups: vec![
            target_group(&world.compute.backend, names::HEALTH_PATH, world.at),
            target_group(&world.compute.frontend, "/healthz", world.at),
        ],
        gaps: Vec::new(),
    }
}

fn target_group(service: &Service, path: &str, now: i64) -> TargetGroup {
    let port = service.spec.port;
    TargetGroup {
        name: service.spec.name.to_owned(),
        arn: service.spec.target_group.to_owned(),
        protocol: "HTTP".to_owned(),
        port,
        target_type: "ip".to_owned(),
        health_check: TargetHealthCheck {
            protocol: "HTTP".to_owned(),
            path: path.to_owned(),
            port: "traffic-port".to_owned(),
            interval: CHECK_INTERVAL as i32,
            timeout: 5,
            healthy_threshold: HEALTHY_AFTER as i32,
            unhealthy_threshold: 3,
            matcher: "200".to_owned(),
        },
        deregistration_delay: Some(DEREGISTRATION_DELAY as u32),
        targets: service
            .tasks
            .iter()
            .filter_map(|task| task.target(port, now))
            .collect(),
        targets_error: None,
    }
}
