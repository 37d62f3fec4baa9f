//! Releases: what was pushed to the repositories and rolled out, and when.

use super::{
    names,
    world::{EPOCH, World, moment},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::image::{Image, Images, Manifest, Repository, ScanFindings, split},
};
use std::borrow::Cow;

/// Seconds from an image's push to its rollout.
const PUSHED_BEFORE: i64 = 190;

/// Seconds from a push to the result of its scan.
const SCANNED: i64 = 34;

/// Medium and low findings of what the operator pushes.
pub const FINDINGS: (i32, i32) = (1, 7);

/// A release: an image pushed and, mostly, minutes later rolled out as a revision.
#[derive(Debug)]
pub struct Release {
    pub service: &'static str,
    /// `None` for an image that was pushed and not rolled out yet.
    pub revision: Option<i32>,
    pub tag: Cow<'static, str>,
    pub digest: Cow<'static, str>,
    /// Bytes, compressed.
    pub size: u64,
    /// Seconds from its rollout to the epoch.
    before: i64,
    /// Medium and low findings of its scan.
    findings: (i32, i32),
}

impl Release {
    /// When it was rolled out.
    pub const fn at(&self) -> i64 {
        EPOCH - self.before
    }

    /// When its image was pushed.
    pub const fn pushed(&self) -> i64 {
        self.at() - PUSHED_BEFORE
    }

    /// The image as the task definition names it.
    pub fn image(&self) -> String {
        format!("{}/{}:{}", names::REGISTRY, self.repository(), self.tag)
    }

    pub fn repository(&self) -> &'static str {
        repository(self.service)
    }
}

/// The repository of a service's images.
pub fn repository(service: &str) -> &'static str {
    if service == names::FRONTEND {
        names::FRONTEND_REPOSITORY
    } else {
        names::BACKEND_REPOSITORY
    }
}

/// Every release, oldest first.
pub static RELEASES: [Release; 9] = [
    Release {
        service: names::BACKEND,
        revision: Some(39),
        tag: Cow::Borrowed("1.18.2-5d0c2be"),
        digest: Cow::Borrowed(
            "sha256:0b7de6f1c24a985e3f10c8d2b76a49e1d35c80f29ab64e17d8c05f3a92b1e64d",
        ),
        size: 88_412_160,
        before: 16 * 86_400 + 14_220,
        findings: (3, 9),
    },
    Release {
        service: names::FRONTEND,
        revision: Some(16),
        tag: Cow::Borrowed("2.6.0-a91f3c7"),
        digest: Cow::Borrowed(
            "sha256:e4c81f0a93d7256b8e0c41f7a2d95b36c8f01e7d24a9b5630d8e7f1c5a92b340",
        ),
        size: 24_117_248,
        before: 13 * 86_400 + 9_840,
        findings: (0, 4),
    },
    Release {
        service: names::BACKEND,
        revision: Some(40),
        tag: Cow::Borrowed("1.19.0-c27e8d4"),
        digest: Cow::Borrowed(
            "sha256:7a1f5e90c4b82d63e1f07c9a85d24b3690ef1d7c28a5b4f36e9d0c71b8a52f43",
        ),
        size: 89_128_960,
        before: 9 * 86_400 + 20_460,
        findings: (2, 9),
    },
    Release {
        service: names::FRONTEND,
        revision: Some(17),
        tag: Cow::Borrowed("2.6.1-30be58f"),
        digest: Cow::Borrowed(
            "sha256:c09b7f3e18d52a64f7c1e0983b6d5a2f4e7190c8d36b2a5f81e4c7d09a3f6b25",
        ),
        size: 24_136_704,
        before: 8 * 86_400 + 18_300,
        findings: (0, 4),
    },
    Release {
        service: names::BACKEND,
        revision: Some(41),
        tag: Cow::Borrowed("1.19.1-8fa63b0"),
        digest: Cow::Borrowed(
            "sha256:3d92c7b0e5f1486a9c2d70e83b5f14a6d9e07c3f82b61a5d4e0f9c7b38a2d516",
        ),
        size: 89_133_056,
        before: 5 * 86_400 + 12_540,
        findings: (1, 8),
    },
    Release {
        service: names::BACKEND,
        revision: Some(42),
        tag: Cow::Borrowed("1.20.0-9c41e7a"),
        digest: Cow::Borrowed(
            "sha256:f58e2a1c7d90b463e8f1a5c2d7096b3e4f81c0a9d5e72b6138c4f0d9a7e3b521",
        ),
        size: 89_604_096,
        before: 86_400 + 15_960,
        findings: (1, 8),
    },
    Release {
        service: names::FRONTEND,
        revision: Some(18),
        tag: Cow::Borrowed("2.7.0-41d0b96"),
        digest: Cow::Borrowed(
            "sha256:91c0e7d4a3f852b6d17e0c9f4a8b3d5e62f7c1908d4b6e3a5f90c7d281e4b6a3",
        ),
        size: 24_182_784,
        before: 22 * 3_600 + 1_380,
        findings: (0, 3),
    },
    Release {
        service: names::BACKEND,
        revision: None,
        tag: Cow::Borrowed("1.21.0-b7d20e5"),
        digest: Cow::Borrowed(
            "sha256:4ae9b1c07f63d825a0e7c94f1b38d6520f9a7e4c8d13b65270ea9c1f4d83b706",
        ),
        size: 89_731_072,
        before: 2_640,
        findings: (1, 7),
    },
    Release {
        service: names::BACKEND,
        revision: None,
        tag: Cow::Borrowed("1.21.1-e03c7af-broken"),
        digest: Cow::Borrowed(
            "sha256:b60d4f8a1e97c3520d8b7fa4936ec15207c8d9ab3f41e6705c2d8f90a7b3e415",
        ),
        size: 89_735_168,
        before: 1_020,
        findings: (1, 7),
    },
];

/// What the registry holds of what was ever pushed: the releases, and what the operator pushed, oldest first.
fn held(pushed: &[Release], now: i64) -> impl DoubleEndedIterator<Item = &Release> {
    let all = RELEASES.iter().chain(pushed);
    all.filter(move |release| release.pushed() <= now)
}

/// The image that `reference` names by tag or digest, where the registry has it at `now`.
pub fn find<'r>(pushed: &'r [Release], reference: &str, now: i64) -> Option<&'r Release> {
    let (name, mark) = split(reference);
    let name = name.strip_prefix(names::REGISTRY)?.strip_prefix('/')?;
    held(pushed, now).find(|release| {
        let named = match mark.split_at_checked(1) {
            Some(("@", digest)) => release.digest == digest,
            Some((_, tag)) => release.tag == tag,
            None => false,
        };
        named && release.repository() == name
    })
}

/// Takes an image into the registry; its repositories are immutable.
///
/// # Errors
/// `NotFound` for a repository that is not there, `Conflict` for a tag that is taken, in ECR's words.
pub fn push(world: &mut World, reference: &str, digest: &str, size: u64) -> Result<()> {
    let (name, mark) = split(reference);
    let listed = listed(world);
    let repository = listed.repositories.iter().find(|r| r.uri == name);
    let repository = repository.ok_or_else(|| {
        let what = format!("name unknown: The repository {name} does not exist in the registry");
        let names: Vec<&str> = listed
            .repositories
            .iter()
            .map(|r| r.name.as_str())
            .collect();
        Error::new(ErrorKind::NotFound, what).hint(format!("the demo has {}", names.join(" and ")))
    })?;
    let tag = mark.trim_start_matches(':');
    match repository.images.iter().find(|image| image.is(mark)) {
        Some(known) if known.digest == digest => return Ok(()),
        Some(_) => {
            let what = format!(
                "tag invalid: The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable",
                repository.name
            );
            return Err(Error::new(ErrorKind::Conflict, what).hint("push it under another tag"));
        }
        None => {}
    }
    let services = [names::FRONTEND, names::BACKEND];
    let own = |service: &&str| repository.name == self::repository(service);
    let Some(service) = services.into_iter().find(own) else {
        let (name, at) = (repository.name.clone(), world.at);
        world.registry.keep(name, (tag, digest), size, at);
        return Ok(());
    };
    world.pushed.push(Release {
        service,
        revision: None,
        tag: Cow::Owned(tag.to_owned()),
        digest: Cow::Owned(digest.to_owned()),
        size,
        before: EPOCH - PUSHED_BEFORE - world.at,
        findings: FINDINGS,
    });
    Ok(())
}

/// What the registry holds now.
pub fn listed(world: &World) -> Images {
    world.registry.changed(snapshot(world), world.at)
}

/// The image that `reference` names by tag or digest, in whatever repository.
///
/// # Errors
/// `NotFound` in ECR's words.
pub fn stored(world: &World, reference: &str) -> Result<Image> {
    let (name, mark) = split(reference);
    let mut repositories = listed(world).repositories.into_iter();
    let images = repositories.find(|r| r.uri == name).map(|r| r.images);
    let found = images
        .into_iter()
        .flatten()
        .find(|image| !mark.is_empty() && image.is(mark));
    found.ok_or_else(|| {
        let what = format!("ecr:BatchGetImage: ImageNotFound: {reference}");
        Error::new(ErrorKind::NotFound, what).hint("the images screen lists what there is")
    })
}

/// Reads the index of an image: the demo's builds are for one platform, with their attestation beside it.
///
/// # Errors
/// `NotFound` in ECR's words.
pub fn manifest(world: &World, reference: &str) -> Result<Manifest> {
    let known = listed(world).repositories.into_iter();
    if !known.map(|r| r.uri).any(|uri| uri == split(reference).0) {
        let what = format!(
            "ecr:BatchGetImage: RepositoryNotFound: repository {}",
            split(reference).0
        );
        return Err(Error::new(ErrorKind::NotFound, what));
    }
    Ok(Manifest {
        digest: stored(world, reference)?.digest,
        platforms: vec!["linux/amd64".to_owned()],
    })
}

/// What a scan finds in an image that was pushed now.
pub fn scan(pushed: i64, (medium, low): (i32, i32), now: i64) -> Option<ScanFindings> {
    (pushed + SCANNED <= now).then(|| ScanFindings {
        status: "COMPLETE".to_owned(),
        completed_at: Some(moment(pushed + SCANNED)),
        medium,
        low,
        ..ScanFindings::default()
    })
}

/// Reads the repositories.
pub fn snapshot(world: &World) -> Images {
    let repository = |service: &str, name: &str| Repository {
        name: name.to_owned(),
        uri: format!("{}/{name}", names::REGISTRY),
        arn: format!(
            "arn:aws:ecr:{}:{}:repository/{name}",
            names::REGION,
            names::ACCOUNT
        ),
        tag_mutability: "IMMUTABLE".to_owned(),
        scan_on_push: true,
        lifecycle_policy: Some(true),
        gaps: Vec::new(),
        images: held(&world.pushed, world.at)
            .rev()
            .filter(|release| release.service == service)
            .map(|release| Image {
                digest: release.digest.to_string(),
                tags: vec![release.tag.to_string()],
                size_bytes: release.size,
                pushed_at: Some(moment(release.pushed())),
                last_pulled_at: world.compute.last_pull(release).map(moment),
                media_type: Some("application/vnd.oci.image.index.v1+json".to_owned()),
                scan: scan(release.pushed(), release.findings, world.at),
            })
            .collect(),
    };
    Images {
        repositories: vec![
            repository(names::BACKEND, names::BACKEND_REPOSITORY),
            repository(names::FRONTEND, names::FRONTEND_REPOSITORY),
        ],
    }
}
