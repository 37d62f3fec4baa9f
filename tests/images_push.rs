//! `hydren image push` with a real engine and a real registry under basic authentication. Images are made here; nothing is pulled.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/registry.rs"]
mod registry;

use console::{Console, exit_code};
use proxy::Proxy;
use registry::{PASSWORD, Registry, login, noise, wait};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

/// An image of this test alone, and a console that pushes it.
struct Bench {
    console: Console,
    tag: String,
}

impl Bench {
    /// An image of `bytes` bytes that cannot be compressed, called `HOST/shop/app:TAG`.
    fn new(host: &str, bytes: usize) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let tag = format!("t{}-{number}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let seed = u64::from(std::process::id()) << 8 | u64::from(number);
        fs::write(folder.path().join("noise"), noise(seed, bytes)).unwrap();
        let archive = folder.path().join("image.tar");
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(folder.path()).arg("-cf").arg(&archive);
        assert!(tar.arg("noise").status().unwrap().success());
        let bench = Self {
            console: Console::configured(
                "http://127.0.0.1:9",
                "[environments.test.resources]\ncluster = \"none\"\n",
            ),
            tag,
        };
        docker(&["import", archive.to_str().unwrap(), &bench.image(host)]);
        bench
    }

    fn image(&self, host: &str) -> String {
        format!("{host}/shop/app:{}", self.tag)
    }

    /// Writes the Docker configuration.
    fn configure(&self, config: &Value) {
        let folder = self.console.project_file().with_file_name(".docker");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.json"), config.to_string()).unwrap();
    }

    fn log_in(&self, host: &str, password: &str) {
        self.configure(&login(host, password));
    }

    fn push(&self, host: &str, more: &[&str]) -> Command {
        let image = self.image(host);
        let words = [&["image", "push", &image], more].concat();
        let mut command = self.console.process(&words);
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            command.env("DOCKER_HOST", host);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn pushed(&self, host: &str) -> Value {
        let output = self.push(host, &["--output", "json"]).output().unwrap();
        assert_eq!(exit_code(&output), 0, "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn failed(&self, host: &str) -> (i32, String) {
        let output = self.push(host, &[]).output().unwrap();
        (exit_code(&output), said(&output))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let format = "{{.Repository}}:{{.Tag}}";
        let images = docker(&["images", "--format", format]);
        let own = images
            .lines()
            .filter(|image| image.ends_with(&format!(":{}", self.tag)));
        for image in own {
            docker(&["rmi", "-f", image]);
        }
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output();
    let output = output.expect("docker can be run (scripts/test starts an engine)");
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        said(&output)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    let all = format!("{output:?}");
    assert!(!all.contains("right-horse"), "the password is told: {all}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_image_is_pushed_read_back_and_not_sent_again_the_second_time() {
    let registry = Registry::start();
    let host = registry.host();
    let bench = Bench::new(&host, 300_000);
    bench.log_in(&host, PASSWORD);
    let first = bench.pushed(&host);
    let held = registry.digest("shop/app", &bench.tag).unwrap();
    assert_eq!(first["digest"], *held);
    assert_eq!(first["pinned"], format!("{host}/shop/app@{held}"));
    assert_eq!(
        first["platforms"],
        json!([if cfg!(target_arch = "aarch64") {
            "linux/arm64"
        } else {
            "linux/amd64"
        }])
    );
    assert_eq!(first["layers"]["pushed"], 1);
    let second = bench.pushed(&host);
    assert_eq!(second["digest"], *held);
    assert_eq!(
        second["layers"],
        json!({"pushed": 0, "already_there": 1, "bytes": 0})
    );
    let renamed = bench.push(
        &host,
        &["--to", &format!("{host}/shop/other"), "--output", "json"],
    );
    let renamed = { renamed }.output().unwrap();
    assert_eq!(exit_code(&renamed), 0, "{}", said(&renamed));
    assert_eq!(registry.digest("shop/other", &bench.tag), Some(held));
}

#[test]
fn a_wrong_password_and_no_login_say_so_with_the_way_out_and_leave_nothing() {
    let registry = Registry::start();
    let host = registry.host();
    let bench = Bench::new(&host, 1_000);
    bench.log_in(&host, "wrong-horse");
    let (code, wrong) = bench.failed(&host);
    assert_eq!(code, 5, "{wrong}");
    assert!(
        wrong.contains("may not be pushed") && wrong.contains(".docker/config.json"),
        "{wrong}"
    );
    assert!(!wrong.contains("wrong-horse"), "{wrong}");
    bench.configure(&json!({}));
    let (code, none) = bench.failed(&host);
    assert_eq!(code, 5, "{none}");
    assert!(none.contains(&format!("`docker login {host}`")), "{none}");
    assert!(
        none.contains(&format!(".docker/config.json has no login for {host}")),
        "{none}"
    );
    assert_eq!(registry.digest("shop/app", &bench.tag), None);
}

#[test]
fn a_credential_helper_is_asked_and_named_where_it_is_missing() {
    let registry = Registry::start();
    let host = registry.host();
    let bench = Bench::new(&host, 1_000);
    bench.configure(&json!({ "credHelpers": { host.as_str(): "hydren-test" } }));
    let (code, missing) = bench.failed(&host);
    assert_eq!(code, 5, "{missing}");
    assert!(
        missing.contains("docker-credential-hydren-test"),
        "{missing}"
    );

    let folder = tempfile::tempdir().unwrap();
    let helper = folder.path().join("docker-credential-hydren-test");
    let script = format!(
        "#!/bin/sh\nread host\n[ \"$1 $host\" = \"get {host}\" ] || exit 1\necho '{{\"Username\":\"pusher\",\"Secret\":\"{PASSWORD}\"}}'\n"
    );
    fs::write(&helper, script).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut push = bench.push(&host, &[]);
    push.env("PATH", format!("{}:{path}", folder.path().display()));
    let output = push.output().unwrap();
    assert_eq!(exit_code(&output), 0, "{}", said(&output));
    assert!(registry.digest("shop/app", &bench.tag).is_some());
}

/// Bytes of a layer that takes an engine a while to send.
const LARGE: usize = 96 << 20;

#[test]
fn a_connection_lost_in_the_middle_of_a_layer_is_told_and_made_again() {
    let registry = Registry::start();
    let proxy = Proxy::before(&format!("http://{}", registry.host()));
    let host = proxy.url.trim_start_matches("http://").to_owned();
    let bench = Bench::new(&host, LARGE);
    bench.log_in(&host, PASSWORD);
    let push = bench.push(&host, &["--output", "json"]).spawn().unwrap();
    wait("a layer is on its way", || registry.arriving() > 1 << 20);
    proxy.cut();
    thread::sleep(Duration::from_millis(500));
    proxy.mend();
    let output = push.wait_with_output().unwrap();
    assert_eq!(exit_code(&output), 0, "{}", said(&output));
    assert!(
        said(&output).contains("connection lost, again in"),
        "{}",
        said(&output)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        report["digest"],
        *registry.digest("shop/app", &bench.tag).unwrap()
    );
}

#[test]
fn a_registry_that_is_killed_in_the_middle_of_a_layer_ends_the_push_with_the_reason() {
    let mut registry = Registry::start();
    let host = registry.host();
    let bench = Bench::new(&host, LARGE);
    bench.log_in(&host, PASSWORD);
    let push = bench.push(&host, &[]).spawn().unwrap();
    wait("a layer is on its way", || registry.arriving() > 1 << 20);
    registry.kill();
    let output = push.wait_with_output().unwrap();
    assert_eq!(exit_code(&output), 1, "{}", said(&output));
    assert!(
        said(&output).contains("the connection was lost or not made"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("layers that have arrived are not sent again"));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_push_that_is_cancelled_leaves_no_tag_and_can_be_made_again() {
    let registry = Registry::start();
    let host = registry.host();
    let bench = Bench::new(&host, LARGE);
    bench.log_in(&host, PASSWORD);
    let push = bench.push(&host, &[]).spawn().unwrap();
    wait("a layer is on its way", || registry.arriving() > 1 << 20);
    let pid = push.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = push.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(
        said(&output).contains("the push was cancelled"),
        "{}",
        said(&output)
    );
    let sent = registry.arriving();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(registry.digest("shop/app", &bench.tag), None);
    assert!(
        registry.arriving() < (LARGE as u64),
        "{sent} bytes, and the engine went on"
    );
    let again = bench.pushed(&host);
    assert_eq!(
        again["digest"],
        *registry.digest("shop/app", &bench.tag).unwrap()
    );
}
