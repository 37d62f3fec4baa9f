//! The language of log filters and searches.
//!
//! ```text
//! timeout                 lines that hold the text; capitals matter where there are some
//! "could not serialize"   text with blanks
//! /time.?out/             a regular expression (the regex crate's: linear, bounded); /api/items is a text
//! level:error             error or worse; level=error: error only
//! service:backend         lines of a source whose name holds it; also source:, stream:, task:, group:
//! http.path:/api          a field that holds the text; field=value: that is it
//! status>=500             a field as a number: > >= < <=
//! -health  !health        not
//! a b   a or b   (a b)    both, either, together
//! ```

use super::{level::Level, store::Line};
use memchr::memmem;
use regex::{Regex, RegexBuilder};
use std::{fmt, ops::Range};
use unicode_width::UnicodeWidthStr;

/// Bytes that a compiled expression may take: enough for what a person types, too little for one that explodes.
const EXPRESSION_BYTES: usize = 1 << 20;

/// How deep parentheses may be nested.
const DEPTH: usize = 32;

/// Why a filter cannot be understood, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// What is wrong.
    pub message: String,
    /// Bytes of the text that are concerned.
    pub at: Range<usize>,
}

impl FilterError {
    /// The text with a caret under the fault, and what is wrong.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        let before = text.get(..self.at.start).unwrap_or(text).width();
        let under = text
            .get(self.at.clone())
            .map_or(1, UnicodeWidthStr::width)
            .max(1);
        format!(
            "{text}\n{:before$}{} {}",
            "",
            "^".repeat(under),
            self.message
        )
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FilterError {}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    /// `:`
    Has,
    /// `=`
    Is,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Compare {
    /// The longer ones first.
    const ALL: [(&'static str, Self); 6] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::Above),
        ("<", Self::Below),
        (":", Self::Has),
        ("=", Self::Is),
    ];

    fn holds<T: PartialOrd>(self, a: &T, b: &T) -> bool {
        match self {
            Self::Above => a > b,
            Self::AtLeast | Self::Has => a >= b,
            Self::Below => a < b,
            Self::AtMost => a <= b,
            Self::Is => a == b,
        }
    }
}

#[derive(Debug, Clone)]
enum Expr {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Text(Box<Text>),
    Level(Compare, Level),
    Source(Regex),
    Stream(Regex),
    Group(Regex),
    Field(String, Compare, Value),
}

#[derive(Debug, Clone)]
enum Value {
    Text(Regex),
    Number(f64),
}

/// A text that is looked for.
#[derive(Debug, Clone)]
struct Text {
    expression: Regex,
    /// The longest part of it without letters: it looks the same in either case, and is found much faster.
    caseless: Option<memmem::Finder<'static>>,
}

/// What every line that passes holds.
pub(super) enum Wanted<'a> {
    /// A match.
    Match(&'a Regex),
    /// These bytes.
    Bytes(&'a memmem::Finder<'static>),
}

impl Wanted<'_> {
    /// Where the first one at `from` or after it begins and ends.
    pub(super) fn find_at(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        match self {
            Self::Match(expression) => expression
                .find_at(text, from)
                .map(|hit| (hit.start(), hit.end())),
            Self::Bytes(finder) => finder
                .find(&text.as_bytes()[from..])
                .map(|at| (from + at, from + at + finder.needle().len())),
        }
    }
}

/// A filter, understood.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    expr: Option<Expr>,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Filter {
    /// Understands `text`; an empty one passes everything.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        parser.skip_blanks();
        let expr = if parser.rest().is_empty() {
            None
        } else {
            Some(parser.any()?)
        };
        if let Some(c) = parser.rest().chars().next() {
            return Err(parser.wrong(c.len_utf8(), "there is no `(` for it"));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            expr,
        })
    }

    /// Makes a filter that wants `text` as it is, wherever it stands.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        Self::parse(&quoted).unwrap_or_default()
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// Both filters in one.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both: Vec<Expr> = [self, other]
            .iter()
            .filter_map(|filter| filter.expr.clone())
            .collect();
        Self {
            text: format!("{} {}", self.text, other.text).trim().to_owned(),
            expr: (!both.is_empty()).then_some(Expr::All(both)),
        }
    }

    /// Whether `line` passes.
    #[must_use]
    pub fn passes(&self, line: &Line<'_>) -> bool {
        self.expr.as_ref().is_none_or(|expr| expr.passes(line))
    }

    /// What every line that passes holds, if there is something of that kind.
    pub(super) fn wanted(&self) -> Option<Wanted<'_>> {
        fn of(expr: &Expr) -> Option<Wanted<'_>> {
            match expr {
                Expr::Text(text) => match &text.caseless {
                    Some(bytes) => Some(Wanted::Bytes(bytes)),
                    // What is bound to the ends of a text means something else in a chunk of lines.
                    None => ["\\A", "\\z"]
                        .iter()
                        .all(|bound| !text.expression.as_str().contains(bound))
                        .then_some(Wanted::Match(&text.expression)),
                },
                Expr::All(all) => all.iter().find_map(of),
                _ => None,
            }
        }
        of(self.expr.as_ref()?)
    }

    /// Whether a line passes because it holds a match of [`Filter::wanted`].
    pub(super) fn is_plain(&self) -> bool {
        match &self.expr {
            Some(Expr::Text(text)) => text.caseless.is_none(),
            Some(Expr::All(all)) => {
                matches!(all.as_slice(), [Expr::Text(text)] if text.caseless.is_none())
            }
            _ => false,
        }
    }

    /// Where in `text` stands what was looked for: bytes, in order.
    #[must_use]
    pub fn highlights(&self, text: &str) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        if let Some(expr) = &self.expr {
            expr.highlights(text, &mut ranges);
        }
        ranges.sort_by_key(|range: &Range<usize>| range.start);
        ranges
    }
}

impl Expr {
    fn passes(&self, line: &Line<'_>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|expr| expr.passes(line)),
            Self::Any(any) => any.iter().any(|expr| expr.passes(line)),
            Self::Not(expr) => !expr.passes(line),
            Self::Text(text) => text.expression.is_match(line.text),
            Self::Level(compare, level) => compare.holds(&line.level, level),
            Self::Source(name) => name.is_match(&line.stream.label),
            Self::Stream(name) => name.is_match(&line.stream.name),
            Self::Group(name) => name.is_match(&line.stream.group),
            Self::Field(path, compare, value) => {
                let Some(found) = line.field(path) else {
                    return false;
                };
                match value {
                    Value::Text(text) => text.is_match(&found),
                    Value::Number(number) => found
                        .trim()
                        .parse::<f64>()
                        .is_ok_and(|found| compare.holds(&found, number)),
                }
            }
        }
    }

    fn highlights(&self, text: &str, ranges: &mut Vec<Range<usize>>) {
        match self {
            Self::All(all) | Self::Any(all) => {
                for expr in all {
                    expr.highlights(text, ranges);
                }
            }
            Self::Text(wanted) => ranges.extend(
                wanted
                    .expression
                    .find_iter(text)
                    .map(|hit| hit.range())
                    .filter(|range| !range.is_empty()),
            ),
            _ => {}
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong(&self, length: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            message: message.into(),
            at: self.at..(self.at + length).min(self.text.len()),
        }
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Whether the word `or` is next; it is then taken.
    fn or(&mut self) -> bool {
        let rest = self.rest();
        let word = rest.split([' ', '(', ')']).next().unwrap_or_default();
        let is_or = matches!(word, "or" | "OR" | "|" | "||");
        if is_or {
            self.at += word.len();
            self.skip_blanks();
        }
        is_or
    }

    fn any(&mut self) -> Result<Expr, FilterError> {
        let mut any = vec![self.all()?];
        while self.or() {
            any.push(self.all()?);
        }
        Ok(match any.pop() {
            Some(only) if any.is_empty() => only,
            last => {
                any.extend(last);
                Expr::Any(any)
            }
        })
    }

    fn all(&mut self) -> Result<Expr, FilterError> {
        let mut all = Vec::new();
        loop {
            self.skip_blanks();
            let before = self.at;
            if self.rest().is_empty() || self.rest().starts_with(')') || self.or() {
                self.at = before;
                break;
            }
            all.push(self.not()?);
        }
        match all.pop() {
            None => Err(self.wrong(1, "something to look for is missing here")),
            Some(only) if all.is_empty() => Ok(only),
            Some(last) => {
                all.push(last);
                Ok(Expr::All(all))
            }
        }
    }

    fn not(&mut self) -> Result<Expr, FilterError> {
        let rest = self.rest();
        let negated = rest.starts_with(['-', '!']) && rest.len() > 1 && !rest[1..].starts_with(' ');
        if !negated {
            return self.atom();
        }
        self.at += 1;
        self.nested(Self::not).map(|expr| Expr::Not(Box::new(expr)))
    }

    fn nested(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Expr, FilterError>,
    ) -> Result<Expr, FilterError> {
        if self.depth == DEPTH {
            return Err(self.wrong(1, "this is nested too deep"));
        }
        self.depth += 1;
        let expr = parse(self);
        self.depth -= 1;
        expr
    }

    fn atom(&mut self) -> Result<Expr, FilterError> {
        let rest = self.rest();
        if rest.starts_with('(') {
            let open = self.at;
            self.at += 1;
            let expr = self.nested(Self::any)?;
            self.skip_blanks();
            if !self.rest().starts_with(')') {
                return Err(FilterError {
                    message: "this `(` is never closed".to_owned(),
                    at: open..open + 1,
                });
            }
            self.at += 1;
            return Ok(expr);
        }
        if rest.starts_with('"') || is_expression(rest) {
            let quoted = rest.starts_with('"');
            let (expression, typed) = self.text()?;
            let caseless = quoted.then(|| caseless(&typed)).flatten();
            return Ok(Expr::Text(Box::new(Text {
                expression,
                caseless,
            })));
        }
        let word = self.word();
        let operator = Compare::ALL
            .iter()
            .filter_map(|(sign, compare)| Some((word.find(sign)?, sign, *compare)))
            .min_by_key(|(place, sign, _)| (*place, std::cmp::Reverse(sign.len())));
        match operator {
            Some((place, sign, compare))
                if is_path(&word[..place]) && !word[place..].starts_with("://") =>
            {
                self.at += place + sign.len();
                self.compared(&word[..place], compare)
            }
            _ => {
                let expression = self.expression(&regex::escape(word), word, word.len())?;
                self.at += word.len();
                Ok(Expr::Text(Box::new(Text {
                    expression,
                    caseless: caseless(word),
                })))
            }
        }
    }

    /// The word that is next, not taken.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || c == ')')
            .unwrap_or(rest.len());
        &rest[..end]
    }

    /// `KEY` and an operator were read: what follows is the value.
    fn compared(&mut self, key: &str, compare: Compare) -> Result<Expr, FilterError> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.wrong(1, format!("a value for {key} is missing here")));
        }
        if key == "level" {
            let Some(level) = Level::parse(word) else {
                return Err(self.wrong(
                    word.len(),
                    "no level: trace, debug, info, warning, error or fatal",
                ));
            };
            self.at += word.len();
            return Ok(Expr::Level(compare, level));
        }
        if !matches!(compare, Compare::Has | Compare::Is) {
            let Ok(number) = word.parse() else {
                return Err(self.wrong(word.len(), "this is no number"));
            };
            self.at += word.len();
            return Ok(Expr::Field(key.to_owned(), compare, Value::Number(number)));
        }
        let text = if word.starts_with(['"']) {
            self.text()?.0
        } else {
            let text = self.expression(&regex::escape(word), word, word.len())?;
            self.at += word.len();
            text
        };
        let text = if compare == Compare::Is {
            self.expression(&format!("^(?:{})$", text.as_str()), text.as_str(), 1)?
        } else {
            text
        };
        Ok(match key {
            "service" | "source" => Expr::Source(text),
            "stream" | "task" => Expr::Stream(text),
            "group" => Expr::Group(text),
            _ => Expr::Field(key.to_owned(), compare, Value::Text(text)),
        })
    }

    /// `"text"` or `/expression/`, and what stands inside.
    fn text(&mut self) -> Result<(Regex, String), FilterError> {
        let rest = self.rest();
        let quote = rest.chars().next().unwrap_or('"');
        let mut inside = String::new();
        let mut escaped = false;
        for (place, c) in rest.char_indices().skip(1) {
            match c {
                c if escaped => {
                    // Only what would end or begin an escape loses its backslash; the rest is the expression's own.
                    if c != quote && (quote == '/' || c != '\\') {
                        inside.push('\\');
                    }
                    inside.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                c if c == quote => {
                    let pattern = if quote == '/' {
                        inside.clone()
                    } else {
                        regex::escape(&inside)
                    };
                    let expr = self.expression(&pattern, &inside, place + 1)?;
                    self.at += place + 1;
                    return Ok((expr, inside));
                }
                c => inside.push(c),
            }
        }
        Err(self.wrong(1, format!("this {quote} is never closed")))
    }

    /// Compiles `pattern`; letters match either case unless `typed` has capitals.
    fn expression(&self, pattern: &str, typed: &str, length: usize) -> Result<Regex, FilterError> {
        RegexBuilder::new(pattern)
            .case_insensitive(!typed.chars().any(char::is_uppercase))
            // A traceback is one line of many; `^` and `$` mean each of them.
            .multi_line(true)
            .size_limit(EXPRESSION_BYTES)
            .dfa_size_limit(EXPRESSION_BYTES)
            .nest_limit(64)
            .build()
            .map_err(|error| {
                let what = match error {
                    regex::Error::CompiledTooBig(_) => "this expression is too large".to_owned(),
                    other => {
                        let text = other.to_string();
                        let last = text.lines().last().unwrap_or_default();
                        format!(
                            "no regular expression: {}",
                            last.trim_start_matches("error: ")
                        )
                    }
                };
                self.wrong(length, what)
            })
    }
}

/// The longest part of `typed` that no change of case touches, where letters match either case and it is long enough to be rare.
fn caseless(typed: &str) -> Option<memmem::Finder<'static>> {
    const RARE: usize = 4;
    if typed.chars().any(char::is_uppercase) {
        return None;
    }
    typed
        .split(|c: char| !c.is_ascii() || c.is_ascii_alphabetic())
        .filter(|part| part.len() >= RARE)
        .max_by_key(|part| part.len())
        .map(|part| memmem::Finder::new(part).into_owned())
}

/// Whether `rest` begins with `/expression/`, and not with a path such as `/api/items`.
fn is_expression(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    bytes.first() == Some(&b'/')
        && (2..bytes.len()).any(|at| {
            bytes[at] == b'/'
                && bytes[at - 1] != b'\\'
                && matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b')'))
        })
}

/// Whether `key` can be the name of a field: letters, digits, `_`, `-`, `@`, and `.` between.
fn is_path(key: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '@'))
    };
    key.split('.').all(part) && !key.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
