//! A database whose log files grow, rotate and are cut as RDS cuts them.

use super::{follow::Files, *};
use crate::{cloud::aws::mocked::mocked, model::log::Followed};
use aws_sdk_rds::operation::{
    describe_db_log_files::{DescribeDBLogFilesError, DescribeDbLogFilesOutput},
    download_db_log_file_portion::{
        DownloadDBLogFilePortionError, DownloadDbLogFilePortionInput,
        DownloadDbLogFilePortionOutput,
    },
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::error::ErrorMetadata;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const START: &str = "2026-11-22T03:00:00Z";
const OLD: &str = "error/postgresql.log.2026-11-22-03";
const NEW: &str = "error/postgresql.log.2026-11-22-04";

fn at(second: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(second)
}

fn line(second: i64, text: &str) -> String {
    let time = at(second).strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{time}:10.0.1.5(4000):app@shop:[71]:LOG:  {text}\n")
}

/// The files of an instance, with the largest portion that it gives.
#[derive(Clone)]
struct Instance {
    files: Arc<Mutex<BTreeMap<&'static str, (String, i64)>>>,
    asked: Arc<Mutex<usize>>,
    portion: usize,
}

impl Instance {
    fn new(portion: usize) -> Self {
        Self {
            files: Arc::default(),
            asked: Arc::default(),
            portion,
        }
    }

    fn write(&self, file: &'static str, second: i64, text: &str) {
        let mut files = self.files.lock().unwrap();
        let (whole, written) = files.entry(file).or_default();
        whole.push_str(text);
        *written = at(second).as_millisecond();
    }

    fn list(&self) -> DescribeDbLogFilesOutput {
        let files = self.files.lock().unwrap();
        let file = |name: &str, size: usize, written| {
            DescribeDbLogFilesDetails::builder()
                .log_file_name(name)
                .size(i64::try_from(size).unwrap())
                .last_written(written)
                .build()
        };
        let listed = files
            .iter()
            .map(|(name, (text, written))| file(name, text.len(), *written));
        let csv = file(&format!("{OLD}.csv"), 9, i64::MAX);
        DescribeDbLogFilesOutput::builder()
            .set_describe_db_log_files(Some(listed.chain([csv]).collect()))
            .build()
    }

    fn portion(&self, asked: &DownloadDbLogFilePortionInput) -> DownloadDbLogFilePortionOutput {
        *self.asked.lock().unwrap() += 1;
        let files = self.files.lock().unwrap();
        let (whole, _) = &files[asked.log_file_name().unwrap()];
        let text = match asked.marker() {
            None => whole[whole.len().saturating_sub(self.portion)..].to_owned(),
            Some(marker) => {
                let rest = &whole[marker.parse::<usize>().unwrap()..];
                let lines = asked.number_of_lines().unwrap_or(10_000);
                let lines = usize::try_from(lines).unwrap();
                rest.split_inclusive('\n').take(lines).collect()
            }
        };
        let begin = match asked.marker() {
            None => whole.len() - text.len(),
            Some(marker) => marker.parse().unwrap(),
        };
        // What does not fit is lost with the rest of its line.
        let (shown, end) = if text.len() > self.portion {
            let line = text[self.portion..].find('\n').unwrap();
            let cut = &text[..self.portion];
            (format!("{cut} {CUT}\n"), begin + self.portion + line + 1)
        } else {
            (text.clone(), begin + text.len())
        };
        DownloadDbLogFilePortionOutput::builder()
            .log_file_data(shown)
            .marker(end.to_string())
            .additional_data_pending(end < whole.len())
            .build()
    }

    fn client(&self) -> Client {
        let (list, portion) = (self.clone(), self.clone());
        let rules = [
            mock!(Client::describe_db_log_files).then_compute_output(move |_| list.list()),
            mock!(Client::download_db_log_file_portion)
                .then_compute_output(move |asked| portion.portion(asked)),
        ];
        mocked!(aws_sdk_rds, &rules)
    }
}

/// Follows an instance and notes what is told.
struct Follower {
    client: Client,
    files: Files,
    told: Vec<Followed>,
}

impl Follower {
    fn of(instance: &Instance, since: i64) -> Self {
        Self {
            client: instance.client(),
            files: Files::new("shop-db", at(since)),
            told: Vec::new(),
        }
    }

    async fn ask(&mut self, second: i64) {
        self.files.ask(&self.client, at(second)).await;
        self.told.extend(self.files.told.drain(..));
    }

    fn lines(&self) -> Vec<&str> {
        let lines = self.told.iter().filter_map(|told| match told {
            Followed::Lines(lines) => Some(lines),
            _ => None,
        });
        lines
            .flatten()
            .map(|line| line.message.rsplit(":  ").next().unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_rotation_to_another_file_loses_and_doubles_nothing() {
    let instance = Instance::new(1 << 20);
    instance.write(OLD, -1_000, &line(-1_000, "long ago"));
    instance.write(OLD, 0, &line(0, "one"));
    let mut follower = Follower::of(&instance, -60);
    follower.ask(1).await;
    instance.write(OLD, 2, &line(2, "two"));
    follower.ask(3).await;
    // The old file is written once more while the new one is there already.
    instance.write(OLD, 4, &line(4, "three"));
    instance.write(NEW, 5, &line(5, "four"));
    follower.ask(6).await;
    instance.write(NEW, 7, &line(7, "five"));
    for second in 8..12 {
        follower.ask(second).await;
    }
    let mut lines = follower.lines();
    lines.sort_unstable();
    assert_eq!(lines, ["five", "four", "one", "three", "two"]);
    assert!(matches!(follower.told.last(), Some(Followed::UpTo(to)) if *to == at(11)));
}

#[tokio::test]
async fn a_line_that_is_written_in_two_parts_is_told_once_and_whole() {
    let instance = Instance::new(1 << 20);
    let whole = line(0, "SELECT 1,");
    let (begin, end) = whole.split_at(40);
    instance.write(OLD, 0, begin);
    let mut follower = Follower::of(&instance, -60);
    follower.ask(1).await;
    assert!(follower.lines().is_empty());
    instance.write(OLD, 2, &format!("{end}\t2\n"));
    for second in 2..5 {
        follower.ask(second).await;
    }
    assert_eq!(follower.lines(), ["SELECT 1,\n\t2"]);
}

#[tokio::test]
async fn a_portion_whose_last_line_was_cut_is_asked_for_again_with_fewer_lines() {
    let instance = Instance::new(400);
    let numbers: Vec<String> = (0..20)
        .map(|n| format!("statement {n:02} {}", "x".repeat(40)))
        .collect();
    for (second, text) in (0..).zip(&numbers) {
        instance.write(OLD, second, &line(second, text));
    }
    let mut follower = Follower::of(&instance, -60);
    for second in 30..33 {
        follower.ask(second).await;
    }
    assert_eq!(follower.lines(), numbers);
}

#[tokio::test]
async fn a_line_larger_than_a_portion_is_told_as_rds_cut_it() {
    let instance = Instance::new(400);
    instance.write(OLD, 0, &line(0, "before"));
    instance.write(OLD, 1, &line(1, &"x".repeat(900)));
    instance.write(OLD, 2, &line(2, "after"));
    let mut follower = Follower::of(&instance, -60);
    for second in 3..6 {
        follower.ask(second).await;
    }
    let lines = follower.lines();
    assert_eq!((lines[0], lines[2], lines.len()), ("before", "after", 3));
    assert!(lines[1].contains(CUT), "{lines:?}");
}

#[tokio::test]
async fn a_file_whose_end_reaches_back_far_enough_is_not_read_whole() {
    let instance = Instance::new(4_000);
    for second in 0..1_000 {
        instance.write(OLD, second, &line(second, "same"));
    }
    let mut follower = Follower::of(&instance, 990);
    follower.ask(1_000).await;
    assert_eq!(*instance.asked.lock().unwrap(), 1);
    follower.ask(1_005).await;
    assert_eq!(follower.lines().len(), 10);
}

#[tokio::test]
async fn a_span_is_read_from_the_files_that_hold_it() {
    let instance = Instance::new(1 << 20);
    instance.write(OLD, 1, &[line(0, "zero"), line(1, "one")].concat());
    instance.write(NEW, 3, &[line(2, "two"), line(3, "three")].concat());
    let query = LogQuery {
        stream: None,
        groups: Vec::new(),
        from: at(1),
        to: at(3),
        pattern: String::new(),
        limit: 10,
    };
    let mut lines = read(&instance.client(), "shop-db", &query).await.unwrap();
    lines.sort_by_key(|line| line.at);
    let told: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line.stream.as_str(), line.group.as_str()))
        .collect();
    let group = "rds:shop-db:error/postgresql.log";
    assert_eq!(told, [(OLD, group), (NEW, group)]);
    assert!(lines[0].message.ends_with("one") && lines[1].message.ends_with("two"));
}

fn denied<E>(code: &'static str, make: fn(ErrorMetadata) -> E) -> E {
    make(ErrorMetadata::builder().code(code).build())
}

async fn told_with(rules: &[Rule]) -> Vec<Followed> {
    let mut files = Files::new("shop-db", at(0));
    files.ask(&mocked!(aws_sdk_rds, rules), at(1)).await;
    files.told.into()
}

#[tokio::test]
async fn a_denial_names_the_action_to_grant() {
    let instance = Instance::new(400);
    instance.write(OLD, 0, &line(0, "one"));
    let list = mock!(Client::describe_db_log_files)
        .then_error(|| denied("AccessDenied", DescribeDBLogFilesError::generic));
    let listed = mock!(Client::describe_db_log_files).then_compute_output(move |_| instance.list());
    let portion = mock!(Client::download_db_log_file_portion)
        .then_error(|| denied("AccessDenied", DownloadDBLogFilePortionError::generic));
    for (rules, action) in [
        (vec![list], "rds:DescribeDBLogFiles"),
        (vec![listed, portion], "rds:DownloadDBLogFilePortion"),
    ] {
        let told = told_with(&rules).await;
        let [Followed::Failed { group, error }] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(group, "rds:shop-db:error/postgresql.log");
        let action = action.to_owned();
        assert_eq!(error.kind, ErrorKind::Denied { action });
    }
}
