//! Where ECS takes a variable's value from: a secret of Secrets Manager or a parameter of Systems Manager, by ARN.

use super::super::{CheckState, Desk, Plan};
use crate::error::{Error, ErrorKind, Result};

/// Splits `NAME=ARN`; what is no pair has no name, and its plan is refused.
#[must_use]
pub fn split(pair: &str) -> (String, String) {
    let (name, from) = pair.split_once('=').unwrap_or(("", pair));
    (name.to_owned(), from.to_owned())
}

/// Looks at the shape of a pair (ECS Developer Guide, "Pass Secrets Manager secrets" and "Pass Systems Manager parameters through Amazon ECS
/// environment variables"): `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`, where `:JSON-KEY:VERSION-STAGE:VERSION-ID` may follow, and
/// `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`.
///
/// # Errors
/// `Usage`, which does not repeat what was typed: it may be the secret itself.
pub(super) fn check(name: &str, from: &str) -> Result<()> {
    super::variable(&format!("{name}="))?;
    arn(name, from)
}

/// Looks at the shape of what `name` is to be filled from.
///
/// # Errors
/// `Usage`, which does not repeat what was typed: it may be the secret itself.
pub(super) fn arn(name: &str, from: &str) -> Result<()> {
    if is_arn(from) {
        return Ok(());
    }
    let what = format!("what {name} is to be filled from is no ARN of a secret or parameter");
    Err(Error::new(ErrorKind::Usage, what).hint(
        "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME is expected; what was typed is not repeated",
    ))
}

/// Whether it is the ARN of a secret or parameter as ECS takes it.
pub(in crate::op) fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts[..] else {
        return false;
    };
    let clean = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace());
    let place = ["aws", "aws-cn", "aws-us-gov"].contains(&partition)
        && clean(region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit());
    let named = match service {
        "secretsmanager" => resource.strip_prefix("secret:").is_some_and(|name| {
            clean(name) && !name.starts_with(':') && [0, 3].contains(&name.matches(':').count())
        }),
        "ssm" => resource
            .strip_prefix("parameter/")
            .is_some_and(|name| clean(name) && !name.contains(':')),
        _ => false,
    };
    place && named
}

/// Looks for secrets that a rollout adds.
pub(super) async fn added(mut plan: Plan, desk: &Desk<'_>, secrets: &[(String, String)]) -> Plan {
    for (name, from) in secrets {
        plan = looked(plan, desk, format!("secret of {name} exists"), from).await;
    }
    plan
}

/// Adds whether a secret or parameter is there. That the execution role may read it is not known before a task is started.
pub(in crate::op) async fn looked(
    plan: Plan,
    desk: &Desk<'_>,
    what: impl Into<String>,
    from: &str,
) -> Plan {
    let (state, found) = match desk.cloud.secret(from).await {
        Ok(()) => (
            CheckState::Passed,
            format!("{from}; the execution role has to be able to read it"),
        ),
        Err(error) if error.kind == ErrorKind::NotFound => (CheckState::Failed, error.message),
        Err(error) => (
            CheckState::Warned,
            format!(
                "not looked at: {}; the execution role has to be able to read it, or no task starts",
                error.message
            ),
        ),
    };
    plan.check(what, state, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_secrets_and_parameters_are_taken_and_nothing_else_is_or_is_repeated() {
        for good in [
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1B2c3",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1B2c3:password::",
            "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/shop/db",
        ] {
            assert!(check("KEY", good).is_ok(), "{good}");
        }
        for bad in [
            "hunter2",
            "",
            "arn:aws:s3:::hunter2",
            "arn:aws:secretsmanager:eu-west-1:123456789012:hunter2",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hunter2:password",
            "arn:aws:secretsmanager:eu-west-1:1234:secret:hunter2",
            "arn:aws:ssm:eu-west-1:123456789012:parameter/",
            "arn:aws:ssm:eu-west-1:123456789012:parameter/hunter2 x",
        ] {
            let error = check("KEY", bad).err().map(|e| format!("{e:?}"));
            assert!(error.is_some_and(|e| !e.contains("hunter2")), "{bad}");
        }
        assert!(check("", "arn:aws:ssm:eu-west-1:123456789012:parameter/a").is_err());
    }
}
