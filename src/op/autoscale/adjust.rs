//! What of a service's autoscaling is to be different, and what comes of it.

use super::{Autoscaled, sorted, subsets};
use crate::{
    cloud::call::{
        COOLDOWN, Percent, ScalableTarget, Scaling, Switch, TrackedMetric, TrackingPolicy,
    },
    error::{Error, ErrorKind, Result},
    model::compute::Service,
    op::{form::Form, scale::MOST},
};
use serde::Serialize;
use std::{collections::BTreeSet, str::FromStr};

/// Changes to a service's autoscaling; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// Fewest tasks.
    pub min: Option<i32>,
    /// Most tasks.
    pub max: Option<i32>,
    /// What CPU is held at.
    pub cpu: Option<Hold>,
    /// What memory is held at.
    pub memory: Option<Hold>,
    /// Seconds between two that scale in, of every policy.
    pub in_cooldown: Option<i32>,
    /// Seconds between two that scale out, of every policy.
    pub out_cooldown: Option<i32>,
    /// What is suspended.
    pub suspend: BTreeSet<Scaling>,
    /// What is resumed.
    pub resume: BTreeSet<Scaling>,
}

/// What a metric is held at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// At this.
    At(Percent),
    /// At nothing: its policy is deleted.
    Off,
}

impl FromStr for Hold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.trim() == "off" {
            return Ok(Self::Off);
        }
        let percent = text.parse::<Percent>();
        let percent = percent.map_err(|e| e.hint("give a number such as 60, or off"))?;
        Ok(Self::At(percent))
    }
}

fn refused(what: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, what).hint(hint)
}

impl Adjustment {
    /// Takes what was filled in.
    ///
    /// # Errors
    /// `Usage` names the field and what it takes.
    pub(super) fn filled(form: &Form) -> Result<Self> {
        fn given<T: FromStr>(form: &Form, name: &str) -> Result<Option<T>> {
            if form.text(name).is_empty() {
                return Ok(None);
            }
            form.value(name).map(Some)
        }
        let chosen = form.text("suspended");
        let suspend = subsets()
            .find(|set| Scaling::words(set) == chosen)
            .unwrap_or_default();
        let resume = Scaling::ALL.into_iter().filter(|s| !suspend.contains(s));
        Ok(Self {
            min: given(form, "min")?,
            max: given(form, "max")?,
            cpu: given(form, "cpu")?,
            memory: given(form, "memory")?,
            in_cooldown: given(form, "in")?,
            out_cooldown: given(form, "out")?,
            resume: resume.collect(),
            suspend,
        })
    }

    /// How `service` is autoscaled with it, which is autoscaled as `now`.
    ///
    /// # Errors
    /// `Usage` for what cannot be.
    pub(super) fn of(&self, service: &Service, now: Option<&Autoscaled>) -> Result<Autoscaled> {
        let (Some(min), Some(max)) = (
            self.min.or(now.map(|now| now.target.min)),
            self.max.or(now.map(|now| now.target.max)),
        ) else {
            return Err(refused(
                format!(
                    "{} is not autoscaled yet: its limits are missing",
                    service.name
                ),
                "give --min and --max",
            ));
        };
        if min < 0 || max > MOST {
            return Err(refused(
                format!(
                    "{} cannot be scaled between {min} and {max} tasks",
                    service.name
                ),
                format!("numbers from 0 to {MOST} are expected"),
            ));
        }
        if min > max {
            return Err(refused(
                format!("a minimum of {min} is above the maximum of {max}"),
                "raise --max, or lower --min",
            ));
        }
        if let Some(both) = self.suspend.intersection(&self.resume).next() {
            return Err(refused(
                format!("{} cannot be both suspended and resumed", both.word()),
                "name it once",
            ));
        }
        let mut policies = now.map(|now| now.policies.clone()).unwrap_or_default();
        self.hold(service, TrackedMetric::Cpu, self.cpu, &mut policies);
        self.hold(service, TrackedMetric::Memory, self.memory, &mut policies);
        self.pace(&mut policies)?;
        let was = now
            .map(|now| now.target.suspended.clone())
            .unwrap_or_default();
        let suspended = was.union(&self.suspend).copied();
        Ok(Autoscaled {
            target: ScalableTarget {
                min,
                max,
                suspended: suspended.filter(|s| !self.resume.contains(s)).collect(),
            },
            policies: sorted(policies),
        })
    }

    fn hold(
        &self,
        service: &Service,
        metric: TrackedMetric,
        to: Option<Hold>,
        policies: &mut Vec<TrackingPolicy>,
    ) {
        match to {
            None => {}
            Some(Hold::Off) => policies.retain(|policy| policy.metric != metric),
            Some(Hold::At(target)) => match policies.iter_mut().find(|p| p.metric == metric) {
                Some(policy) => policy.target = target,
                None => policies.push(TrackingPolicy {
                    name: free_name(service, metric),
                    metric,
                    target,
                    in_cooldown: Some(self.in_cooldown.unwrap_or(COOLDOWN)),
                    out_cooldown: Some(self.out_cooldown.unwrap_or(COOLDOWN)),
                    scale_in: Switch::Enabled,
                }),
            },
        }
    }

    /// Sets the cooldowns.
    fn pace(&self, policies: &mut [TrackingPolicy]) -> Result<()> {
        let given = [self.in_cooldown, self.out_cooldown].into_iter().flatten();
        for seconds in given {
            if seconds < 0 {
                return Err(refused(
                    format!("a cooldown of {seconds} s cannot be"),
                    "give seconds, from 0",
                ));
            }
            if policies.is_empty() {
                return Err(refused(
                    "a cooldown belongs to a policy, and there is none for CPU or memory",
                    "give --cpu or --memory as well",
                ));
            }
        }
        for policy in policies {
            policy.in_cooldown = self.in_cooldown.or(policy.in_cooldown);
            policy.out_cooldown = self.out_cooldown.or(policy.out_cooldown);
        }
        Ok(())
    }
}

/// A name that no policy of the service has: a policy that is put replaces the one of its name.
fn free_name(service: &Service, metric: TrackedMetric) -> String {
    let first = format!("{}-{}", service.name, metric.word().to_lowercase());
    let taken = |name: &String| {
        let mut policies = service.autoscaling.iter().flat_map(|read| &read.policies);
        policies.any(|policy| policy.name == *name)
    };
    let further = (2..).map(|n| format!("{first}-{n}"));
    let mut names = std::iter::once(first.clone()).chain(further);
    names.find(|name| !taken(name)).unwrap_or(first)
}
