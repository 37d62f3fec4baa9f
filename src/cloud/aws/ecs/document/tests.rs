//! A revision is registered from a definition in which every field of the API is filled, and only what was edited differs.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Call, Registration,
        aws::{served::record, wire, writes},
    },
    model::{
        hidden::Hidden,
        task_document::{Edit, READ_ONLY},
    },
};
use aws_sdk_ecs::{
    Config,
    config::{BehaviorVersion, Credentials, Region},
};
use serde_json::{Value, json};

const EVERY_FIELD: &str = include_str!("every_field.json");

fn client(url: &str) -> Client {
    Client::from_conf(
        Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(
                "AKIDEXAMPLE",
                "unused",
                None,
                None,
                "test",
            ))
            .endpoint_url(url)
            .http_client(wire::http_client())
            .build(),
    )
}

/// The definition that the server is sent when `edits` are registered on top of every field.
async fn registered(edits: Vec<Edit>) -> (Value, String) {
    let (url, received) = record(EVERY_FIELD.to_owned());
    let ecs = client(&url);
    let document = read(&ecs, "backend:42").await.unwrap();
    let registration = Registration::new(&document, edits).unwrap();
    let call = Call::RegisterRevision(registration.clone());
    let outcome = writes::ecs::register(&ecs, &call, &registration)
        .await
        .unwrap();
    assert_eq!(outcome.revision().as_deref(), Some("backend:42"));
    let received = received.lock().unwrap();
    assert!(received[0].1.contains("TAGS"), "{}", received[0].1);
    let (head, body) = &received[1];
    assert!(head.contains("RegisterTaskDefinition"), "{head}");
    (serde_json::from_str(body).unwrap(), head.to_lowercase())
}

/// What `RegisterTaskDefinition` takes of [`EVERY_FIELD`], written down without the code under test.
fn expected() -> Value {
    let answer: Value = serde_json::from_str(EVERY_FIELD).unwrap();
    let mut expected = answer["taskDefinition"].clone();
    for field in READ_ONLY {
        assert!(expected.as_object_mut().unwrap().remove(field).is_some());
    }
    expected["tags"] = json!([{ "key": "team", "value": "shop" }]);
    expected
}

/// An unknown field of a newer SDK is `None`, 0, false or empty here: then the sample has to be filled up, and this test tells.
#[tokio::test]
async fn the_sample_fills_every_field_that_the_sdk_knows() {
    let (url, _) = record(EVERY_FIELD.to_owned());
    let answer = client(&url)
        .describe_task_definition()
        .task_definition("backend:42")
        .send()
        .await
        .unwrap();
    let definition = answer.task_definition().unwrap();
    let volume = &definition.volumes()[0];
    let backend = &definition.container_definitions()[0];
    let mut whole = definition.clone();
    whole.container_definitions = Some(vec![backend.clone()]);
    let printed = format!("{whole:?} {volume:?}");
    for empty in [
        ": None", ": 0,", ": false", ": []", ": {}", ": \"\"", "Unknown",
    ] {
        assert!(
            !printed.contains(empty),
            "`{empty}` in what the SDK reads of every_field.json: fill it up\n{printed}"
        );
    }
}

/// What can be registered is what is described: a field that only one of both knows would be noticed here.
#[test]
fn every_field_that_can_be_registered_is_in_the_sample() {
    let input =
        aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionInput::builder()
            .build()
            .unwrap();
    let printed = format!("{input:?}");
    let fields = printed.split([' ', '{', ',']).filter_map(|word| {
        let mut parts = word.strip_suffix(':')?.split('_');
        let first = parts.next()?.to_owned();
        Some(parts.fold(first, |name, part| {
            let (head, tail) = part.split_at(1);
            name + &head.to_uppercase() + tail
        }))
    });
    let expected = expected();
    let missing: Vec<String> = fields
        .filter(|field| expected.get(field).is_none())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn without_an_edit_nothing_differs() {
    let (sent, head) = registered(Vec::new()).await;
    assert_eq!(sent, expected());
    let length = sent.to_string().len();
    assert!(
        head.contains(&format!("content-length: {length}")),
        "{head}"
    );
}

#[tokio::test]
async fn only_what_is_edited_differs() {
    let container = || "backend".to_owned();
    let edits = vec![
        Edit::Image {
            container: container(),
            image: "repo/backend@sha256:1".to_owned(),
        },
        Edit::SetVariable {
            container: container(),
            name: "LOG_LEVEL".to_owned(),
            value: Hidden::new("debug"),
        },
        Edit::UnsetVariable {
            container: container(),
            name: "OLD".to_owned(),
        },
        Edit::Size {
            cpu: 1_024,
            memory: 4_096,
        },
        Edit::EphemeralStorage { gib: 60 },
    ];
    let (sent, _) = registered(edits).await;
    let mut expected = expected();
    let backend = &mut expected["containerDefinitions"][0];
    backend["image"] = json!("repo/backend@sha256:1");
    backend["environment"] = json!([
        { "name": "LOG_LEVEL", "value": "debug" },
        { "name": "API_KEY", "value": "hush-hush" },
    ]);
    expected["cpu"] = json!("1024");
    expected["memory"] = json!("4096");
    expected["ephemeralStorage"] = json!({ "sizeInGiB": 60 });
    assert_eq!(sent, expected);
}
