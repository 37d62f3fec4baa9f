//! How long a frame takes, and a key with its frame. `cargo bench --bench render`; docs/performance.md has the promises.

#[allow(dead_code, reason = "shared with the captures, which need more of it")]
#[path = "../../examples/captures/demo.rs"]
mod demo;
mod sized;

use crossterm::event::{KeyCode, KeyEvent};
use divan::Bencher;
use hydren::{
    app::{App, Msg, Screen},
    command, ui,
};
use ratatui::{buffer::Buffer, layout::Rect};
use sized::Size;

/// Columns and lines.
const SIZE: (u16, u16) = (200, 60);
const AREA: Rect = Rect::new(0, 0, SIZE.0, SIZE.1);

fn main() {
    divan::main();
}

#[divan::bench(args = Size::ALL)]
fn overview(bencher: Bencher<'_, '_>, size: Size) {
    frame(bencher, &opened(size, Screen::Overview));
}

#[divan::bench(args = Size::ALL)]
fn services(bencher: Bencher<'_, '_>, size: Size) {
    frame(bencher, &opened(size, Screen::Services));
}

/// Switches to another screen and draws it.
#[divan::bench(args = Size::ALL)]
fn key_to_frame_while_loading(bencher: Bencher<'_, '_>, size: Size) {
    keys(bencher, opened(size, Screen::Overview), ['4', '1']);
}

/// Selects another service, which shows other tasks, and draws it.
#[divan::bench(args = Size::ALL)]
fn selection_to_frame_while_loading(bencher: Bencher<'_, '_>, size: Size) {
    keys(bencher, opened(size, Screen::Services), ['j', 'k']);
}

fn opened(size: Size, screen: Screen) -> App {
    let mut app = sized::console(size);
    app.update(Msg::Resize(SIZE.0, SIZE.1));
    app.go(screen);
    app
}

fn frame(bencher: Bencher<'_, '_>, app: &App) {
    let mut buffer = Buffer::empty(AREA);
    bencher.bench_local(|| {
        buffer.reset();
        ui::render(app, AREA, &mut buffer);
    });
}

/// Presses two keys in turn, a frame after each, with every tier being read again.
fn keys(bencher: Bencher<'_, '_>, mut app: App, keys: [char; 2]) {
    let refresh = command::find("refresh").expect("there is such a command");
    let screen = app.screen;
    app.go(Screen::Overview);
    (refresh.run)(&mut app);
    app.go(screen);
    assert!(
        app.seen.tiers.iter().all(|tier| tier.in_flight),
        "every tier is loading"
    );
    let mut buffer = Buffer::empty(AREA);
    let mut turn = keys.into_iter().cycle();
    bencher.bench_local(|| {
        let key = turn.next().map_or(KeyCode::Null, KeyCode::Char);
        let effects = app.update(Msg::Key(KeyEvent::from(key)));
        buffer.reset();
        ui::render(&app, AREA, &mut buffer);
        effects
    });
}
