//! Sessions into containers: a shell, a forwarded port, and the switch that makes both possible.
//!
//! Which task and container are meant is decided here once for both; what has to be so before is in `prerequisites`.

mod forward;
mod prerequisites;
mod shell;
mod switch;

#[cfg(test)]
mod tests;

pub use forward::{ForwardPort, Toward};
pub use shell::{DEFAULT_COMMAND, OpenShell};
pub use switch::SwitchExec;

use super::{
    Desk, Goal, Plan, Request, Undo,
    desk::service,
    form::{Choice, Form, Kind},
};
use crate::{
    attend::Plugin,
    error::{Error, ErrorKind, Result},
    format,
    model::{
        compute::{Compute, Container, Service, Task},
        state::{AgentStatus, TaskStatus},
    },
};
use jiff::Timestamp;
use serde::Serialize;

/// Minutes without input after which ECS ends a session (ECS developer guide, ECS Exec; it cannot be set).
const IDLE_MINUTES: i64 = 20;

/// Into which container a session leads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Whereto {
    /// Service.
    pub service: String,
    /// Task id, or its beginning; `None` is the newest whose agent runs.
    pub task: Option<String>,
    /// Container; `None` is the one behind the load balancer, else the first.
    pub container: Option<String>,
}

/// A container that was found.
struct Place<'c> {
    cluster: &'c str,
    service: &'c Service,
    task: &'c Task,
    container: &'c Container,
}

impl Whereto {
    /// Finds it.
    ///
    /// # Errors
    /// `NotFound` names what is not there, and what is.
    fn find<'c>(&self, compute: &'c Compute) -> Result<Place<'c>> {
        let service = service(compute, &self.service)?;
        let tasks = self.tasks(service)?;
        let task = *tasks.first().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("{} has no running task", service.name),
            )
            .hint("scale it up, or wait until one has started")
        })?;
        let behind = service.load_balancers.first().map(|b| b.container.as_str());
        let wanted = self.container.as_deref().or(behind);
        let find = |name: &str| task.containers.iter().find(|c| c.name == name);
        let container = match (&self.container, wanted.and_then(find)) {
            (_, Some(container)) => Some(container),
            (None, None) => task.containers.first(),
            (Some(_), None) => None,
        };
        let container = container.ok_or_else(|| {
            let names: Vec<&str> = task.containers.iter().map(|c| c.name.as_str()).collect();
            let asked = self.container.as_deref().unwrap_or("at all");
            Error::new(
                ErrorKind::NotFound,
                format!("task {} has no container {asked}", short(task)),
            )
            .hint(format!("there is {}", names.join(", ")))
        })?;
        Ok(Place {
            cluster: &compute.cluster.name,
            service,
            task,
            container,
        })
    }

    /// The tasks that can be meant, the likeliest first: those whose agent runs, the newest of them.
    fn tasks<'c>(&self, service: &'c Service) -> Result<Vec<&'c Task>> {
        let Some(asked) = &self.task else {
            let running = |t: &&Task| t.last_status == TaskStatus::Running;
            let mut tasks: Vec<&Task> = service.tasks.iter().filter(running).collect();
            tasks.sort_by_key(|t| (!connected(t), std::cmp::Reverse(t.started_at), &t.id));
            return Ok(tasks);
        };
        let id = asked.rsplit('/').next().unwrap_or(asked);
        let found: Vec<&Task> = service
            .tasks
            .iter()
            .filter(|t| t.id.starts_with(id))
            .collect();
        if id.is_empty() || found.len() != 1 {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!(
                    "no task of {}, or more than one, is called {asked}",
                    service.name
                ),
            )
            .hint("`hydren status --output json` lists the tasks; it may have stopped already"));
        }
        Ok(found)
    }

    /// Adds what is to be chosen: the task where several run, the container where the task has several.
    async fn ask(&self, desk: &Desk<'_>, mut form: Form) -> Result<Form> {
        let compute = desk.compute().await?;
        let place = self.find(&compute)?;
        let tasks = self.tasks(place.service)?;
        if tasks.len() > 1 {
            let choices = tasks.iter().map(|task| Choice {
                value: short(task).to_owned(),
                about: about(task, desk.now()),
            });
            let help = format!("{} run", format::count(tasks.len(), "task"));
            form = form.field(
                "task",
                "Task",
                Kind::OneOf(choices.collect()),
                short(place.task),
                help,
            );
        }
        if self.container.is_none() && place.task.containers.len() > 1 {
            let choices = place.task.containers.iter().map(|container| Choice {
                value: container.name.clone(),
                about: container.image.clone(),
            });
            let kind = Kind::OneOf(choices.collect());
            form = form.field(
                "container",
                "Container",
                kind,
                place.container.name.as_str(),
                "of the task",
            );
        }
        Ok(form)
    }

    /// Takes what was chosen.
    fn filled(&self, form: &Form) -> Self {
        let chosen = |name: &str, known: &Option<String>| {
            let text = form.text(name);
            if text.is_empty() {
                known.clone()
            } else {
                Some(text.to_owned())
            }
        };
        Self {
            service: self.service.clone(),
            task: chosen("task", &self.task),
            container: chosen("container", &self.container),
        }
    }
}

impl Place<'_> {
    /// What Systems Manager calls the container (as the AWS CLI makes it: cluster, task and runtime id).
    fn target(&self) -> String {
        let runtime = self.container.runtime_id.as_deref().unwrap_or_default();
        format!("ecs:{}_{}_{runtime}", self.cluster, self.task.id)
    }

    /// Begins a plan that opens a session: what it rests on, what has to be so before, what becomes of it.
    async fn plan(&self, desk: &Desk<'_>, request: Request, title: String) -> Plan {
        let plugin = if desk.environment.simulated {
            Plugin::Needless
        } else {
            Plugin::look().await
        };
        let goal = Goal::Session {
            task: self.task.id.clone(),
        };
        let mut plan = Plan::new(request, title, &self.service.name, goal, desk.now())
            .stays(format!(
                "{}: its tasks, revision and settings",
                self.service.name
            ))
            .rests_on("task", &self.task.id)
            .rests_on(
                "container",
                self.container
                    .runtime_id
                    .as_deref()
                    .unwrap_or("not started"),
            )
            .undo(Undo::Needless(
                "what is done inside is not known here, and gone with the task".to_owned(),
            ))
            .takes(1, 5, IDLE_MINUTES * 60);
        plan.checks = prerequisites::checks(&plugin, self);
        plan
    }
}

/// Whether the agent of ECS Exec runs in a container of it.
fn connected(task: &Task) -> bool {
    task.containers
        .iter()
        .any(|c| c.exec_agent == Some(AgentStatus::Running))
}

/// The beginning of its id, as people say it.
fn short(task: &Task) -> &str {
    task.id.get(..8).unwrap_or(&task.id)
}

fn about(task: &Task, now: Timestamp) -> String {
    let age = task
        .started_at
        .map_or(0, |at| now.as_second() - at.as_second());
    let exec = if connected(task) {
        ""
    } else {
        ", without ECS Exec"
    };
    format!("{}, {}{exec}", task.revision, format::duration(age))
}
