//! Operations on the edge and alarms screens.

use crate::{
    app::{App, Effect, Pane, Screen},
    cloud::call::Switch,
    op::{self, Request},
};

impl App {
    /// Asks which paths are to be invalidated.
    pub fn invalidate(&mut self) -> Vec<Effect> {
        self.begin(op::InvalidatePaths::typed("").into())
    }

    /// Plans to switch the actions of the selected alarm off, or on again.
    pub fn switch_alarm(&mut self) -> Vec<Effect> {
        match self.selected_alarm() {
            Some(request) => self.begin(request.into()),
            None => {
                self.say("select an alarm first, on the alarms screen");
                Vec::new()
            }
        }
    }

    fn selected_alarm(&self) -> Option<op::SwitchAlarm> {
        if self.screen != Screen::Alarms || self.focused() != Pane::Alarms {
            return None;
        }
        let name = self.selected_id(Pane::Alarms)?;
        let alarms = &self.seen.alarms()?.alarms;
        let alarm = alarms.iter().find(|a| a.name == name || a.arn == name)?;
        Some(op::SwitchAlarm {
            alarm: alarm.name.clone(),
            to: Switch::of(alarm.actions_enabled).other(),
        })
    }

    /// What can be done on these screens, by the names of their commands.
    pub(super) fn edge_operations(&self) -> Vec<(&'static str, Request)> {
        match self.screen {
            Screen::Edge => vec![("invalidate", op::InvalidatePaths::typed("").into())],
            Screen::Alarms => self
                .selected_alarm()
                .map(|request| ("alarm-actions", request.into()))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }
}
