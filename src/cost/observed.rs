//! The inventory of an environment, from what was observed of it.
//!
//! What stands there comes from the tiers; what flows, from an hour's, a day's, a week's or a month's metrics ([`Look`]). Nothing is filled in: what
//! cannot be read, has no metric, or is billed by rules that the price book does not have becomes an [`Unknown`] with its reason. A
//! metric that has no datapoint in some hours is taken at the mean of the others, and that is said.

use super::{
    Area, DbSize, Driver, FreeTier, Instance, Inventory, Per, Power, TaskSize, Tasks, Unknown, Use,
};
use crate::{
    format,
    logs::sources::sources,
    model::{
        Tier,
        alarm::{Alarm, AlarmBilling},
        balancer::Balancer,
        compute::{Compute, Service},
        database::{Database, DatabaseKind},
        edge::{AdditionalMetrics, Cdn, Dns, HealthCheck, Waf},
        environment::{Environment, Viewers},
        ledger::LogGroup,
        log::{LogOrigin, Place},
        metric::{Metric, MetricId, Metrics},
        network::Network,
        state::{DatabaseStatus, GatewayState},
    },
    observe::Observations,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

/// Bytes of a gigabyte as AWS bills them: 2³⁰ (aws.amazon.com/ec2/pricing/on-demand, data transfer).
const GB: f64 = 1_073_741_824.0;

/// Metrics asked for an estimate at the most: 160 × $0.01 / 1,000 = $0.0016 each hour (CloudWatch pricing, `GetMetricData`).
const BUDGET: usize = 160;

/// WCU that a request's price includes, and by how many it rises (aws.amazon.com/waf/pricing).
const INCLUDED_WCU: i64 = 1_500;
const WCU_STEP: i64 = 500;

/// Metrics that a distribution publishes when the additional ones are switched on (CloudFront developer guide, viewing metrics).
const ADDITIONAL_METRICS: f64 = 8.0;

/// Custom metrics of Container Insights of a cluster, of a service and of a family of task definitions (CloudWatch user guide,
/// Container-Insights-metrics-ECS, counted from its table of 2023: newer ones make more, so that this is the least).
const INSIGHTS_CLUSTER: usize = 11;
const INSIGHTS_SERVICE: usize = 13;
const INSIGHTS_FAMILY: usize = 8;

/// Requests of the ledger, as its gaps name them.
const GROUPS: &str = "logs:DescribeLogGroups";
const ADDRESSES: &str = "ec2:DescribeAddresses";

/// Which hours of the metrics are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The newest whole hour, and the tasks that run.
    Now,
    /// Datapoints of the hourly metrics, in a few words: `the last day`.
    Hours(Range<usize>, &'static str),
}

/// Lists the metrics that an estimate needs, hourly.
#[must_use]
pub fn metrics(environment: &Environment, seen: &Observations) -> Vec<MetricId> {
    let mut ids = Vec::new();
    if seen.dns().is_some_and(|dns| dns.zone.is_some()) {
        ids.push(MetricId::of(Metric::DnsQueries));
    }
    if seen.cdn().is_some() {
        ids.extend(
            [
                Metric::CdnRequests,
                Metric::CdnBytesDownloaded,
                Metric::CdnBytesUploaded,
            ]
            .map(MetricId::of),
        );
    }
    if seen.waf().is_some() {
        ids.extend([Metric::WafAllowed, Metric::WafBlocked].map(MetricId::of));
    }
    if seen.balancer().is_some() {
        ids.push(MetricId::of(Metric::AlbConsumedLcus));
        if seen.cdn().is_none() {
            ids.push(MetricId::of(Metric::AlbProcessedBytes));
        }
    }
    for gateway in seen.network().into_iter().flat_map(|n| &n.nat_gateways) {
        let subject: Arc<str> = gateway.id.as_str().into();
        ids.extend(
            [Metric::NatBytesIn, Metric::NatBytesOut]
                .map(|metric| MetricId::with(metric, Arc::clone(&subject))),
        );
    }
    for source in sources(environment, seen) {
        if let Place::Group { .. } = Place::of(&source.group) {
            ids.push(MetricId::with(Metric::LogBytes, source.group.as_str()));
        }
    }
    for service in seen.compute().into_iter().flat_map(|c| &c.services) {
        let subject: Arc<str> = service.name.as_str().into();
        ids.extend(
            [
                Metric::EcsLiveTasks,
                Metric::EcsCpuPeak,
                Metric::EcsMemoryPeak,
            ]
            .map(|metric| MetricId::with(metric, Arc::clone(&subject))),
        );
    }
    ids.truncate(BUDGET);
    ids
}

/// Names the environment's log groups, for what is stored in them.
#[must_use]
pub fn log_groups(environment: &Environment, seen: &Observations) -> Vec<String> {
    let groups = sources(environment, seen).into_iter();
    groups
        .map(|source| source.group)
        .filter(|group| matches!(Place::of(group), Place::Group { .. }))
        .collect()
}

/// What of the environment is billed, as it was used in the hours that are looked at.
#[must_use]
pub fn inventory(environment: &Environment, seen: &Observations, look: &Look) -> Inventory {
    let mut taker = Taker::new(environment, seen, look);
    for tier in Tier::ALL {
        let observed = seen.tier(tier);
        if observed.value.is_none() && environment.resources.names(tier) {
            let why = observed
                .error
                .as_ref()
                .map_or("not read yet", |e| &e.message);
            taker.unknown(Area::Tier(tier), "everything", why);
        }
    }
    if let Some(dns) = seen.dns() {
        taker.dns(dns);
    }
    if let Some(cdn) = seen.cdn() {
        taker.cdn(cdn);
    }
    if let Some(waf) = seen.waf() {
        taker.waf(waf);
    }
    if let Some(balancer) = seen.balancer() {
        taker.balancer(balancer);
    }
    if let Some(compute) = seen.compute() {
        taker.compute(compute);
    }
    if let Some(database) = seen.database() {
        taker.database(database);
    }
    taker.images();
    taker.alarms();
    if let Some(network) = seen.network() {
        taker.network(network);
    }
    taker.logs();
    taker.into_inventory()
}

/// Edge locations as the price book groups them.
const fn edge(viewers: Viewers) -> &'static str {
    match viewers {
        Viewers::UnitedStates => "us_mx_ca",
        Viewers::Europe => "europe_israel_turkiye",
        Viewers::India => "india",
        Viewers::AsiaPacific => "asia_pacific_hk_id_ph_sg_kr_tw_th_my_vn",
        Viewers::Japan => "japan",
        Viewers::Australia => "australia_nz",
    }
}

/// Takes stock.
struct Taker<'a> {
    environment: &'a Environment,
    seen: &'a Observations,
    look: &'a Look,
    inventory: Inventory,
}

impl<'a> Taker<'a> {
    fn new(environment: &'a Environment, seen: &'a Observations, look: &'a Look) -> Self {
        let free_tier = if environment.cost.free_tier == Some(false) {
            FreeTier::Ignored
        } else {
            FreeTier::Applied
        };
        Self {
            environment,
            seen,
            look,
            inventory: Inventory {
                free_tier,
                ..Inventory::empty(&environment.region)
            },
        }
    }

    fn into_inventory(mut self) -> Inventory {
        self.inventory.unknown.sort();
        self.inventory.unknown.dedup();
        self.inventory
    }

    fn unknown(&mut self, area: Area, item: impl Into<String>, reason: impl Into<String>) {
        self.inventory
            .unknown
            .push(Unknown::new(area, item, reason));
    }

    fn add(&mut self, used: Use) {
        self.inventory.uses.push(used);
    }

    /// Something that stands there: hours of `count` of them, or `count` of them held.
    fn standing(
        &mut self,
        (area, item): (Area, &str),
        key: impl Into<Cow<'static, str>>,
        (count, per): (f64, Per),
        basis: impl Into<String>,
    ) {
        self.add(Use {
            area,
            item: item.to_owned(),
            key: key.into(),
            amount: count,
            per,
            driver: Driver::Standing,
            region: None,
            basis: basis.into(),
        });
    }

    /// Something that flows: units an hour of what `ids` count together, a unit being `scale` of them. What cannot be read becomes
    /// unknown.
    fn flowing(
        &mut self,
        (area, item): (Area, &str),
        key: impl Into<Cow<'static, str>>,
        ids: &[MetricId],
        scale: f64,
        note: &str,
    ) {
        let Some(reading) = self.read(area, item, ids) else {
            return;
        };
        let basis = if note.is_empty() {
            reading.basis
        } else {
            format!("{}; {note}", reading.basis)
        };
        self.add(Use {
            area,
            item: item.to_owned(),
            key: key.into(),
            amount: reading.value / scale,
            per: Per::Hour,
            driver: Driver::Traffic,
            region: None,
            basis,
        });
    }

    /// What `ids` come to together in an hour. Hours without a datapoint are told; where there is none at all, it is unknown.
    fn read(&mut self, area: Area, item: &str, ids: &[MetricId]) -> Option<Reading> {
        let known: &Metrics = match &self.seen.usage.value {
            Some(known) => known,
            None => {
                let error = self.seen.usage.error.as_ref();
                let why = error.map_or_else(
                    || "its metrics are not read yet".to_owned(),
                    |e| format!("its metrics could not be read: {}", e.message),
                );
                self.unknown(area, item, why);
                return None;
            }
        };
        let mut sum = 0.0;
        let mut least = usize::MAX;
        let mut of = 0;
        for id in ids {
            let values = known.series.get(id).map_or(&[][..], |s| &s.values[..]);
            let range = hours(self.look, values.len());
            let all = values.get(range).unwrap_or_default();
            let there: Vec<f64> = all.iter().copied().filter(|v| !v.is_nan()).collect();
            if there.is_empty() {
                let asked = known.series.contains_key(id);
                let why = if asked {
                    format!("no data of {} in {}", id.metric.spec().name, self.words())
                } else {
                    let name = id.metric.spec().name;
                    format!("{name} is not asked for: of another region, or one too many")
                };
                self.unknown(area, item, why);
                return None;
            }
            sum += mean(&there);
            least = least.min(there.len());
            of = of.max(all.len());
        }
        if least < of {
            let (gap, words) = (of - least, self.words());
            self.unknown(
                area,
                item,
                format!(
                    "{} of {words} without data, taken at the mean of the others",
                    format::count(gap, "hour")
                ),
            );
        }
        Some(Reading {
            value: sum,
            basis: match self.look {
                Look::Now if sum == 0.0 => "nothing in the last hour".to_owned(),
                Look::Now => "as in the last hour".to_owned(),
                Look::Hours(_, words) if sum == 0.0 => format!("nothing in {words}"),
                Look::Hours(_, words) => format!("mean of {words}"),
            },
        })
    }

    const fn words(&self) -> &'static str {
        match self.look {
            Look::Now => "the last hour",
            Look::Hours(_, words) => words,
        }
    }

    fn dns(&mut self, dns: &Dns) {
        const DNS: Area = Area::Tier(Tier::Route53);
        if let Some(zone) = &dns.zone {
            self.standing(
                (DNS, "hosted zone"),
                "route53.hosted_zone_month",
                (1.0, Per::Month),
                zone.name.clone(),
            );
            let alias = !dns.records.is_empty() && dns.records.iter().all(|r| r.alias);
            let (key, note) = if alias {
                (
                    "route53.alias_queries_to_aws",
                    "of alias records to AWS resources, which are free",
                )
            } else {
                ("route53.standard_queries_million", "")
            };
            let queries = [MetricId::of(Metric::DnsQueries)];
            self.flowing((DNS, "DNS queries"), key, &queries, 1e6, note);
        }
        for check in &dns.health_checks {
            self.health_check(check);
        }
    }

    /// A health check of the environment's own domain is one of an AWS endpoint.
    fn health_check(&mut self, check: &HealthCheck) {
        const DNS: Area = Area::Tier(Tier::Route53);
        let kind = check.kind.as_str();
        if !(kind.starts_with("HTTP") || kind == "TCP") {
            let why = format!("the book has no price of {kind} checks");
            self.unknown(DNS, format!("health check {}", check.name), why);
            return;
        }
        self.standing(
            (DNS, "health check"),
            "route53.health_check_aws_month",
            (1.0, Per::Month),
            format!("{}, an AWS endpoint", check.name),
        );
        let features: Vec<&str> = [
            (kind.starts_with("HTTPS"), "HTTPS"),
            (kind.ends_with("STR_MATCH"), "string match"),
            (check.interval == Some(10), "fast interval"),
            (check.measures_latency, "latency"),
        ]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
        if !features.is_empty() {
            self.standing(
                (DNS, "health check features"),
                "route53.health_check_optional_feature_aws_month",
                (count(features.len()), Per::Month),
                features.join(", "),
            );
        }
    }

    fn cdn(&mut self, cdn: &Cdn) {
        const CDN: Area = Area::Tier(Tier::CloudFront);
        let viewers = self
            .environment
            .cost
            .viewers
            .unwrap_or_else(|| Viewers::near(&self.environment.region));
        let edge = edge(viewers);
        let note = format!("viewers in {}", viewers.words());
        let key = |of: &str| format!("cloudfront.{of}.{edge}");
        let one = |metric| [MetricId::of(metric)];
        self.flowing(
            (CDN, "HTTPS requests"),
            key("https_requests_10k"),
            &one(Metric::CdnRequests),
            10_000.0,
            &note,
        );
        self.flowing(
            (CDN, "data to viewers"),
            key("dto_internet_gb"),
            &one(Metric::CdnBytesDownloaded),
            GB,
            &note,
        );
        self.flowing(
            (CDN, "uploads to the origin"),
            key("dto_origin_gb"),
            &one(Metric::CdnBytesUploaded),
            GB,
            &note,
        );
        if cdn.additional_metrics == AdditionalMetrics::Enabled {
            self.standing(
                (CDN, "additional metrics"),
                "cloudwatch.custom_metric_month",
                (ADDITIONAL_METRICS, Per::Month),
                "8 of a distribution",
            );
        }
    }

    fn waf(&mut self, waf: &Waf) {
        const WAF: Area = Area::Tier(Tier::Waf);
        self.standing(
            (WAF, "web ACL"),
            "wafv2.web_acl_month",
            (1.0, Per::Month),
            waf.name.clone(),
        );
        self.standing(
            (WAF, "rules"),
            "wafv2.rule_month",
            (count(waf.rules.len()), Per::Month),
            format!(
                "{}, a group counts as one",
                format::count(waf.rules.len(), "rule")
            ),
        );
        // A rule that only counts lets the request go on to one of the two that end it.
        let requests = [Metric::WafAllowed, Metric::WafBlocked].map(MetricId::of);
        let steps = (waf.capacity - INCLUDED_WCU).max(0).div_euclid(WCU_STEP)
            + i64::from((waf.capacity - INCLUDED_WCU).max(0).rem_euclid(WCU_STEP) > 0);
        let (key, note): (Cow<'static, str>, String) = if steps == 0 {
            ("wafv2.requests_million".into(), String::new())
        } else {
            let most = INCLUDED_WCU + steps * WCU_STEP;
            (
                format!("wafv2.requests_million.over_1500_wcu_to_{most}").into(),
                format!("{} WCU", waf.capacity),
            )
        };
        self.flowing((WAF, "requests"), key, &requests, 1e6, &note);
        let priced = ["BotControl", "ATPRuleSet", "ACFPRuleSet", "AntiDDoS"];
        for rule in &waf.rules {
            if priced.iter().any(|name| rule.statement.contains(name)) {
                let why =
                    "billed by subscription and request besides, which the book has no price of";
                self.unknown(WAF, rule.name.clone(), why);
            }
        }
    }

    fn balancer(&mut self, balancer: &Balancer) {
        const ALB: Area = Area::Tier(Tier::Alb);
        self.standing(
            (ALB, "load balancer"),
            "alb.hour",
            (1.0, Per::Hour),
            balancer.name.clone(),
        );
        let lcus = [MetricId::of(Metric::AlbConsumedLcus)];
        self.flowing(
            (ALB, "capacity units"),
            "alb.lcu_hour",
            &lcus,
            1.0,
            "ConsumedLCUs, on the average of each hour",
        );
        if balancer.scheme == "internet-facing" {
            self.standing(
                (ALB, "public IPv4"),
                "public_ipv4.in_use_hour",
                (count(balancer.zones.len()), Per::Hour),
                format!(
                    "one in each of {}",
                    format::count(balancer.zones.len(), "zone")
                ),
            );
        }
        // From the balancer to CloudFront data goes for nothing (CloudFront pricing, AWS origins).
        if self.seen.cdn().is_none() && balancer.scheme == "internet-facing" {
            let bytes = [MetricId::of(Metric::AlbProcessedBytes)];
            self.flowing(
                (ALB, "data to the internet"),
                "data_transfer_out.internet_gb",
                &bytes,
                GB,
                "at most: requests are counted with the answers",
            );
        }
    }

    fn compute(&mut self, compute: &Compute) {
        const ECS: Area = Area::Tier(Tier::Ecs);
        let mut secrets = BTreeSet::new();
        let mut families = BTreeSet::new();
        for service in &compute.services {
            self.service(service);
            if let Some(definition) = &service.task_definition {
                families.insert(definition.family.as_str());
                for container in &definition.containers {
                    let of_it = container.secrets.iter().map(|(_, from)| from.as_str());
                    secrets.extend(
                        of_it
                            .chain(container.repository_credentials.as_deref())
                            .filter_map(secret),
                    );
                }
            }
        }
        if !secrets.is_empty() {
            self.standing(
                (ECS, "secrets"),
                "secrets_manager.secret_month",
                (count(secrets.len()), Per::Month),
                format!("{} that tasks name", format::count(secrets.len(), "secret")),
            );
        }
        match compute.cluster.container_insights.as_str() {
            "enabled" => {
                let metrics = INSIGHTS_CLUSTER
                    + INSIGHTS_SERVICE * compute.services.len()
                    + INSIGHTS_FAMILY * families.len();
                self.standing(
                    (ECS, "Container Insights metrics"),
                    "cloudwatch.custom_metric_month",
                    (count(metrics), Per::Month),
                    "11 of the cluster, 13 of each service, 8 of each family, at the least",
                );
                let why = "how much Container Insights writes is not told";
                self.unknown(ECS, "Container Insights log events", why);
            }
            "enhanced" => {
                let why = "billed by the observation; how many there are is not told";
                self.unknown(ECS, "Container Insights, enhanced", why);
            }
            _ => {}
        }
    }

    fn service(&mut self, service: &Service) {
        const ECS: Area = Area::Tier(Tier::Ecs);
        let Some(definition) = &service.task_definition else {
            let why = "its task definition could not be read";
            self.unknown(ECS, format!("{} · tasks", service.name), why);
            return;
        };
        if service.launch_type.contains("SPOT") {
            let why = "Fargate Spot has no list price: it changes with what is spare";
            self.unknown(ECS, format!("{} · tasks", service.name), why);
            return;
        }
        let size = TaskSize::from(definition);
        match self.look {
            Look::Now => {
                let running = running(service, &size);
                self.inventory.tasks.extend(running);
            }
            Look::Hours(..) => {
                let ids = [MetricId::with(Metric::EcsLiveTasks, service.name.as_str())];
                let item = format!("{} · tasks", service.name);
                let mut tasks = Tasks::of(service, size);
                if let Some(reading) = self.read(ECS, &item, &ids) {
                    tasks.count = reading.value;
                    tasks.basis = format!("{:.2} tasks, {}", reading.value, reading.basis);
                } else {
                    tasks.basis = format!("{}, as now", tasks.basis);
                }
                self.inventory.tasks.push(tasks);
            }
        }
    }

    fn database(&mut self, database: &Database) {
        const RDS: Area = Area::Tier(Tier::Rds);
        if database.kind == DatabaseKind::Cluster {
            let why = "the book has no prices of clusters";
            self.unknown(RDS, format!("cluster {}", database.id), why);
            return;
        }
        self.inventory.databases.push(Instance {
            id: database.id.clone(),
            size: DbSize::from(database),
            power: if database.status == DatabaseStatus::Stopped {
                Power::Off
            } else {
                Power::On
            },
        });
        for sibling in &database.siblings {
            self.add(Use {
                area: RDS,
                item: format!("{} · instance", sibling.id),
                key: format!("rds.postgres.{}.single_az_hour", sibling.class).into(),
                amount: 1.0,
                per: Per::Hour,
                driver: Driver::Standing,
                region: None,
                basis: format!("{}, taken for single zone", sibling.class),
            });
            let why = "only its class is read";
            self.unknown(RDS, format!("{} · storage", sibling.id), why);
        }
        if database.master_secret.is_some() {
            self.standing(
                (RDS, "master password"),
                "secrets_manager.secret_month",
                (1.0, Per::Month),
                "a secret that RDS manages",
            );
        }
        let kept: i32 = snapshots(database).map(|s| s.allocated_gib).sum();
        let beyond = kept - database.storage.allocated_gib;
        if beyond > 0 {
            self.unknown(
                RDS,
                "snapshots",
                format!(
                    "at most {beyond} GiB beyond the {} that backups have free; what they hold is not told",
                    database.storage.allocated_gib
                ),
            );
        }
    }

    fn images(&mut self) {
        let Some(images) = self.seen.images().filter(|i| !i.repositories.is_empty()) else {
            return;
        };
        let all = images.repositories.iter().flat_map(|r| &r.images);
        let (bytes, number) = all.fold((0, 0), |(bytes, n), image| {
            (bytes + image.size_bytes, n + 1)
        });
        self.standing(
            (Area::Tier(Tier::Images), "image storage"),
            "ecr.storage_gb_month",
            (bytes_of(bytes) / GB, Per::Month),
            format!(
                "{}; layers that they share are billed once",
                format::count(number, "image")
            ),
        );
    }

    fn alarms(&mut self) {
        const ALARMS: Area = Area::Tier(Tier::Alarms);
        let Some(alarms) = self.seen.alarms() else {
            return;
        };
        let count_of =
            |wanted: fn(&Alarm) -> usize| alarms.alarms.iter().map(wanted).sum::<usize>();
        let standard = count_of(|alarm| match alarm.billing {
            AlarmBilling::Standard { metrics } => metrics,
            _ => 0,
        });
        let high = count_of(|alarm| match alarm.billing {
            AlarmBilling::HighResolution { metrics } => metrics,
            _ => 0,
        });
        let composite = count_of(|alarm| usize::from(alarm.billing == AlarmBilling::Composite));
        let rows = [
            (
                standard,
                "alarms",
                "cloudwatch.alarm_standard_month",
                "metric",
            ),
            (
                high,
                "high-resolution alarms",
                "cloudwatch.alarm_high_resolution_month",
                "metric",
            ),
            (
                composite,
                "composite alarms",
                "cloudwatch.alarm_composite_month",
                "alarm",
            ),
        ];
        for (number, item, key, noun) in rows {
            if number > 0 {
                let basis = format::count(number, noun);
                self.standing((ALARMS, item), key, (count(number), Per::Month), basis);
            }
        }
        let unclear = alarms.alarms.iter();
        for alarm in unclear.filter(|alarm| alarm.billing == AlarmBilling::Unknown) {
            let why = "how many metrics it reads is not told";
            self.inventory
                .unknown
                .push(Unknown::new(ALARMS, format!("alarm {}", alarm.name), why));
        }
        let dashboards = alarms.dashboards.len();
        if dashboards > 0 {
            self.standing(
                (ALARMS, "dashboards"),
                "cloudwatch.dashboard_month",
                (count(dashboards), Per::Month),
                format::count(dashboards, "dashboard"),
            );
        }
    }

    fn network(&mut self, network: &Network) {
        const NETWORK: Area = Area::Tier(Tier::Network);
        let standing =
            |state: GatewayState| !matches!(state, GatewayState::Failed | GatewayState::Deleted);
        let gateways: Vec<_> = network
            .nat_gateways
            .iter()
            .filter(|n| standing(n.state.clone()))
            .collect();
        if !gateways.is_empty() {
            let number = count(gateways.len());
            let basis = format::count(gateways.len(), "NAT gateway");
            self.standing(
                (NETWORK, "NAT gateway"),
                "nat_gateway.hour",
                (number, Per::Hour),
                basis,
            );
            let addresses: usize = gateways.iter().map(|n| n.public_ips.len()).sum();
            self.standing(
                (NETWORK, "public IPv4 of NAT"),
                "public_ipv4.in_use_hour",
                (count(addresses), Per::Hour),
                format::count(addresses, "address"),
            );
            let of = |metric| {
                let ids = gateways.iter();
                ids.map(|n| MetricId::with(metric, n.id.as_str()))
                    .collect::<Vec<_>>()
            };
            let both = [of(Metric::NatBytesIn), of(Metric::NatBytesOut)].concat();
            self.flowing(
                (NETWORK, "NAT data"),
                "nat_gateway.gb_processed",
                &both,
                GB,
                "both ways",
            );
            self.flowing(
                (NETWORK, "data to the internet"),
                "data_transfer_out.internet_gb",
                &of(Metric::NatBytesOut),
                GB,
                "at most: what goes through NAT to AWS in the region is free",
            );
        }
        let endpoints = network.endpoints.iter().filter(|e| e.kind == "Interface");
        let zones: usize = endpoints.map(|e| e.zones).sum();
        if zones > 0 {
            self.standing(
                (NETWORK, "interface endpoints"),
                "vpc_endpoint.interface_hour",
                (count(zones), Per::Hour),
                format!("{} over all zones", format::count(zones, "interface")),
            );
            let why = "no metric of it is read; $0.01 a GB";
            self.unknown(NETWORK, "data through interface endpoints", why);
        }
        let why = "it is not measured; $0.01 a GB each way";
        self.unknown(NETWORK, "data between zones", why);
        let ledger = self.seen.ledger.value.clone();
        let unused = ledger.iter().flat_map(|l| &l.addresses);
        let unused = unused.filter(|a| a.used_by.is_none()).count();
        if unused > 0 {
            self.standing(
                (NETWORK, "unused public IPv4"),
                "public_ipv4.in_use_hour",
                (count(unused), Per::Hour),
                format!("{} that nothing uses", format::count(unused, "address")),
            );
        }
        let error = self.seen.ledger.error.iter().map(|e| e.message.clone());
        let gaps = ledger.iter().flat_map(|l| l.gaps.clone());
        let unread: Vec<String> = error
            .chain(gaps.filter(|gap| gap.contains(ADDRESSES)))
            .collect();
        for why in unread {
            let why = format!("addresses could not be read: {why}");
            self.unknown(NETWORK, "unused public IPv4", why);
        }
        for log in network.flow_logs.iter().filter(|log| !log.in_log_group()) {
            let why = format!("delivered to {}, where it is billed", log.destination_type);
            self.unknown(NETWORK, format!("flow log {}", log.id), why);
        }
    }

    fn logs(&mut self) {
        let ledger = self.seen.ledger.value.clone();
        let groups: BTreeMap<&str, &LogGroup> = ledger
            .iter()
            .flat_map(|l| &l.log_groups)
            .map(|group| (group.name.as_str(), group))
            .collect();
        for source in sources(self.environment, self.seen) {
            let Place::Group { name, .. } = Place::of(&source.group) else {
                continue;
            };
            let kept = groups.get(source.group.as_str()).copied();
            let vended = matches!(
                source.origin,
                LogOrigin::FlowLogs | LogOrigin::Waf | LogOrigin::Balancer
            );
            let class = kept.map_or("STANDARD", |group| group.class.as_str());
            let key = match (vended, class) {
                (true, _) => "cloudwatch.vended_logs_to_cwl_gb",
                (false, "INFREQUENT_ACCESS") => "cloudwatch.logs.ingest_infrequent_access_gb",
                (false, _) => "cloudwatch.logs.ingest_standard_gb",
            };
            let item = format!("{name} · ingestion");
            let ids = [MetricId::with(Metric::LogBytes, source.group.as_str())];
            self.flowing((Area::Logs, &item), key, &ids, GB, "");
            let item = format!("{name} · storage");
            match kept.and_then(|group| Some((group, group.stored_bytes?))) {
                Some((group, bytes)) => {
                    let basis = match group.retention_days {
                        Some(days) => format!("kept for {}", format::count(days, "day")),
                        None => "kept for ever".to_owned(),
                    };
                    let key = "cloudwatch.logs.storage_gb_month";
                    let held = (bytes_of(bytes) / GB, Per::Month);
                    self.standing((Area::Logs, &item), key, held, basis);
                }
                None => {
                    let failed = |why: &str| format!("what is stored could not be read: {why}");
                    let why = match (&self.seen.ledger.error, &ledger) {
                        (Some(error), _) => failed(&error.message),
                        (None, None) => "what is stored is not read yet".to_owned(),
                        (None, Some(_)) if kept.is_some() => "what it holds is not told".to_owned(),
                        (None, Some(ledger)) => {
                            let gap = ledger.gaps.iter().find(|gap| gap.contains(GROUPS));
                            gap.map_or_else(
                                || "there is no such group yet".to_owned(),
                                |g| failed(g),
                            )
                        }
                    };
                    self.unknown(Area::Logs, item, why);
                }
            }
        }
    }
}

/// A figure read from metrics.
struct Reading {
    /// In an hour.
    value: f64,
    basis: String,
}

/// The datapoints that are looked at.
fn hours(look: &Look, len: usize) -> Range<usize> {
    match look {
        Look::Now => len.saturating_sub(1)..len,
        Look::Hours(range, _) => range.start.min(len)..range.end.min(len),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// Tasks of a service as they run, by their size: during a rollout there are two.
fn running(service: &Service, size: &TaskSize) -> Vec<Tasks> {
    let mut sizes: BTreeMap<(u32, u32), i32> = BTreeMap::new();
    for task in &service.tasks {
        *sizes.entry((task.cpu, task.memory)).or_default() += 1;
    }
    if sizes.is_empty() {
        sizes.insert((size.cpu, size.memory), service.running + service.pending);
    }
    let one = Tasks::of(service, size.clone());
    let newest = (size.cpu, size.memory);
    sizes
        .into_iter()
        .map(|((cpu, memory), number)| {
            // Limits are of the service: what is about to go has none.
            let stays = (cpu, memory) == newest;
            Tasks {
                size: TaskSize {
                    cpu,
                    memory,
                    ..size.clone()
                },
                count: number.into(),
                floor: if stays { one.floor } else { 0.0 },
                ceiling: if stays { one.ceiling } else { 0.0 },
                basis: format::count(number, "task"),
                ..one.clone()
            }
        })
        .collect()
}

/// The secret that a value comes from, without the key in it; `None` for a parameter.
fn secret(from: &str) -> Option<String> {
    let parts: Vec<&str> = from.splitn(8, ':').collect();
    match parts.as_slice() {
        ["arn", _, "secretsmanager", .., "secret", name]
        | ["arn", _, "secretsmanager", _, _, "secret", name, _] => Some((*name).to_owned()),
        _ => None,
    }
}

/// Snapshots that are billed by what they hold: automated backups and those that somebody took.
pub(super) fn snapshots(
    database: &Database,
) -> impl Iterator<Item = &crate::model::database::DbSnapshot> {
    let by_hand = |snapshot: &&crate::model::database::DbSnapshot| snapshot.kind == "manual";
    database.snapshots.iter().filter(by_hand)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a byte more or less does not show"
)]
pub(super) fn bytes_of(bytes: u64) -> f64 {
    bytes as f64
}
