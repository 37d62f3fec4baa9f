//! The AWS adapter against moto: an environment that was made through AWS's API is discovered, and every field that the console
//! shows is the one that another client reads. CloudWatch is MiniStack's part: moto does not speak the SDK's protocol of it.

#[path = "support/console.rs"]
mod console;
#[path = "support/servers.rs"]
mod servers;

use console::{Console, exit_code, tier};
use hydren::{
    cloud::{
        Cloud as _, Order,
        aws::AwsCloud,
        call::RegistryCall,
        sim::bill::{self, Visit},
    },
    engine::Login,
    model::{
        Tier,
        environment::{Access, CostSettings, Environment, Resources, Stage},
        metric::Window,
    },
    observe::Observations,
    triage::base_metrics,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Command, sync::OnceLock};

/// The names that the seeded environment was given, and a console that discovered it.
fn discovered() -> &'static (Value, Console) {
    static SEEDED: OnceLock<(Value, Console)> = OnceLock::new();
    SEEDED.get_or_init(|| {
        let (moto, cloudwatch) = (servers::moto(), servers::ministack());
        let names = servers::wire("seed_moto.py", &[&moto, &cloudwatch]);
        let console = Console::new(&moto).with_cloudwatch(&cloudwatch);
        let output = console.run(&["init", "--cluster", "shop"]);
        assert_eq!(
            exit_code(&output),
            0,
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (names, console)
    })
}

/// The figure or resource that `path` leads to: a string is a key, a number a place, an object picks the list's element that has it.
fn find<'a>(tier: &'a Value, path: &[Value]) -> Option<&'a Value> {
    if path[0] == "metrics" {
        return tier["metrics"].get(path[1].as_str()?)?.get("value");
    }
    path.iter()
        .try_fold(&tier["resources"], |at, step| match step {
            Value::String(key) => at.get(key),
            Value::Number(place) => at.get(usize::try_from(place.as_u64()?).ok()?),
            Value::Object(wanted) => at
                .as_array()?
                .iter()
                .find(|element| wanted.iter().all(|(key, value)| element[key] == *value)),
            _ => None,
        })
}

/// Whether both say the same: numbers whatever their type, moments to the second, sets of names in any order.
fn agree(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(a), Value::String(b)) => {
            let moments = (a.parse::<Timestamp>(), b.parse::<Timestamp>());
            a == b || matches!(moments, (Ok(a), Ok(b)) if a.as_second() == b.as_second())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len()
                && b.iter()
                    .all(|theirs| a.iter().any(|ours| agree(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

#[test]
fn init_writes_every_resource_of_the_path_into_the_project_file() {
    let (names, console) = discovered();
    let text = std::fs::read_to_string(console.project_file()).expect("init wrote hydren.toml");
    let file: toml::Table = text.parse().expect("it is TOML");
    let found = &file["environments"]["shop"]["resources"];
    let text_of = |name: &str| names[name].as_str().expect("a name");
    for (key, expected) in [
        ("cluster", text_of("cluster")),
        ("load_balancer", text_of("load_balancer")),
        ("distribution", text_of("distribution")),
        ("hosted_zone", text_of("hosted_zone")),
        ("domain", text_of("domain")),
        ("vpc", text_of("vpc")),
    ] {
        assert_eq!(
            found.get(key).and_then(toml::Value::as_str),
            Some(expected),
            "{key} in\n{text}"
        );
    }
    assert_eq!(
        found["database"]["id"].as_str(),
        Some(text_of("database")),
        "{text}"
    );
    assert_eq!(
        found["web_acl"]["id"].as_str(),
        names["web_acl"]["id"].as_str(),
        "{text}"
    );
    let services: BTreeMap<&str, &str> = found["service"]
        .as_array()
        .expect("a list of services")
        .iter()
        .map(|s| {
            (
                s["name"].as_str().unwrap_or(""),
                s["role"].as_str().unwrap_or(""),
            )
        })
        .collect();
    assert_eq!(
        services,
        BTreeMap::from([("backend", "backend"), ("frontend", "frontend")]),
        "{text}"
    );
    for repository in names["repositories"].as_array().expect("a list") {
        let listed = found["repositories"]
            .as_array()
            .expect("a list of repositories");
        assert!(
            listed.iter().any(|r| r.as_str() == repository.as_str()),
            "{repository} in\n{text}"
        );
    }
}

#[test]
fn every_field_that_status_shows_is_what_another_client_reads() {
    let (_, console) = discovered();
    let (_, report) = console.status();
    let rows = servers::wire("read_moto.py", &[&servers::moto(), &servers::ministack()]);
    let rows = rows.as_array().expect("a list of rows");
    assert!(rows.len() > 250, "only {} fields to compare", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let (id, path, theirs) = (row[0].as_str().expect("a tier"), &row[1], &row[2]);
        let ours = find(tier(&report, id), path.as_array().expect("a path"));
        if !ours.is_some_and(|ours| agree(ours, theirs)) {
            let ours = ours.map_or_else(|| "nothing".to_owned(), Value::to_string);
            wrong.push(format!(
                "{id} {path}: status shows {ours}, boto3 reads {theirs}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} fields differ:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_tier_is_read_without_an_error_from_one_identity() {
    let (names, console) = discovered();
    let (_, report) = console.status();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["environment"], "shop");
    assert_eq!(report["region"], names["region"]);
    assert_eq!(report["account"], names["account"]);
    for id in Tier::ALL.map(Tier::id) {
        assert_eq!(tier(&report, id)["error"], Value::Null, "{id}");
        assert_ne!(tier(&report, id)["health"], "unknown", "{id}");
    }
    assert!(
        report["api"]["calls"]
            .as_u64()
            .is_some_and(|calls| calls > 20),
        "{}",
        report["api"]
    );
}

#[test]
fn what_fails_in_the_environment_is_found_and_ends_with_code_3() {
    let (_, console) = discovered();
    let (code, report) = console.status();
    let alarms = tier(&report, "alarms");
    assert_eq!(alarms["health"], "warning", "{}", alarms["verdict"]);
    assert_eq!(alarms["verdict"], "1 in ALARM");
    assert_ne!(report["health"], "ok");
    assert_eq!(code, 3);
}

#[test]
fn values_of_environment_variables_never_leave_the_process() {
    let (_, console) = discovered();
    for format in ["json", "table", "markdown"] {
        let output = console.run(&["status", "--output", format]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains("shop"),
            "{format} shows the environment: {text}"
        );
        assert!(
            !text.contains("hunter2"),
            "{format} shows the value of an environment variable"
        );
    }
}

#[test]
fn parts_that_the_server_does_not_implement_are_named_and_the_rest_is_shown() {
    let (_, console) = discovered();
    let (_, report) = console.status();
    let backend = find(
        tier(&report, "ecs"),
        &["services".into(), json!({"name": "backend"})],
    )
    .expect("the backend");
    let gaps = backend["gaps"].to_string();
    assert!(
        gaps.contains("DescribeScalingActivities is not available"),
        "{gaps}"
    );
    assert_eq!(
        backend["autoscaling"]["policies"].as_array().map(Vec::len),
        Some(2),
        "{backend}"
    );
    let gaps = tier(&report, "rds")["resources"]["gaps"].to_string();
    assert!(
        gaps.contains("DescribePendingMaintenanceActions is not available"),
        "{gaps}"
    );
}

/// Variables of a process cannot be set safely from within: this test runs itself again with the servers' addresses.
#[test]
fn the_demos_bill_is_what_the_adapters_meter_counts() {
    const NAME: &str = "the_demos_bill_is_what_the_adapters_meter_counts";
    const PROJECT: &str = "HYDREN_TEST_BILL_OF";
    if let Ok(project) = std::env::var(PROJECT) {
        let text = std::fs::read_to_string(project).expect("init wrote hydren.toml");
        let file: toml::Table = text.parse().expect("it is TOML");
        let resources = file["environments"]["shop"]["resources"].clone();
        let compare = compare_bills(resources.try_into().expect("they are resources"));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        return runtime.block_on(compare);
    }
    let (_, console) = discovered();
    let status = Command::new(std::env::current_exe().expect("the test knows its own path"))
        .args(["--exact", NAME, "--nocapture"])
        .env(PROJECT, console.project_file())
        .env("AWS_ENDPOINT_URL", servers::moto())
        .env("AWS_ENDPOINT_URL_CLOUDWATCH", servers::ministack())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .status()
        .expect("the test can be run again");
    assert!(status.success());
}

fn environment(resources: Resources) -> Environment {
    Environment {
        name: "shop".to_owned(),
        stage: Stage::Development,
        access: Access::ReadOnly,
        access_reason: None,
        colour: None,
        profile: None,
        region: "eu-west-1".to_owned(),
        endpoint_url: None,
        simulated: false,
        cost: CostSettings::default(),
        resources,
    }
}

/// Reads everything twice, as a console does, and compares what the meter counted with what the demo would count for that very answer.
async fn compare_bills(resources: Resources) {
    let environment = environment(resources);
    let cloud = AwsCloud::new(environment.clone());
    let mut seen = Observations::default();
    let mut before = cloud.meter().by_operation();
    let mut counted = || {
        let after = cloud.meter().by_operation();
        let counted: BTreeMap<_, u64> = after
            .iter()
            .map(|(key, tally)| {
                (
                    *key,
                    tally.requests - before.get(key).map_or(0, |t| t.requests),
                )
            })
            .filter(|(_, requests)| *requests > 0)
            .collect();
        before = after;
        counted
    };
    for visit in [Visit::First, Visit::Again] {
        for tier in Tier::ALL {
            let snapshot = cloud.read(tier).await.expect("the tier is readable");
            let billed: BTreeMap<_, u64> = bill::requests(&snapshot, &environment, visit)
                .into_iter()
                .filter(|(.., requests)| *requests > 0)
                .map(|(service, operation, requests)| ((service, operation), requests as u64))
                .collect();
            assert_eq!(counted(), billed, "{tier:?}, {visit:?} visit");
            seen.tier_mut(tier).settle(Ok(snapshot), cloud.now());
        }
    }
    let metrics = base_metrics(&environment, &seen);
    let window = Window::last(cloud.now(), 3_600);
    cloud
        .metrics(&metrics, window)
        .await
        .expect("the metrics are readable");
    let asked = cloud.meter().by_operation()[&("cloudwatch", "GetMetricData")];
    assert_eq!(asked.requests, 2, "one a region");
    assert_eq!(asked.units, metrics.len() as u64, "every metric once");
}

#[test]
fn what_is_done_in_front_of_the_application_is_what_another_client_reads() {
    let moto = servers::moto();
    let names = servers::wire("edge_moto.py", &[&moto]);
    let [distribution, name, id] =
        ["distribution", "name", "id"].map(|key| names[key].as_str().expect("a name"));
    let read = || servers::wire("edge_moto.py", &[&moto, distribution, name, id]);
    let console = Console::configured(
        &moto,
        &format!(
            "[environments.ops.resources]\ndistribution = \"{distribution}\"\n\
             web_acl = {{ name = \"{name}\", id = \"{id}\", scope = \"cloudfront\" }}\n"
        ),
    );
    let carry = |words: &[&str]| {
        let output = console.run(&[words, &["--yes"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(exit_code(&output), 0, "{words:?}: {said}");
    };
    let mut expected = read();

    // moto calls a completed invalidation COMPLETED, which CloudFront does not.
    carry(&["cdn", "invalidate", "/index.html", "/static/*", "--no-wait"]);
    expected["invalidations"] = json!([["/index.html", "/static/*"]]);
    assert_eq!(read(), expected);

    carry(&["waf", "count-rule", "probe"]);
    expected["web_acl"]["Rules"][2]["Action"] = json!({"Count": {}});
    assert_eq!(read(), expected);
    carry(&["waf", "count-rule", "common"]);
    expected["web_acl"]["Rules"][0]["OverrideAction"] = json!({"Count": {}});
    assert_eq!(read(), expected);
    carry(&["waf", "block-rule", "common"]);
    expected["web_acl"]["Rules"][0]["OverrideAction"] = json!({"None": {}});
    assert_eq!(read(), expected);

    carry(&["waf", "block", "198.51.100.0/24", "--until", "2h"]);
    let listed = read();
    let addresses = json!(["192.0.2.1/32", "198.51.100.0/24"]);
    assert_eq!(listed["ip_set"]["Addresses"], addresses);
    let description = listed["ip_set"]["Description"].as_str().expect("a text");
    assert!(
        description.starts_with("Bad bots 198.51.100.0/24@2"),
        "{description}"
    );
    carry(&["waf", "unblock", "198.51.100.0/24"]);
    assert_eq!(read(), expected);
}

#[test]
fn what_is_done_to_repositories_is_what_another_client_reads() {
    const NAME: &str = "what_is_done_to_repositories_is_what_another_client_reads";
    const REPOSITORY: &str = "HYDREN_TEST_REPOSITORY";
    const DIGEST: &str = "HYDREN_TEST_DIGEST";
    if let (Ok(repository), Ok(digest)) = (std::env::var(REPOSITORY), std::env::var(DIGEST)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        return runtime.block_on(delete_and_log_in(repository, digest));
    }
    let moto = servers::moto();
    let seeded = servers::wire("registry_moto.py", &[&moto]);
    let pruned = seeded["repository"].as_str().expect("a name");
    let [untagged, tagged] = [0, 1].map(|n| seeded["digests"][n].as_str().expect("a digest"));
    let read = |name: &str| servers::wire("registry_moto.py", &[&moto, name]);
    let console = Console::configured(
        &moto,
        "[environments.ops.resources]\ncluster = \"none\"\nrepositories = [\"shop/made\"]\n",
    );
    let output = console.run(&["image", "create-repository", "shop/made", "--yes"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(exit_code(&output), 0, "{said}");
    assert!(said.contains("shop/made is made"), "{said}");
    let made = json!({"tags": "IMMUTABLE", "scan": true, "encryption": "AES256", "images": {}});
    assert_eq!(read("shop/made"), made);

    assert_eq!(
        read(pruned)["images"],
        json!({untagged: [], tagged: ["latest"]})
    );
    // Images that are younger than an hour are in no plan: the call is made as a plan would make it.
    let status = Command::new(std::env::current_exe().expect("the test knows its own path"))
        .args(["--exact", NAME, "--nocapture"])
        .env(REPOSITORY, pruned)
        .env(DIGEST, untagged)
        .env("AWS_ENDPOINT_URL", &moto)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .status()
        .expect("the test can be run again");
    assert!(status.success());
    assert_eq!(read(pruned)["images"], json!({tagged: ["latest"]}));
}

/// Deletes an image as an operation does, and gets a login of another region's ECR than the environment's.
async fn delete_and_log_in(repository: String, digest: String) {
    let cloud = AwsCloud::new(environment(Resources::default()));
    let digests = vec![digest];
    let call = RegistryCall::DeleteImages {
        repository,
        digests,
    };
    let order = Order {
        operation: "prune-images",
        call: call.into(),
        changes: Vec::new(),
    };
    let done = cloud.execute(&order).await.expect("the image is deleted");
    assert_eq!(done.summary, "1 image of shop/pruned deleted");
    let host = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
    let found = cloud.registry_login(host).await.expect("ECR gives a token");
    let Some(Login::Password { user, password }) = found.login else {
        panic!("{found:?}");
    };
    assert_eq!(user, "AWS");
    assert!(!password.reveal().is_empty());
    assert!(found.expires_at.is_some());
}

#[test]
fn what_is_done_to_autoscaling_is_what_another_client_reads() {
    let moto = servers::moto();
    let names = servers::wire("scaling_moto.py", &[&moto]);
    let cluster = names["cluster"].as_str().expect("a name");
    let read = || servers::wire("scaling_moto.py", &[&moto, cluster]);
    let console = Console::configured(
        &moto,
        &format!(
            "[environments.ops.resources]\ncluster = \"{cluster}\"\nservice = [{{ name = \"backend\", role = \"backend\" }}, \
             {{ name = \"frontend\", role = \"frontend\" }}]\n"
        ),
    );
    let carry = |words: &[&str]| {
        let output = console.run(&[&["autoscale"], words, &["--yes"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(exit_code(&output), 0, "{words:?}: {said}");
    };
    let before = read();
    let mut expected = before.clone();

    carry(&["backend", "--min", "2", "--max", "8"]);
    expected["targets"]["backend"]["MinCapacity"] = json!(2);
    expected["targets"]["backend"]["MaxCapacity"] = json!(8);
    let resumed = json!({
        "DynamicScalingInSuspended": false,
        "DynamicScalingOutSuspended": false,
        "ScheduledScalingSuspended": true,
    });
    assert_eq!(expected["targets"]["backend"]["SuspendedState"], resumed);
    assert_eq!(read(), expected, "what is suspended stays so");

    carry(&["backend", "--suspend", "out", "--resume", "scheduled"]);
    let suspended = &mut expected["targets"]["backend"]["SuspendedState"];
    suspended["DynamicScalingOutSuspended"] = json!(true);
    suspended["ScheduledScalingSuspended"] = json!(false);
    assert_eq!(read(), expected);

    carry(&["backend", "--cpu", "42.5", "--out-cooldown", "90"]);
    let cpu = &mut expected["policies"]["backend"]["hold-cpu"]["TargetTrackingScalingPolicyConfiguration"];
    cpu["TargetValue"] = json!(42.5);
    cpu["ScaleOutCooldown"] = json!(90);
    assert_eq!(cpu["DisableScaleIn"], true, "every other field stays");
    assert_eq!(read(), expected);

    carry(&[
        "backend",
        "--min",
        "1",
        "--max",
        "4",
        "--suspend",
        "scheduled",
        "--resume",
        "out",
    ]);
    carry(&["backend", "--cpu", "60", "--out-cooldown", "120"]);
    assert_eq!(read(), before, "everything is as it was, step scaling too");

    carry(&["frontend", "--min", "1", "--max", "3", "--memory", "70"]);
    let after = read();
    assert_eq!(after["targets"]["frontend"]["MaxCapacity"], 3);
    let put = &after["policies"]["frontend"]["frontend-memory"];
    let put = &put["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(put["TargetValue"], 70.0);
    let metric = &put["PredefinedMetricSpecification"]["PredefinedMetricType"];
    assert_eq!(metric, "ECSServiceAverageMemoryUtilization");
    carry(&["frontend", "--memory", "off"]);
    assert_eq!(read()["policies"], before["policies"]);
    carry(&["frontend", "--deregister"]);
    assert_eq!(read(), before);
}

#[test]
fn secrets_and_parameters_that_a_rollout_names_are_looked_for_and_never_read() {
    let (_, console) = discovered();
    let made = servers::wire("secrets_moto.py", &[&servers::moto()]);
    let look = |name: &str, more: &str| {
        let secret = format!("ADDED={}{more}", made[name].as_str().unwrap_or_default());
        let plan = ["rollout", "backend", "--secret", &secret, "--dry-run"];
        let output = console.run(&[&plan[..], &["--output", "json"]].concat());
        let said = format!("{output:?}");
        assert!(!said.contains("hunter2"), "{said}");
        let plan: Value = serde_json::from_slice(&output.stdout).expect("a plan is printed");
        let checks = plan["plan"]["checks"].as_array().cloned();
        let mut checks = checks.unwrap_or_default().into_iter();
        let check = checks.find(|check| check["what"] == "secret of ADDED exists");
        let check = check.unwrap_or_else(|| panic!("{plan:#}"));
        check["state"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(look("secret", ""), "passed");
    assert_eq!(look("secret", ":password::"), "passed", "a part of it");
    assert_eq!(look("deep", ""), "passed");
    assert_eq!(look("flat", ""), "passed");
    for name in ["missing", "missing_parameter", "leaving"] {
        assert_eq!(look(name, ""), "failed", "{name}");
    }
}

#[test]
fn what_stands_there_is_priced_and_what_was_billed_is_asked_once_and_said_before() {
    let (_, console) = discovered();
    let made = servers::wire("costs_moto.py", &[&servers::moto()]);
    let output = console.run(&["cost", "--actual", "--output", "json"]);
    assert_eq!(exit_code(&output), 0, "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("$0.01 a request"), "{said}");
    let costs: Value = serde_json::from_slice(&output.stdout).expect("JSON is printed");
    let items = costs["items"].as_array().expect("a list of items");
    let item = |name: &str| items.iter().find(|item| item["item"] == name);
    for name in [
        "hosted zone",
        "web ACL",
        "load balancer",
        "NAT gateway",
        "unused public IPv4",
    ] {
        let found = item(name).unwrap_or_else(|| panic!("no {name} in {costs:#}"));
        assert!(found["per_month"].as_f64() > Some(0.0), "{found}");
        assert!(found["source"].as_str() > Some(""), "{found}");
    }
    let sum: f64 = items
        .iter()
        .filter_map(|item| item["per_month"].as_f64())
        .sum();
    let total = costs["per_month"].as_f64().expect("a total");
    assert!((sum - total).abs() < 1e-6, "{sum} and {total}");
    let billed = &costs["actual"];
    assert_eq!(billed["requests"], 1, "{billed:#}");
    assert_eq!(billed["total"], 2.95, "{billed:#}");
    assert_eq!(billed["by_day"][0][0], made["day"], "{billed:#}");
    let explained = billed["explained"].to_string();
    assert!(explained.contains("AWS Lambda"), "{explained}");
    assert!(explained.contains("tax"), "{explained}");
}
