//! The logs of an environment: where they come from, and what their lines say.

pub mod fields;
pub mod flow;
pub mod format;
mod json;
pub mod level;
mod nginx;
pub mod patterns;
mod postgres;
mod python;
pub mod saved;
pub mod secrets;
pub mod sources;

#[cfg(test)]
mod tests;
