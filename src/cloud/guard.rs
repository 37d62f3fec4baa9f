//! Guards around a cloud, as decorators: read-only mode and the audit log. Both sit where calls are made, not in menus.

use super::{Call, CallOutcome, Cloud, Order, meter::Meter};
use crate::{
    audit::Trial,
    engine::login::Credentials,
    error::{Error, ErrorKind, Result},
    model::{
        Snapshot, Tier,
        discovery::{Discovery, Start},
        environment::{Access, Environment},
        identity::Identity,
        image::Manifest,
        log::{Follow, Followed, InsightsAnswer, InsightsQuery, LogEvent, LogQuery},
        metric::{MetricId, Metrics, Window},
        permission::Permission,
        task_document::TaskDocument,
    },
    op::Change,
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::Serialize;
use std::{
    fs::{File, OpenOptions, Permissions},
    io::Write as _,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Wraps `cloud` in every guard that `environment` needs. Every call is recorded, refused ones too.
#[must_use]
pub fn guarded(
    cloud: Arc<dyn Cloud>,
    environment: &Environment,
    audit_log: PathBuf,
) -> Arc<dyn Cloud> {
    let refuse = (environment.access == Access::ReadOnly).then(|| {
        environment
            .access_reason
            .clone()
            .unwrap_or_else(|| "the environment is read-only".to_owned())
    });
    Arc::new(Guarded {
        inner: cloud,
        refuse,
        environment: environment.name.clone(),
        audit_log,
    })
}

/// Lets reads pass; refuses calls in read-only mode; writes one JSON line for every call tried.
struct Guarded {
    inner: Arc<dyn Cloud>,
    /// The setting that forbids changes; `None` lets calls pass.
    refuse: Option<String>,
    environment: String,
    audit_log: PathBuf,
}

impl Guarded {
    async fn permitted(&self, order: &Order) -> Result<CallOutcome> {
        let call = &order.call;
        match &self.refuse {
            None => self.inner.execute(order).await,
            Some(why) => Err(Error::new(
                ErrorKind::ReadOnly,
                format!("{} on {} was refused: {why}", call.action(), call.resource()),
            )
            .hint("choose an environment with write access, or remove the setting that forbids changes")),
        }
    }
}

/// A line of the audit log.
#[derive(Serialize)]
struct AuditLine<'a> {
    at: Timestamp,
    environment: &'a str,
    account: Option<&'a str>,
    who: Option<&'a str>,
    operation: &'a str,
    action: &'a str,
    resource: &'a str,
    #[serde(flatten)]
    call: &'a Call,
    changes: &'a [Change],
    result: Trial,
    detail: &'a str,
}

#[async_trait]
impl Cloud for Guarded {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn meter(&self) -> &Arc<Meter> {
        self.inner.meter()
    }

    async fn identity(&self) -> Result<Identity> {
        self.inner.identity().await
    }

    async fn read(&self, tier: Tier) -> Result<Snapshot> {
        self.inner.read(tier).await
    }

    async fn metrics(&self, ids: &[MetricId], window: Window) -> Result<Metrics> {
        self.inner.metrics(ids, window).await
    }

    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogEvent>> {
        self.inner.logs(query).await
    }

    fn follow(&self, follow: Follow) -> BoxStream<'_, Followed> {
        self.inner.follow(follow)
    }

    async fn start_query(&self, query: &InsightsQuery) -> Result<String> {
        self.inner.start_query(query).await
    }

    async fn query_answer(&self, id: &str) -> Result<InsightsAnswer> {
        self.inner.query_answer(id).await
    }

    async fn stop_query(&self, id: &str) -> Result<()> {
        self.inner.stop_query(id).await
    }

    async fn task_document(&self, name: &str) -> Result<TaskDocument> {
        self.inner.task_document(name).await
    }

    async fn manifest(&self, reference: &str) -> Result<Option<Manifest>> {
        self.inner.manifest(reference).await
    }

    async fn registry_login(&self, host: &str) -> Result<Credentials> {
        self.inner.registry_login(host).await
    }

    async fn denied(&self, asked: &[Permission]) -> Result<Vec<Permission>> {
        self.inner.denied(asked).await
    }

    async fn discover(&self, start: &Start) -> Result<Discovery> {
        self.inner.discover(start).await
    }

    async fn rest(&self, span: Duration) {
        self.inner.rest(span).await;
    }

    async fn execute(&self, order: &Order) -> Result<CallOutcome> {
        // The log is opened first: a call that cannot be recorded is not made.
        let mut log = open_audit_log(&self.audit_log)?;
        let who = self.inner.identity().await;
        let unknown = who.as_ref().err();
        let unknown = unknown.map_or_else(String::new, |e| format!("the caller is not known: {e}"));
        let who = who.ok();
        let line = |result, detail| AuditLine {
            at: self.inner.now(),
            environment: &self.environment,
            account: who.as_ref().map(|w| w.account.as_str()),
            who: who.as_ref().map(|w| w.arn.as_str()),
            operation: order.operation,
            action: order.call.action(),
            resource: order.call.resource(),
            call: &order.call,
            changes: &order.changes,
            result,
            detail,
        };
        append(&mut log, &line(Trial::Tried, &unknown))
            .map_err(|e| audit_failure(&self.audit_log, e))?;
        let outcome = self.permitted(order).await;
        let (result, detail) = match &outcome {
            Ok(done) => (Trial::Accepted, done.summary.as_str()),
            Err(error) if error.kind == ErrorKind::ReadOnly => {
                (Trial::Refused, error.message.as_str())
            }
            Err(error) => (Trial::Failed, error.message.as_str()),
        };
        // The call was made: what became of it is told even when it cannot be written down.
        match (append(&mut log, &line(result, detail)), outcome) {
            (Ok(()), outcome) => outcome,
            (Err(_), Ok(done)) => Ok(CallOutcome {
                summary: format!(
                    "{} (done, but the audit log could not record the result)",
                    done.summary
                ),
                ..done
            }),
            (Err(_), failed) => failed,
        }
    }
}

fn open_audit_log(path: &Path) -> Result<File> {
    let open = || {
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
    };
    open().map_err(|e| audit_failure(path, e))
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

/// Appends a line in one write, which the system does not mix with those of others.
fn append(log: &mut File, line: &AuditLine<'_>) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    log.write_all(&text)
}

fn audit_failure(path: &Path, source: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the audit log {} cannot be written", path.display()))
        .hint("nothing is changed without a record; make the file writable or set another state directory")
        .source(source)
}

#[cfg(test)]
mod tests;
