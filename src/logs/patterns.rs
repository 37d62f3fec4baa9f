//! Lines that are alike, grouped and counted: `1,204× KeyError: <*>`.

use super::{
    format::{Format, classify},
    json,
    level::Level,
    nginx, postgres, python,
};
use crate::model::log::LogOrigin;
use std::collections::HashMap;

/// Stands for what varies between lines that are alike.
pub const VARIABLE: &str = "<*>";

/// Stands between parts of a line that are not side by side in it.
const BETWEEN: &str = " · ";

/// How much of a line makes its template.
const HEAD: usize = 1_024;

/// How much of a line is kept as its group's sample.
const SAMPLE: usize = 1_024;

/// Groups kept apart; lines that would make more of them are only counted.
const MOST: usize = 2_000;

/// Longest quoted value that is taken for one.
const QUOTED: usize = 256;

/// Lines that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What they have in common, with [`VARIABLE`] for what varies.
    pub template: String,
    /// How many there are.
    pub count: u64,
    /// Time of the first, in milliseconds since 1970.
    pub first: i64,
    /// Time of the last, likewise.
    pub last: i64,
    /// The worst level among them.
    pub level: Level,
    /// The first that was seen, cut where it is long.
    pub sample: String,
}

/// Lines grouped by what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    groups: HashMap<String, Pattern>,
    others: u64,
}

impl Patterns {
    /// Counts a line; `at` is in milliseconds since 1970.
    pub fn add(&mut self, at: i64, level: Level, text: &str) {
        let template = template(text);
        if let Some(group) = self.groups.get_mut(&template) {
            group.count += 1;
            group.first = group.first.min(at);
            group.last = group.last.max(at);
            group.level = group.level.max(level);
        } else if self.groups.len() < MOST {
            let group = Pattern {
                template: template.clone(),
                count: 1,
                first: at,
                last: at,
                level,
                sample: text[..text.floor_char_boundary(SAMPLE)].to_owned(),
            };
            self.groups.insert(template, group);
        } else {
            self.others += 1;
        }
    }

    /// The groups, the largest first; of equal ones the one that was seen last.
    #[must_use]
    pub fn by_count(&self) -> Vec<&Pattern> {
        let mut groups: Vec<_> = self.groups.values().collect();
        groups.sort_by(|a, b| {
            (b.count, b.last)
                .cmp(&(a.count, a.last))
                .then_with(|| a.template.cmp(&b.template))
        });
        groups
    }

    /// Lines that belong to no group because there are too many groups.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }
}

/// The parts of a template that occur in its lines as they stand there, in their order: what to search for to find the lines.
pub fn literals(template: &str) -> impl Iterator<Item = &str> {
    template
        .split(VARIABLE)
        .flat_map(|part| part.split(BETWEEN))
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// What a line has in common with lines that are alike: numbers, hexadecimal ids, addresses, times and quoted values become
/// [`VARIABLE`]. Of formats that are known only what tells lines apart is kept, of a traceback its exception.
#[must_use]
pub fn template(text: &str) -> String {
    if text.contains(python::TRACEBACK)
        && let Some(exception) = text.lines().rev().find(|line| python::is_exception(line))
    {
        return words(exception);
    }
    let parts: Vec<String> = match classify(text, LogOrigin::Other).0 {
        Format::Json => object(text),
        Format::NginxAccess => nginx::access(text).map_or_else(Vec::new, |line| {
            let path = line.path.split('?').next().unwrap_or_default();
            vec![line.method.to_owned(), words(path), line.status.to_owned()]
        }),
        Format::NginxError => {
            nginx::failure(text).map_or_else(Vec::new, |line| vec![words(line.message)])
        }
        Format::Python => python::record(text).map_or_else(Vec::new, |record| {
            vec![record.logger.to_owned(), words(record.message)]
        }),
        Format::Postgres => {
            postgres::severity(text).map_or_else(Vec::new, |(at, _)| vec![words(&text[at..])])
        }
        Format::Flow => {
            // Port and what became of it; who came is another question.
            let field = |index| {
                text.split_whitespace()
                    .nth(index)
                    .unwrap_or_default()
                    .to_owned()
            };
            vec![field(12), field(6)]
        }
        Format::Plain => Vec::new(),
    };
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|part| part.lines().next().map(str::to_owned))
        .filter(|part| !matches!(part.as_str(), "" | "-"))
        .collect();
    if parts.is_empty() {
        words(text)
    } else {
        parts.join(BETWEEN)
    }
}

/// What tells a JSON line from others: who says it, what happened, to which request, and how it ended; the names of its members where
/// it has none of these.
fn object(text: &str) -> Vec<String> {
    const NAMES: [&[&str]; 7] = [
        &["level", "levelname", "severity", "lvl"],
        &["logger", "name"],
        &["message", "msg", "event"],
        &["method"],
        &["path", "uri", "route", "url"],
        &["status", "status_code"],
        &["error", "exception", "exc_info", "err", "action"],
    ];
    let mut parts: [Option<String>; NAMES.len()] = Default::default();
    for (key, value) in json::members(text) {
        let json::Key::Name(name) = key else {
            return Vec::new();
        };
        let place = NAMES.iter().position(|names| names.contains(&name));
        if let Some(place) = place.filter(|place| parts[*place].is_none() && value != "null") {
            // As it is written, escapes and all, so that it can be searched for.
            let value = value.trim_matches('"');
            parts[place] = Some(match NAMES[place][0] {
                "status" | "level" => value.to_owned(),
                "path" => words(value.split('?').next().unwrap_or_default()),
                "error" => words(
                    value
                        .trim_end_matches("\\n")
                        .rsplit("\\n")
                        .next()
                        .unwrap_or(value),
                ),
                _ => words(value),
            });
        }
    }
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        return parts;
    }
    let names = json::members(text)
        .take(8)
        .filter_map(|(key, _)| match key {
            json::Key::Name(name) => Some(words(name)),
            json::Key::Index(_) => None,
        });
    names.collect()
}

/// Replaces what varies in the first line of a text.
fn words(text: &str) -> String {
    let text = text.trim_start().lines().next().unwrap_or_default();
    let text = &text[..text.floor_char_boundary(HEAD)];
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let from = at;
        if matches!(byte, b'"' | b'\'')
            && let Some(length) = quoted(bytes, at)
        {
            at += length;
            vary(&mut out);
        } else if is_word(byte) {
            at += bytes[at..]
                .iter()
                .take_while(|byte| is_word(**byte))
                .count();
            word(&text[from..at], &mut out);
        } else {
            at += 1;
            out.push(char::from(byte));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// How long the quoted value at `at` is, quotes included; an apostrophe within a word opens none.
fn quoted(bytes: &[u8], at: usize) -> Option<usize> {
    if at
        .checked_sub(1)
        .is_some_and(|before| is_word(bytes[before]))
    {
        return None;
    }
    let inside = &bytes[at + 1..bytes.len().min(at + 1 + QUOTED)];
    memchr::memchr(bytes[at], inside).map(|end| end + 2)
}

/// Bytes that make a word, also those of characters beyond ASCII, and what stands within numbers, paths and addresses.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(
            byte,
            b'_' | b'-' | b'.' | b'/' | b':' | b'@' | b'%' | b'+' | b'~'
        )
}

fn word(word: &str, out: &mut String) {
    if !word.bytes().any(|byte| byte.is_ascii_hexdigit()) {
        out.push_str(word);
        return;
    }
    let bare = word.trim_end_matches(['.', ':', '-', '/']);
    for (index, segment) in bare.split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        let signless = segment.trim_start_matches(['-', '+']);
        if signless.starts_with(|c: char| c.is_ascii_digit()) || is_uuid(segment) {
            vary(out);
        } else {
            let pieces = segment.split_inclusive(['_', '-', '.', ':', '@', '%', '+', '~']);
            pieces.for_each(|with_end| {
                let piece = with_end.trim_end_matches(['_', '-', '.', ':', '@', '%', '+', '~']);
                self::piece(piece, out);
                out.push_str(&with_end[piece.len()..]);
            });
        }
    }
    out.push_str(&word[bare.len()..]);
}

/// A piece of a word without separators: `v1` and `s3` are names, `worker17` is a name with a number, `4f1c9e2b` an id.
fn piece(piece: &str, out: &mut String) {
    let name = piece.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, rest) = piece.split_at(name);
    let number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let hex = piece.len() >= 8 && piece.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        vary(out);
    } else if number && !(name.len() <= 4 && rest.len() <= 2 && !name.is_empty()) {
        out.push_str(name);
        vary(out);
    } else if !number && rest.bytes().any(|byte| byte.is_ascii_digit()) {
        vary(out);
    } else {
        out.push_str(piece);
    }
}

/// Puts what varies at the end of `out`; several in a row are one.
fn vary(out: &mut String) {
    if let Some(before) = out.strip_suffix([' ', ',', '.', ':', '-', '_'])
        && before.ends_with(VARIABLE)
    {
        out.truncate(before.len());
    } else if !out.ends_with(VARIABLE) {
        out.push_str(VARIABLE);
    }
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_replaced() {
        for (line, expected) in [
            ("KeyError: 'DATABASE_URL'", "KeyError: <*>"),
            ("took 12.5 ms for item 42", "took <*> ms for item <*>"),
            ("took 12ms", "took <*>"),
            ("2026-11-22 03:14:15,123 plain started", "<*> plain started"),
            ("connect to 10.0.1.5:5432 failed", "connect to <*> failed"),
            ("connect to [2001:db8::7]:443", "connect to [<*>]:<*>"),
            (
                "GET /api/v1/items/123/f47ac10b-58cc-4372-abcd-0e02b2c3d479 done",
                "GET /api/v1/items/<*>/<*> done",
            ),
            (
                "worker17 lost eni-0a7e3c91d5f2b8640 at 0x7ffe12ab",
                "worker<*> lost eni-<*> at <*>",
            ),
            ("can't open \"a b\" (error 2)", "can't open <*> (error <*>)"),
            ("uses s3 and http2", "uses s3 and http2"),
            ("größe 12 für Zürich", "größe <*> für Zürich"),
            ("", ""),
        ] {
            assert_eq!(template(line), expected, "{line}");
        }
    }

    #[test]
    fn a_traceback_is_known_by_its_exception() {
        let text = "[2026-11-22 03:14:15,123] ERROR in app: Exception on /api/items [POST]\nTraceback (most recent call last):\n  File \"/app/db.py\", line 12, in get\nKeyError: 'DATABASE_URL'";
        assert_eq!(template(text), "KeyError: <*>");
    }

    #[test]
    fn lines_of_known_formats_are_known_by_what_tells_them_apart() {
        for (line, expected) in [
            (
                r#"{"time":"2026-11-22T03:14:15.123Z","level":"ERROR","logger":"app.access","request_id":"0123456789abcdef","method":"POST","path":"/api/items/77","status":500,"duration_ms":123,"error":"psycopg.errors.SerializationFailure: could not serialize access due to concurrent update"}"#,
                "ERROR · app.access · POST · /api/items/<*> · 500 · psycopg.errors.SerializationFailure: could not serialize access due to concurrent update",
            ),
            (
                r#"203.0.113.7 - - [22/Nov/2026:03:14:15 +0000] "GET /static/app.4f1c9e2b.js?v=3 HTTP/1.1" 404 153 "-" "curl""#,
                "GET · /static/app.<*>.js · 404",
            ),
            (
                "2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[1234]:ERROR:  duplicate key value violates unique constraint \"items_pkey\"",
                "ERROR:  duplicate key value violates unique constraint <*>",
            ),
            (
                "2 123456789012 eni-0a7e3c91d5f2b8640 203.0.113.7 10.0.0.41 40000 22 6 1 40 1795317195 1795317255 REJECT OK",
                "REJECT · 22",
            ),
            (
                "[2026-11-22 03:14:15 +0000] [7] [INFO] Booting worker with pid: 12",
                "Booting worker with pid: <*>",
            ),
            (r#"{"queue":"items","depth":2}"#, "queue · depth"),
        ] {
            assert_eq!(template(line), expected, "{line}");
        }
    }

    #[test]
    fn the_literal_parts_of_a_template_occur_in_its_line() {
        let line =
            r#"{"level":"ERROR","path":"/api/items/77","status":500,"error":"KeyError: 'x'\n"}"#;
        let template = template(line);
        let literals: Vec<_> = literals(&template).collect();
        assert_eq!(literals, ["ERROR", "/api/items/", "500", "KeyError:"]);
        assert!(literals.iter().all(|part| line.contains(part)));
    }

    #[test]
    fn groups_are_counted_with_their_span_and_worst_level() {
        let mut patterns = Patterns::default();
        for at in [20, 10, 30] {
            let level = [Level::Error, Level::Info][usize::from(at == 10)];
            patterns.add(at, level, &format!("KeyError: '{at}'"));
        }
        patterns.add(5, Level::Info, "started");
        let groups = patterns.by_count();
        assert_eq!(
            *groups[0],
            Pattern {
                template: "KeyError: <*>".to_owned(),
                count: 3,
                first: 10,
                last: 30,
                level: Level::Error,
                sample: "KeyError: '20'".to_owned(),
            }
        );
        assert_eq!((groups.len(), groups[1].count), (2, 1));
    }

    #[test]
    fn groups_are_bounded_and_what_is_left_out_is_counted() {
        let mut patterns = Patterns::default();
        let name = |mut number: usize| {
            let mut name = String::new();
            for _ in 0..4 {
                name.push(char::from(b"ghijklmnopqrstuvwxyz"[number % 20]));
                number /= 20;
            }
            name
        };
        for number in 0..MOST + 7 {
            patterns.add(
                0,
                Level::Unknown,
                &format!("{} {}", name(number), "long ".repeat(1_000)),
            );
        }
        assert_eq!(patterns.by_count().len(), MOST);
        assert_eq!(patterns.others(), 7);
        assert!(
            patterns
                .by_count()
                .iter()
                .all(|it| it.sample.len() <= SAMPLE)
        );
    }
}
