//! Parses the command line, builds a cloud, runs the console or a headless twin.

use clap::Parser as _;
use hydren::{
    cli::{Cli, Command},
    config::{Config, Surroundings},
    error::{Error, ErrorKind, Result},
    text::neutral,
};
use std::{io::Write as _, process::ExitCode};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    if let Some(Command::Completions { shell }) = cli.command {
        print(&hydren::cli::completions(shell))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::Demo { .. }) = cli.command {
        let cloud: std::sync::Arc<dyn hydren::cloud::Cloud> =
            std::sync::Arc::new(hydren::cloud::sim::SimCloud::new(Default::default()));
        let environment = hydren::cloud::sim::environment();
        hydren::console::open(hydren::console::Setup {
            environments: vec![environment.clone()],
            environment,
            theme: cli.options.theme.clone(),
            colours: hydren::console::Colours::Allowed,
            themes: "/tmp".into(),
            keys: toml::Table::new(),
            now: cloud.now(),
            connect: Box::new(move |_| cloud.clone()),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let _config = Config::load(&cli.options, &Surroundings::of_process()?)?;
    Err(Error::new(
        ErrorKind::Unsupported,
        "only `completions` is wired so far",
    ))
}

/// Writes to stdout. A reader that has seen enough and closed the pipe is no failure.
fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Io, format!("the output cannot be written: {e}")).source(e))
        }
        _ => Ok(()),
    }
}

/// Says on stderr what failed and what to do next. There is nobody left to tell when that fails too.
fn complain(error: &Error) {
    let mut text = format!("hydren: {}\n", neutral(&error.message));
    if let Some(hint) = &error.hint {
        text += &format!("  hint: {}\n", neutral(hint));
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}
