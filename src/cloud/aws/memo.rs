//! What the adapter remembers between reads of one environment, so that it is not asked again.

use crate::model::compute::{Rollout, TaskDefinition};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Answers worth keeping. Locks are held for a look-up or an insertion only, never across a request.
#[derive(Debug, Default)]
pub(super) struct Memo {
    task_definitions: Mutex<HashMap<String, TaskDefinition>>,
    ended_rollouts: Mutex<HashMap<String, Vec<Rollout>>>,
    balancer_dimension: Mutex<Option<String>>,
    web_acl_metric: Mutex<Option<String>>,
}

impl Memo {
    /// The task definition of an ARN: a registered revision never changes.
    pub(super) fn task_definition(&self, arn: &str) -> Option<TaskDefinition> {
        lock(&self.task_definitions).get(arn).cloned()
    }

    /// Keeps the task definitions in use and forgets those that no service names any more.
    pub(super) fn keep_task_definitions(&self, in_use: HashMap<String, TaskDefinition>) {
        *lock(&self.task_definitions) = in_use;
    }

    /// A service's rollouts that have ended: nothing of them changes any more.
    pub(super) fn ended_rollouts(&self, service: &str) -> Vec<Rollout> {
        lock(&self.ended_rollouts)
            .get(service)
            .cloned()
            .unwrap_or_default()
    }

    /// Keeps a service's ended rollouts in place of those kept before.
    pub(super) fn keep_ended_rollouts(&self, service: &str, ended: Vec<Rollout>) {
        lock(&self.ended_rollouts).insert(service.to_owned(), ended);
    }

    /// The load balancer's metric dimension, `app/<name>/<id>`.
    pub(super) fn balancer_dimension(&self) -> Option<String> {
        lock(&self.balancer_dimension).clone()
    }

    /// Keeps the load balancer's metric dimension. Every read of the tier renews it, since a balancer made anew has another one.
    pub(super) fn keep_balancer_dimension(&self, dimension: &str) {
        *lock(&self.balancer_dimension) = Some(dimension.to_owned());
    }

    /// The web ACL's metric name, which is its `WebACL` dimension.
    pub(super) fn web_acl_metric(&self) -> Option<String> {
        lock(&self.web_acl_metric).clone()
    }

    /// Keeps the web ACL's metric name.
    pub(super) fn keep_web_acl_metric(&self, name: &str) {
        *lock(&self.web_acl_metric) = Some(name.to_owned());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
