//! The real binary in a home of its own.

use assert_cmd::Command;
use serde_json::Value;
use std::{path::PathBuf, process::Output, time::Duration};
use tempfile::TempDir;

/// Longer than any command may take: past it the command is killed and the test fails.
const PATIENCE: Duration = Duration::from_mins(3);

/// An empty home and project folder, with nothing inherited from the machine's environment.
pub struct Console {
    home: TempDir,
    endpoints: Vec<(&'static str, String)>,
}

#[allow(dead_code, reason = "each test binary needs some of it")]
impl Console {
    /// Makes a console that talks to the server at `endpoint`.
    pub fn new(endpoint: &str) -> Self {
        Self {
            home: tempfile::tempdir().expect("a temporary folder can be made"),
            endpoints: vec![("AWS_ENDPOINT_URL", endpoint.to_owned())],
        }
    }

    /// The same, with another server for CloudWatch.
    pub fn with_cloudwatch(mut self, endpoint: &str) -> Self {
        self.endpoints
            .push(("AWS_ENDPOINT_URL_CLOUDWATCH", endpoint.to_owned()));
        self
    }

    /// The same, configured with `hydren.toml` as given.
    pub fn configured(endpoint: &str, project: &str) -> Self {
        let console = Self::new(endpoint);
        std::fs::write(console.project_file(), project).expect("hydren.toml can be written");
        console
    }

    /// The project file.
    pub fn project_file(&self) -> PathBuf {
        self.home.path().join("hydren.toml")
    }

    /// Prepares `hydren ARGUMENTS`, to be killed when it takes too long.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::from_std(self.process(arguments));
        command.timeout(PATIENCE);
        command
    }

    /// Prepares `hydren ARGUMENTS` as a process that goes on until it is ended.
    pub fn process(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("hydren"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.endpoints.clone())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs `hydren ARGUMENTS` to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("hydren can be run")
    }

    /// Runs `hydren status --output json`: its exit code and its report.
    pub fn status(&self) -> (i32, Value) {
        let output = self.run(&["status", "--output", "json"]);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
            panic!(
                "status printed no JSON ({e}), {}: {}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            )
        });
        (exit_code(&output), report)
    }
}

/// The exit code; a command that a signal or the time limit ended has none.
pub fn exit_code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| {
        panic!(
            "hydren did not end by itself within {} s: {}",
            PATIENCE.as_secs(),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// The report of one tier.
#[allow(dead_code, reason = "each test binary needs some of it")]
pub fn tier<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["tiers"]
        .as_array()
        .and_then(|tiers| tiers.iter().find(|t| t["tier"] == id))
        .unwrap_or_else(|| panic!("the report has no tier {id}: {report}"))
}
