//! VPC flow records in the default and in custom formats, and what they add up to.
//!
//! Fields, their order in the default format and their versions are those of the VPC user guide, flow log records, up to version 11.
//! Fields are taken by name, so a field of a later version is read too.

use jiff::Timestamp;
use serde::Serialize;
use std::{collections::HashMap, hash::Hash, net::IpAddr};

/// The fields of the default format, version 2, in their order.
pub const DEFAULT: [&str; 14] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// The fields of a flow log, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFormat {
    names: Vec<String>,
}

impl Default for FlowFormat {
    fn default() -> Self {
        Self {
            names: DEFAULT.map(str::to_owned).to_vec(),
        }
    }
}

impl FlowFormat {
    /// Reads a format as DescribeFlowLogs tells it: `${version} ${vpc-id} ${srcaddr}`. An empty one is the default.
    #[must_use]
    pub fn parse(format: &str) -> Self {
        let names: Vec<_> = format
            .split_whitespace()
            .map(|word| {
                word.trim_start_matches("${")
                    .trim_end_matches('}')
                    .to_owned()
            })
            .collect();
        if names.is_empty() {
            return Self::default();
        }
        Self { names }
    }

    /// The fields of a line with their values, without those that hold nothing (`-`). None where the line has another number of
    /// fields than the format.
    pub fn fields<'a>(&'a self, line: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let fits = line.split_whitespace().count() == self.names.len();
        self.names
            .iter()
            .map(String::as_str)
            .zip(line.split_whitespace())
            .filter(move |(_, value)| fits && *value != "-")
    }

    /// Reads a line. `None` where it has another number of fields than the format, or where a field holds what it cannot: it is a line
    /// of another format then.
    #[must_use]
    pub fn record<'a>(&self, line: &'a str) -> Option<FlowRecord<'a>> {
        let mut record = FlowRecord::default();
        let mut values = line.split_whitespace();
        for name in &self.names {
            match values.next()? {
                "-" => {}
                value => record.set(name, value)?,
            }
        }
        values.next().is_none().then_some(record)
    }
}

/// Whether the security groups and network ACLs let a flow through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// They did.
    Accept,
    /// They did not, or packets came after the connection was closed.
    Reject,
}

/// What a record stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A flow.
    #[default]
    Ok,
    /// Nothing came or went in the interval.
    NoData,
    /// Records of the interval were left out, for want of capacity or because of an error.
    SkipData,
}

/// Which way a flow went, seen from its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the interface.
    Ingress,
    /// Out of it.
    Egress,
}

/// A flow record. What its format does not have or the record does not hold is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowRecord<'a> {
    /// Network interface.
    pub interface: Option<&'a str>,
    /// Source; of what passes a NAT gateway or a load balancer only the last leg.
    pub source: Option<IpAddr>,
    /// Destination, likewise.
    pub destination: Option<IpAddr>,
    /// Source port.
    pub source_port: Option<u16>,
    /// Destination port.
    pub destination_port: Option<u16>,
    /// IANA protocol number: 6 is TCP, 17 UDP, 1 ICMP.
    pub protocol: Option<u8>,
    /// Packets.
    pub packets: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
    /// First packet of the interval.
    pub start: Option<Timestamp>,
    /// Last packet of the interval.
    pub end: Option<Timestamp>,
    /// Whether it was let through.
    pub action: Option<Action>,
    /// What the record stands for.
    pub status: Status,
    /// VPC; version 3.
    pub vpc: Option<&'a str>,
    /// Subnet; version 3.
    pub subnet: Option<&'a str>,
    /// TCP flags, or-ed over the interval: FIN 1, SYN 2, RST 4, SYN-ACK 18; version 3.
    pub tcp_flags: Option<u8>,
    /// Source of the packets themselves; version 3.
    pub packet_source: Option<IpAddr>,
    /// Destination of the packets themselves; version 3.
    pub packet_destination: Option<IpAddr>,
    /// Zone by its id; version 4.
    pub zone: Option<&'a str>,
    /// AWS service that the source belongs to; version 5.
    pub source_service: Option<&'a str>,
    /// AWS service that the destination belongs to; version 5.
    pub destination_service: Option<&'a str>,
    /// Which way; version 5.
    pub direction: Option<Direction>,
    /// ECS service; version 7.
    pub ecs_service: Option<&'a str>,
    /// ECS task by its id; version 7.
    pub ecs_task: Option<&'a str>,
    /// Why it was refused: `BPA` (block public access) or `EC` (encryption control); version 8.
    pub reject_reason: Option<&'a str>,
}

impl<'a> FlowRecord<'a> {
    /// Takes the value of a field; fields that nothing here asks for are only passed over.
    fn set(&mut self, name: &str, value: &'a str) -> Option<()> {
        match name {
            "interface-id" => self.interface = Some(value),
            "srcaddr" => self.source = Some(value.parse().ok()?),
            "dstaddr" => self.destination = Some(value.parse().ok()?),
            "srcport" => self.source_port = Some(value.parse().ok()?),
            "dstport" => self.destination_port = Some(value.parse().ok()?),
            "protocol" => self.protocol = Some(value.parse().ok()?),
            "packets" => self.packets = Some(value.parse().ok()?),
            "bytes" => self.bytes = Some(value.parse().ok()?),
            "start" => self.start = Some(seconds(value)?),
            "end" => self.end = Some(seconds(value)?),
            "action" => {
                self.action = Some(match value {
                    "ACCEPT" => Action::Accept,
                    "REJECT" => Action::Reject,
                    _ => return None,
                });
            }
            "log-status" => {
                self.status = match value {
                    "OK" => Status::Ok,
                    "NODATA" => Status::NoData,
                    "SKIPDATA" => Status::SkipData,
                    _ => return None,
                };
            }
            "vpc-id" => self.vpc = Some(value),
            "subnet-id" => self.subnet = Some(value),
            "tcp-flags" => self.tcp_flags = Some(value.parse().ok()?),
            "pkt-srcaddr" => self.packet_source = Some(value.parse().ok()?),
            "pkt-dstaddr" => self.packet_destination = Some(value.parse().ok()?),
            "az-id" => self.zone = Some(value),
            "pkt-src-aws-service" => self.source_service = Some(value),
            "pkt-dst-aws-service" => self.destination_service = Some(value),
            "flow-direction" => {
                self.direction = Some(match value {
                    "ingress" => Direction::Ingress,
                    "egress" => Direction::Egress,
                    _ => return None,
                });
            }
            "ecs-service-name" => self.ecs_service = Some(value),
            "ecs-task-id" => self.ecs_task = Some(value),
            "reject-reason" => self.reject_reason = Some(value),
            _ => {}
        }
        Some(())
    }

    /// Whether it is a flow that was refused.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.action == Some(Action::Reject)
    }

    /// Where the packets came from: behind a NAT gateway or a load balancer, where the format tells it.
    #[must_use]
    pub fn origin(&self) -> Option<IpAddr> {
        self.packet_source.or(self.source)
    }

    /// Where the packets went, likewise.
    #[must_use]
    pub fn target(&self) -> Option<IpAddr> {
        self.packet_destination.or(self.destination)
    }
}

fn seconds(value: &str) -> Option<Timestamp> {
    Timestamp::from_second(value.parse().ok()?).ok()
}

/// A port as a security group names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port {
    /// IANA protocol number.
    pub protocol: u8,
    /// Port; 0 where the protocol has none.
    pub port: u16,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.protocol {
            1 => f.write_str("icmp"),
            6 => write!(f, "tcp/{}", self.port),
            17 => write!(f, "udp/{}", self.port),
            58 => f.write_str("icmpv6"),
            other => write!(f, "protocol {other}"),
        }
    }
}

/// What the flows of one key add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Records.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
    /// End of the newest record.
    pub last: Option<Timestamp>,
}

impl Sum {
    fn add(&mut self, record: &FlowRecord<'_>) {
        self.flows += 1;
        self.packets = self.packets.saturating_add(record.packets.unwrap_or(0));
        self.bytes = self.bytes.saturating_add(record.bytes.unwrap_or(0));
        self.last = self.last.max(record.end);
    }
}

/// What a span of flow records tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowSummary {
    /// Flows that were let through or refused.
    pub flows: u64,
    /// Records that say that records were left out: every sum is too small then.
    pub skipped: u64,
    /// Refused flows by where they came from; the most first.
    pub sources: Vec<(IpAddr, Sum)>,
    /// Refused flows by where they wanted to go; the most first.
    pub ports: Vec<(Port, Sum)>,
    /// Refused flows by the security groups of the interface, or by the interface where they are not known; the most first.
    pub groups: Vec<(String, Sum)>,
    /// Accepted traffic from tier to tier; the most bytes first.
    pub traffic: Vec<((String, String), Sum)>,
}

impl FlowSummary {
    /// Adds records up. `groups` names the security groups of an interface, as far as they are known; `tier` names whom an address
    /// belongs to.
    pub fn of<'a>(
        records: impl IntoIterator<Item = FlowRecord<'a>>,
        groups: impl Fn(&str) -> Vec<String>,
        tier: impl Fn(IpAddr) -> String,
    ) -> Self {
        let mut summary = Self::default();
        let (mut sources, mut ports) = (HashMap::new(), HashMap::new());
        let (mut refusing, mut traffic) = (HashMap::new(), HashMap::new());
        for record in records {
            match record.status {
                Status::Ok => summary.flows += 1,
                Status::SkipData => summary.skipped += 1,
                Status::NoData => {}
            }
            match record.action {
                Some(Action::Reject) => {
                    tally(&mut sources, record.origin(), &record);
                    let port = record.protocol.map(|protocol| Port {
                        protocol,
                        port: record.destination_port.unwrap_or(0),
                    });
                    tally(&mut ports, port, &record);
                    if let Some(interface) = record.interface {
                        let mut names = groups(interface);
                        if names.is_empty() {
                            names.push(interface.to_owned());
                        }
                        for name in names {
                            tally(&mut refusing, Some(name), &record);
                        }
                    }
                }
                Some(Action::Accept) => {
                    let ends = record.origin().zip(record.target());
                    let ends = ends.map(|(from, to)| (tier(from), tier(to)));
                    tally(&mut traffic, ends, &record);
                }
                None => {}
            }
        }
        summary.sources = ordered(sources, |sum| sum.flows);
        summary.ports = ordered(ports, |sum| sum.flows);
        summary.groups = ordered(refusing, |sum| sum.flows);
        summary.traffic = ordered(traffic, |sum| sum.bytes);
        summary
    }
}

fn tally<K: Eq + Hash>(sums: &mut HashMap<K, Sum>, key: Option<K>, record: &FlowRecord<'_>) {
    if let Some(key) = key {
        sums.entry(key).or_default().add(record);
    }
}

/// The sums with the most first; the key decides between equals, so that the same records always make the same list.
fn ordered<K: Ord>(sums: HashMap<K, Sum>, weight: fn(&Sum) -> u64) -> Vec<(K, Sum)> {
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by(|a, b| weight(&b.1).cmp(&weight(&a.1)).then_with(|| a.0.cmp(&b.0)));
    sums
}

#[cfg(test)]
mod tests;
