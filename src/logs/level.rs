//! How bad a log line says it is.

use serde::Serialize;

/// How bad a line says it is, from what says nothing to what ends a process. One byte, so that an index of lines can hold it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Level {
    /// The line does not say.
    #[default]
    Unknown,
    /// Finer than debugging.
    Trace,
    /// For those who debug.
    Debug,
    /// The course of things.
    Info,
    /// Something to look at: also an answer 4xx, or a refused flow.
    Warning,
    /// Something failed: also an answer 5xx.
    Error,
    /// Something ended for good.
    Fatal,
}

impl Level {
    /// All levels, from the least to the worst.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Fatal,
    ];

    /// The level's name, as a filter takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// Reads a level in the words of syslog, Python, Java, JavaScript, Go, nginx and PostgreSQL, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        // The longest word is `information`.
        let mut lower = [0; 11];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"unknown" | b"notset" => Self::Unknown,
            b"trace" | b"verbose" | b"finest" | b"finer" | b"silly" => Self::Trace,
            b"debug" | b"dbg" | b"fine" | b"debug1" | b"debug2" | b"debug3" | b"debug4"
            | b"debug5" => Self::Debug,
            b"info" | b"inf" | b"information" | b"notice" | b"log" | b"success" => Self::Info,
            b"warn" | b"warning" | b"wrn" => Self::Warning,
            b"error" | b"err" | b"severe" => Self::Error,
            b"fatal" | b"critical" | b"crit" | b"panic" | b"alert" | b"emerg" | b"emergency"
            | b"dpanic" => Self::Fatal,
            _ => return None,
        })
    }

    /// Reads a level written as a number: syslog's 0 to 7 (RFC 5424), otherwise the tens of bunyan and pino, 10 to 60.
    #[must_use]
    pub const fn of_number(number: u32) -> Self {
        match number {
            0..=2 | 60.. => Self::Fatal,
            3 | 50..60 => Self::Error,
            4 | 40..50 => Self::Warning,
            5 | 6 | 30..40 => Self::Info,
            7 | 20..30 => Self::Debug,
            10..20 => Self::Trace,
            8 | 9 => Self::Unknown,
        }
    }

    /// Judges the status of an HTTP answer.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            500.. => Self::Error,
            400..500 => Self::Warning,
            100..400 => Self::Info,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_by_its_own_name() {
        for level in Level::ALL {
            assert_eq!(Level::parse(level.name()), Some(level));
        }
    }

    #[test]
    fn levels_are_read_in_everybodys_words() {
        for (word, level) in [
            ("WARN", Level::Warning),
            ("err", Level::Error),
            ("CRITICAL", Level::Fatal),
            ("emerg", Level::Fatal),
            ("Information", Level::Info),
            ("DEBUG2", Level::Debug),
        ] {
            assert_eq!(Level::parse(word), Some(level), "{word}");
        }
        assert_eq!(Level::parse("errors"), None);
        assert_eq!(Level::parse("a word that is far too long"), None);
        assert_eq!(Level::parse(""), None);
    }

    #[test]
    fn numbers_are_those_of_syslog_or_of_bunyan_and_pino() {
        assert_eq!(Level::of_number(3), Level::Error);
        assert_eq!(Level::of_number(30), Level::Info);
        assert_eq!(Level::of_number(60), Level::Fatal);
        assert_eq!(Level::of_number(8), Level::Unknown);
    }

    #[test]
    fn worse_levels_compare_greater() {
        assert!(Level::Error > Level::Warning && Level::Trace > Level::Unknown);
        assert_eq!(Level::of_status(503), Level::Error);
        assert_eq!(Level::of_status(404), Level::Warning);
    }
}
