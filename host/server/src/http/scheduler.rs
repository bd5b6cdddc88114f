//! The scheduler, and its pauses and those of single jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api as api;
use instar_api::paths;
use instar_core::id::JobSlug;

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, PathText};
use super::{jobs, view};

/// Who pauses and resumes by this API.
const BY: &str = "api";

/// Shows what the scheduler is doing.
#[utoipa::path(
    get, path = paths::SCHEDULER_STATUS, operation_id = "scheduler_status",
    responses((status = 200, body = api::Scheduler)),
)]
pub(super) async fn status(State(app): State<Arc<App>>) -> Json<api::Scheduler> {
    Json(view::scheduler(app.engine.view().state()))
}

/// Pauses all jobs: what is due is passed over, what waits goes on waiting, what runs goes on running.
///
/// The pause outlives a restart. A trigger with `force` runs all the same.
#[utoipa::path(
    post, path = paths::SCHEDULER_PAUSE, operation_id = "scheduler_pause",
    request_body = Option<api::PauseRequest>,
    responses((status = 200, body = api::Scheduler), (status = 503)),
)]
pub(super) async fn pause(State(app): State<Arc<App>>, body: JsonObject) -> Result<Json<api::Scheduler>, ApiError> {
    app.engine.pause(None, BY.to_owned(), reason(body)?).await?;
    Ok(status(State(app)).await)
}

/// Ends the pause of the scheduler. What was due meanwhile is not made up for.
#[utoipa::path(
    post, path = paths::SCHEDULER_RESUME, operation_id = "scheduler_resume",
    responses((status = 200, body = api::Scheduler), (status = 409), (status = 503)),
)]
pub(super) async fn resume(State(app): State<Arc<App>>) -> Result<Json<api::Scheduler>, ApiError> {
    app.engine.resume(None, BY.to_owned()).await?;
    Ok(status(State(app)).await)
}

/// Pauses one job, also over restarts; its definition in the jobs file stays as it is.
#[utoipa::path(
    post, path = paths::JOB_PAUSE, operation_id = "job_pause",
    request_body = Option<api::PauseRequest>,
    responses((status = 200, body = api::Job), (status = 503)),
)]
pub(super) async fn pause_job(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
    body: JsonObject,
) -> Result<Json<api::Job>, ApiError> {
    let slug: JobSlug = slug.parse()?;
    app.engine.pause(Some(slug.clone()), BY.to_owned(), reason(body)?).await?;
    jobs::shown(&app, &slug).map(Json)
}

/// Ends the pause of a job. What was due meanwhile is not made up for.
#[utoipa::path(
    post, path = paths::JOB_RESUME, operation_id = "job_resume",
    responses((status = 200, body = api::Job), (status = 503)),
)]
pub(super) async fn resume_job(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
) -> Result<Json<api::Job>, ApiError> {
    let slug: JobSlug = slug.parse()?;
    app.engine.resume(Some(slug.clone()), BY.to_owned()).await?;
    jobs::shown(&app, &slug).map(Json)
}

fn reason(mut body: JsonObject) -> Result<Option<String>, ApiError> {
    let reason: Option<String> = body.take("reason", "a text")?;
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    Ok(reason.map(|reason| jobs::cut(reason, jobs::LONGEST_REASON)))
}
