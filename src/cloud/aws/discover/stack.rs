//! What a CloudFormation stack names.

use super::super::{client::Clients, pages::every};
use crate::error::Result;
use std::collections::VecDeque;

/// Stacks read, nested ones included: CloudFormation allows deeper trees, no application of one web service needs them.
const STACKS: usize = 20;

/// Resources of a stack and its nested stacks: type and physical id.
#[derive(Debug, Default)]
pub(super) struct StackResources(Vec<(String, String)>);

impl StackResources {
    /// Physical ids of a type, in the stack's order.
    pub(super) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let ours = self.0.iter().filter(move |(of, _)| of == kind);
        ours.map(|(_, id)| id.as_str())
    }

    /// The first physical id of a type.
    pub(super) fn first(&self, kind: &str) -> Option<String> {
        self.of(kind).next().map(str::to_owned)
    }
}

/// Reads a stack with its nested stacks.
///
/// # Errors
/// What CloudFormation answered; `NotFound` for a name that it does not know.
pub(super) async fn read(clients: &Clients, name: &str) -> Result<StackResources> {
    let mut found = Vec::new();
    let mut left = VecDeque::from([name.to_owned()]);
    let mut read = 0;
    while let Some(stack) = left.pop_front() {
        let request = clients
            .cloudformation
            .list_stack_resources()
            .stack_name(&stack);
        let resources = every(
            request.into_paginator().items().send(),
            "cloudformation:ListStackResources",
            &format!("stack {stack}"),
        )
        .await?;
        read += 1;
        for resource in resources {
            let (Some(kind), Some(id)) = (resource.resource_type, resource.physical_resource_id)
            else {
                continue;
            };
            if kind == "AWS::CloudFormation::Stack" && read + left.len() < STACKS {
                left.push_back(id);
            } else {
                found.push((kind, id));
            }
        }
    }
    Ok(StackResources(found))
}
