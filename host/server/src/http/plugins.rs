//! Which plugins are loaded, and which could not be.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use instar_api::{ListeningFault, paths};

use super::App;

/// Lists the plugins that are loaded, and what could not be.
#[utoipa::path(
    get, path = paths::PLUGINS, operation_id = "plugin_list",
    responses((status = 200, body = instar_api::Plugins)),
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    let mut list = (*app.plugins.list()).clone();
    let view = app.engine.view();
    for plugin in &mut list.plugins {
        let fault = plugin.id.parse().ok().and_then(|id| view.state().poll_fault(&id));
        plugin.listening_fault =
            fault.map(|fault| ListeningFault { code: fault.code.clone(), message: fault.message.clone() });
    }
    Json(&list).into_response()
}
