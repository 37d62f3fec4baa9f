//! JSON of log lines, walked where it lies: nothing is allocated until a value is wanted, and what was cut short is read as far as it
//! goes. Lines of a quarter of a megabyte and deep nesting cost no more than one pass, and no stack.

use memchr::memchr2;
use std::borrow::Cow;

/// The members of an object or the elements of an array, as far as they can be read.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    text: &'a str,
    at: usize,
    index: Option<usize>,
}

/// What a member is known by within its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// Name of an object's member, as it is written between its quotes.
    Name(&'a str),
    /// Place of an array's element.
    Index(usize),
}

/// Walks the members of `text`, an object or array; there are none in anything else.
pub fn members(text: &str) -> Members<'_> {
    let start = spaces(text.as_bytes(), 0);
    let (at, index) = match text.as_bytes().get(start) {
        Some(b'{') => (start + 1, None),
        Some(b'[') => (start + 1, Some(0)),
        _ => (text.len(), None),
    };
    Members { text, at, index }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Key<'a>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut at = spaces(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = spaces(bytes, at + 1);
        }
        // Whatever goes wrong ends the walk.
        self.at = self.text.len();
        let key = if let Some(index) = &mut self.index {
            *index += 1;
            Key::Index(*index - 1)
        } else {
            let end = string_end(bytes, at)?;
            let name = self.text.get(at + 1..end - 1)?;
            at = spaces(bytes, end);
            if bytes.get(at) != Some(&b':') {
                return None;
            }
            at = spaces(bytes, at + 1);
            Key::Name(name)
        };
        let end = value_end(bytes, at)?;
        self.at = end;
        Some((key, self.text.get(at..end)?))
    }
}

/// Finds a value by its dotted path, as it is written. A name that has dots itself is found too.
pub fn find<'a>(text: &'a str, path: &str) -> Option<&'a str> {
    members(text).find_map(|(key, value)| {
        let rest = match key {
            Key::Name(name) => path.strip_prefix(name)?,
            Key::Index(index) => {
                let end = path.find('.').unwrap_or(path.len());
                (path[..end].parse() == Ok(index)).then(|| &path[end..])?
            }
        };
        match rest.strip_prefix('.') {
            Some(rest) => find(value, rest),
            None => rest.is_empty().then_some(value),
        }
    })
}

/// The text of a value: a string without its quotes and escapes, anything else as it is written.
pub fn plain(value: &str) -> Cow<'_, str> {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Cow::Borrowed(value);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(value).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Whether a value has members of its own.
pub fn is_nested(value: &str) -> bool {
    value.starts_with(['{', '['])
}

fn spaces(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Where the string that begins at `at` has ended, behind its quote.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Where the value that begins at `at` has ended.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let (mut at, mut depth) = (at, 0_usize);
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = string_end(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => {
            let length = bytes[at..]
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
                .unwrap_or(bytes.len() - at);
            (length > 0).then_some(at + length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"time":"2026-11-22T03:14:15.123Z", "level" : "ERROR","http":{"path":"/api","status":500,"tags":[{"k":"a"},"b\"c"]},"log.level":"x","ok":true,"none":null}"#;

    #[test]
    fn values_are_found_by_dotted_paths_through_objects_and_arrays() {
        assert_eq!(find(LINE, "http.path"), Some(r#""/api""#));
        assert_eq!(find(LINE, "http.status"), Some("500"));
        assert_eq!(find(LINE, "http.tags.0.k"), Some(r#""a""#));
        assert_eq!(
            find(LINE, "http.tags.1").map(plain).as_deref(),
            Some("b\"c")
        );
        assert_eq!(find(LINE, "log.level"), Some(r#""x""#));
        assert_eq!(find(LINE, "none"), Some("null"));
        for missing in ["http.pat", "http.path.x", "http.tags.2", "", ".", "lev"] {
            assert_eq!(find(LINE, missing), None, "{missing}");
        }
    }

    #[test]
    fn what_was_cut_short_is_read_as_far_as_it_goes() {
        let names = |text| members(text).map(|(key, _)| key).collect::<Vec<Key<'_>>>();
        assert_eq!(
            names(r#"{"a":1,"b":"x","c":"cut sh"#),
            [Key::Name("a"), Key::Name("b")]
        );
        assert_eq!(names(r#"{"a":{"b":1"#), []);
        assert_eq!(names("[1,2"), [Key::Index(0), Key::Index(1)]);
        assert_eq!(names("plain"), []);
    }

    #[test]
    fn nesting_as_deep_as_the_line_is_long_takes_no_stack() {
        let deep = format!(r#"{{"a":{}"#, "[".repeat(200_000));
        assert_eq!(members(&deep).count(), 0);
    }

    #[test]
    fn escapes_that_are_wrong_are_shown_as_they_are() {
        assert_eq!(plain(r#""a\nb""#), "a\nb");
        assert_eq!(plain(r#""\ud800""#), r"\ud800");
        assert_eq!(plain("12.5"), "12.5");
    }
}
