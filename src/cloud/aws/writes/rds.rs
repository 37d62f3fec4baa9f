//! Writes to RDS.

use super::explain;
use crate::{
    cloud::{
        CallOutcome,
        call::{Apply, DatabaseCall, NewInstance, Reboot},
    },
    error::Result,
};
use aws_sdk_rds::{
    Client,
    types::{DbInstance, Tag},
};
use aws_smithy_types::DateTime;

/// Executes one call.
///
/// # Errors
/// What AWS answered.
pub(super) async fn execute(rds: &Client, call: &DatabaseCall) -> Result<CallOutcome> {
    let (action, resource) = (call.action(), call.resource());
    match call {
        DatabaseCall::DeleteSnapshot { snapshot } => {
            let answer = rds
                .delete_db_snapshot()
                .db_snapshot_identifier(snapshot)
                .send()
                .await
                .map_err(|e| explain(action, resource, e))?;
            let deleted = answer.db_snapshot();
            Ok(CallOutcome {
                summary: format!("snapshot {snapshot} is deleted"),
                resource: deleted.and_then(|s| s.db_snapshot_arn().map(str::to_owned)),
                session: None,
            })
        }
        DatabaseCall::RestoreSnapshot { snapshot, instance } => {
            let answer = rds
                .restore_db_instance_from_db_snapshot()
                .db_snapshot_identifier(snapshot)
                .db_instance_identifier(&instance.id)
                .db_instance_class(&instance.class)
                .storage_type(&instance.storage_type)
                .set_db_subnet_group_name(instance.subnet_group.clone())
                .set_vpc_security_group_ids(Some(instance.security_groups.clone()))
                .set_db_parameter_group_name(instance.parameter_group.clone())
                .set_port(instance.port)
                .multi_az(instance.multi_az)
                .publicly_accessible(instance.publicly_accessible)
                .deletion_protection(instance.deletion_protection)
                .set_enable_cloudwatch_logs_exports(Some(instance.log_exports.clone()))
                .set_tags(Some(tags(instance)))
                .send()
                .await
                .map_err(|e| explain(action, resource, e))?;
            Ok(told(answer.db_instance(), resource, "creating"))
        }
        DatabaseCall::RestoreToTime {
            source,
            time,
            instance,
        } => {
            let answer = rds
                .restore_db_instance_to_point_in_time()
                .source_db_instance_identifier(source)
                .target_db_instance_identifier(&instance.id)
                .set_restore_time(time.map(|at| DateTime::from_secs(at.as_second())))
                .set_use_latest_restorable_time(time.is_none().then_some(true))
                .db_instance_class(&instance.class)
                .storage_type(&instance.storage_type)
                .set_db_subnet_group_name(instance.subnet_group.clone())
                .set_vpc_security_group_ids(Some(instance.security_groups.clone()))
                .set_db_parameter_group_name(instance.parameter_group.clone())
                .set_port(instance.port)
                .multi_az(instance.multi_az)
                .publicly_accessible(instance.publicly_accessible)
                .deletion_protection(instance.deletion_protection)
                .set_enable_cloudwatch_logs_exports(Some(instance.log_exports.clone()))
                .set_tags(Some(tags(instance)))
                .send()
                .await
                .map_err(|e| explain(action, resource, e))?;
            Ok(told(answer.db_instance(), resource, "creating"))
        }
        DatabaseCall::ModifyDatabase {
            database,
            class,
            storage_gib,
            apply,
        } => {
            let answer = rds
                .modify_db_instance()
                .db_instance_identifier(database)
                .set_db_instance_class(class.clone())
                .set_allocated_storage(*storage_gib)
                .apply_immediately(*apply == Apply::Now)
                .send()
                .await
                .map_err(|e| explain(action, resource, e))?;
            Ok(told(answer.db_instance(), resource, "modifying"))
        }
        DatabaseCall::RebootDatabase { database, reboot } => {
            let answer = rds
                .reboot_db_instance()
                .db_instance_identifier(database)
                .force_failover(*reboot == Reboot::Failover)
                .send()
                .await
                .map_err(|e| explain(action, resource, e))?;
            Ok(told(answer.db_instance(), resource, "rebooting"))
        }
    }
}

fn tags(instance: &NewInstance) -> Vec<Tag> {
    let tags = instance.tags.iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}

fn told(instance: Option<&DbInstance>, name: &str, otherwise: &str) -> CallOutcome {
    let status = instance.and_then(DbInstance::db_instance_status);
    CallOutcome {
        summary: format!("RDS accepted it: {name} is {}", status.unwrap_or(otherwise)),
        resource: instance.and_then(|db| db.db_instance_arn().map(str::to_owned)),
        session: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_rds::operation::{
        delete_db_snapshot::DeleteDbSnapshotOutput, modify_db_instance::ModifyDbInstanceOutput,
        reboot_db_instance::RebootDbInstanceOutput,
        restore_db_instance_from_db_snapshot::RestoreDbInstanceFromDbSnapshotOutput,
        restore_db_instance_to_point_in_time::RestoreDbInstanceToPointInTimeOutput,
    };
    use aws_smithy_mocks::mock;

    fn copy() -> Box<NewInstance> {
        Box::new(NewInstance {
            id: "shop-db-restored".to_owned(),
            class: "db.t4g.medium".to_owned(),
            storage_type: "gp3".to_owned(),
            subnet_group: Some("shop".to_owned()),
            security_groups: vec!["sg-1".to_owned()],
            parameter_group: Some("shop-pg16".to_owned()),
            port: Some(5433),
            multi_az: false,
            publicly_accessible: false,
            deletion_protection: true,
            log_exports: vec!["postgresql".to_owned()],
            tags: vec![("team".to_owned(), "shop".to_owned())],
        })
    }

    #[tokio::test]
    async fn a_snapshot_is_restored_with_every_setting_of_the_new_instance() {
        let rule = mock!(Client::restore_db_instance_from_db_snapshot)
            .match_requests(|r| {
                r.db_snapshot_identifier() == Some("nightly")
                    && r.db_instance_identifier() == Some("shop-db-restored")
                    && r.db_instance_class() == Some("db.t4g.medium")
                    && r.storage_type() == Some("gp3")
                    && r.db_subnet_group_name() == Some("shop")
                    && r.vpc_security_group_ids() == ["sg-1"]
                    && r.db_parameter_group_name() == Some("shop-pg16")
                    && r.port() == Some(5433)
                    && r.multi_az() == Some(false)
                    && r.publicly_accessible() == Some(false)
                    && r.deletion_protection() == Some(true)
                    && r.enable_cloudwatch_logs_exports() == ["postgresql"]
                    && r.tags()[0].key() == Some("team")
            })
            .then_output(|| RestoreDbInstanceFromDbSnapshotOutput::builder().build());
        let call = DatabaseCall::RestoreSnapshot {
            snapshot: "nightly".to_owned(),
            instance: copy(),
        };
        let told = execute(&mocked!(aws_sdk_rds, [&rule]), &call).await;
        assert_eq!(
            told.expect("accepted").summary,
            "RDS accepted it: shop-db-restored is creating"
        );
    }

    #[tokio::test]
    async fn a_point_in_time_is_the_one_asked_for_or_the_latest_and_never_both() {
        let at = jiff::Timestamp::from_second(1_795_000_000).ok();
        for at in [at, None] {
            let rule = mock!(Client::restore_db_instance_to_point_in_time)
                .match_requests(move |r| {
                    r.source_db_instance_identifier() == Some("shop-db")
                        && r.restore_time().map(DateTime::secs)
                            == at.map(jiff::Timestamp::as_second)
                        && r.use_latest_restorable_time().is_some() == at.is_none()
                        && r.db_parameter_group_name() == Some("shop-pg16")
                })
                .then_output(|| RestoreDbInstanceToPointInTimeOutput::builder().build());
            let call = DatabaseCall::RestoreToTime {
                source: "shop-db".to_owned(),
                time: at,
                instance: copy(),
            };
            let told = execute(&mocked!(aws_sdk_rds, [&rule]), &call).await;
            assert!(told.is_ok(), "{at:?}: {told:?}");
        }
    }

    #[tokio::test]
    async fn a_change_names_only_what_changes_and_when() {
        let rule = mock!(Client::modify_db_instance)
            .match_requests(|r| {
                r.db_instance_class() == Some("db.t4g.large")
                    && r.allocated_storage().is_none()
                    && r.apply_immediately() == Some(false)
            })
            .then_output(|| ModifyDbInstanceOutput::builder().build());
        let call = DatabaseCall::ModifyDatabase {
            database: "shop-db".to_owned(),
            class: Some("db.t4g.large".to_owned()),
            storage_gib: None,
            apply: Apply::Window,
        };
        let told = execute(&mocked!(aws_sdk_rds, [&rule]), &call).await;
        assert!(told.is_ok(), "{told:?}");
    }

    #[tokio::test]
    async fn a_reboot_fails_over_only_where_it_was_asked_to() {
        for reboot in [Reboot::InPlace, Reboot::Failover] {
            let rule = mock!(Client::reboot_db_instance)
                .match_requests(move |r| r.force_failover() == Some(reboot == Reboot::Failover))
                .then_output(|| {
                    let db = DbInstance::builder()
                        .db_instance_status("rebooting")
                        .build();
                    RebootDbInstanceOutput::builder().db_instance(db).build()
                });
            let call = DatabaseCall::RebootDatabase {
                database: "shop-db".to_owned(),
                reboot,
            };
            let told = execute(&mocked!(aws_sdk_rds, [&rule]), &call).await;
            assert_eq!(
                told.expect("accepted").summary,
                "RDS accepted it: shop-db is rebooting"
            );
        }
    }

    #[tokio::test]
    async fn one_snapshot_is_deleted_by_its_name() {
        let rule = mock!(Client::delete_db_snapshot)
            .match_requests(|r| r.db_snapshot_identifier() == Some("old"))
            .then_output(|| DeleteDbSnapshotOutput::builder().build());
        let call = DatabaseCall::DeleteSnapshot {
            snapshot: "old".to_owned(),
        };
        let told = execute(&mocked!(aws_sdk_rds, [&rule]), &call).await;
        assert_eq!(told.expect("accepted").summary, "snapshot old is deleted");
    }
}
