//! The AWS adapter against MiniStack, whose ECS tasks are real containers of a Docker Engine.

#[path = "support/console.rs"]
mod console;
#[path = "support/servers.rs"]
mod servers;

use console::{Console, tier};
use hydren::{
    cloud::{Cloud as _, aws::AwsCloud},
    model::{
        environment::{Access, CostSettings, Environment, Resources, Stage},
        log::LogQuery,
    },
};
use jiff::ToSpan as _;
use serde_json::Value;
use std::{process::Command, sync::OnceLock};

const PROJECT: &str = r#"
[environments.harbour]
region = "eu-west-1"

[environments.harbour.resources]
cluster = "harbour"
vpc = "vpc-00000001"
service = [{ name = "backend", role = "backend" }]
"#;

/// Seeds the server, waits for the containers, and gives the names and the status that `hydren` prints then.
fn running() -> &'static (Value, Value) {
    static SEEN: OnceLock<(Value, Value)> = OnceLock::new();
    SEEN.get_or_init(|| {
        let url = servers::ministack();
        let names = servers::wire("seed_ministack.py", &[&url]);
        let (_, report) = Console::configured(&url, PROJECT).status();
        (names, report)
    })
}

fn service(report: &Value) -> &Value {
    &tier(report, "ecs")["resources"]["services"][0]
}

#[test]
fn a_service_is_shown_with_the_containers_that_really_run() {
    let (names, report) = running();
    let service = service(report);
    assert_eq!(service["name"], names["service"]);
    assert_eq!(
        (&service["desired"], &service["running"]),
        (&2.into(), &2.into())
    );
    let tasks = service["tasks"].as_array().expect("a list of tasks");
    let mut arns: Vec<&Value> = tasks.iter().map(|t| &t["arn"]).collect();
    arns.sort_by_key(|arn| arn.as_str());
    assert_eq!(
        arns,
        names["tasks"]
            .as_array()
            .expect("a list")
            .iter()
            .collect::<Vec<_>>()
    );
    for task in tasks {
        assert_eq!(task["last_status"], "RUNNING", "{task}");
        assert_eq!(task["revision"], "harbour-backend:1", "{task}");
        assert_eq!(task["containers"][0]["name"], "backend", "{task}");
        assert_eq!(task["containers"][0]["last_status"], "RUNNING", "{task}");
        let address = task["private_ip"].as_str().unwrap_or_default();
        assert!(address.parse::<std::net::Ipv4Addr>().is_ok(), "{task}");
    }
}

#[test]
fn the_way_a_service_deploys_is_shown() {
    let (_, report) = running();
    let strategy = &service(report)["strategy"];
    assert_eq!(strategy["minimum_healthy_percent"], 100, "{strategy}");
    assert_eq!(strategy["maximum_percent"], 200, "{strategy}");
    assert_eq!(
        (&strategy["circuit_breaker"], &strategy["rollback"]),
        (&true.into(), &true.into())
    );
    let deployment = &service(report)["deployments"][0];
    assert_eq!(deployment["status"], "PRIMARY");
    assert_eq!(deployment["rollout_state"], "COMPLETED");
}

#[test]
fn what_the_server_does_not_implement_is_a_gap_of_the_service_alone() {
    let (_, report) = running();
    let ecs = tier(report, "ecs");
    assert_eq!(ecs["error"], Value::Null);
    assert_eq!(ecs["health"], "ok", "{}", ecs["verdict"]);
    let gaps = service(report)["gaps"].to_string();
    assert!(
        gaps.contains("autoscaling"),
        "MiniStack has no application autoscaling: {gaps}"
    );
    assert_eq!(tier(report, "network")["error"], Value::Null);
    assert_eq!(
        tier(report, "network")["resources"]["vpc_id"],
        "vpc-00000001"
    );
}

#[test]
fn tiers_that_are_not_part_of_the_environment_say_so_and_are_no_failure() {
    let (_, report) = running();
    for id in ["route53", "cloudfront", "waf", "alb", "rds"] {
        assert_eq!(tier(report, id)["verdict"], "not configured", "{id}");
    }
    assert_ne!(report["health"], "critical");
}

/// Variables of a process cannot be set safely from within: this test runs itself again with the server's credentials.
#[test]
fn the_lines_that_a_container_prints_can_be_read() {
    const URL: &str = "HYDREN_TEST_LINES_FROM";
    if let Ok(url) = std::env::var(URL) {
        return read_lines(url);
    }
    running();
    let status = Command::new(std::env::current_exe().expect("the test knows its own path"))
        .args([
            "--exact",
            "the_lines_that_a_container_prints_can_be_read",
            "--nocapture",
        ])
        .env(URL, servers::ministack())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .status()
        .expect("the test can be run again");
    assert!(status.success());
}

fn read_lines(url: String) {
    let cloud = AwsCloud::new(Environment {
        name: "harbour".to_owned(),
        stage: Stage::Development,
        access: Access::ReadOnly,
        access_reason: None,
        colour: None,
        profile: None,
        region: "eu-west-1".to_owned(),
        endpoint_url: Some(url),
        simulated: false,
        cost: CostSettings::default(),
        resources: Resources::default(),
    });
    let query = LogQuery {
        stream: None,
        groups: vec!["/ecs/harbour/backend".to_owned()],
        from: cloud.now() - 1.hour(),
        to: cloud.now() + 1.minute(),
        pattern: String::new(),
        limit: 10_000,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let lines = runtime
        .block_on(cloud.logs(&query))
        .expect("the log group is readable");
    assert!(
        lines.iter().any(|line| line.message == "backend line 1"),
        "{lines:?}"
    );
}

#[test]
fn an_alarm_whose_actions_are_switched_is_read_so_by_another_client() {
    let url = servers::ministack();
    let name = format!("ops-{}", std::process::id());
    let alarm = |more: &[&str]| {
        servers::wire(
            "alarm_ministack.py",
            &[&[url.as_str(), name.as_str()], more].concat(),
        )
    };
    let before = alarm(&[]);
    assert_eq!(before["enabled"], true);
    let project = format!(
        "[environments.ops]\nregion = \"eu-west-1\"\n[environments.ops.resources]\nalarm_prefix = \"{name}\"\n"
    );
    let console = Console::configured(&url, &project);
    for (word, enabled) in [("disable", false), ("enable", true)] {
        let output = console.run(&["alarms", word, &name, "--yes"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{word}: {said}");
        let now = alarm(&["read"]);
        assert_eq!(now["enabled"], enabled, "{now}");
        assert_eq!(now["actions"], before["actions"], "what it does stays");
    }
}
