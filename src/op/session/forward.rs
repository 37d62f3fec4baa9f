//! Forwards a local port to a task, or through it to the database or another host.

use super::{Whereto, short};
use crate::{
    cloud::call::{Destination, SessionCall},
    error::{Error, ErrorKind, Result},
    op::{
        CheckState, Desk, Operation, Plan, Request, Risk,
        form::{Form, Kind},
    },
};
use async_trait::async_trait;
use serde::Serialize;
use std::{net::TcpListener, str::FromStr};

/// Added to a port that only root may listen on.
const ABOVE_SYSTEM_PORTS: u16 = 8_000;

/// Where the forwarded port is to lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Toward {
    /// To the environment's database.
    Database,
    /// To a place that is named.
    Place(Destination),
}

impl FromStr for Toward {
    type Err = Error;

    /// Reads `database`, `8000` or `db.internal:5432`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::new(
                ErrorKind::Usage,
                format!("`{text}` is no place to forward to"),
            )
            .hint("a port of the task, HOST:PORT, or `database` is expected")
        };
        let port = |text: &str| text.parse().ok().filter(|p| *p > 0).ok_or_else(wrong);
        match text.rsplit_once(':') {
            None if text == "database" => Ok(Self::Database),
            None => Ok(Self::Place(Destination::Task(port(text)?))),
            Some((host, number))
                if host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(&b))
                    && !host.is_empty() =>
            {
                Ok(Self::Place(Destination::Host(
                    host.to_owned(),
                    port(number)?,
                )))
            }
            Some(_) => Err(wrong()),
        }
    }
}

/// Forwards a local port as long as somebody waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForwardPort {
    /// Through which container.
    #[serde(flatten)]
    pub whereto: Whereto,
    /// Where to; `None` asks.
    pub to: Option<Toward>,
    /// Local port; `None` is the same as there, 8,000 higher where only root may listen on it.
    pub local: Option<u16>,
}

#[async_trait]
impl Operation for ForwardPort {
    fn name(&self) -> &'static str {
        "forward"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ssm:StartSession"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.to.is_some() {
            return Ok(None);
        }
        let compute = desk.compute().await?;
        let place = self.whereto.find(&compute)?;
        let port = place.service.load_balancers.first().map_or(80, |b| b.port);
        let form = Form::new(format!("Forward a port through {}", self.whereto.service));
        let form = self.whereto.ask(desk, form).await?;
        let help = "a port of the task, HOST:PORT, or database";
        let form = form.field("to", "To", Kind::Text, port, help);
        Ok(Some(form.field(
            "local",
            "Local port",
            Kind::Text,
            "",
            "empty: the same",
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        Ok(Self {
            whereto: self.whereto.filled(form),
            to: Some(form.text("to").parse()?),
            local: match form.text("local") {
                "" => None,
                _ => Some(form.value("local")?),
            },
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let to = match &self.to {
            Some(Toward::Place(place)) => place.clone(),
            Some(Toward::Database) => database(desk).await?,
            None => {
                return Err(
                    Error::new(ErrorKind::Usage, "nothing is named to forward to")
                        .hint("add --port, --database or --to"),
                );
            }
        };
        let compute = desk.compute().await?;
        let place = self.whereto.find(&compute)?;
        let (Destination::Task(port) | Destination::Host(_, port)) = to;
        let local = self.local.unwrap_or(if port < 1_024 {
            port + ABOVE_SYSTEM_PORTS
        } else {
            port
        });
        let through = format!("{}, task {}", place.container.name, short(place.task));
        let title = format!("Forward 127.0.0.1:{local} through {through}");
        let plan = place.plan(desk, self.clone().into(), title).await;
        let what = format!("local port {local} is free");
        let plan = match TcpListener::bind(("127.0.0.1", local)) {
            Ok(_) => plan.check(what, CheckState::Passed, "nothing listens there"),
            Err(e) => plan.check(
                what,
                CheckState::Failed,
                format!("{e}: choose another with --local"),
            ),
        };
        let (risk, reason) = match &to {
            Destination::Task(_) => (
                Risk::Safe,
                "only this machine can connect, as the load balancer does".to_owned(),
            ),
            Destination::Host(host, _) => (
                Risk::Disruptive,
                format!("every program of this machine reaches {host} past its network's borders"),
            ),
        };
        Ok(plan
            .adds(
                format!("127.0.0.1:{local}"),
                format!("to {to}, as long as it is forwarded"),
            )
            .risk(risk, reason)
            .call(
                SessionCall::Forward {
                    task: place.task.id.clone(),
                    container: place.container.name.clone(),
                    target: place.target(),
                    to,
                    local,
                }
                .into(),
            ))
    }
}

/// The database's address.
async fn database(desk: &Desk<'_>) -> Result<Destination> {
    let database = desk.database().await?;
    let port = database.port.and_then(|port| u16::try_from(port).ok());
    match (&database.endpoint, port) {
        (Some(host), Some(port)) => Ok(Destination::Host(host.clone(), port)),
        _ => Err(Error::new(
            ErrorKind::NotFound,
            format!("{} has no address yet", database.id),
        )
        .hint("RDS gives one once it is available")),
    }
}
