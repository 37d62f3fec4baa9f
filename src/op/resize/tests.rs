//! Resizing against the simulation: what is offered, what is refused, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::{
    super::{
        Check, Outcome, Undo,
        tests::{cloud, run_plan},
    },
    *,
};
use crate::cloud::{
    Cloud,
    sim::{SimCloud, environment},
};
use std::time::Duration;

fn resize(service: &str, cpu: u32, memory: u32) -> Resize {
    Resize {
        service: service.to_owned(),
        size: Some((cpu, memory)),
    }
}

async fn planned(cloud: &SimCloud, request: impl Into<Request>) -> Result<Plan> {
    let environment = environment();
    request.into().plan(&Desk::new(cloud, &environment)).await
}

async fn form(cloud: &SimCloud, service: &str) -> Form {
    let environment = environment();
    let request = Resize {
        service: service.to_owned(),
        size: None,
    };
    let desk = Desk::new(cloud, &environment);
    request.form(&desk).await.unwrap().unwrap()
}

fn choices(form: &Form) -> &[Choice] {
    match &form.fields[0].kind {
        Kind::OneOf(choices) => choices,
        other => panic!("sizes are chosen from a list, not {other:?}"),
    }
}

fn check<'p>(plan: &'p Plan, what: &str) -> &'p Check {
    plan.checks.iter().find(|check| check.what == what).unwrap()
}

#[tokio::test]
async fn every_size_is_offered_with_its_price_and_its_use_and_the_recommended_one_is_chosen() {
    let form = form(&cloud(), "backend").await;
    let list = choices(&form);
    assert_eq!(list.len(), 77);
    let marked: Vec<&Choice> = list.iter().filter(|c| c.about.contains("now")).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].value, "0.5 vCPU, 2 GB");
    assert!(marked[0].about.trim_start().starts_with("$0"), "{marked:?}");
    let double = list.iter().find(|c| c.value == "1 vCPU, 2 GB").unwrap();
    assert!(double.about.trim_start().starts_with("+$44"), "{double:?}");
    assert_eq!(form.text("size"), "0.5 vCPU, 2 GB");
    let said = form.notes.join("\n");
    assert!(said.contains("Recommended: 0.5 vCPU, 2 GB"), "{said}");
    let request = Resize {
        service: "backend".to_owned(),
        size: None,
    };
    let filled = request.filled(&form).unwrap();
    assert_eq!(filled, resize("backend", 512, 2_048).into());
}

#[tokio::test]
async fn a_resize_changes_the_size_and_nothing_else_and_its_undo_brings_the_size_back() {
    let cloud = cloud();
    let plan = planned(&cloud, resize("backend", 1_024, 2_048))
        .await
        .unwrap();
    assert_eq!(plan.title, "Resize backend to 1 vCPU, 2 GB");
    let changed: Vec<&str> = plan.changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(changed, ["revision", "cpu"]);
    assert!(matches!(plan.cost, Cost::Delta { before, after, .. } if after > before));
    assert_eq!(check(&plan, FITS).state, CheckState::Passed);
    let Undo::By(undo, text) = plan.undo.clone() else {
        panic!("a resize can be undone");
    };
    assert_eq!(text, "roll backend back to backend:42");
    let watch = run_plan(&cloud, plan).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    let back = planned(&cloud, *undo).await.unwrap();
    assert_eq!(back.changes[1].field, "cpu");
    assert_eq!(back.changes[1].after.as_deref(), Some("512"));
}

#[tokio::test]
async fn what_was_measured_before_a_resize_says_nothing_about_the_size_since() {
    let cloud = cloud();
    let plan = planned(&cloud, resize("backend", 1_024, 4_096))
        .await
        .unwrap();
    run_plan(&cloud, plan).await;
    cloud.rest(Duration::from_mins(30)).await;
    let said = form(&cloud, "backend").await.notes.join("\n");
    assert!(said.contains("No recommendation: only"), "{said}");
    assert!(said.contains("minutes of data with this size"), "{said}");
}

#[tokio::test]
async fn half_the_memory_is_warned_of_and_kills_the_tasks_that_are_started() {
    let cloud = cloud();
    let plan = planned(&cloud, resize("backend", 256, 512)).await.unwrap();
    assert_eq!(plan.risk, Risk::Destructive);
    let fits = check(&plan, FITS);
    assert_eq!(fits.state, CheckState::Warned);
    assert!(fits.found.contains("tasks would be killed"), "{fits:?}");
    let watch = run_plan(&cloud, plan).await;
    let said = watch.outcome.as_ref().unwrap().says().join("\n");
    assert!(
        matches!(watch.outcome, Some(Outcome::RolledBack(_))),
        "{said}"
    );
    assert!(said.contains("OutOfMemoryError"), "{said}");
    assert!(said.contains("exited with 137"), "{said}");
}

#[tokio::test]
async fn the_size_that_it_has_is_nothing_to_do() {
    let plan = planned(&cloud(), resize("backend", 512, 2_048))
        .await
        .unwrap();
    assert!(plan.is_empty(), "{:?}", plan.calls);
}

#[tokio::test]
async fn sizes_that_cannot_be_are_refused_with_those_that_can() {
    let cloud = cloud();
    let rollout = RollOut {
        service: "backend".to_owned(),
        size: Some((512, 512)),
        ..RollOut::default()
    };
    let open = Resize {
        size: None,
        ..resize("backend", 0, 0)
    };
    let requests: [Request; 5] = [
        resize("backend", 512, 512).into(),
        resize("backend", 300, 1_024).into(),
        resize("nobody", 512, 1_024).into(),
        rollout.into(),
        open.into(),
    ];
    for request in requests {
        let error = planned(&cloud, request).await.unwrap_err();
        assert!(error.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_service_without_a_target_for_its_cpu_is_judged_by_its_use_alone() {
    let cloud = cloud();
    let form = form(&cloud, "frontend").await;
    let said = form.notes.join("\n");
    assert!(said.contains("Recommended: 0.25 vCPU, 0.5 GB"), "{said}");
    assert_eq!(form.text("size"), "0.25 vCPU, 0.5 GB");
}
