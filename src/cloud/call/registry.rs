//! Writes to ECR.

use crate::format;
use serde::Serialize;

/// Images of one request at most (ECR API, BatchDeleteImage).
pub const AT_ONCE: usize = 100;

/// A write to ECR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum RegistryCall {
    /// Makes a repository whose tags stay what they are, whose images are scanned when they are pushed, and which is encrypted
    /// (`ecr:CreateRepository`).
    CreateRepository {
        /// Name.
        repository: String,
    },
    /// Deletes images by their digests, at most [`AT_ONCE`] (`ecr:BatchDeleteImage`).
    DeleteImages {
        /// Repository's name.
        repository: String,
        /// `sha256:…`s.
        digests: Vec<String>,
    },
}

/// Says what became of images that were to be deleted.
#[must_use]
pub fn deleted(repository: &str, deleted: usize, kept: usize) -> String {
    let mut said = format!(
        "{} of {repository} deleted",
        format::count(deleted, "image")
    );
    if kept > 0 {
        let part = format!(", {kept} kept, to which an index refers");
        said.push_str(&part);
    }
    said
}

impl RegistryCall {
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::CreateRepository { .. } => "ecr:CreateRepository",
            Self::DeleteImages { .. } => "ecr:BatchDeleteImage",
        }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        let (Self::CreateRepository { repository } | Self::DeleteImages { repository, .. }) = self;
        repository
    }

    pub(super) fn aws_command(&self) -> Vec<String> {
        let name = ["--repository-name", self.repository()];
        let words = |command: &str, rest: &[&str]| {
            let words = ["aws", "ecr", command].into_iter().chain(name);
            words
                .chain(rest.iter().copied())
                .map(str::to_owned)
                .collect()
        };
        match self {
            Self::CreateRepository { .. } => words(
                "create-repository",
                &[
                    "--image-tag-mutability",
                    "IMMUTABLE",
                    "--image-scanning-configuration",
                    "scanOnPush=true",
                    "--encryption-configuration",
                    "encryptionType=AES256",
                ],
            ),
            Self::DeleteImages { digests, .. } => {
                let mut words: Vec<String> = words("batch-delete-image", &["--image-ids"]);
                words.extend(digests.iter().map(|digest| format!("imageDigest={digest}")));
                words
            }
        }
    }
}
