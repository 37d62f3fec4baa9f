//! What has to be so before a session can be opened, each with its state and its remedy.
//!
//! Facts: ECS developer guide, monitor containers with ECS Exec. AWS's own checker for the same is `amazon-ecs-exec-checker`.

use super::Place;
use crate::{
    attend::{INSTALL, LAST_WITHOUT_VARIABLE, Plugin},
    cloud::call::EXEC,
    model::state::{AgentStatus, TaskStatus},
    op::{Check, CheckState},
};
use CheckState::{Failed, Passed, Warned};

/// First platform version of Linux on Fargate with ECS Exec.
const PLATFORM: [u32; 3] = [1, 4, 0];

/// Judges what was read.
pub(super) fn checks(plugin: &Plugin, place: &Place<'_>) -> Vec<Check> {
    let definition = place.service.task_definition.as_ref();
    // A task of another revision may have another role.
    let own = definition.filter(|d| d.name() == place.task.revision);
    let mut checks = vec![installed(plugin), running(place), enabled(place)];
    if place.task.exec_enabled {
        checks.push(agent(place));
    }
    checks.extend(platform(place));
    let what = "task role";
    checks.push(match own.map(|d| d.task_role.as_deref()) {
        None => check(what, Warned, "not known: the task is not of the newest revision"),
        Some(None) => check(what, Failed, "none: the agent in the container has no permissions without; roll out a revision with a task role"),
        Some(Some(role)) => check(what, Passed, role.rsplit('/').next().unwrap_or(role)),
    });
    let container = own.and_then(|d| d.containers.iter().find(|c| c.name == place.container.name));
    if container.is_some_and(|c| c.read_only) {
        checks.push(check(
            "writable root filesystem",
            Warned,
            "it can only be read: the agent has to write, and ECS Exec does not support it",
        ));
    }
    checks.push(check(
        "connection to Systems Manager",
        Warned,
        "not looked at: the task role has to allow ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and \
         OpenDataChannel, and private subnets need NAT or an endpoint of ssmmessages",
    ));
    checks
}

fn check(what: impl Into<String>, state: CheckState, found: impl Into<String>) -> Check {
    Check {
        what: what.into(),
        state,
        found: found.into(),
    }
}

fn installed(plugin: &Plugin) -> Check {
    let what = "session-manager-plugin";
    match plugin {
        Plugin::Needless => check(what, Passed, "not needed: the container is simulated"),
        Plugin::Missing => check(what, Failed, format!("not on PATH: install it, {INSTALL}")),
        Plugin::Found(version) if plugin.keeps_the_token() => check(what, Passed, version),
        Plugin::Found(version) => check(
            what,
            Failed,
            format!(
                "{}: up to {LAST_WITHOUT_VARIABLE} it takes the session's token on its command line, where every process of this machine \
                 sees it; install a newer one, {INSTALL}",
                if version.is_empty() {
                    "does not tell its version"
                } else {
                    version
                }
            ),
        ),
    }
}

fn running(place: &Place<'_>) -> Check {
    let task = place.task;
    match (&task.last_status, &place.container.runtime_id) {
        (TaskStatus::Running, Some(_)) => check("task is running", Passed, super::short(task)),
        (TaskStatus::Running, None) => check(
            "task is running",
            Failed,
            format!("container {} has not started: wait", place.container.name),
        ),
        (status, _) => check(
            "task is running",
            Failed,
            format!("it is {status}: wait, or choose another with --task"),
        ),
    }
}

/// Of the task and not of its service: what was switched on later does not reach it.
fn enabled(place: &Place<'_>) -> Check {
    let (what, service) = ("ECS Exec is on", &place.service.name);
    let remedy = format!(
        "`hydren exec {service} --enable` (in the console enable-exec) replaces the tasks by such that have it"
    );
    match (place.task.exec_enabled, place.service.exec_enabled) {
        (true, true) => check(what, Passed, "for the service and this task"),
        (true, false) => check(
            what,
            Warned,
            format!("for this task, but no longer for {service}: new tasks come without"),
        ),
        (false, true) => check(
            what,
            Failed,
            format!(
                "for {service}, but this task was started before: choose another with --task; {remedy}"
            ),
        ),
        (false, false) => check(what, Failed, format!("off: {remedy}")),
    }
}

fn agent(place: &Place<'_>) -> Check {
    let what = format!("{EXEC} in {}", place.container.name);
    match &place.container.exec_agent {
        Some(AgentStatus::Running) => check(what, Passed, "RUNNING"),
        Some(AgentStatus::Pending) => check(
            what,
            Failed,
            "PENDING: it starts after the container, wait a moment",
        ),
        Some(status) => check(
            what,
            Failed,
            format!(
                "{status}: it could not reach Systems Manager or was killed, for want of memory perhaps; stop the task, another starts"
            ),
        ),
        None => check(what, Warned, "not known: ECS tells none of this container"),
    }
}

/// Of Linux only: other systems have versions of their own.
fn platform(place: &Place<'_>) -> Option<Check> {
    let definition = place.service.task_definition.as_ref();
    if definition.is_some_and(|d| d.operating_system != "LINUX") {
        return None;
    }
    let what = "platform version 1.4.0 or newer";
    let version = place.task.platform_version.as_deref()?;
    let parts: Vec<u32> = version.split('.').filter_map(|p| p.parse().ok()).collect();
    Some(
        if parts.is_empty() || parts.as_slice() >= PLATFORM.as_slice() {
            check(what, Passed, version)
        } else {
            check(
                what,
                Failed,
                format!("{version}: ECS Exec needs a newer one; set LATEST and replace the tasks"),
            )
        },
    )
}
