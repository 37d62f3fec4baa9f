//! Which alarms belong to the environment.
//!
//! With `alarm_prefix`: those that bear it. Without: those with a dimension that names one of the environment's resources. In both cases
//! the alarms by which Application Auto Scaling scales the environment's services, named `TargetTracking-service/<cluster>/<service>-…`.

use super::super::places::Side;
use crate::model::{alarm::Alarm, environment::Resources};
use aws_sdk_cloudwatch::types;

/// How the names of alarms that target tracking made begin.
pub(in super::super) const AUTOSCALING: &str = "TargetTracking-";

/// The environment's claim.
pub(in super::super) struct Ownership<'a> {
    pub resources: &'a Resources,
    /// The web ACL's metric name, once known; its name is the usual one.
    pub web_acl: Option<String>,
}

impl Ownership<'_> {
    /// The name prefixes to ask CloudWatch for; `None` asks for all alarms of the region. Services are scaled where they live, so that
    /// us-east-1 has no such alarms of theirs unless it is home.
    pub(super) fn prefixes(&self, side: Side) -> Vec<Option<String>> {
        let Some(own) = &self.resources.alarm_prefix else {
            return vec![None];
        };
        let cluster = self.resources.cluster.as_ref();
        let scaling = cluster
            .filter(|_| side == Side::Home)
            .map(|cluster| Some(format!("{AUTOSCALING}service/{cluster}/")));
        [Some(Some(own.clone())), scaling]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Whether a metric alarm belongs to the environment.
    pub(super) fn has(&self, alarm: &types::MetricAlarm) -> bool {
        let name = alarm.alarm_name().unwrap_or_default();
        if let Some(target) = name.strip_prefix(AUTOSCALING) {
            return self.scales(target);
        }
        match &self.resources.alarm_prefix {
            Some(prefix) => name.starts_with(prefix.as_str()),
            None => self.measures(alarm),
        }
    }

    /// Whether a composite alarm belongs: by its prefix, or because its rule names one of the environment's metric alarms.
    pub(super) fn has_composite(&self, alarm: &types::CompositeAlarm, own: &[Alarm]) -> bool {
        if let Some(prefix) = &self.resources.alarm_prefix {
            let name = alarm.alarm_name().unwrap_or_default();
            return name.starts_with(prefix.as_str());
        }
        let rule = alarm.alarm_rule().unwrap_or_default();
        let mut words = rule.split(['(', ')', '"', '\'']).map(str::trim);
        words.any(|word| own.iter().any(|a| a.name == word || a.arn == word))
    }

    /// `service/<cluster>/<service>-AlarmHigh-<uuid>`.
    fn scales(&self, target: &str) -> bool {
        let Some(cluster) = &self.resources.cluster else {
            return false;
        };
        let service = target
            .strip_prefix("service/")
            .and_then(|rest| rest.strip_prefix(cluster.as_str()))
            .and_then(|rest| rest.strip_prefix('/'));
        service.is_some_and(|named| {
            let name = named.split("-Alarm").next().unwrap_or(named);
            self.is_service(name)
        })
    }

    /// Without a list of services the environment is the whole cluster.
    fn is_service(&self, name: &str) -> bool {
        let services = &self.resources.services;
        services.is_empty() || services.iter().any(|s| s.name == name)
    }

    fn measures(&self, alarm: &types::MetricAlarm) -> bool {
        let own = self.resources;
        let is = |name: &Option<String>, value: &str| name.as_deref() == Some(value);
        let named = |dimension: &types::Dimension| {
            let value = dimension.value().unwrap_or_default();
            match dimension.name().unwrap_or_default() {
                "DistributionId" => is(&own.distribution, value),
                "HostedZoneId" => is(&own.hosted_zone, value),
                "LoadBalancer" => own
                    .load_balancer
                    .as_ref()
                    .is_some_and(|name| value.split('/').nth(1) == Some(name.as_str())),
                "WebACL" => {
                    is(&self.web_acl, value)
                        || own.web_acl.as_ref().is_some_and(|acl| acl.name == value)
                }
                "DBInstanceIdentifier" | "DBClusterIdentifier" => {
                    own.database.as_ref().is_some_and(|db| db.id == value)
                }
                "LogGroupName" => own.log_groups.iter().any(|group| group == value),
                "RepositoryName" => own.repositories.iter().any(|name| name == value),
                _ => false,
            }
        };
        dimensions(alarm).any(named) || self.measures_service(alarm)
    }

    /// Two clusters may have services of one name, and one cluster services of two environments.
    fn measures_service(&self, alarm: &types::MetricAlarm) -> bool {
        let value = |key: &str| {
            dimensions(alarm)
                .find(|d| d.name() == Some(key))
                .and_then(types::Dimension::value)
        };
        let cluster = value("ClusterName");
        cluster.is_some()
            && cluster == self.resources.cluster.as_deref()
            && value("ServiceName").is_none_or(|name| self.is_service(name))
    }
}

/// The alarm's dimensions; of a metric-math alarm those of all its metrics.
pub(super) fn dimensions(alarm: &types::MetricAlarm) -> impl Iterator<Item = &types::Dimension> {
    let math = alarm
        .metrics()
        .iter()
        .filter_map(|query| query.metric_stat()?.metric())
        .flat_map(types::Metric::dimensions);
    alarm.dimensions().iter().chain(math)
}
