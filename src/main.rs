//! Parses the command line, builds a cloud, runs the console or a headless twin.

use clap::Parser as _;
use hydren::{
    attend,
    audit::AuditLog,
    cli::{
        self, Carry, Cli, Command, DbCommand, ImageBuild, ImageCommand, ImagePush, Logs,
        LogsCommand, Options, Output,
    },
    cloud::{
        Cloud,
        sim::{DemoEngine, SimOptions},
    },
    config::{Config, Surroundings, unnamed},
    connect::{Opened, Opener, locate},
    console::{self, Colours, Setup},
    cost::{self, Book, Costs},
    engine::{
        order::{Runs, mismatch, order},
        push::{Named, Wanted, push},
        source::Source,
        workshop::Workshop,
    },
    error::{Error, ErrorKind, Result},
    init::{self, Edit, Replace},
    logs::{
        filter::Filter,
        flow::FlowFormats,
        saved::saved,
        sources::{queried, sources},
        view::Secrets,
    },
    model::{
        Health,
        environment::Environment,
        log::{Delivery, Follow, InsightsQuery, LogQuery, LogSource, Place},
        spend::Spend,
    },
    op::{Confirmation, Desk, Goal, Outcome, Plan, Request},
    report::{
        self, events, info,
        logs::{self, Printed, Printer, Reader},
        status::Status,
    },
    runtime::End,
    text::neutral,
    triage,
    welcome::{self, Choice},
};
use jiff::Timestamp;
use std::{
    io::{IsTerminal as _, Write as _},
    ops::ControlFlow,
    pin::pin,
    process::ExitCode,
    sync::Arc,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a view that found something wrong with the environment, or too little to call it healthy.
const UNHEALTHY: u8 = 3;

/// What every command begins with.
struct Here {
    config: Config,
    simulation: SimOptions,
    around: Surroundings,
}

impl Here {
    fn opener(&self) -> Opener {
        Opener {
            simulation: self.simulation.clone(),
            audit_logs: self.config.paths.audit_logs.clone(),
            components: self.config.components.clone(),
            around: self.around.clone(),
            environments: self.config.environments.values().cloned().collect(),
        }
    }

    /// The prices, and what of the kept ones could not be used. The demo has the embedded ones.
    fn prices(&self, environment: &Environment) -> (Book, Option<String>) {
        if environment.simulated {
            return (Book::plain(), None);
        }
        Book::kept(&self.config.paths.prices)
    }

    /// Where images are built: it needs no environment.
    fn workshop(&self) -> Result<Arc<Workshop>> {
        let environment = self.config.environment().cloned();
        let environment = environment.or_else(|_| self.nowhere())?;
        Ok(self.opener().open(&environment).workshop)
    }

    /// An environment without anything.
    fn nowhere(&self) -> Result<Environment> {
        unnamed("none", &Options::default(), &self.around)
    }

    /// The environment in use, or one without anything where none is configured.
    fn environment(&self) -> Result<Environment> {
        match self.config.environment() {
            Ok(environment) => Ok(environment.clone()),
            Err(_) if self.config.environments.is_empty() => self.nowhere(),
            Err(error) => Err(error),
        }
    }

    /// Opens what an operation is about: one that needs nothing of AWS needs no environment.
    async fn open_for(&self, request: &Request) -> Result<(Environment, Opened)> {
        if !request.operation().actions().is_empty() {
            return self.open().await;
        }
        self.open_anywhere().await
    }

    /// The environment in use, opened, or one without anything where none is configured.
    async fn open_anywhere(&self) -> Result<(Environment, Opened)> {
        let environment = self.environment()?;
        // Where no region is known AWS says nothing, which the plan tells.
        let environment = locate(environment.clone()).await.unwrap_or(environment);
        let opened = self.opener().open(&environment);
        Ok((environment, opened))
    }

    /// The environment in use, opened.
    async fn open(&self) -> Result<(Environment, Opened)> {
        let environment = locate(self.config.environment()?.clone()).await?;
        let opened = self.opener().open(&environment);
        Ok((environment, opened))
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain("", &error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    if let Some(Command::Completions { shell }) = cli.command {
        print(&cli::completions(shell))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::SimulatedSession { facts }) = &cli.command {
        return attend::demo::play(facts).map(|()| ExitCode::SUCCESS);
    }
    let simulation = cli.simulation()?;
    let around = Surroundings::of_process()?;
    if let Some(Command::Init(init)) = &cli.command {
        return block_on(discover(init, &cli.options, simulation.as_ref(), around))?;
    }
    let (mut config, faults) = match simulation {
        Some(_) => Config::demo(&cli.options, &around)?,
        None => (Config::load(&cli.options, &around)?, Vec::new()),
    };
    leave_out(&faults);
    let newcomer = cli.command.is_none() && simulation.is_none() && config.environments.is_empty();
    if newcomer && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        match offer()? {
            Choice::Demo => config.simulate(&cli.options, &around)?,
            Choice::Connect { cluster } => {
                let start = cli::Init {
                    cluster,
                    ..cli::Init::default()
                };
                return block_on(discover(&start, &cli.options, None, around))?;
            }
            Choice::Leave => return Ok(ExitCode::SUCCESS),
        }
    }
    let mut here = Here {
        config,
        simulation: simulation.unwrap_or_default(),
        around,
    };
    if let Some((request, carry)) = cli.command.as_ref().and_then(Command::request) {
        // Nobody wants to wait minutes for a simulation: its clock goes as fast as it is looked at. A real engine's time is everybody's.
        if here.simulation.engine == DemoEngine::Simulated {
            here.simulation.elapsed.get_or_insert_default();
        }
        return block_on(operate(&here, request, carry))?;
    }
    match &cli.command {
        Some(Command::Status(format)) => block_on(status(&here, format.output))?,
        Some(Command::Cost(asked)) => {
            // What it costs is to be the same whenever the demo is asked.
            here.simulation.elapsed.get_or_insert_default();
            block_on(costs(&here, asked))?
        }
        Some(Command::Events {
            audit: true,
            format,
        }) => audit(&here.config, &cli.options, format.output),
        Some(Command::Events { format, .. }) => block_on(timeline(&here, format.output))?,
        Some(Command::Logs(logs)) => block_on(read_logs(&here, logs))?,
        Some(Command::Db {
            command: DbCommand::Snapshots(format),
        }) => block_on(snapshots(&here, format.output))?,
        Some(Command::Image {
            command: ImageCommand::List { name, format },
        }) => block_on(images(&here, name.as_deref(), format.output))?,
        Some(Command::Image {
            command: ImageCommand::Push(asked),
        }) => block_on(push_image(&here, asked))?,
        Some(Command::Image {
            command: ImageCommand::Build(asked),
        }) => block_on(build_image(&here, asked))?,
        Some(Command::Info(format)) => block_on(about(&here, format.output))?,
        _ => console(here, &faults),
    }
}

/// Asks somebody who has configured nothing where to begin.
fn offer() -> Result<Choice> {
    welcome::ask(&mut std::io::stdin().lock(), &mut std::io::stdout().lock())
        .map_err(|e| Error::new(ErrorKind::Io, "the terminal cannot be used").source(e))
}

/// Opens the console.
fn console(here: Here, faults: &[Error]) -> Result<ExitCode> {
    let environment = here.config.environment()?.clone();
    let prices = here.prices(&environment);
    let opener = here.opener();
    let config = here.config;
    let end = console::open(Setup {
        now: opener.open(&environment).cloud.now(),
        environment,
        prices,
        environments: config.environments.into_values().collect(),
        theme: config.theme.map(|theme| theme.value),
        colours: colours(),
        themes: config.paths.themes,
        keys: config.keys,
        logs: config.logs,
        warning: faults.first().map(ToString::to_string),
        opener,
    })?;
    Ok(match end {
        End::Left => ExitCode::SUCCESS,
        End::Signalled => ExitCode::from(ErrorKind::Interrupted.exit_code()),
    })
}

/// `hydren status`.
async fn status(here: &Here, output: Output) -> Result<ExitCode> {
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let mut seen = report::observe(&*cloud, &environment).await;
    if environment.cost.budget.is_some() && report::readable(&seen).is_ok() {
        report::observe_usage(&*cloud, &environment, &mut seen).await;
    }
    let now = cloud.now();
    let (book, _) = here.prices(&environment);
    let costs = Costs::of(&environment, &seen, &book, now);
    let assessment =
        triage::assess(&environment, &seen, now).with_costs(&environment, Some(&costs));
    let status = Status {
        environment: &environment,
        seen: &seen,
        assessment: &assessment,
        now,
        api: cloud.meter().total(),
    };
    print_text(&status.print(output)?, output)?;
    report::readable(&seen)?;
    Ok(match assessment.health {
        Health::Ok => ExitCode::SUCCESS,
        Health::Unknown | Health::Warning | Health::Critical => ExitCode::from(UNHEALTHY),
    })
}

/// `hydren cost`.
async fn costs(here: &Here, asked: &cli::Cost) -> Result<ExitCode> {
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let mut seen = report::observe(&*cloud, &environment).await;
    report::readable(&seen)?;
    if asked.refresh {
        let class = seen.database().map(|database| database.class.as_str());
        let folder = &here.config.paths.prices;
        let kept = report::prices::refresh(&*cloud, &environment, class, folder).await?;
        eprintln!("{}", kept.words(&environment.region));
    }
    let (book, fault) = here.prices(&environment);
    report::observe_usage(&*cloud, &environment, &mut seen).await;
    let now = cloud.now();
    let mut costs = Costs::of(&environment, &seen, &book, now);
    costs.notes.extend(fault);
    let supposed = match asked.changes.as_slice() {
        [] => None,
        changes => Some(cost::suppose(&book, &costs.inventory, changes)?),
    };
    let spent = if asked.actual {
        Some(ask_spend(&*cloud, now).await?)
    } else {
        None
    };
    let billed = spent
        .as_ref()
        .map(|spend| cost::billed(&environment, &seen, &book, spend, now));
    let report = report::cost::Report {
        environment: &environment,
        costs: &costs,
        supposed: supposed.as_ref(),
        billed: billed.as_ref(),
        now,
        api: cloud.meter().total(),
    };
    print_text(&report.print(asked.output)?, asked.output.plain())?;
    Ok(ExitCode::SUCCESS)
}

/// Asks Cost Explorer, having said what that costs.
async fn ask_spend(cloud: &dyn Cloud, now: Timestamp) -> Result<Spend> {
    let (from, to) = cost::days(now);
    eprintln!("asking Cost Explorer, which AWS bills with $0.01 a request; one or more are made");
    cloud.spend(from, to).await
}

/// `hydren events`.
async fn timeline(here: &Here, output: Output) -> Result<ExitCode> {
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let seen = report::observe(&*cloud, &environment).await;
    report::readable(&seen)?;
    let text = events::print(&environment, &triage::timeline(&seen), cloud.now(), output)?;
    print_text(&text, output)?;
    Ok(ExitCode::SUCCESS)
}

/// `hydren events --audit`: asks nobody, so that it answers without credentials.
fn audit(config: &Config, options: &Options, output: Output) -> Result<ExitCode> {
    let logs = &config.paths.audit_logs;
    let demo = options.demo.is_some();
    let path = if demo { &logs.demo } else { &logs.real };
    let mut log = AuditLog::read(path)?;
    if options.env.is_some() {
        log.keep(&config.environment()?.name);
    }
    print_text(&report::audit::print(&log, path, output)?, output)?;
    Ok(ExitCode::SUCCESS)
}

/// `hydren db snapshots`.
async fn snapshots(here: &Here, output: Output) -> Result<ExitCode> {
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let database = Desk::new(&*cloud, &environment).database().await?;
    let text = report::snapshots::print(&environment, &database, cloud.now(), output)?;
    print_text(&text, output)?;
    Ok(ExitCode::SUCCESS)
}

/// `hydren image list`.
async fn images(here: &Here, name: Option<&str>, output: Output) -> Result<ExitCode> {
    let (environment, Opened { cloud, workshop }) = here.open().await?;
    let desk = Desk::new(&*cloud, &environment);
    let local = async { workshop.engine().await?.images().await };
    let seen = report::images::observe(&desk, local).await;
    let text = report::images::print(&environment, &seen, name, cloud.now(), output)?;
    print_text(&text, output)?;
    Ok(ExitCode::SUCCESS)
}

/// `hydren image build`.
async fn build_image(here: &Here, asked: &ImageBuild) -> Result<ExitCode> {
    let workshop = here.workshop()?;
    let component = workshop.component(&asked.component)?;
    // Neither waits for the other: a small build is felt in tenths of a second.
    let (engine, source) = futures::join!(workshop.engine(), workshop.source(component));
    let engine = engine?;
    let tell = |text: &str| {
        // There is nobody left to tell when this fails.
        let _ = std::io::stderr().write_all(text.as_bytes());
    };
    if let Source::Unknown(why) = &source {
        tell(&format!(
            "the commit is not known ({}): the image is tagged by the time\n",
            neutral(why)
        ));
    }
    let mut runs = Runs::default();
    if component.repository.is_none() || (component.platform.is_none() && asked.platform.is_none())
    {
        match what_runs(here, &component.service).await {
            Ok(found) => runs = found,
            Err(error) => tell(&format!(
                "what {} runs now is not known ({}): the component and the engine decide the image's name and platform\n",
                neutral(&component.service),
                neutral(&error.message)
            )),
        }
    }
    let order = order(component, &source, &runs, &asked.asked(), Timestamp::now());
    if let Some(warning) = mismatch(&order, &engine.about().await?) {
        tell(&format!("{warning}\n"));
    }
    let view = tokio::select! {
        biased;
        // Dropping the build cancels it.
        () = interrupted() => {
            return Err(Error::new(ErrorKind::Interrupted, "the build was cancelled: no image was made")
                .hint("what its finished steps made stays in the engine's cache"));
        }
        view = report::build::build(&*engine, order.clone(), tell) => view?,
    };
    let text = report::build::print(&component.name, &order, &source, &view, asked.output)?;
    print_text(&text, asked.output)?;
    Ok(ExitCode::SUCCESS)
}

/// `hydren image push`.
async fn push_image(here: &Here, asked: &ImagePush) -> Result<ExitCode> {
    let (environment, Opened { cloud, workshop }) = here.open_anywhere().await?;
    let engine = workshop.engine().await?;
    let desk = Desk::new(&*cloud, &environment);
    let repository = match workshop.component(&asked.what) {
        Err(_) => None,
        Ok(component) => match &component.repository {
            Some(repository) => Some(repository.clone()),
            None => Runs::of(&*desk.compute().await?, &component.service).repository,
        },
    };
    let wanted = Wanted {
        what: asked.what.clone(),
        repository,
        to: asked.to.clone(),
        tag: asked.tag.clone(),
    };
    let target = wanted.find(&engine.images().await?)?;
    if target.named == Named::NotYet {
        engine.tag(&target.image, &target.reference).await?;
    }
    let mut teller = report::push::Teller::default();
    let tell = |events| {
        if let Some(line) = teller.tell(events) {
            // There is nobody left to tell when this fails.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    };
    let pushed = tokio::select! {
        biased;
        // Dropping the push cancels it.
        () = interrupted() => {
            return Err(Error::new(ErrorKind::Interrupted, format!("the push was cancelled: {} was not pushed", target.reference))
                .hint("layers that have arrived are not sent again"));
        }
        pushed = push(&*engine, &*cloud, workshop.logins(), &target.reference, tell) => pushed?,
    };
    let images = desk.images().await.ok();
    let text = report::push::print(&pushed, &teller.view, images.as_deref(), asked.output)?;
    print_text(&text, asked.output)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks AWS what `service` runs.
async fn what_runs(here: &Here, service: &str) -> Result<Runs> {
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let compute = Desk::new(&*cloud, &environment).compute().await?;
    Ok(Runs::of(&compute, service))
}

/// `hydren info`. Nothing configured is an answer here, not a failure.
async fn about(here: &Here, output: Output) -> Result<ExitCode> {
    let config = &here.config;
    if config.environments.is_empty() {
        print_text(&info::print(config, None, output)?, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let identity = cloud.identity().await;
    let mut steady = None;
    if identity.is_ok() {
        let seen = report::observe(&*cloud, &environment).await;
        steady = Some(info::SteadyState::measure(&*cloud, &environment, &seen).await);
    }
    let present = info::Present {
        environment: &environment,
        identity: &identity,
        steady: steady.as_ref(),
    };
    print_text(&info::print(config, Some(&present), output)?, output)?;
    identity.map(|_| ExitCode::SUCCESS)
}

/// Every operation.
async fn operate(here: &Here, request: Request, carry: Carry) -> Result<ExitCode> {
    let (environment, Opened { cloud, workshop }) = here.open_for(&request).await?;
    let desk = Desk::new(&*cloud, &environment).beside(&workshop);
    let local = request.operation().is_local();
    let plan = request.plan(&desk).await?;
    let session = matches!(plan.goal, Goal::Session { .. });
    if session && !carry.dry_run && (carry.output == Output::Json || carry.no_wait) {
        return Err(Error::new(
            ErrorKind::Usage,
            "a session has this terminal until it ends",
        )
        .hint("leave --no-wait out, and --output json but with --dry-run"));
    }
    let printed = report::operate::plan(&environment, &plan, carry.output)?;
    if carry.dry_run {
        print_text(&printed, carry.output)?;
        return Ok(ExitCode::SUCCESS);
    }
    if carry.output != Output::Json {
        print_text(&printed, carry.output)?;
    }
    if plan.is_empty() {
        if carry.output == Output::Json {
            print_text(&printed, carry.output)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(error) = report::operate::permitted(&plan) {
        if carry.output == Output::Json {
            print_text(&printed, carry.output)?;
        }
        return Err(error);
    }
    if !carry.yes && !local {
        confirm(&plan, &environment)?;
    }
    let tell = |line: &str| {
        // There is nobody left to tell when this fails.
        let _ = std::io::stderr().write_all(line.as_bytes());
    };
    // From here on ctrl-c does not end the process between two calls.
    let mut interrupted = signal(SignalKind::interrupt())
        .map_err(|e| Error::new(ErrorKind::Io, "signals cannot be listened to").source(e))?;
    let stop = CancellationToken::new();
    let (mut watch, fresh) = {
        let mut carrying = pin!(report::operate::carry(&desk, plan, &stop, tell));
        loop {
            tokio::select! {
                biased;
                done = &mut carrying => break done,
                // A stage ends by it; calls are made to their end.
                _ = interrupted.recv() => stop.cancel(),
            }
        }
    };
    if let Some(session) = watch.session.take() {
        tell(&watch.way_out());
        watch.left(attend::to_the_end(&session).await, cloud.now());
    }
    if carry.no_wait {
        watch.accept(cloud.now());
    }
    let watching = async {
        if watch.outcome.is_none() && stop.is_cancelled() {
            return false;
        }
        tokio::select! {
            // What has ended has, also by an interrupt.
            biased;
            () = report::operate::watch(&*cloud, &mut watch, tell) => true,
            _ = interrupted.recv() => false,
        }
    };
    if !watching.await {
        return Err(Error::new(
            ErrorKind::Interrupted,
            "no longer watched: what AWS has accepted goes on",
        )
        .hint("`hydren events --audit` says which calls were made, `hydren status` how it is"));
    }
    if let Some(fresh) = &fresh
        && carry.output != Output::Json
    {
        print_text(
            &report::operate::plan(&environment, fresh, carry.output)?,
            carry.output,
        )?;
    }
    print_text(
        &report::operate::end(&environment, &watch, carry.output)?,
        carry.output,
    )?;
    let code = watch.outcome.as_ref().map_or(0, Outcome::exit_code);
    Ok(ExitCode::from(code))
}

/// Asks whether a plan is to be carried out. The default is No.
fn confirm(plan: &Plan, environment: &Environment) -> Result<()> {
    let no = |message: &str| Error::new(ErrorKind::Usage, message.to_owned());
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(no("there is no terminal to confirm the plan at")
            .hint("add --yes to carry it out without asking, or --dry-run to see it only"));
    }
    let asked = |e| Error::new(ErrorKind::Io, "the terminal cannot be used").source(e);
    let mut stderr = std::io::stderr();
    let question = neutral(&report::operate::question(plan, environment)).into_owned();
    stderr.write_all(question.as_bytes()).map_err(asked)?;
    stderr.flush().map_err(asked)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(asked)?;
    if Confirmation::of(plan, environment).is_given_by(&answer) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Interrupted,
        "not confirmed: nothing was changed",
    ))
}

/// `hydren logs`.
async fn read_logs(here: &Here, asked: &Logs) -> Result<ExitCode> {
    let (words, since, form, filter) = match &asked.command {
        Some(LogsCommand::Query {
            sources,
            since,
            form,
            ..
        }) => (sources, *since, form, &Filter::default()),
        Some(LogsCommand::Flows {
            since,
            limit,
            format,
        }) => {
            let (environment, Opened { cloud, .. }) = here.open().await?;
            let flows = logs::flows(&*cloud, &environment, *since, *limit).await?;
            return print(flows.print(format.output)?.as_bytes()).map(|()| ExitCode::SUCCESS);
        }
        None => (&asked.sources, asked.since, &asked.form, &asked.filter),
    };
    let (environment, Opened { cloud, .. }) = here.open().await?;
    let seen = logs::observe(&*cloud).await;
    for tier in logs::TIERS {
        if let Some(error) = &seen.tier(tier).error
            && environment.resources.names(tier)
        {
            complain("", error);
        }
    }
    let mut sources = logs::choose(meant(sources(&environment, &seen), asked), words)?;
    let mut region = environment.region.clone();
    if let Some(LogsCommand::Query { .. }) = asked.command {
        (sources, region) = asked_of_insights(sources, region)?;
    }
    let flow = FlowFormats::of(seen.network().map_or(&[], |network| &network.flow_logs));
    let printer = Printer {
        sources: &sources,
        filter,
        flow: &flow,
        output: form.output,
        secrets: if form.reveal_secrets {
            Secrets::Shown
        } else {
            Secrets::Masked
        },
        reader: if std::io::stdout().is_terminal() {
            Reader::Terminal
        } else {
            Reader::Program
        },
    };
    let groups: Vec<String> = sources.iter().map(|source| source.group.clone()).collect();
    let now = cloud.now();
    let from = now - since;
    let mut out = Standard;
    match &asked.command {
        Some(LogsCommand::Query { text, limit, .. }) => {
            let query = logs::Query {
                ask: InsightsQuery {
                    groups,
                    from,
                    to: now,
                    text: saved(text)
                        .map_or(text.as_str(), |kept| kept.text)
                        .to_owned(),
                    limit: *limit,
                },
                region,
            };
            logs::query(&*cloud, &query, &printer, &mut out, interrupted()).await?;
        }
        _ if asked.follow => {
            // A reader that takes nothing holds the writing up; the signal must not wait for it.
            tokio::spawn(async {
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(ErrorKind::Interrupted.exit_code().into());
                }
            });
            let follow = Follow {
                groups,
                since: from,
                prefer: if asked.poll {
                    Delivery::Polling
                } else {
                    here.config.logs.delivery
                },
            };
            logs::follow(&*cloud, follow, &printer, &mut out).await?;
        }
        _ => {
            let query = LogQuery {
                groups,
                from,
                to: now,
                limit: asked.limit as usize,
                ..LogQuery::default()
            };
            logs::show(&*cloud, &query, &printer, &mut out).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Those of `sources` that a query can ask, and their region, which is `home` unless they name another. The others are told of.
fn asked_of_insights(sources: Vec<LogSource>, home: String) -> Result<(Vec<LogSource>, String)> {
    let (can, cannot) = queried(sources);
    for source in cannot {
        let what = format!(
            "{} cannot be queried with the others: {}",
            source.label, source.group
        );
        let error = Error::new(ErrorKind::Unsupported, what).hint(
            "a query of Logs Insights reads log groups of one region; log files of RDS are in none",
        );
        if can.is_empty() {
            return Err(error);
        }
        complain("left out: ", &error);
    }
    let region = can
        .first()
        .and_then(|source| match Place::of(&source.group) {
            Place::Group { region, .. } => region.map(str::to_owned),
            Place::Files { .. } => None,
        });
    Ok((can, region.unwrap_or(home)))
}

/// Waits for ctrl-c.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Then the signal ends the process by itself.
        std::future::pending::<()>().await;
    }
}

/// Where no source is named, a saved query means those it was written for.
fn meant(mut sources: Vec<LogSource>, asked: &Logs) -> Vec<LogSource> {
    if let Some(LogsCommand::Query {
        text,
        sources: words,
        ..
    }) = &asked.command
        && words.is_empty()
        && let Some(kept) = saved(text)
    {
        sources.retain(|source| source.origin == kept.origin);
    }
    sources
}

/// The process's own output.
struct Standard;

impl logs::Sink for Standard {
    fn write(&mut self, printed: &Printed) -> Result<ControlFlow<()>> {
        // There is nobody left to tell when this fails.
        let _ = std::io::stderr().write_all(printed.err.as_bytes());
        put(printed.out.as_bytes())
    }
}

/// `hydren init`.
async fn discover(
    options: &cli::Init,
    flags: &Options,
    simulation: Option<&SimOptions>,
    around: Surroundings,
) -> Result<ExitCode> {
    let (project, faults) = init::Project::find(flags, around, simulation)?;
    leave_out(&faults);
    let environment = project.environment(options.name.as_deref(), simulation)?;
    let environment = locate(environment).await?;
    let opener = Opener {
        simulation: simulation.cloned().unwrap_or_default(),
        audit_logs: project.config.paths.audit_logs.clone(),
        components: project.config.components.clone(),
        around: Surroundings::default(),
        environments: Vec::new(),
    };
    let cloud = opener.open(&environment).cloud;
    let found = cloud.discover(&init::start(options)).await?;
    print(init::steps(&found).as_bytes())?;

    let name = init::name(options, &found, &environment.name)?;
    let table = init::table(&name, &environment, &found.resources)?;
    if options.dry_run || environment.simulated {
        print(init::shown(&table).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let replace = if options.force {
        Replace::SameName
    } else {
        Replace::Never
    };
    let edit = match Edit::plan(&project.target, &name, &table, replace) {
        Ok(edit) => edit,
        Err(error) => {
            print(init::shown(&table).as_bytes())?;
            return Err(error);
        }
    };
    edit.write()?;
    print(
        format!(
            "\nWrote environment {name} into {}. Look at it with `hydren status --env {name}`.\n",
            edit.path.display()
        )
        .as_bytes(),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.map_err(|e| Error::new(ErrorKind::Io, "no threads can be started").source(e))?;
    Ok(runtime.block_on(future))
}

/// Whether colours are wanted (<https://no-color.org>).
fn colours() -> Colours {
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => Colours::Forbidden,
        _ => Colours::Allowed,
    }
}

/// Prints a view, with colours where somebody sees and wants them.
fn print_text(text: &str, output: Output) -> Result<()> {
    if output == Output::Table && colours() == Colours::Allowed && std::io::stdout().is_terminal() {
        return print(report::paint(text).as_bytes());
    }
    print(text.as_bytes())
}

/// Writes to stdout. A reader that has seen enough and closed the pipe is no failure.
fn print(bytes: &[u8]) -> Result<()> {
    put(bytes).map(|_| ())
}

/// The same, and breaks where the reader has left.
fn put(bytes: &[u8]) -> Result<ControlFlow<()>> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(e) => {
            Err(Error::new(ErrorKind::Io, format!("the output cannot be written: {e}")).source(e))
        }
    }
}

/// Says what was wrong and does not keep the demo from starting.
fn leave_out(faults: &[Error]) {
    for fault in faults {
        complain("left out: ", fault);
    }
}

/// Says on stderr what failed and what to do next. There is nobody left to tell when that fails too.
fn complain(prefix: &str, error: &Error) {
    let hint = error
        .hint
        .as_deref()
        .map(|hint| format!("  hint: {}\n", neutral(hint)));
    // What an error quotes, such as the last lines of a build, has lines of its own.
    let lines: Vec<_> = error.message.lines().map(neutral).collect();
    let text = format!(
        "hydren: {prefix}{}\n{}",
        lines.join("\n  "),
        hint.unwrap_or_default()
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
}
