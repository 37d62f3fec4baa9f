use super::*;
use crate::cloud::sim::{SimCloud, SimOptions};
use serde_json::{Value, json};

const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hydren/backend:1";

fn password(user: &str, password: &str) -> Login {
    Login::Password {
        user: user.to_owned(),
        password: Hidden::new(password),
    }
}

async fn found(config: &Value, reference: &str) -> Result<Credentials> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let cloud = SimCloud::new(SimOptions::default());
    let logins = Logins::new(Some(folder.path().to_owned()));
    logins.find(&cloud, reference).await
}

#[test]
fn the_registry_is_the_host_before_the_first_slash_or_docker_hub() {
    for (reference, host) in [
        ("127.0.0.1:5000/app:1", "127.0.0.1:5000"),
        ("localhost/app", "localhost"),
        ("ghcr.io/shop/app@sha256:1", "ghcr.io"),
        ("shop/app:1", HUB),
        ("nginx", HUB),
        ("index.docker.io/shop/app", HUB),
    ] {
        assert_eq!(registry(reference), host, "{reference}");
    }
}

#[tokio::test]
async fn a_login_is_found_under_its_host_and_docker_hubs_under_its_historic_key() {
    let config = json!({"auths": {
        "registry.example:5000": {"auth": "YW5uYTpodW50ZXIy"},
        "https://index.docker.io/v1/": {"auth": "aHViOmh1YnB3"},
        "token.example": {"auth": "YW5uYTo=", "identitytoken": "long"},
    }});
    let own = found(&config, "registry.example:5000/app:1").await.unwrap();
    assert_eq!(own.login, Some(password("anna", "hunter2")));
    let hub = found(&config, "shop/app:1").await.unwrap();
    assert_eq!(hub.login, Some(password("hub", "hubpw")));
    let token = found(&config, "token.example/app:1").await.unwrap();
    assert_eq!(token.login, Some(Login::Identity(Hidden::new("long"))));
    assert!(!format!("{own:?}{token:?}").contains("hunter2"));
}

#[tokio::test]
async fn no_login_says_where_it_was_looked_for() {
    let other = json!({"auths": {"ghcr.io": {"auth": "YTpi"}}});
    let none = found(&other, "registry.example/app:1").await.unwrap();
    assert_eq!(none.login, None);
    assert!(
        none.origin
            .ends_with("config.json has no login for registry.example"),
        "{}",
        none.origin
    );
    let cloud = SimCloud::new(SimOptions::default());
    let absent = Logins::new(Some("/nonexistent".into()));
    let absent = absent.find(&cloud, "registry.example/app:1").await.unwrap();
    assert_eq!(absent.origin, "/nonexistent/config.json does not exist");
}

#[tokio::test]
async fn a_broken_configuration_is_named_and_what_it_holds_is_not() {
    for config in [
        json!({"auths": {"registry.example": {"auth": "%%hunter2"}}}),
        json!({"auths": "hunter2"}),
        json!({"auths": {"registry.example": {"auth": "YW5uYTpodW50ZXIy", "username": "anna", "password": "hunter3"}}}),
    ] {
        let error = found(&config, "registry.example/app:1").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(error.message.contains("config.json"), "{error}");
        assert!(
            error
                .hint
                .as_ref()
                .unwrap()
                .contains("docker login registry.example")
        );
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
}

#[test]
fn a_helpers_failure_is_told_in_its_own_words_without_secrets() {
    let say = |error: CredentialRetrievalError| {
        let broken = |what: &str| Error::new(ErrorKind::Config, what.to_owned());
        refused(error, Some("docker-credential-pass"), &broken, "ghcr.io")
    };
    let failure = |stdout: &str| CredentialRetrievalError::HelperFailure {
        helper: "docker-credential-pass".to_owned(),
        stdout: stdout.to_owned(),
        stderr: String::new(),
    };
    assert!(say(failure("credentials not found in native keychain\n")).is_ok());
    let locked = say(failure("pass store is locked: password=hunter2\n")).unwrap_err();
    assert_eq!(locked.kind, ErrorKind::NoCredentials);
    assert!(locked.message.starts_with(
        "docker-credential-pass gave no login for ghcr.io; it said: pass store is locked"
    ));
    assert!(!locked.message.contains("hunter2"), "{locked}");
    let missing = say(CredentialRetrievalError::HelperCommunicationError).unwrap_err();
    assert!(
        missing.message.contains(
            "docker-credential-pass, which the Docker configuration names, cannot be run"
        )
    );
}

#[test]
fn the_helper_of_the_host_comes_before_the_store_of_all() {
    let config = json!({"credsStore": "pass", "credHelpers": {"ghcr.io": "gh"}}).to_string();
    assert_eq!(
        helper_of(&config, "ghcr.io"),
        Some("docker-credential-gh".to_owned())
    );
    assert_eq!(
        helper_of(&config, "quay.io"),
        Some("docker-credential-pass".to_owned())
    );
    assert_eq!(helper_of("{}", "quay.io"), None);
}

fn helper_of(config: &str, key: &str) -> Option<String> {
    super::helper(config.as_bytes(), key)
}

#[tokio::test]
async fn a_token_of_ecr_is_kept_until_shortly_before_its_end_and_renewed_once_forgotten() {
    let cloud = SimCloud::new(SimOptions {
        elapsed: Some(std::time::Duration::ZERO),
        ..SimOptions::default()
    });
    let asked = || {
        let calls = cloud.meter().by_operation();
        calls[&("ecr", "GetAuthorizationToken")].requests
    };
    let logins = Logins::new(None);
    let first = logins.find(&cloud, ECR).await.unwrap();
    assert!(matches!(first.login, Some(Login::Password { ref user, .. }) if user == "AWS"));
    assert_eq!(logins.find(&cloud, ECR).await.unwrap(), first);
    assert_eq!(asked(), 1);
    cloud
        .rest(std::time::Duration::from_mins(11 * 60 + 50))
        .await;
    let renewed = logins.find(&cloud, ECR).await.unwrap();
    assert!(renewed.expires_at > first.expires_at);
    logins.forget(ECR).await;
    logins.find(&cloud, ECR).await.unwrap();
    assert_eq!(asked(), 3);
}
