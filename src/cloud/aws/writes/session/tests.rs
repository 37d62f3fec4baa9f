//! What is sent to open a session, and what becomes of the answer.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{Cloud as _, meter::Meter},
    cloud::{
        aws::{
            AwsCloud,
            elsewhere::Elsewhere,
            mocked::mocked,
            served::{self, environment_at, record},
        },
        call::{Destination, Shown},
    },
};
use aws_sdk_ecs::{
    operation::execute_command::ExecuteCommandError, types::error::TargetNotConnectedException,
};
use aws_smithy_mocks::mock;
use std::sync::Arc;

fn shell() -> SessionCall {
    SessionCall::Shell {
        cluster: "shop".to_owned(),
        task: "9f2c".to_owned(),
        container: "backend".to_owned(),
        command: Shown::new("/bin/sh -c 'ls  -l'"),
        target: "ecs:shop_9f2c_9f2c-1".to_owned(),
    }
}

fn forward() -> SessionCall {
    SessionCall::Forward {
        task: "9f2c".to_owned(),
        container: "backend".to_owned(),
        target: "ecs:shop_9f2c_9f2c-1".to_owned(),
        to: Destination::Host("db.internal".to_owned(), 5_432),
        local: 15_432,
    }
}

/// Opens `call` against a server that answers with `answer`; gives what came of it, the request's head and body, and who was counted.
fn opened(call: SessionCall, answer: &str) -> (Result<CallOutcome>, String, String, Arc<Meter>) {
    let (url, received) = record(answer.to_owned());
    let cloud = AwsCloud::new(environment_at(url));
    let meter = Arc::clone(cloud.meter());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runtime.block_on(cloud.execute(&Call::from(call).into()));
    let (head, body) = received.lock().unwrap().pop().unwrap();
    (outcome, head, body, meter)
}

fn plugin(outcome: &CallOutcome) -> (String, &str, &str) {
    let session = outcome.session.as_ref().unwrap();
    let Peer::Plugin {
        token, endpoint, ..
    } = &session.peer
    else {
        panic!("AWS's sessions are the plugin's: {session:?}");
    };
    (session.id.clone(), token.reveal(), endpoint)
}

fn with_credentials(name: &str, test: impl FnOnce()) {
    served::with_credentials(&format!("cloud::aws::writes::session::tests::{name}"), test);
}

#[test]
fn a_port_is_forwarded_by_a_request_of_systems_manager_signed_and_counted_as_such() {
    with_credentials(
        "a_port_is_forwarded_by_a_request_of_systems_manager_signed_and_counted_as_such",
        || {
            let answer =
                r#"{"SessionId":"ops-1","StreamUrl":"wss://channel","TokenValue":"hush-hush"}"#;
            let (outcome, head, body, meter) = opened(forward(), answer);
            let outcome = outcome.unwrap();
            let head = head.to_lowercase();
            assert!(
                head.contains("x-amz-target: amazonssm.startsession"),
                "{head}"
            );
            assert!(head.contains("/eu-central-1/ssm/aws4_request"), "{head}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&body).unwrap(),
                forward().request()
            );
            let (id, token, endpoint) = plugin(&outcome);
            assert_eq!((id.as_str(), token), ("ops-1", "hush-hush"));
            assert!(endpoint.starts_with("http://127.0.0.1"), "{endpoint}");
            assert_eq!(
                outcome.summary,
                "session ops-1 leads from 127.0.0.1:15432 to db.internal:5432"
            );
            assert!(!format!("{outcome:?}").contains("hush-hush"));
            let counted = meter.by_operation();
            assert_eq!(counted[&("ssm", "StartSession")].requests, 1, "{counted:?}");
        },
    );
}

#[test]
fn a_shell_is_asked_of_ecs_and_lost_sessions_of_systems_manager() {
    with_credentials(
        "a_shell_is_asked_of_ecs_and_lost_sessions_of_systems_manager",
        || {
            let answer = r#"{"session":{"sessionId":"exec-1","streamUrl":"wss://channel","tokenValue":"hush-hush"}}"#;
            let (outcome, head, body, _) = opened(shell(), answer);
            let outcome = outcome.unwrap();
            assert!(head.to_lowercase().contains("/ecs/aws4_request"), "{head}");
            let sent: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                sent,
                serde_json::json!({"cluster": "shop", "container": "backend", "command": "/bin/sh -c 'ls  -l'",
                    "interactive": true, "task": "9f2c"})
            );
            assert_eq!(plugin(&outcome).0, "exec-1");
            assert!(!format!("{outcome:?}").contains("hush-hush"));
        },
    );
}

#[test]
fn an_answer_without_a_session_is_an_error() {
    with_credentials("an_answer_without_a_session_is_an_error", || {
        for call in [shell(), forward()] {
            let (outcome, ..) = opened(call, "{}");
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Service, "{error}");
            assert!(
                error.message.ends_with("answered without a session"),
                "{error}"
            );
        }
    });
}

#[tokio::test]
async fn an_agent_that_is_not_connected_is_explained() {
    let rule = mock!(aws_sdk_ecs::Client::execute_command).then_error(|| {
        let error = aws_smithy_types::error::ErrorMetadata::builder()
            .code("TargetNotConnectedException")
            .message("The execute command failed due to an internal error. Try again later.");
        let error = TargetNotConnectedException::builder().meta(error.build());
        ExecuteCommandError::TargetNotConnectedException(error.build())
    });
    let ecs = mocked!(aws_sdk_ecs, [&rule]);
    let refused = ecs
        .execute_command()
        .command("sh")
        .task("9f2c")
        .send()
        .await;
    let error = unconnected(explain("ecs:ExecuteCommand", "9f2c", refused.unwrap_err()));
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("ssmmessages") && hint.contains("task role"),
        "{hint}"
    );
}

#[test]
fn the_endpoint_is_the_regions_unless_another_is_set() {
    let url = |region, set| Elsewhere::systems_manager(region, set).url;
    assert_eq!(
        url("eu-west-1", None),
        "https://ssm.eu-west-1.amazonaws.com"
    );
    assert_eq!(
        url("cn-north-1", None),
        "https://ssm.cn-north-1.amazonaws.com.cn"
    );
    assert_eq!(
        url("eu-west-1", Some("http://127.0.0.1:9")),
        "http://127.0.0.1:9"
    );
}
