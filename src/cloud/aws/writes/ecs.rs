//! Changes of ECS services, tasks and task definitions.

use crate::{
    cloud::{
        Call, CallOutcome, Registration, Revision,
        aws::{failure::explain, raw::replace_body},
        call::Switch,
    },
    error::{Error, ErrorKind, Result},
};
use aws_sdk_ecs::{
    Client,
    types::{DeploymentLifecycleHookAction, Service, StopServiceDeploymentStopType},
};

/// Sets the desired count.
pub(super) async fn scale(
    ecs: &Client,
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
    let accepted = updated.map_or(count, Service::desired_count);
    Ok(CallOutcome {
        summary: format!("{service} is to run {accepted} tasks"),
        resource: updated.and_then(|s| s.service_arn().map(str::to_owned)),
        session: None,
    })
}

/// Starts a deployment of the same revision.
pub(super) async fn restart(
    ecs: &Client,
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
    let started = answer.service().and_then(primary);
    Ok(CallOutcome {
        summary: match started {
            Some(id) => format!("{service} is replacing its tasks: deployment {id}"),
            None => format!("{service} is replacing its tasks"),
        },
        resource: answer
            .service()
            .and_then(|s| s.service_arn().map(str::to_owned)),
        session: None,
    })
}

/// Switches ECS Exec and starts a deployment of the same revision, whose tasks have it or not.
pub(super) async fn switch_exec(
    ecs: &Client,
    call: &Call,
    cluster: &str,
    service: &str,
    to: Switch,
) -> Result<CallOutcome> {
    let answer = ecs
        .update_service()
        .cluster(cluster)
        .service(service)
        .enable_execute_command(to == Switch::Enabled)
        .force_new_deployment(true)
        .send()
        .await
        .map_err(|e| explain(call.action(), service, e))?;
    let updated = answer.service();
    Ok(CallOutcome {
        summary: match updated.and_then(primary) {
            Some(id) => format!("ECS Exec of {service} is {}: deployment {id}", to.word()),
            None => format!("ECS Exec of {service} is {}", to.word()),
        },
        resource: updated.and_then(|s| s.service_arn().map(str::to_owned)),
        session: None,
    })
}

/// Stops a task.
pub(super) async fn stop(
    ecs: &Client,
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
        session: None,
    })
}

/// Registers a revision. The document is sent as it is: fields that the SDK does not know would be lost in its types.
pub(in crate::cloud::aws) async fn register(
    ecs: &Client,
    call: &Call,
    registration: &Registration,
) -> Result<CallOutcome> {
    let family = &registration.family;
    let body = registration.document.registration().to_string();
    let answer = ecs
        .register_task_definition()
        .family(family)
        .customize()
        .mutate_request(move |request| replace_body(request, &body))
        .send()
        .await
        .map_err(|e| explain(call.action(), family, e))?;
    let registered = answer.task_definition();
    let arn = registered.and_then(|d| d.task_definition_arn());
    let (Some(registered), Some(arn)) = (registered, arn) else {
        // Without it another's revision of the family could be taken for this one.
        return Err(Error::new(
            ErrorKind::Service,
            format!("ECS does not say which revision of {family} it registered"),
        )
        .hint("look at the family's revisions before trying again"));
    };
    Ok(CallOutcome {
        summary: format!("{family}:{} is registered", registered.revision()),
        resource: Some(arn.to_owned()),
        session: None,
    })
}

/// Starts a deployment of another revision.
pub(super) async fn deploy(
    ecs: &Client,
    call: &Call,
    cluster: &str,
    service: &str,
    revision: &Revision,
) -> Result<CallOutcome> {
    let answer = ecs
        .update_service()
        .cluster(cluster)
        .service(service)
        .task_definition(revision.reference())
        .send()
        .await
        .map_err(|e| explain(call.action(), service, e))?;
    let updated = answer.service();
    Ok(CallOutcome {
        summary: match updated.and_then(primary) {
            Some(id) => format!(
                "{service} is deploying {}: deployment {id}",
                revision.reference()
            ),
            None => format!("{service} is deploying {}", revision.reference()),
        },
        resource: updated.and_then(|s| s.task_definition().map(str::to_owned)),
        session: None,
    })
}

/// The id of the newest deployment.
fn primary(service: &Service) -> Option<&str> {
    let mut deployments = service.deployments().iter();
    deployments.find(|d| d.status() == Some("PRIMARY"))?.id()
}

/// Stops a deployment and rolls it back.
pub(super) async fn stop_deployment(
    ecs: &Client,
    call: &Call,
    service: &str,
    deployment: &str,
) -> Result<CallOutcome> {
    let answer = ecs
        .stop_service_deployment()
        .service_deployment_arn(deployment)
        .stop_type(StopServiceDeploymentStopType::Rollback)
        .send()
        .await
        .map_err(|e| explain(call.action(), service, e))?;
    Ok(CallOutcome {
        summary: format!("the deployment of {service} is being rolled back"),
        resource: answer.service_deployment_arn().map(str::to_owned),
        session: None,
    })
}

/// Lets a deployment go on that pauses at a lifecycle hook.
pub(super) async fn continue_deployment(
    ecs: &Client,
    call: &Call,
    service: &str,
    deployment: &str,
    hook: &str,
) -> Result<CallOutcome> {
    let answer = ecs
        .continue_service_deployment()
        .service_deployment_arn(deployment)
        .hook_id(hook)
        .action(DeploymentLifecycleHookAction::Continue)
        .send()
        .await
        .map_err(|e| explain(call.action(), service, e))?;
    Ok(CallOutcome {
        summary: format!("the deployment of {service} goes on"),
        resource: answer.service_deployment_arn().map(str::to_owned),
        session: None,
    })
}

#[cfg(test)]
mod tests;
