//! Operations in front of the application, and on the alarms that watch it.

mod alarm;
mod invalidate;

pub use alarm::SwitchAlarm;
pub use invalidate::InvalidatePaths;

#[cfg(test)]
mod tests;
