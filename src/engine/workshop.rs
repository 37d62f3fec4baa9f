//! Where the code of an environment becomes images: its components, the engine that builds, tries and pushes them, and logins to registries.
//!
//! Opening a workshop connects to nothing. The engine is reached by the first who needs it; one that is not there is looked for again the
//! next time.

use super::{
    About, Engine, LocalImage,
    context::Context,
    copy::Distribution,
    docker::DockerEngine,
    guard::{Guard, Guarded, GuardedRegistries},
    login::Logins,
    registries::Registries,
    sim::{Rehearsal, SimEngine, SimRegistries},
    source::Source,
};
use crate::{
    cloud::sim::{self, SimCloud},
    config::Surroundings,
    connect::{self, Opened, Opener},
    error::{Error, ErrorKind, Result},
    model::{
        component::{self, Component},
        environment::Environment,
    },
    text::nearest,
};
use indexmap::IndexMap;
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::Mutex;

/// Whose engine it is.
enum Owner {
    /// The one that the `docker` command would use.
    Machine(Box<Surroundings>),
    /// The simulation's, which shares its registry with the simulated environment.
    Simulation(Arc<SimCloud>),
    /// The machine's before the simulation's registry.
    Rehearsal(Box<Surroundings>, Arc<SimCloud>),
}

/// A workshop.
pub struct Workshop {
    components: IndexMap<String, Component>,
    owner: Owner,
    guard: Arc<Guard>,
    logins: Logins,
    engine: Mutex<Option<Arc<dyn Engine>>>,
    /// Opens other environments; `None` where there are none.
    opener: Option<Opener>,
    /// Those that were opened, by name.
    neighbours: Mutex<HashMap<String, (Environment, Opened)>>,
}

/// What is in a workshop.
#[derive(Debug, Clone, Serialize)]
pub struct Bench {
    /// Components, by name.
    pub components: Vec<Component>,
    /// The engine; `Err` says why there is none.
    #[serde(skip)]
    pub engine: Result<Held>,
}

/// What an engine is and holds.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// What it is.
    pub about: About,
    /// Its images, newest first.
    pub images: Vec<LocalImage>,
}

impl Workshop {
    /// Opens the workshop of this machine.
    #[must_use]
    pub fn new(
        components: IndexMap<String, Component>,
        around: &Surroundings,
        guard: Guard,
    ) -> Self {
        Self::of(
            components,
            Owner::Machine(Box::new(around.clone())),
            guard,
            Logins::of_process(),
        )
    }

    /// Opens the workshop of a simulated environment: its engine is simulated too, and so is the code of `components`.
    #[must_use]
    pub fn simulated(cloud: Arc<SimCloud>, components: Vec<Component>, guard: Guard) -> Self {
        let components = components.into_iter();
        let components = components.map(|c| (c.name.clone(), c)).collect();
        // The simulated registry asks for no login.
        let logins = Logins::new(None);
        Self::of(components, Owner::Simulation(cloud), guard, logins)
    }

    /// Opens a workshop whose engine is this machine's and whose registry is that of a simulated environment: `components` are built and tried
    /// for real.
    #[must_use]
    pub fn rehearsed(
        cloud: Arc<SimCloud>,
        components: IndexMap<String, Component>,
        around: &Surroundings,
        guard: Guard,
    ) -> Self {
        let owner = Owner::Rehearsal(Box::new(around.clone()), cloud);
        Self::of(components, owner, guard, Logins::new(None))
    }

    fn of(
        components: IndexMap<String, Component>,
        owner: Owner,
        guard: Guard,
        logins: Logins,
    ) -> Self {
        Self {
            components,
            owner,
            guard: Arc::new(guard),
            logins,
            engine: Mutex::new(None),
            opener: None,
            neighbours: Mutex::default(),
        }
    }

    /// The same among the environments that `opener` knows: images can be copied to them.
    #[must_use]
    pub fn among(mut self, opener: Opener) -> Self {
        self.opener = Some(opener);
        self
    }

    /// Every environment, its own too.
    #[must_use]
    pub fn environments(&self) -> &[Environment] {
        self.opener.as_ref().map_or(&[], |o| &o.environments)
    }

    /// Opens another environment, once: its cloud and workshop have guards of their own.
    ///
    /// # Errors
    /// `Config`: there is none of that name, or its region is not known.
    pub async fn neighbour(&self, name: &str) -> Result<(Environment, Opened)> {
        // Held while opening, so that several ask for one token each.
        let mut known = self.neighbours.lock().await;
        if let Some(neighbour) = known.get(name) {
            return Ok(neighbour.clone());
        }
        let environments = self.environments();
        let found = environments.iter().find(|e| e.name == name);
        let (Some(environment), Some(opener)) = (found, &self.opener) else {
            return Err(no_environment(name, environments));
        };
        let environment = connect::locate(environment.clone()).await?;
        let neighbour = (environment.clone(), opener.open(&environment));
        known.insert(name.to_owned(), neighbour.clone());
        Ok(neighbour)
    }

    /// What registries are asked by; an image is copied into one under the guard of this workshop. Needs no engine.
    #[must_use]
    pub fn registries(&self) -> Arc<dyn Registries> {
        let inner: Arc<dyn Registries> = match &self.owner {
            Owner::Machine(_) => Arc::new(Distribution),
            Owner::Simulation(cloud) | Owner::Rehearsal(_, cloud) => {
                Arc::new(SimRegistries::new(Arc::clone(cloud)))
            }
        };
        Arc::new(GuardedRegistries::new(inner, Arc::clone(&self.guard)))
    }

    /// The component `name`.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn component(&self, name: &str) -> Result<&Component> {
        component::find(&self.components, name)
    }

    /// Logins to registries.
    #[must_use]
    pub const fn logins(&self) -> &Logins {
        &self.logins
    }

    /// The guard of its registries.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Reaches the engine.
    ///
    /// # Errors
    /// `Unreachable` for an engine that is not there, `Denied` for a socket without permission, `Unsupported` for one too old, `Config` for
    /// an address or context that is none.
    pub async fn engine(&self) -> Result<Arc<dyn Engine>> {
        // Held while connecting, so that several ask once.
        let mut known = self.engine.lock().await;
        if let Some(engine) = &*known {
            return Ok(Arc::clone(engine));
        }
        let reached: Arc<dyn Engine> = match &self.owner {
            Owner::Machine(around) => Arc::new(DockerEngine::connect(around).await?),
            Owner::Simulation(cloud) => Arc::new(SimEngine::new(Arc::clone(cloud))),
            Owner::Rehearsal(around, cloud) => {
                let real: Arc<dyn Engine> = Arc::new(DockerEngine::connect(around).await?);
                Arc::new(Rehearsal::new(real, Arc::clone(cloud)))
            }
        };
        let guarded: Arc<dyn Engine> = Arc::new(Guarded::new(reached, Arc::clone(&self.guard)));
        Ok(Arc::clone(known.insert(guarded)))
    }

    /// Looks at what is in it.
    pub async fn look(&self) -> Bench {
        let engine = async {
            let engine = self.engine().await?;
            let (about, images) = futures::try_join!(engine.about(), engine.images())?;
            Ok(Held { about, images })
        };
        Bench {
            engine: engine.await,
            components: self.components.values().cloned().collect(),
        }
    }

    /// Reads where the code of a component comes from.
    pub async fn source(&self, component: &Component) -> Source {
        match &self.owner {
            Owner::Machine(_) | Owner::Rehearsal(..) => Source::read(&component.context).await,
            Owner::Simulation(cloud) => sim::source(cloud, component),
        }
    }

    /// Looks for the Dockerfile of a component in its context.
    ///
    /// # Errors
    /// `Config`: a folder that is none, a Dockerfile that is missing or outside.
    pub async fn check(&self, component: &Component) -> Result<()> {
        if matches!(self.owner, Owner::Simulation(_)) {
            return Ok(());
        }
        let (root, dockerfile) = (component.context.clone(), component.dockerfile.clone());
        let looked = tokio::task::spawn_blocking(move || Context::open(&root, &dockerfile)).await;
        looked.map_err(|e| {
            Error::new(ErrorKind::Io, "the context cannot be looked at").source(e)
        })??;
        Ok(())
    }
}

fn no_environment(name: &str, environments: &[Environment]) -> Error {
    let names: Vec<&str> = environments.iter().map(|e| e.name.as_str()).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("configured are {}", names.join(", ")),
    };
    let what = format!("there is no environment `{name}`");
    Error::new(ErrorKind::Config, what).hint(hint)
}
