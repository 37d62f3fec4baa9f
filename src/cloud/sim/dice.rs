//! Randomness from a seed. Each part of the world draws from its own stream, so that a call that makes one part draw more often (a
//! restart, say) leaves the draws of every other part as they were.

use rand_pcg::{
    Pcg64Mcg,
    rand_core::{Rng as _, SeedableRng as _},
};

/// One stream of random draws.
#[derive(Debug, Clone)]
pub struct Dice(Pcg64Mcg);

impl Dice {
    /// Opens the stream `name` of `seed`.
    pub fn of(seed: u64, name: &str) -> Self {
        // FNV-1a: stable across platforms and versions, unlike the standard library's hasher.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Pcg64Mcg::seed_from_u64(seed ^ hash))
    }

    /// Opens the stream `name` of `seed` anew at each `moment`: for what is drawn on demand and must come out the same each time.
    pub fn at(seed: u64, name: &str, moment: i64) -> Self {
        Self::of(
            seed.wrapping_add(moment.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            name,
        )
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Whole seconds, uniform in [low, high].
    pub fn seconds(&mut self, low: i64, high: i64) -> i64 {
        low + (self.unit() * (high - low + 1) as f64) as i64
    }

    /// Nearly standard normal: the scaled sum of four uniform draws, which never leaves ±3.5.
    pub fn normal(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 3.0_f64.sqrt()
    }

    /// A whole number whose mean is `value`: the fraction is the chance of rounding up.
    pub fn round(&mut self, value: f64) -> f64 {
        (value + self.unit()).floor().max(0.0)
    }

    /// A count of independent arrivals of which `mean` are expected: Poisson's variance, by the normal approximation.
    pub fn arrivals(&mut self, mean: f64) -> f64 {
        let noise = self.normal() * mean.sqrt();
        self.round((mean + noise).max(0.0))
    }

    /// How many of `total` fall to a side of chance `share`: the binomial's variance, by the normal approximation; at most `total`.
    pub fn split(&mut self, total: f64, share: f64) -> f64 {
        let share = share.clamp(0.0, 1.0);
        let noise = self.normal() * (total * share * (1.0 - share)).sqrt();
        self.round((total * share + noise).max(0.0)).min(total)
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[(self.unit() * choices.len() as f64) as usize]
    }

    /// A string of `digits` hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(*self.pick(b"0123456789abcdef")))
            .collect()
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let hex = self.hex(30);
        format!(
            "{}-{}-4{}-a{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..15],
            &hex[15..18],
            &hex[18..30]
        )
    }
}

/// Noise that wanders around zero and forgets: an Ornstein-Uhlenbeck process, stepped exactly, so that its law does not depend on
/// the length of the steps.
#[derive(Debug, Clone)]
pub struct Drift {
    value: f64,
    sigma: f64,
    memory: f64,
}

impl Drift {
    /// Starts at zero. `sigma` is the standard deviation, `memory` the seconds after which a deviation has shrunk to a third.
    pub const fn new(sigma: f64, memory: f64) -> Self {
        Self {
            value: 0.0,
            sigma,
            memory,
        }
    }

    /// Moves on by `seconds` and tells the new value.
    pub fn step(&mut self, seconds: f64, dice: &mut Dice) -> f64 {
        let keep = (-seconds / self.memory).exp();
        self.value = self.value * keep + self.sigma * (1.0 - keep * keep).sqrt() * dice.normal();
        self.value
    }
}
