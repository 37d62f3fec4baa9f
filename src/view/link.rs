//! Addresses of resources in the AWS console.

/// The console of a region.
fn console(region: &str, path: &str) -> String {
    format!("https://{region}.console.aws.amazon.com/{path}")
}

/// A service of a cluster.
#[must_use]
pub fn service(region: &str, cluster: &str, service: &str) -> String {
    console(
        region,
        &format!("ecs/v2/clusters/{cluster}/services/{service}/health?region={region}"),
    )
}

/// A task of a cluster.
#[must_use]
pub fn task(region: &str, cluster: &str, task: &str) -> String {
    console(
        region,
        &format!("ecs/v2/clusters/{cluster}/tasks/{task}/configuration?region={region}"),
    )
}

/// A distribution; CloudFront has one console for all regions.
#[must_use]
pub fn distribution(id: &str) -> String {
    console(
        "us-east-1",
        &format!("cloudfront/v4/home#/distributions/{id}"),
    )
}

/// A hosted zone; Route 53 has one console for all regions.
#[must_use]
pub fn hosted_zone(id: &str) -> String {
    console(
        "us-east-1",
        &format!("route53/v2/hostedzones#ListRecordSets/{id}"),
    )
}

/// A target group.
#[must_use]
pub fn target_group(region: &str, arn: &str) -> String {
    console(
        region,
        &format!("ec2/home?region={region}#TargetGroup:targetGroupArn={arn}"),
    )
}

/// A load balancer.
#[must_use]
pub fn load_balancer(region: &str, arn: &str) -> String {
    console(
        region,
        &format!("ec2/home?region={region}#LoadBalancer:loadBalancerArn={arn}"),
    )
}

/// A database snapshot.
#[must_use]
pub fn snapshot(region: &str, id: &str) -> String {
    console(
        region,
        &format!("rds/home?region={region}#db-snapshot:id={id}"),
    )
}

/// A private ECR repository.
#[must_use]
pub fn repository(region: &str, account: &str, name: &str) -> String {
    console(
        region,
        &format!("ecr/repositories/private/{account}/{name}?region={region}"),
    )
}

/// An alarm.
#[must_use]
pub fn alarm(region: &str, name: &str) -> String {
    console(
        region,
        &format!("cloudwatch/home?region={region}#alarmsV2:alarm/{name}"),
    )
}

/// A dashboard.
#[must_use]
pub fn dashboard(region: &str, name: &str) -> String {
    console(
        region,
        &format!("cloudwatch/home?region={region}#dashboards/dashboard/{name}"),
    )
}

/// A resource of the VPC console: `what` is `subnets:subnetId`, `SecurityGroups:groupId`, ...
#[must_use]
pub fn vpc(region: &str, what: &str, id: &str) -> String {
    console(
        region,
        &format!("vpcconsole/home?region={region}#{what}={id}"),
    )
}
