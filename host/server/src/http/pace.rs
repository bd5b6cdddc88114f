//! The pace of a job, as its runs suggest it and the operator decides; and the name of a job.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api as api;
use instar_api::paths;
use instar_core::id::JobSlug;
use instar_core::tune::TuneWish;

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, PathText};
use super::jobs;
use crate::jobs::{ChangeError, Edit, EditError};

/// Takes or refuses another schedule that is proposed for a job, or goes back to that of the jobs file.
///
/// The jobs file stays as it is: what is taken is kept beside it, and is void once the file has another schedule.
#[utoipa::path(
    post, path = paths::JOB_TUNE, operation_id = "job_tune",
    request_body = api::TuneRequest,
    responses((status = 200, body = api::Job), (status = 409), (status = 503)),
)]
pub(super) async fn tune(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
    mut body: JsonObject,
) -> Result<Json<api::Job>, ApiError> {
    const EXPECTED: &str = "one of take, refuse, reset";
    let slug: JobSlug = slug.parse()?;
    let action: Option<api::TuneAction> = body.take("action", EXPECTED)?;
    let wish = match action.ok_or_else(|| ApiError::unprocessable(format!("`action` must be given: {EXPECTED}")))? {
        api::TuneAction::Take => TuneWish::Take,
        api::TuneAction::Refuse => TuneWish::Refuse,
        api::TuneAction::Reset => TuneWish::Reset,
    };
    app.engine.tune(slug.clone(), wish, "api".to_owned()).await?;
    jobs::shown(&app, &slug).map(Json)
}

/// Gives a job another name, in the jobs file and in all that is kept of it.
///
/// Where the file has the new name already, only what is kept follows. Nothing may be under way under either name.
#[utoipa::path(
    post, path = paths::JOB_RENAME, operation_id = "job_rename",
    request_body = api::JobRenameRequest,
    responses((status = 200, body = api::Job), (status = 409), (status = 503)),
)]
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
    mut body: JsonObject,
) -> Result<Json<api::Job>, ApiError> {
    let from: JobSlug = slug.parse()?;
    let to: Option<String> = body.take("slug", "the new name")?;
    let to: JobSlug = to.ok_or_else(|| ApiError::unprocessable("`slug` must be given: the new name"))?.parse()?;
    app.engine.check_rename(&from, &to)?;
    match app.jobs.edit(Edit::Rename { from: from.clone(), to: to.clone() }).await {
        // Somebody renamed it by hand, or we died after the edit.
        Err(ChangeError::Edit(EditError::Unknown(_))) if app.engine.view().state().job(&to).is_some() => {}
        edited => drop(edited?),
    }
    app.engine.rename(from, to.clone()).await?;
    app.jobs.reread(&app.engine).await?;
    jobs::shown(&app, &to).map(Json)
}
