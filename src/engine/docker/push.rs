//! Pushing to registries, and reading back what they hold.

use super::DockerEngine;
use crate::{
    engine::{Login, PushEvent},
    error::{Error, ErrorKind, Result},
    model::image::Manifest,
};
use futures::{StreamExt as _, stream, stream::BoxStream};

/// See [`crate::engine::Engine::push`].
pub(super) fn push(
    _engine: &DockerEngine,
    reference: &str,
    _login: Option<Login>,
) -> BoxStream<'static, Result<PushEvent>> {
    stream::iter([Err(unsupported(&format!("push {reference}")))]).boxed()
}

/// See [`crate::engine::Engine::registry_manifest`].
pub(super) fn registry_manifest(
    _engine: &DockerEngine,
    reference: &str,
    _login: Option<Login>,
) -> Result<Manifest> {
    Err(unsupported(&format!("read {reference} from its registry")))
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("hydren cannot {what} yet"))
}
