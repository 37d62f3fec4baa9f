use super::*;
use crate::{
    cloud::sim::{SimCloud, SimOptions},
    engine::{
        About, BuildEvent, BuildOrder, LayerState, LocalImage, Login, Trial, TrialOrder, TrialState,
    },
};
use async_trait::async_trait;
use futures::{stream, stream::BoxStream};
use std::{collections::VecDeque, sync::Mutex};

const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hydren/backend:1";
const OWN: &str = "registry.example:5000/app:1";

/// An engine that answers pushes as it was told to, and notes with which login.
struct Told {
    answers: Mutex<VecDeque<Vec<Result<PushEvent>>>>,
    held: &'static str,
    logins: Mutex<Vec<Option<Login>>>,
}

fn unasked() -> Error {
    Error::new(ErrorKind::Unsupported, "not asked in these tests")
}

#[async_trait]
impl Engine for Told {
    async fn about(&self) -> Result<About> {
        Err(unasked())
    }
    async fn images(&self) -> Result<Vec<LocalImage>> {
        Err(unasked())
    }
    fn build(&self, _: BuildOrder) -> BoxStream<'_, Result<BuildEvent>> {
        stream::empty().boxed()
    }
    async fn tag(&self, _: &str, _: &str) -> Result<()> {
        Err(unasked())
    }
    fn push(&self, _: String, login: Option<Login>) -> BoxStream<'_, Result<PushEvent>> {
        self.logins.lock().unwrap().push(login);
        let answer = self.answers.lock().unwrap().pop_front();
        stream::iter(answer.expect("no further push is expected")).boxed()
    }
    async fn registry_manifest(&self, _: &str, _: Option<Login>) -> Result<Manifest> {
        Ok(Manifest {
            digest: self.held.to_owned(),
            platforms: vec!["linux/amd64".to_owned()],
        })
    }
    async fn start(&self, _: &TrialOrder) -> Result<Trial> {
        Err(unasked())
    }
    async fn look(&self, _: &str) -> Result<TrialState> {
        Err(unasked())
    }
    async fn lines(&self, _: &str, _: usize) -> Result<Vec<String>> {
        Err(unasked())
    }
    async fn stop(&self, _: &str) -> Result<()> {
        Err(unasked())
    }
}

fn layer(state: LayerState) -> PushEvent {
    let id = "a".to_owned();
    PushEvent::Layer { id, state }
}

fn pushed() -> Vec<Result<PushEvent>> {
    let (digest, size) = ("sha256:1".to_owned(), 527);
    vec![
        Ok(layer(LayerState::Pushed)),
        Ok(PushEvent::Pushed { digest, size }),
    ]
}

fn refused(reference: &str, said: &str) -> Vec<Result<PushEvent>> {
    vec![
        Ok(layer(LayerState::Waiting)),
        Err(refusal(reference, said)),
    ]
}

async fn run(
    reference: &str,
    held: &'static str,
    answers: Vec<Vec<Result<PushEvent>>>,
) -> (Result<Pushed>, usize, u64) {
    let engine = Told {
        answers: Mutex::new(answers.into()),
        held,
        logins: Mutex::default(),
    };
    let cloud = SimCloud::new(SimOptions::default());
    let result = push(&engine, &cloud, &Logins::new(None), reference, |_| {}).await;
    let calls = cloud.meter().by_operation();
    let tokens = calls.get(&("ecr", "GetAuthorizationToken"));
    let pushes = engine.logins.lock().unwrap().len();
    (result, pushes, tokens.map_or(0, |tally| tally.requests))
}

#[tokio::test]
async fn what_was_pushed_is_pinned_by_the_digest_that_the_registry_answers() {
    let (result, pushes, _) = run(OWN, "sha256:1", vec![pushed()]).await;
    let result = result.unwrap();
    assert_eq!(result.pinned, "registry.example:5000/app@sha256:1");
    assert_eq!((result.digest.as_str(), pushes), ("sha256:1", 1));
}

#[tokio::test]
async fn another_digest_in_the_registry_is_an_error() {
    let (result, ..) = run(OWN, "sha256:2", vec![pushed()]).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(
        error.message.contains("sha256:2") && error.message.contains("sha256:1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_of_ecr_that_has_ended_is_renewed_once() {
    let ended = "denied: Your authorization token has expired. Reauthenticate and try again.";
    let (result, pushes, tokens) = run(ECR, "sha256:1", vec![refused(ECR, ended), pushed()]).await;
    assert!(result.is_ok());
    assert_eq!((pushes, tokens), (2, 2));
    let (result, pushes, _) = run(ECR, "", vec![refused(ECR, ended), refused(ECR, ended)]).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::Expired);
    assert_eq!(pushes, 2);
}

#[tokio::test]
async fn a_lost_connection_is_tried_once_more_and_a_refused_password_is_not() {
    let lost = "write tcp 10.0.0.1:5000: connection reset by peer";
    let (result, pushes, _) = run(OWN, "sha256:1", vec![refused(OWN, lost), pushed()]).await;
    assert!(result.is_ok());
    assert_eq!(pushes, 2);
    let (result, pushes, _) = run(
        OWN,
        "",
        vec![refused(OWN, "unauthorized: authentication required")],
    )
    .await;
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Denied { .. }));
    assert!(
        error
            .hint
            .unwrap()
            .ends_with("`docker login registry.example:5000`")
    );
    assert_eq!(pushes, 1);
}

#[test]
fn every_refusal_has_its_kind_and_a_way_out() {
    let denied = |action: &str| ErrorKind::Denied {
        action: action.to_owned(),
    };
    for (reference, said, kind, hint) in [
        (
            "shop/app:1",
            "denied: requested access to the resource is denied",
            denied("push to docker.io"),
            "",
        ),
        (
            OWN,
            "no basic auth credentials",
            denied("push to registry.example:5000"),
            "",
        ),
        (
            ECR,
            "name unknown: The repository with name 'hydren/backend' does not exist in the registry with id '123456789012'",
            ErrorKind::NotFound,
            "`hydren image create-repository hydren/backend`",
        ),
        (
            ECR,
            "tag invalid: The image tag '1' already exists in the 'hydren/backend' repository and cannot be overwritten because the tag is immutable.",
            ErrorKind::Conflict,
            "another tag than 1",
        ),
        (
            ECR,
            "denied: User: arn:aws:iam::123456789012:user/anna is not authorized to perform: ecr:InitiateLayerUpload on resource: x",
            denied("ecr:InitiateLayerUpload"),
            "ecr:InitiateLayerUpload",
        ),
        (
            "shop/app:1",
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
            ErrorKind::Throttled,
            "six hours",
        ),
        (
            "shop/app:1",
            "received unexpected HTTP status: 429 Too Many Requests",
            ErrorKind::Throttled,
            "a few minutes",
        ),
        (
            OWN,
            "received unexpected HTTP status: 503 Service Unavailable",
            ErrorKind::Unreachable,
            "push again",
        ),
        (
            OWN,
            "Get \"https://registry.example:5000/v2/\": http: server gave HTTP response to HTTPS client",
            ErrorKind::Config,
            "insecure-registries",
        ),
        (
            OWN,
            "An image does not exist locally with the tag: registry.example:5000/app",
            ErrorKind::NotFound,
            "hydren image list",
        ),
        (OWN, "manifest invalid", ErrorKind::Service, ""),
    ] {
        let error = refusal(reference, said);
        assert_eq!(error.kind, kind, "{said}");
        assert!(
            error.hint.clone().unwrap_or_default().contains(hint),
            "{said}: {:?}",
            error.hint
        );
    }
}

#[test]
fn what_a_registry_says_cannot_drive_the_terminal_or_tell_a_secret() {
    let error = refusal(OWN, "unauthorized: \u{1b}[31mpassword=hunter2\u{202e}");
    assert!(!error.message.contains(['\u{1b}', '\u{202e}']), "{error}");
    assert!(!error.message.contains("hunter2"), "{error}");
}
