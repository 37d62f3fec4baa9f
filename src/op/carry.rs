//! Carrying a plan out: first its stages, on this machine, then its calls.

use super::{
    Desk, Made, Plan,
    stage::{self, Failure, Finished, Stage, StageEvent},
    watch::outdated,
};
use crate::{
    cloud::{CallOutcome, Order},
    error::{Error, ErrorKind, Result},
};
use tokio_util::sync::CancellationToken;

/// What is said of a rollout that does not come.
const STANDS: &str = "the image was pushed, and nothing was rolled out";

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Told {
    /// A stage begins.
    Begun(usize),
    /// A stage tells how it goes.
    Going(usize, StageEvent),
    /// A stage has ended well: what came of it.
    Ended(usize, Finished),
    /// A stage has failed; nothing follows it.
    Fallen(usize, Failure),
    /// A call is on its way.
    Made(usize),
    /// A call was accepted.
    Accepted(usize, CallOutcome),
    /// A call was not accepted; no further one is made.
    Refused(usize, Error),
    /// No call was made.
    Stopped(Error),
    /// Every call was accepted.
    AllAccepted,
}

/// Makes the plan once more and, where nothing has changed, performs its stages and makes its calls in their order. Stops at the first that
/// fails. Calls that follow stages are planned anew with what came of them, for much may have happened meanwhile. Answers with the plan that
/// would be made now, where it is another one.
///
/// Cancelling `stop` ends the stage that is under way; calls are made to their end.
pub async fn carry_out(
    desk: &Desk<'_>,
    plan: &Plan,
    stop: &CancellationToken,
    mut tell: impl FnMut(Told) + Send,
) -> Option<Plan> {
    let fresh = match check(desk, plan).await {
        Ok(Checked::Same(fresh)) => fresh,
        Ok(Checked::Changed(fresh, error)) => {
            tell(Told::Stopped(error));
            return Some(*fresh);
        }
        Err(error) => {
            tell(Told::Stopped(error));
            return None;
        }
    };
    if fresh.stages.is_empty() {
        if stop.is_cancelled() {
            tell(Told::Stopped(cancelled(plan, "nothing was changed")));
            return None;
        }
        make_calls(desk, plan, &mut tell).await;
        return None;
    }
    // Stages need much room, and most plans have none.
    let made = Box::pin(perform(desk, &fresh, stop, &mut tell)).await?;
    if plan.calls.is_empty() {
        tell(Told::AllAccepted);
        return None;
    }
    let rest = rest(desk, plan, &made).await;
    if stop.is_cancelled() {
        tell(Told::Stopped(cancelled(plan, STANDS)));
        return None;
    }
    match rest {
        Ok(Rest::Same(rest)) => {
            make_calls(desk, &rest, &mut tell).await;
            None
        }
        Ok(Rest::Changed(rest, error)) => {
            tell(Told::Stopped(error));
            Some(*rest)
        }
        Err(error) => {
            tell(Told::Stopped(error));
            None
        }
    }
}

/// Performs stages in their order; gives what came of them, or nothing where one failed.
async fn perform(
    desk: &Desk<'_>,
    plan: &Plan,
    stop: &CancellationToken,
    tell: &mut (impl FnMut(Told) + Send),
) -> Option<Made> {
    let (operation, stages) = (plan.request.name(), &plan.stages);
    if let Err(error) = admit(desk, stages).await {
        tell(Told::Stopped(error));
        return None;
    }
    let mut made = Made::default();
    for (index, stage) in stages.iter().enumerate() {
        // Also where it was cancelled before the first, which may be a call.
        if stop.is_cancelled() {
            tell(Told::Stopped(cancelled(plan, "nothing was rolled out")));
            return None;
        }
        tell(Told::Begun(index));
        let going = |event| tell(Told::Going(index, event));
        match stage::perform(operation, stage, &mut made, desk, stop, going).await {
            Ok(finished) => tell(Told::Ended(index, finished)),
            Err(failure) => {
                tell(Told::Fallen(index, failure));
                return None;
            }
        }
    }
    Some(made)
}

/// Refuses before anything is built or made what would be refused when it is pushed or copied.
async fn admit(desk: &Desk<'_>, stages: &[Stage]) -> Result<()> {
    for stage in stages {
        let (reference, within) = match stage {
            Stage::Push { reference, .. } => (reference, None),
            Stage::Copy {
                to, environment, ..
            } => (to, Some(environment.as_str())),
            Stage::Call { .. } | Stage::Build(_) | Stage::Try(..) => continue,
        };
        let place = desk.at(within).await?;
        let there = place.desk();
        if there.environment.read_only().is_some() {
            there.workshop()?.guard().begin(reference).await?;
        }
    }
    Ok(())
}

/// The error of a plan that was cancelled before its first call.
fn cancelled(plan: &Plan, hint: &str) -> Error {
    let what = format!("{} was cancelled", plan.title);
    Error::new(ErrorKind::Interrupted, what).hint(hint)
}

/// Makes the calls of a plan in their order.
async fn make_calls(desk: &Desk<'_>, plan: &Plan, tell: &mut (impl FnMut(Told) + Send)) {
    let mut outcomes: Vec<CallOutcome> = Vec::new();
    for (index, call) in plan.calls.iter().enumerate() {
        tell(Told::Made(index));
        let order = Order {
            operation: plan.request.name(),
            call: call.clone().completed(&outcomes),
            changes: plan.changes.clone(),
        };
        match desk.cloud.execute(&order).await {
            Ok(outcome) => {
                outcomes.push(outcome.clone());
                tell(Told::Accepted(index, outcome));
            }
            Err(error) => return tell(Told::Refused(index, error)),
        }
    }
    tell(Told::AllAccepted);
}

enum Checked {
    Same(Box<Plan>),
    Changed(Box<Plan>, Error),
}

/// Whether the plan would be made the same way now.
async fn check(desk: &Desk<'_>, plan: &Plan) -> Result<Checked> {
    let fresh = Box::new(plan.request.plan(desk).await?);
    let differences = plan.differences(&fresh);
    if !differences.is_empty() {
        let error = outdated(plan, &differences).hint("nothing was done; look at the plan again");
        return Ok(Checked::Changed(fresh, error));
    }
    if let Some(check) = fresh.forbidden() {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("{}: {}", check.what, check.found),
        )
        .hint("nothing was done; look at the plan again"));
    }
    Ok(Checked::Same(fresh))
}

enum Rest {
    Same(Box<Plan>),
    Changed(Box<Plan>, Error),
}

/// Plans what follows the stages, with what came of them, and whether it is still what was looked at.
async fn rest(desk: &Desk<'_>, plan: &Plan, made: &Made) -> Result<Rest> {
    let rest = plan.request.operation().rest(desk, made).await;
    let rest = rest.map_err(|e| {
        let hint = e
            .hint
            .clone()
            .map_or_else(String::new, |h| format!("; {h}"));
        Error::new(e.kind.clone(), e.message.clone())
            .hint(format!("{STANDS}{hint}"))
            .source(e)
    })?;
    let mut differences = plan.overtaken(&rest);
    if let Some(check) = rest.forbidden() {
        differences.push(format!("{}: {}", check.what, check.found));
    }
    if differences.is_empty() {
        // It is carried out as a part of what was planned.
        return Ok(Rest::Same(Box::new(Plan {
            request: plan.request.clone(),
            ..rest
        })));
    }
    let error = outdated(plan, &differences).hint(format!("{STANDS}; look at its plan"));
    Ok(Rest::Changed(Box::new(rest), error))
}
