//! Questions of what would be: changes of an inventory, as people write them.
//!
//! `backend.tasks=4`, `backend.size=1024/2048`, `backend.architecture=arm`, `database.class=db.t4g.large`, `database.multi-az=yes`,
//! `database.storage=100`, `traffic=2x`, `region=eu-west-1`. Traffic takes the tasks that autoscaling sets with it, within their limits.

use super::{Inventory, TaskSize, Tasks};
use crate::{
    error::{Error, ErrorKind, Result},
    model::{environment::is_region, fargate},
    text::nearest,
};
use std::{fmt, str::FromStr};

/// A change of an inventory.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// How many tasks a service runs.
    Tasks(String, f64),
    /// How many CPU units and MiB each task of a service has.
    Size(String, u32, u32),
    /// What tasks run on: of one service, or of all.
    Architecture(Option<String>, Architecture),
    /// The database's class.
    Class(String),
    /// Whether it has a standby.
    MultiAz(Standby),
    /// GiB of its storage.
    Storage(i32),
    /// How many times as many visitors.
    Traffic(f64),
    /// Another region.
    Region(String),
}

/// What tasks run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `X86_64`.
    X86,
    /// `ARM64`.
    Arm,
}

impl Architecture {
    /// As ECS writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::X86 => "X86_64",
            Self::Arm => "ARM64",
        }
    }
}

/// Whether a database has a standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standby {
    /// One in another zone.
    MultiAz,
    /// None.
    SingleAz,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tasks(service, count) => write!(f, "{service}.tasks={count}"),
            Self::Size(service, cpu, memory) => write!(f, "{service}.size={cpu}/{memory}"),
            Self::Architecture(service, on) => {
                let on = match on {
                    Architecture::X86 => "x86",
                    Architecture::Arm => "arm",
                };
                match service {
                    Some(service) => write!(f, "{service}.architecture={on}"),
                    None => write!(f, "architecture={on}"),
                }
            }
            Self::Class(class) => write!(f, "database.class={class}"),
            Self::MultiAz(Standby::MultiAz) => f.write_str("database.multi-az=yes"),
            Self::MultiAz(Standby::SingleAz) => f.write_str("database.multi-az=no"),
            Self::Storage(gib) => write!(f, "database.storage={gib}"),
            Self::Traffic(factor) => write!(f, "traffic={factor}x"),
            Self::Region(region) => write!(f, "region={region}"),
        }
    }
}

/// What can be asked, for hints.
const FORMS: &str = "ask like backend.tasks=4, backend.size=1024/2048, backend.architecture=arm, database.class=db.t4g.large, \
                     database.multi-az=yes, database.storage=100, traffic=2x or region=eu-west-1";

fn wrong(asked: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!("`{asked}` cannot be asked: {why}"),
    )
    .hint(FORMS)
}

impl FromStr for Change {
    type Err = Error;

    fn from_str(asked: &str) -> Result<Self> {
        let (what, value) = asked
            .split_once('=')
            .map(|(what, value)| (what.trim(), value.trim()))
            .ok_or_else(|| wrong(asked, "there is no `=` in it"))?;
        let (subject, field) = what
            .rsplit_once('.')
            .map_or((None, what), |(s, f)| (Some(s), f));
        let fault = |why: &str| wrong(asked, why);
        let service = || {
            let name = subject.filter(|name| !name.is_empty());
            name.map(str::to_owned)
                .ok_or_else(|| fault("it names no service"))
        };
        match (subject, field) {
            (Some("database"), "class") if value.starts_with("db.") => {
                Ok(Self::Class(value.to_owned()))
            }
            (Some("database"), "class") => Err(fault("classes are written like db.t4g.medium")),
            (Some("database"), "multi-az") => match value {
                "yes" | "true" | "on" => Ok(Self::MultiAz(Standby::MultiAz)),
                "no" | "false" | "off" => Ok(Self::MultiAz(Standby::SingleAz)),
                _ => Err(fault("it is yes or no")),
            },
            (Some("database"), "storage") => match value.parse() {
                Ok(gib @ 1..=65_536) => Ok(Self::Storage(gib)),
                _ => Err(fault("storage is 1 to 65536 GiB")),
            },
            (None, "traffic") => match value.trim_end_matches(['x', '×']).parse::<f64>() {
                Ok(factor) if (0.0..=10_000.0).contains(&factor) => Ok(Self::Traffic(factor)),
                _ => Err(fault("it is a number of times, 0 to 10000")),
            },
            (None, "region") if is_region(value) => Ok(Self::Region(value.to_owned())),
            (None, "region") => Err(fault("regions are written like eu-west-1")),
            (_, "architecture") => {
                let on = match value {
                    "arm" | "arm64" | "ARM64" => Architecture::Arm,
                    "x86" | "amd64" | "X86_64" => Architecture::X86,
                    _ => return Err(fault("it is arm or x86")),
                };
                Ok(Self::Architecture(subject.map(str::to_owned), on))
            }
            (_, "tasks") => match value.parse::<u32>() {
                Ok(count @ 0..=5_000) => Ok(Self::Tasks(service()?, count.into())),
                _ => Err(fault("a service runs 0 to 5000 tasks")),
            },
            (_, "size") => {
                let size = value.split_once('/').and_then(|(cpu, memory)| {
                    Some((cpu.trim().parse().ok()?, memory.trim().parse().ok()?))
                });
                let (cpu, memory) =
                    size.ok_or_else(|| fault("a size is CPU units and MiB: 1024/2048"))?;
                fargate::Size::new(cpu, memory)?;
                Ok(Self::Size(service()?, cpu, memory))
            }
            _ => Err(fault("there is no such question")),
        }
    }
}

impl Inventory {
    /// The inventory after a change.
    ///
    /// # Errors
    /// `Usage`: there is no such service, or no database.
    pub fn changed(&self, change: &Change) -> Result<Self> {
        let mut then = self.clone();
        match change {
            Change::Tasks(service, count) => then.set_count(service, *count)?,
            Change::Size(service, cpu, memory) => {
                for tasks in then.tasks_of(service)? {
                    tasks.size = TaskSize {
                        cpu: *cpu,
                        memory: *memory,
                        ..tasks.size.clone()
                    };
                }
            }
            Change::Architecture(Some(service), on) => {
                for tasks in then.tasks_of(service)? {
                    on.word().clone_into(&mut tasks.size.architecture);
                }
            }
            Change::Architecture(None, on) => {
                for tasks in &mut then.tasks {
                    on.word().clone_into(&mut tasks.size.architecture);
                }
            }
            Change::Class(class) => then.database()?.size.class.clone_from(class),
            Change::MultiAz(standby) => {
                then.database()?.size.multi_az = *standby == Standby::MultiAz;
            }
            Change::Storage(gib) => then.database()?.size.storage_gib = *gib,
            Change::Traffic(factor) => {
                then.scale_traffic(*factor);
                for tasks in then.tasks.iter_mut().filter(|tasks| tasks.scales()) {
                    let wanted = (tasks.count * factor).ceil();
                    tasks.count = wanted.clamp(tasks.floor, tasks.ceiling);
                    tasks.basis = format!("{} tasks for {factor} × the traffic", tasks.count);
                }
            }
            Change::Region(region) => then.region.clone_from(region),
        }
        Ok(then)
    }

    /// Sets how many tasks a service runs: of what is about to go none is left.
    fn set_count(&mut self, service: &str, count: f64) -> Result<()> {
        let mut left = count;
        for tasks in self.tasks_of(service)?.rev() {
            tasks.count = std::mem::take(&mut left);
            tasks.basis = format!("{} tasks", tasks.count);
            tasks.floor = tasks.floor.min(tasks.count);
            tasks.ceiling = tasks.ceiling.max(tasks.count);
        }
        Ok(())
    }

    fn tasks_of(
        &mut self,
        service: &str,
    ) -> Result<impl DoubleEndedIterator<Item = &mut Tasks> + use<'_>> {
        if !self.tasks.iter().any(|tasks| tasks.service == service) {
            let names = self.tasks.iter().map(|tasks| tasks.service.as_str());
            let hint = nearest(service, names.clone()).map_or_else(
                || format!("there are {}", names.clone().collect::<Vec<_>>().join(", ")),
                |name| format!("did you mean {name}?"),
            );
            let what = format!("there is no service {service} whose tasks are known");
            return Err(Error::new(ErrorKind::Usage, what).hint(hint));
        }
        let name = service.to_owned();
        Ok(self
            .tasks
            .iter_mut()
            .filter(move |tasks| tasks.service == name))
    }

    fn database(&mut self) -> Result<&mut super::Instance> {
        self.databases.first_mut().ok_or_else(|| {
            Error::new(ErrorKind::Usage, "there is no database instance")
                .hint("the environment has none, or it could not be read")
        })
    }
}
