//! What may be shown of a log line: on screen, in its details, on the clipboard, in a file.

use super::written_by;
use crate::{
    app::{App, Effect, Layer, Lines},
    format,
    logs::{extract::written, fields, flow, format::Format, store::Line, view::Shape},
    text::neutral,
};
use jiff::Timestamp;
use std::borrow::Cow;

/// Bytes of a line that are looked at for every frame: more than a screen of wrapped text holds.
const LONG: usize = 16 << 10;

impl App {
    /// A text of a log without what looks like a secret, unless that is wanted.
    pub(super) fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.logs.secrets.cover(text)
    }

    /// What can be shown of a text of a log: masked, then neutralised.
    #[must_use]
    pub fn shown_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.masked(text) {
            Cow::Borrowed(text) => neutral(text),
            Cow::Owned(text) => Cow::Owned(neutral(&text).into_owned()),
        }
    }

    /// What is shown of a line on screen, masked: of JSON its message and its fields, of a flow record its columns. It is not neutralised
    /// yet, since its line breaks are still to be seen. Of a very long line only what can come into sight is looked at, as it was written.
    #[must_use]
    pub fn shown_line<'a>(&self, line: &Line<'a>) -> Cow<'a, str> {
        const MARGIN: [&str; 9] = [
            "time",
            "timestamp",
            "@timestamp",
            "ts",
            "asctime",
            "level",
            "levelname",
            "severity",
            "lvl",
        ];
        // What happened comes first; what it happened to and where it was written, last.
        const FIRST: [&str; 8] = [
            "message",
            "msg",
            "event",
            "error",
            "method",
            "path",
            "status",
            "duration_ms",
        ];
        const LAST: [&str; 3] = ["request_id", "trace_id", "logger"];
        if let Some(head) = self.head(line) {
            return head;
        }
        let text = self.masked(line.text);
        if self.logs.shape == Shape::Fields && line.format == Format::Flow {
            return flow::shown(line.flow, &text).map_or(text, Cow::Owned);
        }
        if self.logs.shape == Shape::Raw || line.format != Format::Json {
            return text;
        }
        let mut fields = fields::fields(&text, line.format);
        fields.retain(|(path, value)| !MARGIN.contains(&path.as_str()) && !value.is_empty());
        let place = |names: &[&str], path: &str| names.iter().position(|name| *name == path);
        // A stable sort: everything else stays in the line's own order.
        fields.sort_by_key(|(path, _)| {
            let last = place(&LAST, path).map_or(0, |last| last + 1);
            (last, place(&FIRST, path).unwrap_or(FIRST.len()))
        });
        let pieces: Vec<String> = fields
            .into_iter()
            .map(|(path, value)| match path.as_str() {
                // Known by their looks.
                "message" | "msg" | "event" | "method" | "path" | "status" => value,
                _ => format!("{path}={value}"),
            })
            .collect();
        if pieces.is_empty() {
            return text;
        }
        Cow::Owned(pieces.join("  "))
    }

    /// The beginning of a line that is too long to be worked through for every frame: some screens beyond what is scrolled away, by four
    /// bytes a cell. Of one with line breaks the end is shown too.
    fn head<'a>(&self, line: &Line<'a>) -> Option<Cow<'a, str>> {
        let limit = LONG + 4 * self.logs.left;
        let beyond = line.text.as_bytes().get(limit..)?;
        if memchr::memchr(b'\n', line.text.as_bytes()).is_some() || beyond.is_empty() {
            return None;
        }
        let mut head = self.logs.secrets.cover_head(line.text, limit).into_owned();
        head.push('…');
        Some(Cow::Owned(head))
    }

    /// Everything known of the line under the cursor.
    pub(in crate::app) fn describe_line(&mut self) -> Vec<Effect> {
        let Some(line) = self.logs.cursor_line() else {
            self.say("nothing is selected");
            return Vec::new();
        };
        let at = Timestamp::from_millisecond(line.at).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut text = vec![
            ("time".to_owned(), at.to_string()),
            ("source".to_owned(), line.stream.label.clone()),
            ("group".to_owned(), line.stream.group.clone()),
            ("stream".to_owned(), line.stream.name.clone()),
            ("level".to_owned(), line.level.name().to_owned()),
        ];
        if let Some((_, Some(task))) = written_by(&line) {
            text.push(("task".to_owned(), task));
        }
        let masked = self.masked(line.text);
        for (i, part) in masked.lines().enumerate() {
            let name = if i == 0 { "text" } else { "" };
            text.push((name.to_owned(), part.to_owned()));
        }
        for (path, value) in line.fields(&masked) {
            text.push((format!("  {path}"), value));
        }
        let title = format!("Line · {}", format::clock(at));
        self.push(Layer::Describe {
            title,
            text,
            lines: Lines::default(),
        })
    }

    pub(in crate::app) fn copied_line(&self) -> Option<String> {
        Some(written(&self.logs.cursor_line()?, self.logs.secrets))
    }
}
