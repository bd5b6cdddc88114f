//! The folder of a predecessor, 0.8.x: what its files say of jobs and of the past is taken into the database once.
//!
//! The files are only read. What is not understood is skipped and counted.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use instar_core::attention::Item;
use instar_core::event::{Event, Fact, Imported};
use instar_core::id::JobSlug;
use instar_core::job::{JobState, LastResult};
use instar_store::{Import, ImportedEvent, Store, StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::predecessor_talk::Chat;
use crate::config::{Config, Project};

/// No file of a predecessor comes near; one that does is not its own.
const LARGEST_FILE: u64 = 256 << 20;
const LONGEST_KIND: usize = 64;
/// What people should look at.
const ATTENTION: &str = "state/attention-items.json";
const MESSAGES: &str = "telegram-messages.jsonl";
const TOPICS: &str = "topic-session-registry.json";
const JOB_TOPICS: &str = "state/job-topic-mappings.json";
/// Of the chat that its topics and messages are of, once that is configured here.
const OF_TELEGRAM: [&str; 3] = [MESSAGES, TOPICS, JOB_TOPICS];
const TELEGRAM: &str = "notifier-telegram";

/// Takes what was not taken before, and records how much it was.
pub(super) async fn import(project: &Project, config: &Config, store: &Store) -> Result<(), StoreError> {
    let known = store.imported().await?;
    let now = Timestamp::now();
    let mut imported = Imported::default();
    let chat = chat(config);
    for source in sources(project, &known, chat.is_some()) {
        let text = match read(&project.instar_dir().join(&source)) {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!("{source} of a predecessor is left out: {error}");
                continue;
            }
        };
        let import = match source.as_str() {
            ATTENTION => attention(source, &text),
            MESSAGES => chat.as_ref().map(|chat| chat.messages(source, &text)).unwrap_or_default(),
            TOPICS => chat.as_ref().map(|chat| chat.topics(source, &text)).unwrap_or_default(),
            JOB_TOPICS => chat.as_ref().map(|chat| chat.job_topics(source, &text)).unwrap_or_default(),
            events if events.starts_with("logs/") => activity(source, &text),
            _ => job(source, &text),
        };
        store.import(&import, now).await?;
        imported.files += 1;
        imported.job_states += count(import.job_states.len());
        imported.events += count(import.events.len());
        imported.attention_items += count(import.attention.len());
        imported.messages += count(import.spoken.len());
        imported.topics += count(import.names.len() + import.threads.len());
        imported.skipped += import.skipped;
    }
    if imported.files > 0 {
        store.record(&[Event { at: now, fact: Fact::PredecessorImported { imported } }]).await?;
    }
    Ok(())
}

/// The files to take by their way from `.instar`, those of events in the order of their days.
fn sources(project: &Project, known: &BTreeSet<String>, has_chat: bool) -> BTreeSet<String> {
    let is_activity = |name: &str| name.starts_with("activity-") && name.ends_with(".jsonl");
    let jobs = names(&project.state_dir().join("jobs")).filter(|name| name.ends_with(".json"));
    let logs = names(&project.logs_dir()).filter(|name| is_activity(name));
    let all = jobs.map(|name| format!("state/jobs/{name}")).chain(logs.map(|name| format!("logs/{name}")));
    let of_telegram = OF_TELEGRAM.into_iter().filter(|_| has_chat);
    let single = [ATTENTION].into_iter().chain(of_telegram);
    let single = single.filter(|name| project.instar_dir().join(name).is_file()).map(str::to_owned);
    all.chain(single).filter(|source| !known.contains(source)).collect()
}

/// The chat of the predecessor's topics is the one that is configured here.
fn chat(config: &Config) -> Option<Chat> {
    let chats = &config.conversations.chats;
    let (notifier, conversation) = chats.iter().find(|(notifier, _)| notifier.as_str() == TELEGRAM)?;
    Some(Chat { notifier: notifier.clone(), conversation: conversation.clone() })
}

/// A folder that is not there has no files.
fn names(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn read(path: &Path) -> io::Result<String> {
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() > LARGEST_FILE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file of a usual size"));
    }
    // A crash may have left half a character.
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

fn job(source: String, text: &str) -> Import {
    match serde_json::from_str(text).ok().and_then(|value| job_state(&value)) {
        Some(state) => Import { source, job_states: vec![state], ..Import::default() },
        None => Import { source, skipped: 1, ..Import::default() },
    }
}

fn attention(source: String, text: &str) -> Import {
    let file: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(entries) = file["items"].as_array() else { return Import { source, skipped: 1, ..Import::default() } };
    let items: Vec<Item> = entries.iter().filter_map(Item::of_predecessor).collect();
    let skipped = count(entries.len() - items.len());
    Import { source, attention: items, skipped, ..Import::default() }
}

fn job_state(value: &Value) -> Option<(JobSlug, JobState)> {
    let slug = value["slug"].as_str()?.parse().ok()?;
    let last_result = match value["lastResult"].as_str() {
        Some("success") => Some(LastResult::Success),
        Some("failure") => Some(LastResult::Failure),
        Some("timeout") => Some(LastResult::Timeout),
        // It was under way when the predecessor ended: nobody knows.
        Some(_) | None => None,
    };
    let failures = value["consecutiveFailures"].as_u64().unwrap_or(0);
    let state = JobState {
        last_handoff: None,
        last_run: value["lastRun"].as_str().and_then(time),
        last_result,
        last_error: value["lastError"].as_str().map(str::to_owned),
        consecutive_failures: u32::try_from(failures).unwrap_or(u32::MAX),
        last_scheduled: None,
        begun_at: None,
    };
    Some((slug, state))
}

fn activity(source: String, text: &str) -> Import {
    let mut import = Import { source, ..Import::default() };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str(line).ok().and_then(|value| event(&value)) {
            Some(event) => import.events.push(event),
            None => import.skipped += 1,
        }
    }
    import
}

fn event(value: &Value) -> Option<ImportedEvent> {
    let kind = value["type"].as_str().filter(|kind| !kind.is_empty() && kind.len() <= LONGEST_KIND)?;
    let at = value["timestamp"].as_str().and_then(time)?;
    let mut metadata = value["metadata"].as_object().cloned().unwrap_or_default();
    // Of a session it gave the name as often as the id, so that it stays what it is: a text.
    for key in ["sessionId", "userId"] {
        if let Some(text) = value[key].as_str() {
            metadata.entry(key).or_insert_with(|| json!(text));
        }
    }
    let slug = ["slug", "jobSlug"].iter().find_map(|key| metadata.get(*key)?.as_str()?.parse().ok());
    let summary = value["summary"].as_str().unwrap_or(kind).to_owned();
    Some(ImportedEvent { at, kind: kind.to_owned(), summary, slug, metadata: Value::Object(metadata) })
}

/// In milliseconds, as the store keeps it.
fn time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_events_are_skipped_and_counted() {
        let text = "{\"type\":\"job_triggered\",\"summary\":\"S\",\"timestamp\":\"2026-01-02T03:04:05.678Z\",\
                    \"sessionId\":\"job-a\",\"metadata\":{\"slug\":\"a\"}}\n\n{\"type\":\"x\"}\nnot json\n[]\n{\"type\":\"half";
        let import = activity("logs/a".into(), text);
        assert_eq!((import.events.len(), import.skipped), (1, 4));
        let event = &import.events[0];
        assert_eq!((event.kind.as_str(), event.at.as_millisecond() % 1000), ("job_triggered", 678));
        assert_eq!(event.metadata, json!({"slug": "a", "sessionId": "job-a"}));
        assert_eq!(event.slug.as_ref().map(JobSlug::as_str), Some("a"));
    }

    #[test]
    fn items_that_people_should_look_at_are_taken_and_others_counted() {
        let text = r#"{"items": [{"id": "a", "title": "T", "summary": "S", "priority": "HIGH", "status": "DONE",
            "createdAt": "2026-01-02T03:04:05Z"}, {"id": "b"}, 3]}"#;
        let import = attention(ATTENTION.into(), text);
        assert_eq!((import.attention.len(), import.skipped), (1, 2));
        assert_eq!(attention(ATTENTION.into(), "[").skipped, 1);
    }

    #[test]
    fn the_state_of_a_job_that_was_under_way_has_no_result() {
        let state = |text: &str| job("j".into(), text).job_states.pop().map(|(_, state)| state);
        let known = state(
            r#"{"slug":"a","lastRun":"2026-01-02T03:04:05Z","lastResult":"failure","lastError":"E","consecutiveFailures":3}"#,
        );
        let known = known.unwrap();
        assert_eq!((known.last_result, known.consecutive_failures), (Some(LastResult::Failure), 3));
        assert_eq!(state(r#"{"slug":"a","lastResult":"pending"}"#).unwrap().last_result, None);
        assert_eq!(state(r#"{"slug":"../a"}"#), None);
    }
}
