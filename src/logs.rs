//! The logs of an environment: where they come from.

pub mod sources;
