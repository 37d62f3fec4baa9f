//! What the real adapter would ask AWS for the same answer. The meter of the demo is an estimate: one page of everything, no retries.
//!
//! The answer's shape says how many requests it takes. So the same list can be made of an answer from AWS, and compared with what the
//! adapter's meter counted: `tests/moto.rs` does.

use crate::{
    cloud::{aws::EDGE_REGION, meter::Meter},
    model::{
        Snapshot,
        alarm::Alarms,
        balancer::Balancer,
        compute::{Rollout, Service},
        environment::Environment,
        state::InvalidationStatus,
    },
};

/// Requests of a service's operation.
pub type Requests = (&'static str, &'static str, usize);

/// Whether the adapter remembers anything of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// It was never read before.
    First,
    /// It was: what never changes is not asked for again.
    Again,
}

/// Lists the requests behind a read of a small environment that gave `snapshot`: every part fits on a page, the services are named, the
/// database is an instance. A count may be 0.
#[must_use]
pub fn requests(snapshot: &Snapshot, environment: &Environment, visit: Visit) -> Vec<Requests> {
    match snapshot {
        Snapshot::Dns(dns) => vec![
            ("route53", "GetHostedZone", 1),
            ("route53", "ListResourceRecordSets", 1),
            ("route53", "ListHealthChecks", 1),
            (
                "route53",
                "ListTagsForResources",
                usize::from(!dns.health_checks.is_empty()),
            ),
            ("route53", "GetHealthCheckStatus", dns.health_checks.len()),
            ("cloudfront", "GetDistribution", 1),
            ("elasticloadbalancing", "DescribeLoadBalancers", 1),
        ],
        Snapshot::Cdn(cdn) => {
            let invalidations = cdn.invalidations.iter().enumerate();
            let detailed =
                invalidations.filter(|(n, i)| *n < 5 || i.status == InvalidationStatus::InProgress);
            vec![
                ("cloudfront", "GetDistribution", 1),
                ("cloudfront", "ListInvalidations", 1),
                ("cloudfront", "GetInvalidation", detailed.count()),
                ("cloudfront", "GetMonitoringSubscription", 1),
                ("acm", "DescribeCertificate", cdn.certificate.iter().count()),
            ]
        }
        Snapshot::Waf(waf) => {
            let managed = |statement: &str| statement.starts_with("managed ");
            let managed = waf.rules.iter().filter(|rule| managed(&rule.statement));
            vec![
                ("wafv2", "GetWebACL", 1),
                ("wafv2", "GetLoggingConfiguration", 1),
                ("wafv2", "GetIPSet", waf.ip_sets.len()),
                ("wafv2", "DescribeManagedRuleGroup", managed.count()),
                ("wafv2", "GetSampledRequests", waf.rules.len().min(5) + 1),
                ("cloudfront", "GetDistribution", 1),
            ]
        }
        Snapshot::Balancer(balancer) => elb(balancer),
        Snapshot::Compute(compute) => ecs(&compute.services, visit),
        Snapshot::Database(_) => vec![
            ("rds", "DescribeDBInstances", 2),
            ("rds", "DescribeDBParameters", 1),
            ("rds", "DescribeDBSnapshots", 1),
            ("rds", "DescribePendingMaintenanceActions", 1),
            ("rds", "DescribeEvents", 2),
        ],
        Snapshot::Images(images) => {
            let repositories = images.repositories.len();
            let unscanned = images.repositories.iter().flat_map(|repository| {
                let tagged = repository.images.iter().filter(|i| !i.tags.is_empty());
                tagged.take(5).filter(|image| image.scan.is_none())
            });
            vec![
                ("ecr", "DescribeRepositories", repositories),
                ("ecr", "DescribeImages", repositories),
                ("ecr", "DescribeImageScanFindings", unscanned.count()),
                ("ecr", "GetLifecyclePolicy", repositories),
            ]
        }
        Snapshot::Alarms(alarms) => cloudwatch(alarms, environment),
        Snapshot::Network(_) => vec![
            ("ec2", "DescribeVpcs", 1),
            ("ec2", "DescribeInternetGateways", 1),
            ("ec2", "DescribeSubnets", 1),
            ("ec2", "DescribeRouteTables", 1),
            ("ec2", "DescribeNatGateways", 1),
            ("ec2", "DescribeVpcEndpoints", 1),
            ("ec2", "DescribeSecurityGroups", 1),
            ("ec2", "DescribeNetworkInterfaces", 1),
            ("ec2", "DescribeFlowLogs", 1),
            ("logs", "DescribeDeliverySources", 1),
            ("elasticloadbalancing", "DescribeLoadBalancers", 1),
            ("ecs", "DescribeServices", 1),
            ("rds", "DescribeDBInstances", 1),
        ],
    }
}

fn elb(balancer: &Balancer) -> Vec<Requests> {
    let groups = balancer.target_groups.len();
    let certificates = balancer.listeners.iter().map(|l| l.certificates.len());
    let secure = certificates
        .clone()
        .filter(|certificates| *certificates > 0);
    vec![
        ("elasticloadbalancing", "DescribeLoadBalancers", 1),
        ("elasticloadbalancing", "DescribeLoadBalancerAttributes", 1),
        ("elasticloadbalancing", "DescribeListeners", 1),
        (
            "elasticloadbalancing",
            "DescribeListenerCertificates",
            secure.count(),
        ),
        (
            "elasticloadbalancing",
            "DescribeRules",
            balancer.listeners.len(),
        ),
        ("elasticloadbalancing", "DescribeTargetGroups", 1),
        (
            "elasticloadbalancing",
            "DescribeTargetGroupAttributes",
            groups,
        ),
        ("elasticloadbalancing", "DescribeTargetHealth", groups),
        ("acm", "DescribeCertificate", certificates.sum()),
    ]
}

fn ecs(services: &[Service], visit: Visit) -> Vec<Requests> {
    let unknown = services.iter().filter(|service| match visit {
        Visit::First => !service.rollouts.is_empty(),
        Visit::Again => service.rollouts.iter().any(Rollout::in_progress),
    });
    let unknown = unknown.count();
    let definitions = services.iter().filter(|s| s.task_definition.is_some());
    let tasks = services
        .iter()
        .any(|s| !s.tasks.is_empty() || !s.stopped.is_empty());
    let scaled = services.iter().filter(|s| s.autoscaling.is_some()).count();
    vec![
        ("ecs", "DescribeClusters", 1),
        ("ecs", "DescribeServices", 1),
        (
            "ecs",
            "DescribeTaskDefinition",
            match visit {
                Visit::First => definitions.count(),
                Visit::Again => 0,
            },
        ),
        ("ecs", "ListTasks", 2 * services.len()),
        ("ecs", "DescribeTasks", usize::from(tasks)),
        ("ecs", "ListServiceDeployments", services.len()),
        ("ecs", "DescribeServiceDeployments", unknown),
        ("ecs", "DescribeServiceRevisions", unknown),
        ("application-autoscaling", "DescribeScalableTargets", 1),
        ("application-autoscaling", "DescribeScalingPolicies", scaled),
        (
            "application-autoscaling",
            "DescribeScalingActivities",
            scaled,
        ),
    ]
}

fn cloudwatch(alarms: &Alarms, environment: &Environment) -> Vec<Requests> {
    let own = &environment.resources;
    let scaling = own.alarm_prefix.is_some() && own.cluster.is_some();
    let mut regions = vec![environment.region.as_str(), EDGE_REGION];
    regions.dedup();
    let has_alarms = |region: &&str| alarms.alarms.iter().any(|a| a.region == *region);
    let histories = regions.iter().filter(|region| has_alarms(region)).count();
    vec![
        (
            "cloudwatch",
            "DescribeAlarms",
            regions.len() + usize::from(scaling),
        ),
        ("cloudwatch", "DescribeAlarmHistory", histories),
        ("cloudwatch", "ListDashboards", 1),
    ]
}

/// Counts the read of the demo that gave `snapshot`.
pub(super) fn read(meter: &Meter, snapshot: &Snapshot) {
    let remembers = meter
        .by_operation()
        .contains_key(&("ecs", "DescribeTaskDefinition"));
    let visit = if remembers {
        Visit::Again
    } else {
        Visit::First
    };
    for (service, operation, count) in requests(snapshot, &super::environment(), visit) {
        for _ in 0..count {
            meter.record(service, operation, 1);
        }
    }
}

/// Counts one query of `metrics` series: the demo lives in one region, and a request carries up to 500 (GetMetricData limits).
pub(super) fn metrics(meter: &Meter, metrics: usize) {
    let mut left = metrics as u64;
    while left > 0 {
        let page = left.min(500);
        meter.record("cloudwatch", "GetMetricData", page);
        left -= page;
    }
}
