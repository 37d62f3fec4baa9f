//! The ECS service scheduler: keeps the wanted number of tasks, rolls revisions out, replaces what stops, and says so in ECS's words.

use super::super::{
    dice::Dice,
    images::{self, RELEASES, Release},
    names,
    world::{EPOCH, moment},
};
use super::{
    Size,
    revision::{Revision, arn},
    rollout::{Deploy, Shift},
    task::{Phase, Task},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{compute::ServiceEvent, task_document::TaskDocument},
};
use std::{collections::VecDeque, sync::Arc};

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
/// Deployments that are kept.
const DEPLOYS: usize = 10;
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
    /// Whether new tasks are started with ECS Exec.
    pub exec: bool,
    pub tasks: Vec<Task>,
    pub stopped: VecDeque<Task>,
    /// Oldest first.
    pub revisions: Vec<Arc<Revision>>,
    /// Newest first; the last completed ones stay for the list of rollouts.
    pub deploys: VecDeque<Deploy>,
    events: VecDeque<ServiceEvent>,
    /// What its tasks logged of themselves: when, which task, the line.
    pub notices: VecDeque<(i64, String, String)>,
    steady_since: Option<i64>,
    /// Whether it deploys blue/green and asks before the traffic moves, from the demo's present on.
    pub gated: bool,
    dice: Dice,
}

impl Service {
    /// Creates the service at `now` with `desired` tasks of the release then current.
    pub fn create(spec: Spec, desired: u32, now: i64, seed: u64) -> Self {
        let mut service = Self {
            spec,
            desired,
            // The frontend shows what it takes to switch it on.
            exec: spec.name == names::BACKEND,
            tasks: Vec::new(),
            stopped: VecDeque::new(),
            revisions: Vec::new(),
            deploys: VecDeque::new(),
            events: VecDeque::new(),
            notices: VecDeque::new(),
            steady_since: None,
            gated: false,
            dice: Dice::of(seed, spec.name),
        };
        let mut newest = None;
        for (release, number) in scripted(spec.name).filter(|(release, _)| release.at() <= now) {
            let revision = Arc::new(Revision::of_release(&spec, release, number));
            service.revisions.push(Arc::clone(&revision));
            newest = Some((release.at(), revision));
        }
        if let Some((at, revision)) = newest {
            service.deploy(&revision, at);
            service.deploys[0].source = Some(revision.number - 1);
            service.deploys[0].completed = Some(at + 160);
        }
        service
    }

    /// The place of the deployment that wants tasks: the newest that is not rolled back.
    pub fn primary_place(&self) -> usize {
        let place = self.deploys.iter().position(|d| d.undone.is_none());
        place.unwrap_or_default()
    }

    /// The deployment that wants tasks.
    pub fn primary(&self) -> &Deploy {
        &self.deploys[self.primary_place()]
    }

    /// Registers a definition as the family's next revision; gives its ARN.
    pub fn register(&mut self, document: &TaskDocument, pushed: &[Release], now: i64) -> String {
        let number = self.revisions.last().map_or(1, |last| last.number + 1);
        let image = document.image(self.spec.name).unwrap_or_default();
        let found = images::find(pushed, image, now);
        let revision = Revision::of(&self.spec, document, number, now, found);
        self.revisions.push(Arc::new(revision));
        arn(&self.spec, number)
    }

    /// Starts a deployment of `revision`.
    pub fn deploy(&mut self, revision: &Arc<Revision>, now: i64) -> String {
        let number = (0..19)
            .map(|digit| {
                let lowest = i64::from(digit == 0);
                char::from(b'0' + self.dice.seconds(lowest, 9) as u8)
            })
            .collect();
        let source = (!self.deploys.is_empty()).then(|| self.primary().revision.number);
        self.deploys.push_front(Deploy {
            number,
            rollout: self.dice.hex(21),
            revision: Arc::clone(revision),
            source,
            created: now,
            completed: None,
            failures: 0,
            undone: None,
            shift: (self.gated && now >= EPOCH).then_some(Shift::ScaleUp),
        });
        // The last one that works has to stay, however many have failed since.
        while self.deploys.len() > DEPLOYS
            && self
                .deploys
                .iter()
                .take(DEPLOYS)
                .any(|d| d.completed.is_some() && d.undone.is_none())
        {
            self.deploys.pop_back();
        }
        self.steady_since = None;
        self.deploys[0].id()
    }

    /// Starts a deployment of the revision that is out already, as `forceNewDeployment` does.
    pub fn restart(&mut self, now: i64) -> String {
        let revision = Arc::clone(&self.primary().revision);
        self.deploy(&revision, now)
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
        self.deploys.iter().any(|d| {
            d.undone
                .as_ref()
                .is_some_and(|undone| undone.until.is_none())
        }) || self.primary().completed.is_none()
    }

    /// Events, newest first.
    pub fn events(&self) -> Vec<ServiceEvent> {
        self.events.iter().cloned().collect()
    }

    /// Moves every task on and does what is needed for the wanted state.
    pub fn step(&mut self, now: i64) {
        self.advance_tasks(now);
        for (release, number) in scripted(self.spec.name) {
            if release.at() <= now && self.revisions.iter().all(|known| known.number < number) {
                let revision = Arc::new(Revision::of_release(&self.spec, release, number));
                self.revisions.push(Arc::clone(&revision));
                self.deploy(&revision, now);
            }
        }
        if self.gated && now == EPOCH {
            self.restart(now);
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
                if task.failed() {
                    self.count_failure(&task.deployment, now);
                }
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
        let primary = self.primary().id();
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
        if self.shift(serving_new >= desired, now) {
            self.steady_since = None;
            return;
        }
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
        let revision = Arc::clone(&self.primary().revision);
        let deployment = self.primary().id();
        let mut started = Vec::new();
        for _ in 0..count {
            let in_zone = |zone| self.wanted(|task| task.zone == zone);
            let zone = usize::from(in_zone(0) > in_zone(1));
            let mut task = Task::start(&revision, &deployment, zone, now, &mut self.dice);
            task.exec = self.exec;
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
        for undone in self.deploys.iter_mut().filter_map(|d| d.undone.as_mut()) {
            undone.until.get_or_insert(now);
        }
        let place = self.primary_place();
        if self.deploys[place].completed.is_none() {
            self.deploys[place].completed = Some(now);
            let id = self.deploys[place].id();
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

    /// When a task of `release` last pulled its image.
    pub fn last_pull(&self, release: &Release) -> Option<i64> {
        self.tasks
            .iter()
            .chain(&self.stopped)
            .filter(|task| {
                task.revision.digest.as_deref() == Some(&release.digest) && task.started.is_some()
            })
            .map(|task| task.created + 14)
            .max()
    }
}

/// Releases of `service` that its pipeline rolls out, with their revisions, oldest first.
fn scripted(service: &str) -> impl Iterator<Item = (&'static Release, i32)> {
    let own = move |release: &&Release| release.service == service;
    RELEASES
        .iter()
        .filter(own)
        .filter_map(|release| Some((release, release.revision?)))
}
