//! Calls that register, deploy and stop revisions, and the `aws` commands that do the same.

use super::Call;
use crate::{
    logs::secrets::mask_words,
    model::{
        fargate::FREE_STORAGE,
        task_document::{Edit, READ_ONLY, RESERVED_TAG, TaskDocument},
    },
};
use serde::Serialize;

/// IAM actions that registering a revision needs: it hands on the roles of the task, and its tags.
pub const REGISTERING: [&str; 3] = [
    "ecs:RegisterTaskDefinition",
    "iam:PassRole",
    "ecs:TagResource",
];

/// A revision that is to be registered. Only its origin and the edits are recorded: the document holds values that may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// Family.
    pub family: String,
    /// `family:revision` that it begins from.
    pub base: String,
    /// What it does differently.
    pub edits: Vec<Edit>,
    /// The whole of it, edits included.
    #[serde(skip)]
    pub document: TaskDocument,
}

/// Which revision a service is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revision {
    /// `family:revision`.
    Named(String),
    /// The newest of this family: the one that the call before registers.
    Newest(String),
}

impl Revision {
    /// What `UpdateService` takes.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self {
            Self::Named(name) | Self::Newest(name) => name,
        }
    }
}

impl Registration {
    /// Puts another revision beside `base`, which differs by `edits` and in nothing else.
    ///
    /// # Errors
    /// `Usage` for an edit that cannot be made.
    pub fn new(base: &TaskDocument, edits: Vec<Edit>) -> crate::error::Result<Self> {
        Ok(Self {
            family: base.family().to_owned(),
            base: base.name(),
            document: base.edited(&edits)?,
            edits,
        })
    }

    /// The equivalent commands, as one pipe. Values of variables are taken from the shell's own, so that no secret stands there.
    #[must_use]
    pub fn pipe(&self) -> [Vec<String>; 3] {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        [
            words(&[
                "aws",
                "ecs",
                "describe-task-definition",
                "--task-definition",
                &self.base,
                "--include",
                "TAGS",
            ]),
            words(&["jq", &self.program()]),
            words(&[
                "aws",
                "ecs",
                "register-task-definition",
                "--cli-input-json",
                "file:///dev/stdin",
            ]),
        ]
    }

    fn program(&self) -> String {
        let read_only = READ_ONLY.map(|field| format!(".{field}")).join(", ");
        let edits: Vec<String> = self
            .edits
            .iter()
            .map(|edit| format!("| {} ", step(edit)))
            .collect();
        format!(
            "((.tags // []) | map(select(.key | startswith(\"{RESERVED_TAG}\") | not))) as $tags | .taskDefinition | del({read_only}) {}\
             | if $tags == [] then . else .tags = $tags end",
            edits.concat()
        )
    }
}

/// An edit in the language of jq.
fn step(edit: &Edit) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let of = |container: &str| {
        format!(
            "(.containerDefinitions[] | select(.name == {}))",
            quoted(container)
        )
    };
    let without = |list: &str, name: &str| {
        format!(
            ".{list} = [(.{list} // [])[] | select(.name != {})]",
            quoted(name)
        )
    };
    match edit {
        Edit::Image { container, image } => format!("{}.image = {}", of(container), quoted(image)),
        Edit::Command { container, words } if mask_words(words) == *words => {
            format!("{}.command = {}", of(container), serde_json::json!(words))
        }
        // As with variables: from the shell's own, as a JSON list.
        Edit::Command { container, .. } => {
            format!("{}.command = ($ENV.COMMAND | fromjson)", of(container))
        }
        Edit::SetVariable {
            container, name, ..
        } => {
            let entry = format!("[{{name: {0}, value: $ENV[{0}]}}]", quoted(name));
            let list = without("environment", name);
            format!("{} |= ({list} + {entry})", of(container))
        }
        Edit::UnsetVariable { container, name } => format!(
            "{} |= ({} | {})",
            of(container),
            without("environment", name),
            without("secrets", name)
        ),
        Edit::Secret {
            container,
            name,
            from,
        } => {
            let entry = format!("[{{name: {}, valueFrom: {}}}]", quoted(name), quoted(from));
            format!(
                "{} |= ({} | {} + {entry})",
                of(container),
                without("environment", name),
                without("secrets", name)
            )
        }
        Edit::PullSecret { container, from } => format!(
            "{}.repositoryCredentials = {{credentialsParameter: {}}}",
            of(container),
            quoted(from)
        ),
        Edit::Size { cpu, memory } => format!(".cpu = \"{cpu}\" | .memory = \"{memory}\""),
        Edit::EphemeralStorage { gib: FREE_STORAGE } => "del(.ephemeralStorage)".to_owned(),
        Edit::EphemeralStorage { gib } => format!(".ephemeralStorage.sizeInGiB = {gib}"),
    }
}

/// The equivalent `aws` command of a call that is about revisions or deployments. Of a pipe its end.
pub(super) fn command(call: &Call) -> Vec<String> {
    let words: Vec<&str> = match call {
        Call::RegisterRevision(registration) => {
            let [.., last] = registration.pipe();
            return last;
        }
        Call::DeployRevision {
            cluster,
            service,
            revision,
        } => vec![
            "update-service",
            "--cluster",
            cluster,
            "--service",
            service,
            "--task-definition",
            revision.reference(),
        ],
        Call::StopDeployment { deployment, .. } => vec![
            "stop-service-deployment",
            "--service-deployment-arn",
            deployment,
            "--stop-type",
            "ROLLBACK",
        ],
        Call::ContinueDeployment {
            deployment, hook, ..
        } => vec![
            "continue-service-deployment",
            "--service-deployment-arn",
            deployment,
            "--hook-id",
            hook,
            "--action",
            "CONTINUE",
        ],
        _ => return Vec::new(),
    };
    let words = ["aws", "ecs"].into_iter().chain(words);
    words.map(str::to_owned).collect()
}
