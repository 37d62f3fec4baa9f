//! The headless twins: the same observations and the same assessment as on screen, as table, JSON or Markdown.

pub mod audit;
pub mod build;
pub mod cost;
pub mod events;
pub mod images;
pub mod info;
pub mod logs;
pub mod operate;
pub mod prices;
pub mod push;
pub mod snapshots;
pub mod status;
mod table;

use crate::{
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    model::{Health, Tier, environment::Environment, metric::Window},
    observe::Observations,
    text::is_hostile,
    triage,
};
use futures::future::join_all;
use serde::Serialize;

/// Version of every JSON document; it grows when a field changes its meaning or goes away.
pub const SCHEMA: u8 = 1;

/// The span of metrics that a report looks at, in seconds: the console's own window at its start.
const SPAN: i64 = 3_600;

/// Reads everything once: the tiers and the caller at the same time, then the metrics that they call for, unless nobody answers.
pub async fn observe(cloud: &dyn Cloud, environment: &Environment) -> Observations {
    let mut seen = Observations::default();
    let tiers = join_all(Tier::ALL.map(|tier| cloud.read(tier)));
    let (tiers, identity) = futures::join!(tiers, cloud.identity());
    for (tier, result) in Tier::ALL.into_iter().zip(tiers) {
        seen.tier_mut(tier).settle(result, cloud.now());
    }
    seen.identity.settle(identity, cloud.now());

    // CloudWatch lies behind the same network and credentials: it would only let the caller wait as long again.
    if let Err(error) = readable(&seen)
        && matches!(
            error.kind,
            ErrorKind::Unreachable | ErrorKind::NoCredentials | ErrorKind::Expired
        )
    {
        seen.metrics.settle(Err(error), cloud.now());
        return seen;
    }
    let mut metrics = triage::base_metrics(environment, &seen);
    // The gateways' figures are on no rule's list, but part of what status tells.
    metrics.extend(triage::screen_metrics(Tier::Network, environment, &seen));
    metrics.sort();
    metrics.dedup();
    if !metrics.is_empty() {
        let series = cloud
            .metrics(&metrics, Window::last(cloud.now(), SPAN))
            .await;
        seen.metrics.settle(series.map(Into::into), cloud.now());
    }
    seen
}

/// Reads what costs need besides: how much was used since the month began, and what no tier shows.
pub async fn observe_usage(cloud: &dyn Cloud, environment: &Environment, seen: &mut Observations) {
    let groups = crate::cost::log_groups(environment, seen);
    let metrics = crate::cost::metrics(environment, seen);
    let window = crate::cost::window(cloud.now());
    let (ledger, usage) = futures::join!(cloud.ledger(&groups), async {
        match metrics.as_slice() {
            [] => None,
            ids => Some(cloud.metrics(ids, window).await),
        }
    });
    seen.ledger.settle(ledger.map(Into::into), cloud.now());
    if let Some(usage) = usage {
        seen.usage.settle(usage.map(Into::into), cloud.now());
    }
}

/// The failure that a command ends with when no tier at all could be read.
///
/// # Errors
/// The most telling of the tiers' failures: one that the caller can mend before one that says that something is not there.
pub fn readable(seen: &Observations) -> Result<()> {
    if seen.tiers.iter().any(|tier| tier.value.is_some()) {
        return Ok(());
    }
    let rank = |error: &&Error| match error.kind {
        ErrorKind::NoCredentials | ErrorKind::Expired => 0,
        ErrorKind::Config => 1,
        ErrorKind::Denied { .. } => 2,
        ErrorKind::NotFound => 4,
        _ => 3,
    };
    let failures = seen.tiers.iter().filter_map(|tier| tier.error.as_ref());
    failures.min_by_key(rank).cloned().map_or(Ok(()), Err)
}

/// A failure as JSON.
#[derive(Debug, Serialize)]
struct Failure<'a> {
    kind: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> From<&'a Error> for Failure<'a> {
    fn from(error: &'a Error) -> Self {
        Self {
            kind: error.kind.label(),
            message: &error.message,
            hint: error.hint.as_deref(),
        }
    }
}

/// Writes a document.
fn json(document: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|e| Error::new(ErrorKind::Io, "the report cannot be written as JSON").source(e))?;
    Ok(escaped(&text))
}

/// Ends JSON with a line break. What it lets pass but a terminal may obey (C1 controls, bidirectional overrides) is escaped too, so that
/// nothing is lost and nothing is obeyed.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && is_hostile(c) {
            safe.extend(
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            );
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe
}

/// A state's glyph and word.
fn state(health: Health) -> String {
    format!("{} {}", health.glyph(), health.word())
}

/// Colours the states of a printed table: for a terminal, and only where colour is wanted.
#[must_use]
pub fn paint(text: &str) -> String {
    let colours = [
        (Health::Ok, 32),
        (Health::Unknown, 90),
        (Health::Warning, 33),
        (Health::Critical, 31),
    ];
    colours
        .into_iter()
        .fold(text.to_owned(), |text, (health, colour)| {
            let state = state(health);
            text.replace(&state, &format!("\x1b[{colour}m{state}\x1b[0m"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_what_it_must_not_show() {
        let text = json(&["a\u{202e}b\u{9b}31m\u{e0041}\x1b"]).unwrap_or_default();
        assert!(!text.chars().any(|c| c != '\n' && is_hostile(c)), "{text}");
        let back: Vec<String> = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(back, ["a\u{202e}b\u{9b}31m\u{e0041}\x1b"]);
    }

    #[test]
    fn the_failure_that_the_caller_can_mend_comes_first() {
        let mut seen = Observations::default();
        let now = jiff::Timestamp::UNIX_EPOCH;
        for tier in Tier::ALL {
            seen.tier_mut(tier)
                .settle(Err(Error::new(ErrorKind::NotFound, "nothing")), now);
        }
        let lost = Error::new(ErrorKind::NoCredentials, "no credentials");
        seen.tier_mut(Tier::Rds).settle(Err(lost), now);
        let kind = readable(&seen).map_err(|e| e.kind);
        assert_eq!(kind, Err(ErrorKind::NoCredentials));
    }
}
