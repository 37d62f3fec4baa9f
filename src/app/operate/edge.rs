//! Operations on the edge and alarms screens.

use crate::{
    app::{App, Effect, Pane, Screen},
    cloud::call::{RuleMode, Switch},
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

    /// Plans to let the selected rule count instead of block, or block again.
    pub fn switch_rule(&mut self) -> Vec<Effect> {
        match self.selected_rule() {
            Some(request) => self.begin(request.into()),
            None => {
                self.say("select a WAF rule that blocks or counts first, on the edge screen");
                Vec::new()
            }
        }
    }

    fn selected_rule(&self) -> Option<op::SetRule> {
        if self.screen != Screen::Edge || self.focused() != Pane::Rules {
            return None;
        }
        let name = self.selected_id(Pane::Rules)?;
        let rule = self.seen.waf()?.rules.iter().find(|r| r.name == name)?;
        Some(op::SetRule {
            rule: rule.name.clone(),
            to: RuleMode::of(&rule.action)?.other(),
        })
    }

    /// Asks which address is to be blocked or allowed: that of the selected request, unless another is typed.
    pub fn list_address(&mut self, list: op::List) -> Vec<Effect> {
        let address = self.selected_client();
        self.begin(listed(address, list))
    }

    /// Asks which address is to be taken off.
    pub fn unlist_address(&mut self) -> Vec<Effect> {
        let (address, set) = (self.selected_client(), None);
        self.begin(op::UnlistAddress { address, set }.into())
    }

    fn selected_client(&self) -> Option<String> {
        if self.screen != Screen::Edge || self.focused() != Pane::Samples {
            return None;
        }
        let row = self.selected_id(Pane::Samples)?;
        row.split(' ').next().map(str::to_owned)
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
            Screen::Edge => {
                let rule = self.selected_rule();
                let address = None;
                rule.map(|request| ("rule-action", request.into()))
                    .into_iter()
                    .chain([
                        ("invalidate", op::InvalidatePaths::typed("").into()),
                        ("block-address", listed(None, op::List::Block)),
                        ("allow-address", listed(None, op::List::Allow)),
                        (
                            "unlist-address",
                            op::UnlistAddress { address, set: None }.into(),
                        ),
                    ])
                    .collect()
            }
            Screen::Alarms => self
                .selected_alarm()
                .map(|request| ("alarm-actions", request.into()))
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn listed(address: Option<String>, list: op::List) -> Request {
    op::ListAddress {
        address,
        list,
        set: None,
        until: None,
    }
    .into()
}
