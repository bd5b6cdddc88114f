//! `/internal/inbound`: the lifeline listened while no server could, and says where what it heard lies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api::{self as api, paths};

use super::App;
use super::conversations::notifier;
use super::errors::ApiError;
use super::extract::JsonObject;

/// Takes over what was heard. Once this answers it is recorded; what was taken over before is not taken twice.
#[utoipa::path(
    post, path = paths::INTERNAL_INBOUND, operation_id = "inbound_take",
    request_body = api::InboundKept,
    responses((status = 404), (status = 200, body = api::InboundTaken), (status = 409), (status = 503)),
)]
pub(super) async fn take(
    State(app): State<Arc<App>>,
    mut body: JsonObject,
) -> Result<Json<api::InboundTaken>, ApiError> {
    let name: Option<String> = body.take("notifier", "the id of a notifier")?;
    let number: Option<u64> = body.take("number", "a whole number")?;
    let (Some(name), Some(number)) = (name, number) else {
        return Err(ApiError::bad_request("`notifier` and `number` must be given"));
    };
    let keys = app.engine.take_over(notifier(&app, &name)?, number).await?;
    Ok(Json(api::InboundTaken { number, keys }))
}
