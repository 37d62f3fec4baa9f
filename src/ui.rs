//! What the terminal shows: reads the application's state, draws, changes nothing.
//!
//! ```text
//! header   environment, freshness, findings, clock
//! body     the overview, or a tier's screen: facts, charts, panes
//! footer   screens; or the filter line, or a notice
//! ```
//! Dialogs lie over the body.

mod bars;
mod dialog;
mod insights;
mod logs;
mod operate;
mod overview;
mod stage;
mod tier;
pub mod widget;

use crate::app::{App, Screen};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
};
use widget::paint::style;

use crate::theme::Role;

/// Columns and lines below which only a verdict is shown.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws the console.
pub fn render(app: &App, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, style(&app.theme, Role::Screen));
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        bars::too_small(app, area, buf);
        return;
    }
    let [top, body, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    bars::header(app, top, buf);
    match app.screen {
        Screen::Overview => overview::render(app, body, buf),
        Screen::Logs => logs::render(app, body, buf),
        _ => tier::render(app, body, buf),
    }
    bars::footer(app, bottom, buf);
    for layer in &app.layers {
        dialog::render(app, layer, body, bottom, buf);
    }
}
