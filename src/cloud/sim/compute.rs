//! The two services: how their tasks bear the load, and the tier's snapshot.

pub mod deployments;
pub mod queue;
pub mod revision;
mod rollout;
pub mod scheduler;
mod snapshot;
pub mod task;

pub use snapshot::snapshot;

use super::{dice::Dice, edge::Routed, images::Release, names, scenario::Conditions};
use crate::error::{Error, ErrorKind, Result};
use queue::{Duration, Queue};
use revision::Revision;
use scheduler::{Service, Spec};

/// CPU units (1024 = 1 vCPU) and MiB of a task.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub cpu: u32,
    pub memory: u32,
}

impl Size {
    /// Percent of its memory that `mib` are.
    fn of(self, mib: f64) -> f64 {
        100.0 * mib / f64::from(self.memory)
    }
}

/// The React application behind nginx.
pub const FRONTEND: Spec = Spec {
    name: names::FRONTEND,
    size: Size {
        cpu: 256,
        memory: 1_024,
    },
    port: 8080,
    target_group: names::FRONTEND_GROUP_ARN,
    subnets: names::PRIVATE_SUBNETS,
    security_group: names::SG_FRONTEND,
    log_group: names::LOGS_FRONTEND,
};

/// The Flask API behind gunicorn.
pub const BACKEND: Spec = Spec {
    name: names::BACKEND,
    size: Size {
        cpu: 512,
        memory: 2_048,
    },
    port: 8000,
    target_group: names::BACKEND_GROUP_ARN,
    subnets: names::PRIVATE_SUBNETS,
    security_group: names::SG_BACKEND,
    log_group: names::LOGS_BACKEND,
};

/// Seconds of a whole vCPU that one backend request of each kind needs.
const CPU_READ: f64 = 0.04;
const CPU_WRITE: f64 = 0.053;
const CPU_UPLOAD: f64 = 0.13;
/// The variance of a request's CPU time over its squared mean: small reads beside large writes.
const CPU_VARIATION: f64 = 0.5;
/// CPU units that a task uses without requests.
const CPU_IDLE: f64 = 9.2;
/// MiB that a backend task holds from its start.
pub const WORKING_SET: u32 = 880;
/// Database queries of a request.
const QUERIES: f64 = 4.0;
/// Share of API requests that the backend refuses: wrong input, missing objects, ended sessions.
const REFUSED: f64 = 0.014;
/// Share of API requests that end in an unhandled exception on an ordinary day.
const FAILED: f64 = 0.000_12;

/// What a step did to a service. Requests are whole numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// Reached a target.
    pub requests: f64,
    /// Answered.
    pub answered: f64,
    /// Refused by the balancer because no target was healthy (503).
    pub rejected: f64,
    /// Given up by the balancer (504).
    pub timed_out: f64,
    /// Answered 4xx by the target.
    pub refused: f64,
    /// Answered 5xx by the target.
    pub failed: f64,
    /// Percent of the running tasks' CPU, `NaN` with none.
    pub cpu: f64,
    /// Percent of the running tasks' memory, `NaN` with none.
    pub memory: f64,
    /// Response time of the targets.
    pub response: Duration,
    /// Database queries asked.
    pub queries: f64,
}

/// The cluster.
#[derive(Debug, Clone)]
pub struct Compute {
    pub frontend: Service,
    pub backend: Service,
    queue: Queue,
    dice: Dice,
}

impl Compute {
    /// Creates both services at `now`.
    pub fn new(seed: u64, now: i64) -> Self {
        Self {
            frontend: Service::create(FRONTEND, 1, now, seed),
            backend: Service::create(BACKEND, 1, now, seed),
            queue: Queue::default(),
            dice: Dice::of(seed, "compute"),
        }
    }

    /// Both services, in the order of the configuration.
    pub fn services(&self) -> [&Service; 2] {
        [&self.frontend, &self.backend]
    }

    /// The service `name`.
    ///
    /// # Errors
    /// `NotFound` in ECS's words.
    pub fn service_mut(&mut self, cluster: &str, name: &str) -> Result<&mut Service> {
        if cluster != names::CLUSTER {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("ClusterNotFoundException: Cluster not found: {cluster}"),
            )
            .hint(format!("the demo's cluster is `{}`", names::CLUSTER)));
        }
        match name {
            names::FRONTEND => Ok(&mut self.frontend),
            names::BACKEND => Ok(&mut self.backend),
            _ => Err(Error::new(
                ErrorKind::NotFound,
                format!("ServiceNotFoundException: Service not found: {name}"),
            )
            .hint("the demo's services are `frontend` and `backend`")),
        }
    }

    /// The service whose task definitions are of `family`.
    ///
    /// # Errors
    /// `NotFound` where the demo has none.
    pub fn of_family(&mut self, family: &str) -> Result<&mut Service> {
        self.service_mut(names::CLUSTER, family)
    }

    /// A revision, by `family:revision`, ARN, or family for the newest.
    ///
    /// # Errors
    /// `NotFound` in ECS's words.
    pub fn revision(&self, name: &str) -> Result<&Revision> {
        let short = name.rsplit('/').next().unwrap_or(name);
        let (family, number) = match short.split_once(':') {
            Some((family, number)) => (family, Some(number)),
            None => (short, None),
        };
        let service = self.services().into_iter().find(|s| s.spec.name == family);
        let mut revisions = service.into_iter().flat_map(|s| s.revisions.iter().rev());
        let found = revisions.find(|r| number.is_none_or(|n| r.number.to_string() == n));
        found.map(|revision| &**revision).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("ClientException: Unable to describe task definition: {short}"),
            )
            .hint("the demo's families are `frontend` and `backend`")
        })
    }

    /// The service that runs `task`, given by id or ARN; the backend where none does.
    pub fn owner_of(&self, task: &str) -> &'static str {
        let id = task.rsplit('/').next().unwrap_or(task);
        let frontend = self.frontend.tasks.iter().any(|task| task.id == id);
        if frontend {
            names::FRONTEND
        } else {
            names::BACKEND
        }
    }

    /// When a task of `release` last pulled its image.
    pub fn last_pull(&self, release: &Release) -> Option<i64> {
        if release.service == names::FRONTEND {
            self.frontend.last_pull(release)
        } else {
            self.backend.last_pull(release)
        }
    }

    /// Lets the frontend serve static files: a fraction of a millisecond of CPU each.
    pub fn serve_frontend(&mut self, routed: &Routed, now: i64, seconds: f64) -> Load {
        let serving = self.frontend.serving(now);
        let running = self.frontend.running();
        let size = self.frontend.primary().revision.size;
        if serving == 0 {
            return Load {
                rejected: routed.to_frontend,
                cpu: idle(
                    running,
                    0.9 * f64::from(FRONTEND.size.cpu) / f64::from(size.cpu),
                ),
                memory: idle(running, size.of(215.0)),
                ..Load::default()
            };
        }
        let cpus = running as f64 * f64::from(size.cpu) / 1_024.0;
        let rate = routed.to_frontend / seconds;
        Load {
            requests: routed.to_frontend,
            answered: routed.to_frontend,
            refused: self.dice.split(routed.strays, 0.9),
            cpu: (0.9 + 100.0 * rate * 0.011 / cpus + 0.2 * self.dice.normal()).clamp(0.2, 100.0),
            memory: size.of(221.0 + 1.5 * self.dice.normal()),
            response: Duration {
                mean: 0.004,
                variance: 6.0e-6,
            },
            ..Load::default()
        }
    }

    /// Lets the backend serve the API: requests queue for the CPUs of the healthy tasks, then wait for the database.
    pub fn serve_backend(
        &mut self,
        routed: &Routed,
        query: Duration,
        conditions: &Conditions,
        now: i64,
        seconds: f64,
    ) -> Load {
        let serving = self.backend.serving(now);
        let running = self.backend.running();
        let arrivals = routed.for_backend();
        let size = self.backend.primary().revision.size;
        let idle_cpu = 100.0 * CPU_IDLE / f64::from(size.cpu);
        if serving == 0 {
            let lost = std::mem::take(&mut self.queue.backlog);
            return Load {
                rejected: arrivals,
                timed_out: lost,
                cpu: idle(running, idle_cpu),
                memory: idle(running, size.of(901.0)),
                ..Load::default()
            };
        }
        let work =
            routed.reads * CPU_READ + routed.writes * CPU_WRITE + routed.uploads * CPU_UPLOAD;
        let mean_work = if arrivals > 0.0 {
            work / arrivals
        } else {
            CPU_WRITE
        };
        // A request runs on one worker, which gets no more than its task's share of a CPU.
        let share = f64::from(size.cpu) / 1_024.0;
        let service = mean_work * conditions.cpu_per_request / share;
        let served = self.queue.serve(arrivals, seconds, serving as u32, service);
        let held = self.held(now);
        let dice = &mut self.dice;
        let used = served.busy * serving as f64 / running as f64 * (100.0 - idle_cpu);
        let own = Duration {
            mean: service,
            variance: CPU_VARIATION * service * service,
        };
        let database = Duration {
            mean: query.mean * QUERIES,
            variance: query.variance * QUERIES,
        };
        Load {
            requests: arrivals,
            answered: served.answered,
            rejected: 0.0,
            timed_out: served.timed_out,
            refused: dice.split(served.answered, REFUSED),
            failed: dice.split(served.answered, FAILED),
            cpu: (used + idle_cpu + 0.4 * dice.normal()).clamp(0.3, 100.0),
            memory: size
                .of(f64::from(WORKING_SET) + 2.5 * used + held + 6.0 * dice.normal())
                .clamp(1.0, 100.0),
            response: own.then(served.wait).then(database),
            queries: served.answered * QUERIES,
        }
    }

    /// MiB that long-lived workers hold on to, which a new task does not yet: it grows for a day.
    fn held(&self, now: i64) -> f64 {
        let ages: Vec<f64> = self
            .backend
            .tasks
            .iter()
            .filter_map(|task| task.started)
            .map(|started| (now - started) as f64 / 3_600.0)
            .collect();
        let mean = ages.iter().sum::<f64>() / ages.len().max(1) as f64;
        184.0 * (1.0 - (-mean / 8.0).exp())
    }
}

/// `level`, where a task runs to have one.
fn idle(running: usize, level: f64) -> f64 {
    if running == 0 { f64::NAN } else { level }
}
