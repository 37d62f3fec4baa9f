//! Copies an image to another environment's repository, byte for byte so that its digest stays the same. Nothing is built, and no container
//! engine is needed; nothing is rolled out.

mod source;
mod target;

use super::{
    CheckState, Cost, Desk, Goal, Operation, Plan, Request, Risk, Stage, Undo,
    form::{Choice, Form, Kind},
    place::{Coming, Place, logged_in},
};
use crate::{
    engine::registries,
    error::{Error, ErrorKind, Result},
    format,
    model::{
        environment,
        image::{EcrRepository, ScanFindings, short, split},
    },
};
use async_trait::async_trait;
use serde::Serialize;
use source::{Scan, Source};

/// Bytes a second from registry to registry through this machine: a slow connection, and a fast one.
const SPEED: (u64, u64) = (2_000_000, 50_000_000);

/// Promotes an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promote {
    /// A service, whose tasks' image is meant, or an image: `REPOSITORY:TAG` or `REPOSITORY@sha256:…`.
    pub what: String,
    /// Environment that it goes to; `None` asks.
    pub to: Option<String>,
    /// Repository there, by name or as `REGISTRY/NAME`; `None` is the one of the same name, or the only one.
    pub repository: Option<String>,
    /// Tag that it gets there; `None` is its own.
    pub tag: Option<String>,
}

impl Promote {
    /// Adds what is known of the image itself.
    fn described(plan: Plan, source: &Source, here: &str) -> Plan {
        let size = format::size(source.bytes);
        let size = match source.platforms.as_slice() {
            [] => size,
            platforms => format!("{size}, {}", platforms.join(", ")),
        };
        let plan = plan
            .adds("digest", &source.digest)
            .adds("size", size)
            .adds("from", format!("{} of {here}", source.reference()))
            .rests_on("image", source.digest.as_str())
            .check("image", CheckState::Passed, source.found.clone());
        match &source.scan {
            Scan::Untold => plan,
            Scan::Missing => plan.check(
                "no serious findings",
                CheckState::Warned,
                "it was not scanned, or its scan cannot be read",
            ),
            Scan::Found(ScanFindings { critical, high, .. }) if critical + high > 0 => plan.check(
                "no serious findings",
                CheckState::Warned,
                format!("{critical} critical and {high} high ones go with it"),
            ),
            Scan::Found(_) => plan.check(
                "no serious findings",
                CheckState::Passed,
                "none critical, none high",
            ),
        }
    }

    /// Adds what the environment that it goes to has to say.
    fn admitted(plan: Plan, there: &Desk<'_>) -> Plan {
        let environment = there.environment;
        let name = &environment.name;
        let plan = match environment.stage {
            environment::Stage::Production => plan
                .check(
                    "environment",
                    CheckState::Warned,
                    format!("{name} is production"),
                )
                .risk(
                    Risk::Disruptive,
                    format!("it goes to production: what {name} has can be rolled out there"),
                ),
            environment::Stage::Development => plan,
        };
        match environment.read_only() {
            None => plan,
            Some(why) => plan.check(
                "changes allowed",
                CheckState::Warned,
                format!("{name} refuses it: {why}"),
            ),
        }
    }
}

/// How many seconds a copy of so many bytes takes, from and to.
fn seconds(bytes: u64) -> (i64, i64) {
    let at = |speed: u64| i64::try_from(bytes / speed).unwrap_or(i64::MAX);
    (at(SPEED.1).max(2), at(SPEED.0).max(30))
}

fn cost(there: &Desk<'_>, repository: &str, bytes: u64) -> Cost {
    let size = format::size(bytes);
    let basis = match EcrRepository::parse(repository) {
        Some(ecr) => format!(
            "ECR bills at most {size} more of storage in {}, and what leaves the region of the source",
            ecr.region
        ),
        None => format!(
            "whatever the registry of {} bills for {size}, and what leaves the region of the source",
            there.environment.name
        ),
    };
    Cost::Once { usd: None, basis }
}

#[async_trait]
impl Operation for Promote {
    fn name(&self) -> &'static str {
        "promote"
    }

    /// Those that it needs are asked of the other environment's caller, by its registry.
    fn actions(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_elsewhere(&self) -> bool {
        true
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.to.is_some() {
            return Ok(None);
        }
        let environments = desk.workshop()?.environments();
        let own = &desk.environment.name;
        let other = environments
            .iter()
            .map(|e| &e.name)
            .find(|name| *name != own);
        let choices = environments
            .iter()
            .map(|environment| Choice {
                value: environment.name.clone(),
                about: format!("{} {}", environment.stage.word(), environment.region)
                    .trim_end()
                    .to_owned(),
            })
            .collect();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (name, mark) = split(&self.what);
        let name = EcrRepository::parse(name).map_or(name, |ecr| ecr.name);
        let what = match mark.strip_prefix('@') {
            Some(digest) => format!("{name}@{}", short(digest)),
            None => format!("{name}{mark}"),
        };
        Ok(Some(
            Form::new(format!("Promote {what}"))
                .note("The image is copied as it is: its digest stays the same. Nothing is rolled out.")
                .field(
                    "to",
                    "Environment",
                    Kind::OneOf(choices),
                    other.unwrap_or(own),
                    "where it goes to",
                )
                .field(
                    "repository",
                    "Repository",
                    Kind::Text,
                    &text(&self.repository),
                    "there; empty: the one of the same name, or the only one",
                )
                .field(
                    "tag",
                    "Tag",
                    Kind::Text,
                    &text(&self.tag),
                    "there; empty: its own",
                ),
        ))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let some = |name| Some(form.text(name).to_owned()).filter(|text| !text.is_empty());
        Ok(Self {
            what: self.what.clone(),
            to: some("to"),
            repository: some("repository"),
            tag: some("tag"),
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let to = self.to.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::Usage, "it is not said where the image goes to")
                .hint("name the environment: --to ENVIRONMENT")
        })?;
        let place = desk.at(Some(to)).await?;
        let there = place.desk();
        let source = Source::find(&self.what, desk).await?;
        let repository = target::find(self.repository.as_deref(), &source, &there).await?;
        let tag = self.tag.clone().or_else(|| source.tag.clone());
        let tag = tag.unwrap_or_else(|| short(&source.digest));
        let reference = format!("{repository}:{tag}");
        let from = format!("{}@{}", source.uri, source.digest);
        let name = EcrRepository::parse(&repository).map_or(&*repository, |ecr| ecr.name);
        let goal = Goal::Here {
            component: reference.clone(),
        };
        let title = format!("Promote {} to {to}", source.title());
        let mut plan = Plan::new(self.clone(), title, name, goal, desk.now())
            .adds(format!("image in {to}"), &reference)
            .stays(format!("what runs in {to}: nothing is rolled out"))
            .cost(cost(&there, &repository, source.bytes))
            .risk(Risk::Safe, "nothing that runs is changed")
            .undo(Undo::Needless(format!(
                "the image stays there until it is deleted, and nothing runs it; `hydren rollout SERVICE --env {to} --image \
                 {repository}@{}` does",
                source.digest
            )));
        plan.elsewhere = Some(there.environment.stage);
        plan = Self::described(plan, &source, &desk.environment.name);
        let (least, most) = seconds(source.bytes);
        plan = plan.takes(least, most, most);
        if repository == source.uri {
            return Ok(plan.check(
                "another repository",
                CheckState::Failed,
                format!(
                    "{to} has it in the same one: name another environment, or another --repository"
                ),
            ));
        }
        let (giving, taking) = (desk.side(&from)?, there.side(&reference)?);
        plan = logged_in(plan, "login to the source", &giving.login().await?);
        plan = logged_in(plan, "login to the target", &taking.login().await?);
        plan = Self::admitted(plan, &there);
        plan = plan.stage(Stage::Copy {
            from: from.clone(),
            to: reference.clone(),
            environment: to.to_owned(),
        });
        let asked = async {
            let registries = there.workshop()?.registries();
            let held = registries::look(&*registries, taking).await;
            held.map(|stored| stored.digest)
        };
        let found = Place::find(&there, &reference, asked).await;
        let coming = Coming {
            reference: &reference,
            digests: std::slice::from_ref(&source.digest),
            within: Some(to),
            otherwise: "give it another with --tag",
        };
        Ok(found.checked(plan, &there, &coming).await)
    }
}

#[cfg(test)]
mod tests;
