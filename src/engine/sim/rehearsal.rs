//! The demo with the container engine of this machine: it builds and tries for real, and pushes into the simulated registry, from which the
//! simulated services run what was built.

use super::{Held, SimEngine};
use crate::{
    cloud::sim::{SimCloud, workshop},
    engine::{
        About, BuildEvent, BuildOrder, Engine, LocalImage, Login, PushEvent, Trial, TrialOrder,
        TrialState,
    },
    error::{Error, ErrorKind, Result},
    model::image::{Manifest, split},
};
use async_trait::async_trait;
use futures::{StreamExt as _, stream, stream::BoxStream};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// A real engine before a simulated registry.
pub struct Rehearsal {
    real: Arc<dyn Engine>,
    cloud: Arc<SimCloud>,
    simulated: SimEngine,
    /// `name@sha256:…` of what was pushed, by the images' ids.
    pushed: Mutex<HashMap<String, Vec<String>>>,
}

impl Rehearsal {
    /// Puts `real` before the registry of `cloud`.
    #[must_use]
    pub fn new(real: Arc<dyn Engine>, cloud: Arc<SimCloud>) -> Self {
        Self {
            real,
            simulated: SimEngine::new(Arc::clone(&cloud)),
            cloud,
            pushed: Mutex::default(),
        }
    }

    /// The image called `reference`, as the simulated registry is to take it.
    async fn find(&self, reference: &str) -> Result<Held> {
        let images = self.real.images().await?;
        let named = |image: &LocalImage| image.tags.iter().any(|tag| tag == reference);
        let image = images.into_iter().find(named).ok_or_else(|| {
            let what = format!("the engine has no image {reference}");
            Error::new(ErrorKind::NotFound, what).hint("`hydren image list` says which there are")
        })?;
        Ok(Held {
            service: workshop::service_of(reference),
            digest: workshop::digest(self.cloud.seed(), &format!("manifest of {}", image.id)),
            pushed_bytes: image.size_bytes / super::UNPACKED.0 * super::UNPACKED.1,
            image,
        })
    }

    /// Takes note of an image that the registry has.
    fn note(&self, image: &str, reference: &str, event: &Result<PushEvent>) {
        if let Ok(PushEvent::Pushed { digest, .. }) = event {
            let name = format!("{}@{digest}", split(reference).0);
            let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
            pushed.entry(image.to_owned()).or_default().push(name);
        }
    }
}

#[async_trait]
impl Engine for Rehearsal {
    async fn about(&self) -> Result<About> {
        let about = self.real.about().await?;
        Ok(About {
            host: format!("{} before a simulated registry", about.host),
            ..about
        })
    }

    async fn images(&self) -> Result<Vec<LocalImage>> {
        let mut images = self.real.images().await?;
        let pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        for image in &mut images {
            image
                .digests
                .extend(pushed.get(&image.id).cloned().unwrap_or_default());
        }
        Ok(images)
    }

    fn build(&self, order: BuildOrder) -> BoxStream<'_, Result<BuildEvent>> {
        self.real.build(order)
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<()> {
        self.real.tag(image, reference).await
    }

    fn push(&self, reference: String, _: Option<Login>) -> BoxStream<'_, Result<PushEvent>> {
        let begun = async move {
            match self.find(&reference).await {
                Ok(held) => {
                    let id = held.image.id.clone();
                    self.simulated
                        .pushing(reference.clone(), held)
                        .inspect(move |event| self.note(&id, &reference, event))
                        .boxed()
                }
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(begun).flatten().boxed()
    }

    async fn registry_manifest(&self, reference: &str, login: Option<Login>) -> Result<Manifest> {
        self.simulated.registry_manifest(reference, login).await
    }

    async fn start(&self, order: &TrialOrder) -> Result<Trial> {
        // The simulated task's command is that of the simulated application, and no other has it.
        let own = TrialOrder {
            command: None,
            entry_point: None,
            ..order.clone()
        };
        self.real.start(&own).await
    }

    async fn look(&self, container: &str) -> Result<TrialState> {
        self.real.look(container).await
    }

    async fn lines(&self, container: &str, lines: usize) -> Result<Vec<String>> {
        self.real.lines(container, lines).await
    }

    async fn ask(&self, trial: &Trial, path: &str) -> Result<u16> {
        self.real.ask(trial, path).await
    }

    async fn stop(&self, container: &str) -> Result<()> {
        self.real.stop(container).await
    }
}
