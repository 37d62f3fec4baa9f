//! Alarms that belong to the environment, their transitions, and dashboards.
//!
//! CloudWatch bills each of these requests, so one read makes [`REQUESTS`] at the most: whoever has more alarms names a prefix.

mod condition;
mod history;
mod ownership;

use super::{
    super::{AwsCloud, failure::explain, gap::or_gap, shape::text, time::timestamp},
    Region, Regions,
    places::Side,
};
use crate::{
    cloud::Cloud as _,
    error::Result,
    model::alarm::{Alarm, AlarmBilling, AlarmState, AlarmTransition, Alarms, Dashboard},
};
use aws_sdk_cloudwatch::types;
use futures::future::{OptionFuture, join3};
use jiff::Timestamp;
pub(super) use ownership::Ownership;
use std::{cmp::Reverse, collections::HashSet};

/// Alarms of a page; also the most that one request gives (CloudWatch API reference).
const PAGE: i32 = 100;

/// Pages that a region may take in all, besides the first of each listing.
const FURTHER_PAGES: usize = 2;

/// Billed requests of one read at the most: the home region's two listings by prefix and its history, us-east-1's one listing and its
/// history, the further pages of both, and the dashboards.
#[cfg(test)]
const REQUESTS: usize = (2 + 1 + FURTHER_PAGES) + (1 + 1 + FURTHER_PAGES) + 1;

/// The further pages that are left to a region.
struct Further(usize);

impl Further {
    /// Takes a page; `false` when none is left.
    const fn take(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

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
    load(&regions, &ownership, aws.now()).await
}

pub(super) async fn load(
    regions: &Regions<'_>,
    ownership: &Ownership<'_>,
    now: Timestamp,
) -> Result<Alarms> {
    let of_edge = |edge| of_region(edge, Side::Edge, ownership, now);
    let (home, edge, dashboards) = join3(
        of_region(regions.home, Side::Home, ownership, now),
        OptionFuture::from(regions.edge.map(of_edge)),
        dashboards(regions.home, ownership.resources.dashboard.as_deref()),
    )
    .await;
    let mut all = Alarms::default();
    all.dashboards = or_gap(dashboards, &mut all.gaps);
    let mut refused = None;
    let mut answered = false;
    let mut history_errors = Vec::new();
    for found in [Some(home), edge].into_iter().flatten() {
        match found {
            Ok(found) => {
                answered = true;
                all.alarms.extend(found.alarms);
                all.history
                    .extend(or_gap(found.history, &mut history_errors));
                all.gaps.extend(found.gaps);
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

/// What a region has.
struct Found {
    alarms: Vec<Alarm>,
    history: Result<Vec<AlarmTransition>>,
    /// What was cut.
    gaps: Vec<String>,
}

/// Reads the alarms, then their history: without alarms there is none to ask for.
async fn of_region(
    region: Region<'_>,
    side: Side,
    ownership: &Ownership<'_>,
    now: Timestamp,
) -> Result<Found> {
    let (mut further, mut gaps) = (Further(FURTHER_PAGES), Vec::new());
    let alarms = alarms(region, side, ownership, &mut further, &mut gaps).await?;
    let names: HashSet<&str> = alarms.iter().map(|a| a.name.as_str()).collect();
    let history = if names.is_empty() {
        Ok(Vec::new())
    } else {
        let read = history::read(region, &names, now, &mut further).await;
        read.map(|(history, cut)| {
            gaps.extend(cut);
            history
        })
    };
    Ok(Found {
        alarms,
        history,
        gaps,
    })
}

async fn alarms(
    region: Region<'_>,
    side: Side,
    ownership: &Ownership<'_>,
    further: &mut Further,
    gaps: &mut Vec<String>,
) -> Result<Vec<Alarm>> {
    const ACTION: &str = "cloudwatch:DescribeAlarms";
    let (mut metric, mut composite) = (Vec::new(), Vec::new());
    for prefix in ownership.prefixes(side) {
        let mut pages = region
            .client
            .describe_alarms()
            .alarm_types(types::AlarmType::MetricAlarm)
            .alarm_types(types::AlarmType::CompositeAlarm)
            .set_alarm_name_prefix(prefix)
            .max_records(PAGE)
            .into_paginator()
            .send();
        let mut seen = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| explain(ACTION, region.name, e))?;
            let more = page.next_token().is_some_and(|token| !token.is_empty());
            seen += page.metric_alarms().len() + page.composite_alarms().len();
            metric.extend(page.metric_alarms.unwrap_or_default());
            composite.extend(page.composite_alarms.unwrap_or_default());
            if more && !further.take() {
                gaps.push(format!(
                    "{ACTION} on {}: there are more than the {seen} alarms that were read; a narrower alarm_prefix in hydren.toml finds \
                     the environment's",
                    region.name
                ));
                break;
            }
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
        billing: condition::billing(found),
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
        billing: AlarmBilling::Composite,
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

/// Dashboards are the account's, of no region; the environment's own where it names one. One page holds a thousand.
async fn dashboards(region: Region<'_>, named: Option<&str>) -> Result<Vec<Dashboard>> {
    let page = region
        .client
        .list_dashboards()
        .set_dashboard_name_prefix(named.map(str::to_owned))
        .send()
        .await
        .map_err(|e| explain("cloudwatch:ListDashboards", region.name, e))?;
    let mut found: Vec<Dashboard> = page
        .dashboard_entries()
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

#[cfg(test)]
mod tests;
