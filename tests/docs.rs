//! docs/ tells the truth about the program: what is generated is what is committed.

#[path = "../examples/captures/demo.rs"]
mod demo;
#[path = "../examples/captures/pages.rs"]
mod pages;
#[path = "../examples/captures/plans.rs"]
mod plans;
#[path = "../examples/captures/svg.rs"]
mod svg;

use pages::Page;
use std::path::Path;

/// Columns and lines of the captures.
const SIZE: (u16, u16) = (120, 40);

fn committed(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

/// Says which files are out of date, and the first line in which each differs.
fn differences(pages: &[Page]) -> String {
    pages.iter().filter_map(difference).collect()
}

fn difference(page: &Page) -> Option<String> {
    let known = committed(&page.path);
    if known == page.text {
        return None;
    }
    let shared = known.lines().zip(page.text.lines());
    let line = shared.take_while(|(a, b)| a == b).count();
    Some(format!(
        "{}:{}\n  committed: {}\n  should be: {}\n",
        page.path,
        line + 1,
        known.lines().nth(line).unwrap_or("(nothing)"),
        page.text.lines().nth(line).unwrap_or("(nothing)"),
    ))
}

#[test]
fn the_documented_keys_are_the_keys() {
    let keys = pages::keys().expect("the default keys are sound");
    let differences = differences(&[keys]);
    assert!(
        differences.is_empty(),
        "run `cargo run --example captures`\n{differences}"
    );
}

#[test]
fn the_pictures_show_what_the_program_draws() {
    let screens = pages::screens().expect("every screen can be opened");
    let differences = differences(&screens);
    assert!(
        differences.is_empty(),
        "run `cargo run --example captures` and look at the difference\n{differences}"
    );
}

#[test]
fn the_sample_in_the_readme_is_what_status_prints() {
    let readme = pages::readme(&committed("README.md")).expect("the demo can be read");
    let differences = differences(&[readme]);
    assert!(
        differences.is_empty(),
        "run `cargo run --example captures`\n{differences}"
    );
}

#[test]
fn every_relative_link_of_the_documentation_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("docs/ can be listed");
    let mut files: Vec<_> = docs
        .map(|entry| entry.expect("docs/ can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    files.extend(["README.md", "CHANGELOG.md"].map(|name| root.join(name)));
    let link = regex::Regex::new(r"\]\(([^)#:\s]+)(#[^)]*)?\)").expect("a valid pattern");
    let mut broken = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("documentation can be read");
        for found in link.captures_iter(&text) {
            let target = file.parent().unwrap_or(root).join(&found[1]);
            if !target.exists() {
                broken.push(format!("{}: {}", file.display(), &found[1]));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "links lead nowhere:\n{}",
        broken.join("\n")
    );
}

#[test]
fn the_plans_in_the_docs_are_what_the_commands_print() {
    let operations = plans::operations(&committed("docs/operations.md"));
    let differences = differences(&[operations.expect("every command has a plan")]);
    assert!(
        differences.is_empty(),
        "run `cargo run --example captures`\n{differences}"
    );
}
