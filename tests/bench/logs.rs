//! Log lines: ingest with parsing, memory, searches against `ripgrep` on the same bytes, and drawing at ten lines and a million.
//!
//! `cargo bench --bench logs`. Ratios are taken in one run; docs/performance.md has the promises. Without `rg` on the path the ratios
//! are left out, and that is said.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "counts of lines and bytes stay far below 2^52"
)]

#[allow(dead_code, reason = "shared with the captures, which need more of it")]
#[path = "../../examples/captures/demo.rs"]
mod demo;

use demo::Demo;
use hydren::{
    app::{App, Screen},
    logs::{
        filter::Filter,
        format::classify,
        search::{Job, Matches},
        store::{Kind, NewLine, Store, Stream},
        view::LogView,
    },
    model::log::{Followed, LogEvent, LogOrigin, LogSource},
    ui,
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use std::{
    fs,
    process::Command,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

const LINES: usize = 1_000_000;
const TURNS: usize = 5;

/// Columns and lines of the frames.
const SIZE: (u16, u16) = (200, 60);

fn main() {
    let lines = written();
    let bytes: usize = lines.iter().map(|(_, line)| line.len() + 1).sum();
    println!(
        "{LINES} lines of the demo's kinds, {:.1} MB; the best of {TURNS}",
        bytes as f64 / 1e6
    );
    let store = ingest(&lines, bytes);
    through_the_view(&lines);
    searches(&store, &lines);
    drawing(&lines);
    long_lines();
}

/// Lines as the demo's four sources write them.
fn written() -> Vec<(LogOrigin, String)> {
    let mut state = 7_u64;
    (0..LINES)
        .map(|n| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let r = state >> 33;
            let failed = r.is_multiple_of(97);
            match n % 4 {
                0 => (LogOrigin::Service, format!(
                    r#"{{"time":"2026-11-22T03:14:15.{:03}Z","level":"{}","logger":"app.access","request_id":"{state:016x}","method":"GET","path":"/api/items/{}","status":{},"duration_ms":{}}}"#,
                    n % 1_000, if failed { "ERROR" } else { "INFO" }, r % 10_000, if failed { 500 } else { 200 }, r % 900,
                )),
                1 => (LogOrigin::Service, format!(
                    "192.0.2.{} - - [22/Nov/2026:03:14:15 +0000] \"GET /static/app.{}.js HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\"",
                    r % 250, r % 100, r % 100_000,
                )),
                2 => (LogOrigin::FlowLogs, format!(
                    "2 123456789012 eni-0{:015x} 10.0.1.{} 10.0.2.{} {} 5432 6 {} {} 1763773800 1763773860 ACCEPT OK",
                    state >> 8, r % 250, r % 200, r % 60_000, r % 90, r % 90_000,
                )),
                _ => (LogOrigin::Database, format!(
                    "2026-11-22 03:14:15 UTC:10.0.1.{}(41234):app@hydren:[{}]:LOG:  duration: {}.123 ms  statement: SELECT id, name, price FROM items WHERE owner_id = $1",
                    r % 250, r % 32_000, r % 900,
                )),
            }
        })
        .collect()
}

fn best<T>(mut act: impl FnMut() -> T) -> (Duration, T) {
    let mut turn = || {
        let began = Instant::now();
        let result = act();
        (began.elapsed(), result)
    };
    let mut best = turn();
    for _ in 1..TURNS {
        let next = turn();
        if next.0 < best.0 {
            best = next;
        }
    }
    best
}

fn ingest(lines: &[(LogOrigin, String)], bytes: usize) -> Store {
    let (took, store) = best(|| {
        let mut store = Store::new(1 << 30);
        let stream = store.stream(&Stream {
            origin: LogOrigin::Service,
            label: "backend".to_owned(),
            group: "g".to_owned(),
            name: "s".to_owned(),
        });
        for (at, (origin, text)) in (0..).zip(lines) {
            let (format, level) = classify(text, *origin);
            store.push(NewLine {
                at,
                stream,
                level,
                format,
                kind: Kind::Text,
                text,
            });
        }
        store
    });
    println!(
        "ingest, parsing included      {:>10.0} lines/s on one core",
        LINES as f64 / took.as_secs_f64()
    );
    println!(
        "bytes held                    {:>10.2} times the text",
        store.bytes() as f64 / bytes as f64
    );
    store
}

/// The same as the console does it: events that may go on, duplicates, levels, filter, order.
fn through_the_view(lines: &[(LogOrigin, String)]) {
    let events = events(lines);
    let (took, _) = best(|| {
        let mut view = opened(LogView::new(1 << 30));
        for batch in events.chunks(1_000) {
            view.take(Followed::Lines(batch.to_vec()));
        }
        view.settle();
        view
    });
    println!(
        "through the log screen        {:>10.0} lines/s on one core, deduplicated, batches of 1,000 copied",
        LINES as f64 / took.as_secs_f64()
    );
}

fn events(lines: &[(LogOrigin, String)]) -> Vec<LogEvent> {
    lines
        .iter()
        .enumerate()
        .map(|(n, (_, text))| LogEvent {
            at: Timestamp::from_millisecond(1_763_773_800_000 + n as i64).expect("a time"),
            ingested: None,
            group: "g".to_owned(),
            stream: format!("backend/backend/{}", n % 4),
            id: None,
            message: text.clone(),
        })
        .collect()
}

fn opened(mut view: LogView) -> LogView {
    view.sources = vec![LogSource {
        origin: LogOrigin::Service,
        label: "backend".to_owned(),
        group: "g".to_owned(),
    }];
    view
}

fn searches(store: &Store, lines: &[(LogOrigin, String)]) {
    let file = std::env::temp_dir().join(format!("hydren-bench-{}.log", std::process::id()));
    let text: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
    fs::write(&file, text.join("\n") + "\n").expect("the lines can be written");
    let rg = Command::new("rg").arg("--version").output().is_ok();
    if !rg {
        println!("ripgrep is not installed: no ratios");
    }
    println!("search                          found   ours ms  first ms   rg ms  ratio");
    for wanted in [
        "KeyError",
        "ERROR",
        "error",
        "duration: 899.123",
        "items/77",
        "SELECT id",
    ] {
        let filter = Arc::new(Filter::of_text(wanted));
        let (took, (first, found)) = best(|| {
            let began = Instant::now();
            let mut first = None;
            let mut matches = Matches::default();
            let job = Job {
                number: 1,
                filter: Arc::clone(&filter),
                snapshot: store.snapshot(),
                newest: Arc::new(AtomicU64::new(1)),
            };
            job.run(|found| {
                matches.take(store, found);
                first.get_or_insert_with(|| began.elapsed());
                true
            });
            (first.unwrap_or_default(), matches.ids().len())
        });
        print!(
            "{wanted:28} {found:>8} {:>9.1} {:>9.2}",
            took.as_secs_f64() * 1e3,
            first.as_secs_f64() * 1e3
        );
        if rg {
            let (theirs, count) = best(|| {
                let output = Command::new("rg")
                    .args([
                        "--no-config",
                        "--count",
                        "--smart-case",
                        "--fixed-strings",
                        "--threads",
                        "1",
                        "-e",
                        wanted,
                    ])
                    .arg(&file)
                    .output()
                    .expect("ripgrep runs");
                String::from_utf8_lossy(&output.stdout)
                    .trim()
                    .parse::<usize>()
                    .unwrap_or(0)
            });
            assert_eq!(found, count, "{wanted}: ripgrep finds as many");
            print!(
                " {:>7.1} {:>6.2}",
                theirs.as_secs_f64() * 1e3,
                took.as_secs_f64() / theirs.as_secs_f64()
            );
        }
        println!();
    }
    let _ = fs::remove_file(file);
}

/// How long a step up and the frame after it take.
fn frame(app: &mut App) -> Duration {
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let mut buffer = Buffer::empty(area);
    let (best, ()) = best(|| {
        app.step(-1);
        buffer.reset();
        ui::render(app, area, &mut buffer);
    });
    best
}

/// A frame of lines as long as CloudWatch takes them, and of lines of 200 bytes.
fn long_lines() {
    let mut took = Vec::new();
    for bytes in [200, 256 << 10] {
        let mut demo = Demo::new().expect("the demo can be opened");
        demo.settle();
        let mut app = demo.app;
        app.go(Screen::Logs);
        app.logs = opened(LogView::new(1 << 30));
        let line = "token=abcdefghijklmnop GET /api/items 200 ".repeat(bytes / 42 + 1);
        let lines: Vec<_> = (0..200)
            .map(|_| (LogOrigin::Service, line[..bytes].to_owned()))
            .collect();
        app.logs.take(Followed::Lines(events(&lines)));
        app.logs.settle();
        let best = frame(&mut app);
        println!(
            "draw lines of {bytes:>7} bytes   {:>10.3} ms",
            best.as_secs_f64() * 1e3
        );
        took.push(best);
    }
    println!(
        "256 KB against 200 bytes      {:>10.2}",
        took[1].as_secs_f64() / took[0].as_secs_f64()
    );
}

/// A frame of the log screen, a step up before each, with ten lines and with a million.
fn drawing(lines: &[(LogOrigin, String)]) {
    let mut took = Vec::new();
    for count in [10, LINES] {
        let mut demo = Demo::new().expect("the demo can be opened");
        demo.settle();
        let mut app = demo.app;
        app.go(Screen::Logs);
        app.logs = opened(LogView::new(1 << 30));
        for batch in events(&lines[..count]).chunks(1_000) {
            app.logs.take(Followed::Lines(batch.to_vec()));
        }
        app.logs.settle();
        let best = frame(&mut app);
        println!(
            "scroll and draw, {count:>8} lines {:>10.3} ms",
            best.as_secs_f64() * 1e3
        );
        took.push(best);
    }
    println!(
        "a million against ten         {:>10.2}",
        took[1].as_secs_f64() / took[0].as_secs_f64()
    );
}
