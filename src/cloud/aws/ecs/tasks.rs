//! Tasks: what runs, and what stopped and why. ECS shows stopped tasks for about an hour.

use super::{Scope, definitions::number, every, explain, given, last_part, text, timestamp, word};
use crate::{
    cloud::aws::parallel,
    error::Result,
    model::{
        compute::{Container, Task},
        state::TaskStatus,
    },
};
use aws_sdk_ecs::{Client, types};
use std::{cmp::Reverse, collections::HashMap};

/// Tasks that `DescribeTasks` takes in one call.
const TASKS_A_CALL: usize = 100;

/// Tasks by service, and what could not be read.
#[derive(Default)]
pub(super) struct Tasks {
    by_service: HashMap<String, Vec<Task>>,
    /// Service, or `None` for all, and why.
    gaps: Vec<(Option<String>, String)>,
}

impl Tasks {
    /// Gives a service's tasks: those that have not stopped, oldest first, and those that have, newest first.
    pub(super) fn take(&mut self, service: &str, gaps: &mut Vec<String>) -> (Vec<Task>, Vec<Task>) {
        let concerns = |of: &Option<String>| of.as_deref().is_none_or(|name| name == service);
        gaps.extend(
            self.gaps
                .iter()
                .filter(|(of, _)| concerns(of))
                .map(|(_, why)| why.clone()),
        );
        let all = self.by_service.remove(service).unwrap_or_default();
        let (mut stopped, mut present): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|task| task.last_status == TaskStatus::Stopped);
        present.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        stopped.sort_by_key(|task| Reverse(task.stopped_at));
        (present, stopped)
    }
}

/// Reads the tasks of `services`, running and stopped.
pub(super) async fn read(ecs: &Client, cluster: &str, services: &[String], scope: Scope) -> Tasks {
    let scopes: Vec<Option<&str>> = match scope {
        Scope::Named => services.iter().map(|name| Some(name.as_str())).collect(),
        Scope::Cluster => vec![None],
    };
    let lists = scopes.into_iter().flat_map(|service| {
        [types::DesiredStatus::Running, types::DesiredStatus::Stopped]
            .map(|status| async move { (service, list(ecs, cluster, service, status).await) })
    });
    let lists = parallel::all(lists.collect()).await;

    let mut tasks = Tasks::default();
    // A task that stops between the two lists is in both.
    let mut owner: HashMap<String, Option<&str>> = HashMap::new();
    for (service, listed) in lists {
        match listed {
            Ok(arns) => owner.extend(arns.into_iter().map(|arn| (arn, service))),
            Err(error) => tasks
                .gaps
                .push((service.map(str::to_owned), error.to_string())),
        }
    }
    let mut arns: Vec<String> = owner.keys().cloned().collect();
    arns.sort();
    let batches = arns
        .chunks(TASKS_A_CALL)
        .map(|batch| describe(ecs, cluster, batch));
    let described = parallel::all(batches.collect()).await;
    for batch in described {
        match batch {
            Ok(batch) => {
                for found in &batch {
                    let listed = owner.get(found.task_arn().unwrap_or_default());
                    let grouped = || found.group().and_then(|g| g.strip_prefix("service:"));
                    if let Some(service) = listed.copied().flatten().or_else(grouped) {
                        tasks
                            .by_service
                            .entry(service.to_owned())
                            .or_default()
                            .push(task(found));
                    }
                }
            }
            Err(error) => tasks.gaps.push((None, error.to_string())),
        }
    }
    tasks
}

async fn list(
    ecs: &Client,
    cluster: &str,
    service: Option<&str>,
    status: types::DesiredStatus,
) -> Result<Vec<String>> {
    let pages = ecs
        .list_tasks()
        .cluster(cluster)
        .set_service_name(service.map(str::to_owned))
        .desired_status(status)
        .into_paginator()
        .items()
        .send();
    every(pages, "ecs:ListTasks", service.unwrap_or(cluster)).await
}

/// Tasks that ECS forgot between list and description are absent from the answer, as they are from ECS.
async fn describe(ecs: &Client, cluster: &str, arns: &[String]) -> Result<Vec<types::Task>> {
    let answer = ecs
        .describe_tasks()
        .cluster(cluster)
        .set_tasks(Some(arns.to_vec()))
        .send()
        .await
        .map_err(|e| explain("ecs:DescribeTasks", cluster, e))?;
    Ok(answer.tasks.unwrap_or_default())
}

fn task(found: &types::Task) -> Task {
    Task {
        arn: text(found.task_arn()),
        id: last_part(found.task_arn().unwrap_or_default()).to_owned(),
        revision: last_part(found.task_definition_arn().unwrap_or_default()).to_owned(),
        last_status: text(found.last_status()).into(),
        desired_status: text(found.desired_status()),
        health: health(found.health_status()).into(),
        zone: given(found.availability_zone()),
        private_ip: private_ip(found),
        cpu: number(found.cpu()),
        memory: number(found.memory()),
        created_at: timestamp(found.created_at()),
        started_at: timestamp(found.started_at()),
        stopped_at: timestamp(found.stopped_at()),
        stop_code: given(found.stop_code().map(types::TaskStopCode::as_str)).map(Into::into),
        stopped_reason: given(found.stopped_reason()),
        started_by: given(found.started_by()),
        platform_version: given(found.platform_version()),
        exec_enabled: found.enable_execute_command(),
        containers: found.containers().iter().map(container).collect(),
    }
}

fn container(found: &types::Container) -> Container {
    Container {
        name: text(found.name()),
        image: text(found.image()),
        digest: given(found.image_digest()),
        last_status: text(found.last_status()),
        health: health(found.health_status()),
        exit_code: found.exit_code(),
        reason: given(found.reason()),
        runtime_id: given(found.runtime_id()),
        exec_agent: found
            .managed_agents()
            .iter()
            .find(|agent| agent.name() == Some(&types::ManagedAgentName::ExecuteCommandAgent))
            .map(|agent| text(agent.last_status()).into()),
    }
}

/// Without a container health check ECS says `UNKNOWN`, or nothing.
fn health(status: Option<&types::HealthStatus>) -> String {
    match status {
        None => "UNKNOWN".to_owned(),
        known => word(known),
    }
}

/// The address of the task's network interface; the attachment names it before any container has started.
fn private_ip(found: &types::Task) -> Option<String> {
    let interface = found
        .attachments()
        .iter()
        .flat_map(types::Attachment::details)
        .find(|detail| detail.name() == Some("privateIPv4Address"))
        .and_then(types::KeyValuePair::value);
    let container = || {
        found
            .containers()
            .iter()
            .flat_map(types::Container::network_interfaces)
            .find_map(types::NetworkInterface::private_ipv4_address)
    };
    given(interface.or_else(container))
}
