//! Rolls a new revision out: another image, variables, secrets, command, size or disk, and every other field of the task definition as it is.

mod gate;
mod image;
pub mod secret;

pub(super) use image::Found;

use super::{
    Desk, Operation, Plan, Request, database,
    desk::service,
    form::{Choice, Form, Kind},
    revision::Deploying,
};
use crate::{
    cloud::{Call, REGISTERING, Registration, Revision},
    error::{Error, ErrorKind, Result},
    format,
    logs::secrets::mask_words,
    model::{
        compute::{Compute, Service},
        fargate::{self, FREE_STORAGE, MOST_STORAGE, Size},
        hidden::Hidden,
        image::Images,
        task_document::{Edit, TaskDocument},
    },
};
use async_trait::async_trait;
use serde::Serialize;

/// Rolls a new revision of a service out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct RollOut {
    /// Service.
    pub service: String,
    /// Container; by default the one behind the load balancer, or the first.
    pub container: Option<String>,
    /// Tag, digest, or whole reference of the image.
    pub image: Option<String>,
    /// Environment variables that are set.
    pub set: Vec<(String, Hidden)>,
    /// Environment variables that are taken away.
    pub unset: Vec<String>,
    /// Command; empty leaves the image's own.
    #[serde(serialize_with = "masked")]
    pub command: Option<Vec<String>>,
    /// Variables that are filled from secrets or parameters, with their ARNs.
    pub secrets: Vec<(String, String)>,
    /// Secret with the login by which the image is pulled.
    pub pull_secret: Option<String>,
    /// CPU units and MiB of the task.
    pub size: Option<(u32, u32)>,
    /// GiB of the task's own disk; 20 is what every task has.
    pub storage: Option<u32>,
}

/// The IAM actions that registering and deploying a revision needs.
pub(super) const ACTIONS: &[&str] = &[
    REGISTERING[0],
    REGISTERING[1],
    REGISTERING[2],
    "ecs:UpdateService",
];

/// The check of the login by which tasks pull an image.
pub(super) const PULLS: &str = "tasks may pull it";

/// The choice of a form that keeps the image.
const KEEP: &str = "as it is";

impl RollOut {
    fn asks_nothing(&self) -> bool {
        *self
            == Self {
                service: self.service.clone(),
                container: self.container.clone(),
                ..Self::default()
            }
    }

    /// What is edited, once the image is known.
    fn edits(&self, container: &str, image: Option<String>) -> Vec<Edit> {
        let container = || container.to_owned();
        let image = image.map(|image| Edit::Image {
            container: container(),
            image,
        });
        let unset = self.unset.iter().map(|name| Edit::UnsetVariable {
            container: container(),
            name: name.clone(),
        });
        let set = self.set.iter().map(|(name, value)| Edit::SetVariable {
            container: container(),
            name: name.clone(),
            value: value.clone(),
        });
        let secrets = self.secrets.iter().map(|(name, from)| Edit::Secret {
            container: container(),
            name: name.clone(),
            from: from.clone(),
        });
        let pull = self.pull_secret.iter().map(|from| Edit::PullSecret {
            container: container(),
            from: from.clone(),
        });
        let command = self.command.iter().map(|words| Edit::Command {
            container: container(),
            words: words.clone(),
        });
        let size = self
            .size
            .iter()
            .map(|&(cpu, memory)| Edit::Size { cpu, memory });
        let storage = self.storage.map(|gib| Edit::EphemeralStorage { gib });
        image
            .into_iter()
            .chain(unset)
            .chain(set)
            .chain(secrets)
            .chain(pull)
            .chain(command)
            .chain(size)
            .chain(storage)
            .collect()
    }

    /// Makes the plan for a service of `compute`.
    ///
    /// # Errors
    /// Those of [`Operation::plan`].
    pub(super) async fn planned(&self, desk: &Desk<'_>, compute: &Compute) -> Result<Plan> {
        self.supplied(desk, compute, None).await
    }

    /// The same for an image that is `coming`: it is pushed before.
    ///
    /// # Errors
    /// Those of [`Operation::plan`].
    pub(super) async fn supplied(
        &self,
        desk: &Desk<'_>,
        compute: &Compute,
        coming: Option<Found>,
    ) -> Result<Plan> {
        let service = service(compute, &self.service)?;
        let before = desk.running(service).await?;
        let container = container(self.container.as_deref(), service, &before)?;
        let found = match (coming, &self.image) {
            (Some(coming), _) => Some(coming),
            (None, Some(typed)) => {
                let current = before.image(&container).unwrap_or_default();
                let images = desk.images().await;
                let found = image::resolve(&images, current, typed, desk.now());
                Some(found.asked(desk).await)
            }
            (None, None) => None,
        };
        if let Some((cpu, memory)) = self.size.filter(|_| on_fargate(service)) {
            let platform = service.platform_version.as_deref();
            fargate::fits(Size::new(cpu, memory)?, &before, platform)?;
        }
        let edits = self.edits(
            &container,
            found.as_ref().map(|found| found.reference.clone()),
        );
        let registration = Registration::new(&before, edits)?;
        let deploying = Deploying {
            desk,
            service,
            before: &before,
            after: &registration.document,
            revision: None,
        };
        let title = match &found {
            Some(found) => format!("Roll out {} of {}", found.name, service.name),
            None => format!("Roll out a new revision of {}", service.name),
        };
        let mut plan = deploying.plan(self.clone(), title);
        let new_code = found.is_some();
        if let Some(found) = found {
            plan = found.check(plan, &before);
        }
        plan = secret::added(plan, desk, &self.secrets).await;
        if let Some(from) = &self.pull_secret {
            plan = secret::looked(plan, desk, PULLS, from).await;
        }
        plan = gate::check(plan, desk, service).await;
        if plan.changes.is_empty() {
            return Ok(plan);
        }
        if new_code {
            plan = database::before_code(plan, desk).await;
        }
        let family = before.family().to_owned();
        Ok(plan
            .call(Call::RegisterRevision(registration))
            .call(Call::DeployRevision {
                cluster: compute.cluster.name.clone(),
                service: service.name.clone(),
                revision: Revision::Newest(family),
            }))
    }
}

#[async_trait]
impl Operation for RollOut {
    fn name(&self) -> &'static str {
        "rollout"
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if !self.asks_nothing() {
            return Ok(None);
        }
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let document = desk.running(service).await?;
        let container = container(self.container.as_deref(), service, &document)?;
        let current = document.image(&container).unwrap_or_default();
        let mut form = Form::new(format!("Roll out {}", service.name))
            .note(format!("{} runs {current}", document.name()))
            .note("Everything that is not filled in stays as it is.");
        match desk.images().await {
            Ok(images) => {
                let mut choices = vec![Choice {
                    value: KEEP.to_owned(),
                    about: String::new(),
                }];
                choices.extend(image::choices(&images, service, current, desk.now()));
                form = form.field(
                    "image",
                    "Image",
                    Kind::OneOf(choices),
                    KEEP,
                    "↑/↓ chooses; newest first",
                );
            }
            Err(error) => form = form.note(format!("Images could not be listed: {error}")),
        }
        let help = "instead of one of the list: a tag, a digest, or a whole reference";
        Ok(Some(
            form.field("reference", "By hand", Kind::Text, "", help)
                .field(
                    "set",
                    "Set",
                    Kind::Text,
                    "",
                    "variables: NAME=value NAME='other value'",
                )
                .field(
                    "unset",
                    "Unset",
                    Kind::Text,
                    "",
                    "variables, also those from secrets: NAME NAME",
                )
                .field(
                    "secret",
                    "Secrets",
                    Kind::Text,
                    "",
                    "NAME=ARN of a secret or parameter",
                )
                .field(
                    "command",
                    "Command",
                    Kind::Text,
                    "",
                    "words, quoted as for a shell",
                )
                .field(
                    "storage",
                    "Disk",
                    Kind::Text,
                    "",
                    "GiB of the task's own disk, 21 to 200; 20 sets none",
                ),
        ))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let some = |text: &str| (!text.is_empty() && text != KEEP).then(|| text.to_owned());
        let words = |name: &str| {
            shlex::split(form.text(name)).ok_or_else(|| {
                Error::new(ErrorKind::Usage, format!("{name}: a quote is not closed"))
            })
        };
        let command = words("command")?;
        Ok(Self {
            image: some(form.text("reference")).or_else(|| some(form.text("image"))),
            set: words("set")?
                .iter()
                .map(|pair| variable(pair))
                .collect::<Result<_>>()?,
            unset: words("unset")?,
            secrets: words("secret")?
                .iter()
                .map(|pair| {
                    let (name, from) = secret::split(pair);
                    secret::check(&name, &from).map(|()| (name, from))
                })
                .collect::<Result<_>>()?,
            storage: match form.text("storage") {
                "" => None,
                _ => Some(form.value("storage")?),
            },
            command: (!command.is_empty()).then_some(command),
            ..self.clone()
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        if self.asks_nothing() {
            return Err(Error::new(
                ErrorKind::Usage,
                "a rollout needs something that changes",
            )
            .hint("name an image, a variable, a command or a size; `hydren restart` replaces tasks by the same revision"));
        }
        if self.set.iter().any(|(name, _)| name.is_empty()) {
            let what = "a variable is set by something else than NAME=value";
            return Err(Error::new(ErrorKind::Usage, what)
                .hint("what was typed is not repeated: it may be a secret"));
        }
        for (name, from) in &self.secrets {
            secret::check(name, from)?;
        }
        if let Some(from) = &self.pull_secret {
            secret::arn("the login that pulls the image", from)?;
        }
        let sizes = FREE_STORAGE..=MOST_STORAGE;
        if let Some(gib) = self.storage.filter(|gib| !sizes.contains(gib)) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("a task cannot have a disk of {gib} GiB"),
            )
            .hint("21 to 200 GiB can be set; 20 is what every task has"));
        }
        self.planned(desk, &*desk.compute().await?).await
    }
}

/// Whether the tasks of a service run on Fargate, which knows certain sizes only.
pub(super) fn on_fargate(service: &Service) -> bool {
    service.launch_type.contains("FARGATE")
}

/// The container that is meant: the one named, else the one behind the load balancer, else the first.
pub(super) fn container(
    named: Option<&str>,
    service: &Service,
    document: &TaskDocument,
) -> Result<String> {
    let known = document.containers();
    let behind = service.load_balancers.first().map(|b| b.container.as_str());
    let behind = behind.filter(|name| known.contains(name));
    match named.or(behind).or(known.first().copied()) {
        Some(name) if known.contains(&name) => Ok(name.to_owned()),
        other => Err(Error::new(
            ErrorKind::Usage,
            format!(
                "{} has no container {}",
                document.name(),
                other.unwrap_or("at all")
            ),
        )
        .hint(format!("there is {}", known.join(", ")))),
    }
}

#[expect(clippy::ref_option, reason = "serde hands on the field")]
fn masked<S: serde::Serializer>(
    command: &Option<Vec<String>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    command.as_deref().map(mask_words).serialize(serializer)
}

/// Reads `NAME=value`.
///
/// # Errors
/// `Usage` for what is no pair, or no name of a variable.
pub fn variable(pair: &str) -> Result<(String, Hidden)> {
    let fault =
        |what: String| Error::new(ErrorKind::Usage, what).hint("a pair is expected: NAME=value");
    let Some((name, value)) = pair.split_once('=') else {
        // What was typed may be the value: it is not repeated.
        return Err(fault("a variable is set without `=`".to_owned()));
    };
    let good = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.is_empty() || !name.chars().all(good) {
        // A value with an equals sign in it is taken for a name here: it is not repeated either.
        let what = "what stands before `=` cannot be the name of a variable";
        return Err(fault(what.to_owned()));
    }
    Ok((name.to_owned(), Hidden::new(value)))
}

/// The same of what was typed on a command line; what is no pair has no name, and its plan is refused.
#[must_use]
pub fn pair(typed: &Hidden) -> (String, Hidden) {
    variable(typed.reveal()).unwrap_or_else(|_| (String::new(), typed.clone()))
}

/// How people call the image that `reference` names, where the tier lists it.
pub(super) fn find<'i>(images: &'i Images, reference: &str) -> Option<&'i str> {
    image::find(images, reference).map(image::called)
}

/// How old something is, for a choice or a check.
fn ago(at: Option<jiff::Timestamp>, now: jiff::Timestamp) -> String {
    match at {
        Some(at) => format!("{} ago", format::age(now.as_second() - at.as_second())),
        None => "at an unknown time".to_owned(),
    }
}

#[cfg(test)]
mod tests;
