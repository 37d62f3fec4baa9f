//! Servers that speak AWS's API: the ones that `scripts/test` started, else ones of this test run's own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// A server that ends when its standard input does: with this process, however that ends.
struct Server {
    url: String,
    _process: Child,
}

/// URL of moto: breadth. `HYDREN_TEST_MOTO` names one that runs already.
#[allow(dead_code, reason = "each test binary needs one of the servers")]
pub fn moto() -> String {
    static OWN: OnceLock<Server> = OnceLock::new();
    url("HYDREN_TEST_MOTO", "moto", &OWN)
}

/// URL of MiniStack: depth, with real containers. `HYDREN_TEST_MINISTACK` names one that runs already.
#[allow(dead_code, reason = "each test binary needs one of the servers")]
pub fn ministack() -> String {
    static OWN: OnceLock<Server> = OnceLock::new();
    url("HYDREN_TEST_MINISTACK", "ministack", &OWN)
}

/// URL of a MiniStack that finds no Docker Engine: its tasks count as running at once, and nothing runs.
#[allow(dead_code, reason = "each test binary needs one of the servers")]
pub fn ministack_alone() -> String {
    static OWN: OnceLock<Server> = OnceLock::new();
    let alone = || {
        let mut serve = python("serve.py");
        serve.env("DOCKER_HOST", "unix:///nonexistent");
        serving(serve, "HYDREN_TEST_PYTHON", "ministack")
    };
    OWN.get_or_init(alone).url.clone()
}

fn url(variable: &str, name: &str, own: &OnceLock<Server>) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| own.get_or_init(|| start(variable, name)).url.clone())
}

fn start(variable: &str, name: &str) -> Server {
    serving(python("serve.py"), variable, name)
}

fn serving(mut serve: Command, variable: &str, name: &str) -> Server {
    let mut process = serve
        .arg(name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{} cannot be run: {e}", interpreter().display()));
    let mut url = String::new();
    BufReader::new(process.stdout.take().expect("stdout is piped"))
        .read_line(&mut url)
        .expect("the server's first line is readable");
    assert!(
        url.starts_with("http"),
        "{name} did not start (its own words are above). Run scripts/test, which installs what it needs, or start it and set \
         {variable}, or set HYDREN_TEST_PYTHON to a Python with tests/wire/requirements.txt installed"
    );
    Server {
        url: url.trim().to_owned(),
        _process: process,
    }
}

/// Runs a script of tests/wire to its end and gives the JSON that it prints.
pub fn wire(script: &str, arguments: &[&str]) -> serde_json::Value {
    let output = python(script)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|e| panic!("{} cannot be run: {e}", interpreter().display()));
    assert!(
        output.status.success(),
        "{script} failed: {}",
        output.status
    );
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

fn python(script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let mut command = Command::new(interpreter());
    command.arg(folder.join(script));
    command
}

/// The Python with the servers: named, else the one that `scripts/test` made, else the machine's.
fn interpreter() -> PathBuf {
    if let Some(named) = std::env::var_os("HYDREN_TEST_PYTHON") {
        return named.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    let made = cache.join("hydren-test/venv/bin/python");
    if made.exists() {
        made
    } else {
        "python3".into()
    }
}
