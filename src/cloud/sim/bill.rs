//! What the real adapter would ask AWS for the same answer. The meter of the demo is an estimate: one page of everything, no retries.

use crate::{cloud::meter::Meter, model::Tier};

/// Requests of a service's operation.
type Requests = (&'static str, &'static str, u64);

/// Lists the requests behind one read of `tier` with two services, two target groups and two repositories.
const fn requests(tier: Tier) -> &'static [Requests] {
    match tier {
        Tier::Route53 => &[
            ("route53", "GetHostedZone", 1),
            ("route53", "ListResourceRecordSets", 1),
            ("route53", "ListHealthChecks", 1),
            ("route53", "GetHealthCheckStatus", 1),
        ],
        Tier::CloudFront => &[
            ("cloudfront", "GetDistribution", 1),
            ("cloudfront", "ListInvalidations", 1),
            ("cloudfront", "GetMonitoringSubscription", 1),
            ("acm", "DescribeCertificate", 1),
        ],
        Tier::Waf => &[
            ("wafv2", "GetWebACL", 1),
            ("wafv2", "GetSampledRequests", 5),
        ],
        Tier::Alb => &[
            ("elasticloadbalancing", "DescribeLoadBalancers", 1),
            ("elasticloadbalancing", "DescribeLoadBalancerAttributes", 1),
            ("elasticloadbalancing", "DescribeListeners", 1),
            ("elasticloadbalancing", "DescribeRules", 2),
            ("elasticloadbalancing", "DescribeTargetGroups", 1),
            ("elasticloadbalancing", "DescribeTargetGroupAttributes", 2),
            ("elasticloadbalancing", "DescribeTargetHealth", 2),
            ("acm", "DescribeCertificate", 1),
        ],
        Tier::Ecs => &[
            ("ecs", "DescribeClusters", 1),
            ("ecs", "DescribeServices", 1),
            ("ecs", "ListTasks", 4),
            ("ecs", "DescribeTasks", 1),
            ("ecs", "DescribeTaskDefinition", 2),
            ("ecs", "ListServiceDeployments", 2),
            ("ecs", "DescribeServiceDeployments", 1),
            ("application-autoscaling", "DescribeScalableTargets", 1),
            ("application-autoscaling", "DescribeScalingPolicies", 1),
            ("application-autoscaling", "DescribeScalingActivities", 1),
        ],
        Tier::Rds => &[
            ("rds", "DescribeDBInstances", 1),
            ("rds", "DescribeDBSnapshots", 1),
            ("rds", "DescribeEvents", 1),
            ("rds", "DescribePendingMaintenanceActions", 1),
            ("rds", "DescribeDBParameters", 1),
        ],
        Tier::Images => &[
            ("ecr", "DescribeRepositories", 1),
            ("ecr", "DescribeImages", 2),
            ("ecr", "GetLifecyclePolicy", 2),
        ],
        Tier::Alarms => &[
            ("cloudwatch", "DescribeAlarms", 1),
            ("cloudwatch", "DescribeAlarmHistory", 1),
            ("cloudwatch", "ListDashboards", 1),
        ],
        Tier::Network => &[
            ("ec2", "DescribeVpcs", 1),
            ("ec2", "DescribeInternetGateways", 1),
            ("ec2", "DescribeSubnets", 1),
            ("ec2", "DescribeRouteTables", 1),
            ("ec2", "DescribeNatGateways", 1),
            ("ec2", "DescribeVpcEndpoints", 1),
            ("ec2", "DescribeSecurityGroups", 1),
            ("ec2", "DescribeFlowLogs", 1),
        ],
    }
}

/// Counts one read of `tier`.
pub fn read(meter: &Meter, tier: Tier) {
    for &(service, operation, count) in requests(tier) {
        for _ in 0..count {
            meter.record(service, operation, 1);
        }
    }
}

/// Counts one query of `metrics` series: the demo lives in one region, and a request carries up to 500 (GetMetricData limits).
pub fn metrics(meter: &Meter, metrics: usize) {
    let mut left = metrics as u64;
    while left > 0 {
        let page = left.min(500);
        meter.record("cloudwatch", "GetMetricData", page);
        left -= page;
    }
}
