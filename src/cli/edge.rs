//! Commands in front of the application, and for its alarms.

use super::Carry;
use crate::{
    cloud::call::Switch,
    op::{self, Request},
};
use clap::Subcommand;

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
