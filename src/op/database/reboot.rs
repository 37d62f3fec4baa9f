//! Restarts the database, in its place or on its standby.

use super::{available, backed_up};
use crate::{
    cloud::call::{DatabaseCall, Reboot},
    error::Result,
    op::{
        CheckState, DatabaseGoal, Desk, Operation, Plan, Request, Risk, Undo,
        form::{Choice, Form, Kind},
    },
};
use async_trait::async_trait;
use serde::Serialize;

/// Reboots the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RebootDatabase {
    /// Where the engine comes up again; `None` asks.
    pub reboot: Option<Reboot>,
}

#[async_trait]
impl Operation for RebootDatabase {
    fn name(&self) -> &'static str {
        "db-reboot"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["rds:RebootDBInstance"]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        let database = desk.database().await?;
        if self.reboot.is_some() || !database.multi_az {
            return Ok(None);
        }
        let choice = |value: &str, about: &str| Choice {
            value: value.to_owned(),
            about: about.to_owned(),
        };
        let choices = vec![
            choice("in place", "the engine restarts where it runs"),
            choice("failover", "the standby takes over, in another zone"),
        ];
        let form = Form::new(format!("Reboot {}", database.id));
        Ok(Some(form.field(
            "reboot",
            "Way",
            Kind::OneOf(choices),
            "in place",
            "← → chooses",
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let reboot = match form.text("reboot") {
            "failover" => Reboot::Failover,
            _ => Reboot::InPlace,
        };
        Ok(Self {
            reboot: Some(reboot),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let database = desk.database().await?;
        let reboot = self.reboot.unwrap_or(Reboot::InPlace);
        let goal = DatabaseGoal::Rebooted {
            database: database.id.clone(),
        };
        let zone = database.zone.as_deref().unwrap_or("unknown");
        let mut plan = Plan::new(
            Self {
                reboot: Some(reboot),
            },
            format!("Reboot {}", database.id),
            &database.id,
            goal.into(),
            desk.now(),
        )
        .stays("data, class, storage and endpoint")
        .rests_on("status", &database.status)
        .rests_on("zone", zone)
        .undo(Undo::Needless(
            "the same database runs before and after".to_owned(),
        ))
        .call(
            DatabaseCall::RebootDatabase {
                database: database.id.clone(),
                reboot,
            }
            .into(),
        );
        plan = available(plan, &database);
        for (group, status) in &database.parameter_groups {
            if status.word() == "pending-reboot" {
                plan = plan.adds("parameters", format!("{group} takes effect"));
            }
        }
        plan = backed_up(plan, &database);
        let what = "has a standby";
        Ok(match reboot {
            Reboot::InPlace => plan
                .adds("restart", format!("of the engine, in {zone}"))
                // Duration: RDS user guide, rebooting a DB instance: it depends on crash recovery; a minute is usual for small ones.
                .risk(
                    Risk::Destructive,
                    "every connection is cut, and nothing can be read or written until it is up again",
                )
                .takes(30, 300, 1_800),
            Reboot::Failover if database.multi_az => plan
                .adds(
                    "failover",
                    format!(
                        "from {zone} to {}",
                        database.secondary_zone.as_deref().unwrap_or("the standby")
                    ),
                )
                .check(what, CheckState::Passed, "Multi-AZ")
                // RDS user guide, failing over a Multi-AZ DB instance: typically 60 to 120 seconds.
                .risk(
                    Risk::Disruptive,
                    "connections are cut for a minute or two, until the standby has taken over",
                )
                .takes(60, 180, 1_800),
            Reboot::Failover => plan
                .adds("failover", "to a standby")
                .check(
                    what,
                    CheckState::Failed,
                    "it runs in a single zone: reboot it in place",
                )
                .risk(Risk::Disruptive, "connections are cut for a minute or two"),
        })
    }
}
