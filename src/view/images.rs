//! The images screen: what runs, the repositories, the images of the selected one.

use super::{Field, Scope, gaps, link, role};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::image::{self, Image, Repository, RunningImage, ScanFindings, short},
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
        Column::new("pulled", Width::Fixed(6)).right().drop(1),
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
    let row = |image: &Image| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "sizes stay far below 2^52 bytes"
        )]
        let bytes = image.size_bytes as f64;
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

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(images) = scope.seen.images() else {
        return Vec::new();
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
    fields.extend(gaps(images.repositories.iter().flat_map(|r| &r.gaps)));
    fields
}
