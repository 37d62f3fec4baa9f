//! From an address to a client that has agreed on a version with its engine.

use super::{Address, Endpoint, fault::explain};
use crate::error::{Error, ErrorKind, Result};
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker, errors::Error as Fault};
use std::time::Duration;

/// The oldest API that is spoken: that of Engine 19.03 and Podman 3, the first with everything that is asked for here.
const OLDEST: ClientVersion = ClientVersion {
    major_version: 1,
    minor_version: 40,
};

/// Seconds that an engine may take to begin an answer. Builds and pushes have their own.
const PATIENCE: u64 = 120;

/// Waits for a whole answer: the client itself bounds only the wait for its head.
pub(super) async fn whole<T>(answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let limit = Duration::from_secs(PATIENCE);
    tokio::time::timeout(limit, answer)
        .await
        .unwrap_or(Err(Fault::RequestTimeoutError))
}

/// Makes a client of the engine at `endpoint`.
///
/// # Errors
/// `Unreachable` where there is none, `Denied` for a socket without permission, `Unsupported` for one too old.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<Docker> {
    let doing = "connecting to the container engine";
    let fault = |e| explain(endpoint, doing, e);
    let version = API_DEFAULT_VERSION;
    let client = match &endpoint.address {
        Address::Unix(path) => {
            Docker::connect_with_unix(&path.to_string_lossy(), PATIENCE, version)
        }
        Address::Tcp(host) => Docker::connect_with_http(host, PATIENCE, version),
        Address::Tls(host, files) => Docker::connect_with_ssl(
            host,
            &files.key,
            &files.certificate,
            &files.authority,
            PATIENCE,
            version,
        ),
        Address::Ssh(host) => Docker::connect_with_ssh(host, PATIENCE, version, None),
    };
    let client = client.map_err(fault)?;
    let client = whole(client.negotiate_version()).await.map_err(fault)?;
    let spoken = client.client_version();
    if spoken < OLDEST {
        let what = format!(
            "the engine at {} speaks API {spoken}, and {OLDEST} is needed",
            endpoint.address
        );
        return Err(Error::new(ErrorKind::Unsupported, what)
            .hint("upgrade it to Docker Engine 20.10 or later, or Podman 4"));
    }
    Ok(client)
}
