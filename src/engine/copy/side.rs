//! One side of a copy: a registry, an image there, and what is asked of it.

use super::{
    ANSWER,
    fault::{fault, is_missing, stalled, unfit},
    manifest::{Document, MEDIA_TYPES},
};
use crate::{
    engine::{Login, login::registry, push::Deed},
    error::{Error, ErrorKind, Result},
};
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol},
    errors::OciDistributionError,
    secrets::RegistryAuth,
};
use std::{collections::HashSet, net::Ipv4Addr, time::Duration};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(30);

/// Manifests of an image at most: an index has one or two for each of its platforms.
const MANIFESTS: usize = 200;

/// A registry, and an image there.
pub(super) struct Side {
    pub(super) deed: Deed,
    pub(super) client: Client,
    pub(super) at: Reference,
    auth: RegistryAuth,
    /// As people write it.
    pub(super) reference: String,
}

impl Side {
    pub(super) fn new(deed: Deed, reference: &str, login: Option<Login>) -> Result<Self> {
        let at: Reference = reference.parse().map_err(|e| {
            let what = format!("`{reference}` is no name of an image");
            Error::new(ErrorKind::Usage, what)
                .hint("write it as REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:…")
                .source(e)
        })?;
        let auth = match login {
            None => RegistryAuth::Anonymous,
            Some(Login::Password { user, password }) => {
                RegistryAuth::Basic(user, password.reveal().to_owned())
            }
            // It would have to be exchanged for an access token by OAuth, which the client does not do.
            Some(Login::Identity(_)) => {
                let host = registry(reference);
                let what = format!(
                    "the login for {host} is an identity token, which only a container engine can use"
                );
                return Err(Error::new(ErrorKind::Unsupported, what)
                    .hint(format!("log in with a name and a password or access token: `docker login -u NAME {host}`")));
            }
        };
        // It does nothing where another part of the program has installed one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = at.resolve_registry();
        let config = ClientConfig {
            protocol: ClientProtocol::HttpsExcept(
                is_here(host).then(|| host.to_owned()).into_iter().collect(),
            ),
            // ECR wants parts of 5 MiB at the least, which the client's are not.
            use_monolithic_push: true,
            platform_resolver: None,
            connect_timeout: Some(CONNECT),
            user_agent: concat!("hydren/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|e| fault(deed, reference, e))?;
        Ok(Self {
            deed,
            client,
            at,
            auth,
            reference: reference.to_owned(),
        })
    }

    /// The same repository, another manifest. The digest stands where a tag would: the client expects one at the end of the address of what
    /// is put, and ends the program where ECR answers without an address and there is none.
    pub(super) fn by(&self, digest: &str) -> Reference {
        Reference::with_tag(
            self.at.registry().to_owned(),
            self.at.repository().to_owned(),
            digest.to_owned(),
        )
    }

    pub(super) fn fault(&self, error: OciDistributionError) -> Error {
        fault(self.deed, &self.reference, error)
    }

    /// Waits for an answer, but not for ever.
    pub(super) async fn answer<T>(
        &self,
        asked: impl Future<Output = Result<T, OciDistributionError>>,
    ) -> Result<T, Asked> {
        match tokio::time::timeout(ANSWER, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if is_missing(&error) => Err(Asked::Missing(self.fault(error))),
            Ok(Err(error)) => Err(Asked::Failed(self.fault(error))),
            Err(_) => Err(Asked::Failed(stalled(self.deed, &self.reference, ANSWER))),
        }
    }

    /// The manifests of the image: those that an index names before it, itself last.
    pub(super) async fn parts(&self) -> Result<Vec<Part>> {
        let mut parts: Vec<Part> = Vec::new();
        let mut named: HashSet<String> = HashSet::new();
        let mut open = vec![(self.at.clone(), None::<String>)];
        while let Some((at, media_type)) = open.pop() {
            if parts.len() >= MANIFESTS {
                return Err(unfit(&self.reference));
            }
            let pulled = self.client.pull_manifest_raw(&at, &self.auth, &MEDIA_TYPES);
            let (bytes, digest) = self.answer(pulled).await?;
            let document = Document::parse(&bytes).ok_or_else(|| unfit(&self.reference))?;
            for entry in &document.manifests {
                if named.insert(entry.digest.clone()) {
                    let at = self.at.clone_with_digest(entry.digest.clone());
                    open.push((at, entry.media_type.clone()));
                }
            }
            parts.push(Part {
                media_type: document.media_type(media_type.as_deref()),
                bytes,
                digest,
                document,
            });
        }
        // What names others was read before them.
        parts.reverse();
        Ok(parts)
    }

    /// The digest that the registry has under a tag or digest.
    pub(super) async fn holds(&self, at: &Reference) -> Result<Option<String>> {
        let asked = self.client.fetch_manifest_digest(at, &self.auth);
        match self.answer(asked).await {
            Ok(digest) => Ok(Some(digest)),
            Err(Asked::Missing(_)) => Ok(None),
            Err(Asked::Failed(error)) => Err(error),
        }
    }

    pub(super) async fn put(&self, at: &Reference, part: &Part) -> Result<()> {
        let media_type = part
            .media_type
            .parse()
            .map_err(|_| unfit(&self.reference))?;
        let put = self
            .client
            .push_manifest_raw(at, part.bytes.clone(), media_type);
        self.answer(put).await?;
        Ok(())
    }
}

/// Why there is no answer.
pub(super) enum Asked {
    /// It is not there.
    Missing(Error),
    Failed(Error),
}

impl From<Asked> for Error {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Missing(error) | Asked::Failed(error) => error,
        }
    }
}

/// A manifest as the registry gave it.
pub(super) struct Part {
    pub(super) digest: String,
    pub(super) media_type: String,
    pub(super) bytes: bytes::Bytes,
    pub(super) document: Document,
}

/// Whether a registry is on this machine, where no TLS is spoken.
pub(super) fn is_here(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}
