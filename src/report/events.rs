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
                event.subject.clone(),
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
