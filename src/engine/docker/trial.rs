//! Trying an image: a container that runs it as its task would, on this machine's own port.

use super::DockerEngine;
use crate::{
    engine::{Trial, TrialOrder, TrialState},
    error::{Error, ErrorKind, Result},
    text::neutral,
};
use bollard::{
    container::LogOutput,
    models::{ContainerCreateBody, HostConfig, PortBinding},
    query_parameters::{
        CreateContainerOptions, LogsOptions, RemoveContainerOptions, StartContainerOptions,
    },
};
use futures::TryStreamExt as _;
use std::collections::HashMap;

/// The label that says which containers were started to try an image.
const LABEL: &str = "hydren.trial";

/// How a container reaches this machine: Docker Desktop's own name for it (docs.docker.com, Networking features).
const HOST: &str = "host.docker.internal:host-gateway";

/// CPUs in the unit that engines count them in.
const NANOS: f64 = 1e9;

impl DockerEngine {
    pub(super) async fn start_trial(&self, order: &TrialOrder) -> Result<Trial> {
        match self.started(order, &[HOST]).await {
            // An engine without a network of its own, or an older one, knows no address for this machine.
            Err(error) if error.message.contains("host-gateway") => self.started(order, &[]).await,
            started => started,
        }
    }

    async fn started(&self, order: &TrialOrder, hosts: &[&str]) -> Result<Trial> {
        let doing = format!("starting a container of {}", order.image);
        let fault = |e| self.fault(&doing, e);
        let options = CreateContainerOptions {
            name: Some(order.name.clone()),
            ..CreateContainerOptions::default()
        };
        let created = self
            .client
            .create_container(Some(options), container(order, hosts))
            .await
            .map_err(fault)?;
        let started = async {
            self.client
                .start_container(&created.id, None::<StartContainerOptions>)
                .await
                .map_err(fault)?;
            self.published(&created.id, order.port).await
        };
        match started.await {
            Ok(port) => Ok(Trial {
                container: created.id,
                port,
            }),
            Err(error) => {
                // What does not run is of no use; why it does not is what matters.
                let _ = self.stop_trial(&created.id).await;
                Err(error)
            }
        }
    }

    /// The port of this machine that the engine chose.
    async fn published(&self, container: &str, port: Option<u16>) -> Result<Option<u16>> {
        let Some(port) = port else { return Ok(None) };
        let seen = self.inspect(container).await?;
        let bindings = seen.network_settings.and_then(|n| n.ports);
        let bound = bindings.and_then(|mut ports| ports.remove(&tcp(port)).flatten());
        let chosen = bound
            .into_iter()
            .flatten()
            .find_map(|binding| binding.host_port?.parse().ok());
        match chosen {
            Some(chosen) => Ok(Some(chosen)),
            // A container that ended at once has no port any more; that it ended is what look() tells.
            None if seen.state.and_then(|s| s.running) == Some(false) => Ok(None),
            None => Err(Error::new(
                ErrorKind::Service,
                format!("the engine published no port for port {port} of the container"),
            )),
        }
    }

    async fn inspect(&self, container: &str) -> Result<bollard::models::ContainerInspectResponse> {
        self.client
            .inspect_container(container, None)
            .await
            .map_err(|e| self.fault("looking at the container", e))
    }

    pub(super) async fn look_at_trial(&self, container: &str) -> Result<TrialState> {
        let state = self.inspect(container).await?.state.unwrap_or_default();
        // Created but not yet running counts as running: it is on its way.
        let ended = matches!(
            state.status,
            Some(
                bollard::models::ContainerStateStatusEnum::EXITED
                    | bollard::models::ContainerStateStatusEnum::DEAD
            )
        );
        if !ended {
            return Ok(TrialState::Running);
        }
        Ok(TrialState::Exited {
            code: state.exit_code.unwrap_or_default(),
            out_of_memory: state.oom_killed.unwrap_or_default(),
            error: state
                .error
                .filter(|e| !e.is_empty())
                .map(|e| neutral(&e).into_owned()),
        })
    }

    pub(super) async fn trial_lines(&self, container: &str, lines: usize) -> Result<Vec<String>> {
        let options = LogsOptions {
            stdout: true,
            stderr: true,
            tail: lines.to_string(),
            ..LogsOptions::default()
        };
        let said: Vec<_> = self
            .client
            .logs(container, Some(options))
            .try_collect()
            .await
            .map_err(|e| self.fault("reading the container's lines", e))?;
        let said: Vec<u8> = said.into_iter().flat_map(LogOutput::into_bytes).collect();
        let said = String::from_utf8_lossy(&said);
        let all: Vec<&str> = said.lines().collect();
        let kept = &all[all.len().saturating_sub(lines)..];
        Ok(kept.iter().map(|l| neutral(l).into_owned()).collect())
    }

    pub(super) async fn stop_trial(&self, container: &str) -> Result<()> {
        let doing = "stopping the container";
        // The time that it was given stands in its configuration.
        match self.client.stop_container(container, None).await {
            Ok(()) => {}
            Err(e) if is_gone(&e) => return Ok(()),
            Err(e) => return Err(self.fault(doing, e)),
        }
        let options = RemoveContainerOptions {
            v: true,
            force: true,
            ..RemoveContainerOptions::default()
        };
        match self.client.remove_container(container, Some(options)).await {
            Err(e) if !is_gone(&e) => Err(self.fault(doing, e)),
            _ => Ok(()),
        }
    }
}

fn is_gone(fault: &bollard::errors::Error) -> bool {
    matches!(
        fault,
        bollard::errors::Error::DockerResponseServerError {
            status_code: 404,
            ..
        }
    )
}

fn tcp(port: u16) -> String {
    format!("{port}/tcp")
}

/// The container that runs an image as its task would.
fn container(order: &TrialOrder, hosts: &[&str]) -> ContainerCreateBody {
    let environment = order
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={}", value.reveal()));
    let binding = PortBinding {
        host_ip: Some("127.0.0.1".to_owned()),
        host_port: Some("0".to_owned()),
    };
    let ports: HashMap<_, _> = order
        .port
        .into_iter()
        .map(|port| (tcp(port), Some(vec![binding.clone()])))
        .collect();
    let memory = order.memory.and_then(|bytes| i64::try_from(bytes).ok());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "CPUs are few, and a fraction of a billionth of one is none"
    )]
    let nano_cpus = order.cpus.map(|cpus| (cpus * NANOS) as i64);
    ContainerCreateBody {
        image: Some(order.image.clone()),
        cmd: order.command.clone(),
        entrypoint: order.entry_point.clone(),
        env: Some(environment.collect()),
        exposed_ports: Some(order.port.into_iter().map(tcp).collect()),
        labels: Some([(LABEL.to_owned(), order.name.clone())].into()),
        stop_timeout: i64::try_from(order.stop_timeout.as_secs()).ok(),
        host_config: Some(HostConfig {
            memory,
            // As much swap as memory is none: what is over the limit is killed, as Fargate kills it.
            memory_swap: memory,
            nano_cpus,
            port_bindings: Some(ports),
            extra_hosts: Some(hosts.iter().map(|&host| host.to_owned()).collect()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
