//! Which size a service should have, by what it used.

use super::load::Load;
use crate::{
    format,
    model::{
        compute::{Autoscaling, Service},
        fargate::Size,
    },
};

/// Minutes of data from which a size is recommended: most of a day, which has its peak in it.
pub const ENOUGH: u32 = 20 * 60;

/// Percent of CPU below which 95 of a hundred five-minute means stay where no autoscaling says another: the load of one task of three
/// that stops then still fits on the two others.
const CPU: f64 = 65.0;

/// Percent of memory that the fullest task never goes beyond: where AWS recommends an alarm on a service's memory (CloudWatch User Guide,
/// recommended alarms). Memory that does not suffice is no delay but a killed task.
pub const MEMORY: f64 = 80.0;

/// The predefined metric of a policy that holds CPU (Application Auto Scaling).
const CPU_METRIC: &str = "ECSServiceAverageCPUUtilization";

/// What else than its use decides the size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumstances {
    /// The size now.
    pub now: Size,
    /// Percent of CPU at which autoscaling holds the service by the number of its tasks.
    pub target: Option<f64>,
    /// Whether autoscaling may still start more tasks.
    pub growth: Growth,
}

/// Whether more tasks can be started to bear the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// There may be more.
    Open,
    /// There are as many as there may be.
    Spent,
}

impl Circumstances {
    /// Of a service.
    #[must_use]
    pub fn of(service: &Service, now: Size) -> Self {
        let scaling = service.autoscaling.as_ref();
        let active = scaling.filter(|scaling| !scaling.scale_out_suspended);
        let target = |scaling: &Autoscaling| {
            let mut policies = scaling.policies.iter();
            policies
                .find(|p| p.metric.as_deref() == Some(CPU_METRIC))?
                .target
        };
        Self {
            now,
            target: active.and_then(target),
            growth: match active {
                Some(scaling) if service.desired < scaling.max => Growth::Open,
                _ => Growth::Spent,
            },
        }
    }

    /// Percent of CPU that is not to be gone beyond.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        self.target.unwrap_or(CPU)
    }

    /// What of a use speaks against it; `None` where nothing does.
    #[must_use]
    pub fn fault(&self, size: Size, load: &Load) -> Option<String> {
        let (p95, max) = (load.cpu.p95, load.memory.max);
        if max > MEMORY {
            return Some(if max > 100.0 {
                format!("memory of {max:.0} % at its maximum: tasks would be killed")
            } else {
                format!("memory of {max:.0} % at its maximum leaves little")
            });
        }
        if p95 <= self.cpu() {
            return None;
        }
        match (self.target, self.growth) {
            // A size at least as large needs no more tasks than now.
            (Some(_), Growth::Open) if size.cpu >= self.now.cpu => None,
            (Some(target), Growth::Open) => Some(format!(
                "CPU of {p95:.0} % at the p95: autoscaling would hold {target:.0} % by more tasks"
            )),
            (Some(target), Growth::Spent) => Some(format!(
                "CPU of {p95:.0} % at the p95 is over autoscaling's target of {target:.0} %, and there are as many tasks as it may start"
            )),
            (None, _) => Some(format!(
                "CPU of {p95:.0} % at the p95 leaves little for peaks"
            )),
        }
    }
}

/// A size that can be had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// The size.
    pub size: Size,
    /// USD a month more than now, where the price is known.
    pub delta: Option<f64>,
}

/// What is recommended.
#[derive(Debug, Clone, PartialEq)]
pub enum Advice {
    /// This size, and why.
    Take(Size, String),
    /// None, and why.
    Nothing(String),
}

impl Advice {
    /// The size, where one is recommended.
    #[must_use]
    pub const fn size(&self) -> Option<Size> {
        match self {
            Self::Take(size, _) => Some(*size),
            Self::Nothing(_) => None,
        }
    }

    /// What is recommended, for a check.
    #[must_use]
    pub fn found(&self) -> String {
        match self {
            Self::Take(size, why) => format!("{size}, {why}"),
            Self::Nothing(why) => format!("none: {why}"),
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Take(..) => format!("Recommended: {}.", self.found()),
            Self::Nothing(why) => format!("No recommendation: {why}."),
        }
    }
}

/// Recommends the cheapest of the sizes on offer that nothing speaks against, by what was used of the size that the service has.
#[must_use]
pub fn advise(used: Option<&Load>, offers: &[Offer], around: &Circumstances) -> Advice {
    let Some(used) = used.filter(|used| used.minutes >= ENOUGH) else {
        let minutes = used.map_or(0, |used| used.minutes);
        return Advice::Nothing(format!(
            "only {} of data with this size, where {} show a day's peak",
            format::count(minutes, "minute"),
            format::count(ENOUGH, "minute")
        ));
    };
    let good = offers.iter().filter(|offer| {
        let then = used.on(around.now, offer.size);
        around.fault(offer.size, &then).is_none()
    });
    let price = |offer: &Offer| offer.delta.unwrap_or(0.0);
    let best = good.min_by(|a, b| {
        let cheaper = price(a).total_cmp(&price(b));
        cheaper.then_with(|| a.size.cmp(&b.size))
    });
    let Some(best) = best else {
        return Advice::Nothing(format!(
            "no size of those on offer keeps CPU at {:.0} % and memory at {MEMORY:.0} %",
            around.cpu()
        ));
    };
    let then = used.on(around.now, best.size);
    let memory = format!("memory max under {MEMORY:.0} % ({:.0} %)", then.memory.max);
    let p95 = then.cpu.p95;
    let why = match around.target {
        Some(target) if p95 > target => format!(
            "as autoscaling holds CPU at {target:.0} % by the number of tasks, and {memory} decides"
        ),
        Some(target) => format!(
            "the cheapest with CPU p95 under autoscaling's target ({p95:.0} of {target:.0} %) and {memory}"
        ),
        None => format!("the cheapest with CPU p95 under {CPU:.0} % ({p95:.0} %) and {memory}"),
    };
    Advice::Take(best.size, why)
}

#[cfg(test)]
mod tests {
    use super::{super::load::Quantiles, *};
    use crate::model::fargate::sizes;

    const NOW: Size = Size {
        cpu: 1_024,
        memory: 4_096,
    };

    /// All sizes, at prices that go with them.
    fn offers() -> Vec<Offer> {
        let price = |size: Size| f64::from(size.cpu) * 0.04 + f64::from(size.memory) * 0.0045;
        let offer = |size| Offer {
            size,
            delta: Some(price(size) - price(NOW)),
        };
        sizes().map(offer).collect()
    }

    fn load(cpu_p95: f64, memory_max: f64) -> Load {
        let quantiles = |p95: f64, max: f64| Quantiles {
            p50: p95 / 2.0,
            p95,
            max,
        };
        Load {
            minutes: 1_440,
            cpu: quantiles(cpu_p95, cpu_p95 + 10.0),
            memory: quantiles(memory_max - 5.0, memory_max),
        }
    }

    fn alone() -> Circumstances {
        Circumstances {
            now: NOW,
            target: None,
            growth: Growth::Spent,
        }
    }

    fn scaled(growth: Growth) -> Circumstances {
        Circumstances {
            target: Some(60.0),
            growth,
            ..alone()
        }
    }

    fn taken(used: &Load, around: &Circumstances) -> Option<(u32, u32)> {
        let advice = advise(Some(used), &offers(), around);
        advice.size().map(|size| (size.cpu, size.memory))
    }

    #[test]
    fn an_idle_service_gets_the_smallest_size_that_holds_its_memory() {
        // 10 % of 4 GB are 80 % of 512 MiB: one more and the next size is due.
        assert_eq!(taken(&load(3.0, 10.0), &alone()), Some((256, 512)));
        assert_eq!(taken(&load(3.0, 11.0), &alone()), Some((256, 1_024)));
    }

    #[test]
    fn cpu_decides_where_memory_does_not() {
        assert_eq!(taken(&load(32.0, 10.0), &alone()), Some((512, 1_024)));
        assert_eq!(taken(&load(33.0, 10.0), &alone()), Some((1_024, 2_048)));
        assert_eq!(taken(&load(90.0, 10.0), &alone()), Some((2_048, 4_096)));
    }

    #[test]
    fn memory_alone_asks_for_more_without_more_cpu() {
        assert_eq!(taken(&load(40.0, 95.0), &alone()), Some((1_024, 5_120)));
    }

    #[test]
    fn where_autoscaling_holds_cpu_the_number_of_tasks_and_not_the_size_answers_to_it() {
        let held = load(66.0, 61.0);
        assert_eq!(taken(&held, &scaled(Growth::Open)), Some((1_024, 4_096)));
        let why = advise(Some(&held), &offers(), &scaled(Growth::Open)).words();
        assert!(why.contains("by the number of tasks"), "{why}");
        // Once there can be no more tasks, each has to bear more.
        assert_eq!(taken(&held, &scaled(Growth::Spent)), Some((2_048, 4_096)));
    }

    #[test]
    fn at_the_least_number_of_tasks_a_smaller_size_saves_money() {
        let idle = load(20.0, 20.0);
        assert_eq!(taken(&idle, &scaled(Growth::Open)), Some((512, 1_024)));
        assert_eq!(
            taken(&load(31.0, 20.0), &scaled(Growth::Open)),
            Some((1_024, 2_048))
        );
    }

    #[test]
    fn too_few_data_are_no_reason_for_any_size() {
        let short = Load {
            minutes: 45,
            ..load(3.0, 10.0)
        };
        let words = advise(Some(&short), &offers(), &alone()).words();
        assert!(
            words.starts_with("No recommendation: only 45 minutes of data"),
            "{words}"
        );
        let words = advise(None, &offers(), &alone()).words();
        assert!(
            words.starts_with("No recommendation: only 0 minutes"),
            "{words}"
        );
    }

    #[test]
    fn what_no_size_holds_is_said() {
        let large = Size {
            cpu: 32_768,
            memory: 249_856,
        };
        let around = Circumstances {
            now: large,
            ..alone()
        };
        let words = advise(Some(&load(99.0, 99.0)), &offers(), &around).words();
        assert!(words.starts_with("No recommendation: no size"), "{words}");
    }

    #[test]
    fn without_prices_the_smallest_is_taken() {
        let offers: Vec<Offer> = sizes().map(|size| Offer { size, delta: None }).collect();
        let advice = advise(Some(&load(3.0, 10.0)), &offers, &alone());
        assert_eq!(
            advice.size(),
            Some(Size {
                cpu: 256,
                memory: 512
            })
        );
    }
}
