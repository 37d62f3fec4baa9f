//! Following logs by asking again and again: what every cloud can do, and what Live Tail falls back to.
//!
//! CloudWatch takes lines in late and out of order, so each poll asks for a span that overlaps the one before, and [`Dedup`] lets
//! each line through once. A line that CloudWatch takes in later than [`OVERLAP`] is not seen by polling; Logs Insights finds it.

use super::Cloud;
use crate::{
    error::{Error, ErrorKind},
    model::log::{Delivery, Follow, Followed, LogEvent, LogQuery},
};
use futures::{Stream, StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    time::Duration,
};

/// How far each poll looks back behind the newest line it knows. CloudWatch shows most lines within seconds.
pub const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// Lines asked for in one poll of a group; as many new ones leave a gap.
const POLL_LINES: usize = 10_000;

/// Time between two polls of a group: safe where FilterLogEvents is limited to 5 requests a second (CloudWatch Logs quotas), with
/// up to ten groups.
const POLL_EVERY: Duration = Duration::from_secs(2);

/// Longest time between two polls of a group that is throttled or does not answer.
const POLL_AT_MOST_EVERY: Duration = Duration::from_secs(30);

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

/// Follows each group by polling; groups that fail do not hold up the others.
pub fn polling(
    cloud: &dyn Cloud,
    follow: Follow,
    why: Option<String>,
) -> impl Stream<Item = Followed> + Send + '_ {
    let since = follow.since;
    let groups = follow
        .groups
        .into_iter()
        .map(move |group| one(cloud, group, since).boxed());
    stream::once(async { Followed::Delivery(Delivery::Polling, why) })
        .chain(stream::select_all(groups))
}

/// Where the polling of one group stands.
struct Polled {
    dedup: Dedup,
    group: String,
    /// Everything before was told.
    told_up_to: Timestamp,
    pause: Duration,
    failures: u32,
    /// What is still to be said before the next poll.
    say: Vec<Followed>,
}

fn one(
    cloud: &dyn Cloud,
    group: String,
    since: Timestamp,
) -> impl Stream<Item = Followed> + Send + '_ {
    let start = Polled {
        dedup: Dedup::default(),
        group,
        told_up_to: since,
        pause: Duration::ZERO,
        failures: 0,
        say: Vec::new(),
    };
    stream::unfold(Some(start), move |state| async move {
        let mut state = state?;
        loop {
            if let Some(say) = state.say.pop() {
                let over = matches!(&say, Followed::Failed { error, .. } if is_final(error));
                return Some((say, (!over).then_some(state)));
            }
            tokio::time::sleep(state.pause).await;
            state.poll(cloud, since).await;
        }
    })
}

impl Polled {
    async fn poll(&mut self, cloud: &dyn Cloud, since: Timestamp) {
        let now = cloud.now();
        let from = (self.told_up_to - OVERLAP).max(since);
        self.pause = POLL_EVERY;
        if now <= from {
            return;
        }
        let query = LogQuery {
            groups: vec![self.group.clone()],
            from,
            // A clock that runs ahead of ours is no reason to miss what it wrote.
            to: now + OVERLAP,
            pattern: String::new(),
            limit: POLL_LINES,
        };
        match cloud.logs(&query).await {
            Ok(lines) => {
                self.failures = 0;
                self.take(lines, now);
            }
            Err(error) => {
                self.failures += 1;
                self.pause = (POLL_EVERY * 2_u32.pow(self.failures.min(4))).min(POLL_AT_MOST_EVERY);
                self.say.push(Followed::Failed {
                    group: self.group.clone(),
                    error,
                });
            }
        }
    }

    /// Takes what a poll brought. What is said last is pushed first.
    fn take(&mut self, lines: Vec<LogEvent>, now: Timestamp) {
        let full = lines.len() >= POLL_LINES;
        let oldest = lines.first().map(|line| line.at);
        let fresh = self.dedup.answer(lines);
        self.say.push(Followed::UpTo(now));
        let gap = oldest.filter(|oldest| full && *oldest > self.told_up_to);
        if !fresh.is_empty() {
            self.say.push(Followed::Lines(fresh));
        }
        if let Some(oldest) = gap {
            self.say.push(Followed::Gap {
                groups: vec![self.group.clone()],
                from: self.told_up_to,
                to: oldest,
                why: format!("more than {POLL_LINES} lines came at once"),
            });
        }
        self.told_up_to = now;
        self.dedup.forget(now - OVERLAP - OVERLAP);
    }
}

/// Whether asking again is of no use.
#[must_use]
pub fn is_final(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotFound | ErrorKind::Denied { .. } | ErrorKind::Unsupported
    )
}
