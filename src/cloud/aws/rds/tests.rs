use super::super::mocked::mocked;
use super::*;
use crate::model::database::MaxConnectionsSource;
use aws_sdk_rds::{
    operation::{
        describe_db_instances::DescribeDbInstancesOutput,
        describe_db_parameters::{DescribeDBParametersError, DescribeDbParametersOutput},
        describe_db_snapshots::DescribeDbSnapshotsOutput,
        describe_events::DescribeEventsOutput,
        describe_pending_maintenance_actions::DescribePendingMaintenanceActionsOutput,
    },
    types::{
        CertificateDetails, DbParameterGroupStatus, DbSnapshot as SdkSnapshot, DbSubnetGroup,
        PendingModifiedValues,
    },
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::{DateTime, error::ErrorMetadata};

fn described() -> DbInstance {
    DbInstance::builder()
        .db_instance_identifier("shop-db")
        .db_instance_class("db.t4g.medium")
        .engine("postgres")
        .db_instance_status("available")
        .db_subnet_group(
            DbSubnetGroup::builder()
                .db_subnet_group_name("shop")
                .build(),
        )
        .db_parameter_groups(
            DbParameterGroupStatus::builder()
                .db_parameter_group_name("shop-pg16")
                .parameter_apply_status("pending-reboot")
                .build(),
        )
        .pending_modified_values(
            PendingModifiedValues::builder()
                .db_instance_class("db.t4g.large")
                .master_user_password("hunter2")
                .build(),
        )
        .certificate_details(
            CertificateDetails::builder()
                .valid_till(DateTime::from_secs(1_800_000_000))
                .build(),
        )
        .build()
}

fn snapshot(id: &str, at: i64) -> SdkSnapshot {
    SdkSnapshot::builder()
        .db_snapshot_identifier(id)
        .snapshot_create_time(DateTime::from_secs(at))
        .build()
}

fn event(source: &str, at: i64) -> Event {
    Event::builder()
        .source_identifier(source)
        .date(DateTime::from_secs(at))
        .message(format!("about {source}"))
        .build()
}

/// Rules for everything but parameters: two pages of snapshots, and events of a neighbour's snapshot among our own.
fn rules() -> Vec<Rule> {
    vec![
        mock!(Client::describe_db_instances)
            .match_requests(|r| r.db_instance_identifier() == Some("shop-db"))
            .then_output(|| {
                DescribeDbInstancesOutput::builder()
                    .db_instances(described())
                    .build()
            }),
        mock!(Client::describe_db_instances)
            .match_requests(|r| r.db_instance_identifier().is_none())
            .then_output(|| {
                let group = |name| DbSubnetGroup::builder().db_subnet_group_name(name).build();
                DescribeDbInstancesOutput::builder()
                    .db_instances(described())
                    .db_instances(
                        DbInstance::builder()
                            .db_subnet_group(group("shop"))
                            .db_instance_identifier("shop-db-restored")
                            .db_instance_status("creating")
                            .build(),
                    )
                    .db_instances(
                        DbInstance::builder()
                            .db_instance_identifier("of-another-application")
                            .db_subnet_group(group("other"))
                            .build(),
                    )
                    .build()
            }),
        mock!(Client::describe_db_snapshots)
            .match_requests(|r| r.marker().is_none())
            .then_output(|| {
                DescribeDbSnapshotsOutput::builder()
                    .db_snapshots(snapshot("older", 100))
                    .marker("next")
                    .build()
            }),
        mock!(Client::describe_db_snapshots)
            .match_requests(|r| r.marker() == Some("next"))
            .then_output(|| {
                DescribeDbSnapshotsOutput::builder()
                    .db_snapshots(snapshot("newer", 200))
                    .build()
            }),
        mock!(Client::describe_events)
            .match_requests(|r| r.source_type() == Some(&SourceType::DbInstance))
            .then_output(|| {
                DescribeEventsOutput::builder()
                    .events(event("shop-db", 10))
                    .build()
            }),
        mock!(Client::describe_events)
            .match_requests(|r| r.source_type() == Some(&SourceType::DbSnapshot))
            .then_output(|| {
                DescribeEventsOutput::builder()
                    .events(event("neighbour", 15))
                    .events(event("newer", 20))
                    .build()
            }),
        mock!(Client::describe_pending_maintenance_actions)
            .then_output(|| DescribePendingMaintenanceActionsOutput::builder().build()),
    ]
}

async fn read_with(parameters: Rule) -> Database {
    let rules = rules();
    let client = mocked!(aws_sdk_rds, rules.iter().chain([&parameters]));
    let name = DatabaseName {
        id: "shop-db".to_owned(),
        kind: DatabaseKind::Instance,
    };
    database(&client, &name).await.unwrap()
}

fn max_connections(value: &'static str) -> Rule {
    mock!(Client::describe_db_parameters)
        .match_requests(|r| r.source() == Some("user"))
        .then_output(move || {
            DescribeDbParametersOutput::builder()
                .parameters(
                    Parameter::builder()
                        .parameter_name("max_connections")
                        .parameter_value(value)
                        .build(),
                )
                .build()
        })
}

#[tokio::test]
async fn snapshots_of_all_pages_stand_newest_first() {
    let database = read_with(max_connections("80")).await;
    let ids: Vec<&str> = database.snapshots.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["newer", "older"]);
}

#[tokio::test]
async fn instances_of_its_subnet_group_stand_beside_it_and_no_others() {
    let database = read_with(max_connections("80")).await;
    let siblings = database.siblings.iter();
    let siblings: Vec<_> = siblings.map(|s| (s.id.as_str(), s.status.word())).collect();
    assert_eq!(siblings, [("shop-db-restored", "creating")]);
}

#[tokio::test]
async fn events_are_those_of_the_database_and_its_snapshots_newest_first() {
    let database = read_with(max_connections("80")).await;
    let sources: Vec<&str> = database.events.iter().map(|e| e.source.as_str()).collect();
    assert_eq!(sources, ["newer", "shop-db"]);
}

#[tokio::test]
async fn the_parameter_group_tells_limit_and_apply_status() {
    let database = read_with(max_connections("80")).await;
    assert_eq!(
        database.max_connections,
        Some(MaxConnections {
            value: 80,
            source: MaxConnectionsSource::Parameter
        })
    );
    assert_eq!(
        database.parameter_groups,
        [("shop-pg16".to_owned(), "pending-reboot".into())]
    );
    assert_eq!(
        database.certificate_expires.map(jiff::Timestamp::as_second),
        Some(1_800_000_000)
    );
    assert!(database.gaps.is_empty());
}

#[tokio::test]
async fn a_pending_password_is_named_and_never_shown() {
    let database = read_with(max_connections("80")).await;
    assert_eq!(
        database.pending_changes,
        ["class -> db.t4g.large", "master password -> a new one"]
    );
    assert!(!format!("{database:?}").contains("hunter2"));
}

#[tokio::test]
async fn denied_parameters_leave_a_gap_and_no_guess() {
    let denied = mock!(Client::describe_db_parameters).then_error(|| {
        DescribeDBParametersError::generic(
            ErrorMetadata::builder()
                .code("AccessDenied")
                .message("no")
                .build(),
        )
    });
    let database = read_with(denied).await;
    assert_eq!(database.max_connections, None);
    assert_eq!(database.gaps.len(), 1);
    assert!(database.gaps[0].contains("rds:DescribeDBParameters"));
}
