//! Whole screens as a person sees them, drawn from the simulated environment half an hour into the demo.

mod stage;

use hydren::{
    app::{Msg, Screen},
    engine::{
        BuildEvent, BuildStep, BuildStepState, LayerState, PushEvent, Trial, trial::TrialEvent,
        workshop::Bench,
    },
    error::{Error, ErrorKind},
    model::{
        Snapshot,
        log::{Delivery, Followed, LogEvent},
    },
    op::{StageEvent, Told, stage::Failure},
    theme::Theme,
};
use jiff::SignedDuration;
use ratatui::{
    buffer::Cell,
    style::{Color, Modifier},
};
use stage::Stage;
use std::sync::Arc;

/// The sizes that every screen is looked at: the classic terminal, a usual window, a full screen.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// The sizes of dialogs, which do not grow with the screen.
const SMALL: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// Compares what is shown with what was reviewed under `name`.
fn reviewed(name: &str, shown: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, shown);
    });
}

/// Compares the screen at each size with the one that was reviewed.
fn compare(stage: &Stage, name: &str, sizes: &[(u16, u16)]) {
    for size in sizes {
        let name = format!("{name}_{}x{}", size.0, size.1);
        reviewed(&name, &stage.text(*size));
    }
}

/// Opens each of `screens` by its key and compares it.
async fn each(stage: &mut Stage, condition: &str, screens: &[(&str, &str)], sizes: &[(u16, u16)]) {
    for (name, keys) in screens {
        stage.keys(keys).await;
        compare(stage, &format!("{name}_{condition}"), sizes);
    }
}

/// Every screen and the key that opens it.
const SCREENS: [(&str, &str); 11] = [
    ("overview", "1"),
    ("edge", "2"),
    ("balancer", "3"),
    ("services", "4"),
    ("database", "5"),
    ("images", "6"),
    ("logs", "7"),
    ("alarms", "8"),
    ("network", "9"),
    ("flows", "v"),
    ("cost", "0"),
];

#[tokio::test]
async fn every_screen_shows_its_tier() {
    let mut stage = Stage::settled().await;
    each(&mut stage, "normal", &SCREENS, &SIZES).await;
}

#[tokio::test]
async fn knobs_say_what_would_be_and_cost_explorer_is_asked_only_when_somebody_says_so() {
    let mut stage = Stage::settled().await;
    stage.keys("0 > > >").await;
    compare(&stage, "cost_turned", &SIZES);
    stage.keys("backspace $").await;
    assert!(stage.app.bills.turned.is_empty());
    compare(&stage, "cost_asks_first", &SMALL);
    stage.keys("esc $ enter").await;
    assert!(stage.app.bills.billed.value.is_none(), "left alone");
    stage.keys("$ down enter").await;
    compare(&stage, "cost_billed", &SIZES);
}

#[tokio::test]
async fn log_lines_are_filtered_searched_and_read() {
    for (name, keys) in [
        ("filtered", "7 f l e v e l : w a r n i n g enter"),
        ("wrong_filter", "7 f l e v e l : l o u d"),
        ("searched", "7 / s t a t u s = 4 0 4 enter"),
        ("searched_before", "7 / a d m i n enter shift-n shift-n"),
        ("context", "7 f / a d m i n enter c"),
        ("wrapped", "7 w shift-r k k k"),
        ("sideways", "7 right shift-r"),
        ("same_request", "7 f l e v e l : e r r o r enter k i"),
        ("patterns", "7 shift-p"),
        ("pattern_picked", "7 shift-p down enter"),
        ("sources", "7 shift-l"),
        ("described", "7 f l e v e l : e r r o r enter d"),
        ("read", "7 ctrl-b b k k z z"),
        ("nothing_passes", "7 f n o t h i n g x y z enter"),
        ("of_the_service", "4 l"),
        (
            "task_of_line",
            "7 f s e r v i c e : b a c k e n d enter shift-t",
        ),
    ] {
        let mut stage = Stage::settled().await;
        for key in keys.split_whitespace() {
            stage.keys(key).await;
        }
        compare(&stage, &format!("logs_{name}"), &SIZES);
    }
}

#[tokio::test]
async fn logs_insights_is_asked_and_answers() {
    let mut stage = Stage::settled().await;
    stage.keys("7 shift-q").await;
    compare(&stage, "insights_list", &SIZES);
    stage.keys("e r r o r s - b y - p a t h enter").await;
    compare(&stage, "insights_draft", &SIZES);
    stage.keys("tab shift-tab ctrl-r").await;
    stage.wait(1);
    stage.answer().await;
    compare(&stage, "insights_running", &SIZES);
    stage.keys("esc").await;
    compare(&stage, "insights_stopped", &SIZES);
    stage.keys("e shift-tab shift-tab ctrl-r").await;
    for _ in 0..3 {
        stage.wait(1);
        stage.answer().await;
    }
    compare(&stage, "insights_answered", &SIZES);
    stage.keys("d").await;
    compare(&stage, "insights_row", &SIZES);
}

#[tokio::test]
async fn a_query_that_is_wrong_is_told_with_its_place() {
    let mut stage = Stage::settled().await;
    stage
        .keys("7 shift-q enter end ctrl-u l i m i t space a ctrl-r")
        .await;
    compare(&stage, "insights_wrong", &SIZES);
}

#[tokio::test]
async fn a_row_of_an_answer_leads_to_the_lines_of_its_time() {
    let mut stage = Stage::settled().await;
    stage
        .keys("7 shift-q s l o w e s t - r e q enter ctrl-r")
        .await;
    for _ in 0..3 {
        stage.wait(1);
        stage.answer().await;
    }
    stage.keys("enter").await;
    compare(&stage, "insights_moment", &SIZES);
    stage.keys("enter").await;
    compare(&stage, "logs_of_the_past", &SIZES);
    stage.keys("g").await;
    compare(&stage, "logs_of_the_past_begin", &SIZES);
}

#[tokio::test]
async fn logs_say_what_keeps_them_from_being_read() {
    let mut stage = Stage::settled().await;
    stage.press("7");
    compare(&stage, "logs_unread", &SIZES);
    let denied = Error::new(
        ErrorKind::Denied {
            action: "logs:FilterLogEvents".to_owned(),
        },
        "IAM refuses logs:FilterLogEvents on log group /ecs/hydren/backend",
    )
    .hint("allow logs:FilterLogEvents, as docs/iam.md has it");
    stage.told(Followed::Failed {
        group: "/ecs/hydren/backend".to_owned(),
        error: denied,
    });
    compare(&stage, "logs_of_one_group_denied", &SIZES);
    stage.answer().await;
    stage.told(Followed::Delivery(
        Delivery::Polling,
        Some("Live Tail is over its quota of 15 sessions".to_owned()),
    ));
    stage.told(Followed::Gap {
        groups: vec!["/ecs/hydren/backend".to_owned()],
        from: stage.app.now - SignedDuration::from_secs(40),
        to: stage.app.now - SignedDuration::from_secs(1),
        why: "the connection was lost".to_owned(),
    });
    stage.wait(90);
    compare(&stage, "logs_behind", &SIZES);
}

/// Flow records of the newest minute: `flows` of the backend to the database that the database's interface refused.
fn refused_by_the_database(stage: &Stage, flows: usize) -> Followed {
    let compute = stage.app.seen.compute().expect("ECS was read");
    let backend = compute.services.iter().find(|s| s.name == "backend");
    let tasks = &backend.expect("there is a backend").tasks;
    let address = tasks[0].private_ip.as_deref().expect("it has an address");
    let end = stage.app.now.as_second();
    let line = |index: usize| LogEvent {
        at: stage.app.now,
        ingested: None,
        group: "/vpc/hydren/flow-logs".to_owned(),
        stream: "eni-0da16fc40825eb973-all".to_owned(),
        id: Some(format!("refused-{index}")),
        message: format!(
            "2 123456789012 eni-0da16fc40825eb973 {address} 10.0.40.37 {} 5432 6 1 60 {} {end} REJECT OK",
            40_000 + index,
            end - 60
        ),
    };
    Followed::Lines((0..flows).map(line).collect())
}

#[tokio::test]
async fn flows_say_who_is_kept_from_whom_and_lead_to_the_records() {
    let mut stage = Stage::settled().await;
    stage.keys("9 tab tab tab tab enter").await;
    assert_eq!(
        stage.app.screen,
        Screen::Flows,
        "a flow log leads to its sums"
    );
    stage.told(refused_by_the_database(&stage, 40));
    stage.answer().await;
    compare(&stage, "flows_blocked", &SIZES);
    stage.keys("tab enter").await;
    assert_eq!(
        stage.app.logs.ids().len(),
        41,
        "40 and an answer that came late"
    );
    compare(&stage, "flows_led_to_records", &SIZES);
    stage.keys("esc esc").await;
    assert_eq!(stage.app.screen, Screen::Flows);
}

#[tokio::test]
async fn every_sum_of_flows_leads_to_records() {
    let mut stage = Stage::settled().await;
    stage.keys("v").await;
    for pane in 0..stage.app.screen.panes().len() {
        for row in 0..stage.app.pane(stage.app.focused()).grid.rows.len().min(12) {
            let keys = ["down"; 12][..row].join(" ");
            stage.keys(&format!("g {keys} enter")).await;
            let filter = stage.app.logs.filter().text();
            assert!(!stage.app.logs.ids().is_empty(), "pane {pane}: {filter}");
            stage.keys("esc esc").await;
            assert_eq!(stage.app.screen, Screen::Flows);
        }
        stage.keys("tab").await;
    }
}

#[tokio::test]
async fn flow_logs_that_cannot_be_read_are_said_to_be_so() {
    for (name, destination) in [
        ("in_s3", Some("arn:aws:s3:::shop-flow-logs")),
        ("none", None),
    ] {
        let mut stage = Stage::opened();
        stage.app.environment.resources.log_groups.clear();
        stage
            .answer_spoiled(|snapshot| {
                let Snapshot::Network(network) = snapshot else {
                    return;
                };
                let network = Arc::make_mut(network);
                match destination {
                    Some(bucket) => {
                        for log in &mut network.flow_logs {
                            log.destination_type = "s3".to_owned();
                            log.destination = bucket.to_owned();
                        }
                    }
                    None => network.flow_logs.clear(),
                }
            })
            .await;
        stage.keys("v").await;
        compare(&stage, &format!("flows_{name}"), &SIZES);
    }
}

#[tokio::test]
async fn every_pane_can_be_brought_up_where_only_one_has_room() {
    let mut stage = Stage::settled().await;
    for (screen, key, panes) in [
        ("edge", "2", 7),
        ("balancer", "3", 3),
        ("services", "4", 6),
        ("database", "5", 2),
        ("images", "6", 5),
        ("alarms", "8", 3),
        ("network", "9", 5),
        ("flows", "v", 4),
    ] {
        stage.keys(key).await;
        let mut shown = Vec::new();
        for _ in 0..panes {
            stage.keys("tab").await;
            let title = stage.app.focused().title();
            shown.push(format!("── {title}\n{}\n", stage.text((80, 24))));
        }
        reviewed(&format!("{screen}_panes_80x24"), &shown.join("\n"));
    }
}

#[tokio::test]
async fn before_the_first_answer_everything_says_that_it_is_loading() {
    let mut stage = Stage::opened();
    for (name, keys) in SCREENS {
        stage.press(keys);
        compare(&stage, &format!("{name}_loading"), &SIZES);
    }
}

#[tokio::test]
async fn old_data_stays_and_says_how_old_it_is() {
    let mut stage = Stage::settled().await;
    let throttled = Error::new(
        ErrorKind::Throttled,
        "AWS asked to slow down and the retries were used up",
    )
    .hint("it is read again in a minute");
    stage.wait(600);
    stage.refuse(&throttled);
    for (name, keys) in SCREENS {
        stage.press(keys);
        stage.refuse(&throttled);
        compare(&stage, &format!("{name}_stale"), &SIZES);
    }
}

#[tokio::test]
async fn a_denied_call_names_the_permission_that_is_missing() {
    let mut stage = Stage::opened();
    let denied = Error::new(
        ErrorKind::Denied {
            action: "ecs:DescribeServices".to_owned(),
        },
        "IAM refuses ecs:DescribeServices on cluster hydren",
    )
    .hint("allow ecs:DescribeServices, as docs/iam.md has it");
    stage.refuse(&denied);
    for (name, keys) in SCREENS {
        stage.press(keys);
        stage.refuse(&denied);
        compare(&stage, &format!("{name}_denied"), &SIZES);
    }
}

#[tokio::test]
async fn without_an_answer_the_console_says_that_nothing_is_known() {
    let mut stage = Stage::opened();
    let unreachable = Error::new(
        ErrorKind::Unreachable,
        "ecs.us-east-1.amazonaws.com does not answer: connection refused",
    )
    .hint("check the network and the region");
    stage.refuse(&unreachable);
    for (name, keys) in SCREENS {
        stage.press(keys);
        stage.refuse(&unreachable);
        compare(&stage, &format!("{name}_failed"), &SIZES);
    }
}

#[tokio::test]
async fn dialogs_lie_over_the_screen() {
    for (name, keys) in [
        ("help", "?"),
        ("palette", ":"),
        ("palette_typed", ": s c r"),
        ("actions", "4 x"),
        ("describe", "4 d"),
        ("describe_scrolled", "5 d pagedown"),
        ("filter_typed", "4 tab / r u n"),
        ("filter_without_match", "4 / z z z enter"),
        ("environment_picker", "ctrl-e"),
        ("region_picker", "ctrl-g e u"),
        ("theme_picker", "ctrl-t"),
    ] {
        let mut stage = Stage::settled().await;
        // The demo itself has no regions to switch to.
        stage.app.environment.simulated = name != "region_picker";
        for key in keys.split_whitespace() {
            stage.keys(key).await;
        }
        compare(&stage, &format!("dialog_{name}"), &SMALL);
    }
}

#[tokio::test]
async fn a_shell_is_asked_for_and_what_it_lacks_is_named() {
    let mut stage = Stage::settled().await;
    stage.keys("4 j s").await;
    compare(&stage, "operation_shell_form", &SMALL);
    stage.keys("enter").await;
    compare(&stage, "operation_shell_plan", &SMALL);
    stage.keys("esc k s").await;
    compare(&stage, "operation_shell_lacking", &SMALL);
}

#[tokio::test]
async fn a_change_is_asked_for_planned_confirmed_and_watched() {
    let mut stage = Stage::alone().await;
    stage.keys("4").await;
    stage.keys(": s c a l e enter").await;
    compare(&stage, "operation_form", &SIZES);
    stage.keys("backspace 3 enter").await;
    compare(&stage, "operation_plan", &SIZES);
    stage.keys("y enter").await;
    stage.live(12).await;
    compare(&stage, "operation_watch", &SIZES);
    stage.live(90).await;
    compare(&stage, "operation_done", &SIZES);
    stage.keys("esc j : s c a l e enter").await;
    stage.keys("backspace 0 enter").await;
    compare(&stage, "operation_destructive", &SIZES);
    stage.app.size = (80, 24);
    stage.keys("pagedown").await;
    compare(&stage, "operation_scrolled", &[(80, 24)]);
}

#[tokio::test]
async fn forms_of_revisions_sizes_and_restores_lead_to_their_plans() {
    for (name, open, choose) in [
        ("rollout", "4 j : r o l l space o u t enter", "down enter"),
        ("resize", "4 j e", "down down down enter"),
        (
            "restore",
            "5 : d b - r e s t o r e - t i m e enter",
            "enter",
        ),
    ] {
        let mut stage = Stage::settled().await;
        for key in open.split_whitespace() {
            stage.keys(key).await;
        }
        compare(&stage, &format!("operation_{name}_form"), &SIZES);
        stage.keys(choose).await;
        compare(&stage, &format!("operation_{name}_plan"), &SIZES);
    }
}

#[tokio::test]
async fn the_autoscaling_of_a_service_is_a_form_and_a_plan() {
    let mut stage = Stage::alone().await;
    stage.keys("4").await;
    stage.keys("j : a u t o s c a l e enter").await;
    compare(&stage, "autoscale_form", &SMALL);
    stage
        .keys("backspace 2 tab backspace 8 tab tab tab tab tab right")
        .await;
    compare(&stage, "autoscale_suspended", &SMALL);
    stage.keys("enter").await;
    compare(&stage, "autoscale_plan", &SMALL);
}

#[tokio::test]
async fn an_image_of_a_repository_is_promoted_by_a_form_a_plan_and_its_layers() {
    let mut stage = Stage::alone().await;
    stage.keys("6").await;
    stage.keys("tab tab tab x").await;
    assert!(stage.text(SMALL[0]).contains("promote"), "it is offered");
    stage.keys("enter").await;
    compare(&stage, "promote_form", &SMALL);
    stage.keys("tab w o r k e r enter").await;
    compare(&stage, "promote_plan", &SMALL);
    stage.keys("y enter").await;
    compare(&stage, "promote_done", &SMALL);
}

/// The plan to ship the demo's backend, confirmed, and nothing of it done yet.
async fn shipping() -> Stage {
    let mut stage = Stage::alone().await;
    stage.hold();
    stage.keys("6").await;
    stage.keys("tab j shift-d").await;
    compare(&stage, "ship_plan", &SMALL);
    stage.keys("y enter").await;
    stage
}

#[tokio::test]
async fn shipping_shows_the_steps_of_the_build_and_what_they_say() {
    let mut stage = shipping().await;
    compare(&stage, "ship_confirmed", &SIZES);
    stage
        .build(|event| matches!(event, BuildEvent::Line { text, .. } if text.contains("psycopg")))
        .await;
    compare(&stage, "ship_building", &SIZES);
}

#[tokio::test]
async fn a_build_that_fails_shows_the_step_and_its_last_lines() {
    let mut stage = shipping().await;
    stage
        .build(|event| matches!(event, BuildEvent::Line { text, .. } if text.contains("psycopg")))
        .await;
    let step = BuildStep {
        id: "6".to_owned(),
        name: "[4/6] RUN pip install --no-cache-dir -r requirements.txt".to_owned(),
        state: BuildStepState::Failed,
        began_at: Some(stage.app.now - SignedDuration::from_secs(9)),
        ended_at: Some(stage.app.now),
        progress: None,
    };
    stage.carried(Told::Going(
        0,
        StageEvent::Build(vec![BuildEvent::Step(step)]),
    ));
    let error = Error::new(
        ErrorKind::Service,
        "[4/6] RUN pip install --no-cache-dir -r requirements.txt failed with exit code 1:\nERROR: No matching distribution found for flaks==3.1.2",
    )
    .hint("mend the Dockerfile or what it installs, and build again");
    stage.carried(Told::Fallen(0, error.into()));
    compare(&stage, "ship_build_failed", &SIZES);
}

/// The same when the image is built.
async fn built() -> Stage {
    let mut stage = shipping().await;
    stage.build(|_| false).await;
    stage.carried(Told::Ended(
        0,
        "6 of 6 steps, 0 cached: image 99b00a44d423"
            .to_owned()
            .into(),
    ));
    stage.carried(Told::Begun(1));
    let line = |text: &str| TrialEvent::Line(text.to_owned());
    stage.carried(Told::Going(
        1,
        StageEvent::Try(vec![
            TrialEvent::Started(Trial {
                container: "hydren-try-backend".to_owned(),
                port: Some(49_158),
            }),
            line("[INFO] Starting gunicorn 23.0.0"),
            line("[INFO] Listening at: http://0.0.0.0:8000 (1)"),
            TrialEvent::Waiting(
                "http://127.0.0.1:49158/api/healthz does not answer: connection refused".to_owned(),
            ),
        ]),
    ));
    stage
}

#[tokio::test]
async fn a_trial_shows_the_container_and_why_it_is_not_healthy_yet() {
    let mut stage = Box::pin(built()).await;
    compare(&stage, "ship_trying", &SIZES);
    let says = ["it exited with code 1", "KeyError: 'DATABASE_URL'"];
    let unfit = Failure::Unfit(says.map(str::to_owned).into());
    stage.carried(Told::Fallen(1, unfit));
    compare(&stage, "ship_unfit", &SIZES);
}

#[tokio::test]
async fn a_push_shows_its_layers() {
    let mut stage = Box::pin(built()).await;
    let healthy = "healthy after 4 s: it answered 200".to_owned();
    stage.carried(Told::Ended(1, healthy.into()));
    stage.carried(Told::Begun(2));
    let layers = [
        ("ba5e0f12c4d1", LayerState::AlreadyThere),
        ("ba5e77a0119e", LayerState::AlreadyThere),
        ("4c7d90e1ab35", LayerState::Pushed),
        ("9f2e61c08d74", LayerState::Pushing(18 << 20, 38 << 20)),
        ("d1b3a5570c62", LayerState::Retrying(4)),
        ("77e0c4b2f918", LayerState::Waiting),
    ];
    let events = layers.map(|(id, state)| PushEvent::Layer {
        id: id.to_owned(),
        state,
    });
    stage.carried(Told::Going(2, StageEvent::Push(events.into())));
    compare(&stage, "ship_pushing", &SIZES);
    stage.press("x");
    assert!(stage.text((120, 40)).contains("cancelling …"));
    assert!(stage.text((120, 40)).contains("x cancels it"));
}

#[tokio::test]
async fn a_machine_without_an_engine_says_what_to_do_and_shows_the_rest() {
    let mut stage = Stage::settled().await;
    stage.keys("6").await;
    let away = Error::new(
        ErrorKind::Unreachable,
        "no container engine answers at unix:///var/run/docker.sock",
    )
    .hint("start it, or say where it is: DOCKER_HOST, or a Docker context");
    let components = stage
        .app
        .seen
        .bench
        .value
        .as_ref()
        .map(|b| b.components.clone());
    let bench = Bench {
        components: components.unwrap_or_default(),
        engine: Err(away),
    };
    let generation = stage.app.generation;
    stage.tell(Msg::Bench {
        generation,
        result: Ok(Arc::new(bench)),
    });
    compare(&stage, "images_without_engine", &SIZES);
}

#[tokio::test]
async fn errors_are_listed_with_their_place_and_way_out() {
    let mut stage = Stage::settled().await;
    stage.wait(600);
    stage.refuse(
        &Error::new(
            ErrorKind::Expired,
            "the session's credentials expired at 14:00 UTC",
        )
        .hint("sign in again: aws sso login --profile ops"),
    );
    stage.press("!");
    compare(&stage, "dialog_errors", &SMALL);
}

/// A console on each screen and with each sort of dialog open.
async fn everything_open() -> Vec<Stage> {
    let mut stages = Vec::new();
    for keys in [
        "1", "2", "3", "4", "5", "6", "8", "9", "?", ":", "!", "4 d", "4 x", "4 /", "ctrl-g",
    ] {
        let mut stage = Stage::settled().await;
        stage.keys(keys).await;
        stages.push(stage);
    }
    stages.push(Stage::opened());
    stages
}

#[tokio::test]
async fn no_size_of_the_terminal_breaks_the_drawing() {
    let stages = Box::pin(everything_open()).await;
    let sizes = (1_u16..=220, 1_u16..=70, 0..stages.len());
    proptest::test_runner::TestRunner::default()
        .run(&sizes, |(width, height, which)| {
            let buffer = stages[which].draw((width, height));
            proptest::prop_assert_eq!(buffer.area.width, width);
            Ok(())
        })
        .expect("every size is drawn");
}

#[tokio::test]
async fn a_terminal_too_small_for_a_screen_still_tells_the_verdict() {
    let stage = Stage::settled().await;
    compare(&stage, "too_small", &[(39, 9), (20, 5)]);
}

/// Puts `text` where AWS lets other people write.
fn spoil(snapshot: &mut Snapshot, text: &str) {
    let all = |values: &mut dyn Iterator<Item = &mut String>| values.for_each(|v| v.push_str(text));
    match snapshot {
        Snapshot::Dns(dns) => {
            let dns = Arc::make_mut(dns);
            all(&mut dns
                .records
                .iter_mut()
                .flat_map(|r| [&mut r.name, &mut r.target]));
            all(&mut dns
                .health_checks
                .iter_mut()
                .flat_map(|c| [&mut c.name, &mut c.target]));
            dns.gaps.push(text.to_owned());
        }
        Snapshot::Cdn(cdn) => {
            let cdn = Arc::make_mut(cdn);
            all(&mut cdn.aliases.iter_mut());
            all(&mut cdn
                .origins
                .iter_mut()
                .flat_map(|o| [&mut o.id, &mut o.domain, &mut o.protocol]));
            all(&mut cdn
                .behaviours
                .iter_mut()
                .flat_map(|b| [&mut b.path, &mut b.cache_policy]));
            all(&mut cdn.invalidations.iter_mut().flat_map(|i| &mut i.paths));
        }
        Snapshot::Waf(waf) => {
            let waf = Arc::make_mut(waf);
            waf.name.push_str(text);
            all(&mut waf
                .rules
                .iter_mut()
                .flat_map(|r| [&mut r.name, &mut r.action, &mut r.statement]));
            all(&mut waf
                .samples
                .iter_mut()
                .flat_map(|s| [&mut s.uri, &mut s.method, &mut s.rule]));
        }
        Snapshot::Balancer(balancer) => {
            let balancer = Arc::make_mut(balancer);
            balancer.name.push_str(text);
            all(&mut balancer.target_groups.iter_mut().map(|g| &mut g.name));
            let listeners = balancer.listeners.iter_mut();
            all(&mut listeners
                .flat_map(|l| &mut l.rules)
                .flat_map(|r| r.conditions.iter_mut().chain(&mut r.actions)));
        }
        Snapshot::Compute(compute) => {
            let compute = Arc::make_mut(compute);
            compute.cluster.name.push_str(text);
            for service in &mut compute.services {
                service.name.push_str(text);
                service.gaps.push(text.to_owned());
                all(&mut service.events.iter_mut().map(|e| &mut e.message));
                for task in &mut service.tasks {
                    task.revision.push_str(text);
                    task.last_status = format!("{}{text}", task.last_status).into();
                }
            }
        }
        Snapshot::Database(database) => {
            let database = Arc::make_mut(database);
            database.id.push_str(text);
            database.status = format!("{}{text}", database.status).into();
            all(&mut database.events.iter_mut().map(|e| &mut e.message));
            for snapshot in &mut database.snapshots {
                snapshot.id.push_str(text);
                snapshot.status = format!("{}{text}", snapshot.status).into();
            }
        }
        Snapshot::Images(images) => {
            let repositories = &mut Arc::make_mut(images).repositories;
            all(&mut repositories.iter_mut().map(|r| &mut r.name));
            all(&mut repositories
                .iter_mut()
                .flat_map(|r| &mut r.images)
                .flat_map(|i| &mut i.tags));
        }
        Snapshot::Alarms(alarms) => {
            let alarms = Arc::make_mut(alarms);
            all(&mut alarms
                .alarms
                .iter_mut()
                .flat_map(|a| [&mut a.name, &mut a.reason, &mut a.condition]));
            all(&mut alarms
                .history
                .iter_mut()
                .flat_map(|h| [&mut h.alarm, &mut h.summary]));
            all(&mut alarms.dashboards.iter_mut().map(|d| &mut d.name));
        }
        Snapshot::Network(network) => {
            let network = Arc::make_mut(network);
            all(&mut network.subnets.iter_mut().filter_map(|s| s.name.as_mut()));
            all(&mut network.security_groups.iter_mut().map(|g| &mut g.name));
            all(&mut network.flow_logs.iter_mut().map(|f| &mut f.destination));
            all(&mut network.cidrs.iter_mut());
        }
    }
}

#[tokio::test]
async fn hostile_names_reach_no_cell_of_the_screen() {
    const HOSTILE: &str =
        "\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}evil\u{200b}\u{9b}31m 日本語 👩\u{200d}💻\r\n\t";
    let mut stage = Stage::opened();
    stage
        .answer_spoiled(|snapshot| spoil(snapshot, HOSTILE))
        .await;
    stage.app.environment.name.push_str(HOSTILE);
    for screen in ["1", "2", "3", "4", "5", "6", "8", "9", "v"] {
        stage.press(screen);
        for pane in 0..stage.app.screen.panes().len() {
            for dialog in ["d", "esc", "x", "esc", "/", "esc"] {
                for size in SIZES {
                    let buffer = stage.draw(size);
                    let bad = buffer
                        .content
                        .iter()
                        .find(|cell| cell.symbol().chars().any(hydren::text::is_hostile));
                    assert_eq!(
                        bad, None,
                        "screen {screen}, pane {pane}, before {dialog}, {size:?}"
                    );
                }
                stage.press(dialog);
            }
            stage.press("tab");
        }
    }
}

#[tokio::test]
async fn every_theme_tells_text_from_its_background() {
    for name in Theme::embedded() {
        let (theme, warnings) = Theme::load(name, None).expect("an embedded theme");
        assert_eq!(warnings, [""; 0], "{name}");
        let mut stage = Stage::settled().await;
        stage.app.theme = theme;
        for screen in ["1", "4", "?"] {
            stage.keys(screen).await;
            let buffer = stage.draw((120, 40));
            for (index, cell) in buffer.content.iter().enumerate() {
                let alike = cell.fg == cell.bg && cell.fg != Color::Reset;
                assert!(
                    !alike || cell.symbol().trim().is_empty(),
                    "{name}, {screen}: {:?} at {:?} has the colour of its background",
                    cell.symbol(),
                    buffer.pos_of(index),
                );
            }
        }
    }
}

#[tokio::test]
async fn without_colours_a_selection_and_a_heading_are_still_told_apart() {
    let mut stage = Stage::settled().await;
    stage.app.theme = Theme::monochrome();
    stage.keys("4").await;
    let buffer = stage.draw((120, 40));
    assert!(
        buffer
            .content
            .iter()
            .all(|c| (c.fg, c.bg) == (Color::Reset, Color::Reset))
    );
    let with = |modifier| {
        let cells = buffer
            .content
            .iter()
            .filter(|c| c.modifier.contains(modifier));
        cells.map(Cell::symbol).collect::<String>()
    };
    assert!(
        with(Modifier::REVERSED).contains("frontend"),
        "the selected row"
    );
    assert!(with(Modifier::UNDERLINED).contains("service"), "the header");
}
