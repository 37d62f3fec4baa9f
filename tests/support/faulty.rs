//! A loopback server that speaks HTTP badly on purpose.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What is wrong with every answer.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing listens.
    Refuses,
    /// The request is read, and no answer ever comes.
    Hangs,
    /// The answer is not HTTP.
    Garbage,
    /// The connection is closed in place of an answer.
    Closes,
    /// The connection is closed in the middle of the body.
    Truncates,
    /// 200 with a page of HTML, as a captive portal sends.
    Portal,
    /// 503 without a body.
    Unavailable,
    /// AWS's error of this code, with this status.
    Aws(u16, &'static str),
}

/// Longest that a hanging connection is kept open.
const HANG: Duration = Duration::from_secs(120);

/// Starts a server with `fault` and gives its URL. It ends with the process.
pub fn serve(fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    if !matches!(fault, Fault::Refuses) {
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || answer(stream, fault));
            }
        });
    }
    url
}

/// Reads one request and answers it; a client that goes away is no fault of the server's.
fn answer(mut stream: TcpStream, fault: Fault) {
    let Some(json) = read_request(&stream) else {
        return;
    };
    let response = match fault {
        Fault::Refuses | Fault::Closes => return,
        Fault::Hangs => return thread::sleep(HANG),
        Fault::Garbage => b"\x00\x1b[2J\xff\xfe not http at all\r\n\r\n".to_vec(),
        Fault::Truncates => {
            b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{\"services\": [".to_vec()
        }
        Fault::Portal => http(200, "text/html", "<html><body>Please sign in</body></html>"),
        Fault::Unavailable => http(503, "text/plain", ""),
        Fault::Aws(status, code) if json => http(
            status,
            "application/x-amz-json-1.1",
            &format!(r#"{{"__type":"{code}","message":"said the server"}}"#),
        ),
        Fault::Aws(status, code) => http(
            status,
            "text/xml",
            &format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>said the server</Message></Error>\
                 <RequestId>1</RequestId></ErrorResponse>"
            ),
        ),
    };
    let _ = stream.write_all(&response);
}

/// Reads one request; tells whether it speaks JSON, or nothing when the client left.
fn read_request(stream: &TcpStream) -> Option<bool> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut json) = (0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        json |= line.starts_with("content-type:") && line.contains("json");
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    Some(json)
}

fn http(status: u16, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
