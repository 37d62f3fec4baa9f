//! The log screen: what is filtered and looked for, and the lines.

use super::widget::{
    grid,
    paint::style,
    pane::{Focus, Pane as Frame},
};
use crate::{
    app::App,
    format,
    logs::{
        level::Level,
        store::{DEFAULT_LIMIT, Kind, Line, Store},
        view::{Clock, Fold, LogView, Pace},
    },
    model::{
        Health, Tier,
        log::{Delivery, LogOrigin},
    },
    text::{cut, neutral},
    theme::Role,
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget as _};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Widest name of a source in the margin.
const LABEL: usize = 12;

/// Lines of an event that are shown where lines are cut.
const CUT_LINES: usize = 1;

/// Lines of an event that are shown where lines are wrapped.
const WRAPPED_LINES: usize = 200;

/// Draws the screen.
pub(super) fn render(app: &App, area: Rect, buf: &mut Buffer) {
    let logs = &app.logs;
    let (state, role) = state(app);
    (&Frame::new(&app.theme, "Logs")
        .state(&state, role)
        .focus(Focus::Here))
        .render(area, buf);
    let inner = Frame::inner(area);
    let inner = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    };
    if inner.height < 2 {
        return;
    }
    head(app, Rect { height: 1, ..inner }, buf);
    let body = Rect {
        y: inner.y + 1,
        height: inner.height - 1,
        ..inner
    };
    if logs.ids().is_empty() {
        let (text, role) = emptiness(app);
        let text = cut(&text, usize::from(body.width)).into_owned();
        let x = body.x + (body.width - u16::try_from(text.width()).unwrap_or(0)) / 2;
        buf.set_string(x, body.y + body.height / 3, text, style(&app.theme, role));
        return;
    }
    lines(app, body, buf);
}

/// How lines arrive, how far behind, and how many are kept.
fn state(app: &App) -> (String, Role) {
    let logs = &app.logs;
    let mut parts = Vec::new();
    let mut role = Role::Muted;
    match logs.pace {
        Pace::Following => parts.push("● following".to_owned()),
        Pace::Reading => {
            let place = logs.cursor_place() + 1;
            parts.push(format!("‖ {place}/{}", logs.ids().len()));
        }
    }
    match &logs.delivery {
        Some((Delivery::LiveTail, None)) => parts.push("live tail".to_owned()),
        Some((Delivery::LiveTail, Some(why))) => parts.push(format!("live tail, {}", neutral(why))),
        Some((Delivery::Polling, None)) => parts.push("polling".to_owned()),
        Some((Delivery::Polling, Some(why))) => parts.push(format!("polling: {}", neutral(why))),
        None => {}
    }
    if let Some(up_to) = logs.up_to {
        let lag = app.now.as_second() - up_to.as_second();
        // A second more or less is how often it is asked.
        if lag > 5 {
            parts.push(format!("{} behind", format::age(lag)));
            role = Role::Warning;
        }
    }
    if logs.sampled > 0 {
        parts.push("sampled".to_owned());
        role = Role::Warning;
    }
    if !logs.failures.is_empty() {
        parts.push(format!(
            "▲ {} failing",
            format::count(logs.failures.len(), "source")
        ));
        role = Role::Warning;
    }
    if logs.store.dropped() > 0 {
        parts.push(format!("{} older dropped", logs.store.dropped()));
    }
    (parts.join(" · "), role)
}

/// The filter, the search, and how many lines there are.
fn head(app: &App, area: Rect, buf: &mut Buffer) {
    let logs = &app.logs;
    let mut parts: Vec<(Role, String)> = Vec::new();
    let key = |name: &str| app.keymap.main_key(name).to_owned();
    if logs.in_context() {
        parts.push((
            Role::Info,
            format!("all lines around · {} comes back", key("context")),
        ));
    } else if logs.filter().is_empty() {
        parts.push((
            Role::Muted,
            format!(
                "all lines · {} filters · {} searches",
                key("log-filter"),
                key("filter")
            ),
        ));
    } else {
        parts.push((Role::Muted, "filter ".to_owned()));
        parts.push((
            Role::Text,
            app.shown_text(logs.filter().text()).into_owned(),
        ));
        let more = if logs.is_complete() { "" } else { "…" };
        parts.push((
            Role::Muted,
            format!(
                "  {}{more} of {}",
                logs.ids().len(),
                logs.store.order().len()
            ),
        ));
    }
    if !logs.search().is_empty() {
        parts.push((Role::Muted, "   search ".to_owned()));
        parts.push((
            Role::Match,
            app.shown_text(logs.search().text()).into_owned(),
        ));
        if let (Some((here, all)), Some((_, complete))) = (logs.hit_number(), logs.hits()) {
            let more = if complete { "" } else { "…" };
            parts.push((Role::Muted, format!("  {here}/{all}{more}")));
        }
    }
    let mut x = area.x;
    for (role, text) in parts {
        let room = usize::from(area.right().saturating_sub(x));
        let text = cut(&text, room).into_owned();
        buf.set_string(x, area.y, &text, style(&app.theme, role));
        x += u16::try_from(text.width()).unwrap_or(0);
    }
    let held = held(&logs.store);
    let width = u16::try_from(held.width()).unwrap_or(0);
    if x + width + 2 <= area.right() {
        buf.set_string(
            area.right() - width,
            area.y,
            held,
            style(&app.theme, Role::Muted),
        );
    }
}

/// `1204 lines` and, once it matters, how full the store is.
fn held(store: &Store) -> String {
    let count = format::count(store.order().len(), "line");
    let (bytes, limit) = (store.bytes() >> 20, store.limit() >> 20);
    if store.bytes() * 2 > store.limit() || store.limit() != DEFAULT_LIMIT {
        return format!("{count} · {bytes} of {limit} MiB");
    }
    count
}

fn emptiness(app: &App) -> (String, Role) {
    let logs = &app.logs;
    if !logs.store.order().is_empty() {
        let text = if logs.is_complete() {
            "no line passes the filter"
        } else {
            "searching"
        };
        return (text.to_owned(), Role::Muted);
    }
    if let Some(error) = logs.failures.values().next() {
        return (super::tier::problem(error), Role::Warning);
    }
    let ecs = app.seen.tier(Tier::Ecs);
    let real = logs
        .sources
        .iter()
        .any(|s| s.origin != LogOrigin::EcsEvents);
    match (real, logs.up_to) {
        (false, _) if ecs.value.is_none() => match &ecs.error {
            // The services say which groups they write to.
            Some(error) => (super::tier::problem(error), Role::Warning),
            None => ("loading".to_owned(), Role::Muted),
        },
        (false, _) => (
            "no log group is known: set log_groups in hydren.toml, or give the containers the awslogs driver".to_owned(),
            Role::Warning,
        ),
        (true, None) => ("loading".to_owned(), Role::Muted),
        (true, Some(_)) => ("no line was written in the last quarter of an hour".to_owned(), Role::Muted),
    }
}

/// What is drawn of each line on the left.
struct Margin {
    time: usize,
    label: usize,
}

impl Margin {
    fn of(logs: &LogView, width: u16) -> Self {
        let label = logs
            .sources
            .iter()
            .map(|s| s.label.width())
            .max()
            .unwrap_or(0);
        Self {
            time: match logs.clock {
                Clock::Utc | Clock::Local => 12,
                Clock::Relative => 8,
            },
            label: label.clamp(3, if width < 100 { 8 } else { LABEL }),
        }
    }

    /// Cells before the text: mark, time, level, source, and blanks between.
    const fn width(&self) -> usize {
        1 + self.time + 1 + 1 + 1 + self.label + 1
    }
}

fn lines(app: &App, area: Rect, buf: &mut Buffer) {
    let logs = &app.logs;
    let margin = Margin::of(logs, area.width);
    let room = usize::from(area.height);
    let top = logs.top_place(room);
    let cursor = logs.cursor_place();
    let keys = |place| {
        if place == cursor {
            Focus::Here
        } else {
            Focus::Elsewhere
        }
    };
    let shown = logs
        .ids()
        .iter()
        .enumerate()
        .skip(top)
        .take(room)
        .filter_map(|(place, id)| Some((place, logs.store.line(*id)?)));
    match logs.fold {
        Fold::Cut => {
            for ((place, line), y) in shown.zip(area.y..area.bottom()) {
                let row = Rect {
                    y,
                    height: 1,
                    ..area
                };
                let text = folded(app, &line, usize::MAX, CUT_LINES);
                draw(app, &line, &margin, &text, keys(place), row, buf);
            }
        }
        Fold::Wrapped => {
            let width = usize::from(area.width)
                .saturating_sub(margin.width())
                .max(8);
            let all: Vec<(usize, Line<'_>, Vec<String>)> = shown
                .map(|(place, line)| {
                    let text = folded(app, &line, width, WRAPPED_LINES);
                    (place, line, text)
                })
                .collect();
            // The cursor's line must be in sight: what does not fit gives way at the top.
            let until = |first: usize| -> usize {
                all[first..]
                    .iter()
                    .take_while(|(place, ..)| *place <= cursor)
                    .map(|(_, _, text)| text.len())
                    .sum()
            };
            let mut first = 0;
            while first + 1 < all.len() && all[first].0 < cursor && until(first) > room {
                first += 1;
            }
            let mut y = area.y;
            for (place, line, text) in &all[first..] {
                let height = u16::try_from(text.len())
                    .unwrap_or(u16::MAX)
                    .min(area.bottom() - y);
                if height == 0 {
                    break;
                }
                let rows = Rect { y, height, ..area };
                draw(app, line, &margin, text, keys(*place), rows, buf);
                y += height;
            }
        }
    }
}

/// A line's text in pieces of `width` cells, neutralised; `…` says that there are more than `most`.
fn folded(app: &App, line: &Line<'_>, width: usize, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let shown = app.shown_line(line);
    let count = shown.lines().count();
    for part in shown.lines() {
        let text = neutral(part);
        if text.width() <= width {
            pieces.push(text.into_owned());
        } else {
            let mut piece = String::new();
            let mut used = 0;
            for grapheme in text.graphemes(true) {
                let cells = grapheme.width();
                if used + cells > width {
                    pieces.push(std::mem::take(&mut piece));
                    used = 0;
                }
                piece.push_str(grapheme);
                used += cells;
            }
            pieces.push(piece);
        }
        if pieces.len() >= most {
            break;
        }
    }
    if pieces.is_empty() {
        pieces.push(String::new());
    }
    if most == CUT_LINES && count > 1 {
        // Of a traceback the first line says what was done, the last what went wrong.
        let last = shown.lines().next_back().unwrap_or_default();
        let text = format!("{} ⏎ +{} ⏎ {}", pieces[0], count - 1, neutral(last));
        pieces = vec![text];
    }
    pieces.truncate(most);
    pieces
}

fn draw(
    app: &App,
    line: &Line<'_>,
    margin: &Margin,
    text: &[String],
    keys: Focus,
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = &app.theme;
    let logs = &app.logs;
    let (glyph, role) = level(line.level);
    let text_role = match line.level {
        _ if line.kind == Kind::Gap => Role::Warning,
        Level::Trace | Level::Debug => Role::Muted,
        _ => Role::Text,
    };
    let mark = if logs.bookmarks.contains(&line.id) {
        "◆"
    } else {
        " "
    };
    let x = area.x;
    buf.set_string(x, area.y, mark, style(theme, Role::Accent));
    buf.set_string(
        x + 1,
        area.y,
        time(app, line.at, margin.time),
        style(theme, Role::Muted),
    );
    let x = x + 2 + u16::try_from(margin.time).unwrap_or(0);
    buf.set_string(x, area.y, glyph, style(theme, role));
    let label = cut(&line.stream.label, margin.label).into_owned();
    buf.set_string(
        x + 2,
        area.y,
        label,
        style(theme, source(line.stream.origin)),
    );
    let start = area.x + u16::try_from(margin.width()).unwrap_or(0);
    let room = usize::from(area.right().saturating_sub(start));
    for (part, y) in text.iter().zip(area.y..area.bottom()) {
        let (shown, hidden) = sideways(part, if logs.fold == Fold::Cut { logs.left } else { 0 });
        let visible = cut(shown, room).into_owned();
        buf.set_stringn(start, y, &visible, room, style(theme, text_role));
        let marks = [
            (
                logs.filter(),
                Style::default().patch(style(theme, Role::Info)),
            ),
            (logs.search(), style(theme, Role::Match)),
        ];
        for (filter, look) in marks {
            for range in filter.highlights(part) {
                let (from, to) = (
                    range.start.max(hidden),
                    range.end.min(hidden + visible.len()),
                );
                let Some(found) = part.get(from..to).filter(|found| !found.is_empty()) else {
                    continue;
                };
                let before = part.get(hidden..from).map_or(0, str::width);
                let width = found.width().min(room.saturating_sub(before));
                let place = Rect {
                    x: start + u16::try_from(before.min(room)).unwrap_or(0),
                    y,
                    width: u16::try_from(width).unwrap_or(0),
                    height: 1,
                };
                buf.set_style(place, look);
            }
        }
    }
    if keys == Focus::Here {
        buf.set_style(area, style(theme, Role::Selection));
    }
}

/// A text without its first `left` cells, and how many bytes those take.
fn sideways(text: &str, left: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= left {
            return (&text[at..], at);
        }
        used += grapheme.width();
    }
    ("", text.len())
}

fn time(app: &App, at: i64, width: usize) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    match app.logs.clock {
        Clock::Utc => at.strftime("%H:%M:%S%.3f").to_string(),
        Clock::Local => at
            .to_zoned(app.zone.clone())
            .strftime("%H:%M:%S%.3f")
            .to_string(),
        Clock::Relative => {
            let age = format::age(app.now.as_second() - at.as_second());
            format!("{age:>width$}")
        }
    }
}

fn level(level: Level) -> (&'static str, Role) {
    match level {
        Level::Fatal | Level::Error => (Health::Critical.glyph(), grid::role(Health::Critical)),
        Level::Warning => (Health::Warning.glyph(), grid::role(Health::Warning)),
        Level::Info => ("·", Role::Info),
        Level::Debug | Level::Trace => ("·", Role::Faint),
        Level::Unknown => (" ", Role::Muted),
    }
}

/// Sources are told apart by colour as lines of a chart are.
const fn source(origin: LogOrigin) -> Role {
    match origin {
        LogOrigin::Service => Role::Series1,
        LogOrigin::Database => Role::Series2,
        LogOrigin::FlowLogs => Role::Series3,
        LogOrigin::Waf => Role::Series4,
        LogOrigin::Balancer => Role::Series5,
        LogOrigin::EcsEvents => Role::Series6,
        LogOrigin::Other => Role::Muted,
    }
}
