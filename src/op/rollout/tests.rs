//! Rollouts and rollbacks against the simulation: good ones, and all the ways in which they fail.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::{
    super::{
        tests::{cloud, run, run_plan, watched},
        *,
    },
    image,
};
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, environment},
    },
    error::{Error, ErrorKind},
    model::{hidden::Hidden, image::Images},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const NEXT: &str = "1.21.0-b7d20e5";
const BROKEN: &str = "1.21.1-e03c7af-broken";

fn rollout(image: &str) -> RollOut {
    RollOut {
        service: "backend".to_owned(),
        image: Some(image.to_owned()),
        ..RollOut::default()
    }
}

fn back(to: Option<&str>) -> RollBack {
    RollBack {
        service: "backend".to_owned(),
        to: to.map(str::to_owned),
    }
}

async fn planned(cloud: &SimCloud, request: impl Into<Request>) -> crate::error::Result<Plan> {
    let environment = environment();
    let desk = Desk::new(cloud, &environment);
    request.into().plan(&desk).await
}

fn says(watch: &Watch) -> String {
    watch.outcome.as_ref().unwrap().says().join("\n")
}

async fn running(cloud: &SimCloud) -> String {
    let environment = environment();
    let compute = Desk::new(cloud, &environment).compute().await.unwrap();
    let service = compute.service("backend").unwrap();
    service.deployments[0].revision.clone()
}

fn check<'p>(plan: &'p Plan, what: &str) -> &'p Check {
    plan.checks.iter().find(|check| check.what == what).unwrap()
}

#[tokio::test]
async fn a_tag_is_rolled_out_by_its_digest_and_replaces_every_task() {
    let cloud = cloud();
    let plan = planned(&cloud, rollout(NEXT)).await.unwrap();
    let image = &plan.changes[1];
    assert_eq!(image.field, "backend · image");
    assert!(
        image.after.as_ref().unwrap().contains("@sha256:4ae9b1c0"),
        "{image:?}"
    );
    assert_eq!(plan.changes.len(), 2, "{:?}", plan.changes);
    assert!(plan.forbidden().is_none(), "{:?}", plan.checks);
    let watch = run_plan(&cloud, plan).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert_eq!(running(&cloud).await, "backend:43");
}

/// What the command line ends with.
async fn headless(cloud: &SimCloud, plan: Plan) -> Watch {
    use crate::report::operate;
    let environment = environment();
    let desk = Desk::new(cloud, &environment);
    let stop = CancellationToken::new();
    let (mut watch, _) = operate::carry(&desk, plan, &stop, |_| {}).await;
    operate::watch(cloud, &mut watch, |_| {}).await;
    watch
}

#[tokio::test]
async fn two_tasks_that_stop_for_the_same_reason_end_the_waiting_and_offer_the_rollback() {
    let cloud = cloud();
    let request = RollOut {
        service: "frontend".to_owned(),
        ..rollout("docker.io/shop/nothing:1")
    };
    let plan = planned(&cloud, request).await.unwrap();
    let watch = headless(&cloud, plan).await;
    assert_eq!(watch.outcome.as_ref().unwrap().exit_code(), 4);
    let text = says(&watch);
    assert!(
        text.contains("2 tasks stopped: CannotPullContainerError"),
        "{text}"
    );
    let plan = planned(&cloud, watch.remedy.clone().unwrap())
        .await
        .unwrap();
    assert!(matches!(
        plan.calls[..],
        [crate::cloud::Call::StopDeployment { .. }]
    ));
    let watch = run_plan(&cloud, plan).await;
    assert_eq!(says(&watch), "frontend runs frontend:18 again");
}

#[tokio::test]
async fn left_alone_the_circuit_breaker_rolls_a_failing_deployment_back() {
    let cloud = cloud();
    let plan = planned(&cloud, rollout(BROKEN)).await.unwrap();
    let watch = headless(&cloud, plan).await;
    let text = says(&watch);
    assert!(
        matches!(watch.outcome, Some(Outcome::RolledBack(_))),
        "{text}"
    );
    assert_eq!(watch.outcome.as_ref().unwrap().exit_code(), 4);
    assert!(
        text.contains("circuit breaker: task failed to start"),
        "{text}"
    );
    assert!(text.contains("ModuleNotFoundError"), "{text}");
    assert_eq!(running(&cloud).await, "backend:42");
}

#[tokio::test]
async fn an_image_that_is_not_there_forbids_the_plan_and_a_foreign_one_is_seen_failing() {
    let cloud = cloud();
    let plan = planned(&cloud, rollout("9.9.9")).await.unwrap();
    assert_eq!(plan.forbidden().unwrap().what, "image exists");
    let foreign = planned(&cloud, rollout("docker.io/shop/nothing:1"))
        .await
        .unwrap();
    assert_eq!(check(&foreign, "image exists").state, CheckState::Warned);
    let text = says(&run_plan(&cloud, foreign).await);
    assert!(text.contains("CannotPullContainerError"), "{text}");
}

#[tokio::test]
async fn without_its_database_the_backend_ends_and_no_value_of_a_variable_is_shown() {
    let cloud = cloud();
    let request = RollOut {
        service: "backend".to_owned(),
        set: vec![("API_KEY".to_owned(), Hidden::new("hush-hush"))],
        unset: vec!["DATABASE_URL".to_owned()],
        ..RollOut::default()
    };
    let plan = planned(&cloud, request).await.unwrap();
    let shown = format!(
        "{plan:?} {} {}",
        plan.commands().join("\n"),
        serde_json::to_string(&Document::from(&plan)).unwrap()
    );
    assert!(!shown.contains("hush-hush"), "{shown}");
    assert!(shown.contains("$ENV[\"API_KEY\"]"), "{shown}");
    let text = says(&run_plan(&cloud, plan).await);
    assert!(text.contains("KeyError: 'DATABASE_URL'"), "{text}");
}

#[tokio::test]
async fn the_undo_of_a_rollout_brings_the_revision_before_back() {
    let cloud = cloud();
    let plan = planned(&cloud, rollout(NEXT)).await.unwrap();
    let Undo::By(undo, _) = plan.undo.clone() else {
        panic!("a rollout can be undone");
    };
    run_plan(&cloud, plan).await;
    let watch = run(&cloud, *undo).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert_eq!(running(&cloud).await, "backend:42");
}

#[tokio::test]
async fn a_rollback_goes_to_the_last_revision_that_completed_unless_another_is_named() {
    let cloud = cloud();
    let plan = planned(&cloud, back(None)).await.unwrap();
    assert_eq!(plan.title, "Roll backend back to backend:41");
    assert!(
        plan.changes[1]
            .after
            .as_ref()
            .unwrap()
            .ends_with(":1.19.1-8fa63b0")
    );
    let plan = planned(&cloud, back(Some("40"))).await.unwrap();
    assert_eq!(plan.title, "Roll backend back to backend:40");
    let watch = run_plan(&cloud, plan).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert_eq!(running(&cloud).await, "backend:40");
}

#[tokio::test]
async fn the_list_of_earlier_revisions_says_which_image_when_and_how_it_went() {
    let cloud = cloud();
    run(&cloud, rollout(BROKEN)).await;
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let request = Request::from(back(None));
    let form = request.operation().form(&desk).await.unwrap().unwrap();
    let form::Kind::OneOf(choices) = &form.fields[0].kind else {
        panic!("revisions are chosen from a list");
    };
    assert_eq!(
        form.text("to"),
        "backend:41",
        "the failed one is not proposed"
    );
    let list: Vec<String> = choices
        .iter()
        .map(|c| format!("{} {}", c.value, c.about))
        .collect();
    assert!(
        list[0].starts_with("backend:43 1.21.1-e03c7af-broken · deployed 2026-11-18 14:30"),
        "{list:?}"
    );
    assert!(list[0].contains("rollback successful"), "{list:?}");
    assert!(list[1].contains("1.19.1-8fa63b0 · deployed"), "{list:?}");
}

#[tokio::test]
async fn while_a_deployment_runs_no_other_is_begun() {
    let cloud = cloud();
    let plan = planned(&cloud, rollout(NEXT)).await.unwrap();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    carry_out(&desk, &plan, &CancellationToken::new(), |_| {}).await;
    let second = planned(&cloud, rollout(BROKEN)).await.unwrap();
    assert_eq!(
        second.forbidden().unwrap().what,
        "no deployment in progress"
    );
}

#[tokio::test]
async fn what_cannot_be_rolled_out_or_back_is_refused_with_a_way_out() {
    let cloud = cloud();
    let nothing = RollOut {
        service: "backend".to_owned(),
        ..RollOut::default()
    };
    let stranger = RollOut {
        container: Some("worker".to_owned()),
        ..rollout(NEXT)
    };
    let unknown = RollOut {
        unset: vec!["NOT_THERE".to_owned()],
        ..nothing.clone()
    };
    let requests: [Request; 6] = [
        nothing.into(),
        stranger.into(),
        unknown.into(),
        back(Some("frontend:17")).into(),
        back(Some("soon")).into(),
        back(Some("4711")).into(),
    ];
    for request in requests {
        let error = planned(&cloud, request).await.unwrap_err();
        assert!(error.hint.is_some(), "{error}");
    }
}

#[tokio::test]
async fn images_that_cannot_be_read_are_a_warning_and_not_a_guess() {
    let denied: crate::error::Result<Arc<Images>> =
        Err(Error::new(ErrorKind::Throttled, "slow down"));
    let found = image::resolve(&denied, "repo/app:1", "2", jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(found.reference, "repo/app:2");
    let plan = planned(&cloud(), rollout(NEXT)).await.unwrap();
    let before = cloud().task_document("backend").await.unwrap();
    let plan = Plan {
        checks: Vec::new(),
        ..plan
    };
    let plan = found.check(plan, &before);
    assert_eq!(plan.checks[0].state, CheckState::Warned);
    assert!(plan.checks[0].found.contains("slow down"));
    assert_eq!(plan.checks[1].state, CheckState::Warned);
}

#[tokio::test]
async fn an_image_of_another_architecture_forbids_the_plan() {
    let cloud = cloud();
    let plan = planned(&cloud, rollout(NEXT)).await.unwrap();
    let known = check(&plan, "architecture");
    assert_eq!(
        (known.state, known.found.as_str()),
        (CheckState::Passed, "linux/amd64")
    );
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let images = desk.images().await;
    let before = cloud.task_document("backend").await.unwrap();
    let current = before.image("backend").unwrap().to_owned();
    let answer = serde_json::json!({ "taskDefinition": {
        "runtimePlatform": { "cpuArchitecture": "ARM64" }
    } });
    let arm =
        crate::model::task_document::TaskDocument::parse(answer.to_string().as_bytes()).unwrap();
    let found = image::resolve(&images, &current, NEXT, desk.now());
    let plan = found.asked(&desk).await.check(plan, &arm);
    let fault = plan.forbidden().unwrap();
    assert_eq!(
        fault.found,
        "the task is of linux/arm64, the image of linux/amd64"
    );
}

#[tokio::test]
async fn a_secret_is_added_by_its_arn_and_one_that_is_not_there_forbids_the_plan() {
    let cloud = cloud();
    let from = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/api-a1B2c3";
    let request = RollOut {
        service: "backend".to_owned(),
        secrets: vec![("API_KEY".to_owned(), from.to_owned())],
        storage: Some(40),
        ..RollOut::default()
    };
    let plan = planned(&cloud, request).await.unwrap();
    let changed: Vec<&str> = plan.changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(
        changed,
        [
            "revision",
            "backend · secrets · API_KEY",
            "ephemeralStorage · sizeInGiB"
        ]
    );
    let secret = check(&plan, "secret of API_KEY exists");
    assert_eq!(secret.state, CheckState::Failed, "it is not there");
    assert!(secret.found.contains(from), "{secret:?}");
    assert!(matches!(plan.cost, Cost::Delta { before, after, .. } if after > before));
    let calls = plan.calls.clone();
    let goal = plan.goal.clone();
    let text = says(&run_plan(&cloud, plan).await);
    assert!(
        text.contains("secret of API_KEY exists"),
        "nothing was called: {text}"
    );

    // Whoever deploys it by other means sees it failing.
    let since = cloud.now();
    let mut outcomes = Vec::new();
    for call in calls {
        let order = call.completed(&outcomes).into();
        outcomes.push(cloud.execute(&order).await.unwrap());
    }
    let mut watch = Watch::found("", goal, since);
    watched(&cloud, &mut watch).await;
    let text = says(&watch);
    assert!(text.contains("ResourceInitializationError"), "{text}");
}

#[tokio::test]
async fn a_secret_that_is_there_passes_and_the_login_for_pulling_is_one_too() {
    let cloud = cloud();
    let document = cloud.task_document("backend:42").await.unwrap();
    let there = document.secrets().remove(0);
    let request = RollOut {
        service: "backend".to_owned(),
        secrets: vec![("DATABASE_URL_2".to_owned(), there.clone())],
        pull_secret: Some(there.clone()),
        ..RollOut::default()
    };
    let plan = planned(&cloud, request).await.unwrap();
    for what in ["secret of DATABASE_URL_2 exists", "tasks may pull it"] {
        assert_eq!(check(&plan, what).state, CheckState::Passed, "{what}");
    }
    let field = "backend · repositoryCredentials · credentialsParameter";
    let change = plan.changes.iter().find(|change| change.field == field);
    assert_eq!(change.unwrap().after.as_ref(), Some(&there));
    assert!(plan.commands()[0].contains("repositoryCredentials = {credentialsParameter:"));
    let wrong = RollOut {
        service: "backend".to_owned(),
        pull_secret: Some("hunter2".to_owned()),
        ..RollOut::default()
    };
    let error = planned(&cloud, wrong).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_disk_of_twenty_gib_is_what_every_task_has() {
    let cloud = cloud();
    let disk = |gib| RollOut {
        service: "frontend".to_owned(),
        storage: Some(gib),
        ..RollOut::default()
    };
    run_plan(&cloud, planned(&cloud, disk(21)).await.unwrap()).await;
    let plan = planned(&cloud, disk(20)).await.unwrap();
    let change = &plan.changes[1];
    assert_eq!(
        (change.before.as_deref(), &change.after),
        (Some("21"), &None)
    );
    assert!(plan.commands()[0].contains("del(.ephemeralStorage)"));
    assert!(planned(&cloud, disk(201)).await.is_err());
}
