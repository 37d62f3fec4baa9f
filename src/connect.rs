//! From an environment to its cloud and its workshop, both guarded.

use crate::{
    audit::AuditLogs,
    cloud::{
        Cloud,
        aws::AwsCloud,
        guard::guarded,
        sim::{DemoEngine, SimCloud, SimOptions, components},
    },
    config::Surroundings,
    engine::{guard::Guard, workshop::Workshop},
    error::Result,
    model::{component::Component, environment::Environment},
};
use indexmap::IndexMap;
use std::sync::Arc;

/// An environment that was opened.
#[derive(Clone)]
pub struct Opened {
    /// Its cloud.
    pub cloud: Arc<dyn Cloud>,
    /// Where its images are built.
    pub workshop: Arc<Workshop>,
}

/// What is needed to open environments.
#[derive(Clone)]
pub struct Opener {
    /// How a simulated one runs.
    pub simulation: SimOptions,
    /// Where the audit logs are.
    pub audit_logs: AuditLogs,
    /// What is built into images.
    pub components: IndexMap<String, Component>,
    /// Variables, which say where the container engine is.
    pub around: Surroundings,
    /// Every environment: images are copied from one to another.
    pub environments: Vec<Environment>,
}

impl Opener {
    /// Opens `environment`: AWS and the machine's container engine, or a simulation of both where it is simulated. Makes no call and reads
    /// no file.
    #[must_use]
    pub fn open(&self, environment: &Environment) -> Opened {
        let simulated = environment
            .simulated
            .then(|| Arc::new(SimCloud::new(self.simulation.clone())));
        let cloud: Arc<dyn Cloud> = match &simulated {
            Some(cloud) => Arc::clone(cloud) as _,
            None => Arc::new(AwsCloud::new(environment.clone())),
        };
        let audit_log = self.audit_logs.of(environment);
        let guard = Guard::new(Arc::clone(&cloud), environment, audit_log.to_owned());
        let own = || self.components.clone();
        let workshop = match (simulated, self.simulation.engine) {
            (None, _) => Workshop::new(own(), &self.around, guard),
            (Some(cloud), DemoEngine::Simulated) => Workshop::simulated(cloud, components(), guard),
            (Some(cloud), DemoEngine::Machine) => {
                Workshop::rehearsed(cloud, own(), &self.around, guard)
            }
        };
        Opened {
            cloud: guarded(cloud, environment, audit_log.to_owned()),
            workshop: Arc::new(workshop.among(self.clone())),
        }
    }
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
