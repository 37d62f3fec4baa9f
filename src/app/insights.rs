//! Questions to Logs Insights: chosen and changed, asked for their price, followed to their answer.

use super::{App, Effect, Layer, Listing, Pane, Picker, editor::Editor};
use crate::{
    cloud::meter,
    error::{Error, ErrorKind, Result},
    format,
    grid::{Cell, Column, Grid, GridState, Row, Width},
    logs::{
        saved::{SAVED, saved},
        sources::queried,
        view::Secrets,
    },
    model::{
        log::{
            InsightsAnswer, InsightsQuery, LogEvent, LogOrigin, LogQuery, LogSource, Place,
            QueryState,
        },
        metric::{Metric, Unit},
    },
    text::neutral,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use std::collections::BTreeSet;

/// Rows that are asked for: what Logs Insights gives when nothing is said (API_StartQuery).
const ROWS: u32 = 10_000;

/// The entry of the list for a question of one's own.
const OWN: &str = "own query";
/// The entry of the list for the question that was asked last.
const LAST: &str = "last query";

/// What a question of one's own begins with.
const BEGINNING: &str = "fields @timestamp, @message\n| filter @message like /error/\n| limit 100";

/// What is said where the logs that a saved query is made for are no log groups, or none is known.
const NOT_MADE_FOR: &str = "none of the logs that it is made for can be asked; these are others";

/// Lines that tell which logs are looked at.
const LOOKED_AT: usize = 2_000;

/// Something to be asked of past logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// The lines of a span.
    Lines(LogQuery),
    /// A query to begin.
    Start(InsightsQuery),
    /// How far a query is, by its id.
    Answer(String),
    /// To stop a query, and what it has read.
    Stop(String),
}

/// What was answered.
#[derive(Debug)]
pub enum History {
    /// The lines of a span.
    Lines(LogQuery, Result<Vec<LogEvent>>),
    /// The id of a query.
    Started(Result<String>),
    /// How far a query is.
    Answered(String, Result<InsightsAnswer>),
}

/// A time that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `last 1 h`.
    pub label: String,
    length: SignedDuration,
    /// Its end, unless that is the present.
    end: Option<Timestamp>,
}

impl Span {
    /// From, inclusive, and to, exclusive.
    #[must_use]
    pub fn bounds(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let to = self.end.unwrap_or(now);
        (to - self.length, to)
    }
}

/// How far a question is.
#[derive(Debug, Clone, PartialEq)]
pub enum Asking {
    /// It is being written; what was wrong with it when it was asked.
    Draft(Option<String>),
    /// AWS was asked to begin.
    Starting(Timestamp),
    /// It runs.
    Running(Running),
    /// It was told to stop; what it had read by then.
    Stopping(Option<Running>),
    /// It has ended.
    Ended {
        /// How.
        state: QueryState,
        /// Lines and bytes that were looked at, and rows found.
        answer: InsightsAnswer,
        /// Seconds it took.
        took: i64,
    },
}

/// A query that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// Its id.
    pub id: String,
    /// When it was begun.
    pub since: Timestamp,
    /// What it has found so far.
    pub answer: Option<InsightsAnswer>,
    /// Whether its answer is being asked for.
    in_flight: bool,
}

/// A question, what it is put to, and how far it is.
#[derive(Debug, Clone)]
pub struct Insights {
    /// Name of the saved query it began with.
    pub name: String,
    /// What it answers.
    pub answers: &'static str,
    /// Its text.
    pub editor: Editor,
    /// Times to choose from.
    pub spans: Vec<Span>,
    /// Which of them.
    pub span: usize,
    /// Names and log groups to choose from.
    pub sources: Vec<(String, Vec<String>)>,
    /// Which of them.
    pub source: usize,
    /// From and to as it was asked last.
    pub asked: Option<(Timestamp, Timestamp)>,
    /// How far it is.
    pub asking: Asking,
}

impl Insights {
    /// The region of the logs that are asked, where it is not the environment's.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        let (_, groups) = self.sources.get(self.source)?;
        match Place::of(groups.first()?) {
            Place::Group { region, .. } => region,
            Place::Files { .. } => None,
        }
    }

    fn query(&self, now: Timestamp) -> Option<InsightsQuery> {
        let (span, (_, groups)) = (self.spans.get(self.span)?, self.sources.get(self.source)?);
        let (from, to) = span.bounds(now);
        Some(InsightsQuery {
            groups: groups.clone(),
            from,
            to,
            text: self.editor.text(),
            limit: ROWS,
        })
    }
}

impl App {
    /// Lists the questions that are kept ready.
    pub fn insights(&mut self) -> Vec<Effect> {
        self.past = None;
        self.choose_query()
    }

    pub(super) fn choose_query(&mut self) -> Vec<Effect> {
        self.on_logs(|app| {
            if let Some(Asking::Starting(_) | Asking::Running(_) | Asking::Stopping(_)) =
                app.insights.as_ref().map(|insights| &insights.asking)
            {
                // One at a time: each is billed.
                return app.push(Layer::Insights);
            }
            let entry = |name: &str, what: &str| (name.to_owned(), what.to_owned());
            let mut entries = vec![entry(OWN, "Write one in the language of Logs Insights")];
            if app.insights.is_some() {
                entries.push(entry(LAST, "Look at it again, change it, run it again"));
            }
            entries.extend(SAVED.iter().map(|query| entry(query.name, query.answers)));
            app.push(Layer::Pick(Picker::Query, Listing::new(entries)))
        })
    }

    pub(super) fn picked_query(&mut self, name: &str) -> Vec<Effect> {
        if name != LAST {
            let kept = saved(name);
            let (sources, made_for) = self.askable(kept.map(|query| query.origin));
            let fault = (!made_for).then(|| NOT_MADE_FOR.to_owned());
            let (spans, span) = self.spans();
            self.insights = Some(Insights {
                name: kept.map_or(OWN, |query| query.name).to_owned(),
                answers: kept.map_or("A question of your own", |query| query.answers),
                editor: Editor::new(kept.map_or(BEGINNING, |query| query.text)),
                spans,
                span,
                sources,
                source: 0,
                asked: None,
                asking: Asking::Draft(fault),
            });
        }
        self.push(Layer::Insights)
    }

    /// The times to ask about, and the one to begin with: the one that was gone to, else the last hour.
    fn spans(&self) -> (Vec<Span>, usize) {
        let last = |label: &str, hours: i64| Span {
            label: format!("last {label}"),
            length: SignedDuration::from_hours(hours),
            end: None,
        };
        let mut spans = vec![
            last("1 h", 1),
            last("6 h", 6),
            last("1 d", 24),
            last("7 d", 168),
        ];
        if let Some(past) = &self.past {
            let end = (past.moment + SignedDuration::from_mins(30)).min(self.now);
            spans.push(Span {
                label: format!("around {}", format::clock(past.moment)),
                length: SignedDuration::from_hours(1),
                end: Some(end),
            });
        }
        let chosen = if self.past.is_some() {
            spans.len() - 1
        } else {
            0
        };
        (spans, chosen)
    }

    /// The logs that can be asked, first what the query is made for, else those whose lines are shown; whether there are any that it
    /// is made for.
    fn askable(&self, origin: Option<LogOrigin>) -> (Vec<(String, Vec<String>)>, bool) {
        let all: Vec<LogSource> = self
            .logs
            .sources
            .iter()
            .filter(|source| source.origin != LogOrigin::EcsEvents)
            .cloned()
            .collect();
        let ids = self.logs.ids().iter().rev().take(LOOKED_AT);
        let lines = ids.filter_map(|id| self.logs.store.line(*id));
        let shown: BTreeSet<&str> = lines.map(|line| line.stream.group.as_str()).collect();
        let wanted = |source: &&LogSource| match origin {
            Some(origin) => source.origin == origin,
            None => shown.contains(source.group.as_str()),
        };
        let first = all.iter().filter(wanted).cloned().collect();
        let single = all.iter().map(|source| vec![source.clone()]);
        let mut choices: Vec<(String, Vec<String>)> = [first, all.clone()]
            .into_iter()
            .chain(single)
            .map(|sources| {
                let (asked, _) = queried(sources);
                let labels: Vec<&str> = asked.iter().map(|s| s.label.as_str()).collect();
                let groups = asked.iter().map(|source| source.group.clone());
                (labels.join(", "), groups.collect())
            })
            .collect();
        let made_for = origin.is_none() || !choices[0].1.is_empty();
        let mut seen = BTreeSet::new();
        choices.retain(|(_, groups)| !groups.is_empty() && seen.insert(groups.clone()));
        (choices, made_for)
    }

    /// The bytes that the question will scan, as the last hour went; where that was read. The network screen asks for it.
    #[must_use]
    pub fn bytes_to_scan(&self) -> Option<f64> {
        let query = self.insights.as_ref()?.query(self.now)?;
        let metrics = self.seen.metrics.value.as_ref()?;
        let hours = query.to.duration_since(query.from).as_secs_f64() / 3_600.0;
        let known = metrics
            .window
            .to
            .duration_since(metrics.window.from)
            .as_secs_f64()
            / 3_600.0;
        let bytes = query.groups.iter().map(|group| {
            let series = metrics.of(Metric::LogBytes, group)?;
            Some(
                series
                    .values
                    .iter()
                    .filter(|value| value.is_finite())
                    .sum::<f64>(),
            )
        });
        let bytes: Option<f64> = bytes.sum();
        Some(bytes? / known.max(f64::EPSILON) * hours)
    }

    /// Gives a key to the question; `None` where it is for the answer's rows or the console.
    pub(super) fn insights_key(&mut self, key: KeyEvent) -> Option<Vec<Effect>> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let insights = self.insights.as_mut()?;
        Some(match (&mut insights.asking, key.code) {
            (Asking::Draft(_) | Asking::Ended { .. }, KeyCode::Char('r')) if control => self.ask(),
            (Asking::Ended { .. }, KeyCode::Char('e')) => {
                insights.asking = Asking::Draft(None);
                Vec::new()
            }
            (Asking::Ended { .. }, _) => return None,
            (Asking::Draft(_) | Asking::Stopping(_), KeyCode::Esc) => {
                self.layers.pop();
                Vec::new()
            }
            (Asking::Draft(_), KeyCode::Tab) => {
                insights.span = (insights.span + 1) % insights.spans.len();
                Vec::new()
            }
            (Asking::Draft(_), KeyCode::BackTab) => {
                insights.source = (insights.source + 1) % insights.sources.len().max(1);
                Vec::new()
            }
            (Asking::Draft(_), _) => {
                insights.editor.key(key);
                Vec::new()
            }
            (_, KeyCode::Esc) => self.stop_query(),
            _ => Vec::new(),
        })
    }

    pub(super) fn pasted_query(&mut self, text: &str) {
        if let Some(Insights {
            editor,
            asking: Asking::Draft(_),
            ..
        }) = &mut self.insights
        {
            editor.insert(&text.replace("\r\n", "\n").replace('\r', "\n"));
        }
    }

    fn ask(&mut self) -> Vec<Effect> {
        let now = self.now;
        let Some(insights) = &mut self.insights else {
            return Vec::new();
        };
        let Some(query) = insights.query(now) else {
            insights.asking = Asking::Draft(Some("no log group is known to ask".to_owned()));
            return Vec::new();
        };
        insights.asked = Some((query.from, query.to));
        insights.asking = Asking::Starting(now);
        vec![Effect::AskHistory(Past::Start(query))]
    }

    /// Stops the query that runs.
    pub(super) fn stop_query(&mut self) -> Vec<Effect> {
        let Some(insights) = &mut self.insights else {
            return Vec::new();
        };
        let asking = std::mem::replace(&mut insights.asking, Asking::Draft(None));
        let (asking, effects) = match asking {
            Asking::Running(running) => {
                let stop = Effect::AskHistory(Past::Stop(running.id.clone()));
                (Asking::Stopping(Some(running)), vec![stop])
            }
            Asking::Starting(_) => (Asking::Stopping(None), Vec::new()),
            other => (other, Vec::new()),
        };
        insights.asking = asking;
        effects
    }

    pub(super) fn history_answered(&mut self, answer: History) -> Vec<Effect> {
        self.dirty = true;
        match answer {
            History::Lines(query, result) => self.past_read(&query, result),
            History::Started(result) => return self.query_started(result),
            History::Answered(id, result) => self.query_answered(&id, result),
        }
        Vec::new()
    }

    fn query_started(&mut self, result: Result<String>) -> Vec<Effect> {
        let Some(insights) = &mut self.insights else {
            return Vec::new();
        };
        match (result, &insights.asking) {
            (Ok(id), Asking::Starting(since)) => {
                insights.asking = Asking::Running(Running {
                    id: id.clone(),
                    since: *since,
                    answer: None,
                    in_flight: true,
                });
                vec![Effect::AskHistory(Past::Answer(id))]
            }
            (Ok(id), Asking::Stopping(None)) => {
                insights.asking = Asking::Stopping(Some(Running {
                    id: id.clone(),
                    since: self.now,
                    answer: None,
                    in_flight: true,
                }));
                vec![Effect::AskHistory(Past::Stop(id))]
            }
            (Ok(_), _) => Vec::new(),
            (Err(error), _) => {
                self.query_failed(&error);
                Vec::new()
            }
        }
    }

    /// The question cannot go on: it can be changed and asked again.
    fn query_failed(&mut self, error: &Error) {
        if let Some(insights) = &mut self.insights {
            let hint = error.hint.as_ref().map(|hint| format!(" · {hint}"));
            let said = format!("{}{}", error.message, hint.unwrap_or_default());
            insights.asking = Asking::Draft(Some(said));
        }
        self.note_error("Logs Insights", Some(error));
    }

    /// Asks a query that runs how far it is.
    pub(super) fn poll_query(&mut self) -> Option<Effect> {
        match self.insights.as_mut().map(|insights| &mut insights.asking) {
            Some(Asking::Running(running)) if !running.in_flight => {
                running.in_flight = true;
                self.dirty = true;
                Some(Effect::AskHistory(Past::Answer(running.id.clone())))
            }
            // It has not ended, or could not be told to: what runs on is billed.
            Some(Asking::Stopping(Some(running))) if !running.in_flight => {
                running.in_flight = true;
                Some(Effect::AskHistory(Past::Stop(running.id.clone())))
            }
            _ => None,
        }
    }

    fn query_answered(&mut self, id: &str, result: Result<InsightsAnswer>) {
        let now = self.now;
        let Some(insights) = &mut self.insights else {
            return;
        };
        let running = match &mut insights.asking {
            Asking::Running(running) | Asking::Stopping(Some(running)) if running.id == id => {
                running
            }
            _ => return,
        };
        running.in_flight = false;
        match result {
            Ok(answer) if answer.state.is_final() => {
                let took = now.as_second() - running.since.as_second();
                let state = answer.state;
                insights.asking = Asking::Ended {
                    state,
                    answer,
                    took,
                };
                if let Some(view) = self.panes.get_mut(&Pane::Answer) {
                    view.state = GridState::default();
                }
                self.rebuild_answer();
            }
            Ok(answer) => running.answer = Some(answer),
            // The query goes on; the next second asks again.
            Err(error) if matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unreachable) => {
                self.note_error("Logs Insights", Some(&error));
            }
            Err(error) => self.query_failed(&error),
        }
    }

    /// Makes the rows of an answer anew, with secrets covered or not.
    pub(super) fn rebuild_answer(&mut self) {
        if let Some(Asking::Ended { answer, .. }) = self.insights.as_ref().map(|i| &i.asking)
            && let Some(view) = self.panes.get_mut(&Pane::Answer)
        {
            view.grid = rows(answer, self.logs.secrets);
            view.state.refresh(&view.grid);
        }
    }

    /// Whether the rows of an answer are looked at.
    pub(super) fn at_answer(&self) -> bool {
        let ended = |insights: &Insights| matches!(insights.asking, Asking::Ended { .. });
        self.layers
            .iter()
            .any(|layer| matches!(layer, Layer::Insights))
            && self.insights.as_ref().is_some_and(ended)
    }

    /// Whether keys act on the rows of an answer.
    pub(super) fn on_answer(&self) -> bool {
        self.at_answer() && matches!(self.layers.last(), Some(Layer::Insights))
    }

    /// Goes to the time of the selected row, where it has one.
    pub(super) fn moment_of_row(&mut self) -> Option<Vec<Effect>> {
        let view = self.pane(Pane::Answer);
        let fields = view.state.row(&view.grid)?.describe.as_object()?;
        let at = fields.values().find_map(|value| time(value.as_str()?))?;
        self.layers
            .retain(|layer| !matches!(layer, Layer::Insights));
        self.go_to_moment(at);
        Some(Vec::new())
    }

    /// The rows that are shown, with a tab between two values.
    pub(super) fn answer_text(&self) -> Option<String> {
        let view = self.pane(Pane::Answer);
        let line = |fields: Vec<&str>| {
            let fields: Vec<_> = fields.into_iter().map(neutral).collect();
            fields.join("\t") + "\n"
        };
        let mut text = line(
            view.grid
                .columns
                .iter()
                .map(|column| column.title)
                .collect(),
        );
        for index in &view.state.order {
            let row = &view.grid.rows[*index];
            let cells: Vec<_> = row.cells.iter().map(|cell| cell.value.text()).collect();
            text += &line(cells.iter().map(AsRef::as_ref).collect());
        }
        (!view.state.order.is_empty()).then_some(text)
    }
}

/// So many bytes, and what scanning them costs.
#[must_use]
pub fn bill(region: &str, bytes: f64) -> String {
    let price = meter::scan_bill(region, bytes);
    format!("{}, {price}", format::value(bytes, Unit::Bytes))
}

/// The time that a value is, as Logs Insights writes it, in UTC.
fn time(value: &str) -> Option<Timestamp> {
    let civil: DateTime = value
        .parse()
        .ok()
        .filter(|_| value.len() > "2026-11-22".len())?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// An answer's rows. Of each field the first row that has it decides where its column stands.
fn rows(answer: &InsightsAnswer, secrets: Secrets) -> Grid {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in answer.rows.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |row: &[(String, String)], name: &str| -> Option<String> {
        let (_, value) = row.iter().find(|(field, _)| field == name)?;
        Some(secrets.cover_field(name, value).into_owned())
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
    let all_numbers = |name: &&str| {
        let mut values = answer
            .rows
            .iter()
            .flatten()
            .filter(|(field, _)| field == name);
        values.all(|(_, text)| number(text).is_some())
    };
    let numeric: Vec<bool> = names.iter().map(all_numbers).collect();
    let texts = numeric.iter().filter(|numeric| !**numeric).count();
    let columns: Vec<Column> = names
        .iter()
        .zip(&numeric)
        .map(|(name, numeric)| {
            // A grid's columns are static data everywhere else; the titles of an answer, some dozen bytes a question, are never freed.
            let title: &'static str = Box::leak((*name).to_owned().into_boxed_str());
            match texts {
                _ if *numeric => Column::new(title, Width::Fit(3, 16)).right(),
                1 => Column::new(title, Width::Share(12)),
                _ => Column::new(title, Width::Fit(6, 72)),
            }
        })
        .collect();
    let row = |row: &Vec<(String, String)>| {
        let values: Vec<Option<String>> = names.iter().map(|name| value(row, name)).collect();
        let fields = names.iter().zip(&values);
        let cells = values
            .iter()
            .zip(&columns)
            .map(|(value, column)| match value {
                // A number may be a secret: then it is covered, and none any more.
                Some(text) if column.align == crate::grid::Align::Right => match number(text) {
                    Some(value) => Cell::number(value, text.as_str()),
                    None => Cell::text(text.as_str()),
                },
                value => Cell::maybe(value.as_deref()),
            });
        Row {
            id: values
                .iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("  "),
            cells: cells.collect(),
            describe: fields
                .filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?.into())))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            link: None,
        }
    };
    let rows = answer.rows.iter().map(row).collect();
    Grid {
        columns: columns.leak(),
        rows,
    }
}
