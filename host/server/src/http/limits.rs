//! How long a request may take, and how much it may carry.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::errors::ApiError;

/// 1 MiB, as the predecessor had it.
pub(super) const LARGEST_BODY: usize = 1_048_576;

/// Says so when a request takes too long. What was recorded by then stands.
pub(super) async fn answer_in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::timeout(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)).into_response(),
    }
}

/// A body that announces its size is refused before it is read; the extractor counts the others.
pub(super) async fn refuse_large_bodies(request: Request, next: Next) -> Response {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(bytes) if bytes > LARGEST_BODY as u64 => too_large().into_response(),
        _ => next.run(request).await,
    }
}

pub(super) fn too_large() -> ApiError {
    ApiError::too_large(format!("the body is larger than {LARGEST_BODY} bytes"))
}
