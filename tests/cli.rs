//! The program as a user or a script runs it: output, exit codes, and what it says when something is wrong.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use assert_cmd::Command;
use std::{
    fs,
    io::Read as _,
    net::TcpListener,
    path::Path,
    process::{Output, Stdio},
};
use tempfile::TempDir;

/// The program in an empty home and an empty folder, with no credentials in reach.
fn hydren(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("hydren").unwrap();
    command
        .env_clear()
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .current_dir(home)
        .args(arguments);
    command
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn run(arguments: &[&str]) -> Output {
    hydren(home().path(), arguments).output().unwrap()
}

fn run_configured(file: &str, arguments: &[&str]) -> Output {
    let home = home();
    fs::write(home.path().join("hydren.toml"), file).unwrap();
    hydren(home.path(), arguments).output().unwrap()
}

/// Asserts the exit code and that stderr says every one of `words`.
#[track_caller]
fn refused(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}

const CONFIG: &str = r#"
[environments.prod]
region = "eu-west-1"
[environments.prod.resources]
cluster = "hydren"
load_balancer = "hydren"
database = { id = "hydren", kind = "instance" }
[environments.dev]
region = "eu-west-1"
"#;

const DEMO: [&str; 7] = [
    "status",
    "--demo",
    "--output",
    "json",
    "--seed",
    "7",
    "--elapsed=30m",
];

#[test]
fn the_demos_status_is_valid_against_the_documented_schema() {
    let schema = fs::read_to_string("docs/status.schema.json").unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let output = run(&DEMO);
    assert!(output.status.success(), "{output:?}");
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&status)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert_eq!(faults, Vec::<String>::new());
    for tier in status["tiers"].as_array().unwrap() {
        assert!(tier["error"].is_null(), "{tier}");
        assert!(tier["resources"].is_object(), "{tier}");
        assert!(!tier["metrics"].as_object().unwrap().is_empty(), "{tier}");
    }
    let mut renamed = status;
    renamed["tiers"][0]["tier"] = "dns".into();
    assert!(
        !validator.is_valid(&renamed),
        "the schema lets everything pass"
    );
}

#[test]
fn the_same_seed_and_time_print_the_same_bytes() {
    let first = run(&DEMO);
    assert_eq!(first.stdout, run(&DEMO).stdout);
    let other = run(&[
        "status",
        "--demo",
        "--output",
        "json",
        "--seed",
        "8",
        "--elapsed=30m",
    ]);
    assert_ne!(first.stdout, other.stdout, "the seed changes nothing");
}

#[test]
fn status_names_every_tier_with_its_state() {
    for form in ["table", "markdown"] {
        let output = run(&["status", "--demo", "--elapsed", "30m", "--output", form]);
        let said = String::from_utf8(output.stdout).unwrap();
        for tier in [
            "Route 53",
            "CloudFront",
            "WAF",
            "ALB",
            "ECS",
            "RDS PostgreSQL",
            "Images",
            "Alarms",
            "Network",
        ] {
            let line = said
                .lines()
                .find(|line| line.trim_start_matches("| ").starts_with(tier));
            assert!(
                line.is_some_and(|line| line.contains("● ok")),
                "{tier} in:\n{said}"
            );
        }
    }
}

#[test]
fn tables_carry_no_escape_sequences_when_they_are_not_for_a_terminal() {
    let output = run(&["status", "--demo", "--elapsed", "30m"]);
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn events_are_newest_first() {
    let output = run(&["events", "--demo", "--elapsed", "30m", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let times: Vec<&str> = document["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["at"].as_str().unwrap())
        .collect();
    assert!(times.len() > 10, "{times:?}");
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
}

#[test]
fn watching_the_demo_costs_less_than_three_cents_an_hour() {
    let output = run(&["info", "--demo", "--elapsed", "30m", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steady = &document["steady_state"];
    let cost = steady["usd_per_hour"].as_f64().unwrap();
    assert!(cost > 0.0 && cost <= 0.03, "{steady}");
    assert!(
        steady["calls_per_minute"].as_f64().unwrap() > 1.0,
        "{steady}"
    );
}

#[test]
fn info_says_where_things_are_when_nothing_is_configured() {
    let output = run(&["info"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    for word in [
        "none configured",
        ".local/state/hydren/audit.jsonl",
        ".config/hydren/config.toml",
        "hydren init",
    ] {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}

#[test]
fn a_mistyped_flag_or_command_is_answered_with_the_right_one() {
    refused(&run(&["status", "--regoin", "eu-west-1"]), 2, &["--region"]);
    refused(&run(&["staus"]), 2, &["'status'"]);
    refused(
        &run(&["status", "--output", "yaml"]),
        2,
        &["table", "json", "markdown"],
    );
    refused(&run(&["--demo=clam", "status"]), 2, &["calm"]);
}

#[test]
fn nothing_configured_says_how_to_begin() {
    for arguments in [&["status"][..], &["events"], &[]] {
        refused(
            &run(arguments),
            2,
            &["no environment is configured", "hydren init", "hydren demo"],
        );
    }
}

#[test]
fn an_unknown_environment_lists_the_known_ones() {
    let output = run_configured(CONFIG, &["status", "--env", "prdo"]);
    refused(
        &output,
        2,
        &["no environment `prdo`", "did you mean `prod`?", "dev, prod"],
    );
}

#[test]
fn a_broken_file_is_refused_with_file_line_and_key() {
    let output = run_configured("[environments.prod]\nregoin = 'eu-west-1'\n", &["status"]);
    refused(
        &output,
        2,
        &[
            "hydren.toml:2: environments.prod.regoin",
            "did you mean `region`?",
        ],
    );
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_refused() {
    refused(
        &run(&["status", "--config", "no/such.toml"]),
        2,
        &["no/such.toml does not exist"],
    );
    let home = home();
    fs::write(home.path().join("binary.toml"), [0xff, 0xfe, 0x00]).unwrap();
    let output = hydren(home.path(), &["status", "--config", "binary.toml"])
        .output()
        .unwrap();
    refused(&output, 2, &["binary.toml cannot be read", "UTF-8"]);
}

#[test]
fn what_is_no_region_is_refused_before_any_call() {
    let output = run_configured(CONFIG, &["status", "--env", "prod", "--region", "Ireland"]);
    refused(
        &output,
        2,
        &["--region: `Ireland` is no AWS region", "eu-west-1"],
    );
}

#[test]
fn a_profile_that_is_in_no_file_is_refused() {
    let output = run_configured(CONFIG, &["status", "--env", "prod", "--profile", "nobody"]);
    refused(&output, 2, &["profile nobody is not in"]);
}

#[test]
fn no_region_anywhere_is_refused_with_the_places_to_set_one() {
    let output = run_configured("[environments.prod]\n", &["status"]);
    refused(&output, 2, &["no region", "--region", "hydren.toml"]);
}

#[test]
fn no_credentials_end_with_5_and_a_way_to_get_some() {
    let output = run_configured(CONFIG, &["status", "--env", "prod", "--output", "json"]);
    refused(&output, 5, &["credentials", "hint: "]);
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["health"], "unknown");
    assert_eq!(status["account"], serde_json::Value::Null);
    assert_eq!(status["tiers"][4]["error"]["kind"], "no credentials");
}

#[test]
fn an_endpoint_that_refuses_ends_with_1_and_is_named() {
    // Bound and dropped: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let home = home();
    fs::write(home.path().join("hydren.toml"), CONFIG).unwrap();
    let output = hydren(
        home.path(),
        &[
            "status",
            "--env",
            "prod",
            "--endpoint-url",
            &format!("http://{address}"),
        ],
    )
    .env("AWS_ACCESS_KEY_ID", "test")
    .env("AWS_SECRET_ACCESS_KEY", "hush-hush")
    .output()
    .unwrap();
    refused(&output, 1, &["hint: "]);
    let said = [output.stdout, output.stderr].concat();
    assert!(
        !String::from_utf8_lossy(&said).contains("hush-hush"),
        "the secret is shown"
    );
}

#[test]
fn a_reader_that_closes_the_pipe_ends_it_quietly() {
    let home = home();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("hydren"))
        .args(DEMO)
        .env("HOME", home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, "");
}

#[test]
fn logs_of_the_demo_are_printed_filtered_and_queried() {
    let demo = ["--demo", "--seed", "7", "--elapsed", "30m"];
    let logs = |arguments: &[&str]| run(&[&["logs"], arguments, &demo[..]].concat());
    let both = logs(&["ecs", "--since", "1m"]);
    let said = String::from_utf8_lossy(&both.stdout);
    assert!(
        said.contains("  frontend  ") && said.contains("  backend   "),
        "{said}"
    );
    let json = logs(&[
        "backend",
        "--since",
        "1m",
        "-o",
        "json",
        "--filter",
        "path:/api/items",
    ]);
    let lines = String::from_utf8_lossy(&json.stdout);
    assert!(lines.lines().count() > 2, "{json:?}");
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = line["message"].as_str().unwrap();
        assert!(
            line["source"] == "backend" && message.contains("/api/items"),
            "{line}"
        );
    }
    refused(
        &logs(&["bakend"]),
        2,
        &["`bakend` names no log", "did you mean `backend`?"],
    );
    refused(&logs(&["--filter", "(a"]), 2, &["(a\n"]);
    let kept = logs(&["query", "rejects-by-port", "-o", "json"]);
    let rows = String::from_utf8_lossy(&kept.stdout);
    assert!(rows.lines().next().unwrap().contains("dstport"), "{kept:?}");
    let said = String::from_utf8_lossy(&kept.stderr);
    assert!(
        said.contains("$0.005 for a GB") && said.contains("scanned, less than $0.0001"),
        "{said}"
    );
    refused(
        &logs(&["query", "stats cuont(*)"]),
        1,
        &["`cuont(*)`", "at line 1 and position 7"],
    );
}

#[test]
fn flows_of_the_demo_are_added_up() {
    let demo = ["--demo", "--seed", "7", "--elapsed", "30m"];
    let flows = |arguments: &[&str]| run(&[&["logs", "flows"], arguments, &demo[..]].concat());
    let table = flows(&["--since", "15m"]);
    let said = String::from_utf8_lossy(&table.stdout);
    for part in ["backend", "database", "tcp/22", "ssh", "hydren-alb"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let json = flows(&["--since", "15m", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let traffic = json["traffic"].as_array().unwrap();
    let queries = traffic
        .iter()
        .find(|t| t["from"] == "backend" && t["to"] == "database");
    assert!(queries.unwrap()["accepted"]["bytes"].as_u64() > Some(1_000_000));
    let records = json["records"].as_u64().unwrap();
    let parts = ["accepted", "refused", "no_data"].map(|part| json[part].as_u64().unwrap());
    assert_eq!(records, parts.iter().sum::<u64>(), "{json}");
    assert_eq!(json["undecoded"], 0);
    let few = flows(&["--limit", "10", "-o", "json"]);
    let few: serde_json::Value = serde_json::from_slice(&few.stdout).unwrap();
    assert_eq!(
        (&few["records"], &few["truncated"]),
        (&10.into(), &true.into())
    );
}

#[test]
fn following_ends_when_the_reader_leaves() {
    let home = home();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("hydren"))
        .args(["logs", "backend", "--follow", "--demo", "--elapsed", "10m"])
        .env("HOME", home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn flags_of_the_simulation_are_refused_elsewhere() {
    refused(
        &run_configured(CONFIG, &["status", "--env", "prod", "--seed", "1"]),
        2,
        &["--seed", "--demo"],
    );
    refused(
        &run(&["status", "--demo", "--elapsed", "soon"]),
        2,
        &["--elapsed"],
    );
}

#[test]
fn completions_are_made_for_every_shell_and_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{output:?}");
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            ["status", "endpoint-url", "logs", "reveal-secrets"]
                .iter()
                .all(|word| script.contains(word)),
            "{shell}"
        );
    }
}

#[test]
fn discovering_the_demo_writes_nothing() {
    let home = home();
    let output = hydren(home.path(), &["init", "--demo", "--name", "prod"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("[environments.prod.resources]"), "{said}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn the_demo_starts_whatever_lies_in_the_folder() {
    let home = home();
    let broken = "[environments.prod]\nregoin = 'eu-west-1'\n";
    fs::write(home.path().join("hydren.toml"), broken).unwrap();
    for arguments in [&DEMO[..], &["init", "--demo"]] {
        let output = hydren(home.path(), arguments)
            .env("HYDREN_ENV", "nowhere")
            .output()
            .unwrap();
        refused(
            &output,
            0,
            &[
                "left out: ",
                "hydren.toml:2: environments.prod.regoin",
                "did you mean `region`?",
            ],
        );
        assert!(!output.stdout.is_empty());
    }
    let text = fs::read_to_string(home.path().join("hydren.toml")).unwrap();
    assert_eq!(text, broken);
}

#[test]
fn the_help_lists_what_there_is() {
    let output = run(&["--help"]);
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn the_audit_log_says_what_was_tried_and_what_was_refused() {
    let home = home();
    let events = |words: &[&str]| {
        let output = hydren(
            home.path(),
            &[&["events", "--audit", "--demo"], words].concat(),
        )
        .output()
        .unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(events(&[]).starts_with("No change was tried from this machine"));
    for more in [None, Some("--read-only")] {
        let words = ["scale", "frontend", "2", "--yes", "--no-wait", "--demo"];
        let words: Vec<&str> = words.into_iter().chain(more).collect();
        let output = hydren(home.path(), &words).output().unwrap();
        let code = more.map_or(0, |_| 5);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
    }
    let text = events(&[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains("refused"), "{text}");
    assert!(lines[2].contains("accepted"), "{text}");
    assert!(lines[2].contains("ecs:UpdateService on frontend · desired count 1 → 2"));
    let json: serde_json::Value = serde_json::from_str(&events(&["--output", "json"])).unwrap();
    assert_eq!(json["records"][1]["call"], "scale-service");
    assert_eq!(json["unreadable"], serde_json::json!([]));
    // What is rehearsed in the demo is no change.
    let output = hydren(home.path(), &["events", "--audit"])
        .output()
        .unwrap();
    let real = String::from_utf8(output.stdout).unwrap();
    assert!(
        real.starts_with("No change was tried from this machine"),
        "{real}"
    );
}

#[test]
fn what_is_typed_for_a_variable_is_never_repeated() {
    let home = home();
    for typed in [
        "postgres://u:hunter2@db/shop?sslmode=require",
        "hunter2",
        "DB URL=hunter2",
        "=hunter2",
    ] {
        for command in [&["--dry-run"][..], &["--dry-run", "--output", "json"]] {
            for flag in ["--set", "--secret"] {
                let words = [&["rollout", "backend", "--demo", flag, typed], command].concat();
                let output = hydren(home.path(), &words).output().unwrap();
                assert_eq!(output.status.code(), Some(2), "{output:?}");
                let said = format!("{output:?}");
                assert!(!said.contains("hunter2"), "{said}");
            }
        }
    }
}

#[test]
fn a_size_that_fargate_does_not_have_is_refused_with_those_that_go_with_its_cpu() {
    let home = home();
    for command in ["resize", "rollout"] {
        let words = [
            command,
            "backend",
            "--cpu",
            "512",
            "--memory",
            "512",
            "--demo",
            "--dry-run",
        ];
        let output = hydren(home.path(), &words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("512 CPU units go with 1024, 2048, 3072, 4096 MiB"),
            "{said}"
        );
    }
}

#[test]
fn a_secret_in_a_command_stays_out_of_plan_and_audit_log() {
    let home = home();
    let command = "sh -c 'API_TOKEN=hunter2 ./run' --password hunter2";
    let rollout = ["rollout", "backend", "--command", command, "--demo"];
    for more in [
        &["--dry-run"][..],
        &["--dry-run", "--output", "json"],
        &["--yes", "--no-wait"],
    ] {
        let output = hydren(home.path(), &[&rollout, more].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = format!("{output:?}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let audit = ["events", "--audit", "--demo", "--output", "json"];
    let output = hydren(home.path(), &audit).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("register-revision") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn a_plan_of_autoscaling_says_what_changes_costs_and_undoes_it() {
    let adjust = ["--min", "2", "--max", "8", "--cpu", "50", "--suspend", "in"];
    let demo = ["--demo", "--elapsed", "30m", "--dry-run", "-o", "json"];
    let output = run(&[&["autoscale", "backend"], &adjust[..], &demo].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn autoscaling_that_cannot_be_is_refused_with_a_way_out() {
    for (words, said) in [
        (
            &["--min", "9"][..],
            &["above the maximum of 6", "--max"][..],
        ),
        (&["--cpu", "0"], &["1 to 100"]),
        (&["--cpu", "hot"], &["1 to 100"]),
        (&["--deregister", "--max", "3"], &["cannot be used with"]),
        (&[], &["--min <N>"]),
    ] {
        let words = [&["autoscale", "backend", "--demo", "--dry-run"], words].concat();
        refused(&run(&words), 2, said);
    }
    let words = [
        "autoscale",
        "frontend",
        "--cpu",
        "60",
        "--demo",
        "--dry-run",
    ];
    refused(&run(&words), 2, &["not autoscaled yet", "--min and --max"]);
}

/// The demo's costs at one moment.
const COST: [&str; 7] = [
    "cost",
    "--demo",
    "--elapsed",
    "1h",
    "--seed",
    "7",
    "--output",
];

fn printed(form: &str, more: &[&str]) -> String {
    let output = run(&[&COST[..], &[form], more].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demos_costs_are_the_same_every_time_add_up_and_are_as_documented() {
    let text = printed("json", &["--if", "traffic=2x", "--actual"]);
    assert_eq!(text, printed("json", &["--if", "traffic=2x", "--actual"]));
    let costs: serde_json::Value = serde_json::from_str(&text).unwrap();
    let items = costs["items"].as_array().unwrap();
    for field in ["per_month", "per_hour"] {
        let sum: f64 = items.iter().map(|i| i[field].as_f64().unwrap()).sum();
        let total = costs[field].as_f64().unwrap();
        assert!((sum - total).abs() < 1e-6, "{field}: {sum} and {total}");
    }
    let docs = fs::read_to_string("docs/cost.md").unwrap();
    let undocumented: Vec<&String> = costs
        .as_object()
        .unwrap()
        .keys()
        .filter(|field| !docs.contains(&format!("`{field}`")))
        .collect();
    assert!(
        undocumented.is_empty(),
        "not in docs/cost.md: {undocumented:?}"
    );
    for field in items[0].as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{field}`")), "{field}");
    }
    insta::assert_json_snapshot!("cost", costs);
}

#[test]
fn costs_are_a_table_markdown_and_records_for_a_spreadsheet() {
    let json: serde_json::Value = serde_json::from_str(&printed("json", &[])).unwrap();
    let items = json["items"].as_array().unwrap();
    let text = printed("csv", &[]);
    let mut records = csv::Reader::from_reader(text.as_bytes());
    let columns: Vec<String> = records
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        columns,
        [
            "tier",
            "item",
            "quantity",
            "unit",
            "unit_price",
            "per_hour",
            "per_month",
            "basis",
            "source"
        ]
    );
    let records: Vec<csv::StringRecord> = records.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), items.len());
    for (record, item) in records.iter().zip(items) {
        assert_eq!(record[6].parse::<f64>().ok(), item["per_month"].as_f64());
    }
    let markdown = printed("markdown", &[]);
    assert!(markdown.contains("| TIER"), "{markdown}");
    insta::assert_snapshot!(
        "cost_table",
        printed("table", &["--if", "backend.tasks=6", "--actual"])
    );
}

#[test]
fn questions_about_costs_that_cannot_be_asked_are_usage_errors() {
    for (question, words) in [
        ("backend.task=4", "there is no such question"),
        ("backend.tasks=many", "a service runs 0 to 5000 tasks"),
        ("backend.size=1024/1000", "1000"),
        ("traffic=-1x", "it is a number of times"),
        ("database.class=large", "db.t4g.medium"),
        ("bakend.tasks=4", "did you mean backend?"),
    ] {
        let output = run(&["cost", "--demo", "--elapsed", "0s", "--if", question]);
        refused(&output, 2, &[words]);
    }
    let output = run(&["cost", "--demo", "--elapsed", "0s", "--refresh"]);
    refused(&output, 1, &["the demo has no Price List"]);
}
