//! What keys and commands do.

use super::{Answer, App, Effect, Layer, Listing, Mouse, Pane, Picker, Prompt, Running, Screen};
use crate::{
    command,
    grid::Filter,
    model::{
        Tier,
        environment::{self, Environment},
    },
    text::neutral,
    view,
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use tui_input::{Input, backend::crossterm::EventHandler as _};

/// AWS regions offered for switching (commercial partition, AWS General Reference); another one can be typed.
const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "ca-west-1",
    "sa-east-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-east-1",
    "me-south-1",
    "me-central-1",
    "il-central-1",
    "af-south-1",
    "mx-central-1",
];

impl App {
    /// Gives a key to the top dialog, or to the command bound to it.
    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.quit();
        }
        match self.layers.last_mut() {
            Some(Layer::Filter(_)) => return self.filter_key(key),
            Some(Layer::Prompt(..)) => return self.prompt_key(key),
            Some(Layer::Insights) => {
                if let Some(effects) = self.insights_key(key) {
                    return effects;
                }
            }
            Some(Layer::Fill(_)) => return self.fill_key(key),
            Some(Layer::Review(_)) => return self.review_key(key),
            Some(Layer::Watch(..)) => {
                if let Some(effects) = self.watch_key(key) {
                    return effects;
                }
            }
            Some(Layer::Palette(_) | Layer::Actions(_) | Layer::Pick(..)) => {
                return self.listing_key(key);
            }
            _ => {}
        }
        match self.keymap.command(key.into()) {
            // As in a pager: the key that leaves the console leaves a text over it first.
            Some(command) if command.name == "quit" && !self.layers.is_empty() => self.back(),
            Some(command) if self.allowed(command) => (command.run)(self),
            Some(_) => Vec::new(),
            None => {
                let help = self.keymap.main_key("help").to_owned();
                self.say(format!(
                    "that key does nothing here · {help} shows the keys"
                ));
                Vec::new()
            }
        }
    }

    /// Over a text dialog only scrolling, closing and switching dialogs make sense.
    fn allowed(&self, command: &command::Command) -> bool {
        self.layers.is_empty()
            || command.group == command::Group::Move
            || matches!(
                command.name,
                "help" | "errors" | "palette" | "quit" | "copy"
            )
            || matches!(self.layers.last(), Some(Layer::Insights))
                && matches!(
                    command.name,
                    "back" | "open" | "describe" | "filter" | "sort" | "save-log"
                )
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        if let Some(Layer::Insights) = self.layers.last() {
            self.pasted_query(text);
            return Vec::new();
        }
        let typed: String = text.chars().filter(|c| !c.is_control()).collect();
        let append = |input: &mut Input| *input = Input::new(format!("{}{typed}", input.value()));
        match self.layers.last_mut() {
            Some(Layer::Fill(filling)) => filling.paste(&typed),
            Some(Layer::Review(review)) => {
                if let Answer::Typed(input) = &mut review.answer {
                    append(input);
                }
            }
            Some(Layer::Filter(input)) => {
                append(input);
                self.apply_filter();
            }
            Some(Layer::Prompt(_, input, _)) => {
                append(input);
                return self.prompt_typed();
            }
            Some(layer) => {
                if let Some(listing) = layer.listing_mut() {
                    append(&mut listing.input);
                    listing.search();
                }
            }
            None => {}
        }
        Vec::new()
    }

    fn prompt_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Enter => self.prompt_kept(),
            KeyCode::Esc => self.prompt_cleared(),
            _ => {
                if let Some(Layer::Prompt(_, input, _)) = self.layers.last_mut() {
                    input.handle_event(&Event::Key(key));
                }
                self.prompt_typed()
            }
        }
    }

    fn filter_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Enter | KeyCode::Down => {
                self.layers.pop();
            }
            KeyCode::Esc => {
                self.layers.pop();
                self.set_filter(Filter::default());
            }
            _ => {
                if let Some(Layer::Filter(input)) = self.layers.last_mut() {
                    input.handle_event(&Event::Key(key));
                }
                self.apply_filter();
            }
        }
        Vec::new()
    }

    fn apply_filter(&mut self) {
        if let Some(Layer::Filter(input)) = self.layers.last() {
            let filter = Filter::parse(input.value());
            self.set_filter(filter);
        }
    }

    fn set_filter(&mut self, filter: Filter) {
        let pane = self.focused();
        if let Some(view) = self.panes.get_mut(&pane) {
            view.state.filter = filter;
            view.state.refresh(&view.grid);
        }
        self.rebuild(pane.dependents());
    }

    fn listing_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => {
                self.layers.pop();
            }
            KeyCode::Enter => return self.choose(),
            _ => {
                let Some(listing) = self.layers.last_mut().and_then(Layer::listing_mut) else {
                    return Vec::new();
                };
                match key.code {
                    KeyCode::Down | KeyCode::Tab => listing.step(1),
                    KeyCode::Up | KeyCode::BackTab => listing.step(-1),
                    KeyCode::PageDown => listing.step(10),
                    KeyCode::PageUp => listing.step(-10),
                    KeyCode::Char('n') if control => listing.step(1),
                    KeyCode::Char('p') if control => listing.step(-1),
                    _ => {
                        listing.input.handle_event(&Event::Key(key));
                        listing.search();
                    }
                }
            }
        }
        Vec::new()
    }

    /// Takes what is under the cursor of the top list.
    fn choose(&mut self) -> Vec<Effect> {
        let Some(mut layer) = self.layers.pop() else {
            return Vec::new();
        };
        let listing = layer.listing_mut().map(std::mem::take).unwrap_or_default();
        let typed = listing.input.value().trim().to_owned();
        let Some(chosen) = listing
            .chosen()
            .map(str::to_owned)
            .or_else(|| (!typed.is_empty()).then_some(typed))
        else {
            return Vec::new();
        };
        match layer {
            Layer::Pick(picker, _) => self.picked(picker, chosen),
            _ => match command::find(&chosen) {
                Some(command) => (command.run)(self),
                None => {
                    self.say(format!("there is no command {chosen}"));
                    Vec::new()
                }
            },
        }
    }

    fn picked(&mut self, picker: Picker, chosen: String) -> Vec<Effect> {
        let environment = match picker {
            Picker::Theme if self.theme.is_monochrome() => {
                self.say("NO_COLOR is set: without colours all themes look alike");
                return Vec::new();
            }
            Picker::Theme => return vec![Effect::LoadTheme(chosen)],
            Picker::Source => return self.picked_source(&chosen),
            Picker::Pattern => return self.picked_pattern(&chosen),
            Picker::Query => return self.picked_query(&chosen),
            Picker::Past => return self.picked_past(&chosen),
            Picker::Spend => return self.picked_spend(&chosen),
            Picker::Environment => match self.environments.iter().find(|e| e.name == chosen) {
                Some(environment) => environment.clone(),
                None => {
                    self.say(format!("there is no environment {chosen}"));
                    return Vec::new();
                }
            },
            Picker::Profile => {
                // The old profile's region is not the new one's; the configured one stays.
                let configured = self
                    .environments
                    .iter()
                    .find(|e| e.name == self.environment.name);
                Environment {
                    region: configured.map_or_else(String::new, |e| e.region.clone()),
                    profile: Some(chosen),
                    ..self.environment.clone()
                }
            }
            Picker::Region if !environment::is_region(&chosen) => {
                self.say(format!("{chosen} is no region's name: eu-west-1 is one"));
                return Vec::new();
            }
            Picker::Region => Environment {
                region: chosen,
                ..self.environment.clone()
            },
        };
        self.say(format!(
            "switched to {} · {}",
            environment.name, environment.region
        ));
        self.connect(environment)
    }

    /// Opens a dialog.
    pub fn push(&mut self, layer: Layer) -> Vec<Effect> {
        if matches!(layer, Layer::Errors(_)) {
            self.unread_errors = 0;
        }
        // A dialog that is open already comes to the top: closing it once closes it.
        let kind = std::mem::discriminant(&layer);
        self.layers.retain(|l| std::mem::discriminant(l) != kind);
        self.layers.push(layer);
        Vec::new()
    }

    /// Opens a list to choose from.
    pub fn pick(&mut self, picker: Picker) -> Vec<Effect> {
        let simulated =
            self.environment.simulated && matches!(picker, Picker::Profile | Picker::Region);
        if simulated {
            self.say("the demo environment has no AWS profile or region to switch");
            return Vec::new();
        }
        let entries = match picker {
            Picker::Profile => return vec![Effect::ListProfiles],
            Picker::Environment => self
                .environments
                .iter()
                .map(|e| (e.name.clone(), e.region.clone()))
                .collect(),
            Picker::Region => REGIONS
                .iter()
                .map(|r| ((*r).to_owned(), String::new()))
                .collect(),
            Picker::Theme => return vec![Effect::ListThemes],
            Picker::Source => return self.log_sources(),
            Picker::Pattern => return self.log_patterns(),
            Picker::Query => return self.insights(),
            Picker::Past => return Vec::new(),
            Picker::Spend => return self.ask_spend(),
        };
        self.push(Layer::Pick(picker, Listing::new(entries)))
    }

    /// Opens a list to choose from, now that its entries are known.
    pub(super) fn offer(&mut self, picker: Picker, names: Vec<String>) {
        let entries = names
            .into_iter()
            .map(|name| (name, String::new()))
            .collect();
        self.push(Layer::Pick(picker, Listing::new(entries)));
        self.dirty = true;
    }

    /// Goes to a screen.
    pub fn go(&mut self, screen: Screen) -> Vec<Effect> {
        self.layers.clear();
        if screen != self.screen {
            self.history.retain(|s| *s != screen);
            self.history.push(self.screen);
            self.screen = screen;
            self.rebuild(screen.panes());
            self.charts = super::Observed::default();
            self.due_charts.at_once();
        }
        let mut effects = self.follow_logs();
        effects.extend(self.add_flows());
        if self.running == Running::Live {
            effects.extend(self.poll());
        }
        effects
    }

    /// Moves the selection, or scrolls the dialog on top.
    pub fn step(&mut self, by: isize) -> Vec<Effect> {
        self.dirty = true;
        if let Some(layer) = self.layers.last_mut() {
            if let Some(lines) = layer.lines_mut() {
                lines.step(by);
            }
            if !matches!(layer, Layer::Insights) {
                return Vec::new();
            }
        }
        if self.focused() == Pane::Lines {
            self.logs.step(by);
            return Vec::new();
        }
        let pane = self.focused();
        if let Some(view) = self.panes.get_mut(&pane) {
            view.state.step(&view.grid, by);
        }
        self.rebuild(pane.dependents());
        Vec::new()
    }

    /// Moves by a page.
    pub fn page(&mut self, by: isize) -> Vec<Effect> {
        self.step(by * isize::try_from(self.size.1 / 2).unwrap_or(10).max(1))
    }

    /// Gives the keys to another pane.
    pub fn focus_by(&mut self, by: isize) -> Vec<Effect> {
        let panes = self.screen.panes().len();
        let focus = self.focus.entry(self.screen).or_default();
        *focus = (*focus + panes).saturating_add_signed(by) % panes;
        Vec::new()
    }

    pub(super) fn focus_on(&mut self, pane: Pane) {
        if let Some(index) = self.screen.panes().iter().position(|p| *p == pane) {
            self.focus.insert(self.screen, index);
        }
    }

    /// Closes the dialog on top, else clears the filter, else leaves a drilled-into pane, else goes back a screen.
    pub fn back(&mut self) -> Vec<Effect> {
        if self.layers.pop().is_some() {
            return Vec::new();
        }
        if self.screen == Screen::Logs && !self.logs.search().is_empty() {
            // An empty search is always understood.
            let _ = self.logs.set_search("");
            return Vec::new();
        }
        if self.screen == Screen::Logs && self.logs.in_context() {
            return self.toggle_context();
        }
        if self.screen == Screen::Logs && !self.logs.filter().is_empty() {
            return self.clear_log_filter();
        }
        let pane = self.focused();
        if !self.pane(pane).state.filter.is_empty() {
            self.set_filter(Filter::default());
            return Vec::new();
        }
        if let Some(parent) = self
            .screen
            .panes()
            .iter()
            .find(|p| p.drills_into() == Some(pane))
        {
            self.focus_on(*parent);
            return Vec::new();
        }
        if let Some(screen) = self.history.pop() {
            let effects = self.go(screen);
            self.history.pop();
            return effects;
        }
        Vec::new()
    }

    /// Opens the selected row.
    pub fn open(&mut self) -> Vec<Effect> {
        if !self.layers.is_empty() && !self.on_answer() {
            return self.back();
        }
        if let Some(effects) = self.on_answer().then(|| self.moment_of_row()).flatten() {
            return effects;
        }
        let pane = self.focused();
        if let Some(inner) = pane.drills_into() {
            self.focus_on(inner);
            return Vec::new();
        }
        if self.screen == Screen::Flows {
            return self.records_of_selection(pane);
        }
        let screen = match pane {
            Pane::FlowLogs => return self.go(Screen::Flows),
            Pane::Findings => self
                .selected_index(pane)
                .and_then(|i| self.assessment.findings.get(i))
                .map(|f| f.tier.map_or(Screen::Cost, Screen::of)),
            Pane::Timeline => self
                .selected_index(pane)
                .and_then(|i| self.timeline.get(i))
                .map(|e| Screen::of(e.tier)),
            _ => None,
        };
        match screen {
            Some(screen) => self.go(screen),
            None => self.describe(),
        }
    }

    pub(super) fn selected_index(&self, pane: Pane) -> Option<usize> {
        let state = &self.pane(pane).state;
        state.order.get(state.cursor).copied()
    }

    /// Shows everything known of the selected row.
    pub fn describe(&mut self) -> Vec<Effect> {
        if self.focused() == Pane::Lines {
            return self.describe_line();
        }
        let pane = self.focused();
        let view = self.pane(pane);
        let Some(row) = view.state.row(&view.grid) else {
            self.say("nothing is selected");
            return Vec::new();
        };
        let title = format!("{} · {}", pane.title(), row.id);
        let text = view::describe(&row.describe);
        self.push(Layer::Describe {
            title,
            text,
            lines: super::Lines::default(),
        })
    }

    /// Copies the selected row's identifier, or the described thing as text.
    pub fn copy(&mut self) -> Vec<Effect> {
        let text = match self.layers.last() {
            Some(Layer::Describe { text, .. }) => {
                let lines: Vec<String> = text
                    .iter()
                    .map(|(name, value)| neutral(&format!("{name}: {value}")).into_owned())
                    .collect();
                Some(lines.join("\n"))
            }
            Some(Layer::Watch(index, _)) => self.watch_text(*index),
            Some(_) if !self.on_answer() => None,
            None if self.screen == Screen::Logs => self.copied_line(),
            _ => self
                .selected_id(self.focused())
                .map(|id| neutral(id).into_owned()),
        };
        match text {
            Some(text) => {
                let shown = text.lines().next().unwrap_or_default().to_owned();
                self.say(format!("copied {shown}"));
                vec![Effect::Copy(text)]
            }
            None => {
                self.say("nothing is selected");
                Vec::new()
            }
        }
    }

    /// Gives the selected row's address in the AWS console: shown, and copied for a terminal without links.
    pub fn browse(&mut self) -> Vec<Effect> {
        let view = self.pane(self.focused());
        match view.state.row(&view.grid).and_then(|row| row.link.clone()) {
            Some(link) => {
                self.say(format!("copied {link}"));
                vec![Effect::Copy(link)]
            }
            None => {
                self.say("there is no page in the AWS console for this row");
                Vec::new()
            }
        }
    }

    /// Opens the filter line of the pane that has the keys.
    pub fn edit_filter(&mut self) -> Vec<Effect> {
        if self.focused() == Pane::Lines {
            return self.prompt(Prompt::Search);
        }
        let text = self.pane(self.focused()).state.filter.text().to_owned();
        self.push(Layer::Filter(Input::new(text)))
    }

    /// Sorts by the next column.
    pub fn sort(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        if let Some(view) = self.panes.get_mut(&pane) {
            view.state.next_sort(&view.grid);
        }
        Vec::new()
    }

    /// Moves the charts' window by half its span.
    pub fn shift_window(&mut self, by: i64) -> Vec<Effect> {
        if self.screen == Screen::Logs {
            return self.sideways(by);
        }
        let window = self.window.shifted(by, self.now);
        self.look_at(window)
    }

    /// Looks at a longer or shorter span.
    pub fn zoom(&mut self, by: isize) -> Vec<Effect> {
        match self.window.zoomed(by) {
            Some(window) => self.look_at(window),
            None => Vec::new(),
        }
    }

    /// Puts a moment into the middle of the charts' window.
    pub(super) fn look_at_moment(&mut self, at: Timestamp) -> Vec<Effect> {
        self.look_at(self.window.around(at, self.now))
    }

    /// Lets the charts end now again.
    pub fn window_to_now(&mut self) -> Vec<Effect> {
        self.look_at(self.window.to_now())
    }

    fn look_at(&mut self, window: super::ChartWindow) -> Vec<Effect> {
        if window == self.window {
            return Vec::new();
        }
        self.window = window;
        self.charts = super::Observed::default();
        self.due_charts.at_once();
        self.poll_charts()
            .into_iter()
            .chain(self.add_flows())
            .collect()
    }

    /// Reads what is on screen again: the screen's tiers, on the overview every tier.
    pub fn refresh(&mut self) -> Vec<Effect> {
        let tiers = if self.screen == Screen::Overview {
            &Tier::ALL[..]
        } else {
            self.screen.tiers()
        };
        for tier in tiers {
            self.due_tiers[tier.index()].at_once();
        }
        self.due_metrics.at_once();
        self.due_charts.at_once();
        self.due_identity.at_once();
        self.due_bench.at_once();
        self.say("reading again");
        self.poll()
    }

    /// Stops and resumes polling.
    pub fn freeze(&mut self) -> Vec<Effect> {
        self.running = match self.running {
            Running::Live => Running::Frozen,
            Running::Frozen => Running::Live,
        };
        if self.running == Running::Live {
            self.poll()
        } else {
            Vec::new()
        }
    }

    /// Captures the mouse, or gives it back to the terminal.
    pub fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = match self.mouse {
            Mouse::Terminal => Mouse::Captured,
            Mouse::Captured => Mouse::Terminal,
        };
        self.say(match self.mouse {
            Mouse::Captured => "the wheel scrolls; hold shift to select text",
            Mouse::Terminal => "the mouse selects text",
        });
        vec![Effect::Mouse(self.mouse)]
    }

    /// Stops the console as a job of its shell.
    pub fn suspend(&mut self) -> Vec<Effect> {
        vec![Effect::Suspend]
    }

    /// Leaves the console, but not while a change is being made: what was done and what not would not be told.
    pub fn quit(&mut self) -> Vec<Effect> {
        if let Some(why) = self.busy() {
            self.say(why);
            return Vec::new();
        }
        vec![Effect::Quit]
    }
}
