//! Task definitions whole, taken from the answer's own bytes: the SDK's types hold only the fields that they know.

use super::{explain, last_part};
use crate::{
    cloud::aws::{failure::without, raw::Answer},
    error::Result,
    model::task_document::TaskDocument,
};
use aws_sdk_ecs::{Client, types::TaskDefinitionField};

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
    let bytes = answer
        .bytes()
        .ok_or_else(|| without(ACTION, last_part(name), "a body"))?;
    TaskDocument::parse(&bytes)
}

#[cfg(test)]
mod tests;
