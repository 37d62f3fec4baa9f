//! Requests to services of which the console needs one or two, and whose SDK crates would be a poor bargain: Systems Manager's is one of the
//! largest. They speak the same protocol as ECS (AWS JSON 1.1): a request takes the way of an ECS call, with its credentials, limits, retries
//! and meter, and only its endpoint, its signature's scope, its target and its body are the other service's.

use super::{
    failure::explain,
    raw::{Answer, replace_body},
};
use crate::error::Result;
use aws_sdk_ecs::{
    Client,
    config::{
        Builder,
        endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint},
        retry::RetryConfig,
    },
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
use std::collections::HashMap;

/// Where another service answers, and in whose name requests to it are signed.
#[derive(Debug, Clone)]
pub(super) struct Elsewhere {
    /// `ssm`: in endpoints, signatures, the meter and IAM actions.
    service: &'static str,
    /// What stands before the operation in `x-amz-target`.
    target: &'static str,
    /// Endpoint.
    pub(super) url: String,
    /// Region.
    pub(super) region: String,
}

/// A request to another service.
pub(super) struct Request<'a> {
    /// `StartSession`.
    pub(super) operation: &'static str,
    /// The IAM action that it needs.
    pub(super) action: &'a str,
    /// What it is about.
    pub(super) resource: &'a str,
    /// Body.
    pub(super) body: String,
}

impl Elsewhere {
    /// Systems Manager of `region`, unless another endpoint is set for it (`AWS_ENDPOINT_URL_SSM`) or for all.
    pub(super) fn systems_manager(region: &str, set: Option<&str>) -> Self {
        Self::new(("ssm", "AmazonSSM"), "AWS_ENDPOINT_URL_SSM", region, set)
    }

    /// Secrets Manager of `region`, unless another endpoint is set for it (`AWS_ENDPOINT_URL_SECRETS_MANAGER`) or for all.
    pub(super) fn secrets_manager(region: &str, set: Option<&str>) -> Self {
        Self::new(
            ("secretsmanager", "secretsmanager"),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            region,
            set,
        )
    }

    pub(super) fn new(
        (service, target): (&'static str, &'static str),
        variable: &str,
        region: &str,
        set: Option<&str>,
    ) -> Self {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let own = std::env::var(variable).ok().filter(|url| !url.is_empty());
        Self {
            service,
            target,
            url: own
                .or_else(|| set.map(str::to_owned))
                .unwrap_or_else(|| format!("https://{service}.{region}.amazonaws.com{suffix}")),
            region: region.to_owned(),
        }
    }

    /// Makes a request, at most twice; gives the answer's body.
    ///
    /// # Errors
    /// What the service answered.
    pub(super) async fn ask(&self, ecs: &Client, request: Request<'_>) -> Result<Vec<u8>> {
        let answer = Answer::default();
        let Request {
            operation, body, ..
        } = request;
        let target = format!("{}.{operation}", self.target);
        ecs.execute_command()
            .customize()
            .config_override(
                Builder::new()
                    .endpoint_resolver(self.clone())
                    .retry_config(RetryConfig::standard().with_max_attempts(2)),
            )
            .interceptor(Named(operation, self.service))
            .interceptor(answer.clone())
            .mutate_request(move |request| {
                replace_body(request, &body);
                request.headers_mut().insert("x-amz-target", target.clone());
            })
            .send()
            .await
            .map_err(|e| explain(request.action, request.resource, e))?;
        Ok(answer.bytes().unwrap_or_default())
    }
}

impl ResolveEndpoint for Elsewhere {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        let scheme = [
            ("name", "sigv4"),
            ("signingName", self.service),
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

/// Names the request for the meter: operation and service.
#[derive(Debug)]
struct Named(&'static str, &'static str);

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
        let Self(operation, service) = *self;
        cfg.interceptor_state()
            .store_put(Metadata::new(operation, service));
        Ok(())
    }
}
