//! Stages of a plan: what this machine does before the plan's calls, mostly by its container engine. They are performed in their order and
//! stop at the first that fails; what a later one needs of an earlier one is handed on.

use super::Desk;
use crate::{
    cloud::{Call, Order},
    engine::{
        BuildEvent, BuildOrder, Cache, PushEvent, SecretSource,
        build::build,
        build_view::BuildView,
        login::registry,
        push::{Pushed, push},
        push_view::PushView,
        registries::copy,
        trial::{self, TrialEvent, TrialPlan, TrialView, Verdict, cancelled},
    },
    error::{Error, ErrorKind, Result},
    format,
    logs::secrets::mask_words,
    model::image::{short, split},
};
use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use tokio_util::sync::CancellationToken;

use super::goal::StepState;

/// Whether an image that fails its trial is pushed all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// It is not.
    #[default]
    Blocks,
    /// It is: somebody insists.
    Insisted,
    /// It is not tried.
    Skipped,
}

/// What is done on this machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Something in AWS that the others need: a repository.
    Call {
        /// What.
        call: Box<Call>,
        /// The environment that it is made in, where that is another one than the plan's: its guard decides, and records it.
        environment: Option<String>,
    },
    /// Builds an image.
    Build(Box<BuildOrder>),
    /// Tries the image that was built, or the one that the plan names.
    Try(Box<TrialPlan>, Weight),
    /// Pushes it.
    Push {
        /// `REGISTRY/NAME:TAG`.
        reference: String,
        /// Id of the image, where none was built.
        image: Option<String>,
    },
    /// Copies an image from registry to registry, without an engine.
    Copy {
        /// `REGISTRY/NAME@sha256:…`.
        from: String,
        /// `REGISTRY/NAME:TAG`.
        to: String,
        /// The environment that it is copied to: its guard decides, and records it.
        environment: String,
    },
}

impl Stage {
    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Call { call, .. } => call.action(),
            Self::Build(_) => "build",
            Self::Try(..) => "try",
            Self::Push { .. } => "push",
            Self::Copy { .. } => "copy",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Call { call, environment } => match environment {
                Some(environment) => format!("{} in {environment}", call.resource()),
                None => call.resource().to_owned(),
            },
            Self::Build(order) => {
                let target = order.target.as_ref();
                let target = target.map_or_else(String::new, |t| format!(", target {t}"));
                let platform = order.platform.as_ref();
                let platform = platform.map_or_else(String::new, |p| format!(" for {p}"));
                format!(
                    "{} with {}{target}{platform}",
                    order.context.display(),
                    order.dockerfile.display()
                )
            }
            Self::Try(plan, weight) => {
                let memory = plan
                    .order
                    .memory
                    .map(|bytes| format!("{} of memory", format::size(bytes)));
                let cpus = plan.order.cpus.map(|cpus| format!("{cpus} vCPU"));
                let size: Vec<String> = cpus.into_iter().chain(memory).collect();
                let size = if size.is_empty() {
                    String::new()
                } else {
                    format!(" with {}", size.join(" and "))
                };
                let weight = match weight {
                    Weight::Blocks => "",
                    Weight::Insisted | Weight::Skipped => "; what comes of it stops nothing",
                };
                format!("a container{size}: waits for {}{weight}", plan.awaits())
            }
            Self::Push { reference, .. } => {
                let host = registry(reference);
                let name = reference.strip_prefix(host).unwrap_or(reference);
                format!("{} to {host}", name.trim_start_matches('/'))
            }
            Self::Copy { from, to, .. } => {
                let (name, mark) = split(from);
                let digest = short(mark.trim_start_matches('@'));
                format!("{digest} of {name} to {to}")
            }
        }
    }

    /// The equivalent command, as words.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        let words = match self {
            Self::Call { call, .. } => return Some(call.shell()),
            Self::Build(order) => built(order),
            Self::Try(plan, _) => tried(plan),
            Self::Push { reference, .. } => ["docker", "push", reference].map(str::to_owned).into(),
            Self::Copy { from, to, .. } => {
                let (from, to) = (format!("docker://{from}"), format!("docker://{to}"));
                let words = ["skopeo", "copy", "--all", "--preserve-digests", &from, &to];
                words.map(str::to_owned).into()
            }
        };
        // Words that no shell can take have a NUL, which no configuration can hold.
        shlex::try_join(words.iter().map(String::as_str)).ok()
    }

    /// A view in which nothing has happened yet.
    fn view(&self) -> StageView {
        match self {
            Self::Call { .. } => StageView::Nothing,
            Self::Build(_) => StageView::Build(Box::default()),
            Self::Try(..) => StageView::Try(TrialView::default()),
            Self::Push { .. } | Self::Copy { .. } => StageView::Push(PushView::default()),
        }
    }
}

fn built(order: &BuildOrder) -> Vec<String> {
    let mut words: Vec<String> = ["docker", "build"].map(str::to_owned).into();
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    add(
        "-f",
        order.context.join(&order.dockerfile).display().to_string(),
    );
    for tag in &order.tags {
        add("-t", tag.clone());
    }
    if let Some(platform) = &order.platform {
        add("--platform", platform.clone());
    }
    if let Some(target) = &order.target {
        add("--target", target.clone());
    }
    // Without a value it is taken from the shell's own variable: it may be a secret.
    for name in order.args.keys() {
        add("--build-arg", name.clone());
    }
    for (id, source) in &order.secrets {
        let from = match source {
            SecretSource::Env(variable) => format!("env={variable}"),
            SecretSource::File(path) => format!("src={}", path.display()),
        };
        add("--secret", format!("id={id},{from}"));
    }
    if order.cache == Cache::Ignored {
        words.push("--no-cache".to_owned());
    }
    words.push(order.context.display().to_string());
    words
}

fn tried(plan: &TrialPlan) -> Vec<String> {
    let order = &plan.order;
    let mut words: Vec<String> = ["docker", "run", "--rm", "--name", &order.name]
        .map(str::to_owned)
        .into();
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    if let Some(memory) = order.memory {
        add("--memory", memory.to_string());
        add("--memory-swap", memory.to_string());
    }
    if let Some(cpus) = order.cpus {
        add("--cpus", cpus.to_string());
    }
    if let Some(port) = order.port {
        add("-p", format!("127.0.0.1::{port}"));
    }
    for name in order.environment.keys() {
        add("-e", name.clone());
    }
    // An entry point of several words: docker takes the first, the others stand before the command. What looks like a secret is covered.
    let entry = mask_words(order.entry_point.as_deref().unwrap_or_default());
    let mut entry = entry.into_iter();
    if let Some(first) = entry.next() {
        add("--entrypoint", first);
    }
    words.push(order.image.clone());
    words.extend(entry);
    words.extend(mask_words(order.command.as_deref().unwrap_or_default()));
    words
}

impl Serialize for Stage {
    /// Without values of variables and arguments, which may be secrets.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("stage", self.word())?;
        match self {
            Self::Call { call, environment } => {
                map.serialize_entry("resource", call.resource())?;
                if let Some(environment) = environment {
                    map.serialize_entry("environment", environment)?;
                }
            }
            Self::Build(order) => {
                map.serialize_entry("context", &order.context)?;
                map.serialize_entry("dockerfile", &order.dockerfile)?;
                map.serialize_entry("target", &order.target)?;
                map.serialize_entry("platform", &order.platform)?;
                map.serialize_entry("tags", &order.tags)?;
                map.serialize_entry("args", &order.args.keys().collect::<Vec<_>>())?;
                map.serialize_entry("secrets", &order.secrets.keys().collect::<Vec<_>>())?;
                map.serialize_entry("labels", &order.labels)?;
                map.serialize_entry("cache", &order.cache)?;
            }
            Self::Try(plan, weight) => {
                let order = &plan.order;
                map.serialize_entry("image", &order.image)?;
                map.serialize_entry("awaits", &plan.awaits())?;
                map.serialize_entry("timeout_seconds", &plan.timeout.as_secs())?;
                map.serialize_entry("afterwards", &plan.afterwards)?;
                map.serialize_entry("memory_bytes", &order.memory)?;
                map.serialize_entry("cpus", &order.cpus)?;
                map.serialize_entry("port", &order.port)?;
                map.serialize_entry("environment", &order.environment.keys().collect::<Vec<_>>())?;
                map.serialize_entry("missing", &plan.missing)?;
                map.serialize_entry("weight", weight)?;
            }
            Self::Push { reference, image } => {
                map.serialize_entry("reference", reference)?;
                map.serialize_entry("image", image)?;
            }
            Self::Copy {
                from,
                to,
                environment,
            } => {
                map.serialize_entry("from", from)?;
                map.serialize_entry("to", to)?;
                map.serialize_entry("environment", environment)?;
            }
        }
        map.serialize_entry("command", &self.command())?;
        map.end()
    }
}

/// What came of the stages so far, for those that follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Id of the image that was built.
    pub image: Option<String>,
    /// What was pushed.
    pub pushed: Option<Pushed>,
}

impl Made {
    /// Takes what a registry has now, as `view` has shown it.
    fn arrived(&mut self, pushed: Pushed, view: &PushView) -> Finished {
        let says = format!("{}: {}", view.line(), pushed.digest);
        self.pushed = Some(pushed.clone());
        Finished {
            says,
            pushed: Some(pushed),
        }
    }
}

/// What came of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// In a sentence.
    pub says: String,
    /// What its registry has, where it was pushed.
    pub pushed: Option<Pushed>,
}

impl From<String> for Finished {
    fn from(says: String) -> Self {
        let pushed = None;
        Self { says, pushed }
    }
}

/// What happens while a stage is performed.
#[derive(Debug, Clone, PartialEq)]
pub enum StageEvent {
    /// While it is built.
    Build(Vec<BuildEvent>),
    /// While it is tried.
    Try(Vec<TrialEvent>),
    /// While it is pushed.
    Push(Vec<PushEvent>),
}

/// Why the stages end before the last.
#[derive(Debug, Clone)]
pub enum Failure {
    /// Something failed, or somebody cancelled it.
    Error(Error),
    /// The image was tried, and is not good: what is to be said of it.
    Unfit(Vec<String>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Performs a stage of `operation`; gives what is to be said of it. Cancelling `stop` ends it, in the engine too.
///
/// # Errors
/// What the engine or the registry said; an image that is not good.
pub(super) async fn perform(
    operation: &'static str,
    stage: &Stage,
    made: &mut Made,
    desk: &Desk<'_>,
    stop: &CancellationToken,
    mut tell: impl FnMut(StageEvent) + Send,
) -> std::result::Result<Finished, Failure> {
    let workshop = desk.workshop()?;
    match stage {
        Stage::Call { call, environment } => {
            let order = Order {
                operation,
                call: (**call).clone(),
                changes: Vec::new(),
            };
            let place = desk.at(environment.as_deref()).await?;
            Ok(place.desk().cloud.execute(&order).await?.summary.into())
        }
        Stage::Build(order) => {
            let engine = workshop.engine().await?;
            let mut view = BuildView::default();
            let image = {
                let built = build(&*engine, (**order).clone(), |events| {
                    for event in &events {
                        view.apply(event);
                    }
                    tell(StageEvent::Build(events));
                });
                unless(stop, "the build", built).await?
            };
            made.image = Some(image.clone());
            let (done, known) = view.counts();
            let cached = view.cached();
            let image = short(&image);
            Ok(format!("{done} of {known} steps, {cached} cached: image {image}").into())
        }
        Stage::Try(plan, weight) => {
            let engine = workshop.engine().await?;
            let mut plan = plan.clone();
            if let Some(image) = &made.image {
                plan.order.image.clone_from(image);
            }
            let told = |events| tell(StageEvent::Try(events));
            let verdict = trial::run(&*engine, desk.cloud, &plan, stop, told).await?;
            let says = verdict.says();
            match (verdict, weight) {
                (Verdict::Healthy { .. }, _) => Ok(says.join("; ").into()),
                (_, Weight::Insisted | Weight::Skipped) => {
                    Ok(format!("{}; it goes on all the same", says.join("; ")).into())
                }
                (_, Weight::Blocks) => Err(Failure::Unfit(says)),
            }
        }
        Stage::Push { reference, image } => {
            let engine = workshop.engine().await?;
            if let Some(image) = made.image.as_ref().or(image.as_ref()) {
                engine.tag(image, reference).await?;
            }
            let mut view = PushView::default();
            let pushed = {
                let told = showing(&mut view, tell);
                let pushed = push(&*engine, desk.cloud, workshop.logins(), reference, told);
                unless(stop, "the push", pushed).await?
            };
            Ok(made.arrived(pushed, &view))
        }
        Stage::Copy {
            from,
            to,
            environment,
        } => {
            let place = desk.at(Some(environment)).await?;
            let there = place.desk();
            let guarded = there.workshop()?.registries();
            let mut view = PushView::default();
            let pushed = {
                let told = showing(&mut view, tell);
                let (from, to) = (desk.side(from)?, there.side(to)?);
                let copied = copy(&*guarded, from, to, told);
                unless(stop, "the copy", copied).await?
            };
            Ok(made.arrived(pushed, &view))
        }
    }
}

/// Keeps in `view` what is told of a push.
fn showing(
    view: &mut PushView,
    mut tell: impl FnMut(StageEvent) + Send,
) -> impl FnMut(Vec<PushEvent>) + Send {
    move |events| {
        for event in &events {
            view.apply(event.clone());
        }
        tell(StageEvent::Push(events));
    }
}

/// Does the work unless somebody stops it: dropping it tells the engine.
async fn unless<T>(
    stop: &CancellationToken,
    what: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(cancelled(what)),
        done = work => done,
    }
}

/// What is shown of a stage: its events, reduced.
#[derive(Debug, Clone, PartialEq)]
pub enum StageView {
    /// There is nothing to show.
    Nothing,
    /// A build.
    Build(Box<BuildView>),
    /// A trial.
    Try(TrialView),
    /// A push.
    Push(PushView),
}

/// A stage under way.
#[derive(Debug, Clone)]
pub struct Staged {
    /// In a word.
    pub word: &'static str,
    /// What it does, until it has ended; then what came of it.
    pub says: String,
    /// Where it stands.
    pub state: StepState,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What its registry has, once it was pushed.
    pub pushed: Option<Pushed>,
    /// What it shows.
    pub view: StageView,
}

impl Staged {
    pub(super) fn new(stage: &Stage) -> Self {
        Self {
            word: stage.word(),
            says: stage.says(),
            state: StepState::Waiting,
            began_at: None,
            ended_at: None,
            pushed: None,
            view: stage.view(),
        }
    }

    pub(super) fn begin(&mut self, now: Timestamp) {
        self.state = StepState::Active;
        self.began_at = Some(now);
    }

    pub(super) fn apply(&mut self, event: StageEvent) {
        match (&mut self.view, event) {
            (StageView::Build(view), StageEvent::Build(events)) => {
                for event in &events {
                    view.apply(event);
                }
            }
            (StageView::Try(view), StageEvent::Try(events)) => {
                for event in events {
                    view.apply(event);
                }
            }
            (StageView::Push(view), StageEvent::Push(events)) => {
                for event in events {
                    view.apply(event);
                }
            }
            // A stage tells of its own kind only.
            _ => {}
        }
    }

    pub(super) fn end(&mut self, state: StepState, finished: Finished, now: Timestamp) {
        self.state = state;
        self.says = finished.says;
        self.pushed = finished.pushed;
        self.ended_at = Some(now);
    }

    /// Seconds that it has taken until `now`.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> Option<i64> {
        let end = self.ended_at.unwrap_or(now);
        Some(end.as_second() - self.began_at?.as_second())
    }
}

/// The error of a plan without a place to build in.
pub(super) fn no_workshop() -> Error {
    Error::new(ErrorKind::Unsupported, "images cannot be built here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cloud::sim::components, model::task_document::Run};

    #[test]
    fn the_command_of_a_trial_covers_what_looks_like_a_secret_wherever_it_stands() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let run = Run {
            entry_point: words("/init --password=hunter2 --"),
            command: words("serve --token=hunter3"),
            ..Run::default()
        };
        let plan = TrialPlan::new(&components().remove(1), "app:1", Some(run), None);
        let told = Stage::Try(Box::new(plan), Weight::Blocks).command();
        let told = told.unwrap_or_default();
        assert!(
            told.contains("--entrypoint /init") && told.contains("serve"),
            "{told}"
        );
        assert!(!told.contains("hunter"), "{told}");
    }
}
