//! Reading logs: what is kept, what of it is shown, and where the reader is. Pure: lines come in, searches go out as [`Job`]s.
//!
//! The reader is never fought: while following, the newest line is at the bottom; once the reader moves up, what is on screen stays
//! where it is, whatever arrives, is filtered or has to go at the other end.

use super::{
    filter::{Filter, FilterError},
    format::{classify, continues},
    level::Level,
    search::{Found, Job, Matches},
    store::{DEFAULT_LIMIT, Kind, Line, LineId, NewLine, Store, Stream, StreamId},
};
use crate::{
    cloud::follow::Dedup,
    error::Error,
    model::log::{Delivery, Followed, LogEvent, LogOrigin, LogQuery, LogSource},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// How far back a log is read when it is opened.
pub const BACK: SignedDuration = SignedDuration::from_mins(15);

/// Longest time between two lines of one event, in milliseconds.
const SAME_EVENT: i64 = 5_000;

/// Bytes of an event made of several lines.
const LONGEST_EVENT: usize = 256 << 10;

/// How far what came in is remembered, so that another session, which may read as far back as [`BACK`], does not bring it again.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(20);

/// Whether new lines move the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// The newest line stays in sight.
    #[default]
    Following,
    /// What is on screen stays.
    Reading,
}

/// How long lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Cut; they can be scrolled sideways.
    #[default]
    Cut,
    /// Wrapped.
    Wrapped,
}

/// What of a JSON line is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Its message, then its fields; time and level stand in the margin.
    #[default]
    Fields,
    /// The line as it was written.
    Raw,
}

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// UTC.
    #[default]
    Utc,
    /// The time zone of this machine.
    Local,
    /// Time before now.
    Relative,
}

/// Whether what looks like a secret is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// Masked.
    #[default]
    Masked,
    /// As they are.
    Shown,
}

/// Which of the two searches of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Lines that are shown.
    Filter,
    /// Lines among them that the reader looks for.
    Search,
}

/// A search: what passes, and how far it is.
#[derive(Debug, Default)]
struct Sieve {
    filter: Arc<Filter>,
    matches: Option<Matches>,
    newest: Arc<AtomicU64>,
}

impl Sieve {
    /// Begins anew with `filter`; a job where there is something to look for.
    fn begin(&mut self, filter: Filter, wanted: &Filter, store: &Store) -> Option<Job> {
        let number = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        self.filter = Arc::new(filter);
        self.matches = (!self.filter.is_empty()).then(Matches::default);
        let matches = self.matches.as_mut()?;
        let job = Job {
            number,
            filter: Arc::new(wanted.clone()),
            snapshot: store.snapshot(),
            newest: Arc::clone(&self.newest),
        };
        matches.left = usize::MAX;
        Some(job)
    }

    fn found(&mut self, found: Found, store: &Store) {
        if found.number != self.newest.load(Ordering::Relaxed) {
            return;
        }
        if let Some(matches) = &mut self.matches {
            matches.take(store, found);
            matches.prune(store);
        }
    }
}

/// An event that may go on with the next line of its stream.
#[derive(Debug)]
struct Open {
    at: i64,
    level: Level,
    text: String,
    origin: LogOrigin,
}

impl Open {
    /// Whether it is worth waiting for another line: what went wrong often takes several.
    fn may_go_on(&self) -> bool {
        self.level >= Level::Error || self.text.starts_with("Traceback")
    }
}

/// Logs as they are read.
#[derive(Debug)]
pub struct LogView {
    /// Every line that is kept.
    pub store: Store,
    /// Log groups that can be read.
    pub sources: Vec<LogSource>,
    /// Whether new lines move the screen.
    pub pace: Pace,
    /// How long lines are shown.
    pub fold: Fold,
    /// What of a JSON line is shown.
    pub shape: Shape,
    /// How times are shown.
    pub clock: Clock,
    /// Whether secrets are shown.
    pub secrets: Secrets,
    /// Columns that are scrolled away on the left.
    pub left: usize,
    /// Lines that the reader marked.
    pub bookmarks: BTreeSet<LineId>,
    /// How lines arrive, and why not otherwise.
    pub delivery: Option<(Delivery, Option<String>)>,
    /// Everything before was told.
    pub up_to: Option<Timestamp>,
    /// How often Live Tail left lines out.
    pub sampled: u64,
    /// Log groups that cannot be read now, and why.
    pub failures: BTreeMap<String, Error>,
    shown: Sieve,
    sought: Sieve,
    /// The filter that is put aside while the lines around one are read.
    aside: Option<Arc<Filter>>,
    cursor: Option<LineId>,
    top: Option<LineId>,
    /// Where the reader was when the search began, until they move.
    anchor: Option<LineId>,
    room: Cell<usize>,
    open: HashMap<StreamId, Open>,
    dedup: Dedup,
    /// From when on lines are followed.
    since: Option<Timestamp>,
    /// Past spans that were read on request.
    spans: Vec<(Timestamp, Timestamp)>,
}

impl Default for LogView {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl LogView {
    /// Makes a view that keeps at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            store: Store::new(limit),
            sources: Vec::new(),
            pace: Pace::default(),
            fold: Fold::default(),
            shape: Shape::default(),
            clock: Clock::default(),
            secrets: Secrets::default(),
            left: 0,
            bookmarks: BTreeSet::new(),
            delivery: None,
            up_to: None,
            sampled: 0,
            failures: BTreeMap::new(),
            shown: Sieve::default(),
            sought: Sieve::default(),
            aside: None,
            cursor: None,
            top: None,
            anchor: None,
            room: Cell::new(1),
            open: HashMap::new(),
            dedup: Dedup::default(),
            since: None,
            spans: Vec::new(),
        }
    }

    /// Takes what a followed log tells.
    pub fn take(&mut self, told: Followed) {
        match told {
            Followed::Lines(lines) => self.take_lines(lines),
            Followed::Delivery(delivery, why) => {
                self.delivery = Some((delivery, why));
            }
            Followed::UpTo(at) => {
                self.up_to = self.up_to.max(Some(at));
                self.dedup.forget(at - REMEMBERED);
            }
            Followed::Sampled => {
                self.sampled += 1;
                let at = self.newest();
                let what = "Live Tail left lines out here, which come later: more than 500 came in a second";
                self.remark(at, "", what);
            }
            Followed::Gap {
                groups,
                from,
                to,
                why,
            } => {
                let span = format!(
                    "lines of {} from {} to {} may be missing: {why}",
                    groups.join(", "),
                    crate::format::clock(from),
                    crate::format::clock(to),
                );
                let group = groups.into_iter().next().unwrap_or_default();
                self.remark(to.as_millisecond(), &group, &span);
            }
            Followed::Failed { group, error } => {
                self.failures.insert(group, error);
            }
        }
    }

    /// Another session of following begins: what it brings again was told already.
    pub fn begin_session(&mut self) {
        self.dedup.new_session();
    }

    /// Lines are followed from `since` on.
    pub fn read_since(&mut self, since: Timestamp) {
        self.since = Some(self.since.map_or(since, |known| known.min(since)));
    }

    /// The span around `moment` whose lines were never read, cut where others were; `None` where the moment's own were.
    #[must_use]
    pub fn unread(
        &self,
        moment: Timestamp,
        around: SignedDuration,
    ) -> Option<(Timestamp, Timestamp)> {
        let since = self.since?;
        let oldest = self.store.order().front();
        let oldest = oldest
            .and_then(|id| self.store.line(*id))
            .map(|line| line.at);
        let dropped = self.store.dropped() > 0
            && oldest.is_some_and(|oldest| moment.as_millisecond() < oldest);
        let (mut from, mut to) = (moment - around, (moment + around).min(since));
        if dropped {
            return Some((from, moment + around));
        }
        if moment >= since {
            return None;
        }
        for &(begin, end) in &self.spans {
            if (begin..end).contains(&moment) {
                return None;
            }
            if end <= moment {
                from = from.max(end);
            } else {
                to = to.min(begin);
            }
        }
        Some((from, to))
    }

    /// Puts lines of a past span among the others. Its ends are marked: what lies before and after was not read with it.
    pub fn take_span(&mut self, lines: Vec<LogEvent>, query: &LogQuery) {
        let mut from = query.from;
        let mut why = "lines before it may be missing";
        if lines.len() >= query.limit
            && let Some(first) = lines.first()
        {
            from = first.at;
            why = "there are more lines before it, too many to read at once";
        }
        if self.spans.contains(&(from, query.to)) {
            return;
        }
        self.spans.push((from, query.to));
        let count = crate::format::count(lines.len(), "line");
        let begins = format!("a past span of {count} begins: {why}");
        self.remark(from.as_millisecond(), "", &begins);
        self.settle();
        self.keep_lines(lines);
        self.settle();
        let ends = "the past span ends: lines after it may be missing";
        self.remark(query.to.as_millisecond() - 1, "", ends);
    }

    fn take_lines(&mut self, lines: Vec<LogEvent>) {
        let lines = self.dedup.delivery(lines);
        self.keep_lines(lines);
    }

    fn keep_lines(&mut self, lines: Vec<LogEvent>) {
        for event in lines {
            self.failures.remove(&event.group);
            let source = self.sources.iter().find(|s| s.group == event.group);
            let (origin, label) = source.map_or_else(
                || (LogOrigin::Other, event.group.clone()),
                |s| (s.origin, s.label.clone()),
            );
            let stream = self.store.stream(&Stream {
                origin,
                label,
                group: event.group,
                name: event.stream,
            });
            let at = event.at.as_millisecond();
            self.take_line(stream, origin, at, event.message);
        }
        self.close_all(|open| !open.may_go_on());
    }

    fn take_line(&mut self, stream: StreamId, origin: LogOrigin, at: i64, text: String) {
        if let Some(open) = self.open.get_mut(&stream) {
            let near = (at - open.at).abs() <= SAME_EVENT;
            if near && open.text.len() + text.len() <= LONGEST_EVENT && continues(&open.text, &text)
            {
                open.text.push('\n');
                open.text.push_str(&text);
                open.level = open.level.max(classify(&text, origin).1);
                return;
            }
            self.close(stream);
        }
        let (_, level) = classify(&text, origin);
        let open = Open {
            at,
            level,
            text,
            origin,
        };
        self.open.insert(stream, open);
    }

    /// Keeps events that have waited for another line of theirs.
    pub fn settle(&mut self) {
        self.close_all(|_| true);
    }

    /// Keeps the open events that are `over`, in their order.
    fn close_all(&mut self, over: impl Fn(&Open) -> bool) {
        let mut closed: Vec<(i64, StreamId)> = self
            .open
            .iter()
            .filter(|(_, open)| over(open))
            .map(|(stream, open)| (open.at, *stream))
            .collect();
        closed.sort_unstable();
        for (_, stream) in closed {
            self.close(stream);
        }
    }

    fn close(&mut self, stream: StreamId) {
        if let Some(open) = self.open.remove(&stream) {
            let (format, level) = classify(&open.text, open.origin);
            self.keep(NewLine {
                at: open.at,
                stream,
                level: level.max(open.level),
                format,
                kind: Kind::Text,
                text: &open.text,
            });
        }
    }

    /// Puts a remark of ours among the lines.
    fn remark(&mut self, at: i64, group: &str, text: &str) {
        let stream = self.store.stream(&Stream {
            origin: LogOrigin::Other,
            label: "hydren".to_owned(),
            group: group.to_owned(),
            name: String::new(),
        });
        self.keep(NewLine {
            at,
            stream,
            level: Level::Warning,
            format: super::format::Format::Plain,
            kind: Kind::Gap,
            text,
        });
    }

    fn keep(&mut self, line: NewLine<'_>) {
        let id = self.store.push(line);
        let Some(line) = self.store.line(id) else {
            return;
        };
        // What is missing concerns whoever reads the lines around it, whatever they look for.
        let passes = line.kind == Kind::Gap || self.shown.filter.passes(&line);
        let hit = passes && line.kind == Kind::Text && self.sought.filter.passes(&line);
        for (sieve, passes) in [(&mut self.shown, passes), (&mut self.sought, hit)] {
            if let Some(matches) = &mut sieve.matches {
                if passes {
                    matches.add(&self.store, id);
                }
                matches.prune(&self.store);
            }
        }
        if self
            .bookmarks
            .first()
            .is_some_and(|id| self.store.is_dropped(*id))
        {
            self.bookmarks.pop_first();
        }
    }

    fn newest(&self) -> i64 {
        let newest = self
            .store
            .order()
            .back()
            .and_then(|id| self.store.line(*id));
        newest.map_or(0, |line| line.at)
    }

    /// The filter.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.shown.filter
    }

    /// What is looked for.
    #[must_use]
    pub fn search(&self) -> &Filter {
        &self.sought.filter
    }

    /// Whether the lines around one are read, with the filter put aside.
    #[must_use]
    pub const fn in_context(&self) -> bool {
        self.aside.is_some()
    }

    /// Lines that are shown, by time.
    #[must_use]
    pub fn ids(&self) -> &VecDeque<LineId> {
        let matches = self.shown.matches.as_ref();
        matches.map_or_else(|| self.store.order(), Matches::ids)
    }

    /// Lines that were looked for, by time, and whether all are known.
    #[must_use]
    pub fn hits(&self) -> Option<(&VecDeque<LineId>, bool)> {
        let matches = self.sought.matches.as_ref()?;
        Some((matches.ids(), matches.left == 0))
    }

    /// Whether every line was looked at.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.shown.matches.as_ref().is_none_or(|m| m.left == 0)
    }

    /// Shows only lines that pass `text`, and looks again for what is looked for.
    ///
    /// # Errors
    /// What cannot be understood, and where; nothing changes then.
    pub fn set_filter(&mut self, text: &str) -> Result<Vec<(Purpose, Job)>, FilterError> {
        let filter = Filter::parse(text)?;
        self.aside = None;
        Ok(self.show(&filter))
    }

    fn show(&mut self, filter: &Filter) -> Vec<(Purpose, Job)> {
        let job = self.shown.begin(filter.clone(), filter, &self.store);
        let search = (*self.sought.filter).clone();
        let jobs = [
            job.map(|job| (Purpose::Filter, job)),
            self.seek(search).map(|job| (Purpose::Search, job)),
        ];
        jobs.into_iter().flatten().collect()
    }

    /// Looks for `text` among the lines that are shown.
    ///
    /// # Errors
    /// What cannot be understood, and where; nothing changes then.
    pub fn set_search(&mut self, text: &str) -> Result<Option<Job>, FilterError> {
        let search = Filter::parse(text)?;
        Ok(self.seek(search))
    }

    fn seek(&mut self, search: Filter) -> Option<Job> {
        self.anchor = if search.is_empty() {
            None
        } else {
            self.anchor
                .or_else(|| self.cursor_line().map(|line| line.id))
        };
        let wanted = self.shown.filter.and(&search);
        self.sought.begin(search, &wanted, &self.store)
    }

    /// Takes what a search found. The first hits before the cursor are gone to at once.
    pub fn found(&mut self, purpose: Purpose, found: Found) {
        match purpose {
            Purpose::Filter => self.shown.found(found, &self.store),
            Purpose::Search => {
                self.sought.found(found, &self.store);
                self.go_to_anchor();
            }
        }
    }

    /// Goes to the last hit at or before the place where the search began, as far as it is known.
    fn go_to_anchor(&mut self) {
        let Some((anchor, (hits, _))) = self.anchor.zip(self.hits()) else {
            return;
        };
        let place = self.store.place(hits, anchor);
        let before = || hits.get(place.checked_sub(1)?);
        if let Some(hit) = hits
            .get(place)
            .filter(|hit| **hit == anchor)
            .or_else(before)
        {
            self.show_line(*hit);
        }
    }

    /// Puts the cursor on a line, in the middle of the screen unless it is in sight.
    fn show_line(&mut self, id: LineId) {
        let place = self.store.place(self.ids(), id);
        let (top, room) = (self.top_place(self.room.get()), self.room.get());
        if (top..top + room).contains(&place) {
            self.go_to_place(place);
        } else {
            self.center(place);
        }
    }

    /// Puts the filter aside and shows the lines around the cursor, or comes back from there.
    pub fn toggle_context(&mut self) -> Vec<(Purpose, Job)> {
        self.pin();
        match self.aside.take() {
            Some(filter) => self.show(&filter),
            None if self.shown.filter.is_empty() => Vec::new(),
            None => {
                self.aside = Some(Arc::clone(&self.shown.filter));
                let jobs = self.show(&Filter::default());
                self.center(self.cursor_place());
                jobs
            }
        }
    }

    /// Place of the cursor among the lines that are shown.
    #[must_use]
    pub fn cursor_place(&self) -> usize {
        let ids = self.ids();
        let last = ids.len().saturating_sub(1);
        match (self.pace, self.cursor) {
            (Pace::Reading, Some(cursor)) => self.store.place(ids, cursor).min(last),
            _ => last,
        }
    }

    /// The line under the cursor.
    #[must_use]
    pub fn cursor_line(&self) -> Option<Line<'_>> {
        self.store.line(*self.ids().get(self.cursor_place())?)
    }

    /// Place of the first line in sight, where `room` lines can be seen.
    #[must_use]
    pub fn top_place(&self, room: usize) -> usize {
        self.room.set(room.max(1));
        let ids = self.ids();
        let last_top = ids.len().saturating_sub(room);
        let cursor = self.cursor_place();
        let top = match (self.pace, self.top) {
            (Pace::Reading, Some(top)) => self.store.place(ids, top),
            _ => last_top,
        };
        let lowest = (cursor + 1).saturating_sub(room.max(1));
        top.clamp(lowest, cursor.max(lowest)).min(last_top)
    }

    /// Stops following: what is on screen stays.
    pub fn pin(&mut self) {
        let top = self.top_place(self.room.get());
        let cursor = self.cursor_place();
        self.top = self.ids().get(top).copied();
        self.cursor = self.ids().get(cursor).copied();
        self.pace = Pace::Reading;
    }

    /// Follows the newest line.
    pub fn follow(&mut self) {
        self.pace = Pace::Following;
        self.top = None;
        self.cursor = None;
    }

    /// Moves the cursor. Going up stops following; going down past the last line follows again.
    pub fn step(&mut self, by: isize) {
        self.anchor = None;
        let last = self.ids().len().saturating_sub(1);
        let place = self.cursor_place();
        if by > 0 && (self.pace == Pace::Following || place.saturating_add_signed(by) > last) {
            self.follow();
            return;
        }
        self.pin();
        self.go_to_place(place.saturating_add_signed(by));
    }

    fn go_to_place(&mut self, place: usize) {
        self.pin();
        self.cursor = self
            .ids()
            .get(place.min(self.ids().len().saturating_sub(1)))
            .copied();
        let top = self.top_place(self.room.get());
        self.top = self.ids().get(top).copied();
    }

    /// Goes to the first line at `at` or later, and shows it in the middle.
    pub fn go_to_time(&mut self, at: Timestamp) {
        self.anchor = None;
        let place = self.store.first_at(self.ids(), at.as_millisecond());
        self.center(place);
    }

    fn center(&mut self, place: usize) {
        self.go_to_place(place);
        let top = place.saturating_sub(self.room.get() / 2);
        self.top = self.ids().get(top).copied();
    }

    /// Goes to the next (`1`) or the previous (`-1`) line that is looked for; whether there is one.
    pub fn go_to_hit(&mut self, by: isize) -> bool {
        let Some((hits, _)) = self.hits() else {
            return false;
        };
        let Some(here) = self.cursor_line().map(|line| line.id) else {
            return false;
        };
        let place = self.store.place(hits, here);
        let on_it = hits.get(place) == Some(&here);
        let wanted = match by {
            1.. => hits.get(place + usize::from(on_it)),
            _ => place.checked_sub(1).and_then(|place| hits.get(place)),
        };
        let Some(hit) = wanted.copied() else {
            return false;
        };
        self.anchor = None;
        self.show_line(hit);
        true
    }

    /// Number of the hit under the cursor, or of the one before it, and of all.
    #[must_use]
    pub fn hit_number(&self) -> Option<(usize, usize)> {
        let (hits, _) = self.hits()?;
        let here = self.cursor_line()?.id;
        let place = self.store.place(hits, here);
        let on_it = usize::from(hits.get(place) == Some(&here));
        Some((place + on_it, hits.len()))
    }

    /// Marks the line under the cursor, or takes the mark away; whether it is marked now.
    pub fn toggle_bookmark(&mut self) -> Option<bool> {
        let id = self.cursor_line()?.id;
        let new = self.bookmarks.insert(id);
        if !new {
            self.bookmarks.remove(&id);
        }
        Some(new)
    }

    /// Goes to the next mark, after the last one to the first; whether there is one.
    pub fn go_to_bookmark(&mut self) -> bool {
        let Some(here) = self.cursor_line().map(|line| line.id) else {
            return false;
        };
        let mut marks: Vec<LineId> = self.bookmarks.iter().copied().collect();
        marks.sort_by(|a, b| self.store.compare(*a, *b));
        let next = marks
            .iter()
            .find(|id| self.store.compare(**id, here).is_gt())
            .or_else(|| marks.first());
        let Some(id) = next.copied() else {
            return false;
        };
        let place = self.store.place(self.ids(), id);
        self.center(place);
        true
    }
}

#[cfg(test)]
mod tests;
