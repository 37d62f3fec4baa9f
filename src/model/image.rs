//! Image repositories, and which image each service runs.

use super::compute::Compute;
use jiff::Timestamp;
use serde::Serialize;

/// The environment's repositories.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Images {
    /// By name.
    pub repositories: Vec<Repository>,
}

/// A repository.
#[derive(Debug, Clone, Serialize)]
pub struct Repository {
    /// Name.
    pub name: String,
    /// `123456789012.dkr.ecr.eu-west-1.amazonaws.com/name`.
    pub uri: String,
    /// ARN.
    pub arn: String,
    /// `MUTABLE`, `IMMUTABLE`, ...
    pub tag_mutability: String,
    /// Whether images are scanned when pushed.
    pub scan_on_push: bool,
    /// Whether a lifecycle policy is set; `None` when it could not be read.
    pub lifecycle_policy: Option<bool>,
    /// Newest first.
    pub images: Vec<Image>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// An image of a repository.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    /// `sha256:…`.
    pub digest: String,
    /// Tags; empty for an untagged image.
    pub tags: Vec<String>,
    /// Bytes, compressed.
    pub size_bytes: u64,
    /// Push time.
    pub pushed_at: Option<Timestamp>,
    /// Last recorded pull.
    pub last_pulled_at: Option<Timestamp>,
    /// Media type of the manifest.
    pub media_type: Option<String>,
    /// Result of the scan; `None` when never scanned or not readable.
    pub scan: Option<ScanFindings>,
}

/// Findings of an image scan by severity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ScanFindings {
    /// `COMPLETE`, `IN_PROGRESS`, `FAILED`, ...
    pub status: String,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// Count.
    pub critical: i32,
    /// Count.
    pub high: i32,
    /// Count.
    pub medium: i32,
    /// Count.
    pub low: i32,
    /// Informational, undefined and others.
    pub other: i32,
}

/// An image that a service's newest task definition names, with the digests that its tasks really run.
#[derive(Debug, Clone, Serialize)]
pub struct RunningImage {
    /// Service.
    pub service: String,
    /// Container.
    pub container: String,
    /// Reference in the task definition.
    pub reference: String,
    /// Digests of running tasks, without repeats: more than one means that the fleet is mixed.
    pub digests: Vec<String>,
}

/// Lists which image each service runs.
#[must_use]
pub fn running(compute: &Compute) -> Vec<RunningImage> {
    let mut rows = Vec::new();
    for service in &compute.services {
        let Some(definition) = &service.task_definition else {
            continue;
        };
        for container in &definition.containers {
            let mut digests: Vec<String> = service
                .tasks
                .iter()
                .flat_map(|task| &task.containers)
                .filter(|c| c.name == container.name)
                .filter_map(|c| c.digest.clone())
                .collect();
            digests.sort();
            digests.dedup();
            rows.push(RunningImage {
                service: service.name.clone(),
                container: container.name.clone(),
                reference: container.image.clone(),
                digests,
            });
        }
    }
    rows
}
