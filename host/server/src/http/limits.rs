//! How long a request may take, and how much it may carry.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;

use super::errors::ApiError;

/// 1 MiB, as the predecessor had it.
pub(super) const LARGEST_BODY: usize = 1_048_576;

/// What is read of a body that is too large, and for how long.
const MOST_READ_OFF: usize = 16 * LARGEST_BODY;
const LONGEST_READ_OFF: Duration = Duration::from_secs(2);

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
        Some(bytes) if bytes > LARGEST_BODY as u64 => {
            read_off(request.into_body()).await;
            too_large().into_response()
        }
        _ => next.run(request).await,
    }
}

/// A client that still writes would see a broken pipe instead of the answer, so a bounded part is read and dropped.
async fn read_off(body: Body) {
    let all = async {
        let mut left = MOST_READ_OFF;
        let mut chunks = body.into_data_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(LONGEST_READ_OFF, all).await;
}

pub(super) fn too_large() -> ApiError {
    ApiError::too_large(format!("the body is larger than {LARGEST_BODY} bytes"))
}
