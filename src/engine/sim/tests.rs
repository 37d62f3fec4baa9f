#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::sim::{SimOptions, components},
    engine::{BuildStepState, LayerState},
    model::{Snapshot, Tier, hidden::Hidden},
};

const REPOSITORY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hydren/backend";

fn engine() -> SimEngine {
    SimEngine::new(Arc::new(SimCloud::new(SimOptions {
        elapsed: Some(Duration::from_mins(30)),
        ..SimOptions::default()
    })))
}

fn order(tag: &str) -> BuildOrder {
    let component = components().remove(1);
    BuildOrder {
        context: component.context,
        dockerfile: component.dockerfile,
        target: None,
        args: BTreeMap::new(),
        secrets: BTreeMap::new(),
        platform: None,
        labels: BTreeMap::new(),
        tags: vec![format!("{REPOSITORY}:{tag}")],
        cache: Cache::Used,
    }
}

/// Everything that a stream tells.
async fn told<T>(mut stream: BoxStream<'_, Result<T>>) -> (Vec<T>, Option<Error>) {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => return (events, Some(error)),
        }
    }
    (events, None)
}

/// How many steps of a build came to each state.
fn count(events: &[BuildEvent], wanted: BuildStepState) -> usize {
    let in_it =
        |event: &&BuildEvent| matches!(event, BuildEvent::Step(step) if step.state == wanted);
    events.iter().filter(in_it).count()
}

async fn listed(engine: &SimEngine) -> Vec<String> {
    let Snapshot::Images(images) = engine.cloud.read(Tier::Images).await.unwrap() else {
        panic!("images are read");
    };
    let repository = images.repositories.iter().find(|r| r.uri == REPOSITORY);
    let images = repository.unwrap().images.iter();
    images.flat_map(|image| image.tags.clone()).collect()
}

#[tokio::test]
async fn what_was_built_before_is_cached_and_takes_less_time() {
    let engine = engine();
    let mut took = Vec::new();
    for (tag, cached) in [("1.22.0", 0), ("1.22.1", 4)] {
        let began = engine.cloud.now();
        let (events, error) = told(engine.build(order(tag))).await;
        assert!(error.is_none(), "{error:?}");
        assert!(matches!(events.last(), Some(BuildEvent::Built { .. })));
        assert_eq!(count(&events, BuildStepState::Cached), cached);
        assert_eq!(count(&events, BuildStepState::Done), 10 - cached);
        took.push(engine.cloud.now().duration_since(began).as_secs());
    }
    assert!(took[0] > 15 && took[1] < 8, "{took:?}");
    let ignored = BuildOrder {
        cache: Cache::Ignored,
        ..order("1.22.2")
    };
    let (events, _) = told(engine.build(ignored)).await;
    assert_eq!(count(&events, BuildStepState::Cached), 0);
}

#[tokio::test]
async fn a_build_that_fails_says_which_step_and_leaves_no_image() {
    let engine = engine();
    let before = engine.images().await.unwrap().len();
    let broken = BuildOrder {
        target: Some("broken".to_owned()),
        ..order("1.22.0")
    };
    let (events, error) = told(engine.build(broken)).await;
    let error = error.unwrap().message;
    assert!(error.contains("RUN pip install"), "{error}");
    assert!(error.contains("No matching distribution"), "{error}");
    assert_eq!(count(&events, BuildStepState::Failed), 1);
    assert_eq!(engine.images().await.unwrap().len(), before);
}

#[tokio::test]
async fn what_is_pushed_is_in_the_registry_and_layers_that_it_has_are_not_pushed_again() {
    let engine = engine();
    let mut sent = Vec::new();
    for tag in ["1.22.0", "1.22.1"] {
        told(engine.build(order(tag))).await;
        let (events, error) = told(engine.push(format!("{REPOSITORY}:{tag}"), None)).await;
        assert!(error.is_none(), "{error:?}");
        let Some(PushEvent::Pushed { digest, .. }) = events.last() else {
            panic!("it ends with what the registry has: {events:?}");
        };
        let reference = format!("{REPOSITORY}:{tag}");
        let read = engine.registry_manifest(&reference, None).await.unwrap();
        assert_eq!(read.digest, *digest);
        let pushed = |event: &&PushEvent| {
            let PushEvent::Layer { state, .. } = event else {
                return false;
            };
            *state == LayerState::Pushed
        };
        sent.push(events.iter().filter(pushed).count());
    }
    assert_eq!(sent, [4, 2]);
    assert_eq!(listed(&engine).await[..2], ["1.22.1", "1.22.0"]);
}

#[tokio::test]
async fn a_tag_that_is_taken_is_refused_as_the_repository_is_immutable() {
    let engine = engine();
    let before = listed(&engine).await;
    told(engine.build(order("1.20.0-9c41e7a"))).await;
    let taken = format!("{REPOSITORY}:1.20.0-9c41e7a");
    let (_, error) = told(engine.push(taken, None)).await;
    let error = error.unwrap();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("immutable"), "{error}");
    assert_eq!(listed(&engine).await, before);
    let (_, error) = told(engine.push(format!("{REPOSITORY}:nothing"), None)).await;
    assert_eq!(error.unwrap().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_container_lives_by_the_laws_of_the_simulated_tasks() {
    let engine = engine();
    told(engine.build(order("1.22.0"))).await;
    told(engine.build(order("1.22.1-broken"))).await;
    let trial = |tag: &str, database: bool, mib: u64| TrialOrder {
        image: format!("{REPOSITORY}:{tag}"),
        name: format!("hydren-try-{tag}-{database}-{mib}"),
        command: None,
        entry_point: None,
        environment: database
            .then(|| ("DATABASE_URL".to_owned(), Hidden::new("postgresql://here")))
            .into_iter()
            .collect(),
        memory: Some(mib << 20),
        cpus: None,
        port: Some(8_000),
        stop_timeout: Duration::from_secs(10),
    };
    let cases = [
        (trial("1.22.0", true, 2_048), None, "Booting worker"),
        (trial("1.22.0", false, 2_048), Some((1, false)), "KeyError"),
        (trial("1.22.0", true, 512), Some((137, true)), "gunicorn"),
        (
            trial("1.22.1-broken", true, 2_048),
            Some((1, false)),
            "ModuleNotFoundError",
        ),
    ];
    for (order, ends, says) in cases {
        let started = engine.start(&order).await.unwrap();
        assert!(
            engine.ask(&started, "/api/healthz").await.is_err(),
            "not yet"
        );
        engine.cloud.rest(Duration::from_secs(5)).await;
        let state = engine.look(&started.container).await.unwrap();
        let ended = match state {
            TrialState::Running => None,
            TrialState::Exited {
                code,
                out_of_memory,
                ..
            } => Some((code, out_of_memory)),
        };
        assert_eq!(ended, ends, "{}", order.name);
        let lines = engine.lines(&started.container, 20).await.unwrap();
        assert!(lines.iter().any(|line| line.contains(says)), "{lines:?}");
        if ends.is_none() {
            assert_eq!(engine.ask(&started, "/api/healthz").await.unwrap(), 200);
            assert_eq!(engine.ask(&started, "/elsewhere").await.unwrap(), 404);
        }
        engine.stop(&started.container).await.unwrap();
        assert!(engine.look(&started.container).await.is_err());
    }
}

#[tokio::test]
async fn the_images_of_the_last_releases_are_on_the_engine_and_a_tag_is_of_one_image() {
    let engine = engine();
    let images = engine.images().await.unwrap();
    assert_eq!(images.len(), 4);
    assert!(images[0].created_at > images[3].created_at);
    assert_eq!(
        images[1].labels["org.opencontainers.image.revision"],
        "b7d20e5"
    );
    let (new, old) = (images[0].clone(), images[1].clone());
    engine.tag(&new.id, "app:latest").await.unwrap();
    engine.tag(&old.id, "app:latest").await.unwrap();
    let named = engine.images().await.unwrap();
    let named: Vec<_> = named
        .iter()
        .filter(|i| i.tags.contains(&"app:latest".to_owned()))
        .collect();
    assert_eq!(named.len(), 1);
    assert_eq!(named[0].id, old.id);
}
