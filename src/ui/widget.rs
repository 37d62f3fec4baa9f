//! What screens share: pure functions of data and theme, drawn into a buffer.
//!
//! Every widget is a struct of borrowed data with its [`Theme`](crate::theme::Theme), drawn by `Widget` for `&T`. Text from outside
//! is neutralised here, so a screen cannot forget it.

pub mod chart;
pub mod detail;
pub mod grid;
pub mod paint;
pub mod pane;
pub mod placeholder;
pub mod sparkline;

#[cfg(test)]
mod sheet;
