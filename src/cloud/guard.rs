//! Guards around a cloud, as decorators: read-only mode and the audit log. Both sit where calls are made, not in menus.

use super::{CallOutcome, Cloud, Order, meter::Meter};
use crate::{
    audit::{
        Trial,
        trail::{Trail, UNRECORDED, What},
    },
    engine::login::Credentials,
    error::Result,
    model::{
        Snapshot, Tier,
        discovery::{Discovery, Start},
        environment::Environment,
        identity::Identity,
        image::Manifest,
        ledger::Ledger,
        log::{Follow, Followed, InsightsAnswer, InsightsQuery, LogEvent, LogQuery},
        metric::{MetricId, Metrics, Window},
        permission::Permission,
        spend::{PriceQuery, Product, Spend},
        task_document::TaskDocument,
    },
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::{Timestamp, civil::Date};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Wraps `cloud` in every guard that `environment` needs. Every call is recorded, refused ones too.
#[must_use]
pub fn guarded(
    cloud: Arc<dyn Cloud>,
    environment: &Environment,
    audit_log: PathBuf,
) -> Arc<dyn Cloud> {
    Arc::new(Guarded {
        inner: cloud,
        environment: environment.clone(),
        trail: Trail::new(audit_log, environment),
    })
}

/// Lets reads pass; refuses calls in read-only mode; writes one JSON line for every call tried.
struct Guarded {
    inner: Arc<dyn Cloud>,
    environment: Environment,
    trail: Trail,
}

impl Guarded {
    async fn permitted(&self, order: &Order) -> Result<CallOutcome> {
        self.environment
            .permit(order.call.action(), order.call.resource())?;
        self.inner.execute(order).await
    }
}

#[async_trait]
impl Cloud for Guarded {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn meter(&self) -> &Arc<Meter> {
        self.inner.meter()
    }

    async fn identity(&self) -> Result<Identity> {
        self.inner.identity().await
    }

    async fn read(&self, tier: Tier) -> Result<Snapshot> {
        self.inner.read(tier).await
    }

    async fn metrics(&self, ids: &[MetricId], window: Window) -> Result<Metrics> {
        self.inner.metrics(ids, window).await
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogEvent>> {
        self.inner.logs(query).await
    }

    fn follow(&self, follow: Follow) -> BoxStream<'_, Followed> {
        self.inner.follow(follow)
    }

    async fn start_query(&self, query: &InsightsQuery) -> Result<String> {
        self.inner.start_query(query).await
    }

    async fn query_answer(&self, id: &str) -> Result<InsightsAnswer> {
        self.inner.query_answer(id).await
    }

    async fn stop_query(&self, id: &str) -> Result<()> {
        self.inner.stop_query(id).await
    }

    async fn task_document(&self, name: &str) -> Result<TaskDocument> {
        self.inner.task_document(name).await
    }

    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>> {
        self.inner.manifest(reference).await
    }

    async fn registry_login(&self, host: &str) -> Result<Credentials> {
        self.inner.registry_login(host).await
    }

    async fn denied(&self, asked: &[Permission]) -> Result<Vec<Permission>> {
        self.inner.denied(asked).await
    }

    async fn secret(&self, from: &str) -> Result<()> {
        self.inner.secret(from).await
    }

    async fn ledger(&self, groups: &[String]) -> Result<Ledger> {
        self.inner.ledger(groups).await
    }

    async fn spend(&self, from: Date, to: Date) -> Result<Spend> {
        self.inner.spend(from, to).await
    }

    async fn products(&self, query: &PriceQuery) -> Result<Vec<Product>> {
        self.inner.products(query).await
    }

    async fn discover(&self, start: &Start) -> Result<Discovery> {
        self.inner.discover(start).await
    }

    async fn rest(&self, span: Duration) {
        self.inner.rest(span).await;
    }

    async fn execute(&self, order: &Order) -> Result<CallOutcome> {
        let what = What {
            operation: order.operation,
            action: order.call.action(),
            resource: order.call.resource(),
            call: &order.call,
            changes: &order.changes,
        };
        // The log is opened first: a call that cannot be recorded is not made.
        let log = self.trail.open()?;
        let who = self.inner.identity().await;
        let mut tried = self.trail.begin(log, self.inner.now(), &who, &what)?;
        let outcome = self.permitted(order).await;
        let now = self.inner.now();
        let written = match &outcome {
            Ok(done) => tried.end(now, Trial::Accepted, &done.summary),
            Err(error) => tried.failed(now, error),
        };
        // The call was made: what became of it is told even when it cannot be written down.
        match (written, outcome) {
            (Ok(()), outcome) => outcome,
            (Err(_), Ok(done)) => Ok(CallOutcome {
                summary: format!("{} ({UNRECORDED})", done.summary),
                ..done
            }),
            (Err(_), failed) => failed,
        }
    }
}

#[cfg(test)]
mod tests;
