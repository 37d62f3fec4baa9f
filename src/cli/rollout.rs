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
    /// Take an environment variable away
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// Command, quoted as for a shell; empty leaves the image's own
    #[arg(long, value_name = "WORDS", value_parser = words)]
    pub command: Option<Words>,
    /// CPU units of the task, 1024 for a vCPU
    #[arg(long, value_name = "UNITS", requires = "memory")]
    pub cpu: Option<u32>,
    /// Memory of the task in MiB
    #[arg(long, value_name = "MIB", requires = "cpu")]
    pub memory: Option<u32>,
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
            size: asked.cpu.zip(asked.memory),
        }
        .into()
    }
}
