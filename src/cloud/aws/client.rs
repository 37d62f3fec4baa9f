//! SDK clients: profile, region, endpoint, credentials, retries, timeouts, and the interceptor that feeds the meter.

use super::{
    EDGE_REGION,
    elsewhere::Elsewhere,
    throttle::Waits,
    wire::{self, Metering, NeverKnown},
};
use crate::{
    cloud::meter::Meter,
    error::{Error, ErrorKind, Result},
    model::environment::Environment,
};
use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig,
    profile::{self, ProfileFileCredentialsProvider},
    provider_config::ProviderConfig,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// Attempts of one call, the first included.
const ATTEMPTS: u32 = 3;
/// Until a connection stands: as the SDK's own default, long enough for one lost packet and its repetition.
const CONNECT: Duration = Duration::from_millis(3_100);
/// Until the first byte of an answer: control planes answer within a second or two, the largest metric queries within three.
const READ: Duration = Duration::from_secs(6);
/// For one attempt, to its body's end. Signing is part of it: a credential process or a sign-in may take the 5 s that the SDK gives it.
const ATTEMPT: Duration = Duration::from_secs(7);
/// For one call with its retries and waits: two attempts that hang, and some left. It is the longest that a tier stays without a word,
/// and what `status` takes where nothing answers; a throttled call that waits longer is better asked again at the next poll.
const OPERATION: Duration = Duration::from_secs(15);

/// A client of each service. `edge_` clients talk to us-east-1, the others to the environment's region.
pub(super) struct Clients {
    pub route53: aws_sdk_route53::Client,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub edge_waf: aws_sdk_wafv2::Client,
    pub waf: aws_sdk_wafv2::Client,
    pub edge_acm: aws_sdk_acm::Client,
    pub acm: aws_sdk_acm::Client,
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    pub ecs: aws_sdk_ecs::Client,
    pub autoscaling: aws_sdk_applicationautoscaling::Client,
    pub rds: aws_sdk_rds::Client,
    pub ecr: aws_sdk_ecr::Client,
    pub edge_cloudwatch: aws_sdk_cloudwatch::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub iam: aws_sdk_iam::Client,
    pub sts: aws_sdk_sts::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub ssm: Elsewhere,
    pub secrets: Elsewhere,
    pub cost_explorer: Elsewhere,
    pub price_list: Elsewhere,
    /// When the credentials in use end.
    pub expiry: Expiry,
}

impl Clients {
    /// Loads the configuration as the SDK knows it (profile, SSO, credential process, endpoints) and makes the clients. Makes no
    /// request, but for the instance metadata's region when no other is set.
    ///
    /// # Errors
    /// `Config` when the profile is in no file, a file does not parse, or no region is set.
    pub(super) async fn load(environment: &Environment, meter: &Arc<Meter>) -> Result<Self> {
        let expiry = Expiry::default();
        let home = configuration(environment, &expiry).await?;
        let edge = edge(&home);
        let metering = Metering::new(Arc::clone(meter));
        let region = home.region().map_or("", Region::as_ref);
        macro_rules! client {
            ($sdk:ident, $config:expr) => {
                $sdk::Client::from_conf(
                    $sdk::config::Builder::from($config)
                        .interceptor(metering.clone())
                        .interceptor(Waits)
                        .retry_classifier(NeverKnown)
                        .build(),
                )
            };
        }
        Ok(Self {
            route53: client!(aws_sdk_route53, &edge),
            cloudfront: client!(aws_sdk_cloudfront, &edge),
            edge_waf: client!(aws_sdk_wafv2, &edge),
            waf: client!(aws_sdk_wafv2, &home),
            edge_acm: client!(aws_sdk_acm, &edge),
            acm: client!(aws_sdk_acm, &home),
            elb: client!(aws_sdk_elasticloadbalancingv2, &home),
            ecs: client!(aws_sdk_ecs, &home),
            autoscaling: client!(aws_sdk_applicationautoscaling, &home),
            rds: client!(aws_sdk_rds, &home),
            ecr: client!(aws_sdk_ecr, &home),
            edge_cloudwatch: client!(aws_sdk_cloudwatch, &edge),
            cloudwatch: client!(aws_sdk_cloudwatch, &home),
            logs: client!(aws_sdk_cloudwatchlogs, &home),
            ec2: client!(aws_sdk_ec2, &home),
            iam: client!(aws_sdk_iam, &home),
            sts: client!(aws_sdk_sts, &home),
            cloudformation: client!(aws_sdk_cloudformation, &home),
            ssm: Elsewhere::systems_manager(region, home.endpoint_url()),
            secrets: Elsewhere::secrets_manager(region, home.endpoint_url()),
            cost_explorer: Elsewhere::cost_explorer(home.endpoint_url()),
            price_list: Elsewhere::price_list(home.endpoint_url()),
            expiry,
        })
    }
}

impl Clients {
    /// The client of CloudWatch Logs in `region`; `None` is the environment's own.
    pub(super) fn logs_of(&self, region: Option<&str>) -> aws_sdk_cloudwatchlogs::Client {
        let home = self.logs.config();
        match region {
            Some(region) if home.region().is_none_or(|own| own.as_ref() != region) => {
                let region = aws_sdk_cloudwatchlogs::config::Region::new(region.to_owned());
                let config = home.to_builder().region(region).build();
                aws_sdk_cloudwatchlogs::Client::from_conf(config)
            }
            _ => self.logs.clone(),
        }
    }
}

/// Loads what all clients share, for the environment's home region.
async fn configuration(environment: &Environment, expiry: &Expiry) -> Result<SdkConfig> {
    let selected = selected_profile(environment.profile.as_deref()).await?;
    let http = wire::http_client();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(RetryConfig::adaptive().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new("hydren") {
        loader = loader.app_name(name);
    }
    if let Some(url) = &environment.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let region = (!environment.region.is_empty()).then(|| Region::new(environment.region.clone()));
    if let Some(region) = region.clone() {
        loader = loader.region(region);
    }
    if let Some(name) = &environment.profile {
        // A profile that was asked for wins over credentials in variables, as in the AWS CLI; the SDK's chain has it the other way.
        let own = ProviderConfig::without_region()
            .with_http_client(http)
            .with_region(region);
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&own)
            .profile_name(name)
            .build();
        loader = loader.profile_name(name).credentials_provider(provider);
    }
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "no region is set for {} (profile {selected})",
                environment.name
            ),
        )
        .hint("pass --region, set AWS_REGION, or set region in hydren.toml or the profile"));
    }
    let noted = config.credentials_provider().map(|inner| {
        SharedCredentialsProvider::new(Noting {
            inner,
            expiry: expiry.clone(),
        })
    });
    let mut builder = config.into_builder();
    builder.set_credentials_provider(noted);
    Ok(builder.build())
}

/// The same for the services at the edge. An endpoint that was set stays.
fn edge(home: &SdkConfig) -> SdkConfig {
    home.to_builder()
        .region(Region::from_static(EDGE_REGION))
        .build()
}

/// The profile in use. One that was asked for, also by `AWS_PROFILE`, must be in a file: the SDK would go on without it.
async fn selected_profile(asked: Option<&str>) -> Result<String> {
    let profiles = profile_set(asked).await?;
    let selected = profiles.selected_profile().to_owned();
    if profiles.get_profile(&selected).is_none() && selected != "default" {
        return Err(Error::new(
            ErrorKind::Config,
            format!("profile {selected} is not in {}", files()),
        )
        .hint("run `aws configure list-profiles`, or name another with --profile or AWS_PROFILE"));
    }
    Ok(selected)
}

/// Lists the profiles of this machine's AWS files, in alphabetical order.
///
/// # Errors
/// A file that cannot be read or does not parse.
pub async fn profiles() -> Result<Vec<String>> {
    let set = profile_set(None).await?;
    let mut names: Vec<String> = set.profiles().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// Reads this machine's AWS files.
async fn profile_set(asked: Option<&str>) -> Result<profile::ProfileSet> {
    #[allow(
        clippy::default_trait_access,
        reason = "the process's environment and files are types of a crate that nothing else here needs"
    )]
    profile::load(
        &Default::default(),
        &Default::default(),
        &Default::default(),
        asked.map(|name| name.to_owned().into()),
    )
    .await
    .map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!(
                "the AWS configuration in {} cannot be read: {error}",
                files()
            ),
        )
        .hint("correct the file, or set AWS_CONFIG_FILE to another one")
        .source(error)
    })
}

/// Where the SDK looks for profiles.
fn files() -> String {
    let file = |variable, default: &str| std::env::var(variable).unwrap_or(default.to_owned());
    format!(
        "{} or {}",
        file("AWS_CONFIG_FILE", "~/.aws/config"),
        file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    )
}

/// When the credentials that were last handed to a client end.
#[derive(Debug, Clone, Default)]
pub(super) struct Expiry(Arc<Mutex<Option<SystemTime>>>);

impl Expiry {
    /// `None` before the first call and for long-lived credentials.
    pub(super) fn get(&self) -> Option<SystemTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, at: Option<SystemTime>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

/// Notes the expiry of what it hands out, so that telling it needs no second sign-in.
#[derive(Debug)]
struct Noting {
    inner: SharedCredentialsProvider,
    expiry: Expiry,
}

impl ProvideCredentials for Noting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

impl Noting {
    async fn provide(&self) -> provider::Result {
        let credentials = self.inner.provide_credentials().await?;
        self.expiry.set(credentials.expiry());
        Ok(credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cloud::aws::served::serve,
        model::environment::{Access, CostSettings, Resources, Stage},
    };
    use aws_credential_types::Credentials;
    use std::time::UNIX_EPOCH;

    fn environment() -> Environment {
        Environment {
            name: "test".to_owned(),
            stage: Stage::Development,
            access: Access::ReadOnly,
            access_reason: None,
            colour: None,
            profile: None,
            region: "eu-central-1".to_owned(),
            endpoint_url: None,
            simulated: false,
            cost: CostSettings::default(),
            resources: Resources::default(),
        }
    }

    #[tokio::test]
    async fn an_unknown_profile_is_named_with_the_files_that_lack_it() {
        let asked = Environment {
            profile: Some("no-such-profile".to_owned()),
            ..environment()
        };
        let error = Clients::load(&asked, &Arc::default()).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(
            error
                .message
                .starts_with("profile no-such-profile is not in")
        );
        assert!(error.message.contains("config"), "{error}");
    }

    /// Variables of a process cannot be set safely from within: this test runs itself again with them.
    #[test]
    fn what_an_environment_leaves_open_comes_from_the_variables_and_what_it_names_does_not() {
        const NAME: &str = "cloud::aws::client::tests::what_an_environment_leaves_open_comes_from_the_variables_and_what_it_names_does_not";
        const AGAIN: &str = "HYDREN_TEST_VARIABLES";
        if std::env::var_os(AGAIN).is_some() {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            return runtime.block_on(follow_variables());
        }
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config");
        let profile = |name, region| {
            format!(
                "[profile {name}]\nregion = {region}\naws_access_key_id = {name}\naws_secret_access_key = unused\n"
            )
        };
        let profiles = [profile("ops", "us-west-2"), profile("dev", "eu-west-3")];
        std::fs::write(&file, profiles.concat()).unwrap();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(AGAIN, "1")
            .env("AWS_CONFIG_FILE", &file)
            .env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("none"))
            .env("AWS_PROFILE", "ops")
            .env("AWS_REGION", "sa-east-1")
            .env("AWS_ACCESS_KEY_ID", "variable")
            .env("AWS_SECRET_ACCESS_KEY", "unused")
            .status();
        assert!(status.unwrap().success());
    }

    async fn follow_variables() {
        let of = async |profile: Option<&str>, region: &str| {
            let asked = Environment {
                profile: profile.map(str::to_owned),
                region: region.to_owned(),
                ..environment()
            };
            let expiry = Expiry::default();
            let config = configuration(&asked, &expiry).await.unwrap();
            let provider = config.credentials_provider().unwrap();
            let key = provider.provide_credentials().await.unwrap();
            let region = config.region().unwrap().to_string();
            (key.access_key_id().to_owned(), region)
        };
        let pair = |key: &str, region: &str| (key.to_owned(), region.to_owned());
        assert_eq!(of(None, "").await, pair("variable", "sa-east-1"));
        assert_eq!(of(None, "eu-north-1").await, pair("variable", "eu-north-1"));
        assert_eq!(of(Some("dev"), "").await, pair("dev", "sa-east-1"));
        assert_eq!(
            of(Some("dev"), "eu-north-1").await,
            pair("dev", "eu-north-1")
        );
    }

    #[tokio::test]
    async fn edge_clients_stay_in_us_east_1_and_keep_the_endpoint() {
        let expiry = Expiry::default();
        let asked = Environment {
            endpoint_url: Some("http://127.0.0.1:9".to_owned()),
            ..environment()
        };
        let home = configuration(&asked, &expiry).await.unwrap();
        let edge = edge(&home);
        assert_eq!(home.region().unwrap().as_ref(), "eu-central-1");
        assert_eq!(edge.region().unwrap().as_ref(), "us-east-1");
        assert_eq!(edge.endpoint_url(), Some("http://127.0.0.1:9"));
    }

    #[tokio::test]
    async fn the_expiry_of_the_credentials_in_use_is_noted() {
        let ends = UNIX_EPOCH + Duration::from_hours(500_000);
        let expiry = Expiry::default();
        let noting = Noting {
            inner: SharedCredentialsProvider::new(Credentials::new(
                "AKIDEXAMPLE",
                "unused",
                None,
                Some(ends),
                "test",
            )),
            expiry: expiry.clone(),
        };
        assert_eq!(expiry.get(), None);
        noting.provide_credentials().await.unwrap();
        assert_eq!(expiry.get(), Some(ends));
    }

    #[tokio::test]
    async fn a_plain_http_endpoint_is_reached() {
        let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
            </GetCallerIdentityResult></GetCallerIdentityResponse>";
        let url = serve(Some(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )));
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(
                "AKIDEXAMPLE",
                "unused",
                None,
                None,
                "test",
            ))
            .http_client(wire::http_client())
            .endpoint_url(url)
            .build();
        let client = aws_sdk_sts::Client::from_conf(config);
        let caller = client.get_caller_identity().send().await.unwrap();
        assert_eq!(caller.account(), Some("123456789012"));
    }
}
