//! The simulated environment: a demo without an account, and a stand-in for AWS in tests. A simulation with laws, not canned rows.
//!
//! **Design.** A world (`world`) is stepped on a fixed grid of simulated time, from a week before the demo's epoch
//! (2026-11-18 13:30 UTC) up to the present, and every figure follows from what flowed through it: visitors arrive by a daily curve
//! with noise and bulk uploads (`traffic`); the web ACL turns bots away (`waf`); the edge answers from its cache what it can
//! (`edge`); the rest queues for the CPUs of healthy tasks (`compute::queue`, M/M/c), so that CPU, latency and errors follow the load;
//! the backend's queries load the database (`database`), whose answers slow the backend. A scheduler starts, health-checks, drains and
//! replaces tasks (`compute::scheduler`), target tracking asks it for more or fewer (`autoscaling`), and alarms are evaluated from the
//! recorded minutes (`alarms`, `history`). Log lines and samples are drawn on demand from what each step counted (`logs`), and queried
//! by an interpreter of the query language (`insights`).
//! Requests are whole and conserved: edge = blocked + hits + origin, origin = balancer + rejected.
//!
//! **Determinism.** All randomness comes from the seed, one stream a part (`dice`). Reads copy from the world and change nothing, so
//! that neither their order nor their timing nor the speed shows: equal seed, scenario, time and calls give equal answers.
//!
//! **Cost.** [`SimCloud::new`] does nothing; the first read lives through the past week, about ten thousand steps, on a blocking thread.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "simulated counts, seconds and sizes are small and not negative"
)]

mod alarms;
mod autoscaling;
mod balancer;
pub mod bill;
mod compute;
mod database;
mod dice;
mod edge;
mod flow;
mod history;
mod images;
mod insights;
mod logs;
mod names;
mod network;
mod registry;
mod scenario;
mod session;
mod spend;
mod traffic;
mod waf;
pub(crate) mod workshop;
mod world;

#[cfg(test)]
mod tests;

pub use names::environment;
pub use scenario::Scenario;
pub use session::{Facts, Purpose};
pub use workshop::{components, source};

use super::{Call, CallOutcome, Cloud, Order, call::Switch, follow, meter::Meter};
use crate::{
    engine::login::Credentials,
    error::{Error, ErrorKind, Result},
    model::{
        Snapshot, Tier,
        discovery::{Discovery, Outcome, Start},
        hidden::Hidden,
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
use futures::{StreamExt as _, stream::BoxStream};
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use world::{EPOCH, World};

/// How long a login to ECR lasts (ECR API, GetAuthorizationToken).
const TOKEN_LASTS: SignedDuration = SignedDuration::from_hours(12);

/// How the demo runs.
#[derive(Debug, Clone, PartialEq)]
pub struct SimOptions {
    /// Seed of all randomness.
    pub seed: u64,
    /// Simulated seconds a real second.
    pub speed: f64,
    /// Holds the clock this long after the epoch: everything is then deterministic. `None` lets it run.
    pub elapsed: Option<Duration>,
    /// What befalls the environment.
    pub scenario: Scenario,
    /// What builds and tries images in it.
    pub engine: DemoEngine,
}

/// What builds and tries images in the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DemoEngine {
    /// A simulated engine.
    #[default]
    Simulated,
    /// The container engine of this machine; what it pushes goes into the simulated registry.
    Machine,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            // A day that shows autoscaling in its first minutes.
            seed: 4,
            speed: 1.0,
            elapsed: None,
            scenario: Scenario::Calm,
            engine: DemoEngine::default(),
        }
    }
}

/// The simulated environment, behind the same seam as AWS.
pub struct SimCloud {
    options: SimOptions,
    started: Instant,
    meter: Arc<Meter>,
    /// Milliseconds by which a held clock was set forward.
    rested: AtomicU64,
    /// Made by the first read.
    world: Arc<Mutex<Option<World>>>,
    queries: insights::Queries,
}

impl SimCloud {
    /// Prepares the environment; nothing is simulated before the first read.
    #[must_use]
    pub fn new(options: SimOptions) -> Self {
        Self {
            options,
            started: Instant::now(),
            meter: Arc::default(),
            rested: AtomicU64::new(0),
            world: Arc::default(),
            queries: insights::Queries::default(),
        }
    }

    /// Lets the world catch up with the clock and hands it to `act`, away from the threads that serve the console.
    async fn with_world<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> Result<T> {
        let world = Arc::clone(&self.world);
        let (seed, scenario) = (self.options.seed, self.options.scenario);
        let now = self.now().as_second();
        tokio::task::spawn_blocking(move || {
            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
            let world = world.get_or_insert_with(|| World::new(seed, scenario));
            world.advance(now);
            act(world)
        })
        .await
        .map_err(stopped)
    }

    /// How long after the epoch the clock stands, where it is held.
    fn held(&self) -> Option<Duration> {
        let rested = Duration::from_millis(self.rested.load(Ordering::Relaxed));
        self.options.elapsed.map(|elapsed| elapsed + rested)
    }

    /// Takes the time that AWS would, so that loading is seen; none where the clock is held.
    async fn travel(&self, milliseconds: u64) {
        if self.options.elapsed.is_none() {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }
}

fn stopped(source: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Service, "the simulated environment stopped")
        .hint("this is a defect of the demo; start it again, or with another --seed")
        .source(source)
}

/// Milliseconds that a read of `tier` takes: its longest chain of dependent requests, some tens of milliseconds each.
const fn travel_time(tier: Tier) -> u64 {
    match tier {
        Tier::Route53 => 90,
        Tier::CloudFront => 170,
        Tier::Waf => 110,
        Tier::Alb => 140,
        Tier::Ecs => 230,
        Tier::Rds => 160,
        Tier::Images => 180,
        Tier::Alarms => 70,
        Tier::Network => 120,
    }
}

#[async_trait]
impl Cloud for SimCloud {
    fn now(&self) -> Timestamp {
        let since = self
            .held()
            .unwrap_or_else(|| self.started.elapsed().mul_f64(self.options.speed.max(0.0)));
        SignedDuration::try_from(since)
            .ok()
            .and_then(|since| world::moment(EPOCH).checked_add(since).ok())
            .unwrap_or(Timestamp::MAX)
    }

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    async fn identity(&self) -> Result<Identity> {
        self.travel(45).await;
        self.meter.record("sts", "GetCallerIdentity", 1);
        Ok(Identity {
            region: environment().region,
            account: names::ACCOUNT.to_owned(),
            arn: names::CALLER.to_owned(),
            expires_at: None,
        })
    }

    async fn read(&self, tier: Tier) -> Result<Snapshot> {
        self.travel(travel_time(tier)).await;
        let read = self.with_world(move |world| match tier {
            Tier::Route53 => Snapshot::Dns(Arc::new(edge::dns(world))),
            Tier::CloudFront => Snapshot::Cdn(Arc::new(edge::cdn(world))),
            Tier::Waf => Snapshot::Waf(Arc::new(waf::snapshot(world))),
            Tier::Alb => Snapshot::Balancer(Arc::new(balancer::snapshot(world))),
            Tier::Ecs => Snapshot::Compute(Arc::new(compute::snapshot(world))),
            Tier::Rds => Snapshot::Database(Arc::new(database::snapshot(world))),
            Tier::Images => Snapshot::Images(Arc::new(images::listed(world))),
            Tier::Alarms => Snapshot::Alarms(Arc::new(alarms::snapshot(world))),
            Tier::Network => Snapshot::Network(Arc::new(network::snapshot(world))),
        });
        let snapshot = read.await?;
        bill::read(&self.meter, &snapshot);
        Ok(snapshot)
    }

    async fn metrics(&self, ids: &[MetricId], window: Window) -> Result<Metrics> {
        self.travel(150).await;
        bill::metrics(&self.meter, ids.len());
        let ids = ids.to_vec();
        self.with_world(move |world| Metrics {
            window,
            series: ids
                .into_iter()
                .map(|id| {
                    let series = world.history.series(&id, &window);
                    (id, series)
                })
                .collect(),
            messages: Vec::new(),
        })
        .await
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogEvent>> {
        self.travel(120).await;
        for _ in &query.groups {
            self.meter.record("logs", "FilterLogEvents", 1);
        }
        let query = query.clone();
        self.with_world(move |world| logs::read(world, &query))
            .await?
    }

    fn follow(&self, follow: Follow) -> BoxStream<'_, Followed> {
        follow::polling(self, follow, None).boxed()
    }

    async fn start_query(&self, query: &InsightsQuery) -> Result<String> {
        self.travel(160).await;
        self.meter.record("logs", "StartQuery", 0);
        let commands = insights::parse(&query.text)?;
        let (groups, from, to) = (query.groups.clone(), query.from, query.to);
        let script = self
            .with_world(move |world| logs::Script::of(world, &groups, from, to))
            .await??;
        let (id, work) = self.queries.start(self.now());
        let limit = query.limit as usize;
        let work = tokio::task::spawn_blocking(move || work.run(&script, &commands, limit));
        if self.options.elapsed.is_some() {
            // Where the clock is held, nothing may depend on how fast this machine is.
            work.await.map_err(stopped)?;
        }
        Ok(id)
    }

    async fn query_answer(&self, id: &str) -> Result<InsightsAnswer> {
        self.travel(70).await;
        self.meter.record("logs", "GetQueryResults", 1);
        let now = self.options.elapsed.is_none().then(|| self.now());
        self.queries.answer(id, now, &self.meter)
    }

    async fn stop_query(&self, id: &str) -> Result<()> {
        self.travel(70).await;
        self.meter.record("logs", "StopQuery", 1);
        let now = self.options.elapsed.is_none().then(|| self.now());
        self.queries.stop(id, now, &self.meter)
    }

    async fn task_document(&self, name: &str) -> Result<TaskDocument> {
        self.travel(60).await;
        self.meter.record("ecs", "DescribeTaskDefinition", 1);
        let name = name.to_owned();
        self.with_world(move |world| Ok(world.compute.revision(&name)?.document.clone()))
            .await?
    }

    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>> {
        if !reference.starts_with(names::REGISTRY) {
            return Ok(None);
        }
        self.travel(50).await;
        self.meter.record("ecr", "BatchGetImage", 1);
        let reference = reference.to_owned();
        self.with_world(move |world| images::manifest(world, &reference).map(Some))
            .await?
    }

    async fn registry_login(&self, host: &str) -> Result<Credentials> {
        self.travel(60).await;
        self.meter.record("ecr", "GetAuthorizationToken", 1);
        Ok(Credentials::of_ecr(
            host,
            Hidden::new("simulated"),
            Some(self.now() + TOKEN_LASTS),
        ))
    }

    async fn denied(&self, _: &[Permission]) -> Result<Vec<Permission>> {
        self.travel(60).await;
        self.meter.record("iam", "SimulatePrincipalPolicy", 1);
        Ok(Vec::new())
    }

    async fn secret(&self, from: &str) -> Result<()> {
        self.travel(40).await;
        self.meter.record("secretsmanager", "DescribeSecret", 1);
        if compute::revision::is_secret(from) {
            return Ok(());
        }
        let what = format!("secretsmanager:DescribeSecret: ResourceNotFoundException: {from}");
        Err(Error::new(ErrorKind::NotFound, what).hint("the demo has one secret, the database's"))
    }

    async fn ledger(&self, groups: &[String]) -> Result<Ledger> {
        self.travel(80).await;
        for _ in groups {
            self.meter.record("logs", "DescribeLogGroups", 1);
        }
        self.meter.record("ec2", "DescribeAddresses", 1);
        let (groups, now) = (groups.to_vec(), self.now().as_second());
        self.with_world(move |world| spend::ledger(world, &groups, now))
            .await
    }

    async fn spend(&self, from: Date, to: Date) -> Result<Spend> {
        self.travel(600).await;
        self.meter.record("ce", "GetCostAndUsage", 1);
        let now = self.now().as_second();
        self.with_world(move |world| spend::spend(world, from, to, now))
            .await
    }

    async fn products(&self, _: &PriceQuery) -> Result<Vec<Product>> {
        let what = "the demo has no Price List: its prices are the embedded ones";
        Err(Error::new(ErrorKind::Unsupported, what)
            .hint("in an environment of AWS, `hydren cost --refresh` reads the region's prices"))
    }

    async fn discover(&self, start: &Start) -> Result<Discovery> {
        self.travel(240).await;
        match start {
            Start::Nothing => {}
            Start::Cluster(name) | Start::Stack(name) if name == names::CLUSTER => {}
            Start::Cluster(name) | Start::Stack(name) => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("the demo has no cluster or stack `{name}`"),
                )
                .hint(format!("both are called `{}`", names::CLUSTER)));
            }
        }
        Ok(discovery())
    }

    async fn rest(&self, span: Duration) {
        if self.options.elapsed.is_some() {
            let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            self.rested.fetch_add(span, Ordering::Relaxed);
        } else {
            tokio::time::sleep(span.div_f64(self.options.speed.max(f64::EPSILON))).await;
        }
    }

    async fn execute(&self, order: &Order) -> Result<CallOutcome> {
        self.travel(110).await;
        let (service, operation) = order.call.action().split_once(':').unwrap_or_default();
        self.meter.record(service, operation, 1);
        let call = order.call.clone();
        self.with_world(move |world| execute(world, &call)).await?
    }
}

/// Acts on the world as AWS would on the call.
fn execute(world: &mut World, call: &Call) -> Result<CallOutcome> {
    let now = world.at;
    match call {
        Call::ScaleService {
            cluster,
            service,
            desired,
        } => {
            world
                .compute
                .service_mut(cluster, service)?
                .request(*desired)?;
            Ok(CallOutcome {
                summary: format!("desired count of {service} set to {desired}"),
                resource: Some(service.clone()),
                session: None,
            })
        }
        Call::RestartService { cluster, service } => {
            let deployment = world.compute.service_mut(cluster, service)?.restart(now);
            Ok(CallOutcome {
                summary: format!("deployment {deployment} of {service} started"),
                resource: Some(deployment),
                session: None,
            })
        }
        Call::SwitchExec {
            cluster,
            service,
            to,
        } => {
            let switched = world.compute.service_mut(cluster, service)?;
            switched.exec = *to == Switch::Enabled;
            let deployment = switched.restart(now);
            Ok(CallOutcome {
                summary: format!(
                    "ECS Exec of {service} is {}: deployment {deployment}",
                    to.word()
                ),
                resource: Some(deployment),
                session: None,
            })
        }
        Call::Session(call) => session::open(world, call),
        Call::StopTask {
            cluster,
            task,
            reason,
        } => {
            let owner = world.compute.owner_of(task);
            let id = world
                .compute
                .service_mut(cluster, owner)?
                .stop_task(task, reason, now)?;
            Ok(CallOutcome {
                summary: format!("task {id} of {owner} is stopping"),
                resource: Some(id),
                session: None,
            })
        }
        Call::SnapshotDatabase { database, snapshot } => {
            let arn = world.database.snapshot(database, snapshot, now)?;
            Ok(CallOutcome {
                summary: format!("snapshot {snapshot} of {database} is being created"),
                resource: Some(arn),
                session: None,
            })
        }
        Call::Registry(call) => world.registry.execute(call),
        Call::Edge(call) => edge::execute(world, call),
        Call::Scaling(call) => autoscaling::execute(world, call),
        Call::RegisterRevision(_)
        | Call::DeployRevision { .. }
        | Call::StopDeployment { .. }
        | Call::ContinueDeployment { .. } => compute::deployments::execute(world, call),
        Call::Database(call) => {
            let arn = world.database.call(call, now)?;
            Ok(CallOutcome {
                summary: format!("RDS accepted {} on {}", call.action(), call.resource()),
                resource: Some(arn),
                session: None,
            })
        }
    }
}

/// The walk along the request path: the demo has everything.
fn discovery() -> Discovery {
    let mut found = Discovery {
        resources: names::resources(),
        steps: Vec::new(),
    };
    for (what, name) in [
        ("cluster", names::CLUSTER),
        ("services", "frontend, backend"),
        ("load balancer", names::BALANCER),
        ("distribution", names::DISTRIBUTION),
        ("web ACL", names::WEB_ACL),
        ("domain", names::DOMAIN),
        ("database", names::DATABASE),
        ("VPC", names::VPC),
        ("repositories", "hydren/backend, hydren/frontend"),
        ("dashboard", names::DASHBOARD),
    ] {
        found.record(what, Outcome::Found(name.to_owned()));
    }
    found
}
