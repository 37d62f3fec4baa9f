#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    audit::AuditLogs,
    cloud::sim::{SimOptions, environment},
    config::Surroundings,
    connect::{Opened, Opener},
    model::environment::{Access, Environment, Stage as Importance},
    op::{Confirmation, Outcome, StepState, Told, Watch, carry_out},
};
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const WORKER: &str = "hydren/worker";

/// The demo after an hour, beside another simulated environment.
struct Shop {
    own: Environment,
    opened: Opened,
    stop: CancellationToken,
    home: TempDir,
}

impl Shop {
    fn new() -> Self {
        Self::beside(environment(), |_| ())
    }

    /// `own` and another environment, `staging`, that is like it but for what `change` makes of it.
    fn beside(own: Environment, change: impl FnOnce(&mut Environment)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut staging = environment();
        staging.name = "staging".to_owned();
        change(&mut staging);
        let opener = Opener {
            simulation: SimOptions {
                elapsed: Some(Duration::from_hours(1)),
                ..SimOptions::default()
            },
            audit_logs: AuditLogs::in_folder(home.path()),
            components: IndexMap::new(),
            around: Surroundings::default(),
            environments: vec![own.clone(), staging],
        };
        Self {
            opened: opener.open(&own),
            own,
            stop: CancellationToken::new(),
            home,
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk::new(&*self.opened.cloud, &self.own).beside(&self.opened.workshop)
    }

    async fn planned(&self, promote: Promote) -> Result<Plan> {
        Request::from(promote).plan(&self.desk()).await
    }

    async fn carried(&self, plan: Plan, mut meanwhile: impl FnMut(&Told) + Send) -> Watch {
        let plan = Arc::new(plan);
        let mut watch = Watch::new(Arc::clone(&plan), self.opened.cloud.now());
        carry_out(&self.desk(), &plan, &self.stop, |told| {
            meanwhile(&told);
            watch.told(told, self.opened.cloud.now());
        })
        .await;
        watch
    }

    /// Tags and digests of a repository.
    async fn listed(&self, repository: &str) -> Option<Vec<(Vec<String>, String)>> {
        let images = self.desk().images().await.unwrap();
        let found = images.repositories.iter().find(|r| r.name == repository)?;
        let images = found.images.iter();
        Some(images.map(|i| (i.tags.clone(), i.digest.clone())).collect())
    }

    fn audit(&self) -> String {
        let files = std::fs::read_dir(self.home.path()).into_iter().flatten();
        let texts = files
            .flatten()
            .map(|file| std::fs::read_to_string(file.path()));
        texts.flatten().collect()
    }
}

fn to_worker(what: &str) -> Promote {
    Promote {
        what: what.to_owned(),
        to: Some("hydren-demo".to_owned()),
        repository: Some(WORKER.to_owned()),
        tag: None,
    }
}

fn to_staging(what: &str) -> Promote {
    Promote {
        what: what.to_owned(),
        to: Some("staging".to_owned()),
        repository: Some(WORKER.to_owned()),
        tag: None,
    }
}

fn states(watch: &Watch) -> Vec<(&'static str, StepState)> {
    let stages = watch.stages.iter();
    stages.map(|staged| (staged.word, staged.state)).collect()
}

fn found<'p>(plan: &'p Plan, what: &str) -> (CheckState, &'p str) {
    let check = plan.checks.iter().find(|check| check.what == what);
    let check = check.unwrap_or_else(|| panic!("no check {what}: {:?}", plan.checks));
    (check.state, &check.found)
}

#[tokio::test]
async fn what_a_service_runs_gets_into_another_repository_with_the_same_digest() {
    let shop = Shop::new();
    let plan = shop.planned(to_worker("backend")).await.unwrap();
    assert!(plan.forbidden().is_none(), "{:?}", plan.checks);
    assert_eq!(
        plan.title,
        "Promote hydren/backend:1.20.0-9c41e7a to hydren-demo"
    );
    assert_eq!((plan.target.as_str(), plan.risk), (WORKER, Risk::Safe));
    let watch = shop.carried(plan, |_| ()).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert_eq!(
        states(&watch),
        [
            ("ecr:CreateRepository", StepState::Done),
            ("copy", StepState::Done)
        ]
    );
    let held = shop.listed(WORKER).await.unwrap();
    let backend = shop.listed("hydren/backend").await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].0, ["1.20.0-9c41e7a"]);
    assert!(backend.contains(&held[0]));
    let audit = shop.audit();
    assert!(audit.contains("ecr:PutImage") && audit.contains(&format!("is {}", held[0].1)));
    assert!(audit.contains(r#""operation":"promote""#), "{audit}");
}

#[tokio::test]
async fn a_second_promotion_changes_nothing_and_another_tag_is_of_the_same_image() {
    let shop = Shop::new();
    let plan = shop.planned(to_worker("backend")).await.unwrap();
    shop.carried(plan, |_| ()).await;
    let again = shop.planned(to_worker("backend")).await.unwrap();
    let (state, said) = found(&again, "tag is free");
    assert_eq!(state, CheckState::Passed);
    assert!(said.contains("this very image"), "{said}");
    assert_eq!(again.stages.len(), 1, "the repository is there");
    let before = shop.listed(WORKER).await;
    let watch = shop.carried(again, |_| ()).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    assert_eq!(shop.listed(WORKER).await, before);
    let stable = Promote {
        tag: Some("stable".to_owned()),
        ..to_worker("backend")
    };
    let plan = shop.planned(stable).await.unwrap();
    shop.carried(plan, |_| ()).await;
    let held = shop.listed(WORKER).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].0, ["stable", "1.20.0-9c41e7a"]);
    // The tag cannot go to another image.
    let other = Promote {
        tag: Some("stable".to_owned()),
        ..to_worker("hydren/backend:1.21.0-b7d20e5")
    };
    let plan = shop.planned(other).await.unwrap();
    assert_eq!(plan.forbidden().unwrap().what, "tag is free");
}

#[tokio::test]
async fn an_image_is_named_by_its_tag_its_digest_or_its_whole_address() {
    let shop = Shop::new();
    let held = shop.listed("hydren/backend").await.unwrap();
    let tag = "1.21.0-b7d20e5".to_owned();
    let (_, digest) = held.iter().find(|(tags, _)| tags.contains(&tag)).unwrap();
    let uri = &shop.desk().images().await.unwrap().repositories[0].uri;
    for what in [
        format!("hydren/backend:{tag}"),
        format!("hydren/backend@{digest}"),
        format!("{uri}:{tag}"),
        format!("{uri}@{digest}"),
    ] {
        let plan = shop.planned(to_worker(&what)).await.unwrap();
        let Some(Stage::Copy { from, to, .. }) = plan.stages.last() else {
            panic!("{what}: {:?}", plan.stages);
        };
        assert_eq!(*from, format!("{uri}@{digest}"), "{what}");
        assert!(to.ends_with(&format!("{WORKER}:{tag}")), "{what}: {to}");
    }
    // What lost its tags goes by the beginning of its digest.
    let (_, untagged) = held.iter().find(|(tags, _)| tags.is_empty()).unwrap();
    let what = format!("hydren/backend@{untagged}");
    let plan = shop.planned(to_worker(&what)).await.unwrap();
    let end = format!(":{}", short(untagged));
    assert!(plan.changes[0].after.as_ref().unwrap().ends_with(&end));
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let shop = Shop::new();
    for (promote, kind, hint) in [
        (
            to_worker("backnd"),
            ErrorKind::NotFound,
            "an image is named REPOSITORY:TAG",
        ),
        (
            to_worker("hydren/none:1"),
            ErrorKind::NotFound,
            "hydren/backend",
        ),
        (
            to_worker("hydren/backend:9"),
            ErrorKind::NotFound,
            "images screen",
        ),
        (
            Promote {
                to: Some("stagin".to_owned()),
                ..to_worker("backend")
            },
            ErrorKind::Config,
            "did you mean `staging`?",
        ),
    ] {
        let what = promote.what.clone();
        let error = shop.planned(promote).await.unwrap_err();
        assert_eq!(error.kind, kind, "{what}: {error}");
        let told = error.hint.unwrap_or_default();
        assert!(told.contains(hint), "{what}: {told}");
    }
    let same = Promote {
        repository: None,
        ..to_worker("backend")
    };
    let plan = shop.planned(same).await.unwrap();
    assert_eq!(plan.forbidden().unwrap().what, "another repository");
}

#[tokio::test]
async fn a_cancelled_promotion_leaves_no_image() {
    let shop = Shop::new();
    let plan = shop.planned(to_worker("backend")).await.unwrap();
    let token = shop.stop.clone();
    let watch = shop
        .carried(plan, move |told| {
            if matches!(told, Told::Begun(1)) {
                token.cancel();
            }
        })
        .await;
    let Some(Outcome::Failed(error)) = &watch.outcome else {
        panic!("{watch:?}");
    };
    assert_eq!(error.kind, ErrorKind::Interrupted);
    assert_eq!(shop.listed(WORKER).await, Some(Vec::new()));
    assert!(!shop.audit().contains(" is sha256:"), "{}", shop.audit());
}

#[tokio::test]
async fn the_target_decides_whether_it_takes_it_and_its_audit_log_says_so() {
    let lock = |environment: &mut Environment| {
        environment.access = Access::ReadOnly;
        environment.access_reason = Some("read_only is set in hydren.toml".to_owned());
    };
    let shop = Shop::beside(environment(), lock);
    let plan = shop.planned(to_staging("backend")).await.unwrap();
    assert_eq!(found(&plan, "changes allowed").0, CheckState::Warned);
    let watch = shop.carried(plan, |_| ()).await;
    let Some(Outcome::Failed(error)) = &watch.outcome else {
        panic!("{watch:?}");
    };
    assert_eq!(error.kind, ErrorKind::ReadOnly);
    assert!(watch.stages.iter().all(|s| s.state == StepState::Waiting));
    let audit = shop.audit();
    assert!(audit.contains("refused"), "{audit}");
    assert!(audit.contains(r#""environment":"staging""#), "{audit}");

    // The other way round nothing stands against it: the source is only read.
    let mut own = environment();
    lock(&mut own);
    let shop = Shop::beside(own, |_| ());
    assert!(Promote::is_elsewhere(&to_staging("backend")));
    let plan = shop.planned(to_staging("backend")).await.unwrap();
    let registry = plan.stages.first();
    assert!(
        matches!(registry, Some(Stage::Call { environment: Some(name), .. }) if name == "staging")
    );
}

#[tokio::test]
async fn what_goes_to_production_says_so_and_asks_for_the_name() {
    let shop = Shop::beside(environment(), |staging| {
        staging.stage = Importance::Production;
    });
    let plan = shop.planned(to_staging("backend")).await.unwrap();
    assert_eq!(found(&plan, "environment").1, "staging is production");
    assert_eq!(plan.risk, Risk::Disruptive);
    assert!(
        plan.risk_reason.contains("production"),
        "{}",
        plan.risk_reason
    );
    assert_eq!(
        Confirmation::of(&plan, &shop.own),
        Confirmation::Name(WORKER.to_owned())
    );
    // From production to elsewhere a yes will do.
    let mut own = environment();
    own.stage = Importance::Production;
    let shop = Shop::beside(own, |_| ());
    let plan = shop.planned(to_staging("backend")).await.unwrap();
    assert_eq!(Confirmation::of(&plan, &shop.own), Confirmation::Yes);
}

#[tokio::test]
async fn the_repository_of_the_same_name_is_taken_or_the_only_one() {
    let to = |repository: Option<&str>| Promote {
        repository: repository.map(str::to_owned),
        ..to_staging("backend")
    };
    let target = async |names: &[&str], promote: Promote| {
        let shop = Shop::beside(environment(), |staging| {
            staging.resources.repositories = names.iter().map(|n| (*n).to_owned()).collect();
        });
        let found = Source::find(&promote.what, &shop.desk()).await.unwrap();
        let place = shop.desk().at(Some("staging")).await.unwrap();
        target::find(promote.repository.as_deref(), &found, &place.desk()).await
    };
    let named = |found: Result<String>| found.map(|f| f.split_once('/').unwrap().1.to_owned());
    let same = target(&["other", "hydren/backend"], to(None)).await;
    assert_eq!(named(same).unwrap(), "hydren/backend");
    let only = target(&["shop"], to(None)).await;
    assert_eq!(named(only).unwrap(), "shop");
    let error = target(&["a", "b"], to(None)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(error.hint.unwrap(), "name one with --repository: a, b");
    let whole = "registry.example:5000/shop/app";
    let found = target(&[], to(Some(whole))).await.unwrap();
    assert_eq!(found, whole);
}
