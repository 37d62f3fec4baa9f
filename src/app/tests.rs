//! What the console does about messages, as its user would notice it.

use super::*;
use crate::{
    cloud::sim,
    config::LogSettings,
    error::ErrorKind,
    model::{
        alarm::{Alarm, AlarmState, Alarms},
        log::{InsightsAnswer, LogEvent, QueryState},
    },
};
use crossterm::event::{KeyCode, KeyModifiers};
use jiff::SignedDuration;

fn app() -> App {
    let environment = sim::environment();
    let theme = Theme::load(crate::theme::DEFAULT, None).unwrap().0;
    let keymap = Keymap::new(&toml::Table::new()).unwrap();
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    App::new(environment.clone(), vec![environment], theme, keymap, now)
}

fn tick(app: &mut App, seconds: i64) -> Vec<Effect> {
    let now = app.now + SignedDuration::from_secs(seconds);
    app.update(Msg::Tick {
        now,
        spent: Tally::default(),
    })
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        effects.extend(app.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))));
    }
    effects
}

fn alarm(name: &str, state: AlarmState) -> Alarm {
    Alarm {
        name: name.into(),
        arn: format!("arn:{name}"),
        state,
        reason: String::new(),
        since: None,
        region: "us-east-1".into(),
        metric: String::new(),
        dimensions: Vec::new(),
        condition: String::new(),
        actions_enabled: true,
        actions: 1,
        owned_by_autoscaling: false,
        billing: crate::model::alarm::AlarmBilling::Standard { metrics: 1 },
    }
}

fn alarms(names: &[&str]) -> Snapshot {
    let alarms = names.iter().map(|n| alarm(n, AlarmState::Ok)).collect();
    Snapshot::Alarms(Arc::new(Alarms {
        alarms,
        ..Alarms::default()
    }))
}

fn answer(app: &mut App, result: Result<Snapshot>) -> Vec<Effect> {
    let generation = app.generation;
    app.update(Msg::Tier {
        generation,
        tier: Tier::Alarms,
        result,
    })
}

fn shown(app: &App) -> Vec<&str> {
    let view = app.pane(Pane::Alarms);
    view.state
        .order
        .iter()
        .map(|&i| view.grid.rows[i].id.as_str())
        .collect()
}

#[test]
fn the_first_tick_asks_for_every_tier_and_the_next_for_none_that_is_under_way() {
    let mut app = app();
    let first = tick(&mut app, 0);
    let tiers = first
        .iter()
        .filter(|e| matches!(e, Effect::Read(_)))
        .count();
    assert_eq!(tiers, Tier::ALL.len());
    assert!(first.contains(&Effect::ReadIdentity));
    assert!(
        tick(&mut app, 600)
            .iter()
            .all(|e| !matches!(e, Effect::Read(_)))
    );
}

#[test]
fn a_failed_read_keeps_the_last_good_rows_and_is_counted_as_unread_error() {
    let mut app = app();
    tick(&mut app, 0);
    app.go(Screen::Alarms);
    answer(&mut app, Ok(alarms(&["5xx", "cpu"])));
    answer(&mut app, Err(Error::new(ErrorKind::Throttled, "slow down")));
    assert_eq!(shown(&app), ["5xx", "cpu"]);
    assert!(app.seen.tier(Tier::Alarms).error.is_some());
    assert_eq!(app.unread_errors, 1);
    press(&mut app, "!");
    assert_eq!(app.unread_errors, 0, "looking at the errors reads them");
}

#[test]
fn the_same_error_again_and_again_is_one_error() {
    let mut app = app();
    for _ in 0..50 {
        answer(
            &mut app,
            Err(Error::new(ErrorKind::Unreachable, "no answer")),
        );
    }
    assert_eq!(app.errors.len(), 1);
}

#[test]
fn answers_to_an_earlier_environment_are_dropped() {
    let mut app = app();
    tick(&mut app, 0);
    let old = app.generation;
    let other = Environment {
        name: "other".into(),
        ..app.environment.clone()
    };
    let effects = app.connect(other);
    assert!(matches!(effects.first(), Some(Effect::Connect(e)) if e.name == "other"));
    app.update(Msg::Tier {
        generation: old,
        tier: Tier::Alarms,
        result: Ok(alarms(&["of the old one"])),
    });
    assert!(shown(&app).is_empty());
}

#[test]
fn freezing_stops_polling_and_resuming_starts_it() {
    let mut app = app();
    tick(&mut app, 0);
    answer(&mut app, Ok(alarms(&["a"])));
    press(&mut app, "p");
    assert!(tick(&mut app, 3_600).is_empty());
    let resumed = press(&mut app, "p");
    assert!(resumed.contains(&Effect::Read(Tier::Alarms)));
}

#[test]
fn polling_slows_down_when_nobody_presses_a_key() {
    let mut app = app();
    tick(&mut app, 0);
    answer(&mut app, Ok(alarms(&["a"])));
    for _ in 0..poll::IDLE_AFTER {
        tick(&mut app, 1);
        answer(&mut app, Ok(alarms(&["a"])));
    }
    assert_eq!(app.pace, Pace::Idle);
    let soon = tick(&mut app, poll::interval(Tier::Alarms) + 1);
    assert!(!soon.contains(&Effect::Read(Tier::Alarms)));
    press(&mut app, "j");
    let woken = tick(&mut app, 1);
    assert!(woken.contains(&Effect::Read(Tier::Alarms)));
}

#[test]
fn typing_a_filter_narrows_rows_and_escape_brings_them_back() {
    let mut app = app();
    answer(&mut app, Ok(alarms(&["alb-5xx", "db-cpu"])));
    press(&mut app, "8/db");
    assert_eq!(shown(&app), ["db-cpu"]);
    press(&mut app, "\n");
    assert!(app.layers.is_empty());
    assert_eq!(shown(&app), ["db-cpu"], "enter keeps the filter");
    press(&mut app, "\x1b");
    assert_eq!(shown(&app), ["alb-5xx", "db-cpu"]);
}

#[test]
fn copying_gives_the_selected_identifier() {
    let mut app = app();
    answer(&mut app, Ok(alarms(&["alb-5xx", "db-cpu"])));
    assert_eq!(
        press(&mut app, "8jy").last(),
        Some(&Effect::Copy("db-cpu".into()))
    );
}

#[test]
fn the_palette_runs_what_is_found_and_escape_goes_back_screen_by_screen() {
    let mut app = app();
    press(&mut app, ":databas\n");
    assert_eq!(app.screen, Screen::Database);
    press(&mut app, "9\x1b");
    assert_eq!(app.screen, Screen::Database);
    press(&mut app, "\x1b");
    assert_eq!(app.screen, Screen::Overview);
}

#[test]
fn an_unknown_key_says_where_help_is_and_changes_nothing() {
    let mut app = app();
    let effects = press(&mut app, "Z");
    assert!(effects.is_empty());
    assert!(
        app.notice
            .as_ref()
            .is_some_and(|(text, _)| text.contains('?'))
    );
}

#[test]
fn idle_ticks_within_a_minute_draw_nothing() {
    let mut app = app();
    tick(&mut app, 60);
    app.dirty = false;
    tick(&mut app, 1);
    tick(&mut app, 1);
    assert!(!app.dirty);
}

#[test]
fn control_c_leaves_from_any_dialog() {
    for dialog in ["", ":", "/", "?", "!"] {
        let mut app = app();
        press(&mut app, dialog);
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(app.update(Msg::Key(key)), [Effect::Quit], "from {dialog:?}");
    }
}

#[test]
fn a_fast_demo_neither_swallows_notices_nor_calls_its_watcher_idle() {
    let mut app = app();
    tick(&mut app, 0);
    press(&mut app, "Z");
    tick(&mut app, 3_600);
    assert!(app.notice.is_some());
    assert_eq!(app.pace, Pace::Watched);
    for _ in 0..10 {
        tick(&mut app, 1);
    }
    assert!(app.notice.is_none());
}

#[test]
fn asking_for_an_open_dialog_again_does_not_stack_it() {
    let mut app = app();
    press(&mut app, "???");
    assert_eq!(app.layers.len(), 1);
    press(&mut app, "!?!");
    assert_eq!(app.layers.len(), 2);
}

#[test]
fn q_closes_a_dialog_and_leaves_only_from_a_screen() {
    let mut app = app();
    assert!(press(&mut app, "?q").is_empty());
    assert!(app.layers.is_empty());
    assert_eq!(press(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn a_theme_that_does_not_exist_is_said_at_once() {
    let mut app = app();
    app.update(Msg::Theme(Err(Error::new(
        ErrorKind::Config,
        "there is no theme `nope`",
    ))));
    assert!(
        app.notice
            .as_ref()
            .is_some_and(|(text, _)| text.contains("nope"))
    );
}

#[test]
fn a_fault_that_shows_in_several_tiers_is_told_once() {
    let mut app = app();
    tick(&mut app, 1);
    let expired = || Error::new(ErrorKind::Expired, "the credentials expired");
    for tier in [Tier::Route53, Tier::Waf, Tier::Route53] {
        app.update(Msg::Tier {
            generation: app.generation,
            tier,
            result: Err(expired()),
        });
    }
    assert_eq!(app.errors.len(), 1);
    assert_eq!(app.unread_errors, 1);
    assert_eq!(app.errors[0].places, ["Route 53", "WAF"]);

    tick(&mut app, 600);
    app.update(Msg::Tier {
        generation: app.generation,
        tier: Tier::Alb,
        result: Err(expired()),
    });
    assert_eq!(app.errors.len(), 2, "ten minutes later it is another fault");
}

#[test]
fn a_text_scrolled_past_its_end_moves_back_with_the_first_key() {
    let mut app = app();
    press(&mut app, "?G");
    let Some(Layer::Help(lines)) = app.layers.last() else {
        panic!("the help is open");
    };
    assert_eq!(
        lines.top(50, 20),
        0,
        "nothing was drawn before: the end was not known"
    );
    press(&mut app, "GGjjj");
    let top = |app: &App| match app.layers.last() {
        Some(Layer::Help(lines)) => lines.top(50, 20),
        _ => panic!("the help is open"),
    };
    assert_eq!(top(&app), 30);
    press(&mut app, "k");
    assert_eq!(top(&app), 29);
}

#[test]
fn a_typed_region_that_is_none_is_refused() {
    let mut app = app();
    app.environment.simulated = false;
    app.update(Msg::Key(KeyEvent::new(
        KeyCode::Char('g'),
        KeyModifiers::CONTROL,
    )));
    press(&mut app, "Ireland1\n");
    assert_ne!(app.environment.region, "Ireland1");
    let (notice, _) = app.notice.clone().expect("it says why");
    assert!(notice.contains("Ireland1"), "{notice}");
}

#[test]
fn a_theme_that_says_something_unusable_is_taken_and_its_fault_told() {
    let mut app = app();
    let theme = Theme::load("nord", None).unwrap().0;
    app.update(Msg::Theme(Ok((
        Box::new(theme),
        vec!["theme mine: there is no role `colour`".to_owned()],
    ))));
    assert_eq!(app.theme.name(), "nord");
    let (notice, _) = app.notice.clone().expect("the fault is told");
    assert!(notice.contains("no role"), "{notice}");
}

#[test]
fn panes_of_a_screen_that_was_not_open_have_their_rows_when_it_opens() {
    let mut app = app();
    app.update(Msg::Tier {
        generation: app.generation,
        tier: Tier::Alarms,
        result: Ok(alarms(&["errors", "latency"])),
    });
    press(&mut app, "8");
    assert_eq!(app.pane(Pane::Alarms).grid.rows.len(), 2);
}

#[test]
fn what_a_search_of_another_environments_lines_found_is_dropped() {
    let mut app = app();
    app.go(Screen::Logs);
    let event = |message: &str| crate::model::log::LogEvent {
        at: app.now,
        ingested: None,
        group: "g".to_owned(),
        stream: "s".to_owned(),
        id: None,
        message: message.to_owned(),
    };
    let lines = vec![event("error one"), event("two")];
    app.logs.take(Followed::Lines(lines));
    app.logs.settle();
    let effects = press(&mut app, "ferror\n");
    let Some(Effect::Search(purpose, job)) = effects.into_iter().next_back() else {
        panic!("a filter is looked for");
    };
    let mut found = Vec::new();
    job.run(|part| {
        found.push(part);
        true
    });
    let mut other = app.environment.clone();
    other.name = "other".to_owned();
    let before = app.generation;
    app.connect(other);
    app.go(Screen::Logs);
    press(&mut app, "ftwo\n");
    for found in found {
        app.update(Msg::Found {
            generation: before,
            purpose,
            found,
        });
    }
    assert_eq!(app.logs.ids().len(), 0);
}

/// Lines of one stream, a second apart, the last one now.
fn log_lines(app: &App, texts: &[&str]) -> Followed {
    let line = |(text, back): (&&str, i64)| crate::model::log::LogEvent {
        at: app.now - SignedDuration::from_secs(back),
        ingested: None,
        group: "g".to_owned(),
        stream: "s".to_owned(),
        id: None,
        message: (*text).to_owned(),
    };
    let seconds = (0_i64..).take(texts.len()).collect::<Vec<_>>();
    Followed::Lines(
        texts
            .iter()
            .zip(seconds.into_iter().rev())
            .map(line)
            .collect(),
    )
}

#[test]
fn secrets_of_log_lines_are_nowhere_until_they_are_revealed() {
    const SECRETS: [&str; 3] = ["two words", "kqhkiG9w0BAQEFAASC", "hunter2"];
    let mut app = app();
    app.update(Msg::Resize(200, 60));
    app.go(Screen::Logs);
    let lines = log_lines(
        &app,
        &[
            r#"{"level":"INFO","message":"sign-in","password":"two words","user":"ops"}"#,
            "key loaded\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
            "connecting to postgresql://app:hunter2@db:5432/shop",
        ],
    );
    app.logs.take(lines);
    app.logs.settle();
    // Everything that a person can see or take away: each line cut, wrapped, raw, described, copied; patterns; the saved file.
    let taken = |app: &mut App| {
        let mut taken = String::new();
        let look = |app: &App, taken: &mut String| {
            let area = ratatui::layout::Rect::new(0, 0, 200, 60);
            let mut buffer = ratatui::buffer::Buffer::empty(area);
            crate::ui::render(app, area, &mut buffer);
            taken.extend(buffer.content().iter().map(ratatui::buffer::Cell::symbol));
        };
        press(app, "g");
        for _ in 0..3 {
            for key in ["w", "R", "w", "R", "d", "\x1b", "P", "\x1b", "y", "W", "j"] {
                for effect in press(app, key) {
                    match effect {
                        Effect::Copy(text) => taken.push_str(&text),
                        Effect::SaveLines(_, lines) => taken.push_str(&saved(&lines)),
                        Effect::Group(lines) => {
                            let patterns = lines.patterns();
                            app.update(Msg::Grouped {
                                generation: app.generation,
                                patterns,
                            });
                            look(app, &mut taken);
                        }
                        _ => {}
                    }
                }
                look(app, &mut taken);
            }
        }
        taken
    };
    let hidden = taken(&mut app);
    for secret in SECRETS {
        assert!(!hidden.contains(secret), "{secret} is shown");
    }
    assert!(hidden.contains("sign-in") && hidden.contains("ops"));
    press(&mut app, "X");
    let shown = taken(&mut app);
    for secret in SECRETS {
        assert!(shown.contains(secret), "{secret} was revealed");
    }
}

fn saved(lines: &Extract) -> String {
    let mut text = Vec::new();
    lines.write(&mut text).expect("memory takes everything");
    String::from_utf8(text).expect("lines are text")
}

/// From when on logs are followed, if they are.
fn followed_since(effects: &[Effect]) -> Option<Timestamp> {
    effects.iter().find_map(|effect| match effect {
        Effect::Follow(follow) => Some(follow.since),
        _ => None,
    })
}

#[test]
fn logs_that_nobody_read_are_followed_no_longer_and_what_is_missing_is_marked() {
    let mut app = app();
    tick(&mut app, 0);
    let opened = app.now;
    let since = followed_since(&app.go(Screen::Logs)).expect("logs are followed");
    assert_eq!(opened.duration_since(since), SignedDuration::from_mins(15));
    app.logs.take(Followed::UpTo(app.now));
    press(&mut app, "1");
    let mut stopped = false;
    for _ in 0..130 {
        stopped |= tick(&mut app, 1).contains(&Effect::Unfollow);
    }
    assert!(stopped, "two minutes after its screen was left");

    let again = app.go(Screen::Logs);
    let since = followed_since(&again).expect("logs are followed again");
    assert!(
        since < opened && since > opened - SignedDuration::from_mins(2),
        "from where they were told"
    );
    assert!(app.logs.ids().is_empty(), "nothing is missing");

    press(&mut app, "1");
    for _ in 0..130 {
        tick(&mut app, 1);
    }
    tick(&mut app, 3_600);
    app.go(Screen::Logs);
    let gap = app.logs.cursor_line().expect("what is missing is marked");
    assert!(gap.text.contains("not followed"), "{}", gap.text);
}

#[test]
fn logs_are_polled_and_kept_within_bounds_where_it_is_so_configured() {
    let mut app = app();
    app.keep_logs(LogSettings {
        store: 8 << 20,
        delivery: Delivery::Polling,
    });
    tick(&mut app, 0);
    let effects = app.go(Screen::Logs);
    let polled = effects.iter().any(
        |effect| matches!(effect, Effect::Follow(follow) if follow.prefer == Delivery::Polling),
    );
    assert!(polled, "{effects:?}");
    assert_eq!(app.logs.store.limit(), 8 << 20);
}

#[test]
fn the_key_of_the_log_screen_leaves_its_filter_alone() {
    let mut app = app();
    press(&mut app, "7flevel:error\n17");
    assert_eq!(app.logs.filter().text(), "level:error");
}

#[test]
fn a_time_that_cannot_be_gone_to_is_told_and_hurts_nobody() {
    for typed in [
        "-999999999h",
        "-99999999999999999999h",
        "25:99",
        "yesterday",
        "-",
        "",
    ] {
        let mut app = app();
        app.go(Screen::Logs);
        press(&mut app, "@");
        app.update(Msg::Paste(typed.to_owned()));
        press(&mut app, "\n");
        let (notice, _) = app.notice.clone().expect("it says what a time looks like");
        assert!(notice.contains("is no time"), "{typed}: {notice}");
    }
}

/// A console in which a saved query was asked.
fn asking() -> (App, Vec<Effect>) {
    let mut app = app();
    app.environment.resources.log_groups = vec!["/ecs/backend".to_owned()];
    press(&mut app, "7Qrequests-by-status\n\t");
    let run = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL);
    if let Some(insights) = &mut app.insights {
        insights.source = insights.sources.len() - 1;
    }
    let effects = app.update(Msg::Key(run));
    (app, effects)
}

fn told(app: &mut App, answer: History) -> Vec<Effect> {
    let generation = app.generation;
    app.update(Msg::History { generation, answer })
}

fn progress(state: QueryState) -> History {
    let answer = InsightsAnswer {
        state,
        rows: vec![vec![("status".to_owned(), "200".to_owned())]],
        matched: 1.0,
        scanned: 2.0,
        scanned_bytes: 3.0,
    };
    History::Answered("q1".to_owned(), Ok(answer))
}

fn ask(past: Past) -> Vec<Effect> {
    vec![Effect::AskHistory(past)]
}

#[test]
fn a_query_is_asked_every_second_until_its_answer_is_there() {
    let (mut app, effects) = asking();
    let [Effect::AskHistory(Past::Start(query))] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(query.groups, ["/ecs/backend"]);
    assert_eq!(query.to.duration_since(query.from).as_hours(), 6);
    let once = ask(Past::Answer("q1".to_owned()));
    assert_eq!(told(&mut app, History::Started(Ok("q1".to_owned()))), once);
    assert!(
        !tick(&mut app, 1).contains(&once[0]),
        "the first is under way"
    );
    told(&mut app, progress(QueryState::Running));
    assert!(tick(&mut app, 1).contains(&once[0]));
    told(&mut app, progress(QueryState::Complete));
    assert_eq!(app.pane(Pane::Answer).grid.rows.len(), 1);
    assert!(!tick(&mut app, 1).contains(&once[0]));
}

#[test]
fn a_query_that_is_stopped_before_its_id_is_known_is_stopped_once_it_is() {
    let (mut app, _) = asking();
    assert_eq!(press(&mut app, "\x1b"), []);
    let stop = ask(Past::Stop("q1".to_owned()));
    assert_eq!(told(&mut app, History::Started(Ok("q1".to_owned()))), stop);
    told(&mut app, progress(QueryState::Cancelled));
    let insights = app.insights.as_ref().unwrap();
    assert!(matches!(
        insights.asking,
        Asking::Ended {
            state: QueryState::Cancelled,
            ..
        }
    ));
}

#[test]
fn a_query_does_not_go_on_unseen_in_an_environment_that_was_left() {
    let (mut app, _) = asking();
    told(&mut app, History::Started(Ok("q1".to_owned())));
    let effects = app.connect(app.environment.clone());
    let stop = effects
        .iter()
        .position(|e| *e == ask(Past::Stop("q1".to_owned()))[0]);
    let connect = effects.iter().position(|e| matches!(e, Effect::Connect(_)));
    assert!(stop.is_some() && stop < connect, "{effects:?}");
    assert!(app.insights.is_none());
}

#[test]
fn an_older_time_is_read_once_and_its_ends_are_marked() {
    let mut app = app();
    app.environment.resources.log_groups = vec!["/ecs/backend".to_owned()];
    press(&mut app, "7");
    assert_eq!(press(&mut app, "@-2h\n"), []);
    let effects = press(&mut app, "\n");
    let [Effect::AskHistory(Past::Lines(query))] = &effects[..] else {
        panic!("{effects:?}");
    };
    let at = app.now - SignedDuration::from_hours(2);
    assert!(query.from < at && at < query.to);
    let line = LogEvent {
        at,
        ingested: None,
        group: "/ecs/backend".to_owned(),
        stream: "1".to_owned(),
        id: None,
        message: "two hours ago".to_owned(),
    };
    told(&mut app, History::Lines(query.clone(), Ok(vec![line])));
    let lines = app.logs.store.order().iter();
    let lines: Vec<&str> = lines
        .filter_map(|id| Some(app.logs.store.line(*id)?.text))
        .collect();
    assert_eq!(
        lines,
        [
            "a past span of 1 line begins: lines before it may be missing",
            "two hours ago",
            "the past span ends: lines after it may be missing"
        ]
    );
    press(&mut app, "@-2h\n");
    assert!(app.layers.is_empty(), "it was read already");
}

#[test]
fn a_query_that_goes_on_after_it_was_stopped_is_stopped_again() {
    let (mut app, _) = asking();
    told(&mut app, History::Started(Ok("q1".to_owned())));
    told(&mut app, progress(QueryState::Running));
    let stop = ask(Past::Stop("q1".to_owned()));
    assert_eq!(press(&mut app, "\x1b"), stop);
    for answer in [
        Err(Error::new(ErrorKind::Throttled, "slow down")),
        Err(Error::new(ErrorKind::Unreachable, "no answer")),
    ] {
        told(&mut app, History::Answered("q1".to_owned(), answer));
        assert!(tick(&mut app, 1).contains(&stop[0]));
        assert!(!tick(&mut app, 1).contains(&stop[0]), "one at a time");
    }
    told(&mut app, progress(QueryState::Running));
    assert!(tick(&mut app, 1).contains(&stop[0]));
    told(&mut app, progress(QueryState::Cancelled));
    assert!(!tick(&mut app, 1).contains(&stop[0]));
}

#[test]
fn secrets_in_an_answer_are_covered_by_the_name_of_their_field_and_revealed_on_purpose_only() {
    let (mut app, _) = asking();
    told(&mut app, History::Started(Ok("q1".to_owned())));
    let answer = InsightsAnswer {
        state: QueryState::Complete,
        rows: vec![vec![
            ("password".to_owned(), "hunter2".to_owned()),
            ("user.token".to_owned(), "12345".to_owned()),
            ("path".to_owned(), "/api/items".to_owned()),
        ]],
        matched: 1.0,
        scanned: 1.0,
        scanned_bytes: 1.0,
    };
    told(&mut app, History::Answered("q1".to_owned(), Ok(answer)));
    let row = |app: &App| format!("{:?}", app.pane(Pane::Answer).grid.rows);
    let all = |app: &App| ["hunter2", "12345"].map(|secret| row(app).contains(secret));
    assert_eq!(all(&app), [false; 2], "{}", row(&app));
    assert!(row(&app).contains("/api/items"));
    app.toggle_secrets();
    assert_eq!(all(&app), [true; 2]);
    app.toggle_secrets();
    assert_eq!(all(&app), [false; 2]);
}
