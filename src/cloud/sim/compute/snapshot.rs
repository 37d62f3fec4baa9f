//! The tier as a whole: the cluster, its services, and their task definitions.

use super::{
    super::{
        autoscaling, names,
        world::{EPOCH, World, moment},
    },
    scheduler::Service,
    task::PLATFORM,
};
use crate::model::{
    compute::{
        Cluster, Compute as ComputeModel, DeploymentStrategy, Service as ServiceModel,
        ServiceLoadBalancer,
    },
    state::ServiceStatus,
};

/// Reads the tier.
pub fn snapshot(world: &World) -> ComputeModel {
    let services = world.compute.services();
    let running: usize = services.iter().map(|service| service.running()).sum();
    let all: usize = services.iter().map(|service| service.tasks.len()).sum();
    ComputeModel {
        cluster: Cluster {
            name: names::CLUSTER.to_owned(),
            arn: names::CLUSTER_ARN.to_owned(),
            status: "ACTIVE".to_owned(),
            running_tasks: running as i32,
            pending_tasks: (all - running) as i32,
            container_insights: "disabled".to_owned(),
            capacity_providers: vec!["FARGATE".to_owned(), "FARGATE_SPOT".to_owned()],
        },
        services: services
            .into_iter()
            .map(|service| describe(world, service))
            .collect(),
    }
}

fn describe(world: &World, service: &Service) -> ServiceModel {
    let spec = &service.spec;
    let running = service.running();
    let waiting = service
        .tasks
        .iter()
        .filter(|task| task.wanted() && !task.runs())
        .count();
    let mut tasks: Vec<_> = service.tasks.iter().collect();
    tasks.sort_by_key(|task| std::cmp::Reverse(task.created));
    ServiceModel {
        name: spec.name.to_owned(),
        arn: format!(
            "arn:aws:ecs:{}:{}:service/{}/{}",
            names::REGION,
            names::ACCOUNT,
            names::CLUSTER,
            spec.name
        ),
        status: ServiceStatus::Active,
        desired: service.desired as i32,
        running: running as i32,
        pending: waiting as i32,
        launch_type: "FARGATE".to_owned(),
        platform_version: Some(PLATFORM.to_owned()),
        created_at: Some(moment(EPOCH - 211 * 86_400 - 8_040)),
        strategy: DeploymentStrategy {
            kind: service.strategy().to_owned(),
            minimum_healthy_percent: Some(100),
            maximum_percent: Some(200),
            circuit_breaker: !service.gated,
            rollback: !service.gated,
            bake_minutes: service.gated.then_some(5),
            alarms: Vec::new(),
        },
        task_definition: Some(service.primary().revision.describe(spec)),
        deployments: service.deployments(),
        rollouts: service.rollouts(),
        tasks: tasks
            .into_iter()
            .map(|task| task.describe(spec.name))
            .collect(),
        stopped: service
            .stopped
            .iter()
            .map(|task| task.describe(spec.name))
            .collect(),
        events: service.events(),
        autoscaling: autoscaling::describe(world, spec.name),
        load_balancers: vec![ServiceLoadBalancer {
            target_group_arn: spec.target_group.to_owned(),
            container: spec.name.to_owned(),
            port: spec.port,
        }],
        subnets: spec.subnets.map(str::to_owned).into(),
        security_groups: vec![spec.security_group.to_owned()],
        assign_public_ip: false,
        exec_enabled: service.exec,
        health_check_grace: 60,
        gaps: Vec::new(),
    }
}
