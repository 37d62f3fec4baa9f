//! The headless twin of every operation: prints its plan, asks, carries it out, and tells how it goes until it ends.

use super::{SCHEMA, build, json, push, table::safe};
use crate::{
    cli::Output,
    cloud::Cloud,
    engine::{push::Pushed, trial::TrialEvent},
    error::{Error, ErrorKind, Result},
    format,
    model::{environment::Environment, metric::Window},
    observe::Observations,
    op::{
        CallState, Confirmation, Desk, Document, Mark, Outcome, Plan, StageEvent, Staged,
        StepState, Timed, Told, Undo, Watch, carry_out,
    },
    poll::{self, Due},
};
use jiff::Timestamp;
use serde::Serialize;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Prints a plan.
///
/// # Errors
/// JSON that cannot be written.
pub fn plan(environment: &Environment, plan: &Plan, output: Output) -> Result<String> {
    if output == Output::Json {
        return json(&Whole::new(environment, plan, None));
    }
    let title = safe(&plan.title, output);
    let lines = plan.lines().into_iter().map(|(mark, line)| {
        let line = safe(&line, output);
        match (output, mark) {
            (Output::Markdown, Mark::Heading) => format!("\n**{line}**\n\n"),
            (Output::Markdown, _) => format!("- {line}\n"),
            (_, Mark::Heading) => format!("\n  {line}\n"),
            (_, _) => format!("    {line}\n"),
        }
    });
    let title = match output {
        Output::Markdown => format!("## {title}\n"),
        Output::Table | Output::Json => format!("{title}\n"),
    };
    Ok(title + &lines.collect::<String>())
}

/// The whole document.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    schema: u8,
    environment: &'a str,
    region: &'a str,
    operation: &'static str,
    plan: Document<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Finished<'a>>,
}

#[derive(Debug, Serialize)]
struct Finished<'a> {
    outcome: &'static str,
    says: Vec<String>,
    exit_code: u8,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<Performed<'a>>,
    calls: Vec<Made>,
    steps: &'a [Timed],
}

#[derive(Debug, Serialize)]
struct Performed<'a> {
    stage: &'a str,
    state: StepState,
    began_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    says: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed: Option<&'a Pushed>,
}

impl<'a> From<&'a Staged> for Performed<'a> {
    fn from(staged: &'a Staged) -> Self {
        Self {
            stage: staged.word,
            state: staged.state,
            began_at: staged.began_at,
            ended_at: staged.ended_at,
            says: &staged.says,
            pushed: staged.pushed.as_ref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Made {
    state: &'static str,
    at: Option<Timestamp>,
    says: Option<String>,
}

impl From<&CallState> for Made {
    fn from(state: &CallState) -> Self {
        let (state, at, says) = match state {
            CallState::Waiting => ("not made", None, None),
            CallState::Made(at) => ("made", Some(*at), None),
            CallState::Accepted(at, says) => ("accepted", Some(*at), Some(says.clone())),
            CallState::Refused(at, error) => ("refused", Some(*at), Some(error.message.clone())),
        };
        Self { state, at, says }
    }
}

impl<'a> Whole<'a> {
    fn new(environment: &'a Environment, plan: &'a Plan, watch: Option<&'a Watch>) -> Self {
        let finished = watch.and_then(|watch| {
            let outcome = watch.outcome.as_ref()?;
            Some(Finished {
                outcome: outcome.word(),
                says: outcome.says(),
                exit_code: outcome.exit_code(),
                started_at: watch.started_at,
                ended_at: watch.ended_at,
                stages: watch.stages.iter().map(Performed::from).collect(),
                calls: watch.calls.iter().map(Made::from).collect(),
                steps: &watch.steps,
            })
        });
        Self {
            schema: SCHEMA,
            environment: &environment.name,
            region: &environment.region,
            operation: plan.request.name(),
            plan: plan.into(),
            result: finished,
        }
    }
}

/// Prints how an operation ended.
///
/// # Errors
/// JSON that cannot be written.
pub fn end(environment: &Environment, watch: &Watch, output: Output) -> Result<String> {
    let (Some(plan), Some(outcome)) = (&watch.plan, &watch.outcome) else {
        return Ok(String::new());
    };
    if output == Output::Json {
        return json(&Whole::new(environment, plan, Some(watch)));
    }
    let took = watch
        .ended_at
        .map_or(0, |end| end.as_second() - watch.started_at.as_second());
    let says: Vec<String> = outcome.says().iter().map(|s| safe(s, output)).collect();
    let undo = match (&plan.undo, outcome) {
        (Undo::By(_, undo), Outcome::Done(_)) => format!("To undo it: {}\n", safe(undo, output)),
        _ => String::new(),
    };
    Ok(format!(
        "\n{} after {}: {}\n{undo}",
        outcome.word(),
        format::duration(took),
        says.join("\n  ")
    ))
}

/// What speaks against carrying a plan out at all.
///
/// # Errors
/// `Conflict` names the check that forbids it.
pub fn permitted(plan: &Plan) -> Result<()> {
    match plan.forbidden() {
        None => Ok(()),
        Some(check) => Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "{} cannot be done: {}: {}",
                plan.title, check.what, check.found
            ),
        )
        .hint("nothing was changed")),
    }
}

/// What has to be typed to confirm a plan.
#[must_use]
pub fn question(plan: &Plan, environment: &Environment) -> String {
    match Confirmation::of(plan, environment) {
        Confirmation::Yes => format!("{}? [y/N] ", plan.title),
        Confirmation::Name(name) => {
            format!(
                "{}? Type {name} to confirm, anything else leaves: ",
                plan.title
            )
        }
    }
}

/// Carries a plan out. What happens is told in lines. Gives the plan that would be made now, where that is another one. Cancelling `stop`
/// ends the stage that is under way.
pub async fn carry(
    desk: &Desk<'_>,
    plan: Plan,
    stop: &CancellationToken,
    mut tell: impl FnMut(&str) + Send,
) -> (Watch, Option<Plan>) {
    let plan = Arc::new(plan);
    let mut watch = Watch::new(Arc::clone(&plan), desk.now());
    let mut teller = Stages::default();
    let fresh = carry_out(desk, &plan, stop, |told| {
        let now = desk.now();
        let text = match &told {
            Told::Accepted(_, outcome) => line(now, &format!("✓ {}", outcome.summary)),
            Told::Begun(index) => {
                let staged = watch.stages.get(*index);
                let what = staged.map(|staged| format!("… {}  {}", staged.word, staged.says));
                line(now, &what.unwrap_or_default())
            }
            Told::Going(_, event) => teller.told(event),
            Told::Ended(index, finished) => {
                let says = &finished.says;
                let word = watch.stages.get(*index).map_or("", |staged| staged.word);
                line(now, &format!("✓ {word}  {says}"))
            }
            Told::Fallen(..)
            | Told::Made(_)
            | Told::Refused(..)
            | Told::Stopped(_)
            | Told::AllAccepted => String::new(),
        };
        if !text.is_empty() {
            tell(&text);
        }
        watch.told(told, now);
    })
    .await;
    (watch, fresh)
}

/// What is told of stages as they go.
#[derive(Default)]
struct Stages {
    build: build::Teller,
    push: push::Teller,
    waited: String,
}

impl Stages {
    fn told(&mut self, event: &StageEvent) -> String {
        match event {
            StageEvent::Build(events) => events.iter().map(|e| self.build.tell(e)).collect(),
            StageEvent::Push(events) => self.push.tell(events.clone()).unwrap_or_default(),
            StageEvent::Try(events) => events.iter().map(|event| self.tried(event)).collect(),
        }
    }

    fn tried(&mut self, event: &TrialEvent) -> String {
        match event {
            TrialEvent::Started(trial) => match trial.port {
                Some(port) => format!("it runs; its port is 127.0.0.1:{port}\n"),
                None => "it runs\n".to_owned(),
            },
            // The same answer again and again is told once.
            TrialEvent::Waiting(answer) if *answer == self.waited => String::new(),
            TrialEvent::Waiting(answer) => {
                self.waited.clone_from(answer);
                format!("waiting: {}\n", safe(answer, Output::Table))
            }
            TrialEvent::Line(text) => format!("| {}\n", safe(text, Output::Table)),
        }
    }
}

fn line(now: Timestamp, text: &str) -> String {
    format!("{}  {}\n", format::clock(now), safe(text, Output::Table))
}

/// Watches an operation to its end. What happens is told in lines, once each; also what keeps it from being seen.
pub async fn watch(cloud: &dyn Cloud, watch: &mut Watch, mut tell: impl FnMut(&str) + Send) {
    let mut seen = Observations::default();
    let mut known: HashSet<String> = HashSet::new();
    let mut waited = false;
    let (metrics, mut due) = (watch.goal.metrics(), Due::default());
    while watch.outcome.is_none() {
        for tier in watch.goal.tiers() {
            let read = cloud.read(*tier).await;
            seen.tier_mut(*tier).settle(read, cloud.now());
        }
        let now = cloud.now();
        if !metrics.is_empty() && due.take(now, poll::METRICS) {
            // What users feel helps to judge, but is not waited for.
            let read = cloud.metrics(&metrics, Window::last(now, 3_600)).await;
            seen.metrics.settle(read.map(Arc::new), now);
        }
        watch.observe(&seen, now);
        let steps = watch.steps.iter().filter_map(|Timed { step, .. }| {
            let glyph = match step.state {
                StepState::Waiting => return None,
                StepState::Active => "…",
                StepState::Done => "✓",
                StepState::Failed => "✗",
            };
            let colon = if step.detail.is_empty() { "" } else { ": " };
            Some(format!("{glyph} {}{colon}{}", step.label, step.detail))
        });
        let errors = watch.goal.tiers().iter().filter_map(|tier| {
            let error = seen.tier(*tier).error.as_ref()?;
            Some(format!("▲ {}", error.message))
        });
        // What it waits for is said once: it tells the time left, which is another one each time.
        let waits = watch.paused.iter().filter(|_| !waited);
        let waits = waits.map(|(why, _)| format!("▲ {why}"));
        for text in steps.chain(errors).chain(waits).collect::<Vec<_>>() {
            if known.insert(text.clone()) {
                tell(&line(now, &text));
            }
        }
        waited = watch.paused.is_some();
        if let Some(words) = watch.wants(&seen) {
            let read = words.read(cloud).await;
            watch.heard(&words, &read);
        }
        // Whoever waits for a change that fails wants to know it at once, and that it cannot be seen any more.
        watch.give_up(now);
        watch.lose_sight(&seen, now);
        if watch.outcome.is_none() {
            let pace = u64::try_from(watch.goal.pace()).unwrap_or(1);
            cloud.rest(Duration::from_secs(pace)).await;
        }
    }
}
