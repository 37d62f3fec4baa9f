//! Values that may be secrets: carried to AWS, never shown.

use serde::{Serialize, Serializer};
use std::fmt;

/// What stands in the place of a hidden value.
pub const COVER: &str = "•••";

/// A value that may be a secret. Printing and serialising it gives [`COVER`], so that no log, plan or error can tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(COVER)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(COVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_value_is_neither_printed_nor_serialised() {
        let hidden = Hidden::new("hunter2");
        let shown = format!("{hidden:?} {}", serde_json::json!({ "value": hidden }));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(hidden.reveal(), "hunter2");
    }
}
