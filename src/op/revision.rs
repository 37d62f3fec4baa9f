//! From one revision to another: what differs, and the plan that all operations share which deploy one.

use super::{
    Change, Cost, Desk, Goal, Plan, Request, Risk, RollBack, Undo, desk::idle, goal::Rollout,
    rollout::secret,
};
use crate::{
    cost::TaskSize,
    logs::secrets,
    model::{compute::Service, hidden::COVER, task_document::TaskDocument},
};
use serde_json::Value;

/// A place in a definition and what stands there.
struct Leaf {
    path: String,
    /// Compared, never shown.
    value: String,
    shown: String,
}

/// What differs between two definitions, field by field: containers matched by their name, environment variables by theirs. Values of
/// variables, and what looks like a secret elsewhere, are not shown.
#[must_use]
pub fn differences(before: &TaskDocument, after: &TaskDocument) -> Vec<Change> {
    let (before, after) = (leaves(before), leaves(after));
    let find = |leaves: &'_ [Leaf], path: &str| leaves.iter().position(|leaf| leaf.path == path);
    let mut changes = Vec::new();
    for old in &before {
        let new = find(&after, &old.path).map(|place| &after[place]);
        if new.is_some_and(|new| new.value == old.value) {
            continue;
        }
        changes.push(Change {
            field: old.path.clone(),
            before: Some(old.shown.clone()),
            after: new.map(|new| {
                if new.shown == old.shown {
                    format!("{} (changed)", new.shown)
                } else {
                    new.shown.clone()
                }
            }),
        });
    }
    let added = after
        .iter()
        .filter(|new| find(&before, &new.path).is_none());
    changes.extend(added.map(|new| Change {
        field: new.path.clone(),
        before: None,
        after: Some(new.shown.clone()),
    }));
    changes
}

fn leaves(document: &TaskDocument) -> Vec<Leaf> {
    let mut found = Vec::new();
    if let Value::Object(fields) = document.registration() {
        for (field, value) in &fields {
            match (field.as_str(), value) {
                ("containerDefinitions", Value::Array(containers)) => {
                    for container in containers {
                        walk(container, name_of(container), &mut found);
                    }
                }
                _ => walk(value, field.clone(), &mut found),
            }
        }
    }
    found
}

fn name_of(entry: &Value) -> String {
    let name = ["name", "key"].iter().find_map(|key| entry.get(*key));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn walk(value: &Value, path: String, found: &mut Vec<Leaf>) {
    let named = |list: &[Value]| !list.is_empty() && list.iter().all(|e| !name_of(e).is_empty());
    match value {
        Value::Object(fields) => {
            for (field, value) in fields.iter().filter(|(f, _)| *f != "name" && *f != "key") {
                walk(value, format!("{path} · {field}"), found);
            }
        }
        Value::Array(list) if named(list) => {
            for entry in list {
                let fields = entry.as_object().map_or(0, serde_json::Map::len);
                let only = ["value", "valueFrom"].iter().find_map(|f| entry.get(*f));
                let path = format!("{path} · {}", name_of(entry));
                // A name with one value is a leaf: a variable, a secret, a tag.
                match only.filter(|_| fields == 2) {
                    Some(value) => walk(value, path, found),
                    None => walk(entry, path, found),
                }
            }
        }
        Value::Array(list) if list.is_empty() => {}
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let words: Vec<String> = list
                .iter()
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect();
            found.push(Leaf {
                path,
                value: value.to_string(),
                shown: serde_json::json!(secrets::mask_words(&words)).to_string(),
            });
        }
        leaf => {
            let text = leaf
                .as_str()
                .map_or_else(|| leaf.to_string(), str::to_owned);
            let shown = shown(&path, &text);
            found.push(Leaf {
                path,
                value: text,
                shown,
            });
        }
    }
}

fn shown(path: &str, text: &str) -> String {
    let mut parts = path.rsplit(" · ");
    let (field, list) = (parts.next().unwrap_or_default(), parts.next());
    if list == Some("environment") {
        return COVER.to_owned();
    }
    if list == Some("secrets") || field == "credentialsParameter" {
        // Where a secret lies is none; what stands there and is no ARN may be one.
        return if secret::is_arn(text) {
            text.to_owned()
        } else {
            secrets::mask(text).into_owned()
        };
    }
    secrets::mask_field(field, text).into_owned()
}

/// Begins the plan of a deployment of the revision that runs already.
pub(super) fn redeploying(
    desk: &Desk<'_>,
    service: &Service,
    request: impl Into<Request>,
    title: String,
) -> Plan {
    let primary = service.deployments.first();
    let goal = Goal::Rollout(Rollout {
        service: service.name.clone(),
        revision: primary.map(|d| d.revision.clone()),
        before: primary.map(|d| d.id.clone()),
        deployment: None,
    });
    Plan::new(request, title, &service.name, goal, desk.now())
        .stays(format!(
            "revision {}, desired count {}",
            primary.map_or("unknown", |d| &d.revision),
            service.desired
        ))
        .rests_on("deployment", primary.map_or("none", |d| &d.id))
        .takes(90, 300, 1_800)
}

/// A deployment of another revision, said in a plan: what differs, what stays, the bill, the risk, the way back.
pub(super) struct Deploying<'a> {
    pub(super) desk: &'a Desk<'a>,
    pub(super) service: &'a Service,
    /// What runs.
    pub(super) before: &'a TaskDocument,
    /// What is to run.
    pub(super) after: &'a TaskDocument,
    /// `family:revision` of it, where it is registered already.
    pub(super) revision: Option<String>,
}

impl Deploying<'_> {
    /// Begins its plan.
    pub(super) fn plan(&self, request: impl Into<Request>, title: impl Into<String>) -> Plan {
        let (service, before) = (self.service, self.before.name());
        let primary = service.deployments.first();
        let goal = Goal::Rollout(Rollout {
            service: service.name.clone(),
            revision: self.revision.clone(),
            before: primary.map(|d| d.id.clone()),
            deployment: None,
        });
        let mut plan = Plan::new(request, title, &service.name, goal, self.desk.now());
        plan.changes = differences(self.before, self.after);
        if !plan.changes.is_empty() || self.revision.as_ref().is_some_and(|r| *r != before) {
            let after = self.revision.as_deref().unwrap_or("a new revision");
            plan.changes.insert(
                0,
                Change {
                    field: "revision".to_owned(),
                    before: Some(before.clone()),
                    after: Some(after.to_owned()),
                },
            );
        }
        let plan = plan
            .stays("every other field of the task definition, its tags, and the desired count")
            .rests_on("revision", primary.map_or("none", |d| &d.revision))
            .rests_on("deployment", primary.map_or("none", |d| &d.id))
            .cost(self.cost())
            .undo(Undo::By(
                Box::new(
                    RollBack {
                        service: service.name.clone(),
                        to: Some(before.clone()),
                    }
                    .into(),
                ),
                format!("roll {} back to {before}", service.name),
            ))
            .takes(90, 600, 1_800);
        idle(self.risk(plan), service)
    }

    fn cost(&self) -> Cost {
        let Some(definition) = &self.service.task_definition else {
            return Cost::Unknown {
                why: format!(
                    "the size of {}'s tasks could not be read",
                    self.service.name
                ),
            };
        };
        let (cpu, memory) = self.after.size();
        let size = TaskSize {
            cpu,
            memory,
            ephemeral_storage: self.after.ephemeral_storage(),
            architecture: self.after.architecture().to_owned(),
            ..TaskSize::from(definition)
        };
        Cost::of_sizes(self.desk, self.service, &size)
    }

    /// Users may notice new code at all times: how many depends on what is stopped before, and on who takes it back.
    fn risk(&self, plan: Plan) -> Plan {
        let strategy = &self.service.strategy;
        let least = strategy.minimum_healthy_percent.unwrap_or(100);
        let meanwhile = if least < 100 {
            format!("only {least} % of the tasks stay up meanwhile (minimum healthy percent)")
        } else {
            "new tasks take over before old ones stop".to_owned()
        };
        let net = match (strategy.circuit_breaker, strategy.rollback) {
            (true, true) => "the circuit breaker rolls back where they do not start",
            (true, false) => {
                "the circuit breaker stops it where they do not start, and rolls nothing back"
            }
            (false, _) => {
                "there is no circuit breaker: where they do not start, ECS tries for ever"
            }
        };
        plan.risk(Risk::Disruptive, format!("{meanwhile}; {net}"))
    }
}
