//! What operations did to the repositories, and what builds left in them without a tag.

use super::{
    images::{FINDINGS, scan},
    names,
    world::{EPOCH, moment},
};
use crate::{
    cloud::{CallOutcome, call::RegistryCall},
    error::{Error, ErrorKind, Result},
    model::image::{Image, Images, Repository},
};
use std::collections::BTreeSet;

/// Images of the backend's repository that lost their tags, with bytes and seconds before the epoch: two builds that were pushed again.
const LEFT: [(&str, u64, i64); 2] = [
    (
        "sha256:5c0d9e3a71b84f26c8e1a7d05f93b62e4a80c7d1f952b36e08d4a19c7f62e5b3",
        88_990_720,
        8 * 86_400 + 4_320,
    ),
    (
        "sha256:d81f6b2e94c0a57d3e8f1b60c72a95e4031d8c6fa9b74e25f0c31d86b9a47e02",
        88_404_992,
        15 * 86_400 + 8_160,
    ),
];

/// Changes of the repositories since the demo began.
#[derive(Debug, Default)]
pub struct Registry {
    /// Repositories that were made.
    made: BTreeSet<String>,
    /// Digests of images that were deleted.
    deleted: BTreeSet<String>,
    /// What was pushed or copied into those that were made, oldest first.
    kept: Vec<Kept>,
}

/// An image in a repository that was made.
#[derive(Debug)]
struct Kept {
    repository: String,
    tag: String,
    digest: String,
    size: u64,
    at: i64,
}

impl Registry {
    /// Takes an image into a repository that was made.
    pub fn keep(&mut self, repository: String, (tag, digest): (&str, &str), size: u64, at: i64) {
        self.deleted.remove(digest);
        self.kept.push(Kept {
            repository,
            tag: tag.to_owned(),
            digest: digest.to_owned(),
            size,
            at,
        });
    }

    /// The repositories with what builds left in them, and with what was changed until `now`.
    pub fn changed(&self, mut images: Images, now: i64) -> Images {
        for repository in &mut images.repositories {
            if repository.name == names::BACKEND_REPOSITORY {
                repository.images.extend(LEFT.map(left));
                let newest_first = |image: &Image| std::cmp::Reverse(image.pushed_at);
                repository.images.sort_by_key(newest_first);
            }
            repository
                .images
                .retain(|image| !self.deleted.contains(&image.digest));
        }
        images
            .repositories
            .extend(self.made.iter().map(|name| Repository {
                name: name.clone(),
                uri: format!("{}/{name}", names::REGISTRY),
                arn: format!(
                    "arn:aws:ecr:{}:{}:repository/{name}",
                    names::REGION,
                    names::ACCOUNT
                ),
                tag_mutability: "IMMUTABLE".to_owned(),
                scan_on_push: true,
                lifecycle_policy: Some(false),
                images: self.kept_in(name, now),
                gaps: Vec::new(),
            }));
        for repository in &mut images.repositories {
            gather_tags(&mut repository.images);
        }
        images
    }

    fn kept_in(&self, repository: &str, now: i64) -> Vec<Image> {
        let own = self
            .kept
            .iter()
            .rev()
            .filter(|k| k.repository == repository);
        let image = |kept: &Kept| Image {
            digest: kept.digest.clone(),
            tags: vec![kept.tag.clone()],
            size_bytes: kept.size,
            pushed_at: Some(moment(kept.at)),
            last_pulled_at: None,
            media_type: Some("application/vnd.oci.image.index.v1+json".to_owned()),
            scan: scan(kept.at, FINDINGS, now),
        };
        own.map(image)
            .filter(|image| !self.deleted.contains(&image.digest))
            .collect()
    }

    /// Acts as ECR would.
    ///
    /// # Errors
    /// `Conflict` for a repository that is there already.
    pub fn execute(&mut self, call: &RegistryCall) -> Result<CallOutcome> {
        let summary = match call {
            RegistryCall::CreateRepository { repository } => {
                let own = [names::BACKEND_REPOSITORY, names::FRONTEND_REPOSITORY];
                if own.contains(&repository.as_str()) || !self.made.insert(repository.clone()) {
                    let what =
                        format!("ecr:CreateRepository: RepositoryAlreadyExists: {repository}");
                    return Err(Error::new(ErrorKind::Conflict, what));
                }
                format!("repository {}/{repository} is made", names::REGISTRY)
            }
            RegistryCall::DeleteImages {
                repository,
                digests,
            } => {
                self.deleted.extend(digests.iter().cloned());
                crate::cloud::call::registry::deleted(repository, digests.len(), 0)
            }
        };
        Ok(CallOutcome {
            summary,
            resource: Some(call.repository().to_owned()),
            session: None,
        })
    }
}

/// Makes one image of those that have the same digest: it has all their tags, and is as old as the oldest.
fn gather_tags(images: &mut Vec<Image>) {
    let mut gathered: Vec<Image> = Vec::new();
    for image in images.drain(..) {
        match gathered.iter_mut().find(|g| g.digest == image.digest) {
            Some(known) => {
                known.tags.extend(image.tags);
                known.pushed_at = image.pushed_at;
            }
            None => gathered.push(image),
        }
    }
    *images = gathered;
}

fn left((digest, size_bytes, before): (&str, u64, i64)) -> Image {
    Image {
        digest: digest.to_owned(),
        tags: Vec::new(),
        size_bytes,
        pushed_at: Some(moment(EPOCH - before)),
        last_pulled_at: None,
        media_type: Some("application/vnd.oci.image.index.v1+json".to_owned()),
        scan: None,
    }
}
