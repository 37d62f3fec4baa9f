//! The cost screen: where the money goes, what the month will come to, what could be saved, what would be, and what asking AWS costs.

use super::{Field, Scope};
use crate::{
    cost::{self, Costs, Knob, Turned},
    format,
    grid::{Cell, Column, Grid, Row, Width},
    model::{
        Health,
        metric::{Series, Unit, Window},
    },
    op::usd,
    report::cost::{price, quantity},
    theme::Role,
};
use jiff::tz::TimeZone;

/// Cells of the longest bar.
const BAR: usize = 24;

/// USD with its sign: `+$12.40`.
fn signed(delta: f64) -> String {
    let sign = if delta < 0.0 { "" } else { "+" };
    format!("{sign}{}", usd(delta))
}

fn number(value: f64) -> Cell {
    Cell::number(value, usd(value))
}

/// A bar of eighths of a cell.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few cells"
    )]
    let eighths = (share.clamp(0.0, 1.0) * BAR as f64 * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

pub(super) fn by_tier(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("tier", Width::Fit(10, 12)),
        Column::new("a month", Width::Fixed(10)).right(),
        Column::new("share", Width::Fixed(6)).right(),
        Column::new("", Width::Share(10)).drop(1),
    ];
    let Some(costs) = scope.costs else {
        return Grid::default();
    };
    let mut areas = costs.now.by_area();
    areas.sort_by(|a, b| b.1.total_cmp(&a.1));
    let most = areas.first().map_or(0.0, |(_, usd)| *usd);
    let rows = areas.into_iter().map(|(area, usd)| {
        let share = usd / costs.now.per_month.max(f64::MIN_POSITIVE);
        Row {
            id: area.id().to_owned(),
            cells: vec![
                Cell::text(area.title()),
                number(usd),
                Cell::number(share, format!("{:.0} %", share * 100.0)).role(Role::Muted),
                Cell::text(bar(usd / most.max(f64::MIN_POSITIVE))).role(Role::Accent),
            ],
            describe: serde_json::json!(
                costs
                    .now
                    .items
                    .iter()
                    .filter(|item| item.tier == area)
                    .collect::<Vec<_>>()
            ),
            link: None,
        }
    });
    Grid {
        columns: COLUMNS,
        rows: rows.collect(),
    }
}

pub(super) fn items(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("a month", Width::Fixed(10)).right(),
        Column::new("tier", Width::Fit(5, 11)),
        Column::new("item", Width::Share(20)),
        Column::new("quantity", Width::Fixed(9)).right().drop(2),
        Column::new("unit", Width::Fit(6, 18)).drop(3),
        Column::new("price", Width::Fixed(11)).right().drop(4),
        Column::new("basis", Width::Share(24)).drop(5),
    ];
    let Some(costs) = scope.costs else {
        return Grid::default();
    };
    let mut all: Vec<&cost::Item> = costs.now.items.iter().collect();
    all.sort_by(|a, b| b.per_month.total_cmp(&a.per_month));
    let known = all.into_iter().map(|item| Row {
        id: format!("{} {}", item.tier.id(), item.item),
        cells: vec![
            number(item.per_month),
            Cell::text(item.tier.title()).role(Role::Muted),
            Cell::text(item.item.as_str()),
            Cell::number(item.quantity, quantity(item.quantity)),
            Cell::text(item.unit.as_str()).role(Role::Muted),
            Cell::number(item.unit_price, price(item.unit_price)),
            Cell::text(item.basis.as_str()).role(Role::Muted),
        ],
        describe: serde_json::json!(item),
        link: None,
    });
    let unknown = costs.now.unknown.iter().map(|lack| Row {
        id: format!("{} {} unknown", lack.tier.id(), lack.item),
        cells: vec![
            Cell::missing(),
            Cell::text(lack.tier.title()).role(Role::Muted),
            Cell::text(lack.item.as_str()),
            Cell::missing(),
            Cell::text(""),
            Cell::missing(),
            Cell::text(lack.reason.as_str()).role(Role::Warning),
        ],
        describe: serde_json::json!(lack),
        link: None,
    });
    Grid {
        columns: COLUMNS,
        rows: known.chain(unknown).collect(),
    }
}

pub(super) fn waste(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("saves", Width::Fixed(9)).right(),
        Column::new("what", Width::Fit(20, 46)),
        Column::new("why", Width::Share(20)).drop(2),
        Column::new("how", Width::Share(20)).drop(1),
    ];
    let all = scope.costs.into_iter().flat_map(|costs| &costs.waste);
    Grid {
        columns: COLUMNS,
        rows: all
            .map(|w| Row {
                id: w.what.clone(),
                cells: vec![
                    w.saving.map_or_else(Cell::missing, number),
                    Cell::text(w.what.as_str()),
                    Cell::text(w.why.as_str()).role(Role::Muted),
                    Cell::text(w.how.as_str()),
                ],
                describe: serde_json::json!(w),
                link: None,
            })
            .collect(),
    }
}

/// The knobs: what stands now, what it is turned to, what that alone does to the month.
pub(super) fn what_if(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("what", Width::Fit(12, 24)),
        Column::new("now", Width::Fit(8, 18)),
        Column::new("if", Width::Fit(8, 20)),
        Column::new("a month", Width::Fixed(11)).right(),
    ];
    let Some(costs) = scope.costs else {
        return Grid::default();
    };
    let rows = cost::knobs(&costs.inventory, scope.book)
        .into_iter()
        .map(|knob| {
            let at = scope.turned.get(&knob.id).copied().unwrap_or(knob.now);
            let turned = at != knob.now;
            let word = |at: usize| knob.steps.get(at).map(|(word, _)| word.clone());
            let delta = knob.steps.get(at).filter(|_| turned).map(|(_, change)| {
                cost::suppose(scope.book, &costs.inventory, std::slice::from_ref(change))
            });
            let moved = match delta {
                Some(Ok(supposed)) if supposed.unknown == costs.now.unknown => {
                    Cell::number(supposed.delta, signed(supposed.delta)).role(role(supposed.delta))
                }
                Some(Ok(supposed)) => {
                    let text = format!("{} ?", signed(supposed.delta));
                    Cell::number(supposed.delta, text).role(Role::Warning)
                }
                _ => Cell::text(" "),
            };
            Row {
                id: knob.id.clone(),
                cells: vec![
                    Cell::text(knob.id.as_str()),
                    Cell::maybe(word(knob.now)).role(Role::Muted),
                    if turned {
                        Cell::maybe(word(at)).role(Role::Accent)
                    } else {
                        Cell::text(" ")
                    },
                    moved,
                ],
                describe: serde_json::json!({
                    "knob": knob.id,
                    "now": word(knob.now),
                    "steps": knob.steps.iter().map(|(word, _)| word).collect::<Vec<_>>(),
                }),
                link: None,
            }
        });
    Grid {
        columns: COLUMNS,
        rows: rows.collect(),
    }
}

const fn role(delta: f64) -> Role {
    if delta > 0.0 { Role::Warning } else { Role::Ok }
}

pub(super) fn api(scope: &Scope<'_>) -> Grid {
    const COLUMNS: &[Column] = &[
        Column::new("service", Width::Fit(8, 22)),
        Column::new("operation", Width::Share(14)),
        Column::new("requests", Width::Fixed(9)).right(),
        Column::new("cost", Width::Fixed(10)).right(),
    ];
    let mut calls: Vec<_> = scope.calls.iter().collect();
    calls.sort_by(|(a, x), (b, y)| {
        y.usd
            .total_cmp(&x.usd)
            .then(y.requests.cmp(&x.requests))
            .then(a.cmp(b))
    });
    Grid {
        columns: COLUMNS,
        rows: calls
            .into_iter()
            .map(|((service, operation), tally)| Row {
                id: format!("{service}:{operation}"),
                cells: vec![
                    Cell::text(*service).role(Role::Muted),
                    Cell::text(*operation),
                    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
                    Cell::number(tally.requests as f64, format::thousands(tally.requests)),
                    if tally.usd > 0.0 {
                        Cell::number(tally.usd, format::value(tally.usd, Unit::Usd))
                    } else {
                        Cell::text("free").role(Role::Muted)
                    },
                ],
                describe: serde_json::json!(tally),
                link: None,
            })
            .collect(),
    }
}

pub(super) fn fields(scope: &Scope<'_>) -> Vec<Field> {
    let Some(costs) = scope.costs else {
        return Vec::new();
    };
    let muted = |text: String| Cell::text(text).role(Role::Muted);
    let mut fields = vec![Field::new(
        "Now",
        Cell::text(format!(
            "{} a day · {} a month",
            usd(costs.per_day()),
            usd(costs.now.per_month)
        )),
    )];
    // What was asked stands before what was not.
    fields.extend(supposed(scope, costs));
    fields.push(Field::new(
        "Least · most",
        muted(format!("{} · {}", usd(costs.floor), usd(costs.ceiling))),
    ));
    if let Some(month) = &costs.month {
        fields.push(Field::new(
            "This month",
            Cell::text(format!(
                "{} so far · {} projected",
                usd(month.now()),
                usd(month.projection())
            )),
        ));
    }
    fields.extend(budget(scope, costs));
    let notes = costs.notes.iter();
    fields.extend(notes.map(|note| {
        let text = Cell::text(note.clone()).role(Role::Warning);
        Field::new("Note", text)
    }));
    if !costs.now.unknown.is_empty() {
        let count = format::count(costs.now.unknown.len(), "item");
        let text = format!("{count} in no sum, last in the list");
        fields.push(Field::new(
            "Not known",
            Cell::text(text).role(Role::Warning),
        ));
    }
    if let Some(as_of) = costs.now.prices_as_of {
        let age = cost::age(as_of, scope.now);
        let text = format!("list prices of {as_of}, {} old", format::count(age, "day"));
        let old = age > cost::OLD_PRICES;
        let role = if old { Role::Warning } else { Role::Muted };
        fields.push(Field::new("Prices", Cell::text(text).role(role)));
    }
    fields.extend(billed(scope));
    fields
}

/// The budget beside what the month will come to.
fn budget(scope: &Scope<'_>, costs: &Costs) -> Option<Field> {
    let budget = scope.environment.cost.budget?;
    let projection = costs.month.as_ref()?.projection();
    let left = f64::from(budget) - projection;
    let cell = if left < 0.0 {
        Cell::health(Health::Warning, format!("{} over ${budget}", usd(-left)))
    } else {
        Cell::text(format!("{} left of ${budget}", usd(left))).role(Role::Muted)
    };
    Some(Field::new("Budget", cell))
}

/// What all knobs together come to.
fn supposed(scope: &Scope<'_>, costs: &Costs) -> Option<Field> {
    let knobs = cost::knobs(&costs.inventory, scope.book);
    let changes = cost::changes(&knobs, scope.turned);
    if changes.is_empty() {
        return None;
    }
    let cell = match cost::suppose(scope.book, &costs.inventory, &changes) {
        Ok(supposed) => Cell::text(format!(
            "{} a month, {}",
            usd(supposed.per_month),
            signed(supposed.delta)
        ))
        .role(Role::Accent),
        Err(error) => Cell::text(error.message).role(Role::Warning),
    };
    Some(Field::new("What if", cell))
}

/// What Cost Explorer said, where it was asked.
fn billed(scope: &Scope<'_>) -> Option<Field> {
    let told = scope.spend?;
    Some(Field::new("Billed", Cell::text(told.words())))
}

/// The month as a chart: what it has come to day by day, and where it goes.
#[derive(Debug, Clone)]
pub struct MonthChart {
    /// The month, a datapoint a day.
    pub window: Window,
    /// What it has come to.
    pub so_far: Series,
    /// What it will.
    pub projected: Series,
    /// USD that it has come to.
    pub now: f64,
    /// What it may come to.
    pub budget: Option<f64>,
}

/// The chart of the month; `None` before its metrics are read.
#[must_use]
pub fn month(scope: &Scope<'_>) -> Option<MonthChart> {
    let month = scope.costs?.month.as_ref()?;
    let from = month.first.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let days = month.days();
    let to = from.as_second() + i64::try_from(days).ok()? * 86_400;
    let today = month.so_far.len().checked_sub(1)?;
    let mut so_far = vec![f64::NAN; days];
    for (place, usd) in so_far.iter_mut().zip(&month.so_far) {
        *place = *usd;
    }
    let mut projected = vec![f64::NAN; days];
    let (now, end) = (month.now(), month.projection());
    let left = days.saturating_sub(today + 1).max(1);
    for (step, place) in projected.iter_mut().skip(today).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "days of a month")]
        let share = step as f64 / left as f64;
        *place = now + (end - now) * share.min(1.0);
    }
    Some(MonthChart {
        window: Window {
            from,
            to: jiff::Timestamp::from_second(to).ok()?,
            period: 86_400,
        },
        now,
        so_far: Series { values: so_far },
        projected: Series { values: projected },
        budget: scope.environment.cost.budget.map(f64::from),
    })
}

/// Turns a knob by so many steps.
pub fn turn(turned: &mut Turned, knob: &Knob, by: isize) {
    let at = turned.get(&knob.id).copied().unwrap_or(knob.now);
    let last = knob.steps.len().saturating_sub(1);
    let to = at.saturating_add_signed(by).min(last);
    if to == knob.now {
        turned.remove(&knob.id);
    } else {
        turned.insert(knob.id.clone(), to);
    }
}
