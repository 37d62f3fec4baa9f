//! Which image is meant: tags become digests, so that what is rolled out cannot change behind it.

use super::{
    super::{CheckState, Desk, Plan, form::Choice},
    ago,
};
use crate::{
    error::{ErrorKind, Result},
    format,
    model::{
        compute::Service,
        image::{Image, Images, Repository, platform, split},
        task_document::TaskDocument,
    },
};
use jiff::Timestamp;
use std::sync::Arc;

/// Images that a form offers.
const OFFERED: usize = 30;

/// Images of a repository that the tier reads; a repository with so many may have more.
const READ: usize = 200;

/// An image as a new revision names it.
pub(in crate::op) struct Found {
    /// What the task definition takes: pinned by digest where it is known.
    pub(super) reference: String,
    /// How people call it: its tag, or the beginning of its digest.
    pub(super) name: String,
    state: CheckState,
    told: String,
    /// Its worst findings.
    findings: Option<(i32, i32)>,
    /// Platforms of its index; else why they are not known.
    platforms: std::result::Result<Vec<String>, String>,
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
    repository.images.iter().find(|image| image.is(mark))
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
        findings: None,
        platforms: Err("its registry was not asked".to_owned()),
    };
    let images = match images {
        Ok(images) => images,
        Err(error) => return unknown(CheckState::Warned, format!("not looked at: {error}")),
    };
    let Some(repository) = images.repositories.iter().find(|r| r.uri == name) else {
        let pinned = if mark.starts_with('@') {
            "pinned by its digest"
        } else {
            "not pinned by its digest"
        };
        let found = format!(
            "not looked at: {name} is none of the environment's repositories; it is {pinned}"
        );
        return unknown(CheckState::Warned, found);
    };
    let Some(image) = repository.images.iter().find(|image| image.is(mark)) else {
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
        findings: image.scan.as_ref().map(|scan| (scan.critical, scan.high)),
        platforms: Err("its registry was not asked".to_owned()),
    }
}

impl Found {
    /// An image that is pushed before it is rolled out, for one platform.
    pub(in crate::op) fn coming(reference: &str, platform: &str) -> Self {
        let (_, mark) = split(reference);
        Self {
            reference: reference.to_owned(),
            name: mark.trim_start_matches(':').to_owned(),
            state: CheckState::Passed,
            told: "pushed before, and then pinned by its digest".to_owned(),
            findings: None,
            platforms: Ok(vec![platform.to_owned()]),
        }
    }

    /// Asks ECR for it: for its platforms, and whether it is there at all where it is in none of the environment's repositories.
    pub(super) async fn asked(mut self, desk: &Desk<'_>) -> Self {
        if self.state == CheckState::Failed {
            return self;
        }
        match desk.cloud.manifest(&self.reference).await {
            Ok(Some(manifest)) => {
                if self.state == CheckState::Warned {
                    let (name, _) = split(&self.reference);
                    self.told = format!("{} is in ECR, now pinned by its digest", self.reference);
                    self.reference = format!("{name}@{}", manifest.digest);
                    self.state = CheckState::Passed;
                }
                self.platforms = if manifest.platforms.is_empty() {
                    Err("it is of one platform, which its manifest does not tell".to_owned())
                } else {
                    Ok(manifest.platforms)
                };
            }
            Ok(None) => self.platforms = Err("it is not in this region's ECR".to_owned()),
            Err(error) if error.kind == ErrorKind::NotFound => {
                self.state = CheckState::Failed;
                self.told = error.message;
            }
            Err(error) => self.platforms = Err(error.to_string()),
        }
        self
    }

    /// Adds what is known of it to a plan for tasks of `document`.
    pub(super) fn check(self, mut plan: Plan, document: &TaskDocument) -> Plan {
        plan = plan.check("image exists", self.state, self.told);
        if let Some((critical, high)) = self.findings.filter(|found| *found != (0, 0)) {
            let found = format!("{critical} critical and {high} high ones");
            plan = plan.check("no serious findings", CheckState::Warned, found);
        }
        let task = platform(document.operating_system(), document.architecture());
        let (state, found) = match self.platforms {
            Ok(platforms) if platforms.contains(&task) => (CheckState::Passed, task),
            Ok(platforms) => (
                CheckState::Failed,
                format!(
                    "the task is of {task}, the image of {}",
                    platforms.join(", ")
                ),
            ),
            Err(why) => (
                CheckState::Warned,
                format!("not looked at: {why}; the task is of {task}"),
            ),
        };
        plan.check("architecture", state, found)
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
                let runs = if image.is(mark) {
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
