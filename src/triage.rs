//! Diagnosis: observations in, verdicts, figures, findings and a timeline out. Pure, the same answer every time.

use crate::{
    model::{
        Health, Tier, Verdict,
        environment::Environment,
        event::Event,
        finding::{Figure, Finding},
        metric::MetricId,
    },
    observe::Observations,
};
use jiff::Timestamp;

/// What is said of one tier.
#[derive(Debug, Clone)]
pub struct TierReport {
    /// Tier.
    pub tier: Tier,
    /// State and key reason.
    pub verdict: Verdict,
    /// Figures, the most telling first.
    pub figures: Vec<Figure>,
}

/// What is said of the environment.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// One a tier, by [`Tier::index`].
    pub tiers: Vec<TierReport>,
    /// The worst first.
    pub findings: Vec<Finding>,
    /// The worst state of any tier that is part of the environment.
    pub health: Health,
}

/// Assesses everything observed.
#[must_use]
pub fn assess(_environment: &Environment, _seen: &Observations, _now: Timestamp) -> Assessment {
    Assessment {
        tiers: Tier::ALL
            .into_iter()
            .map(|tier| TierReport {
                tier,
                verdict: Verdict::default(),
                figures: Vec::new(),
            })
            .collect(),
        findings: Vec::new(),
        health: Health::Unknown,
    }
}

/// Puts everything that happened into one order, newest first.
#[must_use]
pub fn timeline(_seen: &Observations) -> Vec<Event> {
    Vec::new()
}

/// Lists the metrics that the overview and the rules need: what is queried every minute.
#[must_use]
pub fn base_metrics(_environment: &Environment, _seen: &Observations) -> Vec<MetricId> {
    Vec::new()
}

/// Lists the further metrics that the screen of `tier` charts: queried only while that screen is open.
#[must_use]
pub fn screen_metrics(
    _tier: Tier,
    _environment: &Environment,
    _seen: &Observations,
) -> Vec<MetricId> {
    Vec::new()
}
