//! `hydren image`.

use super::{Carry, Format};
use crate::op::Request;
use clap::Subcommand;

/// What to do with images.
#[derive(Debug, Clone, Subcommand)]
pub enum ImageCommand {
    /// List images: what each service runs, what the registries hold, what the engine here holds
    List {
        /// Only services, repositories and local images that have this in their name
        name: Option<String>,
        /// How it is printed.
        #[command(flatten)]
        format: Format,
    },
}

impl ImageCommand {
    /// The operation that it asks for, where it asks for one.
    pub(super) fn request(&self) -> Option<(Request, Carry)> {
        match self {
            Self::List { .. } => None,
        }
    }
}
