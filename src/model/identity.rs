//! Who the console is towards AWS.

use jiff::Timestamp;
use serde::Serialize;

/// The caller and its session.
#[derive(Debug, Clone, Serialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// ARN of the user or the assumed role session.
    pub arn: String,
    /// The home region that calls go to, where flags, variables and files left it to the AWS profile.
    pub region: String,
    /// When the credentials end; `None` for long-lived ones.
    pub expires_at: Option<Timestamp>,
}

impl Identity {
    /// The short name of the user or role: `ops` of `arn:aws:sts::…:assumed-role/ops/session`.
    #[must_use]
    pub fn short(&self) -> &str {
        let resource = super::balancer::arn_suffix(&self.arn);
        let mut parts = resource.split('/');
        match (parts.next(), parts.next()) {
            (Some("assumed-role" | "user" | "federated-user"), Some(name)) => name,
            _ => resource,
        }
    }
}
