//! Opens sessions into containers.

use super::super::{
    client::Clients,
    elsewhere::Request,
    failure::{explain, without},
};
use crate::{
    cloud::{
        Call, CallOutcome,
        call::{EXEC, SessionCall},
        session::{Peer, Session},
    },
    error::{Error, ErrorKind, Result},
    model::{environment::Environment, hidden::Hidden},
};
use serde::Deserialize;

/// Opens a session.
///
/// # Errors
/// What AWS answered; `Service` for an answer without a session.
pub(super) async fn open(
    clients: &Clients,
    environment: &Environment,
    call: &SessionCall,
) -> Result<CallOutcome> {
    let whole = Call::from(call.clone());
    let (action, resource) = (whole.action(), whole.resource());
    let opened = match call {
        SessionCall::Shell {
            cluster,
            task,
            container,
            command,
            ..
        } => {
            let answer = clients
                .ecs
                .execute_command()
                .cluster(cluster)
                .task(task)
                .container(container)
                .command(command.reveal())
                .interactive(true)
                .send()
                .await
                .map_err(|e| unconnected(explain(action, resource, e)))?;
            answer.session().and_then(|session| {
                Some(Opened {
                    session_id: session.session_id()?.to_owned(),
                    stream_url: session.stream_url()?.to_owned(),
                    token_value: session.token_value()?.to_owned(),
                })
            })
        }
        SessionCall::Forward { .. } => start(clients, call, action, resource).await?,
    };
    let opened = opened.ok_or_else(|| without(action, resource, "a session"))?;
    let summary = match call {
        SessionCall::Shell { container, .. } => {
            format!("session {} is open in {container}", opened.session_id)
        }
        SessionCall::Forward { to, local, .. } => {
            format!(
                "session {} leads from 127.0.0.1:{local} to {to}",
                opened.session_id
            )
        }
    };
    let region = clients.ecs.config().region();
    Ok(CallOutcome {
        summary,
        resource: Some(opened.session_id.clone()),
        session: Some(Session {
            id: opened.session_id,
            peer: Peer::Plugin {
                stream_url: Hidden::new(opened.stream_url),
                token: Hidden::new(opened.token_value),
                region: region.map(ToString::to_string).unwrap_or_default(),
                profile: environment.profile.clone(),
                request: call.request(),
                endpoint: clients.ssm.url.clone(),
            },
        }),
    })
}

/// Says what is the matter where the agent in the container does not answer.
fn unconnected(error: Error) -> Error {
    if !error.message.contains("TargetNotConnected") {
        return error;
    }
    let hint = format!(
        "{EXEC} in the container has no connection to Systems Manager: the task role needs the four ssmmessages actions, its subnets \
         a route to ssmmessages (NAT or an interface endpoint), and a task that has just started a minute (docs/operations.md, Shell)"
    );
    Error::new(ErrorKind::Unreachable, error.message.clone())
        .hint(hint)
        .source(error)
}

/// What is kept of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Opened {
    session_id: String,
    stream_url: String,
    token_value: String,
}

/// Makes `ssm:StartSession`.
async fn start(
    clients: &Clients,
    call: &SessionCall,
    action: &str,
    resource: &str,
) -> Result<Option<Opened>> {
    let request = Request {
        operation: "StartSession",
        action,
        resource,
        body: call.request().to_string(),
    };
    let asked = clients.ssm.ask(&clients.ecs, request).await;
    let bytes = asked.map_err(unconnected)?;
    Ok(serde_json::from_slice(&bytes).ok())
}

#[cfg(test)]
mod tests;
