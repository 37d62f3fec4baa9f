//! Deletes images that have no tag and that nothing of the environment uses.

use crate::{
    cloud::call::{RegistryCall, registry::AT_ONCE},
    error::{Error, ErrorKind, Result},
    format,
    model::{
        compute::Compute,
        image::{Image, Repository, short, split},
    },
    op::{CheckState, Cost, Desk, Goal, Operation, Plan, Risk, Undo},
};
use async_trait::async_trait;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How young an image without a tag may still be on its way: what is pushed gets its tag last.
const YOUNG: SignedDuration = SignedDuration::from_hours(1);

/// Images that a plan names one by one.
const NAMED: usize = 12;

/// Deletes the untagged images of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PruneImages {
    /// Repository's name.
    pub repository: String,
}

#[async_trait]
impl Operation for PruneImages {
    fn name(&self) -> &'static str {
        "prune-images"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ecr:BatchDeleteImage"]
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let (images, compute) = futures::try_join!(desk.images(), desk.compute())?;
        let found = images.repositories.iter();
        let found = found
            .clone()
            .find(|r| r.name == self.repository || r.uri == self.repository);
        let repository = found.ok_or_else(|| {
            let names: Vec<&str> = images
                .repositories
                .iter()
                .map(|r| r.name.as_str())
                .collect();
            let what = format!("the environment has no repository {}", self.repository);
            Error::new(ErrorKind::NotFound, what).hint(format!("there is {}", names.join(", ")))
        })?;
        let revisions = revisions(&compute);
        let used = Used::read(desk, repository, &compute, &revisions).await;
        let now = desk.now();
        let Sorted { deleted, kept } = used.sort(repository, now);
        let name = &repository.name;
        let bytes: u64 = deleted.iter().map(|image| image.size_bytes).sum();
        let request = Self {
            repository: name.clone(),
        };
        let goal = Goal::Answered {
            repository: name.clone(),
        };
        let title = format!(
            "Delete {} of {name}",
            format::count(deleted.len(), "untagged image")
        );
        let mut plan = Plan::new(request, title, name, goal, now)
            .rests_on("untagged images to delete", deleted.len())
            .cost(Cost::Once {
                usd: None,
                basis: format!("at most {} are no longer billed; layers that other images have stay", format::size(bytes)),
            })
            .undo(Undo::Impossible(
                "nothing: a deleted image has to be built and pushed again, and gets another digest".to_owned(),
            ))
            .takes(1, 10, 60);
        plan = named(plan, &deleted);
        for image in kept {
            plan = plan.stays(image);
        }
        plan = plan.stays(
            "every image that has a tag, and images that an index with a tag refers to: ECR keeps those itself",
        );
        plan = match used.unread.first() {
            None => plan.check(
                "not in use",
                CheckState::Passed,
                format!(
                    "looked at the running tasks, and at {} of the services",
                    format::count(revisions.len(), "revision")
                ),
            ),
            Some(why) => plan.check(
                "not in use",
                CheckState::Failed,
                format!("not known: {why}"),
            ),
        };
        if deleted.is_empty() {
            return Ok(plan);
        }
        plan = plan.risk(Risk::Destructive, "images that have no tag are gone for good; a revision of another cluster that names one by its digest can start no task");
        for digests in deleted.chunks(AT_ONCE) {
            plan = plan.call(
                RegistryCall::DeleteImages {
                    repository: name.clone(),
                    digests: digests.iter().map(|image| image.digest.clone()).collect(),
                }
                .into(),
            );
        }
        Ok(plan)
    }
}

/// Names the images that go away.
fn named(mut plan: Plan, deleted: &[&Image]) -> Plan {
    for image in deleted.iter().take(NAMED) {
        let pushed = format::date_time(image.pushed_at);
        let about = format!("{}, pushed {pushed} UTC", format::size(image.size_bytes));
        plan = plan.removes(short(&image.digest), about);
    }
    if deleted.len() > NAMED {
        plan = plan.removes("and", format!("{} more", deleted.len() - NAMED));
    }
    plan
}

/// The untagged images of a repository.
struct Sorted<'i> {
    deleted: Vec<&'i Image>,
    /// Those that stay, each with the reason.
    kept: Vec<String>,
}

/// The revisions that the services run, ran, or were replaced by, as ECS still tells.
fn revisions(compute: &Compute) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for service in &compute.services {
        names.extend(service.deployments.iter().map(|d| d.revision.as_str()));
        names.extend(service.tasks.iter().map(|task| task.revision.as_str()));
        for rollout in &service.rollouts {
            names.extend(
                rollout
                    .target
                    .iter()
                    .chain(&rollout.sources)
                    .map(String::as_str),
            );
        }
    }
    names
}

/// Who uses which image of a repository, by digest.
#[derive(Default)]
struct Used {
    by: BTreeMap<String, BTreeSet<String>>,
    /// What could not be looked at.
    unread: Vec<String>,
}

impl Used {
    /// Decides which untagged images go.
    fn sort<'i>(&self, repository: &'i Repository, now: Timestamp) -> Sorted<'i> {
        let (mut deleted, mut kept) = (Vec::new(), Vec::new());
        for image in repository
            .images
            .iter()
            .filter(|image| image.tags.is_empty())
        {
            if let Some(users) = self.by.get(&image.digest) {
                let users: Vec<&str> = users.iter().map(String::as_str).collect();
                kept.push(format!(
                    "{}: in use by {}",
                    short(&image.digest),
                    users.join(", ")
                ));
            } else if image
                .pushed_at
                .is_none_or(|at| now.duration_since(at) < YOUNG)
            {
                kept.push(format!(
                    "{}: younger than an hour, it may still get its tag",
                    short(&image.digest)
                ));
            } else {
                deleted.push(image);
            }
        }
        Sorted { deleted, kept }
    }

    async fn read(
        desk: &Desk<'_>,
        repository: &Repository,
        compute: &Compute,
        revisions: &BTreeSet<&str>,
    ) -> Self {
        let mut used = Self::default();
        for service in &compute.services {
            used.unread.extend(service.gaps.iter().cloned());
            for task in &service.tasks {
                let digests = task.containers.iter().filter_map(|c| c.digest.as_ref());
                for digest in digests {
                    let runner = format!("{} (task {})", service.name, task.id);
                    used.by.entry(digest.clone()).or_default().insert(runner);
                }
            }
        }
        let documents = revisions.iter().map(|name| desk.cloud.task_document(name));
        for (name, document) in revisions.iter().zip(join_all(documents).await) {
            match document {
                Ok(document) => {
                    for container in document.containers() {
                        let (uri, mark) = split(document.image(container).unwrap_or_default());
                        if uri == repository.uri
                            && let Some(digest) = mark.strip_prefix('@')
                        {
                            let users = used.by.entry(digest.to_owned()).or_default();
                            users.insert(format!("revision {name}"));
                        }
                    }
                }
                // A revision that was deleted can start nothing any more.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => used.unread.push(error.message),
            }
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_task_runs_a_revision_pins_or_may_be_on_its_way_is_kept_and_named() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let image = |digest: &str, tags: &[&str], hours: i64| Image {
            digest: format!("sha256:{digest}"),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            size_bytes: 1,
            pushed_at: Some(now - SignedDuration::from_hours(hours)),
            last_pulled_at: None,
            media_type: None,
            scan: None,
        };
        let repository = Repository {
            name: "shop".to_owned(),
            uri: "r/shop".to_owned(),
            arn: String::new(),
            tag_mutability: "MUTABLE".to_owned(),
            scan_on_push: true,
            lifecycle_policy: None,
            images: vec![
                image("tagged", &["v1"], 50),
                image("running", &[], 50),
                image("pinned", &[], 50),
                image("young", &[], 0),
                image("old", &[], 50),
            ],
            gaps: Vec::new(),
        };
        let users = |who: &str| BTreeSet::from([who.to_owned()]);
        let used = Used {
            by: BTreeMap::from([
                ("sha256:running".to_owned(), users("web (task 9f2c)")),
                ("sha256:pinned".to_owned(), users("revision web:41")),
            ]),
            unread: Vec::new(),
        };
        let sorted = used.sort(&repository, now);
        let deleted: Vec<&str> = sorted.deleted.iter().map(|i| i.digest.as_str()).collect();
        assert_eq!(deleted, ["sha256:old"]);
        assert_eq!(
            sorted.kept,
            [
                "running: in use by web (task 9f2c)",
                "pinned: in use by revision web:41",
                "young: younger than an hour, it may still get its tag",
            ]
        );
    }
}
