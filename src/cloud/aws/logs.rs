//! CloudWatch Logs: log lines by FilterLogEvents.

use super::{AwsCloud, failure::explain, parallel, rds, shape::text};
use crate::{
    error::{Error, ErrorKind, Result},
    model::log::{LogEvent, LogQuery, Place},
};
use aws_sdk_cloudwatchlogs::{
    Client,
    types::{FilteredLogEvent, LogGroupClass},
};
use jiff::Timestamp;

/// Pages read of one group. A page holds up to 1 MB or 10,000 lines and may be empty while its token says that there is more
/// (docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).
const PAGES: usize = 50;

/// Lines that FilterLogEvents gives in one page at most (same page).
const PAGE_LINES: usize = 10_000;

/// 2024-01-01T00:00:00Z. A span that begins earlier cannot be read newest first (same page, `startFromHead`).
const NEWEST_FIRST_SINCE: i64 = 1_704_067_200;

/// Reads the newest lines of `query`, in time order. A group that does not exist has no lines, unless none of them exists.
pub(super) async fn read(cloud: &AwsCloud, query: &LogQuery) -> Result<Vec<LogEvent>> {
    let clients = cloud.clients().await?;
    let groups = query.groups.iter().map(|group| async move {
        match Place::of(group) {
            Place::Files { instance } => rds::files::read(&clients.rds, instance, query).await,
            Place::Group { region, .. } => of_group(&clients.logs_of(region), group, query).await,
        }
    });
    lines(query, groups.collect()).await
}

/// Reads `groups` side by side and merges their lines.
async fn lines<F>(query: &LogQuery, groups: Vec<F>) -> Result<Vec<LogEvent>>
where
    F: Future<Output = Result<Vec<LogEvent>>>,
{
    let mut lines = Vec::new();
    let mut absent = Vec::new();
    for group in parallel::all(groups).await {
        match group {
            Ok(found) => lines.extend(found),
            Err(error) if error.kind == ErrorKind::NotFound => absent.push(error),
            Err(error) => return Err(error),
        }
    }
    if absent.len() == query.groups.len()
        && let Some(error) = absent.pop()
    {
        return Err(error);
    }
    // A stable sort: lines of one moment stay in the order in which their group holds them.
    lines.sort_by_key(|line| line.at);
    lines.drain(..lines.len().saturating_sub(query.limit));
    Ok(lines)
}

/// The newest lines of a group, oldest first. Pages are asked for newest first, so that the limit ends the reading early. A server
/// that does not know that order gives the oldest first; its pages are all read.
async fn of_group(logs: &Client, group: &str, query: &LogQuery) -> Result<Vec<LogEvent>> {
    let mut lines: Vec<LogEvent> = Vec::new();
    let mut token = None;
    for page in 1..=PAGES {
        let answer = logs
            .filter_log_events()
            .log_group_name(name(group))
            .set_log_stream_names(query.stream.clone().map(|stream| vec![stream]))
            .start_time(query.from.as_millisecond())
            // AWS's end is inclusive, the query's is not.
            .end_time(query.to.as_millisecond() - 1)
            .limit(i32::try_from(query.limit.clamp(1, PAGE_LINES)).unwrap_or(i32::MAX))
            .set_start_from_head((query.from.as_second() >= NEWEST_FIRST_SINCE).then_some(false))
            .set_filter_pattern(Some(query.pattern.clone()).filter(|pattern| !pattern.is_empty()))
            .set_next_token(token.take())
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let error = explain("logs:FilterLogEvents", &format!("log group {group}"), error);
                return Err(why(logs, group, error).await);
            }
        };
        lines.extend(
            answer
                .events()
                .iter()
                .filter_map(|event| line(group, event)),
        );
        let full = lines.len() >= query.limit && is_newest_first(&lines);
        token = answer.next_token;
        if token.is_none() || full {
            break;
        }
        // Where the newest came first, what is left unread is old; otherwise the newest are missing, and that must be said.
        if page == PAGES && !is_newest_first(&lines) {
            return Err(Error::new(
                ErrorKind::Service,
                format!(
                    "log group {group}: {PAGES} pages do not reach its newest lines that match"
                ),
            )
            .hint("shorten the span of time, or ask CloudWatch Logs Insights"));
        }
    }
    if is_newest_first(&lines) {
        lines.reverse();
    }
    Ok(lines)
}

/// The name of a group that may be told by its ARN.
pub(super) fn name(group: &str) -> &str {
    match Place::of(group) {
        Place::Group { name, .. } => name,
        Place::Files { .. } => group,
    }
}

fn is_newest_first(lines: &[LogEvent]) -> bool {
    matches!(lines, [first, .., last] if first.at > last.at)
}

/// A line; `None` without a time, which AWS always gives.
fn line(group: &str, event: &FilteredLogEvent) -> Option<LogEvent> {
    Some(LogEvent {
        at: Timestamp::from_millisecond(event.timestamp()?).ok()?,
        ingested: event
            .ingestion_time()
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
        group: group.to_owned(),
        stream: text(event.log_stream_name()),
        id: event.event_id().map(str::to_owned),
        message: text(event.message()),
    })
}

/// Replaces a refusal by its cause when the group is of the Infrequent Access class, of which FilterLogEvents knows nothing
/// (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html).
async fn why(logs: &Client, group: &str, error: Error) -> Error {
    if error.kind != ErrorKind::Service {
        return error;
    }
    let answer = logs
        .describe_log_groups()
        .log_group_name_prefix(name(group))
        .send()
        .await;
    let infrequent = answer.is_ok_and(|answer| {
        answer
            .log_groups()
            .iter()
            .filter(|found| found.log_group_name() == Some(name(group)))
            .any(|found| found.log_group_class() == Some(&LogGroupClass::InfrequentAccess))
    });
    if !infrequent {
        return error;
    }
    Error::new(
        ErrorKind::Unsupported,
        format!("log group {group} is of the Infrequent Access class, whose lines cannot be filtered or followed"),
    )
    .hint("ask CloudWatch Logs Insights, which reads this class")
    .source(error)
}

#[cfg(test)]
mod tests {
    use super::super::mocked::mocked;
    use super::*;
    use aws_sdk_cloudwatchlogs::{
        operation::{
            describe_log_groups::DescribeLogGroupsOutput,
            filter_log_events::{FilterLogEventsError, FilterLogEventsOutput},
        },
        types::LogGroup,
    };
    use aws_smithy_mocks::{Rule, mock};
    use aws_smithy_types::error::ErrorMetadata;

    const START: i64 = 1_800_000_000;

    fn query(groups: &[&str], limit: usize) -> LogQuery {
        LogQuery {
            stream: None,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            from: Timestamp::from_second(START).unwrap(),
            to: Timestamp::from_second(START + 60).unwrap(),
            pattern: String::new(),
            limit,
        }
    }

    /// One page of `group` for `token`, with lines at these seconds, leading on to `next`.
    fn page(
        group: &'static str,
        token: Option<&'static str>,
        seconds: &'static [i64],
        next: Option<&'static str>,
    ) -> Rule {
        mock!(Client::filter_log_events)
            .match_requests(move |r| r.log_group_name() == Some(group) && r.next_token() == token)
            .then_output(move || {
                let events = seconds.iter().map(|second| {
                    FilteredLogEvent::builder()
                        .timestamp((START + second) * 1000)
                        .message(format!("{group} {second}"))
                        .build()
                });
                FilterLogEventsOutput::builder()
                    .set_events(Some(events.collect()))
                    .set_next_token(next.map(str::to_owned))
                    .build()
            })
    }

    fn refused(code: &'static str) -> Rule {
        mock!(Client::filter_log_events)
            .match_requests(|r| r.log_group_name() == Some("gone"))
            .then_error(move || {
                FilterLogEventsError::generic(ErrorMetadata::builder().code(code).build())
            })
    }

    async fn read_with(rules: &[Rule], query: &LogQuery) -> Result<Vec<String>> {
        let client = mocked!(aws_sdk_cloudwatchlogs, rules);
        let groups = query.groups.iter();
        let groups = groups.map(|group| of_group(&client, group, query));
        let lines = lines(query, groups.collect()).await?;
        Ok(lines.into_iter().map(|line| line.message).collect())
    }

    #[tokio::test]
    async fn lines_of_several_groups_stand_in_time_order_and_the_oldest_go() {
        let rules = [
            page("a", None, &[9, 5, 1], None),
            page("b", None, &[8, 2], None),
        ];
        let lines = read_with(&rules, &query(&["a", "b"], 4)).await.unwrap();
        assert_eq!(lines, ["b 2", "a 5", "b 8", "a 9"]);
    }

    #[tokio::test]
    async fn an_empty_page_with_a_token_does_not_end_the_reading() {
        let rules = [
            page("a", None, &[], Some("2")),
            page("a", Some("2"), &[], Some("3")),
            page("a", Some("3"), &[7], None),
        ];
        assert_eq!(
            read_with(&rules, &query(&["a"], 10)).await.unwrap(),
            ["a 7"]
        );
    }

    #[tokio::test]
    async fn the_limit_ends_the_reading_when_the_newest_come_first() {
        let rest = page("a", Some("2"), &[3, 2], None);
        let rules = [page("a", None, &[9, 8], Some("2")), rest.clone()];
        assert_eq!(
            read_with(&rules, &query(&["a"], 2)).await.unwrap(),
            ["a 8", "a 9"]
        );
        assert_eq!(rest.num_calls(), 0);
    }

    #[tokio::test]
    async fn a_server_that_gives_the_oldest_first_is_read_to_its_end() {
        let rules = [
            page("a", None, &[1, 2], Some("2")),
            page("a", Some("2"), &[8, 9], None),
        ];
        assert_eq!(
            read_with(&rules, &query(&["a"], 2)).await.unwrap(),
            ["a 8", "a 9"]
        );
    }

    #[tokio::test]
    async fn empty_pages_without_end_are_an_error_and_not_silence() {
        let rules = [
            page("a", None, &[], Some("2")),
            page("a", Some("2"), &[], Some("2")),
        ];
        let error = read_with(&rules, &query(&["a"], 10)).await.unwrap_err();
        assert!(error.message.contains("50 pages"), "{error}");
        assert!(error.hint.is_some());
    }

    #[tokio::test]
    async fn a_missing_group_fails_only_when_no_group_exists() {
        let rules = [
            page("a", None, &[1], None),
            refused("ResourceNotFoundException"),
        ];
        assert_eq!(
            read_with(&rules, &query(&["gone", "a"], 9)).await.unwrap(),
            ["a 1"]
        );
        let error = read_with(&rules, &query(&["gone"], 9)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn the_infrequent_access_class_is_named_as_the_cause() {
        let class = mock!(Client::describe_log_groups).then_output(|| {
            DescribeLogGroupsOutput::builder()
                .log_groups(
                    LogGroup::builder()
                        .log_group_name("gone")
                        .log_group_class(LogGroupClass::InfrequentAccess)
                        .build(),
                )
                .build()
        });
        let rules = [refused("InvalidOperationException"), class];
        let error = read_with(&rules, &query(&["gone"], 9)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.contains("Infrequent Access"));
    }
}
