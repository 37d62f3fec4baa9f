//! Pushing to registries, and reading back what they hold.

use super::{DockerEngine, connection::whole, fault::is_page};
use crate::{
    engine::{LayerState, Login, PushEvent, push::refusal},
    error::{Error, ErrorKind, Result},
    model::image::{Manifest, split},
};
use bollard::{
    BollardRequest, Docker,
    auth::DockerCredentials,
    errors::Error as Fault,
    models::{CreateImageInfo, ProgressDetail},
    query_parameters::CreateImageOptions,
};
use futures::{StreamExt as _, stream, stream::BoxStream};

/// See [`crate::engine::Engine::push`].
///
/// Bollard's own push drops what tells layers apart. Its request to create an image takes the same headers and is answered in the same
/// form, with the layers' ids: it is sent to where images are pushed.
pub(super) fn push(
    engine: &DockerEngine,
    reference: &str,
    login: Option<Login>,
) -> BoxStream<'static, Result<PushEvent>> {
    let path = match path(reference) {
        Ok(path) => path,
        Err(error) => return stream::iter([Err(error)]).boxed(),
    };
    let client = client(&engine.patient, move |request| aimed(request, &path));
    let answers = client
        .create_image(None::<CreateImageOptions>, None, Some(credentials(login)))
        .boxed();
    let reading = Reading {
        answers,
        engine: engine.clone(),
        reference: reference.to_owned(),
        ended: false,
    };
    stream::unfold(reading, |mut reading| async {
        let event = reading.next().await?;
        Some((event, reading))
    })
    .boxed()
}

/// See [`crate::engine::Engine::registry_manifest`].
pub(super) async fn registry_manifest(
    engine: &DockerEngine,
    reference: &str,
    login: Option<Login>,
) -> Result<Manifest> {
    path(reference)?;
    let client = client(&engine.client, |request| request);
    let answer = client.inspect_registry_image(reference, Some(credentials(login)));
    let answer = whole(answer)
        .await
        .map_err(|fault| explain(engine, reference, fault))?;
    let digest = answer.descriptor.digest.ok_or_else(|| {
        let what = format!("the engine answered for {reference} without a digest");
        Error::new(ErrorKind::Service, what)
    })?;
    let platform = |p: bollard::models::OciPlatform| Some(format!("{}/{}", p.os?, p.architecture?));
    let mut platforms: Vec<String> = answer.platforms.into_iter().filter_map(platform).collect();
    platforms.retain(|platform| !platform.starts_with("unknown"));
    platforms.dedup();
    Ok(Manifest { digest, platforms })
}

/// The client with requests changed, and their logins written in the alphabet that engines read: base64 for addresses (Docker Engine API,
/// authentication), of which bollard writes the other one, so that passwords with `?`, `>` or `~` in some places would be none.
fn client(
    client: &Docker,
    change: impl Fn(BollardRequest) -> BollardRequest + Send + Sync + 'static,
) -> Docker {
    client.clone().with_request_modifier(move |mut request| {
        if let Some(login) = request.headers_mut().get_mut("x-registry-auth")
            && let Ok(written) = login.to_str()
            && let Ok(mut right) = written.replace('+', "-").replace('/', "_").parse()
        {
            std::mem::swap(login, &mut right);
            login.set_sensitive(true);
        }
        change(request)
    })
}

/// Where an image is pushed: its path below the API's version.
fn path(reference: &str) -> Result<String> {
    let (name, mark) = split(reference);
    let tag = if mark.is_empty() { ":latest" } else { mark };
    let plain = |c: char| c.is_ascii_alphanumeric() || ".:/_-".contains(c);
    let tag = tag
        .strip_prefix(':')
        .filter(|_| reference.chars().all(plain));
    let tag = tag
        .filter(|tag| !tag.is_empty() && !name.is_empty())
        .ok_or_else(|| {
            let what = format!("`{reference}` cannot be pushed: it is no name and tag");
            Error::new(ErrorKind::Usage, what).hint("write it as REGISTRY/NAME:TAG")
        })?;
    Ok(format!("/images/{name}/push?tag={tag}"))
}

/// Aims the request to create an image at `path`.
fn aimed(mut request: BollardRequest, path: &str) -> BollardRequest {
    let uri = request.uri().to_string();
    if let Some((engine, _)) = uri.split_once("/images/create")
        && let Ok(uri) = format!("{engine}{path}").parse()
    {
        *request.uri_mut() = uri;
    }
    request
}

fn credentials(login: Option<Login>) -> DockerCredentials {
    match login {
        None => DockerCredentials::default(),
        Some(Login::Password { user, password }) => DockerCredentials {
            username: Some(user),
            password: Some(password.reveal().to_owned()),
            ..DockerCredentials::default()
        },
        Some(Login::Identity(token)) => DockerCredentials {
            identitytoken: Some(token.reveal().to_owned()),
            ..DockerCredentials::default()
        },
    }
}

/// A push that is read.
struct Reading {
    answers: BoxStream<'static, Result<CreateImageInfo, Fault>>,
    engine: DockerEngine,
    reference: String,
    ended: bool,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<PushEvent>> {
        while !self.ended {
            match self.answers.next().await {
                Some(Ok(answer)) => {
                    if let Some(event) = event(answer) {
                        self.ended = matches!(event, PushEvent::Pushed { .. });
                        return Some(Ok(event));
                    }
                }
                Some(Err(fault)) => {
                    self.ended = true;
                    return Some(Err(explain(&self.engine, &self.reference, fault)));
                }
                None => {
                    self.ended = true;
                    let what = format!(
                        "the engine stopped pushing {} without a word",
                        self.reference
                    );
                    return Some(Err(Error::new(ErrorKind::Unreachable, what)
                        .hint("look whether it still runs: `docker info`; then push again")));
                }
            }
        }
        None
    }
}

/// What an engine says of a push, in its own words (moby, distribution/push_v2.go; Podman writes the same).
fn event(answer: CreateImageInfo) -> Option<PushEvent> {
    let status = answer.status?;
    let Some(id) = answer.id else {
        return pushed(&status);
    };
    let state = match status.as_str() {
        "Preparing" | "Waiting" => LayerState::Waiting,
        "Pushed" => LayerState::Pushed,
        "Pushing" => {
            let (sent, of) = answer.progress_detail.as_ref().map_or((0, 0), bytes);
            LayerState::Pushing(sent, of.max(sent))
        }
        other => match other.strip_prefix("Retrying in ") {
            Some(rest) => {
                let seconds = rest.split(' ').next();
                LayerState::Retrying(seconds.and_then(|s| s.parse().ok()).unwrap_or_default())
            }
            None if other.starts_with("Layer already exists")
                || other.starts_with("Mounted from")
                || other.starts_with("Skipped foreign layer") =>
            {
                LayerState::AlreadyThere
            }
            None => return None,
        },
    };
    Some(PushEvent::Layer { id, state })
}

fn bytes(progress: &ProgressDetail) -> (u64, u64) {
    let count = |bytes: Option<i64>| {
        bytes
            .and_then(|b| u64::try_from(b).ok())
            .unwrap_or_default()
    };
    (count(progress.current), count(progress.total))
}

/// Reads `1.2: digest: sha256:… size: 527`, the last words of a push.
fn pushed(status: &str) -> Option<PushEvent> {
    let (_, rest) = status.split_once(": digest: ")?;
    let (digest, size) = rest.split_once(" size: ")?;
    Some(PushEvent::Pushed {
        digest: digest.to_owned(),
        size: size.trim().parse().ok()?,
    })
}

/// What a registry said through the engine, or what is the matter with the engine itself.
fn explain(engine: &DockerEngine, reference: &str, fault: Fault) -> Error {
    match &fault {
        Fault::DockerStreamError { error: said }
        | Fault::DockerResponseServerError { message: said, .. }
            if !is_page(said) =>
        {
            refusal(reference, said).source(fault)
        }
        _ => engine.fault(&format!("pushing {reference}"), fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<PushEvent> {
        event(serde_json::from_str(line).unwrap())
    }

    #[test]
    fn every_word_of_an_engine_about_a_layer_is_understood() {
        for (line, expected) in [
            (
                r#"{"status":"Preparing","progressDetail":{},"id":"a"}"#,
                LayerState::Waiting,
            ),
            (
                r#"{"status":"Waiting","progressDetail":{},"id":"a"}"#,
                LayerState::Waiting,
            ),
            (
                r#"{"status":"Pushing","progressDetail":{"current":33280,"total":3000000},"id":"a"}"#,
                LayerState::Pushing(33_280, 3_000_000),
            ),
            (
                r#"{"status":"Pushing","progressDetail":{"current":512},"id":"a"}"#,
                LayerState::Pushing(512, 512),
            ),
            (
                r#"{"status":"Retrying in 5 seconds","progressDetail":{},"id":"a"}"#,
                LayerState::Retrying(5),
            ),
            (
                r#"{"status":"Retrying in 1 second","progressDetail":{},"id":"a"}"#,
                LayerState::Retrying(1),
            ),
            (
                r#"{"status":"Layer already exists","progressDetail":{},"id":"a"}"#,
                LayerState::AlreadyThere,
            ),
            (
                r#"{"status":"Mounted from shop/base","progressDetail":{},"id":"a"}"#,
                LayerState::AlreadyThere,
            ),
            (
                r#"{"status":"Pushed","progressDetail":{},"id":"a"}"#,
                LayerState::Pushed,
            ),
        ] {
            let id = "a".to_owned();
            assert_eq!(
                said(line),
                Some(PushEvent::Layer {
                    id,
                    state: expected
                }),
                "{line}"
            );
        }
        assert_eq!(
            said(r#"{"status":"The push refers to repository [r/x]"}"#),
            None
        );
    }

    #[test]
    fn the_last_words_tell_digest_and_size() {
        assert_eq!(
            said(r#"{"status":"1.2: digest: sha256:48f7 size: 527"}"#),
            Some(PushEvent::Pushed {
                digest: "sha256:48f7".to_owned(),
                size: 527
            })
        );
    }

    #[test]
    fn only_a_name_with_a_tag_has_a_place_to_be_pushed_to() {
        let pushed = |reference: &str| path(reference).ok();
        assert_eq!(
            pushed("127.0.0.1:5000/shop/api:1.2"),
            Some("/images/127.0.0.1:5000/shop/api/push?tag=1.2".to_owned())
        );
        assert_eq!(
            pushed("shop/api"),
            Some("/images/shop/api/push?tag=latest".to_owned())
        );
        for wrong in ["a@sha256:ab", "a b:1", "a?x=1:1", "a:1#", "", ":1", "a:"] {
            assert_eq!(pushed(wrong), None, "{wrong}");
        }
    }
}
