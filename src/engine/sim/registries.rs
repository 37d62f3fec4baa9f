//! The simulated registry, asked without an engine: it holds the demo's images, and hands them on from one repository to another.

use super::script;
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, workshop},
    },
    engine::{
        LayerState, Login, PushEvent,
        registries::{CopyOrder, Registries, Stored},
    },
    error::Result,
};
use async_trait::async_trait;
use futures::{StreamExt as _, stream, stream::BoxStream};
use std::{sync::Arc, time::Duration};

/// Milliseconds in which the registry takes a layer over from another of its repositories.
const MOUNTED: u64 = 60;

/// Bytes of an image's manifest.
const MANIFEST: u64 = 1_607;

/// The simulated registry.
pub struct SimRegistries {
    cloud: Arc<SimCloud>,
}

impl SimRegistries {
    /// The registry of `cloud`.
    #[must_use]
    pub fn new(cloud: Arc<SimCloud>) -> Self {
        Self { cloud }
    }

    /// Gives the target the manifest, once it has the layers.
    async fn finish(&self, order: &CopyOrder) -> Result<PushEvent> {
        let image = self.cloud.stored(&order.from).await?;
        let taken = self.cloud.take(&order.to, &image.digest, image.size_bytes);
        taken.await?;
        Ok(PushEvent::Pushed {
            digest: image.digest,
            size: MANIFEST,
        })
    }
}

#[async_trait]
impl Registries for SimRegistries {
    async fn look(&self, reference: &str, _: Option<Login>) -> Result<Stored> {
        let image = self.cloud.stored(reference).await?;
        Ok(Stored {
            digest: image.digest,
            platforms: vec!["linux/amd64".to_owned()],
            bytes: image.size_bytes,
        })
    }

    fn copy(&self, order: CopyOrder) -> BoxStream<'_, Result<PushEvent>> {
        // All is one registry, which mounts layers: none is sent.
        let service = workshop::service_of(&order.from);
        let layers = script::layers(self.cloud.seed(), service, &order.from);
        let tell = |state| {
            let ids = layers.iter().map(move |(id, _)| (id.clone(), state));
            ids.map(|(id, state)| PushEvent::Layer { id, state })
                .collect::<Vec<_>>()
        };
        let waiting = tell(LayerState::Waiting);
        let there = tell(LayerState::AlreadyThere);
        let mounting = stream::iter(there).then(move |event| async move {
            self.cloud.rest(Duration::from_millis(MOUNTED)).await;
            Ok(event)
        });
        let finish = stream::once(async move { self.finish(&order).await });
        stream::iter(waiting.into_iter().map(Ok))
            .chain(mounting)
            .chain(finish)
            .boxed()
    }
}
