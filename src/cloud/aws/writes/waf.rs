//! Writes to WAF. Each takes the whole: what is there is read, one thing of it is changed, and everything else is sent back as it came,
//! with the lock token that tells WAF whether somebody else was faster.

use crate::{
    cloud::{
        CallOutcome,
        aws::{
            client::Clients,
            failure::{explain, without},
            raw::{Answer, replace_body},
            wafv2::place,
        },
        call::{EdgeCall, Listing, RuleMode},
    },
    error::{Error, ErrorKind, Result},
    model::{
        environment::WebAclName,
        ip_set::{IpSetName, Range, noted},
    },
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Fields of a web ACL that are told and not set (AWS WAF API, WebACL against UpdateWebACL).
pub(super) const TOLD: [&str; 7] = [
    "ARN",
    "Capacity",
    "LabelNamespace",
    "ManagedByFirewallManager",
    "RetrofittedByFirewallManager",
    "PreProcessFirewallManagerRuleGroups",
    "PostProcessFirewallManagerRuleGroups",
];

/// Sets what a rule does with what it matches.
pub(super) async fn set_rule(
    clients: &Clients,
    call: &EdgeCall,
    acl: &WebAclName,
    rule: &str,
    to: RuleMode,
) -> Result<CallOutcome> {
    const READ: &str = "wafv2:GetWebACL";
    let (client, scope) = place(clients, acl.scope);
    let answer = Answer::default();
    client
        .get_web_acl()
        .name(&acl.name)
        .id(&acl.id)
        .scope(scope.clone())
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map_err(|e| explain(READ, &acl.name, e))?;
    let answer = answer.bytes().unwrap_or_default();
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|e| without(READ, &acl.name, "a web ACL").source(e))?;
    let body = changed(answer, scope.as_str(), rule, to)?;
    client
        .update_web_acl()
        .name(&acl.name)
        .id(&acl.id)
        .scope(scope)
        .customize()
        .mutate_request(move |request| replace_body(request, &body))
        .send()
        .await
        .map_err(|e| raced(explain(call.action(), &acl.name, e)))?;
    Ok(CallOutcome {
        summary: format!("rule {rule} of {} is set to {}", acl.name, to.word()),
        resource: Some(acl.name.clone()),
        session: None,
    })
}

/// The body of UpdateWebACL that changes one rule of what GetWebACL answered, and nothing else.
fn changed(mut answer: Value, scope: &str, rule: &str, to: RuleMode) -> Result<String> {
    let missing = |what: &str| without("wafv2:GetWebACL", rule, what);
    let token = answer["LockToken"].take();
    let Value::Object(mut acl) = answer["WebACL"].take() else {
        return Err(missing("a web ACL"));
    };
    acl.retain(|field, value| !TOLD.contains(&field.as_str()) && *value != json!(""));
    let rules = acl.get_mut("Rules").and_then(Value::as_array_mut);
    let found = rules.and_then(|rules| rules.iter_mut().find(|r| r["Name"] == rule));
    let found = found.and_then(Value::as_object_mut).ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!("the web ACL has no rule {rule}"),
        )
        .hint("it was there when the plan was made; nothing was changed, plan it again")
    })?;
    set(found, to);
    acl.insert("Scope".to_owned(), json!(scope));
    acl.insert("LockToken".to_owned(), token);
    Ok(Value::Object(acl).to_string())
}

/// A rule that runs a group has an override of the group's actions in place of an action (AWS WAF API, Rule).
fn set(rule: &mut Map<String, Value>, to: RuleMode) {
    let group = rule.get("OverrideAction").is_some_and(|o| !o.is_null());
    let (field, value) = match (group, to) {
        (true, RuleMode::Block) => ("OverrideAction", json!({"None": {}})),
        (true, RuleMode::Count) => ("OverrideAction", json!({"Count": {}})),
        (false, RuleMode::Block) => ("Action", json!({"Block": {}})),
        (false, RuleMode::Count) => ("Action", json!({"Count": {}})),
    };
    rule.insert(field.to_owned(), value);
}

/// Puts a range on an IP set, or takes it off.
pub(super) async fn list(
    clients: &Clients,
    call: &EdgeCall,
    set: &IpSetName,
    (address, listing, until): (&str, Listing, Option<Timestamp>),
) -> Result<CallOutcome> {
    const READ: &str = "wafv2:GetIPSet";
    let (client, scope) = place(clients, set.scope);
    let range: Range = address
        .parse()
        .map_err(|fault: String| Error::new(ErrorKind::Usage, fault).hint("nothing was changed"))?;
    let answer = client
        .get_ip_set()
        .name(&set.name)
        .id(&set.id)
        .scope(scope.clone())
        .send()
        .await
        .map_err(|e| explain(READ, &set.name, e))?;
    let known = answer
        .ip_set()
        .ok_or_else(|| without(READ, &set.name, "an IP set"))?;
    let mut addresses = known.addresses().to_vec();
    addresses.retain(|other| other.parse() != Ok(range));
    if listing == Listing::Listed {
        addresses.push(range.to_string());
    }
    let description = noted(known.description().unwrap_or_default(), range, until);
    client
        .update_ip_set()
        .name(&set.name)
        .id(&set.id)
        .scope(scope)
        .set_description(Some(description).filter(|text| !text.is_empty()))
        .set_addresses(Some(addresses))
        .set_lock_token(answer.lock_token().map(str::to_owned))
        .send()
        .await
        .map_err(|e| raced(explain(call.action(), &set.name, e)))?;
    Ok(CallOutcome {
        summary: match listing {
            Listing::Listed => format!("{range} is on IP set {}", set.name),
            Listing::Unlisted => format!("{range} is off IP set {}", set.name),
        },
        resource: Some(set.name.clone()),
        session: None,
    })
}

/// WAF answers WAFOptimisticLockException where the lock token is not the newest: somebody else changed the resource meanwhile.
fn raced(error: Error) -> Error {
    if error.message.contains("WAFOptimisticLockException") {
        return Error::new(ErrorKind::Conflict, error.message.clone())
            .hint("somebody else changed it at the same moment; nothing was changed, plan it again")
            .source(error);
    }
    error
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    fn answer() -> Value {
        json!({
            "LockToken": "t-1",
            "WebACL": {
                "Name": "edge", "Id": "1a2b", "ARN": "arn:edge", "Capacity": 703, "Description": "",
                "LabelNamespace": "awswaf:1:webacl:edge:", "ManagedByFirewallManager": false,
                "DefaultAction": {"Allow": {}},
                "Rules": [
                    {"Name": "ips", "Priority": 0, "Action": {"Block": {}}, "Newer": [1, {"a": null}],
                     "Statement": {"ByteMatchStatement": {"SearchString": "L3dwLWxvZ2lu"}}},
                    {"Name": "common", "Priority": 1, "OverrideAction": {"None": {}},
                     "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "FieldOfTomorrow": 0.5}}},
                ],
                "VisibilityConfig": {"MetricName": "edge"},
                "TokenDomains": ["example.com"],
                "SettingOfTomorrow": {"On": true},
            },
        })
    }

    #[test]
    fn one_rule_changes_and_everything_else_goes_back_as_it_came() {
        let body = changed(answer(), "CLOUDFRONT", "ips", RuleMode::Count).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let mut expected = answer()["WebACL"].take();
        for field in TOLD.iter().chain(&["Description"]) {
            expected.as_object_mut().unwrap().remove(*field);
        }
        expected["Scope"] = json!("CLOUDFRONT");
        expected["LockToken"] = json!("t-1");
        expected["Rules"][0]["Action"] = json!({"Count": {}});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_group_counts_by_an_override_and_blocks_again_by_its_own_actions() {
        let rule = |to| {
            let body = changed(answer(), "REGIONAL", "common", to).unwrap();
            let mut body: Value = serde_json::from_str(&body).unwrap();
            body["Rules"][1].take()
        };
        assert_eq!(
            rule(RuleMode::Count)["OverrideAction"],
            json!({"Count": {}})
        );
        assert_eq!(rule(RuleMode::Block), answer()["WebACL"]["Rules"][1]);
    }

    #[test]
    fn a_rule_that_is_gone_is_told_and_nothing_is_sent() {
        let error = changed(answer(), "REGIONAL", "gone", RuleMode::Count).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}
