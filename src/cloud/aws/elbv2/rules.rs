//! Listener rules, put into the few words in which people say them.

use super::{every, text, word};
use crate::{
    error::Result,
    model::balancer::{ListenerRule, arn_suffix},
};
use aws_sdk_elasticloadbalancingv2::{Client, types};

/// Reads a listener's rules, by priority, the default rule last.
///
/// # Errors
/// What AWS answered.
pub(super) async fn read(elb: &Client, listener: &str) -> Result<Vec<ListenerRule>> {
    let pages = elb
        .describe_rules()
        .listener_arn(listener)
        .into_paginator()
        .items()
        .send();
    let found: Vec<types::Rule> = every(
        pages,
        "elasticloadbalancing:DescribeRules",
        arn_suffix(listener),
    )
    .await?;
    let mut rules: Vec<ListenerRule> = found.iter().map(rule).collect();
    rules.sort_by_key(|rule| rule.priority.parse().unwrap_or(u32::MAX));
    Ok(rules)
}

fn rule(found: &types::Rule) -> ListenerRule {
    ListenerRule {
        priority: text(found.priority()),
        conditions: found.conditions().iter().map(condition).collect(),
        actions: found.actions().iter().map(action).collect(),
        forwards_to: found.actions().iter().flat_map(forwards_to).collect(),
    }
}

/// What stands for a value that may be a secret.
const WITHHELD: &str = "(value withheld)";

/// `path /api/*`; several values are alternatives.
fn condition(found: &types::RuleCondition) -> String {
    let field = match found.field().unwrap_or_default() {
        "path-pattern" => "path".to_owned(),
        "host-header" => "host".to_owned(),
        "http-request-method" => "method".to_owned(),
        "query-string" => "query".to_owned(),
        "source-ip" => "source".to_owned(),
        "http-header" => {
            let header = found
                .http_header_config()
                .and_then(|c| c.http_header_name());
            format!("header {}", text(header))
        }
        other => other.to_owned(),
    };
    format!("{field} {}", values(found).join(" or "))
}

/// AWS puts the values into the field's own configuration, and into `Values` too for hosts and paths without regular expressions.
fn values(found: &types::RuleCondition) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    if let Some(config) = found.path_pattern_config() {
        values.extend_from_slice(config.values());
        values.extend(config.regex_values().iter().map(|v| format!("~{v}")));
    }
    if let Some(config) = found.host_header_config() {
        values.extend_from_slice(config.values());
        values.extend(config.regex_values().iter().map(|v| format!("~{v}")));
    }
    if found.http_header_config().is_some() {
        // The value of a header is often the secret that CloudFront shares with the balancer.
        values.push(WITHHELD.to_owned());
    }
    if let Some(config) = found.http_request_method_config() {
        values.extend_from_slice(config.values());
    }
    if let Some(config) = found.source_ip_config() {
        values.extend_from_slice(config.values());
    }
    if let Some(config) = found.query_string_config() {
        values.extend(config.values().iter().map(|pair| match pair.key() {
            Some(key) => format!("{key}={}", text(pair.value())),
            None => text(pair.value()),
        }));
    }
    if values.is_empty() {
        values.extend_from_slice(found.values());
    }
    values
}

/// `forward backend`, `forward blue 90, green 10`, `redirect HTTPS:443`, `fixed 404`.
fn action(found: &types::Action) -> String {
    match found.r#type() {
        Some(types::ActionTypeEnum::Forward) => {
            let groups = forwards_to(found);
            let shown: Vec<String> = groups
                .iter()
                .map(|(arn, weight)| match groups.len() {
                    1 => group_name(arn).to_owned(),
                    _ => format!("{} {weight}", group_name(arn)),
                })
                .collect();
            format!("forward {}", shown.join(", "))
        }
        Some(types::ActionTypeEnum::Redirect) => {
            found.redirect_config().map_or_else(String::new, redirect)
        }
        Some(types::ActionTypeEnum::FixedResponse) => {
            let code = found.fixed_response_config().and_then(|c| c.status_code());
            format!("fixed {}", text(code))
        }
        other => word(other),
    }
}

/// Names only what the redirect changes: `#{host}` and its like stand for the request's own part.
fn redirect(config: &types::RedirectActionConfig) -> String {
    let changed = |part: Option<&str>, same: &str| part.filter(|p| *p != same).map(str::to_owned);
    let protocol = changed(config.protocol(), "#{protocol}");
    let host = changed(config.host(), "#{host}");
    let port = changed(config.port(), "#{port}");
    let path = changed(config.path(), "/#{path}");
    let target = [protocol, host, port]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(":");
    format!("redirect {target}{}", path.unwrap_or_default())
}

/// Target groups and weights; AWS repeats a single group beside the forward configuration.
fn forwards_to(found: &types::Action) -> Vec<(String, i32)> {
    let weighted = found
        .forward_config()
        .map(types::ForwardActionConfig::target_groups);
    match (weighted, found.target_group_arn()) {
        (Some(groups), _) if !groups.is_empty() => groups
            .iter()
            .map(|g| (text(g.target_group_arn()), g.weight().unwrap_or(1)))
            .collect(),
        (_, Some(arn)) => vec![(arn.to_owned(), 1)],
        _ => Vec::new(),
    }
}

/// The name inside a target group's ARN.
fn group_name(arn: &str) -> &str {
    arn_suffix(arn).split('/').nth(1).unwrap_or(arn)
}
