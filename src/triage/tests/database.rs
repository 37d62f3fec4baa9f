//! RDS.

use super::super::fixture::{Fixture, ago};
use crate::model::{Health, Tier, database::PendingMaintenance, metric::Metric};

const GIB: f64 = 1_073_741_824.0;

#[test]
fn a_status_is_judged_by_what_it_means_for_users() {
    let mut fixture = Fixture::healthy();
    let mut of = |status: &str| {
        fixture.database.status = status.into();
        fixture.severity("rds-status")
    };
    assert_eq!(of("backing-up"), None);
    assert_eq!(of("rebooting"), Some(Health::Warning));
    assert_eq!(of("incompatible-network"), Some(Health::Critical));
    assert_eq!(of("storage-full"), Some(Health::Critical));
    assert_eq!(fixture.verdict(Tier::Rds).1, "storage-full");
}

#[test]
fn connections_near_their_maximum_are_told() {
    let mut fixture = Fixture::healthy();
    let mut of = |connections: f64| {
        fixture.metric(Metric::RdsConnections, &[connections; 5]);
        fixture.severity("rds-connections")
    };
    assert_eq!(of(350.0), None);
    assert_eq!(of(361.0), Some(Health::Warning));
    assert_eq!(of(445.0), Some(Health::Critical));
    assert_eq!(fixture.verdict(Tier::Rds).1, "conn 445/450");
    fixture.database.max_connections = None;
    assert_eq!(
        fixture.severity("rds-connections"),
        None,
        "no limit is known"
    );
}

#[test]
fn storage_that_runs_out_is_told() {
    let mut fixture = Fixture::healthy();
    let mut of = |free: f64| {
        fixture.metric(Metric::RdsFreeStorage, &[free * GIB; 5]);
        fixture.severity("rds-storage")
    };
    assert_eq!(of(11.0), None);
    assert_eq!(of(9.0), Some(Health::Warning));
    assert_eq!(of(4.0), Some(Health::Critical));
    fixture.database.engine = "aurora-postgresql".into();
    assert_eq!(fixture.severity("rds-storage"), None, "it grows by itself");
}

#[test]
fn cpu_counts_when_it_stays_high() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::RdsCpu, &[95.0; 5]);
    assert_eq!(fixture.severity("rds-cpu"), Some(Health::Warning));
    fixture.metric(Metric::RdsCpu, &[95.0, 60.0, 95.0, 95.0, 95.0]);
    assert_eq!(fixture.severity("rds-cpu"), None);
}

#[test]
fn a_late_datapoint_does_not_blind_a_rule() {
    let mut fixture = Fixture::healthy();
    fixture.metric(
        Metric::RdsCpu,
        &[95.0, 95.0, 95.0, 95.0, 95.0, f64::NAN, f64::NAN],
    );
    assert_eq!(fixture.severity("rds-cpu"), Some(Health::Warning));
    fixture.metric(Metric::RdsCpu, &[f64::NAN; 8]);
    assert_eq!(fixture.severity("rds-cpu"), None, "old values are not now");
}

#[test]
fn backups_are_watched() {
    let mut fixture = Fixture::healthy();
    fixture.database.latest_restorable = ago(2_400);
    assert_eq!(fixture.severity("rds-restore-lag"), Some(Health::Warning));
    fixture.database.backup_retention_days = 0;
    assert_eq!(fixture.severity("rds-restore-lag"), None);
    assert_eq!(fixture.severity("rds-backups-off"), Some(Health::Warning));
}

#[test]
fn a_burstable_class_without_credits_pays_and_is_not_throttled() {
    let mut fixture = Fixture::healthy();
    fixture.metric(Metric::RdsCpuCredits, &[0.0; 30]);
    let found = fixture.findings("rds-credits");
    assert!(found[0].title.contains("surplus"));
    let all = format!("{found:?}").to_lowercase();
    assert!(!all.contains("throttl"), "{all}");
    fixture.database.class = "db.m7g.large".into();
    assert_eq!(fixture.severity("rds-credits"), None);
}

#[test]
fn credits_that_come_every_five_minutes_are_found() {
    let mut fixture = Fixture::healthy();
    let mut sparse = vec![f64::NAN; 60];
    for value in sparse.iter_mut().step_by(5) {
        *value = 0.0;
    }
    fixture.metric(Metric::RdsCpuCredits, &sparse);
    assert_eq!(fixture.severity("rds-credits"), Some(Health::Warning));
}

#[test]
fn maintenance_is_told_when_it_comes_near() {
    let mut fixture = Fixture::healthy();
    let mut at = |days: i64| {
        fixture.database.pending_maintenance = vec![PendingMaintenance {
            action: "system-update".into(),
            description: "New Operating System update is available".into(),
            apply_at: ago(-days * 86_400),
        }];
        fixture.severity("rds-maintenance")
    };
    assert_eq!(at(30), None);
    assert_eq!(at(3), Some(Health::Warning));
    fixture.database.pending_maintenance[0].apply_at = None;
    assert_eq!(
        fixture.severity("rds-maintenance"),
        None,
        "it waits for somebody"
    );
}

#[test]
fn parameters_that_wait_for_a_reboot_are_told() {
    let mut fixture = Fixture::healthy();
    fixture.database.parameter_groups[0].1 = "pending-reboot".into();
    assert_eq!(
        fixture.severity("rds-pending-reboot"),
        Some(Health::Warning)
    );
}

#[test]
fn figures_that_do_not_apply_say_so() {
    let mut fixture = Fixture::healthy();
    fixture.metrics.series.clear();
    fixture.database.class = "db.m7g.large".into();
    fixture.database.performance_insights = false;
    let missing = |name| fixture.figure(Tier::Rds, name).and_then(|f| f.missing);
    assert_eq!(missing("cpu_credits").as_deref(), Some("not burstable"));
    assert_eq!(missing("db_load").as_deref(), Some("not enabled"));
}

#[test]
fn a_datapoint_of_five_minutes_counts_once() {
    let mut fixture = Fixture::healthy();
    let mut spread = vec![300.0; 15];
    spread[10..].fill(0.0);
    fixture.metric(Metric::RdsCpuCredits, &spread);
    assert_eq!(
        fixture.severity("rds-credits"),
        None,
        "one datapoint is none"
    );
}
