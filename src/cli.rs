//! The command line: flags and commands as clap sees them. What they mean together with files and variables is [`crate::config`]'s.

mod autoscale;
mod cost;
mod database;
mod edge;
mod image;
mod rollout;
mod session;

pub use autoscale::Autoscale;
pub use cost::{Cost, CostOutput};
pub use database::DbCommand;
pub use edge::{AlarmsCommand, CdnCommand, WafCommand};
pub use image::{ImageBuild, ImageCommand, ImagePush, ImageShip, ImageTry};
pub use rollout::Rollout;
pub use session::{Exec, Forward};

use crate::{
    cloud::sim::{DemoEngine, Scenario, SimOptions},
    error::{Error, ErrorKind, Result},
    logs::filter::Filter,
    op::{self, Request},
};
use clap::{
    Args, CommandFactory as _, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _, ValueParser},
};
use std::{path::PathBuf, time::Duration};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "hydren",
    version,
    about = "A terminal operations console for one web application's AWS environment",
    long_about = "A terminal operations console for one web application's AWS environment: Route 53, CloudFront, WAF, ALB, ECS \
                  Fargate and RDS PostgreSQL.\n\nWithout a command it opens the console for the configured environment.",
    after_help = AFTER_HELP,
    disable_help_subcommand = true,
    max_term_width = 120
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do; `None` opens the console.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Settings come from flags, then HYDREN_* and AWS_* variables, then hydren.toml here or in a folder above, then the user's own \
file, then defaults. `hydren info` says which apply and from where.

Exit codes: 0 done and healthy, 1 failed, 2 wrong usage or configuration, 3 unhealthy or unknown, \
4 rolled back or not healthy in time, 5 not allowed, 130 interrupted.";

/// Flags that every command takes. They win over variables and files.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Environment")]
pub struct Options {
    /// Environment of the configuration to use [variable: HYDREN_ENV]
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Option<String>,
    /// AWS profile [variable: AWS_PROFILE]
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// AWS region [variables: AWS_REGION, AWS_DEFAULT_REGION]
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Endpoint of all AWS services, for test servers [variable: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Refuse every call that changes something [variable: HYDREN_READ_ONLY]
    #[arg(long, global = true, visible_alias = "readonly")]
    pub read_only: bool,
    /// Project file to read instead of the hydren.toml found upwards [variable: HYDREN_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Theme [variable: HYDREN_THEME]
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Use the embedded simulated environment
    #[arg(
        long,
        global = true,
        value_name = "SCENARIO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = Scenario::default().id(),
        value_parser = scenario(),
        help_heading = "Simulation"
    )]
    pub demo: Option<Scenario>,
    /// Fix every random choice of the simulation
    #[arg(long, global = true, value_name = "N", help_heading = "Simulation")]
    pub seed: Option<u64>,
    /// Build and try images with the container engine of this machine: components of hydren.toml, pushed into the simulated registry
    #[arg(long, global = true, help_heading = "Simulation")]
    pub real_engine: bool,
    /// Run the simulation to this point before looking at it, such as 30m
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, help_heading = "Simulation")]
    pub elapsed: Option<Duration>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console on the embedded simulated environment
    Demo {
        /// What happens in it
        #[arg(default_value = Scenario::default().id(), value_parser = scenario())]
        scenario: Scenario,
        /// Simulated seconds a second
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3600))]
        speed: u32,
    },
    /// Discover an existing environment and write it into hydren.toml
    Init(Init),
    /// Say how every tier is doing; exits with 3 when something is wrong
    Status(Format),
    /// Say what it costs, line by line: now, this month, at the least and at the most, and what would change it
    Cost(Cost),
    /// Say what happened, newest first: rollouts, stopped tasks, scaling, alarms, snapshots
    Events {
        /// Read the audit log instead: every change tried from this machine, of all environments but where one is named
        #[arg(long)]
        audit: bool,
        /// How it is printed.
        #[command(flatten)]
        format: Format,
    },
    /// Print the environment's logs, follow them, or ask Logs Insights
    Logs(Logs),
    /// Set how many tasks a service runs
    Scale {
        /// Service
        service: String,
        /// Tasks
        #[arg(value_parser = clap::value_parser!(i32).range(0..=5_000))]
        desired: i32,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Set limits and targets of a service's autoscaling, suspend and resume it
    Autoscale(Autoscale),
    /// Replace the tasks of a service by new ones of the same revision
    Restart {
        /// Service
        service: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Roll a new revision out: another image, variables, command or size, everything else as it is
    Rollout(Rollout),
    /// Give the tasks of a service another size, everything else as it is
    Resize {
        /// Service
        service: String,
        /// CPU units of a task, 1024 for a vCPU
        #[arg(long, value_name = "UNITS")]
        cpu: u32,
        /// Memory of a task in MiB
        #[arg(long, value_name = "MIB")]
        memory: u32,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Stop the deployment of a service that is under way, or go back to an earlier revision
    Rollback {
        /// Service
        service: String,
        /// Revision to go back to, such as 41 or backend:41; by default the last one that completed
        #[arg(long, value_name = "REVISION")]
        to: Option<String>,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Let a deployment go on that waits at a pause hook (blue/green, linear, canary)
    Continue {
        /// Service
        service: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Stop one task; its service starts another
    StopTask {
        /// Task id, ARN, or the beginning of an id
        task: String,
        /// How it is carried out.
        #[command(flatten)]
        carry: Carry,
    },
    /// Open a shell in a container, or run a command in it (ECS Exec)
    Exec(Exec),
    /// Forward a local port to a task, or through it to the database or another host
    Forward(Forward),
    /// The demo's other end of a session
    #[command(hide = true)]
    SimulatedSession {
        /// What is simulated
        facts: String,
    },
    /// List, take, delete and restore snapshots of the database, change its class or storage, reboot it
    Db {
        /// What to do with it.
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Build, try, push and ship images of components; list what the registries hold, what each service runs, what is on this machine
    Image {
        /// What to do with them.
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Drop cached copies from the CloudFront distribution
    Cdn {
        /// What to do with it.
        #[command(subcommand)]
        command: CdnCommand,
    },
    /// Change rules of the web ACL, block and allow addresses
    Waf {
        /// What to do with it.
        #[command(subcommand)]
        command: WafCommand,
    },
    /// Switch the actions of CloudWatch alarms
    Alarms {
        /// What to do with one.
        #[command(subcommand)]
        command: AlarmsCommand,
    },
    /// Say which settings apply and where each comes from, who the caller is, and what watching costs
    Info(Format),
    /// Print the completion script of a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
}

/// How a view is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Format {
    /// How to print it; the JSON is described in docs/status-json.md
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people at a terminal
    Table,
    /// For programs: documented and versioned
    Json,
    /// For chats and tickets
    Markdown,
}

/// How an operation is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Carry {
    /// Print the plan and change nothing, whatever else is said
    #[arg(long)]
    pub dry_run: bool,
    /// Carry the plan out without asking; needed where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
    /// Leave once AWS has accepted the calls, instead of watching what becomes of them
    #[arg(long)]
    pub no_wait: bool,
    /// How to print the plan and the outcome; the JSON is described in docs/operations.md
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

impl Command {
    /// The operation that the command line asks for, if it does.
    #[must_use]
    pub fn request(&self) -> Option<(Request, Carry)> {
        Some(match self {
            Self::Scale {
                service,
                desired,
                carry,
            } => {
                let (service, desired) = (service.clone(), Some(*desired));
                (op::Scale { service, desired }.into(), *carry)
            }
            Self::Restart { service, carry } => {
                let service = service.clone();
                (op::Restart { service }.into(), *carry)
            }
            Self::Autoscale(asked) => (asked.into(), asked.carry),
            Self::Rollout(rollout) => (rollout.into(), rollout.carry),
            Self::Resize {
                service,
                cpu,
                memory,
                carry,
            } => {
                let (service, size) = (service.clone(), Some((*cpu, *memory)));
                (op::Resize { service, size }.into(), *carry)
            }
            Self::Rollback { service, to, carry } => {
                let (service, to) = (service.clone(), to.clone());
                (op::RollBack { service, to }.into(), *carry)
            }
            Self::Continue { service, carry } => {
                let service = service.clone();
                (op::ContinueDeployment { service }.into(), *carry)
            }
            Self::StopTask { task, carry } => {
                let task = task.clone();
                (op::StopTask { task }.into(), *carry)
            }
            Self::Exec(exec) => (exec.into(), exec.carry),
            Self::Forward(forward) => (forward.into(), forward.carry),
            Self::Cdn { command } => command.request(),
            Self::Waf { command } => command.request(),
            Self::Alarms { command } => command.request(),
            Self::Db { command } => return command.request(),
            Self::Image { command } => return command.request(),
            _ => return None,
        })
    }
}

/// Which logs, and how they are printed.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Logs {
    /// Something else than to print lines.
    #[command(subcommand)]
    pub command: Option<LogsCommand>,
    /// Service, tier (ecs, rds, network, waf, alb) or log group; all logs of the environment when none is named
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Go on printing lines as they come, until ctrl-c
    #[arg(long, short)]
    pub follow: bool,
    /// How far back to begin
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = span)]
    pub since: Duration,
    /// Print only what passes, in the language of the log screen: text, /regex/, level:error, field:value, -not, (a or b)
    #[arg(long, value_name = "EXPR", value_parser = filter, default_value = "", hide_default_value = true)]
    pub filter: Filter,
    /// Newest lines read at most; --follow reads all
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=500_000))]
    pub limit: u32,
    /// Follow without Live Tail, which costs $0.01 a minute: ask every few seconds, which is free (or `live_tail` in hydren.toml)
    #[arg(long, requires = "follow")]
    pub poll: bool,
    /// How lines are printed.
    #[command(flatten)]
    pub form: LogForm,
}

/// What else can be done with logs.
#[derive(Debug, Clone, Subcommand)]
pub enum LogsCommand {
    /// Ask CloudWatch Logs Insights, which is billed by what it scans
    Query {
        /// The query, in the language of Logs Insights, or the name of a saved one (docs/logs.md), which knows its logs
        #[arg(value_name = "QUERY")]
        text: String,
        /// Service, tier or log group, as above
        #[arg(value_name = "SOURCE")]
        sources: Vec<String>,
        /// How far back to search
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = span)]
        since: Duration,
        /// Rows at most
        #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// How rows are printed.
        #[command(flatten)]
        form: LogForm,
    },
    /// Add up the VPC's flow logs: traffic by tier, refused flows by source, port and security group
    Flows {
        /// How far back to read
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = span)]
        since: Duration,
        /// Newest records read at most
        #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=500_000))]
        limit: u32,
        /// How they are printed.
        #[command(flatten)]
        format: Format,
    },
}

/// How log lines are printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct LogForm {
    /// How to print them
    #[arg(long, short, value_enum, default_value_t = LogOutput::Table)]
    pub output: LogOutput,
    /// Show passwords, tokens and keys, which are covered otherwise
    #[arg(long)]
    pub reveal_secrets: bool,
}

/// Forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogOutput {
    /// Time, source, stream and text
    Table,
    /// An object a line, described in docs/logs.md
    Json,
    /// The text alone
    Raw,
}

/// Where a discovery starts and what becomes of its result.
#[derive(Debug, Clone, Default, Args)]
pub struct Init {
    /// ECS cluster to start from
    #[arg(long, value_name = "NAME", conflicts_with = "stack")]
    pub cluster: Option<String>,
    /// CloudFormation stack to start from
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Name of the environment in the file; by default the cluster's name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Print what would be written and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace the environment of the same name in an existing file
    #[arg(long)]
    pub force: bool,
}

/// Makes the completion script of `shell`.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hydren", &mut script);
    script
}

impl Cli {
    /// Says how the simulation runs, if that is what the command line asks for.
    ///
    /// # Errors
    /// A flag that has a meaning for the simulation only, or for AWS only, on the wrong side.
    pub fn simulation(&self) -> Result<Option<SimOptions>> {
        let options = &self.options;
        let (scenario, speed) = match self.command {
            Some(Command::Demo { scenario, speed }) => (Some(scenario), f64::from(speed)),
            _ => (options.demo, SimOptions::default().speed),
        };
        let stray = |flags: &[(&'static str, bool)]| {
            flags
                .iter()
                .find(|(_, given)| *given)
                .map(|(flag, _)| *flag)
        };
        let Some(scenario) = scenario else {
            return match stray(&[
                ("--seed", options.seed.is_some()),
                ("--elapsed", options.elapsed.is_some()),
                ("--real-engine", options.real_engine),
            ]) {
                None => Ok(None),
                Some(flag) => Err(Error::new(
                    ErrorKind::Usage,
                    format!("{flag} is for the simulation only"),
                )
                .hint("add --demo, or leave it out")),
            };
        };
        let aws_only = [
            ("--env", options.env.is_some()),
            ("--profile", options.profile.is_some()),
            ("--region", options.region.is_some()),
            ("--endpoint-url", options.endpoint_url.is_some()),
        ];
        match stray(&aws_only) {
            Some(flag) => Err(Error::new(
                ErrorKind::Usage,
                format!("{flag} has no meaning in the simulation"),
            )
            .hint("leave it out, or leave out the demo")),
            None => Ok(Some(SimOptions {
                seed: options.seed.unwrap_or(SimOptions::default().seed),
                speed,
                elapsed: options.elapsed,
                scenario,
                engine: if options.real_engine {
                    DemoEngine::Machine
                } else {
                    DemoEngine::Simulated
                },
            })),
        }
    }
}

/// Accepts the scenarios that there are.
fn scenario() -> ValueParser {
    let values = Scenario::ALL.map(|s| PossibleValue::new(s.id()).help(s.summary()));
    let find = |id: String| {
        Scenario::ALL
            .into_iter()
            .find(|s| s.id() == id)
            .unwrap_or_default()
    };
    ValueParser::new(PossibleValuesParser::new(values).map(find))
}

/// The simulation lives through every second of it, so that a slip of the finger should not cost an hour.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// Reads `30m`, `1h30m`, `90s`.
fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|e: jiff::Error| e.to_string())?;
    match Duration::try_from(span) {
        Ok(span) if span <= LONGEST => Ok(span),
        Ok(_) => Err("at most 30 days can be simulated".to_owned()),
        Err(_) => Err("a duration ahead is expected, such as 30m".to_owned()),
    }
}

/// Reads a filter of log lines; what is wrong stands under its place.
fn filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text).map_err(|e| format!("\n\n{}", e.caret(text)))
}

/// Longest span of logs: CloudWatch keeps them ten years at most, or for ever.
const LONGEST_SPAN: Duration = Duration::from_hours(3_653 * 24);

/// Reads `30m`, `2h`, `7d`; a day has 24 hours.
fn span(text: &str) -> Result<Duration, String> {
    let span: jiff::Span = text.parse().map_err(|e: jiff::Error| e.to_string())?;
    let span = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|e| e.to_string())?;
    match Duration::try_from(span) {
        Ok(span) if span <= LONGEST_SPAN && !span.is_zero() => Ok(span),
        Ok(span) if !span.is_zero() => Err("logs are kept ten years at most".to_owned()),
        _ => Err("a duration back is expected, such as 30m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split(' ')).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_are_accepted_before_and_after_the_command() {
        assert_eq!(
            parse("hydren --env prod status").options.env,
            parse("hydren status --env prod").options.env
        );
        assert!(parse("hydren status --readonly").options.read_only);
    }

    #[test]
    fn demo_takes_its_scenario_after_an_equals_sign_only() {
        assert_eq!(
            parse("hydren --demo status").options.demo,
            Some(Scenario::Calm)
        );
        assert_eq!(
            parse("hydren --demo=calm status").options.demo,
            Some(Scenario::Calm)
        );
        assert!(Cli::try_parse_from(["hydren", "--demo=clam", "status"]).is_err());
    }

    #[test]
    fn the_command_and_the_flag_ask_for_the_same_simulation() {
        let options = |line| parse(line).simulation().unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            options("hydren demo --seed 3"),
            options("hydren --demo --seed 3")
        );
        assert_eq!(options("hydren status"), None);
    }

    #[test]
    fn flags_of_the_other_world_are_refused() {
        let refusal = |line| parse(line).simulation().map_err(|e| e.message);
        assert_eq!(
            refusal("hydren status --seed 3"),
            Err("--seed is for the simulation only".to_owned())
        );
        assert_eq!(
            refusal("hydren demo --region eu-west-1"),
            Err("--region has no meaning in the simulation".to_owned())
        );
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert!(duration("-5m").is_err());
        assert!(duration("9000h").is_err());
        assert!(duration("soon").is_err());
        assert_eq!(span("7d"), Ok(Duration::from_hours(7 * 24)));
        assert!(span("0s").is_err());
        assert!(span("-5m").is_err());
        assert!(span("99999d").is_err());
    }

    #[test]
    fn logs_are_printed_or_queried_and_never_both() {
        let Some(Command::Logs(logs)) = parse("hydren logs backend rds -f --poll").command else {
            panic!("it is the command");
        };
        assert_eq!(logs.sources, ["backend", "rds"]);
        assert!(logs.follow && logs.poll && logs.command.is_none());
        let Some(Command::Logs(query)) = parse("hydren logs query stats backend").command else {
            panic!("it is the command");
        };
        assert!(matches!(query.command, Some(LogsCommand::Query { .. })));
        assert!(Cli::try_parse_from(["hydren", "logs", "--poll"]).is_err());
        let wrong = Cli::try_parse_from(["hydren", "logs", "--filter", "a (b"]);
        let said = wrong.map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("\na (b\n  ^"), "{said}");
    }
}
