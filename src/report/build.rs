//! `hydren image build`: how a build goes, line by line, and what came of it.

use super::{SCHEMA, json, table::safe};
use crate::{
    cli::Output,
    engine::{
        BuildEvent, BuildOrder, BuildStepState, Builder, Engine,
        build_view::{BuildView, StepView},
        source::Source,
    },
    error::Result,
    format,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write as _};

/// Tells of a build as its events come: steps when they begin and end, and what they say.
#[derive(Debug, Default)]
pub struct Teller {
    /// The build so far.
    pub view: BuildView,
    /// Steps get numbers as they begin: several may be under way at once.
    numbers: BTreeMap<String, usize>,
}

impl Teller {
    /// Takes an event in; gives what there is to tell of it, whole lines.
    pub fn tell(&mut self, event: &BuildEvent) -> String {
        let before = match event {
            BuildEvent::Step(step) => self.view.steps.get(&step.id).map(|seen| seen.step.state),
            _ => None,
        };
        self.view.apply(event);
        let mut text = String::new();
        match event {
            BuildEvent::Began(Builder::BuildKit) => text.push_str("building with BuildKit\n"),
            BuildEvent::Began(Builder::Classic) => {
                text.push_str("building with the classic builder\n");
            }
            BuildEvent::Step(step)
                if before != Some(step.state) && step.state != BuildStepState::Waiting =>
            {
                let number = self.number(&step.id);
                let seconds = step.seconds().map(|s| format!(" {s:.1}s"));
                let seconds = seconds.unwrap_or_default();
                let name = safe(&step.name, Output::Table);
                let told = match step.state {
                    BuildStepState::Waiting => None,
                    BuildStepState::Running => Some(format!("#{number} {name}\n")),
                    BuildStepState::Cached => Some(format!("#{number} {name}: cached\n")),
                    BuildStepState::Done if before == Some(BuildStepState::Running) => {
                        Some(format!("#{number} done{seconds}\n"))
                    }
                    BuildStepState::Done => Some(format!("#{number} {name}: done{seconds}\n")),
                    BuildStepState::Failed => Some(format!("#{number} {name}: failed{seconds}\n")),
                    BuildStepState::Cancelled => Some(format!("#{number} cancelled\n")),
                };
                text.push_str(&told.unwrap_or_default());
            }
            BuildEvent::Line { step, text: line } => {
                let number = self.number(step);
                // Infallible: it is a string.
                let _ = writeln!(text, "#{number} | {}", safe(line, Output::Table));
            }
            BuildEvent::Context(_) | BuildEvent::Step(_) | BuildEvent::Built { .. } => {}
        }
        text
    }

    fn number(&mut self, step: &str) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(step.to_owned()).or_insert(next)
    }
}

/// Builds what `order` says and tells of it as it goes.
///
/// # Errors
/// What the build ends with.
pub async fn build(
    engine: &dyn Engine,
    order: BuildOrder,
    mut tell: impl FnMut(&str) + Send,
) -> Result<BuildView> {
    let mut teller = Teller::default();
    crate::engine::build::build(engine, order, |events| {
        for event in &events {
            tell(&teller.tell(event));
        }
    })
    .await?;
    Ok(teller.view)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    component: &'a str,
    image: &'a str,
    tags: &'a [String],
    platform: Option<&'a str>,
    source: &'a Source,
    labels: &'a BTreeMap<String, String>,
    builder: Option<Builder>,
    context_bytes: u64,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    name: &'a str,
    state: BuildStepState,
    seconds: Option<f64>,
}

impl<'a> Step<'a> {
    fn of(seen: &'a StepView) -> Self {
        Self {
            name: &seen.step.name,
            state: seen.step.state,
            seconds: seen.step.seconds(),
        }
    }
}

/// Prints what came of the build of `component`.
///
/// # Errors
/// JSON that cannot be written.
pub fn print(
    component: &str,
    order: &BuildOrder,
    source: &Source,
    view: &BuildView,
    output: Output,
) -> Result<String> {
    let image = view.image.as_deref().unwrap_or_default();
    if output == Output::Json {
        return json(&Document {
            schema: SCHEMA,
            component,
            image,
            tags: &order.tags,
            platform: order.platform.as_deref(),
            source,
            labels: &order.labels,
            builder: view.builder,
            context_bytes: view.context_bytes,
            steps: view.steps.values().map(Step::of).collect(),
        });
    }
    let (done, known) = view.counts();
    let mut text = format!(
        "{} is built: {done} of {known} steps, {} cached, {} of context\n  image  {image}\n",
        safe(component, output),
        view.cached(),
        format::size(view.context_bytes),
    );
    for tag in &order.tags {
        let _ = writeln!(text, "  tag    {}", safe(tag, output));
    }
    Ok(text)
}
