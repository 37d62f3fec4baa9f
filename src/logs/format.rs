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
mod tests {
    use super::*;

    fn level(message: &str) -> (Format, Level) {
        classify(message, LogOrigin::Service)
    }

    #[test]
    fn json_lines_tell_their_level_under_many_names() {
        for (line, expected) in [
            (
                r#"{"time":"2026-11-22T03:14:15.123Z","level":"ERROR","status":500}"#,
                Level::Error,
            ),
            (
                r#"{"levelname": "WARNING", "message": "a \"level\":\"fatal\" in text"}"#,
                Level::Warning,
            ),
            (
                r#"{"message":"{\"level\":\"fatal\"}","severity":"info"}"#,
                Level::Info,
            ),
            (r#"{"lvl":"dbg"}"#, Level::Debug),
            (r#"{"level":50,"msg":"pino"}"#, Level::Error),
            (r#"{"severity":4}"#, Level::Warning),
            (r#"{"log":{"level":"error","logger":"x"}}"#, Level::Error),
            (r#"{"log.level":"fatal"}"#, Level::Fatal),
            (r#"{"status":503,"path":"/"}"#, Level::Error),
            (r#"{"status":"404"}"#, Level::Warning),
            (r#"{"nested":{"level":"error"}}"#, Level::Unknown),
            (r#"{"level":"ERROR","message":"cut off he"#, Level::Error),
            ("{", Level::Unknown),
        ] {
            assert_eq!(level(line), (Format::Json, expected), "{line}");
        }
    }

    #[test]
    fn python_gunicorn_and_flask_tell_theirs() {
        for (line, expected) in [
            (
                "[2026-11-22 03:14:15 +0000] [7] [ERROR] Exception in worker process",
                Level::Error,
            ),
            (
                "[2026-11-22 03:14:15 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:7)",
                Level::Fatal,
            ),
            (
                "[2026-11-22 03:14:15,123] ERROR in app: Exception on / [GET]",
                Level::Error,
            ),
            ("ERROR:app:boom", Level::Error),
            ("2026-11-22 03:14:15,123 - app - ERROR - boom", Level::Error),
            ("Traceback (most recent call last):", Level::Error),
            (
                r#"INFO:werkzeug:10.0.1.54 - - [22/Nov/2026 03:14:15] "GET / HTTP/1.1" 500 -"#,
                Level::Error,
            ),
            (
                r#"INFO:     10.0.1.54:55 - "GET /x HTTP/1.1" 404 Not Found"#,
                Level::Warning,
            ),
            ("WARNING: This is a development server.", Level::Warning),
        ] {
            assert_eq!(level(line), (Format::Python, expected), "{line}");
        }
    }

    #[test]
    fn access_lines_are_judged_by_their_status() {
        for (status, expected) in [
            (200, Level::Info),
            (302, Level::Info),
            (404, Level::Warning),
            (502, Level::Error),
        ] {
            let line = format!(
                r#"203.0.113.7 - - [22/Nov/2026:03:14:15 +0000] "GET /ERROR HTTP/1.1" {status} 153 "-" "Mozilla/5.0""#
            );
            assert_eq!(level(&line), (Format::NginxAccess, expected));
        }
        let line = r#"10.0.1.54 - - [22/Nov/2026 03:14:15] "POST /api HTTP/1.1" 500 -"#;
        assert_eq!(level(line), (Format::NginxAccess, Level::Error));
    }

    #[test]
    fn the_error_log_of_nginx_tells_its_level() {
        for (word, expected) in [
            ("error", Level::Error),
            ("notice", Level::Info),
            ("emerg", Level::Fatal),
            ("warn", Level::Warning),
        ] {
            let line = format!("2026/11/22 03:14:15 [{word}] 31#31: *12 open() failed");
            assert_eq!(level(&line), (Format::NginxError, expected));
        }
    }

    #[test]
    fn postgresql_tells_its_severity() {
        let prefix = "2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[1234]:";
        for (rest, expected) in [
            (
                "LOG:  duration: 512.300 ms  statement: SELECT 1",
                Level::Info,
            ),
            ("ERROR:  deadlock detected", Level::Error),
            (
                "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
                Level::Fatal,
            ),
            ("PANIC:  could not write to file", Level::Fatal),
            (
                "WARNING:  there is no transaction in progress",
                Level::Warning,
            ),
            ("STATEMENT:  SELECT 'ERROR:  x'", Level::Unknown),
        ] {
            let line = format!("{prefix}{rest}");
            assert_eq!(
                classify(&line, LogOrigin::Database),
                (Format::Postgres, expected),
                "{line}"
            );
        }
    }

    #[test]
    fn refused_flows_and_lost_records_are_warnings() {
        let record = |action: &str, status: &str| {
            format!(
                "2 123456789012 eni-0a7e3c91d5f2b8640 203.0.113.7 10.0.0.41 40000 22 6 1 40 1795317195 1795317255 {action} {status}"
            )
        };
        assert_eq!(
            level(&record("REJECT", "OK")),
            (Format::Flow, Level::Warning)
        );
        assert_eq!(level(&record("ACCEPT", "OK")), (Format::Flow, Level::Info));
        assert_eq!(
            level(&record("-", "SKIPDATA")),
            (Format::Flow, Level::Warning)
        );
        assert_eq!(
            classify("10.0.0.1 10.0.0.2 443 REJECT", LogOrigin::FlowLogs),
            (Format::Flow, Level::Warning)
        );
    }

    #[test]
    fn plain_lines_are_judged_by_words_in_capitals_or_unmistakable_places() {
        for (line, expected) in [
            ("03:14:15 ERROR cannot connect", Level::Error),
            ("worker INFO saw an ERROR", Level::Info),
            ("level=warn msg=\"slow\"", Level::Warning),
            ("ts=1 lvl=\"error\" x", Level::Error),
            ("[error] no such file", Level::Error),
            ("error: failed to push", Level::Error),
            ("panic: runtime error: index out of range", Level::Fatal),
            (
                "Error: listen EADDRINUSE: address already in use :::8080",
                Level::Error,
            ),
            ("java.lang.IllegalStateException: closed", Level::Error),
            ("an error of no importance", Level::Unknown),
            ("ERRORS_TOTAL 5", Level::Unknown),
            (
                "/docker-entrypoint.sh: Configuration complete; ready for start up",
                Level::Unknown,
            ),
            ("", Level::Unknown),
        ] {
            assert_eq!(level(line), (Format::Plain, expected), "{line}");
        }
    }

    #[test]
    fn ecs_waf_and_the_balancer_are_judged_by_what_they_did() {
        let ecs = |text| classify(text, LogOrigin::EcsEvents).1;
        assert_eq!(
            ecs("(service backend) has reached a steady state."),
            Level::Info
        );
        assert_eq!(
            ecs("(service backend) was unable to place a task. Reason: Internal error."),
            Level::Error
        );
        assert_eq!(
            ecs(
                "(service backend) (port 8000) is unhealthy in (target-group x) due to (reason Health checks failed with these codes: [502])"
            ),
            Level::Warning
        );
        let waf = r#"{"timestamp":1,"formatVersion":1,"action":"BLOCK","httpRequest":{}}"#;
        assert_eq!(
            classify(waf, LogOrigin::Waf),
            (Format::Json, Level::Warning)
        );
        let access = r#"https 2026-11-22T03:14:15.123Z app/hydren/1 203.0.113.7:2817 10.0.1.5:8000 0.001 0.2 0.0 502 - 34 366 "GET https://x:443/ HTTP/1.1" "curl""#;
        assert_eq!(classify(access, LogOrigin::Balancer).1, Level::Error);
    }

    /// Merges lines as the store does, and tells how many events they make.
    fn events(lines: &str) -> Vec<String> {
        let mut events: Vec<String> = Vec::new();
        for line in lines.split('\n') {
            match events.last_mut() {
                Some(event) if continues(event, line) => {
                    event.push('\n');
                    event.push_str(line);
                }
                _ => events.push(line.to_owned()),
            }
        }
        events
    }

    #[test]
    fn a_traceback_with_chained_exceptions_is_one_event() {
        let traceback = "[2026-11-22 03:14:15,123] ERROR in app: Exception on /api/items [POST]
Traceback (most recent call last):
  File \"/app/db.py\", line 12, in get
    return os.environ['DATABASE_URL']
           ~~~~~~~~~~^^^^^^^^^^^^^^^^
KeyError: 'DATABASE_URL'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/app/app.py\", line 40, in items
    raise Unavailable(error)
sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed
[SQL: SELECT 1]
(Background on this error at: https://sqlalche.me/e/20/e3q8)";
        assert_eq!(events(traceback), [traceback]);
        let two = format!("{traceback}\nINFO:app:next\n{traceback}");
        assert_eq!(events(&two).len(), 3);
        let then = format!("{traceback}\n{{\"level\":\"INFO\"}}");
        assert_eq!(events(&then).len(), 2);
    }

    #[test]
    fn two_tracebacks_are_two_events() {
        let one = "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nKeyError: 'a'";
        assert_eq!(events(&format!("{one}\n{one}")).len(), 2);
        assert_eq!(
            events("INFO:app:started\nTraceback (most recent call last):").len(),
            2
        );
    }

    #[test]
    fn stack_traces_of_the_jvm_and_of_node_are_one_event() {
        let java = "java.lang.IllegalStateException: closed\n\tat com.example.Pool.get(Pool.java:12)\nCaused by: java.io.IOException: reset\n\t... 12 more";
        assert_eq!(events(java).len(), 1);
        let node = "TypeError: x is not a function {\n    at main (/app/i.js:1:2)\n}";
        assert_eq!(events(node).len(), 1);
    }

    #[test]
    fn postgresql_adds_only_to_lines_of_the_same_process() {
        let line = |process: u32, text: &str| {
            format!("2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[{process}]:{text}")
        };
        let lines = [
            line(
                7,
                "ERROR:  duplicate key value violates unique constraint \"items_pkey\"",
            ),
            line(7, "DETAIL:  Key (id)=(12) already exists."),
            line(7, "STATEMENT:  INSERT INTO items"),
            "\tVALUES ($1)".to_owned(),
            line(8, "STATEMENT:  SELECT 1"),
            line(7, "LOG:  disconnection"),
        ];
        let events = events(&lines.join("\n"));
        assert_eq!(events.len(), 3);
        assert!(events[0].ends_with("VALUES ($1)"));
    }

    #[test]
    fn nothing_is_continued_by_an_ordinary_line() {
        assert!(!continues("", "  indented"));
        for line in ["KeyError: 'a'", "", "plain", "}", "LINE 1: x", "[SQL: x]"] {
            assert!(!continues("a plain line", line), "{line}");
        }
    }
}
