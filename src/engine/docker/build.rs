//! Building images: the context goes to the engine, what it says comes back as events.

mod buildkit;
mod classic;
mod steps;

use super::{DockerEngine, endpoint::docker_folder, fault::answered, session::Session};
use crate::{
    engine::{
        BuildEvent, BuildOrder, Builder, Cache, SecretSource,
        context::{Context, Sending},
        login::Logins,
    },
    error::{Error, ErrorKind, Result},
    model::hidden::Hidden,
    text::neutral,
};
use bollard::{
    BollardRequest, body_try_stream, errors::Error as Fault, models::BuildInfo,
    query_parameters::BuildImageOptions,
};
use bytes::Bytes;
use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, OnceLock},
};
use steps::Steps;
use tokio::sync::watch;

/// Bytes of a secret at most (buildkit `session/secrets`, `MaxSecretSize`).
const SECRET: usize = 500 << 10;

/// See [`crate::engine::Engine::build`].
pub(super) fn build(engine: &DockerEngine, order: BuildOrder) -> BoxStream<'_, Result<BuildEvent>> {
    stream::once(begin(engine, order))
        .map_ok(|build| stream::try_unfold(build, Build::next))
        .try_flatten()
        .boxed()
}

/// Checks what can be checked before anything is sent, and sends it.
async fn begin(engine: &DockerEngine, order: BuildOrder) -> Result<Build<'_>> {
    let builder = engine.about.builder;
    if builder == Builder::Classic && !order.secrets.is_empty() {
        let what = format!(
            "{} builds without BuildKit, and secrets of a build need it",
            engine.about.name
        );
        return Err(Error::new(ErrorKind::Unsupported, what).hint(
            "unset DOCKER_BUILDKIT, use a Docker Engine, or leave `secrets` out of the component",
        ));
    }
    let secrets = secrets(engine, &order.secrets).await?;
    let context = tokio::task::spawn_blocking({
        let (root, dockerfile) = (order.context.clone(), order.dockerfile.clone());
        move || Context::open(&root, &dockerfile)
    })
    .await
    .map_err(|e| Error::new(ErrorKind::Io, "the build context was not looked at").source(e))??;
    let mut options = options(&order, &context);
    let session = match builder {
        Builder::BuildKit => {
            let logins = Logins::new(Some(docker_folder(&engine.around)));
            let session = Session::open(&engine.endpoint.address, secrets, logins).await?;
            options.session = Some(session.id.clone());
            Some(session)
        }
        Builder::Classic => None,
    };
    let Sending {
        chunks,
        sent,
        fault,
    } = context.send();
    let chunks = stream::unfold(chunks, |mut chunks| async {
        let chunk: Result<Bytes, io::Error> = chunks.recv().await?;
        Some((chunk, chunks))
    });
    let body = body_try_stream(chunks);
    let answers = engine.patient.build_image(options, None, Some(body));
    Ok(Build {
        engine,
        answers: answers.boxed(),
        sent: Some(sent),
        context_fault: fault,
        reader: match builder {
            Builder::BuildKit => Reader::BuildKit(buildkit::Reader::default()),
            Builder::Classic => Reader::Classic(classic::Reader::default()),
        },
        steps: Steps::default(),
        events: [BuildEvent::Began(builder)].into(),
        image: None,
        ended: false,
        tags: order.tags,
        _session: session,
    })
}

fn options(order: &BuildOrder, context: &Context) -> BuildImageOptions {
    BuildImageOptions {
        dockerfile: context.dockerfile().to_string_lossy().into_owned(),
        nocache: order.cache == Cache::Ignored,
        rm: true,
        forcerm: true,
        buildargs: Some(order.args.clone().into_iter().collect()),
        labels: Some(order.labels.clone().into_iter().collect()),
        platform: order.platform.clone().unwrap_or_default(),
        target: order.target.clone().unwrap_or_default(),
        ..BuildImageOptions::default()
    }
}

/// Asks for BuildKit where a request builds in a session. Told `version=2`, bollard opens a session itself.
pub(super) fn in_own_session(mut request: BollardRequest) -> BollardRequest {
    let uri = request.uri().to_string();
    let builds = request.uri().path().ends_with("/build") && uri.contains("&session=");
    if builds && let Ok(uri) = uri.replacen("&version=1&", "&version=2&", 1).parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// Reads the secrets, so that a missing one is said before anything is built.
async fn secrets(
    engine: &DockerEngine,
    sources: &BTreeMap<String, SecretSource>,
) -> Result<BTreeMap<String, Hidden>> {
    let mut secrets = BTreeMap::new();
    for (id, source) in sources {
        let refused = |what: String| {
            Error::new(
                ErrorKind::Config,
                format!("the build's secret `{id}`: {what}"),
            )
            .hint("check `secrets` of the component")
        };
        let value = match source {
            SecretSource::Env(name) => engine
                .around
                .variable(name)
                .map(str::to_owned)
                .ok_or_else(|| refused(format!("the variable {name} is not set")))?,
            SecretSource::File(path) => tokio::fs::read_to_string(path).await.map_err(|e| {
                refused(format!("{} cannot be read: {e}", path.display())).source(e)
            })?,
        };
        if value.len() > SECRET {
            return Err(refused("it is larger than 500 KiB".to_owned()));
        }
        secrets.insert(id.clone(), Hidden::new(value));
    }
    Ok(secrets)
}

/// A build under way.
struct Build<'e> {
    engine: &'e DockerEngine,
    answers: BoxStream<'e, Result<BuildInfo, Fault>>,
    /// Bytes of the context that were sent; `None` when all were.
    sent: Option<watch::Receiver<u64>>,
    context_fault: Arc<OnceLock<Error>>,
    reader: Reader,
    steps: Steps,
    events: VecDeque<BuildEvent>,
    image: Option<String>,
    ended: bool,
    tags: Vec<String>,
    /// Open as long as the build goes on.
    _session: Option<Session>,
}

/// Understands what a builder says.
enum Reader {
    BuildKit(buildkit::Reader),
    Classic(classic::Reader),
}

impl Build<'_> {
    /// The next event.
    async fn next(mut self) -> Result<Option<(BuildEvent, Self)>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some((event, self)));
            }
            if self.ended {
                return Ok(None);
            }
            tokio::select! {
                sent = sent(&mut self.sent) => match sent {
                    Some(bytes) => self.events.push_back(BuildEvent::Context(bytes)),
                    None => self.sent = None,
                },
                answer = self.answers.next() => match answer {
                    Some(Ok(info)) => self.heard(info)?,
                    Some(Err(fault)) => return Err(self.failure(fault)),
                    None => self.end().await?,
                },
            }
        }
    }

    fn heard(&mut self, info: BuildInfo) -> Result<()> {
        if let Some(detail) = &info.error_detail {
            let message = detail.message.clone().unwrap_or_default();
            return Err(self.failed_step(&message));
        }
        let image = match &mut self.reader {
            Reader::BuildKit(reader) => reader.read(info, &mut self.steps),
            Reader::Classic(reader) => reader.read(&info, &mut self.steps),
        };
        self.image = image.or(self.image.take());
        self.events.extend(self.steps.events());
        Ok(())
    }

    /// The engine has said everything: the image gets its names, and only then is it said to be there.
    async fn end(&mut self) -> Result<()> {
        self.ended = true;
        let Some(image) = self.image.take() else {
            let what = "the engine ended the build without an image";
            return Err(Error::new(ErrorKind::Service, what)
                .hint("look at the engine's own log (`journalctl -u docker`), then build again"));
        };
        self.steps.finish();
        self.events.extend(self.steps.events());
        for tag in &self.tags {
            crate::engine::Engine::tag(self.engine, &image, tag).await?;
        }
        self.events.push_back(BuildEvent::Built { image });
        Ok(())
    }

    /// What a failure is about: the context that could not be sent, a step that went wrong, or the engine.
    fn failure(&mut self, fault: Fault) -> Error {
        if let Some(error) = self.context_fault.get() {
            return error.clone();
        }
        match fault {
            Fault::DockerStreamError { error } => self.failed_step(&error),
            fault => self.engine.fault("building the image", fault),
        }
    }

    fn failed_step(&mut self, message: &str) -> Error {
        let Some(step) = self.steps.failed() else {
            return answered("building the image", 500, message);
        };
        let what = match exit_code(message) {
            Some(code) => format!("the step {} ended with exit code {code}", step.name),
            None => format!("the step {} failed: {}", step.name, neutral(message.trim())),
        };
        // What the engine says of a full disk, the step may have said.
        let said = step.lines.join("\n");
        let mut error = answered("building the image", 500, &format!("{message} {said}"));
        error.message = if said.is_empty() {
            what
        } else {
            format!("{what}; its last lines:\n{said}")
        };
        error
    }
}

/// Waits until more of the context was sent; `None` when all was.
async fn sent(sent: &mut Option<watch::Receiver<u64>>) -> Option<u64> {
    match sent {
        Some(sent) => {
            sent.changed().await.ok()?;
            Some(*sent.borrow_and_update())
        }
        None => std::future::pending().await,
    }
}

/// The exit code in the words of BuildKit (`exit code: 3`) or the classic builder (`returned a non-zero code: 3`).
fn exit_code(message: &str) -> Option<u32> {
    let rest = ["exit code: ", "non-zero code: "]
        .iter()
        .find_map(|words| Some(message.split_once(words)?.1))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    rest[..digits.unwrap_or(rest.len())].parse().ok()
}
