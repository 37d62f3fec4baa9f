//! Addresses of resources in the AWS console. Names go into them percent-encoded: many may hold blanks, slashes or `#`.

use urlencoding::encode;

/// The console of a region.
fn console(region: &str, path: &str) -> String {
    format!("https://{region}.console.aws.amazon.com/{path}")
}

/// A service of a cluster.
#[must_use]
pub fn service(region: &str, cluster: &str, service: &str) -> String {
    console(
        region,
        &format!(
            "ecs/v2/clusters/{}/services/{}/health?region={region}",
            encode(cluster),
            encode(service)
        ),
    )
}

/// A task of a cluster.
#[must_use]
pub fn task(region: &str, cluster: &str, task: &str) -> String {
    console(
        region,
        &format!(
            "ecs/v2/clusters/{}/tasks/{}/configuration?region={region}",
            encode(cluster),
            encode(task)
        ),
    )
}

/// A distribution; CloudFront has one console for all regions.
#[must_use]
pub fn distribution(id: &str) -> String {
    console(
        "us-east-1",
        &format!("cloudfront/v4/home#/distributions/{}", encode(id)),
    )
}

/// A hosted zone; Route 53 has one console for all regions.
#[must_use]
pub fn hosted_zone(id: &str) -> String {
    console(
        "us-east-1",
        &format!("route53/v2/hostedzones#ListRecordSets/{}", encode(id)),
    )
}

/// A target group.
#[must_use]
pub fn target_group(region: &str, arn: &str) -> String {
    console(
        region,
        &format!(
            "ec2/home?region={region}#TargetGroup:targetGroupArn={}",
            encode(arn)
        ),
    )
}

/// A load balancer.
#[must_use]
pub fn load_balancer(region: &str, arn: &str) -> String {
    console(
        region,
        &format!(
            "ec2/home?region={region}#LoadBalancer:loadBalancerArn={}",
            encode(arn)
        ),
    )
}

/// A database snapshot.
#[must_use]
pub fn snapshot(region: &str, id: &str) -> String {
    console(
        region,
        &format!("rds/home?region={region}#db-snapshot:id={}", encode(id)),
    )
}

/// A private ECR repository.
#[must_use]
pub fn repository(region: &str, account: &str, name: &str) -> String {
    // The console takes a namespace for a part of the path.
    let parts: Vec<_> = name.split('/').map(encode).collect();
    console(
        region,
        &format!(
            "ecr/repositories/private/{}/{}?region={region}",
            encode(account),
            parts.join("/")
        ),
    )
}

/// An alarm.
#[must_use]
pub fn alarm(region: &str, name: &str) -> String {
    console(
        region,
        &format!(
            "cloudwatch/home?region={region}#alarmsV2:alarm/{}",
            encode(name)
        ),
    )
}

/// A dashboard.
#[must_use]
pub fn dashboard(region: &str, name: &str) -> String {
    console(
        region,
        &format!(
            "cloudwatch/home?region={region}#dashboards/dashboard/{}",
            encode(name)
        ),
    )
}

/// A resource of the VPC console: `what` is `subnets:subnetId`, `SecurityGroups:groupId`, ...
#[must_use]
pub fn vpc(region: &str, what: &str, id: &str) -> String {
    console(
        region,
        &format!("vpcconsole/home?region={region}#{what}={}", encode(id)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_end_an_address_early_are_encoded() {
        let link = service("eu-west-1", "shop", "a/b c#d?e");
        let expected = "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop/services/a%2Fb%20c%23d%3Fe/health?region=eu-west-1";
        assert_eq!(link, expected);
        assert!(alarm("eu-west-1", "5xx > 10 %").ends_with("alarm/5xx%20%3E%2010%20%25"));
        assert!(repository("eu-west-1", "1", "team/app").contains("/1/team/app?"));
    }
}
