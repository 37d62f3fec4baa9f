//! What is wrong, and why we think so.

use super::tier::{Health, Tier};
use serde::{Serialize, Serializer};

/// Something that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name of the rule, `ecs-below-desired`.
    pub rule: &'static str,
    /// Where; `None` is about the costs of all tiers, in JSON `"cost"`.
    #[serde(serialize_with = "place")]
    pub tier: Option<Tier>,
    /// How bad it is.
    pub severity: Health,
    /// The service, target group, alarm, ... it is about.
    pub subject: String,
    /// One line that says what is wrong.
    pub title: String,
    /// What was observed, one line each, the strongest first.
    pub evidence: Vec<String>,
    /// What to do next.
    pub advice: Option<String>,
}

impl Finding {
    /// Where, as people read it.
    #[must_use]
    pub fn place(&self) -> &'static str {
        self.tier.map_or("Cost", Tier::title)
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "what serde hands over"
)]
fn place<S: Serializer>(tier: &Option<Tier>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(tier.map_or("cost", Tier::id))
}

/// A figure of a tier: what status prints and the overview shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Stable name, `requests_per_minute`.
    pub name: &'static str,
    /// Short label, `req/min`.
    pub label: &'static str,
    /// The value; `None` when it is not known.
    pub value: Option<f64>,
    /// Unit.
    pub unit: super::metric::Unit,
    /// Why there is no value: `not enabled`, `no data`, `wrong region`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}
