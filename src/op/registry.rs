//! Operations on the environment's repositories.

mod create;
mod prune;

pub use create::CreateRepository;
pub use prune::PruneImages;

#[cfg(test)]
mod tests;
