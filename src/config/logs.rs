//! `[logs]`: how logs are kept and followed.

use super::{File, Origin, Setting, wrong};
use crate::{error::Result, logs::store::DEFAULT_LIMIT, model::log::Delivery};
use serde::Deserialize;
use std::ops::RangeInclusive;
use toml::Spanned;

/// Bytes that the line store may be given: it must hold some of the longest lines, and not all of a machine's memory.
const STORE: RangeInclusive<usize> = 4 << 20..=4 << 30;

/// Units of a size and their bytes.
const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// How logs are kept and followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// Bytes of lines that the log screen keeps.
    pub store: usize,
    /// How lines should arrive.
    pub delivery: Delivery,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            store: DEFAULT_LIMIT,
            delivery: Delivery::LiveTail,
        }
    }
}

/// The table as it stands in a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    store: Option<Spanned<String>>,
    live_tail: Option<Spanned<bool>>,
}

/// Gathers what `files`, the strongest first, say of logs, and adds what was given to `given`.
///
/// # Errors
/// A size that is none or out of bounds.
pub(super) fn gather(
    files: &[&File],
    given: &mut Vec<(String, Setting<String>)>,
) -> Result<LogSettings> {
    let mut settings = LogSettings::default();
    let store = files
        .iter()
        .find_map(|f| f.setting(f.content.logs.store.as_ref()));
    if let Some(store) = store {
        settings.store = bytes(&store.value, &store.origin)?;
        given.push(("logs.store".to_owned(), store));
    }
    let live = files
        .iter()
        .find_map(|f| f.setting(f.content.logs.live_tail.as_ref()));
    if let Some(live) = live {
        settings.delivery = if live.value {
            Delivery::LiveTail
        } else {
            Delivery::Polling
        };
        let (value, origin) = (live.value.to_string(), live.origin);
        given.push(("logs.live_tail".to_owned(), Setting { value, origin }));
    }
    Ok(settings)
}

/// Reads `64MiB`, also with a blank before the unit.
fn bytes(text: &str, origin: &Origin) -> Result<usize> {
    let refused = |what: &str| {
        wrong(origin, "logs.store: ", &format!("`{text}` {what}"))
            .hint("sizes are written like \"64MiB\" or \"1GiB\", from 4MiB to 4GiB")
    };
    let number = UNITS.iter().find_map(|(unit, bytes)| {
        let number: usize = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        Some(number.saturating_mul(*bytes))
    });
    match number {
        None => Err(refused("is no size")),
        Some(bytes) if STORE.contains(&bytes) => Ok(bytes),
        Some(_) => Err(refused("is out of bounds")),
    }
}
