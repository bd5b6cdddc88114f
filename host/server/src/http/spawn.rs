//! Beginning a session with an agent: a new one, or one that takes up the conversation of an ended one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use instar_api as api;
use instar_api::paths;
use instar_core::decide::SpawnRequest;
use instar_core::id::{JobSlug, SessionName};
use instar_core::job::Model;
use instar_core::plan::StepRequest;
use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::errors::ApiError;
use super::extract::{JsonObject, PathText};
use super::rate::SlidingWindow;
use super::{App, Peer, sessions};

/// In UTF-16 units, as the predecessor counted.
const LONGEST_PROMPT: usize = 500_000;

/// Beginning sessions is cheap to ask and costly to do: so many a minute for each caller, tried ones counted too.
#[derive(Debug)]
pub(crate) struct SpawnLimit(SlidingWindow<Option<IpAddr>>);

const MOST_SPAWNS: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

impl Default for SpawnLimit {
    fn default() -> Self {
        Self(SlidingWindow::new(MOST_SPAWNS, WINDOW))
    }
}

impl SpawnLimit {
    /// Callers on the socket have no address, and count as one.
    fn count(&self, peer: Option<Extension<Peer>>) -> Result<(), ApiError> {
        let address = peer.map(|Extension(Peer(address))| address);
        self.0.count(address, Instant::now()).map_err(|wait| {
            let sentence = format!(
                "Rate limit exceeded: at most {MOST_SPAWNS} sessions are begun in {} seconds",
                WINDOW.as_secs()
            );
            ApiError::too_many(sentence, u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
        })
    }
}

type Created = (StatusCode, Json<api::Session>);

/// What somebody wants to begin, in the words of the request.
struct Wish {
    name: SessionName,
    prompt: String,
    model: Model,
    works_for: Option<JobSlug>,
}

/// Begins a session with an agent, and answers once it runs.
#[utoipa::path(
    post, path = paths::SESSIONS_SPAWN, operation_id = "session_spawn",
    request_body = api::SpawnRequest,
    responses((status = 201, body = api::Session), (status = 409), (status = 429), (status = 503)),
)]
pub(super) async fn spawn(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    peer: Option<Extension<Peer>>,
    body: Result<JsonObject, ApiError>,
) -> Result<Created, ApiError> {
    app.spawns.count(peer)?;
    let body = body?;
    let Wish { name, prompt, model, works_for } = read(body.0)?;
    begin(&app, caller, name, model, works_for, json!({ "value": prompt })).await
}

/// Takes up the conversation of a session that has ended. It keeps its name, its model and its job.
#[utoipa::path(
    post, path = paths::SESSION_RESUME, operation_id = "session_resume",
    request_body = Option<api::ResumeRequest>,
    responses((status = 201, body = api::Session), (status = 409), (status = 429), (status = 503)),
)]
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    peer: Option<Extension<Peer>>,
    PathText(key): PathText,
    mut body: JsonObject,
) -> Result<Created, ApiError> {
    app.spawns.count(peer)?;
    let prompt = body.0.remove("prompt").filter(|prompt| !prompt.is_null()).map(check_prompt).transpose()?;
    let prompt = prompt.unwrap_or_default();
    let session = sessions::find(&app, &key).await?;
    if session.status.is_live() {
        return Err(ApiError::conflict(format!("session {} has not ended: send it a text instead", session.name)));
    }
    let run = app.engine.store().run(session.run).await?;
    let Some(conversation) = run.and_then(|run| run.usage.agent_session) else {
        let sentence = format!("the agent of session {} did not say how its conversation is called", session.name);
        return Err(ApiError::conflict(sentence));
    };
    let model = serde_json::from_value(Value::from(session.model)).unwrap_or_default();
    begin(&app, caller, session.name, model, session.job, json!({ "value": prompt, "resume": conversation })).await
}

async fn begin(
    app: &App,
    caller: Caller,
    name: SessionName,
    model: Model,
    works_for: Option<JobSlug>,
    mut execute: Value,
) -> Result<Created, ApiError> {
    execute["type"] = "prompt".into();
    execute["interactive"] = true.into();
    let step = StepRequest { execute_json: execute.to_string(), model: model.as_str().to_owned(), previous: None };
    let by = match caller {
        Caller::Session(id) => sessions::spawner(id),
        Caller::Gate(_) | Caller::Trusted | Caller::Anyone => "api".to_owned(),
    };
    let session = app.engine.spawn(SpawnRequest { name, works_for, step, by }).await?;
    Ok((StatusCode::CREATED, Json(sessions::shown(app, &session))))
}

/// In the order in which the predecessor checked, and with the words that its users know.
fn read(mut body: Map<String, Value>) -> Result<Wish, ApiError> {
    let is_missing = |value: &Value| value.is_null() || *value == json!("");
    let mut required = |name: &str| body.remove(name).filter(|value| !is_missing(value));
    let (Some(name), Some(prompt)) = (required("name"), required("prompt")) else {
        return Err(ApiError::bad_request("`name` and `prompt` are required, and must not be empty"));
    };
    let name = name.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| {
        ApiError::bad_request("`name` must be 1 to 200 letters, digits, `-` or `_`, such as `research-task`")
    })?;
    let prompt = check_prompt(prompt)?;
    let model = match body.remove("model").filter(|value| !is_missing(value)) {
        None => Model::default(),
        Some(model) => serde_json::from_value(model)
            .map_err(|_| ApiError::bad_request("`model` must be one of opus, sonnet, haiku"))?,
    };
    let works_for = match body.remove("jobSlug") {
        None => None,
        Some(slug) => Some(slug.as_str().and_then(|slug| slug.parse().ok()).ok_or_else(|| {
            ApiError::bad_request("`jobSlug` must be the slug of a job: 1 to 100 letters, digits, `-` or `_`")
        })?),
    };
    Ok(Wish { name, prompt, model, works_for })
}

fn check_prompt(prompt: Value) -> Result<String, ApiError> {
    let Value::String(prompt) = prompt else {
        return Err(ApiError::bad_request("`prompt` must be a text of 500KB at most"));
    };
    let length = prompt.encode_utf16().count();
    if length > LONGEST_PROMPT {
        let sentence =
            format!("the maximum length of `prompt` is 500KB ({LONGEST_PROMPT} characters); it has {length}");
        return Err(ApiError::bad_request(sentence));
    }
    instar_session::check_text(&prompt).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    Ok(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(body: Value, word: &str) {
        let Value::Object(object) = body else { panic!("a body is an object") };
        let error = read(object).err().expect("it was taken");
        assert!(error.sentence().contains(word), "{:?} does not say {word:?}", error.sentence());
    }

    #[test]
    fn what_is_wrong_is_said_in_the_order_of_the_checks() {
        check_refused(json!({}), "required");
        check_refused(json!({"name": "a"}), "required");
        check_refused(json!({"name": "", "prompt": "x"}), "required");
        check_refused(json!({"name": "a b", "prompt": 7}), "200");
        check_refused(json!({"name": 7, "prompt": "x"}), "200");
        check_refused(json!({"name": "a", "prompt": 7}), "500KB");
        check_refused(json!({"name": "a", "prompt": "x".repeat(LONGEST_PROMPT + 1)}), "500KB");
        check_refused(json!({"name": "a", "prompt": "\u{1b}[201~"}), "control character");
        check_refused(json!({"name": "a", "prompt": "x", "model": "gpt", "jobSlug": null}), "model");
        check_refused(json!({"name": "a", "prompt": "x", "model": false}), "model");
        check_refused(json!({"name": "a", "prompt": "x", "jobSlug": null}), "jobSlug");
        check_refused(json!({"name": "a", "prompt": "x", "jobSlug": "../x"}), "jobSlug");
    }

    #[test]
    fn without_a_model_it_is_the_usual_one() {
        let Value::Object(object) = json!({"name": "a", "prompt": "x", "model": "", "jobSlug": "nightly"}) else {
            panic!("it is an object")
        };
        let Ok(wish) = read(object) else { panic!("it was refused") };
        assert_eq!((wish.model, wish.works_for.as_ref().map(JobSlug::as_str)), (Model::Sonnet, Some("nightly")));
    }
}
