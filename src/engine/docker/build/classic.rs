//! What the classic builder says of a build: text for people, one step after another (moby `builder/dockerfile`), and Buildah's, which
//! Podman builds with and which says `STEP`.

use super::steps::Steps;
use crate::engine::{BuildStep, BuildStepState};
use bollard::models::{BuildInfo, BuildInfoAux};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Understands a build by the classic builder.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Text whose end is still to come.
    begun: String,
    /// The step under way.
    current: Option<BuildStep>,
    /// Layers of a base image that is pulled: bytes so far, and of how many.
    pulled: BTreeMap<String, (u64, u64)>,
    /// How many steps there are, once that was said.
    announced: usize,
}

impl Reader {
    /// Reads one message; gives the image when it names it.
    pub fn read(&mut self, info: &BuildInfo, steps: &mut Steps) -> Option<String> {
        if let Some(text) = &info.stream {
            self.begun.push_str(text);
            while let Some(end) = self.begun.find('\n') {
                let line: String = self.begun.drain(..=end).collect();
                self.line(line.trim_end_matches(['\n', '\r']), steps);
            }
        }
        if let (Some(layer), Some(detail)) = (&info.id, &info.progress_detail) {
            let bytes = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
            if let (Some(so_far), Some(total)) = (bytes(detail.current), bytes(detail.total)) {
                self.pulled.insert(layer.clone(), (so_far, total));
                self.progress(steps);
            }
        }
        match &info.aux {
            Some(BuildInfoAux::Default(image)) => {
                self.end(BuildStepState::Done, steps);
                image.id.clone()
            }
            _ => None,
        }
    }

    fn line(&mut self, line: &str, steps: &mut Steps) {
        if let Some((number, total, what)) = step(line) {
            self.end(BuildStepState::Done, steps);
            self.announce(total, steps);
            let id = number.to_string();
            let begun = BuildStep {
                name: format!("[{number}/{total}] {what}"),
                state: BuildStepState::Running,
                began_at: Some(Timestamp::now()),
                ..waiting(&id)
            };
            steps.set(begun.clone());
            self.current = Some(begun);
        } else if matches!(line, " ---> Using cache") || line.starts_with("--> Using cache ") {
            self.end(BuildStepState::Cached, steps);
        } else if let Some(current) = &self.current
            && !is_chatter(line)
        {
            steps.say(&current.id, format!("{line}\n").as_bytes());
        }
    }

    /// Says which steps are to come, so that what is done can be told of what there is.
    fn announce(&mut self, total: usize, steps: &mut Steps) {
        for number in self.announced + 1..=total {
            steps.set(BuildStep {
                name: format!("[{number}/{total}]"),
                ..waiting(&number.to_string())
            });
        }
        self.announced = self.announced.max(total);
    }

    fn progress(&mut self, steps: &mut Steps) {
        if let Some(current) = &mut self.current {
            let sum = |sum: (u64, u64), one: &(u64, u64)| (sum.0 + one.0, sum.1 + one.1);
            current.progress = Some(self.pulled.values().fold((0, 0), sum));
            steps.set(current.clone());
        }
    }

    fn end(&mut self, state: BuildStepState, steps: &mut Steps) {
        if let Some(current) = self.current.take() {
            self.pulled.clear();
            steps.set(BuildStep {
                state,
                ended_at: Some(Timestamp::now()),
                ..current
            });
        }
    }
}

fn waiting(id: &str) -> BuildStep {
    BuildStep {
        id: id.to_owned(),
        name: String::new(),
        state: BuildStepState::Waiting,
        began_at: None,
        ended_at: None,
        progress: None,
    }
}

/// Reads `Step 2/6 : RUN …` and Buildah's `STEP 2/6: RUN …`.
fn step(line: &str) -> Option<(usize, usize, &str)> {
    let rest = line
        .strip_prefix("Step ")
        .or_else(|| line.strip_prefix("STEP "))?;
    let (numbers, what) = rest.split_once(':')?;
    let (number, total) = numbers.trim().split_once('/')?;
    Some((number.parse().ok()?, total.parse().ok()?, what.trim()))
}

/// Whether a line is about the builder's own containers and layers.
fn is_chatter(line: &str) -> bool {
    let beginnings = [
        " ---> ",
        "--> ",
        "Removing intermediate container ",
        "Removed intermediate container ",
        "Successfully built ",
        "Successfully tagged ",
    ];
    beginnings
        .iter()
        .any(|beginning| line.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::BuildEvent;

    fn said(text: &str) -> BuildInfo {
        BuildInfo {
            stream: Some(text.to_owned()),
            ..BuildInfo::default()
        }
    }

    #[test]
    fn steps_their_lines_and_the_cache_are_read_from_the_text() {
        let (mut reader, mut steps) = (Reader::default(), Steps::default());
        let text = [
            "Step 1/3 : FROM scratch",
            "\n ---> \n",
            "Step 2/3 : COPY . /\n ---> Using cache\n ---> 0123456789ab\n",
            "Step 3/3 : RUN make\n ---> Running in 0123456789ab\n",
            "comp",
            "iled\n",
        ];
        for text in text {
            reader.read(&said(text), &mut steps);
        }
        let mut last: BTreeMap<String, BuildStepState> = BTreeMap::new();
        let mut lines = Vec::new();
        for event in steps.events() {
            match event {
                BuildEvent::Step(step) => {
                    last.insert(step.name, step.state);
                }
                BuildEvent::Line { text, .. } => lines.push(text),
                _ => {}
            }
        }
        assert_eq!(last["[1/3] FROM scratch"], BuildStepState::Done);
        assert_eq!(last["[2/3] COPY . /"], BuildStepState::Cached);
        assert_eq!(last["[3/3] RUN make"], BuildStepState::Running);
        assert_eq!(last["[3/3]"], BuildStepState::Waiting);
        assert_eq!(lines, ["compiled"]);
    }

    #[test]
    fn buildah_is_understood_too() {
        assert_eq!(step("STEP 1/2: FROM scratch"), Some((1, 2, "FROM scratch")));
        assert_eq!(step("Step over: there"), None);
    }
}
