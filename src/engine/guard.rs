//! The guard around an engine: pushes are refused in read-only mode and written into the audit log, whoever orders them. What an engine
//! does on its own machine passes.

use super::{
    About, BuildEvent, BuildOrder, Engine, LocalImage, Login, PushEvent, Trial, TrialOrder,
    TrialState,
    login::registry,
    registries::{CopyOrder, Registries, Stored},
};
use crate::{
    audit,
    audit::trail::{Trail, Tried, What},
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    model::{
        environment::Environment,
        image::{EcrRepository, Manifest, split},
    },
    op::Change,
};
use async_trait::async_trait;
use futures::{StreamExt as _, future, stream, stream::BoxStream};
use serde_json::json;
use std::{path::PathBuf, sync::Arc};

/// Stands between the console and what an engine does to the registries of an environment.
pub struct Guard {
    /// Says who the caller is, and what time it is.
    cloud: Arc<dyn Cloud>,
    environment: Environment,
    trail: Trail,
}

impl Guard {
    /// Guards the registries of `environment`, whose `cloud` says who pushes.
    #[must_use]
    pub fn new(cloud: Arc<dyn Cloud>, environment: &Environment, audit_log: PathBuf) -> Self {
        Self {
            cloud,
            trail: Trail::new(audit_log, environment),
            environment: environment.clone(),
        }
    }

    /// Writes down that `reference` is to be pushed, and lets it pass.
    ///
    /// # Errors
    /// `ReadOnly` where nothing may be changed, which is written down too; `Io` where nothing can be written down.
    pub async fn begin(&self, reference: &str) -> Result<Pushing> {
        let log = self.trail.open()?;
        let who = self.cloud.identity().await;
        let (repository, _) = split(reference);
        let action = match EcrRepository::parse(repository) {
            Some(_) => "ecr:PutImage".to_owned(),
            None => format!("push to {}", registry(reference)),
        };
        let change = Change {
            field: "image".to_owned(),
            before: None,
            after: Some(reference.to_owned()),
        };
        let what = What {
            operation: "push",
            action: &action,
            resource: repository,
            call: &json!({ "call": "push-image", "reference": reference }),
            changes: &[change],
        };
        let mut tried = self.trail.begin(log, self.cloud.now(), &who, &what)?;
        if let Err(error) = self.environment.permit(&action, repository) {
            // That it was refused is told, also where it cannot be written down.
            let _ = tried.failed(self.cloud.now(), &error);
            return Err(error);
        }
        Ok(Pushing {
            cloud: Arc::clone(&self.cloud),
            reference: reference.to_owned(),
            tried: Some(tried),
        })
    }

    /// Pushes `reference` where that is let pass, and takes note of what happens.
    fn around<'s>(
        &'s self,
        reference: String,
        push: impl FnOnce() -> BoxStream<'s, Result<PushEvent>> + Send + 's,
    ) -> BoxStream<'s, Result<PushEvent>> {
        let begun = async move {
            match self.begin(&reference).await {
                Ok(mut pushing) => push().map(move |event| pushing.note(event)).boxed(),
                Err(error) => stream::once(future::ready(Err(error))).boxed(),
            }
        };
        stream::once(begun).flatten().boxed()
    }
}

/// A push that was let pass. Dropping it before its end says in the audit log that it was cancelled.
pub struct Pushing {
    cloud: Arc<dyn Cloud>,
    reference: String,
    tried: Option<Tried>,
}

impl Pushing {
    /// Takes note of what happens; gives what is to be told of it.
    fn note(&mut self, event: Result<PushEvent>) -> Result<PushEvent> {
        let now = self.cloud.now();
        match &event {
            Ok(PushEvent::Layer { .. }) => return event,
            Ok(PushEvent::Pushed { digest, .. }) => {
                let written = self.tried.take().map(|mut tried| {
                    let detail = format!("{} is {digest}", self.reference);
                    tried.end(now, audit::Trial::Accepted, &detail)
                });
                if let Some(Err(e)) = written {
                    let what = format!(
                        "{} was pushed, but the audit log could not record it",
                        self.reference
                    );
                    return Err(Error::new(ErrorKind::Io, what)
                        .hint(
                            "make room for the audit log, and push it again: nothing is sent twice",
                        )
                        .source(e));
                }
            }
            Err(error) => {
                if let Some(mut tried) = self.tried.take() {
                    // The failure itself is what is told.
                    let _ = tried.failed(now, error);
                }
            }
        }
        event
    }
}

impl Drop for Pushing {
    fn drop(&mut self) {
        if let Some(mut tried) = self.tried.take() {
            let why = Error::new(ErrorKind::Interrupted, "the push was cancelled");
            // There is nobody left to tell.
            let _ = tried.failed(self.cloud.now(), &why);
        }
    }
}

/// An engine whose pushes are guarded.
pub struct Guarded {
    inner: Arc<dyn Engine>,
    guard: Arc<Guard>,
}

impl Guarded {
    /// Guards the pushes of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Engine>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Engine for Guarded {
    async fn about(&self) -> Result<About> {
        self.inner.about().await
    }

    async fn images(&self) -> Result<Vec<LocalImage>> {
        self.inner.images().await
    }

    fn build(&self, order: BuildOrder) -> BoxStream<'_, Result<BuildEvent>> {
        self.inner.build(order)
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<()> {
        self.inner.tag(image, reference).await
    }

    fn push(&self, reference: String, login: Option<Login>) -> BoxStream<'_, Result<PushEvent>> {
        let pushed = reference.clone();
        self.guard
            .around(reference, move || self.inner.push(pushed, login))
    }

    async fn registry_manifest(&self, reference: &str, login: Option<Login>) -> Result<Manifest> {
        self.inner.registry_manifest(reference, login).await
    }

    async fn start(&self, order: &TrialOrder) -> Result<Trial> {
        self.inner.start(order).await
    }

    async fn look(&self, container: &str) -> Result<TrialState> {
        self.inner.look(container).await
    }

    async fn lines(&self, container: &str, lines: usize) -> Result<Vec<String>> {
        self.inner.lines(container, lines).await
    }

    async fn ask(&self, trial: &Trial, path: &str) -> Result<u16> {
        self.inner.ask(trial, path).await
    }

    async fn stop(&self, container: &str) -> Result<()> {
        self.inner.stop(container).await
    }
}

/// Registries into which nothing is copied unguarded: the target's guard stands there.
pub struct GuardedRegistries {
    inner: Arc<dyn Registries>,
    guard: Arc<Guard>,
}

impl GuardedRegistries {
    /// Guards what `inner` copies by the guard of the environment that it is copied to.
    #[must_use]
    pub fn new(inner: Arc<dyn Registries>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Registries for GuardedRegistries {
    async fn look(&self, reference: &str, login: Option<Login>) -> Result<Stored> {
        self.inner.look(reference, login).await
    }

    fn copy(&self, order: CopyOrder) -> BoxStream<'_, Result<PushEvent>> {
        let reference = order.to.clone();
        self.guard.around(reference, move || self.inner.copy(order))
    }
}
