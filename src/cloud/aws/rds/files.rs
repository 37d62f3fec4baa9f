//! PostgreSQL's log files that a DB instance keeps, read where they are not exported to CloudWatch Logs.
//!
//! Sources: docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBLogFiles.html and API_DownloadDBLogFilePortion.html. A
//! portion holds up to 1 MB or 10,000 lines, and its marker leads on, also to what is written later. Without a marker, a portion is the
//! file's end. Reading takes resources of the database, so that it is asked less often than CloudWatch.

mod follow;
mod records;
#[cfg(test)]
mod tests;

pub(in crate::cloud::aws) use follow::follow;

use super::super::{failure::explain, pages::every};
use crate::{
    error::{Error, ErrorKind, Result},
    model::log::{LogEvent, LogQuery, Place},
};
use aws_sdk_rds::{Client, types::DescribeDbLogFilesDetails};
use jiff::Timestamp;
use records::Records;

/// Portions of a file that are read at once.
const PORTIONS: usize = 64;

/// Bytes of a portion at most.
const PORTION: usize = 1 << 20;

/// The marker of a file's beginning.
const BEGINNING: &str = "0";

/// What RDS writes at the end of a portion whose last line did not fit; the rest of that line is in no later portion
/// (github.com/aws/aws-sdk/issues/20). In a portion of fewer lines it is whole, unless it alone is larger than a portion.
const CUT: &str = "[Your log message was truncated]";

/// How often fewer lines are asked for.
const SMALLER: usize = 8;

/// Reads the newest lines of `query` that the files of `instance` hold.
///
/// # Errors
/// What AWS answered; a file too large to be read at once.
pub(in crate::cloud::aws) async fn read(
    rds: &Client,
    instance: &str,
    query: &LogQuery,
) -> Result<Vec<LogEvent>> {
    let group = Place::files(instance);
    let mut lines = Vec::new();
    for listed in list(rds, instance, query.from).await?.iter().rev() {
        let mut file = File::default();
        let end = Reader::new(rds, instance, listed)
            .first(&mut file, query.from)
            .await?;
        if end != End::Reached {
            return Err(
                Error::new(ErrorKind::Unsupported, too_large(&listed.name)).hint(
                    "shorten the span of time, follow the log, or export it to CloudWatch Logs",
                ),
            );
        }
        file.records.end(listed.written());
        let span = query.from..query.to;
        let found = file.records.told(&group, &listed.name);
        lines.extend(found.filter(|line| span.contains(&line.at)));
        if lines.len() >= query.limit {
            break;
        }
    }
    Ok(lines)
}

fn too_large(name: &str) -> String {
    format!("log file {name} is too large to be read back: only its last MB is")
}

/// A file as RDS lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    /// Milliseconds.
    at: i64,
    name: String,
    /// Bytes.
    size: i64,
}

impl Listed {
    /// `None` for files that PostgreSQL writes for programs.
    fn new(file: &DescribeDbLogFilesDetails) -> Option<Self> {
        let name = file.log_file_name()?;
        let for_programs = [".csv", ".json"].iter().any(|end| name.ends_with(end));
        (!for_programs).then(|| Self {
            at: file.last_written().unwrap_or_default(),
            name: name.to_owned(),
            size: file.size().unwrap_or_default(),
        })
    }

    /// When it was written last.
    fn written(&self) -> Timestamp {
        Timestamp::from_millisecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Lists the files of `instance` that were written since then, the one that is written now last.
async fn list(rds: &Client, instance: &str, since: Timestamp) -> Result<Vec<Listed>> {
    let pages = rds
        .describe_db_log_files()
        .db_instance_identifier(instance)
        .filename_contains("postgresql.log")
        .file_last_written(since.as_millisecond())
        .into_paginator()
        .items()
        .send();
    let resource = format!("database {instance}");
    let files = every(pages, "rds:DescribeDBLogFiles", &resource).await?;
    let mut files: Vec<Listed> = files.iter().filter_map(Listed::new).collect();
    files.sort();
    Ok(files)
}

/// A file, as far as it was read.
#[derive(Debug, Default)]
struct File {
    /// What leads on; `None` is the beginning.
    marker: Option<String>,
    /// How it was listed when it was read to its end.
    read: Option<Listed>,
    records: Records,
}

/// How far a reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// To the file's end.
    Reached,
    /// There is more.
    Ahead,
    /// To the file's end, but what was written before then is left out.
    Skipped(Timestamp),
}

#[derive(Debug)]
struct Portion {
    text: String,
    marker: Option<String>,
    pending: bool,
}

/// Reads a file.
struct Reader<'a> {
    rds: &'a Client,
    instance: &'a str,
    listed: &'a Listed,
}

impl<'a> Reader<'a> {
    fn new(rds: &'a Client, instance: &'a str, listed: &'a Listed) -> Self {
        Self {
            rds,
            instance,
            listed,
        }
    }

    /// Reads a file for the first time: its last portion, where that reaches back to `since`, else all of it.
    async fn first(&self, file: &mut File, since: Timestamp) -> Result<End> {
        let size = usize::try_from(self.listed.size).unwrap_or_default();
        let last = self.portion(None, None).await?;
        let from = records::first_moment(&last.text);
        let is_enough = last.text.len() >= size || from.is_some_and(|from| from <= since);
        let is_large = size > PORTIONS * PORTION;
        if last.marker.is_none() || !(is_enough || is_large) {
            return self.on(file).await;
        }
        if last.text.len() >= size {
            file.records.take(&last.text, self.listed.written());
        } else {
            file.records.take_end(&last.text, self.listed.written());
        }
        file.marker = last.marker;
        let end = if last.pending {
            self.on(file).await?
        } else {
            End::Reached
        };
        Ok(if is_enough {
            end
        } else {
            End::Skipped(from.unwrap_or(self.listed.written()))
        })
    }

    /// Reads what is new.
    async fn on(&self, file: &mut File) -> Result<End> {
        for _ in 0..PORTIONS {
            let marker = file.marker.as_deref().unwrap_or(BEGINNING);
            let portion = self.uncut(marker).await?;
            if portion.text.is_empty() {
                if !portion.pending {
                    file.records.pause();
                    return Ok(End::Reached);
                }
            } else if portion.marker.is_none() || portion.marker.as_deref() == Some(marker) {
                let what = format!(
                    "rds:DownloadDBLogFilePortion of {} gave no marker to go on from",
                    self.listed.name
                );
                return Err(Error::new(ErrorKind::Service, what));
            }
            file.records.take(&portion.text, self.listed.written());
            file.marker = portion.marker.or(file.marker.take());
            if !portion.pending {
                return Ok(End::Reached);
            }
        }
        Ok(End::Ahead)
    }

    /// Asks for a portion, of fewer lines where its last line was cut.
    async fn uncut(&self, marker: &str) -> Result<Portion> {
        let mut portion = self.portion(Some(marker), None).await?;
        let mut most = i32::MAX;
        for _ in 0..SMALLER {
            let Some(whole) = portion.text.trim_end().strip_suffix(CUT) else {
                break;
            };
            if most == 1 {
                break;
            }
            let whole = i32::try_from(whole.matches('\n').count()).unwrap_or(i32::MAX);
            most = whole.min(most - 1).max(1);
            portion = self.portion(Some(marker), Some(most)).await?;
        }
        Ok(portion)
    }

    async fn portion(&self, marker: Option<&str>, lines: Option<i32>) -> Result<Portion> {
        let name = &self.listed.name;
        let answer = self
            .rds
            .download_db_log_file_portion()
            .db_instance_identifier(self.instance)
            .log_file_name(name)
            .set_marker(marker.map(str::to_owned))
            .set_number_of_lines(lines)
            .send()
            .await
            .map_err(|e| {
                explain(
                    "rds:DownloadDBLogFilePortion",
                    &format!("log file {name}"),
                    e,
                )
            })?;
        Ok(Portion {
            text: answer.log_file_data.unwrap_or_default(),
            marker: answer.marker,
            pending: answer.additional_data_pending.unwrap_or_default(),
        })
    }
}
