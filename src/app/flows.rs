//! The flow screen: when the flow records among the log lines are added up, and which lines stand behind a sum.

use super::{App, ChartWindow, Effect, Pane, Screen};
use crate::logs::flow::{FlowFormats, FlowJob, FlowSums, Place, Places, RefusedGroup, Traffic};
use crate::model::log::{Followed, LogOrigin};
use jiff::SignedDuration;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// How far ahead of our clock records may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// What the flow records among the log lines add up to.
#[derive(Debug, Clone, Default)]
pub struct Flows {
    /// Sums; `None` before they were added up.
    pub sums: Option<Arc<FlowSums>>,
    /// The span and the minute for which they were asked.
    asked: Option<(ChartWindow, i64)>,
    in_flight: bool,
    stale: bool,
}

impl App {
    /// Adds the flow records up where the screen shows their sums, and lines came or time went on.
    pub(super) fn add_flows(&mut self) -> Option<Effect> {
        let asked = (self.window, self.now.as_second().div_euclid(60));
        let flows = &mut self.flows;
        if self.screen != Screen::Flows
            || flows.in_flight
            || (!flows.stale && flows.asked == Some(asked))
        {
            return None;
        }
        flows.asked = Some(asked);
        flows.in_flight = true;
        flows.stale = false;
        let window = self.window.window(self.now);
        Some(Effect::AddFlows(FlowJob {
            snapshot: self.logs.store.snapshot(),
            from: window.from,
            to: if self.window.ends_now() {
                self.now + AHEAD
            } else {
                window.to
            },
            places: Arc::new(Places::of(&self.seen)),
        }))
    }

    pub(super) fn flows_added(&mut self, sums: FlowSums) {
        self.flows.in_flight = false;
        self.flows.sums = Some(Arc::new(sums));
        self.rebuild(Screen::Flows.panes());
        self.dirty |= self.screen == Screen::Flows;
    }

    /// Notes that the sums are of the past.
    pub(super) fn flows_told(&mut self, told: &Followed) {
        let Followed::Lines(lines) = told else {
            return;
        };
        let of_flows = |group: &str| {
            let mut sources = self.logs.sources.iter();
            sources.any(|s| s.origin == LogOrigin::FlowLogs && s.group == group)
        };
        self.flows.stale |= lines.iter().any(|line| of_flows(&line.group));
    }

    /// Reads flow records by what the flow logs say of their format; lines that were filtered otherwise are filtered anew.
    pub(super) fn learn_flow_formats(&mut self) -> Vec<Effect> {
        let Some(network) = self.seen.network() else {
            return Vec::new();
        };
        self.flows.stale = true;
        if self.logs.store.learn(FlowFormats::of(&network.flow_logs))
            && !self.logs.filter().is_empty()
        {
            let filter = self.logs.filter().text().to_owned();
            return self.set_log_filter(&filter);
        }
        Vec::new()
    }

    /// Shows the records behind the selected sum.
    pub(super) fn records_of_selection(&mut self, pane: Pane) -> Vec<Effect> {
        let filter = self
            .selected_index(pane)
            .zip(self.flows.sums.clone())
            .and_then(|(index, sums)| {
                let packets = self.logs.store.flow_formats().have("pkt-srcaddr");
                let named = |end: &str, address: IpAddr| named(end, address, packets);
                Some(match pane {
                    Pane::Traffic => of_traffic(sums.traffic.get(index)?, named),
                    Pane::RefusedSources => {
                        let source = sums.sources.get(index)?;
                        format!("action=REJECT {}", named("src", source.address))
                    }
                    Pane::RefusedPorts => {
                        let port = sums.ports.get(index)?.port;
                        let protocol = port.protocol;
                        match port.port {
                            0 => format!("action=REJECT protocol={protocol}"),
                            port => format!("action=REJECT protocol={protocol} dstport={port}"),
                        }
                    }
                    Pane::RefusedGroups => of_group(sums.groups.get(index)?),
                    _ => return None,
                })
            });
        let Some(filter) = filter else {
            self.say("nothing is selected");
            return Vec::new();
        };
        let mut effects = self.go(Screen::Logs);
        effects.extend(self.set_log_filter(&filter));
        effects
    }
}

/// `address` as the `src` or `dst` of a record, and of the packets where formats tell both.
fn named(end: &str, address: IpAddr, packets: bool) -> String {
    if packets {
        format!("({end}addr={address} or pkt-{end}addr={address})")
    } else {
        format!("{end}addr={address}")
    }
}

fn any(terms: impl IntoIterator<Item = String>) -> String {
    let terms: Vec<String> = terms.into_iter().collect();
    match terms.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(" or ")),
    }
}

fn of_traffic(traffic: &Traffic, named: impl Fn(&str, IpAddr) -> String) -> String {
    let side = |end: &str, place: &Place, addresses: &BTreeSet<IpAddr>| {
        // What is outside are too many to be named; the other side tells enough.
        place
            .is_inside()
            .then(|| any(addresses.iter().map(|address| named(end, *address))))
    };
    let from = side("src", &traffic.from, &traffic.addresses.0);
    let to = side("dst", &traffic.to, &traffic.addresses.1);
    let sides: Vec<String> = from.into_iter().chain(to).collect();
    sides.join(" ")
}

fn of_group(group: &RefusedGroup) -> String {
    let interfaces = group.interfaces.iter().take(24);
    let interfaces = interfaces.map(|id| format!("interface-id={id}"));
    format!("action=REJECT {}", any(interfaces))
}
