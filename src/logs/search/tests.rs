use super::*;
use crate::logs::store::tests::put;

/// What a search finds, by time.
fn found(store: &Store, filter: &str) -> Vec<String> {
    let mut matches = Matches::default();
    search(store, filter, |part| matches.take(store, part));
    matches.prune(store);
    let text = |id: &LineId| store.line(*id).expect("it is kept").text.to_owned();
    matches.ids().iter().map(text).collect()
}

fn search(store: &Store, filter: &str, mut take: impl FnMut(Found)) {
    let job = Job {
        number: 1,
        filter: Arc::new(Filter::parse(filter).expect("a filter")),
        snapshot: store.snapshot(),
        newest: Arc::new(AtomicU64::new(1)),
    };
    job.run(|part| {
        take(part);
        true
    });
}

#[test]
fn a_search_finds_what_looking_at_each_line_finds() {
    let mut store = Store::new(32 << 20);
    let mut all = Vec::new();
    let kinds = ["GET /a", "POST /b error", "x\ny error", "", "ERROR"];
    for (at, kind) in (0..40_000_i64).zip(kinds.iter().cycle()) {
        let padding = "padding ".repeat(all.len() % 9);
        let text = format!("{kind} line {at} {padding}");
        // Every hundredth comes late.
        let time = if at % 100 == 0 { at - 5_000 } else { at };
        put(&mut store, time, &text);
        all.push((time, text));
    }
    all.sort_by_key(|(at, _)| *at);
    assert!(store.snapshot().chunks.len() > 1, "several chunks");
    for text in [
        "error",
        "ERROR",
        "/^y e/",
        "get -padding",
        "/line 12.4 /",
        "39999",
        "post or padding",
        "",
    ] {
        let filter = Filter::parse(text).expect("a filter");
        let wanted: Vec<&String> = all
            .iter()
            .filter(|(_, line)| {
                let mut one = Store::new(1 << 20);
                let id = put(&mut one, 0, line);
                filter.passes(&one.line(id).expect("it is kept"))
            })
            .map(|(_, line)| line)
            .collect();
        let found = found(&store, text);
        assert_eq!(found.len(), wanted.len(), "{text}");
        assert!(found.iter().eq(wanted), "{text}");
    }
}

#[test]
fn a_match_never_reaches_from_one_line_into_the_next() {
    let mut store = Store::new(1 << 20);
    for (at, text) in [(1, "one a"), (2, "b two"), (3, "a b")] {
        put(&mut store, at, text);
    }
    assert_eq!(found(&store, r"/a\sb/"), ["a b"]);
    assert_eq!(found(&store, "/a[^x]*b/"), ["a b"]);
}

#[test]
fn the_newest_lines_are_told_first_and_at_once() {
    let mut store = Store::new(64 << 20);
    for at in 0..200_000 {
        put(
            &mut store,
            at,
            "an error of a hundred bytes, more or less, so that there are some twenty chunks of lines",
        );
    }
    let mut parts = Vec::new();
    search(&store, "error", |part| {
        parts.push((part.ids.len(), part.left));
    });
    let chunks = store.snapshot().chunks.len();
    assert_eq!(parts.first().map(|part| part.1), Some(chunks - 1));
    assert_eq!(parts.last().map(|part| part.1), Some(0));
    assert_eq!(parts.iter().map(|part| part.0).sum::<usize>(), 200_000);
}

#[test]
fn a_search_ends_when_a_later_one_began() {
    let mut store = Store::new(64 << 20);
    for at in 0..100_000 {
        put(
            &mut store,
            at,
            "some line of a hundred bytes, more or less, so that there are several chunks of lines here",
        );
    }
    let newest = Arc::new(AtomicU64::new(1));
    let job = Job {
        number: 1,
        filter: Arc::new(Filter::parse("line").expect("a filter")),
        snapshot: store.snapshot(),
        newest: Arc::clone(&newest),
    };
    let mut told = 0;
    job.run(|_| {
        told += 1;
        newest.store(2, Ordering::Relaxed);
        true
    });
    assert_eq!(told, 1);
}

#[test]
fn lines_that_come_after_a_search_are_added_at_their_place() {
    let mut store = Store::new(1 << 20);
    put(&mut store, 10, "error a");
    let mut matches = Matches::default();
    search(&store, "error", |part| matches.take(&store, part));
    for (at, text) in [(30, "error c"), (20, "error b")] {
        let id = put(&mut store, at, text);
        matches.add(&store, id);
    }
    let texts: Vec<&str> = matches
        .ids()
        .iter()
        .filter_map(|id| store.line(*id))
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["error a", "error b", "error c"]);
}
