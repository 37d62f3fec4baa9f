//! Follows the log files of a DB instance from one to the next.

use super::{End, File, Reader, list, too_large};
use crate::{
    cloud::{Cloud as _, aws::AwsCloud, follow::is_final},
    error::{Error, ErrorKind, Result},
    model::log::{Delivery, Followed, LogEvent, Place},
};
use aws_sdk_rds::Client;
use futures::{Stream, stream};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::time::sleep;

/// How far back files are listed once they are known: one that was not written for longer has nothing new.
const LISTED: SignedDuration = SignedDuration::from_hours(3);

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Longest time between two questions while they fail.
const ASK_AT_LEAST_EVERY: Duration = Duration::from_mins(1);

/// Follows the files of `instance` from `since` on. It ends when they cannot be read at all.
pub(in crate::cloud::aws) fn follow<'a>(
    cloud: &'a AwsCloud,
    instance: &str,
    since: Timestamp,
) -> impl Stream<Item = Followed> + Send + use<'a> {
    let why = "Live Tail does not know RDS's log files".to_owned();
    let mut files = Files::new(instance, since);
    files
        .told
        .push_back(Followed::Delivery(Delivery::Polling, Some(why)));
    stream::unfold(
        (files, Duration::ZERO),
        move |(mut files, mut pause)| async move {
            loop {
                if let Some(told) = files.told.pop_front() {
                    return Some((told, (files, pause)));
                }
                if files.over {
                    return None;
                }
                sleep(pause).await;
                match cloud.clients().await {
                    Ok(clients) => files.ask(&clients.rds, cloud.now()).await,
                    Err(error) => files.failed(error),
                }
                pause = ASK_EVERY
                    .saturating_mul(2_u32.saturating_pow(files.failures))
                    .min(ASK_AT_LEAST_EVERY);
            }
        },
    )
}

/// The files of an instance.
#[derive(Debug)]
pub(super) struct Files {
    instance: String,
    group: String,
    /// Lines before are not told.
    since: Timestamp,
    /// By name. `None` before they were listed.
    known: Option<BTreeMap<String, File>>,
    /// Questions in a row that failed.
    failures: u32,
    over: bool,
    pub(super) told: VecDeque<Followed>,
}

impl Files {
    pub(super) fn new(instance: &str, since: Timestamp) -> Self {
        Self {
            instance: instance.to_owned(),
            group: Place::files(instance),
            since,
            known: None,
            failures: 0,
            over: false,
            told: VecDeque::new(),
        }
    }

    /// Reads what is new and tells it, also where an error ends the reading.
    pub(super) async fn ask(&mut self, rds: &Client, now: Timestamp) {
        let mut lines = Vec::new();
        let answer = self.read(rds, now, &mut lines).await;
        lines.retain(|line| line.at >= self.since);
        lines.sort_by_key(|line: &LogEvent| line.at);
        if !lines.is_empty() {
            self.told.push_back(Followed::Lines(lines));
        }
        match answer {
            Ok(end) => {
                self.failures = 0;
                if end == End::Reached {
                    self.told.push_back(Followed::UpTo(now));
                }
            }
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: Error) {
        self.failures += 1;
        self.over = is_final(&error);
        let group = self.group.clone();
        self.told.push_back(Followed::Failed { group, error });
    }

    async fn read(
        &mut self,
        rds: &Client,
        now: Timestamp,
        lines: &mut Vec<LogEvent>,
    ) -> Result<End> {
        let is_first = self.known.is_none();
        let since = if is_first {
            self.since
        } else {
            self.since.max(now - LISTED)
        };
        let listed = list(rds, &self.instance, since).await?;
        let known = self.known.get_or_insert_default();
        let newest = listed.last().map(|file| file.name.clone());
        let mut all = End::Reached;
        for listed in listed {
            let is_new = !known.contains_key(&listed.name);
            let file = known.entry(listed.name.clone()).or_default();
            let is_newest = newest.as_ref() == Some(&listed.name);
            // What RDS lists of the file that is being written may be old.
            if file.read.as_ref() == Some(&listed) && !is_newest {
                file.records.end(listed.written());
            } else {
                let reader = Reader::new(rds, &self.instance, &listed);
                let end = if is_first && is_new {
                    reader.first(file, self.since).await
                } else {
                    reader.on(file).await
                };
                match end {
                    Ok(End::Ahead) => all = End::Ahead,
                    Ok(end) => {
                        file.read = Some(listed.clone());
                        if let End::Skipped(to) = end {
                            self.told.push_back(Followed::Gap {
                                groups: vec![self.group.clone()],
                                from: self.since,
                                to: to.max(self.since),
                                why: too_large(&listed.name),
                            });
                        }
                    }
                    // It was removed, its time being over.
                    Err(error) if error.kind == ErrorKind::NotFound => {
                        file.records.end(listed.written());
                    }
                    Err(error) => return Err(error),
                }
            }
            lines.extend(file.records.told(&self.group, &listed.name));
        }
        Ok(all)
    }
}
