//! What stands in the home region around the services: VPC, database, log groups, alarms and dashboards.

use super::super::{client::Clients, failure::explain, pages::every};
use super::{DatabaseKind, Error, StackResources, listed};
use crate::error::{ErrorKind, Result};
use aws_sdk_cloudwatch::types::AlarmType;
use aws_sdk_ec2::types::Filter;
use aws_sdk_ecs::types::Service;
use aws_sdk_rds::types::DbInstance;

/// The VPC of the services' subnets, else the stack's.
pub(super) async fn vpc(
    clients: &Clients,
    services: &[Service],
    stack: &StackResources,
) -> Result<Option<String>> {
    let subnet = services
        .iter()
        .filter_map(|service| service.network_configuration()?.awsvpc_configuration())
        .find_map(|vpc| vpc.subnets().first());
    let Some(subnet) = subnet else {
        return Ok(stack.first("AWS::EC2::VPC"));
    };
    let answer = clients
        .ec2
        .describe_subnets()
        .subnet_ids(subnet)
        .send()
        .await
        .map_err(|e| explain("ec2:DescribeSubnets", subnet, e))?;
    let vpc = answer.subnets().first().and_then(|subnet| subnet.vpc_id());
    Ok(vpc.map(str::to_owned))
}

/// A database that could be the environment's.
#[derive(Debug)]
pub(super) struct FoundDatabase {
    pub(super) id: String,
    pub(super) kind: DatabaseKind,
    engine: String,
    log_exports: Vec<String>,
    /// Other databases of the VPC, which were not taken.
    others: Vec<String>,
}

impl FoundDatabase {
    pub(super) fn describe(&self) -> String {
        let mut text = format!("{} ({})", self.id, self.engine);
        if !self.others.is_empty() {
            text.push_str("; not taken: ");
            text.push_str(&listed(self.others.iter()));
        }
        text
    }

    /// Where RDS exports its logs to.
    pub(super) fn log_groups(&self) -> Vec<String> {
        let groups = self.log_exports.iter();
        groups
            .map(|export| self.kind.log_group(&self.id, export))
            .collect()
    }
}

/// The database of the stack, else of the VPC: PostgreSQL before others, sources before their replicas, then by name. An instance that
/// belongs to a cluster stands for it.
pub(super) async fn database(
    clients: &Clients,
    vpc: Option<&str>,
    stack: &StackResources,
) -> Result<Option<FoundDatabase>> {
    let pages = clients.rds.describe_db_instances().into_paginator();
    let instances = every(
        pages.items().send(),
        "rds:DescribeDBInstances",
        "the region",
    )
    .await?;
    let named = ["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"];
    let named: Vec<&str> = named.into_iter().flat_map(|kind| stack.of(kind)).collect();
    Ok(choose(&instances, vpc, &named))
}

fn choose(instances: &[DbInstance], vpc: Option<&str>, named: &[&str]) -> Option<FoundDatabase> {
    let id = |db: &DbInstance| {
        let id = db.db_cluster_identifier().or(db.db_instance_identifier());
        id.unwrap_or_default().to_owned()
    };
    let in_stack = |db: &DbInstance| named.contains(&id(db).as_str());
    let here = |db: &DbInstance| {
        vpc.is_some() && db.db_subnet_group().and_then(|group| group.vpc_id()) == vpc
    };
    let mut candidates: Vec<&DbInstance> = instances
        .iter()
        .filter(|db| in_stack(db) || here(db))
        .collect();
    candidates.sort_by_key(|db| {
        let postgres = db
            .engine()
            .is_some_and(|engine| engine.contains("postgres"));
        let replica = db.read_replica_source_db_instance_identifier().is_some();
        (!in_stack(db), !postgres, replica, id(db))
    });
    candidates.dedup_by_key(|db| id(db));
    let (first, others) = candidates.split_first()?;
    Some(FoundDatabase {
        id: id(first),
        kind: match first.db_cluster_identifier() {
            Some(_) => DatabaseKind::Cluster,
            None => DatabaseKind::Instance,
        },
        engine: first.engine().unwrap_or("engine not known").to_owned(),
        log_exports: first.enabled_cloudwatch_logs_exports().to_vec(),
        others: others.iter().map(|db| id(db)).collect(),
    })
}

/// Log groups that flow logs of the VPC write to.
pub(super) async fn flow_log_groups(clients: &Clients, vpc: Option<&str>) -> Result<Vec<String>> {
    let Some(vpc) = vpc else {
        return Ok(Vec::new());
    };
    let of_vpc = Filter::builder().name("resource-id").values(vpc).build();
    let request = clients.ec2.describe_flow_logs().filter(of_vpc);
    let logs = every(
        request.into_paginator().items().send(),
        "ec2:DescribeFlowLogs",
        vpc,
    )
    .await?;
    let mut groups: Vec<String> = logs
        .into_iter()
        .filter_map(|log| log.log_group_name)
        .collect();
    groups.sort();
    groups.dedup();
    Ok(groups)
}

/// The beginning that the names of all alarms share, if they do. Alarms that autoscaling made are not asked.
pub(super) async fn alarm_prefix(clients: &Clients) -> Result<Option<String>> {
    let mut names = Vec::new();
    let mut pages = clients
        .cloudwatch
        .describe_alarms()
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| explain("cloudwatch:DescribeAlarms", "the region", e))?;
        names.extend(
            page.metric_alarms()
                .iter()
                .filter_map(|alarm| alarm.alarm_name.clone()),
        );
        names.extend(
            page.composite_alarms()
                .iter()
                .filter_map(|alarm| alarm.alarm_name.clone()),
        );
    }
    names.retain(|name| !name.starts_with("TargetTracking-"));
    Ok(common_prefix(&names))
}

/// What all names begin with, up to a separator. Two names at least: one says nothing of what is common.
fn common_prefix(names: &[String]) -> Option<String> {
    let [first, second, rest @ ..] = names else {
        return None;
    };
    let shared = |a: &str, b: &str| {
        let same = a.chars().zip(b.chars()).take_while(|(x, y)| x == y);
        same.map(|(c, _)| c.len_utf8()).sum::<usize>()
    };
    let length = rest
        .iter()
        .chain([second])
        .map(|name| shared(first, name))
        .min()?;
    let end = first[..length].rfind(['-', '_', '/', ':', '.', ' '])?;
    (end > 0).then(|| first[..=end].to_owned())
}

/// The stack's dashboard, else the only one whose name holds the environment's.
pub(super) async fn dashboard(
    clients: &Clients,
    label: Option<&str>,
    stack: &StackResources,
) -> Result<Option<String>> {
    if let Some(name) = stack.first("AWS::CloudWatch::Dashboard") {
        return Ok(Some(name));
    }
    let Some(label) = label.map(str::to_lowercase) else {
        return Ok(None);
    };
    let pages = clients.cloudwatch.list_dashboards().into_paginator();
    let all = every(
        pages.items().send(),
        "cloudwatch:ListDashboards",
        "the account",
    )
    .await?;
    let mut names: Vec<String> = all.into_iter().filter_map(|d| d.dashboard_name).collect();
    names.retain(|name| name.to_lowercase().contains(&label));
    match names.as_slice() {
        [] => Ok(None),
        [name] => Ok(Some(name.clone())),
        several => Err(Error::new(
            ErrorKind::Usage,
            format!(
                "several dashboards could be meant: {}",
                listed(several.iter())
            ),
        )
        .hint("set dashboard in hydren.toml")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::types::DbSubnetGroup;

    fn database_in(vpc: &str, id: &str, engine: &str) -> DbInstance {
        DbInstance::builder()
            .db_instance_identifier(id)
            .engine(engine)
            .db_subnet_group(DbSubnetGroup::builder().vpc_id(vpc).build())
            .build()
    }

    #[test]
    fn postgresql_of_the_vpc_is_taken_and_the_others_are_named() {
        let databases = [
            database_in("vpc-1", "a-mysql", "mysql"),
            database_in("vpc-1", "shop", "postgres"),
            database_in("vpc-2", "a-neighbour", "postgres"),
        ];
        let found = choose(&databases, Some("vpc-1"), &[]).unwrap();
        assert_eq!(found.describe(), "shop (postgres); not taken: a-mysql");
        assert_eq!(found.kind, DatabaseKind::Instance);
    }

    #[test]
    fn a_member_stands_for_its_cluster() {
        let member = |id: &str| {
            let mut db = database_in("vpc-1", id, "aurora-postgresql");
            db.db_cluster_identifier = Some("shop".to_owned());
            db.enabled_cloudwatch_logs_exports = Some(vec!["postgresql".to_owned()]);
            db
        };
        let found = choose(&[member("shop-1"), member("shop-2")], Some("vpc-1"), &[]).unwrap();
        assert_eq!(found.describe(), "shop (aurora-postgresql)");
        assert_eq!(found.log_groups(), ["/aws/rds/cluster/shop/postgresql"]);
    }

    #[test]
    fn without_a_vpc_only_the_stack_names_a_database() {
        let databases = [database_in("vpc-1", "shop", "postgres")];
        assert!(choose(&databases, None, &[]).is_none());
        assert!(choose(&databases, None, &["shop"]).is_some());
    }

    #[test]
    fn alarms_share_a_beginning_up_to_a_separator() {
        let prefix = |names: &[&str]| {
            common_prefix(
                &names
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(prefix(&["shop-5xx", "shop-50x"]).as_deref(), Some("shop-"));
        assert_eq!(
            prefix(&["shop-prod-cpu", "shop-prod-memory"]).as_deref(),
            Some("shop-prod-")
        );
        assert_eq!(prefix(&["shop-5xx", "mail-queue"]), None);
        assert_eq!(prefix(&["shop-5xx"]), None);
        assert_eq!(prefix(&[]), None);
    }
}
