//! The simulated environment as a whole: its parts, and the order in which a step carries requests through them.

use super::{
    alarms::Alarms,
    autoscaling::Autoscaling,
    compute::{Compute, Load},
    database::{Database, Work},
    edge::{Edge, Routed},
    history::History,
    images::{RELEASES, Release},
    registry::Registry,
    scenario::{Conditions, Disturbance, Scenario},
    traffic::Traffic,
    waf::{BLOCKING_RULES, Inspection, WebAcl},
};
use jiff::Timestamp;
use std::{collections::VecDeque, sync::Arc};

/// Where the demo begins: Wednesday 2026-11-18, 13:30:00 UTC.
pub const EPOCH: i64 = 1_795_008_600;
/// Where the world's past begins: a week and an hour before.
pub const GENESIS: i64 = EPOCH - 7 * 86_400 - 3_600;
/// Until here steps are minutes; afterwards they are short enough to see tasks start.
const CLOSE_UP: i64 = EPOCH - 3_600;
const LONG_STEP: i64 = 60;
/// Seconds of a step, and the grid that reads see.
pub const STEP: i64 = 5;
/// Seconds of the past whose requests can be told one by one.
const BEATS_KEPT: i64 = 24 * 3_600;

/// A moment of the simulated clock as a timestamp.
pub fn moment(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A task that could serve requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    pub id: String,
    pub ip: String,
    pub zone: usize,
}

/// What log lines and samples of a step are drawn from.
#[derive(Debug, Clone)]
pub struct Beat {
    /// Its end.
    pub at: i64,
    pub seconds: i64,
    pub blocked: [f32; BLOCKING_RULES],
    pub counted: f32,
    /// Answered by the frontend, and refused of these.
    pub frontend: (f32, f32),
    /// Answered by the backend, refused and failed of these.
    pub backend: (f32, f32, f32),
    /// Parts of bulk uploads among the backend's requests.
    pub uploads: f32,
    /// Median of the backend's response time in seconds.
    pub median: f32,
    pub workers: Arc<[Worker]>,
    pub pages: Arc<[Worker]>,
}

/// All that happened in a step, for the metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    pub seconds: f64,
    pub routed: Routed,
    pub waf: Inspection,
    pub front: Load,
    pub back: Load,
    pub database: Work,
    /// Healthy targets of frontend and backend.
    pub serving: (usize, usize),
    /// Live tasks of frontend and backend.
    pub live: (usize, usize),
}

/// The environment.
pub struct World {
    pub seed: u64,
    /// The end of the last step.
    pub at: i64,
    pub compute: Compute,
    /// Of the frontend and the backend.
    pub scaling: [Autoscaling; 2],
    pub database: Database,
    pub alarms: Alarms,
    pub history: History,
    /// Oldest first.
    pub beats: VecDeque<Beat>,
    traffic: Traffic,
    pub waf: WebAcl,
    pub edge: Edge,
    /// What the operator pushed, oldest first.
    pub pushed: Vec<Release>,
    /// What was made and deleted in the registry.
    pub registry: Registry,
    disturbances: Vec<Box<dyn Disturbance>>,
    workers: Arc<[Worker]>,
    pages: Arc<[Worker]>,
}

impl World {
    /// Begins the world at its genesis; nothing has happened yet.
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut world = Self::disturbed(seed, scenario.disturbances());
        world.compute.frontend.gated = scenario == Scenario::Gated;
        world
    }

    /// Begins a world that `disturbances` will befall.
    pub fn disturbed(seed: u64, disturbances: Vec<Box<dyn Disturbance>>) -> Self {
        let history = History::new(GENESIS);
        let mut alarms = Alarms::new(&history, GENESIS);
        let scaling = Autoscaling::of_services(seed, &mut alarms, &history, GENESIS);
        Self {
            seed,
            at: GENESIS,
            compute: Compute::new(seed, GENESIS),
            scaling,
            database: Database::new(seed, GENESIS),
            alarms,
            history,
            beats: VecDeque::new(),
            traffic: Traffic::new(seed),
            waf: WebAcl::new(seed),
            edge: Edge::new(seed),
            pushed: Vec::new(),
            registry: Registry::default(),
            disturbances,
            workers: Arc::new([]),
            pages: Arc::new([]),
        }
    }

    /// Lets time pass up to `now`, in whole steps of one fixed grid: where readers stop on the way does not matter.
    pub fn advance(&mut self, now: i64) {
        loop {
            let step = if self.at < CLOSE_UP { LONG_STEP } else { STEP };
            if self.at + step > now {
                return;
            }
            self.step(step);
        }
    }

    /// Whether the application answers the health check.
    pub fn answers(&self) -> bool {
        self.compute.backend.serving(self.at) > 0
    }

    /// Releases of `service` rolled out so far, newest first.
    pub fn releases(&self, service: &str) -> impl Iterator<Item = &'static Release> {
        let now = self.at;
        RELEASES.iter().rev().filter(move |release| {
            release.service == service && release.revision.is_some() && release.at() <= now
        })
    }

    fn step(&mut self, step: i64) {
        self.at += step;
        let now = self.at;
        let seconds = step as f64;
        let mut conditions = Conditions::default();
        for disturbance in &self.disturbances {
            disturbance.bend(now - EPOCH, &mut conditions);
        }
        self.compute.frontend.step(now);
        self.compute.backend.step(now);
        let arrivals = self.traffic.step(now, seconds, &conditions);
        let waf = self.waf.inspect(&arrivals);
        let routed = self.edge.route(&arrivals, &waf, now, seconds);
        let front = self.compute.serve_frontend(&routed, now, seconds);
        let query = self.database.query;
        let back = self
            .compute
            .serve_backend(&routed, query, &conditions, now, seconds);
        let changing = (routed.writes + routed.uploads) / routed.for_backend().max(1.0);
        let tasks = self.compute.backend.running();
        let database = self
            .database
            .step(back.queries, changing, tasks, &conditions, now, seconds);
        let (frontend, backend) = (&self.compute.frontend, &self.compute.backend);
        self.history.record(&Moment {
            seconds,
            routed,
            waf,
            front,
            back,
            database,
            serving: (frontend.serving(now), backend.serving(now)),
            live: (frontend.live(), backend.live()),
        });
        self.remember(step, &routed, &waf, &front, &back);
        if now % 60 == 0 {
            self.end_minute();
        }
    }

    fn end_minute(&mut self) {
        self.history.close_minute();
        self.alarms.evaluate(&self.history, self.at);
        let services = [&mut self.compute.frontend, &mut self.compute.backend];
        for (scaling, service) in self.scaling.iter_mut().zip(services) {
            scaling.evaluate(service, &self.alarms, &self.history, self.at);
        }
    }

    fn remember(
        &mut self,
        step: i64,
        routed: &Routed,
        waf: &Inspection,
        front: &Load,
        back: &Load,
    ) {
        if self.at < EPOCH - BEATS_KEPT {
            return;
        }
        let now = self.at;
        renew(&mut self.workers, &self.compute.backend.tasks, now);
        renew(&mut self.pages, &self.compute.frontend.tasks, now);
        self.beats.push_back(Beat {
            at: now,
            seconds: step,
            blocked: waf.blocked.map(|count| count as f32),
            counted: waf.counted as f32,
            frontend: (front.answered as f32, front.refused as f32),
            backend: (
                back.answered as f32,
                back.refused as f32,
                back.failed as f32,
            ),
            uploads: routed.uploads as f32,
            median: back.response.quantile(0.0) as f32,
            workers: Arc::clone(&self.workers),
            pages: Arc::clone(&self.pages),
        });
        while self
            .beats
            .front()
            .is_some_and(|beat| beat.at < now - BEATS_KEPT)
        {
            self.beats.pop_front();
        }
    }
}

/// Makes `known` the list of tasks that serve, anew only when it changed: beats share it.
fn renew(known: &mut Arc<[Worker]>, tasks: &[super::compute::task::Task], now: i64) {
    let serving = || tasks.iter().filter(|task| task.serves(now));
    if serving()
        .map(|task| &task.id)
        .ne(known.iter().map(|worker| &worker.id))
    {
        *known = serving()
            .map(|task| Worker {
                id: task.id.clone(),
                ip: task.ip.clone(),
                zone: task.zone,
            })
            .collect();
    }
}
