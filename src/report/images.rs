//! `hydren image list`: what each service runs, what the registries hold, and what the engine here holds.

use super::{
    Failure, SCHEMA, json,
    table::{safe, table},
};
use crate::{
    cli::Output,
    engine::LocalImage,
    error::Result,
    format,
    model::{
        compute::Compute,
        environment::Environment,
        image::{Image, Images, RunningImage, running, short},
    },
    op::Desk,
};
use jiff::Timestamp;
use serde::Serialize;
use std::{fmt::Write as _, sync::Arc};

/// What was read for the list.
pub struct Seen {
    /// Repositories of ECR.
    pub images: Result<Arc<Images>>,
    /// Services.
    pub compute: Result<Arc<Compute>>,
    /// Images of the engine here.
    pub engine: Result<Vec<LocalImage>>,
}

/// Reads repositories, services and what is `here`, the engine's images, at the same time.
pub async fn observe(desk: &Desk<'_>, here: impl Future<Output = Result<Vec<LocalImage>>>) -> Seen {
    let (images, compute, engine) = futures::join!(desk.images(), desk.compute(), here);
    Seen {
        images,
        compute,
        engine,
    }
}

/// The list; its serialised form is documented in docs/images.md.
#[derive(Serialize)]
struct List<'a> {
    schema: u8,
    environment: &'a str,
    region: &'a str,
    generated_at: Timestamp,
    services: Vec<Service<'a>>,
    repositories: Vec<Repository<'a>>,
    local: Vec<Local<'a>>,
    failures: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Service<'a> {
    #[serde(flatten)]
    runs: RunningImage,
    /// Tagged images of its repository that are newer; `None` where its repository was not read, or does not list it.
    behind: Option<usize>,
    #[serde(skip)]
    tag: Option<&'a str>,
}

#[derive(Serialize)]
struct Repository<'a> {
    name: &'a str,
    uri: &'a str,
    tag_mutability: &'a str,
    scan_on_push: bool,
    lifecycle_policy: Option<bool>,
    images: Vec<Held<'a>>,
    gaps: &'a [String],
}

#[derive(Serialize)]
struct Held<'a> {
    #[serde(flatten)]
    image: &'a Image,
    /// Where a task that runs it tells.
    platform: Option<String>,
    /// `service family:revision`.
    used_by: Vec<String>,
    /// Whether the engine here holds it.
    here: bool,
}

#[derive(Serialize)]
struct Local<'a> {
    #[serde(flatten)]
    image: &'a LocalImage,
    /// Whether a repository that was read holds it.
    pushed: bool,
}

#[derive(Serialize)]
struct Failed<'a> {
    what: &'static str,
    #[serde(flatten)]
    failure: Failure<'a>,
}

/// Whether the engine's image is the one of that repository and digest.
fn same(local: &LocalImage, uri: &str, digest: &str) -> bool {
    local.digests_in(uri).any(|known| known == digest)
}

/// Prints what was seen at `now`; `name` keeps services, repositories and local images that have it in their name.
///
/// # Errors
/// Neither repositories nor services could be read, nor an engine; JSON that cannot be written.
pub fn print(
    environment: &Environment,
    seen: &Seen,
    name: Option<&str>,
    now: Timestamp,
    output: Output,
) -> Result<String> {
    if let (Err(error), Err(_), Err(_)) = (&seen.images, &seen.compute, &seen.engine) {
        return Err(error.clone());
    }
    let list = list(environment, seen, name, now);
    if output == Output::Json {
        return json(&list);
    }
    let age = |at: Option<Timestamp>| format::age(at.map(|at| now.as_second() - at.as_second()));
    let mut text = services(&list, output);
    repositories(&mut text, &list, &age, output);
    local(&mut text, &list, &age, output);
    for Failed { what, failure } in &list.failures {
        let _ = writeln!(
            text,
            "\nNot known: {what}: {}",
            safe(failure.message, output)
        );
        if let Some(hint) = failure.hint {
            let _ = writeln!(text, "  hint: {}", safe(hint, output));
        }
    }
    Ok(text.trim_start().to_owned())
}

fn list<'a>(
    environment: &'a Environment,
    seen: &'a Seen,
    name: Option<&str>,
    now: Timestamp,
) -> List<'a> {
    let images = seen.images.as_deref().ok();
    let used = seen.compute.as_deref().map(running).unwrap_or_default();
    let here = seen.engine.as_deref().unwrap_or_default();
    let kept = |text: &str| name.is_none_or(|name| text.contains(name));
    let held = |uri: &str, image: &'a Image| {
        let users: Vec<&RunningImage> = used.iter().filter(|r| r.uses(uri, image)).collect();
        Held {
            image,
            platform: users.first().map(|user| user.platform.clone()),
            used_by: users
                .iter()
                .map(|user| format!("{} {}", user.service, user.revision))
                .collect(),
            here: here.iter().any(|local| same(local, uri, &image.digest)),
        }
    };
    let repositories = images.map_or(&[][..], |images| &images.repositories);
    let services = used
        .iter()
        .filter(|r| kept(&r.service) || kept(&r.reference));
    let failures = [
        ("repositories", seen.images.as_ref().err()),
        ("services", seen.compute.as_ref().err()),
        ("local images", seen.engine.as_ref().err()),
    ];
    List {
        schema: SCHEMA,
        environment: &environment.name,
        region: &environment.region,
        generated_at: now,
        services: services
            .map(|runs| {
                let found = images.and_then(|images| runs.behind(images));
                Service {
                    runs: runs.clone(),
                    behind: found.map(|(behind, _)| behind),
                    tag: found.and_then(|(_, image)| image.tags.first().map(String::as_str)),
                }
            })
            .collect(),
        repositories: repositories
            .iter()
            .filter(|repository| kept(&repository.name))
            .map(|repository| Repository {
                name: &repository.name,
                uri: &repository.uri,
                tag_mutability: &repository.tag_mutability,
                scan_on_push: repository.scan_on_push,
                lifecycle_policy: repository.lifecycle_policy,
                images: repository
                    .images
                    .iter()
                    .map(|image| held(&repository.uri, image))
                    .collect(),
                gaps: &repository.gaps,
            })
            .collect(),
        local: here
            .iter()
            .filter(|image| name.is_none() || image.tags.iter().any(|tag| kept(tag)))
            .map(|image| Local {
                image,
                pushed: repositories.iter().any(|repository| {
                    let held = &repository.images;
                    held.iter().any(|i| same(image, &repository.uri, &i.digest))
                }),
            })
            .collect(),
        failures: failures
            .into_iter()
            .filter_map(|(what, error)| {
                let failure = error?.into();
                Some(Failed { what, failure })
            })
            .collect(),
    }
}

fn services(list: &List<'_>, output: Output) -> String {
    if list.services.is_empty() {
        return String::new();
    }
    let row = |service: &Service<'_>| {
        let runs = &service.runs;
        let state = match (service.behind, runs.digests.len()) {
            (_, 2..) => "mixed digests".to_owned(),
            (Some(0), _) => "newest".to_owned(),
            (Some(behind), _) => format!("{behind} behind"),
            (None, _) => "not in a repository that was read".to_owned(),
        };
        [
            runs.service.clone(),
            runs.container.clone(),
            runs.revision.clone(),
            service.tag.unwrap_or("-").to_owned(),
            runs.digests
                .first()
                .map_or_else(|| "-".to_owned(), |d| short(d)),
            runs.platform.clone(),
            state,
        ]
    };
    let rows: Vec<[String; 7]> = list.services.iter().map(row).collect();
    let header = [
        "SERVICE",
        "CONTAINER",
        "REVISION",
        "TAG",
        "DIGEST",
        "PLATFORM",
        "STATE",
    ];
    table(header, &rows, output)
}

fn repositories(
    text: &mut String,
    list: &List<'_>,
    age: &dyn Fn(Option<Timestamp>) -> String,
    output: Output,
) {
    for repository in &list.repositories {
        let lifecycle = match repository.lifecycle_policy {
            Some(true) => "set",
            Some(false) => "none: images are kept for ever",
            None => "not known",
        };
        let _ = writeln!(
            text,
            "\n{} · {} · tags {} · scan on push {} · lifecycle policy {lifecycle}\n",
            safe(repository.name, output),
            safe(repository.uri, output),
            repository.tag_mutability.to_lowercase(),
            if repository.scan_on_push { "on" } else { "off" },
        );
        let row = |held: &Held<'_>| {
            let findings = held.image.scan.as_ref();
            [
                if held.image.tags.is_empty() {
                    "untagged".to_owned()
                } else {
                    held.image.tags.join(", ")
                },
                short(&held.image.digest),
                age(held.image.pushed_at),
                format::size(held.image.size_bytes),
                held.platform.clone().unwrap_or_else(|| "-".to_owned()),
                findings.map_or_else(
                    || "not scanned".to_owned(),
                    |found| match (found.critical, found.high) {
                        (0, 0) => "none severe".to_owned(),
                        (critical, high) => format!("{critical} critical {high} high"),
                    },
                ),
                if held.here { "yes" } else { "-" }.to_owned(),
                held.used_by.join(", "),
            ]
        };
        let rows: Vec<[String; 8]> = repository.images.iter().map(row).collect();
        if rows.is_empty() {
            text.push_str("No images.\n");
            continue;
        }
        let header = [
            "TAGS", "DIGEST", "AGE", "SIZE", "PLATFORM", "FINDINGS", "HERE", "USED BY",
        ];
        text.push_str(&table(header, &rows, output));
        for gap in repository.gaps {
            let _ = writeln!(text, "\nNot known: {}", safe(gap, output));
        }
    }
}

fn local(
    text: &mut String,
    list: &List<'_>,
    age: &dyn Fn(Option<Timestamp>) -> String,
    output: Output,
) {
    if list.local.is_empty() {
        return;
    }
    let row = |local: &Local<'_>| {
        [
            local.image.tags.join(", "),
            short(&local.image.id),
            age(local.image.created_at),
            format::size(local.image.size_bytes),
            if local.pushed { "pushed" } else { "here only" }.to_owned(),
        ]
    };
    let rows: Vec<[String; 5]> = list.local.iter().map(row).collect();
    text.push_str("\nImages of the engine here\n\n");
    text.push_str(&table(
        ["TAGS", "ID", "AGE", "SIZE", "STATE"],
        &rows,
        output,
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{
        Cloud as _,
        sim::{SimCloud, SimOptions},
    };
    use std::{collections::BTreeMap, time::Duration};

    /// The demo after half an hour, beside an engine that holds what the backend runs and one image more.
    async fn seen() -> (Seen, Timestamp) {
        let cloud = SimCloud::new(SimOptions {
            elapsed: Some(Duration::from_mins(30)),
            ..SimOptions::default()
        });
        let environment = crate::cloud::sim::environment();
        let mut seen = observe(&Desk::new(&cloud, &environment), async { Ok(Vec::new()) }).await;
        let images = seen.images.as_ref().unwrap();
        let repository = &images.repositories[0];
        let image = |id: &str, tag: &str, digests: Vec<String>| LocalImage {
            id: format!("sha256:{id}"),
            tags: vec![format!("{}:{tag}", repository.uri)],
            digests,
            created_at: Some(cloud.now()),
            size_bytes: 240 << 20,
            labels: BTreeMap::new(),
        };
        let pushed = &repository.images[2];
        let digest = format!("{}@{}", repository.uri, pushed.digest);
        let here = vec![
            image("0f1e2d3c4b5a6978", "1.22.0-0a1b2c3", Vec::new()),
            image("a1b2c3d4e5f60718", &pushed.tags[0], vec![digest]),
        ];
        seen.engine = Ok(here);
        (seen, cloud.now())
    }

    #[tokio::test]
    async fn services_registries_and_the_engine_stand_beside_each_other() {
        let (seen, now) = seen().await;
        let environment = crate::cloud::sim::environment();
        let text = print(&environment, &seen, None, now, Output::Table).unwrap();
        insta::assert_snapshot!(text);
    }

    #[tokio::test]
    async fn a_name_keeps_its_service_its_repository_and_its_local_images() {
        let (seen, now) = seen().await;
        let environment = crate::cloud::sim::environment();
        let printed = print(&environment, &seen, Some("frontend"), now, Output::Json);
        let list: serde_json::Value = serde_json::from_str(&printed.unwrap()).unwrap();
        assert_eq!(list["services"].as_array().unwrap().len(), 1);
        assert_eq!(list["repositories"][0]["name"], "hydren/frontend");
        assert_eq!(list["local"], serde_json::json!([]));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_said_and_the_rest_is_shown() {
        use crate::error::{Error, ErrorKind};
        let (mut seen, now) = seen().await;
        let environment = crate::cloud::sim::environment();
        let away = || Error::new(ErrorKind::Unreachable, "no engine answers").hint("start it");
        seen.engine = Err(away());
        let text = print(&environment, &seen, None, now, Output::Table).unwrap();
        assert!(text.contains("Not known: local images: no engine answers\n  hint: start it"));
        assert!(text.contains("hydren/backend"), "{text}");
        seen.images = Err(away());
        seen.compute = Err(away());
        assert!(print(&environment, &seen, None, now, Output::Table).is_err());
    }
}
