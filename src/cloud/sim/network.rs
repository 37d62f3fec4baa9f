//! The VPC: two zones of public, private and database subnets, one NAT gateway, endpoints, security groups, flow logs. It hardly
//! moves: tasks take addresses, nothing else does.

use super::{
    flow, names,
    world::{EPOCH, World, moment},
};
use crate::model::{
    network::{
        FlowLog, Interface, NatGateway, Network, Route, RouteTable, SecurityGroup, SecurityRule,
        Subnet, SubnetReach, VpcEndpoint,
    },
    state::{Delivery, GatewayState, RouteState},
};

const INTERNET_GATEWAY: &str = "igw-07d3a5c9e1f4b8260";
const ROUTES_PUBLIC: &str = "rtb-01f7c3e9a5d2b8460";
const ROUTES_PRIVATE: &str = "rtb-02a8d4f0b6e3c9571";
const ROUTES_DATABASE: &str = "rtb-03b9e501c7f4da682";
const ROUTES_MAIN: &str = "rtb-00c6b2d8f4e1a7359";
/// The origin-facing prefix list of CloudFront in us-east-1.
const CLOUDFRONT: &str = "pl-3b927c52";

/// Reads the tier.
pub fn snapshot(world: &World) -> Network {
    let zone = |index: usize| {
        let tasks: usize = world
            .compute
            .services()
            .iter()
            .flat_map(|service| &service.tasks)
            .filter(|task| task.zone == index)
            .count();
        // Besides its tasks a private subnet holds one interface of each interface endpoint, a public one the balancer's nodes and,
        // in the first zone, the NAT gateway; a database subnet the instance.
        let taken = [
            2 + usize::from(index == 0),
            tasks + 4,
            usize::from(index == 0),
        ];
        let ids = [
            names::PUBLIC_SUBNETS[index],
            names::PRIVATE_SUBNETS[index],
            names::DATABASE_SUBNETS[index],
        ];
        let kinds = [
            ("public", 0, SubnetReach::Public),
            ("private", 20, SubnetReach::Nat),
            ("db", 40, SubnetReach::Isolated),
        ];
        let letter = ["a", "b"][index];
        ids.into_iter()
            .zip(kinds)
            .zip(taken)
            .map(move |((id, (kind, offset, reach)), taken)| Subnet {
                id: id.to_owned(),
                name: Some(format!("hydren-{kind}-{letter}")),
                zone: names::ZONES[index].to_owned(),
                cidr: format!("10.0.{}.0/24", offset + index),
                free_addresses: 251 - taken as i32,
                usable_addresses: 251,
                reach,
            })
    };
    Network {
        vpc_id: names::VPC.to_owned(),
        cidrs: vec!["10.0.0.0/16".to_owned()],
        internet_gateway: Some(INTERNET_GATEWAY.to_owned()),
        subnets: zone(0).chain(zone(1)).collect(),
        route_tables: route_tables(),
        nat_gateways: vec![NatGateway {
            id: names::NAT.to_owned(),
            name: Some("hydren-nat-a".to_owned()),
            state: GatewayState::Available,
            failure: None,
            subnet_id: Some(names::PUBLIC_SUBNETS[0].to_owned()),
            public_ips: vec!["203.0.113.74".to_owned()],
        }],
        endpoints: endpoints(),
        security_groups: security_groups(),
        interfaces: interfaces(world),
        balancer_logs: Vec::new(),
        flow_logs: vec![FlowLog {
            id: names::FLOW_LOG.to_owned(),
            resource: names::VPC.to_owned(),
            traffic: "ALL".to_owned(),
            status: "ACTIVE".to_owned(),
            delivery: Some(Delivery::Success),
            delivery_error: None,
            destination: names::LOGS_FLOW.to_owned(),
            destination_type: "cloud-watch-logs".to_owned(),
            format: "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}".to_owned(),
            aggregation: 60,
            created_at: Some(moment(EPOCH - 212 * 86_400)),
        }],
        gaps: Vec::new(),
    }
}

fn interfaces(world: &World) -> Vec<Interface> {
    let interface =
        |id: &str, kind: &str, description: &str, address: &str, group: Option<&str>| Interface {
            id: id.to_owned(),
            kind: kind.to_owned(),
            description: description.to_owned(),
            addresses: vec![address.to_owned()],
            groups: group.into_iter().map(str::to_owned).collect(),
        };
    let nodes = flow::NODE_INTERFACES.into_iter().zip(flow::NODES);
    let mut all: Vec<Interface> = nodes
        .map(|(id, address)| {
            let said = format!("ELB {}", names::BALANCER_DIMENSION);
            interface(id, "interface", &said, address, Some(names::SG_BALANCER))
        })
        .collect();
    all.push(interface(
        flow::NAT_INTERFACE,
        "nat_gateway",
        &format!("Interface for NAT Gateway {}", names::NAT),
        flow::NAT_IP,
        None,
    ));
    all.push(interface(
        flow::DATABASE_INTERFACE,
        "interface",
        "RDSNetworkInterface",
        names::DATABASE_IP,
        Some(names::SG_DATABASE),
    ));
    for (_, host, half) in flow::ENDPOINTS {
        all.extend((0..names::ZONES.len()).map(|zone| {
            let address = format!("10.0.{}.{host}", 20 + zone);
            let id = flow::endpoint_interface(half, zone);
            interface(
                &id,
                "vpc_endpoint",
                "VPC Endpoint Interface",
                &address,
                None,
            )
        }));
    }
    for service in world.compute.services() {
        let group = if service.spec.name == names::BACKEND {
            names::SG_BACKEND
        } else {
            names::SG_FRONTEND
        };
        let tasks = service.tasks.iter();
        all.extend(tasks.filter(|task| task.stopped.is_none()).map(|task| {
            let id = flow::interface(&task.id);
            let said = "arn:aws:ecs:us-east-1:123456789012:attachment/hydren";
            interface(&id, "interface", said, &task.ip, Some(group))
        }));
    }
    all
}

fn route_tables() -> Vec<RouteTable> {
    let route = |destination: &str, target: &str| Route {
        destination: destination.to_owned(),
        target: target.to_owned(),
        state: RouteState::Active,
    };
    let table = |id: &str, name: &str, subnets: &[&str], more: Vec<Route>| RouteTable {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        main: id == ROUTES_MAIN,
        subnets: subnets.iter().map(|&s| s.to_owned()).collect(),
        routes: std::iter::once(route("10.0.0.0/16", "local"))
            .chain(more)
            .collect(),
    };
    let gateway_endpoint = route("pl-63a5400a", "vpce-0e1a7c4f9b2d60853");
    vec![
        table(ROUTES_MAIN, "hydren-main", &[], Vec::new()),
        table(
            ROUTES_PUBLIC,
            "hydren-public",
            &names::PUBLIC_SUBNETS,
            vec![route("0.0.0.0/0", INTERNET_GATEWAY)],
        ),
        table(
            ROUTES_PRIVATE,
            "hydren-private",
            &names::PRIVATE_SUBNETS,
            vec![route("0.0.0.0/0", names::NAT), gateway_endpoint],
        ),
        table(
            ROUTES_DATABASE,
            "hydren-db",
            &names::DATABASE_SUBNETS,
            Vec::new(),
        ),
    ]
}

fn endpoints() -> Vec<VpcEndpoint> {
    [
        ("vpce-0e1a7c4f9b2d60853", "s3", "Gateway"),
        ("vpce-01b8d5e0ac3f71964", "ecr.api", "Interface"),
        ("vpce-02c9e6f1bd4082a75", "ecr.dkr", "Interface"),
        ("vpce-03daf702ce5193b86", "logs", "Interface"),
        ("vpce-04eb0813df62a4c97", "secretsmanager", "Interface"),
    ]
    .map(|(id, service, kind)| VpcEndpoint {
        id: id.to_owned(),
        service: format!("com.amazonaws.{}.{service}", names::REGION),
        kind: kind.to_owned(),
        zones: if kind == "Interface" { 2 } else { 0 },
        state: GatewayState::Available,
    })
    .into()
}

fn security_groups() -> Vec<SecurityGroup> {
    let rule = |ports: &str, peer: &str, description: &str| SecurityRule {
        protocol: if ports == "all" { "all" } else { "tcp" }.to_owned(),
        ports: ports.to_owned(),
        peer: peer.to_owned(),
        description: (!description.is_empty()).then(|| description.to_owned()),
    };
    let group = |id: &str, name: &str, used_by: &str, inbound: SecurityRule| SecurityGroup {
        id: id.to_owned(),
        name: name.to_owned(),
        used_by: vec![used_by.to_owned()],
        inbound: vec![inbound],
        outbound: vec![rule("all", "0.0.0.0/0", "")],
    };
    vec![
        group(
            names::SG_BALANCER,
            "hydren-alb",
            "alb",
            rule("443", CLOUDFRONT, "CloudFront origin-facing"),
        ),
        group(
            names::SG_FRONTEND,
            "hydren-frontend",
            "ecs frontend",
            rule("8080", names::SG_BALANCER, "from the balancer"),
        ),
        group(
            names::SG_BACKEND,
            "hydren-backend",
            "ecs backend",
            rule("8000", names::SG_BALANCER, "from the balancer"),
        ),
        group(
            names::SG_DATABASE,
            "hydren-db",
            "rds",
            rule("5432", names::SG_BACKEND, "from the backend"),
        ),
    ]
}
