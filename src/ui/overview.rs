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
    widget::{grid, paint::style, pane::Pane as Frame, sparkline::Sparkline},
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

/// Cells between two hops side by side, with the arrow in them.
const ARROW: u16 = 4;

/// Cells for the titles of hops in lines of their own.
const TITLE: u16 = 18;

/// Cells for two figures in such a line.
const FIGURES: u16 = 22;

/// Least and most cells of a sparkline in such a line.
const SPARK: (u16, u16) = (6, 24);

pub(super) fn render(app: &App, area: Rect, buf: &mut Buffer) {
    let scope = app.scope();
    let hops = overview::path(&scope);
    let mut branches = overview::branches(&scope);
    let more = branches.len().saturating_sub(BRANCHES);
    branches.truncate(BRANCHES);
    let wide = area.width >= SIDE_BY_SIDE;
    let hop_lines = if wide { 5 } else { hops.len() };
    let all = hop_lines + branches.len() + usize::from(more > 0) + 2;
    let height = u16::try_from(all)
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
    let (below, fork) = if wide {
        across(app, &hops, inner, buf)
    } else {
        (inner.y, inner)
    };
    let lines: Vec<(&str, &Hop)> = (hops.iter().filter(|_| !wide).map(|hop| ("", hop)))
        .chain(branches.iter().map(|hop| ("└─▶ ", hop)))
        .collect();
    let places = if wide {
        Places::beneath(&lines, fork.width)
    } else {
        Places::alone(&lines, fork.width)
    };
    for ((lead, hop), y) in lines.iter().zip(below..inner.bottom()) {
        let area = Rect {
            y,
            height: 1,
            ..fork
        };
        line(app, hop, lead, &places, area, buf);
    }
    let last = below + u16::try_from(lines.len()).unwrap_or(0);
    if more > 0 && last < inner.bottom() {
        let text = format!("    and {more} more services");
        buf.set_string(fork.x, last, text, style(&app.theme, Role::Muted));
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

/// Glyph and words of a hop's verdict.
fn verdict(hop: &Hop) -> String {
    format!("{} {}", hop.health.glyph(), neutral(&hop.verdict))
}

fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// Shares out `total` cells by what each one needs: all get the same, unless that is too little for some and others can spare it.
fn shares(needs: &[u16], total: u16) -> Vec<u16> {
    let enough = needs.iter().sum::<u16>() <= total;
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|&i| needs[i]);
    if enough {
        order.reverse();
    }
    let mut shares = vec![0; needs.len()];
    let mut left = total;
    for (done, i) in order.into_iter().enumerate() {
        let same = left / u16::try_from(needs.len() - done).unwrap_or(1);
        shares[i] = if enough {
            needs[i].max(same)
        } else {
            needs[i].min(same)
        };
        left -= shares[i];
    }
    shares
}

/// Hops side by side, each as wide as its verdict at least; gives the line below them, and where those hops begin beside which
/// others branch off.
fn across(app: &App, hops: &[Hop], area: Rect, buf: &mut Buffer) -> (u16, Rect) {
    let verdicts: Vec<String> = hops.iter().map(verdict).collect();
    let needs: Vec<u16> = verdicts.iter().map(|text| width(text) + ARROW).collect();
    let mut fork = area;
    let mut x = area.x;
    for (index, (hop, wide)) in hops.iter().zip(shares(&needs, area.width)).enumerate() {
        let width = wide.saturating_sub(ARROW);
        let put = |buf: &mut Buffer, line: u16, role: Role, text: &str| {
            if line < area.height {
                let text = cut(text, usize::from(width));
                buf.set_string(x, area.y + line, &text, style(&app.theme, role));
            }
        };
        put(buf, 0, Role::Title, &neutral(&hop.title));
        put(buf, 1, grid::role(hop.health), &verdicts[index]);
        // Half a figure tells nothing.
        let fitting = hop.figures.iter().filter(|text| self::width(text) <= width);
        for (line, figure) in (2..4).zip(fitting) {
            put(buf, line, Role::Muted, figure);
        }
        let below = Rect {
            x,
            y: area.y + 4,
            width,
            height: 1,
        };
        if area.height > 4 {
            spark(app, hop, below, buf);
        }
        if index == overview::FORK {
            fork = Rect {
                x,
                width: area.right() - x,
                ..area
            };
        }
        x += wide;
        if index + 1 < hops.len() && wide > ARROW {
            let role = style(&app.theme, Role::Faint);
            buf.set_string(x - 3, area.y + 1, "─▶", role);
        }
    }
    (area.y + 5, fork)
}

/// How wide the parts of hops in lines of their own are: the verdict has its words first, then come the figures, and what is left
/// draws the series.
struct Places {
    verdict: u16,
    figures: u16,
    spark: u16,
}

impl Places {
    /// Places in `width` of lines that stand alone.
    fn alone(lines: &[(&str, &Hop)], width: u16) -> Self {
        let verdict = widest(lines).max(FIGURES) + 1;
        let left = width.saturating_sub(TITLE + verdict);
        let (least, most) = SPARK;
        let spark = left.saturating_sub(FIGURES).min(most);
        let spark = if spark < least { 0 } else { spark };
        Self {
            verdict,
            figures: left - spark,
            spark,
        }
    }

    /// Places in `width` of lines beneath hops that stand side by side: a series would seem to belong to the hop above it.
    fn beneath(lines: &[(&str, &Hop)], width: u16) -> Self {
        let verdict = widest(lines) + 2;
        Self {
            verdict,
            figures: width.saturating_sub(TITLE + verdict),
            spark: 0,
        }
    }
}

/// The widest verdict's cells.
fn widest(lines: &[(&str, &Hop)]) -> u16 {
    let verdicts = lines.iter().map(|(_, hop)| width(&verdict(hop)));
    verdicts.max().unwrap_or(0)
}

/// A hop in one line: title, verdict, figures, sparkline.
fn line(app: &App, hop: &Hop, lead: &str, places: &Places, area: Rect, buf: &mut Buffer) {
    let figures = whole(&hop.figures, usize::from(places.figures).saturating_sub(1));
    let mut x = area.x;
    for (text, width, role) in [
        (format!("{lead}{}", neutral(&hop.title)), TITLE, Role::Title),
        (verdict(hop), places.verdict, grid::role(hop.health)),
        (figures, places.figures, Role::Muted),
    ] {
        let room = width.min(area.right().saturating_sub(x));
        let fitting = cut(&text, usize::from(room.saturating_sub(1)));
        buf.set_string(x, area.y, &fitting, style(&app.theme, role));
        x += room;
    }
    let right = Rect {
        x: area.right().saturating_sub(places.spark),
        width: places.spark,
        ..area
    };
    spark(app, hop, right, buf);
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
        role: Role::Series1,
    };
    (&line).render(area, buf);
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn hops_are_equally_wide_unless_one_has_more_to_say() {
        assert_eq!(shares(&[12, 16, 19], 60), [20, 20, 20]);
        assert_eq!(shares(&[12, 30, 19], 70), [20, 30, 20]);
        assert_eq!(
            shares(&[12, 40, 40], 60),
            [12, 24, 24],
            "not enough for all"
        );
        assert_eq!(shares(&[], 60), [0; 0]);
    }
}
