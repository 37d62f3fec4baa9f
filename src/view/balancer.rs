//! The balancer screen: target groups, targets of the selected one, listener rules.

use super::{Chart, Field, Scope, days, gaps, link, words};
use crate::{
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        balancer::{Balancer, Target, TargetGroup, TargetState},
        metric::Metric,
    },
    theme::Role,
};

pub(super) fn target_groups(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("target group", Width::Fit(12, 32)),
        Column::new("healthy", Width::Fit(7, 10)),
        Column::new("port", Width::Fit(4, 11)).drop(2),
        Column::new("drain", Width::Fixed(6)).right().drop(3),
        Column::new("health check", Width::Share(20)).drop(1),
    ];
    let Some(balancer) = scope.seen.balancer() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |group: &TargetGroup| {
        let check = &group.health_check;
        let checked = format!(
            "{} {} every {} s, {} s timeout, {} up {} down, {}",
            check.protocol,
            check.path,
            check.interval,
            check.timeout,
            check.healthy_threshold,
            check.unhealthy_threshold,
            check.matcher,
        );
        let counted = format!(
            "{}/{}",
            group.count(TargetState::Healthy),
            group.targets.len()
        );
        Row {
            id: group.arn.clone(),
            cells: vec![
                Cell::text(&group.name),
                Cell::health(
                    judge.target_group(balancer, group),
                    if group.targets_error.is_some() {
                        "not read"
                    } else {
                        &counted
                    },
                ),
                Cell::text(format!("{} {}", group.protocol, group.port)).role(Role::Muted),
                Cell::maybe(group.deregistration_delay.map(|s| format!("{s} s"))).role(Role::Muted),
                Cell::text(checked).role(Role::Muted),
            ],
            describe: serde_json::json!(group),
            link: Some(link::target_group(&scope.environment.region, &group.arn)),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: balancer.target_groups.iter().map(row).collect(),
    }
}

pub(super) fn targets(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("target", Width::Fit(12, 24)),
        Column::new("state", Width::Fit(9, 20)),
        Column::new("zone", Width::Fit(5, 16)).drop(2),
        Column::new("reason", Width::Fit(8, 34)).drop(1),
        Column::new("description", Width::Share(12)),
    ];
    let group = scope.seen.balancer().and_then(|b| {
        let selected = scope
            .target_group
            .and_then(|arn| b.target_groups.iter().find(|g| g.arn == arn));
        selected.or_else(|| b.target_groups.first())
    });
    let Some(group) = group else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |target: &Target| {
        let id = format!("{}:{}", target.id, target.port);
        Row {
            id: id.clone(),
            cells: vec![
                Cell::text(id),
                Cell::health(judge.target(group, target), target.state.word()),
                Cell::maybe(target.zone.clone()).role(Role::Muted),
                Cell::maybe(target.reason.clone()),
                Cell::maybe(target.description.clone()),
            ],
            describe: serde_json::json!(target),
            link: Some(link::target_group(&scope.environment.region, &group.arn)),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: group.targets.iter().map(row).collect(),
    }
}

pub(super) fn listener_rules(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("listener", Width::Fit(8, 12)),
        Column::new("priority", Width::Fixed(8)).right(),
        Column::new("when", Width::Share(14)),
        Column::new("then", Width::Share(14)),
    ];
    let Some(balancer) = scope.seen.balancer() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let rules = balancer
        .listeners
        .iter()
        .flat_map(|l| l.rules.iter().map(move |r| (l, r)));
    let row = |(listener, rule): (
        &crate::model::balancer::Listener,
        &crate::model::balancer::ListenerRule,
    )| {
        let port = format!("{} {}", listener.protocol, listener.port);
        Row {
            id: format!("{port} {}", rule.priority),
            cells: vec![
                Cell::text(port).role(Role::Muted),
                Cell::text(&rule.priority),
                Cell::text(if rule.conditions.is_empty() {
                    "any request".to_owned()
                } else {
                    rule.conditions.join(", ")
                }),
                Cell::text(rule.actions.join(", ")),
            ],
            describe: serde_json::json!(rule),
            link: Some(link::load_balancer(
                &scope.environment.region,
                &balancer.arn,
            )),
        }
    };
    Grid {
        columns: COLUMNS,
        rows: rules.map(row).collect(),
    }
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(balancer) = scope.seen.balancer() else {
        return Vec::new();
    };
    let Balancer {
        name,
        dns_name,
        scheme,
        state,
        zones,
        ..
    } = balancer;
    let judge = scope.judge();
    let certificate = balancer
        .listeners
        .iter()
        .flat_map(|l| &l.certificates)
        .min_by_key(|c| c.not_after);
    let mut fields = vec![
        Field::new(
            "balancer",
            Cell::health(
                judge.balancer(balancer),
                format!("{} · {name}", words(state.word())),
            ),
        ),
        Field::new("address", Cell::text(dns_name)),
        Field::new(
            "certificate",
            certificate.map_or_else(Cell::missing, |c| {
                days(scope, c.not_after, &c.domain, judge.certificate(c))
            }),
        ),
        Field::new(
            "scheme",
            Cell::text(format!("{scheme} · {}", zones.join(", "))).role(Role::Muted),
        ),
        Field::new(
            "idle timeout",
            Cell::maybe(balancer.idle_timeout.map(|s| format!("{s} s"))).role(Role::Muted),
        ),
        Field::new(
            "deletion protection",
            Cell::text(if balancer.deletion_protection {
                "on"
            } else {
                "off"
            })
            .role(Role::Muted),
        ),
    ];
    let unread = balancer.gaps.iter().chain(
        balancer
            .target_groups
            .iter()
            .filter_map(|g| g.targets_error.as_ref()),
    );
    fields.extend(gaps(unread));
    fields
}

pub(super) fn charts(scope: &Scope<'_>) -> Vec<Chart> {
    let groups = scope.seen.balancer().map_or(&[][..], |b| &b.target_groups);
    let named = groups.iter().map(|g| (g.name.as_str(), g.dimension()));
    let hosts = Chart::by_subject("Healthy targets", Metric::AlbHealthyHosts, named);
    let mut charts = vec![
        Chart::new("Requests", [Metric::AlbRequests]),
        Chart::new(
            "Latency of targets",
            [Metric::AlbP50, Metric::AlbP95, Metric::AlbP99],
        ),
        Chart::new("Server errors", [Metric::AlbTarget5xx, Metric::AlbElb5xx]),
    ];
    if !hosts.series.is_empty() {
        charts.push(hosts);
    }
    charts.push(Chart::new(
        "Client errors",
        [Metric::AlbTarget4xx, Metric::AlbElb4xx],
    ));
    charts.push(Chart::new("Capacity units", [Metric::AlbConsumedLcus]));
    charts
}
