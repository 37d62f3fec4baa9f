//! Which image is meant, by its digest: the one that a service's tasks run, or one that is named.

use super::super::{Desk, desk::service, rollout};
use crate::{
    engine::registries,
    error::{Error, ErrorKind, Result},
    format,
    model::image::{EcrRepository, Image, Images, ScanFindings, short, split},
};

/// The image that is promoted.
pub(super) struct Source {
    /// `REGISTRY/NAME`.
    pub(super) uri: String,
    /// `sha256:…`.
    pub(super) digest: String,
    /// Its tag, where it has one.
    pub(super) tag: Option<String>,
    /// Bytes, compressed.
    pub(super) bytes: u64,
    /// Platforms, where the registry told them.
    pub(super) platforms: Vec<String>,
    /// What is known of its scan.
    pub(super) scan: Scan,
    /// How it was found.
    pub(super) found: String,
}

/// What is known of the scan of an image.
pub(super) enum Scan {
    /// What it found.
    Found(ScanFindings),
    /// It was never made, or cannot be read.
    Missing,
    /// The registry does not tell of scans.
    Untold,
}

/// An image that is named but not resolved.
struct Named {
    uri: String,
    /// `:tag` or `@sha256:…`.
    mark: String,
    /// The tag by which a task definition names what its tasks run.
    tag: Option<String>,
    /// How it was found.
    found: Option<String>,
}

/// Whether the name of a repository begins with a registry.
pub(super) fn has_host(name: &str) -> bool {
    let host = name.split_once('/').map(|(host, _)| host);
    host.is_some_and(|host| host.contains(['.', ':']) || host == "localhost")
}

impl Source {
    /// Finds what `what` means.
    ///
    /// # Errors
    /// `NotFound` for a service, repository or image that is not there, `Conflict` for a service whose tasks run several images, what AWS or
    /// the registry said otherwise.
    pub(super) async fn find(what: &str, desk: &Desk<'_>) -> Result<Self> {
        let (name, mark) = split(what);
        let whole = has_host(name);
        // An image of another registry is found without AWS.
        let images = if !whole || EcrRepository::parse(name).is_some() {
            Some(desk.images().await)
        } else {
            None
        };
        let named = if mark.is_empty() {
            runs(what, desk).await?
        } else {
            let uri = match (&images, whole) {
                (Some(images), false) => own(images.as_ref().map_err(Error::clone)?, name)?,
                _ => name.to_owned(),
            };
            Named {
                uri,
                mark: mark.to_owned(),
                tag: mark.strip_prefix(':').map(str::to_owned),
                found: None,
            }
        };
        let listed = images.as_ref().and_then(|images| images.as_ref().ok());
        match listed.and_then(|images| named.listed(images)) {
            Some(image) => Ok(named.of_listing(image, desk)),
            None => named.asked(desk).await,
        }
    }

    /// As people write it: with its tag where it has one.
    pub(super) fn reference(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.uri),
            None => format!("{}@{}", self.uri, self.digest),
        }
    }

    /// Its repository's name, without ECR's host.
    pub(super) fn name(&self) -> &str {
        EcrRepository::parse(&self.uri).map_or(&*self.uri, |ecr| ecr.name)
    }

    /// What a title says of it.
    pub(super) fn title(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.name()),
            None => format!("{}@{}", self.name(), short(&self.digest)),
        }
    }
}

impl Named {
    fn listed<'i>(&self, images: &'i Images) -> Option<&'i Image> {
        let repository = images.repositories.iter().find(|r| r.uri == self.uri)?;
        repository.images.iter().find(|image| image.is(&self.mark))
    }

    /// What the environment's listing says of it.
    fn of_listing(self, image: &Image, desk: &Desk<'_>) -> Source {
        let pushed = format::date_time(image.pushed_at);
        let found = self.found.unwrap_or_else(|| {
            let name = &desk.environment.name;
            format!("pushed {pushed} UTC, among the images of {name}")
        });
        // A tag that has meanwhile gone to another image is not its own any more.
        let has = |tag: &String| image.tags.contains(tag);
        Source {
            tag: self.tag.filter(has).or_else(|| image.tags.first().cloned()),
            uri: self.uri,
            digest: image.digest.clone(),
            bytes: image.size_bytes,
            platforms: Vec::new(),
            scan: image.scan.clone().map_or(Scan::Missing, Scan::Found),
            found,
        }
    }

    /// What its registry says of it.
    async fn asked(self, desk: &Desk<'_>) -> Result<Source> {
        let reference = format!("{}{}", self.uri, self.mark);
        let registries = desk.workshop()?.registries();
        let stored = registries::look(&*registries, desk.side(&reference)?).await?;
        let host = crate::engine::login::registry(&reference);
        Ok(Source {
            uri: self.uri,
            digest: stored.digest,
            tag: self.tag,
            bytes: stored.bytes,
            platforms: stored.platforms,
            scan: Scan::Untold,
            found: self.found.unwrap_or_else(|| format!("{host} has it")),
        })
    }
}

/// The address of a repository of the environment.
fn own(images: &Images, name: &str) -> Result<String> {
    let found = images.repositories.iter().find(|r| r.name == name);
    if let Some(repository) = found {
        return Ok(repository.uri.clone());
    }
    let names: Vec<&str> = images
        .repositories
        .iter()
        .map(|r| r.name.as_str())
        .collect();
    let what = format!("the environment has no repository {name}");
    Err(Error::new(ErrorKind::NotFound, what).hint(format!(
        "there is {}; an image of another registry is named with its host, such as docker.io/acme/app:1",
        names.join(", ")
    )))
}

/// The image that the tasks of a service run.
async fn runs(name: &str, desk: &Desk<'_>) -> Result<Named> {
    let compute = desk.compute().await?;
    let service = service(&compute, name).map_err(|error| match &error.hint {
        Some(hint) if error.kind == ErrorKind::NotFound => {
            let hint = format!("{hint}; an image is named REPOSITORY:TAG");
            error.hint(hint)
        }
        _ => error,
    })?;
    let document = desk.running(service).await?;
    let container = rollout::container(None, service, &document)?;
    let reference = document.image(&container).unwrap_or_default().to_owned();
    let all = service.tasks.iter().flat_map(|task| &task.containers);
    let mut digests: Vec<&String> = all
        .filter(|c| c.name == container)
        .filter_map(|c| c.digest.as_ref())
        .collect();
    digests.sort();
    digests.dedup();
    let digest = match digests.as_slice() {
        [digest] => (*digest).clone(),
        [] => {
            let what = format!("no task of {name} runs that tells its image");
            return Err(
                Error::new(ErrorKind::NotFound, what).hint("name the image itself: REPOSITORY:TAG")
            );
        }
        several => {
            let named: Vec<String> = several.iter().map(|digest| short(digest)).collect();
            let what = format!("tasks of {name} run different images: {}", named.join(", "));
            return Err(Error::new(ErrorKind::Conflict, what).hint(
                "wait until its deployment has ended, or name the image itself: REPOSITORY@sha256:…",
            ));
        }
    };
    let (uri, mark) = split(&reference);
    Ok(Named {
        uri: uri.to_owned(),
        mark: format!("@{digest}"),
        tag: mark.strip_prefix(':').map(str::to_owned),
        found: Some(format!(
            "{} of {name} {} it",
            format::count(service.running, "task"),
            if service.running == 1 { "runs" } else { "run" }
        )),
    })
}
