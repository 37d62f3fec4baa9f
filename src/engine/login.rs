//! Logins to registries: ECR's by a token of the cloud, others' from the Docker configuration and its credential helpers. None is ever
//! typed into hydren, shown or written down by it.

use super::Login;
use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    logs::secrets::mask,
    model::{hidden::Hidden, image::region},
};
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};
use tokio::sync::Mutex;

/// The name under which Docker keeps the login of Docker Hub: the address of its first API.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Docker Hub, as image names know it.
pub const HUB: &str = "docker.io";

/// How long before its end a token is renewed: longer than most pushes take.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);

/// A login that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The login; `None` where nobody has logged in.
    pub login: Option<Login>,
    /// Where it comes from, or was looked for.
    pub origin: String,
    /// When it ends, where that is known.
    pub expires_at: Option<Timestamp>,
}

impl Credentials {
    /// Those that ECR gives: the name is always `AWS`.
    #[must_use]
    pub fn of_ecr(host: &str, token: Hidden, expires_at: Option<Timestamp>) -> Self {
        Self {
            login: Some(Login::Password {
                user: "AWS".to_owned(),
                password: token,
            }),
            origin: format!("a token of ECR for {host}"),
            expires_at,
        }
    }
}

/// The registry of an image: what stands before the first slash where that is a host, Docker Hub otherwise (Docker's distribution
/// reference: a host has a dot or a port, or is `localhost`).
#[must_use]
pub fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => match host {
            "index.docker.io" | "registry-1.docker.io" => HUB,
            host => host,
        },
        _ => HUB,
    }
}

/// Finds logins, and keeps ECR's tokens as long as they last.
pub struct Logins {
    /// The Docker configuration; `None` where there is no place for one.
    file: Option<PathBuf>,
    tokens: Mutex<HashMap<String, Credentials>>,
}

impl Logins {
    /// Looks in `DOCKER_CONFIG`, else in `~/.docker`.
    #[must_use]
    pub fn of_process() -> Self {
        let named = std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty());
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".docker"));
        Self::new(named.map(PathBuf::from).or_else(home))
    }

    /// Looks in `folder`.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            file: folder.map(|folder| folder.join("config.json")),
            tokens: Mutex::default(),
        }
    }

    /// Finds the login for the registry of `reference`. No login is an answer, not an error: some registries need none.
    ///
    /// # Errors
    /// A configuration that cannot be read, a helper that is missing or fails, ECR's refusal of a token.
    pub async fn find(&self, cloud: &dyn Cloud, reference: &str) -> Result<Credentials> {
        let host = registry(reference);
        if region(host).is_none() {
            return self.of_docker(host).await;
        }
        // Held while asking, so that several pushes ask once.
        let mut tokens = self.tokens.lock().await;
        let now = cloud.now();
        let fresh = |known: &&Credentials| known.expires_at.is_none_or(|at| at - MARGIN > now);
        if let Some(known) = tokens.get(host).filter(fresh) {
            return Ok(known.clone());
        }
        match cloud.registry_login(host).await {
            Ok(credentials) => {
                tokens.insert(host.to_owned(), credentials.clone());
                Ok(credentials)
            }
            // Somebody else's login may do what the caller may not.
            Err(error) => match self.of_docker(host).await {
                Ok(known) if known.login.is_some() => Ok(known),
                _ => Err(error.hint(format!(
                    "the caller needs ecr:GetAuthorizationToken (docs/iam/operator.json); or log in by other means: \
                     `aws ecr get-login-password | docker login --username AWS --password-stdin {host}`"
                ))),
            },
        }
    }

    /// Forgets what was kept for the registry of `reference`: it was refused.
    pub async fn forget(&self, reference: &str) {
        self.tokens.lock().await.remove(registry(reference));
    }

    /// Reads the Docker configuration. Helpers are processes: they run where they may block.
    pub(super) async fn of_docker(&self, host: &str) -> Result<Credentials> {
        let Some(file) = self.file.clone() else {
            return Ok(none("there is no home folder for a Docker configuration"));
        };
        let host = host.to_owned();
        let read = tokio::task::spawn_blocking(move || docker(&file, &host)).await;
        read.map_err(|e| Error::new(ErrorKind::Io, "the login cannot be looked for").source(e))?
    }
}

fn none(origin: impl Into<String>) -> Credentials {
    Credentials {
        login: None,
        origin: origin.into(),
        expires_at: None,
    }
}

fn docker(file: &Path, host: &str) -> Result<Credentials> {
    let shown = file.display();
    let broken = |what: &str| {
        Error::new(ErrorKind::Config, format!("{shown} {what}"))
            .hint(format!("mend it, or make it anew: `docker login {host}`"))
    };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Ok(none(format!("{shown} does not exist")));
        }
        Err(e) => return Err(broken("cannot be read").source(e)),
    };
    let key = if host == HUB { HUB_KEY } else { host };
    let helper = helper(&text, key);
    match get_credential_from_reader(text.as_slice(), key) {
        Ok(credential) => Ok(Credentials {
            login: Some(match credential {
                DockerCredential::IdentityToken(token) => Login::Identity(Hidden::new(token)),
                DockerCredential::UsernamePassword(user, password) => Login::Password {
                    user,
                    password: Hidden::new(password),
                },
            }),
            origin: helper.unwrap_or_else(|| shown.to_string()),
            expires_at: None,
        }),
        Err(error) => refused(error, helper.as_deref(), &broken, host).map(|()| {
            none(format!(
                "{} has no login for {host}",
                helper.unwrap_or_else(|| shown.to_string())
            ))
        }),
    }
}

/// The program that is asked for the login of `key`.
fn helper(text: &[u8], key: &str) -> Option<String> {
    let config: serde_json::Value = serde_json::from_slice(text).ok()?;
    let own = config["credHelpers"][key].as_str();
    let name = own.or_else(|| config["credsStore"].as_str());
    Some(format!(
        "docker-credential-{}",
        name.filter(|name| !name.is_empty())?
    ))
}

/// Tells that there is no login from what went wrong.
fn refused(
    error: CredentialRetrievalError,
    helper: Option<&str>,
    broken: &dyn Fn(&str) -> Error,
    host: &str,
) -> Result<()> {
    use CredentialRetrievalError as E;
    let helper = helper.unwrap_or("the credential helper");
    let failed = |what: String| Error::new(ErrorKind::NoCredentials, what);
    Err(match error {
        E::NoCredentialConfigured | E::ConfigNotFound => return Ok(()),
        // Docker's helpers write this to say that they know nothing of a host.
        E::HelperFailure { stdout, .. } if stdout.contains("credentials not found") => return Ok(()),
        E::HelperFailure { stdout, stderr, .. } => {
            let said = [stderr, stdout].join("\n");
            let said = said.lines().find(|line| !line.trim().is_empty());
            let said = said.map_or_else(|| "nothing".to_owned(), |line| mask(line.trim()).into_owned());
            failed(format!("{helper} gave no login for {host}; it said: {said}"))
                .hint(format!("try `echo {host} | {helper} get`, then `docker login {host}`"))
        }
        E::HelperCommunicationError => failed(format!("{helper}, which the Docker configuration names, cannot be run"))
            .hint(format!("install it into the PATH, or take it out of the configuration and `docker login {host}`")),
        E::MalformedHelperResponse => failed(format!("{helper} gave no login for {host}: its answer is not understood")),
        E::ConfigReadError => broken("is no Docker configuration"),
        E::CredentialDecodingError => broken(&format!("has a login for {host} that cannot be decoded")),
        E::CredentialMismatchError => broken(&format!("has two logins for {host} that differ")),
    })
}

#[cfg(test)]
mod tests;
