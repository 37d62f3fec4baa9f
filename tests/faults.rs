//! Endpoints that refuse, hang, lie or say no: every tier says what happened in its own words, in bounded time, and the exit code
//! is right. [`Console::run`] kills what does not end by itself.

#[path = "support/console.rs"]
mod console;
#[path = "support/faulty.rs"]
mod faulty;

use console::{Console, exit_code, tier};
use faulty::{Fault, serve};
use hydren::model::Tier;
use serde_json::Value;

const PROJECT: &str = r#"
[environments.shop]
region = "eu-west-1"

[environments.shop.resources]
domain = "shop.example.com"
hosted_zone = "Z0123456789ABC"
distribution = "E0123456789ABC"
load_balancer = "shop-alb"
cluster = "shop"
vpc = "vpc-0123456789abcdef0"
repositories = ["shop/backend"]
web_acl = { name = "shop-acl", id = "0123", scope = "cloudfront" }
database = { id = "shop-db", kind = "instance" }
service = [{ name = "backend", role = "backend" }]
"#;

/// Asks for the status of an environment behind `fault`: every tier must fail with `kind`, and the command with `code`.
fn every_tier_says(fault: Fault, kind: &str, code: i32) {
    let console = Console::configured(&serve(fault), PROJECT);
    let (exit, report) = console.status();
    for id in Tier::ALL.map(Tier::id) {
        let error = &tier(&report, id)["error"];
        assert_eq!(error["kind"], kind, "{id} with {fault:?}: {error}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{id} says what failed: {error}");
        assert!(
            !message.contains('\u{1b}'),
            "{id} passes an escape sequence on: {error}"
        );
        assert_eq!(
            tier(&report, id)["health"],
            "unknown",
            "{id} with {fault:?}"
        );
        assert_eq!(
            tier(&report, id)["resources"],
            Value::Null,
            "{id} with {fault:?}"
        );
    }
    assert_eq!(report["health"], "unknown");
    assert_eq!(exit, code, "exit code with {fault:?}");
}

#[test]
fn an_endpoint_that_refuses_is_unreachable() {
    every_tier_says(Fault::Refuses, "unreachable", 1);
}

#[test]
fn an_endpoint_that_never_answers_is_unreachable_in_bounded_time() {
    every_tier_says(Fault::Hangs, "unreachable", 1);
}

#[test]
fn an_endpoint_that_closes_the_connection_is_unreachable() {
    every_tier_says(Fault::Closes, "unreachable", 1);
}

#[test]
fn an_answer_that_is_not_http_is_unreachable() {
    every_tier_says(Fault::Garbage, "unreachable", 1);
}

#[test]
fn an_answer_that_ends_early_is_unreachable() {
    every_tier_says(Fault::Truncates, "unreachable", 1);
}

#[test]
fn a_page_in_place_of_an_answer_is_a_service_error() {
    every_tier_says(Fault::Portal, "service error", 1);
}

#[test]
fn a_service_that_is_down_is_a_service_error() {
    every_tier_says(Fault::Unavailable, "service error", 1);
}

#[test]
fn a_service_that_asks_to_slow_down_is_throttled_and_not_unreachable() {
    every_tier_says(Fault::Aws(400, "ThrottlingException"), "throttled", 1);
}

#[test]
fn denied_calls_name_the_action_that_is_missing() {
    every_tier_says(Fault::Aws(403, "AccessDeniedException"), "denied", 5);
    let console = Console::configured(&serve(Fault::Aws(403, "AccessDeniedException")), PROJECT);
    let (_, report) = console.status();
    for (id, action) in [
        ("ecs", "ecs:Describe"),
        ("alb", "elasticloadbalancing:Describe"),
        ("rds", "rds:Describe"),
        ("cloudfront", "cloudfront:GetDistribution"),
        ("route53", "route53:"),
    ] {
        let error = tier(&report, id)["error"].to_string();
        assert!(error.contains(action), "{id} names {action}: {error}");
    }
}

#[test]
fn expired_credentials_are_said_to_be_expired() {
    every_tier_says(Fault::Aws(403, "ExpiredTokenException"), "expired", 5);
}

#[test]
fn a_table_for_people_is_printed_although_nothing_answers() {
    let console = Console::configured(&serve(Fault::Refuses), PROJECT);
    let output = console.run(&["status"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(exit_code(&output), 1, "{text}");
    assert!(
        text.contains("RDS PostgreSQL") && text.contains("unreachable"),
        "{text}"
    );
}

#[test]
fn without_credentials_the_way_out_is_named() {
    let console = Console::configured(&serve(Fault::Refuses), PROJECT);
    let output = console
        .command(&["status"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .output()
        .expect("hydren can be run");
    assert_eq!(exit_code(&output), 5);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("credentials"), "{said}");
}
