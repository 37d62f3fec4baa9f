//! Alarms: those that fire.

use super::{Part, Raised, Rule, Scene, scene::counted};
use crate::{
    format,
    model::{
        Health, Tier, Verdict,
        alarm::{Alarm, AlarmState, Alarms},
        finding::Figure,
    },
};

pub(super) const PART: Part = Part {
    tier: Tier::Alarms,
    rules: &[Rule {
        name: "alarm-firing",
        check: firing,
    }],
    figures,
    judged_by: &[],
    calm,
};

/// The alarms that say something: those of Application Auto Scaling only steer it.
fn own(alarms: &Alarms) -> impl Iterator<Item = &Alarm> {
    alarms.alarms.iter().filter(|a| !a.owned_by_autoscaling)
}

fn count(alarms: &Alarms, state: AlarmState) -> usize {
    own(alarms).filter(|a| a.state == state).count()
}

/// How an alarm is. One of autoscaling only steers it.
pub(super) fn standing(alarm: Option<&Alarm>, state: AlarmState) -> Health {
    match state {
        AlarmState::Alarm if alarm.is_some_and(|a| a.owned_by_autoscaling) => Health::Unknown,
        state => of_state(state),
    }
}

/// How bad a state of an alarm is.
pub(super) const fn of_state(state: AlarmState) -> Health {
    match state {
        AlarmState::Ok => Health::Ok,
        AlarmState::InsufficientData => Health::Unknown,
        AlarmState::Alarm => Health::Warning,
    }
}

fn firing(scene: &Scene<'_>) -> Vec<Raised> {
    let Some(alarms) = scene.seen.alarms() else {
        return Vec::new();
    };
    let reason = format!("{} in ALARM", count(alarms, AlarmState::Alarm));
    own(alarms)
        .filter(|a| a.state == AlarmState::Alarm)
        .map(|alarm| {
            let since = alarm
                .since
                .map(|at| format!("since {} UTC", format::date_time(at)));
            let silent = (!alarm.actions_enabled || alarm.actions == 0)
                .then(|| "it notifies nobody".to_owned());
            let words = [&alarm.metric, &alarm.condition, &alarm.reason];
            Raised::new(
                of_state(alarm.state),
                &alarm.name,
                reason.clone(),
                format!("the alarm {} fires", alarm.name),
            )
            .because(words.into_iter().filter(|w| !w.is_empty()).cloned())
            .because(since)
            .because(silent)
        })
        .collect()
}

fn figures(scene: &Scene<'_>) -> Vec<Figure> {
    let alarms = scene.seen.alarms();
    vec![
        counted(
            "firing",
            "in ALARM",
            alarms.map(|a| count(a, AlarmState::Alarm)),
        ),
        counted(
            "insufficient_data",
            "no data",
            alarms.map(|a| count(a, AlarmState::InsufficientData)),
        ),
        counted("alarms", "alarms", alarms.map(|a| a.alarms.len())),
        counted(
            "dashboards",
            "dashboards",
            alarms.map(|a| a.dashboards.len()),
        ),
    ]
}

/// Alarms without data do not say that all is well; none at all says nothing.
fn calm(scene: &Scene<'_>) -> Option<Verdict> {
    let alarms = scene.seen.alarms()?;
    let (ok, blind) = (
        count(alarms, AlarmState::Ok),
        count(alarms, AlarmState::InsufficientData),
    );
    Some(match (ok, blind) {
        (0, 0) => Verdict::new(Health::Unknown, "no alarms"),
        (0, blind) => Verdict::new(Health::Unknown, format!("{blind} without data")),
        (ok, 0) => Verdict::new(Health::Ok, format!("{ok} ok")),
        (ok, blind) => Verdict::new(Health::Ok, format!("{ok} ok, {blind} no data")),
    })
}
