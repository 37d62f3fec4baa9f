//! Builds an image and tells how it goes, at most thirty times a second.

use super::{BuildEvent, BuildOrder, Engine, pace::paced};
use crate::error::{Error, ErrorKind, Result};
use futures::StreamExt as _;
use std::pin::pin;

/// Builds what `order` says; gives the image's id. What happens is told in batches. Dropping the future cancels the build.
///
/// # Errors
/// What the build ends with: of a step that fails, its last lines.
pub async fn build(
    engine: &dyn Engine,
    order: BuildOrder,
    mut tell: impl FnMut(Vec<BuildEvent>) + Send,
) -> Result<String> {
    let mut updates = pin!(paced(engine.build(order)));
    let mut built = None;
    while let Some(events) = updates.next().await {
        let events = events?;
        for event in &events {
            if let BuildEvent::Built { image } = event {
                built = Some(image.clone());
            }
        }
        tell(events);
    }
    built.ok_or_else(|| {
        Error::new(ErrorKind::Service, "the build ended without an image").hint("build it again")
    })
}
