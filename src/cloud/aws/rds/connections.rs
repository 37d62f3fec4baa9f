//! How many connections a PostgreSQL database takes.

use crate::model::database::{MaxConnections, MaxConnectionsSource};
use regex::Regex;
use std::sync::LazyLock;

const GIB: u64 = 1 << 30;

/// RDS's default for PostgreSQL is `LEAST({DBInstanceClassMemory/9531392}, 5000)`
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html, "Maximum number of database connections").
const DEFAULT_DIVISOR: u64 = 9_531_392;
const DEFAULT_CEILING: u64 = 5_000;

/// The limit that `set`, the value of `max_connections` in the parameter group, or else the engine's default gives a class. `None` for
/// a class whose memory is not known here and for a formula that is not of RDS's shape.
pub(super) fn limit(set: Option<&str>, class: &str) -> Option<MaxConnections> {
    if let Some(value) = set.and_then(|set| set.trim().parse().ok()) {
        return Some(MaxConnections {
            value,
            source: MaxConnectionsSource::Parameter,
        });
    }
    let (divisor, ceiling) = match set {
        Some(formula) => parse(formula)?,
        None => (DEFAULT_DIVISOR, DEFAULT_CEILING),
    };
    let value = (memory(class)? / divisor).min(ceiling);
    Some(MaxConnections {
        value: u32::try_from(value).ok()?,
        source: MaxConnectionsSource::Derived,
    })
}

/// Divisor and ceiling of `LEAST({DBInstanceClassMemory/D},C)` or of `{DBInstanceClassMemory/D}`.
fn parse(formula: &str) -> Option<(u64, u64)> {
    static SHAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^\s*(?:LEAST\(\s*\{\s*DBInstanceClassMemory\s*/\s*(\d+)\s*\}\s*,\s*(\d+)\s*\)|\{\s*DBInstanceClassMemory\s*/\s*(\d+)\s*\})\s*$",
        )
        .ok()
    });
    let parts = SHAPE.as_ref()?.captures(formula)?;
    let number = |i| parts.get(i).and_then(|n| n.as_str().parse::<u64>().ok());
    let divisor = number(1).or(number(3)).filter(|&divisor| divisor > 0)?;
    Some((divisor, number(2).unwrap_or(u64::MAX)))
}

/// Nominal memory in bytes of the classes that small applications use
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html). What PostgreSQL gets is a little less, so a
/// limit derived from it is an upper bound.
fn memory(class: &str) -> Option<u64> {
    let (family, size) = class.strip_prefix("db.")?.split_once('.')?;
    let gib = match (family, size) {
        ("t3" | "t4g", "micro") => 1,
        ("t3" | "t4g", "small") => 2,
        ("t3" | "t4g", "medium") => 4,
        ("t3" | "t4g" | "m6g" | "m7g", "large") => 8,
        ("m6g" | "m7g", "xlarge") | ("r6g" | "r7g", "large") => 16,
        _ => return None,
    };
    Some(gib * GIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_limit(set: Option<&str>, class: &str, expected: Option<(u32, MaxConnectionsSource)>) {
        let expected = expected.map(|(value, source)| MaxConnections { value, source });
        assert_eq!(limit(set, class), expected);
    }

    #[test]
    fn the_default_formula_gives_the_published_bounds() {
        use MaxConnectionsSource::Derived;
        assert_limit(None, "db.t4g.micro", Some((112, Derived)));
        assert_limit(None, "db.t3.small", Some((225, Derived)));
        assert_limit(None, "db.t4g.medium", Some((450, Derived)));
        assert_limit(None, "db.m7g.large", Some((901, Derived)));
        assert_limit(None, "db.r6g.large", Some((1802, Derived)));
    }

    #[test]
    fn a_number_in_the_parameter_group_wins_over_the_class() {
        assert_limit(
            Some("60"),
            "db.t4g.micro",
            Some((60, MaxConnectionsSource::Parameter)),
        );
        assert_limit(
            Some("60"),
            "db.x99.huge",
            Some((60, MaxConnectionsSource::Parameter)),
        );
    }

    #[test]
    fn a_formula_of_ones_own_is_evaluated() {
        use MaxConnectionsSource::Derived;
        assert_limit(
            Some("LEAST({DBInstanceClassMemory/9531392}, 100)"),
            "db.t4g.micro",
            Some((100, Derived)),
        );
        assert_limit(
            Some("{DBInstanceClassMemory/12582880}"),
            "db.t3.micro",
            Some((85, Derived)),
        );
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert_limit(None, "db.serverless", None);
        assert_limit(
            Some("GREATEST({DBInstanceClassMemory/9531392}, 100)"),
            "db.t3.micro",
            None,
        );
        assert_limit(Some("{DBInstanceClassMemory/0}"), "db.t3.micro", None);
    }
}
