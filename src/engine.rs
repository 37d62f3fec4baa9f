//! Everything the console asks of a container engine: one trait, implemented for real ([`docker`], by bollard) and simulated ([`sim`]).
//!
//! ```text
//! Component ─▶ BuildOrder ─▶ build ─▶ BuildEvent… ─▶ BuildView      what of it is shown, a pure reduction
//!                              │ image
//!                              ├─▶ start ─▶ Trial (ports, health, logs) ─▶ stop
//!                              └─▶ tag ─▶ push ─▶ PushEvent… ─▶ PushView ─▶ registry_manifest, read back from the registry
//! ```
//!
//! Registries are asked themselves where no engine is needed: to copy an image from one to another ([`registries`]).
//!
//! Work that goes on is a stream: dropping it cancels the work, and the engine is told. What the engine sends is thinned out before it
//! reaches anybody ([`pace`]): at most 30 updates a second, of which none that ends a step or a layer is left out. Bollard's types never
//! leave `engine/docker`.

pub mod build;
pub mod build_view;
pub mod context;
pub mod copy;
pub mod docker;
pub mod guard;
pub mod login;
pub mod order;
pub mod pace;
pub mod probe;
pub mod push;
pub mod push_view;
pub mod registries;
pub mod sim;
pub mod source;
pub mod trial;
pub mod workshop;

use crate::{
    error::Result,
    model::{
        hidden::Hidden,
        image::{Manifest, split},
    },
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// What the console asks of a container engine. Every method may be called concurrently and dropped at any await.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Says which engine it is, and whether it can be used at all.
    ///
    /// # Errors
    /// `Unreachable` for an engine that is not there, `Denied` for a socket without permission, `Unsupported` for one too old.
    async fn about(&self) -> Result<About>;

    /// Lists the images that the engine holds, newest first.
    ///
    /// # Errors
    /// What the engine answered.
    async fn images(&self) -> Result<Vec<LocalImage>>;

    /// Builds an image. The stream ends after [`BuildEvent::Built`] or with an error, whose message has the failing step's last lines.
    /// Dropping it cancels the build.
    fn build(&self, order: BuildOrder) -> BoxStream<'_, Result<BuildEvent>>;

    /// Gives an image another name: `name:tag`.
    ///
    /// # Errors
    /// `NotFound` for an image that is not there; what the engine answered.
    async fn tag(&self, image: &str, reference: &str) -> Result<()>;

    /// Pushes an image under a name that it has. The stream ends after [`PushEvent::Pushed`] or with an error. Dropping it cancels the
    /// push.
    fn push(&self, reference: String, login: Option<Login>) -> BoxStream<'_, Result<PushEvent>>;

    /// Reads what the registry itself holds under `reference`, through the engine.
    ///
    /// # Errors
    /// `Denied` for a registry that refuses the login, `NotFound` where there is nothing, what it answered otherwise.
    async fn registry_manifest(&self, reference: &str, login: Option<Login>) -> Result<Manifest>;

    /// Starts a container to try an image. It is removed by [`Engine::stop`].
    ///
    /// # Errors
    /// `NotFound` for an image that is not there; what the engine answered.
    async fn start(&self, order: &TrialOrder) -> Result<Trial>;

    /// Looks at a container that was started.
    ///
    /// # Errors
    /// `NotFound` for one that is gone.
    async fn look(&self, container: &str) -> Result<TrialState>;

    /// Reads the last `lines` lines of a container, both streams in the order of the engine.
    ///
    /// # Errors
    /// `NotFound` for one that is gone.
    async fn lines(&self, container: &str, lines: usize) -> Result<Vec<String>>;

    /// Asks a container that was started for a path, by HTTP on the port that leads to it: the status of its answer.
    ///
    /// # Errors
    /// `Unreachable` while nothing listens there, or what listens does not answer.
    async fn ask(&self, trial: &Trial, path: &str) -> Result<u16> {
        probe::get(trial.port, path).await
    }

    /// Stops a container and removes it.
    ///
    /// # Errors
    /// What the engine answered; one that is gone is none.
    async fn stop(&self, container: &str) -> Result<()>;
}

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// `Docker Engine`, `Podman`, `simulated engine`.
    pub name: String,
    /// `28.2.2`.
    pub version: String,
    /// Version of the API that is spoken.
    pub api: String,
    /// Where it is: `unix:///var/run/docker.sock`.
    pub host: String,
    /// `linux/amd64`.
    pub platform: String,
    /// What it builds with.
    pub builder: Builder,
}

/// What an engine builds with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Builder {
    /// BuildKit: steps in parallel, secrets, cache mounts.
    BuildKit,
    /// The classic builder: one step after another, no secrets.
    Classic,
}

/// An image that the engine holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LocalImage {
    /// `sha256:…` of its configuration.
    pub id: String,
    /// `name:tag`s.
    pub tags: Vec<String>,
    /// `name@sha256:…`s, where it was pushed or pulled.
    pub digests: Vec<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Bytes, as the engine counts them.
    pub size_bytes: u64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl LocalImage {
    /// The digests that it has in a repository: it was pushed there, or pulled.
    pub fn digests_in<'i>(&'i self, repository: &'i str) -> impl Iterator<Item = &'i str> {
        self.digests.iter().filter_map(move |name| {
            let (of, mark) = split(name);
            (of == repository).then(|| mark.trim_start_matches('@'))
        })
    }
}

/// What is to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildOrder {
    /// Folder that is sent to the engine, without what its `.dockerignore` leaves out.
    pub context: PathBuf,
    /// Dockerfile, relative to the context.
    pub dockerfile: PathBuf,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`s.
    pub args: BTreeMap<String, String>,
    /// `--secret`s, by id.
    pub secrets: BTreeMap<String, SecretSource>,
    /// `linux/amd64`; the engine's own by default.
    pub platform: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `name:tag`s that it gets.
    pub tags: Vec<String>,
    /// Whether earlier steps are used again.
    pub cache: Cache,
}

/// Whether earlier steps are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// Where nothing changed.
    #[default]
    Used,
    /// Never.
    Ignored,
}

/// Where a build's secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// A variable of the environment that hydren runs in.
    Env(String),
    /// A file.
    File(PathBuf),
}

/// What happens while an image is built.
#[derive(Debug, Clone, PartialEq)]
pub enum BuildEvent {
    /// The build began.
    Began(Builder),
    /// The context is on its way: bytes sent so far.
    Context(u64),
    /// A step is as it stands now.
    Step(BuildStep),
    /// A step said a line.
    Line {
        /// Which: [`BuildStep::id`].
        step: String,
        /// What, without colours and control characters.
        text: String,
    },
    /// The image is there.
    Built {
        /// `sha256:…`.
        image: String,
    },
}

/// A step of a build.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BuildStep {
    /// What tells it apart.
    pub id: String,
    /// `[2/6] RUN pip install -r requirements.txt`.
    pub name: String,
    /// Where it stands.
    pub state: BuildStepState,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How much of how much is done, where the engine tells.
    pub progress: Option<(u64, u64)>,
}

/// Where a step of a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildStepState {
    /// To come.
    Waiting,
    /// Under way.
    Running,
    /// Taken from an earlier build.
    Cached,
    /// Done.
    Done,
    /// Gone wrong.
    Failed,
    /// Given up, because another went wrong or somebody cancelled.
    Cancelled,
}

/// How somebody logs in to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// By name and password, or a token in its place.
    Password {
        /// Name.
        user: String,
        /// Password.
        password: Hidden,
    },
    /// By an identity token that the registry gave.
    Identity(Hidden),
}

/// What happens while an image is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushEvent {
    /// A layer is as it stands now.
    Layer {
        /// What tells it apart: the beginning of its digest.
        id: String,
        /// Where it stands.
        state: LayerState,
    },
    /// The registry has the image.
    Pushed {
        /// `sha256:…` of its manifest.
        digest: String,
        /// Bytes of the manifest.
        size: u64,
    },
}

/// Where a layer that is pushed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerState {
    /// Prepared or waiting its turn.
    Waiting,
    /// On its way: bytes so far, and of how many.
    Pushing(u64, u64),
    /// The connection was lost; it is sent again in so many seconds.
    Retrying(u64),
    /// The registry had it already, or took it from another repository.
    AlreadyThere,
    /// The registry has it now.
    Pushed,
}

/// How an image is tried: as its task would run it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialOrder {
    /// Image: id or name.
    pub image: String,
    /// Name of the container.
    pub name: String,
    /// Command; `None` is the image's own.
    pub command: Option<Vec<String>>,
    /// Entry point; `None` is the image's own.
    pub entry_point: Option<Vec<String>>,
    /// Environment.
    pub environment: BTreeMap<String, Hidden>,
    /// Bytes of memory at most.
    pub memory: Option<u64>,
    /// CPUs at most.
    pub cpus: Option<f64>,
    /// Port of the container that is published on a free port of 127.0.0.1.
    pub port: Option<u16>,
    /// How long it may take to stop before it is killed.
    pub stop_timeout: Duration,
}

/// A container that was started to try an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Container id.
    pub container: String,
    /// Port of 127.0.0.1 that leads to the container's.
    pub port: Option<u16>,
}

/// How a container is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// It runs.
    Running,
    /// It ended.
    Exited {
        /// Exit code.
        code: i64,
        /// Whether it was killed for its memory.
        out_of_memory: bool,
        /// What the engine says about it.
        error: Option<String>,
    },
}
