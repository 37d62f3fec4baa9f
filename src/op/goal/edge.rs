//! Goals in front of the application, and of its alarms.

use super::{SETTLED, Standing, Step, StepState, Verdict};
use crate::{
    cloud::call::{Listing, RuleMode, Switch},
    model::{ip_set::Range, state::InvalidationStatus},
    observe::Observations,
};
use jiff::SignedDuration;

/// An invalidation has reached every edge.
pub(super) fn invalidated(seen: &Observations, id: Option<&str>) -> Option<Standing> {
    let cdn = seen.cdn()?;
    let found = id.and_then(|id| cdn.invalidations.iter().find(|i| i.id == id));
    let Some(invalidation) = found else {
        let step = Step::new(
            "invalidation completed",
            StepState::Waiting,
            "not listed yet",
        );
        return Some(Standing::of_one(step, String::new));
    };
    let step = Step::new(
        "invalidation completed",
        invalidation.status == InvalidationStatus::Completed,
        invalidation.status.to_string(),
    );
    Some(Standing::of_one(step, || {
        format!("invalidation {} has reached every edge", invalidation.id)
    }))
}

/// An alarm's actions are switched.
pub(super) fn switched(
    seen: &Observations,
    name: &str,
    to: Switch,
    age: SignedDuration,
) -> Option<Standing> {
    let alarm = seen.alarms()?.alarms.iter().find(|a| a.name == name)?;
    let now = Switch::of(alarm.actions_enabled);
    let step = Step::new(format!("actions {}", to.word()), now == to, now.word());
    Some(back_unless(step, now == to, age, || {
        format!("the actions of {name} are {}", to.word())
    }))
}

/// What is not as it was set after AWS must know it was set back by somebody else.
pub(super) fn back_unless(
    step: Step,
    so: bool,
    age: SignedDuration,
    reached: impl FnOnce() -> String,
) -> Standing {
    if so || age < SETTLED {
        return Standing::of_one(step, reached);
    }
    let why = format!(
        "{}: somebody else changed it, it is {}",
        step.label, step.detail
    );
    Standing {
        steps: vec![step],
        verdict: Verdict::RolledBack(vec![why]),
    }
}

/// A rule does what it was set to.
pub(super) fn ruled(
    seen: &Observations,
    name: &str,
    to: RuleMode,
    age: SignedDuration,
) -> Option<Standing> {
    let rule = seen.waf()?.rules.iter().find(|r| r.name == name)?;
    let so = RuleMode::of(&rule.action) == Some(to);
    let step = Step::new(format!("rule set to {}", to.word()), so, &*rule.action);
    Some(back_unless(step, so, age, || {
        format!(
            "rule {name} is set to {}; edges follow within a minute or two",
            to.word()
        )
    }))
}

/// A range is on an IP set, or off it.
pub(super) fn listed(
    seen: &Observations,
    set: &str,
    address: &str,
    listing: Listing,
    age: SignedDuration,
) -> Option<Standing> {
    let set = seen.waf()?.ip_sets.iter().find(|s| s.name.name == set)?;
    let range: Range = address.parse().ok()?;
    let on = set.lists(range);
    let (so, word) = match listing {
        Listing::Listed => (on, "on"),
        Listing::Unlisted => (!on, "off"),
    };
    let name = &set.name.name;
    let detail = if on {
        "it is listed"
    } else {
        "it is not listed"
    };
    let step = Step::new(format!("{range} {word} {name}"), so, detail);
    Some(back_unless(step, so, age, || {
        format!("{range} is {word} {name}; edges follow within a minute or two")
    }))
}
