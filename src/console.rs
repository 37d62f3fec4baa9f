//! Opens the console: theme and keys, the terminal, the first frame, then everything that takes longer.

use crate::{
    app::App,
    config::LogSettings,
    connect::Opener,
    cost::Book,
    error::{Error, ErrorKind, Result},
    keymap::Keymap,
    model::environment::Environment,
    runtime::{self, End},
    terminal::Terminal,
    theme::{self, Theme},
};
use jiff::{Timestamp, tz::TimeZone};
use std::path::PathBuf;

/// What the console opens with.
pub struct Setup {
    /// The environment shown.
    pub environment: Environment,
    /// All environments to choose from.
    pub environments: Vec<Environment>,
    /// Theme by name; `None` is the default one.
    pub theme: Option<String>,
    /// Whether colours may be used.
    pub colours: Colours,
    /// Folder of the user's own themes.
    pub themes: PathBuf,
    /// The user's `[keys]`.
    pub keys: toml::Table,
    /// How logs are kept and followed.
    pub logs: LogSettings,
    /// What was wrong and left out: it is told in the first frame.
    pub warning: Option<String>,
    /// The prices, and what of the kept ones could not be used.
    pub prices: (Book, Option<String>),
    /// The environment's present.
    pub now: Timestamp,
    /// Opens environments.
    pub opener: Opener,
}

/// Whether colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// As the theme says.
    Allowed,
    /// None at all: `NO_COLOR` (<https://no-color.org>).
    Forbidden,
}

/// Opens the console and stays until it is left. The first frame waits for nothing but the theme and the terminal.
///
/// # Errors
/// A theme or key that does not exist, no terminal, a terminal that goes away.
pub fn open(setup: Setup) -> Result<End> {
    let name = setup.theme.as_deref().unwrap_or(theme::DEFAULT);
    let (chosen, warnings) = Theme::load(name, Some(&setup.themes))?;
    let theme = match setup.colours {
        Colours::Allowed => chosen,
        Colours::Forbidden => Theme::monochrome(),
    };
    let keymap = Keymap::new(&setup.keys)?;
    let mut app = App::new(
        setup.environment,
        setup.environments,
        theme,
        keymap,
        setup.now,
    );
    app.keep_logs(setup.logs);
    // It is read by every plan for as long as the console runs.
    let (book, fault) = setup.prices;
    (app.book, app.book_fault) = (Box::leak(Box::new(book)), fault);
    if let Some(warning) = setup.warning.as_ref().or(warnings.first()) {
        app.say(warning.as_str());
    }
    let mut terminal = Terminal::enter()?;
    terminal.draw(&app)?;
    // It is read from a file, which the first frame does not wait for.
    app.zone = TimeZone::system();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::new(ErrorKind::Io, "the console cannot start its threads").source(e))?
        .block_on(runtime::run(
            app,
            terminal,
            setup.opener,
            Some(setup.themes),
        ))
}
