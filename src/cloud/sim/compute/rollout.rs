//! Rollouts: one deployment of a release each, as `DescribeServices` and `DescribeServiceDeployments` tell them.

use super::super::{images::Release, names, world::moment};
use super::{scheduler::Service, task::Task};
use crate::model::{
    compute::{Deployment, Rollout},
    state::RolloutStatus,
};

/// A rollout of a release.
#[derive(Debug, Clone)]
pub struct Deploy {
    /// Nineteen digits.
    pub number: String,
    /// The service deployment's id.
    pub rollout: String,
    pub release: &'static Release,
    pub source: Option<i32>,
    pub created: i64,
    /// When it was complete.
    pub completed: Option<i64>,
}

impl Deploy {
    /// `ecs-svc/…`.
    pub fn id(&self) -> String {
        format!("ecs-svc/{}", self.number)
    }
}

impl Service {
    /// Deployments that still aim at something, the primary first.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.deploys
            .iter()
            .enumerate()
            .filter(|(index, deploy)| {
                *index == 0 || self.wanted(|task| task.deployment == deploy.id()) > 0
            })
            .map(|(index, deploy)| self.describe_deployment(index, deploy))
            .collect()
    }

    /// Describes the deployment at `index`: the first is the primary, which alone wants tasks.
    fn describe_deployment(&self, index: usize, deploy: &Deploy) -> Deployment {
        let id = deploy.id();
        let running = self.wanted(|task| task.deployment == id && task.runs());
        let all = self.wanted(|task| task.deployment == id);
        let (state, reason) = match deploy.completed {
            Some(_) => ("COMPLETED", format!("ECS deployment {id} completed.")),
            None => ("IN_PROGRESS", format!("ECS deployment {id} in progress.")),
        };
        let (status, desired) = match index {
            0 => ("PRIMARY", self.desired as i32),
            _ => ("ACTIVE", 0),
        };
        Deployment {
            status: status.to_owned(),
            revision: format!("{}:{}", self.spec.name, deploy.release.revision),
            desired,
            running: running as i32,
            pending: (all - running) as i32,
            failed: 0,
            rollout_state: Some(state.into()),
            rollout_reason: Some(reason),
            created_at: Some(moment(deploy.created)),
            updated_at: Some(moment(deploy.completed.unwrap_or(deploy.created))),
            id,
        }
    }

    /// Service deployments, newest first.
    pub fn rollouts(&self) -> Vec<Rollout> {
        self.deploys
            .iter()
            .enumerate()
            .map(|(index, deploy)| {
                let id = deploy.id();
                let count = |which: fn(&Task) -> bool| {
                    self.wanted(|task| task.deployment == id && which(task)) as i32
                };
                Rollout {
                    arn: format!(
                        "arn:aws:ecs:{}:{}:service-deployment/{}/{}/{}",
                        names::REGION,
                        names::ACCOUNT,
                        names::CLUSTER,
                        self.spec.name,
                        deploy.rollout
                    ),
                    status: match deploy.completed {
                        Some(_) => RolloutStatus::Successful,
                        None if index == 0 => RolloutStatus::InProgress,
                        None => RolloutStatus::Stopped,
                    },
                    reason: None,
                    strategy: "ROLLING".to_owned(),
                    stage: None,
                    target: Some(format!("{}:{}", self.spec.name, deploy.release.revision)),
                    sources: deploy
                        .source
                        .map(|revision| format!("{}:{revision}", self.spec.name))
                        .into_iter()
                        .collect(),
                    target_tasks: (index == 0).then(|| {
                        (
                            self.desired as i32,
                            count(Task::runs),
                            count(|task| !task.runs()),
                        )
                    }),
                    circuit_breaker: None,
                    rollback_reason: None,
                    created_at: Some(moment(deploy.created)),
                    started_at: Some(moment(deploy.created + 3)),
                    finished_at: deploy.completed.map(moment),
                }
            })
            .collect()
    }
}
