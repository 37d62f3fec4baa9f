//! Sets how many tasks a service runs.

use super::{
    CheckState, Cost, Desk, Goal, Operation, Plan, Request, Risk, Undo,
    desk::service,
    form::{Form, Kind},
};
use crate::{
    cloud::Call,
    error::{Error, ErrorKind, Result},
    format,
    model::compute::Rollout,
};
use async_trait::async_trait;
use serde::Serialize;

/// Tasks that a service may have (ECS service quotas, tasks per service).
pub const MOST: i32 = 5_000;

/// Sets the desired count of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scale {
    /// Service.
    pub service: String,
    /// Tasks wanted; `None` asks.
    pub desired: Option<i32>,
}

#[async_trait]
impl Operation for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:UpdateService"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.desired.is_some() {
            return Ok(None);
        }
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let mut form = Form::new(format!("Scale {}", service.name));
        if let Some(scaling) = &service.autoscaling {
            form = form.note(format!(
                "Autoscaling keeps it between {} and {} and may change it again.",
                scaling.min, scaling.max
            ));
        }
        let help = format!(
            "{} wanted, {} running now",
            service.desired, service.running
        );
        Ok(Some(form.field(
            "desired",
            "Tasks",
            Kind::Number(0, MOST.into()),
            service.desired,
            help,
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        Ok(Self {
            desired: Some(form.value("desired")?),
            ..self.clone()
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let desired = self.desired.unwrap_or(service.desired);
        if !(0..=MOST).contains(&desired) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("{} cannot run {desired} tasks", service.name),
            )
            .hint(format!("a number from 0 to {MOST} is expected")));
        }
        let goal = Goal::Running {
            service: service.name.clone(),
            desired,
        };
        let title = format!(
            "Scale {} to {}",
            service.name,
            format::count(desired, "task")
        );
        let mut plan = Plan::new(self.clone(), title, &service.name, goal, desk.now())
            .change("desired count", service.desired, desired)
            .stays("revision, size and deployment settings")
            .rests_on("desired count", service.desired)
            .cost(Cost::of_tasks(desk, service, service.desired, desired))
            .undo(Undo::By(
                Box::new(
                    Self {
                        service: service.name.clone(),
                        desired: Some(service.desired),
                    }
                    .into(),
                ),
                format!("scale {} back to {}", service.name, service.desired),
            ))
            .takes(30, 180, 900);
        if let Some(scaling) = &service.autoscaling {
            let (min, max) = (scaling.min, scaling.max);
            plan = if (min..=max).contains(&desired) {
                plan.check(
                    "within the limits of autoscaling",
                    CheckState::Warned,
                    format!("{min} to {max}: autoscaling may change it again at any time"),
                )
            } else {
                // General knowledge of Application Auto Scaling: a count outside its range is pulled back at its next activity.
                plan.check(
                    "within the limits of autoscaling",
                    CheckState::Warned,
                    format!(
                        "{min} to {max}: autoscaling will pull it back; change its limits instead"
                    ),
                )
            };
        }
        if service.rollouts.iter().any(Rollout::in_progress) {
            plan = plan.check(
                "no deployment in progress",
                CheckState::Warned,
                "one is in progress: both revisions are scaled",
            );
        }
        if desired == 0 {
            plan = plan.risk(
                Risk::Destructive,
                format!("without a task {} answers no request", service.name),
            );
        } else if desired < service.desired {
            plan = plan.risk(
                Risk::Disruptive,
                format!(
                    "{} fewer to bear the load; requests of those that stop are drained first",
                    format::count(service.desired - desired, "task")
                ),
            );
        }
        if desired != service.desired {
            plan = plan.call(Call::ScaleService {
                cluster: compute.cluster.name.clone(),
                service: service.name.clone(),
                desired: desired.unsigned_abs(),
            });
        }
        Ok(plan)
    }
}
