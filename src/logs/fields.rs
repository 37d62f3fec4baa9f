//! The fields of a log line by name, for columns, trees and filters. Names are those that the line's own format gives them; where it
//! gives none, those of the backend's JSON lines (`method`, `path`, `status`), so that one filter serves all sources.

use super::{
    flow::{self, FlowFormat},
    format::Format,
    json, nginx, postgres, python,
    store::Line,
};
use regex::Regex;
use std::{borrow::Cow, sync::LazyLock};

/// Fields shown of one line; nobody reads further.
const FIELDS: usize = 1_000;

/// How deep objects are taken apart; what lies deeper is shown as it is written.
const DEPTH: usize = 16;

/// All fields of a line, in the line's order, nested ones by dotted paths: `http.headers.0.name`. Empty fields are left out.
#[must_use]
pub fn fields(message: &str, format: Format) -> Vec<(String, String)> {
    all(message, format, flow::standard())
}

fn all(message: &str, format: Format, flow: &[FlowFormat]) -> Vec<(String, String)> {
    if format == Format::Json {
        let mut fields = Vec::new();
        flatten(message, None, DEPTH, &mut fields);
        return fields;
    }
    parts(message, format, flow)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// One field of a line by its dotted path; an object or array as it is written.
#[must_use]
pub fn field<'a>(message: &'a str, format: Format, path: &str) -> Option<Cow<'a, str>> {
    one(message, format, flow::standard(), path)
}

fn one<'a>(
    message: &'a str,
    format: Format,
    flow: &'a [FlowFormat],
    path: &str,
) -> Option<Cow<'a, str>> {
    if format == Format::Json {
        return json::find(message, path).map(json::plain);
    }
    parts(message, format, flow)
        .into_iter()
        .find(|(name, _)| *name == path)
        .map(|(_, value)| Cow::Borrowed(value))
}

impl<'a> Line<'a> {
    /// All fields of the line as [`fields`] gives them, flow records by the format of their log group. `text` is the line's, or what
    /// is left of it when secrets are covered.
    #[must_use]
    pub fn fields(&self, text: &str) -> Vec<(String, String)> {
        all(text, self.format, self.flow)
    }

    /// One field of the line as [`field`] gives it, likewise.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<Cow<'a, str>> {
        one(self.text, self.format, self.flow, path)
    }
}

fn flatten(text: &str, parent: Option<&str>, depth: usize, fields: &mut Vec<(String, String)>) {
    for (key, value) in json::members(text) {
        if fields.len() >= FIELDS {
            return;
        }
        let name = match key {
            json::Key::Name(name) => name.to_owned(),
            json::Key::Index(index) => index.to_string(),
        };
        let path = parent.map_or_else(|| name.clone(), |parent| format!("{parent}.{name}"));
        if json::is_nested(value) && depth > 1 && json::members(value).next().is_some() {
            flatten(value, Some(&path), depth - 1, fields);
        } else {
            fields.push((path, json::plain(value).into_owned()));
        }
    }
}

/// The fields of a line that is not JSON.
fn parts<'a>(message: &'a str, format: Format, flow: &'a [FlowFormat]) -> Vec<(&'a str, &'a str)> {
    let mut parts = match format {
        Format::NginxAccess => nginx::access(message).map_or_else(Vec::new, access),
        Format::NginxError => nginx::failure(message).map_or_else(Vec::new, |line| {
            let mut parts = vec![
                ("time", line.time),
                ("level", line.level.name()),
                ("process", line.process),
            ];
            parts.extend(nginx::pairs(line.message));
            parts.push(("message", line.message));
            parts
        }),
        Format::Python => python::record(message).map_or_else(Vec::new, |record| {
            let mut parts = vec![
                ("time", record.time),
                ("process", record.process),
                ("level", record.level.name()),
                ("logger", record.logger),
            ];
            // werkzeug logs its access lines through logging.
            parts.extend(nginx::access(record.message).map_or_else(Vec::new, access));
            parts.push(("message", record.message));
            parts
        }),
        Format::Postgres => postgres::line(message).map_or_else(Vec::new, |line| {
            let (milliseconds, statement) = postgres::duration(line.message).unwrap_or_default();
            vec![
                ("time", line.time),
                ("client", line.client),
                ("user", line.user),
                ("database", line.database),
                ("process", line.process),
                ("sqlstate", line.sqlstate),
                ("severity", line.severity),
                ("duration_ms", milliseconds),
                ("statement", statement),
                ("message", line.message),
            ]
        }),
        Format::Flow => FlowFormat::of_line(flow, message)
            .map_or_else(Vec::new, |format| format.fields(message).collect()),
        Format::Plain | Format::Json => Vec::new(),
    };
    parts.retain(|(_, value)| !matches!(*value, "" | "-"));
    parts
}

fn access(line: nginx::Access<'_>) -> Vec<(&'static str, &str)> {
    vec![
        ("client", line.client),
        ("user", line.user),
        ("time", line.time),
        ("method", line.method),
        ("path", line.path),
        ("protocol", line.protocol),
        ("status", line.status),
        ("bytes", line.bytes),
        ("referer", line.referer),
        ("agent", line.agent),
        ("forwarded_for", line.forwarded_for),
    ]
}

/// A name that means a request, what separates it from its value, and the value. Of `Self=…;Root=1-…` in X-Amzn-Trace-Id the root is
/// what stays the same from the balancer to the last service (load balancer user guide, request tracing).
static REQUEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i-u)(?:request[-_]?id|amzn[-_]?trace[-_]?id|trace[-_]?id|correlation[-_]?id)\\?["']?[\t ]{0,4}[:=][\t ]{0,4}\\?["']?(?:self=[!-:<-~]{1,80};)?(?:root=)?([a-z0-9][a-z0-9_.:/+-]{3,127})"#,
    )
    .ok()
});

/// The id of the request that a line belongs to: the value of `request_id`, `X-Request-Id`, `X-Amzn-Trace-Id`, `trace_id`,
/// `correlation_id` and their spellings, in JSON at any depth or in text. The first that the line has.
#[must_use]
pub fn request_id(message: &str, format: Format) -> Option<Cow<'_, str>> {
    if format == Format::Flow {
        return None;
    }
    REQUEST
        .as_ref()?
        .captures_iter(message)
        .filter_map(|found| found.get(1))
        .map(|id| id.as_str())
        .find(|id| !matches!(*id, "null" | "None" | "undefined"))
        .map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
        fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn json_is_flattened_by_dotted_paths() {
        let line = r#"{"level":"ERROR","http":{"path":"/api","status":500},"tags":[{"k":"a\nb"},2],"empty":{},"none":null}"#;
        let all = fields(line, Format::Json);
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "level",
                "http.path",
                "http.status",
                "tags.0.k",
                "tags.1",
                "empty",
                "none"
            ]
        );
        assert_eq!(named(&all, "tags.0.k"), Some("a\nb"));
        for (name, value) in &all {
            assert_eq!(
                field(line, Format::Json, name).as_deref(),
                Some(value.as_str())
            );
        }
        assert_eq!(field(line, Format::Json, "http.method"), None);
    }

    #[test]
    fn nesting_and_the_number_of_fields_are_bounded() {
        let wide = format!("[{}0]", "0,".repeat(5_000));
        assert_eq!(fields(&wide, Format::Json).len(), FIELDS);
        let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
        assert_eq!(fields(&deep, Format::Json).len(), 1);
    }

    #[test]
    fn access_lines_answer_to_the_names_of_the_backend() {
        let line = r#"203.0.113.7 - - [22/Nov/2026:03:14:15 +0000] "GET /admin.php HTTP/1.1" 404 153 "-" "curl/8""#;
        let of = |path| field(line, Format::NginxAccess, path);
        assert_eq!(of("status").as_deref(), Some("404"));
        assert_eq!(of("path").as_deref(), Some("/admin.php"));
        assert_eq!(of("agent").as_deref(), Some("curl/8"));
        assert_eq!(of("referer"), None);
    }

    #[test]
    fn slow_statements_and_users_of_postgresql_are_fields() {
        let line = "2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[1234]:LOG:  duration: 512.300 ms  statement: SELECT 1";
        let all = fields(line, Format::Postgres);
        assert_eq!(named(&all, "user"), Some("app"));
        assert_eq!(named(&all, "duration_ms"), Some("512.300"));
        assert_eq!(named(&all, "statement"), Some("SELECT 1"));
    }

    #[test]
    fn python_nginx_errors_and_flow_records_have_fields() {
        let flask = r#"INFO:werkzeug:10.0.1.54 - - [22/Nov/2026 03:14:15] "GET /x HTTP/1.1" 500 -"#;
        assert_eq!(
            field(flask, Format::Python, "logger").as_deref(),
            Some("werkzeug")
        );
        assert_eq!(
            field(flask, Format::Python, "status").as_deref(),
            Some("500")
        );
        let nginx = r#"2026/11/22 03:14:15 [error] 31#31: *12 connect() failed, client: 10.0.1.54, request: "GET /api HTTP/1.1""#;
        assert_eq!(
            field(nginx, Format::NginxError, "client").as_deref(),
            Some("10.0.1.54")
        );
        let flow = "2 123456789012 eni-01f 203.0.113.7 10.0.0.41 40000 22 6 1 40 1795317195 1795317255 REJECT OK";
        assert_eq!(field(flow, Format::Flow, "dstport").as_deref(), Some("22"));
        assert_eq!(fields("10.0.0.1 22 REJECT", Format::Flow), []);
    }

    #[test]
    fn the_request_is_found_in_json_in_text_and_in_the_balancers_header() {
        for (line, expected) in [
            (
                r#"{"level":"ERROR","request_id":"0123456789abcdef","path":"/"}"#,
                "0123456789abcdef",
            ),
            (
                r#"{"ctx":{"X-Request-Id": "f47ac10b-58cc-4372-a567-0e02b2c3d479"}}"#,
                "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            ),
            ("ERROR:app:failed request_id=abc123 path=/", "abc123"),
            (
                "X-Amzn-Trace-Id: Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678",
                "1-67891233-abcdef012345678912345678",
            ),
            (r#"{"trace_id":null,"requestId":"r-77"}"#, "r-77"),
            (r#"{"message":"{\"requestId\":\"inner-1\"}"}"#, "inner-1"),
        ] {
            assert_eq!(
                request_id(line, Format::Json).as_deref(),
                Some(expected),
                "{line}"
            );
        }
        assert_eq!(request_id("request id is missing", Format::Plain), None);
    }
}
