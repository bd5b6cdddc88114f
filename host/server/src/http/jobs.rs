//! Jobs: what is defined, what is queued, and asking for a run.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use instar_api as api;
use instar_api::paths;
use instar_core::id::JobSlug;
use instar_engine::TriggerAnswer;

use super::App;
use super::answers::Question;
use super::errors::ApiError;
use super::extract::{JsonObject, PathText};
use super::view;

/// A longer reason is cut.
pub(super) const LONGEST_REASON: usize = 500;

/// Lists the jobs with their states, what is queued, and what is wrong with the jobs file.
#[utoipa::path(
    get, path = paths::JOBS, operation_id = "job_list",
    responses((status = 200, body = api::Jobs)),
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let question = Question { list: "jobs", query: String::new() };
    let (seq, jobs, queue, problems, scheduler) = {
        let view = app.engine.view();
        if let Some(answer) = app.answers.kept(&question, view.last_seq()) {
            return Ok(answer);
        }
        let state = view.state();
        let jobs: Vec<_> = state
            .jobs()
            .map(|entry| {
                let next = entry.next.filter(|_| state.limits.scheduling);
                let slug = &entry.job.slug;
                (entry.job.clone(), next, state.job_state(slug).cloned(), view::Waits::of(state, slug))
            })
            .collect();
        let queue = state.queue().map(view::queued).collect();
        let problems = state.problems().iter().map(view::job_problem).collect();
        (view.last_seq(), jobs, queue, problems, view::scheduler(state))
    };
    let jobs = jobs.iter().map(|(job, next, state, waits)| view::job(job, *next, state.as_ref(), waits)).collect();
    app.answers.keep(question, seq, &api::Jobs { jobs, queue, problems, scheduler })
}

/// Shows a job with its state.
#[utoipa::path(
    get, path = paths::JOB, operation_id = "job_show",
    responses((status = 200, body = api::Job)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, PathText(slug): PathText) -> Result<Json<api::Job>, ApiError> {
    shown(&app, &slug.parse()?).map(Json)
}

pub(super) fn shown(app: &App, slug: &JobSlug) -> Result<api::Job, ApiError> {
    let view = app.engine.view();
    let state = view.state();
    let entry = state.job(slug).ok_or_else(|| unknown(slug))?;
    let next = entry.next.filter(|_| state.limits.scheduling);
    Ok(view::job(&entry.job, next, state.job_state(slug), &view::Waits::of(state, slug)))
}

/// Asks for a run of a job now.
///
/// The answer comes once the run is recorded, not when it has ended. A job that is disabled or
/// paused is skipped unless `force` is true.
#[utoipa::path(
    post, path = paths::JOB_TRIGGER, operation_id = "job_trigger",
    request_body = Option<api::TriggerRequest>,
    responses((status = 200, body = api::TriggerAnswer), (status = 503)),
)]
pub(super) async fn trigger(
    State(app): State<Arc<App>>,
    PathText(slug): PathText,
    mut body: JsonObject,
) -> Result<Json<api::TriggerAnswer>, ApiError> {
    let slug: JobSlug = slug.parse()?;
    let reason: Option<String> = body.take("reason", "a text")?;
    let force = body.take("force", "true or false")?.unwrap_or(false);
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let reason = cut(reason.unwrap_or_else(|| "manual".to_owned()), LONGEST_REASON);
    let answer = app.engine.trigger(slug.clone(), reason, force).await?;
    let (result, run, reason) = match &answer {
        TriggerAnswer::Triggered(run) => (api::TriggerResult::Triggered, run, None),
        TriggerAnswer::Queued(run) => (api::TriggerResult::Queued, run, None),
        TriggerAnswer::Skipped(run, reason) => (api::TriggerResult::Skipped, run, Some(reason.as_str().to_owned())),
    };
    Ok(Json(api::TriggerAnswer { slug: slug.to_string(), result, run_id: run.to_string(), reason }))
}

/// Reads the jobs file again, without waiting for it to be noticed.
#[utoipa::path(
    post, path = paths::JOBS_RELOAD, operation_id = "job_reload",
    responses((status = 200, body = api::ReloadAnswer), (status = 503)),
)]
pub(super) async fn reload(State(app): State<Arc<App>>) -> Result<Json<api::ReloadAnswer>, ApiError> {
    let file = app.jobs.reread(&app.engine).await?;
    let view = app.engine.view();
    let jobs = view.state().jobs();
    let (mut total, mut enabled) = (0, 0);
    for entry in jobs {
        total += 1;
        enabled += usize::from(entry.job.enabled);
    }
    Ok(Json(api::ReloadAnswer {
        ok: !file.refused && file.problems.is_empty(),
        jobs: total,
        enabled,
        problems: file.problems.iter().map(view::job_problem).collect(),
        refused: file.refused,
    }))
}

pub(super) fn unknown(slug: &JobSlug) -> ApiError {
    ApiError::not_found(format!("there is no job `{slug}`"))
}

/// At most so many UTF-16 units, as the predecessor counted, and never half a character.
pub(super) fn cut(text: String, most: usize) -> String {
    let mut units = 0;
    let end = text.char_indices().find(|(_, letter)| {
        units += letter.len_utf16();
        units > most
    });
    match end {
        Some((at, _)) => text[..at].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(cut("abc".into(), 3), "abc");
        assert_eq!(cut("abcd".into(), 3), "abc");
        assert_eq!(cut("ab🙂".into(), 3), "ab");
        assert_eq!(cut("é🙂x".into(), 3), "é🙂");
    }
}
