//! The application load balancer: listeners, rules, certificates, target groups and the health of their targets.
//!
//! One look-up by name, then three chains in parallel: attributes; listeners, each with its rules and certificates; target groups, each
//! with its attributes and targets (`DescribeTargetHealth` takes one group a call). What hangs on the balancer and cannot be read is a gap.

mod rules;

use super::{
    AwsCloud, acm, configured,
    failure::explain,
    gap::or_gap,
    pages::every,
    shape::{given, text, word},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        balancer::{
            Balancer, Listener, Target, TargetGroup, TargetHealthCheck, TargetState, arn_suffix,
        },
        edge::Certificate,
    },
};
use aws_sdk_elasticloadbalancingv2::{Client, types};
use futures::future::{join, join_all, join3};

/// Reads the environment's load balancer.
///
/// # Errors
/// `NotFound` when the environment names none or AWS has none of that name; otherwise what AWS answered to the look-up.
pub(super) async fn read(aws: &AwsCloud) -> Result<Balancer> {
    let named = aws.environment.resources.load_balancer.as_deref();
    let name = configured(named, "load balancer", "load_balancer")?;
    let clients = aws.clients().await?;
    let balancer = load(&clients.elb, &clients.acm, name)
        .await
        .inspect_err(|error| aws.memo.balancer.keep_failure(error))?;
    aws.memo.balancer.keep(dimension(&balancer.arn));
    Ok(balancer)
}

/// The value of the `LoadBalancer` metric dimension: the ARN's end without its resource type, `app/<name>/<id>`.
pub(super) fn dimension(arn: &str) -> &str {
    let suffix = arn_suffix(arn);
    suffix.strip_prefix("loadbalancer/").unwrap_or(suffix)
}

/// Finds a load balancer by name.
///
/// # Errors
/// What AWS answered; `NotFound` when it has none.
pub(super) async fn find(elb: &Client, name: &str) -> Result<types::LoadBalancer> {
    let found = elb
        .describe_load_balancers()
        .names(name)
        .send()
        .await
        .map_err(|e| explain("elasticloadbalancing:DescribeLoadBalancers", name, e))?;
    found
        .load_balancers
        .unwrap_or_default()
        .into_iter()
        .next()
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("there is no load balancer {name}"),
            )
            .hint("check `load_balancer` in hydren.toml and the region")
        })
}

async fn load(elb: &Client, acm: &aws_sdk_acm::Client, name: &str) -> Result<Balancer> {
    let found = find(elb, name).await?;
    let arn = text(found.load_balancer_arn());
    let (attributes, listeners, target_groups) = join3(
        attributes(elb, &arn),
        listeners(elb, acm, &arn),
        target_groups(elb, &arn),
    )
    .await;
    let mut gaps = Vec::new();
    let attributes = or_gap(attributes, &mut gaps);
    let (listeners, listener_gaps) = or_gap(listeners, &mut gaps);
    let (target_groups, group_gaps) = or_gap(target_groups, &mut gaps);
    gaps.extend(listener_gaps);
    gaps.extend(group_gaps);
    Ok(Balancer {
        name: text(found.load_balancer_name()),
        dns_name: text(found.dns_name()),
        scheme: word(found.scheme()),
        state: word(found.state().and_then(types::LoadBalancerState::code)).into(),
        vpc_id: text(found.vpc_id()),
        zones: found
            .availability_zones()
            .iter()
            .map(|zone| text(zone.zone_name()))
            .collect(),
        security_groups: found.security_groups().to_vec(),
        idle_timeout: attributes.idle_timeout,
        deletion_protection: attributes.deletion_protection,
        listeners,
        target_groups,
        gaps,
        arn,
    })
}

#[derive(Default)]
struct Attributes {
    idle_timeout: Option<u32>,
    deletion_protection: bool,
}

async fn attributes(elb: &Client, arn: &str) -> Result<Attributes> {
    const ACTION: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";
    let answer = elb
        .describe_load_balancer_attributes()
        .load_balancer_arn(arn)
        .send()
        .await
        .map_err(|e| explain(ACTION, dimension(arn), e))?;
    let value = |key| {
        answer
            .attributes()
            .iter()
            .find(|a| a.key() == Some(key))
            .and_then(types::LoadBalancerAttribute::value)
    };
    Ok(Attributes {
        idle_timeout: value("idle_timeout.timeout_seconds").and_then(|v| v.parse().ok()),
        deletion_protection: value("deletion_protection.enabled") == Some("true"),
    })
}

/// The listeners by port, and what of them could not be read.
async fn listeners(
    elb: &Client,
    acm: &aws_sdk_acm::Client,
    arn: &str,
) -> Result<(Vec<Listener>, Vec<String>)> {
    let pages = elb
        .describe_listeners()
        .load_balancer_arn(arn)
        .into_paginator()
        .items()
        .send();
    let found: Vec<types::Listener> = every(
        pages,
        "elasticloadbalancing:DescribeListeners",
        dimension(arn),
    )
    .await?;
    let read = join_all(found.iter().map(|l| listener(elb, acm, l))).await;
    let (mut listeners, gaps): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    listeners.sort_by_key(|l| l.port);
    Ok((listeners, gaps.concat()))
}

async fn listener(
    elb: &Client,
    acm: &aws_sdk_acm::Client,
    found: &types::Listener,
) -> (Listener, Vec<String>) {
    let arn = text(found.listener_arn());
    let (rules, certificates) =
        join(rules::read(elb, &arn), certificates(elb, acm, found, &arn)).await;
    let mut gaps = Vec::new();
    let (certificates, certificate_gap) = certificates;
    gaps.extend(certificate_gap);
    let listener = Listener {
        protocol: word(found.protocol()),
        port: found.port().unwrap_or_default(),
        ssl_policy: given(found.ssl_policy()),
        certificates,
        rules: or_gap(rules, &mut gaps),
        arn,
    };
    (listener, gaps)
}

/// The certificates of a TLS listener, the default first. Where their list is refused, the listener's own default remains.
async fn certificates(
    elb: &Client,
    acm: &aws_sdk_acm::Client,
    found: &types::Listener,
    arn: &str,
) -> (Vec<Certificate>, Option<String>) {
    const ACTION: &str = "elasticloadbalancing:DescribeListenerCertificates";
    if found.certificates().is_empty() {
        return (Vec::new(), None);
    }
    let listed: Result<Vec<types::Certificate>, _> = elb
        .describe_listener_certificates()
        .listener_arn(arn)
        .into_paginator()
        .items()
        .send()
        .collect()
        .await;
    let (mut listed, gap) = match listed {
        Ok(listed) => (listed, None),
        Err(e) => (
            found.certificates().to_vec(),
            Some(explain(ACTION, arn_suffix(arn), e).to_string()),
        ),
    };
    listed.sort_by_key(|c| c.is_default() != Some(true));
    let arns = listed
        .iter()
        .filter_map(types::Certificate::certificate_arn);
    (
        join_all(arns.map(|arn| acm::certificate(acm, arn))).await,
        gap,
    )
}

/// The target groups by name, and what of them could not be read.
async fn target_groups(elb: &Client, arn: &str) -> Result<(Vec<TargetGroup>, Vec<String>)> {
    let pages = elb
        .describe_target_groups()
        .load_balancer_arn(arn)
        .into_paginator()
        .items()
        .send();
    let found: Vec<types::TargetGroup> = every(
        pages,
        "elasticloadbalancing:DescribeTargetGroups",
        dimension(arn),
    )
    .await?;
    let read = join_all(found.iter().map(|group| target_group(elb, group))).await;
    let (mut groups, gaps): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    groups.sort_by(|a: &TargetGroup, b| a.name.cmp(&b.name));
    Ok((groups, gaps.into_iter().flatten().collect()))
}

async fn target_group(elb: &Client, found: &types::TargetGroup) -> (TargetGroup, Option<String>) {
    let (arn, name) = (
        text(found.target_group_arn()),
        text(found.target_group_name()),
    );
    let (delay, targets) = join(
        deregistration_delay(elb, &arn, &name),
        targets(elb, &arn, &name),
    )
    .await;
    let (delay, gap) = match delay {
        Ok(delay) => (delay, None),
        Err(e) => (None, Some(e.to_string())),
    };
    let (targets, targets_error) = match targets {
        Ok(targets) => (targets, None),
        Err(e) => (Vec::new(), Some(e.to_string())),
    };
    let group = TargetGroup {
        protocol: word(found.protocol()),
        port: found.port().unwrap_or_default(),
        target_type: word(found.target_type()),
        health_check: TargetHealthCheck {
            protocol: word(found.health_check_protocol()),
            path: text(found.health_check_path()),
            port: text(found.health_check_port()),
            interval: found.health_check_interval_seconds().unwrap_or_default(),
            timeout: found.health_check_timeout_seconds().unwrap_or_default(),
            healthy_threshold: found.healthy_threshold_count().unwrap_or_default(),
            unhealthy_threshold: found.unhealthy_threshold_count().unwrap_or_default(),
            matcher: text(
                found
                    .matcher()
                    .and_then(|m| m.http_code().or(m.grpc_code())),
            ),
        },
        deregistration_delay: delay,
        targets,
        targets_error,
        name,
        arn,
    };
    (group, gap)
}

async fn deregistration_delay(elb: &Client, arn: &str, name: &str) -> Result<Option<u32>> {
    const ACTION: &str = "elasticloadbalancing:DescribeTargetGroupAttributes";
    let answer = elb
        .describe_target_group_attributes()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(|e| explain(ACTION, name, e))?;
    Ok(answer
        .attributes()
        .iter()
        .find(|a| a.key() == Some("deregistration_delay.timeout_seconds"))
        .and_then(|a| a.value()?.parse().ok()))
}

async fn targets(elb: &Client, arn: &str, name: &str) -> Result<Vec<Target>> {
    let answer = elb
        .describe_target_health()
        .target_group_arn(arn)
        .send()
        .await
        .map_err(|e| explain("elasticloadbalancing:DescribeTargetHealth", name, e))?;
    Ok(answer
        .target_health_descriptions()
        .iter()
        .map(|described| {
            let (target, health) = (described.target(), described.target_health());
            Target {
                id: text(target.and_then(types::TargetDescription::id)),
                port: target
                    .and_then(types::TargetDescription::port)
                    .unwrap_or_default(),
                zone: target.and_then(|t| t.availability_zone().map(str::to_owned)),
                state: state(health.and_then(types::TargetHealth::state)),
                reason: health.and_then(|h| h.reason().map(|r| r.as_str().to_owned())),
                description: health.and_then(|h| h.description().map(str::to_owned)),
            }
        })
        .collect())
}

/// A state that this version does not know is [`TargetState::Unavailable`]: not known to serve.
fn state(state: Option<&types::TargetHealthStateEnum>) -> TargetState {
    use types::TargetHealthStateEnum as Sdk;
    match state {
        Some(Sdk::Initial) => TargetState::Initial,
        Some(Sdk::Healthy) => TargetState::Healthy,
        Some(Sdk::Unhealthy) => TargetState::Unhealthy,
        Some(Sdk::UnhealthyDraining) => TargetState::UnhealthyDraining,
        Some(Sdk::Unused) => TargetState::Unused,
        Some(Sdk::Draining) => TargetState::Draining,
        _ => TargetState::Unavailable,
    }
}

#[cfg(test)]
mod tests;
