//! What screens share: pure functions of data and theme, drawn into a buffer.

pub mod paint;
