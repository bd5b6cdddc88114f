//! Runs: the history of jobs, read from the store.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api as api;
use instar_api::paths;
use instar_core::id::{JobSlug, RunId};
use instar_engine::StopAnswer;

use super::App;
use super::errors::ApiError;
use super::extract::{Params, PathText};
use super::{jobs, view};

const USUAL_RUNS: u32 = 20;
const MOST_RUNS: u32 = 500;
/// The same for the document.
const LIMIT: &str = "How many, 20 when absent; taken as the nearest of 1 to 500";

/// Lists the newest runs of all jobs.
#[utoipa::path(
    get, path = paths::RUNS, operation_id = "run_list",
    params(("limit" = Option<isize>, Query, description = LIMIT)),
    responses((status = 200, body = api::Runs), (status = 503)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Json<api::Runs>, ApiError> {
    let limit = params.count("limit", USUAL_RUNS, 1, MOST_RUNS)?;
    let runs = app.engine.store().recent_runs(limit).await?;
    Ok(Json(api::Runs { runs: runs.iter().map(view::run).collect() }))
}

/// Lists the newest runs of a job.
///
/// A job that was removed from the file still shows its runs.
#[utoipa::path(
    get, path = paths::JOB_RUNS, operation_id = "job_runs",
    params(("limit" = Option<isize>, Query, description = LIMIT)),
    responses((status = 200, body = api::JobRuns), (status = 503)),
)]
pub(super) async fn of_job(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
    params: Params,
) -> Result<Json<api::JobRuns>, ApiError> {
    let slug: JobSlug = slug.parse()?;
    let limit = params.count("limit", USUAL_RUNS, 1, MOST_RUNS)?;
    let runs = app.engine.store().runs_of(&slug, limit).await?;
    let is_job = app.engine.view().state().job(&slug).is_some();
    if runs.is_empty() && !is_job {
        return Err(jobs::unknown(&slug));
    }
    Ok(Json(api::JobRuns { slug: slug.to_string(), runs: runs.iter().map(view::run).collect() }))
}

/// Shows a run with its whole story.
#[utoipa::path(
    get, path = paths::RUN, operation_id = "run_show",
    responses((status = 200, body = api::RunStory), (status = 503)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, PathText(id): PathText) -> Result<Json<api::RunStory>, ApiError> {
    let id: RunId = id.parse()?;
    match app.engine.store().run(id).await? {
        Some(run) => Ok(Json(view::story(&run, &app.engine.store().story(id).await?))),
        None => Err(ApiError::not_found(format!("there is no run {id}"))),
    }
}

/// Ends a run: what it launched is stopped, and one that waits waits no more.
///
/// One that has ended stays as it is.
#[utoipa::path(
    delete, path = paths::RUN, operation_id = "run_stop",
    responses((status = 200, body = api::RunStopped), (status = 503)),
)]
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
) -> Result<Json<api::RunStopped>, ApiError> {
    let id: RunId = id.parse()?;
    if app.engine.store().run(id).await?.is_none() {
        return Err(ApiError::not_found(format!("there is no run {id}")));
    }
    let protected = app.engine.view().state().run(id).and_then(|run| run.session().map(|it| it.name.clone()));
    if let Some(name) = protected.filter(|name| app.engine.sessions().is_protected(name)) {
        let sentence = format!("its session {name} is protected by `sessions.protectedSessions`");
        return Err(ApiError::forbidden(sentence));
    }
    let stopping = app.engine.stop_run(id, "api".to_owned()).await? == StopAnswer::Stopping;
    Ok(Json(api::RunStopped { run_id: id.to_string(), stopping }))
}
