//! Autoscaling against the simulation, and what its plan says of services that the simulation does not have.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, environment},
    },
    model::state::RolloutStatus,
    op::{
        Cost, Outcome, Risk, Undo,
        tests::{cloud, run_plan},
    },
};

fn adjust(service: &str, adjustment: Adjustment) -> Autoscale {
    Autoscale {
        service: service.to_owned(),
        to: Aim::Adjusted(adjustment),
    }
}

async fn plan(cloud: &SimCloud, request: impl Into<Request>) -> Plan {
    let environment = environment();
    let desk = Desk::new(cloud, &environment);
    request.into().plan(&desk).await.unwrap()
}

async fn now(cloud: &SimCloud, name: &str) -> Service {
    let environment = environment();
    let compute = Desk::new(cloud, &environment).compute().await.unwrap();
    compute.service(name).unwrap().clone()
}

/// The plan of `adjustment` for a backend that `bend` has changed.
async fn plan_for(adjustment: Adjustment, bend: impl FnOnce(&mut Service)) -> Result<Plan> {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let mut compute = (*desk.compute().await.unwrap()).clone();
    let place = compute.services.iter().position(|s| s.name == "backend");
    bend(&mut compute.services[place.unwrap()]);
    adjust("backend", adjustment).planned(&desk, &compute)
}

fn foreign(name: &str, kind: &str, metric: Option<&str>) -> ScalingPolicy {
    ScalingPolicy {
        name: name.to_owned(),
        kind: kind.to_owned(),
        metric: metric.map(str::to_owned),
        target: None,
        scale_in_cooldown: None,
        scale_out_cooldown: None,
        scale_in_disabled: false,
        alarms: Vec::new(),
    }
}

#[track_caller]
fn check<'p>(plan: &'p Plan, what: &str) -> &'p super::super::Check {
    plan.checks.iter().find(|c| c.what == what).unwrap()
}

fn hold(percent: &str) -> Hold {
    percent.parse().unwrap()
}

#[tokio::test]
async fn whatever_is_changed_is_watched_until_it_reads_back_and_undone_exactly() {
    let changes = [
        Adjustment {
            min: Some(4),
            max: Some(9),
            ..Adjustment::default()
        },
        Adjustment {
            cpu: Some(hold("42.5")),
            memory: Some(hold("70")),
            in_cooldown: Some(600),
            ..Adjustment::default()
        },
        Adjustment {
            cpu: Some(hold("off")),
            ..Adjustment::default()
        },
        Adjustment {
            suspend: Scaling::ALL.into(),
            ..Adjustment::default()
        },
    ];
    for change in changes {
        let cloud = cloud();
        let before = Autoscaled::of(&now(&cloud, "backend").await);
        let plan = plan(&cloud, adjust("backend", change.clone())).await;
        let watch = run_plan(&cloud, plan.clone()).await;
        assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
        let service = now(&cloud, "backend").await;
        assert_ne!(Autoscaled::of(&service), before, "{change:?}");
        let target = &service.autoscaling.unwrap();
        assert!((target.min..=target.max).contains(&service.desired));
        let Undo::By(undo, _) = plan.undo else {
            panic!("it can be undone");
        };
        let watch = run_plan(&cloud, self::plan(&cloud, *undo).await).await;
        assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
        assert_eq!(Autoscaled::of(&now(&cloud, "backend").await), before);
    }
}

#[tokio::test]
async fn a_service_without_autoscaling_gets_it_and_loses_it_again() {
    let cloud = cloud();
    let register = Adjustment {
        min: Some(2),
        max: Some(4),
        cpu: Some(hold("60")),
        ..Adjustment::default()
    };
    let plan = plan(&cloud, adjust("frontend", register)).await;
    let watch = run_plan(&cloud, plan.clone()).await;
    let said = watch.outcome.unwrap().says().join(" ");
    assert_eq!(said, "frontend is scaled between 2 and 4 tasks");
    let frontend = now(&cloud, "frontend").await;
    assert_eq!(frontend.desired, 2);
    assert_eq!(
        frontend.autoscaling.unwrap().policies[0].name,
        "frontend-cpu"
    );
    let Undo::By(undo, _) = plan.undo else {
        panic!("it can be undone");
    };
    let plan = self::plan(&cloud, *undo).await;
    assert_eq!(plan.risk, Risk::Disruptive);
    run_plan(&cloud, plan).await;
    let frontend = now(&cloud, "frontend").await;
    assert!(frontend.autoscaling.is_none());
    assert_eq!(frontend.desired, 2, "it stays where it is");
}

#[tokio::test]
async fn the_form_asks_for_what_is_there_and_left_alone_changes_nothing() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let asked = Autoscale {
        service: "backend".to_owned(),
        to: Aim::Asked,
    };
    let mut form = asked.form(&desk).await.unwrap().unwrap();
    assert_eq!(form.text("cpu"), "60");
    let plan = asked.filled(&form).unwrap().plan(&desk).await.unwrap();
    assert!(plan.is_empty() && plan.changes.is_empty(), "{plan:?}");
    let field = form.fields.iter_mut().find(|f| f.name == "suspended");
    "scale-in, scale-out".clone_into(&mut field.unwrap().value);
    let field = form.fields.iter_mut().find(|f| f.name == "memory");
    "170".clone_into(&mut field.unwrap().value);
    assert!(asked.filled(&form).is_err(), "170 % cannot be held");
    let field = form.fields.iter_mut().find(|f| f.name == "memory");
    "70".clone_into(&mut field.unwrap().value);
    let plan = asked.filled(&form).unwrap().plan(&desk).await.unwrap();
    let changed: Vec<&str> = plan.changes.iter().map(|c| c.field.as_str()).collect();
    assert!(changed.contains(&"suspended") && changed.contains(&"memory · target"));
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_way_out() {
    let wrong = [
        Adjustment {
            min: Some(7),
            ..Adjustment::default()
        },
        Adjustment {
            min: Some(-1),
            ..Adjustment::default()
        },
        Adjustment {
            max: Some(MOST + 1),
            ..Adjustment::default()
        },
        Adjustment {
            in_cooldown: Some(-1),
            ..Adjustment::default()
        },
        Adjustment {
            cpu: Some(Hold::Off),
            out_cooldown: Some(60),
            ..Adjustment::default()
        },
        Adjustment {
            suspend: [Scaling::In].into(),
            resume: [Scaling::In].into(),
            ..Adjustment::default()
        },
    ];
    for adjustment in wrong {
        let error = plan_for(adjustment.clone(), |_| {}).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage, "{adjustment:?}");
        assert!(error.hint.is_some(), "{error}");
    }
    let missing = plan_for(
        Adjustment {
            min: Some(1),
            ..Adjustment::default()
        },
        |service| {
            service.autoscaling = None;
        },
    );
    assert_eq!(missing.await.unwrap_err().kind, ErrorKind::Usage);
    for percent in ["0", "100.5", "-5", "NaN", "inf", "many"] {
        assert!(percent.parse::<Hold>().is_err(), "{percent}");
    }
}

#[tokio::test]
async fn a_policy_that_is_put_keeps_its_name_and_all_that_is_not_asked_for() {
    let plan = plan_for(
        Adjustment {
            cpu: Some(hold("50")),
            ..Adjustment::default()
        },
        |service| {
            let policy = &mut service.autoscaling.as_mut().unwrap().policies[0];
            policy.scale_in_disabled = true;
            policy.scale_in_cooldown = None;
        },
    );
    let plan = plan.await.unwrap();
    let [crate::cloud::Call::Scaling(ScalingCall::PutPolicy { policy, .. })] = &plan.calls[..]
    else {
        panic!("one policy is put: {:?}", plan.calls);
    };
    let expected = TrackingPolicy {
        name: "backend-cpu-60".to_owned(),
        metric: TrackedMetric::Cpu,
        target: "50".parse().unwrap(),
        in_cooldown: None,
        out_cooldown: Some(120),
        scale_in: Switch::Disabled,
    };
    assert_eq!(*policy, expected);
    assert_eq!(plan.changes.len(), 1, "{:?}", plan.changes);
}

#[tokio::test]
async fn policies_of_another_kind_are_named_and_left_alone() {
    let surge = || foreign("surge", "StepScaling", None);
    let custom = || {
        foreign(
            "backend-memory",
            "TargetTrackingScaling",
            Some("QueueDepth"),
        )
    };
    let both = move |service: &mut Service| {
        let policies = &mut service.autoscaling.as_mut().unwrap().policies;
        policies.extend([surge(), custom()]);
    };
    let memory = Adjustment {
        memory: Some(hold("70")),
        ..Adjustment::default()
    };
    let plan = plan_for(memory, both).await.unwrap();
    let other = check(&plan, "no other policy");
    assert_eq!(other.state, crate::op::CheckState::Warned);
    assert!(other.found.contains("surge (StepScaling)"), "{other:?}");
    let said = plan.commands().join("\n");
    assert!(
        said.contains("--policy-name backend-memory-2 "),
        "none is overwritten: {said}"
    );
    assert!(
        !said.contains("surge") && !said.contains("delete"),
        "{said}"
    );

    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let mut compute = (*desk.compute().await.unwrap()).clone();
    both(&mut compute.services[1]);
    let deregister = Autoscale {
        service: "backend".to_owned(),
        to: Aim::Exactly(None),
    };
    let plan = deregister.planned(&desk, &compute).unwrap();
    assert_eq!(plan.forbidden().unwrap().what, "no other policy");
}

#[tokio::test]
async fn risk_follows_what_a_visitor_would_notice() {
    let risk = async |adjustment| plan_for(adjustment, |_| {}).await.unwrap().risk;
    let min = |min| Adjustment {
        min: Some(min),
        ..Adjustment::default()
    };
    let max = |max| Adjustment {
        max: Some(max),
        ..Adjustment::default()
    };
    let suspend = |what| Adjustment {
        suspend: [what].into(),
        ..Adjustment::default()
    };
    let off = Adjustment {
        cpu: Some(Hold::Off),
        ..Adjustment::default()
    };
    assert_eq!(risk(min(2)).await, Risk::Safe);
    assert_eq!(risk(min(0)).await, Risk::Destructive);
    assert_eq!(risk(max(5)).await, Risk::Safe);
    assert_eq!(risk(max(1)).await, Risk::Disruptive, "more than one runs");
    assert_eq!(risk(suspend(Scaling::In)).await, Risk::Safe);
    assert_eq!(risk(suspend(Scaling::Out)).await, Risk::Disruptive);
    assert_eq!(risk(off).await, Risk::Disruptive);
}

#[tokio::test]
async fn checks_say_what_happens_at_once_and_what_holds_it_up() {
    let raise = Adjustment {
        min: Some(5),
        ..Adjustment::default()
    };
    let plan = plan_for(raise.clone(), |service| {
        service.desired = 3;
        service.rollouts[0].status = RolloutStatus::InProgress;
    });
    let plan = plan.await.unwrap();
    let count = check(&plan, "desired count within the limits");
    assert_eq!(count.found, "3 wanted now: it is set to 5 at once");
    let idle = check(&plan, "no deployment in progress");
    assert!(idle.found.contains("do not scale in"), "{idle:?}");
    let unread = plan_for(raise, |service| {
        let gap = "application-autoscaling:DescribeScalingPolicies on backend is not allowed";
        service.gaps.push(gap.to_owned());
    });
    let unread = unread.await.unwrap();
    assert_eq!(unread.forbidden().unwrap().what, "autoscaling is known");
}

#[tokio::test]
async fn the_cost_is_told_as_floor_and_ceiling() {
    let wide = Adjustment {
        min: Some(2),
        max: Some(12),
        ..Adjustment::default()
    };
    let plan = plan_for(wide, |_| {}).await.unwrap();
    let Cost::Between { before, after, .. } = plan.cost else {
        panic!("{:?}", plan.cost);
    };
    let times = |of: f64, by: f64, to: f64| (of * by - to).abs() < 0.01;
    assert!(
        times(before.floor, 2.0, after.floor),
        "{before:?} {after:?}"
    );
    assert!(
        times(before.ceiling, 2.0, after.ceiling),
        "{before:?} {after:?}"
    );
    assert!(times(before.floor, 6.0, before.ceiling), "{before:?}");
}

#[tokio::test]
async fn limits_that_somebody_sets_back_end_the_watch() {
    let cloud = cloud();
    let raise = Adjustment {
        max: Some(9),
        ..Adjustment::default()
    };
    let plan = plan(&cloud, adjust("backend", raise)).await;
    let mut seen = crate::observe::Observations::default();
    let since = cloud.now();
    cloud.rest(std::time::Duration::from_mins(1)).await;
    let read = cloud.read(crate::model::Tier::Ecs).await;
    seen.tier_mut(crate::model::Tier::Ecs)
        .settle(read, cloud.now());
    let standing = plan.goal.judge(&seen, since, cloud.now()).unwrap();
    let crate::op::Verdict::RolledBack(why) = standing.verdict else {
        panic!("nobody made the call: {standing:?}");
    };
    assert_eq!(
        why,
        ["limits: somebody else changed it, it is 1 to 6 tasks"]
    );
}
