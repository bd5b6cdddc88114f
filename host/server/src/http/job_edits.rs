//! Jobs as code: adding, changing and removing jobs by way of their file, and the schema of that file.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use instar_api as api;
use instar_api::paths;
use instar_core::id::JobSlug;
use instar_core::job::fields;
use serde_json::Value;

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, PathText};
use crate::jobs::Edit;

/// Adds a job to the jobs file.
///
/// It is live with the answer. The file keeps its formatting, and edits at the same time wait for each other.
#[utoipa::path(
    post, path = paths::JOBS, operation_id = "job_add",
    request_body = api::JobAddRequest,
    responses((status = 201, body = api::JobChanged), (status = 409), (status = 503)),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    JsonObject(mut definition): JsonObject,
) -> Result<(StatusCode, Json<api::JobChanged>), ApiError> {
    // Absent and `null` are the same in a body.
    definition.retain(|_, value| !value.is_null());
    refuse_state(&definition)?;
    Ok((StatusCode::CREATED, change_file(&app, Edit::Add(definition)).await?))
}

/// Changes a job in the jobs file: only what the body names.
///
/// `null` takes a key away, and an object changes the object that is there. The slug stays. Runs that were asked for
/// before go on as they were asked for.
#[utoipa::path(
    patch, path = paths::JOB, operation_id = "job_change",
    request_body = api::JobChangeRequest,
    responses((status = 200, body = api::JobChanged), (status = 409), (status = 503)),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
    JsonObject(patch): JsonObject,
) -> Result<Json<api::JobChanged>, ApiError> {
    let slug: JobSlug = slug.parse()?;
    refuse_state(&patch)?;
    if patch.is_empty() {
        return Err(ApiError::unprocessable("the body names nothing to change"));
    }
    change_file(&app, Edit::Change { slug, patch }).await
}

/// Takes a job out of the jobs file.
///
/// Its runs stay in the history; one that is under way goes on to its end.
#[utoipa::path(
    delete, path = paths::JOB, operation_id = "job_remove",
    responses((status = 200, body = api::JobChanged), (status = 409), (status = 503)),
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
) -> Result<Json<api::JobChanged>, ApiError> {
    let slug: JobSlug = slug.parse()?;
    change_file(&app, Edit::Remove(slug)).await
}

/// Shows the JSON Schema of the jobs file, for editors.
#[utoipa::path(
    get, path = paths::JOBS_SCHEMA, operation_id = "job_schema",
    responses((status = 200, body = Object)),
)]
pub(super) async fn schema() -> Json<Value> {
    Json(fields::schema())
}

async fn change_file(app: &App, edit: Edit) -> Result<Json<api::JobChanged>, ApiError> {
    let edited = app.jobs.edit(edit).await?;
    let job = edited.definition.as_object().cloned().unwrap_or_default();
    // The edit stands, whatever becomes of the reading: the watch of the file reads it again.
    let reason = match app.jobs.reread(&app.engine).await {
        Ok(file) if file.refused => {
            let problems: Vec<String> = file.problems.iter().map(ToString::to_string).collect();
            Some(problems.join("; "))
        }
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    Ok(Json(api::JobChanged { changed: edited.changed, live: reason.is_none(), reason, job }))
}

/// What `GET /jobs` shows beside a definition is no part of it.
fn refuse_state(body: &serde_json::Map<String, Value>) -> Result<(), ApiError> {
    match body.contains_key("state") {
        true => Err(ApiError::unprocessable("`state` is what the server tells of a job, and not to be set")),
        false => Ok(()),
    }
}
