//! Whether the secrets and parameters are there that tasks are to get values from. What is in them is never read.

use super::{client::Clients, elsewhere::Request};
use crate::error::{Error, ErrorKind, Result};
use serde_json::{Value, json};

/// Looks for the secret or parameter behind an ARN as ECS takes it.
///
/// # Errors
/// `NotFound` for one that is not there or is to be deleted, `Unsupported` for one of another region, what AWS answered otherwise.
pub(super) async fn look(clients: &Clients, from: &str) -> Result<()> {
    let parts: Vec<&str> = from.splitn(6, ':').collect();
    let [_, _, service, region, _, resource] = parts[..] else {
        let what = format!("{from} is no ARN of a secret or parameter");
        return Err(Error::new(ErrorKind::Usage, what));
    };
    if region != clients.secrets.region {
        let what = format!("{from} is of another region");
        return Err(Error::new(ErrorKind::Unsupported, what));
    }
    if service == "ssm" {
        parameter(clients, from, resource.trim_start_matches("parameter")).await
    } else {
        secret(clients, from).await
    }
}

/// `secretsmanager:DescribeSecret`. What follows the name in an ARN of ECS is which part of the secret is meant.
async fn secret(clients: &Clients, from: &str) -> Result<()> {
    let arn: Vec<&str> = from.splitn(8, ':').take(7).collect();
    let answer = clients.secrets.ask(
        &clients.ecs,
        Request {
            operation: "DescribeSecret",
            action: "secretsmanager:DescribeSecret",
            resource: from,
            body: json!({ "SecretId": arn.join(":") }).to_string(),
        },
    );
    let answer: Value = serde_json::from_slice(&answer.await?).unwrap_or_default();
    match answer.get("DeletedDate") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => {
            let what = format!("{from} is scheduled for deletion: nothing can read it");
            Err(Error::new(ErrorKind::NotFound, what)
                .hint("`aws secretsmanager restore-secret` brings it back"))
        }
    }
}

/// `ssm:DescribeParameters`. An ARN has one slash before a name, whether the name itself begins with one or not.
async fn parameter(clients: &Clients, from: &str, name: &str) -> Result<()> {
    let plain = name.trim_start_matches('/');
    let name = if plain.contains('/') { name } else { plain };
    let filter = json!({ "Key": "Name", "Option": "Equals", "Values": [name] });
    let answer = clients.ssm.ask(
        &clients.ecs,
        Request {
            operation: "DescribeParameters",
            action: "ssm:DescribeParameters",
            resource: from,
            body: json!({ "ParameterFilters": [filter] }).to_string(),
        },
    );
    let answer: Value = serde_json::from_slice(&answer.await?).unwrap_or_default();
    match answer["Parameters"].as_array() {
        Some(found) if !found.is_empty() => Ok(()),
        _ => {
            let what = format!("there is no {from}");
            Err(Error::new(ErrorKind::NotFound, what)
                .hint("make it, or name another: no task starts without it"))
        }
    }
}
