//! Pushes an image and makes sure of it: logs in, renews a login that has ended, tries once more where the connection was lost, and reads
//! the digest back from the registry.

mod refusal;
mod target;

pub(super) use refusal::{Deed, refusal, refused};
pub use target::{Named, Target, Wanted};

use super::{
    Engine, PushEvent,
    login::{Credentials, Logins, registry},
    pace::paced,
};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    model::image::{EcrRepository, Manifest, split},
};
use futures::StreamExt as _;
use serde::Serialize;
use std::pin::pin;

/// An image that its registry has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// `REGISTRY/NAME:TAG`.
    pub reference: String,
    /// `REGISTRY/NAME@sha256:…`: what a rollout pins.
    pub pinned: String,
    /// `sha256:…`, as the registry itself answers it.
    pub digest: String,
    /// Bytes of the manifest.
    pub size: u64,
    /// Platforms, where the registry tells.
    pub platforms: Vec<String>,
}

/// Pushes `reference`, which the engine has, and reads it back. What happens is told in batches, at most thirty a second. Dropping the
/// future cancels the push; a registry is given the tag last, so that it has no half of an image under it.
///
/// # Errors
/// What the registry or the engine said, with what to do about it; `Conflict` where the registry holds another digest than was pushed.
pub async fn push(
    engine: &dyn Engine,
    cloud: &dyn Cloud,
    logins: &Logins,
    reference: &str,
    mut tell: impl FnMut(Vec<PushEvent>) + Send,
) -> Result<Pushed> {
    let (mut renewed, mut again) = (false, false);
    loop {
        let found = logins.find(cloud, reference).await?;
        let pushed = once(engine, reference, found.login.clone(), &mut tell).await;
        let error = match pushed {
            Ok((digest, size)) => {
                let held = read_back(engine, cloud, reference, found.login).await?;
                return verified(reference, digest, size, held);
            }
            Err(error) => error,
        };
        match &error.kind {
            ErrorKind::Expired | ErrorKind::Denied { .. }
                if !renewed && found.expires_at.is_some() && !lacks_action(&error) =>
            {
                renewed = true;
                logins.forget(reference).await;
            }
            // Layers that have arrived are not sent again.
            ErrorKind::Unreachable if !again => again = true,
            ErrorKind::Expired if found.expires_at.is_some() => {
                return Err(error.hint(
                    "it was renewed once already: see that the clock of this machine is right and that the credentials of the \
                     profile last, then push again",
                ));
            }
            ErrorKind::Expired | ErrorKind::Denied { .. } => {
                return Err(unlogged(error, &found, reference, "push to"));
            }
            _ => return Err(error),
        }
    }
}

/// Adds to a refusal what to do about the login that was refused, where nothing better is known. `may` is what it has to be allowed.
pub(super) fn unlogged(error: Error, found: &Credentials, reference: &str, may: &str) -> Error {
    let host = registry(reference);
    if found.login.is_none() {
        return error.hint(format!("{}: `docker login {host}`", found.origin));
    }
    if error.hint.is_some() {
        return error;
    }
    error.hint(format!(
        "the login is that of {}: log in anew (`docker login {host}`), and see that it may {may} {}",
        found.origin,
        split(reference).0
    ))
}

/// Whether it is an IAM action that is missing, which no other token brings.
pub(super) fn lacks_action(error: &Error) -> bool {
    matches!(&error.kind, ErrorKind::Denied { action } if action.starts_with("ecr:"))
}

/// Pushes once; gives digest and size as the engine tells them.
async fn once(
    engine: &dyn Engine,
    reference: &str,
    login: Option<super::Login>,
    tell: &mut (impl FnMut(Vec<PushEvent>) + Send),
) -> Result<(String, u64)> {
    let mut updates = pin!(paced(engine.push(reference.to_owned(), login)));
    let mut end = None;
    while let Some(events) = updates.next().await {
        let events = events?;
        if let Some(PushEvent::Pushed { digest, size }) = events.last() {
            end = Some((digest.clone(), *size));
        }
        tell(events);
    }
    end.ok_or_else(|| {
        let what = format!("the push of {reference} ended without a digest");
        Error::new(ErrorKind::Service, what).hint("push it again")
    })
}

/// Asks the registry what it holds: through the engine, or ECR itself where the engine cannot ask.
async fn read_back(
    engine: &dyn Engine,
    cloud: &dyn Cloud,
    reference: &str,
    login: Option<super::Login>,
) -> Result<Manifest> {
    let unread = match engine.registry_manifest(reference, login).await {
        Ok(manifest) => return Ok(manifest),
        Err(error) => error,
    };
    if EcrRepository::parse(reference).is_some()
        && let Ok(Some(manifest)) = cloud.manifest(reference).await
    {
        return Ok(manifest);
    }
    let what = format!(
        "{reference} was pushed, but cannot be read back: {}",
        unread.message
    );
    let error = Error::new(unread.kind.clone(), what);
    let error = match &unread.hint {
        Some(hint) => error.hint(hint),
        None => error.hint("look at the registry before it is rolled out, or push it again"),
    };
    Err(error.source(unread))
}

fn verified(reference: &str, digest: String, size: u64, held: Manifest) -> Result<Pushed> {
    if held.digest != digest {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("{reference} is {} in its registry, but {digest} was pushed", held.digest),
        )
        .hint("somebody else pushed the same tag at the same time; push again under a tag of your own"));
    }
    Ok(Pushed {
        reference: reference.to_owned(),
        pinned: format!("{}@{digest}", split(reference).0),
        digest,
        size,
        platforms: held.platforms,
    })
}

#[cfg(test)]
mod tests;
