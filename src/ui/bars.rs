//! The lines at the top and the bottom.

use super::{
    operate,
    widget::{grid, paint::style},
};
use crate::{
    app::{App, Layer, Prompt, Running, Screen, cents},
    format,
    logs::filter::FilterError,
    model::{
        Health, Tier,
        environment::{Access, Stage},
    },
    poll::{self, Pace},
    text::{cut, neutral},
    theme::Role,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    text::{Line, Span},
    widgets::Widget as _,
};
use tui_input::Input;

/// From this width the header has room for what the console's requests cost.
const SPENT_FROM: u16 = 100;

/// A piece of a bar.
fn span<'a>(app: &App, role: Role, text: impl Into<std::borrow::Cow<'a, str>>) -> Span<'a> {
    Span::styled(text, style(&app.theme, role))
}

/// The top line: where we are on the left, how it is on the right. What matters less gives way first.
pub(super) fn header(app: &App, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, style(&app.theme, Role::Bar));
    let environment = &app.environment;
    let mut left = vec![
        span(app, Role::Accent, " hydren "),
        span(app, Role::Text, " "),
    ];
    match environment.stage {
        Stage::Production => {
            left.push(span(
                app,
                Role::Production,
                format!(" PRODUCTION {} ", neutral(&environment.name)),
            ));
        }
        Stage::Development => {
            let name = neutral(&environment.name).into_owned();
            left.push(Span::styled(name, own_colour(app)));
        }
    }
    if environment.access == Access::ReadOnly {
        left.push(span(app, Role::Warning, " read-only"));
    }
    left.push(span(
        app,
        Role::Muted,
        format!(" · {}", neutral(&environment.region)),
    ));
    if let Some(identity) = &app.seen.identity.value {
        let account = grouped(&identity.account);
        left.push(span(
            app,
            Role::Muted,
            format!(" · {account} {}", neutral(identity.short())),
        ));
    }

    let mut right = Vec::new();
    if area.width >= SPENT_FROM {
        // The console knows its own bill: the price of its AWS requests so far.
        right.push(span(
            app,
            Role::Muted,
            format!("{} API  ", cents(&app.spent)),
        ));
    }
    right.extend(operate::under_way(app));
    right.extend(credentials(app));
    right.push(freshness(app));
    for severity in [Health::Critical, Health::Warning] {
        let count = app.finding_count(severity);
        if count > 0 {
            right.push(span(
                app,
                grid::role(severity),
                format!("  {} {count}", severity.glyph()),
            ));
        }
    }
    if app.unread_errors > 0 {
        right.push(span(
            app,
            Role::Warning,
            format!("  ! {}", app.unread_errors),
        ));
    }
    let clock = format::clock(app.now);
    right.push(span(
        app,
        Role::Muted,
        format!("  {} UTC ", clock.get(..5).unwrap_or_default()),
    ));
    let right = Line::from(right).right_aligned();
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let mut left = Line::from(left);
    while left.width() > room && left.spans.len() > 3 {
        left.spans.pop();
    }
    left.render(area, buf);
    right.render(area, buf);
}

/// The look of the environment's name: its own colour, so that environments are told apart.
fn own_colour(app: &App) -> Style {
    let title = style(&app.theme, Role::Title);
    let Some(colour) = app
        .environment
        .colour
        .as_deref()
        .filter(|_| !app.theme.is_monochrome())
    else {
        return title;
    };
    if let Some(role) = Role::ALL.into_iter().find(|role| role.name() == colour) {
        return style(&app.theme, role);
    }
    colour
        .parse::<Color>()
        .map_or(title, |colour| title.fg(colour))
}

/// How long the credentials still last, in their last hour.
fn credentials(app: &App) -> Option<Span<'static>> {
    let end = app.seen.identity.value.as_ref()?.expires_at?;
    let left = end.as_second() - app.now.as_second();
    match left {
        ..=0 => Some(span(app, Role::Critical, "credentials expired  ")),
        1..=3_600 => Some(span(
            app,
            Role::Warning,
            format!("credentials {}  ", format::age(left)),
        )),
        _ => None,
    }
}

/// `123456789012` as `1234-5678-9012`.
fn grouped(account: &str) -> String {
    let digits: Vec<char> = account.chars().filter(char::is_ascii_digit).collect();
    digits
        .chunks(4)
        .map(|c| c.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("-")
}

/// Whether what is on screen is current: the oldest tier decides.
fn freshness(app: &App) -> Span<'static> {
    let failing = Tier::ALL
        .iter()
        .filter(|t| app.environment.resources.names(**t) && app.seen.tier(**t).error.is_some())
        .count();
    let loading = Tier::ALL.iter().any(|t| {
        let seen = app.seen.tier(*t);
        seen.value.is_none() && seen.error.is_none()
    });
    let metrics = app.seen.metrics.error.is_some();
    match (app.running, app.pace) {
        (Running::Frozen, _) => span(app, Role::Warning, "‖ frozen"),
        _ if loading => span(app, Role::Muted, "○ loading"),
        _ if failing > 0 => span(
            app,
            Role::Warning,
            format!("▲ {} failing", format::count(failing, "tier")),
        ),
        _ if metrics => span(app, Role::Warning, "▲ metrics failing"),
        (_, Pace::Idle) => span(
            app,
            Role::Muted,
            format!("◌ idle, polling every {}×", poll::IDLE_FACTOR),
        ),
        _ => span(app, Role::Ok, "● live"),
    }
}

/// The bottom line: the filter being typed, a notice, or the screens and the main keys.
pub(super) fn footer(app: &App, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, style(&app.theme, Role::Bar));
    if let Some(Layer::Filter(input)) = app.layers.last() {
        let text = format!(" / {}▏", neutral(input.value()));
        let hint = "words · column:value · !word   enter keeps, esc clears ";
        Line::from(span(
            app,
            Role::Text,
            cut(&text, usize::from(area.width)).into_owned(),
        ))
        .render(area, buf);
        if text.len() + hint.len() < usize::from(area.width) {
            Line::from(span(app, Role::Muted, hint))
                .right_aligned()
                .render(area, buf);
        }
        return;
    }
    if let Some(Layer::Prompt(prompt, input, fault)) = app.layers.last() {
        prompted(app, *prompt, input, fault.as_ref(), area, buf);
        return;
    }
    if let Some((notice, _)) = &app.notice {
        let text = format!(" {}", neutral(notice));
        Line::from(span(
            app,
            Role::Info,
            cut(&text, usize::from(area.width)).into_owned(),
        ))
        .render(area, buf);
        return;
    }
    let width = usize::from(area.width).saturating_sub(1);
    let fits =
        |titles, count: usize| screens(app, titles).width() + hints(app, count).width() <= width;
    // Titles are worth more than hints, and `help` is worth more than the other hints.
    let choices = [
        (Titles::All, 4),
        (Titles::All, 2),
        (Titles::All, 1),
        (Titles::Here, 4),
        (Titles::Here, 1),
        (Titles::Here, 0),
    ];
    let chosen = choices
        .into_iter()
        .find(|&(titles, count)| fits(titles, count));
    let (titles, count) = chosen.unwrap_or((Titles::Here, 0));
    screens(app, titles).render(area, buf);
    hints(app, count).right_aligned().render(area, buf);
}

/// What is typed on the log screen. What cannot be understood is marked where it stands, and told.
fn prompted(
    app: &App,
    prompt: Prompt,
    input: &Input,
    fault: Option<&FilterError>,
    area: Rect,
    buf: &mut Buffer,
) {
    let (label, hint) = match prompt {
        Prompt::Filter => (
            " filter ",
            "level:error · service:backend · field:value · -not · a or b ",
        ),
        Prompt::Search => (
            " search ",
            "words · /expression/ · field:value   n N go on ",
        ),
        Prompt::Time => (" go to ", "14:03 · 14:03:27 · -15m "),
    };
    let typed = input.value();
    let mut spans = vec![span(app, Role::Muted, label)];
    match fault {
        Some(fault) => {
            let (before, rest) = typed
                .split_at_checked(fault.at.start)
                .unwrap_or((typed, ""));
            let (wrong, after) = rest.split_at_checked(fault.at.len()).unwrap_or((rest, ""));
            let wrong = if wrong.is_empty() { "^" } else { wrong };
            spans.push(span(app, Role::Text, neutral(before).into_owned()));
            spans.push(span(app, Role::Critical, neutral(wrong).into_owned()));
            spans.push(span(app, Role::Text, format!("{}▏", neutral(after))));
            spans.push(span(app, Role::Warning, format!("  {}", fault.message)));
        }
        None => spans.push(span(app, Role::Text, format!("{}▏", neutral(typed)))),
    }
    let line = Line::from(spans);
    let width = line.width();
    line.render(area, buf);
    if fault.is_none() && width + hint.len() < usize::from(area.width) {
        Line::from(span(app, Role::Muted, hint))
            .right_aligned()
            .render(area, buf);
    }
}

/// Which screens are written with their titles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Titles {
    All,
    Here,
}

fn screens(app: &App, titles: Titles) -> Line<'static> {
    let mut spans = vec![span(app, Role::Text, " ")];
    // What belongs to another screen is written while it is open: there is room for no more.
    let shown = |screen: &Screen| *screen != Screen::Flows || *screen == app.screen;
    for screen in Screen::ALL.into_iter().filter(shown) {
        let here = screen == app.screen;
        spans.push(span(
            app,
            Role::Key,
            app.keymap.main_key(screen.command()).to_owned(),
        ));
        if titles == Titles::All || here {
            let role = if here { Role::Accent } else { Role::Muted };
            spans.push(span(app, role, format!(" {}", screen.title())));
        }
        spans.push(span(app, Role::Text, "  "));
    }
    Line::from(spans)
}

/// The last `count` of the main hints.
fn hints(app: &App, count: usize) -> Line<'static> {
    let names = ["filter", "actions", "palette", "help"];
    let mut hints = Vec::new();
    for command in names
        .into_iter()
        .skip(names.len() - count)
        .filter_map(crate::command::find)
    {
        hints.push(span(
            app,
            Role::Key,
            app.keymap.main_key(command.name).to_owned(),
        ));
        hints.push(span(app, Role::Muted, format!(" {}  ", command.title)));
    }
    Line::from(hints)
}

/// What a terminal too small for the console still shows.
pub(super) fn too_small(app: &App, area: Rect, buf: &mut Buffer) {
    let health = app.assessment.health;
    let lines = [
        format!("{} {}", health.glyph(), health.word()),
        neutral(&app.environment.name).into_owned(),
        "needs 40×10".to_owned(),
    ];
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        let text = cut(line, usize::from(area.width));
        buf.set_string(area.x, y, &text, style(&app.theme, grid::role(health)));
    }
}
