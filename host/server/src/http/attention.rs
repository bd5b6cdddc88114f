//! The attention queue: what people should look at, raised by agents and the host, with or without any notifier.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use instar_api as api;
use instar_api::paths;
use instar_core::attention::{GENERAL, Item, ItemStatus, Urgency, Wanted};
use serde::Deserialize as _;
use serde_json::json;

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, Params, PathText};
use super::view::time;

/// Who gets on with items by this API.
const BY: &str = "api";
const STATUS: &str = "one of OPEN, ACKNOWLEDGED, IN_PROGRESS, DONE, WONT_DO";

/// Lists what people should look at: the open items before the closed, the more urgent first, then the newer.
#[utoipa::path(
    get, path = paths::ATTENTION, operation_id = "attention_list",
    params(("status" = Option<api::AttentionStatus>, Query, description = "Only those")),
    responses((status = 200, body = api::AttentionItems)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Json<api::AttentionItems>, ApiError> {
    let status = params.text("status")?.map(|word| {
        ItemStatus::deserialize(json!(word)).map_err(|_| ApiError::bad_request(format!("`status` must be {STATUS}")))
    });
    let status = status.transpose()?;
    let view = app.engine.view();
    let wanted = view.state().attention_items().filter(|item| status.is_none_or(|status| item.status == status));
    let mut items: Vec<&Item> = wanted.collect();
    items.sort_by_key(|item| (item.status.is_closed(), item.wanted.priority, std::cmp::Reverse(item.created_at)));
    Ok(Json(api::AttentionItems { count: items.len(), items: items.into_iter().map(shown).collect() }))
}

/// Has people look at something: an item is kept, and notifiers tell of it.
///
/// The same id is the same item: one that is there is answered unchanged, with 200.
#[utoipa::path(
    post, path = paths::ATTENTION, operation_id = "attention_raise",
    request_body = api::AttentionRequest,
    responses(
        (status = 201, body = api::AttentionItem),
        (status = 200, body = api::AttentionItem),
        (status = 409),
        (status = 503)
    ),
)]
pub(super) async fn raise(
    State(app): State<Arc<App>>,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<api::AttentionItem>), ApiError> {
    const PRIORITY: &str = "one of URGENT, HIGH, NORMAL, LOW";
    let priority: Option<Urgency> = field(&mut body, "priority", PRIORITY)?;
    let wanted = Wanted {
        id: required(&mut body, "id")?,
        title: required(&mut body, "title")?,
        summary: required(&mut body, "summary")?,
        description: field(&mut body, "description", "a text")?,
        category: field(&mut body, "category", "a text")?.unwrap_or_else(|| GENERAL.to_owned()),
        priority: priority.unwrap_or_default(),
        source_context: field(&mut body, "sourceContext", "a text")?,
    };
    wanted.check().map_err(|(_, rule)| ApiError::bad_request(rule))?;
    let (item, is_new) = app.engine.raise_attention(wanted).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shown(&item))))
}

/// Shows an item.
#[utoipa::path(
    get, path = paths::ATTENTION_ITEM, operation_id = "attention_show",
    responses((status = 200, body = api::AttentionItem)),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
) -> Result<Json<api::AttentionItem>, ApiError> {
    let view = app.engine.view();
    let item = view.state().attention_item(&id);
    item.map(|item| Json(shown(item))).ok_or_else(|| {
        let start: String = id.chars().take(60).collect();
        ApiError::not_found(format!("there is no item {start:?}"))
    })
}

/// Says how far somebody is with an item; people are told.
#[utoipa::path(
    patch, path = paths::ATTENTION_ITEM, operation_id = "attention_change",
    request_body = api::AttentionChange,
    responses((status = 200, body = api::AttentionItem), (status = 503)),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
    mut body: JsonObject,
) -> Result<Json<api::AttentionItem>, ApiError> {
    let status: Option<ItemStatus> = field(&mut body, "status", STATUS)?;
    let status = status.ok_or_else(|| ApiError::bad_request(format!("`status` must be given: {STATUS}")))?;
    let item = app.engine.turn_attention(id, status, BY.to_owned()).await?;
    Ok(Json(shown(&item)))
}

/// Here a wrong field is a 400, as the predecessor answered it.
fn field<T: serde::de::DeserializeOwned>(
    body: &mut JsonObject,
    name: &str,
    expected: &str,
) -> Result<Option<T>, ApiError> {
    body.take(name, expected).map_err(|error| ApiError::bad_request(error.sentence()))
}

fn required(body: &mut JsonObject, name: &str) -> Result<String, ApiError> {
    field(body, name, "a text")?.ok_or_else(|| ApiError::bad_request(format!("`{name}` must be given: a text")))
}

fn shown(item: &Item) -> api::AttentionItem {
    let Wanted { id, title, summary, description, category, priority, source_context } = item.wanted.clone();
    api::AttentionItem {
        id,
        title,
        summary,
        description,
        category,
        priority: match priority {
            Urgency::Urgent => api::AttentionPriority::Urgent,
            Urgency::High => api::AttentionPriority::High,
            Urgency::Normal => api::AttentionPriority::Normal,
            Urgency::Low => api::AttentionPriority::Low,
        },
        status: match item.status {
            ItemStatus::Open => api::AttentionStatus::Open,
            ItemStatus::Acknowledged => api::AttentionStatus::Acknowledged,
            ItemStatus::InProgress => api::AttentionStatus::InProgress,
            ItemStatus::Done => api::AttentionStatus::Done,
            ItemStatus::WontDo => api::AttentionStatus::WontDo,
        },
        source_context,
        topic_id: item.thread.as_ref().and_then(|thread| thread.thread.as_ref()?.parse().ok()),
        created_at: time(item.created_at),
        updated_at: time(item.updated_at),
    }
}
