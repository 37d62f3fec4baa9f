//! A console over the simulated environment, driven as the runtime drives it, without a terminal.

use crossterm::event::KeyEvent;
use futures::StreamExt as _;
use hydren::{
    app::{App, Effect, Msg, Report, Work, costs},
    audit::AuditLogs,
    cloud::{
        Cloud,
        meter::Tally,
        sim::{self, SimOptions},
    },
    config::Surroundings,
    connect::{Opened, Opener},
    engine::BuildEvent,
    error::Error,
    keymap::Keymap,
    model::{
        Snapshot,
        log::{Follow, Followed},
    },
    op::{Desk, Plan, StageEvent, Told, carry_out},
    theme::Theme,
    ui,
};
use indexmap::IndexMap;
use jiff::SignedDuration;
use ratatui::{buffer::Buffer, layout::Rect};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use unicode_width::UnicodeWidthStr as _;

/// Half an hour into the demo.
fn world() -> Opened {
    let opener = Opener {
        simulation: SimOptions {
            elapsed: Some(Duration::from_mins(30)),
            ..SimOptions::default()
        },
        audit_logs: AuditLogs::in_folder(
            &std::env::temp_dir().join(format!("hydren-screens-{}", std::process::id())),
        ),
        components: IndexMap::new(),
        around: Surroundings::default(),
        environments: vec![sim::environment()],
    };
    opener.open(&sim::environment())
}

/// One world for all tests that change nothing: its past week is lived only once.
fn shared() -> &'static Opened {
    static WORLD: OnceLock<Opened> = OnceLock::new();
    WORLD.get_or_init(world)
}

fn cloud() -> &'static dyn Cloud {
    &*shared().cloud
}

/// What following tells until everything was told up to now.
async fn followed(follow: Follow) -> Vec<Followed> {
    let mut told = Vec::new();
    // Groups answer in any order; pictures want one.
    let mut lines = Vec::new();
    let mut stream = cloud().follow(follow);
    while let Some(next) = stream.next().await {
        let done = matches!(next, Followed::UpTo(at) if at >= cloud().now());
        match next {
            Followed::Lines(some) => lines.extend(some),
            next => told.push(next),
        }
        if done {
            break;
        }
    }
    lines.sort_by(|a, b| (a.at, &a.group, &a.stream).cmp(&(b.at, &b.group, &b.stream)));
    told.insert(0, Followed::Lines(lines));
    told
}

/// What work for an operation leads to.
async fn worked(desk: &Desk<'_>, work: Work) -> Vec<Report> {
    match work {
        Work::Ask(request) => {
            let form = request.operation().form(desk).await;
            vec![Report::Asked(request, form)]
        }
        Work::Plan(request) => vec![Report::Planned(request.plan(desk).await.map(Box::new))],
        Work::Hear(words) => {
            let read = words.read(desk.cloud).await;
            vec![Report::Heard(words, read)]
        }
        Work::Permit(asked) => {
            let denied = desk.cloud.denied(&asked).await;
            vec![Report::Permitted(asked, denied)]
        }
        Work::CarryOut(index, plan) => {
            let mut reports = Vec::new();
            let fresh = carry_out(desk, &plan, &CancellationToken::new(), |told| {
                reports.push(Report::Carried(index, told));
            })
            .await;
            reports.extend(fresh.map(|plan| Report::Outdated(index, Box::new(plan))));
            reports
        }
    }
}

/// A console and what it asked for and has not got.
pub struct Stage {
    pub app: App,
    pending: Vec<Effect>,
    world: &'static Opened,
    /// A plan that was confirmed and is carried out by the test itself.
    held: Option<Arc<Plan>>,
    holds: bool,
}

impl Stage {
    /// A console that has just been opened: everything is asked for, nothing is answered.
    pub fn opened() -> Self {
        let environment = sim::environment();
        let app = App::new(
            environment.clone(),
            vec![environment],
            Theme::default(),
            Keymap::new(&toml::Table::new()).expect("the default keys are sound"),
            cloud().now(),
        );
        let mut stage = Self {
            app,
            pending: Vec::new(),
            world: shared(),
            held: None,
            holds: false,
        };
        stage.wait(0);
        stage
    }

    /// A console that has everything it asked for.
    pub async fn settled() -> Self {
        let mut stage = Self::opened();
        stage.answer().await;
        stage
    }

    /// A console in front of a world of its own, which it may change.
    pub async fn alone() -> Self {
        let mut stage = Self::opened();
        stage.world = Box::leak(Box::new(world()));
        stage.answer().await;
        stage
    }

    /// Carries out nothing by itself from now on.
    pub fn hold(&mut self) {
        self.holds = true;
    }

    /// Tells what happens while the plan that was confirmed is carried out.
    pub fn carried(&mut self, told: Told) {
        let generation = self.app.generation;
        let report = Report::Carried(0, told);
        self.tell(Msg::Operation { generation, report });
    }

    /// Builds the image of the plan that was confirmed, until something happens that is `enough`.
    pub async fn build(&mut self, enough: impl Fn(&BuildEvent) -> bool) {
        let plan = self.held.clone().expect("a plan was confirmed");
        let Some(hydren::op::Stage::Build(order)) = plan.stages.first() else {
            panic!("it builds nothing");
        };
        let engine = self.world.workshop.engine().await.expect("it is simulated");
        self.carried(Told::Begun(0));
        let mut events = engine.build((**order).clone());
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    let last = enough(&event);
                    self.carried(Told::Going(0, StageEvent::Build(vec![event])));
                    if last {
                        break;
                    }
                }
                Err(error) => self.carried(Told::Fallen(0, error.into())),
            }
        }
        let past = self.world.cloud.now().duration_since(self.app.now);
        self.wait(past.as_secs());
    }

    /// Lets time go on in a world of its own, and gets what is asked for meanwhile.
    pub async fn live(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.world.cloud.rest(Duration::from_secs(1)).await;
            let past = self.world.cloud.now().duration_since(self.app.now);
            self.wait(past.as_secs());
            self.answer().await;
        }
    }

    /// Lets time go on.
    pub fn wait(&mut self, seconds: i64) {
        let now = self.app.now + SignedDuration::from_secs(seconds);
        let spent = Tally {
            requests: 318,
            units: 318,
            usd: 0.0042,
        };
        self.tell(Msg::Tick { now, spent });
    }

    pub fn tell(&mut self, msg: Msg) {
        self.pending.extend(self.app.update(msg));
    }

    /// Tells what a followed log told.
    pub fn told(&mut self, told: Followed) {
        let generation = self.app.generation;
        self.tell(Msg::Log { generation, told });
    }

    /// Performs everything that is asked for, until nothing is.
    pub async fn answer(&mut self) {
        self.answer_spoiled(|_| ()).await;
    }

    /// The same, with every tier changed on its way.
    pub async fn answer_spoiled(&mut self, spoil: impl Fn(&mut Snapshot)) {
        let generation = self.app.generation;
        // A screen's own metrics are asked for at the tick after it was opened.
        self.wait(0);
        while let Some(effect) = self.pending.pop() {
            let msg = match effect {
                Effect::Read(tier) => Msg::Tier {
                    generation,
                    tier,
                    result: self.world.cloud.read(tier).await.map(|mut snapshot| {
                        spoil(&mut snapshot);
                        snapshot
                    }),
                },
                Effect::ReadMetrics(purpose, ids, window) => Msg::Metrics {
                    generation,
                    purpose,
                    result: self.world.cloud.metrics(&ids, window).await,
                },
                Effect::ReadCosts(ask) => Msg::Costs {
                    generation,
                    told: hydren::runtime::read_costs(cloud(), ask).await,
                },
                Effect::ReadIdentity => Msg::Identity {
                    generation,
                    result: self.world.cloud.identity().await,
                },
                Effect::Follow(follow) => {
                    for told in followed(follow).await {
                        self.tell(Msg::Log { generation, told });
                    }
                    self.wait(0);
                    continue;
                }
                Effect::Search(purpose, job) => {
                    let mut found = Vec::new();
                    job.run(|part| {
                        found.push(part);
                        true
                    });
                    for part in found {
                        self.tell(Msg::Found {
                            generation,
                            purpose,
                            found: part,
                        });
                    }
                    continue;
                }
                Effect::Operate(Work::CarryOut(_, plan)) if self.holds => {
                    self.held = Some(plan);
                    continue;
                }
                Effect::Operate(work) => {
                    let (world, environment) = (self.world, self.app.environment.clone());
                    let desk = Desk::new(&*world.cloud, &environment).beside(&world.workshop);
                    for report in worked(&desk, work).await {
                        self.tell(Msg::Operation { generation, report });
                    }
                    continue;
                }
                Effect::LookAtBench => Msg::Bench {
                    generation,
                    result: Ok(Arc::new(self.world.workshop.look().await)),
                },
                Effect::Group(lines) => Msg::Grouped {
                    generation,
                    patterns: lines.patterns(),
                },
                Effect::AddFlows(job) => Msg::Flows {
                    generation,
                    sums: Box::new(job.run()),
                },
                Effect::AskHistory(past) => Msg::History {
                    generation,
                    answer: hydren::runtime::history(cloud(), past).await,
                },
                Effect::ListThemes => Msg::Themes(Theme::names(None)),
                _ => continue,
            };
            self.tell(msg);
        }
    }

    /// Answers everything that is asked for with an error.
    pub fn refuse(&mut self, error: &Error) {
        let generation = self.app.generation;
        for effect in std::mem::take(&mut self.pending) {
            let msg = match effect {
                Effect::Read(tier) => Msg::Tier {
                    generation,
                    tier,
                    result: Err(error.clone()),
                },
                Effect::ReadMetrics(purpose, ..) => Msg::Metrics {
                    generation,
                    purpose,
                    result: Err(error.clone()),
                },
                Effect::ReadCosts(ask) => Msg::Costs {
                    generation,
                    told: match ask {
                        costs::Ask::Usage(..) => costs::Told::Usage(Err(error.clone())),
                        costs::Ask::Ledger(_) => costs::Told::Ledger(Err(error.clone())),
                        costs::Ask::Spend(..) => costs::Told::Spend(Err(error.clone())),
                    },
                },
                Effect::ReadIdentity => Msg::Identity {
                    generation,
                    result: Err(error.clone()),
                },
                Effect::Follow(follow) => {
                    for group in follow.groups {
                        self.told(Followed::Failed {
                            group,
                            error: error.clone(),
                        });
                    }
                    continue;
                }
                _ => continue,
            };
            self.tell(msg);
        }
        self.pending.clear();
    }

    /// Presses the keys of a script, such as `4 tab enter`, without waiting for what they ask for.
    pub fn press(&mut self, script: &str) {
        for key in script.split_whitespace() {
            let key = crokey::parse(key).expect("a key that crokey knows");
            let event: KeyEvent = key.into();
            self.tell(Msg::Key(event));
            // Whoever presses a key has seen what the one before did.
            self.draw(self.app.size);
        }
    }

    /// Presses keys and gets what they ask for.
    pub async fn keys(&mut self, script: &str) {
        self.press(script);
        self.answer().await;
    }

    /// Draws at a size.
    pub fn draw(&self, (width, height): (u16, u16)) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        ui::render(&self.app, area, &mut buffer);
        buffer
    }

    /// What a person reads at a size.
    pub fn text(&self, size: (u16, u16)) -> String {
        text(&self.draw(size))
    }
}

/// The lines of a buffer without the blanks at their ends.
pub fn text(buffer: &Buffer) -> String {
    let mut lines = Vec::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // What a wide character covers is no cell of its own.
            x += u16::try_from(symbol.width()).unwrap_or(1).max(1);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}
