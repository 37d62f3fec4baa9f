//! Application Auto Scaling of the backend: target tracking of its mean CPU.
//!
//! Two alarms drive it, as AWS makes them for the policy: high is CPU above the target for 3 minutes, low is below 90 % of it for 15.
//! While one is in ALARM, each minute asks for `ceil(tasks x CPU / target)` tasks, within the bounds and the cooldowns.

use super::{
    compute::scheduler::Service,
    dice::Dice,
    world::{World, moment},
};
use crate::model::{
    alarm::AlarmState,
    compute::{Autoscaling as AutoscalingModel, ScalingActivity, ScalingPolicy},
    state::ScalingStatus,
};
use std::collections::VecDeque;

pub const MIN: u32 = 1;
pub const MAX: u32 = 6;
/// Percent of CPU that the policy aims at.
pub const TARGET: f64 = 60.0;
/// Percent of CPU below which the low alarm counts.
pub const LOW: f64 = TARGET * 0.9;
pub const OUT_COOLDOWN: i64 = 120;
pub const IN_COOLDOWN: i64 = 300;
pub const HIGH_ALARM: &str =
    "TargetTracking-service/hydren/backend-AlarmHigh-4d7e21c8-90b3-4f6a-8e15-c27a0db93f41";
pub const LOW_ALARM: &str =
    "TargetTracking-service/hydren/backend-AlarmLow-b15f8c03-27de-4a90-93c6-0e84d7f1a62b";
const POLICY: &str = "backend-cpu-60";
/// Activities that are kept.
const KEPT: usize = 50;

/// The scalable target and its policy.
#[derive(Debug, Clone)]
pub struct Autoscaling {
    activities: VecDeque<ScalingActivity>,
    last_out: i64,
    last_in: i64,
    /// Whether the limit was already said to be reached in this episode.
    at_limit: bool,
    dice: Dice,
}

impl Autoscaling {
    /// Registers the scalable target.
    pub fn new(seed: u64) -> Self {
        Self {
            activities: VecDeque::new(),
            last_out: i64::MIN / 2,
            last_in: i64::MIN / 2,
            at_limit: false,
            dice: Dice::of(seed, "autoscaling"),
        }
    }

    /// Evaluates the policy at the end of a minute with the service's mean CPU.
    pub fn evaluate(
        &mut self,
        service: &mut Service,
        high: AlarmState,
        low: AlarmState,
        cpu: f64,
        now: i64,
    ) {
        if high == AlarmState::Alarm {
            self.scale_out(service, cpu, now);
        } else {
            self.at_limit = false;
            // AWS switches scaling in off while a deployment is under way.
            if low == AlarmState::Alarm && !service.deploying() {
                self.scale_in(service, cpu, now);
            }
        }
    }

    fn scale_out(&mut self, service: &mut Service, cpu: f64, now: i64) {
        let asked = wanted(service.running() as u32, cpu);
        let granted = asked.clamp(MIN, MAX);
        if granted > service.desired && now - self.last_out >= OUT_COOLDOWN {
            self.last_out = now;
            self.set(service, granted, HIGH_ALARM, now);
        } else if asked > MAX && service.desired == MAX && !self.at_limit {
            self.at_limit = true;
            self.record(ScalingActivity {
                id: String::new(),
                at: Some(moment(now)),
                ended_at: Some(moment(now)),
                status: ScalingStatus::Failed,
                description: "Attempting to scale due to alarm triggered".to_owned(),
                cause: cause(HIGH_ALARM),
                not_scaled_reasons: vec!["AlreadyAtMaxCapacity".to_owned()],
            });
        }
    }

    fn scale_in(&mut self, service: &mut Service, cpu: f64, now: i64) {
        let granted = wanted(service.desired, cpu).clamp(MIN, MAX);
        let rested = now - self.last_in >= IN_COOLDOWN && now - self.last_out >= IN_COOLDOWN;
        if granted < service.desired && rested {
            self.last_in = now;
            self.set(service, granted, LOW_ALARM, now);
        }
    }

    fn set(&mut self, service: &mut Service, desired: u32, alarm: &str, now: i64) {
        service.scale(desired);
        let cause = cause(alarm);
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
}

/// Tasks that would bring the mean CPU to the target.
fn wanted(tasks: u32, cpu: f64) -> u32 {
    (f64::from(tasks) * cpu / TARGET).ceil() as u32
}

fn cause(alarm: &str) -> String {
    format!("monitor alarm {alarm} in state ALARM triggered policy {POLICY}")
}

/// Describes the scalable target as Application Auto Scaling does.
pub fn describe(world: &World) -> AutoscalingModel {
    AutoscalingModel {
        min: MIN as i32,
        max: MAX as i32,
        scale_in_suspended: false,
        scale_out_suspended: false,
        policies: vec![ScalingPolicy {
            name: POLICY.to_owned(),
            kind: "TargetTrackingScaling".to_owned(),
            metric: Some("ECSServiceAverageCPUUtilization".to_owned()),
            target: Some(TARGET),
            scale_in_cooldown: Some(IN_COOLDOWN as i32),
            scale_out_cooldown: Some(OUT_COOLDOWN as i32),
            scale_in_disabled: false,
            alarms: vec![HIGH_ALARM.to_owned(), LOW_ALARM.to_owned()],
        }],
        activities: world
            .autoscaling
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
    }
}
