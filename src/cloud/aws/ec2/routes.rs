//! How a subnet reaches the internet, from the route tables.

use crate::model::{
    network::{Route, RouteTable, SubnetReach},
    state::RouteState,
};

/// The reach of a subnet: its table is the one associated by name, else the VPC's main table
/// (docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html).
pub(super) fn reach(subnet: &str, tables: &[RouteTable]) -> SubnetReach {
    let associated = tables
        .iter()
        .find(|table| table.subnets.iter().any(|id| id == subnet));
    let table = associated.or_else(|| tables.iter().find(|table| table.main));
    let default = table.and_then(|table| {
        let to = |destination| table.routes.iter().find(|r| r.destination == destination);
        to("0.0.0.0/0").or_else(|| to("::/0"))
    });
    default.map_or(SubnetReach::Isolated, through)
}

fn through(route: &Route) -> SubnetReach {
    if route.state == RouteState::Blackhole {
        SubnetReach::Blackhole
    } else if route.target.starts_with("igw-") {
        SubnetReach::Public
    } else {
        SubnetReach::Nat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(main: bool, subnets: &[&str], default: Option<(&str, &str)>) -> RouteTable {
        let local = ("10.0.0.0/16", ("local", "active"));
        let default = default.map(|route| ("0.0.0.0/0", route));
        RouteTable {
            id: "rtb-1".to_owned(),
            name: None,
            main,
            subnets: subnets.iter().map(|&id| id.to_owned()).collect(),
            routes: [Some(local), default]
                .into_iter()
                .flatten()
                .map(|(destination, (target, state))| Route {
                    destination: destination.to_owned(),
                    target: target.to_owned(),
                    state: state.into(),
                })
                .collect(),
        }
    }

    #[test]
    fn an_association_by_name_wins_over_the_main_table() {
        let tables = [
            table(true, &[], Some(("igw-1", "active"))),
            table(false, &["subnet-a"], Some(("nat-1", "active"))),
        ];
        assert_eq!(reach("subnet-a", &tables), SubnetReach::Nat);
        assert_eq!(reach("subnet-b", &tables), SubnetReach::Public);
    }

    #[test]
    fn a_subnet_without_a_default_route_is_isolated() {
        let tables = [
            table(true, &[], Some(("igw-1", "active"))),
            table(false, &["subnet-a"], None),
        ];
        assert_eq!(reach("subnet-a", &tables), SubnetReach::Isolated);
        assert_eq!(reach("subnet-a", &[]), SubnetReach::Isolated);
    }

    #[test]
    fn a_default_route_whose_target_is_gone_is_a_blackhole() {
        let tables = [table(true, &[], Some(("nat-1", "blackhole")))];
        assert_eq!(reach("subnet-a", &tables), SubnetReach::Blackhole);
    }
}
