//! Opens a shell in a container by ECS Exec.

use super::{Whereto, short};
use crate::{
    cloud::call::{SessionCall, Shown},
    error::{Error, ErrorKind, Result},
    op::{Desk, Operation, Plan, Request, Risk, form::Form},
};
use async_trait::async_trait;
use serde::Serialize;

/// What is run where nothing is said.
pub const DEFAULT_COMMAND: &str = "/bin/sh";

/// Runs a command in a container, with the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenShell {
    /// Where.
    #[serde(flatten)]
    pub whereto: Whereto,
    /// What is run.
    pub command: Shown,
}

#[async_trait]
impl Operation for OpenShell {
    fn name(&self) -> &'static str {
        "exec"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecs:ExecuteCommand"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        let form = Form::new(format!("Shell in {}", self.whereto.service));
        let form = self.whereto.ask(desk, form).await?;
        Ok((!form.fields.is_empty()).then_some(form))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        Ok(Self {
            whereto: self.whereto.filled(form),
            command: self.command.clone(),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        if self.command.reveal().trim().is_empty() {
            return Err(Error::new(ErrorKind::Usage, "no command is given")
                .hint(format!("leave it out for {DEFAULT_COMMAND}")));
        }
        let compute = desk.compute().await?;
        let place = self.whereto.find(&compute)?;
        let (task, container) = (short(place.task), &place.container.name);
        let command = self.command.masked();
        let title = match command.as_str() {
            DEFAULT_COMMAND => format!("Open a shell in {container}, task {task}"),
            _ => format!("Run {command} in {container}, task {task}"),
        };
        let target = place.target();
        let plan = place.plan(desk, self.clone().into(), title).await;
        Ok(plan
            .adds("session", format!("{command} as root in {container}"))
            .risk(
                Risk::Disruptive,
                "whoever is inside can read its secrets, and change or stop what runs; AWS records the session, hydren the command",
            )
            .call(
                SessionCall::Shell {
                    cluster: place.cluster.to_owned(),
                    task: place.task.id.clone(),
                    container: container.clone(),
                    command: self.command.clone(),
                    target,
                }
                .into(),
            ))
    }
}
