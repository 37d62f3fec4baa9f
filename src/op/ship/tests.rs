#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Call, Cloud,
        sim::{SimCloud, SimOptions, components, environment},
    },
    engine::{guard::Guard, workshop::Workshop},
    model::environment::{Access, Environment},
    observe::Observations,
    op::{Outcome, StageView, StepState, Told, Watch, carry_out},
};
use StepState::{Done, Failed, Waiting};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The demo after an hour, with a workshop of its own.
struct Shop {
    cloud: Arc<SimCloud>,
    workshop: Workshop,
    environment: Environment,
    stop: CancellationToken,
    home: TempDir,
}

impl Shop {
    fn new() -> Self {
        Self::of(environment())
    }

    fn of(environment: Environment) -> Self {
        Self::with(components(), environment)
    }

    fn with(components: Vec<Component>, environment: Environment) -> Self {
        let cloud = Arc::new(SimCloud::new(SimOptions {
            elapsed: Some(Duration::from_hours(1)),
            ..SimOptions::default()
        }));
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("audit.jsonl");
        let guard = Guard::new(Arc::clone(&cloud) as Arc<dyn Cloud>, &environment, log);
        Self {
            workshop: Workshop::simulated(Arc::clone(&cloud), components, guard),
            cloud,
            environment,
            stop: CancellationToken::new(),
            home,
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk::new(&*self.cloud, &self.environment).beside(&self.workshop)
    }

    async fn plan(&self, ship: Ship) -> Plan {
        Request::from(ship).plan(&self.desk()).await.unwrap()
    }

    /// Carries a plan out and watches it to its end; gives also the plan that took its place. `meanwhile` sees everything that is told.
    async fn carried(
        &self,
        plan: Plan,
        mut meanwhile: impl FnMut(&Told) + Send,
    ) -> (Watch, Option<Plan>) {
        let plan = Arc::new(plan);
        let mut watch = Watch::new(Arc::clone(&plan), self.cloud.now());
        let fresh = carry_out(&self.desk(), &plan, &self.stop, |told| {
            meanwhile(&told);
            watch.told(told, self.cloud.now());
        })
        .await;
        let mut seen = Observations::default();
        while watch.outcome.is_none() {
            for tier in watch.goal.tiers() {
                let read = self.cloud.read(*tier).await;
                seen.tier_mut(*tier).settle(read, self.cloud.now());
            }
            watch.observe(&seen, self.cloud.now());
            self.cloud.rest(Duration::from_secs(5)).await;
        }
        (watch, fresh)
    }

    async fn run(&self, ship: Ship) -> Watch {
        let plan = self.plan(ship).await;
        self.carried(plan, |_| ()).await.0
    }

    async fn tags(&self) -> Vec<String> {
        let images = self.desk().images().await.unwrap();
        let backend = images
            .repositories
            .iter()
            .find(|r| r.name.ends_with("backend"));
        let images = backend.unwrap().images.iter();
        images.flat_map(|image| image.tags.clone()).collect()
    }

    async fn running(&self) -> String {
        let compute = self.desk().compute().await.unwrap();
        let definition = compute.service("backend").unwrap().task_definition.clone();
        definition.unwrap().containers[0].image.clone()
    }

    fn audit(&self) -> String {
        std::fs::read_to_string(self.home.path().join("audit.jsonl")).unwrap_or_default()
    }
}

fn says(watch: &Watch) -> String {
    watch.outcome.as_ref().unwrap().says().join("\n")
}

fn states(watch: &Watch) -> Vec<(&'static str, StepState)> {
    let stages = watch.stages.iter();
    stages.map(|staged| (staged.word, staged.state)).collect()
}

#[tokio::test]
async fn code_becomes_running_tasks_pinned_by_the_digest_that_was_pushed() {
    let shop = Shop::new();
    let plan = shop.plan(Ship::whole("backend")).await;
    assert!(plan.forbidden().is_none(), "{:?}", plan.checks);
    assert_eq!(plan.target, "backend");
    let (watch, fresh) = shop.carried(plan, |_| ()).await;
    assert!(fresh.is_none());
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert_eq!(
        states(&watch),
        [("build", Done), ("try", Done), ("push", Done)]
    );
    let tag = watch.title.rsplit(' ').next().unwrap();
    assert!(shop.tags().await.contains(&tag.to_owned()));
    let running = shop.running().await;
    let digest = running.split_once('@').unwrap().1;
    assert!(watch.stages[2].says.contains(digest), "{running}");
    assert!(shop.audit().contains(&format!("is {digest}")));
    // The undo rolls back, and needs no image.
    let back = watch.way_back().unwrap().plan(&shop.desk()).await.unwrap();
    assert!(back.stages.is_empty());
}

#[tokio::test]
async fn a_plan_that_is_made_again_ships_the_same_tag() {
    let shop = Shop::new();
    let plan = shop.plan(Ship::whole("backend")).await;
    let Request::Ship(request) = &plan.request else {
        panic!("it is the request");
    };
    assert_eq!(request.tags.len(), 1);
    let again = shop.plan(request.clone()).await;
    assert_eq!(plan.differences(&again), Vec::<String>::new());
    assert_eq!(plan.stages, again.stages);
}

#[tokio::test]
async fn parts_of_the_way_can_be_had_alone_and_change_nothing_beyond() {
    let shop = Shop::new();
    let (tags, running) = (shop.tags().await, shop.running().await);
    let built = shop.run(Ship::new("backend", Leg::Build, Leg::Build)).await;
    assert_eq!(states(&built), [("build", Done)]);
    let tried = shop.run(Ship::new("backend", Leg::Try, Leg::Try)).await;
    assert!(
        says(&tried).contains("healthy after 4 s"),
        "{}",
        says(&tried)
    );
    assert_eq!(shop.tags().await, tags);
    assert_eq!(shop.audit(), "");
    let pushed = shop.run(Ship::new("backend", Leg::Push, Leg::Push)).await;
    assert!(
        matches!(pushed.outcome, Some(Outcome::Done(_))),
        "{pushed:?}"
    );
    assert_eq!(shop.tags().await.len(), tags.len() + 1);
    assert_eq!(shop.running().await, running);
    for plan in [&built, &tried].map(|watch| watch.plan.as_ref().unwrap()) {
        assert!(plan.request.operation().is_local());
        assert_eq!(plan.risk, Risk::Safe);
    }
    assert!(!pushed.plan.unwrap().request.operation().is_local());
}

/// The newest image of the demo's backend ends as soon as it starts.
fn broken() -> Ship {
    Ship {
        image: Some("1.21.1-e03c7af-broken".to_owned()),
        ..Ship::new("backend", Leg::Try, Leg::RollOut)
    }
}

#[tokio::test]
async fn what_fails_its_trial_is_neither_pushed_nor_rolled_out_unless_somebody_insists() {
    let shop = Shop::new();
    let before = shop.running().await;
    let mut wanted = broken();
    wanted.image = None;
    // The registry has it already: it would be sent once more for nothing.
    let plan = shop.plan(broken()).await;
    let free = plan
        .checks
        .iter()
        .find(|c| c.what == "tag is free")
        .unwrap();
    assert!(free.found.contains("this very image"), "{free:?}");
    let other = Ship {
        tags: vec!["1.21.0-b7d20e5".to_owned()],
        ..Ship::whole("backend")
    };
    let plan = shop.plan(other).await;
    assert_eq!(plan.forbidden().unwrap().what, "tag is free");
    wanted.from = Leg::Build;
    wanted.tags = vec!["2.0.0-broken".to_owned()];
    let watch = shop.run(wanted).await;
    assert!(
        matches!(watch.outcome, Some(Outcome::NotReached(_))),
        "{watch:?}"
    );
    assert_eq!(watch.outcome.as_ref().unwrap().exit_code(), 4);
    assert!(
        says(&watch).starts_with("it exited with code 1\n"),
        "{}",
        says(&watch)
    );
    assert!(says(&watch).contains("app.pricing"), "{}", says(&watch));
    assert_eq!(watch.stages[2].state, Waiting);
    assert_eq!(shop.running().await, before);
    assert!(!shop.tags().await.contains(&"2.0.0-broken".to_owned()));

    let Some(Request::Ship(insisted)) = watch.way_back() else {
        panic!("there is a way to go on");
    };
    assert_eq!((insisted.from, insisted.until), (Leg::Push, Leg::RollOut));
    let plan = shop.plan(insisted.clone()).await;
    let (watch, _) = shop.carried(plan, |_| ()).await;
    assert_eq!(states(&watch), [("push", Done)]);
    assert!(shop.tags().await.contains(&"2.0.0-broken".to_owned()));
    assert!(
        !matches!(watch.outcome, Some(Outcome::Done(_))),
        "it cannot start: {watch:?}"
    );
}

#[tokio::test]
async fn a_build_that_fails_ends_it_with_the_steps_last_lines() {
    let mut components = components();
    components[1].target = Some("broken".to_owned());
    let shop = Shop::with(components, environment());
    let watch = shop.run(Ship::whole("backend")).await;
    assert!(matches!(watch.outcome, Some(Outcome::Failed(_))));
    assert!(
        says(&watch).contains("No matching distribution found"),
        "{}",
        says(&watch)
    );
    assert_eq!(
        states(&watch),
        [("build", Failed), ("try", Waiting), ("push", Waiting)]
    );
    let StageView::Build(view) = &watch.stages[0].view else {
        panic!("it was a build");
    };
    assert!(view.progress() < 1.0 && view.image.is_none());
    assert!(watch.way_back().is_none(), "nothing was called");
}

#[tokio::test]
async fn it_can_be_cancelled_at_every_stage_and_leaves_nothing_half_done() {
    for at in 0..3 {
        let shop = Shop::new();
        let (tags, running) = (shop.tags().await, shop.running().await);
        let plan = shop.plan(Ship::whole("backend")).await;
        let token = shop.stop.clone();
        let (watch, _) = shop
            .carried(plan, move |told| {
                if matches!(told, Told::Begun(stage) if *stage == at) {
                    token.cancel();
                }
            })
            .await;
        let Some(Outcome::Failed(error)) = &watch.outcome else {
            panic!("{watch:?}");
        };
        assert_eq!(error.kind, ErrorKind::Interrupted, "stage {at}");
        assert_eq!(shop.tags().await, tags);
        assert_eq!(shop.running().await, running);
        let engine = shop.workshop.engine().await.unwrap();
        assert!(engine.look("hydren-try-backend").await.is_err());
        assert!(!shop.audit().contains("accepted"), "{}", shop.audit());
    }
}

#[tokio::test]
async fn what_somebody_else_deployed_meanwhile_stops_the_rollout_and_not_the_push() {
    let shop = Shop::new();
    let plan = shop.plan(Ship::whole("backend")).await;
    let (cluster, service) = ("hydren".to_owned(), "backend".to_owned());
    let cloud = Arc::clone(&shop.cloud);
    let (watch, fresh) = shop
        .carried(plan, move |told| {
            if matches!(told, Told::Begun(2)) {
                let call = Call::RestartService {
                    cluster: cluster.clone(),
                    service: service.clone(),
                };
                let order = call.into();
                futures::executor::block_on(cloud.execute(&order)).unwrap();
            }
        })
        .await;
    let Some(Outcome::Failed(error)) = &watch.outcome else {
        panic!("{watch:?}");
    };
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("deployment was"), "{error}");
    assert!(
        error
            .hint
            .as_ref()
            .unwrap()
            .contains("the image was pushed, and nothing was rolled out")
    );
    assert!(watch.stages.iter().all(|staged| staged.state == Done));
    // What is left to be done is planned as it is now.
    let fresh = fresh.unwrap();
    assert_eq!(fresh.request.name(), "rollout");
    assert!(fresh.title.starts_with("Roll out "), "{}", fresh.title);
}

#[tokio::test]
async fn read_only_mode_refuses_what_is_pushed_before_it_is_built_and_lets_trials_pass() {
    let shop = Shop::of(Environment {
        access: Access::ReadOnly,
        access_reason: Some("--read-only is set".to_owned()),
        ..environment()
    });
    let watch = shop.run(Ship::whole("backend")).await;
    let Some(Outcome::Failed(error)) = &watch.outcome else {
        panic!("{watch:?}");
    };
    assert_eq!(error.kind, ErrorKind::ReadOnly);
    assert_eq!(error.kind.exit_code(), 5);
    assert!(watch.stages.iter().all(|staged| staged.state == Waiting));
    assert!(shop.audit().contains("refused"), "{}", shop.audit());
    let wanted = Ship {
        image: Some("1.21.0-b7d20e5".to_owned()),
        ..Ship::new("backend", Leg::Try, Leg::Try)
    };
    assert!(matches!(
        shop.run(wanted).await.outcome,
        Some(Outcome::Done(_))
    ));
}

#[tokio::test]
async fn a_component_that_is_not_there_and_an_image_that_was_not_built_are_named() {
    let shop = Shop::new();
    let error = |ship: Ship| {
        let request = Request::from(ship);
        let desk = shop.desk();
        async move { request.plan(&desk).await.unwrap_err() }
    };
    let unknown = error(Ship::whole("backnd")).await;
    assert_eq!(unknown.kind, ErrorKind::Config);
    assert!(unknown.hint.unwrap().contains("`backend`"));
    let unbuilt = error(Ship {
        image: Some("9.9.9".to_owned()),
        ..Ship::new("backend", Leg::Try, Leg::Try)
    })
    .await;
    assert_eq!(unbuilt.kind, ErrorKind::NotFound);
    assert!(unbuilt.message.contains("9.9.9"), "{unbuilt}");
}

#[tokio::test]
async fn plans_show_no_value_of_a_variable() {
    let shop = Shop::new();
    let plan = shop.plan(Ship::whole("backend")).await;
    let text: String = plan
        .lines()
        .into_iter()
        .map(|(_, line)| line + "\n")
        .collect();
    let data = serde_json::to_string(&crate::op::Document::from(&plan)).unwrap();
    for told in [text, data, format!("{plan:?}")] {
        assert!(told.contains("DATABASE_URL"), "{told}");
        assert!(!told.contains("postgresql://"), "{told}");
    }
}
