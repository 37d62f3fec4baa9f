//! Stops one task; its service starts another.

use super::{Desk, Goal, Operation, Plan, Risk, Undo};
use crate::{
    cloud::Call,
    error::{Error, ErrorKind, Result},
};
use async_trait::async_trait;
use serde::Serialize;

/// Stops a task of one of the environment's services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StopTask {
    /// Task id, ARN, or the beginning of an id that no other task has.
    pub task: String,
}

#[async_trait]
impl Operation for StopTask {
    fn name(&self) -> &'static str {
        "stop-task"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:StopTask"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let compute = desk.compute().await?;
        let asked = self.task.rsplit('/').next().unwrap_or(&self.task);
        let mut found = compute
            .services
            .iter()
            .flat_map(|s| s.tasks.iter().map(move |t| (s, t)))
            .filter(|(_, t)| !asked.is_empty() && t.id.starts_with(asked));
        let (Some((service, task)), None) = (found.next(), found.next()) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no task, or more than one, is called {asked}"),
            )
            .hint("`hydren status --output json` lists the tasks; it may have stopped already"));
        };
        let goal = Goal::Replaced {
            service: service.name.clone(),
            task: task.id.clone(),
        };
        let short: String = task.id.chars().take(8).collect();
        let plan = Plan::new(
            self.clone(),
            format!("Stop task {short} of {}", service.name),
            &service.name,
            goal,
            desk.now(),
        )
        .removes(
            format!("task {short}"),
            format!("{}, {}", task.last_status, task.revision),
        )
        .stays(format!(
            "desired count {}: ECS starts another task",
            service.desired
        ))
        .rests_on("task", &task.id)
        .undo(Undo::Needless("its service starts another".to_owned()))
        .takes(30, 180, 900)
        .call(Call::StopTask {
            cluster: compute.cluster.name.clone(),
            task: task.arn.clone(),
            reason: "stopped with hydren".to_owned(),
        });
        Ok(if service.running <= 1 {
            plan.risk(
                Risk::Destructive,
                format!(
                    "it is the only running task: {} answers nothing until another runs",
                    service.name
                ),
            )
        } else {
            plan.risk(
                Risk::Disruptive,
                format!(
                    "{} of {} tasks bear the load until another runs",
                    service.running - 1,
                    service.running
                ),
            )
        })
    }
}
