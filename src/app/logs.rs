//! What keys do on the log screen, and how logs are followed while somebody reads them.

mod shown;

use super::{App, Effect, Layer, Listing, Pane, Past, Picker, Prompt, Screen};
use crate::{
    cloud::{follow::OVERLAP, meter},
    config::LogSettings,
    format,
    logs::{
        extract::Extract,
        fields,
        filter::Filter,
        patterns::{Patterns, literals},
        search::{Found, Job},
        secrets::COVER,
        sources::sources,
        store::{Line, LineId},
        view::{BACK, Clock, Fold, LogView, Pace, Purpose, Secrets, Shape},
    },
    model::log::{Follow, Followed, LogEvent, LogOrigin, LogQuery, LogSource},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::borrow::Cow;
use tui_input::Input;

/// Ticks, a second each, for which logs are still followed after their screen was left: Live Tail is paid by the minute.
const LINGER: u16 = 120;

/// How far before and after a past moment lines are read.
const AROUND: SignedDuration = SignedDuration::from_mins(5);

/// Lines of a past span that are read at most: the newest.
const PAST_LINES: usize = 20_000;

/// Entries of the list that is shown for a time whose lines were not read.
const READ_LINES: &str = "read the lines";
const ASK_INSIGHTS: &str = "ask Logs Insights";

/// A moment whose lines were not read, and which lines would show it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unread {
    pub moment: Timestamp,
    query: LogQuery,
}

/// Columns by which lines are scrolled sideways.
const SIDEWAYS: usize = 20;

/// Log group of what ECS says of its services, which has none.
const ECS_EVENTS: &str = "ecs/events";

/// Whether and for how long logs are followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Following {
    /// Not at all.
    #[default]
    Not,
    /// These groups; so many ticks ago the screen was left.
    Groups(Vec<String>, u16),
}

impl App {
    /// Keeps and follows logs as it is configured; lines that were kept before go.
    pub fn keep_logs(&mut self, settings: LogSettings) {
        self.logs = LogView::new(settings.store);
        self.delivery = settings.delivery;
    }

    /// Follows what the log screen and the flow screen show, while somebody looks and a little longer.
    pub(super) fn follow_logs(&mut self) -> Vec<Effect> {
        if !self.screen.reads_logs() {
            return Vec::new();
        }
        let mut found = sources(&self.environment, &self.seen);
        let groups: Vec<String> = found.iter().map(|s| s.group.clone()).collect();
        found.push(LogSource {
            origin: LogOrigin::EcsEvents,
            label: "ecs".to_owned(),
            group: ECS_EVENTS.to_owned(),
        });
        self.logs.sources = found;
        self.take_ecs_events();
        if let Following::Groups(known, left) = &mut self.following {
            *left = 0;
            if *known == groups {
                return Vec::new();
            }
        }
        if groups.is_empty() {
            return Vec::new();
        }
        let since = self.read_from(&groups);
        self.following = Following::Groups(groups.clone(), 0);
        self.logs.read_since(since);
        self.logs.begin_session();
        vec![Effect::Follow(Follow {
            groups,
            since,
            prefer: self.delivery,
        })]
    }

    /// From when on `groups` are read: from where they were told, or from [`BACK`] where one of them is new. What lies further back and
    /// was not read while nobody looked is marked.
    fn read_from(&mut self, groups: &[String]) -> Timestamp {
        let earliest = self.now - BACK;
        let new = groups.iter().any(|group| !self.followed.contains(group));
        self.followed.extend(groups.iter().cloned());
        let Some(told) = self.logs.up_to else {
            return earliest;
        };
        if told < earliest {
            self.logs.take(Followed::Gap {
                groups: groups.to_vec(),
                from: told,
                to: earliest,
                why: "logs were not followed while nobody read them".to_owned(),
            });
        }
        if new {
            return earliest;
        }
        (told - OVERLAP).max(earliest)
    }

    /// Counts how long the log screen was left, and stops following in the end.
    pub(super) fn linger(&mut self) -> Vec<Effect> {
        self.logs.settle();
        let Following::Groups(_, left) = &mut self.following else {
            return Vec::new();
        };
        *left = if self.screen.reads_logs() {
            0
        } else {
            *left + 1
        };
        if *left < LINGER {
            return Vec::new();
        }
        self.stop_following()
    }

    pub(super) fn stop_following(&mut self) -> Vec<Effect> {
        match std::mem::take(&mut self.following) {
            Following::Not => Vec::new(),
            Following::Groups(..) => vec![Effect::Unfollow],
        }
    }

    pub(super) fn log_told(&mut self, told: Followed) {
        self.flows_told(&told);
        if let Followed::Failed { group, error } = &told
            && self.logs.failures.get(group).map(|known| &known.message) != Some(&error.message)
        {
            self.note_error("Logs", Some(error));
        }
        self.logs.take(told);
        self.dirty |= self.screen == Screen::Logs;
    }

    pub(super) fn log_found(&mut self, purpose: Purpose, found: Found) {
        self.logs.found(purpose, found);
        self.dirty |= self.screen == Screen::Logs;
    }

    /// What ECS says of its services is read like a log.
    pub(super) fn take_ecs_events(&mut self) {
        let Some(compute) = self.seen.compute() else {
            return;
        };
        let mut lines: Vec<LogEvent> = compute
            .services
            .iter()
            .flat_map(|service| {
                service.events.iter().filter_map(|event| {
                    Some(LogEvent {
                        at: event.at?,
                        ingested: None,
                        group: ECS_EVENTS.to_owned(),
                        stream: service.name.clone(),
                        id: Some(event.id.clone()),
                        message: event.message.clone(),
                    })
                })
            })
            .filter(|line| {
                line.at >= self.now - BACK - BACK && self.ecs_events.insert(line.id.clone())
            })
            .collect();
        lines.sort_by_key(|line| line.at);
        if !lines.is_empty() {
            self.logs.take(Followed::Lines(lines));
        }
    }

    /// Shows the logs of the selected service, at the time that the charts look at.
    pub fn logs_of_selection(&mut self) -> Vec<Effect> {
        let service = (self.screen == Screen::Services)
            .then(|| self.selected_id(Pane::Services).map(str::to_owned))
            .flatten();
        let moment = (!self.window.is_live()).then(|| self.window.window(self.now).to);
        let mut effects = self.go(Screen::Logs);
        if let Some(service) = service {
            effects.extend(self.set_log_filter(&format!("service={}", quoted(&service))));
        }
        if let Some(moment) = moment {
            self.go_to_moment(moment);
        }
        effects
    }

    pub(super) fn go_to_moment(&mut self, moment: Timestamp) {
        self.logs.go_to_time(moment);
        let Some((from, to)) = self.logs.unread(moment, AROUND) else {
            return;
        };
        let groups = self.logs.sources.iter();
        let groups: Vec<String> = groups
            .filter(|source| source.origin != LogOrigin::EcsEvents)
            .map(|source| source.group.clone())
            .collect();
        let mut entries = Vec::new();
        if self.logs.store.dropped() == 0 {
            entries.push((
                READ_LINES.to_owned(),
                format!(
                    "{} to {} of {}, by FilterLogEvents: free",
                    format::clock(from),
                    format::clock(to),
                    format::count(groups.len(), "log")
                ),
            ));
        }
        let price = meter::scan_price(&self.environment.region);
        entries.push((
            ASK_INSIGHTS.to_owned(),
            format!("a question about that hour; ${price} for a GB that it scans"),
        ));
        let query = LogQuery {
            stream: None,
            groups,
            from,
            to,
            pattern: String::new(),
            limit: PAST_LINES,
        };
        self.past = Some(Unread { moment, query });
        self.push(Layer::Pick(Picker::Past, Listing::new(entries)));
    }

    pub(super) fn picked_past(&mut self, chosen: &str) -> Vec<Effect> {
        if chosen == ASK_INSIGHTS {
            return self.choose_query();
        }
        let Some(past) = &self.past else {
            return Vec::new();
        };
        let query = past.query.clone();
        self.say(format!(
            "reading the lines of {} …",
            format::clock(past.moment)
        ));
        vec![Effect::AskHistory(Past::Lines(query))]
    }

    /// Puts lines of a past span among the others, with its ends marked, and goes where the reader wanted to.
    pub(super) fn past_read(
        &mut self,
        query: &LogQuery,
        result: crate::error::Result<Vec<LogEvent>>,
    ) {
        match result {
            Ok(lines) => {
                self.notice = None;
                self.logs.take_span(lines, query);
                if let Some(past) = self.past.take_if(|past| past.query == *query) {
                    self.logs.go_to_time(past.moment);
                }
            }
            Err(error) => {
                self.say(error.message.as_str());
                self.note_error("Logs", Some(&error));
            }
        }
    }

    pub(super) fn set_log_filter(&mut self, text: &str) -> Vec<Effect> {
        match self.logs.set_filter(text) {
            Ok(jobs) => searches(jobs),
            Err(error) => {
                self.say(error.message);
                Vec::new()
            }
        }
    }

    pub(super) fn clear_log_filter(&mut self) -> Vec<Effect> {
        self.set_log_filter("")
    }

    /// Does `act` on the log screen; elsewhere says that it belongs there.
    pub(super) fn on_logs(&mut self, act: impl FnOnce(&mut Self) -> Vec<Effect>) -> Vec<Effect> {
        self.dirty = true;
        if self.screen == Screen::Logs {
            return act(self);
        }
        let key = self.keymap.main_key("logs").to_owned();
        self.say(format!("that belongs to the logs · {key} shows them"));
        Vec::new()
    }

    /// Opens the line to type a filter, a search or a time into.
    pub fn prompt(&mut self, prompt: Prompt) -> Vec<Effect> {
        self.on_logs(|app| {
            let text = match prompt {
                Prompt::Filter => app.logs.filter().text().to_owned(),
                Prompt::Search => app.logs.search().text().to_owned(),
                Prompt::Time => String::new(),
            };
            app.push(Layer::Prompt(prompt, Input::new(text), None))
        })
    }

    /// What is typed into a prompt counts at once, as far as it can be understood.
    pub(super) fn prompt_typed(&mut self) -> Vec<Effect> {
        let Some(Layer::Prompt(prompt, input, fault)) = self.layers.last_mut() else {
            return Vec::new();
        };
        let text = input.value().to_owned();
        let jobs = match prompt {
            Prompt::Filter => self.logs.set_filter(&text),
            Prompt::Search => self
                .logs
                .set_search(&text)
                .map(|job| job.map(|job| (Purpose::Search, job)).into_iter().collect()),
            Prompt::Time => Ok(Vec::new()),
        };
        match jobs {
            Ok(jobs) => {
                *fault = None;
                searches(jobs)
            }
            Err(error) => {
                *fault = Some(error);
                Vec::new()
            }
        }
    }

    /// Enter was pressed in a prompt.
    pub(super) fn prompt_kept(&mut self) -> Vec<Effect> {
        let Some(Layer::Prompt(prompt, input, fault)) = self.layers.last() else {
            return Vec::new();
        };
        if fault.is_some() {
            return Vec::new();
        }
        if *prompt == Prompt::Time {
            let typed = input.value().trim().to_owned();
            match moment(&typed, self.now, &self.clock_zone()) {
                Some(moment) => {
                    self.layers.pop();
                    self.go_to_moment(moment);
                    return Vec::new();
                }
                None => {
                    self.say(format!(
                        "{typed} is no time: 14:03, 14:03:27, -15m or 2026-11-22T14:03:27Z"
                    ));
                    return Vec::new();
                }
            }
        }
        self.layers.pop();
        Vec::new()
    }

    /// Escape was pressed in a prompt: what was typed does not count.
    pub(super) fn prompt_cleared(&mut self) -> Vec<Effect> {
        let Some(Layer::Prompt(prompt, ..)) = self.layers.pop() else {
            return Vec::new();
        };
        match prompt {
            Prompt::Filter => self.set_log_filter(""),
            Prompt::Search => {
                // An empty search is always understood, and looks for nothing.
                let _ = self.logs.set_search("");
                Vec::new()
            }
            Prompt::Time => Vec::new(),
        }
    }

    /// The zone that times are shown and typed in.
    fn clock_zone(&self) -> TimeZone {
        match self.logs.clock {
            Clock::Local => self.zone.clone(),
            Clock::Utc | Clock::Relative => TimeZone::UTC,
        }
    }

    /// Goes to the next or the previous line that is looked for.
    pub fn next_hit(&mut self, by: isize) -> Vec<Effect> {
        if self.screen != Screen::Logs {
            return self.step(by);
        }
        self.dirty = true;
        if self.logs.search().is_empty() {
            return self.prompt(Prompt::Search);
        }
        if !self.logs.go_to_hit(by) {
            self.say(match by {
                1.. => "there is no later match",
                _ => "there is no earlier match",
            });
        }
        Vec::new()
    }

    /// Follows the newest line, or stops where it is.
    pub fn toggle_follow(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            match app.logs.pace {
                Pace::Following => app.logs.pin(),
                Pace::Reading => app.logs.follow(),
            }
            Vec::new()
        })
    }

    /// Wraps long lines, or cuts them.
    pub fn toggle_wrap(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            app.logs.fold = match app.logs.fold {
                Fold::Cut => Fold::Wrapped,
                Fold::Wrapped => Fold::Cut,
            };
            app.logs.left = 0;
            Vec::new()
        })
    }

    /// Shows JSON lines as fields, or as they were written.
    pub fn toggle_raw(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            app.logs.shape = match app.logs.shape {
                Shape::Fields => Shape::Raw,
                Shape::Raw => Shape::Fields,
            };
            Vec::new()
        })
    }

    /// Scrolls cut lines sideways.
    pub(super) fn sideways(&mut self, by: i64) -> Vec<Effect> {
        self.dirty = true;
        self.logs.left = match by {
            ..0 => self.logs.left.saturating_sub(SIDEWAYS),
            _ => self.logs.left + SIDEWAYS,
        };
        Vec::new()
    }

    /// Shows times as UTC, in this machine's zone, or as ages.
    pub fn next_clock(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let (clock, says) = match app.logs.clock {
                Clock::Utc => (Clock::Local, "times of this machine's zone"),
                Clock::Local => (Clock::Relative, "times before now"),
                Clock::Relative => (Clock::Utc, "times in UTC"),
            };
            app.logs.clock = clock;
            app.say(says);
            Vec::new()
        })
    }

    /// Shows what looks like a secret, or masks it again.
    pub fn toggle_secrets(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let (secrets, says) = match app.logs.secrets {
                Secrets::Masked => (Secrets::Shown, "secrets in log lines are shown"),
                Secrets::Shown => (Secrets::Masked, "secrets in log lines are masked"),
            };
            app.logs.secrets = secrets;
            app.rebuild_answer();
            app.say(says);
            Vec::new()
        })
    }

    /// Shows the lines around the one under the cursor, or comes back to those that pass the filter.
    pub fn toggle_context(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let jobs = app.logs.toggle_context();
            match (app.logs.in_context(), app.logs.filter().is_empty()) {
                (true, _) => app.say("all lines around this one; the same key comes back"),
                (false, true) => app.say("without a filter every line is shown already"),
                (false, false) => {}
            }
            searches(jobs)
        })
    }

    /// Shows all lines of the request that the line under the cursor belongs to.
    pub fn same_request(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let id = app
                .logs
                .cursor_line()
                .and_then(|line| fields::request_id(line.text, line.format).map(Cow::into_owned));
            let Some(id) = id else {
                app.say("this line names no request");
                return Vec::new();
            };
            app.logs.pin();
            let filter = Filter::of_text(&id).text().to_owned();
            app.set_log_filter(&filter)
        })
    }

    /// Goes to the task that wrote the line under the cursor.
    pub fn task_of_line(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let Some((service, task)) = app.logs.cursor_line().and_then(|line| written_by(&line))
            else {
                app.say("no task of a service wrote this line");
                return Vec::new();
            };
            let effects = app.go(Screen::Services);
            app.select(Pane::Services, &service);
            app.rebuild(Pane::Services.dependents());
            match task {
                Some(task) if app.select(Pane::Tasks, &task) => app.focus_on(Pane::Tasks),
                Some(task) => app.say(format!(
                    "task {task} is not among those that ECS still knows"
                )),
                None => {}
            }
            effects
        })
    }

    /// Shows the charts of the service at the time of the line under the cursor.
    pub fn charts_of_line(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let Some(line) = app.logs.cursor_line() else {
                return Vec::new();
            };
            let screen = match line.stream.origin {
                LogOrigin::Database => Screen::Database,
                LogOrigin::FlowLogs => Screen::Network,
                LogOrigin::Waf => Screen::Edge,
                LogOrigin::Balancer => Screen::Balancer,
                LogOrigin::Service | LogOrigin::EcsEvents | LogOrigin::Other => Screen::Services,
            };
            let service = written_by(&line).map(|(service, _)| service);
            let at = Timestamp::from_millisecond(line.at).unwrap_or(app.now);
            let mut effects = app.go(screen);
            if let Some(service) = service {
                app.select(Pane::Services, &service);
                app.rebuild(Pane::Services.dependents());
            }
            effects.extend(app.look_at_moment(at));
            effects
        })
    }

    /// Marks the line under the cursor.
    pub fn bookmark(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            match app.logs.toggle_bookmark() {
                Some(true) => app.say("marked"),
                Some(false) => app.say("mark taken away"),
                None => app.say("nothing is selected"),
            }
            Vec::new()
        })
    }

    /// Goes to the next marked line.
    pub fn next_bookmark(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            if !app.logs.go_to_bookmark() {
                let key = app.keymap.main_key("bookmark").to_owned();
                app.say(format!("no line is marked · {key} marks one"));
            }
            Vec::new()
        })
    }

    /// Saves the lines that are shown, neutralised and masked as they are on screen.
    pub fn save_log(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let (text, lines) = if app.at_answer() {
                (app.answer_text(), None)
            } else {
                (None, app.extract("save"))
            };
            let stamp = app.now.strftime("%Y%m%dT%H%M%SZ");
            let name: String = app
                .environment
                .name
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() || c == '-' {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            let name = format!("hydren-{name}-{stamp}");
            match text {
                Some(text) => vec![Effect::SaveText(format!("{name}.tsv"), text)],
                None => lines
                    .map(|lines| Effect::SaveLines(format!("{name}.log"), lines))
                    .into_iter()
                    .collect(),
            }
        })
    }

    pub(super) fn saved(&mut self, result: crate::error::Result<std::path::PathBuf>) {
        match result {
            Ok(path) => self.say(format!("saved {}", path.display())),
            Err(error) => {
                self.say(error.message.as_str());
                self.note_error("Logs", Some(&error));
            }
        }
    }

    /// Groups the lines that are shown by what is alike in them.
    pub fn log_patterns(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let lines = app.extract("group");
            lines.map(Effect::Group).into_iter().collect()
        })
    }

    /// Lists groups of lines that are alike, the largest first, unless the reader went on to something else.
    pub(super) fn grouped(&mut self, patterns: &Patterns) {
        if self.screen != Screen::Logs || !self.layers.is_empty() {
            return;
        }
        let entries: Vec<(String, String)> = patterns
            .by_count()
            .iter()
            .map(|pattern| {
                let shown = self.shown_text(&pattern.template).into_owned();
                let count = format!(
                    "{}× {}",
                    format::thousands(pattern.count),
                    pattern.level.name()
                );
                (shown, count)
            })
            .collect();
        match patterns.others() {
            0 => self.notice = None,
            others => self.say(format!(
                "{} lines are like none of the {} groups listed; a filter leaves fewer",
                format::thousands(others),
                format::thousands(entries.len() as u64)
            )),
        }
        self.push(Layer::Pick(Picker::Pattern, Listing::new(entries)));
        self.dirty = true;
    }

    /// Lists the sources, to show one alone.
    pub fn log_sources(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            let entries = app
                .logs
                .sources
                .iter()
                .map(|source| {
                    let failure = app.logs.failures.get(&source.group);
                    let state = failure.map_or_else(String::new, |e| format!(" · {}", e.message));
                    (source.label.clone(), format!("{}{state}", source.group))
                })
                .collect();
            app.push(Layer::Pick(Picker::Source, Listing::new(entries)))
        })
    }

    /// Takes the lines that are shown to be worked through elsewhere; `what` becomes of them is said, in a word.
    fn extract(&mut self, what: &str) -> Option<Extract> {
        let ids: Vec<LineId> = self.logs.ids().iter().copied().collect();
        if ids.is_empty() {
            self.say(format!("there is no line to {what}"));
            return None;
        }
        self.say(format!(
            "{what}: {} lines …",
            format::thousands(ids.len() as u64)
        ));
        Some(Extract {
            snapshot: self.logs.store.snapshot(),
            ids,
            secrets: self.logs.secrets,
        })
    }

    pub(super) fn picked_source(&mut self, label: &str) -> Vec<Effect> {
        self.set_log_filter(&format!("source={}", quoted(label)))
    }

    pub(super) fn picked_pattern(&mut self, template: &str) -> Vec<Effect> {
        // The parts between what varies must all occur.
        let parts: Vec<String> = literals(template)
            .filter(|part| !part.contains(COVER))
            .map(quoted)
            .collect();
        self.set_log_filter(&parts.join(" "))
    }

    fn select(&mut self, pane: Pane, id: &str) -> bool {
        let Some(view) = self.panes.get_mut(&pane) else {
            return false;
        };
        let place = view
            .state
            .order
            .iter()
            .position(|row| view.grid.rows[*row].id.ends_with(id));
        if let Some(place) = place {
            view.state.step(&view.grid, isize::MIN);
            view.state
                .step(&view.grid, isize::try_from(place).unwrap_or(isize::MAX));
        }
        place.is_some()
    }
}

/// `"text"` as the filter language takes it.
fn quoted(text: &str) -> String {
    Filter::of_text(text).text().to_owned()
}

fn searches(jobs: Vec<(Purpose, Job)>) -> Vec<Effect> {
    jobs.into_iter()
        .map(|(purpose, job)| Effect::Search(purpose, job))
        .collect()
}

/// The service and, where it was one, the task that wrote a line. Streams of the awslogs driver are named `prefix/container/task`
/// (docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html).
fn written_by(line: &Line<'_>) -> Option<(String, Option<String>)> {
    match line.stream.origin {
        LogOrigin::Service => {
            let task = line.stream.name.rsplit('/').next()?;
            let service = line.stream.label.split('/').next()?;
            Some((service.to_owned(), Some(task.to_owned())))
        }
        LogOrigin::EcsEvents => Some((line.stream.name.clone(), None)),
        _ => None,
    }
}

/// Reads `14:03`, `14:03:27`, `-15m` or a full timestamp. A time of day is the last one that has been.
fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Some(back) = text.strip_prefix('-') {
        let span: jiff::SignedDuration = back.trim().parse().ok()?;
        return now.checked_sub(span).ok();
    }
    let time: jiff::civil::Time = text.parse().ok()?;
    let today = now.to_zoned(zone.clone()).date();
    let at = |date: jiff::civil::Date| {
        Some(
            zone.to_ambiguous_zoned(date.to_datetime(time))
                .compatible()
                .ok()?
                .timestamp(),
        )
    };
    let today_at = at(today)?;
    if today_at <= now {
        return Some(today_at);
    }
    at(today.yesterday().ok()?)
}
