//! Where the load balancer's own logs go: vended log deliveries, as CloudWatch Logs knows them.
//!
//! A delivery joins a source (whose logs) with a destination (where to), each a listing of the account
//! (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html). Most accounts have no source of the balancer:
//! then the first listing is the only request.

use super::{failure::explain, pages::every, shape::text};
use crate::error::Result;
use aws_sdk_cloudwatchlogs::{Client, types::DeliveryDestinationType};
use std::collections::BTreeSet;

/// Finds the log groups, by ARN, that logs of the load balancer `name` are delivered to.
///
/// # Errors
/// What AWS answered.
pub(super) async fn log_groups(logs: &Client, name: &str) -> Result<Vec<String>> {
    let part = format!(":loadbalancer/app/{name}/");
    let sources = every(
        logs.describe_delivery_sources()
            .into_paginator()
            .items()
            .send(),
        "logs:DescribeDeliverySources",
        name,
    )
    .await?;
    let sources: BTreeSet<String> = sources
        .iter()
        .filter(|source| source.resource_arns().iter().any(|arn| arn.contains(&part)))
        .map(|source| text(source.name()))
        .collect();
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let deliveries = every(
        logs.describe_deliveries().into_paginator().items().send(),
        "logs:DescribeDeliveries",
        name,
    )
    .await?;
    let mut groups = BTreeSet::new();
    for delivery in deliveries.iter().filter(|delivery| {
        delivery.delivery_destination_type() == Some(&DeliveryDestinationType::Cwl)
            && delivery
                .delivery_source_name()
                .is_some_and(|source| sources.contains(source))
    }) {
        let arn = delivery.delivery_destination_arn().unwrap_or_default();
        let destination = arn.rsplit(':').next().unwrap_or_default();
        let answer = logs
            .get_delivery_destination()
            .name(destination)
            .send()
            .await
            .map_err(|e| explain("logs:GetDeliveryDestination", destination, e))?;
        let group = answer
            .delivery_destination()
            .and_then(|found| found.delivery_destination_configuration())
            .map(|to| to.destination_resource_arn().to_owned());
        groups.extend(group);
    }
    Ok(groups.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_cloudwatchlogs::{
        operation::{
            describe_deliveries::DescribeDeliveriesOutput,
            describe_delivery_sources::DescribeDeliverySourcesOutput,
            get_delivery_destination::GetDeliveryDestinationOutput,
        },
        types::{Delivery, DeliveryDestination, DeliveryDestinationConfiguration, DeliverySource},
    };
    use aws_smithy_mocks::mock;

    const GROUP: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/alb/shop";

    fn source(name: &str, balancer: &str) -> DeliverySource {
        let arn = format!(
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/{balancer}/50dc6c495c0c9188"
        );
        DeliverySource::builder()
            .name(name)
            .resource_arns(arn)
            .build()
    }

    fn delivery(source: &str, to: &str, kind: DeliveryDestinationType) -> Delivery {
        Delivery::builder()
            .delivery_source_name(source)
            .delivery_destination_arn(format!(
                "arn:aws:logs:eu-west-1:123456789012:delivery-destination:{to}"
            ))
            .delivery_destination_type(kind)
            .build()
    }

    #[tokio::test]
    async fn only_the_balancers_own_deliveries_to_log_groups_are_followed() {
        let sources = mock!(Client::describe_delivery_sources).then_output(|| {
            DescribeDeliverySourcesOutput::builder()
                .delivery_sources(source("ours", "shop"))
                .delivery_sources(source("theirs", "shop-admin"))
                .build()
        });
        let deliveries = mock!(Client::describe_deliveries).then_output(|| {
            DescribeDeliveriesOutput::builder()
                .deliveries(delivery("ours", "bucket", DeliveryDestinationType::S3))
                .deliveries(delivery("ours", "group", DeliveryDestinationType::Cwl))
                .deliveries(delivery("theirs", "other", DeliveryDestinationType::Cwl))
                .build()
        });
        let destination = mock!(Client::get_delivery_destination)
            .match_requests(|request| request.name() == Some("group"))
            .then_output(|| {
                let to = DeliveryDestinationConfiguration::builder()
                    .destination_resource_arn(GROUP)
                    .build()
                    .expect("it has a resource");
                GetDeliveryDestinationOutput::builder()
                    .delivery_destination(
                        DeliveryDestination::builder()
                            .delivery_destination_configuration(to)
                            .build(),
                    )
                    .build()
            });
        let logs = mocked!(
            aws_sdk_cloudwatchlogs,
            [&sources, &deliveries, &destination]
        );
        let found = log_groups(&logs, "shop").await;
        assert_eq!(found.map_err(|e| e.message), Ok(vec![GROUP.to_owned()]));
        assert_eq!(destination.num_calls(), 1);
    }

    #[tokio::test]
    async fn without_a_source_of_the_balancer_one_listing_is_enough() {
        let sources = mock!(Client::describe_delivery_sources)
            .then_output(|| DescribeDeliverySourcesOutput::builder().build());
        let logs = mocked!(aws_sdk_cloudwatchlogs, [&sources]);
        let found = log_groups(&logs, "shop").await;
        assert_eq!(found.map_err(|e| e.message), Ok(Vec::new()));
        assert_eq!(sources.num_calls(), 1);
    }
}
