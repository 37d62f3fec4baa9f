//! The load balancer: its state, its targets, the errors it makes or passes on, and how long answers take.

use super::{
    Part, Raised, Rule, Scene, certificate,
    scene::{Share, counted, fact},
};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        balancer::{Balancer, Target, TargetGroup, TargetState},
        finding::Figure,
        metric::{Metric, Unit},
        state::BalancerState,
    },
};
use std::collections::BTreeSet;

pub(super) const PART: Part = Part {
    tier: Tier::Alb,
    rules: &[
        Rule {
            name: "alb-state",
            check: state,
        },
        Rule {
            name: "alb-no-healthy-target",
            check: no_healthy_target,
        },
        Rule {
            name: "alb-balancer-5xx",
            check: balancer_errors,
        },
        Rule {
            name: "alb-target-5xx",
            check: target_errors,
        },
        Rule {
            name: "alb-unhealthy-targets",
            check: unhealthy_targets,
        },
        Rule {
            name: "alb-certificate",
            check: expiry,
        },
        Rule {
            name: "alb-slow",
            check: slow,
        },
    ],
    figures,
    judged_by: &[
        Metric::AlbRequests,
        Metric::AlbTarget5xx,
        Metric::AlbElb5xx,
        Metric::AlbP95,
    ],
    calm,
};

/// Percent of requests answered with 5xx that need attention. AWS recommends no alarm on ALB errors; one in a hundred is ours.
const WARN_5XX: f64 = 1.0;
/// Percent at which users are affected: AWS's starting point for target errors (ECS Service Connect: 5 % of `RequestCount`).
const CRITICAL_5XX: f64 = 5.0;
/// Errors in the judged periods below which a share says little. Ours.
const FEW_ERRORS: f64 = 5.0;
/// Seconds of p95 above which users wait. Ours: AWS leaves `TargetResponseTime` to the owner.
const SLOW_P95: f64 = 1.0;
/// What the balancer answers: `RequestCount` leaves out what was refused before a target was chosen, such as a 503 without targets.
const ANSWERED: [Metric; 2] = [Metric::AlbRequests, Metric::AlbElb5xx];

/// How a balancer is by its state.
pub(super) const fn standing(state: &BalancerState) -> Health {
    match state {
        BalancerState::Active => Health::Ok,
        BalancerState::Failed => Health::Critical,
        _ => Health::Warning,
    }
}

fn state(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(balancer) = scene
        .seen
        .balancer()
        .filter(|b| standing(&b.state) != Health::Ok)
    else {
        return Vec::new();
    };
    let advice = match balancer.state {
        BalancerState::Failed => {
            "the balancer could not be set up: read its state reason in the AWS console, then create it anew"
        }
        BalancerState::ActiveImpaired => {
            "it routes, but lacks the resources to scale: check the free addresses of its subnets"
        }
        _ => "wait until it is active; that takes some minutes",
    };
    vec![
        Raised::new(
            standing(&balancer.state),
            &balancer.name,
            balancer.state.word().replace('_', " "),
            format!("the balancer {} is {}", balancer.name, balancer.state),
        )
        .advise(advice),
    ]
}

/// Target groups that a listener sends requests to, as indices into `target_groups`. A group whose weight is 0 gets none, such as
/// the waiting one of a blue/green deployment. When no listener could be read, every group counts.
fn in_use(balancer: &Balancer) -> BTreeSet<&str> {
    let forwards = || {
        let rules = balancer.listeners.iter().flat_map(|l| &l.rules);
        rules.flat_map(|r| &r.forwards_to)
    };
    if forwards().next().is_none() {
        return balancer
            .target_groups
            .iter()
            .map(|g| g.arn.as_str())
            .collect();
    }
    forwards()
        .filter(|(_, weight)| *weight > 0)
        .map(|(arn, _)| arn.as_str())
        .collect()
}

/// The groups in use whose targets are known.
fn serving(balancer: &Balancer) -> impl Iterator<Item = &TargetGroup> {
    let used = in_use(balancer);
    balancer
        .target_groups
        .iter()
        .filter(move |g| g.targets_error.is_none() && used.contains(g.arn.as_str()))
}

/// How a group is by its targets. One whose health checks are off, that no listener uses or that was not read is neither well nor
/// unwell.
pub(super) fn group(balancer: &Balancer, group: &TargetGroup) -> Health {
    if group.targets_error.is_some() || !in_use(balancer).contains(group.arn.as_str()) {
        return Health::Unknown;
    }
    let unchecked = group.count(TargetState::Unavailable);
    match (
        group.count(TargetState::Healthy),
        group.count(TargetState::Unhealthy),
    ) {
        (0, _) if unchecked > 0 => Health::Unknown,
        (0, _) => Health::Critical,
        (_, 0) => Health::Ok,
        _ => Health::Warning,
    }
}

/// How a target is: one that fails while others serve takes nobody down.
pub(super) fn target(group: &TargetGroup, target: &Target) -> Health {
    match target.state {
        TargetState::Healthy => Health::Ok,
        TargetState::Unhealthy | TargetState::UnhealthyDraining
            if group.count(TargetState::Healthy) == 0 =>
        {
            Health::Critical
        }
        TargetState::Unhealthy | TargetState::UnhealthyDraining => Health::Warning,
        _ => Health::Unknown,
    }
}

/// A group in use without a healthy target: the balancer answers 503, or sends requests to unhealthy targets. A group whose health
/// checks are off has no unhealthy targets either.
fn no_healthy_target(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(balancer) = scene.seen.balancer() else {
        return Vec::new();
    };
    serving(balancer)
        .filter(|g| self::group(balancer, g) == Health::Critical)
        .map(|group| {
            let title = if group.targets.is_empty() {
                format!("the target group {} has no target", group.name)
            } else {
                format!("no target of {} is healthy", group.name)
            };
            let reason = format!("0/{} healthy", group.targets.len());
            Raised::new(Health::Critical, &group.name, reason, title)
                .because(failures(group))
                .advise("look at the service behind it: are its tasks running, and does the health check's path answer?")
        })
        .collect()
}

/// Targets that fail while others serve.
fn unhealthy_targets(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(balancer) = scene.seen.balancer() else {
        return Vec::new();
    };
    serving(balancer)
        .filter(|g| self::group(balancer, g) == Health::Warning)
        .map(|group| {
            let failing = group.count(TargetState::Unhealthy);
            let healthy = group.count(TargetState::Healthy);
            Raised::new(
                Health::Warning,
                &group.name,
                format!("{healthy}/{} healthy", healthy + failing),
                format!("{} of {} unhealthy", format::count(failing, "target"), group.name),
            )
            .because(failures(group))
            .advise("compare the health check (path, codes, port) with what the application logs for that path")
        })
        .collect()
}

/// Why targets fail: one line a reason, the most frequent first.
fn failures(group: &TargetGroup) -> Vec<String> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for target in &group.targets {
        if matches!(target.state, TargetState::Healthy | TargetState::Draining) {
            continue;
        }
        let why = match (&target.reason, &target.description) {
            (Some(reason), Some(words)) => format!("{reason}: {words}"),
            (Some(text), None) | (None, Some(text)) => text.clone(),
            (None, None) => target.state.word().to_owned(),
        };
        match lines.iter_mut().find(|(_, line)| *line == why) {
            Some((count, _)) => *count += 1,
            None => lines.push((1, why)),
        }
    }
    lines.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let check = &group.health_check;
    lines
        .into_iter()
        .map(|(count, why)| format!("{}: {why}", format::count(count, "target")))
        .chain((!check.path.is_empty()).then(|| {
            format!(
                "health check {} {} every {} s, expects {}",
                check.protocol, check.path, check.interval, check.matcher
            )
        }))
        .collect()
}

fn severity(share: &Share) -> Option<Health> {
    if share.part < FEW_ERRORS {
        None
    } else if share.recent.most(|v| v >= CRITICAL_5XX) {
        Some(Health::Critical)
    } else {
        share
            .recent
            .most(|v| v >= WARN_5XX)
            .then_some(Health::Warning)
    }
}

fn errors(scene: &Scene<'_>, metric: Metric, what: &str, advice: &str) -> Vec<Raised> {
    let share = scene.share(metric, &ANSWERED);
    let Some(severity) = severity(&share) else {
        return Vec::new();
    };
    let percent = format::value(share.percent(), Unit::Percent);
    vec![
        Raised::new(
            severity,
            scene.seen.balancer().map_or("balancer", |b| &b.name),
            format!("5xx {percent}"),
            format!("{percent} of requests end in a 5xx {what}"),
        )
        .because([
            format!(
                "{} of {} requests in the newest minutes",
                format::compact(share.part),
                format::compact(share.whole)
            ),
            format!(
                "p95 {}",
                format::value(scene.recent(Metric::AlbP95).latest(), Unit::Seconds)
            ),
        ])
        .advise(advice),
    ]
}

fn balancer_errors(scene: &Scene<'_>) -> Vec<Raised> {
    errors(
        scene,
        Metric::AlbElb5xx,
        "that the balancer makes",
        "the balancer got no usable answer. 503: no target registered; 502: the target closed the connection (keep-alive shorter than the idle timeout, a crash); 504: it did not answer in time",
    )
}

fn target_errors(scene: &Scene<'_>) -> Vec<Raised> {
    errors(
        scene,
        Metric::AlbTarget5xx,
        "from the application",
        "read the application's errors in the logs, then the database's connections and load",
    )
}

fn slow(scene: &Scene<'_>) -> Vec<Raised> {
    let p95 = scene.recent(Metric::AlbP95);
    if !p95.most(|v| v > SLOW_P95) {
        return Vec::new();
    }
    let time = format::value(p95.mean(), Unit::Seconds);
    vec![
        Raised::new(
            Health::Warning,
            scene.seen.balancer().map_or("balancer", |b| &b.name),
            format!("p95 {time}"),
            format!("one request in twenty takes longer than {time}"),
        )
        .because([
            format!("p50 {}", format::value(scene.recent(Metric::AlbP50).latest(), Unit::Seconds)),
            format!("{} requests a minute", format::compact(scene.per_minute(Metric::AlbRequests))),
        ])
        .advise("high CPU on the services: scale them; low CPU: look at the database's load and latency"),
    ]
}

fn expiry(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(balancer) = scene.seen.balancer() else {
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    balancer
        .listeners
        .iter()
        .flat_map(|l| &l.certificates)
        .filter(|c| seen.insert(&c.arn))
        .filter_map(|c| certificate::check(scene, c))
        .collect()
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let balancer = scene.seen.balancer();
    let count = |state| balancer.map(|b| serving(b).map(|g| g.count(state)).sum::<usize>());
    #[allow(clippy::cast_precision_loss, reason = "days of a certificate")]
    let days = balancer.and_then(|b| {
        let certificates = b.listeners.iter().flat_map(|l| &l.certificates);
        certificates
            .filter_map(|c| certificate::days_left(scene, c))
            .min()
            .map(|d| d as f64)
    });
    vec![
        scene.rate("requests_per_minute", "req/min", Metric::AlbRequests),
        scene.figure(Metric::AlbP95),
        scene.figure(Metric::AlbP50),
        scene.figure(Metric::AlbP99),
        scene.rate(
            "target_5xx_per_minute",
            "target 5xx/min",
            Metric::AlbTarget5xx,
        ),
        scene.rate(
            "target_4xx_per_minute",
            "target 4xx/min",
            Metric::AlbTarget4xx,
        ),
        scene.rate(
            "balancer_5xx_per_minute",
            "balancer 5xx/min",
            Metric::AlbElb5xx,
        ),
        scene.rate(
            "balancer_4xx_per_minute",
            "balancer 4xx/min",
            Metric::AlbElb4xx,
        ),
        counted("healthy_targets", "healthy", count(TargetState::Healthy)),
        counted(
            "unhealthy_targets",
            "unhealthy",
            count(TargetState::Unhealthy),
        ),
        scene.rate(
            "rejected_connections_per_minute",
            "rejected/min",
            Metric::AlbRejectedConnections,
        ),
        scene.figure(Metric::AlbConsumedLcus),
        fact("certificate_days", "certificate", Unit::Days, days),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let balancer = scene.seen.balancer()?;
    let used = in_use(balancer);
    let unreadable = |g: &&TargetGroup| g.targets_error.is_some() && used.contains(g.arn.as_str());
    if balancer.target_groups.iter().any(|g| unreadable(&g)) {
        return Some(Verdict::new(Health::Unknown, "targets not readable"));
    }
    let (healthy, all) = serving(balancer).fold((0, 0), |(healthy, all), g| {
        (
            healthy + g.count(TargetState::Healthy),
            all + g.targets.len(),
        )
    });
    let text = match scene.recent(Metric::AlbP95).latest() {
        Some(p95) => format!("p95 {}", format::value(p95, Unit::Seconds)),
        None if all > 0 => format!("{healthy}/{all} healthy"),
        None => "active".to_owned(),
    };
    Some(Verdict::new(Health::Ok, text))
}
