//! Lines of nginx, and access lines of whatever writes them like nginx and Apache do: gunicorn, and Flask's development server.

use super::level::Level;

/// An access line. What the line does not hold is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access<'a> {
    /// Who asked.
    pub client: &'a str,
    /// Who they said they are.
    pub user: &'a str,
    /// When, as it is written.
    pub time: &'a str,
    /// Method; empty where the request line makes no sense.
    pub method: &'a str,
    /// Path and query, or the whole request line where it makes no sense.
    pub path: &'a str,
    /// Protocol.
    pub protocol: &'a str,
    /// Status, a number of three digits.
    pub status: &'a str,
    /// Bytes of the body.
    pub bytes: &'a str,
    /// Referer.
    pub referer: &'a str,
    /// User agent.
    pub agent: &'a str,
    /// What follows: in nginx's packaged configuration X-Forwarded-For.
    pub forwarded_for: &'a str,
}

/// Reads an access line in the common or combined format: `CLIENT - USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT"`.
pub fn access(line: &str) -> Option<Access<'_>> {
    let quote = memchr::memchr(b'"', line.as_bytes())?;
    let (head, rest) = (line[..quote].strip_suffix("] ")?, &line[quote + 1..]);
    let (who, time) = head.split_once(" [")?;
    let (request, rest) = quoted(rest)?;
    let rest = rest.trim_start();
    let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    if status.len() != 3 || !status.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (bytes, mut tail) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut who = who.split(' ');
    let client = who.next()?;
    let user = who.nth(1).unwrap_or_default();
    let mut words = request.splitn(3, ' ');
    let (method, path, protocol) = match (words.next(), words.next(), words.next()) {
        (Some(method), Some(path), protocol) => (method, path, protocol.unwrap_or_default()),
        _ => ("", request, ""),
    };
    let mut next = || {
        let (value, rest) = quoted(tail.trim_start().strip_prefix('"')?)?;
        tail = rest;
        Some(value)
    };
    Some(Access {
        client,
        user,
        time,
        method,
        path,
        protocol,
        status,
        bytes,
        referer: next().unwrap_or_default(),
        agent: next().unwrap_or_default(),
        forwarded_for: next().unwrap_or_default(),
    })
}

/// Splits what a quote has opened at the quote that closes it; nginx writes quotes within as `\x22`, gunicorn as `\"`.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = memchr::memchr_iter(b'"', bytes).find(|at| *at == 0 || bytes[at - 1] != b'\\')?;
    Some((&text[..end], &text[end + 1..]))
}

/// A line of nginx's error log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a> {
    /// When, as it is written.
    pub time: &'a str,
    /// How bad.
    pub level: Level,
    /// Process and thread, such as `7#7`.
    pub process: &'a str,
    /// What happened, with its `key: value` pairs.
    pub message: &'a str,
}

/// Reads a line of the error log: `2026/11/22 03:14:15 [error] 7#7: *1 open() "/x" failed …, client: 10.0.0.1, server: …`.
pub fn failure(line: &str) -> Option<Failure<'_>> {
    let bytes = line.as_bytes();
    if bytes.get(4) != Some(&b'/') || bytes.get(7) != Some(&b'/') || !bytes[0].is_ascii_digit() {
        return None;
    }
    let (time, rest) = line.split_once(" [")?;
    let (level, rest) = rest.split_once("] ")?;
    let (process, message) = rest.split_once(": ").unwrap_or(("", rest));
    Some(Failure {
        time,
        level: Level::parse(level)?,
        process,
        message,
    })
}

/// The pairs at the end of a line of the error log, such as client, server, request, upstream and host.
pub fn pairs(message: &str) -> impl Iterator<Item = (&'static str, &str)> {
    const NAMES: [&str; 8] = [
        "client",
        "server",
        "request",
        "subrequest",
        "upstream",
        "host",
        "referrer",
        "login",
    ];
    message.split(", ").filter_map(|part| {
        let (name, value) = part.split_once(": ")?;
        let known = NAMES.into_iter().find(|known| *known == name)?;
        Some((known, value.trim_matches('"')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_combined_format_is_read_whole() {
        let line = r#"203.0.113.7 - alice [22/Nov/2026:03:14:15 +0000] "GET /static/app.js?v=1 HTTP/1.1" 404 153 "https://example.com/" "Mozilla/5.0 (X11; \"odd\")" "10.0.0.1, 192.0.2.4""#;
        assert_eq!(
            access(line),
            Some(Access {
                client: "203.0.113.7",
                user: "alice",
                time: "22/Nov/2026:03:14:15 +0000",
                method: "GET",
                path: "/static/app.js?v=1",
                protocol: "HTTP/1.1",
                status: "404",
                bytes: "153",
                referer: "https://example.com/",
                agent: r#"Mozilla/5.0 (X11; \"odd\")"#,
                forwarded_for: "10.0.0.1, 192.0.2.4",
            })
        );
    }

    #[test]
    fn a_request_that_makes_no_sense_is_kept_as_it_is() {
        let line =
            r#"198.51.100.9 - - [22/Nov/2026:03:14:15 +0000] "\x16\x03\x01" 400 157 "-" "-""#;
        let access = access(line).unwrap();
        assert_eq!((access.method, access.path), ("", r"\x16\x03\x01"));
        assert_eq!((access.status, access.agent), ("400", "-"));
    }

    #[test]
    fn the_development_server_of_flask_writes_a_dash_for_bytes() {
        let line = r#"127.0.0.1 - - [22/Nov/2026 03:14:15] "POST /api/items HTTP/1.1" 500 -"#;
        let access = access(line).unwrap();
        assert_eq!(
            (access.path, access.status, access.bytes),
            ("/api/items", "500", "-")
        );
        assert_eq!(access.agent, "");
    }

    #[test]
    fn the_error_log_tells_its_pairs() {
        let line = r#"2026/11/22 03:14:15 [error] 31#31: *12 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.1.54, server: _, request: "GET /api HTTP/1.1", upstream: "http://127.0.0.1:8000/api""#;
        let failure = failure(line).unwrap();
        assert_eq!((failure.level, failure.process), (Level::Error, "31#31"));
        let pairs: Vec<_> = pairs(failure.message).collect();
        assert_eq!(
            pairs,
            [
                ("client", "10.0.1.54"),
                ("server", "_"),
                ("request", "GET /api HTTP/1.1"),
                ("upstream", "http://127.0.0.1:8000/api"),
            ]
        );
    }

    #[test]
    fn other_lines_are_not_taken_for_nginx() {
        for line in [
            "",
            "\"",
            "a] \"b",
            r#"[x] "GET" abc"#,
            "2026/11/22",
            "2026/11/22 [bad] x",
        ] {
            assert_eq!(access(line), None, "{line}");
            assert_eq!(failure(line), None, "{line}");
        }
    }
}
