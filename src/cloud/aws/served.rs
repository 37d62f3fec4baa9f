//! A loopback server of one answer, for tests of what lies below the SDK's mocks.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
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
