//! A loopback server of one answer, for tests of what lies below the SDK's mocks.

use crate::model::environment::{Access, CostSettings, Environment, Resources, Stage};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Command,
    thread,
};

/// Gives the URL of a server that answers every request with `answer`, or takes connections and never answers where there is none.
pub(super) fn serve(answer: Option<String>) -> String {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in server.incoming().flatten() {
            if let Some(answer) = &answer {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                open.push(stream);
            }
        }
    });
    url
}

/// Credentials come from variables, which a process cannot set safely from within: a test of this whole name runs itself again with them.
pub(super) fn with_credentials(name: &str, test: impl FnOnce()) {
    const AGAIN: &str = "HYDREN_TEST_CREDENTIALS";
    if std::env::var_os(AGAIN).is_some() {
        return test();
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]);
    for service in ["SSM", "COST_EXPLORER", "PRICING"] {
        again.env_remove(format!("AWS_ENDPOINT_URL_{service}"));
    }
    let status = again
        .env(AGAIN, "1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "unused")
        .env_remove("AWS_PROFILE")
        .status();
    assert!(status.unwrap().success());
}

/// A development environment whose services all answer at `url`.
pub(super) fn environment_at(url: String) -> Environment {
    Environment {
        name: "test".to_owned(),
        stage: Stage::Development,
        access: Access::ReadWrite,
        access_reason: None,
        colour: None,
        profile: None,
        region: "eu-central-1".to_owned(),
        endpoint_url: Some(url),
        simulated: false,
        cost: CostSettings::default(),
        resources: Resources::default(),
    }
}

/// Requests as they came: headers and body.
pub(super) type Received = std::sync::Arc<std::sync::Mutex<Vec<(String, String)>>>;

/// Gives the URL of a server that answers every request with the JSON `answer`, and what it was sent.
pub(super) fn record(answer: String) -> (String, Received) {
    record_all(vec![answer])
}

/// The same of several answers, one after the other; the last one stays.
pub(super) fn record_all(answers: Vec<String>) -> (String, Received) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let received = Received::default();
    let log = std::sync::Arc::clone(&received);
    thread::spawn(move || {
        for (number, mut stream) in server.incoming().flatten().enumerate() {
            let answer = &answers[number.min(answers.len() - 1)];
            let mut request = Vec::new();
            let mut part = [0; 4096];
            let (head, body) = loop {
                let read = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    assert!(read > 0, "a request has a head");
                    continue;
                };
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    let length = name.eq_ignore_ascii_case("content-length");
                    length.then(|| value.trim().parse::<usize>().unwrap())
                });
                if body.len() >= length.unwrap_or(0) {
                    break (head.to_owned(), body.to_owned());
                }
                assert!(read > 0, "a body is as long as its head says");
            };
            log.lock().unwrap().push((head, body));
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close";
            let text = format!("{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            let _ = stream.write_all(text.as_bytes());
        }
    });
    (url, received)
}
