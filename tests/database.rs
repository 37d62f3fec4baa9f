//! Operations on the database against moto: what the console did is what another client reads.

#[path = "support/console.rs"]
mod console;
#[path = "support/servers.rs"]
mod servers;

use console::{Console, exit_code};
use serde_json::Value;

/// A database named after `test` and this process, so that no other run meets it; its console and what boto3 reads of it.
fn made(test: &str) -> (String, Console, Value) {
    let name = format!("{test}-{}", std::process::id());
    let moto = servers::moto();
    servers::wire("database_moto.py", &[&moto, "make", &name]);
    let project = format!(
        "[environments.west]\nregion = \"us-west-2\"\n\n[environments.west.resources]\ndatabase = {{ kind = \"instance\", id = \"{name}\" }}\n"
    );
    let console = Console::configured(&moto, &project);
    let source = instance(&read(), &name);
    (name, console, source)
}

fn read() -> Value {
    servers::wire("database_moto.py", &[&servers::moto(), "read"])
}

/// An instance as boto3 reads it, without the time that goes on by itself.
fn instance(read: &Value, name: &str) -> Value {
    let all = read["instances"].as_array().expect("a list");
    let found = all.iter().find(|db| db["DBInstanceIdentifier"] == name);
    let mut found = found
        .cloned()
        .unwrap_or_else(|| panic!("no instance {name} in {read}"));
    found["LatestRestorableTime"] = Value::Null;
    found
}

fn snapshots(name: &str) -> Vec<String> {
    let read = read();
    let all = read["snapshots"].as_array().expect("a list").iter();
    all.filter(|snapshot| snapshot["DBInstanceIdentifier"] == name)
        .filter_map(|snapshot| snapshot["DBSnapshotIdentifier"].as_str())
        .map(str::to_owned)
        .collect()
}

/// Runs an operation to its end and gives its exit code and what it printed.
fn run(console: &Console, line: &[&str]) -> (i32, String) {
    let output = console.run(&[line, &["--yes", "--region", "us-west-2"]].concat());
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (
        exit_code(&output),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn a_snapshot_is_taken_restored_and_deleted() {
    let (name, console, source) = made("snap");
    let (taken, copy) = (format!("{name}-taken"), format!("{name}-copy"));
    let (code, said) = run(&console, &["db", "snapshot", &taken]);
    assert_eq!(code, 0, "{said}");
    assert!(snapshots(&name).contains(&taken));

    let (code, said) = run(
        &console,
        &["db", "restore", "--snapshot", &taken, "--name", &copy],
    );
    assert_eq!(code, 0, "{said}");
    like(&source, &instance(&read(), &copy));

    let (code, said) = run(&console, &["db", "delete-snapshot", &taken]);
    assert_eq!(code, 0, "{said}");
    assert!(!snapshots(&name).contains(&taken));
}

#[test]
fn the_latest_point_in_time_is_restored_into_an_instance_like_the_source() {
    let (name, console, source) = made("pitr");
    let copy = format!("{name}-copy");
    let (code, said) = run(
        &console,
        &["db", "restore", "--to", "latest", "--name", &copy],
    );
    assert_eq!(code, 0, "{said}");
    like(&source, &instance(&read(), &copy));
    assert_eq!(
        instance(&read(), &name),
        source,
        "the source is not touched"
    );
    let (code, said) = run(
        &console,
        &["db", "restore", "--to", "latest", "--name", &copy],
    );
    assert_eq!(code, 1, "the name is taken now: {said}");
}

#[test]
fn another_class_and_larger_storage_arrive() {
    let (name, console, _) = made("modify");
    let line = [
        "db",
        "modify",
        "--class",
        "db.t4g.large",
        "--storage",
        "60",
        "--apply",
        "now",
    ];
    let (code, said) = run(&console, &line);
    assert_eq!(code, 0, "{said}");
    let now = instance(&read(), &name);
    assert_eq!(now["DBInstanceClass"], "db.t4g.large");
    assert_eq!(now["AllocatedStorage"], 60);
}

/// Asserts that `copy` has what a restore takes over from `source`.
fn like(source: &Value, copy: &Value) {
    for field in [
        "DBInstanceClass",
        "StorageType",
        "MultiAZ",
        "PubliclyAccessible",
        "DeletionProtection",
        "AllocatedStorage",
    ] {
        assert_eq!(copy[field], source[field], "{field}");
    }
    for path in [
        "/DBSubnetGroup/DBSubnetGroupName",
        "/VpcSecurityGroups/0/VpcSecurityGroupId",
        "/DBParameterGroups/0/DBParameterGroupName",
        "/Endpoint/Port",
        "/TagList/0",
    ] {
        assert_eq!(copy.pointer(path), source.pointer(path), "{path}");
    }
}
