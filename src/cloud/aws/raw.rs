//! Bodies as they are on the wire: what is read to be sent back whole must not pass through types that know only some of its fields.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint,
        },
        orchestrator::HttpRequest,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the bytes of the newest answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer(Arc<Mutex<Option<Vec<u8>>>>);

impl Answer {
    /// The answer's bytes, once there are some.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "Answer"
    }

    /// The SDK has the whole body in memory by now.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            context.response().body().bytes().map(<[u8]>::to_vec);
        Ok(())
    }
}

/// Sends `body` instead of what the SDK wrote; it is signed afterwards.
pub(super) fn replace_body(request: &mut HttpRequest, body: &str) {
    *request.body_mut() = SdkBody::from(body);
    let length = body.len().to_string();
    request.headers_mut().insert("content-length", length);
}
