//! Route 53: the hosted zone, the records that lead into the environment, and its health checks.

mod health;

use super::{
    AwsCloud,
    client::Clients,
    cloudfront, configured, elbv2,
    failure::{explain, without},
    gap::or_gap,
};
use crate::{
    error::Result,
    model::edge::{Dns, DnsRecord, HostedZone, RecordTarget, ZoneVisibility},
};
use aws_sdk_route53::{
    Client,
    operation::get_hosted_zone::GetHostedZoneOutput,
    types::{self, ResourceRecordSet},
};
use futures::{
    FutureExt as _,
    future::{join, join4},
};

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
        health::list(&clients.route53),
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
        .filter(|check| health::belongs(check, &records, &places, domain.as_deref()))
        .collect();
    let health_checks = health::statuses(&clients.route53, &checks, &mut gaps).await;
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
    from_zone(&answer).ok_or_else(|| without(ACTION, id, "a zone"))
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
            .map_or(&[][..], types::DelegationSet::name_servers)
            .iter()
            .map(|server| plain(server))
            .collect(),
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
            let found = elbv2::find(&clients.elb, name).await?;
            Ok(found.dns_name().map(plain))
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
        ttl: set.ttl().filter(|_| alias.is_none()),
        health_check_id: set.health_check_id().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_route53::{
        operation::list_resource_record_sets::ListResourceRecordSetsOutput,
        types::{AliasTarget, ResourceRecord, RrType},
    };
    use aws_smithy_mocks::mock;

    fn places() -> Places {
        Places {
            distribution: vec!["d1.cloudfront.net".to_owned(), "app.example.com".to_owned()],
            balancer: Some("web-1.eu-central-1.elb.amazonaws.com".to_owned()),
        }
    }

    fn alias(name: &str, target: &str) -> ResourceRecordSet {
        let target = AliasTarget::builder()
            .hosted_zone_id("Z2FDTNDATAQYW2")
            .dns_name(target)
            .evaluate_target_health(true)
            .build()
            .unwrap();
        ResourceRecordSet::builder()
            .name(name)
            .r#type(RrType::A)
            .alias_target(target)
            .ttl(0)
            .build()
            .unwrap()
    }

    fn cname(name: &str, target: &str) -> ResourceRecordSet {
        ResourceRecordSet::builder()
            .name(name)
            .r#type(RrType::Cname)
            .ttl(300)
            .resource_records(ResourceRecord::builder().value(target).build().unwrap())
            .build()
            .unwrap()
    }

    #[test]
    fn a_record_says_where_it_leads() {
        let leads = |set| record(&set, &places()).unwrap().leads_to;
        assert_eq!(
            leads(alias("app.example.com.", "D1.CloudFront.net.")),
            RecordTarget::Distribution
        );
        assert_eq!(
            leads(cname("www.example.com.", "app.example.com")),
            RecordTarget::Distribution
        );
        assert_eq!(
            leads(alias(
                "x.example.com.",
                "dualstack.web-1.eu-central-1.elb.amazonaws.com."
            )),
            RecordTarget::Balancer
        );
        assert_eq!(
            leads(alias("y.example.com.", "d2.cloudfront.net.")),
            RecordTarget::Elsewhere
        );
    }

    #[test]
    fn an_alias_has_no_ttl_of_its_own() {
        let shown = record(
            &alias("\\052.example.com.", "d1.cloudfront.net."),
            &places(),
        )
        .unwrap();
        assert_eq!((shown.name.as_str(), shown.ttl), ("*.example.com", None));
        assert!(shown.alias && shown.evaluates_target_health);
        let shown = record(&cname("www.example.com.", "d1.cloudfront.net"), &places()).unwrap();
        assert_eq!(shown.ttl, Some(300));
    }

    #[tokio::test]
    async fn a_zone_of_two_pages_is_read_to_its_end() {
        let page = |set: ResourceRecordSet, next: Option<&str>| {
            ListResourceRecordSetsOutput::builder()
                .resource_record_sets(set)
                .is_truncated(next.is_some())
                .set_next_record_name(next.map(str::to_owned))
                .max_items(300)
                .build()
                .unwrap()
        };
        let first = mock!(Client::list_resource_record_sets)
            .match_requests(|input| input.start_record_name().is_none())
            .then_output(move || page(cname("a.example.com.", "x"), Some("b.example.com.")));
        let second = mock!(Client::list_resource_record_sets)
            .match_requests(|input| input.start_record_name() == Some("b.example.com."))
            .then_output(move || page(cname("b.example.com.", "x"), None));
        let client = mocked!(aws_sdk_route53, [&first, &second]);
        let sets = record_sets(&client, "Z1").await.unwrap();
        assert_eq!(sets.len(), 2);
    }
}
