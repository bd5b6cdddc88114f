//! Other builds of guards, which judge beside them and change nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api::{PluginShadow, PluginShadowRequest, paths};

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, Params, PathText};

type Answer = Result<Json<PluginShadow>, ApiError>;

const DIFFERENCES: usize = 20;

/// Says which build judges beside a guard, how often both judged alike, and where they differ.
#[utoipa::path(
    get, path = paths::PLUGIN_SHADOW, operation_id = "plugin_shadow",
    params(("limit" = Option<isize>, Query, description = "So many differences, from 1 to 100: 20")),
    responses((status = 200, body = PluginShadow)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, PathText(id): PathText, params: Params) -> Answer {
    let limit = usize::try_from(params.count("limit", 20, 1, 100)?).unwrap_or(DIFFERENCES);
    Ok(Json(app.plugins.shadow_of(&id.parse()?, limit)?))
}

/// Puts another build beside an installed or bundled guard; it is asked the same from now on, and its word never counts.
///
/// What asks for a right that the guard was not granted is refused.
#[utoipa::path(
    put, path = paths::PLUGIN_SHADOW, operation_id = "plugin_shadow_put",
    request_body = PluginShadowRequest,
    responses((status = 200, body = PluginShadow), (status = 409), (status = 503)),
)]
pub(super) async fn put(State(app): State<Arc<App>>, PathText(id): PathText, mut body: JsonObject) -> Answer {
    let from: Option<String> = body.take("from", "a text")?;
    let from = from.filter(|from| !from.trim().is_empty());
    let from =
        from.ok_or_else(|| ApiError::unprocessable("`from` must name a path, or what begins with https:// or oci://"))?;
    Ok(Json(app.plugins.put_shadow(&app.engine, id.parse()?, &from, DIFFERENCES).await?))
}

/// Ends the comparison; what came of it is shown for the last time.
#[utoipa::path(
    delete, path = paths::PLUGIN_SHADOW, operation_id = "plugin_shadow_end",
    responses((status = 200, body = PluginShadow), (status = 409), (status = 503)),
)]
pub(super) async fn end(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer {
    Ok(Json(app.plugins.end_shadow(&app.engine, id.parse()?, DIFFERENCES).await?))
}
