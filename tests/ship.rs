//! From a change of code to the containers that serve it, and back: a real engine builds and tries, a real registry keeps, and MiniStack's
//! service runs real containers of what was pushed.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;
#[path = "support/registry.rs"]
mod registry;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/shop.rs"]
mod shop;

use registry::{PASSWORD, USER, wait};
use serde_json::Value;
use shop::{Shop, docker, page, told, unique};

/// The service that runs the component.
const BACKEND: &str = "backend";

/// Memory of its tasks, as `ship_ministack.py` makes them.
const MEMORY: u64 = 512 << 20;

/// The cluster of this run alone, and what its tasks pull.
struct Deployed {
    cluster: String,
    shop: Shop,
}

impl Deployed {
    /// A cluster that does not exist yet, and the Flask application in front of it.
    fn new() -> Self {
        let cluster = unique("ship");
        let project = format!(
            "[environments.harbour]\nregion = \"eu-west-1\"\n\n[environments.harbour.resources]\ncluster = \"{cluster}\"\n\
             service = [{{ name = \"{BACKEND}\", role = \"backend\" }}]\n"
        );
        // The port is the task definition's; the path no target group tells here.
        let settings = format!("service = \"{BACKEND}\"\nhealth = \"/healthz\"\n");
        let (url, component) = (servers::ministack(), unique(BACKEND));
        let shop = Shop::beside(&url, &project, "flask", &component, &settings);
        Self { cluster, shop }
    }

    /// The image that the registry has under `tag`, as it is pinned.
    fn pinned(&self, tag: &str) -> String {
        let digest = self.shop.digest(tag).expect("the registry has it");
        format!("{}@{digest}", self.shop.repository())
    }

    /// Makes the service, of tasks that run `image`; it runs when this is done.
    fn deploy(&self, image: &str) -> Value {
        let url = servers::ministack();
        let words = [&url, &self.cluster, image, USER, PASSWORD];
        servers::wire("ship_ministack.py", &words)
    }

    /// Images and addresses of the cluster's running containers, as Docker knows them.
    fn running(&self) -> Vec<(String, String)> {
        let all = "label=com.amazonaws.ecs.container-name=backend";
        let listed = docker(&["ps", "-q", "--filter", all]);
        let format = "{{index .Config.Labels \"com.amazonaws.ecs.cluster\"}} {{.Config.Image}} \
                      {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let containers = listed.lines().filter_map(|id| {
            // One that has just ended is not there any more.
            let output = std::process::Command::new("docker")
                .args(["inspect", "--format", format, id])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let mut words = text.split_whitespace().map(str::to_owned);
            let cluster = words.next()?;
            let own = cluster.ends_with(&format!(":cluster/{}", self.cluster));
            Some((words.next()?, words.next()?)).filter(|_| own)
        });
        containers.collect()
    }

    /// Waits until only containers of `image` run, and looks what each of them serves.
    fn serves(&self, image: &str, version: &str) {
        wait(&format!("only {image} runs"), || {
            let running = self.running();
            running.len() == 2 && running.iter().all(|(of, _)| of == image)
        });
        for (_, address) in self.running() {
            let page = page(&format!("{address}:8000"));
            assert_eq!(page, format!("Hello from {version}\n"), "{image}");
        }
    }

    /// Ends the service: images of containers that run cannot be taken away.
    fn end(&self) {
        let end = ["scale", BACKEND, "0", "--yes"];
        self.shop.document(0, &end);
        wait("the service has ended", || self.running().is_empty());
    }
}

fn said(document: &Value) -> String {
    let says = document["result"]["says"].as_array().unwrap().iter();
    let says: Vec<&str> = says.map(|line| line.as_str().unwrap()).collect();
    says.join("\n")
}

/// The stages of a plan that was carried out, and how each of them ended.
fn stages(document: &Value) -> Vec<String> {
    let stages = document["result"]["stages"].as_array().unwrap().iter();
    let text = |field: &Value| field.as_str().unwrap().to_owned();
    stages
        .map(|stage| text(&stage["stage"]) + " " + &text(&stage["state"]))
        .collect()
}

/// Actions that the audit log says were accepted.
fn accepted(shop: &Shop) -> Vec<String> {
    let lines = shop.audit().into_iter();
    let accepted = lines.filter(|line| line["result"] == "accepted");
    accepted
        .map(|line| line["action"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_change_is_shipped_into_new_containers_rolled_back_and_what_fails_its_trial_never_gets_there() {
    let deployed = Deployed::new();
    let (shop, component) = (&deployed.shop, deployed.shop.component.as_str());
    let first = shop.release("v1.0.0");
    let way = ["image", "ship", component, "--yes"];
    shop.document(0, &[&way[..], &["--no-rollout", "--no-try"]].concat());
    let old = deployed.pinned(&first);
    let names = deployed.deploy(&old);
    deployed.serves(&old, "v1.0.0");

    let second = shop.release("v2.0.0");
    let shipped = shop.document(0, &way);
    let plan = &shipped["plan"];
    let check = |what: &str| {
        let mut checks = plan["checks"].as_array().unwrap().iter();
        let check = checks.find(|check| check["what"] == what);
        check.unwrap_or_else(|| panic!("no check `{what}`: {plan:#}"))
    };
    let pulls = check("tasks may pull it");
    assert_eq!(pulls["state"], "passed", "{pulls}");
    let login = names["login"].as_str().unwrap();
    assert!(pulls["found"].as_str().unwrap().contains(login), "{pulls}");
    assert_eq!(stages(&shipped), ["build done", "try done", "push done"]);
    let new = deployed.pinned(&second);
    assert_ne!(old, new);
    deployed.serves(&new, "v2.0.0");
    assert_eq!(shop.trials(), "");
    let push = format!("push to {}", shop.registry.host());
    let calls = ["ecs:RegisterTaskDefinition", "ecs:UpdateService"];
    assert_eq!(accepted(shop), [push.as_str(), &push, calls[0], calls[1]]);

    let trial = shop.document(0, &["image", "try", component, "--dry-run"]);
    let stage = &trial["plan"]["stages"][0];
    assert_eq!(stage["memory_bytes"], MEMORY, "{stage:#}");
    assert_eq!(stage["cpus"], 0.25, "{stage:#}");
    assert_eq!(stage["port"], 8000, "{stage:#}");

    // MiniStack lists no service deployments, by which a rollback finds its way alone: the plan has said where it leads.
    let before = plan["undo"]["by"][0]["to"].as_str().unwrap();
    shop.document(0, &["rollback", BACKEND, "--to", before, "--yes"]);
    deployed.serves(&old, "v1.0.0");

    // It starts, and then takes more memory than a task has.
    let serving = "server.serve_forever()";
    let greedy = format!("ballast = b'x' * {}\n    {serving}", MEMORY + (64 << 20));
    shop.replace("app.py", serving, &greedy);
    let third = shop.release("v3.0.0");
    let failed = shop.document(4, &way);
    let why = said(&failed);
    assert!(
        why.contains("512 MiB that its task has is too little"),
        "{why}"
    );
    assert!(why.contains("listening on port 8000, v3.0.0"), "{why}");
    assert_eq!(shop.digest(&third), None);
    assert_eq!(shop.trials(), "");
    deployed.serves(&old, "v1.0.0");
    let states = ["build done", "try failed", "push waiting"];
    assert_eq!(stages(&failed), states);
    let calls = failed["result"]["calls"].as_array().unwrap();
    assert!(
        calls.iter().all(|call| call["state"] == "not made"),
        "{failed:#}"
    );

    deployed.end();
}

#[test]
fn a_ship_that_is_cancelled_when_its_image_is_pushed_rolls_nothing_out() {
    let deployed = Deployed::new();
    let (shop, component) = (&deployed.shop, deployed.shop.component.as_str());
    let way = ["image", "ship", component, "--no-try", "--yes"];
    shop.document(0, &[&way[..], &["--no-rollout"]].concat());
    let old = deployed.pinned(&shop.tag());
    deployed.deploy(&old);

    let second = shop.release("v2.0.0");
    let mut going = shop.begin(&way);
    going.until("it is pushed", |said| said.contains("✓ push"));
    let output = going.cancel();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(shop.digest(&second).is_some(), "{said}");
    let push = format!("push to {}", shop.registry.host());
    assert_eq!(accepted(shop), [push.as_str(), &push], "{said}");
    deployed.serves(&old, "v1");
    deployed.end();
}
