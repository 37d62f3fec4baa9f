//! The web ACL: which bots are turned away, by which rule, and what the sampler saw.

use super::{
    dice::Dice,
    names,
    traffic::Arrivals,
    world::{Beat, World, moment},
};
use crate::{
    cloud::{
        CallOutcome,
        call::{EdgeCall, Listing, RuleMode},
    },
    error::{Error, ErrorKind, Result},
    format,
    model::{
        edge::{SampledRequest, Waf, WafLogs, WafRule, WafScope},
        ip_set::{IpSet, IpSetName, Range, noted},
    },
};

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
/// Number of rules that can block, the counting one included: it is the last.
pub const BLOCKING_RULES: usize = BLOCKING.len() + 1;

/// The metric name of blocking rule `index`.
pub const fn metric(index: usize) -> &'static str {
    if index < BLOCKING.len() {
        BLOCKING[index].metric
    } else {
        COUNTING
    }
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
    /// What each rule does, the counting one last.
    modes: [RuleMode; BLOCKING_RULES],
    /// Addresses that are let in, and that are refused.
    sets: [IpSet; 2],
}

/// The rule that lets addresses in before any other looks at them.
const ALLOWING: &str = "hydren-ip-allow";

fn set(name: &str, id: &str, rule: &str, addresses: Vec<String>) -> IpSet {
    IpSet {
        name: IpSetName {
            name: name.to_owned(),
            id: id.to_owned(),
            scope: WafScope::CloudFront,
        },
        rule: rule.to_owned(),
        version: "IPV4".to_owned(),
        addresses,
        description: String::new(),
    }
}

/// Addresses that are blocked from the beginning, all of bots.
const BLOCKED: std::ops::Range<u8> = 2..40;

/// Share of the bots' networks that a set covers. Bots come from all of their addresses alike.
fn covered(set: &IpSet) -> f64 {
    let networks = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"];
    let networks = networks.iter().filter_map(|n| n.parse::<Range>().ok());
    let ranges = || set.addresses.iter().filter_map(|a| a.parse::<Range>().ok());
    let share = networks.map(|network| {
        let within = |range: Range| {
            if range.contains(network) {
                network.size()
            } else if network.contains(range) {
                range.size()
            } else {
                0.0
            }
        };
        ranges().map(within).sum::<f64>().min(network.size())
    });
    share.sum::<f64>() / (3.0 * 256.0)
}

impl WebAcl {
    /// Puts the web ACL in front of the distribution.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::of(seed, "waf"),
            modes: [
                RuleMode::Block,
                RuleMode::Block,
                RuleMode::Block,
                RuleMode::Block,
                RuleMode::Count,
            ],
            sets: [
                set(
                    "hydren-allowed",
                    "b81c4f02-6d1e-4f7a-9a0b-3e5d7c912f44",
                    ALLOWING,
                    Vec::new(),
                ),
                set(
                    "hydren-blocked",
                    "5d2f9a37-c04b-4e86-8f13-90ab6e7d1c58",
                    BLOCKING[0].metric,
                    BLOCKED.map(|n| format!("203.0.113.{n}/32")).collect(),
                ),
            ],
        }
    }

    /// The chance that a bot's request meets rule `index`. Of the first rule, it follows the addresses on its set.
    fn chance(&self, index: usize) -> f64 {
        let chance = BLOCKING[index].chance;
        if index > 0 {
            return chance;
        }
        let beginning = f64::from(BLOCKED.end - BLOCKED.start) / (3.0 * 256.0);
        let now = covered(&self.sets[1]);
        if now >= beginning {
            chance + (1.0 - chance) * (now - beginning) / (1.0 - beginning)
        } else {
            chance * now / beginning
        }
    }

    /// Acts as WAF would on the call; `None` for one that is not its.
    pub fn execute(&mut self, call: &EdgeCall) -> Option<Result<CallOutcome>> {
        let missing = |what: &str, name: &str| {
            Error::new(ErrorKind::NotFound, format!("there is no {what} {name}"))
                .hint("it may be gone since it was read; read again")
        };
        match call {
            EdgeCall::SetRule { web_acl, rule, to } => {
                let index = (0..BLOCKING_RULES).find(|index| metric(*index) == rule);
                let Some(mode) = index.and_then(|index| self.modes.get_mut(index)) else {
                    return Some(Err(missing("rule", rule)));
                };
                *mode = *to;
                Some(Ok(CallOutcome {
                    summary: format!("rule {rule} of {} is set to {}", web_acl.name, to.word()),
                    resource: Some(web_acl.name.clone()),
                    session: None,
                }))
            }
            EdgeCall::ListAddress {
                set,
                address,
                listing,
                until,
            } => {
                let known = self.sets.iter_mut().find(|known| known.name == *set);
                let (Some(known), Ok(range)) = (known, address.parse::<Range>()) else {
                    return Some(Err(missing("IP set", &set.name)));
                };
                known.addresses.retain(|other| other.parse() != Ok(range));
                if *listing == Listing::Listed {
                    known.addresses.push(range.to_string());
                }
                known.description = noted(&known.description, range, *until);
                Some(Ok(CallOutcome {
                    summary: format!(
                        "{range} is {} on {}",
                        if *listing == Listing::Listed {
                            "now"
                        } else {
                            "no longer"
                        },
                        set.name
                    ),
                    resource: Some(set.name.clone()),
                    session: None,
                }))
            }
            EdgeCall::InvalidatePaths { .. } | EdgeCall::SwitchAlarm { .. } => None,
        }
    }

    /// Inspects all requests. Each bot meets the rules in order; what no rule stops goes on.
    pub fn inspect(&mut self, arrivals: &Arrivals) -> Inspection {
        let mut left = arrivals.bots;
        let let_in = covered(&self.sets[0]);
        if let_in > 0.0 {
            left -= self.dice.split(left, let_in);
        }
        let mut blocked = [0.0; BLOCKING_RULES];
        let mut counted = 0.0;
        let places = blocked.iter_mut().enumerate().take(BLOCKING.len());
        for (index, place) in places {
            let met = self.dice.split(left, self.chance(index));
            if self.modes[index] == RuleMode::Block {
                *place = met;
                left -= met;
            } else {
                counted += met;
            }
        }
        let last = BLOCKING_RULES - 1;
        if self.modes[last] == RuleMode::Block {
            blocked[last] = self.dice.round(left * 0.4).min(left);
        } else {
            counted += self.dice.round(left * 0.4 + arrivals.reads * 0.000_3);
        }
        Inspection {
            allowed: arrivals.total() - blocked.iter().sum::<f64>(),
            blocked,
            counted,
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
        capacity: 1_104,
        metric_name: names::WEB_ACL.to_owned(),
        rules: rules(&world.waf),
        ip_sets: world.waf.sets.to_vec(),
        protects: vec![names::DISTRIBUTION_ARN.to_owned()],
        logs: WafLogs::To("arn:aws:s3:::aws-waf-logs-hydren".to_owned()),
        samples: sampled,
        samples_error: None,
        gaps: Vec::new(),
    }
}

fn rules(acl: &WebAcl) -> Vec<WafRule> {
    let rule = |priority, name: &str, action: &str, statement: String, capacity| WafRule {
        name: name.to_owned(),
        priority,
        action: action.to_owned(),
        statement,
        metric_name: name.to_owned(),
        capacity: Some(capacity),
    };
    let own = |index: usize| match acl.modes[index] {
        RuleMode::Block => "Block",
        RuleMode::Count => "Count",
    };
    let group = |index: usize| match acl.modes[index] {
        RuleMode::Block => "Use group actions",
        RuleMode::Count => "Count (override)",
    };
    let managed = |index: usize| format!("managed AWS/{}", metric(index));
    let addresses = |set: &IpSet| {
        let count = format::count(set.addresses.len(), "range");
        format!("IP set {} ({count})", set.name.name)
    };
    vec![
        rule(0, ALLOWING, "Allow", addresses(&acl.sets[0]), 1),
        rule(1, metric(0), own(0), addresses(&acl.sets[1]), 1),
        rule(2, metric(1), own(1), "rate 2000/5 min per IP".to_owned(), 2),
        rule(3, metric(2), group(2), managed(2), 700),
        rule(4, metric(3), group(3), managed(3), 200),
        rule(5, metric(4), group(4), managed(4), 200),
    ]
}
