//! The cluster, its services and the repositories of their images.

use super::super::{client::Clients, failure::explain, pages::every, parallel};
use super::{StackResources, listed};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{discovery::Start, environment::ServiceRole},
};
use aws_sdk_ecs::types::{Cluster, Service};
use regex::Regex;
use std::{collections::BTreeSet, sync::LazyLock};

/// Clusters that DescribeClusters takes at once (docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html).
const CLUSTERS: usize = 100;

/// Services that DescribeServices takes at once (API_DescribeServices.html beside it).
const SERVICES: usize = 10;

/// The cluster to walk from; `None` for a stack without one.
pub(super) async fn cluster(
    clients: &Clients,
    start: &Start,
    stack: &StackResources,
) -> Result<Option<String>> {
    match start {
        Start::Cluster(name) => known(clients, name).await.map(Some),
        Start::Stack(_) => Ok(of_stack(stack)),
        Start::Nothing => only(clients).await.map(Some),
    }
}

/// The stack's cluster, or the one that its services' ARNs name: `arn:…:service/CLUSTER/SERVICE`.
fn of_stack(stack: &StackResources) -> Option<String> {
    stack.first("AWS::ECS::Cluster").or_else(|| {
        let service = stack.of("AWS::ECS::Service").next()?;
        let cluster = service.split_once(":service/")?.1.split_once('/')?.0;
        Some(cluster.to_owned())
    })
}

/// A cluster that was named. It must exist; that it may not be described is found out by what follows.
async fn known(clients: &Clients, name: &str) -> Result<String> {
    let described = describe(clients, vec![name.to_owned()]).await;
    let clusters = match described {
        Err(Error {
            kind: ErrorKind::Denied { .. } | ErrorKind::Unsupported,
            ..
        }) => return Ok(name.to_owned()),
        answered => answered?,
    };
    let cluster = clusters.into_iter().find(is_active);
    cluster
        .and_then(|cluster| cluster.cluster_name)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("no active cluster is named {name} in this account and region"),
            )
            .hint("name another with --cluster NAME, or another region with --region")
        })
}

/// The only cluster that has services; where none has any, the only cluster.
async fn only(clients: &Clients) -> Result<String> {
    let pages = clients.ecs.list_clusters().into_paginator().items().send();
    let arns = every(pages, "ecs:ListClusters", "the region").await?;
    let mut clusters = Vec::new();
    for batch in arns.chunks(CLUSTERS) {
        clusters.extend(describe(clients, batch.to_vec()).await?);
    }
    clusters.retain(is_active);
    let counts = parallel::all(
        clusters
            .iter()
            .map(|cluster| has_services(clients, cluster))
            .collect(),
    );
    let counts = counts.await.into_iter().collect::<Result<Vec<bool>>>()?;
    if counts.contains(&true) {
        let mut counts = counts.into_iter();
        clusters.retain(|_| counts.next() == Some(true));
    }
    let mut names: Vec<String> = clusters
        .into_iter()
        .filter_map(|c| c.cluster_name)
        .collect();
    names.sort();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(Error::new(
            ErrorKind::NotFound,
            "this account has no ECS cluster in this region",
        )
        .hint("name another region with --region, or a stack with --stack NAME")),
        several => Err(Error::new(
            ErrorKind::Usage,
            format!(
                "several clusters could be meant: {}",
                listed(several.iter())
            ),
        )
        .hint("choose one with --cluster NAME")),
    }
}

/// Whether a cluster has services. The count in its description is trusted unless it is 0: a test server may not keep it.
async fn has_services(clients: &Clients, cluster: &Cluster) -> Result<bool> {
    if cluster.active_services_count > 0 {
        return Ok(true);
    }
    let name = cluster.cluster_name().unwrap_or_default();
    let request = clients.ecs.list_services().cluster(name).max_results(1);
    let answer = request
        .send()
        .await
        .map_err(|e| explain("ecs:ListServices", &format!("cluster {name}"), e))?;
    Ok(!answer.service_arns().is_empty())
}

fn is_active(cluster: &Cluster) -> bool {
    cluster.status() != Some("INACTIVE")
}

async fn describe(clients: &Clients, names: Vec<String>) -> Result<Vec<Cluster>> {
    let resource = listed(names.iter());
    let answer = clients
        .ecs
        .describe_clusters()
        .set_clusters(Some(names))
        .send()
        .await
        .map_err(|e| explain("ecs:DescribeClusters", &resource, e))?;
    Ok(answer.clusters.unwrap_or_default())
}

/// The stack's services, else all of the cluster's, by name. `None` when there are none.
pub(super) async fn services(
    clients: &Clients,
    cluster: &str,
    stack: &StackResources,
) -> Result<Option<Vec<Service>>> {
    let mut arns: Vec<String> = stack.of("AWS::ECS::Service").map(str::to_owned).collect();
    if arns.is_empty() {
        let request = clients.ecs.list_services().cluster(cluster);
        arns = every(
            request.into_paginator().items().send(),
            "ecs:ListServices",
            &format!("cluster {cluster}"),
        )
        .await?;
    }
    let described = arns.chunks(SERVICES).map(async |batch| {
        clients
            .ecs
            .describe_services()
            .cluster(cluster)
            .set_services(Some(batch.to_vec()))
            .send()
            .await
            .map_err(|e| explain("ecs:DescribeServices", &format!("cluster {cluster}"), e))
    });
    let mut services = Vec::new();
    for answer in parallel::all(described.collect()).await {
        services.extend(answer?.services.unwrap_or_default());
    }
    services.retain(|service| service.status() != Some("INACTIVE"));
    services.sort_by(|a, b| a.service_name().cmp(&b.service_name()));
    Ok(Some(services).filter(|services| !services.is_empty()))
}

/// Guesses a service's part from its name. The plainer words come first: `web-backend` is a backend.
pub(super) fn role(name: &str) -> ServiceRole {
    const WORDS: [(&str, ServiceRole); 7] = [
        ("front", ServiceRole::Frontend),
        ("back", ServiceRole::Backend),
        ("flask", ServiceRole::Backend),
        ("static", ServiceRole::Frontend),
        ("api", ServiceRole::Backend),
        ("web", ServiceRole::Frontend),
        ("app", ServiceRole::Backend),
    ];
    let name = name.to_lowercase();
    // Two letters are found inside too many words.
    if name
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| word == "ui")
    {
        return ServiceRole::Frontend;
    }
    let guess = WORDS.iter().find(|(word, _)| name.contains(word));
    guess.map_or(ServiceRole::Other, |(_, role)| *role)
}

/// Repositories of the stack and of the images that the services run.
pub(super) async fn repositories(
    clients: &Clients,
    services: &[Service],
    stack: &StackResources,
    region: &str,
) -> Result<Option<Vec<String>>> {
    let definitions = services
        .iter()
        .filter_map(|service| service.task_definition());
    let described = definitions.map(async |arn| {
        clients
            .ecs
            .describe_task_definition()
            .task_definition(arn)
            .send()
            .await
            .map_err(|e| explain("ecs:DescribeTaskDefinition", arn, e))
    });
    let mut names: BTreeSet<String> = stack
        .of("AWS::ECR::Repository")
        .map(str::to_owned)
        .collect();
    for answer in parallel::all(described.collect()).await {
        let Some(definition) = answer?.task_definition else {
            continue;
        };
        let images = definition
            .container_definitions()
            .iter()
            .filter_map(|c| c.image());
        names.extend(images.filter_map(|image| repository(image, region)));
    }
    Ok(Some(names.into_iter().collect::<Vec<_>>()).filter(|names| !names.is_empty()))
}

/// The repository of an ECR image of `region`: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`, and the dual-stack form
/// `ACCOUNT.dkr-ecr.REGION.on.aws/NAME` (docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html).
fn repository(image: &str, region: &str) -> Option<String> {
    static URI: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/([^:@]+)",
        )
        .ok()
    });
    let parts = URI.as_ref()?.captures(image)?;
    (parts.get(1)?.as_str() == region).then(|| parts.get(2).map(|name| name.as_str().to_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_the_plainest_word_of_the_name() {
        for name in ["shop-frontend", "web", "admin-ui", "static-site"] {
            assert_eq!(role(name), ServiceRole::Frontend, "{name}");
        }
        for name in ["shop-backend", "Flask", "api-v2", "web-backend", "app"] {
            assert_eq!(role(name), ServiceRole::Backend, "{name}");
        }
        for name in ["worker", "builder", "queue"] {
            assert_eq!(role(name), ServiceRole::Other, "{name}");
        }
    }

    #[test]
    fn repositories_are_those_of_ecr_in_this_region() {
        let of = |image: &str| repository(image, "eu-central-1");
        let registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
        assert_eq!(
            of(&format!("{registry}/shop/api:v1")).as_deref(),
            Some("shop/api")
        );
        assert_eq!(
            of(&format!("{registry}/web@sha256:abc")).as_deref(),
            Some("web")
        );
        assert_eq!(
            of("123456789012.dkr-ecr.eu-central-1.on.aws/web").as_deref(),
            Some("web")
        );
        assert_eq!(
            of("123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1"),
            None
        );
        assert_eq!(of("docker.io/library/nginx:1.27"), None);
    }
}
