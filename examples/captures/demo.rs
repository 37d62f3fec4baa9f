//! The console on the simulated environment, without a terminal and without waiting: every effect is performed to its end.

use futures::StreamExt as _;
use hydren::{
    app::{App, Effect, Msg, Screen},
    audit::AuditLogs,
    cli::Output,
    cloud::{
        Cloud,
        sim::{self, SimOptions},
    },
    command,
    config::Surroundings,
    connect::{Opened, Opener},
    engine::workshop::Workshop,
    error::{Error, ErrorKind, Result},
    keymap::Keymap,
    model::log::Followed,
    report::{self, status::Status},
    runtime,
    theme::{self, Theme},
    triage, ui,
};
use indexmap::IndexMap;
use ratatui::{buffer::Buffer, layout::Rect};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::runtime::Runtime;

/// The simulation that captures and benches look at: seed 7, half an hour after its epoch, as in `--seed 7 --elapsed 30m`.
fn simulation() -> SimOptions {
    SimOptions {
        seed: 7,
        elapsed: Some(Duration::from_mins(30)),
        ..SimOptions::default()
    }
}

/// A console whose clock stands still.
pub struct Demo {
    /// The console.
    pub app: App,
    cloud: Arc<dyn Cloud>,
    workshop: Arc<Workshop>,
    runtime: Runtime,
}

impl Demo {
    /// Opens the console on the overview, in the default theme and with the default keys; nothing is read yet.
    ///
    /// # Errors
    /// The default theme or keys are broken, or no thread can be started.
    pub fn new() -> Result<Self> {
        let opener = Opener {
            simulation: simulation(),
            // Nothing is changed, and so nothing is written.
            audit_logs: AuditLogs::in_folder(Path::new("/nonexistent")),
            components: IndexMap::new(),
            around: Surroundings::default(),
            environments: vec![sim::environment()],
        };
        let (theme, _) = Theme::load(theme::DEFAULT, None)?;
        let keymap = Keymap::new(&toml::Table::new())?;
        let environment = sim::environment();
        let Opened { cloud, workshop } = opener.open(&environment);
        let mut app = App::new(
            environment.clone(),
            vec![environment],
            theme,
            keymap,
            cloud.now(),
        );
        app.update(Msg::Resize(super::SIZE.0, super::SIZE.1));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|e| Error::new(ErrorKind::Io, "no thread can be started").source(e))?;
        Ok(Self {
            app,
            cloud,
            workshop,
            runtime,
        })
    }

    /// Lets a second strike and says what the console wants to be read.
    pub fn tick(&mut self) -> Vec<Effect> {
        let spent = self.cloud.meter().total();
        self.app.update(Msg::Tick {
            now: self.cloud.now(),
            spent,
        })
    }

    /// Reads everything that the console asks for, until it asks for nothing more.
    pub fn settle(&mut self) {
        loop {
            let mut wanted = self.tick();
            if wanted.is_empty() {
                return;
            }
            while let Some(effect) = wanted.pop() {
                for answer in self.answer(effect) {
                    wanted.extend(self.app.update(answer));
                }
            }
        }
    }

    /// Opens a screen by its command and reads what it needs.
    ///
    /// # Errors
    /// The command table has no command of the screen's name.
    pub fn open(&mut self, screen: Screen) -> Result<()> {
        let name = screen.command();
        let command = command::find(name).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("the command table lacks `{name}`"),
            )
        })?;
        for effect in (command.run)(&mut self.app) {
            for answer in self.answer(effect) {
                self.app.update(answer);
            }
        }
        self.settle();
        Ok(())
    }

    /// Draws the console.
    pub fn draw(&self, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        ui::render(&self.app, area, &mut buffer);
        buffer
    }

    /// What `hydren status` prints of the same moment.
    ///
    /// # Errors
    /// The report cannot be written.
    pub fn status(&self) -> Result<String> {
        let environment = &self.app.environment;
        let seen = self
            .runtime
            .block_on(report::observe(&*self.cloud, environment));
        let now = self.cloud.now();
        let assessment = triage::assess(environment, &seen, now);
        let status = Status {
            environment,
            seen: &seen,
            assessment: &assessment,
            now,
            api: self.cloud.meter().total(),
        };
        status.print(Output::Table)
    }

    /// Performs a reading effect; the others have no answer. What is followed is told up to the present.
    fn answer(&self, effect: Effect) -> Vec<Msg> {
        let generation = self.app.generation;
        let cloud = &self.cloud;
        self.runtime.block_on(async {
            match effect {
                Effect::Read(tier) => vec![Msg::Tier {
                    generation,
                    tier,
                    result: cloud.read(tier).await,
                }],
                Effect::ReadMetrics(purpose, ids, window) => vec![Msg::Metrics {
                    generation,
                    purpose,
                    result: cloud.metrics(&ids, window).await,
                }],
                Effect::ReadCosts(ask) => vec![Msg::Costs {
                    generation,
                    told: runtime::read_costs(&**cloud, ask).await,
                }],
                Effect::ReadIdentity => vec![Msg::Identity {
                    generation,
                    result: cloud.identity().await,
                }],
                Effect::Follow(follow) => {
                    let mut answers = Vec::new();
                    // Groups answer in any order; pictures want one.
                    let mut lines = Vec::new();
                    let mut stream = cloud.follow(follow);
                    while let Some(told) = stream.next().await {
                        let done = matches!(told, Followed::UpTo(at) if at >= cloud.now());
                        match told {
                            Followed::Lines(some) => lines.extend(some),
                            told => answers.push(Msg::Log { generation, told }),
                        }
                        if done {
                            break;
                        }
                    }
                    lines.sort_by(|a, b| {
                        (a.at, &a.group, &a.stream).cmp(&(b.at, &b.group, &b.stream))
                    });
                    let told = Followed::Lines(lines);
                    answers.insert(0, Msg::Log { generation, told });
                    answers
                }
                Effect::LookAtBench => vec![Msg::Bench {
                    generation,
                    result: Ok(Arc::new(self.workshop.look().await)),
                }],
                Effect::AddFlows(job) => vec![Msg::Flows {
                    generation,
                    sums: Box::new(job.run()),
                }],
                _ => Vec::new(),
            }
        })
    }
}
