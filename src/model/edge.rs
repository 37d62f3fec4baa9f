//! Route 53, CloudFront and WAF: everything before the load balancer.

use super::ip_set::IpSet;
use super::state::{CertificateStatus, DistributionStatus, InvalidationStatus};
use jiff::Timestamp;
use serde::Serialize;

/// The DNS part of the path.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Dns {
    /// The zone that holds the environment's domain; `None` when none is configured or found.
    pub zone: Option<HostedZone>,
    /// Records of the zone that lead to the distribution or the balancer (alias A/AAAA, or CNAME).
    pub records: Vec<DnsRecord>,
    /// Health checks that belong to the environment's domain names.
    pub health_checks: Vec<HealthCheck>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// A hosted zone.
#[derive(Debug, Clone, Serialize)]
pub struct HostedZone {
    /// Without the `/hostedzone/` prefix.
    pub id: String,
    /// Without the trailing dot.
    pub name: String,
    /// Public or private.
    pub visibility: ZoneVisibility,
    /// Records in the zone, NS and SOA included.
    pub record_count: u64,
    /// The delegation set.
    pub name_servers: Vec<String>,
}

/// Whether the internet sees a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ZoneVisibility {
    /// Answered on the internet.
    Public,
    /// Answered in associated VPCs only.
    Private,
}

/// A record that leads into the environment.
#[derive(Debug, Clone, Serialize)]
pub struct DnsRecord {
    /// Without the trailing dot.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`.
    pub kind: String,
    /// Alias target or first value, without the trailing dot.
    pub target: String,
    /// Whether it is an alias record.
    pub alias: bool,
    /// Alias records only: whether Route 53 evaluates the target's health.
    pub evaluates_target_health: bool,
    /// Seconds; `None` for alias records.
    pub ttl: Option<i64>,
    /// Where it leads, as far as the environment knows.
    pub leads_to: RecordTarget,
    /// The health check attached to it.
    pub health_check_id: Option<String>,
}

/// Where a record leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordTarget {
    /// The environment's distribution.
    Distribution,
    /// The environment's load balancer, past the distribution.
    Balancer,
    /// Something else.
    Elsewhere,
}

/// A Route 53 health check.
#[derive(Debug, Clone, Serialize)]
pub struct HealthCheck {
    /// Identifier.
    pub id: String,
    /// The Name tag, else the target.
    pub name: String,
    /// `HTTPS`, `HTTP`, `TCP`, `CALCULATED`, ...
    pub kind: String,
    /// `https://host:443/path`.
    pub target: String,
    /// Share of checkers that see it healthy decides: over 18 % is healthy.
    pub state: Health3,
    /// Checkers that see it healthy.
    pub healthy_checkers: u32,
    /// Checkers that reported.
    pub checkers: u32,
    /// The newest failure text of any checker.
    pub last_failure: Option<String>,
    /// Seconds between two requests of a checker, 10 or 30; faster ones are billed besides.
    pub interval: Option<i32>,
    /// Whether it measures latency, which is billed besides.
    pub measures_latency: bool,
}

/// Healthy, unhealthy, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health3 {
    /// Healthy.
    Healthy,
    /// Unhealthy.
    Unhealthy,
    /// No status could be read.
    Unknown,
}

/// A CloudFront distribution.
#[derive(Debug, Clone, Serialize)]
pub struct Cdn {
    /// Distribution id, `E…`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// `d….cloudfront.net`.
    pub domain_name: String,
    /// Alternate domain names.
    pub aliases: Vec<String>,
    /// Whether the newest change has reached the edges.
    pub status: DistributionStatus,
    /// Whether it answers viewers.
    pub enabled: bool,
    /// Free text.
    pub comment: String,
    /// `PriceClass_100`, ...
    pub price_class: String,
    /// `http2`, `http2and3`, ...
    pub http_version: String,
    /// ARN (or classic id) of the web ACL in front.
    pub web_acl: Option<String>,
    /// Last change of the configuration.
    pub last_modified: Option<Timestamp>,
    /// Origins.
    pub origins: Vec<Origin>,
    /// Behaviours in order of precedence, the default (`*`) last.
    pub behaviours: Vec<Behaviour>,
    /// The viewer certificate; `None` for the CloudFront default certificate.
    pub certificate: Option<Certificate>,
    /// Newest first.
    pub invalidations: Vec<Invalidation>,
    /// Whether the additional metrics (CacheHitRate, OriginLatency, ...) are switched on for the distribution.
    pub additional_metrics: AdditionalMetrics,
    /// Error responses CloudFront caches: (status code, minimum TTL in seconds).
    pub error_caching: Vec<(i32, i64)>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// Whether a distribution publishes the additional metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdditionalMetrics {
    /// Published and billed at the custom-metric rate.
    Enabled,
    /// Not published: hit ratio is "not enabled", never "no data".
    Disabled,
    /// Could not be asked.
    Unknown,
}

/// An origin of a distribution.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// Origin id.
    pub id: String,
    /// Domain name.
    pub domain: String,
    /// `https-only`, `http-only`, `match-viewer`, or `s3`.
    pub protocol: String,
    /// Prefix path.
    pub path: String,
    /// 1 to 3.
    pub connection_attempts: i32,
    /// Seconds.
    pub connection_timeout: i32,
    /// Seconds; `None` for S3 origins.
    pub read_timeout: Option<i32>,
    /// Names only, values are secrets.
    pub custom_headers: Vec<String>,
}

/// A cache behaviour.
#[derive(Debug, Clone, Serialize)]
pub struct Behaviour {
    /// Path pattern; `*` is the default behaviour.
    pub path: String,
    /// Origin id.
    pub origin_id: String,
    /// `redirect-to-https`, ...
    pub viewer_protocol: String,
    /// Cache policy id, else `legacy`.
    pub cache_policy: String,
    /// Allowed methods.
    pub methods: Vec<String>,
    /// Whether CloudFront compresses.
    pub compress: bool,
}

/// An ACM certificate, in front of viewers or on a balancer's listener.
#[derive(Debug, Clone, Serialize)]
pub struct Certificate {
    /// ARN.
    pub arn: String,
    /// Main domain.
    pub domain: String,
    /// All names.
    pub names: Vec<String>,
    /// Status.
    pub status: CertificateStatus,
    /// `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`.
    pub kind: String,
    /// End of validity.
    pub not_after: Option<Timestamp>,
    /// `ELIGIBLE`, `INELIGIBLE`.
    pub renewal_eligibility: Option<String>,
    /// Why it could not be read, when only its ARN is known.
    pub unreadable: Option<String>,
}

/// An invalidation.
#[derive(Debug, Clone, Serialize)]
pub struct Invalidation {
    /// Identifier.
    pub id: String,
    /// Status.
    pub status: InvalidationStatus,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// Paths; empty when only the list, not the detail, was read.
    pub paths: Vec<String>,
}

/// A web ACL and what it did lately.
#[derive(Debug, Clone, Serialize)]
pub struct Waf {
    /// Name.
    pub name: String,
    /// Identifier.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Where it lives.
    pub scope: WafScope,
    /// `Allow` or `Block`.
    pub default_action: String,
    /// Web ACL capacity units in use.
    pub capacity: i64,
    /// Value of the `WebACL` metric dimension.
    pub metric_name: String,
    /// By priority.
    pub rules: Vec<WafRule>,
    /// IP sets that its rules refer to.
    pub ip_sets: Vec<IpSet>,
    /// ARNs or names of what it protects.
    pub protects: Vec<String>,
    /// Where it writes its logs.
    pub logs: WafLogs,
    /// Sampled requests of the last hours, newest first.
    pub samples: Vec<SampledRequest>,
    /// Why samples are missing, when they could not be read.
    pub samples_error: Option<String>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// Where a web ACL writes its logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WafLogs {
    /// It could not be read.
    Unknown,
    /// It writes none.
    Nowhere,
    /// ARN of a log group, an S3 bucket or a Firehose stream; there is one at the most (AWS WAF API, PutLoggingConfiguration).
    To(String),
}

/// Scope of a web ACL. `CloudFront` calls go to us-east-1 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WafScope {
    /// In front of a distribution.
    CloudFront,
    /// In front of a regional resource.
    Regional,
}

/// A rule of a web ACL.
#[derive(Debug, Clone, Serialize)]
pub struct WafRule {
    /// Name.
    pub name: String,
    /// Evaluated from the lowest.
    pub priority: i32,
    /// `Block`, `Count`, `Allow`, `Captcha`, `Challenge`; for groups `Use group actions` or `Count (override)`.
    pub action: String,
    /// `managed AWS/AWSManagedRulesCommonRuleSet`, `rate 2000/5 min per IP`, `IP set …`, ...
    pub statement: String,
    /// Value of the `Rule` metric dimension.
    pub metric_name: String,
    /// Web ACL capacity units, where the service tells.
    pub capacity: Option<i64>,
}

/// A request that WAF sampled.
#[derive(Debug, Clone, Serialize)]
pub struct SampledRequest {
    /// When.
    pub at: Option<Timestamp>,
    /// Client address.
    pub client_ip: String,
    /// Two-letter country.
    pub country: String,
    /// Method.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// `BLOCK`, `ALLOW`, `COUNT`.
    pub action: String,
    /// The rule's metric name.
    pub rule: String,
    /// How many requests this one stands for.
    pub weight: i64,
}
