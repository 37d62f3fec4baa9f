//! What is billed and shown by no tier: log groups as they are kept, and public addresses.

use serde::Serialize;

/// What an environment holds besides its tiers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The environment's log groups, in the order in which they were asked for.
    pub log_groups: Vec<LogGroup>,
    /// Elastic IP addresses of the environment's region: they belong to an account, and one that nothing uses belongs to nothing else.
    pub addresses: Vec<Address>,
    /// Parts that could not be read, one sentence each.
    pub gaps: Vec<String>,
}

/// A log group as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    /// Name.
    pub name: String,
    /// Region that it lives in: those of the edge live in us-east-1.
    pub region: String,
    /// Bytes that are stored, compressed, as CloudWatch Logs counts them: some hours late.
    pub stored_bytes: Option<u64>,
    /// Days that events are kept; `None` keeps them for ever.
    pub retention_days: Option<i32>,
    /// `STANDARD`, `INFREQUENT_ACCESS`, `DELIVERY`.
    pub class: String,
}

/// An Elastic IP address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    /// `eipalloc-…`.
    pub allocation: String,
    /// The address.
    pub ip: String,
    /// Name tag.
    pub name: Option<String>,
    /// The interface or instance that it is associated with; `None` where nothing uses it.
    pub used_by: Option<String>,
}
