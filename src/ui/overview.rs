//! The overview: the request path, then what is wrong and what happened.
//!
//! ```text
//! ╭ Request path ─────────────────────────────────────────────╮
//! │ Route 53      CloudFront     WAF   ...   RDS PostgreSQL    │   from 110 columns: hops side by side
//! ╰────────────────────────────────────────────────────────────╯   below: one line a hop
//! ╭ Findings ──────────────────╮╭ Timeline ────────────────────╮
//! ```

use super::{
    tier::pane,
    widget::{
        grid,
        paint::style,
        pane::Pane as Frame,
        sparkline::{Merge, Scale, Sparkline},
    },
};
use crate::{
    app::{App, Pane},
    text::{cut, neutral, wrap},
    theme::Role,
    view::overview::{self, Hop},
};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    widgets::Widget as _,
};
use unicode_width::UnicodeWidthStr as _;

/// From this width hops stand side by side.
const SIDE_BY_SIDE: u16 = 110;

/// Services listed beside the main one, at most.
const BRANCHES: usize = 4;

pub(super) fn render(app: &App, area: Rect, buf: &mut Buffer) {
    let scope = app.scope();
    let hops = overview::path(&scope);
    let mut branches = overview::branches(&scope);
    let more = branches.len().saturating_sub(BRANCHES);
    branches.truncate(BRANCHES);
    let wide = area.width >= SIDE_BY_SIDE;
    let hop_lines = if wide { 5 } else { hops.len() };
    let lines = hop_lines + branches.len() + usize::from(more > 0) + 2;
    let height = u16::try_from(lines)
        .unwrap_or(u16::MAX)
        .min(area.height / 2 + 2);
    let [top, rest] =
        Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);

    let health = app.assessment.health;
    let state = format!("{} {}", health.glyph(), health.word());
    (&Frame::new(&app.theme, "Request path").state(&state, grid::role(health))).render(top, buf);
    let inner = Rect {
        x: top.x + 2,
        width: top.width.saturating_sub(4),
        ..Frame::inner(top)
    };
    let below = if wide {
        across(app, &hops, inner, buf)
    } else {
        down(app, &hops, inner, buf)
    };
    for (branch, y) in branches.iter().zip(below..inner.bottom()) {
        line(
            app,
            branch,
            "└─▶ ",
            Rect {
                y,
                height: 1,
                ..inner
            },
            buf,
        );
    }
    let last = below + u16::try_from(branches.len()).unwrap_or(0);
    if more > 0 && last < inner.bottom() {
        let text = format!("    and {more} more services");
        buf.set_string(inner.x, last, text, style(&app.theme, Role::Muted));
    }

    let evidence = evidence(app);
    let [left, right] = if area.width >= SIDE_BY_SIDE {
        Layout::horizontal([Constraint::Percentage(45), Constraint::Percentage(55)]).areas(rest)
    } else {
        let rows = app.assessment.findings.len() + evidence.len() + 3;
        let height = u16::try_from(rows)
            .unwrap_or(u16::MAX)
            .clamp(4, (rest.height / 2).max(4));
        Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(rest)
    };
    findings(app, &evidence, left, buf);
    pane(app, Pane::Timeline, right, buf);
}

/// Why the selected finding is thought to be one, and what to do next.
fn evidence(app: &App) -> Vec<(Role, String)> {
    let state = &app.pane(Pane::Findings).state;
    let selected = state
        .order
        .get(state.cursor)
        .and_then(|&index| app.assessment.findings.get(index));
    let Some(finding) = selected else {
        return Vec::new();
    };
    let because = finding
        .evidence
        .iter()
        .map(|line| (Role::Text, format!("  {line}")));
    let advice = finding
        .advice
        .iter()
        .map(|line| (Role::Muted, format!("→ {line}")));
    because.chain(advice).collect()
}

/// The findings, with the evidence of the selected one beneath as far as there is room.
fn findings(app: &App, evidence: &[(Role, String)], area: Rect, buf: &mut Buffer) {
    pane(app, Pane::Findings, area, buf);
    let inner = Frame::inner(area);
    let width = usize::from(inner.width).saturating_sub(2);
    let lines: Vec<(Role, String)> = evidence
        .iter()
        .flat_map(|(role, text)| {
            wrap(&neutral(text), width)
                .into_iter()
                .map(|line| (*role, line))
        })
        .collect();
    // The rows come first: evidence only takes what they leave, below a blank line.
    let rows = app.pane(Pane::Findings).state.order.len() + 2;
    let free = usize::from(inner.height).saturating_sub(rows);
    if rows == 2 || free == 0 {
        return;
    }
    let top = inner.y + u16::try_from(rows).unwrap_or(u16::MAX);
    for ((role, line), y) in lines.iter().take(free).zip(top..inner.bottom()) {
        buf.set_string(inner.x + 1, y, line, style(&app.theme, *role));
    }
}

/// Hops side by side; gives the line below them.
fn across(app: &App, hops: &[Hop], area: Rect, buf: &mut Buffer) -> u16 {
    let columns = Layout::horizontal(vec![Constraint::Fill(1); hops.len()]).split(area);
    for (index, (hop, column)) in hops.iter().zip(columns.iter()).enumerate() {
        let width = column.width.saturating_sub(4);
        let put = |buf: &mut Buffer, line: u16, role: Role, text: &str| {
            if line < area.height {
                let text = cut(text, usize::from(width));
                buf.set_string(column.x, area.y + line, &text, style(&app.theme, role));
            }
        };
        put(buf, 0, Role::Title, &neutral(&hop.title));
        put(
            buf,
            1,
            grid::role(hop.health),
            &format!("{} {}", hop.health.glyph(), neutral(&hop.verdict)),
        );
        for (line, figure) in (2..4).zip(&hop.figures) {
            put(buf, line, Role::Muted, figure);
        }
        if area.height > 4 {
            spark(
                app,
                hop,
                Rect {
                    x: column.x,
                    y: area.y + 4,
                    width,
                    height: 1,
                },
                buf,
            );
        }
        if index + 1 < hops.len() && column.width > 4 {
            buf.set_string(
                column.right() - 3,
                area.y + 1,
                "─▶",
                style(&app.theme, Role::Faint),
            );
        }
    }
    area.y + 5
}

/// One line a hop; gives the line below them.
fn down(app: &App, hops: &[Hop], area: Rect, buf: &mut Buffer) -> u16 {
    let mut y = area.y;
    for hop in hops {
        if y >= area.bottom() {
            break;
        }
        line(
            app,
            hop,
            "",
            Rect {
                y,
                height: 1,
                ..area
            },
            buf,
        );
        y += 1;
    }
    y
}

/// A hop in one line: title, verdict, figures, sparkline.
fn line(app: &App, hop: &Hop, lead: &str, area: Rect, buf: &mut Buffer) {
    let verdict = format!("{} {}", hop.health.glyph(), neutral(&hop.verdict));
    let title = format!("{lead}{}", neutral(&hop.title));
    let room = area.width.saturating_sub(18 + 23);
    let spark_width = room.saturating_sub(22).min(24);
    let figures = whole(
        &hop.figures,
        usize::from(room - spark_width).saturating_sub(2),
    );
    let mut x = area.x;
    for (text, width, role) in [
        (title.as_str(), 18, Role::Title),
        (verdict.as_str(), 23, grid::role(hop.health)),
        (
            figures.as_str(),
            room.saturating_sub(spark_width + 1),
            Role::Muted,
        ),
    ] {
        let fitting = cut(text, usize::from(width).saturating_sub(1));
        buf.set_string(x, area.y, &fitting, style(&app.theme, role));
        x += width;
    }
    spark(
        app,
        hop,
        Rect {
            x: area.right().saturating_sub(spark_width),
            width: spark_width,
            ..area
        },
        buf,
    );
}

/// The first figures, at most two, that fit in `width` as a whole: half a figure tells nothing.
fn whole(figures: &[String], width: usize) -> String {
    let mut line = String::new();
    for figure in figures.iter().take(2) {
        let gap = if line.is_empty() { "" } else { "  " };
        if line.width() + gap.len() + figure.width() > width {
            break;
        }
        line.push_str(gap);
        line.push_str(figure);
    }
    line
}

fn spark(app: &App, hop: &Hop, area: Rect, buf: &mut Buffer) {
    let metrics = app.scope().metrics();
    let Some(series) = hop.spark.as_ref().and_then(|id| metrics?.series.get(id)) else {
        return;
    };
    let line = Sparkline {
        theme: &app.theme,
        values: &series.values,
        merge: Merge::Max,
        scale: Scale::Own,
        role: Role::Series1,
    };
    (&line).render(area, buf);
}
