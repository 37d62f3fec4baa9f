//! Following logs: by sessions of Live Tail where there are any, else by asking again and again, and from one to the other without
//! losing or doubling a line.
//!
//! CloudWatch takes lines in late and out of order, so each question asks for a span that overlaps the one before, and [`Dedup`] lets
//! each line through once, whichever way it came. A session tells what is taken in after its start; what came before is asked for
//! when it stands, and once more when CloudWatch has had time to show it. A line that CloudWatch takes in later than [`OVERLAP`] while
//! no session runs is not seen; Logs Insights finds it.

mod dedup;
mod follower;
mod merge;
#[cfg(test)]
mod tests;

pub use dedup::Dedup;
pub use merge::merged;

use super::Cloud;
use crate::{
    error::{Error, ErrorKind},
    model::log::{Delivery, Follow, Followed, LogEvent},
};
use async_trait::async_trait;
use follower::{Follower, Pace};
use futures::{Stream, stream::BoxStream};
use jiff::SignedDuration;

/// How far each question looks back behind what was told. CloudWatch shows most lines within seconds.
pub const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// Log groups of one session at most (CloudWatch Logs API, StartLiveTail).
const SESSION_GROUPS: usize = 10;

/// Sessions of Live Tail.
#[async_trait]
pub trait LiveTail: Send + Sync {
    /// Opens a session on those of `groups` that it can tail; it runs, and costs, until the stream is dropped.
    ///
    /// # Errors
    /// Why there is none.
    async fn open(&self, groups: &[String]) -> Result<Session, NoSession>;
}

/// What a session brings, until it ends.
pub type Session = BoxStream<'static, Result<Update, NoSession>>;

/// Why there is no session, in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSession {
    /// It is of no use to try again.
    Refused(String),
    /// Its time was over, the connection was lost, or CloudWatch was too busy: another try may succeed.
    Lost(String),
}

/// New lines of a session, in no order that can be relied on.
#[derive(Debug, Clone)]
pub enum Update {
    /// All that there are.
    Whole(Vec<LogEvent>),
    /// A part: there were too many.
    Sampled(Vec<LogEvent>),
}

/// Follows groups by asking for their lines; a group that fails does not hold up the others. `why` says why not by Live Tail.
pub fn polling(
    cloud: &dyn Cloud,
    follow: Follow,
    why: Option<String>,
) -> impl Stream<Item = Followed> + Send + '_ {
    Follower::polling(cloud, follow, why, Pace::default()).told()
}

/// Follows groups by sessions of `live`, unless polling is preferred, and by polling while there is none.
pub fn tailing<'a>(
    cloud: &'a dyn Cloud,
    live: &'a dyn LiveTail,
    follow: Follow,
) -> impl Stream<Item = Followed> + Send + 'a {
    let pace = Pace::default();
    let count = follow.groups.len();
    if follow.prefer == Delivery::Polling {
        Follower::polling(cloud, follow, None, pace)
    } else if count > SESSION_GROUPS {
        let why = format!("Live Tail takes {SESSION_GROUPS} log groups, these are {count}");
        Follower::polling(cloud, follow, Some(why), pace)
    } else {
        Follower::tailing(cloud, live, follow, pace)
    }
    .told()
}

/// Whether asking again is of no use.
#[must_use]
pub fn is_final(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotFound | ErrorKind::Denied { .. } | ErrorKind::Unsupported
    )
}
