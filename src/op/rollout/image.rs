//! Which image is meant: tags become digests, so that what is rolled out cannot change behind it.

use super::{
    super::{CheckState, Plan, form::Choice},
    ago,
};
use crate::{
    error::Result,
    format,
    model::{
        compute::Service,
        image::{Image, Images, Repository},
    },
};
use jiff::Timestamp;
use std::sync::Arc;

/// Images that a form offers.
const OFFERED: usize = 30;

/// Images of a repository that the tier reads; a repository with so many may have more.
const READ: usize = 200;

/// An image as a new revision names it.
pub(super) struct Found {
    /// What the task definition takes: pinned by digest where it is known.
    pub(super) reference: String,
    /// How people call it: its tag, or the beginning of its digest.
    pub(super) name: String,
    state: CheckState,
    told: String,
    /// Media type of its manifest, and its worst findings.
    media_type: Option<String>,
    findings: Option<(i32, i32)>,
}

/// A reference in its parts: repository, and tag or digest with its mark.
fn split(reference: &str) -> (&str, &str) {
    if let Some((name, _)) = reference.split_once('@') {
        // A tag before the digest says nothing: the digest is what is meant.
        return (split(name).0, &reference[name.len()..]);
    }
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[name..].find(':') {
        Some(colon) => reference.split_at(name + colon),
        None => (reference, ""),
    }
}

/// Whether a repository's image is what `mark` says: `:tag`, `@digest`, or nothing for `latest`.
fn is(image: &Image, mark: &str) -> bool {
    match mark.split_at_checked(1) {
        Some(("@", digest)) => image.digest == digest,
        Some((_, tag)) => image.tags.iter().any(|t| t == tag),
        None => image.tags.iter().any(|t| t == "latest"),
    }
}

/// How people call an image: its tag, or the beginning of its digest.
pub(super) fn called(image: &Image) -> &str {
    image.tags.first().map_or_else(
        || image.digest.get(..19).unwrap_or(&image.digest),
        String::as_str,
    )
}

/// The image that `reference` names, where the tier lists it.
pub(super) fn find<'i>(images: &'i Images, reference: &str) -> Option<&'i Image> {
    let (name, mark) = split(reference);
    let repository = images.repositories.iter().find(|r| r.uri == name)?;
    repository.images.iter().find(|image| is(image, mark))
}

/// Finds the image that is meant by `typed`, beside the one that runs.
pub(super) fn resolve(
    images: &Result<Arc<Images>>,
    current: &str,
    typed: &str,
    now: Timestamp,
) -> Found {
    let (own, _) = split(current);
    let whole = if typed.starts_with("sha256:") {
        format!("{own}@{typed}")
    } else if typed.contains(['/', ':', '@']) {
        typed.to_owned()
    } else {
        format!("{own}:{typed}")
    };
    let (name, mark) = split(&whole);
    let unknown = |state, told: String| Found {
        name: mark.get(1..).unwrap_or("latest").chars().take(40).collect(),
        reference: whole.clone(),
        state,
        told,
        media_type: None,
        findings: None,
    };
    let images = match images {
        Ok(images) => images,
        Err(error) => return unknown(CheckState::Warned, format!("not looked at: {error}")),
    };
    let Some(repository) = images.repositories.iter().find(|r| r.uri == name) else {
        let found = format!(
            "not looked at: {name} is none of the environment's repositories; it is not pinned by its digest"
        );
        return unknown(CheckState::Warned, found);
    };
    let Some(image) = repository.images.iter().find(|image| is(image, mark)) else {
        let (state, more) = if repository.images.len() < READ && repository.gaps.is_empty() {
            (CheckState::Failed, "")
        } else {
            (CheckState::Warned, " among those that were listed")
        };
        let found = format!("{} has no image {mark}{more}", repository.name);
        return unknown(state, found);
    };
    Found {
        reference: format!("{name}@{}", image.digest),
        name: called(image).to_owned(),
        state: CheckState::Passed,
        told: format!(
            "{} of {}, pushed {}, {}",
            called(image),
            repository.name,
            ago(image.pushed_at, now),
            format::size(image.size_bytes)
        ),
        media_type: image.media_type.clone(),
        findings: image.scan.as_ref().map(|scan| (scan.critical, scan.high)),
    }
}

impl Found {
    /// Adds what is known of it to a plan for tasks of `architecture`.
    pub(super) fn check(self, mut plan: Plan, architecture: &str) -> Plan {
        plan = plan.check("image exists", self.state, self.told);
        if let Some((critical, high)) = self.findings.filter(|found| *found != (0, 0)) {
            let found = format!("{critical} critical and {high} high ones");
            plan = plan.check("no serious findings", CheckState::Warned, found);
        }
        let index = self
            .media_type
            .as_deref()
            .is_some_and(|media| media.contains("image.index") || media.contains("manifest.list"));
        let found = if index {
            format!("not looked at: an index of several; the task takes {architecture}")
        } else {
            format!(
                "not looked at: the task takes {architecture}, a manifest does not tell its own"
            )
        };
        plan.check("architecture", CheckState::Warned, found)
    }
}

/// The images beside the one that runs, newest first, each with its age, its size and who runs it.
pub(super) fn choices(
    images: &Images,
    service: &Service,
    current: &str,
    now: Timestamp,
) -> Vec<Choice> {
    let (own, mark) = split(current);
    let repository = images.repositories.iter().find(|r| r.uri == own);
    let list = |repository: &Repository| -> Vec<Choice> {
        let newest = repository.images.iter().take(OFFERED);
        newest
            .map(|image| {
                let runs = if is(image, mark) {
                    let revision = service.deployments.first().map(|d| d.revision.as_str());
                    format!(" · runs as {}", revision.unwrap_or("the task definition"))
                } else {
                    String::new()
                };
                Choice {
                    value: image.tags.first().unwrap_or(&image.digest).clone(),
                    about: format!(
                        "{} · {}{runs}",
                        ago(image.pushed_at, now),
                        format::size(image.size_bytes)
                    ),
                }
            })
            .collect()
    };
    repository.map(list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_split_at_its_tag_or_digest_and_not_at_a_port() {
        assert_eq!(split("repo/app:1.2"), ("repo/app", ":1.2"));
        assert_eq!(split("repo/app@sha256:ab"), ("repo/app", "@sha256:ab"));
        assert_eq!(split("localhost:5000/app"), ("localhost:5000/app", ""));
        assert_eq!(split("nginx"), ("nginx", ""));
    }
}
