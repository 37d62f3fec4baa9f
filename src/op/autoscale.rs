//! Sets limits and targets of a service's autoscaling, suspends and resumes it.

mod adjust;
mod review;

pub use adjust::{Adjustment, Hold};

#[cfg(test)]
mod tests;

use super::{
    Desk, Goal, Operation, Plan, Request,
    desk::service,
    form::{Choice, Form, Kind},
    scale::MOST,
};
use crate::{
    cloud::call::{
        COOLDOWN, SCALING, ScalableTarget, ScaledService, Scaling, ScalingCall, Switch,
        TrackedMetric, TrackingPolicy,
    },
    error::{Error, ErrorKind, Result},
    model::compute::{Compute, ScalingPolicy, Service},
};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::BTreeSet;

/// Changes how a service is autoscaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Autoscale {
    /// Service.
    pub service: String,
    /// What is wanted.
    pub to: Aim,
}

/// How a service is to be autoscaled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// Asks.
    Asked,
    /// Some of it differently, the rest as it is.
    Adjusted(Adjustment),
    /// Exactly so; `None`: not at all.
    Exactly(Option<Autoscaled>),
}

/// All that this operation changes of a service's autoscaling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Autoscaled {
    /// Limits, and what is suspended.
    pub target: ScalableTarget,
    /// Policies that hold CPU or memory, by metric and name.
    pub policies: Vec<TrackingPolicy>,
}

impl Autoscaled {
    /// How a service is autoscaled now; `None` where no scalable target is registered.
    #[must_use]
    pub fn of(service: &Service) -> Option<Self> {
        let read = service.autoscaling.as_ref()?;
        let policies = read.policies.iter().filter_map(TrackingPolicy::of);
        Some(Self {
            target: read.into(),
            policies: sorted(policies.collect()),
        })
    }

    fn policy(&self, metric: TrackedMetric) -> Option<&TrackingPolicy> {
        self.policies.iter().find(|policy| policy.metric == metric)
    }

    /// Every field as it is shown, by its name.
    fn rows(&self) -> Vec<(String, String)> {
        let mut rows = vec![
            ("minimum".to_owned(), self.target.min.to_string()),
            ("maximum".to_owned(), self.target.max.to_string()),
        ];
        for policy in &self.policies {
            let metric = policy.metric.word();
            let seconds = |of: Option<i32>| match of {
                Some(seconds) => format!("{seconds} s"),
                None => format!("{COOLDOWN} s, by default"),
            };
            let row = |field: &str, value| (format!("{metric} · {field}"), value);
            rows.extend([
                row("target", policy.target.to_string()),
                row("scale-in cooldown", seconds(policy.in_cooldown)),
                row("scale-out cooldown", seconds(policy.out_cooldown)),
                row("policy", policy.name.clone()),
            ]);
            if policy.scale_in == Switch::Disabled {
                rows.push(row("scaling in", policy.scale_in.word().to_owned()));
            }
        }
        let suspended = Scaling::words(&self.target.suspended);
        rows.push(("suspended".to_owned(), suspended));
        rows
    }

    /// Every field in a sentence.
    fn words(&self) -> String {
        let rows = self.rows().into_iter();
        let rows: Vec<String> = rows
            .map(|(field, value)| format!("{field} {value}"))
            .collect();
        rows.join(", ")
    }
}

fn sorted(mut policies: Vec<TrackingPolicy>) -> Vec<TrackingPolicy> {
    policies.sort_by(|a, b| (a.metric, &a.name).cmp(&(b.metric, &b.name)));
    policies
}

/// Why it is not known how a service is autoscaled, if so: none is then not none.
pub(super) fn unread(service: &Service) -> Option<&str> {
    let mut gaps = service.gaps.iter().map(String::as_str);
    gaps.find(|gap| {
        gap.contains("DescribeScalableTargets") || gap.contains("DescribeScalingPolicies")
    })
}

/// Policies that scale the service as well and are left alone.
fn others(service: &Service) -> Vec<&ScalingPolicy> {
    let all = service.autoscaling.iter().flat_map(|read| &read.policies);
    all.filter(|policy| TrackingPolicy::of(policy).is_none())
        .collect()
}

#[async_trait]
impl Operation for Autoscale {
    fn name(&self) -> &'static str {
        "autoscale"
    }

    fn actions(&self) -> &'static [&'static str] {
        &[
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:DeregisterScalableTarget",
            SCALING[0],
            SCALING[1],
            SCALING[2],
            SCALING[3],
        ]
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.to != Aim::Asked {
            return Ok(None);
        }
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        if let Some(why) = unread(service) {
            return Err(Error::new(
                ErrorKind::Service,
                format!("how {} is autoscaled is not known: {why}", service.name),
            )
            .hint("grant what was denied, or try again"));
        }
        Ok(Some(form(service)))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        Ok(Self {
            service: self.service.clone(),
            to: Aim::Adjusted(Adjustment::filled(form)?),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        self.planned(desk, &*desk.compute().await?)
    }
}

impl Autoscale {
    /// Plans it for the services as they were read.
    fn planned(&self, desk: &Desk<'_>, compute: &Compute) -> Result<Plan> {
        let service = service(compute, &self.service)?;
        let before = Autoscaled::of(service);
        let after = match &self.to {
            Aim::Asked => before.clone(),
            Aim::Adjusted(adjustment) => Some(adjustment.of(service, before.as_ref())?),
            Aim::Exactly(exactly) => exactly.clone(),
        };
        let title = match (&before, &after) {
            (None, Some(_)) => format!("Autoscale {}", service.name),
            (_, None) => format!("Stop autoscaling {}", service.name),
            _ => format!("Change the autoscaling of {}", service.name),
        };
        let goal = Goal::Autoscaled {
            service: service.name.clone(),
            to: after.clone(),
        };
        let plan = Plan::new(self.clone(), title, &service.name, goal, desk.now());
        let scaled = ScaledService {
            cluster: compute.cluster.name.clone(),
            service: service.name.clone(),
        };
        let plan = review::review(desk, plan, service, before.as_ref(), after.as_ref());
        let calls = calls(&scaled, before.as_ref(), after.as_ref());
        Ok(calls
            .into_iter()
            .fold(plan, |plan, call| plan.call(call.into())))
    }
}

/// What leads from one to the other: limits first; policies go before others come, because a metric has one policy only.
fn calls(
    scaled: &ScaledService,
    before: Option<&Autoscaled>,
    after: Option<&Autoscaled>,
) -> Vec<ScalingCall> {
    let scaled = || scaled.clone();
    let Some(after) = after else {
        let registered = before.map(|_| ScalingCall::DeregisterTarget { scaled: scaled() });
        return registered.into_iter().collect();
    };
    let known = before.map_or(&[][..], |before| &before.policies);
    let register = before.is_none_or(|before| before.target != after.target);
    let register = register.then(|| ScalingCall::RegisterTarget {
        scaled: scaled(),
        target: after.target.clone(),
    });
    let gone = known
        .iter()
        .filter(|old| after.policies.iter().all(|new| new.name != old.name));
    let put = after.policies.iter().filter(|new| !known.contains(new));
    let gone = gone.map(|old| ScalingCall::DeletePolicy {
        scaled: scaled(),
        policy: old.name.clone(),
    });
    let put = put.map(|new| ScalingCall::PutPolicy {
        scaled: scaled(),
        policy: new.clone(),
    });
    register.into_iter().chain(gone).chain(put).collect()
}

fn form(service: &Service) -> Form {
    let now = Autoscaled::of(service);
    let (running, desired) = (service.running, service.desired);
    let mut form = Form::new(format!("Autoscale {}", service.name));
    if now.is_none() {
        form = form.note("No scalable target is registered: this registers one.");
    }
    let others: Vec<String> = others(service)
        .iter()
        .map(|p| format!("{} ({})", p.name, p.kind))
        .collect();
    if !others.is_empty() {
        form = form.note(format!("Left alone: {}.", others.join(", ")));
    }
    let (min, max) = now.as_ref().map_or((desired, desired.max(1)), |now| {
        (now.target.min, now.target.max)
    });
    form = form
        .field(
            "min",
            "Minimum",
            Kind::Number(0, MOST.into()),
            min,
            format!("{running} running now"),
        )
        .field(
            "max",
            "Maximum",
            Kind::Number(0, MOST.into()),
            max,
            format!("{running} running now"),
        );
    for (metric, name, label) in [
        (TrackedMetric::Cpu, "cpu", "CPU target, %"),
        (TrackedMetric::Memory, "memory", "Memory target, %"),
    ] {
        let target = now.as_ref().and_then(|now| now.policy(metric));
        let (value, help) = match target {
            Some(policy) => (
                policy.target.value().to_string(),
                "1 to 100; `off` deletes the policy",
            ),
            None => (String::new(), "1 to 100; empty: no policy"),
        };
        form = form.field(name, label, Kind::Text, &value, help);
    }
    let cooldown = |of: fn(&TrackingPolicy) -> Option<i32>| {
        let policies = now.iter().flat_map(|now| &now.policies).map(of);
        let all: BTreeSet<Option<i32>> = policies.collect();
        match all.first() {
            Some(Some(seconds)) if all.len() == 1 => seconds.to_string(),
            _ => String::new(),
        }
    };
    let help = "of every policy of the two; empty leaves each as it is";
    let suspended = now.as_ref().map(|now| now.target.suspended.clone());
    let suspended = Scaling::words(&suspended.unwrap_or_default());
    form.field(
        "in",
        "Scale-in cooldown, s",
        Kind::Text,
        &cooldown(|p| p.in_cooldown),
        help,
    )
    .field(
        "out",
        "Scale-out cooldown, s",
        Kind::Text,
        &cooldown(|p| p.out_cooldown),
        help,
    )
    .field(
        "suspended",
        "Suspended",
        Kind::OneOf(combinations()),
        &suspended,
        "← → chooses",
    )
}

/// Every set of what can be suspended.
fn subsets() -> impl Iterator<Item = BTreeSet<Scaling>> {
    (0..1_u8 << Scaling::ALL.len()).map(|bits| {
        let all = Scaling::ALL.into_iter().enumerate();
        let chosen = all.filter(|(place, _)| bits >> place & 1 == 1);
        chosen.map(|(_, scaling)| scaling).collect()
    })
}

fn combinations() -> Vec<Choice> {
    let choice = |set: BTreeSet<Scaling>| Choice {
        value: Scaling::words(&set),
        about: String::new(),
    };
    subsets().map(choice).collect()
}
