//! Operations against MiniStack: real containers are replaced, fail and come back.

#[path = "support/console.rs"]
mod console;
#[path = "support/servers.rs"]
mod servers;

use console::{Console, exit_code};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The seeded service's names and a console in front of it. The cluster is this run's own: what an earlier run left does not matter.
fn seeded(name: &str) -> (Value, Console) {
    let url = servers::ministack();
    let cluster = format!("{name}-{}", std::process::id());
    let names = servers::wire("seed_ministack.py", &[&url, &cluster]);
    let project = format!(
        r#"
[environments.slipway]
region = "eu-west-1"

[environments.slipway.resources]
cluster = "{cluster}"
service = [{{ name = "backend", role = "backend" }}]
"#
    );
    (names, Console::configured(&url, &project))
}

/// Runs an operation and gives its exit code and its document.
fn operate(console: &Console, arguments: &[&str]) -> (i32, Value) {
    let output = console.run(&[arguments, &["--yes", "--output", "json"]].concat());
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!(
            "no JSON ({e}), {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (exit_code(&output), document)
}

/// The images of the service's running containers, as Docker knows them.
fn running(tasks: &Value) -> BTreeSet<String> {
    let format = "{{.Image}} {{.Names}}";
    let listed = Command::new("docker")
        .args(["ps", "--format", format])
        .output()
        .expect("docker can be run");
    let ids: Vec<String> = tasks
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|task| Some(task["id"].as_str()?.chars().take(8).collect()))
        .collect();
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter(|line| ids.iter().any(|id| line.contains(id.as_str())))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

/// Waits until only containers of `image` run for the service.
fn wait_for_image(console: &Console, image: &str) {
    let start = Instant::now();
    loop {
        let (_, report) = console.status();
        let services = report["tiers"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|tier| tier["tier"] == "ecs")
            .map(|tier| tier["resources"]["services"][0].clone())
            .unwrap_or_default();
        let images = running(&services["tasks"]);
        if images == BTreeSet::from([image.to_owned()]) {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "{images:?} run, not {image}"
        );
        thread::sleep(Duration::from_millis(500));
    }
}

fn says(document: &Value) -> String {
    let says = document["result"]["says"].as_array().cloned();
    let says: Vec<String> = says
        .unwrap_or_default()
        .iter()
        .filter_map(|line| line.as_str().map(str::to_owned))
        .collect();
    says.join("\n")
}

#[test]
fn a_rollout_replaces_containers_a_broken_one_is_seen_failing_and_the_rollback_brings_the_first_back()
 {
    let (names, console) = seeded("slipway");
    let repository = names["repository"].as_str().unwrap_or_default();
    let image = |tag: &str| format!("{repository}:{tag}");
    wait_for_image(&console, &image("v1"));

    let (code, document) = operate(&console, &["rollout", "backend", "--image", &image("v2")]);
    assert_eq!(code, 0, "{document:#}");
    wait_for_image(&console, &image("v2"));

    let (code, document) = operate(
        &console,
        &["rollout", "backend", "--image", &image("broken")],
    );
    assert_eq!(code, 4, "{document:#}");
    let said = says(&document);
    assert!(said.contains("exited with 1"), "{said}");
    assert!(said.contains("KeyError: 'DATABASE_URL'"), "{said}");

    let first = format!(
        "{}-backend:1",
        names["cluster"].as_str().unwrap_or_default()
    );
    let (code, document) = operate(&console, &["rollback", "backend", "--to", &first]);
    assert_eq!(code, 0, "{document:#}");
    wait_for_image(&console, &image("v1"));
}

#[test]
fn what_the_caller_may_not_do_stands_in_the_plan_before_it_is_tried() {
    let (_, console) = seeded("watch");
    let user = servers::wire("permissions_ministack.py", &[&servers::ministack()]);
    let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
    let said = |command: &mut assert_cmd::Command| {
        let output = command.output().expect("hydren can be run");
        let document: Value = serde_json::from_slice(&output.stdout).expect("a plan");
        let checks = document["plan"]["checks"].as_array().cloned();
        let mut checks = checks.unwrap_or_default().into_iter();
        let check = checks.find(|check| check["what"] == "permissions");
        check.unwrap_or_else(|| panic!("{document:#}"))
    };
    let plan = ["scale", "backend", "3", "--dry-run", "--output", "json"];
    let mut theirs = console.command(&plan);
    theirs
        .env("AWS_ACCESS_KEY_ID", text("id"))
        .env("AWS_SECRET_ACCESS_KEY", text("secret"));
    let check = said(&mut theirs);
    assert_eq!(check["state"], "warned", "{check}");
    let found = check["found"].as_str().unwrap_or_default();
    assert!(
        found.starts_with(
            "IAM's policy simulator denies ecs:UpdateService on arn:aws:ecs:eu-west-1:"
        ),
        "{found}"
    );
    // Nobody denies the account's own root user anything.
    let check = said(&mut console.command(&plan));
    assert_eq!(check["state"], "passed", "{check}");
}
