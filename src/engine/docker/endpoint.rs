//! Where the engine is, found as the `docker` command finds it.
//!
//! The order is that of docker/cli (`cli/command/cli.go`, `resolveContextName`): `DOCKER_HOST`, `DOCKER_CONTEXT`, the `currentContext` of
//! `config.json`, the default socket. Contexts lie under `contexts/meta/ID/meta.json` and their TLS material under
//! `contexts/tls/ID/docker` (`cli/context/store`). Where there is no default socket, Podman's compatible one is looked for.

use crate::{
    config::Surroundings,
    error::{Error, ErrorKind, Result},
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Where engines listen that nobody configured.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The engine's address, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Address.
    pub address: Address,
    /// `DOCKER_HOST`, `the context "build"`, `the default socket`.
    pub said_by: String,
}

/// Address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket of this machine.
    Unix(PathBuf),
    /// `host:port`, in the clear.
    Tcp(String),
    /// `host:port`, with TLS.
    Tls(String, TlsFiles),
    /// `user@host:port`, where `docker system dial-stdio` is run.
    Ssh(String),
}

/// What TLS needs, as files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authority that signed the engine's certificate.
    pub authority: PathBuf,
    /// The client's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// The names that Docker gives them in `folder`.
    fn of(folder: &Path) -> Self {
        Self {
            authority: folder.join("ca.pem"),
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) | Self::Tls(host, _) => write!(f, "tcp://{host}"),
            Self::Ssh(host) => write!(f, "ssh://{host}"),
        }
    }
}

/// `config.json`, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConfigFile {
    current_context: Option<String>,
}

/// `meta.json` of a context.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextFile {
    name: String,
    #[serde(default)]
    endpoints: BTreeMap<String, ContextEndpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContextEndpoint {
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

impl Endpoint {
    /// Finds the engine's address in variables and Docker's own files. Connects to nothing.
    ///
    /// # Errors
    /// `Config` for an address that is none, a context that does not exist, a file that cannot be read.
    pub fn find(around: &Surroundings) -> Result<Self> {
        Self::find_beside(around, Path::new(DEFAULT_SOCKET))
    }

    fn find_beside(around: &Surroundings, default_socket: &Path) -> Result<Self> {
        let folder = docker_folder(around);
        if let Some(host) = around.variable("DOCKER_HOST") {
            let tls = around.variable("DOCKER_TLS_VERIFY").map(|_| {
                let named = around.variable("DOCKER_CERT_PATH").map(PathBuf::from);
                TlsFiles::of(&named.unwrap_or_else(|| folder.clone()))
            });
            return Ok(Self {
                address: address(host, tls, "DOCKER_HOST")?,
                said_by: "DOCKER_HOST".to_owned(),
            });
        }
        let named = match around.variable("DOCKER_CONTEXT") {
            Some(name) => Some(name.to_owned()),
            None => read::<ConfigFile>(&folder.join("config.json"))?
                .and_then(|config| config.current_context),
        };
        match named.filter(|name| !name.is_empty() && name != "default") {
            Some(name) => context(&folder, &name),
            None => Ok(nearest_socket(around, default_socket)),
        }
    }
}

/// The folder of Docker's configuration.
pub(super) fn docker_folder(around: &Surroundings) -> PathBuf {
    let home = || Path::new(around.variable("HOME").unwrap_or("/")).join(".docker");
    around
        .variable("DOCKER_CONFIG")
        .map_or_else(home, PathBuf::from)
}

/// The default socket, else one of Podman's, else the default one all the same: it is what should be there.
fn nearest_socket(around: &Surroundings, default: &Path) -> Endpoint {
    let own = around
        .variable("XDG_RUNTIME_DIR")
        .map(|folder| Path::new(folder).join("podman/podman.sock"));
    let podman = own.into_iter().chain(["/run/podman/podman.sock".into()]);
    let found = (!default.exists())
        .then(|| podman.into_iter().find(|socket| socket.exists()))
        .flatten();
    match found {
        Some(socket) => Endpoint {
            address: Address::Unix(socket),
            said_by: "Podman's socket".to_owned(),
        },
        None => Endpoint {
            address: Address::Unix(default.to_owned()),
            said_by: "the default socket".to_owned(),
        },
    }
}

/// The endpoint of the context `name`. Folders are named by the SHA-256 of the name, which need not be computed: each says its name.
fn context(folder: &Path, name: &str) -> Result<Endpoint> {
    let missing = || {
        Error::new(
            ErrorKind::Config,
            format!("there is no Docker context `{name}`"),
        )
        .hint("`docker context ls` lists them; check DOCKER_CONTEXT and `docker context use`")
    };
    let metas = folder.join("contexts/meta");
    let entries = std::fs::read_dir(&metas).map_err(|e| missing().source(e))?;
    for entry in entries {
        let entry = entry.map_err(|e| unreadable(&metas, &e))?;
        let Some(file) = read::<ContextFile>(&entry.path().join("meta.json"))? else {
            continue;
        };
        if file.name != name {
            continue;
        }
        let said_by = format!("the Docker context `{name}`");
        let endpoint = file.endpoints.get("docker").ok_or_else(missing)?;
        let tls = folder
            .join("contexts/tls")
            .join(entry.file_name())
            .join("docker");
        let tls = tls.exists().then(|| TlsFiles::of(&tls));
        if endpoint.skip_tls_verify {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{said_by} does not verify the engine's certificate"),
            )
            .hint("make the context again with the engine's CA, or reach it by ssh://"));
        }
        return Ok(Endpoint {
            address: address(&endpoint.host, tls, &said_by)?,
            said_by,
        });
    }
    Err(missing())
}

/// Reads an address as Docker writes it: `unix:///path`, `tcp://host:port`, `ssh://user@host`.
fn address(text: &str, tls: Option<TlsFiles>, said_by: &str) -> Result<Address> {
    let wrong = || {
        Error::new(
            ErrorKind::Config,
            format!("{said_by}: `{text}` is no address of an engine"),
        )
        .hint("write unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host")
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let host = rest.trim_end_matches('/');
    if host.is_empty() {
        return Err(wrong());
    }
    let with_port = |default| with_port(host, default).ok_or_else(wrong);
    Ok(match (scheme, tls) {
        ("unix", _) => Address::Unix(rest.into()),
        ("tcp" | "http", None) => Address::Tcp(with_port(2375)?),
        ("tcp" | "https", Some(files)) => Address::Tls(with_port(2376)?, files),
        ("ssh", _) => Address::Ssh(host.to_owned()),
        _ => return Err(wrong()),
    })
}

/// `host:port`; `None` for what is no host, or no port.
fn with_port(host: &str, default: u16) -> Option<String> {
    // An address of IPv6, in brackets, has colons of its own.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, port.parse().ok()?),
        _ => (host, default),
    };
    let bracketed = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
    };
    (is_host && !name.is_empty()).then(|| format!("{name}:{port}"))
}

/// Reads a file of Docker's in JSON; `None` where there is none.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(path, &e)),
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, why: &dyn fmt::Display) -> Error {
    let what = format!("{} cannot be read: {why}", path.display());
    Error::new(ErrorKind::Config, what).hint(
        "it is a file of the `docker` command's: mend it, or name the engine with DOCKER_HOST",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn around(folder: &Path, variables: &[(&str, &str)]) -> Surroundings {
        let home = ("HOME", folder.to_str().unwrap());
        Surroundings {
            variables: [home]
                .iter()
                .chain(variables)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Surroundings::default()
        }
    }

    fn found(folder: &Path, variables: &[(&str, &str)]) -> Result<(String, String)> {
        let socket = folder.join("docker.sock");
        let endpoint = Endpoint::find_beside(&around(folder, variables), &socket)?;
        Ok((endpoint.address.to_string(), endpoint.said_by))
    }

    fn add_context(folder: &Path, id: &str, name: &str, host: &str) {
        let meta = folder.join(".docker/contexts/meta").join(id);
        fs::create_dir_all(&meta).unwrap();
        let text = format!(
            r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#
        );
        fs::write(meta.join("meta.json"), text).unwrap();
    }

    #[test]
    fn docker_host_is_stronger_than_any_context() {
        let folder = tempfile::tempdir().unwrap();
        add_context(folder.path(), "1", "build", "ssh://ops@build");
        let said = found(
            folder.path(),
            &[("DOCKER_HOST", "tcp://engine"), ("DOCKER_CONTEXT", "build")],
        );
        let host = ("tcp://engine:2375".to_owned(), "DOCKER_HOST".to_owned());
        assert_eq!(said.unwrap(), host);
    }

    #[test]
    fn tls_is_spoken_where_docker_is_told_to_verify() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("DOCKER_HOST", "tcp://engine"),
            ("DOCKER_TLS_VERIFY", "1"),
            ("DOCKER_CERT_PATH", "/certs"),
        ];
        let endpoint = Endpoint::find(&around(folder.path(), &variables)).unwrap();
        let files = TlsFiles::of(Path::new("/certs"));
        assert_eq!(
            endpoint.address,
            Address::Tls("engine:2376".to_owned(), files)
        );
    }

    #[test]
    fn the_current_context_is_used_and_a_variable_names_another() {
        let folder = tempfile::tempdir().unwrap();
        add_context(folder.path(), "1", "build", "ssh://ops@build");
        add_context(folder.path(), "2", "near", "unix:///near.sock");
        let config = folder.path().join(".docker/config.json");
        fs::write(config, r#"{"auths":{},"currentContext":"build"}"#).unwrap();
        let host = |variables: &[_]| found(folder.path(), variables).unwrap().0;
        assert_eq!(host(&[]), "ssh://ops@build");
        assert_eq!(host(&[("DOCKER_CONTEXT", "near")]), "unix:///near.sock");
        let socket = format!("unix://{}/docker.sock", folder.path().display());
        assert_eq!(host(&[("DOCKER_CONTEXT", "default")]), socket);
        let error = found(folder.path(), &[("DOCKER_CONTEXT", "far")]).unwrap_err();
        assert_eq!(error.message, "there is no Docker context `far`");
    }

    #[test]
    fn podman_serves_where_docker_is_not_installed() {
        let folder = tempfile::tempdir().unwrap();
        let run = [("XDG_RUNTIME_DIR", folder.path().to_str().unwrap())];
        fs::create_dir(folder.path().join("podman")).unwrap();
        fs::write(folder.path().join("podman/podman.sock"), "").unwrap();
        assert_eq!(found(folder.path(), &run).unwrap().1, "Podman's socket");
        fs::write(folder.path().join("docker.sock"), "").unwrap();
        assert_eq!(found(folder.path(), &run).unwrap().1, "the default socket");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for host in ["engine:2375", "ftp://engine", "tcp://", "https://engine"] {
            let error = found(folder.path(), &[("DOCKER_HOST", host)]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Config, "{host}");
        }
    }
}
