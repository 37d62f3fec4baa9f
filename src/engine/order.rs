//! From a component to what is built: names, labels, platform.

use super::{
    About, BuildOrder, Cache,
    source::{Source, Tree},
};
use crate::model::{component::Component, compute::Compute, image::split};
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;

/// The tag that says nothing: it is given beside others, never alone.
const LATEST: &str = "latest";

/// What is asked of a build besides what the component says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Tags in place of the commit's.
    pub tags: Vec<String>,
    /// Platform in place of the component's.
    pub platform: Option<String>,
    /// Whether earlier steps are used again.
    pub cache: Cache,
}

/// What the service that runs a component runs now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    /// Repository of its image.
    pub repository: Option<String>,
    /// `linux/arm64`.
    pub platform: Option<String>,
}

impl Runs {
    /// What `service` runs: the image of the container behind the load balancer, else of its first essential one.
    #[must_use]
    pub fn of(compute: &Compute, service: &str) -> Self {
        let service = compute.services.iter().find(|s| s.name == service);
        let Some(definition) = service.and_then(|s| s.task_definition.as_ref()) else {
            return Self::default();
        };
        let containers = &definition.containers;
        let balanced = service.and_then(|s| s.load_balancers.first());
        let container = balanced
            .and_then(|balanced| containers.iter().find(|c| c.name == balanced.container))
            .or_else(|| containers.iter().find(|c| c.essential));
        let architecture = match definition.architecture.as_str() {
            "ARM64" => "arm64",
            _ => "amd64",
        };
        Self {
            repository: container.map(|c| split(&c.image).0.to_owned()),
            platform: Some(format!("linux/{architecture}")),
        }
    }
}

/// The tag of what is built from `source` at `now`: the commit's short id, else the time.
#[must_use]
pub fn tag(source: &Source, now: Timestamp) -> String {
    match source {
        Source::Commit(commit) => commit.short(),
        Source::Unknown(_) => now
            .to_zoned(TimeZone::UTC)
            .strftime("%Y%m%d-%H%M%S")
            .to_string(),
    }
}

/// Says what to build of `component`, made from `source` at `now`, for a service that `runs` something already.
#[must_use]
pub fn order(
    component: &Component,
    source: &Source,
    runs: &Runs,
    asked: &Asked,
    now: Timestamp,
) -> BuildOrder {
    let own = tag(source, now);
    let mut tags = asked.tags.clone();
    if tags.iter().all(|tag| tag == LATEST) {
        tags.insert(0, own.clone());
    }
    let repository = component.repository.as_ref().or(runs.repository.as_ref());
    let repository = repository.unwrap_or(&component.name);
    let platform = asked.platform.as_ref().or(component.platform.as_ref());
    BuildOrder {
        context: component.context.clone(),
        dockerfile: component.dockerfile.clone(),
        target: component.target.clone(),
        args: component.args.clone(),
        secrets: component.secrets.clone(),
        platform: platform.or(runs.platform.as_ref()).cloned(),
        labels: labels(component, source, &own, now),
        tags: tags
            .iter()
            .map(|tag| format!("{repository}:{tag}"))
            .collect(),
        cache: asked.cache,
    }
}

/// Labels of the OCI image specification (annotations.md), the component's own over them. A revision that is not what was committed has
/// `-dirty` behind it, for it can be found nowhere.
fn labels(
    component: &Component,
    source: &Source,
    tag: &str,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        labels.insert(format!("org.opencontainers.image.{name}"), value.to_owned());
    };
    set("title", &component.name);
    set("created", &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    set("version", tag);
    if let Source::Commit(commit) = source {
        match commit.tree {
            Tree::Clean => set("revision", &commit.id),
            Tree::Dirty => set("revision", &format!("{}-dirty", commit.id)),
        }
        if let Some(remote) = &commit.remote {
            set("source", remote);
        }
        if let (Some(tag), Tree::Clean) = (&commit.tag, commit.tree) {
            set("version", tag);
        }
    }
    labels.extend(component.labels.clone());
    labels
}

/// What must be known before an image for `order`'s platform is built by an engine of another; `None` where they agree.
#[must_use]
pub fn mismatch(order: &BuildOrder, about: &About) -> Option<String> {
    let wanted = order.platform.as_ref()?;
    (*wanted != about.platform).then(|| {
        format!(
            "the image is built for {wanted} by an engine of {}: what the build runs is emulated, slowly, and only where QEMU is \
             registered (`docker run --privileged --rm tonistiigi/binfmt --install all`)",
            about.platform
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Builder, source::Commit};

    fn component() -> Component {
        Component {
            name: "backend".to_owned(),
            service: "backend".to_owned(),
            context: "/code".into(),
            dockerfile: "Dockerfile".into(),
            repository: None,
            target: None,
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            platform: None,
            labels: [(
                "org.opencontainers.image.title".to_owned(),
                "api".to_owned(),
            )]
            .into(),
            port: None,
            health: None,
            environment: BTreeMap::new(),
        }
    }

    fn commit(tree: Tree) -> Source {
        Source::Commit(Commit {
            id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            tree,
            tag: Some("v1".to_owned()),
            remote: None,
        })
    }

    fn made(source: &Source, tags: &[&str]) -> BuildOrder {
        let asked = Asked {
            tags: tags.iter().map(ToString::to_string).collect(),
            ..Asked::default()
        };
        let runs = Runs {
            repository: Some("registry.example.com/backend".to_owned()),
            platform: Some("linux/arm64".to_owned()),
        };
        order(&component(), source, &runs, &asked, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_tag_is_the_commit_and_latest_is_never_alone() {
        let tags = |source: &Source, tags: &[&str]| -> Vec<String> {
            let all = made(source, tags).tags.into_iter();
            all.map(|tag| tag.replace("registry.example.com/backend:", ""))
                .collect()
        };
        let clean = commit(Tree::Clean);
        assert_eq!(tags(&clean, &[]), ["0123456789ab"]);
        assert_eq!(tags(&clean, &["latest"]), ["0123456789ab", "latest"]);
        assert_eq!(tags(&clean, &["v2", "latest"]), ["v2", "latest"]);
        assert_eq!(tags(&commit(Tree::Dirty), &[]), ["0123456789ab-dirty"]);
        let unknown = Source::Unknown("no git".to_owned());
        assert_eq!(tags(&unknown, &[]), ["19700101-000000"]);
    }

    #[test]
    fn labels_say_where_the_image_comes_from_and_the_components_own_win() {
        let label = |order: &BuildOrder, name: &str| {
            let name = format!("org.opencontainers.image.{name}");
            order.labels.get(&name).cloned().unwrap_or_default()
        };
        let clean = made(&commit(Tree::Clean), &[]);
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(label(&clean, "revision"), id);
        assert_eq!(label(&clean, "version"), "v1");
        assert_eq!(label(&clean, "created"), "1970-01-01T00:00:00Z");
        assert_eq!(label(&clean, "title"), "api");
        let dirty = made(&commit(Tree::Dirty), &[]);
        assert_eq!(label(&dirty, "revision"), format!("{id}-dirty"));
        assert_eq!(label(&dirty, "version"), "0123456789ab-dirty");
    }

    #[test]
    fn the_platform_is_what_the_service_runs_on_and_another_than_the_engines_is_said() {
        let order = made(&commit(Tree::Clean), &[]);
        assert_eq!(order.platform.as_deref(), Some("linux/arm64"));
        let mut about = About {
            name: String::new(),
            version: String::new(),
            api: String::new(),
            host: String::new(),
            platform: "linux/amd64".to_owned(),
            builder: Builder::BuildKit,
        };
        let said = mismatch(&order, &about).unwrap();
        assert!(said.contains("linux/arm64 by an engine of linux/amd64"));
        about.platform = "linux/arm64".to_owned();
        assert_eq!(mismatch(&order, &about), None);
    }
}
