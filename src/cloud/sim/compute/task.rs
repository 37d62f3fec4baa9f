//! A Fargate task from PROVISIONING to STOPPED, and the target that the balancer sees of it.

use super::super::{dice::Dice, names, world::moment};
use super::revision::{Fate, Revision};
use crate::model::{
    balancer::{Target, TargetState},
    compute::{Container, Task as TaskModel},
};
use std::sync::Arc;

/// Seconds between the balancer's health checks.
pub const CHECK_INTERVAL: i64 = 10;
/// Checks passed in a row until a target is healthy.
pub const HEALTHY_AFTER: i64 = 2;
/// Seconds that a leaving target may finish its requests.
pub const DEREGISTRATION_DELAY: i64 = 30;

/// Fargate's platform version.
pub const PLATFORM: &str = "1.4.0";

/// Stop code of a task that never ran.
const NOT_STARTED: &str = "TaskFailedToStart";
/// Stop code of a task whose container ended by itself.
const EXITED: &str = "EssentialContainerExited";

/// Steps of a task's life, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Phase {
    const fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Why a task was told to stop.
#[derive(Debug, Clone)]
pub struct Stop {
    pub code: &'static str,
    pub reason: String,
}

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: String,
    pub revision: Arc<Revision>,
    /// `ecs-svc/…`.
    pub deployment: String,
    /// Index into the zones.
    pub zone: usize,
    pub ip: String,
    pub created: i64,
    pub phase: Phase,
    /// When the next phase begins; never, while it runs.
    due: i64,
    pub started: Option<i64>,
    /// When the balancer finds it healthy.
    pub healthy: Option<i64>,
    pub stop: Option<Stop>,
    pub stopped: Option<i64>,
    /// Whether it was started with ECS Exec.
    pub exec: bool,
}

impl Task {
    /// Asks for a task. Fargate takes some seconds for the network interface; pulling the image takes most of the rest.
    pub fn start(
        revision: &Arc<Revision>,
        deployment: &str,
        zone: usize,
        now: i64,
        dice: &mut Dice,
    ) -> Self {
        Self {
            id: dice.hex(32),
            revision: Arc::clone(revision),
            deployment: deployment.to_owned(),
            zone,
            ip: format!("10.0.{}.{}", 20 + zone, dice.seconds(10, 250)),
            created: now,
            phase: Phase::Provisioning,
            due: now + dice.seconds(9, 16),
            started: None,
            healthy: None,
            stop: None,
            stopped: None,
            exec: false,
        }
    }

    /// Tells the task to stop. One that never ran has nothing to drain.
    pub fn stop(&mut self, code: &'static str, reason: String, now: i64) {
        self.stop = Some(Stop { code, reason });
        self.healthy = None;
        self.due = now;
        if self.phase < Phase::Running {
            self.phase = Phase::Deactivating;
        }
    }

    /// Moves on to the phase that `now` asks for; tells whether the phase changed.
    pub fn advance(&mut self, now: i64, dice: &mut Dice) -> bool {
        let before = self.phase;
        while self.due <= now && self.phase != Phase::Stopped {
            self.phase = match self.phase {
                Phase::Provisioning => {
                    self.due += dice.seconds(14, 26);
                    Phase::Pending
                }
                Phase::Pending => match &self.revision.fate {
                    Fate::NeverStarts(reason) => {
                        self.stop = Some(Stop {
                            code: NOT_STARTED,
                            reason: reason.clone(),
                        });
                        self.due += dice.seconds(8, 18);
                        Phase::Deprovisioning
                    }
                    Fate::Runs | Fate::Exits(_) | Fate::Killed => {
                        self.due += dice.seconds(3, 6);
                        Phase::Activating
                    }
                },
                Phase::Activating
                    if matches!(self.revision.fate, Fate::Exits(_) | Fate::Killed) =>
                {
                    self.started = Some(self.due);
                    self.due += dice.seconds(3, 7);
                    Phase::Running
                }
                Phase::Activating => {
                    self.started = Some(self.due);
                    let first_check = dice.seconds(2, CHECK_INTERVAL + 2);
                    self.healthy =
                        Some(self.due + first_check + CHECK_INTERVAL * (HEALTHY_AFTER - 1));
                    self.due = i64::MAX;
                    Phase::Running
                }
                Phase::Running if self.stop.is_none() => {
                    self.stop = Some(Stop {
                        code: EXITED,
                        reason: "Essential container in task exited".to_owned(),
                    });
                    self.due += dice.seconds(8, 18);
                    Phase::Deprovisioning
                }
                Phase::Running => {
                    self.due += DEREGISTRATION_DELAY;
                    Phase::Deactivating
                }
                Phase::Deactivating => {
                    self.due += dice.seconds(2, 5);
                    Phase::Stopping
                }
                Phase::Stopping => {
                    self.due += dice.seconds(8, 18);
                    Phase::Deprovisioning
                }
                Phase::Deprovisioning | Phase::Stopped => {
                    self.stopped = Some(self.due);
                    Phase::Stopped
                }
            };
        }
        self.phase != before
    }

    /// What its container logs of itself on the way from `before` to the present phase: when, the task, the line.
    pub fn notices(&self, service: &str, before: Phase, now: i64) -> Vec<(i64, String, String)> {
        let mut lines = Vec::new();
        let mut tell = |at: i64, pid: u32, text: &str| {
            let line = if service == names::FRONTEND {
                let stamp = moment(at).strftime("%Y/%m/%d %H:%M:%S");
                format!("{stamp} [notice] {pid}#{pid}: {text}")
            } else {
                let stamp = moment(at).strftime("%Y-%m-%d %H:%M:%S +0000");
                format!("[{stamp}] [{pid}] [INFO] {text}")
            };
            lines.push((at, self.id.clone(), line));
        };
        let nginx = service == names::FRONTEND;
        if let (Some(started), Fate::Exits(last)) = (self.started, &self.revision.fate) {
            if before < Phase::Running {
                let line = |text: &String| (started + 1, self.id.clone(), text.clone());
                lines.extend(last.iter().map(line));
            }
            return lines;
        }
        if let Some(started) = self.started {
            if before < Phase::Running && self.phase >= Phase::Running && nginx {
                tell(started, 1, "nginx/1.28.0");
                tell(started, 1, "start worker processes");
            } else if before < Phase::Running && self.phase >= Phase::Running {
                tell(started, 1, "Starting gunicorn 23.0.0");
                tell(started, 1, "Listening at: http://0.0.0.0:8000 (1)");
                for pid in 7..10 {
                    tell(started + 1, pid, &format!("Booting worker with pid: {pid}"));
                }
            }
            let stopping = (Phase::Running..Phase::Stopping).contains(&before)
                && self.phase >= Phase::Stopping;
            if stopping && nginx {
                tell(now, 1, "signal 15 (SIGTERM) received, exiting");
            } else if stopping {
                tell(now, 1, "Handling signal: term");
                tell(now + 1, 1, "Shutting down: Master");
            }
        }
        lines
    }

    /// Whether it ended without being told to.
    pub fn failed(&self) -> bool {
        let stop = self.stop.as_ref();
        stop.is_some_and(|stop| [NOT_STARTED, EXITED].contains(&stop.code))
    }

    /// Whether it is meant to run.
    pub const fn wanted(&self) -> bool {
        self.stop.is_none()
    }

    /// Whether its containers use CPU.
    pub fn runs(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Deactivating)
    }

    /// Whether the balancer sends it requests.
    pub fn serves(&self, now: i64) -> bool {
        self.wanted() && self.healthy.is_some_and(|healthy| healthy <= now)
    }

    /// Its target, from registration until it has drained.
    pub fn target(&self, port: i32, now: i64) -> Option<Target> {
        let (state, reason, description) = match self.phase {
            Phase::Activating => (
                TargetState::Initial,
                Some("Elb.RegistrationInProgress"),
                Some("Target registration is in progress"),
            ),
            Phase::Running if self.serves(now) => (TargetState::Healthy, None, None),
            Phase::Running => (
                TargetState::Initial,
                Some("Elb.InitialHealthChecking"),
                Some("Initial health checks in progress"),
            ),
            Phase::Deactivating if self.started.is_some() => (
                TargetState::Draining,
                Some("Target.DeregistrationInProgress"),
                Some("Target deregistration is in progress"),
            ),
            _ => return None,
        };
        Some(Target {
            id: self.ip.clone(),
            port,
            zone: Some(names::ZONES[self.zone].to_owned()),
            state,
            reason: reason.map(str::to_owned),
            description: description.map(str::to_owned),
        })
    }

    /// Describes it as `DescribeTasks` does.
    pub fn describe(&self, service: &str) -> TaskModel {
        let running = self.runs();
        let health = "UNKNOWN";
        TaskModel {
            arn: format!(
                "arn:aws:ecs:{}:{}:task/{}/{}",
                names::REGION,
                names::ACCOUNT,
                names::CLUSTER,
                self.id
            ),
            id: self.id.clone(),
            revision: format!("{service}:{}", self.revision.number),
            last_status: self.phase.word().into(),
            desired_status: if self.wanted() { "RUNNING" } else { "STOPPED" }.to_owned(),
            health: health.into(),
            zone: Some(names::ZONES[self.zone].to_owned()),
            private_ip: (self.phase > Phase::Provisioning).then(|| self.ip.clone()),
            cpu: self.revision.size.cpu,
            memory: self.revision.size.memory,
            created_at: Some(moment(self.created)),
            started_at: self.started.map(moment),
            stopped_at: self.stopped.map(moment),
            stop_code: self.stop.as_ref().map(|stop| stop.code.into()),
            stopped_reason: self.stop.as_ref().map(|stop| stop.reason.clone()),
            started_by: Some(self.deployment.clone()),
            platform_version: Some(PLATFORM.to_owned()),
            exec_enabled: self.exec,
            containers: vec![Container {
                name: service.to_owned(),
                image: self.revision.image.clone(),
                digest: self.started.and_then(|_| self.revision.digest.clone()),
                last_status: match self.phase {
                    Phase::Stopped | Phase::Deprovisioning => "STOPPED",
                    _ if running => "RUNNING",
                    _ => "PENDING",
                }
                .to_owned(),
                health: health.to_owned(),
                // gunicorn and nginx both end with 0 on SIGTERM.
                exit_code: (self.phase >= Phase::Deprovisioning && self.started.is_some()).then(
                    || match self.revision.fate {
                        Fate::Killed => 137,
                        _ => i32::from(self.failed()),
                    },
                ),
                reason: match (&self.stop, &self.revision.fate) {
                    (Some(stop), _) if stop.code == NOT_STARTED => Some(stop.reason.clone()),
                    // ECS's words for a container that the kernel killed (ECS Developer Guide, OutOfMemoryError).
                    (Some(_), Fate::Killed) => {
                        Some("OutOfMemoryError: Container killed due to memory usage".to_owned())
                    }
                    _ => None,
                },
                runtime_id: self
                    .started
                    .map(|_| format!("{}-{:010}", self.id, self.created % 10_000_000_000)),
                exec_agent: self
                    .exec
                    .then(|| if running { "RUNNING" } else { "STOPPED" }.into()),
            }],
        }
    }
}
