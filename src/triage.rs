//! Diagnosis: observations in, verdicts, figures, findings and a timeline out. Pure, the same answer every time.
//!
//! A tier's file under `triage/` is a [`Part`]: its rules, its figures and what is said of it when nothing is wrong. A rule looks
//! at the [`Scene`] and raises what it sees; a new rule is one function and one row in its part.

mod alarms;
mod alb;
mod certificate;
mod cloudfront;
mod ecs;
#[cfg(test)]
mod fixture;
mod images;
mod judge;
mod network;
mod queries;
mod rds;
mod rollouts;
mod route53;
mod scene;
mod stops;
mod timeline;
mod waf;

pub use judge::{DATABASE_CPU, DATABASE_FREE_STORAGE, Judge};
#[cfg(test)]
pub(crate) use queries::BUDGET;
pub use queries::{base_metrics, screen_metrics};
pub use timeline::timeline;

use crate::{
    cost::Costs,
    model::{
        Health, Tier, Verdict,
        environment::Environment,
        finding::{Figure, Finding},
        metric::Metric,
    },
    observe::{Observations, Unread},
    op::usd,
};
use jiff::Timestamp;
use scene::{Blank, Scene};
use std::cmp::Reverse;

/// What is said of one tier.
#[derive(Debug, Clone, PartialEq)]
pub struct TierReport {
    /// Tier.
    pub tier: Tier,
    /// State and key reason.
    pub verdict: Verdict,
    /// Figures, the most telling first.
    pub figures: Vec<Figure>,
    /// Why the metrics that it is judged by say nothing of the present.
    pub unread: Option<Unread>,
}

/// What is said of the environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// One a tier, by [`Tier::index`].
    pub tiers: Vec<TierReport>,
    /// The worst first, then in path order.
    pub findings: Vec<Finding>,
    /// The worst state of any tier that is part of the environment. A tier of the request path that could not be read makes it
    /// `Unknown` at best: a blank is never read as healthy.
    pub health: Health,
}

/// One thing that can be wrong.
struct Rule {
    /// Stable name, `ecs-below-desired`.
    name: &'static str,
    /// Raises it once for each subject it is wrong with.
    check: fn(&Scene<'_>) -> Vec<Raised>,
}

/// What a rule saw.
struct Raised {
    severity: Health,
    subject: String,
    /// The reason in a verdict's few words, `4/6 running`.
    reason: String,
    title: String,
    evidence: Vec<String>,
    advice: Option<String>,
}

impl Raised {
    fn new(
        severity: Health,
        subject: &str,
        reason: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            subject: subject.to_owned(),
            reason: reason.into(),
            title: title.into(),
            evidence: Vec::new(),
            advice: None,
        }
    }

    /// Adds what was observed.
    fn because(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Sets what to do next.
    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// What a tier's file offers.
struct Part {
    tier: Tier,
    /// The more telling first: of equally bad ones, the first gives the verdict its reason.
    rules: &'static [Rule],
    figures: fn(&Scene<'_>) -> Vec<Figure>,
    /// The metrics that its rules decide on: without them no quiet rule means that all is well.
    judged_by: &'static [Metric],
    /// The verdict when no rule raised anything; `None` when the tier was not read.
    calm: fn(&Scene<'_>) -> Option<Verdict>,
}

/// By [`Tier::index`].
const PARTS: [Part; Tier::ALL.len()] = [
    route53::PART,
    cloudfront::PART,
    waf::PART,
    alb::PART,
    ecs::PART,
    rds::PART,
    images::PART,
    alarms::PART,
    network::PART,
];

/// Assesses everything observed.
#[must_use]
pub fn assess(environment: &Environment, seen: &Observations, now: Timestamp) -> Assessment {
    let scene = Scene::new(environment, seen, now);
    let mut tiers = Vec::with_capacity(PARTS.len());
    let mut findings = Vec::new();
    for part in &PARTS {
        let found = findings.len();
        let reason = raise(part, &scene, &mut findings);
        let worst = findings.get(found).map(|f| f.severity);
        tiers.push(report(part, &scene, worst.zip(reason)));
    }
    findings.sort_by_key(|f| Reverse(f.severity));
    let health = tiers
        .iter()
        .filter(|report| counts(&scene, report))
        .map(|report| report.verdict.health)
        .max()
        .unwrap_or_default();
    Assessment {
        tiers,
        findings,
        health,
    }
}

impl Assessment {
    /// Adds what the costs give cause for. It is nobody's outage: the environment's state stays as it is.
    #[must_use]
    pub fn with_costs(mut self, environment: &Environment, costs: Option<&Costs>) -> Self {
        let over = costs.and_then(|costs| over_budget(environment, costs));
        self.findings.extend(over);
        self.findings.sort_by_key(|f| Reverse(f.severity));
        self
    }
}

/// The month will come to more than it may.
fn over_budget(environment: &Environment, costs: &Costs) -> Option<Finding> {
    let budget = environment.cost.budget?;
    let month = costs.month.as_ref()?;
    let projection = month.projection();
    if projection <= f64::from(budget) {
        return None;
    }
    let dearest = costs.now.by_area().into_iter();
    let dearest = dearest.max_by(|a, b| a.1.total_cmp(&b.1));
    let mut evidence = vec![
        format!(
            "{} since {}, {} at its end as the last week went, {} as the last day",
            usd(month.now()),
            month.first,
            usd(projection),
            usd(month.by_day)
        ),
        format!(
            "{} a month as it runs now, between {} and {}",
            usd(costs.now.per_month),
            usd(costs.floor),
            usd(costs.ceiling)
        ),
    ];
    evidence.extend(
        dearest
            .map(|(area, dear)| format!("most of it is {}: {} a month", area.title(), usd(dear))),
    );
    let saving = costs.waste.first();
    Some(Finding {
        rule: "cost-over-budget",
        tier: None,
        severity: Health::Warning,
        subject: environment.name.clone(),
        title: format!(
            "the month will come to {}, {} over its budget of ${budget}",
            usd(projection),
            usd(projection - f64::from(budget))
        ),
        evidence,
        advice: Some(match saving.and_then(|w| Some((w, w.saving?))) {
            Some((waste, saving)) => {
                format!("{} a month could be saved: {}", usd(saving), waste.how)
            }
            None => "0 shows where it goes".to_owned(),
        }),
    })
}

/// Runs a part's rules, appends their findings, the worst first, and gives the reason of the first.
fn raise(part: &Part, scene: &Scene<'_>, findings: &mut Vec<Finding>) -> Option<String> {
    let mut raised: Vec<(usize, Raised)> = part
        .rules
        .iter()
        .enumerate()
        .flat_map(|(row, rule)| (rule.check)(scene).into_iter().map(move |r| (row, r)))
        .collect();
    raised.sort_by(|(row, a), (other, b)| {
        (Reverse(a.severity), row, &a.subject, &a.title, &a.evidence).cmp(&(
            Reverse(b.severity),
            other,
            &b.subject,
            &b.title,
            &b.evidence,
        ))
    });
    let reason = raised.first().map(|(_, r)| r.reason.clone());
    findings.extend(raised.into_iter().map(|(row, raised)| Finding {
        rule: part.rules[row].name,
        tier: Some(part.tier),
        severity: raised.severity,
        subject: raised.subject,
        title: raised.title,
        evidence: raised.evidence,
        advice: raised.advice,
    }));
    reason
}

fn report(part: &Part, scene: &Scene<'_>, worst: Option<(Health, String)>) -> TierReport {
    let blank = scene.blank(part.tier);
    let unread = scene.unread(part.judged_by);
    let verdict = match (worst, (part.calm)(scene), &blank) {
        (Some((health, reason)), ..) => Verdict::new(health, reason),
        (None, Some(calm), _) => match &unread {
            Some(unread) if calm.health == Health::Ok => {
                Verdict::new(Health::Unknown, format!("metrics {}", unread.words()))
            }
            _ => calm,
        },
        (None, None, Some(blank)) => Verdict::new(Health::Unknown, blank.verdict()),
        (None, None, None) => Verdict::default(),
    };
    let mut figures = (part.figures)(scene);
    if let Some(blank) = blank {
        for figure in figures.iter_mut().filter(|f| f.value.is_none()) {
            figure.missing = Some(blank.missing().to_owned());
        }
    }
    TierReport {
        tier: part.tier,
        verdict,
        figures,
        unread,
    }
}

/// Whether a tier's state counts towards the environment's. What is known counts; so does a tier of the request path that the
/// environment has and that was not read. What the environment does not have, what the endpoint does not implement, and a tool that
/// cannot be read say nothing about users being served.
fn counts(scene: &Scene<'_>, report: &TierReport) -> bool {
    report.verdict.health != Health::Unknown
        || report.tier <= Tier::Rds
            && !matches!(
                scene.blank(report.tier),
                Some(Blank::NotConfigured | Blank::Unsupported)
            )
}

#[cfg(test)]
mod tests;
