//! Switches ECS Exec for a service. Tasks have it from their start on or never, so that they are replaced.

use crate::{
    cloud::{Call, call::Switch},
    error::Result,
    format,
    op::{
        Desk, Operation, Plan, Risk, Undo,
        desk::{idle, service},
        revision::redeploying,
    },
};
use async_trait::async_trait;
use serde::Serialize;

/// Switches ECS Exec on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SwitchExec {
    /// Service.
    pub service: String,
    /// On or off.
    pub to: Switch,
}

#[async_trait]
impl Operation for SwitchExec {
    fn name(&self) -> &'static str {
        "enable-exec"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:UpdateService"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let wanted = self.to == Switch::Enabled;
        let others = service
            .tasks
            .iter()
            .filter(|t| t.desired_status == "RUNNING" && t.exec_enabled != wanted)
            .count();
        let title = match self.to {
            Switch::Enabled => format!("Enable ECS Exec of {}", service.name),
            Switch::Disabled => format!("Disable ECS Exec of {}", service.name),
        };
        let started = match self.to {
            Switch::Enabled => "tasks started without it",
            Switch::Disabled => "tasks started with it",
        };
        let least = service.strategy.minimum_healthy_percent.unwrap_or(100);
        let plan = redeploying(desk, service, self.clone(), title)
            .change(
                "ECS Exec",
                Switch::of(service.exec_enabled).word(),
                self.to.word(),
            )
            .change(started, others, 0)
            .undo(Undo::By(
                Box::new(
                    Self {
                        service: service.name.clone(),
                        to: self.to.other(),
                    }
                    .into(),
                ),
                format!(
                    "switch it {} again, which replaces the tasks once more",
                    match self.to {
                        Switch::Enabled => "off",
                        Switch::Disabled => "on",
                    }
                ),
            ));
        if plan.changes.is_empty() {
            return Ok(plan);
        }
        let plan = idle(plan, service).call(Call::SwitchExec {
            cluster: compute.cluster.name.clone(),
            service: service.name.clone(),
            to: self.to,
        });
        let tasks = format!("{} by new", format::count(service.running, "task"));
        Ok(if least < 100 {
            plan.risk(Risk::Disruptive, format!("replaces {tasks}, and only {least} % stay up meanwhile (minimum healthy percent)"))
        } else {
            plan.risk(
                Risk::Safe,
                format!("replaces {tasks}, which take over before the old ones stop"),
            )
        })
    }
}
