//! Sessions: what runs, what it printed, typing into it, and ending it.
//!
//! A session is addressed by its name, its id or its tmux name. Only sessions of this project exist here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use instar_api as api;
use instar_api::paths;
use instar_core::id::{SessionId, SessionName};
use instar_core::session::{Session, SessionStatus};
use instar_session::check_text;
use serde_json::Value;

use super::App;
use super::answers::Question;
use super::auth::Caller;
use super::errors::ApiError;
use super::extract::{JsonObject, Params, PathText, PrefersText};
use super::view;

/// In UTF-16 units, as the predecessor counted.
const LONGEST_INPUT: usize = 100_000;
/// The project's part of a tmux name, the name, and what stands between.
const LONGEST_KEY: usize = 240;

/// Lists the sessions that live and the newest that have ended.
#[utoipa::path(
    get, path = paths::SESSIONS, operation_id = "session_list",
    params(("status" = Option<String>, Query, description = "Only those of this status; `failed` means `error`",
        pattern = "^(starting|running|idle|completed|error|failed|killed)?$")),
    responses((status = 200, body = [api::Session])),
)]
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let status = params.text("status")?.filter(|status| !status.is_empty()).map(parse_status).transpose()?;
    let question = Question { list: "sessions", query: params.as_asked() };
    let (seq, sessions): (i64, Vec<Session>) = {
        let view = app.engine.view();
        if let Some(answer) = app.answers.kept(&question, view.last_seq()) {
            return Ok(answer);
        }
        let asked = view.sessions().filter(|session| status.is_none_or(|status| session.status == status));
        (view.last_seq(), asked.cloned().collect())
    };
    let sessions: Vec<api::Session> = sessions.iter().map(|session| shown(&app, session)).collect();
    app.answers.keep(question, seq, &sessions)
}

/// Lists what tmux itself calls sessions, on the socket of this project.
#[utoipa::path(
    get, path = paths::SESSIONS_TMUX, operation_id = "session_list_tmux",
    responses((status = 200, body = api::TmuxSessions), (status = 503)),
)]
pub(super) async fn list_tmux(State(app): State<Arc<App>>) -> Result<Json<api::TmuxSessions>, ApiError> {
    let names = app.engine.sessions().list_tmux().await?;
    let sessions = names.into_iter().map(|name| api::TmuxSession { name }).collect();
    Ok(Json(api::TmuxSessions { sessions }))
}

/// Shows a session.
#[utoipa::path(
    get, path = paths::SESSION, operation_id = "session_show",
    responses((status = 200, body = api::Session), (status = 503)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, PathText(key): PathText) -> Result<Json<api::Session>, ApiError> {
    let session = find(&app, &key).await?;
    Ok(Json(shown(&app, &session)))
}

/// Shows the last lines that a session printed, also when it has ended.
///
/// Plain text for those who prefer `text/plain` in `Accept`.
#[utoipa::path(
    get, path = paths::SESSION_OUTPUT, operation_id = "session_output",
    params(("lines" = Option<isize>, Query, description = "100 when absent; taken as the nearest of 1 to 10000")),
    responses(
        (status = 200, content((api::SessionOutput = "application/json"), (String = "text/plain"))),
        (status = 503),
    ),
)]
pub(super) async fn output(
    State(app): State<Arc<App>>,
    PathText(key): PathText,
    params: Params,
    PrefersText(prefers_text): PrefersText,
) -> Result<Response, ApiError> {
    let lines = params.count("lines", 100, 1, 10_000)?;
    let session = find(&app, &key).await?;
    let output = app.engine.output(session.id, usize::try_from(lines).unwrap_or(usize::MAX)).await?;
    if prefers_text {
        return Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], output).into_response());
    }
    Ok(Json(api::SessionOutput { session: session.name.to_string(), output }).into_response())
}

/// Types a text into a session, then Enter.
#[utoipa::path(
    post, path = paths::SESSION_INPUT, operation_id = "session_input",
    request_body = api::InputRequest,
    responses((status = 200, body = api::Done), (status = 409), (status = 429), (status = 503)),
)]
pub(super) async fn input(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    PathText(key): PathText,
    mut body: JsonObject,
) -> Result<Json<api::Done>, ApiError> {
    let text = input_text(body.0.remove("text"))?;
    let session = find(&app, &key).await?;
    check_reach(caller, &session)?;
    type_into(&app, &session, &text).await?;
    Ok(Json(api::Done { ok: true }))
}

/// Types a text that was checked, and Enter: at once, or when the program of a session that talks waits for it.
pub(super) async fn type_into(app: &App, session: &Session, text: &str) -> Result<(), ApiError> {
    check_takes_input(session)?;
    if session.interactive {
        check_text(text).map_err(|error| ApiError::unprocessable(error.to_string()))?;
        return Ok(app.engine.say(session, text.to_owned()).await?);
    }
    Ok(app.engine.sessions().send_text(&session.name, text).await?)
}

/// The program of a session reaches its own session and those that it began; everybody else reaches all.
pub(super) fn check_reach(caller: Caller, session: &Session) -> Result<(), ApiError> {
    match caller {
        Caller::Session(id) if session.id != id && session.triggered_by != spawner(id) => {
            let sentence = format!("the token of this session does not reach session {}", session.name);
            Err(ApiError::forbidden(sentence))
        }
        // Gates do not come so far.
        Caller::Session(_) | Caller::Gate(_) | Caller::Trusted | Caller::Anyone => Ok(()),
    }
}

/// How a session says who began it, when that was another one.
pub(super) fn spawner(id: SessionId) -> String {
    format!("session:{id}")
}

pub(super) fn check_takes_input(session: &Session) -> Result<(), ApiError> {
    if !session.status.is_live() {
        let sentence = format!("session {} has ended, and takes no input any more", session.name);
        return Err(ApiError::conflict(sentence));
    }
    if !session.takes_input {
        let sentence = format!("session {} takes no input: its command reads what it was started with", session.name);
        return Err(ApiError::conflict(sentence));
    }
    Ok(())
}

/// Ends a session. One that has ended stays as it is.
#[utoipa::path(
    delete, path = paths::SESSION, operation_id = "session_kill",
    responses((status = 200, body = api::Killed), (status = 503)),
)]
pub(super) async fn kill(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    PathText(key): PathText,
) -> Result<Json<api::Killed>, ApiError> {
    let session = find(&app, &key).await?;
    check_reach(caller, &session)?;
    if app.engine.sessions().is_protected(&session.name) {
        let sentence = format!("session {} is protected by `sessions.protectedSessions`", session.name);
        return Err(ApiError::forbidden(sentence));
    }
    // One that has ended keeps the status it ended with.
    if session.status.is_live() {
        app.engine.stop_session(session.id, "api".to_owned()).await?;
    }
    Ok(Json(api::Killed { ok: true, killed: session.id.to_string() }))
}

fn parse_status(text: &str) -> Result<SessionStatus, ApiError> {
    SessionStatus::parse(text).ok_or_else(|| {
        let known = SessionStatus::ALL.map(SessionStatus::as_str).join(", ");
        ApiError::bad_request(format!("`status` must be one of {known}"))
    })
}

pub(super) fn input_text(value: Option<Value>) -> Result<String, ApiError> {
    let text = match value {
        Some(Value::String(text)) if !text.is_empty() => text,
        _ => return Err(ApiError::bad_request("`text` is required: a text that is not empty")),
    };
    let length = text.encode_utf16().count();
    if length > LONGEST_INPUT {
        let sentence = format!("the maximum length of `text` is 100KB ({LONGEST_INPUT} characters); it has {length}");
        return Err(ApiError::bad_request(sentence));
    }
    Ok(text)
}

pub(super) fn shown(app: &App, session: &Session) -> api::Session {
    view::session(session, app.engine.sessions().tmux_name(&session.name))
}

/// By name, else by id, else by tmux name; in the view first, then among what the store still has.
pub(super) async fn find(app: &App, key: &str) -> Result<Session, ApiError> {
    check_key(key)?;
    let ways = ways(app, key);
    {
        let view = app.engine.view();
        let found = ways.iter().find_map(|way| match way {
            Way::Name(name) => view.session_named(name),
            Way::Id(id) => view.session(*id),
        });
        if let Some(session) = found {
            return Ok(session.clone());
        }
    }
    for way in &ways {
        let found = match way {
            Way::Name(name) => app.engine.store().session_named(name).await?,
            Way::Id(id) => app.engine.store().session(*id).await?,
        };
        if let Some(session) = found {
            return Ok(session);
        }
    }
    Err(ApiError::not_found(format!("there is no session `{key}`")))
}

/// One reading of what a caller wrote.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Name(SessionName),
    Id(SessionId),
}

fn ways(app: &App, key: &str) -> Vec<Way> {
    let name = key.parse().ok().map(Way::Name);
    let id = key.parse().ok().map(Way::Id);
    let tmux_name = name_within(key, |name| app.engine.sessions().tmux_name(name)).map(Way::Name);
    [name, id, tmux_name].into_iter().flatten().collect()
}

/// The session's name within a tmux name of this project.
fn name_within(key: &str, tmux_name: impl Fn(&SessionName) -> String) -> Option<SessionName> {
    key.match_indices('-').find_map(|(at, _)| {
        let name: SessionName = key[at + 1..].parse().ok()?;
        (tmux_name(&name) == key).then_some(name)
    })
}

fn check_key(key: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::bad_request("a session is named by 1 to 200 letters, digits, `-` or `_`, or by its id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tmux_name_is_taken_apart_at_the_projects_part_only() {
        let tmux_name = |name: &SessionName| format!("my-app-{name}");
        let name = name_within("my-app-job-nightly-1", tmux_name);
        assert_eq!(name.as_ref().map(SessionName::as_str), Some("job-nightly-1"));
        assert_eq!(name_within("other-job-nightly-1", tmux_name), None);
        assert_eq!(name_within("my-app-", tmux_name), None);
    }

    #[test]
    fn input_is_a_text_that_is_neither_empty_nor_huge() {
        assert!(input_text(Some(Value::from("x"))).is_ok());
        assert!(input_text(Some(Value::from("é".repeat(LONGEST_INPUT)))).is_ok());
        for value in [None, Some(Value::from("")), Some(Value::from(3)), Some(Value::Null)] {
            assert!(input_text(value.clone()).is_err(), "{value:?}");
        }
        assert!(input_text(Some(Value::from("🙂".repeat(LONGEST_INPUT / 2 + 1)))).is_err());
    }

    #[test]
    fn keys_with_other_characters_are_refused() {
        for key in ["", "a b", "a/b", "../x", "é", "a:b", &"x".repeat(LONGEST_KEY + 1)] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
        check_key("job-nightly_1").unwrap();
    }
}
