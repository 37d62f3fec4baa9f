//! The session beside a BuildKit build: what the engine asks back for while it builds.
//!
//! The engine calls gRPC services on a connection that the client opened with `POST /session` and an upgrade to h2c (moby
//! `api/server/router/session`, buildkit `session`). Bollard opens one too, but without secrets, and never closes it; this one offers the
//! component's secrets and the user's logins, and ends with its build.

use super::{Address, TlsFiles};
use crate::{
    engine::{
        Login,
        login::{Logins, registry},
    },
    error::{Error, ErrorKind, Result},
    model::hidden::Hidden,
};
use bollard::{
    health::{
        HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
        health_check_response::ServingStatus,
        health_server::{Health, HealthServer},
    },
    moby::{
        buildkit::secrets::v1::{
            GetSecretRequest, GetSecretResponse,
            secrets_server::{Secrets, SecretsServer},
        },
        filesync::v1::{
            CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
            GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
            VerifyTokenAuthorityResponse,
            auth_server::{Auth, AuthServer},
        },
    },
};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::{TcpStream, UnixStream},
    sync::oneshot,
};
use tonic::{Request, Response, Status, transport::server::Connected};

/// How long the engine may take to open a session.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of an answer's head at most.
const HEAD: usize = 16 << 10;

/// What the engine may call.
const METHODS: [&str; 3] = [
    "/moby.filesync.v1.Auth/Credentials",
    "/grpc.health.v1.Health/Check",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
];

/// An open session. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Session {
    /// What a build names it by.
    pub id: String,
    _open: oneshot::Sender<()>,
}

impl Session {
    /// Opens a session with the engine at `address` that gives out `secrets`, and those of `logins` that private base images need.
    ///
    /// # Errors
    /// `Unreachable` where the engine cannot be reached or opens none.
    pub async fn open(
        address: &Address,
        secrets: BTreeMap<String, Hidden>,
        logins: Logins,
    ) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!(
            "hydren-{}-{}-{}",
            std::process::id(),
            Timestamp::now().as_nanosecond(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let opened = async {
            let mut wire = dial(address).await?;
            upgrade(&mut wire, &id).await?;
            Ok::<_, io::Error>(wire)
        };
        let refused = |why: String| {
            let what = format!("the engine at {address} opens no session for the build: {why}");
            Error::new(ErrorKind::Unreachable, what).hint(
                "look whether it still runs: `docker info`; DOCKER_BUILDKIT=0 builds without a session",
            )
        };
        let wire = match tokio::time::timeout(PATIENCE, opened).await {
            Ok(wire) => wire.map_err(|e| refused(e.to_string()).source(e))?,
            Err(_) => return Err(refused("it does not answer".to_owned())),
        };
        let (open, closed) = oneshot::channel::<()>();
        let services = tonic::transport::Server::builder()
            .add_service(HealthServer::new(Healthy))
            .add_service(SecretsServer::new(Given(secrets)))
            .add_service(AuthServer::new(Known(logins)));
        // The one connection, and then none: a server whose connections have ended would end the session.
        let wires = stream::once(async { Ok::<_, io::Error>(wire) }).chain(stream::pending());
        tokio::spawn(services.serve_with_incoming_shutdown(wires, async {
            // It is never sent anything: it is dropped with the session.
            let _ = closed.await;
        }));
        Ok(Self { id, _open: open })
    }
}

/// Asks for the connection to become one of gRPC.
async fn upgrade(wire: &mut Wire, id: &str) -> io::Result<()> {
    let methods =
        METHODS.map(|method| format!("X-Docker-Expose-Session-Grpc-Method: {method}\r\n"));
    let head = format!(
        "POST /session HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\
         X-Docker-Expose-Session-Uuid: {id}\r\nX-Docker-Expose-Session-Name: hydren\r\n{}\r\n",
        methods.concat()
    );
    wire.write_all(head.as_bytes()).await?;
    wire.flush().await?;
    let mut answer = Vec::new();
    // Byte by byte: what follows the head belongs to gRPC.
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < HEAD {
        answer.push(wire.read_u8().await?);
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("101") {
        Ok(())
    } else {
        Err(io::Error::other(format!("it answered `{status}`")))
    }
}

/// Connects as bollard does, which does not give its connections away.
async fn dial(address: &Address) -> io::Result<Wire> {
    Ok(match address {
        Address::Unix(path) => Wire::of(UnixStream::connect(path).await?),
        Address::Tcp(host) => Wire::of(TcpStream::connect(host).await?),
        Address::Tls(host, files) => Wire::of(secure(host, files).await?),
        Address::Ssh(host) => {
            let mut ssh = tokio::process::Command::new("ssh")
                .args(["-T", &format!("ssh://{host}"), "--"])
                .args(["docker", "system", "dial-stdio"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            let (Some(output), Some(input)) = (ssh.stdout.take(), ssh.stdin.take()) else {
                return Err(io::ErrorKind::BrokenPipe.into());
            };
            let mut wire = Wire::of(tokio::io::join(output, input));
            wire.process = Some(ssh);
            wire
        }
    })
}

async fn secure(
    host: &str,
    files: &TlsFiles,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let read = |e: rustls::pki_types::pem::Error| io::Error::other(e.to_string());
    let certificates = |path| {
        CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(read)
    };
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates(&files.authority)?);
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(read)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&files.certificate)?, key)
        .map_err(io::Error::other)?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned());
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(
            name.map_err(io::Error::other)?,
            TcpStream::connect(host).await?,
        )
        .await
}

/// A connection of any kind.
struct Wire {
    stream: Pin<Box<dyn Duplex>>,
    /// What carries it, and ends with it.
    process: Option<tokio::process::Child>,
}

trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

impl Wire {
    fn of(stream: impl Duplex + 'static) -> Self {
        Self {
            stream: Box::pin(stream),
            process: None,
        }
    }
}

impl Connected for Wire {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}

/// Answers that the session is alive, which the engine asks from time to time.
struct Healthy;

const SERVING: HealthCheckResponse = HealthCheckResponse {
    status: ServingStatus::Serving as i32,
};

#[tonic::async_trait]
impl Health for Healthy {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(SERVING))
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let statuses = [(String::new(), SERVING)].into();
        Ok(Response::new(HealthListResponse { statuses }))
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let changes = stream::iter([Ok(SERVING)]).chain(stream::pending());
        Ok(Response::new(changes.boxed()))
    }
}

/// Gives out the secrets of one build.
struct Given(BTreeMap<String, Hidden>);

#[tonic::async_trait]
impl Secrets for Given {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        match self.0.get(id) {
            Some(secret) => Ok(Response::new(GetSecretResponse {
                data: secret.reveal().as_bytes().to_vec(),
            })),
            // BuildKit takes this for a secret that is not there, and goes on where the step does not require it.
            None => Err(Status::not_found(format!(
                "the component has no secret `{id}`"
            ))),
        }
    }
}

/// Gives out logins to the registries of base images. The engine trades them for tokens itself.
struct Known(Logins);

#[tonic::async_trait]
impl Auth for Known {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let host = format!("{}/", request.get_ref().host);
        let found = self.0.of_docker(registry(&host)).await;
        let found = found.map_err(|e| Status::unauthenticated(e.message))?;
        let (username, secret) = match found.login {
            Some(Login::Password { user, password }) => (user, password.reveal().to_owned()),
            Some(Login::Identity(token)) => (String::new(), token.reveal().to_owned()),
            None => (String::new(), String::new()),
        };
        Ok(Response::new(CredentialsResponse { username, secret }))
    }

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(by_itself())
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(by_itself())
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(by_itself())
    }
}

/// Says to the engine that it has to get tokens by itself (buildkit `session/auth`, `GetTokenAuthority`).
fn by_itself() -> Status {
    Status::unavailable("tokens are not fetched here")
}
