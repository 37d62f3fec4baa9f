//! The image that is shipped: one that is to be built, or one that the engine has.

use super::{
    super::{CheckState, Desk, Plan},
    Leg, Ship,
    task::Task,
};
use crate::{
    engine::{
        BuildOrder, Engine,
        order::{Asked, order, tag},
        push::{Target, Wanted},
        source::{Source, Tree},
    },
    error::{Error, ErrorKind, Result},
    model::{
        component::Component,
        image::{short, split},
    },
};

/// An image.
pub(super) struct Subject {
    /// How it is built; `None` for one that is there.
    pub(super) order: Option<BuildOrder>,
    /// The one that is there.
    pub(super) found: Option<Target>,
    /// `REPOSITORY:TAG`.
    pub(super) reference: String,
    /// The digests that the one that is there has in its repository.
    pub(super) digests: Vec<String>,
    /// Where its code comes from.
    source: Option<Source>,
    /// Why it cannot be built.
    fault: Option<Error>,
}

impl Subject {
    /// Says what is to be built of `component`, or finds it among the engine's images.
    pub(super) async fn find(
        ship: &Ship,
        desk: &Desk<'_>,
        component: &Component,
        task: &Task,
        engine: &dyn Engine,
    ) -> Result<Self> {
        let repository = component
            .repository
            .as_ref()
            .or(task.runs.repository.as_ref());
        if repository.is_none() && ship.until >= Leg::Push {
            return Err(nowhere(component, task));
        }
        if ship.from == Leg::Build {
            return Self::to_build(ship, desk, component, task).await;
        }
        let wanted = Wanted {
            what: component.name.clone(),
            repository: Some(repository.unwrap_or(&component.name).clone()),
            to: None,
            tag: ship.image.clone(),
        };
        let images = engine.images().await?;
        let found = wanted.find(&images)?;
        let image = images.iter().find(|image| image.id == found.image);
        let name = split(&found.reference).0;
        let digests = image.iter().flat_map(|image| image.digests_in(name));
        Ok(Self {
            digests: digests.map(str::to_owned).collect(),
            order: None,
            reference: found.reference.clone(),
            found: Some(found),
            source: None,
            fault: None,
        })
    }

    async fn to_build(
        ship: &Ship,
        desk: &Desk<'_>,
        component: &Component,
        task: &Task,
    ) -> Result<Self> {
        let workshop = desk.workshop()?;
        let source = workshop.source(component).await;
        let now = desk.now();
        let mut asked = Asked {
            tags: ship.tags.clone(),
            platform: ship.platform.clone(),
            cache: ship.cache,
        };
        if asked.tags.is_empty()
            && ship.until >= Leg::Push
            && matches!(&source, Source::Commit(commit) if commit.tree == Tree::Dirty)
        {
            // What was changed since the commit can be shipped twice; registries keep tags that were pushed.
            let time = tag(&Source::Unknown(String::new()), now);
            asked.tags = vec![format!("{}-{time}", tag(&source, now))];
        }
        let order = order(component, &source, &task.runs, &asked, now);
        let named = order.tags.iter().find(|tag| split(tag).1 != ":latest");
        let reference = named.or(order.tags.first()).cloned().unwrap_or_default();
        Ok(Self {
            fault: workshop.check(component).await.err(),
            order: Some(order),
            digests: Vec::new(),
            found: None,
            reference,
            source: Some(source),
        })
    }

    /// Tags that it is built under.
    pub(super) fn own_tags(&self) -> Vec<String> {
        let order = self.order.iter().flat_map(|order| &order.tags);
        order.map(|tag| mark(tag)).collect()
    }

    /// The tag that it has.
    pub(super) fn own_tag(&self) -> Option<String> {
        self.found.as_ref().map(|found| mark(&found.reference))
    }

    /// How people call it.
    pub(super) fn name(&self) -> String {
        mark(&self.reference)
    }

    /// What a container is started of; for one that is to be built its tag, until its id is known.
    pub(super) fn image_name(&self) -> String {
        let found = self.found.as_ref().map(|found| found.image.clone());
        found.unwrap_or_else(|| self.reference.clone())
    }

    /// The platform that it is built for, where that is asked for.
    pub(super) fn platform(&self) -> Option<&String> {
        self.order.as_ref()?.platform.as_ref()
    }

    /// Adds what is known of its code, and what the plan rests on.
    pub(super) fn checked(&self, plan: Plan) -> Plan {
        let plan = match (&self.source, &self.found) {
            (Some(Source::Commit(commit)), _) => {
                let (state, more) = match commit.tree {
                    Tree::Clean => (CheckState::Passed, "as it was committed"),
                    Tree::Dirty => (
                        CheckState::Warned,
                        "and what was changed since: nobody can find that again",
                    ),
                };
                let id = commit.id.get(..12).unwrap_or(&commit.id);
                let fact = format!("{id} {more}");
                plan.rests_on("commit", fact.as_str()).check(
                    "code",
                    state,
                    format!("commit {fact}"),
                )
            }
            (Some(Source::Unknown(why)), _) => plan.check(
                "code",
                CheckState::Warned,
                format!("its commit is not known ({why}): the image says only when it was built"),
            ),
            (None, Some(found)) => {
                let id = short(&found.image);
                plan.rests_on("image", id.as_str()).check(
                    "image",
                    CheckState::Passed,
                    format!("{id} of this machine"),
                )
            }
            (None, None) => plan,
        };
        match (&self.fault, &self.order) {
            (Some(fault), _) => plan.check("Dockerfile", CheckState::Failed, fault.message.clone()),
            (None, Some(order)) => plan.check(
                "Dockerfile",
                CheckState::Passed,
                order.context.join(&order.dockerfile).display().to_string(),
            ),
            (None, None) => plan,
        }
    }
}

/// The tag of a reference.
fn mark(reference: &str) -> String {
    split(reference).1.trim_start_matches(':').to_owned()
}

fn nowhere(component: &Component, task: &Task) -> Error {
    let name = &component.name;
    let error = Error::new(
        ErrorKind::Config,
        format!("it is not known which repository images of {name} are pushed to"),
    );
    let hint = format!("name it: `repository` under [components.{name}] of hydren.toml");
    match &task.compute {
        Err(unread) => error.hint(format!(
            "{hint}; what {} runs could not be read: {}",
            component.service, unread.message
        )),
        Ok(_) => error.hint(hint),
    }
}
