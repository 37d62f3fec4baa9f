//! Where a blue/green, linear or canary deployment stands: its lifecycle stage, and the hook that it waits at.

use super::super::{Step, StepState, Verdict};
use crate::{
    format,
    model::compute::{Hook, Rollout},
    op::{ContinueDeployment, rollback::remedy},
};
use jiff::Timestamp;

/// Lifecycle stages in their order (ECS developer guide, lifecycle stages for service deployments).
const STAGES: [&str; 11] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
];

/// Puts a stage into words: `bake time, stage 10 of 11`.
pub(super) fn stage(name: &str) -> String {
    let words = name.to_lowercase().replace('_', " ");
    match STAGES.iter().position(|stage| *stage == name) {
        Some(place) => format!("{words}, stage {} of {}", place + 1, STAGES.len()),
        None => words,
    }
}

/// What ECS does by itself when nobody decides, and in how long.
#[must_use]
pub fn left(hook: &Hook, now: Timestamp) -> String {
    let does = match hook.on_timeout.as_deref() {
        Some("CONTINUE") => "goes on",
        // ECS's default (ECS API reference, `DeploymentLifecycleHookTimeoutConfiguration.action`).
        _ => "rolls back",
    };
    match hook.expires_at {
        Some(at) if at > now => {
            let left = format::duration(at.as_second() - now.as_second());
            format!("{does} by itself in {left}")
        }
        Some(_) => format!("{does} by itself at any moment"),
        None => format!("{does} by itself when its time is over"),
    }
}

/// The step of a deployment that waits at a hook, and what lets it go on.
pub(super) fn paused(service: &str, rollout: &Rollout, now: Timestamp) -> Option<(Step, Verdict)> {
    let hook = rollout.paused()?;
    let at = rollout
        .stage
        .as_deref()
        .map_or_else(String::new, |s| format!(" at {}", stage(s)));
    let until = hook
        .expires_at
        .map_or_else(String::new, |at| format!("until {}", format::clock(at)));
    let step = Step::new("waits for somebody to decide", StepState::Active, until);
    let next = ContinueDeployment {
        service: service.to_owned(),
    };
    let verdict = Verdict::Paused {
        why: format!(
            "It is paused{at}, and {}. `hydren continue {service}` lets it go on, `hydren rollback {service}` takes it back.",
            left(hook, now)
        ),
        next: Box::new(next.into()),
        back: Box::new(remedy(service)),
    };
    Some((step, verdict))
}
