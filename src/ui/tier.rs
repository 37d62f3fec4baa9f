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
    app::{App, Pane},
    error::Error,
    format,
    grid::Value,
    model::{Health, Tier, metric::Series},
    poll,
    theme::Role,
    view::{self, Chart},
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
    let small = area.height < 30;
    let facts_height = if pairs.is_empty() {
        0
    } else {
        let most = if small { 4 } else { 12 };
        (facts.height(area.width.saturating_sub(4)) + 2).min(most + 2)
    };
    let chart_height = match area.height {
        _ if charts.is_empty() => 0,
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
        draw_charts(app, &charts, middle, buf);
    }
    panes(app, bottom, buf);
}

/// Title and state above the facts: the worst tier of the screen speaks.
fn verdict(app: &App) -> (String, String, Role) {
    let tiers = app.screen.tiers();
    let title = tiers
        .iter()
        .map(|t| t.title())
        .collect::<Vec<_>>()
        .join(" · ");
    let worst = tiers
        .iter()
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
    let state = format!("{} {ends}", app.window.label());
    (&Frame::new(&app.theme, &chart.title).state(&state, Role::Muted)).render(area, buf);
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
        title: "",
        unit: first.metric.spec().unit,
        window: known.window,
        lines: &lines,
        thresholds: &thresholds,
        cursor: None,
    };
    (&widget).render(inner, buf);
}

/// The panes: the one with the keys first and largest, the others in their order as far as there is room.
fn panes(app: &App, area: Rect, buf: &mut Buffer) {
    let focused = app.focused();
    let all = app.screen.panes();
    let columns: u16 = if area.width >= 160 { 2 } else { 1 };
    let rows = (area.height / PANE_HEIGHT.max(1)).max(1);
    let room = usize::from(rows * columns);
    if room >= all.len() {
        // Everything fits: every pane has its place, whatever has the keys, so that nothing jumps.
        let split = all.len().div_ceil(usize::from(columns));
        let sides = Layout::horizontal(vec![Constraint::Fill(1); usize::from(columns)]).split(area);
        for (side, panes) in sides.iter().zip(all.chunks(split)) {
            let slots = Layout::vertical(vec![Constraint::Fill(1); panes.len()]).split(*side);
            for (p, slot) in panes.iter().zip(slots.iter()) {
                pane(app, *p, *slot, buf);
            }
        }
        return;
    }
    let [tabs, rest] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    tab_line(app, tabs, buf);
    // The first pane is what the others hang on: with room for two it stays, above the one that has the keys.
    let shown = match (rest.height >= 2 * PANE_HEIGHT, all) {
        (true, [first, second, ..]) => {
            vec![*first, if focused == *first { *second } else { focused }]
        }
        _ => vec![focused],
    };
    let heights: Vec<Constraint> = shown
        .iter()
        .map(|p| Constraint::Fill(if *p == focused { 3 } else { 2 }))
        .collect();
    for (p, slot) in shown
        .iter()
        .zip(Layout::vertical(heights).split(rest).iter())
    {
        pane(app, *p, *slot, buf);
    }
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
    let Some(tier) = pane.tier() else {
        let word = match pane {
            Pane::Findings if app.assessment.health == Health::Unknown => "nothing is known yet",
            Pane::Findings => "nothing is wrong, as far as the rules see",
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
        (Some(_), _) => ("none".to_owned(), Role::Muted),
    }
}

/// An error in one line, with what to do.
fn problem(error: &Error) -> String {
    let text = match &error.hint {
        Some(hint) => format!("{} · {hint}", error.message),
        None => error.message.clone(),
    };
    crate::text::neutral(&text).into_owned()
}
