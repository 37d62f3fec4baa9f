//! How much of its size a service uses: of the last day and week, and what that would be on another size.

use super::super::Desk;
use crate::{
    error::Result,
    model::{
        compute::{Rollout, Service},
        fargate::Size,
        metric::{Metric, MetricId, Series, Window},
        task_document::TaskDocument,
    },
};
use futures::future::join_all;
use jiff::Timestamp;

/// Seconds of a datapoint: CloudWatch keeps five minutes for 63 days, single minutes for 15 only (CloudWatch concepts, metrics retention).
const STEP: u32 = 300;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;

/// Percent of a task's CPU or memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// Half of the five-minute means lie below.
    pub p50: f64,
    /// 95 of a hundred five-minute means lie below.
    pub p95: f64,
    /// Highest single minute of the busiest task.
    pub max: f64,
}

impl Quantiles {
    /// Of means, in any order, and of maxima; `None` without a mean. The percentile is the nearest rank: a value that was measured.
    fn of(means: &[f64], maxima: &[f64]) -> Option<Self> {
        let mut known: Vec<f64> = means.iter().copied().filter(|v| !v.is_nan()).collect();
        known.sort_by(f64::total_cmp);
        let rank = |percent: usize| {
            let place = (known.len() * percent).div_ceil(100).max(1) - 1;
            known.get(place).copied()
        };
        let max = maxima.iter().copied().fold(f64::NAN, f64::max);
        Some(Self {
            p50: rank(50)?,
            p95: rank(95)?,
            max: max.max(*known.last()?),
        })
    }

    /// The same use where there is `factor` times as much.
    fn on(self, factor: f64) -> Self {
        Self {
            p50: self.p50 / factor,
            p95: self.p95 / factor,
            max: self.max / factor,
        }
    }

    fn worse(self, other: Self) -> Self {
        Self {
            p50: self.p50.max(other.p50),
            p95: self.p95.max(other.p95),
            max: self.max.max(other.max),
        }
    }

    /// `p50 24, p95 41, max 60 %`.
    pub fn words(self) -> String {
        let Self { p50, p95, max } = self;
        format!("p50 {p50:.0}, p95 {p95:.0}, max {max:.0} %")
    }
}

/// What a service used over a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Minutes of which there are data.
    pub minutes: u32,
    /// Of a task's CPU.
    pub cpu: Quantiles,
    /// Of a task's memory.
    pub memory: Quantiles,
}

impl Load {
    /// The same on tasks of another size, as many of them: the work stays, its share of the task changes.
    #[must_use]
    pub fn on(self, now: Size, then: Size) -> Self {
        Self {
            cpu: self.cpu.on(f64::from(then.cpu) / f64::from(now.cpu)),
            memory: self
                .memory
                .on(f64::from(then.memory) / f64::from(now.memory)),
            ..self
        }
    }

    fn worse(self, other: Self) -> Self {
        Self {
            minutes: self.minutes.max(other.minutes),
            cpu: self.cpu.worse(other.cpu),
            memory: self.memory.worse(other.memory),
        }
    }
}

/// What was measured of a service with the size that it has now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The last 24 hours.
    pub day: Load,
    /// The last seven days; `None` where there is no more than the day.
    pub week: Option<Load>,
}

impl Measured {
    /// Figure by figure the busier of day and week: what a size is judged by.
    #[must_use]
    pub fn busier(&self) -> Load {
        self.week.map_or(self.day, |week| week.worse(self.day))
    }

    /// Of the means and maxima of a window; `None` where the last day has none.
    fn of([cpu, memory, cpu_peak, memory_peak]: [&[f64]; 4]) -> Option<Self> {
        let last = |values: usize| -> Option<Load> {
            let tail = |of: &[f64]| of[of.len().saturating_sub(values)..].to_vec();
            let known = tail(cpu).iter().filter(|v| !v.is_nan()).count();
            Some(Load {
                minutes: u32::try_from(known).ok()? * (STEP / 60),
                cpu: Quantiles::of(&tail(cpu), &tail(cpu_peak))?,
                memory: Quantiles::of(&tail(memory), &tail(memory_peak))?,
            })
        };
        let steps = |seconds: i64| usize::try_from(seconds / i64::from(STEP)).unwrap_or(0);
        let (day, week) = (last(steps(DAY))?, last(steps(WEEK)));
        let week = week.filter(|week| week.minutes > day.minutes);
        Some(Self { day, week })
    }
}

/// Reads what a service used of its size, in one query of four metrics; `None` where there are no data.
///
/// # Errors
/// What CloudWatch answered.
pub async fn read(desk: &Desk<'_>, service: &Service, size: Size) -> Result<Option<Measured>> {
    let window = Window::of_period(desk.now(), WEEK, STEP);
    let metrics = [
        Metric::EcsCpu,
        Metric::EcsMemory,
        Metric::EcsCpuPeak,
        Metric::EcsMemoryPeak,
    ];
    let ids = metrics.map(|metric| MetricId::with(metric, service.name.as_str()));
    let (answer, since) = futures::join!(
        desk.cloud.metrics(&ids, window),
        resized(desk, service, size, window.from)
    );
    let answer = answer?;
    let values = metrics.map(|metric| {
        let series = answer.of(metric, &service.name);
        let values = series.map_or(&[][..], |series: &Series| &series.values);
        let fresh = |(place, value): (usize, &f64)| {
            if since.is_some_and(|since| window.at(place) < since) {
                f64::NAN
            } else {
                *value
            }
        };
        values.iter().enumerate().map(fresh).collect::<Vec<f64>>()
    });
    Ok(Measured::of(values.each_ref().map(Vec::as_slice)))
}

/// When the service last got another size within the window: what was measured before are percents of something else. A revision that
/// cannot be read any more may have had any size.
async fn resized(
    desk: &Desk<'_>,
    service: &Service,
    size: Size,
    from: Timestamp,
) -> Option<Timestamp> {
    let ended = |rollout: &Rollout| rollout.finished_at.or(rollout.created_at);
    let recent = |rollout: &&Rollout| ended(rollout).is_some_and(|end| end > from);
    let rollouts: Vec<&Rollout> = service.rollouts.iter().filter(recent).collect();
    let current = service.deployments.first().map(|d| &d.revision);
    let of = |rollout: &'_ Rollout| {
        rollout
            .target
            .iter()
            .chain(&rollout.sources)
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut names: Vec<String> = rollouts.iter().flat_map(|rollout| of(rollout)).collect();
    names.sort();
    names.dedup();
    names.retain(|name| Some(name) != current);
    let documents = join_all(names.iter().map(|name| desk.cloud.task_document(name))).await;
    let other = names.iter().zip(&documents).filter_map(|(name, document)| {
        let had = document.as_ref().ok().map(TaskDocument::size);
        (had != Some((size.cpu, size.memory))).then_some(name)
    });
    let other: Vec<&String> = other.collect();
    rollouts
        .into_iter()
        .filter(|rollout| of(rollout).iter().any(|name| other.contains(&name)))
        .filter_map(ended)
        .max()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured_and_the_maximum_is_the_busiest_tasks() {
        let means: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let quantiles = Quantiles::of(&means, &[30.0, f64::NAN, 120.0]).unwrap();
        assert_eq!(
            (quantiles.p50, quantiles.p95, quantiles.max),
            (50.0, 95.0, 120.0)
        );
        let one = Quantiles::of(&[7.0, f64::NAN], &[]).unwrap();
        assert_eq!((one.p50, one.p95, one.max), (7.0, 7.0, 7.0));
        assert_eq!(Quantiles::of(&[f64::NAN], &[9.0]), None);
    }

    #[test]
    fn a_quiet_day_after_a_busy_week_is_judged_by_the_week() {
        let mut cpu = vec![60.0; 2_016];
        cpu[2_016 - 288..].fill(20.0);
        let memory = vec![40.0; 2_016];
        let measured = Measured::of([&cpu, &memory, &cpu, &memory]).unwrap();
        let busier = measured.busier();
        assert_eq!((measured.day.cpu.p95, busier.cpu.p95), (20.0, 60.0));
        assert_eq!((measured.day.minutes, busier.minutes), (1_440, 10_080));
    }

    #[test]
    fn half_the_cpu_is_used_twice_as_much() {
        let quantiles = Quantiles {
            p50: 20.0,
            p95: 30.0,
            max: 45.0,
        };
        let load = Load {
            minutes: 5,
            cpu: quantiles,
            memory: quantiles,
        };
        let size = |cpu, memory| Size { cpu, memory };
        let then = load.on(size(512, 2_048), size(256, 1_024));
        assert_eq!((then.cpu.p95, then.memory.max), (60.0, 90.0));
    }
}
