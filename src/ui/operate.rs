//! Operations: what is asked, the plan, and the way to its end.

use super::{
    dialog::{self, span},
    stage,
};
use crate::{
    app::{Answer, App, Filling, Lines, Review},
    format,
    op::{CallState, Confirmation, Mark, Outcome, Request, Staged, StepState, Watch, form::Kind},
    text::{cut, neutral, wrap},
    theme::Role,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::Widget as _,
};

/// Widest text of a plan.
const WIDTH: u16 = 100;

/// Widest text of an operation with stages: what builds print is wide.
const WIDE: u16 = 140;

/// Choices of a field that are listed at once, at the least and at the most.
const CHOICES: (usize, usize) = (4, 24);

const fn role(mark: Mark) -> Role {
    match mark {
        Mark::Heading => Role::Title,
        Mark::Text => Role::Text,
        Mark::Added | Mark::Good => Role::Ok,
        Mark::Removed | Mark::Bad => Role::Critical,
        Mark::Changed => Role::Accent,
        Mark::Warning => Role::Warning,
        Mark::Command => Role::Muted,
    }
}

/// The form of an operation.
pub(super) fn fill(app: &App, filling: &Filling, body: Rect, buf: &mut Buffer) {
    let form = &filling.form;
    let room = usize::from(WIDTH.min(body.width.saturating_sub(6)));
    let label = form.fields.iter().map(|f| f.label.chars().count()).max();
    let label = label.unwrap_or(0);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for note in &form.notes {
        lines.extend(
            wrap(&neutral(note), room)
                .into_iter()
                .map(|part| Line::from(span(app, Role::Muted, part))),
        );
    }
    if !form.notes.is_empty() {
        lines.push(Line::default());
    }
    for (index, field) in form.fields.iter().enumerate() {
        let here = index == filling.at;
        let cursor = if here { "▏" } else { "" };
        let (left, right) = match &field.kind {
            Kind::OneOf(choices) if here => {
                let place = choices.iter().position(|c| c.value == field.value);
                let place = place.map_or(0, |place| place + 1);
                ("◂ ", format!(" ▸  {place} of {}", choices.len()))
            }
            _ => ("", String::new()),
        };
        lines.push(Line::from(vec![
            span(
                app,
                if here { Role::Accent } else { Role::Muted },
                format!("{} {:label$}  ", if here { "›" } else { " " }, field.label),
            ),
            span(
                app,
                Role::Text,
                format!("{left}{}{cursor}{right}", neutral(&field.value)),
            ),
        ]));
        let indent = " ".repeat(label + 4);
        if !field.help.is_empty() && here {
            lines.push(Line::from(span(
                app,
                Role::Muted,
                cut(&format!("{indent}{}", neutral(&field.help)), room).into_owned(),
            )));
        }
        if let (Kind::OneOf(choices), true) = (&field.kind, here) {
            let chosen = choices.iter().position(|c| c.value == field.value);
            // Frame, the fields below, and the two lines at the end.
            let taken = lines.len() + form.fields.len() - index - 1 + 4;
            let shown = usize::from(body.height).saturating_sub(taken);
            let shown = shown.clamp(CHOICES.0, CHOICES.1).min(choices.len());
            let middle = chosen.unwrap_or(0).saturating_sub(shown / 2);
            let first = middle.min(choices.len() - shown);
            let value = choices.iter().map(|c| c.value.chars().count()).max();
            let value = value.unwrap_or(0);
            for (i, choice) in choices.iter().enumerate().skip(first).take(shown) {
                let text = format!(
                    "{indent}{:value$}  {}",
                    neutral(&choice.value),
                    neutral(&choice.about)
                );
                let role = if Some(i) == chosen {
                    Role::Selection
                } else {
                    Role::Text
                };
                lines.push(Line::from(span(app, role, cut(&text, room).into_owned())));
            }
        }
    }
    lines.push(Line::default());
    lines.push(match &filling.fault {
        Some(fault) => Line::from(span(
            app,
            Role::Warning,
            cut(&neutral(fault), room).into_owned(),
        )),
        None => keys(
            app,
            &[
                ("enter", "shows the plan"),
                ("tab", "next field"),
                ("esc", "leaves"),
            ],
        ),
    });
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let size = (WIDTH + 4, height);
    let inner = dialog::frame(app, &neutral(&form.title), "", body, size, buf);
    put(&lines, 0, inner, buf);
}

/// Keys with what they do.
fn keys(app: &App, keys: &[(&str, &str)]) -> Line<'static> {
    let spans = keys.iter().flat_map(|(key, what)| {
        [
            span(app, Role::Key, (*key).to_owned()),
            span(app, Role::Muted, format!(" {what}   ")),
        ]
    });
    Line::from(spans.collect::<Vec<_>>())
}

fn put(lines: &[Line<'_>], top: usize, area: Rect, buf: &mut Buffer) {
    for (line, y) in lines.iter().skip(top).zip(area.y..area.bottom()) {
        line.render(
            Rect {
                y,
                height: 1,
                ..area
            },
            buf,
        );
    }
}

/// A plan, with the answer below it.
pub(super) fn review(app: &App, review: &Review, body: Rect, buf: &mut Buffer) {
    let room = usize::from(WIDTH.min(body.width.saturating_sub(6)));
    let mut lines: Vec<Line<'_>> = Vec::new();
    if let Some(note) = &review.note {
        for part in wrap(&neutral(note), room) {
            lines.push(Line::from(span(app, Role::Warning, part)));
        }
    }
    for (mark, text) in review.plan.lines() {
        if mark == Mark::Heading {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(span(app, Role::Title, text)));
            continue;
        }
        for part in wrap(&neutral(&text), room.saturating_sub(2)) {
            lines.push(Line::from(span(app, role(mark), format!("  {part}"))));
        }
    }
    let height = u16::try_from(lines.len() + 5).unwrap_or(u16::MAX);
    let state = review.plan.risk.word();
    let title = neutral(&review.plan.title);
    let inner = dialog::frame(app, &title, state, body, (WIDTH + 4, height), buf);
    if inner.height < 4 {
        return;
    }
    let text = Rect {
        height: inner.height - 2,
        ..inner
    };
    let top = review.lines.top(lines.len(), usize::from(text.height));
    put(&lines, top, text, buf);
    let more = lines.len().saturating_sub(top + usize::from(text.height));
    if more > 0 {
        let area = Rect {
            y: text.bottom(),
            height: 1,
            ..inner
        };
        let text = format!("↓ {} more", format::count(more, "line"));
        Line::from(span(app, Role::Muted, text))
            .right_aligned()
            .render(area, buf);
    }
    let area = Rect {
        y: inner.bottom() - 1,
        height: 1,
        ..inner
    };
    answer(app, review).render(area, buf);
}

fn answer(app: &App, review: &Review) -> Line<'static> {
    if let Some(why) = review.hindrance() {
        return Line::from(vec![
            span(app, Role::Warning, format!("{}   ", neutral(&why))),
            span(app, Role::Key, "esc"),
            span(app, Role::Muted, " leaves"),
        ]);
    }
    let chosen = |chosen: bool| if chosen { Role::Selection } else { Role::Muted };
    match (&review.confirmation, &review.answer) {
        (Confirmation::Name(name), Answer::Typed(input)) => Line::from(vec![
            span(app, Role::Text, "Type "),
            span(app, Role::Accent, neutral(name).into_owned()),
            span(app, Role::Text, " to carry it out: "),
            span(app, Role::Text, format!("{}▏", neutral(input.value()))),
            span(app, Role::Muted, "   esc leaves"),
        ]),
        (_, answer) => Line::from(vec![
            span(app, Role::Text, "Carry it out?  "),
            span(app, chosen(!matches!(answer, Answer::Yes)), " No "),
            span(app, Role::Text, " "),
            span(app, chosen(matches!(answer, Answer::Yes)), " Yes "),
            span(app, Role::Key, "   y"),
            span(app, Role::Muted, " chooses yes, "),
            span(app, Role::Key, "enter"),
            span(app, Role::Muted, " gives it   "),
            span(app, Role::Key, "ctrl-y"),
            span(app, Role::Muted, " copies the commands"),
        ]),
    }
}

/// An operation under way, or its end.
pub(super) fn watch(app: &App, index: usize, lines: &Lines, body: Rect, buf: &mut Buffer) {
    let Some(watch) = app.watches.get(index) else {
        return;
    };
    // Stages have much to show, and do not let the dialog grow and shrink meanwhile.
    let width = if watch.stages.is_empty() { WIDTH } else { WIDE };
    let room = usize::from(width.min(body.width.saturating_sub(6)));
    let mut all = steps(app, watch, room);
    all.push(Line::default());
    all.extend(said(app, watch, room));
    let height = if watch.stages.is_empty() {
        u16::try_from(all.len() + 3).unwrap_or(u16::MAX)
    } else {
        let shown = watch.stage().or_else(|| {
            let fallen = |staged: &&Staged| staged.state == StepState::Failed;
            watch.stages.iter().find(fallen)
        });
        if let Some(staged) = shown {
            all.push(Line::default());
            let left = usize::from(body.height).saturating_sub(all.len() + 3);
            all.extend(stage::lines(app, staged, room, left));
        }
        body.height
    };
    let took = watch
        .ended_at
        .unwrap_or(app.now)
        .duration_since(watch.started_at);
    let state = format!(
        "{} · {}",
        watch.outcome.as_ref().map_or("under way", Outcome::word),
        format::duration(took.as_secs())
    );
    let title = neutral(&watch.title);
    let inner = dialog::frame(app, &title, &state, body, (width + 4, height), buf);
    let text = Rect {
        height: inner.height.saturating_sub(1),
        ..inner
    };
    let top = lines.top(all.len(), usize::from(text.height));
    put(&all, top, text, buf);
    let bottom = Rect {
        y: text.bottom(),
        height: inner.height - text.height,
        ..inner
    };
    put(&[watch_keys(app, watch)], 0, bottom, buf);
}

/// What can be done over an operation.
fn watch_keys(app: &App, watch: &Watch) -> Line<'static> {
    let mut hints = vec![("esc", "leaves it to itself")];
    if watch.stage().is_some() {
        hints.push(("x", "cancels it"));
    }
    if watch.paused.is_some() {
        hints.push(("c", "lets it go on"));
    }
    match (&watch.remedy, watch.way_back()) {
        (Some(_), _) if watch.paused.is_some() => hints.push(("u", "takes it back")),
        (Some(Request::Ship(_)), _) => {
            hints.push(("u", "plans to go on all the same"));
        }
        (Some(_), _) => hints.push(("u", "plans the remedy")),
        (None, Some(_)) => hints.push(("u", "plans the undo")),
        (None, None) => {}
    }
    if app.watches.len() > 1 {
        hints.push(("tab", "next operation"));
    }
    hints.push((app.keymap.main_key("audit"), "audit log"));
    keys(app, &hints)
}

/// Calls and steps, each with its time.
fn steps(app: &App, watch: &Watch, room: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = watch
        .stages
        .iter()
        .map(|staged| {
            let (glyph, role) = of_step(staged.state);
            let text = format!("{:5}  {}", staged.word, staged.says);
            timed(app, glyph, role, staged.began_at, &text, room)
        })
        .collect();
    let calls = watch.plan.as_ref().map_or(&[][..], |plan| &plan.calls);
    for (call, state) in calls.iter().zip(&watch.calls) {
        let (glyph, role, at, says) = match state {
            CallState::Waiting => ("○", Role::Muted, None, String::new()),
            CallState::Made(at) => ("…", Role::Info, Some(*at), String::new()),
            CallState::Accepted(at, says) => ("✓", Role::Ok, Some(*at), says.clone()),
            CallState::Refused(at, error) => {
                ("✗", Role::Critical, Some(*at), error.message.clone())
            }
        };
        lines.push(timed(
            app,
            glyph,
            role,
            at,
            &format!("{}  {says}", call.action()),
            room,
        ));
    }
    for step in &watch.steps {
        let (glyph, role) = of_step(step.step.state);
        let at = (step.step.state != StepState::Waiting).then_some(step.since);
        let text = format!("{}  {}", step.step.label, step.step.detail);
        lines.push(timed(app, glyph, role, at, &text, room));
    }
    if watch.steps.is_empty() && watch.outcome.is_none() && watch.accepted_at.is_some() {
        lines.push(timed(
            app,
            "…",
            Role::Info,
            None,
            "reading what becomes of it",
            room,
        ));
    }
    lines
}

const fn of_step(state: StepState) -> (&'static str, Role) {
    match state {
        StepState::Waiting => ("○", Role::Muted),
        StepState::Active => ("…", Role::Info),
        StepState::Done => ("✓", Role::Ok),
        StepState::Failed => ("✗", Role::Critical),
    }
}

fn timed(
    app: &App,
    glyph: &str,
    role: Role,
    at: Option<jiff::Timestamp>,
    text: &str,
    room: usize,
) -> Line<'static> {
    let clock = at.map_or_else(String::new, format::clock);
    Line::from(vec![
        span(app, role, format!("{glyph} ")),
        span(app, Role::Muted, format!("{clock:8}  ")),
        span(
            app,
            Role::Text,
            cut(&neutral(text), room.saturating_sub(12)).into_owned(),
        ),
    ])
}

/// What is to be said of it now.
fn said(app: &App, watch: &Watch, room: usize) -> Vec<Line<'static>> {
    let (role, texts) = match (&watch.outcome, watch.failing.is_empty()) {
        (Some(outcome @ Outcome::Done(_)), _) => (Role::Ok, outcome.says()),
        (Some(outcome), _) => (Role::Critical, outcome.says()),
        (None, false) => (Role::Warning, watch.failing.clone()),
        (None, true) if watch.paused.is_some() => {
            let why = watch.paused.iter().map(|(why, _)| why.clone());
            (Role::Accent, why.collect())
        }
        (None, true) => {
            let usual = watch.plan.as_ref().map(|plan| {
                format!(
                    "It usually takes {}, and is given up after {}.",
                    plan.usual(),
                    format::duration(plan.deadline.as_secs())
                )
            });
            (Role::Muted, usual.into_iter().collect())
        }
    };
    texts
        .iter()
        .flat_map(|text| wrap(&neutral(text), room))
        .map(|part| Line::from(span(app, role, part)))
        .collect()
}

/// How many operations are under way, for the header.
pub(super) fn under_way(app: &App) -> Option<Span<'static>> {
    let count = app.running_operations();
    let failing = |w: &Watch| w.outcome.is_none() && !w.failing.is_empty();
    let role = if app.watches.iter().any(failing) {
        Role::Warning
    } else {
        Role::Info
    };
    (count > 0).then(|| span(app, role, format!("◆ {count} under way  ")))
}
