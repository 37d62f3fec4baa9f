//! What a registry says before something is pushed to it: is there a login, is the repository there, is the tag free?

use super::super::{CheckState, Desk, Plan, Stage};
use crate::{
    cloud::call::RegistryCall,
    engine::{Engine, login::registry},
    error::{Error, ErrorKind, Result},
    model::image::{EcrRepository, Manifest, Repository, split},
};

/// What is known of the tag that is to be pushed.
enum Place {
    /// Nothing has it.
    Free,
    /// The image that is to be pushed has it.
    Same,
    /// Something else has it; whether that can be replaced.
    Taken(Mutability),
    /// There is no repository.
    Missing,
    /// It could not be looked at.
    Unknown(Error),
}

enum Mutability {
    Mutable,
    Immutable,
    Unknown,
}

/// Adds what the registry of `reference` says, to which an image is pushed that is known there by `digests`, if at all. Where ECR has no such
/// repository, it is made first.
///
/// # Errors
/// A Docker configuration that cannot be read, a helper that fails, ECR's refusal of a token.
pub(super) async fn checked(
    plan: Plan,
    desk: &Desk<'_>,
    engine: &dyn Engine,
    reference: &str,
    digests: &[String],
) -> Result<Plan> {
    let credentials = desk
        .workshop()?
        .logins()
        .find(desk.cloud, reference)
        .await?;
    let plan = match &credentials.login {
        Some(_) => plan.check("login", CheckState::Passed, credentials.origin.clone()),
        None => plan.check(
            "login",
            CheckState::Warned,
            format!("{}: the push is tried without one", credentials.origin),
        ),
    };
    let (name, mark) = split(reference);
    let tag = mark.trim_start_matches(':');
    let images = desk.images().await;
    let listed = images
        .as_ref()
        .ok()
        .and_then(|images| images.repositories.iter().find(|r| r.uri == name));
    let place = match listed {
        Some(repository) => listing(repository, mark, digests),
        None => asked(desk, engine, reference, credentials.login, digests).await,
    };
    let what = "tag is free";
    Ok(match place {
        Place::Free => plan.check(what, CheckState::Passed, format!("{name} has no {tag} yet")),
        Place::Same => plan.check(
            what,
            CheckState::Passed,
            format!("{name} has this very image under {tag}: nothing is sent"),
        ),
        Place::Taken(Mutability::Immutable) => plan.check(
            what,
            CheckState::Failed,
            format!(
                "{name} has {tag} already, and its tags stay what they are: commit what is new or take another --tag; what is there \
                 is rolled out by `hydren rollout`"
            ),
        ),
        Place::Taken(Mutability::Mutable) => plan.check(
            what,
            CheckState::Warned,
            format!("{name} has {tag} already: it will mean the new image"),
        ),
        Place::Taken(Mutability::Unknown) => plan.check(
            what,
            CheckState::Warned,
            format!("{name} has {tag} already: it will mean the new image, or be refused"),
        ),
        Place::Missing => made(plan, name),
        Place::Unknown(error) => plan.check(
            what,
            CheckState::Warned,
            format!("not looked at: {}", error.message),
        ),
    })
}

/// What the environment's own listing says.
fn listing(repository: &Repository, mark: &str, digests: &[String]) -> Place {
    let Some(image) = repository.images.iter().find(|image| image.is(mark)) else {
        return Place::Free;
    };
    if digests.contains(&image.digest) {
        return Place::Same;
    }
    Place::Taken(if repository.tag_mutability.starts_with("IMMUTABLE") {
        Mutability::Immutable
    } else {
        Mutability::Mutable
    })
}

/// Asks the registry itself.
async fn asked(
    desk: &Desk<'_>,
    engine: &dyn Engine,
    reference: &str,
    login: Option<crate::engine::Login>,
    digests: &[String],
) -> Place {
    let taken = |held: &Manifest| {
        if digests.contains(&held.digest) {
            Place::Same
        } else {
            Place::Taken(Mutability::Unknown)
        }
    };
    match desk.cloud.manifest(reference).await {
        Ok(Some(held)) => taken(&held),
        // It is in no registry that the cloud can ask.
        Ok(None) => match engine.registry_manifest(reference, login).await {
            Ok(held) => taken(&held),
            Err(error) if error.kind == ErrorKind::NotFound => Place::Free,
            Err(error) => Place::Unknown(error),
        },
        Err(error) if error.message.contains("RepositoryNotFound") => Place::Missing,
        Err(error) if error.kind == ErrorKind::NotFound => Place::Free,
        Err(error) => Place::Unknown(error),
    }
}

/// Makes the repository before anything is built.
fn made(mut plan: Plan, name: &str) -> Plan {
    let found = format!("{} has no {name}: it is made first", registry(name));
    plan = plan.check("repository", CheckState::Warned, found);
    let Some(EcrRepository { name, .. }) = EcrRepository::parse(name) else {
        return plan;
    };
    plan = plan.adds("repository", name);
    let repository = name.to_owned();
    let call = RegistryCall::CreateRepository { repository };
    plan.stages.insert(0, Stage::Call(Box::new(call.into())));
    plan
}
