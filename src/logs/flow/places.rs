//! Whom the addresses and interfaces of flow records belong to, as far as the environment tells.

use crate::{
    model::network::{Interface, Network},
    observe::Observations,
};
use serde::{Serialize, Serializer};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    net::IpAddr,
};

/// Part of the environment that an address belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The load balancer.
    Balancer,
    /// Tasks of a service.
    Service(String),
    /// The database.
    Database,
    /// A NAT gateway.
    Nat,
    /// A VPC endpoint.
    Endpoint,
    /// Something else in this subnet.
    Subnet(String),
    /// Something else in the VPC.
    Vpc,
    /// Not in the VPC.
    Outside,
}

impl Place {
    /// Whether it is in the VPC.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        *self != Self::Outside
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Balancer => f.write_str("ALB"),
            Self::Service(name) => f.write_str(name),
            Self::Database => f.write_str("database"),
            Self::Nat => f.write_str("NAT gateway"),
            Self::Endpoint => f.write_str("VPC endpoint"),
            Self::Subnet(name) => write!(f, "subnet {name}"),
            Self::Vpc => f.write_str("VPC"),
            Self::Outside => f.write_str("outside"),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A range of addresses, `10.0.1.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u128,
    bits: u32,
    length: u32,
}

impl Range {
    fn parse(cidr: &str) -> Option<Self> {
        let (address, length) = cidr.split_once('/')?;
        let (first, bits) = number(address.parse().ok()?);
        let length = length.parse().ok().filter(|length| *length <= bits)?;
        Some(Self {
            first,
            bits,
            length,
        })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let (address, bits) = number(address);
        let shift = self.bits - self.length;
        bits == self.bits && (address ^ self.first).checked_shr(shift).unwrap_or(0) == 0
    }
}

fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(four) => (u32::from(four).into(), 32),
        IpAddr::V6(six) => (six.into(), 128),
    }
}

/// Addresses and interfaces of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    addresses: HashMap<IpAddr, Place>,
    subnets: Vec<(Range, Place)>,
    interfaces: HashMap<String, (Vec<IpAddr>, Vec<String>)>,
    /// Name and user of a security group.
    groups: HashMap<String, String>,
}

impl Places {
    /// Takes what was observed: tasks that run or stopped lately, targets, network interfaces by their use, subnets.
    #[must_use]
    pub fn of(seen: &Observations) -> Self {
        let mut places = Self::default();
        let users = users(seen);
        if let Some(network) = seen.network() {
            places.take_network(network, &users);
        }
        // What ECS says is newer than what EC2 says, and tells services apart that share a security group.
        for service in seen.compute().into_iter().flat_map(|c| &c.services) {
            let tasks = service.stopped.iter().chain(&service.tasks);
            for address in tasks.filter_map(|task| task.private_ip.as_ref()?.parse().ok()) {
                let place = Place::Service(service.name.clone());
                places.addresses.insert(address, place);
            }
        }
        places
    }

    fn take_network(&mut self, network: &Network, users: &BTreeMap<String, Option<Place>>) {
        self.groups = network
            .security_groups
            .iter()
            .map(|group| (group.id.clone(), group.name.clone()))
            .collect();
        let subnets = network.subnets.iter().filter_map(|subnet| {
            let name = subnet.name.as_ref().unwrap_or(&subnet.id);
            Some((Range::parse(&subnet.cidr)?, Place::Subnet(name.clone())))
        });
        let ranges = network.cidrs.iter().filter_map(|cidr| Range::parse(cidr));
        self.subnets = subnets
            .chain(ranges.map(|range| (range, Place::Vpc)))
            .collect();
        for interface in &network.interfaces {
            let addresses: Vec<IpAddr> = interface
                .addresses
                .iter()
                .filter_map(|address| address.parse().ok())
                .collect();
            if let Some(place) = used_as(interface, users) {
                let known = addresses.iter().map(|address| (*address, place.clone()));
                self.addresses.extend(known);
            }
            self.interfaces
                .insert(interface.id.clone(), (addresses, interface.groups.clone()));
        }
    }

    /// Whom an address belongs to.
    #[must_use]
    pub fn of_address(&self, address: IpAddr) -> Place {
        if let Some(place) = self.addresses.get(&address) {
            return place.clone();
        }
        let subnet = self.subnets.iter().find(|(range, _)| range.holds(address));
        subnet.map_or(Place::Outside, |(_, place)| place.clone())
    }

    /// The addresses of an interface; none where it is not known.
    #[must_use]
    pub fn addresses(&self, interface: &str) -> &[IpAddr] {
        let known = self.interfaces.get(interface);
        known.map_or(&[], |(addresses, _)| addresses)
    }

    /// The addresses of all interfaces that are known.
    pub(super) fn taken(&self) -> HashSet<IpAddr> {
        let known = self.interfaces.values();
        known
            .flat_map(|(addresses, _)| addresses)
            .copied()
            .collect()
    }

    /// Security groups of an interface by id and name; none where it is not known, or has none.
    pub fn groups(&self, interface: &str) -> impl Iterator<Item = (&str, &str)> {
        let known = self.interfaces.get(interface);
        let groups = known.into_iter().flat_map(|(_, groups)| groups);
        groups.map(|id| (id.as_str(), self.groups.get(id).unwrap_or(id).as_str()))
    }
}

/// What each security group is used for; `None` where several things share it.
fn users(seen: &Observations) -> BTreeMap<String, Option<Place>> {
    let mut users: BTreeMap<String, Option<Place>> = BTreeMap::new();
    let mut add = |groups: &[String], place: Place| {
        for group in groups {
            users
                .entry(group.clone())
                .and_modify(|known| *known = known.take().filter(|known| *known == place))
                .or_insert_with(|| Some(place.clone()));
        }
    };
    if let Some(balancer) = seen.balancer() {
        add(&balancer.security_groups, Place::Balancer);
    }
    for service in seen.compute().into_iter().flat_map(|c| &c.services) {
        add(
            &service.security_groups,
            Place::Service(service.name.clone()),
        );
    }
    if let Some(database) = seen.database() {
        add(&database.security_groups, Place::Database);
    }
    users
}

/// What an interface is there for: by the kind and the description that AWS gives it (EC2 user guide, requester-managed network
/// interfaces), else by its security groups.
fn used_as(interface: &Interface, users: &BTreeMap<String, Option<Place>>) -> Option<Place> {
    match interface.kind.as_str() {
        "nat_gateway" | "regional_nat_gateway" => return Some(Place::Nat),
        "vpc_endpoint" | "gateway_load_balancer_endpoint" => return Some(Place::Endpoint),
        _ => {}
    }
    let by_group = interface
        .groups
        .iter()
        .find_map(|id| users.get(id)?.clone());
    by_group.or_else(|| match interface.description.as_str() {
        "RDSNetworkInterface" => Some(Place::Database),
        said if said.starts_with("ELB app/") => Some(Place::Balancer),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cloud::sim::{SimCloud, SimOptions, environment},
        report,
    };

    #[test]
    fn ranges_hold_their_own_addresses_of_their_own_family() {
        let holds =
            |cidr: &str, address: &str| Range::parse(cidr).unwrap().holds(address.parse().unwrap());
        assert!(holds("10.0.1.0/24", "10.0.1.255"));
        assert!(!holds("10.0.1.0/24", "10.0.2.0"));
        assert!(holds("0.0.0.0/0", "203.0.113.7"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/56", "2001:db8::7"));
        assert_eq!(Range::parse("10.0.0.0/33"), None);
        assert_eq!(Range::parse("10.0.0.0"), None);
    }

    #[tokio::test]
    async fn every_tier_is_known_by_its_addresses_and_everything_else_by_its_subnet() {
        let seen = report::observe(&SimCloud::new(SimOptions::default()), &environment()).await;
        let places = Places::of(&seen);
        let at = |address: &str| places.of_address(address.parse().unwrap()).to_string();
        let task = &seen.compute().unwrap().services[0];
        let address = task.tasks[0].private_ip.as_ref().unwrap();
        assert_eq!(at(address), task.name);
        assert_eq!(at("10.0.40.37"), "database");
        assert_eq!(at("10.0.0.41"), "ALB");
        assert_eq!(at("10.0.41.9"), "subnet hydren-db-b");
        assert_eq!(at("10.0.99.1"), "VPC");
        assert_eq!(at("203.0.113.7"), "outside");
    }

    #[test]
    fn a_group_that_tiers_share_does_not_tell_them_apart_but_descriptions_do() {
        let interface = |description: &str| Interface {
            id: "eni-1".to_owned(),
            kind: "interface".to_owned(),
            description: description.to_owned(),
            addresses: Vec::new(),
            groups: vec!["sg-shared".to_owned()],
        };
        let users = BTreeMap::from([("sg-shared".to_owned(), None)]);
        assert_eq!(used_as(&interface("bastion"), &users), None);
        assert_eq!(
            used_as(&interface("RDSNetworkInterface"), &users),
            Some(Place::Database)
        );
        assert_eq!(
            used_as(&interface("ELB app/shop/50dc6c495c0c9188"), &users),
            Some(Place::Balancer)
        );
    }
}
