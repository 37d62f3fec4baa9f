//! The console of the demo in the sizes that benches compare.

use super::demo::Demo;
use hydren::{
    app::{App, Msg},
    model::{
        Snapshot, Tier,
        compute::{Compute, Service},
        environment::ServiceName,
    },
};
use std::{fmt, sync::Arc};

/// How large the environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The demo as it is.
    TwoServices,
    /// 200 services with 25 tasks each, made from the demo's.
    TwoHundredServices,
}

impl Size {
    /// Both.
    pub const ALL: [Self; 2] = [Self::TwoServices, Self::TwoHundredServices];
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoServices => "2 services",
            Self::TwoHundredServices => "200 services, 5,000 tasks",
        })
    }
}

/// Opens the console in a size, everything read.
pub fn console(size: Size) -> App {
    let mut demo = Demo::new().expect("the demo can be opened");
    demo.settle();
    let mut app = demo.app;
    if size == Size::TwoHundredServices {
        let compute = grown(app.seen.compute().expect("the demo has services"), 200, 25);
        app.environment.resources.services = compute
            .services
            .iter()
            .map(|service| ServiceName {
                name: service.name.clone(),
                role: app.environment.resources.services[0].role,
            })
            .collect();
        let answer = answer(&app, Arc::new(compute));
        app.update(answer);
    }
    app
}

/// The answer to a read of ECS.
pub fn answer(app: &App, compute: Arc<Compute>) -> Msg {
    Msg::Tier {
        generation: app.generation,
        tier: Tier::Ecs,
        result: Ok(Snapshot::Compute(compute)),
    }
}

/// Repeats services and tasks under new names.
fn grown(compute: &Compute, services: usize, tasks: i32) -> Compute {
    let service = |index: usize| {
        let model = &compute.services[index % compute.services.len()];
        let task = |number: i32| {
            let mut task = model.tasks[0].clone();
            task.id = format!("{index:08x}{number:024x}");
            task.arn = format!("{}-{}", task.arn, task.id);
            task
        };
        Service {
            name: format!("{}-{index}", model.name),
            arn: format!("{}-{index}", model.arn),
            desired: tasks,
            running: tasks,
            tasks: (0..tasks).map(task).collect(),
            ..model.clone()
        }
    };
    let mut grown = compute.clone();
    grown.services = (0..services).map(service).collect();
    grown.cluster.running_tasks = grown.services.iter().map(|s| s.running).sum();
    grown
}
