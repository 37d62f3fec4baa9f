use super::*;

const NOON: i64 = 1_800_000_000_000;

fn event(at: i64, stream: &str, message: &str) -> LogEvent {
    LogEvent {
        at: Timestamp::from_millisecond(NOON + at).expect("a time"),
        ingested: None,
        group: "/ecs/shop/backend".to_owned(),
        stream: stream.to_owned(),
        id: None,
        message: message.to_owned(),
    }
}

/// A view with numbered lines, a second apart, twenty of which can be seen.
fn view(lines: i64) -> LogView {
    let source = LogSource {
        origin: LogOrigin::Service,
        label: "backend".to_owned(),
        group: "/ecs/shop/backend".to_owned(),
    };
    let mut view = LogView {
        sources: vec![source],
        ..LogView::default()
    };
    add(&mut view, 0..lines);
    assert!(view.top_place(20) <= view.ids().len());
    view
}

fn add(view: &mut LogView, lines: std::ops::Range<i64>) {
    let lines = lines
        .map(|n| {
            let level = if n % 10 == 0 { "ERROR" } else { "INFO" };
            event(n * 1_000, "a", &format!(r#"{{"level":"{level}","n":{n}}}"#))
        })
        .collect();
    view.take(Followed::Lines(lines));
    view.settle();
}

fn run(view: &mut LogView, jobs: Vec<(Purpose, Job)>) {
    for (purpose, job) in jobs {
        let mut parts = Vec::new();
        job.run(|found| {
            parts.push(found);
            true
        });
        for found in parts {
            view.found(purpose, found);
        }
    }
}

fn filter(view: &mut LogView, text: &str) {
    let jobs = view.set_filter(text).expect("a filter");
    run(view, jobs);
}

fn search(view: &mut LogView, text: &str) {
    let job = view.set_search(text).expect("a search");
    let jobs = job.map(|job| (Purpose::Search, job)).into_iter().collect();
    run(view, jobs);
}

fn at(view: &LogView) -> i64 {
    (view.cursor_line().expect("there is a line").at - NOON) / 1_000
}

/// The first line in sight.
fn top(view: &LogView) -> i64 {
    let id = view.ids()[view.top_place(20)];
    (view.store.line(id).expect("it is kept").at - NOON) / 1_000
}

#[test]
fn following_keeps_the_newest_line_in_sight() {
    let mut view = view(100);
    assert_eq!((top(&view), at(&view)), (80, 99));
    add(&mut view, 100..110);
    assert_eq!((top(&view), at(&view)), (90, 109));
}

#[test]
fn what_is_read_stays_where_it_is_whatever_arrives() {
    let mut view = view(100);
    view.step(-30);
    let before = (top(&view), at(&view));
    assert_eq!(before.1, 69);
    add(&mut view, 100..500);
    view.take(Followed::Lines(vec![event(-5_000, "late", "late")]));
    assert_eq!((top(&view), at(&view)), before);
    view.step(isize::MAX);
    assert_eq!(view.pace, Pace::Following, "past the end it follows again");
    assert_eq!(at(&view), 499);
}

#[test]
fn going_to_the_top_and_a_page_at_a_time_stops_at_the_ends() {
    let mut view = view(100);
    view.step(isize::MIN);
    assert_eq!((top(&view), at(&view)), (0, 0));
    view.step(10);
    assert_eq!(
        (top(&view), at(&view)),
        (0, 10),
        "the screen moves only when it must"
    );
    view.step(15);
    assert_eq!((top(&view), at(&view)), (6, 25));
}

#[test]
fn what_is_read_stays_while_the_oldest_lines_go() {
    let mut view = view(0);
    view.store = Store::new(1 << 20);
    add(&mut view, 0..10_000);
    view.step(-100);
    let before = at(&view);
    assert!(view.store.dropped() == 0);
    add(&mut view, 10_000..19_000);
    assert!(view.store.dropped() > 0);
    assert_eq!(at(&view), before);
}

#[test]
fn a_filter_shows_lines_that_pass_also_those_that_come_later() {
    let mut view = view(100);
    filter(&mut view, "level:error");
    assert_eq!(view.ids().len(), 10);
    add(&mut view, 100..150);
    assert_eq!(view.ids().len(), 15);
    assert_eq!(at(&view), 140);
    assert!(view.set_filter("level:loud").is_err());
    assert_eq!(
        view.filter().text(),
        "level:error",
        "a wrong filter changes nothing"
    );
}

#[test]
fn a_later_filter_makes_the_answers_of_an_earlier_one_void() {
    let mut view = view(100);
    let early = view.set_filter("level:error").expect("a filter");
    let late = view.set_filter("level:info").expect("a filter");
    run(&mut view, late);
    let before = view.ids().len();
    run(&mut view, early);
    assert_eq!(view.ids().len(), before);
}

#[test]
fn a_search_goes_to_the_last_hit_before_and_counts_them() {
    let mut view = view(100);
    view.step(-14);
    assert_eq!(at(&view), 85);
    search(&mut view, "ERROR");
    assert_eq!(at(&view), 80);
    assert_eq!(view.hit_number(), Some((9, 10)));
    assert!(view.go_to_hit(1));
    assert_eq!(at(&view), 90);
    assert!(!view.go_to_hit(1), "it was the last");
    assert!(view.go_to_hit(-1) && view.go_to_hit(-1));
    assert_eq!((at(&view), view.hit_number()), (70, Some((8, 10))));
    add(&mut view, 100..121);
    assert_eq!(view.hit_number(), Some((8, 13)));
}

#[test]
fn a_search_looks_only_among_lines_that_are_shown() {
    let mut view = view(100);
    filter(&mut view, "n<50");
    search(&mut view, "error");
    assert_eq!(view.hit_number().map(|hits| hits.1), Some(5));
    filter(&mut view, "");
    assert_eq!(view.hit_number().map(|hits| hits.1), Some(10));
}

#[test]
fn context_shows_all_lines_around_the_same_line_and_comes_back() {
    let mut view = view(100);
    filter(&mut view, "level:error");
    view.step(-3);
    assert_eq!(at(&view), 60);
    let jobs = view.toggle_context();
    run(&mut view, jobs);
    assert_eq!((view.ids().len(), at(&view)), (100, 60));
    assert!((50..61).contains(&top(&view)), "{}", top(&view));
    let jobs = view.toggle_context();
    run(&mut view, jobs);
    assert_eq!(
        (view.filter().text(), view.ids().len(), at(&view)),
        ("level:error", 10, 60)
    );
}

#[test]
fn a_traceback_is_one_event() {
    let mut view = view(0);
    let lines = [
        "[2026-11-22 03:14:15,926] ERROR in app: Exception on /api/items [GET]",
        "Traceback (most recent call last):",
        "  File \"/app/app.py\", line 9, in items",
        "    return db.items[key]",
        "KeyError: 'DATABASE_URL'",
        "[2026-11-22 03:14:16 +0000] [7] [INFO] Worker exiting (pid: 7)",
    ];
    // Lines of another stream lie between, and the batch ends in the middle.
    let mut times = 0..;
    for half in lines.chunks(3) {
        let mut batch = Vec::new();
        for (line, at) in half.iter().zip(&mut times) {
            batch.push(event(at, "a", line));
            batch.push(event(at, "b", "GET / 200"));
        }
        view.take(Followed::Lines(batch));
    }
    view.settle();
    let texts: Vec<&str> = view
        .ids()
        .iter()
        .filter_map(|id| view.store.line(*id))
        .filter(|line| line.stream.name == "a")
        .map(|line| line.text)
        .collect();
    assert_eq!(texts.len(), 2, "{texts:#?}");
    assert_eq!(texts[0], lines[..5].join("\n"));
}

#[test]
fn lines_that_another_session_brings_again_are_told_once() {
    let mut view = view(0);
    let batch = || {
        vec![
            event(1, "a", "one"),
            event(1, "a", "one"),
            event(2, "a", "two"),
        ]
    };
    view.take(Followed::Lines(batch()));
    view.begin_session();
    let mut again = batch();
    again.push(event(3, "a", "three"));
    view.take(Followed::Lines(again));
    view.settle();
    assert_eq!(view.ids().len(), 4);
}

#[test]
fn gaps_stand_among_the_lines_and_pass_every_filter() {
    let mut view = view(10);
    view.take(Followed::Gap {
        groups: vec!["/ecs/shop/backend".to_owned()],
        from: Timestamp::from_millisecond(NOON + 3_000).expect("a time"),
        to: Timestamp::from_millisecond(NOON + 5_000).expect("a time"),
        why: "the connection was lost".to_owned(),
    });
    assert_eq!(view.ids().len(), 11);
    let gap = view.store.line(view.ids()[6]).expect("it is kept");
    assert_eq!(gap.kind, Kind::Gap);
    assert!(gap.text.contains("the connection was lost"), "{}", gap.text);
}

#[test]
fn marks_are_gone_to_in_turn() {
    let mut view = view(100);
    assert!(!view.go_to_bookmark());
    for up in [-10, -20] {
        view.step(up);
        assert_eq!(view.toggle_bookmark(), Some(true));
    }
    assert_eq!(at(&view), 69);
    assert!(view.go_to_bookmark());
    assert_eq!(at(&view), 89);
    assert!(view.go_to_bookmark());
    assert_eq!(at(&view), 69, "after the last comes the first");
    assert_eq!(view.toggle_bookmark(), Some(false));
}

#[test]
fn a_time_is_gone_to() {
    let mut view = view(100);
    view.go_to_time(Timestamp::from_millisecond(NOON + 41_500).expect("a time"));
    assert_eq!((at(&view), top(&view)), (42, 32));
}
