//! Operations in the console: asking for inputs, showing the plan, taking the answer, watching what becomes of it.

mod edge;
mod images;
pub mod session;

use super::{App, Effect, Layer, Lines, Pane, Running, Screen};
use crate::{
    audit::AuditLog,
    error::{ErrorKind, Result},
    format,
    model::{Tier, environment::Access, log::LogEvent, permission::Permission},
    op::{
        self, CallState, Confirmation, Goal, LastWords, Outcome, Plan, Request, Told, Watch,
        form::{Form, Kind},
        stage::Failure,
    },
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use std::sync::Arc;
use tui_input::{Input, backend::crossterm::EventHandler as _};

/// Operations that are remembered.
const REMEMBERED: usize = 50;

/// Choices of a list that a page is.
const LIST_PAGE: usize = 10;

/// Newest records of the audit log that the console shows; `hydren events --audit` prints all.
const AUDITED: usize = 500;

/// Work for an operation that needs AWS.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Say what it asks, or make its plan where it asks nothing.
    Ask(Request),
    /// Make its plan.
    Plan(Request),
    /// Carry the plan out; the operation's place among all.
    CarryOut(usize, Arc<Plan>),
    /// Read the last lines of a task that stopped by itself.
    Hear(LastWords),
    /// Ask which of these the caller's policies deny.
    Permit(Vec<Permission>),
}

/// What came of it.
#[derive(Debug)]
pub enum Report {
    /// What an operation asks; `None`: nothing.
    Asked(Request, Result<Option<Form>>),
    /// The plan.
    Planned(Result<Box<Plan>>),
    /// A plan that is carried out tells something.
    Carried(usize, Told),
    /// A plan is no longer what would be done; the plan as it is now.
    Outdated(usize, Box<Plan>),
    /// The last lines of a task.
    Heard(LastWords, Result<Vec<LogEvent>>),
    /// What the caller's policies deny of what was asked.
    Permitted(Vec<Permission>, Result<Vec<Permission>>),
}

/// A form that is being filled in.
#[derive(Debug, Clone)]
pub struct Filling {
    /// What it is for.
    pub request: Request,
    /// The form.
    pub form: Form,
    /// The field that has the keys.
    pub at: usize,
    /// Why it cannot be taken as it is.
    pub fault: Option<String>,
}

/// The answer to a plan, as far as it is given.
#[derive(Debug, Clone)]
pub enum Answer {
    /// No, which is the default.
    No,
    /// Yes is chosen, not given yet.
    Yes,
    /// The name is being typed.
    Typed(Input),
}

/// A plan that is looked at.
#[derive(Debug, Clone)]
pub struct Review {
    /// The plan.
    pub plan: Arc<Plan>,
    /// What is asked for.
    pub confirmation: Confirmation,
    /// The answer.
    pub answer: Answer,
    /// Why the plan is shown again.
    pub note: Option<String>,
    /// Scroll position.
    pub lines: Lines,
}

impl Review {
    /// Why the plan cannot be confirmed at all, if so.
    #[must_use]
    pub fn hindrance(&self) -> Option<String> {
        if self.plan.is_empty() {
            return Some("there is nothing to do".to_owned());
        }
        let check = self.plan.forbidden()?;
        Some(format!("not possible now: {}", check.what))
    }

    fn is_confirmed(&self) -> bool {
        match &self.answer {
            Answer::No => false,
            Answer::Yes => self.confirmation == Confirmation::Yes,
            Answer::Typed(input) => self.confirmation.is_given_by(input.value()),
        }
    }
}

impl App {
    /// Begins an operation: asks what is left to be said, then plans it.
    pub fn begin(&mut self, request: Request) -> Vec<Effect> {
        if let Some(why) = self.blocked(&request) {
            self.say(why);
            return Vec::new();
        }
        self.say("reading what is there now …");
        vec![Effect::Operate(Work::Ask(request))]
    }

    /// Why an operation cannot be begun, known before it is tried: the environment is read-only, or AWS has denied a call of it.
    #[must_use]
    pub fn blocked(&self, request: &Request) -> Option<String> {
        let why = self.environment.read_only();
        let operation = request.operation();
        if let Some(why) = why.filter(|_| !operation.is_local() && !operation.is_elsewhere()) {
            return Some(format!("read-only: {why}"));
        }
        let actions = request.operation().actions();
        let denied = actions.iter().find(|action| self.denied.contains(**action));
        denied.map(|action| format!("AWS has denied {action} before; it has to be granted first"))
    }

    /// What speaks against an operation: that it is [`App::blocked`], or that IAM would deny a call of it. IAM's policy simulator does not
    /// know all, so that the latter can be tried.
    fn hindrance(&self, request: &Request) -> Option<String> {
        let actions = request.operation().actions();
        let denied = || actions.iter().find(|a| self.forbidden.contains(**a));
        let simulated = || {
            let action = denied()?;
            Some(format!("IAM's policy simulator denies {action}"))
        };
        self.blocked(request).or_else(simulated)
    }

    /// Asks once what the caller's policies deny on what is known now, where changes are possible at all.
    pub(super) fn ask_permissions(&mut self) -> Option<Effect> {
        if self.environment.access == Access::ReadOnly {
            return None;
        }
        let mut new = op::questions(&self.seen);
        new.retain(|question| !self.asked.contains(question));
        self.asked.extend(new.iter().cloned());
        (!new.is_empty()).then_some(Effect::Operate(Work::Permit(new)))
    }

    /// Takes what IAM answered. Where it does not answer, every plan says so; what is denied shows when it is tried.
    fn permitted(&mut self, asked: &[Permission], denied: Result<Vec<Permission>>) {
        match denied {
            Ok(denied) => self.forbidden.extend(op::denied_everywhere(asked, &denied)),
            // Each plan says it: it is no fault of the environment.
            Err(error) if matches!(error.kind, ErrorKind::Denied { .. }) => {}
            Err(error) => self.note_error("Permissions", Some(&error)),
        }
    }

    /// Takes what came of work for an operation.
    pub(super) fn reported(&mut self, report: Report) -> Vec<Effect> {
        match report {
            Report::Asked(request, form) => return self.asked(request, form),
            Report::Planned(plan) => self.planned(plan.map(|plan| *plan), None),
            Report::Carried(index, told) => return self.carried(index, told),
            Report::Permitted(asked, denied) => self.permitted(&asked, denied),
            Report::Outdated(index, plan) => self.outdated(index, *plan),
            Report::Heard(words, read) => {
                self.dirty = true;
                for watch in &mut self.watches {
                    watch.heard(&words, &read);
                }
            }
        }
        Vec::new()
    }

    /// What is to be asked is known, or that there is nothing to ask.
    fn asked(&mut self, request: Request, form: Result<Option<Form>>) -> Vec<Effect> {
        self.notice = None;
        self.dirty = true;
        match form {
            Ok(Some(form)) => {
                let at = 0;
                self.push(Layer::Fill(Box::new(Filling {
                    request,
                    form,
                    at,
                    fault: None,
                })))
            }
            Ok(None) => vec![Effect::Operate(Work::Plan(request))],
            Err(error) => {
                self.say(error.message.as_str());
                self.note_error("Operations", Some(&error));
                Vec::new()
            }
        }
    }

    /// A plan was made.
    fn planned(&mut self, plan: Result<Plan>, note: Option<String>) {
        self.notice = None;
        self.dirty = true;
        match plan {
            Ok(plan) => {
                self.layers.retain(|layer| !matches!(layer, Layer::Fill(_)));
                // What is done in front of a plan is looked at above it; any other plan takes the place of the one before.
                let above = |layer: &Layer| match layer {
                    Layer::Review(below) => {
                        let first = below.plan.first.as_deref().map(Request::name);
                        first == Some(plan.request.name())
                    }
                    _ => true,
                };
                self.layers.retain(above);
                let confirmation = Confirmation::of(&plan, &self.environment);
                self.layers.push(Layer::Review(Box::new(Review {
                    answer: match confirmation {
                        Confirmation::Yes => Answer::No,
                        Confirmation::Name(_) => Answer::Typed(Input::default()),
                    },
                    plan: Arc::new(plan),
                    confirmation,
                    note,
                    lines: Lines::default(),
                })));
            }
            Err(error) => {
                if let Some(Layer::Fill(filling)) = self.layers.last_mut() {
                    filling.fault = Some(error.message.clone());
                } else {
                    self.say(error.message.as_str());
                }
                self.note_error("Operations", Some(&error));
            }
        }
    }

    /// A key in a form.
    pub(super) fn fill_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Layer::Fill(filling)) = self.layers.last_mut() else {
            return Vec::new();
        };
        let last = filling.form.fields.len().saturating_sub(1);
        let field = filling.form.fields.get(filling.at);
        let upright = field.is_some_and(|field| matches!(field.kind, Kind::OneOf(_)));
        match key.code {
            KeyCode::Esc => {
                self.layers.pop();
            }
            KeyCode::Enter => return self.filled(),
            // A list stands upright: it takes the arrows.
            KeyCode::Down | KeyCode::Up if upright => filling.edit(key),
            KeyCode::Tab | KeyCode::Down => filling.at = (filling.at + 1).min(last),
            KeyCode::BackTab | KeyCode::Up => filling.at = filling.at.saturating_sub(1),
            _ => filling.edit(key),
        }
        Vec::new()
    }

    fn filled(&mut self) -> Vec<Effect> {
        let Some(Layer::Fill(filling)) = self.layers.last_mut() else {
            return Vec::new();
        };
        if let Some((at, fault)) = filling.form.fault() {
            filling.at = at;
            filling.fault = Some(fault);
            return Vec::new();
        }
        match filling.request.operation().filled(&filling.form) {
            Ok(request) => {
                filling.fault = None;
                self.say("reading what is there now …");
                vec![Effect::Operate(Work::Plan(request))]
            }
            Err(error) => {
                filling.fault = Some(error.message);
                Vec::new()
            }
        }
    }

    /// A key over a plan.
    pub(super) fn review_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let page = isize::try_from(self.size.1 / 2).unwrap_or(10).max(1);
        let Some(Layer::Review(review)) = self.layers.last_mut() else {
            return Vec::new();
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (key.code, &mut review.answer) {
            (KeyCode::Esc, _) => {
                self.layers.pop();
                self.say("nothing was changed");
            }
            (KeyCode::Enter, _) => return self.answered(),
            (KeyCode::Char('y'), _) if control => {
                let commands = review.plan.commands().join("\n");
                self.say("copied the aws commands");
                return vec![Effect::Copy(commands)];
            }
            (KeyCode::Char('s'), _) if control => {
                // This plan stays below: it is there again when the other is begun.
                if let Some(first) = review.plan.first.clone() {
                    return self.begin(*first);
                }
            }
            (KeyCode::Down, _) => review.lines.step(1),
            (KeyCode::Up, _) => review.lines.step(-1),
            (KeyCode::PageDown, _) => review.lines.step(page),
            (KeyCode::PageUp, _) => review.lines.step(-page),
            (_, Answer::Typed(input)) => {
                input.handle_event(&Event::Key(key));
            }
            (KeyCode::Char('j'), _) => review.lines.step(1),
            (KeyCode::Char('k'), _) => review.lines.step(-1),
            (KeyCode::Char('n' | 'q'), _) => {
                self.layers.pop();
                self.say("nothing was changed");
            }
            (KeyCode::Char('y'), answer) => *answer = Answer::Yes,
            (KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right, answer) => {
                *answer = match answer {
                    Answer::No => Answer::Yes,
                    _ => Answer::No,
                };
            }
            _ => {}
        }
        Vec::new()
    }

    /// Enter was pressed over a plan.
    fn answered(&mut self) -> Vec<Effect> {
        let Some(Layer::Review(review)) = self.layers.last() else {
            return Vec::new();
        };
        if let Some(why) = review.hindrance() {
            self.say(why);
            return Vec::new();
        }
        if !review.is_confirmed() {
            match &review.answer {
                Answer::Typed(input) if !input.value().trim().is_empty() => {
                    let name = review.plan.target.clone();
                    self.say(format!("that is not {name}: nothing was changed"));
                }
                _ => {
                    self.layers.pop();
                    self.say("nothing was changed");
                }
            }
            return Vec::new();
        }
        let plan = Arc::clone(&review.plan);
        self.layers.pop();
        // What comes of it is to be seen.
        self.running = Running::Live;
        let index = self.watches.len();
        self.watches.push(Watch::new(Arc::clone(&plan), self.now));
        self.push(Layer::Watch(index, Lines::default()));
        vec![Effect::Operate(Work::CarryOut(index, plan))]
    }

    /// A plan that is carried out told something.
    fn carried(&mut self, index: usize, told: Told) -> Vec<Effect> {
        self.dirty = true;
        if let Told::Refused(_, error) | Told::Stopped(error) = &told {
            if let ErrorKind::Denied { action } = &error.kind {
                self.denied.insert(action.clone());
            }
            let error = error.clone();
            self.note_error("Operations", Some(&error));
        }
        if let Told::Fallen(_, Failure::Error(error)) = &told {
            let error = error.clone();
            self.note_error("Images", Some(&error));
        }
        let stage = matches!(told, Told::Ended(..) | Told::Fallen(..));
        let all = matches!(told, Told::AllAccepted);
        let Some(watch) = self.watches.get_mut(index) else {
            return Vec::new();
        };
        watch.told(told, self.now);
        if stage {
            // What was made and pushed is to be seen.
            self.due_bench.at_once();
            self.due_tiers[Tier::Images.index()].at_once();
            return self.poll();
        }
        if !all {
            return Vec::new();
        }
        if let Some(session) = watch.session.take() {
            return vec![Effect::Attend(index, session)];
        }
        for tier in watch.goal.tiers() {
            self.due_tiers[tier.index()].at_once();
        }
        self.poll()
    }

    /// A plan was no longer what would be done: it is shown as it is now.
    fn outdated(&mut self, index: usize, plan: Plan) {
        let outcome = self.watches.get(index).and_then(|w| w.outcome.as_ref());
        let note = outcome.map(|outcome| outcome.says().join(" "));
        self.layers
            .retain(|layer| !matches!(layer, Layer::Watch(..)));
        self.planned(Ok(plan), note);
    }

    /// Tests every goal against what was just observed, and finds what else is under way.
    pub(super) fn observe_operations(&mut self) -> Vec<Effect> {
        let mut ended = None;
        let mut wanted = Vec::new();
        for watch in &mut self.watches {
            let before = (watch.outcome.is_some(), watch.failing.clone());
            watch.observe(&self.seen, self.now);
            let words = watch.wants(&self.seen);
            wanted.extend(words.map(|words| Effect::Operate(Work::Hear(words))));
            match (&watch.outcome, before) {
                (Some(outcome), (false, _)) => {
                    ended = Some(format!(
                        "{}: {} · {}",
                        watch.title,
                        outcome.word(),
                        outcome.says().first().cloned().unwrap_or_default()
                    ));
                }
                (None, (_, failing)) if failing.is_empty() && !watch.failing.is_empty() => {
                    ended = Some(format!("{} is failing: {}", watch.title, watch.failing[0]));
                }
                _ => {}
            }
        }
        for found in op::under_way(&self.seen) {
            let known = self.watches.iter().any(|w| {
                (w.outcome.is_none() || w.ended_at.is_some_and(|end| end >= found.started_at))
                    && w.goal.subject() == found.goal.subject()
            });
            if !known {
                self.watches.push(found);
            }
        }
        if self.watches.len() > REMEMBERED
            && self.watches.iter().all(|watch| !watch.is_calling())
            && !self
                .layers
                .iter()
                .any(|layer| matches!(layer, Layer::Watch(..)))
        {
            // Their places are their names: none may be pointed at.
            let mut surplus = self.watches.len() - REMEMBERED;
            self.watches.retain(|watch| {
                let goes = surplus > 0 && watch.outcome.is_some();
                surplus -= usize::from(goes);
                !goes
            });
        }
        if let Some(ended) = ended {
            let seen = matches!(self.layers.last(), Some(Layer::Watch(..)));
            if !seen {
                self.say(ended);
            }
        }
        wanted
    }

    /// How often a tier is read for the goals that are waited for, in seconds.
    pub(super) fn awaited(&self, tier: Tier) -> Option<i64> {
        let open = self.watches.iter().filter(|w| w.outcome.is_none());
        let goals = open
            .map(|w| &w.goal)
            .filter(|goal| goal.tiers().contains(&tier));
        goals.map(Goal::pace).min()
    }

    /// Whether a change is being made at this moment.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        self.watches.iter().any(Watch::is_calling)
    }

    /// Why the console cannot leave an environment now, nor be left.
    pub(super) fn busy(&self) -> Option<&'static str> {
        if self.watches.iter().any(|watch| watch.stage().is_some()) {
            return Some("an image is under way: wait for it, or cancel it (x over it)");
        }
        self.is_calling()
            .then_some("a change is being made: wait until AWS has answered")
    }

    /// Operations that have not ended.
    #[must_use]
    pub fn running_operations(&self) -> usize {
        let open = self.watches.iter().filter(|w| w.outcome.is_none());
        open.count()
    }

    /// Shows the newest operation that has not ended, or else the newest.
    pub fn show_operations(&mut self) -> Vec<Effect> {
        let open = self.watches.iter().rposition(|w| w.outcome.is_none());
        match open.or(self.watches.len().checked_sub(1)) {
            Some(index) => self.push(Layer::Watch(index, Lines::default())),
            None => {
                let key = self.keymap.main_key("actions").to_owned();
                self.say(format!(
                    "nothing was changed yet · {key} lists what can be done"
                ));
                Vec::new()
            }
        }
    }

    /// Shows every change tried from this machine.
    pub(super) fn audited(&mut self, log: Result<AuditLog>) -> Vec<Effect> {
        self.dirty = true;
        let log = match log {
            Ok(log) => log,
            Err(error) => {
                self.say(error.message.as_str());
                self.note_error("Operations", Some(&error));
                return Vec::new();
            }
        };
        let records = log.records.iter().take(AUDITED).map(|record| {
            let at = format::date_time(record.at);
            (
                format!("{at}  {}", record.result.word()),
                format!(
                    "{} · {} · {} · {}",
                    record.environment,
                    record.operation,
                    record.what(),
                    record.caller()
                ),
            )
        });
        let broken = log
            .broken
            .into_iter()
            .map(|line| ("broken".to_owned(), line));
        let mut text: Vec<_> = records.chain(broken).collect();
        if text.is_empty() {
            text.push((
                "empty".to_owned(),
                "no change was tried from this machine".to_owned(),
            ));
        }
        self.push(Layer::Describe {
            title: "Audit log".to_owned(),
            text,
            lines: Lines::default(),
        })
    }

    /// A key over an operation; `None` where it is a key like any other.
    pub(super) fn watch_key(&mut self, key: KeyEvent) -> Option<Vec<Effect>> {
        let Some(Layer::Watch(index, _)) = self.layers.last() else {
            return None;
        };
        let index = *index;
        let next = match key.code {
            KeyCode::Tab => (index + 1) % self.watches.len().max(1),
            KeyCode::BackTab => index.checked_sub(1).unwrap_or(self.watches.len() - 1),
            KeyCode::Char('x') => {
                self.watches.get(index)?.stage()?;
                self.say("cancelling …");
                return Some(vec![Effect::Cancel(index)]);
            }
            KeyCode::Char('c') => {
                let (_, next) = self.watches.get(index)?.paused.clone()?;
                self.layers.pop();
                return Some(self.begin(next));
            }
            KeyCode::Char('u') => {
                self.layers.pop();
                return Some(self.undo(index));
            }
            _ => return None,
        };
        self.layers.pop();
        Some(self.push(Layer::Watch(next, Lines::default())))
    }

    /// Plans what brings the state before an operation back.
    fn undo(&mut self, index: usize) -> Vec<Effect> {
        let Some(watch) = self.watches.get(index) else {
            return Vec::new();
        };
        if let Some(request) = watch.way_back() {
            return self.begin(request.clone());
        }
        let text = match (&watch.outcome, &watch.plan) {
            (Some(Outcome::RolledBack(_)), _) => "it was rolled back: there is nothing to undo",
            (_, Some(plan)) => plan.undo.text(),
            (_, None) => "it was not begun here: its undo is not known",
        };
        self.say(text.to_owned());
        Vec::new()
    }

    /// The text of an operation, to be copied.
    pub(super) fn watch_text(&self, index: usize) -> Option<String> {
        let watch = self.watches.get(index)?;
        let calls = watch.calls.iter().filter_map(|call| match call {
            CallState::Accepted(_, what) => Some(what.clone()),
            CallState::Refused(_, error) => Some(error.message.clone()),
            CallState::Waiting | CallState::Made(_) => None,
        });
        let steps = watch
            .steps
            .iter()
            .map(|t| format!("{}: {}", t.step.label, t.step.detail));
        let stages = watch
            .stages
            .iter()
            .map(|staged| format!("{}: {}", staged.word, staged.says));
        let end = watch.outcome.iter().flat_map(Outcome::says);
        let lines: Vec<String> = std::iter::once(watch.title.clone())
            .chain(stages)
            .chain(calls)
            .chain(steps)
            .chain(end)
            .map(|line| crate::text::neutral(&line).into_owned())
            .collect();
        Some(lines.join("\n"))
    }

    /// The operations for what is selected, by the names of their commands, and what hinders each.
    #[must_use]
    pub fn operations(&self) -> Vec<(&'static str, Option<String>)> {
        let text = String::new;
        let rollout = op::RollOut::default();
        let rollback = op::RollBack {
            service: text(),
            to: None,
        };
        let service: [(&str, Request); 7] = [
            ("rollout", rollout.into()),
            ("rollback", rollback.into()),
            (
                "scale",
                op::Scale {
                    service: text(),
                    desired: None,
                }
                .into(),
            ),
            (
                "autoscale",
                op::Autoscale {
                    service: text(),
                    to: op::Aim::Asked,
                }
                .into(),
            ),
            (
                "continue",
                op::ContinueDeployment { service: text() }.into(),
            ),
            (
                "resize",
                op::Resize {
                    service: text(),
                    size: None,
                }
                .into(),
            ),
            ("restart", op::Restart { service: text() }.into()),
        ];
        let task = [("stop-task", op::StopTask { task: text() }.into())];
        let restore = |origin| op::RestoreDatabase { origin, name: None }.into();
        let modify = op::ModifyDatabase {
            class: None,
            storage_gib: None,
            apply: None,
        };
        let database: [(&str, Request); 4] = [
            (
                "db-snapshot",
                op::SnapshotDatabase { snapshot: None }.into(),
            ),
            ("db-restore-time", restore(None)),
            ("db-modify", modify.into()),
            ("db-reboot", op::RebootDatabase { reboot: None }.into()),
        ];
        let snapshot: [(&str, Request); 2] = [
            ("db-restore", restore(Some(op::Origin::Snapshot(text())))),
            (
                "db-delete-snapshot",
                op::DeleteSnapshot { snapshot: text() }.into(),
            ),
        ];
        let offered: Vec<(&'static str, Request)> = match (self.screen, self.focused()) {
            (Screen::Services, Pane::Tasks) => task
                .into_iter()
                .chain(session::offered())
                .chain(service)
                .collect(),
            (Screen::Images, Pane::ImageList) => vec![images::promotion()],
            (Screen::Images, Pane::Running) => images::offered()
                .into_iter()
                .chain([images::promotion()])
                .chain(service)
                .chain(session::offered())
                .collect(),
            (Screen::Services, _) => service.into_iter().chain(session::offered()).collect(),
            (Screen::Images, Pane::Components | Pane::Local) => images::offered().into(),
            (Screen::Database, Pane::Snapshots) => snapshot.into_iter().chain(database).collect(),
            (Screen::Database, _) => database.into(),
            _ => self.edge_operations(),
        };
        offered
            .into_iter()
            .map(|(name, request)| (name, self.hindrance(&request)))
            .collect()
    }

    /// The service that is selected, wherever one can be.
    fn selected_service(&mut self) -> Option<String> {
        let service = match self.screen {
            Screen::Services => self.selected_id(Pane::Services),
            // Its rows are of containers: `service/container reference`.
            Screen::Images if self.focused() == Pane::Running => {
                let row = self.selected_id(Pane::Running);
                row.and_then(|id| id.split('/').next())
            }
            _ => None,
        };
        let service = service.map(str::to_owned);
        if service.is_none() {
            self.say("select a service first: on the services screen, or among the running images");
        }
        service
    }

    /// Plans an operation on the selected service.
    pub fn on_service(&mut self, request: impl FnOnce(String) -> Request) -> Vec<Effect> {
        match self.selected_service() {
            Some(service) => self.begin(request(service)),
            None => Vec::new(),
        }
    }

    /// Plans an operation on the selected snapshot of the database.
    pub fn on_snapshot(&mut self, request: impl FnOnce(String) -> Request) -> Vec<Effect> {
        let snapshot = (self.screen == Screen::Database && self.focused() == Pane::Snapshots)
            .then(|| self.selected_id(Pane::Snapshots).map(str::to_owned))
            .flatten();
        match snapshot {
            Some(snapshot) => self.begin(request(snapshot)),
            None => {
                self.say("select a snapshot first, on the database screen");
                Vec::new()
            }
        }
    }

    /// Plans to stop the selected task.
    pub fn stop_task(&mut self) -> Vec<Effect> {
        let task = (self.screen == Screen::Services && self.focused() == Pane::Tasks)
            .then(|| self.selected_id(Pane::Tasks).map(str::to_owned))
            .flatten();
        match task {
            Some(task) => self.begin(op::StopTask { task }.into()),
            None => {
                self.say("select a task first, on the services screen");
                Vec::new()
            }
        }
    }
}

impl Filling {
    /// A key for the field that has them.
    fn edit(&mut self, key: KeyEvent) {
        self.fault = None;
        let Some(field) = self.form.fields.get_mut(self.at) else {
            return;
        };
        match &field.kind {
            Kind::OneOf(choices) => {
                let here = choices.iter().position(|c| c.value == field.value);
                let here = here.unwrap_or(0);
                let next = match key.code {
                    KeyCode::Right | KeyCode::Down | KeyCode::Char('l' | 'j' | ' ' | '+') => {
                        here + 1
                    }
                    KeyCode::Left | KeyCode::Up | KeyCode::Char('h' | 'k' | '-') => {
                        here.saturating_sub(1)
                    }
                    KeyCode::PageDown => here + LIST_PAGE,
                    KeyCode::PageUp => here.saturating_sub(LIST_PAGE),
                    KeyCode::Home | KeyCode::Char('g') => 0,
                    KeyCode::End | KeyCode::Char('G') => choices.len(),
                    _ => here,
                };
                if let Some(choice) = choices.get(next.min(choices.len().saturating_sub(1))) {
                    field.value.clone_from(&choice.value);
                }
            }
            Kind::Text | Kind::Number(..) => {
                let mut input = Input::new(field.value.clone());
                input.handle_event(&Event::Key(key));
                input.value().clone_into(&mut field.value);
            }
        }
    }

    /// Text for the field that has the keys.
    pub(super) fn paste(&mut self, text: &str) {
        if let Some(field) = self.form.fields.get_mut(self.at)
            && !matches!(field.kind, Kind::OneOf(_))
        {
            field.value.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests;
