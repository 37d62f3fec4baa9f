//! Why tasks stop. ECS tells it in prose; these are the words it uses, matched case-insensitively and by substring, since wording
//! changes between platform versions and Fargate shortens long errors.
//!
//! Words and remedies: AmazonECS developerguide, stopped-task-error-codes, stopped-tasks-error-messages, resource-initialization-error,
//! service-event-messages-list; exit codes 137, 139 and 143 are signals KILL, SEGV and TERM plus 128.

use crate::model::{
    Health,
    compute::Task,
    state::{StopCode, TaskHealth, TaskStatus},
};

/// Why a task stopped, as far as it says that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// The image's registry refuses more pulls.
    PullLimit,
    /// The registry or an AWS API cannot be reached.
    NoRoute,
    /// The image does not exist, or may not be read, or is for another CPU.
    CannotPull,
    /// A secret is denied, missing or malformed.
    Secret,
    /// The log group or driver is missing.
    LogDriver,
    /// It did not start for another reason.
    NotStarted,
    /// A container was killed for its memory.
    OutOfMemory,
    /// The load balancer's or the container's health check failed.
    HealthCheck,
    /// An essential container ended with this code.
    Exit(i32),
}

impl Failure {
    /// Reads why `task` stopped; `None` for a stop that is part of a deployment, of scaling or of somebody's wish.
    pub fn of(task: &Task) -> Option<Self> {
        let reason = task.stopped_reason.as_deref().unwrap_or_default();
        let says = |words: &[&str]| words.iter().any(|w| has(reason, w));
        let mut told = task.containers.iter().filter_map(|c| c.reason.as_deref());
        if told.any(|r| has(r, "OutOfMemory")) {
            return Some(Self::OutOfMemory);
        }
        let exit = || {
            let codes = task.containers.iter().filter_map(|c| c.exit_code);
            codes.filter(|&code| code != 0).map(Self::Exit).next()
        };
        match &task.stop_code {
            Some(StopCode::TaskFailedToStart) => Some(Self::start(reason, task)),
            Some(StopCode::EssentialContainerExited) => exit(),
            _ if says(&[
                "failed ELB health checks",
                "failed container health checks",
                "is unhealthy in",
            ]) =>
            {
                Some(Self::HealthCheck)
            }
            // Servers that leave the code out still tell by the reason.
            None if says(&["CannotPull", "ResourceInitializationError"]) => {
                Some(Self::start(reason, task))
            }
            None if says(&["Essential container in task exited"]) => exit(),
            _ => None,
        }
    }

    fn start(reason: &str, task: &Task) -> Self {
        let says = |words: &[&str]| {
            words.iter().any(|w| has(reason, w))
                || task
                    .containers
                    .iter()
                    .filter_map(|c| c.reason.as_deref())
                    .any(|r| words.iter().any(|w| has(r, w)))
        };
        if says(&["toomanyrequests", "pull rate limit"]) {
            Self::PullLimit
        } else if says(&[
            "network configuration",
            "i/o timeout",
            "dial tcp",
            "TLS handshake timeout",
            "waiting for connection",
            "context deadline exceeded",
        ]) {
            Self::NoRoute
        } else if says(&["secret", "unable to pull registry auth", "json key"]) {
            Self::Secret
        } else if says(&["logging driver", "log group"]) {
            Self::LogDriver
        } else if says(&["CannotPull", "can't pull", "pull access denied", "manifest"]) {
            Self::CannotPull
        } else {
            Self::NotStarted
        }
    }

    /// In a verdict's few words.
    pub fn words(self) -> String {
        match self {
            Self::PullLimit => "image pull limit".to_owned(),
            Self::NoRoute => "registry unreachable".to_owned(),
            Self::CannotPull => "image cannot be pulled".to_owned(),
            Self::Secret => "secret not readable".to_owned(),
            Self::LogDriver => "log group missing".to_owned(),
            Self::NotStarted => "tasks do not start".to_owned(),
            Self::OutOfMemory => "out of memory".to_owned(),
            Self::HealthCheck => "health checks fail".to_owned(),
            Self::Exit(code) => format!("tasks exit {code}"),
        }
    }

    /// What to do next.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::PullLimit => {
                "give the task definition registry credentials, or pull through an ECR cache: all tasks share the NAT gateway's address"
            }
            Self::NoRoute => {
                "check the default route of the tasks' subnets, the NAT gateway, the endpoints' security groups (443), or assignPublicIp"
            }
            Self::CannotPull => {
                "compare the image's tag or digest with the repository, its CPU architecture with the task definition's, and the execution role's rights"
            }
            Self::Secret => {
                "check that the secret and its JSON key exist and that the execution role may read them (and decrypt, with a customer key)"
            }
            Self::LogDriver => "create the log group that the task definition names, in its region",
            Self::NotStarted => {
                "read the stopped reason in full; nothing was logged by the application"
            }
            Self::OutOfMemory => {
                "give the task more memory, or limit heap and workers; a steady rise before the kill is a leak"
            }
            Self::HealthCheck => {
                "compare the health check with what the application answers; if tasks fail only after a deployment, raise the grace period above the start-up time"
            }
            Self::Exit(137) => {
                "killed: not for memory, so after the stop timeout or a failed health check; read the task's last log lines"
            }
            Self::Exit(139) => {
                "a segmentation fault: check the image's CPU architecture and native libraries"
            }
            Self::Exit(_) => {
                "read the task's last log lines: configuration, a missing variable, or a database that cannot be reached; roll back if it began with a rollout"
            }
        }
    }
}

/// How a task is: running, failed, or neither.
pub(super) fn standing(task: &Task) -> Health {
    match (Failure::of(task), &task.last_status) {
        (Some(_), _) => Health::Warning,
        (None, TaskStatus::Running) if task.health == TaskHealth::Unhealthy => Health::Warning,
        (None, TaskStatus::Running) => Health::Ok,
        (None, _) => Health::Unknown,
    }
}

/// Whether `text` contains `words`, whatever the case of ASCII letters. Thousands of stopped tasks are read with it, so that it
/// compares only where the first letter fits.
pub(super) fn has(text: &str, words: &str) -> bool {
    let (text, words) = (text.as_bytes(), words.as_bytes());
    let Some((first, rest)) = words.split_first() else {
        return true;
    };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let starts = text.len().saturating_sub(rest.len());
    (0..starts).any(|at| {
        (text[at] == lower || text[at] == upper)
            && text[at + 1..at + words.len()].eq_ignore_ascii_case(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::has;
    use proptest::prelude::*;

    #[test]
    fn words_are_found_whatever_their_case_and_place() {
        assert!(has("Essential container in task EXITED", "exited"));
        assert!(has("OutOfMemoryError: killed", "outofmemory"));
        assert!(!has("exite", "exited"));
        assert!(!has("", "a"));
        assert!(has("a", ""));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_search_in_lower_case(text in "[abAB é]{0,12}", words in "[abAB]{0,4}") {
            let expected = text.to_ascii_lowercase().contains(&words.to_ascii_lowercase());
            prop_assert_eq!(has(&text, &words), expected);
        }
    }
}
