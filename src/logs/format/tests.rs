use super::*;

fn level(message: &str) -> (Format, Level) {
    classify(message, LogOrigin::Service)
}

#[test]
fn json_lines_tell_their_level_under_many_names() {
    for (line, expected) in [
        (
            r#"{"time":"2026-11-22T03:14:15.123Z","level":"ERROR","status":500}"#,
            Level::Error,
        ),
        (
            r#"{"levelname": "WARNING", "message": "a \"level\":\"fatal\" in text"}"#,
            Level::Warning,
        ),
        (
            r#"{"message":"{\"level\":\"fatal\"}","severity":"info"}"#,
            Level::Info,
        ),
        (r#"{"lvl":"dbg"}"#, Level::Debug),
        (r#"{"level":50,"msg":"pino"}"#, Level::Error),
        (r#"{"severity":4}"#, Level::Warning),
        (r#"{"log":{"level":"error","logger":"x"}}"#, Level::Error),
        (r#"{"log.level":"fatal"}"#, Level::Fatal),
        (r#"{"status":503,"path":"/"}"#, Level::Error),
        (r#"{"status":"404"}"#, Level::Warning),
        (r#"{"nested":{"level":"error"}}"#, Level::Unknown),
        (r#"{"level":"ERROR","message":"cut off he"#, Level::Error),
        ("{", Level::Unknown),
    ] {
        assert_eq!(level(line), (Format::Json, expected), "{line}");
    }
}

#[test]
fn python_gunicorn_and_flask_tell_theirs() {
    for (line, expected) in [
        (
            "[2026-11-22 03:14:15 +0000] [7] [ERROR] Exception in worker process",
            Level::Error,
        ),
        (
            "[2026-11-22 03:14:15 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:7)",
            Level::Fatal,
        ),
        (
            "[2026-11-22 03:14:15,123] ERROR in app: Exception on / [GET]",
            Level::Error,
        ),
        ("ERROR:app:boom", Level::Error),
        ("2026-11-22 03:14:15,123 - app - ERROR - boom", Level::Error),
        ("Traceback (most recent call last):", Level::Error),
        (
            r#"INFO:werkzeug:10.0.1.54 - - [22/Nov/2026 03:14:15] "GET / HTTP/1.1" 500 -"#,
            Level::Error,
        ),
        (
            r#"INFO:     10.0.1.54:55 - "GET /x HTTP/1.1" 404 Not Found"#,
            Level::Warning,
        ),
        ("WARNING: This is a development server.", Level::Warning),
    ] {
        assert_eq!(level(line), (Format::Python, expected), "{line}");
    }
}

#[test]
fn access_lines_are_judged_by_their_status() {
    for (status, expected) in [
        (200, Level::Info),
        (302, Level::Info),
        (404, Level::Warning),
        (502, Level::Error),
    ] {
        let line = format!(
            r#"203.0.113.7 - - [22/Nov/2026:03:14:15 +0000] "GET /ERROR HTTP/1.1" {status} 153 "-" "Mozilla/5.0""#
        );
        assert_eq!(level(&line), (Format::NginxAccess, expected));
    }
    let line = r#"10.0.1.54 - - [22/Nov/2026 03:14:15] "POST /api HTTP/1.1" 500 -"#;
    assert_eq!(level(line), (Format::NginxAccess, Level::Error));
}

#[test]
fn the_error_log_of_nginx_tells_its_level() {
    for (word, expected) in [
        ("error", Level::Error),
        ("notice", Level::Info),
        ("emerg", Level::Fatal),
        ("warn", Level::Warning),
    ] {
        let line = format!("2026/11/22 03:14:15 [{word}] 31#31: *12 open() failed");
        assert_eq!(level(&line), (Format::NginxError, expected));
    }
}

#[test]
fn postgresql_tells_its_severity() {
    let prefix = "2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[1234]:";
    for (rest, expected) in [
        (
            "LOG:  duration: 512.300 ms  statement: SELECT 1",
            Level::Info,
        ),
        ("ERROR:  deadlock detected", Level::Error),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            Level::Fatal,
        ),
        ("PANIC:  could not write to file", Level::Fatal),
        (
            "WARNING:  there is no transaction in progress",
            Level::Warning,
        ),
        ("STATEMENT:  SELECT 'ERROR:  x'", Level::Unknown),
    ] {
        let line = format!("{prefix}{rest}");
        assert_eq!(
            classify(&line, LogOrigin::Database),
            (Format::Postgres, expected),
            "{line}"
        );
    }
}

#[test]
fn refused_flows_and_lost_records_are_warnings() {
    let record = |action: &str, status: &str| {
        format!(
            "2 123456789012 eni-0a7e3c91d5f2b8640 203.0.113.7 10.0.0.41 40000 22 6 1 40 1795317195 1795317255 {action} {status}"
        )
    };
    assert_eq!(
        level(&record("REJECT", "OK")),
        (Format::Flow, Level::Warning)
    );
    assert_eq!(level(&record("ACCEPT", "OK")), (Format::Flow, Level::Info));
    assert_eq!(
        level(&record("-", "SKIPDATA")),
        (Format::Flow, Level::Warning)
    );
    assert_eq!(
        classify("10.0.0.1 10.0.0.2 443 REJECT", LogOrigin::FlowLogs),
        (Format::Flow, Level::Warning)
    );
}

#[test]
fn plain_lines_are_judged_by_words_in_capitals_or_unmistakable_places() {
    for (line, expected) in [
        ("03:14:15 ERROR cannot connect", Level::Error),
        ("worker INFO saw an ERROR", Level::Info),
        ("level=warn msg=\"slow\"", Level::Warning),
        ("ts=1 lvl=\"error\" x", Level::Error),
        ("[error] no such file", Level::Error),
        ("error: failed to push", Level::Error),
        ("panic: runtime error: index out of range", Level::Fatal),
        (
            "Error: listen EADDRINUSE: address already in use :::8080",
            Level::Error,
        ),
        ("java.lang.IllegalStateException: closed", Level::Error),
        ("an error of no importance", Level::Unknown),
        ("ERRORS_TOTAL 5", Level::Unknown),
        (
            "/docker-entrypoint.sh: Configuration complete; ready for start up",
            Level::Unknown,
        ),
        ("", Level::Unknown),
    ] {
        assert_eq!(level(line), (Format::Plain, expected), "{line}");
    }
}

#[test]
fn ecs_waf_and_the_balancer_are_judged_by_what_they_did() {
    let ecs = |text| classify(text, LogOrigin::EcsEvents).1;
    assert_eq!(
        ecs("(service backend) has reached a steady state."),
        Level::Info
    );
    assert_eq!(
        ecs("(service backend) was unable to place a task. Reason: Internal error."),
        Level::Error
    );
    assert_eq!(
        ecs(
            "(service backend) (port 8000) is unhealthy in (target-group x) due to (reason Health checks failed with these codes: [502])"
        ),
        Level::Warning
    );
    let waf = r#"{"timestamp":1,"formatVersion":1,"action":"BLOCK","httpRequest":{}}"#;
    assert_eq!(
        classify(waf, LogOrigin::Waf),
        (Format::Json, Level::Warning)
    );
    let access = r#"https 2026-11-22T03:14:15.123Z app/hydren/1 203.0.113.7:2817 10.0.1.5:8000 0.001 0.2 0.0 502 - 34 366 "GET https://x:443/ HTTP/1.1" "curl""#;
    assert_eq!(classify(access, LogOrigin::Balancer).1, Level::Error);
}

/// Merges lines as the store does, and tells how many events they make.
fn events(lines: &str) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    for line in lines.split('\n') {
        match events.last_mut() {
            Some(event) if continues(event, line) => {
                event.push('\n');
                event.push_str(line);
            }
            _ => events.push(line.to_owned()),
        }
    }
    events
}

#[test]
fn a_traceback_with_chained_exceptions_is_one_event() {
    let traceback = "[2026-11-22 03:14:15,123] ERROR in app: Exception on /api/items [POST]
Traceback (most recent call last):
  File \"/app/db.py\", line 12, in get
    return os.environ['DATABASE_URL']
           ~~~~~~~~~~^^^^^^^^^^^^^^^^
KeyError: 'DATABASE_URL'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/app/app.py\", line 40, in items
    raise Unavailable(error)
sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed
[SQL: SELECT 1]
(Background on this error at: https://sqlalche.me/e/20/e3q8)";
    assert_eq!(events(traceback), [traceback]);
    let two = format!("{traceback}\nINFO:app:next\n{traceback}");
    assert_eq!(events(&two).len(), 3);
    let then = format!("{traceback}\n{{\"level\":\"INFO\"}}");
    assert_eq!(events(&then).len(), 2);
}

#[test]
fn two_tracebacks_are_two_events() {
    let one =
        "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nKeyError: 'a'";
    assert_eq!(events(&format!("{one}\n{one}")).len(), 2);
    assert_eq!(
        events("INFO:app:started\nTraceback (most recent call last):").len(),
        2
    );
}

#[test]
fn stack_traces_of_the_jvm_and_of_node_are_one_event() {
    let java = "java.lang.IllegalStateException: closed\n\tat com.example.Pool.get(Pool.java:12)\nCaused by: java.io.IOException: reset\n\t... 12 more";
    assert_eq!(events(java).len(), 1);
    let node = "TypeError: x is not a function {\n    at main (/app/i.js:1:2)\n}";
    assert_eq!(events(node).len(), 1);
}

#[test]
fn postgresql_adds_only_to_lines_of_the_same_process() {
    let line = |process: u32, text: &str| {
        format!("2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[{process}]:{text}")
    };
    let lines = [
        line(
            7,
            "ERROR:  duplicate key value violates unique constraint \"items_pkey\"",
        ),
        line(7, "DETAIL:  Key (id)=(12) already exists."),
        line(7, "STATEMENT:  INSERT INTO items"),
        "\tVALUES ($1)".to_owned(),
        line(8, "STATEMENT:  SELECT 1"),
        line(7, "LOG:  disconnection"),
    ];
    let events = events(&lines.join("\n"));
    assert_eq!(events.len(), 3);
    assert!(events[0].ends_with("VALUES ($1)"));
}

#[test]
fn nothing_is_continued_by_an_ordinary_line() {
    assert!(!continues("", "  indented"));
    for line in ["KeyError: 'a'", "", "plain", "}", "LINE 1: x", "[SQL: x]"] {
        assert!(!continues("a plain line", line), "{line}");
    }
}
