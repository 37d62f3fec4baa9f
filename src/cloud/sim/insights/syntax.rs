//! The query language as far as the demo speaks it (CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax"):
//! `fields`, `display`, `filter`, `parse`, `stats`, `sort`, `limit`, `dedup`.

use super::{
    stats::{Aggregate, Kind},
    value::{Expr, FUNCTIONS, Operator, Value},
};
use crate::{
    error::{Error, ErrorKind, Result},
    text::nearest,
};
use regex::Regex;

/// An expression and the name of what it gives.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    pub expr: Expr,
}

/// A step of a query.
#[derive(Debug, Clone)]
pub enum Command {
    Fields(Vec<Named>),
    Display(Vec<Named>),
    Filter(Expr),
    /// Takes named parts out of a field.
    Parse(Expr, Regex, Vec<String>),
    Stats(Vec<Aggregate>, Vec<Named>, Vec<Named>),
    Sort(Vec<(Expr, Order)>),
    Limit(usize),
    Dedup(Vec<Expr>),
}

/// Direction of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

const COMMANDS: [&str; 8] = [
    "fields", "display", "filter", "parse", "stats", "sort", "limit", "dedup",
];

/// Reads a query.
///
/// # Errors
/// What cannot be understood, and at which line and position, as CloudWatch Logs' `MalformedQueryException` does.
pub fn parse(text: &str) -> Result<Vec<Command>> {
    let mut reader = Reader {
        text,
        at: 0,
        aggregates: None,
    };
    let mut commands = Vec::new();
    loop {
        reader.blanks();
        commands.push(reader.command()?);
        if !reader.symbol("|") {
            break;
        }
    }
    if reader.at < text.len() {
        return Err(reader.unexpected("a command ends with | or the end of the query"));
    }
    Ok(commands)
}

/// A place in the query.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The functions of `stats` so far, within `stats`.
    aggregates: Option<Vec<Aggregate>>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            if !rest.starts_with('#') {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    /// Says that what stands here cannot be understood.
    fn unexpected(&self, why: &str) -> Error {
        let seen: String = self
            .rest()
            .chars()
            .take_while(|c| !c.is_whitespace())
            .collect();
        let seen = match seen.as_str() {
            "" => "the end of the query".to_owned(),
            seen => format!("`{}`", seen.chars().take(20).collect::<String>()),
        };
        self.fault(&format!("unexpected {seen}: {why}"))
    }

    fn fault(&self, what: &str) -> Error {
        let before = &self.text[..self.at];
        let line = before.matches('\n').count() + 1;
        let position = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Error::new(
            ErrorKind::Service,
            format!("MalformedQueryException: {what} at line {line} and position {position}"),
        )
        .hint("docs/logs.md says which parts of the language the demo knows")
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.symbol(symbol) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{symbol}` is missing")))
    }

    /// The name that stands here; fields may have dots and signs in them.
    fn name(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "@_.".contains(c)));
        let name = &rest[..end.unwrap_or(rest.len())];
        let begins = |c: char| c.is_alphabetic() || c == '@' || c == '_';
        if name.starts_with(begins) { name } else { "" }
    }

    fn word(&mut self, word: &str) -> bool {
        self.blanks();
        let found = self.name().eq_ignore_ascii_case(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn identifier(&mut self) -> Result<String> {
        self.blanks();
        if self.rest().starts_with('`') {
            return self.quoted('`');
        }
        let name = self.name();
        if name.is_empty() {
            return Err(self.unexpected("the name of a field is missing"));
        }
        self.at += name.len();
        Ok(name.to_owned())
    }

    /// What stands between two `quote`; a backslash before one keeps it.
    fn quoted(&mut self, quote: char) -> Result<String> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((place, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, next)) if next == quote => text.push(next),
                    Some((_, '\\')) if quote != '/' => text.push('\\'),
                    Some((_, next)) => text.extend(['\\', next]),
                    None => break,
                },
                c if c == quote => {
                    self.at += place + 1;
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(self.unexpected(&format!("its closing {quote} is missing")))
    }

    fn expression_between_slashes(&mut self) -> Result<Regex> {
        let start = self.at;
        let text = self.quoted('/')?;
        Regex::new(&text).map_err(|error| {
            self.at = start;
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default();
            self.fault(&format!("`/{text}/` is no regular expression here ({why})"))
        })
    }

    fn command(&mut self) -> Result<Command> {
        let start = self.at;
        let name = self.name();
        self.at += name.len();
        Ok(match name.to_ascii_lowercase().as_str() {
            "fields" => Command::Fields(self.list(Self::named)?),
            "display" => Command::Display(self.list(Self::named)?),
            "filter" => Command::Filter(self.or()?),
            "parse" => self.parse()?,
            "stats" => {
                self.aggregates = Some(Vec::new());
                let items = self.list(Self::named)?;
                let aggregates = self.aggregates.take().unwrap_or_default();
                let by = if self.word("by") {
                    self.list(Self::named)?
                } else {
                    Vec::new()
                };
                Command::Stats(aggregates, items, by)
            }
            "sort" => Command::Sort(self.list(|reader| {
                let expr = reader.or()?;
                let order = if reader.word("desc") {
                    Order::Descending
                } else {
                    reader.word("asc");
                    Order::Ascending
                };
                Ok((expr, order))
            })?),
            "limit" | "head" => Command::Limit(self.number()? as usize),
            "dedup" => Command::Dedup(self.list(Self::or)?),
            unknown => {
                self.at = start;
                let why = match nearest(unknown, COMMANDS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the demo's commands are {}", COMMANDS.join(", ")),
                };
                return Err(self.unexpected(&why));
            }
        })
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.symbol(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn named(&mut self) -> Result<Named> {
        self.blanks();
        let start = self.at;
        let expr = self.or()?;
        let written = self.text[start..self.at].trim();
        let name = if self.word("as") {
            self.identifier()?
        } else if let Expr::Field(name) = &expr {
            name.clone()
        } else {
            written.to_owned()
        };
        Ok(Named { name, expr })
    }

    fn parse(&mut self) -> Result<Command> {
        self.blanks();
        let field = if self.rest().starts_with(['"', '\'', '/']) {
            Expr::Field("@message".to_owned())
        } else {
            Expr::Field(self.identifier()?)
        };
        self.blanks();
        let start = self.at;
        if self.rest().starts_with('/') {
            let pattern = self.expression_between_slashes()?;
            let names: Vec<String> = pattern
                .capture_names()
                .flatten()
                .map(str::to_owned)
                .collect();
            if names.is_empty() {
                self.at = start;
                return Err(self.unexpected("it needs named groups: (?<name>…)"));
            }
            return Ok(Command::Parse(field, pattern, names));
        }
        let glob = self.string()?;
        if !self.word("as") {
            return Err(self.unexpected("`as` and a name for each * are missing"));
        }
        let names = self.list(Self::identifier)?;
        let wanted = glob.matches('*').count();
        if wanted != names.len() {
            self.at = start;
            let found = names.len();
            return Err(self.unexpected(&format!("it has {wanted} * for {found} names")));
        }
        // A star takes as little as it can, the last one at the end of the pattern all that is left.
        let mut pattern = format!("(?s){}", regex::escape(&glob).replace(r"\*", "(.*?)"));
        if glob.ends_with('*') {
            pattern.truncate(pattern.len() - 2);
            pattern.push(')');
        }
        let pattern = Regex::new(&pattern).map_err(|_| self.unexpected("it is too long"))?;
        Ok(Command::Parse(field, pattern, names))
    }

    fn string(&mut self) -> Result<String> {
        self.blanks();
        match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => Err(self.unexpected("a text in quotes is missing")),
        }
    }

    fn number(&mut self) -> Result<f64> {
        self.blanks();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let written = &rest[..end.unwrap_or(rest.len())];
        let number = written
            .parse()
            .map_err(|_| self.unexpected("a number is missing"))?;
        self.at += written.len();
        Ok(number)
    }

    fn or(&mut self) -> Result<Expr> {
        self.chain(Self::and, |reader| {
            reader.word("or").then_some(Operator::Or)
        })
    }

    fn and(&mut self) -> Result<Expr> {
        self.chain(Self::not, |reader| {
            reader.word("and").then_some(Operator::And)
        })
    }

    fn not(&mut self) -> Result<Expr> {
        if self.word("not") {
            return Ok(Expr::Not(Box::new(self.not()?)));
        }
        self.comparison()
    }

    /// Operands with operators of one rank between them, taken from the left.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expr>,
        operator: fn(&mut Self) -> Option<Operator>,
    ) -> Result<Expr> {
        let mut left = operand(self)?;
        while let Some(operator) = operator(self) {
            left = Expr::Operation(Box::new(left), operator, Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expr> {
        let left = self.sum()?;
        let before = self.at;
        let negated = self.word("not");
        let found = if self.word("like") || self.symbol("=~") {
            self.blanks();
            let pattern = if self.rest().starts_with('/') {
                self.expression_between_slashes()?
            } else {
                let text = regex::escape(&self.string()?);
                Regex::new(&text).map_err(|_| self.unexpected("it is too long"))?
            };
            Some(Expr::Like(Box::new(left.clone()), pattern))
        } else if self.word("in") {
            self.expect("[")?;
            let list = self.list(Self::sum)?;
            self.expect("]")?;
            Some(Expr::In(Box::new(left.clone()), list))
        } else {
            None
        };
        match found {
            Some(found) if negated => return Ok(Expr::Not(Box::new(found))),
            Some(found) => return Ok(found),
            None => self.at = before,
        }
        for (symbol, operator) in [
            ("!=", Operator::Unequal),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::More),
        ] {
            if self.symbol(symbol) {
                let right = self.sum()?;
                return Ok(Expr::Operation(Box::new(left), operator, Box::new(right)));
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expr> {
        self.chain(Self::product, |reader| {
            reader.any(&[("+", Operator::Plus), ("-", Operator::Minus)])
        })
    }

    fn product(&mut self) -> Result<Expr> {
        self.chain(Self::power, |reader| {
            let all = [
                ("*", Operator::Times),
                ("/", Operator::Over),
                ("%", Operator::Modulo),
            ];
            reader.any(&all)
        })
    }

    fn power(&mut self) -> Result<Expr> {
        self.chain(Self::operand, |reader| {
            reader.any(&[("^", Operator::Power)])
        })
    }

    fn any(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let found = operators.iter().find(|(symbol, _)| self.symbol(symbol))?;
        Some(found.1)
    }

    fn operand(&mut self) -> Result<Expr> {
        self.blanks();
        match self.rest().chars().next() {
            Some('"' | '\'') => Ok(Expr::Literal(Value::Text(self.string()?))),
            Some('`') => Ok(Expr::Field(self.quoted('`')?)),
            Some('(') => {
                self.at += 1;
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some('-') => {
                self.at += 1;
                let zero = Box::new(Expr::Literal(Value::Number(0.0)));
                Ok(Expr::Operation(
                    zero,
                    Operator::Minus,
                    Box::new(self.operand()?),
                ))
            }
            Some(c) if c.is_ascii_digit() => Ok(Expr::Literal(Value::Number(self.number()?))),
            _ => {
                let start = self.at;
                let name = self.identifier()?;
                if !self.symbol("(") {
                    return Ok(Expr::Field(name));
                }
                self.call(&name.to_ascii_lowercase(), start)
            }
        }
    }

    /// A function, after its opening bracket.
    fn call(&mut self, name: &str, start: usize) -> Result<Expr> {
        if matches!(name, "bin" | "datefloor") {
            let of = if name == "bin" {
                Expr::Field("@timestamp".to_owned())
            } else {
                let of = self.or()?;
                self.expect(",")?;
                of
            };
            let step = self.period()?;
            self.expect(")")?;
            return Ok(Expr::Bin(Box::new(of), step));
        }
        if let Some(kind) = Kind::named(name).filter(|_| self.aggregates.is_some()) {
            return self.aggregate(kind);
        }
        let known = FUNCTIONS.iter().find(|function| function.name == name);
        let Some(function) = known else {
            self.at = start;
            return Err(self.unexpected(if Kind::named(name).is_some() {
                "this function belongs into stats"
            } else {
                "the demo has no such function"
            }));
        };
        let arguments = if self.symbol(")") {
            Vec::new()
        } else {
            let arguments = self.list(Self::or)?;
            self.expect(")")?;
            arguments
        };
        let (least, most) = function.takes;
        if !(least..=most).contains(&arguments.len()) {
            self.at = start;
            return Err(self.unexpected("it takes another number of arguments"));
        }
        Ok(Expr::Call(function, arguments))
    }

    fn aggregate(&mut self, kind: Kind) -> Result<Expr> {
        // What is counted is a field of the line, not another count.
        let outer = self.aggregates.take();
        let of = if self.symbol("*") || self.rest().starts_with(')') {
            None
        } else {
            Some(self.or()?)
        };
        let percent = if self.symbol(",") {
            self.number()?
        } else {
            50.0
        };
        self.aggregates = outer;
        self.expect(")")?;
        let all = self.aggregates.get_or_insert_default();
        all.push(Aggregate { kind, of, percent });
        Ok(Expr::Total(all.len() - 1))
    }

    /// `5m` and the like, in milliseconds.
    fn period(&mut self) -> Result<i64> {
        let number = self.number()?;
        self.blanks();
        let unit = self.name();
        let milliseconds = match unit {
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1,
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "week" | "weeks" => 604_800_000,
            _ => return Err(self.unexpected("a unit is missing: ms, s, m, h, d or w")),
        };
        self.at += unit.len();
        Ok((number as i64).max(1) * milliseconds)
    }
}
