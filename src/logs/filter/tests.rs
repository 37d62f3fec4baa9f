use super::*;
use crate::{
    logs::{
        format::Format,
        store::{Kind, NewLine, Store, Stream},
    },
    model::log::LogOrigin,
};

/// Whether a JSON line of the backend's task 9f2c, an error, passes.
fn passes(filter: &str, text: &str) -> bool {
    let mut store = Store::new(1 << 20);
    let stream = store.stream(&Stream {
        origin: LogOrigin::Service,
        label: "backend".to_owned(),
        group: "/ecs/shop/backend".to_owned(),
        name: "backend/backend/9f2c".to_owned(),
    });
    let id = store.push(NewLine {
        at: 0,
        stream,
        level: Level::Error,
        format: Format::Json,
        kind: Kind::Text,
        text,
    });
    let filter = Filter::parse(filter).expect("a filter");
    filter.passes(&store.line(id).expect("it was kept"))
}

#[test]
fn words_must_all_occur_and_capitals_matter_where_there_are_some() {
    let line = "Could not reach Postgres: timeout";
    for filter in [
        "",
        "timeout",
        "postgres TIMEOUT OR could",
        "\"not reach\"",
        "Postgres",
    ] {
        assert!(passes(filter, line), "{filter}");
    }
    for filter in ["timeout refused", "POSTGRES", "\"reach not\""] {
        assert!(!passes(filter, line), "{filter}");
    }
}

#[test]
fn either_not_and_parentheses_combine() {
    let line = "GET /health 200";
    assert!(passes("/health or /ready", line));
    assert!(passes("(/ready or /health) -500", line));
    assert!(!passes("-health", line));
    assert!(!passes("!(get or put)", line));
    assert!(passes("!!get", line));
}

#[test]
fn levels_sources_and_streams_are_compared_with_the_line() {
    for filter in [
        "level:error",
        "level:info",
        "level=error",
        "level>=warning",
        "level<fatal",
        "service:backend",
        "source=backend",
        "task:9f2c",
        "group:shop",
    ] {
        assert!(passes(filter, "x"), "{filter}");
    }
    for filter in [
        "level:fatal",
        "level=info",
        "service:frontend",
        "source=back",
        "-task:9f2c",
    ] {
        assert!(!passes(filter, "x"), "{filter}");
    }
}

#[test]
fn fields_are_compared_as_text_and_as_numbers() {
    let line = r#"{"status":500,"duration_ms":812.5,"http":{"path":"/api/items"}}"#;
    for filter in [
        "status:500",
        "status=500",
        "status>=500",
        "status<501",
        "duration_ms>800",
        "http.path:/api",
        "http.path=\"/api/items\"",
        "-http.path=/api",
    ] {
        assert!(passes(filter, line), "{filter}");
    }
    for filter in [
        "status=50",
        "status>500",
        "missing:1",
        "missing>1",
        "http.path>1",
    ] {
        assert!(!passes(filter, line), "{filter}");
    }
}

#[test]
fn an_address_is_text_and_no_field() {
    assert!(passes("https://shop", "GET https://shop.example.com"));
    assert!(passes("10.0.1.7:5432", "connect to 10.0.1.7:5432"));
}

#[test]
fn expressions_are_bounded() {
    assert!(passes("/time.?out$/", "first\ntime-out\nlast"));
    assert!(passes(r"/a\/b/", "a/b"));
    let error = Filter::parse("/(a{1000}){1000}/").expect_err("it would explode");
    assert!(error.message.contains("too large"), "{error}");
}

#[test]
fn what_cannot_be_understood_is_told_with_its_place() {
    for (text, at, word) in [
        ("ok (level:error", 3..4, "never closed"),
        ("level:loud", 6..10, "no level"),
        ("status>=high", 8..12, "no number"),
        ("a \"b", 2..3, "never closed"),
        ("a )", 2..3, "no `(`"),
        ("/a(/", 0..4, "no regular expression"),
        ("a or", 4..4, "missing"),
        ("level:", 6..6, "missing"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.message.contains(word), "{text}: {error}");
    }
    let error = Filter::parse("日本 level:loud").expect_err("no level");
    assert_eq!(
        error.caret("日本 level:loud"),
        "日本 level:loud\n           ^^^^ no level: trace, debug, info, warning, error or fatal"
    );
    let deep = "(".repeat(5_000);
    assert!(Filter::parse(&deep).is_err());
    assert!(Filter::parse(&"-".repeat(5_000)).is_err());
}

#[test]
fn what_was_looked_for_is_marked_in_the_text() {
    let filter = Filter::parse("error (/b+/ or c) -d").expect("a filter");
    assert_eq!(filter.highlights("Error abbc d"), [0..5, 7..9, 9..10]);
}

#[test]
fn a_text_taken_as_it_is_is_found_as_it_is() {
    for text in ["a \"quoted\" \\d word", "level:error", "/x/", "(", "-a"] {
        assert!(
            passes(
                Filter::of_text(text).text(),
                &format!("before {text} after")
            ),
            "{text}"
        );
    }
}
