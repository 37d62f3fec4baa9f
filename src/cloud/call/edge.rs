//! Writes to CloudFront, WAF and CloudWatch's alarms.

use crate::model::{edge::WafScope, environment::WebAclName, ip_set::IpSetName};
use jiff::Timestamp;
use serde::Serialize;

/// A write in front of the application, or to what watches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum EdgeCall {
    /// Drops cached copies (`cloudfront:CreateInvalidation`).
    InvalidatePaths {
        /// Distribution id.
        distribution: String,
        /// Paths, each from the first slash on.
        paths: Vec<String>,
        /// The caller reference: CloudFront makes one invalidation of a reference, however often it is asked.
        reference: String,
    },
    /// Sets what a rule does with what it matches (`wafv2:UpdateWebACL`); everything else of the web ACL stays.
    SetRule {
        /// Web ACL.
        web_acl: WebAclName,
        /// Rule.
        rule: String,
        /// What.
        to: RuleMode,
    },
    /// Puts a range of addresses on an IP set, or takes it off (`wafv2:UpdateIPSet`); the others stay.
    ListAddress {
        /// IP set.
        set: IpSetName,
        /// Range.
        address: String,
        /// On or off.
        listing: Listing,
        /// Until when it is meant to stay, noted in the set's description.
        until: Option<Timestamp>,
    },
    /// Switches an alarm's actions (`cloudwatch:EnableAlarmActions`, `cloudwatch:DisableAlarmActions`).
    SwitchAlarm {
        /// Alarm name.
        alarm: String,
        /// Region that it lives in.
        region: String,
        /// On or off.
        to: Switch,
    },
}

/// What a rule does with what it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleMode {
    /// It refuses it; a rule group does what its rules say.
    Block,
    /// It counts it and lets it pass on.
    Count,
}

impl RuleMode {
    /// The mode of a rule's action as the model has it; `None` for one that is neither: allow, CAPTCHA, challenge.
    #[must_use]
    pub fn of(action: &str) -> Option<Self> {
        match action {
            "Block" | "Use group actions" => Some(Self::Block),
            "Count" | "Count (override)" => Some(Self::Count),
            _ => None,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Block => Self::Count,
            Self::Count => Self::Block,
        }
    }

    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Count => "count",
        }
    }
}

/// Whether a range is on an IP set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Listing {
    /// It is.
    Listed,
    /// It is not.
    Unlisted,
}

/// Whether an alarm acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It acts when it changes its state.
    Enabled,
    /// It changes its state and does nothing else.
    Disabled,
}

impl Switch {
    /// The switch of an alarm whose actions are enabled or not.
    #[must_use]
    pub const fn of(enabled: bool) -> Self {
        if enabled {
            Self::Enabled
        } else {
            Self::Disabled
        }
    }

    /// The other way.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Enabled => Self::Disabled,
            Self::Disabled => Self::Enabled,
        }
    }

    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl EdgeCall {
    /// The IAM action it needs.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::InvalidatePaths { .. } => "cloudfront:CreateInvalidation",
            Self::SetRule { .. } => "wafv2:UpdateWebACL",
            Self::ListAddress { .. } => "wafv2:UpdateIPSet",
            Self::SwitchAlarm {
                to: Switch::Enabled,
                ..
            } => "cloudwatch:EnableAlarmActions",
            Self::SwitchAlarm {
                to: Switch::Disabled,
                ..
            } => "cloudwatch:DisableAlarmActions",
        }
    }

    /// The name of the resource that it changes.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self {
            Self::InvalidatePaths { distribution, .. } => distribution,
            Self::SetRule { rule, .. } => rule,
            Self::ListAddress { set, .. } => &set.name,
            Self::SwitchAlarm { alarm, .. } => alarm,
        }
    }

    /// The equivalent commands, as words; each takes what the one before prints.
    #[must_use]
    pub fn pipe(&self) -> Vec<Vec<String>> {
        let single = match self {
            Self::InvalidatePaths {
                distribution,
                paths,
                reference,
            } => {
                let batch = serde_json::json!({
                    "Paths": {"Quantity": paths.len(), "Items": paths},
                    "CallerReference": reference,
                });
                return vec![words(&[
                    "aws",
                    "cloudfront",
                    "create-invalidation",
                    "--distribution-id",
                    distribution,
                    "--invalidation-batch",
                    &batch.to_string(),
                ])];
            }
            Self::SetRule { web_acl, rule, to } => {
                let filter = rule_filter(web_acl.scope, rule, *to);
                return waf_pipe(
                    "web-acl",
                    (&web_acl.name, &web_acl.id, web_acl.scope),
                    &filter,
                );
            }
            Self::ListAddress {
                set,
                address,
                listing,
                until,
            } => {
                let filter = set_filter(set.scope, address, *listing, *until);
                return waf_pipe("ip-set", (&set.name, &set.id, set.scope), &filter);
            }
            Self::SwitchAlarm { alarm, region, to } => [
                "aws",
                "cloudwatch",
                match to {
                    Switch::Enabled => "enable-alarm-actions",
                    Switch::Disabled => "disable-alarm-actions",
                },
                "--alarm-names",
                alarm,
                "--region",
                region,
            ],
        };
        vec![words(&single)]
    }
}

const fn scope_word(scope: WafScope) -> &'static str {
    match scope {
        WafScope::CloudFront => "CLOUDFRONT",
        WafScope::Regional => "REGIONAL",
    }
}

/// Reads a thing of WAF, changes it with `filter`, a program of jq, and sends it back.
fn waf_pipe(
    kind: &str,
    (name, id, scope): (&str, &str, WafScope),
    filter: &str,
) -> Vec<Vec<String>> {
    let region: &[&str] = match scope {
        WafScope::CloudFront => &["--region", "us-east-1"],
        WafScope::Regional => &[],
    };
    let (get, update) = (format!("get-{kind}"), format!("update-{kind}"));
    let read = [
        "aws",
        "wafv2",
        &get,
        "--name",
        name,
        "--id",
        id,
        "--scope",
        scope_word(scope),
    ];
    let write = [
        "aws",
        "wafv2",
        &update,
        "--cli-input-json",
        "file:///dev/stdin",
    ];
    vec![
        words(&[&read, region].concat()),
        words(&["jq", filter]),
        words(&[&write, region].concat()),
    ]
}

fn rule_filter(scope: WafScope, rule: &str, to: RuleMode) -> String {
    let (own, group) = match to {
        RuleMode::Block => ("Block", "None"),
        RuleMode::Count => ("Count", "Count"),
    };
    format!(
        ".LockToken as $t | .WebACL | del(.ARN, .Capacity, .LabelNamespace, .ManagedByFirewallManager, \
         .RetrofittedByFirewallManager, .PreProcessFirewallManagerRuleGroups, .PostProcessFirewallManagerRuleGroups) \
         | (.Rules[] | select(.Name == {})) |= if .OverrideAction then .OverrideAction = {{{group}: {{}}}} else \
         .Action = {{{own}: {{}}}} end | . + {{Scope: \"{}\", LockToken: $t}}",
        serde_json::json!(rule),
        scope_word(scope)
    )
}

fn set_filter(
    scope: WafScope,
    address: &str,
    listing: Listing,
    until: Option<Timestamp>,
) -> String {
    let note = until.map(|at| format!("{address}@{}", at.strftime("%Y-%m-%dT%H:%MZ")));
    let notes: Vec<String> = note.into_iter().collect();
    let (mark, notes) = (
        serde_json::json!(format!("{address}@")),
        serde_json::json!(notes),
    );
    let address = serde_json::json!([address]);
    let addresses = match listing {
        Listing::Listed => format!("((.Addresses - {address}) + {address})"),
        Listing::Unlisted => format!("(.Addresses - {address})"),
    };
    format!(
        ".LockToken as $t | .IPSet | {{Name, Id, Description: ((.Description // \"\" | split(\" \") \
         | map(select(startswith({mark}) | not))) + {notes} | join(\" \")), Addresses: {addresses}}} \
         | del(.[] | select(. == \"\")) | . + {{Scope: \"{}\", LockToken: $t}}",
        scope_word(scope)
    )
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
