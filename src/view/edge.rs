//! The edge screen: Route 53, CloudFront and WAF.

use super::{Chart, Field, Scope, days, gaps, link, moment, words};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health, Tier,
        edge::{AdditionalMetrics, RecordTarget, WafLogs},
        ip_set::IpSet,
        metric::Metric,
        state::DistributionStatus,
    },
    theme::Role,
};
use jiff::Timestamp;

pub(super) fn records(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("name", Width::Fit(8, 40)),
        Column::new("type", Width::Fixed(5)),
        Column::new("leads to", Width::Fit(12, 16)),
        Column::new("ttl", Width::Fixed(6)).right().drop(2),
        Column::new("target", Width::Share(16)).drop(1),
    ];
    let Some(dns) = scope.seen.dns() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let edge = scope.seen.cdn().is_some() || scope.environment.resources.names(Tier::CloudFront);
    let zone = dns.zone.as_ref().map(|z| z.id.as_str());
    let row = |record: &crate::model::edge::DnsRecord| Row {
        id: format!("{} {}", record.name, record.kind),
        cells: vec![
            Cell::text(&record.name),
            Cell::text(&record.kind).role(Role::Muted),
            match record.leads_to {
                RecordTarget::Distribution => Cell::health(Health::Ok, "CloudFront"),
                // Requests that take this way meet neither the cache nor the web ACL in front: wanted or not, it is worth a look.
                RecordTarget::Balancer if edge => Cell::health(Health::Unknown, "past the edge"),
                RecordTarget::Balancer => Cell::health(Health::Ok, "balancer"),
                RecordTarget::Elsewhere => Cell::health(Health::Unknown, "elsewhere"),
            },
            record.ttl.map_or_else(
                || Cell::text("alias").role(Role::Muted),
                |ttl| Cell::text(format::duration(ttl)).role(Role::Muted),
            ),
            Cell::text(&record.target),
        ],
        describe: serde_json::json!(record),
        link: zone.map(link::hosted_zone),
    };
    Grid {
        columns: COLUMNS,
        rows: dns.records.iter().map(row).collect(),
    }
}

pub(super) fn health_checks(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("health check", Width::Fit(12, 30)),
        Column::new("state", Width::Fit(9, 11)),
        Column::new("checkers", Width::Fixed(8)).right(),
        Column::new("target", Width::Share(14)).drop(1),
        Column::new("last failure", Width::Fit(12, 50)).drop(2),
    ];
    let Some(dns) = scope.seen.dns() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |check: &crate::model::edge::HealthCheck| Row {
        id: check.id.clone(),
        cells: vec![
            Cell::text(&check.name),
            {
                let health = judge.health_check(check);
                let word = match health {
                    Health::Ok => "healthy",
                    Health::Unknown => "unknown",
                    Health::Warning | Health::Critical => "unhealthy",
                };
                Cell::health(health, word)
            },
            Cell::number(
                check.healthy_checkers,
                format!("{}/{}", check.healthy_checkers, check.checkers),
            ),
            Cell::text(&check.target).role(Role::Muted),
            Cell::maybe(check.last_failure.clone()),
        ],
        describe: serde_json::json!(check),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: dns.health_checks.iter().map(row).collect(),
    }
}

pub(super) fn origins(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("origin", Width::Fit(6, 24)),
        Column::new("domain", Width::Share(20)),
        Column::new("protocol", Width::Fit(8, 14)),
        Column::new("connect", Width::Fit(7, 9)).right().drop(2),
        Column::new("read", Width::Fixed(6)).right().drop(1),
    ];
    let Some(cdn) = scope.seen.cdn() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |origin: &crate::model::edge::Origin| Row {
        id: origin.id.clone(),
        cells: vec![
            Cell::text(&origin.id),
            Cell::text(&origin.domain),
            Cell::text(&origin.protocol).role(Role::Muted),
            Cell::text(format!(
                "{} × {} s",
                origin.connection_attempts, origin.connection_timeout
            ))
            .role(Role::Muted),
            Cell::maybe(origin.read_timeout.map(|s| format!("{s} s"))).role(Role::Muted),
        ],
        describe: serde_json::json!(origin),
        link: Some(link::distribution(&cdn.id)),
    };
    Grid {
        columns: COLUMNS,
        rows: cdn.origins.iter().map(row).collect(),
    }
}

pub(super) fn behaviours(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("path", Width::Fit(6, 28)),
        Column::new("origin", Width::Fit(6, 24)),
        Column::new("viewers", Width::Fit(8, 18)).drop(1),
        Column::new("methods", Width::Share(10)).drop(3),
        Column::new("cache policy", Width::Fit(10, 36)).drop(2),
    ];
    let Some(cdn) = scope.seen.cdn() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |behaviour: &crate::model::edge::Behaviour| Row {
        id: behaviour.path.clone(),
        cells: vec![
            Cell::text(&behaviour.path),
            Cell::text(&behaviour.origin_id),
            Cell::text(behaviour.viewer_protocol.replace('-', " ")).role(Role::Muted),
            Cell::text(behaviour.methods.join(" ")).role(Role::Muted),
            Cell::text(&behaviour.cache_policy).role(Role::Muted),
        ],
        describe: serde_json::json!(behaviour),
        link: Some(link::distribution(&cdn.id)),
    };
    Grid {
        columns: COLUMNS,
        rows: cdn.behaviours.iter().map(row).collect(),
    }
}

pub(super) fn invalidations(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("status", Width::Fit(9, 12)),
        Column::new("invalidation", Width::Fit(12, 16)).drop(1),
        Column::new("paths", Width::Share(12)),
    ];
    let Some(cdn) = scope.seen.cdn() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |invalidation: &crate::model::edge::Invalidation| Row {
        id: invalidation.id.clone(),
        cells: vec![
            Cell::age(invalidation.created_at),
            Cell::text(words(invalidation.status.word())),
            Cell::text(&invalidation.id).role(Role::Muted),
            Cell::text(invalidation.paths.join(" ")),
        ],
        describe: serde_json::json!(invalidation),
        link: Some(link::distribution(&cdn.id)),
    };
    Grid {
        columns: COLUMNS,
        rows: cdn.invalidations.iter().map(row).collect(),
    }
}

pub(super) fn rules(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("prio", Width::Fixed(4)).right(),
        Column::new("rule", Width::Fit(8, 40)),
        Column::new("action", Width::Fit(6, 18)),
        Column::new("blocked/h", Width::Fixed(9)).right(),
        Column::new("counted/h", Width::Fixed(9)).right().drop(2),
        Column::new("WCU", Width::Fixed(5)).right().drop(3),
        Column::new("what it matches", Width::Share(16)).drop(1),
    ];
    let Some(waf) = scope.seen.waf() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let metrics = scope.metrics();
    let row = |rule: &crate::model::edge::WafRule| {
        let sum = |metric| {
            let series = metrics.and_then(|m| m.of(metric, &rule.metric_name));
            let sum = series.map(|s| s.values.iter().filter(|v| v.is_finite()).sum::<f64>());
            sum.map_or_else(Cell::missing, |v| Cell::number(v, format::compact(v)))
        };
        Row {
            id: rule.name.clone(),
            cells: vec![
                Cell::count(rule.priority),
                Cell::text(&rule.name),
                Cell::text(words(&rule.action)),
                sum(Metric::WafBlocked),
                sum(Metric::WafCounted),
                rule.capacity
                    .map_or_else(Cell::missing, |c| Cell::text(c.to_string())),
                Cell::text(&rule.statement).role(Role::Muted),
            ],
            describe: serde_json::json!(rule),
            link: None,
        }
    };
    Grid {
        columns: COLUMNS,
        rows: waf.rules.iter().map(row).collect(),
    }
}

pub(super) fn samples(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("age", Width::Fixed(5)).right(),
        Column::new("action", Width::Fit(5, 9)),
        Column::new("client", Width::Fit(7, 39)),
        Column::new("from", Width::Fixed(4)).drop(2),
        Column::new("rule", Width::Fit(6, 26)).drop(1),
        Column::new("request", Width::Share(16)),
    ];
    let Some(waf) = scope.seen.waf() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let row = |sample: &crate::model::edge::SampledRequest| {
        let action = words(&sample.action);
        Row {
            id: [&sample.client_ip, &sample.uri, &moment(sample.at)]
                .map(String::as_str)
                .join(" "),
            cells: vec![
                Cell::age(sample.at),
                Cell::text(&action).role(if action == "block" {
                    Role::Warning
                } else {
                    Role::Muted
                }),
                Cell::text(&sample.client_ip),
                Cell::text(&sample.country).role(Role::Muted),
                Cell::text(&sample.rule).role(Role::Muted),
                Cell::text(format!("{} {}", sample.method, sample.uri)),
            ],
            describe: serde_json::json!(sample),
            link: None,
        }
    };
    Grid {
        columns: COLUMNS,
        rows: waf.samples.iter().map(row).collect(),
    }
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut unread = Vec::new();
    let judge = scope.judge();
    if let Some(cdn) = scope.seen.cdn() {
        let state = match (cdn.enabled, &cdn.status) {
            (false, _) => "disabled".to_owned(),
            (true, DistributionStatus::Deployed) => format!("deployed · {}", cdn.domain_name),
            (true, status) => words(status.word()),
        };
        let state = Cell::health(judge.distribution(cdn), state);
        fields.push(Field::new("distribution", state));
        fields.push(Field::new("names", Cell::text(cdn.aliases.join(", "))));
        let certificate = cdn.certificate.as_ref();
        fields.push(Field::new(
            "certificate",
            certificate.map_or_else(
                || Cell::text("CloudFront's own").role(Role::Muted),
                |c| days(scope, c.not_after, &c.domain, judge.certificate(c)),
            ),
        ));
        fields.push(Field::new(
            "extra metrics",
            match cdn.additional_metrics {
                AdditionalMetrics::Enabled => Cell::text("on").role(Role::Muted),
                AdditionalMetrics::Disabled => {
                    Cell::text("off: no hit ratio, no origin latency").role(Role::Muted)
                }
                AdditionalMetrics::Unknown => Cell::text("not known").role(Role::Muted),
            },
        ));
        let class = cdn
            .price_class
            .trim_start_matches("PriceClass_")
            .to_lowercase();
        fields.push(Field::new(
            "delivery",
            Cell::text(format!("{} · price class {class}", cdn.http_version)).role(Role::Muted),
        ));
        unread.extend(&cdn.gaps);
    }
    if let Some(waf) = scope.seen.waf() {
        let text = format!(
            "{} · {} rules · {} WCU · else {}",
            waf.name,
            waf.rules.len(),
            waf.capacity,
            words(&waf.default_action)
        );
        fields.push(Field::new("web ACL", Cell::text(text)));
        fields.push(Field::new("WAF logs", waf_logs(&waf.logs)));
        if !waf.ip_sets.is_empty() {
            fields.push(Field::new("IP sets", ip_sets(&waf.ip_sets, scope.now)));
        }
        unread.extend(&waf.samples_error);
        unread.extend(&waf.gaps);
    }
    if let Some(dns) = scope.seen.dns() {
        let zone = dns
            .zone
            .as_ref()
            .map(|z| format!("{} · {} records", z.name, z.record_count));
        fields.push(Field::new("hosted zone", Cell::maybe(zone)));
        unread.extend(&dns.gaps);
    }
    fields.extend(gaps(unread));
    fields
}

pub(super) fn charts(scope: &Scope<'_>) -> Vec<Chart> {
    let hits = scope
        .seen
        .cdn()
        .is_some_and(|c| c.additional_metrics == AdditionalMetrics::Enabled);
    let one = |metric| [metric];
    let mut charts = vec![
        Chart::new("Requests", one(Metric::CdnRequests)),
        Chart::new("Error rate", [Metric::Cdn4xxRate, Metric::Cdn5xxRate]),
        Chart::new("WAF", [Metric::WafBlocked, Metric::WafCounted]),
    ];
    if hits {
        charts.insert(2, Chart::new("Cache hits", one(Metric::CdnCacheHitRate)));
    }
    charts.push(Chart::new("Downloaded", one(Metric::CdnBytesDownloaded)));
    charts.push(Chart::new("DNS queries", one(Metric::DnsQueries)));
    charts
}

/// The IP sets, or what is listed in them longer than its note says.
fn ip_sets(sets: &[IpSet], now: Timestamp) -> Cell {
    let overdue: Vec<String> = sets
        .iter()
        .flat_map(|set| set.overdue(now))
        .map(|(range, until)| format!("{range} since {}", format::date_time(until)))
        .collect();
    if !overdue.is_empty() {
        return Cell::text(format!("overdue: {}", overdue.join(", "))).role(Role::Warning);
    }
    let sets = sets
        .iter()
        .map(|set| format!("{} {}", set.name.name, set.addresses.len()));
    Cell::text(sets.collect::<Vec<_>>().join(" · ")).role(Role::Muted)
}

/// Where a web ACL's logs go: those in a log group stand among the logs, others are read elsewhere.
fn waf_logs(logs: &WafLogs) -> Cell {
    let arn = match logs {
        WafLogs::Unknown => return Cell::maybe(None::<String>),
        WafLogs::Nowhere => return Cell::text("none").role(Role::Muted),
        WafLogs::To(arn) => arn,
    };
    let name = arn.trim_end_matches(":*").rsplit(':').next();
    let name = name.unwrap_or(arn);
    match arn.split(':').nth(2) {
        Some("logs") => Cell::text(format!("log group {name}")),
        Some("s3") => Cell::text(format!("S3 bucket {name} · not read here")),
        _ => {
            let name = name.trim_start_matches("deliverystream/");
            Cell::text(format!("Firehose {name} · not read here"))
        }
    }
}
