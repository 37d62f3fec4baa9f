//! Goes back: stops a deployment that is under way, or deploys an earlier revision.

mod earlier;

use super::{
    CheckState, Desk, Goal, Operation, Plan, Request, Risk, Undo,
    desk::{IDLE, service},
    form::{Form, Kind},
    revision::{Deploying, differences},
};
use crate::{
    cloud::{Call, Revision},
    error::{Error, ErrorKind, Result},
    model::compute::{Rollout, Service},
};
use async_trait::async_trait;
use serde::Serialize;

/// Rolls a service back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RollBack {
    /// Service.
    pub service: String,
    /// `family:revision`, or the revision alone; `None` stops the deployment that is under way, or else goes to the last one that
    /// completed.
    pub to: Option<String>,
}

#[async_trait]
impl Operation for RollBack {
    fn name(&self) -> &'static str {
        "rollback"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:UpdateService", "ecs:StopServiceDeployment"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        if self.to.is_some() || under_way(service).is_some() {
            return Ok(None);
        }
        let choices = earlier::choices(desk, service).await;
        let Some(last) = earlier::last_good(service) else {
            return Err(nowhere(service));
        };
        let form = Form::new(format!("Roll {} back", service.name)).note(format!(
            "{} runs now. Revisions that are not listed: `hydren rollback {} --to N`.",
            service
                .deployments
                .first()
                .map_or("nothing", |d| &d.revision),
            service.name
        ));
        let help = "↑/↓ chooses; newest first";
        Ok(Some(form.field(
            "to",
            "To",
            Kind::OneOf(choices),
            last.as_str(),
            help,
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        Ok(Self {
            to: Some(form.value("to")?),
            ..self.clone()
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let before = desk.running(service).await?;
        if let (None, Some(rollout)) = (&self.to, under_way(service)) {
            return self.stop(desk, service, rollout).await;
        }
        let to = match &self.to {
            Some(to) => earlier::named(before.family(), to)?,
            None => earlier::last_good(service).ok_or_else(|| nowhere(service))?,
        };
        let after = desk.cloud.task_document(&to).await?;
        let deploying = Deploying {
            desk,
            service,
            before: &before,
            after: &after,
            revision: Some(to.clone()),
        };
        let mut plan = deploying.plan(self.clone(), format!("Roll {} back to {to}", service.name));
        plan.stays = vec!["desired count; both revisions stay registered".to_owned()];
        // A deployment that fails is what one goes back from; it must not be in the way.
        for check in &mut plan.checks {
            if check.what == IDLE && check.state == CheckState::Failed {
                check.state = CheckState::Warned;
                "one is in progress: this one takes its place".clone_into(&mut check.found);
            }
        }
        let active = after.status() == "ACTIVE";
        plan = plan.check(
            "the revision can be deployed",
            if active {
                CheckState::Passed
            } else {
                CheckState::Failed
            },
            format!("{to} is {}", after.status()),
        );
        if let Some(history) = earlier::history(service, &to) {
            plan = plan.check("it ran before", history.state(), history.says());
        } else {
            let found = "no deployment of it is known: ECS remembers those of 90 days";
            plan = plan.check("it ran before", CheckState::Warned, found);
        }
        if to == before.name() {
            return Ok(plan);
        }
        Ok(plan.call(Call::DeployRevision {
            cluster: compute.cluster.name.clone(),
            service: service.name.clone(),
            revision: Revision::Named(to),
        }))
    }
}

impl RollBack {
    /// The plan that stops a deployment which is under way.
    async fn stop(&self, desk: &Desk<'_>, service: &Service, rollout: &Rollout) -> Result<Plan> {
        let name = &service.name;
        let target = rollout
            .target
            .clone()
            .unwrap_or_else(|| "a revision".to_owned());
        let source = earlier::source(service, rollout);
        let goal = Goal::RolledBack {
            service: name.clone(),
            deployment: rollout.arn.clone(),
        };
        let title = format!("Roll {name} back: stop the deployment of {target}");
        let mut plan = Plan::new(self.clone(), title, name, goal, desk.now())
            .rests_on("deployment", rollout.arn.as_str())
            .stays("desired count; both revisions stay registered")
            .risk(
                Risk::Disruptive,
                format!("tasks of {target} are stopped; requests of theirs are drained first"),
            )
            .takes(60, 300, 1_800)
            .call(Call::StopDeployment {
                service: name.clone(),
                deployment: rollout.arn.clone(),
            });
        plan = match &rollout.target {
            Some(target) => plan.undo(Undo::By(
                Box::new(
                    Self {
                        service: name.clone(),
                        to: Some(target.clone()),
                    }
                    .into(),
                ),
                format!("deploy {target} again"),
            )),
            None => plan.undo(Undo::Impossible("roll the revision out again".to_owned())),
        };
        let what = "there is a revision to go back to";
        let Some(source) = source else {
            let found = "no completed deployment is known: deploy a revision that works instead";
            return Ok(plan.check(what, CheckState::Failed, found));
        };
        if target == source {
            plan = plan.removes("deployment", "the one under way");
        } else {
            let before = desk.cloud.task_document(&target).await?;
            let after = desk.cloud.task_document(&source).await?;
            plan = plan.change("revision", target.as_str(), source.as_str());
            plan.changes.extend(differences(&before, &after));
        }
        let own =
            ["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"].contains(&service.strategy.kind.as_str());
        Ok(if own {
            plan.check(what, CheckState::Passed, source)
        } else {
            let found = format!(
                "{} deploys this service: roll back there",
                service.strategy.kind
            );
            plan.check("ECS itself deploys", CheckState::Failed, found)
        })
    }
}

/// The deployment that is under way and not being rolled back already.
pub(super) fn under_way(service: &Service) -> Option<&Rollout> {
    use crate::model::state::RolloutStatus::{InProgress, Pending};
    let going = |r: &&Rollout| matches!(r.status, Pending | InProgress);
    service.rollouts.iter().find(going)
}

fn nowhere(service: &Service) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "no earlier revision of {} is known to have completed",
            service.name
        ),
    )
    .hint(format!(
        "name one: hydren rollback {} --to REVISION",
        service.name
    ))
}

/// The request that helps a rollout which is failing.
#[must_use]
pub(super) fn remedy(service: &str) -> Request {
    RollBack {
        service: service.to_owned(),
        to: None,
    }
    .into()
}
