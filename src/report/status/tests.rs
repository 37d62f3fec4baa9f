use super::*;
use crate::{
    cloud::sim,
    error::Error,
    model::{
        Verdict,
        edge::Dns,
        finding::Figure,
        identity::Identity,
        metric::{Metrics, Window},
    },
    observe::Unread,
    triage::TierReport,
};
use std::{collections::BTreeMap, sync::Arc};

fn figure(name: &'static str, label: &'static str, value: Option<f64>) -> Figure {
    Figure {
        name,
        label,
        value,
        unit: Unit::Percent,
        missing: value.is_none().then(|| "no data".to_owned()),
    }
}

/// A backend that fails, a balancer that must not be read, a database that AWS does not know, and a DNS name that is hostile.
fn print(output: Output) -> String {
    let now = Timestamp::UNIX_EPOCH;
    let mut environment = sim::environment();
    environment.name = "prod".to_owned();
    environment.resources.repositories.clear();
    let mut seen = Observations::default();
    seen.identity.settle(
        Ok(Identity {
            region: "eu-west-1".into(),
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/ops".to_owned(),
            expires_at: None,
        }),
        now,
    );
    let dns = Dns {
        gaps: vec!["evil\u{202e}.example".to_owned()],
        ..Dns::default()
    };
    seen.tier_mut(Tier::Route53)
        .settle(Ok(Snapshot::Dns(Arc::new(dns))), now);
    let denied = || {
        let action = "ecs:DescribeServices".to_owned();
        Error::new(
            ErrorKind::Denied { action },
            "ecs:DescribeServices on hydren is denied",
        )
        .hint("grant it")
    };
    for tier in [Tier::Alb, Tier::Network] {
        seen.tier_mut(tier).settle(Err(denied()), now);
    }
    let absent = |what| Err(Error::new(ErrorKind::NotFound, what));
    seen.tier_mut(Tier::Rds)
        .settle(absent("database hydren-db does not exist"), now);
    seen.tier_mut(Tier::Images)
        .settle(absent("no image repository is configured"), now);
    let metrics = Metrics {
        window: Window::last(now, 3_600),
        series: BTreeMap::new(),
        messages: vec!["eu-west-1: CloudWatch gave only a part of AWS/ECS CPUUtilization".into()],
    };
    seen.metrics.settle(Ok(metrics.into()), now);
    let verdict = |tier| match tier {
        Tier::Route53 => Verdict::new(Health::Ok, "resolves"),
        Tier::Ecs => Verdict::new(Health::Critical, "0/2 running"),
        _ => Verdict::new(Health::Unknown, "denied"),
    };
    let assessment = Assessment {
        tiers: Tier::ALL
            .map(|tier| TierReport {
                tier,
                verdict: verdict(tier),
                figures: match tier {
                    Tier::Ecs => vec![
                        figure("cpu", "cpu", Some(92.4)),
                        figure("memory", "memory", None),
                    ],
                    _ => Vec::new(),
                },
                unread: (tier == Tier::Ecs).then_some(Unread::Incomplete),
            })
            .into(),
        findings: vec![Finding {
            rule: "ecs-below-desired",
            tier: Some(Tier::Ecs),
            severity: Health::Critical,
            subject: "backend".to_owned(),
            title: "backend runs 0 of 2 tasks".to_owned(),
            evidence: vec!["task 9f2c: \u{1b}[2J*KeyError*: 'DATABASE_URL'".to_owned()],
            advice: Some("roll back to revision 41".to_owned()),
        }],
        health: Health::Critical,
    };
    let status = Status {
        environment: &environment,
        seen: &seen,
        assessment: &assessment,
        now,
        api: Tally {
            requests: 9,
            units: 40,
            usd: 0.1 + 0.2,
        },
    };
    status.print(output).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_table_says_what_is_wrong_and_what_was_not_read() {
    insta::assert_snapshot!(print(Output::Table));
}

#[test]
fn markdown_says_the_same_and_escapes_what_it_quotes() {
    insta::assert_snapshot!(print(Output::Markdown));
}

#[test]
fn json_says_it_in_fields() {
    let text = print(Output::Json);
    assert!(text.contains("evil\\u202e.example"), "{text}");
    let status: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    assert_eq!(status["account"], "123456789012");
    assert_eq!(status["api"]["cost_usd"], 0.3);
    let tier = |tier: Tier| &status["tiers"][tier.index()];
    assert_eq!(tier(Tier::Alb)["error"]["kind"], "denied");
    assert_eq!(tier(Tier::Alb)["age_seconds"], serde_json::Value::Null);
    assert_eq!(tier(Tier::Route53)["age_seconds"], 0);
    assert_eq!(tier(Tier::Route53)["error"], serde_json::Value::Null);
    let unjudged = tier(Tier::Ecs)["error"]["message"].as_str();
    assert!(
        unjudged.is_some_and(|m| m.contains("only a part of AWS/ECS CPUUtilization")),
        "{unjudged:?}"
    );
    let memory = &tier(Tier::Ecs)["metrics"]["memory"];
    assert_eq!(
        *memory,
        serde_json::json!({"value": null, "unit": "percent", "missing": "no data"})
    );
}
