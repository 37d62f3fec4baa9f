//! `hydren events --audit`: every change tried from this machine, newest first.

use super::{
    SCHEMA, json,
    table::{safe, table},
};
use crate::{
    audit::{AuditLog, Record},
    cli::Output,
    error::Result,
    format,
};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    audit_log: &'a Path,
    records: &'a [Record],
    unreadable: &'a [String],
}

/// Prints what stands in the audit log at `path`. Lines that could not be read are named at the end.
///
/// # Errors
/// JSON that cannot be written.
pub fn print(log: &AuditLog, path: &Path, output: Output) -> Result<String> {
    if output == Output::Json {
        return json(&Document {
            schema: SCHEMA,
            audit_log: path,
            records: &log.records,
            unreadable: &log.broken,
        });
    }
    let shown = safe(&path.display().to_string(), output);
    let broken = log.broken.iter().fold(String::new(), |text, line| {
        text + "\n" + &shown + ": " + &safe(line, output) + "\n"
    });
    if log.records.is_empty() {
        return Ok(format!(
            "No change was tried from this machine ({shown}).\n{broken}"
        ));
    }
    let rows: Vec<[String; 6]> = log
        .records
        .iter()
        .map(|record| {
            [
                format::date_time(record.at),
                record.result.word().to_owned(),
                record.environment.clone(),
                record.operation.clone(),
                record.what(),
                record.caller().to_owned(),
            ]
        })
        .collect();
    let header = [
        "TIME (UTC)",
        "RESULT",
        "ENVIRONMENT",
        "OPERATION",
        "WHAT",
        "WHO",
    ];
    Ok(table(header, &rows, output) + &broken)
}
