//! Images: known vulnerabilities in what runs.

use super::{Part, Raised, Rule, Scene, scene::counted};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        finding::Figure,
        image::{Image, Repository, ScanFindings},
    },
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const PART: Part = Part {
    tier: Tier::Images,
    rules: &[Rule {
        name: "image-critical-findings",
        check: critical_findings,
    }],
    figures,
    judged_by: &[],
    calm,
};

/// What runs: by digest, and by reference where a server tells no digest.
struct Running<'a> {
    services: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Running<'a> {
    fn of(scene: &Scene<'a>) -> Self {
        let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for service in scene.seen.compute().iter().flat_map(|c| &c.services) {
            let mut last = None;
            for container in service.tasks.iter().flat_map(|t| &t.containers) {
                let key = container.digest.as_deref().unwrap_or(&container.image);
                // Thousands of tasks run a handful of images, mostly one after another.
                if last != Some(key) {
                    services.entry(key).or_default().insert(&service.name);
                    last = Some(key);
                }
            }
        }
        Self { services }
    }

    /// The services that run `image` of `repository`.
    fn by(&self, repository: &Repository, image: &Image) -> Vec<&'a str> {
        let references = image
            .tags
            .iter()
            .map(|tag| format!("{}:{tag}", repository.uri));
        std::iter::once(image.digest.clone())
            .chain(references)
            .filter_map(|key| self.services.get(key.as_str()))
            .flatten()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

/// Every running image with its scan's findings.
fn scanned<'a>(
    scene: &Scene<'a>,
    running: &Running<'a>,
) -> Vec<(&'a Repository, &'a Image, Vec<&'a str>)> {
    let repositories = scene.seen.images().map_or(&[][..], |i| &i.repositories);
    repositories
        .iter()
        .flat_map(|r| r.images.iter().map(move |i| (r, i)))
        .filter(|(_, i)| i.scan.is_some())
        .map(|(r, i)| (r, i, running.by(r, i)))
        .filter(|(.., services)| !services.is_empty())
        .collect()
}

/// How bad a scan's findings are, in an image that runs.
pub(super) const fn severity(scan: &ScanFindings) -> Health {
    match scan.critical {
        1.. => Health::Warning,
        _ => Health::Ok,
    }
}

fn critical_findings(scene: &Scene<'_>) -> Vec<Raised> {
    scanned(scene, &Running::of(scene))
        .into_iter()
        .filter_map(|(repository, image, services)| {
            let scan = image.scan.as_ref().filter(|s| severity(s) != Health::Ok)?;
            let tag = image.tags.first().unwrap_or(&image.digest);
            Some(
                Raised::new(
                    severity(scan),
                    &repository.name,
                    format!("{} critical, running", scan.critical),
                    format!(
                        "{}:{tag} runs with {}",
                        repository.name,
                        format::count(scan.critical, "critical vulnerability finding"),
                    ),
                )
                .because([
                    format!("runs in {}", services.join(", ")),
                    format!(
                        "{} high, {} medium; scanned {} UTC",
                        scan.high,
                        scan.medium,
                        format::date_time(scan.completed_at)
                    ),
                ])
                .advise("rebuild on a newer base image, push, and roll it out"),
            )
        })
        .collect()
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let images = scene.seen.images();
    let found = images.map(|_| scanned(scene, &Running::of(scene)));
    let sum = |of: fn(&Image) -> i32| {
        let total = found
            .as_ref()?
            .iter()
            .map(|(_, image, _)| of(image))
            .sum::<i32>();
        usize::try_from(total).ok()
    };
    // Without a scan of anything that runs, "0 critical" would be a guess.
    let severity = |name, label, of: fn(&Image) -> i32| {
        let mut figure = counted(name, label, sum(of));
        if found.as_ref().is_some_and(Vec::is_empty) {
            figure.value = None;
            figure.missing = Some("not scanned".to_owned());
        }
        figure
    };
    vec![
        counted(
            "repositories",
            "repositories",
            images.map(|i| i.repositories.len()),
        ),
        counted(
            "images",
            "images",
            images.map(|i| i.repositories.iter().map(|r| r.images.len()).sum()),
        ),
        severity("running_critical", "critical", |i| {
            i.scan.as_ref().map_or(0, |s| s.critical)
        }),
        severity("running_high", "high", |i| {
            i.scan.as_ref().map_or(0, |s| s.high)
        }),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let images = scene.seen.images()?;
    Some(match images.repositories.len() {
        0 => Verdict::new(Health::Unknown, "no repositories"),
        1 => Verdict::new(Health::Ok, "1 repository"),
        n => Verdict::new(Health::Ok, format!("{n} repositories")),
    })
}
