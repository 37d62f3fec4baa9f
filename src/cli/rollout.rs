//! The arguments of `hydren rollout`.

use super::Carry;
use crate::{
    model::hidden::Hidden,
    op::{self, Request},
};
use clap::Args;

/// What a rollout changes.
#[derive(Debug, Clone, Args)]
pub struct Rollout {
    /// Service
    pub service: String,
    /// Container; by default the one behind the load balancer
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Image: a tag or digest of the same repository, or a whole reference
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,
    /// Set an environment variable; values are never shown, but other processes can see this command line
    #[arg(long, value_name = "NAME=VALUE", value_parser = hidden)]
    pub set: Vec<Hidden>,
    /// Take an environment variable away, plain or from a secret
    #[arg(long, visible_alias = "unset-secret", value_name = "NAME")]
    pub unset: Vec<String>,
    /// Fill an environment variable from a secret or parameter
    #[arg(long, value_name = "NAME=ARN", value_parser = hidden)]
    pub secret: Vec<Hidden>,
    /// Pull the image with the login in this secret of Secrets Manager (Docker Hub and other private registries)
    #[arg(long, value_name = "ARN")]
    pub pull_secret: Option<String>,
    /// Command, quoted as for a shell; empty leaves the image's own
    #[arg(long, value_name = "WORDS", value_parser = words)]
    pub command: Option<Words>,
    /// CPU units of the task, 1024 for a vCPU
    #[arg(long, value_name = "UNITS", requires = "memory")]
    pub cpu: Option<u32>,
    /// Memory of the task in MiB
    #[arg(long, value_name = "MIB", requires = "cpu")]
    pub memory: Option<u32>,
    /// Disk of the task in GiB, 21 to 200; 20 is what every task has
    #[arg(long, value_name = "GIB", value_parser = clap::value_parser!(u32).range(20..=200))]
    pub storage: Option<u32>,
    /// How it is carried out.
    #[command(flatten)]
    pub carry: Carry,
}

/// Words of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

fn words(text: &str) -> Result<Words, String> {
    let words = shlex::split(text).map(Words);
    words.ok_or_else(|| "a quote is not closed".to_owned())
}

/// Takes anything: what the parser refuses it would print, and this may be a secret.
#[expect(clippy::unnecessary_wraps, reason = "the parser wants a result")]
fn hidden(text: &str) -> Result<Hidden, std::convert::Infallible> {
    Ok(Hidden::new(text))
}

impl From<&Rollout> for Request {
    fn from(asked: &Rollout) -> Self {
        op::RollOut {
            service: asked.service.clone(),
            container: asked.container.clone(),
            image: asked.image.clone(),
            set: asked.set.iter().map(op::rollout::pair).collect(),
            unset: asked.unset.clone(),
            command: asked.command.clone().map(|words| words.0),
            secrets: asked
                .secret
                .iter()
                .map(|pair| op::rollout::secret::split(pair.reveal()))
                .collect(),
            pull_secret: asked.pull_secret.clone(),
            storage: asked.storage,
            size: asked.cpu.zip(asked.memory),
        }
        .into()
    }
}
