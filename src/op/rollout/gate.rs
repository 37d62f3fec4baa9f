//! What has to be in order before new tasks are started: what they read at their start, where they log, and room for them.

use super::{
    super::{CheckState, Desk, Plan},
    secret,
};
use crate::{
    error::ErrorKind,
    format,
    model::{Snapshot, Tier, compute::Service, log::LogQuery},
};
use jiff::SignedDuration;

/// Adds the checks that do not depend on what changes.
pub(super) async fn check(plan: Plan, desk: &Desk<'_>, service: &Service) -> Plan {
    let plan = secrets(plan, desk, service).await;
    let plan = log_groups(plan, desk, service).await;
    addresses(plan, desk, service).await
}

/// Secrets are those of the revision that runs: tasks that started with them are the proof. Where none runs, they are looked for.
async fn secrets(mut plan: Plan, desk: &Desk<'_>, service: &Service) -> Plan {
    let containers = service.task_definition.iter().flat_map(|d| &d.containers);
    let secrets: Vec<&String> = containers
        .flat_map(|c| c.secrets.iter().map(|(_, from)| from))
        .collect();
    let what = "secrets exist";
    if secrets.is_empty() {
        return plan;
    }
    if service.running > 0 {
        let count = format::count(secrets.len(), "secret");
        let found = format!("{count}, the same that running tasks were started with");
        return plan.check(what, CheckState::Passed, found);
    }
    for from in secrets {
        plan = secret::looked(plan, desk, what, from).await;
    }
    plan
}

async fn log_groups(mut plan: Plan, desk: &Desk<'_>, service: &Service) -> Plan {
    let containers = service.task_definition.iter().flat_map(|d| &d.containers);
    let mut groups: Vec<&String> = containers.filter_map(|c| c.log_group.as_ref()).collect();
    groups.dedup();
    let now = desk.now();
    for group in groups {
        let query = LogQuery {
            groups: vec![group.clone()],
            stream: None,
            from: now - SignedDuration::from_secs(1),
            to: now,
            pattern: String::new(),
            limit: 1,
        };
        let (state, found) = match desk.cloud.logs(&query).await {
            Ok(_) => (CheckState::Passed, group.clone()),
            Err(error) if error.kind == ErrorKind::NotFound => {
                (CheckState::Failed, format!("there is no {group}"))
            }
            Err(error) => (
                CheckState::Warned,
                format!("{group} not looked at: {error}"),
            ),
        };
        plan = plan.check("log group exists", state, found);
    }
    plan
}

/// A deployment starts as many tasks more as the maximum percent lets it, each with an address of its own.
async fn addresses(plan: Plan, desk: &Desk<'_>, service: &Service) -> Plan {
    let what = "subnets have free addresses";
    let most = service.strategy.maximum_percent.unwrap_or(200).max(100);
    let more = i64::from(service.desired) * i64::from(most - 100) / 100;
    let network = match desk.cloud.read(Tier::Network).await {
        Ok(Snapshot::Network(network)) => network,
        Ok(_) => return plan.check(what, CheckState::Warned, "not looked at"),
        Err(error) => {
            return plan.check(what, CheckState::Warned, format!("not looked at: {error}"));
        }
    };
    let own = network
        .subnets
        .iter()
        .filter(|s| service.subnets.contains(&s.id));
    let free: Vec<i64> = own.map(|subnet| i64::from(subnet.free_addresses)).collect();
    let Some(fewest) = free.iter().min() else {
        return plan.check(
            what,
            CheckState::Warned,
            "not looked at: its subnets are not known",
        );
    };
    let all: i64 = free.iter().sum();
    let found = format!(
        "{all} in {}; up to {} start beside the old ones",
        format::count(free.len(), "subnet"),
        format::count(more, "task")
    );
    if all < more {
        plan.check(what, CheckState::Failed, found)
    } else if *fewest == 0 {
        let found = format!("{found}, and one subnet is full");
        plan.check(what, CheckState::Warned, found)
    } else {
        plan.check(what, CheckState::Passed, found)
    }
}
