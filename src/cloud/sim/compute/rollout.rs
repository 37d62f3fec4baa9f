//! Rollouts: one deployment of a release each, as `DescribeServices` and `DescribeServiceDeployments` tell them.

use super::super::{names, world::moment};
use super::{revision::Revision, scheduler::Service, task::Task};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        compute::{CircuitBreaker, Deployment, Hook, Rollout},
        state::{HookStatus, RolloutStatus},
    },
};
use std::sync::Arc;

/// The fewest tasks that have to fail, and the most, until the circuit breaker calls a deployment failed; between them it is half of the
/// desired count (ECS developer guide, deployment circuit breaker).
const FAILURES: (u32, u32) = (3, 200);

/// A rollout of a revision.
#[derive(Debug, Clone)]
pub struct Deploy {
    /// Nineteen digits.
    pub number: String,
    /// The service deployment's id.
    pub rollout: String,
    pub revision: Arc<Revision>,
    pub source: Option<i32>,
    pub created: i64,
    /// When it was complete.
    pub completed: Option<i64>,
    /// Tasks that failed.
    pub failures: u32,
    pub undone: Option<Undone>,
    /// How far the traffic has moved, where it moves at once.
    pub shift: Option<Shift>,
}

/// How far a blue/green deployment is: since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// The green tasks start.
    ScaleUp,
    /// They run, and somebody has to let it go on.
    Paused(i64),
    /// They have the traffic; the blue ones wait beside them.
    Baking(i64),
}

/// Seconds that a paused deployment waits: the demo's own, ECS's default is a day (ECS API reference, lifecycle hook timeout).
const PAUSE: i64 = 3_600;
/// Seconds that the blue tasks stay beside the green ones.
const BAKE: i64 = 300;
/// Why a deployment is rolled back that nobody let go on.
const TIMED_OUT: &str = "Lifecycle hook timed out.";
/// The pause hook's id.
const HOOK: &str = "pause-post-test-traffic-shift";

/// That a deployment is rolled back.
#[derive(Debug, Clone)]
pub struct Undone {
    pub why: &'static str,
    /// When nothing was left of it.
    pub until: Option<i64>,
}

/// Why a deployment is rolled back that somebody stopped.
const STOPPED: &str = "Service deployment stopped and rolled back on request.";
/// Why the circuit breaker rolls back.
pub const BREAKER: &str = "ECS deployment circuit breaker: task failed to start.";

impl Deploy {
    /// `ecs-svc/…`.
    pub fn id(&self) -> String {
        format!("ecs-svc/{}", self.number)
    }
}

impl Service {
    /// Moves a blue/green deployment on; tells whether the blue tasks stay for now.
    pub fn shift(&mut self, ready: bool, now: i64) -> bool {
        let place = self.primary_place();
        let deploy = &mut self.deploys[place];
        let (true, Some(shift)) = (deploy.completed.is_none(), deploy.shift) else {
            return false;
        };
        match shift {
            Shift::ScaleUp if ready => deploy.shift = Some(Shift::Paused(now)),
            Shift::Paused(since) if now - since >= PAUSE => {
                self.roll_back(place, TIMED_OUT, now);
            }
            _ => {}
        }
        !matches!(shift, Shift::Baking(since) if now - since >= BAKE)
    }

    /// Lets a paused deployment go on.
    ///
    /// # Errors
    /// `Conflict` where it does not pause at that hook.
    pub fn go_on(&mut self, arn: &str, hook: &str, now: i64) -> Result<()> {
        let known = self.deploys.iter().position(|d| self.rollout_arn(d) == arn);
        let place = known.filter(|place| *place == self.primary_place() && hook == HOOK);
        match place.map(|place| &mut self.deploys[place].shift) {
            Some(shift @ Some(Shift::Paused(_))) => {
                *shift = Some(Shift::Baking(now));
                Ok(())
            }
            _ => Err(Error::new(
                ErrorKind::Conflict,
                "InvalidParameterException: the service deployment does not pause at a lifecycle hook",
            )
            .hint("somebody else may have let it go on; look at the deployment again")),
        }
    }

    /// Deployments that still aim at something, the primary first.
    pub fn deployments(&self) -> Vec<Deployment> {
        let mut listed: Vec<(usize, &Deploy)> = self.deploys.iter().enumerate().collect();
        listed.sort_by_key(|(index, _)| *index != self.primary_place());
        listed
            .into_iter()
            .filter(|(index, deploy)| {
                *index == self.primary_place()
                    || self.wanted(|task| task.deployment == deploy.id()) > 0
            })
            .map(|(index, deploy)| self.describe_deployment(index, deploy))
            .collect()
    }

    /// How it deploys.
    pub const fn strategy(&self) -> &'static str {
        if self.gated { "BLUE_GREEN" } else { "ROLLING" }
    }

    /// Failed tasks at which the circuit breaker calls a deployment failed.
    pub fn threshold(&self) -> u32 {
        self.desired.div_ceil(2).clamp(FAILURES.0, FAILURES.1)
    }

    /// Describes the deployment at `index`: the primary alone wants tasks.
    fn describe_deployment(&self, index: usize, deploy: &Deploy) -> Deployment {
        let id = deploy.id();
        let running = self.wanted(|task| task.deployment == id && task.runs());
        let all = self.wanted(|task| task.deployment == id);
        let (state, reason) = match (&deploy.undone, deploy.completed) {
            (Some(undone), _) => ("FAILED", undone.why.to_owned()),
            (None, Some(_)) => ("COMPLETED", format!("ECS deployment {id} completed.")),
            (None, None) => ("IN_PROGRESS", format!("ECS deployment {id} in progress.")),
        };
        let (status, desired) = if index == self.primary_place() {
            ("PRIMARY", self.desired as i32)
        } else {
            ("ACTIVE", 0)
        };
        Deployment {
            status: status.to_owned(),
            revision: format!("{}:{}", self.spec.name, deploy.revision.number),
            desired,
            running: running as i32,
            pending: (all - running) as i32,
            failed: deploy.failures as i32,
            rollout_state: Some(state.into()),
            rollout_reason: Some(reason),
            created_at: Some(moment(deploy.created)),
            updated_at: Some(moment(deploy.completed.unwrap_or(deploy.created))),
            id,
        }
    }

    fn rollout_arn(&self, deploy: &Deploy) -> String {
        format!(
            "arn:aws:ecs:{}:{}:service-deployment/{}/{}/{}",
            names::REGION,
            names::ACCOUNT,
            names::CLUSTER,
            self.spec.name,
            deploy.rollout
        )
    }

    /// Stops the deployment `arn` and rolls it back to the one before.
    ///
    /// # Errors
    /// `Conflict` for a deployment that has ended, or with none before it to go back to; `NotFound` for an unknown one.
    pub fn stop_deployment(&mut self, arn: &str, now: i64) -> Result<()> {
        let known = |deploy: &Deploy| self.rollout_arn(deploy) == arn;
        let Some(place) = self.deploys.iter().position(known) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("ServiceDeploymentNotFoundException: {arn} was not found"),
            )
            .hint("look at the service's deployments again"));
        };
        let deploy = &self.deploys[place];
        if place != self.primary_place() || deploy.completed.is_some() {
            return Err(Error::new(
                ErrorKind::Conflict,
                "ConflictException: the service deployment cannot be stopped in its state",
            )
            .hint("it has ended; roll back to an earlier revision instead"));
        }
        if !self.roll_back(place, STOPPED, now) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "ConflictException: there is no completed deployment to roll back to",
            )
            .hint("deploy a revision that works"));
        }
        Ok(())
    }

    /// Goes back from the deployment at `place` to the last completed one; tells whether there is one.
    pub fn roll_back(&mut self, place: usize, why: &'static str, now: i64) -> bool {
        let earlier = |deploy: &&Deploy| deploy.undone.is_none() && deploy.completed.is_some();
        let Some(id) = self
            .deploys
            .iter()
            .skip(place + 1)
            .find(earlier)
            .map(Deploy::id)
        else {
            return false;
        };
        // What was never completed between them is superseded.
        for deploy in self
            .deploys
            .iter_mut()
            .take_while(|deploy| deploy.id() != id)
        {
            if deploy.completed.is_none() && deploy.undone.is_none() {
                deploy.undone = Some(Undone { why, until: None });
            }
        }
        self.say(now, &format!("rolling back to deployment {id}."));
        true
    }

    /// Counts a task that failed against its deployment, and trips the circuit breaker.
    pub fn count_failure(&mut self, deployment: &str, now: i64) {
        let threshold = self.threshold();
        let Some(place) = self.deploys.iter().position(|d| d.id() == deployment) else {
            return;
        };
        let deploy = &mut self.deploys[place];
        deploy.failures += 1;
        let going = deploy.completed.is_none() && deploy.undone.is_none();
        let tripped = going && deploy.failures == threshold;
        if deploy.failures == 2 {
            self.say(now, "is unable to consistently start tasks successfully.");
        }
        if tripped {
            let text =
                format!("(deployment {deployment}) deployment failed: tasks failed to start.");
            self.say(now, &text);
            self.roll_back(place, BREAKER, now);
        }
    }

    /// Service deployments, newest first.
    pub fn rollouts(&self) -> Vec<Rollout> {
        self.deploys
            .iter()
            .enumerate()
            .map(|(index, deploy)| {
                let id = deploy.id();
                let primary = index == self.primary_place();
                let count = |which: fn(&Task) -> bool| {
                    self.wanted(|task| task.deployment == id && which(task)) as i32
                };
                Rollout {
                    arn: self.rollout_arn(deploy),
                    status: match (&deploy.undone, deploy.completed) {
                        (Some(Undone { until: None, .. }), _) => RolloutStatus::RollbackInProgress,
                        (Some(_), _) => RolloutStatus::RollbackSuccessful,
                        (None, Some(_)) => RolloutStatus::Successful,
                        (None, None) if primary => RolloutStatus::InProgress,
                        (None, None) => RolloutStatus::Stopped,
                    },
                    reason: None,
                    strategy: self.strategy().to_owned(),
                    stage: deploy
                        .shift
                        .filter(|_| primary && deploy.completed.is_none())
                        .map(|shift| {
                            match shift {
                                Shift::ScaleUp => "SCALE_UP",
                                Shift::Paused(_) => "POST_TEST_TRAFFIC_SHIFT",
                                Shift::Baking(_) => "BAKE_TIME",
                            }
                            .to_owned()
                        }),
                    hooks: match deploy.shift {
                        Some(Shift::Paused(since)) if primary => vec![Hook {
                            id: HOOK.to_owned(),
                            kind: "PAUSE".to_owned(),
                            status: HookStatus::AwaitingAction,
                            expires_at: Some(moment(since + PAUSE)),
                            on_timeout: Some("ROLLBACK".to_owned()),
                        }],
                        _ => Vec::new(),
                    },
                    target: Some(format!("{}:{}", self.spec.name, deploy.revision.number)),
                    sources: deploy
                        .source
                        .map(|revision| format!("{}:{revision}", self.spec.name))
                        .into_iter()
                        .collect(),
                    target_tasks: primary.then(|| {
                        (
                            self.desired as i32,
                            count(Task::runs),
                            count(|task| !task.runs()),
                        )
                    }),
                    circuit_breaker: deploy.shift.is_none().then(|| CircuitBreaker {
                        status: match (&deploy.undone, deploy.completed) {
                            (Some(undone), _) if undone.why == BREAKER => "TRIGGERED",
                            (None, None) if primary => "MONITORING",
                            _ => "MONITORING_COMPLETE",
                        }
                        .to_owned(),
                        failures: deploy.failures as i32,
                        threshold: self.threshold() as i32,
                    }),
                    rollback_reason: deploy.undone.as_ref().map(|u| u.why.to_owned()),
                    created_at: Some(moment(deploy.created)),
                    started_at: Some(moment(deploy.created + 3)),
                    finished_at: match &deploy.undone {
                        Some(undone) => undone.until,
                        None => deploy.completed,
                    }
                    .map(moment),
                }
            })
            .collect()
    }
}
