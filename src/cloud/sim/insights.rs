//! Logs Insights over the simulated lines: an interpreter of the query language, and queries that take their time on the demo's clock.
//!
//! A query waits for a moment, then reads so many bytes a second, which its answers show growing, and has its rows at the end. Where
//! the clock is held, each question for the answer is a step of its way.

mod run;
mod stats;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

pub use syntax::parse;

use super::logs::Script;
use crate::{
    cloud::meter::{self, Meter},
    error::{Error, ErrorKind, Result},
    model::log::{InsightsAnswer, QueryState},
};
use jiff::Timestamp;
use run::Run;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use syntax::Command;

/// Seconds that a query waits for its turn.
const WAITS: f64 = 0.8;
/// Bytes that a query reads in a second.
const READS: f64 = 25e6;

/// The queries so far.
#[derive(Default)]
pub struct Queries(Mutex<HashMap<String, Query>>);

struct Query {
    begun: Timestamp,
    work: Arc<Work>,
    /// How often its answer was asked for.
    asked: u32,
    /// What it had read when it was stopped.
    stopped: Option<InsightsAnswer>,
    billed: bool,
}

/// What a query has read so far, and its end.
#[derive(Default)]
pub struct Work {
    lines: AtomicU64,
    bytes: AtomicU64,
    given_up: AtomicBool,
    done: OnceLock<(Vec<run::Fields>, u64)>,
}

impl Work {
    /// Reads all lines.
    pub fn run(&self, script: &Script, commands: &[Command], limit: usize) {
        let mut run = Run::new(commands, limit);
        for line in script.lines() {
            if self.given_up.load(Ordering::Relaxed) {
                return;
            }
            self.lines.fetch_add(1, Ordering::Relaxed);
            self.bytes
                .fetch_add(line.message.len() as u64, Ordering::Relaxed);
            run.add(line);
        }
        let matched = run.matched;
        // It is set once: each query runs once.
        let _ = self.done.set((run.finish(), matched));
    }
}

impl Queries {
    /// Begins a query; gives its id and what will do its work.
    pub fn start(&self, now: Timestamp) -> (String, Arc<Work>) {
        let mut queries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("5a3c8e10-4b7d-4f92-8d61-{:012x}", queries.len() + 1);
        let work = Arc::<Work>::default();
        let query = Query {
            begun: now,
            work: Arc::clone(&work),
            asked: 0,
            stopped: None,
            billed: false,
        };
        queries.insert(id.clone(), query);
        (id, work)
    }

    /// Tells how far a query is at `now`; without a clock, one step further than before. Its end is billed once.
    ///
    /// # Errors
    /// `NotFound` for an id that was never given.
    pub fn answer(
        &self,
        id: &str,
        now: Option<Timestamp>,
        meter: &Meter,
    ) -> Result<InsightsAnswer> {
        self.with(id, |query| {
            let answer = query.answer(now);
            query.asked += 1;
            if answer.state.is_final() && !query.billed {
                query.billed = true;
                let usd = meter::scan_cost(&super::environment().region, answer.scanned_bytes);
                meter.spend("logs", "StartQuery", answer.scanned_bytes as u64, usd);
            }
            answer
        })
    }

    /// Stops a query, and bills what it has read.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub fn stop(&self, id: &str, now: Option<Timestamp>, meter: &Meter) -> Result<()> {
        self.with(id, |query| {
            if now.is_none() {
                // Without a clock it stands where it was told to be.
                query.asked = query.asked.saturating_sub(1);
            }
            let answer = query.answer(now);
            if !answer.state.is_final() {
                query.work.given_up.store(true, Ordering::Relaxed);
                query.stopped = Some(InsightsAnswer {
                    state: QueryState::Cancelled,
                    ..answer
                });
            }
        })?;
        self.answer(id, now, meter).map(|_| ())
    }

    fn with<T>(&self, id: &str, act: impl FnOnce(&mut Query) -> T) -> Result<T> {
        let mut queries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match queries.get_mut(id) {
            Some(query) => Ok(act(query)),
            None => Err(Error::new(
                ErrorKind::NotFound,
                format!("ResourceNotFoundException: Query {id} does not exist"),
            )
            .hint("start it again")),
        }
    }
}

impl Query {
    fn answer(&self, now: Option<Timestamp>) -> InsightsAnswer {
        if let Some(answer) = &self.stopped {
            return answer.clone();
        }
        let lines = self.work.lines.load(Ordering::Relaxed) as f64;
        let bytes = self.work.bytes.load(Ordering::Relaxed) as f64;
        let reached = match (now, self.asked) {
            (Some(now), _) => (now.duration_since(self.begun).as_secs_f64() - WAITS) * READS,
            (None, 0) => -1.0,
            (None, 1) => bytes / 2.0,
            (None, _) => f64::INFINITY,
        };
        let mut answer = InsightsAnswer {
            state: QueryState::Running,
            rows: Vec::new(),
            matched: 0.0,
            scanned: lines * (reached / bytes.max(1.0)).clamp(0.0, 1.0),
            scanned_bytes: bytes.min(reached.max(0.0)),
        };
        if reached < 0.0 {
            answer.state = QueryState::Scheduled;
        } else if let Some((rows, matched)) = self.work.done.get() {
            answer.matched = *matched as f64;
            if reached >= bytes {
                answer.state = QueryState::Complete;
                answer.rows.clone_from(rows);
            } else {
                answer.matched *= reached / bytes;
            }
        }
        (answer.scanned, answer.matched) = (answer.scanned.floor(), answer.matched.floor());
        answer.scanned_bytes = answer.scanned_bytes.floor();
        answer
    }
}
