//! Writes to CloudFront and to CloudWatch's alarms.

use super::waf;
use crate::{
    cloud::{
        CallOutcome,
        aws::{AwsCloud, EDGE_REGION, failure::explain},
        call::{EdgeCall, Switch},
    },
    error::{Error, ErrorKind, Result},
};
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};

/// Executes one call.
///
/// # Errors
/// What AWS answered.
pub(super) async fn execute(aws: &AwsCloud, call: &EdgeCall) -> Result<CallOutcome> {
    let clients = aws.clients().await?;
    match call {
        EdgeCall::InvalidatePaths {
            distribution,
            paths,
            reference,
        } => invalidate(&clients.cloudfront, call, distribution, paths, reference).await,
        EdgeCall::SetRule { web_acl, rule, to } => {
            waf::set_rule(clients, call, web_acl, rule, *to).await
        }
        EdgeCall::ListAddress {
            set,
            address,
            listing,
            until,
        } => waf::list(clients, call, set, (address, *listing, *until)).await,
        EdgeCall::SwitchAlarm { alarm, region, to } => {
            let client = if region == EDGE_REGION {
                &clients.edge_cloudwatch
            } else {
                &clients.cloudwatch
            };
            switch(client, call, alarm, *to).await
        }
    }
}

async fn invalidate(
    cloudfront: &aws_sdk_cloudfront::Client,
    call: &EdgeCall,
    distribution: &str,
    paths: &[String],
    reference: &str,
) -> Result<CallOutcome> {
    let incomplete = |e| Error::new(ErrorKind::Usage, "the invalidation is incomplete").source(e);
    let items = Paths::builder()
        .quantity(i32::try_from(paths.len()).unwrap_or(i32::MAX))
        .set_items(Some(paths.to_vec()))
        .build()
        .map_err(incomplete)?;
    let batch = InvalidationBatch::builder()
        .paths(items)
        .caller_reference(reference)
        .build()
        .map_err(incomplete)?;
    let answer = cloudfront
        .create_invalidation()
        .distribution_id(distribution)
        .invalidation_batch(batch)
        .send()
        .await
        .map_err(|e| explain(call.action(), distribution, e))?;
    let made = answer.invalidation();
    Ok(CallOutcome {
        summary: match made {
            Some(made) => format!("invalidation {} is {}", made.id(), made.status()),
            None => format!("{distribution} drops {} paths", paths.len()),
        },
        resource: made.map(|made| made.id().to_owned()),
        session: None,
    })
}

async fn switch(
    cloudwatch: &aws_sdk_cloudwatch::Client,
    call: &EdgeCall,
    alarm: &str,
    to: Switch,
) -> Result<CallOutcome> {
    match to {
        Switch::Enabled => {
            let asked = cloudwatch.enable_alarm_actions().alarm_names(alarm);
            let answer = asked.send().await;
            answer
                .map(drop)
                .map_err(|e| explain(call.action(), alarm, e))
        }
        Switch::Disabled => {
            let asked = cloudwatch.disable_alarm_actions().alarm_names(alarm);
            let answer = asked.send().await;
            answer
                .map(drop)
                .map_err(|e| explain(call.action(), alarm, e))
        }
    }?;
    Ok(CallOutcome {
        summary: format!("actions of {alarm} are {}", to.word()),
        resource: Some(alarm.to_owned()),
        session: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_cloudfront::{
        operation::create_invalidation::CreateInvalidationOutput, types::Invalidation,
    };
    use aws_smithy_mocks::mock;
    use aws_smithy_types::DateTime;

    #[tokio::test]
    async fn an_invalidation_names_its_paths_and_the_reference_of_its_plan() {
        let rule = mock!(aws_sdk_cloudfront::Client::create_invalidation)
            .match_requests(|request| {
                let batch = request.invalidation_batch().unwrap();
                let paths = batch.paths().unwrap();
                request.distribution_id() == Some("E1")
                    && batch.caller_reference() == "hydren-1"
                    && paths.items() == ["/a", "/b*"]
                    && paths.quantity() == 2
            })
            .then_output(|| {
                let made = Invalidation::builder()
                    .id("I7")
                    .status("InProgress")
                    .create_time(DateTime::from_secs(0))
                    .build();
                CreateInvalidationOutput::builder()
                    .invalidation(made.unwrap())
                    .build()
            });
        let client = mocked!(aws_sdk_cloudfront, [&rule]);
        let paths = ["/a".to_owned(), "/b*".to_owned()];
        let call = EdgeCall::InvalidatePaths {
            distribution: "E1".to_owned(),
            paths: paths.to_vec(),
            reference: "hydren-1".to_owned(),
        };
        let outcome = invalidate(&client, &call, "E1", &paths, "hydren-1").await;
        let outcome = outcome.unwrap();
        assert_eq!(outcome.resource.as_deref(), Some("I7"));
        assert_eq!(outcome.summary, "invalidation I7 is InProgress");
    }
}
