//! The simulated engine: what the demo builds, tries and pushes with, and a stand-in for an engine in tests. A simulation with laws, not
//! canned screens.
//!
//! It belongs to a [`SimCloud`], whose clock, seed and registry it shares: what it pushes is listed in the Images tier and can be rolled
//! out. The images of the last releases are on it, as on the machine that built them. A build takes its time by the simulation's clock; what
//! was built before is cached up to the step that copies the source, which is new each time. Layers that the registry has are not pushed
//! again. A container lives by the laws of the simulated tasks: without its database's address the backend ends with code 1, and with less
//! memory than its working set it is killed.
//!
//! Three ways to see a failure: a Dockerfile or a target called `broken` does not build; a tag that ends with `-broken` builds and does not
//! start; a tag that is taken is refused by the registry, whose repositories are immutable.

mod registries;
mod rehearsal;
mod script;

pub use registries::SimRegistries;
pub use rehearsal::Rehearsal;

use super::{
    About, BuildEvent, BuildOrder, Builder, Cache, Engine, LayerState, LocalImage, Login,
    PushEvent, Trial, TrialOrder, TrialState,
};
use crate::{
    cloud::{
        Cloud as _,
        sim::{
            SimCloud,
            workshop::{self, Database, Life},
        },
    },
    error::{Error, ErrorKind, Result},
    model::image::{Manifest, split},
};
use async_trait::async_trait;
use futures::{StreamExt as _, stream, stream::BoxStream};
use jiff::Timestamp;
use script::Script;
use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What the engine is called.
pub const NAME: &str = "simulated engine";

/// Seconds after its start at which a container that cannot live ends.
const ENDS_AFTER: i64 = 2;

/// Bytes a second to the simulated registry: some 90 Mbit/s up.
const UPLINK: u64 = 11_000_000;

/// Pieces in which a layer is pushed.
const PIECES: u64 = 8;

/// Size of an image on the engine over that in the registry, where its layers are compressed: what gzip makes of a Python image.
const UNPACKED: (u64, u64) = (27, 10);

/// The simulated engine.
pub struct SimEngine {
    cloud: Arc<SimCloud>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Built or tagged here, the newest last.
    images: Vec<Held>,
    /// Services whose steps are cached.
    cached: HashSet<&'static str>,
    /// Layers that the registry has.
    pushed: HashSet<String>,
    containers: BTreeMap<String, Container>,
    /// How many images and containers were made: it tells them apart.
    made: u64,
}

/// An image of the engine.
#[derive(Clone)]
struct Held {
    image: LocalImage,
    service: &'static str,
    /// Digest that the registry gives it, and bytes there.
    digest: String,
    pushed_bytes: u64,
}

struct Container {
    started_at: Timestamp,
    life: Life,
    service: &'static str,
}

impl Container {
    fn age(&self, now: Timestamp) -> i64 {
        now.as_second() - self.started_at.as_second()
    }
}

impl State {
    fn container(&self, id: &str) -> Result<&Container> {
        self.containers.get(id).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("No such container: {id}"))
                .hint("it was removed meanwhile; try the image again")
        })
    }

    /// Takes a name away from whatever image had it: a tag is of one.
    fn untag(&mut self, tag: &str) {
        for held in &mut self.images {
            held.image.tags.retain(|known| known != tag);
        }
    }
}

impl SimEngine {
    /// Makes the engine of `cloud`.
    #[must_use]
    pub fn new(cloud: Arc<SimCloud>) -> Self {
        Self {
            cloud,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every image, the newest first.
    async fn held(&self) -> Result<Vec<Held>> {
        let seed = self.cloud.seed();
        let released = self.cloud.built().await?;
        let mut held: Vec<Held> = self.state().images.iter().rev().cloned().collect();
        let newer: HashSet<String> = held.iter().map(|h| h.image.id.clone()).collect();
        let released = released.into_iter().map(|built| {
            let (name, tag) = split(&built.reference);
            Held {
                image: LocalImage {
                    id: workshop::digest(seed, &built.reference),
                    tags: vec![built.reference.clone()],
                    digests: vec![format!("{name}@{}", built.digest)],
                    created_at: Some(built.at),
                    size_bytes: unpacked(built.pushed_bytes),
                    labels: labels(built.service, tag.trim_start_matches(':')),
                },
                service: built.service,
                digest: built.digest,
                pushed_bytes: built.pushed_bytes,
            }
        });
        held.extend(released.filter(|h| !newer.contains(&h.image.id)));
        Ok(held)
    }

    async fn find(&self, image: &str) -> Result<Held> {
        let named = |held: &Held| {
            let LocalImage {
                id, tags, digests, ..
            } = &held.image;
            id == image || tags.iter().chain(digests).any(|name| name == image)
        };
        let found = self.held().await?.into_iter().find(named);
        found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("No such image: {image}"))
                .hint("build it first: `hydren image build`")
        })
    }

    /// Takes a built image.
    fn keep(&self, order: &BuildOrder, service: &'static str) -> String {
        let (now, seed) = (self.cloud.now(), self.cloud.seed());
        let mut state = self.state();
        state.made += 1;
        let id = workshop::digest(seed, &format!("image {} {:?}", state.made, order.tags));
        for tag in &order.tags {
            state.untag(tag);
        }
        let pushed_bytes = script::size(service) + 4_096 * state.made;
        state.cached.insert(service);
        state.images.push(Held {
            image: LocalImage {
                id: id.clone(),
                tags: order.tags.clone(),
                digests: Vec::new(),
                created_at: Some(now),
                size_bytes: unpacked(pushed_bytes),
                labels: order.labels.clone(),
            },
            service,
            digest: workshop::digest(seed, &format!("manifest of {id}")),
            pushed_bytes,
        });
        id
    }

    /// What pushing an image tells, and how many milliseconds after what came before.
    fn layers(&self, held: &Held) -> VecDeque<(u64, PushEvent)> {
        let layers = script::layers(self.cloud.seed(), held.service, &held.image.id);
        let tell = |id: &str, state| PushEvent::Layer {
            id: id.to_owned(),
            state,
        };
        let mut events = VecDeque::new();
        for (id, _) in &layers {
            events.push_back((20, tell(id, LayerState::Waiting)));
        }
        for (id, percent) in &layers {
            if self.state().pushed.contains(id) || script::is_base(id) {
                events.push_back((60, tell(id, LayerState::AlreadyThere)));
                continue;
            }
            let bytes = held.pushed_bytes / 100 * percent;
            for piece in 1..=PIECES {
                let pushing = LayerState::Pushing(bytes / PIECES * piece, bytes);
                events.push_back((bytes / PIECES * 1_000 / UPLINK, tell(id, pushing)));
            }
            events.push_back((80, tell(id, LayerState::Pushed)));
        }
        events
    }

    /// Pushes an image, layer by layer, and then its manifest.
    fn pushing(&self, reference: String, held: Held) -> BoxStream<'_, Result<PushEvent>> {
        let layers = self.layers(&held);
        stream::unfold(Some((layers, reference, held)), move |left| async move {
            let (mut layers, reference, held): (VecDeque<(u64, PushEvent)>, String, Held) = left?;
            let Some((wait, event)) = layers.pop_front() else {
                return Some((self.finish(&reference, &held).await, None));
            };
            self.cloud.rest(Duration::from_millis(wait)).await;
            if let PushEvent::Layer {
                id,
                state: LayerState::Pushed,
            } = &event
            {
                self.state().pushed.insert(id.clone());
            }
            Some((Ok(event), Some((layers, reference, held))))
        })
        .boxed()
    }

    /// Gives the registry the manifest, once it has the layers.
    async fn finish(&self, reference: &str, held: &Held) -> Result<PushEvent> {
        let taken = self.cloud.take(reference, &held.digest, held.pushed_bytes);
        taken.await?;
        let (name, _) = split(reference);
        let digest = format!("{name}@{}", held.digest);
        let mut state = self.state();
        let known = state
            .images
            .iter_mut()
            .find(|h| h.image.id == held.image.id);
        if let Some(known) = known
            && !known.image.digests.contains(&digest)
        {
            known.image.digests.push(digest);
        }
        Ok(PushEvent::Pushed {
            digest: held.digest.clone(),
            size: 1_607,
        })
    }
}

const fn unpacked(bytes: u64) -> u64 {
    bytes / UNPACKED.1 * UNPACKED.0
}

/// The labels of a release: its tag ends with the commit that it was built from.
fn labels(service: &str, tag: &str) -> BTreeMap<String, String> {
    let mut words = tag.split('-');
    let (version, commit) = (words.next(), words.next());
    [
        ("org.opencontainers.image.title", Some(service)),
        ("org.opencontainers.image.version", version),
        ("org.opencontainers.image.revision", commit),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label.to_owned(), value?.to_owned())))
    .collect()
}

#[async_trait]
impl Engine for SimEngine {
    async fn about(&self) -> Result<About> {
        Ok(About {
            name: NAME.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api: "1.52".to_owned(),
            host: "of the demo".to_owned(),
            platform: "linux/amd64".to_owned(),
            builder: Builder::BuildKit,
        })
    }

    async fn images(&self) -> Result<Vec<LocalImage>> {
        let held = self.held().await?;
        Ok(held.into_iter().map(|held| held.image).collect())
    }

    fn build(&self, order: BuildOrder) -> BoxStream<'_, Result<BuildEvent>> {
        let service = workshop::service_of(&order.context.to_string_lossy());
        let cached = order.cache == Cache::Used && self.state().cached.contains(service);
        let script = Script::of(service, &order, cached);
        let playing = stream::unfold(Some((script, order)), move |playing| async move {
            let (mut script, order) = playing?;
            let Some(beat) = script.next() else {
                let image = self.keep(&order, service);
                return Some((Ok(BuildEvent::Built { image }), None));
            };
            self.cloud.rest(Duration::from_millis(beat.after)).await;
            let told = script.play(&beat, self.cloud.now());
            let left = told.is_ok().then_some((script, order));
            Some((told, left))
        });
        stream::iter([Ok(BuildEvent::Began(Builder::BuildKit))])
            .chain(playing)
            .boxed()
    }

    async fn tag(&self, image: &str, reference: &str) -> Result<()> {
        let mut held = self.find(image).await?;
        let mut state = self.state();
        state.untag(reference);
        let known = state
            .images
            .iter()
            .position(|h| h.image.id == held.image.id);
        match known.and_then(|place| state.images.get_mut(place)) {
            Some(known) => known.image.tags.push(reference.to_owned()),
            None => {
                held.image.tags.push(reference.to_owned());
                state.images.push(held);
            }
        }
        Ok(())
    }

    fn push(&self, reference: String, _: Option<Login>) -> BoxStream<'_, Result<PushEvent>> {
        let begun = async move {
            match self.find(&reference).await {
                Ok(held) => self.pushing(reference, held),
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(begun).flatten().boxed()
    }

    async fn registry_manifest(&self, reference: &str, _: Option<Login>) -> Result<Manifest> {
        self.cloud.manifest(reference).await?.ok_or_else(|| {
            let what = format!("{reference} is in none of the demo's repositories");
            Error::new(ErrorKind::NotFound, what).hint("the images screen lists what there is")
        })
    }

    async fn start(&self, order: &TrialOrder) -> Result<Trial> {
        let held = self.find(&order.image).await?;
        let tag = held.image.tags.first().map_or("", |tag| split(tag).1);
        let database = match order.environment.get("DATABASE_URL") {
            Some(_) => Database::Given,
            None => Database::Missing,
        };
        let life = workshop::life(held.service, tag, database, order.memory);
        let (started_at, seed) = (self.cloud.now(), self.cloud.seed());
        let mut state = self.state();
        let container = order.name.clone();
        if state.containers.contains_key(&container) {
            let what = format!("Conflict. The container name \"/{container}\" is already in use");
            return Err(Error::new(ErrorKind::Conflict, what).hint("stop that container first"));
        }
        state.made += 1;
        // One of the ports that systems give out by themselves (RFC 6335, dynamic ports).
        let port = u16::try_from(seed.wrapping_add(state.made) % 16_000).unwrap_or(0) + 49_152;
        let service = held.service;
        state.containers.insert(
            container.clone(),
            Container {
                started_at,
                life,
                service,
            },
        );
        Ok(Trial {
            container,
            port: order.port.map(|_| port),
        })
    }

    async fn look(&self, container: &str) -> Result<TrialState> {
        let now = self.cloud.now();
        let state = self.state();
        let known = state.container(container)?;
        let exited = |code, out_of_memory| TrialState::Exited {
            code,
            out_of_memory,
            error: None,
        };
        Ok(match known.life {
            _ if known.age(now) < ENDS_AFTER => TrialState::Running,
            Life::Answers(_) => TrialState::Running,
            Life::Exits(_) => exited(1, false),
            // 128 and the number of SIGKILL.
            Life::Killed => exited(137, true),
        })
    }

    async fn lines(&self, container: &str, lines: usize) -> Result<Vec<String>> {
        let now = self.cloud.now();
        let state = self.state();
        let known = state.container(container)?;
        let age = known.age(now);
        let mut said = match &known.life {
            Life::Exits(last) if age >= ENDS_AFTER => last.clone(),
            _ => Vec::new(),
        };
        if said.is_empty() {
            let answers = matches!(known.life, Life::Answers(from) if age >= from);
            said = script::first_words(known.service, age, answers);
        }
        Ok(said.split_off(said.len().saturating_sub(lines)))
    }

    async fn ask(&self, trial: &Trial, path: &str) -> Result<u16> {
        let now = self.cloud.now();
        let state = self.state();
        let known = state.container(&trial.container)?;
        match (&known.life, trial.port) {
            (Life::Answers(from), Some(_)) if known.age(now) >= *from => {
                let there = script::serves(known.service, path);
                Ok(if there { 200 } else { 404 })
            }
            (_, port) => {
                let port = port.unwrap_or_default();
                let what =
                    format!("http://127.0.0.1:{port}{path} does not answer: connection refused");
                Err(Error::new(ErrorKind::Unreachable, what)
                    .hint("the application does not listen yet"))
            }
        }
    }

    async fn stop(&self, container: &str) -> Result<()> {
        self.state().containers.remove(container);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
