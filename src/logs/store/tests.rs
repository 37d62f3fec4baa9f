use super::*;

/// Keeps a line of a service's stream.
pub(in crate::logs) fn put(store: &mut Store, at: i64, text: &str) -> LineId {
    let stream = store.stream(&Stream {
        origin: LogOrigin::Service,
        label: "backend".to_owned(),
        group: "g".to_owned(),
        name: "s".to_owned(),
    });
    store.push(NewLine {
        at,
        stream,
        level: Level::Info,
        format: Format::Plain,
        kind: Kind::Text,
        text,
    })
}

fn texts(store: &Store) -> Vec<&str> {
    let line = |id: &LineId| store.line(*id).expect("it is kept").text;
    store.order().iter().map(line).collect()
}

#[test]
fn late_lines_take_their_place_and_equal_times_keep_their_arrival() {
    let mut store = Store::new(1 << 20);
    for (at, text) in [(5, "b"), (9, "d"), (1, "a"), (5, "c"), (9, "e")] {
        put(&mut store, at, text);
    }
    assert_eq!(texts(&store), ["a", "b", "c", "d", "e"]);
    assert_eq!(store.first_at(store.order(), 5), 1);
    assert_eq!(store.first_at(store.order(), 10), 5);
}

#[test]
fn the_oldest_lines_go_when_there_are_too_many_bytes_and_are_counted() {
    let mut store = Store::new(4 << 20);
    let text = "x".repeat(1_000);
    for at in 0..20_000 {
        put(&mut store, at, &text);
    }
    assert!(store.bytes() <= store.limit(), "{}", store.bytes());
    assert!(store.order().len() > 2_000, "{}", store.order().len());
    assert_eq!(store.dropped() + store.order().len() as u64, 20_000);
    let oldest = store.order().front().and_then(|id| store.line(*id));
    assert_eq!(
        oldest.map(|line| line.at.cast_unsigned()),
        Some(store.dropped())
    );
    assert!(store.line(LineId::new(0, 0)).is_none());
}

#[test]
fn empty_and_very_long_lines_are_kept_and_the_longest_are_cut() {
    let mut store = Store::new(16 << 20);
    let long = "é".repeat(256 << 10);
    put(&mut store, 1, "");
    put(&mut store, 2, &long);
    put(&mut store, 3, &"日".repeat(1 << 20));
    put(&mut store, 4, "last");
    let lines = texts(&store);
    assert_eq!((lines[0], lines[1], lines[3]), ("", long.as_str(), "last"));
    assert!(lines[2].len() <= 1 << 20 && lines[2].len() > (1 << 20) - 3);
}

#[test]
fn a_store_that_is_too_small_for_a_line_keeps_the_newest() {
    let mut store = Store::new(100);
    put(&mut store, 1, &"x".repeat(1_000));
    put(&mut store, 2, "newest");
    assert_eq!(texts(&store), ["newest"]);
}

#[test]
fn what_a_search_holds_does_not_change_while_lines_come_and_go() {
    let mut store = Store::new(2 << 20);
    put(&mut store, 1, "first");
    let snapshot = store.snapshot();
    for at in 2..50_000 {
        put(
            &mut store,
            at,
            "more and more of the same, until the first is gone",
        );
    }
    let (number, chunk) = &snapshot.chunks[0];
    assert_eq!(Snapshot::lines(chunk), 1);
    assert_eq!(snapshot.line(*number, chunk, 0).text, "first");
    assert!(store.is_dropped(snapshot.line(*number, chunk, 0).id));
}

#[test]
fn bytes_held_are_at_most_a_third_more_than_the_text() {
    let mut store = Store::new(64 << 20);
    let text = r#"{"time":"2026-11-22T03:14:15.926Z","level":"INFO","logger":"app.access","request_id":"9f2c81d0aa37be54","method":"GET","path":"/api/items","status":200,"duration_ms":31}"#;
    let mut bytes = 0;
    for at in 0..300_000 {
        put(&mut store, at, text);
        bytes += text.len();
    }
    assert_eq!(store.dropped(), 0);
    assert!(
        store.bytes() * 10 <= bytes * 13,
        "{} bytes held for {bytes}",
        store.bytes()
    );
}
