//! The audit log as it is read back: every change tried from this machine, newest first. [`trail`] writes it.

pub mod trail;

use crate::{
    error::{Error, ErrorKind, Result},
    model::environment::Environment,
    op::Change,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    io::ErrorKind as Io,
    path::{Path, PathBuf},
};

/// Where the audit logs are. What is rehearsed in the demo has one of its own, so that nobody takes it for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLogs {
    /// Of environments in AWS.
    pub real: PathBuf,
    /// Of the demo.
    pub demo: PathBuf,
}

impl AuditLogs {
    /// Those in `folder`.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            real: folder.join("audit.jsonl"),
            demo: folder.join("audit-demo.jsonl"),
        }
    }

    /// The one of an environment.
    #[must_use]
    pub fn of(&self, environment: &Environment) -> &Path {
        if environment.simulated {
            &self.demo
        } else {
            &self.real
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trial {
    /// It was made, or was about to be; what came of it is not on record.
    Tried,
    /// AWS accepted it.
    Accepted,
    /// It was not made: read-only mode forbids it.
    Refused,
    /// AWS did not accept it, or did not answer.
    Failed,
}

impl Trial {
    /// In a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tried => "no result",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A call, or a push, that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it was tried.
    pub at: Timestamp,
    /// When its result was known.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Environment.
    pub environment: String,
    /// Account; `None` where the caller was not known.
    pub account: Option<String>,
    /// ARN of the caller.
    pub who: Option<String>,
    /// Operation.
    pub operation: String,
    /// IAM action.
    pub action: String,
    /// Name of the resource that it changes.
    #[serde(default)]
    pub resource: Option<String>,
    /// What the operation changes, before and after.
    pub changes: Vec<Change>,
    /// What became of it.
    pub result: Trial,
    /// What AWS said, or why it was refused.
    pub detail: String,
    /// The call and its inputs.
    #[serde(flatten)]
    pub call: Map<String, Value>,
}

impl Record {
    /// Whether `self` is the result of what was `tried`.
    fn ends(&self, tried: &Self) -> bool {
        tried.result == Trial::Tried
            && tried.environment == self.environment
            && tried.who == self.who
            && tried.operation == self.operation
            && tried.call == self.call
            && tried.changes == self.changes
    }

    /// What it was to change, and on what: `ecs:UpdateService on backend · desired count 2 → 3`.
    #[must_use]
    pub fn what(&self) -> String {
        let on = self.resource.iter().map(|name| format!(" on {name}"));
        let changes = self.changes.iter().map(|change| {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
            format!(
                " · {} {} → {}",
                change.field,
                value(&change.before),
                value(&change.after)
            )
        });
        let parts: String = on.chain(changes).collect();
        format!("{}{parts}", self.action)
    }

    /// The caller without the account: `assumed-role/ops/jo`.
    #[must_use]
    pub fn caller(&self) -> &str {
        let who = self.who.as_deref().unwrap_or("not known");
        who.splitn(6, ':').nth(5).unwrap_or(who)
    }
}

/// What is on record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuditLog {
    /// Calls, newest first.
    pub records: Vec<Record>,
    /// Lines that cannot be read, one sentence each.
    pub broken: Vec<String>,
}

impl AuditLog {
    /// Leaves only what was tried in `environment`.
    pub fn keep(&mut self, environment: &str) {
        self.records.retain(|r| r.environment == environment);
    }

    /// Reads the log at `path`. One that does not exist is empty: nothing was tried yet.
    ///
    /// # Errors
    /// `Io`: it exists and cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Self::parse(&bytes)),
            Err(error) if error.kind() == Io::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::new(
                ErrorKind::Io,
                format!("the audit log {} cannot be read", path.display()),
            )
            .hint("it belongs to who wrote it; make it readable for yourself")
            .source(error)),
        }
    }

    /// A call is two lines, before and after it; they may stand apart where several consoles write.
    fn parse(bytes: &[u8]) -> Self {
        let mut log = Self::default();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let record = match serde_json::from_slice::<Record>(line) {
                Ok(record) => record,
                Err(error) => {
                    log.broken
                        .push(format!("line {} is no record: {error}", index + 1));
                    continue;
                }
            };
            let open = log.records.iter_mut().rev().find(|r| record.ends(r));
            match open {
                Some(tried) if record.result != Trial::Tried => {
                    tried.ended_at = Some(record.at);
                    tried.result = record.result;
                    tried.detail = record.detail;
                }
                _ => log.records.push(record),
            }
        }
        log.records.reverse();
        log
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    fn line(at: &str, desired: u32, result: &str) -> String {
        format!(
            r#"{{"at":"2026-11-22T{at}Z","environment":"prod","account":"1","who":"arn:aws:sts::1:assumed-role/ops/jo","operation":"scale","action":"ecs:UpdateService","resource":"backend","call":"scale-service","desired":{desired},"changes":[{{"field":"desired count","before":"2","after":"{desired}"}}],"result":"{result}","detail":""}}"#
        )
    }

    #[test]
    fn a_call_is_one_record_with_its_result_and_the_newest_comes_first() {
        let text = [
            line("10:00:00", 3, "tried"),
            line("10:00:01", 4, "tried"),
            line("10:00:02", 3, "accepted"),
            line("10:00:03", 4, "failed"),
            line("10:00:04", 5, "tried"),
        ];
        let log = AuditLog::parse(text.join("\n").as_bytes());
        let found: Vec<_> = log
            .records
            .iter()
            .map(|r| (r.call["desired"].as_u64().unwrap(), r.result))
            .collect();
        assert_eq!(
            found,
            [(5, Trial::Tried), (4, Trial::Failed), (3, Trial::Accepted)]
        );
        assert_eq!(
            log.records[2].what(),
            "ecs:UpdateService on backend · desired count 2 → 3"
        );
        assert_eq!(log.records[2].caller(), "assumed-role/ops/jo");
    }

    #[test]
    fn a_broken_line_is_named_and_the_others_are_read() {
        let text = format!(
            "{}\n{{\"at\":\"2026\n\u{0}\n{}\n",
            line("10:00:00", 3, "tried"),
            line("10:00:02", 3, "refused")
        );
        let log = AuditLog::parse(text.as_bytes());
        assert_eq!(log.records.len(), 1);
        assert_eq!(log.records[0].result, Trial::Refused);
        let lines: Vec<_> = log.broken.iter().map(|b| &b[..6]).collect();
        assert_eq!(lines, ["line 2", "line 3"]);
    }

    #[test]
    fn a_log_that_was_never_written_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::read(&folder.path().join("audit.jsonl"));
        assert_eq!(log.unwrap(), AuditLog::default());
        assert!(AuditLog::read(folder.path()).unwrap_err().hint.is_some());
    }
}
