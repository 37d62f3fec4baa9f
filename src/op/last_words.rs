//! The last lines of a task that stopped by itself: mostly they say why.

use crate::{
    cloud::Cloud,
    error::Result,
    logs::secrets::mask_head,
    model::log::{LogEvent, LogQuery},
    text::neutral,
};
use jiff::{SignedDuration, Timestamp};

/// Lines that are shown.
const LINES: usize = 10;

/// Bytes of a line that are shown: lines can have a megabyte.
const LONG: usize = 2_000;

/// How long lines may take to arrive in CloudWatch behind the end of their task.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// Which lines are wanted, of which task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords {
    /// Task id.
    pub task: String,
    query: LogQuery,
}

impl LastWords {
    /// Asks for the end of `stream`, which a task wrote from `started` to `stopped`.
    #[must_use]
    pub fn new(
        task: &str,
        group: &str,
        stream: String,
        started: Timestamp,
        stopped: Timestamp,
    ) -> Self {
        Self {
            task: task.to_owned(),
            query: LogQuery {
                groups: vec![group.to_owned()],
                stream: Some(stream),
                from: started - LATE,
                to: stopped + LATE,
                pattern: String::new(),
                limit: LINES,
            },
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn read(&self, cloud: &dyn Cloud) -> Result<Vec<LogEvent>> {
        cloud.logs(&self.query).await
    }

    /// What is to be said of them: secrets covered, or why they cannot be told.
    #[must_use]
    pub fn told(&self, read: &Result<Vec<LogEvent>>) -> Vec<String> {
        let task = self.task.get(..8).unwrap_or(&self.task);
        match read {
            Err(error) => vec![format!(
                "the last lines of task {task} cannot be read: {error}"
            )],
            Ok(lines) if lines.is_empty() => vec![format!("task {task} wrote no line")],
            Ok(lines) => {
                let first = format!("last lines of task {task}:");
                let lines = lines.iter().map(|line| {
                    let text = line.message.trim_end();
                    let cut = if text.len() > LONG { "…" } else { "" };
                    format!("│ {}{cut}", neutral(&mask_head(text, LONG)))
                });
                std::iter::once(first).chain(lines).collect()
            }
        }
    }
}
