//! Every command of the console, once: name, title, what it does. Keys, hints, help, palette and docs/keys.md come from this table.

use crate::{
    app::{App, Effect, Layer, Picker, Prompt, Screen, session},
    op::{self, Leg},
};

/// Where a command belongs in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Moving in lists.
    Move,
    /// The selected thing.
    Selection,
    /// Changing the environment.
    Operations,
    /// Log lines.
    Logs,
    /// Charts and their window.
    Charts,
    /// Costs.
    Costs,
    /// Screens.
    Screens,
    /// The console itself.
    Console,
}

impl Group {
    /// Every group in the order of help.
    pub const ALL: [Self; 8] = [
        Self::Screens,
        Self::Move,
        Self::Selection,
        Self::Operations,
        Self::Logs,
        Self::Charts,
        Self::Costs,
        Self::Console,
    ];

    /// Title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Selection => "Selection",
            Self::Operations => "Operations",
            Self::Logs => "Logs",
            Self::Charts => "Charts",
            Self::Costs => "Costs",
            Self::Screens => "Screens",
            Self::Console => "Console",
        }
    }
}

/// A command.
pub struct Command {
    /// Stable name, used in `[keys]` and in the palette.
    pub name: &'static str,
    /// Group.
    pub group: Group,
    /// A word or two for hints.
    pub title: &'static str,
    /// One sentence for help and docs.
    pub doc: &'static str,
    /// What it does.
    pub run: fn(&mut App) -> Vec<Effect>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Writes a row of the table.
macro_rules! commands {
    ($($name:literal $group:ident $title:literal $doc:literal $run:expr;)*) => {
        /// The table.
        pub const COMMANDS: &[Command] = &[
            $(Command { name: $name, group: Group::$group, title: $title, doc: $doc, run: $run }),*
        ];
    };
}

commands! {
    "overview" Screens "Overview" "Show the request path, findings and the timeline." |app| app.go(Screen::Overview);
    "edge" Screens "Edge" "Show Route 53, CloudFront and WAF." |app| app.go(Screen::Edge);
    "balancer" Screens "Balancer" "Show the load balancer, its target groups and targets." |app| app.go(Screen::Balancer);
    "services" Screens "Services" "Show the ECS services, tasks, rollouts and autoscaling." |app| app.go(Screen::Services);
    "database" Screens "Database" "Show the RDS database, its snapshots and events." |app| app.go(Screen::Database);
    "images" Screens "Images" "Show image repositories and which image each service runs." |app| app.go(Screen::Images);
    "logs" Screens "Logs" "Show log lines of every source." |app| app.go(Screen::Logs);
    "alarms" Screens "Alarms" "Show CloudWatch alarms, their history and dashboards." |app| app.go(Screen::Alarms);
    "network" Screens "Network" "Show the VPC: subnets, routes, gateways, security groups, flow logs." |app| app.go(Screen::Network);
    "flows" Screens "Flows" "Show what the flow logs add up to: traffic by tier, refused flows by source, port and security group." |app| app.go(Screen::Flows);
    "cost" Screens "Cost" "Show what the environment costs: now, this month, what could be saved, what would be." |app| app.go(Screen::Cost);

    "down" Move "down" "Move down." |app| app.step(1);
    "up" Move "up" "Move up." |app| app.step(-1);
    "page-down" Move "page down" "Move down by a page." |app| app.page(1);
    "page-up" Move "page up" "Move up by a page." |app| app.page(-1);
    "top" Move "top" "Go to the first row." |app| app.step(isize::MIN);
    "bottom" Move "bottom" "Go to the last row." |app| app.step(isize::MAX);
    "next-pane" Move "next pane" "Go to the next pane." |app| app.focus_by(1);
    "previous-pane" Move "previous pane" "Go to the previous pane." |app| app.focus_by(-1);
    "back" Move "back" "Close what is on top, clear the filter, or go back to the screen before." App::back;

    "open" Selection "open" "Open the selected row: its tier, its tasks, or its details." App::open;
    "describe" Selection "describe" "Show everything known of the selected row." App::describe;
    "copy" Selection "copy" "Copy the selected row's identifier (OSC 52, works over SSH)." App::copy;
    "browse" Selection "AWS console" "Give the selected row's page in the AWS console, and copy it." App::browse;
    "logs-of-selection" Selection "logs" "Show the log lines of the selected service, at the time that the charts look at." App::logs_of_selection;
    "actions" Selection "actions" "List what can be done with the selected row." |app| app.push(Layer::actions(app.operations()));
    "filter" Selection "filter" "Filter rows: words, `column:value`, `!word`. In logs: search." App::edit_filter;
    "next-match" Selection "next match" "Go to the next row that passes the filter, in logs to the next match." |app| app.next_hit(1);
    "previous-match" Selection "previous match" "Go to the row before that passes the filter, in logs to the match before." |app| app.next_hit(-1);
    "sort" Selection "sort" "Sort by the next column, then the other way, then not at all." App::sort;

    "scale" Operations "scale" "Set how many tasks the selected service runs." |app| app.on_service(|service| op::Scale { service, desired: None }.into());
    "autoscale" Operations "autoscale" "Set limits and targets of the selected service's autoscaling, suspend and resume it." |app| app.on_service(|service| op::Autoscale { service, to: op::Aim::Asked }.into());
    "rollout" Operations "roll out" "Roll a new revision of the selected service out: image, variables, command." |app| app.on_service(|service| op::RollOut { service, ..op::RollOut::default() }.into());
    "ship" Operations "ship" "Build the selected component, try it, push it, and roll it out: one plan." |app| app.bring(Leg::Build, Leg::RollOut);
    "build" Operations "build" "Build an image of the selected component with the container engine of this machine." |app| app.bring(Leg::Build, Leg::Build);
    "try" Operations "try" "Run the selected component's newest image on this machine as its task would, until it is healthy." |app| app.bring(Leg::Try, Leg::Try);
    "push" Operations "push" "Push the selected component's newest image to its registry, and read its digest back." |app| app.bring(Leg::Push, Leg::Push);
    "promote" Operations "promote" "Copy the selected image, or the one that the selected service runs, to another environment's repository." App::promote;
    "resize" Operations "resize" "Give the selected service's tasks another size, with what they use now beside each." |app| app.on_service(|service| op::Resize { service, size: None }.into());
    "rollback" Operations "roll back" "Stop the selected service's deployment, or go back to an earlier revision." |app| app.on_service(|service| op::RollBack { service, to: None }.into());
    "continue" Operations "continue" "Let the selected service's deployment go on that waits at a pause hook." |app| app.on_service(|service| op::ContinueDeployment { service }.into());
    "restart" Operations "restart" "Replace the tasks of the selected service by new ones of the same revision." |app| app.on_service(|service| op::Restart { service }.into());
    "stop-task" Operations "stop task" "Stop the selected task; its service starts another." App::stop_task;
    "shell" Operations "shell" "Open a shell in the selected task, or in one of the selected service's (ECS Exec)." |app| app.session(session::shell);
    "forward" Operations "forward" "Forward a local port to the selected task, or through it to the database." |app| app.session(session::forward);
    "enable-exec" Operations "enable exec" "Switch ECS Exec on for the selected service, which replaces its tasks." |app| app.on_service(session::enable);
    "db-snapshot" Operations "snapshot" "Take a snapshot of the database." |app| app.begin(op::SnapshotDatabase { snapshot: None }.into());
    "invalidate" Operations "invalidate" "Drop cached copies from CloudFront's edges." App::invalidate;
    "rule-action" Operations "rule action" "Let the selected WAF rule count instead of block, or block again." App::switch_rule;
    "block-address" Operations "block" "Block an address through an IP set of the web ACL: the selected request's client, or another." |app| app.list_address(op::List::Block);
    "allow-address" Operations "allow" "Allow an address through an IP set of the web ACL." |app| app.list_address(op::List::Allow);
    "unlist-address" Operations "take off" "Take an address off an IP set of the web ACL." App::unlist_address;
    "alarm-actions" Operations "alarm actions" "Switch the actions of the selected alarm off, or on again." App::switch_alarm;
    "db-restore" Operations "restore" "Restore the selected snapshot into a new instance." |app| app.on_snapshot(|id| op::RestoreDatabase { origin: Some(op::Origin::Snapshot(id)), name: None }.into());
    "db-restore-time" Operations "restore a time" "Restore what the database was at a time into a new instance." |app| app.begin(op::RestoreDatabase { origin: None, name: None }.into());
    "db-delete-snapshot" Operations "delete snapshot" "Delete the selected snapshot of the database." |app| app.on_snapshot(|snapshot| op::DeleteSnapshot { snapshot }.into());
    "db-modify" Operations "class, storage" "Change the database's class, or make its storage larger." |app| app.begin(op::ModifyDatabase { class: None, storage_gib: None, apply: None }.into());
    "db-reboot" Operations "reboot" "Restart the database, or let its standby take over." |app| app.begin(op::RebootDatabase { reboot: None }.into());
    "operations" Operations "operations" "Show what was changed and what is under way." App::show_operations;
    "audit" Operations "audit log" "Show every change tried from this machine, by whom, and what became of it." |_| vec![Effect::ReadAudit];

    "log-filter" Logs "filter" "Show only lines that pass: words, `/expression/`, `level:error`, `service:backend`, `field:value`, `-not`." |app| app.prompt(Prompt::Filter);
    "follow" Logs "follow" "Follow the newest line, or stop where it is." App::toggle_follow;
    "context" Logs "context" "Show all lines around this one, and come back to the filter." App::toggle_context;
    "same-request" Logs "same request" "Show all lines with this line's request id, of every source." App::same_request;
    "task-of-line" Logs "task" "Go to the task that wrote this line." App::task_of_line;
    "charts-of-line" Logs "charts" "Show the charts around the time of this line." App::charts_of_line;
    "patterns" Logs "patterns" "List groups of lines that are alike, with their counts." App::log_patterns;
    "sources" Logs "sources" "List the sources of lines, to show one alone." App::log_sources;
    "go-to-time" Logs "time" "Go to a time: `14:03`, `-15m`, `2026-11-22T14:03:27Z`." |app| app.prompt(Prompt::Time);
    "insights" Logs "query" "Ask Logs Insights: a saved question or your own; its price is told before." App::insights;
    "wrap" Logs "wrap" "Wrap long lines, or cut them; cut lines scroll sideways." App::toggle_wrap;
    "raw" Logs "raw" "Show JSON lines as fields, or as they were written." App::toggle_raw;
    "times" Logs "times" "Show times as UTC, in this machine's zone, or as ages." App::next_clock;
    "bookmark" Logs "mark" "Mark this line, or take the mark away." App::bookmark;
    "next-bookmark" Logs "next mark" "Go to the next marked line." App::next_bookmark;
    "save-log" Logs "save" "Save the lines that are shown to a file." App::save_log;
    "reveal" Logs "secrets" "Show what looks like a secret in log lines, or mask it again." App::toggle_secrets;

    "earlier" Charts "earlier" "Move the charts' window back in time; scroll log lines left." |app| app.shift_window(-1);
    "later" Charts "later" "Move the charts' window forward in time; scroll log lines right." |app| app.shift_window(1);
    "zoom-in" Charts "zoom in" "Look at a shorter time: 7 d to 15 m." |app| app.zoom(-1);
    "zoom-out" Charts "zoom out" "Look at a longer time: 15 m to 7 d." |app| app.zoom(1);
    "latest" Charts "now" "Let the charts end now again." App::window_to_now;

    "more" Costs "more" "Turn the selected knob of what-if on, and see the month move." |app| app.turn_knob(1);
    "less" Costs "less" "Turn it back." |app| app.turn_knob(-1);
    "as-it-is" Costs "as it is" "Turn all knobs of what-if back to what is." App::turn_back;
    "billed" Costs "billed" "Ask Cost Explorer what was billed; its price is told before." App::ask_spend;

    "refresh" Console "refresh" "Read everything on this screen again, now." App::refresh;
    "freeze" Console "freeze" "Stop and resume polling; what is on screen stays." App::freeze;
    "environment" Console "environment" "Switch to another environment." |app| app.pick(Picker::Environment);
    "profile" Console "profile" "Switch to another AWS profile." |app| app.pick(Picker::Profile);
    "region" Console "region" "Switch to another region." |app| app.pick(Picker::Region);
    "theme" Console "theme" "Switch to another theme." |app| app.pick(Picker::Theme);
    "mouse" Console "mouse" "Turn mouse capture on and off; off, the terminal selects text." App::toggle_mouse;
    "errors" Console "errors" "Show the errors so far." |app| app.push(Layer::errors());
    "palette" Console "commands" "Find a command by name." |app| app.push(Layer::palette());
    "help" Console "help" "Show the keys." |app| app.push(Layer::help());
    "suspend" Console "suspend" "Stop the console and go to the shell; `fg` brings it back." App::suspend;
    "quit" Console "quit" "Leave the console." App::quit;
}

/// Finds a command by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.name == name)
}

/// Finds the command whose name resembles `name` most.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static Command> {
    find(crate::text::nearest(name, COMMANDS.iter().map(|c| c.name))?)
}
