//! A tier's screen: facts, charts, panes. All of them are laid out by the same rule; the space decides how much is shown.
//!
//! ```text
//! ╭ facts ──────────────────────────────╮
//! ╭ chart ───────────╮╭ chart ──────────╮   as many as fit beside each other
//! ╭ pane with the keys ─────────────────╮
//! ╭ further panes, as far as there is room ╮
//! ```

use super::widget::{
    chart,
    detail::{Detail, Pair},
    grid::{self, Sheet},
    paint::style,
    pane::{Focus, Pane as Frame},
    placeholder::Placeholder,
};
use crate::{
    app::{App, Pane, Screen},
    error::Error,
    format,
    grid::Value,
    model::{
        Health, Tier,
        metric::{Series, Unit},
    },
    poll,
    theme::Role,
    view::{self, Chart, cost::MonthChart},
};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    widgets::Widget as _,
};

/// Narrowest chart that can be read.
const CHART_WIDTH: u16 = 36;
/// Lowest pane worth showing: border, header, three rows.
const PANE_HEIGHT: u16 = 6;

pub(super) fn render(app: &App, area: Rect, buf: &mut Buffer) {
    let pairs = pairs(app);
    let facts = Detail {
        theme: &app.theme,
        pairs: &pairs,
    };
    let charts = view::charts(app.screen, &app.scope());
    let month = (app.screen == Screen::Cost)
        .then(|| view::cost::month(&app.scope()))
        .flatten();
    let small = area.height < 30;
    let facts_height = if pairs.is_empty() {
        0
    } else {
        let most = if small { 4 } else { 12 };
        (facts.height(area.width.saturating_sub(4)) + 2).min(most + 2)
    };
    let chart_height = match area.height {
        _ if charts.is_empty() && month.is_none() => 0,
        ..18 => 0,
        18..30 => 6,
        30..50 => 10,
        _ => 14,
    };
    let [top, middle, bottom] = Layout::vertical([
        Constraint::Length(facts_height),
        Constraint::Length(chart_height),
        Constraint::Fill(1),
    ])
    .areas(area);
    if facts_height > 0 {
        let (title, state, role) = verdict(app);
        (&Frame::new(&app.theme, &title).state(&state, role)).render(top, buf);
        let inner = Frame::inner(top);
        (&facts).render(
            Rect {
                x: inner.x + 1,
                width: inner.width.saturating_sub(2),
                ..inner
            },
            buf,
        );
    }
    if chart_height > 0 {
        match &month {
            Some(month) => draw_month(app, month, middle, buf),
            None => draw_charts(app, &charts, middle, buf),
        }
    }
    panes(app, bottom, buf);
}

/// Title and state above the facts: the worst tier of the screen speaks.
fn verdict(app: &App) -> (String, String, Role) {
    let tiers = app.screen.tiers();
    if app.screen == Screen::Cost {
        let title = format!("Cost · {}", app.environment.region);
        let state = match (&app.bills.known, app.seen.usage.in_flight) {
            (None, _) if failures(app).next().is_some() => "not known".to_owned(),
            (None, _) => "loading".to_owned(),
            (Some(_), true) if app.seen.usage.value.is_none() => "reading what was used".to_owned(),
            _ => String::new(),
        };
        return (title, state, Role::Muted);
    }
    let title = tiers
        .iter()
        .map(|t| t.title())
        .collect::<Vec<_>>()
        .join(" · ");
    // Of equally good ones the last is the greatest: the screen's own tier stands first and should speak.
    let worst = tiers
        .iter()
        .rev()
        .map(|t| &app.assessment.tiers[t.index()].verdict)
        .max_by_key(|v| v.health);
    let health = worst.map_or(Health::Unknown, |v| v.health);
    let state = worst.map_or_else(String::new, |v| {
        format!("{} {}", health.glyph(), crate::text::neutral(&v.text))
    });
    (title, state, grid::role(health))
}

fn pairs(app: &App) -> Vec<Pair> {
    let fields = view::fields(app.screen, &app.scope());
    let shown = fields
        .into_iter()
        .filter(|f| f.value.value != Value::Missing);
    shown
        .map(|field| {
            let (value, role) = match &field.value.value {
                Value::Age(at) => (
                    format::age(app.now.as_second() - at.as_second()),
                    field.value.role,
                ),
                Value::At(at) => (format::date_time(*at), field.value.role),
                Value::Health(health, word) => {
                    (format!("{} {word}", health.glyph()), grid::role(*health))
                }
                value => (value.text().into_owned(), field.value.role),
            };
            Pair {
                label: field.label,
                value,
                role,
            }
        })
        .collect()
}

/// What the month has come to, and what it will.
fn draw_month(app: &App, month: &MonthChart, area: Rect, buf: &mut Buffer) {
    let state = app.bills.known.as_ref().and_then(|costs| {
        let month = costs.month.as_ref()?;
        Some(format!(
            "{} of {:.0} hours",
            format::thousands(month.whole_hours_passed()),
            month.hours
        ))
    });
    (&Frame::new(&app.theme, "This month").state(&state.unwrap_or_default(), Role::Muted))
        .render(area, buf);
    let lines = [
        chart::Line {
            label: "projected",
            series: &month.projected,
            figure: None,
        },
        chart::Line {
            label: "so far",
            series: &month.so_far,
            figure: Some(month.now),
        },
    ];
    let budget: Vec<chart::Threshold<'_>> = month
        .budget
        .iter()
        .map(|usd| chart::Threshold {
            label: "budget",
            value: *usd,
        })
        .collect();
    let widget = chart::Chart {
        theme: &app.theme,
        unit: Unit::Usd,
        window: month.window,
        lines: &lines,
        thresholds: &budget,
    };
    (&widget).render(Frame::inner(area), buf);
}

fn draw_charts(app: &App, charts: &[Chart], area: Rect, buf: &mut Buffer) {
    let fitting = usize::from(area.width / CHART_WIDTH).clamp(1, charts.len());
    let columns = Layout::horizontal(vec![Constraint::Fill(1); fitting]).split(area);
    for (chart, column) in charts.iter().zip(columns.iter()) {
        draw_chart(app, chart, *column, buf);
    }
}

fn draw_chart(app: &App, chart: &Chart, area: Rect, buf: &mut Buffer) {
    let metrics = app.chart_metrics();
    let ends = if app.window.ends_now() {
        "to now"
    } else {
        "earlier"
    };
    let old = metrics.error.as_ref().zip(metrics.age(app.now));
    let (state, role) = match old {
        Some((error, age)) => (
            format!("{} · {} old", error.kind.label(), format::age(age)),
            Role::Warning,
        ),
        None => (format!("{} {ends}", app.window.label()), Role::Muted),
    };
    (&Frame::new(&app.theme, &chart.title).state(&state, role)).render(area, buf);
    let inner = Frame::inner(area);
    let Some(known) = &metrics.value else {
        let waiting = metrics
            .error
            .as_ref()
            .map_or_else(|| "loading".to_owned(), problem);
        let role = if metrics.error.is_some() {
            Role::Warning
        } else {
            Role::Muted
        };
        (&Placeholder {
            theme: &app.theme,
            message: &waiting,
            hint: None,
            role,
        })
            .render(inner, buf);
        return;
    };
    let absent = Series {
        values: vec![f64::NAN; known.window.len()],
    };
    let lines: Vec<chart::Line<'_>> = chart
        .series
        .iter()
        .map(|(label, id)| chart::Line {
            label,
            series: known.series.get(id).unwrap_or(&absent),
            figure: None,
        })
        .collect();
    let thresholds: Vec<chart::Threshold<'_>> = chart
        .threshold
        .iter()
        .map(|(value, label)| chart::Threshold {
            label,
            value: *value,
        })
        .collect();
    let Some((_, first)) = chart.series.first() else {
        let message = "no data";
        (&Placeholder {
            theme: &app.theme,
            message,
            hint: None,
            role: Role::Muted,
        })
            .render(inner, buf);
        return;
    };
    let widget = chart::Chart {
        theme: &app.theme,
        unit: first.metric.spec().unit,
        window: known.window,
        lines: &lines,
        thresholds: &thresholds,
    };
    (&widget).render(inner, buf);
}

/// The panes: all of them if there is room, in two columns on wide screens; else the first, on whose selection the others hang, and
/// as many of the others as fit, the one with the keys among them.
fn panes(app: &App, area: Rect, buf: &mut Buffer) {
    let all = app.screen.panes();
    let columns: u16 = if area.width >= 160 { 2 } else { 1 };
    let rows = (area.height / PANE_HEIGHT).max(1);
    if usize::from(rows * columns) >= all.len() {
        let split = all.len().div_ceil(usize::from(columns));
        let sides = Layout::horizontal(vec![Constraint::Fill(1); usize::from(columns)]).split(area);
        for (side, panes) in sides.iter().zip(all.chunks(split)) {
            stack(app, panes, *side, buf);
        }
        return;
    }
    let [tabs, rest] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    tab_line(app, tabs, buf);
    let room = usize::from(rest.height / PANE_HEIGHT).max(1);
    stack(app, &in_sight(all, app.focused(), room), rest, buf);
}

/// Which of `all` are shown in `room` places, fewer than there are panes: moving to the next one only changes the picture when it
/// was not in it.
fn in_sight(all: &[Pane], focused: Pane, room: usize) -> Vec<Pane> {
    let Some((first, others)) = all.split_first().filter(|_| room > 1) else {
        return vec![focused];
    };
    let places = room - 1;
    let at = others.iter().position(|p| *p == focused).unwrap_or(0);
    let start = (at + 1).saturating_sub(places);
    let window = others.iter().skip(start).take(places);
    std::iter::once(first).chain(window).copied().collect()
}

/// Panes above each other.
fn stack(app: &App, panes: &[Pane], area: Rect, buf: &mut Buffer) {
    let wanted: Vec<u16> = panes
        .iter()
        .map(|p| {
            let rows = app.pane(*p).state.order.len();
            // Two borders and the header stand around the rows.
            u16::try_from(rows + 3).unwrap_or(u16::MAX).max(PANE_HEIGHT)
        })
        .collect();
    let mut y = area.y;
    for (p, height) in panes.iter().zip(heights(&wanted, area.height)) {
        pane(app, *p, Rect { y, height, ..area }, buf);
        y += height;
    }
}

/// Shares out `total` lines: whoever wants less than an equal share gets it, and leaves more to the others. What nobody wants goes
/// to the last.
fn heights(wanted: &[u16], total: u16) -> Vec<u16> {
    let mut heights = vec![0; wanted.len()];
    let mut by_need: Vec<usize> = (0..wanted.len()).collect();
    by_need.sort_by_key(|&i| wanted[i]);
    let mut left = total;
    for (done, &i) in by_need.iter().enumerate() {
        let sharers = u16::try_from(wanted.len() - done).unwrap_or(1);
        heights[i] = wanted[i].min(left / sharers);
        left -= heights[i];
    }
    if let Some(last) = heights.last_mut() {
        *last += left;
    }
    heights
}

/// The names of all panes, the one with the keys marked.
fn tab_line(app: &App, area: Rect, buf: &mut Buffer) {
    let focused = app.focused();
    let mut x = area.x + 1;
    for p in app.screen.panes() {
        let role = if *p == focused {
            Role::Accent
        } else {
            Role::Muted
        };
        let text = format!("{} ", p.title());
        let width = u16::try_from(text.chars().count()).unwrap_or(0);
        if x + width > area.right() {
            buf.set_string(
                x.min(area.right().saturating_sub(1)),
                area.y,
                "…",
                style(&app.theme, Role::Muted),
            );
            break;
        }
        buf.set_string(x, area.y, &text, style(&app.theme, role));
        x += width + 1;
    }
}

/// A pane: its frame with count, filter and age; its rows, or why there are none.
pub(super) fn pane(app: &App, pane: Pane, area: Rect, buf: &mut Buffer) {
    let view = app.pane(pane);
    let focus = if app.focused() == pane {
        Focus::Here
    } else {
        Focus::Elsewhere
    };
    let (state, role) = pane_state(app, pane);
    (&Frame::new(&app.theme, pane.title())
        .state(&state, role)
        .focus(focus))
        .render(area, buf);
    let inner = Frame::inner(area);
    let inner = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    };
    if view.state.order.is_empty() {
        let (message, role) = emptiness(app, pane);
        (&Placeholder {
            theme: &app.theme,
            message: &message,
            hint: None,
            role,
        })
            .render(inner, buf);
        return;
    }
    let sheet = Sheet {
        theme: &app.theme,
        now: app.now,
        grid: &view.grid,
        state: &view.state,
        focus,
    };
    (&sheet).render(inner, buf);
    // Other panes show what belongs to this row, also while they have the keys.
    if focus == Focus::Elsewhere && !pane.dependents().is_empty() && inner.height > 1 {
        let line = view.state.cursor.min(usize::from(inner.height) - 2);
        let y = inner.y + 1 + u16::try_from(line).unwrap_or(0);
        buf.set_string(inner.x - 1, y, "›", style(&app.theme, Role::Accent));
    }
}

/// What stands at the right of a pane's title: position, filter, and how old its data is when that matters.
fn pane_state(app: &App, pane: Pane) -> (String, Role) {
    let view = app.pane(pane);
    let (shown, all) = (view.state.order.len(), view.grid.rows.len());
    let mut parts = Vec::new();
    if !view.state.filter.is_empty() {
        parts.push(format!("/{} {shown} of {all}", view.state.filter.text()));
    } else if all > 0 {
        parts.push(format!("{}/{all}", view.state.cursor + 1));
    }
    let mut role = Role::Muted;
    if let Some(tier) = pane.tier() {
        let seen = app.seen.tier(tier);
        if let (Some(error), Some(age)) = (&seen.error, seen.age(app.now)) {
            parts.push(format!("{} · {} old", error.kind.label(), format::age(age)));
            role = Role::Warning;
        } else if let Some(age) = stale(app, tier) {
            parts.push(format!("{} old", format::age(age)));
        }
    }
    (parts.join(" · "), role)
}

/// The age of a tier's data once it is older than three reads; younger ages would only flicker.
fn stale(app: &App, tier: Tier) -> Option<i64> {
    app.seen
        .tier(tier)
        .age(app.now)
        .filter(|age| *age > 3 * app.pace.stretch(poll::interval(tier)))
}

/// Why a pane has no rows.
fn emptiness(app: &App, pane: Pane) -> (String, Role) {
    let view = app.pane(pane);
    if !view.grid.rows.is_empty() {
        return (
            format!("nothing matches /{}", view.state.filter.text()),
            Role::Muted,
        );
    }
    if app.screen == Screen::Flows {
        let (text, role) = view::flows::nothing(view::nothing(pane), &app.scope());
        return (crate::text::neutral(&text).into_owned(), role);
    }
    if matches!(pane, Pane::Components | Pane::Local) {
        let (text, role) = view::images::nothing(pane, &app.scope());
        return (crate::text::neutral(&text).into_owned(), role);
    }
    if app.screen == Screen::Cost {
        if app.bills.known.is_some() {
            return (view::nothing(pane).to_owned(), Role::Muted);
        }
        return failures(app).next().map_or_else(
            || ("loading".to_owned(), Role::Muted),
            |error| (problem(error), Role::Warning),
        );
    }
    let Some(tier) = pane.tier() else {
        let word = match pane {
            Pane::Findings if app.assessment.health == Health::Unknown => {
                // Where nothing at all is known, why is the only finding.
                return failures(app).next().map_or_else(
                    || ("nothing is known yet".to_owned(), Role::Muted),
                    |error| (problem(error), Role::Warning),
                );
            }
            _ if app.seen.tiers.iter().all(|seen| seen.value.is_none()) => "nothing is known yet",
            Pane::Findings => {
                let calm = "nothing is wrong, as far as the rules see";
                return unread(app).map_or((calm.to_owned(), Role::Muted), |unread| {
                    (unread, Role::Warning)
                });
            }
            _ => "nothing happened yet",
        };
        return (word.to_owned(), Role::Muted);
    };
    let seen = app.seen.tier(tier);
    match (&seen.value, &seen.error) {
        (None, None) => ("loading".to_owned(), Role::Muted),
        (None, Some(error)) if !app.environment.resources.names(tier) => {
            (problem(error), Role::Muted)
        }
        (None, Some(error)) => (problem(error), Role::Warning),
        (Some(_), _) => (view::nothing(pane).to_owned(), Role::Muted),
    }
}

/// Why tiers could not be read. What the environment does not name is no part of it, and no failure.
fn failures(app: &App) -> impl Iterator<Item = &Error> {
    Tier::ALL
        .into_iter()
        .filter(|tier| app.environment.resources.names(*tier))
        .filter_map(|tier| app.seen.tier(tier).error.as_ref())
}

/// What could not be read at all: where nothing is known, nothing may look fine.
fn unread(app: &App) -> Option<String> {
    let blank = |tier: &&Tier| {
        app.environment.resources.names(**tier) && app.seen.tier(**tier).value.is_none()
    };
    let failed = |tier: &&Tier| app.seen.tier(**tier).error.is_some();
    let count = Tier::ALL.iter().filter(blank).filter(failed).count();
    let key = app.keymap.main_key("errors");
    (count > 0).then(|| {
        format!(
            "{} could not be read · {key} shows why",
            format::count(count, "tier")
        )
    })
}

/// An error in one line, with what to do.
pub(super) fn problem(error: &Error) -> String {
    let text = match &error.hint {
        Some(hint) => format!("{} · {hint}", error.message),
        None => error.message.clone(),
    };
    crate::text::neutral(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_leaves_its_lines_to_the_long_ones() {
        assert_eq!(heights(&[6, 30, 40], 30), [6, 12, 12]);
        assert_eq!(heights(&[40, 6], 20), [14, 6]);
        assert_eq!(heights(&[6, 6], 20), [6, 14]);
        assert_eq!(heights(&[], 20), [0_u16; 0]);
    }

    #[test]
    fn the_first_pane_stays_and_the_one_with_the_keys_is_always_in_sight() {
        let all = [Pane::Services, Pane::Tasks, Pane::Rollouts, Pane::Scaling];
        assert_eq!(
            in_sight(&all, Pane::Services, 3),
            [Pane::Services, Pane::Tasks, Pane::Rollouts]
        );
        assert_eq!(
            in_sight(&all, Pane::Rollouts, 3),
            [Pane::Services, Pane::Tasks, Pane::Rollouts]
        );
        assert_eq!(
            in_sight(&all, Pane::Scaling, 3),
            [Pane::Services, Pane::Rollouts, Pane::Scaling]
        );
        assert_eq!(in_sight(&all, Pane::Tasks, 1), [Pane::Tasks]);
    }
}
