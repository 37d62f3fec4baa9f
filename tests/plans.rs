//! The plans that docs/operations.md shows, as data: `hydren … --dry-run --output json`. Every operation there is stands in it.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use hydren::op::Request;
use serde_json::Value;
use std::collections::BTreeSet;

/// The command lines of docs/operations.md.
fn documented() -> Vec<String> {
    let text = std::fs::read_to_string("docs/operations.md").unwrap();
    let commands = text
        .lines()
        .filter_map(|line| line.strip_prefix("$ hydren "));
    commands.map(str::to_owned).collect()
}

/// What a command prints as JSON at the moment that the demo begins, or at the one that it names.
fn planned(command: &str) -> Value {
    let home = tempfile::tempdir().unwrap();
    let mut words = shlex::split(command).unwrap();
    words.extend(["--output", "json"].map(str::to_owned));
    if !command.contains("--elapsed") {
        words.extend(["--elapsed", "0s"].map(str::to_owned));
    }
    let output = assert_cmd::Command::cargo_bin("hydren")
        .unwrap()
        .args(&words)
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{command}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_operation_has_its_plan_in_the_docs_and_as_data() {
    let mut found = BTreeSet::new();
    for command in documented() {
        let plan = planned(&command);
        let operation = plan["plan"]["request"]["operation"].as_str().unwrap();
        let again = planned(&command);
        assert_eq!(
            plan, again,
            "{command} is planned another way the second time"
        );
        let cost = &plan["plan"]["cost"];
        assert!(
            cost == "unchanged" || cost.is_object() && cost.get("unknown").is_none(),
            "{command} does not say what it costs: {cost}"
        );
        insta::assert_json_snapshot!(operation, plan);
        found.insert(operation.to_owned());
    }
    let all: BTreeSet<String> = Request::OPERATIONS.iter().map(|name| kebab(name)).collect();
    assert_eq!(
        found, all,
        "an operation without a plan in docs/operations.md"
    );
}

/// `RollOut` as `roll-out`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_uppercase() && place > 0 {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
