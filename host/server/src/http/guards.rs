//! What guards would say, and what they said.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use instar_api::{GuardCheckRequest, GuardDecision, GuardDecisions, paths};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, Params};
use crate::guards::{ToolUse, record};

/// Tells what the guards say of a command, or of a call of another tool. Nothing is done, and nothing written down.
#[utoipa::path(
    post, path = paths::GUARDS_CHECK, operation_id = "guard_check",
    request_body = GuardCheckRequest,
    responses((status = 200, body = GuardDecision)),
)]
pub(super) async fn check(State(app): State<Arc<App>>, mut body: JsonObject) -> Result<Response, ApiError> {
    let tool = body.take::<String>("tool", "the name of a tool")?.unwrap_or_else(|| "Bash".to_owned());
    let command = body.take::<String>("command", "a text")?;
    let input = body.take::<Value>("input", "a value")?;
    let cwd = body.take::<String>("cwd", "an absolute path")?;
    let unattended = body.take::<bool>("unattended", "true or false")?.unwrap_or(false);
    let input = match (command, input) {
        (Some(command), None) => json!({ "command": command }),
        (None, Some(input)) => input,
        _ => return Err(ApiError::unprocessable("either `command` or `input` must be given")),
    };
    if cwd.as_ref().is_some_and(|cwd| !cwd.starts_with('/')) {
        return Err(ApiError::unprocessable("`cwd` must be an absolute path"));
    }
    let cwd = cwd.unwrap_or_else(|| app.guards.dir().to_string_lossy().into_owned());
    let using = ToolUse { tool, input, cwd, session: None, job: None, within: None, unattended, only_asks: true };
    // A guard blocks for as long as it judges.
    let guards = app.clone();
    let judged = tokio::task::spawn_blocking(move || guards.guards.open().judge(using, Timestamp::now())).await;
    let decision = judged.map_err(|_| failed("the guards could not be asked"))?;
    Ok(Json(record(&decision, "check", Timestamp::now())).into_response())
}

/// Lists what the guards decided, the newest first.
#[utoipa::path(
    get, path = paths::GUARDS_DECISIONS, operation_id = "guard_decision_list",
    params(("limit" = Option<isize>, Query, description = "How many, from 1 to 1000: 50")),
    responses((status = 200, body = GuardDecisions)),
)]
pub(super) async fn decisions(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let limit = usize::try_from(params.count("limit", 50, 1, 1000)?).unwrap_or(1000);
    let log = app.guards.decisions();
    let read = tokio::task::spawn_blocking(move || log.newest(limit)).await;
    let decisions = read.map_err(|_| failed("the decisions could not be read"))?;
    let decisions = decisions.map_err(|error| {
        tracing::warn!(%error, "the log of decisions could not be read");
        failed("the decisions could not be read")
    })?;
    Ok(Json(GuardDecisions { decisions }).into_response())
}

fn failed(sentence: &str) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, sentence)
}
