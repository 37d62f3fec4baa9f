//! A query at work: lines go in one by one, and rows come out at the end. What `stats` sums up and what `sort` and `limit` leave out is
//! never held, so that a day of lines can be asked.

use super::{
    stats::{Aggregate, Total},
    syntax::{Command, Named, Order},
    value::{Expr, Row, Value},
};
use crate::model::log::LogEvent;
use indexmap::IndexMap;
use std::{cmp::Ordering, collections::HashSet};

/// Names and values of a row.
pub type Fields = Vec<(String, String)>;

/// Rows held beyond those that can be in the answer, between two sorts.
const SPARE: usize = 1_000;

/// A query at work.
pub struct Run<'q> {
    /// What is done with each line.
    each: &'q [Command],
    gathered: Gathered<'q>,
    /// What is done with the rows in the end.
    rest: &'q [Command],
    columns: Vec<&'q str>,
    limit: usize,
    /// Lines that passed.
    pub matched: u64,
}

enum Gathered<'q> {
    Rows(Vec<Row>, Keys<'q>, usize),
    Groups(Groups<'q>),
}

/// What rows are sorted by: what the query says, or the newest first.
enum Keys<'q> {
    Asked(&'q [(Expr, Order)]),
    Newest,
}

impl Keys<'_> {
    fn sort(&self, rows: &mut [Row]) {
        match self {
            Self::Asked(keys) => rows.sort_by(|a, b| {
                let orders = keys.iter().map(|(expr, order)| {
                    let found = expr.of(a).order(&expr.of(b));
                    match order {
                        Order::Ascending => found,
                        Order::Descending => found.reverse(),
                    }
                });
                orders
                    .into_iter()
                    .find(|o| o.is_ne())
                    .unwrap_or(Ordering::Equal)
            }),
            Self::Newest => rows.sort_by_key(|row| match row.get("@timestamp") {
                Value::Time(at) => -at,
                _ => 0,
            }),
        }
    }
}

impl<'q> Run<'q> {
    /// Begins a query that gives `limit` rows at most.
    pub fn new(commands: &'q [Command], limit: usize) -> Self {
        let of_many = |c: &Command| {
            matches!(
                c,
                Command::Stats(..) | Command::Sort(_) | Command::Limit(_) | Command::Dedup(_)
            )
        };
        let each = commands.iter().position(of_many).unwrap_or(commands.len());
        let (each, rest) = commands.split_at(each);
        let rows = |keys, most| Gathered::Rows(Vec::new(), keys, most);
        let (gathered, done) = match rest {
            [] => (rows(Keys::Newest, limit), 0),
            [Command::Stats(aggregates, items, by), ..] => {
                (Gathered::Groups(Groups::new(aggregates, items, by)), 1)
            }
            [Command::Sort(keys)] => (rows(Keys::Asked(keys), limit), 1),
            [Command::Sort(keys), Command::Limit(most), ..] => (rows(Keys::Asked(keys), *most), 2),
            [Command::Limit(most), ..] => (rows(Keys::Newest, *most), 1),
            _ => (rows(Keys::Newest, usize::MAX), 0),
        };
        Self {
            each,
            gathered,
            rest: &rest[done..],
            columns: columns(commands),
            limit,
            matched: 0,
        }
    }

    /// Takes a line.
    pub fn add(&mut self, line: LogEvent) {
        let mut row = Row::of_line(line);
        if !self.each.iter().all(|command| passes(command, &mut row)) {
            return;
        }
        self.matched += 1;
        match &mut self.gathered {
            Gathered::Groups(groups) => groups.add(&row),
            Gathered::Rows(rows, keys, most) => {
                rows.push(row);
                if rows.len() >= most.saturating_mul(2).saturating_add(SPARE) {
                    keys.sort(rows);
                    rows.truncate(*most);
                }
            }
        }
    }

    /// Gives the rows.
    pub fn finish(self) -> Vec<Fields> {
        let mut rows = match self.gathered {
            Gathered::Groups(groups) => groups.rows(),
            Gathered::Rows(mut rows, keys, most) => {
                keys.sort(&mut rows);
                rows.truncate(most);
                rows
            }
        };
        for command in self.rest {
            rows = apply(command, rows);
        }
        rows.truncate(self.limit);
        let fields = |row: &Row| -> Fields {
            let value = |name: &&str| match row.get(name) {
                // AWS leaves out what a row has not.
                Value::Missing => None,
                value => Some(((*name).to_owned(), value.text())),
            };
            self.columns.iter().filter_map(value).collect()
        };
        rows.iter().map(fields).collect()
    }
}

/// The fields of the answer.
fn columns(commands: &[Command]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for command in commands {
        let named: Vec<&Named> = match command {
            Command::Fields(named) | Command::Display(named) => named.iter().collect(),
            Command::Stats(_, items, by) => by.iter().chain(items).collect(),
            _ => continue,
        };
        if !matches!(command, Command::Fields(_)) {
            columns.clear();
        }
        for named in named {
            if !columns.contains(&named.name.as_str()) {
                columns.push(&named.name);
            }
        }
    }
    if columns.is_empty() {
        columns = vec!["@timestamp", "@message"];
    }
    columns
}

/// Does what a command does with a row; whether the row stays.
fn passes(command: &Command, row: &mut Row) -> bool {
    match command {
        Command::Fields(all) | Command::Display(all) => {
            for named in all {
                if !matches!(&named.expr, Expr::Field(field) if *field == named.name) {
                    row.set(&named.name, named.expr.of(row));
                }
            }
            true
        }
        Command::Filter(expr) => expr.of(row).is_true(),
        Command::Parse(field, pattern, names) => {
            let text = field.of(row).text();
            if let Some(found) = pattern.captures(&text) {
                let parts = found.iter().skip(1).zip(pattern.capture_names().skip(1));
                // A glob's stars have no names of their own.
                let parts = parts.zip(names);
                for ((part, own), name) in parts {
                    if let Some(part) = part {
                        row.set(own.unwrap_or(name), Value::Text(part.as_str().to_owned()));
                    }
                }
            }
            true
        }
        Command::Stats(..) | Command::Sort(_) | Command::Limit(_) | Command::Dedup(_) => true,
    }
}

fn apply(command: &Command, mut rows: Vec<Row>) -> Vec<Row> {
    match command {
        Command::Stats(aggregates, items, by) => {
            let mut groups = Groups::new(aggregates, items, by);
            for row in &rows {
                groups.add(row);
            }
            return groups.rows();
        }
        Command::Sort(keys) => Keys::Asked(keys).sort(&mut rows),
        Command::Limit(most) => rows.truncate(*most),
        Command::Dedup(keys) => {
            let mut seen = HashSet::new();
            rows.retain(|row| {
                let key: Vec<String> = keys.iter().map(|key| key.of(row).text()).collect();
                seen.insert(key)
            });
        }
        _ => rows.retain_mut(|row| passes(command, row)),
    }
    rows
}

/// What `stats` makes of lines, group by group.
struct Groups<'q> {
    aggregates: &'q [Aggregate],
    items: &'q [Named],
    by: &'q [Named],
    found: IndexMap<Vec<String>, (Vec<Value>, Vec<Total>)>,
}

impl<'q> Groups<'q> {
    fn new(aggregates: &'q [Aggregate], items: &'q [Named], by: &'q [Named]) -> Self {
        Self {
            aggregates,
            items,
            by,
            found: IndexMap::new(),
        }
    }

    fn add(&mut self, row: &Row) {
        let keys: Vec<Value> = self.by.iter().map(|named| named.expr.of(row)).collect();
        let name = keys.iter().map(Value::text).collect();
        let (_, totals) = self.found.entry(name).or_insert_with(|| {
            let totals = self.aggregates.iter().map(|_| Total::default());
            (keys, totals.collect())
        });
        for (aggregate, total) in self.aggregates.iter().zip(totals) {
            total.add(aggregate, row);
        }
    }

    fn rows(self) -> Vec<Row> {
        let row = |(keys, totals): (Vec<Value>, Vec<Total>)| {
            let totals = totals.into_iter().zip(self.aggregates);
            let totals = totals
                .map(|(total, aggregate)| total.value(aggregate))
                .collect();
            let mut row = Row::of_group(self.by, keys, totals);
            for item in self.items {
                row.set(&item.name, item.expr.of(&row));
            }
            row
        };
        self.found.into_values().map(row).collect()
    }
}
