//! Lines of PostgreSQL's server log with the prefixes that RDS offers: `%t:%r:%u@%d:[%p]:`, its default, and the longer
//! `%m:%r:%u@%d:[%p]:%l:%e:…` (RDS user guide, parameters of RDS for PostgreSQL); also with PostgreSQL's own default, `%m [%p] `.

use super::{level::Level, python::stamp};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// How far a prefix can reach.
const PREFIX: usize = 512;

/// Characters of a date.
const DATE: usize = 10;

/// PostgreSQL writes two spaces behind the severity and its colon.
static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(":  "));

/// A line. What the prefix does not hold is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// When, as it is written.
    pub time: &'a str,
    /// Client's address and port, `10.0.1.5(34567)`.
    pub client: &'a str,
    /// User.
    pub user: &'a str,
    /// Database.
    pub database: &'a str,
    /// Backend process.
    pub process: &'a str,
    /// SQLSTATE, of the longer prefix.
    pub sqlstate: &'a str,
    /// Severity, such as `ERROR`, or what the line adds to the one before, such as `DETAIL`.
    pub severity: &'a str,
    /// What happened.
    pub message: &'a str,
}

/// Reads a line that begins with a time and has a severity.
pub fn line(text: &str) -> Option<Line<'_>> {
    let end = stamp(text)?;
    let (at, severity) = severity(text)?;
    let zone = text[end..]
        .bytes()
        .position(|byte| !(byte.is_ascii_alphabetic() || byte == b' '))
        .map_or(end, |length| end + text[end..end + length].trim_end().len());
    let prefix = text.get(zone..at)?;
    let (before, after) = prefix.split_once('[').unwrap_or((prefix, ""));
    let (process, after) = after.split_once(']').unwrap_or(("", after));
    let before = before
        .strip_prefix(':')
        .unwrap_or(before)
        .trim_end_matches(':');
    let (client, who) = before.rsplit_once(':').unwrap_or(("", before));
    let who = if who.contains('@') { who } else { after.trim() };
    let (user, database) = who.split_once('@').unwrap_or_default();
    let sqlstate = after
        .split(':')
        .nth(2)
        .filter(|code| code.len() == 5)
        .unwrap_or_default();
    Some(Line {
        time: &text[..zone],
        client,
        user,
        database,
        process,
        sqlstate,
        severity,
        message: text[at + severity.len() + 1..].trim_start(),
    })
}

/// The moment at which a line begins, which RDS writes in UTC (RDS user guide, PostgreSQL log files).
pub fn moment(text: &str) -> Option<Timestamp> {
    stamp(text)?;
    let (date, clock) = text.split_at_checked(DATE)?;
    let clock = clock.get(1..)?;
    let end = clock
        .bytes()
        .position(|byte| !(byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',')));
    let clock = &clock[..end.unwrap_or(clock.len())];
    let at: DateTime = format!("{date}T{clock}").parse().ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Finds the severity, and where it begins.
pub fn severity(text: &str) -> Option<(usize, &str)> {
    let head = &text.as_bytes()[..text.len().min(PREFIX)];
    MARK.find_iter(head).find_map(|colon| {
        let length = head[..colon]
            .iter()
            .rev()
            .take(10)
            .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            .count();
        let word = text.get(colon - length..colon)?;
        (level(word).is_some() || adds(word)).then_some((colon - length, word))
    })
}

/// The level of a severity.
pub fn level(severity: &str) -> Option<Level> {
    matches!(
        severity,
        "DEBUG"
            | "DEBUG1"
            | "DEBUG2"
            | "DEBUG3"
            | "DEBUG4"
            | "DEBUG5"
            | "INFO"
            | "NOTICE"
            | "LOG"
            | "WARNING"
            | "ERROR"
            | "FATAL"
            | "PANIC"
    )
    .then(|| Level::parse(severity))
    .flatten()
}

/// Whether a line of this kind only adds to the one before it.
pub fn adds(severity: &str) -> bool {
    matches!(
        severity,
        "DETAIL" | "HINT" | "STATEMENT" | "CONTEXT" | "QUERY" | "LOCATION" | "BACKTRACE"
    )
}

/// Milliseconds and statement of a line of `log_min_duration_statement`: `duration: 512.3 ms  statement: SELECT …`.
pub fn duration(message: &str) -> Option<(&str, &str)> {
    let (milliseconds, rest) = message.strip_prefix("duration: ")?.split_once(" ms")?;
    let statement = rest.split_once(": ").map_or("", |(_, statement)| statement);
    Some((milliseconds, statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_prefix_of_rds_is_read() {
        let text = "2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[1234]:ERROR:  could not serialize access due to concurrent update";
        let line = line(text).unwrap();
        assert_eq!(line.time, "2026-11-22 03:14:15 UTC");
        assert_eq!((line.client, line.user), ("10.0.11.52(41234)", "app"));
        assert_eq!((line.database, line.process), ("hydren", "1234"));
        assert_eq!(line.severity, "ERROR");
        assert_eq!(
            line.message,
            "could not serialize access due to concurrent update"
        );
    }

    #[test]
    fn background_processes_have_no_client() {
        let line =
            line("2026-11-22 03:10:00 UTC::@:[487]:LOG:  checkpoint starting: time").unwrap();
        assert_eq!((line.client, line.user, line.database), ("", "", ""));
        assert_eq!((line.process, line.severity), ("487", "LOG"));
        assert_eq!(line.message, "checkpoint starting: time");
    }

    #[test]
    fn the_longer_prefix_tells_the_sqlstate() {
        let line = line("2026-11-22 03:14:15.123 UTC:::1(5432):app@hydren:[71]:3:28P01:2026-11-22 03:14:15 UTC:4/12:0:abc.1:[unknown]:FATAL:  password authentication failed for user \"app\"").unwrap();
        assert_eq!((line.sqlstate, line.severity), ("28P01", "FATAL"));
        assert_eq!((line.client, line.process), ("::1(5432)", "71"));
    }

    #[test]
    fn the_default_prefix_of_postgresql_is_read() {
        let line =
            line("2026-11-22 03:14:15.123 UTC [71] app@hydren HINT:  Consider increasing it")
                .unwrap();
        assert_eq!(
            (line.process, line.user, line.severity),
            ("71", "app", "HINT")
        );
    }

    #[test]
    fn slow_statements_tell_their_duration() {
        assert_eq!(
            duration("duration: 512.300 ms  statement: SELECT 1"),
            Some(("512.300", "SELECT 1"))
        );
        assert_eq!(
            duration("duration: 3.1 ms  execute <unnamed>: SELECT 2"),
            Some(("3.1", "SELECT 2"))
        );
        assert_eq!(duration("checkpoint starting: time"), None);
    }

    #[test]
    fn other_lines_with_a_time_are_not_postgresql() {
        assert_eq!(line("2026-11-22 03:14:15,123 - app - ERROR - x"), None);
        assert_eq!(line("ERROR:  no time"), None);
        assert_eq!(line("2026-11-22 03:14:15 UTC:é:  "), None);
    }
}
