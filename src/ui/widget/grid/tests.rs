use super::{super::sheet, *};
use crate::grid::Filter;
use proptest::prelude::*;

const COLUMNS: &[Column] = &[
    Column::new("task", Width::Fixed(8)),
    Column::new("state", Width::Fit(6, 14)),
    Column::new("reason", Width::Share(12)),
    Column::new("cpu", Width::Fixed(6)).right().drop(1),
    Column::new("started", Width::Fixed(7)).right().drop(2),
];

fn now() -> Timestamp {
    "2026-11-22T14:03:27Z".parse().unwrap()
}

fn row(id: &str, health: Health, word: &str, reason: &str, cpu: Option<f64>) -> Row {
    let minutes = jiff::SignedDuration::from_mins(12);
    Row {
        id: id.to_owned(),
        cells: vec![
            Cell::text(id),
            Cell::health(health, word),
            Cell::text(reason).role(Role::Muted),
            cpu.map_or_else(Cell::missing, |v| Cell::number(v, format!("{v:.0} %"))),
            Cell::age(now().checked_sub(minutes).ok()),
        ],
        describe: serde_json::Value::Null,
        link: None,
    }
}

fn tasks() -> Grid {
    Grid {
        columns: COLUMNS,
        rows: vec![
            row("9f2c41d8", Health::Ok, "running", "", Some(61.0)),
            row(
                "77aa0b13",
                Health::Critical,
                "stopped",
                "Essential container in task exited",
                None,
            ),
            row(
                "c0ffee00",
                Health::Warning,
                "draining",
                "日本語のとても長い理由",
                Some(4.0),
            ),
            row(
                "\x1b[2J\u{202e}x",
                Health::Unknown,
                "a\r\nb",
                "\x1b]52;c;ZXZpbA==\x07",
                Some(0.0),
            ),
        ],
    }
}

fn look<'a>(theme: &'a Theme, grid: &'a Grid, state: &'a GridState) -> Sheet<'a> {
    Sheet {
        theme,
        now: now(),
        grid,
        state,
        focus: Focus::Here,
    }
}

fn many(count: usize) -> Grid {
    let rows = (0..count).map(|i| row(&format!("task{i:04}"), Health::Ok, "running", "", None));
    Grid {
        columns: COLUMNS,
        rows: rows.collect(),
    }
}

fn seen(grid: &Grid) -> GridState {
    let mut state = GridState::default();
    state.refresh(grid);
    state
}

#[test]
fn wide_and_narrow_tables_neutralise_cut_and_drop_columns() {
    let (theme, grid) = (Theme::default(), tasks());
    let mut state = seen(&grid);
    state.sort = Some((3, Direction::Down));
    state.refresh(&grid);
    let sheet = look(&theme, &grid, &state);
    let drawn = [100, 60, 36, 12].map(|w| sheet::lines(&sheet::draw(&sheet, w, 5)));
    insta::assert_snapshot!(drawn.join("――\n"));
}

#[test]
fn the_selected_row_is_in_sight_wherever_it_is() {
    let (theme, grid) = (Theme::default(), many(5_000));
    let mut state = seen(&grid);
    for position in [0, 1, 8, 9, 10, 2_500, 4_999] {
        state.select(&grid, position);
        let drawn = sheet::lines(&sheet::draw(&look(&theme, &grid, &state), 60, 10));
        assert!(
            drawn.contains(&format!("task{position:04}")),
            "{position}: {drawn}"
        );
        assert_eq!(
            drawn
                .lines()
                .filter(|line| line.starts_with("task0")
                    || line.starts_with("task2")
                    || line.starts_with("task4"))
                .count(),
            9
        );
    }
}

#[test]
fn quiet_text_stays_readable_under_the_selection() {
    let grid = tasks();
    let state = seen(&grid);
    for name in Theme::embedded() {
        let (theme, _) = Theme::load(name, None).unwrap();
        let buffer = sheet::draw(&look(&theme, &grid, &state), 100, 5);
        // The age of the first row, which is selected, is muted elsewhere.
        let text = style(&theme, Role::Text).fg;
        let age = (0..100)
            .rev()
            .find(|x| buffer[(*x, 1)].symbol() == "m")
            .unwrap();
        assert_eq!(Some(buffer[(age, 1)].fg), text, "{name}");
    }
}

#[test]
fn a_filter_leaves_only_its_rows() {
    let (theme, grid) = (Theme::default(), tasks());
    let mut state = seen(&grid);
    state.filter = Filter::parse("state:stopped");
    state.refresh(&grid);
    let drawn = sheet::lines(&sheet::draw(&look(&theme, &grid, &state), 60, 5));
    assert!(
        drawn.contains("77aa0b13") && !drawn.contains("9f2c41d8"),
        "{drawn}"
    );
}

#[test]
fn a_text_that_is_wider_drawn_than_measured_stays_inside_too() {
    let text = "\u{ff9e}𝕊  𝔻🌀𑎋A®ﬀ";
    let grid = Grid {
        columns: COLUMNS,
        rows: vec![row(text, Health::Warning, text, text, Some(1.0)); 9],
    };
    let state = seen(&grid);
    let theme = Theme::default();
    let mut buffer = Buffer::empty(Rect::new(0, 0, 54, 12));
    let area = Rect::new(2, 2, 4, 2);
    look(&theme, &grid, &state).render(area, &mut buffer);
    for y in 0..12 {
        for x in (0..54).filter(|x| !area.contains((*x, y).into())) {
            assert_eq!(buffer[(x, y)].symbol(), " ", "{x},{y}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_in_any_area_stays_inside_of_it(text in "\\PC{0,40}|[\\x00-\\x9f\\u{202e}日]{0,20}", width in 0u16..50, height in 0u16..8) {
        let theme = Theme::default();
        let grid = Grid { columns: COLUMNS, rows: vec![row(&text, Health::Warning, &text, &text, Some(1.0)); 9] };
        let state = seen(&grid);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 54, 12));
        let area = Rect::new(2, 2, width, height);
        look(&theme, &grid, &state).render(area, &mut buffer);
        for y in 0..12 {
            for x in 0..54 {
                let symbol = buffer[(x, y)].symbol();
                prop_assert!(!symbol.chars().any(crate::text::is_hostile));
                if !area.contains((x, y).into()) {
                    prop_assert_eq!(symbol, " ", "{},{}", x, y);
                }
            }
        }
    }
}
