//! Tests of the simulated environment: its laws, and the answers that a caller gets.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "tests; counts of whole requests are exact"
)]

mod answers;
mod laws;

use super::{
    SimCloud, SimOptions, compute,
    scenario::{Conditions, Disturbance, Scenario},
    world::{EPOCH, World},
};
use crate::model::{compute::Service, metric::Metric};
use std::time::Duration;

/// Minutes in seconds.
const fn minutes(count: i64) -> i64 {
    60 * count
}

/// Multiplies the visitors from a moment on.
struct Crowd {
    from: i64,
    factor: f64,
}

impl Disturbance for Crowd {
    fn bend(&self, elapsed: i64, conditions: &mut Conditions) {
        if elapsed >= self.from {
            conditions.visitors *= self.factor;
        }
    }
}

/// A world of `seed` at the epoch, in which the visitors are multiplied from `from` on.
fn crowded(seed: u64, from: i64, factor: f64) -> World {
    let mut world = World::disturbed(seed, vec![Box::new(Crowd { from, factor })]);
    world.advance(EPOCH);
    world
}

fn calm(seed: u64) -> World {
    let mut world = World::new(seed, Scenario::Calm);
    world.advance(EPOCH);
    world
}

/// The last `count` minutes of a series.
fn values(world: &World, metric: Metric, subject: Option<&str>, count: usize) -> Vec<f64> {
    let column = world.history.column(metric, subject).unwrap();
    world.history.last(column, count)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn backend_cpu(world: &World, count: usize) -> f64 {
    mean(&values(world, Metric::EcsCpu, Some("backend"), count))
}

fn backend(world: &World) -> Service {
    compute::snapshot(world).service("backend").unwrap().clone()
}

/// A cloud whose clock stands `elapsed` seconds after the epoch.
fn cloud(seed: u64, elapsed: u64) -> SimCloud {
    SimCloud::new(SimOptions {
        seed,
        elapsed: Some(Duration::from_secs(elapsed)),
        ..SimOptions::default()
    })
}
