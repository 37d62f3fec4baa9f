//! IAM's policy simulator: what the caller's own policies deny, asked before it is tried.
//!
//! It knows the policies of a user or role, permissions boundaries and service control policies, but no session policies and no
//! conditions whose keys are not told; an answer for which it misses context is none.

use super::{
    AwsCloud,
    failure::{explain, without},
    pages::every,
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{identity::Identity, permission::Permission},
};
use aws_sdk_iam::{
    Client,
    types::{EvaluationResult, PolicyEvaluationDecisionType as Decision},
};
use std::collections::BTreeMap;

/// The IAM action of the question itself.
const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// Asks which of `asked` would be denied: one request a resource.
///
/// # Errors
/// A caller whose policies cannot be simulated (federated users); what IAM answered.
pub(super) async fn denied(cloud: &AwsCloud, asked: &[Permission]) -> Result<Vec<Permission>> {
    let clients = cloud.clients().await?;
    let identity = super::sts::identity(cloud).await?;
    let Some(source) = source(&clients.iam, &identity).await? else {
        return Ok(Vec::new());
    };
    let mut by_resource: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for permission in asked {
        let actions = by_resource.entry(&permission.resource).or_default();
        actions.push(permission.action.clone());
    }
    let mut denied = Vec::new();
    for (resource, actions) in by_resource {
        let pages = clients
            .iam
            .simulate_principal_policy()
            .policy_source_arn(&source)
            .set_action_names(Some(actions))
            .resource_arns(resource)
            .into_paginator()
            .items()
            .send();
        let results = every(pages, SIMULATE, &source).await?;
        let no = results.iter().filter(|result| is_denied(result));
        denied.extend(no.map(|result| Permission::new(result.eval_action_name(), resource)));
    }
    Ok(denied)
}

fn is_denied(result: &EvaluationResult) -> bool {
    result.missing_context_values().is_empty() && *result.eval_decision() != Decision::Allowed
}

/// The ARN whose policies are the caller's: a session is known by its role's name only, and a role's ARN has a path besides. `None`
/// for the root user, whom no policy denies anything.
async fn source(iam: &Client, identity: &Identity) -> Result<Option<String>> {
    let mut parts = identity
        .arn
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .split('/');
    match (parts.next(), parts.next()) {
        (Some("root"), None) => Ok(None),
        (Some("user" | "role"), Some(_)) => Ok(Some(identity.arn.clone())),
        (Some("assumed-role"), Some(name)) => {
            let answer = iam.get_role().role_name(name).send().await;
            let answer = answer.map_err(|e| explain("iam:GetRole", name, e))?;
            let role = answer.role().map(|role| role.arn().to_owned());
            match role {
                Some(arn) => Ok(Some(arn)),
                None => Err(without("iam:GetRole", name, "the role")),
            }
        }
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "IAM simulates the policies of users and roles, not of {}",
                identity.arn
            ),
        )
        .hint("what is denied shows when it is tried")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_iam::{operation::get_role::GetRoleOutput, types::Role};
    use aws_smithy_mocks::mock;
    use aws_smithy_types::DateTime;

    fn caller(arn: &str) -> Identity {
        Identity {
            account: "123456789012".into(),
            arn: arn.into(),
            region: "eu-central-1".into(),
            expires_at: None,
        }
    }

    #[tokio::test]
    async fn a_sessions_policies_are_those_of_its_role_wherever_its_path_leads() {
        const ROLE: &str =
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_1";
        let role = mock!(Client::get_role)
            .match_requests(|request| request.role_name() == Some("AWSReservedSSO_Ops_1"))
            .then_output(|| {
                let role = Role::builder()
                    .path("/aws-reserved/sso.amazonaws.com/")
                    .role_name("AWSReservedSSO_Ops_1")
                    .role_id("AROAEXAMPLE")
                    .arn(ROLE)
                    .create_date(DateTime::from_secs(0))
                    .build();
                GetRoleOutput::builder().set_role(role.ok()).build()
            });
        let iam = mocked!(aws_sdk_iam, [&role]);
        let session = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_1/mara";
        let of = async |arn| source(&iam, &caller(arn)).await;
        let role = of(session).await.expect("found");
        assert_eq!(role.as_deref(), Some(ROLE));
        let user = "arn:aws:iam::123456789012:user/ops";
        assert_eq!(of(user).await.expect("itself").as_deref(), Some(user));
        let root = of("arn:aws:iam::123456789012:root").await;
        assert_eq!(root.expect("nobody's policies"), None);
        let federated = of("arn:aws:sts::123456789012:federated-user/ops").await;
        assert_eq!(
            federated.expect_err("no policies").kind,
            ErrorKind::Unsupported
        );
    }

    #[test]
    fn an_answer_that_misses_context_is_none() {
        let result = |missing: &[&str]| {
            EvaluationResult::builder()
                .eval_action_name("ecs:UpdateService")
                .eval_decision(Decision::ImplicitDeny)
                .set_missing_context_values(Some(missing.iter().map(|&m| m.to_owned()).collect()))
                .build()
                .expect("built")
        };
        assert!(is_denied(&result(&[])));
        assert!(!is_denied(&result(&["aws:ResourceTag/team"])));
    }
}
