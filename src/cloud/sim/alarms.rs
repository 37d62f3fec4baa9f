//! CloudWatch alarms, those of target tracking among them: evaluated every minute from the recorded metrics, M datapoints of N, in
//! CloudWatch's words.

use super::{
    autoscaling,
    database::GIB,
    history::History,
    names,
    world::{EPOCH, World, moment},
};
use crate::cloud::call::{Switch, TrackedMetric};
use crate::model::{
    alarm::{
        Alarm as AlarmModel, AlarmBilling, AlarmState, AlarmTransition, Alarms as AlarmsModel,
        Dashboard,
    },
    metric::Metric,
};
use std::{borrow::Cow, collections::VecDeque};

/// Which side of the threshold is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bad {
    Above,
    Below,
}

/// An alarm as it was put. Periods are 60 s; missing data is not breaching.
#[derive(Debug, Clone)]
struct Definition {
    name: Cow<'static, str>,
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
    /// An alarm as target tracking makes it.
    fn of_policy(
        name: &str,
        (tracked, service): (TrackedMetric, &'static str),
        (bad, threshold, minutes): (Bad, f64, u32),
    ) -> Self {
        Self {
            name: Cow::Owned(name.to_owned()),
            metric: autoscaling::metric(tracked),
            subject: Some(service),
            source: match tracked {
                TrackedMetric::Cpu => "AWS/ECS CPUUtilization",
                TrackedMetric::Memory => "AWS/ECS MemoryUtilization",
            },
            dimensions: if service == names::FRONTEND {
                ECS_FRONTEND
            } else {
                ECS_BACKEND
            },
            bad,
            threshold,
            datapoints: (minutes, minutes),
        }
    }

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
const ECS_FRONTEND: &[(&str, &str)] = &[
    ("ClusterName", names::CLUSTER),
    ("ServiceName", names::FRONTEND),
];
const RDS: &[(&str, &str)] = &[("DBInstanceIdentifier", names::DATABASE)];
const CDN: &[(&str, &str)] = &[
    ("DistributionId", names::DISTRIBUTION),
    ("Region", "Global"),
];

/// Every alarm that was put by hand. Thresholds: AWS's recommended alarms where they give a number (ECS and RDS CPU, storage 10 %, connections 90 %).
const DEFINITIONS: [Definition; 10] = [
    Definition {
        name: Cow::Borrowed("hydren-alb-5xx"),
        metric: Metric::AlbElb5xx,
        subject: None,
        source: "AWS/ApplicationELB HTTPCode_ELB_5XX_Count",
        dimensions: ALB,
        bad: Bad::Above,
        threshold: 10.0,
        datapoints: (3, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-backend-5xx"),
        metric: Metric::AlbTarget5xx,
        subject: Some(names::BACKEND_GROUP),
        source: "AWS/ApplicationELB HTTPCode_Target_5XX_Count",
        dimensions: ALB_BACKEND,
        bad: Bad::Above,
        threshold: 10.0,
        datapoints: (3, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-backend-cpu"),
        metric: Metric::EcsCpu,
        subject: Some(names::BACKEND),
        source: "AWS/ECS CPUUtilization",
        dimensions: ECS_BACKEND,
        bad: Bad::Above,
        threshold: 85.0,
        datapoints: (5, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-backend-latency"),
        metric: Metric::AlbP95,
        subject: Some(names::BACKEND_GROUP),
        source: "AWS/ApplicationELB TargetResponseTime",
        dimensions: ALB_BACKEND,
        bad: Bad::Above,
        threshold: 1.5,
        datapoints: (3, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-backend-memory"),
        metric: Metric::EcsMemory,
        subject: Some(names::BACKEND),
        source: "AWS/ECS MemoryUtilization",
        dimensions: ECS_BACKEND,
        bad: Bad::Above,
        threshold: 85.0,
        datapoints: (5, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-backend-unhealthy"),
        metric: Metric::AlbUnhealthyHosts,
        subject: Some(names::BACKEND_GROUP),
        source: "AWS/ApplicationELB UnHealthyHostCount",
        dimensions: ALB_BACKEND,
        bad: Bad::Above,
        threshold: 0.0,
        datapoints: (2, 2),
    },
    Definition {
        name: Cow::Borrowed("hydren-cdn-5xx"),
        metric: Metric::Cdn5xxRate,
        subject: None,
        source: "AWS/CloudFront 5xxErrorRate",
        dimensions: CDN,
        bad: Bad::Above,
        threshold: 1.0,
        datapoints: (5, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-db-connections"),
        metric: Metric::RdsConnections,
        subject: None,
        source: "AWS/RDS DatabaseConnections",
        dimensions: RDS,
        bad: Bad::Above,
        threshold: 405.0,
        datapoints: (5, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-db-cpu"),
        metric: Metric::RdsCpu,
        subject: None,
        source: "AWS/RDS CPUUtilization",
        dimensions: RDS,
        bad: Bad::Above,
        threshold: 90.0,
        datapoints: (5, 5),
    },
    Definition {
        name: Cow::Borrowed("hydren-db-storage"),
        metric: Metric::RdsFreeStorage,
        subject: None,
        source: "AWS/RDS FreeStorageSpace",
        dimensions: RDS,
        bad: Bad::Below,
        threshold: 5.0 * GIB,
        datapoints: (5, 5),
    },
];

/// Share of a policy's target below which its low alarm counts.
const LOW: f64 = 0.9;

/// An alarm at work.
#[derive(Debug, Clone)]
struct Watch {
    is: Definition,
    /// Index into the history.
    column: Option<usize>,
    state: AlarmState,
    since: i64,
    reason: String,
    actions: Switch,
    /// Whether each of the last datapoints was bad, the newest in the lowest bit.
    bad: u32,
}

impl Watch {
    fn new(is: Definition, history: &History, now: i64) -> Self {
        Self {
            column: history.column(is.metric, is.subject),
            is,
            state: AlarmState::Ok,
            since: now,
            reason: String::new(),
            actions: Switch::Enabled,
            bad: 0,
        }
    }

    /// Judges the datapoints that there are already.
    fn look_back(&mut self, history: &History) {
        let (_, of) = self.is.datapoints;
        let values = self.column.map(|column| history.last(column, of as usize));
        self.bad = values
            .unwrap_or_default()
            .into_iter()
            .fold(0, |bad, value| {
                bad << 1 | u32::from(self.is.breaches(value))
            });
    }
}

/// All alarms.
#[derive(Debug, Clone)]
pub struct Alarms {
    watches: Vec<Watch>,
    history: VecDeque<AlarmTransition>,
}

/// Transitions that are kept.
const KEPT: usize = 100;

impl Alarms {
    /// Puts every alarm at `now`, in OK.
    pub fn new(history: &History, now: i64) -> Self {
        Self {
            watches: DEFINITIONS.map(|is| Watch::new(is, history, now)).into(),
            history: VecDeque::new(),
        }
    }

    /// Evaluates every alarm with the minute that ended at `now`.
    pub fn evaluate(&mut self, history: &History, now: i64) {
        for watch in &mut self.watches {
            let definition = &watch.is;
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
                alarm: definition.name.clone().into_owned(),
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
        let watch = self.watches.iter_mut().find(|watch| watch.is.name == name);
        watch.map(|watch| watch.actions = to).is_some()
    }

    /// The state of the alarm `name`.
    pub fn state(&self, name: &str) -> AlarmState {
        let watch = self.watches.iter().find(|watch| watch.is.name == name);
        watch.map_or(AlarmState::InsufficientData, |watch| watch.state)
    }

    /// Puts both alarms of a policy: high is above its target for 3 minutes, low is below 90 % of it for 15.
    pub fn track(
        &mut self,
        (high, low): (&str, &str),
        of: (TrackedMetric, &'static str),
        target: f64,
        history: &History,
        now: i64,
    ) {
        let high = Definition::of_policy(high, of, (Bad::Above, target, 3));
        let low = Definition::of_policy(low, of, (Bad::Below, target * LOW, 15));
        self.put(high, history, now);
        self.put(low, history, now);
    }

    /// Puts an alarm; one that is there goes on with the new definition, and what is past is judged by it.
    fn put(&mut self, definition: Definition, history: &History, now: i64) {
        let known = self
            .watches
            .iter_mut()
            .find(|w| w.is.name == definition.name);
        if let Some(watch) = known {
            watch.is = definition;
            watch.look_back(history);
        } else {
            let mut watch = Watch::new(definition, history, now);
            watch.look_back(history);
            self.watches.push(watch);
        }
    }

    /// Deletes alarms.
    pub fn delete(&mut self, names: &[&str]) {
        self.watches
            .retain(|watch| !names.contains(&&*watch.is.name));
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
    let mut alarms: Vec<_> = world
        .alarms
        .watches
        .iter()
        .map(|watch @ Watch { is: definition, .. }| AlarmModel {
            name: definition.name.clone().into_owned(),
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
            billing: AlarmBilling::Standard { metrics: 1 },
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
