//! What the adapter remembers between reads of one environment, so that it is not asked again.

use crate::{
    error::Error,
    model::compute::{Rollout, TaskDefinition},
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Answers worth keeping. Locks are held for a look-up or an insertion only, never across a request.
#[derive(Debug, Default)]
pub(super) struct Memo {
    task_definitions: Mutex<HashMap<String, TaskDefinition>>,
    ended_rollouts: Mutex<HashMap<String, Vec<Rollout>>>,
    /// The load balancer's metric dimension, `app/<name>/<id>`. Every read of the tier renews it: a balancer made anew has another one.
    pub balancer: Name,
    /// The web ACL's metric name, which is its `WebACL` dimension.
    pub web_acl: Name,
    /// Queries of Logs Insights whose cost is not counted yet.
    pub queries: Queries,
}

/// Ids of queries that run, and the region of each.
#[derive(Debug, Default)]
pub(super) struct Queries(Mutex<HashMap<String, Option<String>>>);

impl Queries {
    /// A query was started in `region`; `None` is the environment's own.
    pub(super) fn begin(&self, id: &str, region: Option<&str>) {
        lock(&self.0).insert(id.to_owned(), region.map(str::to_owned));
    }

    /// The region of a query that runs.
    pub(super) fn region(&self, id: &str) -> Option<String> {
        lock(&self.0).get(id).cloned().flatten()
    }

    /// A query is over; whether that is news.
    pub(super) fn end(&self, id: &str) -> bool {
        lock(&self.0).remove(id).is_some()
    }
}

/// A name that only AWS tells.
#[derive(Debug, Default)]
pub(super) struct Name(Mutex<LookUp>);

#[derive(Debug, Default)]
struct LookUp {
    known: Option<String>,
    failure: Option<Error>,
}

impl Name {
    /// The name, if it was ever told.
    pub(super) fn known(&self) -> Option<String> {
        lock(&self.0).known.clone()
    }

    /// Keeps the name.
    pub(super) fn keep(&self, name: &str) {
        *lock(&self.0) = LookUp {
            known: Some(name.to_owned()),
            failure: None,
        };
    }

    /// Keeps why the name could not be looked up, for the next who would ask for it.
    pub(super) fn keep_failure(&self, failure: &Error) {
        lock(&self.0).failure = Some(failure.clone());
    }

    /// Why the look-up that was just made failed. It is told once, so that the one after it is made again.
    pub(super) fn take_failure(&self) -> Option<Error> {
        lock(&self.0).failure.take()
    }
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_failed_look_up_is_told_once_and_leaves_the_known_name() {
        let name = Name::default();
        name.keep("app/shop-alb/1");
        name.keep_failure(&Error::new(ErrorKind::Unreachable, "no answer"));
        let told = name.take_failure().map(|error| error.kind);
        assert_eq!(told, Some(ErrorKind::Unreachable));
        assert!(name.take_failure().is_none(), "the next look-up is made");
        assert_eq!(name.known().as_deref(), Some("app/shop-alb/1"));
    }
}
