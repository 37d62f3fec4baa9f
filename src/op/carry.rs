//! Carrying a plan out, call by call.

use super::{Desk, Plan, watch::outdated};
use crate::{
    cloud::{CallOutcome, Order},
    error::{Error, ErrorKind, Result},
};

/// What happens while a plan is carried out.
#[derive(Debug)]
pub enum Told {
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

/// Makes the plan once more and, where nothing has changed, makes its calls in their order. Stops at the first that is not accepted.
/// Answers with the plan that would be made now, where it is another one.
pub async fn carry_out(
    desk: &Desk<'_>,
    plan: &Plan,
    mut tell: impl FnMut(Told) + Send,
) -> Option<Plan> {
    match check(desk, plan).await {
        Ok(Checked::Same) => {}
        Ok(Checked::Changed(fresh, error)) => {
            tell(Told::Stopped(error));
            return Some(*fresh);
        }
        Err(error) => {
            tell(Told::Stopped(error));
            return None;
        }
    }
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
            Err(error) => {
                tell(Told::Refused(index, error));
                return None;
            }
        }
    }
    tell(Told::AllAccepted);
    None
}

enum Checked {
    Same,
    Changed(Box<Plan>, Error),
}

/// Whether the plan would be made the same way now.
async fn check(desk: &Desk<'_>, plan: &Plan) -> Result<Checked> {
    let fresh = plan.request.plan(desk).await?;
    let differences = plan.differences(&fresh);
    if !differences.is_empty() {
        let error = outdated(plan, &differences);
        return Ok(Checked::Changed(Box::new(fresh), error));
    }
    if let Some(check) = fresh.forbidden() {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("{}: {}", check.what, check.found),
        )
        .hint("nothing was done; look at the plan again"));
    }
    Ok(Checked::Same)
}
