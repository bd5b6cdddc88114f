//! Which plugins are loaded, and which could not be.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::App;

pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    Json(&app.plugins).into_response()
}
