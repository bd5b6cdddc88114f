//! Which plugins are loaded, and which could not be.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use instar_api::paths;

use super::App;

/// Lists the plugins that are loaded, and what could not be.
#[utoipa::path(
    get, path = paths::PLUGINS, operation_id = "plugin_list",
    responses((status = 200, body = instar_api::Plugins)),
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    Json(&app.plugins).into_response()
}
