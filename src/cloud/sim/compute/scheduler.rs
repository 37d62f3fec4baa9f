//! The ECS service scheduler: keeps the wanted number of tasks, rolls revisions out, replaces what stops, and says so in ECS's words.

use super::super::{dice::Dice, images::Release, world::moment};
use super::{
    Size,
    rollout::Deploy,
    task::{Phase, Task, current_release},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::compute::ServiceEvent,
};
use std::collections::VecDeque;

/// Seconds that ECS remembers a stopped task.
const REMEMBERED: i64 = 3_600;
/// Events that `DescribeServices` returns.
const EVENTS: usize = 100;
/// Seconds after which ECS repeats that a service is steady.
const REASSURANCE: i64 = 6 * 3_600;

/// Tasks a service may have (ECS service quotas).
const MOST_TASKS: u32 = 5_000;
/// Tasks that a step starts: ECS launches at most 500 Fargate tasks a minute for a service (ECS service quotas).
const LAUNCHES: usize = 40;
/// Notices that are kept.
const NOTICES: usize = 400;

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

/// A task that was told to stop.
struct Left {
    id: String,
    deployment: String,
    /// Whether the balancer knew it.
    registered: bool,
}

/// A service under the scheduler's care.
#[derive(Debug, Clone)]
pub struct Service {
    pub spec: Spec,
    pub desired: u32,
    pub tasks: Vec<Task>,
    pub stopped: VecDeque<Task>,
    /// Newest first; the last completed ones stay for the list of rollouts.
    pub deploys: VecDeque<Deploy>,
    events: VecDeque<ServiceEvent>,
    /// What its tasks logged of themselves: when, which task, the line.
    pub notices: VecDeque<(i64, String, String)>,
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
            notices: VecDeque::new(),
            steady_since: None,
            dice: Dice::of(seed, spec.name),
        };
        let release = current_release(spec.name, now);
        service.deploy(release, release.at());
        service.deploys[0].source = Some(release.revision - 1);
        service.deploys[0].completed = Some(release.at() + 160);
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

    /// Sets how many tasks are wanted, on request.
    ///
    /// # Errors
    /// `Service` above the quota of tasks a service.
    pub fn request(&mut self, desired: u32) -> Result<()> {
        if desired > MOST_TASKS {
            return Err(Error::new(
                ErrorKind::Service,
                format!(
                    "InvalidParameterException: desiredCount {desired} of {} is above the quota of {MOST_TASKS} tasks per service",
                    self.spec.name
                ),
            )
            .hint("ask for fewer tasks"));
        }
        self.scale(desired);
        Ok(())
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
        let left = self.end(place, "UserInitiated", reason, now);
        self.say_drained(&[left], now);
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
                for line in task.notices(self.spec.name, before, now) {
                    self.notices.push_back(line);
                }
            }
        }
        self.notices
            .drain(..self.notices.len().saturating_sub(NOTICES));
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
            // The fullest zone gives first, and of its tasks the youngest.
            self.dismiss(new - desired, now, |service, task| {
                let in_zone = |zone| service.wanted(|task| task.zone == zone);
                let fullest = usize::from(in_zone(1) > in_zone(0));
                (task.deployment == primary).then_some((task.zone == fullest, task.created))
            });
        }
        let spare = self.serving(now).saturating_sub(desired);
        let serving_new = self
            .tasks
            .iter()
            .filter(|task| task.deployment == primary && task.serves(now))
            .count();
        let idle_old = self.wanted(|task| task.deployment != primary && !task.serves(now));
        let leaving = if serving_new >= desired {
            old
        } else {
            idle_old + spare.min(old - idle_old)
        };
        // Of the older revisions those go first that serve nobody, then the oldest.
        self.dismiss(leaving, now, |_, task| {
            (task.deployment != primary).then_some((!task.serves(now), -task.created))
        });
        let settled = self
            .tasks
            .iter()
            .all(|task| task.wanted() || task.phase > Phase::Deactivating);
        if old == 0 && new == desired && serving_new == desired && settled {
            self.settle(now);
        } else {
            self.steady_since = None;
        }
    }

    /// Counts the tasks that are meant to run and that `which` picks.
    pub fn wanted(&self, which: impl Fn(&Task) -> bool) -> usize {
        self.tasks
            .iter()
            .filter(|task| task.wanted() && which(task))
            .count()
    }

    fn start(&mut self, count: usize, now: i64) {
        if count == 0 {
            return;
        }
        let count = count.min(LAUNCHES);
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

    /// Stops `count` wanted tasks, those of the greatest `urgency` first; `None` spares a task.
    fn dismiss<U: Ord>(
        &mut self,
        count: usize,
        now: i64,
        urgency: impl Fn(&Self, &Task) -> Option<U>,
    ) {
        let mut leaving = Vec::new();
        for _ in 0..count {
            let urgent = (0..self.tasks.len())
                .filter(|&place| self.tasks[place].wanted())
                .filter_map(|place| Some((urgency(self, &self.tasks[place])?, place)))
                .max();
            let Some((_, place)) = urgent else { break };
            let deployment = &self.tasks[place].deployment;
            let reason = format!("Scaling activity initiated by (deployment {deployment})");
            leaving.push(self.end(place, "ServiceSchedulerInitiated", reason, now));
        }
        if leaving.is_empty() {
            return;
        }
        let names: Vec<_> = leaving
            .iter()
            .map(|left| format!("(task {})", left.id))
            .collect();
        self.say(
            now,
            &format!(
                "has stopped {} running tasks: {}.",
                names.len(),
                names.join(" ")
            ),
        );
        self.say_drained(&leaving, now);
    }

    /// Tells a task to stop.
    fn end(&mut self, place: usize, code: &'static str, reason: String, now: i64) -> Left {
        let task = &mut self.tasks[place];
        let left = Left {
            id: task.id.clone(),
            deployment: task.deployment.clone(),
            registered: task.phase >= Phase::Activating,
        };
        task.stop(code, reason, now);
        task.advance(now, &mut self.dice);
        left
    }

    fn say_drained(&mut self, leaving: &[Left], now: i64) {
        let registered: Vec<_> = leaving.iter().filter(|left| left.registered).collect();
        if registered.is_empty() {
            return;
        }
        let (count, group) = (registered.len(), self.spec.target_group);
        self.say(
            now,
            &format!("deregistered {count} targets in (target-group {group})"),
        );
        let mut sets: Vec<&str> = registered
            .iter()
            .map(|left| left.deployment.as_str())
            .collect();
        sets.dedup();
        for set in sets {
            let count = registered
                .iter()
                .filter(|left| left.deployment == set)
                .count();
            let name = self.spec.name;
            self.event(
                now,
                format!("(service {name}, taskSet {set}) has begun draining connections on {count} tasks."),
            );
        }
    }

    /// Completes the newest deployment and says from time to time that nothing moves.
    fn settle(&mut self, now: i64) {
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
