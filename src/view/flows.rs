//! The flow screen: who was refused, where and by which security group, and what went from tier to tier.

use super::{Field, Scope, role};
use crate::{
    format,
    grid::{Cell, Column, Grid, Row, Width},
    logs::flow::{Blocked, FlowSums, Place, Port, RefusedGroup, RefusedSource, Sum, Traffic, Way},
    model::{Health, Tier, network::FlowLog, state::Delivery},
    theme::Role,
};
use std::collections::BTreeSet;

/// Ports of one address that make a scan: nobody who wants something specific tries so many.
const SCAN: usize = 5;

fn sums<'a>(scope: &Scope<'a>) -> Option<&'a FlowSums> {
    scope.flows.sums.as_deref()
}

/// A number of any size; beyond 2^53 neighbours are sorted as equal.
#[expect(clippy::cast_precision_loss, reason = "only the order is told by it")]
fn number(value: u64, shown: String) -> Cell {
    Cell::number(value as f64, shown)
}

fn count(value: u64) -> Cell {
    number(value, format::thousands(value))
}

fn newest(sum: &Sum) -> Cell {
    Cell::age(sum.last)
}

fn rows<T>(
    columns: &'static [Column],
    scope: &Scope<'_>,
    list: impl Fn(&FlowSums) -> &Vec<T>,
    row: impl Fn(&T) -> Row,
) -> Grid {
    let known = sums(scope).map(list);
    Grid {
        columns,
        rows: known.into_iter().flatten().map(row).collect(),
    }
}

pub(super) fn traffic(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("from", Width::Fit(8, 26)),
        Column::new("to", Width::Fit(8, 26)),
        Column::new("bytes", Width::Fixed(9)).right(),
        Column::new("flows", Width::Fixed(7)).right().drop(2),
        Column::new("refused", Width::Fixed(7)).right(),
        Column::new("newest", Width::Fixed(6)).right().drop(1),
        Column::new("means", Width::Share(10)).drop(3),
    ];
    rows(
        COLUMNS,
        scope,
        |sums| &sums.traffic,
        |traffic: &Traffic| {
            let (meaning, health) = means(scope, traffic);
            Row {
                id: format!("{} → {}", traffic.from, traffic.to),
                cells: vec![
                    Cell::text(traffic.from.to_string()),
                    Cell::text(traffic.to.to_string()),
                    number(traffic.accepted.bytes, format::size(traffic.accepted.bytes)),
                    count(traffic.accepted.flows),
                    count(traffic.refused.flows).role(match health {
                        Health::Ok => Role::Muted,
                        unwell => role(unwell),
                    }),
                    Cell::age(traffic.accepted.last.max(traffic.refused.last)),
                    Cell::maybe(meaning).role(Role::Muted),
                ],
                describe: serde_json::json!(traffic),
                link: None,
            }
        },
    )
}

/// What refusals between two places mean.
fn means(scope: &Scope<'_>, traffic: &Traffic) -> (Option<&'static str>, Health) {
    let blocked = sums(scope).map_or(&[][..], |sums| &sums.blocked);
    let mut between = blocked
        .iter()
        .filter(|b| b.from == traffic.from && b.to == traffic.to);
    match between.next() {
        Some(blocked) => (Some(cause(blocked)), severity(blocked)),
        None if traffic.refused.flows > 0 && traffic.from == Place::Outside => (
            Some("scans of the internet, as long as nobody is missed"),
            Health::Ok,
        ),
        None => (None, Health::Ok),
    }
}

const fn severity(blocked: &Blocked) -> Health {
    if blocked.is_trickle() {
        Health::Ok
    } else {
        Health::Warning
    }
}

const fn cause(blocked: &Blocked) -> &'static str {
    match blocked.way {
        _ if blocked.is_trickle() => "answers after the connection was closed: harmless",
        Way::Request => "a security group or a network ACL blocks it",
        Way::Answer => "answers are refused: a network ACL, or closed connections",
    }
}

fn places(places: &BTreeSet<Place>) -> String {
    let names: Vec<String> = places.iter().map(ToString::to_string).collect();
    names.join(", ")
}

pub(super) fn sources(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("address", Width::Fit(9, 39)),
        Column::new("is", Width::Fit(7, 20)).drop(2),
        Column::new("refused", Width::Fixed(7)).right(),
        Column::new("to", Width::Fit(4, 18)).drop(3),
        Column::new("newest", Width::Fixed(6)).right().drop(1),
        Column::new("ports", Width::Share(10)),
    ];
    let tried = |ports: &BTreeSet<Port>| {
        let names: Vec<String> = ports.iter().take(SCAN).map(|p| p.named()).collect();
        match ports.len() {
            0..SCAN => names.join(", "),
            many => format!("scan of {many}: {}, …", names[..SCAN - 2].join(", ")),
        }
    };
    rows(
        COLUMNS,
        scope,
        |sums| &sums.sources,
        |source: &RefusedSource| Row {
            id: source.address.to_string(),
            cells: vec![
                Cell::text(source.address.to_string()),
                Cell::text(source.place.to_string()).role(match source.place {
                    Place::Outside => Role::Muted,
                    _ => Role::Text,
                }),
                count(source.sum.flows),
                Cell::text(places(&source.targets)).role(Role::Muted),
                newest(&source.sum),
                Cell::text(tried(&source.ports)),
            ],
            describe: serde_json::json!(source),
            link: None,
        },
    )
}

pub(super) fn ports(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("port", Width::Fit(7, 12)),
        Column::new("usually", Width::Fit(7, 14)),
        Column::new("refused", Width::Fixed(7)).right(),
        Column::new("sources", Width::Fixed(7)).right(),
        Column::new("newest", Width::Fixed(6)).right().drop(1),
        Column::new("to", Width::Share(8)).drop(2),
    ];
    rows(
        COLUMNS,
        scope,
        |sums| &sums.ports,
        |port| Row {
            id: port.port.to_string(),
            cells: vec![
                Cell::text(port.port.to_string()),
                Cell::maybe(port.service),
                count(port.sum.flows),
                count(port.sources as u64),
                newest(&port.sum),
                Cell::text(places(&port.targets)).role(Role::Muted),
            ],
            describe: serde_json::json!(port),
            link: None,
        },
    )
}

pub(super) fn groups(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("security group", Width::Fit(14, 32)),
        Column::new("refused", Width::Fixed(7)).right(),
        Column::new("newest", Width::Fixed(6)).right().drop(1),
        Column::new("interfaces", Width::Share(10)),
    ];
    rows(
        COLUMNS,
        scope,
        |sums| &sums.groups,
        |group: &RefusedGroup| {
            let id = group.id.as_ref().unwrap_or(&group.name);
            let interfaces: Vec<&str> = group.interfaces.iter().map(String::as_str).collect();
            Row {
                id: id.clone(),
                cells: vec![
                    match group.id {
                        Some(_) => Cell::text(&group.name),
                        None => Cell::text("not known").role(Role::Warning),
                    },
                    count(group.sum.flows),
                    newest(&group.sum),
                    Cell::text(interfaces.join(", ")).role(Role::Muted),
                ],
                describe: serde_json::json!(group),
                link: group.id.as_ref().map(|id| {
                    super::link::vpc(&scope.environment.region, "SecurityGroup:groupId", id)
                }),
            }
        },
    )
}

/// What keeps flow records from being read, if anything does: `None` where they are.
fn unreadable(scope: &Scope<'_>) -> Option<(String, Role)> {
    let groups = scope.log_sources.iter();
    let groups = groups.filter(|s| s.origin == crate::model::log::LogOrigin::FlowLogs);
    for source in groups.clone() {
        if let Some(error) = scope.log_failures.get(&source.group) {
            let hint = error.hint.as_deref().map(|hint| format!(" · {hint}"));
            let text = format!("{}{}", error.message, hint.unwrap_or_default());
            return Some((text, Role::Warning));
        }
    }
    if groups.count() > 0 {
        return None;
    }
    let seen = scope.seen.tier(Tier::Network);
    let Some(network) = scope.seen.network() else {
        let error = seen.error.as_ref();
        return Some(error.map_or_else(
            || ("loading".to_owned(), Role::Muted),
            |error| (error.message.clone(), Role::Warning),
        ));
    };
    let elsewhere: Vec<String> = network
        .flow_logs
        .iter()
        .map(|log| match log.destination_type.as_str() {
            "s3" => format!("{} goes to S3 ({})", log.id, log.destination),
            other => format!("{} goes to {other} ({})", log.id, log.destination),
        })
        .collect();
    let text = if elsewhere.is_empty() {
        "no flow log watches this VPC: refused packets leave no trace · create one that delivers to CloudWatch Logs".to_owned()
    } else {
        format!(
            "{}: only flow logs in CloudWatch Logs can be read here",
            elsewhere.join(", ")
        )
    };
    Some((text, Role::Warning))
}

/// What a pane says that has no rows.
#[must_use]
pub fn nothing(refused: &str, scope: &Scope<'_>) -> (String, Role) {
    if let Some(why) = unreadable(scope) {
        return why;
    }
    let text = match sums(scope) {
        None => "loading".to_owned(),
        Some(sums) if sums.records == 0 => {
            format!(
                "no flow record among the lines of this time · {}",
                late(scope)
            )
        }
        Some(_) => refused.to_owned(),
    };
    (text, Role::Muted)
}

/// How late records are by nature (VPC user guide, flow log records: aggregation interval, then about 5 minutes of delivery).
fn late(scope: &Scope<'_>) -> String {
    let logs = scope.seen.network().map_or(&[][..], |n| &n.flow_logs);
    let interval = logs.iter().map(|log| log.aggregation).max();
    let minutes = interval.filter(|seconds| *seconds > 0).unwrap_or(600) / 60;
    format!("records come up to {minutes} min of collecting and 5 of delivery late")
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    let sums = sums(scope);
    let records = sums.map_or(0, |sums| sums.records);
    if records == 0
        && let Some((why, role)) = unreadable(scope)
    {
        fields.push(Field::new("flow logs", Cell::text(why).role(role)));
    }
    let Some(sums) = sums.filter(|sums| sums.records + sums.undecoded > 0) else {
        return fields;
    };
    let chosen = scope.window.label();
    let span = match sums.begins.zip(sums.ends) {
        Some((from, to)) => format!(
            "{}–{} of {chosen} · {} accepted, {} refused",
            format::clock(from),
            format::clock(to),
            format::thousands(sums.accepted),
            format::thousands(sums.refused)
        ),
        None => format!("records without times, read within {chosen}"),
    };
    let blocked: Vec<&Blocked> = sums.blocked.iter().filter(|b| !b.is_trickle()).collect();
    for blocked in blocked.iter().take(3) {
        fields.push(Field::new(
            "blocked",
            Cell::health(Health::Warning, sentence(scope, blocked)),
        ));
    }
    if blocked.is_empty() && sums.refused > 0 {
        fields.push(Field::new(
            "blocked",
            Cell::health(Health::Ok, "nothing between the tiers"),
        ));
    }
    fields.push(Field::new("covers", Cell::text(span)));
    fields.extend(missing(scope, sums));
    fields.push(Field::new(
        "late",
        Cell::text(late(scope)).role(Role::Muted),
    ));
    fields
}

/// Who is kept from whom, and what that may explain.
fn sentence(scope: &Scope<'_>, blocked: &Blocked) -> String {
    let Blocked {
        from,
        to,
        port,
        sum,
        accepted,
        ..
    } = blocked;
    let tier = |place: &Place| match place {
        Place::Balancer => Some(Tier::Alb),
        Place::Service(_) => Some(Tier::Ecs),
        Place::Database => Some(Tier::Rds),
        _ => None,
    };
    let ends = [tier(from), tier(to)];
    let mut findings = scope.assessment.findings.iter();
    let explained = findings.find(|finding| finding.tier.is_some() && ends.contains(&finding.tier));
    let explains = explained.map_or_else(String::new, |finding| {
        format!(" · may explain: {}", finding.title)
    });
    format!(
        "{from} → {to} {}: {} refused, {} let through; {}{explains}",
        port.named(),
        format::thousands(sum.flows),
        format::thousands(*accepted),
        cause(blocked),
    )
}

/// What the sums lack.
fn missing(scope: &Scope<'_>, sums: &FlowSums) -> Option<Field> {
    let mut parts = Vec::new();
    let mut role = Role::Muted;
    if sums.skipped > 0 {
        parts.push(format!(
            "{} left records out (SKIPDATA): sums are too small",
            format::count(sums.skipped, "interval")
        ));
        role = Role::Warning;
    }
    if sums.undecoded > 0 {
        parts.push(format!(
            "{} of no known format",
            format::count(sums.undecoded, "line")
        ));
        role = Role::Warning;
    }
    let watched = scope.seen.network().map_or(&[][..], |n| &n.flow_logs);
    let watched = watched.iter().filter(|log| log.in_log_group());
    let partly = |log: &&FlowLog| log.traffic != "ALL";
    parts.extend(
        watched
            .clone()
            .filter(partly)
            .map(|log| format!("{} records {} only", log.id, log.traffic.to_lowercase())),
    );
    for log in watched.filter(|log| log.delivery == Some(Delivery::Failed)) {
        parts.push(format!("delivery of {} fails", log.id));
        role = Role::Warning;
    }
    if sums.no_data > 0 {
        parts.push(format!(
            "{} without traffic (NODATA)",
            format::count(sums.no_data, "interval")
        ));
    }
    let hidden = sums.refused_sources - sums.sources.len();
    if hidden > 0 {
        parts.push(format!(
            "{} more sources were refused less often",
            format::thousands(hidden as u64)
        ));
    }
    (!parts.is_empty()).then(|| Field::new("missing", Cell::text(parts.join(" · ")).role(role)))
}
