//! Everything the console asks of AWS: one trait, implemented for real ([`aws`]) and simulated ([`sim`]), wrapped by [`guard`].
//!
//! A [`Cloud`] belongs to one environment. Reads return whole tiers; writes are [`Call`]s, a closed enum, so that one place enforces
//! read-only mode, one writes the audit log, and one prints the equivalent `aws` command.

pub mod aws;
pub mod follow;
pub mod guard;
pub mod meter;
pub mod session;
pub mod sim;

pub mod call;

pub use call::{Call, CallOutcome, Order, REGISTERING, Registration, Revision};

use crate::{
    engine::login::Credentials,
    error::Result,
    model::{
        Snapshot, Tier,
        discovery::{Discovery, Start},
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
use meter::Meter;
use std::{sync::Arc, time::Duration};

/// What the console asks of AWS for one environment. Every method may be called concurrently and dropped at any await.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// Tells the environment's present: the wall clock, or the simulation's.
    fn now(&self) -> Timestamp;

    /// Counts every request this cloud makes.
    fn meter(&self) -> &Arc<Meter>;

    /// Reads who the caller is.
    ///
    /// # Errors
    /// No credentials, expired or refused credentials, no answer.
    async fn identity(&self) -> Result<Identity>;

    /// Reads one tier whole. A part of a tier that fails while the rest is readable becomes a gap inside the snapshot, not an error.
    ///
    /// # Errors
    /// `NotFound` when the environment names no such resource or AWS has none; otherwise what AWS answered.
    async fn read(&self, tier: Tier) -> Result<Snapshot>;

    /// Reads series of metrics over a window: one batched query a region.
    ///
    /// # Errors
    /// What AWS answered when no region could be read; a region that failed while another answered becomes a message.
    async fn metrics(&self, ids: &[MetricId], window: Window) -> Result<Metrics>;

    /// Reads log lines in time order, the newest `limit` of the span.
    ///
    /// # Errors
    /// What AWS answered.
    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogEvent>>;

    /// Follows log groups until the stream is dropped. It ends when no group is left that can be read.
    fn follow(&self, follow: Follow) -> BoxStream<'_, Followed>;

    /// Starts a Logs Insights query, which is billed by the bytes it scans; gives its id.
    ///
    /// # Errors
    /// What AWS answered; a query that cannot be understood names the place.
    async fn start_query(&self, query: &InsightsQuery) -> Result<String>;

    /// Reads what a query has found so far.
    ///
    /// # Errors
    /// What AWS answered.
    async fn query_answer(&self, id: &str) -> Result<InsightsAnswer>;

    /// Stops a query; what it has scanned until then is billed.
    ///
    /// # Errors
    /// What AWS answered.
    async fn stop_query(&self, id: &str) -> Result<()>;

    /// Reads a task definition whole, with its tags: `family:revision`, an ARN, or a family for its newest active revision.
    ///
    /// # Errors
    /// `NotFound` where there is none; otherwise what AWS answered.
    async fn task_document(&self, name: &str) -> Result<TaskDocument>;

    /// Reads what ECR holds of an image: also of repositories that are not the environment's. `None` for a reference to another registry, or
    /// to another region's ECR.
    ///
    /// # Errors
    /// `NotFound` where there is no such image; otherwise what AWS answered.
    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>>;

    /// Gets a login for the registry of ECR at `host`, of whatever region and account.
    ///
    /// # Errors
    /// `Usage` for a host that is none of ECR's; what AWS answered.
    async fn registry_login(&self, host: &str) -> Result<Credentials>;

    /// Asks which of these the caller's policies deny, before anything is tried.
    ///
    /// # Errors
    /// A caller whose policies cannot be known; what AWS answered.
    async fn denied(&self, asked: &[Permission]) -> Result<Vec<Permission>>;

    /// Looks for the secret or parameter that a task is to get a value from, by its ARN as ECS takes it. What is in it is not read.
    ///
    /// # Errors
    /// `NotFound` for one that is not there, `Unsupported` for one of another region; what AWS answered.
    async fn secret(&self, from: &str) -> Result<()>;

    /// Reads what is billed and shown by no tier: these log groups as they are kept, and Elastic IP addresses. A group is named as
    /// [`crate::model::log::LogSource::group`] names it.
    ///
    /// # Errors
    /// What AWS answered where nothing could be read; a part that fails is a gap.
    async fn ledger(&self, groups: &[String]) -> Result<Ledger>;

    /// Asks Cost Explorer what the account was billed on each day, `to` not among them. AWS bills each request with $0.01.
    ///
    /// # Errors
    /// `Usage` for days that are none; what AWS answered.
    async fn spend(&self, from: Date, to: Date) -> Result<Spend>;

    /// Asks the AWS Price List for products.
    ///
    /// # Errors
    /// `Unsupported` in the demo; what AWS answered.
    async fn products(&self, query: &PriceQuery) -> Result<Vec<Product>>;

    /// Looks for the environment's resources, hop by hop along the request path. What cannot be found or read is a step of the
    /// answer, never its end.
    ///
    /// # Errors
    /// Only when there is nothing to walk from: no cluster, several clusters, an unknown stack, no credentials.
    async fn discover(&self, start: &Start) -> Result<Discovery>;

    /// Makes one call. Only `guard` and the operations' pipe call this.
    ///
    /// # Errors
    /// `ReadOnly` from the guard; otherwise what AWS answered.
    async fn execute(&self, order: &Order) -> Result<CallOutcome>;

    /// Waits until the environment's clock has gone on by `span`. A clock that is held is set forward.
    async fn rest(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}
