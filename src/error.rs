//! The one error type: what failed, on which resource, why, and what to do next.

use std::{fmt, sync::Arc};

/// Shorthand used by everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what sort of failure happened, so that callers can decide without reading text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// AWS asked to slow down (`Throttling*`, "Rate exceeded", HTTP 429) and the retries were used up.
    Throttled,
    /// IAM refused the call; `action` is the IAM action to grant, such as `ecs:DescribeServices`.
    Denied {
        /// The IAM action that is missing.
        action: String,
    },
    /// The session's credentials are past their expiry.
    Expired,
    /// No credentials could be found or loaded.
    NoCredentials,
    /// The named resource does not exist in this account and region.
    NotFound,
    /// No usable answer: refused, reset, timed out, or a name that does not resolve.
    Unreachable,
    /// The endpoint, region or resource does not implement the call.
    Unsupported,
    /// An answer arrived that cannot be understood, or the service reported its own failure.
    Service,
    /// The command line is wrong.
    Usage,
    /// A configuration file or variable is wrong.
    Config,
    /// What is there is not what was expected: somebody else changed it, or another change is under way.
    Conflict,
    /// Read-only mode forbids the call.
    ReadOnly,
    /// A local file, pipe or terminal failed.
    Io,
    /// The user or a signal stopped the work.
    Interrupted,
}

impl ErrorKind {
    /// Names the kind in one or two words, for a badge or a JSON field.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied { .. } => "denied",
            Self::Expired => "expired",
            Self::NoCredentials => "no credentials",
            Self::NotFound => "not found",
            Self::Unreachable => "unreachable",
            Self::Unsupported => "unavailable",
            Self::Service => "service error",
            Self::Usage => "usage",
            Self::Config => "configuration",
            Self::Conflict => "conflict",
            Self::ReadOnly => "read-only",
            Self::Io => "i/o",
            Self::Interrupted => "interrupted",
        }
    }

    /// Gives the process exit code that this kind ends a command with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage | Self::Config => 2,
            Self::Denied { .. } | Self::Expired | Self::NoCredentials | Self::ReadOnly => 5,
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

/// An error with its kind, what failed, and where known a way out. Cheap to clone: it is kept beside the last good data.
#[derive(Debug, Clone)]
pub struct Error {
    /// What sort of failure.
    pub kind: ErrorKind,
    /// What failed and on which resource, one sentence without a full stop.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind` saying `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
