//! A question to Logs Insights: what it is put to and what that costs, its progress, and the rows of its answer.

use super::widget::{
    grid::Sheet,
    paint::style,
    pane::{Focus, Pane as Frame},
};
use crate::{
    app::{App, Asking, Editor, Insights, Pane, bill},
    cloud::meter,
    format,
    model::log::{InsightsAnswer, QueryState},
    text::{cut, neutral, wrap},
    theme::Role,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget as _},
};

/// Draws the question of `app` over `body`.
pub(super) fn render(app: &App, body: Rect, buf: &mut Buffer) {
    let Some(insights) = &app.insights else {
        return;
    };
    let title = format!("Logs Insights · {}", insights.name);
    let state = state(app, insights);
    Clear.render(body, buf);
    buf.set_style(body, style(&app.theme, Role::Screen));
    (&Frame::new(&app.theme, &title)
        .state(&state, Role::Muted)
        .focus(Focus::Here))
        .render(body, buf);
    let inner = Frame::inner(body);
    let inner = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    };
    let mut pen = Pen {
        app,
        area: inner,
        buf,
    };
    if !matches!(insights.asking, Asking::Ended { .. }) {
        pen.wrapped(Role::Muted, insights.answers);
        question(&mut pen, insights);
    }
    match &insights.asking {
        Asking::Draft(fault) => {
            if let Some(fault) = fault {
                pen.wrapped(Role::Critical, fault);
            }
            pen.hint("ctrl-r runs it · tab time · shift-tab logs · esc closes");
            editor(&mut pen, &insights.editor, Focus::Here);
        }
        Asking::Starting(_) | Asking::Running(_) => {
            pen.hint("esc stops it; what it has scanned by then is billed");
            editor(&mut pen, &insights.editor, Focus::Elsewhere);
        }
        Asking::Stopping(_) => {
            pen.hint("it is being stopped · esc leaves it to that");
            editor(&mut pen, &insights.editor, Focus::Elsewhere);
        }
        Asking::Ended {
            state,
            answer,
            took,
        } => {
            let (time, logs) = put_to(app, insights);
            pen.wrapped(Role::Muted, &format!("{time} · {logs}"));
            pen.wrapped(Role::Text, &ended(app, *state, answer, *took));
            answered(&mut pen, *state);
        }
    }
}

/// Draws lines from the top and from the bottom of what is left.
struct Pen<'a, 'b> {
    app: &'a App,
    area: Rect,
    buf: &'b mut Buffer,
}

impl Pen<'_, '_> {
    fn line(&mut self, role: Role, text: &str) {
        if self.area.height == 0 {
            return;
        }
        let text = cut(text, usize::from(self.area.width));
        let look = style(&self.app.theme, role);
        self.buf.set_string(self.area.x, self.area.y, text, look);
        self.area.y += 1;
        self.area.height -= 1;
    }

    fn wrapped(&mut self, role: Role, text: &str) {
        for part in wrap(&neutral(text), usize::from(self.area.width).max(8)) {
            self.line(role, &part);
        }
    }

    /// Which keys there are, at the bottom.
    fn hint(&mut self, text: &str) {
        let parts = wrap(text, usize::from(self.area.width).max(8));
        let height = u16::try_from(parts.len()).unwrap_or(u16::MAX);
        if self.area.height <= height {
            return;
        }
        self.area.height -= height;
        let look = style(&self.app.theme, Role::Key);
        for (part, y) in parts.iter().zip(self.area.bottom()..) {
            let text = cut(part, usize::from(self.area.width));
            self.buf.set_string(self.area.x, y, text, look);
        }
    }
}

/// What stands at the right of the title.
fn state(app: &App, insights: &Insights) -> String {
    let running = |since: jiff::Timestamp, answer: Option<&InsightsAnswer>| {
        let seconds = app.now.as_second() - since.as_second();
        let state = match answer.map(|answer| answer.state) {
            Some(QueryState::Running) => "running",
            _ => "scheduled",
        };
        format!("{state} {}", format::age(seconds))
    };
    match &insights.asking {
        Asking::Draft(_) => "not asked yet".to_owned(),
        Asking::Starting(since) => running(*since, None),
        Asking::Running(query) => running(query.since, query.answer.as_ref()),
        Asking::Stopping(_) => "stopping".to_owned(),
        Asking::Ended { answer, .. } => {
            let view = app.pane(Pane::Answer);
            let (shown, all) = (view.state.order.len(), answer.rows.len());
            if shown == all {
                format::count(all, "row")
            } else {
                format!("{shown} of {}", format::count(all, "row"))
            }
        }
    }
}

/// What is asked when, of what, and at which price; once it runs, how far it is.
fn question(pen: &mut Pen<'_, '_>, insights: &Insights) {
    let app = pen.app;
    let (time, logs) = put_to(app, insights);
    pen.wrapped(Role::Text, &format!("time {time}"));
    pen.wrapped(Role::Text, &format!("logs {logs}"));
    let region = insights.region().unwrap_or(&app.environment.region);
    let about = match app.bytes_to_scan() {
        Some(bytes) => format!("about {}, as the last hour went", bill(region, bytes)),
        None => "how much it will scan is not known".to_owned(),
    };
    let price = meter::scan_price(region);
    pen.wrapped(
        Role::Text,
        &format!("price ${price} for a GB scanned (list price) · {about}"),
    );
    if let Asking::Running(running) | Asking::Stopping(Some(running)) = &insights.asking {
        let said = match &running.answer {
            Some(answer) => progress(app, answer),
            None => "nothing scanned yet".to_owned(),
        };
        pen.wrapped(Role::Info, &format!("so far {said}"));
    }
    pen.line(Role::Text, "");
}

/// What time and which logs the question is put to.
fn put_to(app: &App, insights: &Insights) -> (String, String) {
    let span = insights.spans.get(insights.span);
    let bounds = match insights.asking {
        Asking::Draft(_) => span.map(|span| span.bounds(app.now)),
        _ => insights.asked,
    };
    let time = span.zip(bounds).map(|(span, (from, to))| {
        let (from, to) = (format::date_time(from), format::date_time(to));
        format!("{} · {from} to {to} UTC", span.label)
    });
    let logs = insights.sources.get(insights.source);
    let logs = logs
        .map(|(labels, groups)| format!("{labels} · {}", format::count(groups.len(), "log group")));
    let unknown = || "none is known".to_owned();
    (time.unwrap_or_else(unknown), logs.unwrap_or_else(unknown))
}

fn progress(app: &App, answer: &InsightsAnswer) -> String {
    let region = app.insights.as_ref().and_then(Insights::region);
    format!(
        "{} scanned · {} of {} lines match",
        bill(
            region.unwrap_or(&app.environment.region),
            answer.scanned_bytes
        ),
        format::compact(answer.matched),
        format::compact(answer.scanned)
    )
}

fn ended(app: &App, state: QueryState, answer: &InsightsAnswer, took: i64) -> String {
    let progress = progress(app, answer);
    match state {
        QueryState::Cancelled => format!("stopped after {took} s · {progress}: that is billed"),
        QueryState::Failed => format!("it failed after {took} s · {progress}"),
        QueryState::TimedOut => format!("it took longer than an hour · {progress}"),
        _ => format!("{progress} · {took} s"),
    }
}

fn answered(pen: &mut Pen<'_, '_>, state: QueryState) {
    let app = pen.app;
    let view = app.pane(Pane::Answer);
    let key = |name: &str| app.keymap.main_key(name);
    if view.grid.rows.is_empty() {
        pen.hint("e changes it · ctrl-r again · esc closes");
        pen.line(
            Role::Muted,
            match state {
                QueryState::Complete => "no line matches",
                _ => "there is no answer",
            },
        );
        return;
    }
    let hint = format!(
        "{} to its time · {} describes · {} copies · {} filters · {} sorts · {} saves · e changes it · ctrl-r again",
        key("open"),
        key("describe"),
        key("copy"),
        key("filter"),
        key("sort"),
        key("save-log"),
    );
    pen.hint(&hint);
    let sheet = Sheet {
        theme: &app.theme,
        now: app.now,
        grid: &view.grid,
        state: &view.state,
        focus: Focus::Here,
    };
    (&sheet).render(pen.area, pen.buf);
}

/// The text that is typed, scrolled to its cursor.
fn editor(pen: &mut Pen<'_, '_>, editor: &Editor, keys: Focus) {
    let (lines, here) = editor.lines();
    let room = usize::from(pen.area.height);
    let first = (here + 1).saturating_sub(room);
    for (number, line) in lines.iter().enumerate().skip(first).take(room) {
        if keys == Focus::Elsewhere || number != here {
            pen.line(Role::Text, &neutral(line.value()));
            continue;
        }
        let width = usize::from(pen.area.width).saturating_sub(2);
        let skipped = line.visual_scroll(width);
        let cursor = line.cursor();
        let before: String = line.value().chars().take(cursor).skip(skipped).collect();
        let after: String = line.value().chars().skip(cursor.max(skipped)).collect();
        pen.line(
            Role::Text,
            &format!("{}▏{}", neutral(&before), neutral(&after)),
        );
    }
}
