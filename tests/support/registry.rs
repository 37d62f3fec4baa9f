//! A registry under basic authentication that ends with its test, and what tests wait for.

use aws_smithy_types::base64;
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Who may push.
pub const USER: &str = "pusher";

/// Its last characters are written another way in the two alphabets of base64.
pub const PASSWORD: &str = "right-horse?~";

/// The password as `htpasswd -B -C 4` writes it. Each request is compared with it, which at the usual cost takes a third of a second.
const HASHED: &str = "$2b$04$uGTAlo9rCbYmf9SYzQBtuOmrZa.e/0SjOzlguKcL8QPThcBECH.LO";

/// A registry that ends with its test.
pub struct Registry {
    folder: TempDir,
    port: u16,
    process: Child,
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl Registry {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port.local_addr().unwrap().port();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("htpasswd"), format!("{USER}:{HASHED}\n")).unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n\
             auth: {{htpasswd: {{realm: tests, path: {}}}}}\n",
            at("data"),
            at("htpasswd")
        );
        fs::write(at("config.yml"), config).unwrap();
        let process = Command::new("docker-registry")
            .args(["serve", &at("config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed (scripts/test installs it)");
        let registry = Self {
            folder,
            port,
            process,
        };
        wait("the registry answers", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        registry
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The digest that the registry answers for a tag, where it has it.
    pub fn digest(&self, name: &str, tag: &str) -> Option<String> {
        let login = base64::encode(format!("{USER}:{PASSWORD}"));
        let headers = format!(
            "Host: {}\r\nAuthorization: Basic {login}\r\nAccept: application/vnd.docker.distribution.manifest.v2+json\r\n",
            self.host()
        );
        let request = format!("HEAD /v2/{name}/manifests/{tag}");
        let answer = ask(&self.host(), &request, &headers).unwrap();
        let digest = answer.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("docker-content-digest: ")
                .map(str::to_owned)
        });
        assert_eq!(answer.contains(" 200 OK"), digest.is_some(), "{answer}");
        digest
    }

    /// Bytes of layers that are on their way.
    pub fn arriving(&self) -> u64 {
        fn sum(folder: &Path) -> u64 {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.metadata() {
                    Ok(about) if about.is_dir() => sum(&entry.path()),
                    Ok(about) if entry.path().to_string_lossy().contains("/_uploads/") => {
                        about.len()
                    }
                    _ => 0,
                })
                .sum()
        }
        sum(&self.folder.path().join("data"))
    }

    /// Ends it in the middle of what it does.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The Docker configuration of somebody who is logged in to `host` with `password`.
pub fn login(host: &str, password: &str) -> Value {
    let login = base64::encode(format!("{USER}:{password}"));
    json!({ "auths": { host: { "auth": login } } })
}

/// Bytes that cannot be compressed, others for each seed.
#[allow(dead_code, reason = "each test binary needs some of it")]
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut seed = seed | 1;
    std::iter::repeat_with(|| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    })
    .flatten()
    .take(bytes)
    .collect()
}

/// Sends a request without a body, such as `GET /`; gives the whole answer.
///
/// # Errors
/// Nobody answers at `address` within seconds.
pub fn ask(address: &str, request: &str, headers: &str) -> io::Result<String> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "{request} HTTP/1.0\r\n{headers}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Waits until it is so.
pub fn wait(what: &str, mut so: impl FnMut() -> bool) {
    wait_for(what, || so().then_some(()));
}

/// Waits until there is something.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within a minute");
        thread::sleep(Duration::from_millis(5));
    }
}
