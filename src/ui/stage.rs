//! A stage of an operation as it goes: the build's steps and output, the trial's container, the push's layers.
//!
//! ```text
//! ████████████████░░░░░░░░░░  62 %   4 of 6 steps · 2 cached · context 1.4 MiB
//! ✓ [3/6] COPY requirements.txt .                                      cached
//! … [4/6] RUN pip install -r requirements.txt                            12 s
//! ○ [5/6] COPY app ./app
//! ── [4/6] RUN pip install -r requirements.txt ───────────────────────────────
//! Collecting flask==3.1.2
//! ```
//!
//! The steps stand still while they are done; what they say scrolls below them.

use super::dialog::span;
use crate::{
    app::App,
    engine::{
        BuildStep, BuildStepState, LayerState,
        build_view::{BuildView, StepView},
        push_view::{Layer, PushView},
        trial::TrialView,
    },
    format,
    op::{StageView, Staged, StepState},
    text::{cut, neutral},
    theme::Role,
};
use ratatui::text::{Line, Span};
use std::collections::VecDeque;
use unicode_width::UnicodeWidthStr as _;

/// Cells of a bar at the least and at the most.
const BAR: (usize, usize) = (10, 40);

/// Lines of output that are always shown, where there are as many.
const OUTPUT: usize = 4;

/// Columns of what stands at the right of a step.
const RIGHT: usize = 10;

/// The stage in lines of `width` columns; of its output as much as `height` lines have room for. Of a stage that failed all is shown.
pub(super) fn lines(app: &App, staged: &Staged, width: usize, height: usize) -> Vec<Line<'static>> {
    let height = match staged.state {
        StepState::Failed => usize::MAX,
        _ => height,
    };
    match &staged.view {
        StageView::Nothing => Vec::new(),
        StageView::Build(view) => build(app, view, width, height),
        StageView::Try(view) => trial(app, view, width, height),
        StageView::Push(view) => push(app, view, width, height),
    }
}

fn build(app: &App, view: &BuildView, width: usize, height: usize) -> Vec<Line<'static>> {
    let (done, known) = view.counts();
    let mut parts = vec![format!("{done} of {}", format::count(known, "step"))];
    if view.cached() > 0 {
        parts.push(format!("{} cached", view.cached()));
    }
    if view.context_bytes > 0 {
        parts.push(format!("context {}", format::size(view.context_bytes)));
    }
    let mut lines = vec![barred(app, view.progress(), &parts.join(" · "), width)];
    let shown = |seen: &&StepView| {
        seen.step.is_of_the_dockerfile() || seen.step.state == BuildStepState::Running
    };
    let steps: Vec<&StepView> = view.steps.values().filter(shown).collect();
    let speaking = speaking(view);
    let said = speaking.map_or(0, |seen| seen.lines.len());
    // The bar, the line above the output, and the output itself.
    let kept = if said > 0 { 2 + said.min(OUTPUT) } else { 1 };
    let room = height.saturating_sub(kept).max(1);
    let (from, to) = in_sight(&steps, room);
    if from > 0 {
        lines.push(Line::from(span(
            app,
            Role::Muted,
            format!("  {} before", format::count(from, "step")),
        )));
    }
    lines.extend(
        steps[from..to]
            .iter()
            .map(|seen| step(app, &seen.step, width)),
    );
    if let Some(seen) = speaking.filter(|seen| !seen.lines.is_empty()) {
        let left = height.saturating_sub(lines.len());
        lines.extend(output(app, &seen.step.name, &seen.lines, width, left));
    }
    lines
}

/// The step whose output is of interest: the one that failed, else the last that runs and says something, else the last that said something.
fn speaking(view: &BuildView) -> Option<&StepView> {
    let steps = || view.steps.values();
    let failed = steps().find(|seen| seen.step.state == BuildStepState::Failed);
    let says = |seen: &&StepView| !seen.lines.is_empty();
    let runs = |seen: &&StepView| seen.step.state == BuildStepState::Running;
    failed
        .or_else(|| steps().filter(runs).rfind(says))
        .or_else(|| steps().rfind(says))
}

/// Which steps are shown where there is room for `room`: the first that has not ended stands among them, and what follows it.
fn in_sight(steps: &[&StepView], room: usize) -> (usize, usize) {
    if steps.len() <= room {
        return (0, steps.len());
    }
    // A line says how many stand before.
    let room = room.saturating_sub(1).max(1);
    let open = steps.iter().position(|seen| !seen.step.state.is_ended());
    let open = open.unwrap_or(steps.len());
    let from = open.saturating_sub(room / 2).min(steps.len() - room);
    (from, from + room)
}

fn step(app: &App, step: &BuildStep, width: usize) -> Line<'static> {
    let (glyph, role) = match step.state {
        BuildStepState::Waiting => ("○", Role::Muted),
        BuildStepState::Running => ("…", Role::Info),
        BuildStepState::Cached | BuildStepState::Done => ("✓", Role::Ok),
        BuildStepState::Failed => ("✗", Role::Critical),
        BuildStepState::Cancelled => ("–", Role::Muted),
    };
    let right = match (step.state, step.progress) {
        (BuildStepState::Cached, _) => "cached".to_owned(),
        (BuildStepState::Cancelled, _) => "cancelled".to_owned(),
        (BuildStepState::Running, Some((so_far, of))) if of > 0 => {
            format!("{} %", so_far.min(of) * 100 / of)
        }
        (BuildStepState::Running, _) => seconds(step.began_at.map(|began| {
            let taken = app.now.duration_since(began);
            taken.as_secs_f64().max(0.0)
        })),
        (BuildStepState::Waiting, _) => String::new(),
        _ => seconds(step.seconds()),
    };
    let text_role = match step.state {
        BuildStepState::Waiting | BuildStepState::Cached | BuildStepState::Cancelled => Role::Muted,
        _ => Role::Text,
    };
    row(app, (glyph, role), (&step.name, text_role), &right, width)
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(String::new, |s| {
        if s < 10.0 {
            format!("{s:.1} s")
        } else {
            format!("{s:.0} s")
        }
    })
}

/// A glyph, a text that is cut, and something at the right.
fn row(
    app: &App,
    (glyph, role): (&str, Role),
    (text, text_role): (&str, Role),
    right: &str,
    width: usize,
) -> Line<'static> {
    let room = width.saturating_sub(2 + RIGHT + 1);
    let text = cut(&neutral(text), room).into_owned();
    let pad = room.saturating_sub(text.width());
    Line::from(vec![
        span(app, role, format!("{glyph} ")),
        span(app, text_role, text),
        span(
            app,
            Role::Muted,
            format!("{} {right:>RIGHT$}", " ".repeat(pad)),
        ),
    ])
}

/// What something says at last, below a line that says what it is.
fn output(
    app: &App,
    name: &str,
    said: &VecDeque<String>,
    width: usize,
    height: usize,
) -> Vec<Line<'static>> {
    if height < 2 {
        return Vec::new();
    }
    let name = cut(&neutral(name), width.saturating_sub(8)).into_owned();
    let rest = width.saturating_sub(name.width() + 4);
    let mut lines = vec![Line::from(span(
        app,
        Role::Border,
        format!("── {name} {}", "─".repeat(rest)),
    ))];
    let from = said.len().saturating_sub(height - 1);
    lines.extend(said.iter().skip(from).map(|text| {
        let text = cut(&neutral(text), width).into_owned();
        Line::from(span(app, Role::Muted, text))
    }));
    lines
}

fn trial(app: &App, view: &TrialView, width: usize, height: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let Some(started) = &view.started else {
        return lines;
    };
    let at = started.port.map(|port| format!("127.0.0.1:{port}"));
    let at = at.unwrap_or_else(|| "it publishes no port".to_owned());
    lines.push(Line::from(vec![
        span(app, Role::Muted, "container  "),
        span(app, Role::Text, at),
    ]));
    if let Some(waiting) = &view.waiting {
        let text = cut(&neutral(waiting), width.saturating_sub(11)).into_owned();
        lines.push(Line::from(vec![
            span(app, Role::Muted, "waiting    "),
            span(app, Role::Text, text),
        ]));
    }
    let left = height.saturating_sub(lines.len());
    if !view.lines.is_empty() {
        lines.extend(output(app, "what it says", &view.lines, width, left));
    }
    lines
}

fn push(app: &App, view: &PushView, width: usize, height: usize) -> Vec<Line<'static>> {
    let mut lines = vec![barred(app, view.progress(), &view.line(), width)];
    let room = height.saturating_sub(1);
    // Layers that are on their way come before those that wait, and what is done gives way first.
    let mut layers: Vec<(&String, &Layer)> = view.layers.iter().collect();
    if layers.len() > room {
        layers.sort_by_key(|(_, layer)| match layer.state {
            LayerState::Pushing(..) | LayerState::Retrying(_) => 0,
            LayerState::Waiting => 1,
            LayerState::Pushed | LayerState::AlreadyThere => 2,
        });
        layers.truncate(room);
    }
    lines.extend(
        layers
            .iter()
            .map(|(id, layer)| pushed(app, id, **layer, width)),
    );
    lines
}

fn pushed(app: &App, id: &str, layer: Layer, width: usize) -> Line<'static> {
    let id = cut(&neutral(id), 12).into_owned();
    let sizes = |(sent, of)| format!("{} of {}", format::size(sent), format::size(of));
    let (glyph, role, text) = match layer.state {
        LayerState::Waiting => ("○", Role::Muted, "waiting".to_owned()),
        LayerState::Pushing(..) => ("…", Role::Info, sizes(layer.bytes)),
        LayerState::Retrying(seconds) => (
            "▲",
            Role::Warning,
            format!("connection lost, again in {seconds} s"),
        ),
        LayerState::AlreadyThere => ("✓", Role::Ok, "already there".to_owned()),
        LayerState::Pushed if layer.bytes.1 > 0 => (
            "✓",
            Role::Ok,
            format!("pushed {}", format::size(layer.bytes.1)),
        ),
        LayerState::Pushed => ("✓", Role::Ok, "pushed".to_owned()),
    };
    let mut spans = vec![
        span(app, role, format!("{glyph} ")),
        span(app, Role::Text, format!("{id:12}  ")),
    ];
    if let LayerState::Pushing(..) = layer.state {
        let cells = width.saturating_sub(48).clamp(BAR.0, BAR.1);
        spans.extend(bar(app, share(layer.bytes), cells));
        spans.push(span(app, Role::Muted, "  "));
    }
    spans.push(span(app, Role::Muted, text));
    Line::from(spans)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "it is drawn in some forty cells"
)]
fn share((so_far, of): (u64, u64)) -> f64 {
    if of == 0 {
        0.0
    } else {
        so_far as f64 / of as f64
    }
}

/// A bar with its percent, and what else is to be said.
fn barred(app: &App, progress: f64, text: &str, width: usize) -> Line<'static> {
    let cells = width.saturating_sub(60).clamp(BAR.0, BAR.1);
    let mut spans = bar(app, progress, cells);
    spans.push(span(
        app,
        Role::Text,
        format!(" {:>3.0} %   ", (progress * 100.0).floor()),
    ));
    let text = cut(&neutral(text), width.saturating_sub(cells + 9)).into_owned();
    spans.push(span(app, Role::Muted, text));
    Line::from(spans)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of some forty cells"
)]
fn bar(app: &App, progress: f64, cells: usize) -> Vec<Span<'static>> {
    let full = ((progress.clamp(0.0, 1.0) * cells as f64) as usize).min(cells);
    vec![
        span(app, Role::Accent, "█".repeat(full)),
        span(app, Role::Muted, "░".repeat(cells - full)),
    ]
}
