//! `hydren logs flows`: what the flow logs add up to, as the flow screen shows it.

use crate::{
    cli::Output,
    cloud::Cloud,
    error::{Error, ErrorKind, Result},
    format,
    logs::{
        flow::{Blocked, FlowFormats, FlowSums, Places, Summing, Way, standard},
        sources::sources,
    },
    model::{
        Tier,
        environment::Environment,
        log::{LogOrigin, LogQuery},
    },
    observe::Observations,
    report::{
        SCHEMA, json,
        table::{safe, table},
    },
};
use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// The tiers that tell whose addresses are in the records.
const TIERS: [Tier; 4] = [Tier::Alb, Tier::Ecs, Tier::Rds, Tier::Network];

/// What was added up.
#[derive(Debug, Serialize)]
pub struct Flows {
    schema: u8,
    environment: String,
    region: String,
    /// Log groups that were read.
    groups: Vec<String>,
    /// From, inclusive.
    from: Timestamp,
    /// To, exclusive.
    to: Timestamp,
    /// Whether older records of the span were left out for their number.
    truncated: bool,
    /// What is not known, and makes sums or names less than they could be.
    notes: Vec<String>,
    #[serde(flatten)]
    sums: FlowSums,
}

/// Reads the newest `limit` flow records of the last `since` and adds them up.
///
/// # Errors
/// What AWS answered; `NotFound` where no flow log goes to CloudWatch Logs.
pub async fn flows(
    cloud: &dyn Cloud,
    environment: &Environment,
    since: Duration,
    limit: u32,
) -> Result<Flows> {
    let mut seen = Observations::default();
    let answers = join_all(TIERS.map(|tier| cloud.read(tier))).await;
    for (tier, answer) in TIERS.into_iter().zip(answers) {
        seen.tier_mut(tier).settle(answer, cloud.now());
    }
    let found = sources(environment, &seen).into_iter();
    let groups: Vec<String> = found
        .filter(|source| source.origin == LogOrigin::FlowLogs)
        .map(|source| source.group)
        .collect();
    if groups.is_empty() {
        return Err(missing(&seen));
    }
    let to = cloud.now();
    let from = to - since;
    let query = LogQuery {
        stream: None,
        groups: groups.clone(),
        from,
        to,
        pattern: String::new(),
        limit: limit as usize,
    };
    let lines = cloud.logs(&query).await?;
    let formats = FlowFormats::of(seen.network().map_or(&[], |network| &network.flow_logs));
    let mut summing = Summing::default();
    for line in &lines {
        let formats = formats.of_group(&line.group);
        summing.add(formats.as_deref().unwrap_or(standard()), &line.message);
    }
    Ok(Flows {
        schema: SCHEMA,
        environment: environment.name.clone(),
        region: environment.region.clone(),
        groups,
        from,
        to,
        truncated: lines.len() >= limit as usize,
        notes: notes(environment, &seen),
        sums: summing.finish(&Places::of(&seen)),
    })
}

/// Why there is nothing to read.
fn missing(seen: &Observations) -> Error {
    if let Some(error) = &seen.tier(Tier::Network).error {
        return error.clone();
    }
    let logs = seen.network().map_or(&[][..], |n| &n.flow_logs);
    let elsewhere: Vec<String> = logs
        .iter()
        .map(|log| {
            format!(
                "{} goes to {} ({})",
                log.id, log.destination_type, log.destination
            )
        })
        .collect();
    let message = if elsewhere.is_empty() {
        "no flow log watches the VPC: refused packets leave no trace".to_owned()
    } else {
        format!(
            "no flow log goes to CloudWatch Logs: {}",
            elsewhere.join(", ")
        )
    };
    Error::new(ErrorKind::NotFound, message).hint(
        "create a flow log of the VPC that delivers to CloudWatch Logs, or name its log group under log_groups in hydren.toml",
    )
}

fn notes(environment: &Environment, seen: &Observations) -> Vec<String> {
    let mut notes: Vec<String> = TIERS
        .into_iter()
        .filter(|tier| environment.resources.names(*tier))
        .filter_map(|tier| seen.tier(tier).error.as_ref())
        .map(|error| error.message.clone())
        .collect();
    let logs = seen.network().map_or(&[][..], |n| &n.flow_logs);
    notes.extend(logs.iter().filter(|log| log.traffic != "ALL").map(|log| {
        let traffic = log.traffic.to_lowercase();
        format!("{} records {traffic} traffic only", log.id)
    }));
    notes.extend(logs.iter().filter(|log| !log.in_log_group()).map(|log| {
        format!(
            "{} goes to {} and is not read",
            log.id, log.destination_type
        )
    }));
    notes
}

impl Flows {
    /// Prints the sums.
    ///
    /// # Errors
    /// JSON that cannot be written.
    pub fn print(&self, output: Output) -> Result<String> {
        if output == Output::Json {
            return json(self);
        }
        let sums = &self.sums;
        let mut parts = vec![self.said(output)];
        parts.push(rows(
            ["FROM", "TO", "BYTES", "FLOWS", "REFUSED"],
            &sums.traffic,
            |t| {
                [
                    t.from.to_string(),
                    t.to.to_string(),
                    format::size(t.accepted.bytes),
                    format::thousands(t.accepted.flows),
                    format::thousands(t.refused.flows),
                ]
            },
            output,
        ));
        parts.push(rows(
            ["SOURCE", "IS", "REFUSED", "PORTS", "LAST"],
            &sums.sources,
            |s| {
                [
                    s.address.to_string(),
                    s.place.to_string(),
                    format::thousands(s.sum.flows),
                    s.ports.len().to_string(),
                    format::clock(s.sum.last),
                ]
            },
            output,
        ));
        parts.push(rows(
            ["PORT", "USUALLY", "REFUSED", "SOURCES", "LAST"],
            &sums.ports,
            |p| {
                [
                    p.port.to_string(),
                    p.service.unwrap_or("–").to_owned(),
                    format::thousands(p.sum.flows),
                    p.sources.to_string(),
                    format::clock(p.sum.last),
                ]
            },
            output,
        ));
        parts.push(rows(
            ["SECURITY GROUP", "REFUSED", "LAST", "INTERFACES"],
            &sums.groups,
            |g| {
                let interfaces: Vec<&str> = g.interfaces.iter().map(String::as_str).collect();
                [
                    g.id.as_ref().map_or("not known", |_| &g.name).to_owned(),
                    format::thousands(g.sum.flows),
                    format::clock(g.sum.last),
                    interfaces.join(", "),
                ]
            },
            output,
        ));
        Ok(parts.join("\n"))
    }

    /// What the sums cover, what they lack, and what stands out.
    fn said(&self, output: Output) -> String {
        let sums = &self.sums;
        let mut said = vec![format!(
            "{} flow records, {} accepted, {} refused, {} to {} UTC",
            format::thousands(sums.records),
            format::thousands(sums.accepted),
            format::thousands(sums.refused),
            format::date_time(sums.begins.unwrap_or(self.from)),
            format::date_time(sums.ends.unwrap_or(self.to)),
        )];
        said.extend(self.notes.iter().cloned());
        if self.truncated {
            said.push("older records of this span were left out (--limit)".to_owned());
        }
        if sums.skipped > 0 {
            said.push(format!(
                "{} intervals left records out (SKIPDATA): sums are too small",
                format::thousands(sums.skipped)
            ));
        }
        if sums.undecoded > 0 {
            said.push(format!(
                "{} lines are of no known format",
                format::thousands(sums.undecoded)
            ));
        }
        let blocked = sums.blocked.iter().filter(|b| !b.is_trickle());
        said.extend(blocked.map(sentence));
        // Paragraphs in Markdown, lines in a terminal.
        let end = if output == Output::Markdown {
            "\n\n"
        } else {
            "\n"
        };
        said.iter().map(|line| safe(line, output) + end).collect()
    }
}

fn rows<T, const N: usize>(
    header: [&str; N],
    list: &[T],
    row: impl Fn(&T) -> [String; N],
    output: Output,
) -> String {
    let rows: Vec<[String; N]> = list.iter().map(row).collect();
    table(header, &rows, output)
}

fn sentence(blocked: &Blocked) -> String {
    let cause = match blocked.way {
        Way::Request => "a security group or a network ACL blocks it",
        Way::Answer => "answers are refused: a network ACL, or closed connections",
    };
    format!(
        "blocked: {} → {} {}: {} refused, {} let through; {cause}",
        blocked.from,
        blocked.to,
        blocked.port.named(),
        format::thousands(blocked.sum.flows),
        format::thousands(blocked.accepted),
    )
}
