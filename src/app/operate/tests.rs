//! Operations as somebody at the keys goes through them, against the simulation.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    app::Msg,
    cloud::{
        Call, CallOutcome, Cloud,
        meter::Tally,
        sim::{self, SimCloud, SimOptions},
    },
    error::Error,
    keymap::Keymap,
    model::environment::{Environment, Stage},
    op::{Desk, carry_out},
    theme::Theme,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The console in front of a simulation whose clock is held, and what it wants to be done.
struct Desktop {
    app: App,
    cloud: SimCloud,
    wanted: Vec<Effect>,
}

impl Desktop {
    async fn new(environment: Environment) -> Self {
        let cloud = SimCloud::new(SimOptions {
            elapsed: Some(Duration::from_hours(1)),
            ..SimOptions::default()
        });
        let theme = Theme::load(crate::theme::DEFAULT, None).unwrap().0;
        let keymap = Keymap::new(&toml::Table::new()).unwrap();
        let app = App::new(
            environment.clone(),
            vec![environment],
            theme,
            keymap,
            cloud.now(),
        );
        let mut stage = Self {
            app,
            cloud,
            wanted: Vec::new(),
        };
        stage.wanted = stage.app.go(Screen::Services);
        stage.wait(0).await;
        stage
    }

    async fn tell(&mut self, msg: Msg) {
        let effects = self.app.update(msg);
        self.wanted.extend(effects);
        Box::pin(self.perform()).await;
    }

    async fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                '\x08' => KeyCode::Backspace,
                c => KeyCode::Char(c),
            };
            let key = KeyEvent::new(code, KeyModifiers::NONE);
            self.tell(Msg::Key(key)).await;
        }
    }

    /// Chooses a command from the palette.
    async fn run(&mut self, command: &str) {
        self.press(&format!(":{command}\n")).await;
    }

    /// Lets time go on, tick by tick.
    async fn wait(&mut self, seconds: u64) {
        for _ in 0..=seconds {
            let tick = Msg::Tick {
                now: self.cloud.now(),
                spent: Tally::default(),
            };
            self.tell(tick).await;
            if seconds > 0 {
                self.cloud.rest(Duration::from_secs(1)).await;
            }
        }
    }

    /// Does what is wanted, but holds plans back that are to be carried out.
    async fn perform(&mut self) {
        let generation = self.app.generation;
        let wanted = std::mem::take(&mut self.wanted);
        for effect in wanted {
            let environment = self.app.environment.clone();
            let desk = Desk::new(&self.cloud, &environment);
            let msg = match effect {
                Effect::Read(tier) => Msg::Tier {
                    generation,
                    tier,
                    result: self.cloud.read(tier).await,
                },
                Effect::Operate(Work::Ask(request)) => {
                    let form = request.operation().form(&desk).await;
                    let report = Report::Asked(request, form);
                    Msg::Operation { generation, report }
                }
                Effect::Operate(Work::Plan(request)) => {
                    let plan = request.plan(&desk).await;
                    let report = Report::Planned(plan.map(Box::new));
                    Msg::Operation { generation, report }
                }
                held @ Effect::Operate(Work::CarryOut(..)) => {
                    self.wanted.push(held);
                    continue;
                }
                _ => continue,
            };
            let effects = self.app.update(msg);
            self.wanted.extend(effects);
        }
        if self
            .wanted
            .iter()
            .any(|e| !matches!(e, Effect::Operate(Work::CarryOut(..))))
        {
            Box::pin(self.perform()).await;
        }
    }

    /// The plan that is to be carried out, if one is.
    fn ordered(&self) -> Option<&Plan> {
        self.wanted.iter().find_map(|effect| match effect {
            Effect::Operate(Work::CarryOut(_, plan)) => Some(&**plan),
            _ => None,
        })
    }

    /// Carries out what was ordered.
    async fn carry_out(&mut self) {
        let Some(Effect::Operate(Work::CarryOut(index, plan))) = self.wanted.pop() else {
            panic!("nothing was ordered");
        };
        let environment = self.app.environment.clone();
        let mut told = Vec::new();
        let desk = Desk::new(&self.cloud, &environment);
        let fresh = carry_out(&desk, &plan, &CancellationToken::new(), |t| told.push(t)).await;
        let generation = self.app.generation;
        let told = told.into_iter().map(|told| Report::Carried(index, told));
        let fresh = fresh.map(|plan| Report::Outdated(index, Box::new(plan)));
        for report in told.chain(fresh).collect::<Vec<_>>() {
            self.tell(Msg::Operation { generation, report }).await;
        }
    }

    fn screen(&self) -> String {
        let area = ratatui::layout::Rect::new(0, 0, 110, 36);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        crate::ui::render(&self.app, area, &mut buffer);
        let cells = buffer.content().iter();
        cells.map(ratatui::buffer::Cell::symbol).collect()
    }
}

#[tokio::test]
async fn nothing_is_changed_before_somebody_says_yes() {
    let mut stage = Desktop::new(sim::environment()).await;
    for leave in ["\n", "\x1b", "n", "q"] {
        stage.run("scale").await;
        stage.press("\x083\n").await;
        assert!(stage.screen().contains("1 → 3"), "the plan is shown");
        stage.press(leave).await;
        assert!(stage.ordered().is_none(), "{leave:?} is no yes");
        assert!(stage.app.layers.is_empty());
    }
    stage.run("scale").await;
    stage.press("\x083\ny").await;
    assert!(stage.ordered().is_none(), "yes is chosen, not given");
    stage.press("\n").await;
    assert_eq!(stage.ordered().unwrap().title, "Scale frontend to 3 tasks");
}

#[tokio::test]
async fn what_destroys_or_hurts_production_takes_the_name() {
    let production = Environment {
        stage: Stage::Production,
        ..sim::environment()
    };
    // One that ends the service anywhere, and one that only hurts, in production.
    for (environment, tasks) in [(sim::environment(), "0"), (production, "2")] {
        let mut stage = Desktop::new(environment).await;
        stage.press("j").await;
        stage.run("scale").await;
        stage.press(&format!("\x08{tasks}\n")).await;
        assert!(stage.screen().contains("Type backend"), "{tasks}");
        stage.press("y\n").await;
        assert!(stage.ordered().is_none(), "yes is not the name");
        stage.press("\x08backend\n").await;
        assert!(stage.ordered().is_some());
    }
}

#[tokio::test]
async fn an_operation_is_watched_to_its_end_also_when_its_dialog_is_closed() {
    let mut stage = Desktop::new(sim::environment()).await;
    stage.run("scale").await;
    stage.press("\x083\ny\n").await;
    stage.carry_out().await;
    assert!(stage.screen().contains("under way"));
    stage.press("\x1b").await;
    assert_eq!(stage.app.running_operations(), 1);
    stage.wait(120).await;
    assert_eq!(stage.app.running_operations(), 0);
    stage.press("O").await;
    assert!(stage.screen().contains("frontend runs 3 tasks"));
    stage.press("u").await;
    assert!(stage.screen().contains("3 → 1"), "the undo is planned");
}

#[tokio::test]
async fn the_console_does_not_leave_between_two_calls() {
    let mut stage = Desktop::new(sim::environment()).await;
    stage.run("restart").await;
    stage.press("y\n").await;
    assert!(stage.app.is_calling());
    assert_eq!(stage.app.quit(), []);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(stage.app.update(Msg::Key(control_c)), []);
    stage.carry_out().await;
    assert_eq!(stage.app.quit(), [Effect::Quit]);
}

#[tokio::test]
async fn a_restarted_console_finds_what_is_under_way() {
    let mut stage = Desktop::new(sim::environment()).await;
    for call in [
        Call::RestartService {
            cluster: "hydren".to_owned(),
            service: "backend".to_owned(),
        },
        Call::SnapshotDatabase {
            database: "hydren-db".to_owned(),
            snapshot: "by-somebody".to_owned(),
        },
    ] {
        stage.cloud.execute(&call.into()).await.unwrap();
    }
    stage.wait(70).await;
    let titles: Vec<&str> = stage.app.watches.iter().map(|w| w.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Deployment of backend to backend:42",
            "Snapshot by-somebody"
        ]
    );
    stage.wait(900).await;
    assert_eq!(
        stage.app.running_operations(),
        0,
        "they are followed to their end"
    );
    assert_eq!(stage.app.watches.len(), 2, "and not found twice");
}

#[tokio::test]
async fn read_only_mode_and_denied_calls_are_known_before_they_are_tried() {
    let read_only = Environment {
        access: Access::ReadOnly,
        access_reason: Some("hydren.toml:3 says so".to_owned()),
        ..sim::environment()
    };
    let mut stage = Desktop::new(read_only).await;
    stage.press("x").await;
    assert!(
        stage
            .screen()
            .contains("✗ read-only: hydren.toml:3 says so")
    );
    stage.press("\n").await;
    assert!(stage.app.layers.is_empty(), "no form is shown");

    let mut stage = Desktop::new(sim::environment()).await;
    stage.run("restart").await;
    stage.press("y\n").await;
    let denied = Error::new(
        ErrorKind::Denied {
            action: "ecs:UpdateService".to_owned(),
        },
        "ecs:UpdateService on backend is denied",
    );
    let generation = stage.app.generation;
    for told in [Told::Made(0), Told::Refused(0, denied)] {
        let report = Report::Carried(0, told);
        stage.tell(Msg::Operation { generation, report }).await;
    }
    assert!(stage.screen().contains("is denied"));
    stage.press("\x1bx").await;
    assert!(
        stage
            .screen()
            .contains("✗ AWS has denied ecs:UpdateService")
    );
}

#[tokio::test]
async fn a_plan_that_somebody_else_overtook_is_shown_anew() {
    let mut stage = Desktop::new(sim::environment()).await;
    stage.run("scale").await;
    stage.press("\x084\ny\n").await;
    let other = Call::ScaleService {
        cluster: "hydren".to_owned(),
        service: "frontend".to_owned(),
        desired: 2,
    };
    stage.cloud.execute(&other.into()).await.unwrap();
    stage.carry_out().await;
    let screen = stage.screen();
    assert!(screen.contains("desired count was 1, is 2"), "{screen}");
    assert!(screen.contains("2 → 4"));
}

#[test]
fn a_call_that_fails_after_others_says_what_was_done_and_what_was_not() {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let call = |service: &str| Call::RestartService {
        cluster: "hydren".to_owned(),
        service: service.to_owned(),
    };
    let plan = Plan::new(
        op::Restart {
            service: "backend".to_owned(),
        },
        "Restart both",
        "backend",
        Goal::Running {
            service: "backend".to_owned(),
            desired: 1,
        },
        now,
    )
    .call(call("backend"))
    .call(call("frontend"));
    let mut watch = Watch::new(Arc::new(plan), now);
    let accepted = CallOutcome {
        summary: "backend is replacing its tasks".to_owned(),
        resource: None,
        session: None,
    };
    let lost = Error::new(ErrorKind::Unreachable, "the connection was lost");
    for told in [
        Told::Made(0),
        Told::Accepted(0, accepted),
        Told::Made(1),
        Told::Refused(1, lost),
    ] {
        watch.told(told, now);
    }
    let said = watch.outcome.unwrap().says().join(" ");
    for part in [
        "the connection was lost",
        "done before: backend is replacing its tasks",
        "not done: ecs:UpdateService",
        "plan it again",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn what_iam_would_deny_is_greyed_and_can_still_be_looked_at() {
    let mut stage = Desktop::new(sim::environment()).await;
    let asked = crate::op::questions(&stage.app.seen);
    assert!(!asked.is_empty());
    let denied: Vec<_> = asked
        .iter()
        .filter(|permission| permission.action == "ecs:UpdateService")
        .cloned()
        .collect();
    let report = Report::Permitted(asked, Ok(denied));
    let generation = stage.app.generation;
    stage.tell(Msg::Operation { generation, report }).await;
    let hindered: Vec<_> = stage.app.operations();
    let why = |name: &str| {
        let found = hindered.iter().find(|(command, _)| *command == name);
        found.and_then(|(_, why)| why.clone())
    };
    assert_eq!(
        why("scale").as_deref(),
        Some("IAM's policy simulator denies ecs:UpdateService")
    );
    assert_eq!(why("stop-task"), None);
    // The simulator does not know all: the plan is made.
    stage.run("restart").await;
    assert!(matches!(stage.app.layers.last(), Some(Layer::Review(_))));
}

#[tokio::test]
async fn a_snapshot_is_offered_in_front_of_new_code_and_the_plan_waits_below() {
    let mut stage = Desktop::new(sim::environment()).await;
    let rollout = op::RollOut {
        service: "backend".to_owned(),
        image: Some("1.21.0-b7d20e5".to_owned()),
        ..op::RollOut::default()
    };
    let effects = stage.app.begin(rollout.into());
    stage.wanted.extend(effects);
    stage.perform().await;
    assert!(
        stage
            .screen()
            .contains("a snapshot of the database can be taken"),
        "{}",
        stage.screen()
    );
    let key = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
    stage.tell(Msg::Key(key)).await;
    stage.press("\n").await;
    let planned = |stage: &Desktop| {
        let titles = stage.app.layers.iter().filter_map(|layer| match layer {
            Layer::Review(review) => Some(review.plan.title.clone()),
            _ => None,
        });
        titles.collect::<Vec<_>>()
    };
    let titles = planned(&stage);
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles[1].starts_with("Snapshot of"), "{titles:?}");
    stage.press("y\n").await;
    stage.press("\x1b").await;
    assert_eq!(planned(&stage), titles[..1]);
}

#[tokio::test]
async fn a_service_can_be_operated_from_the_image_that_it_runs() {
    let mut stage = Desktop::new(sim::environment()).await;
    stage.press("6").await;
    stage.run("next-pane").await;
    stage.run("restart").await;
    // What is selected is a repository: which service is meant is not guessed.
    assert!(stage.app.layers.is_empty(), "{}", stage.screen());
    stage.run("previous-pane").await;
    stage.run("restart").await;
    let Some(Layer::Review(review)) = stage.app.layers.last() else {
        panic!("{}", stage.screen());
    };
    assert_eq!(review.plan.title, "Restart frontend");
}
