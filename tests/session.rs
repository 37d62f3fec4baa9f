//! Sessions from end to end: the real binary, a plugin that writes down how it is called, MiniStack, and a real terminal.
//!
//! MiniStack answers `ecs:ExecuteCommand`; neither it nor moto knows `ssm:StartSession`, which `cloud::aws` tests at the wire.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;
#[path = "support/servers.rs"]
mod servers;

use console::{Console, exit_code};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PROJECT: &str = r#"
[environments.pier]
region = "eu-west-1"

[environments.pier.resources]
cluster = "pier"
service = [{ name = "backend", role = "backend" }]
"#;

/// A plugin of a version, which writes down what it was called with and gives back what it reads.
const PLUGIN: &str = r#"#!/bin/sh
here=$(dirname "$0")
if [ "$1" = --version ]; then cat "$here/version"; exit; fi
for word in "$@"; do echo "$word"; done > "$here/words"
printenv AWS_SSM_START_SESSION_RESPONSE > "$here/answer"
while read -r line; do echo "remote: $line"; [ "$line" = leave ] && break; done
[ "$line" = leave ] || exit 0
stty raw -echo 2>/dev/null
exit 7
"#;

/// Seeds the server; gives its URL and the task's id.
fn seeded() -> (String, String) {
    static SEEDED: OnceLock<(String, String)> = OnceLock::new();
    let seed = || {
        let url = servers::ministack_alone();
        let names = servers::wire("seed_session.py", &[&url]);
        (url, names["task"].as_str().unwrap().to_owned())
    };
    SEEDED.get_or_init(seed).clone()
}

/// A folder with a plugin of this version.
fn plugin(version: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session-manager-plugin");
    fs::write(&path, PLUGIN).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("version"), format!("{version}\n")).unwrap();
    folder
}

/// `PATH` with this folder before.
fn path(first: &Path) -> String {
    format!("{}:{}", first.display(), std::env::var("PATH").unwrap())
}

#[test]
fn the_plugin_gets_the_session_in_a_variable_and_the_terminals_input() {
    let (url, task) = seeded();
    let folder = plugin("1.2.707.0");
    let console = Console::configured(&url, PROJECT);
    let output = console
        .command(&["exec", "backend", "--yes", "--", "ls", "-l"])
        .env("PATH", path(folder.path()))
        .write_stdin("hello\n")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout.clone()).unwrap(),
        String::from_utf8(output.stderr.clone()).unwrap(),
    );
    assert_eq!(exit_code(&output), 0, "{out}{err}");
    assert!(out.contains("remote: hello"), "{out}");
    assert!(out.contains("ended with exit status 0"), "{out}");

    let words = fs::read_to_string(folder.path().join("words")).unwrap();
    let words: Vec<&str> = words.lines().collect();
    assert_eq!(
        words[..4],
        [
            "AWS_SSM_START_SESSION_RESPONSE",
            "eu-west-1",
            "StartSession",
            ""
        ]
    );
    let target = format!(r#"{{"Target":"ecs:pier_{task}_"#);
    assert!(words[4].starts_with(&target), "{words:?}");
    let answer = fs::read_to_string(folder.path().join("answer")).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let token = answer["TokenValue"].as_str().unwrap();
    assert!(!token.is_empty() && answer["SessionId"].is_string());

    let audit = console.run(&["events", "--audit", "--output", "json"]);
    let audit = String::from_utf8(audit.stdout).unwrap();
    assert!(
        audit.contains("ecs:ExecuteCommand") && audit.contains("ls -l"),
        "{audit}"
    );
    for text in [out, err, audit, words.join(" ")] {
        assert!(!text.contains(token), "{text}");
    }
}

#[test]
fn without_a_plugin_or_with_an_old_one_nothing_is_opened() {
    let (url, _) = seeded();
    let console = Console::configured(&url, PROJECT);
    let old = plugin("1.2.463.0");
    let none = tempfile::tempdir().unwrap();
    for (path, says) in [
        (path(old.path()), "1.2.463.0: up to 1.2.497.0"),
        (none.path().display().to_string(), "not on PATH: install it"),
    ] {
        let output = console
            .command(&["exec", "backend", "--yes"])
            .env("PATH", path)
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(exit_code(&output), 1, "{err}");
        assert!(err.contains(says), "{err}");
    }
    assert!(!old.path().join("words").exists());
}

#[test]
fn a_read_only_environment_opens_no_session() {
    let output = Console::new("http://127.0.0.1:9").run(&[
        "exec",
        "backend",
        "--yes",
        "--demo",
        "--read-only",
    ]);
    assert_eq!(exit_code(&output), 5);
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains("This is a simulation")
    );
}

/// A terminal of 100 × 30, with a shell of its own.
struct Terminal {
    socket: PathBuf,
    home: TempDir,
}

impl Terminal {
    /// Opens one in which `hydren WORDS` runs between two looks at the terminal's settings.
    fn run(words: &str, folder: &Path, variables: &[(&str, String)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let hydren = assert_cmd::cargo::cargo_bin("hydren");
        let line = format!(
            "stty -a > before; {} {words}; code=$?; stty -a > after; echo left with $code; exec sleep 60",
            hydren.display()
        );
        let terminal = Self {
            socket: home.path().join("tmux"),
            home,
        };
        let mut start = terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "30",
            &line,
        ]);
        start
            .current_dir(folder)
            .env("HOME", terminal.home.path())
            .envs(variables.iter().map(|(name, value)| (*name, value)));
        assert!(start.status().unwrap().success());
        terminal
    }

    fn tmux(&self, words: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(words);
        command
    }

    fn keys(&self, keys: &[&str]) {
        let sent = self.tmux(&[&["send-keys"], keys].concat()).status();
        assert!(sent.unwrap().success());
    }

    fn screen(&self) -> String {
        let shown = self.tmux(&["capture-pane", "-p"]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap()
    }

    /// Waits until the screen has this text, and gives it.
    fn wait(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "no `{text}` in\n{screen}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).status();
    }
}

/// The terminal's settings before and after.
fn settings(folder: &Path) -> [String; 2] {
    ["before", "after"].map(|name| fs::read_to_string(folder.join(name)).unwrap())
}

#[test]
fn the_console_gives_the_terminal_to_a_shell_and_comes_back_intact() {
    let folder = tempfile::tempdir().unwrap();
    let terminal = Terminal::run("demo", folder.path(), &[]);
    terminal.wait("● live");
    terminal.keys(&["4"]);
    terminal.wait("backend:42");
    terminal.keys(&["j", "s"]);
    terminal.wait("Shell in backend");
    terminal.keys(&["Enter"]);
    terminal.wait("Carry it out?");
    terminal.keys(&["y", "Enter"]);
    let shell = terminal.wait("/app #");
    assert!(shell.contains("`exit` leaves it"), "{shell}");
    assert!(
        !shell.contains("● live"),
        "the console draws nothing meanwhile:\n{shell}"
    );
    // Neither ends the console, and what is typed reaches the shell whole.
    terminal.keys(&["C-c", "C-z", "C-\\"]);
    terminal.keys(&["-l", "q1234567890 quit\n"]);
    terminal.wait("q1234567890: not found");
    terminal.keys(&["exit", "Enter"]);
    let back = terminal.wait("ended with exit status 0 after");
    assert!(
        back.contains("● live") && !back.contains("/app #"),
        "{back}"
    );
    terminal.keys(&["q"]);
    terminal.wait("left with 0");
    let [before, after] = settings(folder.path());
    assert_eq!(before, after);
}

#[test]
fn a_plugin_that_crashes_leaves_neither_the_console_nor_the_terminal_broken() {
    let (url, _) = seeded();
    let (bin, folder) = (plugin("1.2.707.0"), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("hydren.toml"), PROJECT).unwrap();
    let variables = [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("PATH", path(bin.path())),
    ];
    let terminal = Terminal::run("", folder.path(), &variables);
    terminal.wait("pier");
    terminal.keys(&["4"]);
    terminal.wait("backend:1");
    terminal.keys(&["s"]);
    terminal.wait("Carry it out?");
    terminal.keys(&["y", "Enter"]);
    terminal.wait("`exit` leaves it");
    terminal.keys(&["leave", "Enter"]);
    terminal.wait("ended with exit status: 7");
    terminal.keys(&["1"]);
    terminal.wait("Request path");
    terminal.keys(&["q"]);
    terminal.wait("left with 0");
    let [before, after] = settings(folder.path());
    assert_eq!(before, after);
}
