//! Whatever a log line holds, nothing of it drives the terminal, and nothing that reads it stumbles.

use super::{
    fields::{field, fields, request_id},
    flow::FlowFormat,
    format::{Format, classify, continues},
    hostile,
    patterns::template,
    secrets::{COVER, mask},
};
use crate::{model::log::LogOrigin, text::neutral};
use proptest::prelude::*;
use std::hint::black_box;

const ORIGINS: [LogOrigin; 7] = [
    LogOrigin::Service,
    LogOrigin::Database,
    LogOrigin::FlowLogs,
    LogOrigin::Waf,
    LogOrigin::Balancer,
    LogOrigin::EcsEvents,
    LogOrigin::Other,
];

const FORMATS: [Format; 7] = [
    Format::Plain,
    Format::Json,
    Format::NginxAccess,
    Format::NginxError,
    Format::Python,
    Format::Postgres,
    Format::Flow,
];

/// Whether a terminal would act on a character, or reorder what is around it: by Unicode's own classes, not by ours.
fn is_raw(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads a line in every way there is; what comes of it is checked where there is something to check.
fn read(line: &str, before: &str) -> Result<(), TestCaseError> {
    for origin in ORIGINS {
        black_box(classify(line, origin));
    }
    black_box(continues(before, line));
    for format in FORMATS {
        for (name, value) in fields(line, format) {
            // A name may occur twice, and a name with dots may hide another; one of them is found.
            prop_assert!(field(line, format, &name).is_some(), "{name:?} = {value:?}");
        }
        if let Some(id) = request_id(line, format) {
            prop_assert!(line.contains(&*id));
        }
    }
    black_box(FlowFormat::default().record(line));
    prop_assert!(!template(line).contains('\n'));
    let masked = mask(line);
    let mut rest = line;
    for kept in masked.split(COVER) {
        let found = rest.find(kept);
        prop_assert!(found.is_some(), "{kept:?} was not there before masking");
        rest = &rest[found.unwrap_or(0) + kept.len()..];
    }
    prop_assert!(!neutral(&masked).chars().any(is_raw));
    Ok(())
}

/// Pieces that the readers look for, in any order, with anything between them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "{\"",
            "\":",
            "\"",
            "\\",
            "\\\"",
            "}",
            "[",
            "]",
            ",",
            ":",
            "  ",
            " ",
            "\n",
            "'",
            "://",
            "@",
            "/",
            "=",
            "level",
            "ERROR",
            "password",
            "token=",
            "Bearer ",
            "Authorization: ",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJ",
            "-----BEGIN PRIVATE KEY-----",
            "-----END",
            "request_id",
            "Root=1-",
            "GET / HTTP/1.1\" 500 ",
            "] \"",
            "2026-11-22 03:14:15",
            "2026/11/22 ",
            "[error] ",
            "UTC:",
            "ERROR:  ",
            "duration: 1 ms  statement: ",
            "2 123456789012 eni-",
            "REJECT",
            "Traceback (most recent call last)",
            "KeyError: ",
            "é",
            "日",
            "\u{301}",
            "\x1b[31m",
            "\u{202e}",
            "\u{9b}",
            "••••••••",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn neutral_text_has_no_character_that_a_terminal_acts_on(text: String) {
        prop_assert!(!neutral(&text).chars().any(is_raw));
    }

    #[test]
    fn any_line_can_be_read(line in pieces(), before in pieces()) {
        read(&line, &before)?;
    }
}

#[test]
fn hostile_lines_are_read_and_made_harmless() {
    let mut before = String::new();
    for line in hostile::lines() {
        if let Err(error) = read(&line, &before) {
            panic!("{error} in {:?}", line.chars().take(80).collect::<String>());
        }
        let shown = neutral(&line);
        assert_eq!(shown.contains(hostile::MARK), line.contains(hostile::MARK));
        before = line;
    }
}

#[test]
fn hostile_lines_would_drive_a_terminal_if_they_were_not_made_harmless() {
    let raw = hostile::lines()
        .iter()
        .filter(|line| line.chars().any(is_raw))
        .count();
    assert!(raw > 30, "{raw}");
}
