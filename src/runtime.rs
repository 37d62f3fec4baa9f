//! The only loop: it waits for keys, answers, time and signals, hands each to [`App::update`], performs the effects and draws.
//!
//! It never waits for I/O: every effect that talks to the outside runs in a task of its own and answers with a message.

use crate::{
    app::{
        App, Effect, History, Msg, Past, Report, Work,
        costs::{Ask, Told},
    },
    attend::{Attended, Ended},
    audit::AuditLog,
    cloud::{Cloud, aws},
    connect::{Opened, Opener},
    error::{Error, ErrorKind, Result},
    model::log::{Follow, Followed},
    op::{Desk, Watch, carry_out},
    terminal::Terminal,
    theme::Theme,
};
use crossterm::event::{Event, EventStream};
use futures::{FutureExt as _, StreamExt as _};
use signal_hook::consts::{SIGCONT, SIGSTOP, SIGTSTP};
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::AbortHandle,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// Shortest time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// A read that has not answered after this long never will; each of its calls has shorter limits of its own.
const LIMIT: Duration = Duration::from_mins(1);

/// How the console ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The user left.
    Left,
    /// A signal ended it.
    Signalled,
}

/// What performs effects.
struct Performer {
    here: Opened,
    opener: Opener,
    themes: Option<PathBuf>,
    answers: UnboundedSender<Msg>,
    /// What follows logs.
    follower: Option<AbortHandle>,
    /// What cancels the stages of operations, by the operations' places.
    stops: HashMap<usize, CancellationToken>,
}

/// Runs the console until it is left. `themes` is the folder of the user's own themes.
///
/// # Errors
/// The terminal went away, or signals cannot be listened to.
pub async fn run(
    mut app: App,
    mut terminal: Terminal,
    opener: Opener,
    themes: Option<PathBuf>,
) -> Result<End> {
    let (answers, mut answered) = unbounded_channel();
    let here = opener.open(&app.environment);
    let mut performer = Performer {
        here,
        opener,
        themes,
        answers,
        follower: None,
        stops: HashMap::new(),
    };
    let mut keys = Keys::default();
    let mut away: Option<(usize, Attended)> = None;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut abort = signal(SignalKind::quit()).map_err(no_signals)?;
    let mut stop = signal(SignalKind::from_raw(SIGTSTP)).map_err(no_signals)?;
    let mut go_on = signal(SignalKind::from_raw(SIGCONT)).map_err(no_signals)?;
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut next_frame = Instant::now();

    loop {
        let msg = tokio::select! {
            biased;
            _ = terminate.recv() => return Ok(End::Signalled),
            _ = hang_up.recv() => return Ok(End::Signalled),
            // They are typed at a session while one has the terminal.
            _ = interrupt.recv(), if away.is_none() => return Ok(End::Signalled),
            _ = abort.recv(), if away.is_none() => return Ok(End::Signalled),
            _ = stop.recv(), if away.is_none() => {
                suspend(&mut terminal)?;
                None
            }
            _ = go_on.recv(), if away.is_none() => {
                terminal.resume(app.mouse)?;
                app.dirty = true;
                None
            }
            (index, ended) = left(&mut away) => {
                away = None;
                for typed in [&mut interrupt, &mut abort, &mut stop, &mut go_on] {
                    // One that waited for the session is not meant for the console.
                    let _ = typed.recv().now_or_never();
                }
                keys = Keys::default();
                terminal.resume(app.mouse)?;
                app.dirty = true;
                Some(Msg::Left(index, ended))
            }
            event = keys.next() => match event {
                Some(Ok(event)) => message(event),
                // The terminal is gone, and with it whoever could read this.
                Some(Err(_)) | None => return Ok(End::Signalled),
            },
            answer = answered.recv() => answer,
            _ = ticks.tick() => Some(performer.tick()),
            () = sleep_until(next_frame), if app.dirty && away.is_none() => None,
        };
        if let Some(msg) = msg {
            for effect in app.update(msg) {
                match effect {
                    Effect::Quit => return Ok(End::Left),
                    Effect::Attend(index, session) => {
                        keys = Keys(None);
                        let way_out = app.watches.get(index).map(Watch::way_out);
                        terminal.hand_over(&way_out.unwrap_or_default());
                        match Attended::start(&session) {
                            Ok(attended) => away = Some((index, attended)),
                            Err(error) => {
                                keys = Keys::default();
                                terminal.resume(app.mouse)?;
                                performer.tell(Msg::Left(index, Ended::before_it_began(error)));
                            }
                        }
                    }
                    effect => performer.perform(effect, &app, &mut terminal)?,
                }
            }
        }
        if app.dirty && away.is_none() && next_frame <= Instant::now() {
            app.dirty = false;
            terminal.draw(&app)?;
            next_frame = Instant::now() + FRAME;
        }
    }
}

/// The keys. While a session has the terminal there is no stream of them: its thread would take what is typed there.
struct Keys(Option<EventStream>);

impl Default for Keys {
    fn default() -> Self {
        Self(Some(EventStream::new()))
    }
}

impl Keys {
    async fn next(&mut self) -> Option<std::io::Result<Event>> {
        match &mut self.0 {
            Some(stream) => stream.next().await,
            None => std::future::pending().await,
        }
    }
}

/// Waits until the session that has the terminal ends.
async fn left(away: &mut Option<(usize, Attended)>) -> (usize, Ended) {
    match away {
        Some((index, attended)) => (*index, attended.ended().await),
        None => std::future::pending().await,
    }
}

/// What an event of the terminal means to the console.
fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Reads what costs are computed from.
pub async fn read_costs(cloud: &dyn Cloud, ask: Ask) -> Told {
    match ask {
        Ask::Usage(ids, window) => {
            Told::Usage(within(LIMIT, "CloudWatch", cloud.metrics(&ids, window)).await)
        }
        Ask::Ledger(groups) => {
            Told::Ledger(within(LIMIT, "log groups and addresses", cloud.ledger(&groups)).await)
        }
        Ask::Spend(from, to) => {
            Told::Spend(within(LIMIT, "Cost Explorer", cloud.spend(from, to)).await)
        }
    }
}

impl Performer {
    fn tick(&self) -> Msg {
        self.tell(Msg::Calls(self.here.cloud.meter().by_operation()));
        Msg::Tick {
            now: self.here.cloud.now(),
            spent: self.here.cloud.meter().total(),
        }
    }

    /// Performs an effect; whatever takes time answers later.
    fn perform(&mut self, effect: Effect, app: &App, terminal: &mut Terminal) -> Result<()> {
        let cloud = Arc::clone(&self.here.cloud);
        let generation = app.generation;
        match effect {
            Effect::Read(tier) => self.answer(async move {
                Msg::Tier {
                    generation,
                    tier,
                    result: within(LIMIT, tier.title(), cloud.read(tier)).await,
                }
            }),
            Effect::ReadMetrics(purpose, ids, window) => self.answer(async move {
                Msg::Metrics {
                    generation,
                    purpose,
                    result: within(LIMIT, "CloudWatch", cloud.metrics(&ids, window)).await,
                }
            }),
            Effect::ReadCosts(ask) => self.answer(async move {
                Msg::Costs {
                    generation,
                    told: read_costs(&*cloud, ask).await,
                }
            }),
            Effect::ReadIdentity => self.answer(async move {
                Msg::Identity {
                    generation,
                    result: within(LIMIT, "sts:GetCallerIdentity", cloud.identity()).await,
                }
            }),
            Effect::LookAtBench => self.look_at_bench(generation),
            Effect::Cancel(index) => {
                if let Some(stop) = self.stops.get(&index) {
                    stop.cancel();
                }
            }
            Effect::Follow(follow) => self.follow(follow, generation),
            Effect::Unfollow => self.stop_following(),
            Effect::Search(purpose, job) => {
                let answers = self.answers.clone();
                tokio::task::spawn_blocking(move || {
                    job.run(|found| {
                        let found = Msg::Found {
                            generation,
                            purpose,
                            found,
                        };
                        answers.send(found).is_ok()
                    });
                });
            }
            Effect::AddFlows(job) => self.work(move || Msg::Flows {
                generation,
                sums: Box::new(job.run()),
            }),
            Effect::Operate(work) => self.operate(work, app),
            Effect::Group(lines) => self.work(move || Msg::Grouped {
                generation,
                patterns: lines.patterns(),
            }),
            Effect::AskHistory(past) => self.answer(async move {
                Msg::History {
                    generation,
                    answer: history(&*cloud, past).await,
                }
            }),
            Effect::SaveText(name, text) => self.work(move || {
                let path = PathBuf::from(name);
                let saved = save_new(&path, |file| file.write_all(text.as_bytes()));
                Msg::Saved(saved.map(|()| path))
            }),
            Effect::SaveLines(name, lines) => self.work(move || {
                let path = PathBuf::from(name);
                Msg::Saved(save_new(&path, |file| lines.write(file)).map(|()| path))
            }),
            Effect::Connect(environment) => {
                self.here = self.opener.open(&environment);
                let tick = self.tick();
                self.answer(async { tick });
            }
            Effect::ListProfiles => self.answer(async { Msg::Profiles(aws::profiles().await) }),
            Effect::ReadAudit => {
                let path = self.opener.audit_logs.of(&app.environment).to_owned();
                self.work(move || Msg::Audit(AuditLog::read(&path)));
            }
            Effect::ListThemes => {
                let folder = self.themes.clone();
                self.work(move || Msg::Themes(Theme::names(folder.as_deref())));
            }
            Effect::LoadTheme(name) => self.load_theme(name),
            Effect::Copy(text) => terminal.copy(&text)?,
            Effect::Mouse(mouse) => terminal.mouse(mouse)?,
            Effect::Suspend => suspend(terminal)?,
            // The loop's own.
            Effect::Attend(..) | Effect::Quit => {}
        }
        Ok(())
    }

    /// Does what an operation needs of AWS, and tells what came of it.
    fn operate(&mut self, work: Work, app: &App) {
        let Opened { cloud, workshop } = self.here.clone();
        let book = app.book;
        let stop = CancellationToken::new();
        if let Work::CarryOut(index, _) = &work {
            self.stops.insert(*index, stop.clone());
        }
        let environment = app.environment.clone();
        let (answers, generation) = (self.answers.clone(), app.generation);
        let tell = move |report| {
            // Nobody listens any more only when a signal ends the console; the audit log has what was done.
            let _ = answers.send(Msg::Operation { generation, report });
        };
        tokio::spawn(async move {
            let desk = Desk::new(&*cloud, &environment)
                .beside(&workshop)
                .priced_by(book);
            match work {
                Work::Ask(request) => {
                    let form = within(LIMIT, request.name(), request.operation().form(&desk)).await;
                    tell(Report::Asked(request, form));
                }
                Work::Plan(request) => {
                    let plan = within(LIMIT, request.name(), request.plan(&desk)).await;
                    tell(Report::Planned(plan.map(Box::new)));
                }
                Work::Hear(words) => {
                    let read = within(LIMIT, "CloudWatch Logs", words.read(&*cloud)).await;
                    tell(Report::Heard(words, read));
                }
                Work::Permit(asked) => {
                    let denied = within(LIMIT, "IAM", cloud.denied(&asked)).await;
                    tell(Report::Permitted(asked, denied));
                }
                Work::CarryOut(index, plan) => {
                    let told = |told| tell(Report::Carried(index, told));
                    if let Some(fresh) = carry_out(&desk, &plan, &stop, told).await {
                        tell(Report::Outdated(index, Box::new(fresh)));
                    }
                }
            }
        });
    }

    /// Looks at what is in the workshop.
    fn look_at_bench(&self, generation: u64) {
        let workshop = Arc::clone(&self.here.workshop);
        self.answer(async move {
            let look = async { Ok(Arc::new(workshop.look().await)) };
            Msg::Bench {
                generation,
                result: within(LIMIT, "the container engine", look).await,
            }
        });
    }

    /// Follows logs, and nothing else that was followed.
    fn follow(&mut self, follow: Follow, generation: u64) {
        self.stop_following();
        let (cloud, answers) = (Arc::clone(&self.here.cloud), self.answers.clone());
        let task = tokio::spawn(async move {
            let mut told = cloud.follow(follow);
            while let Some(told) = told.next().await {
                for told in portions(told) {
                    // Nobody listens any more only when the console is being left.
                    let _ = answers.send(Msg::Log { generation, told });
                }
            }
        });
        self.follower = Some(task.abort_handle());
    }

    fn tell(&self, msg: Msg) {
        // Nobody listens any more only when the console is being left.
        let _ = self.answers.send(msg);
    }

    fn load_theme(&self, name: String) {
        let folder = self.themes.clone();
        self.work(move || {
            let loaded = Theme::load(&name, folder.as_deref());
            Msg::Theme(loaded.map(|(theme, warnings)| (Box::new(theme), warnings)))
        });
    }

    fn stop_following(&mut self) {
        if let Some(follower) = self.follower.take() {
            follower.abort();
        }
    }

    /// Lets a thread work that may block, and takes its answer.
    fn work(&self, work: impl FnOnce() -> Msg + Send + 'static) {
        let answers = self.answers.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody listens any more only when the console is being left.
            let _ = answers.send(work());
        });
    }

    /// Lets a task work and takes its answer.
    fn answer(&self, work: impl Future<Output = Msg> + Send + 'static) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            // Nobody listens any more only when the console is being left.
            let _ = answers.send(work.await);
        });
    }
}

/// Asks something of past logs.
pub async fn history(cloud: &dyn Cloud, past: Past) -> History {
    const WHAT: &str = "CloudWatch Logs";
    match past {
        Past::Lines(query) => {
            let lines = within(LIMIT, WHAT, cloud.logs(&query)).await;
            History::Lines(query, lines)
        }
        Past::Start(query) => {
            History::Started(within(LIMIT, WHAT, cloud.start_query(&query)).await)
        }
        Past::Answer(id) => {
            let answer = within(LIMIT, WHAT, cloud.query_answer(&id)).await;
            History::Answered(id, answer)
        }
        Past::Stop(id) => {
            let stopped = async {
                let stopped = cloud.stop_query(&id).await;
                let answer = cloud.query_answer(&id).await?;
                match stopped {
                    // One that has ended by itself cannot be stopped, and need not be.
                    Err(error) if !answer.state.is_final() => Err(error),
                    _ => Ok(answer),
                }
            };
            let answer = within(LIMIT, WHAT, stopped).await;
            History::Answered(id, answer)
        }
    }
}

/// Lines in portions that `update` takes in within a fraction of a frame.
fn portions(told: Followed) -> Vec<Followed> {
    const PORTION: usize = 1_000;
    match told {
        Followed::Lines(lines) if lines.len() > PORTION => lines
            .chunks(PORTION)
            .map(|portion| Followed::Lines(portion.to_vec()))
            .collect(),
        told => vec![told],
    }
}

/// Writes a file that was not there, readable by its owner only: logs tell much. A file that could not be written whole does not stay.
fn save_new(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let saved = options.open(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        let written = write(&mut file).and_then(|()| file.flush());
        written.inspect_err(|_| {
            // What is left of it would pass for the whole.
            let _ = std::fs::remove_file(path);
        })
    });
    saved.map_err(|e| {
        Error::new(
            ErrorKind::Io,
            format!("{} cannot be saved: {e}", path.display()),
        )
        .hint("start the console in a folder that can be written to and has room")
        .source(e)
    })
}

/// Stops the process as a job of its shell, which has the terminal meanwhile. `SIGCONT` says when it goes on.
fn suspend(terminal: &mut Terminal) -> Result<()> {
    terminal.suspend();
    signal_hook::low_level::raise(SIGSTOP)
        .map_err(|e| Error::new(ErrorKind::Io, "the console cannot be stopped").source(e))
}

/// Waits for `read` no longer than `limit`: what hangs ends as an error like any other, and is asked again at the next poll.
async fn within<T>(
    limit: Duration,
    what: &str,
    read: impl Future<Output = Result<T>>,
) -> Result<T> {
    timeout(limit, read).await.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        Err(Error::new(
            ErrorKind::Unreachable,
            format!("{what} did not answer within {seconds} s"),
        )
        .hint("it is asked again at the next poll; check the network and the proxy if it stays so"))
    })
}

fn no_signals(source: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "signals cannot be listened to").source(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_read_that_hangs_ends_as_an_error_that_says_what_hangs() {
        let hangs = std::future::pending::<Result<()>>();
        let error = within(Duration::ZERO, "CloudWatch", hangs).await;
        let error = error.expect_err("it can never answer");
        assert_eq!(error.kind, ErrorKind::Unreachable);
        assert_eq!(error.message, "CloudWatch did not answer within 0 s");
        assert!(error.hint.is_some());
    }

    #[tokio::test]
    async fn what_answers_in_time_is_passed_on_also_when_it_failed() {
        let answered = within(LIMIT, "ECS", async { Ok(7) }).await;
        assert_eq!(answered.map_err(|e| e.kind), Ok(7));
        let denied = Error::new(ErrorKind::Expired, "the session has ended");
        let failed = within(LIMIT, "ECS", async { Err::<(), _>(denied) }).await;
        assert_eq!(failed.map_err(|e| e.kind), Err(ErrorKind::Expired));
    }
}
