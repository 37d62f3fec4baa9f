//! Route 53: the hosted zone, the records that lead into the environment, and its health checks.

use super::{
    AwsCloud, client::Clients, cloudfront, configured, failure::explain, gap::or_gap, shape::text,
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::edge::{Dns, DnsRecord, Health3, HealthCheck, HostedZone, RecordTarget, ZoneVisibility},
};
use aws_sdk_route53::{
    Client,
    operation::{
        get_hosted_zone::GetHostedZoneOutput, list_tags_for_resources::ListTagsForResourcesOutput,
    },
    types::{self, HealthCheckObservation, HealthCheckType, ResourceRecordSet, TagResourceType},
};
use futures::{
    FutureExt as _,
    future::{join, join_all, join4, try_join_all},
};
use std::collections::HashMap;

/// Resources of one ListTagsForResources request, at most (API reference).
const TAG_BATCH: usize = 10;

/// Reads the zone and what hangs on it. Without records the tier says nothing, so they must be readable; health checks and targets may
/// be missing.
pub(super) async fn read(cloud: &AwsCloud) -> Result<Dns> {
    let resources = &cloud.environment.resources;
    let zone_id = configured(
        resources.hosted_zone.as_deref(),
        "hosted zone",
        "hosted_zone",
    )?;
    let clients = cloud.clients().await?;
    let (zone, sets, checks, places) = join4(
        hosted_zone(&clients.route53, zone_id),
        record_sets(&clients.route53, zone_id),
        health_checks(&clients.route53),
        Places::read(cloud, clients).boxed(),
    )
    .await;
    let zone = zone?;
    let mut gaps = Vec::new();
    let places = places.noting(&mut gaps);
    let domain = resources.domain.as_deref().map(plain);
    let records: Vec<DnsRecord> = sets?
        .iter()
        .filter_map(|set| record(set, &places))
        .filter(|r| r.leads_to != RecordTarget::Elsewhere || Some(&r.name) == domain.as_ref())
        .collect();
    let checks: Vec<_> = or_gap(checks, &mut gaps)
        .into_iter()
        .filter(|check| belongs(check, &records, &places, domain.as_deref()))
        .collect();
    let health_checks = statuses(&clients.route53, &checks, &mut gaps).await;
    Ok(Dns {
        zone: Some(zone),
        records,
        health_checks,
        gaps,
    })
}

async fn hosted_zone(client: &Client, id: &str) -> Result<HostedZone> {
    const ACTION: &str = "route53:GetHostedZone";
    let answer = client
        .get_hosted_zone()
        .id(id)
        .send()
        .await
        .map_err(|e| explain(ACTION, id, e))?;
    from_zone(&answer).ok_or_else(|| {
        Error::new(
            ErrorKind::Service,
            format!("{ACTION} on {id} answered without a zone"),
        )
    })
}

fn from_zone(answer: &GetHostedZoneOutput) -> Option<HostedZone> {
    let zone = answer.hosted_zone()?;
    let private = zone
        .config()
        .is_some_and(types::HostedZoneConfig::private_zone);
    Some(HostedZone {
        id: zone.id().trim_start_matches("/hostedzone/").to_owned(),
        name: plain(zone.name()),
        visibility: if private {
            ZoneVisibility::Private
        } else {
            ZoneVisibility::Public
        },
        record_count: zone
            .resource_record_set_count()
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or_default(),
        name_servers: answer
            .delegation_set()
            .map_or_else(Vec::new, |set| set.name_servers().to_vec()),
    })
}

/// Reads every record of the zone. The SDK has no paginator for this call: the next page starts at a name, a type and an identifier.
async fn record_sets(client: &Client, zone: &str) -> Result<Vec<ResourceRecordSet>> {
    let mut sets = Vec::new();
    let mut page = client.list_resource_record_sets().hosted_zone_id(zone);
    loop {
        let answer = page
            .send()
            .await
            .map_err(|e| explain("route53:ListResourceRecordSets", zone, e))?;
        sets.extend(answer.resource_record_sets);
        if !answer.is_truncated || answer.next_record_name.is_none() {
            return Ok(sets);
        }
        page = client
            .list_resource_record_sets()
            .hosted_zone_id(zone)
            .set_start_record_name(answer.next_record_name)
            .set_start_record_type(answer.next_record_type)
            .set_start_record_identifier(answer.next_record_identifier);
    }
}

async fn health_checks(client: &Client) -> Result<Vec<types::HealthCheck>> {
    let mut pages = client.list_health_checks().into_paginator().items().send();
    let mut checks = Vec::new();
    while let Some(check) = pages.next().await {
        checks.push(check.map_err(|e| explain("route53:ListHealthChecks", "health checks", e))?);
    }
    Ok(checks)
}

/// The DNS names by which a record can lead into the environment.
#[derive(Debug, Default)]
struct Places {
    /// The distribution's own name and its aliases.
    distribution: Vec<String>,
    balancer: Option<String>,
}

/// [`Places`] as far as they could be read.
struct PlacesRead {
    distribution: Result<Vec<String>>,
    balancer: Result<Option<String>>,
}

impl Places {
    async fn read(cloud: &AwsCloud, clients: &Clients) -> PlacesRead {
        let resources = &cloud.environment.resources;
        let distribution = async {
            let Some(id) = &resources.distribution else {
                return Ok(Vec::new());
            };
            let found = cloudfront::distribution(&clients.cloudfront, id).await?;
            let aliases = cloudfront::aliases(&found).iter().map(|alias| plain(alias));
            Ok(std::iter::once(plain(found.domain_name()))
                .chain(aliases)
                .collect())
        };
        let balancer = async {
            let Some(name) = &resources.load_balancer else {
                return Ok(None);
            };
            let answer = clients
                .elb
                .describe_load_balancers()
                .names(name)
                .send()
                .await
                .map_err(|e| explain("elasticloadbalancing:DescribeLoadBalancers", name, e))?;
            let found = answer.load_balancers().first();
            Ok(found.and_then(|balancer| balancer.dns_name()).map(plain))
        };
        let (distribution, balancer) = join(distribution, balancer).await;
        PlacesRead {
            distribution,
            balancer,
        }
    }

    fn of(&self, target: &str) -> RecordTarget {
        // An alias to a balancer is stored with this prefix; the balancer's own name has none.
        let target = target.trim_start_matches("dualstack.");
        if self.distribution.iter().any(|name| name == target) {
            RecordTarget::Distribution
        } else if self.balancer.as_deref() == Some(target) {
            RecordTarget::Balancer
        } else {
            RecordTarget::Elsewhere
        }
    }
}

impl PlacesRead {
    fn noting(self, gaps: &mut Vec<String>) -> Places {
        Places {
            distribution: or_gap(self.distribution, gaps),
            balancer: or_gap(self.balancer, gaps),
        }
    }
}

/// A DNS name as people write it: lower case, no trailing dot, `*` instead of its octal escape.
fn plain(name: &str) -> String {
    name.trim_end_matches('.')
        .replace("\\052", "*")
        .to_ascii_lowercase()
}

/// A record that can lead somewhere: an address or another name.
fn record(set: &ResourceRecordSet, places: &Places) -> Option<DnsRecord> {
    let kind = set.r#type().as_str();
    if !matches!(kind, "A" | "AAAA" | "CNAME" | "HTTPS") {
        return None;
    }
    let alias = set.alias_target();
    let target = plain(match alias {
        Some(alias) => alias.dns_name(),
        None => set.resource_records().first()?.value(),
    });
    Some(DnsRecord {
        name: plain(set.name()),
        kind: kind.to_owned(),
        leads_to: places.of(&target),
        target,
        alias: alias.is_some(),
        evaluates_target_health: alias.is_some_and(types::AliasTarget::evaluate_target_health),
        ttl: set.ttl(),
        health_check_id: set.health_check_id().map(str::to_owned),
    })
}

/// Whether a health check watches the environment: attached to one of its records, or aimed at one of its names.
fn belongs(
    check: &types::HealthCheck,
    records: &[DnsRecord],
    places: &Places,
    domain: Option<&str>,
) -> bool {
    let attached = |id: &str| {
        records
            .iter()
            .any(|r| r.health_check_id.as_deref() == Some(id))
    };
    if attached(check.id()) {
        return true;
    }
    let Some(host) = check
        .health_check_config()
        .and_then(types::HealthCheckConfig::fully_qualified_domain_name)
        .map(plain)
    else {
        return false;
    };
    let below = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    domain.is_some_and(below)
        || records.iter().any(|r| r.name == host)
        || places.of(&host) != RecordTarget::Elsewhere
}

/// Reads status and name of each check, all at once.
async fn statuses(
    client: &Client,
    checks: &[types::HealthCheck],
    gaps: &mut Vec<String>,
) -> Vec<HealthCheck> {
    let (names, observed) = join(
        names(client, checks),
        join_all(checks.iter().map(|check| observations(client, check))),
    )
    .await;
    let names = or_gap(names, gaps);
    checks
        .iter()
        .zip(observed)
        .map(|(check, observed)| {
            let observed = or_gap(observed, gaps);
            from_check(check, names.get(check.id()).cloned(), &observed)
        })
        .collect()
}

/// Reads what the checkers saw. Route 53 tells it of checks on endpoints only, not of calculated or alarm-based ones.
async fn observations(
    client: &Client,
    check: &types::HealthCheck,
) -> Result<Vec<HealthCheckObservation>> {
    use HealthCheckType::{Calculated, CloudwatchMetric, RecoveryControl};
    let kind = check
        .health_check_config()
        .map(types::HealthCheckConfig::r#type);
    if let Some(Calculated | CloudwatchMetric | RecoveryControl) = kind {
        return Ok(Vec::new());
    }
    let answer = client
        .get_health_check_status()
        .health_check_id(check.id())
        .send()
        .await
        .map_err(|e| explain("route53:GetHealthCheckStatus", check.id(), e))?;
    Ok(answer.health_check_observations)
}

/// Reads the Name tags, by check.
async fn names(client: &Client, checks: &[types::HealthCheck]) -> Result<HashMap<String, String>> {
    let batches = checks.chunks(TAG_BATCH).map(|batch| async move {
        client
            .list_tags_for_resources()
            .resource_type(TagResourceType::Healthcheck)
            .set_resource_ids(Some(batch.iter().map(|c| c.id().to_owned()).collect()))
            .send()
            .await
            .map_err(|e| explain("route53:ListTagsForResources", "health checks", e))
    });
    let answers = try_join_all(batches).await?;
    let sets = answers
        .iter()
        .flat_map(ListTagsForResourcesOutput::resource_tag_sets);
    Ok(sets
        .filter_map(|set| {
            let name = set.tags().iter().find(|tag| tag.key() == Some("Name"))?;
            Some((set.resource_id()?.to_owned(), name.value()?.to_owned()))
        })
        .collect())
}

fn from_check(
    check: &types::HealthCheck,
    name: Option<String>,
    observed: &[HealthCheckObservation],
) -> HealthCheck {
    let config = check.health_check_config();
    let target = config.map_or_else(String::new, target);
    let reports: Vec<_> = observed
        .iter()
        .filter_map(|seen| seen.status_report())
        .collect();
    let succeeded = |report: &&&types::StatusReport| text(report.status()).starts_with("Success");
    let healthy = reports.iter().filter(succeeded).count();
    let last_failure = reports
        .iter()
        .filter(|report| !succeeded(report))
        .max_by_key(|report| report.checked_time().map(aws_smithy_types::DateTime::secs))
        .and_then(|report| report.status())
        .map(str::to_owned);
    let flag = |read: fn(&types::HealthCheckConfig) -> Option<bool>| {
        config.and_then(read).unwrap_or_default()
    };
    HealthCheck {
        id: check.id().to_owned(),
        name: name.unwrap_or_else(|| target.clone()),
        kind: text(config.map(|c| c.r#type().as_str())),
        target,
        state: state(
            healthy,
            reports.len(),
            flag(types::HealthCheckConfig::disabled),
            flag(types::HealthCheckConfig::inverted),
        ),
        healthy_checkers: u32::try_from(healthy).unwrap_or(u32::MAX),
        checkers: u32::try_from(reports.len()).unwrap_or(u32::MAX),
        last_failure,
    }
}

/// Tells the state as Route 53 decides it: healthy when more than 18 % of the checkers say so (developer guide, "How Route 53
/// determines whether a health check is healthy"); a disabled check counts as healthy; an inverted one is turned round.
fn state(healthy: usize, checkers: usize, disabled: bool, inverted: bool) -> Health3 {
    if checkers == 0 && !disabled {
        return Health3::Unknown;
    }
    let passes = disabled || healthy * 100 > checkers * 18;
    if passes == inverted {
        Health3::Unhealthy
    } else {
        Health3::Healthy
    }
}

/// `https://host:443/path`, or what stands in for an endpoint.
fn target(config: &types::HealthCheckConfig) -> String {
    let host = config
        .fully_qualified_domain_name()
        .or(config.ip_address())
        .unwrap_or_default();
    let port = config
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let path = config.resource_path().unwrap_or_default();
    match config.r#type() {
        HealthCheckType::Http | HealthCheckType::HttpStrMatch => {
            format!("http://{host}{port}{path}")
        }
        HealthCheckType::Https | HealthCheckType::HttpsStrMatch => {
            format!("https://{host}{port}{path}")
        }
        HealthCheckType::Tcp => format!("tcp://{host}{port}"),
        HealthCheckType::Calculated => {
            format!("{} child checks", config.child_health_checks().len())
        }
        HealthCheckType::CloudwatchMetric => {
            let alarm = config.alarm_identifier().map(types::AlarmIdentifier::name);
            format!("alarm {}", text(alarm))
        }
        _ => text(config.routing_control_arn()),
    }
}
