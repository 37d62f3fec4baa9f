//! ECS: services short of tasks, tasks that fail, rollouts that fail, and services at their limits.

use super::{
    Part, Raised, Rule, Scene, rollouts,
    scene::{counted, fact},
    stops::{Failure, has},
};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        compute::{Autoscaling, ScalingPolicy, Service, Task},
        finding::Figure,
        metric::{Metric, Unit},
        state::ServiceStatus,
    },
};
use std::collections::BTreeMap;

pub(super) const PART: Part = Part {
    tier: Tier::Ecs,
    rules: &[
        Rule {
            name: "ecs-below-desired",
            check: below_desired,
        },
        Rule {
            name: "ecs-service-inactive",
            check: inactive,
        },
        Rule {
            name: "ecs-tasks-failing",
            check: tasks_failing,
        },
        Rule {
            name: "ecs-rollout-failed",
            check: rollouts::failed,
        },
        Rule {
            name: "ecs-rollout-paused",
            check: rollouts::paused,
        },
        Rule {
            name: "ecs-at-maximum",
            check: at_maximum,
        },
        Rule {
            name: "ecs-memory",
            check: memory,
        },
    ],
    figures,
    judged_by: &[Metric::EcsCpu, Metric::EcsMemory],
    calm,
};

/// Seconds in which a failed task counts. Ours: ECS keeps stopped tasks about an hour, half of it is "now".
const STOPPED_LATELY: i64 = 30 * 60;
/// Failed tasks that make a loop, when the service is also short of tasks: the circuit breaker's lowest threshold is 3.
const LOOP: usize = 3;
/// Percent of reserved memory at which the next request may kill the task. AWS recommends to alarm at 80 (5 of 5); a steady 80 is
/// usual for workers that keep their heap, so that the finding waits for 90.
const MEMORY: f64 = 90.0;

fn services<'a>(scene: &Scene<'a>) -> &'a [Service] {
    scene.seen.compute().map_or(&[], |c| c.services.as_slice())
}

/// How bad it is that fewer tasks run than are wanted: not at all while a young deployment explains it. A service without any task
/// serves nobody, whatever explains it.
fn shortage(scene: &Scene<'_>, service: &Service) -> Health {
    match service.running {
        running if running >= service.desired => Health::Ok,
        0 if rollouts::is_first(scene, service) => Health::Warning,
        0 => Health::Critical,
        _ if rollouts::is_young(scene, service) => Health::Ok,
        running if running * 2 < service.desired => Health::Critical,
        _ => Health::Warning,
    }
}

fn of_status(status: &ServiceStatus) -> Health {
    match status {
        ServiceStatus::Active => Health::Ok,
        ServiceStatus::Draining => Health::Warning,
        _ => Health::Critical,
    }
}

/// How a service is by its status and its tasks.
pub(super) fn standing(scene: &Scene<'_>, service: &Service) -> Health {
    of_status(&service.status).max(shortage(scene, service))
}

fn below_desired(scene: &Scene<'_>) -> Vec<Raised> {
    services(scene)
        .iter()
        .map(|service| (service, shortage(scene, service)))
        .filter(|(_, severity)| *severity != Health::Ok)
        .map(|(service, severity)| {
            let complaint = service
                .events
                .iter()
                .filter(|e| scene.within(e.at, STOPPED_LATELY))
                .find(|e| has(&e.message, "unable to") || has(&e.message, "throttled"));
            Raised::new(
                severity,
                &service.name,
                format!("{}/{} running", service.running, service.desired),
                format!(
                    "{} runs {}, {} pending",
                    service.name,
                    format::tasks(service.running, service.desired),
                    service.pending
                ),
            )
            .because(complaint.map(|e| e.message.clone()))
            .because(
                service
                    .tasks
                    .is_empty()
                    .then(|| "no task is known to be on its way".to_owned()),
            )
            .advise(if complaint.is_some() {
                "the service's newest message says why: quota, capacity, rights or network"
            } else {
                "look at the newest stopped task; if there is none, at the service's messages"
            })
        })
        .collect()
}

fn inactive(scene: &Scene<'_>) -> Vec<Raised> {
    services(scene)
        .iter()
        .filter(|s| of_status(&s.status) != Health::Ok)
        .map(|service| {
            Raised::new(
                of_status(&service.status),
                &service.name,
                format!("service {}", service.status.word().to_lowercase()),
                format!("the service {} is {}", service.name, service.status),
            )
            .advise("it was deleted or is being deleted: create it again, or take it out of hydren.toml")
        })
        .collect()
}

/// Tasks that failed lately, one finding a service and cause.
fn tasks_failing(scene: &Scene<'_>) -> Vec<Raised> {
    let mut raised = Vec::new();
    for service in services(scene) {
        let mut groups: BTreeMap<Failure, Vec<&Task>> = BTreeMap::new();
        for task in &service.stopped {
            if scene.within(task.stopped_at, STOPPED_LATELY)
                && let Some(failure) = Failure::of(task)
            {
                groups.entry(failure).or_default().push(task);
            }
        }
        raised.extend(
            groups
                .into_iter()
                .map(|(failure, tasks)| failing(scene, service, failure, &tasks)),
        );
    }
    raised
}

fn failing(scene: &Scene<'_>, service: &Service, failure: Failure, tasks: &[&Task]) -> Raised {
    let severity = if tasks.len() >= LOOP && service.running < service.desired {
        Health::Critical
    } else {
        Health::Warning
    };
    let newest = tasks.iter().max_by_key(|t| (t.stopped_at, &t.id));
    let oldest = tasks.iter().filter_map(|t| t.stopped_at).min();
    let words = newest.and_then(|t| t.stopped_reason.clone());
    let container = newest.and_then(|t| {
        let c = t.containers.iter().find(|c| c.exit_code != Some(0))?;
        match (c.exit_code, &c.reason) {
            (Some(code), Some(reason)) => Some(format!("{} exit {code}: {reason}", c.name)),
            (Some(code), None) => Some(format!("{} exit {code}", c.name)),
            (None, Some(reason)) => Some(format!("{}: {reason}", c.name)),
            (None, None) => None,
        }
    });
    let revision = newest.map(|t| {
        format!(
            "newest: {} of {}, {} ago",
            t.id,
            t.revision,
            format::age(t.stopped_at.map(|at| scene.since(at)))
        )
    });
    let since = oldest.map_or(0, |at| scene.since(at));
    Raised::new(
        severity,
        &service.name,
        failure.words(),
        format!(
            "{} of {} failed in the last {}: {}",
            format::count(tasks.len(), "task"),
            service.name,
            format::duration((since / 60 + 1) * 60),
            failure.words()
        ),
    )
    .because(words)
    .because(container)
    .because(revision)
    .advise(failure.advice())
}

/// Autoscaling wants more tasks than it may start: it is at its maximum and the metric that it tracks stays above the target.
fn at_maximum(scene: &Scene<'_>) -> Vec<Raised> {
    services(scene)
        .iter()
        .filter_map(|service| {
            let scaling = service.autoscaling.as_ref()?;
            if service.desired < scaling.max {
                return None;
            }
            let (policy, target, value) = scaling
                .policies
                .iter()
                .find_map(|policy| above_target(scene, service, policy))?;
            Some(
                Raised::new(
                    Health::Warning,
                    &service.name,
                    format!("at max {}, {} {:.0} %", scaling.max, policy, value),
                    format!(
                        "{} is at its maximum of {} and wants more",
                        service.name,
                        format::count(scaling.max, "task")
                    ),
                )
                .because([format!(
                    "{policy} {}, its target is {}",
                    format::value(value, Unit::Percent),
                    format::value(target, Unit::Percent)
                )])
                .because(refusal(scene, scaling))
                .advise("raise the maximum, or the task's size; first make sure that the database is not the bottleneck, more tasks would make it worse"),
            )
        })
        .collect()
}

/// The metric, target and value of a target-tracking policy whose metric stays above its target.
fn above_target(
    scene: &Scene<'_>,
    service: &Service,
    policy: &ScalingPolicy,
) -> Option<(&'static str, f64, f64)> {
    let (word, metric) = match policy.metric.as_deref()? {
        "ECSServiceAverageCPUUtilization" => ("cpu", Metric::EcsCpu),
        "ECSServiceAverageMemoryUtilization" => ("memory", Metric::EcsMemory),
        _ => return None,
    };
    let target = policy.target?;
    let recent = scene.recent_of(metric, &service.name);
    recent
        .most(|v| v > target)
        .then(|| recent.mean())
        .flatten()
        .map(|value| (word, target, value))
}

fn refusal(scene: &Scene<'_>, scaling: &Autoscaling) -> Option<String> {
    let refused = scaling.activities.iter().find(|a| {
        scene.within(a.at, STOPPED_LATELY)
            && a.not_scaled_reasons
                .iter()
                .any(|r| r == "AlreadyAtMaxCapacity")
    })?;
    let ago = refused.at.map(|at| scene.since(at));
    Some(format!(
        "not scaled {} ago: AlreadyAtMaxCapacity",
        format::age(ago)
    ))
}

fn memory(scene: &Scene<'_>) -> Vec<Raised> {
    services(scene)
        .iter()
        .filter_map(|service| {
            let recent = scene.recent_of(Metric::EcsMemory, &service.name);
            if !recent.all(|v| v > MEMORY) {
                return None;
            }
            let share = format::value(recent.mean(), Unit::Percent);
            Some(
                Raised::new(
                    Health::Warning,
                    &service.name,
                    format!("memory {share}"),
                    format!("{} uses {share} of its memory", service.name),
                )
                .because(service.task_definition.as_ref().map(|d| {
                    format!(
                        "{} has {} MiB; AWS recommends an alarm at 80 %",
                        d.name(),
                        d.memory
                    )
                }))
                .advise("give the task more memory, or limit heap and workers: at 100 % its container is killed"),
            )
        })
        .collect()
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let compute = scene.seen.compute();
    let tasks = |of: fn(&Service) -> i32| {
        compute.map(|c| f64::from(c.services.iter().map(of).sum::<i32>()))
    };
    let names = services(scene).iter().map(|s| s.name.as_str());
    let failed = compute.map(|c| {
        let stopped = c.services.iter().flat_map(|s| &s.stopped);
        stopped
            .filter(|t| scene.within(t.stopped_at, STOPPED_LATELY) && Failure::of(t).is_some())
            .count()
    });
    vec![
        fact(
            "tasks_running",
            "running",
            Unit::Gauge,
            tasks(|s| s.running),
        ),
        fact(
            "tasks_desired",
            "desired",
            Unit::Gauge,
            tasks(|s| s.desired),
        ),
        fact(
            "tasks_pending",
            "pending",
            Unit::Gauge,
            tasks(|s| s.pending),
        ),
        scene.over("cpu_highest", Metric::EcsCpu, names.clone(), f64::max),
        scene.over("memory_highest", Metric::EcsMemory, names, f64::max),
        counted("tasks_failed", "failed", failed),
        counted("services", "services", compute.map(|c| c.services.len())),
        counted(
            "rollouts_in_progress",
            "rollouts",
            compute.map(|c| {
                c.services
                    .iter()
                    .filter(|s| {
                        s.rollouts
                            .first()
                            .is_some_and(crate::model::compute::Rollout::in_progress)
                    })
                    .count()
            }),
        ),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let compute = scene.seen.compute()?;
    if compute.services.is_empty() {
        return Some(Verdict::new(Health::Unknown, "no services"));
    }
    let (running, desired) = compute
        .services
        .iter()
        .fold((0, 0), |(running, desired), s| {
            (running + s.running, desired + s.desired)
        });
    let text = format!("{running}/{desired} running");
    Some(Verdict::new(Health::Ok, text))
}
