//! Writes what the documentation shows of the program: docs/keys.md, docs/screens/NAME.svg and NAME.txt of every screen at
//! 120x40, the sample of `hydren status` in README.md, and the plans in docs/operations.md.
//!
//! `cargo run --example captures` from the repository's root. A test keeps what is committed equal to what this writes.

mod demo;
mod pages;
mod plans;
mod svg;

use hydren::error::{Error, ErrorKind, Result};
use std::path::Path;

/// Columns and lines of the captures.
const SIZE: (u16, u16) = (120, 40);

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = pages::screens()?;
    pages.push(pages::keys()?);
    let readme = std::fs::read_to_string(root.join("README.md"));
    pages.push(pages::readme(
        &readme.map_err(|e| failed("README.md", "read", e))?,
    )?);
    let operations = std::fs::read_to_string(root.join("docs/operations.md"));
    pages.push(plans::operations(
        &operations.map_err(|e| failed("docs/operations.md", "read", e))?,
    )?);
    std::fs::create_dir_all(root.join("docs/screens"))
        .map_err(|e| failed("docs/screens", "made", e))?;
    for page in pages {
        std::fs::write(root.join(&page.path), &page.text)
            .map_err(|e| failed(&page.path, "written", e))?;
    }
    Ok(())
}

fn failed(path: &str, how: &str, source: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{path} cannot be {how}")).source(source)
}
