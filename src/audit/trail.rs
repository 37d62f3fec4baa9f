//! The audit log as it is written: a line before something is changed, and one with what became of it.

use super::Trial;
use crate::{
    error::{Error, ErrorKind, Result},
    model::{environment::Environment, identity::Identity},
    op::Change,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    fs::{File, OpenOptions, Permissions},
    io::Write as _,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// What is said beside something that was done and could not be written down.
pub const UNRECORDED: &str = "done, but the audit log could not record the result";

/// Where what is changed of one environment is written down.
#[derive(Debug, Clone)]
pub struct Trail {
    path: PathBuf,
    environment: String,
}

/// A change that is about to be tried.
pub struct What<'a, C> {
    /// Operation.
    pub operation: &'a str,
    /// IAM action, or what else has to be allowed.
    pub action: &'a str,
    /// Name of what it changes.
    pub resource: &'a str,
    /// The call and its inputs, as an object.
    pub call: &'a C,
    /// What the operation changes.
    pub changes: &'a [Change],
}

/// A line of the audit log.
#[derive(Serialize)]
struct Line<'a, C> {
    at: Timestamp,
    environment: &'a str,
    account: Option<&'a str>,
    who: Option<&'a str>,
    operation: &'a str,
    action: &'a str,
    resource: &'a str,
    #[serde(flatten)]
    call: &'a C,
    changes: &'a [Change],
    result: Trial,
    detail: &'a str,
}

/// A change that is being tried: its first line is written.
pub struct Tried {
    log: File,
    line: Map<String, Value>,
}

impl Trail {
    /// Writes into the log at `path` what is changed of `environment`.
    #[must_use]
    pub fn new(path: PathBuf, environment: &Environment) -> Self {
        let environment = environment.name.clone();
        Self { path, environment }
    }

    /// Opens the log; makes it where there is none, for nobody else to read.
    ///
    /// # Errors
    /// `Io` says which file cannot be written.
    pub fn open(&self) -> Result<File> {
        open(&self.path).map_err(|e| self.failure(e))
    }

    /// Writes into `log` that something is tried by `who`.
    ///
    /// # Errors
    /// `Io`: it could not be written down, and must not be done.
    pub fn begin<C: Serialize>(
        &self,
        log: File,
        at: Timestamp,
        who: &Result<Identity>,
        what: &What<'_, C>,
    ) -> Result<Tried> {
        let (who, detail) = match who {
            Ok(who) => (Some(who), String::new()),
            Err(error) => (None, format!("the caller is not known: {error}")),
        };
        let line = Line {
            at,
            environment: &self.environment,
            account: who.map(|w| w.account.as_str()),
            who: who.map(|w| w.arn.as_str()),
            operation: what.operation,
            action: what.action,
            resource: what.resource,
            call: what.call,
            changes: what.changes,
            result: Trial::Tried,
            detail: &detail,
        };
        let line = match serde_json::to_value(&line) {
            Ok(Value::Object(line)) => line,
            Ok(_) => Map::new(),
            Err(e) => return Err(self.failure(e.into())),
        };
        let mut tried = Tried { log, line };
        tried.append().map_err(|e| self.failure(e))?;
        Ok(tried)
    }

    fn failure(&self, source: std::io::Error) -> Error {
        let what = format!("the audit log {} cannot be written", self.path.display());
        Error::new(ErrorKind::Io, what)
            .hint("nothing is changed without a record; make the file writable or set another state directory")
            .source(source)
    }
}

impl Tried {
    /// Writes down what became of it.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn end(&mut self, at: Timestamp, result: Trial, detail: &str) -> std::io::Result<()> {
        for (field, value) in [
            ("at", serde_json::json!(at)),
            ("result", serde_json::json!(result)),
            ("detail", detail.into()),
        ] {
            self.line.insert(field.to_owned(), value);
        }
        self.append()
    }

    /// Writes down that it failed, or was refused by read-only mode.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn failed(&mut self, at: Timestamp, error: &Error) -> std::io::Result<()> {
        let result = match error.kind {
            ErrorKind::ReadOnly => Trial::Refused,
            _ => Trial::Failed,
        };
        self.end(at, result, &error.message)
    }

    /// Appends the line in one write, which the system does not mix with those of others.
    fn append(&mut self) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(&self.line)?;
        text.push(b'\n');
        self.log.write_all(&text)
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    let mut log = options.append(true).create(true).mode(0o600).open(path)?;
    let about = log.metadata()?;
    if about.is_file() {
        if about.permissions().mode() & 0o077 != 0 {
            log.set_permissions(Permissions::from_mode(0o600))?;
        }
        end_torn_line(&mut log, &File::open(path)?, about.len())?;
    }
    Ok(log)
}

/// Ends a line that was not written whole, on a full disk or by a machine that stopped: it must not take the next one with it.
fn end_torn_line(log: &mut File, read: &File, length: u64) -> std::io::Result<()> {
    let mut last = [b'\n'];
    if let Some(at) = length.checked_sub(1) {
        read.read_exact_at(&mut last, at)?;
    }
    if last != [b'\n'] {
        log.write_all(b"\n")?;
    }
    Ok(())
}
