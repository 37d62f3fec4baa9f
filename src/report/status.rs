//! `hydren status`: every tier's state, key reason and figures, and what is wrong. docs/status-json.md describes the JSON.

use super::{
    Failure, SCHEMA, json, state,
    table::{safe, table},
};
use crate::{
    cli::Output,
    cloud::meter::Tally,
    error::{Error, ErrorKind, Result},
    format,
    model::{Health, Snapshot, Tier, environment::Environment, finding::Finding, metric::Unit},
    observe::Observations,
    triage::Assessment,
};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

/// Figures of a tier that fit on its line.
const FIGURES: usize = 4;

/// Everything that a status says.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// What was read of it.
    pub seen: &'a Observations,
    /// What is said of it.
    pub assessment: &'a Assessment,
    /// When.
    pub now: Timestamp,
    /// The requests that it took.
    pub api: Tally,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    environment: &'a str,
    region: &'a str,
    account: Option<&'a str>,
    generated_at: Timestamp,
    health: Health,
    tiers: Vec<TierStatus<'a>>,
    api: Api,
}

#[derive(Serialize)]
struct TierStatus<'a> {
    tier: Tier,
    health: Health,
    verdict: &'a str,
    age_seconds: Option<i64>,
    error: Option<Failure<'a>>,
    metrics: IndexMap<&'static str, Reading<'a>>,
    resources: Option<&'a Snapshot>,
}

#[derive(Serialize)]
struct Reading<'a> {
    value: Option<f64>,
    unit: Unit,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a str>,
}

#[derive(Serialize)]
struct Api {
    calls: u64,
    cost_usd: f64,
}

impl Status<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// JSON that cannot be written.
    pub fn print(&self, output: Output) -> Result<String> {
        match output {
            Output::Json => json(&self.document(self.seen.metrics_error(self.now).as_ref())),
            Output::Table | Output::Markdown => Ok(self.text(output)),
        }
    }

    fn account(&self) -> Option<&str> {
        self.seen
            .identity
            .value
            .as_ref()
            .map(|who| who.account.as_str())
    }

    fn document<'a>(&'a self, metrics: Option<&'a Error>) -> Document<'a> {
        Document {
            schema: SCHEMA,
            environment: &self.environment.name,
            region: &self.environment.region,
            account: self.account(),
            generated_at: self.now,
            health: self.assessment.health,
            tiers: self.tiers(metrics),
            api: Api {
                calls: self.api.requests,
                // A tenth of the smallest price, so that sums of binary fractions do not show.
                cost_usd: (self.api.usd * 1e6).round() / 1e6,
            },
        }
    }

    /// The tiers; one that is judged by metrics that were not read bears their failure.
    fn tiers<'a>(&'a self, metrics: Option<&'a Error>) -> Vec<TierStatus<'a>> {
        let tiers = self.assessment.tiers.iter();
        tiers
            .map(|report| {
                let observed = self.seen.tier(report.tier);
                let readings = report.figures.iter().map(|figure| {
                    let reading = Reading {
                        value: figure.value,
                        unit: figure.unit,
                        missing: figure.missing.as_deref(),
                    };
                    (figure.name, reading)
                });
                TierStatus {
                    tier: report.tier,
                    health: report.verdict.health,
                    verdict: &report.verdict.text,
                    age_seconds: observed.age(self.now),
                    error: observed
                        .error
                        .as_ref()
                        .or(metrics.filter(|_| report.unread.is_some()))
                        .map(Failure::from),
                    metrics: readings.collect(),
                    resources: observed.value.as_ref(),
                }
            })
            .collect()
    }

    fn text(&self, output: Output) -> String {
        let markdown = output == Output::Markdown;
        let mut title = vec![
            self.environment.name.as_str(),
            self.environment.region.as_str(),
        ];
        title.extend(self.account());
        let title = safe(&title.join(" · "), output);
        let health = state(self.assessment.health);
        let heading = if markdown {
            format!("### {health} · {title}\n")
        } else {
            format!("{health}  {title}\n")
        };
        let api = format!(
            "{} UTC, {}, {}\n",
            format::date_time(self.now),
            format::count(self.api.requests, "AWS call"),
            format::value(self.api.usd, Unit::Usd)
        );
        let mut sections = vec![heading, self.tier_table(output)];
        let findings: Vec<String> = self
            .assessment
            .findings
            .iter()
            .map(|f| finding(f, output))
            .collect();
        if !findings.is_empty() {
            sections.push(findings.concat());
        }
        let failures = self.failures(output);
        if !failures.is_empty() {
            sections.push(failures.concat());
        }
        sections.push(api);
        sections.join("\n")
    }

    fn tier_table(&self, output: Output) -> String {
        let rows: Vec<[String; 5]> = self
            .assessment
            .tiers
            .iter()
            .map(|report| {
                let known = report
                    .figures
                    .iter()
                    .filter(|figure| figure.value.is_some());
                let figures = known
                    .take(FIGURES)
                    .map(|f| format!("{} {}", f.label, format::value(f.value, f.unit)));
                [
                    report.tier.title().to_owned(),
                    state(report.verdict.health),
                    report.verdict.text.clone(),
                    format::age(self.seen.tier(report.tier).age(self.now)),
                    figures.collect::<Vec<_>>().join(", "),
                ]
            })
            .collect();
        table(
            ["TIER", "STATE", "VERDICT", "AGE", "FIGURES"],
            &rows,
            output,
        )
    }

    /// What could not be read, once for all tiers that it befell. What the environment does not have is no failure.
    fn failures(&self, output: Output) -> Vec<String> {
        let mut failures: IndexMap<(&str, Option<&str>), Vec<&str>> = IndexMap::new();
        let part_of = |tier: &Tier, error: &Error| {
            error.kind != ErrorKind::NotFound || self.environment.resources.names(*tier)
        };
        let parts = Tier::ALL.map(|tier| {
            let error = self.seen.tier(tier).error.as_ref();
            (tier.title(), error.filter(|error| part_of(&tier, error)))
        });
        let metrics = self.seen.metrics_error(self.now);
        let metrics = [("Metrics", metrics.as_ref())];
        let identity = [("Identity", self.seen.identity.error.as_ref())];
        for (part, error) in parts.into_iter().chain(metrics).chain(identity) {
            if let Some(error) = error {
                let place = failures
                    .entry((&error.message, error.hint.as_deref()))
                    .or_default();
                place.push(part);
            }
        }
        let bullet = if output == Output::Markdown { "- " } else { "" };
        failures
            .into_iter()
            .map(|((message, hint), parts)| {
                let hint = hint
                    .map(|hint| format!(" ({})", safe(hint, output)))
                    .unwrap_or_default();
                format!(
                    "{bullet}{} not read: {}{hint}\n",
                    parts.join(", "),
                    safe(message, output)
                )
            })
            .collect()
    }
}

/// One finding with its evidence and advice.
fn finding(finding: &Finding, output: Output) -> String {
    let (head, bullet) = match output {
        Output::Markdown => ("- ", "  - "),
        Output::Table | Output::Json => ("", "  "),
    };
    let (state, tier) = (state(finding.severity), finding.place());
    let title = format!("{head}{state} {tier}: {}\n", safe(&finding.title, output));
    let evidence = finding.evidence.iter().map(|line| safe(line, output));
    let advice = finding
        .advice
        .iter()
        .map(|line| format!("→ {}", safe(line, output)));
    let lines = evidence
        .chain(advice)
        .map(|line| format!("{bullet}{line}\n"));
    std::iter::once(title).chain(lines).collect()
}

#[cfg(test)]
mod tests;
