//! The network screen: what decides whether packets arrive.

use super::{Chart, Field, Scope, gaps, link, role, words};
use crate::{
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health,
        metric::Metric,
        network::{FlowLog, SecurityGroup, SecurityRule, Subnet, SubnetReach},
        state::{Delivery, GatewayState},
    },
    theme::Role,
};

pub(super) fn subnets(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("subnet", Width::Fit(8, 26)),
        Column::new("zone", Width::Fit(5, 16)),
        Column::new("reaches", Width::Fit(8, 12)),
        Column::new("free", Width::Fixed(6)).right(),
        Column::new("of", Width::Fixed(6)).right().drop(1),
        Column::new("range", Width::Fit(10, 18)).drop(2),
        Column::new("id", Width::Share(10)).drop(3),
    ];
    let Some(network) = scope.seen.network() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |subnet: &Subnet| Row {
        id: subnet.id.clone(),
        cells: vec![
            Cell::text(subnet.name.as_ref().unwrap_or(&subnet.id)),
            Cell::text(&subnet.zone).role(Role::Muted),
            match subnet.reach {
                SubnetReach::Public => Cell::text("internet"),
                SubnetReach::Nat => Cell::text("NAT"),
                SubnetReach::Isolated => Cell::text("VPC only").role(Role::Muted),
                SubnetReach::Blackhole => Cell::health(judge.reach(subnet.reach), "nothing"),
            },
            Cell::count(subnet.free_addresses).role(role(judge.addresses(subnet))),
            Cell::text(subnet.usable_addresses.to_string()).role(Role::Muted),
            Cell::text(&subnet.cidr).role(Role::Muted),
            Cell::text(&subnet.id).role(Role::Muted),
        ],
        describe: serde_json::json!(subnet),
        link: Some(link::vpc(
            &scope.environment.region,
            "SubnetDetails:subnetId",
            &subnet.id,
        )),
    };
    Grid {
        columns: COLUMNS,
        rows: network.subnets.iter().map(row).collect(),
    }
}

/// Whether a rule lets the whole internet in elsewhere than on the web's ports.
fn wide_open(rule: &SecurityRule) -> bool {
    matches!(rule.peer.as_str(), "0.0.0.0/0" | "::/0")
        && !matches!(rule.ports.as_str(), "80" | "443")
}

pub(super) fn security_rules(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("group", Width::Fit(6, 26)),
        Column::new("used by", Width::Fit(7, 20)).drop(1),
        Column::new("way", Width::Fixed(3)),
        Column::new("protocol", Width::Fit(5, 8)).drop(3),
        Column::new("ports", Width::Fit(5, 11)),
        Column::new("peer", Width::Fit(8, 40)),
        Column::new("description", Width::Share(8)).drop(2),
    ];
    let Some(network) = scope.seen.network() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    // A group's name says more than its id.
    let peer = |id: &str| {
        let known = network.security_groups.iter().find(|g| g.id == id);
        known.map_or_else(|| id.to_owned(), |g| g.name.clone())
    };
    let row = |group: &SecurityGroup, way: &str, rule: &SecurityRule| {
        let role = if way == "in" && wide_open(rule) {
            Role::Warning
        } else {
            Role::Text
        };
        Row {
            id: format!("{} {way} {} {}", group.id, rule.ports, rule.peer),
            cells: vec![
                Cell::text(&group.name),
                Cell::text(group.used_by.join(", ")).role(Role::Muted),
                Cell::text(way).role(Role::Muted),
                Cell::text(&rule.protocol).role(Role::Muted),
                Cell::text(&rule.ports),
                Cell::text(peer(&rule.peer)).role(role),
                Cell::maybe(rule.description.clone()).role(Role::Muted),
            ],
            describe: serde_json::json!({"group": group.name, "id": group.id, "used_by": group.used_by, "way": way, "rule": rule}),
            link: Some(link::vpc(
                &scope.environment.region,
                "SecurityGroup:groupId",
                &group.id,
            )),
        }
    };
    let rows = network.security_groups.iter().flat_map(|group| {
        let inbound = group.inbound.iter().map(move |rule| row(group, "in", rule));
        inbound.chain(
            group
                .outbound
                .iter()
                .map(move |rule| row(group, "out", rule)),
        )
    });
    Grid {
        columns: COLUMNS,
        rows: rows.collect(),
    }
}

pub(super) fn routes(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("route table", Width::Fit(11, 26)),
        Column::new("destination", Width::Fit(11, 24)),
        Column::new("target", Width::Share(14)),
        Column::new("state", Width::Fit(8, 11)),
        Column::new("subnets", Width::Fixed(7)).right().drop(1),
    ];
    let Some(network) = scope.seen.network() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = &scope.judge();
    let rows = network.route_tables.iter().flat_map(|table| {
        table.routes.iter().map(move |route| Row {
            id: format!("{} {}", table.id, route.destination),
            cells: vec![
                Cell::text(table.name.as_ref().unwrap_or(&table.id)),
                Cell::text(&route.destination),
                Cell::text(&route.target),
                match judge.route(table, route) {
                    Health::Ok => Cell::text(words(route.state.word())).role(Role::Muted),
                    unwell => Cell::health(unwell, words(route.state.word())),
                },
                if table.main {
                    Cell::text("main").role(Role::Muted)
                } else {
                    Cell::count(u32::try_from(table.subnets.len()).unwrap_or(u32::MAX))
                        .role(Role::Muted)
                },
            ],
            describe: serde_json::json!(table),
            link: Some(link::vpc(
                &scope.environment.region,
                "RouteTableDetails:RouteTableId",
                &table.id,
            )),
        })
    });
    Grid {
        columns: COLUMNS,
        rows: rows.collect(),
    }
}

pub(super) fn gateways(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("kind", Width::Fit(8, 18)),
        Column::new("state", Width::Fit(9, 13)),
        Column::new("id", Width::Fit(12, 26)),
        Column::new("what", Width::Share(14)).drop(1),
    ];
    let Some(network) = scope.seen.network() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let region = &scope.environment.region;
    let judge = scope.judge();
    let state = |state: &GatewayState| Cell::health(judge.gateway(state), words(state.word()));
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(network.internet_gateway.iter().map(|id| Row {
        id: id.clone(),
        cells: vec![
            Cell::text("internet gateway"),
            Cell::health(Health::Ok, "attached"),
            Cell::text(id),
            Cell::missing(),
        ],
        describe: serde_json::json!({"internet_gateway": id}),
        link: Some(link::vpc(region, "InternetGateway:internetGatewayId", id)),
    }));
    rows.extend(network.nat_gateways.iter().map(|gateway| Row {
        id: gateway.id.clone(),
        cells: vec![
                Cell::text("NAT gateway"),
                state(&gateway.state),
                Cell::text(&gateway.id),
                Cell::text(
                    gateway
                        .failure
                        .clone()
                        .unwrap_or_else(|| gateway.public_ips.join(", ")),
                )
                .role(Role::Muted),
            ],
        describe: serde_json::json!(gateway),
        link: Some(link::vpc(
            region,
            "NatGatewayDetails:natGatewayId",
            &gateway.id,
        )),
    }));
    rows.extend(network.endpoints.iter().map(|endpoint| Row {
        id: endpoint.id.clone(),
        cells: vec![
            Cell::text(format!("{} endpoint", endpoint.kind.to_lowercase())),
            state(&endpoint.state),
            Cell::text(&endpoint.id),
            // `com.amazonaws.REGION.` is the same for all of them.
            Cell::text(endpoint.service.splitn(4, '.').nth(3).unwrap_or(&endpoint.service))
                .role(Role::Muted),
        ],
        describe: serde_json::json!(endpoint),
        link: Some(link::vpc(
            region,
            "EndpointDetails:vpcEndpointId",
            &endpoint.id,
        )),
    }));
    Grid {
        columns: COLUMNS,
        rows,
    }
}

pub(super) fn flow_logs(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("flow log", Width::Fit(10, 24)).drop(1),
        Column::new("delivery", Width::Fit(9, 12)),
        Column::new("traffic", Width::Fixed(7)),
        Column::new("watches", Width::Fit(8, 26)),
        Column::new("every", Width::Fixed(6)).right().drop(2),
        Column::new("destination", Width::Share(12)),
    ];
    let Some(network) = scope.seen.network() else {
        return Grid {
            columns: COLUMNS,
            rows: Vec::new(),
        };
    };
    let judge = scope.judge();
    let row = |log: &FlowLog| Row {
        id: log.id.clone(),
        cells: vec![
            Cell::text(&log.id),
            Cell::health(
                judge.flow_log(log),
                match &log.delivery {
                    Some(Delivery::Failed) => "failed".to_owned(),
                    Some(Delivery::Success) => "ok".to_owned(),
                    _ => words(&log.status),
                },
            ),
            Cell::text(log.traffic.to_lowercase()),
            Cell::text(&log.resource).role(Role::Muted),
            Cell::text(format!("{} s", log.aggregation)).role(Role::Muted),
            Cell::text(log.delivery_error.as_ref().unwrap_or(&log.destination)),
        ],
        describe: serde_json::json!(log),
        link: None,
    };
    Grid {
        columns: COLUMNS,
        rows: network.flow_logs.iter().map(row).collect(),
    }
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(network) = scope.seen.network() else {
        return Vec::new();
    };
    let mut zones: Vec<&str> = network.subnets.iter().map(|s| s.zone.as_str()).collect();
    zones.sort_unstable();
    zones.dedup();
    let free: i64 = network
        .subnets
        .iter()
        .map(|s| i64::from(s.free_addresses))
        .sum();
    let logged = match network.flow_logs.len() {
        // Not unwell, but blind.
        0 => Cell::health(
            Health::Unknown,
            "no flow log: rejected packets leave no trace",
        ),
        n => Cell::text(format!(
            "{n} · some minutes late by nature · enter on one adds them up"
        ))
        .role(Role::Muted),
    };
    let mut fields = vec![
        Field::new(
            "VPC",
            Cell::text(format!("{} · {}", network.vpc_id, network.cidrs.join(", "))),
        ),
        Field::new("zones", Cell::text(zones.join(", "))),
        Field::new(
            "free addresses",
            Cell::text(format!("{free} in {} subnets", network.subnets.len())),
        ),
        Field::new("flow logs", logged),
    ];
    fields.extend(gaps(&network.gaps));
    fields
}

pub(super) fn charts(scope: &Scope<'_>) -> Vec<Chart> {
    let gateways = scope.seen.network().map_or(&[][..], |n| &n.nat_gateways);
    if gateways.is_empty() {
        return Vec::new();
    }
    let of = |title: &str, metric| {
        let named = gateways.iter().map(|gateway| {
            let name = gateway.name.as_ref().unwrap_or(&gateway.id);
            (name.as_str(), gateway.id.as_str())
        });
        Chart::by_subject(title, metric, named)
    };
    vec![
        of("NAT traffic out", Metric::NatBytesOut),
        of("NAT connections", Metric::NatActiveConnections),
        of("NAT port errors", Metric::NatErrorPortAllocation),
    ]
}
