//! One question by HTTP to a container on this machine: is it healthy? A health check needs the status of an answer and nothing else.

use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take: ALB's default timeout of a health check (Elastic Load Balancing, "Health checks for your target groups").
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest first line of an answer.
const STATUS_LINE: usize = 256;

/// Asks 127.0.0.1 for `path`, as a load balancer does, and gives the status of the answer.
///
/// # Errors
/// `Unreachable` where nothing listens, or what listens does not answer in HTTP in time.
pub async fn get(port: Option<u16>, path: &str) -> Result<u16> {
    let Some(port) = port else {
        let what = "the container publishes no port that could be asked";
        return Err(Error::new(ErrorKind::Unreachable, what)
            .hint("name its port in hydren.toml, or in the task definition"));
    };
    let unreachable = |what: String| {
        let message = format!("http://127.0.0.1:{port}{path} {what}");
        Error::new(ErrorKind::Unreachable, message)
            .hint("the application must listen on 0.0.0.0 inside its container, on the port that is named")
    };
    match timeout(PATIENCE, asked(port, path)).await {
        Err(_) => Err(unreachable(format!(
            "did not answer within {} s",
            PATIENCE.as_secs()
        ))),
        Ok(Err(e)) => Err(unreachable(format!("does not answer: {e}")).source(e)),
        Ok(Ok(None)) => Err(unreachable(
            "answered with something that is not HTTP".to_owned(),
        )),
        Ok(Ok(Some(status))) => Ok(status),
    }
}

/// Reads the status of one answer; `None` for what is no HTTP.
async fn asked(port: u16, path: &str) -> std::io::Result<Option<u16>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: hydren\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(STATUS_LINE);
    while !answer.contains(&b'\n') && answer.len() < STATUS_LINE {
        let mut more = [0; STATUS_LINE];
        match stream.read(&mut more).await? {
            0 => break,
            read => answer.extend_from_slice(&more[..read]),
        }
    }
    Ok(parse(&answer))
}

/// The status in `HTTP/1.1 200 OK`.
fn parse(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;
    use tokio::net::TcpListener;

    /// A server on a free port that answers the first question with `answer`.
    async fn answering(answer: &'static [u8]) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1_024];
            let read = stream.read(&mut asked).await.unwrap();
            assert!(asked[..read].starts_with(b"GET /healthz HTTP/1.1\r\nHost: localhost:"));
            stream.write_all(answer).await.unwrap();
        });
        port
    }

    #[tokio::test]
    async fn the_status_of_an_answer_is_told_whatever_follows_it() {
        let port = answering(b"HTTP/1.1 503 Service Unavailable\r\n\r\nno database").await;
        assert_eq!(get(Some(port), "/healthz").await.unwrap(), 503);
    }

    #[tokio::test]
    async fn what_is_no_http_and_what_does_not_listen_is_said_with_its_address() {
        let port = answering(b"SSH-2.0-OpenSSH\r\n").await;
        let error = get(Some(port), "/healthz").await.unwrap_err();
        assert!(error.message.contains("not HTTP"), "{error}");
        let error = get(Some(port), "/healthz").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable);
        let address = format!("http://127.0.0.1:{port}/healthz");
        assert!(error.message.starts_with(&address), "{error}");
        assert!(get(None, "/").await.is_err());
    }
}
