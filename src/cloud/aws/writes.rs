//! Writes: one SDK call for each [`Call`], in the file of its service.

pub(super) mod ecs;

mod autoscaling;
mod ecr;
mod edge;
mod rds;
pub(super) mod session;
mod waf;

use super::{AwsCloud, failure::explain};
use crate::{
    cloud::{Call, CallOutcome},
    error::Result,
};

/// Executes one call.
///
/// # Errors
/// What AWS answered; `Usage` for a desired count beyond what the API can hold.
pub(super) async fn execute(aws: &AwsCloud, call: &Call) -> Result<CallOutcome> {
    let clients = aws.clients().await?;
    match call {
        Call::ScaleService {
            cluster,
            service,
            desired,
        } => ecs::scale(&clients.ecs, call, cluster, service, *desired).await,
        Call::RestartService { cluster, service } => {
            ecs::restart(&clients.ecs, call, cluster, service).await
        }
        Call::StopTask {
            cluster,
            task,
            reason,
        } => ecs::stop(&clients.ecs, call, cluster, task, reason).await,
        Call::SnapshotDatabase { database, snapshot } => {
            snapshot_database(&clients.rds, call, database, snapshot).await
        }
        Call::SwitchExec {
            cluster,
            service,
            to,
        } => ecs::switch_exec(&clients.ecs, call, cluster, service, *to).await,
        Call::Session(call) => session::open(clients, &aws.environment, call).await,
        Call::Registry(call) => ecr::execute(&clients.ecr, call).await,
        Call::Edge(call) => edge::execute(aws, call).await,
        Call::RegisterRevision(registration) => {
            ecs::register(&clients.ecs, call, registration).await
        }
        Call::DeployRevision {
            cluster,
            service,
            revision,
        } => ecs::deploy(&clients.ecs, call, cluster, service, revision).await,
        Call::StopDeployment {
            service,
            deployment,
        } => ecs::stop_deployment(&clients.ecs, call, service, deployment).await,
        Call::ContinueDeployment {
            service,
            deployment,
            hook,
        } => ecs::continue_deployment(&clients.ecs, call, service, deployment, hook).await,
        Call::Database(call) => rds::execute(&clients.rds, call).await,
        Call::Scaling(call) => autoscaling::execute(&clients.autoscaling, call).await,
    }
}

async fn snapshot_database(
    rds: &aws_sdk_rds::Client,
    call: &Call,
    database: &str,
    snapshot: &str,
) -> Result<CallOutcome> {
    let answer = rds
        .create_db_snapshot()
        .db_instance_identifier(database)
        .db_snapshot_identifier(snapshot)
        .send()
        .await
        .map_err(|e| explain(call.action(), database, e))?;
    let made = answer.db_snapshot();
    let status = made.and_then(|s| s.status()).unwrap_or("requested");
    Ok(CallOutcome {
        summary: format!("snapshot {snapshot} of {database} is {status}"),
        resource: made.and_then(|s| s.db_snapshot_arn().map(str::to_owned)),
        session: None,
    })
}
