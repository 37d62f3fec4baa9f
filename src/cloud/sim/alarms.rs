//! CloudWatch alarms: evaluated every minute from the recorded metrics, M datapoints of N, in CloudWatch's words.

use super::{
    autoscaling::{HIGH_ALARM, LOW, LOW_ALARM, TARGET},
    database::GIB,
    history::History,
    names,
    world::{EPOCH, World, moment},
};
use crate::cloud::call::Switch;
use crate::model::{
    alarm::{Alarm as AlarmModel, AlarmState, AlarmTransition, Alarms as AlarmsModel, Dashboard},
    metric::Metric,
};
use std::collections::VecDeque;

/// Which side of the threshold is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Above,
    Below,
}

/// An alarm as it was put. Periods are 60 s; missing data is not breaching.
#[derive(Debug)]
struct Definition {
    name: &'static str,
    metric: Metric,
    subject: Option<&'static str>,
    /// Namespace and name as CloudWatch has them.
    source: &'static str,
    dimensions: &'static [(&'static str, &'static str)],
    bad: Bad,
    threshold: f64,
    /// Datapoints that must be bad, of how many.
    datapoints: (u32, u32),
}

impl Definition {
    fn breaches(&self, value: f64) -> bool {
        match self.bad {
            Bad::Above => value > self.threshold,
            Bad::Below => value < self.threshold,
        }
    }

    fn is_policy(&self) -> bool {
        self.name.starts_with("TargetTracking-")
    }
}

const ALB: &[(&str, &str)] = &[("LoadBalancer", names::BALANCER_DIMENSION)];
const ALB_BACKEND: &[(&str, &str)] = &[
    ("TargetGroup", names::BACKEND_GROUP),
    ("LoadBalancer", names::BALANCER_DIMENSION),
];
const ECS_BACKEND: &[(&str, &str)] = &[
    ("ClusterName", names::CLUSTER),
    ("ServiceName", names::BACKEND),
];
const RDS: &[(&str, &str)] = &[("DBInstanceIdentifier", names::DATABASE)];
const CDN: &[(&str, &str)] = &[
    ("DistributionId", names::DISTRIBUTION),
    ("Region", "Global"),
];

/// Every alarm. Thresholds: AWS's recommended alarms where they give a number (ECS and RDS CPU, storage 10 %, connections 90 %).
const DEFINITIONS: [Definition; 12] = [
    Definition {
        name: "hydren-alb-5xx",
        metric: Metric::AlbElb5xx,
        subject: None,
        source: "AWS/ApplicationELB HTTPCode_ELB_5XX_Count",
        dimensions: ALB,
        bad: Bad::Above,
        threshold: 10.0,
        datapoints: (3, 5),
    },
    Definition {
        name: "hydren-backend-5xx",
        metric: Metric::AlbTarget5xx,
        subject: Some(names::BACKEND_GROUP),
        source: "AWS/ApplicationELB HTTPCode_Target_5XX_Count",
        dimensions: ALB_BACKEND,
        bad: Bad::Above,
        threshold: 10.0,
        datapoints: (3, 5),
    },
    Definition {
        name: "hydren-backend-cpu",
        metric: Metric::EcsCpu,
        subject: Some(names::BACKEND),
        source: "AWS/ECS CPUUtilization",
        dimensions: ECS_BACKEND,
        bad: Bad::Above,
        threshold: 85.0,
        datapoints: (5, 5),
    },
    Definition {
        name: "hydren-backend-latency",
        metric: Metric::AlbP95,
        subject: Some(names::BACKEND_GROUP),
        source: "AWS/ApplicationELB TargetResponseTime",
        dimensions: ALB_BACKEND,
        bad: Bad::Above,
        threshold: 1.5,
        datapoints: (3, 5),
    },
    Definition {
        name: "hydren-backend-memory",
        metric: Metric::EcsMemory,
        subject: Some(names::BACKEND),
        source: "AWS/ECS MemoryUtilization",
        dimensions: ECS_BACKEND,
        bad: Bad::Above,
        threshold: 85.0,
        datapoints: (5, 5),
    },
    Definition {
        name: "hydren-backend-unhealthy",
        metric: Metric::AlbUnhealthyHosts,
        subject: Some(names::BACKEND_GROUP),
        source: "AWS/ApplicationELB UnHealthyHostCount",
        dimensions: ALB_BACKEND,
        bad: Bad::Above,
        threshold: 0.0,
        datapoints: (2, 2),
    },
    Definition {
        name: "hydren-cdn-5xx",
        metric: Metric::Cdn5xxRate,
        subject: None,
        source: "AWS/CloudFront 5xxErrorRate",
        dimensions: CDN,
        bad: Bad::Above,
        threshold: 1.0,
        datapoints: (5, 5),
    },
    Definition {
        name: "hydren-db-connections",
        metric: Metric::RdsConnections,
        subject: None,
        source: "AWS/RDS DatabaseConnections",
        dimensions: RDS,
        bad: Bad::Above,
        threshold: 405.0,
        datapoints: (5, 5),
    },
    Definition {
        name: "hydren-db-cpu",
        metric: Metric::RdsCpu,
        subject: None,
        source: "AWS/RDS CPUUtilization",
        dimensions: RDS,
        bad: Bad::Above,
        threshold: 90.0,
        datapoints: (5, 5),
    },
    Definition {
        name: "hydren-db-storage",
        metric: Metric::RdsFreeStorage,
        subject: None,
        source: "AWS/RDS FreeStorageSpace",
        dimensions: RDS,
        bad: Bad::Below,
        threshold: 5.0 * GIB,
        datapoints: (5, 5),
    },
    Definition {
        name: HIGH_ALARM,
        metric: Metric::EcsCpu,
        subject: Some(names::BACKEND),
        source: "AWS/ECS CPUUtilization",
        dimensions: ECS_BACKEND,
        bad: Bad::Above,
        threshold: TARGET,
        datapoints: (3, 3),
    },
    Definition {
        name: LOW_ALARM,
        metric: Metric::EcsCpu,
        subject: Some(names::BACKEND),
        source: "AWS/ECS CPUUtilization",
        dimensions: ECS_BACKEND,
        bad: Bad::Below,
        threshold: LOW,
        datapoints: (15, 15),
    },
];

/// An alarm at work.
#[derive(Debug, Clone)]
struct Watch {
    /// Index into the history.
    column: Option<usize>,
    state: AlarmState,
    since: i64,
    reason: String,
    actions: Switch,
    /// Whether each of the last datapoints was bad, the newest in the lowest bit.
    bad: u32,
}

/// All alarms.
#[derive(Debug, Clone)]
pub struct Alarms {
    watches: [Watch; DEFINITIONS.len()],
    history: VecDeque<AlarmTransition>,
}

/// Transitions that are kept.
const KEPT: usize = 100;

impl Alarms {
    /// Puts every alarm at `now`, in OK.
    pub fn new(history: &History, now: i64) -> Self {
        Self {
            watches: DEFINITIONS.each_ref().map(|definition| Watch {
                column: history.column(definition.metric, definition.subject),
                state: AlarmState::Ok,
                since: now,
                reason: String::new(),
                actions: Switch::Enabled,
                bad: 0,
            }),
            history: VecDeque::new(),
        }
    }

    /// Evaluates every alarm with the minute that ended at `now`.
    pub fn evaluate(&mut self, history: &History, now: i64) {
        for (definition, watch) in DEFINITIONS.iter().zip(&mut self.watches) {
            let (needed, of) = definition.datapoints;
            let newest = watch.column.map_or(f64::NAN, |c| history.newest(c));
            watch.bad = (watch.bad << 1 | u32::from(definition.breaches(newest))) & ((1 << of) - 1);
            let state = if watch.bad.count_ones() >= needed {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            };
            if state == watch.state {
                continue;
            }
            let values = watch
                .column
                .map(|column| history.last(column, of as usize))
                .unwrap_or_default();
            watch.reason = reason(definition, state, &values, now);
            self.history.push_front(AlarmTransition {
                alarm: definition.name.to_owned(),
                at: Some(moment(now)),
                from: Some(watch.state),
                to: Some(state),
                summary: format!(
                    "Alarm updated from {} to {}",
                    watch.state.word(),
                    state.word()
                ),
            });
            self.history.truncate(KEPT);
            watch.state = state;
            watch.since = now;
        }
    }

    /// Switches the actions of the alarm `name`; says whether there is one.
    pub fn switch(&mut self, name: &str, to: Switch) -> bool {
        let found = DEFINITIONS.iter().position(|d| d.name == name);
        let watch = found.and_then(|index| self.watches.get_mut(index));
        watch.map(|watch| watch.actions = to).is_some()
    }

    /// The state of the alarm `name`.
    pub fn state(&self, name: &str) -> AlarmState {
        DEFINITIONS
            .iter()
            .zip(&self.watches)
            .find(|(definition, _)| definition.name == name)
            .map_or(AlarmState::InsufficientData, |(_, watch)| watch.state)
    }
}

/// Why an alarm changed to `state`, in CloudWatch's words. `values` are its last datapoints, oldest first; `now` ends the newest.
fn reason(definition: &Definition, state: AlarmState, values: &[f64], now: i64) -> String {
    let (needed, of) = definition.datapoints;
    let alarm = state == AlarmState::Alarm;
    let stamped: Vec<String> = values
        .iter()
        .rev()
        .enumerate()
        .filter(|(_, value)| !value.is_nan() && definition.breaches(**value) == alarm)
        .map(|(back, value)| {
            let at = moment(now - 60 * (back as i64 + 1)).strftime("%d/%m/%y %H:%M:%S");
            format!("{value:?} ({at})")
        })
        .collect();
    let side = match definition.bad {
        Bad::Above => "greater",
        Bad::Below => "less",
    };
    let (count, verb) = if alarm {
        (needed as usize, "were")
    } else {
        ((of - needed + 1) as usize, "were not")
    };
    let transition = if alarm { "OK -> ALARM" } else { "ALARM -> OK" };
    if count == 1 {
        return format!(
            "Threshold Crossed: 1 datapoint [{}] was {}{side} than the threshold ({:?}) (minimum 1 datapoint for {transition} transition).",
            stamped.first().map_or("", String::as_str),
            if alarm { "" } else { "not " },
            definition.threshold,
        );
    }
    format!(
        "Threshold Crossed: {} out of the last {of} datapoints [{}] {verb} {side} than the threshold ({:?}) (minimum {count} datapoints for {transition} transition).",
        stamped.len(),
        stamped.join(", "),
        definition.threshold,
    )
}

fn condition(definition: &Definition) -> String {
    let statistic = definition.metric.spec().statistic.word();
    let sign = match definition.bad {
        Bad::Above => '>',
        Bad::Below => '<',
    };
    let (needed, of) = definition.datapoints;
    format!(
        "{statistic} {sign} {} for {needed} of {of} × 60 s",
        definition.threshold
    )
}

/// Reads the tier.
pub fn snapshot(world: &World) -> AlarmsModel {
    let mut alarms: Vec<_> = DEFINITIONS
        .iter()
        .zip(&world.alarms.watches)
        .map(|(definition, watch)| AlarmModel {
            name: definition.name.to_owned(),
            arn: format!(
                "arn:aws:cloudwatch:{}:{}:alarm:{}",
                names::REGION,
                names::ACCOUNT,
                definition.name
            ),
            state: watch.state,
            reason: watch.reason.clone(),
            since: Some(moment(watch.since)),
            region: names::REGION.to_owned(),
            metric: definition.source.to_owned(),
            dimensions: definition
                .dimensions
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            condition: condition(definition),
            actions_enabled: watch.actions == Switch::Enabled,
            actions: 1,
            owned_by_autoscaling: definition.is_policy(),
        })
        .collect();
    alarms.sort_by(|a, b| b.state.cmp(&a.state).then_with(|| a.name.cmp(&b.name)));
    AlarmsModel {
        alarms,
        history: world.alarms.history.iter().cloned().collect(),
        history_error: None,
        dashboards: vec![Dashboard {
            name: names::DASHBOARD.to_owned(),
            modified_at: Some(moment(EPOCH - 34 * 86_400 - 7_311)),
            size_bytes: 11_384,
        }],
        gaps: Vec::new(),
    }
}
