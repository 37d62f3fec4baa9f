//! The tiers of the request path and around it, and what can be said of each.

use serde::{Deserialize, Serialize};

/// A tier or tool of the environment, in the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// DNS: the hosted zone, its alias records and health checks.
    Route53,
    /// The content delivery network in front.
    CloudFront,
    /// The web ACL in front of the distribution or the balancer.
    Waf,
    /// The application load balancer and its target groups.
    Alb,
    /// The cluster, its services, tasks and autoscaling.
    Ecs,
    /// The PostgreSQL database.
    Rds,
    /// Image repositories.
    Images,
    /// CloudWatch alarms and dashboards.
    Alarms,
    /// The VPC: subnets, routes, NAT, endpoints, security groups, flow logs.
    Network,
}

impl Tier {
    /// Every tier, in path order.
    pub const ALL: [Self; 9] = [
        Self::Route53,
        Self::CloudFront,
        Self::Waf,
        Self::Alb,
        Self::Ecs,
        Self::Rds,
        Self::Images,
        Self::Alarms,
        Self::Network,
    ];

    /// The stable name used in JSON and on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Route53 => "route53",
            Self::CloudFront => "cloudfront",
            Self::Waf => "waf",
            Self::Alb => "alb",
            Self::Ecs => "ecs",
            Self::Rds => "rds",
            Self::Images => "images",
            Self::Alarms => "alarms",
            Self::Network => "network",
        }
    }

    /// The name that people read.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Route53 => "Route 53",
            Self::CloudFront => "CloudFront",
            Self::Waf => "WAF",
            Self::Alb => "ALB",
            Self::Ecs => "ECS",
            Self::Rds => "RDS PostgreSQL",
            Self::Images => "Images",
            Self::Alarms => "Alarms",
            Self::Network => "Network",
        }
    }

    /// The position in [`Tier::ALL`], for arrays with one place a tier.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How a tier or resource is doing. Ordered: the worse, the greater, with `Unknown` between fine and bad.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Nothing is wrong.
    Ok,
    /// Nothing is known, which is never the same as fine.
    #[default]
    Unknown,
    /// Needs attention, users are still served.
    Warning,
    /// Users are affected, or will be at once.
    Critical,
}

impl Health {
    /// The state's word; always shown beside its glyph and colour.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The state's glyph: a different shape for each, since colour is never the only cue.
    #[must_use]
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Ok => "●",
            Self::Unknown => "○",
            Self::Warning => "▲",
            Self::Critical => "■",
        }
    }
}

/// What is said of a tier in a few words: the state and its key reason or figure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verdict {
    /// The state.
    pub health: Health,
    /// The reason in at most about 24 characters, such as `4/6 healthy` or `97.8 % hit`.
    pub text: String,
}

impl Verdict {
    /// Makes a verdict.
    pub fn new(health: Health, text: impl Into<String>) -> Self {
        Self {
            health,
            text: text.into(),
        }
    }
}
