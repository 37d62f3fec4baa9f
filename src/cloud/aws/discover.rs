//! Discovery: from a cluster, a stack or nothing along the request path, so that nobody has to write names down.
//!
//! ```text
//! cluster ─▶ services ─┬▶ target groups ─▶ load balancer ─┬▶ distribution ─▶ web ACL, hosted zone ─▶ domain
//!                      └▶ task definitions ─▶ repositories └▶ VPC ─▶ database, log groups
//! alarms and dashboards by their names
//! ```
//!
//! What a stack names is taken from it; the walk finds the rest.

mod compute;
mod edge;
mod home;
mod stack;

use super::{AwsCloud, client::Clients};
use crate::{
    error::{Error, Result},
    model::{
        database::DatabaseKind,
        discovery::{Discovery, Outcome, Start},
        edge::WafScope,
        environment::{DatabaseName, ServiceName, WebAclName},
    },
};
use futures::join;
use stack::StackResources;

/// The parts in path order, as the steps name them.
const PATH: [&str; 13] = [
    "domain",
    "hosted zone",
    "distribution",
    "web ACL",
    "load balancer",
    "cluster",
    "services",
    "database",
    "repositories",
    "VPC",
    "log groups",
    "alarms",
    "dashboard",
];

/// Walks from `start`.
///
/// # Errors
/// Nothing to walk from: no cluster with services or several of them, an unknown cluster or stack, no credentials.
pub(super) async fn discover(cloud: &AwsCloud, start: &Start) -> Result<Discovery> {
    let clients = cloud.clients().await?;
    let stack = match start {
        Start::Stack(name) => stack::read(clients, name).await?,
        Start::Cluster(_) | Start::Nothing => StackResources::default(),
    };
    let mut walk = Walk {
        clients,
        stack,
        found: Discovery::default(),
    };
    walk.compute(start, &cloud.environment.region).await?;
    let mut found = walk.found;
    found
        .steps
        .sort_by_key(|step| PATH.iter().position(|&part| part == step.what));
    Ok(found)
}

/// A walk under way.
struct Walk<'a> {
    clients: &'a Clients,
    stack: StackResources,
    found: Discovery,
}

impl Walk<'_> {
    /// Takes what was looked for, and records what became of it.
    fn note<T>(
        &mut self,
        what: &'static str,
        result: Result<Option<T>>,
        name: impl FnOnce(&T) -> String,
        missing: &str,
    ) -> Option<T> {
        let (value, outcome) = match result {
            Ok(Some(value)) => {
                let name = name(&value);
                (Some(value), Outcome::Found(name))
            }
            Ok(None) => (None, Outcome::Missing(missing.to_owned())),
            Err(error) => (None, Outcome::Failed(error)),
        };
        self.found.record(what, outcome);
        value
    }

    /// Cluster and services, then everything that hangs on them.
    async fn compute(&mut self, start: &Start, region: &str) -> Result<()> {
        let clients = self.clients;
        let cluster = compute::cluster(clients, start, &self.stack).await?;
        let services = match &cluster {
            Some(name) => compute::services(clients, name, &self.stack).await,
            None => Ok(None),
        };
        let cluster = self.note(
            "cluster",
            Ok(cluster),
            String::clone,
            "the stack has no cluster",
        );
        let services = self.note(
            "services",
            services,
            |services| listed(services.iter().filter_map(|s| s.service_name())),
            "the cluster has no services",
        );
        let services = services.unwrap_or_default();
        let names = services.iter().filter_map(|service| service.service_name());
        self.found.resources.services = names
            .map(|name| ServiceName {
                name: name.to_owned(),
                role: compute::role(name),
            })
            .collect();
        // Dashboards and alarms carry the name that people gave the whole.
        let label = match start {
            Start::Stack(name) => Some(name.clone()),
            Start::Cluster(_) | Start::Nothing => cluster.clone(),
        };
        self.found.resources.cluster = cluster;

        let (balancer, repositories, alarms, dashboard) = join!(
            edge::balancer(clients, &services, &self.stack),
            compute::repositories(clients, &services, &self.stack, region),
            home::alarm_prefix(clients),
            home::dashboard(clients, label.as_deref(), &self.stack),
        );
        let balancer = self.note(
            "load balancer",
            balancer,
            |balancer| balancer.name.clone(),
            "no service registers with an application load balancer",
        );
        self.found.resources.repositories = self
            .note(
                "repositories",
                repositories,
                |names| listed(names.iter()),
                "no service runs an image of ECR in this region",
            )
            .unwrap_or_default();
        self.found.resources.alarm_prefix = self.note(
            "alarms",
            alarms,
            |prefix| format!("all begin with {prefix}"),
            "the names have no common beginning: alarms are matched by their dimensions",
        );
        self.found.resources.dashboard = self.note(
            "dashboard",
            dashboard,
            String::clone,
            "not exactly one dashboard is named after the environment",
        );

        let vpc = match balancer.as_ref().and_then(|balancer| balancer.vpc.clone()) {
            Some(vpc) => Ok(Some(vpc)),
            None => home::vpc(clients, &services, &self.stack).await,
        };
        let vpc = self.note(
            "VPC",
            vpc,
            String::clone,
            "neither balancer nor service tells one",
        );
        self.edge(balancer.as_ref()).await;
        self.home(vpc.as_deref()).await;
        self.found.resources.load_balancer = balancer.map(|balancer| balancer.name);
        self.found.resources.vpc = vpc;
        Ok(())
    }

    /// What stands before the balancer.
    async fn edge(&mut self, balancer: Option<&edge::FoundBalancer>) {
        let clients = self.clients;
        let (distribution, zones) = join!(
            edge::distribution(clients, balancer, &self.stack),
            edge::zones(clients)
        );
        let distribution = self.note(
            "distribution",
            distribution,
            |d| format!("{} ({})", d.id, d.domain_name),
            match balancer {
                Some(_) => "no distribution has the load balancer as an origin",
                None => "there is no load balancer to be its origin",
            },
        );
        let acl = edge::web_acl(clients, distribution.as_ref(), balancer, &self.stack).await;
        self.found.resources.web_acl = self.note(
            "web ACL",
            acl,
            |acl: &WebAclName| match acl.scope {
                WafScope::CloudFront => format!("{} in front of the distribution", acl.name),
                WafScope::Regional => format!("{} in front of the load balancer", acl.name),
            },
            "neither distribution nor load balancer has a web ACL of WAF v2",
        );
        let aliases = distribution.as_ref().map_or(&[][..], |d| &d.aliases);
        let zone = zones.map(|zones| edge::zone(&zones, aliases, &self.stack));
        let domain = match &zone {
            Ok(Some((_, Some(domain)))) => Some(domain.clone()),
            _ => aliases.first().cloned(),
        };
        self.found.resources.domain = self.note(
            "domain",
            Ok(domain),
            String::clone,
            "no distribution with an alternate domain name was found",
        );
        self.found.resources.hosted_zone = self
            .note(
                "hosted zone",
                zone,
                |(zone, _)| format!("{} ({})", zone.name, zone.id),
                "no hosted zone of this account holds the distribution's names",
            )
            .map(|(zone, _)| zone.id);
        self.found.resources.distribution = distribution.map(|d| d.id);
    }

    /// What stands behind the services.
    async fn home(&mut self, vpc: Option<&str>) {
        let clients = self.clients;
        let (database, flow_logs) = join!(
            home::database(clients, vpc, &self.stack),
            home::flow_log_groups(clients, vpc)
        );
        let database = self.note(
            "database",
            database,
            home::FoundDatabase::describe,
            match vpc {
                Some(_) => "no database stands in the VPC",
                None => "there is no VPC to look in",
            },
        );
        let exports = database
            .as_ref()
            .map_or_else(Vec::new, home::FoundDatabase::log_groups);
        let groups = flow_logs.map(|flow_logs| {
            let mut groups: Vec<String> = exports.iter().cloned().chain(flow_logs).collect();
            groups.dedup();
            Some(groups).filter(|groups| !groups.is_empty())
        });
        let groups = self.note(
            "log groups",
            groups,
            |groups| listed(groups.iter()),
            "neither the database nor VPC flow logs write to CloudWatch Logs",
        );
        // The database's groups are known even where flow logs may not be read.
        self.found.resources.log_groups = groups.unwrap_or(exports);
        self.found.resources.database = database.map(|database| DatabaseName {
            id: database.id,
            kind: database.kind,
        });
    }
}

/// Names as one line.
fn listed<S: AsRef<str>>(names: impl Iterator<Item = S>) -> String {
    let names: Vec<S> = names.collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.join(", ")
}
