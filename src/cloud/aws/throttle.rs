//! Tells a call that waited to be let through from one that nobody answered.
//!
//! In adaptive mode the SDK keeps a bucket of tokens for each service (`ClientRateLimiter`): after a throttled answer every call of that
//! service waits for a token, in the end until its operation timeout. The SDK then reports a timeout, as it does of an endpoint that
//! hangs, and drops the answer that made it wait.

use super::failure::asks_to_slow_down;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{FinalizerInterceptorContextMut, FinalizerInterceptorContextRef},
            dyn_dispatch_hint,
        },
        orchestrator::OrchestratorError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::fmt;

/// The cause of a timeout that was spent waiting for a token.
#[derive(Debug)]
pub(super) struct HeldBack;

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call waited for its turn until its time was up")
    }
}

impl std::error::Error for HeldBack {}

/// How the newest attempt of a call ended; a call without one has not been sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Throttled,
    Otherwise,
}

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

/// Gives a timeout its cause, [`HeldBack`], when the call was never sent or its newest attempt was throttled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits;

#[dyn_dispatch_hint]
impl Intercept for Waits {
    fn name(&self) -> &'static str {
        "Waits"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let late = matches!(context.output_or_error(), Some(Err(e)) if e.is_timeout_error());
        let attempt = match context.response() {
            Some(response) if !late && asks_to_slow_down(response) => Attempt::Throttled,
            _ => Attempt::Otherwise,
        };
        cfg.interceptor_state().store_put(attempt);
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let held_back = cfg.load::<Attempt>() != Some(&Attempt::Otherwise);
        if let Some(Err(error)) = context.output_or_error_mut()
            && error.is_timeout_error()
            && held_back
        {
            *error = OrchestratorError::timeout(HeldBack.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cloud::aws::{failure::explain, served::serve, wire},
        error::{Error, ErrorKind},
    };
    use aws_sdk_ecs::{
        Client, Config,
        config::{
            BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig,
        },
    };
    use std::time::Duration;

    const THROTTLED: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\n\
        content-length: 33\r\nconnection: close\r\n\r\n{\"__type\":\"ThrottlingException\"}\n";

    /// A client of a server that gives every request `answer`; none where there is none.
    fn client(answer: Option<&str>) -> Client {
        let url = serve(answer.map(str::to_owned));
        let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(700));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(
                "AKIDEXAMPLE",
                "unused",
                None,
                None,
                "test",
            ))
            .retry_config(RetryConfig::adaptive())
            .timeout_config(timeouts.build())
            .http_client(wire::http_client())
            .endpoint_url(url)
            .interceptor(Waits)
            .build();
        Client::from_conf(config)
    }

    async fn failure(client: &Client) -> Error {
        let answer = client.list_clusters().send().await;
        explain("ecs:ListClusters", "the account", answer.unwrap_err())
    }

    #[tokio::test]
    async fn a_call_that_waited_for_its_turn_was_throttled_and_one_that_hangs_was_not() {
        assert_eq!(failure(&client(None)).await.kind, ErrorKind::Unreachable);
        let throttled = client(Some(THROTTLED));
        let answers = futures::future::join_all((0..8).map(|_| failure(&throttled))).await;
        for error in answers {
            assert_eq!(error.kind, ErrorKind::Throttled, "{error:?}");
            assert_eq!(
                error.message,
                "ecs:ListClusters on the account was throttled"
            );
        }
    }
}
