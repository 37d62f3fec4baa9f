//! What a registry says before an image is put into it: is there a login, is the repository there, is the tag free?

use super::{CheckState, Desk, Plan, Risk, Stage};
use crate::{
    cloud::call::RegistryCall,
    engine::login::{Credentials, registry},
    error::{Error, ErrorKind, Result},
    model::image::{EcrRepository, Image, Repository, split},
};

/// What is known of the tag that an image is to get.
pub(super) enum Place {
    /// Nothing has it.
    Free,
    /// Something has it: its digest where that is known, and whether it can be replaced.
    Taken(Option<String>, Mutability),
    /// There is no repository.
    Missing,
    /// It could not be looked at.
    Unknown(Error),
}

/// Whether a tag can be given to another image.
pub(super) enum Mutability {
    Mutable,
    Immutable,
    Unknown,
}

/// An image that is to be put into a registry.
pub(super) struct Coming<'a> {
    /// `REGISTRY/NAME:TAG`.
    pub(super) reference: &'a str,
    /// The digests by which it is known there, if at all.
    pub(super) digests: &'a [String],
    /// The environment, where it is another one than the plan's.
    pub(super) within: Option<&'a str>,
    /// What to do where the tag is taken for good.
    pub(super) otherwise: &'static str,
}

/// Adds whether there is a login.
pub(super) fn logged_in(plan: Plan, what: &str, credentials: &Credentials) -> Plan {
    match &credentials.login {
        Some(_) => plan.check(what, CheckState::Passed, credentials.origin.clone()),
        None => plan.check(
            what,
            CheckState::Warned,
            format!("{}: it is tried without one", credentials.origin),
        ),
    }
}

impl Place {
    /// Looks for the tag of `reference`: in the environment's listing, else in ECR, else by `asked`, which gives the digest that the registry
    /// itself has.
    pub(super) async fn find(
        desk: &Desk<'_>,
        reference: &str,
        asked: impl Future<Output = Result<String>>,
    ) -> Self {
        let (name, mark) = split(reference);
        if EcrRepository::parse(name).is_some()
            && let Ok(images) = desk.images().await
            && let Some(repository) = images.repositories.iter().find(|r| r.uri == name)
        {
            return Self::listed(repository, mark);
        }
        let taken = |digest| Self::Taken(Some(digest), Mutability::Unknown);
        match desk.cloud.manifest(reference).await {
            Ok(Some(manifest)) => taken(manifest.digest),
            // It is in no registry that the cloud can ask.
            Ok(None) => match asked.await {
                Ok(digest) => taken(digest),
                Err(error) if error.kind == ErrorKind::NotFound => Self::Free,
                Err(error) => Self::Unknown(error),
            },
            Err(error) if error.message.contains("RepositoryNotFound") => Self::Missing,
            Err(error) if error.kind == ErrorKind::NotFound => Self::Free,
            Err(error) => Self::Unknown(error),
        }
    }

    /// What the environment's own listing says.
    fn listed(repository: &Repository, mark: &str) -> Self {
        let found = repository.images.iter().find(|image| image.is(mark));
        let Some(Image { digest, .. }) = found else {
            return Self::Free;
        };
        let mutability = if repository.tag_mutability.starts_with("IMMUTABLE") {
            Mutability::Immutable
        } else {
            Mutability::Mutable
        };
        Self::Taken(Some(digest.clone()), mutability)
    }

    /// Adds what was found. A repository that ECR does not have is made first.
    pub(super) async fn checked(self, plan: Plan, desk: &Desk<'_>, coming: &Coming<'_>) -> Plan {
        const WHAT: &str = "tag is free";
        let (name, mark) = split(coming.reference);
        let tag = mark.trim_start_matches(':');
        match self {
            Self::Free => plan.check(WHAT, CheckState::Passed, format!("{name} has no {tag} yet")),
            Self::Taken(Some(held), _) if coming.digests.contains(&held) => plan.check(
                WHAT,
                CheckState::Passed,
                format!("{name} has this very image under {tag}: nothing is sent"),
            ),
            Self::Taken(_, Mutability::Immutable) => plan.check(
                WHAT,
                CheckState::Failed,
                format!(
                    "{name} has {tag} already, and its tags stay what they are: {}; what is there is rolled out by `hydren rollout`",
                    coming.otherwise
                ),
            ),
            Self::Taken(_, mutability) => {
                let more = match mutability {
                    Mutability::Unknown => ", or be refused",
                    Mutability::Mutable | Mutability::Immutable => "",
                };
                let found = format!("{name} has {tag} already: it will mean the new image{more}");
                let plan = plan.check(WHAT, CheckState::Warned, found);
                match coming.within {
                    Some(_) => plan.risk(
                        Risk::Disruptive,
                        format!("tasks whose definition names {tag} start with another image from then on"),
                    ),
                    None => plan,
                }
            }
            Self::Missing => made(plan, desk, name, coming.within).await,
            Self::Unknown(error) => plan.check(
                WHAT,
                CheckState::Warned,
                format!("not looked at: {}", error.message),
            ),
        }
    }
}

/// Makes the repository before anything else is done.
async fn made(mut plan: Plan, desk: &Desk<'_>, name: &str, within: Option<&str>) -> Plan {
    const WHAT: &str = "repository";
    let host = registry(name);
    let path = name.strip_prefix(host).unwrap_or(name);
    let missing = format!("{host} has no {}", path.trim_start_matches('/'));
    let Some(EcrRepository { name, registry, .. }) = EcrRepository::parse(name) else {
        return plan.check(WHAT, CheckState::Warned, missing);
    };
    // A repository is made in the account of whoever makes it.
    if let Ok(identity) = desk.cloud.identity().await
        && identity.account != registry
    {
        let found = format!(
            "{missing}: it has to be made in account {registry}, the caller's is {}",
            identity.account
        );
        return plan.check(WHAT, CheckState::Failed, found);
    }
    plan = plan.check(
        WHAT,
        CheckState::Warned,
        format!("{missing}: it is made first"),
    );
    plan = plan.adds("repository", name);
    let repository = name.to_owned();
    let call = RegistryCall::CreateRepository { repository };
    let stage = Stage::Call {
        call: Box::new(call.into()),
        environment: within.map(str::to_owned),
    };
    plan.stages.insert(0, stage);
    plan
}
