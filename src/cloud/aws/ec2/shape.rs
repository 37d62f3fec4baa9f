//! EC2's descriptions into the model's network.

use super::{
    super::{
        shape::{text, word},
        time::timestamp,
    },
    routes::reach,
};
use crate::model::network::{
    FlowLog, Interface, NatGateway, Route, RouteTable, SecurityGroup, SecurityRule, Subnet,
    VpcEndpoint,
};
use aws_sdk_ec2::types::{
    FlowLog as SdkFlowLog, IpPermission, NatGateway as SdkNat, NetworkInterface, Route as SdkRoute,
    RouteTable as SdkRouteTable, SecurityGroup as SdkGroup, Subnet as SdkSubnet, Tag, Vpc,
    VpcEndpoint as SdkEndpoint,
};

/// Addresses of a subnet that AWS keeps: the first four and the last
/// (docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
const RESERVED_ADDRESSES: i64 = 5;

/// The IPv4 ranges, then the IPv6 ranges.
pub(super) fn cidrs(vpc: &Vpc) -> Vec<String> {
    let mut cidrs: Vec<String> = vpc
        .cidr_block_association_set()
        .iter()
        .filter_map(|association| association.cidr_block.clone())
        .collect();
    if cidrs.is_empty() {
        cidrs.extend(vpc.cidr_block.clone());
    }
    let six = vpc.ipv6_cidr_block_association_set();
    cidrs.extend(six.iter().filter_map(|a| a.ipv6_cidr_block.clone()));
    cidrs
}

pub(super) fn subnet(subnet: &SdkSubnet, tables: &[RouteTable]) -> Subnet {
    let cidr = text(subnet.cidr_block());
    let id = text(subnet.subnet_id());
    Subnet {
        name: name(subnet.tags()),
        zone: text(subnet.availability_zone()),
        free_addresses: subnet.available_ip_address_count().unwrap_or_default(),
        usable_addresses: usable(&cidr),
        reach: reach(&id, tables),
        cidr,
        id,
    }
}

/// Addresses that can be used in an IPv4 range; 0 for what is none.
fn usable(cidr: &str) -> i64 {
    cidr.split_once('/')
        .and_then(|(_, prefix)| prefix.parse::<u32>().ok())
        .filter(|prefix| *prefix <= 32)
        .map_or(0, |prefix| {
            ((1_i64 << (32 - prefix)) - RESERVED_ADDRESSES).max(0)
        })
}

pub(super) fn route_table(table: &SdkRouteTable) -> RouteTable {
    let associations = table.associations();
    RouteTable {
        id: text(table.route_table_id()),
        name: name(table.tags()),
        main: associations.iter().any(|a| a.main() == Some(true)),
        subnets: associations
            .iter()
            .filter_map(|a| a.subnet_id.clone())
            .collect(),
        routes: table.routes().iter().map(route).collect(),
    }
}

fn route(route: &SdkRoute) -> Route {
    let destination = route
        .destination_cidr_block()
        .or(route.destination_ipv6_cidr_block())
        .or(route.destination_prefix_list_id());
    let target = route
        .nat_gateway_id()
        .or(route.gateway_id())
        .or(route.egress_only_internet_gateway_id())
        .or(route.transit_gateway_id())
        .or(route.vpc_peering_connection_id())
        .or(route.network_interface_id())
        .or(route.instance_id())
        .or(route.carrier_gateway_id())
        .or(route.local_gateway_id())
        .or(route.core_network_arn());
    Route {
        destination: text(destination),
        target: text(target),
        state: word(route.state()).into(),
    }
}

pub(super) fn nat_gateway(nat: &SdkNat) -> NatGateway {
    NatGateway {
        id: text(nat.nat_gateway_id()),
        name: name(nat.tags()),
        state: word(nat.state()).into(),
        failure: nat.failure_message().map(str::to_owned),
        subnet_id: nat.subnet_id().map(str::to_owned),
        public_ips: nat
            .nat_gateway_addresses()
            .iter()
            .filter_map(|address| address.public_ip.clone())
            .collect(),
    }
}

pub(super) fn endpoint(endpoint: &SdkEndpoint) -> VpcEndpoint {
    VpcEndpoint {
        id: text(endpoint.vpc_endpoint_id()),
        service: text(endpoint.service_name()),
        kind: word(endpoint.vpc_endpoint_type()),
        zones: endpoint.network_interface_ids().len(),
        state: word(endpoint.state()).to_lowercase().into(),
    }
}

/// The group with its rules; who uses it is told elsewhere.
pub(super) fn security_group(group: &SdkGroup) -> SecurityGroup {
    SecurityGroup {
        id: text(group.group_id()),
        name: text(group.group_name()),
        used_by: Vec::new(),
        inbound: group.ip_permissions().iter().flat_map(rules).collect(),
        outbound: group
            .ip_permissions_egress()
            .iter()
            .flat_map(rules)
            .collect(),
    }
}

/// One rule for each peer of a permission.
fn rules(permission: &IpPermission) -> Vec<SecurityRule> {
    let groups = permission.user_id_group_pairs().iter();
    let four = permission.ip_ranges().iter();
    let six = permission.ipv6_ranges().iter();
    let lists = permission.prefix_list_ids().iter();
    four.map(|p| (p.cidr_ip(), p.description()))
        .chain(six.map(|p| (p.cidr_ipv6(), p.description())))
        .chain(groups.map(|p| (p.group_id(), p.description())))
        .chain(lists.map(|p| (p.prefix_list_id(), p.description())))
        .map(|(peer, description)| SecurityRule {
            protocol: protocol(permission.ip_protocol()),
            ports: ports(permission),
            peer: text(peer),
            description: description.map(str::to_owned),
        })
        .collect()
}

/// EC2 writes -1 for all protocols (docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html).
fn protocol(protocol: Option<&str>) -> String {
    match protocol {
        Some("-1") | None => "all".to_owned(),
        Some(named) => named.to_owned(),
    }
}

fn ports(permission: &IpPermission) -> String {
    match (permission.from_port(), permission.to_port()) {
        (Some(from), Some(to)) if from == to && from >= 0 => from.to_string(),
        (Some(0), Some(65_535)) | (None | Some(-1), _) | (_, None) => "all".to_owned(),
        (Some(from), Some(to)) => format!("{from}-{to}"),
    }
}

pub(super) fn interface(interface: &NetworkInterface) -> Interface {
    let four = interface.private_ip_addresses().iter();
    let six = interface.ipv6_addresses().iter();
    Interface {
        id: text(interface.network_interface_id()),
        kind: word(interface.interface_type()),
        description: text(interface.description()),
        addresses: four
            .filter_map(|address| address.private_ip_address.clone())
            .chain(six.filter_map(|address| address.ipv6_address.clone()))
            .collect(),
        groups: interface
            .groups()
            .iter()
            .filter_map(|group| group.group_id.clone())
            .collect(),
    }
}

pub(super) fn flow_log(log: &SdkFlowLog) -> FlowLog {
    FlowLog {
        id: text(log.flow_log_id()),
        resource: text(log.resource_id()),
        traffic: word(log.traffic_type()),
        status: text(log.flow_log_status()),
        delivery: log.deliver_logs_status().map(Into::into),
        delivery_error: log.deliver_logs_error_message().map(str::to_owned),
        destination: text(log.log_group_name().or(log.log_destination())),
        destination_type: word(log.log_destination_type()),
        format: text(log.log_format()),
        aggregation: log.max_aggregation_interval().unwrap_or_default(),
        created_at: timestamp(log.creation_time()),
    }
}

fn name(tags: &[Tag]) -> Option<String> {
    tags.iter()
        .find(|tag| tag.key() == Some("Name"))
        .and_then(|tag| tag.value.clone())
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_addresses_of_a_subnet_are_not_ours() {
        assert_eq!(usable("10.0.1.0/24"), 251);
        assert_eq!(usable("10.0.1.0/28"), 11);
        assert_eq!(usable("fd00::/64"), 0);
        assert_eq!(usable(""), 0);
    }

    #[test]
    fn ports_read_as_people_write_them() {
        let permission = |from, to| {
            IpPermission::builder()
                .set_from_port(from)
                .set_to_port(to)
                .build()
        };
        assert_eq!(ports(&permission(Some(443), Some(443))), "443");
        assert_eq!(ports(&permission(Some(8000), Some(8010))), "8000-8010");
        assert_eq!(ports(&permission(Some(0), Some(65_535))), "all");
        assert_eq!(ports(&permission(None, None)), "all");
        assert_eq!(ports(&permission(Some(-1), Some(-1))), "all");
    }
}
