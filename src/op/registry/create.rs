//! Makes a repository of ECR.

use crate::{
    cloud::call::RegistryCall,
    error::{Error, ErrorKind, Result},
    op::{CheckState, Cost, Desk, Goal, Operation, Plan, Undo},
};
use async_trait::async_trait;
use serde::Serialize;

/// Makes a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateRepository {
    /// Name, without the registry.
    pub repository: String,
}

/// Why ECR takes no repository of that name (ECR API, CreateRepository: 2 to 256 characters; lower case, digits, and `.`, `_`, `-` between
/// them, in parts with `/` between them).
fn fault(name: &str) -> Option<&'static str> {
    let ends = |part: &str| {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let bytes = part.as_bytes();
        bytes.first().is_some_and(|c| plain(*c))
            && bytes.last().is_some_and(|c| plain(*c))
            && bytes.iter().all(|c| plain(*c) || b"._-".contains(c))
    };
    if !(2..=256).contains(&name.len()) {
        Some("it has 2 to 256 characters")
    } else if !name.split('/').all(ends) {
        Some(
            "it has lower-case letters, digits, and dots, dashes and underscores between them, in parts with slashes between them",
        )
    } else {
        None
    }
}

#[async_trait]
impl Operation for CreateRepository {
    fn name(&self) -> &'static str {
        "create-repository"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecr:CreateRepository"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let name = &self.repository;
        if let Some(fault) = fault(name) {
            let what = format!("`{name}` is no name for a repository: {fault}");
            return Err(Error::new(ErrorKind::Usage, what)
                .hint("write it without the registry: shop/backend"));
        }
        let named = &desk.environment.resources.repositories;
        let listed = match desk.images().await {
            Ok(images) => images.repositories.iter().any(|r| r.name == *name),
            // What is missing here is what is made; whatever else fails says so when it is made.
            Err(error) if error.kind == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let goal = Goal::Answered {
            repository: name.clone(),
        };
        let plan = Plan::new(self.clone(), format!("Make repository {name}"), name, goal, desk.now())
            .cost(Cost::Unchanged)
            .undo(Undo::Needless(format!(
                "an empty repository costs nothing; `aws ecr delete-repository --repository-name {name}` takes it away as long as it is empty"
            )));
        if listed {
            return Ok(plan.check("not there yet", CheckState::Failed, "it is there already"));
        }
        let plan = if named.contains(name) {
            plan.check(
                "named in hydren.toml",
                CheckState::Passed,
                "under repositories",
            )
        } else {
            plan.check(
                "named in hydren.toml",
                CheckState::Warned,
                "it is not: add it to `repositories` of this environment to see its images",
            )
        };
        Ok(plan
            .adds("repository", name)
            .adds("tags", "immutable: an image that was pushed keeps its tag")
            .adds("scan", "of every image that is pushed")
            .adds("encryption", "AES-256, with ECR's own key")
            .takes(1, 5, 60)
            .call(
                RegistryCall::CreateRepository {
                    repository: name.clone(),
                }
                .into(),
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_as_ecr_refuses_them() {
        for good in ["shop", "shop/backend", "a1.b_c-d/e2"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for wrong in [
            "",
            "a",
            "Shop",
            "/shop",
            "shop/",
            "shop//api",
            "-shop",
            "shop:1",
            &"x".repeat(257),
        ] {
            assert!(fault(wrong).is_some(), "{wrong}");
        }
    }
}
