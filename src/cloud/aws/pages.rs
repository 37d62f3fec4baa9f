//! Answers of many pages.

use super::failure::explain;
use crate::error::Result;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// What a paginator of the SDK hands out.
type Items<T, E> = PaginationStream<std::result::Result<T, SdkError<E, HttpResponse>>>;

/// Takes the items of all pages. The SDK ends a listing whose token repeats, so it is bounded.
///
/// # Errors
/// What any page answered, said of `action` on `resource`.
pub(super) async fn every<T, E>(items: Items<T, E>, action: &str, resource: &str) -> Result<Vec<T>>
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    items
        .collect::<std::result::Result<_, _>>()
        .await
        .map_err(|e| explain(action, resource, e))
}
