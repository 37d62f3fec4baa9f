//! Copies images from one registry to another by the OCI distribution protocol (oci-client), without a container engine: manifests are handed
//! on as the bytes that they are, so that the digest stays the same. Layers stream through; none is in memory whole or on the disk.
//!
//! Layers that the target has are left, those of the same registry are mounted where it does that, and the others are sent, a few at once.
//! Manifests follow, those of an index before it, and the tag with the last of them.

mod fault;
mod manifest;
mod side;

use super::{
    LayerState, Login, PushEvent,
    push::Deed,
    registries::{CopyOrder, Registries, Stored},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::image::Manifest,
};
use async_trait::async_trait;
use fault::{stalled, unfit};
use futures::{
    StreamExt as _, TryStreamExt as _, channel::mpsc, future::ready, stream, stream::BoxStream,
};
use manifest::Blob;
use oci_client::errors::OciDistributionError;
use side::{Part, Side};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Layers that are sent at once, as many as Docker's own client takes for downloads.
const AT_ONCE: usize = 3;

/// How long a registry may take to answer what is no layer.
const ANSWER: Duration = Duration::from_mins(1);

/// How long a layer may not move at all: registries put large ones together when their last byte has arrived.
const STALL: Duration = Duration::from_mins(5);

/// Registries by their own protocol.
pub struct Distribution;

#[async_trait]
impl Registries for Distribution {
    async fn look(&self, reference: &str, login: Option<Login>) -> Result<Stored> {
        let side = Side::new(Deed::Read, reference, login)?;
        let parts = side.parts().await?;
        let whole = parts.last().ok_or_else(|| unfit(reference))?;
        let text = String::from_utf8_lossy(&whole.bytes);
        Ok(Stored {
            digest: whole.digest.clone(),
            platforms: Manifest::parse(&whole.digest, &text).platforms,
            bytes: manifest::blobs(&parts).map(|blob| blob.size).sum(),
        })
    }

    fn copy(&self, order: CopyOrder) -> BoxStream<'_, Result<PushEvent>> {
        let (tell, told) = mpsc::unbounded();
        let work = async move { Job::new(&order, tell)?.run().await };
        let failed = stream::once(work).filter_map(|end: Result<()>| ready(end.err().map(Err)));
        stream::select(told.map(Ok), failed).boxed()
    }
}

/// A copy under way.
struct Job {
    from: Side,
    to: Side,
    tell: mpsc::UnboundedSender<PushEvent>,
}

impl Job {
    fn new(order: &CopyOrder, tell: mpsc::UnboundedSender<PushEvent>) -> Result<Self> {
        Ok(Self {
            from: Side::new(Deed::Read, &order.from, order.from_login.clone())?,
            to: Side::new(Deed::Put, &order.to, order.to_login.clone())?,
            tell,
        })
    }

    async fn run(self) -> Result<()> {
        let parts = self.from.parts().await?;
        let whole = parts.last().ok_or_else(|| unfit(&self.from.reference))?;
        let blobs: Vec<&Blob> = manifest::blobs(&parts).collect();
        for blob in &blobs {
            self.layer(blob, LayerState::Waiting);
        }
        if self.to.holds(&self.to.at).await?.as_ref() == Some(&whole.digest) {
            for blob in &blobs {
                self.layer(blob, LayerState::AlreadyThere);
            }
            self.end(whole);
            return Ok(());
        }
        stream::iter(blobs.iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |blob| self.bring(blob))
            .await?;
        for part in &parts[..parts.len() - 1] {
            let at = self.to.by(&part.digest);
            if self.to.holds(&at).await?.is_none() {
                self.to.put(&at, part).await?;
            }
        }
        self.to.put(&self.to.at, whole).await?;
        match self.to.holds(&self.to.at).await? {
            Some(held) if held == whole.digest => {
                self.end(whole);
                Ok(())
            }
            held => {
                let (reference, digest) = (&self.to.reference, &whole.digest);
                let held = held.unwrap_or_else(|| "not there".to_owned());
                let what =
                    format!("{reference} is {held} in its registry, but {digest} was copied");
                Err(Error::new(ErrorKind::Conflict, what).hint(
                    "somebody else pushed the same tag at the same time; promote it again under a tag of its own",
                ))
            }
        }
    }

    fn end(&self, whole: &Part) {
        self.told(PushEvent::Pushed {
            digest: whole.digest.clone(),
            size: whole.bytes.len() as u64,
        });
    }

    fn told(&self, event: PushEvent) {
        // Whoever does not listen any more has dropped the copy too.
        let _ = self.tell.unbounded_send(event);
    }

    fn layer(&self, blob: &Blob, state: LayerState) {
        self.told(layer(blob, state));
    }

    /// Makes sure that the target has a layer.
    async fn bring(&self, blob: &Blob) -> Result<()> {
        let exists = self.to.client.blob_exists(&self.to.at, &blob.digest);
        if self.to.answer(exists).await? || self.mount(blob).await {
            self.layer(blob, LayerState::AlreadyThere);
            return Ok(());
        }
        self.send(blob).await?;
        self.layer(blob, LayerState::Pushed);
        Ok(())
    }

    /// Asks the registry to take a layer from its other repository. Where it does not, whatever the reason, the layer is sent.
    async fn mount(&self, blob: &Blob) -> bool {
        if self.from.at.resolve_registry() != self.to.at.resolve_registry() {
            return false;
        }
        let mounted = self
            .to
            .client
            .mount_blob(&self.to.at, &self.from.at, &blob.digest);
        matches!(
            tokio::time::timeout(ANSWER, mounted).await,
            // Registries may leave the address out that the client wants to hear.
            Ok(Ok(()) | Err(OciDistributionError::RegistryNoLocationError))
        )
    }

    /// Sends a layer as it arrives.
    async fn send(&self, blob: &Blob) -> Result<()> {
        let pulled = self
            .from
            .client
            .pull_blob_stream(&self.from.at, blob.digest.as_str());
        let stream = self.from.answer(pulled).await?;
        let sent = Arc::new(AtomicU64::new(0));
        // Whose fault it is when it breaks off: the target only hears that there is no more.
        let broken: Arc<Mutex<Option<OciDistributionError>>> = Arc::default();
        let body = {
            let (sent, broken) = (Arc::clone(&sent), Arc::clone(&broken));
            let (tell, blob) = (self.tell.clone(), blob.clone());
            stream.map(move |piece| match piece {
                Ok(bytes) => {
                    let length = bytes.len() as u64;
                    let so_far = sent.fetch_add(length, Ordering::Relaxed) + length;
                    let state = LayerState::Pushing(so_far, blob.size);
                    let _ = tell.unbounded_send(layer(&blob, state));
                    Ok(bytes)
                }
                Err(error) => {
                    let said = std::io::Error::new(error.kind(), error.to_string());
                    let mut broken = broken.lock().unwrap_or_else(PoisonError::into_inner);
                    *broken = Some(error.into());
                    Err(said.into())
                }
            })
        };
        let pushed =
            self.to
                .client
                .push_blob_stream(&self.to.at, body, &blob.digest, Some(blob.size));
        tokio::select! {
            pushed = pushed => {
                let Err(error) = pushed else { return Ok(()) };
                let broken = broken.lock().unwrap_or_else(PoisonError::into_inner).take();
                Err(match broken {
                    Some(broken) => self.from.fault(broken),
                    None => self.to.fault(error),
                })
            }
            () = stands_still(&sent) => Err(stalled(self.to.deed, &self.to.reference, STALL)),
        }
    }
}

/// Ends when nothing was sent for longer than [`STALL`].
async fn stands_still(sent: &AtomicU64) {
    let mut before = None;
    loop {
        let now = sent.load(Ordering::Relaxed);
        if before == Some(now) {
            return;
        }
        before = Some(now);
        tokio::time::sleep(STALL).await;
    }
}

fn layer(blob: &Blob, state: LayerState) -> PushEvent {
    PushEvent::Layer {
        id: crate::model::image::short(&blob.digest),
        state,
    }
}

#[cfg(test)]
mod tests;
