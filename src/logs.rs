//! The logs of an environment: where they come from.

mod sources;

pub use sources::sources;
