//! Replaces the tasks of a service by new ones of the same revision.

use super::{
    Desk, Operation, Plan, Risk, Undo,
    desk::{idle, service},
    revision::redeploying,
};
use crate::{cloud::Call, error::Result, format};
use async_trait::async_trait;
use serde::Serialize;

/// Forces a new deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restart {
    /// Service.
    pub service: String,
}

#[async_trait]
impl Operation for Restart {
    fn name(&self) -> &'static str {
        "restart"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:UpdateService"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let tasks = format::count(service.running, "task");
        let title = format!("Restart {}", service.name);
        let mut plan = redeploying(desk, service, self.clone(), title)
            .adds(
                "deployment",
                format!(
                    "a new one, which replaces {tasks} by {} new",
                    service.desired
                ),
            )
            .undo(Undo::Needless(
                "the same revision runs before and after".to_owned(),
            ))
            .call(Call::RestartService {
                cluster: compute.cluster.name.clone(),
                service: service.name.clone(),
            });
        plan = idle(plan, service);
        // With less than 100 % the scheduler stops tasks before new ones bear their load.
        let least = service.strategy.minimum_healthy_percent.unwrap_or(100);
        Ok(if least < 100 {
            plan.risk(
                Risk::Disruptive,
                format!("only {least} % of the tasks stay up meanwhile (minimum healthy percent)"),
            )
        } else {
            plan.risk(
                Risk::Safe,
                "new tasks take over before old ones stop; images with a moved tag may come anew",
            )
        })
    }
}
