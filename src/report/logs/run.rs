//! Shows, follows and queries logs, line by line as they come.

use super::{Printed, Printer};
use crate::{
    cloud::{Cloud, meter},
    error::{Error, ErrorKind, Result},
    format,
    model::{
        log::{Follow, Followed, InsightsAnswer, InsightsQuery, LogEvent, LogQuery, QueryState},
        metric::Unit,
    },
    text::neutral,
};
use futures::{StreamExt as _, future::join_all};
use std::{ops::ControlFlow, time::Duration};
use tokio::{pin, select, time::sleep};

/// Between two questions for a query's answer: far below what CloudWatch allows, ten a second (CloudWatch Logs quotas).
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Where text goes. A reader that has left is a reason to end, not an error.
pub trait Sink {
    /// Writes to standard output and standard error.
    ///
    /// # Errors
    /// What kept it from being written.
    fn write(&mut self, printed: &Printed) -> Result<ControlFlow<()>>;
}

/// Prints the newest lines of a span. A group that cannot be read is told of and does not keep the others from being printed.
///
/// # Errors
/// What AWS answered where no group can be read; output that cannot be written.
pub async fn show(
    cloud: &dyn Cloud,
    query: &LogQuery,
    printer: &Printer<'_>,
    sink: &mut impl Sink,
) -> Result<()> {
    let read = query.groups.iter().map(|group| async move {
        let query = LogQuery {
            stream: None,
            groups: vec![group.clone()],
            ..query.clone()
        };
        (group, cloud.logs(&query).await)
    });
    let (mut lines, mut failed) = (Vec::new(), Vec::new());
    for (group, answer) in join_all(read).await {
        match answer {
            Ok(found) => lines.extend(found),
            Err(error) => failed.push((group.clone(), error)),
        }
    }
    if failed.len() == query.groups.len()
        && let Some((_, error)) = failed.pop()
    {
        return Err(error);
    }
    for (group, error) in failed {
        if sink
            .write(&printer.told(&Followed::Failed { group, error })?)?
            .is_break()
        {
            return Ok(());
        }
    }
    lines.sort_by_key(|line: &LogEvent| line.at);
    lines.drain(..lines.len().saturating_sub(query.limit));
    let mut text = printer.lines(&lines)?;
    if lines.len() >= query.limit {
        text.err = format!(
            "hydren: these are the newest {}; there may be older ones (--limit)\n",
            format::count(lines.len(), "line")
        );
    }
    sink.write(&text).map(|_| ())
}

/// Prints lines as they come, until the reader leaves or no group is left.
///
/// # Errors
/// Output that cannot be written; no group that can be read.
pub async fn follow(
    cloud: &dyn Cloud,
    follow: Follow,
    printer: &Printer<'_>,
    sink: &mut impl Sink,
) -> Result<()> {
    let mut told = cloud.follow(follow);
    while let Some(told) = told.next().await {
        if sink.write(&printer.told(&told)?)?.is_break() {
            return Ok(());
        }
    }
    Err(Error::new(
        ErrorKind::NotFound,
        "no log group is left that can be read",
    ))
}

/// A query and who pays for it.
#[derive(Debug, Clone)]
pub struct Query {
    /// What to ask.
    pub ask: InsightsQuery,
    /// The region whose price applies.
    pub region: String,
}

/// Asks Logs Insights and prints what it found, the progress and the price on standard error. `interrupted` stops the query.
///
/// # Errors
/// What AWS answered; `Interrupted`; output that cannot be written.
pub async fn query(
    cloud: &dyn Cloud,
    query: &Query,
    printer: &Printer<'_>,
    sink: &mut impl Sink,
    interrupted: impl Future<Output = ()>,
) -> Result<()> {
    let mut say = |out: String, said: String| {
        let err = format!("hydren: {}\n", neutral(&said));
        sink.write(&Printed { out, err })
    };
    let price = meter::scan_price(&query.region);
    let _ = say(
        String::new(),
        format!(
            "Logs Insights costs ${price} for a GB that it scans in {} (list price)",
            query.region
        ),
    )?;
    let id = cloud.start_query(&query.ask).await?;
    pin!(interrupted);
    let mut told = None;
    loop {
        select! {
            () = sleep(ASK_EVERY) => {}
            () = &mut interrupted => {
                cloud.stop_query(&id).await?;
                return Err(Error::new(ErrorKind::Interrupted, "the query was stopped")
                    .hint("what it had scanned until then is billed"));
            }
        }
        let answer = cloud.query_answer(&id).await?;
        let progress = progress(&answer);
        if !answer.state.is_final() {
            if told.as_ref() != Some(&progress) {
                let _ = say(String::new(), progress.clone())?;
                told = Some(progress);
            }
            continue;
        }
        if answer.state != QueryState::Complete {
            return Err(unanswered(answer.state));
        }
        let cost = meter::scan_bill(&query.region, answer.scanned_bytes);
        return say(printer.rows(&answer)?, format!("{progress}, {cost}")).map(|_| ());
    }
}

fn progress(answer: &InsightsAnswer) -> String {
    format!(
        "{} of {} lines match, {} scanned",
        format::compact(answer.matched),
        format::compact(answer.scanned),
        format::value(answer.scanned_bytes, Unit::Bytes)
    )
}

fn unanswered(state: QueryState) -> Error {
    let why = match state {
        QueryState::TimedOut => "took longer than an hour",
        QueryState::Cancelled => "was stopped by somebody else",
        _ => "failed",
    };
    Error::new(ErrorKind::Service, format!("the query {why}"))
        .hint("narrow it by --since, by fewer logs or by a filter that comes first")
}
