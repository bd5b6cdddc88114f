//! Which plugins are loaded, which could not be, and what each has been doing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use instar_api::{ListeningFault, paths};
use instar_core::id::PluginId;

use super::errors::ApiError;
use super::extract::PathText;
use super::{App, view};

/// Lists the plugins that are loaded, and what could not be.
#[utoipa::path(
    get, path = paths::PLUGINS, operation_id = "plugin_list",
    responses((status = 200, body = instar_api::Plugins)),
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Response {
    Json(all(&app)).into_response()
}

/// Shows one plugin.
#[utoipa::path(
    get, path = paths::PLUGIN, operation_id = "plugin_show",
    responses((status = 200, body = instar_api::Plugin)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
) -> Result<Json<instar_api::Plugin>, ApiError> {
    let id: PluginId = id.parse()?;
    let found = all(&app).plugins.into_iter().find(|plugin| plugin.id == id.as_str());
    found.map(Json).ok_or_else(|| unknown(&id))
}

/// Says what a plugin has been doing since the server started, over all its versions.
#[utoipa::path(
    get, path = paths::PLUGIN_STATS, operation_id = "plugin_stats",
    responses((status = 200, body = instar_api::PluginStats)),
)]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
) -> Result<Json<instar_api::PluginStats>, ApiError> {
    let id: PluginId = id.parse()?;
    let told = app.plugins.stats(&id).ok_or_else(|| unknown(&id))?;
    Ok(Json(view::plugin_stats(&id, &told)))
}

fn all(app: &App) -> instar_api::Plugins {
    let mut list = (*app.plugins.list()).clone();
    let view = app.engine.view();
    for plugin in &mut list.plugins {
        let fault = plugin.id.parse().ok().and_then(|id| view.state().poll_fault(&id));
        plugin.listening_fault =
            fault.map(|fault| ListeningFault { code: fault.code.clone(), message: fault.message.clone() });
    }
    list
}

fn unknown(id: &PluginId) -> ApiError {
    ApiError::not_found(format!("no plugin `{id}` is loaded"))
}
