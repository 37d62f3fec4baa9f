//! The AWS adapter: SDK types in, model types out. One file per AWS service; nothing of the SDK leaves this folder.
//!
//! [`AwsCloud::new`] is free: credentials, the certificate store and the HTTP client are loaded when the first call needs them, so the
//! console's first frame waits for none of it.

mod acm;
mod autoscaling;
mod billing;
mod client;
mod cloudfront;
mod cloudwatch;
mod deliveries;
mod discover;
mod ec2;
mod ecr;
mod ecs;
mod elbv2;
mod elsewhere;
mod failure;
mod gap;
mod iam;
mod insights;
mod ledger;
mod live_tail;
mod logs;
mod memo;
#[cfg(test)]
mod mocked;
mod pages;
mod parallel;
mod raw;
mod rds;
mod route53;
mod secrets;
#[cfg(test)]
mod served;
mod shape;
mod sts;
mod throttle;
mod time;
mod wafv2;
mod wire;
mod writes;

use super::{CallOutcome, Cloud, Order, follow, meter::Meter};
use crate::{
    engine::login::Credentials,
    error::{Error, ErrorKind, Result},
    model::{
        Snapshot, Tier,
        discovery::{Discovery, Start},
        environment::Environment,
        identity::Identity,
        image::Manifest,
        ledger::Ledger,
        log::{Follow, Followed, InsightsAnswer, InsightsQuery, LogEvent, LogQuery, Place},
        metric::{MetricId, Metrics, Window},
        permission::Permission,
        spend::{PriceQuery, Product, Spend},
        task_document::TaskDocument,
    },
};
use async_trait::async_trait;
use client::Clients;
pub use client::profiles;
use futures::{StreamExt as _, stream::BoxStream};
use jiff::{Timestamp, civil::Date};
use memo::Memo;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::OnceCell;

/// CloudFront, its web ACL, certificate and metrics, and Route 53 metrics exist in this region only.
pub const EDGE_REGION: &str = "us-east-1";

/// One environment in AWS.
pub struct AwsCloud {
    environment: Environment,
    meter: Arc<Meter>,
    clients: OnceCell<Clients>,
    memo: Memo,
}

impl AwsCloud {
    /// Prepares the adapter for `environment`; makes no call and reads no file.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            meter: Arc::default(),
            clients: OnceCell::new(),
            memo: Memo::default(),
        }
    }

    /// The home region: the environment's own, or what the AWS profile or the instance says where it names none.
    ///
    /// # Errors
    /// An unknown profile, a configuration that does not parse, no region.
    pub async fn region(&self) -> Result<String> {
        let region = self.clients().await?.ecs.config().region();
        Ok(region.map(ToString::to_string).unwrap_or_default())
    }

    /// The clients, made when first needed.
    ///
    /// # Errors
    /// An unknown profile, a configuration that does not parse, no region.
    async fn clients(&self) -> Result<&Clients> {
        self.clients
            .get_or_try_init(|| Clients::load(&self.environment, &self.meter))
            .await
    }
}

/// Wraps what a service's file read as a whole tier.
macro_rules! tier {
    ($variant:ident, $read:expr) => {
        $read
            .await
            .map(|tier| Snapshot::$variant(std::sync::Arc::new(tier)))
    };
}

#[async_trait]
impl Cloud for AwsCloud {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    async fn identity(&self) -> Result<Identity> {
        sts::identity(self).await
    }

    async fn read(&self, tier: Tier) -> Result<Snapshot> {
        match tier {
            Tier::Route53 => tier!(Dns, route53::read(self)),
            Tier::CloudFront => tier!(Cdn, cloudfront::read(self)),
            Tier::Waf => tier!(Waf, wafv2::read(self)),
            Tier::Alb => tier!(Balancer, elbv2::read(self)),
            Tier::Ecs => tier!(Compute, ecs::read(self)),
            Tier::Rds => tier!(Database, rds::read(self)),
            Tier::Images => tier!(Images, ecr::read(self)),
            Tier::Alarms => tier!(Alarms, cloudwatch::read(self)),
            Tier::Network => tier!(Network, ec2::read(self)),
        }
    }

    async fn metrics(&self, ids: &[MetricId], window: Window) -> Result<Metrics> {
        cloudwatch::metrics(self, ids, window).await
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogEvent>> {
        logs::read(self, query).await
    }

    /// A session of Live Tail is of one region, and knows log groups only.
    fn follow(&self, follow: Follow) -> BoxStream<'_, Followed> {
        let mut regions: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
        let mut files = Vec::new();
        for group in &follow.groups {
            match Place::of(group) {
                Place::Group { region, .. } => {
                    let foreign = region.filter(|region| *region != self.environment.region);
                    regions.entry(foreign).or_default().push(group.clone());
                }
                Place::Files { instance } => {
                    files.push(rds::files::follow(self, instance, follow.since).boxed());
                }
            }
        }
        let regions = regions.into_values().map(|groups| {
            let follow = Follow {
                groups,
                ..follow.clone()
            };
            follow::tailing(self, self, follow).boxed()
        });
        follow::merged(regions.chain(files).collect())
    }

    async fn start_query(&self, query: &InsightsQuery) -> Result<String> {
        insights::start(self, query).await
    }

    async fn query_answer(&self, id: &str) -> Result<InsightsAnswer> {
        insights::answer(self, id).await
    }

    async fn stop_query(&self, id: &str) -> Result<()> {
        insights::stop(self, id).await
    }

    async fn task_document(&self, name: &str) -> Result<TaskDocument> {
        ecs::document::read(&self.clients().await?.ecs, name).await
    }

    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>> {
        ecr::manifest(&self.clients().await?.ecr, reference).await
    }

    async fn registry_login(&self, host: &str) -> Result<Credentials> {
        ecr::login(&self.clients().await?.ecr, host).await
    }

    async fn denied(&self, asked: &[Permission]) -> Result<Vec<Permission>> {
        iam::denied(self, asked).await
    }

    async fn secret(&self, from: &str) -> Result<()> {
        secrets::look(self.clients().await?, from).await
    }

    async fn ledger(&self, groups: &[String]) -> Result<Ledger> {
        ledger::read(self, groups).await
    }

    async fn spend(&self, from: Date, to: Date) -> Result<Spend> {
        billing::spend(self.clients().await?, from, to).await
    }

    async fn products(&self, query: &PriceQuery) -> Result<Vec<Product>> {
        billing::products(self.clients().await?, query).await
    }

    async fn discover(&self, start: &Start) -> Result<Discovery> {
        discover::discover(self, start).await
    }

    async fn execute(&self, order: &Order) -> Result<CallOutcome> {
        writes::execute(self, &order.call).await
    }
}

/// The name of a resource, or the answer of a tier that the environment does not have: `what` with its article, `key` in hydren.toml.
///
/// # Errors
/// `NotFound` when `name` is `None` or empty.
fn configured<'a, T: ?Sized>(name: Option<&'a T>, what: &str, key: &str) -> Result<&'a T> {
    name.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("no {what} is configured"))
            .hint(format!("run `hydren init`, or set {key} in hydren.toml"))
    })
}
