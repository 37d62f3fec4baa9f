//! STS: who the caller is.

use super::{AwsCloud, failure::explain, shape::text};
use crate::{error::Result, model::identity::Identity};
use jiff::Timestamp;

/// Reads account and ARN, and when the credentials that signed the question end.
pub(super) async fn identity(cloud: &AwsCloud) -> Result<Identity> {
    let clients = cloud.clients().await?;
    let caller = clients
        .sts
        .get_caller_identity()
        .send()
        .await
        .map_err(|e| explain("sts:GetCallerIdentity", "this session", e))?;
    Ok(Identity {
        region: cloud.region().await?,
        account: text(caller.account()),
        arn: text(caller.arn()),
        expires_at: clients
            .expiry
            .get()
            .and_then(|at| Timestamp::try_from(at).ok()),
    })
}
