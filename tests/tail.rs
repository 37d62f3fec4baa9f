//! Logs against MiniStack: real containers print, `hydren logs` follows and asks, and the connection is cut in between.

#[path = "support/console.rs"]
mod console;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/servers.rs"]
mod servers;

use console::Console;
use proxy::Proxy;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

const PROJECT: &str = "[environments.harbour]\nregion = \"eu-west-1\"\n";

/// Lines of each task: more than two minutes at 2.5 a second.
const LINES: usize = 312;

/// How long no connection is taken, twice.
const OUTAGE: Duration = Duration::from_secs(5);

/// Longer than two minutes of lines take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(6);

/// A running `hydren logs --follow` and what it has printed.
struct Tail {
    process: Child,
    printed: Receiver<Value>,
    records: Vec<Value>,
}

impl Tail {
    fn of(console: &Console, arguments: &[&str]) -> Self {
        let mut process = console
            .process(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("hydren can be run");
        let out = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let (sender, printed) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let record = serde_json::from_str(&line).expect("each line is JSON");
                if sender.send(record).is_err() {
                    return;
                }
            }
        });
        Self {
            process,
            printed,
            records: Vec::new(),
        }
    }

    fn listen(&mut self) {
        self.records.extend(self.printed.try_iter());
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let kind = kind.to_owned();
        self.records.iter().filter(move |r| r["kind"] == kind)
    }

    /// The numbers of the lines of each stream, in the order in which they came.
    fn numbers(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut streams = BTreeMap::<_, Vec<usize>>::new();
        for line in self.of_kind("line") {
            let message = line["message"].as_str().unwrap_or_default();
            let number = message.strip_prefix("line ").and_then(|n| n.parse().ok());
            let stream = line["stream"].as_str().unwrap_or_default();
            let numbers = streams.entry(stream).or_default();
            numbers.push(number.unwrap_or_else(|| panic!("not a numbered line: {line}")));
        }
        streams
    }

    /// How far the slower of both streams is.
    fn reached(&self) -> usize {
        let streams = self.numbers();
        let counts = streams.values().map(Vec::len).min();
        counts.filter(|_| streams.len() == 2).unwrap_or_default()
    }

    /// The ways in which lines came, one after the other.
    fn ways(&self) -> Vec<&str> {
        let ways = self.of_kind("delivery").map(|way| way["delivery"].as_str());
        let mut ways: Vec<&str> = ways.map(Option::unwrap_or_default).collect();
        ways.dedup();
        ways
    }

    /// Ends it as ctrl-c does; gives the exit code.
    fn interrupt(&mut self) -> Option<i32> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        self.process.wait().expect("it ends").code()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It has ended already, unless an assertion failed.
        let _ = self.process.kill();
    }
}

/// Listens until both have so many lines of each stream.
fn listen_until(count: usize, tails: [&mut Tail; 2]) {
    let start = Instant::now();
    let [first, second] = tails;
    loop {
        first.listen();
        second.listen();
        if first.reached() >= count && second.reached() >= count {
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{count} lines were waited for, {} and {} came; {:?}",
            first.reached(),
            second.reached(),
            first.of_kind("failed").last()
        );
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn every_line_of_two_minutes_arrives_exactly_once_and_in_order_through_two_lost_connections() {
    let server = servers::ministack();
    let names = servers::wire("count_ministack.py", &[&server, &LINES.to_string()]);
    let group = names["log_group"].as_str().expect("a name");
    let proxy = Proxy::before(&server);
    let console = Console::configured(&proxy.url, PROJECT);
    let follow = ["logs", group, "--follow", "--output", "json"];
    let mut live = Tail::of(&console, &follow);
    let mut polled = Tail::of(&console, &[&follow[..], &["--poll"]].concat());

    for cut_at in [LINES / 4, LINES * 5 / 8] {
        listen_until(cut_at, [&mut live, &mut polled]);
        proxy.cut();
        thread::sleep(OUTAGE);
        proxy.mend();
    }
    listen_until(LINES, [&mut live, &mut polled]);
    // What would come twice would come now.
    thread::sleep(Duration::from_secs(20));

    for tail in [&mut live, &mut polled] {
        tail.listen();
        for (stream, numbers) in tail.numbers() {
            let expected: Vec<usize> = (1..=LINES).collect();
            let places = numbers.iter().zip(&expected);
            if let Some(place) = places.clone().position(|(got, due)| got != due) {
                let around = &numbers[place.saturating_sub(3)..numbers.len().min(place + 5)];
                panic!("{stream}, {:?}: {around:?} at {place}", tail.ways());
            }
            assert_eq!(numbers.len(), LINES, "{stream}, {:?}", tail.ways());
        }
        for excuse in ["gap", "sampled"] {
            assert_eq!(tail.of_kind(excuse).count(), 0, "{excuse}");
        }
    }
    let live_ways = ["polling", "live_tail"].repeat(3);
    assert_eq!(live.ways(), live_ways, "one session after the other");
    assert_eq!(polled.ways(), ["polling"]);
    assert_eq!(live.interrupt(), Some(130));
    assert_eq!(polled.interrupt(), Some(130));
}

#[test]
fn lines_are_printed_and_queried_without_following() {
    let server = servers::ministack();
    let names = servers::wire("count_ministack.py", &[&server, "3"]);
    let group = names["log_group"].as_str().expect("a name");
    let console = Console::configured(&server, PROJECT);
    let start = Instant::now();
    loop {
        let output = console.run(&["logs", group, "--output", "raw"]);
        assert!(output.status.success(), "{output:?}");
        let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        if lines == ["line 1", "line 1", "line 2", "line 2", "line 3", "line 3"] {
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{lines:?}");
        thread::sleep(Duration::from_millis(500));
    }
    let query = "fields @timestamp, @message | sort @timestamp asc | limit 2";
    let output = console.run(&["logs", "query", query, group, "--output", "json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let rows = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(rows.lines().count(), 2, "{rows}");
    let first: Value = serde_json::from_str(rows.lines().next().unwrap_or_default())
        .unwrap_or_else(|e| panic!("{e}: {rows}"));
    assert_eq!(first["@message"], "line 1", "{rows}");
    assert!(
        said.contains("$0.0057 for a GB") && said.contains("36 B scanned, less than $0.0001"),
        "{said}"
    );
}
