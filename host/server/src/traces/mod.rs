//! Traces: what became of each run, sent to a collector in the OpenTelemetry protocol (OTLP over HTTP, as JSON).
//!
//! They are made from the recorded events, read from a cursor of their own: tracing costs the loop nothing, and a
//! collector that is away holds up nobody.

mod export;
mod spans;

use std::time::Duration;

use instar_core::event::EventRecord;
use instar_engine::Engine;
use instar_store::StoreError;
use serde_json::Value;

use crate::config::Collector;
use export::Exporter;
use spans::Spans;

/// So many events are read in one go.
const BATCH: u32 = 256;
/// Spans that wait for a collector that is away; beyond them the oldest go.
const MOST_WAITING: usize = 10_000;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Sends what happens from this call on, until the host ends.
pub(crate) fn follow(engine: Engine, collector: Collector, project: String) -> impl Future<Output = ()> {
    let newest = engine.view().last_seq();
    send_all(engine, Exporter::new(collector, project), newest)
}

async fn send_all(engine: Engine, exporter: Exporter, newest: i64) {
    let mut changes = engine.changes();
    let mut cursor = newest;
    let mut spans = Spans::default();
    let mut waiting: Vec<Value> = Vec::new();
    let mut retry = FIRST_RETRY;
    loop {
        match next(&engine, cursor).await {
            Ok(events) => {
                cursor = events.last().map_or(cursor, |event| event.seq);
                waiting.extend(events.iter().flat_map(|event| spans.take(event)));
                if !events.is_empty() && waiting.is_empty() {
                    continue;
                }
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "events for traces cannot be read"),
        }
        if waiting.is_empty() {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        }
        match exporter.send(&waiting).await {
            Ok(()) => {
                waiting.clear();
                retry = FIRST_RETRY;
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "traces were not taken, trying again");
                let too_many = waiting.len().saturating_sub(MOST_WAITING);
                waiting.drain(..too_many);
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(LONGEST_RETRY);
            }
        }
    }
}

/// From the view, or from the store where the view has forgotten.
async fn next(engine: &Engine, after: i64) -> Result<Vec<EventRecord>, StoreError> {
    let seen = engine.view().events_after(after, BATCH as usize);
    match seen {
        Some(events) => Ok(events),
        None => engine.store().events_after(after, BATCH).await,
    }
}
