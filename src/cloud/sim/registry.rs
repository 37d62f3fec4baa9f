//! What operations did to the repositories, and what builds left in them without a tag.

use super::{
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
}

impl Registry {
    /// The repositories with what builds left in them, and with what was changed.
    pub fn changed(&self, mut images: Images) -> Images {
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
                images: Vec::new(),
                gaps: Vec::new(),
            }));
        images
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
