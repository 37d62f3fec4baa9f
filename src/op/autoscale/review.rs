//! What is to be known of a change to a service's autoscaling: what differs, checks, cost, risk, undo.

use super::{Aim, Autoscale, Autoscaled, others, unread};
use crate::{
    cloud::call::Scaling,
    format,
    model::compute::{Rollout, Service},
    op::{CheckState, Cost, Desk, Plan, Risk, Undo, desk::IDLE},
};

/// Fills in the plan of a change from `before` to `after`.
pub(super) fn review(
    desk: &Desk<'_>,
    plan: Plan,
    service: &Service,
    before: Option<&Autoscaled>,
    after: Option<&Autoscaled>,
) -> Plan {
    let said = before.map_or("none".to_owned(), Autoscaled::words);
    let plan = plan
        .rests_on("autoscaling", &said)
        .stays("revision and size of the tasks");
    let plan = checked(compared(plan, before, after), service, before, after);
    if before == after {
        return plan;
    }
    let limits = |of: Option<&Autoscaled>| {
        of.map_or((service.desired, service.desired), |of| {
            (of.target.min, of.target.max)
        })
    };
    let moves = after.is_some_and(|after| within(after, service) != service.desired);
    let undo = undo(&plan, before);
    let plan = plan
        .cost(Cost::of_limits(
            desk,
            service,
            limits(before),
            limits(after),
        ))
        .undo(undo);
    let plan = if moves {
        plan.takes(10, 60, 900)
    } else {
        plan.takes(1, 30, 600)
    };
    risked(plan, service, before, after)
}

/// The desired count that Application Auto Scaling sets at once (its API, `RegisterScalableTarget`).
fn within(after: &Autoscaled, service: &Service) -> i32 {
    service.desired.min(after.target.max).max(after.target.min)
}

/// Says what differs, field by field.
fn compared(plan: Plan, before: Option<&Autoscaled>, after: Option<&Autoscaled>) -> Plan {
    let rows = |of: Option<&Autoscaled>| of.map(Autoscaled::rows).unwrap_or_default();
    let (old, new) = (rows(before), rows(after));
    let value = |rows: &[(String, String)], field: &str| {
        let row = rows.iter().find(|(known, _)| known == field);
        row.map(|(_, value)| value.clone())
    };
    let gone = old.iter().filter(|(field, _)| value(&new, field).is_none());
    let fields = new.iter().chain(gone).map(|(field, _)| field);
    fields.fold(plan, |plan, field| {
        match (value(&old, field), value(&new, field)) {
            (Some(was), Some(is)) => plan.change(field, &was, &is),
            (None, Some(is)) => plan.adds(field, is),
            (Some(was), None) => plan.removes(field, was),
            (None, None) => plan,
        }
    })
}

fn checked(
    plan: Plan,
    service: &Service,
    before: Option<&Autoscaled>,
    after: Option<&Autoscaled>,
) -> Plan {
    let mut plan = plan;
    if let Some(why) = unread(service) {
        plan = plan.check("autoscaling is known", CheckState::Failed, why);
    }
    let other: Vec<String> = others(service)
        .iter()
        .map(|policy| format!("{} ({})", policy.name, policy.kind))
        .collect();
    let what = "no other policy";
    plan = match (other.is_empty(), after) {
        (true, _) => plan.check(what, CheckState::Passed, "none"),
        (false, Some(_)) => plan.check(
            what,
            CheckState::Warned,
            format!("{} scales it as well and is left alone", other.join(", ")),
        ),
        (false, None) => plan.check(
            what,
            CheckState::Failed,
            format!(
                "{} would be deleted along with the scalable target, and nothing here brings it back: delete it first",
                other.join(", ")
            ),
        ),
    };
    let Some(after) = after else {
        // Application Auto Scaling API, DeregisterScalableTarget.
        return plan.check(
            "no scheduled action",
            CheckState::Warned,
            "not looked at: AWS deletes those that there are along with the scalable target",
        );
    };
    let (desired, then) = (service.desired, within(after, service));
    let what = "desired count within the limits";
    plan = if then == desired {
        plan.check(what, CheckState::Passed, desired.to_string())
    } else {
        let found = format!("{desired} wanted now: it is set to {then} at once");
        plan.check(what, CheckState::Warned, found)
    };
    plan = if service.rollouts.iter().any(Rollout::in_progress) {
        plan.check(
            IDLE,
            CheckState::Warned,
            "one is in progress: policies do not scale in until it has ended",
        )
    } else {
        plan.check(IDLE, CheckState::Passed, "none")
    };
    if after.policies.is_empty() && other.is_empty() {
        plan = plan.check(
            "a policy scales it",
            CheckState::Warned,
            "there is none: it stays where it is within the limits",
        );
    }
    if before.is_none() {
        plan = plan.check(
            "service-linked role",
            CheckState::Warned,
            "not looked at: with the first of the account AWS makes AWSServiceRoleForApplicationAutoScaling_ECSService, which takes iam:CreateServiceLinkedRole",
        );
    }
    plan
}

fn risked(
    plan: Plan,
    service: &Service,
    before: Option<&Autoscaled>,
    after: Option<&Autoscaled>,
) -> Plan {
    let name = &service.name;
    let count = |tasks| format::count(tasks, "task");
    let Some(after) = after else {
        let found = format!(
            "nothing scales {name} any more: it stays at {}",
            count(service.desired)
        );
        return plan.risk(Risk::Disruptive, found);
    };
    let mut plan = plan;
    let newly = |of: &dyn Fn(&Autoscaled) -> bool| of(after) && !before.is_some_and(of);
    if before.is_some_and(|before| !before.policies.is_empty()) && after.policies.is_empty() {
        plan = plan.risk(
            Risk::Disruptive,
            format!("neither CPU nor memory scales {name} any more"),
        );
    }
    if newly(&|of| of.target.suspended.contains(&Scaling::Out)) {
        plan = plan.risk(
            Risk::Disruptive,
            format!(
                "a surge meets the {} that run: no policy adds any",
                count(service.running)
            ),
        );
    }
    let fewer = service.desired - within(after, service);
    if fewer > 0 {
        plan = plan.risk(
            Risk::Disruptive,
            format!("{} at once fewer to bear the load", count(fewer)),
        );
    }
    if after.target.max == 0 {
        plan = plan.risk(
            Risk::Destructive,
            format!("without a task {name} answers no request"),
        );
    } else if newly(&|of| of.target.min == 0) {
        plan = plan.risk(
            Risk::Destructive,
            format!("a policy may stop the last task, and without one there is no CPU or memory to scale {name} out by"),
        );
    }
    plan
}

/// Setting it back, field by field.
fn undo(plan: &Plan, before: Option<&Autoscaled>) -> Undo {
    let request = Autoscale {
        service: plan.target.clone(),
        to: Aim::Exactly(before.cloned()),
    };
    let back = plan
        .changes
        .iter()
        .filter_map(|change| match &change.before {
            Some(was) => Some(format!("{} {was}", change.field)),
            None if change.field.ends_with("policy") => Some(format!("no {}", change.field)),
            None => None,
        });
    let text = match before {
        Some(_) => format!("set it back: {}", back.collect::<Vec<_>>().join(", ")),
        None => "deregister it again: its policies go along".to_owned(),
    };
    Undo::By(Box::new(request.into()), text)
}
