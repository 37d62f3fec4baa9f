//! Health checks: which watch the environment, and what their checkers saw.

use super::{Places, plain};
use crate::{
    cloud::aws::{failure::explain, gap::or_gap, shape::text},
    error::Result,
    model::edge::{DnsRecord, Health3, HealthCheck, RecordTarget},
};
use aws_sdk_route53::{
    Client,
    operation::list_tags_for_resources::ListTagsForResourcesOutput,
    types::{self, HealthCheckObservation, HealthCheckType, TagResourceType},
};
use futures::future::{join, join_all, try_join_all};
use std::collections::HashMap;

/// Resources of one ListTagsForResources request, at most (API reference).
const TAG_BATCH: usize = 10;

/// Reads every health check of the account.
pub(super) async fn list(client: &Client) -> Result<Vec<types::HealthCheck>> {
    let mut pages = client.list_health_checks().into_paginator().items().send();
    let mut checks = Vec::new();
    while let Some(check) = pages.next().await {
        checks.push(check.map_err(|e| explain("route53:ListHealthChecks", "health checks", e))?);
    }
    Ok(checks)
}

/// Whether a health check watches the environment: attached to one of its records, or aimed at one of its names.
pub(super) fn belongs(
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
pub(super) async fn statuses(
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
    HealthCheck {
        id: check.id().to_owned(),
        name: name.unwrap_or_else(|| target.clone()),
        kind: text(config.map(|c| c.r#type().as_str())),
        target,
        state: concluded(seen(healthy, reports.len()), config),
        healthy_checkers: u32::try_from(healthy).unwrap_or(u32::MAX),
        checkers: u32::try_from(reports.len()).unwrap_or(u32::MAX),
        last_failure,
        interval: config.and_then(types::HealthCheckConfig::request_interval),
        measures_latency: config.and_then(types::HealthCheckConfig::measure_latency) == Some(true),
    }
}

/// Tells what the checkers saw as Route 53 counts it: healthy when more than 18 % of them say so (developer guide, "How Route 53
/// determines whether a health check is healthy").
const fn seen(healthy: usize, checkers: usize) -> Health3 {
    match checkers {
        0 => Health3::Unknown,
        _ if healthy * 100 > checkers * 18 => Health3::Healthy,
        _ => Health3::Unhealthy,
    }
}

/// Tells what Route 53 makes of it: a disabled check counts as healthy, whatever was seen; an inverted one is turned round.
fn concluded(seen: Health3, config: Option<&types::HealthCheckConfig>) -> Health3 {
    let is =
        |flag: fn(&types::HealthCheckConfig) -> Option<bool>| config.and_then(flag) == Some(true);
    let counted = if is(types::HealthCheckConfig::disabled) {
        Health3::Healthy
    } else {
        seen
    };
    match (counted, is(types::HealthCheckConfig::inverted)) {
        (Health3::Healthy, true) => Health3::Unhealthy,
        (Health3::Unhealthy, true) => Health3::Healthy,
        (counted, _) => counted,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_route53::{
        operation::{
            get_health_check_status::{GetHealthCheckStatusError, GetHealthCheckStatusOutput},
            list_tags_for_resources::ListTagsForResourcesOutput,
        },
        types::{ResourceTagSet, StatusReport, Tag},
    };
    use aws_smithy_mocks::mock;
    use aws_smithy_types::{DateTime, error::ErrorMetadata};

    fn check(id: &str, host: &str) -> types::HealthCheck {
        let config = types::HealthCheckConfig::builder()
            .r#type(HealthCheckType::Https)
            .fully_qualified_domain_name(host)
            .port(443)
            .resource_path("/healthz")
            .build()
            .unwrap();
        types::HealthCheck::builder()
            .id(id)
            .caller_reference(id)
            .health_check_version(1)
            .health_check_config(config)
            .build()
            .unwrap()
    }

    fn observed(status: &str, at: i64) -> HealthCheckObservation {
        let report = StatusReport::builder()
            .status(status)
            .checked_time(DateTime::from_secs(at));
        HealthCheckObservation::builder()
            .status_report(report.build())
            .build()
    }

    fn named() -> aws_smithy_mocks::Rule {
        mock!(Client::list_tags_for_resources).then_output(|| {
            let tag = Tag::builder().key("Name").value("front door").build();
            let set = ResourceTagSet::builder()
                .resource_id("h1")
                .tags(tag)
                .build();
            ListTagsForResourcesOutput::builder()
                .resource_tag_sets(set)
                .build()
                .unwrap()
        })
    }

    #[test]
    fn more_than_eighteen_percent_of_the_checkers_make_it_healthy() {
        assert_eq!(seen(3, 16), Health3::Healthy);
        assert_eq!(seen(18, 100), Health3::Unhealthy);
        assert_eq!(seen(19, 100), Health3::Healthy);
        assert_eq!(seen(0, 0), Health3::Unknown);
    }

    #[test]
    fn a_disabled_check_counts_as_healthy_and_an_inverted_one_is_turned_round() {
        use Health3::{Healthy, Unhealthy, Unknown};
        let config = || types::HealthCheckConfig::builder().r#type(HealthCheckType::Https);
        let disabled = config().disabled(true).build().unwrap();
        let inverted = config().inverted(true).build().unwrap();
        let both = config().disabled(true).inverted(true).build().unwrap();
        for (seen, config, expected) in [
            (Unknown, &disabled, Healthy),
            (Unhealthy, &disabled, Healthy),
            (Healthy, &inverted, Unhealthy),
            (Unhealthy, &inverted, Healthy),
            (Unknown, &inverted, Unknown),
            (Healthy, &both, Unhealthy),
        ] {
            assert_eq!(
                concluded(seen, Some(config)),
                expected,
                "{seen:?} {config:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_check_shows_its_name_its_state_and_the_newest_failure() {
        let status = mock!(Client::get_health_check_status).then_output(|| {
            GetHealthCheckStatusOutput::builder()
                .health_check_observations(observed(
                    "Failure: HTTP Status Code 502, Bad Gateway",
                    20,
                ))
                .health_check_observations(observed("Failure: Connection timed out", 10))
                .health_check_observations(observed("Success: HTTP Status Code 200, OK", 30))
                .build()
                .unwrap()
        });
        let client = mocked!(aws_sdk_route53, [&status, &named()]);
        let mut gaps = Vec::new();
        let shown = statuses(&client, &[check("h1", "app.example.com")], &mut gaps).await;
        let [one] = shown.as_slice() else {
            panic!("one check was asked for")
        };
        assert_eq!(one.name, "front door");
        assert_eq!(one.target, "https://app.example.com:443/healthz");
        assert_eq!(
            (one.state, one.healthy_checkers, one.checkers),
            (Health3::Healthy, 1, 3)
        );
        assert_eq!(
            one.last_failure.as_deref(),
            Some("Failure: HTTP Status Code 502, Bad Gateway")
        );
        assert!(gaps.is_empty());
    }

    #[tokio::test]
    async fn a_refused_status_is_unknown_and_leaves_a_gap() {
        let denied = mock!(Client::get_health_check_status).then_error(|| {
            let meta = ErrorMetadata::builder().code("AccessDenied").message("no");
            GetHealthCheckStatusError::generic(meta.build())
        });
        let client = mocked!(aws_sdk_route53, [&denied, &named()]);
        let mut gaps = Vec::new();
        let shown = statuses(&client, &[check("h1", "app.example.com")], &mut gaps).await;
        assert_eq!(shown[0].state, Health3::Unknown);
        assert_eq!(gaps, ["route53:GetHealthCheckStatus on h1 was denied"]);
    }

    #[test]
    fn checks_of_other_domains_are_left_out() {
        let belongs = |host| {
            let domain = Some("app.example.com");
            belongs(&check("h1", host), &[], &Places::default(), domain)
        };
        assert!(belongs("app.example.com"));
        assert!(belongs("api.app.example.com"));
        assert!(!belongs("myapp.example.com"));
    }
}
