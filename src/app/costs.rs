//! The costs in the console: when what they need is read, when they are computed, and the keys of their screen.

use super::{App, Effect, Layer, Listing, Pane, Picker, Screen};
use crate::{
    cloud::meter::Calls,
    cost::{self, Billed, Costs, Turned},
    error::Result,
    model::{
        ledger::Ledger,
        metric::{MetricId, Metrics, Window},
        spend::Spend,
    },
    observe::Observed,
    poll, view,
};
use jiff::civil::Date;
use std::sync::Arc;

/// Not to ask Cost Explorer.
const LEAVE: &str = "Leave it";

/// To ask it.
const ASK: &str = "Ask Cost Explorer";

/// What is read of costs.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The hourly metrics of what is billed by use.
    Usage(Vec<MetricId>, Window),
    /// What is billed and shown by no tier: these log groups, addresses.
    Ledger(Vec<String>),
    /// What Cost Explorer has of these days, the second not among them.
    Spend(Date, Date),
}

/// What was read of costs.
#[derive(Debug)]
pub enum Told {
    /// Metrics.
    Usage(Result<Metrics>),
    /// Log groups and addresses.
    Ledger(Result<Ledger>),
    /// What was billed.
    Spend(Result<Spend>),
}

/// What the console knows of costs besides what it observes.
#[derive(Debug, Default)]
pub struct Bills {
    /// What the environment costs; `None` before anything of it is known.
    pub known: Option<Costs>,
    /// Where the knobs of the screen were turned to.
    pub turned: Turned,
    /// What Cost Explorer said, where it was asked.
    pub billed: Observed<Billed>,
}

impl App {
    /// Asks once an hour for what was used since the month began and for what no tier shows: neither changes faster, and both wait for the
    /// tiers, which say what there is to ask for.
    pub(super) fn poll_costs(&mut self) -> Vec<Effect> {
        let named = |tier| self.environment.resources.names(tier);
        let mut all = crate::model::Tier::ALL.into_iter().filter(|t| named(*t));
        let told = |tier| {
            let seen = self.seen.tier(tier);
            seen.value.is_some() || seen.error.is_some()
        };
        if !all.all(told) || self.seen.usage.in_flight || self.seen.ledger.in_flight {
            return Vec::new();
        }
        // A new hour has a new datapoint, a quarter of an hour after its end.
        if !self.due_usage.take(self.now, poll::USAGE) {
            return Vec::new();
        }
        let groups = cost::log_groups(&self.environment, &self.seen);
        let metrics = cost::metrics(&self.environment, &self.seen);
        self.seen.ledger.in_flight = true;
        let mut effects = vec![Effect::ReadCosts(Ask::Ledger(groups))];
        if !metrics.is_empty() {
            self.seen.usage.in_flight = true;
            effects.push(Effect::ReadCosts(Ask::Usage(
                metrics,
                cost::window(self.now),
            )));
        }
        effects
    }

    pub(super) fn costs_told(&mut self, told: Told) {
        match told {
            Told::Usage(result) => {
                self.note_error("Costs", result.as_ref().err());
                self.seen.usage.settle(result.map(Arc::new), self.now);
            }
            Told::Ledger(result) => {
                self.note_error("Costs", result.as_ref().err());
                self.seen.ledger.settle(result.map(Arc::new), self.now);
            }
            Told::Spend(result) => self.spend_read(result),
        }
        self.derive();
    }

    /// Computes the costs anew from what was observed.
    pub(super) fn reckon(&mut self) {
        if self.seen.tiers.iter().all(|tier| tier.value.is_none()) {
            self.bills.known = None;
            return;
        }
        let before = self.bills.known.take();
        let (environment, seen) = (&self.environment, &self.seen);
        let mut costs = Costs::again(before.as_ref(), environment, seen, self.book, self.now);
        costs.notes.extend(self.book_fault.clone());
        self.bills.known = Some(costs);
    }

    /// Turns the selected knob.
    pub fn turn_knob(&mut self, by: isize) -> Vec<Effect> {
        if self.screen != Screen::Cost {
            self.say("there is nothing to turn here: 0 shows the costs");
            return Vec::new();
        }
        if self.focused() != Pane::WhatIf {
            let place = self.screen.panes().iter().position(|p| *p == Pane::WhatIf);
            self.focus.insert(self.screen, place.unwrap_or(0));
            self.dirty = true;
            return Vec::new();
        }
        let Some(costs) = &self.bills.known else {
            return Vec::new();
        };
        let knobs = cost::knobs(&costs.inventory, self.book);
        let selected = self.selected_id(Pane::WhatIf);
        if let Some(knob) = knobs.iter().find(|k| Some(k.id.as_str()) == selected) {
            view::cost::turn(&mut self.bills.turned, knob, by);
        }
        self.rebuild(&[Pane::WhatIf]);
        self.dirty = true;
        Vec::new()
    }

    /// Turns all knobs back.
    pub fn turn_back(&mut self) -> Vec<Effect> {
        self.bills.turned.clear();
        self.rebuild(&[Pane::WhatIf]);
        self.dirty = true;
        Vec::new()
    }

    /// Says what asking Cost Explorer costs, and asks whether it is to be asked.
    pub fn ask_spend(&mut self) -> Vec<Effect> {
        if self.bills.billed.in_flight {
            self.say("Cost Explorer is being asked");
            return Vec::new();
        }
        let entries = [
            (LEAVE, "nothing is asked"),
            (ASK, "AWS bills $0.01 for each page of its answer"),
        ];
        let entries = entries.map(|(name, text)| (name.to_owned(), text.to_owned()));
        self.layers
            .push(Layer::Pick(Picker::Spend, Listing::new(entries.into())));
        self.dirty = true;
        Vec::new()
    }

    pub(super) fn picked_spend(&mut self, chosen: &str) -> Vec<Effect> {
        if chosen == ASK {
            self.say("asking Cost Explorer …");
            return self.spend_wanted();
        }
        Vec::new()
    }

    /// Takes what was asked of AWS so far.
    pub(super) fn calls_made(&mut self, calls: Calls) {
        if calls == self.calls {
            return;
        }
        self.calls = calls;
        if self.screen == Screen::Cost {
            self.rebuild(&[Pane::Requests]);
            self.dirty = true;
        }
    }

    /// Asks Cost Explorer.
    pub(super) fn spend_wanted(&mut self) -> Vec<Effect> {
        self.bills.billed.in_flight = true;
        let (from, to) = cost::days(self.now);
        vec![Effect::ReadCosts(Ask::Spend(from, to))]
    }

    fn spend_read(&mut self, result: Result<Spend>) {
        let (environment, seen) = (&self.environment, &self.seen);
        let result =
            result.map(|spend| cost::billed(environment, seen, self.book, &spend, self.now));
        match &result {
            Ok(billed) => self.say(format!(
                "Cost Explorer: {}; {} at $0.01",
                billed.words(),
                crate::format::count(billed.requests, "request")
            )),
            Err(error) => {
                self.say(error.message.as_str());
                self.note_error("Cost Explorer", Some(error));
            }
        }
        self.bills.billed.settle(result, self.now);
    }
}
