//! How single resources are: what screens mark a row with. Whatever a rule decides on is decided here by the rule's own function, so
//! that a row and the tier's verdict cannot disagree.

use super::{alarms, alb, certificate, cloudfront, ecs, images, network, rds, rollouts, route53};
use super::{scene::Scene, stops};
use crate::{
    model::{
        Health,
        alarm::{Alarm, AlarmState},
        balancer::{Balancer, Target, TargetGroup},
        compute::{Rollout, Service, Task},
        database::{Database, DbSnapshot, PendingMaintenance},
        edge::{Cdn, Certificate, HealthCheck},
        environment::Environment,
        image::ScanFindings,
        network::{FlowLog, Route, RouteTable, Subnet, SubnetReach},
        state::GatewayState,
    },
    observe::Observations,
};
use jiff::Timestamp;

/// Percent of the database's CPU at which its rule speaks.
pub const DATABASE_CPU: f64 = rds::CPU;

/// Percent of the database's allocated storage below which its rule speaks, when so little is free.
pub const DATABASE_FREE_STORAGE: f64 = rds::WARN_STORAGE;

/// Judges single resources at one moment. `Unknown` is said of what is neither well nor unwell: starting, unused, not told.
pub struct Judge<'a>(Scene<'a>);

impl<'a> Judge<'a> {
    /// Makes the judge of what was observed at `now`.
    #[must_use]
    pub fn new(environment: &'a Environment, seen: &'a Observations, now: Timestamp) -> Self {
        Self(Scene::new(environment, seen, now))
    }

    /// By its status, and by its tasks: too few are no fault while a young rollout explains them.
    #[must_use]
    pub fn service(&self, service: &Service) -> Health {
        ecs::standing(&self.0, service)
    }

    /// Whether it runs, or why it stopped: one that a deployment or scaling ended did not fail, whatever its exit code.
    #[must_use]
    pub fn task(&self, task: &Task) -> Health {
        stops::standing(task)
    }

    /// By its outcome; `Unknown` while it goes on.
    #[must_use]
    pub fn rollout(&self, rollout: &Rollout) -> Health {
        rollouts::severity(&rollout.status)
    }

    /// By its state.
    #[must_use]
    pub fn balancer(&self, balancer: &Balancer) -> Health {
        alb::standing(&balancer.state)
    }

    /// By its targets; `Unknown` when they were not read, are not checked, or no listener sends requests to them.
    #[must_use]
    pub fn target_group(&self, balancer: &Balancer, group: &TargetGroup) -> Health {
        alb::group(balancer, group)
    }

    /// By its state: a failing one matters more when no other serves.
    #[must_use]
    pub fn target(&self, group: &TargetGroup, target: &Target) -> Health {
        alb::target(group, target)
    }

    /// Whether it answers viewers with its newest configuration.
    #[must_use]
    pub fn distribution(&self, cdn: &Cdn) -> Health {
        cloudfront::standing(&self.0, cdn)
    }

    /// By its status and its end.
    #[must_use]
    pub fn certificate(&self, served: &Certificate) -> Health {
        certificate::severity(&self.0, served)
    }

    /// By a certificate's end alone.
    #[must_use]
    pub fn expiry(&self, end: Timestamp) -> Health {
        certificate::ending(certificate::days_until(&self.0, end))
    }

    /// By Route 53's own judgement, or by the metric where that is not told.
    #[must_use]
    pub fn health_check(&self, check: &HealthCheck) -> Health {
        route53::standing(&self.0, check)
    }

    /// By its status.
    #[must_use]
    pub fn database(&self, database: &Database) -> Health {
        rds::of_status(&database.status)
    }

    /// By its status.
    #[must_use]
    pub fn snapshot(&self, snapshot: &DbSnapshot) -> Health {
        rds::of_snapshot(&snapshot.status)
    }

    /// Whether automated backups are on.
    #[must_use]
    pub fn backups(&self, database: &Database) -> Health {
        rds::upkeep::backups(database)
    }

    /// Whether any of its parameters waits for a reboot.
    #[must_use]
    pub fn parameters(&self, database: &Database) -> Health {
        rds::upkeep::parameters(database)
    }

    /// Whether it is applied before long.
    #[must_use]
    pub fn maintenance(&self, pending: &PendingMaintenance) -> Health {
        rds::upkeep::nearness(&self.0, pending)
    }

    /// By a state that it has or had; one that steers autoscaling is neither well nor unwell when it fires. `None` is an alarm that
    /// is gone.
    #[must_use]
    pub fn alarm(&self, alarm: Option<&Alarm>, state: AlarmState) -> Health {
        alarms::standing(alarm, state)
    }

    /// By the severest vulnerability that a scan found.
    #[must_use]
    pub fn vulnerabilities(&self, scan: &ScanFindings) -> Health {
        images::severity(scan)
    }

    /// By its free addresses, if the environment needs some of them.
    #[must_use]
    pub fn addresses(&self, subnet: &Subnet) -> Health {
        network::addresses(&self.0, subnet)
    }

    /// By where a subnet's default route leads.
    #[must_use]
    pub fn reach(&self, reach: SubnetReach) -> Health {
        network::reach(reach)
    }

    /// By its state, and by who depends on it.
    #[must_use]
    pub fn route(&self, table: &RouteTable, route: &Route) -> Health {
        network::route(table, route)
    }

    /// By its state.
    #[must_use]
    pub fn gateway(&self, state: &GatewayState) -> Health {
        network::gateway(state)
    }

    /// By whether its records arrive.
    #[must_use]
    pub fn flow_log(&self, log: &FlowLog) -> Health {
        network::flow_log(log)
    }
}
