//! A named environment: how to reach it and which resources belong to it.

use super::{database::DatabaseKind, edge::WafScope};
use crate::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Whether changes are possible at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Calls that change something are refused where calls are made.
    ReadOnly,
    /// Changes are possible, each after its plan.
    #[default]
    ReadWrite,
}

/// What an outage of the environment means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Users depend on it: unmistakable on screen, confirmations by typed name.
    Production,
    /// Anything else.
    #[default]
    Development,
}

impl Stage {
    /// The word for it in hydren.toml.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Development => "development",
        }
    }
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// Name in the configuration, `prod`.
    pub name: String,
    /// Stage.
    pub stage: Stage,
    /// Access.
    pub access: Access,
    /// Why access is read-only: `--read-only`, `hydren.toml`, ...; shown when a call is refused.
    pub access_reason: Option<String>,
    /// Accent colour by theme role or `#rrggbb`, so that environments are told apart.
    pub colour: Option<String>,
    /// AWS profile.
    pub profile: Option<String>,
    /// Home region: everything but CloudFront, its web ACL and certificate, and Route 53. Empty when neither flags, variables nor
    /// files say it: then the adapter takes what the AWS profile or the instance says.
    pub region: String,
    /// Endpoint for all services, for test servers.
    pub endpoint_url: Option<String>,
    /// Whether it is the embedded simulation.
    pub simulated: bool,
    /// What is to be known for its costs.
    pub cost: CostSettings,
    /// What belongs to it.
    pub resources: Resources,
}

/// What of an environment's costs cannot be observed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostSettings {
    /// USD that a calendar month may come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<u32>,
    /// Whether what an account has for nothing each month is this environment's alone; without it, it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_tier: Option<bool>,
    /// Where most viewers are; without it, near the environment's region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewers: Option<Viewers>,
}

/// Where viewers are: `CloudFront` bills by the edge location that serves them (aws.amazon.com/cloudfront/pricing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Viewers {
    /// United States, Mexico, Canada.
    UnitedStates,
    /// Europe, Israel, Turkey.
    Europe,
    /// India.
    India,
    /// Hong Kong, Indonesia, Philippines, Singapore, South Korea, Taiwan, Thailand, Malaysia, Vietnam.
    AsiaPacific,
    /// Japan.
    Japan,
    /// Australia, New Zealand.
    Australia,
}

impl Viewers {
    /// Where the viewers of an application in `region` are most likely.
    #[must_use]
    pub fn near(region: &str) -> Self {
        match region {
            "ap-south-1" | "ap-south-2" => Self::India,
            "ap-northeast-1" | "ap-northeast-3" => Self::Japan,
            "ap-southeast-2" | "ap-southeast-4" | "ap-southeast-6" => Self::Australia,
            other if other.starts_with("ap-") => Self::AsiaPacific,
            other if other.starts_with("eu-") || other.starts_with("il-") => Self::Europe,
            _ => Self::UnitedStates,
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnitedStates => "North America",
            Self::Europe => "Europe",
            Self::India => "India",
            Self::AsiaPacific => "Asia-Pacific",
            Self::Japan => "Japan",
            Self::Australia => "Australia",
        }
    }
}

impl Environment {
    /// Why nothing of it may be changed; `None` where changes are possible.
    #[must_use]
    pub fn read_only(&self) -> Option<&str> {
        let why = self.access_reason.as_deref();
        (self.access == Access::ReadOnly).then(|| why.unwrap_or("the environment is read-only"))
    }

    /// Lets a change pass, or says why it is refused.
    ///
    /// # Errors
    /// `ReadOnly` names the setting that forbids changes.
    pub fn permit(&self, action: &str, resource: &str) -> Result<()> {
        let Some(why) = self.read_only() else {
            return Ok(());
        };
        let what = format!("{action} on {resource} was refused: {why}");
        Err(Error::new(ErrorKind::ReadOnly, what).hint(
            "choose an environment with write access, or remove the setting that forbids changes",
        ))
    }
}

/// The names of an environment's resources. What is `None` or empty is not part of the environment, and its tier says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// `app.example.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Hosted zone id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosted_zone: Option<String>,
    /// Distribution id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// Load balancer name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<String>,
    /// Cluster name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// VPC id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Log groups besides those of the task definitions: database, flow logs, WAF.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_groups: Vec<String>,
    /// Image repositories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Prefix of the alarms that belong to the environment; without one, alarms are matched by their dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_prefix: Option<String>,
    /// Dashboard name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<String>,
    /// Web ACL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_acl: Option<WebAclName>,
    /// Database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseName>,
    /// Services.
    #[serde(rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceName>,
}

impl Resources {
    /// Whether a resource of `tier` is named: without one, the tier is not part of the environment.
    #[must_use]
    pub const fn names(&self, tier: super::Tier) -> bool {
        use super::Tier;
        match tier {
            Tier::Route53 => self.hosted_zone.is_some() || self.domain.is_some(),
            Tier::CloudFront => self.distribution.is_some(),
            Tier::Waf => self.web_acl.is_some(),
            Tier::Alb => self.load_balancer.is_some(),
            Tier::Ecs => self.cluster.is_some(),
            Tier::Rds => self.database.is_some(),
            Tier::Images => !self.repositories.is_empty(),
            // Without a prefix, alarms are found by the resources that they watch.
            Tier::Alarms => {
                self.alarm_prefix.is_some()
                    || self.dashboard.is_some()
                    || self.cluster.is_some()
                    || self.load_balancer.is_some()
                    || self.distribution.is_some()
                    || self.database.is_some()
            }
            Tier::Network => self.vpc.is_some(),
        }
    }
}

/// Names a web ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebAclName {
    /// Name.
    pub name: String,
    /// Identifier.
    pub id: String,
    /// Scope.
    pub scope: WafScope,
}

/// Names a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseName {
    /// Identifier.
    pub id: String,
    /// Instance or cluster.
    pub kind: DatabaseKind,
}

/// Names a service and its part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceName {
    /// Name in ECS.
    pub name: String,
    /// Part.
    #[serde(default)]
    pub role: ServiceRole,
}

/// The part a service plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceRole {
    /// Serves the static application.
    Frontend,
    /// Serves the API.
    Backend,
    /// Anything else.
    #[default]
    Other,
}

/// Whether `name` is written as regions are: `eu-west-1`, `us-gov-east-1`. Whether it exists, its endpoint's name tells.
#[must_use]
pub fn is_region(name: &str) -> bool {
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let parts: Vec<&str> = name.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    words.len() >= 2 && words.iter().all(word) && number.parse::<u8>().is_ok_and(|n| n > 0)
}
