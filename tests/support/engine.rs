//! A server that speaks just enough HTTP to be taken for a container engine, a registry or AWS, and fails where a test says so.

use serde_json::{Value, json};
use std::{
    io::{self, BufRead as _, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Longest that a client is waited for: longer than any test may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Bytes of a body that are read before the connection is reset.
const BITE: u64 = 64 << 10;

/// What was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// `POST /build?t=1`.
    pub line: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Whether it is `METHOD /path`, whatever its query is.
    pub fn is(&self, line: &str) -> bool {
        self.line.split('?').next() == Some(line)
    }

    /// The header `name`, written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "each test binary needs some of it")]
pub enum Answer {
    /// A status, header lines, and a body.
    Whole(u16, String, String),
    /// Objects, one after another, to the end.
    Stream(Vec<Value>),
    /// Objects, and the connection is closed before their end.
    Cut(Vec<Value>),
    /// The connection is closed in place of an answer.
    Nothing,
    /// No answer ever comes.
    Never,
    /// The head of an answer, whose body never comes.
    Head,
    /// The connection is reset in the middle of what is sent.
    Reset,
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", &body.to_string())
    }

    pub fn page(status: u16, html: &str) -> Self {
        Self::of(status, "text/html", html)
    }

    /// No body, with header lines such as `Location: /x`.
    pub fn empty(status: u16, headers: &[&str]) -> Self {
        Self::Whole(status, headers.join("\r\n"), String::new())
    }

    fn of(status: u16, kind: &str, body: &str) -> Self {
        Self::Whole(status, format!("Content-Type: {kind}"), body.to_owned())
    }
}

/// The server. It ends with the process.
pub struct Fake {
    /// `127.0.0.1:PORT`, or the path of its socket.
    pub address: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl Fake {
    /// Listens on a loopback port.
    pub fn listen(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let fake = Self::silent(address);
        fake.serve(answer, move || listener.accept().map(|(stream, _)| stream));
        fake
    }

    /// Listens on the socket at `path`.
    pub fn listen_at(
        path: &Path,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).expect("a socket can be made");
        let fake = Self::silent(path.display().to_string());
        fake.serve(answer, move || listener.accept().map(|(stream, _)| stream));
        fake
    }

    fn silent(address: String) -> Self {
        Self {
            address,
            asked: Arc::default(),
        }
    }

    /// As `DOCKER_HOST` names it.
    pub fn host(&self) -> String {
        let scheme = if self.address.starts_with('/') {
            "unix"
        } else {
            "tcp"
        };
        format!("{scheme}://{}", self.address)
    }

    /// As HTTP names it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far, in order.
    pub fn asked(&self) -> Vec<Request> {
        locked(&self.asked).clone()
    }

    /// How often something was asked that `is` tells.
    pub fn count(&self, is: impl Fn(&Request) -> bool) -> usize {
        self.asked().iter().filter(|request| is(request)).count()
    }

    fn serve<S: Wire>(
        &self,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        accept: impl Fn() -> io::Result<S> + Send + 'static,
    ) {
        let (answer, asked) = (Arc::new(answer), Arc::clone(&self.asked));
        thread::spawn(move || {
            while let Ok(stream) = accept() {
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                // A client that goes away is no fault of the server's.
                thread::spawn(move || talk(stream, &*answer, &asked));
            }
        });
    }
}

/// What an engine answers that is well and has the images of `tags`: `other` answers in its place where it has something to say.
#[allow(dead_code, reason = "each test binary needs some of it")]
pub fn engine(
    tags: &[&str],
    other: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let images = match tags {
        [] => json!([]),
        tags => json!([{
            "Id": IMAGE, "ParentId": "", "RepoTags": tags, "RepoDigests": [], "Created": 1_795_000_000, "Size": 1_000,
            "SharedSize": -1, "Containers": -1, "Labels": null,
        }]),
    };
    move |request| {
        if let Some(answer) = other(request) {
            return answer;
        }
        if request.is("GET /version") {
            return version("1.46", "1.24");
        }
        if request.is("GET /images/json") {
            return Answer::json(200, &images);
        }
        Answer::json(404, &json!({ "message": "page not found" }))
    }
}

/// The image that an engine has.
pub const IMAGE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// What an engine says it is that speaks the versions of the API from `oldest` to `api`.
#[allow(dead_code, reason = "each test binary needs some of it")]
pub fn version(api: &str, oldest: &str) -> Answer {
    let arch = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    Answer::json(
        200,
        &json!({
            "Platform": { "Name": "" }, "Components": [{ "Name": "Engine", "Version": "27.0.0", "Details": {} }],
            "Version": "27.0.0", "ApiVersion": api, "MinAPIVersion": oldest, "GitCommit": "0123456", "GoVersion": "go1.21",
            "Os": "linux", "Arch": arch, "KernelVersion": "6.1",
        }),
    )
}

/// A connection of either kind.
trait Wire: Read + Write + Send + 'static {
    /// Bounds every wait for the other side.
    fn bound(&self) -> io::Result<()>;
}

impl Wire for TcpStream {
    fn bound(&self) -> io::Result<()> {
        self.set_read_timeout(Some(PATIENCE))?;
        self.set_write_timeout(Some(PATIENCE))
    }
}

impl Wire for UnixStream {
    fn bound(&self) -> io::Result<()> {
        self.set_read_timeout(Some(PATIENCE))?;
        self.set_write_timeout(Some(PATIENCE))
    }
}

/// Answers one request and closes the connection.
fn talk<S: Wire>(
    stream: S,
    answer: &dyn Fn(&Request) -> Answer,
    asked: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    stream.bound()?;
    let mut reader = BufReader::new(stream);
    // Engines try TLS first, and take this for a registry without.
    if !reader
        .fill_buf()?
        .first()
        .is_some_and(u8::is_ascii_uppercase)
    {
        reader.consume(reader.buffer().len());
        return reader.get_mut().write_all(
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n",
        );
    }
    let Some(request) = head(&mut reader)? else {
        return Ok(());
    };
    locked(asked).push(request.clone());
    let answer = answer(&request);
    if matches!(answer, Answer::Reset) {
        // What was sent and never read makes a reset of the end.
        io::copy(&mut reader.take(BITE), &mut io::sink())?;
        return Ok(());
    }
    body(&mut reader, &request)?;
    match answer {
        Answer::Nothing | Answer::Reset => {}
        Answer::Never => forever(&mut reader)?,
        Answer::Head => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{";
            reader.get_mut().write_all(head)?;
            forever(&mut reader)?;
        }
        Answer::Whole(status, headers, body) => {
            let headers = headers.trim();
            let end = if headers.is_empty() { "" } else { "\r\n" };
            let answer = format!(
                "HTTP/1.1 {status} Said\r\n{headers}{end}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            reader.get_mut().write_all(answer.as_bytes())?;
        }
        Answer::Stream(objects) => {
            stream_of(reader.get_mut(), &objects)?;
            reader.get_mut().write_all(b"0\r\n\r\n")?;
        }
        Answer::Cut(objects) => stream_of(reader.get_mut(), &objects)?,
    }
    Ok(())
}

/// Reads the head of a request; `None` where the client left.
fn head(reader: &mut impl io::BufRead) -> io::Result<Option<Request>> {
    let Some(first) = line(reader)? else {
        return Ok(None);
    };
    let mut headers = Vec::new();
    loop {
        match line(reader)? {
            None => return Ok(None),
            Some(line) if line.is_empty() => break,
            Some(line) => {
                if let Some((name, value)) = line.split_once(':') {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
            }
        }
    }
    let line = first.rsplit_once(' ').map_or("", |(line, _)| line);
    Ok(Some(Request {
        line: line.to_owned(),
        headers,
    }))
}

/// Reads what is sent, to its end.
fn body(reader: &mut impl io::BufRead, request: &Request) -> io::Result<()> {
    let drop = |reader: &mut dyn Read, bytes| io::copy(&mut reader.take(bytes), &mut io::sink());
    if request.header("transfer-encoding") != Some("chunked") {
        let length = request.header("content-length").unwrap_or("0");
        drop(reader, length.parse().map_err(io::Error::other)?)?;
        return Ok(());
    }
    loop {
        let size = line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = u64::from_str_radix(&size, 16).map_err(io::Error::other)?;
        // The chunk, and the end of its line.
        if drop(reader, size + 2)? < size + 2 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if size == 0 {
            return Ok(());
        }
    }
}

/// Reads a line without its end; `None` at the end of all.
fn line(reader: &mut impl io::BufRead) -> io::Result<Option<String>> {
    let mut text = String::new();
    let read = reader.read_line(&mut text)?;
    Ok((read > 0).then(|| text.trim_end().to_owned()))
}

/// Waits until the client has left.
fn forever(reader: &mut impl Read) -> io::Result<()> {
    io::copy(reader, &mut io::sink()).map(|_| ())
}

/// Writes a head, and objects in chunks whose end is still to be said.
fn stream_of(stream: &mut impl Write, objects: &[Value]) -> io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    )?;
    for object in objects {
        let text = format!("{object}\r\n");
        write!(stream, "{:x}\r\n{text}\r\n", text.len())?;
        stream.flush()?;
    }
    Ok(())
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
