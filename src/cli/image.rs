//! `hydren image`.

use super::{Carry, Format, Output};
use crate::{
    engine::{Cache, order::Asked, trial::Afterwards},
    op::{self, Leg, Request, Ship, Terms, Weight},
};
use clap::{Args, Subcommand};
use std::time::Duration;

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
    /// Run an image on this machine as its task would, and wait until it is healthy
    Try(ImageTry),
    /// Push an image to its registry, and read its digest back
    Push(ImagePush),
    /// Build an image of a component, try it, push it and roll it out: one plan
    Ship(ImageShip),
    /// Make a repository of ECR: tags that stay what they are, scans on every push, encryption
    CreateRepository {
        /// Name, without the registry
        repository: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Copy an image to another environment's repository, with the same digest and without an engine
    Promote(ImagePromote),
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
            Self::Try(asked) => asked.request(),
            Self::Ship(asked) => asked.request(),
            Self::Promote(asked) => asked.request(),
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
            cache: cache(self.no_cache),
        }
    }
}

const fn cache(ignored: bool) -> Cache {
    if ignored { Cache::Ignored } else { Cache::Used }
}

/// What is tried, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct ImageTry {
    /// Component
    pub component: String,
    /// Tag of the image; by default the component's newest one on this machine
    #[arg(long, value_name = "TAG", value_parser = tag)]
    pub image: Option<String>,
    /// How long it may take to become healthy
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = super::span)]
    pub timeout: Duration,
    /// Leave the container running where it is healthy; the next trial of the component removes it
    #[arg(long)]
    pub keep: bool,
    /// Say how it would be run, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to print it; the JSON is described in docs/operations.md
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

impl ImageTry {
    fn request(&self) -> (Request, Carry) {
        let trial = Terms {
            timeout_seconds: self.timeout.as_secs(),
            afterwards: if self.keep {
                Afterwards::Kept
            } else {
                Afterwards::Removed
            },
            ..Terms::default()
        };
        let ship = Ship {
            image: self.image.clone(),
            trial,
            ..Ship::new(&self.component, Leg::Try, Leg::Try)
        };
        let carry = Carry {
            dry_run: self.dry_run,
            yes: true,
            no_wait: false,
            output: self.output,
        };
        (ship.into(), carry)
    }
}

/// What is shipped, and how it is carried out.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct ImageShip {
    /// Component
    pub component: String,
    /// Tag in place of the commit's short id; may be repeated
    #[arg(long = "tag", short, value_name = "TAG", value_parser = tag)]
    pub tags: Vec<String>,
    /// Build nothing: ship the image of this tag that the engine has
    #[arg(long, value_name = "TAG", value_parser = tag, conflicts_with_all = ["tags", "no_cache", "platform"])]
    pub image: Option<String>,
    /// Use no step of an earlier build
    #[arg(long)]
    pub no_cache: bool,
    /// Platform in place of the one that the service's task runs on
    #[arg(long, value_name = "OS/ARCH", value_parser = ["linux/amd64", "linux/arm64"])]
    pub platform: Option<String>,
    /// Do not try the image before it is pushed
    #[arg(long)]
    pub no_try: bool,
    /// Push the image also where it fails its trial
    #[arg(long, conflicts_with = "no_try")]
    pub insist: bool,
    /// How long the image may take to become healthy when it is tried
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = super::span)]
    pub timeout: Duration,
    /// Let tasks pull it with the login in this secret of Secrets Manager (Docker Hub and other private registries)
    #[arg(long, value_name = "ARN", conflicts_with = "no_rollout")]
    pub pull_secret: Option<String>,
    /// Build, try and push it, and roll nothing out
    #[arg(long)]
    pub no_rollout: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

impl ImageShip {
    fn request(&self) -> (Request, Carry) {
        let from = match self.image {
            Some(_) => Leg::Try,
            None => Leg::Build,
        };
        let until = if self.no_rollout {
            Leg::Push
        } else {
            Leg::RollOut
        };
        let trial = Terms {
            weight: match (self.no_try, self.insist) {
                (true, _) => Weight::Skipped,
                (false, true) => Weight::Insisted,
                (false, false) => Weight::Blocks,
            },
            timeout_seconds: self.timeout.as_secs(),
            ..Terms::default()
        };
        let ship = Ship {
            image: self.image.clone(),
            tags: self.tags.clone(),
            platform: self.platform.clone(),
            cache: cache(self.no_cache),
            trial,
            pull_secret: self.pull_secret.clone(),
            ..Ship::new(&self.component, from, until)
        };
        (ship.into(), self.carry)
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

/// What is promoted, and how it is carried out.
#[derive(Debug, Clone, Args)]
pub struct ImagePromote {
    /// Service, whose tasks' image is meant, or an image: REPOSITORY:TAG or REPOSITORY@sha256:…
    #[arg(value_name = "SERVICE|IMAGE")]
    pub what: String,
    /// Environment that it goes to
    #[arg(long, value_name = "ENVIRONMENT")]
    pub to: String,
    /// Repository there, by name or as REGISTRY/NAME; by default the one of the same name, or the only one
    #[arg(long, value_name = "NAME")]
    pub repository: Option<String>,
    /// Tag that it gets there in place of its own
    #[arg(long, short, value_name = "TAG", value_parser = tag)]
    pub tag: Option<String>,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

impl ImagePromote {
    fn request(&self) -> (Request, Carry) {
        let promote = op::Promote {
            what: self.what.clone(),
            to: Some(self.to.clone()),
            repository: self.repository.clone(),
            tag: self.tag.clone(),
        };
        (promote.into(), self.carry)
    }
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
