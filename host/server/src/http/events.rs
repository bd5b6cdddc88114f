//! What happened: the newest events from the view, older ones from the store.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use instar_api::paths;
use instar_core::event::EventRecord;
use instar_engine::View;
use instar_store::EventFilter;
use jiff::{SignedDuration, Timestamp};

use super::App;
use super::answers::Question;
use super::errors::ApiError;
use super::extract::Params;
use super::view;

const LONGEST_TYPE: usize = 64;
/// What the parameter is, for the document.
pub(super) const TYPE: &str = "Only events of this type";

/// Lists what happened, the newest first.
#[utoipa::path(
    get, path = paths::EVENTS, operation_id = "event_list",
    params(
        ("since" = Option<isize>, Query, description = "Hours back, 24 when absent; taken as the nearest of 1 to 720"),
        ("limit" = Option<isize>, Query, description = "How many, 50 when absent; taken as the nearest of 1 to 1000"),
        ("type" = Option<String>, Query, description = TYPE, max_length = 64),
    ),
    responses((status = 200, body = [instar_api::Event]), (status = 503)),
)]
pub(super) async fn list(State(app): State<Arc<App>>, params: Params) -> Result<Response, ApiError> {
    let filter = filter(&params, Timestamp::now())?;
    let question = Question { list: "events", query: params.as_asked() };
    let (seq, recent) = {
        let view = app.engine.view();
        if let Some(answer) = app.answers.kept(&question, view.last_seq()) {
            return Ok(answer);
        }
        (view.last_seq(), from_view(&view, &filter))
    };
    let events = match recent {
        Some(events) => events,
        None => app.engine.store().events(&filter).await?,
    };
    let events: Vec<_> = events.iter().map(view::event).collect();
    app.answers.keep(question, seq, &events)
}

/// The type that is asked for; none asks for all.
pub(super) fn kind(params: &Params) -> Result<Option<String>, ApiError> {
    let kind = params.text("type")?.filter(|kind| !kind.is_empty()).map(str::to_owned);
    if kind.as_ref().is_some_and(|kind| kind.chars().count() > LONGEST_TYPE) {
        return Err(ApiError::bad_request(format!("`type` is longer than {LONGEST_TYPE} characters")));
    }
    Ok(kind)
}

fn filter(params: &Params, now: Timestamp) -> Result<EventFilter, ApiError> {
    let kind = kind(params)?;
    let hours = params.count("since", 24, 1, 720)?;
    let limit = params.count("limit", 50, 1, 1000)?;
    let since = now.checked_sub(SignedDuration::from_hours(i64::from(hours))).ok();
    Ok(EventFilter { kind, since, after_seq: None, limit })
}

/// `None` when what is asked for reaches behind the view.
fn from_view(view: &View, filter: &EventFilter) -> Option<Vec<EventRecord>> {
    let is_young = |event: &EventRecord| filter.since.is_none_or(|since| event.at >= since);
    let is_asked =
        |event: &&EventRecord| is_young(event) && filter.kind.as_ref().is_none_or(|kind| *kind == event.kind);
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let found: Vec<&EventRecord> = view.events().filter(is_asked).take(limit).collect();
    let covers_all = || view.oldest_seq() <= 1 || view.events().last().is_some_and(|oldest| !is_young(oldest));
    (found.len() == limit || covers_all()).then(|| found.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests;
