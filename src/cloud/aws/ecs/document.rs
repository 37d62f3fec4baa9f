//! Task definitions whole, taken from the answer's own bytes: the SDK's types hold only the fields that they know.

use super::{explain, last_part};
use crate::{cloud::aws::failure::without, error::Result, model::task_document::TaskDocument};
use aws_sdk_ecs::{Client, types::TaskDefinitionField};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads a task definition with its tags.
///
/// # Errors
/// What AWS answered; `Service` for an answer that is none.
pub(in crate::cloud::aws) async fn read(ecs: &Client, name: &str) -> Result<TaskDocument> {
    const ACTION: &str = "ecs:DescribeTaskDefinition";
    let answer = Answer::default();
    ecs.describe_task_definition()
        .task_definition(name)
        .include(TaskDefinitionField::Tags)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map_err(|e| explain(ACTION, last_part(name), e))?;
    let bytes = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = bytes
        .as_ref()
        .ok_or_else(|| without(ACTION, last_part(name), "a body"))?;
    TaskDocument::parse(bytes)
}

/// Keeps the bytes of the newest answer.
#[derive(Debug, Clone, Default)]
struct Answer(Arc<Mutex<Option<Vec<u8>>>>);

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
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = context.response().body().bytes().map(<[u8]>::to_vec);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
