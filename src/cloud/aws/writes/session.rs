//! Opens sessions into containers.
//!
//! Of Systems Manager the console needs one request, for which its SDK crate, one of the largest, would be a poor bargain. It speaks the
//! same protocol as ECS (AWS JSON 1.1): the request takes the way of an ECS call, with its credentials, limits, retries and meter, and
//! only its endpoint, its signature's scope, its target and its body are Systems Manager's.

use super::super::{
    client::Clients,
    failure::{explain, without},
    raw::{Answer, replace_body},
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
use aws_sdk_ecs::config::{
    Builder,
    endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint},
    retry::RetryConfig,
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept, context::BeforeSerializationInterceptorContextRef, dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{Document, config_bag::ConfigBag};
use serde::Deserialize;
use std::collections::HashMap;

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
    let answer = Answer::default();
    let body = call.request().to_string();
    clients
        .ecs
        .execute_command()
        .customize()
        .config_override(
            Builder::new()
                .endpoint_resolver(clients.ssm.clone())
                .retry_config(RetryConfig::standard().with_max_attempts(2)),
        )
        .interceptor(Named)
        .interceptor(answer.clone())
        .mutate_request(move |request| {
            replace_body(request, &body);
            request
                .headers_mut()
                .insert("x-amz-target", "AmazonSSM.StartSession");
        })
        .send()
        .await
        .map_err(|e| unconnected(explain(action, resource, e)))?;
    let bytes = answer.bytes().unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).ok())
}

/// Where Systems Manager answers, and in whose name requests to it are signed.
#[derive(Debug, Clone)]
pub(in crate::cloud::aws) struct SystemsManager {
    url: String,
    region: String,
}

impl SystemsManager {
    /// The endpoint of `region`, unless another is set for this service (`AWS_ENDPOINT_URL_SSM`) or for all.
    pub(in crate::cloud::aws) fn new(region: &str, set: Option<&str>) -> Self {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let own = std::env::var("AWS_ENDPOINT_URL_SSM").ok();
        let own = own.filter(|url| !url.is_empty());
        Self {
            url: own
                .or_else(|| set.map(str::to_owned))
                .unwrap_or_else(|| format!("https://ssm.{region}.amazonaws.com{suffix}")),
            region: region.to_owned(),
        }
    }
}

impl ResolveEndpoint for SystemsManager {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        let scheme = [
            ("name", "sigv4"),
            ("signingName", "ssm"),
            ("signingRegion", &self.region),
        ];
        let scheme: HashMap<String, Document> = scheme
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        EndpointFuture::ready(Ok(Endpoint::builder()
            .url(self.url.clone())
            .property("authSchemes", vec![Document::from(scheme)])
            .build()))
    }
}

/// Names the request for the meter.
#[derive(Debug)]
struct Named;

#[dyn_dispatch_hint]
impl Intercept for Named {
    fn name(&self) -> &'static str {
        "Named"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state()
            .store_put(Metadata::new("StartSession", "ssm"));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
