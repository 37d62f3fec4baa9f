//! `hydren events`: what happened, newest first.

use super::{SCHEMA, json, state, table::table};
use crate::{
    cli::Output,
    error::Result,
    format,
    model::{environment::Environment, event::Event},
};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    environment: &'a str,
    region: &'a str,
    generated_at: Timestamp,
    events: &'a [Event],
}

/// Prints the timeline of `environment` as it is at `now`.
///
/// # Errors
/// JSON that cannot be written.
pub fn print(
    environment: &Environment,
    events: &[Event],
    now: Timestamp,
    output: Output,
) -> Result<String> {
    if output == Output::Json {
        return json(&Document {
            schema: SCHEMA,
            environment: &environment.name,
            region: &environment.region,
            generated_at: now,
            events,
        });
    }
    if events.is_empty() {
        return Ok("Nothing happened that AWS still remembers.\n".to_owned());
    }
    let rows: Vec<[String; 5]> = events
        .iter()
        .map(|event| {
            [
                format::date_time(event.at),
                state(event.severity),
                event.tier.title().to_owned(),
                shortened(&event.subject),
                event.text.clone(),
            ]
        })
        .collect();
    Ok(table(
        ["TIME (UTC)", "STATE", "TIER", "SUBJECT", "WHAT"],
        &rows,
        output,
    ))
}

/// Columns of a subject in a table. Alarms of autoscaling have names of more than 80.
const SUBJECT: usize = 40;

/// Takes the middle out of a long name: its ends tell it from others.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= SUBJECT {
        return name.to_owned();
    }
    let half = (SUBJECT - 1) / 2;
    let head = name.chars().take(SUBJECT - 1 - half);
    let tail = name.chars().skip(count - half);
    head.chain(['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Health, Tier, event::EventKind};

    #[test]
    fn events_are_a_line_each_whatever_their_names() {
        let event = |subject: &str, text: &str| Event {
            at: Timestamp::UNIX_EPOCH,
            tier: Tier::Alarms,
            severity: Health::Critical,
            kind: EventKind::Alarm,
            subject: subject.to_owned(),
            text: text.to_owned(),
        };
        let long =
            "TargetTracking-service/hydren/backend-AlarmLow-b15f8c03-27de-4a90-93c6-0e84d7f1a62b";
        let events = [
            event("alb-5xx", "OK -> ALARM"),
            event(long, "a\u{1b}[2Jb\nc"),
        ];
        let environment = crate::cloud::sim::environment();
        let text =
            print(&environment, &events, Timestamp::UNIX_EPOCH, Output::Table).unwrap_or_default();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_quiet_environment_says_so() {
        let environment = crate::cloud::sim::environment();
        let text =
            print(&environment, &[], Timestamp::UNIX_EPOCH, Output::Markdown).unwrap_or_default();
        assert!(text.starts_with("Nothing happened"), "{text}");
    }
}
