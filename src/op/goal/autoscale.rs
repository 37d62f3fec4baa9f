//! The goal of autoscaling.

use super::{SETTLED, Standing, Step, StepState, Verdict};
use crate::{
    cloud::call::{Scaling, TrackingPolicy},
    format,
    model::compute::Service,
    observe::Observations,
    op::{Autoscaled, autoscale},
};
use jiff::SignedDuration;

/// A service is autoscaled as asked: limits, policies and what is suspended read back, the policies' alarms are there, and the desired
/// count lies within the limits.
pub(super) fn autoscaled(
    seen: &Observations,
    name: &str,
    to: Option<&Autoscaled>,
    age: SignedDuration,
) -> Option<Standing> {
    let service = seen.compute()?.service(name)?;
    if let Some(why) = autoscale::unread(service) {
        let step = Step::new("autoscaling as asked", StepState::Waiting, why);
        return Some(Standing::of_one(step, String::new));
    }
    let now = Autoscaled::of(service);
    let Some(to) = to else {
        let step = Step::new(
            "deregistered",
            now.is_none(),
            if now.is_none() {
                ""
            } else {
                "still registered"
            },
        );
        return Some(settled(vec![step], 1, age, || {
            let count = format::count(service.desired, "task");
            format!("{name} is not autoscaled: it runs {count} until somebody changes it")
        }));
    };
    let mut steps = set(now.as_ref(), to);
    let asked = steps.len();
    steps.extend(follows(service, to));
    Some(settled(steps, asked, age, || {
        format!(
            "{name} is scaled between {} and {} tasks",
            to.target.min, to.target.max
        )
    }))
}

/// What was set, and whether it reads back.
fn set(now: Option<&Autoscaled>, to: &Autoscaled) -> Vec<Step> {
    let limits = |of: &Autoscaled| format!("{} to {} tasks", of.target.min, of.target.max);
    let policies = |of: &Autoscaled| {
        let all = of.policies.iter();
        let all: Vec<String> = all
            .map(|p| format!("{} {}", p.metric.word(), p.target))
            .collect();
        if all.is_empty() {
            "none".to_owned()
        } else {
            all.join(", ")
        }
    };
    let effective = |of: &Autoscaled| {
        of.policies
            .iter()
            .map(TrackingPolicy::effective)
            .collect::<Vec<_>>()
    };
    let suspended = |of: &Autoscaled| Scaling::words(&of.target.suspended);
    let read = |of: &dyn Fn(&Autoscaled) -> String| now.map_or("none".to_owned(), of);
    let same = |of: &dyn Fn(&Autoscaled) -> bool| now.is_some_and(of);
    vec![
        Step::new(
            "limits",
            same(&|now| (now.target.min, now.target.max) == (to.target.min, to.target.max)),
            read(&limits),
        ),
        Step::new(
            "policies",
            same(&|now| effective(now) == effective(to)),
            read(&policies),
        ),
        Step::new(
            "suspended",
            same(&|now| now.target.suspended == to.target.suspended),
            read(&suspended),
        ),
    ]
}

/// What AWS makes of it.
fn follows(service: &Service, to: &Autoscaled) -> [Step; 2] {
    let policies = service.autoscaling.iter().flat_map(|a| &a.policies);
    let ours = policies.filter(|read| to.policies.iter().any(|p| p.name == read.name));
    let alarmed = ours.filter(|policy| !policy.alarms.is_empty()).count();
    let (least, most) = (to.target.min, to.target.max);
    [
        Step::new(
            "alarms of the policies",
            alarmed == to.policies.len(),
            format!("{alarmed} of {} policies have theirs", to.policies.len()),
        ),
        Step::new(
            "desired count within the limits",
            (least..=most).contains(&service.desired),
            service.desired.to_string(),
        ),
    ]
}

/// Reached once every step is done. The first `asked` are read back at once: what is not so later was changed by somebody else.
fn settled(
    steps: Vec<Step>,
    asked: usize,
    age: SignedDuration,
    reached: impl FnOnce() -> String,
) -> Standing {
    let open = |step: &&Step| step.state != StepState::Done;
    let undone = steps.iter().take(asked).find(open);
    let verdict = match undone {
        Some(step) if age >= SETTLED => Verdict::RolledBack(vec![format!(
            "{}: somebody else changed it, it is {}",
            step.label, step.detail
        )]),
        Some(_) => Verdict::Watching,
        None if steps.iter().any(|step| open(&step)) => Verdict::Watching,
        None => Verdict::Reached(reached()),
    };
    Standing { steps, verdict }
}
