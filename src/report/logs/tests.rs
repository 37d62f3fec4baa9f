#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Cloud as _,
        sim::{SimCloud, SimOptions},
    },
    logs::hostile,
    model::log::{LogOrigin, LogQuery, QueryState},
    text::is_hostile,
};

const HOSTILE: &str = "a\x1b]52;c;ZXZpbA==\x07b \u{202e}evil\u{9b}31m\r\0 password=hunter2";

fn event(message: &str) -> LogEvent {
    LogEvent {
        at: "2026-11-22T14:03:27.042Z".parse().unwrap(),
        ingested: None,
        group: "/ecs/shop/backend".to_owned(),
        stream: "backend/backend/0123456789abcdef".to_owned(),
        id: None,
        message: message.to_owned(),
    }
}

fn sources() -> [LogSource; 1] {
    [LogSource {
        origin: LogOrigin::Service,
        label: "backend".to_owned(),
        group: "/ecs/shop/backend".to_owned(),
    }]
}

fn printed(output: LogOutput, secrets: Secrets, reader: Reader, message: &str) -> String {
    let printer = Printer {
        sources: &sources(),
        filter: &Filter::default(),
        flow: &FlowFormats::default(),
        output,
        secrets,
        reader,
    };
    printer.lines(&[event(message)]).unwrap().out
}

#[test]
fn a_line_of_the_table_says_when_who_and_what() {
    assert_eq!(
        printed(
            LogOutput::Table,
            Secrets::Masked,
            Reader::Program,
            "GET /health 200\n"
        ),
        "2026-11-22 14:03:27.042  backend  01234567  GET /health 200\n"
    );
}

#[test]
fn nothing_from_a_line_reaches_a_terminal_raw_in_any_form() {
    for text in hostile::lines().iter().map(String::as_str).chain([HOSTILE]) {
        let line = LogEvent {
            group: text.chars().take(200).collect(),
            stream: text.to_owned(),
            ..event(text)
        };
        for output in [LogOutput::Table, LogOutput::Json, LogOutput::Raw] {
            for secrets in [Secrets::Masked, Secrets::Shown] {
                let printer = Printer {
                    sources: &[],
                    filter: &Filter::default(),
                    flow: &FlowFormats::default(),
                    output,
                    secrets,
                    reader: Reader::Terminal,
                };
                let shown = printer.lines(std::slice::from_ref(&line)).unwrap().out;
                let raw = shown.chars().find(|&c| c != '\n' && is_hostile(c));
                assert_eq!(raw, None, "{shown:?}");
            }
        }
    }
}

#[test]
fn secrets_are_covered_unless_they_are_asked_for() {
    for output in [LogOutput::Table, LogOutput::Json, LogOutput::Raw] {
        let shown = |secrets| printed(output, secrets, Reader::Program, HOSTILE);
        assert!(!shown(Secrets::Masked).contains("hunter2"));
        assert!(shown(Secrets::Shown).contains("hunter2"));
    }
}

#[test]
fn a_program_gets_the_line_as_it_came_and_in_json_to_the_last_character() {
    let raw = printed(LogOutput::Raw, Secrets::Shown, Reader::Program, HOSTILE);
    assert_eq!(raw, format!("{HOSTILE}\n"));
    let json = printed(LogOutput::Json, Secrets::Shown, Reader::Program, HOSTILE);
    let back: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(back["message"], HOSTILE);
    assert_eq!(
        (&back["kind"], &back["source"]),
        (&"line".into(), &"backend".into())
    );
    assert_eq!(json.lines().count(), 1);
}

#[test]
fn a_filter_knows_level_source_and_text() {
    let printer = |filter: &str| {
        let filter = Filter::parse(filter).unwrap();
        let printer = Printer {
            sources: &sources(),
            filter: &filter,
            flow: &FlowFormats::default(),
            output: LogOutput::Raw,
            secrets: Secrets::Masked,
            reader: Reader::Program,
        };
        let lines = [event("ERROR no connection"), event("INFO connected")];
        printer.lines(&lines).unwrap().out
    };
    assert_eq!(printer("level:error"), "ERROR no connection\n");
    assert_eq!(printer("service:backend -error"), "INFO connected\n");
    assert_eq!(printer("service:frontend"), "");
}

#[test]
fn a_gap_stands_between_the_lines_and_the_way_of_delivery_beside_them() {
    let filter = Filter::default();
    let flow = FlowFormats::default();
    let printer = |output| Printer {
        sources: &[],
        filter: &filter,
        flow: &flow,
        output,
        secrets: Secrets::Masked,
        reader: Reader::Program,
    };
    let at = |text: &str| text.parse().unwrap();
    let gap = Followed::Gap {
        groups: vec!["/ecs/a".to_owned()],
        from: at("2026-11-22T14:00:00Z"),
        to: at("2026-11-22T14:00:05Z"),
        why: "throttled".to_owned(),
    };
    let table = printer(LogOutput::Table).told(&gap).unwrap();
    assert_eq!(
        table.out,
        "-- lines of /ecs/a may be missing from 14:00:00 to 14:00:05: throttled --\n"
    );
    let json = printer(LogOutput::Json).told(&gap).unwrap().out;
    assert!(json.starts_with(r#"{"kind":"gap""#), "{json}");
    let way = Followed::Delivery(Delivery::Polling, Some("denied".to_owned()));
    let said = printer(LogOutput::Table).told(&way).unwrap();
    assert_eq!(said.out, "");
    assert!(
        said.err.contains("polling") && said.err.contains("denied"),
        "{said:?}"
    );
}

#[test]
fn rows_of_a_query_are_columns_objects_or_tabs() {
    let cell = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let answer = InsightsAnswer {
        state: QueryState::Complete,
        rows: vec![
            vec![cell("path", "/a\x1b[2J"), cell("count", "3")],
            vec![cell("path", "/b")],
        ],
        matched: 4.0,
        scanned: 9.0,
        scanned_bytes: 1e6,
    };
    let rows = |output| {
        let printer = Printer {
            sources: &[],
            filter: &Filter::default(),
            flow: &FlowFormats::default(),
            output,
            secrets: Secrets::Masked,
            reader: Reader::Terminal,
        };
        printer.rows(&answer).unwrap()
    };
    assert_eq!(rows(LogOutput::Table), "path    count\n/a·[2J  3\n/b\n");
    assert_eq!(rows(LogOutput::Raw), "/a·[2J 3\n/b\n");
    assert_eq!(
        rows(LogOutput::Json).lines().next(),
        Some(r#"{"path":"/a\u001b[2J","count":"3"}"#)
    );
}

#[derive(Default)]
struct Kept(Printed);

impl Sink for Kept {
    fn write(&mut self, printed: &Printed) -> Result<std::ops::ControlFlow<()>> {
        self.0.out.push_str(&printed.out);
        self.0.err.push_str(&printed.err);
        Ok(std::ops::ControlFlow::Continue(()))
    }
}

#[tokio::test]
async fn a_group_that_cannot_be_read_does_not_keep_the_others_from_being_printed() {
    let cloud = SimCloud::new(SimOptions::default());
    let filter = Filter::default();
    let printer = Printer {
        sources: &[],
        filter: &filter,
        output: LogOutput::Raw,
        secrets: Secrets::Masked,
        reader: Reader::Program,
        flow: &FlowFormats::default(),
    };
    let read = async |groups: &[&str]| {
        let query = LogQuery {
            stream: None,
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            from: cloud.now() - jiff::SignedDuration::from_mins(5),
            to: cloud.now(),
            pattern: String::new(),
            limit: 100,
        };
        let mut kept = Kept::default();
        let answer = show(&cloud, &query, &printer, &mut kept).await;
        answer.map(|()| kept.0)
    };
    let kept = read(&["/gone", "/ecs/hydren/backend"]).await.unwrap();
    assert!(!kept.out.is_empty());
    assert!(kept.err.contains("/gone"), "{}", kept.err);
    let error = read(&["/gone"]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}
