//! Events, read and noted. Who keeps the log is the wiring's: this file checks the grant, sizes and how often.

use std::fmt;

use instar_core::id::PluginId;

use super::{Answered, failure, no_server, take_turn};
use crate::capability::rights::Rights;
use crate::state::CallState;
use crate::text;
use crate::wit::imports::events;
use crate::wit::imports::types::Failure;

const MOST_EVENTS: u32 = 500;
const LONGEST_NAME: usize = 50;
const LONGEST_SUMMARY: usize = 300;
const LARGEST_METADATA: usize = 4096;

/// Where the log is.
pub trait Events: fmt::Debug + Send + Sync {
    /// The place of the newest fact.
    fn newest(&self) -> Answered<'_, u64>;
    /// Facts behind this place, oldest first, as many as stand together; fewer than `limit` are all there are.
    fn after(&self, seq: u64, limit: u32) -> Answered<'_, Vec<EventSeen>>;
    fn emit(&self, own: OwnEvent) -> Answered<'_, ()>;
}

/// A fact of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSeen {
    pub seq: u64,
    pub at_ms: u64,
    pub kind: String,
    pub summary: String,
    pub run: Option<String>,
    pub metadata_json: String,
}

/// A fact of a plugin's own, which was found to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvent {
    pub plugin: PluginId,
    pub name: String,
    pub summary: String,
    /// An object.
    pub metadata: serde_json::Value,
}

impl events::Host for CallState {
    async fn newest(&mut self) -> Result<u64, Failure> {
        let (_, events) = self.events()?;
        Ok(events.newest().await?)
    }

    /// What its manifest does not name is passed over, page by page.
    async fn since(&mut self, after: u64, limit: u32) -> Result<Vec<events::Event>, Failure> {
        let (rights, events) = self.events()?;
        let limit = limit.clamp(1, MOST_EVENTS);
        let may_read =
            |event: &EventSeen| rights.grants.events.as_ref().is_some_and(|asked| asked.may_read(&event.kind));
        let (mut found, mut place) = (Vec::new(), after);
        while found.len() < limit as usize {
            let page = events.after(place, MOST_EVENTS).await?;
            let Some(last) = page.last() else { break };
            place = last.seq;
            let is_end = page.len() < MOST_EVENTS as usize;
            found.extend(page.into_iter().filter(may_read).map(told));
            if is_end {
                break;
            }
        }
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn emit(&mut self, name: String, summary: String, metadata_json: String) -> Result<(), Failure> {
        let (rights, events) = self.events()?;
        if !rights.grants.events.as_ref().is_some_and(|asked| asked.emit) {
            rights.counter.note_denied();
            return Err(failure("not-allowed", "this plugin was not granted to note events"));
        }
        let own = own_event(&rights.plugin, &name, &summary, &metadata_json)?;
        take_turn(&rights.events_bucket)?;
        Ok(events.emit(own).await?)
    }
}

fn own_event(plugin: &PluginId, name: &str, summary: &str, metadata_json: &str) -> Result<OwnEvent, Failure> {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(fine) {
        return Err(failure("bad-event", "the name of an event is 1 to 50 small letters, digits and `-`"));
    }
    if metadata_json.len() > LARGEST_METADATA {
        return Err(failure("too-large", format!("more than {LARGEST_METADATA} bytes of metadata")));
    }
    let text = if metadata_json.is_empty() { "{}" } else { metadata_json };
    let metadata: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| failure("bad-event", format!("the metadata is no JSON: {error}")))?;
    if !metadata.is_object() {
        return Err(failure("bad-event", "the metadata is no JSON object"));
    }
    let summary = text::clean_up_to(summary, LONGEST_SUMMARY).replace(['\n', '\t'], " ");
    Ok(OwnEvent { plugin: plugin.clone(), name: name.to_owned(), summary, metadata })
}

impl CallState {
    fn events(&self) -> Result<(&Rights, &dyn Events), Failure> {
        let granted = self.rights.as_deref().filter(|rights| rights.grants.events.is_some());
        let Some(rights) = granted else {
            return Err(failure("not-allowed", "events are not this plugin's business"));
        };
        let events = rights.means.events.as_deref().ok_or_else(|| no_server("a log of events"))?;
        Ok((rights, events))
    }
}

fn told(event: EventSeen) -> events::Event {
    events::Event {
        seq: event.seq,
        at_ms: event.at_ms,
        kind: event.kind,
        summary: event.summary,
        run: event.run,
        metadata_json: event.metadata_json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_and_an_object() {
        let made = |name: &str, metadata: &str| own_event(&"p".parse().unwrap(), name, "a\nb", metadata);
        assert_eq!(made("build-2", "").unwrap().summary, "a b");
        for (name, metadata, code) in
            [("", "{}", "bad-event"), ("A", "{}", "bad-event"), ("a", "[1]", "bad-event"), ("a", "{", "bad-event")]
        {
            assert_eq!(made(name, metadata).unwrap_err().code, code, "{name} {metadata}");
        }
        assert_eq!(made("a", &format!("{{\"a\":\"{}\"}}", "x".repeat(5000))).unwrap_err().code, "too-large");
    }
}
