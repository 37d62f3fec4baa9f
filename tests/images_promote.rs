//! `hydren image promote` between two real registries under basic authentication, without an engine and without AWS.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;
#[path = "support/registry.rs"]
mod registry;

use console::{Console, exit_code};
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol, Config, ImageLayer},
    secrets::RegistryAuth,
};
use registry::{PASSWORD, Registry, USER, login, noise, wait};
use serde_json::{Value, json};
use std::{
    fs,
    process::{Command, Output, Stdio},
};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Bytes of a layer that takes a while to send.
const LARGE: usize = 48 << 20;

/// Somebody who puts images into a registry and looks at what it holds, by the same protocol.
struct Hand {
    client: Client,
    host: String,
}

impl Hand {
    fn at(registry: &Registry) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = registry.host();
        let config = ClientConfig {
            protocol: ClientProtocol::HttpsExcept(vec![host.clone()]),
            ..ClientConfig::default()
        };
        Self {
            client: Client::try_from(config).unwrap(),
            host,
        }
    }

    fn login() -> RegistryAuth {
        RegistryAuth::Basic(USER.to_owned(), PASSWORD.to_owned())
    }

    fn reference(&self, name: &str, tag: &str) -> Reference {
        Reference::with_tag(self.host.clone(), name.to_owned(), tag.to_owned())
    }

    /// What is under a tag or digest: its bytes and their digest.
    async fn held(&self, name: &str, tag: &str) -> Option<(Vec<u8>, String)> {
        let at = self.reference(name, tag);
        let (login, accepted) = (Self::login(), [OCI_MANIFEST, OCI_INDEX]);
        let pulled = self.client.pull_manifest_raw(&at, &login, &accepted);
        let (bytes, digest) = pulled.await.ok()?;
        Some((bytes.to_vec(), digest))
    }

    async fn digest(&self, name: &str, tag: &str) -> Option<String> {
        Some(self.held(name, tag).await?.1)
    }

    async fn put(&self, name: &str, tag: &str, document: &Value, kind: &str) -> String {
        let at = self.reference(name, tag);
        // Spaces as no serialiser writes them: what is copied has to be these bytes.
        let text = format!("\n  {document}\n");
        let kind = kind.parse().unwrap();
        self.client
            .push_manifest_raw(&at, text, kind)
            .await
            .unwrap();
        self.digest(name, tag).await.unwrap()
    }

    /// Puts an image of one layer; gives the digest of its manifest.
    async fn image(&self, name: &str, tag: &str, layer: Vec<u8>, config: Value) -> String {
        let at = self.reference(name, tag);
        self.client
            .store_auth_if_needed(&self.host, &Self::login())
            .await;
        let layer = ImageLayer::new(layer, LAYER.to_owned(), None);
        let config = Config::new(config.to_string().into_bytes(), CONFIG.to_owned(), None);
        let (of_layer, of_config) = (layer.sha256_digest(), config.sha256_digest());
        let sizes = (layer.data.len(), config.data.len());
        for (data, digest) in [(layer.data, &of_layer), (config.data, &of_config)] {
            self.client.push_blob(&at, data, digest).await.unwrap();
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": { "mediaType": CONFIG, "digest": of_config, "size": sizes.1 },
            "layers": [{ "mediaType": LAYER, "digest": of_layer, "size": sizes.0 }],
        });
        self.put(name, tag, &manifest, OCI_MANIFEST).await
    }
}

/// A console in front of two environments, one of which may be read-only.
fn console(staging: &str) -> Console {
    let project = format!(
        "[environments.dev]\nregion = \"eu-west-1\"\n[environments.staging]\nregion = \"eu-west-1\"\n{staging}\n"
    );
    // Nothing listens there: neither environment's AWS can be asked.
    Console::configured("http://127.0.0.1:9", &project)
}

/// Logs in to both registries.
fn log_in(console: &Console, logins: &[(&str, &str)]) {
    let mut auths = serde_json::Map::new();
    for (host, password) in logins {
        let config = login(host, password);
        auths.extend(config["auths"].as_object().unwrap().clone());
    }
    let folder = console.project_file().with_file_name(".docker");
    fs::create_dir_all(&folder).unwrap();
    let config = json!({ "auths": auths });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

fn promote(console: &Console, what: &str, to: &str, more: &[&str]) -> Command {
    let words = [
        &["image", "promote", what, "--env", "dev", "--to", "staging"][..],
        &["--repository", to, "--yes"],
        more,
    ];
    let mut command = console.process(&words.concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    let all = format!("{output:?}");
    assert!(!all.contains("right-horse"), "the password is told: {all}");
    let texts = [&output.stdout, &output.stderr];
    texts.map(|text| String::from_utf8_lossy(text)).concat()
}

/// Promotes to the end; gives the document.
fn promoted(console: &Console, what: &str, to: &str, more: &[&str]) -> Value {
    let more = [more, &["--output", "json"]].concat();
    let output = promote(console, what, to, &more).output().unwrap();
    assert_eq!(exit_code(&output), 0, "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn told(document: &Value) -> &str {
    document["result"]["stages"][0]["says"].as_str().unwrap()
}

fn audit(console: &Console) -> String {
    let log = console.project_file();
    let log = log.with_file_name(".local/state/hydren/audit.jsonl");
    fs::read_to_string(log).unwrap_or_default()
}

#[tokio::test]
async fn an_image_keeps_its_digest_and_nothing_is_sent_a_second_time() {
    let (from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    let layer = noise(1, 300_000);
    let digest = source
        .image("shop/app", "1.2", layer, json!({"os": "linux"}))
        .await;
    let console = console("");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    let first = promoted(&console, &what, &there, &[]);
    assert_eq!(first["plan"]["title"], format!("Promote {what} to staging"));
    assert!(
        told(&first).starts_with("2 of 2 layers · 293 KiB of 293 KiB: "),
        "{first}"
    );
    assert!(told(&first).ends_with(&digest), "{first}");
    assert_eq!(target.digest("shop/app", "1.2").await, Some(digest.clone()));
    assert_eq!(
        source.held("shop/app", "1.2").await,
        target.held("shop/app", "1.2").await
    );
    let second = promoted(&console, &what, &there, &[]);
    assert_eq!(
        told(&second),
        format!("2 of 2 layers · 2 already there: {digest}")
    );
    // A tag and a digest in its place.
    let pinned = format!("{}/shop/app@{digest}", from.host());
    promoted(&console, &pinned, &there, &["--tag", "stable"]);
    assert_eq!(
        target.digest("shop/app", "stable").await,
        Some(digest.clone())
    );
    let log = audit(&console);
    assert!(log.contains(r#""environment":"staging""#), "{log}");
    assert!(
        log.contains(&format!("{there}:stable is {digest}")),
        "{log}"
    );
}

#[tokio::test]
async fn an_index_goes_over_whole_with_every_platform_and_what_is_attested() {
    let (from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    let mut manifests = Vec::new();
    let mut digests = Vec::new();
    for (place, architecture) in ["amd64", "arm64", "unknown"].iter().enumerate() {
        let system = if *architecture == "unknown" {
            "unknown"
        } else {
            "linux"
        };
        let config = json!({"os": system, "architecture": architecture});
        let layer = noise(place as u64 + 7, 40_000);
        let digest = source.image("shop/app", architecture, layer, config).await;
        let (bytes, _) = source.held("shop/app", architecture).await.unwrap();
        manifests.push(json!({
            "mediaType": OCI_MANIFEST, "digest": digest, "size": bytes.len(),
            "platform": { "os": system, "architecture": architecture },
        }));
        digests.push(digest);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let digest = source.put("shop/app", "1.2", &index, OCI_INDEX).await;
    let console = console("");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let there = format!("{}/other/app", to.host());
    let done = promoted(
        &console,
        &format!("{}/shop/app:1.2", from.host()),
        &there,
        &[],
    );
    let size = done["plan"]["changes"].to_string();
    assert!(size.contains("linux/amd64, linux/arm64"), "{size}");
    assert_eq!(target.digest("other/app", "1.2").await, Some(digest));
    for digest in digests {
        assert_eq!(
            source.held("shop/app", &digest).await,
            target.held("other/app", &digest).await
        );
    }
    // Only the index has a tag.
    assert_eq!(target.digest("other/app", "amd64").await, None);
}

#[tokio::test]
async fn within_a_registry_layers_are_taken_over_and_not_sent() {
    let only = Registry::start();
    let hand = Hand::at(&only);
    let digest = hand
        .image("shop/app", "1.2", noise(3, 200_000), json!({}))
        .await;
    let console = console("");
    log_in(&console, &[(&only.host(), PASSWORD)]);
    let (what, there) = (
        format!("{}/shop/app:1.2", only.host()),
        format!("{}/released/app", only.host()),
    );
    let done = promoted(&console, &what, &there, &[]);
    assert_eq!(
        told(&done),
        format!("2 of 2 layers · 2 already there: {digest}")
    );
    assert_eq!(hand.digest("released/app", "1.2").await, Some(digest));
}

#[tokio::test]
async fn a_login_that_one_of_them_refuses_is_told_and_leaves_nothing() {
    let (from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    source
        .image("shop/app", "1.2", noise(4, 1_000), json!({}))
        .await;
    let console = console("");
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), "wrong-horse")],
    );
    let output = promote(&console, &what, &there, &[]).output().unwrap();
    assert_eq!(exit_code(&output), 5, "{}", said(&output));
    let text = said(&output);
    assert!(
        text.contains(&format!("`docker login {}`", to.host())),
        "{text}"
    );
    assert!(
        text.contains("may not be pushed") && !text.contains("wrong-horse"),
        "{text}"
    );
    assert_eq!(target.digest("shop/app", "1.2").await, None);

    log_in(
        &console,
        &[(&from.host(), "wrong-horse"), (&to.host(), PASSWORD)],
    );
    let output = promote(&console, &what, &there, &[]).output().unwrap();
    assert_eq!(exit_code(&output), 5, "{}", said(&output));
    let text = said(&output);
    assert!(
        text.contains(&format!("`docker login {}`", from.host())),
        "{text}"
    );
    assert!(text.contains("may not be read"), "{text}");
    let missing = format!("{}/shop/app:9.9", from.host());
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let output = promote(&console, &missing, &there, &[]).output().unwrap();
    assert_eq!(exit_code(&output), 1, "{}", said(&output));
    assert!(
        said(&output).contains(&format!("has no image {missing}")),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn a_read_only_environment_takes_none_and_its_refusal_is_on_record() {
    let (from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    source
        .image("shop/app", "1.2", noise(5, 1_000), json!({}))
        .await;
    let console = console("read_only = true");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    let output = promote(&console, &what, &there, &[]).output().unwrap();
    assert_eq!(exit_code(&output), 5, "{}", said(&output));
    assert!(
        said(&output).contains("read_only is set in"),
        "{}",
        said(&output)
    );
    assert_eq!(target.digest("shop/app", "1.2").await, None);
    let log = audit(&console);
    assert!(
        log.contains("refused") && log.contains(r#""environment":"staging""#),
        "{log}"
    );
}

#[tokio::test]
async fn a_target_that_is_killed_in_the_middle_of_a_layer_ends_it_with_the_reason() {
    let (from, mut to) = (Registry::start(), Registry::start());
    let source = Hand::at(&from);
    source
        .image("shop/app", "1.2", noise(6, LARGE), json!({}))
        .await;
    let console = console("");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    let copying = promote(&console, &what, &there, &[]).spawn().unwrap();
    wait("a layer is on its way", || to.arriving() > 1 << 20);
    to.kill();
    let output = copying.wait_with_output().unwrap();
    assert_eq!(exit_code(&output), 1, "{}", said(&output));
    let text = said(&output);
    assert!(
        text.contains("the connection was lost or not made"),
        "{text}"
    );
    assert!(
        text.contains(&to.host()) && text.contains("not sent again"),
        "{text}"
    );
    assert!(audit(&console).contains("failed"), "{}", audit(&console));
}

#[tokio::test]
async fn a_source_that_is_killed_is_named_and_the_target_gets_no_tag() {
    let (mut from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    source
        .image("shop/app", "1.2", noise(8, LARGE), json!({}))
        .await;
    let console = console("");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    let copying = promote(&console, &what, &there, &[]).spawn().unwrap();
    wait("a layer is on its way", || to.arriving() > 1 << 20);
    from.kill();
    let output = copying.wait_with_output().unwrap();
    assert_eq!(exit_code(&output), 1, "{}", said(&output));
    let text = said(&output);
    let host = from.host();
    assert!(
        text.contains(&format!("{host}: the connection was lost")),
        "{text}"
    );
    assert_eq!(target.digest("shop/app", "1.2").await, None);
}

#[tokio::test]
async fn a_promotion_that_is_cancelled_leaves_no_tag_and_can_be_made_again() {
    let (from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    let digest = source
        .image("shop/app", "1.2", noise(9, LARGE), json!({}))
        .await;
    let console = console("");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    let copying = promote(&console, &what, &there, &[]).spawn().unwrap();
    wait("a layer is on its way", || to.arriving() > 1 << 20);
    let pid = copying.id().to_string();
    let interrupted = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(interrupted.success());
    let output = copying.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(
        said(&output).contains("the copy was cancelled"),
        "{}",
        said(&output)
    );
    assert_eq!(target.digest("shop/app", "1.2").await, None);
    assert!(audit(&console).contains("cancelled"), "{}", audit(&console));
    promoted(&console, &what, &there, &[]);
    assert_eq!(target.digest("shop/app", "1.2").await, Some(digest));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_copied_and_copies_nothing() {
    let (from, to) = (Registry::start(), Registry::start());
    let (source, target) = (Hand::at(&from), Hand::at(&to));
    let digest = source
        .image("shop/app", "1.2", noise(10, 2_000), json!({}))
        .await;
    let console = console("stage = \"production\"");
    log_in(
        &console,
        &[(&from.host(), PASSWORD), (&to.host(), PASSWORD)],
    );
    let (what, there) = (
        format!("{}/shop/app:1.2", from.host()),
        format!("{}/shop/app", to.host()),
    );
    let output = promote(&console, &what, &there, &["--dry-run"])
        .output()
        .unwrap();
    assert_eq!(exit_code(&output), 0, "{}", said(&output));
    let text = said(&output);
    for part in [
        digest.as_str(),
        "it goes to production",
        "skopeo copy --all --preserve-digests",
        "has no 1.2 yet",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(target.digest("shop/app", "1.2").await, None);
    assert_eq!(audit(&console), "");
}
