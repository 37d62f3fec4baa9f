//! The IAM policies in docs/iam grant what the adapter calls, no less and no more.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::{collections::BTreeSet, fs, path::Path};

/// Needed by profiles that assume a role, on the role's trust and the caller's own policy, not on what the role may do.
const ELSEWHERE: [&str; 1] = ["sts:AssumeRole"];

/// Reads that go on after they were asked for: Live Tail and Logs Insights.
const LASTING: [&str; 3] = ["logs:StartLiveTail", "logs:StartQuery", "logs:StopQuery"];

fn granted(policy: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(format!("docs/iam/{policy}.json")).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().unwrap());
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

/// Every `service:Action` that the adapter's code names when it says what failed.
fn called(folder: &Path, found: &mut BTreeSet<String>) {
    let action = regex::Regex::new(r#""([a-z0-9-]+:[A-Z][A-Za-z0-9]+)""#).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            called(&path, found);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.extend(action.captures_iter(&text).map(|c| c[1].to_owned()));
        }
    }
}

#[test]
fn the_policies_grant_exactly_what_is_called() {
    let mut called_actions = BTreeSet::new();
    called(Path::new("src/cloud"), &mut called_actions);
    for action in ELSEWHERE {
        called_actions.remove(action);
    }
    assert!(
        called_actions.len() > 50,
        "the adapter's actions were not found: {called_actions:?}"
    );
    let policies: BTreeSet<String> = granted("read-only")
        .union(&granted("operator"))
        .cloned()
        .collect();
    let ungranted: Vec<_> = called_actions.difference(&policies).collect();
    let unused: Vec<_> = policies.difference(&called_actions).collect();
    assert!(
        ungranted.is_empty(),
        "called, but in no policy: {ungranted:?}"
    );
    assert!(unused.is_empty(), "granted, but not called: {unused:?}");
}

#[test]
fn the_read_only_policy_only_reads() {
    for action in granted("read-only") {
        let name = action.split(':').nth(1).unwrap();
        assert!(
            ["Describe", "Get", "List", "Filter", "Download"]
                .iter()
                .any(|verb| name.starts_with(verb))
                || LASTING.contains(&action.as_str()),
            "{action} does not look like a read"
        );
    }
}
