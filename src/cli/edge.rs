//! Commands in front of the application, and for its alarms.

use super::{Carry, span};
use crate::{
    cloud::call::{RuleMode, Switch},
    op::{self, Request},
};
use clap::{Args, Subcommand};
use std::time::Duration;

/// What to do with the distribution.
#[derive(Debug, Clone, Subcommand)]
pub enum CdnCommand {
    /// Drop cached copies, and wait until every edge has
    Invalidate {
        /// Paths such as /index.html, '/static/*' or '/*'
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
}

impl CdnCommand {
    /// The operation that it asks for.
    #[must_use]
    pub fn request(&self) -> (Request, Carry) {
        let Self::Invalidate { paths, carry } = self;
        let request = op::InvalidatePaths {
            paths: paths.clone(),
            reference: None,
        };
        (request.into(), *carry)
    }
}

/// What to do with the web ACL.
#[derive(Debug, Clone, Subcommand)]
pub enum WafCommand {
    /// Let a rule block that counts
    BlockRule(Rule),
    /// Let a rule count that blocks
    CountRule(Rule),
    /// Block an address or a range through an IP set
    Block(Entry),
    /// Allow an address or a range through an IP set
    Allow(Entry),
    /// Take an address or a range off an IP set
    Unblock {
        /// Address or range, as it was put on
        address: String,
        /// IP set; by default the only one that lists it
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
}

/// A rule of the web ACL.
#[derive(Debug, Clone, Args)]
pub struct Rule {
    /// Rule
    pub rule: String,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

/// An entry of an IP set.
#[derive(Debug, Clone, Args)]
pub struct Entry {
    /// Address or range: 203.0.113.7, 203.0.113.0/24, 2001:db8::/48
    pub address: String,
    /// IP set; by default the only one whose rule does so
    #[arg(long, value_name = "NAME")]
    pub set: Option<String>,
    /// Note until when it is meant to stay, such as 2h; nothing takes it off by itself
    #[arg(long, value_name = "DURATION", value_parser = span)]
    pub until: Option<Duration>,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

impl Entry {
    fn request(&self, list: op::List) -> (Request, Carry) {
        let until = self.until.and_then(|span| span.try_into().ok());
        let request = op::ListAddress {
            address: Some(self.address.clone()),
            list,
            set: self.set.clone(),
            until: until.map(op::Until::After),
        };
        (request.into(), self.carry)
    }
}

impl WafCommand {
    /// The operation that it asks for.
    #[must_use]
    pub fn request(&self) -> (Request, Carry) {
        let rule = |rule: &Rule, to| {
            let (rule, carry) = (rule.rule.clone(), rule.carry);
            (op::SetRule { rule, to }.into(), carry)
        };
        match self {
            Self::BlockRule(asked) => rule(asked, RuleMode::Block),
            Self::CountRule(asked) => rule(asked, RuleMode::Count),
            Self::Block(entry) => entry.request(op::List::Block),
            Self::Allow(entry) => entry.request(op::List::Allow),
            Self::Unblock {
                address,
                set,
                carry,
            } => {
                let (address, set) = (Some(address.clone()), set.clone());
                (op::UnlistAddress { address, set }.into(), *carry)
            }
        }
    }
}

/// What to do with an alarm.
#[derive(Debug, Clone, Subcommand)]
pub enum AlarmsCommand {
    /// Let an alarm act again when it changes its state
    Enable {
        /// Alarm
        #[arg(value_name = "NAME")]
        alarm: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Keep an alarm from acting, such as during maintenance; it is evaluated all the same
    Disable {
        /// Alarm
        #[arg(value_name = "NAME")]
        alarm: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
}

impl AlarmsCommand {
    /// The operation that it asks for.
    #[must_use]
    pub fn request(&self) -> (Request, Carry) {
        let (alarm, to, carry) = match self {
            Self::Enable { alarm, carry } => (alarm, Switch::Enabled, carry),
            Self::Disable { alarm, carry } => (alarm, Switch::Disabled, carry),
        };
        let alarm = alarm.clone();
        (op::SwitchAlarm { alarm, to }.into(), *carry)
    }
}
