//! From an environment to its cloud, guarded.

use crate::{
    cloud::{
        Cloud,
        aws::AwsCloud,
        guard::guarded,
        sim::{SimCloud, SimOptions},
    },
    config::Paths,
    error::Result,
    model::environment::Environment,
};
use std::sync::Arc;

/// Opens the cloud of `environment`: the simulation run by `simulation` where it is simulated, AWS otherwise. Makes no call and reads
/// no file.
#[must_use]
pub fn connect(
    environment: &Environment,
    simulation: &SimOptions,
    paths: &Paths,
) -> Arc<dyn Cloud> {
    let cloud: Arc<dyn Cloud> = if environment.simulated {
        Arc::new(SimCloud::new(simulation.clone()))
    } else {
        Arc::new(AwsCloud::new(environment.clone()))
    };
    guarded(
        cloud,
        environment,
        paths.audit_logs.of(environment).to_owned(),
    )
}

/// Fills in the region that neither flags, variables nor files gave, from the AWS profile or the instance.
///
/// # Errors
/// There is none either, or the AWS configuration cannot be read.
pub async fn locate(mut environment: Environment) -> Result<Environment> {
    if environment.region.is_empty() {
        environment.region = AwsCloud::new(environment.clone()).region().await?;
    }
    Ok(environment)
}
