//! What is asked of registries themselves, without a container engine: what they hold, and to hand an image on to each other. One trait,
//! implemented for real ([`copy`](super::copy), by oci-client) and simulated ([`sim`](super::sim)).
//!
//! It stands beside [`Engine`](super::Engine) and not in it: an image is copied on machines that have no engine, and reaching one that is
//! not there would fail before anything is asked.

use super::{
    Login, PushEvent,
    login::{Credentials, Logins},
    pace::paced,
    push::{Pushed, lacks_action, unlogged},
};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    model::image::split,
};
use async_trait::async_trait;
use futures::{StreamExt as _, stream::BoxStream};
use std::pin::pin;

/// What is asked of registries. Every method may be called concurrently and dropped at any await.
#[async_trait]
pub trait Registries: Send + Sync {
    /// Reads what a registry holds under `reference`.
    ///
    /// # Errors
    /// `NotFound` where there is nothing, `Denied` for a login that is refused, what the registry answered otherwise.
    async fn look(&self, reference: &str, login: Option<Login>) -> Result<Stored>;

    /// Copies an image from one registry to another, byte for byte. The stream ends after [`PushEvent::Pushed`], whose digest was read back
    /// from the target, or with an error. The tag is put last: dropping the stream cancels the copy and leaves none.
    fn copy(&self, order: CopyOrder) -> BoxStream<'_, Result<PushEvent>>;
}

/// What a registry holds under a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `sha256:…`.
    pub digest: String,
    /// `linux/amd64`, ... of an index; empty for a manifest of one platform.
    pub platforms: Vec<String>,
    /// Bytes of its layers and configurations, compressed, those of all platforms.
    pub bytes: u64,
}

/// What is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOrder {
    /// `REGISTRY/NAME@sha256:…`.
    pub from: String,
    /// `REGISTRY/NAME:TAG`.
    pub to: String,
    /// Login to the source.
    pub from_login: Option<Login>,
    /// Login to the target.
    pub to_login: Option<Login>,
}

/// A registry's side of a copy: the image there, and who gives the login.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The image.
    pub reference: &'a str,
    /// Who asks ECR for a token.
    pub cloud: &'a dyn Cloud,
    /// Where logins are.
    pub logins: &'a Logins,
}

impl Side<'_> {
    /// The login there; none is an answer too.
    ///
    /// # Errors
    /// Those of [`Logins::find`].
    pub async fn login(&self) -> Result<Credentials> {
        self.logins.find(self.cloud, self.reference).await
    }
}

/// Looks at an image where it is.
///
/// # Errors
/// What the registry said, with what to do about it.
pub async fn look(registries: &dyn Registries, side: Side<'_>) -> Result<Stored> {
    let found = side.login().await?;
    let looked = registries.look(side.reference, found.login.clone()).await;
    looked.map_err(|error| match error.kind {
        ErrorKind::Denied { .. } => unlogged(error, &found, side.reference, "read from"),
        _ => error,
    })
}

/// Copies `from` (`REGISTRY/NAME@sha256:…`) to `to` (`REGISTRY/NAME:TAG`): renews tokens of ECR that have ended, and tries once more where the
/// connection was lost. What happens is told in batches, at most thirty a second. Dropping the future cancels the copy and leaves no tag.
///
/// # Errors
/// What a registry said, with what to do about it; `Conflict` where the target holds another digest than was copied.
pub async fn copy(
    registries: &dyn Registries,
    from: Side<'_>,
    to: Side<'_>,
    mut tell: impl FnMut(Vec<PushEvent>) + Send,
) -> Result<Pushed> {
    let (mut renewed, mut again) = (false, false);
    loop {
        let (source, target) = (from.login().await?, to.login().await?);
        let order = CopyOrder {
            from: from.reference.to_owned(),
            to: to.reference.to_owned(),
            from_login: source.login.clone(),
            to_login: target.login.clone(),
        };
        let error = match once(registries, order, &mut tell).await {
            Ok((digest, size)) => return Ok(pushed(to.reference, digest, size)),
            Err(error) => error,
        };
        let expires = source.expires_at.or(target.expires_at).is_some();
        match &error.kind {
            ErrorKind::Expired | ErrorKind::Denied { .. }
                if !renewed && expires && !lacks_action(&error) =>
            {
                renewed = true;
                from.logins.forget(from.reference).await;
                to.logins.forget(to.reference).await;
            }
            // What has arrived is not sent again.
            ErrorKind::Unreachable if !again => again = true,
            ErrorKind::Denied { action } if action.starts_with(READ) => {
                return Err(unlogged(error, &source, from.reference, "read from"));
            }
            ErrorKind::Denied { .. } => {
                return Err(unlogged(error, &target, to.reference, "push to"));
            }
            _ => return Err(error),
        }
    }
}

/// What an action that the source refuses begins with.
pub(super) const READ: &str = "pull from";

/// Copies once; gives digest and bytes of the manifest.
async fn once(
    registries: &dyn Registries,
    order: CopyOrder,
    tell: &mut (impl FnMut(Vec<PushEvent>) + Send),
) -> Result<(String, u64)> {
    let what = format!("the copy of {} ended without a digest", order.from);
    let mut updates = pin!(paced(registries.copy(order)));
    let mut end = None;
    while let Some(events) = updates.next().await {
        let events = events?;
        if let Some(PushEvent::Pushed { digest, size }) = events.last() {
            end = Some((digest.clone(), *size));
        }
        tell(events);
    }
    end.ok_or_else(|| Error::new(ErrorKind::Service, what).hint("copy it again"))
}

fn pushed(reference: &str, digest: String, size: u64) -> Pushed {
    Pushed {
        reference: reference.to_owned(),
        pinned: format!("{}@{digest}", split(reference).0),
        digest,
        size,
        platforms: Vec::new(),
    }
}
