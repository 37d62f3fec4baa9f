//! Calls about revisions and deployments, as ECS would take them.

use super::super::world::World;
use super::revision::arn;
use crate::{
    cloud::{Call, CallOutcome},
    error::{Error, ErrorKind, Result},
};
use std::sync::Arc;

/// Acts on the world.
///
/// # Errors
/// What ECS would say: a family or deployment that is not there, a deployment that cannot be stopped or does not pause.
pub fn execute(world: &mut World, call: &Call) -> Result<CallOutcome> {
    let now = world.at;
    let compute = &mut world.compute;
    match call {
        Call::RegisterRevision(registration) => {
            let document = &registration.document;
            let service = compute.of_family(document.family())?;
            let registered = service.register(document, &world.pushed, now);
            let name = registered.rsplit('/').next().unwrap_or_default();
            Ok(CallOutcome {
                summary: format!("{name} is registered"),
                resource: Some(registered),
                session: None,
            })
        }
        Call::DeployRevision {
            cluster,
            service,
            revision,
        } => {
            let number = compute.revision(revision.reference())?.number;
            let service = compute.service_mut(cluster, service)?;
            let found = service.revisions.iter().find(|r| r.number == number);
            let found = found.map(Arc::clone).ok_or_else(|| {
                Error::new(
                    ErrorKind::NotFound,
                    format!(
                        "ClientException: TaskDefinition not found: {}",
                        revision.reference()
                    ),
                )
                .hint("in the demo each family belongs to the service of its name")
            })?;
            let deployment = service.deploy(&found, now);
            let name = service.spec.name;
            Ok(CallOutcome {
                summary: format!("{name} is deploying {name}:{number}: deployment {deployment}"),
                resource: Some(arn(&service.spec, number)),
                session: None,
            })
        }
        Call::StopDeployment {
            service,
            deployment,
        } => {
            compute
                .of_family(service)?
                .stop_deployment(deployment, now)?;
            Ok(CallOutcome {
                summary: format!("the deployment of {service} is being rolled back"),
                resource: Some(deployment.clone()),
                session: None,
            })
        }
        Call::ContinueDeployment {
            service,
            deployment,
            hook,
        } => {
            compute.of_family(service)?.go_on(deployment, hook, now)?;
            Ok(CallOutcome {
                summary: format!("the deployment of {service} goes on"),
                resource: Some(deployment.clone()),
                session: None,
            })
        }
        _ => Err(Error::new(
            ErrorKind::Usage,
            format!("{} is no call about a deployment", call.action()),
        )),
    }
}
