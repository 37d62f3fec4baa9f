//! What a component's service runs now: what an image is tried by, and built for.

use super::super::{CheckState, Desk, Plan, desk::service, rollout};
use crate::{
    engine::{order::Runs, trial::TrialPlan},
    error::{Error, ErrorKind, Result},
    model::{
        component::Component,
        compute::{Compute, Service},
        image::{EcrRepository, split},
        task_document::TaskDocument,
    },
};
use std::sync::Arc;

/// What runs, as far as it could be read.
pub(super) struct Task {
    /// The cluster.
    pub(super) compute: Result<Arc<Compute>>,
    /// Repository and platform of what runs.
    pub(super) runs: Runs,
    /// The task definition of the newest deployment.
    document: Result<TaskDocument>,
    /// The container that runs the component's image.
    pub(super) container: Option<String>,
    /// The path that the target group asks for.
    health: Option<String>,
}

impl Task {
    /// Reads what the service of `component` runs. What cannot be read is said where it is missed.
    pub(super) async fn read(desk: &Desk<'_>, component: &Component) -> Self {
        let (compute, balancer) = futures::join!(desk.compute(), desk.balancer());
        let mut task = Self {
            runs: compute
                .as_deref()
                .map(|compute| Runs::of(compute, &component.service))
                .unwrap_or_default(),
            compute,
            document: Err(Error::new(ErrorKind::NotFound, "it was never deployed")),
            container: None,
            health: None,
        };
        let Ok(compute) = task.compute.clone() else {
            task.document =
                Err(task.compute.as_ref().err().cloned().unwrap_or_else(|| {
                    Error::new(ErrorKind::NotFound, "its cluster is not known")
                }));
            return task;
        };
        let service = match service(&compute, &component.service) {
            Ok(service) => service,
            Err(error) => {
                task.document = Err(error);
                return task;
            }
        };
        task.document = desk.running(service).await;
        if let Ok(document) = &task.document {
            task.container = container(component, service, document);
        }
        if let Ok(balancer) = balancer {
            let own = |arn: &str| {
                service
                    .load_balancers
                    .iter()
                    .any(|b| b.target_group_arn == arn)
            };
            let group = balancer.target_groups.iter().find(|g| own(&g.arn));
            let path = group.map(|group| group.health_check.path.clone());
            task.health = path.filter(|path| path.starts_with('/'));
        }
        task
    }

    /// How `image` is tried.
    pub(super) fn trial(&self, component: &Component, image: &str) -> TrialPlan {
        let run = self.document.as_ref().ok().zip(self.container.as_ref());
        let run = run.and_then(|(document, container)| document.run(container));
        TrialPlan::new(component, image, run, self.health.as_deref())
    }

    /// Adds how tasks get at an image that is not in ECR: Fargate logs in by a secret of its own.
    pub(super) async fn pulls(&self, plan: Plan, desk: &Desk<'_>, reference: &str) -> Plan {
        let (name, _) = split(reference);
        let (Ok(document), Some(container)) = (&self.document, &self.container) else {
            return plan;
        };
        if EcrRepository::parse(name).is_some() {
            return plan;
        }
        match document.pull_secret(container) {
            Some(secret) => rollout::secret::looked(plan, desk, rollout::PULLS, secret).await,
            None => plan.check(
                rollout::PULLS,
                CheckState::Warned,
                "without a login, so that the image has to be public: a private one needs --pull-secret (docs/images.md)",
            ),
        }
    }
}

/// The container whose image is of the component's repository, else the one that a rollout takes by itself.
fn container(component: &Component, service: &Service, document: &TaskDocument) -> Option<String> {
    let names = document.containers();
    let of = |name: &&&str| {
        let image = document.image(name).map(|image| split(image).0);
        image.is_some() && image == component.repository.as_deref()
    };
    match names.iter().find(of) {
        Some(name) => Some((*name).to_owned()),
        None => rollout::container(None, service, document).ok(),
    }
}

/// Adds what is known of a trial beforehand.
pub(super) fn checked(plan: Plan, trial: &TrialPlan, task: &Task) -> Plan {
    let mut plan = plan;
    if let Err(error) = &task.document {
        let found = format!(
            "what the service runs is not known ({}): the image's own command is tried",
            error.message
        );
        plan = plan.check("tried as its task", CheckState::Warned, found);
    }
    if trial.missing.is_empty() {
        return plan;
    }
    let found = format!(
        "{}: tasks have it from secrets, which are not fetched; give values for this machine under `environment` of the component",
        trial.missing.join(", ")
    );
    plan.check("variables of the trial", CheckState::Warned, found)
}
