//! The ECS service scheduler: keeps the wanted number of tasks, rolls revisions out, replaces what stops, and says so in ECS's words.

use super::super::{dice::Dice, images::Release, names, world::moment};
use super::{
    Size,
    task::{Phase, Task, current_release},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::compute::{Deployment, Rollout, ServiceEvent},
};
use std::collections::VecDeque;

/// Seconds that ECS remembers a stopped task.
const REMEMBERED: i64 = 3_600;
/// Events that `DescribeServices` returns.
const EVENTS: usize = 100;
/// Seconds after which ECS repeats that a service is steady.
const REASSURANCE: i64 = 6 * 3_600;

/// What is fixed about a service.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    pub name: &'static str,
    pub size: Size,
    pub port: i32,
    pub target_group: &'static str,
    pub subnets: [&'static str; 2],
    pub security_group: &'static str,
    pub log_group: &'static str,
}

/// A rollout of a release.
#[derive(Debug, Clone)]
struct Deploy {
    /// Nineteen digits.
    number: String,
    /// The service deployment's id.
    rollout: String,
    release: &'static Release,
    source: Option<i32>,
    created: i64,
    /// When it was complete.
    completed: Option<i64>,
}

impl Deploy {
    fn id(&self) -> String {
        format!("ecs-svc/{}", self.number)
    }
}

/// A service under the scheduler's care.
#[derive(Debug, Clone)]
pub struct Service {
    pub spec: Spec,
    pub desired: u32,
    pub tasks: Vec<Task>,
    pub stopped: VecDeque<Task>,
    /// Newest first; the last completed ones stay for the list of rollouts.
    deploys: VecDeque<Deploy>,
    events: VecDeque<ServiceEvent>,
    steady_since: Option<i64>,
    dice: Dice,
}

impl Service {
    /// Creates the service at `now` with `desired` tasks of the release then current.
    pub fn create(spec: Spec, desired: u32, now: i64, seed: u64) -> Self {
        let mut service = Self {
            spec,
            desired,
            tasks: Vec::new(),
            stopped: VecDeque::new(),
            deploys: VecDeque::new(),
            events: VecDeque::new(),
            steady_since: None,
            dice: Dice::of(seed, spec.name),
        };
        service.deploy(current_release(spec.name, now), now);
        service
    }

    /// Starts a deployment of `release`.
    pub fn deploy(&mut self, release: &'static Release, now: i64) {
        let number = (0..19)
            .map(|digit| {
                let lowest = i64::from(digit == 0);
                char::from(b'0' + self.dice.seconds(lowest, 9) as u8)
            })
            .collect();
        self.deploys.push_front(Deploy {
            number,
            rollout: self.dice.hex(21),
            release,
            source: self.deploys.front().map(|deploy| deploy.release.revision),
            created: now,
            completed: None,
        });
        self.deploys.truncate(10);
        self.steady_since = None;
    }

    /// Starts a deployment of the release that is out already, as `forceNewDeployment` does.
    pub fn restart(&mut self, now: i64) -> String {
        let release = self.deploys[0].release;
        self.deploy(release, now);
        self.deploys[0].id()
    }

    /// Sets how many tasks are wanted.
    pub fn scale(&mut self, desired: u32) {
        if desired != self.desired {
            self.desired = desired;
            self.steady_since = None;
        }
    }

    /// Stops one task on request, by id or ARN.
    ///
    /// # Errors
    /// `NotFound` when the service runs no such task.
    pub fn stop_task(&mut self, task: &str, reason: &str, now: i64) -> Result<String> {
        let id = task.rsplit('/').next().unwrap_or(task);
        let place = self
            .tasks
            .iter()
            .position(|task| task.id == id && task.wanted())
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::NotFound,
                    format!("InvalidParameterException: The referenced task was not found: {id}"),
                )
                .hint("it may have stopped already; refresh the service's tasks")
            })?;
        let reason = if reason.is_empty() {
            "Task stopped by user".to_owned()
        } else {
            reason.to_owned()
        };
        self.end(place, "UserInitiated", reason, now);
        self.steady_since = None;
        Ok(id.to_owned())
    }

    /// Tasks that the balancer sends requests to.
    pub fn serving(&self, now: i64) -> usize {
        self.tasks.iter().filter(|task| task.serves(now)).count()
    }

    /// Tasks whose containers run.
    pub fn running(&self) -> usize {
        self.tasks.iter().filter(|task| task.runs()).count()
    }

    /// ECS's LiveTaskCount: tasks that are activating, running or deactivating.
    pub fn live(&self) -> usize {
        self.tasks
            .iter()
            .filter(|task| {
                matches!(
                    task.phase,
                    Phase::Activating | Phase::Running | Phase::Deactivating
                )
            })
            .count()
    }

    /// Whether a deployment is under way.
    pub fn deploying(&self) -> bool {
        self.deploys[0].completed.is_none()
    }

    /// Events, newest first.
    pub fn events(&self) -> Vec<ServiceEvent> {
        self.events.iter().cloned().collect()
    }

    /// Moves every task on and does what is needed for the wanted state.
    pub fn step(&mut self, now: i64) {
        self.advance_tasks(now);
        let release = current_release(self.spec.name, now);
        if release.revision > self.deploys[0].release.revision {
            self.deploy(release, now);
        }
        self.reconcile(now);
    }

    fn advance_tasks(&mut self, now: i64) {
        let group = self.spec.target_group;
        let mut registered = 0;
        let mut gone = false;
        for task in &mut self.tasks {
            let before = task.phase;
            if task.advance(now, &mut self.dice) {
                registered += usize::from(
                    before < Phase::Activating
                        && (Phase::Activating..=Phase::Running).contains(&task.phase),
                );
                gone |= task.phase == Phase::Stopped;
            }
        }
        if registered > 0 {
            self.say(
                now,
                &format!("registered {registered} targets in (target-group {group})"),
            );
        }
        if gone {
            let (ended, tasks) = std::mem::take(&mut self.tasks)
                .into_iter()
                .partition(|task: &Task| task.phase == Phase::Stopped);
            self.tasks = tasks;
            for task in ended {
                self.stopped.push_front(task);
            }
        }
        while self
            .stopped
            .back()
            .and_then(|task| task.stopped)
            .is_some_and(|at| at < now - REMEMBERED)
        {
            self.stopped.pop_back();
        }
    }

    /// Minimum healthy 100 %, maximum 200 %: starts the new before it stops the old.
    fn reconcile(&mut self, now: i64) {
        let desired = self.desired as usize;
        let primary = self.deploys[0].id();
        let new = self.wanted(|task| task.deployment == primary);
        let old = self.wanted(|task| task.deployment != primary);
        if new < desired {
            let room = (2 * desired).saturating_sub(new + old);
            self.start((desired - new).min(room), now);
        }
        if new > desired {
            self.scale_in(new - desired, &primary, now);
        }
        let spare = self.serving(now).saturating_sub(desired);
        let serving_new = self
            .tasks
            .iter()
            .filter(|task| task.deployment == primary && task.serves(now))
            .count();
        let idle_old = self.wanted(|task| task.deployment != primary && !task.serves(now));
        let leaving = if desired == 0 || serving_new >= desired {
            old
        } else {
            idle_old.min(old) + spare.min(old - idle_old)
        };
        if leaving > 0 {
            self.retire(leaving, &primary, now);
        }
        self.settle(now, old == 0 && new == desired && serving_new == desired);
    }

    fn wanted(&self, which: impl Fn(&Task) -> bool) -> usize {
        self.tasks
            .iter()
            .filter(|task| task.wanted() && which(task))
            .count()
    }

    fn start(&mut self, count: usize, now: i64) {
        if count == 0 {
            return;
        }
        let release = self.deploys[0].release;
        let deployment = self.deploys[0].id();
        let mut started = Vec::new();
        for _ in 0..count {
            let in_zone = |zone| self.wanted(|task| task.zone == zone);
            let zone = usize::from(in_zone(0) > in_zone(1));
            let task = Task::start(release, &deployment, zone, now, &mut self.dice);
            started.push(format!("(task {})", task.id));
            self.tasks.push(task);
        }
        self.say(
            now,
            &format!("has started {count} tasks: {}.", started.join(" ")),
        );
    }

    /// Stops `count` tasks of the primary deployment, from the fullest zone and the youngest first.
    fn scale_in(&mut self, count: usize, primary: &str, now: i64) {
        let mut leaving = Vec::new();
        for _ in 0..count {
            let in_zone = |zone| self.wanted(|task| task.zone == zone);
            let fullest = usize::from(in_zone(1) > in_zone(0));
            let Some(place) = self
                .tasks
                .iter()
                .enumerate()
                .filter(|(_, task)| task.wanted() && task.deployment == primary)
                .max_by_key(|(_, task)| (task.zone == fullest, task.created))
                .map(|(place, _)| place)
            else {
                break;
            };
            leaving.push(self.scheduled_stop(place, now));
        }
        self.say_stopped(&leaving, now);
    }

    /// Stops `count` tasks of older deployments, those that serve nobody first.
    fn retire(&mut self, count: usize, primary: &str, now: i64) {
        let mut leaving = Vec::new();
        for _ in 0..count {
            let Some(place) = self
                .tasks
                .iter()
                .enumerate()
                .filter(|(_, task)| task.wanted() && task.deployment != primary)
                .min_by_key(|(_, task)| (task.serves(now), task.created))
                .map(|(place, _)| place)
            else {
                break;
            };
            leaving.push(self.scheduled_stop(place, now));
        }
        self.say_stopped(&leaving, now);
    }

    fn scheduled_stop(&mut self, place: usize, now: i64) -> String {
        let deployment = self.tasks[place].deployment.clone();
        let reason = format!("Scaling activity initiated by (deployment {deployment})");
        self.end(place, "ServiceSchedulerInitiated", reason, now);
        format!("(task {})", self.tasks[place].id)
    }

    fn end(&mut self, place: usize, code: &'static str, reason: String, now: i64) {
        let task = &mut self.tasks[place];
        let registered = task.phase >= Phase::Activating;
        task.stop(code, reason, now);
        task.advance(now, &mut self.dice);
        if registered {
            let deployment = self.tasks[place].deployment.clone();
            let group = self.spec.target_group;
            self.say(
                now,
                &format!("deregistered 1 targets in (target-group {group})"),
            );
            let name = self.spec.name;
            let message = format!(
                "(service {name}, taskSet {deployment}) has begun draining connections on 1 tasks."
            );
            self.event(now, message);
        }
    }

    fn say_stopped(&mut self, tasks: &[String], now: i64) {
        if !tasks.is_empty() {
            let count = tasks.len();
            self.say(
                now,
                &format!("has stopped {count} running tasks: {}.", tasks.join(" ")),
            );
        }
    }

    fn settle(&mut self, now: i64, steady: bool) {
        if !steady {
            self.steady_since = None;
            return;
        }
        if self.deploys[0].completed.is_none() {
            self.deploys[0].completed = Some(now);
            let id = self.deploys[0].id();
            self.say(now, &format!("(deployment {id}) deployment completed."));
        }
        let due = self
            .steady_since
            .is_none_or(|since| now - since >= REASSURANCE);
        if due {
            self.steady_since = Some(now);
            self.say(now, "has reached a steady state.");
        }
    }

    /// Adds an event about the service.
    pub fn say(&mut self, now: i64, what: &str) {
        let message = format!("(service {}) {what}", self.spec.name);
        self.event(now, message);
    }

    fn event(&mut self, now: i64, message: String) {
        self.events.push_front(ServiceEvent {
            id: self.dice.uuid(),
            at: Some(moment(now)),
            message,
        });
        self.events.truncate(EVENTS);
    }

    /// Deployments that still aim at something, the primary first.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.deploys
            .iter()
            .enumerate()
            .filter(|(index, deploy)| {
                *index == 0 || self.wanted(|task| task.deployment == deploy.id()) > 0
            })
            .map(|(index, deploy)| self.describe_deployment(index == 0, deploy))
            .collect()
    }

    fn describe_deployment(&self, primary: bool, deploy: &Deploy) -> Deployment {
        let id = deploy.id();
        let running = self.wanted(|task| task.deployment == id && task.runs());
        let all = self.wanted(|task| task.deployment == id);
        let (state, reason) = match deploy.completed {
            Some(_) => ("COMPLETED", format!("ECS deployment {id} completed.")),
            None => ("IN_PROGRESS", format!("ECS deployment {id} in progress.")),
        };
        Deployment {
            status: if primary { "PRIMARY" } else { "ACTIVE" }.to_owned(),
            revision: format!("{}:{}", self.spec.name, deploy.release.revision),
            desired: if primary { self.desired as i32 } else { 0 },
            running: running as i32,
            pending: (all - running) as i32,
            failed: 0,
            rollout_state: Some(state.to_owned()),
            rollout_reason: Some(reason),
            created_at: Some(moment(deploy.created)),
            updated_at: Some(moment(deploy.completed.unwrap_or(deploy.created))),
            id,
        }
    }

    /// Service deployments, newest first.
    pub fn rollouts(&self) -> Vec<Rollout> {
        self.deploys
            .iter()
            .enumerate()
            .map(|(index, deploy)| {
                let id = deploy.id();
                let count = |which: fn(&Task) -> bool| {
                    self.wanted(|task| task.deployment == id && which(task)) as i32
                };
                Rollout {
                    arn: format!(
                        "arn:aws:ecs:{}:{}:service-deployment/{}/{}/{}",
                        names::REGION,
                        names::ACCOUNT,
                        names::CLUSTER,
                        self.spec.name,
                        deploy.rollout
                    ),
                    status: match deploy.completed {
                        Some(_) => "SUCCESSFUL",
                        None if index == 0 => "IN_PROGRESS",
                        None => "STOPPED",
                    }
                    .to_owned(),
                    reason: None,
                    strategy: "ROLLING".to_owned(),
                    stage: None,
                    target: Some(format!("{}:{}", self.spec.name, deploy.release.revision)),
                    sources: deploy
                        .source
                        .map(|revision| format!("{}:{revision}", self.spec.name))
                        .into_iter()
                        .collect(),
                    target_tasks: (index == 0).then(|| {
                        (
                            self.desired as i32,
                            count(Task::runs),
                            count(|task| !task.runs()),
                        )
                    }),
                    circuit_breaker: None,
                    rollback_reason: None,
                    created_at: Some(moment(deploy.created)),
                    started_at: Some(moment(deploy.created + 3)),
                    finished_at: deploy.completed.map(moment),
                }
            })
            .collect()
    }

    /// The release of the newest deployment.
    pub fn release(&self) -> &'static Release {
        self.deploys[0].release
    }

    /// When a task of `release` last pulled its image.
    pub fn last_pull(&self, release: &Release) -> Option<i64> {
        self.tasks
            .iter()
            .chain(&self.stopped)
            .filter(|task| task.release.digest == release.digest && task.started.is_some())
            .map(|task| task.created + 14)
            .max()
    }
}
