//! The images screen: what runs, what can be built, the repositories, the images of the selected one, and those of the engine here.

use super::{Field, Scope, gaps, link, role};
use crate::{
    app::Pane,
    engine::{Builder, LocalImage},
    error::Error,
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        component::Component,
        image::{self, Image, Repository, RunningImage, ScanFindings, short, split},
    },
    theme::Role,
    triage::Judge,
};

fn scan(judge: &Judge<'_>, findings: Option<&ScanFindings>) -> Cell {
    let Some(found) = findings else {
        return Cell::text("not scanned").role(Role::Muted);
    };
    match (found.critical, found.high) {
        (0, 0) => Cell::text("none severe").role(Role::Muted),
        (critical, high) => Cell::text(format!("{critical} critical {high} high"))
            .role(role(judge.vulnerabilities(found))),
    }
}

pub(super) fn running(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("service", Width::Fit(7, 24)),
        Column::new("container", Width::Fit(9, 20)).drop(2),
        Column::new("state", Width::Fit(9, 18)),
        Column::new("digest", Width::Fixed(12)).drop(3),
        Column::new("findings", Width::Fit(8, 20)).drop(1),
        Column::new("image", Width::Share(34)),
    ];
    let Some(compute) = scope.seen.compute() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |image: RunningImage| {
        let place = scope.seen.images().and_then(|images| image.behind(images));
        // None of it is unwell: a rollout mixes digests, and an older image may be the one that is wanted.
        let state = match (&place, image.digests.len()) {
            (_, 2..) => Cell::text("mixed digests").role(Role::Info),
            (Some((0, _)), _) => Cell::text("newest"),
            (Some((behind, _)), _) => Cell::text(format!("{behind} behind")).role(Role::Info),
            (None, _) => Cell::text("not in ECR").role(Role::Muted),
        };
        Row {
            id: format!("{}/{} {}", image.service, image.container, image.reference),
            cells: vec![
                Cell::text(&image.service),
                Cell::text(&image.container).role(Role::Muted),
                state,
                Cell::maybe(image.digests.first().map(|d| short(d))).role(Role::Muted),
                place.map_or_else(Cell::missing, |(_, found)| {
                    scan(&judge, found.scan.as_ref())
                }),
                Cell::text(super::short_image(&image.reference)),
            ],
            describe: serde_json::json!(image),
            link: None,
        }
    };
    Grid {
        columns: COLUMNS,
        rows: image::running(compute).into_iter().map(row).collect(),
    }
}

pub(super) fn repositories(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("repository", Width::Fit(10, 36)),
        Column::new("images", Width::Fixed(6)).right(),
        Column::new("newest", Width::Fixed(6)).right(),
        Column::new("untagged", Width::Fixed(8)).right().drop(2),
        Column::new("scan", Width::Fit(4, 8)).drop(3),
        Column::new("lifecycle", Width::Fixed(9)).drop(4),
        Column::new("tags", Width::Fit(4, 30)).drop(1),
        Column::new("registry", Width::Share(44)).drop(5),
    ];
    let Some(images) = scope.seen.images() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |repository: &Repository| {
        let count = |n: usize| Cell::count(u32::try_from(n).unwrap_or(u32::MAX));
        let account = repository.uri.split('.').next().unwrap_or_default();
        Row {
            id: repository.name.clone(),
            cells: vec![
                Cell::text(&repository.name),
                count(repository.images.len()),
                Cell::age(repository.images.first().and_then(|i| i.pushed_at)),
                count(
                    repository
                        .images
                        .iter()
                        .filter(|i| i.tags.is_empty())
                        .count(),
                ),
                Cell::text(if repository.scan_on_push {
                    "on push"
                } else {
                    "off"
                })
                .role(Role::Muted),
                Cell::maybe(
                    repository
                        .lifecycle_policy
                        .map(|set| if set { "set" } else { "none" }),
                )
                .role(Role::Muted),
                Cell::text(super::words(&repository.tag_mutability)).role(Role::Muted),
                Cell::text(repository.uri.split('/').next().unwrap_or_default()).role(Role::Muted),
            ],
            describe: serde_json::json!({
                "name": repository.name, "uri": repository.uri, "arn": repository.arn,
                "tag_mutability": repository.tag_mutability, "scan_on_push": repository.scan_on_push,
                "lifecycle_policy": repository.lifecycle_policy, "images": repository.images.len(),
            }),
            link: Some(link::repository(
                &scope.environment.region,
                account,
                &repository.name,
            )),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: images.repositories.iter().map(row).collect(),
    }
}

pub(super) fn images(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("pushed", Width::Fixed(6)).right(),
        Column::new("digest", Width::Fixed(12)),
        Column::new("size", Width::Fixed(10)).right(),
        Column::new("findings", Width::Fit(11, 20)),
        Column::new("pulled", Width::Fixed(6)).right().drop(2),
        Column::new("platform", Width::Fit(8, 13)).drop(3),
        Column::new("used by", Width::Fit(7, 24)).drop(1),
        Column::new("tags", Width::Share(12)),
    ];
    let repository = scope.seen.images().and_then(|images| {
        let selected = scope
            .repository
            .and_then(|name| images.repositories.iter().find(|r| r.name == name));
        selected.or_else(|| images.repositories.first())
    });
    let Some(repository) = repository else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let used = scope.seen.compute().map(image::running).unwrap_or_default();
    let row = |image: &Image| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "sizes stay far below 2^52 bytes"
        )]
        let bytes = image.size_bytes as f64;
        let users = || used.iter().filter(|r| r.uses(&repository.uri, image));
        let revisions: Vec<&str> = users().map(|user| user.revision.as_str()).collect();
        Row {
            id: image.digest.clone(),
            cells: vec![
                Cell::age(image.pushed_at),
                Cell::text(short(&image.digest)),
                Cell::number(
                    bytes,
                    format::value(bytes, crate::model::metric::Unit::Bytes),
                ),
                scan(&judge, image.scan.as_ref()),
                Cell::age(image.last_pulled_at),
                // The task that runs it tells; the registry's listing does not.
                Cell::maybe(users().next().map(|user| user.platform.clone())).role(Role::Muted),
                Cell::maybe((!revisions.is_empty()).then(|| revisions.join(", "))),
                if image.tags.is_empty() {
                    Cell::text("untagged").role(Role::Muted)
                } else {
                    Cell::text(image.tags.join(", "))
                },
            ],
            describe: serde_json::json!(image),
            link: None,
        }
    };
    Grid {
        columns: COLUMNS,
        rows: repository.images.iter().map(row).collect(),
    }
}

/// Components: what of each is here, and how that stands to what runs.
pub(super) fn components(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("component", Width::Fit(9, 24)),
        Column::new("state", Width::Fit(14, 24)),
        Column::new("built", Width::Fixed(6)).right(),
        Column::new("newest here", Width::Fit(12, 34)),
        Column::new("runs", Width::Fit(8, 34)).drop(1),
        Column::new("code", Width::Share(20)).drop(2),
    ];
    let bench = scope.seen.bench.value.as_ref();
    let used = scope.seen.compute().map(image::running).unwrap_or_default();
    let row = |component: &Component| {
        let of_service = |r: &&RunningImage| r.service == component.service;
        let repository = component.repository.as_deref();
        let own = |r: &&RunningImage| Some(split(&r.reference).0) == repository;
        let runs = used.iter().filter(of_service);
        let runs = runs.clone().find(own).or_else(|| runs.clone().next());
        let newest = newest(scope, component, runs);
        let (state, role) = standing(scope, newest, runs);
        let tag = |reference: &str| split(reference).1.trim_start_matches([':', '@']).to_owned();
        Row {
            id: component.name.clone(),
            cells: vec![
                Cell::text(&component.name),
                Cell::text(state).role(role),
                Cell::age(newest.and_then(|(image, _)| image.created_at)),
                Cell::maybe(newest.map(|(_, name)| tag(name))),
                Cell::maybe(runs.map(|runs| called(scope, runs))).role(Role::Muted),
                Cell::text(component.context.display().to_string()).role(Role::Muted),
            ],
            // Values of variables may be secrets: their names are enough.
            describe: serde_json::json!({
                "component": component.name, "service": component.service, "context": component.context,
                "dockerfile": component.dockerfile, "target": component.target, "repository": component.repository,
                "platform": component.platform, "arguments": component.args.keys().collect::<Vec<_>>(),
                "secrets": component.secrets.keys().collect::<Vec<_>>(), "labels": component.labels,
                "port": component.port, "health": component.health,
                "environment": component.environment.keys().collect::<Vec<_>>(),
                "newest here": newest.map(|(image, _)| image),
            }),
            link: None,
        }
    };
    let rows = bench.map_or(&[][..], |bench| &bench.components);
    Grid {
        columns: COLUMNS,
        rows: rows.iter().map(row).collect(),
    }
}

/// The newest image of a component that the engine has, and its name: what is called `latest` only is none.
fn newest<'s>(
    scope: &Scope<'s>,
    component: &Component,
    runs: Option<&RunningImage>,
) -> Option<(&'s LocalImage, &'s str)> {
    let repository = component.repository.as_deref();
    let repository = repository
        .or_else(|| runs.map(|runs| split(&runs.reference).0))
        .unwrap_or(&component.name);
    let images = &scope.seen.engine()?.images;
    images.iter().find_map(|image| {
        let own = |tag: &&String| matches!(split(tag), (name, mark) if name == repository && mark != ":latest");
        Some((image, image.tags.iter().find(own)?.as_str()))
    })
}

/// How people call what runs: the tag that its registry has for it, else what the task definition says.
fn called(scope: &Scope<'_>, runs: &RunningImage) -> String {
    let listed = scope.seen.images().and_then(|images| runs.behind(images));
    let tag = listed.and_then(|(_, image)| image.tags.first().cloned());
    tag.unwrap_or_else(|| match split(&runs.reference).1.split_at_checked(1) {
        Some(("@", digest)) => short(digest),
        Some((_, tag)) => tag.to_owned(),
        None => "latest".to_owned(),
    })
}

/// How the newest image of a component stands to what runs.
fn standing(
    scope: &Scope<'_>,
    newest: Option<(&LocalImage, &str)>,
    runs: Option<&RunningImage>,
) -> (&'static str, Role) {
    let Some((local, name)) = newest else {
        return match scope.seen.engine() {
            Some(_) => ("not built here", Role::Muted),
            None => ("no engine", Role::Muted),
        };
    };
    let (repository, _) = split(name);
    let digests: Vec<&str> = local.digests_in(repository).collect();
    let here = |runs: &RunningImage| {
        runs.reference == name || runs.digests.iter().any(|d| digests.contains(&d.as_str()))
    };
    let listed = runs.zip(scope.seen.images());
    let listed = listed.and_then(|(runs, images)| Some(runs.behind(images)?.1.pushed_at));
    match runs {
        Some(runs) if here(runs) => ("runs", Role::Ok),
        Some(_) if listed.flatten() > local.created_at => ("older than what runs", Role::Info),
        _ if digests.is_empty() => ("built, not pushed", Role::Info),
        Some(_) => ("pushed, not rolled out", Role::Info),
        None => ("pushed", Role::Text),
    }
}

/// Images of the container engine here that have a name.
pub(super) fn local(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("built", Width::Fixed(6)).right(),
        Column::new("id", Width::Fixed(12)),
        Column::new("size", Width::Fixed(10)).right(),
        Column::new("state", Width::Fixed(9)),
        Column::new("commit", Width::Fit(12, 18)).drop(1),
        Column::new("name", Width::Share(30)),
    ];
    let row = |image: &LocalImage| {
        let name = image.tags.first()?;
        let (repository, _) = split(name);
        #[expect(
            clippy::cast_precision_loss,
            reason = "sizes stay far below 2^52 bytes"
        )]
        let bytes = image.size_bytes as f64;
        let commit = image.labels.get("org.opencontainers.image.revision");
        let commit = commit.map(|id| match id.split_once('-') {
            Some((id, more)) => format!("{}-{more}", short(id)),
            None => short(id),
        });
        Some(Row {
            id: name.clone(),
            cells: vec![
                Cell::age(image.created_at),
                Cell::text(short(&image.id)),
                Cell::number(
                    bytes,
                    format::value(bytes, crate::model::metric::Unit::Bytes),
                ),
                if image.digests_in(repository).next().is_none() {
                    Cell::text("here only").role(Role::Info)
                } else {
                    Cell::text("pushed").role(Role::Muted)
                },
                Cell::maybe(commit).role(Role::Muted),
                Cell::text(short_names(&image.tags)),
            ],
            describe: serde_json::json!(image),
            link: None,
        })
    };
    let images = scope.seen.engine().map_or(&[][..], |held| &held.images);
    Grid {
        columns: COLUMNS,
        rows: images.iter().filter_map(row).collect(),
    }
}

/// Names of an image, without hosts of registries.
fn short_names(names: &[String]) -> String {
    let short: Vec<&str> = names.iter().map(|name| super::short_image(name)).collect();
    short.join(", ")
}

/// Why a pane of the workshop has no rows.
#[must_use]
pub fn nothing(pane: Pane, scope: &Scope<'_>) -> (String, Role) {
    let bench = &scope.seen.bench;
    match (&bench.value, &bench.error) {
        (None, None) => ("loading".to_owned(), Role::Muted),
        (None, Some(error)) => (problem(error), Role::Warning),
        (Some(bench), _) => match (&bench.engine, pane) {
            (_, Pane::Components) => (
                "no component is configured: [components.NAME] in hydren.toml names the folder of its code".to_owned(),
                Role::Muted,
            ),
            (Err(error), _) => (problem(error), Role::Warning),
            (Ok(_), _) => ("the engine has no image with a name".to_owned(), Role::Muted),
        },
    }
}

/// An error in one line, with what to do.
fn problem(error: &Error) -> String {
    match &error.hint {
        Some(hint) => format!("{} · {hint}", error.message),
        None => error.message.clone(),
    }
}

/// The engine, as one fact.
fn engine(scope: &Scope<'_>) -> Option<Field> {
    let bench = scope.seen.bench.value.as_ref()?;
    Some(Field::new(
        "engine",
        match &bench.engine {
            Ok(held) => {
                let about = &held.about;
                let builder = match about.builder {
                    Builder::BuildKit => "BuildKit",
                    Builder::Classic => "classic builder",
                };
                let name = format!("{} {}", about.name, about.version);
                Cell::text(format!(
                    "{name} · {builder} · {} · {}",
                    about.platform, about.host
                ))
            }
            Err(error) => Cell::text(error.message.clone()).role(Role::Warning),
        },
    ))
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(images) = scope.seen.images() else {
        return engine(scope).into_iter().collect();
    };
    let all = images.repositories.iter().flat_map(|r| &r.images);
    #[expect(
        clippy::cast_precision_loss,
        reason = "sizes stay far below 2^52 bytes"
    )]
    let bytes = all.clone().map(|i| i.size_bytes as f64).sum::<f64>();
    let size = format::value(bytes, crate::model::metric::Unit::Bytes);
    let mut fields = vec![
        Field::new(
            "repositories",
            Cell::text(images.repositories.len().to_string()),
        ),
        Field::new("images", Cell::text(format!("{} · {size}", all.count()))),
    ];
    fields.extend(engine(scope));
    fields.extend(gaps(images.repositories.iter().flat_map(|r| &r.gaps)));
    fields
}
