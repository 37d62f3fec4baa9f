//! Operations in front of the application, and on the alarms that watch it.

mod address;
mod alarm;
mod invalidate;
mod rule;

pub use address::{List, ListAddress, UnlistAddress, Until};
pub use alarm::SwitchAlarm;
pub use invalidate::InvalidatePaths;
pub use rule::SetRule;

#[cfg(test)]
mod tests;
