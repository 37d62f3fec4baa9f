//! VPC flow records in the default and in custom formats, whom their addresses belong to, and what they add up to.
//!
//! Fields, their order in the default format and their versions are those of the VPC user guide, flow log records, up to version 11.
//! Fields are taken by name, so a field of a later version is read too.

mod places;
mod sums;
mod text;

pub use places::{Place, Places};
pub use sums::{
    Blocked, FlowJob, FlowSums, Port, RefusedGroup, RefusedPort, RefusedSource, Sum, Summing,
    Traffic, Way,
};
pub use text::shown;

use super::sources::group_of;
use crate::model::network::FlowLog;
use jiff::Timestamp;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, LazyLock},
};

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

    /// The fields of a line with their values, without those that hold nothing (`-`). The line has to be of this format.
    pub fn fields<'a>(&'a self, line: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = self.names.iter().map(String::as_str);
        names
            .zip(line.split_whitespace())
            .filter(|(_, value)| *value != "-")
    }

    /// The one of `formats` that `line` is written in: by the number of its fields, and where several have as many by what these
    /// hold.
    #[must_use]
    pub fn of_line<'f>(formats: &'f [Self], line: &str) -> Option<&'f Self> {
        let count = line.split_whitespace().count();
        let mut fitting = formats.iter().filter(|format| format.names.len() == count);
        let first = fitting.next()?;
        match fitting.next() {
            None => Some(first),
            Some(second) => [first, second]
                .into_iter()
                .chain(fitting)
                .find(|format| format.record(line).is_some()),
        }
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

static STANDARD: LazyLock<[FlowFormat; 1]> = LazyLock::new(|| [FlowFormat::default()]);

/// What a line of flow records is written in where no flow log tells: the default format.
#[must_use]
pub fn standard() -> &'static [FlowFormat] {
    STANDARD.as_slice()
}

/// The formats in which flow logs write into each log group. Several flow logs may share one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowFormats(BTreeMap<String, Arc<[FlowFormat]>>);

impl FlowFormats {
    /// Takes the formats of the flow logs that go to CloudWatch Logs.
    #[must_use]
    pub fn of(flow_logs: &[FlowLog]) -> Self {
        let mut found: BTreeMap<String, Vec<FlowFormat>> = BTreeMap::new();
        for log in flow_logs.iter().filter(|log| log.in_log_group()) {
            let formats = found
                .entry(group_of(&log.destination).to_owned())
                .or_default();
            let format = FlowFormat::parse(&log.format);
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        let found = found.into_iter();
        Self(
            found
                .map(|(group, formats)| (group, formats.into()))
                .collect(),
        )
    }

    /// The formats of a log group; `None` where no flow log is known to write there.
    #[must_use]
    pub fn of_group(&self, group: &str) -> Option<Arc<[FlowFormat]>> {
        self.0.get(group).cloned()
    }

    /// Whether one of them has a field.
    #[must_use]
    pub fn have(&self, field: &str) -> bool {
        let formats = self.0.values().flat_map(|formats| formats.iter());
        formats
            .flat_map(|format| &format.names)
            .any(|name| name == field)
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

#[cfg(test)]
mod tests;
