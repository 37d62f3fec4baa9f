//! Lets a deployment go on that waits at a pause hook: blue/green, linear and canary deployments can be told to ask.

use super::{
    CheckState, Desk, Goal, Operation, Plan, Request, Risk, Undo,
    desk::service,
    goal::{Rollout, left},
    rollback,
};
use crate::{
    cloud::Call,
    error::{Error, ErrorKind, Result},
};
use async_trait::async_trait;
use serde::Serialize;

/// Lets the deployment of a service go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContinueDeployment {
    /// Service.
    pub service: String,
}

#[async_trait]
impl Operation for ContinueDeployment {
    fn name(&self) -> &'static str {
        "continue"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:ContinueServiceDeployment"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let name = &service.name;
        let waits = service.rollouts.iter().find_map(|r| Some((r, r.paused()?)));
        let Some((rollout, hook)) = waits else {
            let what = match rollback::under_way(service) {
                Some(_) => format!("the deployment of {name} waits at no pause hook"),
                None => format!("no deployment of {name} is under way"),
            };
            return Err(Error::new(ErrorKind::Conflict, what).hint(
                "there is nothing to let go on; the rollouts of the services screen show the stage",
            ));
        };
        let target = rollout.target.as_deref().unwrap_or("the new revision");
        let stage = rollout.stage.as_deref().unwrap_or("a stage");
        let goal = Goal::Rollout(Rollout {
            service: name.clone(),
            revision: rollout.target.clone(),
            before: None,
            deployment: Some(rollout.arn.clone()),
        });
        let title = format!("Let the deployment of {target} to {name} go on");
        let healthy = service.deployments.first();
        let running = healthy.map_or(0, |d| d.running);
        let desired = healthy.map_or(0, |d| d.desired);
        let bake = service
            .strategy
            .bake_minutes
            .map_or_else(String::new, |minutes| {
                format!(", then both revisions stay up for {minutes} min")
            });
        let undo: Request = super::RollBack {
            service: name.clone(),
            to: None,
        }
        .into();
        Ok(Plan::new(self.clone(), title, name, goal, desk.now())
            .change(
                "deployment",
                format!("paused at {stage}").as_str(),
                format!("goes on{bake}").as_str(),
            )
            .stays("revision, desired count and deployment settings")
            .rests_on("deployment", rollout.arn.as_str())
            .rests_on("hook", hook.id.as_str())
            .check(
                "without a decision",
                CheckState::Passed,
                left(hook, desk.now()),
            )
            .check(
                "its tasks run",
                if running >= desired {
                    CheckState::Passed
                } else {
                    CheckState::Warned
                },
                format!("{running} of {desired} of {target}"),
            )
            .risk(
                Risk::Disruptive,
                format!(
                    "{target} gets users' requests, as far as its strategy ({}) says",
                    rollout.strategy
                ),
            )
            .undo(Undo::By(
                Box::new(undo),
                format!("roll {name} back: stop the deployment while it is under way, go to the revision before afterwards"),
            ))
            .takes(60, 600, 3_600)
            .call(Call::ContinueDeployment {
                service: name.clone(),
                deployment: rollout.arn.clone(),
                hook: hook.id.clone(),
            }))
    }
}
