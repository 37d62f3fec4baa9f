//! A session that was opened into a container: what the child that attends it needs, and nobody else may see.

use crate::model::hidden::Hidden;
use serde_json::Value;

/// A session. Whoever holds its token is in the container: it is never printed, logged or serialised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, which is no secret.
    pub id: String,
    /// Who attends it.
    pub peer: Peer,
}

/// The child that a session is handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// AWS's session-manager-plugin.
    Plugin {
        /// Address of the data channel.
        stream_url: Hidden,
        /// What opens it.
        token: Hidden,
        /// Region.
        region: String,
        /// AWS profile, where the environment names one: the plugin asks for a lost session again by itself.
        profile: Option<String>,
        /// The request that opened it, as `ssm:StartSession` takes it.
        request: Value,
        /// Endpoint of Systems Manager.
        endpoint: String,
    },
    /// The demo: hydren itself, with these facts of the simulated task.
    Demo(String),
}
