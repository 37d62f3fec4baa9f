//! What a span of flow records adds up to: who was refused, where and by whom; how much went from tier to tier.

use super::{Action, Direction, FlowFormat, FlowRecord, Place, Places, Status};
use crate::logs::{
    format::Format,
    store::{Kind, Line, Snapshot},
};
use jiff::Timestamp;
use serde::Serialize;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    net::IpAddr,
    sync::Arc,
};

/// Rows of a list at most: nobody reads further, and a scan may come from many thousands of addresses.
const LONGEST: usize = 500;

/// Addresses of a side that a filter names at most.
const NAMED: usize = 24;

/// First port that systems pick for the near end of a connection (Linux `ip_local_port_range`; IANA begins at 49152).
const EPHEMERAL: u16 = 32_768;

/// A port as a security group names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port {
    /// IANA protocol number.
    pub protocol: u8,
    /// Port; 0 where the protocol has none.
    pub port: u16,
}

impl Port {
    /// What usually listens there: the service name and port number registry of IANA, and what scanners look for.
    #[must_use]
    pub const fn service(self) -> Option<&'static str> {
        Some(match (self.protocol, self.port) {
            (6, 21) => "ftp",
            (6, 22) => "ssh",
            (6, 23) => "telnet",
            (6, 25) => "smtp",
            (6 | 17, 53) => "dns",
            (6, 80) => "http",
            (6, 110) => "pop3",
            (17, 123) => "ntp",
            (6, 135) => "msrpc",
            (6, 139) => "netbios",
            (6, 143) => "imap",
            (17, 161) => "snmp",
            (6, 389) => "ldap",
            (6, 443) => "https",
            (17, 443) => "quic",
            (6, 445) => "smb",
            (6, 1433) => "mssql",
            (6, 1521) => "oracle",
            (17, 1900) => "ssdp",
            (6, 2049) => "nfs",
            (6, 2375 | 2376) => "docker",
            (6, 3306) => "mysql",
            (6, 3389) => "rdp",
            (6 | 17, 5060) => "sip",
            (6, 5432) => "postgresql",
            (6, 5900) => "vnc",
            (6, 6379) => "redis",
            (6, 6443) => "kubernetes",
            (6, 8080) => "http-alt",
            (6, 8443) => "https-alt",
            (6, 9200) => "elasticsearch",
            (6 | 17, 11_211) => "memcached",
            (6, 27_017) => "mongodb",
            _ => return None,
        })
    }

    /// The port with what usually listens there: `tcp/22 ssh`.
    #[must_use]
    pub fn named(self) -> String {
        match self.service() {
            Some(service) => format!("{self} {service}"),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.last = self.last.max(other.last);
    }
}

/// An address whose flows were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedSource {
    /// Address.
    pub address: IpAddr,
    /// Whom it belongs to.
    pub place: Place,
    /// Whom it wanted to reach.
    pub targets: BTreeSet<Place>,
    /// On which ports.
    pub ports: BTreeSet<Port>,
    /// Its refused flows.
    #[serde(flatten)]
    pub sum: Sum,
}

/// A port at which flows were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedPort {
    /// Port.
    #[serde(flatten)]
    pub port: Port,
    /// What usually listens there.
    pub service: Option<&'static str>,
    /// Number of addresses that were refused.
    pub sources: usize,
    /// Whom they wanted to reach.
    pub targets: BTreeSet<Place>,
    /// Its refused flows.
    #[serde(flatten)]
    pub sum: Sum,
}

/// A security group at whose interfaces flows were refused. That does not say that it was the group: a network ACL may have done it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedGroup {
    /// Id of the group; `None` for interfaces whose groups are not known.
    pub id: Option<String>,
    /// Its name, or the interface.
    pub name: String,
    /// Interfaces that refused.
    pub interfaces: BTreeSet<String>,
    /// Refused flows.
    #[serde(flatten)]
    pub sum: Sum,
}

/// What went from one tier to another. Each accepted flow is counted once, where it arrived, unless only its beginning was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// From.
    pub from: Place,
    /// To.
    pub to: Place,
    /// What was let through.
    pub accepted: Sum,
    /// What was refused.
    pub refused: Sum,
    /// The first addresses on either side, by number, for a filter.
    #[serde(skip)]
    pub addresses: (BTreeSet<IpAddr>, BTreeSet<IpAddr>),
}

/// Which way packets went that were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Towards a service.
    Request,
    /// Back from a service. Security groups let answers through, network ACLs keep no state.
    Answer,
}

/// Flows between two parts of the environment that were refused: not the noise of the internet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// From.
    pub from: Place,
    /// To.
    pub to: Place,
    /// The service's port, on either end.
    #[serde(flatten)]
    pub port: Port,
    /// Which way.
    pub way: Way,
    /// Refused flows.
    #[serde(flatten)]
    pub sum: Sum,
    /// Flows that were let through between the two, the same way.
    pub accepted: u64,
}

impl Blocked {
    /// Whether it is what is left of connections that were closed: a packet now and then among many flows that are let through.
    #[must_use]
    pub const fn is_trickle(&self) -> bool {
        matches!(self.way, Way::Answer) && self.sum.flows * 10 <= self.accepted
    }
}

/// What a span of flow records tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FlowSums {
    /// Lines that are flow records.
    pub records: u64,
    /// Lines that are of no format that a flow log of the group has.
    pub undecoded: u64,
    /// Flows that were let through; most are recorded at both ends.
    pub accepted: u64,
    /// Flows that were refused.
    pub refused: u64,
    /// Intervals in which nothing came or went.
    pub no_data: u64,
    /// Intervals of which records were left out: every sum is too small then.
    pub skipped: u64,
    /// Beginning of the oldest record.
    pub begins: Option<Timestamp>,
    /// End of the newest record.
    pub ends: Option<Timestamp>,
    /// Number of addresses that were refused; the list holds those with the most.
    pub refused_sources: usize,
    /// Refusals between parts of the environment; the most first.
    pub blocked: Vec<Blocked>,
    /// Traffic from tier to tier: what is blocked, then the most bytes first.
    pub traffic: Vec<Traffic>,
    /// Refused flows by where they came from; the most first.
    pub sources: Vec<RefusedSource>,
    /// Refused flows by the port that they wanted; the most first.
    pub ports: Vec<RefusedPort>,
    /// Refused flows by the security groups of the interface; the most first.
    pub groups: Vec<RefusedGroup>,
}

/// What makes flows one: kept small, since there are as many as there are pairs of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'a> {
    interface: Option<&'a str>,
    direction: Option<Direction>,
    /// Ends as the interface sees them.
    near: (Option<IpAddr>, Option<IpAddr>),
    /// Ends of the packets themselves.
    ends: (Option<IpAddr>, Option<IpAddr>),
    action: Action,
    /// Of what was refused: its port, and that of the service.
    port: Option<(Port, Port, Way)>,
}

/// Adds flow records up.
#[derive(Debug, Default)]
pub struct Summing<'a> {
    sums: FlowSums,
    flows: HashMap<Key<'a>, Sum>,
}

impl<'a> Summing<'a> {
    /// Adds a line that is of one of `formats`, or counts it as none.
    pub fn add(&mut self, formats: &[FlowFormat], line: &'a str) {
        let format = FlowFormat::of_line(formats, line);
        let Some(record) = format.and_then(|format| format.record(line)) else {
            self.sums.undecoded += 1;
            return;
        };
        self.sums.records += 1;
        match record.status {
            Status::Ok => {}
            Status::SkipData => self.sums.skipped += 1,
            Status::NoData => self.sums.no_data += 1,
        }
        let starts = [self.sums.begins, record.start].into_iter().flatten();
        self.sums.begins = starts.min();
        self.sums.ends = self.sums.ends.max(record.end);
        let Some(action) = record.action else {
            return;
        };
        let port = match action {
            Action::Accept => {
                self.sums.accepted += 1;
                None
            }
            Action::Reject => {
                self.sums.refused += 1;
                wanted(&record)
            }
        };
        let key = Key {
            interface: record.interface,
            direction: record.direction,
            near: (record.source, record.destination),
            ends: (record.origin(), record.target()),
            action,
            port,
        };
        self.flows.entry(key).or_default().add(&Sum {
            flows: 1,
            packets: record.packets.unwrap_or(0),
            bytes: record.bytes.unwrap_or(0),
            last: record.end,
        });
    }

    /// Gives the sums, with names for addresses and interfaces.
    #[must_use]
    pub fn finish(self, places: &Places) -> FlowSums {
        let mut sums = self.sums;
        let ends = Ends::of(&self.flows, places);
        let mut traffic = BTreeMap::new();
        let mut refusals = Refusals::default();
        for (key, sum) in &self.flows {
            let known = key.ends.0.zip(key.ends.1).map(|(from, to)| {
                let places = (places.of_address(from), places.of_address(to));
                (places, (from, to))
            });
            if key.action == Action::Reject {
                refusals.add(key, sum, known.as_ref().map(|(pair, _)| pair), places);
            } else if !ends.counts(key) {
                continue;
            }
            let Some(((from, to), (origin, target))) = known else {
                continue;
            };
            let between = traffic
                .entry((from.clone(), to.clone()))
                .or_insert_with(|| Traffic {
                    from,
                    to,
                    accepted: Sum::default(),
                    refused: Sum::default(),
                    addresses: Default::default(),
                });
            match key.action {
                Action::Accept => between.accepted.add(sum),
                Action::Reject => between.refused.add(sum),
            }
            remember(&mut between.addresses.0, origin);
            remember(&mut between.addresses.1, target);
        }
        sums.traffic = ordered(traffic, |t| (t.accepted.bytes, t.refused.flows));
        refusals.into_sums(&mut sums);
        for blocked in &mut sums.blocked {
            let pair = |t: &&Traffic| t.from == blocked.from && t.to == blocked.to;
            let between = sums.traffic.iter().find(pair);
            blocked.accepted = between.map_or(0, |t| t.accepted.flows);
        }
        sums.blocked.sort_by_key(Blocked::is_trickle);
        let blocked = |t: &Traffic| {
            let mut blocked = sums.blocked.iter().filter(|b| !b.is_trickle());
            blocked.any(|b| b.from == t.from && b.to == t.to)
        };
        sums.traffic.sort_by_key(|traffic| !blocked(traffic));
        sums
    }
}

/// The port that a refused flow wanted, and that of the service at either end.
fn wanted(record: &FlowRecord<'_>) -> Option<(Port, Port, Way)> {
    let protocol = record.protocol?;
    let port = |port| Port { protocol, port };
    let to = record.destination_port.unwrap_or(0);
    Some(match record.source_port {
        Some(from) if to >= EPHEMERAL && from < EPHEMERAL && from > 0 => {
            (port(to), port(from), Way::Answer)
        }
        _ => (port(to), port(to), Way::Request),
    })
}

fn remember(addresses: &mut BTreeSet<IpAddr>, address: IpAddr) {
    if addresses.len() < NAMED {
        addresses.insert(address);
    }
}

/// The values with the most first; the key decides between equals, so that the same records always make the same list.
fn ordered<K, V, W: Ord>(found: BTreeMap<K, V>, weight: impl Fn(&V) -> W) -> Vec<V> {
    let mut found: Vec<V> = found.into_values().collect();
    found.sort_by_key(|value| Reverse(weight(value)));
    found.truncate(LONGEST);
    found
}

/// Which addresses belong to the interfaces that recorded.
struct Ends<'a> {
    own: HashMap<&'a str, HashSet<IpAddr>>,
    all: HashSet<IpAddr>,
}

impl<'a> Ends<'a> {
    /// An interface that the environment does not know has the address that stands in most of its records and is nobody else's:
    /// outgoing ones begin there, incoming ones end there.
    fn of(flows: &HashMap<Key<'a>, Sum>, places: &Places) -> Self {
        let mut seen: HashMap<&str, HashMap<IpAddr, u64>> = HashMap::new();
        for (key, sum) in flows {
            let Some(interface) = key.interface else {
                continue;
            };
            let seen = seen.entry(interface).or_default();
            for address in [key.near.0, key.near.1].into_iter().flatten() {
                *seen.entry(address).or_default() += sum.flows;
            }
        }
        let taken = places.taken();
        let own = seen.into_iter().map(|(interface, seen)| {
            let known: HashSet<IpAddr> = places.addresses(interface).iter().copied().collect();
            let own = if known.is_empty() {
                let inside = |address: IpAddr| places.of_address(address).is_inside();
                let most = seen.into_iter().max_by_key(|(address, flows)| {
                    let free = !taken.contains(address);
                    (free, *flows, inside(*address), *address)
                });
                most.into_iter().map(|(address, _)| address).collect()
            } else {
                known
            };
            (interface, own)
        });
        let own: HashMap<&str, HashSet<IpAddr>> = own.collect();
        let all = own.values().flatten().copied().collect();
        Self { own, all }
    }

    /// Whether a flow is to be counted here: where it arrived, or where nothing else recorded it.
    fn counts(&self, key: &Key<'_>) -> bool {
        let arrived = match (key.direction, key.interface) {
            (Some(direction), _) => direction == Direction::Ingress,
            (None, None) => true,
            (None, Some(interface)) => key.near.1.is_some_and(|to| {
                self.own
                    .get(interface)
                    .is_some_and(|addresses| addresses.contains(&to))
            }),
        };
        arrived || key.near.1.is_none_or(|to| !self.all.contains(&to))
    }
}

/// What was refused, by everything that it is asked for.
#[derive(Default)]
struct Refusals {
    sources: BTreeMap<IpAddr, RefusedSource>,
    ports: BTreeMap<Port, (RefusedPort, HashSet<IpAddr>)>,
    groups: BTreeMap<(bool, String), RefusedGroup>,
    blocked: BTreeMap<(Place, Place, Port, Way), Blocked>,
}

impl Refusals {
    fn add(&mut self, key: &Key<'_>, sum: &Sum, pair: Option<&(Place, Place)>, places: &Places) {
        let to = || pair.map(|(_, to)| to.clone());
        let port = key.port.map(|(port, ..)| port);
        if let Some(address) = key.ends.0 {
            let source = self.sources.entry(address);
            let source = source.or_insert_with(|| RefusedSource {
                address,
                place: places.of_address(address),
                targets: BTreeSet::new(),
                ports: BTreeSet::new(),
                sum: Sum::default(),
            });
            source.sum.add(sum);
            source.ports.extend(port);
            source.targets.extend(to());
        }
        if let Some(port) = port {
            let (found, sources) = self.ports.entry(port).or_insert_with(|| {
                let found = RefusedPort {
                    port,
                    service: port.service(),
                    sources: 0,
                    targets: BTreeSet::new(),
                    sum: Sum::default(),
                };
                (found, HashSet::new())
            });
            found.sum.add(sum);
            found.targets.extend(to());
            sources.extend(key.ends.0);
        }
        if let Some(interface) = key.interface {
            let mut groups: Vec<(Option<&str>, &str)> = places
                .groups(interface)
                .map(|(id, name)| (Some(id), name))
                .collect();
            if groups.is_empty() {
                groups.push((None, interface));
            }
            for (id, name) in groups {
                let entry = self
                    .groups
                    .entry((id.is_none(), id.unwrap_or(name).to_owned()));
                let group = entry.or_insert_with(|| RefusedGroup {
                    id: id.map(str::to_owned),
                    name: name.to_owned(),
                    interfaces: BTreeSet::new(),
                    sum: Sum::default(),
                });
                group.interfaces.insert(interface.to_owned());
                group.sum.add(sum);
            }
        }
        if let (Some((from, to)), Some((_, port, way))) = (pair, key.port)
            && from.is_inside()
            && to.is_inside()
        {
            let entry = self.blocked.entry((from.clone(), to.clone(), port, way));
            let blocked = entry.or_insert_with(|| Blocked {
                from: from.clone(),
                to: to.clone(),
                port,
                way,
                sum: Sum::default(),
                accepted: 0,
            });
            blocked.sum.add(sum);
        }
    }

    fn into_sums(self, sums: &mut FlowSums) {
        sums.refused_sources = self.sources.len();
        sums.sources = ordered(self.sources, |source| source.sum.flows);
        let ports = self.ports.into_iter().map(|(port, (mut found, sources))| {
            found.sources = sources.len();
            (port, found)
        });
        sums.ports = ordered(ports.collect(), |port| port.sum.flows);
        sums.groups = ordered(self.groups, |group| group.sum.flows);
        sums.blocked = ordered(self.blocked, |blocked| blocked.sum.flows);
    }
}

/// Adding up the flow records among the lines that were kept at a moment, away from the event loop.
#[derive(Debug, Clone)]
pub struct FlowJob {
    /// Lines.
    pub snapshot: Snapshot,
    /// From, inclusive.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// Names.
    pub places: Arc<Places>,
}

impl PartialEq for FlowJob {
    fn eq(&self, other: &Self) -> bool {
        (self.from, self.to) == (other.from, other.to) && self.places == other.places
    }
}

impl FlowJob {
    /// Adds them up.
    #[must_use]
    pub fn run(&self) -> FlowSums {
        let span = self.from.as_millisecond()..self.to.as_millisecond();
        let mut summing = Summing::default();
        let wanted = |line: &Line<'_>| {
            line.format == Format::Flow && line.kind == Kind::Text && span.contains(&line.at)
        };
        for (number, chunk) in &self.snapshot.chunks {
            let lines = (0..Snapshot::lines(chunk)).map(|i| self.snapshot.line(*number, chunk, i));
            for line in lines.filter(wanted) {
                summing.add(line.flow, line.text);
            }
        }
        summing.finish(&self.places)
    }
}

#[cfg(test)]
mod tests;
