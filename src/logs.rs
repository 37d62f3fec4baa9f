//! Logs: lines kept in time order, understood, filtered, searched and read.
//!
//! Lines come in as [`crate::model::log::Followed`] and go into [`view::LogView`], which the console's state holds. What takes long is
//! handed out as a [`search::Job`] and comes back as [`search::Found`]. Everything here is pure.

pub mod extract;
pub mod fields;
pub mod filter;
pub mod flow;
pub mod format;
mod json;
pub mod level;
mod nginx;
pub mod patterns;
pub(crate) mod postgres;
mod python;
pub mod saved;
pub mod search;
pub mod secrets;
pub mod sources;
pub mod store;
pub mod view;

#[cfg(test)]
#[path = "../tests/support/hostile.rs"]
pub(crate) mod hostile;
#[cfg(test)]
mod tests;
