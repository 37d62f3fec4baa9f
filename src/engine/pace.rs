//! At most thirty updates a second, however much an engine says: what comes faster is gathered, and of what is gathered only what still
//! matters is kept.

use super::{BuildEvent, LayerState, PushEvent};
use crate::error::{Error, Result};
use futures::{Stream, StreamExt as _, stream};
use std::{
    pin::pin,
    time::{Duration, Instant},
};
use tokio::time::sleep_until;

/// Updates a second, as many as frames are drawn.
pub const UPDATES: u32 = 30;

/// Lines of an update at most: more than any screen shows.
const LINES: usize = 200;

/// What happens, and what of it makes what happened before superfluous.
pub trait Gathered: Sized {
    /// Adds it to what is gathered and takes out what it makes superfluous. What ends something is never taken out.
    fn gather(self, gathered: &mut Vec<Self>);
}

impl Gathered for BuildEvent {
    fn gather(self, gathered: &mut Vec<Self>) {
        match &self {
            Self::Context(_) => gathered.retain(|e| !matches!(e, Self::Context(_))),
            Self::Step(step) => gathered.retain(
                |e| !matches!(e, Self::Step(old) if old.id == step.id && !old.state.is_ended()),
            ),
            Self::Line { .. } => {
                let is_line = |e: &Self| matches!(e, Self::Line { .. });
                if gathered.iter().filter(|e| is_line(e)).count() == LINES
                    && let Some(first) = gathered.iter().position(is_line)
                {
                    gathered.remove(first);
                }
            }
            Self::Began(_) | Self::Built { .. } => {}
        }
        gathered.push(self);
    }
}

impl Gathered for PushEvent {
    fn gather(self, gathered: &mut Vec<Self>) {
        if let Self::Layer { id, state } = &self {
            let ended =
                |state: &LayerState| matches!(state, LayerState::AlreadyThere | LayerState::Pushed);
            let ends = ended(state);
            gathered.retain(|e| match e {
                // How many bytes a layer has is told only while it is on its way.
                Self::Layer { id: old, state } if old == id => {
                    ended(state) || (ends && matches!(state, LayerState::Pushing(..)))
                }
                _ => true,
            });
        }
        gathered.push(self);
    }
}

/// Gathers `events` into at most [`UPDATES`] a second, in their order. The first comes at once. A failure and the end come when all
/// before them has.
pub fn paced<E: Gathered + Send>(
    events: impl Stream<Item = Result<E>> + Send,
) -> impl Stream<Item = Result<Vec<E>>> + Send {
    let start = (Some(Box::pin(events)), Pace::new(Instant::now()), None);
    stream::unfold(start, |(mut events, mut pace, mut last)| async move {
        loop {
            let now = Instant::now();
            if let Some(update) = pace.due(now) {
                return Some((Ok(update), (events, pace, last)));
            }
            let due = pin!(sleep_until(pace.next.into()));
            let Some(coming) = &mut events else {
                if pace.gathered.is_empty() {
                    let error: Error = last.take()?;
                    return Some((Err(error), (events, pace, last)));
                }
                due.await;
                continue;
            };
            tokio::select! {
                event = coming.next() => match event {
                    Some(Ok(event)) => event.gather(&mut pace.gathered),
                    Some(Err(error)) => (events, last) = (None, Some(error)),
                    None => events = None,
                },
                () = due, if !pace.gathered.is_empty() => {}
            }
        }
    })
}

/// What is gathered, and when it may leave.
struct Pace<E> {
    gathered: Vec<E>,
    next: Instant,
}

impl<E> Pace<E> {
    const fn new(now: Instant) -> Self {
        Self {
            gathered: Vec::new(),
            next: now,
        }
    }

    /// What leaves at `now`.
    fn due(&mut self, now: Instant) -> Option<Vec<E>> {
        if self.gathered.is_empty() || now < self.next {
            return None;
        }
        self.next = now + Duration::from_secs(1) / UPDATES;
        Some(std::mem::take(&mut self.gathered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{BuildStep, BuildStepState},
        error::ErrorKind,
    };

    fn step(id: usize, state: BuildStepState, so_far: u64) -> BuildEvent {
        BuildEvent::Step(BuildStep {
            id: id.to_string(),
            name: String::new(),
            state,
            began_at: None,
            ended_at: None,
            progress: Some((so_far, 1_000)),
        })
    }

    fn line(n: usize) -> BuildEvent {
        let (step, text) = ("1".to_owned(), n.to_string());
        BuildEvent::Line { step, text }
    }

    /// Ten events a millisecond for two seconds: progress, lines, and every hundredth ends a step.
    fn flood(n: usize) -> BuildEvent {
        match n % 100 {
            99 => step(n / 100, BuildStepState::Done, 1_000),
            at if at % 2 == 0 => step(n / 100, BuildStepState::Running, at as u64),
            _ => line(n),
        }
    }

    #[test]
    fn a_flood_becomes_thirty_updates_a_second_and_no_end_is_lost() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut updates = Vec::new();
        for n in 0..22_000 {
            let now = start + Duration::from_micros(100 * n as u64);
            if n < 20_000 {
                flood(n).gather(&mut pace.gathered);
            }
            updates.extend(pace.due(now).map(|update| (now, update)));
        }
        for from in [0, 250, 500, 1_000] {
            let from = start + Duration::from_millis(from);
            let within = from..from + Duration::from_secs(1);
            let count = updates.iter().filter(|(at, _)| within.contains(at)).count();
            assert!((29..=30).contains(&count), "{count} updates in a second");
        }
        let all: Vec<&BuildEvent> = updates.iter().flat_map(|(_, events)| events).collect();
        let numbers = |pick: fn(&BuildEvent) -> Option<&String>| -> Vec<usize> {
            let picked = all.iter().filter_map(|event| pick(event));
            picked.filter_map(|text| text.parse().ok()).collect()
        };
        let ended = numbers(|event| match event {
            BuildEvent::Step(step) if step.state == BuildStepState::Done => Some(&step.id),
            _ => None,
        });
        assert_eq!(ended, (0..200).collect::<Vec<_>>());
        let lines = numbers(|event| match event {
            BuildEvent::Line { text, .. } => Some(text),
            _ => None,
        });
        assert!(lines.is_sorted() && !lines.is_empty());
        assert!(all.len() < 15_000, "{} events are left", all.len());
    }

    #[tokio::test]
    async fn a_failure_comes_after_everything_before_it_and_ends_it() {
        let built = BuildEvent::Built {
            image: "sha256:1".to_owned(),
        };
        let failed = Err(Error::new(ErrorKind::Service, "broken"));
        let events = stream::iter([Ok(BuildEvent::Context(1)), Ok(line(1)), Ok(built), failed]);
        let updates: Vec<_> = paced(events).collect().await;
        let (failed, before) = updates.split_last().unwrap();
        assert_eq!(failed.as_ref().unwrap_err().message, "broken");
        let before: Vec<&BuildEvent> = before.iter().flat_map(|u| u.as_ref().unwrap()).collect();
        assert_eq!(before.len(), 3);
        assert!(matches!(before[2], BuildEvent::Built { .. }));
    }

    #[test]
    fn of_a_layer_only_the_newest_is_kept_and_in_the_end_also_how_many_bytes_it_had() {
        let layer = |state| PushEvent::Layer {
            id: "a".to_owned(),
            state,
        };
        let mut gathered = Vec::new();
        let states = [
            LayerState::Waiting,
            LayerState::Pushing(1, 3),
            LayerState::Pushing(2, 3),
        ];
        for state in states {
            layer(state).gather(&mut gathered);
        }
        assert_eq!(gathered, [layer(LayerState::Pushing(2, 3))]);
        layer(LayerState::Pushed).gather(&mut gathered);
        let ends = [LayerState::Pushing(2, 3), LayerState::Pushed].map(layer);
        assert_eq!(gathered, ends);
    }
}
