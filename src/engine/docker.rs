//! The real engine: Docker, or Podman by its compatible socket, spoken to by bollard.

mod build;
mod connection;
mod endpoint;
mod fault;
mod push;
mod session;
mod trial;

pub use endpoint::{Address, Endpoint, TlsFiles};

use super::{
    About, BuildEvent, BuildOrder, Builder, Engine, LocalImage, Login, PushEvent, Trial,
    TrialOrder, TrialState,
};
use crate::{
    config::Surroundings,
    error::{Error, ErrorKind, Result},
    model::image::{Manifest, split},
};
use async_trait::async_trait;
use bollard::{
    Docker,
    query_parameters::{ListImagesOptions, TagImageOptions},
};
use futures::stream::BoxStream;
use jiff::Timestamp;
use std::{collections::HashMap, time::Duration};

/// How long the engine may take to answer a build or a push: it begins to when it has read what is sent to it.
const LONG: Duration = Duration::from_hours(24);

/// An engine that was reached.
#[derive(Debug, Clone)]
pub struct DockerEngine {
    /// The client, which has agreed on a version with the engine.
    client: Docker,
    /// The same for what takes its time to be answered: builds and pushes.
    patient: Docker,
    /// Variables, which name secrets and credentials.
    around: Surroundings,
    /// Where it is.
    endpoint: Endpoint,
    /// What it is.
    about: About,
}

impl DockerEngine {
    /// Connects to the engine that the `docker` command would use.
    ///
    /// # Errors
    /// `Config` for an address or context that is none, `Unreachable` for an engine that is not there, `Denied` for a socket without
    /// permission, `Unsupported` for one too old.
    pub async fn connect(around: &Surroundings) -> Result<Self> {
        let endpoint = Endpoint::find(around)?;
        let client = connection::connect(&endpoint).await?;
        let mut about = look(&client, &endpoint).await?;
        // Docker's own way to ask for the classic builder (docs.docker.com/build/buildkit).
        if around.variable("DOCKER_BUILDKIT") == Some("0") {
            about.builder = Builder::Classic;
        }
        Ok(Self {
            patient: client
                .clone()
                .with_timeout(LONG)
                .with_request_modifier(build::in_own_session),
            around: around.clone(),
            client,
            endpoint,
            about,
        })
    }

    /// Says what failed while `doing`.
    fn fault(&self, doing: &str, fault: bollard::errors::Error) -> Error {
        fault::explain(&self.endpoint, doing, fault)
    }
}

/// When an image was built, as its label says it.
fn built(labels: &HashMap<String, String>) -> Option<Timestamp> {
    labels.get("org.opencontainers.image.created")?.parse().ok()
}

/// Asks the engine what it is.
async fn look(client: &Docker, endpoint: &Endpoint) -> Result<About> {
    let version = connection::whole(client.version())
        .await
        .map_err(|e| fault::explain(endpoint, "asking the engine for its version", e))?;
    let components = version.components.unwrap_or_default();
    let podman = components.iter().any(|c| c.name.contains("Podman"));
    let os = version.os.unwrap_or_default();
    let platform = format!("{os}/{}", version.arch.unwrap_or_default());
    Ok(About {
        name: if podman { "Podman" } else { "Docker Engine" }.to_owned(),
        version: version.version.unwrap_or_default(),
        api: client.client_version().to_string(),
        host: endpoint.address.to_string(),
        platform,
        // BuildKit is in every Docker Engine for Linux since API 1.39; Podman builds with Buildah, which speaks the classic builder's
        // language; Windows has no BuildKit (docs.docker.com/build/buildkit).
        builder: if podman || os != "linux" {
            Builder::Classic
        } else {
            Builder::BuildKit
        },
    })
}

#[async_trait]
impl Engine for DockerEngine {
    async fn about(&self) -> Result<About> {
        let mut about = look(&self.client, &self.endpoint).await?;
        about.builder = self.about.builder;
        Ok(about)
    }

    async fn images(&self) -> Result<Vec<LocalImage>> {
        let options = ListImagesOptions {
            digests: true,
            ..ListImagesOptions::default()
        };
        let images = connection::whole(self.client.list_images(Some(options)))
            .await
            .map_err(|e| self.fault("listing the engine's images", e))?;
        let named = |names: Vec<String>| {
            let real = |name: &String| !name.contains("<none>");
            names.into_iter().filter(real).collect()
        };
        let mut images: Vec<LocalImage> = images
            .into_iter()
            .map(|image| LocalImage {
                id: image.id,
                tags: named(image.repo_tags),
                digests: named(image.repo_digests),
                // An image whose steps were all in the cache is as old as its newest step: its label says when it was built.
                created_at: Timestamp::from_second(image.created)
                    .ok()
                    .max(built(&image.labels)),
                size_bytes: u64::try_from(image.size).unwrap_or_default(),
                labels: image.labels.into_iter().collect(),
            })
            .collect();
        images.sort_by(|a, b| (b.created_at, &a.id).cmp(&(a.created_at, &b.id)));
        Ok(images)
    }

    fn build(&self, order: BuildOrder) -> BoxStream<'_, Result<BuildEvent>> {
        build::build(self, order)
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<()> {
        let (name, tag) = split(reference);
        let Some(tag) = tag.strip_prefix(':') else {
            let what = format!("`{reference}` is no name and tag");
            return Err(Error::new(ErrorKind::Usage, what).hint("write it as name:tag"));
        };
        let options = TagImageOptions {
            repo: Some(name.to_owned()),
            tag: Some(tag.to_owned()),
        };
        connection::whole(self.client.tag_image(image, Some(options)))
            .await
            .map_err(|e| self.fault(&format!("tagging {image} as {reference}"), e))
    }

    fn push(&self, reference: String, login: Option<Login>) -> BoxStream<'_, Result<PushEvent>> {
        push::push(self, &reference, login)
    }

    async fn registry_manifest(&self, reference: &str, login: Option<Login>) -> Result<Manifest> {
        push::registry_manifest(self, reference, login).await
    }

    async fn start(&self, order: &TrialOrder) -> Result<Trial> {
        self.start_trial(order).await
    }

    async fn look(&self, container: &str) -> Result<TrialState> {
        self.look_at_trial(container).await
    }

    async fn lines(&self, container: &str, lines: usize) -> Result<Vec<String>> {
        self.trial_lines(container, lines).await
    }

    async fn stop(&self, container: &str) -> Result<()> {
        self.stop_trial(container).await
    }
}
