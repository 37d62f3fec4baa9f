//! CloudWatch Logs Insights: a query is started, asked for its answer, and stopped.
//!
//! Sources: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html and API_GetQueryResults.html. Rows carry
//! a pointer `@ptr` to the whole record, which nobody reads. What a query has scanned is counted once, when its final answer is read.

use super::{AwsCloud, failure::explain, shape::text};
use crate::{
    cloud::meter,
    error::{Error, ErrorKind, Result},
    model::log::{InsightsAnswer, InsightsQuery, Place, QueryState},
};
use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Starts a query; gives its id.
pub(super) async fn start(cloud: &AwsCloud, query: &InsightsQuery) -> Result<String> {
    let (region, names) = place(&query.groups)?;
    let clients = cloud.clients().await?;
    let started = clients
        .logs_of(region)
        .start_query()
        .set_log_group_names(Some(names))
        .start_time(query.from.as_second())
        .end_time(last_second(query.to))
        .query_string(&query.text)
        .limit(i32::try_from(query.limit).unwrap_or(i32::MAX))
        .send()
        .await
        .map_err(|error| explain("logs:StartQuery", &query.groups.join(", "), error))?;
    let id = started.query_id.ok_or_else(|| {
        Error::new(
            ErrorKind::Service,
            "CloudWatch Logs started a query and gave no id",
        )
    })?;
    cloud.memo.queries.begin(&id, region);
    Ok(id)
}

/// Reads what a query has found so far.
pub(super) async fn answer(cloud: &AwsCloud, id: &str) -> Result<InsightsAnswer> {
    let clients = cloud.clients().await?;
    let region = cloud.memo.queries.region(id);
    let answer = clients
        .logs_of(region.as_deref())
        .get_query_results()
        .query_id(id)
        .send()
        .await
        .map_err(|error| explain("logs:GetQueryResults", &format!("query {id}"), error))?;
    let (matched, scanned, scanned_bytes) = answer.statistics().map_or((0.0, 0.0, 0.0), |s| {
        (s.records_matched(), s.records_scanned(), s.bytes_scanned())
    });
    let state = state(answer.status());
    if state.is_final() && cloud.memo.queries.end(id) {
        let region = match region {
            Some(region) => region,
            None => cloud.region().await?,
        };
        let usd = meter::scan_cost(&region, scanned_bytes);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of bytes"
        )]
        cloud
            .meter
            .spend("logs", "StartQuery", scanned_bytes as u64, usd);
    }
    Ok(InsightsAnswer {
        state,
        rows: answer.results().iter().map(|row| fields(row)).collect(),
        matched,
        scanned,
        scanned_bytes,
    })
}

/// Stops a query. What it has scanned is counted by the answer that is read after it.
pub(super) async fn stop(cloud: &AwsCloud, id: &str) -> Result<()> {
    let clients = cloud.clients().await?;
    let region = cloud.memo.queries.region(id);
    clients
        .logs_of(region.as_deref())
        .stop_query()
        .query_id(id)
        .send()
        .await
        .map_err(|error| explain("logs:StopQuery", &format!("query {id}"), error))?;
    Ok(())
}

/// The one region of `groups`, and their names.
///
/// # Errors
/// `Unsupported` where a query cannot ask them all.
fn place(groups: &[String]) -> Result<(Option<&str>, Vec<String>)> {
    let refused = |what: String| {
        Err(Error::new(ErrorKind::Unsupported, what)
            .hint("a query of Logs Insights reads log groups of one region: name those to ask"))
    };
    let mut regions = BTreeSet::new();
    let mut names = Vec::new();
    for group in groups {
        match Place::of(group) {
            Place::Group { name, region } => {
                regions.insert(region);
                names.push(name.to_owned());
            }
            Place::Files { .. } => return refused(format!("{group} is no log group")),
        }
    }
    if regions.len() > 1 {
        return refused("the log groups lie in several regions".to_owned());
    }
    Ok((regions.pop_first().flatten(), names))
}

/// The last second to ask for: AWS's end is inclusive and in whole seconds, the query's is neither.
fn last_second(to: Timestamp) -> i64 {
    if to.subsec_nanosecond() == 0 {
        to.as_second() - 1
    } else {
        to.as_second() + 1
    }
}

fn fields(row: &[ResultField]) -> Vec<(String, String)> {
    row.iter()
        .filter(|field| field.field() != Some("@ptr"))
        .map(|field| (text(field.field()), text(field.value())))
        .collect()
}

fn state(status: Option<&QueryStatus>) -> QueryState {
    match status {
        Some(QueryStatus::Complete) => QueryState::Complete,
        Some(QueryStatus::Cancelled) => QueryState::Cancelled,
        Some(QueryStatus::Failed) => QueryState::Failed,
        Some(QueryStatus::Timeout) => QueryState::TimedOut,
        Some(QueryStatus::Running) => QueryState::Running,
        _ => QueryState::Scheduled,
    }
}
