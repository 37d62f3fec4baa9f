//! Log lines that try to drive the terminal go through the screen, the clipboard, the dialogs and the saved file.

#[path = "support/hostile.rs"]
mod hostile;

use crossterm::event::KeyEvent;
use hydren::{
    app::{App, Effect, Msg, Screen},
    cloud::sim,
    keymap::Keymap,
    model::log::{Followed, LogEvent, LogOrigin, LogSource},
    text::is_hostile,
    theme::Theme,
    ui,
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// The console on its log screen with every hostile line, each also as the name of its stream and group.
fn reading() -> App {
    let environment = sim::environment();
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    let keymap = Keymap::new(&toml::Table::new()).expect("the default keys are sound");
    let mut app = App::new(
        environment.clone(),
        vec![environment],
        Theme::default(),
        keymap,
        now,
    );
    app.update(Msg::Resize(120, 40));
    app.go(Screen::Logs);
    for (at, line) in (0..).zip(hostile::lines()) {
        let name: String = line.chars().take(200).collect();
        app.logs.sources.push(LogSource {
            origin: LogOrigin::Service,
            label: name.clone(),
            group: name.clone(),
        });
        let event = LogEvent {
            at: now + jiff::SignedDuration::from_secs(at),
            ingested: None,
            group: name.clone(),
            stream: name,
            id: None,
            message: line,
        };
        app.logs.take(Followed::Lines(vec![event]));
    }
    app.logs.settle();
    app
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.split_whitespace() {
        let key: KeyEvent = crokey::parse(key).expect("a key").into();
        for effect in app.update(Msg::Key(key)) {
            if let Effect::Group(lines) = &effect {
                app.update(Msg::Grouped {
                    generation: app.generation,
                    patterns: lines.patterns(),
                });
            }
            effects.push(effect);
        }
        draw(app, (120, 40));
    }
    effects
}

/// Draws, and sees that nothing that drives a terminal is in any cell.
fn draw(app: &App, (width, height): (u16, u16)) {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    ui::render(app, area, &mut buffer);
    for cell in buffer.content() {
        assert!(
            !cell.symbol().chars().any(is_hostile),
            "{:?} would reach the terminal",
            cell.symbol()
        );
    }
}

#[test]
fn no_line_reaches_a_cell_of_the_screen_raw() {
    let mut app = reading();
    let lines = hostile::lines().len();
    assert!(
        app.logs.store.order().len() >= lines / 2,
        "the lines are there"
    );
    // Each line in turn under the cursor: cut, scrolled, wrapped, raw, described.
    press(&mut app, "g");
    for _ in 0..app.logs.store.order().len() {
        press(&mut app, "right left w shift-r w shift-r d esc j");
        draw(&app, (40, 10));
    }
}

#[test]
fn filters_patterns_sources_and_searches_of_such_lines_are_harmless_too() {
    let mut app = reading();
    press(&mut app, "shift-p esc shift-l esc shift-x shift-x");
    for line in hostile::lines() {
        let start: String = line.chars().take(300).collect();
        press(&mut app, "f");
        app.update(Msg::Paste(start.clone()));
        draw(&app, (120, 40));
        press(&mut app, "esc /");
        app.update(Msg::Paste(start));
        draw(&app, (80, 24));
        press(&mut app, "esc");
    }
}

#[test]
fn what_is_copied_and_saved_holds_no_control_character_but_line_breaks() {
    let mut app = reading();
    press(&mut app, "g");
    let mut texts = Vec::new();
    for _ in 0..app.logs.store.order().len() {
        for effect in press(&mut app, "y j") {
            if let Effect::Copy(text) = effect {
                texts.push(text);
            }
        }
    }
    for effect in press(&mut app, "shift-w") {
        if let Effect::SaveLines(name, lines) = effect {
            assert!(!name.contains(['/', '\\']), "{name}");
            let mut text = Vec::new();
            lines.write(&mut text).expect("memory takes everything");
            texts.push(String::from_utf8(text).expect("lines are text"));
        }
    }
    assert!(texts.len() > hostile::lines().len() / 2);
    for text in texts {
        let raw = text.chars().find(|c| *c != '\n' && is_hostile(*c));
        assert_eq!(raw, None, "{}", text.escape_debug());
    }
}
