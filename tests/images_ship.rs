//! `hydren image try`, `push` and `ship` with a real engine and a real registry: what is committed becomes an image that serves it, and
//! what is not good, not wanted any more or not allowed becomes none. There is no AWS, which nobody needs for it.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;
#[path = "support/registry.rs"]
mod registry;
#[path = "support/shop.rs"]
mod shop;

use console::exit_code;
use registry::{noise, wait};
use serde_json::Value;
use shop::{NOWHERE, Shop, TRIED, runs, told, unique};
use std::{thread, time::Duration};

/// Builds, tries and pushes a component, and rolls nothing out.
fn shipping(component: &str) -> [&str; 5] {
    ["image", "ship", component, "--no-rollout", "--yes"]
}

/// Names of the stages of a plan that was carried out, all of which have ended well.
fn stages(document: &Value) -> Vec<&str> {
    let stages = document["result"]["stages"].as_array().unwrap();
    let done = |stage: &Value| stage["state"] == "done";
    assert!(stages.iter().all(done), "{document:#}");
    let names = stages.iter().map(|stage| stage["stage"].as_str().unwrap());
    names.collect()
}

/// What is said of a check of a plan: its state and what was found.
fn check<'a>(document: &'a Value, what: &str) -> (&'a str, &'a str) {
    let mut checks = document["plan"]["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["what"] == what);
    let check = check.unwrap_or_else(|| panic!("no check `{what}`: {document:#}"));
    let text = |field: &str| check[field].as_str().unwrap();
    (text("state"), text("found"))
}

/// Builds, tries and pushes one version step by step and the next by one plan. Both are in the registry as they were told, and serve what
/// `page` says of them.
fn two_versions(app: &str, page: fn(&str) -> String) {
    // There is a cluster that cannot be asked what it runs: that stops nothing.
    let project = "[environments.test.resources]\ncluster = \"none\"\n";
    let shop = Shop::beside(NOWHERE, project, app, &unique(app), TRIED);
    let component = shop.component.as_str();
    let first = shop.release("v1.0.0");
    let built = shop.document(0, &["image", "build", component]);
    let reference = format!("{}:{first}", shop.repository());
    assert_eq!(built["tags"], serde_json::json!([reference]));
    let tried = shop.document(0, &["image", "try", component]);
    let (_, unread) = check(&tried, "tried as its task");
    assert!(
        unread.contains("ecs:ListServices on none got no answer"),
        "{unread}"
    );
    assert_eq!(stages(&tried), ["try"]);
    let verdict = tried["result"]["says"][0].as_str().unwrap();
    assert!(verdict.ends_with("it answered 200"), "{verdict}");
    assert_eq!(shop.digest(&first), None, "nothing was pushed by the trial");
    let pushed = shop.document(0, &["image", "push", component]);
    let old = shop.digest(&first).unwrap();
    assert_eq!(pushed["reference"], *reference);
    assert_eq!(pushed["digest"], *old);

    let second = shop.release("v2.0.0");
    assert_ne!(first, second);
    let shipped = shop.document(0, &shipping(component));
    assert_eq!(stages(&shipped), ["build", "try", "push"]);
    let new = shop.digest(&second).unwrap();
    let said = shipped["result"]["stages"][2]["says"].as_str().unwrap();
    assert!(said.contains(&new), "{said}, and the registry has {new}");
    assert_ne!(old, new);
    assert_eq!(shop.digest(&first), Some(old.clone()), "the first stays");
    assert_eq!(shop.trials(), "", "no container is left");

    for (digest, version) in [(old, "v1.0.0"), (new, "v2.0.0")] {
        let served = shop.served(&format!("{}@{digest}", shop.repository()));
        assert!(served.contains(&page(version)), "{version}: {served}");
    }
}

#[test]
fn two_versions_of_a_site_are_tried_pushed_and_serve_what_was_committed() {
    two_versions("site", |version| format!("Version {version}"));
}

#[test]
fn two_versions_of_a_flask_application_are_tried_pushed_and_serve_what_was_committed() {
    two_versions("flask", |version| format!("Hello from {version}"));
}

#[test]
fn the_image_that_was_built_last_is_the_one_that_is_pushed_also_where_nothing_of_it_is_new() {
    let shop = Shop::of("site", TRIED);
    let component = shop.component.as_str();
    shop.release("v1.0.0");
    shop.document(0, &["image", "build", component]);
    shop.release("v2.0.0");
    shop.document(0, &["image", "build", component]);
    // Images are told apart by whole seconds.
    thread::sleep(Duration::from_millis(1_100));
    // A commit that takes the second version back: each of its steps is in the cache.
    let reverted = shop.release("v1.0.0");
    let built = shop.document(0, &["image", "build", component]);
    let steps = built["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|s| s["name"].as_str().unwrap().contains("COPY version.txt")
                && s["state"] == "cached"),
        "{built:#}"
    );
    let pushed = shop.document(0, &["image", "push", component]);
    let reference = format!("{}:{reverted}", shop.repository());
    assert_eq!(pushed["reference"], *reference);
}

#[test]
fn a_tag_that_the_registry_has_or_has_not_is_told_in_the_plan() {
    let shop = Shop::of("site", TRIED);
    let component = shop.component.as_str();
    let dry = [&shipping(component)[..], &["--dry-run"]].concat();
    let free = shop.document(0, &dry);
    assert_eq!(check(&free, "login").0, "passed");
    let (state, found) = check(&free, "tag is free");
    assert_eq!(state, "passed", "{found}");
    assert!(
        shop.tags().is_empty(),
        "a plan that is only looked at does nothing"
    );
    shop.document(0, &shipping(component));
    let taken = shop.document(0, &dry);
    let (state, found) = check(&taken, "tag is free");
    assert_eq!(state, "warned", "{found}");
    let there = format!("has {} already", shop.tag());
    assert!(found.contains(&there), "{found}");
}

#[test]
fn an_image_that_fails_its_trial_is_not_pushed_unless_somebody_insists() {
    let shop = Shop::of("flask", TRIED);
    let environment = "ENV PYTHONUNBUFFERED=1";
    let broken = format!("{environment} FAIL=the-harbour-is-closed");
    shop.replace("Dockerfile", environment, &broken);
    let tag = shop.commit();
    let output = shop.run(&shipping(&shop.component));
    let said = told(&output);
    assert_eq!(exit_code(&output), 4, "{said}");
    assert!(said.contains("it exited with code 1"), "{said}");
    let last = "RuntimeError: the-harbour-is-closed";
    let end = String::from_utf8_lossy(&output.stdout);
    assert!(end.contains(last), "the last words are in the end: {said}");
    assert_eq!(shop.digest(&tag), None);
    assert_eq!(shop.trials(), "");
    assert!(shop.pushes().is_empty(), "{:?}", shop.audit());

    let document = shop.document(0, &[&shipping(&shop.component)[..], &["--insist"]].concat());
    assert_eq!(stages(&document), ["build", "try", "push"]);
    let verdict = document["result"]["stages"][1]["says"].as_str().unwrap();
    assert!(verdict.contains(last), "{verdict}");
    assert!(shop.digest(&tag).is_some());
    assert_eq!(shop.trials(), "");
}

#[test]
fn an_image_without_its_own_command_fails_its_trial_and_says_what_is_missing() {
    let shop = Shop::of("site", TRIED);
    shop.write(
        "Dockerfile",
        "FROM scratch\nCOPY busybox /busybox\nCMD [\"/gunicorn\"]\n",
    );
    let tag = shop.commit();
    let output = shop.run(&shipping(&shop.component));
    let said = told(&output);
    assert_eq!(exit_code(&output), 4, "{said}");
    assert!(
        said.contains("it cannot start: exec: \"/gunicorn\""),
        "{said}"
    );
    assert_eq!(shop.digest(&tag), None);
    assert_eq!(shop.trials(), "");
}

#[test]
fn an_image_that_does_not_answer_well_in_time_is_unhealthy_and_told_with_its_answer() {
    let shop = Shop::of("site", "port = 8000\nhealth = \"/nothing\"\n");
    shop.document(0, &["image", "build", &shop.component]);
    let trial = ["image", "try", &shop.component, "--timeout", "3s"];
    let document = shop.document(4, &trial);
    assert_eq!(document["result"]["outcome"], "not reached");
    let verdict = document["result"]["says"][0].as_str().unwrap();
    assert!(verdict.starts_with("not healthy after"), "{verdict}");
    assert!(verdict.ends_with("/nothing answered 404"), "{verdict}");
    assert_eq!(shop.trials(), "");
}

/// Ships `shop` until `there` is something, cancels it then, and looks whether that is the end of it. Gives what it said.
fn cancelled(shop: &Shop, what: &str, there: impl Fn(&str) -> bool) -> String {
    let mut going = shop.begin(&shipping(&shop.component));
    going.until(what, there);
    let output = going.cancel();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(shop.digest(&shop.tag()), None, "{said}");
    assert_eq!(shop.trials(), "", "{said}");
    said
}

/// Seconds that no other process of this machine sleeps.
fn seconds() -> String {
    format!("9{}", std::process::id())
}

#[test]
fn a_ship_that_is_cancelled_while_it_builds_ends_the_step_and_makes_no_image() {
    let shop = Shop::of("site", TRIED);
    let seconds = seconds();
    let step = ["/bin/sleep", &seconds];
    let slow = format!("EXPOSE 8000\nRUN {step:?}");
    shop.replace("Dockerfile", "EXPOSE 8000", &slow);
    shop.commit();
    let said = cancelled(&shop, "the step runs", |_| runs(&step));
    assert!(said.contains("the build was cancelled"), "{said}");
    wait("the engine ends the step", || !runs(&step));
    assert!(shop.tags().is_empty(), "{:?}", shop.tags());
    assert!(shop.pushes().is_empty(), "{:?}", shop.audit());
}

#[test]
fn a_ship_that_is_cancelled_while_it_tries_removes_the_container_and_pushes_nothing() {
    let shop = Shop::of("site", TRIED);
    let seconds = seconds();
    let process = ["sleep", &seconds];
    // It takes connections and never answers.
    let silent = format!("sleep {seconds} & nc -ll -p 8000 -e sleep {seconds} & wait");
    let silent = format!("CMD [\"/bin/sh\", \"-c\", \"trap 'exit 0' TERM; {silent}\"]");
    shop.replace("Dockerfile", "CMD [", &format!("{silent}\n# "));
    shop.commit();
    let said = cancelled(&shop, "it is tried", |said| {
        said.contains("it runs; its port is") && runs(&process)
    });
    assert!(said.contains("the trial was cancelled"), "{said}");
    assert!(!runs(&process), "the container's processes are gone");
    assert!(shop.pushes().is_empty(), "{:?}", shop.audit());
}

#[test]
fn a_ship_that_is_cancelled_while_it_pushes_leaves_no_tag_and_a_line_in_the_audit_log() {
    // Bytes of a layer that takes an engine a while to send.
    const LARGE: usize = 96 << 20;
    let shop = Shop::of("site", TRIED);
    shop.write("noise", noise(std::process::id().into(), LARGE));
    shop.replace("Dockerfile", "EXPOSE 8000", "COPY noise /\nEXPOSE 8000");
    shop.commit();
    let said = cancelled(&shop, "a layer is on its way", |_| {
        shop.registry.arriving() > 1 << 20
    });
    assert!(said.contains("the push was cancelled"), "{said}");
    assert_eq!(shop.pushes(), ["tried", "failed"], "{:?}", shop.audit());
    let last = shop.audit().pop().unwrap();
    let detail = last["detail"].as_str().unwrap();
    assert!(detail.contains("cancelled"), "{last}");
    // The engine has ended it too: what had arrived stays what it was.
    let arrived = shop.registry.arriving();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(shop.digest(&shop.tag()), None);
    assert!(
        shop.registry.arriving() < LARGE as u64,
        "{arrived} bytes, and the engine went on"
    );
}

#[test]
fn read_only_mode_refuses_to_ship_before_anything_is_built_and_lets_images_be_tried() {
    let shop = Shop::of("site", TRIED);
    let output = shop.run(&[&["--read-only"], &shipping(&shop.component)[..]].concat());
    let said = told(&output);
    assert_eq!(exit_code(&output), 5, "{said}");
    assert!(said.contains("read-only"), "{said}");
    assert!(!said.contains("building with"), "{said}");
    assert!(shop.tags().is_empty(), "{said}");
    assert_eq!(shop.pushes(), ["tried", "refused"], "{:?}", shop.audit());
    assert_eq!(shop.digest(&shop.tag()), None);

    shop.document(0, &["image", "build", &shop.component]);
    let tried = shop.document(0, &["--read-only", "image", "try", &shop.component]);
    assert_eq!(stages(&tried), ["try"]);
    assert_eq!(shop.trials(), "");
}

#[test]
fn a_push_is_one_record_of_the_audit_log_with_its_digest_and_without_the_password() {
    let shop = Shop::of("site", TRIED);
    shop.document(0, &shipping(&shop.component));
    let digest = shop.digest(&shop.tag()).unwrap();
    assert_eq!(shop.pushes(), ["tried", "accepted"]);
    let audit = shop.document(0, &["events", "--audit"]);
    let records = audit["records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "{audit:#}");
    let record = &records[0];
    assert_eq!(record["result"], "accepted");
    assert_eq!(record["operation"], "push");
    assert_eq!(record["resource"], *shop.repository());
    let detail = record["detail"].as_str().unwrap();
    assert!(detail.contains(&digest), "{detail}");
    let file = shop.console.project_file();
    let file = file.with_file_name(".local/state/hydren/audit.jsonl");
    assert!(file.exists(), "its text was searched for the password");
}
