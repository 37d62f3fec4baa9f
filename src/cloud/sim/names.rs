//! The demo's names, identifiers and addresses. Public addresses come from the documentation ranges of RFC 5737.

use crate::model::{
    database::DatabaseKind,
    edge::WafScope,
    environment::{
        Access, CostSettings, DatabaseName, Environment, Resources, ServiceName, ServiceRole,
        Stage, WebAclName,
    },
};

/// Writes an ARN of the demo's account and region.
macro_rules! arn {
    ($service:literal, $resource:literal) => {
        concat!("arn:aws:", $service, ":us-east-1:123456789012:", $resource)
    };
}

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
pub const CALLER: &str = "arn:aws:sts::123456789012:assumed-role/ops/demo";

pub const ZONE: &str = "hydren.example";
pub const ZONE_ID: &str = "Z07382641HYDREN5DEMO";
pub const DOMAIN: &str = "app.hydren.example";
pub const HEALTH_CHECK: &str = "6f1c2d7e-9b34-4e0a-8c55-2a7d90e1b3f4";
pub const HEALTH_PATH: &str = "/api/healthz";

pub const DISTRIBUTION: &str = "E2HYDREN7DEMO1";
pub const DISTRIBUTION_ARN: &str = "arn:aws:cloudfront::123456789012:distribution/E2HYDREN7DEMO1";
pub const DISTRIBUTION_DOMAIN: &str = "d2k8hydren4x0q.cloudfront.net";
pub const EDGE_CERTIFICATE: &str = arn!("acm", "certificate/3b1f8c52-64ad-4d0e-9f6b-7c2e51a90d18");
pub const BALANCER_CERTIFICATE: &str =
    arn!("acm", "certificate/a94e0d37-15fb-4c86-b2a8-e06f3d7715c9");

pub const WEB_ACL: &str = "hydren-acl";
pub const WEB_ACL_ID: &str = "0e4b7a91-2c3d-4f58-9a61-b7d3c5e8f210";
pub const WEB_ACL_ARN: &str = arn!(
    "wafv2",
    "global/webacl/hydren-acl/0e4b7a91-2c3d-4f58-9a61-b7d3c5e8f210"
);

pub const BALANCER: &str = "hydren-alb";
pub const BALANCER_ARN: &str = arn!(
    "elasticloadbalancing",
    "loadbalancer/app/hydren-alb/50dc6c495c0c9188"
);
pub const BALANCER_DIMENSION: &str = "app/hydren-alb/50dc6c495c0c9188";
pub const BALANCER_DOMAIN: &str = "hydren-alb-1180462871.us-east-1.elb.amazonaws.com";
pub const LISTENER_HTTPS: &str = arn!(
    "elasticloadbalancing",
    "listener/app/hydren-alb/50dc6c495c0c9188/f2f7dc8efc522ab2"
);
pub const LISTENER_HTTP: &str = arn!(
    "elasticloadbalancing",
    "listener/app/hydren-alb/50dc6c495c0c9188/0467ef3c8400ae65"
);
pub const FRONTEND_GROUP_ARN: &str = arn!(
    "elasticloadbalancing",
    "targetgroup/frontend/73e2d6bc24d8a067"
);
pub const BACKEND_GROUP_ARN: &str = arn!(
    "elasticloadbalancing",
    "targetgroup/backend/943f017f100becff"
);
pub const FRONTEND_GROUP: &str = "targetgroup/frontend/73e2d6bc24d8a067";
pub const BACKEND_GROUP: &str = "targetgroup/backend/943f017f100becff";

pub const CLUSTER: &str = "hydren";
pub const CLUSTER_ARN: &str = arn!("ecs", "cluster/hydren");
pub const FRONTEND: &str = "frontend";
pub const BACKEND: &str = "backend";
pub const TASK_ROLE: &str = "arn:aws:iam::123456789012:role/hydren-task";
pub const EXECUTION_ROLE: &str = "arn:aws:iam::123456789012:role/hydren-execution";
pub const REGISTRY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
pub const FRONTEND_REPOSITORY: &str = "hydren/frontend";
pub const BACKEND_REPOSITORY: &str = "hydren/backend";

pub const DATABASE: &str = "hydren-db";
pub const DATABASE_ARN: &str = arn!("rds", "db:hydren-db");
pub const DATABASE_ENDPOINT: &str = "hydren-db.c9xq2m4lhydr.us-east-1.rds.amazonaws.com";
pub const DATABASE_IP: &str = "10.0.40.37";
pub const DATABASE_SECRET: &str = arn!("secretsmanager", "secret:hydren/database-url-Qd3kVf");

pub const VPC: &str = "vpc-0b6d1e4f8a2c73950";
pub const NAT: &str = "nat-0f4c7a19e2d85b361";
pub const FLOW_LOG: &str = "fl-02a9d6c4b81e7f350";
pub const DASHBOARD: &str = "hydren";
/// Zones in use, in the order of the subnets below.
pub const ZONES: [&str; 2] = ["us-east-1a", "us-east-1b"];
pub const PUBLIC_SUBNETS: [&str; 2] = ["subnet-0a11c5d7e93f2b640", "subnet-0b22d6e8fa403c751"];
pub const PRIVATE_SUBNETS: [&str; 2] = ["subnet-0c33e7f90b514d862", "subnet-0d44f80a1c625e973"];
pub const DATABASE_SUBNETS: [&str; 2] = ["subnet-0e55091b2d736fa84", "subnet-0f661a2c3e8470b95"];
pub const SG_BALANCER: &str = "sg-01c8e5a3f7d92b460";
pub const SG_FRONTEND: &str = "sg-02d9f6b408e0ac571";
pub const SG_BACKEND: &str = "sg-03ea07c519f1bd682";
pub const SG_DATABASE: &str = "sg-04fb18d62a02ce793";

pub const LOGS_FRONTEND: &str = "/ecs/hydren/frontend";
pub const LOGS_BACKEND: &str = "/ecs/hydren/backend";
pub const LOGS_DATABASE: &str = "/aws/rds/instance/hydren-db/postgresql";
pub const LOGS_FLOW: &str = "/vpc/hydren/flow-logs";

/// Describes the demo as the configuration would.
#[must_use]
pub fn environment() -> Environment {
    Environment {
        name: "hydren-demo".to_owned(),
        stage: Stage::Development,
        access: Access::ReadWrite,
        access_reason: None,
        colour: None,
        profile: None,
        region: REGION.to_owned(),
        endpoint_url: None,
        simulated: true,
        cost: CostSettings {
            budget: Some(400),
            ..CostSettings::default()
        },
        resources: resources(),
    }
}

/// Names what belongs to the demo.
#[must_use]
pub fn resources() -> Resources {
    let service = |name: &str, role| ServiceName {
        name: name.to_owned(),
        role,
    };
    Resources {
        domain: Some(DOMAIN.to_owned()),
        hosted_zone: Some(ZONE_ID.to_owned()),
        distribution: Some(DISTRIBUTION.to_owned()),
        load_balancer: Some(BALANCER.to_owned()),
        cluster: Some(CLUSTER.to_owned()),
        vpc: Some(VPC.to_owned()),
        log_groups: vec![LOGS_DATABASE.to_owned(), LOGS_FLOW.to_owned()],
        repositories: vec![
            BACKEND_REPOSITORY.to_owned(),
            FRONTEND_REPOSITORY.to_owned(),
        ],
        alarm_prefix: Some("hydren-".to_owned()),
        dashboard: Some(DASHBOARD.to_owned()),
        web_acl: Some(WebAclName {
            name: WEB_ACL.to_owned(),
            id: WEB_ACL_ID.to_owned(),
            scope: WafScope::CloudFront,
        }),
        database: Some(DatabaseName {
            id: DATABASE.to_owned(),
            kind: DatabaseKind::Instance,
        }),
        services: vec![
            service(FRONTEND, ServiceRole::Frontend),
            service(BACKEND, ServiceRole::Backend),
        ],
    }
}
