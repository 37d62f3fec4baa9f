//! Configuration files and variables as users write them, rightly and wrongly.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use hydren::{
    cli::Options,
    config::{Config, LogSettings, Surroundings},
    error::{ErrorKind, Result},
    model::{
        environment::{Access, Stage},
        log::Delivery,
    },
};
use std::{collections::BTreeMap, fs, path::Path};

fn around(variables: &[(&str, &str)], folder: &Path) -> Surroundings {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Surroundings {
        variables,
        working_directory: folder.to_owned(),
        config_dir: folder.join("user"),
        state_dir: folder.join("state"),
    }
}

fn corpus(kind: &str) -> Vec<String> {
    let folder = format!("tests/config/{kind}");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    files.sort();
    assert!(files.len() > 3, "{kind} files: {files:?}");
    files
}

fn load_file(path: &str) -> Result<Config> {
    let options = Options {
        config: Some(path.into()),
        ..Options::default()
    };
    Config::load(&options, &around(&[], Path::new("/nonexistent")))
}

#[test]
fn every_valid_file_is_accepted() {
    for path in corpus("valid") {
        if let Err(error) = load_file(&path) {
            panic!("{path}: {error}");
        }
    }
}

#[test]
fn every_invalid_file_is_refused_with_its_line_and_a_way_out() {
    let answers: Vec<String> = corpus("invalid")
        .iter()
        .map(|path| {
            let error = load_file(path).expect_err(path);
            assert_eq!(error.kind, ErrorKind::Config, "{path}: {error}");
            let hint = error.hint.as_deref();
            let hint = hint.unwrap_or_else(|| panic!("{path} has no hint: {error}"));
            format!("{error}\n  hint: {hint}")
        })
        .collect();
    insta::assert_snapshot!(answers.join("\n"));
}

/// Writes a project file, a user file, and loads from a folder below the project's.
fn layered(
    project: &str,
    user: &str,
    options: &Options,
    variables: &[(&str, &str)],
) -> Result<Config> {
    resolved(project, user, variables, |around| {
        Config::load(options, around)
    })
}

/// The same for the demo: what it takes from the files, and what was wrong with them.
fn demo(project: &str, user: &str, variables: &[(&str, &str)]) -> (Config, Vec<String>) {
    let (config, faults) = resolved(project, user, variables, |around| {
        Config::demo(&Options::default(), around)
    })
    .unwrap();
    assert!(config.environment().unwrap().simulated);
    (config, faults.iter().map(|f| f.message.clone()).collect())
}

fn resolved<T>(
    project: &str,
    user: &str,
    variables: &[(&str, &str)],
    resolve: impl FnOnce(&Surroundings) -> Result<T>,
) -> Result<T> {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("backend/src");
    fs::create_dir_all(&below).unwrap();
    fs::create_dir_all(folder.path().join("user")).unwrap();
    fs::write(folder.path().join("hydren.toml"), project).unwrap();
    fs::write(folder.path().join("user/config.toml"), user).unwrap();
    let mut around = around(variables, folder.path());
    around.working_directory = below;
    resolve(&around)
}

const PROJECT: &str = r#"
default = "prod"
theme = "project-theme"
[environments.prod]
region = "eu-west-1"
stage = "production"
[environments.dev]
region = "eu-central-1"
"#;

#[test]
fn flags_win_over_variables_variables_over_files_and_the_project_over_the_user() {
    let user =
        "theme = 'user-theme'\n[environments.prod]\nprofile = 'mine'\nregion = 'us-west-2'\n";
    let flags = Options {
        region: Some("us-east-2".to_owned()),
        ..Options::default()
    };
    let variables = [
        ("AWS_REGION", "sa-east-1"),
        ("HYDREN_THEME", "variable-theme"),
    ];

    let config = layered(PROJECT, user, &flags, &variables).unwrap();
    assert_eq!(config.environment().unwrap().region, "us-east-2");
    assert_eq!(config.theme.unwrap().value, "variable-theme");

    let config = layered(PROJECT, user, &Options::default(), &variables).unwrap();
    assert_eq!(config.environment().unwrap().region, "sa-east-1");

    let config = layered(PROJECT, user, &Options::default(), &[]).unwrap();
    let prod = config.environment().unwrap();
    assert_eq!(
        (prod.name.as_str(), prod.region.as_str()),
        ("prod", "eu-west-1")
    );
    assert_eq!(
        prod.profile.as_deref(),
        Some("mine"),
        "the user's file fills in what the project leaves open"
    );
    assert_eq!(prod.stage, Stage::Production);
    assert_eq!(config.theme.unwrap().value, "project-theme");
}

#[test]
fn logs_are_kept_and_followed_as_the_files_say_each_setting_by_itself_and_in_the_demo_too() {
    let project = "[logs]\nstore = '1GiB'\n[environments.prod]";
    let user = "[logs]\nstore = '64MiB'\nlive_tail = false";
    let config = layered(project, user, &Options::default(), &[]).unwrap();
    let told = LogSettings {
        store: 1 << 30,
        delivery: Delivery::Polling,
    };
    assert_eq!(config.logs, told);
    let setting = |name: &str| {
        let found = config.settings.iter().find(|(key, _)| key == name);
        let (_, setting) = found.unwrap_or_else(|| panic!("{name} is not listed"));
        (setting.value.clone(), setting.origin.to_string())
    };
    let (store, place) = setting("logs.store");
    assert!(
        store == "1GiB" && place.ends_with("hydren.toml:2"),
        "{place}"
    );
    let (live_tail, place) = setting("logs.live_tail");
    assert!(
        live_tail == "false" && place.ends_with("user/config.toml:3"),
        "{place}"
    );
    let (simulated, faults) = demo(project, user, &[]);
    assert_eq!((simulated.logs, faults.len()), (told, 0));
    let none = layered(PROJECT, "", &Options::default(), &[]).unwrap();
    assert_eq!(none.logs, LogSettings::default());
}

#[test]
fn the_origin_of_every_setting_is_told() {
    let config = layered(PROJECT, "", &Options::default(), &[("AWS_PROFILE", "ops")]).unwrap();
    let told: Vec<String> = config
        .settings
        .iter()
        .map(|(key, setting)| {
            let origin = setting.origin.to_string();
            let file = origin.rsplit('/').next().unwrap_or_default();
            format!("{key} = {} ({file})", setting.value)
        })
        .collect();
    assert_eq!(
        told,
        [
            "environment = prod (hydren.toml:2)",
            "theme = project-theme (hydren.toml:3)",
            "profile = ops (AWS_PROFILE)",
            "region = eu-west-1 (hydren.toml:5)",
            "stage = production (hydren.toml:6)",
        ]
    );
}

#[test]
fn another_environment_than_the_chosen_one_keeps_what_its_file_says() {
    let config = layered(
        PROJECT,
        "",
        &Options::default(),
        &[("AWS_REGION", "sa-east-1")],
    )
    .unwrap();
    assert_eq!(config.environments["prod"].region, "sa-east-1");
    assert_eq!(config.environments["dev"].region, "eu-central-1");
}

#[test]
fn a_lock_can_be_added_from_anywhere_and_taken_off_from_nowhere() {
    let locked = "[environments.prod]\nregion = 'eu-west-1'\nread_only = true\n";
    let config = layered(
        locked,
        "[environments.prod]\nread_only = false\n",
        &Options::default(),
        &[("HYDREN_READ_ONLY", "0")],
    )
    .unwrap();
    let prod = config.environment().unwrap();
    assert_eq!(prod.access, Access::ReadOnly);
    let reason = prod.access_reason.as_deref().unwrap();
    assert!(reason.ends_with("hydren.toml:3"), "{reason}");

    let flags = Options {
        read_only: true,
        ..Options::default()
    };
    let config = layered(PROJECT, "", &flags, &[]).unwrap();
    assert!(
        config
            .environments
            .values()
            .all(|e| e.access == Access::ReadOnly)
    );
    assert_eq!(
        config.environments["dev"].access_reason.as_deref(),
        Some("--read-only is set")
    );

    let error = layered(
        PROJECT,
        "",
        &Options::default(),
        &[("HYDREN_READ_ONLY", "maybe")],
    )
    .unwrap_err();
    assert_eq!(
        error.message,
        "HYDREN_READ_ONLY: `maybe` is neither yes nor no"
    );
}

#[test]
fn an_environment_that_is_not_there_is_answered_with_those_that_are() {
    let flags = Options {
        env: Some("prdo".to_owned()),
        ..Options::default()
    };
    let error = layered(PROJECT, "", &flags, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Usage);
    assert_eq!(error.message, "--env: there is no environment `prdo`");
    assert_eq!(
        error.hint.as_deref(),
        Some("did you mean `prod`? configured are dev, prod")
    );
}

#[test]
fn nothing_configured_and_nothing_chosen_both_say_what_to_do() {
    let hint = |project| {
        let config = layered(project, "", &Options::default(), &[]).unwrap();
        config.environment().unwrap_err().hint.unwrap()
    };
    assert!(hint("").contains("hydren init"));
    assert!(hint("[environments.a]\n[environments.b]\n").contains("choose one of a, b with --env"));
}

#[test]
fn the_only_environment_needs_no_choice() {
    let config = layered("[environments.solo]\n", "", &Options::default(), &[]).unwrap();
    assert_eq!(config.active.as_deref(), Some("solo"));
}

#[test]
fn keys_of_the_project_lie_over_those_of_the_user() {
    let config = layered(
        "[keys.global]\nquit = 'q'\n",
        "[keys.global]\nquit = 'x'\nhelp = 'h'\n",
        &Options::default(),
        &[],
    )
    .unwrap();
    let global = config.keys["global"].as_table().unwrap();
    assert_eq!(global["quit"].as_str(), Some("q"));
    assert_eq!(global["help"].as_str(), Some("h"));
}

#[test]
fn the_endpoint_of_a_variable_is_left_to_the_sdk_which_knows_those_of_single_services() {
    let file = "[environments.dev]\nendpoint_url = 'http://127.0.0.1:5000'\n";
    let config = layered(file, "", &Options::default(), &[]).unwrap();
    assert_eq!(
        config.environment().unwrap().endpoint_url.as_deref(),
        Some("http://127.0.0.1:5000")
    );
    let config = layered(
        file,
        "",
        &Options::default(),
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")],
    )
    .unwrap();
    assert_eq!(config.environment().unwrap().endpoint_url, None);
}

#[test]
fn the_demo_starts_beside_every_invalid_file_and_says_what_is_wrong_with_it() {
    for path in corpus("invalid") {
        let text = fs::read_to_string(&path).unwrap();
        // Which environment is the default does not matter to the demo.
        let harmless = path.ends_with("default-that-does-not-exist.toml");
        let (project, faults) = demo(&text, "theme = 'nord'", &[]);
        let (user, users_faults) = demo("", &text, &[]);
        for config in [&project, &user] {
            let expected = 1 + usize::from(harmless);
            assert_eq!(config.environments.len(), expected, "{path}");
        }
        assert_eq!(project.theme.unwrap().value, "nord", "{path}");
        for faults in [faults, users_faults] {
            assert_eq!(faults.len(), usize::from(!harmless), "{path}: {faults:?}");
        }
    }
}

#[test]
fn nothing_that_chooses_an_environment_keeps_the_demo_from_starting() {
    let variables = [
        ("HYDREN_ENV", "nowhere"),
        ("HYDREN_CONFIG", "no/such/file.toml"),
        ("AWS_REGION", "Ireland"),
        ("AWS_ENDPOINT_URL", "nonsense"),
    ];
    let (_, faults) = demo(PROJECT, "", &variables);
    assert_eq!(faults, ["no/such/file.toml does not exist"]);
    let project = PROJECT.replace("project-theme", "nord");
    let (config, faults) = demo(&project, "", &[("HYDREN_ENV", "nowhere")]);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(
        config.environments["dev"].region, "eu-central-1",
        "one can switch to what is configured"
    );
}

#[test]
fn a_theme_or_key_that_does_not_exist_costs_the_demo_that_theme_or_key_only() {
    let user = "theme = 'nrod'\n[keys]\nfly = 'f'\n";
    let (config, faults) = demo("", user, &[]);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("nrod"), "{faults:?}");
    assert!(faults[1].contains("fly"), "{faults:?}");
    assert!(config.theme.is_none() && config.keys.is_empty());
}

#[test]
fn the_demo_too_refuses_to_guess_whether_it_is_read_only() {
    let variables = [("HYDREN_READ_ONLY", "maybe")];
    let refused = resolved("", "", &variables, |around| {
        Config::demo(&Options::default(), around)
    });
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Config);
    let (config, _) = demo("", "", &[("HYDREN_READ_ONLY", "1")]);
    assert_eq!(config.environment().unwrap().access, Access::ReadOnly);
}
