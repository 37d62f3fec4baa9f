//! Each line once, however it comes.

use crate::model::log::LogEvent;
use jiff::Timestamp;
use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

/// Lets each line through once, whichever way and however often it arrives.
///
/// A line is known by its stream, time and text. Lines that are alike in all three are told apart by their number: what was told is
/// as many as the way that has brought most of them brought.
#[derive(Debug, Default)]
pub struct Dedup {
    seen: HashMap<u64, Count>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    at: i64,
    told: u32,
    delivered: u32,
}

impl Dedup {
    /// Takes an answer that holds every line of its span, and gives those that were not told before.
    pub fn answer(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let mut answered: HashMap<u64, u32> = HashMap::new();
        let fresh = |event: &LogEvent| {
            let key = key(event);
            let nth = answered.entry(key).or_default();
            *nth += 1;
            self.tell(key, event, *nth)
        };
        events.into_iter().filter(fresh).collect()
    }

    /// Takes lines that a session brings once each, and gives those that were not told before.
    pub fn delivery(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let fresh = |event: &LogEvent| {
            let key = key(event);
            let count = self.seen.entry(key).or_default();
            count.delivered += 1;
            let nth = count.delivered;
            self.tell(key, event, nth)
        };
        events.into_iter().filter(fresh).collect()
    }

    /// Another session begins: what it brings is counted anew.
    pub fn new_session(&mut self) {
        for count in self.seen.values_mut() {
            count.delivered = 0;
        }
    }

    /// Forgets lines older than `before`: nothing that looks back further is asked any more.
    pub fn forget(&mut self, before: Timestamp) {
        let before = before.as_millisecond();
        self.seen.retain(|_, count| count.at >= before);
    }

    fn tell(&mut self, key: u64, event: &LogEvent, nth: u32) -> bool {
        let count = self.seen.entry(key).or_default();
        count.at = event.at.as_millisecond();
        let new = nth > count.told;
        count.told = count.told.max(nth);
        new
    }
}

/// A line's identity as far as every way of delivery tells it: Live Tail gives no ids.
fn key(event: &LogEvent) -> u64 {
    let mut hasher = DefaultHasher::new();
    (
        &event.group,
        &event.stream,
        event.at.as_millisecond(),
        &event.message,
    )
        .hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A line of few streams, moments and texts, so that many are alike.
    fn line() -> impl Strategy<Value = LogEvent> {
        (0..2_u8, 0..40_i64, 0..2_u8).prop_map(|(stream, second, text)| LogEvent {
            at: Timestamp::from_second(1_800_000_000 + second).unwrap(),
            ingested: None,
            group: "/ecs/backend".to_owned(),
            stream: stream.to_string(),
            id: None,
            message: text.to_string(),
        })
    }

    /// What happens while lines are taken in, one after the other.
    #[derive(Debug, Clone)]
    enum Step {
        /// So many more are taken in.
        TakeIn(usize),
        /// The span from this second on is asked for.
        Ask(i64),
        /// A session starts; the one before is over.
        Start,
        /// The session brings so many of those that it owes.
        Bring(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..8_usize).prop_map(Step::TakeIn),
            (0..40_i64).prop_map(Step::Ask),
            Just(Step::Start),
            (0..8_usize).prop_map(Step::Bring),
        ]
    }

    fn sorted(lines: &[LogEvent]) -> Vec<(&str, Timestamp, &str)> {
        let mut keys: Vec<_> = lines
            .iter()
            .map(|l| (l.stream.as_str(), l.at, l.message.as_str()))
            .collect();
        keys.sort_unstable();
        keys
    }

    proptest! {
        #[test]
        fn any_mixture_of_answers_and_sessions_tells_each_line_exactly_once(
            lines in prop::collection::vec(line(), 0..60),
            steps in prop::collection::vec(step(), 0..60),
        ) {
            let mut dedup = Dedup::default();
            let mut told = Vec::new();
            let (mut taken_in, mut session) = (0, None);
            for step in steps {
                match step {
                    Step::TakeIn(count) => taken_in = lines.len().min(taken_in + count),
                    Step::Ask(second) => {
                        let from = Timestamp::from_second(1_800_000_000 + second).unwrap();
                        let span = lines[..taken_in].iter().filter(|line| line.at >= from);
                        let mut span: Vec<LogEvent> = span.cloned().collect();
                        span.sort_by_key(|line| line.at);
                        told.extend(dedup.answer(span));
                    }
                    Step::Start => {
                        dedup.new_session();
                        session = Some(taken_in);
                    }
                    Step::Bring(count) => if let Some(next) = session {
                        let end = taken_in.min(next + count);
                        told.extend(dedup.delivery(lines[next..end].to_vec()));
                        session = Some(end);
                    },
                }
                let mut left = sorted(&lines[..taken_in]);
                for line in sorted(&told) {
                    let place = left.iter().position(|other| *other == line);
                    prop_assert!(place.is_some(), "told twice: {line:?}");
                    left.swap_remove(place.unwrap());
                }
            }
            told.extend(dedup.answer(lines.clone()));
            prop_assert_eq!(sorted(&told), sorted(&lines));
        }
    }
}
