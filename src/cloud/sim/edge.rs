//! Route 53 and CloudFront: resolvers' queries, the cache, and the two tiers' snapshots.

use super::{
    dice::{Dice, Drift},
    names,
    traffic::Arrivals,
    waf::Inspection,
    world::{EPOCH, World, moment},
};
use crate::{
    cloud::{CallOutcome, call::EdgeCall},
    error::{Error, ErrorKind, Result},
    model::{
        edge::{
            AdditionalMetrics, Behaviour, Cdn, Certificate, Dns, DnsRecord, Health3, HealthCheck,
            HostedZone, Invalidation, Origin, RecordTarget, ZoneVisibility,
        },
        state::{CertificateStatus, DistributionStatus, InvalidationStatus},
    },
};

/// Where the requests that WAF allowed went. Whole numbers; `hits + to_frontend + for_backend()` is exactly what was allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Routed {
    /// All viewer requests, blocked ones included.
    pub requests: f64,
    /// Answered from the cache.
    pub hits: f64,
    /// Requests that could have been hits: `GET`s of visitors.
    pub cacheable: f64,
    /// Static misses, and bots that no rule stopped.
    pub to_frontend: f64,
    /// The part of `to_frontend` that asks for what does not exist.
    pub strays: f64,
    /// Missed API reads.
    pub reads: f64,
    /// API writes.
    pub writes: f64,
    /// Parts of bulk uploads.
    pub uploads: f64,
    /// Queries that resolvers sent to Route 53.
    pub dns_queries: f64,
}

impl Routed {
    /// Requests for the backend.
    pub fn for_backend(&self) -> f64 {
        self.reads + self.writes + self.uploads
    }
}

/// The distribution's caches.
#[derive(Debug, Clone)]
pub struct Edge {
    dice: Dice,
    freshness: Drift,
    /// Newest first.
    invalidated: Vec<Invalidated>,
}

/// An invalidation that somebody asked for.
#[derive(Debug, Clone)]
struct Invalidated {
    at: i64,
    reference: String,
    paths: Vec<String>,
    /// What of the cache is to be fetched again: 1 is all of it.
    share: f64,
}

/// Seconds until an invalidation has reached every edge.
const SPREAD: i64 = 45;
/// Seconds in which viewers fill again what was dropped: the popular part of it within a minute, the rest as it is asked for.
const REFILL: f64 = 120.0;

impl Edge {
    /// Opens the distribution with warm caches.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::of(seed, "edge"),
            freshness: Drift::new(0.03, 600.0),
            invalidated: Vec::new(),
        }
    }

    /// How much of the cache is there: what was dropped is fetched again as viewers ask for it.
    fn filled(&self, now: i64) -> f64 {
        let missing = self.invalidated.iter().map(|i| {
            let age = (now - i.at) as f64;
            i.share * (-age / REFILL).exp()
        });
        (1.0 - missing.sum::<f64>()).max(0.0)
    }

    /// Drops copies. A reference that was seen before makes no second invalidation.
    fn invalidate(&mut self, paths: &[String], reference: &str, now: i64) -> String {
        if !self.invalidated.iter().any(|i| i.reference == reference) {
            let share = |path: &String| match path.as_str() {
                "/*" => 1.0,
                path if path.ends_with('*') => 0.3,
                _ => 0.02,
            };
            self.invalidated.insert(
                0,
                Invalidated {
                    at: now,
                    reference: reference.to_owned(),
                    paths: paths.to_vec(),
                    share: paths.iter().map(share).sum::<f64>().min(1.0),
                },
            );
        }
        invalidation_id(reference)
    }

    /// Answers from the cache what it can and routes the rest. Static files almost always hit; API reads hit the better, the more of
    /// them arrive within the seconds that the edge keeps an answer.
    pub fn route(
        &mut self,
        arrivals: &Arrivals,
        waf: &Inspection,
        now: i64,
        seconds: f64,
    ) -> Routed {
        let filled = self.filled(now);
        let dice = &mut self.dice;
        let freshness = self.freshness.step(seconds, dice);
        let page_hits = dice.split(arrivals.pages, 0.992 * filled);
        let shared = arrivals.reads / (arrivals.reads + 2.2 * seconds);
        let fresh = (0.94 * shared + freshness).clamp(0.3, 0.97);
        let read_hits = dice.split(arrivals.reads, fresh * filled);
        let strays = arrivals.bots - waf.blocked();
        let requests = arrivals.total();
        Routed {
            requests,
            hits: page_hits + read_hits,
            cacheable: arrivals.pages + arrivals.reads,
            to_frontend: arrivals.pages - page_hits + strays,
            strays,
            reads: arrivals.reads - read_hits,
            writes: arrivals.writes,
            uploads: arrivals.uploads,
            // A resolver asks again after the alias's 60 s; most visitors share one with others.
            dns_queries: dice.arrivals(requests * 0.36),
        }
    }
}

/// Reads Route 53. The health check asks the backend's health path through the whole way.
pub fn dns(world: &World) -> Dns {
    let record = |kind: &str, target: &str, leads_to, health: bool| DnsRecord {
        name: names::DOMAIN.to_owned(),
        kind: kind.to_owned(),
        target: target.to_owned(),
        alias: true,
        evaluates_target_health: false,
        ttl: None,
        leads_to,
        health_check_id: health.then(|| names::HEALTH_CHECK.to_owned()),
    };
    let healthy = world.answers();
    Dns {
        zone: Some(HostedZone {
            id: names::ZONE_ID.to_owned(),
            name: names::ZONE.to_owned(),
            visibility: ZoneVisibility::Public,
            record_count: 9,
            name_servers: [
                "ns-412.awsdns-51.com",
                "ns-1187.awsdns-20.org",
                "ns-1893.awsdns-44.co.uk",
                "ns-766.awsdns-31.net",
            ]
            .map(str::to_owned)
            .into(),
        }),
        records: vec![
            record(
                "A",
                names::DISTRIBUTION_DOMAIN,
                RecordTarget::Distribution,
                true,
            ),
            record(
                "AAAA",
                names::DISTRIBUTION_DOMAIN,
                RecordTarget::Distribution,
                false,
            ),
        ],
        health_checks: vec![HealthCheck {
            id: names::HEALTH_CHECK.to_owned(),
            name: "hydren-app".to_owned(),
            kind: "HTTPS".to_owned(),
            target: format!("https://{}:443{}", names::DOMAIN, names::HEALTH_PATH),
            state: if healthy {
                Health3::Healthy
            } else {
                Health3::Unhealthy
            },
            healthy_checkers: if healthy { 16 } else { 0 },
            checkers: 16,
            last_failure: (!healthy)
                .then(|| "Failure: HTTP Status Code 503, Service Unavailable".to_owned()),
            interval: Some(30),
            measures_latency: false,
        }],
        gaps: Vec::new(),
    }
}

/// Reads CloudFront. The frontend's releases invalidate the page that names the other files.
pub fn cdn(world: &World) -> Cdn {
    let behaviour = |path: &str, policy: &str, methods: &[&str]| Behaviour {
        path: path.to_owned(),
        origin_id: "alb".to_owned(),
        viewer_protocol: "redirect-to-https".to_owned(),
        cache_policy: policy.to_owned(),
        methods: methods.iter().map(|&m| m.to_owned()).collect(),
        compress: true,
    };
    let read = ["GET", "HEAD"];
    let every = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"];
    Cdn {
        id: names::DISTRIBUTION.to_owned(),
        arn: names::DISTRIBUTION_ARN.to_owned(),
        domain_name: names::DISTRIBUTION_DOMAIN.to_owned(),
        aliases: vec![names::DOMAIN.to_owned()],
        status: DistributionStatus::Deployed,
        enabled: true,
        comment: "hydren application".to_owned(),
        price_class: "PriceClass_100".to_owned(),
        http_version: "http2and3".to_owned(),
        web_acl: Some(names::WEB_ACL_ARN.to_owned()),
        last_modified: Some(moment(EPOCH - 23 * 86_400 + 5_127)),
        origins: vec![Origin {
            id: "alb".to_owned(),
            domain: "origin.hydren.example".to_owned(),
            protocol: "https-only".to_owned(),
            path: String::new(),
            connection_attempts: 3,
            connection_timeout: 5,
            read_timeout: Some(30),
            custom_headers: vec!["X-Origin-Verify".to_owned()],
        }],
        behaviours: vec![
            // Ids of AWS's managed cache policies: CachingOptimized 658327ea-…, CachingDisabled 4135ea2d-…
            behaviour("/static/*", "658327ea-f89d-4fab-a63d-7e88639e58f6", &read),
            behaviour(
                "/api/catalog*",
                "8f5c1d0a-77b2-4c19-9e36-d41a2b60c7e5",
                &read,
            ),
            behaviour("/api/*", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", &every),
            behaviour("*", "658327ea-f89d-4fab-a63d-7e88639e58f6", &read),
        ],
        certificate: Some(certificate(names::EDGE_CERTIFICATE, names::DOMAIN, 171)),
        invalidations: invalidations(world),
        additional_metrics: AdditionalMetrics::Enabled,
        error_caching: vec![(502, 5), (503, 5), (504, 5)],
        gaps: Vec::new(),
    }
}

/// Those that somebody asked for, then those of the releases, newest first.
fn invalidations(world: &World) -> Vec<Invalidation> {
    let invalidation = |id, at: i64, done: i64, paths: Vec<String>| Invalidation {
        id,
        status: if world.at < done {
            InvalidationStatus::InProgress
        } else {
            InvalidationStatus::Completed
        },
        created_at: Some(moment(at)),
        paths,
    };
    let asked = world.edge.invalidated.iter().map(|i| {
        let id = invalidation_id(&i.reference);
        invalidation(id, i.at, i.at + SPREAD, i.paths.clone())
    });
    let released = world.releases(names::FRONTEND).map(|release| {
        let id = format!("I{}", release.digest[7..20].to_uppercase());
        let paths = vec!["/index.html".to_owned()];
        invalidation(id, release.at() + 20, release.at() + SPREAD, paths)
    });
    let mut all: Vec<_> = asked.chain(released).collect();
    all.sort_by_key(|i| std::cmp::Reverse(i.created_at));
    all
}

/// An id in CloudFront's form, the same for the same reference.
fn invalidation_id(reference: &str) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hash = DefaultHasher::new();
    reference.hash(&mut hash);
    format!("I{:013X}", hash.finish() >> 12)
}

/// Acts on the edge and its alarms as AWS would on the call.
pub fn execute(world: &mut World, call: &EdgeCall) -> Result<CallOutcome> {
    if let Some(done) = world.waf.execute(call) {
        return done;
    }
    match call {
        EdgeCall::SetRule { rule, .. } => Err(missing("rule", rule)),
        EdgeCall::ListAddress { set, .. } => Err(missing("IP set", &set.name)),
        EdgeCall::InvalidatePaths {
            distribution,
            paths,
            reference,
        } => {
            if distribution != names::DISTRIBUTION {
                return Err(missing("distribution", distribution));
            }
            let now = world.at;
            let id = world.edge.invalidate(paths, reference, now);
            Ok(CallOutcome {
                summary: format!("invalidation {id} is in progress"),
                resource: Some(id),
                session: None,
            })
        }
        EdgeCall::SwitchAlarm { alarm, to, .. } => {
            if !world.alarms.switch(alarm, *to) {
                return Err(missing("alarm", alarm));
            }
            Ok(CallOutcome {
                summary: format!("actions of {alarm} are {}", to.word()),
                resource: Some(alarm.clone()),
                session: None,
            })
        }
    }
}

fn missing(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no {kind} {name}"))
        .hint("it may be gone since it was read; read again")
}

/// An Amazon-issued certificate that ends `days` after the epoch.
pub fn certificate(arn: &str, domain: &str, days: i64) -> Certificate {
    Certificate {
        arn: arn.to_owned(),
        domain: domain.to_owned(),
        names: vec![domain.to_owned()],
        status: CertificateStatus::Issued,
        kind: "AMAZON_ISSUED".to_owned(),
        not_after: Some(moment((EPOCH / 86_400 + days) * 86_400 + 86_399)),
        renewal_eligibility: Some("ELIGIBLE".to_owned()),
        unreadable: None,
    }
}
