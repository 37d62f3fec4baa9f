//! The lines that were read, in time order, within a bounded number of bytes.
//!
//! Text lies in chunks of about a MiB, in the order of arrival; beside it stands a small record a line, and beside all chunks the
//! order of time. A chunk is shared with searches that run elsewhere and never copied for them, but for the one that still grows.
//! What is too much goes from the oldest end, a line at a time; a chunk goes with its last line.

use super::{
    flow::{self, FlowFormat, FlowFormats},
    format::{Format, classify},
    level::Level,
};
use crate::model::log::LogOrigin;
use std::{
    cmp::Ordering,
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Bytes of text after which another chunk is begun.
const CHUNK: usize = 1 << 20;

/// Lines of a chunk at most: their number has this many bits in a [`LineId`].
const INDEX_BITS: u32 = 20;

/// Bytes kept when nothing else is configured.
pub const DEFAULT_LIMIT: usize = 64 << 20;

/// Bytes of a line that are kept. CloudWatch takes events of up to 1 MB (CloudWatch Logs quotas).
const LONGEST: usize = 1 << 20;

/// Names a line for as long as it is kept. Of two lines, the one that arrived later has the greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(u64);

impl LineId {
    const fn new(chunk: u64, index: usize) -> Self {
        Self(chunk << INDEX_BITS | index as u64)
    }

    const fn chunk(self) -> u64 {
        self.0 >> INDEX_BITS
    }

    const fn index(self) -> usize {
        (self.0 & ((1 << INDEX_BITS) - 1)) as usize
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of a log.
    Text,
    /// A remark of ours: lines are missing here.
    Gap,
}

/// Where a line comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// What writes it.
    pub origin: LogOrigin,
    /// Short name of its source.
    pub label: String,
    /// Log group.
    pub group: String,
    /// Log stream.
    pub name: String,
}

/// A stream's number in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

/// A line to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewLine<'a> {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Stream.
    pub stream: StreamId,
    /// Level.
    pub level: Level,
    /// Format.
    pub format: Format,
    /// What it is.
    pub kind: Kind,
    /// Text, line breaks of a traceback included.
    pub text: &'a str,
}

/// A line that is kept.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Its name.
    pub id: LineId,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Stream.
    pub stream: &'a Stream,
    /// Level.
    pub level: Level,
    /// Format.
    pub format: Format,
    /// What it is.
    pub kind: Kind,
    /// Text, unneutralised.
    pub text: &'a str,
    /// What its flow record may be written in, where it is one.
    pub flow: &'a [FlowFormat],
}

impl<'a> Line<'a> {
    /// A line that no store keeps, as it came.
    #[must_use]
    pub fn loose(at: i64, stream: &'a Stream, text: &'a str) -> Self {
        let (format, level) = classify(text, stream.origin);
        Self {
            id: LineId(0),
            at,
            stream,
            level,
            format,
            kind: Kind::Text,
            text,
            flow: flow::standard(),
        }
    }
}

/// A stream, and what flow records of its group are written in where that is known.
#[derive(Debug, Clone)]
struct Known {
    stream: Stream,
    flow: Option<Arc<[FlowFormat]>>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    at: i64,
    start: u32,
    stream: StreamId,
    level: Level,
    format: Format,
    kind: Kind,
}

/// Lines of about a MiB.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    text: String,
    records: Vec<Record>,
}

impl Chunk {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            records: Vec::new(),
        }
    }

    /// Where the text of a line begins and ends.
    fn span(&self, index: usize) -> (usize, usize) {
        let end = self
            .records
            .get(index + 1)
            .map_or(self.text.len(), |next| next.start as usize);
        // A line break stands between two lines.
        (self.records[index].start as usize, end - 1)
    }

    fn bytes(&self) -> usize {
        self.text.capacity() + self.records.capacity() * size_of::<Record>()
    }
}

/// Chunks and streams as they were at a moment, for a search elsewhere.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Number and content, the oldest first.
    pub(super) chunks: Vec<(u64, Arc<Chunk>)>,
    streams: Arc<Vec<Known>>,
}

impl Snapshot {
    /// The text of a chunk with all its lines, a line break after each.
    pub(super) fn text(chunk: &Chunk) -> &str {
        &chunk.text
    }

    /// Number of lines of a chunk.
    pub(super) fn lines(chunk: &Chunk) -> usize {
        chunk.records.len()
    }

    /// The line of a chunk that holds the byte at `offset`, at `from` or after it.
    pub(super) fn line_at(chunk: &Chunk, from: usize, offset: usize) -> usize {
        let records = &chunk.records[from..];
        // Most matches are near: look there first, then twice as far each time.
        let mut reach = 1;
        while records
            .get(reach)
            .is_some_and(|r| r.start as usize <= offset)
        {
            reach *= 2;
        }
        let (low, high) = (reach / 2, reach.min(records.len()));
        from + low + records[low..high].partition_point(|r| r.start as usize <= offset) - 1
    }

    /// Where the text of a line begins and ends.
    pub(super) fn span(chunk: &Chunk, index: usize) -> (usize, usize) {
        chunk.span(index)
    }

    /// A line, unless its chunk was dropped before.
    pub(super) fn find(&self, id: LineId) -> Option<Line<'_>> {
        let (first, _) = self.chunks.first()?;
        let place = usize::try_from(id.chunk().checked_sub(*first)?).ok()?;
        let (number, chunk) = self.chunks.get(place)?;
        (id.index() < chunk.records.len()).then(|| self.line(*number, chunk, id.index()))
    }

    /// A line by its place.
    pub(super) fn line<'a>(&'a self, number: u64, chunk: &'a Chunk, index: usize) -> Line<'a> {
        line(&self.streams, number, chunk, index)
    }
}

fn line<'a>(streams: &'a [Known], number: u64, chunk: &'a Chunk, index: usize) -> Line<'a> {
    let record = &chunk.records[index];
    let known = &streams[record.stream.0 as usize];
    let (start, end) = chunk.span(index);
    Line {
        id: LineId::new(number, index),
        at: record.at,
        stream: &known.stream,
        level: record.level,
        format: record.format,
        kind: record.kind,
        text: &chunk.text[start..end],
        flow: known.flow.as_deref().unwrap_or(flow::standard()),
    }
}

/// The lines that were read.
#[derive(Debug)]
pub struct Store {
    limit: usize,
    /// The last one grows.
    chunks: VecDeque<Arc<Chunk>>,
    /// How many lines of each chunk were not dropped.
    kept: VecDeque<usize>,
    /// Number of the first chunk.
    first: u64,
    /// All lines by time, then arrival.
    order: VecDeque<LineId>,
    streams: Arc<Vec<Known>>,
    numbers: HashMap<Stream, StreamId>,
    flow: FlowFormats,
    /// Bytes of the chunks that no longer grow.
    sealed: usize,
    dropped: u64,
}

impl Store {
    /// Makes a store that holds at most `limit` bytes: text, records and order.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            chunks: VecDeque::new(),
            kept: VecDeque::new(),
            first: 0,
            order: VecDeque::new(),
            streams: Arc::default(),
            numbers: HashMap::new(),
            flow: FlowFormats::default(),
            sealed: 0,
            dropped: 0,
        }
    }

    /// Gives the number of a stream, a new one when it was not known.
    pub fn stream(&mut self, stream: &Stream) -> StreamId {
        if let Some(id) = self.numbers.get(stream) {
            return *id;
        }
        let id = StreamId(u32::try_from(self.streams.len()).unwrap_or(u32::MAX));
        Arc::make_mut(&mut self.streams).push(Known {
            stream: stream.clone(),
            flow: self.flow.of_group(&stream.group),
        });
        self.numbers.insert(stream.clone(), id);
        id
    }

    /// Takes lines of flow logs for what `formats` say, those that are kept already too. Says whether that changes anything.
    pub fn learn(&mut self, formats: FlowFormats) -> bool {
        if formats == self.flow {
            return false;
        }
        for known in Arc::make_mut(&mut self.streams) {
            known.flow = formats.of_group(&known.stream.group);
        }
        self.flow = formats;
        true
    }

    /// What is known of the formats of flow logs.
    #[must_use]
    pub const fn flow_formats(&self) -> &FlowFormats {
        &self.flow
    }

    /// Keeps a line at its place in time, and lets the oldest go when there are too many bytes. Text beyond a MiB is cut.
    pub fn push(&mut self, new: NewLine<'_>) -> LineId {
        let text = &new.text[..new.text.floor_char_boundary(LONGEST)];
        let room = |chunk: &Arc<Chunk>| {
            chunk.text.len() + text.len() < chunk.text.capacity()
                && chunk.records.len() < 1 << INDEX_BITS
        };
        if !self.chunks.back().is_some_and(room) {
            self.begin_chunk(text.len() + 1);
        }
        let number = self.first + self.chunks.len() as u64 - 1;
        let mut index = 0;
        if let Some(chunk) = self.chunks.back_mut().map(Arc::make_mut) {
            index = chunk.records.len();
            chunk.records.push(Record {
                at: new.at,
                start: u32::try_from(chunk.text.len()).unwrap_or(u32::MAX),
                stream: new.stream,
                level: new.level,
                format: new.format,
                kind: new.kind,
            });
            chunk.text.push_str(text);
            chunk.text.push('\n');
        }
        if let Some(kept) = self.kept.back_mut() {
            *kept += 1;
        }
        let id = LineId::new(number, index);
        self.put_in_order(new.at, id);
        self.drop_oldest();
        id
    }

    fn begin_chunk(&mut self, bytes: usize) {
        if let Some(full) = self.chunks.back_mut().map(Arc::make_mut) {
            full.text.shrink_to_fit();
            full.records.shrink_to_fit();
            self.sealed += full.bytes();
        }
        // What grows cannot go: it must be a small part of what is kept.
        let chunk = Chunk::with_capacity(CHUNK.min(self.limit / 8).max(bytes));
        self.chunks.push_back(Arc::new(chunk));
        self.kept.push_back(0);
    }

    fn put_in_order(&mut self, at: i64, id: LineId) {
        let late = self
            .order
            .back()
            .is_some_and(|last| self.at(*last).is_some_and(|newest| newest > at));
        if late {
            let place = self
                .order
                .partition_point(|known| self.at(*known).is_none_or(|known| known <= at));
            self.order.insert(place, id);
        } else {
            self.order.push_back(id);
        }
    }

    fn drop_oldest(&mut self) {
        while self.bytes() > self.limit && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            self.dropped += 1;
            let place = usize::try_from(oldest.chunk() - self.first).unwrap_or(usize::MAX);
            if let Some(kept) = self.kept.get_mut(place) {
                *kept -= 1;
            }
            while self.chunks.len() > 1 && self.kept.front() == Some(&0) {
                self.kept.pop_front();
                if let Some(gone) = self.chunks.pop_front() {
                    self.sealed -= gone.bytes();
                    self.first += 1;
                }
            }
        }
    }

    fn at(&self, id: LineId) -> Option<i64> {
        let place = usize::try_from(id.chunk().checked_sub(self.first)?).ok()?;
        Some(self.chunks.get(place)?.records.get(id.index())?.at)
    }

    /// Compares two lines by time, then arrival. Lines that were dropped come first.
    #[must_use]
    pub fn compare(&self, a: LineId, b: LineId) -> Ordering {
        (self.at(a), a).cmp(&(self.at(b), b))
    }

    /// Whether a line had to go.
    #[must_use]
    pub fn is_dropped(&self, id: LineId) -> bool {
        let first = self.order.front();
        first.is_none_or(|first| self.compare(id, *first).is_lt())
    }

    /// A line, unless its chunk was dropped.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<Line<'_>> {
        let place = usize::try_from(id.chunk().checked_sub(self.first)?).ok()?;
        let chunk = self.chunks.get(place)?;
        (id.index() < chunk.records.len())
            .then(|| line(&self.streams, id.chunk(), chunk, id.index()))
    }

    /// All lines by time.
    #[must_use]
    pub const fn order(&self) -> &VecDeque<LineId> {
        &self.order
    }

    /// The first of `ids`, which are in order, whose time is `at` or later.
    #[must_use]
    pub fn first_at(&self, ids: &VecDeque<LineId>, at: i64) -> usize {
        ids.partition_point(|id| self.at(*id).is_none_or(|known| known < at))
    }

    /// Where `id` stands or would stand in `ids`, which are in order.
    #[must_use]
    pub fn place(&self, ids: &VecDeque<LineId>, id: LineId) -> usize {
        ids.partition_point(|known| self.compare(*known, id).is_lt())
    }

    /// Shares everything with a search.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            chunks: (self.first..).zip(self.chunks.iter().cloned()).collect(),
            streams: Arc::clone(&self.streams),
        }
    }

    /// Bytes held: text, records and order.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let open = self.chunks.back().map_or(0, |chunk| chunk.bytes());
        self.sealed + open + self.order.capacity() * size_of::<LineId>()
    }

    /// Bytes that may be held.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Lines that had to go.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
pub(super) mod tests;
