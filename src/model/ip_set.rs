//! IP sets of a web ACL, and the notes in their descriptions that say until when an address is meant to stay.
//!
//! WAF knows no expiry: nothing takes an address off by itself. The note is text in the set's description, where everybody who looks
//! at the set sees it: `203.0.113.7/32@2026-11-22T16:00Z`.

use super::edge::WafScope;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::{fmt, net::IpAddr, str::FromStr};

/// Longest description (AWS WAF API, UpdateIPSet, Description).
pub const DESCRIPTION: usize = 256;

/// Names an IP set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IpSetName {
    /// Name.
    pub name: String,
    /// Identifier.
    pub id: String,
    /// Where it lives: that of its web ACL.
    pub scope: WafScope,
}

/// An IP set that a rule of the web ACL refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IpSet {
    /// Its names.
    #[serde(flatten)]
    pub name: IpSetName,
    /// The rule.
    pub rule: String,
    /// `IPV4` or `IPV6`.
    pub version: String,
    /// Ranges as WAF writes them.
    pub addresses: Vec<String>,
    /// Free text, with the notes.
    pub description: String,
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    address: IpAddr,
    prefix: u8,
}

impl Range {
    /// The version as WAF writes it.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self.address {
            IpAddr::V4(_) => "IPV4",
            IpAddr::V6(_) => "IPV6",
        }
    }

    /// Bits of the address, from the highest.
    const fn bits(self) -> (u128, u8) {
        match self.address {
            IpAddr::V4(v4) => ((v4.to_bits() as u128) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        }
    }

    const fn mask(self) -> u128 {
        u128::MAX << (128 - self.prefix as u32)
    }

    /// Whether every address of `other` is in it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.version() == other.version()
            && self.prefix <= other.prefix
            && (self.bits().0 ^ other.bits().0) & self.mask() == 0
    }

    /// How many addresses it has.
    #[must_use]
    pub fn size(self) -> f64 {
        f64::from(self.bits().1 - self.prefix).exp2()
    }
}

impl FromStr for Range {
    type Err = String;

    /// Reads `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/48`. WAF takes every prefix but /0 (AWS WAF API, UpdateIPSet).
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{text}` is no address and no range such as 203.0.113.0/24"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse);
        let prefix = match prefix {
            Ok(prefix) if (1..=longest).contains(&prefix) => prefix,
            _ => {
                return Err(format!(
                    "the prefix of `{text}` is not from /1 to /{longest}"
                ));
            }
        };
        let range = Self { address, prefix };
        let (bits, _) = range.bits();
        if bits & !range.mask() == 0 {
            return Ok(range);
        }
        let network = bits & range.mask();
        let network = if address.is_ipv4() {
            IpAddr::V4(u32::try_from(network >> 96).unwrap_or_default().into())
        } else {
            IpAddr::V6(network.into())
        };
        Err(format!(
            "`{text}` is an address within a range; the range is {network}/{prefix}"
        ))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The notes in a description: the range and until when.
fn notes(description: &str) -> impl Iterator<Item = (Range, Timestamp)> + '_ {
    description.split_whitespace().filter_map(note)
}

fn note(word: &str) -> Option<(Range, Timestamp)> {
    let (range, until) = word.split_once('@')?;
    let until = until.strip_suffix('Z')?;
    let until: jiff::civil::DateTime = until.parse().ok()?;
    let until = until.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((range.parse().ok()?, until))
}

/// `description` with the note for `range`, or without one; everything else stays.
#[must_use]
pub fn noted(description: &str, range: Range, until: Option<Timestamp>) -> String {
    let others = description.split_whitespace();
    let others = others.filter(|word| note(word).is_none_or(|(known, _)| known != range));
    let until = until.map(|at| format!("{range}@{}", at.strftime("%Y-%m-%dT%H:%MZ")));
    let words: Vec<&str> = others.chain(until.as_deref()).collect();
    words.join(" ")
}

impl IpSet {
    /// Until when `range` is meant to stay, where that is noted.
    #[must_use]
    pub fn noted_until(&self, range: Range) -> Option<Timestamp> {
        notes(&self.description).find_map(|(known, until)| (known == range).then_some(until))
    }

    /// Whether `range` is listed itself, however it is written.
    #[must_use]
    pub fn lists(&self, range: Range) -> bool {
        self.ranges().any(|known| known == range)
    }

    /// The listed range that `range` is part of, if any.
    #[must_use]
    pub fn covers(&self, range: Range) -> Option<Range> {
        self.ranges().find(|known| known.contains(range))
    }

    fn ranges(&self) -> impl Iterator<Item = Range> + '_ {
        self.addresses.iter().filter_map(|a| a.parse().ok())
    }

    /// What is listed longer than its note says.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> Vec<(Range, Timestamp)> {
        notes(&self.description)
            .filter(|(range, until)| *until <= now && self.lists(*range))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_waf_takes_it() {
        let read = |text: &str| text.parse::<Range>().map(|r| r.to_string());
        assert_eq!(read("203.0.113.7").as_deref(), Ok("203.0.113.7/32"));
        assert_eq!(read("2001:0db8::/48").as_deref(), Ok("2001:db8::/48"));
        let hint = read("203.0.113.7/24").unwrap_err();
        assert!(hint.ends_with("the range is 203.0.113.0/24"), "{hint}");
        for bad in ["0.0.0.0/0", "203.0.113.7/33", "::/0", "example.com", ""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_range_contains_its_parts_and_nothing_else() {
        let range = |text: &str| text.parse::<Range>().unwrap();
        assert!(range("203.0.113.0/24").contains(range("203.0.113.7")));
        assert!(!range("203.0.113.0/24").contains(range("203.0.114.7")));
        assert!(!range("203.0.113.7").contains(range("203.0.113.0/24")));
        assert!(!range("2001:db8::/32").contains(range("203.0.113.7")));
    }

    #[test]
    fn a_note_is_put_changed_and_taken_without_touching_other_words() {
        let range: Range = "203.0.113.7".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let with = noted("Bad bots", range, Some(at("2026-11-22T16:00:30Z")));
        assert_eq!(with, "Bad bots 203.0.113.7/32@2026-11-22T16:00Z");
        let later = noted(&with, range, Some(at("2026-11-23T16:00:00Z")));
        assert_eq!(later, "Bad bots 203.0.113.7/32@2026-11-23T16:00Z");
        assert_eq!(noted(&later, range, None), "Bad bots");
        let set = IpSet {
            name: IpSetName {
                name: "bad".to_owned(),
                id: "1".to_owned(),
                scope: WafScope::CloudFront,
            },
            rule: "block".to_owned(),
            version: "IPV4".to_owned(),
            addresses: vec!["203.0.113.7/32".to_owned()],
            description: later,
        };
        assert!(set.overdue(at("2026-11-23T15:59:59Z")).is_empty());
        assert_eq!(set.overdue(at("2026-11-23T16:00:00Z")).len(), 1);
    }
}
