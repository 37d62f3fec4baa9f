//! How the environment's alarms changed.
//!
//! CloudWatch gives the history of one alarm or of a whole region, newest first, and bills each request. A region's history is at most as
//! many requests as there are pages, one alarm's are as many as there are alarms, every minute: so the region's is read, as far back as a
//! look at an incident goes.

use super::{Further, state};
use crate::{
    cloud::aws::{cloudwatch::Region, failure::explain, shape::text, time::timestamp as time_of},
    error::Result,
    format,
    model::alarm::AlarmTransition,
};
use aws_sdk_cloudwatch::types;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashSet;

/// Transitions of a page; also the most that one request gives (CloudWatch API reference).
const PAGE: i32 = 100;

/// How far back the history should reach; more is taken where a page holds it.
const SPAN: SignedDuration = SignedDuration::from_hours(24);

/// Reads the transitions of the alarms called `own`, and says what is missing of them.
pub(super) async fn read(
    region: Region<'_>,
    own: &HashSet<&str>,
    now: Timestamp,
    further: &mut Further,
) -> Result<(Vec<AlarmTransition>, Option<String>)> {
    const ACTION: &str = "cloudwatch:DescribeAlarmHistory";
    let mut found = Vec::new();
    let mut pages = region
        .client
        .describe_alarm_history()
        .alarm_types(types::AlarmType::MetricAlarm)
        .alarm_types(types::AlarmType::CompositeAlarm)
        .history_item_type(types::HistoryItemType::StateUpdate)
        .scan_by(types::ScanBy::TimestampDescending)
        .max_records(PAGE)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|e| explain(ACTION, region.name, e))?;
        let items = page.alarm_history_items();
        let reached = items.iter().rev().find_map(|i| time_of(i.timestamp()));
        let own = items
            .iter()
            .filter(|item| item.alarm_name().is_some_and(|name| own.contains(name)));
        found.extend(own.map(transition));
        let enough = reached.is_some_and(|oldest| oldest < now - SPAN);
        if enough || page.next_token().is_none_or(str::is_empty) {
            break;
        }
        if !further.take() {
            let gap = format!(
                "{ACTION} on {}: read back to {} UTC only, so many alarms of the account change",
                region.name,
                format::date_time(reached)
            );
            return Ok((found, Some(gap)));
        }
    }
    Ok((found, None))
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
        at: time_of(found.timestamp()),
        from: side("oldState"),
        to: side("newState"),
        summary: text(found.history_summary()),
    }
}
