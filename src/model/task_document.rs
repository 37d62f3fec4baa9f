//! A revision of a task definition as ECS holds it: every field, also those that no type here knows.
//!
//! [`compute::TaskDefinition`](super::compute::TaskDefinition) is what the console looks at; it is too little to register a revision
//! from. A document is the answer of `DescribeTaskDefinition` as it came, so that a new revision differs in what was edited and in
//! nothing else. It holds values of environment variables: it is never printed or serialised, only sent.

use super::{fargate::FREE_STORAGE, hidden::Hidden};
use crate::{
    error::{Error, ErrorKind, Result},
    logs::secrets::mask_words,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt};

/// Fields that ECS writes and `RegisterTaskDefinition` does not take (ECS API reference: TaskDefinition against RegisterTaskDefinition).
pub const READ_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// Keys of tags that only AWS may set begin with this (tag naming limits), such as those of CloudFormation.
pub const RESERVED_TAG: &str = "aws:";

fn masked<S: Serializer>(words: &[String], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    mask_words(words).serialize(serializer)
}

/// A task definition with its tags.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskDocument {
    definition: Map<String, Value>,
    tags: Vec<Value>,
}

/// What containers take of their task's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reserved {
    /// CPU units.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
}

/// How a container is run, as far as trying its image needs it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Command; empty is the image's own.
    pub command: Vec<String>,
    /// Entry point; empty is the image's own.
    pub entry_point: Vec<String>,
    /// Plain variables.
    pub environment: BTreeMap<String, Hidden>,
    /// Names of the variables that are filled from secrets and parameters.
    pub secrets: Vec<String>,
    /// Files on S3 that more variables come from.
    pub environment_files: Vec<String>,
    /// The first port that it listens on.
    pub port: Option<u16>,
    /// CPUs: its own, or its task's.
    pub cpus: Option<f64>,
    /// MiB at most: its own limit, or its task's.
    pub memory_mib: Option<u32>,
    /// Seconds that it may take to stop.
    pub stop_timeout: Option<u64>,
}

/// What a new revision does differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum Edit {
    /// Another image of a container.
    Image {
        /// Container.
        container: String,
        /// Image reference.
        image: String,
    },
    /// Sets an environment variable.
    SetVariable {
        /// Container.
        container: String,
        /// Variable.
        name: String,
        /// Value.
        value: Hidden,
    },
    /// Takes an environment variable away, plain or from a secret.
    UnsetVariable {
        /// Container.
        container: String,
        /// Variable.
        name: String,
    },
    /// Fills an environment variable from a secret or parameter.
    Secret {
        /// Container.
        container: String,
        /// Variable.
        name: String,
        /// ARN of the secret or parameter, as ECS takes it.
        from: String,
    },
    /// Pulls a container's image with the login in a secret (`repositoryCredentials`).
    PullSecret {
        /// Container.
        container: String,
        /// ARN of the secret.
        from: String,
    },
    /// Another command of a container; empty leaves the image's own.
    Command {
        /// Container.
        container: String,
        /// Words; printed with what looks like a secret covered.
        #[serde(serialize_with = "masked")]
        words: Vec<String>,
    },
    /// Another size of the task.
    Size {
        /// CPU units, 1024 = 1 vCPU.
        cpu: u32,
        /// MiB.
        memory: u32,
    },
    /// Another size of the task's own disk.
    EphemeralStorage {
        /// GiB, 21 to 200; 20 is what every task has, by naming none.
        gib: u32,
    },
}

impl TaskDocument {
    /// Makes one of a definition and its tags.
    #[must_use]
    pub const fn new(definition: Map<String, Value>, tags: Vec<Value>) -> Self {
        Self { definition, tags }
    }

    /// Reads the answer of `DescribeTaskDefinition`.
    ///
    /// # Errors
    /// `Service` when it is not one.
    pub fn parse(answer: &[u8]) -> Result<Self> {
        let odd = || Error::new(ErrorKind::Service, "ECS answered with no task definition");
        let mut answer: Value = serde_json::from_slice(answer)
            .map_err(|e| odd().hint("what it sent is not JSON").source(e))?;
        let tags = match answer.get_mut("tags").map(Value::take) {
            Some(Value::Array(tags)) => tags,
            _ => Vec::new(),
        };
        match answer.get_mut("taskDefinition").map(Value::take) {
            Some(Value::Object(definition)) => Ok(Self::new(definition, tags)),
            _ => Err(odd().hint("what it sent has no `taskDefinition`")),
        }
    }

    /// ARN; empty for one that is not registered.
    #[must_use]
    pub fn arn(&self) -> &str {
        self.word("taskDefinitionArn")
    }

    /// Family.
    #[must_use]
    pub fn family(&self) -> &str {
        self.word("family")
    }

    /// `family:revision`.
    #[must_use]
    pub fn name(&self) -> String {
        let revision = self.definition.get("revision").and_then(Value::as_i64);
        format!("{}:{}", self.family(), revision.unwrap_or_default())
    }

    /// `ACTIVE`, `INACTIVE`, `DELETE_IN_PROGRESS`; tasks are started from active ones only.
    #[must_use]
    pub fn status(&self) -> &str {
        self.word("status")
    }

    /// CPU architecture; ECS's own default is `X86_64`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.platform("cpuArchitecture").unwrap_or("X86_64")
    }

    /// Operating system, `LINUX` or one of `WINDOWS_SERVER_…`; ECS's own default is `LINUX`.
    #[must_use]
    pub fn operating_system(&self) -> &str {
        self.platform("operatingSystemFamily").unwrap_or("LINUX")
    }

    fn platform(&self, field: &str) -> Option<&str> {
        let platform = self.definition.get("runtimePlatform")?;
        platform.get(field)?.as_str()
    }

    fn word(&self, field: &str) -> &str {
        let value = self.definition.get(field);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// CPU units and MiB of the task; 0 where it names none.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        let number = |field| self.word(field).parse().unwrap_or(0);
        (number("cpu"), number("memory"))
    }

    /// What the containers take of the task's size for certain: their CPU units, and the memory reserved for them, or the largest limit of one
    /// (ECS API reference, ContainerDefinition: the sums have to fit the task, and `memory` counts where nothing is reserved).
    #[must_use]
    pub fn reserved(&self) -> Reserved {
        let number = |container: &Value, field: &str| {
            let number = container.get(field).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok())
        };
        let mut reserved = Reserved::default();
        let mut most = 0;
        for container in self.container_values() {
            let limit = number(container, "memory").unwrap_or(0);
            reserved.cpu += number(container, "cpu").unwrap_or(0);
            reserved.memory += number(container, "memoryReservation").unwrap_or(limit);
            most = most.max(limit);
        }
        reserved.memory = reserved.memory.max(most);
        reserved
    }

    /// GiB of the task's own disk; `None` is the free 20.
    #[must_use]
    pub fn ephemeral_storage(&self) -> Option<i32> {
        let storage = self.definition.get("ephemeralStorage")?;
        i32::try_from(storage.get("sizeInGiB")?.as_i64()?).ok()
    }

    /// Names of the containers, in order.
    #[must_use]
    pub fn containers(&self) -> Vec<&str> {
        let names = self.container_values().iter();
        names
            .filter_map(|container| container.get("name")?.as_str())
            .collect()
    }

    /// The image of a container.
    #[must_use]
    pub fn image(&self, container: &str) -> Option<&str> {
        self.container(container)?.get("image")?.as_str()
    }

    /// The secret with the login by which a container's image is pulled (`repositoryCredentials`).
    #[must_use]
    pub fn pull_secret(&self, container: &str) -> Option<&str> {
        let credentials = self.container(container)?.get("repositoryCredentials")?;
        credentials.get("credentialsParameter")?.as_str()
    }

    /// How a container is run; `None` for one that is not there.
    #[must_use]
    pub fn run(&self, container: &str) -> Option<Run> {
        let fields = self.container(container)?.as_object()?;
        let words = |field: &str| {
            let list = fields.get(field).and_then(Value::as_array);
            let words = list.into_iter().flatten().filter_map(Value::as_str);
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        let word = |entry: &Value, field: &str| Some(entry.get(field)?.as_str()?.to_owned());
        let number = |field: &str| fields.get(field).and_then(Value::as_u64).filter(|n| *n > 0);
        let (cpu, memory) = self.size();
        let cpu = number("cpu")
            .and_then(|cpu| u32::try_from(cpu).ok())
            .unwrap_or(cpu);
        let limit = number("memory").and_then(|mib| u32::try_from(mib).ok());
        let ports = fields.get("portMappings").and_then(Value::as_array);
        let port = ports.and_then(|ports| ports.first()?.get("containerPort")?.as_u64());
        Some(Run {
            command: words("command"),
            entry_point: words("entryPoint"),
            environment: entries(fields, "environment")
                .filter_map(|entry| {
                    Some((word(entry, "name")?, Hidden::new(word(entry, "value")?)))
                })
                .collect(),
            secrets: entries(fields, "secrets")
                .filter_map(|e| word(e, "name"))
                .collect(),
            environment_files: entries(fields, "environmentFiles")
                .filter_map(|entry| word(entry, "value"))
                .collect(),
            port: port.and_then(|port| u16::try_from(port).ok()),
            cpus: (cpu > 0).then(|| f64::from(cpu) / 1_024.0),
            memory_mib: limit.or((memory > 0).then_some(memory)),
            stop_timeout: number("stopTimeout"),
        })
    }

    /// Whether a variable of a container is set, plainly or from a secret.
    #[must_use]
    pub fn has_variable(&self, container: &str, name: &str) -> bool {
        let container = self.container(container);
        container.is_some_and(|container| {
            ["environment", "secrets"].iter().any(|list| {
                let list = container.get(*list).and_then(Value::as_array);
                list.is_some_and(|list| list.iter().any(|entry| is_named(entry, name)))
            })
        })
    }

    /// Where the secrets of all containers come from.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let containers = self.container_values().iter().filter_map(Value::as_object);
        let secrets = containers.flat_map(|container| entries(container, "secrets"));
        secrets
            .filter_map(|secret| Some(secret.get("valueFrom")?.as_str()?.to_owned()))
            .collect()
    }

    fn container_values(&self) -> &[Value] {
        let list = self.definition.get("containerDefinitions");
        list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn container(&self, name: &str) -> Option<&Value> {
        self.container_values().iter().find(|c| is_named(c, name))
    }

    fn container_mut(&mut self, name: &str) -> Result<&mut Map<String, Value>> {
        let (revision, known) = (self.name(), self.containers().join(", "));
        let list = self.definition.get_mut("containerDefinitions");
        let list = list.and_then(Value::as_array_mut);
        let found = list.and_then(|list| list.iter_mut().find(|c| is_named(c, name)));
        found.and_then(Value::as_object_mut).ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                format!("{revision} has no container {name}"),
            )
            .hint(format!("there is {known}"))
        })
    }

    /// The same with `edits` made to it, in their order.
    ///
    /// # Errors
    /// `Usage` for a container or a variable that is not there, and for a variable that is a secret already.
    pub fn edited(&self, edits: &[Edit]) -> Result<Self> {
        let mut document = self.clone();
        for edit in edits {
            document.apply(edit)?;
        }
        Ok(document)
    }

    fn apply(&mut self, edit: &Edit) -> Result<()> {
        match edit {
            Edit::Image { container, image } => {
                let container = self.container_mut(container)?;
                container.insert("image".to_owned(), json!(image));
            }
            Edit::SetVariable {
                container,
                name,
                value,
            } => {
                let fields = self.container_mut(container)?;
                if entries(fields, "secrets").any(|entry| is_named(entry, name)) {
                    return Err(Error::new(
                        ErrorKind::Usage,
                        format!("{name} of container {container} comes from a secret"),
                    )
                    .hint("ECS takes a name once: unset it first, or change the secret's value"));
                }
                put(fields, "environment", name, "value", value.reveal());
            }
            Edit::UnsetVariable { container, name } => {
                let fields = self.container_mut(container)?;
                let lists = ["environment", "secrets"];
                let taken = lists.map(|list| take_away(fields, list, name));
                if taken == [0, 0] {
                    return Err(Error::new(
                        ErrorKind::Usage,
                        format!("container {container} has no variable {name}"),
                    )
                    .hint(
                        "variables of the image itself cannot be unset, only set to another value",
                    ));
                }
            }
            Edit::Secret {
                container,
                name,
                from,
            } => {
                let fields = self.container_mut(container)?;
                take_away(fields, "environment", name);
                put(fields, "secrets", name, "valueFrom", from);
            }
            Edit::PullSecret { container, from } => {
                let container = self.container_mut(container)?;
                let credentials = json!({ "credentialsParameter": from });
                container.insert("repositoryCredentials".to_owned(), credentials);
            }
            Edit::Command { container, words } => {
                let container = self.container_mut(container)?;
                container.insert("command".to_owned(), json!(words));
            }
            Edit::Size { cpu, memory } => self.set_size(*cpu, *memory),
            Edit::EphemeralStorage { gib: FREE_STORAGE } => {
                self.definition.remove("ephemeralStorage");
            }
            Edit::EphemeralStorage { gib } => {
                let storage = json!({ "sizeInGiB": gib });
                self.definition
                    .insert("ephemeralStorage".to_owned(), storage);
            }
        }
        Ok(())
    }

    /// Sets the size of the task, in CPU units and MiB.
    pub fn set_size(&mut self, cpu: u32, memory: u32) {
        for (field, value) in [("cpu", cpu), ("memory", memory)] {
            let text = json!(value.to_string());
            self.definition.insert(field.to_owned(), text);
        }
    }

    /// What can be registered of it: the definition without what ECS writes, and its tags without those that only AWS may set.
    #[must_use]
    pub fn registration(&self) -> Value {
        let mut request = self.definition.clone();
        request.retain(|field, _| !READ_ONLY.contains(&field.as_str()));
        let own = |tag: &&Value| {
            let key = tag.get("key").and_then(Value::as_str);
            !key.is_some_and(|key| key.starts_with(RESERVED_TAG))
        };
        let tags: Vec<Value> = self.tags.iter().filter(own).cloned().collect();
        if !tags.is_empty() {
            request.insert("tags".to_owned(), Value::Array(tags));
        }
        Value::Object(request)
    }
}

impl fmt::Debug for TaskDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskDocument").field(&self.name()).finish()
    }
}

fn is_named(entry: &Value, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}

fn entries<'a>(fields: &'a Map<String, Value>, list: &str) -> impl Iterator<Item = &'a Value> {
    fields
        .get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Sets `field` of the entry `name` of a list, which is added where it is not there.
fn put(fields: &mut Map<String, Value>, list: &str, name: &str, field: &str, value: &str) {
    let entries = fields.entry(list).or_insert_with(|| json!([]));
    let Some(entries) = entries.as_array_mut() else {
        return;
    };
    match entries.iter_mut().find(|entry| is_named(entry, name)) {
        Some(entry) => entry[field] = json!(value),
        None => entries.push(json!({ "name": name, field: value })),
    }
}

/// Takes the entries `name` out of a list; how many there were.
fn take_away(fields: &mut Map<String, Value>, list: &str, name: &str) -> usize {
    let Some(entries) = fields.get_mut(list).and_then(Value::as_array_mut) else {
        return 0;
    };
    let before = entries.len();
    entries.retain(|entry| !is_named(entry, name));
    before - entries.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    fn document() -> TaskDocument {
        let answer = json!({
            "taskDefinition": {
                "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/backend:42",
                "family": "backend",
                "revision": 42,
                "status": "ACTIVE",
                "cpu": "512",
                "memory": "1024",
                "somethingNew": { "deep": [1, 2.5, null] },
                "containerDefinitions": [
                    {
                        "name": "backend",
                        "image": "repo/backend:1",
                        "environment": [{ "name": "LOG_LEVEL", "value": "info" }, { "name": "KEY", "value": "hunter2" }],
                        "secrets": [{ "name": "DATABASE_URL", "valueFrom": "arn:aws:secretsmanager:x" }],
                    },
                    { "name": "sidecar", "image": "repo/sidecar:1" },
                ],
            },
            "tags": [{ "key": "team", "value": "shop" }, { "key": "aws:cloudformation:stack-name", "value": "app" }],
        });
        TaskDocument::parse(answer.to_string().as_bytes()).unwrap()
    }

    fn set(name: &str, value: &str) -> Edit {
        Edit::SetVariable {
            container: "backend".to_owned(),
            name: name.to_owned(),
            value: Hidden::new(value),
        }
    }

    fn unset(name: &str) -> Edit {
        Edit::UnsetVariable {
            container: "backend".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn what_is_registered_is_what_was_described_without_what_only_aws_writes() {
        let request = document().registration();
        for field in READ_ONLY {
            assert!(request.get(field).is_none(), "{field}");
        }
        assert_eq!(request["somethingNew"], json!({ "deep": [1, 2.5, null] }));
        assert_eq!(request["tags"], json!([{ "key": "team", "value": "shop" }]));
    }

    #[test]
    fn edits_change_the_named_container_and_nothing_else() {
        let edits = [
            Edit::Image {
                container: "backend".to_owned(),
                image: "repo/backend:2".to_owned(),
            },
            set("LOG_LEVEL", "debug"),
            set("NEW", "1"),
            unset("KEY"),
            unset("DATABASE_URL"),
            Edit::Size {
                cpu: 1_024,
                memory: 2_048,
            },
        ];
        let edited = document().edited(&edits).unwrap();
        let mut expected = document().registration();
        let backend = &mut expected["containerDefinitions"][0];
        backend["image"] = json!("repo/backend:2");
        backend["environment"] =
            json!([{ "name": "LOG_LEVEL", "value": "debug" }, { "name": "NEW", "value": "1" }]);
        backend["secrets"] = json!([]);
        expected["cpu"] = json!("1024");
        expected["memory"] = json!("2048");
        assert_eq!(edited.registration(), expected);
        assert!(!edited.has_variable("backend", "DATABASE_URL"));
    }

    #[test]
    fn what_is_not_there_cannot_be_edited() {
        let stranger = Edit::Image {
            container: "worker".to_owned(),
            image: "x".to_owned(),
        };
        for edit in [stranger, unset("NOT_THERE"), set("DATABASE_URL", "x")] {
            let error = document().edited(&[edit]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Usage);
            assert!(error.hint.is_some(), "{error}");
        }
    }

    #[test]
    fn a_document_never_prints_values() {
        assert!(!format!("{:?}", document()).contains("hunter2"));
    }

    #[test]
    fn an_answer_without_a_definition_is_an_error() {
        for answer in ["", "{}", "[]", r#"{"taskDefinition":null}"#] {
            let error = TaskDocument::parse(answer.as_bytes()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Service);
        }
    }
}
