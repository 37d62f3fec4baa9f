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
const HANG: Duration = Duration::from_mins(2);

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
    let Some(protocol) = read_request(&stream) else {
        return;
    };
    let response = match fault {
        Fault::Refuses | Fault::Closes => return,
        Fault::Hangs => return thread::sleep(HANG),
        Fault::Garbage => b"\x00\x1b[2J\xff\xfe not http at all\r\n\r\n".to_vec(),
        Fault::Truncates => {
            b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{\"services\": [".to_vec()
        }
        Fault::Portal => http(
            200,
            "text/html",
            b"<html><body>Please sign in</body></html>",
        ),
        Fault::Unavailable => http(503, "text/plain", b""),
        Fault::Aws(status, code) => protocol.error(status, code),
    };
    let _ = stream.write_all(&response);
}

/// The protocols of AWS's services.
#[derive(Clone, Copy)]
enum Protocol {
    Json,
    Cbor,
    Xml,
    /// XML as EC2 alone writes it.
    Ec2,
}

impl Protocol {
    fn error(self, status: u16, code: &str) -> Vec<u8> {
        const MESSAGE: &str = "said the server";
        match self {
            Self::Json => {
                let body = format!(r#"{{"__type":"{code}","message":"{MESSAGE}"}}"#);
                http(status, "application/x-amz-json-1.1", body.as_bytes())
            }
            Self::Cbor => {
                // A map of two pairs; each text with its length in one byte (RFC 8949, 3.1).
                let mut body = vec![0xa2];
                for text in ["__type", code, "message", MESSAGE] {
                    body.extend([0x78, u8::try_from(text.len()).expect("a short text")]);
                    body.extend(text.as_bytes());
                }
                http(
                    status,
                    "application/cbor\r\nsmithy-protocol: rpc-v2-cbor",
                    &body,
                )
            }
            Self::Xml | Self::Ec2 => {
                let error =
                    format!("<Error><Code>{code}</Code><Message>{MESSAGE}</Message></Error>");
                let body = match self {
                    Self::Ec2 => format!(
                        "<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"
                    ),
                    _ => format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"),
                };
                http(status, "text/xml", body.as_bytes())
            }
        }
    }
}

/// Reads one request; tells what it speaks, or nothing when the client left.
fn read_request(stream: &TcpStream) -> Option<Protocol> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut protocol) = (0, Protocol::Xml);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        match line
            .split_once(':')
            .map(|(name, value)| (name, value.trim()))
        {
            None if line.is_empty() => break,
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(("content-type", value)) if value.contains("json") => protocol = Protocol::Json,
            Some(("smithy-protocol", "rpc-v2-cbor")) => protocol = Protocol::Cbor,
            _ => {}
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    if String::from_utf8_lossy(&body).contains("Version=2016-11-15") {
        protocol = Protocol::Ec2;
    }
    Some(protocol)
}

fn http(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
