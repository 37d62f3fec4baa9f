//! Revisions of task definitions, whole as ECS would hold them, and what becomes of a task that is started from one.

use super::super::{images::Release, names, world::moment};
use super::{Size, WORKING_SET, scheduler::Spec};
use crate::model::{
    compute::{ContainerDefinition, TaskDefinition},
    task_document::TaskDocument,
};
use serde_json::{Map, Value, json};

/// A registered revision.
#[derive(Debug)]
pub struct Revision {
    pub number: i32,
    pub registered: i64,
    pub document: TaskDocument,
    pub size: Size,
    /// Reference of the container's image.
    pub image: String,
    /// Digest of the image, where the registry has it.
    pub digest: Option<String>,
    pub fate: Fate,
}

/// What becomes of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Runs,
    /// Its image or a secret cannot be had, in ECS's words.
    NeverStarts(String),
    /// Its container ends by itself with code 1, and these last lines.
    Exits(Vec<String>),
    /// Its container is killed, as it needs more memory than the task has.
    Killed,
}

impl Revision {
    /// The revision that rolled `release` out.
    pub fn of_release(spec: &Spec, release: &Release, number: i32) -> Self {
        let registered = release.at() - 25;
        let definition = written(spec, &release.image());
        Self::new(spec, definition, number, registered, Some(release))
    }

    /// Registers `document` as revision `number`; `found` is its image, where the registry has it.
    pub fn of(
        spec: &Spec,
        document: &TaskDocument,
        number: i32,
        registered: i64,
        found: Option<&Release>,
    ) -> Self {
        Self::new(spec, document.registration(), number, registered, found)
    }

    /// Registers a definition as revision `number`.
    fn new(
        spec: &Spec,
        definition: Value,
        number: i32,
        registered: i64,
        found: Option<&Release>,
    ) -> Self {
        let mut whole = match definition {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let tags = match whole.remove("tags") {
            Some(Value::Array(tags)) => tags,
            _ => Vec::new(),
        };
        for (field, value) in [
            ("taskDefinitionArn", json!(arn(spec, number))),
            ("revision", json!(number)),
            ("status", json!("ACTIVE")),
            ("compatibilities", json!(["EC2", "FARGATE"])),
            ("registeredAt", json!(registered)),
            ("registeredBy", json!(names::CALLER)),
        ] {
            whole.insert(field.to_owned(), value);
        }
        let document = TaskDocument::new(whole, tags);
        let (cpu, memory) = document.size();
        let image = document.image(spec.name).unwrap_or_default().to_owned();
        Self {
            number,
            registered,
            size: Size { cpu, memory },
            digest: found.map(|release| release.digest.to_string()),
            fate: match fate(spec, &document, &image, found) {
                Fate::Runs if spec.name == names::BACKEND && memory <= WORKING_SET => Fate::Killed,
                fate => fate,
            },
            image,
            document,
        }
    }

    /// Describes it as the tier does.
    pub fn describe(&self, spec: &Spec) -> TaskDefinition {
        let definition = self.document.registration();
        let words = |list: &Value| -> Vec<String> {
            let list = list.as_array().into_iter().flatten();
            list.filter_map(|word| word.as_str().map(str::to_owned))
                .collect()
        };
        let named = |list: &Value, field: &str| -> Vec<(String, String)> {
            let list = list.as_array().into_iter().flatten();
            list.map(|entry| (text(&entry["name"]), text(&entry[field])))
                .collect()
        };
        let containers = definition["containerDefinitions"].as_array();
        TaskDefinition {
            arn: arn(spec, self.number),
            family: spec.name.to_owned(),
            revision: self.number,
            cpu: self.size.cpu,
            memory: self.size.memory,
            architecture: self.document.architecture().to_owned(),
            operating_system: "LINUX".to_owned(),
            task_role: Some(text(&definition["taskRoleArn"])),
            execution_role: Some(text(&definition["executionRoleArn"])),
            ephemeral_storage: definition["ephemeralStorage"]["sizeInGiB"]
                .as_i64()
                .map(|gib| gib as i32),
            registered_at: Some(moment(self.registered)),
            containers: containers
                .into_iter()
                .flatten()
                .map(|container| ContainerDefinition {
                    name: text(&container["name"]),
                    image: text(&container["image"]),
                    essential: true,
                    cpu: 0,
                    memory: None,
                    ports: vec![spec.port],
                    command: words(&container["command"]),
                    environment: named(&container["environment"], "value")
                        .into_iter()
                        .map(|(name, _)| name)
                        .collect(),
                    secrets: named(&container["secrets"], "valueFrom"),
                    log_group: Some(spec.log_group.to_owned()),
                    log_stream_prefix: Some(spec.name.to_owned()),
                    repository_credentials: None,
                    health_check: None,
                    read_only: false,
                })
                .collect(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// ARN of a revision.
pub fn arn(spec: &Spec, number: i32) -> String {
    format!(
        "arn:aws:ecs:{}:{}:task-definition/{}:{number}",
        names::REGION,
        names::ACCOUNT,
        spec.name
    )
}

/// The task definition as the demo's own pipeline writes it.
fn written(spec: &Spec, image: &str) -> Value {
    let backend = spec.name == names::BACKEND;
    let mut container = json!({
        "name": spec.name,
        "image": image,
        "cpu": 0,
        "portMappings": [{ "containerPort": spec.port, "hostPort": spec.port, "protocol": "tcp" }],
        "essential": true,
        "environment": if backend {
            json!([
                { "name": "APP_ENV", "value": "production" },
                { "name": "LOG_LEVEL", "value": "info" },
                { "name": "DB_POOL_SIZE", "value": "10" },
            ])
        } else {
            json!([{ "name": "NGINX_ENTRYPOINT_QUIET_LOGS", "value": "1" }])
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": spec.log_group,
                "awslogs-region": names::REGION,
                "awslogs-stream-prefix": spec.name,
            },
        },
    });
    if backend {
        container["command"] = json!([
            "gunicorn",
            "--workers",
            "3",
            "--keep-alive",
            "75",
            "app:create_app()"
        ]);
        container["secrets"] =
            json!([{ "name": "DATABASE_URL", "valueFrom": names::DATABASE_SECRET }]);
    }
    json!({
        "family": spec.name,
        "taskRoleArn": names::TASK_ROLE,
        "executionRoleArn": names::EXECUTION_ROLE,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": spec.size.cpu.to_string(),
        "memory": spec.size.memory.to_string(),
        "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" },
        "containerDefinitions": [container],
        "tags": [{ "key": "app", "value": names::CLUSTER }],
    })
}

/// The laws: an image has to be in the registry and secrets have to be there, the backend cannot live without its database's address, and an image whose tag says so
/// is broken.
fn fate(spec: &Spec, document: &TaskDocument, image: &str, found: Option<&Release>) -> Fate {
    let Some(release) = found else {
        return Fate::NeverStarts(format!(
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: {image}: not found"
        ));
    };
    if let Some(from) = document.secrets().into_iter().find(|from| !is_secret(from)) {
        // ECS Developer Guide, "Resolve Amazon ECS task stopped errors": ResourceInitializationError.
        return Fate::NeverStarts(format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret {from}: ResourceNotFoundException"
        ));
    }
    let database = document.has_variable(spec.name, "DATABASE_URL");
    last_words(spec.name, &release.tag, database).map_or(Fate::Runs, Fate::Exits)
}

/// Whether a secret is there.
pub fn is_secret(from: &str) -> bool {
    from.starts_with(names::DATABASE_SECRET)
}

/// The lines with which a container of `service` ends by itself, if it does: the backend cannot live without its database's address, and an
/// image whose tag says so is broken.
pub fn last_words(service: &str, tag: &str, database: bool) -> Option<Vec<String>> {
    let lines = |lines: &[&str]| Some(lines.iter().map(|&line| line.to_owned()).collect());
    let backend = service == names::BACKEND;
    if backend && !database {
        return lines(&[
            "Traceback (most recent call last):",
            "  File \"/app/wsgi.py\", line 3, in <module>",
            "    app = create_app()",
            "  File \"/app/app/__init__.py\", line 21, in create_app",
            "    engine = create_engine(os.environ[\"DATABASE_URL\"], pool_pre_ping=True)",
            "  File \"<frozen os>\", line 717, in __getitem__",
            "KeyError: 'DATABASE_URL'",
        ]);
    }
    match tag.ends_with("-broken") {
        false => None,
        true if backend => lines(&[
            "Traceback (most recent call last):",
            "  File \"/app/wsgi.py\", line 1, in <module>",
            "    from app import create_app",
            "  File \"/app/app/__init__.py\", line 9, in <module>",
            "    from app.pricing import quote",
            "ModuleNotFoundError: No module named 'app.pricing'",
        ]),
        true => lines(&[
            "nginx: [emerg] unknown directive \"gzip_statics\" in /etc/nginx/conf.d/default.conf:12",
        ]),
    }
}
