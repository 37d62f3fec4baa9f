#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::{fault::fault, side::is_here, *};

const TARGET: &str = "registry.example/shop/app:1";

fn answered(code: u16, message: &str) -> OciDistributionError {
    OciDistributionError::ServerError {
        code,
        url: "https://registry.example/v2/shop/app?_state=secret".to_owned(),
        message: message.to_owned(),
    }
}

#[test]
fn what_a_registry_answers_is_told_with_its_code_and_the_way_out() {
    let denied = |action: &str| ErrorKind::Denied {
        action: action.to_owned(),
    };
    let immutable = r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag '1' already exists in the 'shop/app' repository and cannot be overwritten because the tag is immutable."}]}"#;
    let unknown = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"The repository with name 'shop/app' does not exist"}]}"#;
    for (deed, code, message, kind) in [
        (Deed::Put, 401, "", denied("push to registry.example")),
        (Deed::Read, 403, "", denied("pull from registry.example")),
        (Deed::Put, 429, "slow down", ErrorKind::Throttled),
        (Deed::Put, 400, immutable, ErrorKind::Conflict),
        (Deed::Put, 404, unknown, ErrorKind::NotFound),
        (Deed::Read, 404, unknown, ErrorKind::NotFound),
        (Deed::Put, 503, "<html>", ErrorKind::Unreachable),
        (Deed::Read, 418, "<html>", ErrorKind::Service),
    ] {
        let error = fault(deed, TARGET, answered(code, message));
        assert_eq!(error.kind, kind, "{code}: {error}");
        assert!(!error.message.contains("_state"), "{error}");
    }
}

#[test]
fn only_registries_of_this_machine_are_spoken_to_without_tls() {
    for here in ["127.0.0.1:5000", "127.8.8.8", "localhost", "localhost:80"] {
        assert!(is_here(here), "{here}");
    }
    for away in [
        "registry.example:5000",
        "10.0.0.1:5000",
        "localhost.example",
    ] {
        assert!(!is_here(away), "{away}");
    }
}

#[test]
fn an_identity_token_is_refused_before_anything_is_asked_and_not_told() {
    let login = Some(Login::Identity(crate::model::hidden::Hidden::new(
        "hunter2",
    )));
    let error = Side::new(Deed::Read, TARGET, login).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.hint.as_ref().unwrap().contains("docker login"));
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let stored = Distribution.look("127.0.0.1:9/shop/app:1", None).await;
    let error = stored.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.starts_with("127.0.0.1:9: "), "{error}");
}
