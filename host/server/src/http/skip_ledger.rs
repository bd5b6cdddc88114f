//! The ledger of what was not started, and what agents say of their work.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use instar_api as api;
use instar_api::paths;
use instar_core::id::JobSlug;
use instar_core::workload::{MOST, TREND_WINDOW, Trend, Workload};
use instar_store::Skip;
use jiff::{SignedDuration, Timestamp};

use super::App;
use super::errors::ApiError;
use super::extract::{JsonObject, Params};
use super::view::time;

const MOST_EVENTS: u32 = 1000;
const RECENT_SIGNALS: u32 = 20;
const LONGEST_NOTES: usize = 500;
/// A year: what is older has been removed by then.
const MOST_HOURS: u32 = 8760;

/// Shows what was not started and why.
#[utoipa::path(
    get, path = paths::SKIP_LEDGER, operation_id = "skip_ledger",
    params(
        ("sinceHours" = Option<isize>, Query, description = "Hours back, 24 when absent; taken as the nearest of 0 to 8760"),
        ("slug" = Option<String>, Query, pattern = "^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_-]{1,100}$", description = "Also what was not started of this job, one by one"),
    ),
    responses((status = 200, body = api::SkipLedger), (status = 503)),
)]
pub(super) async fn show(State(app): State<Arc<App>>, params: Params) -> Result<Json<api::SkipLedger>, ApiError> {
    let since_hours = params.count("sinceHours", 24, 0, MOST_HOURS)?;
    let slug = slug(&params)?;
    let now = Timestamp::now();
    let since = now.checked_sub(SignedDuration::from_hours(i64::from(since_hours))).unwrap_or(now);
    let counts = app.engine.store().skip_counts(since).await?;
    let summary: BTreeMap<_, _> = counts.into_iter().map(|(slug, counts)| (slug.to_string(), sum(counts))).collect();
    let events = match &slug {
        Some(slug) => Some(app.engine.store().skips(slug, since, MOST_EVENTS).await?.iter().map(event).collect()),
        None => None,
    };
    let asked_for = |job: &&String| slug.as_ref().is_none_or(|slug| slug.as_str() == job.as_str());
    let total_skips = summary.iter().filter(|(job, _)| asked_for(job)).map(|(_, summary)| summary.total).sum();
    Ok(Json(api::SkipLedger { since_hours, summary, events, total_skips }))
}

/// Shows how much runs had to do, as their agents say.
#[utoipa::path(
    get, path = paths::SKIP_LEDGER_WORKLOADS, operation_id = "workload_list",
    params(("slug" = Option<String>, Query, pattern = "^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_-]{1,100}$", description = "Of this job, with its newest signals")),
    responses((status = 200, body = api::Workloads), (status = 503)),
)]
pub(super) async fn workloads(State(app): State<Arc<App>>, params: Params) -> Result<Json<api::Workloads>, ApiError> {
    let store = app.engine.store();
    if let Some(slug) = slug(&params)? {
        let signals = store.workloads(&slug, RECENT_SIGNALS).await?;
        let recent_signals = signals.iter().map(signal).collect();
        let of_job = api::JobWorkloads { slug: slug.to_string(), trend: trend(&signals), recent_signals };
        return Ok(Json(api::Workloads::OfJob(of_job)));
    }
    let window = u32::try_from(TREND_WINDOW).unwrap_or(u32::MAX);
    let signals = store.all_workloads(window).await?;
    let view = app.engine.view();
    let of_job = |slug: &JobSlug| trend(signals.get(slug).map_or(&[], Vec::as_slice));
    let trends = view.state().jobs().map(|entry| (entry.job.slug.to_string(), of_job(&entry.job.slug))).collect();
    Ok(Json(api::Workloads::All { trends }))
}

/// Takes what an agent says of how much a run of a job had to do.
#[utoipa::path(
    post, path = paths::SKIP_LEDGER_WORKLOAD, operation_id = "workload_report",
    request_body = api::WorkloadRequest,
    responses((status = 201, body = api::WorkloadAnswer), (status = 503)),
)]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<api::WorkloadAnswer>), ApiError> {
    let slug: JobSlug = field::<String>(&mut body, "slug", "the slug of a job")?
        .ok_or_else(|| ApiError::bad_request("`slug` must be given: the slug of a job"))?
        .parse()?;
    let duration = number(&mut body, "duration")?;
    if duration < 0.0 {
        return Err(ApiError::bad_request("`duration` must be a number of seconds of at least 0"));
    }
    let (items_found, items_processed) = (number(&mut body, "itemsFound")?, number(&mut body, "itemsProcessed")?);
    let saturation = optional_number(&mut body, "saturation")?;
    let notes: Option<String> = field(&mut body, "notes", "a text")?;
    let workload = Workload {
        slug: slug.clone(),
        timestamp: Timestamp::now(),
        duration,
        skip_fast: field(&mut body, "skipFast", "true or false")?.unwrap_or(false),
        items_found,
        items_processed,
        saturation: saturation.unwrap_or_else(|| Workload::saturation_of(items_found, items_processed)),
        notes: notes.map(|notes| notes.chars().take(LONGEST_NOTES).collect()),
    };
    app.engine.report_workload(workload).await?;
    Ok((StatusCode::CREATED, Json(api::WorkloadAnswer { recorded: true, slug: slug.to_string() })))
}

fn slug(params: &Params) -> Result<Option<JobSlug>, ApiError> {
    Ok(params.text("slug")?.map(str::parse).transpose()?)
}

fn number(body: &mut JsonObject, name: &str) -> Result<f64, ApiError> {
    optional_number(body, name)?.ok_or_else(|| ApiError::bad_request(format!("`{name}` must be given: a number")))
}

fn optional_number(body: &mut JsonObject, name: &str) -> Result<Option<f64>, ApiError> {
    const EXPECTED: &str = "a number from -1e15 to 1e15";
    let number: Option<f64> = field(body, name, EXPECTED)?;
    let is_fine = number.is_none_or(|number| number.abs() <= MOST);
    is_fine.then_some(number).ok_or_else(|| ApiError::bad_request(format!("`{name}` must be {EXPECTED}")))
}

/// Here a wrong field is a 400, as the predecessor answered it.
fn field<T: serde::de::DeserializeOwned>(
    body: &mut JsonObject,
    name: &str,
    expected: &str,
) -> Result<Option<T>, ApiError> {
    body.take(name, expected).map_err(|error| ApiError::bad_request(error.sentence()))
}

fn sum(by_reason: BTreeMap<String, u64>) -> api::SkipSummary {
    api::SkipSummary { total: by_reason.values().sum(), by_reason }
}

fn event(skip: &Skip) -> api::SkipEvent {
    api::SkipEvent {
        slug: skip.slug.to_string(),
        timestamp: time(skip.at),
        reason: skip.reason.clone(),
        detail: skip.detail.clone(),
        scheduled_at: skip.scheduled_at.map(time),
        run_id: skip.run.map(|run| run.to_string()),
    }
}

fn trend(signals: &[Workload]) -> api::WorkloadTrend {
    let Trend { avg_saturation, skip_fast_rate, avg_duration, run_count } = Trend::of(signals);
    api::WorkloadTrend { avg_saturation, skip_fast_rate, avg_duration, run_count }
}

fn signal(workload: &Workload) -> api::Workload {
    api::Workload {
        slug: workload.slug.to_string(),
        timestamp: time(workload.timestamp),
        duration: workload.duration,
        skip_fast: workload.skip_fast,
        items_found: workload.items_found,
        items_processed: workload.items_processed,
        saturation: workload.saturation,
        notes: workload.notes.clone(),
    }
}
