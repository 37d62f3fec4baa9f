#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{CallOutcome, Order, meter::Meter},
    engine::login::Credentials,
    error::Result as Answer,
    model::{
        Snapshot, Tier,
        discovery::{Discovery, Start},
        identity::Identity,
        image::Manifest,
        ledger::Ledger,
        log::{InsightsAnswer, InsightsQuery, LogQuery},
        metric::{MetricId, Metrics, Window},
        permission::Permission,
        spend::{PriceQuery, Product, Spend},
        task_document::TaskDocument,
    },
};
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

const GROUP: &str = "/ecs/backend";

/// As the real one, but for people who wait.
const PACE: Pace = Pace {
    poll: Duration::from_millis(5),
    poll_at_most: Duration::from_millis(10),
    reopen: Duration::from_millis(30),
    reopen_at_most: Duration::from_millis(60),
    settle: Duration::from_millis(20),
    silence: Duration::from_millis(300),
    steady: Duration::from_mins(1),
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

type Sender = mpsc::UnboundedSender<std::result::Result<Update, NoSession>>;

/// A log group and its sessions, both as a test wants them.
#[derive(Default)]
struct Fake {
    meter: Arc<Meter>,
    lines: Mutex<Vec<LogEvent>>,
    /// Why lines cannot be asked for.
    refusal: Mutex<Option<Error>>,
    /// Why no session is opened.
    closed: Mutex<Option<NoSession>>,
    opened: Mutex<u32>,
    session: Mutex<Option<Sender>>,
}

impl Fake {
    fn line(&self, number: u32) -> LogEvent {
        LogEvent {
            at: self.now(),
            ingested: None,
            group: GROUP.to_owned(),
            stream: "one".to_owned(),
            id: None,
            message: number.to_string(),
        }
    }

    /// A line is written: a session tells it, and it can be asked for.
    fn write(&self, number: u32) {
        let line = self.line(number);
        self.lines.lock().unwrap().push(line.clone());
        if let Some(session) = &*self.session.lock().unwrap() {
            let _ = session.send(Ok(Update::Whole(vec![line])));
        }
    }

    fn end_session(&self, why: NoSession) {
        let session = self.session.lock().unwrap().take().unwrap();
        session.send(Err(why)).unwrap();
    }
}

#[async_trait]
impl LiveTail for Fake {
    async fn open(&self, _: &[String]) -> std::result::Result<Session, NoSession> {
        if let Some(why) = self.closed.lock().unwrap().clone() {
            return Err(why);
        }
        *self.opened.lock().unwrap() += 1;
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.session.lock().unwrap() = Some(sender);
        let updates = futures::stream::unfold(receiver, |mut receiver| async {
            Some((receiver.recv().await?, receiver))
        });
        Ok(updates.boxed())
    }
}

fn silent<T>() -> Answer<T> {
    Err(Error::new(ErrorKind::Unsupported, "it has logs only"))
}

#[async_trait]
impl Cloud for Fake {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    async fn logs(&self, query: &LogQuery) -> Answer<Vec<LogEvent>> {
        if let Some(error) = self.refusal.lock().unwrap().clone() {
            return Err(error);
        }
        let lines = self.lines.lock().unwrap();
        let span = lines
            .iter()
            .filter(|l| l.at >= query.from && l.at < query.to);
        Ok(span.cloned().collect())
    }

    async fn identity(&self) -> Answer<Identity> {
        silent()
    }

    async fn read(&self, _: Tier) -> Answer<Snapshot> {
        silent()
    }

    async fn metrics(&self, _: &[MetricId], _: Window) -> Answer<Metrics> {
        silent()
    }

    fn follow(&self, _: Follow) -> BoxStream<'_, Followed> {
        futures::stream::empty().boxed()
    }

    async fn start_query(&self, _: &InsightsQuery) -> Answer<String> {
        silent()
    }

    async fn query_answer(&self, _: &str) -> Answer<InsightsAnswer> {
        silent()
    }

    async fn stop_query(&self, _: &str) -> Answer<()> {
        silent()
    }

    async fn task_document(&self, _: &str) -> Answer<TaskDocument> {
        silent()
    }

    async fn manifest(&self, _: &str) -> Answer<Option<Manifest>> {
        silent()
    }

    async fn registry_login(&self, _: &str) -> Answer<Credentials> {
        silent()
    }

    async fn denied(&self, _: &[Permission]) -> Answer<Vec<Permission>> {
        silent()
    }

    async fn secret(&self, _: &str) -> Answer<()> {
        silent()
    }

    async fn ledger(&self, _: &[String]) -> Answer<Ledger> {
        silent()
    }

    async fn spend(&self, _: Date, _: Date) -> Answer<Spend> {
        silent()
    }

    async fn products(&self, _: &PriceQuery) -> Answer<Vec<Product>> {
        silent()
    }

    async fn discover(&self, _: &Start) -> Answer<Discovery> {
        silent()
    }

    async fn execute(&self, _: &Order) -> Answer<CallOutcome> {
        silent()
    }
}

/// What a follower has told.
struct Told<'a> {
    stream: BoxStream<'a, Followed>,
    all: Vec<Followed>,
}

impl<'a> Told<'a> {
    fn by(fake: &'a Fake) -> Self {
        let follow = Follow {
            groups: vec![GROUP.to_owned()],
            since: fake.now() - SignedDuration::from_secs(1),
            prefer: Delivery::LiveTail,
        };
        Self {
            stream: Follower::tailing(fake, fake, follow, PACE).told().boxed(),
            all: Vec::new(),
        }
    }

    /// Listens until `enough`.
    async fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let next = timeout(PATIENCE, self.stream.next()).await;
            let next = next.unwrap_or_else(|_| panic!("nothing more came after {:?}", self.all));
            self.all.push(next.expect("the stream goes on"));
        }
    }

    async fn until_lines(&mut self, count: usize) {
        self.until(|told| told.lines().len() >= count).await;
    }

    async fn until_way(&mut self, delivery: Delivery, why: &str) {
        self.until(|told| {
            let way = told.ways().last().cloned();
            way.is_some_and(|(d, w)| d == delivery && w.unwrap_or_default().contains(why))
        })
        .await;
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.all.iter().filter_map(|told| match told {
            Followed::Lines(lines) => Some(lines),
            _ => None,
        });
        lines.flatten().map(|line| line.message.clone()).collect()
    }

    fn ways(&self) -> Vec<(Delivery, Option<String>)> {
        let ways = self.all.iter().filter_map(|told| match told {
            Followed::Delivery(delivery, why) => Some((*delivery, why.clone())),
            _ => None,
        });
        ways.collect()
    }

    fn gaps(&self) -> Vec<&str> {
        let gaps = self.all.iter().filter_map(|told| match told {
            Followed::Gap { why, .. } => Some(why.as_str()),
            _ => None,
        });
        gaps.collect()
    }
}

fn lost() -> NoSession {
    NoSession::Lost("the connection was lost".to_owned())
}

#[tokio::test]
async fn lines_from_before_and_during_a_session_are_told_once_and_in_order() {
    let fake = Fake::default();
    fake.write(1);
    let mut told = Told::by(&fake);
    told.until_way(Delivery::LiveTail, "").await;
    fake.write(2);
    fake.write(3);
    told.until_lines(3).await;
    // The second question, after the session has settled, brings nothing twice.
    tokio::time::sleep(PACE.settle * 2).await;
    fake.write(4);
    told.until_lines(4).await;
    assert_eq!(told.lines(), ["1", "2", "3", "4"]);
    assert_eq!(*fake.opened.lock().unwrap(), 1);
}

#[tokio::test]
async fn polling_bridges_the_time_between_two_sessions_without_a_lost_or_doubled_line() {
    let fake = Fake::default();
    let mut told = Told::by(&fake);
    for round in 0..3 {
        told.until_way(Delivery::LiveTail, "").await;
        fake.write(round * 3);
        told.until_lines(round as usize * 3 + 1).await;
        fake.end_session(lost());
        fake.write(round * 3 + 1);
        told.until_way(Delivery::Polling, "connection was lost")
            .await;
        fake.write(round * 3 + 2);
    }
    told.until_lines(9).await;
    let numbers: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    assert_eq!(told.lines(), numbers);
    assert_eq!(told.gaps(), [""; 0]);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason_and_not_tried_again() {
    let fake = Fake::default();
    let refused = NoSession::Refused("logs:StartLiveTail was denied".to_owned());
    *fake.closed.lock().unwrap() = Some(refused);
    let mut told = Told::by(&fake);
    told.until_way(Delivery::Polling, "denied").await;
    *fake.closed.lock().unwrap() = None;
    fake.write(1);
    told.until_lines(1).await;
    tokio::time::sleep(PACE.reopen_at_most * 2).await;
    fake.write(2);
    told.until_lines(2).await;
    assert_eq!(told.lines(), ["1", "2"]);
    assert_eq!(*fake.opened.lock().unwrap(), 0);
}

#[tokio::test]
async fn trouble_is_tried_again_and_said_once() {
    let fake = Fake::default();
    *fake.closed.lock().unwrap() = Some(lost());
    let mut told = Told::by(&fake);
    told.until_way(Delivery::Polling, "connection was lost")
        .await;
    tokio::time::sleep(PACE.reopen_at_most * 3).await;
    *fake.closed.lock().unwrap() = None;
    told.until_way(Delivery::LiveTail, "").await;
    assert_eq!(told.ways().len(), 3, "{:?}", told.ways());
}

#[tokio::test]
async fn a_session_that_falls_silent_is_given_up() {
    let fake = Fake::default();
    let mut told = Told::by(&fake);
    told.until_way(Delivery::LiveTail, "").await;
    // The line is taken in, but the dead connection does not bring it.
    fake.lines.lock().unwrap().push(fake.line(1));
    told.until_lines(1).await;
    fake.lines.lock().unwrap().push(fake.line(2));
    told.until_way(Delivery::Polling, "silent").await;
    told.until_lines(2).await;
    assert_eq!(told.lines(), ["1", "2"]);
}

#[tokio::test]
async fn lines_left_out_by_a_session_are_confessed_and_asked_for() {
    let fake = Fake::default();
    let mut told = Told::by(&fake);
    told.until_way(Delivery::LiveTail, "").await;
    tokio::time::sleep(PACE.settle * 2).await;
    let (part, rest) = (fake.line(1), fake.line(2));
    fake.lines.lock().unwrap().extend([part.clone(), rest]);
    let session = fake.session.lock().unwrap().clone().unwrap();
    session.send(Ok(Update::Sampled(vec![part]))).unwrap();
    let sampled = |told: &Told| told.all.iter().any(|t| matches!(t, Followed::Sampled));
    told.until(sampled).await;
    told.until_lines(2).await;
    assert_eq!(told.lines(), ["1", "2"]);
}

#[tokio::test]
async fn what_came_before_a_session_and_cannot_be_read_is_a_gap_and_the_session_goes_on() {
    for kind in [
        ErrorKind::Throttled,
        ErrorKind::Denied {
            action: "logs:FilterLogEvents".to_owned(),
        },
    ] {
        let fake = Fake::default();
        *fake.refusal.lock().unwrap() = Some(Error::new(kind, "no answer"));
        let mut told = Told::by(&fake);
        told.until_way(Delivery::LiveTail, "").await;
        fake.write(1);
        told.until(|told| told.gaps() == ["no answer"] && told.lines() == ["1"])
            .await;
    }
}

#[tokio::test]
async fn it_ends_when_the_group_is_gone() {
    let fake = Fake::default();
    *fake.refusal.lock().unwrap() = Some(Error::new(ErrorKind::NotFound, "gone"));
    let mut told = Told::by(&fake);
    let all = timeout(PATIENCE, told.stream.by_ref().collect::<Vec<_>>()).await;
    let all = all.expect("it ends");
    assert!(matches!(all.last(), Some(Followed::Failed { group, .. }) if group == GROUP));
}

#[tokio::test]
async fn too_many_groups_and_those_who_want_no_bill_are_polled() {
    let fake = Fake::default();
    let first = async |groups: usize, prefer| {
        let follow = Follow {
            groups: (0..groups).map(|n| format!("/ecs/{n}")).collect(),
            since: fake.now(),
            prefer,
        };
        Box::pin(tailing(&fake, &fake, follow))
            .next()
            .await
            .unwrap()
    };
    let many = first(11, Delivery::LiveTail).await;
    assert!(
        matches!(&many, Followed::Delivery(Delivery::Polling, Some(why)) if why.contains("these are 11")),
        "{many:?}"
    );
    let free = first(1, Delivery::Polling).await;
    assert!(
        matches!(free, Followed::Delivery(Delivery::Polling, None)),
        "{free:?}"
    );
    assert_eq!(*fake.opened.lock().unwrap(), 0);
}
