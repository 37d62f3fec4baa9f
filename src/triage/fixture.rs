//! A healthy environment to break in tests: two services behind the whole path, one hour of quiet metrics.

use super::{Assessment, assess, base_metrics, screen_metrics, timeline};
use crate::{
    error::Error,
    model::{
        Health, Snapshot, Tier,
        alarm::{Alarm, AlarmState, Alarms},
        balancer::{
            Balancer, Listener, ListenerRule, Target, TargetGroup, TargetHealthCheck, TargetState,
        },
        compute::{
            Autoscaling, Cluster, Compute, Container, Deployment, DeploymentStrategy, Rollout,
            ScalingPolicy, Service, Task,
        },
        database::{Database, DatabaseKind, MaxConnections, MaxConnectionsSource, Storage},
        edge::{
            AdditionalMetrics, Cdn, Certificate, Dns, DnsRecord, Health3, HealthCheck, HostedZone,
            RecordTarget, Waf, WafRule, WafScope, ZoneVisibility,
        },
        environment::{
            Access, DatabaseName, Environment, Resources, ServiceName, ServiceRole, Stage,
            WebAclName,
        },
        event::Event,
        finding::{Figure, Finding},
        image::{Image, Images, Repository, ScanFindings},
        metric::{Metric, MetricId, Metrics, Series, Window},
        network::{NatGateway, Network, Route, RouteTable, Subnet, SubnetReach},
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
            dns: dns(),
            cdn: cdn(),
            waf: waf(),
            balancer: balancer(),
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
            database: database(),
            images: images(),
            alarms: Alarms {
                alarms: vec![
                    alarm("alb-5xx", AlarmState::Ok),
                    alarm("rds-cpu", AlarmState::Ok),
                ],
                ..Alarms::default()
            },
            network: network(),
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

fn dns() -> Dns {
    Dns {
        zone: Some(HostedZone {
            id: "Z1".into(),
            name: "example.com".into(),
            visibility: ZoneVisibility::Public,
            record_count: 4,
            name_servers: vec!["ns-1.awsdns-1.org".into()],
        }),
        records: vec![DnsRecord {
            name: "app.example.com".into(),
            kind: "A".into(),
            target: "d1.cloudfront.net".into(),
            alias: true,
            evaluates_target_health: false,
            ttl: None,
            leads_to: RecordTarget::Distribution,
            health_check_id: Some("hc-1".into()),
        }],
        health_checks: vec![HealthCheck {
            id: "hc-1".into(),
            name: "app".into(),
            kind: "HTTPS".into(),
            target: "https://app.example.com:443/".into(),
            state: Health3::Healthy,
            healthy_checkers: 16,
            checkers: 16,
            last_failure: None,
        }],
        gaps: Vec::new(),
    }
}

pub(super) fn certificate(days: i64) -> Certificate {
    Certificate {
        arn: "arn:aws:acm:us-east-1:123456789012:certificate/1".into(),
        domain: "app.example.com".into(),
        names: vec!["app.example.com".into()],
        status: "ISSUED".into(),
        kind: "AMAZON_ISSUED".into(),
        not_after: ago(-days * 86_400),
        renewal_eligibility: Some("ELIGIBLE".into()),
        unreadable: None,
    }
}

fn cdn() -> Cdn {
    Cdn {
        id: "E1".into(),
        arn: "arn:aws:cloudfront::123456789012:distribution/E1".into(),
        domain_name: "d1.cloudfront.net".into(),
        aliases: vec!["app.example.com".into()],
        status: "Deployed".into(),
        enabled: true,
        comment: String::new(),
        price_class: "PriceClass_100".into(),
        http_version: "http2and3".into(),
        web_acl: None,
        last_modified: ago(90 * 86_400),
        origins: Vec::new(),
        behaviours: Vec::new(),
        certificate: Some(certificate(200)),
        invalidations: Vec::new(),
        additional_metrics: AdditionalMetrics::Enabled,
        error_caching: Vec::new(),
        gaps: Vec::new(),
    }
}

fn waf() -> Waf {
    Waf {
        name: "app".into(),
        id: "w1".into(),
        arn: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/app/w1".into(),
        scope: WafScope::CloudFront,
        default_action: "Allow".into(),
        capacity: 907,
        metric_name: "app".into(),
        rules: vec![WafRule {
            name: "common".into(),
            priority: 1,
            action: "Use group actions".into(),
            statement: "managed AWS/AWSManagedRulesCommonRuleSet".into(),
            metric_name: "common".into(),
            capacity: Some(700),
        }],
        protects: Vec::new(),
        samples: Vec::new(),
        samples_error: None,
        gaps: Vec::new(),
    }
}

pub(super) fn target(state: TargetState) -> Target {
    Target {
        id: "10.0.1.10".into(),
        port: 8000,
        zone: Some("eu-west-1a".into()),
        state,
        reason: None,
        description: None,
    }
}

pub(super) fn group(name: &str, healthy: usize) -> TargetGroup {
    TargetGroup {
        name: name.into(),
        arn: format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/1"),
        protocol: "HTTP".into(),
        port: 8000,
        target_type: "ip".into(),
        health_check: TargetHealthCheck {
            protocol: "HTTP".into(),
            path: "/healthz".into(),
            interval: 15,
            matcher: "200".into(),
            ..TargetHealthCheck::default()
        },
        deregistration_delay: Some(30),
        targets: vec![target(TargetState::Healthy); healthy],
        targets_error: None,
    }
}

fn balancer() -> Balancer {
    let groups = vec![group("backend", 4), group("frontend", 1)];
    Balancer {
        name: "app".into(),
        arn: "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/app/1".into(),
        dns_name: "app-1.eu-west-1.elb.amazonaws.com".into(),
        scheme: "internet-facing".into(),
        state: "active".into(),
        vpc_id: "vpc-1".into(),
        zones: vec!["eu-west-1a".into()],
        security_groups: Vec::new(),
        idle_timeout: Some(60),
        deletion_protection: true,
        listeners: vec![Listener {
            arn: "listener".into(),
            protocol: "HTTPS".into(),
            port: 443,
            ssl_policy: None,
            certificates: vec![certificate(200)],
            rules: vec![ListenerRule {
                priority: "default".into(),
                conditions: Vec::new(),
                actions: Vec::new(),
                forwards_to: groups.iter().map(|g| (g.arn.clone(), 1)).collect(),
            }],
        }],
        target_groups: groups,
        gaps: Vec::new(),
    }
}

pub(super) fn service(name: &str, tasks: i32) -> Service {
    Service {
        name: name.into(),
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:service/app/{name}"),
        status: "ACTIVE".into(),
        desired: tasks,
        running: tasks,
        pending: 0,
        launch_type: "FARGATE".into(),
        platform_version: Some("1.4.0".into()),
        created_at: ago(90 * 86_400),
        strategy: DeploymentStrategy {
            kind: "ROLLING".into(),
            ..DeploymentStrategy::default()
        },
        task_definition: None,
        deployments: vec![Deployment {
            id: "ecs-svc/1".into(),
            status: "PRIMARY".into(),
            revision: format!("{name}:41"),
            desired: tasks,
            running: tasks,
            pending: 0,
            failed: 0,
            rollout_state: Some("COMPLETED".into()),
            rollout_reason: None,
            created_at: ago(86_400),
            updated_at: ago(86_000),
        }],
        rollouts: vec![rollout(name, "SUCCESSFUL", 86_400)],
        tasks: (0..tasks).map(|_| task(name, "RUNNING")).collect(),
        stopped: Vec::new(),
        events: Vec::new(),
        autoscaling: Some(Autoscaling {
            min: 1,
            max: 6,
            scale_in_suspended: false,
            scale_out_suspended: false,
            policies: vec![ScalingPolicy {
                name: "cpu".into(),
                kind: "TargetTrackingScaling".into(),
                metric: Some("ECSServiceAverageCPUUtilization".into()),
                target: Some(60.0),
                scale_in_cooldown: None,
                scale_out_cooldown: None,
                scale_in_disabled: false,
                alarms: Vec::new(),
            }],
            activities: Vec::new(),
        }),
        load_balancers: Vec::new(),
        subnets: vec!["subnet-1".into()],
        security_groups: Vec::new(),
        assign_public_ip: false,
        exec_enabled: false,
        health_check_grace: 60,
        gaps: Vec::new(),
    }
}

pub(super) fn rollout(service: &str, status: &str, began_ago: i64) -> Rollout {
    Rollout {
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:service-deployment/app/{service}/1"),
        status: status.into(),
        reason: None,
        strategy: "ROLLING".into(),
        stage: None,
        target: Some(format!("{service}:42")),
        sources: vec![format!("{service}:41")],
        target_tasks: None,
        circuit_breaker: None,
        rollback_reason: None,
        created_at: ago(began_ago),
        started_at: ago(began_ago),
        finished_at: ago(began_ago - 120),
    }
}

pub(super) fn task(service: &str, status: &str) -> Task {
    Task {
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:task/app/{service}"),
        id: "9f2c41d0aa".into(),
        revision: format!("{service}:41"),
        last_status: status.into(),
        desired_status: "RUNNING".into(),
        health: "HEALTHY".into(),
        zone: None,
        private_ip: None,
        cpu: 512,
        memory: 2_048,
        created_at: ago(86_400),
        started_at: ago(86_300),
        stopped_at: None,
        stop_code: None,
        stopped_reason: None,
        started_by: None,
        containers: vec![Container {
            name: service.into(),
            image: format!("registry.example.com/{service}:41"),
            digest: Some("sha256:aa".into()),
            last_status: status.into(),
            health: "HEALTHY".into(),
            exit_code: None,
            reason: None,
        }],
    }
}

/// A task that stopped `stopped_ago` seconds ago for `reason`.
pub(super) fn stopped(stopped_ago: i64, code: &str, reason: &str, exit: Option<i32>) -> Task {
    let mut task = task("backend", "STOPPED");
    task.stopped_at = ago(stopped_ago);
    task.stop_code = Some(code.into());
    task.stopped_reason = Some(reason.into());
    task.containers[0].exit_code = exit;
    task
}

fn database() -> Database {
    Database {
        id: "app-db".into(),
        arn: "arn:aws:rds:eu-west-1:123456789012:db:app-db".into(),
        kind: DatabaseKind::Instance,
        engine: "postgres".into(),
        version: "16.4".into(),
        class: "db.t4g.medium".into(),
        status: "available".into(),
        multi_az: true,
        zone: None,
        secondary_zone: None,
        storage: Storage {
            allocated_gib: 100,
            max_gib: Some(200),
            kind: "gp3".into(),
            encrypted: true,
            ..Storage::default()
        },
        endpoint: None,
        port: Some(5432),
        created_at: ago(90 * 86_400),
        backup_retention_days: 7,
        backup_window: None,
        latest_restorable: ago(240),
        maintenance_window: None,
        pending_maintenance: Vec::new(),
        pending_changes: Vec::new(),
        parameter_groups: vec![("app".into(), "in-sync".into())],
        max_connections: Some(MaxConnections {
            value: 450,
            source: MaxConnectionsSource::Derived,
        }),
        performance_insights: true,
        deletion_protection: true,
        publicly_accessible: false,
        ca_certificate: None,
        certificate_expires: None,
        master_secret: None,
        subnet_group: None,
        vpc_id: Some("vpc-1".into()),
        security_groups: Vec::new(),
        members: Vec::new(),
        log_exports: Vec::new(),
        snapshots: Vec::new(),
        events: Vec::new(),
        gaps: Vec::new(),
    }
}

fn images() -> Images {
    Images {
        repositories: vec![Repository {
            name: "backend".into(),
            uri: "registry.example.com/backend".into(),
            arn: "arn:aws:ecr:eu-west-1:123456789012:repository/backend".into(),
            tag_mutability: "IMMUTABLE".into(),
            scan_on_push: true,
            lifecycle_policy: Some(true),
            gaps: Vec::new(),
            images: vec![Image {
                digest: "sha256:aa".into(),
                tags: vec!["41".into()],
                size_bytes: 50_000_000,
                pushed_at: ago(86_500),
                last_pulled_at: None,
                media_type: None,
                scan: Some(ScanFindings {
                    status: "COMPLETE".into(),
                    ..ScanFindings::default()
                }),
            }],
        }],
    }
}

pub(super) fn alarm(name: &str, state: AlarmState) -> Alarm {
    Alarm {
        name: name.into(),
        arn: format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"),
        state,
        reason: "Threshold Crossed".into(),
        since: ago(300),
        region: "eu-west-1".into(),
        metric: "AWS/ApplicationELB HTTPCode_ELB_5XX_Count".into(),
        dimensions: Vec::new(),
        condition: "Sum > 10 for 3 of 5 × 60 s".into(),
        actions_enabled: true,
        actions: 1,
        owned_by_autoscaling: false,
    }
}

pub(super) fn subnet(id: &str, free: i32) -> Subnet {
    Subnet {
        id: id.into(),
        name: None,
        zone: "eu-west-1a".into(),
        cidr: "10.0.1.0/24".into(),
        free_addresses: free,
        usable_addresses: 251,
        reach: SubnetReach::Nat,
    }
}

fn network() -> Network {
    Network {
        vpc_id: "vpc-1".into(),
        cidrs: vec!["10.0.0.0/16".into()],
        internet_gateway: Some("igw-1".into()),
        subnets: vec![subnet("subnet-1", 200)],
        route_tables: vec![RouteTable {
            id: "rtb-1".into(),
            name: None,
            main: true,
            subnets: vec!["subnet-1".into()],
            routes: vec![Route {
                destination: "0.0.0.0/0".into(),
                target: "nat-1".into(),
                state: "active".into(),
            }],
        }],
        nat_gateways: vec![NatGateway {
            id: "nat-1".into(),
            name: None,
            state: "available".into(),
            failure: None,
            subnet_id: Some("subnet-2".into()),
            public_ips: Vec::new(),
        }],
        endpoints: Vec::new(),
        security_groups: Vec::new(),
        flow_logs: Vec::new(),
        gaps: Vec::new(),
    }
}
