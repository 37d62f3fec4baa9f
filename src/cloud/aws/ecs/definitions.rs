//! Task definitions. Each revision is read once: it never changes.

use super::{explain, given, last_part, text, timestamp};
use crate::{
    cloud::aws::{failure::without, memo::Memo, parallel},
    error::Result,
    model::compute::{ContainerDefinition, TaskDefinition},
};
use aws_sdk_ecs::{Client, types};
use std::collections::{BTreeSet, HashMap};

/// Task definitions by ARN, or why they are missing.
pub(super) struct Definitions(HashMap<String, Result<TaskDefinition>>);

impl Definitions {
    /// Gives the task definition of `arn`; one that could not be read is a gap.
    pub(super) fn take(&self, arn: Option<&str>, gaps: &mut Vec<String>) -> Option<TaskDefinition> {
        match self.0.get(arn?)? {
            Ok(definition) => Some(definition.clone()),
            Err(error) => {
                gaps.push(error.to_string());
                None
            }
        }
    }
}

/// Reads the task definitions of `arns` that the memo does not hold.
pub(super) async fn read(
    ecs: &Client,
    memo: &Memo,
    arns: impl Iterator<Item = &str>,
) -> Definitions {
    let distinct: BTreeSet<&str> = arns.collect();
    let read = distinct.into_iter().map(|arn| async move {
        let definition = match memo.task_definition(arn) {
            Some(known) => Ok(known),
            None => describe(ecs, arn).await,
        };
        (arn.to_owned(), definition)
    });
    let read: HashMap<String, Result<TaskDefinition>> =
        parallel::all(read.collect()).await.into_iter().collect();
    memo.keep_task_definitions(
        read.iter()
            .filter_map(|(arn, read)| Some((arn.clone(), read.as_ref().ok()?.clone())))
            .collect(),
    );
    Definitions(read)
}

async fn describe(ecs: &Client, arn: &str) -> Result<TaskDefinition> {
    const ACTION: &str = "ecs:DescribeTaskDefinition";
    let name = last_part(arn);
    let answer = ecs
        .describe_task_definition()
        .task_definition(arn)
        .send()
        .await
        .map_err(|e| explain(ACTION, name, e))?;
    answer
        .task_definition()
        .map(definition)
        .ok_or_else(|| without(ACTION, name, "a task definition"))
}

fn definition(found: &types::TaskDefinition) -> TaskDefinition {
    let platform = found.runtime_platform();
    let architecture = platform.and_then(types::RuntimePlatform::cpu_architecture);
    let system = platform.and_then(types::RuntimePlatform::operating_system_family);
    TaskDefinition {
        arn: text(found.task_definition_arn()),
        family: text(found.family()),
        revision: found.revision(),
        cpu: number(found.cpu()),
        memory: number(found.memory()),
        architecture: architecture
            .map_or("X86_64", types::CpuArchitecture::as_str)
            .to_owned(),
        operating_system: system.map_or("LINUX", types::OsFamily::as_str).to_owned(),
        task_role: given(found.task_role_arn()),
        execution_role: given(found.execution_role_arn()),
        ephemeral_storage: found
            .ephemeral_storage()
            .map(types::EphemeralStorage::size_in_gib),
        registered_at: timestamp(found.registered_at()),
        containers: found
            .container_definitions()
            .iter()
            .map(container)
            .collect(),
    }
}

/// Of environment variables the names only: values may be secrets, and are dropped here, before anything can show or store them.
fn container(found: &types::ContainerDefinition) -> ContainerDefinition {
    let logs = found
        .log_configuration()
        .filter(|l| *l.log_driver() == types::LogDriver::Awslogs)
        .and_then(types::LogConfiguration::options);
    let log_option = |key| logs.and_then(|options| options.get(key).cloned());
    ContainerDefinition {
        name: text(found.name()),
        image: text(found.image()),
        essential: found.essential().unwrap_or(true),
        cpu: found.cpu(),
        memory: found.memory(),
        ports: found
            .port_mappings()
            .iter()
            .filter_map(types::PortMapping::container_port)
            .collect(),
        command: found.command().to_vec(),
        environment: found
            .environment()
            .iter()
            .map(|variable| text(variable.name()))
            .collect(),
        secrets: found
            .secrets()
            .iter()
            .map(|s| (s.name().to_owned(), s.value_from().to_owned()))
            .collect(),
        log_group: log_option("awslogs-group"),
        log_stream_prefix: log_option("awslogs-stream-prefix"),
        repository_credentials: found
            .repository_credentials()
            .map(|c| c.credentials_parameter().to_owned()),
        health_check: found.health_check().map(|check| check.command().join(" ")),
        read_only: found.readonly_root_filesystem().unwrap_or(false),
    }
}

/// CPU units and MiB come as text; 0 where a task sets none.
pub(super) fn number(value: Option<&str>) -> u32 {
    value.and_then(|v| v.parse().ok()).unwrap_or(0)
}
