//! The application load balancer.

use super::{edge::Certificate, state::BalancerState};
use serde::Serialize;

/// An application load balancer with its listeners and target groups.
#[derive(Debug, Clone, Serialize)]
pub struct Balancer {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// DNS name.
    pub dns_name: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// State.
    pub state: BalancerState,
    /// VPC.
    pub vpc_id: String,
    /// Availability Zones.
    pub zones: Vec<String>,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Seconds a connection may idle; target keep-alive must be longer.
    pub idle_timeout: Option<u32>,
    /// Whether it is protected from deletion.
    pub deletion_protection: bool,
    /// By port.
    pub listeners: Vec<Listener>,
    /// By name.
    pub target_groups: Vec<TargetGroup>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// A listener.
#[derive(Debug, Clone, Serialize)]
pub struct Listener {
    /// ARN.
    pub arn: String,
    /// `HTTP`, `HTTPS`.
    pub protocol: String,
    /// Port.
    pub port: i32,
    /// TLS policy.
    pub ssl_policy: Option<String>,
    /// Default certificate first.
    pub certificates: Vec<Certificate>,
    /// By priority, the default rule last.
    pub rules: Vec<ListenerRule>,
}

/// A listener rule.
#[derive(Debug, Clone, Serialize)]
pub struct ListenerRule {
    /// Number as text, or `default`.
    pub priority: String,
    /// `path /api/*`, `host example.com`, ...; empty for the default rule.
    pub conditions: Vec<String>,
    /// `forward backend`, `redirect HTTPS:443`, `fixed 404`, ...
    pub actions: Vec<String>,
    /// ARNs of target groups it forwards to, with weight.
    pub forwards_to: Vec<(String, i32)>,
}

/// A target group.
#[derive(Debug, Clone, Serialize)]
pub struct TargetGroup {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// `HTTP`, `HTTPS`.
    pub protocol: String,
    /// Port.
    pub port: i32,
    /// `ip`, `instance`.
    pub target_type: String,
    /// Health check, such as `HTTP /healthz:8000`.
    pub health_check: TargetHealthCheck,
    /// Seconds that a leaving target may finish its requests.
    pub deregistration_delay: Option<u32>,
    /// Targets.
    pub targets: Vec<Target>,
    /// Why targets are missing, when they could not be read.
    pub targets_error: Option<String>,
}

impl TargetGroup {
    /// Counts targets in `state`.
    #[must_use]
    pub fn count(&self, state: TargetState) -> usize {
        self.targets.iter().filter(|t| t.state == state).count()
    }

    /// The value of the `TargetGroup` metric dimension: the ARN's end, `targetgroup/<name>/<id>`.
    #[must_use]
    pub fn dimension(&self) -> &str {
        arn_suffix(&self.arn)
    }
}

/// The last, sixth part of an ARN.
#[must_use]
pub fn arn_suffix(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// How a target group checks its targets.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TargetHealthCheck {
    /// `HTTP`, ...
    pub protocol: String,
    /// Path.
    pub path: String,
    /// `traffic-port` or a number.
    pub port: String,
    /// Seconds between checks.
    pub interval: i32,
    /// Seconds until a check fails.
    pub timeout: i32,
    /// Checks in a row until healthy.
    pub healthy_threshold: i32,
    /// Checks in a row until unhealthy.
    pub unhealthy_threshold: i32,
    /// Success codes, `200-399`.
    pub matcher: String,
}

/// A registered target.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// Address or instance id.
    pub id: String,
    /// Port.
    pub port: i32,
    /// Availability Zone.
    pub zone: Option<String>,
    /// State.
    pub state: TargetState,
    /// Reason code, `Target.ResponseCodeMismatch`, ...
    pub reason: Option<String>,
    /// The reason in AWS's words.
    pub description: Option<String>,
}

/// State of a target, as `DescribeTargetHealth` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetState {
    /// Registering, or in its first checks.
    Initial,
    /// Passing.
    Healthy,
    /// Failing.
    Unhealthy,
    /// Failing and leaving.
    UnhealthyDraining,
    /// Its group is not used by a listener.
    Unused,
    /// Leaving.
    Draining,
    /// Health checks are off or the state is not known.
    Unavailable,
}

impl TargetState {
    /// The state's word as AWS writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::UnhealthyDraining => "unhealthy.draining",
            Self::Unused => "unused",
            Self::Draining => "draining",
            Self::Unavailable => "unavailable",
        }
    }
}
