//! Single things broken, and what is then seen of them.

use super::World;
use crate::{
    app::{Pane, Screen},
    model::{
        Health, Snapshot, Tier,
        alarm::AlarmState,
        balancer::TargetState,
        compute::{CircuitBreaker, Rollout, Task},
        database::PendingMaintenance,
        edge::RecordTarget,
        image::ScanFindings,
        network::{SecurityRule, SubnetReach},
    },
};
use jiff::SignedDuration;
use std::sync::Arc;

/// Changes what was read of a tier: `broken!(world, Compute, Ecs, |compute| ...)`.
macro_rules! broken {
    ($world:expr, $variant:ident, $tier:ident, |$value:ident| $change:expr) => {
        match $world.snapshot(Tier::$tier) {
            Snapshot::$variant(snapshot) => {
                let $value = Arc::make_mut(snapshot);
                $change;
            }
            _ => panic!("another tier's snapshot"),
        }
    };
}

#[tokio::test]
async fn an_unhealthy_target_among_healthy_ones_is_a_warning_with_its_reason() {
    let mut world = World::ordinary().await;
    broken!(world, Balancer, Alb, |balancer| {
        let target = &mut balancer.target_groups[0].targets[0];
        target.state = TargetState::Unhealthy;
        target.reason = Some("Target.ResponseCodeMismatch".into());
        target.description = Some("Health checks failed with these codes: [503]".into());
    });
    assert_eq!(
        world.cell(Pane::TargetGroups, "backend", "healthy"),
        "▲ 2/3"
    );
    assert_eq!(world.cell(Pane::Targets, "503", "state"), "▲ unhealthy");
    assert_eq!(
        world.cell(Pane::Targets, "503", "reason"),
        "Target.ResponseCodeMismatch"
    );
}

#[tokio::test]
async fn a_record_that_leads_past_the_edge_is_pointed_out() {
    let mut world = World::ordinary().await;
    broken!(world, Dns, Route53, |dns| {
        dns.records[0].leads_to = RecordTarget::Balancer;
    });
    assert_eq!(
        world.cell(Pane::Records, "past", "leads to"),
        "○ past the edge"
    );
}

#[tokio::test]
async fn a_route_to_something_gone_is_red_and_so_are_the_subnets_behind_it() {
    let mut world = World::ordinary().await;
    broken!(world, Network, Network, |network| {
        let mut routes = network.route_tables.iter_mut().flat_map(|t| &mut t.routes);
        let nat = routes.find(|r| r.target.starts_with("nat-"));
        nat.expect("a route to the NAT gateway").state = "blackhole".into();
        network.subnets[1].reach = SubnetReach::Blackhole;
        network.subnets[1].free_addresses = 2;
    });
    assert_eq!(world.cell(Pane::Routes, "nat-", "state"), "■ blackhole");
    assert_eq!(
        world.cell(Pane::Subnets, "hydren-private-a", "reaches"),
        "■ nothing"
    );
}

#[tokio::test]
async fn a_flow_log_that_is_not_delivered_says_why_in_place_of_its_destination() {
    let mut world = World::ordinary().await;
    broken!(world, Network, Network, |network| {
        network.flow_logs[0].delivery = Some("FAILED".into());
        network.flow_logs[0].delivery_error = Some("Access error".into());
    });
    assert_eq!(world.cell(Pane::FlowLogs, "all", "delivery"), "▲ failed");
    assert_eq!(
        world.cell(Pane::FlowLogs, "all", "destination"),
        "Access error"
    );
}

#[tokio::test]
async fn without_a_flow_log_the_screen_says_what_that_means() {
    let mut world = World::ordinary().await;
    broken!(world, Network, Network, |network| network.flow_logs.clear());
    assert_eq!(
        world.field(Screen::Network, "flow logs").as_deref(),
        Some("○ no flow log: rejected packets leave no trace")
    );
}

#[tokio::test]
async fn a_group_that_lets_the_world_in_stands_out() {
    use crate::{grid::Value, theme::Role};
    let mut world = World::ordinary().await;
    broken!(world, Network, Network, |network| {
        network.security_groups[0].inbound.push(SecurityRule {
            protocol: "tcp".into(),
            ports: "22".into(),
            peer: "0.0.0.0/0".into(),
            description: None,
        });
    });
    let rows = world.rows(Pane::SecurityRules);
    let marked: Vec<&str> = rows
        .iter()
        .filter(|row| row.cells.iter().any(|c| c.role == Role::Warning))
        .filter_map(|row| match &row.cells[4].value {
            Value::Text(ports) => Some(ports.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(marked, ["22"], "only the open port");
}

#[tokio::test]
async fn a_service_that_runs_an_older_image_says_how_far_it_is_behind() {
    let mut world = World::ordinary().await;
    broken!(world, Images, Images, |images| {
        let repository = &mut images.repositories[0];
        let mut newer = repository.images[0].clone();
        newer.tags = vec!["1.22.0".into()];
        newer.digest = format!("sha256:{:064}", 1);
        repository.images.insert(0, newer);
    });
    assert_eq!(
        world.cell(Pane::Running, "hydren/backend", "state"),
        "3 behind"
    );
}

#[tokio::test]
async fn tasks_of_one_service_on_two_images_are_pointed_out() {
    let mut world = World::ordinary().await;
    broken!(world, Compute, Ecs, |compute| {
        let backend = compute.services.iter_mut().find(|s| s.name == "backend");
        let task = &mut backend.expect("the backend").tasks[0];
        task.containers[0].digest = Some("sha256:0".into());
    });
    assert_eq!(
        world.cell(Pane::Running, "hydren/backend", "state"),
        "mixed digests"
    );
}

#[tokio::test]
async fn severe_findings_of_a_scan_are_counted() {
    let mut world = World::ordinary().await;
    broken!(world, Images, Images, |images| {
        images.repositories[0].images[0].scan = Some(ScanFindings {
            critical: 1,
            high: 3,
            ..ScanFindings::default()
        });
    });
    assert_eq!(
        world.cell(Pane::ImageList, "1.21.1", "findings"),
        "1 critical 3 high"
    );
}

#[tokio::test]
async fn maintenance_that_waits_is_named_with_its_date() {
    let mut world = World::ordinary().await;
    let at = world.now + SignedDuration::from_hours(48);
    broken!(world, Database, Rds, |database| {
        database.pending_maintenance.push(PendingMaintenance {
            action: "system-update".into(),
            description: "New Operating System update is available".into(),
            apply_at: Some(at),
        });
    });
    assert_eq!(
        world.field(Screen::Database, "pending").as_deref(),
        Some("New Operating System update is available · 2026-11-20 14:00:00")
    );
}

#[tokio::test]
async fn a_full_database_is_critical() {
    let mut world = World::ordinary().await;
    broken!(world, Database, Rds, |database| database.status =
        "storage-full".into());
    assert_eq!(
        world.field(Screen::Database, "database").as_deref(),
        Some("■ storage full · hydren-db")
    );
}

#[tokio::test]
async fn an_alarm_is_an_incident_unless_it_steers_autoscaling() {
    let mut world = World::ordinary().await;
    broken!(world, Alarms, Alarms, |known| {
        for alarm in &mut known.alarms {
            let fires = alarm.owned_by_autoscaling || alarm.name == "hydren-alb-5xx";
            if fires {
                alarm.state = AlarmState::Alarm;
            }
        }
        let cpu = known.alarms.iter_mut().find(|a| a.name == "hydren-db-cpu");
        cpu.expect("the database's CPU alarm").actions_enabled = false;
    });
    assert_eq!(world.cell(Pane::Alarms, "alb-5xx", "state"), "▲ alarm");
    assert_eq!(world.cell(Pane::Alarms, "scales out", "state"), "○ scaling");
    assert_eq!(world.cell(Pane::Alarms, "hydren-db-cpu", "actions"), "off");
    assert_eq!(
        world.field(Screen::Alarms, "alarms").as_deref(),
        Some("▲ 1 firing · 9 ok · 0 without data")
    );
}

#[tokio::test]
async fn a_deployment_that_was_rolled_back_says_why_and_after_how_many_failures() {
    let mut world = World::ordinary().await;
    broken!(world, Compute, Ecs, |compute| {
        let backend = compute.services.iter_mut().find(|s| s.name == "backend");
        let backend = backend.expect("the backend");
        let failed = Rollout {
            arn: "arn:failed".into(),
            status: "ROLLBACK_SUCCESSFUL".into(),
            target: Some("backend:43".into()),
            circuit_breaker: Some(CircuitBreaker {
                status: "TRIGGERED".into(),
                failures: 3,
                threshold: 3,
            }),
            rollback_reason: Some("tasks failed to start".into()),
            ..backend.rollouts[0].clone()
        };
        backend.rollouts.insert(0, failed);
    });
    let row = world.row(Pane::Rollouts, "backend:43");
    let cell = |column| {
        let found = row.iter().find(|(title, _)| *title == column);
        found.map(|(_, text)| text.as_str())
    };
    assert_eq!(cell("outcome"), Some("rollback successful"));
    assert_eq!(cell("failed"), Some("3/3"));
    assert_eq!(cell("reason"), Some("tasks failed to start"));
}

#[tokio::test]
async fn a_task_that_ran_out_of_memory_shows_its_exit_code_and_the_container_s_reason() {
    let mut world = World::ordinary().await;
    let at = world.now - SignedDuration::from_mins(5);
    broken!(world, Compute, Ecs, |compute| {
        let backend = compute.services.iter_mut().find(|s| s.name == "backend");
        let backend = backend.expect("the backend");
        let mut task: Task = backend.tasks[0].clone();
        task.id = "feedc0de00".into();
        task.last_status = "STOPPED".into();
        task.stopped_at = Some(at);
        task.stopped_reason = Some("Essential container in task exited".into());
        task.containers[0].exit_code = Some(137);
        task.containers[0].reason = Some("OutOfMemoryError: Container killed".into());
        backend.stopped.insert(0, task);
    });
    let row = world.row(Pane::Tasks, "feedc0de");
    let cell = |column| {
        let found = row.iter().find(|(title, _)| *title == column);
        found.map(|(_, text)| text.as_str())
    };
    assert_eq!(cell("state"), Some("▲ stopped"));
    assert_eq!(cell("age"), Some("5m"));
    assert_eq!(cell("exit"), Some("137"));
    assert_eq!(cell("reason"), Some("OutOfMemoryError: Container killed"));
}

#[tokio::test]
async fn a_certificate_that_ended_is_critical_and_says_since_when() {
    let mut world = World::ordinary().await;
    let ended = world.now - SignedDuration::from_hours(36);
    broken!(world, Cdn, CloudFront, |cdn| {
        cdn.certificate.as_mut().expect("a certificate").not_after = Some(ended);
    });
    assert_eq!(
        world.field(Screen::Edge, "certificate").as_deref(),
        Some("■ app.hydren.example · expired 2 days ago")
    );
}

#[tokio::test]
async fn what_could_not_be_read_is_said_once_above_the_panes() {
    let mut world = World::ordinary().await;
    broken!(world, Database, Rds, |database| database
        .gaps
        .push("events: rds:DescribeEvents is denied".into()));
    assert_eq!(
        world.field(Screen::Database, "not readable").as_deref(),
        Some("events: rds:DescribeEvents is denied")
    );
}

#[tokio::test]
async fn a_hop_is_not_well_when_its_service_could_not_be_judged() {
    let mut world = World::ordinary().await;
    world.now += SignedDuration::from_mins(15);
    let hops = world.look(|scope| {
        let branches = crate::view::overview::branches(scope);
        crate::view::overview::path(scope)
            .into_iter()
            .chain(branches)
            .collect::<Vec<_>>()
    });
    let services: Vec<_> = hops
        .iter()
        .filter(|hop| hop.verdict.contains("task"))
        .collect();
    assert_eq!(services.len(), 2);
    for hop in services {
        assert_eq!(hop.health, Health::Unknown, "{}", hop.title);
        assert_eq!(hop.figures, ["metrics 15m old"], "{}", hop.title);
    }
}

#[tokio::test]
async fn a_service_in_a_young_rollout_is_starting_and_not_below() {
    let mut world = World::ordinary().await;
    let now = world.now;
    broken!(world, Compute, Ecs, |compute| {
        let backend = compute.services.iter_mut().find(|s| s.name == "backend");
        let backend = backend.expect("the backend");
        backend.running -= 1;
        backend.deployments[0].created_at = Some(now);
    });
    assert_eq!(world.cell(Pane::Services, "backend", "state"), "● starting");
    broken!(world, Compute, Ecs, |compute| {
        for service in &mut compute.services {
            service.status = "DRAINING".into();
        }
    });
    assert_eq!(world.cell(Pane::Services, "backend", "state"), "▲ draining");
}
