//! The functions of `stats` ("stats" and "Functions to use with stats" in the CloudWatch Logs user guide).

use super::value::{Expr, Row, Value};
use std::collections::HashSet;

/// A function of many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Count,
    CountDistinct,
    Sum,
    Average,
    Least,
    Greatest,
    Percentile,
    Deviation,
    Earliest,
    Latest,
}

impl Kind {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "count_distinct" => Self::CountDistinct,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "min" => Self::Least,
            "max" => Self::Greatest,
            "pct" | "percentile" | "median" => Self::Percentile,
            "stddev" => Self::Deviation,
            "earliest" => Self::Earliest,
            "latest" => Self::Latest,
            _ => return None,
        })
    }
}

/// One function in a `stats`.
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub kind: Kind,
    /// What of each line; `None` is the line itself.
    pub of: Option<Expr>,
    /// For percentiles.
    pub percent: f64,
}

/// What one function has seen of a group.
#[derive(Debug, Default)]
pub struct Total {
    count: u64,
    numbers: Vec<f64>,
    sum: f64,
    squares: f64,
    distinct: HashSet<String>,
    kept: Option<(i64, Value)>,
}

impl Total {
    pub fn add(&mut self, aggregate: &Aggregate, row: &Row) {
        let value = match &aggregate.of {
            Some(expr) => expr.of(row),
            None => Value::Flag(true),
        };
        if value == Value::Missing {
            return;
        }
        let at = || row.get("@timestamp").number().unwrap_or_default() as i64;
        let better = |kept: &Option<(i64, Value)>, at: i64| {
            kept.as_ref()
                .is_none_or(|(known, best)| match aggregate.kind {
                    Kind::Least => value.order(best).is_lt(),
                    Kind::Greatest => value.order(best).is_gt(),
                    Kind::Earliest => at < *known,
                    _ => at >= *known,
                })
        };
        match aggregate.kind {
            Kind::Count => self.count += 1,
            Kind::CountDistinct => {
                self.distinct.insert(value.text());
            }
            Kind::Percentile => self.numbers.extend(value.number()),
            Kind::Sum | Kind::Average | Kind::Deviation => {
                if let Some(number) = value.number() {
                    self.count += 1;
                    self.sum += number;
                    self.squares += number * number;
                }
            }
            Kind::Least | Kind::Greatest | Kind::Earliest | Kind::Latest => {
                let at = at();
                if better(&self.kept, at) {
                    self.kept = Some((at, value));
                }
            }
        }
    }

    pub fn value(mut self, aggregate: &Aggregate) -> Value {
        let count = self.count as f64;
        match aggregate.kind {
            Kind::Count => count.into(),
            Kind::CountDistinct => (self.distinct.len() as f64).into(),
            Kind::Sum if self.count == 0 => Value::Missing,
            Kind::Sum => self.sum.into(),
            Kind::Average => (self.sum / count).into(),
            Kind::Deviation => {
                let mean = self.sum / count;
                (self.squares / count - mean * mean).max(0.0).sqrt().into()
            }
            Kind::Percentile => {
                self.numbers.sort_unstable_by(f64::total_cmp);
                let last = self.numbers.len().saturating_sub(1);
                let place = aggregate.percent / 100.0 * last as f64;
                let number = self.numbers.get(place.round() as usize);
                number.map_or(Value::Missing, |number| Value::Number(*number))
            }
            Kind::Least | Kind::Greatest | Kind::Earliest | Kind::Latest => {
                self.kept.map_or(Value::Missing, |(_, value)| value)
            }
        }
    }
}
