//! The VPC around the environment.

use super::state::{Delivery, GatewayState, RouteState};
use jiff::Timestamp;
use serde::Serialize;

/// The VPC and what decides whether packets arrive.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Network {
    /// VPC id.
    pub vpc_id: String,
    /// Address ranges.
    pub cidrs: Vec<String>,
    /// The internet gateway attached, if any.
    pub internet_gateway: Option<String>,
    /// By zone, then CIDR.
    pub subnets: Vec<Subnet>,
    /// Route tables.
    pub route_tables: Vec<RouteTable>,
    /// NAT gateways, deleted ones left out.
    pub nat_gateways: Vec<NatGateway>,
    /// VPC endpoints.
    pub endpoints: Vec<VpcEndpoint>,
    /// Security groups of the balancer, the services and the database.
    pub security_groups: Vec<SecurityGroup>,
    /// Network interfaces: balancer nodes, tasks, the database, gateways.
    pub interfaces: Vec<Interface>,
    /// Flow logs of the VPC, its subnets and interfaces.
    pub flow_logs: Vec<FlowLog>,
    /// Log groups, by ARN, that the load balancer's own logs are delivered to.
    pub balancer_logs: Vec<String>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// A subnet.
#[derive(Debug, Clone, Serialize)]
pub struct Subnet {
    /// Subnet id.
    pub id: String,
    /// Name tag.
    pub name: Option<String>,
    /// Availability Zone.
    pub zone: String,
    /// IPv4 range.
    pub cidr: String,
    /// Free IPv4 addresses.
    pub free_addresses: i32,
    /// IPv4 addresses that can be used: 2^(32 - prefix) - 5.
    pub usable_addresses: i64,
    /// Derived from its route table.
    pub reach: SubnetReach,
}

/// How a subnet reaches the internet: what its default route points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SubnetReach {
    /// Internet gateway.
    Public,
    /// NAT gateway or another appliance.
    Nat,
    /// No default route.
    Isolated,
    /// The default route's target is gone.
    Blackhole,
}

/// A route table.
#[derive(Debug, Clone, Serialize)]
pub struct RouteTable {
    /// Route table id.
    pub id: String,
    /// Name tag.
    pub name: Option<String>,
    /// Whether it is the VPC's main table.
    pub main: bool,
    /// Subnets associated by name.
    pub subnets: Vec<String>,
    /// Routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, Serialize)]
pub struct Route {
    /// CIDR or prefix list.
    pub destination: String,
    /// `local`, `igw-…`, `nat-…`, `vpce-…`.
    pub target: String,
    /// State.
    pub state: RouteState,
}

/// A NAT gateway.
#[derive(Debug, Clone, Serialize)]
pub struct NatGateway {
    /// NAT gateway id.
    pub id: String,
    /// Name tag.
    pub name: Option<String>,
    /// State.
    pub state: GatewayState,
    /// Why it failed.
    pub failure: Option<String>,
    /// Subnet; `None` for a regional gateway.
    pub subnet_id: Option<String>,
    /// Public addresses.
    pub public_ips: Vec<String>,
}

/// A VPC endpoint.
#[derive(Debug, Clone, Serialize)]
pub struct VpcEndpoint {
    /// Endpoint id.
    pub id: String,
    /// `com.amazonaws.eu-west-1.ecr.dkr`.
    pub service: String,
    /// `Interface`, `Gateway`, ...
    pub kind: String,
    /// Interfaces that it has, one a zone: each is billed. A gateway has none.
    pub zones: usize,
    /// State.
    pub state: GatewayState,
}

/// A security group.
#[derive(Debug, Clone, Serialize)]
pub struct SecurityGroup {
    /// Group id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What uses it in the path: `alb`, `ecs backend`, `rds`.
    pub used_by: Vec<String>,
    /// Inbound rules.
    pub inbound: Vec<SecurityRule>,
    /// Outbound rules.
    pub outbound: Vec<SecurityRule>,
}

/// A rule of a security group.
#[derive(Debug, Clone, Serialize)]
pub struct SecurityRule {
    /// `tcp`, `udp`, `icmp`, `all`.
    pub protocol: String,
    /// `443`, `8000-8010`, `all`.
    pub ports: String,
    /// CIDR, group id or prefix list.
    pub peer: String,
    /// Free text.
    pub description: Option<String>,
}

/// A network interface.
#[derive(Debug, Clone, Serialize)]
pub struct Interface {
    /// Interface id.
    pub id: String,
    /// `interface`, `nat_gateway`, `vpc_endpoint`, `network_load_balancer`.
    pub kind: String,
    /// What AWS or somebody says of it: `ELB app/NAME/ID`, `RDSNetworkInterface`.
    pub description: String,
    /// Private addresses, then IPv6 ones.
    pub addresses: Vec<String>,
    /// Ids of its security groups.
    pub groups: Vec<String>,
}

/// A flow log.
#[derive(Debug, Clone, Serialize)]
pub struct FlowLog {
    /// Flow log id.
    pub id: String,
    /// The VPC, subnet or interface that it watches.
    pub resource: String,
    /// `ALL`, `ACCEPT`, `REJECT`.
    pub traffic: String,
    /// `ACTIVE`.
    pub status: String,
    /// Whether records arrive; `None` where it is not told.
    pub delivery: Option<Delivery>,
    /// Why delivery fails.
    pub delivery_error: Option<String>,
    /// Log group or bucket.
    pub destination: String,
    /// `cloud-watch-logs`, `s3`, `kinesis-data-firehose`.
    pub destination_type: String,
    /// Record format.
    pub format: String,
    /// Seconds: 60 or 600.
    pub aggregation: i32,
    /// Creation.
    pub created_at: Option<Timestamp>,
}

impl FlowLog {
    /// Whether its records go to CloudWatch Logs, where they can be read.
    #[must_use]
    pub fn in_log_group(&self) -> bool {
        self.destination_type == "cloud-watch-logs"
    }
}
