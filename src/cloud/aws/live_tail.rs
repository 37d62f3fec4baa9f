//! CloudWatch Live Tail: the event stream of StartLiveTail as a session.
//!
//! Sources: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html and
//! docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html. A session lasts three hours, sends an update every
//! second and 500 lines in it at most, and knows groups of the Standard class only. It is billed by the minute.

use super::{AwsCloud, failure::explain, logs::name, parallel, shape::text, sts};
use crate::{
    cloud::{
        follow::{LiveTail, NoSession, Session, Update},
        meter::{Meter, price},
    },
    error::{Error, ErrorKind, Result},
    model::log::{LogEvent, Place},
};
use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::{
    Client,
    config::{Config, StalledStreamProtectionConfig},
    operation::start_live_tail::StartLiveTailOutput,
    types::{
        LiveTailSessionLogEvent, LiveTailSessionMetadata, LiveTailSessionUpdate, LogGroup,
        LogGroupClass, StartLiveTailResponseStream, error::StartLiveTailResponseStreamError,
    },
};
use aws_smithy_runtime_api::client::{orchestrator::HttpRequest, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// Until a session has started. The SDK limits the time to the answer's head only.
const START: Duration = Duration::from_secs(15);

/// Codes that another try would only meet again.
const REFUSALS: [&str; 3] = [
    "InvalidOperationException",
    "InvalidParameterException",
    "LimitExceededException",
];

#[async_trait]
impl LiveTail for AwsCloud {
    async fn open(&self, groups: &[String]) -> Result<Session, NoSession> {
        let opened = timeout(START, start(self, groups)).await;
        let events = opened.map_err(|_| {
            NoSession::Lost(format!(
                "Live Tail did not start within {} s",
                START.as_secs()
            ))
        })??;
        Ok(session(events, groups.to_vec(), Arc::clone(&self.meter)))
    }
}

/// Starts a session on those of `groups` that can be tailed, and waits until it stands.
async fn start(cloud: &AwsCloud, groups: &[String]) -> Result<StartLiveTailOutput, NoSession> {
    let clients = cloud.clients().await.map_err(|e| no_session(&e, None))?;
    let logs = match groups.first().map(|group| Place::of(group)) {
        Some(Place::Group { region, .. }) => clients.logs_of(region),
        _ => clients.logs.clone(),
    };
    let arns = arns(cloud, &logs, groups).await?;
    let resource = format!("{} log groups", arns.len());
    let unprotected = Config::builder()
        // A session without lines is quiet, not stalled.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let answer = logs
        .start_live_tail()
        .set_log_group_identifiers(Some(arns))
        .customize()
        .config_override(unprotected)
        .mutate_request(to_own_endpoint)
        .send()
        .await;
    let mut session = answer.map_err(|error| {
        let code = error.code().map(str::to_owned);
        no_session(
            &explain("logs:StartLiveTail", &resource, error),
            code.as_deref(),
        )
    })?;
    match session.response_stream.recv().await {
        Ok(Some(_)) => Ok(session),
        Ok(None) => Err(NoSession::Lost("Live Tail ended at its start".to_owned())),
        Err(error) => Err(lost(&error)),
    }
}

/// The ARNs of those of `groups` that exist and are of the Standard class; of the others, asking for their lines tells what is wrong.
async fn arns(
    cloud: &AwsCloud,
    logs: &Client,
    groups: &[String],
) -> Result<Vec<String>, NoSession> {
    let described = parallel::all(groups.iter().map(|group| describe(logs, group)).collect()).await;
    let described: Result<Vec<Option<LogGroup>>> = described.into_iter().collect();
    let arns: Vec<String> = match described {
        Ok(found) => {
            let standard = found.iter().flatten().filter(|group| {
                matches!(
                    group.log_group_class(),
                    None | Some(LogGroupClass::Standard)
                )
            });
            let arn = |group: &LogGroup| {
                let arn = group.log_group_arn().or(group.arn())?;
                Some(arn.trim_end_matches(":*").to_owned())
            };
            standard.filter_map(arn).collect()
        }
        // Who may not look them up can still name them.
        Err(error) if matches!(error.kind, ErrorKind::Denied { .. }) => {
            let caller = sts::identity(cloud)
                .await
                .map_err(|e| no_session(&e, None))?;
            let arn = |group: &String| {
                if group.starts_with("arn:") {
                    return group.trim_end_matches(":*").to_owned();
                }
                format!(
                    "arn:aws:logs:{}:{}:log-group:{group}",
                    caller.region, caller.account
                )
            };
            groups.iter().map(arn).collect()
        }
        Err(error) => return Err(no_session(&error, None)),
    };
    if arns.is_empty() {
        return Err(NoSession::Refused(
            "none of the log groups can be tailed: Live Tail needs the Standard class".to_owned(),
        ));
    }
    Ok(arns)
}

/// What CloudWatch knows of a group, if there is one of that name.
async fn describe(logs: &Client, group: &str) -> Result<Option<LogGroup>> {
    let answer = logs
        .describe_log_groups()
        .log_group_name_prefix(name(group))
        .send()
        .await
        .map_err(|e| explain("logs:DescribeLogGroups", &format!("log group {group}"), e))?;
    let mut groups = answer.log_groups.unwrap_or_default().into_iter();
    Ok(groups.find(|found| found.log_group_name() == Some(name(group))))
}

/// Takes the SDK's host prefix from endpoints of one's own: only AWS has a host `stream-logs.…`.
fn to_own_endpoint(request: &mut HttpRequest) {
    if let Some(uri) = without_prefix(request.uri()) {
        // What was an address before the prefix came is one without it.
        let _ = request.set_uri(uri);
    }
}

fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://stream-")?;
    (!rest.starts_with("logs.")).then(|| format!("{scheme}://{rest}"))
}

/// Why no session came about, and whether to try again.
fn no_session(error: &Error, code: Option<&str>) -> NoSession {
    let refused = match error.kind {
        ErrorKind::Denied { .. } | ErrorKind::Unsupported | ErrorKind::Config => true,
        ErrorKind::Service => code.is_some_and(|code| REFUSALS.contains(&code)),
        _ => false,
    };
    let why = error.message.clone();
    if refused {
        NoSession::Refused(why)
    } else {
        NoSession::Lost(why)
    }
}

/// Why a session ended.
fn lost<R: std::fmt::Debug + Send + Sync + 'static>(
    error: &SdkError<StartLiveTailResponseStreamError, R>,
) -> NoSession {
    NoSession::Lost(match error.as_service_error() {
        Some(StartLiveTailResponseStreamError::SessionTimeoutException(_)) => {
            "the Live Tail session's three hours are over".to_owned()
        }
        Some(error) => format!("the Live Tail session failed: {error}"),
        None => "the connection of the Live Tail session was lost".to_owned(),
    })
}

/// The updates of a session that has started.
fn session(events: StartLiveTailOutput, groups: Vec<String>, meter: Arc<Meter>) -> Session {
    let mut bill = Bill {
        meter,
        started: Instant::now(),
        minutes: 0,
    };
    bill.count();
    stream::unfold(Some((events, groups, bill)), |running| async move {
        let (mut events, groups, mut bill) = running?;
        loop {
            match events.response_stream.recv().await {
                Ok(Some(StartLiveTailResponseStream::SessionUpdate(update))) => {
                    bill.count();
                    let update = self::update(&update, &groups);
                    return Some((Ok(update), Some((events, groups, bill))));
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some((Err(lost(&error)), None)),
            }
        }
    })
    .boxed()
}

/// Counts the minutes of a session as they begin.
struct Bill {
    meter: Arc<Meter>,
    started: Instant,
    minutes: u64,
}

impl Bill {
    fn count(&mut self) {
        let begun = self.started.elapsed().as_secs() / 60 + 1;
        let new = begun - self.minutes;
        if new > 0 {
            self.minutes = begun;
            let usd = price("logs", "StartLiveTail", new);
            self.meter.spend("logs", "StartLiveTail", new, usd);
        }
    }
}

fn update(update: &LiveTailSessionUpdate, groups: &[String]) -> Update {
    let lines = update.session_results().iter();
    let lines = lines.filter_map(|event| line(event, groups)).collect();
    if update
        .session_metadata()
        .is_some_and(LiveTailSessionMetadata::sampled)
    {
        Update::Sampled(lines)
    } else {
        Update::Whole(lines)
    }
}

/// A line; `None` without a time, which AWS always gives.
fn line(event: &LiveTailSessionLogEvent, groups: &[String]) -> Option<LogEvent> {
    let identifier = event.log_group_identifier().unwrap_or_default();
    Some(LogEvent {
        at: Timestamp::from_millisecond(event.timestamp()?).ok()?,
        ingested: event
            .ingestion_time()
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
        group: group_of(identifier, groups),
        stream: text(event.log_stream_name()),
        id: None,
        message: text(event.message()),
    })
}

/// The group of an identifier: its name, its ARN, or `ACCOUNT:NAME`. A name has no colon.
fn group_of(identifier: &str, groups: &[String]) -> String {
    let told = identifier.trim_end_matches(":*");
    let told = told.rsplit(':').next().unwrap_or(told);
    match groups {
        [only] if told.is_empty() => only.clone(),
        _ => {
            let known = groups.iter().find(|group| name(group) == told);
            known.map_or(told, String::as_str).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mocked::mocked;
    use super::*;
    use aws_sdk_cloudwatchlogs::{
        operation::describe_log_groups::DescribeLogGroupsOutput,
        types::error::{SessionStreamingException, SessionTimeoutException},
    };
    use aws_smithy_mocks::{Rule, mock};

    fn described(name: &'static str, class: LogGroupClass) -> Rule {
        mock!(Client::describe_log_groups)
            .match_requests(move |r| r.log_group_name_prefix() == Some(name))
            .then_output(move || {
                let group = |name: &str| {
                    LogGroup::builder()
                        .log_group_name(name)
                        .arn(format!(
                            "arn:aws:logs:eu-central-1:123456789012:log-group:{name}:*"
                        ))
                        .log_group_class(class.clone())
                        .build()
                };
                DescribeLogGroupsOutput::builder()
                    .log_groups(group(name))
                    .log_groups(group(&format!("{name}-old")))
                    .build()
            })
    }

    async fn tailed(rules: &[Rule], groups: &[&str]) -> Result<Vec<String>, NoSession> {
        let cloud = AwsCloud::new(crate::cloud::sim::environment());
        let groups: Vec<String> = groups.iter().map(|&g| g.to_owned()).collect();
        arns(&cloud, &mocked!(aws_sdk_cloudwatchlogs, rules), &groups).await
    }

    #[tokio::test]
    async fn groups_are_named_by_arns_without_a_star_and_other_classes_are_left_out() {
        let rules = [
            described("/ecs/a", LogGroupClass::Standard),
            described("/ecs/b", LogGroupClass::InfrequentAccess),
        ];
        assert_eq!(
            tailed(&rules, &["/ecs/a", "/ecs/b"]).await,
            Ok(vec![
                "arn:aws:logs:eu-central-1:123456789012:log-group:/ecs/a".to_owned()
            ])
        );
        let refused = tailed(&rules, &["/ecs/b"]).await;
        assert!(matches!(refused, Err(NoSession::Refused(why)) if why.contains("Standard class")));
    }

    #[test]
    fn a_refusal_is_final_and_trouble_is_not() {
        let no = |kind, code| no_session(&Error::new(kind, "why"), code);
        let denied = ErrorKind::Denied {
            action: "logs:StartLiveTail".to_owned(),
        };
        for refused in [
            no(denied, None),
            no(ErrorKind::Unsupported, None),
            no(ErrorKind::Service, Some("LimitExceededException")),
        ] {
            assert_eq!(refused, NoSession::Refused("why".to_owned()));
        }
        for lost in [
            no(ErrorKind::Throttled, Some("ThrottlingException")),
            no(ErrorKind::Unreachable, None),
            no(ErrorKind::Service, Some("ServiceUnavailableException")),
        ] {
            assert_eq!(lost, NoSession::Lost("why".to_owned()));
        }
    }

    #[test]
    fn the_end_of_a_session_says_whether_time_or_trouble_ended_it() {
        let ended = |error| match lost(&SdkError::<_, ()>::service_error(error, ())) {
            NoSession::Lost(why) | NoSession::Refused(why) => why,
        };
        let timeout = SessionTimeoutException::builder().build();
        let timeout = ended(StartLiveTailResponseStreamError::SessionTimeoutException(
            timeout,
        ));
        assert!(timeout.contains("three hours"), "{timeout}");
        let failure = SessionStreamingException::builder().message("oh").build();
        let failure = ended(StartLiveTailResponseStreamError::SessionStreamingException(
            failure,
        ));
        assert!(failure.ends_with("oh"), "{failure}");
    }

    #[test]
    fn only_aws_has_a_streaming_host() {
        let own = without_prefix("http://stream-127.0.0.1:4566/");
        assert_eq!(own.as_deref(), Some("http://127.0.0.1:4566/"));
        assert_eq!(
            without_prefix("https://stream-logs.eu-west-1.amazonaws.com/"),
            None
        );
    }

    #[test]
    fn a_group_is_known_by_every_form_of_its_identifier() {
        let groups = ["/ecs/a".to_owned(), "/ecs/b".to_owned()];
        for identifier in [
            "/ecs/a",
            "123456789012:/ecs/a",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/a",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/a:*",
        ] {
            assert_eq!(group_of(identifier, &groups), "/ecs/a");
        }
    }

    #[test]
    fn an_update_says_whether_lines_were_left_out() {
        let event = LiveTailSessionLogEvent::builder()
            .log_group_identifier("123456789012:/ecs/a")
            .log_stream_name("s")
            .message("hello")
            .timestamp(1_800_000_000_000)
            .build();
        let sampled = LiveTailSessionUpdate::builder()
            .session_metadata(LiveTailSessionMetadata::builder().sampled(true).build())
            .session_results(event)
            .build();
        let Update::Sampled(lines) = update(&sampled, &[]) else {
            panic!("it was sampled");
        };
        assert_eq!(
            (lines[0].group.as_str(), lines[0].message.as_str()),
            ("/ecs/a", "hello")
        );
    }

    #[test]
    fn a_session_costs_from_its_first_minute_on() {
        let meter = Arc::new(Meter::default());
        let ago = |seconds| {
            Instant::now()
                .checked_sub(Duration::from_secs(seconds))
                .unwrap()
        };
        let mut bill = Bill {
            meter: Arc::clone(&meter),
            started: Instant::now(),
            minutes: 0,
        };
        bill.count();
        bill.count();
        assert_eq!(meter.total().units, 1);
        bill.started = ago(125);
        bill.count();
        assert_eq!(meter.total().units, 3);
        assert!((meter.total().usd - 0.03).abs() < 1e-12);
    }
}
