//! The web ACL: which bots are turned away, by which rule, and what the sampler saw.

use super::{
    dice::Dice,
    names,
    traffic::Arrivals,
    world::{Beat, World, moment},
};
use crate::model::edge::{SampledRequest, Waf, WafLogs, WafRule, WafScope};

/// A rule that blocks: its metric name and the chance that a bot's request meets it.
struct Blocking {
    metric: &'static str,
    chance: f64,
    uris: &'static [(&'static str, &'static str)],
}

/// Rules that block, in order of priority.
const BLOCKING: [Blocking; 4] = [
    Blocking {
        metric: "hydren-ip-block",
        chance: 0.18,
        uris: &[
            ("GET", "/"),
            ("GET", "/robots.txt"),
            ("GET", "/api/catalog?page=1"),
        ],
    },
    Blocking {
        metric: "hydren-rate-limit",
        chance: 0.15,
        uris: &[("POST", "/api/login"), ("GET", "/api/catalog?page=92")],
    },
    Blocking {
        metric: "AWSManagedRulesCommonRuleSet",
        chance: 0.52,
        uris: &[
            ("GET", "/wp-login.php"),
            ("GET", "/.env"),
            ("GET", "/api/files?path=../../etc/passwd"),
            ("POST", "/xmlrpc.php"),
            ("GET", "/search?q=<script>alert(1)</script>"),
        ],
    },
    Blocking {
        metric: "AWSManagedRulesSQLiRuleSet",
        chance: 0.2,
        uris: &[
            ("GET", "/api/items?id=1%27%20OR%20%271%27=%271"),
            ("POST", "/api/login"),
        ],
    },
];
/// The rule that only counts.
pub const COUNTING: &str = "AWSManagedRulesKnownBadInputsRuleSet";
/// Number of rules that block.
pub const BLOCKING_RULES: usize = BLOCKING.len();

/// The metric name of blocking rule `index`.
pub const fn metric(index: usize) -> &'static str {
    BLOCKING[index].metric
}

/// What the web ACL did with a step's requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Inspection {
    /// Passed on.
    pub allowed: f64,
    /// Turned away, by rule in order of priority.
    pub blocked: [f64; BLOCKING_RULES],
    /// Counted and passed on.
    pub counted: f64,
}

impl Inspection {
    /// Turned away by any rule.
    pub fn blocked(&self) -> f64 {
        self.blocked.iter().sum()
    }
}

/// The web ACL.
#[derive(Debug, Clone)]
pub struct WebAcl {
    dice: Dice,
}

impl WebAcl {
    /// Puts the web ACL in front of the distribution.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::of(seed, "waf"),
        }
    }

    /// Inspects all requests. Each bot meets the rules in order; what no rule stops goes on.
    pub fn inspect(&mut self, arrivals: &Arrivals) -> Inspection {
        let mut left = arrivals.bots;
        let mut blocked = [0.0; BLOCKING_RULES];
        for (place, rule) in blocked.iter_mut().zip(&BLOCKING) {
            *place = self.dice.split(left, rule.chance);
            left -= *place;
        }
        let allowed = arrivals.total() - blocked.iter().sum::<f64>();
        Inspection {
            allowed,
            blocked,
            counted: self.dice.round(left * 0.4 + arrivals.reads * 0.000_3),
        }
    }
}

/// Client networks of bots, with the country that the sampler names.
const NETWORKS: [(&str, &str); 6] = [
    ("192.0.2.", "NL"),
    ("198.51.100.", "US"),
    ("203.0.113.", "SG"),
    ("192.0.2.", "DE"),
    ("198.51.100.", "BR"),
    ("203.0.113.", "VN"),
];

/// Draws what the sampler kept of a beat: at most two requests a rule, each standing for its share.
fn samples(seed: u64, beat: &Beat, into: &mut Vec<SampledRequest>) {
    let mut dice = Dice::at(seed, "waf samples", beat.at);
    let mut sample = |rule: &str, action: &str, (method, uri): (&str, &str), weight: f64| {
        let (network, country) = *dice.pick(&NETWORKS);
        let back = dice.seconds(0, beat.seconds - 1);
        into.push(SampledRequest {
            at: Some(moment(beat.at - back)),
            client_ip: format!("{network}{}", dice.seconds(2, 250)),
            country: country.to_owned(),
            method: method.to_owned(),
            uri: uri.to_owned(),
            action: action.to_owned(),
            rule: rule.to_owned(),
            weight: weight as i64,
        });
    };
    for (rule, &count) in BLOCKING.iter().zip(&beat.blocked) {
        let kept = f64::from(count).min(2.0);
        for index in 0..kept as usize {
            let uri = rule.uris[(beat.at as usize / 5 + index) % rule.uris.len()];
            sample(rule.metric, "BLOCK", uri, (f64::from(count) / kept).round());
        }
    }
    if beat.counted > 0.0 {
        let uri = ("GET", "/api/export?host=localhost");
        sample(COUNTING, "COUNT", uri, f64::from(beat.counted));
    }
}

/// Reads the tier.
pub fn snapshot(world: &World) -> Waf {
    let rule = |name: &str, priority, action: &str, statement: &str, capacity| WafRule {
        name: name.to_owned(),
        priority,
        action: action.to_owned(),
        statement: statement.to_owned(),
        metric_name: name.to_owned(),
        capacity: Some(capacity),
    };
    let group = |name: &str| format!("managed AWS/{name}");
    let mut sampled = Vec::new();
    for beat in world.beats.iter().rev() {
        // The service keeps samples of the last three hours and returns at most 500.
        if sampled.len() >= 100 || beat.at < world.at - 10_800 {
            break;
        }
        samples(world.seed, beat, &mut sampled);
    }
    sampled.sort_by_key(|sample| std::cmp::Reverse(sample.at));
    sampled.truncate(100);
    Waf {
        name: names::WEB_ACL.to_owned(),
        id: names::WEB_ACL_ID.to_owned(),
        arn: names::WEB_ACL_ARN.to_owned(),
        scope: WafScope::CloudFront,
        default_action: "Allow".to_owned(),
        capacity: 1_103,
        metric_name: names::WEB_ACL.to_owned(),
        rules: vec![
            rule(
                "hydren-ip-block",
                0,
                "Block",
                "IP set hydren-blocked (38 addresses)",
                1,
            ),
            rule("hydren-rate-limit", 1, "Block", "rate 2000/5 min per IP", 2),
            rule(
                BLOCKING[2].metric,
                2,
                "Use group actions",
                &group(BLOCKING[2].metric),
                700,
            ),
            rule(
                BLOCKING[3].metric,
                3,
                "Use group actions",
                &group(BLOCKING[3].metric),
                200,
            ),
            rule(COUNTING, 4, "Count (override)", &group(COUNTING), 200),
        ],
        protects: vec![names::DISTRIBUTION_ARN.to_owned()],
        logs: WafLogs::To("arn:aws:s3:::aws-waf-logs-hydren".to_owned()),
        samples: sampled,
        samples_error: None,
        gaps: Vec::new(),
    }
}
