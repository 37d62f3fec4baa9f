//! SDK clients: profile, region, endpoint, HTTP, retries, timeouts, and the interceptor that feeds the meter.

use crate::{cloud::meter::Meter, error::Result, model::environment::Environment};
use std::sync::Arc;

/// A client of each service. `edge_` clients talk to us-east-1, the others to the environment's region.
pub(super) struct Clients {
    pub route53: aws_sdk_route53::Client,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub edge_waf: aws_sdk_wafv2::Client,
    pub waf: aws_sdk_wafv2::Client,
    pub edge_acm: aws_sdk_acm::Client,
    pub acm: aws_sdk_acm::Client,
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    pub ecs: aws_sdk_ecs::Client,
    pub autoscaling: aws_sdk_applicationautoscaling::Client,
    pub rds: aws_sdk_rds::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub edge_cloudwatch: aws_sdk_cloudwatch::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub sts: aws_sdk_sts::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
}

impl Clients {
    /// Loads the configuration as the SDK knows it (profile, SSO, credential process, endpoints) and makes the clients.
    pub(super) async fn load(_environment: &Environment, _meter: &Arc<Meter>) -> Result<Self> {
        todo!()
    }
}
