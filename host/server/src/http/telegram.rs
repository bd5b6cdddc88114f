//! The routes under which the predecessor's users know conversations: topics, replies and the log of messages.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use instar_api as api;
use instar_api::paths;
use instar_core::conversation::{Place, Voice};
use instar_core::id::PluginId;
use instar_core::verdict::Severity;
use instar_store::{LoggedMessage, MessageFilter};
use jiff::Timestamp;
use serde_json::Value;

use super::App;
use super::auth::Caller;
use super::conversations::{notifier, place_of_thread, write};
use super::errors::ApiError;
use super::extract::{JsonObject, Params, PathText};
use super::sessions::input_text;
use super::view::time;

const CHANNEL: &str = "telegram";
/// In UTF-16 units, blanks around it included.
const LONGEST_NAME: usize = 128;
/// Where the log is, from the project's folder.
const LOG_PATH: &str = ".instar/state/instar.db";

/// Lists the topics that are some session's; without Telegram there are none.
#[utoipa::path(
    get, path = paths::TELEGRAM_TOPICS, operation_id = "telegram_topic_list",
    responses((status = 200, body = api::Topics)),
)]
pub(super) async fn topics(State(app): State<Arc<App>>) -> Json<api::Topics> {
    let view = app.engine.view();
    let known = view.state().conversations();
    let topics = known.bound().filter(|(place, _)| place.channel() == CHANNEL).filter_map(|(place, session)| {
        Some(api::Topic {
            topic_id: topic_of(place)?,
            session_name: session.to_string(),
            topic_name: known.name_of(place).map(str::to_owned),
        })
    });
    Json(api::Topics { topics: topics.collect() })
}

/// Opens a topic in the chat that Telegram is at home in.
#[utoipa::path(
    post, path = paths::TELEGRAM_TOPICS, operation_id = "telegram_topic_open",
    request_body = api::TopicRequest,
    responses((status = 201, body = api::TopicOpened), (status = 409), (status = 500), (status = 503)),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<api::TopicOpened>), ApiError> {
    const EXPECTED: &str = "`name` is required: a text of 1 to 128 characters that is not blank";
    let telegram = telegram(&app)?;
    let name = match body.0.remove("name") {
        Some(Value::String(name)) if name.encode_utf16().count() <= LONGEST_NAME => name.trim().to_owned(),
        _ => return Err(ApiError::bad_request(EXPECTED)),
    };
    if name.is_empty() {
        return Err(ApiError::bad_request(EXPECTED));
    }
    let colour = colour(body.0.remove("color"))?;
    let home = place(&app, &telegram, 1)?.address.conversation;
    let opened = app.engine.open_thread(telegram, home, name.clone(), colour).await?;
    let topic_id = topic_of(&opened).ok_or_else(|| {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the topic was opened, and its id is no number")
    })?;
    Ok((StatusCode::CREATED, Json(api::TopicOpened { topic_id, name, created: true })))
}

/// Notifiers give colours by severity; these are those that Telegram shows for each.
const COLOURS: [(u32, Severity); 5] = [
    (9_367_192, Severity::Info),
    (7_322_096, Severity::Low),
    (16_766_590, Severity::Medium),
    (16_749_490, Severity::High),
    (16_478_047, Severity::Critical),
];

/// The severity whose colour is nearest to the one that is asked for.
fn colour(wanted: Option<Value>) -> Result<Severity, ApiError> {
    let wanted = match wanted {
        None | Some(Value::Null) => return Ok(Severity::Info),
        Some(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|it| *it <= 0xFF_FF_FF),
    };
    let wanted = wanted.ok_or_else(|| ApiError::bad_request("`color` must be a whole number from 0 to 16777215"))?;
    let part = |colour: u32, shift: u32| i64::from(colour >> shift & 0xFF);
    let distance = |colour: u32| -> i64 {
        [16, 8, 0].into_iter().map(|shift| (part(colour, shift) - part(wanted, shift)).pow(2)).sum()
    };
    Ok(COLOURS.into_iter().min_by_key(|(colour, _)| distance(*colour)).map_or(Severity::Info, |(_, severity)| severity))
}

/// Writes into a topic. It is durable when this answers, and tried until it is delivered.
#[utoipa::path(
    post, path = paths::TELEGRAM_REPLY, operation_id = "telegram_reply",
    request_body = api::TopicReplyRequest,
    responses((status = 200, body = api::TopicReplied), (status = 409), (status = 503)),
)]
pub(super) async fn reply(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    PathText(topic): PathText,
    mut body: JsonObject,
) -> Result<Json<api::TopicReplied>, ApiError> {
    let (telegram, topic_id) = (telegram(&app)?, number(&topic)?);
    let text = input_text(body.0.remove("text"))?;
    write(&app, caller, place(&app, &telegram, topic_id)?, text, None).await?;
    Ok(Json(api::TopicReplied { ok: true, topic_id }))
}

/// Shows the last messages of a topic.
#[utoipa::path(
    get, path = paths::TELEGRAM_MESSAGES, operation_id = "telegram_messages",
    params(("limit" = Option<isize>, Query, description = "20 when absent; taken as the nearest of 0 to 100")),
    responses((status = 200, body = api::TopicMessages), (status = 503)),
)]
pub(super) async fn messages(
    State(app): State<Arc<App>>,
    PathText(topic): PathText,
    params: Params,
) -> Result<Json<api::TopicMessages>, ApiError> {
    let (telegram, topic_id) = (telegram(&app)?, number(&topic)?);
    let limit = params.count("limit", 20, 0, 100)?;
    let filter = MessageFilter {
        notifier: Some(telegram),
        thread: Some(thread_of(topic_id)),
        limit,
        ..MessageFilter::default()
    };
    let messages = app.engine.store().messages(&filter).await?.iter().map(shown).collect();
    Ok(Json(api::TopicMessages { topic_id, messages }))
}

/// Finds messages by a part of their text.
#[utoipa::path(
    get, path = paths::TELEGRAM_SEARCH, operation_id = "telegram_search",
    params(
        ("q" = Option<String>, Query, description = "A part of the text, in large or small letters"),
        ("topicId" = Option<i64>, Query, description = "Only of this topic"),
        ("since" = Option<String>, Query, format = DateTime, description = "Not older than this"),
        ("limit" = Option<isize>, Query, description = "50 when absent; taken as the nearest of 1 to 500"),
    ),
    responses((status = 200, body = api::FoundMessages), (status = 503)),
)]
pub(super) async fn search(State(app): State<Arc<App>>, params: Params) -> Result<Json<api::FoundMessages>, ApiError> {
    let telegram = telegram(&app)?;
    let wrong_time = |_| ApiError::bad_request("`since` must be a time such as 2026-01-31T12:00:00Z");
    let filter = MessageFilter {
        text: params.text("q")?.map(str::to_owned),
        notifier: Some(telegram),
        place: None,
        thread: params.text("topicId")?.map(number).transpose()?.map(thread_of),
        since: params.text("since")?.map(str::parse::<Timestamp>).transpose().map_err(wrong_time)?,
        limit: params.count("limit", 50, 1, 500)?,
    };
    let results: Vec<_> = app.engine.store().messages(&filter).await?.iter().map(shown).collect();
    let count = results.len().try_into().unwrap_or(u64::MAX);
    Ok(Json(api::FoundMessages { results, count }))
}

/// Says how large the log of messages is.
#[utoipa::path(
    get, path = paths::TELEGRAM_LOG_STATS, operation_id = "telegram_log_stats",
    responses((status = 200, body = api::MessageLogStats), (status = 503)),
)]
pub(super) async fn log_stats(State(app): State<Arc<App>>) -> Result<Json<api::MessageLogStats>, ApiError> {
    telegram(&app)?;
    let size = app.engine.store().message_log_size().await?;
    let (total_messages, log_size_bytes) = (size.messages, size.bytes);
    Ok(Json(api::MessageLogStats { total_messages, log_size_bytes, log_path: LOG_PATH.to_owned() }))
}

fn telegram(app: &App) -> Result<PluginId, ApiError> {
    notifier(app, CHANNEL).map_err(|_| ApiError::unavailable("Telegram is not configured"))
}

fn number(text: &str) -> Result<i64, ApiError> {
    let is_number =
        !text.is_empty() && text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.ok_or_else(|| ApiError::bad_request("the id of a topic must be a whole number"))
}

/// Up to 1 it is the main one.
fn place(app: &App, telegram: &PluginId, topic: i64) -> Result<Place, ApiError> {
    place_of_thread(app, telegram, &topic.max(1).to_string())
}

/// As the log has it: the main one is empty.
fn thread_of(topic: i64) -> String {
    if topic <= 1 { String::new() } else { topic.to_string() }
}

fn topic_of(place: &Place) -> Option<i64> {
    place.thread().parse().ok()
}

fn shown(logged: &LoggedMessage) -> api::LoggedMessage {
    let spoken = &logged.spoken;
    api::LoggedMessage {
        message_id: spoken.message_id.parse().unwrap_or(logged.number),
        topic_id: topic_of(&spoken.place),
        text: spoken.text.clone(),
        from_user: matches!(spoken.by, Voice::Person(_)),
        timestamp: time(spoken.at),
        session_name: spoken.session.as_ref().map(ToString::to_string),
    }
}
