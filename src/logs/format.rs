//! What a log line is written in, how bad it says it is, and which lines make one event. Every line that is taken in passes here, so
//! nothing is allocated and nothing is read further than it must be.

use super::{json, level::Level, nginx, postgres, python};
use crate::model::log::LogOrigin;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// How a line is written. One byte, so that an index of lines can hold it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Format {
    /// Anything else.
    #[default]
    Plain,
    /// A JSON object.
    Json,
    /// An access line in the common or combined format, of nginx, gunicorn or Flask's development server.
    NginxAccess,
    /// A line of nginx's error log.
    NginxError,
    /// A record of Python's logging, of gunicorn or Flask, or a traceback.
    Python,
    /// A line of PostgreSQL's server log.
    Postgres,
    /// A VPC flow record.
    Flow,
}

/// How far into a plain line a word tells its level.
const HEAD: usize = 256;

static REJECT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("REJECT"));
static SKIPDATA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("SKIPDATA"));
static TRACEBACK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(python::TRACEBACK));

/// Tells how a line is written and how bad it says it is. What wrote it decides where the text alone does not.
#[must_use]
pub fn classify(message: &str, origin: LogOrigin) -> (Format, Level) {
    match origin {
        LogOrigin::FlowLogs => return (Format::Flow, flow(message)),
        LogOrigin::EcsEvents => return (Format::Plain, ecs(message)),
        _ => {}
    }
    let bytes = message.as_bytes();
    match bytes.first() {
        Some(b'{') => return (Format::Json, json(message, origin)),
        Some(b'0'..=b'9') => {
            if is_flow(message) {
                return (Format::Flow, flow(message));
            }
            if let Some(line) = nginx::failure(message) {
                return (Format::NginxError, line.level);
            }
            if python::stamp(message).is_some()
                && let Some((_, severity)) = postgres::severity(message)
            {
                let level = postgres::level(severity).unwrap_or_default();
                return (Format::Postgres, level);
            }
        }
        Some(b'h' | b'w' | b'g') if origin == LogOrigin::Balancer => {
            // `type time elb client target` and three durations stand before the status (load balancer access log entries).
            let status = message.split(' ').nth(8).and_then(|word| word.parse().ok());
            return (
                Format::Plain,
                status.map_or(Level::Unknown, Level::of_status),
            );
        }
        _ => {}
    }
    if let Some(record) = python::record(message) {
        let answered = python::answered(record.message).map_or(Level::Unknown, Level::of_status);
        return (Format::Python, record.level.max(answered));
    }
    if message.starts_with(python::TRACEBACK) {
        return (Format::Python, Level::Error);
    }
    if let Some(line) = nginx::access(message) {
        let status = line.status.parse().unwrap_or_default();
        return (Format::NginxAccess, Level::of_status(status));
    }
    (Format::Plain, spoken(message))
}

/// Whether a line has the shape of a default flow record: version, account, interface.
fn is_flow(message: &str) -> bool {
    let mut words = message.split(' ');
    words.next().is_some_and(|version| version.len() <= 2)
        && words.next().is_some_and(|account| account.len() == 12)
        && words
            .next()
            .is_some_and(|interface| interface.starts_with("eni-"))
}

fn flow(message: &str) -> Level {
    let bytes = message.as_bytes();
    if REJECT.find(bytes).is_some() || SKIPDATA.find(bytes).is_some() {
        Level::Warning
    } else {
        Level::Info
    }
}

/// Judges a service event of ECS by its wording (ECS developer guide, service event messages).
fn ecs(message: &str) -> Level {
    const WORDINGS: [(&str, Level); 9] = [
        ("is unhealthy", Level::Warning),
        ("being throttled", Level::Warning),
        ("unable to", Level::Error),
        ("failed", Level::Error),
        ("could not", Level::Error),
        ("not healthy", Level::Error),
        ("misconfigured", Level::Error),
        ("rolling back", Level::Error),
        ("exceeded", Level::Error),
    ];
    WORDINGS
        .iter()
        .find(|(wording, _)| message.contains(wording))
        .map_or(Level::Info, |(_, level)| *level)
}

/// The level among the first members of a JSON object; without one, that of the HTTP status or of what AWS WAF did.
fn json(message: &str, origin: LogOrigin) -> Level {
    let mut implied = Level::Unknown;
    for (key, value) in json::members(message) {
        let json::Key::Name(name) = key else {
            continue;
        };
        let level = match name {
            "level" | "levelname" | "severity" | "lvl" | "log.level" | "log_level" | "loglevel"
            | "Level" | "severity_text" | "severityText" => said(value),
            "log" if json::is_nested(value) => json::find(value, "level").and_then(said),
            "status" | "status_code" | "statusCode" | "elb_status_code" => {
                let status = value.trim_matches('"').parse().map(Level::of_status);
                implied = implied.max(status.unwrap_or_default());
                None
            }
            "action" if origin == LogOrigin::Waf => {
                let blocked = matches!(value, "\"BLOCK\"" | "\"CAPTCHA\"" | "\"CHALLENGE\"");
                Some([Level::Info, Level::Warning][usize::from(blocked)])
            }
            _ => None,
        };
        if let Some(level) = level {
            return level;
        }
    }
    implied
}

fn said(value: &str) -> Option<Level> {
    let word = value.trim_matches('"');
    match word.parse() {
        Ok(number) => Some(Level::of_number(number)),
        Err(_) => Level::parse(word.trim()),
    }
}

/// The first word of a plain line that names a level: in capitals anywhere near its start, in small letters only where it can be
/// nothing else.
fn spoken(message: &str) -> Level {
    let bytes = &message.as_bytes()[..message.len().min(HEAD)];
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let from = at;
        if byte.is_ascii_uppercase() {
            let length =
                |test: fn(&u8) -> bool| bytes[from..].iter().take_while(|byte| test(byte)).count();
            let capitals = length(u8::is_ascii_uppercase);
            at += length(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            if at - from == capitals
                && capitals >= 3
                && let Some(level) = word(&message[from..at])
            {
                return level;
            }
            // `Error: …`, `java.lang.IllegalStateException: …`.
            let name = &bytes[from..at];
            let named = name.ends_with(b"Error") || name.ends_with(b"Exception");
            if named && matches!(bytes.get(at), None | Some(b':')) && is_head(&bytes[..from]) {
                return Level::Error;
            }
            if name == b"Traceback" && message[from..].starts_with(python::TRACEBACK) {
                return Level::Error;
            }
        } else if byte.is_ascii_lowercase() || byte == b'_' {
            at += bytes[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                .count();
            let before = from.checked_sub(1).map(|before| bytes[before]);
            let level = match (before, bytes.get(at)) {
                (Some(b'['), Some(b']')) | (None, Some(b':')) => word(&message[from..at]),
                (_, Some(b'=')) if matches!(&bytes[from..at], b"level" | b"lvl" | b"severity") => {
                    let value = message[at + 1..].trim_start_matches('"');
                    let end = value.bytes().take_while(u8::is_ascii_alphanumeric).count();
                    word(&value[..end])
                }
                _ => None,
            };
            if let Some(level) = level {
                return level;
            }
        } else {
            at += 1;
        }
    }
    Level::Unknown
}

/// A level in prose: `LOG` and `SUCCESS` are words like any other there.
fn word(word: &str) -> Option<Level> {
    let said = !word.eq_ignore_ascii_case("log")
        && !word.eq_ignore_ascii_case("success")
        && !word.eq_ignore_ascii_case("fine")
        && !word.eq_ignore_ascii_case("unknown");
    said.then(|| Level::parse(word)).flatten()
}

/// Whether only a dotted package name stands before an exception's name.
fn is_head(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}

/// Whether a line continues the event before it in the same stream; `previous` is that whole event so far.
///
/// Indented lines do, tracebacks of Python with their chained exceptions and what SQLAlchemy adds, `Caused by:`, and what PostgreSQL
/// adds to a line of the same process.
#[must_use]
pub fn continues(previous: &str, message: &str) -> bool {
    let Some(&first) = message.as_bytes().first() else {
        return in_traceback(previous);
    };
    if previous.is_empty() {
        return false;
    }
    match first {
        b' ' | b'\t' | b'\r' | b'\n' => !message.trim().is_empty() || in_traceback(previous),
        b'C' if message.starts_with("Caused by: ") => true,
        b'}' | b']' | b')' => message.trim().len() <= 2 && is_indented(last_line(previous)),
        b'0'..=b'9' => adds_to_statement(previous, message),
        b'T' if message.starts_with(python::TRACEBACK) => {
            let last = last_filled_line(previous);
            is_chain(last)
                || (!in_traceback(previous)
                    && python::record(previous).is_some_and(|it| it.level >= Level::Error))
        }
        b'D' | b'T' if is_chain(message) => in_traceback(previous),
        b'[' | b'(' => {
            ["[SQL: ", "[parameters: ", "(Background on this error at: "]
                .iter()
                .any(|start| message.starts_with(start))
                && in_traceback(previous)
        }
        _ => {
            let ends = is_indented(last_line(previous))
                || last_line(previous).starts_with(python::TRACEBACK);
            let detail = ["LINE ", "DETAIL:  ", "HINT:  ", "CONTEXT:  "]
                .iter()
                .any(|start| message.starts_with(start));
            ((ends && python::is_exception(message)) || detail) && in_traceback(previous)
        }
    }
}

fn in_traceback(event: &str) -> bool {
    TRACEBACK.find(event.as_bytes()).is_some()
}

fn is_chain(line: &str) -> bool {
    line.starts_with("During handling of the above exception, another exception occurred")
        || line.starts_with("The above exception was the direct cause of the following exception")
}

fn last_line(event: &str) -> &str {
    let event = event.trim_end_matches(['\n', '\r']);
    &event[memchr::memrchr(b'\n', event.as_bytes()).map_or(0, |at| at + 1)..]
}

fn last_filled_line(event: &str) -> &str {
    last_line(event.trim_end())
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// Whether `message` is what PostgreSQL adds to what the same process wrote before.
fn adds_to_statement(previous: &str, message: &str) -> bool {
    postgres::severity(message).is_some_and(|(_, severity)| postgres::adds(severity))
        && match (postgres::line(previous), postgres::line(message)) {
            (Some(before), Some(line)) => before.process == line.process,
            _ => false,
        }
}

#[cfg(test)]
mod tests;
