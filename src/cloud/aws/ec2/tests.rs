use super::super::mocked::mocked;
use super::*;
use crate::model::network::SubnetReach;
use aws_sdk_ec2::{
    operation::{
        describe_flow_logs::DescribeFlowLogsOutput,
        describe_internet_gateways::DescribeInternetGatewaysOutput,
        describe_nat_gateways::{DescribeNatGatewaysError, DescribeNatGatewaysOutput},
        describe_network_interfaces::DescribeNetworkInterfacesOutput,
        describe_route_tables::DescribeRouteTablesOutput,
        describe_security_groups::DescribeSecurityGroupsOutput,
        describe_subnets::DescribeSubnetsOutput,
        describe_vpc_endpoints::DescribeVpcEndpointsOutput,
        describe_vpcs::DescribeVpcsOutput,
    },
    types::{
        GroupIdentifier, NetworkInterfacePrivateIpAddress, NetworkInterfaceType, Route, RouteState,
        RouteTableAssociation,
    },
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::error::ErrorMetadata;

fn rules() -> Vec<Rule> {
    vec![
        mock!(Client::describe_vpcs).then_output(|| {
            let vpc = Vpc::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16");
            DescribeVpcsOutput::builder().vpcs(vpc.build()).build()
        }),
        mock!(Client::describe_subnets).then_output(|| {
            let subnet = |id: &str, zone: &str, cidr: &str| {
                Subnet::builder()
                    .subnet_id(id)
                    .availability_zone(zone)
                    .cidr_block(cidr)
                    .build()
            };
            DescribeSubnetsOutput::builder()
                .subnets(subnet("subnet-b", "eu-central-1b", "10.0.1.0/24"))
                .subnets(subnet("subnet-a", "eu-central-1a", "10.0.2.0/24"))
                .build()
        }),
        mock!(Client::describe_route_tables).then_output(|| {
            let dead = Route::builder()
                .destination_cidr_block("0.0.0.0/0")
                .nat_gateway_id("nat-gone")
                .state(RouteState::Blackhole);
            let main = RouteTableAssociation::builder().main(true);
            DescribeRouteTablesOutput::builder()
                .route_tables(
                    RouteTable::builder()
                        .routes(dead.build())
                        .associations(main.build())
                        .build(),
                )
                .build()
        }),
        mock!(Client::describe_vpc_endpoints)
            .then_output(|| DescribeVpcEndpointsOutput::builder().build()),
        mock!(Client::describe_internet_gateways)
            .then_output(|| DescribeInternetGatewaysOutput::builder().build()),
        mock!(Client::describe_security_groups).then_output(|| {
            let group = |id: &str| SecurityGroup::builder().group_id(id).group_name(id).build();
            DescribeSecurityGroupsOutput::builder()
                .security_groups(group("sg-alb"))
                .security_groups(group("sg-default"))
                .build()
        }),
        mock!(Client::describe_network_interfaces).then_output(|| {
            let address = NetworkInterfacePrivateIpAddress::builder()
                .private_ip_address("10.0.40.37")
                .build();
            let database = NetworkInterface::builder()
                .network_interface_id("eni-1")
                .interface_type(NetworkInterfaceType::Interface)
                .description("RDSNetworkInterface")
                .private_ip_addresses(address)
                .groups(GroupIdentifier::builder().group_id("sg-db").build());
            DescribeNetworkInterfacesOutput::builder()
                .network_interfaces(database.build())
                .build()
        }),
        mock!(Client::describe_flow_logs).then_output(|| {
            let log = |resource: &str| FlowLog::builder().resource_id(resource).build();
            DescribeFlowLogsOutput::builder()
                .flow_logs(log("vpc-1"))
                .flow_logs(log("vpc-other"))
                .flow_logs(log("subnet-b"))
                .build()
        }),
    ]
}

async fn read_with(nat: Rule) -> Network {
    let rules = rules();
    let client = mocked!(aws_sdk_ec2, rules.iter().chain([&nat]));
    network(&client, "vpc-1").await.unwrap()
}

fn nats() -> Rule {
    mock!(Client::describe_nat_gateways).then_output(|| {
        let nat = |id: &str, state| {
            NatGateway::builder()
                .nat_gateway_id(id)
                .state(state)
                .build()
        };
        DescribeNatGatewaysOutput::builder()
            .nat_gateways(nat("nat-gone", NatGatewayState::Deleted))
            .nat_gateways(nat("nat-new", NatGatewayState::Pending))
            .build()
    })
}

#[tokio::test]
async fn subnets_stand_by_zone_and_tell_that_their_way_out_is_gone() {
    let network = read_with(nats()).await;
    let ids: Vec<&str> = network.subnets.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["subnet-a", "subnet-b"]);
    assert_eq!(network.subnets[0].reach, SubnetReach::Blackhole);
    assert_eq!(network.cidrs, ["10.0.0.0/16"]);
}

#[tokio::test]
async fn deleted_nat_gateways_and_the_neighbours_flow_logs_are_left_out() {
    let network = read_with(nats()).await;
    let nats: Vec<&str> = network.nat_gateways.iter().map(|n| n.id.as_str()).collect();
    let logs: Vec<&str> = network
        .flow_logs
        .iter()
        .map(|l| l.resource.as_str())
        .collect();
    assert_eq!(nats, ["nat-new"]);
    assert_eq!(logs, ["vpc-1", "subnet-b"]);
}

#[tokio::test]
async fn interfaces_tell_their_addresses_and_groups() {
    let network = read_with(nats()).await;
    let interface = &network.interfaces[0];
    assert_eq!(
        (interface.id.as_str(), interface.kind.as_str()),
        ("eni-1", "interface")
    );
    assert_eq!(interface.description, "RDSNetworkInterface");
    assert_eq!(interface.addresses, ["10.0.40.37"]);
    assert_eq!(interface.groups, ["sg-db"]);
}

#[tokio::test]
async fn a_denied_part_is_a_gap_and_the_rest_is_there() {
    let denied = mock!(Client::describe_nat_gateways).then_error(|| {
        DescribeNatGatewaysError::generic(
            ErrorMetadata::builder()
                .code("UnauthorizedOperation")
                .build(),
        )
    });
    let network = read_with(denied).await;
    assert_eq!(network.gaps.len(), 1);
    assert!(network.gaps[0].contains("ec2:DescribeNatGateways"));
    assert_eq!(network.subnets.len(), 2);
}
