//! `hydren db snapshots`: the database's snapshots, newest first.

use super::{
    SCHEMA, json,
    table::{safe, table},
};
use crate::{
    cli::Output,
    error::Result,
    format,
    model::{
        database::{Database, DbSnapshot},
        environment::Environment,
    },
};
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    environment: &'a str,
    region: &'a str,
    generated_at: Timestamp,
    database: &'a str,
    earliest_restorable: Option<Timestamp>,
    latest_restorable: Option<Timestamp>,
    snapshots: &'a [DbSnapshot],
    gaps: &'a [String],
}

/// Prints the snapshots of `database` as they are at `now`.
///
/// # Errors
/// JSON that cannot be written.
pub fn print(
    environment: &Environment,
    database: &Database,
    now: Timestamp,
    output: Output,
) -> Result<String> {
    if output == Output::Json {
        return json(&Document {
            schema: SCHEMA,
            environment: &environment.name,
            region: &environment.region,
            generated_at: now,
            database: &database.id,
            earliest_restorable: database.earliest_restorable(),
            latest_restorable: database.latest_restorable,
            snapshots: &database.snapshots,
            gaps: &database.gaps,
        });
    }
    let mut text = if database.snapshots.is_empty() {
        format!("{} has no snapshots.\n", safe(&database.id, output))
    } else {
        let rows: Vec<[String; 7]> = database
            .snapshots
            .iter()
            .map(|snapshot| {
                let age = snapshot.created_at;
                [
                    format::date_time(snapshot.created_at),
                    format::age(age.map(|at| now.as_second() - at.as_second())),
                    snapshot.kind.clone(),
                    snapshot.status.to_string(),
                    format!("{} GiB", snapshot.allocated_gib),
                    if snapshot.encrypted { "yes" } else { "no" }.to_owned(),
                    snapshot.id.clone(),
                ]
            })
            .collect();
        table(
            [
                "TAKEN (UTC)",
                "AGE",
                "KIND",
                "STATE",
                "SIZE",
                "ENCRYPTED",
                "SNAPSHOT",
            ],
            &rows,
            output,
        )
    };
    if let Some(to) = database.latest_restorable {
        let from = format::date_time(database.earliest_restorable());
        let to = format::date_time(to);
        let _ = writeln!(
            text,
            "\nEvery moment from {from} to {to} UTC can be restored."
        );
    }
    for gap in &database.gaps {
        let _ = writeln!(text, "\nNot known: {}", safe(gap, output));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cloud::{
            Cloud as _,
            sim::{SimCloud, SimOptions},
        },
        op::Desk,
    };

    #[tokio::test]
    async fn snapshots_are_listed_with_age_size_kind_and_encryption() {
        let cloud = SimCloud::new(SimOptions {
            elapsed: Some(std::time::Duration::from_mins(30)),
            ..SimOptions::default()
        });
        let environment = crate::cloud::sim::environment();
        let database = Desk::new(&cloud, &environment).database().await;
        let database = database.expect("the demo has a database");
        let text = print(&environment, &database, cloud.now(), Output::Table);
        insta::assert_snapshot!(text.unwrap_or_default());
    }
}
