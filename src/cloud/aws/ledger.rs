//! What is billed and shown by no tier: log groups as they are kept, and Elastic IP addresses.

use super::{AwsCloud, failure::explain, parallel, shape::text};
use crate::{
    error::Result,
    model::{
        ledger::{Address, Ledger, LogGroup},
        log::Place,
    },
};
use aws_sdk_cloudwatchlogs::Client as Logs;
use aws_sdk_ec2::{Client as Ec2, types};
use futures::future::join;

/// Log groups that one listing gives at the most (CloudWatch Logs API, DescribeLogGroups).
const PAGE: i32 = 50;

/// Reads both side by side. A group or the addresses that cannot be read are gaps.
///
/// # Errors
/// What AWS answered where nothing could be read.
pub(super) async fn read(cloud: &AwsCloud, groups: &[String]) -> Result<Ledger> {
    let clients = cloud.clients().await?;
    let home = cloud.environment.region.as_str();
    let asked = groups.iter().map(|group| async move {
        match Place::of(group) {
            Place::Group { name, region } => {
                log_group(
                    &clients.logs_of(region),
                    group,
                    name,
                    region.unwrap_or(home),
                )
                .await
            }
            Place::Files { .. } => Ok(None),
        }
    });
    let (kept, addresses) = join(parallel::all(asked.collect()), addresses(&clients.ec2)).await;
    let nothing = kept.iter().all(Result::is_err);
    let mut ledger = Ledger::default();
    for group in kept {
        match group {
            Ok(group) => ledger.log_groups.extend(group),
            Err(error) => ledger.gaps.push(error.to_string()),
        }
    }
    match addresses {
        Ok(found) => ledger.addresses = found,
        Err(error) if nothing => return Err(error),
        Err(error) => ledger.gaps.push(error.to_string()),
    }
    // One denial says what as many sentences as there are groups would.
    ledger.gaps.sort();
    ledger.gaps.dedup();
    Ok(ledger)
}

/// The group of exactly that name; `None` where there is none (yet: the first line makes it).
async fn log_group(logs: &Logs, group: &str, name: &str, region: &str) -> Result<Option<LogGroup>> {
    let answer = logs
        .describe_log_groups()
        .log_group_name_prefix(name)
        .limit(PAGE)
        .send()
        .await
        .map_err(|e| explain("logs:DescribeLogGroups", name, e))?;
    // A name is the first of those that begin with it: they come in the order of their names.
    let mut found = answer.log_groups().iter();
    Ok(found
        .find(|found| found.log_group_name() == Some(name))
        .map(|found| LogGroup {
            name: group.to_owned(),
            region: region.to_owned(),
            stored_bytes: found.stored_bytes().and_then(|bytes| bytes.try_into().ok()),
            retention_days: found.retention_in_days(),
            class: found
                .log_group_class()
                .map_or("STANDARD", |class| class.as_str())
                .to_owned(),
        }))
}

/// The region's addresses of this account.
async fn addresses(ec2: &Ec2) -> Result<Vec<Address>> {
    let answer = ec2
        .describe_addresses()
        .send()
        .await
        .map_err(|e| explain("ec2:DescribeAddresses", "the region", e))?;
    Ok(answer.addresses().iter().map(address).collect())
}

fn address(found: &types::Address) -> Address {
    let name = found.tags().iter().find(|tag| tag.key() == Some("Name"));
    let user = found
        .network_interface_id()
        .or(found.instance_id())
        .or(found.association_id())
        .filter(|id| !id.is_empty());
    Address {
        allocation: text(found.allocation_id()),
        ip: text(found.public_ip()),
        name: name.and_then(types::Tag::value).map(str::to_owned),
        used_by: user.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::super::mocked::mocked;
    use super::*;
    use aws_sdk_cloudwatchlogs::{
        operation::describe_log_groups::DescribeLogGroupsOutput, types::LogGroup as Found,
    };
    use aws_smithy_mocks::mock;

    #[tokio::test]
    async fn a_group_is_found_by_its_whole_name_and_an_unused_address_by_its_silence() {
        let groups = mock!(Logs::describe_log_groups).then_output(|| {
            let group = |name: &str, days| {
                Found::builder()
                    .log_group_name(name)
                    .stored_bytes(2_048)
                    .set_retention_in_days(days)
                    .build()
            };
            DescribeLogGroupsOutput::builder()
                .log_groups(group("/ecs/app", None))
                .log_groups(group("/ecs/app-2", Some(30)))
                .build()
        });
        let logs = mocked!(aws_sdk_cloudwatchlogs, [&groups]);
        let found = log_group(&logs, "/ecs/app", "/ecs/app", "eu-central-1").await;
        let found = found.unwrap().unwrap();
        assert_eq!(
            (
                found.stored_bytes,
                found.retention_days,
                found.class.as_str()
            ),
            (Some(2_048), None, "STANDARD")
        );
        let none = log_group(&logs, "/ecs/other", "/ecs/other", "eu-central-1").await;
        assert!(none.unwrap().is_none());

        let unused = types::Address::builder()
            .allocation_id("eipalloc-1")
            .public_ip("192.0.2.1");
        assert_eq!(address(&unused.clone().build()).used_by, None);
        let used = unused.network_interface_id("eni-1").build();
        assert_eq!(address(&used).used_by.as_deref(), Some("eni-1"));
    }
}
