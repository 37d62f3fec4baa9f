//! The laws of the world, seen at its parts' snapshots and recorded metrics.

use super::{
    super::{
        alarms, autoscaling, balancer, compute, database,
        edge::Edge,
        names,
        scenario::{Conditions, Scenario},
        traffic::Traffic,
        waf::WebAcl,
        world::{EPOCH, STEP, World, moment},
    },
    backend, backend_cpu, calm, crowded, mean, minutes, values,
};
use crate::cloud::call::{ScalableTarget, ScaledService, Scaling, ScalingCall, TrackingPolicy};
use crate::model::{
    alarm::AlarmState,
    balancer::TargetState,
    metric::Metric,
    state::{RolloutStatus, ScalingStatus, StopCode, TaskStatus},
};

/// Moments and new counts of the scaling activities that scaled, oldest first.
fn scalings(world: &World) -> Vec<(i64, u32)> {
    let activities = autoscaling::describe(world, names::BACKEND)
        .unwrap()
        .activities;
    let count = |text: &str| {
        let digits = text.trim_start_matches("Setting desired count to ");
        digits.trim_end_matches('.').parse().ok()
    };
    activities
        .iter()
        .rev()
        .filter_map(|a| Some((a.at?.as_second(), count(&a.description)?)))
        .collect()
}

#[test]
fn the_same_seed_makes_the_same_world_however_time_is_cut() {
    let mut at_once = World::new(11, Scenario::Calm);
    at_once.advance(EPOCH + minutes(45));
    let mut in_steps = World::new(11, Scenario::Calm);
    let mut now = EPOCH - 90_000;
    while now < EPOCH + minutes(45) {
        in_steps.advance(now);
        now += 997;
    }
    in_steps.advance(EPOCH + minutes(45));
    let describe = |world: &World| {
        let compute = serde_json::to_string(&compute::snapshot(world)).unwrap();
        let alarms = serde_json::to_string(&alarms::snapshot(world)).unwrap();
        let cpu = values(world, Metric::EcsCpu, Some("backend"), 10_000);
        (compute, alarms, format!("{cpu:?}"))
    };
    assert_eq!(describe(&at_once), describe(&in_steps));
}

#[test]
fn another_seed_makes_another_world() {
    let requests = |seed| values(&calm(seed), Metric::CdnRequests, None, 30);
    assert_ne!(requests(1), requests(2));
}

#[test]
fn an_ordinary_afternoon_looks_as_described() {
    for seed in [4, 7, 11] {
        let mut world = calm(seed);
        world.advance(EPOCH + minutes(40));
        let of = |metric, subject| mean(&values(&world, metric, subject, 20));
        let within = |what: &str, value: f64, low: f64, high: f64| {
            assert!(
                (low..=high).contains(&value),
                "seed {seed}: {what} is {value}"
            );
        };
        within(
            "requests/min",
            of(Metric::CdnRequests, None),
            1_200.0,
            3_600.0,
        );
        within("hit ratio", of(Metric::CdnCacheHitRate, None), 90.0, 98.0);
        within("p95", of(Metric::AlbP95, None), 0.1, 0.45);
        within("backend CPU", backend_cpu(&world, 20), 38.0, 68.0);
        within("database CPU", of(Metric::RdsCpu, None), 20.0, 45.0);
        within("tasks", of(Metric::EcsLiveTasks, Some("backend")), 2.0, 4.0);
        within("5xx share", of(Metric::Cdn5xxRate, None), 0.0, 0.2);
        within("4xx share", of(Metric::Cdn4xxRate, None), 0.1, 3.0);
        within("blocked/min", of(Metric::WafBlocked, None), 1.0, 60.0);
    }
}

#[test]
fn a_calm_week_raises_no_alarm_that_is_an_incident() {
    for seed in [1, 4, 7] {
        let mut world = calm(seed);
        world.advance(EPOCH + 6 * 3_600);
        let alarms = alarms::snapshot(&world);
        let firing: Vec<_> = alarms
            .alarms
            .iter()
            .filter(|a| a.state == AlarmState::Alarm && !a.owned_by_autoscaling)
            .map(|a| &a.name)
            .collect();
        assert!(firing.is_empty(), "seed {seed}: {firing:?}");
        assert!(
            !alarms.history.iter().any(|t| t.alarm == "hydren-alb-5xx"),
            "seed {seed}"
        );
    }
}

#[test]
fn more_visitors_mean_more_cpu_and_slower_answers_until_more_tasks_help() {
    let mut quiet = crowded(4, 0, 1.0);
    let mut busy = crowded(4, 0, 1.3);
    quiet.advance(EPOCH + minutes(2));
    busy.advance(EPOCH + minutes(2));
    let p95 = |world: &World| mean(&values(world, Metric::AlbP95, None, 2));
    assert!(backend_cpu(&busy, 2) > backend_cpu(&quiet, 2) + 8.0);
    assert!(p95(&busy) > p95(&quiet) * 1.1);
    let worst = backend_cpu(&busy, 2);
    busy.advance(EPOCH + minutes(15));
    assert!(backend_cpu(&busy, 5) < worst);
}

#[test]
fn target_tracking_brings_the_cpu_back_below_its_target() {
    let mut world = crowded(7, 0, 1.5);
    let before = backend(&world).desired;
    world.advance(EPOCH + minutes(25));
    assert!(backend(&world).desired > before);
    let cpu = backend_cpu(&world, 8);
    assert!((36.0..62.0).contains(&cpu), "mean CPU is {cpu}");
}

#[test]
fn target_tracking_stops_at_its_maximum_and_says_so() {
    let mut world = crowded(7, 0, 4.0);
    world.advance(EPOCH + minutes(20));
    let service = backend(&world);
    assert_eq!((service.desired, service.running), (6, 6));
    let activities = service.autoscaling.unwrap().activities;
    assert!(
        activities.iter().any(|a| a.status == ScalingStatus::Failed
            && a.not_scaled_reasons == ["AlreadyAtMaxCapacity"])
    );
}

#[test]
fn target_tracking_stops_at_its_minimum() {
    let mut world = crowded(7, 0, 0.0);
    world.advance(EPOCH + minutes(60));
    let service = backend(&world);
    assert_eq!((service.desired, service.running), (1, 1));
}

#[test]
fn scaling_keeps_its_cooldowns() {
    let mut world = crowded(7, 0, 2.2);
    world.advance(EPOCH + 5 * 3_600);
    let scalings = scalings(&world);
    assert!(scalings.len() > 3, "{scalings:?}");
    for pair in scalings.windows(2) {
        let [(before, from), (after, to)] = pair else {
            continue;
        };
        let rest = if to > from {
            // Out after in need not wait.
            0
        } else {
            autoscaling::IN_COOLDOWN.into()
        };
        assert!(after - before >= rest, "{pair:?}");
    }
    let outs: Vec<_> = scalings
        .windows(2)
        .filter(|pair| pair[1].1 > pair[0].1)
        .map(|pair| pair[1].0)
        .collect();
    for pair in outs.windows(2) {
        assert!(
            pair[1] - pair[0] >= autoscaling::OUT_COOLDOWN.into(),
            "{pair:?}"
        );
    }
}

#[test]
fn requests_are_conserved_from_the_edge_to_the_answers() {
    let mut world = crowded(3, 0, 2.0);
    world.advance(EPOCH + minutes(30));
    let of = |metric, subject| values(&world, metric, subject, 500);
    let edge = of(Metric::CdnRequests, None);
    let (allowed, blocked) = (of(Metric::WafAllowed, None), of(Metric::WafBlocked, None));
    let alb = of(Metric::AlbRequests, None);
    let group = |group| of(Metric::AlbRequests, Some(group));
    let (front, back) = (group(names::FRONTEND_GROUP), group(names::BACKEND_GROUP));
    for minute in 0..edge.len() {
        // Each is a count of whole requests, so that equality is exact.
        assert_eq!(edge[minute], allowed[minute] + blocked[minute]);
        assert_eq!(alb[minute], front[minute] + back[minute]);
        assert!(alb[minute] < allowed[minute], "the cache answers some");
    }
}

#[test]
fn what_the_cache_does_not_answer_reaches_the_origin() {
    let (mut traffic, mut waf, mut edge) = (Traffic::new(5), WebAcl::new(5), Edge::new(5));
    for step in 0..2_000 {
        let at = EPOCH + step * STEP;
        let arrivals = traffic.step(at, STEP as f64, &Conditions::default());
        let inspection = waf.inspect(&arrivals);
        let routed = edge.route(&arrivals, &inspection, at, STEP as f64);
        let origin = routed.to_frontend + routed.for_backend();
        assert_eq!(arrivals.total(), routed.requests);
        assert_eq!(routed.requests, inspection.allowed + inspection.blocked());
        assert_eq!(inspection.allowed, routed.hits + origin);
    }
}

#[test]
fn alarms_fire_exactly_when_their_datapoints_say_so() {
    let mut world = crowded(7, 0, 5.0);
    world.advance(EPOCH + minutes(20));
    // 3 of the last 5 minutes above 1.5 s, counted anew from the recorded minutes.
    let p95 = values(&world, Metric::AlbP95, Some(names::BACKEND_GROUP), 200);
    let bad: Vec<bool> = p95.iter().map(|value| *value > 1.5).collect();
    let fires = bad
        .windows(5)
        .position(|five| five.iter().filter(|bad| **bad).count() >= 3)
        .expect("so many visitors slow the backend down");
    let expected = world.at - minutes(bad.len() as i64 - (fires as i64 + 5));
    let alarms = alarms::snapshot(&world);
    let transition = alarms
        .history
        .iter()
        .filter(|t| t.alarm == "hydren-backend-latency" && t.to == Some(AlarmState::Alarm))
        .min_by_key(|t| t.at)
        .unwrap();
    assert_eq!(transition.at, Some(moment(expected)));
    let alarm = &alarms.alarms[0];
    assert_eq!(alarm.state, AlarmState::Alarm, "firing alarms come first");
}

#[test]
fn overload_ends_in_errors_of_the_balancer_and_passes_through_the_edge() {
    let mut world = crowded(7, 0, 12.0);
    world.advance(EPOCH + minutes(10));
    assert!(mean(&values(&world, Metric::AlbElb5xx, None, 5)) > 100.0);
    assert!(mean(&values(&world, Metric::Cdn5xxRate, None, 5)) > 5.0);
    assert!(mean(&values(&world, Metric::AlbP95, None, 5)) > 5.0);
}

#[test]
fn a_stopped_task_is_replaced_and_the_service_becomes_steady_again() {
    let mut world = calm(9);
    let before = backend(&world);
    let victim = before.tasks[0].id.clone();
    let service = world.compute.service_mut("hydren", "backend").unwrap();
    service.stop_task(&victim, "drill", EPOCH).unwrap();
    world.advance(EPOCH + 20);
    let during = backend(&world);
    let draining = during.tasks.iter().find(|task| task.id == victim).unwrap();
    assert_eq!(draining.desired_status, "STOPPED");
    world.advance(EPOCH + minutes(4));
    let after = backend(&world);
    assert_eq!(after.running, after.desired);
    assert!(after.tasks.iter().all(|task| task.id != victim));
    let stopped = after.stopped.iter().find(|task| task.id == victim).unwrap();
    assert_eq!(stopped.stop_code, Some(StopCode::UserInitiated));
    assert_eq!(stopped.stopped_reason.as_deref(), Some("drill"));
    assert_eq!(stopped.last_status, TaskStatus::Stopped);
    assert!(
        after.events[0]
            .message
            .ends_with("has reached a steady state.")
    );
    // ECS forgets a stopped task after about an hour.
    world.advance(EPOCH + minutes(70));
    assert!(backend(&world).stopped.iter().all(|task| task.id != victim));
}

#[test]
fn a_restart_replaces_every_task_without_ever_serving_with_fewer() {
    let mut world = calm(9);
    let desired = world.compute.backend.desired as usize;
    let old: Vec<_> = backend(&world).tasks.iter().map(|t| t.id.clone()).collect();
    let deployment = world.compute.backend.restart(EPOCH);
    let mut seen_initial = false;
    while world.compute.backend.deploying() {
        assert!(world.at < EPOCH + minutes(10), "the deployment never ends");
        let next = world.at + STEP;
        world.advance(next);
        let serving = world.compute.backend.serving(world.at);
        assert!(
            serving >= desired,
            "{serving} of {desired} at {}",
            moment(world.at)
        );
        let service = backend(&world);
        let wanted = service
            .tasks
            .iter()
            .filter(|task| task.desired_status == "RUNNING");
        assert!(
            wanted.count() <= 2 * service.desired as usize,
            "maximum 200 %"
        );
        let balancer = balancer::snapshot(&world);
        let group = &balancer.target_groups[0];
        seen_initial |= group.count(TargetState::Initial) > 0;
    }
    world.advance(world.at + minutes(2));
    let service = backend(&world);
    assert!(seen_initial, "new targets are checked before they serve");
    assert!(service.tasks.iter().all(|task| !old.contains(&task.id)));
    assert!(
        service
            .tasks
            .iter()
            .all(|task| task.started_by.as_ref() == Some(&deployment))
    );
    assert_eq!(service.deployments.len(), 1);
    assert_eq!(service.rollouts[0].status, RolloutStatus::Successful);
    let completed = format!("(service backend) (deployment {deployment}) deployment completed.");
    assert!(
        service
            .events
            .iter()
            .any(|event| event.message == completed)
    );
}

#[test]
fn releases_of_the_week_before_are_rolled_out_in_the_past() {
    let service = backend(&calm(4));
    let revisions: Vec<_> = service
        .rollouts
        .iter()
        .map(|r| (r.target.clone().unwrap(), r.status.word()))
        .collect();
    let expected = ["backend:42", "backend:41", "backend:40"];
    assert_eq!(revisions.len(), expected.len());
    for ((revision, status), expected) in revisions.iter().zip(expected) {
        assert_eq!((revision.as_str(), *status), (expected, "SUCCESSFUL"));
    }
    assert_eq!(service.task_definition.unwrap().revision, 42);
}

#[test]
fn the_database_is_backed_up_every_night_and_keeps_a_week() {
    let world = calm(4);
    let database = database::snapshot(&world);
    let automated: Vec<_> = database
        .snapshots
        .iter()
        .filter(|snapshot| snapshot.kind == "automated")
        .map(|snapshot| snapshot.id.as_str())
        .collect();
    assert_eq!(automated.len(), 7);
    assert_eq!(automated[0], "rds:hydren-db-2026-11-18-03-11");
    assert_eq!(database.events[0].message, "Finished DB Instance backup");
}

/// The backend's autoscaling is told something, at the end of the minute that the world is in.
fn told(world: &mut World, target: Option<ScalableTarget>, percent: Option<&str>) {
    let scaled = ScaledService {
        cluster: names::CLUSTER.to_owned(),
        service: names::BACKEND.to_owned(),
    };
    let known = backend(world).autoscaling.unwrap().policies;
    let policy = percent.map(|percent| TrackingPolicy {
        target: percent.parse().unwrap(),
        ..TrackingPolicy::of(&known[0]).unwrap()
    });
    let register = target.map(|target| ScalingCall::RegisterTarget {
        scaled: scaled.clone(),
        target,
    });
    let put = policy.map(|policy| ScalingCall::PutPolicy { scaled, policy });
    for call in register.into_iter().chain(put) {
        autoscaling::execute(world, &call).unwrap();
    }
}

fn target(min: i32, max: i32, suspended: &[Scaling]) -> ScalableTarget {
    ScalableTarget {
        min,
        max,
        suspended: suspended.iter().copied().collect(),
    }
}

#[test]
fn a_lower_target_brings_more_tasks_and_its_alarms_follow_it() {
    let mut world = calm(4);
    let before = backend(&world).desired;
    told(&mut world, None, Some("25"));
    let alarms = alarms::snapshot(&world).alarms;
    let conditions = alarms.iter().filter(|a| a.owned_by_autoscaling);
    let conditions: Vec<&str> = conditions.map(|a| a.condition.as_str()).collect();
    assert!(
        conditions.iter().any(|c| c.contains("> 25 ")),
        "{conditions:?}"
    );
    assert!(
        conditions.iter().any(|c| c.contains("< 22.5 ")),
        "{conditions:?}"
    );
    world.advance(EPOCH + minutes(10));
    let after = backend(&world);
    assert!(after.desired > before, "{} tasks", after.desired);
    let cause = &after.autoscaling.unwrap().activities[0].cause;
    assert!(cause.contains("AlarmHigh") && cause.ends_with("triggered policy backend-cpu-60"));
}

#[test]
fn a_surge_hurts_where_scaling_out_is_suspended() {
    let surge = |suspended: &[Scaling]| {
        let mut world = crowded(7, 0, 2.2);
        told(&mut world, Some(target(1, 6, suspended)), None);
        world.advance(EPOCH + minutes(25));
        (backend(&world).desired, backend_cpu(&world, 5))
    };
    let (tasks, cpu) = surge(&[]);
    let (left, hot) = surge(&[Scaling::Out]);
    let before = backend(&crowded(7, 0, 2.2)).desired;
    assert_eq!(left, before, "no policy adds a task");
    assert!(
        tasks > left && hot > cpu + 15.0,
        "{tasks} at {cpu}, {left} at {hot}"
    );
}

#[test]
fn nothing_is_scaled_in_while_that_is_suspended() {
    let mut world = crowded(7, 0, 0.0);
    let before = backend(&world).desired;
    told(&mut world, Some(target(1, 6, &[Scaling::In])), None);
    world.advance(EPOCH + minutes(60));
    assert_eq!(backend(&world).desired, before);
}

#[test]
fn a_count_outside_new_limits_is_set_at_once_and_says_why() {
    for (limits, count, cause) in [
        ((5, 8), 5, "minimum capacity was set to 5"),
        ((1, 1), 1, "maximum capacity was set to 1"),
    ] {
        let mut world = calm(4);
        told(&mut world, Some(target(limits.0, limits.1, &[])), None);
        let service = backend(&world);
        assert_eq!(service.desired, count);
        assert_eq!(service.autoscaling.unwrap().activities[0].cause, cause);
    }
}

#[test]
fn deregistering_takes_the_alarms_along_and_ends_scaling() {
    let mut world = crowded(7, 0, 2.2);
    let before = backend(&world).desired;
    let scaled = ScaledService {
        cluster: names::CLUSTER.to_owned(),
        service: names::BACKEND.to_owned(),
    };
    let gone = ScalingCall::DeregisterTarget { scaled };
    autoscaling::execute(&mut world, &gone).unwrap();
    assert!(
        alarms::snapshot(&world)
            .alarms
            .iter()
            .all(|a| !a.owned_by_autoscaling)
    );
    world.advance(EPOCH + minutes(25));
    assert_eq!(backend(&world).desired, before);
    assert!(
        autoscaling::execute(&mut world, &gone).is_err(),
        "there is none any more"
    );
}
