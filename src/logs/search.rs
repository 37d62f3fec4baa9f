//! Finding lines: chunk by chunk, the newest first, away from the event loop.
//!
//! Where a filter wants a text, that text is looked for in a whole chunk at once, as `ripgrep` does in a file, and only lines that
//! hold it are looked at closer.

use super::{
    filter::Filter,
    store::{Chunk, LineId, Snapshot, Store},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Gives the lines of a chunk that pass, in the order of arrival.
fn scan(snapshot: &Snapshot, number: u64, chunk: &Chunk, filter: &Filter, found: &mut Vec<LineId>) {
    let lines = Snapshot::lines(chunk);
    let Some(wanted) = filter.wanted() else {
        let all = (0..lines).map(|index| snapshot.line(number, chunk, index));
        found.extend(all.filter(|line| filter.passes(line)).map(|line| line.id));
        return;
    };
    let text = Snapshot::text(chunk);
    let (mut index, mut from) = (0, 0);
    while let Some((hit, hit_end)) = wanted.find_at(text, from) {
        index = Snapshot::line_at(chunk, index, hit);
        let (_, end) = Snapshot::span(chunk, index);
        let line = snapshot.line(number, chunk, index);
        // A match that reaches into the next line is none of either; the line may hold another.
        if (filter.is_plain() && hit_end <= end) || filter.passes(&line) {
            found.push(line.id);
        }
        index += 1;
        from = end + 1;
        if index == lines {
            break;
        }
    }
}

/// A search of everything that was kept at a moment.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which of the searches it is; a later one makes it void.
    pub number: u64,
    /// What is looked for.
    pub filter: Arc<Filter>,
    /// Where.
    pub snapshot: Snapshot,
    /// The number of the newest search.
    pub newest: Arc<AtomicU64>,
}

/// What a search has found in a part of the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which search.
    pub number: u64,
    /// Lines by time.
    pub ids: Vec<LineId>,
    /// Chunks that are still to be looked through.
    pub left: usize,
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.filter == other.filter
    }
}

impl Job {
    /// Looks through all chunks, the newest first, and tells after each batch what was found. Ends early when a later search began or
    /// `tell` has nobody to tell.
    pub fn run(&self, mut tell: impl FnMut(Found) -> bool) {
        /// Chunks between two tellings: about 16 MiB, some milliseconds. The first is told at once.
        const BATCH: usize = 16;
        let chunks = &self.snapshot.chunks;
        let mut ids = Vec::new();
        for (done, (number, chunk)) in chunks.iter().rev().enumerate() {
            if self.newest.load(Ordering::Relaxed) != self.number {
                return;
            }
            scan(&self.snapshot, *number, chunk, &self.filter, &mut ids);
            let left = chunks.len() - done - 1;
            if done == 0 || left == 0 || done % BATCH == 0 {
                let found = Found {
                    number: self.number,
                    ids: std::mem::take(&mut ids),
                    left,
                };
                if !tell(found) {
                    return;
                }
            }
        }
        if chunks.is_empty() {
            tell(Found {
                number: self.number,
                ids,
                left: 0,
            });
        }
    }
}

/// Lines that passed, by time.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    ids: VecDeque<LineId>,
    /// Chunks that are still to be looked through.
    pub left: usize,
}

impl Matches {
    /// Lines by time.
    #[must_use]
    pub const fn ids(&self) -> &VecDeque<LineId> {
        &self.ids
    }

    /// Takes what a search found. It comes from the newest chunk to the oldest, so it mostly belongs to the front.
    pub fn take(&mut self, store: &Store, mut found: Found) {
        self.left = found.left;
        found.ids.sort_by(|a, b| store.compare(*a, *b));
        let in_front = match (found.ids.last(), self.ids.front()) {
            (Some(last), Some(front)) => store.compare(*last, *front).is_lt(),
            _ => true,
        };
        for id in found.ids.into_iter().rev() {
            self.ids.push_front(id);
        }
        if !in_front {
            let ids = self.ids.make_contiguous();
            ids.sort_by(|a, b| store.compare(*a, *b));
        }
    }

    /// Takes a line that was just kept.
    pub fn add(&mut self, store: &Store, id: LineId) {
        let last = self.ids.back();
        if last.is_none_or(|last| store.compare(*last, id).is_lt()) {
            self.ids.push_back(id);
        } else {
            self.ids.insert(store.place(&self.ids, id), id);
        }
    }

    /// Lets lines go that the store let go.
    pub fn prune(&mut self, store: &Store) {
        while self.ids.front().is_some_and(|id| store.is_dropped(*id)) {
            self.ids.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
