//! A flow record as people read it: what happened, from where to where, how much; then what else its format has.

use super::{FlowFormat, Port};
use crate::format;
use std::fmt::Write as _;

/// Fields that stand in the columns, and those that are the same in every record.
const IN_COLUMNS: [&str; 14] = super::DEFAULT;

/// Writes a line in columns; `None` where it fits none of `formats`. Values are those of the line, unneutralised.
#[must_use]
pub fn shown(formats: &[FlowFormat], line: &str) -> Option<String> {
    let format = FlowFormat::of_line(formats, line)?;
    let record = format.record(line)?;
    let field = |name: &str| {
        let mut fields = format.fields(line);
        fields.find(|(known, _)| *known == name).map(|(_, v)| v)
    };
    let what = field("action").or(field("log-status")).unwrap_or_default();
    let mut text = format!("{what:<6}");
    if let (Some(from), Some(to)) = (
        field("srcaddr").or(field("pkt-srcaddr")),
        field("dstaddr").or(field("pkt-dstaddr")),
    ) {
        let end = |address: &str, port| match field(port) {
            Some(port) if address.contains(':') => format!("[{address}]:{port}"),
            Some(port) => format!("{address}:{port}"),
            None => address.to_owned(),
        };
        let _ = write!(
            text,
            "  {:>21} → {:<21}",
            end(from, "srcport"),
            end(to, "dstport")
        );
    }
    if let Some(protocol) = record.protocol {
        let service = |port: Option<u16>| {
            let port = port?;
            Port { protocol, port }.service()
        };
        let service = service(record.destination_port).or(service(record.source_port));
        let protocol = match protocol {
            1 => "icmp".to_owned(),
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            other => format!("protocol {other}"),
        };
        let named = service.map_or_else(String::new, |service| format!(" {service}"));
        let _ = write!(text, "  {:<14}", protocol + &named);
    }
    if let Some(packets) = record.packets {
        let _ = write!(text, "  {packets:>5} pkt");
    }
    if let Some(bytes) = record.bytes {
        let bytes = format::size(bytes);
        let _ = write!(text, "  {bytes:>8}");
    }
    if let Some(interface) = record.interface {
        let _ = write!(text, "  {interface}");
    }
    for (name, value) in format.fields(line) {
        if !IN_COLUMNS.contains(&name) {
            let _ = write!(text, "  {name}={value}");
        }
    }
    Some(text)
}
