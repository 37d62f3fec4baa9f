//! What went wrong with an engine, in our own words.

use super::Endpoint;
use crate::{
    error::{Error, ErrorKind},
    text::neutral,
};
use bollard::errors::Error as Fault;
use std::{error::Error as _, io};

/// What helps where an engine has no room left.
const ROOM: &str = "the engine's disk is full: `docker system df` says what takes the room, `docker builder prune` and \
                    `docker image prune` free it";

/// Says what failed on the engine at `endpoint`, while `doing`.
pub(super) fn explain(endpoint: &Endpoint, doing: &str, fault: Fault) -> Error {
    let at = &endpoint.address;
    match &fault {
        Fault::DockerResponseServerError {
            status_code,
            message,
        } => answered(doing, *status_code, message),
        Fault::DockerStreamError { error } => answered(doing, 500, error),
        Fault::SocketNotFoundError(_) => nobody(endpoint),
        Fault::RequestTimeoutError => Error::new(
            ErrorKind::Unreachable,
            format!("{doing}: the engine at {at} does not answer"),
        )
        .hint("look whether it still runs: `docker info`"),
        other => match io_kind(other) {
            Some(io::ErrorKind::PermissionDenied) => Error::new(
                ErrorKind::Denied {
                    action: format!("connect to {at}"),
                },
                format!("you may not use the container engine at {at}"),
            )
            .hint(
                "its socket belongs to the group docker: `sudo usermod -aG docker $USER`, then log in again (members are root on this \
                 machine), or run a rootless engine",
            ),
            Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => nobody(endpoint),
            _ => {
                let deepest = causes(other).last().map(ToString::to_string);
                let why = deepest.unwrap_or_else(|| other.to_string());
                let what = format!("{doing}: the engine at {at}, {}: {}", endpoint.said_by, neutral(&why));
                Error::new(ErrorKind::Unreachable, what)
                    .hint("look whether it runs and can be reached: `docker info`")
            }
        },
    }
    .source(fault)
}

/// Says what the engine said.
pub(super) fn answered(doing: &str, status: u16, message: &str) -> Error {
    let what = format!("{doing}: {}", neutral(message.trim()));
    if message.contains("no space left on device") {
        return Error::new(ErrorKind::Io, what).hint(ROOM);
    }
    let kind = match status {
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        401 | 403 => ErrorKind::Denied {
            action: doing.to_owned(),
        },
        501 => ErrorKind::Unsupported,
        _ => ErrorKind::Service,
    };
    Error::new(kind, what)
}

fn nobody(endpoint: &Endpoint) -> Error {
    let (at, said_by) = (&endpoint.address, &endpoint.said_by);
    Error::new(
        ErrorKind::Unreachable,
        format!("no container engine answers at {at} ({said_by})"),
    )
    .hint("start it (`sudo systemctl start docker`, Docker Desktop, `systemctl --user start podman.socket`), or name another with DOCKER_HOST or `docker context use`")
}

/// The first failure of input or output among an error's causes.
fn io_kind(fault: &Fault) -> Option<io::ErrorKind> {
    if let Fault::IOError { err } = fault {
        return Some(err.kind());
    }
    causes(fault).find_map(|cause| cause.downcast_ref::<io::Error>().map(io::Error::kind))
}

fn causes<'f>(fault: &'f Fault) -> impl Iterator<Item = &'f (dyn std::error::Error + 'static)> {
    // Bollard keeps the client's error as a field, not as its source.
    let first: Option<&'f (dyn std::error::Error + 'static)> = match fault {
        Fault::HyperLegacyError { err } => Some(err),
        other => other.source(),
    };
    std::iter::successors(first, |cause| {
        (*cause as &'f (dyn std::error::Error + 'static)).source()
    })
}
