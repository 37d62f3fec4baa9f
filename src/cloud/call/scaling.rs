//! Writes to Application Auto Scaling, and what it is told of a service.

use super::Switch;
use crate::{
    error::{Error, ErrorKind, Result},
    model::compute::{Autoscaling, ScalingPolicy},
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, str::FromStr};

/// Needed besides by its calls: the first of an account makes the service-linked role, and it checks that its caller may do what it does
/// itself (ECS developer guide, IAM permissions for service auto scaling).
pub const SCALING: [&str; 4] = [
    "iam:CreateServiceLinkedRole",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:DeleteAlarms",
    "ecs:UpdateService",
];

/// Seconds of a cooldown that a policy of an ECS service does not say (Application Auto Scaling API,
/// `TargetTrackingScalingPolicyConfiguration`).
pub const COOLDOWN: i32 = 300;

/// Least and most percent that a policy can aim at: the metrics are percent of what a task has.
const RANGE: std::ops::RangeInclusive<f64> = 1.0..=100.0;

/// Percent, as precise as AWS keeps it. Always a number, so that two can be told to be equal.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Percent(f64);

impl Eq for Percent {}

impl Percent {
    /// Takes what was read; `None` for what is no number.
    #[must_use]
    pub fn read(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// As a number from 0 to 100.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl FromStr for Percent {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = text.trim().trim_end_matches('%').trim_end().parse();
        match number {
            Ok(number) if RANGE.contains(&number) => Ok(Self(number)),
            _ => Err(Error::new(
                ErrorKind::Usage,
                format!("`{text}` is not percent from 1 to 100"),
            )
            .hint("give a number such as 60")),
        }
    }
}

/// What can be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// Scaling in by policies.
    In,
    /// Scaling out by policies.
    Out,
    /// Scheduled scaling.
    Scheduled,
}

impl Scaling {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::In, Self::Out, Self::Scheduled];

    /// In a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::In => "scale-in",
            Self::Out => "scale-out",
            Self::Scheduled => "scheduled scaling",
        }
    }

    /// Several, in words.
    #[must_use]
    pub fn words(of: &BTreeSet<Self>) -> String {
        if of.is_empty() {
            return "nothing".to_owned();
        }
        of.iter().map(|s| s.word()).collect::<Vec<_>>().join(", ")
    }
}

/// What a policy holds at its target: the mean over the service's tasks, in percent of what they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackedMetric {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
}

impl TrackedMetric {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];

    /// Predefined metric type of the API.
    #[must_use]
    pub const fn predefined(self) -> &'static str {
        match self {
            Self::Cpu => "ECSServiceAverageCPUUtilization",
            Self::Memory => "ECSServiceAverageMemoryUtilization",
        }
    }

    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "memory",
        }
    }
}

/// A policy that holds CPU or memory at a target: all that AWS keeps of it, because a policy is always put whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrackingPolicy {
    /// Name.
    pub name: String,
    /// What it tracks.
    pub metric: TrackedMetric,
    /// What it holds it at.
    pub target: Percent,
    /// Seconds between two that scale in; `None` leaves it to AWS: [`COOLDOWN`].
    pub in_cooldown: Option<i32>,
    /// Seconds between two that scale out; `None` leaves it to AWS: [`COOLDOWN`].
    pub out_cooldown: Option<i32>,
    /// Whether it scales in at all.
    pub scale_in: Switch,
}

impl TrackingPolicy {
    /// The policy as it was read; `None` for one of another kind or metric.
    #[must_use]
    pub fn of(policy: &ScalingPolicy) -> Option<Self> {
        let tracked = policy.metric.as_deref()?;
        let metric = TrackedMetric::ALL
            .into_iter()
            .find(|m| m.predefined() == tracked)?;
        Some(Self {
            name: policy.name.clone(),
            metric,
            target: Percent::read(policy.target?)?,
            in_cooldown: policy.scale_in_cooldown,
            out_cooldown: policy.scale_out_cooldown,
            scale_in: Switch::of(!policy.scale_in_disabled),
        })
    }

    /// The same with AWS's defaults spelled out.
    #[must_use]
    pub fn effective(&self) -> Self {
        Self {
            in_cooldown: Some(self.in_cooldown.unwrap_or(COOLDOWN)),
            out_cooldown: Some(self.out_cooldown.unwrap_or(COOLDOWN)),
            ..self.clone()
        }
    }

    fn configuration(&self) -> serde_json::Value {
        let mut configuration = serde_json::json!({
            "TargetValue": self.target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": self.metric.predefined()},
            "DisableScaleIn": self.scale_in == Switch::Disabled,
        });
        for (key, seconds) in [
            ("ScaleInCooldown", self.in_cooldown),
            ("ScaleOutCooldown", self.out_cooldown),
        ] {
            if let Some(seconds) = seconds {
                configuration[key] = seconds.into();
            }
        }
        configuration
    }
}

/// A scalable target as it is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScalableTarget {
    /// Fewest tasks.
    pub min: i32,
    /// Most tasks.
    pub max: i32,
    /// What is suspended.
    pub suspended: BTreeSet<Scaling>,
}

impl From<&Autoscaling> for ScalableTarget {
    fn from(read: &Autoscaling) -> Self {
        let suspended = [
            (Scaling::In, read.scale_in_suspended),
            (Scaling::Out, read.scale_out_suspended),
            (Scaling::Scheduled, read.scheduled_scaling_suspended),
        ];
        let suspended = suspended.into_iter().filter(|(_, is)| *is);
        Self {
            min: read.min,
            max: read.max,
            suspended: suspended.map(|(scaling, _)| scaling).collect(),
        }
    }
}

/// The service whose desired count is scaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScaledService {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
}

impl ScaledService {
    /// Resource id of the API.
    #[must_use]
    pub fn resource_id(&self) -> String {
        format!("service/{}/{}", self.cluster, self.service)
    }
}

/// A write to Application Auto Scaling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum ScalingCall {
    /// Registers the service's desired count as a scalable target, or changes the one that is registered
    /// (`application-autoscaling:RegisterScalableTarget`).
    RegisterTarget {
        /// Service.
        #[serde(flatten)]
        scaled: ScaledService,
        /// All of it: what is left out of the suspended state would be resumed.
        target: ScalableTarget,
    },
    /// Makes a policy, or puts another of the same name in its place (`application-autoscaling:PutScalingPolicy`).
    PutPolicy {
        /// Service.
        #[serde(flatten)]
        scaled: ScaledService,
        /// All of it.
        policy: TrackingPolicy,
    },
    /// Deletes a policy and its alarms (`application-autoscaling:DeleteScalingPolicy`).
    DeletePolicy {
        /// Service.
        #[serde(flatten)]
        scaled: ScaledService,
        /// Name.
        policy: String,
    },
    /// Ends autoscaling: policies and scheduled actions go with the target (`application-autoscaling:DeregisterScalableTarget`).
    DeregisterTarget {
        /// Service.
        #[serde(flatten)]
        scaled: ScaledService,
    },
}

impl ScalingCall {
    /// The IAM action it needs.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::RegisterTarget { .. } => "application-autoscaling:RegisterScalableTarget",
            Self::PutPolicy { .. } => "application-autoscaling:PutScalingPolicy",
            Self::DeletePolicy { .. } => "application-autoscaling:DeleteScalingPolicy",
            Self::DeregisterTarget { .. } => "application-autoscaling:DeregisterScalableTarget",
        }
    }

    /// The service that it is about.
    #[must_use]
    pub const fn scaled(&self) -> &ScaledService {
        match self {
            Self::RegisterTarget { scaled, .. }
            | Self::PutPolicy { scaled, .. }
            | Self::DeletePolicy { scaled, .. }
            | Self::DeregisterTarget { scaled } => scaled,
        }
    }

    /// The equivalent `aws` command, as words.
    #[must_use]
    pub fn aws_command(&self) -> Vec<String> {
        let (verb, rest) = match self {
            Self::RegisterTarget { target, .. } => {
                let is = |scaling| target.suspended.contains(&scaling);
                let suspended = serde_json::json!({
                    "DynamicScalingInSuspended": is(Scaling::In),
                    "DynamicScalingOutSuspended": is(Scaling::Out),
                    "ScheduledScalingSuspended": is(Scaling::Scheduled),
                });
                (
                    "register-scalable-target",
                    vec![
                        ("--min-capacity", target.min.to_string()),
                        ("--max-capacity", target.max.to_string()),
                        ("--suspended-state", suspended.to_string()),
                    ],
                )
            }
            Self::PutPolicy { policy, .. } => (
                "put-scaling-policy",
                vec![
                    ("--policy-name", policy.name.clone()),
                    ("--policy-type", "TargetTrackingScaling".to_owned()),
                    (
                        "--target-tracking-scaling-policy-configuration",
                        policy.configuration().to_string(),
                    ),
                ],
            ),
            Self::DeletePolicy { policy, .. } => (
                "delete-scaling-policy",
                vec![("--policy-name", policy.clone())],
            ),
            Self::DeregisterTarget { .. } => ("deregister-scalable-target", Vec::new()),
        };
        let resource = self.scaled().resource_id();
        let words = ["aws", "application-autoscaling", verb].map(str::to_owned);
        let place = [
            ("--service-namespace", "ecs".to_owned()),
            ("--resource-id", resource),
            (
                "--scalable-dimension",
                "ecs:service:DesiredCount".to_owned(),
            ),
        ];
        let pairs = place.into_iter().chain(rest);
        let pairs = pairs.flat_map(|(flag, value)| [flag.to_owned(), value]);
        words.into_iter().chain(pairs).collect()
    }
}
