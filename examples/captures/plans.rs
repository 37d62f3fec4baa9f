//! The plans in docs/operations.md: each is what the command above it prints.

use super::pages::Page;
use clap::Parser as _;
use hydren::{
    audit::AuditLogs,
    cli::{Cli, Command},
    cloud::sim::{self, SimOptions},
    config::Surroundings,
    connect::{Opened, Opener},
    error::{Error, ErrorKind, Result},
    op::Desk,
    report,
};
use indexmap::IndexMap;
use std::{path::Path, time::Duration};

/// Begins a block whose first line is a command and whose others are what it prints.
const BLOCK: &str = "```console\n$ ";
const END: &str = "```\n";

/// Makes docs/operations.md of `text`, what it is now: the output below each command anew.
///
/// # Errors
/// A command that does not parse, asks for no operation, or whose plan cannot be made.
pub fn operations(text: &str) -> Result<Page> {
    let mut blocks = text.split(BLOCK);
    let mut made = blocks.next().unwrap_or_default().to_owned();
    for block in blocks {
        let (command, rest) = block.split_once('\n').unwrap_or((block, ""));
        let after = rest.split_once(END).map_or("", |(_, after)| after);
        let printed = printed(command)?;
        made.extend([BLOCK, command, "\n", &printed, END, after]);
    }
    Ok(Page {
        path: "docs/operations.md".to_owned(),
        text: made,
    })
}

/// What `command` prints in the demo with `--dry-run`.
fn printed(command: &str) -> Result<String> {
    let broken = |why: String| Error::new(ErrorKind::Usage, format!("`{command}`: {why}"));
    let words = shlex::split(command).ok_or_else(|| broken("it is not quoted right".to_owned()))?;
    let cli = Cli::try_parse_from(words).map_err(|e| broken(e.to_string()))?;
    let request = cli.command.as_ref().and_then(Command::request);
    let (request, carry) = request.ok_or_else(|| broken("it is no operation".to_owned()))?;
    let options = cli.simulation()?.unwrap_or_default();
    let opener = Opener {
        simulation: SimOptions {
            elapsed: options.elapsed.or(Some(Duration::ZERO)),
            ..options
        },
        // Nothing is carried out, and so nothing is written.
        audit_logs: AuditLogs::in_folder(Path::new("/nonexistent")),
        components: IndexMap::new(),
        around: Surroundings::default(),
        environments: vec![sim::environment()],
    };
    let environment = sim::environment();
    let Opened { cloud, workshop } = opener.open(&environment);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| broken(e.to_string()))?;
    let plan =
        runtime.block_on(request.plan(&Desk::new(&*cloud, &environment).beside(&workshop)))?;
    report::operate::plan(&environment, &plan, carry.output)
}
