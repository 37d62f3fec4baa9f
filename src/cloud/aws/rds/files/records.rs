//! From a file's text to the lines of a log.

use crate::{logs::postgres, model::log::LogEvent};
use jiff::Timestamp;

/// Bytes of a record at most. CloudWatch takes events of up to 1 MB (CloudWatch Logs quotas), so that more is told nowhere else.
const LONGEST: usize = 1 << 20;

/// What PostgreSQL wrote at once: a line that begins with its time, and those that follow without one.
#[derive(Debug)]
struct Record {
    at: Timestamp,
    timed: bool,
    text: String,
}

/// Takes text in portions that may end anywhere, and gives whole records.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// A line that has not ended.
    rest: String,
    /// The newest record, which may go on.
    open: Option<Record>,
    whole: Vec<Record>,
}

impl Records {
    /// Takes what follows. `written` is the time of lines that tell none and follow none that does.
    pub(super) fn take(&mut self, text: &str, written: Timestamp) {
        let Some((lines, rest)) = text.rsplit_once('\n') else {
            self.rest.push_str(text);
            return;
        };
        self.rest.push_str(lines);
        let lines = std::mem::replace(&mut self.rest, rest.to_owned());
        for line in lines.split('\n') {
            self.line(line, written);
        }
    }

    /// Takes the end of a file, whose beginning is not known: up to its first record, text belongs to one before.
    pub(super) fn take_end(&mut self, text: &str, written: Timestamp) {
        let first = first(text).map(|(place, _)| place);
        let second = || text.find('\n').map(|end| end + 1);
        let begin = first.or_else(second).unwrap_or(text.len());
        self.take(&text[begin..], written);
    }

    /// Nothing new came: the newest record is whole.
    pub(super) fn pause(&mut self) {
        self.whole.extend(self.open.take());
    }

    /// Nothing new will come: a line that has not ended is whole too.
    pub(super) fn end(&mut self, written: Timestamp) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest, written);
        }
        self.pause();
    }

    /// Gives the records that are whole, once.
    pub(super) fn told<'a>(
        &'a mut self,
        group: &'a str,
        file: &'a str,
    ) -> impl Iterator<Item = LogEvent> + 'a {
        self.whole.drain(..).map(|record| LogEvent {
            at: record.at,
            ingested: None,
            group: group.to_owned(),
            stream: file.to_owned(),
            id: None,
            message: record.text,
        })
    }

    fn line(&mut self, line: &str, written: Timestamp) {
        let line = line.trim_end_matches('\r');
        let at = postgres::moment(line);
        let goes_on = |open: &&mut Record| open.timed || line.starts_with([' ', '\t']);
        if at.is_none() && line.is_empty() && self.open.is_none() {
            return;
        }
        match self.open.as_mut().filter(|_| at.is_none()).filter(goes_on) {
            Some(open) => {
                if open.text.len() + line.len() < LONGEST {
                    open.text.push('\n');
                    open.text.push_str(line);
                }
            }
            None => {
                self.pause();
                self.open = Some(Record {
                    at: at.unwrap_or(written),
                    timed: at.is_some(),
                    text: line.to_owned(),
                });
            }
        }
    }
}

/// The time of the first record of `text`.
pub(super) fn first_moment(text: &str) -> Option<Timestamp> {
    first(text).map(|(_, at)| at)
}

/// Where the first record begins, and its time.
fn first(text: &str) -> Option<(usize, Timestamp)> {
    let mut place = 0;
    text.split_inclusive('\n').find_map(|line| {
        let here = place;
        place += line.len();
        Some((here, postgres::moment(line)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "2026-11-22 03:00:00 UTC::@:[1]:LOG:  statement: SELECT 1,\n\t       2\n\
        2026-11-22 03:00:01 UTC::@:[1]:LOG:  été\r\nwritten by a library\n2026-11-22 03:00:02.5 UTC::@:[1]:LOG:  last\n";

    fn told(records: &mut Records) -> Vec<(i64, String)> {
        let told = records.told("group", "file");
        told.map(|line| (line.at.as_millisecond(), line.message))
            .collect()
    }

    fn whole() -> Vec<(i64, String)> {
        let mut records = Records::default();
        records.take(TEXT, Timestamp::UNIX_EPOCH);
        records.end(Timestamp::UNIX_EPOCH);
        told(&mut records)
    }

    #[test]
    fn a_line_without_a_time_belongs_to_the_one_before() {
        let three = Timestamp::to_string;
        let all = whole();
        let at = |ms: i64| three(&Timestamp::from_millisecond(ms).unwrap());
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(at(all[0].0), "2026-11-22T03:00:00Z");
        assert!(all[0].1.ends_with("SELECT 1,\n\t       2"));
        assert!(all[1].1.ends_with("été\nwritten by a library"));
        assert_eq!(at(all[2].0), "2026-11-22T03:00:02.5Z");
    }

    #[test]
    fn a_portion_that_begins_within_a_record_begins_with_the_next_one() {
        let mut records = Records::default();
        records.take_end(&TEXT[20..], Timestamp::UNIX_EPOCH);
        records.end(Timestamp::UNIX_EPOCH);
        assert_eq!(told(&mut records), whole()[1..]);
    }

    #[test]
    fn lines_of_a_prefix_without_a_time_are_told_one_by_one_when_they_were_written() {
        let mut records = Records::default();
        let text = "[12] LOG:  one\n\tgoes on\n[12] LOG:  two\n";
        records.take(text, Timestamp::from_second(7).unwrap());
        records.end(Timestamp::UNIX_EPOCH);
        let one = "[12] LOG:  one\n\tgoes on".to_owned();
        let two = "[12] LOG:  two".to_owned();
        assert_eq!(told(&mut records), [(7_000, one), (7_000, two)]);
    }

    proptest! {
        #[test]
        fn portions_may_end_anywhere(cuts in prop::collection::vec(0..TEXT.len(), 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| TEXT.is_char_boundary(*cut)).collect();
            cuts.extend([0, TEXT.len()]);
            cuts.sort_unstable();
            let mut records = Records::default();
            for pair in cuts.windows(2) {
                records.take(&TEXT[pair[0]..pair[1]], Timestamp::UNIX_EPOCH);
            }
            records.end(Timestamp::UNIX_EPOCH);
            prop_assert_eq!(told(&mut records), whole());
        }
    }
}
