//! What was found of an environment by walking its request path, and what was not.

use super::environment::Resources;
use crate::error::Error;

/// Where a discovery starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// An ECS cluster, by name.
    Cluster(String),
    /// A CloudFormation stack, by name: its resources say which cluster, and more.
    Stack(String),
    /// Nothing is known: the only cluster with services is taken.
    Nothing,
}

/// The outcome of a discovery.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// The names that were found, ready for the configuration.
    pub resources: Resources,
    /// One step a part of the environment, in path order.
    pub steps: Vec<Step>,
}

impl Discovery {
    /// Records what became of looking for `what`.
    pub fn record(&mut self, what: &'static str, outcome: Outcome) {
        self.steps.push(Step { what, outcome });
    }
}

/// What became of looking for one part of the environment.
#[derive(Debug, Clone)]
pub struct Step {
    /// The part: `cluster`, `load balancer`, ...
    pub what: &'static str,
    /// What became of it.
    pub outcome: Outcome,
}

/// Found, not there, or not readable. A part that failed never ends the walk.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The names that were found, as one line.
    Found(String),
    /// Why there is none, as one sentence.
    Missing(String),
    /// Looking for it failed.
    Failed(Error),
}
