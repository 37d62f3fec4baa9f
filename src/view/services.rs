//! The services screen: services, and of the selected one its tasks, deployments, events, autoscaling and containers.

use super::{Chart, Field, Scope, gaps, link, role, words};
use crate::{
    cloud::call::ScalableTarget,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health,
        compute::{Compute, Rollout, Service, Task},
        metric::Metric,
        state::{ServiceStatus, TaskHealth},
    },
    theme::Role,
    triage::Judge,
};

/// The predefined metric of target tracking that the CPU chart shows (Application Auto Scaling).
const CPU_METRIC: &str = "ECSServiceAverageCPUUtilization";

fn selected<'a>(scope: &Scope<'a>) -> Option<&'a Service> {
    let compute = scope.seen.compute()?;
    scope
        .service
        .and_then(|name| compute.service(name))
        .or_else(|| compute.services.first())
}

/// The word for how a service is.
fn standing(service: &Service, health: Health) -> String {
    match (&service.status, health) {
        (ServiceStatus::Active, Health::Warning | Health::Critical) => "below".to_owned(),
        (ServiceStatus::Active, _) if service.running < service.desired => "starting".to_owned(),
        (ServiceStatus::Active, _) => "steady".to_owned(),
        (status, _) => words(status.word()),
    }
}

pub(super) fn services(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("service", Width::Fit(8, 32)),
        Column::new("state", Width::Fit(8, 13)),
        Column::new("tasks", Width::Fit(5, 7)).right(),
        Column::new("cpu", Width::Fixed(5)).right(),
        Column::new("memory", Width::Fixed(6)).right(),
        Column::new("size", Width::Fit(4, 17)).drop(3),
        Column::new("scaling", Width::Fit(7, 9)).drop(4),
        Column::new("revision", Width::Fit(8, 26)).drop(2),
        Column::new("deployment", Width::Share(12)).drop(1),
    ];
    let Some(compute) = scope.seen.compute() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let (metrics, judge) = (scope.metrics(), scope.judge());
    let rows = compute.services.iter().map(|service| {
        let percent = |metric| {
            let value = metrics
                .and_then(|m| m.of(metric, &service.name))
                .and_then(crate::model::metric::Series::latest);
            value.map_or_else(Cell::missing, |v| Cell::number(v, format!("{v:.0} %")))
        };
        let definition = service.task_definition.as_ref();
        let rollout = service.rollouts.first();
        let deployment = match rollout {
            Some(r) if r.in_progress() => Cell::text(words(r.status.word())).role(Role::Info),
            Some(r) => outcome(&judge, r),
            None => Cell::maybe(
                service
                    .deployments
                    .first()
                    .and_then(|d| d.rollout_state.as_ref())
                    .map(|state| words(state.word())),
            ),
        };
        let health = judge.service(service);
        Row {
            id: service.name.clone(),
            cells: vec![
                Cell::text(&service.name),
                Cell::health(health, standing(service, health)),
                Cell::number(
                    service.running,
                    format!("{}/{}", service.running, service.desired),
                ),
                percent(Metric::EcsCpu),
                percent(Metric::EcsMemory),
                Cell::maybe(definition.map(|d| size(d.cpu, d.memory))),
                Cell::maybe(
                    service
                        .autoscaling
                        .as_ref()
                        .map(|a| format!("{}..{}", a.min, a.max)),
                ),
                Cell::maybe(definition.map(crate::model::compute::TaskDefinition::name))
                    .role(Role::Muted),
                deployment,
            ],
            describe: describe_service(service),
            link: Some(link::service(
                &scope.environment.region,
                &compute.cluster.name,
                &service.name,
            )),
        }
    });
    Grid {
        columns: COLUMNS,
        rows: rows.collect(),
    }
}

/// A service without the lists that have panes of their own: serialising thousands of tasks would cost more than it shows.
fn describe_service(service: &Service) -> serde_json::Value {
    serde_json::json!({
        "name": service.name, "arn": service.arn, "status": service.status, "desired": service.desired,
        "running": service.running, "pending": service.pending, "launch_type": service.launch_type,
        "platform_version": service.platform_version, "created_at": service.created_at, "strategy": service.strategy,
        "task_definition": service.task_definition, "deployments": service.deployments,
        "load_balancers": service.load_balancers, "subnets": service.subnets, "security_groups": service.security_groups,
        "assign_public_ip": service.assign_public_ip, "exec_enabled": service.exec_enabled,
        "health_check_grace": service.health_check_grace, "gaps": service.gaps,
        "autoscaling": service.autoscaling.as_ref().map(|a| serde_json::json!({
            "min": a.min, "max": a.max, "scale_in_suspended": a.scale_in_suspended,
            "scale_out_suspended": a.scale_out_suspended,
            "scheduled_scaling_suspended": a.scheduled_scaling_suspended, "policies": a.policies,
        })),
    })
}

/// `0.5 vCPU 2 GB`.
fn size(cpu: u32, memory: u32) -> String {
    let trimmed = |value: f64| {
        format!("{value:.2}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    };
    format!(
        "{} vCPU {} GB",
        trimmed(f64::from(cpu) / 1024.0),
        trimmed(f64::from(memory) / 1024.0)
    )
}

fn outcome(judge: &Judge<'_>, rollout: &Rollout) -> Cell {
    let role = match judge.rollout(rollout) {
        Health::Ok => Role::Muted,
        Health::Unknown => Role::Info,
        unwell => role(unwell),
    };
    Cell::text(words(rollout.status.word())).role(role)
}

pub(super) fn tasks(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("task", Width::Fixed(8)),
        Column::new("state", Width::Fit(9, 16)),
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("revision", Width::Fit(8, 24)).drop(1),
        Column::new("zone", Width::Fit(4, 16)).drop(4),
        Column::new("address", Width::Fit(7, 15)).drop(3),
        Column::new("health", Width::Fit(6, 9)).drop(5),
        Column::new("exit", Width::Fixed(4)).right().drop(2),
        Column::new("reason", Width::Share(12)),
    ];
    let Some((compute, service)) = scope.seen.compute().zip(selected(scope)) else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |task: &Task| {
        let exit = task
            .containers
            .iter()
            .find_map(|c| c.exit_code.filter(|code| *code != 0));
        let container_reason = task.containers.iter().find_map(|c| c.reason.clone());
        Row {
            id: task.id.clone(),
            cells: vec![
                Cell::text(task.id.chars().take(8).collect::<String>()),
                Cell::health(judge.task(task), task.last_status.word().to_lowercase()),
                Cell::age(task.stopped_at.or(task.started_at).or(task.created_at)),
                Cell::text(&task.revision).role(Role::Muted),
                Cell::maybe(task.zone.clone()).role(Role::Muted),
                Cell::maybe(task.private_ip.clone()).role(Role::Muted),
                // A task whose containers define no health check stays UNKNOWN for ever (ECS, task health status).
                match &task.health {
                    TaskHealth::Unknown => Cell::missing(),
                    health => Cell::text(health.word().to_lowercase()).role(Role::Muted),
                },
                exit.map_or_else(Cell::missing, Cell::count),
                Cell::maybe(container_reason.or_else(|| task.stopped_reason.clone())),
            ],
            describe: serde_json::json!(task),
            link: Some(link::task(
                &scope.environment.region,
                &compute.cluster.name,
                &task.id,
            )),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: service
            .tasks
            .iter()
            .chain(&service.stopped)
            .map(row)
            .collect(),
    }
}

pub(super) fn rollouts(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("began", Width::Fixed(6)).right(),
        Column::new("outcome", Width::Fit(10, 22)),
        Column::new("revision", Width::Fit(8, 24)),
        Column::new("from", Width::Fit(4, 24)).drop(2),
        Column::new("strategy", Width::Fit(7, 10)).drop(3),
        Column::new("stage", Width::Fit(5, 28)).drop(4),
        Column::new("failed", Width::Fixed(7)).right().drop(1),
        Column::new("reason", Width::Share(10)),
    ];
    let Some(service) = selected(scope) else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let rollout = |rollout: &Rollout| Row {
        id: rollout.arn.clone(),
        cells: vec![
            Cell::age(rollout.started_at.or(rollout.created_at)),
            outcome(&judge, rollout),
            Cell::maybe(rollout.target.clone()),
            Cell::text(rollout.sources.join(", ")).role(Role::Muted),
            Cell::text(words(&rollout.strategy)).role(Role::Muted),
            Cell::maybe(rollout.stage.as_deref().map(words)),
            rollout
                .circuit_breaker
                .as_ref()
                .map_or_else(Cell::missing, |b| {
                    Cell::number(b.failures, format!("{}/{}", b.failures, b.threshold))
                }),
            Cell::maybe(
                rollout
                    .rollback_reason
                    .clone()
                    .or_else(|| rollout.reason.clone()),
            ),
        ],
        describe: serde_json::json!(rollout),
        link: None,
    };
    let mut rows: Vec<Row> = service.rollouts.iter().map(rollout).collect();
    if rows.is_empty() {
        // Where service deployments cannot be read, the deployments in the service's own description stand in.
        rows.extend(service.deployments.iter().map(|d| Row {
            id: d.id.clone(),
            cells: vec![
                Cell::age(d.created_at),
                Cell::maybe(d.rollout_state.as_ref().map(|s| words(s.word()))),
                Cell::text(&d.revision),
                Cell::missing(),
                Cell::text(words(&service.strategy.kind)).role(Role::Muted),
                Cell::text(d.status.to_lowercase()).role(Role::Muted),
                Cell::count(d.failed),
                Cell::maybe(d.rollout_reason.clone()),
            ],
            describe: serde_json::json!(d),
            link: None,
        }));
    }
    Grid {
        columns: COLUMNS,
        rows,
    }
}

pub(super) fn events(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("message", Width::Share(20)),
    ];
    let Some(service) = selected(scope) else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |event: &crate::model::compute::ServiceEvent| Row {
        id: event.id.clone(),
        cells: vec![
            Cell::age(event.at),
            Cell::text(super::service_event(&event.message)),
        ],
        describe: serde_json::json!(event),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: service.events.iter().map(row).collect(),
    }
}

pub(super) fn scaling(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("status", Width::Fit(8, 12)),
        Column::new("what", Width::Share(20)),
        Column::new("not scaled because", Width::Fit(8, 30)).drop(1),
    ];
    let Some(autoscaling) = selected(scope).and_then(|s| s.autoscaling.as_ref()) else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |activity: &crate::model::compute::ScalingActivity| Row {
        id: activity.id.clone(),
        cells: vec![
            Cell::age(activity.at),
            Cell::text(activity.status.word().to_lowercase()),
            Cell::text(&activity.description),
            Cell::text(activity.not_scaled_reasons.join(", ")).role(Role::Warning),
        ],
        describe: serde_json::json!(activity),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: autoscaling.activities.iter().map(row).collect(),
    }
}

pub(super) fn containers(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("container", Width::Fit(9, 24)),
        Column::new("image", Width::Share(24)),
        Column::new("ports", Width::Fit(5, 12)).drop(1),
        Column::new("secrets", Width::Fixed(7)).right().drop(2),
        Column::new("log group", Width::Fit(9, 30)).drop(3),
    ];
    let Some(definition) = selected(scope).and_then(|s| s.task_definition.as_ref()) else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |container: &crate::model::compute::ContainerDefinition| Row {
        id: container.name.clone(),
        cells: vec![
            Cell::text(&container.name),
            Cell::text(super::short_image(&container.image)),
            Cell::text(
                container
                    .ports
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            Cell::count(u32::try_from(container.secrets.len()).unwrap_or(u32::MAX)),
            Cell::maybe(container.log_group.clone()).role(Role::Muted),
        ],
        describe: serde_json::json!(container),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: definition.containers.iter().map(row).collect(),
    }
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some((compute, service)) = scope.seen.compute().zip(selected(scope)) else {
        return Vec::new();
    };
    let Compute { cluster, .. } = compute;
    let strategy = &service.strategy;
    let breaker = match (strategy.circuit_breaker, strategy.rollback) {
        (true, true) => "breaker rolls back",
        (true, false) => "breaker stops",
        (false, _) => "no breaker",
    };
    let scaling = service.autoscaling.as_ref().map(|a| {
        let policies = a.policies.iter().filter_map(|p| {
            let name = p
                .metric
                .as_deref()?
                .trim_start_matches("ECSServiceAverage")
                .trim_end_matches("Utilization");
            Some(format!("{name} {:.0} %", p.target?))
        });
        let limits = format!("{}..{} tasks", a.min, a.max);
        let suspended = ScalableTarget::from(a).suspended;
        let suspended = suspended
            .into_iter()
            .map(|s| format!("{} suspended", s.word()));
        let parts = std::iter::once(limits).chain(suspended).chain(policies);
        parts.collect::<Vec<_>>().join(" · ")
    });
    let mut fields = vec![
        Field::new(
            "cluster",
            Cell::text(format!(
                "{} · {} running",
                cluster.name, cluster.running_tasks
            )),
        ),
        Field::new(
            "service",
            Cell::text(format!("{} · {}", service.name, service.launch_type)),
        ),
        Field::new(
            "deploys",
            Cell::text(format!("{} · {breaker}", words(&strategy.kind))),
        ),
        Field::new(
            "autoscaling",
            scaling.map_or_else(|| Cell::text("none").role(Role::Muted), Cell::text),
        ),
        Field::new(
            "insights",
            Cell::text(&cluster.container_insights).role(Role::Muted),
        ),
        Field::new(
            "grace",
            Cell::text(format!("{} s", service.health_check_grace)).role(Role::Muted),
        ),
    ];
    fields.extend(gaps(&service.gaps));
    fields
}

pub(super) fn charts(scope: &Scope<'_>) -> Vec<Chart> {
    let Some(compute) = scope.seen.compute() else {
        return Vec::new();
    };
    let of = |title: &str, metric| {
        let names = compute.services.iter().map(|s| s.name.as_str());
        Chart::by_subject(title, metric, names.map(|name| (name, name)))
    };
    // The selected service's target if it has one, else any: the line says what the load is held at.
    let policies = |s: &Service| {
        let policy = s
            .autoscaling
            .iter()
            .flat_map(|a| &a.policies)
            .find(|p| p.metric.as_deref() == Some(CPU_METRIC));
        policy.and_then(|p| p.target)
    };
    let target = selected(scope)
        .and_then(policies)
        .or_else(|| compute.services.iter().find_map(policies));
    let cpu = of("CPU", Metric::EcsCpu);
    vec![
        match target {
            Some(target) => cpu.threshold(target, "target"),
            None => cpu,
        },
        of("Memory", Metric::EcsMemory),
        of("Tasks", Metric::EcsLiveTasks),
    ]
}
