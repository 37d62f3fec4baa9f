//! A connection to a server that can be cut.

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Passes connections on to a server, unless they are cut. It ends with the process.
pub struct Proxy {
    /// Where it listens.
    pub url: String,
    line: Arc<Mutex<Line>>,
}

#[derive(Default)]
struct Line {
    cut: bool,
    open: Vec<TcpStream>,
}

impl Proxy {
    /// Stands before the server at `url`.
    pub fn before(url: &str) -> Self {
        let server = url.trim_start_matches("http://").trim_end_matches('/');
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let line = Arc::new(Mutex::new(Line::default()));
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut line = locked(&shared);
                if line.cut {
                    continue;
                }
                let server = TcpStream::connect(&server).expect("the server listens");
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (twin(from), twin(to));
                    line.open.push(twin(&from));
                    thread::spawn(move || pass(from, to));
                }
            }
        });
        Self { url, line }
    }

    /// Drops every connection and takes no new one.
    pub fn cut(&self) {
        let mut line = locked(&self.line);
        line.cut = true;
        for stream in line.open.drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Takes connections again.
    pub fn mend(&self) {
        locked(&self.line).cut = false;
    }
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

fn twin(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a socket can be shared")
}

/// Passes bytes on until one side ends, which ends the other.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}
