use super::*;
use crate::error::ErrorKind;
use std::fs;

fn embedded(name: &str) -> Theme {
    Theme::load(name, None).unwrap().0
}

/// Loads a user's theme called `mine` from `text`.
fn mine(text: &str) -> Result<(Theme, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), text).unwrap();
    Theme::load("mine", Some(folder.path()))
}

/// Linear red, green and blue, each 0 to 1 (WCAG 2.2, "relative luminance").
fn linear(colour: Colour) -> Option<[f64; 3]> {
    let Colour::Rgb(red, green, blue) = colour else {
        return None;
    };
    Some([red, green, blue].map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    }))
}

fn luminance([red, green, blue]: [f64; 3]) -> f64 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// WCAG 2.2 contrast ratio, 1 to 21.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_embedded_theme_resolves_every_role_without_a_warning() {
    for name in Theme::embedded() {
        let (theme, warnings) = Theme::load(name, None).unwrap();
        assert_eq!(warnings, Vec::<String>::new(), "{name}");
        for role in Role::ALL {
            assert_ne!(theme.paint(role), Paint::default(), "{name}: {role:?}");
        }
    }
}

#[test]
fn every_embedded_theme_says_all_its_roles_itself() {
    for (name, text) in file::EMBEDDED {
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["name"].as_str(), Some(name));
        for role in Role::ALL {
            assert!(
                table["roles"].get(role.name()).is_some(),
                "{name}: {role:?}"
            );
        }
    }
}

#[test]
fn text_and_states_can_be_read_on_every_background() {
    let wanted = [
        (Role::Text, 4.5),
        (Role::Ok, 4.5),
        (Role::Warning, 4.5),
        (Role::Critical, 4.5),
        (Role::Title, 4.5),
        (Role::Muted, 3.0),
    ];
    let mut measured = 0;
    for name in Theme::embedded() {
        let theme = embedded(name);
        let Some(background) = theme.paint(Role::Screen).bg.and_then(linear) else {
            continue;
        };
        measured += 1;
        for (role, least) in wanted {
            let ratio = contrast(theme.paint(role).fg.and_then(linear).unwrap(), background);
            assert!(ratio >= least, "{name}: {role:?} has {ratio:.2}:1");
        }
        for role in [Role::Production, Role::Match, Role::Bar] {
            let paint = theme.paint(role);
            let [fg, bg] = [paint.fg, paint.bg].map(|c| c.and_then(linear).unwrap());
            let least = if role == Role::Bar { 3.0 } else { 4.5 };
            assert!(contrast(fg, bg) >= least, "{name}: {role:?}");
        }
    }
    assert_eq!(measured, 9, "all but `ansi` state a background");
}

#[test]
fn high_contrast_reaches_seven_to_one() {
    let theme = embedded("high-contrast");
    let background = theme.paint(Role::Screen).bg.and_then(linear).unwrap();
    for role in [
        Role::Text,
        Role::Muted,
        Role::Ok,
        Role::Warning,
        Role::Critical,
        Role::Info,
    ] {
        let ratio = contrast(theme.paint(role).fg.and_then(linear).unwrap(), background);
        assert!(ratio >= 7.0, "{role:?} has {ratio:.2}:1");
    }
}

/// Matrices over linear RGB for full protanopia and deuteranopia: Machado, Oliveira and Fernandes, "A Physiologically-based Model
/// for Simulation of Color Vision Deficiency", 2009, severity 1.0.
const DEFICIENCIES: [[[f64; 3]; 3]; 2] = [
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
];

#[test]
fn colour_blind_states_differ_in_lightness_with_every_colour_vision() {
    let theme = embedded("colour-blind");
    let states = [Role::Critical, Role::Ok, Role::Warning]
        .map(|role| theme.paint(role).fg.and_then(linear).unwrap());
    let usual = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for matrix in DEFICIENCIES.into_iter().chain([usual]) {
        let seen = states.map(|colour| {
            matrix.map(|row| {
                row.iter()
                    .zip(colour)
                    .map(|(m, c)| m * c)
                    .sum::<f64>()
                    .clamp(0.0, 1.0)
            })
        });
        for pair in seen.windows(2) {
            assert!(luminance(pair[0]) < luminance(pair[1]));
            assert!(
                contrast(pair[0], pair[1]) >= 1.3,
                "{:.2}",
                contrast(pair[0], pair[1])
            );
        }
    }
}

#[test]
fn production_looks_like_nothing_else() {
    for theme in Theme::embedded().map(embedded) {
        let badge = theme.paint(Role::Production);
        let others = Role::ALL
            .into_iter()
            .filter(|role| *role != Role::Production);
        for role in others {
            assert_ne!(theme.paint(role).bg, badge.bg, "{}: {role:?}", theme.name());
        }
    }
}

#[test]
fn without_colour_only_modifiers_remain() {
    let theme = Theme::monochrome();
    for role in Role::ALL {
        assert_eq!(
            (theme.paint(role).fg, theme.paint(role).bg),
            (None, None),
            "{role:?}"
        );
    }
    let states = [Role::Ok, Role::Warning, Role::Critical].map(|role| theme.paint(role).modifiers);
    assert!(states[0] != states[1] && states[1] != states[2] && states[0] != states[2]);
}

#[test]
fn a_theme_of_ones_own_changes_a_colour_and_inherits_the_rest() {
    let (theme, warnings) =
        mine("inherits = 'nord'\n[palette]\ngreen = '#00ff00'\n[roles]\nkey = 'ansi:bright-red'")
            .unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(theme.name(), "mine");
    assert_eq!(theme.paint(Role::Ok).fg, Some(Colour::Rgb(0, 255, 0)));
    assert_eq!(theme.paint(Role::Key).fg, Some(Colour::Ansi(9)));
    assert_eq!(
        theme.paint(Role::Critical),
        embedded("nord").paint(Role::Critical)
    );
}

#[test]
fn a_bad_entry_warns_and_the_inherited_look_stays() {
    let text = "inherits = 'gruvbox'\ncolor = 1\n[palette]\ngreen = '#00ff0'\n[roles]\nok = 'gren'\nborder-focused = 'green'\n\
                title = { fg = 'green', modifiers = ['blink'] }\nkey = { front = 'green' }\ntext = 7";
    let (theme, warnings) = mine(text).unwrap();
    let parent = embedded("gruvbox");
    for role in Role::ALL {
        assert_eq!(theme.paint(role), parent.paint(role), "{role:?}");
    }
    insta::assert_snapshot!(warnings.join("\n"));
}

#[test]
fn an_unknown_theme_is_an_error_with_the_list_and_the_nearest_name() {
    let error = Theme::load("dracla", None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(error.to_string(), "there is no theme `dracla`");
    assert_eq!(
        error.hint.unwrap(),
        "did you mean `dracula`? One of: hydren-dark, hydren-light, ansi, high-contrast, colour-blind, catppuccin, gruvbox, nord, \
         tokyo-night, dracula"
    );
}

#[test]
fn a_name_that_is_a_path_opens_no_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret.toml"), "name = 'secret'").unwrap();
    let themes = folder.path().join("themes");
    fs::create_dir(&themes).unwrap();
    let error = Theme::load("../secret", Some(&themes)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
}

#[test]
fn broken_toml_and_circles_are_errors() {
    assert_eq!(mine("[roles").unwrap_err().kind, ErrorKind::Config);
    let folder = tempfile::tempdir().unwrap();
    for (name, parent) in [("a", "b"), ("b", "a")] {
        let text = format!("inherits = '{parent}'");
        fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    let error = Theme::load("a", Some(folder.path())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(
        error
            .message
            .starts_with("theme a inherits in a circle: a, b, a")
    );
}

#[test]
fn a_users_file_replaces_the_embedded_theme_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("nord.toml"),
        "inherits = 'nord'\n[palette]\nred = '#ff0000'",
    )
    .unwrap();
    let (theme, _) = Theme::load("nord", Some(folder.path())).unwrap();
    assert_eq!(theme.paint(Role::Critical).fg, Some(Colour::Rgb(255, 0, 0)));
    assert_eq!(theme.paint(Role::Ok), embedded("nord").paint(Role::Ok));
}
