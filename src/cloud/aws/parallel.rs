//! Many requests of one kind at once, but not all.

use futures::{StreamExt, stream};

/// Requests of one kind in flight: with answers in about 0.1 s it stays near the ECS token buckets' burst of 50 to 100 and refill of 20 a
/// second (ECS API reference, request throttling) even for hundreds of services.
const IN_FLIGHT: usize = 8;

/// Awaits `requests`, a few at a time, and gives their answers in order.
pub(super) async fn all<F: Future>(requests: Vec<F>) -> Vec<F::Output> {
    stream::iter(requests).buffered(IN_FLIGHT).collect().await
}
