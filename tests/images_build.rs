//! `hydren image build` with a real engine. Nothing is pulled: images begin FROM scratch, with the machine's own busybox.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;

use console::{Console, exit_code};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Builders that an engine has: its own choice, and the classic one.
const BUILDERS: [&str; 2] = ["1", "0"];

/// A component's code and a console that knows it. Its images are taken away in the end.
struct Bench {
    code: TempDir,
    console: Console,
    /// Repository of this test's images alone.
    repository: String,
}

impl Bench {
    /// A component of `files` besides busybox; `settings` are lines of its table.
    fn new(name: &str, settings: &str, files: &[(&str, &str)]) -> Self {
        let code = tempfile::tempdir().unwrap();
        let busybox = ["/bin/busybox", "/usr/bin/busybox"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("busybox-static is installed (scripts/test installs it)");
        fs::create_dir(code.path().join("bin")).unwrap();
        fs::copy(busybox, code.path().join("bin/busybox")).unwrap();
        symlink("busybox", code.path().join("bin/sh")).unwrap();
        for (path, text) in files {
            let path = code.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let repository = format!("hydren-test/{name}-{}", std::process::id());
        let project = format!(
            "[components.{name}]\ncontext = \"{}\"\nrepository = \"{repository}\"\nplatform = \"linux/{}\"\n{settings}\n",
            code.path().display(),
            if cfg!(target_arch = "aarch64") {
                "arm64"
            } else {
                "amd64"
            },
        );
        Self {
            code,
            console: Console::configured("http://127.0.0.1:9", &project),
            repository,
        }
    }

    fn command(&self, builder: &str, arguments: &[&str]) -> Command {
        let mut command = self
            .console
            .process(&[&["image", "build"], arguments].concat());
        command.env("DOCKER_BUILDKIT", builder);
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            command.env("DOCKER_HOST", host);
        }
        command
    }

    fn build(&self, builder: &str, arguments: &[&str]) -> Output {
        self.command(builder, arguments).output().unwrap()
    }

    /// Builds, and gives what the JSON says.
    fn built(&self, builder: &str, arguments: &[&str]) -> Value {
        let output = self.build(builder, &[arguments, &["--output", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(exit_code(&output), 0, "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn tags(&self) -> BTreeSet<String> {
        let listed = docker(&[
            "images",
            "--format",
            "{{.Repository}}:{{.Tag}}",
            &self.repository,
        ]);
        listed.lines().map(str::to_owned).collect()
    }

    fn path(&self) -> PathBuf {
        self.code.path().to_owned()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for tag in self.tags() {
            docker(&["rmi", "-f", &tag]);
        }
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output();
    let output = output.expect("docker can be run (scripts/test starts an engine)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const DOCKERFILE: &str = "FROM scratch\nCOPY bin /bin\nRUN echo one\nRUN echo two > /two\n";

#[test]
fn a_component_is_built_told_step_by_step_and_taken_from_the_cache_the_second_time() {
    for builder in BUILDERS {
        let files = [("Dockerfile", DOCKERFILE), ("README", builder)];
        let bench = Bench::new("cached", "", &files);
        let first = bench.built(builder, &["cached", "--no-cache"]);
        let builders = [("1", "build_kit"), ("0", "classic")];
        let named = builders.iter().find(|(id, _)| *id == builder).unwrap().1;
        assert_eq!(first["builder"], named);
        assert!(first["image"].as_str().unwrap().starts_with("sha256:"));
        let tags = bench.tags();
        assert_eq!(tags.len(), 1, "{tags:?}");
        assert_eq!(first["tags"][0], *tags.first().unwrap());
        let states = |document: &Value| -> Vec<String> {
            let steps = document["steps"].as_array().unwrap().iter();
            steps
                .filter(|step| step["name"].as_str().unwrap().contains("RUN echo"))
                .map(|step| step["state"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(states(&first), ["done", "done"], "{first:#}");
        let second = bench.built(builder, &["cached", "--tag", "again"]);
        assert_eq!(states(&second), ["cached", "cached"], "{second:#}");
        let again = format!("{}:again", bench.repository);
        assert!(bench.tags().contains(&again));
        let labels = docker(&["inspect", "--format", "{{json .Config.Labels}}", &again]);
        let labels: Value = serde_json::from_str(&labels).unwrap();
        assert_eq!(labels["org.opencontainers.image.title"], "cached");
    }
}

#[test]
fn a_step_that_fails_is_named_with_its_exit_code_and_last_lines_and_leaves_no_tag() {
    for builder in BUILDERS {
        let dockerfile = "FROM scratch\nCOPY bin /bin\n\
             RUN for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done; echo broken >&2; exit 7\n";
        let bench = Bench::new("failing", "", &[("Dockerfile", dockerfile)]);
        let output = bench.build(builder, &["failing"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(exit_code(&output), 1, "{said}");
        let error = said.split("hydren: ").last().unwrap();
        assert!(error.contains("RUN for n in 1 2"), "{said}");
        assert!(error.contains("exit code 7"), "{said}");
        assert!(
            error.contains("line 9") && error.contains("broken"),
            "{said}"
        );
        assert!(bench.tags().is_empty());
    }
}

#[test]
fn what_dockerignore_leaves_out_does_not_reach_the_image() {
    let files = [
        (
            "Dockerfile",
            "FROM scratch\nCOPY . /\nRUN cd /app && find . | sort > /listing\n",
        ),
        (
            ".dockerignore",
            "# secrets\n**/*.key\napp/cache\n!app/cache/keep\n*.md\n",
        ),
        ("app/main.py", ""),
        ("app/tls.key", "secret"),
        ("app/cache/dropped", ""),
        ("app/cache/keep", ""),
        ("app/docs.md", ""),
        ("README.md", ""),
    ];
    for builder in BUILDERS {
        let bench = Bench::new("ignoring", "", &files);
        symlink("busybox", bench.path().join("bin/find")).unwrap();
        symlink("busybox", bench.path().join("bin/sort")).unwrap();
        let document = bench.built(builder, &["ignoring", "--tag", "x"]);
        let image = document["image"].as_str().unwrap();
        let listing = docker(&["run", "--rm", image, "/bin/busybox", "cat", "/listing"]);
        let listing: Vec<&str> = listing.lines().collect();
        let expected = [".", "./cache", "./cache/keep", "./docs.md", "./main.py"];
        assert_eq!(listing, expected, "builder {builder}");
    }
}

#[test]
fn secrets_reach_their_step_and_neither_the_image_nor_the_output() {
    let dockerfile = "FROM scratch\nCOPY bin /bin\nRUN --mount=type=secret,id=token --mount=type=secret,id=key \
         rev /run/secrets/token; echo; rev /run/secrets/key\n";
    let settings = "secrets = { token = { env = \"BUILD_TOKEN\" }, key = { file = \"key\" } }";
    let bench = Bench::new("secretive", settings, &[("Dockerfile", dockerfile)]);
    symlink("busybox", bench.path().join("bin/rev")).unwrap();
    fs::write(bench.console.project_file().with_file_name("key"), "filed").unwrap();
    let mut build = bench.command("1", &["secretive", "--no-cache"]);
    let output = build.env("BUILD_TOKEN", "hunter2").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 0, "{said}");
    assert!(
        said.contains("| 2retnuh") && said.contains("| delif"),
        "{said}"
    );
    assert!(
        !said.contains("hunter2") && !said.contains("filed"),
        "{said}"
    );
    let image = bench.tags().pop_first().unwrap();
    let history = docker(&["history", "--no-trunc", &image]);
    assert!(!history.contains("hunter2"), "{history}");

    let output = bench.build("1", &["secretive"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 2, "{said}");
    assert!(
        said.contains("the variable BUILD_TOKEN is not set"),
        "{said}"
    );

    let output = bench.build("0", &["secretive"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 1, "{said}");
    assert!(said.contains("builds without BuildKit"), "{said}");
    assert!(!said.contains("Step"), "nothing was begun: {said}");
}

#[test]
fn a_missing_dockerfile_and_one_outside_the_context_are_named_before_anything_is_sent() {
    let bench = Bench::new("missing", "", &[("app/main.py", "")]);
    let output = bench.build("1", &["missing"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 2, "{said}");
    assert!(said.contains("there is no Dockerfile"), "{said}");
    symlink("/etc/passwd", bench.path().join("Dockerfile")).unwrap();
    let output = bench.build("1", &["missing"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 2, "{said}");
    assert!(said.contains("is not in the build context"), "{said}");
    let output = bench.build("1", &["mising"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 2, "{said}");
    assert!(said.contains("did you mean `missing`?"), "{said}");
}

#[test]
fn no_engine_is_answered_with_what_to_do() {
    let bench = Bench::new("nowhere", "", &[("Dockerfile", DOCKERFILE)]);
    let mut build = bench.command("1", &["nowhere"]);
    let output = build
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 1, "{said}");
    assert!(
        said.contains("no container engine answers at unix:///nonexistent"),
        "{said}"
    );
    assert!(said.contains("hint: start it"), "{said}");
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "not in a minute: {what}"
        );
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_cancelled_build_ends_in_the_engine_too() {
    for builder in BUILDERS {
        // A time that no other process of the machine sleeps.
        let mark = format!("9{builder}{}", std::process::id());
        let dockerfile = format!("FROM scratch\nCOPY bin /bin\nRUN [\"/bin/sleep\", \"{mark}\"]\n");
        let bench = Bench::new("cancelled", "", &[("Dockerfile", &dockerfile)]);
        symlink("busybox", bench.path().join("bin/sleep")).unwrap();
        let mut build = bench.command(builder, &["cancelled"]);
        let build = build.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let build = build.unwrap();
        let sleeps = || {
            let processes = fs::read_dir("/proc").unwrap().flatten();
            processes
                .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
                .any(|line| line == format!("/bin/sleep\0{mark}\0").into_bytes())
        };
        wait_until("the step runs", sleeps);
        let pid = build.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status();
        assert!(status.unwrap().success());
        let output = build.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(exit_code(&output), 130, "{said}");
        assert!(said.contains("the build was cancelled"), "{said}");
        wait_until("the engine ends the step", || !sleeps());
        assert!(bench.tags().is_empty());
    }
}
