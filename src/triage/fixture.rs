//! A healthy environment to break in tests: two services behind the whole path, one hour of quiet metrics.

mod around;
mod balancer;
mod compute;
mod edge;

pub(super) use around::{alarm, subnet};
pub(super) use balancer::{group, target};
pub(super) use compute::{rollout, service, stopped, task};
pub(super) use edge::certificate;

use super::{Assessment, assess, base_metrics, screen_metrics, timeline};
use crate::{
    error::Error,
    model::{
        Health, Snapshot, Tier,
        alarm::{AlarmState, Alarms},
        balancer::Balancer,
        compute::{Cluster, Compute, Service},
        database::{Database, DatabaseKind},
        edge::{Cdn, Dns, Waf, WafScope},
        environment::{
            Access, CostSettings, DatabaseName, Environment, Resources, ServiceName, ServiceRole,
            Stage, WebAclName,
        },
        event::Event,
        finding::{Figure, Finding},
        image::Images,
        metric::{Metric, MetricId, Metrics, Series, Window},
        network::Network,
    },
    observe::Observations,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// 2026-11-22 14:00:00 UTC.
pub(super) const NOW: i64 = 1_795_356_000;

/// The time `seconds` before [`NOW`].
pub(super) fn ago(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(NOW - seconds).ok()
}

/// Everything observed, open to be broken.
#[derive(Clone)]
pub(super) struct Fixture {
    pub environment: Environment,
    pub dns: Dns,
    pub cdn: Cdn,
    pub waf: Waf,
    pub balancer: Balancer,
    pub compute: Compute,
    pub database: Database,
    pub images: Images,
    pub alarms: Alarms,
    pub network: Network,
    pub metrics: Metrics,
    /// Tiers that were not read: why.
    pub blank: BTreeMap<Tier, Option<Error>>,
    /// Tiers whose newest read failed.
    pub stale: BTreeMap<Tier, Error>,
}

impl Fixture {
    /// Nothing is wrong.
    pub fn healthy() -> Self {
        let mut fixture = Self {
            environment: environment(),
            dns: edge::dns(),
            cdn: edge::cdn(),
            waf: edge::waf(),
            balancer: balancer::balancer(),
            compute: Compute {
                cluster: Cluster {
                    name: "app".into(),
                    arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/app".into(),
                    status: "ACTIVE".into(),
                    running_tasks: 5,
                    pending_tasks: 0,
                    container_insights: "disabled".into(),
                    capacity_providers: vec!["FARGATE".into()],
                },
                services: vec![service("backend", 4), service("frontend", 1)],
            },
            database: around::database(),
            images: around::images(),
            alarms: Alarms {
                alarms: vec![
                    alarm("alb-5xx", AlarmState::Ok),
                    alarm("rds-cpu", AlarmState::Ok),
                ],
                ..Alarms::default()
            },
            network: around::network(),
            metrics: Metrics {
                window: Window::last(ago(0).unwrap_or_default(), 3_600),
                series: BTreeMap::new(),
                messages: Vec::new(),
            },
            blank: BTreeMap::new(),
            stale: BTreeMap::new(),
        };
        for id in base_metrics(&fixture.environment, &fixture.seen()) {
            let values = vec![quiet(id.metric); 60];
            fixture.metrics.series.insert(id, Series { values });
        }
        fixture
    }

    /// What the console would hold.
    pub fn seen(&self) -> Observations {
        let now = ago(0).unwrap_or_default();
        let mut seen = Observations::default();
        for snapshot in [
            Snapshot::Dns(Arc::new(self.dns.clone())),
            Snapshot::Cdn(Arc::new(self.cdn.clone())),
            Snapshot::Waf(Arc::new(self.waf.clone())),
            Snapshot::Balancer(Arc::new(self.balancer.clone())),
            Snapshot::Compute(Arc::new(self.compute.clone())),
            Snapshot::Database(Arc::new(self.database.clone())),
            Snapshot::Images(Arc::new(self.images.clone())),
            Snapshot::Alarms(Arc::new(self.alarms.clone())),
            Snapshot::Network(Arc::new(self.network.clone())),
        ] {
            let tier = snapshot.tier();
            let observed = seen.tier_mut(tier);
            match self.blank.get(&tier) {
                None => observed.settle(Ok(snapshot), now),
                Some(Some(error)) => observed.settle(Err(error.clone()), now),
                Some(None) => {}
            }
            if let Some(error) = self.stale.get(&tier) {
                observed.settle(Err(error.clone()), now);
            }
        }
        seen.metrics.settle(Ok(Arc::new(self.metrics.clone())), now);
        seen
    }

    /// Sets the newest values of a metric of which the environment has one; the last is the newest.
    pub fn metric(&mut self, metric: Metric, newest: &[f64]) -> &mut Self {
        self.set(MetricId::of(metric), newest)
    }

    /// Sets the newest values of a metric of `subject`.
    pub fn metric_of(&mut self, metric: Metric, subject: &str, newest: &[f64]) -> &mut Self {
        self.set(MetricId::with(metric, subject), newest)
    }

    fn set(&mut self, id: MetricId, newest: &[f64]) -> &mut Self {
        let quiet = vec![quiet(id.metric); 60];
        let series = self
            .metrics
            .series
            .entry(id)
            .or_insert(Series { values: quiet });
        let from = series.values.len() - newest.len();
        series.values[from..].copy_from_slice(newest);
        self
    }

    pub fn backend(&mut self) -> &mut Service {
        &mut self.compute.services[0]
    }

    pub fn assess(&self) -> Assessment {
        assess(&self.environment, &self.seen(), ago(0).unwrap_or_default())
    }

    pub fn timeline(&self) -> Vec<Event> {
        timeline(&self.seen())
    }

    pub fn base(&self) -> Vec<MetricId> {
        base_metrics(&self.environment, &self.seen())
    }

    pub fn screen(&self, tier: Tier) -> Vec<MetricId> {
        screen_metrics(tier, &self.environment, &self.seen())
    }

    /// The findings of `rule`.
    pub fn findings(&self, rule: &str) -> Vec<Finding> {
        let mut found = self.assess().findings;
        found.retain(|f| f.rule == rule);
        found
    }

    /// The worst severity of `rule`'s findings; `None` when it is quiet.
    pub fn severity(&self, rule: &str) -> Option<Health> {
        self.findings(rule).iter().map(|f| f.severity).max()
    }

    /// State and text of a tier's verdict.
    pub fn verdict(&self, tier: Tier) -> (Health, String) {
        let verdict = self.assess().tiers.swap_remove(tier.index()).verdict;
        (verdict.health, verdict.text)
    }

    pub fn figure(&self, tier: Tier, name: &str) -> Option<Figure> {
        let report = self.assess().tiers.swap_remove(tier.index());
        report.figures.into_iter().find(|f| f.name == name)
    }
}

/// A value at which no rule says anything.
fn quiet(metric: Metric) -> f64 {
    match metric {
        Metric::Cdn4xxRate
        | Metric::Cdn5xxRate
        | Metric::AlbTarget5xx
        | Metric::AlbElb5xx
        | Metric::NatErrorPortAllocation
        | Metric::NatPacketsDropped => 0.0,
        Metric::CdnCacheHitRate => 97.8,
        Metric::WafBlocked => 4.0,
        Metric::WafAllowed | Metric::AlbRequests | Metric::CdnRequests => 1_000.0,
        Metric::AlbP50 | Metric::AlbP95 | Metric::AlbP99 => 0.12,
        Metric::EcsCpu | Metric::EcsMemory | Metric::RdsCpu => 31.0,
        Metric::RdsConnections => 41.0,
        Metric::RdsFreeStorage => 60.0 * 1_073_741_824.0,
        Metric::RdsCpuCredits => 500.0,
        _ => 1.0,
    }
}

fn environment() -> Environment {
    Environment {
        name: "prod".into(),
        stage: Stage::Production,
        access: Access::ReadWrite,
        access_reason: None,
        colour: None,
        profile: None,
        region: "eu-west-1".into(),
        endpoint_url: None,
        simulated: false,
        cost: CostSettings::default(),
        resources: Resources {
            domain: Some("app.example.com".into()),
            hosted_zone: Some("Z1".into()),
            distribution: Some("E1".into()),
            load_balancer: Some("app".into()),
            cluster: Some("app".into()),
            vpc: Some("vpc-1".into()),
            log_groups: vec!["/vpc/flow".into()],
            repositories: vec!["backend".into()],
            alarm_prefix: Some("app-".into()),
            dashboard: None,
            web_acl: Some(WebAclName {
                name: "app".into(),
                id: "w1".into(),
                scope: WafScope::CloudFront,
            }),
            database: Some(DatabaseName {
                id: "app-db".into(),
                kind: DatabaseKind::Instance,
            }),
            services: [
                ("backend", ServiceRole::Backend),
                ("frontend", ServiceRole::Frontend),
            ]
            .map(|(name, role)| ServiceName {
                name: name.into(),
                role,
            })
            .into(),
        },
    }
}
