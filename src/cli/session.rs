//! The arguments of `hydren exec` and `hydren forward`.

use super::Carry;
use crate::{
    cloud::call::{Destination, Shown, Switch},
    op::{self, DEFAULT_COMMAND, Request, Toward, Whereto},
};
use clap::Args;

/// Into which container.
#[derive(Debug, Clone, Args)]
pub struct Into {
    /// Service
    pub service: String,
    /// Task id, or its beginning; by default the newest whose agent runs
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// Container; by default the one behind the load balancer
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
}

impl From<&Into> for Whereto {
    fn from(asked: &Into) -> Self {
        Self {
            service: asked.service.clone(),
            task: asked.task.clone(),
            container: asked.container.clone(),
        }
    }
}

/// A shell, or the switch that makes it possible.
#[derive(Debug, Clone, Args)]
pub struct Exec {
    /// Where.
    #[command(flatten)]
    pub into: Into,
    /// Switch ECS Exec on for the service instead, which replaces its tasks
    #[arg(long, conflicts_with_all = ["disable", "task", "container", "command"])]
    pub enable: bool,
    /// Switch it off again, which replaces its tasks
    #[arg(long, conflicts_with_all = ["task", "container", "command"])]
    pub disable: bool,
    /// What is run; by default /bin/sh
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

impl From<&Exec> for Request {
    fn from(asked: &Exec) -> Self {
        let switch = match (asked.enable, asked.disable) {
            (true, _) => Some(Switch::Enabled),
            (_, true) => Some(Switch::Disabled),
            _ => None,
        };
        if let Some(to) = switch {
            let service = asked.into.service.clone();
            return op::SwitchExec { service, to }.into();
        }
        let command = match asked.command.as_slice() {
            [] => DEFAULT_COMMAND.to_owned(),
            // One word is a command as ECS takes it, as it is with ssh.
            [one] => one.clone(),
            words => shlex::try_join(words.iter().map(String::as_str))
                .unwrap_or_else(|_| words.join(" ")),
        };
        op::OpenShell {
            whereto: (&asked.into).into(),
            command: Shown::new(command),
        }
        .into()
    }
}

/// A port that is forwarded.
#[derive(Debug, Clone, Args)]
pub struct Forward {
    /// Through which container.
    #[command(flatten)]
    pub into: Into,
    /// Local port; by default the same as there, 8000 higher below 1024
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub local: Option<u16>,
    /// Where to.
    #[command(flatten)]
    pub to: To,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

/// Where a forwarded port leads.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct To {
    /// To this port of the task
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Through the task to the environment's database
    #[arg(long)]
    pub database: bool,
    /// Through the task to a port of another host
    #[arg(long = "to", value_name = "HOST:PORT", value_parser = host)]
    pub host: Option<Destination>,
}

fn host(text: &str) -> Result<Destination, String> {
    match text.parse::<Toward>() {
        Ok(Toward::Place(place @ Destination::Host(..))) => Ok(place),
        _ => Err("a host and a port are expected, such as db.internal:5432".to_owned()),
    }
}

impl From<&Forward> for Request {
    fn from(asked: &Forward) -> Self {
        let to = match (&asked.to.host, asked.to.port) {
            (Some(place), _) => Toward::Place(place.clone()),
            (None, Some(port)) => Toward::Place(Destination::Task(port)),
            (None, None) => Toward::Database,
        };
        op::ForwardPort {
            whereto: (&asked.into).into(),
            to: Some(to),
            local: asked.local,
        }
        .into()
    }
}
