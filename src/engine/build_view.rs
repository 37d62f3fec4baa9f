//! What is shown of a build: its events, reduced.

use super::{BuildEvent, BuildStep, BuildStepState, Builder};
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::VecDeque;

/// Lines of a step that are kept.
pub const KEPT_LINES: usize = 200;

/// How far a build or a push can be said to be that has not ended.
pub(super) const ALMOST: f64 = 0.99;

/// A build as it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BuildView {
    /// What it is built with, once it began.
    pub builder: Option<Builder>,
    /// Bytes of the context that were sent.
    pub context_bytes: u64,
    /// Steps by their ids, in the order in which they were first heard of.
    pub steps: IndexMap<String, StepView>,
    /// `sha256:…`, once it is there.
    pub image: Option<String>,
    /// How far it was said to be: it is never said to be less far.
    said: f64,
}

/// A step as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepView {
    /// Step.
    pub step: BuildStep,
    /// What it said last, at most [`KEPT_LINES`].
    pub lines: VecDeque<String>,
}

impl BuildStep {
    /// Whether it is one of the Dockerfile's, and not one of the builder's own.
    #[must_use]
    pub fn is_of_the_dockerfile(&self) -> bool {
        self.name.starts_with('[') && !self.name.starts_with("[internal]")
    }

    /// Seconds that it took, where it has ended.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        let took = self.ended_at?.duration_since(self.began_at?);
        Some(took.as_secs_f64().max(0.0))
    }

    /// How much of it is done, from 0 to 1.
    fn done(&self) -> f64 {
        match (self.state.is_ended(), self.progress) {
            (true, _) => 1.0,
            #[expect(
                clippy::cast_precision_loss,
                reason = "it is drawn in some eighty cells"
            )]
            (false, Some((so_far, of))) if of > 0 => (so_far.min(of) as f64) / (of as f64),
            (false, _) => 0.0,
        }
    }
}

impl BuildStepState {
    /// Whether nothing more comes of it.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        match self {
            Self::Waiting | Self::Running => false,
            Self::Cached | Self::Done | Self::Failed | Self::Cancelled => true,
        }
    }
}

impl BuildView {
    /// Takes an event in.
    pub fn apply(&mut self, event: &BuildEvent) {
        match event {
            BuildEvent::Began(builder) => self.builder = Some(*builder),
            BuildEvent::Context(bytes) => self.context_bytes = self.context_bytes.max(*bytes),
            BuildEvent::Step(step) => match self.steps.get_mut(&step.id) {
                // What has ended stays so: a later word on it can only be an older one.
                Some(seen) if seen.step.state.is_ended() && !step.state.is_ended() => {}
                Some(seen) => seen.step.clone_from(step),
                None => {
                    let (step, lines) = (step.clone(), VecDeque::new());
                    self.steps.insert(step.id.clone(), StepView { step, lines });
                }
            },
            BuildEvent::Line { step, text } => {
                if let Some(seen) = self.steps.get_mut(step) {
                    if seen.lines.len() == KEPT_LINES {
                        seen.lines.pop_front();
                    }
                    seen.lines.push_back(text.clone());
                }
            }
            BuildEvent::Built { image } => self.image = Some(image.clone()),
        }
        self.said = self.said.max(self.measured());
    }

    /// How far it is, from 0 to 1: the Dockerfile's steps that are done, of those that are known, and of those under way what the engine
    /// tells. It never goes back, and is 1 only when the image is there.
    #[must_use]
    pub fn progress(&self) -> f64 {
        self.said
    }

    fn measured(&self) -> f64 {
        if self.image.is_some() {
            return 1.0;
        }
        let (mut done, mut known) = (0.0, 0.0);
        for step in self.of_the_dockerfile() {
            done += step.done();
            known += 1.0;
        }
        if known == 0.0 {
            0.0
        } else {
            f64::min(done / known, ALMOST)
        }
    }

    /// How many of the Dockerfile's steps have ended, and of how many that are known.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let ended = |step: &&BuildStep| step.state.is_ended();
        let steps = || self.of_the_dockerfile();
        (steps().filter(ended).count(), steps().count())
    }

    /// How many of the Dockerfile's steps came from an earlier build.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.of_the_dockerfile()
            .filter(|step| step.state == BuildStepState::Cached)
            .count()
    }

    fn of_the_dockerfile(&self) -> impl Iterator<Item = &BuildStep> {
        let steps = self.steps.values().map(|seen| &seen.step);
        steps.filter(|step| step.is_of_the_dockerfile())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn step(id: &str, name: &str, state: BuildStepState) -> BuildEvent {
        BuildEvent::Step(BuildStep {
            id: id.to_owned(),
            name: name.to_owned(),
            state,
            began_at: None,
            ended_at: None,
            progress: None,
        })
    }

    fn view(events: &[BuildEvent]) -> BuildView {
        let mut view = BuildView::default();
        for event in events {
            view.apply(event);
        }
        view
    }

    #[test]
    fn progress_is_the_share_of_the_dockerfiles_steps_that_are_done() {
        use BuildStepState::{Cached, Done, Running, Waiting};
        let mut view = view(&[
            BuildEvent::Began(Builder::BuildKit),
            step("0", "[internal] load build definition", Done),
        ]);
        assert_eq!((view.progress(), view.counts()), (0.0, (0, 0)));
        view.apply(&step("1", "[1/4] FROM base", Cached));
        for id in ["2", "3", "4"] {
            view.apply(&step(id, &format!("[{id}/4] RUN make"), Waiting));
        }
        view.apply(&step("2", "[2/4] RUN make", Running));
        view.apply(&step("2", "[2/4] RUN make", Done));
        assert_eq!((view.counts(), view.cached()), ((2, 4), 1));
        assert!(view.progress() >= 0.5);
        view.apply(&BuildEvent::Built {
            image: "sha256:1".to_owned(),
        });
        assert!((view.progress() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn progress_never_goes_back_and_is_not_whole_before_the_image_is_there() {
        use BuildStepState::{Done, Running, Waiting};
        let mut view = view(&[step("1", "[1/1] FROM base", Done)]);
        let before = view.progress();
        assert!(before < 1.0);
        view.apply(&step("2", "[stage 1/1] RUN make", Waiting));
        view.apply(&step("1", "[1/1] FROM base", Running));
        assert!(view.progress() >= before);
        assert_eq!(view.counts(), (1, 2));
    }

    #[test]
    fn what_is_pulled_counts_while_it_is_pulled() {
        let mut pulling = BuildStep {
            id: "1".to_owned(),
            name: "[1/1] FROM base".to_owned(),
            state: BuildStepState::Running,
            began_at: Timestamp::from_second(100).ok(),
            ended_at: None,
            progress: Some((25, 100)),
        };
        let mut view = view(&[BuildEvent::Step(pulling.clone())]);
        assert!((view.progress() - 0.25).abs() < 1e-9);
        pulling.state = BuildStepState::Done;
        pulling.ended_at = Timestamp::from_second(103).ok();
        assert_eq!(pulling.seconds(), Some(3.0));
        view.apply(&BuildEvent::Step(pulling));
        assert_eq!(view.counts(), (1, 1));
    }

    #[test]
    fn only_the_last_lines_of_a_step_are_kept() {
        let mut view = view(&[step("1", "[1/1] RUN make", BuildStepState::Running)]);
        for n in 0..=KEPT_LINES {
            let (step, text) = ("1".to_owned(), n.to_string());
            view.apply(&BuildEvent::Line { step, text });
        }
        let lines = &view.steps["1"].lines;
        assert_eq!((lines.len(), lines[0].as_str()), (KEPT_LINES, "1"));
    }
}
