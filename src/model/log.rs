//! Log lines.

use jiff::Timestamp;
use serde::Serialize;

/// A log line as its source wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEvent {
    /// The line's own time.
    pub at: Timestamp,
    /// Log group.
    pub group: String,
    /// Log stream.
    pub stream: String,
    /// The text, unneutralised.
    pub message: String,
}

/// Which lines to read.
#[derive(Debug, Clone)]
pub struct LogQuery {
    /// Log groups.
    pub groups: Vec<String>,
    /// From, inclusive.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// CloudWatch Logs filter pattern; empty matches all.
    pub pattern: String,
    /// Newest lines kept.
    pub limit: usize,
}
