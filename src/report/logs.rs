//! `hydren logs`: lines as they stand, as they come, and as Logs Insights finds them.
//!
//! What a terminal shows is neutralised in every form of output; JSON is escaped for everybody. What looks like a secret is covered
//! before anything else happens to a line.

mod choose;
mod flows;
mod run;
#[cfg(test)]
mod tests;

pub use choose::{TIERS, choose, observe};
pub use flows::{Flows, flows};
pub use run::{Query, Sink, follow, query, show};

use super::{escaped, table::columns};
use crate::{
    cli::{LogOutput, Output},
    error::{Error, ErrorKind, Result},
    format,
    logs::{
        filter::Filter,
        flow::FlowFormats,
        store::{Line, Stream},
        view::Secrets,
    },
    model::log::{Delivery, Followed, InsightsAnswer, LogEvent, LogOrigin, LogSource},
    text::neutral,
};
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr as _;

/// Who reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A terminal, which obeys what it reads.
    Terminal,
    /// A file or a program.
    Program,
}

/// Characters of a stream's name in a table: as many as tell tasks apart.
const STREAM: usize = 8;

/// Writes lines and what else there is to tell.
#[derive(Debug, Clone, Copy)]
pub struct Printer<'a> {
    /// Where lines come from.
    pub sources: &'a [LogSource],
    /// Which of them are written; a traceback is judged line by line.
    pub filter: &'a Filter,
    /// What the flow records among them are written in.
    pub flow: &'a FlowFormats,
    /// How to write them.
    pub output: LogOutput,
    /// Whether secrets are shown.
    pub secrets: Secrets,
    /// Who reads it.
    pub reader: Reader,
}

/// What is to be written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// To standard output.
    pub out: String,
    /// To standard error.
    pub err: String,
}

/// A record of the JSON lines.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Record<'a> {
    Line {
        at: Timestamp,
        ingested: Option<Timestamp>,
        source: &'a str,
        group: &'a str,
        stream: &'a str,
        id: Option<&'a str>,
        message: Cow<'a, str>,
    },
    Delivery {
        delivery: Delivery,
        why: Option<&'a str>,
    },
    Sampled {},
    Gap {
        groups: &'a [String],
        from: Timestamp,
        to: Timestamp,
        why: &'a str,
    },
    Failed {
        group: &'a str,
        error: super::Failure<'a>,
    },
}

impl Printer<'_> {
    /// Writes what a followed log tells.
    ///
    /// # Errors
    /// JSON that cannot be written.
    pub fn told(&self, told: &Followed) -> Result<Printed> {
        if let Followed::Lines(lines) = told {
            return self.lines(lines);
        }
        if self.output == LogOutput::Json {
            return Self::json(told);
        }
        let (marked, said) = match told {
            Followed::Lines(_) | Followed::UpTo(_) => return Ok(Printed::default()),
            Followed::Delivery(Delivery::LiveTail, polled) => {
                let polled = polled.as_deref().map(|why| format!(", {why}"));
                let polled = polled.unwrap_or_default();
                (
                    false,
                    format!("Live Tail runs, $0.01 a minute and region (list price){polled}"),
                )
            }
            Followed::Delivery(Delivery::Polling, why) => {
                let why = why.as_deref().map(|why| format!(": {why}"));
                let why = why.unwrap_or_default();
                (false, format!("polling every few seconds{why}"))
            }
            Followed::Sampled => (
                true,
                "too many lines for Live Tail: those left out come later".to_owned(),
            ),
            Followed::Gap {
                groups,
                from,
                to,
                why,
            } => (
                true,
                format!(
                    "lines of {} may be missing from {} to {}: {why}",
                    groups.join(", "),
                    format::clock(*from),
                    format::clock(*to)
                ),
            ),
            Followed::Failed { error, .. } => (false, error.message.clone()),
        };
        let said = neutral(&said);
        Ok(if marked && self.output == LogOutput::Table {
            Printed {
                out: format!("-- {said} --\n"),
                ..Printed::default()
            }
        } else {
            Printed {
                err: format!("hydren: {said}\n"),
                ..Printed::default()
            }
        })
    }

    /// Writes lines.
    ///
    /// # Errors
    /// JSON that cannot be written.
    pub fn lines(&self, lines: &[LogEvent]) -> Result<Printed> {
        let width = self.sources.iter().map(|s| neutral(&s.label).width());
        let width = width.max().unwrap_or_default();
        let mut out = String::new();
        for line in lines.iter().filter(|line| self.passes(line)) {
            let message = self.covered(&line.message);
            match self.output {
                LogOutput::Json => out.push_str(&record(&Record::Line {
                    at: line.at,
                    ingested: line.ingested,
                    source: self.label(line),
                    group: &line.group,
                    stream: &line.stream,
                    id: line.id.as_deref(),
                    message,
                })?),
                LogOutput::Raw => out.push_str(&self.harmless(&message)),
                LogOutput::Table => {
                    let label = neutral(self.label(line));
                    let pad = " ".repeat(width.saturating_sub(label.width()));
                    let stream = line.stream.rsplit('/').next().unwrap_or_default();
                    let stream: String = neutral(stream).chars().take(STREAM).collect();
                    let at = line.at.strftime("%Y-%m-%d %H:%M:%S%.3f");
                    let message = neutral(message.trim_end());
                    let text = format!("{at}  {label}{pad}  {stream:<STREAM$}  {message}");
                    out.push_str(&text);
                }
            }
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
        Ok(Printed {
            out,
            ..Printed::default()
        })
    }

    /// Writes the rows that a query has found.
    ///
    /// # Errors
    /// JSON that cannot be written.
    pub fn rows(&self, answer: &InsightsAnswer) -> Result<String> {
        if self.output == LogOutput::Json {
            let rows = answer.rows.iter().map(|row| {
                let row: serde_json::Map<String, serde_json::Value> = row
                    .iter()
                    .map(|(field, value)| {
                        (field.clone(), self.secrets.cover_field(field, value).into())
                    })
                    .collect();
                record(&row)
            });
            return rows.collect();
        }
        let mut header: Vec<&str> = Vec::new();
        for (field, _) in answer.rows.iter().flatten() {
            if !header.contains(&field.as_str()) {
                header.push(field);
            }
        }
        let cells = |row: &Vec<(String, String)>| -> Vec<String> {
            let value = |field: &&str| row.iter().find(|(name, _)| name == field);
            let values = header.iter().map(|field| match value(field) {
                Some((_, value)) => self.secrets.cover_field(field, value).into_owned(),
                None => String::new(),
            });
            values.collect()
        };
        let rows = answer.rows.iter().map(cells);
        if self.output == LogOutput::Raw {
            let rows = rows.map(|row| self.harmless(&row.join("\t")).into_owned() + "\n");
            return Ok(rows.collect());
        }
        if header.is_empty() {
            return Ok("The query matches no line.\n".to_owned());
        }
        let header = header.iter().map(|field| (*field).to_owned()).collect();
        let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
        Ok(columns(&rows, Output::Table))
    }

    fn json(told: &Followed) -> Result<Printed> {
        let out = match told {
            Followed::Lines(_) | Followed::UpTo(_) => String::new(),
            Followed::Delivery(delivery, why) => record(&Record::Delivery {
                delivery: *delivery,
                why: why.as_deref(),
            })?,
            Followed::Sampled => record(&Record::Sampled {})?,
            Followed::Gap {
                groups,
                from,
                to,
                why,
            } => record(&Record::Gap {
                groups,
                from: *from,
                to: *to,
                why,
            })?,
            Followed::Failed { group, error } => record(&Record::Failed {
                group,
                error: error.into(),
            })?,
        };
        Ok(Printed {
            out,
            ..Printed::default()
        })
    }

    fn source(&self, line: &LogEvent) -> Option<&LogSource> {
        self.sources.iter().find(|s| s.group == line.group)
    }

    fn label<'a>(&'a self, line: &'a LogEvent) -> &'a str {
        self.source(line)
            .map_or(&line.group, |source| &source.label)
    }

    fn passes(&self, line: &LogEvent) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let source = self.source(line);
        let stream = Stream {
            origin: source.map_or(LogOrigin::Other, |source| source.origin),
            label: self.label(line).to_owned(),
            group: line.group.clone(),
            name: line.stream.clone(),
        };
        let at = line.at.as_millisecond();
        let flow = self.flow.of_group(&line.group);
        let loose = Line::loose(at, &stream, &line.message);
        self.filter.passes(&Line {
            flow: flow.as_deref().unwrap_or(loose.flow),
            ..loose
        })
    }

    fn covered<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.cover(text)
    }

    /// As it came, for a program; for a terminal, line by line, what it cannot obey.
    fn harmless<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.reader {
            Reader::Program => Cow::Borrowed(text),
            Reader::Terminal => {
                let lines: Vec<_> = text.trim_end().lines().map(neutral).collect();
                Cow::Owned(lines.join("\n"))
            }
        }
    }
}

/// A record on a line of its own.
fn record(record: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(record)
        .map_err(|e| Error::new(ErrorKind::Io, "a line cannot be written as JSON").source(e))?;
    Ok(escaped(&text))
}
