//! Events as they happen: server-sent events, each reader at its own place in the log.
//!
//! Nothing is pushed at a reader. It asks for what follows its cursor whenever its connection takes more, so that a
//! slow one costs no memory and misses nothing: what the view has forgotten is read from the store.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use instar_api::paths;
use instar_core::event::EventRecord;
use instar_engine::Engine;
use instar_store::StoreError;
use tokio::sync::watch;

use super::App;
use super::errors::ApiError;
use super::events;
use super::extract::Params;
use super::streams::{self, Place};
use super::view;

/// So many events at most are read, and written, in one go.
const BATCH: u32 = 64;
/// An idle stream says that it is alive, so that nobody in between takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 2000;
const LAST_EVENT_ID: &str = "last-event-id";

/// Sends events as they happen, as server-sent events.
///
/// The answer does not end by itself: its schema is that of one event.
#[utoipa::path(
    get, path = paths::EVENTS_STREAM, operation_id = "event_stream",
    params(
        ("after" = Option<usize>, Query, description = "The `seq` of an event: those behind it are sent, else only new ones"),
        ("Last-Event-ID" = Option<usize>, Header, description = "The same, and stronger: browsers send it when they come again"),
        ("type" = Option<String>, Query, description = events::TYPE, max_length = 64),
    ),
    responses((status = 200, content_type = "text/event-stream", body = instar_api::StreamedEvent), (status = 503)),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let kind = events::kind(&params)?;
    let asked = after(&params, &headers)?;
    let place = app.streams.event_place()?;
    let newest = app.engine.view().last_seq();
    let reader = Reader {
        // A number of the future was given by a log that is no more.
        cursor: asked.unwrap_or(newest).min(newest),
        kind,
        engine: app.engine.clone(),
        changes: app.engine.changes(),
        closing: app.streams.closing(),
        greeted: false,
        _place: place,
    };
    let chunks = futures_util::stream::unfold(reader, |mut reader| async move {
        let chunk = reader.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), reader))
    });
    Ok(([(CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(chunks)).into_response())
}

/// The event that the reader has seen last. A browser that connects again sends the header, with the old address.
fn after(params: &Params, headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
    let header = seq("Last-Event-ID", header)?;
    let query = seq("after", params.text("after")?)?;
    Ok(header.or(query))
}

fn seq(name: &str, text: Option<&str>) -> Result<Option<i64>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::bad_request(format!("`{name}` must be the `seq` of an event")));
    }
    // What does not fit is newer than any event.
    Ok(Some(text.parse().unwrap_or(i64::MAX)))
}

/// One reader: where it is in the log, and what wakes it.
#[derive(Debug)]
struct Reader {
    /// The last event that was looked at.
    cursor: i64,
    kind: Option<String>,
    engine: Engine,
    changes: watch::Receiver<i64>,
    closing: watch::Receiver<bool>,
    greeted: bool,
    _place: Place,
}

impl Reader {
    /// The next piece of text; `None` ends the stream, and the reader may come again with its cursor.
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            // An id without data moves no reader but its cursor: one that is cut off now comes back to this place.
            return Some(format!("retry: {RETRY_MS}\nid: {}\n\n", self.cursor));
        }
        while !*self.closing.borrow() {
            let batch = match self.read().await {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a stream of events was cut off");
                    return None;
                }
            };
            if let Some(last) = batch.last() {
                self.cursor = last.seq;
                let text = self.shown(&batch);
                if !text.is_empty() {
                    return Some(text);
                }
                continue;
            }
            let cursor = self.cursor;
            tokio::select! {
                () = streams::closed(&mut self.closing) => return None,
                moved = self.changes.wait_for(|newest| *newest > cursor) => moved.map(|_| ()).ok()?,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some(": nothing new\n\n".to_owned()),
            }
        }
        None
    }

    async fn read(&self) -> Result<Vec<EventRecord>, StoreError> {
        let recent = self.engine.view().events_after(self.cursor, usize::try_from(BATCH).unwrap_or(usize::MAX));
        match recent {
            Some(events) => Ok(events),
            None => self.engine.store().events_after(self.cursor, BATCH).await,
        }
    }

    fn shown(&self, batch: &[EventRecord]) -> String {
        let mut text = String::new();
        for event in batch.iter().filter(|event| self.kind.as_ref().is_none_or(|kind| *kind == event.kind)) {
            // JSON holds no line end, and a type is a word.
            if let Ok(data) = serde_json::to_string(&view::event(event)) {
                let _ = write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", event.seq, event.kind);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::FromRequestParts as _;

    async fn cursor(query: &str, header: Option<&str>) -> Result<Option<i64>, ApiError> {
        let (mut parts, ()) =
            axum::http::Request::get(format!("/events/stream?{query}")).body(()).unwrap().into_parts();
        if let Some(header) = header {
            parts.headers.insert(LAST_EVENT_ID, header.parse().unwrap());
        }
        let params = Params::from_request_parts(&mut parts, &()).await.unwrap();
        after(&params, &parts.headers)
    }

    #[tokio::test]
    async fn the_header_says_where_a_reader_was_else_the_query_does() {
        assert_eq!(cursor("", None).await.unwrap(), None);
        assert_eq!(cursor("after=7", None).await.unwrap(), Some(7));
        assert_eq!(cursor("after=7", Some("9")).await.unwrap(), Some(9));
        assert_eq!(cursor("after=7", Some("")).await.unwrap(), Some(7));
        assert_eq!(cursor("after=99999999999999999999", None).await.unwrap(), Some(i64::MAX));
        for wrong in ["-1", "x", "1.5", "+1"] {
            assert!(cursor("", Some(wrong)).await.is_err(), "{wrong}");
            assert!(cursor(&format!("after={wrong}"), Some("9")).await.is_err(), "{wrong}");
        }
    }
}
