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
        } if is_page(message) => page(endpoint, doing, *status_code),
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

/// Whether it is a proxy that answers, in place of the engine behind it.
pub(super) fn is_page(message: &str) -> bool {
    message.trim_start().starts_with('<')
}

fn page(endpoint: &Endpoint, doing: &str, status: u16) -> Error {
    let (at, said_by) = (&endpoint.address, &endpoint.said_by);
    let kind = match status {
        401 | 403 => ErrorKind::Denied {
            action: doing.to_owned(),
        },
        _ => ErrorKind::Unreachable,
    };
    let what = format!(
        "{doing}: what answers at {at}, {said_by}, is no engine but a page with status {status}"
    );
    Error::new(kind, what).hint(
        "look what stands between here and the engine, and whether it lets `docker info` through",
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::docker::Address;

    fn explained(fault: Fault) -> Error {
        let endpoint = Endpoint {
            address: Address::Unix("/run/docker.sock".into()),
            said_by: "the default socket".to_owned(),
        };
        explain(&endpoint, "listing images", fault)
    }

    fn io(kind: io::ErrorKind) -> Error {
        explained(Fault::IOError { err: kind.into() })
    }

    fn said(status_code: u16, message: &str) -> Error {
        let message = message.to_owned();
        explained(Fault::DockerResponseServerError {
            status_code,
            message,
        })
    }

    #[test]
    fn a_socket_without_permission_and_one_without_engine_are_told_apart() {
        let denied = io(io::ErrorKind::PermissionDenied);
        assert_eq!(denied.kind.exit_code(), 5);
        assert!(denied.hint.unwrap().contains("usermod -aG docker"));
        for nobody in [
            io(io::ErrorKind::ConnectionRefused),
            explained(Fault::SocketNotFoundError("/run/docker.sock".to_owned())),
        ] {
            assert_eq!(nobody.kind, ErrorKind::Unreachable);
            let what =
                "no container engine answers at unix:///run/docker.sock (the default socket)";
            assert_eq!(nobody.message, what);
        }
    }

    #[test]
    fn what_the_engine_says_keeps_its_words_and_loses_its_controls() {
        let missing = said(404, "No such image: \u{1b}[31mx\n");
        assert_eq!(missing.kind, ErrorKind::NotFound);
        assert_eq!(missing.message, "listing images: No such image: ·[31mx");
    }

    #[test]
    fn a_full_disk_is_answered_with_what_frees_room() {
        let full = said(500, "write /var/lib/docker/tmp/x: no space left on device");
        assert_eq!(full.kind, ErrorKind::Io);
        assert!(full.hint.unwrap().contains("docker builder prune"));
    }
}
