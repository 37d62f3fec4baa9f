//! Sessions in the console: a shell or a forwarded port has the terminal until it is left.

use crate::{
    app::{App, Effect, Layer, Pane, Screen},
    attend::Ended,
    cloud::call::{Shown, Switch},
    op::{self, Request, Whereto},
};

/// How a session is asked for in the place that is selected.
pub type Asked = fn(Whereto) -> Request;

/// A shell.
#[must_use]
pub fn shell(whereto: Whereto) -> Request {
    let command = Shown::new(op::DEFAULT_COMMAND);
    op::OpenShell { whereto, command }.into()
}

/// A forwarded port.
#[must_use]
pub fn forward(whereto: Whereto) -> Request {
    let (to, local) = (None, None);
    op::ForwardPort { whereto, to, local }.into()
}

/// ECS Exec switched on.
#[must_use]
pub fn enable(service: String) -> Request {
    let to = Switch::Enabled;
    op::SwitchExec { service, to }.into()
}

/// What can be done with a service or a task.
pub(super) fn offered() -> [(&'static str, Request); 3] {
    [
        ("shell", shell(Whereto::default())),
        ("forward", forward(Whereto::default())),
        ("enable-exec", enable(String::new())),
    ]
}

impl App {
    /// Plans a session into the selected task, or into one of the selected service's.
    pub fn session(&mut self, asked: Asked) -> Vec<Effect> {
        let task = (self.screen == Screen::Services && self.focused() == Pane::Tasks)
            .then(|| self.selected_id(Pane::Tasks).map(str::to_owned))
            .flatten();
        self.on_service(|service| {
            asked(Whereto {
                service,
                task,
                container: None,
            })
        })
    }

    /// The session of an operation has ended, and the console has the terminal again.
    pub(in crate::app) fn left(&mut self, index: usize, ended: Ended) -> Vec<Effect> {
        self.dirty = true;
        let told = ended.told();
        self.layers
            .retain(|layer| !matches!(layer, Layer::Watch(at, _) if *at == index));
        if let Err(error) = &told {
            self.note_error("Operations", Some(error));
        }
        if let Some(watch) = self.watches.get_mut(index) {
            let says = told
                .as_ref()
                .map_or_else(|e| e.message.clone(), Clone::clone);
            let says = format!("{}: {says}", watch.title);
            watch.left(told, self.now);
            self.say(says);
        }
        Vec::new()
    }
}
