//! Image repositories, and which image each service runs.

use super::compute::Compute;
use jiff::Timestamp;
use serde::Serialize;

/// The environment's repositories.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Images {
    /// By name.
    pub repositories: Vec<Repository>,
}

/// A repository.
#[derive(Debug, Clone, Serialize)]
pub struct Repository {
    /// Name.
    pub name: String,
    /// `123456789012.dkr.ecr.eu-west-1.amazonaws.com/name`.
    pub uri: String,
    /// ARN.
    pub arn: String,
    /// `MUTABLE`, `IMMUTABLE`, ...
    pub tag_mutability: String,
    /// Whether images are scanned when pushed.
    pub scan_on_push: bool,
    /// Whether a lifecycle policy is set; `None` when it could not be read.
    pub lifecycle_policy: Option<bool>,
    /// Newest first.
    pub images: Vec<Image>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// An image of a repository.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    /// `sha256:…`.
    pub digest: String,
    /// Tags; empty for an untagged image.
    pub tags: Vec<String>,
    /// Bytes, compressed.
    pub size_bytes: u64,
    /// Push time.
    pub pushed_at: Option<Timestamp>,
    /// Last recorded pull.
    pub last_pulled_at: Option<Timestamp>,
    /// Media type of the manifest.
    pub media_type: Option<String>,
    /// Result of the scan; `None` when never scanned or not readable.
    pub scan: Option<ScanFindings>,
}

impl Image {
    /// Whether it is what `mark` says: `:tag`, `@digest`, or nothing for `latest`.
    #[must_use]
    pub fn is(&self, mark: &str) -> bool {
        match mark.split_at_checked(1) {
            Some(("@", digest)) => self.digest == digest,
            Some((_, tag)) => self.tags.iter().any(|t| t == tag),
            None => self.tags.iter().any(|t| t == "latest"),
        }
    }
}

/// The first twelve digits of a digest or id: `0123456789ab`.
#[must_use]
pub fn short(digest: &str) -> String {
    let digits = digest.trim_start_matches("sha256:");
    digits.chars().take(12).collect()
}

/// Findings of an image scan by severity.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ScanFindings {
    /// `COMPLETE`, `IN_PROGRESS`, `FAILED`, ...
    pub status: String,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// Count.
    pub critical: i32,
    /// Count.
    pub high: i32,
    /// Count.
    pub medium: i32,
    /// Count.
    pub low: i32,
    /// Informational, undefined and others.
    pub other: i32,
}

/// An image that a service's newest task definition names, with the digests that its tasks really run.
#[derive(Debug, Clone, Serialize)]
pub struct RunningImage {
    /// Service.
    pub service: String,
    /// Container.
    pub container: String,
    /// Reference in the task definition.
    pub reference: String,
    /// Digests of running tasks, without repeats: more than one means that the fleet is mixed.
    pub digests: Vec<String>,
    /// The task definition, `family:revision`.
    pub revision: String,
    /// Platform of its tasks, as registries write it: `linux/amd64`.
    pub platform: String,
}

impl RunningImage {
    /// The image and how many newer tagged ones its repository has; `None` where none of `images` is it.
    #[must_use]
    pub fn behind<'i>(&self, images: &'i Images) -> Option<(usize, &'i Image)> {
        let (name, mark) = split(&self.reference);
        let repository = images.repositories.iter().find(|r| r.uri == name)?;
        let runs = |image: &Image| self.digests.contains(&image.digest) || image.is(mark);
        let tagged = repository.images.iter().filter(|i| !i.tags.is_empty());
        tagged.enumerate().find(|(_, image)| runs(image))
    }

    /// Whether its tasks run the image of this digest, or its task definition names it.
    #[must_use]
    pub fn uses(&self, repository: &str, image: &Image) -> bool {
        let (name, mark) = split(&self.reference);
        name == repository && (self.digests.contains(&image.digest) || image.is(mark))
    }
}

/// What a registry holds under a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `sha256:…`.
    pub digest: String,
    /// `linux/amd64`, ... of an index. Empty for a manifest of one platform: its own stands in its configuration only.
    pub platforms: Vec<String>,
}

impl Manifest {
    /// Reads a manifest or an index (OCI image specification; Docker's manifest list has the same fields). Attestations that builders put
    /// beside images have the platform `unknown`.
    #[must_use]
    pub fn parse(digest: &str, body: &str) -> Self {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let manifests = body["manifests"].as_array();
        let mut platforms: Vec<String> = manifests
            .into_iter()
            .flatten()
            .filter_map(|manifest| {
                let platform = &manifest["platform"];
                Some((platform["os"].as_str()?, platform["architecture"].as_str()?))
            })
            .filter(|(os, _)| *os != "unknown")
            .map(|(os, architecture)| format!("{os}/{architecture}"))
            .collect();
        platforms.dedup();
        Self {
            digest: digest.to_owned(),
            platforms,
        }
    }
}

/// A reference in its parts: repository, and tag or digest with its mark (`:tag`, `@sha256:…`), which is empty where there is none.
#[must_use]
pub fn split(reference: &str) -> (&str, &str) {
    if let Some((name, _)) = reference.split_once('@') {
        // A tag before the digest says nothing: the digest is what is meant.
        return (split(name).0, &reference[name.len()..]);
    }
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[name..].find(':') {
        Some(colon) => reference.split_at(name + colon),
        None => (reference, ""),
    }
}

/// The region of a registry of ECR, `ACCOUNT.dkr.ecr.REGION.amazonaws.com`; `None` for another host.
#[must_use]
pub fn region(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let (region, suffix) = rest.split_once(".amazonaws.com")?;
    let account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (account && matches!(suffix, "" | ".cn")).then_some(region)
}

/// A private repository of ECR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcrRepository<'r> {
    /// Account.
    pub registry: &'r str,
    /// Region.
    pub region: &'r str,
    /// Name.
    pub name: &'r str,
}

impl<'r> EcrRepository<'r> {
    /// Reads `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`; `None` for another registry's.
    #[must_use]
    pub fn parse(repository: &'r str) -> Option<Self> {
        let (host, name) = repository.split_once('/')?;
        let region = region(host)?;
        let (registry, _) = host.split_once('.')?;
        Some(Self {
            registry,
            region,
            name,
        })
    }
}

/// Platform of a task as registries write it (Go's names; ECS writes `LINUX`, `X86_64` and `ARM64`).
#[must_use]
pub fn platform(system: &str, architecture: &str) -> String {
    let system = match system {
        "LINUX" | "" => "linux",
        _ => "windows",
    };
    let architecture = match architecture {
        "ARM64" => "arm64",
        _ => "amd64",
    };
    format!("{system}/{architecture}")
}

/// Lists which image each service runs.
#[must_use]
pub fn running(compute: &Compute) -> Vec<RunningImage> {
    let mut rows = Vec::new();
    for service in &compute.services {
        let Some(definition) = &service.task_definition else {
            continue;
        };
        for container in &definition.containers {
            let mut digests: Vec<String> = service
                .tasks
                .iter()
                .flat_map(|task| &task.containers)
                .filter(|c| c.name == container.name)
                .filter_map(|c| c.digest.clone())
                .collect();
            digests.sort();
            digests.dedup();
            rows.push(RunningImage {
                service: service.name.clone(),
                container: container.name.clone(),
                reference: container.image.clone(),
                digests,
                revision: definition.name(),
                platform: platform(&definition.operating_system, &definition.architecture),
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_split_at_its_tag_or_digest_and_not_at_a_port() {
        assert_eq!(split("repo/app:1.2"), ("repo/app", ":1.2"));
        assert_eq!(split("repo/app@sha256:ab"), ("repo/app", "@sha256:ab"));
        assert_eq!(split("localhost:5000/app"), ("localhost:5000/app", ""));
        assert_eq!(split("nginx"), ("nginx", ""));
    }

    #[test]
    fn a_repository_of_ecr_is_told_from_others() {
        let own = EcrRepository::parse("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api");
        assert_eq!(
            own,
            Some(EcrRepository {
                registry: "123456789012",
                region: "eu-west-1",
                name: "shop/api"
            })
        );
        for other in ["nginx", "docker.io/shop/api", "public.ecr.aws/nginx/nginx"] {
            assert_eq!(EcrRepository::parse(other), None, "{other}");
        }
    }

    #[test]
    fn an_index_names_its_platforms_and_a_manifest_none() {
        let index = r#"{"manifests":[{"platform":{"os":"linux","architecture":"amd64"}},
            {"platform":{"os":"linux","architecture":"arm64","variant":"v8"}},
            {"platform":{"os":"unknown","architecture":"unknown"}}]}"#;
        let platforms = Manifest::parse("sha256:1", index).platforms;
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
        for one in [r#"{"config":{},"layers":[]}"#, "", "[]"] {
            assert!(Manifest::parse("sha256:1", one).platforms.is_empty());
        }
    }
}
