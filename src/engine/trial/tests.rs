#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::sim::{SimCloud, SimOptions, components},
    engine::sim::SimEngine,
    model::task_document::TaskDocument,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

const REPOSITORY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hydren/backend";

fn backend() -> Component {
    components().remove(1)
}

/// What a task definition says of its one container.
fn told_by(container: Value) -> Option<Run> {
    let mut container = container;
    container["name"] = json!("backend");
    let answer = json!({ "taskDefinition": {
        "family": "backend", "revision": 7, "cpu": "512", "memory": "2048",
        "containerDefinitions": [container],
    } });
    let document = TaskDocument::parse(answer.to_string().as_bytes()).unwrap();
    document.run("backend")
}

fn plan(container: Value, component: &Component) -> TrialPlan {
    TrialPlan::new(component, "app:1", told_by(container), Some("/ready"))
}

#[test]
fn an_image_is_tried_as_its_task_would_run_it() {
    let plan = plan(
        json!({
            "command": ["gunicorn", "app:create_app()"],
            "entryPoint": ["tini", "--"],
            "environment": [{ "name": "LOG_LEVEL", "value": "info" }],
            "portMappings": [{ "containerPort": 8000 }],
            "memory": 512,
            "stopTimeout": 4,
        }),
        &Component {
            environment: [].into(),
            ..backend()
        },
    );
    let order = &plan.order;
    assert_eq!(
        order.command.as_deref().unwrap(),
        ["gunicorn", "app:create_app()"]
    );
    assert_eq!(order.entry_point.as_deref().unwrap(), ["tini", "--"]);
    assert_eq!(order.environment["LOG_LEVEL"].reveal(), "info");
    assert_eq!(
        order.memory,
        Some(512 << 20),
        "its own limit is below its task's"
    );
    assert_eq!(order.cpus, Some(0.5));
    assert_eq!(order.port, Some(8_000));
    assert_eq!(order.stop_timeout, Duration::from_secs(4));
    assert_eq!(plan.awaits(), "/ready on port 8000 to answer 200 to 399");
    assert!(plan.missing.is_empty());
}

#[test]
fn what_hydren_toml_says_counts_more_and_secrets_have_to_be_given_there() {
    let task = json!({
        "environment": [{ "name": "APP_ENV", "value": "production" }],
        "secrets": [
            { "name": "DATABASE_URL", "valueFrom": "arn:one" },
            { "name": "API_KEY", "valueFrom": "arn:two" },
        ],
        "portMappings": [{ "containerPort": 8000 }],
    });
    let component = Component {
        port: Some(9_000),
        health: Some("/alive".to_owned()),
        environment: [
            ("DATABASE_URL".to_owned(), "postgresql://here".to_owned()),
            ("APP_ENV".to_owned(), "test".to_owned()),
        ]
        .into(),
        ..backend()
    };
    let plan = plan(task, &component);
    assert_eq!(plan.missing, ["API_KEY"]);
    assert_eq!(plan.order.environment["APP_ENV"].reveal(), "test");
    assert_eq!(plan.awaits(), "/alive on port 9000 to answer 200 to 399");
    assert!(
        !format!("{plan:?}").contains("postgresql://here"),
        "values are hidden"
    );
}

#[test]
fn without_a_port_there_is_nothing_to_ask() {
    let plan = plan(json!({}), &backend());
    assert_eq!(plan.health, None);
    assert!(
        plan.awaits().contains("to run for 10 s"),
        "{}",
        plan.awaits()
    );
    assert_eq!(plan.order.command, None, "the image's own");
    assert_eq!(plan.order.memory, Some(2_048 << 20));
}

#[test]
fn of_the_last_lines_those_are_told_that_are_new() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let told = |before: &str, now: &str| fresh(&lines(before), &lines(now)).join(" ");
    assert_eq!(told("a b", "a b c d"), "c d");
    assert_eq!(told("a b c", "b c d"), "d", "older ones were left out");
    assert_eq!(told("a a", "a a a"), "a");
    assert_eq!(told("a b", "x y"), "x y");
    assert_eq!(fresh(&[], &lines("a")).len(), 1);
}

#[test]
fn a_command_that_is_not_in_the_image_is_its_fault_and_told_without_the_runtimes_words() {
    let said = "starting a container of app:1: failed to create shim task: OCI runtime create failed: runc create failed: unable to start \
                container process: exec: \"gunicorn\": executable file not found in $PATH: unknown";
    let why = never_started(said).unwrap();
    assert_eq!(
        why,
        "exec: \"gunicorn\": executable file not found in $PATH"
    );
    let verdict = Verdict::NeverStarted { why };
    assert!(!verdict.is_good());
    assert!(verdict.says()[0].starts_with("it cannot start: exec: \"gunicorn\""));
    assert_eq!(
        never_started("starting a container of app:1: no space left on device"),
        None
    );
}

struct Bench {
    cloud: Arc<SimCloud>,
    engine: SimEngine,
}

impl Bench {
    fn new() -> Self {
        let cloud = Arc::new(SimCloud::new(SimOptions {
            elapsed: Some(Duration::from_hours(1)),
            ..SimOptions::default()
        }));
        let engine = SimEngine::new(Arc::clone(&cloud));
        Self { cloud, engine }
    }

    /// Tries an image that is on the engine; gives also what was told meanwhile.
    async fn tried(
        &self,
        tag: &str,
        change: impl FnOnce(&mut TrialPlan),
    ) -> (Result<Verdict>, Vec<TrialEvent>) {
        let task = json!({ "portMappings": [{ "containerPort": 8000 }] });
        let image = format!("{REPOSITORY}:{tag}");
        let path = Some("/api/healthz");
        let mut plan = TrialPlan::new(&backend(), &image, told_by(task), path);
        change(&mut plan);
        let told = Mutex::new(Vec::new());
        let tell = |events| {
            told.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(events);
        };
        let stop = CancellationToken::new();
        let verdict = run(&self.engine, &*self.cloud, &plan, &stop, tell).await;
        (verdict, told.into_inner().unwrap())
    }

    async fn is_gone(&self) -> bool {
        self.engine.look("hydren-try-backend").await.is_err()
    }
}

const GOOD: &str = "1.21.0-b7d20e5";

#[tokio::test]
async fn a_healthy_image_is_told_with_its_seconds_and_its_container_is_removed() {
    let bench = Bench::new();
    let (verdict, told) = bench.tried(GOOD, |_| {}).await;
    assert_eq!(
        verdict.unwrap().says(),
        ["healthy after 4 s: it answered 200"]
    );
    assert!(matches!(told[0], TrialEvent::Started(_)));
    let waiting = |event: &&TrialEvent| matches!(event, TrialEvent::Waiting(answer) if answer.contains("refused"));
    assert_eq!(told.iter().filter(waiting).count(), 4);
    let line = "[INFO] Booting worker with pid: 7".to_owned();
    let said = told
        .iter()
        .filter(|event| **event == TrialEvent::Line(line.clone()));
    assert_eq!(said.count(), 1, "a line is told once");
    assert!(bench.is_gone().await);
}

#[tokio::test]
async fn an_image_that_cannot_start_is_told_with_its_exit_code_and_its_last_lines() {
    let bench = Bench::new();
    let (verdict, _) = bench.tried("1.21.1-e03c7af-broken", |_| {}).await;
    let verdict = verdict.unwrap();
    assert!(!verdict.is_good());
    let says = verdict.says();
    assert_eq!(says[0], "it exited with code 1");
    assert!(
        says.last()
            .unwrap()
            .contains("No module named 'app.pricing'")
    );
    assert!(bench.is_gone().await);
}

#[tokio::test]
async fn too_little_memory_and_a_wrong_path_are_told_apart() {
    let bench = Bench::new();
    let small = |plan: &mut TrialPlan| plan.order.memory = Some(256 << 20);
    let (verdict, _) = bench.tried(GOOD, small).await;
    let says = verdict.unwrap().says();
    assert!(says[0].contains("256 MiB"), "{says:?}");
    let astray = |plan: &mut TrialPlan| plan.health = Some("/nothing".to_owned());
    let (verdict, _) = bench.tried(GOOD, astray).await;
    let says = verdict.unwrap().says();
    assert_eq!(says[0], "not healthy after 60 s: /nothing answered 404");
    assert!(bench.is_gone().await);
}

#[tokio::test]
async fn a_kept_container_goes_on_until_the_next_trial_removes_it() {
    let bench = Bench::new();
    let keep = |plan: &mut TrialPlan| plan.afterwards = Afterwards::Kept;
    bench.tried(GOOD, keep).await.0.unwrap();
    assert!(!bench.is_gone().await);
    let (verdict, _) = bench.tried("1.21.1-e03c7af-broken", keep).await;
    assert!(!verdict.unwrap().is_good());
    assert!(bench.is_gone().await, "what failed is not kept");
}

#[tokio::test]
async fn a_cancelled_trial_leaves_no_container() {
    let bench = Bench::new();
    let stop = CancellationToken::new();
    stop.cancel();
    let image = format!("{REPOSITORY}:{GOOD}");
    let plan = TrialPlan::new(&backend(), &image, None, None);
    let verdict = run(&bench.engine, &*bench.cloud, &plan, &stop, |_| {}).await;
    assert_eq!(verdict.unwrap_err().kind, ErrorKind::Interrupted);
    assert!(bench.is_gone().await);
    let nothing = bench.tried("never-built", |_| {}).await.0.unwrap_err();
    assert_eq!(nothing.kind, ErrorKind::NotFound);
}
