//! The console's state and the only place that changes it.
//!
//! [`App::update`] takes a [`Msg`] and returns the [`Effect`]s to perform; it does no I/O and never waits. Polling is part of it: a tick
//! says what time it is, `update` says what is due. What screens draw from data (grids, assessment, timeline) is derived here when its
//! inputs change, so that drawing only reads.

mod act;
pub mod costs;
mod editor;
mod flows;
mod insights;
mod layer;
mod logs;
mod operate;
mod screen;
mod window;

#[cfg(test)]
mod tests;

pub use costs::Bills;
pub use editor::Editor;
pub use flows::Flows;
pub use insights::{Asking, History, Insights, Past, bill};
pub use layer::{Layer, Lines, Listing, Picker, Prompt};
pub use operate::{Answer, Filling, Report, Review, Work, session};
pub use screen::{Pane, Screen};
pub use window::ChartWindow;

use crate::{
    attend::Ended,
    audit::AuditLog,
    cloud::{
        meter::{Calls, Tally},
        session::Session,
    },
    cost::Book,
    engine::workshop::Bench,
    error::{Error, Result},
    grid::{Grid, GridState},
    keymap::Keymap,
    logs::{
        extract::Extract,
        flow::{FlowJob, FlowSums},
        patterns::Patterns,
        search::{Found, Job},
        view::{LogView, Purpose as LogPurpose},
    },
    model::{
        Health, Snapshot, Tier,
        environment::Environment,
        event::Event,
        identity::Identity,
        log::{Delivery, Follow, Followed},
        metric::{MetricId, Metrics, Window},
        permission::Permission,
    },
    observe::{Observations, Observed},
    op::Watch,
    poll::{self, Due, Pace},
    theme::Theme,
    triage::{self, Assessment},
    view::{self, Scope},
};
use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
    path::PathBuf,
    sync::Arc,
};

/// Errors kept for the error list.
const ERRORS_KEPT: usize = 200;

/// Ticks, a second each, for which a notice stays.
const NOTICE: u8 = 5;

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(KeyEvent),
    /// Pasted text.
    Paste(String),
    /// The mouse, when captured.
    Mouse(MouseEvent),
    /// The terminal's new size.
    Resize(u16, u16),
    /// Time went on; one comes every second of whoever watches.
    Tick {
        /// The environment's present.
        now: Timestamp,
        /// Requests made so far, and their price.
        spent: Tally,
    },
    /// Requests made so far, by service and operation; they come with every tick.
    Calls(Calls),
    /// Something that costs are computed from was read.
    Costs {
        /// Generation that asked.
        generation: u64,
        /// What.
        told: costs::Told,
    },
    /// A tier was read.
    Tier {
        /// Generation that asked.
        generation: u64,
        /// Tier.
        tier: Tier,
        /// Answer.
        result: Result<Snapshot>,
    },
    /// Metrics were read.
    Metrics {
        /// Generation that asked.
        generation: u64,
        /// What for.
        purpose: Purpose,
        /// Answer.
        result: Result<Metrics>,
    },
    /// The caller was looked up.
    Identity {
        /// Generation that asked.
        generation: u64,
        /// Answer.
        result: Result<Identity>,
    },
    /// The workshop was looked at.
    Bench {
        /// Generation that asked.
        generation: u64,
        /// Answer.
        result: Result<Arc<Bench>>,
    },
    /// A followed log told something.
    Log {
        /// Generation that asked.
        generation: u64,
        /// What.
        told: Followed,
    },
    /// A search of the log lines found something.
    Found {
        /// Generation that asked.
        generation: u64,
        /// Which search.
        purpose: LogPurpose,
        /// What.
        found: Found,
    },
    /// Log lines were grouped by what is alike in them.
    Grouped {
        /// Generation that asked.
        generation: u64,
        /// The groups.
        patterns: Patterns,
    },
    /// Flow records were added up.
    Flows {
        /// Generation that asked.
        generation: u64,
        /// Answer.
        sums: Box<FlowSums>,
    },
    /// What was asked of past logs was answered.
    History {
        /// Generation that asked.
        generation: u64,
        /// Answer.
        answer: History,
    },
    /// Work for an operation was done.
    Operation {
        /// Generation that asked.
        generation: u64,
        /// What came of it.
        report: Report,
    },
    /// A session has ended; the place of the operation that opened it.
    Left(usize, Ended),
    /// The audit log was read.
    Audit(Result<AuditLog>),
    /// Something was saved.
    Saved(Result<PathBuf>),
    /// The profiles of this machine were listed.
    Profiles(Result<Vec<String>>),
    /// The themes to choose from were listed.
    Themes(Vec<String>),
    /// A theme was loaded; beside it what of it could not be used.
    Theme(Result<(Box<Theme>, Vec<String>)>),
}

/// What metrics are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The last hour, for verdicts, figures and charts.
    Live,
    /// Another window, for the open screen's charts only.
    Charts,
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read a tier.
    Read(Tier),
    /// Read metrics over a window.
    ReadMetrics(Purpose, Vec<MetricId>, Window),
    /// Read something that costs are computed from.
    ReadCosts(costs::Ask),
    /// Look up the caller.
    ReadIdentity,
    /// Look at what is in the workshop: components and the images of the container engine.
    LookAtBench,
    /// Cancel the stage of the operation in this place.
    Cancel(usize),
    /// Follow logs, and nothing else that was followed.
    Follow(Follow),
    /// Follow no logs any more.
    Unfollow,
    /// Search the log lines.
    Search(LogPurpose, Job),
    /// Work for an operation.
    Operate(Work),
    /// Group log lines by what is alike in them.
    Group(Extract),
    /// Save log lines under a name in the folder that the console was started in.
    SaveLines(String, Extract),
    /// Add up the flow records among the log lines.
    AddFlows(FlowJob),
    /// Ask something of past logs.
    AskHistory(Past),
    /// Save a text under a name in the folder that the console was started in.
    SaveText(String, String),
    /// Talk to another environment from now on.
    Connect(Box<Environment>),
    /// Read the audit log.
    ReadAudit,
    /// List this machine's AWS profiles.
    ListProfiles,
    /// List the embedded themes and the user's own.
    ListThemes,
    /// Load a theme.
    LoadTheme(String),
    /// Put text on the clipboard (OSC 52).
    Copy(String),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(Mouse),
    /// Give the terminal to a session, opened by the operation in this place, until it ends.
    Attend(usize, Session),
    /// Give the terminal back and stop, until the shell brings the console to the foreground again.
    Suspend,
    /// Leave.
    Quit,
}

/// Who has the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mouse {
    /// The terminal: it selects text.
    #[default]
    Terminal,
    /// The console.
    Captured,
}

/// Whether the console polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Running {
    /// Polls.
    #[default]
    Live,
    /// What is on screen stays.
    Frozen,
}

/// An error that was seen.
#[derive(Debug, Clone)]
pub struct SeenError {
    /// When.
    pub at: Timestamp,
    /// Where: titles of tiers, or what was asked. One cause, such as expired credentials, often shows in many places.
    pub places: Vec<&'static str>,
    /// Error.
    pub error: Error,
}

/// A pane's rows and how they are looked at.
#[derive(Debug, Clone, Default)]
pub struct PaneView {
    /// Rows.
    pub grid: Grid,
    /// Selection, sort, filter.
    pub state: GridState,
}

/// The console.
pub struct App {
    /// The environment's present.
    pub now: Timestamp,
    /// Counts environment, profile and region switches; answers to an older one are dropped.
    pub generation: u64,
    /// The environment shown.
    pub environment: Environment,
    /// All environments to choose from.
    pub environments: Vec<Environment>,
    /// Everything observed.
    pub seen: Observations,
    /// Metrics of a window other than the live one.
    pub charts: Observed<Arc<Metrics>>,
    /// Verdicts, figures, findings.
    pub assessment: Assessment,
    /// What happened, newest first.
    pub timeline: Vec<Event>,
    /// What it costs.
    pub bills: Bills,
    /// What prices are taken from.
    pub book: &'static Book,
    /// What of the kept prices could not be used.
    pub book_fault: Option<String>,
    /// Requests so far, by service and operation.
    pub calls: Calls,
    /// The screen shown.
    pub screen: Screen,
    /// Screens to go back to.
    pub history: Vec<Screen>,
    /// Which pane of each screen has the keys.
    pub focus: BTreeMap<Screen, usize>,
    /// Panes.
    pub panes: BTreeMap<Pane, PaneView>,
    /// Dialogs; the last is on top and gets keys first.
    pub layers: Vec<Layer>,
    /// Operations, the newest last.
    pub watches: Vec<Watch>,
    /// IAM actions that AWS has denied.
    pub denied: BTreeSet<String>,
    /// What IAM was asked about the caller.
    pub asked: Vec<Permission>,
    /// IAM actions that the caller's policies deny, as IAM's policy simulator says.
    pub forbidden: BTreeSet<String>,
    /// Log lines.
    pub logs: LogView,
    /// What the flow records among them add up to.
    pub flows: Flows,
    /// The question to Logs Insights.
    pub insights: Option<Insights>,
    /// The time that was to be gone to, whose lines were not read.
    past: Option<logs::Unread>,
    /// The charts' window.
    pub window: ChartWindow,
    /// Whether the console polls.
    pub running: Running,
    /// How fast it polls.
    pub pace: Pace,
    /// Requests so far and their price.
    pub spent: Tally,
    /// Newest last.
    pub errors: VecDeque<SeenError>,
    /// Errors nobody has looked at.
    pub unread_errors: usize,
    /// A line to tell, and for how many more ticks.
    pub notice: Option<(String, u8)>,
    /// Theme.
    pub theme: Theme,
    /// Keys.
    pub keymap: Keymap,
    /// Who has the mouse.
    pub mouse: Mouse,
    /// The time zone of this machine, as far as it is known.
    pub zone: TimeZone,
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
    /// Whether the screen no longer shows the state.
    pub dirty: bool,
    /// Ticks since the last key. A demo's clock may run faster than that of whoever watches it.
    quiet: i64,
    due_tiers: [Due; Tier::ALL.len()],
    due_metrics: Due,
    due_charts: Due,
    charts_asked: Option<Window>,
    due_identity: Due,
    due_bench: Due,
    due_usage: Due,
    queried: Vec<MetricId>,
    shown_minute: i64,
    following: logs::Following,
    /// How lines should arrive.
    delivery: Delivery,
    /// Log groups that were ever followed.
    followed: HashSet<String>,
    /// Ids of ECS's messages that stand among the log lines.
    ecs_events: HashSet<Option<String>>,
}

/// What the header shows of the price.
#[must_use]
pub fn cents(spent: &Tally) -> String {
    format!("${:.2}", spent.usd)
}

impl App {
    /// Makes the console for `environment` at `now`; nothing is read before the first tick.
    #[must_use]
    pub fn new(
        environment: Environment,
        environments: Vec<Environment>,
        theme: Theme,
        keymap: Keymap,
        now: Timestamp,
    ) -> Self {
        let seen = Observations::default();
        let assessment = triage::assess(&environment, &seen, now);
        Self {
            now,
            generation: 0,
            environment,
            environments,
            seen,
            charts: Observed::default(),
            assessment,
            timeline: Vec::new(),
            bills: Bills::default(),
            book: Book::embedded(),
            book_fault: None,
            calls: Calls::default(),
            screen: Screen::Overview,
            history: Vec::new(),
            focus: BTreeMap::new(),
            panes: Pane::ALL
                .iter()
                .map(|pane| (*pane, PaneView::default()))
                .collect(),
            layers: Vec::new(),
            watches: Vec::new(),
            denied: BTreeSet::new(),
            asked: Vec::new(),
            forbidden: BTreeSet::new(),
            logs: LogView::default(),
            flows: Flows::default(),
            insights: None,
            past: None,
            window: ChartWindow::default(),
            running: Running::Live,
            pace: Pace::Watched,
            spent: Tally::default(),
            errors: VecDeque::new(),
            unread_errors: 0,
            notice: None,
            theme,
            keymap,
            mouse: Mouse::Terminal,
            zone: TimeZone::UTC,
            size: (80, 24),
            dirty: true,
            quiet: 0,
            due_tiers: [Due::default(); Tier::ALL.len()],
            due_metrics: Due::default(),
            due_charts: Due::default(),
            charts_asked: None,
            due_identity: Due::default(),
            due_bench: Due::default(),
            due_usage: Due::default(),
            queried: Vec::new(),
            shown_minute: 0,
            following: logs::Following::default(),
            delivery: Delivery::default(),
            followed: HashSet::new(),
            ecs_events: HashSet::new(),
        }
    }

    /// Takes a message and says what to do about it.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Msg::Key(key) => {
                self.touched();
                self.key(key)
            }
            Msg::Paste(text) => {
                self.touched();
                self.paste(&text)
            }
            Msg::Mouse(mouse) => self.wheel(mouse.kind),
            Msg::Resize(width, height) => {
                self.size = (width, height);
                self.dirty = true;
                Vec::new()
            }
            Msg::Tick { now, spent } => self.tick(now, spent),
            Msg::Tier { generation, .. }
            | Msg::Metrics { generation, .. }
            | Msg::Identity { generation, .. }
            | Msg::Bench { generation, .. }
            | Msg::Costs { generation, .. }
            | Msg::Log { generation, .. }
            | Msg::Found { generation, .. }
            | Msg::History { generation, .. }
            | Msg::Grouped { generation, .. }
            | Msg::Flows { generation, .. }
            | Msg::Operation { generation, .. }
                if generation != self.generation =>
            {
                Vec::new()
            }
            Msg::Tier { tier, result, .. } => self.tier_read(tier, result),
            Msg::Metrics {
                purpose, result, ..
            } => {
                self.metrics_read(purpose, result);
                Vec::new()
            }
            Msg::Identity { result, .. } => {
                self.identity_read(result);
                Vec::new()
            }
            Msg::Bench { result, .. } => {
                self.bench_seen(result);
                Vec::new()
            }
            Msg::Costs { told, .. } => {
                self.costs_told(told);
                Vec::new()
            }
            Msg::Calls(calls) => {
                self.calls_made(calls);
                Vec::new()
            }
            Msg::Log { told, .. } => {
                self.log_told(told);
                Vec::new()
            }
            Msg::Found { purpose, found, .. } => {
                self.log_found(purpose, found);
                Vec::new()
            }
            Msg::Grouped { patterns, .. } => {
                self.grouped(&patterns);
                Vec::new()
            }
            Msg::Flows { sums, .. } => {
                self.flows_added(*sums);
                Vec::new()
            }
            Msg::History { answer, .. } => self.history_answered(answer),
            Msg::Operation { report, .. } => self.reported(report),
            Msg::Left(index, ended) => self.left(index, ended),
            Msg::Audit(log) => self.audited(log),
            Msg::Saved(result) => {
                self.saved(result);
                Vec::new()
            }
            Msg::Profiles(result) => {
                match result {
                    Ok(profiles) => self.offer(Picker::Profile, profiles),
                    Err(error) => self.note_error("Profiles", Some(&error)),
                }
                Vec::new()
            }
            Msg::Themes(names) => {
                self.offer(Picker::Theme, names);
                Vec::new()
            }
            Msg::Theme(result) => {
                self.theme_loaded(result);
                Vec::new()
            }
        }
    }

    fn wheel(&mut self, kind: MouseEventKind) -> Vec<Effect> {
        match kind {
            MouseEventKind::ScrollDown | MouseEventKind::ScrollUp if self.pace == Pace::Idle => {
                self.touched();
                Vec::new()
            }
            MouseEventKind::ScrollDown => self.step(3),
            MouseEventKind::ScrollUp => self.step(-3),
            _ => Vec::new(),
        }
    }

    fn theme_loaded(&mut self, result: Result<(Box<Theme>, Vec<String>)>) {
        match result {
            Ok((theme, warnings)) => {
                self.theme = *theme;
                if let Some(warning) = warnings.first() {
                    self.say(warning.as_str());
                }
            }
            Err(error) => {
                self.say(error.message.as_str());
                self.note_error("Theme", Some(&error));
            }
        }
        self.dirty = true;
    }

    /// Says something in the bottom line for a few seconds.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some((text.into(), NOTICE));
        self.dirty = true;
    }

    /// The metrics that the open screen's charts draw: the live ones, unless another window is chosen.
    #[must_use]
    pub fn chart_metrics(&self) -> &Observed<Arc<Metrics>> {
        if self.window.is_live() {
            &self.seen.metrics
        } else {
            &self.charts
        }
    }

    /// What views are derived from.
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        Scope {
            environment: &self.environment,
            seen: &self.seen,
            assessment: &self.assessment,
            timeline: &self.timeline,
            flows: &self.flows,
            costs: self.bills.known.as_ref(),
            spend: self.bills.billed.value.as_ref(),
            book: self.book,
            turned: &self.bills.turned,
            calls: &self.calls,
            log_sources: &self.logs.sources,
            log_failures: &self.logs.failures,
            window: self.window,
            service: self.selected_id(Pane::Services),
            target_group: self.selected_id(Pane::TargetGroups),
            repository: self.selected_id(Pane::Repositories),
            now: self.now,
        }
    }

    /// The pane that has the keys.
    #[must_use]
    pub fn focused(&self) -> Pane {
        if self.at_answer() {
            return Pane::Answer;
        }
        let panes = self.screen.panes();
        panes[self
            .focus
            .get(&self.screen)
            .copied()
            .unwrap_or(0)
            .min(panes.len() - 1)]
    }

    /// A pane's rows and state.
    #[must_use]
    pub fn pane(&self, pane: Pane) -> &PaneView {
        // Every pane is in the map from the start.
        &self.panes[&pane]
    }

    /// How bad things are, worst first: findings of each severity.
    #[must_use]
    pub fn finding_count(&self, severity: Health) -> usize {
        self.assessment
            .findings
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    }

    fn selected_id(&self, pane: Pane) -> Option<&str> {
        let view = self.pane(pane);
        view.state.row(&view.grid).map(|row| row.id.as_str())
    }

    fn touched(&mut self) {
        self.quiet = 0;
        self.dirty = true;
    }

    fn tick(&mut self, now: Timestamp, spent: Tally) -> Vec<Effect> {
        self.now = now;
        self.dirty |= cents(&self.spent) != cents(&spent);
        self.spent = spent;
        let minute = now.as_second().div_euclid(60);
        if minute != self.shown_minute {
            self.shown_minute = minute;
            self.dirty = true;
        }
        if let Some((_, left)) = &mut self.notice {
            *left -= 1;
            if *left == 0 {
                self.notice = None;
                self.dirty = true;
            }
        }
        self.quiet += 1;
        let pace = Pace::after(self.quiet);
        if pace != self.pace {
            self.pace = pace;
            self.dirty = true;
        }
        let mut effects = self.linger();
        effects.extend(self.add_flows());
        effects.extend(self.poll_query());
        if self.running == Running::Live {
            effects.extend(self.poll());
        }
        effects
    }

    /// Says what is due.
    fn poll(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let (now, pace) = (self.now, self.pace);
        for tier in Tier::ALL {
            let busy = self.seen.tier(tier).in_flight;
            let seconds = pace.stretch(poll::interval(tier));
            let seconds = seconds.min(self.awaited(tier).unwrap_or(seconds));
            if !busy && self.due_tiers[tier.index()].take(now, seconds) {
                self.seen.tier_mut(tier).in_flight = true;
                effects.push(Effect::Read(tier));
            }
        }
        if !self.seen.identity.in_flight
            && self.due_identity.take(now, pace.stretch(poll::IDENTITY))
        {
            self.seen.identity.in_flight = true;
            effects.push(Effect::ReadIdentity);
        }
        effects.extend(self.poll_bench());
        effects.extend(self.poll_metrics());
        effects.extend(self.poll_charts());
        effects.extend(self.poll_costs());
        effects
    }

    /// Looks at the workshop while the screen that shows it is open.
    fn poll_bench(&mut self) -> Option<Effect> {
        let seconds = self.pace.stretch(poll::BENCH);
        let wanted = self.screen == Screen::Images && !self.seen.bench.in_flight;
        (wanted && self.due_bench.take(self.now, seconds)).then(|| {
            self.seen.bench.in_flight = true;
            Effect::LookAtBench
        })
    }

    /// Asks for the live metrics once a minute, and at once for those that a newly opened screen or newly read tier adds.
    fn poll_metrics(&mut self) -> Option<Effect> {
        if self.seen.metrics.in_flight {
            return None;
        }
        let wanted = self.wanted_metrics();
        let due = self
            .due_metrics
            .take(self.now, self.pace.stretch(poll::METRICS));
        let (ids, window) = match &self.seen.metrics.value {
            Some(known) if !due => {
                let new: Vec<_> = wanted
                    .iter()
                    .filter(|id| !self.queried.contains(id))
                    .cloned()
                    .collect();
                self.queried.extend(new.iter().cloned());
                (new, known.window)
            }
            _ => {
                self.queried.clone_from(&wanted);
                (wanted, ChartWindow::default().window(self.now))
            }
        };
        if ids.is_empty() {
            return None;
        }
        self.seen.metrics.in_flight = true;
        Some(Effect::ReadMetrics(Purpose::Live, ids, window))
    }

    /// Asks for the open screen's charts when they look at another window than the live one.
    fn poll_charts(&mut self) -> Option<Effect> {
        if self.window.is_live() || self.charts.in_flight {
            return None;
        }
        let window = self.window.window(self.now);
        let every = self
            .pace
            .stretch(i64::from(window.period).max(poll::METRICS));
        if !self.due_charts.take(self.now, every) {
            return None;
        }
        let ids = self.wanted_metrics();
        self.charts.in_flight = !ids.is_empty();
        self.charts_asked = Some(window);
        self.charts
            .in_flight
            .then_some(Effect::ReadMetrics(Purpose::Charts, ids, window))
    }

    fn wanted_metrics(&self) -> Vec<MetricId> {
        let mut ids = triage::base_metrics(&self.environment, &self.seen);
        for tier in self.screen.tiers() {
            ids.extend(triage::screen_metrics(*tier, &self.environment, &self.seen));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    fn tier_read(&mut self, tier: Tier, result: Result<Snapshot>) -> Vec<Effect> {
        if self.running == Running::Frozen {
            // What is on screen stays; the tier is read again when polling goes on.
            self.seen.tier_mut(tier).in_flight = false;
            self.due_tiers[tier.index()].at_once();
            return Vec::new();
        }
        if self.environment.resources.names(tier) {
            self.note_error(tier.title(), result.as_ref().err());
        }
        self.seen.tier_mut(tier).settle(result, self.now);
        let mut effects = self.observe_operations();
        effects.extend(self.ask_permissions());
        self.derive();
        effects.extend(self.follow_logs());
        if tier == Tier::Network {
            effects.extend(self.learn_flow_formats());
        }
        // Metrics of what was just discovered should not wait for the next tick.
        if self.running == Running::Live {
            effects.extend(self.poll_metrics());
        }
        effects
    }

    fn identity_read(&mut self, result: Result<Identity>) {
        self.note_error("Identity", result.as_ref().err());
        if let Ok(identity) = &result
            && self.environment.region.is_empty()
        {
            self.environment.region.clone_from(&identity.region);
            self.rebuild(self.screen.panes());
        }
        self.seen.identity.settle(result, self.now);
        self.dirty = true;
    }

    fn bench_seen(&mut self, result: Result<Arc<Bench>>) {
        self.seen.bench.settle(result, self.now);
        self.rebuild(self.screen.panes());
        self.dirty = true;
    }

    fn metrics_read(&mut self, purpose: Purpose, result: Result<Metrics>) {
        let asked = self.charts_asked;
        if purpose == Purpose::Charts && result.as_ref().is_ok_and(|m| asked != Some(m.window)) {
            // The answer to a window that is no longer looked at.
            return;
        }
        self.note_error("Metrics", result.as_ref().err());
        let known = match purpose {
            Purpose::Live => &mut self.seen.metrics,
            Purpose::Charts => &mut self.charts,
        };
        let merged = result.map(|new| match known.value.take() {
            Some(mut old) if old.window == new.window => {
                let all = Arc::make_mut(&mut old);
                all.series.extend(new.series);
                all.messages.extend(new.messages);
                all.messages.dedup();
                old
            }
            _ => Arc::new(new),
        });
        known.settle(merged, self.now);
        if let Some(error) = self.seen.metrics_error(self.now) {
            self.note_error("Metrics", Some(&error));
        }
        self.derive();
    }

    /// Derives everything that is drawn from what was observed.
    fn derive(&mut self) {
        self.reckon();
        self.assessment = triage::assess(&self.environment, &self.seen, self.now)
            .with_costs(&self.environment, self.bills.known.as_ref());
        self.timeline = triage::timeline(&self.seen);
        // Panes that nobody sees are built when their screen is opened.
        self.rebuild(self.screen.panes());
        self.dirty = true;
    }

    /// Builds the rows of `panes` anew. Panes that depend on another's selection come after it on their screen.
    fn rebuild(&mut self, panes: &[Pane]) {
        for pane in panes {
            let grid = view::grid(*pane, &self.scope());
            if let Some(view) = self.panes.get_mut(pane) {
                view.grid = grid;
                view.state.refresh(&view.grid);
            }
        }
    }

    fn note_error(&mut self, place: &'static str, error: Option<&Error>) {
        let Some(error) = error else { return };
        let newest = self.errors.iter().rev().find(|e| e.places.contains(&place));
        if newest.is_some_and(|e| e.error.message == error.message) {
            return;
        }
        // The same fault elsewhere within a round of reading is the same fault.
        let recent = self.now - SignedDuration::from_secs(2 * poll::METRICS);
        let same = |e: &&mut SeenError| e.at >= recent && e.error.message == error.message;
        if let Some(seen) = self.errors.iter_mut().rev().find(same) {
            seen.places.push(place);
            return;
        }
        if self.errors.len() == ERRORS_KEPT {
            self.errors.pop_front();
        }
        self.errors.push_back(SeenError {
            at: self.now,
            places: vec![place],
            error: error.clone(),
        });
        self.unread_errors += 1;
    }

    /// Starts anew with `environment`: nothing that was seen of another one stays on screen.
    fn connect(&mut self, environment: Environment) -> Vec<Effect> {
        if let Some(why) = self.busy() {
            self.say(why);
            return Vec::new();
        }
        // Those that go on are found again when the console comes back.
        self.watches.clear();
        self.denied.clear();
        self.asked.clear();
        self.forbidden.clear();
        self.generation += 1;
        self.environment = environment.clone();
        self.seen = Observations::default();
        self.charts = Observed::default();
        self.queried.clear();
        self.due_tiers = [Due::default(); Tier::ALL.len()];
        self.due_metrics = Due::default();
        self.due_charts = Due::default();
        self.due_identity = Due::default();
        self.due_bench = Due::default();
        self.due_usage = Due::default();
        self.bills = Bills::default();
        self.layers.clear();
        self.logs = LogView::new(self.logs.store.limit());
        self.flows = Flows::default();
        self.followed.clear();
        self.ecs_events.clear();
        let mut effects = self.stop_following();
        effects.extend(self.stop_query());
        self.insights = None;
        self.past = None;
        self.derive();
        // The new cloud has a clock of its own: its first tick says what is due.
        effects.push(Effect::Connect(Box::new(environment)));
        effects
    }
}
