//! What stands before the services: load balancer, distribution, web ACL and hosted zone.

use super::super::{client::Clients, failure::explain, pages::every, parallel, shape::text};
use super::StackResources;
use crate::{
    error::Result,
    model::{edge::WafScope, environment::WebAclName},
};
use aws_sdk_cloudfront::types::{Aliases, DistributionSummary, Origins};
use aws_sdk_ecs::types::Service;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use aws_sdk_route53::types::{AliasTarget, HostedZoneConfig, ResourceRecord};

/// Zones asked whether they hold an origin's name. One origin has one or two.
const ZONES: usize = 5;

/// The load balancer, with what the walk needs of it.
#[derive(Debug)]
pub(super) struct FoundBalancer {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) dns_name: String,
    pub(super) vpc: Option<String>,
}

/// The distribution, with what the walk needs of it.
#[derive(Debug)]
pub(super) struct FoundDistribution {
    pub(super) id: String,
    pub(super) domain_name: String,
    pub(super) aliases: Vec<String>,
    origins: Vec<String>,
    web_acl: String,
}

/// A public hosted zone.
#[derive(Debug, Clone)]
pub(super) struct FoundZone {
    pub(super) id: String,
    /// Without the trailing dot.
    pub(super) name: String,
}

/// The application load balancer that the services' target groups hang on, else the stack's.
pub(super) async fn balancer(
    clients: &Clients,
    services: &[Service],
    stack: &StackResources,
) -> Result<Option<FoundBalancer>> {
    let groups: Vec<String> = services
        .iter()
        .flat_map(Service::load_balancers)
        .filter_map(|registration| registration.target_group_arn.clone())
        .collect();
    let mut arns = Vec::new();
    if !groups.is_empty() {
        let request = clients
            .elb
            .describe_target_groups()
            .set_target_group_arns(Some(groups));
        let groups = every(
            request.into_paginator().items().send(),
            "elasticloadbalancing:DescribeTargetGroups",
            "the services' target groups",
        )
        .await?;
        arns.extend(
            groups
                .into_iter()
                .filter_map(|g| g.load_balancer_arns)
                .flatten(),
        );
    }
    arns.extend(stack.first("AWS::ElasticLoadBalancingV2::LoadBalancer"));
    arns.sort();
    arns.dedup();
    if arns.is_empty() {
        return Ok(None);
    }
    let request = clients
        .elb
        .describe_load_balancers()
        .set_load_balancer_arns(Some(arns));
    let balancers = every(
        request.into_paginator().items().send(),
        "elasticloadbalancing:DescribeLoadBalancers",
        "the services' load balancers",
    )
    .await?;
    Ok(balancers
        .into_iter()
        .find(|balancer| balancer.r#type() == Some(&LoadBalancerTypeEnum::Application))
        .and_then(|balancer| {
            Some(FoundBalancer {
                name: balancer.load_balancer_name?,
                arn: balancer.load_balancer_arn?,
                dns_name: balancer.dns_name?,
                vpc: balancer.vpc_id,
            })
        }))
}

/// The stack's distribution, else the one whose origin is the balancer, by its own name or by a record that leads to it.
pub(super) async fn distribution(
    clients: &Clients,
    balancer: Option<&FoundBalancer>,
    stack: &StackResources,
) -> Result<Option<FoundDistribution>> {
    let mut all = distributions(clients).await?;
    let place = place(clients, &all, balancer, stack).await?;
    Ok(place.map(|place| all.swap_remove(place)))
}

/// The place of the environment's distribution among `all`.
async fn place(
    clients: &Clients,
    all: &[FoundDistribution],
    balancer: Option<&FoundBalancer>,
    stack: &StackResources,
) -> Result<Option<usize>> {
    let named = |d: &FoundDistribution| {
        stack
            .of("AWS::CloudFront::Distribution")
            .any(|id| id == d.id)
    };
    let of_stack = all.iter().position(named);
    let Some(balancer) = balancer else {
        return Ok(of_stack);
    };
    let direct = || {
        all.iter().position(|d| {
            d.origins
                .iter()
                .any(|origin| same_name(origin, &balancer.dns_name))
        })
    };
    if let Some(place) = of_stack.or_else(direct) {
        return Ok(Some(place));
    }
    let zones = zones(clients).await?;
    for (place, candidate) in all.iter().enumerate() {
        for origin in &candidate.origins {
            if leads_to(clients, &zones, origin, &balancer.dns_name).await? {
                return Ok(Some(place));
            }
        }
    }
    Ok(None)
}

/// The account's distributions. A summary without origins, which AWS does not give but a test server may, is completed one by one.
async fn distributions(clients: &Clients) -> Result<Vec<FoundDistribution>> {
    let pages = clients.cloudfront.list_distributions().into_paginator();
    let all = every(
        pages.items().send(),
        "cloudfront:ListDistributions",
        "the account",
    )
    .await?;
    let complete = all.iter().map(async |summary| {
        let origins = summary.origins().map_or_else(Vec::new, domains);
        if origins.is_empty() {
            return configured(clients, summary).await;
        }
        Ok(FoundDistribution {
            id: summary.id().to_owned(),
            domain_name: summary.domain_name().to_owned(),
            origins,
            aliases: names(summary.aliases()),
            web_acl: summary.web_acl_id().to_owned(),
        })
    });
    parallel::all(complete.collect())
        .await
        .into_iter()
        .collect()
}

async fn configured(clients: &Clients, summary: &DistributionSummary) -> Result<FoundDistribution> {
    let answer = clients
        .cloudfront
        .get_distribution()
        .id(summary.id())
        .send()
        .await
        .map_err(|e| explain("cloudfront:GetDistribution", summary.id(), e))?;
    let config = answer.distribution().and_then(|d| d.distribution_config());
    Ok(FoundDistribution {
        id: summary.id().to_owned(),
        domain_name: summary.domain_name().to_owned(),
        origins: config
            .and_then(|c| c.origins())
            .map_or_else(Vec::new, domains),
        aliases: names(config.and_then(|c| c.aliases())),
        web_acl: text(config.and_then(|c| c.web_acl_id())),
    })
}

fn domains(origins: &Origins) -> Vec<String> {
    origins
        .items()
        .iter()
        .map(|origin| origin.domain_name().to_owned())
        .collect()
}

fn names(aliases: Option<&Aliases>) -> Vec<String> {
    aliases.map_or_else(Vec::new, |aliases| aliases.items().to_vec())
}

/// Whether two DNS names are the same. Route 53 writes a trailing dot, and `dualstack.` before a balancer's name.
fn same_name(a: &str, b: &str) -> bool {
    fn plain(name: &str) -> &str {
        let name = name.trim_end_matches('.');
        name.strip_prefix("dualstack.").unwrap_or(name)
    }
    plain(a).eq_ignore_ascii_case(plain(b))
}

/// Whether a record named `name` leads to `target`.
async fn leads_to(
    clients: &Clients,
    zones: &[FoundZone],
    name: &str,
    target: &str,
) -> Result<bool> {
    for zone in zones
        .iter()
        .filter(|zone| holds(&zone.name, name))
        .take(ZONES)
    {
        let answer = clients
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(&zone.id)
            .start_record_name(name)
            .max_items(5)
            .send()
            .await
            .map_err(|e| explain("route53:ListResourceRecordSets", &zone.name, e))?;
        let ours = answer
            .resource_record_sets()
            .iter()
            .filter(|set| same_name(set.name(), name));
        for set in ours {
            let alias = set.alias_target().map(AliasTarget::dns_name);
            let values = set.resource_records().iter().map(ResourceRecord::value);
            if alias
                .into_iter()
                .chain(values)
                .any(|to| same_name(to, target))
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether `name` is a zone's apex or lies under it.
fn holds(zone: &str, name: &str) -> bool {
    name.eq_ignore_ascii_case(zone)
        || name.len() > zone.len() + 1
            && name.is_char_boundary(name.len() - zone.len())
            && name[..name.len() - zone.len()].ends_with('.')
            && name[name.len() - zone.len()..].eq_ignore_ascii_case(zone)
}

/// The web ACL of the distribution, else of the balancer, else the stack's.
pub(super) async fn web_acl(
    clients: &Clients,
    distribution: Option<&FoundDistribution>,
    balancer: Option<&FoundBalancer>,
    stack: &StackResources,
) -> Result<Option<WebAclName>> {
    if let Some(acl) = distribution.and_then(|d| acl_of_arn(&d.web_acl)) {
        return Ok(Some(acl));
    }
    if let Some(balancer) = balancer {
        let answer = clients
            .waf
            .get_web_acl_for_resource()
            .resource_arn(&balancer.arn)
            .send()
            .await
            .map_err(|e| explain("wafv2:GetWebACLForResource", &balancer.name, e))?;
        if let Some(acl) = answer.web_acl() {
            return Ok(Some(WebAclName {
                name: acl.name().to_owned(),
                id: acl.id().to_owned(),
                scope: WafScope::Regional,
            }));
        }
    }
    Ok(stack.of("AWS::WAFv2::WebACL").find_map(acl_of_stack))
}

/// The name in `arn:aws:wafv2:us-east-1:123456789012:global/webacl/NAME/ID`. A web ACL of WAF Classic has an id and no ARN.
fn acl_of_arn(arn: &str) -> Option<WebAclName> {
    let (scope, rest) = arn.splitn(6, ':').nth(5)?.split_once("/webacl/")?;
    let (name, id) = rest.split_once('/')?;
    Some(WebAclName {
        name: name.to_owned(),
        id: id.to_owned(),
        scope: if scope == "global" {
            WafScope::CloudFront
        } else {
            WafScope::Regional
        },
    })
}

/// CloudFormation's physical id of a web ACL: `NAME|ID|SCOPE`.
fn acl_of_stack(id: &str) -> Option<WebAclName> {
    let mut parts = id.split('|');
    let (name, id, scope) = (parts.next()?, parts.next()?, parts.next()?);
    Some(WebAclName {
        name: name.to_owned(),
        id: id.to_owned(),
        scope: if scope == "CLOUDFRONT" {
            WafScope::CloudFront
        } else {
            WafScope::Regional
        },
    })
}

/// The account's public hosted zones.
pub(super) async fn zones(clients: &Clients) -> Result<Vec<FoundZone>> {
    let pages = clients.route53.list_hosted_zones().into_paginator();
    let zones = every(
        pages.items().send(),
        "route53:ListHostedZones",
        "the account",
    )
    .await?;
    Ok(zones
        .iter()
        .filter(|zone| !zone.config().is_some_and(HostedZoneConfig::private_zone))
        .map(|zone| FoundZone {
            id: zone.id().trim_start_matches("/hostedzone/").to_owned(),
            name: zone.name().trim_end_matches('.').to_owned(),
        })
        .collect())
}

/// The zone that holds the first alias that any holds, the nearest of them, and that alias; else the stack's zone.
pub(super) fn zone(
    zones: &[FoundZone],
    aliases: &[String],
    stack: &StackResources,
) -> Option<(FoundZone, Option<String>)> {
    let nearest = aliases.iter().find_map(|alias| {
        let holding = zones.iter().filter(|zone| holds(&zone.name, alias));
        let zone = holding.max_by_key(|zone| zone.name.len())?;
        Some((zone.clone(), Some(alias.clone())))
    });
    nearest.or_else(|| {
        let id = stack.first("AWS::Route53::HostedZone")?;
        let zone = zones.iter().find(|zone| zone.id == id)?;
        Some((zone.clone(), None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone_named(name: &str) -> FoundZone {
        FoundZone {
            id: name.to_uppercase(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn the_zone_with_the_longest_common_end_holds_the_domain() {
        let zones = [
            zone_named("example.com"),
            zone_named("app.example.com"),
            zone_named("ample.com"),
        ];
        let found = |alias: &str| {
            zone(&zones, &[alias.to_owned()], &StackResources::default()).map(|(zone, _)| zone.name)
        };
        assert_eq!(
            found("www.app.example.com").as_deref(),
            Some("app.example.com")
        );
        assert_eq!(found("www.example.com").as_deref(), Some("example.com"));
        assert_eq!(found("example.com").as_deref(), Some("example.com"));
        assert_eq!(found("example.org"), None);
    }

    #[test]
    fn an_alias_outside_our_zones_gives_way_to_the_next() {
        let aliases = ["shop.example.org".to_owned(), "shop.example.com".to_owned()];
        let (_, domain) = zone(
            &[zone_named("example.com")],
            &aliases,
            &StackResources::default(),
        )
        .unwrap();
        assert_eq!(domain.as_deref(), Some("shop.example.com"));
    }

    #[test]
    fn names_are_compared_as_dns_does() {
        assert!(same_name(
            "dualstack.Shop-1.elb.amazonaws.com.",
            "shop-1.elb.amazonaws.com"
        ));
        assert!(!same_name(
            "shop-2.elb.amazonaws.com",
            "shop-1.elb.amazonaws.com"
        ));
    }

    #[test]
    fn a_web_acl_is_named_by_arn_or_by_cloudformation() {
        let arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/1a-2b";
        let expected = WebAclName {
            name: "shop".to_owned(),
            id: "1a-2b".to_owned(),
            scope: WafScope::CloudFront,
        };
        assert_eq!(acl_of_arn(arn).as_ref(), Some(&expected));
        assert_eq!(acl_of_stack("shop|1a-2b|CLOUDFRONT"), Some(expected));
        assert_eq!(acl_of_arn("473e64fd-f30b-4765-81a0-62ad96dd167a"), None);
        assert_eq!(acl_of_arn(""), None);
    }
}
