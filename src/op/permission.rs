//! What the caller may do of a plan, asked of IAM before it is tried.

use super::{CheckState, Desk, Plan};
use crate::{
    cloud::{
        Call,
        call::{DatabaseCall, EdgeCall, SessionCall},
    },
    model::{identity::Identity, permission::Permission},
    observe::Observations,
};
use std::collections::{BTreeMap, BTreeSet};

/// The check.
const WHAT: &str = "permissions";

/// Adds what IAM's policy simulator says of the plan's calls. It warns: conditions, session policies and a resource's own policies may
/// decide otherwise.
pub(super) async fn check(plan: Plan, desk: &Desk<'_>) -> Plan {
    if plan.calls.is_empty() {
        return plan;
    }
    let identity = match desk.cloud.identity().await {
        Ok(identity) => identity,
        Err(error) => return unknown(plan, &error.message),
    };
    let asked: Vec<Permission> = plan
        .calls
        .iter()
        .filter_map(|call| Some(Permission::new(call.action(), arn(call, &identity)?)))
        .collect();
    if asked.is_empty() {
        return plan;
    }
    match desk.cloud.denied(&asked).await {
        Ok(denied) if denied.is_empty() => {
            let actions: Vec<&str> = asked.iter().map(|p| p.action.as_str()).collect();
            let found = format!("IAM denies none of {}", actions.join(", "));
            plan.check(WHAT, CheckState::Passed, found)
        }
        Ok(denied) => {
            let denied: Vec<String> = denied
                .iter()
                .map(|p| format!("{} on {}", p.action, p.resource))
                .collect();
            let found = format!("IAM's policy simulator denies {}", denied.join(", "));
            plan.check(WHAT, CheckState::Warned, found)
        }
        Err(error) => unknown(plan, &error.message),
    }
}

fn unknown(plan: Plan, why: &str) -> Plan {
    plan.check(
        WHAT,
        CheckState::Warned,
        format!("not known before it is tried: {why}"),
    )
}

/// The resource that IAM judges a call by, where its names tell it.
fn arn(call: &Call, identity: &Identity) -> Option<String> {
    let of = |service: &str, resource: &str| place(identity, service, resource);
    Some(match call {
        Call::ScaleService {
            cluster, service, ..
        }
        | Call::RestartService { cluster, service }
        | Call::SwitchExec {
            cluster, service, ..
        }
        | Call::DeployRevision {
            cluster, service, ..
        } => of("ecs", &format!("service/{cluster}/{service}")),
        Call::RegisterRevision(registration) => {
            of("ecs", &format!("task-definition/{}:*", registration.family))
        }
        Call::StopDeployment { deployment, .. } | Call::ContinueDeployment { deployment, .. } => {
            deployment.clone()
        }
        Call::StopTask { cluster, task, .. }
        | Call::Session(SessionCall::Shell { cluster, task, .. }) => of(
            "ecs",
            &format!("task/{cluster}/{}", task.rsplit('/').next().unwrap_or(task)),
        ),
        Call::SnapshotDatabase { database, .. }
        | Call::Database(
            DatabaseCall::ModifyDatabase { database, .. }
            | DatabaseCall::RebootDatabase { database, .. },
        ) => of("rds", &format!("db:{database}")),
        Call::Database(
            DatabaseCall::DeleteSnapshot { snapshot }
            | DatabaseCall::RestoreSnapshot { snapshot, .. },
        ) => of("rds", &format!("snapshot:{snapshot}")),
        Call::Database(DatabaseCall::RestoreToTime { source, .. }) => {
            of("rds", &format!("db:{source}"))
        }
        Call::Registry(call) => of("ecr", &format!("repository/{}", call.repository())),
        Call::Edge(EdgeCall::InvalidatePaths { distribution, .. }) => {
            let account = &identity.account;
            format!(
                "arn:{}:cloudfront::{account}:distribution/{distribution}",
                partition(identity)
            )
        }
        Call::Edge(EdgeCall::SwitchAlarm { alarm, region, .. }) => {
            let account = &identity.account;
            format!(
                "arn:{}:cloudwatch:{region}:{account}:alarm:{alarm}",
                partition(identity)
            )
        }
        // Their ARNs have ids that a call does not name, or their console names none.
        _ => return None,
    })
}

fn partition(identity: &Identity) -> &str {
    identity.arn.split(':').nth(1).unwrap_or("aws")
}

fn place(identity: &Identity, service: &str, resource: &str) -> String {
    format!(
        "arn:{}:{service}:{}:{}:{resource}",
        partition(identity),
        identity.region,
        identity.account
    )
}

/// What to ask once for the whole environment, so that actions which are denied are greyed before anybody tries them.
#[must_use]
pub fn questions(seen: &Observations) -> Vec<Permission> {
    const OF_SERVICES: [&str; 1] = ["ecs:UpdateService"];
    const OF_DATABASES: [&str; 3] = [
        "rds:CreateDBSnapshot",
        "rds:ModifyDBInstance",
        "rds:RebootDBInstance",
    ];
    let services = seen.compute().into_iter().flat_map(|c| &c.services);
    let services = services.map(|s| (&OF_SERVICES[..], s.arn.as_str()));
    let database = seen.database().map(|d| (&OF_DATABASES[..], d.arn.as_str()));
    let cdn = seen
        .cdn()
        .map(|c| (&["cloudfront:CreateInvalidation"][..], c.arn.as_str()));
    let waf = seen
        .waf()
        .map(|w| (&["wafv2:UpdateWebACL"][..], w.arn.as_str()));
    services
        .chain(database)
        .chain(cdn)
        .chain(waf)
        .filter(|(_, arn)| !arn.is_empty())
        .flat_map(|(actions, arn)| {
            actions
                .iter()
                .map(move |action| Permission::new(*action, arn))
        })
        .collect()
}

/// The actions that are denied on everything they were asked about.
#[must_use]
pub fn denied_everywhere(asked: &[Permission], denied: &[Permission]) -> BTreeSet<String> {
    let mut open: BTreeMap<&str, bool> = BTreeMap::new();
    for permission in asked {
        *open.entry(&permission.action).or_default() |= !denied.contains(permission);
    }
    let closed = open.into_iter().filter(|(_, open)| !open);
    closed.map(|(action, _)| action.to_owned()).collect()
}
