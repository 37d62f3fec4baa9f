//! RDS: the database instance or cluster, its snapshots, events, maintenance and connection limit.

mod connections;
pub(super) mod files;
mod shape;

use super::{
    AwsCloud, configured, failure::explain, gap::or_gap, pages::every, shape::text, time::timestamp,
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{
        database::{
            Database, DatabaseKind, DbEvent, DbSnapshot, MaxConnections, PendingMaintenance,
        },
        environment::DatabaseName,
    },
};
use aws_sdk_rds::{
    Client,
    types::{
        DbCluster, DbInstance, Event, Filter, Parameter, ResourcePendingMaintenanceActions,
        SourceType,
    },
};

/// Minutes of events that are read: RDS's default is one hour, its most are 14 days (DescribeEvents, `Duration`).
const EVENT_MINUTES: i32 = 24 * 60;

/// Reads the environment's database.
pub(super) async fn read(cloud: &AwsCloud) -> Result<Database> {
    let name = configured(
        cloud.environment.resources.database.as_ref(),
        "database",
        "database",
    )?;
    database(&cloud.clients().await?.rds, name).await
}

/// Reads the database of `name`. Only the description itself must succeed; the rest leaves gaps.
async fn database(rds: &Client, name: &DatabaseName) -> Result<Database> {
    match name.kind {
        DatabaseKind::Instance => instance(rds, &name.id).await,
        DatabaseKind::Cluster => cluster(rds, &name.id).await,
    }
}

async fn instance(rds: &Client, id: &str) -> Result<Database> {
    let described = async {
        let database = describe_instance(rds, id).await?;
        let group = database.db_parameter_groups().first();
        let limit = match group.and_then(|g| g.db_parameter_group_name()) {
            Some(group) => instance_parameters(rds, group).await,
            None => Ok(Vec::new()),
        };
        Ok::<_, Error>((database, limit))
    };
    let (described, all, snapshots, maintenance, own, of_snapshots) = futures::join!(
        described,
        every_instance(rds),
        instance_snapshots(rds, id),
        maintenance(rds, "db-instance-id", id),
        events(rds, SourceType::DbInstance, Some(id)),
        events(rds, SourceType::DbSnapshot, None),
    );
    let (described, parameters) = described?;
    let mut database = shape::instance(&described);
    let all = or_gap(all, &mut database.gaps);
    database.siblings = shape::siblings(&database, &all);
    database.max_connections = limit(parameters, &database.class, &mut database.gaps);
    settle(&mut database, snapshots, maintenance, [own, of_snapshots]);
    Ok(database)
}

async fn cluster(rds: &Client, id: &str) -> Result<Database> {
    let described = async {
        let database = describe_cluster(rds, id).await?;
        let limit = match database.db_cluster_parameter_group() {
            Some(group) => cluster_parameters(rds, group).await,
            None => Ok(Vec::new()),
        };
        Ok::<_, Error>((database, limit))
    };
    let (described, members, snapshots, maintenance, own, of_members, of_snapshots) = futures::join!(
        described,
        instances_of(rds, id),
        cluster_snapshots(rds, id),
        maintenance(rds, "db-cluster-id", id),
        events(rds, SourceType::DbCluster, Some(id)),
        events(rds, SourceType::DbInstance, None),
        events(rds, SourceType::DbClusterSnapshot, None),
    );
    let (described, parameters) = described?;
    let mut gaps = Vec::new();
    let members = or_gap(members, &mut gaps);
    let mut database = shape::cluster(&described, &members);
    database.gaps = gaps;
    database.max_connections = limit(parameters, &database.class, &mut database.gaps);
    settle(
        &mut database,
        snapshots,
        maintenance,
        [own, of_members, of_snapshots],
    );
    Ok(database)
}

/// Adds the parts that may be missing. Events of all snapshots and instances of the region were read; those of others are dropped.
fn settle<const N: usize>(
    database: &mut Database,
    snapshots: Result<Vec<DbSnapshot>>,
    maintenance: Result<Vec<PendingMaintenance>>,
    events: [Result<Vec<Event>>; N],
) {
    let gaps = &mut database.gaps;
    database.snapshots = or_gap(snapshots, gaps);
    database
        .snapshots
        .sort_by_key(|snapshot| std::cmp::Reverse(snapshot.created_at));
    database.pending_maintenance = or_gap(maintenance, gaps);
    let events = events.map(|part| or_gap(part, gaps));
    let belongs = |event: &Event| {
        let source = event.source_identifier().unwrap_or_default();
        source == database.id
            || database.snapshots.iter().any(|s| s.id == source)
            || database.members.iter().any(|(member, _)| member == source)
    };
    let mut events: Vec<DbEvent> = events
        .iter()
        .flatten()
        .filter(|event| belongs(event))
        .map(shape::event)
        .collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    database.events = events;
}

/// The connection limit, or a gap when the parameter group could not be read: the default formula may not be what is set.
fn limit(
    parameters: Result<Vec<Parameter>>,
    class: &str,
    gaps: &mut Vec<String>,
) -> Option<MaxConnections> {
    match parameters {
        Ok(parameters) => {
            let set = parameters
                .iter()
                .find(|p| p.parameter_name() == Some("max_connections"))
                .and_then(Parameter::parameter_value);
            connections::limit(set, class)
        }
        Err(error) => {
            gaps.push(error.to_string());
            None
        }
    }
}

async fn describe_instance(rds: &Client, id: &str) -> Result<DbInstance> {
    const ACTION: &str = "rds:DescribeDBInstances";
    rds.describe_db_instances()
        .db_instance_identifier(id)
        .send()
        .await
        .map_err(|e| explain(ACTION, &format!("database {id}"), e))?
        .db_instances
        .unwrap_or_default()
        .pop()
        .ok_or_else(|| absent(ACTION, id))
}

async fn describe_cluster(rds: &Client, id: &str) -> Result<DbCluster> {
    const ACTION: &str = "rds:DescribeDBClusters";
    rds.describe_db_clusters()
        .db_cluster_identifier(id)
        .send()
        .await
        .map_err(|e| explain(ACTION, &format!("database cluster {id}"), e))?
        .db_clusters
        .unwrap_or_default()
        .pop()
        .ok_or_else(|| absent(ACTION, id))
}

fn absent(action: &str, id: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("{action}: database {id} does not exist in this account and region"),
    )
    .hint("correct the name in hydren.toml, or run `hydren init`")
}

/// Every instance of the region: a restored copy is known by its subnet group alone.
async fn every_instance(rds: &Client) -> Result<Vec<DbInstance>> {
    let pages = rds.describe_db_instances().into_paginator().items().send();
    every(pages, "rds:DescribeDBInstances", "the region").await
}

async fn instances_of(rds: &Client, cluster: &str) -> Result<Vec<DbInstance>> {
    let pages = rds
        .describe_db_instances()
        .filters(filter("db-cluster-id", cluster))
        .into_paginator()
        .items()
        .send();
    every(pages, "rds:DescribeDBInstances", cluster).await
}

async fn instance_snapshots(rds: &Client, id: &str) -> Result<Vec<DbSnapshot>> {
    let pages = rds
        .describe_db_snapshots()
        .db_instance_identifier(id)
        .into_paginator()
        .items()
        .send();
    let snapshots = every(pages, "rds:DescribeDBSnapshots", id).await?;
    Ok(snapshots.iter().map(shape::instance_snapshot).collect())
}

async fn cluster_snapshots(rds: &Client, id: &str) -> Result<Vec<DbSnapshot>> {
    let pages = rds
        .describe_db_cluster_snapshots()
        .db_cluster_identifier(id)
        .into_paginator()
        .items()
        .send();
    let snapshots = every(pages, "rds:DescribeDBClusterSnapshots", id).await?;
    Ok(snapshots.iter().map(shape::cluster_snapshot).collect())
}

async fn maintenance(rds: &Client, by: &str, id: &str) -> Result<Vec<PendingMaintenance>> {
    let pages = rds
        .describe_pending_maintenance_actions()
        .filters(filter(by, id))
        .into_paginator()
        .items()
        .send();
    let resources = every(pages, "rds:DescribePendingMaintenanceActions", id).await?;
    Ok(resources
        .iter()
        .flat_map(ResourcePendingMaintenanceActions::pending_maintenance_action_details)
        .map(|action| PendingMaintenance {
            action: text(action.action()),
            description: text(action.description()),
            apply_at: timestamp(
                action
                    .current_apply_date()
                    .or(action.auto_applied_after_date())
                    .or(action.forced_apply_date()),
            ),
        })
        .collect())
}

/// Events of the last day of one source, or of all sources of a kind.
async fn events(rds: &Client, kind: SourceType, id: Option<&str>) -> Result<Vec<Event>> {
    let resource = id.unwrap_or(kind.as_str()).to_owned();
    let pages = rds
        .describe_events()
        .source_type(kind)
        .set_source_identifier(id.map(str::to_owned))
        .duration(EVENT_MINUTES)
        .into_paginator()
        .items()
        .send();
    every(pages, "rds:DescribeEvents", &resource).await
}

/// The parameters that someone set; those left alone follow the engine's defaults.
async fn instance_parameters(rds: &Client, group: &str) -> Result<Vec<Parameter>> {
    let pages = rds
        .describe_db_parameters()
        .db_parameter_group_name(group)
        .source("user")
        .into_paginator()
        .items()
        .send();
    every(pages, "rds:DescribeDBParameters", group).await
}

async fn cluster_parameters(rds: &Client, group: &str) -> Result<Vec<Parameter>> {
    let pages = rds
        .describe_db_cluster_parameters()
        .db_cluster_parameter_group_name(group)
        .source("user")
        .into_paginator()
        .items()
        .send();
    every(pages, "rds:DescribeDBClusterParameters", group).await
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

#[cfg(test)]
mod tests;
