//! ECS: the cluster, its services, and all that hangs on them.
//!
//! Once the services' names are known, five reads run in parallel: cluster, services with their task definitions ([`definitions`]), tasks
//! ([`tasks`]), rollouts ([`rollouts`]) and application autoscaling (`super::autoscaling`). Cluster and services make the tier; what
//! fails of the rest is a gap of the services concerned. Batches are AWS's: 10 services, 100 tasks, 20 service deployments, 20 service
//! revisions (ECS API reference).

mod definitions;
pub(super) mod document;
mod rollouts;
mod tasks;

use super::{
    AwsCloud,
    autoscaling::{self, Scaling},
    configured,
    failure::explain,
    memo::Memo,
    pages::every,
    parallel,
    shape::{given, text, word},
    time::timestamp,
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        balancer::arn_suffix,
        compute::{
            Autoscaling, Cluster, Compute, Deployment, DeploymentStrategy, Rollout, Service,
            ServiceEvent, ServiceLoadBalancer, Task, TaskDefinition,
        },
        state::ServiceStatus,
    },
};
use aws_sdk_ecs::{
    Client,
    types::{self, DeploymentConfiguration as Configuration},
};
use definitions::Definitions;
use futures::future::join5;
use rollouts::Rollouts;
use std::{cmp::Reverse, collections::HashMap};
use tasks::Tasks;

/// Services that `DescribeServices` takes in one call.
const SERVICES_A_CALL: usize = 10;

/// Reads the environment's cluster and services.
///
/// # Errors
/// `NotFound` when the environment names no cluster, or AWS has none of that name or none of the services; otherwise what AWS answered
/// about cluster and services.
pub(super) async fn read(aws: &AwsCloud) -> Result<Compute> {
    let resources = &aws.environment.resources;
    let cluster = configured(resources.cluster.as_deref(), "cluster", "cluster")?;
    let named: Vec<String> = resources.services.iter().map(|s| s.name.clone()).collect();
    let clients = aws.clients().await?;
    load(
        &clients.ecs,
        &clients.autoscaling,
        &aws.memo,
        cluster,
        named,
    )
    .await
}

/// Whose tasks to list: of the named services each, or of the cluster at once where the environment is the whole cluster.
enum Scope {
    Named,
    Cluster,
}

async fn load(
    ecs: &Client,
    scaling: &aws_sdk_applicationautoscaling::Client,
    memo: &Memo,
    cluster: &str,
    named: Vec<String>,
) -> Result<Compute> {
    let (services, scope) = if named.is_empty() {
        (list(ecs, cluster).await?, Scope::Cluster)
    } else {
        (named, Scope::Named)
    };
    let (found, described, tasks, rollouts, scaling) = join5(
        describe_cluster(ecs, cluster),
        describe(ecs, memo, cluster, &services),
        tasks::read(ecs, cluster, &services, scope),
        rollouts::read(ecs, memo, cluster, &services),
        autoscaling::read(scaling, cluster, &services),
    )
    .await;
    let found = found?;
    let (described, definitions) = described?;
    let mut parts = Parts {
        definitions,
        tasks,
        rollouts,
        scaling,
    };
    let services = services
        .iter()
        .map(|name| {
            described
                .get(name.as_str())
                .map_or_else(|| missing(name, cluster), |s| service(s, &mut parts))
        })
        .collect();
    Ok(Compute {
        cluster: found,
        services,
    })
}

/// Names of all services of the cluster, in order.
async fn list(ecs: &Client, cluster: &str) -> Result<Vec<String>> {
    let pages = ecs
        .list_services()
        .cluster(cluster)
        .max_results(100)
        .into_paginator()
        .items()
        .send();
    let arns: Vec<String> = every(pages, "ecs:ListServices", cluster).await?;
    let mut names: Vec<String> = arns.iter().map(|arn| last_part(arn).to_owned()).collect();
    names.sort();
    Ok(names)
}

async fn describe_cluster(ecs: &Client, name: &str) -> Result<Cluster> {
    let answer = ecs
        .describe_clusters()
        .clusters(name)
        .include(types::ClusterField::Settings)
        .include(types::ClusterField::Statistics)
        .send()
        .await
        .map_err(|e| explain("ecs:DescribeClusters", name, e))?;
    let Some(found) = answer.clusters().first() else {
        return Err(
            Error::new(ErrorKind::NotFound, format!("there is no cluster {name}"))
                .hint("check `cluster` in hydren.toml and the region"),
        );
    };
    let insights = found
        .settings()
        .iter()
        .find(|s| s.name() == Some(&types::ClusterSettingName::ContainerInsights))
        .and_then(types::ClusterSetting::value);
    Ok(Cluster {
        name: text(found.cluster_name()),
        arn: text(found.cluster_arn()),
        status: text(found.status()),
        running_tasks: found.running_tasks_count(),
        pending_tasks: found.pending_tasks_count(),
        container_insights: insights.unwrap_or("disabled").to_owned(),
        capacity_providers: found.capacity_providers().to_vec(),
    })
}

/// The services by name, and the task definitions they use.
async fn describe(
    ecs: &Client,
    memo: &Memo,
    cluster: &str,
    names: &[String],
) -> Result<(HashMap<String, types::Service>, Definitions)> {
    let batches = names
        .chunks(SERVICES_A_CALL)
        .map(|batch| describe_batch(ecs, cluster, batch));
    let batches: Result<Vec<_>> = parallel::all(batches.collect()).await.into_iter().collect();
    let services: HashMap<String, types::Service> = batches?
        .into_iter()
        .flatten()
        .map(|service| (text(service.service_name()), service))
        .collect();
    if services.is_empty() && !names.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("cluster {cluster} has no service {}", names.join(", ")),
        )
        .hint("check the service names in hydren.toml and the region"));
    }
    let in_use = services.values().filter_map(|s| s.task_definition());
    let definitions = definitions::read(ecs, memo, in_use).await;
    Ok((services, definitions))
}

async fn describe_batch(
    ecs: &Client,
    cluster: &str,
    names: &[String],
) -> Result<Vec<types::Service>> {
    let answer = ecs
        .describe_services()
        .cluster(cluster)
        .set_services(Some(names.to_vec()))
        .send()
        .await
        .map_err(|e| explain("ecs:DescribeServices", &names.join(", "), e))?;
    Ok(answer.services.unwrap_or_default())
}

/// What was read beside the services themselves.
struct Parts {
    definitions: Definitions,
    tasks: Tasks,
    rollouts: HashMap<String, Rollouts>,
    scaling: Scaling,
}

fn service(found: &types::Service, parts: &mut Parts) -> Service {
    let name = text(found.service_name());
    let mut gaps = Vec::new();
    let task_definition: Option<TaskDefinition> =
        parts.definitions.take(found.task_definition(), &mut gaps);
    let (tasks, stopped): (Vec<Task>, Vec<Task>) = parts.tasks.take(&name, &mut gaps);
    let rollouts: Vec<Rollout> = parts
        .rollouts
        .remove(&name)
        .unwrap_or_default()
        .take(&mut gaps);
    let autoscaling: Option<Autoscaling> = parts.scaling.take(&name, &mut gaps);
    let network = found
        .network_configuration()
        .and_then(types::NetworkConfiguration::awsvpc_configuration);
    let mut deployments: Vec<Deployment> = found.deployments().iter().map(deployment).collect();
    deployments.sort_by_key(|d| (d.status != "PRIMARY", Reverse(d.created_at)));
    let mut events: Vec<ServiceEvent> = found.events().iter().map(event).collect();
    events.sort_by_key(|event| Reverse(event.at));
    Service {
        arn: text(found.service_arn()),
        status: text(found.status()).into(),
        desired: found.desired_count(),
        running: found.running_count(),
        pending: found.pending_count(),
        launch_type: launch_type(found),
        platform_version: given(found.platform_version()),
        created_at: timestamp(found.created_at()),
        strategy: strategy(found),
        task_definition,
        deployments,
        rollouts,
        tasks,
        stopped,
        events,
        autoscaling,
        load_balancers: found.load_balancers().iter().map(load_balancer).collect(),
        subnets: network.map_or_else(Vec::new, |n| n.subnets().to_vec()),
        security_groups: network.map_or_else(Vec::new, |n| n.security_groups().to_vec()),
        assign_public_ip: network.and_then(types::AwsVpcConfiguration::assign_public_ip)
            == Some(&types::AssignPublicIp::Enabled),
        exec_enabled: found.enable_execute_command(),
        health_check_grace: found.health_check_grace_period_seconds().unwrap_or(0),
        gaps,
        name,
    }
}

/// A service that the configuration names and ECS does not have. It stays in the list, since its absence is what has to be seen.
fn missing(name: &str, cluster: &str) -> Service {
    Service {
        name: name.to_owned(),
        arn: String::new(),
        status: ServiceStatus::Missing,
        desired: 0,
        running: 0,
        pending: 0,
        launch_type: String::new(),
        platform_version: None,
        created_at: None,
        strategy: DeploymentStrategy::default(),
        task_definition: None,
        deployments: Vec::new(),
        rollouts: Vec::new(),
        tasks: Vec::new(),
        stopped: Vec::new(),
        events: Vec::new(),
        autoscaling: None,
        load_balancers: Vec::new(),
        subnets: Vec::new(),
        security_groups: Vec::new(),
        assign_public_ip: false,
        exec_enabled: false,
        health_check_grace: 0,
        gaps: vec![format!("cluster {cluster} has no service {name}")],
    }
}

/// `FARGATE`, or `FARGATE_SPOT 3, FARGATE 1` where capacity providers decide.
fn launch_type(found: &types::Service) -> String {
    let providers = found.capacity_provider_strategy();
    if providers.is_empty() {
        return word(found.launch_type());
    }
    let shown: Vec<String> = providers
        .iter()
        .map(|p| format!("{} {}", p.capacity_provider(), p.weight()))
        .collect();
    shown.join(", ")
}

fn strategy(found: &types::Service) -> DeploymentStrategy {
    let config = found.deployment_configuration();
    let breaker = config.and_then(Configuration::deployment_circuit_breaker);
    let alarms = config.and_then(Configuration::alarms);
    DeploymentStrategy {
        kind: match found
            .deployment_controller()
            .map(types::DeploymentController::r#type)
        {
            Some(controller) if *controller != types::DeploymentControllerType::Ecs => {
                controller.as_str().to_owned()
            }
            _ => strategy_kind(config),
        },
        minimum_healthy_percent: config.and_then(Configuration::minimum_healthy_percent),
        maximum_percent: config.and_then(Configuration::maximum_percent),
        circuit_breaker: breaker.is_some_and(types::DeploymentCircuitBreaker::enable),
        rollback: breaker.is_some_and(types::DeploymentCircuitBreaker::rollback),
        bake_minutes: config.and_then(Configuration::bake_time_in_minutes),
        alarms: alarms
            .filter(|a| a.enable())
            .map_or_else(Vec::new, |a| a.alarm_names().to_vec()),
    }
}

/// Rolling is what ECS does when nothing else is said.
fn strategy_kind(config: Option<&Configuration>) -> String {
    config
        .and_then(Configuration::strategy)
        .map_or("ROLLING", types::DeploymentStrategy::as_str)
        .to_owned()
}

fn deployment(found: &types::Deployment) -> Deployment {
    Deployment {
        id: text(found.id()),
        status: text(found.status()),
        revision: last_part(found.task_definition().unwrap_or_default()).to_owned(),
        desired: found.desired_count(),
        running: found.running_count(),
        pending: found.pending_count(),
        failed: found.failed_tasks(),
        rollout_state: found.rollout_state().map(|s| s.as_str().into()),
        rollout_reason: given(found.rollout_state_reason()),
        created_at: timestamp(found.created_at()),
        updated_at: timestamp(found.updated_at()),
    }
}

fn event(found: &types::ServiceEvent) -> ServiceEvent {
    ServiceEvent {
        id: text(found.id()),
        at: timestamp(found.created_at()),
        message: text(found.message()),
    }
}

fn load_balancer(found: &types::LoadBalancer) -> ServiceLoadBalancer {
    ServiceLoadBalancer {
        target_group_arn: text(found.target_group_arn()),
        container: text(found.container_name()),
        port: found.container_port().unwrap_or_default(),
    }
}

/// What follows the last slash of an ARN: a task's id, a service's name, a task definition's `family:revision`.
fn last_part(arn: &str) -> &str {
    arn_suffix(arn).rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests;
