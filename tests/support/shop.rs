//! Code of an application in a Git repository of its own, the registry that its images go to, and the console that brings them there.

use crate::{
    console::{Console, exit_code},
    registry::{PASSWORD, Registry, ask, login, wait, wait_for},
};
use aws_smithy_types::base64;
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// Lines of a component's table that say how it is tried.
#[allow(dead_code, reason = "each test binary needs some of it")]
pub const TRIED: &str = "port = 8000\nhealth = \"/healthz\"\n";

/// Where no AWS is.
pub const NOWHERE: &str = "http://127.0.0.1:9";

/// A component, its code, its registry and a console that knows it and may push it. What it leaves in the engine is taken away in the end.
pub struct Shop {
    pub registry: Registry,
    pub console: Console,
    /// The component; the container that it is tried in is called by it.
    pub component: String,
    /// Name of its images in the registry.
    pub name: String,
    code: TempDir,
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl Shop {
    /// The code of `app` of tests/apps, committed; `settings` are lines of its component's table. Its environment names nothing of AWS,
    /// which does not answer.
    pub fn of(app: &str, settings: &str) -> Self {
        let project = "[environments.test]\nregion = \"eu-west-1\"\n";
        Self::beside(NOWHERE, project, app, &unique(app), settings)
    }

    /// The same beside the environment that `project` says, in the AWS at `endpoint`.
    pub fn beside(
        endpoint: &str,
        project: &str,
        app: &str,
        component: &str,
        settings: &str,
    ) -> Self {
        let registry = Registry::start();
        let code = code(app);
        let name = format!("shop/{app}");
        let project = format!(
            "{project}\n[components.{component}]\ncontext = \"{}\"\nrepository = \"{}/{name}\"\n{settings}\n",
            code.path().display(),
            registry.host(),
        );
        let console = Console::configured(endpoint, &project);
        let folder = console.project_file().with_file_name(".docker");
        fs::create_dir_all(&folder).unwrap();
        let login = login(&registry.host(), PASSWORD).to_string();
        fs::write(folder.join("config.json"), login).unwrap();
        Self {
            registry,
            console,
            component: component.to_owned(),
            name,
            code,
        }
    }

    /// `REGISTRY/NAME`.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry.host(), self.name)
    }

    /// Writes a file of the code.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::write(self.code.path().join(path), content).unwrap();
    }

    /// Replaces what stands once in a file of the code.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.code.path().join(path)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{path} has {old} once");
        self.write(path, text.replace(old, new));
    }

    /// Commits all of the code; gives the tag of images of it.
    pub fn commit(&self) -> String {
        commit(self.code.path());
        self.tag()
    }

    /// The tag of images of what is committed.
    pub fn tag(&self) -> String {
        let commit = git(self.code.path(), &["rev-parse", "HEAD"]);
        commit.chars().take(12).collect()
    }

    /// Commits version `version`; gives the tag of its images.
    pub fn release(&self, version: &str) -> String {
        self.write("version.txt", format!("{version}\n"));
        self.commit()
    }

    /// The digest that the registry has under `tag`.
    pub fn digest(&self, tag: &str) -> Option<String> {
        self.registry.digest(&self.name, tag)
    }

    /// Runs `hydren ARGUMENTS` to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.console.command(arguments);
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            command.env("DOCKER_HOST", host);
        }
        let output = command.output().expect("hydren can be run");
        let _ = told(&output);
        output
    }

    /// Runs `hydren ARGUMENTS --output json`, which has to end with `code`; gives its document.
    pub fn document(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(exit_code(&output), code, "{}", told(&output));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {}", told(&output)))
    }

    /// Begins `hydren ARGUMENTS`.
    pub fn begin(&self, arguments: &[&str]) -> Going {
        let mut command = self.console.process(arguments);
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            command.env("DOCKER_HOST", host);
        }
        // Files take as much as it says, also while nobody reads.
        let file = |name: &str| self.console.project_file().with_file_name(name);
        let (stdout, stderr) = (file("stdout"), file("stderr"));
        let process = command
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .expect("hydren can be run");
        Going {
            process,
            stdout,
            stderr,
        }
    }

    /// Tags that the engine has of the component's images.
    pub fn tags(&self) -> Vec<String> {
        let listed = docker(&["images", "--format", "{{.Tag}}", &self.repository()]);
        listed.lines().map(str::to_owned).collect()
    }

    /// Containers that were started to try the component, running or not.
    pub fn trials(&self) -> String {
        let name = format!("name=hydren-try-{}", self.component);
        docker(&["ps", "-a", "--filter", &name, "--format", "{{.Names}}"])
    }

    /// Starts the image `pinned` as its registry has it, and gives what it answers for `/`.
    pub fn served(&self, pinned: &str) -> String {
        let login = self.console.project_file().with_file_name(".docker");
        let login = login.to_str().unwrap();
        let container = self.visitor();
        let port = "127.0.0.1::8000";
        docker(&[
            "--config", login, "run", "-d", "--pull", "always", "--name", &container, "-p", port,
            pinned,
        ]);
        let address = docker(&["port", &container, "8000"]);
        let page = page(address.trim());
        docker(&["rm", "-f", &container]);
        page
    }

    /// The container in which an image is looked at.
    fn visitor(&self) -> String {
        format!("hydren-test-{}", self.component)
    }

    /// Lines of the audit log.
    pub fn audit(&self) -> Vec<Value> {
        let log = ".local/state/hydren/audit.jsonl";
        let log = self.console.project_file().with_file_name(log);
        let Ok(text) = fs::read_to_string(log) else {
            return Vec::new();
        };
        assert_secret(&text);
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What the audit log says of pushes: `tried`, and then what came of it.
    pub fn pushes(&self) -> Vec<String> {
        let lines = self.audit().into_iter();
        let pushes = lines.filter(|line| line["operation"] == "push");
        pushes
            .map(|line| line["result"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // A test that has failed already is not to fail a second time here.
        let docker = |words: &[&str]| Command::new("docker").args(words).output();
        let trial = format!("hydren-try-{}", self.component);
        let _ = docker(&["rm", "-f", &trial, &self.visitor()]);
        // By their label, which those have too whose tag another one took.
        let own = format!("label=org.opencontainers.image.title={}", self.component);
        let Ok(images) = docker(&["images", "-q", "--filter", &own]) else {
            return;
        };
        for image in String::from_utf8_lossy(&images.stdout).lines() {
            let _ = docker(&["rmi", "-f", image]);
        }
    }
}

/// A hydren that was begun.
pub struct Going {
    process: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl Going {
    fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Waits until it is so, which has to be before it ends. What it has told so far helps to see it.
    pub fn until(&mut self, what: &str, so: impl Fn(&str) -> bool) {
        wait(what, || {
            let said = self.said();
            let there = so(&said);
            let ended = self.process.try_wait().unwrap();
            assert!(there || ended.is_none(), "{what}: not at all: {said}");
            there
        });
    }

    /// Presses ctrl-c, and waits until it ends.
    pub fn cancel(mut self) -> Output {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-INT", &pid]).status();
        assert!(status.unwrap().success(), "{}", self.said());
        let status = wait_for("hydren ends", || self.process.try_wait().unwrap());
        let output = Output {
            status,
            stdout: fs::read(&self.stdout).unwrap(),
            stderr: fs::read(&self.stderr).unwrap(),
        };
        let _ = told(&output);
        output
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        // It has ended, but where the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The code of `app`, committed. What an application is built on is put beside it, or into the engine.
fn code(app: &str) -> TempDir {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let code = tempfile::tempdir().unwrap();
    let from = tests.join("apps").join(app).join(".");
    run(
        "cp",
        &[OsStr::new("-R"), from.as_os_str(), code.path().as_os_str()],
    );
    match app {
        "site" => {
            let busybox = ["/bin/busybox", "/usr/bin/busybox"]
                .into_iter()
                .find(|path| Path::new(path).exists())
                .expect("busybox-static is installed (scripts/test installs it)");
            fs::copy(busybox, code.path().join("busybox")).unwrap();
        }
        // It bounds its own waits.
        _ => drop(run("bash", &[tests.join("wire/debian_base.sh")])),
    }
    git(code.path(), &["init", "-q"]);
    commit(code.path());
    code
}

fn commit(code: &Path) {
    git(code, &["add", "."]);
    git(code, &["commit", "-qm", "a version"]);
}

/// Runs Git without the settings of this machine.
fn git(code: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"];
    let output = Command::new("git")
        .arg("-C")
        .arg(code)
        .args(identity)
        .args(arguments)
        .envs([
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ])
        .output()
        .expect("git can be run (scripts/test installs it)");
    succeeded("git", &output)
}

fn run(program: &str, arguments: &[impl AsRef<OsStr>]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|e| panic!("{program} cannot be run: {e}"));
    succeeded(program, &output)
}

fn succeeded(program: &str, output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs `docker ARGUMENTS`; gives what it prints.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output();
    let output = output.expect("docker can be run (scripts/test starts an engine)");
    succeeded(&format!("docker {arguments:?}"), &output)
}

/// A name that nothing else on this machine has.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{number}", std::process::id())
}

/// What a server at `address` answers for `/`, once it answers well.
pub fn page(address: &str) -> String {
    wait_for(&format!("{address} answers"), || {
        let answer = ask(address, "GET /", "").ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.contains(" 200 OK").then(|| body.to_owned())
    })
}

/// Everything that it said, on both streams, among which is no password.
pub fn told(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s));
    let all = format!("{}\n{stdout}\n{stderr}", output.status);
    assert_secret(&all);
    all
}

/// The password stands nowhere in `text`, plain or as registries are told it.
fn assert_secret(text: &str) {
    let login = base64::encode(format!("{}:{PASSWORD}", crate::registry::USER));
    for secret in ["right-horse", &login] {
        assert!(!text.contains(secret), "the password is told: {text}");
    }
}

/// Whether a process of this machine, also one in a container, was started by these words.
#[allow(dead_code, reason = "each test binary needs some of it")]
pub fn runs(words: &[&str]) -> bool {
    let wanted = words.join("\0") + "\0";
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| line == wanted.as_bytes())
}
