//! `hydren image`.

use super::{Carry, Format, Output};
use crate::{
    engine::{Cache, order::Asked},
    op::{self, Request},
};
use clap::{Args, Subcommand};

/// What to do with images.
#[derive(Debug, Clone, Subcommand)]
pub enum ImageCommand {
    /// Build a component of hydren.toml with the container engine that the docker command would use
    Build(ImageBuild),
    /// List images: what each service runs, what the registries hold, what the engine here holds
    List {
        /// Only services, repositories and local images that have this in their name
        name: Option<String>,
        /// How it is printed.
        #[command(flatten)]
        format: Format,
    },
    /// Push an image to its registry, and read its digest back
    Push(ImagePush),
    /// Make a repository of ECR: tags that stay what they are, scans on every push, encryption
    CreateRepository {
        /// Name, without the registry
        repository: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Delete the images of a repository that have no tag and that nothing of the environment uses
    Prune {
        /// Repository
        repository: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
}

impl ImageCommand {
    /// The operation that it asks for, where it asks for one.
    pub(super) fn request(&self) -> Option<(Request, Carry)> {
        Some(match self {
            Self::Build(_) | Self::List { .. } | Self::Push(_) => return None,
            Self::CreateRepository { repository, carry } => {
                let repository = repository.clone();
                (op::CreateRepository { repository }.into(), *carry)
            }
            Self::Prune { repository, carry } => {
                let repository = repository.clone();
                (op::PruneImages { repository }.into(), *carry)
            }
        })
    }
}

/// What is built, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct ImageBuild {
    /// Component
    pub component: String,
    /// Tag in place of the commit's short id; may be repeated. `latest` alone gets the commit's beside it
    #[arg(long = "tag", short, value_name = "TAG", value_parser = tag)]
    pub tags: Vec<String>,
    /// Use no step of an earlier build
    #[arg(long)]
    pub no_cache: bool,
    /// Platform in place of the one that the service's task runs on, such as linux/arm64
    #[arg(long, value_name = "OS/ARCH", value_parser = ["linux/amd64", "linux/arm64"])]
    pub platform: Option<String>,
    /// How to print the result; the JSON is described in docs/images.md
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

impl ImageBuild {
    /// What is asked besides what the component says.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            tags: self.tags.clone(),
            platform: self.platform.clone(),
            cache: if self.no_cache {
                Cache::Ignored
            } else {
                Cache::Used
            },
        }
    }
}

/// What is pushed, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct ImagePush {
    /// Component, whose newest image is pushed, or an image: name:tag, or the beginning of its id
    #[arg(value_name = "COMPONENT|IMAGE")]
    pub what: String,
    /// Push it under this name instead: REGISTRY/NAME, with or without a tag
    #[arg(long, value_name = "REF")]
    pub to: Option<String>,
    /// Push it under this tag; of a component, the image that has it
    #[arg(long, short, value_name = "TAG", value_parser = tag)]
    pub tag: Option<String>,
    /// How to print the result; the JSON is described in docs/images.md
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Reads a tag: letters, digits, `_`, `.` and `-`, at most 128, and the first none of the last two (OCI distribution specification).
fn tag(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let first = text.chars().next().is_some_and(plain);
    if first && text.len() <= 128 && text.chars().all(|c| plain(c) || matches!(c, '.' | '-')) {
        return Ok(text.to_owned());
    }
    Err("a tag has letters, digits, `_`, `.` and `-`, at most 128".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tag_is_refused() {
        for good in ["v1.2.0", "0123456789ab-dirty", "_x"] {
            assert_eq!(tag(good).as_deref(), Ok(good));
        }
        for wrong in ["", "-v", "a b", "a:b", "a/b", &"x".repeat(129)] {
            assert!(tag(wrong).is_err(), "{wrong}");
        }
    }
}
