//! Which log groups belong to an environment.

use crate::{
    model::{
        database::{Database, DatabaseKind},
        edge::WafLogs,
        environment::Environment,
        log::{LogOrigin, LogSource, Place},
    },
    observe::Observations,
};
use std::collections::BTreeMap;

/// What the name of a log group of AWS WAF must begin with
/// (docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html).
const WAF_PREFIX: &str = "aws-waf-logs-";

/// What stands before the name in the ARN of a log group.
const LOG_GROUP: &str = ":log-group:";

/// What RDS calls the log of PostgreSQL's server among those that can be exported
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html).
const SERVER: &str = "postgresql";

/// Lists the log groups of `environment`, each once, by origin, label and name: those that its containers, its database, its flow logs,
/// its web ACL and its load balancer write to as far as they were read, and those that the configuration names. The database's own log files take the place of a group
/// that it does not export to. What ECS says of its services has no log group and
/// is not among them.
#[must_use]
pub fn sources(environment: &Environment, seen: &Observations) -> Vec<LogSource> {
    let mut found = Found::default();
    for service in seen.compute().into_iter().flat_map(|c| &c.services) {
        let containers = service.task_definition.iter().flat_map(|d| &d.containers);
        let writing: Vec<(&str, &str)> = containers
            .filter_map(|c| Some((c.name.as_str(), c.log_group.as_deref()?)))
            .collect();
        let several = writing.iter().any(|(_, group)| *group != writing[0].1);
        for (container, group) in writing {
            let label = if several {
                format!("{}/{container}", service.name)
            } else {
                service.name.clone()
            };
            found.add(LogOrigin::Service, label, group);
        }
    }
    if let Some(database) = seen.database() {
        for export in &database.log_exports {
            let group = database.kind.log_group(&database.id, export);
            found.add(LogOrigin::Database, export.clone(), &group);
        }
        if !database.log_exports.iter().any(|export| export == SERVER) {
            for instance in instances(database) {
                let files = Place::files(instance);
                found.add(LogOrigin::Database, SERVER.to_owned(), &files);
            }
        }
    }
    let flow_logs = seen.network().into_iter().flat_map(|n| &n.flow_logs);
    for log in flow_logs.filter(|log| log.in_log_group()) {
        found.add(
            LogOrigin::FlowLogs,
            "flow".to_owned(),
            group_of(&log.destination),
        );
    }
    if let Some(WafLogs::To(arn)) = seen.waf().map(|waf| &waf.logs)
        && arn.contains(LOG_GROUP)
    {
        let group = named_here(arn, environment);
        found.add(LogOrigin::Waf, "waf".to_owned(), group);
    }
    for arn in seen.network().into_iter().flat_map(|n| &n.balancer_logs) {
        let group = named_here(arn, environment);
        found.add(LogOrigin::Balancer, "alb".to_owned(), group);
    }
    for group in &environment.resources.log_groups {
        if !found.0.contains_key(group) {
            let (origin, label) = by_name(group_of(group));
            found.add(origin, label, group);
        }
    }
    found.into_sources()
}

/// The log group of an ARN: its name in the environment's region, the ARN in another.
fn named_here<'a>(arn: &'a str, environment: &Environment) -> &'a str {
    match Place::of(arn) {
        Place::Group {
            name,
            region: Some(region),
        } if region == environment.region => name,
        _ => arn.trim_end_matches(":*"),
    }
}

/// Parts `sources` into those that one query of Logs Insights can ask, which are log groups of one region, the environment's where it
/// has any, and the others.
#[must_use]
pub fn queried(sources: Vec<LogSource>) -> (Vec<LogSource>, Vec<LogSource>) {
    let region = |source: &LogSource| match Place::of(&source.group) {
        Place::Group { region, .. } => Some(region.map(str::to_owned)),
        Place::Files { .. } => None,
    };
    let first = sources.iter().filter_map(region).min();
    sources
        .into_iter()
        .partition(|source| first.is_some() && region(source) == first)
}

/// The instances that keep log files of `database`.
fn instances(database: &Database) -> Vec<&str> {
    match database.kind {
        DatabaseKind::Instance => vec![&database.id],
        DatabaseKind::Cluster => database.members.iter().map(|(id, _)| id.as_str()).collect(),
    }
}

/// Log groups with their origin and who writes there.
#[derive(Default)]
struct Found(BTreeMap<String, (LogOrigin, Vec<String>)>);

impl Found {
    fn add(&mut self, origin: LogOrigin, label: String, group: &str) {
        let (_, labels) = self
            .0
            .entry(group.to_owned())
            .or_insert((origin, Vec::new()));
        if !labels.contains(&label) {
            labels.push(label);
        }
    }

    fn into_sources(self) -> Vec<LogSource> {
        let sources = self.0.into_iter();
        let mut sources: Vec<LogSource> = sources
            .map(|(group, (origin, labels))| LogSource {
                origin,
                label: labels.join("+"),
                group,
            })
            .collect();
        sources.sort();
        sources
    }
}

/// The log group of `destination`, which is its name or its ARN, `arn:aws:logs:eu-west-1:123456789012:log-group:NAME:*`.
pub(super) fn group_of(destination: &str) -> &str {
    destination
        .split_once(LOG_GROUP)
        .map_or(destination, |(_, name)| name.trim_end_matches(":*"))
}

/// What a group's name tells of who writes there: names that AWS gives, then the words that people use.
fn by_name(group: &str) -> (LogOrigin, String) {
    let last = || {
        let name = group.trim_end_matches('/');
        name.rsplit('/').next().unwrap_or(name).to_owned()
    };
    if let Some(name) = group.strip_prefix(WAF_PREFIX) {
        return (LogOrigin::Waf, format!("waf {name}"));
    }
    if group.starts_with("/aws/rds/") {
        return (LogOrigin::Database, last());
    }
    let lower = group.to_lowercase();
    let has = |word| {
        lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|w| w == word)
    };
    if has("flow") || has("flowlogs") {
        (LogOrigin::FlowLogs, "flow".to_owned())
    } else if has("alb") || has("elb") {
        (LogOrigin::Balancer, "alb".to_owned())
    } else {
        (LogOrigin::Other, last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cloud::sim::{SimCloud, SimOptions, environment},
        model::{Snapshot, Tier},
        report,
    };
    use std::sync::Arc;

    async fn demo() -> Observations {
        report::observe(&SimCloud::new(SimOptions::default()), &environment()).await
    }

    fn told(environment: &Environment, seen: &Observations) -> Vec<String> {
        let sources = sources(environment, seen).into_iter();
        sources
            .map(|s| format!("{:?} {} {}", s.origin, s.label, s.group))
            .collect()
    }

    #[tokio::test]
    async fn every_group_of_the_environment_is_found_once() {
        assert_eq!(
            told(&environment(), &demo().await),
            [
                "Service backend /ecs/hydren/backend",
                "Service frontend /ecs/hydren/frontend",
                "Database postgresql /aws/rds/instance/hydren-db/postgresql",
                "FlowLogs flow /vpc/hydren/flow-logs",
            ]
        );
    }

    #[test]
    fn what_the_configuration_names_is_found_before_anything_was_read() {
        let mut environment = environment();
        environment.resources.log_groups = [
            "/vpc/hydren/flow-logs",
            "aws-waf-logs-shop",
            "/aws/rds/cluster/shop/postgresql",
            "/aws/vendedlogs/alb/shop",
            "/aws/lambda/thumbnails",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(
            told(&environment, &Observations::default()),
            [
                "Database postgresql /aws/rds/cluster/shop/postgresql",
                "FlowLogs flow /vpc/hydren/flow-logs",
                "Waf waf shop aws-waf-logs-shop",
                "Balancer alb /aws/vendedlogs/alb/shop",
                "Other thumbnails /aws/lambda/thumbnails",
            ]
        );
    }

    #[tokio::test]
    async fn services_that_share_a_group_and_sidecars_with_their_own_are_told_apart() {
        let mut seen = demo().await;
        let mut compute = seen.compute().cloned().unwrap();
        let mut sidecar = None;
        for service in &mut compute.services {
            let definition = service.task_definition.as_mut().unwrap();
            for container in &mut definition.containers {
                container.log_group = Some("/ecs/shared".to_owned());
            }
            if service.name == "backend" {
                let mut proxy = definition.containers[0].clone();
                proxy.name = "proxy".to_owned();
                proxy.log_group = Some("/ecs/proxy".to_owned());
                definition.containers.push(proxy);
                sidecar = Some(definition.containers[0].name.clone());
            }
        }
        let tier = seen.tier_mut(Tier::Ecs);
        tier.value = Some(Snapshot::Compute(Arc::new(compute)));
        let sources = sources(&environment(), &seen);
        let label = |group: &str| {
            let source = sources.iter().find(|s| s.group == group).unwrap();
            source.label.clone()
        };
        assert_eq!(label("/ecs/proxy"), "backend/proxy");
        let shared = label("/ecs/shared");
        assert!(shared.contains("frontend"), "{shared}");
        assert!(
            shared.contains(&format!("backend/{}", sidecar.unwrap())),
            "{shared}"
        );
    }

    #[tokio::test]
    async fn a_database_that_exports_no_log_is_read_from_its_files() {
        let mut seen = demo().await;
        let mut database = seen.database().cloned().unwrap();
        database.log_exports.clear();
        let mut of = |database: &Database| {
            let tier = seen.tier_mut(Tier::Rds);
            tier.value = Some(Snapshot::Database(Arc::new(database.clone())));
            let mut environment = environment();
            environment.resources.log_groups.clear();
            let mut told = told(&environment, &seen);
            told.retain(|source| source.starts_with("Database"));
            told
        };
        assert_eq!(
            of(&database),
            ["Database postgresql rds:hydren-db:error/postgresql.log"]
        );
        database.kind = DatabaseKind::Cluster;
        database.members = vec![("one".to_owned(), true), ("two".to_owned(), false)];
        assert_eq!(
            of(&database),
            [
                "Database postgresql rds:one:error/postgresql.log",
                "Database postgresql rds:two:error/postgresql.log",
            ]
        );
    }

    #[tokio::test]
    async fn a_web_acls_log_group_is_named_with_its_region_where_that_is_another() {
        let mut seen = demo().await;
        let mut environment = environment();
        let mut of = |region: &str, destination: &str| {
            region.clone_into(&mut environment.region);
            let mut waf = seen.waf().cloned().unwrap();
            waf.logs = WafLogs::To(destination.to_owned());
            seen.tier_mut(Tier::Waf).value = Some(Snapshot::Waf(Arc::new(waf)));
            let mut told = told(&environment, &seen);
            told.retain(|source| source.starts_with("Waf"));
            told
        };
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-shop";
        assert_eq!(of("eu-west-1", arn), [format!("Waf waf {arn}")]);
        assert_eq!(of("us-east-1", arn), ["Waf waf aws-waf-logs-shop"]);
        assert_eq!(of("us-east-1", "arn:aws:s3:::aws-waf-logs-shop"), [""; 0]);
    }

    #[test]
    fn a_query_asks_the_groups_of_one_region_and_the_environments_own_first() {
        let source = |group: &str| LogSource {
            origin: LogOrigin::Other,
            label: "x".to_owned(),
            group: group.to_owned(),
        };
        let files = source(&Place::files("shop-db"));
        let edge = source("arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-shop");
        let home = source("/ecs/backend");
        assert_eq!(
            queried(vec![files.clone(), edge.clone(), home.clone()]),
            (vec![home], vec![files.clone(), edge.clone()])
        );
        assert_eq!(
            queried(vec![files.clone(), edge.clone()]),
            (vec![edge], vec![files.clone()])
        );
        assert_eq!(queried(vec![files.clone()]), (vec![], vec![files]));
    }

    #[test]
    fn a_destination_may_be_an_arn() {
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/vpc/flow:*";
        assert_eq!(group_of(arn), "/vpc/flow");
        assert_eq!(group_of("/vpc/flow"), "/vpc/flow");
    }
}
