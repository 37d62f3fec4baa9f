//! The views over the simulated environment half an hour into the demo, as it is and with single things broken.

mod broken;

use super::{Chart, Field, Scope, charts, fields, grid};
use crate::{
    app::{ChartWindow, Flows, Pane, Screen},
    cloud::{
        Cloud as _,
        sim::{self, SimCloud, SimOptions},
    },
    format,
    grid::{Row, Value},
    model::{Health, Snapshot, Tier, environment::Environment, metric::Window},
    observe::Observations,
    triage,
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
    time::Duration,
};

/// What was observed, open to be broken.
struct World {
    environment: Environment,
    seen: Observations,
    now: Timestamp,
    service: Option<&'static str>,
}

impl World {
    async fn ordinary() -> Self {
        static CLOUD: OnceLock<SimCloud> = OnceLock::new();
        let cloud = CLOUD.get_or_init(|| {
            SimCloud::new(SimOptions {
                elapsed: Some(Duration::from_mins(30)),
                ..SimOptions::default()
            })
        });
        let (environment, now) = (sim::environment(), cloud.now());
        let mut seen = Observations::default();
        for tier in Tier::ALL {
            seen.tier_mut(tier).settle(cloud.read(tier).await, now);
        }
        let mut ids = triage::base_metrics(&environment, &seen);
        for tier in Tier::ALL {
            ids.extend(triage::screen_metrics(tier, &environment, &seen));
        }
        let metrics = cloud.metrics(&ids, Window::last(now, 3_600)).await;
        seen.metrics.settle(metrics.map(Into::into), now);
        Self {
            environment,
            seen,
            now,
            service: Some("backend"),
        }
    }

    /// What was read of a tier, to be changed.
    fn snapshot(&mut self, tier: Tier) -> &mut Snapshot {
        let value = self.seen.tier_mut(tier).value.as_mut();
        value.expect("the simulation answers for every tier")
    }

    fn look<T>(&self, at: impl FnOnce(&Scope<'_>) -> T) -> T {
        let assessment = triage::assess(&self.environment, &self.seen, self.now);
        let timeline = triage::timeline(&self.seen);
        at(&Scope {
            environment: &self.environment,
            seen: &self.seen,
            assessment: &assessment,
            timeline: &timeline,
            flows: &Flows::default(),
            costs: None,
            spend: None,
            book: crate::cost::Book::embedded(),
            turned: &crate::cost::Turned::new(),
            calls: &crate::cloud::meter::Calls::new(),
            log_sources: &[],
            log_failures: &BTreeMap::new(),
            window: ChartWindow::default(),
            service: self.service,
            target_group: None,
            repository: None,
            now: self.now,
        })
    }

    fn rows(&self, pane: Pane) -> Vec<Row> {
        self.look(|scope| grid(pane, scope)).rows
    }

    /// The cells of a pane's row as they are read, by column; the row is found by a word in any of its cells.
    fn row(&self, pane: Pane, word: &str) -> Vec<(&'static str, String)> {
        let grid = self.look(|scope| grid(pane, scope));
        let texts = |row: &Row| -> Vec<String> {
            let cells = row.cells.iter();
            cells.map(|cell| self.read(&cell.value)).collect()
        };
        let found = grid.rows.iter().map(texts);
        let cells = found
            .into_iter()
            .find(|cells| cells.iter().any(|text| text.contains(word)))
            .unwrap_or_else(|| panic!("{pane:?} has no row with {word}"));
        let titles = grid.columns.iter().map(|column| column.title);
        titles.zip(cells).collect()
    }

    fn cell(&self, pane: Pane, word: &str, column: &str) -> String {
        let row = self.row(pane, word);
        let cell = row.iter().find(|(title, _)| *title == column);
        cell.unwrap_or_else(|| panic!("{pane:?} has no column {column}"))
            .1
            .clone()
    }

    fn field(&self, screen: Screen, label: &str) -> Option<String> {
        let all: Vec<Field> = self.look(|scope| fields(screen, scope));
        let field = all.iter().find(|field| field.label == label)?;
        Some(self.read(&field.value.value))
    }

    /// A value as the screen writes it, states with their glyph.
    fn read(&self, value: &Value) -> String {
        match value {
            Value::Age(at) => format::age(self.now.as_second() - at.as_second()),
            Value::At(at) => format::date_time(*at),
            Value::Health(health, word) => format!("{} {word}", health.glyph()),
            value => value.text().into_owned(),
        }
    }
}

/// The screens of single tiers.
const SCREENS: [Screen; 7] = [
    Screen::Edge,
    Screen::Balancer,
    Screen::Services,
    Screen::Database,
    Screen::Images,
    Screen::Alarms,
    Screen::Network,
];

#[tokio::test]
async fn every_row_has_a_cell_for_each_column_and_an_id_of_its_own() {
    let world = World::ordinary().await;
    for pane in Pane::ALL {
        let grid = world.look(|scope| grid(*pane, scope));
        let ids: BTreeSet<&str> = grid.rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids.len(), grid.rows.len(), "{pane:?}");
        for row in &grid.rows {
            assert_eq!(row.cells.len(), grid.columns.len(), "{pane:?}");
            assert!(!row.describe.is_null(), "{pane:?}");
        }
    }
}

#[tokio::test]
async fn no_word_of_ours_shouts_or_shows_a_type() {
    let world = World::ordinary().await;
    let shouted = |text: &str| {
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        // An underscore between capitals is an AWS constant; so is a Rust value in debug form.
        words.any(|w| w.contains('_') && w.chars().all(|c| c.is_uppercase() || c == '_'))
            || text.contains("Some(")
    };
    for screen in SCREENS {
        for field in world.look(|scope| fields(screen, scope)) {
            let text = world.read(&field.value.value);
            assert!(!shouted(&text), "{screen:?} {}: {text}", field.label);
        }
        for pane in screen.panes() {
            for row in world.rows(*pane) {
                let states = row
                    .cells
                    .iter()
                    .filter(|c| matches!(c.value, Value::Health(..)));
                for cell in states {
                    assert!(!shouted(&world.read(&cell.value)), "{pane:?} {}", row.id);
                }
            }
        }
    }
}

#[tokio::test]
async fn every_chart_draws_series_that_are_queried_and_have_values() {
    let world = World::ordinary().await;
    let metrics = world
        .seen
        .metrics
        .value
        .as_ref()
        .expect("metrics were read");
    for screen in SCREENS {
        let charts: Vec<Chart> = world.look(|scope| charts(screen, scope));
        for chart in charts {
            assert!(!chart.series.is_empty(), "{screen:?} {}", chart.title);
            for (label, id) in &chart.series {
                let series = metrics.series.get(id);
                let known = series.is_some_and(|s| s.values.iter().any(|v| v.is_finite()));
                assert!(known, "{screen:?} {}: {label}", chart.title);
            }
        }
    }
}

#[tokio::test]
async fn an_ordinary_hour_looks_well_on_every_screen() {
    let world = World::ordinary().await;
    for pane in Pane::ALL {
        for row in world.rows(*pane) {
            for cell in &row.cells {
                let alarming = matches!(
                    cell.value,
                    Value::Health(Health::Warning | Health::Critical, _)
                );
                // What is long past may have been bad.
                let past = matches!(pane, Pane::Timeline | Pane::AlarmHistory | Pane::Tasks);
                assert!(!alarming || past, "{pane:?} {}: {:?}", row.id, cell.value);
            }
        }
    }
}

#[tokio::test]
async fn a_service_shows_its_tasks_load_and_size_in_units() {
    let world = World::ordinary().await;
    assert_eq!(
        world.row(Pane::Services, "backend:"),
        [
            ("service", "backend"),
            ("state", "● steady"),
            ("tasks", "3/3"),
            ("cpu", "55 %"),
            ("memory", "56 %"),
            ("size", "0.5 vCPU 2 GB"),
            ("scaling", "1..6"),
            ("revision", "backend:42"),
            ("deployment", "successful"),
        ]
        .map(|(title, text)| (title, text.to_owned()))
    );
}

#[tokio::test]
async fn the_panes_below_follow_the_selected_service() {
    let mut world = World::ordinary().await;
    assert_eq!(world.rows(Pane::Containers)[0].id, "backend");
    world.service = Some("frontend");
    assert_eq!(world.rows(Pane::Containers)[0].id, "frontend");
    assert_eq!(world.rows(Pane::Scaling).len(), 0);
}

#[tokio::test]
async fn images_are_named_by_repository_and_tag() {
    let world = World::ordinary().await;
    let image = world.cell(Pane::Running, "hydren/backend", "image");
    assert_eq!(image, "hydren/backend:1.20.0-9c41e7a");
}

#[tokio::test]
async fn a_security_group_that_is_let_in_is_named() {
    let world = World::ordinary().await;
    assert_eq!(
        world.cell(Pane::SecurityRules, "hydren-backend", "peer"),
        "hydren-alb"
    );
}

#[tokio::test]
async fn the_database_tells_sizes_limits_and_windows() {
    let world = World::ordinary().await;
    let field = |label| world.field(Screen::Database, label).expect("a fact");
    assert_eq!(field("storage"), "19.0 of 50 GiB used · gp3 · grows to 100");
    assert_eq!(field("connections"), "27 of about 450");
    assert_eq!(field("maintenance"), "Sun 04:30–05:00 UTC");
    assert_eq!(field("backups"), "7 days · 03:00–03:30 UTC");
}

#[tokio::test]
async fn alarms_that_steer_autoscaling_stand_last_under_a_short_name() {
    let world = World::ordinary().await;
    let names: Vec<String> = world
        .rows(Pane::Alarms)
        .iter()
        .map(|row| world.read(&row.cells[2].value))
        .collect();
    assert_eq!(
        names[names.len() - 2..],
        ["backend scales out", "backend scales in"]
    );
    assert_eq!(
        world.cell(Pane::Alarms, "hydren-db-storage", "condition"),
        "Minimum < 5.0 GiB, 5/5 × 60 s"
    );
}

#[tokio::test]
async fn a_row_keeps_its_id_when_newer_ones_arrive() {
    let mut world = World::ordinary().await;
    let before: Vec<String> = world
        .rows(Pane::DatabaseEvents)
        .into_iter()
        .map(|r| r.id)
        .collect();
    let Snapshot::Database(database) = world.snapshot(Tier::Rds) else {
        panic!("the database's tier");
    };
    let database = std::sync::Arc::make_mut(database);
    database.events.insert(0, database.events[0].clone());
    let after: Vec<String> = world
        .rows(Pane::DatabaseEvents)
        .into_iter()
        .map(|r| r.id)
        .collect();
    assert_eq!(after[1..], before);
    assert_ne!(after[0], after[1]);
}

#[test]
fn words_of_aws_are_written_plainly() {
    assert_eq!(
        ["ROLLBACK_IN_PROGRESS", "InProgress", "redirect-to-https"].map(super::words),
        ["rollback in progress", "in progress", "redirect to https"]
    );
    assert_eq!(
        super::short_image("123456789012.dkr.ecr.us-east-1.amazonaws.com/app/api:1"),
        "app/api:1"
    );
    assert_eq!(super::short_image("app/api:1"), "app/api:1");
    assert_eq!(
        super::service_event("(service api) has reached a steady state."),
        "has reached a steady state."
    );
}
