//! Values of the query language, the lines they are taken from, and what functions make of them.

use super::{super::names, syntax::Named};
use crate::model::log::LogEvent;
use jiff::Timestamp;
use regex::Regex;
use std::{cell::OnceCell, cmp::Ordering};

/// A value. What comes from lines is text or a number; both compare as numbers where both are.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Missing,
    Flag(bool),
    Number(f64),
    /// Milliseconds since 1970.
    Time(i64),
    Text(String),
}

impl Value {
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Time(at) => Some(*at as f64),
            Self::Text(text) => {
                let text = text.trim();
                let written = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
                text.parse().ok().filter(|n: &f64| written && n.is_finite())
            }
            Self::Missing | Self::Flag(_) => None,
        }
    }

    /// As answers write it: times to the millisecond, fractions to four places, truth as 0 and 1.
    pub fn text(&self) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Flag(flag) => i32::from(*flag).to_string(),
            Self::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
            Self::Number(number) => {
                let text = format!("{number:.4}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Self::Time(at) => Timestamp::from_millisecond(*at)
                .map(|at| at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
                .unwrap_or_default(),
            Self::Text(text) => text.clone(),
        }
    }

    pub fn is_true(&self) -> bool {
        matches!(self, Self::Flag(true)) || matches!(self, Self::Number(n) if *n != 0.0)
    }

    /// Numbers as numbers, everything else as text; what is missing comes first.
    pub fn order(&self, other: &Self) -> Ordering {
        let missing = |value: &Self| *value != Self::Missing;
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => missing(self)
                .cmp(&missing(other))
                .then_with(|| self.text().cmp(&other.text())),
        }
    }

    fn of_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Bool(flag) => Self::Flag(*flag),
            serde_json::Value::Number(number) => {
                number.as_f64().map_or(Self::Missing, Self::Number)
            }
            serde_json::Value::String(text) => Self::Text(text.clone()),
            // Only leaves are discovered.
            _ => Self::Missing,
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Missing
        }
    }
}

/// Fields that are discovered in flow logs of the default format, by their place in the record (CloudWatch Logs user guide, "Supported
/// logs and discovered fields").
const FLOW: [&str; 14] = [
    "version",
    "accountId",
    "interfaceId",
    "srcAddr",
    "dstAddr",
    "srcPort",
    "dstPort",
    "protocol",
    "packets",
    "bytes",
    "startTime",
    "endTime",
    "action",
    "logStatus",
];

/// A line, or what `stats` made of many.
#[derive(Debug, Clone, Default)]
pub struct Row {
    event: Option<LogEvent>,
    json: OnceCell<Option<serde_json::Value>>,
    /// What the query itself made, the newest last.
    own: Vec<(String, Value)>,
    /// What the functions of `stats` gave, by their number.
    pub totals: Vec<Value>,
}

impl Row {
    pub fn of_line(event: LogEvent) -> Self {
        Self {
            event: Some(event),
            ..Self::default()
        }
    }

    pub fn of_group(by: &[Named], keys: Vec<Value>, totals: Vec<Value>) -> Self {
        let names = by.iter().map(|named| named.name.clone());
        Self {
            own: names.zip(keys).collect(),
            totals,
            ..Self::default()
        }
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.own.push((name.to_owned(), value));
    }

    /// A field: what the query made, what CloudWatch Logs adds to each line, or what is discovered in it.
    pub fn get(&self, name: &str) -> Value {
        if let Some((_, value)) = self.own.iter().rev().find(|(own, _)| own == name) {
            return value.clone();
        }
        let Some(event) = &self.event else {
            return Value::Missing;
        };
        match name {
            "@timestamp" => Value::Time(event.at.as_millisecond()),
            "@ingestionTime" => Value::Time(event.ingested.unwrap_or(event.at).as_millisecond()),
            "@message" => Value::Text(event.message.clone()),
            "@logStream" => Value::Text(event.stream.clone()),
            "@log" => Value::Text(format!("{}:{}", names::ACCOUNT, event.group)),
            _ if event.group == names::LOGS_FLOW => {
                let place = FLOW.iter().position(|field| *field == name);
                let word = place.and_then(|place| event.message.split(' ').nth(place));
                word.map_or(Value::Missing, |word| Value::Text(word.to_owned()))
            }
            _ => self.discovered(&event.message, name),
        }
    }

    fn discovered(&self, message: &str, name: &str) -> Value {
        let json = self.json.get_or_init(|| {
            message
                .starts_with('{')
                .then(|| serde_json::from_str(message).ok())?
        });
        json.as_ref()
            .and_then(|json| member(json, name))
            .map_or(Value::Missing, Value::of_json)
    }
}

/// The member of `json` at a dotted path; a name may itself have dots.
fn member<'a>(json: &'a serde_json::Value, path: &str) -> Option<&'a serde_json::Value> {
    let child = |name: &str| match json {
        serde_json::Value::Array(all) => all.get(name.parse::<usize>().ok()?),
        _ => json.get(name),
    };
    child(path).or_else(|| {
        path.match_indices('.')
            .find_map(|(dot, _)| member(child(&path[..dot])?, &path[dot + 1..]))
    })
}

/// What an expression is made of.
#[derive(Debug, Clone)]
pub enum Expr {
    Field(String),
    Literal(Value),
    /// A function of the table below.
    Call(&'static Function, Vec<Expr>),
    /// What a function of `stats` gave, by its number.
    Total(usize),
    Operation(Box<Expr>, Operator, Box<Expr>),
    Not(Box<Expr>),
    Like(Box<Expr>, Regex),
    In(Box<Expr>, Vec<Expr>),
    /// A time cut down to a multiple of so many milliseconds.
    Bin(Box<Expr>, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
    Power,
}

impl Expr {
    pub fn of(&self, row: &Row) -> Value {
        match self {
            Self::Field(name) => row.get(name),
            Self::Literal(value) => value.clone(),
            Self::Call(function, arguments) => {
                let values: Vec<Value> = arguments.iter().map(|a| a.of(row)).collect();
                (function.make)(&values)
            }
            Self::Total(number) => row.totals.get(*number).cloned().unwrap_or(Value::Missing),
            Self::Operation(left, operator, right) => operate(left, *operator, right, row),
            Self::Not(inner) => (!inner.of(row).is_true()).into(),
            Self::Like(inner, pattern) => match inner.of(row) {
                Value::Missing => false.into(),
                value => pattern.is_match(&value.text()).into(),
            },
            Self::In(inner, list) => {
                let value = inner.of(row);
                let same = |other: &Self| equal(&value, &other.of(row));
                list.iter().any(same).into()
            }
            Self::Bin(inner, step) => match inner.of(row).number() {
                Some(at) => Value::Time((at as i64).div_euclid(*step) * step),
                None => Value::Missing,
            },
        }
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    *a != Value::Missing && *b != Value::Missing && a.order(b).is_eq()
}

fn operate(left: &Expr, operator: Operator, right: &Expr, row: &Row) -> Value {
    use Operator as O;
    let a = left.of(row);
    match operator {
        O::Or => return (a.is_true() || right.of(row).is_true()).into(),
        O::And => return (a.is_true() && right.of(row).is_true()).into(),
        _ => {}
    }
    let b = right.of(row);
    let known = a != Value::Missing && b != Value::Missing;
    let numbers = |act: fn(f64, f64) -> f64| match (a.number(), b.number()) {
        (Some(a), Some(b)) => act(a, b).into(),
        _ => Value::Missing,
    };
    match operator {
        O::Equal => equal(&a, &b).into(),
        O::Unequal => (!equal(&a, &b)).into(),
        O::Less => (known && a.order(&b).is_lt()).into(),
        O::AtMost => (known && a.order(&b).is_le()).into(),
        O::More => (known && a.order(&b).is_gt()).into(),
        O::AtLeast => (known && a.order(&b).is_ge()).into(),
        O::Plus => numbers(|a, b| a + b),
        O::Minus => numbers(|a, b| a - b),
        O::Times => numbers(|a, b| a * b),
        O::Over => numbers(|a, b| a / b),
        O::Modulo => numbers(|a, b| a % b),
        O::Power => numbers(f64::powf),
        O::Or | O::And => Value::Missing,
    }
}

/// A function of values.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// Arguments, at least and at most.
    pub takes: (usize, usize),
    make: fn(&[Value]) -> Value,
}

const fn function(
    name: &'static str,
    takes: (usize, usize),
    make: fn(&[Value]) -> Value,
) -> Function {
    Function { name, takes, make }
}

const MANY: usize = 32;

/// The functions that the demo knows of those in the CloudWatch Logs user guide ("Boolean, comparison, numeric, datetime, and other
/// functions").
pub static FUNCTIONS: [Function; 21] = [
    function("abs", (1, 1), |v| number(&v[0], f64::abs)),
    function("ceil", (1, 1), |v| number(&v[0], f64::ceil)),
    function("floor", (1, 1), |v| number(&v[0], f64::floor)),
    function("sqrt", (1, 1), |v| number(&v[0], f64::sqrt)),
    function("log", (1, 1), |v| number(&v[0], f64::ln)),
    function("greatest", (1, MANY), |v| best(v, f64::max)),
    function("least", (1, MANY), |v| best(v, f64::min)),
    function("tomillis", (1, 1), |v| number(&v[0], |at| at)),
    function("frommillis", (1, 1), |v| match v[0].number() {
        Some(at) => Value::Time(at as i64),
        None => Value::Missing,
    }),
    function("ispresent", (1, 1), |v| (v[0] != Value::Missing).into()),
    function("coalesce", (1, MANY), |v| {
        let known = v.iter().find(|value| **value != Value::Missing);
        known.cloned().unwrap_or(Value::Missing)
    }),
    function("isempty", (1, 1), |v| v[0].text().is_empty().into()),
    function("isblank", (1, 1), |v| v[0].text().trim().is_empty().into()),
    function("strlen", (1, 1), |v| {
        text(&v[0], |t| Value::Number(t.chars().count() as f64))
    }),
    function("concat", (1, MANY), |v| {
        Value::Text(v.iter().map(Value::text).collect())
    }),
    function("trim", (1, 1), |v| {
        text(&v[0], |t| Value::Text(t.trim().to_owned()))
    }),
    function("tolower", (1, 1), |v| {
        text(&v[0], |t| Value::Text(t.to_lowercase()))
    }),
    function("toupper", (1, 1), |v| {
        text(&v[0], |t| Value::Text(t.to_uppercase()))
    }),
    function("strcontains", (2, 2), |v| {
        f64::from(u8::from(v[0].text().contains(&v[1].text()))).into()
    }),
    function("replace", (3, 3), |v| {
        text(&v[0], |t| {
            Value::Text(t.replace(&v[1].text(), &v[2].text()))
        })
    }),
    function("substr", (2, 3), |v| {
        let place = |value: &Value| value.number().map_or(0, |n| n.max(0.0) as usize);
        let length = v.get(2).map_or(usize::MAX, place);
        text(&v[0], |t| {
            Value::Text(t.chars().skip(place(&v[1])).take(length).collect())
        })
    }),
];

fn number(value: &Value, act: fn(f64) -> f64) -> Value {
    value.number().map_or(Value::Missing, |n| act(n).into())
}

fn best(values: &[Value], act: fn(f64, f64) -> f64) -> Value {
    let numbers = values.iter().filter_map(Value::number);
    numbers.reduce(act).map_or(Value::Missing, Value::Number)
}

fn text(value: &Value, act: impl Fn(&str) -> Value) -> Value {
    match value {
        Value::Missing => Value::Missing,
        value => act(&value.text()),
    }
}
