//! Sessions into simulated containers: what the child that plays the container has to know of it.

use super::world::World;
use crate::{
    cloud::{
        CallOutcome,
        call::{Destination, SessionCall},
        session::{Peer, Session},
    },
    error::{Error, ErrorKind, Result},
};
use serde::{Deserialize, Serialize};

/// A simulated container, as its child shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Service.
    pub service: String,
    /// Task id.
    pub task: String,
    /// Image.
    pub image: String,
    /// Its process.
    pub command: String,
    /// MiB.
    pub memory: u32,
    /// Port that it listens on.
    pub port: u16,
    /// Address.
    pub address: String,
    /// Names of its variables.
    pub variables: Vec<String>,
    /// Whether it answers its health check.
    pub healthy: bool,
    /// What the session is for.
    pub purpose: Purpose,
}

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A command; a shell where it is one.
    Command(String),
    /// A local port and where it leads.
    Forward(u16, String),
}

/// Opens a session.
///
/// # Errors
/// What ECS would say: a task that is not there, an agent that is not connected.
pub fn open(world: &World, call: &SessionCall) -> Result<CallOutcome> {
    let (SessionCall::Shell { task: id, .. } | SessionCall::Forward { task: id, .. }) = call;
    let services = world.compute.services();
    let found = services.into_iter().find_map(|service| {
        let task = service.tasks.iter().find(|task| task.id == *id)?;
        Some((service, task))
    });
    let Some((service, task)) = found else {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("InvalidParameterException: The referenced task was not found: {id}"),
        )
        .hint("it may have stopped already; choose another"));
    };
    if !task.exec || !task.runs() {
        return Err(Error::new(
            ErrorKind::Unreachable,
            format!("TargetNotConnectedException: the agent of task {id} is not connected"),
        )
        .hint("the task was started without ECS Exec, or does not run"));
    }
    let definition = task.revision.describe(&service.spec);
    let container = definition.containers.first();
    let (variables, command) = container.map_or_else(Default::default, |container| {
        let secrets = container.secrets.iter().map(|(name, _)| name);
        let names = container.environment.iter().chain(secrets).cloned();
        (names.collect(), container.command.join(" "))
    });
    let (purpose, summary) = match call {
        SessionCall::Shell { command, .. } => (
            Purpose::Command(command.reveal().to_owned()),
            format!("a simulated session is open in {}", service.spec.name),
        ),
        SessionCall::Forward { to, local, .. } => {
            let to = match to {
                Destination::Task(port) => format!("port {port} of the task"),
                to @ Destination::Host(..) => to.to_string(),
            };
            let summary = format!("a simulated session leads from 127.0.0.1:{local} to {to}");
            (Purpose::Forward(*local, to), summary)
        }
    };
    let facts = Facts {
        service: service.spec.name.to_owned(),
        task: id.clone(),
        image: task.revision.image.clone(),
        command,
        memory: task.revision.size.memory,
        port: u16::try_from(service.spec.port).unwrap_or_default(),
        address: task.ip.clone(),
        variables,
        healthy: task.healthy.is_some(),
        purpose,
    };
    let facts = serde_json::to_string(&facts)
        .map_err(|e| Error::new(ErrorKind::Service, "the session cannot be described").source(e))?;
    let id = format!("ecs-execute-command-{}", &id[..id.len().min(17)]);
    Ok(CallOutcome {
        summary,
        resource: Some(id.clone()),
        session: Some(Session {
            id,
            peer: Peer::Demo(facts),
        }),
    })
}
