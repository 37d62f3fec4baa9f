//! The state machine that decides which way lines come.

use super::{Dedup, LiveTail, NoSession, OVERLAP, Session, Update, is_final};
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind},
    model::log::{Delivery, Follow, Followed, LogEvent, LogQuery},
};
use futures::{
    FutureExt as _, Stream, StreamExt as _,
    future::BoxFuture,
    stream::{self, FuturesUnordered},
};
use jiff::Timestamp;
use std::{collections::VecDeque, time::Duration};
use tokio::time::{sleep, timeout};

/// Lines asked for at once of a group; as many new ones leave a gap.
const LINES: usize = 10_000;

/// Groups that are polled at the usual pace; more of them are polled less often.
const GROUPS: usize = 10;

/// Questions that fail before what they ask for is given up, while a session runs.
const BACKFILLS: u32 = 5;

/// Times that things take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Between two polls of a group: safe where FilterLogEvents is limited to 5 requests a second (CloudWatch Logs quotas), with up
    /// to [`GROUPS`] groups.
    pub poll: Duration,
    /// Longest time between two polls of a group that is throttled or does not answer.
    pub poll_at_most: Duration,
    /// Until the first try to open another session; it doubles with each that fails or was short.
    pub reopen: Duration,
    /// Longest time between two tries.
    pub reopen_at_most: Duration,
    /// After the start of a session until CloudWatch shows what it took in before.
    pub settle: Duration,
    /// A session sends an update every second, also an empty one; so long without one, its connection is dead.
    pub silence: Duration,
    /// A session that lasted so long was no failure.
    pub steady: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(2),
            poll_at_most: Duration::from_secs(30),
            reopen: Duration::from_secs(1),
            reopen_at_most: Duration::from_mins(5),
            settle: Duration::from_secs(15),
            silence: Duration::from_secs(20),
            steady: Duration::from_mins(1),
        }
    }
}

/// Follows log groups.
pub(super) struct Follower<'a> {
    cloud: &'a dyn Cloud,
    live: Option<&'a dyn LiveTail>,
    pace: Pace,
    since: Timestamp,
    groups: Vec<Group>,
    dedup: Dedup,
    asked: FuturesUnordered<BoxFuture<'a, Answer>>,
    way: Way<'a>,
    /// Sessions in a row that were not opened or were short.
    tries: u32,
    up_to: Option<Timestamp>,
    /// The way that was said last, and why it is not Live Tail.
    said: Option<(Delivery, Option<String>)>,
    say: VecDeque<Followed>,
}

/// How lines come now.
enum Way<'a> {
    /// By asking, and the session that is about to be opened.
    Polling(Option<BoxFuture<'a, Result<Session, NoSession>>>),
    /// By a session that was opened then.
    Tailing(Session, Timestamp),
}

/// Where a group stands.
struct Group {
    name: String,
    /// Everything before was told.
    told_up_to: Timestamp,
    /// Questions in a row that failed.
    failures: u32,
    reading: Reading,
    /// From when on the question that is under way asks.
    asking_from: Option<Timestamp>,
}

impl Group {
    /// From when on to ask for lines that are new.
    fn looks_back_to(&self, since: Timestamp) -> Timestamp {
        (self.told_up_to - OVERLAP).max(since)
    }

    /// From when on lines may be missing if the question that asks from `from` on is not answered.
    fn untold(&self, from: Timestamp) -> Timestamp {
        match self.reading {
            Reading::Settling => from,
            _ => self.told_up_to,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It is polled.
    Polled,
    /// A session tells what is new; what came before its start is being asked for.
    Behind,
    /// The same was told and is asked for once more.
    Settling,
    /// A session tells all there is.
    Caught,
    /// It cannot be read, and will not be asked again.
    Over,
}

/// The answer for one group.
struct Answer {
    group: usize,
    from: Timestamp,
    asked_at: Timestamp,
    lines: Result<Vec<LogEvent>, Error>,
}

/// What happens next.
enum Next {
    Answer(Answer),
    Opened(Result<Session, NoSession>),
    Update(Update),
    Ended(NoSession),
}

impl<'a> Follower<'a> {
    /// Follows by polling alone.
    pub(super) fn polling(
        cloud: &'a dyn Cloud,
        follow: Follow,
        why: Option<String>,
        pace: Pace,
    ) -> Self {
        let groups = follow.groups.into_iter().map(|name| Group {
            name,
            told_up_to: follow.since,
            failures: 0,
            reading: Reading::Polled,
            asking_from: None,
        });
        let mut follower = Self {
            cloud,
            live: None,
            pace,
            since: follow.since,
            groups: groups.collect(),
            dedup: Dedup::default(),
            asked: FuturesUnordered::new(),
            way: Way::Polling(None),
            tries: 0,
            up_to: None,
            said: None,
            say: VecDeque::new(),
        };
        follower.deliver(Delivery::Polling, why);
        follower.ask_all(Reading::Polled);
        follower
    }

    /// Follows by sessions, and by polling while there is none.
    pub(super) fn tailing(
        cloud: &'a dyn Cloud,
        live: &'a dyn LiveTail,
        follow: Follow,
        pace: Pace,
    ) -> Self {
        let starting = "Live Tail is being started".to_owned();
        let mut follower = Self::polling(cloud, follow, Some(starting), pace);
        follower.live = Some(live);
        follower.way = Way::Polling(follower.opening(Duration::ZERO));
        follower
    }

    /// What it tells. It ends when no group is left that can be read.
    pub(super) fn told(self) -> impl Stream<Item = Followed> + Send + 'a {
        stream::unfold(self, |mut follower| async move {
            loop {
                if let Some(told) = follower.say.pop_front() {
                    return Some((told, follower));
                }
                match follower.next().await? {
                    Next::Answer(answer) => follower.answered(answer),
                    Next::Opened(Ok(session)) => follower.opened(session),
                    Next::Opened(Err(none)) => follower.not_opened(none),
                    Next::Update(update) => follower.updated(update),
                    Next::Ended(why) => follower.ended(why),
                }
            }
        })
    }

    async fn next(&mut self) -> Option<Next> {
        if self.groups.iter().all(|g| g.reading == Reading::Over) {
            return None;
        }
        // What came before the session is told before what it brings, unless that cannot be read now.
        let waits = |group: &Group| group.reading == Reading::Behind && group.failures == 0;
        let held = self.groups.iter().any(waits);
        Some(match &mut self.way {
            Way::Polling(Some(opening)) => tokio::select! {
                Some(answer) = self.asked.next() => Next::Answer(answer),
                opened = opening => Next::Opened(opened),
            },
            Way::Tailing(session, _) if !held => tokio::select! {
                Some(answer) = self.asked.next() => Next::Answer(answer),
                update = timeout(self.pace.silence, session.next()) => match update {
                    Ok(Some(Ok(update))) => Next::Update(update),
                    Ok(Some(Err(why))) => Next::Ended(why),
                    Ok(None) => Next::Ended(NoSession::Lost("the Live Tail session ended".to_owned())),
                    Err(_) => Next::Ended(NoSession::Lost("the Live Tail session fell silent".to_owned())),
                },
            },
            Way::Polling(None) | Way::Tailing(..) => Next::Answer(self.asked.next().await?),
        })
    }

    fn opening(&self, after: Duration) -> Option<BoxFuture<'a, Result<Session, NoSession>>> {
        let live = self.live?;
        let groups = self.groups.iter().filter(|g| g.reading != Reading::Over);
        let groups: Vec<String> = groups.map(|g| g.name.clone()).collect();
        let open = async move {
            sleep(after).await;
            live.open(&groups).await
        };
        Some(open.boxed())
    }

    /// Asks anew for all groups, from where they were told.
    fn ask_all(&mut self, reading: Reading) {
        self.asked.clear();
        for index in 0..self.groups.len() {
            let group = &mut self.groups[index];
            if group.reading != Reading::Over {
                group.reading = reading;
                group.failures = 0;
                let from = group.looks_back_to(self.since);
                self.ask(index, from, Duration::ZERO);
            }
        }
    }

    fn ask(&mut self, index: usize, from: Timestamp, after: Duration) {
        let (cloud, group) = (self.cloud, &mut self.groups[index]);
        group.asking_from = Some(from);
        let name = group.name.clone();
        let question = async move {
            sleep(after).await;
            let asked_at = cloud.now();
            let query = LogQuery {
                stream: None,
                groups: vec![name],
                from,
                // A clock that runs ahead of ours is no reason to miss what it wrote.
                to: asked_at.max(from) + OVERLAP,
                pattern: String::new(),
                limit: LINES,
            };
            Answer {
                group: index,
                from,
                asked_at,
                lines: cloud.logs(&query).await,
            }
        };
        self.asked.push(question.boxed());
    }

    fn answered(&mut self, answer: Answer) {
        self.groups[answer.group].asking_from = None;
        match answer.lines {
            Ok(lines) => self.take(answer.group, answer.from, lines, answer.asked_at),
            Err(error) => self.unanswered(answer.group, answer.from, error),
        }
    }

    fn take(&mut self, index: usize, from: Timestamp, lines: Vec<LogEvent>, asked_at: Timestamp) {
        let group = &mut self.groups[index];
        group.failures = 0;
        let begin = group.untold(from);
        let cut = lines
            .first()
            .filter(|first| lines.len() >= LINES && first.at > begin);
        if let Some(first) = cut {
            self.say.push_back(Followed::Gap {
                groups: vec![group.name.clone()],
                from: begin,
                to: first.at,
                why: format!("more than {LINES} lines came at once"),
            });
        }
        group.told_up_to = group.told_up_to.max(asked_at);
        let (reading, from) = (group.reading, group.looks_back_to(self.since));
        self.tell(lines, Dedup::answer);
        match reading {
            Reading::Polled => {
                let times = u32::try_from(self.groups.len().div_ceil(GROUPS)).unwrap_or(1);
                self.ask(index, from, self.pace.poll * times);
            }
            Reading::Behind => {
                self.groups[index].reading = Reading::Settling;
                self.ask(index, from, self.pace.settle);
            }
            Reading::Settling => self.groups[index].reading = Reading::Caught,
            Reading::Caught | Reading::Over => {}
        }
        self.say_up_to();
    }

    fn unanswered(&mut self, index: usize, from: Timestamp, error: Error) {
        let group = &mut self.groups[index];
        group.failures += 1;
        let denied = matches!(error.kind, ErrorKind::Denied { .. });
        let (tailing, may_tail) = match &self.way {
            Way::Tailing(_, since) => (Some(*since), true),
            Way::Polling(opening) => (None, opening.is_some()),
        };
        // Who may not ask may still be allowed to tail.
        let over = is_final(&error) && !(denied && may_tail);
        match tailing {
            Some(since) if !over && (denied || group.failures >= BACKFILLS) => {
                let begin = group.untold(from);
                group.reading = Reading::Caught;
                self.say.push_back(Followed::Gap {
                    groups: vec![group.name.clone()],
                    from: begin,
                    to: since.max(begin),
                    why: error.message,
                });
            }
            _ => {
                self.say.push_back(Followed::Failed {
                    group: group.name.clone(),
                    error,
                });
                if over {
                    group.reading = Reading::Over;
                } else {
                    let pause = doubled(self.pace.poll, group.failures, self.pace.poll_at_most);
                    self.ask(index, from, pause);
                }
            }
        }
    }

    fn opened(&mut self, session: Session) {
        self.way = Way::Tailing(session, self.cloud.now());
        self.dedup.new_session();
        self.deliver(Delivery::LiveTail, None);
        self.ask_all(Reading::Behind);
    }

    fn not_opened(&mut self, none: NoSession) {
        let (opening, why) = match none {
            NoSession::Refused(why) => (None, why),
            NoSession::Lost(why) => {
                let after = self.another_try();
                (self.opening(after), why)
            }
        };
        self.way = Way::Polling(opening);
        self.deliver(Delivery::Polling, Some(why));
    }

    /// Says how lines come now, unless that was said.
    fn deliver(&mut self, delivery: Delivery, why: Option<String>) {
        let way = Some((delivery, why.clone()));
        if self.said != way {
            self.said = way;
            self.say.push_back(Followed::Delivery(delivery, why));
        }
    }

    fn ended(&mut self, why: NoSession) {
        if let Way::Tailing(_, since) = self.way
            && self.cloud.now().duration_since(since).unsigned_abs() >= self.pace.steady
        {
            self.tries = 0;
        }
        self.not_opened(why);
        self.ask_all(Reading::Polled);
    }

    fn another_try(&mut self) -> Duration {
        self.tries += 1;
        doubled(self.pace.reopen, self.tries - 1, self.pace.reopen_at_most)
    }

    fn updated(&mut self, update: Update) {
        let (mut lines, sampled) = match update {
            Update::Whole(lines) => (lines, false),
            Update::Sampled(lines) => (lines, true),
        };
        lines.sort_by_key(|line| line.at);
        self.tell(lines, Dedup::delivery);
        if sampled {
            self.say.push_back(Followed::Sampled);
            self.ask_for_the_rest();
        }
        let now = self.cloud.now();
        for group in &mut self.groups {
            if matches!(group.reading, Reading::Settling | Reading::Caught) {
                group.told_up_to = group.told_up_to.max(now);
            }
        }
        self.say_up_to();
    }

    /// Asks for what a session left out.
    fn ask_for_the_rest(&mut self) {
        for index in 0..self.groups.len() {
            let group = &mut self.groups[index];
            if group.reading == Reading::Caught {
                group.reading = Reading::Settling;
                let from = group.looks_back_to(self.since);
                self.ask(index, from, self.pace.settle);
            }
        }
    }

    /// Tells those of `lines` that were not told before.
    fn tell(
        &mut self,
        lines: Vec<LogEvent>,
        fresh: impl Fn(&mut Dedup, Vec<LogEvent>) -> Vec<LogEvent>,
    ) {
        let fresh = fresh(&mut self.dedup, lines);
        if !fresh.is_empty() {
            self.say.push_back(Followed::Lines(fresh));
        }
    }

    /// Says up to when all groups were told, and forgets what nobody will ask for again.
    fn say_up_to(&mut self) {
        let groups = self.groups.iter().filter(|g| g.reading != Reading::Over);
        let Some(up_to) = groups.clone().map(|g| g.told_up_to).min() else {
            return;
        };
        if self.up_to.is_none_or(|said| said < up_to) {
            self.up_to = Some(up_to);
            self.say.push_back(Followed::UpTo(up_to));
        }
        let asking = groups.filter_map(|g| g.asking_from).min();
        let asked = asking.map_or(up_to - OVERLAP, |from| from.min(up_to - OVERLAP));
        self.dedup.forget(asked - OVERLAP);
    }
}

/// `first`, doubled so many times, at most `most`.
fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times)).min(most)
}
