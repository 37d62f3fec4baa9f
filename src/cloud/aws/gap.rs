//! Parts of a tier that could not be read.

use crate::error::Result;

/// Takes a part, or notes why it is missing and takes its empty value: one refused call leaves a gap, not an error.
pub(super) fn or_gap<T: Default>(part: Result<T>, gaps: &mut Vec<String>) -> T {
    part.unwrap_or_else(|error| {
        gaps.push(error.to_string());
        T::default()
    })
}
