//! What somebody must say before a plan is carried out. The answer that is not given is No.

use super::{Plan, Risk};
use crate::model::environment::{Environment, Stage};

/// How a plan is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// By saying yes.
    Yes,
    /// By typing this name.
    Name(String),
}

impl Confirmation {
    /// What `plan` asks for: the name where something is lost for good, and in production wherever requests can suffer. Of two environments
    /// the one that is changed counts.
    #[must_use]
    pub fn of(plan: &Plan, environment: &Environment) -> Self {
        let name = match plan.risk {
            Risk::Destructive => true,
            Risk::Disruptive => plan.elsewhere.unwrap_or(environment.stage) == Stage::Production,
            Risk::Safe => false,
        };
        if name {
            Self::Name(plan.target.clone())
        } else {
            Self::Yes
        }
    }

    /// Whether an answer gives it.
    #[must_use]
    pub fn is_given_by(&self, answer: &str) -> bool {
        let answer = answer.trim();
        match self {
            Self::Yes => matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"),
            Self::Name(name) => answer == name,
        }
    }
}
