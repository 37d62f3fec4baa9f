//! Application Auto Scaling: target tracking of a service's mean CPU or memory.
//!
//! Two alarms drive a policy, as AWS makes them: high is above the target for 3 minutes, low is below 90 % of it for 15. While high is in
//! ALARM, each minute asks for `ceil(tasks x metric / target)` tasks; of several policies the most count, and all must want fewer for
//! fewer. All within the limits and the cooldowns, and none of it where it is suspended.

use super::{
    alarms::Alarms,
    compute::scheduler::Service,
    dice::Dice,
    history::History,
    names,
    world::{World, moment},
};
use crate::{
    cloud::{
        CallOutcome,
        call::{
            COOLDOWN, Percent, ScalableTarget, Scaling, ScalingCall, Switch, TrackedMetric,
            TrackingPolicy,
        },
    },
    error::{Error, ErrorKind, Result},
    model::{
        alarm::AlarmState,
        compute::{Autoscaling as AutoscalingModel, ScalingActivity, ScalingPolicy},
        metric::Metric,
        state::ScalingStatus,
    },
};
use std::collections::{BTreeSet, VecDeque};

const MIN: i32 = 1;
const MAX: i32 = 6;
/// Percent of CPU that the backend's policy aims at.
const TARGET: f64 = 60.0;
pub const OUT_COOLDOWN: i32 = 120;
pub const IN_COOLDOWN: i32 = 300;
const HIGH_ALARM: &str =
    "TargetTracking-service/hydren/backend-AlarmHigh-4d7e21c8-90b3-4f6a-8e15-c27a0db93f41";
const LOW_ALARM: &str =
    "TargetTracking-service/hydren/backend-AlarmLow-b15f8c03-27de-4a90-93c6-0e84d7f1a62b";
const POLICY: &str = "backend-cpu-60";
/// Activities that are kept.
const KEPT: usize = 50;

/// A policy and the alarms that AWS made for it.
#[derive(Debug, Clone)]
struct Policy {
    is: TrackingPolicy,
    high: String,
    low: String,
}

impl Policy {
    /// Puts its alarms, or gives those that there are its target.
    fn alarm(&self, alarms: &mut Alarms, service: &'static str, history: &History, now: i64) {
        let target = self.is.target.value();
        let (names, of) = ((&*self.high, &*self.low), (self.is.metric, service));
        alarms.track(names, of, target, history, now);
    }

    /// Tasks that would bring the metric of `tasks` to the target.
    fn wanted(&self, tasks: u32, value: f64) -> u32 {
        (f64::from(tasks) * value / self.is.target.value()).ceil() as u32
    }

    fn cause(&self, alarm: &str) -> String {
        let name = &self.is.name;
        format!("monitor alarm {alarm} in state ALARM triggered policy {name}")
    }

    fn describe(&self) -> ScalingPolicy {
        ScalingPolicy {
            name: self.is.name.clone(),
            kind: "TargetTrackingScaling".to_owned(),
            metric: Some(self.is.metric.predefined().to_owned()),
            target: Some(self.is.target.value()),
            scale_in_cooldown: self.is.in_cooldown,
            scale_out_cooldown: self.is.out_cooldown,
            scale_in_disabled: self.is.scale_in == Switch::Disabled,
            alarms: vec![self.high.clone(), self.low.clone()],
        }
    }
}

/// The metric that the alarms of a policy watch.
pub const fn metric(of: TrackedMetric) -> Metric {
    match of {
        TrackedMetric::Cpu => Metric::EcsCpu,
        TrackedMetric::Memory => Metric::EcsMemory,
    }
}

/// The autoscaling of a service.
#[derive(Debug, Clone)]
pub struct Autoscaling {
    service: &'static str,
    /// `None` where none is registered.
    target: Option<ScalableTarget>,
    policies: Vec<Policy>,
    activities: VecDeque<ScalingActivity>,
    last_out: i64,
    last_in: i64,
    /// Whether the limit was already said to be reached in this episode.
    at_limit: bool,
    dice: Dice,
}

impl Autoscaling {
    fn none(service: &'static str, dice: Dice) -> Self {
        Self {
            service,
            target: None,
            policies: Vec::new(),
            activities: VecDeque::new(),
            last_out: i64::MIN / 2,
            last_in: i64::MIN / 2,
            at_limit: false,
            dice,
        }
    }

    /// That of both services: the backend's is registered, with its alarms.
    pub fn of_services(seed: u64, alarms: &mut Alarms, history: &History, now: i64) -> [Self; 2] {
        let policy = Percent::read(TARGET).map(|target| Policy {
            is: TrackingPolicy {
                name: POLICY.to_owned(),
                metric: TrackedMetric::Cpu,
                target,
                in_cooldown: Some(IN_COOLDOWN),
                out_cooldown: Some(OUT_COOLDOWN),
                scale_in: Switch::Enabled,
            },
            high: HIGH_ALARM.to_owned(),
            low: LOW_ALARM.to_owned(),
        });
        let backend = Self {
            target: Some(ScalableTarget {
                min: MIN,
                max: MAX,
                suspended: BTreeSet::new(),
            }),
            policies: policy.into_iter().collect(),
            ..Self::none(names::BACKEND, Dice::of(seed, "autoscaling"))
        };
        for policy in &backend.policies {
            policy.alarm(alarms, backend.service, history, now);
        }
        let frontend = Self::none(names::FRONTEND, Dice::of(seed, "autoscaling of frontend"));
        [frontend, backend]
    }

    /// Evaluates the policies at the end of a minute.
    pub fn evaluate(
        &mut self,
        service: &mut Service,
        alarms: &Alarms,
        history: &History,
        now: i64,
    ) {
        let Some(target) = self.target.clone() else {
            return;
        };
        let value = |policy: &Policy| {
            let column = history.column(metric(policy.is.metric), Some(self.service));
            column.map_or(f64::NAN, |column| history.newest(column))
        };
        let running = service.running() as u32;
        let fires = |alarm: &str| alarms.state(alarm) == AlarmState::Alarm;
        let high = self.policies.iter().filter(|policy| fires(&policy.high));
        let asked = high.map(|policy| (policy.wanted(running, value(policy)), policy.clone()));
        // Of several policies the one that asks for most tasks counts.
        if let Some((asked, policy)) = asked.max_by_key(|(asked, _)| *asked) {
            if !target.suspended.contains(&Scaling::Out) {
                self.scale_out(service, &target, asked, &policy, now);
            }
            return;
        }
        self.at_limit = false;
        let all = self.policies.iter();
        let all: Vec<&Policy> = all.filter(|p| p.is.scale_in == Switch::Enabled).collect();
        let rests = all.iter().any(|policy| !fires(&policy.low));
        // AWS switches scaling in off while a deployment is under way.
        if rests || target.suspended.contains(&Scaling::In) || service.deploying() {
            return;
        }
        let asked = all
            .into_iter()
            .map(|p| (p.wanted(service.desired, value(p)), p.clone()));
        if let Some((asked, policy)) = asked.max_by_key(|(asked, _)| *asked) {
            self.scale_in(service, &target, asked, &policy, now);
        }
    }

    fn scale_out(
        &mut self,
        service: &mut Service,
        target: &ScalableTarget,
        asked: u32,
        policy: &Policy,
        now: i64,
    ) {
        let (_, max) = limits(target);
        let granted = within(target, asked);
        let rest = policy.is.out_cooldown.unwrap_or(COOLDOWN);
        let cause = policy.cause(&policy.high);
        if granted > service.desired && now - self.last_out >= rest.into() {
            self.last_out = now;
            self.set(service, granted, cause, now);
        } else if asked > max && service.desired == max && !self.at_limit {
            self.at_limit = true;
            self.record(ScalingActivity {
                id: String::new(),
                at: Some(moment(now)),
                ended_at: Some(moment(now)),
                status: ScalingStatus::Failed,
                description: "Attempting to scale due to alarm triggered".to_owned(),
                cause,
                not_scaled_reasons: vec!["AlreadyAtMaxCapacity".to_owned()],
            });
        }
    }

    fn scale_in(
        &mut self,
        service: &mut Service,
        target: &ScalableTarget,
        asked: u32,
        policy: &Policy,
        now: i64,
    ) {
        let granted = within(target, asked);
        let rest = policy.is.in_cooldown.unwrap_or(COOLDOWN).into();
        let rested = now - self.last_in >= rest && now - self.last_out >= rest;
        if granted < service.desired && rested {
            self.last_in = now;
            self.set(service, granted, policy.cause(&policy.low), now);
        }
    }

    fn set(&mut self, service: &mut Service, desired: u32, cause: String, now: i64) {
        service.scale(desired);
        service.say(
            now,
            &format!(
                "Message: Successfully set desired count to {desired}. Change successfully fulfilled by ecs. Cause: {cause}"
            ),
        );
        self.record(ScalingActivity {
            id: String::new(),
            at: Some(moment(now)),
            ended_at: Some(moment(now + 35)),
            status: ScalingStatus::Successful,
            description: format!("Setting desired count to {desired}."),
            cause,
            not_scaled_reasons: Vec::new(),
        });
    }

    fn record(&mut self, activity: ScalingActivity) {
        let id = self.dice.uuid();
        self.activities
            .push_front(ScalingActivity { id, ..activity });
        self.activities.truncate(KEPT);
    }

    /// Puts a policy, with alarms of its own where it is new.
    fn put(&mut self, policy: &TrackingPolicy, alarms: &mut Alarms, history: &History, now: i64) {
        let place = self.policies.iter().position(|p| p.is.name == policy.name);
        let place = place.unwrap_or_else(|| {
            let mut alarm = |side| {
                let (cluster, id) = (names::CLUSTER, self.dice.uuid());
                format!(
                    "TargetTracking-service/{cluster}/{}-Alarm{side}-{id}",
                    self.service
                )
            };
            let (high, low) = (alarm("High"), alarm("Low"));
            let is = policy.clone();
            self.policies.push(Policy { is, high, low });
            self.policies.len() - 1
        });
        policy.clone_into(&mut self.policies[place].is);
        self.policies[place].alarm(alarms, self.service, history, now);
    }
}

/// Fewest and most tasks.
fn limits(target: &ScalableTarget) -> (u32, u32) {
    (target.min.unsigned_abs(), target.max.unsigned_abs())
}

fn within(target: &ScalableTarget, asked: u32) -> u32 {
    let (min, max) = limits(target);
    asked.clamp(min, max)
}

/// Acts on a call.
///
/// # Errors
/// `NotFound` in AWS's words: no such service, target or policy; `Service` for a lower maximum than minimum.
pub fn execute(world: &mut World, call: &ScalingCall) -> Result<CallOutcome> {
    let now = world.at;
    let id = call.scaled().resource_id();
    let name = &call.scaled().service;
    let service = world.compute.service_mut(&call.scaled().cluster, name)?;
    let own = world.scaling.iter_mut().find(|own| own.service == *name);
    let missing = |what: &str, policy: &str| {
        Error::new(
            ErrorKind::NotFound,
            format!(
                "ObjectNotFoundException: No {what} for service namespace: ecs, resource ID: {id}, scalable dimension: ecs:service:DesiredCount{policy}"
            ),
        )
        .hint("read the service again: it may have been changed meanwhile")
    };
    let no_target = || missing("scalable target registered", "");
    let own = own.ok_or_else(no_target)?;
    if own.target.is_none() && !matches!(call, ScalingCall::RegisterTarget { .. }) {
        return Err(no_target());
    }
    let summary = match call {
        ScalingCall::RegisterTarget { target, .. } => {
            let (min, max) = limits(target);
            if target.min < 0 || min > max {
                let what =
                    "ValidationException: Maximum capacity cannot be less than minimum capacity";
                return Err(Error::new(ErrorKind::Service, what).hint("raise the maximum"));
            }
            own.target = Some(target.clone());
            if service.desired < min {
                own.set(
                    service,
                    min,
                    format!("minimum capacity was set to {min}"),
                    now,
                );
            } else if service.desired > max {
                own.set(
                    service,
                    max,
                    format!("maximum capacity was set to {max}"),
                    now,
                );
            }
            format!("{name} may run {min} to {max} tasks")
        }
        ScalingCall::PutPolicy { policy, .. } => {
            own.put(policy, &mut world.alarms, &world.history, now);
            format!(
                "policy {} holds {} at {}",
                policy.name,
                policy.metric.word(),
                policy.target
            )
        }
        ScalingCall::DeletePolicy { policy, .. } => {
            let place = own.policies.iter().position(|p| p.is.name == *policy);
            let which = format!(", policy name: {policy}");
            let place = place.ok_or_else(|| missing("scaling policy found", &which))?;
            let gone = own.policies.remove(place);
            world.alarms.delete(&[&gone.high, &gone.low]);
            format!("policy {policy} of {name} is deleted")
        }
        ScalingCall::DeregisterTarget { .. } => {
            own.target = None;
            for gone in own.policies.drain(..) {
                world.alarms.delete(&[&gone.high, &gone.low]);
            }
            format!("{name} is no longer autoscaled")
        }
    };
    Ok(CallOutcome {
        summary,
        resource: Some(id),
        session: None,
    })
}

/// Describes the scalable target of `service` as Application Auto Scaling does; `None` where none is registered.
pub fn describe(world: &World, service: &str) -> Option<AutoscalingModel> {
    let own = world.scaling.iter().find(|own| own.service == service)?;
    let target = own.target.as_ref()?;
    let is = |scaling| target.suspended.contains(&scaling);
    Some(AutoscalingModel {
        min: target.min,
        max: target.max,
        scale_in_suspended: is(Scaling::In),
        scale_out_suspended: is(Scaling::Out),
        scheduled_scaling_suspended: is(Scaling::Scheduled),
        policies: own.policies.iter().map(Policy::describe).collect(),
        activities: own
            .activities
            .iter()
            .map(|activity| {
                // What has not ended yet is still under way.
                let ended = activity.ended_at.is_some_and(|at| at <= moment(world.at));
                ScalingActivity {
                    ended_at: activity.ended_at.filter(|_| ended),
                    status: if ended {
                        activity.status.clone()
                    } else {
                        ScalingStatus::InProgress
                    },
                    ..activity.clone()
                }
            })
            .collect(),
    })
}
