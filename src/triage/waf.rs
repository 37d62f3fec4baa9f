//! WAF: whether it blocks far more than usual.

use super::{
    Part, Raised, Rule, Scene,
    scene::{counted, fact},
};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        finding::Figure,
        metric::{Metric, Unit},
    },
};
use std::collections::BTreeMap;

pub(super) const PART: Part = Part {
    tier: Tier::Waf,
    rules: &[Rule {
        name: "waf-blocked-surge",
        check: surge,
    }],
    figures,
    judged_by: &DECIDED,
    calm,
};

/// Everything that WAF decided on.
const DECIDED: [Metric; 2] = [Metric::WafAllowed, Metric::WafBlocked];
/// Percent blocked below which nothing is said. AWS recommends no alarm on WAF: this number and the next two are ours.
const SURGE_SHARE: f64 = 5.0;
/// Times the usual share that make a surge.
const SURGE_FACTOR: f64 = 3.0;
/// Blocked requests in the judged periods below which a share says little.
const SURGE_COUNT: f64 = 50.0;

/// Blocked requests have become a much greater share than is usual in the window: an attack, or a rule that refuses real users.
fn surge(scene: &Scene<'_>) -> Vec<Raised> {
    let blocked = scene.share(Metric::WafBlocked, &DECIDED);
    let usual = scene
        .usual_share(Metric::WafBlocked, &DECIDED)
        .unwrap_or(0.0);
    let above = SURGE_SHARE.max(usual * SURGE_FACTOR);
    if blocked.part < SURGE_COUNT || !blocked.recent.most(|v| v >= above) {
        return Vec::new();
    }
    let share = format::value(blocked.percent(), Unit::Percent);
    vec![
        Raised::new(
            Health::Warning,
            scene.seen.waf().map_or("web ACL", |waf| &waf.name),
            format!("{share} blocked"),
            format!("WAF blocks {share} of requests"),
        )
        .because([
            format!("usual in this window: {}", format::value(usual, Unit::Percent)),
            format!(
                "{} of {} requests in the newest minutes",
                format::compact(blocked.part),
                format::compact(blocked.whole)
            ),
        ])
        .because(top_rule(scene))
        .advise("read the sampled requests: one address or country is an attack; one form or upload of real users is a rule to set to Count"),
    ]
}

/// The rule that blocked most of what was sampled.
fn top_rule(scene: &Scene<'_>) -> Option<String> {
    let waf = scene.seen.waf()?;
    let mut by_rule: BTreeMap<&str, i64> = BTreeMap::new();
    for sample in waf.samples.iter().filter(|s| s.action == "BLOCK") {
        *by_rule.entry(&sample.rule).or_default() += sample.weight.max(1);
    }
    let total: i64 = by_rule.values().sum();
    by_rule
        .into_iter()
        .max_by_key(|&(_, weight)| weight)
        .map(|(rule, weight)| format!("most sampled blocks come from {rule} ({weight} of {total})"))
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let waf = scene.seen.waf();
    let allowed = scene.rate("allowed_per_minute", "allowed/min", Metric::WafAllowed);
    let blocked = scene.share(Metric::WafBlocked, &DECIDED).percent();
    let mut share = fact("blocked_share", "blocked", Unit::Percent, blocked);
    if blocked.is_none() && allowed.missing.is_some() {
        share.missing.clone_from(&allowed.missing);
    }
    #[allow(clippy::cast_precision_loss, reason = "some thousand units at most")]
    let capacity = waf.map(|w| w.capacity as f64);
    vec![
        allowed,
        scene.rate("blocked_per_minute", "blocked/min", Metric::WafBlocked),
        scene.rate("counted_per_minute", "counted/min", Metric::WafCounted),
        share,
        counted("rules", "rules", waf.map(|w| w.rules.len())),
        fact("capacity_units", "WCU", Unit::Gauge, capacity),
    ]
}

fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let waf = scene.seen.waf()?;
    let blocked = scene.share(Metric::WafBlocked, &DECIDED).percent();
    let text = blocked.map_or_else(
        || format::count(waf.rules.len(), "rule"),
        |share| format!("{} blocked", format::value(share, Unit::Percent)),
    );
    Some(Verdict::new(Health::Ok, text))
}
