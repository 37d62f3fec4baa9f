//! WAF: the web ACL, its rules, what it protects, and requests that it sampled.

mod statement;

use super::{
    AwsCloud,
    client::Clients,
    cloudfront, configured,
    failure::{explain, without},
    gap::or_gap,
    shape::text,
    time::timestamp,
};
use crate::{
    cloud::Cloud as _,
    error::Result,
    model::{
        edge::{SampledRequest, Waf, WafLogs, WafRule, WafScope},
        environment::WebAclName,
        ip_set::{IpSet, IpSetName},
    },
};
use aws_sdk_wafv2::{
    Client,
    operation::get_logging_configuration::GetLoggingConfigurationError,
    types::{
        DefaultAction, ManagedRuleGroupStatement, OverrideAction, Rule, RuleAction,
        SampledHttpRequest, Scope, Statement, TimeWindow, VisibilityConfig, WebAcl,
    },
};
use aws_smithy_types::DateTime;
use futures::future::{join, join_all, join4};
use jiff::{SignedDuration, Timestamp};

/// How far back WAF keeps samples (GetSampledRequests).
const SAMPLED: SignedDuration = SignedDuration::from_hours(3);
/// Samples asked for of each rule; AWS allows 500.
const SAMPLES: i64 = 100;
/// Rules whose samples are read, by priority, besides the default action.
const SAMPLED_RULES: usize = 5;
/// The name under which requests that no rule decided are sampled.
const DEFAULT_ACTION: &str = "Default_Action";

/// Reads the web ACL whole.
pub(super) async fn read(cloud: &AwsCloud) -> Result<Waf> {
    let name = cloud.environment.resources.web_acl.as_ref();
    let name = configured(name, "web ACL", "web_acl")?;
    let clients = cloud.clients().await?;
    let (client, scope) = place(clients, name.scope);
    let acl = web_acl(client, &scope, name)
        .await
        .inspect_err(|error| cloud.memo.web_acl.keep_failure(error))?;
    let (capacities, protects, samples, (logs, ip_sets)) = join4(
        join_all(
            acl.rules()
                .iter()
                .map(|rule| capacity(client, &scope, rule)),
        ),
        protects(cloud, clients, name.scope, &acl),
        samples(client, &scope, &acl, cloud.now()),
        join(
            logs(client, &acl),
            ip_sets(client, &scope, name.scope, &acl),
        ),
    )
    .await;
    let mut gaps = Vec::new();
    let logs = logs.unwrap_or_else(|error| {
        gaps.push(error.to_string());
        WafLogs::Unknown
    });
    let mut rules: Vec<WafRule> = acl
        .rules()
        .iter()
        .zip(capacities)
        .map(|(rule, capacity)| from_rule(rule, or_gap(capacity, &mut gaps)))
        .collect();
    rules.sort_by_key(|rule| rule.priority);
    gaps.dedup();
    let (samples, samples_error) = samples;
    let metric_name = metric_name(acl.visibility_config());
    cloud.memo.web_acl.keep(&metric_name);
    Ok(Waf {
        name: acl.name().to_owned(),
        id: acl.id().to_owned(),
        arn: acl.arn().to_owned(),
        scope: name.scope,
        default_action: default_action(acl.default_action()).to_owned(),
        capacity: acl.capacity(),
        metric_name,
        rules,
        ip_sets: ip_sets
            .into_iter()
            .filter_map(|set| set.map_err(|error| gaps.push(error.to_string())).ok())
            .collect(),
        protects: or_gap(protects, &mut gaps),
        logs,
        samples,
        samples_error,
        gaps,
    })
}

/// Reads only the web ACL's metric name, which is the `WebACL` dimension of its metrics.
///
/// # Errors
/// What AWS answered.
pub(super) async fn dimension(clients: &Clients, name: &WebAclName) -> Result<String> {
    let (client, scope) = place(clients, name.scope);
    let acl = web_acl(client, &scope, name).await?;
    Ok(metric_name(acl.visibility_config()))
}

/// The client and the scope of calls about a web ACL.
pub(super) fn place(clients: &Clients, scope: WafScope) -> (&Client, Scope) {
    match scope {
        WafScope::CloudFront => (&clients.edge_waf, Scope::Cloudfront),
        WafScope::Regional => (&clients.waf, Scope::Regional),
    }
}

async fn web_acl(client: &Client, scope: &Scope, name: &WebAclName) -> Result<WebAcl> {
    const ACTION: &str = "wafv2:GetWebACL";
    let answer = client
        .get_web_acl()
        .name(&name.name)
        .id(&name.id)
        .scope(scope.clone())
        .send()
        .await
        .map_err(|e| explain(ACTION, &name.name, e))?;
    answer
        .web_acl
        .ok_or_else(|| without(ACTION, &name.name, "a web ACL"))
}

/// Reads where the web ACL writes its logs.
async fn logs(client: &Client, acl: &WebAcl) -> Result<WafLogs> {
    let answer = client
        .get_logging_configuration()
        .resource_arn(acl.arn())
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let configuration = answer.logging_configuration();
            let to = configuration.and_then(|c| c.log_destination_configs().first());
            Ok(to.map_or(WafLogs::Nowhere, |arn| WafLogs::To(arn.clone())))
        }
        // So a web ACL without a configuration is answered (AWS WAF API, GetLoggingConfiguration).
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetLoggingConfigurationError::is_waf_nonexistent_item_exception) =>
        {
            Ok(WafLogs::Nowhere)
        }
        Err(error) => Err(explain("wafv2:GetLoggingConfiguration", acl.name(), error)),
    }
}

/// Reads the IP sets that rules refer to by themselves; those within other statements are the rule's own business.
async fn ip_sets(
    client: &Client,
    scope: &Scope,
    home: WafScope,
    acl: &WebAcl,
) -> Vec<Result<IpSet>> {
    let named = acl.rules().iter().filter_map(|rule| {
        let reference = rule.statement()?.ip_set_reference_statement()?;
        let mut parts = reference.arn().rsplit('/');
        let (id, name) = (parts.next()?, parts.next()?);
        Some((rule.name(), name, id))
    });
    join_all(named.map(|(rule, name, id)| async move {
        const ACTION: &str = "wafv2:GetIPSet";
        let answer = client
            .get_ip_set()
            .name(name)
            .id(id)
            .scope(scope.clone())
            .send()
            .await
            .map_err(|e| explain(ACTION, name, e))?;
        let set = answer
            .ip_set()
            .ok_or_else(|| without(ACTION, name, "an IP set"))?;
        Ok(IpSet {
            name: IpSetName {
                name: name.to_owned(),
                id: id.to_owned(),
                scope: home,
            },
            rule: rule.to_owned(),
            version: set.ip_address_version().as_str().to_owned(),
            addresses: set.addresses().to_vec(),
            description: text(set.description()),
        })
    }))
    .await
}

/// Reads the capacity of a managed group; that of other rules is told by no read.
async fn capacity(client: &Client, scope: &Scope, rule: &Rule) -> Result<Option<i64>> {
    let Some(group) = managed_group(rule) else {
        return Ok(None);
    };
    let answer = client
        .describe_managed_rule_group()
        .vendor_name(group.vendor_name())
        .name(group.name())
        .scope(scope.clone())
        .set_version_name(group.version().map(str::to_owned))
        .send()
        .await
        .map_err(|e| explain("wafv2:DescribeManagedRuleGroup", group.name(), e))?;
    Ok(answer.capacity())
}

fn managed_group(rule: &Rule) -> Option<&ManagedRuleGroupStatement> {
    rule.statement()
        .and_then(Statement::managed_rule_group_statement)
}

/// Reads what the web ACL protects. A regional one tells itself; for CloudFront's, the distribution tells who stands in front of it.
async fn protects(
    cloud: &AwsCloud,
    clients: &Clients,
    scope: WafScope,
    acl: &WebAcl,
) -> Result<Vec<String>> {
    match (scope, &cloud.environment.resources.distribution) {
        (WafScope::Regional, _) => {
            let answer = clients
                .waf
                .list_resources_for_web_acl()
                .web_acl_arn(acl.arn())
                .send()
                .await
                .map_err(|e| explain("wafv2:ListResourcesForWebACL", acl.name(), e))?;
            Ok(answer.resource_arns.unwrap_or_default())
        }
        (WafScope::CloudFront, None) => Ok(Vec::new()),
        (WafScope::CloudFront, Some(id)) => {
            let found = cloudfront::distribution(&clients.cloudfront, id).await?;
            let ours = cloudfront::web_acl(&found) == Some(acl.arn());
            Ok(ours.then(|| id.clone()).into_iter().collect())
        }
    }
}

/// Reads sampled requests of the first rules and of the default action, newest first, and why some are missing.
async fn samples(
    client: &Client,
    scope: &Scope,
    acl: &WebAcl,
    now: Timestamp,
) -> (Vec<SampledRequest>, Option<String>) {
    let window = TimeWindow::builder()
        .start_time(DateTime::from_secs((now - SAMPLED).as_second()))
        .end_time(DateTime::from_secs(now.as_second()))
        .build();
    let window = match window {
        Ok(window) => window,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut by_priority: Vec<&Rule> = acl.rules().iter().collect();
    by_priority.sort_by_key(|rule| rule.priority());
    let enabled = |rule: &&&Rule| {
        rule.visibility_config()
            .is_some_and(VisibilityConfig::sampled_requests_enabled)
    };
    let names = by_priority
        .iter()
        .filter(enabled)
        .take(SAMPLED_RULES)
        .map(|rule| metric_name(rule.visibility_config()))
        .chain([DEFAULT_ACTION.to_owned()]);
    let answers = join_all(names.map(|rule| {
        let window = window.clone();
        async move { samples_of(client, scope, acl, window, &rule).await }
    }))
    .await;
    let mut missing = None;
    let mut found = Vec::new();
    for answer in answers {
        match answer {
            Ok(some) => found.extend(some),
            Err(error) => missing = missing.or(Some(error.to_string())),
        }
    }
    found.sort_by_key(|sample| std::cmp::Reverse(sample.at));
    (found, missing)
}

async fn samples_of(
    client: &Client,
    scope: &Scope,
    acl: &WebAcl,
    window: TimeWindow,
    rule: &str,
) -> Result<Vec<SampledRequest>> {
    let answer = client
        .get_sampled_requests()
        .web_acl_arn(acl.arn())
        .rule_metric_name(rule)
        .scope(scope.clone())
        .time_window(window)
        .max_items(SAMPLES)
        .send()
        .await
        .map_err(|e| explain("wafv2:GetSampledRequests", acl.name(), e))?;
    let sampled = answer.sampled_requests().iter();
    Ok(sampled.map(|sample| from_sample(sample, rule)).collect())
}

fn from_sample(sample: &SampledHttpRequest, rule: &str) -> SampledRequest {
    let request = sample.request();
    SampledRequest {
        at: timestamp(sample.timestamp()),
        client_ip: text(request.and_then(|r| r.client_ip())),
        country: text(request.and_then(|r| r.country())),
        method: text(request.and_then(|r| r.method())),
        uri: text(request.and_then(|r| r.uri())),
        action: text(sample.action()),
        rule: rule.to_owned(),
        weight: sample.weight(),
    }
}

fn from_rule(rule: &Rule, capacity: Option<i64>) -> WafRule {
    WafRule {
        name: rule.name().to_owned(),
        priority: rule.priority(),
        action: action(rule.action(), rule.override_action()).to_owned(),
        statement: rule
            .statement()
            .map_or_else(String::new, statement::summary),
        metric_name: metric_name(rule.visibility_config()),
        capacity,
    }
}

fn metric_name(visibility: Option<&VisibilityConfig>) -> String {
    text(visibility.map(VisibilityConfig::metric_name))
}

/// The action of a rule, or of a rule that runs a group.
fn action(own: Option<&RuleAction>, group: Option<&OverrideAction>) -> &'static str {
    match (own, group) {
        (Some(a), _) if a.block().is_some() => "Block",
        (Some(a), _) if a.allow().is_some() => "Allow",
        (Some(a), _) if a.count().is_some() => "Count",
        (Some(a), _) if a.captcha().is_some() => "Captcha",
        (Some(a), _) if a.challenge().is_some() => "Challenge",
        (Some(a), _) if a.monetize().is_some() => "Monetize",
        (_, Some(g)) if g.count().is_some() => "Count (override)",
        (_, Some(g)) if g.none().is_some() => "Use group actions",
        _ => "Unknown",
    }
}

fn default_action(action: Option<&DefaultAction>) -> &'static str {
    match action {
        Some(a) if a.block().is_some() => "Block",
        Some(a) if a.allow().is_some() => "Allow",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::aws::mocked::mocked;
    use aws_sdk_wafv2::{
        operation::{
            describe_managed_rule_group::DescribeManagedRuleGroupOutput,
            get_logging_configuration::GetLoggingConfigurationOutput,
            get_sampled_requests::{GetSampledRequestsError, GetSampledRequestsOutput},
        },
        types::{
            CountAction, HttpRequest, LoggingConfiguration, NoneAction,
            error::WafNonexistentItemException,
        },
    };
    use aws_smithy_mocks::mock;
    use aws_smithy_types::error::ErrorMetadata;

    fn visibility(name: &str) -> VisibilityConfig {
        VisibilityConfig::builder()
            .sampled_requests_enabled(true)
            .cloud_watch_metrics_enabled(true)
            .metric_name(name)
            .build()
            .unwrap()
    }

    fn rule(name: &str, priority: i32) -> Rule {
        let group = ManagedRuleGroupStatement::builder()
            .vendor_name("AWS")
            .name(name)
            .build()
            .unwrap();
        Rule::builder()
            .name(name)
            .priority(priority)
            .visibility_config(visibility(name))
            .statement(
                Statement::builder()
                    .managed_rule_group_statement(group)
                    .build(),
            )
            .override_action(
                OverrideAction::builder()
                    .none(NoneAction::builder().build())
                    .build(),
            )
            .build()
            .unwrap()
    }

    fn acl(rules: Vec<Rule>) -> WebAcl {
        WebAcl::builder()
            .name("edge")
            .id("1a2b")
            .arn("arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1a2b")
            .set_rules(Some(rules))
            .build()
            .unwrap()
    }

    fn sampled(uri: &str, at: i64) -> GetSampledRequestsOutput {
        let request = HttpRequest::builder()
            .client_ip("192.0.2.7")
            .uri(uri)
            .build();
        let sample = SampledHttpRequest::builder()
            .request(request)
            .weight(3)
            .action("BLOCK")
            .timestamp(DateTime::from_secs(at))
            .build();
        GetSampledRequestsOutput::builder()
            .sampled_requests(sample)
            .build()
    }

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[tokio::test]
    async fn samples_of_all_rules_come_newest_first_from_the_last_three_hours() {
        let since = |seconds: i64| now().as_second() - seconds;
        let common = mock!(Client::get_sampled_requests)
            .match_requests(move |input| {
                input.rule_metric_name() == Some("common")
                    && input
                        .time_window()
                        .is_some_and(|w| w.start_time().secs() == since(3 * 3_600))
            })
            .then_output(move || sampled("/wp-login.php", since(600)));
        let default = mock!(Client::get_sampled_requests)
            .match_requests(|input| input.rule_metric_name() == Some("Default_Action"))
            .then_output(move || sampled("/", since(60)));
        let client = mocked!(aws_sdk_wafv2, [&common, &default]);
        let acl = acl(vec![rule("common", 1)]);
        let (found, missing) = samples(&client, &Scope::Cloudfront, &acl, now()).await;
        let seen: Vec<_> = found
            .iter()
            .map(|s| (s.uri.as_str(), s.rule.as_str()))
            .collect();
        assert_eq!(seen, [("/", "Default_Action"), ("/wp-login.php", "common")]);
        assert_eq!((found[0].weight, found[0].action.as_str()), (3, "BLOCK"));
        assert_eq!(missing, None);
    }

    #[tokio::test]
    async fn refused_samples_leave_a_reason_and_no_error() {
        let denied = mock!(Client::get_sampled_requests).then_error(|| {
            let meta = ErrorMetadata::builder()
                .code("AccessDeniedException")
                .message("no");
            GetSampledRequestsError::generic(meta.build())
        });
        let client = mocked!(aws_sdk_wafv2, [&denied]);
        let (found, missing) = samples(&client, &Scope::Regional, &acl(Vec::new()), now()).await;
        assert!(found.is_empty());
        assert_eq!(
            missing.as_deref(),
            Some("wafv2:GetSampledRequests on edge was denied")
        );
    }

    #[tokio::test]
    async fn no_more_than_five_rules_are_sampled_besides_the_default_action() {
        let any = mock!(Client::get_sampled_requests)
            .then_output(|| GetSampledRequestsOutput::builder().build());
        let client = mocked!(aws_sdk_wafv2, [&any]);
        let rules = (0..9).map(|n| rule(&format!("rule-{n}"), n)).collect();
        let _ = samples(&client, &Scope::Regional, &acl(rules), now()).await;
        assert_eq!(any.num_calls(), 6);
    }

    #[tokio::test]
    async fn where_logs_go_is_told_and_a_web_acl_without_a_configuration_writes_none() {
        const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-edge";
        let told = mock!(Client::get_logging_configuration)
            .match_requests(|input| {
                input
                    .resource_arn()
                    .is_some_and(|arn| arn.ends_with("edge/1a2b"))
            })
            .then_output(|| {
                let configuration = LoggingConfiguration::builder()
                    .resource_arn("unused")
                    .log_destination_configs(GROUP)
                    .build()
                    .unwrap();
                GetLoggingConfigurationOutput::builder()
                    .logging_configuration(configuration)
                    .build()
            });
        let none = mock!(Client::get_logging_configuration).then_error(|| {
            let error = WafNonexistentItemException::builder().build();
            GetLoggingConfigurationError::WafNonexistentItemException(error)
        });
        let denied = mock!(Client::get_logging_configuration).then_error(|| {
            let meta = ErrorMetadata::builder().code("AccessDeniedException");
            GetLoggingConfigurationError::generic(meta.build())
        });
        let of = async |rule| logs(&mocked!(aws_sdk_wafv2, [rule]), &acl(Vec::new())).await;
        assert_eq!(of(&told).await.unwrap(), WafLogs::To(GROUP.to_owned()));
        assert_eq!(of(&none).await.unwrap(), WafLogs::Nowhere);
        let error = of(&denied).await.unwrap_err();
        assert!(
            error.message.contains("wafv2:GetLoggingConfiguration"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_capacity_of_a_managed_group_is_what_the_service_tells() {
        let told = mock!(Client::describe_managed_rule_group)
            .match_requests(|input| input.name() == Some("common"))
            .then_output(|| {
                DescribeManagedRuleGroupOutput::builder()
                    .capacity(700)
                    .build()
            });
        let client = mocked!(aws_sdk_wafv2, [&told]);
        let units = capacity(&client, &Scope::Regional, &rule("common", 1)).await;
        assert_eq!(units.unwrap(), Some(700));
    }

    #[test]
    fn a_group_that_only_counts_is_not_shown_as_blocking() {
        let count = OverrideAction::builder().count(CountAction::builder().build());
        assert_eq!(action(None, Some(&count.build())), "Count (override)");
        assert_eq!(
            from_rule(&rule("common", 1), None).action,
            "Use group actions"
        );
    }
}
