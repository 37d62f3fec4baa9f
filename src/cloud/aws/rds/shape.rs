//! RDS's descriptions into the model's database.

use super::super::{shape::text, time::timestamp};
use crate::model::{
    database::{Database, DatabaseKind, DbEvent, DbSnapshot, Sibling, Storage},
    state::ParameterStatus,
};
use aws_sdk_rds::types::{
    ClusterPendingModifiedValues, DatabaseInsightsMode, DbCluster, DbClusterSnapshot, DbInstance,
    DbSnapshot as SdkSnapshot, Endpoint, Event, PendingModifiedValues, Tag,
    VpcSecurityGroupMembership,
};

pub(super) fn instance(db: &DbInstance) -> Database {
    let endpoint = db.endpoint();
    let certificate = db.certificate_details();
    let subnet_group = db.db_subnet_group();
    Database {
        id: text(db.db_instance_identifier()),
        arn: text(db.db_instance_arn()),
        kind: DatabaseKind::Instance,
        engine: text(db.engine()),
        version: text(db.engine_version()),
        class: text(db.db_instance_class()),
        status: text(db.db_instance_status()).into(),
        multi_az: db.multi_az() == Some(true),
        zone: db.availability_zone().map(str::to_owned),
        secondary_zone: db.secondary_availability_zone().map(str::to_owned),
        storage: Storage {
            allocated_gib: db.allocated_storage().unwrap_or_default(),
            max_gib: db.max_allocated_storage(),
            kind: text(db.storage_type()),
            iops: db.iops(),
            throughput: db.storage_throughput(),
            encrypted: db.storage_encrypted() == Some(true),
        },
        endpoint: endpoint.and_then(|e| e.address()).map(str::to_owned),
        port: endpoint.and_then(Endpoint::port),
        created_at: timestamp(db.instance_create_time()),
        backup_retention_days: db.backup_retention_period().unwrap_or_default(),
        backup_window: db.preferred_backup_window().map(str::to_owned),
        latest_restorable: timestamp(db.latest_restorable_time()),
        maintenance_window: db.preferred_maintenance_window().map(str::to_owned),
        pending_maintenance: Vec::new(),
        pending_changes: db.pending_modified_values().map_or_else(Vec::new, pending),
        parameter_groups: db
            .db_parameter_groups()
            .iter()
            .map(|group| {
                (
                    text(group.db_parameter_group_name()),
                    text(group.parameter_apply_status()).into(),
                )
            })
            .collect(),
        max_connections: None,
        performance_insights: publishes_load(
            db.performance_insights_enabled(),
            db.database_insights_mode(),
        ),
        deletion_protection: db.deletion_protection() == Some(true),
        publicly_accessible: db.publicly_accessible() == Some(true),
        ca_certificate: db.ca_certificate_identifier().map(str::to_owned),
        certificate_expires: timestamp(certificate.and_then(|c| c.valid_till())),
        master_secret: db
            .master_user_secret()
            .and_then(|secret| secret.secret_arn())
            .map(str::to_owned),
        subnet_group: subnet_group
            .and_then(|g| g.db_subnet_group_name())
            .map(str::to_owned),
        vpc_id: subnet_group.and_then(|g| g.vpc_id()).map(str::to_owned),
        security_groups: groups(db.vpc_security_groups()),
        members: Vec::new(),
        log_exports: db.enabled_cloudwatch_logs_exports().to_vec(),
        siblings: Vec::new(),
        tags: tags(db.tag_list()),
        snapshots: Vec::new(),
        events: Vec::new(),
        gaps: Vec::new(),
    }
}

/// A cluster with its instances: what RDS says of instances only (class of an Aurora cluster, VPC, certificate) is taken from the
/// writer.
pub(super) fn cluster(db: &DbCluster, instances: &[DbInstance]) -> Database {
    let members: Vec<(String, bool)> = db
        .db_cluster_members()
        .iter()
        .map(|m| {
            (
                text(m.db_instance_identifier()),
                m.is_cluster_writer() == Some(true),
            )
        })
        .collect();
    let writes = |i: &&DbInstance| {
        members
            .iter()
            .any(|(id, writes)| *writes && i.db_instance_identifier() == Some(id))
    };
    let main = instances.iter().find(writes).or(instances.first());
    let reader_zone = instances
        .iter()
        .find(|i| !writes(i))
        .and_then(|i| i.availability_zone());
    let certificate = db
        .certificate_details()
        .or(main.and_then(|w| w.certificate_details()));
    Database {
        id: text(db.db_cluster_identifier()),
        arn: text(db.db_cluster_arn()),
        kind: DatabaseKind::Cluster,
        engine: text(db.engine()),
        version: text(db.engine_version()),
        class: text(
            db.db_cluster_instance_class()
                .or(main.and_then(|w| w.db_instance_class())),
        ),
        status: text(db.status()).into(),
        multi_az: db.multi_az() == Some(true),
        zone: main.and_then(|w| w.availability_zone()).map(str::to_owned),
        secondary_zone: reader_zone.map(str::to_owned),
        storage: Storage {
            allocated_gib: db.allocated_storage().unwrap_or_default(),
            max_gib: None,
            kind: text(db.storage_type()),
            iops: db.iops(),
            throughput: db.storage_throughput(),
            encrypted: db.storage_encrypted() == Some(true),
        },
        endpoint: db.endpoint().map(str::to_owned),
        port: db.port(),
        created_at: timestamp(db.cluster_create_time()),
        backup_retention_days: db.backup_retention_period().unwrap_or_default(),
        backup_window: db.preferred_backup_window().map(str::to_owned),
        latest_restorable: timestamp(db.latest_restorable_time()),
        maintenance_window: db.preferred_maintenance_window().map(str::to_owned),
        pending_maintenance: Vec::new(),
        pending_changes: db
            .pending_modified_values()
            .map_or_else(Vec::new, cluster_pending),
        parameter_groups: cluster_parameter_groups(db),
        max_connections: None,
        performance_insights: publishes_load(
            db.performance_insights_enabled()
                .or(main.and_then(DbInstance::performance_insights_enabled)),
            db.database_insights_mode(),
        ),
        deletion_protection: db.deletion_protection() == Some(true),
        publicly_accessible: db
            .publicly_accessible()
            .or(main.and_then(DbInstance::publicly_accessible))
            == Some(true),
        ca_certificate: certificate
            .and_then(|c| c.ca_identifier())
            .map(str::to_owned),
        certificate_expires: timestamp(certificate.and_then(|c| c.valid_till())),
        master_secret: db
            .master_user_secret()
            .and_then(|secret| secret.secret_arn())
            .map(str::to_owned),
        subnet_group: db.db_subnet_group().map(str::to_owned),
        vpc_id: main
            .and_then(|w| w.db_subnet_group())
            .and_then(|g| g.vpc_id())
            .map(str::to_owned),
        security_groups: groups(db.vpc_security_groups()),
        members,
        log_exports: db.enabled_cloudwatch_logs_exports().to_vec(),
        siblings: Vec::new(),
        tags: tags(db.tag_list()),
        snapshots: Vec::new(),
        events: Vec::new(),
        gaps: Vec::new(),
    }
}

/// The cluster's parameter group with its members' apply status; `in-sync` only when every member is.
fn cluster_parameter_groups(db: &DbCluster) -> Vec<(String, ParameterStatus)> {
    let status = db
        .db_cluster_members()
        .iter()
        .filter_map(|m| m.db_cluster_parameter_group_status())
        .reduce(|a, b| if a == "in-sync" { b } else { a });
    db.db_cluster_parameter_group()
        .map(|group| (group.to_owned(), text(status).into()))
        .into_iter()
        .collect()
}

/// `DBLoad` is published where Performance Insights is on, and the advanced mode of Database Insights switches it on
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Cloudwatch.html).
fn publishes_load(insights: Option<bool>, mode: Option<&DatabaseInsightsMode>) -> bool {
    insights == Some(true) || mode == Some(&DatabaseInsightsMode::Advanced)
}

fn groups(memberships: &[VpcSecurityGroupMembership]) -> Vec<String> {
    memberships
        .iter()
        .filter_map(|m| m.vpc_security_group_id().map(str::to_owned))
        .collect()
}

fn tags(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter()
        .map(|tag| (text(tag.key()), text(tag.value())))
        .collect()
}

/// The other instances of `of`'s subnet group.
pub(super) fn siblings(of: &Database, instances: &[DbInstance]) -> Vec<Sibling> {
    let group = |db: &DbInstance| {
        db.db_subnet_group()
            .and_then(|group| group.db_subnet_group_name())
            .map(str::to_owned)
    };
    instances
        .iter()
        .filter(|db| db.db_instance_identifier() != Some(&of.id) && group(db) == of.subnet_group)
        .map(|db| Sibling {
            id: text(db.db_instance_identifier()),
            class: text(db.db_instance_class()),
            status: text(db.db_instance_status()).into(),
            endpoint: db.endpoint().and_then(Endpoint::address).map(str::to_owned),
            created_at: timestamp(db.instance_create_time()),
        })
        .collect()
}

/// Collects `name -> value` of the values that are there.
fn changes<const N: usize>(values: [(&str, Option<String>); N]) -> Vec<String> {
    values
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} -> {}", value?)))
        .collect()
}

/// A new master password is named, never shown: RDS masks it, and so does this.
fn pending(values: &PendingModifiedValues) -> Vec<String> {
    let own = |value: Option<&str>| value.map(str::to_owned);
    changes([
        ("class", own(values.db_instance_class())),
        (
            "storage",
            values.allocated_storage().map(|gib| format!("{gib} GiB")),
        ),
        ("storage type", own(values.storage_type())),
        ("iops", values.iops().map(|n| n.to_string())),
        (
            "throughput",
            values.storage_throughput().map(|n| format!("{n} MiB/s")),
        ),
        ("version", own(values.engine_version())),
        (
            "multi-az",
            values.multi_az().map(|on| on_off(on).to_owned()),
        ),
        (
            "backup retention",
            values
                .backup_retention_period()
                .map(|days| format!("{days} days")),
        ),
        ("port", values.port().map(|n| n.to_string())),
        ("identifier", own(values.db_instance_identifier())),
        ("CA certificate", own(values.ca_certificate_identifier())),
        ("subnet group", own(values.db_subnet_group_name())),
        (
            "master password",
            values
                .master_user_password()
                .map(|_| "a new one".to_owned()),
        ),
    ])
}

fn cluster_pending(values: &ClusterPendingModifiedValues) -> Vec<String> {
    let own = |value: Option<&str>| value.map(str::to_owned);
    changes([
        (
            "storage",
            values.allocated_storage().map(|gib| format!("{gib} GiB")),
        ),
        ("storage type", own(values.storage_type())),
        ("iops", values.iops().map(|n| n.to_string())),
        ("version", own(values.engine_version())),
        (
            "backup retention",
            values
                .backup_retention_period()
                .map(|days| format!("{days} days")),
        ),
        ("identifier", own(values.db_cluster_identifier())),
        (
            "master password",
            values
                .master_user_password()
                .map(|_| "a new one".to_owned()),
        ),
    ])
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

pub(super) fn instance_snapshot(snapshot: &SdkSnapshot) -> DbSnapshot {
    DbSnapshot {
        id: text(snapshot.db_snapshot_identifier()),
        kind: text(snapshot.snapshot_type()),
        status: text(snapshot.status()).into(),
        progress: snapshot.percent_progress(),
        created_at: timestamp(snapshot.snapshot_create_time()),
        allocated_gib: snapshot.allocated_storage().unwrap_or_default(),
        version: text(snapshot.engine_version()),
        encrypted: snapshot.encrypted() == Some(true),
    }
}

pub(super) fn cluster_snapshot(snapshot: &DbClusterSnapshot) -> DbSnapshot {
    DbSnapshot {
        id: text(snapshot.db_cluster_snapshot_identifier()),
        kind: text(snapshot.snapshot_type()),
        status: text(snapshot.status()).into(),
        progress: snapshot.percent_progress(),
        created_at: timestamp(snapshot.snapshot_create_time()),
        allocated_gib: snapshot.allocated_storage().unwrap_or_default(),
        version: text(snapshot.engine_version()),
        encrypted: snapshot.storage_encrypted() == Some(true),
    }
}

pub(super) fn event(event: &Event) -> DbEvent {
    DbEvent {
        at: timestamp(event.date()),
        source: text(event.source_identifier()),
        categories: event.event_categories().to_vec(),
        message: text(event.message()),
    }
}
