//! The wire: one HTTP client for all services, and the rules for what is counted and what is tried again.

use super::failure::is_page;
use crate::cloud::meter::Meter;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataInput;
use aws_sdk_cloudwatchlogs::operation::{
    start_live_tail::StartLiveTailInput, start_query::StartQueryInput,
};
use aws_smithy_http_client::{Builder, ConnectorBuilder, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpClient, SharedHttpConnector,
        },
        interceptors::{
            Intercept,
            context::{
                BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
                InterceptorContext,
            },
            dyn_dispatch_hint,
        },
        orchestrator::{HttpRequest, Metadata},
        result::ConnectorError,
        retries::classifiers::{ClassifyRetry, RetryAction},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::OnceCell, task::spawn_blocking};

/// Makes the HTTP client that all services share, with its connection pools. Proxies are taken from the environment, as the SDK's own
/// client does.
pub(super) fn http_client() -> SharedHttpClient {
    let plain = Builder::new().build_with_connector_fn(|settings, components| {
        connector(settings, components).build_http()
    });
    let secure = Builder::new().build_with_connector_fn(|settings, components| {
        connector(settings, components)
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .build()
    });
    SharedHttpClient::new(ByScheme {
        plain,
        secure,
        warm: Arc::default(),
    })
}

fn connector(
    settings: Option<&HttpConnectorSettings>,
    components: Option<&RuntimeComponents>,
) -> ConnectorBuilder {
    let mut builder = ConnectorBuilder::default().proxy_config(ProxyConfig::from_env());
    builder.set_connector_settings(settings.cloned());
    builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
    builder
}

/// Sends `http:` without TLS. The system's certificate store takes milliseconds to parse, so it is read at the first `https:` request
/// and on a thread that may block; the SDK's own client reads it while clients are made.
#[derive(Debug)]
struct ByScheme {
    plain: SharedHttpClient,
    secure: SharedHttpClient,
    warm: Arc<OnceCell<()>>,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(SchemeConnector {
            plain: self.plain.http_connector(settings, components),
            secure: self.secure.clone(),
            warm: Arc::clone(&self.warm),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

#[derive(Debug)]
struct SchemeConnector {
    plain: SharedHttpConnector,
    secure: SharedHttpClient,
    warm: Arc<OnceCell<()>>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for SchemeConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http:") {
            return self.plain.call(request);
        }
        let (secure, warm) = (self.secure.clone(), Arc::clone(&self.warm));
        let (settings, components) = (self.settings.clone(), self.components.clone());
        HttpConnectorFuture::new(async move {
            let make = {
                let (secure, settings) = (secure.clone(), settings.clone());
                let components = components.clone();
                move || {
                    secure.http_connector(&settings, &components);
                }
            };
            warm.get_or_try_init(|| spawn_blocking(make))
                .await
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            secure
                .http_connector(&settings, &components)
                .call(request)
                .await
        })
    }
}

/// Counts every attempt that is sent, retries and pages included.
#[derive(Debug, Clone)]
pub(super) struct Metering {
    meter: Arc<Meter>,
}

impl Metering {
    /// Feeds `meter`.
    pub(super) fn new(meter: Arc<Meter>) -> Self {
        Self { meter }
    }
}

/// Billable units of a call, noted while its input can still be read.
#[derive(Debug, Clone, Copy)]
struct Units(u64);

impl Storable for Units {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for Metering {
    fn name(&self) -> &'static str {
        "Metering"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input();
        if input.downcast_ref::<StartLiveTailInput>().is_some()
            || input.downcast_ref::<StartQueryInput>().is_some()
        {
            // Billed by what comes of it.
            cfg.interceptor_state().store_put(Units(0));
        }
        if let Some(input) = input.downcast_ref::<GetMetricDataInput>() {
            // An expression without a metric of its own is free: only metrics are billed.
            let metrics = input.metric_data_queries().iter();
            let metrics = metrics.filter(|q| q.metric_stat().is_some()).count();
            cfg.interceptor_state()
                .store_put(Units(u64::try_from(metrics).unwrap_or(u64::MAX)));
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = cfg.load::<Metadata>() {
            let units = cfg.load::<Units>().map_or(1, |units| units.0);
            self.meter
                .record(service(call.service()), interned(call.name()), units);
        }
        Ok(())
    }
}

/// Forbids to repeat a call that the endpoint does not know: the 500 page of a test server would be tried until the attempts are used
/// up.
#[derive(Debug, Clone, Copy)]
pub(super) struct NeverKnown;

impl ClassifyRetry for NeverKnown {
    fn classify_retry(&self, ctx: &InterceptorContext) -> RetryAction {
        let unknown = ctx.response().is_some_and(|response| {
            response.status().as_u16() == 500 && response.body().bytes().is_some_and(is_page)
        });
        if unknown {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "NeverKnown"
    }
}

/// The service as IAM actions and the price list name it, for the name that the SDK gives.
fn service(id: &str) -> &'static str {
    match id {
        "ACM" => "acm",
        "Application Auto Scaling" => "application-autoscaling",
        "CloudFormation" => "cloudformation",
        "CloudFront" => "cloudfront",
        "CloudWatch" => "cloudwatch",
        "CloudWatch Logs" => "logs",
        "EC2" => "ec2",
        "ECR" => "ecr",
        "ECS" => "ecs",
        "Elastic Load Balancing v2" => "elasticloadbalancing",
        "RDS" => "rds",
        "Route 53" => "route53",
        "STS" => "sts",
        "WAFV2" => "wafv2",
        other => interned(other),
    }
}

/// Gives a name that lives as long as the process. Each is kept once; there are as many as the console calls operations.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::{
        Client, Config,
        config::{BehaviorVersion, Credentials, Region},
        operation::get_metric_data::GetMetricDataOutput,
        types::{Metric, MetricDataQuery, MetricStat},
    };
    use aws_smithy_mocks::{MockResponseInterceptor, Rule, create_mock_http_client, mock};
    use aws_smithy_types::retry::RetryConfig;
    use std::time::Duration;

    /// A client whose answers are `rule`'s, counted in `meter`.
    fn client(rule: &Rule, meter: &Arc<Meter>) -> Client {
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        Client::from_conf(
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-central-1"))
                .credentials_provider(Credentials::new(
                    "AKIDEXAMPLE",
                    "unused",
                    None,
                    None,
                    "test",
                ))
                .retry_config(retries)
                .http_client(create_mock_http_client())
                .interceptor(MockResponseInterceptor::new().with_rule(rule))
                .interceptor(Metering::new(Arc::clone(meter)))
                .retry_classifier(NeverKnown)
                .build(),
        )
    }

    fn metric(id: &str) -> MetricDataQuery {
        let stat = MetricStat::builder()
            .metric(Metric::builder().build())
            .period(60)
            .stat("Sum");
        MetricDataQuery::builder()
            .id(id)
            .metric_stat(stat.build())
            .build()
    }

    async fn query(client: &Client) -> bool {
        let expression = MetricDataQuery::builder().id("e").expression("a+b").build();
        client
            .get_metric_data()
            .metric_data_queries(metric("a"))
            .metric_data_queries(metric("b"))
            .metric_data_queries(expression)
            .send()
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn only_metrics_of_a_query_are_billed_and_every_attempt_is() {
        let meter = Arc::new(Meter::default());
        let rule = mock!(Client::get_metric_data)
            .sequence()
            .http_status(503, None)
            .output(|| GetMetricDataOutput::builder().build())
            .build();
        assert!(query(&client(&rule, &meter)).await);
        let counts = meter.by_operation();
        let tally = counts[&("cloudwatch", "GetMetricData")];
        assert_eq!((tally.requests, tally.units), (2, 4));
        assert!((tally.usd - 4.0 * 0.01 / 1_000.0).abs() < 1e-12);
    }

    #[tokio::test]
    async fn a_call_that_the_endpoint_does_not_know_is_made_once() {
        let meter = Arc::new(Meter::default());
        let page = "<!doctype html><title>500 Internal Server Error</title>";
        let rule = mock!(Client::get_metric_data)
            .sequence()
            .http_status(500, Some(page.to_owned()))
            .repeatedly()
            .build();
        assert!(!query(&client(&rule, &meter)).await);
        assert_eq!(meter.total().requests, 1);
    }

    #[test]
    fn services_are_named_as_iam_and_the_price_list_name_them() {
        assert_eq!(service("CloudWatch Logs"), "logs");
        assert_eq!(service("Elastic Load Balancing v2"), "elasticloadbalancing");
    }

    #[test]
    fn a_name_is_kept_once() {
        let (first, second) = (interned("DescribeClusters"), interned("DescribeClusters"));
        assert!(std::ptr::eq(first, second));
    }
}
