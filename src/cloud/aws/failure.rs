//! SDK errors into [`Error`].

use crate::error::{Error, ErrorKind};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Says what failed: `action` is the IAM action (`ecs:DescribeServices`), `resource` what it was asked about.
pub(super) fn explain<E>(action: &str, resource: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    Error::new(ErrorKind::Service, format!("{action} on {resource} failed")).source(error)
}
