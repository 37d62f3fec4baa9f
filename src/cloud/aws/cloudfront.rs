//! CloudFront: the distribution, its origins and behaviours, its certificate, and its invalidations.

use super::{
    AwsCloud, acm, configured,
    failure::{explain, without},
    gap::or_gap,
    shape::{text, word},
    time::timestamp,
};
use crate::{
    error::{Error, Result},
    model::edge::{AdditionalMetrics, Behaviour, Cdn, Certificate, Invalidation, Origin},
};
use aws_sdk_cloudfront::{
    Client,
    operation::get_monitoring_subscription::GetMonitoringSubscriptionError,
    types::{
        self, AllowedMethods, DistributionConfig, InvalidationSummary,
        RealtimeMetricsSubscriptionStatus, ViewerCertificate,
    },
};
use futures::future::{join3, try_join_all};

/// Newest invalidations that are listed.
const INVALIDATIONS: i32 = 20;
/// Newest invalidations whose paths are read; those in progress are read in any case.
const DETAILED: usize = 5;

/// Reads the distribution whole.
pub(super) async fn read(cloud: &AwsCloud) -> Result<Cdn> {
    let id = cloud.environment.resources.distribution.as_deref();
    let id = configured(id, "distribution", "distribution")?;
    let clients = cloud.clients().await?;
    let whole = async {
        let found = distribution(&clients.cloudfront, id).await?;
        let viewer = found
            .distribution_config()
            .and_then(DistributionConfig::viewer_certificate);
        let certificate = viewer_certificate(&clients.edge_acm, viewer).await;
        Ok::<_, Error>((found, certificate))
    };
    let (whole, listed, metrics) = join3(
        whole,
        invalidations(&clients.cloudfront, id),
        additional_metrics(&clients.cloudfront, id),
    )
    .await;
    let (found, certificate) = whole?;
    let mut cdn = from_distribution(&found, certificate);
    cdn.invalidations = or_gap(listed, &mut cdn.gaps);
    cdn.additional_metrics = metrics.unwrap_or_else(|error| {
        cdn.gaps.push(error.to_string());
        AdditionalMetrics::Unknown
    });
    Ok(cdn)
}

/// Reads a distribution as CloudFront gives it; DNS and WAF compare themselves with it.
pub(super) async fn distribution(client: &Client, id: &str) -> Result<types::Distribution> {
    const ACTION: &str = "cloudfront:GetDistribution";
    let answer = client
        .get_distribution()
        .id(id)
        .send()
        .await
        .map_err(|e| explain(ACTION, id, e))?;
    answer
        .distribution
        .ok_or_else(|| without(ACTION, id, "a distribution"))
}

/// Reads the newest invalidations and the paths of those that matter.
async fn invalidations(client: &Client, id: &str) -> Result<Vec<Invalidation>> {
    // One page: CloudFront lists the newest first and keeps thousands.
    let page = client
        .list_invalidations()
        .distribution_id(id)
        .max_items(INVALIDATIONS)
        .send()
        .await
        .map_err(|e| explain("cloudfront:ListInvalidations", id, e))?;
    let mut listed = page
        .invalidation_list
        .and_then(|list| list.items)
        .unwrap_or_default();
    listed.sort_by_key(|summary| std::cmp::Reverse(summary.create_time().secs()));
    let details = listed
        .iter()
        .enumerate()
        .map(|(place, summary)| async move {
            if place < DETAILED || summary.status() == "InProgress" {
                invalidation(client, id, summary).await
            } else {
                Ok(from_summary(summary, Vec::new()))
            }
        });
    try_join_all(details).await
}

async fn invalidation(
    client: &Client,
    distribution: &str,
    summary: &InvalidationSummary,
) -> Result<Invalidation> {
    let answer = client
        .get_invalidation()
        .distribution_id(distribution)
        .id(summary.id())
        .send()
        .await
        .map_err(|e| explain("cloudfront:GetInvalidation", summary.id(), e))?;
    let paths = answer
        .invalidation()
        .and_then(|found| found.invalidation_batch()?.paths())
        .map_or_else(Vec::new, |paths| paths.items().to_vec());
    Ok(from_summary(summary, paths))
}

fn from_summary(summary: &InvalidationSummary, paths: Vec<String>) -> Invalidation {
    Invalidation {
        id: summary.id().to_owned(),
        status: summary.status().into(),
        created_at: timestamp(Some(summary.create_time())),
        paths,
    }
}

/// Reads whether the additional metrics are on. CloudFront answers `NoSuchMonitoringSubscription` where they never were.
async fn additional_metrics(client: &Client, id: &str) -> Result<AdditionalMetrics> {
    let answer = client
        .get_monitoring_subscription()
        .distribution_id(id)
        .send()
        .await;
    let on = match answer {
        Ok(output) => output
            .monitoring_subscription()
            .and_then(|found| found.realtime_metrics_subscription_config())
            .is_some_and(|config| {
                *config.realtime_metrics_subscription_status()
                    == RealtimeMetricsSubscriptionStatus::Enabled
            }),
        Err(error)
            if error.as_service_error().is_some_and(
                GetMonitoringSubscriptionError::is_no_such_monitoring_subscription,
            ) =>
        {
            false
        }
        Err(error) => {
            return Err(explain("cloudfront:GetMonitoringSubscription", id, error));
        }
    };
    Ok(if on {
        AdditionalMetrics::Enabled
    } else {
        AdditionalMetrics::Disabled
    })
}

/// Reads the certificate that viewers see; `None` for CloudFront's own.
async fn viewer_certificate(
    client: &aws_sdk_acm::Client,
    viewer: Option<&ViewerCertificate>,
) -> Option<Certificate> {
    let viewer = viewer?;
    if let Some(arn) = viewer.acm_certificate_arn().filter(|arn| !arn.is_empty()) {
        return Some(acm::certificate(client, arn).await);
    }
    let id = viewer.iam_certificate_id().filter(|id| !id.is_empty())?;
    Some(acm::unreadable(
        id,
        "it is kept in IAM, whose certificates are not read",
    ))
}

fn from_distribution(found: &types::Distribution, certificate: Option<Certificate>) -> Cdn {
    let config = found.distribution_config();
    let behaviours = config.map_or_else(Vec::new, behaviours);
    Cdn {
        id: found.id().to_owned(),
        arn: found.arn().to_owned(),
        domain_name: found.domain_name().to_owned(),
        aliases: aliases(found).to_vec(),
        status: found.status().into(),
        enabled: config.is_some_and(DistributionConfig::enabled),
        comment: text(config.map(DistributionConfig::comment)),
        price_class: word(config.and_then(DistributionConfig::price_class)),
        http_version: word(config.and_then(DistributionConfig::http_version)),
        web_acl: web_acl(found).map(str::to_owned),
        last_modified: timestamp(Some(found.last_modified_time())),
        origins: config
            .and_then(DistributionConfig::origins)
            .map_or(&[][..], |origins| origins.items())
            .iter()
            .map(origin)
            .collect(),
        behaviours,
        certificate,
        invalidations: Vec::new(),
        additional_metrics: AdditionalMetrics::Unknown,
        error_caching: config
            .and_then(DistributionConfig::custom_error_responses)
            .map_or(&[][..], |responses| responses.items())
            .iter()
            .filter_map(|r| Some((r.error_code(), r.error_caching_min_ttl()?)))
            .collect(),
        gaps: Vec::new(),
    }
}

/// The alternate domain names of a distribution.
pub(super) fn aliases(found: &types::Distribution) -> &[String] {
    found
        .distribution_config()
        .and_then(DistributionConfig::aliases)
        .map_or(&[], |aliases| aliases.items())
}

/// The web ACL in front of a distribution: an ARN, or the id of a classic one.
pub(super) fn web_acl(found: &types::Distribution) -> Option<&str> {
    found
        .distribution_config()?
        .web_acl_id()
        .filter(|id| !id.is_empty())
}

fn origin(found: &types::Origin) -> Origin {
    let custom = found.custom_origin_config();
    let protocol = match (custom, found.vpc_origin_config()) {
        (Some(custom), _) => custom.origin_protocol_policy().as_str(),
        (None, Some(_)) => "vpc",
        (None, None) => "s3",
    };
    Origin {
        id: found.id().to_owned(),
        domain: found.domain_name().to_owned(),
        protocol: protocol.to_owned(),
        path: text(found.origin_path()),
        // CloudFront's defaults, which it leaves out: 3 attempts, 10 s (DownloadDistValuesOrigin).
        connection_attempts: found.connection_attempts().unwrap_or(3),
        connection_timeout: found.connection_timeout().unwrap_or(10),
        read_timeout: custom
            .and_then(types::CustomOriginConfig::origin_read_timeout)
            .or_else(|| found.vpc_origin_config()?.origin_read_timeout()),
        custom_headers: found
            .custom_headers()
            .map_or(&[][..], |headers| headers.items())
            .iter()
            .map(|header| header.header_name().to_owned())
            .collect(),
    }
}

fn behaviours(config: &DistributionConfig) -> Vec<Behaviour> {
    let by_path = config
        .cache_behaviors()
        .map_or(&[][..], |behaviours| behaviours.items());
    let by_path = by_path.iter().map(|b| Behaviour {
        path: b.path_pattern().to_owned(),
        origin_id: b.target_origin_id().to_owned(),
        viewer_protocol: b.viewer_protocol_policy().as_str().to_owned(),
        cache_policy: b.cache_policy_id().unwrap_or("legacy").to_owned(),
        methods: methods(b.allowed_methods()),
        compress: b.compress().unwrap_or_default(),
    });
    let fallback = config.default_cache_behavior().map(|b| Behaviour {
        path: "*".to_owned(),
        origin_id: b.target_origin_id().to_owned(),
        viewer_protocol: b.viewer_protocol_policy().as_str().to_owned(),
        cache_policy: b.cache_policy_id().unwrap_or("legacy").to_owned(),
        methods: methods(b.allowed_methods()),
        compress: b.compress().unwrap_or_default(),
    });
    by_path.chain(fallback).collect()
}

fn methods(allowed: Option<&AllowedMethods>) -> Vec<String> {
    allowed
        .map_or(&[][..], |allowed| allowed.items())
        .iter()
        .map(|method| method.as_str().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_cloudfront::{
        operation::{
            get_invalidation::GetInvalidationOutput, list_invalidations::ListInvalidationsOutput,
        },
        types::{InvalidationBatch, InvalidationList, Paths, error::NoSuchMonitoringSubscription},
    };
    use aws_smithy_mocks::mock;
    use aws_smithy_types::{DateTime, error::ErrorMetadata};

    fn summary(number: i64, status: &str) -> InvalidationSummary {
        InvalidationSummary::builder()
            .id(format!("I{number}"))
            .status(status)
            .create_time(DateTime::from_secs(1_000 + number))
            .build()
            .unwrap()
    }

    fn detail() -> GetInvalidationOutput {
        let paths = Paths::builder().quantity(1).items("/index.html").build();
        let batch = InvalidationBatch::builder()
            .caller_reference("r")
            .paths(paths.unwrap())
            .build();
        let found = types::Invalidation::builder()
            .id("I")
            .status("Completed")
            .create_time(DateTime::from_secs(0))
            .invalidation_batch(batch.unwrap())
            .build();
        GetInvalidationOutput::builder()
            .invalidation(found.unwrap())
            .build()
    }

    #[tokio::test]
    async fn paths_are_read_of_the_newest_and_of_all_that_are_in_progress() {
        let list = mock!(Client::list_invalidations).then_output(|| {
            let oldest_first =
                (0..8).map(|n| summary(n, if n == 0 { "InProgress" } else { "Completed" }));
            let list = InvalidationList::builder()
                .marker("")
                .max_items(20)
                .is_truncated(false)
                .quantity(8)
                .set_items(Some(oldest_first.collect()))
                .build();
            ListInvalidationsOutput::builder()
                .invalidation_list(list.unwrap())
                .build()
        });
        let get = mock!(Client::get_invalidation).then_output(detail);
        let client = mocked!(aws_sdk_cloudfront, [&list, &get]);
        let found = invalidations(&client, "E1").await.unwrap();
        let detailed: Vec<_> = found
            .iter()
            .filter(|i| !i.paths.is_empty())
            .map(|i| i.id.as_str())
            .collect();
        assert_eq!(detailed, ["I7", "I6", "I5", "I4", "I3", "I0"]);
        assert_eq!(found.len(), 8);
    }

    #[tokio::test]
    async fn a_distribution_that_never_had_additional_metrics_has_them_disabled() {
        let never = mock!(Client::get_monitoring_subscription).then_error(|| {
            GetMonitoringSubscriptionError::NoSuchMonitoringSubscription(
                NoSuchMonitoringSubscription::builder().build(),
            )
        });
        let client = mocked!(aws_sdk_cloudfront, [&never]);
        let state = additional_metrics(&client, "E1").await.unwrap();
        assert_eq!(state, AdditionalMetrics::Disabled);
    }

    #[tokio::test]
    async fn a_refused_question_does_not_call_the_additional_metrics_disabled() {
        let denied = mock!(Client::get_monitoring_subscription).then_error(|| {
            let meta = ErrorMetadata::builder().code("AccessDenied").message("no");
            GetMonitoringSubscriptionError::generic(meta.build())
        });
        let client = mocked!(aws_sdk_cloudfront, [&denied]);
        let error = additional_metrics(&client, "E1").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cloudfront:GetMonitoringSubscription on E1 was denied"
        );
    }

    #[test]
    fn values_of_custom_headers_never_leave_the_answer() {
        let header = types::OriginCustomHeader::builder()
            .header_name("X-Origin")
            .header_value("s3cret")
            .build();
        let headers = types::CustomHeaders::builder()
            .quantity(1)
            .items(header.unwrap())
            .build();
        let found = types::Origin::builder()
            .id("alb")
            .domain_name("web.example.com")
            .custom_headers(headers.unwrap())
            .build();
        let shown = origin(&found.unwrap());
        assert_eq!(shown.custom_headers, ["X-Origin"]);
        assert!(!format!("{shown:?}").contains("s3cret"));
    }
}
