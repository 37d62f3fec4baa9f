//! Writes: one SDK call for each [`Call`].

mod edge;
mod rds;

use super::{AwsCloud, failure::explain};
use crate::{
    cloud::{Call, CallOutcome},
    error::{Error, ErrorKind, Result},
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
        } => scale(&clients.ecs, call, cluster, service, *desired).await,
        Call::RestartService { cluster, service } => {
            restart(&clients.ecs, call, cluster, service).await
        }
        Call::StopTask {
            cluster,
            task,
            reason,
        } => stop(&clients.ecs, call, cluster, task, reason).await,
        Call::SnapshotDatabase { database, snapshot } => {
            snapshot_database(&clients.rds, call, database, snapshot).await
        }
        Call::Edge(call) => edge::execute(aws, call).await,
        Call::Database(call) => rds::execute(&clients.rds, call).await,
    }
}

async fn scale(
    ecs: &aws_sdk_ecs::Client,
    call: &Call,
    cluster: &str,
    service: &str,
    desired: u32,
) -> Result<CallOutcome> {
    let count = i32::try_from(desired).map_err(|e| {
        Error::new(
            ErrorKind::Usage,
            format!("{service} cannot have {desired} tasks"),
        )
        .hint("ECS runs at most 5,000 tasks a service")
        .source(e)
    })?;
    let answer = ecs
        .update_service()
        .cluster(cluster)
        .service(service)
        .desired_count(count)
        .send()
        .await
        .map_err(|e| explain(call.action(), service, e))?;
    let updated = answer.service();
    let accepted = updated.map_or(count, aws_sdk_ecs::types::Service::desired_count);
    Ok(CallOutcome {
        summary: format!("{service} is to run {accepted} tasks"),
        resource: updated.and_then(|s| s.service_arn().map(str::to_owned)),
    })
}

async fn restart(
    ecs: &aws_sdk_ecs::Client,
    call: &Call,
    cluster: &str,
    service: &str,
) -> Result<CallOutcome> {
    let answer = ecs
        .update_service()
        .cluster(cluster)
        .service(service)
        .force_new_deployment(true)
        .send()
        .await
        .map_err(|e| explain(call.action(), service, e))?;
    let started = answer
        .service()
        .and_then(|s| {
            s.deployments()
                .iter()
                .find(|d| d.status() == Some("PRIMARY"))
        })
        .and_then(|deployment| deployment.id());
    Ok(CallOutcome {
        summary: match started {
            Some(id) => format!("{service} is replacing its tasks: deployment {id}"),
            None => format!("{service} is replacing its tasks"),
        },
        resource: answer
            .service()
            .and_then(|s| s.service_arn().map(str::to_owned)),
    })
}

async fn stop(
    ecs: &aws_sdk_ecs::Client,
    call: &Call,
    cluster: &str,
    task: &str,
    reason: &str,
) -> Result<CallOutcome> {
    let answer = ecs
        .stop_task()
        .cluster(cluster)
        .task(task)
        .reason(reason)
        .send()
        .await
        .map_err(|e| explain(call.action(), task, e))?;
    let id = task.rsplit('/').next().unwrap_or(task);
    Ok(CallOutcome {
        summary: format!("task {id} is stopping"),
        resource: answer.task().and_then(|t| t.task_arn().map(str::to_owned)),
    })
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_ecs::{
        Client,
        operation::{stop_task::StopTaskOutput, update_service::UpdateServiceOutput},
        types,
    };
    use aws_smithy_mocks::mock;

    fn scale_call() -> Call {
        Call::ScaleService {
            cluster: "app".to_owned(),
            service: "backend".to_owned(),
            desired: 3,
        }
    }

    #[tokio::test]
    async fn scaling_changes_the_desired_count_and_starts_no_deployment() {
        let rule = mock!(Client::update_service)
            .match_requests(|request| {
                request.desired_count() == Some(3) && request.force_new_deployment().is_none()
            })
            .then_output(|| {
                let service = types::Service::builder()
                    .service_arn("arn:backend")
                    .desired_count(3)
                    .build();
                UpdateServiceOutput::builder().service(service).build()
            });
        let ecs = mocked!(aws_sdk_ecs, [&rule]);
        let outcome = scale(&ecs, &scale_call(), "app", "backend", 3)
            .await
            .expect("accepted");
        assert_eq!(outcome.summary, "backend is to run 3 tasks");
        assert_eq!(outcome.resource.as_deref(), Some("arn:backend"));
    }

    #[tokio::test]
    async fn a_restart_keeps_the_desired_count_and_names_its_deployment() {
        let rule = mock!(Client::update_service)
            .match_requests(|request| {
                request.force_new_deployment() == Some(true) && request.desired_count().is_none()
            })
            .then_output(|| {
                let deployment = types::Deployment::builder()
                    .status("PRIMARY")
                    .id("ecs-svc/7")
                    .build();
                let service = types::Service::builder().deployments(deployment).build();
                UpdateServiceOutput::builder().service(service).build()
            });
        let ecs = mocked!(aws_sdk_ecs, [&rule]);
        let outcome = restart(&ecs, &scale_call(), "app", "backend")
            .await
            .expect("accepted");
        assert_eq!(
            outcome.summary,
            "backend is replacing its tasks: deployment ecs-svc/7"
        );
    }

    #[tokio::test]
    async fn a_task_is_stopped_with_its_reason() {
        let rule = mock!(Client::stop_task)
            .match_requests(|request| request.reason() == Some("stuck"))
            .then_output(|| StopTaskOutput::builder().build());
        let ecs = mocked!(aws_sdk_ecs, [&rule]);
        let outcome = stop(&ecs, &scale_call(), "app", "arn:x:task/app/9f2c", "stuck")
            .await
            .expect("accepted");
        assert_eq!(outcome.summary, "task 9f2c is stopping");
    }
}
