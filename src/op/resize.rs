//! Gives a service's tasks another size: a rollout that changes nothing else, with what the tasks use now beside every size.

mod advice;
mod load;

use super::{
    CheckState, Cost, Desk, Operation, Plan, Request, Risk, RollOut,
    desk::service,
    form::{Choice, Form, Kind},
    rollout,
};
use crate::{
    cost::TaskSize,
    error::{Error, ErrorKind, Result},
    format,
    model::{
        compute::Service,
        fargate::{self, Size},
        task_document::TaskDocument,
    },
};
use advice::{Advice, Circumstances, Offer, advise};
use async_trait::async_trait;
use load::{Load, Measured};
use serde::Serialize;

/// Gives the tasks of a service another size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resize {
    /// Service.
    pub service: String,
    /// CPU units and MiB; `None` asks.
    pub size: Option<(u32, u32)>,
}

/// What is known of a service before its size is chosen.
struct Sizing {
    now: Size,
    /// What can be had.
    offers: Vec<Offer>,
    /// What was used; an error says why it is not known.
    measured: Result<Option<Measured>>,
    around: Circumstances,
}

impl Sizing {
    async fn of(desk: &Desk<'_>, service: &Service, document: &TaskDocument) -> Result<Self> {
        let (cpu, memory) = document.size();
        if cpu == 0 || memory == 0 || !rollout::on_fargate(service) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("{} has no size of its own", document.name()),
            )
            .hint("tasks on Fargate have one; on EC2 the containers say what they need"));
        }
        let now = Size { cpu, memory };
        let platform = service.platform_version.as_deref();
        let fitting = fargate::sizes().filter(|s| fargate::fits(*s, document, platform).is_ok());
        let offers = fitting.map(|size| Offer {
            size,
            delta: delta(desk, service, size),
        });
        Ok(Self {
            now,
            offers: offers.collect(),
            measured: load::read(desk, service, now).await,
            around: Circumstances::of(service, now),
        })
    }

    /// What sizes are judged by.
    fn used(&self) -> Option<Load> {
        let measured = self.measured.as_ref().ok()?.as_ref()?;
        Some(measured.busier())
    }

    fn advice(&self) -> Advice {
        match &self.measured {
            Ok(_) => advise(self.used().as_ref(), &self.offers, &self.around),
            Err(error) => Advice::Nothing(format!("what it uses could not be read: {error}")),
        }
    }

    /// A row of the list: what it costs more, and what would be used of it.
    fn choice(&self, offer: &Offer, advised: Option<Size>) -> Choice {
        let more = offer.delta.map_or_else(|| "?".to_owned(), dollars);
        let used = self.used().map(|used| used.on(self.now, offer.size));
        let used = used.map_or_else(String::new, |load| {
            let figures = [load.cpu, load.memory].map(|q| {
                let percent = [q.p50, q.p95, q.max].map(|v| format!("{v:>4.0}"));
                percent.concat()
            });
            figures.join("   ")
        });
        let mark = match (offer.size == self.now, advised == Some(offer.size)) {
            (true, true) => "  now, keep",
            (true, false) => "  now",
            (false, true) => "  recommended",
            (false, false) => "",
        };
        Choice {
            value: offer.size.to_string(),
            about: format!("{more:>7} {used}{mark}"),
        }
    }

    /// Says what speaks for and against `size`.
    fn judge(&self, plan: Plan, size: Size) -> Plan {
        let advice = self.advice();
        let plan = match self.used() {
            Some(used) => {
                let then = used.on(self.now, size);
                let found = format!(
                    "cpu p95 {:.0} % → {:.0} %, memory max {:.0} % → {:.0} %",
                    used.cpu.p95, then.cpu.p95, used.memory.max, then.memory.max
                );
                let plan = match self.around.fault(size, &then) {
                    Some(fault) => {
                        plan.check(FITS, CheckState::Warned, format!("{found}; {fault}"))
                    }
                    None => plan.check(FITS, CheckState::Passed, found),
                };
                if then.memory.p50 > 100.0 {
                    let why = "half of the time its tasks used more memory than they would have: they would be killed";
                    plan.risk(Risk::Destructive, why)
                } else {
                    plan
                }
            }
            None => plan.check(FITS, CheckState::Warned, "what it uses is not known"),
        };
        match &advice {
            Advice::Take(best, _) if *best == size => plan,
            other => plan.check("size recommended by use", CheckState::Warned, other.found()),
        }
    }
}

/// Percent of CPU and of memory that a service's tasks are not to go beyond.
#[must_use]
pub fn limits(service: &Service, now: Size) -> (f64, f64) {
    (Circumstances::of(service, now).cpu(), advice::MEMORY)
}

const FITS: &str = "what it uses fits";

/// USD a month that all tasks cost more with another size.
fn delta(desk: &Desk<'_>, service: &Service, size: Size) -> Option<f64> {
    let definition = service.task_definition.as_ref()?;
    let after = TaskSize {
        cpu: size.cpu,
        memory: size.memory,
        ..TaskSize::from(definition)
    };
    match Cost::of_sizes(desk, service, &after) {
        Cost::Delta { before, after, .. } => Some(after - before),
        Cost::Unchanged => Some(0.0),
        Cost::Between { .. } | Cost::Once { .. } | Cost::Unknown { .. } => None,
    }
}

/// Whole dollars with their sign.
fn dollars(usd: f64) -> String {
    let sign = match usd.round() {
        whole if whole > 0.0 => "+",
        whole if whole < 0.0 => "-",
        _ => "",
    };
    format!("{sign}${:.0}", usd.abs())
}

#[async_trait]
impl Operation for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn actions(&self) -> &'static [&'static str] {
        rollout::ACTIONS
    }

    async fn form(&self, desk: &Desk<'_>) -> Result<Option<Form>> {
        if self.size.is_some() {
            return Ok(None);
        }
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let document = desk.running(service).await?;
        let sizing = Sizing::of(desk, service, &document).await?;
        let advice = sizing.advice();
        let mut form = Form::new(format!("Resize {}", service.name)).note(format!(
            "{} of {}, each with {}",
            format::count(service.desired, "task"),
            document.name(),
            sizing.now
        ));
        if let Ok(Some(measured)) = &sizing.measured {
            for load in std::iter::once(measured.day).chain(measured.week) {
                let span = format::duration(i64::from(load.minutes) * 60);
                let (cpu, memory) = (load.cpu.words(), load.memory.words());
                form = form.note(format!("Last {span}: cpu {cpu}; memory {memory}"));
            }
        }
        form = form.note(advice.words());
        let left_out = fargate::sizes().count() - sizing.offers.len();
        if left_out > 0 {
            let sizes = format::count(left_out, "size");
            form = form.note(format!(
                "{sizes} do not fit the task definition and are left out."
            ));
        }
        let advised = advice.size();
        let choices = sizing.offers.iter();
        let choices = choices.map(|offer| sizing.choice(offer, advised)).collect();
        let chosen = advised.unwrap_or(sizing.now).to_string();
        Ok(Some(form.field(
            "size",
            "Size",
            Kind::OneOf(choices),
            &chosen,
            "$ a month more · cpu p50, p95, max % · memory p50, p95, max %",
        )))
    }

    fn filled(&self, form: &Form) -> Result<Request> {
        let typed = form.text("size");
        let size = fargate::sizes().find(|size| size.to_string() == typed);
        let size = size.ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("Fargate has no size {typed}"))
                .hint("choose one of the list")
        })?;
        Ok(Self {
            size: Some((size.cpu, size.memory)),
            ..self.clone()
        }
        .into())
    }

    async fn plan(&self, desk: &Desk<'_>) -> Result<Plan> {
        let Some((cpu, memory)) = self.size else {
            return Err(Error::new(ErrorKind::Usage, "a size is expected")
                .hint("name CPU units and MiB, such as 1024 and 2048"));
        };
        let size = Size::new(cpu, memory)?;
        let compute = desk.compute().await?;
        let service = service(&compute, &self.service)?;
        let document = desk.running(service).await?;
        let sizing = Sizing::of(desk, service, &document).await?;
        let rollout = RollOut {
            service: self.service.clone(),
            size: self.size,
            ..RollOut::default()
        };
        let plan = rollout.planned(desk, &compute).await?;
        let plan = Plan {
            request: self.clone().into(),
            title: format!("Resize {} to {size}", service.name),
            ..plan
        };
        Ok(if plan.changes.is_empty() {
            plan
        } else {
            sizing.judge(plan, size)
        })
    }
}

#[cfg(test)]
mod tests;
