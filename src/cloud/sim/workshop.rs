//! What the simulated engine ([`crate::engine::sim`]) shares with the simulated environment: the releases that were built on this machine,
//! the registry that it pushes to, and the laws by which containers live.

use super::{
    SimCloud,
    compute::{self, revision::last_words},
    dice::Dice,
    images::{self, RELEASES, Release},
    names, world,
};
use crate::{
    cloud::Cloud as _,
    engine::source::{Commit, Source, Tree},
    error::Result,
    model::{component::Component, image::Image},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, path::PathBuf};

/// The demo's two components. Their folders are the simulation's: nothing of this machine is read.
#[must_use]
pub fn components() -> Vec<Component> {
    let component = |name: &str| Component {
        name: name.to_owned(),
        service: name.to_owned(),
        context: PathBuf::from(format!("/src/hydren/{name}")),
        dockerfile: PathBuf::from("Dockerfile"),
        repository: Some(format!("{}/{}", names::REGISTRY, images::repository(name))),
        target: None,
        args: BTreeMap::new(),
        secrets: BTreeMap::new(),
        platform: None,
        labels: BTreeMap::new(),
        port: None,
        health: None,
        // Tasks have it from a secret; on this machine a database of its own.
        environment: (name == names::BACKEND)
            .then_some(("DATABASE_URL", "postgresql://hydren@localhost/hydren"))
            .map(|(variable, value)| (variable.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
    };
    [names::FRONTEND, names::BACKEND].map(component).into()
}

/// Seconds after which somebody commits again: what was shipped once can then be shipped anew.
const COMMITS_EVERY: i64 = 600;

/// Where the simulated code of a component comes from at the present.
#[must_use]
pub fn source(cloud: &SimCloud, component: &Component) -> Source {
    let newest = cloud.now().as_second().div_euclid(COMMITS_EVERY);
    let subject = format!("commit {newest} of {}", component.name);
    Source::Commit(Commit {
        id: Dice::of(cloud.seed(), &subject).hex(40),
        tree: Tree::Clean,
        tag: None,
        remote: Some("https://git.example.com/hydren/hydren".to_owned()),
    })
}

/// A release that was built on this machine.
#[derive(Debug, Clone)]
pub struct Built {
    /// Service.
    pub service: &'static str,
    /// Reference.
    pub reference: String,
    /// Digest in the registry.
    pub digest: String,
    /// Bytes in the registry.
    pub pushed_bytes: u64,
    /// When.
    pub at: Timestamp,
}

/// How a container lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// It answers from so many seconds after its start on.
    Answers(i64),
    /// It ends with code 1 and these last lines.
    Exits(Vec<String>),
    /// It needs more memory than it may have.
    Killed,
}

/// Whether a container has its database's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// It has.
    Given,
    /// It has not.
    Missing,
}

/// How a container of `service` lives that was made from an image of `tag`.
pub fn life(service: &str, tag: &str, database: Database, memory: Option<u64>) -> Life {
    if let Some(lines) = last_words(service, tag, database == Database::Given) {
        return Life::Exits(lines);
    }
    let backend = service == names::BACKEND;
    let needs = u64::from(compute::WORKING_SET) << 20;
    match memory {
        Some(limit) if backend && limit <= needs => Life::Killed,
        _ if backend => Life::Answers(4),
        _ => Life::Answers(1),
    }
}

/// The service that a repository or a folder belongs to.
pub fn service_of(name: &str) -> &'static str {
    if name.contains(names::FRONTEND) {
        names::FRONTEND
    } else {
        names::BACKEND
    }
}

/// The path that the load balancer asks for.
pub const HEALTH_PATH: &str = names::HEALTH_PATH;

/// A digest that is the same for the same seed and the same subject.
pub fn digest(seed: u64, subject: &str) -> String {
    format!("sha256:{}", Dice::of(seed, subject).hex(64))
}

impl SimCloud {
    /// Seed of all randomness.
    pub(crate) const fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The releases whose images are still on this machine: the two newest of each service, newest first.
    pub(crate) async fn built(&self) -> Result<Vec<Built>> {
        self.with_world(|world| {
            let now = world.at;
            let newest = |service: &'static str| {
                let own =
                    move |release: &&Release| release.service == service && release.pushed() <= now;
                RELEASES.iter().rev().filter(own).take(2)
            };
            let mut built: Vec<Built> = newest(names::FRONTEND)
                .chain(newest(names::BACKEND))
                .map(|release| Built {
                    service: release.service,
                    reference: release.image(),
                    digest: release.digest.to_string(),
                    pushed_bytes: release.size,
                    // A build is pushed as soon as it is done.
                    at: world::moment(release.pushed() - 40),
                })
                .collect();
            built.sort_by_key(|built| std::cmp::Reverse(built.at));
            built
        })
        .await
    }

    /// Takes an image into the simulated registry.
    ///
    /// # Errors
    /// What the registry would say: no such repository, a tag that is taken.
    pub(crate) async fn take(&self, reference: &str, digest: &str, bytes: u64) -> Result<()> {
        let (reference, digest) = (reference.to_owned(), digest.to_owned());
        self.with_world(move |world| images::push(world, &reference, &digest, bytes))
            .await?
    }

    /// Reads an image of the simulated registry.
    ///
    /// # Errors
    /// `NotFound` where the registry has none under `reference`.
    pub(crate) async fn stored(&self, reference: &str) -> Result<Image> {
        let reference = reference.to_owned();
        self.with_world(move |world| images::stored(world, &reference))
            .await?
    }
}
