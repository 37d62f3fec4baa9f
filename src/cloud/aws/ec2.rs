//! EC2: the VPC around the environment, and where its load balancer's own logs go. Every listing is filtered by the VPC and read side by side with the others.

mod routes;
mod shape;
mod usage;

use super::{AwsCloud, configured, deliveries, failure::explain, gap::or_gap, pages::every};
use crate::{
    error::{Error, ErrorKind, Result},
    model::network::Network,
};
use aws_sdk_ec2::{
    Client,
    types::{
        Filter, FlowLog, InternetGateway, NatGateway, NatGatewayState, NetworkInterface,
        RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint,
    },
};
use usage::Usage;

/// Reads the environment's VPC.
pub(super) async fn read(cloud: &AwsCloud) -> Result<Network> {
    let id = configured(cloud.environment.resources.vpc.as_deref(), "VPC", "vpc")?;
    let clients = cloud.clients().await?;
    let balancer = cloud.environment.resources.load_balancer.as_deref();
    let balancer_logs = async {
        match balancer {
            Some(name) => deliveries::log_groups(&clients.logs, name).await,
            None => Ok(Vec::new()),
        }
    };
    let (network, usage, balancer_logs) = futures::join!(
        network(&clients.ec2, id),
        usage::read(clients, &cloud.environment.resources),
        balancer_logs
    );
    let (mut network, mut usage) = (network?, usage);
    network.gaps.append(&mut usage.gaps);
    network.balancer_logs = or_gap(balancer_logs, &mut network.gaps);
    label(&mut network, &usage);
    Ok(network)
}

/// Reads the VPC of `id`. Only its description must succeed; every other part may leave a gap.
async fn network(ec2: &Client, id: &str) -> Result<Network> {
    let (vpc, subnets, tables, nats, endpoints, gateways, groups, interfaces, flow_logs) = futures::join!(
        vpc(ec2, id),
        subnets(ec2, id),
        route_tables(ec2, id),
        nat_gateways(ec2, id),
        endpoints(ec2, id),
        internet_gateways(ec2, id),
        security_groups(ec2, id),
        interfaces(ec2, id),
        flow_logs(ec2),
    );
    let vpc = vpc?;
    let mut gaps = Vec::new();
    let tables: Vec<_> = or_gap(tables, &mut gaps)
        .iter()
        .map(shape::route_table)
        .collect();
    let nat_gateways: Vec<_> = or_gap(nats, &mut gaps)
        .iter()
        .filter(|nat| nat.state() != Some(&NatGatewayState::Deleted))
        .map(shape::nat_gateway)
        .collect();
    let mut subnets: Vec<_> = or_gap(subnets, &mut gaps)
        .iter()
        .map(|subnet| shape::subnet(subnet, &tables))
        .collect();
    subnets.sort_by(|a, b| (&a.zone, &a.cidr).cmp(&(&b.zone, &b.cidr)));
    let watched = |log: &FlowLog| {
        let resource = log.resource_id().unwrap_or_default();
        // An interface does not tell its VPC; its flow log is kept, since it may be one of ours.
        resource == id
            || resource.starts_with("eni-")
            || subnets.iter().any(|subnet| subnet.id == resource)
    };
    let flow_logs = or_gap(flow_logs, &mut gaps)
        .iter()
        .filter(|log| watched(log))
        .map(shape::flow_log)
        .collect();
    Ok(Network {
        vpc_id: id.to_owned(),
        cidrs: shape::cidrs(&vpc),
        internet_gateway: or_gap(gateways, &mut gaps)
            .into_iter()
            .find_map(|gateway| gateway.internet_gateway_id),
        endpoints: or_gap(endpoints, &mut gaps)
            .iter()
            .map(shape::endpoint)
            .collect(),
        security_groups: or_gap(groups, &mut gaps)
            .iter()
            .map(shape::security_group)
            .collect(),
        interfaces: or_gap(interfaces, &mut gaps)
            .iter()
            .map(shape::interface)
            .collect(),
        subnets,
        route_tables: tables,
        nat_gateways,
        flow_logs,
        balancer_logs: Vec::new(),
        gaps,
    })
}

/// Says what uses each security group and leaves out those that the path does not use. Where nothing is known of the use, all stay.
fn label(network: &mut Network, usage: &Usage) {
    for group in &mut network.security_groups {
        group.used_by = usage.of(&group.id);
    }
    if network
        .security_groups
        .iter()
        .any(|g| !g.used_by.is_empty())
    {
        network.security_groups.retain(|g| !g.used_by.is_empty());
    }
    network.security_groups.sort_by(|a, b| a.name.cmp(&b.name));
}

fn of_vpc(name: &str, id: &str) -> Filter {
    Filter::builder().name(name).values(id).build()
}

async fn vpc(ec2: &Client, id: &str) -> Result<Vpc> {
    const ACTION: &str = "ec2:DescribeVpcs";
    ec2.describe_vpcs()
        .vpc_ids(id)
        .send()
        .await
        .map_err(|e| explain(ACTION, &format!("VPC {id}"), e))?
        .vpcs
        .unwrap_or_default()
        .pop()
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("{ACTION}: VPC {id} does not exist in this account and region"),
            )
        })
}

/// Writes the reader of one listing of the VPC's.
macro_rules! listing {
    ($name:ident, $call:ident, $set:ident, $filter:literal, $item:ty, $action:literal) => {
        async fn $name(ec2: &Client, vpc: &str) -> Result<Vec<$item>> {
            let request = ec2.$call().$set(of_vpc($filter, vpc));
            every(request.into_paginator().items().send(), $action, vpc).await
        }
    };
}

listing!(
    subnets,
    describe_subnets,
    filters,
    "vpc-id",
    Subnet,
    "ec2:DescribeSubnets"
);
listing!(
    route_tables,
    describe_route_tables,
    filters,
    "vpc-id",
    RouteTable,
    "ec2:DescribeRouteTables"
);
listing!(
    nat_gateways,
    describe_nat_gateways,
    filter,
    "vpc-id",
    NatGateway,
    "ec2:DescribeNatGateways"
);
listing!(
    endpoints,
    describe_vpc_endpoints,
    filters,
    "vpc-id",
    VpcEndpoint,
    "ec2:DescribeVpcEndpoints"
);
listing!(
    internet_gateways,
    describe_internet_gateways,
    filters,
    "attachment.vpc-id",
    InternetGateway,
    "ec2:DescribeInternetGateways"
);
listing!(
    security_groups,
    describe_security_groups,
    filters,
    "vpc-id",
    SecurityGroup,
    "ec2:DescribeSecurityGroups"
);
listing!(
    interfaces,
    describe_network_interfaces,
    filters,
    "vpc-id",
    NetworkInterface,
    "ec2:DescribeNetworkInterfaces"
);

/// All flow logs of the region: those of subnets and interfaces cannot be asked for by their VPC.
async fn flow_logs(ec2: &Client) -> Result<Vec<FlowLog>> {
    let pages = ec2.describe_flow_logs().into_paginator().items().send();
    every(pages, "ec2:DescribeFlowLogs", "the region").await
}

#[cfg(test)]
mod tests;
