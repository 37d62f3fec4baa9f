//! The VPC: addresses that run out, routes into nothing, NAT, and flow logs that do not arrive.

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
        network::{FlowLog, Network, Route, RouteTable, Subnet, SubnetReach},
        state::{Delivery, GatewayState, RouteState},
    },
};
use std::collections::BTreeSet;

pub(super) const PART: Part = Part {
    tier: Tier::Network,
    rules: &[
        Rule {
            name: "net-blackhole-route",
            check: blackhole,
        },
        Rule {
            name: "net-nat-state",
            check: nat_state,
        },
        Rule {
            name: "net-endpoint-state",
            check: endpoint_state,
        },
        Rule {
            name: "net-nat-ports",
            check: nat_ports,
        },
        Rule {
            name: "net-few-addresses",
            check: few_addresses,
        },
        Rule {
            name: "net-flow-log-delivery",
            check: flow_log_delivery,
        },
    ],
    figures,
    judged_by: &[Metric::NatErrorPortAllocation],
    calm,
};

/// Free addresses that a balancer needs in each of its subnets to scale (elasticloadbalancing/application, subnets).
const FEW_FREE: i32 = 8;
/// Percent of a subnet's addresses. Ours: a rolling deployment may double the tasks for a while.
const FEW_SHARE: f64 = 10.0;

/// The subnets that the environment needs addresses in: those of its services, and the public ones, where balancers live. When no
/// service is known, all of them.
fn used<'a>(scene: &Scene<'_>, network: &'a Network) -> impl Iterator<Item = &'a Subnet> {
    let services = scene.seen.compute().map_or(&[][..], |c| &c.services);
    let named: BTreeSet<String> = services
        .iter()
        .flat_map(|s| s.subnets.iter().cloned())
        .collect();
    network.subnets.iter().filter(move |s| {
        named.is_empty() || named.contains(&s.id) || s.reach == SubnetReach::Public
    })
}

/// How a subnet is by its free addresses, if the environment needs some of them.
pub(super) fn addresses(scene: &Scene<'_>, subnet: &Subnet) -> Health {
    let needed = |network| used(scene, network).any(|s| s.id == subnet.id);
    if scene.seen.network().is_some_and(needed) {
        free(subnet)
    } else {
        Health::Ok
    }
}

fn free(subnet: &Subnet) -> Health {
    let few = subnet.free_addresses < FEW_FREE || free_share(subnet).is_some_and(|v| v < FEW_SHARE);
    if few { Health::Warning } else { Health::Ok }
}

fn few_addresses(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(network) = scene.seen.network() else {
        return Vec::new();
    };
    used(scene, network)
        .filter(|s| free(s) != Health::Ok)
        .map(|subnet| {
            let name = subnet.name.as_deref().unwrap_or(&subnet.id);
            Raised::new(
                Health::Warning,
                &subnet.id,
                format!("{} addresses free", subnet.free_addresses),
                format!(
                    "{name} has {} of {} addresses free",
                    subnet.free_addresses, subnet.usable_addresses
                ),
            )
            .because([format!("{} in {}", subnet.cidr, subnet.zone)])
            .advise(
                "every Fargate task takes one address: add subnets to the service, or larger ones",
            )
        })
        .collect()
}

fn free_share(subnet: &Subnet) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "addresses of an IPv4 subnet")]
    let usable = subnet.usable_addresses as f64;
    (usable > 0.0).then(|| f64::from(subnet.free_addresses) / usable * 100.0)
}

/// How a route is: one whose target is gone takes away the only way out of those who depend on it.
pub(super) fn route(table: &RouteTable, route: &Route) -> Health {
    let default = matches!(route.destination.as_str(), "0.0.0.0/0" | "::/0");
    match route.state {
        RouteState::Blackhole if default && (table.main || !table.subnets.is_empty()) => {
            Health::Critical
        }
        RouteState::Blackhole => Health::Warning,
        _ => Health::Ok,
    }
}

/// How a subnet is by where its default route leads: the rule of its route, seen from the subnet.
pub(super) const fn reach(reach: SubnetReach) -> Health {
    match reach {
        SubnetReach::Blackhole => Health::Critical,
        SubnetReach::Public | SubnetReach::Nat | SubnetReach::Isolated => Health::Ok,
    }
}

/// How a gateway or an endpoint is by its state.
pub(super) const fn gateway(state: &GatewayState) -> Health {
    match state {
        GatewayState::Available => Health::Ok,
        GatewayState::Failed | GatewayState::Rejected => Health::Critical,
        _ => Health::Warning,
    }
}

/// How a flow log is by its delivery.
pub(super) const fn flow_log(log: &FlowLog) -> Health {
    match log.delivery {
        Some(Delivery::Success) => Health::Ok,
        Some(Delivery::Failed) => Health::Warning,
        Some(Delivery::Other(_)) | None => Health::Unknown,
    }
}

/// A route whose target is gone. Without its default route a subnet reaches neither registry nor AWS: tasks no longer start.
fn blackhole(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(network) = scene.seen.network() else {
        return Vec::new();
    };
    network
        .route_tables
        .iter()
        .flat_map(|table| table.routes.iter().map(move |route| (table, route)))
        .map(|(table, route)| (table, route, self::route(table, route)))
        .filter(|(.., severity)| *severity != Health::Ok)
        .map(|(table, route, severity)| {
            let name = table.name.as_deref().unwrap_or(&table.id);
            Raised::new(
                severity,
                &table.id,
                "blackhole route",
                format!(
                    "{name} sends {} to {}, which is gone",
                    route.destination, route.target
                ),
            )
            .because(
                (!table.subnets.is_empty())
                    .then(|| format!("subnets {}", table.subnets.join(", "))),
            )
            .advise("point the route at a NAT or internet gateway that exists")
        })
        .collect()
}

fn nat_state(scene: &Scene<'_>) -> Vec<Raised> {
    let gateways = scene.seen.network().map_or(&[][..], |n| &n.nat_gateways);
    gateways
        .iter()
        .filter(|nat| gateway(&nat.state) != Health::Ok)
        .map(|nat| {
            Raised::new(
                gateway(&nat.state),
                &nat.id,
                format!("NAT {}", nat.state),
                format!("the NAT gateway {} is {}", nat.name.as_deref().unwrap_or(&nat.id), nat.state),
            )
            .because(nat.failure.clone())
            .advise("the tasks behind it cannot reach registries and AWS: route their subnets through another gateway")
        })
        .collect()
}

/// An endpoint that lets nothing through: what it leads to is out of reach, or reached over the NAT gateway for money.
fn endpoint_state(scene: &Scene<'_>) -> Vec<Raised> {
    let endpoints = scene.seen.network().map_or(&[][..], |n| &n.endpoints);
    endpoints
        .iter()
        .filter(|endpoint| gateway(&endpoint.state) != Health::Ok)
        .map(|endpoint| {
            Raised::new(
                gateway(&endpoint.state),
                &endpoint.id,
                format!("endpoint {}", endpoint.state),
                format!("the endpoint to {} is {}", endpoint.service, endpoint.state),
            )
            .advise(
                "tasks whose traffic takes it may not reach the service: accept or create it anew",
            )
        })
        .collect()
}

/// Ports towards one destination used up: AWS recommends `ErrorPortAllocation` > 0, 15 of 15; five in a row are told here.
fn nat_ports(scene: &Scene<'_>) -> Vec<Raised> {
    let gateways = scene.seen.network().map_or(&[][..], |n| &n.nat_gateways);
    gateways
        .iter()
        .filter_map(|nat| {
            let errors = scene.recent_of(Metric::NatErrorPortAllocation, &nat.id);
            errors.all(|v| v > 0.0).then(|| {
                Raised::new(
                    Health::Warning,
                    &nat.id,
                    "NAT ports exhausted",
                    format!("{} has no ports left for a destination", nat.id),
                )
                .because([format!(
                    "{} failed allocations a minute",
                    format::compact(errors.mean())
                )])
                .advise(
                    "pool outbound connections, add addresses to the gateway, or use VPC endpoints",
                )
            })
        })
        .collect()
}

fn flow_log_delivery(scene: &Scene<'_>) -> Vec<Raised> {
    let logs = scene.seen.network().map_or(&[][..], |n| &n.flow_logs);
    logs.iter()
        .filter(|log| flow_log(log) > Health::Unknown)
        .map(|log| {
            Raised::new(
                flow_log(log),
                &log.id,
                "flow log not delivered",
                format!(
                    "the flow log of {} does not reach {}",
                    log.resource, log.destination
                ),
            )
            .because(log.delivery_error.clone())
            .advise(
                "check that the destination exists and that the flow log's role may write to it",
            )
        })
        .collect()
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let network = scene.seen.network();
    let lowest = network.and_then(|n| used(scene, n).map(|s| s.free_addresses).min());
    let gateways = network.map_or(&[][..], |n| &n.nat_gateways);
    let nat = |name, metric, pick| {
        let mut figure = scene.over(name, metric, gateways.iter().map(|g| g.id.as_str()), pick);
        if network.is_some() && gateways.is_empty() {
            figure.missing = Some("no NAT gateway".to_owned());
        }
        figure
    };
    let logs = scene
        .environment
        .resources
        .log_groups
        .iter()
        .map(String::as_str);
    vec![
        fact(
            "free_addresses_lowest",
            "free addresses",
            Unit::Gauge,
            lowest.map(f64::from),
        ),
        counted("subnets", "subnets", network.map(|n| n.subnets.len())),
        counted("nat_gateways", "NAT", network.map(|n| n.nat_gateways.len())),
        counted("endpoints", "endpoints", network.map(|n| n.endpoints.len())),
        counted("flow_logs", "flow logs", network.map(|n| n.flow_logs.len())),
        nat(
            "nat_port_errors_per_minute",
            Metric::NatErrorPortAllocation,
            |a, b| a + b,
        ),
        nat("nat_bytes_out_per_minute", Metric::NatBytesOut, |a, b| {
            a + b
        }),
        nat(
            "nat_active_connections",
            Metric::NatActiveConnections,
            f64::max,
        ),
        nat(
            "nat_packets_dropped_per_minute",
            Metric::NatPacketsDropped,
            |a, b| a + b,
        ),
        scene.over("log_bytes_per_minute", Metric::LogBytes, logs, |a, b| a + b),
    ]
}

/// A VPC without a flow log is not unwell, but blind to what is refused: its verdict says so.
fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let network = scene.seen.network()?;
    let subnets = format::count(network.subnets.len(), "subnet");
    let text = match (network.flow_logs.is_empty(), network.nat_gateways.len()) {
        (true, _) => format!("{subnets}, no flow log"),
        (false, 0) => subnets,
        (false, nat) => format!("{subnets}, {nat} NAT"),
    };
    Some(Verdict::new(Health::Ok, text))
}
