//! Rollouts: one deployment of a release each, as `DescribeServices` and `DescribeServiceDeployments` tell them.

use super::super::{names, world::moment};
use super::{revision::Revision, scheduler::Service, task::Task};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        compute::{CircuitBreaker, Deployment, Rollout},
        state::RolloutStatus,
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
}

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
                    strategy: "ROLLING".to_owned(),
                    stage: None,
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
                    circuit_breaker: Some(CircuitBreaker {
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
