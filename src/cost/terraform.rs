//! An environment described in Terraform, as an inventory, against the same environment priced by hand.
//!
//! `tests/cost/environment` holds `main.tf`, what flows through it (`usage.yml`), and `by_hand.py`, which prices both by AWS's rules with
//! prices of its own and wrote `by_hand.tsv`. The inventory here is typed from the first two: nothing reads them, so that an error in
//! one place cannot hide the same error in another.

use super::{
    Area, Book, DbSize, Driver, Estimate, FreeTier, HOURS, Instance, Inventory, Per, Power,
    TaskSize, Tasks, Use, estimate,
};
use crate::model::Tier;
use std::collections::BTreeMap;

const BY_HAND: &str = include_str!("../../tests/cost/environment/by_hand.tsv");

/// Where the comparison stands.
const DOCS: &str = include_str!("../../docs/cost.md");

/// How far an item and the sum may be off, as a part of what was computed by hand.
const TOLERANCE: f64 = 0.02;

fn tasks(service: &str, cpu: u32, memory: u32, architecture: &str, count: f64, most: f64) -> Tasks {
    Tasks {
        service: service.to_owned(),
        size: TaskSize {
            cpu,
            memory,
            ephemeral_storage: None,
            architecture: architecture.to_owned(),
            operating_system: "LINUX".to_owned(),
        },
        count,
        floor: 1.0,
        ceiling: most,
        // assign_public_ip = false
        addresses: 0,
        basis: "aws_ecs_service".to_owned(),
    }
}

fn used(
    tier: Tier,
    item: &str,
    key: &'static str,
    (amount, per): (f64, Per),
    driver: Driver,
) -> Use {
    Use {
        area: Area::Tier(tier),
        item: item.to_owned(),
        key: key.into(),
        amount,
        per,
        driver,
        region: None,
        basis: "main.tf and usage.yml".to_owned(),
    }
}

/// Something that stands there, at a price by the hour or by the month.
fn stands(tier: Tier, item: &str, key: &'static str, amount: (f64, Per)) -> Use {
    used(tier, item, key, amount, Driver::Standing)
}

/// Something that visitors cause, so much of it a month.
fn flows(tier: Tier, item: &str, key: &'static str, amount: f64) -> Use {
    used(tier, item, key, (amount, Per::Month), Driver::Traffic)
}

fn logs(item: &str, key: &'static str, gb: f64) -> Use {
    Use {
        area: Area::Logs,
        ..flows(Tier::Network, item, key, gb)
    }
}

/// LCU on the average: the largest of connections a second, active ones a minute, GB an hour and evaluations a second.
fn lcu(connections: f64, active: f64, gb: f64, evaluations: f64) -> f64 {
    (connections / 25.0)
        .max(active / 3_000.0)
        .max(gb)
        .max(evaluations / 1_000.0)
}

/// Everything of the edge: Route 53, CloudFront, WAF.
fn edge() -> Vec<Use> {
    use Tier::{CloudFront, Route53, Waf};
    let month = |n| (n, Per::Month);
    vec![
        // aws_route53_zone.main; aws_route53_record.site is an alias, aws_route53_record.mail is none.
        stands(
            Route53,
            "hosted zone",
            "route53.hosted_zone_month",
            month(1.0),
        ),
        flows(
            Route53,
            "queries of an alias",
            "route53.alias_queries_to_aws",
            25.0,
        ),
        flows(
            Route53,
            "other queries",
            "route53.standard_queries_million",
            3.0,
        ),
        // aws_route53_health_check.site: of an AWS endpoint; HTTPS is its one feature.
        stands(
            Route53,
            "health check",
            "route53.health_check_aws_month",
            month(1.0),
        ),
        stands(
            Route53,
            "health check features",
            "route53.health_check_optional_feature_aws_month",
            month(1.0),
        ),
        // aws_cloudfront_distribution.site: PriceClass_100, all viewers in the United States.
        flows(
            CloudFront,
            "data to viewers",
            "cloudfront.dto_internet_gb.us_mx_ca",
            1_500.0,
        ),
        flows(
            CloudFront,
            "HTTPS requests",
            "cloudfront.https_requests_10k.us_mx_ca",
            2_500.0,
        ),
        flows(
            CloudFront,
            "uploads to the origin",
            "cloudfront.dto_origin_gb.us_mx_ca",
            60.0,
        ),
        flows(
            CloudFront,
            "invalidations",
            "cloudfront.invalidation_path",
            1_200.0,
        ),
        // aws_cloudfront_monitoring_subscription.site: eight metrics of a distribution.
        stands(
            CloudFront,
            "additional metrics",
            "cloudwatch.custom_metric_month",
            month(8.0),
        ),
        // aws_wafv2_web_acl.site: three groups, an IP set, a rate; 928 WCU.
        stands(Waf, "web ACL", "wafv2.web_acl_month", month(1.0)),
        stands(Waf, "WAF rules", "wafv2.rule_month", month(5.0)),
        flows(Waf, "WAF requests", "wafv2.requests_million", 25.0),
    ]
}

/// Everything inside the VPC and what watches it, but for tasks and the database's own hours and storage.
fn region() -> Vec<Use> {
    use Tier::{Alarms, Alb, Ecs, Images, Network, Rds};
    let hourly = |n| (n, Per::Hour);
    let month = |n| (n, Per::Month);
    let lcu = lcu(10.0, 1_200.0, 1_200.0 / HOURS, 20.0);
    vec![
        // aws_lb.site: faces the internet in two zones.
        stands(Alb, "load balancer", "alb.hour", hourly(1.0)),
        used(
            Alb,
            "capacity units",
            "alb.lcu_hour",
            hourly(lcu),
            Driver::Traffic,
        ),
        stands(
            Alb,
            "load balancer addresses",
            "public_ipv4.in_use_hour",
            hourly(2.0),
        ),
        // aws_db_instance.main: 60 GB of backups, 10 more than it has storage.
        stands(Rds, "backups", "rds.backup_gb_month_over_free", month(10.0)),
        // aws_ecr_repository.service, aws_secretsmanager_secret.backend
        stands(
            Images,
            "image storage",
            "ecr.storage_gb_month",
            month(2.0 + 3.0),
        ),
        stands(Ecs, "secrets", "secrets_manager.secret_month", month(3.0)),
        flows(
            Ecs,
            "secret calls",
            "secrets_manager.api_10k",
            2.0 + 1.0 + 1.0,
        ),
        // aws_cloudwatch_log_group: frontend, backend and postgresql are written to; flow logs are vended.
        logs(
            "logs written",
            "cloudwatch.logs.ingest_standard_gb",
            4.0 + 16.0 + 2.0,
        ),
        logs("flow logs", "cloudwatch.vended_logs_to_cwl_gb", 12.0),
        logs(
            "logs kept",
            "cloudwatch.logs.storage_gb_month",
            1.2 + 5.0 + 0.8 + 2.0,
        ),
        // aws_cloudwatch_metric_alarm: eleven of one metric, one of two; aws_appautoscaling_policy.backend makes two more.
        stands(
            Alarms,
            "alarms",
            "cloudwatch.alarm_standard_month",
            month(11.0 + 2.0 + 2.0),
        ),
        stands(
            Alarms,
            "dashboard",
            "cloudwatch.dashboard_month",
            month(1.0),
        ),
        // aws_nat_gateway.main, aws_eip.nat
        stands(Network, "NAT gateway", "nat_gateway.hour", hourly(1.0)),
        flows(Network, "NAT data", "nat_gateway.gb_processed", 160.0),
        stands(
            Network,
            "NAT address",
            "public_ipv4.in_use_hour",
            hourly(1.0),
        ),
        // aws_vpc_endpoint.interface: four in two subnets each; aws_vpc_endpoint.s3 is a gateway, which is free.
        stands(
            Network,
            "interface endpoints",
            "vpc_endpoint.interface_hour",
            hourly(8.0),
        ),
        flows(
            Network,
            "endpoint data",
            "vpc_endpoint.interface_gb_first_1pb",
            10.0 + 30.0 + 100.0 + 20.0,
        ),
        // aws_data_transfer.us_east_1: between zones it is billed at both ends.
        flows(
            Network,
            "data to the internet",
            "data_transfer_out.internet_gb",
            120.0,
        ),
        flows(
            Network,
            "data between zones",
            "data_transfer.inter_az_gb_each_direction",
            2.0 * 40.0,
        ),
    ]
}

fn environment() -> Inventory {
    Inventory {
        region: "us-east-1".to_owned(),
        free_tier: FreeTier::Applied,
        tasks: vec![
            tasks("frontend", 256, 1_024, "ARM64", 1.0, 1.0),
            // aws_appautoscaling_target.backend: one to six
            tasks("backend", 512, 2_048, "X86_64", 2.0, 6.0),
        ],
        databases: vec![Instance {
            id: "database".to_owned(),
            size: DbSize {
                engine: "postgres".to_owned(),
                class: "db.t4g.medium".to_owned(),
                multi_az: true,
                storage_gib: 50,
                storage_type: "gp3".to_owned(),
                iops: None,
            },
            power: Power::On,
        }],
        uses: [edge(), region()].concat(),
        unknown: Vec::new(),
    }
}

/// USD a month by item, what is free of it being part of it.
fn by_item(estimate: &Estimate) -> BTreeMap<&str, f64> {
    let mut items = BTreeMap::new();
    for item in &estimate.items {
        let name = item.item.strip_suffix(" · free").unwrap_or(&item.item);
        *items.entry(name).or_default() += item.per_month;
    }
    items
}

/// The same of what was computed by hand, and its sum.
fn by_hand() -> (BTreeMap<&'static str, f64>, f64) {
    let mut items = BTreeMap::new();
    for line in BY_HAND.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let month: f64 = columns[4].parse().unwrap();
        *items.entry(columns[0]).or_default() += month;
    }
    let total = items.remove("total").unwrap();
    (items, total)
}

fn near(estimated: f64, by_hand: f64) -> bool {
    (estimated - by_hand).abs() <= (by_hand * TOLERANCE).max(1e-6)
}

#[test]
fn an_environment_costs_what_it_does_by_hand() {
    let estimate = estimate(Book::embedded(), &environment());
    assert!(estimate.unknown.is_empty(), "{:?}", estimate.unknown);
    let (by_hand, total) = by_hand();
    let estimated = by_item(&estimate);
    let names: Vec<_> = estimated.keys().collect();
    assert_eq!(names, by_hand.keys().collect::<Vec<_>>());
    let off: Vec<String> = by_hand
        .iter()
        .filter(|(item, usd)| !near(estimated[*item], **usd))
        .map(|(item, usd)| format!("{item}: {:.4}, by hand {usd:.4}", estimated[item]))
        .collect();
    assert!(off.is_empty(), "{}", off.join("\n"));
    let documented = |item: &str, by_hand: f64, estimated: f64| {
        let row = format!("| {item} | {by_hand:.2} | {estimated:.2} |");
        assert!(DOCS.contains(&row), "docs/cost.md does not have\n{row}");
    };
    for (item, usd) in &by_hand {
        documented(item, *usd, estimated[item]);
    }
    documented("total", total, estimate.per_month);
    assert!(
        near(estimate.per_month, total),
        "{:.4}, by hand {total:.4}",
        estimate.per_month
    );
}
