//! From code to running tasks: builds an image of a component, tries it as its task would run it, pushes it, and rolls it out, pinned by the
//! digest that its registry has. Each of these can be had alone.

mod image;
mod task;

use super::{
    CheckState, Cost, Desk, Goal, Made, Operation, Plan, Request, Risk, RollOut, Stage, Undo,
    Weight,
    place::{Coming, Place, logged_in},
    rollout::{self, Found},
};
use crate::{
    engine::{
        About, Cache, Engine,
        login::registry as registry_of,
        order::mismatch,
        trial::{Afterwards, TIMEOUT},
    },
    error::{Error, ErrorKind, Result},
    model::{
        component::Component,
        image::{short, split},
    },
};
use async_trait::async_trait;
use image::Subject;
use serde::Serialize;
use std::time::Duration;
use task::Task;

/// A part of the way from code to running tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leg {
    /// The image is built.
    Build,
    /// It is tried on this machine.
    Try,
    /// It is pushed to its registry.
    Push,
    /// It is rolled out.
    RollOut,
}

/// How an image is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// What a failure means.
    pub weight: Weight,
    /// Seconds that it is given to become healthy.
    pub timeout_seconds: u64,
    /// What becomes of a container that is healthy.
    pub afterwards: Afterwards,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            weight: Weight::default(),
            timeout_seconds: TIMEOUT.as_secs(),
            afterwards: Afterwards::default(),
        }
    }
}

/// Brings a component's image from one place to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ship {
    /// Component.
    pub component: String,
    /// The first part of the way.
    pub from: Leg,
    /// The last.
    pub until: Leg,
    /// Tag of an image that the engine has, where none is built; by default its newest one.
    pub image: Option<String>,
    /// Tags of what is built in place of the commit's.
    pub tags: Vec<String>,
    /// Platform in place of the component's.
    pub platform: Option<String>,
    /// Whether earlier steps are used again.
    pub cache: Cache,
    /// How it is tried.
    pub trial: Terms,
    /// Secret with the login by which tasks pull it.
    pub pull_secret: Option<String>,
}

impl Ship {
    /// The way of `component` from one part to another.
    #[must_use]
    pub fn new(component: impl Into<String>, from: Leg, until: Leg) -> Self {
        Self {
            component: component.into(),
            from,
            until,
            image: None,
            tags: Vec::new(),
            platform: None,
            cache: Cache::default(),
            trial: Terms::default(),
            pull_secret: None,
        }
    }

    /// The whole way.
    #[must_use]
    pub fn whole(component: impl Into<String>) -> Self {
        Self::new(component, Leg::Build, Leg::RollOut)
    }

    fn does(&self, leg: Leg) -> bool {
        (self.from..=self.until).contains(&leg)
            && (leg != Leg::Try || self.trial.weight != Weight::Skipped)
    }

    /// What is done, as a title begins.
    fn verb(&self) -> &'static str {
        match (self.from, self.until) {
            (_, Leg::RollOut) => "Ship",
            (Leg::Build, Leg::Build) => "Build",
            (Leg::Build, Leg::Try) => "Build and try",
            (_, Leg::Try) => "Try",
            (Leg::Push, _) => "Push",
            (_, _) => "Build and push",
        }
    }

    /// The rollout of `image`.
    fn rollout(&self, component: &Component, task: &Task, image: String) -> RollOut {
        RollOut {
            pull_secret: self.pull_secret.clone(),
            service: component.service.clone(),
            container: task.container.clone(),
            image: Some(image),
            ..RollOut::default()
        }
    }

    /// Begins the plan: with the rollout, where it comes to that.
    async fn begun(
        &self,
        desk: &Desk<'_>,
        component: &Component,
        task: &Task,
        subject: &Subject,
        about: &About,
    ) -> Result<Plan> {
        // What is pinned stays so when the plan is made again.
        let request = Self {
            tags: subject.own_tags(),
            image: self.image.clone().or_else(|| subject.own_tag()),
            ..self.clone()
        };
        let title = format!("{} {}: {}", self.verb(), component.name, subject.name());
        if self.until < Leg::RollOut {
            let goal = Goal::Here {
                component: component.name.clone(),
            };
            return Ok(Plan::new(request, title, &component.name, goal, desk.now()));
        }
        let compute = task.compute.clone()?;
        let platform = subject.platform().unwrap_or(&about.platform);
        let coming = Found::coming(&subject.reference, platform);
        let rollout = self.rollout(component, task, subject.reference.clone());
        let plan = rollout.supplied(desk, &compute, Some(coming)).await?;
        Ok(Plan {
            request: request.into(),
            title,
            ..plan
        })
    }

    /// Adds the stages and what they change.
    fn staged(
        &self,
        mut plan: Plan,
        subject: &Subject,
        task: &Task,
        component: &Component,
    ) -> Plan {
        let mut changes = std::mem::take(&mut plan.changes);
        if let Some(order) = &subject.order {
            for tag in &order.tags {
                plan = plan.adds("image here", tag);
            }
            plan = plan.stage(Stage::Build(Box::new(order.clone())));
            plan = longer(plan, 20, 300);
        }
        if self.does(Leg::Try) {
            let mut trial = task.trial(component, &subject.image_name());
            trial.timeout = Duration::from_secs(self.trial.timeout_seconds);
            trial.afterwards = self.trial.afterwards;
            plan = task::checked(plan, &trial, task);
            let name = match trial.afterwards {
                Afterwards::Removed => format!("{}, removed in the end", trial.order.name),
                Afterwards::Kept => format!("{}, kept where it is healthy", trial.order.name),
            };
            plan = plan.adds("container here", name);
            plan = plan.stage(Stage::Try(Box::new(trial), self.trial.weight));
            plan = longer(
                plan,
                3,
                i64::try_from(self.trial.timeout_seconds).unwrap_or(60),
            );
        }
        if self.does(Leg::Push) {
            let reference = subject.reference.clone();
            let image = subject.found.as_ref().map(|found| found.image.clone());
            plan = plan.adds("image in its registry", &reference);
            plan = plan.stage(Stage::Push { reference, image });
            plan = longer(plan, 5, 180);
        }
        // What is done here comes first, and stands first.
        let own = std::mem::take(&mut plan.changes);
        plan.changes = own.into_iter().chain(changes.drain(..)).collect();
        plan
    }

    /// Says what brings the state before back, where nothing is rolled out.
    fn without_rollout(&self, plan: Plan, subject: &Subject) -> Plan {
        let undo = match self.until {
            Leg::Build => format!("`docker rmi {}` takes the image away", subject.reference),
            Leg::Try => "nothing is left but what the engine keeps in its cache".to_owned(),
            Leg::Push | Leg::RollOut => format!(
                "the image stays in {} until it is deleted there; nothing runs it",
                registry_of(&subject.reference)
            ),
        };
        plan.cost(Cost::Unchanged)
            .risk(Risk::Safe, "nothing that runs is changed")
            .undo(Undo::Needless(undo))
    }
}

/// Adds to how long a plan usually takes.
fn longer(mut plan: Plan, from: i64, to: i64) -> Plan {
    use jiff::SignedDuration;
    plan.takes.0 += SignedDuration::from_secs(from);
    plan.takes.1 += SignedDuration::from_secs(to);
    plan
}

/// Adds what is known of the engine, and whether it builds for another platform than its own.
fn engine_checked(plan: Plan, subject: &Subject, about: &About) -> Plan {
    let builder = match about.builder {
        crate::engine::Builder::BuildKit => "BuildKit",
        crate::engine::Builder::Classic => "the classic builder",
    };
    let found = format!(
        "{} {} of {} with {builder}",
        about.name, about.version, about.platform
    );
    let plan = plan.check("engine", CheckState::Passed, found);
    match subject
        .order
        .as_ref()
        .and_then(|order| mismatch(order, about))
    {
        Some(warning) => plan.check("platform", CheckState::Warned, warning),
        None => plan,
    }
}

/// Adds what the registry of `reference` says. Where ECR has no such repository, it is made first.
///
/// # Errors
/// A Docker configuration that cannot be read, a helper that fails, ECR's refusal of a token.
async fn pushable(
    plan: Plan,
    desk: &Desk<'_>,
    engine: &dyn Engine,
    subject: &Subject,
) -> Result<Plan> {
    let reference = &subject.reference;
    let logins = desk.workshop()?.logins();
    let credentials = logins.find(desk.cloud, reference).await?;
    let plan = logged_in(plan, "login", &credentials);
    let asked = async {
        let held = engine.registry_manifest(reference, credentials.login);
        held.await.map(|manifest| manifest.digest)
    };
    let place = Place::find(desk, reference, asked).await;
    let coming = Coming {
        reference,
        digests: &subject.digests,
        within: None,
        otherwise: "commit what is new or take another --tag",
    };
    Ok(place.checked(plan, desk, &coming).await)
}

#[async_trait]
impl Operation for Ship {
    fn name(&self) -> &'static str {
        match (self.from, self.until) {
            (_, Leg::RollOut) => "ship",
            (_, Leg::Push) => "push",
            (_, Leg::Try) => "try",
            (_, Leg::Build) => "build",
        }
    }

    fn actions(&self) -> &'static [&'static str] {
        match self.until {
            Leg::RollOut => rollout::ACTIONS,
            Leg::Build | Leg::Try | Leg::Push => &[],
        }
    }

    fn is_local(&self) -> bool {
        self.until < Leg::Push
    }

    fn insisted(&self) -> Option<Request> {
        let image = self.tags.first().cloned().or_else(|| self.image.clone());
        (self.until > Leg::Try && image.is_some()).then(|| {
            let (from, tags) = (Leg::Push, Vec::new());
            Self {
                from,
                image,
                tags,
                ..self.clone()
            }
            .into()
        })
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let workshop = desk.workshop()?;
        let component = workshop.component(&self.component)?;
        let engine = workshop.engine().await?;
        let about = engine.about().await?;
        let task = Task::read(desk, component).await;
        let subject = Subject::find(self, desk, component, &task, &*engine).await?;
        let plan = self.begun(desk, component, &task, &subject, &about).await?;
        let checks = plan.checks.len();
        let mut plan = self.staged(plan, &subject, &task, component);
        plan = subject.checked(plan);
        plan = engine_checked(plan, &subject, &about);
        if self.does(Leg::Push) {
            plan = pushable(plan, desk, &*engine, &subject).await?;
        }
        if self.until == Leg::RollOut {
            if self.pull_secret.is_none() {
                plan = task.pulls(plan, desk, &subject.reference).await;
            }
        } else {
            plan = self.without_rollout(plan, &subject);
        }
        // What was looked at here stands before what the rollout looked at.
        plan.checks.rotate_left(checks);
        Ok(plan)
    }

    async fn rest(&self, desk: &Desk<'_>, made: &Made) -> Result<Plan> {
        let pushed = made.pushed.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Service,
                "no image was pushed that could be rolled out",
            )
        })?;
        let component = desk.workshop()?.component(&self.component)?;
        let task = Task::read(desk, component).await;
        let rollout = self.rollout(component, &task, pushed.pinned.clone());
        let (_, tag) = split(&pushed.reference);
        let mut plan = Request::from(rollout).plan(desk).await?;
        plan.title = format!(
            "Roll out {} ({}) of {}",
            tag.trim_start_matches(':'),
            short(&pushed.digest),
            component.service
        );
        Ok(plan)
    }
}

#[cfg(test)]
mod tests;
