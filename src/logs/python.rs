//! Lines of Python's logging in its usual shapes, of gunicorn and of Flask; other programs write the same shapes.

use super::level::Level;

/// How every Python traceback begins.
pub const TRACEBACK: &str = "Traceback (most recent call last)";

/// A record. What the line does not hold is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// When, as it is written.
    pub time: &'a str,
    /// Process.
    pub process: &'a str,
    /// How bad.
    pub level: Level,
    /// Who writes: a logger or a module.
    pub logger: &'a str,
    /// What happened.
    pub message: &'a str,
}

/// Reads a record in one of the shapes `ERROR:app:…`, `[TIME] [7] [ERROR] …` (gunicorn), `[TIME] ERROR in app: …` (Flask) and
/// `TIME - app - ERROR - …` with other separators too.
pub fn record(line: &str) -> Option<Record<'_>> {
    match line.as_bytes().first()? {
        b'A'..=b'Z' => basic(line),
        b'[' => {
            let end = 1 + stamp(line.get(1..)?)?;
            let rest = line[end..].strip_prefix(']')?;
            words(rest).map(|record| Record {
                time: &line[1..end],
                ..record
            })
        }
        b'0'..=b'9' => {
            let end = stamp(line)?;
            words(&line[end..]).map(|record| Record {
                time: &line[..end],
                ..record
            })
        }
        _ => None,
    }
}

/// `ERROR:app:message`, and `INFO:     message` as uvicorn writes it.
fn basic(line: &str) -> Option<Record<'_>> {
    let end = line.bytes().take(9).position(|byte| byte == b':')?;
    let level = Level::parse(capitals(&line[..end])?)?;
    let rest = &line[end + 1..];
    let named = rest
        .split_once(':')
        .filter(|(name, _)| !name.is_empty() && name.bytes().all(is_name));
    let (logger, message) = named.unwrap_or(("", rest.trim_start()));
    Some(Record {
        level,
        logger,
        message,
        ..Record::default()
    })
}

/// What follows the time: at most three words or bracketed words before the level, separated by spaces, dashes, bars or colons.
fn words(text: &str) -> Option<Record<'_>> {
    const SEPARATORS: [char; 5] = [' ', '-', '|', ':', '\t'];
    let mut record = Record::default();
    let mut rest = text.trim_start_matches(SEPARATORS);
    for _ in 0..4 {
        let (word, after, level) = if let Some(inner) = rest.strip_prefix('[') {
            let (word, after) = inner.split_once(']')?;
            let word = word.trim();
            (word, after, Level::parse(word))
        } else {
            let end = rest.find([' ', '|', '\t'])?;
            let word = rest[..end].trim_end_matches(':');
            (word, &rest[end..], capitals(word).and_then(Level::parse))
        };
        rest = after.trim_start_matches(SEPARATORS);
        if let Some(level) = level {
            record.level = level;
            record.message = rest;
            if let Some((logger, message)) = named(rest) {
                record.logger = logger;
                record.message = message;
            }
            return Some(record);
        }
        if !word.bytes().all(is_name) {
            return None;
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            record.process = word;
        } else {
            record.logger = word;
        }
    }
    None
}

/// `in module: message`, and `logger: message` where the name cannot be prose.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, message) = text.split_once(": ")?;
    let (name, sure) = name
        .strip_prefix("in ")
        .map_or((name, name.contains(['.', '_'])), |name| (name, true));
    (sure && name.bytes().all(is_name)).then_some((name, message))
}

fn capitals(word: &str) -> Option<&str> {
    word.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        .then_some(word)
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'<' | b'>' | b':')
}

/// How long the time at the start of `text` is, zone included: `2026-11-22 03:14:15,123`, `2026-11-22T03:14:15Z`,
/// `2026-11-22 03:14:15 +0000`.
pub fn stamp(text: &str) -> Option<usize> {
    const SHAPE: &[u8; 19] = b"0000-00-00 00:00:00";
    let bytes = text.as_bytes();
    let head = bytes.get(..SHAPE.len())?;
    let alike = head.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b' ' => matches!(byte, b' ' | b'T'),
        _ => byte == shape,
    });
    if !alike {
        return None;
    }
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b':')
            .count()
    };
    let mut end = SHAPE.len();
    if let Some(b',' | b'.') = bytes.get(end) {
        end += 1 + digits(end + 1);
    }
    let zone = end + usize::from(bytes.get(end) == Some(&b' '));
    match bytes.get(zone) {
        Some(b'+' | b'-') if digits(zone + 1) >= 4 => end = zone + 1 + digits(zone + 1),
        Some(b'Z') if zone == end => end += 1,
        _ => {}
    }
    Some(end)
}

/// The status in a record of an answered request: werkzeug's and uvicorn's `"GET / HTTP/1.1" 500`.
pub fn answered(message: &str) -> Option<u16> {
    let bytes = message.as_bytes();
    memchr::memchr_iter(b'"', bytes).take(8).find_map(|at| {
        let protocol = bytes.get(at.checked_sub(8)?..at)?;
        let status = message.get(at + 2..at + 5)?;
        (protocol.starts_with(b"HTTP/") && bytes[at + 1] == b' ')
            .then(|| status.parse().ok())
            .flatten()
    })
}

/// Whether a line is how an exception ends its traceback: `KeyError: 'x'`, `psycopg.errors.DeadlockDetected: …`, `KeyboardInterrupt`.
pub fn is_exception(line: &str) -> bool {
    let name = line.split(": ").next().unwrap_or(line);
    let name = name.strip_suffix(':').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.bytes().any(|byte| byte.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (&str, &str, Level, &str, &str) {
        let record = record(line).unwrap();
        (
            record.time,
            record.process,
            record.level,
            record.logger,
            record.message,
        )
    }

    #[test]
    fn the_usual_shapes_of_logging_are_read() {
        assert_eq!(
            read("ERROR:app.items:Exception on /api/items [POST]"),
            (
                "",
                "",
                Level::Error,
                "app.items",
                "Exception on /api/items [POST]"
            )
        );
        assert_eq!(
            read("2026-11-22 03:14:15,123 - app - WARNING - pool is full: 20 of 20"),
            (
                "2026-11-22 03:14:15,123",
                "",
                Level::Warning,
                "app",
                "pool is full: 20 of 20"
            )
        );
        assert_eq!(
            read("2026-11-22 03:14:15.123 | ERROR    | app:main:12 - failed"),
            (
                "2026-11-22 03:14:15.123",
                "",
                Level::Error,
                "",
                "app:main:12 - failed"
            )
        );
        assert_eq!(
            read("2026-11-22T03:14:15Z [info     ] started port=8000"),
            (
                "2026-11-22T03:14:15Z",
                "",
                Level::Info,
                "",
                "started port=8000"
            )
        );
    }

    #[test]
    fn gunicorn_tells_its_process_and_flask_its_module() {
        assert_eq!(
            read(
                "[2026-11-22 03:14:15 +0000] [7] [ERROR] Worker (pid:12) was sent SIGKILL! Perhaps out of memory?"
            ),
            (
                "2026-11-22 03:14:15 +0000",
                "7",
                Level::Error,
                "",
                "Worker (pid:12) was sent SIGKILL! Perhaps out of memory?"
            )
        );
        assert_eq!(
            read("[2026-11-22 03:14:15,123] ERROR in app: Exception on /api/items [GET]"),
            (
                "2026-11-22 03:14:15,123",
                "",
                Level::Error,
                "app",
                "Exception on /api/items [GET]"
            )
        );
        assert_eq!(
            read("INFO:     Application startup complete."),
            ("", "", Level::Info, "", "Application startup complete.")
        );
    }

    #[test]
    fn prose_is_no_record() {
        for line in [
            "",
            "[",
            "[2026-11-22 03:14:15",
            "2026-11-22 03:14:15 the info desk is closed",
            "Error: x",
            "INFOS:x",
            "2026-11-22 03:14:15",
        ] {
            assert_eq!(record(line), None, "{line}");
        }
    }

    #[test]
    fn the_status_of_an_answered_request_is_found() {
        assert_eq!(
            answered(r#"10.0.1.54:4242 - "GET /health HTTP/1.1" 503 Service Unavailable"#),
            Some(503)
        );
        assert_eq!(answered(r#"said "hello" 200"#), None);
        assert_eq!(answered("\"é"), None);
    }

    #[test]
    fn the_last_line_of_a_traceback_is_known_by_its_name() {
        for line in [
            "KeyError: 'DATABASE_URL'",
            "psycopg.errors.SerializationFailure: could not serialize access",
            "KeyboardInterrupt",
            "AssertionError",
        ] {
            assert!(is_exception(line), "{line}");
        }
        for line in [
            "INFO:app:x",
            "ERROR: x",
            "{\"a\": 1}",
            "two words",
            "",
            "10.0.0.1: x",
        ] {
            assert!(!is_exception(line), "{line}");
        }
    }
}
