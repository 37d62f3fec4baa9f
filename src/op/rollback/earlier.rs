//! Earlier revisions of a service: when each ran, which image, and how it went.

use super::super::{CheckState, Desk, form::Choice, rollout::find};
use crate::{
    error::{Error, ErrorKind, Result},
    format,
    model::{
        Snapshot, Tier,
        compute::{Rollout, Service},
        state::RolloutStatus,
        task_document::TaskDocument,
    },
};
use futures::future::join_all;

/// Revisions that are offered; each is read once to tell its image.
const OFFERED: usize = 10;

/// The newest deployment of a revision.
pub(super) struct History<'a> {
    rollout: &'a Rollout,
}

impl History<'_> {
    /// Whether it went well.
    pub(super) fn state(&self) -> CheckState {
        match self.rollout.status {
            RolloutStatus::Successful => CheckState::Passed,
            _ => CheckState::Warned,
        }
    }

    /// When, and how it went: `2026-11-13 02:30, successful`.
    pub(super) fn says(&self) -> String {
        let at = format::date_time(self.rollout.created_at);
        let status = self
            .rollout
            .status
            .to_string()
            .to_lowercase()
            .replace('_', " ");
        let why = self.rollout.rollback_reason.as_ref();
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        format!("deployed {at}, {status}{why}")
    }
}

/// The newest deployment of `revision`.
pub(super) fn history<'a>(service: &'a Service, revision: &str) -> Option<History<'a>> {
    let mut rollouts = service.rollouts.iter();
    rollouts
        .find(|rollout| rollout.target.as_deref() == Some(revision))
        .map(|rollout| History { rollout })
}

/// Earlier revisions, newest deployment first: those that were deployed, and those that were replaced.
fn revisions(service: &Service) -> Vec<&str> {
    let current = service.deployments.first().map(|d| d.revision.as_str());
    let mut found: Vec<&str> = Vec::new();
    for rollout in &service.rollouts {
        let names = rollout.target.iter().chain(&rollout.sources);
        for name in names.map(String::as_str) {
            if Some(name) != current && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// The revision to go back to: the newest other one whose deployment completed, or else what the newest deployment came from.
pub(super) fn last_good(service: &Service) -> Option<String> {
    let earlier = revisions(service);
    let completed = earlier.iter().find(|name| {
        history(service, name).is_some_and(|h| h.rollout.status == RolloutStatus::Successful)
    });
    let replaced = service.rollouts.iter().flat_map(|r| &r.sources);
    let mut replaced = replaced.filter(|name| earlier.contains(&name.as_str()));
    completed
        .map(|name| (*name).to_owned())
        .or_else(|| replaced.next().cloned())
}

/// What ECS goes back to when `rollout` is stopped.
pub(super) fn source(service: &Service, rollout: &Rollout) -> Option<String> {
    let completed = |r: &&Rollout| r.status == RolloutStatus::Successful;
    rollout
        .sources
        .first()
        .or_else(|| service.rollouts.iter().find(completed)?.target.as_ref())
        .cloned()
}

/// `family:revision` of what was typed.
///
/// # Errors
/// `Usage` for a revision of another family, or what is none.
pub(super) fn named(family: &str, typed: &str) -> Result<String> {
    let short = typed.rsplit('/').next().unwrap_or(typed);
    let (of, number) = short.split_once(':').unwrap_or((family, short));
    let hint = format!("a number, or {family}:NUMBER");
    if of != family {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("{short} is a revision of another family than {family}"),
        )
        .hint(hint));
    }
    match number.parse::<u32>() {
        Ok(number) if number > 0 => Ok(format!("{family}:{number}")),
        _ => Err(Error::new(ErrorKind::Usage, format!("{typed} is no revision")).hint(hint)),
    }
}

/// Lists earlier revisions with when each ran, its images, and how it went. Where an image cannot be told, the rest still is.
pub(super) async fn choices(desk: &Desk<'_>, service: &Service) -> Vec<Choice> {
    let names: Vec<&str> = revisions(service).into_iter().take(OFFERED).collect();
    let documents = names.iter().map(|name| desk.cloud.task_document(name));
    let (documents, images) = futures::join!(join_all(documents), desk.cloud.read(Tier::Images));
    let images = match images {
        Ok(Snapshot::Images(images)) => Some(images),
        _ => None,
    };
    let called = |document: &TaskDocument| -> String {
        let containers = document.containers().into_iter();
        let names = containers.filter_map(|container| {
            let reference = document.image(container)?;
            let known = images.as_ref().and_then(|images| find(images, reference));
            Some(known.map_or_else(|| short(reference), str::to_owned))
        });
        names.collect::<Vec<_>>().join(", ")
    };
    names
        .iter()
        .zip(&documents)
        .map(|(name, document)| {
            let ran = history(service, name)
                .map_or_else(|| "replaced since".to_owned(), |history| history.says());
            let image = document
                .as_ref()
                .map_or_else(|error| error.message.clone(), called);
            Choice {
                value: (*name).to_owned(),
                about: format!("{image} · {ran}"),
            }
        })
        .collect()
}

/// The end of a reference: what tells one image of a repository from another.
fn short(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.chars().take(40).collect()
}
