//! Switches the actions of an alarm off, and on again.

use crate::{
    cloud::call::{EdgeCall, Switch},
    error::{Error, ErrorKind, Result},
    model::alarm::AlarmState,
    op::{CheckState, Desk, Goal, Operation, Plan, Risk, Undo},
};
use async_trait::async_trait;
use serde::Serialize;

/// Switches an alarm's actions. It goes on being evaluated either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SwitchAlarm {
    /// Alarm name.
    pub alarm: String,
    /// On or off.
    pub to: Switch,
}

#[async_trait]
impl Operation for SwitchAlarm {
    fn name(&self) -> &'static str {
        match self.to {
            Switch::Enabled => "alarms-enable",
            Switch::Disabled => "alarms-disable",
        }
    }

    fn actions(&self) -> &'static [&'static str] {
        match self.to {
            Switch::Enabled => &["cloudwatch:EnableAlarmActions"],
            Switch::Disabled => &["cloudwatch:DisableAlarmActions"],
        }
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let alarms = desk.alarms().await?;
        let Some(alarm) = alarms.alarms.iter().find(|a| a.name == self.alarm) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("no alarm of this environment is called {}", self.alarm),
            )
            .hint("the alarms screen lists them, as does `hydren status --output json`"));
        };
        let now = Switch::of(alarm.actions_enabled);
        let verb = match self.to {
            Switch::Enabled => "Enable",
            Switch::Disabled => "Disable",
        };
        let back = Self {
            alarm: alarm.name.clone(),
            to: self.to.other(),
        };
        let mut plan = Plan::new(
            self.clone(),
            format!("{verb} the actions of alarm {}", alarm.name),
            &alarm.name,
            Goal::AlarmActions {
                alarm: alarm.name.clone(),
                to: self.to,
            },
            desk.now(),
        )
        .change("actions", now.word(), self.to.word())
        .stays(format!(
            "its condition, {}; it is evaluated and shown all the same",
            alarm.condition
        ))
        .rests_on("actions", now.word())
        .undo(Undo::By(
            Box::new(back.into()),
            format!("the actions are {} again", self.to.other().word()),
        ))
        .takes(1, 60, 300);
        if alarm.actions == 0 {
            plan = plan.check(
                "the alarm has actions",
                CheckState::Warned,
                "it has none: nobody is told of its state anyway",
            );
        }
        match self.to {
            Switch::Disabled if alarm.owned_by_autoscaling => {
                plan = plan.check(
                    "not an alarm of autoscaling",
                    CheckState::Failed,
                    "Application Auto Scaling scales by it: without its actions nothing scales any more",
                );
            }
            Switch::Disabled => {
                plan = plan.risk(
                    Risk::Disruptive,
                    "nobody is told when it fires, until its actions are enabled again: nothing does that by itself",
                );
            }
            // CloudWatch user guide, alarm actions: they run when the state changes.
            Switch::Enabled if alarm.state == AlarmState::Alarm => {
                plan = plan.check(
                    "told of the state it is in",
                    CheckState::Warned,
                    "it is in ALARM now; its actions run at its next change only",
                );
            }
            Switch::Enabled => {}
        }
        if now != self.to {
            plan = plan.call(
                EdgeCall::SwitchAlarm {
                    alarm: alarm.name.clone(),
                    region: alarm.region.clone(),
                    to: self.to,
                }
                .into(),
            );
        }
        Ok(plan)
    }
}
