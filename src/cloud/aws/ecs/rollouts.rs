//! Service deployments: rollouts, what they went from and to, and how they ended.
//!
//! A rollout that has ended never changes and is kept, so that a calm service costs one list request a read.

use super::{explain, given, last_part, strategy_kind, text, timestamp, word};
use crate::{
    cloud::aws::{memo::Memo, parallel},
    error::Result,
    model::compute::{CircuitBreaker, Hook, Rollout},
};
use aws_sdk_ecs::{
    Client, operation::describe_service_revisions::DescribeServiceRevisionsOutput as Described,
    types,
};
use futures::future::try_join_all;
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

/// Rollouts that are kept of a service, and ARNs that `DescribeServiceDeployments` and `DescribeServiceRevisions` take in one call.
const ARNS_A_CALL: usize = 20;

/// Pages of 100 of the list: it covers 90 days in no documented order, so that the newest may be on any page.
const PAGES: usize = 10;

/// A service's rollouts, newest first, and why some of it is missing.
#[derive(Default)]
pub(super) struct Rollouts {
    rollouts: Vec<Rollout>,
    gap: Option<String>,
}

impl Rollouts {
    /// Gives the rollouts; what is missing becomes a gap.
    pub(super) fn take(self, gaps: &mut Vec<String>) -> Vec<Rollout> {
        gaps.extend(self.gap);
        self.rollouts
    }
}

/// Reads the newest rollouts of each service.
pub(super) async fn read(
    ecs: &Client,
    memo: &Memo,
    cluster: &str,
    services: &[String],
) -> HashMap<String, Rollouts> {
    let read = services.iter().map(|service| async move {
        let read = of_service(ecs, memo, cluster, service).await;
        let read = read.unwrap_or_else(|error| Rollouts {
            gap: Some(error.to_string()),
            ..Rollouts::default()
        });
        (service.clone(), read)
    });
    parallel::all(read.collect()).await.into_iter().collect()
}

async fn of_service(ecs: &Client, memo: &Memo, cluster: &str, service: &str) -> Result<Rollouts> {
    let arns = newest(ecs, cluster, service).await?;
    let mut rollouts = memo.ended_rollouts(service);
    rollouts.retain(|known| arns.contains(&known.arn));
    let unknown: Vec<String> = arns
        .into_iter()
        .filter(|arn| rollouts.iter().all(|known| known.arn != *arn))
        .collect();
    let mut gap = None;
    if !unknown.is_empty() {
        let found = describe(ecs, service, unknown).await?;
        let names = revision_names(ecs, service, &found)
            .await
            .unwrap_or_else(|error| {
                gap = Some(error.to_string());
                HashMap::new()
            });
        rollouts.extend(found.iter().map(|found| rollout(found, &names)));
    }
    rollouts.sort_by_key(|rollout| Reverse(rollout.created_at));
    if gap.is_none() {
        let ended = rollouts.iter().filter(|r| !r.in_progress()).cloned();
        memo.keep_ended_rollouts(service, ended.collect());
    }
    Ok(Rollouts { rollouts, gap })
}

/// ARNs of the newest service deployments.
async fn newest(ecs: &Client, cluster: &str, service: &str) -> Result<Vec<String>> {
    let mut found: Vec<types::ServiceDeploymentBrief> = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let page = ecs
            .list_service_deployments()
            .cluster(cluster)
            .service(service)
            .max_results(100)
            .set_next_token(token)
            .send()
            .await
            .map_err(|e| explain("ecs:ListServiceDeployments", service, e))?;
        found.extend(page.service_deployments.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    found.sort_by_key(|brief| Reverse(timestamp(brief.created_at())));
    Ok(found
        .into_iter()
        .take(ARNS_A_CALL)
        .filter_map(|brief| brief.service_deployment_arn)
        .collect())
}

async fn describe(
    ecs: &Client,
    service: &str,
    arns: Vec<String>,
) -> Result<Vec<types::ServiceDeployment>> {
    let answer = ecs
        .describe_service_deployments()
        .set_service_deployment_arns(Some(arns))
        .send()
        .await
        .map_err(|e| explain("ecs:DescribeServiceDeployments", service, e))?;
    Ok(answer.service_deployments.unwrap_or_default())
}

/// `family:revision` of each service revision that the deployments name.
async fn revision_names(
    ecs: &Client,
    service: &str,
    deployments: &[types::ServiceDeployment],
) -> Result<HashMap<String, String>> {
    let arns: BTreeSet<&str> = deployments
        .iter()
        .flat_map(|d| {
            d.source_service_revisions()
                .iter()
                .chain(d.target_service_revision())
        })
        .filter_map(types::ServiceRevisionSummary::arn)
        .collect();
    let arns: Vec<String> = arns.into_iter().map(str::to_owned).collect();
    let batches = arns.chunks(ARNS_A_CALL).map(|batch| async move {
        ecs.describe_service_revisions()
            .set_service_revision_arns(Some(batch.to_vec()))
            .send()
            .await
            .map_err(|e| explain("ecs:DescribeServiceRevisions", service, e))
    });
    Ok(try_join_all(batches.collect::<Vec<_>>())
        .await?
        .iter()
        .flat_map(Described::service_revisions)
        .filter_map(|revision| {
            let name = last_part(revision.task_definition()?).to_owned();
            Some((revision.service_revision_arn()?.to_owned(), name))
        })
        .collect())
}

fn rollout(found: &types::ServiceDeployment, names: &HashMap<String, String>) -> Rollout {
    let name = |summary: &types::ServiceRevisionSummary| names.get(summary.arn()?).cloned();
    let target = found.target_service_revision();
    Rollout {
        arn: text(found.service_deployment_arn()),
        status: word(found.status()).into(),
        reason: given(found.status_reason()),
        strategy: strategy_kind(found.deployment_configuration()),
        stage: found.lifecycle_stage().map(|s| s.as_str().to_owned()),
        target: target.and_then(name),
        sources: found
            .source_service_revisions()
            .iter()
            .filter_map(name)
            .collect(),
        target_tasks: target.map(|t| {
            (
                t.requested_task_count(),
                t.running_task_count(),
                t.pending_task_count(),
            )
        }),
        hooks: found.lifecycle_hook_details().iter().map(hook).collect(),
        circuit_breaker: found.deployment_circuit_breaker().map(|b| CircuitBreaker {
            status: word(b.status()),
            failures: b.failure_count(),
            threshold: b.threshold(),
        }),
        rollback_reason: found.rollback().and_then(|r| r.reason().map(str::to_owned)),
        created_at: timestamp(found.created_at()),
        started_at: timestamp(found.started_at()),
        finished_at: timestamp(found.finished_at().or(found.stopped_at())),
    }
}

fn hook(found: &types::DeploymentLifecycleHookDetail) -> Hook {
    let kind = found.target_type();
    let action = found.timeout_action();
    Hook {
        id: text(found.hook_id()),
        kind: kind.map_or_else(String::new, |k| k.as_str().to_owned()),
        status: word(found.status()).into(),
        expires_at: timestamp(found.expires_at()),
        on_timeout: action.map(|a| a.as_str().to_owned()),
    }
}
