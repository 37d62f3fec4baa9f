//! The AWS adapter: SDK types in, model types out. One file per AWS service; nothing of the SDK leaves this folder.
//!
//! [`AwsCloud::new`] is free: credentials, the certificate store and the HTTP client are loaded when the first call needs them, so the
//! console's first frame waits for none of it.

mod client;
mod failure;
mod gap;
mod memo;
#[cfg(test)]
mod mocked;
mod shape;
mod time;

use crate::{cloud::meter::Meter, error::Result, model::environment::Environment};
use client::Clients;
use memo::Memo;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// CloudFront, its web ACL, certificate and metrics, and Route 53 metrics exist in this region only.
pub const EDGE_REGION: &str = "us-east-1";

/// One environment in AWS.
pub struct AwsCloud {
    environment: Environment,
    meter: Arc<Meter>,
    clients: OnceCell<Clients>,
    memo: Memo,
}

impl AwsCloud {
    /// Prepares the adapter for `environment`; makes no call and reads no file.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            meter: Arc::default(),
            clients: OnceCell::new(),
            memo: Memo::default(),
        }
    }

    /// The clients, made when first needed.
    ///
    /// # Errors
    /// An unknown profile, a configuration that does not parse, no region.
    async fn clients(&self) -> Result<&Clients> {
        self.clients
            .get_or_try_init(|| Clients::load(&self.environment, &self.meter))
            .await
    }
}
