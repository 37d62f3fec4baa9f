//! A build's steps as they are heard of, and what each said last.

use crate::{
    engine::{BuildEvent, BuildStep, BuildStepState},
    text::neutral,
};
use indexmap::IndexMap;
use regex::Regex;
use std::{collections::VecDeque, sync::LazyLock};

/// Lines of a step that are kept for the case that it fails.
const KEPT: usize = 20;

/// Bytes of a line without an end that are waited for.
const LONGEST: usize = 16 << 10;

/// Control sequences of terminals (ECMA-48): colours and cursor movements, titles and links.
static SEQUENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]").ok()
});

/// The steps so far, in the order in which they were first heard of.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: IndexMap<String, Kept>,
    events: Vec<BuildEvent>,
}

#[derive(Debug)]
struct Kept {
    step: BuildStep,
    lines: VecDeque<String>,
    /// The beginning of a line whose end is still to come.
    begun: Vec<u8>,
}

/// A step that went wrong.
pub(super) struct Failed {
    pub name: String,
    pub lines: Vec<String>,
}

impl Steps {
    /// A step is as it stands now. What did not change is not told again.
    pub fn set(&mut self, mut step: BuildStep) {
        step.name = neutral(&step.name).into_owned();
        if let Some(kept) = self.steps.get_mut(&step.id) {
            if kept.step == step {
                return;
            }
            kept.step.clone_from(&step);
        } else {
            let kept = Kept {
                step: step.clone(),
                lines: VecDeque::new(),
                begun: Vec::new(),
            };
            self.steps.insert(step.id.clone(), kept);
        }
        if step.ended_at.is_some() {
            self.end_line(&step.id);
        }
        self.events.push(BuildEvent::Step(step));
    }

    /// The step `id`.
    pub fn get(&self, id: &str) -> Option<&BuildStep> {
        self.steps.get(id).map(|kept| &kept.step)
    }

    /// A step said something: lines, or parts of them.
    pub fn say(&mut self, id: &str, bytes: &[u8]) {
        let Some(kept) = self.steps.get_mut(id) else {
            return;
        };
        kept.begun.extend_from_slice(bytes);
        while let Some(kept) = self.steps.get_mut(id) {
            let end = kept.begun.iter().position(|b| *b == b'\n');
            if end.is_none() && kept.begun.len() < LONGEST {
                return;
            }
            let line: Vec<u8> = kept.begun.drain(..end.map_or(LONGEST, |e| e + 1)).collect();
            self.line(id, &line);
        }
    }

    /// A step has nothing more to say: what it began is a line.
    fn end_line(&mut self, id: &str) {
        if let Some(kept) = self.steps.get_mut(id)
            && !kept.begun.is_empty()
        {
            let line = std::mem::take(&mut kept.begun);
            self.line(id, &line);
        }
    }

    fn line(&mut self, id: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        // What was overwritten by a carriage return, as progress bars are, nobody would see.
        let text = text.trim_end_matches(['\r', '\n']);
        let text = text.rsplit('\r').next().unwrap_or_default();
        let text = match &*SEQUENCE {
            Some(sequence) => sequence.replace_all(text, ""),
            None => text.into(),
        };
        let text = neutral(&text).into_owned();
        if let Some(kept) = self.steps.get_mut(id) {
            if kept.lines.len() == KEPT {
                kept.lines.pop_front();
            }
            kept.lines.push_back(text.clone());
        }
        let step = id.to_owned();
        self.events.push(BuildEvent::Line { step, text });
    }

    /// What happened since it was last asked.
    pub fn events(&mut self) -> impl Iterator<Item = BuildEvent> {
        std::mem::take(&mut self.events).into_iter()
    }

    /// All is done: what was begun has ended.
    pub fn finish(&mut self) {
        let begun: Vec<String> = self.steps.keys().cloned().collect();
        for id in begun {
            self.end_line(&id);
        }
    }

    /// The step that went wrong: the one that says so, else the last that runs.
    pub fn failed(&mut self) -> Option<Failed> {
        let of = |state| {
            let mut all = self.steps.values().rev();
            all.find(|kept| kept.step.state == state)
                .map(|kept| kept.step.id.clone())
        };
        let id = of(BuildStepState::Failed).or_else(|| of(BuildStepState::Running))?;
        self.end_line(&id);
        let kept = self.steps.get(&id)?;
        Some(Failed {
            name: kept.step.name.clone(),
            lines: kept.lines.iter().cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(state: BuildStepState) -> BuildStep {
        BuildStep {
            id: "1".to_owned(),
            name: "[1/1] RUN make".to_owned(),
            state,
            began_at: None,
            ended_at: None,
            progress: None,
        }
    }

    fn lines(said: &[&str]) -> Vec<String> {
        let mut steps = Steps::default();
        steps.set(step(BuildStepState::Running));
        for part in said {
            steps.say("1", part.as_bytes());
        }
        let failed = steps.failed().unwrap();
        assert_eq!(failed.name, "[1/1] RUN make");
        failed.lines
    }

    #[test]
    fn lines_come_in_parts_and_lose_colours_and_what_was_overwritten() {
        let said = [
            "one\ntw",
            "o\n",
            "\x1b[31mred\x1b[0m\n",
            "10%\r50%\r100%\n",
            "no end",
        ];
        assert_eq!(lines(&said), ["one", "two", "red", "100%", "no end"]);
    }

    #[test]
    fn what_could_drive_the_terminal_does_not_reach_it() {
        let said = ["a\x1b]52;c;ZXZpbA==\x07b\n", "c\u{202e}d\x07\n"];
        assert_eq!(lines(&said), ["ab", "c·d·"]);
    }

    #[test]
    fn only_the_last_lines_are_kept_and_none_grows_without_end() {
        let many: Vec<String> = (0..100).map(|n| format!("{n}\n")).collect();
        let kept = lines(&[&many.concat()]);
        assert_eq!((kept.len(), kept[0].as_str()), (20, "80"));
        assert_eq!(lines(&[&"x".repeat(LONGEST * 2)]).len(), 2);
    }

    #[test]
    fn a_step_that_did_not_change_is_not_told_again() {
        let mut steps = Steps::default();
        steps.set(step(BuildStepState::Running));
        steps.set(step(BuildStepState::Running));
        assert_eq!(steps.events().count(), 1);
    }
}
