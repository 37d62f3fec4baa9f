//! Alarms that belong to the environment, their transitions, and dashboards.

mod condition;
mod ownership;

use super::{
    super::{AwsCloud, failure::explain, gap::or_gap, pages::every, shape::text, time::timestamp},
    Region, Regions,
};
use crate::{
    error::Result,
    model::alarm::{Alarm, AlarmState, AlarmTransition, Alarms, Dashboard},
};
use aws_sdk_cloudwatch::types;
use futures::future::{OptionFuture, join, join3};
pub(super) use ownership::Ownership;
use std::{cmp::Reverse, collections::HashSet};

/// Transitions that are read, the newest; also the most that one request gives (CloudWatch API reference).
const TRANSITIONS: i32 = 100;

/// Reads the environment's alarms of the home region and of us-east-1, their history, and the dashboards.
///
/// # Errors
/// What CloudWatch answered when the alarms of no region could be read.
pub(in super::super) async fn read(aws: &AwsCloud) -> Result<Alarms> {
    let clients = aws.clients().await?;
    let regions = Regions::of(aws, clients);
    let ownership = Ownership {
        resources: &aws.environment.resources,
        web_acl: aws.memo.web_acl.known(),
    };
    load(&regions, &ownership).await
}

pub(super) async fn load(regions: &Regions<'_>, ownership: &Ownership<'_>) -> Result<Alarms> {
    let (home, edge, dashboards) = join3(
        of_region(regions.home, ownership),
        OptionFuture::from(regions.edge.map(|edge| of_region(edge, ownership))),
        dashboards(regions.home, ownership.resources.dashboard.as_deref()),
    )
    .await;
    let mut all = Alarms::default();
    all.dashboards = or_gap(dashboards, &mut all.gaps);
    let mut refused = None;
    let mut answered = false;
    let mut history_errors = Vec::new();
    for (alarms, history) in [Some(home), edge].into_iter().flatten() {
        match alarms {
            Ok(alarms) => {
                answered = true;
                let names: HashSet<&str> = alarms.iter().map(|a| a.name.as_str()).collect();
                let history = or_gap(history, &mut history_errors);
                all.history.extend(
                    history
                        .into_iter()
                        .filter(|transition| names.contains(transition.alarm.as_str())),
                );
                all.alarms.extend(alarms);
            }
            Err(error) => {
                all.gaps.push(error.to_string());
                refused = refused.or(Some(error));
            }
        }
    }
    if let (false, Some(error)) = (answered, refused) {
        return Err(error);
    }
    all.alarms
        .sort_by(|a, b| (Reverse(a.state), &a.name).cmp(&(Reverse(b.state), &b.name)));
    all.history.sort_by_key(|transition| Reverse(transition.at));
    all.history_error = (!history_errors.is_empty()).then(|| history_errors.join("; "));
    Ok(all)
}

async fn of_region(
    region: Region<'_>,
    ownership: &Ownership<'_>,
) -> (Result<Vec<Alarm>>, Result<Vec<AlarmTransition>>) {
    join(alarms(region, ownership), history(region)).await
}

async fn alarms(region: Region<'_>, ownership: &Ownership<'_>) -> Result<Vec<Alarm>> {
    let (mut metric, mut composite) = (Vec::new(), Vec::new());
    for prefix in ownership.prefixes() {
        let mut pages = region
            .client
            .describe_alarms()
            .alarm_types(types::AlarmType::MetricAlarm)
            .alarm_types(types::AlarmType::CompositeAlarm)
            .set_alarm_name_prefix(prefix)
            .max_records(100)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| explain("cloudwatch:DescribeAlarms", region.name, e))?;
            metric.extend(page.metric_alarms.unwrap_or_default());
            composite.extend(page.composite_alarms.unwrap_or_default());
        }
    }
    metric.retain(|alarm| ownership.has(alarm));
    let mut alarms: Vec<Alarm> = metric.iter().map(|a| from_metric(a, region.name)).collect();
    composite.retain(|alarm| ownership.has_composite(alarm, &alarms));
    alarms.extend(composite.iter().map(|a| from_composite(a, region.name)));
    // An autoscaling alarm has both prefixes where the environment's is a part of `TargetTracking-`.
    alarms.sort_by(|a, b| a.arn.cmp(&b.arn));
    alarms.dedup_by(|a, b| !a.arn.is_empty() && a.arn == b.arn);
    Ok(alarms)
}

fn from_metric(found: &types::MetricAlarm, region: &str) -> Alarm {
    let name = text(found.alarm_name());
    Alarm {
        arn: text(found.alarm_arn()),
        state: state(found.state_value().map(types::StateValue::as_str)),
        reason: text(found.state_reason()),
        since: timestamp(
            found
                .state_transitioned_timestamp()
                .or(found.state_updated_timestamp()),
        ),
        region: region.to_owned(),
        metric: condition::metric(found),
        dimensions: ownership::dimensions(found)
            .map(|d| (text(d.name()), text(d.value())))
            .collect(),
        condition: condition::sentence(found),
        actions_enabled: found.actions_enabled().unwrap_or(true),
        actions: found.alarm_actions().len(),
        owned_by_autoscaling: name.starts_with(ownership::AUTOSCALING),
        name,
    }
}

fn from_composite(found: &types::CompositeAlarm, region: &str) -> Alarm {
    Alarm {
        name: text(found.alarm_name()),
        arn: text(found.alarm_arn()),
        state: state(found.state_value().map(types::StateValue::as_str)),
        reason: text(found.state_reason()),
        since: timestamp(
            found
                .state_transitioned_timestamp()
                .or(found.state_updated_timestamp()),
        ),
        region: region.to_owned(),
        metric: String::new(),
        dimensions: Vec::new(),
        condition: text(found.alarm_rule()),
        actions_enabled: found.actions_enabled().unwrap_or(true),
        actions: found.alarm_actions().len(),
        owned_by_autoscaling: false,
    }
}

/// A state that this version does not know says as little as `INSUFFICIENT_DATA`.
fn state(word: Option<&str>) -> AlarmState {
    match word {
        Some("OK") => AlarmState::Ok,
        Some("ALARM") => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    }
}

async fn history(region: Region<'_>) -> Result<Vec<AlarmTransition>> {
    let answer = region
        .client
        .describe_alarm_history()
        .alarm_types(types::AlarmType::MetricAlarm)
        .alarm_types(types::AlarmType::CompositeAlarm)
        .history_item_type(types::HistoryItemType::StateUpdate)
        .scan_by(types::ScanBy::TimestampDescending)
        .max_records(TRANSITIONS)
        .send()
        .await
        .map_err(|e| explain("cloudwatch:DescribeAlarmHistory", region.name, e))?;
    Ok(answer
        .alarm_history_items()
        .iter()
        .map(transition)
        .collect())
}

fn transition(found: &types::AlarmHistoryItem) -> AlarmTransition {
    let data = found
        .history_data()
        .and_then(|data| serde_json::from_str::<serde_json::Value>(data).ok())
        .unwrap_or_default();
    let side = |key: &str| {
        data[key]["stateValue"]
            .as_str()
            .map(|word| state(Some(word)))
    };
    AlarmTransition {
        alarm: text(found.alarm_name()),
        at: timestamp(found.timestamp()),
        from: side("oldState"),
        to: side("newState"),
        summary: text(found.history_summary()),
    }
}

/// Dashboards are the account's, of no region; the environment's own where it names one.
async fn dashboards(region: Region<'_>, named: Option<&str>) -> Result<Vec<Dashboard>> {
    let pages = region
        .client
        .list_dashboards()
        .set_dashboard_name_prefix(named.map(str::to_owned))
        .into_paginator()
        .items()
        .send();
    let mut found: Vec<Dashboard> = every(pages, "cloudwatch:ListDashboards", region.name)
        .await?
        .iter()
        .map(|entry| Dashboard {
            name: text(entry.dashboard_name()),
            modified_at: timestamp(entry.last_modified()),
            size_bytes: entry.size().unwrap_or_default(),
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
