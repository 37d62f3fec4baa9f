//! What a registry means that does not take an image.

use crate::{
    engine::{
        login::{HUB, registry},
        registries::READ,
    },
    error::{Error, ErrorKind},
    logs::secrets::mask,
    model::image::{region, split},
    text::neutral,
};

/// What a registry, or an engine that speaks with it, means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    NoImage,
    LoginEnded,
    TooMuch,
    Immutable,
    LacksAction,
    NoRepository,
    NoTag,
    Denied,
    NoTls,
    Untrusted,
    Full,
    Lost,
    Other,
}

/// The words that tell it, in lower case; the first that are found count (moby, distribution and ECR as they write).
const WORDS: [(Meaning, &[&str]); 12] = [
    (
        Meaning::NoImage,
        &[
            "image does not exist locally",
            "tag does not exist",
            "no such image",
            "image not known",
        ],
    ),
    (
        Meaning::NoRepository,
        &["name unknown", "name_unknown", "repositorynotfound"],
    ),
    (
        Meaning::LoginEnded,
        &["authorization token has expired", "token expired"],
    ),
    (
        Meaning::TooMuch,
        &[
            "toomanyrequests",
            "too many requests",
            "status: 429",
            "http 429",
            "rate limit",
            "rate exceeded",
        ],
    ),
    (Meaning::Immutable, &["immutable"]),
    (Meaning::LacksAction, &[" ecr:"]),
    (Meaning::NoTag, &["manifest unknown", "manifest_unknown"]),
    (
        Meaning::Denied,
        &[
            "no basic auth credentials",
            "unauthorized",
            "authentication required",
            "denied",
            "forbidden",
        ],
    ),
    (
        Meaning::NoTls,
        &[
            "server gave http response to https client",
            // As rustls says it.
            "invalidcontenttype",
        ],
    ),
    (Meaning::Untrusted, &["x509", "certificate"]),
    (Meaning::Full, &["no space left"]),
    (
        Meaning::Lost,
        &[
            "connection",
            "broken pipe",
            "eof",
            "timeout",
            "timed out",
            "no such host",
            "http status: 5",
            "unavailable",
            "bad gateway",
        ],
    ),
];

impl Meaning {
    fn of(lower: &str) -> Self {
        let told = |(_, words): &&(Self, &[&str])| words.iter().any(|word| lower.contains(word));
        WORDS
            .iter()
            .find(told)
            .map_or(Self::Other, |(meaning, _)| *meaning)
    }
}

/// What a registry was asked for, and by whom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Deed {
    /// An engine pushes to it.
    Push,
    /// An image is read from it, without an engine.
    Read,
    /// An image of another registry is put into it, without an engine.
    Put,
}

/// The error of a registry that does not take `reference`: `said` is what an engine passes on of its answer.
pub(in crate::engine) fn refusal(reference: &str, said: &str) -> Error {
    refused(Deed::Push, reference, said)
}

/// The error of a registry that refused `deed` on `reference`: `said` is what is known of its answer.
pub(in crate::engine) fn refused(deed: Deed, reference: &str, said: &str) -> Error {
    let said = mask(&neutral(said.trim())).into_owned();
    let lower = said.to_lowercase();
    let (name, mark) = split(reference);
    let host = registry(reference);
    let error = |kind, what: &str| Error::new(kind, format!("{host}: {what}: {said}"));
    let denied = |action: &str| {
        let action = action.to_owned();
        let done = match deed {
            Deed::Push | Deed::Put => "pushed",
            Deed::Read => "read",
        };
        error(
            ErrorKind::Denied { action },
            &format!("{name} may not be {done}"),
        )
    };
    match Meaning::of(&lower) {
        Meaning::NoImage => {
            let what = format!("the engine has no image {reference}");
            Error::new(ErrorKind::NotFound, what).hint("`hydren image list` says which there are")
        }
        Meaning::LoginEnded => error(ErrorKind::Expired, "the login has ended"),
        Meaning::TooMuch => {
            error(ErrorKind::Throttled, "it takes no more requests now").hint(patience(host, &lower))
        }
        Meaning::Immutable => {
            let tag = mark.trim_start_matches(':');
            error(ErrorKind::Conflict, "the tag is taken and cannot be overwritten")
                .hint(format!("push under another tag than {tag}; the image that has it stays as it is"))
        }
        Meaning::LacksAction => {
            let action = said.split_whitespace().find(|word| word.starts_with("ecr:"));
            let action = action.unwrap_or_default();
            let action = action.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            denied(action).hint(format!(
                "the caller needs {action} on this repository (docs/iam/image-push.json), and the repository's policy must not deny it"
            ))
        }
        Meaning::NoRepository => {
            let missing = error(ErrorKind::NotFound, &format!("there is no repository {name}"));
            match name.split_once('/').filter(|_| region(host).is_some()) {
                Some((_, name)) => {
                    missing.hint(format!("make it: `hydren image create-repository {name}`"))
                }
                None => missing.hint("make it at the registry; most do not on a push"),
            }
        }
        Meaning::NoTag => error(ErrorKind::NotFound, &format!("{name} has no image {mark}")),
        Meaning::Denied => match deed {
            Deed::Push | Deed::Put => denied(&format!("push to {host}")),
            Deed::Read => denied(&format!("{READ} {host}")),
        },
        Meaning::NoTls => error(ErrorKind::Config, "it speaks no TLS").hint(match deed {
            Deed::Push => format!(
                "give it a certificate, or list {host} under insecure-registries in the engine's daemon.json"
            ),
            Deed::Read | Deed::Put => {
                "give it a certificate: without an engine, only registries on 127.0.0.0/8 are spoken to without TLS".to_owned()
            }
        }),
        Meaning::Untrusted if deed == Deed::Push => {
            error(ErrorKind::Config, "the engine does not trust its certificate")
                .hint(format!("put its authority into /etc/docker/certs.d/{host}/ca.crt of the engine"))
        }
        Meaning::Untrusted => error(ErrorKind::Config, "its certificate is not trusted")
            .hint("put its authority among those that this system trusts, or name it in SSL_CERT_FILE"),
        Meaning::Full => error(ErrorKind::Io, "no room is left")
            .hint("the disk of the registry or of the engine is full"),
        Meaning::Lost => error(ErrorKind::Unreachable, "the connection was lost or not made")
            .hint(match deed {
                Deed::Push => "push again once it answers: layers that have arrived are not sent again",
                Deed::Read | Deed::Put => {
                    "promote it again once it answers: layers that have arrived are not sent again"
                }
            }),
        Meaning::Other => match deed {
            Deed::Push | Deed::Put => error(ErrorKind::Service, &format!("{name} was not taken")),
            Deed::Read => error(ErrorKind::Service, &format!("{name} was not given")),
        },
    }
}

/// When a registry takes requests again. Docker Hub tells its two limits apart by their texts (docs.docker.com, Docker Hub usage): the one
/// on pulls has a link and counts over six hours, the other counts the requests of an address in a minute.
fn patience(host: &str, said: &str) -> String {
    match host {
        HUB if said.contains("pull rate limit") || said.contains("increase-rate-limit") => {
            "Docker Hub counts over six hours: try again later, or `docker login` with an account that may do more".to_owned()
        }
        HUB => "Docker Hub limits the requests of an address in a minute: try again in a few minutes".to_owned(),
        host => format!("try again in a few minutes; {host} may say more in its documentation"),
    }
}
