//! Dialogs: help, errors, details, palette, pickers.

use super::{
    operate,
    widget::{
        grid,
        paint::style,
        pane::{Focus, Pane as Frame},
    },
};
use crate::{
    app::{App, Layer, Lines, Listing},
    command::{COMMANDS, Group},
    format,
    model::Health,
    text::{cut, neutral, wrap},
    theme::Role,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget as _},
};
use unicode_width::UnicodeWidthStr as _;

/// Draws a dialog over `body`.
pub(super) fn render(app: &App, layer: &Layer, body: Rect, _bottom: Rect, buf: &mut Buffer) {
    match layer {
        // The filter is typed in the bottom line.
        Layer::Filter(_) | Layer::Prompt(..) => {}
        Layer::Insights => super::insights::render(app, body, buf),
        Layer::Help(lines) => text(app, "Keys", &help(app, body.width), lines, body, buf),
        Layer::Errors(lines) => text(app, "Errors", &errors(app, body.width), lines, body, buf),
        Layer::Describe {
            title,
            text: pairs,
            lines,
        } => {
            text(
                app,
                title,
                &described(app, pairs, body.width),
                lines,
                body,
                buf,
            );
        }
        Layer::Fill(filling) => operate::fill(app, filling, body, buf),
        Layer::Review(review) => operate::review(app, review, body, buf),
        Layer::Watch(index, lines) => operate::watch(app, *index, lines, body, buf),
        Layer::Palette(listing) => list(app, "Commands", listing, body, buf),
        Layer::Actions(listing) => list(app, "Actions", listing, body, buf),
        Layer::Pick(picker, listing) => list(app, picker.title(), listing, body, buf),
    }
}

/// Clears the middle of `body` and frames it; gives what is inside.
pub(super) fn frame(
    app: &App,
    title: &str,
    state: &str,
    body: Rect,
    size: (u16, u16),
    buf: &mut Buffer,
) -> Rect {
    let width = size.0.min(body.width.saturating_sub(2));
    let height = size.1.min(body.height);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 3,
        width,
        height,
    };
    Clear.render(area, buf);
    buf.set_style(area, style(&app.theme, Role::Screen));
    (&Frame::new(&app.theme, title)
        .state(state, Role::Muted)
        .focus(Focus::Here))
        .render(area, buf);
    let inner = Frame::inner(area);
    Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

/// A scrolled text in a dialog.
fn text(app: &App, title: &str, all: &[Line<'_>], lines: &Lines, body: Rect, buf: &mut Buffer) {
    let widest = all
        .iter()
        .map(Line::width)
        .max()
        .unwrap_or(0)
        .max(title.chars().count() + 20);
    let width = u16::try_from(widest)
        .unwrap_or(u16::MAX)
        .saturating_add(4)
        .max(40);
    let height = u16::try_from(all.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let room = usize::from(body.height.saturating_sub(2));
    let top = lines.top(all.len(), room);
    let state = if all.len() > room {
        format!("{}/{}", (top + room).min(all.len()), all.len())
    } else {
        String::new()
    };
    let inner = frame(app, title, &state, body, (width, height), buf);
    for (line, y) in all.iter().skip(top).zip(inner.y..inner.bottom()) {
        line.render(
            Rect {
                y,
                height: 1,
                ..inner
            },
            buf,
        );
    }
}

pub(super) fn span(app: &App, role: Role, text: impl Into<String>) -> Span<'static> {
    Span::styled(text.into(), style(&app.theme, role))
}

fn help(app: &App, width: u16) -> Vec<Line<'static>> {
    const KEYS: usize = 14;
    let room = usize::from(width).saturating_sub(KEYS + 8).max(20);
    let mut lines = Vec::new();
    for group in Group::ALL {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(span(app, Role::Title, group.title())));
        for command in COMMANDS.iter().filter(|c| c.group == group) {
            let keys = app.keymap.keys(command.name).join(" ");
            for (i, part) in wrap(command.doc, room).into_iter().enumerate() {
                let keys = if i == 0 { keys.as_str() } else { "" };
                lines.push(Line::from(vec![
                    span(app, Role::Key, format!("{keys:>KEYS$}  ")),
                    span(app, Role::Text, part),
                ]));
            }
        }
    }
    lines
}

fn errors(app: &App, width: u16) -> Vec<Line<'static>> {
    if app.errors.is_empty() {
        return vec![Line::from(span(app, Role::Muted, "no errors"))];
    }
    let room = usize::from(width).saturating_sub(8).max(20);
    let mut lines = Vec::new();
    for seen in app.errors.iter().rev() {
        let clock = format::clock(seen.at);
        let what = format!("{} · {}", seen.error.kind.label(), seen.places.join(", "));
        for (i, part) in wrap(&what, room.saturating_sub(clock.len() + 1))
            .into_iter()
            .enumerate()
        {
            let time = if i == 0 { clock.as_str() } else { "" };
            lines.push(Line::from(vec![
                span(app, Role::Muted, format!("{time:0$} ", clock.len())),
                span(app, grid::role(Health::Warning), part),
            ]));
        }
        let hint = seen.error.hint.iter().map(|h| format!("→ {h}"));
        let causes = std::iter::successors(std::error::Error::source(&seen.error), |e| e.source())
            .map(ToString::to_string);
        // What to do comes before how it came about, which can be long.
        let what = std::iter::once(seen.error.message.clone()).chain(hint);
        for (role, text) in what
            .map(|text| (Role::Text, text))
            .chain(causes.map(|text| (Role::Muted, text)))
        {
            for part in wrap(&neutral(&text), room) {
                lines.push(Line::from(span(app, role, format!("  {part}"))));
            }
        }
    }
    lines
}

fn described(app: &App, pairs: &[(String, String)], width: u16) -> Vec<Line<'static>> {
    let label = pairs
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(34);
    let room = usize::from(width).saturating_sub(label + 10).max(16);
    let mut lines = Vec::new();
    for (name, value) in pairs {
        let mut parts = wrap(&neutral(value), room).into_iter();
        let first = parts.next().unwrap_or_default();
        lines.push(Line::from(vec![
            span(
                app,
                Role::Muted,
                format!("{:label$}  ", cut(&neutral(name), label)),
            ),
            span(app, Role::Text, first),
        ]));
        lines.extend(
            parts.map(|part| Line::from(span(app, Role::Text, format!("{:label$}  {part}", "")))),
        );
    }
    lines
}

/// A list with a line to type into.
fn list(app: &App, title: &str, listing: &Listing, body: Rect, buf: &mut Buffer) {
    /// Cells for the key and the gaps.
    const KEY: usize = 14;
    let longest = |part: fn(&(String, String)) -> &String| {
        let widths = listing.entries.iter().map(|e| part(e).width());
        widths.max().unwrap_or(0)
    };
    let (name, doc) = (longest(|e| &e.0), longest(|e| &e.1));
    let width = u16::try_from(name + doc + KEY + 4).unwrap_or(u16::MAX);
    let height = u16::try_from(listing.entries.len())
        .unwrap_or(u16::MAX)
        .saturating_add(4);
    let state = format!("{} of {}", listing.found.len(), listing.entries.len());
    let inner = frame(
        app,
        title,
        &state,
        body,
        (width.clamp(84, 120), height),
        buf,
    );
    if inner.height < 3 {
        return;
    }
    // Explanations give way to names that are longer than most.
    let name = name.clamp(
        12,
        usize::from(inner.width).saturating_sub(doc + KEY).max(40),
    );
    let typed = format!("› {}▏", neutral(listing.input.value()));
    buf.set_string(
        inner.x,
        inner.y,
        cut(&typed, usize::from(inner.width)),
        style(&app.theme, Role::Text),
    );
    let room = usize::from(inner.height - 2);
    let first = (listing.cursor + 1).saturating_sub(room);
    for ((position, &index), y) in listing
        .found
        .iter()
        .enumerate()
        .skip(first)
        .zip(inner.y + 2..inner.bottom())
    {
        let (entry, doc) = &listing.entries[index];
        let area = Rect {
            y,
            height: 1,
            ..inner
        };
        let key = app.keymap.main_key(entry);
        Line::from(vec![
            span(
                app,
                Role::Text,
                format!("{:name$}  ", cut(&neutral(entry), name)),
            ),
            span(
                app,
                Role::Muted,
                cut(doc, usize::from(inner.width).saturating_sub(name + KEY)).into_owned(),
            ),
        ])
        .render(area, buf);
        Line::from(span(app, Role::Key, key.to_owned()))
            .right_aligned()
            .render(area, buf);
        if position == listing.cursor {
            buf.set_style(area, style(&app.theme, Role::Selection));
        }
    }
}
