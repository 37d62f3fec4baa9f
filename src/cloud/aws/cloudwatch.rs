//! CloudWatch: metric series, alarms with their history, dashboards.
//!
//! CloudFront, its web ACL and Route 53 publish in us-east-1 only, everything else in the home region. An environment at home in us-east-1
//! has one region, and is asked once.

mod alarms;
mod metrics;
mod places;

pub(super) use alarms::read;
pub(super) use metrics::metrics;

use super::{AwsCloud, Clients, EDGE_REGION};
use aws_sdk_cloudwatch::Client;

/// A region with its client.
#[derive(Clone, Copy)]
struct Region<'a> {
    name: &'a str,
    client: &'a Client,
}

/// The regions of an environment.
struct Regions<'a> {
    home: Region<'a>,
    /// us-east-1, unless that is home.
    edge: Option<Region<'a>>,
}

impl<'a> Regions<'a> {
    fn of(aws: &'a AwsCloud, clients: &'a Clients) -> Self {
        let configured = clients.cloudwatch.config().region();
        let home = configured.map_or(aws.environment.region.as_str(), AsRef::as_ref);
        Self {
            home: Region {
                name: home,
                client: &clients.cloudwatch,
            },
            edge: (home != EDGE_REGION).then_some(Region {
                name: EDGE_REGION,
                client: &clients.edge_cloudwatch,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
