//! What the demo's account is billed, and what it keeps besides its tiers.
//!
//! The bill follows from what was counted, at the list prices of the embedded book, day by day: hours of tasks that ran,
//! bytes and requests that flowed. It has what no estimate can have: data between zones, a tax, a credit, a function of somebody else.

use super::{
    names,
    world::{World, moment},
};
use crate::{
    cost::Book,
    model::{
        ledger::{Address, Ledger, LogGroup},
        metric::{Metric, MetricId, Window},
        spend::{Spend, SpendLine},
    },
};
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

const DAY: i64 = 86_400;
const GB: f64 = 1_073_741_824.0;

/// What stored log data comes to of what was sent: it is kept compressed, to 0.15 as AWS's calculator has it.
const COMPRESSED: f64 = 0.15;

/// Weeks that logs without a limit have been kept: the demo's environment is half a year old.
const AGE: f64 = 26.0;

/// Part of the services' traffic that crosses zones: half of it, and the database is in one.
const ACROSS: f64 = 0.5;

/// A tax on everything that is billed, and the credit of each day.
const TAX: f64 = 0.08;
const CREDIT: f64 = -0.5;

/// What somebody else's function costs a day.
const LAMBDA: f64 = 0.11;

/// Days that a log group of the demo keeps; nobody said how many for the flow logs.
fn retention(group: &str) -> Option<i32> {
    match group {
        names::LOGS_FLOW => None,
        names::LOGS_DATABASE => Some(14),
        _ => Some(30),
    }
}

/// Sum of a metric's values over a span of whole hours; what was not simulated counts nothing.
fn sum(world: &World, id: &MetricId, window: &Window) -> f64 {
    let series = world.history.series(id, window);
    series.values.into_iter().filter(|v| !v.is_nan()).sum()
}

/// What is kept besides the tiers.
pub fn ledger(world: &World, groups: &[String], now: i64) -> Ledger {
    let week = Window::of_period(moment(now), 7 * DAY, 3_600);
    let group = |name: &String| {
        let known = [
            names::LOGS_FRONTEND,
            names::LOGS_BACKEND,
            names::LOGS_DATABASE,
            names::LOGS_FLOW,
        ];
        let weekly = sum(
            world,
            &MetricId::with(Metric::LogBytes, name.as_str()),
            &week,
        );
        let days = retention(name);
        let weeks = days.map_or(AGE, |days| f64::from(days) / 7.0);
        known.contains(&name.as_str()).then(|| LogGroup {
            name: name.clone(),
            region: names::REGION.to_owned(),
            stored_bytes: Some((weekly * weeks * COMPRESSED) as u64),
            retention_days: days,
            class: "STANDARD".to_owned(),
        })
    };
    let address = |allocation: &str, ip: &str, name: &str, used_by: Option<&str>| Address {
        allocation: allocation.to_owned(),
        ip: ip.to_owned(),
        name: Some(name.to_owned()),
        used_by: used_by.map(str::to_owned),
    };
    Ledger {
        log_groups: groups.iter().filter_map(group).collect(),
        addresses: vec![
            address(
                "eipalloc-0a61c8e52f7d93b04",
                "203.0.113.74",
                "hydren-nat-a",
                Some("eni-0d95b3f1a7c26e840"),
            ),
            // Left over from a gateway of another zone.
            address(
                "eipalloc-07e2f4b9d08c51a36",
                "203.0.113.91",
                "hydren-nat-b",
                None,
            ),
        ],
        gaps: Vec::new(),
    }
}

/// What the account was billed on each day.
pub fn spend(world: &World, from: Date, to: Date, now: i64) -> Spend {
    let today = moment(now).to_zoned(TimeZone::UTC).date();
    let mut lines = Vec::new();
    let mut day = from;
    while day < to && day <= today {
        let mut bill = Bill {
            day,
            estimated: day == today,
            lines: Vec::new(),
        };
        bill.add_up(world);
        lines.append(&mut bill.lines);
        let Ok(next) = day.checked_add(1.day()) else {
            break;
        };
        day = next;
    }
    Spend { lines, requests: 1 }
}

/// The bill of one day.
struct Bill {
    day: Date,
    estimated: bool,
    lines: Vec<SpendLine>,
}

impl Bill {
    fn line(&mut self, service: &str, kind: &str, amount: f64) {
        self.lines.push(SpendLine {
            day: self.day,
            service: service.to_owned(),
            kind: kind.to_owned(),
            // Cost Explorer tells ten digits behind the point.
            amount: (amount * 1e10).round() / 1e10,
            currency: "USD".to_owned(),
            estimated: self.estimated,
        });
    }

    fn add_up(&mut self, world: &World) {
        let price = |key: &str| Book::embedded().price(key, names::REGION).unwrap_or(0.0);
        let Ok(start) = self.day.to_zoned(TimeZone::UTC) else {
            return;
        };
        let start = start.timestamp();
        let window = Window::of_period(moment(start.as_second() + DAY), DAY, 3_600);
        let of = |metric| sum(world, &MetricId::of(metric), &window);
        let whose = |metric, subject| sum(world, &MetricId::with(metric, subject), &window);
        // Hours of the day that were lived through: tasks ran in each of them.
        let tasks = MetricId::with(Metric::EcsLiveTasks, names::FRONTEND);
        let lived = world.history.series(&tasks, &window);
        let hours = lived.values.iter().filter(|v| !v.is_nan()).count() as f64;
        let month = hours / (f64::from(self.day.days_in_month()) * 24.0);

        let task = |vcpu: f64, gb: f64| {
            vcpu * price("fargate.linux_x86.vcpu_hour") + gb * price("fargate.linux_x86.gb_hour")
        };
        let frontend = whose(Metric::EcsLiveTasks, names::FRONTEND) * task(0.25, 1.0);
        let backend = whose(Metric::EcsLiveTasks, names::BACKEND) * task(0.5, 2.0);
        self.line(
            "Amazon Elastic Container Service",
            "Usage",
            frontend + backend,
        );
        self.line(
            "Amazon Elastic Load Balancing",
            "Usage",
            hours * price("alb.hour") + of(Metric::AlbConsumedLcus) * price("alb.lcu_hour"),
        );
        let database = hours * price("rds.postgres.db.t4g.medium.single_az_hour")
            + 50.0 * month * price("rds.postgres.gp3.single_az_gb_month");
        self.line("Amazon Relational Database Service", "Usage", database);
        self.line(
            "Amazon CloudFront",
            "Usage",
            of(Metric::CdnBytesDownloaded) / GB * price("cloudfront.dto_internet_gb.us_mx_ca")
                + of(Metric::CdnBytesUploaded) / GB * price("cloudfront.dto_origin_gb.us_mx_ca")
                + of(Metric::CdnRequests) / 10_000.0
                    * price("cloudfront.https_requests_10k.us_mx_ca"),
        );
        let asked = of(Metric::WafAllowed) + of(Metric::WafBlocked);
        self.line(
            "AWS WAF",
            "Usage",
            month * (price("wafv2.web_acl_month") + 6.0 * price("wafv2.rule_month"))
                + asked / 1e6 * price("wafv2.requests_million"),
        );
        self.line(
            "Amazon Route 53",
            "Usage",
            month
                * (price("route53.hosted_zone_month")
                    + price("route53.health_check_optional_feature_aws_month")),
        );
        let nat = whose(Metric::NatBytesIn, names::NAT) + whose(Metric::NatBytesOut, names::NAT);
        let between = of(Metric::AlbProcessedBytes) * ACROSS / GB;
        self.line(
            "EC2 - Other",
            "Usage",
            hours * price("nat_gateway.hour")
                + nat / GB * price("nat_gateway.gb_processed")
                + between * 2.0 * price("data_transfer.inter_az_gb_each_direction"),
        );
        // Two of the balancer, one of NAT, one that nothing uses; eight interfaces of endpoints.
        self.line(
            "Amazon Virtual Private Cloud",
            "Usage",
            hours
                * (4.0 * price("public_ipv4.in_use_hour")
                    + 8.0 * price("vpc_endpoint.interface_hour")),
        );
        let logs = [
            names::LOGS_FRONTEND,
            names::LOGS_BACKEND,
            names::LOGS_DATABASE,
        ];
        let logs: f64 = logs
            .iter()
            .map(|group| whose(Metric::LogBytes, group))
            .sum();
        let vended = whose(Metric::LogBytes, names::LOGS_FLOW);
        self.line(
            "AmazonCloudWatch",
            "Usage",
            logs / GB * price("cloudwatch.logs.ingest_standard_gb")
                + vended / GB * price("cloudwatch.vended_logs_to_cwl_gb"),
        );
        self.line(
            "AWS Secrets Manager",
            "Usage",
            2.0 * month * price("secrets_manager.secret_month"),
        );
        self.line("AWS Lambda", "Usage", LAMBDA * hours / 24.0);
        let usage: f64 = self.lines.iter().map(|line| line.amount).sum();
        self.line("Tax", "Tax", usage * TAX);
        self.line("AWS Lambda", "Credit", CREDIT * hours / 24.0);
    }
}
