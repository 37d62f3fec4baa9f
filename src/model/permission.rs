//! What a caller may do: an IAM action on a resource.

/// An IAM action on a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// `ecs:UpdateService`.
    pub action: String,
    /// ARN.
    pub resource: String,
}

impl Permission {
    /// Makes one.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
        }
    }
}
