//! `hydren info`: which settings apply and where each comes from, who the caller is, and what watching the environment costs.

use super::{
    Failure, SCHEMA, json,
    table::{safe, table},
};
use crate::{
    cli::Output,
    cloud::Cloud,
    config::Config,
    error::Result,
    format,
    model::{
        Tier,
        environment::{Access, Environment},
        identity::Identity,
        metric::{Unit, Window},
    },
    observe::Observations,
    poll, triage,
};
use serde::Serialize;
use std::path::Path;

/// What watching an environment takes, measured by reading it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SteadyState {
    /// Requests to AWS a minute.
    pub calls_per_minute: f64,
    /// Metrics asked of CloudWatch a minute: its greatest cost.
    pub metrics_per_minute: f64,
    /// US dollars an hour at list price.
    pub usd_per_hour: f64,
    /// The parts, in the order in which they were read.
    pub reads: Vec<Read>,
}

/// One repeated read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Read {
    /// A tier's name, `metrics` or `identity`.
    pub what: &'static str,
    /// Seconds between two reads.
    pub every_seconds: i64,
    /// Requests of one read.
    pub calls: u64,
    /// US dollars of one read.
    pub usd: f64,
}

impl SteadyState {
    /// Measures by reading every part once more: `seen` holds a first read, so that what is remembered is not counted again.
    /// One after the other, since the meter counts all of a cloud's requests together.
    pub async fn measure(
        cloud: &dyn Cloud,
        environment: &Environment,
        seen: &Observations,
    ) -> Self {
        let mut reads = Vec::new();
        let mut before = cloud.meter().total();
        let mut note = |what, every_seconds| {
            let after = cloud.meter().total();
            reads.push(Read {
                what,
                every_seconds,
                calls: after.requests - before.requests,
                usd: after.usd - before.usd,
            });
            before = after;
        };
        for tier in Tier::ALL {
            // A read that fails costs its requests all the same; why it failed, `status` says.
            let _ = cloud.read(tier).await;
            note(tier.id(), poll::interval(tier));
        }
        let metrics = triage::base_metrics(environment, seen);
        let _ = cloud
            .metrics(&metrics, Window::last(cloud.now(), super::SPAN))
            .await;
        note("metrics", poll::METRICS);
        let _ = cloud.identity().await;
        note("identity", poll::IDENTITY);
        #[allow(clippy::cast_precision_loss, reason = "some hundred metrics")]
        let metrics = metrics.len() as f64;
        Self::of(reads, metrics)
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "some hundred requests, some hundred seconds"
    )]
    fn of(reads: Vec<Read>, metrics: f64) -> Self {
        let a_second = |value: fn(&Read) -> f64| -> f64 {
            reads
                .iter()
                .map(|read| value(read) / read.every_seconds as f64)
                .sum()
        };
        Self {
            calls_per_minute: a_second(|read| read.calls as f64) * 60.0,
            metrics_per_minute: metrics * 60.0 / poll::METRICS as f64,
            usd_per_hour: a_second(|read| read.usd) * 3_600.0,
            reads,
        }
    }
}

/// What was found out about the environment in use.
#[derive(Debug)]
pub struct Present<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The caller, or why it is not known.
    pub identity: &'a Result<Identity>,
    /// What watching takes; `None` when the caller is not known.
    pub steady: Option<&'a SteadyState>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    version: &'static str,
    paths: Vec<Line<'a>>,
    settings: Vec<Source<'a>>,
    environment: Option<&'a Environment>,
    identity: Option<&'a Identity>,
    error: Option<Failure<'a>>,
    steady_state: Option<&'a SteadyState>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'static str,
    path: Option<&'a Path>,
}

#[derive(Serialize)]
struct Source<'a> {
    key: &'a str,
    value: &'a str,
    origin: String,
}

/// Prints it; `present` is `None` where no environment is configured.
///
/// # Errors
/// JSON that cannot be written.
pub fn print(config: &Config, present: Option<&Present<'_>>, output: Output) -> Result<String> {
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        paths: vec![
            Line {
                name: "project file",
                path: config.paths.project_config.as_deref(),
            },
            Line {
                name: "user file",
                path: Some(&config.paths.user_config),
            },
            Line {
                name: "themes",
                path: Some(&config.paths.themes),
            },
            Line {
                name: "audit log",
                path: Some(&config.paths.audit_logs.real),
            },
        ],
        settings: config
            .settings
            .iter()
            .map(|(key, setting)| Source {
                key,
                value: &setting.value,
                origin: setting.origin.to_string(),
            })
            .collect(),
        environment: present.map(|p| p.environment),
        identity: present.and_then(|p| p.identity.as_ref().ok()),
        error: present
            .and_then(|p| p.identity.as_ref().err())
            .map(Failure::from),
        steady_state: present.and_then(|p| p.steady),
    };
    match output {
        Output::Json => json(&document),
        Output::Table | Output::Markdown => Ok(text(&document, output)),
    }
}

fn text(document: &Document<'_>, output: Output) -> String {
    let mut facts = vec![["version".to_owned(), document.version.to_owned()]];
    let mut fact = |name: &str, value: String| facts.push([name.to_owned(), value]);
    for line in &document.paths {
        fact(
            line.name,
            line.path
                .map_or_else(|| "none".to_owned(), |path| path.display().to_string()),
        );
    }
    match document.environment {
        None => fact(
            "environment",
            "none configured: `hydren init` finds one, `hydren demo` simulates one".to_owned(),
        ),
        Some(environment) => {
            let access = match (environment.access, &environment.access_reason) {
                (Access::ReadOnly, Some(reason)) => format!(", read-only: {reason}"),
                (Access::ReadOnly, None) => ", read-only".to_owned(),
                (Access::ReadWrite, _) => String::new(),
            };
            let (name, stage) = (&environment.name, environment.stage.word());
            fact(
                "environment",
                format!("{name} in {}, {stage}{access}", environment.region),
            );
        }
    }
    if let Some(who) = document.identity {
        fact("account", who.account.clone());
        fact("caller", who.arn.clone());
        if who.expires_at.is_some() {
            fact(
                "credentials end",
                format!("{} UTC", format::date_time(who.expires_at)),
            );
        }
    }
    if let Some(error) = &document.error {
        fact("caller", format!("not known: {}", error.message));
    }
    let mut sections = vec![table(["WHAT", "VALUE"], &facts, output)];
    if !document.settings.is_empty() {
        let rows: Vec<[String; 3]> = document
            .settings
            .iter()
            .map(|s| [s.key.to_owned(), s.value.to_owned(), s.origin.clone()])
            .collect();
        sections.push(table(["SETTING", "VALUE", "FROM"], &rows, output));
    }
    if let Some(steady) = document.steady_state {
        sections.push(steady_text(steady, output));
    }
    sections.join("\n")
}

fn steady_text(steady: &SteadyState, output: Output) -> String {
    let rows: Vec<[String; 4]> = steady
        .reads
        .iter()
        .map(|read| {
            [
                read.what.to_owned(),
                format::duration(read.every_seconds),
                read.calls.to_string(),
                format::value(read.usd, Unit::Usd),
            ]
        })
        .collect();
    let sum = format!(
        "Watching takes {} AWS calls a minute and {} metrics a minute, ${:.4} an hour at list price.",
        format::compact(steady.calls_per_minute),
        format::compact(steady.metrics_per_minute),
        steady.usd_per_hour
    );
    format!(
        "{}\n{}\n",
        table(["READ", "EVERY", "CALLS", "COST"], &rows, output),
        safe(&sum, output)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_cost_follow_how_often_each_part_is_read() {
        let read = |what, every_seconds, calls, usd| Read {
            what,
            every_seconds,
            calls,
            usd,
        };
        let steady = SteadyState::of(
            vec![read("ecs", 10, 5, 0.0), read("metrics", 60, 2, 0.0004)],
            40.0,
        );
        assert!((steady.calls_per_minute - 32.0).abs() < 1e-9, "{steady:?}");
        assert!((steady.usd_per_hour - 0.024).abs() < 1e-9, "{steady:?}");
    }
}
